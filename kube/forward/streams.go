package forward

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/svctui/svctui/kube/model"
)

const (
	// idleLimit is how long a connection to a Pod without streams is kept for the next one.
	idleLimit = 30 * time.Second
	// mostConnections bounds the connections to one Pod that more could be opened on: each that clients who read nothing hold up makes one
	// more. mostWithRetired bounds those as well that only go on with what is open.
	mostConnections, mostWithRetired = 32, 256
	// crowdWait is how long a stream waits where all of them are held up, and crowdPause how often it looks.
	crowdWait, crowdPause = 10 * time.Second, 50 * time.Millisecond
	// standsLong is how long an upload of which nothing was taken has to stand before it makes room, where there is none left. Its client may
	// have left: what it sent comes before its end, and nobody takes that.
	standsLong = 10 * time.Second
)

// Streams opens connections to the Pods of one cluster. Those to one Pod share one network connection as long as none of
// them keeps the others waiting. A Pod is told by its uid: container runtimes bind a connection to the sandbox of the Pod that it was
// opened to, and go on refusing on it when another Pod has taken the name (kubernetes/kubernetes#67059). Safe for concurrent use.
type Streams struct {
	upgrader upgrader
	ctx      context.Context
	stop     context.CancelFunc

	mu     sync.Mutex
	pods   map[model.PodIdentity]*podConnections
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
	// kept means that a connection stays though it is idle: watched, that somebody watches, as long as it is of use, and else the first that is.
	kept    bool
	watched *connection
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
	guard := &login{}
	guard.begins(config)
	return &Streams{
		upgrader: upgrader{config: config, dial: dial, login: guard, preferSPDY: preferSPDY},
		ctx:      ctx,
		stop:     stop,
		pods:     map[model.PodIdentity]*podConnections{},
	}
}

// Open opens a connection to a port of a Pod, which the node dials on the Pod's own loopback. It blocks until the node knows of
// it; whether anything listens on the port is told later, on Errors. What the API server denies is an error that
// apierrors.IsForbidden and its like recognise. A refused port does no harm to the other connections of the Pod.
func (s *Streams) Open(ctx context.Context, pod model.PodIdentity, port int32) (model.Stream, error) {
	opened, err := s.openUnread(ctx, pod, port)
	if err != nil {
		return nil, err
	}
	opened.readAhead()
	return opened, nil
}

// openUnread is like Open; the stream has to be read at once, or it holds up its neighbours.
func (s *Streams) openUnread(ctx context.Context, pod model.PodIdentity, port int32) (*stream, error) {
	for attempt := 0; ; attempt++ {
		through, fresh, err := s.connection(ctx, pod)
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

// keep makes sure of a connection to a Pod without opening a stream. It stays open when idle, until leave.
func (s *Streams) keep(ctx context.Context, pod model.PodIdentity) (*connection, error) {
	through, _, err := s.connection(ctx, pod)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Who gave it up meanwhile has called leave already, or will.
	if held := s.pods[pod]; held != nil && ctx.Err() == nil {
		held.kept, held.watched = true, through
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

// leave takes back keep, and opens nothing more on the connections that there are: when the Pod is led to again, its sandbox may be
// another one. What is open goes on.
func (s *Streams) leave(pod model.PodIdentity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.pods[pod]; held != nil {
		held.kept, held.watched = false, nil
		for _, one := range held.open {
			one.retire()
		}
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
func (s *Streams) connection(ctx context.Context, to model.PodIdentity) (through *connection, fresh bool, err error) {
	s.mu.Lock()
	pod := s.pods[to]
	if pod == nil {
		pod = &podConnections{opening: make(chan struct{}, 1)}
		s.pods[to] = pod
	}
	pod.asking++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		pod.asking--
		s.mu.Unlock()
	}()
	for patience, madeRoom := crowdWait, false; ; patience -= crowdPause {
		through, crowded := s.usable(pod)
		if through != nil {
			return through, false, nil
		}
		if crowded && !madeRoom {
			madeRoom = s.makeRoom(pod)
		}
		if !crowded {
			through, fresh, err = s.openOne(ctx, to, pod)
			if through != nil || err != nil {
				return through, fresh, err
			}
		}
		if patience <= 0 {
			return nil, false, fmt.Errorf("all %d connections to the Pod are held up by those who do not read what they are sent, or are from before it changed", s.count(pod))
		}
		if sleep(ctx, crowdPause); ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
	}
}

// makeRoom ends the connection on which an upload has stood longest, and tells whether there was one that stood long.
func (s *Streams) makeRoom(pod *podConnections) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var longest *connection
	stood := standsLong
	for _, one := range pod.open {
		if stands := one.uploadStands(); stands > stood && !one.isLost() {
			longest, stood = one, stands
		}
	}
	if longest != nil {
		go guarded(longest.close)()
	}
	return longest != nil
}

// openOne opens a connection to the Pod, unless another call has just done so. It returns nothing where there are too many.
func (s *Streams) openOne(ctx context.Context, to model.PodIdentity, pod *podConnections) (through *connection, fresh bool, err error) {
	select {
	case pod.opening <- struct{}{}:
		defer func() { <-pod.opening }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if through, crowded := s.usable(pod); through != nil || crowded {
		return through, false, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	opened, err := s.upgrader.open(ctx, to.Namespace, to.Name)
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

func (s *Streams) usable(pod *podConnections) (usable *connection, crowded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	usable = pod.usable()
	current := 0
	for _, one := range pod.open {
		if !one.isRetired() {
			current++
		}
	}
	return usable, current >= mostConnections || len(pod.open) >= mostWithRetired
}

func (s *Streams) count(pod *podConnections) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(pod.open)
}

// usable returns the first live connection that is neither stalled, in doubt nor retired, and forgets the dead. Streams.mu is held.
func (p *podConnections) usable() *connection {
	var alive []*connection
	var usable *connection
	for _, one := range p.open {
		if one.isLost() {
			continue
		}
		alive = append(alive, one)
		if usable == nil && !one.isRetired() && !one.stalled() && !one.inDoubt() {
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
		if watched := pod.watched; watched != nil && !watched.isLost() && !watched.isRetired() {
			spared = watched
		}
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
