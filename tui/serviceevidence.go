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
	t, now := &sh.theme, sh.now()
	lines := append(p.drawStepFindings(sh, width), p.drawUnchecked(sh, width)...)
	e := &p.evidence
	switch p.step {
	case check.StepService:
		lines = append(lines, drawFacts(t, &e.facts, now, width)...)
	case check.StepEndpoints:
		lines = append(lines, drawEndpoints(t, &e.endpoints, now, width)...)
	case check.StepSelector:
		lines = append(lines, drawSelector(t, &e.selector, now, width)...)
	case check.StepReadiness:
		lines = append(lines, drawPods(t, &e.pods, now, width)...)
	case check.StepLogs:
		lines = append(lines, p.drawLogs(sh, width)...)
	case check.StepIsolation:
		lines = append(lines, p.drawTests(sh, width)...)
		if client := drawClient(sh, p.key, p.client.gather(sh, p.key), width); len(client) > 0 {
			lines = append(append(lines, client...), "")
		}
		lines = append(lines, drawIsolationHint(t, width)...)
	case check.StepEvents:
		lines = append(lines, drawEvents(t, &e.events, now, width)...)
	}
	return lines
}

// drawIsolationHint says what the test would do. It costs requests into the application, so it runs when asked for.
func drawIsolationHint(t *theme, width int) []string {
	lines := []string{t.accent.on("t") + t.text.on(" runs it. It asks the application along several ways, and reads the answers together:"), ""}
	g := grid{heading: []string{"RUNG", "CROSSES"}}
	for _, rung := range [][2]string{
		{"Pod", "port-forward, to localhost inside the Pod"},
		{"Service", "selector and targetPort, then as above: what kubectl port-forward svc/… does"},
		{"Proxy→Service", "API server, a ready endpoint, the Pod's own address"},
		{"Proxy→Pod", "API server, the Pod's own address, Ready or not"},
		{"From here", "load balancer and Ingress addresses, from this machine"},
		{"In-cluster", "a command in a Pod that you pick and agree to: the Service's address, its name, the Pod's IP"},
	} {
		g.rows = append(g.rows, []cell{{text: rung[0], style: t.strong}, {text: rung[1], style: t.text}})
	}
	lines = append(lines, g.draw(t, width)...)
	lines = append(lines, "")
	for _, line := range wrap("A port-forward that works does not prove that clients get through: it never touches the Service's address, and it reaches an application that listens on 127.0.0.1 only. No local port is opened.", width) {
		lines = append(lines, t.dim.on(line))
	}
	return lines
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
		if i == p.topic-p.summarised() {
			continue // told at the top
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

// drawNewestEvents uses room that the evidence of a step leaves free for what the controllers said last.
func (p *servicePage) drawNewestEvents(sh *shell, width, room int) []string {
	if p.step == check.StepEvents || p.step == check.StepLogs || room < 6 || width < 30 || len(p.evidence.events.Rows) == 0 {
		return nil
	}
	t := &sh.theme
	lines := []string{"", t.heading.on("NEWEST EVENTS")}
	for i := range p.evidence.events.Rows {
		event := drawEvent(t, &p.evidence.events.Rows[i], sh.now(), width)
		if len(lines)+len(event) > room {
			break
		}
		lines = append(lines, event...)
	}
	if len(lines) == 2 {
		return nil
	}
	return lines
}
