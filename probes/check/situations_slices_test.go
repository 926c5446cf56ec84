package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func ofManager(manager, name string, addresses ...string) *discoveryv1.EndpointSlice {
	return slice(byHand(name, "web", new(""), new(int32(8080)), addresses...), byController(manager))
}

// TestSlicesThatDoNotServe holds what is said of slices whose ports, names, labels or families are not those of their Service.
func TestSlicesThatDoNotServe(t *testing.T) {
	t.Parallel()
	bare := func(change ...func(*corev1.Service)) *corev1.Service { return service("web", nil, change...) }
	slice1 := func(change ...func(*discoveryv1.EndpointSlice)) *discoveryv1.EndpointSlice {
		return slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), change...)
	}
	portIs := func(change func(*discoveryv1.EndpointPort)) func(*discoveryv1.EndpointSlice) {
		return func(e *discoveryv1.EndpointSlice) { change(&e.Ports[0]) }
	}
	onePort := ports(namedPort("web", 80, 8080))
	twoPorts := ports(namedPort("web", 80, 8080), namedPort("admin", 81, 8081))
	serves := func(e *discoveryv1.EndpointSlice) {
		e.Endpoints[0].Conditions.Serving, e.Endpoints[0].Conditions.Terminating = new(true), new(true)
	}
	unready := func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Conditions.Ready = new(false) }
	named := func(name string) func(*discoveryv1.EndpointSlice) {
		return func(e *discoveryv1.EndpointSlice) { e.Name = name }
	}
	six := func(e *discoveryv1.EndpointSlice) {
		e.AddressType, e.Endpoints[0].Addresses = discoveryv1.AddressTypeIPv6, []string{"2001:db8::1"}
	}
	noAddress := func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Addresses = nil }
	app, a := webApp, pod("a", webApp)
	external := service("web", nil, externalName("db.example.com"))
	young := func(svc *corev1.Service) { svc.CreationTimestamp = ago(30 * time.Second) }
	late := func(svc *corev1.Service) *corev1.Service {
		changedBy("kubectl-edit", `{"f:spec":{"f:selector":{}}}`, 10*time.Second)(svc)
		return svc
	}
	noSlice := placed(byHand("other", "web", nil, nil), "elsewhere")
	testSituations(t, "slices", map[string]situation{
		"a port of no name, and no protocol":   {objects: objects{bare(onePort), slice1(portIs(func(p *discoveryv1.EndpointPort) { p.Name, p.Protocol = nil, nil }))}, want: "EPS-01 critical proven"},
		"the name, and no number":              {objects: objects{bare(onePort), slice1(portIs(func(p *discoveryv1.EndpointPort) { p.Name, p.Port = new("web"), nil }))}, want: "EPS-01 critical proven"},
		"the name, and no number nor protocol": {objects: objects{bare(onePort), slice1(portIs(func(p *discoveryv1.EndpointPort) { p.Name, p.Port, p.Protocol = new("web"), nil, nil }))}, want: "EPS-01 critical proven"},
		"two ports of other names": {objects: objects{bare(onePort), slice1(func(e *discoveryv1.EndpointSlice) {
			e.Ports = append(e.Ports, discoveryv1.EndpointPort{Name: new("x"), Port: new(int32(1)), Protocol: new(corev1.ProtocolTCP)})
		})}, want: "EPS-01 critical proven"},
		"another name is UDP":         {objects: objects{bare(onePort), slice1(portIs(func(p *discoveryv1.EndpointPort) { p.Name, p.Protocol = new("x"), new(corev1.ProtocolUDP) }))}, want: "EPS-01 critical proven"},
		"one of two ports":            {objects: objects{bare(twoPorts), slice1(portIs(func(p *discoveryv1.EndpointPort) { p.Name = new("web") }))}, want: "EPS-01 major proven"},
		"none of two ports":           {objects: objects{bare(twoPorts), slice1()}, want: "EPS-01 critical proven, EPS-01 critical proven"},
		"no ports, of two":            {objects: objects{bare(twoPorts), byHand("m", "web", nil, nil, "192.0.2.1")}, want: "EPS-02 critical proven, EPS-02 critical proven"},
		"no ports, and no targetPort": {objects: objects{bare(ports(port(80, nil))), byHand("m", "web", nil, nil, "192.0.2.1")}, want: "EPS-02 critical proven"},
		"no ports, of a headless one": {objects: objects{bare(headless), byHand("m", "web", nil, nil, "192.0.2.1")}, want: ""},
		"Cilium's own, and another":   {objects: objects{bare(onePort), slice1(func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Addresses[0] = ciliumPlaceholder }), slice1(named("n"), func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Addresses[0] = "192.0.2.5" })}, want: "EPS-01 critical proven"},
		"Cilium's own, of one of two ports": {objects: objects{bare(twoPorts), slice1(func(e *discoveryv1.EndpointSlice) {
			e.Endpoints[0].Addresses[0], e.Ports[0].Name = ciliumPlaceholder, new("web")
		})}, want: "EPS-01 major proven"},
		"none is ready":                                     {objects: objects{bare(), slice1(unready)}, want: "SVC-06 major likely"},
		"none is ready, one goes and serves":                {objects: objects{bare(), slice1(unready, serves)}, want: ""},
		"the other family, headless":                        {objects: objects{service("web", nil, headless, ports(port(80, 8080))), slice1(six)}, want: ""},
		"none is ready, of no ports":                        {objects: objects{bare(), slice(byHand("m", "web", nil, nil, "192.0.2.1"), unready)}, want: "SVC-06 major likely"},
		"no ports, no selector, headless, nothing":          {objects: objects{bare(headless, ports())}, want: "SVC-06 info possible"},
		"no selector, headless, nothing":                    {objects: objects{bare(headless)}, want: "SVC-06 major likely"},
		"no ports, headless, an address":                    {objects: objects{bare(headless, ports()), byHand("m", "web", nil, nil, "192.0.2.1")}, want: ""},
		"half of a dual-stack one, in a rollout of another": {objects: objects{bare(twoFamilies, young), slice1(), deployment("other", 1, app, rollingOut)}, want: "PORT-15 major proven"},
		"half of a dual-stack one, the other half":          {objects: objects{bare(twoFamilies), slice1(six)}, want: "PORT-15 major proven"},
		"half of a dual-stack one, headless":                {objects: objects{service("web", app, headless, twoFamilies), a}, want: "PORT-15 minor proven, HL-01 minor possible"},
		"half of a dual-stack one, two ports":               {objects: objects{service("web", app, twoPorts, twoFamilies), a}, want: "PORT-15 major proven"},

		"no slice":                  {objects: objects{service("web", app), noSlice}, want: "SEL-04 critical proven, EPS-10 critical proven"},
		"no slice yet":              {objects: objects{service("web", app, func(svc *corev1.Service) { svc.CreationTimestamp = ago(20 * time.Second) }), noSlice}, want: "SEL-04 critical proven, EPS-10 minor proven"},
		"no slice since a change":   {objects: objects{late(service("web", app)), noSlice}, want: "SEL-04 critical proven, EPS-10 minor proven"},
		"no slice since the change": {objects: objects{service("web", app, changedBy("kubectl-edit", `{"f:spec":{"f:selector":{}}}`, 2*time.Hour)), noSlice}, want: "SEL-04 critical proven, EPS-10 critical proven"},

		"names, and nothing in them":            {objects: objects{bare(), slice1(ofNames, noAddress)}, want: "EPS-04 critical proven"},
		"names, and no endpoint":                {objects: objects{bare(), slice1(ofNames, func(e *discoveryv1.EndpointSlice) { e.Endpoints = nil })}, want: "SVC-06 major likely"},
		"names, an empty one first":             {objects: objects{bare(), slice1(ofNames, named("a"), func(e *discoveryv1.EndpointSlice) { e.Endpoints = nil }), slice1(ofNames, named("b"))}, want: "EPS-04 critical proven"},
		"names, twice":                          {objects: objects{bare(), slice1(ofNames, named("a")), slice1(ofNames, named("b"))}, want: "EPS-04 critical proven"},
		"names and a mark":                      {objects: objects{bare(), slice1(ofNames, named("a")), slice1(markHeadless, named("b"))}, want: "EPS-04 critical proven, EPS-06 critical proven"},
		"names, of a NodePort":                  {objects: objects{bare(nodePort), slice1(ofNames)}, want: "EPS-04 critical proven"},
		"names, beside a selector":              {objects: objects{service("web", app), a, slicesFor(service("web", app), a)[0], slice1(ofNames)}, want: "EPS-04 minor proven"},
		"names, beside a selector without Pods": {objects: objects{service("web", app), slicesFor(service("web", app))[0], slice1(ofNames)}, want: "SEL-04 critical proven, EPS-04 minor proven"},
		"names, of an ExternalName":             {objects: objects{external, slice1(ofNames)}, want: ""},

		"a ClusterIP, of a NodePort":                {objects: objects{at("10.96.0.11", bare(nodePort)), at("10.96.0.12", service("x", app)), byHand("m", "web", new(""), new(int32(80)), "10.96.0.12")}, want: "EPS-05 critical proven"},
		"a ClusterIP, beside a selector":            {objects: objects{at("10.96.0.11", service("web", app)), at("10.96.0.12", service("x", app)), slicesFor(service("web", app))[0], byHand("m", "web", new(""), new(int32(80)), "10.96.0.12")}, want: "EPS-05 critical proven"},
		"a ClusterIP, in a slice of the controller": {objects: objects{at("10.96.0.11", service("web", app)), at("10.96.0.12", service("x", app)), slice(byHand("m", "web", new(""), new(int32(80)), "10.96.0.12"), byController(endpointSliceController))}, want: ""},
		"a ClusterIP, in a slice that is marked":    {objects: objects{at("10.96.0.11", bare()), at("10.96.0.12", service("x", app)), slice(byHand("m", "web", new(""), new(int32(80)), "10.96.0.12"), markHeadless)}, want: "EPS-06 critical proven"},
		"a ClusterIP that is not ready":             {objects: objects{at("10.96.0.11", bare()), at("10.96.0.12", service("x", app)), slice(byHand("m", "web", new(""), new(int32(80)), "10.96.0.12"), unready)}, want: "SVC-06 major likely"},
		"a ClusterIP, no address at all":            {objects: objects{at("10.96.0.11", bare()), slice(byHand("m", "web", new(""), new(int32(80)), "x"), noAddress)}, want: "SVC-06 major likely"},
		"a ClusterIP, of an ExternalName":           {objects: objects{external, at("10.96.0.12", service("x", app)), byHand("m", "web", new(""), new(int32(80)), "10.96.0.12")}, want: ""},

		"a name that begins so":               {objects: objects{bare(), slice(byHand("webshop", "", new(""), new(int32(8080)), "192.0.2.1"), unlabelled)}, want: "SVC-06 major likely"},
		"a name of another Service":           {objects: objects{bare(), service("web-api", nil), slice(byHand("web-api-1", "", new(""), new(int32(8080)), "192.0.2.1"), unlabelled)}, want: "SVC-06 major likely"},
		"a name of a part of another Service": {objects: objects{bare(), service("web-ap", nil), slice(byHand("web-api", "", new(""), new(int32(8080)), "192.0.2.1"), unlabelled)}, want: "EPS-03 critical likely, SVC-06 major likely"},
		"labelled for it already":             {objects: objects{bare(), slice1(unready, named("web-1"))}, want: "SVC-06 major likely"},
		"elsewhere, and empty":                {objects: objects{bare(), placed(byHand("m", "web", new(""), new(int32(8080))), "pay")}, want: "SVC-06 major likely"},
		"elsewhere, of the controller":        {objects: objects{bare(), placed(ofManager(endpointSliceController, "m", "192.0.2.1"), "pay")}, want: "SVC-06 major likely"},
		"elsewhere, Services not to be read":  {objects: objects{bare(), placed(slice1(), "pay")}, want: "EPS-03 critical likely, SVC-06 major likely"},
	})
}

