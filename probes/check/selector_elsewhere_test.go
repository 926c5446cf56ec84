package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func in[T metav1.Object](namespace string, object T) T {
	object.SetNamespace(namespace)
	return object
}

// TestPodsOfAnotherNamespace holds what is made of Pods that carry the selector in another namespace.
func TestPodsOfAnotherNamespace(t *testing.T) {
	t.Parallel()
	app := labels{"app": "checkout"}
	never := slicesFor(service("checkout", app))[0]
	never.ManagedFields = managedBySlices(`{"f:addressType":{}}`, 3600e9)
	for name, test := range map[string]struct {
		objects    objects
		verdict    Verdict
		lead       string
		cause      Confidence
		note, says string
	}{
		"in one": {
			objects{service("checkout", app), in("pay", pod("a", app)), pod("other", labels{"app": "other"})},
			Fail, "SEL-03", Likely, "make the Service where its Pods are", "1 Pod of namespace pay carries",
		},
		"in one, where a Service selects them": {
			objects{service("checkout", app), in("pay", pod("a", app)), in("pay", service("till", app))},
			Fail, "SEL-03", Likely, "clients can call till.pay", "namespace pay",
		},
		"in one, with a Service, and this one never had any": {
			objects{service("checkout", app), never, in("pay", pod("a", app)), in("pay", service("till", app))},
			Warn, "SEL-03", Likely, "clients can call till.pay", "namespace pay",
		},
		"in one, and this one never had any": {
			objects{service("checkout", app), never, in("pay", pod("a", app))},
			Fail, "SEL-03", Likely, "make the Service", "namespace pay",
		},
		"in several": {
			objects{service("checkout", app), in("dev", pod("a", app)), in("prod", pod("b", app))},
			Fail, "SEL-03", Possible, "make the Service", "namespaces dev, prod",
		},
		"near ones here": {
			objects{service("checkout", app), in("pay", pod("a", app)), pod("b", labels{"app": "check-out"})},
			Fail, "SEL-01", Likely, "", "separator",
		},
		"ended there": {
			objects{service("checkout", app), in("pay", pod("a", app, ended(corev1.PodFailed)))},
			Fail, "SEL-04", Likely, "deploy the Pods", "",
		},
	} {
		report := judge(t, "checkout", test.objects...)
		record(t, name, report)
		lead := report.Leading()
		if lead == nil || lead.Cause == nil || lead.Fix == nil || report.Verdict != test.verdict || lead.ID != test.lead || lead.Cause.Confidence != test.cause ||
			!strings.HasPrefix(lead.Fix.Note, test.note) || !strings.Contains(lead.Cause.Text, test.says) {
			t.Errorf("%s: %s", name, told(report))
		}
	}
	// A workload of the own namespace brings the Pods, and no other is asked.
	if report := judge(t, "checkout", service("checkout", app), in("pay", pod("a", app)), deployment("checkout", 0, app)); report.Leading().ID != "WL-01" {
		t.Errorf("scaled to 0 here: %s", told(report))
	}
	// Where the others are not read, the command looks there.
	builder := cluster(service("checkout", labels{"app": "checkout", "tier": "x"})).
		Cover(model.Need{Kind: model.Pods}, model.Coverage{}).Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, model.Coverage{State: model.Live})
	report := Judge(input(builder), model.Key{Namespace: "shop", Name: "checkout"})
	record(t, "the others are not read", report)
	lead := report.Leading()
	if lead.ID != "SEL-04" || lead.Fix.Command != "kubectl --context prod get pods -A -l app=checkout,tier=x" || !lead.Fix.Look {
		t.Errorf("%+v", lead.Fix)
	}
}

// TestALabelThatWasEdited has a Pod that its ReplicaSet let go.
func TestALabelThatWasEdited(t *testing.T) {
	t.Parallel()
	hash := with("pod-template-hash", "7d9f6b")
	named := func(p *corev1.Pod) { p.GenerateName = "web-7d9f6b-" }
	two := labels{"app": "web", "tier": "front"}
	for name, test := range map[string]struct {
		objects objects
		said    bool
	}{
		"one pair of two":          {objects{service("web", two), pod("a", labels{"app": "web", "tier": "debug"}, hash)}, true},
		"the only pair":            {objects{service("web", labels{"app": "web"}), deployment("web", 1, labels{"app": "web"}), pod("a", labels{"app": "debug"}, hash, named)}, true},
		"of another Deployment":    {objects{service("web", labels{"app": "web"}), deployment("web", 1, labels{"app": "web"}), pod("a", labels{"app": "other"}, hash)}, false},
		"owned":                    {objects{service("web", two), pod("a", labels{"app": "web", "tier": "debug"}, hash, ownedBy("ReplicaSet", "web-7d9f6b"))}, false},
		"of no template":           {objects{service("web", two), pod("a", labels{"app": "web", "tier": "debug"})}, false},
		"two pairs":                {objects{service("web", two), pod("a", labels{"app": "x", "tier": "debug"}, hash)}, false},
		"ended":                    {objects{service("web", two), pod("a", labels{"app": "web", "tier": "debug"}, hash, ended(corev1.PodFailed))}, false},
		"another took its place":   {objects{service("web", two), pod("a", labels{"app": "web", "tier": "debug"}, hash), pod("b", two)}, false},
		"another will in a moment": {objects{service("web", two), pod("a", labels{"app": "web", "tier": "debug"}, hash), pod("b", two, notReady)}, false},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if says(report, "SEL-09") != test.said {
			t.Errorf("%s: %s", name, told(report))
		}
		for _, finding := range report.Findings {
			if finding.ID == "SEL-09" && (finding.Severity != Info || !strings.HasPrefix(finding.Fix.Command, "kubectl --context prod -n shop label pod a --overwrite ")) {
				t.Errorf("%s: %+v", name, finding.Fix)
			}
		}
	}
}
