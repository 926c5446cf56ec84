package check

import (
	"fmt"
	"slices"
	"strings"
)

//go:generate go run ./internal/findings

// Explanation tells all about one finding, for `svctui explain` and docs/findings.md.
type Explanation struct {
	ID string
	// Name is the fault in a few words.
	Name string
	Step Step
	// Weight is the severity and confidence that it is said with.
	Weight string
	// Meaning says what it means for traffic, Condition exactly when it is said.
	Meaning, Condition string
	// Sources are what the condition rests on: documents, KEPs, code.
	Sources []string
	// NotSaid are the cases that look alike and were thought of: then it is not said, or not in red.
	NotSaid []string
	Fix     string
	// ByTest is true where only the isolation test can say it.
	ByTest bool
	// ForClient is true where it is only said of a client that was chosen.
	ForClient bool
}

// Explain returns the explanation of a finding; the case of letters does not matter.
func Explain(id string) (Explanation, bool) {
	for _, explanation := range Explanations() {
		if strings.EqualFold(explanation.ID, id) {
			return explanation, true
		}
	}
	return Explanation{}, false
}

// Explanations returns all explanations, sorted by ID.
func Explanations() []Explanation {
	all := slices.Concat(
		serviceTexts(),
		dnsTexts(),
		selectorTexts(),
		workloadTexts(),
		podTexts(),
		portTexts(),
		sliceTexts(),
		loadBalancerTexts(),
		loadBalancerServedTexts(),
		networkTexts(),
		trafficPolicyTexts(),
		ingressTexts(),
		gatewayTexts(),
		apiServerTexts(),
		adviceTexts(),
	)
	slices.SortFunc(all, func(a, b Explanation) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Text renders an explanation as plain text.
func (e Explanation) Text() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s  %s\n%s\n\n%s\n\n", e.ID, e.Name, e.where(), e.Meaning)
	fmt.Fprintf(&text, "Said when\n  %s\n\n", e.Condition)
	if len(e.NotSaid) > 0 {
		text.WriteString("Not said, or not in red\n")
		for _, alike := range e.NotSaid {
			fmt.Fprintf(&text, "  - %s\n", alike)
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "Fix\n  %s\n\nSources\n", e.Fix)
	for _, source := range e.Sources {
		fmt.Fprintf(&text, "  - %s\n", source)
	}
	return text.String()
}

func (e Explanation) where() string {
	where := fmt.Sprintf("Step %d, %s. %s.", e.Step+1, e.Step, e.Weight)
	if e.ByTest {
		where += " Only the isolation test can say it."
	}
	if e.ForClient {
		where += " It is said only of a client that was chosen."
	}
	return where
}

// FindingsMarkdown renders docs/findings.md.
func FindingsMarkdown() string {
	var text strings.Builder
	text.WriteString("# Findings\n\n<!-- Made by `go generate ./probes/check`. Change the texts there. -->\n\n")
	text.WriteString("Everything that svctui can say of a Service. `svctui explain ID` shows the same.\n\n")
	text.WriteString("A finding is **red** only when it is critical or major, and proven from the API's state or probed. What is only likely\n")
	text.WriteString("is a warning. What could not be read is said to be unknown: never healthy, never a fault.\n\n")
	text.WriteString("| ID | fault | step | weight |\n|---|---|---|---|\n")
	all := Explanations()
	for _, e := range all {
		fmt.Fprintf(&text, "| [%s](#%s) | %s | %d | %s |\n", e.ID, strings.ToLower(e.ID), e.Name, e.Step+1, e.Weight)
	}
	for _, e := range all {
		fmt.Fprintf(&text, "\n## %s\n\n**%s.** %s\n\n%s\n\n*Said when* %s\n", e.ID, e.Name, e.where(), e.Meaning, lowerFirst(e.Condition))
		if len(e.NotSaid) > 0 {
			text.WriteString("\n*Not said, or not in red:*\n\n")
			for _, alike := range e.NotSaid {
				fmt.Fprintf(&text, "- %s\n", alike)
			}
		}
		fmt.Fprintf(&text, "\n*Fix:* %s\n\n*Sources:* %s.\n", e.Fix, strings.Join(e.Sources, "; "))
	}
	return text.String()
}

func lowerFirst(text string) string {
	if len(text) < 2 || text[1] >= 'A' && text[1] <= 'Z' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
