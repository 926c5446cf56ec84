package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestAnEndpointThatNoPodHas holds what is said of addresses that somebody wrote, which look like those of Pods.
func TestAnEndpointThatNoPodHas(t *testing.T) {
	t.Parallel()
	ranged := func(name string, cidrs ...string) *corev1.Node {
		return nodeNamed(name, func(node *corev1.Node) { node.Spec.PodCIDRs = cidrs })
	}
	at := func(ip, node string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status.PodIP, p.Status.PodIPs, p.Spec.NodeName = ip, []corev1.PodIP{{IP: ip}}, node
		}
	}
	one, two := ranged("node-1", "10.244.1.0/24", "fd00:1::/64"), ranged("node-2", "10.244.2.0/24")
	a := pod("a", labels{"app": "other"}, at("10.244.1.7", "node-1"))
	manual := func(addresses ...string) *discoveryv1.EndpointSlice {
		return byHand("manual", "web", new(""), new(int32(8080)), addresses...)
	}
	managed := func(by string) *discoveryv1.EndpointSlice {
		return slice(manual("10.244.1.99"), func(e *discoveryv1.EndpointSlice) { e.Labels[discoveryv1.LabelManagedBy] = by })
	}
	notReady := slice(manual("10.244.1.99"), func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Conditions.Ready = new(false) })
	young := slice(manual("10.244.1.99"), func(e *discoveryv1.EndpointSlice) { e.CreationTimestamp = ago(20 * time.Second) })
	six := slice(manual("fd00:1::99"), func(e *discoveryv1.EndpointSlice) { e.AddressType = discoveryv1.AddressTypeIPv6 })
	overV6 := service("web", nil, func(svc *corev1.Service) {
		svc.Spec.ClusterIP, svc.Spec.ClusterIPs, svc.Spec.IPFamilies = "fd00::9", []string{"fd00::9"}, []corev1.IPFamily{corev1.IPv6Protocol}
	})
	annotated := func(value string) *corev1.Node {
		node := ranged("node-1", "10.244.1.0/24")
		node.Annotations = labels{"projectcalico.org/IPv4VXLANTunnelAddr": value}
		return node
	}
	addressed := ranged("node-1", "10.244.1.0/24")
	addressed.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.244.1.99"}}
	web := service("web", nil)
	lost := slice(manual("10.244.1.99"), func(e *discoveryv1.EndpointSlice) {
		e.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "gone"}
	})
	old := ranged("node-1")
	old.Spec.PodCIDR = "10.244.1.0/24"
	elsewhere := placed(pod("b", nil, at("10.244.1.99", "node-1")), "pay")
	onHost := pod("b", nil, at("10.244.1.99", "node-1"), func(p *corev1.Pod) { p.Spec.HostNetwork = true })
	far := pod("far", nil, at("172.16.0.9", "node-1"))
	mine := labels{"app": "web"}
	testSituations(t, "slices_podless", map[string]situation{
		"nobody has it":                                   {objects: objects{web, manual("10.244.1.99"), one, two, a}, want: "EPS-07 critical likely"},
		"nobody has one of two":                           {objects: objects{web, manual("10.244.1.99", "192.0.2.1"), one, two, a}, want: "EPS-07 major likely"},
		"nobody has two of three":                         {objects: objects{web, manual("10.244.1.99", "10.244.2.99", "192.0.2.1"), one, two, a}, want: "EPS-07 major likely"},
		"nobody has it, by the older field":               {objects: objects{web, manual("10.244.1.99"), old, a}, want: "EPS-07 critical likely"},
		"nobody has it, in the other family":              {objects: objects{overV6, six, one, a}, want: "EPS-07 critical likely"},
		"nobody has it, headless":                         {objects: objects{service("web", nil, headless), manual("10.244.1.99"), one, a}, want: "EPS-07 critical likely"},
		"nobody has it, of an Endpoints object":           {objects: objects{web, managed(sliceMirroringController), one, a}, want: "EPS-07 critical likely"},
		"nobody has it, of an operator":                   {objects: objects{web, managed("operator.example.com"), one, a}, want: "EPS-07 critical likely"},
		"nobody has it, beside a selector":                {objects: objects{service("web", mine), pod("c", mine, at("10.244.1.8", "node-1")), manual("10.244.1.99"), slicesFor(service("web", mine), pod("c", mine, at("10.244.1.8", "node-1")))[0], one}, want: "EPS-07 major likely, EPS-09 minor proven"},
		"the Pod that it names is gone":                   {objects: objects{web, lost, one, a}, want: "EPS-07 critical likely"},
		"the Pod that had it has ended":                   {objects: objects{web, manual("10.244.1.99"), one, a, pod("b", nil, at("10.244.1.99", "node-1"), ended(corev1.PodFailed))}, want: "EPS-07 critical likely"},
		"nobody has it, and Pods are on hosts":            {objects: objects{web, manual("10.244.1.99"), one, a, pod("h", nil, at("192.0.2.7", "node-1"), func(p *corev1.Pod) { p.Spec.HostNetwork = true })}, want: "EPS-07 critical likely"},
		"nobody has it, and one that ended was elsewhere": {objects: objects{web, manual("10.244.1.99"), one, a, pod("e", nil, at("172.16.0.1", "node-1"), ended(corev1.PodFailed))}, want: "EPS-07 critical likely"},
		"nobody has it, and a Pod has none yet":           {objects: objects{web, manual("10.244.1.99"), one, a, pod("e", nil, at("", "node-1"))}, want: "EPS-07 critical likely"},
		"an annotation has a longer address":              {objects: objects{web, manual("10.244.1.9"), annotated("10.244.1.99"), a}, want: "EPS-07 critical likely"},
		"written a moment ago":                            {objects: objects{web, young, one, a}, want: "EPS-07 minor likely"},

		"a Pod has it":                             {objects: objects{web, manual("10.244.1.7"), one, a}, want: ""},
		"a Pod of another namespace":               {objects: objects{web, manual("10.244.1.99"), one, a, elsewhere}, want: ""},
		"a Pod on its node's network":              {objects: objects{web, manual("10.244.1.99"), one, a, onHost}, want: ""},
		"another range":                            {objects: objects{web, manual("192.0.2.99"), one, a}, want: ""},
		"the bridge":                               {objects: objects{web, manual("10.244.1.1"), one, a}, want: ""},
		"the network itself":                       {objects: objects{web, manual("10.244.1.0"), one, a}, want: ""},
		"the Node's tunnel":                        {objects: objects{web, manual("10.244.1.99"), annotated("10.244.1.99"), a}, want: ""},
		"the Node's tunnel, in a list":             {objects: objects{web, manual("10.244.1.99"), annotated(`["fd00::1","10.244.1.99/32"]`), a}, want: ""},
		"the Node's own":                           {objects: objects{web, manual("10.244.1.99"), addressed, a}, want: ""},
		"the controller lists one that nobody has": {objects: objects{service("web", mine), manual("192.0.2.1"), slice(managed(endpointSliceController), func(e *discoveryv1.EndpointSlice) { e.Name = "web-1" }), one, a}, want: "EPS-09 minor proven"},
		"it is not ready":                          {objects: objects{web, notReady, one, a}, want: "SVC-06 major likely"},
		"of another cluster":                       {objects: objects{web, managed("endpointslice-mesh.cilium.io"), one, a}, want: ""},
		"a network of its own ranges":              {objects: objects{web, manual("10.244.1.99"), one, far}, want: ""},
		"a network of its own, and one":            {objects: objects{web, manual("10.244.1.99"), one, a, far}, want: ""},
		"Pods have the ranges of others":           {objects: objects{web, manual("10.244.1.99"), one, two, pod("x", nil, at("10.244.2.7", "node-1"))}, want: ""},
		"no Pod shows what the ranges are":         {objects: objects{web, manual("10.244.1.99"), one}, want: ""},
		"no Node has a range":                      {objects: objects{web, manual("10.244.1.99"), ranged("node-1"), a}, want: ""},
		"Nodes may not be read":                    {objects: objects{web, manual("10.244.1.99"), one, a}, without: []model.Kind{model.Nodes}, want: ""},
		"Pods may not be read":                     {objects: objects{web, manual("10.244.1.99"), one, a}, without: []model.Kind{model.Pods}, want: ""},
	})
}

