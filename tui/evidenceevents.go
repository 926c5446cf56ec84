package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// drawEvents draws step 7: what the controllers said, newest first, wrapped and never cut.
func drawEvents(t *theme, e *check.EventEvidence, now time.Time, width int) []string {
	lines := notKnown(t, "events", e.Known, e.Coverage, width)
	if !e.Known {
		return lines
	}
	if len(e.Rows) == 0 {
		for _, line := range wrap("No event of this Service, its slices, Pods or workload is held. The API server forgets them, after an hour by default, so this proves nothing.", width) {
			lines = append(lines, t.dim.on(line))
		}
		return lines
	}
	for i := range e.Rows {
		lines = append(lines, drawEvent(t, &e.Rows[i], now, width)...)
	}
	return lines
}

func drawEvent(t *theme, e *check.EventRow, now time.Time, width int) []string {
	mark, s := t.dim.on(glyphPending), t.text
	if e.Warning {
		mark, s = t.warn.on(glyphWarn), t.warn
	}
	when := age(e.Last, now)
	times := ""
	if e.Count > 1 {
		times = fmt.Sprintf("  %d times", e.Count)
		if !e.First.IsZero() && e.Last.Sub(e.First) >= time.Minute {
			times += " in " + age(e.First, e.Last)
		}
	}
	from := ""
	if e.From != "" {
		from = "  " + clean(e.From)
	}
	const indent = 9
	object := strings.ToLower(clean(e.Kind)) + "/" + clean(e.Name)
	reason := clean(e.Reason)
	room := width - indent - cells(reason) - 2
	tail := cut(times+from, max(room-cells(shorten(object, max(room/2, 8))), 0))
	object = shorten(object, max(room-cells(tail), 8))
	lines := []string{mark + " " + right(t.dim.on(when), 5) + "  " + s.bold().on(reason) + "  " + t.text.on(object) + t.dim.on(tail)}
	for _, line := range wrap(clean(e.Message), max(width-indent, 20)) {
		lines = append(lines, strings.Repeat(" ", indent)+t.text.on(line))
	}
	return lines
}
