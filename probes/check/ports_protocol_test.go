package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func declared(name string, number int32, protocol corev1.Protocol) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number, Protocol: protocol}
}

func arguments(args ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Args = args }
}

func probeOf(scheme corev1.URIScheme, port intstr.IntOrString) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe.HTTPGet = &corev1.HTTPGetAction{Path: "/", Port: port, Scheme: scheme}
	}
}

func noProbe(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe = nil }

// TestPortsThatLookWrong holds what is said of a targetPort by number that the containers do not declare, and what that only looks like.
func TestPortsThatLookWrong(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	swapped, undeclared := service("web", app, ports(port(8080, 80))), service("web", app, ports(port(80, 9090)))
	one := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod("a", app, append([]func(*corev1.Pod){containerPorts(declared(name, 8080, "TCP"))}, change...)...)
	}
	beside := service("metrics", labels{"app": "web"}, ports(port(80, 8080)))
	elsewhere := service("metrics", labels{"app": "other"}, ports(port(80, 8080)))
	elsePort := service("metrics", labels{"app": "web"}, ports(port(80, 7070)))
	ofUDP := service("metrics", labels{"app": "web"}, ports(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080), Protocol: "UDP"}))
	toUDP := ports(corev1.ServicePort{Port: 53, TargetPort: intstr.FromInt32(8080), Protocol: "UDP"})
	both := ports(corev1.ServicePort{Name: "u", Port: 443, TargetPort: intstr.FromInt32(8080), Protocol: "UDP"}, corev1.ServicePort{Name: "t", Port: 443, TargetPort: intstr.FromInt32(8080), Protocol: "TCP"})
	ofBoth := pod("a", app, containerPorts(declared("t", 8080, "TCP"), declared("u", 8080, "UDP")))
	asUDP := containerPorts(declared("dns", 8080, "UDP"))
	for name, test := range map[string]struct {
		id      string
		objects []metav1.Object
		want    string
	}{
		"swapped":                       {"PORT-06", objects{swapped, one("http")}, "major likely"},
		"swapped, no probe":             {"PORT-06", objects{swapped, one("http", noProbe)}, "major likely"},
		"swapped, but it says 80":       {"PORT-06", objects{swapped, one("http", arguments("--listen=:80"))}, ""},
		"swapped, and it says 8080":     {"PORT-06", objects{swapped, one("http", arguments("--listen=:8080", "--timeout=800"))}, "major likely"},
		"swapped, a port for metrics":   {"PORT-06", objects{swapped, one("http-metrics")}, ""},
		"swapped, another Service":      {"PORT-06", objects{swapped, one("http"), beside}, ""},
		"undeclared":                    {"PORT-05", objects{undeclared, one("http")}, "major likely"},
		"undeclared, no probe":          {"PORT-05", objects{undeclared, one("http", noProbe)}, ""},
		"undeclared, but it says 9090":  {"PORT-05", objects{undeclared, one("http", arguments("serve", "0.0.0.0:9090"))}, ""},
		"undeclared, it says 19090":     {"PORT-05", objects{undeclared, one("http", arguments("serve", "0.0.0.0:19090"))}, "major likely"},
		"undeclared, by its command":    {"PORT-05", objects{undeclared, one("http", func(p *corev1.Pod) { p.Spec.Containers[0].Command = []string{"sh", "-c", "serve 9090"} })}, ""},
		"undeclared, a port for health": {"PORT-05", objects{undeclared, one("health")}, ""},
		"undeclared, another Service":   {"PORT-05", objects{undeclared, one("http"), beside}, ""},
		"undeclared, of other Pods":     {"PORT-05", objects{undeclared, one("http"), elsewhere}, "major likely"},
		"undeclared, to another port":   {"PORT-05", objects{undeclared, one("http"), elsePort}, "major likely"},
		"undeclared, another protocol":  {"PORT-05", objects{undeclared, one("http"), ofUDP}, "major likely"},

		"UDP to a TCP port":        {"PORT-11", objects{service("web", app, toUDP), pod("a", app)}, "minor possible"},
		"UDP, declared both":       {"PORT-11", objects{service("web", app, toUDP), ofBoth}, ""},
		"UDP, declared nothing":    {"PORT-11", objects{service("web", app, toUDP), pod("a", app, containerPorts())}, ""},
		"UDP, one Pod declares it": {"PORT-11", objects{service("web", app, toUDP), pod("b", app, asUDP), pod("a", app)}, ""},
		"UDP and TCP":              {"PORT-11", objects{service("web", app, both), pod("a", app)}, ""},
		"TCP to a UDP port":        {"PORT-11", objects{service("web", app), pod("a", app, asUDP, noProbe)}, "minor possible"},
		"TCP, probed in TCP":       {"PORT-11", objects{service("web", app), pod("a", app, asUDP)}, ""},
		"TCP, and not Ready":       {"PORT-11", objects{service("web", app), pod("a", app, asUDP, notReady)}, "minor possible"},
		"headless":                 {"PORT-11", objects{service("web", app, toUDP, headless), pod("a", app)}, ""},
		"by name":                  {"PORT-11", objects{service("web", app, ports(corev1.ServicePort{Port: 53, TargetPort: intstr.FromString("http"), Protocol: "UDP"})), pod("a", app)}, ""},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if got := graded(report, test.id); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
	}
	report := judge(t, "web", service("web", app, toUDP), pod("a", app))
	// Pasted unread, a command would break a DNS server whose container port is declared without a protocol.
	if finding := report.finding("PORT-11"); finding.Fix.Command != "" || !strings.Contains(finding.Fix.Note, "where the application speaks UDP, declare 8080 as UDP") || report.Verdict != OK {
		t.Errorf("%q %q: %s", finding.Fix.Command, finding.Fix.Note, told(report))
	}
}

