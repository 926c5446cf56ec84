package check

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"pgregory.net/rapid"

	"github.com/svctui/svctui/kube/model"
)

type conditions struct{ ready, serving, terminating *bool }

func sliceOf(of string, family discoveryv1.AddressType, portName *string, number *int32, endpoints ...conditions) *discoveryv1.EndpointSlice {
	slice := byHand("slice-"+string(family), of, portName, number)
	slice.AddressType = family
	for i, condition := range endpoints {
		address := fmt.Sprintf("10.0.0.%d", i+1)
		if family == discoveryv1.AddressTypeIPv6 {
			address = fmt.Sprintf("fd00::%d", i+1)
		}
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: condition.ready, Serving: condition.serving, Terminating: condition.terminating},
		})
	}
	return slice
}

func TestEffectiveEndpoints(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	ready, unready := conditions{yes, yes, no}, conditions{no, no, no}
	draining, drained := conditions{no, yes, yes}, conditions{no, no, yes}
	name, number := new(""), new(int32(8080))
	v4 := discoveryv1.AddressTypeIPv4
	marked := sliceOf("web", v4, name, number, ready)
	marked.Labels[corev1.IsHeadlessService] = ""
	twice := sliceOf("web", v4, name, number, ready)
	twice.Name = "twice"
	otherProtocol := sliceOf("web", v4, name, number, ready)
	otherProtocol.Ports[0].Protocol = new(corev1.ProtocolUDP)
	ownProtocol := sliceOf("web", v4, name, number, ready)
	ownProtocol.Ports[0].Protocol = nil
	for title, test := range map[string]struct {
		objects          objects
		usable, listed   int
		fallback, broken bool
	}{
		"ready":                         {objects: objects{sliceOf("web", v4, name, number, ready, unready)}, usable: 1, listed: 2},
		"nothing set is ready":          {objects: objects{sliceOf("web", v4, name, number, conditions{})}, usable: 1, listed: 1},
		"terminating only":              {objects: objects{sliceOf("web", v4, name, number, draining, drained)}, usable: 1, listed: 2, fallback: true},
		"terminating beside ready":      {objects: objects{sliceOf("web", v4, name, number, draining, ready)}, usable: 1, listed: 2},
		"unready only":                  {objects: objects{sliceOf("web", v4, name, number, unready)}, usable: 0, listed: 1, broken: true},
		"no ports":                      {objects: objects{sliceOf("web", v4, nil, nil, ready)}, usable: 0, listed: 1, broken: true},
		"port zero":                     {objects: objects{sliceOf("web", v4, name, new(int32(0)), ready)}, usable: 0, listed: 1, broken: true},
		"port without number":           {objects: objects{sliceOf("web", v4, name, nil, ready)}, usable: 0, listed: 1, broken: true},
		"port without name":             {objects: objects{sliceOf("web", v4, nil, number, ready)}, usable: 0, listed: 1, broken: true},
		"another name":                  {objects: objects{sliceOf("web", v4, new("http"), number, ready)}, usable: 0, listed: 1, broken: true},
		"another protocol":              {objects: objects{otherProtocol}, usable: 0, listed: 1, broken: true},
		"protocol left out is TCP":      {objects: objects{ownProtocol}, usable: 1, listed: 1},
		"names are not routed to":       {objects: objects{sliceOf("web", discoveryv1.AddressTypeFQDN, name, number, ready)}, usable: 0, listed: 0, broken: true},
		"another family":                {objects: objects{sliceOf("web", discoveryv1.AddressTypeIPv6, name, number, ready)}, usable: 0, listed: 1, broken: true},
		"a slice marked headless":       {objects: objects{marked}, usable: 0, listed: 0, broken: true},
		"one address in two slices":     {objects: objects{sliceOf("web", v4, name, number, ready), twice}, usable: 1, listed: 1},
		"of another Service":            {objects: objects{sliceOf("other", v4, name, number, ready)}, usable: 0, listed: 0, broken: true},
		"endpoints without any address": {objects: objects{byHand("m", "web", name, number)}, usable: 0, listed: 0, broken: true},
	} {
		svc := service("web", nil)
		endpoints := EffectiveEndpoints(input(cluster(append(objects{svc}, test.objects...)...)).Snapshot, svc)
		if endpoints.UsableCount() != test.usable || endpoints.ListedCount() != test.listed || endpoints.NothingUsable() != test.broken || endpoints.Complete() == test.broken {
			t.Errorf("%s: %d/%d %+v", title, endpoints.UsableCount(), endpoints.ListedCount(), endpoints)
		}
		if got := endpoints.Ports[0].Fallback; got != test.fallback {
			t.Errorf("%s: fallback %v", title, got)
		}
	}
}

