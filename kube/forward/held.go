package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/svctui/svctui/kube/model"
)

// routeWait is how long a new local connection waits while the forward is about to connect.
const routeWait = 10 * time.Second

// held is one held forward: a listener, and a route that follows the Pods.
type held struct {
	target   model.ForwardTarget
	link     *plainLink
	streams  *Streams
	listener net.Listener
	// awake holds a value when the machine has been asleep.
	awake chan struct{}
	// touched is called after each change of what list shows; it does not block.
	touched func()

	bytesUp, bytesDown atomic.Int64
	// refusing is true while the last connection that is known of was refused in the Pod.
	refusing atomic.Bool

	mu     sync.Mutex
	status model.Forward
	route  route
	// moved is closed, and made anew, whenever the state changes.
	moved chan struct{}
	// locals are the open local connections.
	locals localConns
}

type localConns map[net.Conn]struct{}

// snapshot returns the forward as it is now.
func (h *held) snapshot() model.Forward {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.status
	now.BytesUp, now.BytesDown = h.bytesUp.Load(), h.bytesDown.Load()
	return now
}

// change edits the status, tells everybody, and is the only place where it changes.
func (h *held) change(edit func(*model.Forward)) {
	h.mu.Lock()
	edit(&h.status)
	close(h.moved)
	h.moved = make(chan struct{})
	h.mu.Unlock()
	h.touched()
}

func (h *held) note(err error) {
	h.change(func(status *model.Forward) { noteIn(status, err) })
}

func noteIn(status *model.Forward, err error) {
	status.LastError, status.LastErrAt = err.Error(), time.Now()
}

// run holds the forward until ctx ends or it fails for good, and returns when nothing of it is left.
func (h *held) run(ctx context.Context) {
	var parts sync.WaitGroup
	defer parts.Wait()
	defer h.streams.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer h.closeLocals()
	defer func() { _ = h.listener.Close() }()

	parts.Go(guarded(func() { h.accept(ctx, &parts) }))
	routes := make(chan routed)
	parts.Go(guarded(func() {
		followRoute(ctx, h.link.client, h.target, func(to route, err error) {
			select {
			case routes <- routed{to, err}:
			case <-ctx.Done():
			}
		})
	}))
	(&keeper{held: h, parts: &parts, routes: routes, pause: newBackoff(), patience: firstPatience}).run(ctx)
}

// routed is what followRoute hands over.
type routed struct {
	to  route
	err error
}

// keeper keeps the connection of one held forward: it connects where the route leads, and again when the connection is lost.
type keeper struct {
	held   *held
	parts  *sync.WaitGroup
	routes <-chan routed
	pause  *backoff

	present  route
	attempt  context.CancelFunc
	attempts chan connected
	// numbered counts the attempts: what a former one says counts no more.
	numbered int
	// patience bounds the next attempt. It grows, because an attempt that a cut of the network has hit hangs, and one over
	// a slow network needs its time.
	patience time.Duration
	lost     <-chan bool
	doubted  <-chan struct{}
	retired  <-chan struct{}
	// worked is true once there was a connection: from then on nothing is final, because what worked may work again.
	worked bool
	// since is when the newest connection was made.
	since time.Time
}

// livedLeast is how long a connection lasts that was worth making. What takes one and cuts it at once, such as a proxy that looks into it,
// must not be asked for another ten times a second.
const livedLeast = 5 * time.Second

// afterLoss is how long to wait when a connection is lost: not long, but for one that was cut at once.
func (k *keeper) afterLoss(now time.Time) time.Duration {
	if now.Sub(k.since) >= livedLeast {
		k.pause.reset()
	}
	return k.pause.step(errConnectionLost)
}

// firstPatience bounds the first attempt to connect, and the first one after a success.
const firstPatience = 5 * time.Second

// connected is the outcome of one attempt to connect.
type connected struct {
	attempt int
	to      route
	through *connection
	err     error
}

