// Package simulation moves the embedded cluster: the scheduler, kubelets and controllers of Kubernetes, reduced to what
// an observer of Services can see, with their objects, conditions, events and delays.
//
// Everything that happens is an action at a point in time. Actions run in order, with the clock that they see standing at
// their own time, so that days of history are made in a moment, and a test can step through a minute exactly.
package simulation

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
)

// Simulation owns all changes of a Store. It is safe for concurrent use, but for the functions given to At and After:
// those run inside it, and call its methods without locking.
type Simulation struct {
	store   *apiserver.Store
	apps    apps.ByImage
	network *Network

	mu      sync.Mutex
	now     time.Time
	queue   actions
	planned uint64
	random  *rand.Rand
	// dirty holds what controllers must look at again, in the order in which it became so.
	dirty      []work
	isDirty    map[work]struct{}
	podIPs     map[string]int
	images     map[string]bool
	deadlines  map[types.UID]time.Time
	runs       map[types.UID]*podRun
	events     map[eventKey]eventName
	eventsFrom time.Time
	balancer   balancer
	// woken tells Run that the queue has a new head.
	woken chan struct{}
}

// work is one object that a controller must look at.
type work struct {
	kind string
	types.NamespacedName
}

// New returns a simulation of an empty cluster that stands at the clock's time. Begin sets another time, for history.
func New(store *apiserver.Store, applications apps.ByImage, clock clock.PassiveClock) *Simulation {
	return &Simulation{
		store:     store,
		apps:      applications,
		network:   newNetwork(store, applications, clock),
		now:       clock.Now(),
		random:    rand.New(rand.NewPCG(20260908, 1036)),
		isDirty:   map[work]struct{}{},
		podIPs:    map[string]int{},
		images:    map[string]bool{},
		deadlines: map[types.UID]time.Time{},
		runs:      map[types.UID]*podRun{},
		events:    map[eventKey]eventName{},
		woken:     make(chan struct{}, 1),
	}
}

// Network returns what the API server asks of the nodes.
func (s *Simulation) Network() *Network { return s.network }

// Begin sets the time at which an empty simulation stands, so that it can live through history until now. Events that
// would have expired by then are left out.
func (s *Simulation) Begin(t, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.eventsFrom = t, now.Add(-eventTTL)
}

// Now returns the time that the simulation has reached; inside an action, that of the action.
func (s *Simulation) Now() time.Time { return s.now }

// At plans an action, to be called from inside an action or before the simulation runs. A time that has passed means now.
func (s *Simulation) At(t time.Time, do func()) {
	if t.Before(s.now) {
		t = s.now
	}
	s.planned++
	heap.Push(&s.queue, action{at: t, order: s.planned, do: do})
}

// After plans an action some time after the present one.
func (s *Simulation) After(d time.Duration, do func()) { s.At(s.now.Add(d), do) }

// Every repeats an action, the first time after one interval.
func (s *Simulation) Every(interval time.Duration, do func()) {
	s.After(interval, func() {
		do()
		s.Every(interval, do)
	})
}

// Do runs a function as an action that happens at t, after everything that was due before.
func (s *Simulation) Do(t time.Time, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runUntil(t)
	s.run(do)
	s.wake()
}

// CatchUp runs everything that is due at t.
func (s *Simulation) CatchUp(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runUntil(t)
}

// NextDue returns when the next action is due, and whether there is one.
func (s *Simulation) NextDue() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return time.Time{}, false
	}
	return s.queue[0].at, true
}

// Woken yields after NextDue may have become earlier.
func (s *Simulation) Woken() <-chan struct{} { return s.woken }

func (s *Simulation) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

func (s *Simulation) runUntil(t time.Time) {
	for len(s.queue) > 0 && !s.queue[0].at.After(t) {
		next := heap.Pop(&s.queue).(action)
		s.now = next.at
		s.run(next.do)
	}
	if t.After(s.now) {
		s.now = t
	}
}

func (s *Simulation) run(do func()) {
	do()
	s.reconcile()
}

// reconcile lets the controllers look at all that changed, until nothing does.
func (s *Simulation) reconcile() {
	for len(s.dirty) > 0 {
		item := s.dirty[0]
		s.dirty = s.dirty[1:]
		delete(s.isDirty, item)
		switch item.kind {
		case "Service":
			s.reconcileService(item.NamespacedName)
		case "Deployment":
			s.reconcileDeployment(item.NamespacedName)
		case "ReplicaSet":
			s.reconcileReplicaSet(item.NamespacedName)
		case "StatefulSet":
			s.reconcileStatefulSet(item.NamespacedName)
		case "DaemonSet":
			s.reconcileDaemonSet(item.NamespacedName)
		}
	}
}

