package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func beside(name string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name}) }
}

func annotatedPod(key, value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Annotations = labels{key: value} }
}

func TestMesh(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	native := func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{Name: "istio-proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
	}
	initOnly := func(p *corev1.Pod) { p.Spec.InitContainers = []corev1.Container{{Name: "istio-proxy"}} }
	for name, test := range map[string]struct {
		change func(*corev1.Pod)
		want   string
		field  string
	}{
		"none":                 {func(*corev1.Pod) {}, "", ""},
		"Istio":                {beside("istio-proxy"), "Istio", "spec.containers[*].name=istio-proxy"},
		"Istio, native":        {native, "Istio", "spec.containers[*].name=istio-proxy"},
		"an init container":    {initOnly, "", ""},
		"Istio, by its sign":   {annotatedPod("sidecar.istio.io/status", `{"x":1}`), "Istio", `metadata.annotations.sidecar.istio.io/status={"x":1}`},
		"ambient":              {annotatedPod("ambient.istio.io/redirection", "enabled"), "Istio", "metadata.annotations.ambient.istio.io/redirection=enabled"},
		"ambient, not":         {annotatedPod("ambient.istio.io/redirection", "disabled"), "", ""},
		"Linkerd":              {beside("linkerd-proxy"), "Linkerd", "spec.containers[*].name=linkerd-proxy"},
		"Kuma":                 {beside("kuma-sidecar"), "Kuma", "spec.containers[*].name=kuma-sidecar"},
		"Consul":               {beside("consul-dataplane"), "Consul", "spec.containers[*].name=consul-dataplane"},
		"a proxy of their own": {beside("envoy"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pod("a", app, test.change)
			if got := MeshOf(p); got != test.want {
				t.Errorf("mesh %q", got)
			}
			report := judge(t, "web", service("web", app), p)
			if test.want == "" {
				if len(report.Findings) != 0 {
					t.Errorf("%s", told(report))
				}
				return
			}
			lead := report.Leading()
			if said(report.Findings) != "MESH-01 info proven" || report.Verdict != OK || report.Health() != "" || lead.Title != test.want+" intercepts what arrives at the Pods." {
				t.Errorf("%s", told(report))
			}
			if got := lead.Evidence[0]; got.Field+"="+got.Value != test.field || got.Name != "a" {
				t.Errorf("evidence %+v", got)
			}
		})
	}
	report := judge(t, "web", service("web", app), pod("a", app), pod("b", app, beside("istio-proxy")), pod("c", app, beside("linkerd-proxy")))
	if title := report.Leading().Title; !strings.HasPrefix(title, "Istio intercepts what arrives at 2 of 3 Pods") {
		t.Errorf("title %q", title)
	}
	if report := judge(t, "web", service("web", nil), pod("a", app, beside("istio-proxy"))); len(report.Findings) != 0 && report.Findings[0].ID == "MESH-01" {
		t.Errorf("without a selector: %s", told(report))
	}
}
