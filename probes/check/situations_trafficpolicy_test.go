package check

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// onNodes are the nodes of endpoints that somebody wrote, in their order; empty for one that tells of none.
func onNodes(slice *discoveryv1.EndpointSlice, names ...string) *discoveryv1.EndpointSlice {
	for i, name := range names {
		if name != "" {
			slice.Endpoints[i].NodeName = &name
		}
	}
	return slice
}

func manyNodes(count int, change ...func(*corev1.Node)) objects {
	var nodes objects
	for i := range count {
		nodes = append(nodes, node(fmt.Sprintf("node-%02d", i+1), change...))
	}
	return nodes
}

func goingSoon(svc *corev1.Service) {
	justDeleted(svc)
	svc.Finalizers = []string{"service.kubernetes.io/load-balancer-cleanup"}
}

// fromKubeProxy is what kube-proxy says of a Service's health check port; it does not know the Service's uid.
func fromKubeProxy(svc *corev1.Service, node string, since time.Duration) *corev1.Event {
	e := event(svc, "Service", "Warning", "FailedToStartServiceHealthcheck",
		fmt.Sprintf(`node %s failed to start healthcheck "shop/web" on port 32111: listen tcp4 0.0.0.0:32111: bind: address already in use`, node), since)
	e.InvolvedObject.UID, e.Name = "", "web."+node
	return e
}

func internalAddress(addresses ...string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		for _, address := range addresses {
			n.Status.Addresses = append(n.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: address})
		}
	}
}

