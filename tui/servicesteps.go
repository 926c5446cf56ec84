package tui

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// healthText says of a Service in which nothing is wrong what that rests on: on the answers to probes and tests, or on the API alone, which
// knows nothing of an application that no probe asks.
func healthText(sh *shell, snapshot *model.Snapshot, service *corev1.Service, report *check.Report) string {
	them, count := "they answer", countOf(report.Usable, report.Selected)
	if report.Selected == 1 {
		them = "it answers"
	}
	unasked := check.Unasked(snapshot, service)
	left := sh.untested(report.Key, unasked)
	switch {
	case len(unasked) == 0 && service != nil && len(service.Spec.Ports) > 0:
		return count + " usable; readiness probes of the Service's ports pass."
	case len(unasked) > 0 && len(left) == 0:
		return count + " usable; the isolation test passed."
	case !snapshot.Coverage(model.Pods, report.Key.Namespace).Known():
		// Which probes ask them is written in the Pods.
		return count + " ready by the API; nothing was found that keeps requests from them."
	case service != nil && len(left) < len(service.Spec.Ports):
		them = clean(check.PortsAnswer(left))
	}
	return count + " ready by the API; not asked if " + them + ": t asks."
}

// drawSteps draws the seven steps as a checklist.
func (p *servicePage) drawSteps(sh *shell, width int) []string {
	t := &sh.theme
	var lines []string
	for step := check.Step(0); step < check.StepCount; step++ {
		result := p.stepResult(sh, step)
		selected := step == p.step
		paint := func(s style, text string) string {
			if selected && t.palette.selection != nil {
				s = s.over(t.palette.selection)
			}
			return s.on(text)
		}
		cursor, name := " ", t.text
		if selected {
			cursor, name = glyphCursor, t.strong
		}
		if result.Mark == check.MarkNone && !selected {
			name = t.dim
		}
		glyph, sign := t.mark(result.Mark)
		note := shorten(clean(result.Note), 10)
		room := width - 6 - cells(note)
		label := left(cut(step.String(), room-1), room)
		lines = append(lines, paint(t.accent, cursor)+paint(t.dim, strconv.Itoa(int(step)+1)+" ")+paint(sign, glyph)+
			paint(name, " "+label)+paint(t.dim, note+" "))
	}
	return lines
}

// drawStepLine is the checklist on one line, for narrow screens.
func (p *servicePage) drawStepLine(sh *shell, width int) string {
	t := &sh.theme
	var b strings.Builder
	b.WriteString(" ")
	for step := check.Step(0); step < check.StepCount; step++ {
		result := p.stepResult(sh, step)
		glyph, sign := t.mark(result.Mark)
		number := t.dim
		text := " "
		if step == p.step {
			number = t.accent
			text = " " + t.strong.on(step.String()) + " "
			if note := clean(result.Note); note != "" {
				text += t.dim.on(note) + " "
			}
			b.WriteString(t.accent.on(glyphCursor))
		}
		b.WriteString(number.on(strconv.Itoa(int(step)+1)) + sign.on(glyph) + text + " ")
	}
	return cut(b.String(), width)
}