func (s *Simulation) markDirty(kind, namespace, name string) {
	item := work{kind: kind, NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
	if _, already := s.isDirty[item]; !already {
		s.isDirty[item] = struct{}{}
		s.dirty = append(s.dirty, item)
	}
}

// cleanInterval is how often what nobody can see any more is dropped.
const cleanInterval = time.Minute

// KeepClean drops expired events and old incidents from time to time.
func (s *Simulation) KeepClean() {
	s.Every(cleanInterval, func() {
		s.expireEvents()
		s.network.incidents.forget(s.now.Add(-logRetention))
	})
}

// put stores an object that belongs to the store from then on, and tells the controllers that watch its kind.
func (s *Simulation) put(obj apiserver.Object) {
	if created := obj.GetCreationTimestamp(); created.IsZero() {
		obj.SetCreationTimestamp(metav1.NewTime(s.now))
	}
	if obj.GetUID() == "" {
		obj.SetUID(s.newUID())
	}
	if _, err := s.store.Put(obj); err != nil {
		// A kind that the server does not serve cannot be seen by anybody.
		return
	}
	s.notify(obj)
}

func (s *Simulation) remove(obj apiserver.Object) {
	if s.store.Delete(obj) {
		s.notify(obj)
	}
}

func (s *Simulation) notify(obj apiserver.Object) {
	switch o := obj.(type) {
	case *corev1.Service:
		s.markDirty("Service", o.Namespace, o.Name)
	case *corev1.Pod:
		if owner := metav1.GetControllerOf(o); owner != nil {
			s.markDirty(owner.Kind, o.Namespace, owner.Name)
		}
		for _, service := range apiserver.List(s.store, &corev1.Service{}, o.Namespace) {
			if selects(service.Spec.Selector, o.Labels) {
				s.markDirty("Service", service.Namespace, service.Name)
			}
		}
	case *appsv1.Deployment:
		s.markDirty("Deployment", o.Namespace, o.Name)
	case *appsv1.ReplicaSet:
		s.markDirty("ReplicaSet", o.Namespace, o.Name)
		if owner := metav1.GetControllerOf(o); owner != nil {
			s.markDirty(owner.Kind, o.Namespace, owner.Name)
		}
	case *appsv1.StatefulSet:
		s.markDirty("StatefulSet", o.Namespace, o.Name)
	case *appsv1.DaemonSet:
		s.markDirty("DaemonSet", o.Namespace, o.Name)
	}
}

// selects tells whether a Service's selector matches labels. An empty selector selects nothing: the Service then has no
// selector (EndpointSlice controller, syncService).
func selects(selector, labels map[string]string) bool {
	if len(selector) == 0 {
		return false
	}
	for key, value := range selector {
		if found, ok := labels[key]; !ok || found != value {
			return false
		}
	}
	return true
}

func (s *Simulation) newUID() types.UID {
	a, b := s.random.Uint64(), s.random.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff))
}

// nameSuffix returns random letters of the alphabet that Kubernetes makes names from (apimachinery/pkg/util/rand).
func (s *Simulation) nameSuffix(length int) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	suffix := make([]byte, length)
	for i := range suffix {
		suffix[i] = alphabet[s.random.IntN(len(alphabet))]
	}
	return string(suffix)
}

// between returns a random duration.
func (s *Simulation) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)+1))
}

func (s *Simulation) metaNow() metav1.Time { return metav1.NewTime(s.now) }

// action is something that happens at a time; equal times happen in the order in which they were planned.
type action struct {
	at    time.Time
	order uint64
	do    func()
}

// actions is a heap by time.
type actions []action

func (a actions) Len() int { return len(a) }
func (a actions) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].order < a[j].order
	}
	return a[i].at.Before(a[j].at)
}
func (a actions) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *actions) Push(x any)   { *a = append(*a, x.(action)) }
func (a *actions) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = action{}
	*a = old[:len(old)-1]
	return last
}

// Put stores an object as it is. It is to be called from inside an action.
func (s *Simulation) Put(obj apiserver.Object) {
	s.put(obj)
	s.dirty, s.isDirty = nil, map[work]struct{}{}
}

// Remove deletes an object at once, without graces. It is to be called from inside an action.
func (s *Simulation) Remove(obj apiserver.Object) {
	s.remove(obj)
	s.dirty, s.isDirty = nil, map[work]struct{}{}
}
