package engine

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// In one namespace too, who has an endpoint that somebody wrote by hand is looked up in all of them: nothing else tells that nobody has it. That
// somebody is found to have it must not end the look, or it would begin anew.
func TestWhoHasAnEndpointThatIsKeptByHand(t *testing.T) {
	everywhere := model.Need{Kind: model.Pods}
	elsewhere := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "bank", Name: "db", UID: "uid-db"},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.9", PodIPs: []corev1.PodIP{{IP: "10.0.0.9"}}},
	}
	for _, test := range []struct {
		name    string
		manager string
		address string
		nodes   int
		asked   bool
	}{
		{"by hand, of the range of a Node", "me", "10.0.0.9", 1, true},
		{"by hand, of a cluster of some size", "me", "10.0.0.9", fewNodes, true},
		{"by hand, of a large cluster", "me", "10.0.0.9", fewNodes + 1, false},
		{"by hand, of no range", "me", "192.0.2.9", 1, false},
		{"by the controller", controllerName, "10.0.0.9", 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newFixture("shop")
				source.answer = func(model.Need) model.Coverage { return model.Coverage{State: model.Live} }
				for i := range test.nodes {
					source.put(&corev1.Node{
						ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i)},
						Spec:       corev1.NodeSpec{PodCIDRs: []string{fmt.Sprintf("10.0.%d.0/24", i)}},
					})
				}
				service, slice := aService("shop", "db"), aSlice("shop", "db", 1)
				service.Spec.Selector = nil
				slice.Labels[discoveryv1.LabelManagedBy] = test.manager
				slice.Endpoints[0].Addresses = []string{test.address}
				source.put(service)
				source.put(slice)
				source.live()
				run(t, newEngine(source, Options{}, simple()))
				time.Sleep(time.Minute)
				if got := slices.Contains(source.lastAsked(), everywhere); got != test.asked {
					t.Fatalf("it asked for %v", source.lastAsked())
				}
				source.put(elsewhere)
				time.Sleep(time.Minute)
				times := source.timesAsked()
				time.Sleep(time.Hour)
				if got := slices.Contains(source.lastAsked(), everywhere); got != test.asked || source.timesAsked() != times {
					t.Errorf("once a Pod is known to have it, it asks for %v, %d times", source.lastAsked(), source.timesAsked()-times)
				}
			})
		})
	}
}

// The same of the Service that is open, in a cluster of any size.
func TestWhoHasAnEndpointOfTheOpenService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.answer = func(model.Need) model.Coverage { return model.Coverage{State: model.Live} }
		for i := range fewNodes + 1 {
			source.put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i)}, Spec: corev1.NodeSpec{PodCIDRs: []string{fmt.Sprintf("10.0.%d.0/24", i)}}})
		}
		service, slice := aService("shop", "db"), aSlice("shop", "db", 1)
		service.Spec.Selector = nil
		slice.Labels[discoveryv1.LabelManagedBy] = "me"
		slice.Endpoints[0].Addresses = []string{"10.0.0.9"}
		source.put(service)
		source.put(slice)
		source.live()
		engine := newEngine(source, Options{}, simple())
		run(t, engine)
		open := key("shop", "db")
		engine.Focus(&open)
		time.Sleep(time.Minute)
		source.put(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "bank", Name: "db", UID: "uid-db"},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.9", PodIPs: []corev1.PodIP{{IP: "10.0.0.9"}}},
		})
		time.Sleep(time.Minute)
		times := source.timesAsked()
		time.Sleep(time.Hour)
		if !slices.Contains(source.lastAsked(), model.Need{Kind: model.Pods}) || source.timesAsked() != times {
			t.Errorf("it asks for %v, %d times more", source.lastAsked(), source.timesAsked()-times)
		}
		engine.Focus(nil)
		time.Sleep(time.Minute)
		if slices.Contains(source.lastAsked(), model.Need{Kind: model.Pods}) {
			t.Errorf("closed, it asks for %v", source.lastAsked())
		}
	})
}
