package check

import (
	"testing"
)

// fault is what is expected of the first of the objects, a Service.
type fault struct {
	objects    objects
	verdict    Verdict
	lead       string
	short      string
	fix        string
	noCommand  bool
	severity   Severity
	confidence Confidence
}

// TestFaults holds that each fault is led by the right finding, and that what it says names the proof.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, family := range []map[string]fault{
		serviceFaults(), selectorFaults(), workloadFaults(), podFaults(), portFaults(), sliceFaults(),
	} {
		for name, test := range family {
			testFault(t, name, test)
		}
	}
}

func testFault(t *testing.T, name string, test fault) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		report := judge(t, test.objects[0].GetName(), test.objects...)
		lead := report.Leading()
		if lead == nil || report.Verdict != test.verdict || lead.ID != test.lead {
			t.Fatalf("want %s %s, got %s", test.verdict, test.lead, told(report))
		}
		if lead.Severity != test.severity || lead.Confidence != test.confidence {
			t.Errorf("want %s %s, got %s", test.severity, test.confidence, told(report))
		}
		if lead.Short != test.short {
			t.Errorf("short is %q, want %q", lead.Short, test.short)
		}
		if test.fix != "" && (lead.Fix == nil || lead.Fix.Command != test.fix) {
			t.Errorf("want fix %s, got %s", test.fix, told(report))
		}
		if test.noCommand && (lead.Fix == nil || lead.Fix.Command != "" || lead.Fix.Note == "") {
			t.Errorf("want a note and no command, got %s", told(report))
		}
		if len(lead.Evidence) == 0 || lead.Evidence[0].Kind == "" || lead.Evidence[0].Field == "" {
			t.Errorf("no evidence: %+v", lead.Evidence)
		}
		if last := report.Route[len(report.Route)-1]; report.Verdict == Fail && lead.Severity == Critical && !last.Broken {
			t.Errorf("the route does not break: %+v", report.Route)
		}
	})
}
