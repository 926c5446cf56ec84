package check

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// TestUnasked holds that a port counts as asked only where all its endpoints pass a readiness probe that dials it on the Pod's IP.
func TestUnasked(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	get := func(port any, host string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			action := &corev1.HTTPGetAction{Host: host}
			switch port := port.(type) {
			case int:
				action.Port = intstr.FromInt(port)
			case string:
				action.Port = intstr.FromString(port)
			}
			p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: action}}
		}
	}
	handler := func(handler corev1.ProbeHandler) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: handler} }
	}
	none := func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe = nil }
	dials := func(host string) func(*corev1.Pod) {
		return handler(corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt(8080), Host: host}})
	}
	declared := func(name string, number int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: name, ContainerPort: number}}
		}
	}
	udp := func(s *corev1.Service) { s.Spec.Ports[0].Protocol = corev1.ProtocolUDP }
	publishing := func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true }
	bothNamed := func(s *corev1.Service) { s.Spec.Ports[0].Name, s.Spec.Ports[1].Name = "http", "metrics" }
	named := func(s *corev1.Service) { s.Spec.Ports[0].Name = "web" }
	alias := func(s *corev1.Service) {
		s.Spec.Type, s.Spec.ExternalName = corev1.ServiceTypeExternalName, "db.example.com"
	}
	webKey := model.Key{Namespace: "shop", Name: "web"}
	for name, test := range map[string]struct {
		objects objects
		want    []string
	}{
		"a command, and a port without a name": {objects{service("web", app), pod("a", app, handler(corev1.ProbeHandler{Exec: &corev1.ExecAction{}}), declared("", 8080))}, []string{"80"}},
		"an endpoint without a Pod": {objects{service("web", nil), &discoveryv1.EndpointSlice{
			ObjectMeta:  meta("web-1", labels{discoveryv1.LabelServiceName: "web"}),
			AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: new(""), Port: new(int32(8080)), Protocol: new(corev1.ProtocolTCP)}},
			Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.7"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
		}}, []string{"80"}},
		"by its number":           {objects{service("web", app), pod("a", app, get(8080, ""))}, nil},
		"by its name":             {objects{service("web", app), pod("a", app, get("main", ""), declared("main", 8080))}, nil},
		"a TCP probe":             {objects{service("web", app), pod("a", app, dials(""))}, nil},
		"a gRPC probe":            {objects{service("web", app), pod("a", app, handler(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080}}))}, nil},
		"no probe":                {objects{service("web", app), pod("a", app, none)}, []string{"80"}},
		"no probe, and a name":    {objects{service("web", app, named), pod("a", app, none)}, []string{"web"}},
		"a command":               {objects{service("web", app), pod("a", app, handler(corev1.ProbeHandler{Exec: &corev1.ExecAction{}}))}, []string{"80"}},
		"another port":            {objects{service("web", app), pod("a", app, get(9090, ""))}, []string{"80"}},
		"another port, by a name": {objects{service("web", app), pod("a", app, get("main", ""), declared("main", 9090))}, []string{"80"}},
		"a number for a name":     {objects{service("web", app), pod("a", app, get("8080", ""), declared("8080", 9090))}, []string{"80"}},
		"another host":            {objects{service("web", app), pod("a", app, get(8080, "127.0.0.1"))}, []string{"80"}},
		"another host, by TCP":    {objects{service("web", app), pod("a", app, dials("127.0.0.1"))}, []string{"80"}},
		"one Pod of two":          {objects{service("web", app), pod("a", app, get(8080, "")), pod("b", app, none)}, []string{"80"}},
		"both Pods":               {objects{service("web", app), pod("a", app, get(8080, "")), pod("b", app, get(8080, ""))}, nil},
		"not Ready, published":    {objects{service("web", app, publishing), pod("a", app, get(8080, ""), notReady)}, []string{"80"}},
		"nothing usable":          {objects{service("web", app)}, []string{"80"}},
		"one port of two":         {objects{service("web", app, ports(port(80, 8080), port(90, 9090)), bothNamed), pod("a", app, get(8080, ""))}, []string{"metrics"}},
		"UDP":                     {objects{service("web", app, udp), pod("a", app, get(8080, ""))}, []string{"80"}},
		"an ExternalName":         {objects{service("web", app, alias)}, nil},
	} {
		snapshot := input(cluster(test.objects...)).Snapshot
		if got := Unasked(snapshot, snapshot.Service(webKey)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if got := Unasked(input(cluster()).Snapshot, nil); got != nil {
		t.Errorf("no Service: %v", got)
	}
}

// TestSvctuiTest holds that the command leads to the same cluster, whatever its names are.
func TestSvctuiTest(t *testing.T) {
	t.Parallel()
	if got, want := SvctuiTest([]string{"--context", "a b"}, model.Key{Namespace: "shop", Name: "web"}, "--pod", "web-1"), "svctui --context 'a b' test web -n shop --pod web-1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPortsAnswer(t *testing.T) {
	t.Parallel()
	for want, ports := range map[string][]string{"port http answers": {"http"}, "ports http, 443 answer": {"http", "443"}} {
		if got := PortsAnswer(ports); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
