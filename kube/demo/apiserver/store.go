package apiserver

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// historyLength is how many changes a watch may be behind before it is told 410 Gone.
const historyLength = 8192

// Store holds API objects by resource and name, numbers every change, and remembers the last changes for watches.
// What it hands out is shared and must not be changed. It is safe for concurrent use.
type Store struct {
	catalogue *catalogue

	mu      sync.RWMutex
	version uint64
	tables  map[schema.GroupVersionResource]map[types.NamespacedName]Object
	history []change
	// forgotten is the version of the newest change that is no longer in history.
	forgotten uint64
	// changed is closed, and replaced, at every change.
	changed chan struct{}
}

// change is one step of one object. For a deletion, object is its last state with the version of the deletion.
type change struct {
	version  uint64
	kind     watch.EventType
	resource schema.GroupVersionResource
	object   Object
	previous Object
}

// NewStore returns an empty store whose first change will have the version after firstVersion.
func NewStore(firstVersion uint64) *Store {
	return &Store{
		catalogue: newCatalogue(),
		version:   firstVersion,
		forgotten: firstVersion,
		tables:    map[schema.GroupVersionResource]map[types.NamespacedName]Object{},
		changed:   make(chan struct{}),
	}
}

// Put stores obj, which belongs to the store from then on, and returns it with its new resourceVersion. It keeps the uid
// and creationTimestamp of an object that is there already. It fails on a kind that the server does not serve.
func (s *Store) Put(obj Object) (Object, error) {
	r, err := s.resourceOf(obj)
	if err != nil {
		return nil, err
	}
	key := keyOf(obj)
	s.mu.Lock()
	defer s.mu.Unlock()
	table := s.tables[r.GroupVersionResource]
	if table == nil {
		table = map[types.NamespacedName]Object{}
		s.tables[r.GroupVersionResource] = table
	}
	previous := table[key]
	step := watch.Added
	if previous != nil {
		step = watch.Modified
		obj.SetUID(previous.GetUID())
		obj.SetCreationTimestamp(previous.GetCreationTimestamp())
	}
	s.version++
	obj.SetResourceVersion(strconv.FormatUint(s.version, 10))
	obj.GetObjectKind().SetGroupVersionKind(r.gvk())
	table[key] = obj
	s.record(change{version: s.version, kind: step, resource: r.GroupVersionResource, object: obj, previous: previous})
	return obj, nil
}

// Delete removes the object with obj's kind, namespace and name, and tells whether it was there.
func (s *Store) Delete(obj Object) bool {
	r, err := s.resourceOf(obj)
	if err != nil {
		return false
	}
	key := keyOf(obj)
	s.mu.Lock()
	defer s.mu.Unlock()
	previous, found := s.tables[r.GroupVersionResource][key]
	if !found {
		return false
	}
	delete(s.tables[r.GroupVersionResource], key)
	s.version++
	last := previous.DeepCopyObject().(Object)
	last.SetResourceVersion(strconv.FormatUint(s.version, 10))
	s.record(change{version: s.version, kind: watch.Deleted, resource: r.GroupVersionResource, object: last, previous: previous})
	return true
}

// record needs s.mu.
func (s *Store) record(c change) {
	if len(s.history) >= historyLength {
		drop := historyLength / 4
		s.forgotten = s.history[drop-1].version
		s.history = slices.Delete(s.history, 0, drop)
	}
	s.history = append(s.history, c)
	close(s.changed)
	s.changed = make(chan struct{})
}

// ForgetHistory drops every remembered change, as a compaction does: a watch from before now is told 410 Gone.
func (s *Store) ForgetHistory() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = nil
	s.forgotten = s.version
}

// Version returns the version of the newest change.
func (s *Store) Version() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// Get returns an object of prototype's kind, or nil.
func Get[T Object](s *Store, prototype T, namespace, name string) (T, bool) {
	var none T
	r, err := s.resourceOf(prototype)
	if err != nil {
		return none, false
	}
	found, ok := s.get(r.GroupVersionResource, namespace, name)
	if !ok {
		return none, false
	}
	return found.(T), true
}

// List returns the objects of prototype's kind in a namespace, or in all of them when it is empty, ordered by namespace
// and name.
func List[T Object](s *Store, prototype T, namespace string) []T {
	r, err := s.resourceOf(prototype)
	if err != nil {
		return nil
	}
	objects, _ := s.list(r.GroupVersionResource, namespace)
	found := make([]T, len(objects))
	for i, obj := range objects {
		found[i] = obj.(T)
	}
	return found
}

func (s *Store) get(gvr schema.GroupVersionResource, namespace, name string) (Object, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	obj, ok := s.tables[gvr][types.NamespacedName{Namespace: namespace, Name: name}]
	return obj, ok
}

func (s *Store) list(gvr schema.GroupVersionResource, namespace string) ([]Object, uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := make([]Object, 0, len(s.tables[gvr]))
	for key, obj := range s.tables[gvr] {
		if namespace == "" || key.Namespace == namespace {
			found = append(found, obj)
		}
	}
	slices.SortFunc(found, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
	})
	return found, s.version
}

// since returns the changes after version, the version they lead to, and a channel that is closed when there are more.
// expired says that some of them are no longer known.
func (s *Store) since(gvr schema.GroupVersionResource, version uint64) (changes []change, upTo uint64, more <-chan struct{}, expired bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if version < s.forgotten {
		return nil, s.version, s.changed, true
	}
	start, _ := slices.BinarySearchFunc(s.history, version+1, func(c change, v uint64) int { return cmp.Compare(c.version, v) })
	for _, c := range s.history[start:] {
		if c.resource == gvr {
			changes = append(changes, c)
		}
	}
	return changes, s.version, s.changed, false
}

func (s *Store) resourceOf(obj Object) (resource, error) {
	kind, err := kindOf(obj)
	if err != nil {
		return resource{}, fmt.Errorf("store %T: %w", obj, err)
	}
	r, ok := s.catalogue.byKind[kind]
	if !ok {
		return resource{}, fmt.Errorf("store %s: this server does not serve the kind", kind)
	}
	return r, nil
}

func keyOf(obj Object) types.NamespacedName {
	return types.NamespacedName{Namespace: obj.GetNamespace(), Name: obj.GetName()}
}