// TestSomePodsShowTheRanges holds how many Pods are asked whether their network uses the Nodes' ranges.
func TestSomePodsShowTheRanges(t *testing.T) {
	t.Parallel()
	node := nodeNamed("node-1", func(node *corev1.Node) { node.Spec.PodCIDRs = []string{"10.244.1.0/24"} })
	for within, want := range map[int]bool{podsSampled - 1: false, podsSampled: true} {
		all := objects{service("web", nil), byHand("manual", "web", new(""), new(int32(8080)), "10.244.1.250"), node}
		for i := range within {
			all = append(all, pod(fmt.Sprintf("a%03d", i), nil, func(p *corev1.Pod) { p.Status.PodIP = fmt.Sprintf("10.244.1.%d", i+2); p.Status.PodIPs = nil }))
		}
		all = append(all, pod("z", nil, func(p *corev1.Pod) { p.Status.PodIP = "172.16.0.9"; p.Status.PodIPs = nil }))
		if finding := findingOf(judge(t, "web", all...), "EPS-07"); (finding != nil) != want {
			t.Errorf("%d within: %+v", within, finding)
		}
	}
	empty := cluster(service("web", nil), byHand("manual", "web", new(""), new(int32(8080)))).Build(now)
	if needs := Needs(web, empty); slices.Contains(needs, model.Need{Kind: model.Nodes}) {
		t.Errorf("of a slice without endpoints nothing is to be asked, and yet %v", needs)
	}
}

