package tui

import (
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
)

const (
	columnGap = "  "
	// wideWidth is from where on there is room for SELECTOR and AGE.
	wideWidth = 150
	timeWidth = 5
	// sentenceWidth is from where on the health column tells the whole title.
	sentenceWidth = 50
)

// serviceLayout says which columns are drawn and how wide; zero is not drawn.
type serviceLayout [serviceColumns]int

// layoutServices fits the columns into a width. What a narrow screen leaves out first is what says least
// about why a Service does not route.
func layoutServices(natural [serviceColumns]int, width int, allNamespaces bool) serviceLayout {
	most := [serviceColumns]int{
		columnNamespace: 24, columnName: 48, columnType: 12, columnClusterIP: 15, columnExternalIP: 26, columnPorts: 22,
		columnReady: 7, columnHealth: 40, columnSelector: 40, columnSince: timeWidth, columnAge: timeWidth,
	}
	least := [serviceColumns]int{
		columnNamespace: 12, columnName: 22, columnType: 12, columnClusterIP: 11, columnExternalIP: 14, columnPorts: 12,
		columnReady: 5, columnHealth: 30, columnSelector: 20, columnSince: timeWidth, columnAge: timeWidth,
	}
	var full, small serviceLayout
	for c := range serviceColumns {
		heading := cells(c.heading())
		if c == columnSince || c == columnAge {
			full[c], small[c] = timeWidth, timeWidth
			continue
		}
		full[c] = max(min(natural[c], most[c]), heading)
		small[c] = max(min(full[c], least[c]), heading)
	}
	// The health needs its room even while nothing is broken, or the columns would jump when something breaks.
	full[columnHealth], small[columnHealth] = max(full[columnHealth], 30), max(small[columnHealth], 24)
	hide := func(c serviceColumn) { full[c], small[c] = 0, 0 }
	if !allNamespaces {
		hide(columnNamespace)
	}
	if width < wideWidth {
		hide(columnSelector)
		hide(columnAge)
	}
	const edge = 4 // the cursor, the mark, a space; one cell at the right
	total := func(l *serviceLayout) int {
		sum := edge
		for _, w := range l {
			if w > 0 {
				sum += w + len(columnGap)
			}
		}
		return sum - len(columnGap)
	}
	for _, c := range []serviceColumn{columnSelector, columnClusterIP, columnExternalIP, columnType, columnPorts, columnSince} {
		if total(&small) <= width {
			break
		}
		hide(c)
	}
	// Columns give way from the widest side, the health last.
	for _, c := range []serviceColumn{columnSelector, columnExternalIP, columnPorts, columnNamespace, columnName, columnHealth} {
		if over := total(&full) - width; over > 0 && full[c] > 0 {
			full[c] = max(full[c]-over, small[c])
		}
	}
	if over := total(&full) - width; over > 0 {
		full[columnName] = max(full[columnName]-over, 6)
	}
	if over := total(&full) - width; over > 0 {
		full[columnHealth] = max(full[columnHealth]-over, 6)
	}
	if spare := width - total(&full); spare > 0 {
		full[columnHealth] += spare
	}
	return full
}

// serviceOrder is the order in which columns are drawn.
func serviceOrder() []serviceColumn {
	return []serviceColumn{
		columnNamespace, columnName, columnType, columnClusterIP, columnExternalIP, columnPorts, columnReady,
		columnHealth, columnSelector, columnSince, columnAge,
	}
}

func (c serviceColumn) rightAligned() bool {
	return c == columnReady || c == columnSince || c == columnAge
}

