package kube

import (
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// heardWatch passes a watch on. It trims what arrives and tells of every sign of life, bookmarks included.
type heardWatch struct {
	inner   watch.Interface
	results chan watch.Event
	stopped chan struct{}
	once    sync.Once
}

// hearWatch wraps a watch. heard, and ended when the watch ends without having been stopped, are called from the
// watch's own goroutine and must not block.
func hearWatch(inner watch.Interface, heard, ended func()) *heardWatch {
	w := &heardWatch{inner: inner, results: make(chan watch.Event), stopped: make(chan struct{})}
	go func() {
		defer utilruntime.HandleCrash()
		defer close(w.results)
		for event := range inner.ResultChan() {
			if !w.open() {
				// What is left is drained so that the inner watch can end. It may hold the error of having been
				// stopped, which must not pass for one of the watch.
				continue
			}
			heard()
			trimEvent(event)
			select {
			case w.results <- event:
			case <-w.stopped:
			}
		}
		if w.open() {
			ended()
		}
	}()
	return w
}

// ResultChan is that of watch.Interface.
func (w *heardWatch) ResultChan() <-chan watch.Event { return w.results }

// Stop is that of watch.Interface.
func (w *heardWatch) Stop() {
	w.once.Do(func() { close(w.stopped) })
	w.inner.Stop()
}

// open tells whether Stop was not called yet.
func (w *heardWatch) open() bool {
	select {
	case <-w.stopped:
		return false
	default:
		return true
	}
}

func trimEvent(event watch.Event) {
	switch event.Type {
	case watch.Added, watch.Modified, watch.Deleted:
		if object, ok := event.Object.(metav1.Object); ok {
			trim(object)
		}
	}
}

func trimList(list runtime.Object) error {
	return meta.EachListItem(list, func(item runtime.Object) error {
		if object, ok := item.(metav1.Object); ok {
			trim(object)
		}
		return nil
	})
}