// TestPodsAreAskedForBeyondWhereAnAddressLooksLikeTheirs holds when the Pods of all namespaces are read, and what is made of a list that
// is not watched.
func TestPodsAreAskedForBeyondWhereAnAddressLooksLikeTheirs(t *testing.T) {
	t.Parallel()
	node := nodeNamed("node-1", func(node *corev1.Node) { node.Spec.PodCIDRs = []string{"10.244.1.0/24"} })
	a := pod("a", nil, func(p *corev1.Pod) {
		p.Status.PodIP, p.Status.PodIPs = "10.244.1.7", []corev1.PodIP{{IP: "10.244.1.7"}}
	})
	scoped := func(address string, coverage model.Coverage) *model.Builder {
		return cluster(service("web", nil), byHand("manual", "web", new(""), new(int32(8080)), address), node, a).
			Cover(model.Need{Kind: model.Pods}, coverage).Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, model.Coverage{State: model.Live})
	}
	for address, want := range map[string]int{"10.244.1.99": 1, "10.244.1.7": 0, "192.0.2.1": 0} {
		if needs := BeyondNeeds(web, scoped(address, model.Coverage{}).Build(now)); len(needs) != want {
			t.Errorf("%s: %v", address, needs)
		}
	}
	for name, address := range map[string]string{"outside": "192.0.2.1", "a Pod's": "10.244.1.7"} {
		if report := Judge(input(scoped(address, model.Coverage{})), web); report.Verdict != OK {
			t.Errorf("%s: nothing is to be looked at: %s", name, told(report))
		}
	}
	for name, test := range map[string]struct {
		coverage model.Coverage
		said     bool
	}{
		"live":                             {model.Coverage{State: model.Live}, true},
		"listed later":                     {model.Coverage{State: model.Listed, Since: now}, true},
		"listed before it was written":     {model.Coverage{State: model.Listed, Since: now.Add(-2 * time.Hour)}, false},
		"listed just after it was written": {model.Coverage{State: model.Listed, Since: now.Add(-time.Hour + 20*time.Second)}, false},
		"stale":                            {model.Coverage{State: model.Stale, Since: now}, false},
		"forbidden":                        {model.Coverage{State: model.Forbidden}, false},
		"not asked":                        {model.Coverage{}, false},
	} {
		report := Judge(input(scoped("10.244.1.99", test.coverage)), web)
		if finding := findingOf(report, "EPS-07"); (finding != nil) != test.said || finding != nil && (!finding.Since.IsZero() || !strings.Contains(finding.Title, "10.244.1.99")) {
			t.Errorf("%s: %s", name, told(report))
		}
		want := OK
		if test.coverage.Pending() {
			want = Partial
		}
		if !test.said && !strings.HasPrefix(name, "listed") && (len(report.Unchecked) == 0 || report.Verdict != want) {
			t.Errorf("%s: nothing says what was not looked at: %s", name, told(report))
		}
	}
}
