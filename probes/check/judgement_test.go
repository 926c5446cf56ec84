package check

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestOrderOfFindings has findings of every weight, in the order in which they are to be acted on.
func TestOrderOfFindings(t *testing.T) {
	t.Parallel()
	ordered := []Finding{
		{ID: "SEL-01", Severity: Critical, Confidence: Proven},
		{ID: "PORT-01", Severity: Critical, Confidence: Probed},
		{ID: "EPS-01", Severity: Major, Confidence: Proven},
		{ID: "NP-01", Severity: Critical, Confidence: Likely},
		{ID: "NP-02", Severity: Major, Confidence: Likely},
		{ID: "API-01", Severity: Critical, Confidence: Proven, consequence: true},
		{ID: "a", Severity: Minor, Confidence: Proven},
		{ID: "b", Severity: Minor, Confidence: Likely},
		{ID: "c", Severity: Info, Confidence: Proven, Settling: true},
		{ID: "d", Severity: Critical, Confidence: Possible},
		{ID: "e", Severity: Minor, Confidence: Possible},
		{ID: "e", Severity: Minor, Confidence: Possible, consequence: true},
		{ID: "f", Severity: Info, Confidence: Proven},
		{ID: "f", Severity: Info, Confidence: Proven, consequence: true},
	}
	sameWeight := map[string]bool{"b": true}
	for i := range ordered {
		for j := i + 1; j < len(ordered); j++ {
			if sameWeight[ordered[j].ID] && ordered[i].ID == "a" {
				continue
			}
			for _, pair := range [][]Finding{{ordered[j], ordered[i]}, {ordered[i], ordered[j]}} {
				if got := inOrder(pair); got[0].ID != ordered[i].ID || got[0].consequence != ordered[i].consequence {
					t.Errorf("%s comes before %s", got[0].ID, got[1].ID)
				}
			}
		}
	}
	if got := inOrder(nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWhatAccounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		finding Finding
		want    bool
	}{
		{Finding{Severity: Critical, Confidence: Likely}, true},
		{Finding{Severity: Major, Confidence: Possible}, false},
		{Finding{Severity: Critical, Confidence: Possible}, false},
		{Finding{Severity: Minor, Confidence: Possible}, true},
	} {
		if got := accounts(test.finding); got != test.want {
			t.Errorf("%s %s accounts: %v", test.finding.Severity, test.finding.Confidence, got)
		}
	}
}

