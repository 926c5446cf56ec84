package report_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/report"
)

// A report for people says of a healthy Service which ports nobody has asked, and how to ask them.
func TestWhatNobodyAskedIsTold(t *testing.T) {
	t.Parallel()
	web := service("web", corev1.ServiceTypeClusterIP)
	web.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80}, {Name: "met_rics", Port: 90}}
	alias := service("alias", corev1.ServiceTypeExternalName)
	alias.Spec.Ports = web.Spec.Ports
	snapshot := model.NewBuilder(nil).Put(web, alias).Build(now)
	for name, test := range map[string]struct {
		service  string
		verdict  check.Verdict
		answered []string
		text     string
		markdown string
	}{
		"none is asked":       {"web", check.OK, nil, "not asked whether ports http, met_rics answer", `Ready by the API; not asked whether ports http, met\_rics answer:`},
		"one passed a test":   {"web", check.OK, []string{"met_rics"}, "not asked whether port http answers", "Ready by the API; not asked whether port http answers:"},
		"all passed a test":   {"web", check.OK, []string{"met_rics", "http"}, "", ""},
		"what is broken":      {"web", check.Fail, nil, "", ""},
		"another name":        {"alias", check.OK, nil, "", ""},
		"one that is unknown": {"gone", check.OK, nil, "", ""},
	} {
		document := report.Document{
			Scope: "shop", At: now, Snapshot: snapshot, Named: true, KubectlArgs: []string{"--context", "prod"},
			Reports:  []*check.Report{{Key: key(test.service), Verdict: test.verdict}},
			Answered: map[model.Key][]string{key(test.service): test.answered},
		}
		for format, want := range map[report.Format]string{report.Text: test.text, report.Markdown: test.markdown} {
			got := write(t, document, format, report.Style{})
			if !strings.Contains(got, want) || want == "" && strings.Contains(got, "not asked") {
				t.Errorf("%s, %s: want %q in\n%s", name, format, want, got)
			}
			if command := "```sh\nsvctui --context prod test web -n shop\n```"; format == report.Markdown && strings.Contains(got, command) != (want != "") {
				t.Errorf("%s: the command in\n%s", name, got)
			}
		}
	}
}