// drawServices draws the heading and as many rows as fit. Nothing here depends on how many rows there are.
func drawServices(sh *shell, l *serviceList, width, height int) []string {
	l.scroll(height - 1)
	layout := layoutServices(l.widths, width, sh.scope == "")
	t := &sh.theme
	now := sh.now()
	lines := make([]string, 0, height)
	var b strings.Builder
	b.WriteString("   ")
	for _, c := range serviceOrder() {
		if layout[c] == 0 {
			continue
		}
		heading := c.heading()
		arrow := ""
		if l.by == c && (c != columnHealth || l.descending) {
			arrow = "↑"
			if l.descending {
				arrow = "↓"
			}
		}
		// The arrow stands in the gap, so that no column moves when it comes.
		cell := left(heading+arrow, layout[c])
		if c.rightAligned() {
			cell = right(heading, layout[c])
			if arrow != "" && cells(heading) < layout[c] {
				cell = right(arrow+heading, layout[c])
			}
		}
		b.WriteString(t.heading.on(cut(cell, layout[c])))
		b.WriteString(columnGap)
	}
	lines = append(lines, strings.TrimRight(b.String(), " "))
	for i := l.offset; i < len(l.shown) && len(lines) < height; i++ {
		b.Reset()
		drawServiceRow(&b, sh, l.shown[i], &layout, now, i == l.index)
		lines = append(lines, b.String())
	}
	return lines
}

func drawServiceRow(b *strings.Builder, sh *shell, row *serviceRow, layout *serviceLayout, now time.Time, selected bool) {
	t := &sh.theme
	backed := selected && t.palette.selection != nil
	paint := func(s style, text string) {
		if backed {
			s = s.over(t.palette.selection)
		}
		b.WriteString(s.on(text))
	}
	verdict := row.report.Verdict
	glyph, sign := t.mark(markOfVerdict(verdict))
	cursor := " "
	if selected {
		cursor = glyphCursor
	}
	paint(t.accent, cursor)
	paint(sign, glyph)
	gap := " "
	for _, c := range serviceOrder() {
		w := layout[c]
		if w == 0 {
			continue
		}
		text, have := row.text[c], row.width[c]
		switch c {
		case columnSince:
			text = age(row.report.Since, now)
			have = cells(text)
		case columnAge:
			text = age(created(row), now)
			have = cells(text)
		case columnHealth:
			if n := cells(row.title); w >= sentenceWidth && n > have && n <= w {
				text, have = row.title, n
			}
		}
		if have > w {
			text = shortenColumn(c, text, w)
			have = cells(text)
		}
		pad := strings.Repeat(" ", max(w-have, 0))
		if c.rightAligned() {
			text = pad + text
		} else {
			text += pad
		}
		paint(t.text, gap)
		gap = columnGap
		paint(serviceCellStyle(t, c, row, selected), text)
		if c == columnName && sh.overSSH {
			// A background over the whole row would send two rows for every move of the cursor.
			backed = false
		}
	}
	paint(t.text, " ")
}

// shortenColumn: names keep their ends, sentences and lists their beginnings.
func shortenColumn(c serviceColumn, text string, width int) string {
	switch c {
	case columnName, columnNamespace, columnExternalIP, columnClusterIP:
		return shorten(text, width)
	default:
		return cut(text, width)
	}
}

func serviceCellStyle(t *theme, c serviceColumn, row *serviceRow, selected bool) style {
	verdict := row.report.Verdict
	switch c {
	case columnName:
		if selected {
			return t.strong
		}
		return t.text
	case columnType:
		if row.text[c] == "ClusterIP" {
			return t.dim
		}
		return t.text
	case columnExternalIP:
		switch row.text[c] {
		case glyphNone:
			return t.dim
		case "<pending>":
			return t.warn
		}
		return t.text
	case columnPorts:
		return t.text
	case columnReady:
		switch {
		case !row.report.Counted:
			return t.dim
		case verdict == check.Fail && row.report.Usable == 0:
			return t.fail.bold()
		case row.report.Usable < row.report.Selected:
			return t.warn
		}
		return t.text
	case columnHealth:
		return verdictStyle(t, verdict)
	default:
		return t.dim
	}
}

func verdictStyle(t *theme, v check.Verdict) style {
	switch v {
	case check.Fail:
		return t.fail
	case check.Warn:
		return t.warn
	case check.Unknown:
		return t.unknown
	default:
		return t.dim
	}
}

// created is when the Service was made; zero where that is not known.
func created(row *serviceRow) time.Time {
	if row.service == nil {
		return time.Time{}
	}
	return row.service.CreationTimestamp.Time
}