func TestEarliestAgain(t *testing.T) {
	t.Parallel()
	at := func(minutes int) Finding { return Finding{Again: now.Add(time.Duration(minutes) * time.Minute)} }
	for name, test := range map[string]struct {
		findings []Finding
		want     time.Time
	}{
		"none":                    {nil, time.Time{}},
		"never":                   {[]Finding{{}, {}}, time.Time{}},
		"one":                     {[]Finding{{}, at(3), {}}, now.Add(3 * time.Minute)},
		"the earlier, first":      {[]Finding{at(1), at(2)}, now.Add(time.Minute)},
		"the earlier, last":       {[]Finding{at(2), at(1)}, now.Add(time.Minute)},
		"the earlier, then never": {[]Finding{at(2), at(1), {}}, now.Add(time.Minute)},
	} {
		if got := earliestAgain(test.findings); !got.Equal(test.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSinceOfAReport is that of what leads, unless that is a mere note.
func TestSinceOfAReport(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	created := func(svc *corev1.Service) { svc.CreationTimestamp = ago(48 * time.Hour) }
	old := policy("deny", nil)
	old.CreationTimestamp = ago(3 * time.Hour)
	young := policy("deny", nil)
	young.CreationTimestamp = ago(time.Second)
	noTime := policy("deny", nil)
	noTime.CreationTimestamp = metav1.Time{}
	for name, test := range map[string]struct {
		objects objects
		want    time.Duration
	}{
		"nothing found":               {objects{pod("a", app)}, 48 * time.Hour},
		"a note":                      {objects{pod("a", app, beside("istio-proxy"))}, 48 * time.Hour},
		"a fault":                     {objects{pod("a", app), old}, 3 * time.Hour},
		"one that is too young":       {objects{pod("a", app), young}, time.Second},
		"one of which no time's told": {objects{pod("a", app), noTime}, now.Sub(time.Time{})},
	} {
		report := judge(t, "web", append(objects{service("web", app, created)}, test.objects...)...)
		record(t, name, report)
		if got := now.Sub(report.Since); got != test.want {
			t.Errorf("%s: since %v: %s", name, got, told(report))
		}
	}
}

// TestSinceOfWhatSettles is its own, however mild it is.
func TestSinceOfWhatSettles(t *testing.T) {
	t.Parallel()
	svc := service("web", nil, externalName("db.example.com"))
	for settling, want := range map[bool]time.Duration{true: time.Second, false: time.Hour} {
		j := judgement{subject: newSubject(input(cluster(svc)), svc), findings: []Finding{{ID: "EN-01", Settling: settling, Since: now.Add(-time.Second)}}}
		if got := now.Sub(j.report().Since); got != want {
			t.Errorf("settling %v: since %v", settling, got)
		}
	}
}

// TestARuleReadsAllOfItsKinds holds that a rule does not run where one of the kinds that it reads is not known, whichever that is.
func TestARuleReadsAllOfItsKinds(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	kinds := []model.Kind{model.ValidatingWebhooks, model.MutatingWebhooks}
	for _, unknown := range kinds {
		builder := cluster(svc)
		for _, kind := range kinds {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Stale})
		}
		builder.Cover(model.Need{Kind: unknown}, model.Coverage{State: model.Forbidden})
		j := judgement{subject: newSubject(input(builder), svc)}
		j.run(&Rule{IDs: []string{"API-01"}, Reads: kinds, check: func(*subject) []Finding { return []Finding{{ID: "API-01"}} }})
		if len(j.findings) != 0 || !j.unreadable {
			t.Errorf("it runs without %s", unknown)
		}
	}
}

// TestGapsAreNamedOnceWithTheirReason holds what Unchecked says of a gap that several rules meet.
func TestGapsAreNamedOnceWithTheirReason(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	builder := cluster(service("web", app), pod("a", app))
	builder.Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Forbidden, Verb: "watch", Reason: "no"})
	builder.Cover(model.Need{Kind: model.EndpointSlices}, model.Coverage{State: model.Failed, Reason: "cut"})
	report := Judge(input(builder), web)
	kinds := map[model.Kind]Unchecked{}
	for _, unchecked := range report.Unchecked {
		if _, twice := kinds[unchecked.Kind]; twice {
			t.Errorf("%s is named twice", unchecked.Kind)
		}
		kinds[unchecked.Kind] = unchecked
		sorted := slices.Sorted(slices.Values(unchecked.Check))
		if len(slices.Compact(sorted)) != len(unchecked.Check) {
			t.Errorf("%s: %v", unchecked.Kind, unchecked.Check)
		}
	}
	if got := kinds[model.Pods]; got.Need != "watch pods" || got.Coverage.Reason != "no" {
		t.Errorf("%+v", got)
	}
	if got := kinds[model.EndpointSlices]; got.Need != "list endpointslices" || got.Coverage.Reason != "cut" || report.Unchecked[0].Kind != model.EndpointSlices {
		t.Errorf("%+v", got)
	}
	if report.Verdict != Unknown {
		t.Errorf("%s", told(report))
	}
}

