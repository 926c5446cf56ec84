package forward

import (
	"context"
	"slices"
	"strings"
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

// Each change is seen as the API server tells it, and nothing is listed again for it.
func TestFollowHearsOfEachChange(t *testing.T) {
	cluster := newFakeCluster(t)
	first := readyPod("web-1")
	cluster.put(first)
	link, err := newPlainLink(cluster.config())
	if err != nil {
		t.Fatal(err)
	}
	defer link.close()
	ctx, stop := context.WithCancel(t.Context())
	changes, ended := make(chan string), make(chan struct{})
	go func() {
		defer close(ended)
		follow(ctx, podsWith(link.client, "ns", labelled(map[string]string{"app": "web"})), func(pods []*corev1.Pod, err error) {
			names := []string{}
			for _, pod := range pods {
				name := pod.Name
				if takesNewConnections(pod) {
					name += " is Ready"
				}
				names = append(names, name)
			}
			slices.Sort(names)
			if err != nil {
				names = append(names, err.Error())
			}
			select {
			case changes <- strings.Join(names, ", "):
			case <-ctx.Done():
			}
		})
	}()
	relabelled := readyPod("web-2")
	relabelled.Labels = map[string]string{"app": "other"}
	foreign := readyPod("other-1")
	foreign.Labels = map[string]string{"app": "other"}
	for _, step := range []struct {
		name   string
		change func()
		want   string
	}{
		{"the list", func() {}, "web-1 is Ready"},
		{"a new Pod", func() { cluster.put(unreadyPod("web-2")) }, "web-1 is Ready, web-2"},
		{"it changed", func() { cluster.put(foreign); cluster.put(readyPod("web-2")) }, "web-1 is Ready, web-2 is Ready"},
		{"it is not selected any more", func() { cluster.put(relabelled) }, "web-1 is Ready"},
		{"a Pod is gone", func() { cluster.remove(first) }, ""},
		{"another one", func() { cluster.put(readyPod("web-3")) }, "web-3 is Ready"},
	} {
		step.change()
		select {
		case got := <-changes:
			if got != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: nothing was heard", step.name)
		}
	}
	if lists := cluster.listCount("pods"); lists != 1 {
		t.Errorf("%d lists", lists)
	}
	stop()
	<-ended
}

// ending is a watch that says nothing and ends.
func ending(after time.Duration) watch.Interface {
	events := watch.NewFake()
	time.AfterFunc(after, events.Stop)
	return events
}