func TestHeadlessHasNoFallback(t *testing.T) {
	t.Parallel()
	svc := service("web", nil, headless)
	slice := sliceOf("web", discoveryv1.AddressTypeIPv4, new("other"), new(int32(1)), conditions{new(false), new(true), new(true)}, conditions{})
	endpoints := EffectiveEndpoints(input(cluster(svc, slice)).Snapshot, svc)
	if endpoints.UsableCount() != 1 || endpoints.Ports[0].Fallback || endpoints.Ports[0].Usable[0].Port != 0 {
		t.Errorf("DNS publishes the ready address, whatever its ports: %+v", endpoints)
	}
	slice.Endpoints = slice.Endpoints[:1]
	endpoints = EffectiveEndpoints(input(cluster(svc, slice)).Snapshot, svc)
	if endpoints.UsableCount() != 0 || endpoints.Ports[0].Fallback || !endpoints.NothingUsable() {
		t.Errorf("DNS publishes no address that terminates: %+v", endpoints)
	}
}

func TestManyEndpointsAreNotCountedTwice(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"app": "web"})
	var objects objects
	var pods []*corev1.Pod
	for i := range 300 {
		p := pod(fmt.Sprintf("p%d", i), labels{"app": "web"})
		p.Status.PodIP = fmt.Sprintf("10.9.%d.%d", i/250, i%250)
		pods, objects = append(pods, p), append(objects, p)
	}
	slices := slicesFor(svc, pods...)
	again := slices[0].DeepCopy()
	again.Name = "again"
	in := input(cluster(append(objects, svc, slices[0], again)...))
	report := Judge(in, keyOf(svc))
	if report.Usable != 300 || report.Selected != 300 || report.Verdict != OK {
		t.Errorf("%s", told(report))
	}
	endpoints := EffectiveEndpoints(in.Snapshot, svc)
	if len(endpoints.Ports[0].Usable) != 300 {
		t.Errorf("%d usable", len(endpoints.Ports[0].Usable))
	}
}

// TestEndpointsFollowTheExpectedOnes holds the model of what is routed to against that of what the controller should list.
func TestEndpointsFollowTheExpectedOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		svc := service("web", labels{"app": "web"})
		svc.Spec.PublishNotReadyAddresses = rapid.Bool().Draw(t, "publish")
		var objects objects
		var pods []*corev1.Pod
		for i := range rapid.IntRange(0, 20).Draw(t, "pods") {
			var changes []func(*corev1.Pod)
			for _, change := range []func(*corev1.Pod){notReady, terminating, ended(corev1.PodFailed)} {
				if rapid.IntRange(0, 3).Draw(t, "changed") == 0 {
					changes = append(changes, change)
				}
			}
			p := pod(fmt.Sprintf("p%d", i), labels{"app": "web"}, changes...)
			pods, objects = append(pods, p), append(objects, p)
		}
		snapshot := input(cluster(append(objects, svc)...)).Snapshot
		expected, ready := expectedEndpoints(svc, pods)
		endpoints := EffectiveEndpoints(snapshot, svc)
		if endpoints.ListedCount() != expected || endpoints.ReadyCount() != ready {
			t.Fatalf("%d listed, %d ready; want %d and %d", endpoints.ListedCount(), endpoints.ReadyCount(), expected, ready)
		}
		if ready > 0 && endpoints.UsableCount() != ready {
			t.Fatalf("%d usable of %d ready", endpoints.UsableCount(), ready)
		}
		report := Judge(input(cluster(append(objects, svc)...)), keyOf(svc))
		if report.Usable > report.Selected || report.Selected != expected {
			t.Fatalf("%s", told(report))
		}
	})
}

// expectedEndpoints counts the endpoints that the EndpointSlice controller makes of Pods that have an address: those that have not ended.
// Terminating Pods stay listed, and are not ready unless the Service publishes such addresses (ShouldPodBeInEndpoints and podToEndpoint
// in k8s.io/endpointslice).
func expectedEndpoints(service *corev1.Service, selected []*corev1.Pod) (listed, ready int) {
	for _, pod := range selected {
		if PodEnded(pod) {
			continue
		}
		listed++
		if service.Spec.PublishNotReadyAddresses || model.PodReady(pod) && pod.DeletionTimestamp == nil {
			ready++
		}
	}
	return listed, ready
}

func TestOnlyTheVeryPodCounts(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc, was := service("web", app), pod("web-0", app)
	slices := slicesFor(svc, was)
	again := pod("web-0", app, ended(corev1.PodFailed))
	again.UID = "another"
	endpoints := EffectiveEndpoints(input(cluster(svc, slices[0], again)).Snapshot, svc)
	if endpoints.UsableCount() != 1 || endpoints.Backends[0].Pod != nil {
		t.Errorf("a Pod of the same name is another one: %+v", endpoints.Backends)
	}
	again.UID = was.UID
	endpoints = EffectiveEndpoints(input(cluster(svc, slices[0], again)).Snapshot, svc)
	if endpoints.ListedCount() != 0 {
		t.Errorf("an ended Pod is left out: %+v", endpoints.Backends)
	}
	again.Labels = labels{"app": "other"}
	endpoints = EffectiveEndpoints(input(cluster(svc, slices[0], again)).Snapshot, svc)
	if endpoints.ListedCount() != 1 || endpoints.Backends[0].Pod != nil {
		t.Errorf("a Pod that is not selected is not the slice's: %+v", endpoints.Backends)
	}
}