// TestAGapIsNoHealth has a Service that leads nowhere where something that may be the reason cannot be read, or comes later.
func TestAGapIsNoHealth(t *testing.T) {
	t.Parallel()
	external := service("web", nil, externalName("db.example.com"))
	builder := cluster(external).Cover(model.Need{Kind: model.EndpointSlices}, model.Coverage{State: model.Forbidden})
	if report := Judge(input(builder), web); report.Verdict != OK {
		t.Errorf("an ExternalName needs no slices: %s", told(report))
	}
	app := labels{"app": "web"}
	pending := service("web", app, loadBalancer)
	builder = cluster(pending, pod("a", app)).Cover(model.Need{Kind: model.Events}, model.Coverage{State: model.Syncing})
	if report := Judge(input(builder), web); report.Verdict != Unknown {
		t.Errorf("a load balancer without an address, events on their way: %s", told(report))
	}
	addressed := service("web", app, loadBalancer, func(svc *corev1.Service) {
		svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.9"}}
	})
	builder = cluster(addressed, pod("a", app)).Cover(model.Need{Kind: model.Events}, model.Coverage{State: model.Forbidden})
	if report := Judge(input(builder), web); report.Verdict != OK {
		t.Errorf("a load balancer with an address: %s", told(report))
	}
}

// TestSeveralGaps holds the verdict where of several gaps each leaves something else unknown.
func TestSeveralGaps(t *testing.T) {
	t.Parallel()
	starting := func() objects {
		return objects{pod("a", webApp, ofDeploy("web"), notReady, func(p *corev1.Pod) {
			p.CreationTimestamp = ago(2 * time.Second)
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 2*time.Second)
		})}
	}
	svc := service("web", webApp)
	balanced := service("web", webApp, loadBalancer, func(svc *corev1.Service) { svc.CreationTimestamp = ago(time.Minute) })
	fronted := ingress("front", "web", 80)
	unlisted := pod("z", webApp, readySince(time.Minute), beside("istio-proxy"))
	notListed := slicesFor(svc)[0]
	gap := func(kind model.Kind, state model.CoverageState) func(*model.Builder) {
		return func(b *model.Builder) {
			b.Cover(model.Need{Kind: kind}, model.Coverage{State: state, Since: now.Add(-2 * time.Minute)})
		}
	}
	for name, test := range map[string]struct {
		objects objects
		gaps    []func(*model.Builder)
		want    Verdict
	}{
		"its Pod starts": {append(starting(), svc), nil, Partial},
		"its Pod starts, Ingresses may not be read":             {append(starting(), svc), []func(*model.Builder){gap(model.Ingresses, model.Forbidden)}, Partial},
		"its Pod starts, behind an Ingress, events come":        {append(starting(), svc, fronted), []func(*model.Builder){gap(model.Events, model.Syncing)}, Partial},
		"a load balancer too, events may not be read":           {append(starting(), balanced), []func(*model.Builder){gap(model.Events, model.Forbidden)}, Unknown},
		"a load balancer too, nor may Ingresses":                {append(starting(), balanced), []func(*model.Builder){gap(model.Events, model.Forbidden), gap(model.Ingresses, model.Forbidden)}, Unknown},
		"a load balancer too, behind an Ingress, events come":   {append(starting(), balanced, fronted), []func(*model.Builder){gap(model.Events, model.Syncing)}, Unknown},
		"its Pod starts, another is not listed, the Nodes come": {append(starting(), svc, notListed, unlisted), []func(*model.Builder){gap(model.Nodes, model.Syncing)}, Unknown},
		"serves, Ingresses come and routes may not be read":     {objects{svc, pod("b", webApp)}, []func(*model.Builder){gap(model.Ingresses, model.Syncing), gap(model.HTTPRoutes, model.Forbidden)}, Partial},
		"a note, and slices that were read too early":           {objects{svc, notListed, unlisted}, []func(*model.Builder){gap(model.EndpointSlices, model.Listed)}, Unknown},
		"internal policy Local, headless, no Nodes":             {objects{service("web", webApp, headless, internallyLocal, ports(port(8080, 8080))), pod("b", webApp)}, []func(*model.Builder){gap(model.Nodes, model.Forbidden), gap(model.Pods, model.Forbidden)}, OK},
	} {
		builder := cluster(test.objects...)
		for _, cover := range test.gaps {
			cover(builder)
		}
		report := Judge(input(builder), web)
		record(t, name, report)
		if report.Verdict != test.want {
			t.Errorf("%s: want %s: %s", name, test.want, told(report))
		}
	}
}
