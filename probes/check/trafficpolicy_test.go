package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func internallyLocal(svc *corev1.Service) {
	svc.Spec.InternalTrafficPolicy = new(corev1.ServiceInternalTrafficPolicyLocal)
}

func externallyLocal(svc *corev1.Service) {
	svc.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
}

func nodePort(svc *corev1.Service) {
	svc.Spec.Type = corev1.ServiceTypeNodePort
	for i := range svc.Spec.Ports {
		svc.Spec.Ports[i].NodePort = 30080
	}
}

func onNode(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.NodeName = name }
}

func createdAgo(d time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.CreationTimestamp = ago(d) }
}

func nodeNotReady(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionFalse }

func twoNodes(change ...func(*corev1.Node)) objects {
	return objects{node("node-1"), node("node-2", change...)}
}

func TestNodesWithoutAnEndpoint(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	daemon := ownedBy("DaemonSet", "web")
	local := func() *corev1.Service { return service("web", app, internallyLocal) }
	outside := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){nodePort, externallyLocal}, change...)...)
	}
	balanced := func() *corev1.Service { return served("1.2.3.4", externallyLocal) }
	here, there := pod("a", app), pod("b", app, onNode("node-2"))
	excluded := nodeLabel(corev1.LabelNodeExcludeBalancers, "")
	twoPorts := local()
	twoPorts.Spec.Ports = []corev1.ServicePort{port(80, "http"), port(81, "admin")}
	twoPorts.Spec.Ports[0].Name, twoPorts.Spec.Ports[1].Name = "http", "admin"
	withAdmin := pod("c", app, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 8080}, corev1.ContainerPort{Name: "admin", ContainerPort: 8081}))
	for name, test := range map[string]struct {
		id      string
		objects objects
		nodes   objects
		want    string
		short   string
	}{
		"one node of two":              {"TP-02", objects{local(), here}, twoNodes(), "major proven", "no Pod on 1 of 2 nodes (policy Local)"},
		"both nodes":                   {"TP-02", objects{local(), here, there}, twoNodes(), "", ""},
		"policy Cluster":               {"TP-02", objects{service("web", app), here}, twoNodes(), "", ""},
		"headless":                     {"TP-02", objects{service("web", app, headless, internallyLocal, ports(port(8080, 8080))), here}, twoNodes(), "", ""},
		"the other is not Ready":       {"TP-02", objects{local(), here}, twoNodes(nodeNotReady), "", ""},
		"the other is tainted":         {"TP-02", objects{local(), here}, twoNodes(taint("node-role.kubernetes.io/control-plane", corev1.TaintEffectNoSchedule)), "", ""},
		"the other throws Pods out":    {"TP-02", objects{local(), here}, twoNodes(taint("gone", corev1.TaintEffectNoExecute)), "", ""},
		"the other is merely disliked": {"TP-02", objects{local(), here}, twoNodes(taint("spot", corev1.TaintEffectPreferNoSchedule)), "major proven", "no Pod on 1 of 2 nodes (policy Local)"},
		"a DaemonSet on all":           {"TP-02", objects{local(), pod("a", app, daemon), pod("b", app, daemon, onNode("node-2"))}, twoNodes(), "", ""},
		"a DaemonSet on some":          {"TP-02", objects{local(), pod("a", app, daemon)}, twoNodes(), "info proven", "its DaemonSet leaves out 1 of 2 nodes"},
		"an operator's DaemonSet":      {"TP-02", objects{local(), pod("a", app, ownedBy("ExtendedDaemonSet", "web"))}, twoNodes(), "info proven", "its DaemonSet leaves out 1 of 2 nodes"},
		"a DaemonSet, one not ready":   {"TP-02", objects{local(), pod("a", app, daemon), pod("b", app, daemon, onNode("node-2"), notReady)}, twoNodes(), "major proven", "no Pod on 1 of 2 nodes (policy Local)"},
		"a DaemonSet, one just came":   {"TP-02", objects{local(), pod("a", app, daemon), pod("b", app, daemon, onNode("node-2"), notReady, createdAgo(30*time.Second))}, twoNodes(), "minor proven", "no Pod on 1 of 2 nodes (policy Local)"},
		"one that ends and serves":     {"TP-02", objects{local(), here, pod("b", app, onNode("node-2"), terminating)}, twoNodes(), "", ""},
		"one port on one node only":    {"TP-02", objects{twoPorts, withAdmin, pod("b", app, onNode("node-2"))}, twoNodes(), "major proven", "no Pod on 1 of 2 nodes (policy Local)"},
		"a port that is dead anywhere": {"TP-02", objects{twoPorts, here, pod("b", app, onNode("node-2"))}, twoNodes(), "", ""},
		"slices by hand, on no node":   {"TP-02", objects{service("web", nil, internallyLocal), byHand("m", "web", new(""), new(int32(8080)), "10.4.9.9")}, twoNodes(), "critical proven", "no endpoint is on a node (policy Local)"},
		"nothing usable":               {"TP-02", objects{local(), pod("a", app, notReady)}, twoNodes(), "", ""},
		"no node is there":             {"TP-02", objects{local(), here}, nil, "", ""},

		"a node port":                    {"TP-01", objects{outside(), here}, twoNodes(), "minor proven", "node port silent on 1 of 2 nodes (Local)"},
		"a node port, everywhere":        {"TP-01", objects{outside(), here, there}, twoNodes(), "", ""},
		"a node port, policy Cluster":    {"TP-01", objects{service("web", app, nodePort), here}, twoNodes(), "", ""},
		"a node port of a DaemonSet":     {"TP-01", objects{outside(), pod("a", app, daemon)}, twoNodes(), "info proven", "node port silent on 1 of 2 nodes (Local)"},
		"a load balancer":                {"TP-01", objects{balanced(), here}, twoNodes(), "info proven", "LB serves by 1 of 2 nodes (Local)"},
		"a load balancer, everywhere":    {"TP-01", objects{balanced(), here, there}, twoNodes(), "", ""},
		"a load balancer to Pods":        {"TP-01", objects{served("1.2.3.4", externallyLocal, withoutNodePorts), here}, twoNodes(), "", ""},
		"its only node is excluded":      {"TP-01", objects{balanced(), there}, twoNodes(excluded), "major likely", "no node with a Pod serves the LB (Local)"},
		"excluded, in a cloud":           {"TP-01", objects{balanced(), there}, twoNodes(excluded, providerID("aws:///eu-1/i-1")), "major proven", "no node with a Pod serves the LB (Local)"},
		"its only node is not Ready":     {"TP-01", objects{balanced(), there}, twoNodes(nodeNotReady), "major proven", "no node with a Pod serves the LB (Local)"},
		"one of its nodes is excluded":   {"TP-01", objects{balanced(), here, there}, twoNodes(excluded), "", ""},
		"its node is unknown":            {"TP-01", objects{balanced(), pod("x", app, onNode("node-9"))}, twoNodes(), "info proven", "LB serves by 0 of 2 nodes (Local)"},
		"excluded, and it needs no node": {"TP-01", objects{served("1.2.3.4", externallyLocal, withoutNodePorts), there}, twoNodes(excluded), "", ""},
		"excluded, and a node port":      {"TP-01", objects{outside(), there}, twoNodes(excluded), "minor proven", "node port silent on 1 of 2 nodes (Local)"},
	} {
		report := judge(t, "web", append(test.objects, test.nodes...)...)
		record(t, name, report)
		if got := graded(report, test.id); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
			continue
		}
		if finding := report.finding(test.id); finding != nil && (finding.Short != test.short || len(finding.Evidence) < 2) {
			t.Errorf("%s: %+v", name, finding)
		}
	}
	finding := judge(t, "web", append(objects{local(), here}, twoNodes()...)...).finding("TP-02")
	if finding.Title != "Clients on node-2 time out: no ready Pod of the Service runs there." ||
		finding.Fix.Command != `kubectl --context prod -n shop patch svc web --type=merge -p '{"spec":{"internalTrafficPolicy":"Cluster"}}'` {
		t.Errorf("%+v", finding)
	}
	finding = judge(t, "web", append(objects{outside(), here}, twoNodes()...)...).finding("TP-01")
	if finding.Fix.Command != `kubectl --context prod -n shop patch svc web --type=merge -p '{"spec":{"externalTrafficPolicy":"Cluster"}}'` {
		t.Errorf("%+v", finding.Fix)
	}
}

