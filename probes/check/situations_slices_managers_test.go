package check

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// TestMoreThanAnEndpointsObjectHolds holds from how many Pods on old programs miss some.
func TestMoreThanAnEndpointsObjectHolds(t *testing.T) {
	t.Parallel()
	made := func(name string, count int, change ...func(*discoveryv1.EndpointSlice)) *discoveryv1.EndpointSlice {
		made := slice(byHand(name, "web", new(""), new(int32(8080))), byController(endpointSliceController))
		for i := range count {
			made.Endpoints = append(made.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("10.5.%d.%d", i/250, i%250+1)}})
		}
		return slice(made, change...)
	}
	six := func(e *discoveryv1.EndpointSlice) {
		e.AddressType = discoveryv1.AddressTypeIPv6
		for i := range e.Endpoints {
			e.Endpoints[i].Addresses = []string{fmt.Sprintf("fd00::%x", i+1)}
		}
	}
	both := service("web", webApp, twoFamilies)
	for name, test := range map[string]struct {
		objects objects
		said    bool
	}{
		"as many":                  {objects{service("web", webApp), made("web-a", endpointsCapacity)}, false},
		"as many, and one by hand": {objects{service("web", webApp), made("web-a", endpointsCapacity), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, false},
		"one more":                 {objects{service("web", webApp), made("web-a", endpointsCapacity+1)}, true},
		"one more, in two": {objects{service("web", webApp), made("web-a", 600), slice(made("web-b", 401), func(e *discoveryv1.EndpointSlice) {
			for i := range e.Endpoints {
				e.Endpoints[i].Addresses = []string{fmt.Sprintf("10.6.%d.%d", i/250, i%250+1)}
			}
		})}, true},
		"as many of each family": {objects{both, made("web-a", 600), made("web-b", 600, six)}, false},
		"of nobody's selector":   {objects{service("web", nil), made("web-a", endpointsCapacity+1)}, false},
	} {
		if report := judge(t, "web", test.objects...); has(report, "EPS-11") != test.said {
			t.Errorf("%s: want %v: %s", name, test.said, told(report))
		}
	}
}

// TestSlicesInFull holds what is said of a second manager, of a headless Service's other family, and of what looks like a fault.
func TestSlicesInFull(t *testing.T) {
	t.Parallel()
	svc, a := service("web", webApp), pod("a", webApp)
	six := func(e *discoveryv1.EndpointSlice) {
		e.AddressType, e.Endpoints[0].Addresses = discoveryv1.AddressTypeIPv6, []string{"2001:db8::1"}
	}
	none := func(svc *corev1.Service) { svc.Spec.ClusterIP = corev1.ClusterIPNone }
	testSituations(t, "slices_managers", map[string]situation{
		"a second manager, told first":        {objects: objects{svc, a, slicesFor(svc, a)[0], ofManager("example.com/mine", "a", "192.0.2.1")}, want: "EPS-09 minor proven"},
		"a second manager, told last":         {objects: objects{svc, a, slicesFor(svc, a)[0], ofManager("example.com/mine", "z", "192.0.2.1")}, want: "EPS-09 minor proven"},
		"two others":                          {objects: objects{service("web", nil), ofManager("example.com/mine", "a", "192.0.2.1"), ofManager("example.com/yours", "z", "192.0.2.2")}, want: "EPS-09 minor proven"},
		"headless, of another family":         {objects: objects{service("web", nil, headless), slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), six)}, want: ""},
		"a name that has None for an address": {objects: objects{service("web", nil, externalName("db.example.com"), none)}, want: ""},
		"no ports, by a number":               {objects: objects{service("web", nil), byHand("m", "web", nil, nil, "192.0.2.1")}, want: "EPS-02 critical proven"},
		"no ports, by a name":                 {objects: objects{service("web", nil, ports(port(80, "http"))), byHand("m", "web", nil, nil, "192.0.2.1")}, want: "EPS-02 critical proven"},
	})
}
