package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/scenarios"
)

// mendLimit is how long after the last fix every verdict may take to turn: Pods come up, and guard times pass.
const mendLimit = 90 * time.Second

// pastedFix is a command that svctui gave and that was pasted as it stands.
type pastedFix struct {
	situation
	service  string
	expected scenarios.Expectation
	finding  harness.Finding
	result   harness.Result
}

// pasteFixes runs the command of every leading finding that has one that changes something, as a person would
// who pastes it, and waits until the verdicts follow. Each scenario is gone as it was after this.
func pasteFixes(t *testing.T, c *harness.Cluster, situations []situation, diagnosis harness.Diagnosis) {
	t.Helper()
	var fixes []*pastedFix
	for _, s := range situations {
		for service, expected := range s.Services {
			diagnosed := diagnosis.Find(s.locate(service))
			if diagnosed == nil || len(diagnosed.Findings) == 0 || diagnosed.Verdict == "ok" {
				continue
			}
			finding := diagnosed.Findings[0]
			if finding.Fix == nil || finding.Fix.Command == "" || finding.Fix.Look {
				continue
			}
			if expected.FixNot != "" {
				t.Logf("%s, Service %s: not pasted, %s: %s", s.Name, service, expected.FixNot, finding.Fix.Command)
				continue
			}
			fixes = append(fixes, &pastedFix{situation: s, service: service, expected: expected, finding: finding})
		}
	}
	for _, fix := range fixes {
		fix.result = c.Shell(t, fix.finding.Fix.Command)
	}
	var after harness.Diagnosis
	ctx, cancel := context.WithTimeout(t.Context(), mendLimit)
	defer cancel()
	_ = objects.Eventually(ctx, func(context.Context) error {
		after = harness.Diagnosis{}
		c.Svctui(t, "diagnose", "-A", "-o", "json").Decode(t, &after)
		for _, fix := range fixes {
			if err := fix.compare(after); err != nil && fix.result.Code == 0 {
				return err
			}
		}
		return nil
	})
	for _, fix := range fixes {
		t.Run("fix of "+fix.Name+" "+fix.service, func(t *testing.T) {
			if fix.result.Code != 0 {
				t.Fatalf("%s fails when it is pasted: %s\n%s", fix.finding.ID, fix.finding.Fix.Command, fix.result)
			}
			if err := fix.compare(after); err != nil {
				t.Errorf("%s was pasted: %s\n%v", fix.finding.ID, fix.finding.Fix.Command, err)
			}
			// A guard is worth something only if it refuses once the object is another.
			if strings.Contains(fix.finding.Fix.Command, `"op":"test"`) {
				if again := c.Shell(t, fix.finding.Fix.Command); again.Code == 0 {
					t.Errorf("the guard let it pass a second time: %s\n%s", fix.finding.Fix.Command, again)
				}
			}
		})
	}
}

// compare tells in what a diagnosis differs from what must follow the fix.
func (f *pastedFix) compare(after harness.Diagnosis) error {
	namespace, name := f.locate(f.service)
	got := after.Find(namespace, name)
	if f.expected.After != nil && f.expected.After.Gone {
		if got != nil {
			return fmt.Errorf("service %s/%s is still in the diagnosis", namespace, name)
		}
		return nil
	}
	want := scenarios.Expectation{Verdict: "ok", Never: []string{f.finding.ID}}
	if f.expected.After != nil {
		want.Verdict, want.Leads, want.Says = f.expected.After.Verdict, f.expected.After.Leads, f.expected.After.Says
	}
	if want.Leads == f.finding.ID {
		want.Never = nil
	}
	if want.Verdict == "" && got != nil {
		want.Verdict = got.Verdict
	}
	if err := harness.Compare(want, got); err != nil {
		return fmt.Errorf("service %s/%s: %w", namespace, name, err)
	}
	return nil
}
