package report

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// labelWidth is the column in which the values of a finding begin, counted from its labels.
const labelWidth = 11

// maxEvidence is how many lines of evidence of one finding are written for people; JSON and YAML have all.
const maxEvidence = 12

func toText(document Document, style Style) string {
	p := printer{Document: document, Style: style}
	p.line(0, Summary(document))
	for _, report := range worstFirst(document.Reports) {
		if document.worthTelling(report) {
			p.out.WriteByte('\n')
			p.report(report)
		}
	}
	if remarks := document.remarks(); len(remarks) > 0 {
		p.out.WriteByte('\n')
		p.line(0, "Healthy, with remarks (name them to read these): "+strings.Join(remarks, ", "))
	}
	return p.out.String()
}

type printer struct {
	Document
	Style
	out strings.Builder
}

func (p *printer) report(report *check.Report) {
	verdict := Verdict(report)
	head := []string{p.mark(markOf(verdict)) + " " + p.bold(p.label(report.Key))}
	if report.Missing {
		head = append(head, "does not exist")
	} else if serviceType := Clean(p.typeOf(report.Key)); serviceType != "" {
		head = append(head, serviceType)
	}
	if report.Counted {
		head = append(head, fmt.Sprintf("%d/%d ready", report.Usable, report.Selected))
	}
	standing := standing(report, p.At)
	if !report.Since.IsZero() && !report.Settling {
		standing += " for " + Age(p.At.Sub(report.Since))
	}
	p.line(0, strings.Join(append(head, standing), "  "))
	if route := p.route(report.Route); route != "" {
		p.line(2, route)
	}
	for i, text := range sufferingTexts(report) {
		if i == 0 {
			p.line(2, "Suffering: "+text)
		} else {
			p.line(2+len("Suffering: "), text)
		}
	}
	if report.Reach != "" && p.Named {
		p.line(2, "Reached "+Clean(report.Reach))
	}
	for _, finding := range report.Findings {
		p.out.WriteByte('\n')
		p.finding(finding)
	}
	p.unchecked(report.Unchecked)
	if p.Client.Chosen() && !report.Missing {
		p.client(p.Client, report, p.ForClient[report.Key])
	}
	if p.Named && !report.Missing {
		p.steps(report)
	}
}

// maxSuffering is how many of those who suffer are told to people; JSON and YAML have all.
const maxSuffering = 6

// sufferingTexts says who suffers from the trouble of a Service, one a line.
func sufferingTexts(report *check.Report) []string {
	texts := check.ReferrerTexts(report.Suffers)
	for i := range texts {
		texts[i] = Clean(texts[i])
	}
	if left := len(texts) - maxSuffering; left > 0 {
		texts = append(texts[:maxSuffering], fmt.Sprintf("and %d more", left))
	}
	return texts
}

func (p *printer) finding(finding check.Finding) {
	p.line(2, p.mark(markOfFinding(finding))+" "+p.bold(finding.ID)+"  "+Clean(finding.Title))
	if finding.Why != "" {
		p.line(4, CleanLines(finding.Why))
	}
	if finding.Cause != nil {
		p.field("Cause", fmt.Sprintf("%s (%s)", Clean(finding.Cause.Text), finding.Cause.Confidence))
	}
	p.field("Grade", p.grade(finding))
	for i, evidence := range finding.Evidence {
		label := "Evidence"
		if i > 0 {
			label = ""
		}
		if i == maxEvidence {
			p.field(label, fmt.Sprintf("and %d more; -o json has all", len(finding.Evidence)-i))
			break
		}
		p.verbatim(label, evidenceText(evidence))
	}
	if finding.Fix != nil {
		label := fixLabel(finding.Fix)
		if finding.Fix.Command != "" {
			p.verbatim(label, CleanLines(finding.Fix.Command))
			label = ""
		}
		if finding.Fix.Note != "" {
			p.field(label, CleanLines(finding.Fix.Note))
		}
	}
}

// fixLabel keeps a command that only looks apart from one that mends.
func fixLabel(fix *check.Fix) string {
	if fix.Look {
		return "Look"
	}
	return "Fix"
}

func (p *printer) grade(finding check.Finding) string {
	grade := fmt.Sprintf("%s, %s", finding.Severity, finding.Confidence)
	if finding.Settling {
		grade += ", still settling"
	}
	if !finding.Since.IsZero() {
		grade += ", for " + Age(p.At.Sub(finding.Since))
	}
	return grade
}

// client writes what keeps one client from the Service.
func (p *printer) client(client check.Client, everybody *check.Report, report check.ClientReport) {
	p.out.WriteByte('\n')
	head := "For " + Clean(client.String()) + ":"
	if len(report.Findings) == 0 {
		head += " " + ClientClear(everybody, report) + "."
	}
	p.line(2, head)
	for i := range report.Findings {
		p.out.WriteByte('\n')
		p.finding(report.Findings[i])
	}
	p.unchecked(report.Unchecked)
}

func (p *printer) unchecked(all []check.Unchecked) {
	if len(all) == 0 {
		return
	}
	p.out.WriteByte('\n')
	for _, unchecked := range all {
		p.line(2, p.mark(check.MarkUnknown)+" "+uncheckedText(unchecked))
	}
}