func TestTrafficPolicies(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	local := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){internallyLocal}, change...)...)
	}
	outside := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){nodePort, externallyLocal}, change...)...)
	}
	balanced := func(change ...func(*corev1.Service)) *corev1.Service {
		return served("1.2.3.4", append([]func(*corev1.Service){externallyLocal}, change...)...)
	}
	of := func(deploy, name, node string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, app, append([]func(*corev1.Pod){ofDeploy(deploy), onNode(node)}, change...)...)
	}
	daemon := ownedBy("DaemonSet", "web")
	with := func(nodes objects, others ...metav1.Object) objects { return append(others, nodes...) }
	adminFirst := ports(namedPort("admin", 81, "admin"), namedPort("http", 80, "http"))
	both := containerPorts(declared("http", 8080, "TCP"), declared("admin", 8081, "TCP"))
	written := func(change ...func(*corev1.Service)) *corev1.Service { return service("web", nil, change...) }
	byHandOn := func(nodes ...string) *discoveryv1.EndpointSlice {
		return onNodes(byHand("m", "web", new(""), new(int32(8080)), []string{"10.4.9.9", "10.4.9.8"}[:len(nodes)]...), nodes...)
	}
	servingOnly := byHandOn("node-1", "node-2")
	servingOnly.Endpoints[1].Conditions = discoveryv1.EndpointConditions{Ready: new(false), Serving: new(true)}
	asked := balanced(func(svc *corev1.Service) { svc.Spec.HealthCheckNodePort = 32111 })
	near := service("web", app, annotated(corev1.AnnotationTopologyMode, "Auto"))
	hintsOff := event(near, "Service", "Normal", "TopologyAwareHintsDisabled", "Insufficient number of endpoints (1)", time.Minute)
	twoAddresses := internalAddress("10.0.0.1", "10.1.0.1")
	dual := append(dualStack(app), node("node-1"), node("node-2"))
	internallyLocal(dual[0].(*corev1.Service))
	ofOneFamily, first := pod("b", app, onNode("node-2")), dual[2].(*discoveryv1.EndpointSlice)
	dual = append(dual, ofOneFamily)
	first.Endpoints = append(first.Endpoints, slicesFor(dual[0].(*corev1.Service), ofOneFamily)[0].Endpoints...)
	excluded := nodeLabel(corev1.LabelNodeExcludeBalancers, "")
	justMade := func(svc *corev1.Service) { svc.CreationTimestamp = ago(15 * time.Second) }
	freshSlices := func(svc *corev1.Service, pods ...*corev1.Pod) objects {
		made := slicesFor(svc, pods...)
		all := objects{svc}
		for _, slice := range made {
			slice.CreationTimestamp, slice.ManagedFields = ago(15*time.Second), managedBySlices(`{"f:endpoints":{},"f:ports":{}}`, 15*time.Second)
			all = append(all, slice)
		}
		for _, p := range pods {
			all = append(all, p)
		}
		return append(all, twoNodes()...)
	}

	testSituations(t, "trafficpolicy", map[string]situation{
		"Local within, of a Deployment on one node":        {objects: with(twoNodes(), local(), of("web", "a", "node-1")), want: "TP-02 major proven"},
		"Local within, of a Deployment and of a DaemonSet": {objects: with(twoNodes(), local(), of("web", "a", "node-1"), pod("b", app, daemon)), want: "TP-02 major proven"},
		"Cluster within, in so many words": {objects: with(twoNodes(), service("web", app, func(svc *corev1.Service) {
			svc.Spec.InternalTrafficPolicy = new(corev1.ServiceInternalTrafficPolicyCluster)
		}), of("web", "a", "node-1")), want: ""},
		"Local within, of a Service that is being deleted":              {objects: with(twoNodes(), local(goingSoon), of("web", "a", "node-1")), want: "SVC-03 minor proven"},
		"Local within, and slices that may not be read":                 {objects: with(twoNodes(), local(), of("web", "a", "node-1")), without: []model.Kind{model.EndpointSlices}, want: ""},
		"Local within, two ports, the first on one node only":           {objects: with(twoNodes(), local(adminFirst), of("web", "a", "node-1", both), of("web", "b", "node-2")), want: "PORT-02 major proven, TP-02 major proven"},
		"Local within, a Pod without the port that just came":           {objects: with(twoNodes(), local(adminFirst), of("web", "a", "node-1", both), of("web", "b", "node-2", createdAgo(30*time.Second))), want: "PORT-02 major proven, TP-02 major proven"},
		"Local within, two families, one of them on no Pod of a node":   {objects: dual, want: "TP-02 major proven"},
		"Local within, a Pod of a node ends, and serves no more":        {objects: with(twoNodes(), local(), of("web", "a", "node-1"), of("web", "b", "node-2", notReady, terminating)), want: "TP-02 major proven"},
		"Local within, by hand, one that serves and is not ready":       {objects: with(twoNodes(), written(internallyLocal), servingOnly), want: "TP-02 major proven"},
		"Local within, by hand, on one node of two":                     {objects: with(twoNodes(), written(internallyLocal), byHandOn("node-1")), want: "TP-02 major proven"},
		"Local within, by hand, one on a node and one on none":          {objects: with(twoNodes(), written(internallyLocal), byHandOn("node-1", "")), want: "TP-02 major proven"},
		"Local within, by hand, on no node, and no node is there":       {objects: objects{written(internallyLocal), byHandOn("")}, want: ""},
		"Local within, Pods just came to two nodes":                     {objects: with(manyNodes(3), local(), of("web", "a", "node-01"), of("web", "b", "node-02", notReady, createdAgo(30*time.Second)), of("web", "c", "node-03", notReady)), want: "TP-02 minor proven, POD-06 info proven"},
		"Local within, a Pod just came to a node beside one that hangs": {objects: with(twoNodes(), local(), of("web", "a", "node-1"), of("web", "b", "node-2", notReady, createdAgo(30*time.Second)), of("web", "c", "node-2", notReady)), want: "TP-02 minor proven, POD-06 info proven"},
		"Local within, a Pod came ten minutes ago and is not Ready":     {objects: with(twoNodes(), local(), of("web", "a", "node-1"), of("web", "b", "node-2", notReady, createdAgo(10*time.Minute))), want: "TP-02 major proven, POD-06 info proven"},
		"Local within, made for Pods that are starting":                 {objects: freshSlices(local(justMade), of("web", "a", "node-1"), of("web", "b", "node-2", notReady, createdAgo(30*time.Second))), want: "TP-02 minor proven, POD-06 info proven"},
		"Local within, seven nodes of eight":                            {objects: with(manyNodes(8), local(), of("web", "a", "node-01")), want: "TP-02 major proven"},
		"Local within, the other node is not Ready and lacks memory": {objects: with(objects{node("node-1"), node("node-2", func(n *corev1.Node) {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue}, {Type: corev1.NodeReady, Status: corev1.ConditionFalse}}
		})}, local(), of("web", "a", "node-1")), want: ""},

		"Local outside, a node port, nothing usable":                         {objects: with(twoNodes(), outside(), of("web", "a", "node-1", notReady)), want: "POD-06 critical proven"},
		"Local outside, a node port, of a Deployment":                        {objects: with(twoNodes(), outside(), of("web", "a", "node-1")), want: "TP-01 minor proven"},
		"Local outside, a node port, by hand, on no node":                    {objects: with(twoNodes(), written(nodePort, externallyLocal), byHandOn("")), want: "TP-01 major proven"},
		"Local outside, a node port, by hand, on a node":                     {objects: with(twoNodes(), written(nodePort, externallyLocal), byHandOn("node-1")), want: "TP-01 minor proven"},
		"Local outside, a node port, with an annotation of a load balancer":  {objects: with(twoNodes(), outside(annotated("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip")), of("web", "a", "node-1")), want: "TP-01 minor proven"},
		"Local outside, a load balancer, by hand, on no node":                {objects: with(twoNodes(), balanced(func(svc *corev1.Service) { svc.Spec.Selector = nil }), byHandOn("")), want: "TP-01 major proven"},
		"Local outside, a load balancer to Pods, by hand, on no node":        {objects: with(twoNodes(), balanced(withoutNodePorts, func(svc *corev1.Service) { svc.Spec.Selector = nil }), byHandOn("")), want: ""},
		"Local outside, a load balancer, all its nodes are excluded":         {objects: with(append(manyNodes(7, excluded), node("other")), balanced(), of("web", "a", "node-07"), of("web", "b", "node-06"), of("web", "c", "node-05"), of("web", "d", "node-04"), of("web", "e", "node-03"), of("web", "f", "node-02"), of("web", "g", "node-01")), want: "TP-01 major likely"},
		"Local outside, a load balancer, its node is excluded and not Ready": {objects: with(twoNodes(excluded, nodeNotReady), balanced(), of("web", "a", "node-2")), want: "TP-01 major likely"},

		"the health check port is taken on two nodes":                {objects: objects{asked, pod("a", app), fromKubeProxy(asked, "node-a", 5*time.Minute), fromKubeProxy(asked, "node-b", 3*time.Minute), fromKubeProxy(asked, "node-c", 4*time.Minute)}, want: "TP-03 major likely"},
		"the health check port is taken, and events may not be read": {objects: objects{asked, pod("a", app), fromKubeProxy(asked, "node-a", 5*time.Minute)}, without: []model.Kind{model.Events}, want: ""},
		"hints are off, and events may not be read":                  {objects: objects{near, pod("a", app), hintsOff}, without: []model.Kind{model.Events}, want: ""},
		"two addresses of a node":                                    {objects: objects{service("web", app, nodePort), pod("a", app), node("n", twoAddresses)}, want: "TP-06 info possible"},
		"two addresses of a node, and nodes may not be read":         {objects: objects{service("web", app, nodePort), pod("a", app), node("n", twoAddresses)}, without: []model.Kind{model.Nodes}, want: ""},
		"two addresses of the last of many nodes":                    {objects: append(append(objects{service("web", app, nodePort), pod("a", app)}, manyNodes(nodesAsked, internalAddress("10.0.0.1"))...), node("z", twoAddresses)), want: ""},
	})
}

