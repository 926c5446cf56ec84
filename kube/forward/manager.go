package forward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"github.com/svctui/svctui/kube/model"
)

// Cluster is what a forward needs of the cluster that it leads into, whatever becomes of the session that it came from.
type Cluster struct {
	// ContextName is that of the kubeconfig.
	ContextName string
	// KubectlArgs make kubectl go to the same place as the same user.
	KubectlArgs []string
	// Config is not changed.
	Config *rest.Config
	// Dial takes the place of the network for the forwards themselves; nil for the network. Plain requests go by
	// Config.Dial.
	Dial DialFunc
	// Hold is called when a forward begins to use the Config, and what it returns when that is over, from any goroutine. It
	// may be nil.
	Hold func() (release func())
}

// touchPeriod is how often the counting of bytes alone is told, at most.
const touchPeriod = 250 * time.Millisecond

// Manager holds forwards until they are stopped, whatever becomes of the sessions they were opened from. Safe for
// concurrent use.
type Manager struct {
	changed chan struct{}
	address string

	mu       sync.Mutex
	lastID   int
	forwards []*managed
	closed   bool
	// links are those of the clusters that forwards lead into.
	links map[*rest.Config]*plainLink
	// stopClock ends the goroutine that notices sleep; nil while there is none.
	stopClock context.CancelFunc
	clocks    sync.WaitGroup

	// telling is true while a timer is set that tells of a change.
	telling atomic.Bool
}

type managed struct {
	*held
	stop  context.CancelFunc
	ended chan struct{}
	// release gives back what it holds of its cluster.
	release func()
}

// NewManager returns a Manager without forwards. They may listen on loopback, and on address, if that is not empty; 0.0.0.0
// and :: stand for every address of the machine.
func NewManager(address string) *Manager {
	return &Manager{address: address, changed: make(chan struct{}, 1), links: map[*rest.Config]*plainLink{}}
}

// Open listens on the local port that is asked for, and from then on leads what connects to it to the target. It returns the
// forward's id as soon as it listens; whether a Pod is there shows in List. The error says who holds a port that is
// taken, where the system tells.
func (m *Manager) Open(ctx context.Context, through Cluster, spec model.ForwardSpec) (int, error) {
	target := spec.Target
	if target.Context == "" {
		target.Context = through.ContextName
	}
	if (target.Service == "") == (target.Pod == "") || target.Namespace == "" || target.Port == "" {
		return 0, fmt.Errorf("a forward needs a namespace, a port, and either a Service or a Pod; got %+v", target)
	}
	if !mayListen(spec.LocalAddress, m.address) {
		return 0, fmt.Errorf("forwards listen on this machine's loopback only; to listen on %s, which others reach too, start svctui with --forward-address=%s",
			spec.LocalAddress, spec.LocalAddress)
	}
	listener, err := listen(ctx, spec.LocalAddress, spec.LocalPort)
	if err != nil {
		return 0, err
	}
	link, release, err := m.hold(through)
	if err != nil {
		_ = listener.Close()
		return 0, fmt.Errorf("the cluster of context %q cannot be spoken to: %w", target.Context, err)
	}
	forward := &held{
		target:   target,
		link:     link,
		awake:    make(chan struct{}, 1),
		streams:  NewStreams(through.Config, through.Dial),
		listener: listener,
		touched:  m.touched,
		moved:    make(chan struct{}),
		locals:   localConns{},
	}
	forward.streams.upgrader.login = &link.login
	run, stop := context.WithCancel(context.Background())
	one := &managed{held: forward, stop: stop, ended: make(chan struct{}), release: release}

	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		stop()
		_ = listener.Close()
		release()
		return 0, errors.New("the forwards are closed")
	}
	m.lastID++
	id := m.lastID
	forward.status = model.Forward{
		ID: id, Target: target, KubectlArgs: slices.Clone(through.KubectlArgs), Local: listener.Addr().String(), State: model.ForwardConnecting, Since: time.Now(),
	}
	m.forwards = append(m.forwards, one)
	m.watchClock()
	m.mu.Unlock()

	go guarded(func() {
		defer close(one.ended)
		defer one.release()
		forward.run(run)
	})()
	m.tell()
	return id, nil
}

