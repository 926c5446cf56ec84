package report_test

import (
	"strings"
	"testing"
	"time"

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

// TestRungs holds that a long answer stands below its rung, whole, and that rungs which were all left out for one reason are not listed.
func TestRungs(t *testing.T) {
	t.Parallel()
	long := "pods \"web-0\" is forbidden: User \"jane\" cannot create resource \"pods/portforward\" in the namespace \"shop\""
	left := []isolation.Observation{{Rung: isolation.RungPod, Outcome: isolation.NotRun, Detail: "there is no such Service"}, {Rung: isolation.RungProxyPod, Outcome: isolation.NotRun, Detail: "there is no such Service"}}
	told := &isolation.Conclusion{Mark: check.MarkFail, Text: "There is no Service web."}
	for name, test := range map[string]struct {
		result isolation.Result
		want   string
		never  string
	}{
		"long":      {isolation.Result{Rungs: []isolation.Observation{{Rung: isolation.RungPod, Crosses: "x", Outcome: isolation.Denied, Detail: long}}}, "  ? Pod  x  denied\n      " + long + "\n", ""},
		"short":     {isolation.Result{Rungs: []isolation.Observation{{Rung: isolation.RungPod, Crosses: "x", Outcome: isolation.OK, Detail: "200 OK", Took: 12 * time.Millisecond}}}, "  ✓ Pod  x  200 OK      12 ms\n", "\n      200"},
		"one cause": {isolation.Result{Rungs: left, Conclusion: told}, "web\n\n✗ There is no Service web.", "no such Service"},
		"two causes": {
			isolation.Result{Rungs: append([]isolation.Observation{{Rung: isolation.RungFromHere, Outcome: isolation.NotRun, Detail: "no external address"}}, left...), Conclusion: told},
			"there is no such Service", "",
		},
		"one is by hand": {isolation.Result{Rungs: append([]isolation.Observation{{Rung: isolation.RungInCluster, Outcome: isolation.NotRun, Detail: left[0].Detail, Paste: "kubectl exec"}}, left...), Conclusion: told}, "by hand: kubectl exec", ""},
		"no conclusion":  {isolation.Result{Rungs: left}, "there is no such Service", ""},
	} {
		test.result.Request.Service = key("web")
		var text strings.Builder
		if err := report.WriteTests(&text, []isolation.Result{test.result}, report.Text, report.Style{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), test.want) || test.never != "" && strings.Contains(text.String(), test.never) {
			t.Errorf("%s:\n%s", name, text.String())
		}
	}
}

// TestSweptPorts holds that the ports of a Pod are told apart, also where two lead to one address.
func TestSweptPorts(t *testing.T) {
	t.Parallel()
	cell := func(port string, number int32) isolation.Cell {
		return isolation.Cell{Port: port, PodPort: number, Mark: check.MarkOK, Text: "200 OK"}
	}
	pod := func(name string, cells ...isolation.Cell) isolation.SweptPod {
		return isolation.SweptPod{Name: name, IP: "10.0.0.1", Ready: true, Cells: cells}
	}
	for name, test := range map[string]struct {
		pod  isolation.SweptPod
		want []string
	}{
		"one port":                {pod("a", cell("http", 8080)), []string{"  ✓ a  Ready  10.0.0.1:8080  200 OK\n"}},
		"two that lead to one":    {pod("a", cell("http", 8080), cell("admin", 8080)), []string{"  http   10.0.0.1:8080  200 OK\n", "  admin  10.0.0.1:8080  200 OK\n"}},
		"numbers":                 {pod("a", cell("10", 8080), cell("80", 8080)), []string{"  10  10.0.0.1:8080  200 OK\n"}},
		"one that leads to none":  {pod("a", cell("http", 8080), cell("metrics", 0)), []string{"  http     10.0.0.1:8080  200 OK\n", "  metrics                 200 OK\n"}},
		"hostile name, no escape": {pod("a", cell("\x1b[31m", 8080), cell("b", 81)), []string{"  10.0.0.1:8080  200 OK\n"}},
	} {
		var text strings.Builder
		if err := report.WriteSweep(&text, isolation.SweepResult{Request: isolation.Request{Service: key("web")}, Pods: []isolation.SweptPod{test.pod}}, report.Text, report.Style{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(text.String(), want) || strings.Contains(text.String(), "\x1b") {
				t.Errorf("%s: no %q in\n%s", name, want, text.String())
			}
		}
	}
}
