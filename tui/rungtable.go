package tui

import (
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

// rungColumns are the widths of the columns of rungs. Narrow, that of what a rung crosses is given up.
type rungColumns struct {
	mark, name, crosses, result, took int
}

const (
	rungGap = 2
	// usualCrosses is room for most of what rungs cross: where there is room, the columns stay where they are while the rungs are run.
	usualCrosses = 50
)

// columnsOf shares the width out: what came of a rung is cut only where it is long, and what it crosses is not cut where there is room.
func columnsOf(rungs []isolation.Observation, width int) rungColumns {
	columns := rungColumns{mark: 5, name: 15, result: 12, took: 7}
	if width < 100 {
		columns.mark, columns.name = 3, 13
	}
	wish := len("CROSSES")
	for _, seen := range rungs {
		wish = max(wish, cells(clean(seen.Crosses)))
	}
	spare := width - columns.mark - columns.name - columns.took - 3*rungGap
	most := max(24, width/4, spare-min(wish, width/2))
	for _, seen := range rungs {
		wide := cells(rungResult(seen))
		switch {
		case unasked(seen) && width < 100:
			wide = min(wide, columns.result) // it has the room of both
		case wide > most:
			wide = cells(rungWord(seen))
		}
		columns.result = max(columns.result, wide)
	}
	columns.result = min(columns.result, max(1, spare))
	if columns.crosses = min(max(wish, usualCrosses), spare-columns.result); columns.crosses < 16 {
		columns.crosses = 0
	}
	return columns
}

// unasked tells whether a rung was not run, so that there is nothing to say of what it crosses.
func unasked(seen isolation.Observation) bool {
	return !seen.Running && (seen.Outcome == isolation.NotRun || seen.Outcome == "")
}

// rungTable draws a row for each rung of the result, and under it what did not fit.
func rungTable(t *theme, result isolation.Result, width int) []string {
	rungs := slices.Clone(result.Rungs)
	for i := range rungs {
		if asksFirst(rungs[i]) {
			rungs[i].Detail = "x runs it"
		}
	}
	columns := columnsOf(rungs, width)
	row := func(sign, rung, through, what, time string) string {
		line := left(strings.Repeat(" ", columns.mark-2)+sign, columns.mark) + left(rung, columns.name) + "  "
		if columns.crosses > 0 {
			line += left(through, columns.crosses) + "  "
		}
		return line + left(what, columns.result) + "  " + right(time, columns.took)
	}
	lines := []string{row("", t.heading.on("RUNG"), t.heading.on("CROSSES"), t.heading.on("RESULT"), t.heading.on("TIME"))}
	below := func(s style, text string) {
		for _, line := range wrap(text, width-columns.mark-3) {
			if line != "" {
				lines = append(lines, strings.Repeat(" ", columns.mark)+s.on(line))
			}
		}
	}
	var before isolation.Observation
	for _, seen := range rungs {
		glyph, paint := t.mark(rungMark(seen))
		rung := t.strong.on(clean(report.RungTitle(seen.Rung)))
		what, way := rungResult(seen), t.text
		if seen.Running || unasked(seen) {
			way = t.dim
		}
		through := way.on(narrowed(clean(seen.Crosses), columns.crosses))
		switch both := columns.crosses + rungGap + columns.result; {
		case cells(what) <= columns.result:
			lines = append(lines, row(paint.on(glyph), rung, through, paint.on(what), t.dim.on(rungTook(seen))))
		case unasked(seen) && cells(what) <= both:
			// What was not run crosses nothing: why has the room.
			lines = append(lines, left(strings.Repeat(" ", columns.mark-2)+paint.on(glyph), columns.mark)+left(rung, columns.name)+"  "+way.on(what))
		default:
			lines = append(lines, row(paint.on(glyph), rung, through, paint.on(cut(rungWord(seen), columns.result)), t.dim.on(rungTook(seen))))
			// The words of whoever answered are never cut, and those of one command for several rows stand there once.
			if seen.Rung != before.Rung || seen.Detail != before.Detail {
				below(t.dim, what)
			}
		}
		before = seen
		if seen.Paste != "" {
			below(t.text, "by hand (c copies): "+clean(seen.Paste))
			below(t.dim, clean(seen.PasteNote))
		}
	}
	return lines
}

// narrowed is what a rung crosses in few words where there is little room; of names that are too long the middle is left out.
func narrowed(crosses string, width int) string {
	if cells(crosses) <= width {
		return crosses
	}
	crosses = strings.NewReplacer("port-forward →", "forward →", "inside the Pod", "in the Pod", "ready endpoints →", "endpoints →", "the network →", "network →").Replace(crosses)
	if cells(crosses) <= width {
		return crosses
	}
	// The way by which a name is found, and the ports behind it, are what tells the rungs apart.
	way, name, found := strings.Cut(crosses, " → ")
	name, ports, _ := strings.Cut(name, ", ")
	if ports != "" {
		ports = ", " + ports
	}
	if room := width - cells(way) - cells(" → ") - cells(ports); found && room >= 5 {
		return way + " → " + shorten(name, room) + ports
	}
	return cut(crosses, width)
}

// asksFirst tells whether a row is that of a rung which nobody has asked for yet.
func asksFirst(seen isolation.Observation) bool {
	return seen.Rung == isolation.RungInCluster && seen.Outcome == isolation.NotRun && seen.Target == "" && seen.Detail == isolation.NobodyPicked
}