// hold returns the link to a cluster, which is made for its first forward, and how to give it back.
func (m *Manager) hold(through Cluster) (*plainLink, func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	link := m.links[through.Config]
	if link == nil {
		var err error
		if link, err = newPlainLink(through.Config); err != nil {
			return nil, nil, err
		}
		link.contextName = through.ContextName
		m.links[through.Config] = link
	}
	link.users++
	release := func() {}
	if through.Hold != nil {
		release = through.Hold()
	}
	return link, func() {
		m.mu.Lock()
		link.users--
		unused := link.users == 0
		if unused {
			delete(m.links, through.Config)
		}
		m.mu.Unlock()
		if unused {
			link.close()
			link.release()
		}
		release()
	}, nil
}

// Renew lets the forwards that lead into the same cluster by the same context go on as who is logged in now: a kubeconfig's token
// ends, and the one in its place is in the new session's Config only. They connect again with their next attempt.
func (m *Manager) Renew(through Cluster) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for opened, link := range m.links {
		if opened == through.Config || link.contextName != through.ContextName || link.server != through.Config.Host {
			continue
		}
		if err := link.logIn(through.Config); err != nil {
			return fmt.Errorf("the forwards into context %q go on with the former login: %w", through.ContextName, err)
		}
		link.release()
		link.release = func() {}
		if through.Hold != nil {
			link.release = through.Hold()
		}
	}
	return nil
}

// watchClock notices sleep from the first forward on. Manager.mu is held.
func (m *Manager) watchClock() {
	if m.stopClock != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stopClock = stop
	m.clocks.Go(guarded(func() {
		ticker := time.NewTicker(clockPeriod)
		defer ticker.Stop()
		onAwake(ctx, clock{now: time.Now, tick: ticker.C}, m.awake)
	}))
}

// awake lets every forward know that the machine has been asleep.
func (m *Manager) awake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.forwards {
		select {
		case one.held.awake <- struct{}{}:
		default:
		}
	}
}

// Stop ends a forward and its connections, and waits for that. An id that is not there is ignored.
func (m *Manager) Stop(id int) {
	m.mu.Lock()
	at := slices.IndexFunc(m.forwards, func(one *managed) bool { return one.status.ID == id })
	if at < 0 {
		m.mu.Unlock()
		return
	}
	one := m.forwards[at]
	m.forwards = slices.Delete(slices.Clone(m.forwards), at, at+1)
	m.mu.Unlock()
	one.end()
	m.tell()
}

// Close stops all forwards; no more can be opened.
func (m *Manager) Close() {
	m.mu.Lock()
	all := m.forwards
	m.forwards, m.closed = nil, true
	if m.stopClock != nil {
		m.stopClock()
	}
	m.mu.Unlock()
	m.clocks.Wait()
	for _, one := range all {
		one.stop()
	}
	for _, one := range all {
		one.end()
	}
	m.tell()
}

func (o *managed) end() {
	o.stop()
	<-o.ended
}

// List returns the forwards in the order they were opened.
func (m *Manager) List() []model.Forward {
	m.mu.Lock()
	all := slices.Clone(m.forwards)
	m.mu.Unlock()
	list := make([]model.Forward, len(all))
	for i, one := range all {
		list[i] = one.snapshot()
	}
	return list
}

// Changed returns a channel of capacity one that holds a value after List changed. What only counts bytes is told a
// few times a second.
func (m *Manager) Changed() <-chan struct{} { return m.changed }

func (m *Manager) tell() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// touched tells of a change soon, and once for many.
func (m *Manager) touched() {
	if !m.telling.Load() && m.telling.CompareAndSwap(false, true) {
		time.AfterFunc(touchPeriod, func() {
			m.telling.Store(false)
			m.tell()
		})
	}
}
