package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/exp/golden"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

var now = time.Date(2026, 5, 4, 14, 2, 0, 0, time.UTC)

func service(name string, serviceType corev1.ServiceType) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec:       corev1.ServiceSpec{Type: serviceType},
	}
}

func key(name string) model.Key { return model.Key{Namespace: "shop", Name: name} }

// shop has one Service of every verdict.
func shop() report.Document {
	snapshot := model.NewBuilder(nil).Put(
		service("checkout", corev1.ServiceTypeClusterIP),
		service("search", ""),
		service("audit", corev1.ServiceTypeClusterIP),
		service("web", corev1.ServiceTypeLoadBalancer),
		service("payments", corev1.ServiceTypeClusterIP),
		service("catalog", corev1.ServiceTypeClusterIP),
	).Build(now)
	checkout := &check.Report{
		Key: key("checkout"), Verdict: check.Fail, Counted: true, Since: now.Add(-3 * time.Minute),
		Reach: "inside the cluster, as checkout.shop; not from outside",
		Route: []check.Hop{{Text: "clients"}, {Text: "checkout.shop:80"}, {Text: "app=checkout tier=backend"}, {Text: "0 of 12 Pods", Broken: true}},
		Findings: []check.Finding{
			{
				ID: "SEL-01", Severity: check.Critical, Confidence: check.Proven, Step: check.StepSelector,
				Title: "No Pod carries app=checkout.",
				Why:   "3 Pods of deploy/checkout carry app=check-out. A Service sends traffic only to Pods that carry every pair of its selector.",
				Cause: &check.Cause{Text: "a dash too few in the Service's selector", Confidence: check.Likely},
				Evidence: []check.Evidence{
					{Kind: "Service", Namespace: "shop", Name: "checkout", Field: "spec.selector.app", Value: "checkout"},
					{Kind: "Pod", Namespace: "shop", Name: "checkout-7d9f6b-x2lqp", Field: "metadata.labels.app", Value: "check-out"},
				},
				Fix: &check.Fix{
					Command: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":"check-out"}}}'`,
					Note:    "Managed by Helm release shop: change it in the chart, or the next release undoes it.",
				},
				Since: now.Add(-3 * time.Minute),
			},
			{
				ID: "EPS-01", Severity: check.Minor, Confidence: check.Proven, Settling: true, Title: "The slice is younger than 10 s.",
				Fix: &check.Fix{Note: "Wait."},
			},
		},
		Suffers: []model.Referrer{
			{Kind: model.Ingresses, Namespace: "shop", Name: "web", Field: "spec.rules[0].http.paths[0].backend.service.name", Port: 80, Hosts: []string{"shop.example"}, Paths: []string{"/cart"}, Weight: 1},
			{Kind: model.Ingresses, Namespace: "shop", Name: "web", Field: "spec.rules[0].http.paths[1].backend.service.name", PortName: "http", Hosts: []string{"shop.example"}, Paths: []string{"/pay"}, Weight: 1},
			{Kind: model.ValidatingWebhooks, Name: "policy", Field: "webhooks[0].clientConfig.service.name", Port: 443, Weight: 1, Webhook: "v.example", FailurePolicy: "Fail"},
		},
		Steps: [check.StepCount]check.StepResult{
			{Mark: check.MarkOK},
			{Mark: check.MarkFail, Note: "0/0"},
			{Mark: check.MarkFail, Note: "0/12"},
			{Mark: check.MarkNone},
			{Mark: check.MarkNone},
			{Mark: check.MarkPending, Note: "t"},
			{Mark: check.MarkWarn, Note: "2"},
		},
	}
	return report.Document{
		Context: "prod", Scope: "shop", At: now, Snapshot: snapshot,
		Reports: []*check.Report{
			{
				Key: key("audit"), Verdict: check.Unknown,
				Unchecked: []check.Unchecked{{
					Check: []string{"SEL-01", "SEL-04"}, Need: "list pods", Kind: model.Pods, Namespace: "shop",
					Coverage: model.Coverage{State: model.Forbidden, Reason: `pods is forbidden: User "eve" cannot list`},
				}},
			},
			{Key: key("catalog"), Verdict: check.Partial, Usable: 4, Selected: 4, Counted: true},
			checkout,
			{Key: key("chekout"), Verdict: check.Fail, Missing: true, Findings: []check.Finding{{
				ID: "SVC-01", Severity: check.Critical, Confidence: check.Proven, Title: "No Service is named chekout.",
				Cause: &check.Cause{Text: "checkout exists", Confidence: check.Likely},
			}}},
			{
				Key: key("payments"), Verdict: check.OK, Usable: 3, Selected: 3, Counted: true,
				Findings: []check.Finding{{ID: "HL-01", Severity: check.Minor, Confidence: check.Possible, Title: "Nobody maps port 80."}},
			},
			{Key: key("search"), Verdict: check.Warn, Usable: 2, Selected: 2, Counted: true, Findings: []check.Finding{{
				ID: "PORT-05", Severity: check.Critical, Confidence: check.Likely, Title: "The container declares 8080, not 80.",
			}}},
			{Key: key("web"), Verdict: check.OK, Usable: 3, Selected: 3, Counted: true, Findings: []check.Finding{{ID: "ADV-04", Title: "No readiness probe."}}},
		},
	}
}

