package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// endpointLines is what a person sees in the panel of the slices.
func endpointLines(table EndpointEvidence) []string {
	lines := []string{}
	words := func(words ...string) {
		lines = append(lines, strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), " "))
	}
	for _, slice := range table.Slices {
		more := ""
		if slice.More > 0 {
			more = fmt.Sprintf("+%d", slice.More)
		}
		words(slice.Name, slice.AddressType, strings.Join(slice.Ports, ","), slice.ManagedBy, slice.Ignored, more)
		for _, endpoint := range slice.Endpoints {
			counted := map[bool]string{true: "counted", false: "passed by"}[endpoint.Counted]
			words("-", endpoint.Address, endpoint.Node, endpoint.Zone, endpoint.Pod, endpoint.PodStatus, counted, endpoint.Why)
		}
	}
	return lines
}

func TestWhatTheEndpointPanelShows(t *testing.T) {
	t.Parallel()
	bare := service("web", nil)
	a := pod("a", webApp)
	of := func(pod string, change ...func(*discoveryv1.Endpoint)) func(*discoveryv1.EndpointSlice) {
		return func(e *discoveryv1.EndpointSlice) {
			e.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: pod}
			for _, change := range change {
				change(&e.Endpoints[0])
			}
		}
	}
	uid := func(e *discoveryv1.Endpoint) { e.TargetRef.UID = "uid-a" }
	uidBefore := func(e *discoveryv1.Endpoint) { e.TargetRef.UID = "uid-before" }
	unready := func(e *discoveryv1.Endpoint) { e.Conditions.Ready = new(false) }
	placed := func(e *discoveryv1.Endpoint) { e.NodeName, e.Zone = new("node-1"), new("eu-1a") }
	m := func(change ...func(*discoveryv1.EndpointSlice)) *discoveryv1.EndpointSlice {
		return slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), change...)
	}
	second := func(e *discoveryv1.EndpointSlice) { e.Name = "n" }
	six := func(e *discoveryv1.EndpointSlice) {
		e.AddressType, e.Endpoints[0].Addresses = discoveryv1.AddressTypeIPv6, []string{"2001:db8::1"}
	}
	for name, test := range map[string]struct {
		objects objects
		want    []string
	}{
		"a Pod, where it runs": {objects{bare, a, m(of("a", uid, placed))}, []string{
			"m IPv4 8080/TCP", "- 192.0.2.1 node-1 eu-1a a Running counted",
		}},
		"a Pod without its uid": {objects{bare, a, m(of("a"))}, []string{"m IPv4 8080/TCP", "- 192.0.2.1 a Running counted"}},
		"an address":            {objects{bare, a, m()}, []string{"m IPv4 8080/TCP", "- 192.0.2.1 counted"}},
		"a Pod that is gone":    {objects{bare, m(of("a", uid))}, []string{"m IPv4 8080/TCP", "- 192.0.2.1 a counted listed, but this Pod is gone"}},
		"a Pod of that name, made anew": {objects{bare, a, m(of("a", uidBefore))}, []string{
			"m IPv4 8080/TCP", "- 192.0.2.1 a counted listed, but this Pod is gone",
		}},
		"a Pod that is gone, and not ready": {objects{bare, m(of("a", uid, unready))}, []string{"m IPv4 8080/TCP", "- 192.0.2.1 a passed by not ready"}},
		"a port of another name": {objects{bare, m(func(e *discoveryv1.EndpointSlice) { e.Ports[0].Name = new("http") })}, []string{
			"m IPv4 http 8080/TCP", "- 192.0.2.1 passed by the slice's port names are not the Service's, or its family is not",
		}},
		"another family": {objects{bare, m(six)}, []string{
			"m IPv6 8080/TCP", "- 2001:db8::1 passed by the slice's port names are not the Service's, or its family is not",
		}},
		"no port": {objects{bare, byHand("m", "web", nil, nil, "192.0.2.1")}, []string{
			"m IPv4", "- 192.0.2.1 passed by the slice has no port: the Pod has none of that name and protocol",
		}},
		"left over, of an ExternalName": {objects{service("web", nil, externalName("example.com")), m()}, []string{
			"m IPv4 8080/TCP an ExternalName has no endpoints: this is left over",
			"- 192.0.2.1 passed by an ExternalName has no endpoints: this is left over",
		}},
		"marked headless": {objects{bare, m(markHeadless)}, []string{
			"m IPv4 8080/TCP labelled headless, but the Service has an address",
			"- 192.0.2.1 passed by labelled headless, but the Service has an address",
		}},
		"marked headless, and headless it is": {objects{service("web", nil, headless), m(markHeadless)}, []string{"m IPv4 8080/TCP", "- 192.0.2.1 counted"}},
		"marked headless, the same address in another": {objects{bare, m(markHeadless), m(second)}, []string{
			"m IPv4 8080/TCP labelled headless, but the Service has an address",
			"- 192.0.2.1 passed by labelled headless, but the Service has an address", "n IPv4 8080/TCP", "- 192.0.2.1 counted",
		}},
		"two ports": {objects{bare, m(func(e *discoveryv1.EndpointSlice) {
			e.Ports = append(e.Ports, discoveryv1.EndpointPort{Name: new("stats"), Protocol: new(corev1.ProtocolUDP)})
		}, byController(endpointSliceController))}, []string{
			"m IPv4 8080/TCP,stats any/UDP endpointslice-controller.k8s.io", "- 192.0.2.1 counted",
		}},
	} {
		if got := endpointLines(EndpointTable(cluster(test.objects...).Build(now), web)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q\nwant %q", name, got, test.want)
		}
	}
	unknown := cluster(bare, m(of("a", uid))).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Forbidden}).Build(now)
	if got := endpointLines(EndpointTable(unknown, web))[1]; got != "- 192.0.2.1 a counted" {
		t.Errorf("Pods cannot be read, so none is known to be gone: %q", got)
	}
	if none := EndpointTable(unknown, model.Key{Namespace: "shop", Name: "nobody"}); none.Known || none.Slices != nil {
		t.Errorf("nobody: %+v", none)
	}
}

// TestTheEndpointPanelEnds holds that a panel lists so many endpoints in all, and counts the rest of each slice.
func TestTheEndpointPanelEnds(t *testing.T) {
	t.Parallel()
	of := func(name string, count int) *discoveryv1.EndpointSlice {
		made := byHand(name, "web", new(""), new(int32(8080)))
		for i := range count {
			made.Endpoints = append(made.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("192.0.2.%d", i)}})
		}
		return made
	}
	table := EndpointTable(cluster(service("web", nil), of("a", panelEndpoints-1), of("b", 3), of("c", 4)).Build(now), web)
	var got []string
	for _, slice := range table.Slices {
		got = append(got, fmt.Sprintf("%s %d+%d", slice.Name, len(slice.Endpoints), slice.More))
	}
	if want := []string{fmt.Sprintf("a %d+0", panelEndpoints-1), "b 1+2", "c 0+4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