func TestWhatAPortSaysItSpeaks(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	named := func(name, protocol string) *corev1.Service {
		p := port(443, 8080)
		p.Name = name
		if protocol != "" {
			p.AppProtocol = &protocol
		}
		return service("web", app, ports(p))
	}
	number, name := intstr.FromInt32(8080), intstr.FromString("http")
	for title, test := range map[string]struct {
		service *corev1.Service
		pods    []metav1.Object
		want    string
	}{
		"https, probed in http":        {named("https", ""), objects{pod("a", app, probeOf("HTTP", number))}, "info possible"},
		"https-web, probed in http":    {named("https-web", ""), objects{pod("a", app, probeOf("HTTP", number))}, "info possible"},
		"by the port's name":           {named("https", ""), objects{pod("a", app, probeOf("", name))}, "info possible"},
		"appProtocol https":            {named("", "https"), objects{pod("a", app, probeOf("HTTP", number))}, "info possible"},
		"appProtocol goes first":       {named("https", "http"), objects{pod("a", app, probeOf("HTTP", number))}, ""},
		"kubernetes.io/ws, over TLS":   {named("", "kubernetes.io/ws"), objects{pod("a", app, probeOf("HTTPS", number))}, "info possible"},
		"h2c, probed in http":          {named("", "kubernetes.io/h2c"), objects{pod("a", app, probeOf("HTTP", number))}, ""},
		"https, probed so":             {named("https", ""), objects{pod("a", app, probeOf("HTTPS", number))}, ""},
		"http, probed in https":        {named("http", ""), objects{pod("a", app, probeOf("HTTPS", number))}, "info possible"},
		"another port is probed":       {named("https", ""), objects{pod("a", app, probeOf("HTTP", intstr.FromInt32(8081)))}, ""},
		"nothing is probed":            {named("https", ""), objects{pod("a", app, noProbe)}, ""},
		"not Ready":                    {named("https", ""), objects{pod("a", app, probeOf("HTTP", number), notReady)}, ""},
		"one Pod of two":               {named("https", ""), objects{pod("a", app, probeOf("HTTP", number)), pod("b", app, probeOf("HTTPS", number))}, ""},
		"one Pod of two, the other":    {named("https", ""), objects{pod("a", app, probeOf("HTTPS", number)), pod("b", app, probeOf("HTTP", number))}, ""},
		"a name that says nothing":     {named("web", ""), objects{pod("a", app, probeOf("HTTPS", number))}, ""},
		"a protocol that says nothing": {named("", "mysql"), objects{pod("a", app, probeOf("HTTPS", number))}, ""},
	} {
		report := judge(t, "web", append(test.pods, test.service)...)
		record(t, title, report)
		if got := graded(report, "PORT-14"); got != test.want {
			t.Errorf("%s: %q, want %q: %s", title, got, test.want, told(report))
		}
	}
	// Without Pods nobody is told of the gap: it is advice.
	builder := cluster(service("web", nil), named("https", "")).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Forbidden})
	for _, unchecked := range Judge(input(builder), web).Unchecked {
		for _, id := range unchecked.Check {
			if id == "PORT-14" || id == "PORT-11" {
				t.Errorf("%+v", unchecked)
			}
		}
	}
}
