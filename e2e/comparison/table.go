package comparison

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Write is the whole page: what was counted, the two tables, and what every tool printed.
func Write(cases []Case, namings Namings, versions map[string]string) string {
	var page strings.Builder
	page.WriteString(head)
	for _, tool := range Tools {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", tool, versions[tool], asked[tool])
	}
	page.WriteString(rules)
	writeCounts(&page, cases, namings)
	page.WriteString("\n## Faults\n\n")
	writeTable(&page, "what is wrong", namings, slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !c.Faulty }))
	page.WriteString("\n## Healthy, though they look like a fault\n\n")
	writeTable(&page, "why it is healthy", namings, slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.Faulty }))
	page.WriteString("\n## What they printed\n\nOf all faulty Services, and of the healthy ones that some tool raised an alarm about.\n")
	for _, c := range cases {
		if worthQuoting(c, namings) {
			writeOutputs(&page, c, namings)
		}
	}
	return page.String()
}

const head = `# svctui beside kubectl, k9s and popeye

This page is generated: ` + "`go run ./cmd/cluster compare -k9s PATH -popeye PATH ../docs/comparison.md`" + ` in ` + "`e2e`" + ` brings every scenario of
` + "`e2e/scenarios`" + ` about on a real Kubernetes, asks each tool, and judges by the rules below. At the end stands what each of them printed.

| tool | version | asked by |
|---|---|---|
`

var asked = map[string]string{
	"svctui":  "`svctui diagnose -A`; and `svctui test SERVICE` where nothing in the API shows the fault",
	"kubectl": "`kubectl get service`, `kubectl describe service`, `kubectl get endpointslices`",
	"k9s":     "its list of Services, and `d` on the Service; in a terminal of 200×80",
	"popeye":  "`popeye -A -s svc -o json`, and `popeye -A -o json` for all that is no Service",
}

const rules = `
A tool **names** a fault if what it printed contains the words that tell what is wrong, as ` + "`e2e/comparison/names.yaml`" + ` has them for each scenario: the label
that the Pods really carry, the port that does not exist, the reason of the cloud. What only repeats the Service's own fields names nothing. It shows
**a symptom** if it raises an alarm without those words: a red or yellow verdict of svctui, a warning or an error of popeye about the Service, and of
kubectl and k9s, which judge nothing, a port without endpoints, a pending address, or a warning among the events. Else the Service **looks healthy**. An alarm about a
healthy Service is a **false alarm**. That a Service has a single endpoint, which popeye warns of, is
taken as advice and counts neither way. kubectl and k9s are not made to find faults; they are here because people do it with them.

The scenarios are the catalogue that svctui was made after, and the words are its authors': the
table shows what the other tools leave to their reader, and not which tool is the better one.

`

func writeCounts(page *strings.Builder, cases []Case, namings Namings) {
	faulty, healthy := 0, 0
	counts := map[string]map[Mark]int{}
	for _, c := range cases {
		if c.Faulty {
			faulty++
		} else {
			healthy++
		}
		for _, tool := range Tools {
			if counts[tool] == nil {
				counts[tool] = map[Mark]int{}
			}
			counts[tool][namings.Judge(c, tool)]++
		}
	}
	fmt.Fprintf(page, "| of %d faulty and %d healthy Services | %s |\n|---|%s\n", faulty, healthy, strings.Join(Tools, " | "), strings.Repeat("---|", len(Tools)))
	for _, mark := range []Mark{Names, Symptom, Silent, FalseAlarm} {
		fmt.Fprintf(page, "| %s |", mark)
		for _, tool := range Tools {
			fmt.Fprintf(page, " %d |", counts[tool][mark])
		}
		page.WriteString("\n")
	}
}

func writeTable(page *strings.Builder, heading string, namings Namings, cases []Case) {
	fmt.Fprintf(page, "| scenario | Service | %s | %s |\n|---|---|---|%s\n", heading, strings.Join(Tools, " | "), strings.Repeat("---|", len(Tools)))
	last := ""
	for _, c := range cases {
		why := cell(c.Why)
		if c.Scenario == last {
			why = "″"
		}
		last = c.Scenario
		fmt.Fprintf(page, "| %s | %s | %s |", c.Scenario, c.Service, why)
		for _, tool := range Tools {
			mark := namings.Judge(c, tool)
			if mark == Names || mark == FalseAlarm {
				mark = "**" + mark + "**"
			}
			fmt.Fprintf(page, " %s |", mark)
		}
		page.WriteString("\n")
	}
}

// worthQuoting leaves out the healthy Services that no tool alarmed about.
func worthQuoting(c Case, namings Namings) bool {
	return c.Faulty || slices.ContainsFunc(Tools, func(tool string) bool { return namings.Judge(c, tool) == FalseAlarm })
}

func writeOutputs(page *strings.Builder, c Case, namings Namings) {
	fmt.Fprintf(page, "\n<details><summary>%s, Service %s</summary>\n", c.Scenario, c.Service)
	for _, tool := range Tools {
		output := c.Outputs[tool]
		fmt.Fprintf(page, "\n%s: %s\n\n", tool, namings.Judge(c, tool))
		text := strings.Trim(cmp.Or(output.Quote, output.Text), "\n")
		if output.Missing != "" {
			text = "not asked: " + output.Missing
		}
		if text == "" {
			text = "(nothing)"
		}
		if len(output.More) > 0 {
			text += fmt.Sprintf("\n(and %d warnings about other objects of the namespace)", len(output.More))
		}
		for _, line := range output.More {
			if slices.ContainsFunc(namings.Of(c), func(pattern *regexp.Regexp) bool { return pattern.MatchString(line) }) {
				text += "\n" + line
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			page.WriteString(strings.TrimRight("    "+line, " ") + "\n")
		}
	}
	page.WriteString("\n</details>\n")
}

// cell keeps a text within its cell.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
