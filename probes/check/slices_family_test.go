package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestAFamilyWithoutEndpoints holds what is advised where one of two families has none.
func TestAFamilyWithoutEndpoints(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	of := func(selector labels, families ...corev1.IPFamily) *corev1.Service {
		return service("web", selector, func(svc *corev1.Service) { svc.Spec.IPFamilies = families })
	}
	manual := byHand("manual", "web", new(""), new(int32(8080)), "192.0.2.1")
	const v4, v6 = corev1.IPv4Protocol, corev1.IPv6Protocol
	headless := of(app, v4, v6)
	headless.Spec.ClusterIP, headless.Spec.ClusterIPs = corev1.ClusterIPNone, nil
	for name, test := range map[string]struct {
		objects       objects
		command, note string
	}{
		"the second, which Pods lack":      {objects{of(app, v4, v6), pod("a", app)}, "SingleStack", "takes the IPv6 address off; or let the Pods have both families"},
		"the first, which Pods lack":       {objects{of(app, v6, v4), pod("a", app)}, "", "let the Pods have both families; the first family of a Service cannot be changed"},
		"the second, which a slice lacks":  {objects{of(nil, v4, v6), manual}, "SingleStack", "or give it a slice with addressType IPv6"},
		"the first, which a slice lacks":   {objects{of(nil, v6, v4), manual}, "", "give it a slice with addressType IPv6; the first family"},
		"the second of a headless Service": {objects{headless, pod("a", app)}, "SingleStack", "takes the IPv6 address off"},
	} {
		finding := findingOf(judge(t, "web", test.objects...), "PORT-15")
		if finding == nil || finding.Fix == nil {
			t.Errorf("%s: %s", name, told(judge(t, "web", test.objects...)))
			continue
		}
		if strings.Contains(finding.Fix.Command, "SingleStack") != (test.command != "") || !strings.Contains(finding.Fix.Note, test.note) {
			t.Errorf("%s: %+v", name, *finding.Fix)
		}
	}
}
