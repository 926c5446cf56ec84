package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/model"
)

func classed(class string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Spec.LoadBalancerClass = &class }
}

// TestFactsOfServices holds by a golden file what is told of a Service that is not in question: its type, its reach and its settings.
func TestFactsOfServices(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	const internal = "service.beta.kubernetes.io/aws-load-balancer-internal"
	var text strings.Builder
	services := map[string]*corev1.Service{
		"plain":                           service("web", app),
		"no type":                         service("web", app, func(svc *corev1.Service) { svc.Spec.Type = "" }),
		"headless":                        service("web", app, headless),
		"headless, without a selector":    service("web", nil, headless),
		"without a selector":              service("web", nil),
		"an external name":                service("web", nil, externalName("db.example.com")),
		"a node port":                     service("web", app, nodePort),
		"a node port, without a selector": service("web", nil, nodePort),
		"a node port of two":              service("web", app, ports(port(80, 8080), port(81, 8081)), nodePort),
		"a node port, none given yet":     service("web", app, nodePort, ports(port(80, 8080))),
		"a node port, annotated internal": service("web", app, nodePort, annotated(internal, "true")),
		"a load balancer":                 served("203.0.113.9"),
		"a load balancer, pending":        service("web", app, loadBalancer),
		"a load balancer, twice the same": served("203.0.113.9", func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress = append(svc.Status.LoadBalancer.Ingress, svc.Status.LoadBalancer.Ingress[0])
		}),
		"a load balancer, internal":       served("10.0.0.9", annotated(internal, "true")),
		"a load balancer, not internal":   served("203.0.113.9", annotated(internal, "false")),
		"a load balancer, class internal": served("10.0.0.9", classed("networking.gke.io/l4-regional-internal")),
		"a load balancer, class external": served("203.0.113.9", classed("networking.gke.io/l4-regional-external")),
		"a load balancer past the nodes":  served("203.0.113.9", withoutNodePorts),
		"a load balancer with node ports": served("203.0.113.9", func(svc *corev1.Service) { svc.Spec.AllocateLoadBalancerNodePorts = new(true) }),
		"a load balancer for some clients": served("203.0.113.9", externallyLocal, func(svc *corev1.Service) {
			svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24", "198.51.100.0/24"}
		}),
		"within, policy Cluster": service("web", app, func(svc *corev1.Service) {
			svc.Spec.InternalTrafficPolicy = new(corev1.ServiceInternalTrafficPolicyCluster)
		}),
		"many settings": service("web", app, internallyLocal, goingSoon, handedTo("multus-proxy"), publishNotReady, externalIP("192.0.2.7"), func(svc *corev1.Service) {
			svc.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
			svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
		}),
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		facts := ServiceFacts(input(cluster(services[name])).Snapshot, web)
		fmt.Fprintf(&text, "# %s\n%s, pending %v, %v\n  %s\n", name, facts.Type, facts.Pending, facts.External, facts.Reach)
		for _, line := range facts.Lines {
			fmt.Fprintf(&text, "  %s=%s: %s\n", line.Name, line.Value, line.Meaning)
		}
		text.WriteString("\n")
	}
	compareGolden(t, "facts", text.String())
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	pending := service("web", webApp, loadBalancer)
	fresh := young(service("web", webApp, loadBalancer), 30*time.Second)
	two := ports(namedPort("http", 80, 8080), namedPort("admin", 81, "admin"))
	app := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod(name, webApp, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
	}
	byPort := func(name string, port any) *networkingv1.Ingress { return ingress(name, "web", port) }
	halfDead := dualStack(webApp)
	headless(halfDead[0].(*corev1.Service))
	halfDead[0].(*corev1.Service).Spec.Ports = nil
	halfDead[3].(*discoveryv1.EndpointSlice).Endpoints = nil
	testSituations(t, "routes", map[string]situation{
		"a load balancer waits, and no Pod is Ready":             {objects: objects{pending, app("a", notReady)}, want: "POD-06 critical proven, LB-02 major likely"},
		"a load balancer waits since a moment":                   {objects: objects{fresh, app("a")}, want: "LB-02 minor likely"},
		"nothing usable, and Pods may not be read":               {objects: objects{svc, app("a", notReady)}, without: []model.Kind{model.Pods}},
		"one port of two leads nowhere, Ingresses by name":       {objects: objects{service("web", webApp, two), app("a"), byPort("named", "http"), byPort("dead", "admin")}, want: "PORT-01 major proven"},
		"one port of two leads nowhere, an Ingress at no number": {objects: objects{service("web", webApp, two), app("a"), ingress("web", "web", 0)}, want: "PORT-01 major proven, ING-02 major proven"},
		"a family leads nowhere, and a set names it":             {objects: append(halfDead, setNaming("db", "web")), want: "HL-04 major likely, PORT-15 minor proven"},
		"left to another proxy, and an Ingress":                  {objects: objects{service("web", webApp, handedTo("other")), app("a"), byPort("web", 80)}, want: "SVC-07 critical proven"},
		"an external name that resolves nowhere, and an Ingress": {objects: objects{service("web", nil, externalName("db")), byPort("web", 80)}, want: "EN-02 critical proven, EN-06 minor possible"},
	})
}

func TestWhoRefers(t *testing.T) {
	t.Parallel()
	first := sends("a", "cart", "/a", "/b")
	first.Spec.Rules = append(first.Spec.Rules, networkingv1.IngressRule{Host: "other.example", IngressRuleValue: first.Spec.Rules[0].IngressRuleValue})
	nobody := sends("b", "cart", "/")
	nobody.Spec.Rules[0].Host = ""
	weights := routeTo("r", "cart", 0)
	weights.Rules = append(weights.Rules, routeTo("r", "cart", 1).Rules...)
	got := strings.Join(ReferrerTexts(cluster(first, nobody, weights).Build(now).Referrers(model.Key{Namespace: "shop", Name: "cart"})), "\n")
	want := strings.Join([]string{
		"Ingress shop/a host shop.example /a, /b",
		"Ingress shop/a host other.example /a, /b",
		"Ingress shop/b /",
		"HTTPRoute shop/r (weight 0)",
		"HTTPRoute shop/r",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
