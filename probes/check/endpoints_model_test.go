package check

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestFamiliesOf(t *testing.T) {
	t.Parallel()
	v4, v6 := corev1.IPv4Protocol, corev1.IPv6Protocol
	ready := conditions{new(true), new(true), new(false)}
	ofFamily := func(family discoveryv1.AddressType) *discoveryv1.EndpointSlice {
		return sliceOf("web", family, new(""), new(int32(8080)), ready)
	}
	both := []*discoveryv1.EndpointSlice{ofFamily(discoveryv1.AddressTypeIPv4), ofFamily(discoveryv1.AddressTypeIPv6)}
	type families = []corev1.IPFamily
	spec := func(clusterIP string, set families, selector labels) *corev1.Service {
		return service("web", selector, func(svc *corev1.Service) { svc.Spec.ClusterIP, svc.Spec.IPFamilies = clusterIP, set })
	}
	app := labels{"app": "web"}
	for name, test := range map[string]struct {
		service *corev1.Service
		slices  []*discoveryv1.EndpointSlice
		want    families
	}{
		"as it says":                            {spec("10.96.0.1", families{v6, v4}, app), nil, families{v6, v4}},
		"as it says, without a selector":        {spec("10.96.0.1", families{v4}, nil), both, families{v4}},
		"as it says, headless":                  {spec("None", families{v4, v6}, app), both[:1], families{v4, v6}},
		"headless without a selector: slices":   {spec("None", families{v4, v6}, nil), both[:1], families{v4}},
		"headless without a selector: IPv6":     {spec("None", families{v4, v6}, nil), both[1:], families{v6}},
		"headless without a selector: both":     {spec("None", families{v4, v6}, nil), both, families{v4, v6}},
		"headless without a selector: turned":   {spec("None", families{v4, v6}, nil), []*discoveryv1.EndpointSlice{both[1], both[0]}, families{v4, v6}},
		"headless without a selector, no slice": {spec("None", families{v4, v6}, nil), nil, families{v4}},
		"nothing said, by the address":          {spec("10.96.0.1", nil, app), both[1:], families{v4}},
		"nothing said, by an IPv6 address":      {spec("fd00::1", nil, app), both[:1], families{v6}},
		"nothing said, no address":              {spec("", nil, app), both[1:], families{v6}},
		"nothing said, no address, names":       {spec("", nil, app), []*discoveryv1.EndpointSlice{ofFamily(discoveryv1.AddressTypeFQDN)}, families{v4}},
	} {
		if got := familiesOf(test.service, test.slices); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestTargetPod(t *testing.T) {
	t.Parallel()
	for want, ref := range map[string]*corev1.ObjectReference{
		"a": {Kind: "Pod", Name: "a"}, "b": {Kind: "Pod", Name: "b", Namespace: "shop"},
		"": {Kind: "Node", Name: "c"},
	} {
		if got := targetPod(&discoveryv1.Endpoint{TargetRef: ref}, "shop"); got != want {
			t.Errorf("%+v: %q", ref, got)
		}
	}
	for _, ref := range []*corev1.ObjectReference{nil, {Kind: "Pod", Name: "d", Namespace: "prod"}} {
		if got := targetPod(&discoveryv1.Endpoint{TargetRef: ref}, "shop"); got != "" {
			t.Errorf("%+v: %q", ref, got)
		}
	}
}

// TestBackendsTellTheirState has one Pod in several slices: what any of them says of it counts, and the node is the endpoint's.
func TestBackendsTellTheirState(t *testing.T) {
	t.Parallel()
	yes, no := new(true), new(false)
	for name, test := range map[string]struct {
		conditions                  []conditions
		ready, serving, terminating bool
	}{
		"ready":                {[]conditions{{yes, yes, no}}, true, true, false},
		"not ready":            {[]conditions{{no, no, no}}, false, false, false},
		"terminating, serves":  {[]conditions{{no, yes, yes}}, false, true, true},
		"in one of two slices": {[]conditions{{yes, no, no}, {no, no, no}}, true, false, false},
		"in the second":        {[]conditions{{no, no, no}, {yes, yes, yes}}, true, true, true},
		"in the first":         {[]conditions{{yes, yes, yes}, {no, no, no}}, true, true, true},
	} {
		svc := service("web", nil)
		objects := objects{svc}
		for i, condition := range test.conditions {
			slice := sliceOf("web", discoveryv1.AddressTypeIPv4, new(""), new(int32(8080)), condition)
			slice.Name = fmt.Sprint("web-", i)
			slice.Endpoints[0].NodeName = new("node-7")
			objects = append(objects, slice)
		}
		endpoints := EffectiveEndpoints(input(cluster(objects...)).Snapshot, svc)
		if len(endpoints.Backends) != 1 {
			t.Fatalf("%s: %+v", name, endpoints.Backends)
		}
		got := endpoints.Backends[0]
		if got.Ready != test.ready || got.Serving != test.serving || got.Terminating != test.terminating || endpoints.ReadyCount() == 1 != test.ready {
			t.Errorf("%s: %+v", name, got)
		}
		if usable := endpoints.Ports[0].Usable; test.ready && (len(usable) == 0 || usable[0].Node != "node-7") {
			t.Errorf("%s: %+v", name, usable)
		}
	}
}

func TestEndpointsByPodAndPort(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	second := port(9090, "metrics")
	second.Name = "metrics"
	svc := service("web", app, func(svc *corev1.Service) {
		svc.Spec.Ports[0].Name = "http"
		svc.Spec.Ports = append(svc.Spec.Ports, second)
	})
	a, b, stranger := pod("a", app), pod("b", app, notReady), pod("c", labels{"app": "db"})
	endpoints := EffectiveEndpoints(input(cluster(svc, a, b, stranger)).Snapshot, svc)
	if endpoints.PortDead(0) || !endpoints.PortDead(1) || endpoints.PortDead(2) || endpoints.Complete() || endpoints.NothingUsable() {
		t.Errorf("%+v", endpoints.Ports)
	}
	if !endpoints.Lists(a) || !endpoints.Lists(b) || endpoints.Lists(stranger) {
		t.Errorf("%+v", endpoints.Backends)
	}
	if !endpoints.ListsReady(a) || endpoints.ListsReady(b) || endpoints.ListsReady(stranger) {
		t.Errorf("%+v", endpoints.Backends)
	}
	if slice := endpoints.sliceOfReady(); slice == nil {
		t.Error("no slice lists a ready endpoint")
	}
	none := EffectiveEndpoints(input(cluster(svc, b)).Snapshot, svc)
	if slice := none.sliceOfReady(); slice != nil {
		t.Errorf("%s lists a ready endpoint", slice.Name)
	}
	external := service("web", app, externalName("db.example.com"))
	left := EffectiveEndpoints(input(cluster(external, a, slicesFor(svc, a)[0])).Snapshot, external)
	if len(left.Backends) != 0 || len(left.Ports) != 0 {
		t.Errorf("slices of an earlier type count: %+v", left)
	}
}

// TestPodOfAnEndpoint holds when an endpoint is not the Pod that it names.
func TestPodOfAnEndpoint(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	relabelled := pod("a", labels{"app": "db"})
	foreign := byHand("web-1", "web", new(""), new(int32(8080)), relabelled.Status.PodIP)
	foreign.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Name: "a", Namespace: "shop"}
	controlled := foreign.DeepCopy()
	controlled.Labels[discoveryv1.LabelManagedBy] = endpointSliceController
	for name, test := range map[string]struct {
		service *corev1.Service
		slice   *discoveryv1.EndpointSlice
		want    bool
	}{
		"the controller's slice, other labels": {service("web", app), controlled, false},
		"the controller's slice, its labels":   {service("web", labels{"app": "db"}), controlled, true},
		"the controller's slice, no selector":  {service("web", nil), controlled, true},
		"somebody else's slice, other labels":  {service("web", app), foreign, true},
	} {
		endpoints := EffectiveEndpoints(input(cluster(test.service, relabelled, test.slice)).Snapshot, test.service)
		if got := endpoints.Backends[0].Pod != nil; got != test.want {
			t.Errorf("%s: is the Pod: %v", name, got)
		}
	}
	unread := model.NewBuilder(nil).Put(service("web", nil), foreign).Build(now)
	if backends := EffectiveEndpoints(unread, service("web", nil)).Backends; len(backends) != 1 || backends[0].Pod != nil || backends[0].PodName != "a" {
		t.Errorf("%+v", backends)
	}
}
