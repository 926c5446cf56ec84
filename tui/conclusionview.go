package tui

import (
	"slices"
	"strings"

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
	glyph, _ := t.mark(conclusion.Mark)
	told.verdict = underVerdict(t.strong, clean(conclusion.Text), width)
	told.verdict[0] = " " + t.badge(conclusion.Mark).on(" "+glyph+" ") + "  " + strings.TrimPrefix(told.verdict[0], conclusionIndent)
	told.reasons = underVerdict(t.text, clean(isolation.ByKeys(conclusion.Why)), width)
	if conclusion.ID != "" {
		told.reasons = append(told.reasons, underVerdict(t.dim, clean(strings.Join(conclusion.Grade(), " · ")), width)...)
	}
	if conclusion.Next != "" {
		const head = "next "
		told.next = underVerdict(t.text, clean(isolation.ByKeys(conclusion.Next)), width-len(head))
		for i, line := range told.next {
			told.next[i] = conclusionIndent + strings.Repeat(" ", len(head)) + strings.TrimPrefix(line, conclusionIndent)
		}
		told.next[0] = conclusionIndent + t.ok.bold().on("next") + " " + strings.TrimPrefix(told.next[0], conclusionIndent+strings.Repeat(" ", len(head)))
	}
	if conclusion.Command != "" {
		for _, line := range layCommand(conclusion.Command, width-8) {
			indent := conclusionIndent
			if line.flush {
				indent = ""
			}
			told.command = append(told.command, indent+t.text.on(line.text))
		}
	}
	told.aside = underVerdict(t.dim, usualTest(result), width)
	return told
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
