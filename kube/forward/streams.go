package forward

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/svctui/svctui/kube/model"
)

// idleLimit is how long a connection to a Pod without streams is kept for the next one.
const idleLimit = 30 * time.Second

// Streams opens connections to the Pods of one cluster. Those to one Pod share one network connection as long as none of
// them keeps the others waiting. Safe for concurrent use.
type Streams struct {
	upgrader upgrader
	ctx      context.Context
	stop     context.CancelFunc

	mu     sync.Mutex
	pods   map[model.Key]*podConnections
	closed bool
	sweeps sync.WaitGroup
	// sweeping is true while a goroutine looks for idle connections.
	sweeping bool
}

// podConnections are the connections to one Pod.
type podConnections struct {
	// opening is held while one is opened, so that a burst of streams opens one and not many.
	opening chan struct{}
	open    []*connection
	// asking counts those who are about to use or open one; while there are any, sweep must not forget the Pod.
	asking int
	// kept means that idle connections stay.
	kept bool
}

// webSocketsVariable set to "false" lets kubectl speak SPDY only, for proxies that break WebSockets
// (k8s.io/kubectl/pkg/cmd/util, PortForwardWebsockets).
const webSocketsVariable = "KUBECTL_PORT_FORWARD_WEBSOCKETS"

// NewStreams returns Streams for a cluster. dial takes the place of the network where it is not nil; then SPDY is spoken,
// else WebSocket first, unless kubectl is told not to. Nothing is sent before the first Open.
func NewStreams(config *rest.Config, dial DialFunc) *Streams {
	ctx, stop := context.WithCancel(context.Background())
	preferSPDY := &flag{}
	if os.Getenv(webSocketsVariable) == "false" {
		preferSPDY.set()
	}
	return &Streams{
		upgrader: upgrader{config: config, dial: dial, preferSPDY: preferSPDY},
		ctx:      ctx,
		stop:     stop,
		pods:     map[model.Key]*podConnections{},
	}
}

// Open opens a connection to a port of a Pod, which the node dials on the Pod's own loopback. It blocks until the node knows of
// it; whether anything listens on the port is told later, on Errors. What the API server denies is an error that
// apierrors.IsForbidden and its like recognise. A refused port does no harm to the other connections of the Pod.
func (s *Streams) Open(ctx context.Context, namespace, pod string, port int32) (model.Stream, error) {
	opened, err := s.openUnread(ctx, namespace, pod, port)
	if err != nil {
		return nil, err
	}
	opened.readAhead()
	return opened, nil
}

// openUnread is like Open; the stream has to be read at once, or it holds up its neighbours.
func (s *Streams) openUnread(ctx context.Context, namespace, pod string, port int32) (*stream, error) {
	key := model.Key{Namespace: namespace, Name: pod}
	for attempt := 0; ; attempt++ {
		through, fresh, err := s.connection(ctx, key)
		if err != nil {
			return nil, err
		}
		opened, err := through.openStream(ctx, port)
		if err == nil {
			return opened, nil
		}
		// A connection from before may have died unnoticed; a fresh one has not.
		if fresh || attempt > 0 || !errors.Is(err, errConnectionLost) {
			return nil, err
		}
	}
}

// keep makes sure of a connection to a Pod without opening a stream. It stays open when idle, until release.
func (s *Streams) keep(ctx context.Context, key model.Key) (*connection, error) {
	through, _, err := s.connection(ctx, key)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if pod := s.pods[key]; pod != nil {
		pod.kept = true
	}
	return through, nil
}

// distrust doubts every connection until its peer is heard: what is opened from now on goes another way.
func (s *Streams) distrust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pod := range s.pods {
		for _, one := range pod.open {
			one.distrust()
		}
	}
}

// release takes back keep.
func (s *Streams) release(key model.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pod := s.pods[key]; pod != nil {
		pod.kept = false
	}
}

// Close ends every connection and waits for that.
func (s *Streams) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	var all []*connection
	for _, pod := range s.pods {
		all = append(all, pod.open...)
	}
	s.mu.Unlock()
	for _, one := range all {
		one.close()
	}
	s.sweeps.Wait()
}

// connection returns a live connection to the Pod that nobody stalls, and whether it was opened for this call.
func (s *Streams) connection(ctx context.Context, key model.Key) (through *connection, fresh bool, err error) {
	s.mu.Lock()
	pod := s.pods[key]
	if pod == nil {
		pod = &podConnections{opening: make(chan struct{}, 1)}
		s.pods[key] = pod
	}
	pod.asking++
	usable := pod.usable()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		pod.asking--
		s.mu.Unlock()
	}()
	if usable != nil {
		return usable, false, nil
	}

	select {
	case pod.opening <- struct{}{}:
		defer func() { <-pod.opening }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	s.mu.Lock()
	usable = pod.usable()
	s.mu.Unlock()
	if usable != nil {
		return usable, false, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	opened, err := s.upgrader.open(ctx, key.Namespace, key.Name)
	if err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		opened.close()
		return nil, false, context.Canceled
	}
	pod.open = append(pod.open, opened)
	s.sweepLater()
	s.mu.Unlock()
	return opened, true, nil
}

// usable returns the first live connection that is neither stalled nor in doubt, and forgets the dead. Streams.mu is held.
func (p *podConnections) usable() *connection {
	var alive []*connection
	var usable *connection
	for _, one := range p.open {
		if one.isLost() {
			continue
		}
		alive = append(alive, one)
		if usable == nil && !one.stalled() && !one.inDoubt() {
			usable = one
		}
	}
	p.open = alive
	return usable
}

// sweepLater closes idle connections from time to time, as long as there are any. Streams.mu is held.
func (s *Streams) sweepLater() {
	if s.sweeping {
		return
	}
	s.sweeping = true
	s.sweeps.Go(guarded(func() {
		tick := time.NewTicker(idleLimit / 2)
		defer tick.Stop()
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-tick.C:
				if !s.sweep() {
					return
				}
			}
		}
	}))
}

// sweep closes the connections that were idle for long, and tells whether any is left.
func (s *Streams) sweep() bool {
	s.mu.Lock()
	var idle []*connection
	for key, pod := range s.pods {
		var kept []*connection
		spared := pod.usable()
		for _, one := range pod.open {
			since, isIdle := one.idle()
			if one.isLost() || isIdle && !(pod.kept && one == spared) && time.Since(since) > idleLimit {
				idle = append(idle, one)
			} else {
				kept = append(kept, one)
			}
		}
		pod.open = kept
		if len(kept) == 0 && pod.asking == 0 {
			delete(s.pods, key)
		}
	}
	left := len(s.pods) > 0
	s.sweeping = left
	s.mu.Unlock()
	for _, one := range idle {
		one.close()
	}
	return left
}
