package check

import (
	"os"
	"strings"
	"testing"
)

func TestEveryFindingIsExplained(t *testing.T) {
	t.Parallel()
	sayable := map[string]Step{"SVC-01": StepService, "SVC-02": StepService, "LOG-01": StepLogs, "ING-01": StepService}
	for _, rule := range All() {
		for _, id := range rule.IDs {
			sayable[id] = rule.Step
		}
	}
	ofClients := map[string]bool{}
	for _, rule := range clientRules() {
		for _, id := range rule.IDs {
			if _, ofEverybody := sayable[id]; !ofEverybody {
				sayable[id], ofClients[id] = StepIsolation, true
			}
		}
	}
	explained := map[string]bool{}
	for _, explanation := range Explanations() {
		id := explanation.ID
		if explained[id] {
			t.Errorf("%s is explained twice", id)
		}
		explained[id] = true
		if _, ok := sayable[id]; !ok && !explanation.ByTest {
			t.Errorf("%s is explained, and nobody can say it", id)
		}
		if _, ok := sayable[id]; ok && explanation.ByTest {
			t.Errorf("%s is said by a check", id)
		}
		if explanation.ForClient != ofClients[id] {
			t.Errorf("%s is said of a client: %v", id, ofClients[id])
		}
		for what, text := range map[string]string{
			"name": explanation.Name, "weight": explanation.Weight, "meaning": explanation.Meaning,
			"condition": explanation.Condition, "fix": explanation.Fix, "sources": strings.Join(explanation.Sources, ""),
		} {
			if text == "" {
				t.Errorf("%s has no %s", id, what)
			}
		}
		if got, ok := Explain(strings.ToLower(id)); !ok || got.ID != id || !strings.Contains(got.Text(), explanation.Meaning) {
			t.Errorf("Explain(%s) = %v %v", id, got.ID, ok)
		}
	}
	for id := range sayable {
		if !explained[id] {
			t.Errorf("%s can be said, and is not explained", id)
		}
	}
	if _, ok := Explain("NOPE-99"); ok {
		t.Error("NOPE-99 is explained")
	}
}

func TestFindingsDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	written, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != FindingsMarkdown() {
		t.Error("docs/findings.md is stale: run go generate ./probes/check")
	}
}
