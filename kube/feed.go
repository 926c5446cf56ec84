package kube

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/watchlist"

	"github.com/svctui/svctui/kube/convert"
	"github.com/svctui/svctui/kube/model"
)

// feed reads one kind in one namespace into the Store, by a reflector, until it is ended or denied.
type feed struct {
	store  *Store
	need   model.Need
	reader reader
	cancel context.CancelFunc
	// plainList says that the first list must not stream in.
	plainList bool

	// What follows is guarded by the Store's mu.

	// ended says that nothing the reflector still brings is wanted.
	ended bool
	// done says that the reflector has ended.
	done bool
	// listed says that objects are all there are, as far as coverage says.
	listed   bool
	objects  map[model.Key]metav1.Object
	coverage model.Coverage
	// watched says that a watch was open since the last list.
	watched bool
	// heardAt is when the API server last gave a sign of life about this feed.
	heardAt time.Time
	// watch is the one that is open, if any.
	watch *heardWatch
	// brokenSince is when reading failed first since anything was heard; brokenBy says how it failed last.
	brokenSince time.Time
	brokenBy    string
	// unwantedSince is when the feed was last wanted; zero while it is.
	unwantedSince time.Time
}

func (f *feed) object(key model.Key) metav1.Object { return f.objects[key] }

// end lets go of the feed. mu is held.
func (f *feed) end() {
	f.ended = true
	f.cancel()
}

// run reads until the feed ends. What goes wrong is told by coverage.
func (f *feed) run(ctx context.Context) {
	defer utilruntime.HandleCrash()
	source := listWatch{
		ListWatch: cache.ListWatch{ListWithContextFunc: f.list, WatchFuncWithContext: f.openWatch},
		plainList: f.plainList || f.need.Kind == model.Services || f.need.Kind == model.EndpointSlices ||
			watchlist.DoesClientNotSupportWatchListSemantics(f.store.clients.typed),
	}
	// The same pace for every trouble: quick at first, because most of it is short, and never more than
	// one attempt in ten seconds or so after that.
	pace := wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 0.3, Steps: 6, Cap: 10 * time.Second}
	cache.NewReflectorWithOptions(&source, f.reader.example, f, cache.ReflectorOptions{
		Name:    string(f.need.Kind) + " of " + f.need.Namespace,
		Backoff: &pace,
	}).RunWithContext(ctx)
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	f.done = true
}

// listWatch is what a reflector reads from. Services and EndpointSlices come by one plain list, which is the
// quickest way to the first table; the rest streams in, so that full objects are never held all at once.
type listWatch struct {
	cache.ListWatch
	plainList bool
}

// IsWatchListSemanticsUnSupported makes the reflector list before it watches.
func (l *listWatch) IsWatchListSemanticsUnSupported() bool { return l.plainList }

func (f *feed) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	list, err := f.reader.list(ctx, options)
	if err != nil {
		f.failed(ctx, "list", err)
		return nil, err
	}
	return list, trimList(list)
}

func (f *feed) openWatch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	inner, err := f.reader.watch(ctx, options)
	if err != nil {
		verb := "watch"
		if options.SendInitialEvents != nil {
			verb = "watch-list"
		}
		f.failed(ctx, verb, err)
		return nil, err
	}
	w := hearWatch(inner, f.heard, f.watchEnded)
	f.heard()
	f.store.mu.Lock()
	if !f.ended {
		f.watch, f.watched = w, true
		f.store.hurry()
	}
	f.store.mu.Unlock()
	return w, nil
}

// heard notes a sign of life.
func (f *feed) heard() {
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ended {
		return
	}
	f.heardAt = time.Now()
	f.brokenSince, f.brokenBy = time.Time{}, ""
	if f.coverage.State == model.Stale {
		s.cover(f, live(f.heardAt))
		s.hurry()
	}
}

// watchEnded notes that a watch ended by itself. Most often the next one is opened at once.
func (f *feed) watchEnded() {
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.ended {
		f.breakOff("the watch ended")
	}
}

// breakOff notes that nothing is heard any more, and why. mu is held.
func (f *feed) breakOff(reason string) {
	if f.brokenSince.IsZero() {
		f.brokenSince = time.Now()
	}
	f.brokenBy = reason
	if f.coverage.State == model.Stale && !f.coverage.Login {
		f.store.cover(f, model.Coverage{State: model.Stale, Since: f.heardAt, Reason: reason})
	}
	f.store.hurry()
}

