package check

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func portLines(facts Facts) []string {
	lines := []string{}
	for _, row := range facts.Ports {
		lines = append(lines, fmt.Sprintf("%d/%s %s→%s %v", row.Port, row.Protocol, row.AppProtocol, row.TargetPort, row.Resolved))
	}
	return lines
}

// TestTheAddressesOfAService are those in front of it, as the panel shows them.
func TestTheAddressesOfAService(t *testing.T) {
	t.Parallel()
	only := func(address string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Spec.ClusterIP, svc.Spec.ClusterIPs = address, nil }
	}
	served := func(svc *corev1.Service) {
		svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.7"}}
	}
	both := func(svc *corev1.Service) { svc.Spec.ClusterIPs = []string{"10.96.0.10", "fd00::10"} }
	for name, test := range map[string]struct {
		service *corev1.Service
		want    string
	}{
		"a ClusterIP":                {service("web", nil), "[10.96.0.10] [] pending=false "},
		"two families":               {service("web", nil, both), "[10.96.0.10 fd00::10] [] pending=false "},
		"an old API server":          {service("web", nil, only("10.96.0.10")), "[10.96.0.10] [] pending=false "},
		"none yet":                   {service("web", nil, only("")), "[] [] pending=false "},
		"a load balancer":            {service("web", nil, loadBalancer, served), "[10.96.0.10] [203.0.113.7] pending=false "},
		"a load balancer, not yet":   {service("web", nil, loadBalancer), "[10.96.0.10] [] pending=true "},
		"an external IP":             {service("web", nil, externalIP("192.0.2.77")), "[10.96.0.10] [192.0.2.77] pending=false "},
		"an ExternalName":            {service("web", nil, externalName("example.com")), "[] [] pending=false example.com"},
		"an ExternalName, left over": {service("web", nil, externalName("example.com"), func(svc *corev1.Service) { svc.Spec.ClusterIPs = []string{"10.96.0.10"} }), "[] [] pending=false example.com"},
		"a name, left over":          {service("web", nil, func(svc *corev1.Service) { svc.Spec.ExternalName = "example.com" }), "[10.96.0.10] [] pending=false "},
	} {
		facts := ServiceFacts(cluster(test.service).Build(now), web)
		if got := fmt.Sprintf("%v %v pending=%v %s", facts.ClusterIPs, facts.External, facts.Pending, facts.ExternalName); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if name == "none yet" && facts.ClusterIPs != nil {
			t.Errorf("%q", facts.ClusterIPs)
		}
	}
	nobody := ServiceFacts(cluster(service("web", nil), sends("shop", "nobody", "/")).Build(now), model.Key{Namespace: "shop", Name: "nobody"})
	if nobody.Type != "" || len(nobody.Referrers) != 1 {
		t.Errorf("nobody: %+v", nobody)
	}
}

func TestWhereThePortsOfAServiceLead(t *testing.T) {
	t.Parallel()
	inContainer := func(name string) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Spec.Containers[0].Name = name } }
	slice2 := slice(byHand("m", "web", new("web"), new(int32(8080)), "192.0.2.1", "192.0.2.2"), func(e *discoveryv1.EndpointSlice) {
		e.Ports = append(e.Ports, discoveryv1.EndpointPort{Name: new("admin"), Port: new(int32(9090)), Protocol: new(corev1.ProtocolTCP)})
	})
	for name, test := range map[string]struct {
		objects objects
		want    []string
	}{
		"one number":                  {objects{service("web", webApp, ports(port(80, "http"))), pod("a", webApp), pod("b", webApp)}, []string{"80/TCP →http [{8080 app 2}]"}},
		"of two containers":           {objects{service("web", webApp, ports(port(80, "http"))), pod("a", webApp), pod("b", webApp, inContainer("other"))}, []string{"80/TCP →http [{8080 app 1} {8080 other 1}]"}},
		"an appProtocol":              {objects{service("web", webApp, ports(corev1.ServicePort{Port: 80, AppProtocol: new("http2")}))}, []string{"80/TCP http2→80 []"}},
		"two ports of a hand's slice": {objects{service("web", nil, ports(namedPort("web", 80, 80), namedPort("admin", 81, 81))), slice2}, []string{"80/TCP → [{8080  2}]", "81/TCP → [{9090  2}]"}},
	} {
		if got := portLines(ServiceFacts(cluster(test.objects...).Build(now), web)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestWhoChangedWhatOfAService holds that each part of a Service has its own last change.
func TestWhoChangedWhatOfAService(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp, func(svc *corev1.Service) {
		for field, since := range map[string]time.Duration{"f:selector": time.Minute, "f:ports": 2 * time.Minute, "f:type": 3 * time.Minute} {
			changedBy("by-"+field, `{"f:spec":{"`+field+`":{}}}`, since)(svc)
		}
	})
	facts := ServiceFacts(cluster(svc).Build(now), web)
	got := ""
	for _, change := range []model.FieldChange{facts.SelectorChanged, facts.PortsChanged, facts.TypeChanged} {
		got += fmt.Sprintf("%s %s, ", change.Manager, now.Sub(change.At))
	}
	if want := "by-f:selector 1m0s, by-f:ports 2m0s, by-f:type 3m0s, "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