func TestTrafficPolicyRestsOnTheDataPlane(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	cilium := func(n *corev1.Node) { n.Annotations = labels{"network.cilium.io/ipv4": "x"} }
	report := judge(t, "web", append(objects{service("web", app, internallyLocal), pod("a", app)}, twoNodes(cilium)...)...)
	if graded(report, "TP-02") != "major likely" || report.Verdict != Warn {
		t.Errorf("%s", told(report))
	}
	report = judge(t, "web", append(objects{served("1.2.3.4", externallyLocal), pod("a", app, onNode("node-2"))},
		twoNodes(cilium, func(n *corev1.Node) { n.Labels = labels{corev1.LabelNodeExcludeBalancers: ""} })...)...)
	if graded(report, "TP-01") != "major likely" {
		t.Errorf("%s", told(report))
	}
	// Without nodes it cannot be told, and is not fine.
	for state, verdict := range map[model.CoverageState]Verdict{model.Forbidden: Unknown, model.Syncing: Partial} {
		builder := cluster(service("web", app, internallyLocal), pod("a", app)).Cover(model.Need{Kind: model.Nodes}, model.Coverage{State: state})
		report := Judge(input(builder), web)
		unchecked := slices.ContainsFunc(report.Unchecked, func(u Unchecked) bool { return slices.Contains(u.Check, "TP-02") })
		if report.Verdict != verdict || !unchecked {
			t.Errorf("nodes %v: %s", state, told(report))
		}
	}
}

