package check

import (
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

var createPods = []admissionv1.RuleWithOperations{{
	Operations: []admissionv1.OperationType{admissionv1.Create}, Rule: admissionv1.Rule{Resources: []string{"pods"}},
}}

func callAt(name string, port int32) admissionv1.WebhookClientConfig {
	return admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "shop", Name: name, Port: &port}}
}

func validating(name string, hooks ...admissionv1.ValidatingWebhook) *admissionv1.ValidatingWebhookConfiguration {
	c := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta(name, nil), Webhooks: hooks}
	c.Namespace = ""
	return c
}

func calling(service string, port int32, policy admissionv1.FailurePolicyType) admissionv1.ValidatingWebhook {
	return admissionv1.ValidatingWebhook{Name: "a.example.com", ClientConfig: callAt(service, port), FailurePolicy: &policy, Rules: createPods}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	plain := func() *corev1.Service { return fronted(onePort) }
	idle := calling("web", 443, admissionv1.Fail)
	idle.Rules = nil
	unsaid := calling("web", 443, admissionv1.Fail)
	unsaid.FailurePolicy, unsaid.ClientConfig.Service.Port = nil, nil
	mutating := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta("inject", nil), Webhooks: []admissionv1.MutatingWebhook{
		{Name: "a.example.com", ClientConfig: callAt("other", 443), Rules: createPods},
		{Name: "b.example.com", ClientConfig: callAt("web", 443), FailurePolicy: new(admissionv1.Ignore), Rules: []admissionv1.RuleWithOperations{
			{Operations: []admissionv1.OperationType{admissionv1.OperationAll}, Rule: admissionv1.Rule{Resources: []string{"*"}}}, createPods[0],
		}},
	}}
	mutating.Namespace = ""
	second := calling("web", 444, admissionv1.Fail)
	second.Name = "b.example.com"
	for name, test := range map[string]struct {
		service  *corev1.Service
		hook     metav1.Object
		verdict  Verdict
		severity Severity
		says     string
		fix      string
	}{
		"its port":          {service: fronted(), hook: validating("guard", calling("web", 443, admissionv1.Fail))},
		"another Service's": {service: plain(), hook: validating("guard", calling("other", 443, admissionv1.Fail))},
		"without rules":     {service: plain(), hook: validating("guard", idle)},
		"by URL":            {service: plain(), hook: validating("guard", admissionv1.ValidatingWebhook{Name: "a.example.com", ClientConfig: admissionv1.WebhookClientConfig{URL: new("https://x")}, Rules: createPods})},
		"no such port": {
			service: plain(), hook: validating("guard", calling("web", 443, admissionv1.Fail)), verdict: Fail, severity: Critical,
			says: "refuses CREATE of pods",
			fix:  `kubectl --context prod patch validatingwebhookconfiguration guard --type=json -p '[{"op":"test","path":"/webhooks/0/clientConfig/service/port","value":443},{"op":"replace","path":"/webhooks/0/clientConfig/service/port","value":80}]'`,
		},
		"no such port, with the defaults": {
			service: plain(), hook: validating("guard", unsaid), verdict: Fail, severity: Critical, says: "refuses CREATE of pods", fix: "patch validatingwebhookconfiguration guard",
		},
		"no such port, and none that is meant": {
			service: fronted(), hook: validating("guard", calling("web", 9443, admissionv1.Fail)), verdict: Fail, severity: Critical, says: "refuses CREATE of pods",
		},
		"no such port, ignored": {
			service: plain(), hook: mutating, severity: Minor, says: "every change of every resource and more is neither checked nor changed",
			fix: `kubectl --context prod patch mutatingwebhookconfiguration inject --type=json -p '[{"op":"test","path":"/webhooks/1/clientConfig/service/port","value":443}`,
		},
		"two, and one of them refuses": {
			service: plain(), hook: validating("guard", calling("web", 443, admissionv1.Ignore), second), verdict: Fail, severity: Critical, says: "refuses CREATE of pods",
			fix: `"value":443},{"op":"replace","path":"/webhooks/0/clientConfig/service/port","value":80}]'`,
		},
	} {
		report := judge(t, "web", test.service, behind(), test.hook)
		record(t, name, report)
		if test.says == "" {
			if report.Verdict != OK || len(report.Findings) != 0 {
				t.Errorf("%s: %s", name, told(report))
			}
			continue
		}
		lead := report.Leading()
		if report.Verdict != test.verdict || len(report.Findings) != 1 || lead.ID != "API-01" || lead.Severity != test.severity || lead.Confidence != Proven ||
			!strings.Contains(lead.Why, test.says) || !strings.Contains(lead.Fix.Command, test.fix) || (lead.Fix.Command == "") != (test.fix == "") {
			t.Errorf("%s: %s\n%s", name, told(report), lead.Why)
		}
	}
	external := judge(t, "web", service("web", nil, externalName("db.example.com")), validating("guard", calling("web", 443, admissionv1.Fail)))
	if findingOf(external, "API-01") != nil {
		t.Errorf("an ExternalName: %s", told(external))
	}
	young := validating("guard", calling("web", 9443, admissionv1.Fail))
	young.CreationTimestamp = ago(time.Second)
	if report := judge(t, "web", fronted(), behind(), young); report.Verdict != OK || !report.Leading().Settling {
		t.Errorf("of a second: %s", told(report))
	}
}

func TestWebhooksThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	unready := pod("a", labels{"app": "web"}, notReady)
	report := judge(t, "web", fronted(), unready, validating("guard", calling("web", 443, admissionv1.Fail)))
	if len(report.Findings) != 2 || report.Findings[0].ID != "POD-06" || report.Findings[1].ID != "API-01" || report.Findings[1].Severity != Critical || !report.Findings[1].Red() {
		t.Errorf("the cause leads: %s", told(report))
	}
	// Scaled to 0 is major, the webhook critical: the cause leads all the same.
	scaled := judge(t, "web", fronted(), deployment("web", 0, labels{"app": "web"}), validating("guard", calling("web", 443, admissionv1.Fail)))
	if lead := scaled.Leading(); lead.ID != "WL-01" || findingOf(scaled, "API-01") == nil {
		t.Errorf("the cause leads: %s", told(scaled))
	}
	ignored := judge(t, "web", fronted(), unready, validating("guard", calling("web", 443, admissionv1.Ignore)))
	if finding := findingOf(ignored, "API-01"); finding == nil || finding.Severity != Minor {
		t.Errorf("ignored: %s", told(ignored))
	}
	// One port leads nowhere, and the webhook is at the other.
	half := fronted(ports(namedPort("http", 80, 8080), namedPort("admin", 81, "nope")))
	fine := judge(t, "web", half, behind(), validating("guard", calling("web", 80, admissionv1.Fail)))
	if findingOf(fine, "API-01") != nil || fine.Verdict != Fail {
		t.Errorf("another port is dead: %s", told(fine))
	}
	dead := judge(t, "web", half, behind(), validating("guard", calling("web", 81, admissionv1.Fail)))
	if findingOf(dead, "API-01") == nil {
		t.Errorf("its port is dead: %s", told(dead))
	}
	unknown := cluster(fronted(), unready, validating("guard", calling("web", 443, admissionv1.Fail))).Cover(model.Need{Kind: model.EndpointSlices}, model.Coverage{State: model.Forbidden, Verb: "list"})
	if report := Judge(input(unknown), model.Key{Namespace: "shop", Name: "web"}); findingOf(report, "API-01") != nil {
		t.Errorf("the slices are not known: %s", told(report))
	}
}

// TestCallsOfTheAPIServerInFull holds every word that is said of several webhooks, and of those whose Pods may only be starting.
func TestCallsOfTheAPIServerInFull(t *testing.T) {
	t.Parallel()
	call := func(port int32) admissionv1.ValidatingWebhook { return calling("web", port, admissionv1.Fail) }
	with := func(svc *corev1.Service, others ...metav1.Object) objects { return append(objects{svc}, others...) }
	guard := validating("guard", call(443))
	unready := pod("a", webApp, notReady)
	starting := pod("a", webApp, notReady, func(p *corev1.Pod) {
		p.CreationTimestamp = ago(3 * time.Second)
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "containers with unready status: [app]", 3*time.Second)
	})
	testSituations(t, "apiserver", map[string]situation{
		"five ask for ports that are not there":  {objects: with(fronted(), behind(), validating("guard", call(1), call(2), call(3), call(4), call(5))), want: "API-01 critical proven"},
		"two configurations, each of a port":     {objects: with(fronted(), behind(), validating("first", call(1)), validating("second", call(2))), want: "API-01 critical proven, API-01 critical proven"},
		"nobody answers":                         {objects: with(fronted(), unready, guard), want: "POD-06 critical proven, API-01 critical proven"},
		"nobody answers four":                    {objects: with(fronted(), unready, validating("guard", call(443), call(443), call(443), call(443))), want: "POD-06 critical proven, API-01 critical proven"},
		"nobody answers yet":                     {objects: with(fronted(), starting, guard), want: "POD-06 minor proven, API-01 minor proven"},
		"nobody answers yet, the Service is new": {objects: with(serviceMade(fronted(), time.Second), starting, guard), want: "POD-06 minor proven, API-01 minor proven"},
		"an ExternalName":                        {objects: with(service("web", nil, externalName("db.example.com")), apiService("v1.metrics.example.com", 443)), want: ""},
	})
}

