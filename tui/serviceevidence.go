package tui

import (
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// drawEvidence draws what the selected step rests on: what else was found there, then the objects themselves.
func (p *servicePage) drawEvidence(sh *shell, width int) []string {
	if width < 10 {
		return nil
	}
	lines := p.drawStepFindings(sh, width)
	if p.step == check.StepLogs {
		return append(lines, p.drawLogs(sh, width)...)
	}
	return append(lines, p.drawUnchecked(sh, width)...)
}

// drawStepFindings tells the findings of the step that are not told at the top already.
func (p *servicePage) drawStepFindings(sh *shell, width int) []string {
	t := &sh.theme
	var lines []string
	for i := range p.report.Findings {
		f := &p.report.Findings[i]
		if f.Step != p.step {
			continue
		}
		if i == p.topic {
			continue
		}
		glyph, sign := t.mark(markOfFinding(f))
		for j, line := range wrap(clean(f.Title)+"  "+f.ID, width-2) {
			head := "  "
			if j == 0 {
				head = sign.on(glyph) + " "
			}
			lines = append(lines, head+t.text.on(line))
		}
	}
	if len(lines) > 0 {
		lines = append(lines, "")
	}
	return lines
}

// drawUnchecked tells what could not be looked at, where the step's mark says so.
func (p *servicePage) drawUnchecked(sh *shell, width int) []string {
	t := &sh.theme
	if p.report.Steps[p.step].Mark != check.MarkUnknown {
		return nil
	}
	var lines []string
	for i := range p.report.Unchecked {
		u := &p.report.Unchecked[i]
		for j, line := range wrap(uncheckedText(u)+"  "+strings.Join(u.Check, " "), width-2) {
			head := "  "
			if j == 0 {
				head = t.unknown.on(glyphUnknown) + " "
			}
			lines = append(lines, head+t.text.on(line))
		}
	}
	return lines
}
