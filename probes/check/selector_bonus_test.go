package check

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestPodsOfTheSameRelease holds by which labels a Service and Pods are known to come of one Helm release or one application.
func TestPodsOfTheSameRelease(t *testing.T) {
	t.Parallel()
	labelled := service("web", nil, func(svc *corev1.Service) { svc.Labels = labels{instanceLabel: "shop"} })
	annotated := service("web", nil, func(svc *corev1.Service) { svc.Annotations = labels{"meta.helm.sh/release-name": "shop"} })
	for name, test := range map[string]struct {
		service *corev1.Service
		pod     labels
		want    bool
	}{
		"by its label":              {labelled, labels{instanceLabel: "shop"}, true},
		"by its label, another":     {labelled, labels{instanceLabel: "pay"}, false},
		"by its annotation":         {annotated, labels{instanceLabel: "shop"}, true},
		"by the older label":        {annotated, labels{"release": "shop"}, true},
		"by the older label, other": {annotated, labels{"release": "pay"}, false},
		"neither is of any":         {service("web", nil), labels{"app": "web"}, false},
		"the Pod is of none":        {labelled, labels{"app": "web"}, false},
	} {
		if got := sameRelease(test.service, pod("a", test.pod)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestOtherServicesOfThePods holds that a Service without a selector, or of another kind, is not said to have these Pods.
func TestOtherServicesOfThePods(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"app": "wbe"})
	one := labels{"app": "web", "tier": "front"}
	snapshot := cluster(svc, service("bare", nil), service("empty", labels{}), service("name", webApp, externalName("example.com")),
		service("one", webApp), service("two", one), service("other", labels{"app": "other"}), pod("a", one)).Build(now)
	if got := selectedBy(snapshot, svc, pod("a", one)); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%q", got)
	}
}

// TestWhetherPodsDeclareWhatTheServiceAsksFor holds that a Service without ports asks for nothing that could speak for any Pods.
func TestWhetherPodsDeclareWhatTheServiceAsksFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		service *corev1.Service
		want    bool
	}{
		"its port":         {service("web", nil), true},
		"its port by name": {service("web", nil, ports(port(80, "http"))), true},
		"another number":   {service("web", nil, ports(port(80, 9999))), false},
		"one of two":       {service("web", nil, ports(port(80, 8080), port(81, 9999))), false},
		"no ports":         {service("web", nil, headless, ports()), false},
	} {
		if got := declaresTarget(test.service, &pod("a", nil).Spec); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