func apiService(name string, port int32, conditions ...metav1.Condition) *model.APIService {
	a := &model.APIService{
		ObjectMeta: meta(name, nil), Service: &model.Key{Namespace: "shop", Name: "web"}, Port: port, Group: "metrics.example.com", Version: "v1", Conditions: conditions,
	}
	a.Namespace = ""
	return a
}

func TestAPIServices(t *testing.T) {
	t.Parallel()
	down := condition("Available", "False", "FailedDiscoveryCheck", "no response from https://10.4.1.2:8443", 0)
	starting := down
	starting.LastTransitionTime = ago(50 * time.Second)
	for name, test := range map[string]struct {
		apiService *model.APIService
		verdict    Verdict
		short      string
		says       string
		fix        string
		settling   bool
	}{
		"available":         {apiService: apiService("v1.metrics", 443, condition("Available", "True", "Passed", "", 0))},
		"it is not known":   {apiService: apiService("v1.metrics", 443, condition("Available", "Unknown", "x", "", 0))},
		"another condition": {apiService: apiService("v1.metrics", 443, condition("Other", "False", "x", "", 0))},
		"served by itself":  {apiService: func() *model.APIService { a := apiService("v1.apps", 0, down); a.Service = nil; return a }()},
		"down":              {apiService: apiService("v1.metrics", 443, down), verdict: Fail, short: "APIService: FailedDiscoveryCheck", says: "no response"},
		"down for a moment": {apiService: apiService("v1.metrics", 443, starting), short: "APIService: FailedDiscoveryCheck", says: "no response", settling: true},
		"down, without words": {
			apiService: apiService("v1.metrics", 443, condition("Available", "False", "MissingEndpoints", "", 0)), verdict: Fail, short: "APIService: MissingEndpoints", says: "metrics.example.com/v1",
		},
		"no such port": {
			apiService: apiService("v1.metrics", 8443, down), verdict: Fail, short: "APIService asks for port 8443", says: "no namespace can be deleted",
			fix: `kubectl --context prod patch apiservice v1.metrics --type=json -p '[{"op":"test","path":"/spec/service/port","value":8443},{"op":"replace","path":"/spec/service/port","value":443}]'`,
		},
		"no such port, and none that is meant": {apiService: apiService("v1.metrics", 9), verdict: Fail, short: "APIService asks for port 9", says: "no namespace can be deleted"},
	} {
		report := judge(t, "web", fronted(), behind(), test.apiService)
		record(t, name, report)
		if report.Verdict != test.verdict || (len(report.Findings) == 1) != (test.short != "") {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if lead := report.Leading(); lead != nil && (lead.ID != "API-02" || lead.Short != test.short || !strings.Contains(lead.Why, test.says) ||
			lead.Fix.Command != test.fix || lead.Settling != test.settling) {
			t.Errorf("%s: %s\n%s", name, told(report), lead.Why)
		}
	}
}

// Most users may not read what is of the whole cluster: only a Service with the port that the API server calls is told of it.
func TestWebhooksThatCannotBeRead(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "web"}
	for name, test := range map[string]struct {
		service *corev1.Service
		state   model.CoverageState
		verdict Verdict
		told    int
	}{
		"forbidden, port 443":    {fronted(), model.Forbidden, OK, 2},
		"forbidden, port 80":     {fronted(onePort), model.Forbidden, OK, 0},
		"still coming, port 443": {fronted(), model.Syncing, Partial, 2},
		"still coming, port 80":  {fronted(onePort), model.Syncing, Partial, 2},
	} {
		builder := cluster(test.service, behind())
		for _, kind := range []model.Kind{model.ValidatingWebhooks, model.MutatingWebhooks, model.APIServices} {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: test.state})
		}
		if report := Judge(input(builder), key); report.Verdict != test.verdict || len(report.Unchecked) != test.told {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

func TestReferrersOfMissingServices(t *testing.T) {
	t.Parallel()
	missing := model.Key{Namespace: "shop", Name: "wbe"}
	stands := []metav1.Object{
		ingress("shop", "wbe", 8443, withPath("/ok", "web", 80), withPath("/b", "wbe", 80)),
		httpRoute("shop", backends(backendRef(0, 0, "wbe", 8080, 1), backendRef(0, 1, "web", 80, 1)), reported(condition("ResolvedRefs", "False", "BackendNotFound", "no wbe", 2))),
		validating("guard", calling("wbe", 443, admissionv1.Fail)),
		func() *model.APIService { a := apiService("v1.metrics", 8443); a.Service.Name = "wbe"; return a }(),
	}
	report := Judge(input(cluster(append(stands, fronted(), behind())...)), missing)
	want := map[string]string{
		"ING-01": `kubectl --context prod -n shop patch ingress shop --type=json -p '[{"op":"test","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"number":8443}},{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"number":443}},` +
			`{"op":"test","path":"/spec/rules/0/http/paths/0/backend/service/name","value":"wbe"},{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/name","value":"web"},` +
			`{"op":"test","path":"/spec/rules/0/http/paths/2/backend/service/name","value":"wbe"},{"op":"replace","path":"/spec/rules/0/http/paths/2/backend/service/name","value":"web"}]'`,
		"GW-01": `kubectl --context prod -n shop patch httproute shop --type=json -p '[{"op":"test","path":"/spec/rules/0/backendRefs/0/port","value":8080},{"op":"replace","path":"/spec/rules/0/backendRefs/0/port","value":80},` +
			`{"op":"test","path":"/spec/rules/0/backendRefs/0/name","value":"wbe"},{"op":"replace","path":"/spec/rules/0/backendRefs/0/name","value":"web"}]'`,
		"API-01": `kubectl --context prod patch validatingwebhookconfiguration guard --type=json -p '[{"op":"test","path":"/webhooks/0/clientConfig/service/name","value":"wbe"},{"op":"replace","path":"/webhooks/0/clientConfig/service/name","value":"web"}]'`,
		"API-02": `kubectl --context prod patch apiservice v1.metrics --type=json -p '[{"op":"test","path":"/spec/service/port","value":8443},{"op":"replace","path":"/spec/service/port","value":443},` +
			`{"op":"test","path":"/spec/service/name","value":"wbe"},{"op":"replace","path":"/spec/service/name","value":"web"}]'`,
	}
	fields := map[string]string{
		"ING-01": "spec.rules[0].http.paths[0].backend.service.name", "GW-01": "spec.rules[0].backendRefs[0].name",
		"API-01": "webhooks[0].clientConfig.service.name", "API-02": "spec.service.name",
	}
	if report.Leading().ID != "SVC-01" || len(report.Findings) != 5 {
		t.Fatal(told(report))
	}
	for id, command := range want {
		finding := findingOf(report, id)
		if finding == nil || !finding.Red() || finding.Fix.Command != command || finding.Fix.Note != "if web is meant" || finding.Evidence[1].Field != fields[id] {
			t.Errorf("%s: %+v\n%+v", id, finding, finding.Fix)
		}
	}
	if evidence := findingOf(report, "GW-01").Evidence; evidence[len(evidence)-1].Value != "False BackendNotFound: no wbe" {
		t.Errorf("%+v", evidence)
	}
	if evidence := findingOf(report, "ING-01").Evidence; len(evidence) != 3 {
		t.Errorf("both places of the Ingress: %+v", evidence)
	}
	alone := Judge(input(cluster(stands...)), missing)
	for id := range want {
		if finding := findingOf(alone, id); finding == nil || finding.Fix.Command != "" || finding.Fix.Note == "" {
			t.Errorf("%s: nothing is near: %+v", id, finding)
		}
	}
	if findingOf(alone, "API-01").Severity != Critical || findingOf(alone, "ING-01").Severity != Major {
		t.Error(told(alone))
	}
	nobody := Judge(input(cluster(fronted())), missing)
	if len(nobody.Findings) != 1 {
		t.Errorf("nothing names it: %s", told(nobody))
	}
	denied := cluster(stands...).Cover(model.Need{Kind: model.Services}, model.Coverage{State: model.Forbidden})
	if report := Judge(input(denied), missing); report.Verdict != Unknown || len(report.Findings) != 0 {
		t.Errorf("Services may not be listed: %s", told(report))
	}
}
