package tui

import (
	"fmt"
	"strings"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

func (p *sweepPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if width <= 0 || height <= 0 {
		return ""
	}
	if !p.began {
		return "\n   " + t.dim.on("Cannot sweep: "+firstReason(sh.notConnected(), "not started")+".")
	}
	lines := p.heading(t, width)
	if height > 14 {
		lines = append(lines, "")
	}
	conclusion := append([]string{""}, p.conclusion(t, width)...)
	if most := max(3, height/2); len(conclusion) > most {
		conclusion = append(conclusion[:most-1:most-1], "   "+t.dim.on("↓ c copies all of it"))
	}
	lines = append(lines, p.table(t, width, max(1, height-len(lines)-len(conclusion)-1))...)
	return strings.Join(fitLines(append(lines, conclusion...), width, height), "\n")
}

// heading says what is swept.
func (p *sweepPage) heading(t *theme, width int) []string {
	pods := len(p.result.Pods)
	line := "   " + t.strong.on(clean(p.request.Service.Name)) + "  " + t.rule.on(glyphArrow) + "  " + t.strong.on(count(pods, "Pod", "Pods"))
	if ports := p.result.Ports; len(ports) > 1 {
		line += t.dim.on(" × ") + t.strong.on(fmt.Sprintf("%d ports", len(ports)))
	}
	if p.result.LeftOut > 0 {
		line += t.warn.on(fmt.Sprintf("   %d more are left out", p.result.LeftOut))
	}
	if len(p.result.Unprobed) > 0 {
		line += t.dim.on("   not probed: " + clean(strings.Join(p.result.Unprobed, ", ")))
	}
	return []string{cut(line, width-1)}
}

// sweepColumn is one column of the grid.
type sweepColumn struct {
	heading string
	width   int
}

// table draws the Pods around the cursor: one row each, with a mark for each port and what is wrong.
func (p *sweepPage) table(t *theme, width, room int) []string {
	name, state, node, address := len("POD"), len("STATE"), len("NODE"), len("ADDRESS")
	for i := range p.result.Pods {
		pod := &p.result.Pods[i]
		name, state, node = max(name, cells(clean(pod.Name))), max(state, cells(report.SweptState(*pod))), max(node, cells(clean(pod.Node)))
		address = max(address, cells(podAddress(pod)))
	}
	var ports []sweepColumn
	if len(p.result.Ports) > 1 {
		for _, port := range p.result.Ports {
			ports = append(ports, sweepColumn{clean(port), max(1, min(10, cells(clean(port))))})
		}
	}
	marks := 0
	for _, port := range ports {
		marks += port.width + 2
	}
	if width < 110 {
		node = 0
	}
	node = min(node, max(24, width/6))
	// An IPv6 address is long: where the table has no room for it, the test of the Pod shows it.
	if width < 110 || width < 150 && address > 22 {
		address = 0
	}
	// What is wrong needs its room; the names give way, and keep their ends.
	const least, comfortable, edge = 24, 45, 4
	result := func() int {
		rest := width - edge - name - 2 - state - 2 - marks - 1
		if node > 0 {
			rest -= node + 2
		}
		if address > 0 {
			rest -= address + 2
		}
		return rest
	}
	// What is said of a Pod comes before its address.
	if address > 0 && result() < comfortable {
		address = 0
	}
	if over := least - result(); over > 0 {
		name = max(16, name-over)
	}
	if over := least - result(); over > 0 {
		state = max(9, state-over)
	}
	row := func(pod, condition, ip, at, marks, said string) string {
		line := left(pod, name) + "  " + left(condition, state) + "  "
		if address > 0 {
			line += left(ip, address) + "  "
		}
		if node > 0 {
			line += left(at, node) + "  "
		}
		return line + marks + said
	}
	var headings strings.Builder
	for _, port := range ports {
		headings.WriteString(t.heading.on(left(shorten(port.heading, port.width), port.width)) + "  ")
	}
	lines := []string{"   " + row(t.heading.on("POD"), t.heading.on("STATE"), t.heading.on("ADDRESS"), t.heading.on("NODE"), headings.String(), t.heading.on("RESULT"))}
	hidden := len(p.result.Pods) - room
	if hidden > 0 {
		room = max(1, room-1)
	}
	from := max(0, min(p.cursor-room/2, len(p.result.Pods)-room))
	for n := from; n < len(p.result.Pods) && n < from+room; n++ {
		pod := &p.result.Pods[n]
		over, cursor := func(s style) style { return s }, " "
		if n == p.cursor {
			over = func(s style) style { return s.over(t.palette.selection) }
			cursor = over(t.accent).on(glyphCursor)
		}
		mark, said := worstCell(pod)
		glyph, paint := t.mark(mark)
		var marks strings.Builder
		for i, port := range ports {
			sign, color := "", t.dim
			if pod.Idle == "" {
				sign, color = t.mark(report.CellMark(pod.Cells[i]))
			}
			marks.WriteString(over(color).on(left(sign, port.width)) + over(t.dim).on("  "))
		}
		naming, telling := t.text, t.dim
		if n == p.cursor {
			naming = t.strong
		}
		if mark == check.MarkFail || mark == check.MarkWarn || mark == check.MarkUnknown {
			telling = paint
		}
		line := cursor + over(paint).on(glyph+" ") + row(over(naming).on(shorten(clean(pod.Name), name)), over(t.dim).on(cut(report.SweptState(*pod), state)),
			over(t.dim).on(cut(podAddress(pod), max(1, address))), over(t.dim).on(shorten(clean(pod.Node), max(1, node))), marks.String(), over(telling).on(cut(clean(said), max(1, result()))))
		if n == p.cursor {
			line = backed(left(line, width), t.palette.selection)
		}
		lines = append(lines, line)
	}
	if hidden > 0 {
		lines = append(lines, "   "+t.dim.on(outOfSight(from, len(p.result.Pods)-from-room)))
	}
	return lines
}

// podAddress is what is dialled: the Pod's address, with the port where only one is swept.
func podAddress(pod *isolation.SweptPod) string {
	if len(pod.Cells) == 1 && pod.IP != "" {
		return report.CellWhere(*pod, pod.Cells[0])
	}
	return clean(pod.IP)
}

// outOfSight says how many rows there are above and below.
func outOfSight(above, below int) string {
	var parts []string
	if above > 0 {
		parts = append(parts, fmt.Sprintf("↑ %d more", above))
	}
	if below > 0 {
		parts = append(parts, fmt.Sprintf("↓ %d more", below))
	}
	return strings.Join(parts, "   ")
}

// worstCell is the mark of a Pod, and what was seen on the port that is worst.
func worstCell(pod *isolation.SweptPod) (check.Mark, string) {
	if pod.Idle != "" {
		return check.MarkPending, "not tried: " + pod.Idle
	}
	if len(pod.Cells) == 0 {
		return check.MarkPending, ""
	}
	worst := &pod.Cells[0]
	for i := range pod.Cells {
		cell := &pod.Cells[i]
		if cell.Running {
			return check.MarkPending, report.CellText(*cell)
		}
		if cell.Mark > worst.Mark {
			worst = cell
		}
	}
	return report.CellMark(*worst), report.CellText(*worst)
}

// conclusion says what the cells together mean, or how far the sweep is.
func (p *sweepPage) conclusion(t *theme, width int) []string {
	if p.result.Conclusion == nil && p.stop != nil {
		return []string{"   " + t.dim.on(fmt.Sprintf("%d of %d tried. Esc stops, and keeps what was found.", p.result.Done, p.result.Total))}
	}
	if p.result.Conclusion == nil && p.winding {
		return []string{"   " + t.dim.on(fmt.Sprintf("Stopping after %d of %d"+glyphMore, p.result.Done, p.result.Total))}
	}
	return conclude(t, isolation.Result{Conclusion: p.result.Conclusion}, false, width).all()
}
