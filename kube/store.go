package kube

import (
	"context"
	"maps"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/svctui/svctui/kube/model"
)

// patience says how long the Store waits before it draws a conclusion from silence.
type patience struct {
	// closing is how long a need that is no longer asked for stays open, so that flipping between two
	// Services does not list the same Pods again and again.
	closing time.Duration
	// broken is how long a watch may be broken before its objects are called stale: a connection that is
	// made anew at once is nobody's business.
	broken time.Duration
	// silent is how long a watch may say nothing before it is opened anew. An API server sends no bookmark
	// for a kind of which nothing changed since the watch began, so silence alone proves nothing.
	silent time.Duration
	// streaming is how long a first list that streams in may pause before a plain list is tried.
	streaming time.Duration
	// stale is how long nothing may be heard before the objects are called stale.
	stale time.Duration
}

func defaultPatience() patience {
	return patience{
		closing: 30 * time.Second, broken: 2 * time.Second, silent: 70 * time.Second,
		streaming: 10 * time.Second, stale: 90 * time.Second,
	}
}

// Store keeps a Snapshot of one cluster up to date: Services and EndpointSlices of the scope always, and
// what is asked for besides. It implements engine.Source. Safe for concurrent use.
//
// Every kind and namespace is read by a feed of its own, which lists and watches until it is no longer wanted
// or the API server denies it. A change is noted under its object's key and waits for the next Take; later
// changes of the same object replace it. Nothing is dropped, and nothing waits for the one who takes.
type Store struct {
	clients clients
	// explain makes of an error of the client what the user needs to know; nil leaves it.
	explain  func(error) error
	patience patience
	changed  chan struct{}
	kick     chan struct{}

	// taking serialises Take, so that snapshots follow each other.
	taking   sync.Mutex
	snapshot *model.Snapshot

	mu      sync.Mutex
	ctx     context.Context // nil until Start, which also says that feeds may run
	cancel  context.CancelFunc
	running sync.WaitGroup
	scope   string
	asked   map[model.Need]bool
	feeds   map[model.Need]*feed
	pending map[model.Kind]map[model.Key]model.Change
}

// newStore returns a Store that reads the scope, a namespace or model.AllNamespaces, once it is started.
func newStore(clients clients, scope string) *Store {
	return &Store{
		clients:  clients,
		patience: defaultPatience(),
		changed:  make(chan struct{}, 1),
		kick:     make(chan struct{}, 1),
		snapshot: model.NewBuilder(nil).Build(time.Now()),
		scope:    scope,
		asked:    map[model.Need]bool{},
		feeds:    map[model.Need]*feed{},
		pending:  map[model.Kind]map[model.Key]model.Change{},
	}
}

// Start begins to read, until Stop is called or ctx ends. It is called once and does not block.
func (s *Store) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.reconcile()
	s.running.Go(func() {
		defer utilruntime.HandleCrash()
		s.supervise()
	})
}

// Stop ends all reading and returns when everything that Start began has ended. The last snapshot can still
// be taken.
func (s *Store) Stop() {
	s.mu.Lock()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Changed is that of engine.Source.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// Scope is the namespace that the Store reads, or model.AllNamespaces.
func (s *Store) Scope() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scope
}

// SetScope reads another namespace, or model.AllNamespaces, from now on. Objects that only the scope before
// wanted leave the snapshot. It does not block.
func (s *Store) SetScope(namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scope == namespace {
		return
	}
	s.scope = namespace
	s.reconcile()
	s.notify()
}

// Ask is that of engine.Source. What is no longer wanted is closed after a while.
func (s *Store) Ask(needs []model.Need) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := make(map[model.Need]bool, len(needs))
	for _, need := range needs {
		if !need.Kind.Namespaced() {
			need.Namespace = model.AllNamespaces
		}
		asked[need] = true
	}
	if maps.Equal(asked, s.asked) {
		return
	}
	s.asked = asked
	s.reconcile()
}

// Relist lists anew whatever is not live: what was denied, failed, was only listed or is stale. Objects held
// stay until the answer comes. What the API server serves is asked anew. It does not block.
func (s *Store) Relist() {
	s.clients.served.forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.feeds {
		switch f.coverage.State {
		case model.Live, model.Syncing, model.NotAsked:
		default:
			s.restart(f)
		}
	}
	s.reconcile()
}

// Take is that of engine.Source.
func (s *Store) Take() (*model.Snapshot, []model.Change) {
	s.taking.Lock()
	defer s.taking.Unlock()

	builder := model.NewBuilder(s.snapshot)
	s.mu.Lock()
	pending := s.pending
	s.pending = map[model.Kind]map[model.Key]model.Change{}
	for need := range s.snapshot.Covered() {
		if s.feeds[need] == nil {
			builder.Uncover(need)
		}
	}
	for need, f := range s.feeds {
		builder.Cover(need, f.coverage)
	}
	s.mu.Unlock()

	var changes []model.Change
	for _, byKey := range pending {
		for _, change := range byKey {
			builder.Apply(change)
			changes = append(changes, change)
		}
	}
	s.snapshot = builder.Build(time.Now())
	return s.snapshot, changes
}

// notify says that Take has something new. It never blocks.
func (s *Store) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// hurry wakes the supervisor, because a deadline may have come closer.
func (s *Store) hurry() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// note keeps the first Before and the last After of an object until the next Take. mu is held.
func (s *Store) note(kind model.Kind, key model.Key, before, after metav1.Object) {
	byKey := s.pending[kind]
	if byKey == nil {
		byKey = map[model.Key]model.Change{}
		s.pending[kind] = byKey
	}
	if earlier, ok := byKey[key]; ok {
		before = earlier.Before
	}
	if before == after {
		delete(byKey, key)
		return
	}
	byKey[key] = model.Change{Kind: kind, Key: key, Before: before, After: after}
	s.notify()
}

// visible returns the object that the snapshot shows under a key, or nil: the one of the feed for all
// namespaces when that has listed, else of the namespace's own. mu is held.
func (s *Store) visible(kind model.Kind, key model.Key) metav1.Object {
	if all := s.feeds[model.Need{Kind: kind, Namespace: model.AllNamespaces}]; all != nil && all.listed {
		return all.object(key)
	}
	if key.Namespace == "" {
		return nil
	}
	if own := s.feeds[model.Need{Kind: kind, Namespace: key.Namespace}]; own != nil && own.listed {
		return own.object(key)
	}
	return nil
}

// shift notes whatever a change to the feeds of a kind makes different in what is visible. mu is held.
func (s *Store) shift(kind model.Kind, change func()) {
	before := map[model.Key]metav1.Object{}
	for need, f := range s.feeds {
		if need.Kind == kind && f.listed {
			for key := range f.objects {
				before[key] = s.visible(kind, key)
			}
		}
	}
	change()
	for key, was := range before {
		if is := s.visible(kind, key); is != was {
			s.note(kind, key, was, is)
		}
	}
	for need, f := range s.feeds {
		if need.Kind == kind && f.listed {
			for key := range f.objects {
				if _, seen := before[key]; !seen {
					s.note(kind, key, nil, s.visible(kind, key))
				}
			}
		}
	}
}

// cover sets a feed's coverage. What is the same but for its time keeps its time. mu is held.
func (s *Store) cover(f *feed, coverage model.Coverage) {
	same := f.coverage
	same.Since = coverage.Since
	if same == coverage {
		return
	}
	f.coverage = coverage
	s.notify()
}

// live is the coverage of a feed that just heard all there is.
func live(now time.Time) model.Coverage { return model.Coverage{State: model.Live, Since: now} }
