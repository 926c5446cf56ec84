package demo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/svctui/svctui/kube/demo"
)

// endpointsOf counts a Service's endpoints that are ready and have ports, and all of them.
func endpointsOf(cluster *demo.Cluster, namespace, name string) (usable, all int) {
	for _, slice := range demo.List(cluster, &discoveryv1.EndpointSlice{}, namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] != name {
			continue
		}
		for _, e := range slice.Endpoints {
			all++
			if (e.Conditions.Ready == nil || *e.Conditions.Ready) && len(slice.Ports) > 0 {
				usable++
			}
		}
	}
	return usable, all
}

func selected(cluster *demo.Cluster, service *corev1.Service) []*corev1.Pod {
	return slices.DeleteFunc(demo.List(cluster, &corev1.Pod{}, service.Namespace), func(pod *corev1.Pod) bool {
		return !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels))
	})
}

func eventAbout(cluster *demo.Cluster, obj metav1.Object, reason string) *corev1.Event {
	for _, event := range demo.List(cluster, &corev1.Event{}, obj.GetNamespace()) {
		if event.InvolvedObject.UID == obj.GetUID() && event.Reason == reason {
			return event
		}
	}
	return nil
}

// TestTheShopHoldsWhatItTells looks at the objects behind each story; what they amount to is judged elsewhere.
func TestTheShopHoldsWhatItTells(t *testing.T) {
	clock := clocktesting.NewFakeClock(start)
	cluster := demo.New(clock)
	service := func(namespace, name string) *corev1.Service {
		t.Helper()
		svc, ok := demo.Get(cluster, &corev1.Service{}, namespace, name)
		if !ok {
			t.Fatalf("no Service %s/%s", namespace, name)
		}
		return svc
	}
	if count := len(demo.List(cluster, &corev1.Service{}, "")); count < 35 || count > 50 {
		t.Errorf("%d Services", count)
	}

	broken := map[string]struct{ usable, all int }{
		"checkout": {0, 0}, "cart": {0, 3}, "reviews": {0, 2}, "wishlist": {0, 2}, "promotions": {0, 0}, "gift-cards": {0, 0},
		"loyalty": {0, 0}, "sessions": {0, 2}, "media": {0, 0},
	}
	for _, svc := range demo.List(cluster, &corev1.Service{}, "") {
		usable, all := endpointsOf(cluster, svc.Namespace, svc.Name)
		want, isBroken := broken[svc.Name]
		switch {
		case svc.Spec.Type == corev1.ServiceTypeExternalName, svc.Name == "kube-prometheus-stack-kube-scheduler":
			if all != 0 {
				t.Errorf("%s has endpoints", svc.Name)
			}
		case isBroken:
			if usable != want.usable || all != want.all {
				t.Errorf("%s has %d/%d, want %d/%d", svc.Name, usable, all, want.usable, want.all)
			}
		case svc.Name == "settlement":
			if usable != 1 || all != 3 {
				t.Errorf("settlement has %d/%d leaders", usable, all)
			}
		case usable == 0 || usable != all:
			t.Errorf("%s/%s should be healthy and has %d/%d", svc.Namespace, svc.Name, usable, all)
		}
	}

	t.Run("checkout", func(t *testing.T) {
		svc := service("shop", "checkout")
		pods := slices.DeleteFunc(demo.List(cluster, &corev1.Pod{}, "shop"), func(pod *corev1.Pod) bool { return pod.Labels["app"] != "check-out" })
		if len(selected(cluster, svc)) != 0 || len(pods) != 3 || svc.Spec.Selector["app"] != "checkout" {
			t.Errorf("%v selects %d of %d", svc.Spec.Selector, len(selected(cluster, svc)), len(pods))
		}
		if entry := svc.ManagedFields[0]; entry.Manager != "helm" || start.Sub(entry.Time.Time) != 3*time.Minute {
			t.Errorf("the selector was changed by %s %s ago", entry.Manager, start.Sub(entry.Time.Time))
		}
	})
	t.Run("cart", func(t *testing.T) {
		for _, pod := range selected(cluster, service("shop", "cart")) {
			event := eventAbout(cluster, pod, "Unhealthy")
			if event == nil || !strings.Contains(event.Message, "statuscode: 503") || event.Count < 50 {
				t.Errorf("%s: %v", pod.Name, event)
			}
			for _, c := range pod.Status.Conditions {
				if since := start.Sub(c.LastTransitionTime.Time); c.Type == corev1.PodReady && (since < 11*time.Minute || since > 12*time.Minute) {
					t.Errorf("%s unready for %s", pod.Name, since)
				}
			}
		}
	})
	t.Run("web", func(t *testing.T) {
		svc := service("shop", "web")
		event := eventAbout(cluster, svc, "SyncLoadBalancerFailed")
		if len(svc.Status.LoadBalancer.Ingress) != 0 || event == nil || !strings.Contains(event.Message, "IN_USE_ADDRESSES") || start.Sub(event.FirstTimestamp.Time) < 5*time.Minute {
			t.Errorf("%v %v", svc.Status, event)
		}
	})
	t.Run("reviews", func(t *testing.T) {
		for _, pod := range selected(cluster, service("shop", "reviews")) {
			status := pod.Status.ContainerStatuses[0]
			if status.RestartCount < 8 || status.LastTerminationState.Terminated == nil && status.State.Terminated == nil {
				t.Errorf("%v", status)
			}
		}
	})
	t.Run("wishlist", func(t *testing.T) {
		for _, pod := range selected(cluster, service("shop", "wishlist")) {
			if reason := pod.Status.ContainerStatuses[0].State.Waiting.Reason; reason != "ImagePullBackOff" && reason != "ErrImagePull" {
				t.Error(reason)
			}
		}
	})
	t.Run("promotions", func(t *testing.T) {
		for _, pod := range selected(cluster, service("shop", "promotions")) {
			if event := eventAbout(cluster, pod, "FailedScheduling"); event == nil || !strings.Contains(event.Message, "4 Insufficient cpu") {
				t.Errorf("%v", event)
			}
		}
	})
	t.Run("gift-cards", func(t *testing.T) {
		d, _ := demo.Get(cluster, &appsv1.Deployment{}, "shop", "gift-cards")
		if *d.Spec.Replicas != 0 || d.Status.Replicas != 0 {
			t.Errorf("%d, %v", *d.Spec.Replicas, d.Status)
		}
	})
	t.Run("loyalty", func(t *testing.T) {
		if _, ok := demo.Get(cluster, &appsv1.Deployment{}, "shop", "loyalty"); ok {
			t.Error("its Deployment is still there")
		}
		if len(selected(cluster, service("shop", "loyalty"))) != 0 {
			t.Error("it has Pods")
		}
	})
	t.Run("never a Pod, and once a Pod", func(t *testing.T) {
		for name, want := range map[string]bool{"kube-prometheus-stack-kube-scheduler": false, "loyalty": true, "gift-cards": true} {
			for _, slice := range demo.List(cluster, &discoveryv1.EndpointSlice{}, "") {
				if slice.Labels[discoveryv1.LabelServiceName] == name && strings.Contains(slice.ManagedFields[0].FieldsV1.GetRawString(), `"f:endpoints"`) != want {
					t.Errorf("%s: endpoints owned is not %t", name, want)
				}
			}
		}
	})
	t.Run("search", func(t *testing.T) {
		svc := service("shop", "search")
		pod := selected(cluster, svc)[0]
		if svc.Spec.Ports[0].TargetPort.IntVal != 80 || pod.Spec.Containers[0].Ports[0].ContainerPort != 8080 {
			t.Errorf("%v %v", svc.Spec.Ports, pod.Spec.Containers[0].Ports)
		}
	})
	t.Run("addresses", func(t *testing.T) {
		if service("shop", "legacy-db").Spec.ExternalName != "10.128.0.37" || service("shop", "erp").Spec.ExternalName == "" {
			t.Error("ExternalNames")
		}
		env := selected(cluster, service("shop", "notifications"))[0].Spec.Containers[0].Env
		if !strings.Contains(env[0].Value, service("shop", "cart").Spec.ClusterIP) {
			t.Errorf("%v does not hold the address of cart", env)
		}
		taken := map[string]string{}
		for _, svc := range demo.List(cluster, &corev1.Service{}, "") {
			ip := svc.Spec.ClusterIP
			if ip == "" || ip == corev1.ClusterIPNone {
				continue
			}
			if other, twice := taken[ip]; twice {
				t.Errorf("%s and %s share %s", other, svc.Name, ip)
			}
			taken[ip] = svc.Name
		}
		ips := map[string]string{}
		for _, pod := range demo.List(cluster, &corev1.Pod{}, "") {
			if pod.Spec.HostNetwork || pod.Status.PodIP == "" {
				continue
			}
			if other, twice := ips[pod.Status.PodIP]; twice {
				t.Errorf("%s and %s share %s", other, pod.Name, pod.Status.PodIP)
			}
			ips[pod.Status.PodIP] = pod.Name
		}
	})
	t.Run("Ingresses", func(t *testing.T) {
		var missing []string
		for _, ingress := range demo.List(cluster, &networkingv1.Ingress{}, "") {
			for _, path := range ingress.Spec.Rules[0].HTTP.Paths {
				if _, ok := demo.Get(cluster, &corev1.Service{}, ingress.Namespace, path.Backend.Service.Name); !ok {
					missing = append(missing, path.Backend.Service.Name)
				}
			}
		}
		if !slices.Equal(missing, []string{"blog"}) {
			t.Errorf("Ingresses name Services that are not there: %v", missing)
		}
	})
	t.Run("nothing is from the future", func(t *testing.T) {
		for _, pod := range demo.List(cluster, &corev1.Pod{}, "") {
			if pod.CreationTimestamp.After(start) {
				t.Errorf("%s", pod.Name)
			}
		}
		for _, event := range demo.List(cluster, &corev1.Event{}, "") {
			if event.LastTimestamp.After(start) || start.Sub(event.LastTimestamp.Time) > time.Hour {
				t.Errorf("%s is of %s", event.Name, event.LastTimestamp)
			}
		}
	})
}