func (k *keeper) run(ctx context.Context) {
	k.attempts = make(chan connected)
	k.attempt = func() {}
	defer func() { k.attempt() }()
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-k.routes:
			if errors.Is(next.err, errNever) && !k.worked {
				k.held.change(func(status *model.Forward) {
					status.State, status.Pod, status.PodPort = model.ForwardFailed, "", 0
					noteIn(status, next.err)
				})
				return
			}
			k.follow(ctx, next)
		case outcome := <-k.attempts:
			k.settle(ctx, outcome)
		case <-k.lost:
			k.reconnect(ctx, errConnectionLost, k.afterLoss(time.Now()))
		case <-k.retired:
			// The last error says why.
			k.unwatch()
			k.held.change(func(status *model.Forward) { status.State = model.ForwardConnecting })
			k.connect(ctx, 0)
		case <-k.doubted:
			k.held.link.renew()
			k.reconnect(ctx, errNoSign, 0)
		case <-k.held.awake:
			k.held.link.renew()
			k.held.streams.distrust()
			k.patience = firstPatience
			if k.present.pod != "" {
				k.reconnect(ctx, errSlept, 0)
			}
		}
	}
}

// errSlept is why a forward connects anew when the machine wakes up.
var errSlept = errors.New("this machine was asleep")

// reconnect opens another connection where the route leads.
func (k *keeper) reconnect(ctx context.Context, why error, after time.Duration) {
	k.unwatch()
	k.held.change(func(status *model.Forward) {
		status.State = model.ForwardConnecting
		noteIn(status, why)
	})
	k.connect(ctx, after)
}

func (k *keeper) follow(ctx context.Context, next routed) {
	var none *noRoute
	switch {
	case errors.As(next.err, &none):
		k.leave()
		k.held.change(func(status *model.Forward) {
			status.State, status.Pod, status.PodPort, status.WaitsFor = model.ForwardWaiting, "", 0, none.text
			status.KubectlDiffers = none.kubectlDiffers
			noteIn(status, next.err)
		})
	case next.err != nil:
		// Not known now: what works goes on working.
		k.held.note(next.err)
	case next.to != k.present:
		k.leave()
		k.present = next.to
		k.held.change(func(status *model.Forward) {
			status.State, status.Pod, status.PodPort, status.WaitsFor = model.ForwardConnecting, next.to.pod, next.to.port, ""
			status.KubectlDiffers = next.to.kubectlDiffers
			k.held.route = next.to
		})
		k.pause.reset()
		k.connect(ctx, 0)
	}
}

// leave gives up the present route. Connections that are open on it go on until they end.
func (k *keeper) leave() {
	k.attempt()
	k.unwatch()
	if k.present.pod != "" {
		k.held.streams.leave(k.present.identity(k.held.target.Namespace))
	}
	k.present = route{}
}

// unwatch looks no more at what becomes of the connection.
func (k *keeper) unwatch() { k.lost, k.doubted, k.retired = nil, nil, nil }

func (k *keeper) connect(ctx context.Context, after time.Duration) {
	k.attempt()
	ctx, k.attempt = context.WithCancel(ctx)
	k.numbered++
	attempt, to, patience := k.numbered, k.present, k.patience
	k.parts.Go(guarded(func() {
		if sleep(ctx, after); ctx.Err() != nil {
			return
		}
		bounded, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		through, err := k.held.streams.keep(bounded, to.identity(k.held.target.Namespace))
		select {
		case k.attempts <- connected{attempt, to, through, err}:
		case <-ctx.Done():
		}
	}))
}

func (k *keeper) settle(ctx context.Context, outcome connected) {
	if outcome.attempt != k.numbered || outcome.to != k.present {
		return
	}
	if outcome.err != nil {
		if errors.Is(outcome.err, context.DeadlineExceeded) {
			k.patience = min(2*k.patience, upgradeTimeout)
		}
		k.held.change(func(status *model.Forward) {
			status.State = model.ForwardConnecting
			noteIn(status, fmt.Errorf("port-forward to Pod %s: %w", outcome.to.pod, outcome.err))
		})
		k.connect(ctx, k.pause.step(outcome.err))
		return
	}
	k.patience, k.worked, k.since = firstPatience, true, time.Now()
	k.lost, k.doubted, k.retired = outcome.through.lost(), outcome.through.doubted(), outcome.through.retired
	// Whether the application takes connections now is not known; it may be another one.
	k.held.refusing.Store(false)
	k.held.change(func(status *model.Forward) { status.State, status.Refusals = model.ForwardActive, 0 })
}
