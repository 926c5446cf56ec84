package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

func (p *isolationPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if width <= 0 || height <= 0 {
		return ""
	}
	if !p.began {
		return "\n   " + t.dim.on("Cannot test: "+firstReason(sh.notConnected(), "not started")+".")
	}
	lines := p.route(sh, width)
	if height > 14 {
		lines = append(lines, "")
	}
	lines = append(lines, rungTable(t, p.result, width)...)
	lines = append(lines, "")
	lines = append(lines, conclusionLines(t, p.result, p.running, width)...)
	if outdated := p.outdated(sh); outdated != "" {
		lines = append(lines, "      "+cut(t.warn.on("outdated: "+clean(outdated)+"; r tests again"), width-8))
	}
	for i, line := range drawClient(sh, p.request.Service, p.client.gather(sh, p.request.Service), width-8) {
		if i == 0 {
			lines = append(lines, "")
		}
		lines = append(lines, "      "+line)
	}
	return p.scrolled(t, lines, width, height)
}

// outdated says what has changed since the test in a way that bears on its conclusion; empty for nothing.
func (p *isolationPage) outdated(sh *shell) string {
	for _, test := range sh.tests[p.result.Request.Service] {
		if test.port == p.result.Request.Port && test.client == p.result.Request.Client && !p.running && p.result.Conclusion != nil {
			return test.outdated
		}
	}
	return ""
}

// scrolled draws what fits, and says when there is more.
func (p *isolationPage) scrolled(t *theme, lines []string, width, height int) string {
	p.most = max(0, len(lines)-height)
	p.offset = max(0, min(p.offset, p.most))
	lines = lines[p.offset:]
	if len(lines) > height {
		lines = append(lines[:height-1:height-1], "   "+t.dim.on("↓ more"))
	}
	return strings.Join(fitLines(lines, width, height), "\n")
}

// route is the line that says what is tested: port, Pod, request, protocol.
func (p *isolationPage) route(sh *shell, width int) []string {
	t := &sh.theme
	request := p.result.Request
	from := clean(request.Service.Name) + ":" + clean(cmp.Or(p.portNow(sh), "…"))
	line := "   " + t.strong.on(from)
	if request.Pod != "" {
		to := clean(request.Pod)
		if p.result.PodPort > 0 {
			to += fmt.Sprintf(":%d", p.result.PodPort)
		}
		line += "  " + t.rule.on(glyphArrow) + "  " + t.strong.on(shorten(to, max(20, width-cells(line)-10)))
	}
	var how []string
	if request.Path != "" && strings.HasPrefix(p.result.Protocol, "http") {
		how = append(how, t.dim.on("GET ")+clean(request.Path))
	}
	if request.Host != "" {
		how = append(how, t.dim.on("Host ")+clean(request.Host))
	}
	if p.result.Protocol != "" {
		how = append(how, t.dim.on(clean(p.result.Protocol)))
	}
	lines := []string{line}
	if rest := strings.Join(how, "   "); rest != "" {
		if cells(line)+cells(rest)+6 <= width {
			lines[0] += "      " + rest
		} else {
			lines = append(lines, "   "+cut(rest, width-4))
		}
	}
	if ports := p.ports(sh); len(ports) > 1 {
		for i, port := range ports {
			if port == p.portNow(sh) {
				ports[i] = t.strong.on("[" + port + "]")
			} else {
				ports[i] = t.dim.on(port)
			}
		}
		lines = append(lines, "   "+cut(t.dim.on("ports ")+strings.Join(ports, " ")+t.dim.on("   Tab tests the next"), width-4))
	}
	return lines
}