func TestTheShopLives(t *testing.T) {
	clock := clocktesting.NewFakeClock(start)
	cluster := demo.New(clock)
	ready := func(name string) string {
		usable, all := endpointsOf(cluster, "shop", name)
		return fmt.Sprintf("%d/%d", usable, all)
	}
	seen := map[string]map[string]bool{}
	quiet, longest := time.Duration(0), time.Duration(0)
	last, changes := "", 0
	for range 5 * 60 {
		clock.Step(time.Second)
		cluster.CatchUp()
		state := ""
		for _, name := range []string{"orders", "accounts", "catalog", "recommendations", "frontend", "cart", "checkout"} {
			if seen[name] == nil {
				seen[name] = map[string]bool{}
			}
			seen[name][ready(name)] = true
			state += ready(name) + " "
		}
		partner, _ := demo.Get(cluster, &corev1.Service{}, "shop", "partner-api")
		state += fmt.Sprint(partner.Status)
		quiet += time.Second
		if state != last {
			quiet = 0
			changes++
		}
		last, longest = state, max(longest, quiet)
		if clock.Since(start) == 19*time.Second && len(partner.Status.LoadBalancer.Ingress) != 0 {
			t.Error("partner-api has its address too early")
		}
		if clock.Since(start) == 21*time.Second && len(partner.Status.LoadBalancer.Ingress) != 1 {
			t.Error("partner-api has no address after 20 s")
		}
	}
	for name, states := range map[string][]string{
		"orders": {"3/3", "2/3"}, "accounts": {"2/2", "0/2"}, "catalog": {"3/3", "5/5"}, "recommendations": {"4/4", "4/5"},
		"frontend": {"4/4", "3/4"}, "cart": {"0/3"}, "checkout": {"0/0"},
	} {
		for _, state := range states {
			if !seen[name][state] {
				t.Errorf("%s was never %s: %v", name, state, seen[name])
			}
		}
	}
	if len(seen["cart"]) != 1 || len(seen["checkout"]) != 1 {
		t.Errorf("what is broken changed by itself: %v %v", seen["cart"], seen["checkout"])
	}
	if longest > 12*time.Second || changes < 60 {
		t.Errorf("%d changes in the list in five minutes, and none for %s", changes, longest)
	}
}
