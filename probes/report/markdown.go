package report

import (
	"fmt"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// toMarkdown writes CommonMark with the tables of GitHub's dialect, to paste into a ticket.
func toMarkdown(document Document) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Why Services do not route\n\n%s\n", escape(Summary(document)))
	if !document.At.IsZero() {
		fmt.Fprintf(&out, "Judged at %s.\n", document.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	for _, report := range worstFirst(document.Reports) {
		if document.worthTelling(report) {
			markdownReport(&out, document, report)
		}
	}
	if remarks := document.remarks(); len(remarks) > 0 {
		fmt.Fprintf(&out, "\nHealthy, with remarks: %s\n", escape(strings.Join(remarks, ", ")))
	}
	return out.String()
}

func markdownReport(out *strings.Builder, document Document, report *check.Report) {
	verdict := Verdict(report)
	sign, _, _ := Sign(markOf(verdict))
	fmt.Fprintf(out, "\n## %s %s\n\n", sign, code(document.label(report.Key)))
	facts := []string{"**" + standing(report, document.At) + "**"}
	if report.Missing {
		facts = append(facts, "does not exist")
	} else if serviceType := document.typeOf(report.Key); serviceType != "" {
		facts = append(facts, escape(Clean(serviceType)))
	}
	if report.Counted {
		facts = append(facts, fmt.Sprintf("%d/%d ready", report.Usable, report.Selected))
	}
	if !report.Since.IsZero() {
		facts = append(facts, "since "+report.Since.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	fmt.Fprintf(out, "%s\n", strings.Join(facts, " · "))
	plain := printer{}
	if route := plain.route(report.Route); route != "" {
		fmt.Fprintf(out, "\n%s", fence("", route))
	}
	if document.Named && report.Reach != "" {
		fmt.Fprintf(out, "\n%s\n", escape("Reached "+Clean(report.Reach)))
	}
	if untested := document.untested(report); untested != "" {
		fmt.Fprintf(out, "\nReady by the API; %s: no readiness probe asks that at the Pods' own addresses. The isolation test does:\n\n%s",
			escape(untested), fence("sh", Clean(check.SvctuiTest(document.KubectlArgs, report.Key))))
	}
	for i, text := range sufferingTexts(report) {
		if i == 0 {
			out.WriteString("\nSuffering:\n\n")
		}
		fmt.Fprintf(out, "- %s\n", escape(text))
	}
	for _, finding := range report.Findings {
		markdownFinding(out, finding)
	}
	for i, unchecked := range report.Unchecked {
		if i == 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(out, "- %s\n", escape(uncheckedText(unchecked)))
	}
	if document.Client.Chosen() && !report.Missing {
		markdownClient(out, document.Client, report, document.ForClient[report.Key])
	}
}

func markdownClient(out *strings.Builder, client check.Client, everybody *check.Report, report check.ClientReport) {
	fmt.Fprintf(out, "\n### For %s\n", escape(Clean(client.String())))
	if len(report.Findings) == 0 {
		sentence := ClientClear(everybody, report)
		fmt.Fprintf(out, "\n%s%s.\n", strings.ToUpper(sentence[:1]), sentence[1:])
	}
	for i := range report.Findings {
		markdownFinding(out, report.Findings[i])
	}
	for i := range report.Unchecked {
		if i == 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(out, "- %s\n", escape(uncheckedText(report.Unchecked[i])))
	}
}

func markdownFinding(out *strings.Builder, finding check.Finding) {
	sign, _, _ := Sign(markOfFinding(finding))
	fmt.Fprintf(out, "\n### %s %s %s\n\n", sign, finding.ID, escape(Clean(finding.Title)))
	if finding.Why != "" {
		fmt.Fprintf(out, "%s\n\n", escape(Clean(finding.Why)))
	}
	fmt.Fprintf(out, "%s, %s", finding.Severity, finding.Confidence)
	if finding.Settling {
		out.WriteString(", still settling")
	}
	if finding.Cause != nil {
		fmt.Fprintf(out, ". Cause (%s): %s", finding.Cause.Confidence, escape(Clean(finding.Cause.Text)))
	}
	out.WriteByte('\n')
	if len(finding.Evidence) > 0 {
		out.WriteString("\n| object | field | value |\n|---|---|---|\n")
	}
	for i, evidence := range finding.Evidence {
		if i == maxEvidence {
			fmt.Fprintf(out, "| and %d more | | |\n", len(finding.Evidence)-i)
			break
		}
		name := evidence.Name
		if evidence.Namespace != "" {
			name = evidence.Namespace + "/" + name
		}
		fmt.Fprintf(out, "| %s %s | %s | %s |\n",
			escape(Clean(evidence.Kind)), cell(name), cell(evidence.Field), cell(evidence.Value))
	}
	if finding.Fix == nil {
		return
	}
	if finding.Fix.Command != "" {
		fmt.Fprintf(out, "\n%s:\n\n%s", fixLabel(finding.Fix), fence("sh", CleanLines(finding.Fix.Command)))
	}
	if finding.Fix.Note != "" {
		fmt.Fprintf(out, "\n%s\n", escape(Clean(finding.Fix.Note)))
	}
}

// escape keeps clean text from being read as Markdown or HTML.
func escape(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]<>#|~&!", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// code writes clean text as a code span, which nothing inside can end.
func code(text string) string {
	ticks := strings.Repeat("`", longestRun(text, '`')+1)
	if len(ticks) == 1 {
		return ticks + text + ticks
	}
	return ticks + " " + text + " " + ticks
}

// cell is code in a table, where a bar would end the cell even inside of code.
func cell(text string) string {
	text = Clean(text)
	if text == "" {
		return ""
	}
	return strings.ReplaceAll(code(text), "|", `\|`)
}

// fence writes clean text as a code block, which nothing inside can end.
func fence(language, text string) string {
	ticks := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return ticks + language + "\n" + strings.TrimRight(text, "\n") + "\n" + ticks + "\n"
}

func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r == of {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}