func write(t *testing.T, document report.Document, format report.Format, style report.Style) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Write(&out, document, format, style); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWrite(t *testing.T) {
	t.Parallel()
	named := shop()
	named.Named = true
	named.Reports = []*check.Report{named.Reports[2], named.Reports[6]}
	for name, test := range map[string]struct {
		document report.Document
		format   report.Format
		style    report.Style
	}{
		"text":        {shop(), report.Text, report.Style{}},
		"colour":      {shop(), report.Text, report.Style{Color: true, Width: 72}},
		"ascii":       {shop(), report.Text, report.Style{ASCII: true, Width: 40}},
		"named":       {named, report.Text, report.Style{}},
		"markdown":    {shop(), report.Markdown, report.Style{}},
		"json":        {shop(), report.JSON, report.Style{}},
		"yaml":        {shop(), report.YAML, report.Style{}},
		"empty-json":  {report.Document{}, report.JSON, report.Style{}},
		"empty-text":  {report.Document{Context: "prod"}, report.Text, report.Style{}},
		"single-text": {report.Document{Scope: "shop", Reports: shop().Reports[5:6]}, report.Text, report.Style{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.RequireEqual(t, write(t, test.document, test.format, test.style))
		})
	}
}

func TestWriteTests(t *testing.T) {
	t.Parallel()
	results := []isolation.Result{
		{
			Request: isolation.Request{Service: key("quotes"), Port: "http", Pod: "quotes-5c9d7-x2lqp"}, PodPort: 8080,
			Protocol: "http, from the readiness probe",
			Rungs: []isolation.Observation{
				{Rung: isolation.RungPod, Crosses: "port-forward → localhost inside the Pod", Outcome: isolation.OK, Detail: "200 OK", Took: 12 * time.Millisecond},
				{Rung: isolation.RungProxyService, Crosses: "ready endpoints → 10.4.2.17:8080", Outcome: isolation.Refused, Detail: "connection refused", Took: 9 * time.Millisecond},
				{Rung: isolation.RungProxyPod, Crosses: "10.4.2.17:8080", Outcome: isolation.Denied, Detail: hostile, Took: 1500 * time.Microsecond},
				{Rung: isolation.RungInCluster, Crosses: "exec in a Pod you choose", Outcome: isolation.NotRun},
			},
			Conclusion: &isolation.Conclusion{
				ID: "PORT-09", Mark: check.MarkFail, Text: "The application listens on 127.0.0.1 only.",
				Why: "A port-forward reaches it, because it dials localhost inside the Pod.", Next: "let it listen on 0.0.0.0:8080", Confidence: check.Probed,
			},
		},
		{
			Request:    isolation.Request{Service: key("quotes"), Port: "9090"},
			Conclusion: &isolation.Conclusion{Mark: check.MarkUnknown, Text: "Inconclusive."},
		},
	}
	for name, test := range map[string]struct {
		format report.Format
		style  report.Style
	}{
		"text":   {format: report.Text},
		"colour": {report.Text, report.Style{Color: true, Width: 60}},
		"json":   {format: report.JSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := report.WriteTests(&out, results, test.format, test.style); err != nil {
				t.Fatal(err)
			}
			golden.RequireEqual(t, out.Bytes())
		})
	}
}

func TestTestProgressTellsOfEachRungOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	progress := report.TestProgress(&out, "ht\x1btp")
	begun := isolation.Result{Rungs: []isolation.Observation{{Rung: isolation.RungPod, Running: true}, {Rung: isolation.RungInCluster}}}
	progress(begun)
	progress(begun)
	if want := "svctui: ht\uFFFDtp: trying " + report.RungTitle(isolation.RungPod) + "\n"; out.String() != want {
		t.Errorf("told %q, want %q", out.String(), want)
	}
}

func TestWriteRefusesAnUnknownFormat(t *testing.T) {
	t.Parallel()
	if err := report.Write(&bytes.Buffer{}, shop(), "toml", report.Style{}); err == nil {
		t.Fatal("wrote toml")
	}
	if err := report.WriteTests(&bytes.Buffer{}, nil, report.YAML, report.Style{}); err == nil {
		t.Fatal("wrote tests as yaml")
	}
}

