package report_test

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

// The command of a conclusion is pasted: it stands alone, on one line, and holds nothing that a terminal would obey.
func TestTheCommandOfATestIsWholeAndClean(t *testing.T) {
	t.Parallel()
	command := "kubectl -n shop patch svc web -p '" + strings.Repeat("x", 200) + "'"
	results := []isolation.Result{{
		Request: isolation.Request{Service: key("web")},
		Conclusion: &isolation.Conclusion{
			ID: "SEL-05", Mark: check.MarkFail, Text: "Nothing listens.", Next: "narrow the selector", Command: command + "\x1b[31m",
		},
	}}
	var text, json strings.Builder
	if err := report.WriteTests(&text, results, report.Text, report.Style{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "\n  next: narrow the selector\n  "+command) || strings.Contains(text.String(), "\x1b") {
		t.Errorf("text:\n%s", text.String())
	}
	if err := report.WriteTests(&json, results, report.JSON, report.Style{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(json.String(), `"command": "kubectl -n shop patch`) {
		t.Errorf("JSON:\n%s", json.String())
	}
}
