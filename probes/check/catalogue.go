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
	text.WriteString("\n## What is not judged\n\n")
	for _, reason := range notJudged {
		fmt.Fprintf(&text, "- %s\n", reason)
	}
	return text.String()
}

// notJudged is what people could look for among the findings, and why it is none. It is never changed.
var notJudged = []string{
	"What the API server refuses when a Service is applied: a node port out of range or taken, another clusterIP than before, several ports without names, a headless Service of type LoadBalancer, source ranges that are no CIDRs. Its message says it, and no such object exists.",
	"Services with the same selector or with overlapping ones: that is legal, and common.",
	"An application that listens on the Pod's IP alone: clients reach it. A port-forward does not; the isolation test says so.",
	"Ping: a ClusterIP answers on its ports only, so that it does not answer a ping proves nothing.",
	"TLS certificates of an Ingress: that takes the right to read Secrets. A protocol that an Ingress or route speaks to the wrong port is seen by the isolation test (PORT-12).",
	"Caches and search lists of resolvers in applications (ndots, the JVM's cache): nothing in the API tells of them.",
	"Policies of other APIs than NetworkPolicy (Cilium's, Calico's, AdminNetworkPolicy), and a mesh's routing rules: where one is recognised, the findings say so and are only likely or possible.",
	"Mirror filters and GatewayClasses of the Gateway API, and Pods that a CronJob will make.",
}

func lowerFirst(text string) string {
	if len(text) < 2 || text[1] >= 'A' && text[1] <= 'Z' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