// TestContractKeepsItsFields names every field of the contract: scripts rest on them.
func TestContractKeepsItsFields(t *testing.T) {
	t.Parallel()
	var fields map[string]any
	if err := json.Unmarshal([]byte(write(t, shop(), report.JSON, report.Style{})), &fields); err != nil {
		t.Fatal(err)
	}
	want := func(value any, names ...string) map[string]any {
		t.Helper()
		object, _ := value.(map[string]any)
		if len(object) != len(names) {
			t.Errorf("got fields %v, want %v", object, names)
		}
		for _, name := range names {
			if _, ok := object[name]; !ok {
				t.Errorf("no field %q in %v", name, object)
			}
		}
		return object
	}
	first := func(value any) any { return value.([]any)[0] }
	top := want(fields, "apiVersion", "context", "summary", "services")
	summary := want(top["summary"], "services", "fail", "warn", "unknown", "ok")
	if summary["services"] != 7.0 || summary["fail"] != 2.0 || summary["warn"] != 1.0 || summary["unknown"] != 1.0 || summary["ok"] != 3.0 {
		t.Errorf("summary %v", summary)
	}
	services := top["services"].([]any)
	audit := want(services[0], "namespace", "name", "type", "verdict", "findings", "unchecked", "unasked", "suffers")
	want(first(audit["unchecked"]), "check", "need", "why")
	checkout := services[2].(map[string]any)
	finding := want(first(checkout["findings"]), "id", "severity", "confidence", "title", "why", "cause", "evidence", "fix")
	want(finding["cause"], "text", "confidence")
	want(first(finding["evidence"]), "kind", "namespace", "name", "field", "value")
	want(finding["fix"], "command", "note")
	for _, service := range services {
		if verdict := service.(map[string]any)["verdict"]; verdict == "partial" {
			t.Error("a partial verdict left the program")
		}
	}
}

// TestSettlingIsNotHealth holds that a Service with nothing usable is never ok, however young that is, and that the words say
// when to look again.
func TestSettlingIsNotHealth(t *testing.T) {
	t.Parallel()
	young := func(settling bool, left time.Duration) *check.Report {
		return &check.Report{
			Key: key("web"), Verdict: check.Partial, Settling: settling,
			Findings: []check.Finding{{ID: "SEL-04", Severity: check.Minor, Confidence: check.Proven, Settling: true, Again: now.Add(left)}},
		}
	}
	for name, test := range map[string]struct {
		report *check.Report
		exit   int
		says   string
	}{
		"seconds":              {young(true, 7500*time.Millisecond), 2, "still settling: look again in 8 s"},
		"minutes":              {young(true, 9*time.Minute+time.Second), 2, "still settling: look again in 10 min"},
		"is over by now":       {young(true, -time.Second), 2, "still settling: look again"},
		"endpoints are usable": {young(false, 8*time.Second), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := report.ExitCode(report.Document{Reports: []*check.Report{test.report}}, false); got != test.exit {
				t.Errorf("exit code %d, want %d", got, test.exit)
			}
			document := report.Document{Scope: "shop", At: now, Named: true, Reports: []*check.Report{test.report}}
			for _, format := range report.Formats() {
				out := write(t, document, format, report.Style{})
				if strings.Contains(out, "look again") != (test.says != "") || !strings.Contains(out, test.says) {
					t.Errorf("%s does not say %q:\n%s", format, test.says, out)
				}
				if strings.Contains(out, "unknown, ") != (test.exit == 2 && (format == report.Text || format == report.Markdown)) {
					t.Errorf("%s:\n%s", format, out)
				}
			}
		})
	}
}

