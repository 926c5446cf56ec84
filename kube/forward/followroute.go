package forward

import (
	"context"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/svctui/svctui/kube/model"
)

// followRoute hands over where a forward leads, or why nowhere, after each change, from one goroutine, until ctx ends. An
// error that is no noRoute means that it cannot be known now.
func followRoute(ctx context.Context, client kubernetes.Interface, target model.ForwardTarget, deliver func(route, error)) {
	if target.Service == "" {
		follow(ctx, podsWith(client, target.Namespace, named(target.Pod)), func(pods []*corev1.Pod, err error) {
			if err != nil {
				deliver(route{}, err)
				return
			}
			deliver(routeToPod(target, only(pods)))
		})
		return
	}
	follower := &serviceFollower{client: client, target: target, deliver: deliver}
	follower.run(ctx)
}

func only[T any](objects []*T) *T {
	if len(objects) == 0 {
		return nil
	}
	return objects[0]
}

// seen is what a follower handed over.
type seen[T any] struct {
	objects []T
	err     error
}

// serviceFollower joins a Service with the Pods that it selects.
type serviceFollower struct {
	client  kubernetes.Interface
	target  model.ForwardTarget
	deliver func(route, error)

	service *corev1.Service
	pods    []*corev1.Pod
	// listed is true once the Pods of the present selector are known.
	listed  bool
	present route
}

func (f *serviceFollower) run(ctx context.Context) {
	var followers sync.WaitGroup
	defer followers.Wait()
	services := make(chan seen[*corev1.Service])
	followers.Go(guarded(func() {
		follow(ctx, serviceNamed(f.client, f.target.Namespace, f.target.Service), sendTo(ctx, services))
	}))
	var pods <-chan seen[*corev1.Pod]
	stopPods := func() {}
	defer func() { stopPods() }()
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-services:
			if next.err != nil {
				f.deliver(route{}, next.err)
				continue
			}
			before := selectorOf(f.service)
			f.service = only(next.objects)
			if selector := selectorOf(f.service); !maps.Equal(selector, before) {
				stopPods()
				f.pods, f.listed = nil, false
				pods, stopPods = f.followPods(ctx, &followers, selector)
			}
			f.choose()
		case next := <-pods:
			if next.err != nil {
				f.deliver(route{}, next.err)
				continue
			}
			f.pods, f.listed = next.objects, true
			f.choose()
		}
	}
}

// followPods starts to hand over the Pods of a selector; an empty one selects none.
func (f *serviceFollower) followPods(ctx context.Context, followers *sync.WaitGroup, selector map[string]string) (<-chan seen[*corev1.Pod], context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	pods := make(chan seen[*corev1.Pod])
	if len(selector) > 0 {
		followers.Go(guarded(func() {
			follow(ctx, podsWith(f.client, f.target.Namespace, labelled(selector)), sendTo(ctx, pods))
		}))
	}
	return pods, stop
}

func (f *serviceFollower) choose() {
	if len(selectorOf(f.service)) > 0 && !f.listed {
		return
	}
	chosen, err := routeToService(f.target, f.service, f.pods, f.present)
	if err == nil {
		f.present = chosen
	}
	f.deliver(chosen, err)
}

func selectorOf(service *corev1.Service) map[string]string {
	if service == nil || service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	return service.Spec.Selector
}

func sendTo[T any](ctx context.Context, to chan<- seen[T]) func([]T, error) {
	return func(objects []T, err error) {
		select {
		case to <- seen[T]{objects, err}:
		case <-ctx.Done():
		}
	}
}
