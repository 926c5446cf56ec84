package forward

import (
	"context"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
)

const (
	listTimeout = 10 * time.Second
	// watchLeast is how long a watch that works lasts. One that ends at once, because of a proxy or an API server that has forgotten the
	// version, must not have everything listed again and again.
	watchLeast = time.Second
	// pollPeriod is how often is listed where watching is denied.
	pollPeriod = time.Second
	// deniedPeriod is how long what is denied again and again is not tried.
	deniedPeriod = 20 * time.Second
)

// source lists and watches some objects of one kind.
type source struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

func podsWith(client kubernetes.Interface, namespace string, options metav1.ListOptions) source {
	pods := client.CoreV1().Pods(namespace)
	return source{
		list: func(ctx context.Context, extra metav1.ListOptions) (runtime.Object, error) {
			return pods.List(ctx, narrowed(extra, options))
		},
		watch: func(ctx context.Context, extra metav1.ListOptions) (watch.Interface, error) {
			return pods.Watch(ctx, narrowed(extra, options))
		},
	}
}

func serviceNamed(client kubernetes.Interface, namespace, name string) source {
	services := client.CoreV1().Services(namespace)
	options := named(name)
	return source{
		list: func(ctx context.Context, extra metav1.ListOptions) (runtime.Object, error) {
			return services.List(ctx, narrowed(extra, options))
		},
		watch: func(ctx context.Context, extra metav1.ListOptions) (watch.Interface, error) {
			return services.Watch(ctx, narrowed(extra, options))
		},
	}
}

func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
}

func labelled(selector map[string]string) metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: labels.SelectorFromSet(selector).String()}
}

func narrowed(options, by metav1.ListOptions) metav1.ListOptions {
	options.LabelSelector, options.FieldSelector = by.LabelSelector, by.FieldSelector
	return options
}

// follow hands over all objects of a source after each change, or the error that keeps it from knowing, until ctx ends. It
// lists again whenever the watch ends, and with growing pauses while the API server cannot be reached.
func follow[T metav1.Object](ctx context.Context, from source, deliver func([]T, error)) {
	pause := newBackoff()
	for ctx.Err() == nil {
		objects, version, err := listAll[T](ctx, from)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			deliver(nil, err)
			pause.wait(ctx, err)
			continue
		}
		deliver(values(objects), nil)
		begun := time.Now()
		err = watchFrom(ctx, from, version, objects, deliver)
		switch {
		case err == nil && time.Since(begun) > watchLeast:
			pause.reset()
			pause.wait(ctx, nil)
		case err == nil:
			pause.wait(ctx, nil)
		case apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err):
			sleep(ctx, pollPeriod)
		default:
			pause.wait(ctx, nil)
		}
	}
}

func listAll[T metav1.Object](ctx context.Context, from source) (map[string]T, string, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	list, err := from.list(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, "", err
	}
	objects := map[string]T{}
	for _, item := range items {
		if object, ok := item.(T); ok {
			objects[object.GetName()] = object
		}
	}
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		return nil, "", err
	}
	return objects, accessor.GetResourceVersion(), nil
}

// watchFrom hands over each change until the watch ends. The error is of its opening.
func watchFrom[T metav1.Object](ctx context.Context, from source, version string, objects map[string]T, deliver func([]T, error)) error {
	watching, err := from.watch(ctx, metav1.ListOptions{ResourceVersion: version, AllowWatchBookmarks: true})
	if err != nil {
		return err
	}
	defer watching.Stop()
	for event := range watching.ResultChan() {
		object, ok := event.Object.(T)
		switch {
		case event.Type == watch.Error:
			return nil
		case event.Type == watch.Bookmark || !ok:
			continue
		case event.Type == watch.Deleted:
			delete(objects, object.GetName())
		default:
			objects[object.GetName()] = object
		}
		deliver(values(objects), nil)
	}
	return nil
}

func values[T any](objects map[string]T) []T {
	all := make([]T, 0, len(objects))
	for _, object := range objects {
		all = append(all, object)
	}
	return all
}

// backoff paces attempts: quick at first, then every two seconds at most, so that a Pod that is back is soon found.
type backoff struct{ next time.Duration }

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 1500 * time.Millisecond
)

func newBackoff() *backoff { return &backoff{next: firstPause} }

func (b *backoff) reset() { b.next = firstPause }

// step returns how long to wait after an error, with some jitter.
func (b *backoff) step(err error) time.Duration {
	longest := longestPause
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		// It may be that an API server which has just begun does not know its rights yet.
		longest = deniedPeriod
	}
	pause := min(b.next, longest)
	b.next = min(2*pause, longest)
	return pause + rand.N(pause/4)
}

func (b *backoff) wait(ctx context.Context, err error) { sleep(ctx, b.step(err)) }

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
