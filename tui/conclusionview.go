package tui

import (
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// conclusionText is what the rungs together mean, as lines in paragraphs.
type conclusionText struct {
	verdict, reasons, next, command, aside []string
}

// conclude writes out what the rungs together mean, or that this is not known yet.
func conclude(t *theme, result isolation.Result, running bool, width int) conclusionText {
	conclusion := result.Conclusion
	if conclusion == nil {
		if running {
			return conclusionText{verdict: []string{"   " + t.dim.on("The conclusion comes when every rung has answered.")}}
		}
		return conclusionText{verdict: []string{"   " + t.unknown.on("?") + t.dim.on(" The test ended without a conclusion. r runs it again.")}}
	}
	var told conclusionText
	told.verdict = underBadge(t, conclusion.Mark, clean(conclusion.Text), width)
	told.reasons = underVerdict(t.text, clean(isolation.ByKeys(conclusion.Why)), width)
	if conclusion.ID != "" {
		told.reasons = append(told.reasons, underVerdict(t.dim, clean(strings.Join(conclusion.Grade(), " · ")), width)...)
	}
	told.do(t, isolation.ByKeys(conclusion.Next), conclusion.Command, width)
	told.aside = underVerdict(t.dim, usualTest(result), width)
	return told
}

// do says what to do next, where there is something.
func (c *conclusionText) do(t *theme, next, command string, width int) {
	if next != "" {
		const head = "next "
		c.next = underVerdict(t.text, clean(next), width-len(head))
		for i, line := range c.next {
			c.next[i] = conclusionIndent + strings.Repeat(" ", len(head)) + strings.TrimPrefix(line, conclusionIndent)
		}
		c.next[0] = conclusionIndent + t.ok.bold().on("next") + " " + strings.TrimPrefix(c.next[0], conclusionIndent+strings.Repeat(" ", len(head)))
	}
	if command == "" {
		return
	}
	for _, line := range layCommand(command, width-8) {
		indent := conclusionIndent
		if line.flush {
			indent = ""
		}
		c.command = append(c.command, indent+t.text.on(line.text))
	}
}

// underBadge is a sentence with its mark in front.
func underBadge(t *theme, mark check.Mark, text string, width int) []string {
	glyph, _ := t.mark(mark)
	lines := underVerdict(t.strong, text, width)
	lines[0] = " " + t.badge(mark).on(" "+glyph+" ") + "  " + strings.TrimPrefix(lines[0], conclusionIndent)
	return lines
}

// forClient says beside a conclusion what keeps the chosen client from the Service, which the way that was tested does not show. What to do about
// that comes first where the conclusion itself asks for nothing.
func (c *conclusionText) forClient(t *theme, name string, finding *check.Finding, width int) {
	title := clean(finding.Title)
	if !strings.Contains(title, name) {
		title = "For " + name + ": " + title
	}
	c.verdict = append(c.verdict, underBadge(t, markOfFinding(finding), title, width)...)
	if len(c.next)+len(c.command) == 0 && finding.Fix != nil {
		c.do(t, finding.Fix.Note, finding.Fix.Command, width)
	}
}

// all are the lines in their usual order.
func (c conclusionText) all() []string {
	return paragraphs(slices.Concat(c.verdict, c.reasons), c.next, c.command, c.aside)
}

// conclusionIndent stands in front of what belongs to a verdict, whose mark is left of it.
const conclusionIndent = "      "

// underVerdict wraps a paragraph; an empty one has no lines.
func underVerdict(s style, text string, width int) []string {
	if text == "" {
		return nil
	}
	lines := wrap(text, width-len(conclusionIndent)-2)
	for i, line := range lines {
		lines[i] = conclusionIndent + s.on(line)
	}
	return lines
}