func TestHealthCheckPortOfALoadBalancer(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := served("1.2.3.4", externallyLocal, func(svc *corev1.Service) { svc.Spec.HealthCheckNodePort = 32111 })
	fromProxy := func(name, reason, message string, since time.Duration) *corev1.Event {
		e := event(svc, "Service", "Warning", reason, message, since)
		e.InvolvedObject.UID, e.InvolvedObject.Name = "", name
		return e
	}
	const reason, message = "FailedToStartServiceHealthcheck", `node node-1 failed to start healthcheck "shop/web" on port 32111: listen tcp4 0.0.0.0:32111: bind: address already in use`
	for name, test := range map[string]struct {
		event *corev1.Event
		want  string
	}{
		"taken":                   {fromProxy("web", reason, message, 5*time.Minute), "major likely"},
		"of a moment":             {fromProxy("web", reason, message, 5*time.Second), "minor likely"},
		"another Service":         {fromProxy("wob", reason, message, 5*time.Minute), ""},
		"another port":            {fromProxy("web", reason, strings.ReplaceAll(message, "32111", "32112"), 5*time.Minute), ""},
		"another reason":          {fromProxy("web", "Other", message, 5*time.Minute), ""},
		"of one that was deleted": {fromProxy("web", reason, message, 2*time.Hour), ""},
	} {
		report := judge(t, "web", svc, pod("a", app), test.event)
		record(t, name, report)
		if got := graded(report, "TP-03"); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
	}
	ofCluster := served("1.2.3.4")
	if report := judge(t, "web", ofCluster, pod("a", app), fromProxy("web", reason, message, 5*time.Minute)); report.finding("TP-03") != nil {
		t.Errorf("no health check port: %s", told(report))
	}
}

func TestAdviceOnTraffic(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	auto := annotated(corev1.AnnotationTopologyMode, "auto")
	near := service("web", app, auto)
	disabled := event(near, "Service", "Normal", "TopologyAwareHintsDisabled", "Insufficient number of endpoints (1), impossible to safely allocate proportionally", time.Minute)
	enabled := event(near, "Service", "Normal", "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled", time.Second)
	sticky := func(svc *corev1.Service) { svc.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }
	addresses := func(pairs ...string) func(*corev1.Node) {
		return func(n *corev1.Node) {
			for i := 0; i < len(pairs); i += 2 {
				n.Status.Addresses = append(n.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeAddressType(pairs[i]), Address: pairs[i+1]})
			}
		}
	}
	old := service("web", app, annotated("service.kubernetes.io/topology-aware-hints", "Auto"))
	for name, test := range map[string]struct {
		id      string
		objects []metav1.Object
		want    string
	}{
		"hints are off":            {"TP-04", objects{near, disabled}, "info proven"},
		"by the older annotation":  {"TP-04", objects{old, disabled}, "info proven"},
		"hints are on again":       {"TP-04", objects{near, disabled, enabled}, ""},
		"hints are not asked for":  {"TP-04", objects{service("web", app), disabled}, ""},
		"hints, and nothing said":  {"TP-04", objects{near}, ""},
		"sticky within":            {"TP-05", objects{service("web", app, sticky)}, ""},
		"sticky from outside":      {"TP-05", objects{service("web", app, sticky, nodePort)}, "info possible"},
		"sticky, by load balancer": {"TP-05", objects{served("1.2.3.4", sticky)}, "info possible"},
		"sticky, policy Local":     {"TP-05", objects{served("1.2.3.4", sticky, externallyLocal)}, ""},
		"sticky and headless":      {"TP-05", objects{service("web", app, sticky, headless, ports(port(8080, 8080)))}, "info proven"},
		"not sticky":               {"TP-05", objects{service("web", app, nodePort)}, ""},
		"two addresses":            {"TP-06", objects{service("web", app, nodePort), node("n", addresses("InternalIP", "10.0.0.1", "InternalIP", "10.1.0.1"))}, "info possible"},
		"one of each family":       {"TP-06", objects{service("web", app, nodePort), node("n", addresses("InternalIP", "10.0.0.1", "InternalIP", "fd00::1"))}, ""},
		"one within, one outside":  {"TP-06", objects{service("web", app, nodePort), node("n", addresses("InternalIP", "10.0.0.1", "ExternalIP", "34.1.0.1"))}, ""},
		"no node port":             {"TP-06", objects{service("web", app), node("n", addresses("InternalIP", "10.0.0.1", "InternalIP", "10.1.0.1"))}, ""},
	} {
		report := judge(t, "web", append(test.objects, pod("a", app))...)
		record(t, name, report)
		if got := graded(report, test.id); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
		if report.Verdict != OK || report.Health() != "" {
			t.Errorf("%s: advice is on the row: %s %s", name, report.Health(), told(report))
		}
	}
}