// TestWhatOnlyLooksIsNoFix holds that a command which mends nothing is not called a fix.
func TestWhatOnlyLooksIsNoFix(t *testing.T) {
	t.Parallel()
	for look, want := range map[bool]map[report.Format]string{
		true:  {report.Text: "    Look:      kubectl logs a\n", report.Markdown: "\nLook:\n", report.JSON: `"look": true`, report.YAML: "look: true"},
		false: {report.Text: "    Fix:       kubectl logs a\n", report.Markdown: "\nFix:\n", report.JSON: `"note": "why"`, report.YAML: "note: why"},
	} {
		document := report.Document{Scope: "shop", At: now, Named: true, Reports: []*check.Report{{
			Key: key("web"), Verdict: check.Fail, Findings: []check.Finding{{ID: "POD-06", Fix: &check.Fix{Command: "kubectl logs a", Note: "why", Look: look}}},
		}}}
		for format, text := range want {
			out := write(t, document, format, report.Style{})
			if !strings.Contains(out, text) || !look && strings.Contains(strings.ToLower(out), "look") {
				t.Errorf("look %v, %s:\n%s", look, format, out)
			}
		}
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	red, likely := check.Finding{Severity: check.Major, Confidence: check.Proven}, check.Finding{Severity: check.Major, Confidence: check.Likely}
	for _, test := range []struct {
		verdicts []check.Verdict
		client   check.ClientReport
		// want is the code by itself, strict the one where warnings count.
		want, strict int
	}{
		{nil, check.ClientReport{}, 0, 0},
		{[]check.Verdict{check.OK, check.Partial, check.Warn}, check.ClientReport{}, 0, 1},
		{[]check.Verdict{check.OK, check.Unknown}, check.ClientReport{}, 2, 2},
		{[]check.Verdict{check.OK, check.Unknown, check.Warn}, check.ClientReport{}, 2, 1},
		{[]check.Verdict{check.Unknown, check.Fail, check.OK}, check.ClientReport{}, 1, 1},
		{[]check.Verdict{check.OK}, check.ClientReport{Findings: []check.Finding{likely}}, 0, 1},
		{[]check.Verdict{check.OK}, check.ClientReport{Findings: []check.Finding{likely, red}}, 1, 1},
		{[]check.Verdict{check.OK}, check.ClientReport{Unchecked: []check.Unchecked{{}}}, 2, 2},
	} {
		document := report.Document{ForClient: map[model.Key]check.ClientReport{key("web"): test.client}}
		for _, verdict := range test.verdicts {
			document.Reports = append(document.Reports, &check.Report{Verdict: verdict})
		}
		if got, strict := report.ExitCode(document, false), report.ExitCode(document, true); got != test.want || strict != test.strict {
			t.Errorf("%v %+v: %d, with warnings %d; want %d, %d", test.verdicts, test.client, got, strict, test.want, test.strict)
		}
	}
}

// hostile is a string that a terminal, Markdown or YAML would act on.
const hostile = "\x1b]0;t\x07\u202e`` | <img src=x> [a](b) \"'\n# x\n---\n```\n: {a: &b}\xff\u009b2J"

func hostileDocument() report.Document {
	return report.Document{
		Context: hostile, Scope: hostile, Named: true, At: now,
		Reports: []*check.Report{{
			Key: model.Key{Namespace: hostile, Name: hostile}, Verdict: check.Fail, Reach: hostile,
			Route: []check.Hop{{Text: hostile}, {Text: hostile, Broken: true}},
			Findings: []check.Finding{{
				ID: "SEL-01", Severity: check.Critical, Confidence: check.Proven, Title: hostile, Why: hostile,
				Cause:    &check.Cause{Text: hostile},
				Evidence: []check.Evidence{{Kind: hostile, Namespace: hostile, Name: hostile, Field: hostile, Value: hostile}},
				Fix:      &check.Fix{Command: hostile, Note: hostile},
			}},
			Unchecked: []check.Unchecked{{Check: []string{"X"}, Need: hostile, Coverage: model.Coverage{State: model.Failed, Reason: hostile}}},
			Steps:     [check.StepCount]check.StepResult{{Note: hostile}},
		}},
	}
}

func TestNothingHostileIsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range report.Formats() {
		out := write(t, hostileDocument(), format, report.Style{})
		for _, r := range out {
			if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
				t.Errorf("%s: %U in %q", format, r, out)
				break
			}
		}
	}
}

func TestJSONKeepsTheStringThatTheClusterHolds(t *testing.T) {
	t.Parallel()
	var out struct{ Context string }
	if err := json.Unmarshal([]byte(write(t, hostileDocument(), report.JSON, report.Style{})), &out); err != nil {
		t.Fatal(err)
	}
	if want := strings.ToValidUTF8(hostile, "\uFFFD"); out.Context != want {
		t.Errorf("got %q, want %q", out.Context, want)
	}
}

func TestYAMLIsTheSameDocumentAsJSON(t *testing.T) {
	t.Parallel()
	var fromJSON, fromYAML map[string]any
	if err := json.Unmarshal([]byte(write(t, shop(), report.JSON, report.Style{})), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(write(t, shop(), report.YAML, report.Style{})), &fromYAML); err != nil {
		t.Fatal(err)
	}
	left, _ := json.Marshal(fromJSON)
	right, _ := json.Marshal(fromYAML)
	if !bytes.Equal(left, right) {
		t.Errorf("JSON %s\nYAML %s", left, right)
	}
	if err := yaml.UnmarshalStrict([]byte(write(t, hostileDocument(), report.YAML, report.Style{})), &fromYAML); err != nil {
		t.Error(err)
	}
}
