package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// OnceOptions say how Once works.
type OnceOptions struct {
	Options
	// Names are the Services asked for, wherever in the scope they are; empty for all. A name that is nowhere is
	// reported missing in the namespace Home.
	Names []string
	Home  string
	// Client is for whom the Services are looked at beside everybody; what judging it needs is read too. The zero Client is nobody.
	Client check.Client
	// Wait is how long findings that have not held long enough may be waited for; zero judges at once.
	Wait time.Duration
	// Waiting, when set, is told once why it takes longer, and for how long at most.
	Waiting func(unsettled int, atMost time.Duration)
}

// UnreadableError says that the Services of the scope cannot be read at all.
type UnreadableError struct {
	Scope    string
	Coverage model.Coverage
}

// Error names what was tried and what the API server or the network said. It may hold hostile characters.
func (e *UnreadableError) Error() string {
	where := "in all namespaces"
	if e.Scope != model.AllNamespaces {
		where = "in namespace " + e.Scope
	}
	verb := e.Coverage.Verb
	if verb == "" {
		verb = "list"
	}
	text := fmt.Sprintf("cannot %s Services %s: %s", verb, where, e.Coverage.State)
	if e.Coverage.Reason != "" {
		text += ": " + e.Coverage.Reason
	}
	return text
}

// Once reads everything that the checks declare, waits until each kind is known or known not to be readable,
// and judges once. Where a finding is still settling, it judges again until it has settled or Wait is over.
// With Names set, the state holds the reports of those Services only.
//
// When ctx ends before Services are known, the error is of ctx; when it ends later, the rest is judged as
// unchecked. An UnreadableError says that Services cannot be read.
func Once(ctx context.Context, source Source, options OnceOptions) (*State, error) {
	return once(ctx, New(source, options.Options), options)
}

func once(ctx context.Context, e *Engine, options OnceOptions) (*State, error) {
	scope := e.source.Scope()
	all := planner{checks: e.judgement.checks}
	needs := needSet{}
	all.everything(needs, scope)
	e.source.Ask(needs.sorted())
	needs.add(model.Need{Kind: model.Services, Namespace: scope})
	needs.add(model.Need{Kind: model.EndpointSlices, Namespace: scope})

	snapshot := e.await(ctx, nil, needs)
	if snapshot == nil || ctx.Err() != nil && snapshot.Coverage(model.Services, scope).Pending() {
		return nil, fmt.Errorf("reading Services: %w", context.Cause(ctx))
	}
	if coverage := snapshot.Coverage(model.Services, scope); !coverage.Known() {
		return nil, &UnreadableError{Scope: scope, Coverage: coverage}
	}
	also := func(more ...model.Need) {
		if len(more) > 0 {
			for _, need := range more {
				needs.add(need)
			}
			e.source.Ask(needs.sorted())
			snapshot = e.await(ctx, snapshot, needs)
		}
	}
	client := options.Client
	if client.Address.IsValid() {
		also(model.Need{Kind: model.Pods}, model.Need{Kind: model.Nodes})
		client = client.In(snapshot)
	}
	asked := named(snapshot, options.Names, options.Home)
	// What is read beyond may lead further: an ExternalName to another one.
	for more := needs.without(beyond(snapshot, scope)); len(more) > 0; more = needs.without(beyond(snapshot, scope)) {
		also(more...)
	}
	var more []model.Need
	for _, service := range asked {
		more = append(more, check.ClientNeeds(snapshot, service, client)...)
	}
	if client.Chosen() && len(asked) == 0 {
		for _, service := range snapshot.Services(scope) {
			more = append(more, check.ClientNeeds(snapshot, model.Key{Namespace: service.Namespace, Name: service.Name}, client)...)
		}
	}
	also(more...)
	e.judgement.wanted = slices.Concat(asked, options.Wanted)
	e.judgement.update(e.now(), snapshot, nil, scope)
	e.settle(ctx, options, asked)
	state := e.judgement.state(e.now())
	if len(options.Names) > 0 {
		state.Reports = only(state.Reports, asked)
	}
	return state, nil
}

// await takes snapshots until each need is known or known not to be readable, or ctx ends. Everything is judged at the end, so
// the changes do not matter.
func (e *Engine) await(ctx context.Context, snapshot *model.Snapshot, needs needSet) *model.Snapshot {
	if taken, _ := e.source.Take(); taken != nil {
		snapshot = taken
	}
	for pending(snapshot, needs) {
		select {
		case <-ctx.Done():
			return snapshot
		case <-e.source.Changed():
		}
		snapshot, _ = e.source.Take()
	}
	return snapshot
}

// beyond returns what the Services of the scope look at in other namespaces, and what is read for some of them only.
func beyond(snapshot *model.Snapshot, scope string) []model.Need {
	var needs []model.Need
	for _, service := range snapshot.Services(scope) {
		needs = append(needs, check.BeyondNeeds(model.Key{Namespace: service.Namespace, Name: service.Name}, snapshot)...)
	}
	return needs
}

// named returns the Services of the given names, and for a name that no Service has the one that is missing.
func named(snapshot *model.Snapshot, names []string, home string) []model.Key {
	var keys []model.Key
	for _, name := range names {
		before := len(keys)
		for _, namespace := range snapshot.ServiceNamespaces() {
			if key := (model.Key{Namespace: namespace, Name: name}); snapshot.Service(key) != nil {
				keys = append(keys, key)
			}
		}
		if len(keys) == before {
			keys = append(keys, model.Key{Namespace: home, Name: name})
		}
	}
	return keys
}

// settle keeps judging while a finding is settling that will have settled before the wait is over.
func (e *Engine) settle(ctx context.Context, options OnceOptions, asked []model.Key) {
	deadline := e.now().Add(options.Wait)
	for told := false; ; told = true {
		unsettled, next, last := e.unsettled(deadline, asked)
		if unsettled == 0 {
			return
		}
		if !told && options.Waiting != nil {
			options.Waiting(unsettled, last.Sub(e.now()))
		}
		timer := time.NewTimer(max(next.Sub(e.now()), 0))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-e.source.Changed():
		case <-timer.C:
		}
		timer.Stop()
		if !sleep(ctx, e.coalesce/2) {
			return
		}
		now := e.now()
		snapshot, changes := e.source.Take()
		e.judgement.update(now, snapshot, changes, e.judgement.scope)
		e.judgement.wake(now)
		if now.After(deadline) {
			return
		}
	}
}

// unsettled counts the Services with findings that will have settled by the deadline, and says when the first
// and the last of them will.
func (e *Engine) unsettled(deadline time.Time, asked []model.Key) (count int, first, last time.Time) {
	for _, report := range e.judgement.reports {
		if len(asked) > 0 && !slices.Contains(asked, report.Key) {
			continue
		}
		for _, finding := range report.Findings {
			if !finding.Settling || finding.Again.IsZero() || finding.Again.After(deadline) {
				continue
			}
			count++
			if first.IsZero() || finding.Again.Before(first) {
				first = finding.Again
			}
			if finding.Again.After(last) {
				last = finding.Again
			}
			break
		}
	}
	return count, first, last
}

func pending(snapshot *model.Snapshot, needs needSet) bool {
	if snapshot == nil {
		return true
	}
	for need := range needs {
		if snapshot.Coverage(need.Kind, need.Namespace).Pending() {
			return true
		}
	}
	return false
}

func only(reports []*check.Report, asked []model.Key) []*check.Report {
	return slices.DeleteFunc(slices.Clone(reports), func(report *check.Report) bool {
		return !slices.Contains(asked, report.Key)
	})
}
