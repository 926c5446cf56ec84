package tui

import "strings"

// cell is one field of a grid: text that is clean, and how it is painted. fault is the part that is at fault.
type cell struct {
	text  string
	style style
	fault string
}

// grid is a small table of evidence. All of its rows are drawn; for a long list see drawServices.
type grid struct {
	heading []string
	rows    [][]cell
	// right aligns columns to the right; ends keeps the ends of a column's texts when they are shortened.
	right, ends map[int]bool
}

// draw fits the columns into a width: the widest one gives way first.
func (g *grid) draw(t *theme, width int) []string {
	columns := len(g.heading)
	for _, row := range g.rows {
		columns = max(columns, len(row))
	}
	if columns == 0 {
		return nil
	}
	widths := make([]int, columns)
	for c, heading := range g.heading {
		widths[c] = cells(heading)
	}
	for _, row := range g.rows {
		for c, field := range row {
			widths[c] = max(widths[c], cells(field.text))
		}
	}
	fitColumns(widths, width-(columns-1)*len(columnGap))
	var lines []string
	var b strings.Builder
	put := func(c int, text string, paint func(string) string) {
		if c > 0 {
			b.WriteString(columnGap)
		}
		if cells(text) > widths[c] {
			if g.ends[c] {
				text = shorten(text, widths[c])
			} else {
				text = cut(text, widths[c])
			}
		}
		gap := strings.Repeat(" ", max(widths[c]-cells(text), 0))
		if g.right[c] {
			b.WriteString(gap + paint(text))
		} else {
			b.WriteString(paint(text) + gap)
		}
	}
	flush := func() {
		lines = append(lines, strings.TrimRight(b.String(), " "))
		b.Reset()
	}
	if len(g.heading) > 0 {
		for c, heading := range g.heading {
			put(c, heading, t.heading.on)
		}
		flush()
	}
	for _, row := range g.rows {
		for c, field := range row {
			put(c, field.text, func(text string) string { return paintFault(t, field.style, text, field.fault) })
		}
		flush()
	}
	return lines
}

// fitColumns takes cells from the widest columns until they fit; none gets narrower than a few cells.
func fitColumns(widths []int, room int) {
	const least = 4
	sum := 0
	for _, w := range widths {
		sum += w
	}
	for ; sum > room; sum-- {
		widest := 0
		for c := range widths {
			if widths[c] > widths[widest] {
				widest = c
			}
		}
		if widths[widest] <= least {
			return
		}
		widths[widest]--
	}
}
