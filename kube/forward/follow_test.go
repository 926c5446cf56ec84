package forward

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// A proxy that cuts every watch, or an API server that has forgotten each version, must not be asked for all again and again.
func TestAWatchThatEndsAtOnceIsNotOpenedInAHurry(t *testing.T) {
	for _, test := range []struct {
		name        string
		watch       func() watch.Interface
		most, least int
	}{
		{"ended", func() watch.Interface { return ending(0) }, 50, 30},
		{"an error first", func() watch.Interface {
			events := watch.NewFakeWithOptions(watch.FakeOptions{ChannelSize: 1})
			events.Error(&metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired})
			return events
		}, 50, 30},
		{"after five minutes", func() watch.Interface { return ending(5 * time.Minute) }, 1, 1},
		// One that works and is cut is opened again at once.
		{"after two seconds", func() watch.Interface { return ending(2 * time.Second) }, 29, 28},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				lists := 0
				follow(ctx, source{
					list: func(context.Context, metav1.ListOptions) (runtime.Object, error) {
						lists++
						return &corev1.PodList{}, nil
					},
					watch: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return test.watch(), nil },
				}, func([]*corev1.Pod, error) {})
				if lists > test.most || lists < test.least {
					t.Errorf("%d lists in a minute, want %d to %d", lists, test.least, test.most)
				}
			})
		})
	}
}

// ending is a watch that says nothing and ends.
func ending(after time.Duration) watch.Interface {
	events := watch.NewFake()
	time.AfterFunc(after, events.Stop)
	return events
}