// rungTable draws a row for each rung of the result, and under it what did not fit.
func rungTable(t *theme, result isolation.Result, width int) []string {
	const mark, name, took, gap = 5, 15, 7, 2
	answer := 12
	result.Rungs = slices.Clone(result.Rungs)
	for i := range result.Rungs {
		if asksFirst(result.Rungs[i]) {
			result.Rungs[i].Detail = "x runs it"
		}
	}
	for _, seen := range result.Rungs {
		if wide := cells(rungResult(seen)); wide <= width/4 {
			answer = max(answer, wide)
		} else {
			answer = max(answer, cells(rungWord(seen)))
		}
	}
	crosses := width - mark - name - answer - took - 3*gap - 1
	if crosses < 16 {
		crosses = 0
	} else {
		widest := 8
		for _, seen := range result.Rungs {
			widest = max(widest, cells(clean(seen.Crosses)))
		}
		crosses = min(crosses, max(widest, min(50, crosses)))
	}
	row := func(sign, rung, through, what, time string) string {
		line := left("   "+sign, mark) + left(rung, name) + "  "
		if crosses > 0 {
			line += left(cut(through, crosses), crosses) + "  "
		}
		return line + left(what, answer) + "  " + right(time, took)
	}
	lines := []string{row("", t.heading.on("RUNG"), t.heading.on("CROSSES"), t.heading.on("RESULT"), t.heading.on("TIME"))}
	for _, seen := range result.Rungs {
		glyph, paint := t.mark(rungMark(seen))
		what, through := rungResult(seen), clean(seen.Crosses)
		short := what
		if cells(what) > answer {
			short = rungWord(seen)
		}
		rung, way := t.strong, t.text
		if seen.Running || seen.Outcome == isolation.NotRun || seen.Outcome == "" {
			way = t.dim
		}
		lines = append(lines, row(paint.on(glyph), rung.on(clean(report.RungTitle(seen.Rung))), way.on(cut(through, max(1, crosses))), paint.on(cut(short, answer)), t.dim.on(rungTook(seen))))
		if short != what {
			// The words of whoever answered are never cut.
			for _, line := range wrap(what, width-mark-3) {
				lines = append(lines, strings.Repeat(" ", mark)+t.dim.on(line))
			}
		}
		if seen.Paste != "" {
			for _, line := range wrap("by hand (c copies): "+clean(seen.Paste), width-mark-3) {
				lines = append(lines, strings.Repeat(" ", mark)+t.text.on(line))
			}
			for _, line := range wrap(clean(seen.PasteNote), width-mark-3) {
				if line != "" {
					lines = append(lines, strings.Repeat(" ", mark)+t.dim.on(line))
				}
			}
		}
	}
	return lines
}

// asksFirst tells whether a row is that of a rung which nobody has asked for yet.
func asksFirst(seen isolation.Observation) bool {
	return seen.Rung == isolation.RungInCluster && seen.Outcome == isolation.NotRun && seen.Target == "" && seen.Detail == isolation.NobodyPicked
}

// conclusionLines says what the rungs together mean.
func conclusionLines(t *theme, result isolation.Result, running bool, width int) []string {
	conclusion := result.Conclusion
	if conclusion == nil {
		if running {
			return []string{"   " + t.dim.on("The conclusion comes when every rung has answered.")}
		}
		return []string{"   " + t.unknown.on("?") + t.dim.on(" The test ended without a conclusion. r runs it again.")}
	}
	glyph, _ := t.mark(conclusion.Mark)
	var lines []string
	for i, line := range wrap(clean(conclusion.Text), width-8) {
		head := "      "
		if i == 0 {
			head = " " + t.badge(conclusion.Mark).on(" "+glyph+" ") + "  "
		}
		lines = append(lines, head+t.strong.on(line))
	}
	paragraph := func(head string, paint style, text string) {
		if text == "" {
			return
		}
		indent := cells(head)
		for i, line := range wrap(text, width-8-indent) {
			if i > 0 {
				head = strings.Repeat(" ", indent)
			}
			lines = append(lines, "      "+head+paint.on(line))
		}
	}
	paragraph("", t.text, clean(conclusion.Why))
	if conclusion.ID != "" {
		paragraph("", t.dim, clean(strings.Join(conclusion.Grade(), " · ")))
	}
	if conclusion.Next != "" {
		lines = append(lines, "")
		paragraph(t.ok.bold().on("next")+" ", t.text, clean(conclusion.Next))
	}
	if conclusion.Command != "" {
		lines = append(lines, "")
		for _, line := range layCommand(conclusion.Command, width-8) {
			indent := "      "
			if line.flush {
				indent = ""
			}
			lines = append(lines, indent+t.text.on(line.text))
		}
	}
	if usual := usualTest(result); usual != "" {
		lines = append(lines, "")
		paragraph("", t.dim, usual)
	}
	return lines
}
