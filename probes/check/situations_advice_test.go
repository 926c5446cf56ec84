package check

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestAdviceInFull holds every word of the advice on Services that work.
func TestAdviceInFull(t *testing.T) {
	t.Parallel()
	svc, ranges := service("web", webApp), serviceCIDR("10.96.0.0/16")
	writes := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, webApp, append([]func(*corev1.Pod){env("DB_HOST", "10.96.0.99:5432")}, change...)...)
	}
	reaches := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, labels{"app": "client"}, append([]func(*corev1.Pod){env("WEB", "10.96.0.10:80")}, change...)...)
	}
	variable := func(p *corev1.Pod) {
		createdAgo(2 * time.Hour)(p)
		arguments("--peer=$(WEB_SERVICE_HOST)")(p)
	}
	entry := func(name string, served ...corev1.ServicePort) *corev1.Service {
		return service(name, webApp, loadBalancer, ports(served...), func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.7"}}
		})
	}
	outside := func(name, address string) *corev1.Node {
		return node(name, func(n *corev1.Node) {
			n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeExternalIP, Address: address}}
		})
	}
	many := objects{service("web", webApp, nodePort), pod("a", webApp)}
	for i := range nodesAsked {
		many = append(many, outside(fmt.Sprintf("node-%02d", i+1), "10.0.0.1"))
	}
	kubernetes := placed(service("kubernetes", nil), "default")
	testSituations(t, "advice", map[string]situation{
		"an address that nobody has":             {objects: objects{svc, ranges, writes("a", ofDeploy("web"))}, want: "ADV-03 major likely"},
		"an address that nobody has, four Pods":  {objects: objects{svc, ranges, writes("a"), writes("b"), writes("c"), writes("d")}, want: "ADV-03 major likely"},
		"its own address, in one Pod":            {objects: objects{svc, pod("a", webApp), reaches("x")}, want: "ADV-03 info proven"},
		"its own address, in Pods of one owner":  {objects: objects{svc, pod("a", webApp), reaches("x", ofDeploy("client")), reaches("y", ofDeploy("client"))}, want: "ADV-03 info proven"},
		"its own address, in Pods of two owners": {objects: objects{svc, pod("a", webApp), reaches("x", ofDeploy("client")), reaches("y", ofDeploy("other"))}, want: "ADV-03 info proven"},
		"the API server's, which never changes":  {objects: objects{kubernetes, placed(byHand("m", "kubernetes", new(""), new(int32(6443)), "192.0.2.1"), "default"), reaches("x")}, want: ""},
		"a Service's like it":                    {objects: objects{placed(service("kube", nil), "default"), placed(byHand("m", "kube", new(""), new(int32(6443)), "192.0.2.1"), "default"), reaches("x")}, want: "ADV-03 info proven"},
		"a variable that older Pods lack":        {objects: objects{svc, pod("a", webApp), pod("x", labels{"app": "client"}, ofDeploy("client"), variable)}, want: "ADV-05 info likely"},
		"a variable that an older Pod lacks":     {objects: objects{svc, pod("a", webApp), pod("x", labels{"app": "client"}, variable)}, want: "ADV-05 info likely"},
		"three web load balancers":               {objects: objects{entry("web", port(443, 8080)), entry("b", port(8080, 8080)), entry("c", port(80, 8080)), pod("a", webApp)}, want: "ADV-02 info possible"},
		"five web load balancers":                {objects: objects{entry("web", port(443, 8080)), entry("b", port(80, 8080)), entry("c", port(80, 8080)), entry("d", port(80, 8080)), entry("e", port(80, 8080)), pod("a", webApp)}, want: "ADV-02 info possible"},
		"three, one for a database":              {objects: objects{entry("web", port(443, 8080)), entry("b", port(8443, 8080)), entry("c", port(80, 8080)), pod("a", webApp)}, want: ""},
		"many nodes, all within":                 {objects: slices.Clone(many), want: ""},
		"many nodes, one of the first outside":   {objects: append(slices.Clone(many[:len(many)-1]), outside("node-16", "203.0.113.9")), want: "ADV-01 info possible"},
		"many nodes, a later one outside":        {objects: append(slices.Clone(many), outside("node-99", "203.0.113.9")), want: ""},
	})
}

// TestRangesOfServicesAreAskedForWhereOneIsNear holds that the list reads no ranges of Services until a Pod has an address near
// the Service's own written into it, and what it says of ranges that cannot be read.
func TestRangesOfServicesAreAskedForWhereOneIsNear(t *testing.T) {
	t.Parallel()
	ranges := model.Need{Kind: model.ServiceCIDRs}
	for name, test := range map[string]struct {
		svc     *corev1.Service
		address string
		state   model.CoverageState
		asked   bool
		gaps    int
	}{
		"near":                   {service("web", webApp), "10.96.3.4", model.NotAsked, true, 1},
		"far":                    {service("web", webApp), "10.97.3.4", model.NotAsked, false, 0},
		"near, headless":         {service("web", webApp, headless), "10.96.3.4", model.NotAsked, false, 0},
		"near, the API is older": {service("web", webApp), "10.96.3.4", model.Absent, false, 0},
		"near, not to be read":   {service("web", webApp), "10.96.3.4", model.Forbidden, true, 1},
	} {
		in := input(cluster(test.svc, pod("a", webApp, env("DB_HOST", test.address))).Cover(ranges, model.Coverage{State: test.state}))
		if asked := slices.ContainsFunc(Needs(web, in.Snapshot), func(need model.Need) bool { return need.Kind == model.ServiceCIDRs }); asked != test.asked {
			t.Errorf("%s: asked %v", name, asked)
		}
		if report := Judge(in, web); len(report.Unchecked) != test.gaps || has(report, "ADV-03") {
			t.Errorf("%s: want %d gaps: %s", name, test.gaps, told(report))
		}
	}
}
