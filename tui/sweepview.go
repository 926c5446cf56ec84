package tui

import (
	"fmt"
	"slices"
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
	said := p.whole(t, width)
	lines = append(lines, p.table(t, width, max(1, height-len(lines)-len(said)-len(conclusion)-1))...)
	lines = append(lines, said...)
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

// sweepColumns are the widths of the columns; address and node are zero where they are left out.
type sweepColumns struct {
	name, state, address, node, result int
	// ports are empty where only one is swept.
	ports []sweepColumn
}

// columns shares the width out. What is wrong needs its room; the names give way, and keep their ends.
func (p *sweepPage) columns(width int) sweepColumns {
	columns := sweepColumns{name: len("POD"), state: len("STATE"), address: len("ADDRESS"), node: len("NODE")}
	said := len("RESULT")
	for i := range p.result.Pods {
		pod := &p.result.Pods[i]
		columns.name, columns.state = max(columns.name, cells(clean(pod.Name))), max(columns.state, cells(report.SweptState(*pod)))
		columns.address, columns.node = max(columns.address, cells(podAddress(pod))), max(columns.node, cells(clean(pod.Node)))
		_, text := worstCell(pod)
		said = max(said, cells(clean(text)))
	}
	portMost := 10
	if width >= 150 {
		portMost = 15 // the longest name of a port
	}
	if len(p.result.Ports) > 1 {
		for _, port := range p.result.Ports {
			columns.ports = append(columns.ports, sweepColumn{clean(port), max(1, min(portMost, cells(clean(port))))})
		}
	}
	if width < 110 {
		columns.node = 0
	}
	// An IPv6 address is long: where the table has no room for it, the test of the Pod shows it.
	if width < 110 || width < 150 && columns.address > 22 {
		columns.address = 0
	}
	const least, comfortable = 24, 45
	if most := max(24, width/6); columns.room(width) < min(said, 2*comfortable) {
		columns.node = min(columns.node, most)
	}
	// What is said of a Pod comes before its address.
	if columns.address > 0 && columns.room(width) < comfortable {
		columns.address = 0
	}
	if over := least - columns.room(width); over > 0 {
		columns.name = max(16, columns.name-over)
	}
	if over := least - columns.room(width); over > 0 {
		columns.state = max(9, columns.state-over)
	}
	columns.result = max(1, columns.room(width))
	return columns
}

// room is what is left for the result.
func (c *sweepColumns) room(width int) int {
	const edge = 4
	rest := width - edge - c.name - 2 - c.state - 2 - 1
	for _, port := range c.ports {
		rest -= port.width + 2
	}
	if c.node > 0 {
		rest -= c.node + 2
	}
	if c.address > 0 {
		rest -= c.address + 2
	}
	return rest
}

// mostWhole is how many lines the whole of a row may take below the table.
const mostWhole = 3

// whole is what the row under the cursor has no room for: its Pod's whole name, and what is wrong on each of its ports. It is as high for each
// row, so that the table stays where it is; empty where every row has room for all.
func (p *sweepPage) whole(t *theme, width int) []string {
	columns := p.columns(width)
	most := 0
	for i := range p.result.Pods {
		most = max(most, len(p.wholeOf(&p.result.Pods[i], columns, width)))
	}
	if most == 0 {
		return nil
	}
	lines := make([]string, 1, most+1)
	if p.cursor < len(p.result.Pods) {
		for _, line := range p.wholeOf(&p.result.Pods[p.cursor], columns, width) {
			lines = append(lines, "   "+t.text.on(line))
		}
	}
	return fitLines(lines, width, most+1)
}

// wholeOf is the whole of one row; empty where the row has room for all.
func (p *sweepPage) wholeOf(pod *isolation.SweptPod, columns sweepColumns, width int) []string {
	mark, worst := worstCell(pod)
	texts := []string{worst}
	for i := range pod.Cells {
		if text := report.CellText(pod.Cells[i]); isWrong(mark) && isWrong(pod.Cells[i].Mark) && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	name := clean(pod.Name)
	if len(texts) == 1 && cells(clean(worst)) <= columns.result && cells(name) <= columns.name {
		return nil
	}
	for i := range texts {
		texts[i] = strings.TrimSuffix(texts[i], ".")
	}
	lines := wrap(name+": "+clean(strings.Join(texts, "; ")), width-6)
	if len(lines) > mostWhole {
		lines = append(lines[:mostWhole-1:mostWhole-1], cut(strings.Join(lines[mostWhole-1:], " "), width-6))
	}
	return lines
}

// table draws the Pods around the cursor: one row each, with a mark for each port and what is wrong.
func (p *sweepPage) table(t *theme, width, room int) []string {
	columns := p.columns(width)
	name, state, node, address, ports := columns.name, columns.state, columns.node, columns.address, columns.ports
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
		if isWrong(mark) {
			telling = paint
		}
		line := cursor + over(paint).on(glyph+" ") + row(over(naming).on(shorten(clean(pod.Name), name)), over(t.dim).on(cut(report.SweptState(*pod), state)),
			over(t.dim).on(cut(podAddress(pod), max(1, address))), over(t.dim).on(shorten(clean(pod.Node), max(1, node))), marks.String(), over(telling).on(cut(clean(said), columns.result)))
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

// isWrong tells whether something is said of a cell beside that it answers, or is not tried yet.
func isWrong(mark check.Mark) bool {
	return mark == check.MarkFail || mark == check.MarkWarn || mark == check.MarkUnknown
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