// failed tells what an error means for the coverage, and stops the feed where asking again would not help.
func (f *feed) failed(ctx context.Context, verb string, err error) {
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ended || ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	now := time.Now()
	reason, login := s.reason(err)
	switch {
	case verb == "watch-list" && !unreachable(err):
		// The reflector lists next, and what that says counts.
	case apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
		// The reflector lists again by itself.
	case apierrors.IsForbidden(err) && verb == "list":
		f.drop(model.Forbidden, verb, reason)
	case apierrors.IsNotFound(err) || meta.IsNoMatchError(err):
		f.drop(model.Absent, verb, reason)
	case apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err):
		// Only a list that no watch followed tells what there was at its time. A right that was taken away
		// while watching lets the reflector list again, and that decides.
		if f.listed && !f.watched {
			s.cover(f, model.Coverage{State: model.Listed, Since: f.heardAt, Verb: verb, Reason: reason})
			f.cancel()
		}
	case !f.listed:
		s.cover(f, model.Coverage{State: model.Failed, Since: now, Reason: reason, Login: login})
	case login:
		s.cover(f, model.Coverage{State: model.Stale, Since: f.heardAt, Reason: reason, Login: true})
	default:
		f.breakOff(reason)
	}
}

// reason says in a line why reading failed, and whether logging in may mend it.
func (s *Store) reason(err error) (text string, login bool) {
	if s.explain != nil {
		if explained := s.explain(err); isLogin(explained) {
			return explained.Error(), true
		}
	}
	return Brief(err), apierrors.IsUnauthorized(err)
}

// unreachable tells whether the API server did not answer, or did not let anybody in, so that asking in another
// way cannot help.
func unreachable(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || apierrors.IsUnauthorized(err)
}

// drop forgets the objects, because it can no longer be known what there is, and stops the feed. mu is held.
func (f *feed) drop(state model.CoverageState, verb, reason string) {
	s := f.store
	s.shift(f.need.Kind, func() { f.listed, f.objects = false, nil })
	s.cover(f, model.Coverage{State: state, Since: time.Now(), Verb: verb, Reason: reason})
	f.cancel()
	s.reconcile()
}

// Replace is that of cache.ReflectorStore: everything that there is.
func (f *feed) Replace(items []any, _ string) error {
	objects := make(map[model.Key]metav1.Object, len(items))
	for _, item := range items {
		if object := f.keep(item); object != nil {
			objects[keyOf(object)] = object
		}
	}
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ended {
		return nil
	}
	for key, object := range objects {
		if old := f.objects[key]; old != nil && old.GetResourceVersion() == object.GetResourceVersion() && old.GetUID() == object.GetUID() {
			objects[key] = old
		}
	}
	now := time.Now()
	s.shift(f.need.Kind, func() { f.listed, f.objects = true, objects })
	f.heardAt, f.brokenSince, f.brokenBy = now, time.Time{}, ""
	// The watch that a list streamed in by goes on.
	f.watched = f.watch != nil && f.watch.open()
	s.cover(f, live(now))
	s.notify()
	s.reconcile()
	return nil
}

// Add is that of cache.ReflectorStore.
func (f *feed) Add(item any) error { return f.put(item, true) }

// Update is that of cache.ReflectorStore.
func (f *feed) Update(item any) error { return f.put(item, true) }

// Delete is that of cache.ReflectorStore.
func (f *feed) Delete(item any) error { return f.put(item, false) }

// Resync is that of cache.ReflectorStore; there is nothing to do.
func (f *feed) Resync() error { return nil }

func (f *feed) put(item any, there bool) error {
	object := f.keep(item)
	if object == nil {
		return nil
	}
	key := keyOf(object)
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.ended || !f.listed {
		return nil
	}
	before := s.visible(f.need.Kind, key)
	if there {
		f.objects[key] = object
	} else {
		delete(f.objects, key)
	}
	if after := s.visible(f.need.Kind, key); after != before {
		s.note(f.need.Kind, key, before, after)
	}
	return nil
}

// keep returns what the Snapshot holds of an object that arrived, nil for nothing.
func (f *feed) keep(item any) metav1.Object {
	object := convert.Object(f.need.Kind, item)
	if object == nil || object == item {
		return object
	}
	// It was trimmed on arrival, but for what only its own type shows.
	trimAnnotations(object)
	return object
}

func keyOf(object metav1.Object) model.Key {
	return model.Key{Namespace: object.GetNamespace(), Name: object.GetName()}
}
