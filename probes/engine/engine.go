package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// DefaultCoalesce is the shortest time between two states, unless Options say otherwise.
const DefaultCoalesce = 100 * time.Millisecond

// Options say how an Engine works. The zero value is ready for use.
type Options struct {
	// Now is the clock that Services are judged by; nil means time.Now.
	Now func() time.Time
	// Coalesce is the shortest time between two states; zero means DefaultCoalesce. The first change after a
	// quiet time is judged at once, whatever it is.
	Coalesce time.Duration
	// KubectlArgs go in front of kubectl commands in fixes, e.g. ["--context", "prod"].
	KubectlArgs []string
	// Wanted are Services that were asked for by name: one that does not exist is reported as missing.
	Wanted []model.Key
	// Elsewhere are Services that are known to exist outside of the Source's scope: they say where a missing one may be.
	Elsewhere []model.Key
}

// Engine judges what a Source holds, as long as Run runs.
type Engine struct {
	source   Source
	now      func() time.Time
	coalesce time.Duration

	judgement judgement
	planner   planner
	asked     []model.Need

	mu      sync.Mutex
	focus   *model.Key
	client  check.Client
	refocus chan struct{}
}

// New returns an Engine over a Source. It does nothing before Run.
func New(source Source, options Options) *Engine {
	return newEngine(source, options, catalogue())
}

// catalogue returns the checks of the program.
func catalogue() checks {
	return checks{
		judge:        check.Judge,
		judgeMissing: check.JudgeMissing,
		judgeMissed:  check.JudgeMissed,
		referring:    model.ReferringKinds(),
		kinds:        kindsOfChecks(),
		needs:        check.Needs,
		openNeeds:    check.OpenNeeds,
	}
}

// kindsOfChecks are what the checks read besides Services and EndpointSlices, without what is read only where a check asks for it.
func kindsOfChecks() []model.Kind {
	return slices.DeleteFunc(model.Kinds(), func(kind model.Kind) bool {
		return kind == model.Services || kind == model.EndpointSlices || kind == model.Endpoints
	})
}

func newEngine(source Source, options Options, checks checks) *Engine {
	engine := &Engine{
		source:    source,
		now:       options.Now,
		coalesce:  options.Coalesce,
		judgement: judgement{checks: checks, kubectlArgs: options.KubectlArgs, wanted: options.Wanted, elsewhere: options.Elsewhere},
		planner:   planner{checks: checks},
		refocus:   make(chan struct{}, 1),
	}
	if engine.now == nil {
		engine.now = time.Now
	}
	if engine.coalesce == 0 {
		engine.coalesce = DefaultCoalesce
	}
	return engine
}

// Focus says which Service is open on the screen, so that everything its checks need is read; nil for none.
// It does not block and may be called at any time from any goroutine.
func (e *Engine) Focus(service *model.Key) {
	e.mu.Lock()
	e.focus = nil
	if service != nil {
		focus := *service
		e.focus = &focus
	}
	e.mu.Unlock()
	select {
	case e.refocus <- struct{}{}:
	default:
	}
}

// FocusClient says for whom the Service that is open is looked at, so that what judging that client needs is read; the zero Client for
// nobody. It does not block and may be called at any time from any goroutine.
func (e *Engine) FocusClient(client check.Client) {
	e.mu.Lock()
	e.client = client
	e.mu.Unlock()
	select {
	case e.refocus <- struct{}{}:
	default:
	}
}

// Run judges until ctx ends, and hands each new state to publish, oldest first, from the goroutine that called
// Run. The first state comes at once, however little is known. While publish blocks, changes gather; none is
// lost. Run is called once.
func (e *Engine) Run(ctx context.Context, publish func(*State)) {
	e.step()
	var judged time.Time
	for {
		publish(e.judgement.state(e.now()))
		if len(e.judgement.reports) > 0 {
			judged = time.Now()
		}
		for changed := false; !changed; {
			if !e.wait(ctx) || !sleep(ctx, time.Until(judged.Add(e.coalesce))) {
				return
			}
			changed = e.step()
		}
	}
}

// wait blocks until there may be something to do; false when ctx ended.
func (e *Engine) wait(ctx context.Context) bool {
	var timer <-chan time.Time
	if wake := e.wakeAt(); !wake.IsZero() {
		alarm := time.NewTimer(max(wake.Sub(e.now()), 0))
		defer alarm.Stop()
		timer = alarm.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-e.source.Changed():
	case <-e.refocus:
	case <-timer:
	}
	return ctx.Err() == nil
}

// wakeAt is when time alone may change something, a report or what is asked for.
func (e *Engine) wakeAt() time.Time {
	wake := e.judgement.again()
	if lingers := e.planner.lingersUntil(); !lingers.IsZero() && (wake.IsZero() || lingers.Before(wake)) {
		wake = lingers
	}
	return wake
}

// step takes what is new, judges it, and asks for what is needed. It tells whether the state changed.
func (e *Engine) step() bool {
	// What changes from here on leaves another value in the channel: it may be for nothing, but none is missed.
	select {
	case <-e.source.Changed():
	default:
	}
	now := e.now()
	scope := e.source.Scope()
	snapshot, changes := e.source.Take()
	changed := e.judgement.update(now, snapshot, changes, scope)
	woken := e.judgement.wake(now)
	e.ask(now)
	return changed || woken
}

func (e *Engine) ask(now time.Time) {
	e.mu.Lock()
	focus, client := e.focus, e.client
	e.mu.Unlock()
	needs := e.planner.plan(now, &e.judgement, focus, client)
	if e.asked != nil && slices.Equal(needs, e.asked) {
		return
	}
	e.asked = append([]model.Need{}, needs...)
	e.source.Ask(needs)
}

// sleep waits; false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
