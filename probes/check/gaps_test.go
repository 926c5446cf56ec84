package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestWhatAGapChanges holds by a golden file what becomes of a report where one kind cannot be read, is on its way, was heard of a while
// ago, or is not served: a gap must neither hide a fault nor make one up, and where it matters nothing it is not told.
func TestWhatAGapChanges(t *testing.T) {
	t.Parallel()
	app := webApp
	states := []model.CoverageState{model.NotAsked, model.Syncing, model.Listed, model.Stale, model.Forbidden, model.Absent}
	young := pod("a", app, ofDeploy("web"), notReady, func(p *corev1.Pod) {
		p.CreationTimestamp = ago(2 * time.Second)
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 2*time.Second)
	})
	var text strings.Builder
	for _, situation := range []struct {
		name    string
		objects objects
	}{
		{"serves", objects{service("web", app), pod("a", app, ofDeploy("web"))}},
		{"serves, and a policy shuts it", objects{service("web", app), pod("a", app, ofDeploy("web")), policy("deny", nil)}},
		{"serves beside a Pod that is not Ready", objects{service("web", app), pod("a", app, ofDeploy("web")), pod("b", app, ofDeploy("web"), notReady)}},
		{"its Pod is not Ready", objects{service("web", app), pod("a", app, ofDeploy("web"), notReady)}},
		{"its Pod starts", objects{service("web", app), young}},
		{"selects nothing", objects{service("web", app)}},
		{"scaled to zero", objects{service("web", app), deployment("web", 0, app)}},
		{"no selector, no endpoints", objects{service("web", nil)}},
		{"headless, no selector, no ports", objects{service("web", nil, headless, ports())}},
		{"waits for a load balancer", objects{service("web", app, loadBalancer), pod("a", app)}},
		{"waits for a load balancer, and a fault", objects{service("web", app, loadBalancer), pod("a", app), policy("deny", nil)}},
		{"waits for a load balancer, and advice", objects{service("web", app, loadBalancer), pod("a", app, beside("istio-proxy"))}},
		{"has a load balancer", objects{served("203.0.113.9"), pod("a", app)}},
		{"internal policy Local", objects{service("web", app, internallyLocal), pod("a", app)}},
		{"internal policy Local, headless", objects{service("web", app, internallyLocal, headless), pod("a", app)}},
		{"external policy Local", objects{served("203.0.113.9", externallyLocal), pod("a", app)}},
		{"ExternalName", objects{service("web", nil, externalName("db.example.com"))}},
		{"ExternalName with a policy", objects{externalWithEverything()}},
		{"behind an Ingress", objects{service("web", app), pod("a", app), ingress("front", "web", 80)}},
		{"behind an Ingress that asks another port", objects{service("web", app), pod("a", app), ingress("front", "web", 81)}},
		{"behind a route", objects{service("web", app), pod("a", app), httpRoute("front", backends(backendRef(0, 0, "web", 80, 1)))}},
	} {
		whole := gapText(cluster(situation.objects...))
		fmt.Fprintf(&text, "# %s\n%s\n", situation.name, whole)
		for _, kind := range model.Kinds() {
			alike := map[string][]string{}
			var order []string
			for _, state := range states {
				got := gapText(cluster(situation.objects...).Cover(model.Need{Kind: kind}, model.Coverage{State: state, Since: now.Add(-time.Minute)}))
				if got == whole {
					continue
				}
				if alike[got] == nil {
					order = append(order, got)
				}
				alike[got] = append(alike[got], state.String())
			}
			for _, got := range order {
				fmt.Fprintf(&text, "  %s %s: %s\n", kind, strings.Join(alike[got], ", "), got)
			}
		}
		text.WriteString("\n")
	}
	compareGolden(t, "gaps", text.String())
}

// gapText is a report without its words. What rests on slices, or on the Service, is only counted: it is nearly everything.
func gapText(builder *model.Builder) string {
	report := Judge(input(builder), web)
	words := []string{fmt.Sprintf("%s %d/%d", report.Verdict, report.Usable, report.Selected)}
	if report.Settling {
		words = append(words, "settling")
	}
	for i := range report.Findings {
		finding := &report.Findings[i]
		words = append(words, fmt.Sprintf("%s %s %s", finding.ID, finding.Severity, finding.Confidence))
	}
	text := strings.Join(words, ", ") + "; " + stepsText(report.Steps)
	for i := range report.Unchecked {
		unchecked := &report.Unchecked[i]
		less := fmt.Sprint(unchecked.Less)
		if unchecked.Kind == model.EndpointSlices || unchecked.Kind == model.Services {
			less = fmt.Sprint(len(unchecked.Less))
		}
		text += fmt.Sprintf("\n    %s in %q: not %v, less of %s", unchecked.Need, unchecked.Namespace, unchecked.Check, less)
	}
	return text
}