// clientSituation is a client, and what is to be said of its way to a Service, the first object.
type clientSituation struct {
	objects objects
	client  Client
	port    int32
	want    string
	without []model.Kind
}

// testClients holds what keeps a client from a Service, and every word of it by a golden file.
func testClients(t *testing.T, golden string, situations map[string]clientSituation) {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(situations)) {
		test := situations[name]
		builder := cluster(test.objects...)
		for _, kind := range test.without {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Forbidden})
		}
		report := Reaches(input(builder), keyOf(test.objects[0]), test.port, test.client)
		var found []string
		fmt.Fprintf(&text, "# %s\n%s\n", name, test.client)
		line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
		for i := range report.Findings {
			finding := &report.Findings[i]
			found = append(found, fmt.Sprintf("%s %s %s", finding.ID, finding.Severity, finding.Confidence))
			writeFinding(line, finding)
		}
		for i := range report.Unchecked {
			line("unchecked: %s, not %v", report.Unchecked[i].Need, report.Unchecked[i].Check)
		}
		line("")
		if got := strings.Join(found, ", "); got != test.want {
			t.Errorf("%s: found %q, want %q", name, got, test.want)
		}
	}
	compareGolden(t, golden, madeUp.ReplaceAllString(text.String(), "10.4.x.x"))
}