func (p *printer) steps(report *check.Report) {
	p.out.WriteByte('\n')
	for i, step := range report.Steps {
		head := fmt.Sprintf("%d %s %-16s ", i+1, p.mark(step.Mark), check.Step(i))
		if check.Step(i) == check.StepIsolation {
			// A command to paste is never wrapped.
			if told := p.untested(report); told != "" {
				p.line(2, head+told)
				head = strings.Repeat(" ", cells(ansi.Strip(head)))
			}
			p.out.WriteString("  " + head + "not run: " + Clean(check.SvctuiTest(p.KubectlArgs, report.Key)) + "\n")
			continue
		}
		p.line(2, strings.TrimRight(head+Clean(step.Note), " "))
	}
}

func (p *printer) route(hops []check.Hop) string {
	arrow, broken := p.arrow(), "──✗"
	if p.ASCII {
		broken = "--x"
	}
	var out strings.Builder
	for i, hop := range hops {
		if i > 0 {
			sign := arrow
			if hop.Broken {
				sign = p.paint("31", broken)
			}
			out.WriteString("  " + sign + "  ")
		}
		out.WriteString(Clean(hop.Text))
	}
	return out.String()
}

// cells is the width of clean text on a terminal.
func cells(text string) int { return ansi.StringWidth(text) }

// pad fills clean text up to a width.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-cells(text)))
}

// line writes wrapped text behind an indent.
func (p *printer) line(indent int, text string) {
	if p.Width > indent {
		text = ansi.Wrap(text, p.Width-indent, "")
	}
	margin := strings.Repeat(" ", indent)
	for line := range strings.SplitSeq(text, "\n") {
		p.out.WriteString(strings.TrimRight(margin+line, " ") + "\n")
	}
}

// field writes a label and wrapped text beside it.
func (p *printer) field(label, text string) {
	if room := p.Width - 4 - labelWidth; room > 0 {
		text = ansi.Wrap(text, room, "")
	}
	p.verbatim(label, text)
}

// verbatim writes a label and text beside it that may be copied, and so is not wrapped.
func (p *printer) verbatim(label, text string) {
	if label != "" {
		label += ":"
	}
	for line := range strings.SplitSeq(text, "\n") {
		label = fmt.Sprintf("%-*s", labelWidth, label)
		p.out.WriteString(strings.TrimRight("    "+p.paint("2", label)+line, " ") + "\n")
		label = ""
	}
}

func (p *printer) bold(text string) string { return p.paint("1", text) }

func (p *printer) paint(code, text string) string {
	if !p.Color || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[m"
}

func (p *printer) mark(mark check.Mark) string {
	sign, plain, colour := Sign(mark)
	if p.ASCII {
		sign = plain
	}
	return p.paint(colour, sign)
}

// Sign returns the sign of a mark, the same in ASCII, and the SGR code of its colour.
func Sign(mark check.Mark) (sign, ascii, sgr string) {
	switch mark {
	case check.MarkFail:
		return "✗", "x", "31"
	case check.MarkWarn:
		return "▲", "!", "33"
	case check.MarkUnknown:
		return "?", "?", "35"
	case check.MarkPending:
		return "·", ".", "32"
	case check.MarkOK:
		return "✓", "+", "32"
	default:
		return "–", "-", "2"
	}
}

func markOf(verdict check.Verdict) check.Mark {
	switch verdict {
	case check.Fail:
		return check.MarkFail
	case check.Warn:
		return check.MarkWarn
	case check.Unknown:
		return check.MarkUnknown
	case check.Partial:
		return check.MarkPending
	default:
		return check.MarkOK
	}
}

func markOfFinding(finding check.Finding) check.Mark {
	switch {
	case finding.Red():
		return check.MarkFail
	case finding.Amber():
		return check.MarkWarn
	default:
		return check.MarkPending
	}
}

func evidenceText(evidence check.Evidence) string {
	name := Clean(evidence.Name)
	if evidence.Namespace != "" {
		name = Clean(evidence.Namespace) + "/" + name
	}
	text := Clean(evidence.Kind) + " " + name
	if evidence.Field != "" {
		text += "  " + Clean(evidence.Field) + " = " + CleanLines(evidence.Value)
	} else if evidence.Value != "" {
		text += "  " + CleanLines(evidence.Value)
	}
	return text
}

// maxUnchecked is how many IDs are told beside words that say what is not checked; JSON and YAML have all.
const maxUnchecked = 4

func uncheckedText(unchecked check.Unchecked) string {
	ids := strings.Join(unchecked.Check, ", ")
	what := unchecked.What
	switch {
	case what == "" && ids == "":
		what = "what rests on it"
	case what == "":
		what = ids
	case ids != "" && len(unchecked.Check) <= maxUnchecked:
		what += " (" + ids + ")"
	}
	if unchecked.Coverage.State == model.Stale {
		_, read, _ := strings.Cut(Clean(unchecked.Need), " ")
		return fmt.Sprintf("Out of date: %s; no news of %s (%s)", what, read, why(unchecked.Coverage))
	}
	return fmt.Sprintf("Not checked: %s; it needs to %s (%s)", what, Clean(unchecked.Need), why(unchecked.Coverage))
}