// TestAPodIsOneBackend holds that READY counts a Pod once, however often slices repeat it, few or many.
func TestAPodIsOneBackend(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app)
	for _, more := range []int{0, 20} {
		first, second := pod("a", app), pod("b", app)
		second.Status.PodIP = first.Status.PodIP // as two Pods on their node's network
		pods := []*corev1.Pod{first, second}
		for i := range more {
			pods = append(pods, pod(fmt.Sprint("more-", i), app))
		}
		want := 3 + more
		for name, slices := range map[string][]*discoveryv1.EndpointSlice{
			"the Pod's slice first":  {slicesFor(svc, pods...)[0], byHand("z", "web", new(""), new(int32(8080)), first.Status.PodIP, "192.0.2.1", "192.0.2.1")},
			"the hand's slice first": {byHand("a", "web", new(""), new(int32(8080)), first.Status.PodIP, "192.0.2.1", "192.0.2.1"), slicesFor(svc, pods...)[0]},
		} {
			all := objects{svc}
			for _, pod := range pods {
				all = append(all, pod)
			}
			snapshot := input(cluster(all...)).Snapshot
			endpoints := effectiveEndpoints(snapshot, svc, slices)
			// To kube-proxy the two on their node's address are one.
			if endpoints.ListedCount() != want || endpoints.UsableCount() != want-1 {
				t.Errorf("%s, %d more: %d of %d, want %d", name, more, endpoints.UsableCount(), endpoints.ListedCount(), want)
			}
			for _, pod := range pods {
				if !endpoints.ListsReady(pod) {
					t.Errorf("%s, %d more: Pod %s is not listed", name, more, pod.Name)
				}
			}
		}
	}
}

// TestABareAddressIsOfTheFirstPodThatHasIt has two Pods on their node's network in slices of their own, and between them or behind them
// a slice by hand that lists the address as ready and names nobody.
func TestABareAddressIsOfTheFirstPodThatHasIt(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	for _, more := range []int{0, 20} {
		first, second := pod("a", webApp, notReady), pod("b", webApp, notReady)
		second.Status.PodIP = first.Status.PodIP
		bare := byHand("m", "web", new(""), new(int32(8080)), first.Status.PodIP)
		all, others := objects{svc, first, second}, []*corev1.Pod{}
		for i := range more {
			other := pod(fmt.Sprint("more-", i), webApp)
			all, others = append(all, other), append(others, other)
		}
		snapshot := input(cluster(all...)).Snapshot
		ofFirst, ofSecond, ofOthers := slicesFor(svc, first)[0], slicesFor(svc, second)[0], slicesFor(svc, others...)[0]
		for name, slices := range map[string][]*discoveryv1.EndpointSlice{
			"between them": {ofFirst, bare, ofSecond, ofOthers},
			"behind them":  {ofFirst, ofSecond, bare, ofOthers},
		} {
			endpoints := effectiveEndpoints(snapshot, svc, slices)
			if endpoints.ListedCount() != 2+more || !endpoints.ListsReady(first) || !endpoints.Lists(second) || endpoints.ListsReady(second) {
				t.Errorf("%s, %d more: %d listed, ready %v and %v", name, more, endpoints.ListedCount(), endpoints.ListsReady(first), endpoints.ListsReady(second))
			}
		}
	}
}

// TestAPodOfTwoFamiliesIsOneBackend has the Pods in a slice of each family, few and many.
func TestAPodOfTwoFamiliesIsOneBackend(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp, func(svc *corev1.Service) {
		svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	})
	for _, count := range []int{2, 20} {
		all, pods := objects{svc}, []*corev1.Pod{}
		for i := range count {
			p := pod(fmt.Sprint("p", i), webApp)
			all, pods = append(all, p), append(pods, p)
		}
		four := slicesFor(svc, pods...)[0]
		six := four.DeepCopy()
		six.Name, six.AddressType = "six", discoveryv1.AddressTypeIPv6
		for i := range six.Endpoints {
			six.Endpoints[i].Addresses = []string{fmt.Sprintf("fd00::%x", i+1)}
		}
		endpoints := EffectiveEndpoints(input(cluster(append(all, four, six)...)).Snapshot, svc)
		if endpoints.ListedCount() != count || endpoints.UsableCount() != count || len(endpoints.Ports[1].Usable) != count {
			t.Errorf("%d Pods: %d of %d", count, endpoints.UsableCount(), endpoints.ListedCount())
		}
	}
}