func TestTrafficPoliciesForAClient(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	local := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){internallyLocal}, change...)...)
	}
	here := pod("a", app)
	away := pod("client", nil, onNode("node-2"))
	client := Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	address := func(text string) Client { return Client{Address: netip.MustParseAddr(text)} }
	both := containerPorts(declared("http", 8080, "TCP"), declared("admin", 8081, "TCP"))
	twoPorts := local(ports(namedPort("http", 80, "http"), namedPort("admin", 81, "admin")))
	ranges := func(values ...string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = values }
	}
	byAnnotation := annotated(sourceRangesAnnotation, "192.0.2.0/24, 198.51.100.0/24")
	outside := service("web", app, nodePort, externallyLocal)
	dual, twoFamilies := dualStack(app), append(dualStack(app), away)
	ofOneFamily, first := pod("b", app, onNode("node-2")), dual[2].(*discoveryv1.EndpointSlice)
	dual = append(dual, ofOneFamily, away)
	first.Endpoints = append(first.Endpoints, slicesFor(dual[0].(*corev1.Service), ofOneFamily)[0].Endpoints...)
	for _, svc := range []metav1.Object{dual[0], twoFamilies[0]} {
		internallyLocal(svc.(*corev1.Service))
	}
	twoFamilies[0].(*corev1.Service).Spec.Ports = append(twoFamilies[0].(*corev1.Service).Spec.Ports, namedPort("admin", 81, "nosuch"))
	noneServing := objects{outside, pod("a", app, notReady)}
	testClients(t, "trafficpolicy_client", map[string]clientSituation{
		"its node has no Pod":                           {objects: append(objects{local(), here, away}, twoNodes()...), client: client, want: "TP-02 major proven"},
		"its node has no Pod for one of the ports":      {objects: append(objects{twoPorts, pod("a", app, both), pod("b", app, onNode("node-2")), away}, twoNodes()...), client: client, want: "TP-02 major proven"},
		"its node has no Pod for that port":             {objects: append(objects{twoPorts, pod("a", app, both), pod("b", app, onNode("node-2")), away}, twoNodes()...), client: client, port: 81, want: "TP-02 major proven"},
		"its node has no Pod, and for the other port":   {objects: append(objects{twoPorts, pod("a", app, both), pod("b", app, onNode("node-2")), away}, twoNodes()...), client: client, port: 80},
		"by hand, on no node":                           {objects: append(objects{service("web", nil, internallyLocal), byHand("m", "web", new(""), new(int32(8080)), "10.4.9.9"), away}, twoNodes()...), client: client, want: "TP-02 major proven"},
		"slices that may not be read":                   {objects: append(objects{local(), here, away}, twoNodes()...), client: client, without: []model.Kind{model.EndpointSlices}},
		"its node has no Pod of one family":             {objects: dual, client: client, want: "TP-02 major proven"},
		"its node has no Pod at all, of two families":   {objects: twoFamilies, client: client, want: "TP-02 major proven"},
		"by some node ports, and slices are not known":  {objects: append(objects{outside, here}, twoNodes()...), client: address("203.0.113.7"), without: []model.Kind{model.EndpointSlices}},
		"an address, and Pods that may not be read":     {objects: append(objects{local(), here, away}, twoNodes()...), client: address("203.0.113.7"), without: []model.Kind{model.Pods}},
		"out of the ranges":                             {objects: objects{served("1.2.3.4", ranges("192.0.2.0/24")), here}, client: address("203.0.113.7"), want: "LB-07 major proven"},
		"out of the ranges, written as IPv6":            {objects: objects{served("1.2.3.4", ranges("192.0.2.0/24")), here}, client: address("::ffff:203.0.113.7"), want: "LB-07 major proven"},
		"out of the ranges, of an annotation":           {objects: objects{served("1.2.3.4", byAnnotation), here}, client: address("203.0.113.7"), want: "LB-07 major proven"},
		"in a range, of an annotation":                  {objects: objects{served("1.2.3.4", byAnnotation), here}, client: address("198.51.100.7")},
		"a Pod, and ranges of IPv6":                     {objects: objects{served("1.2.3.4", ranges("2001:db8::/32")), here, away}, client: client},
		"no ranges":                                     {objects: objects{served("1.2.3.4"), here}, client: address("203.0.113.7")},
		"an annotation of blanks":                       {objects: objects{served("1.2.3.4", annotated(sourceRangesAnnotation, " ")), here}, client: address("203.0.113.7")},
		"ranges that are left over on a node port":      {objects: objects{service("web", app, nodePort, byAnnotation), here}, client: address("203.0.113.7")},
		"by some node ports":                            {objects: append(objects{outside, here}, twoNodes()...), client: address("203.0.113.7"), want: "TP-01 info proven"},
		"by some node ports, policy Cluster":            {objects: append(objects{service("web", app, nodePort), here}, twoNodes()...), client: address("203.0.113.7")},
		"by no node port":                               {objects: append(noneServing, twoNodes()...), client: address("203.0.113.7")},
		"by the load balancer, which leaves out a node": {objects: append(objects{served("1.2.3.4", externallyLocal), here}, twoNodes()...), client: address("203.0.113.7")},
	})
	if needs := ClientNeeds(input(cluster(local(), here)).Snapshot, web, address("203.0.113.7")); strings.Contains(needTexts(needs), "nodes") {
		t.Errorf("nodes are read for a client that is on none: %s", needTexts(needs))
	}
}