// TestSlicesOfOthers holds what is said of several managers, and of slices that stay behind or do not follow the Pods.
func TestSlicesOfOthers(t *testing.T) {
	t.Parallel()
	svc, a, b := service("web", webApp), pod("a", webApp, ofDeploy("web")), pod("b", webApp, ofDeploy("web"))
	canary := pod("c", webApp, ofDeploy("web-canary"))
	without := service("web", nil)
	lists := func(pods ...*corev1.Pod) *discoveryv1.EndpointSlice { return slicesFor(svc, pods...)[0] }
	other := func(manager string) objects { return objects{svc, a, lists(a), ofManager(manager, "m", "192.0.2.1")} }
	about := &corev1.Endpoints{ObjectMeta: meta("web", nil)} //nolint:staticcheck // the old kind is what the event is about
	mirror := func(reason string, since time.Duration) *corev1.Event {
		return event(about, "Endpoints", "Warning", reason, "Skipped "+reason, since)
	}
	noIP := func(p *corev1.Pod) { p.Status.PodIPs = nil }
	noAddress := func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil }
	sixOnly := func(p *corev1.Pod) {
		p.Status.PodIP, p.Status.PodIPs = "fd00::5", []corev1.PodIP{{IP: "fd00::5"}}
	}
	four := []*corev1.Pod{pod("p1", webApp), pod("p2", webApp), pod("p3", webApp), pod("p4", webApp)}
	againAs := func(p *corev1.Pod) *corev1.Pod {
		p = p.DeepCopy()
		p.UID = "uid-again-" + p.UID
		p.CreationTimestamp = ago(10 * time.Minute)
		return p
	}
	moved := func(p *corev1.Pod) *corev1.Pod {
		p = p.DeepCopy()
		p.Status.PodIP, p.Status.PodIPs = "10.4.8.8", []corev1.PodIP{{IP: "10.4.8.8"}}
		return p
	}
	stopped := func(p *corev1.Pod) *corev1.Event {
		return event(p, "Pod", "Normal", "Killing", "Stopping container app", 3*time.Minute)
	}
	both := service("web", webApp, twoFamilies)
	dual := mutated(b.DeepCopy(), func(p *corev1.Pod) { p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: "fd00::b"}) })
	six := func(pods ...*corev1.Pod) *discoveryv1.EndpointSlice {
		return slice(lists(pods...), func(e *discoveryv1.EndpointSlice) {
			e.Name, e.AddressType = "web-six", discoveryv1.AddressTypeIPv6
			for i := range e.Endpoints {
				e.Endpoints[i].Addresses = []string{"fd00::" + pods[i].Name}
			}
		})
	}
	testSituations(t, "slices_others", map[string]situation{
		"two managers":                      {objects: other("somebody"), want: "EPS-09 minor proven"},
		"two managers, the other first":     {objects: objects{svc, a, slice(lists(a), func(e *discoveryv1.EndpointSlice) { e.Name = "z" }), ofManager("somebody", "m", "192.0.2.1", "192.0.2.2")}, want: "EPS-09 minor proven"},
		"two managers, none the controller": {objects: objects{without, ofManager("one", "m", "192.0.2.1"), ofManager("two", "n", "192.0.2.2")}, want: "EPS-09 minor proven"},
		"nobody and somebody":               {objects: objects{without, byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), ofManager("two", "n", "192.0.2.2")}, want: "EPS-09 minor proven"},
		"an empty label":                    {objects: objects{without, byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), ofManager("", "n", "192.0.2.2")}, want: ""},
		"Submariner":                        {objects: other("lighthouse-agent.submariner.io"), want: ""},
		"MCS":                               {objects: other("endpointslice-mcs.x-k8s.io"), want: ""},
		"GKE's multi-cluster":               {objects: other("gke-multicluster-controller"), want: ""},
		"two managers, an ExternalName":     {objects: objects{service("web", nil, externalName("db.example.com")), ofManager("one", "m", "192.0.2.1"), ofManager("two", "n", "192.0.2.2")}, want: ""},

		"mirrored badly, of several words the newest": {objects: objects{without, mirror("InvalidIPAddress", 5*time.Minute), mirror("TooManyAddressesToMirror", time.Minute), mirror("FailedToUpdateEndpointSlices", 9*time.Minute)}, want: "EPS-08 critical likely, SVC-06 major likely"},
		"mirrored badly, of several words the first":  {objects: objects{without, mirror("FailedToUpdateEndpointSlices", time.Minute), mirror("InvalidIPAddress", 5*time.Minute)}, want: "EPS-08 critical likely, SVC-06 major likely"},

		"left behind, all there":                                {objects: objects{without, lists(a), a}, want: "SVC-05 major proven"},
		"left behind, of two Deployments":                       {objects: objects{without, lists(a, canary), a, canary}, want: "SVC-05 major proven"},
		"left behind, of two Deployments, and a Pod of a third": {objects: objects{without, lists(a, canary), a, canary, pod("d", webApp, ofDeploy("third"))}, want: "SVC-05 major proven"},
		"left behind, one gone, twice listed":                   {objects: objects{without, lists(a, b), slice(lists(b), func(e *discoveryv1.EndpointSlice) { e.Name = "second" }), a}, want: "SVC-05 major proven"},
		"left behind, an address by hand":                       {objects: objects{without, lists(a), a, byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, want: "SVC-05 major proven, EPS-09 minor proven"},
		"left behind, and by hand with a Pod that is gone":      {objects: objects{without, lists(a), a, slice(lists(b), byController("somebody"), func(e *discoveryv1.EndpointSlice) { e.Name = "second" })}, want: "SVC-05 major proven, EPS-09 minor proven"},
		"left behind, Pods not to be read":                      {objects: objects{without, lists(a), a}, want: "SVC-05 major proven", without: []model.Kind{model.Pods}},
		"left behind, of two names":                             {objects: objects{without, lists(a, b), a, func() metav1.Object { p := b.DeepCopy(); p.Labels = labels{"app": "other"}; return p }()}, want: "SVC-05 major proven"},
		"left behind, a Pod that goes beside":                   {objects: objects{without, lists(a), a, pod("z", webApp, terminating)}, want: "SVC-05 major proven"},
		"left behind, Pods of nobody":                           {objects: objects{without, lists(pod("z", webApp)), a}, want: "SVC-05 critical proven"},
		"left behind, Pods of nobody, and another": {objects: func() objects {
			z := pod("z", webApp)
			return objects{without, lists(z), z, pod("y", webApp)}
		}(), want: "SVC-05 major proven"},

		"Ready and not listed, four":                         {objects: objects{svc, four[0], four[1], four[2], four[3], lists()}, want: "EPS-07 critical proven"},
		"Ready and not listed, by its only address":          {objects: objects{svc, pod("z", webApp, noIP), lists()}, want: "EPS-07 critical proven"},
		"Ready and not listed, without an address":           {objects: objects{svc, pod("z", webApp, noAddress), lists()}, want: ""},
		"Ready and not listed, of another family":            {objects: objects{svc, pod("z", webApp, sixOnly), lists()}, want: "PORT-15 critical proven"},
		"Ready and not listed, the selector changed of late": {objects: objects{service("web", webApp, changedBy("kubectl-edit", `{"f:spec":{"f:selector":{}}}`, 10*time.Second)), a, lists()}, want: "EPS-07 minor proven"},
		"listed and not ready there":                         {objects: objects{svc, a, slice(lists(a), func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Conditions.Ready = new(false) })}, want: "EPS-07 critical proven"},
		"listed and not ready there, on a Node that is gone": {objects: objects{svc, a, nodeNamed("node-2"), slice(lists(a), func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Conditions.Ready = new(false) })}, want: "EPS-07 critical proven"},
		"gone, in a slice that says no Pod beside one that does": {objects: objects{svc, b, lists(a, b), slice(lists(a), func(e *discoveryv1.EndpointSlice) {
			e.Name, e.Endpoints[0].TargetRef = "second", nil
		}), stopped(a)}, want: "EPS-07 major proven"},
		"gone, in a slice that says something else than a Pod": {objects: objects{svc, b, slice(lists(a, b), func(e *discoveryv1.EndpointSlice) {
			e.Endpoints[0].TargetRef.Kind = "VirtualMachineInstance"
		}), stopped(a)}, want: ""},
		"gone, in a slice that says so before one that says no Pod": {objects: objects{svc, b, lists(a, b), slice(lists(a), func(e *discoveryv1.EndpointSlice) {
			e.Name, e.Endpoints[0].TargetRef = "z", nil
		}), stopped(a)}, want: "EPS-07 major proven"},
		"gone, and the other is not ready":             {objects: objects{svc, mutated(b.DeepCopy(), notReady), lists(a, mutated(b.DeepCopy(), notReady)), stopped(a)}, want: "EPS-07 critical proven, POD-06 info proven"},
		"made anew, and listed as it is and as it was": {objects: objects{svc, slice(lists(moved(a)), func(e *discoveryv1.EndpointSlice) { e.Name = "z" }), slice(lists(againAs(a)), func(e *discoveryv1.EndpointSlice) { e.Name = "now" }), againAs(a)}, want: "EPS-07 major proven"},
		"made anew, and listed as it was and as it is": {objects: objects{svc, slice(lists(moved(a)), func(e *discoveryv1.EndpointSlice) { e.Name = "before" }), slice(lists(againAs(a)), func(e *discoveryv1.EndpointSlice) { e.Name = "now" }), againAs(a)}, want: "EPS-07 major proven"},
		"at another address, listed without a uid": {objects: objects{svc, slice(lists(moved(a)), func(e *discoveryv1.EndpointSlice) {
			e.Endpoints[0].TargetRef.UID = ""
		}), mutated(a.DeepCopy(), notReady)}, want: "EPS-07 critical proven, POD-06 info proven"},
		"gone, one of two in two families":    {objects: objects{both, dual, lists(a, dual), six(a, dual), stopped(a)}, want: "EPS-07 major proven"},
		"gone, the only one, in two families": {objects: objects{both, lists(a), six(a), stopped(a)}, want: "EPS-07 critical proven"},
		"four made anew, and not ready":       {objects: objects{svc, lists(four...), mutated(againAs(four[0]), notReady), mutated(againAs(four[1]), notReady), mutated(againAs(four[2]), notReady), mutated(againAs(four[3]), notReady)}, want: "EPS-07 critical proven, POD-06 info proven"},
		"made anew without a uid":             {objects: objects{svc, slice(lists(a), func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].TargetRef.UID = "" }), againAs(a)}, want: ""},
		"at another address, not Ready since": {objects: objects{svc, lists(a), mutated(a.DeepCopy(), func(p *corev1.Pod) {
			notReady(p)
			p.Status.PodIP, p.Status.PodIPs = "10.4.8.8", []corev1.PodIP{{IP: "10.4.8.8"}}
		})}, want: "EPS-07 critical proven, POD-06 info proven"},
		"at no address now": {objects: objects{svc, lists(a), mutated(a.DeepCopy(), func(p *corev1.Pod) { notReady(p); noAddress(p) })}, want: "POD-06 info proven"},
		"gone, and terminating there": {objects: objects{svc, b, slice(lists(a, b), func(e *discoveryv1.EndpointSlice) {
			e.Endpoints[0].Conditions.Terminating, e.Endpoints[0].Conditions.Ready = new(true), new(true)
		}), event(a, "Pod", "Normal", "Killing", "Stopping container app", 3*time.Minute)}, want: ""},
	})
}

func mutated(p *corev1.Pod, change func(*corev1.Pod)) *corev1.Pod {
	change(p)
	return p
}
