package tui

import (
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// drawRoute draws the way of a request on one line, up to where it breaks. Where it does not fit, arrows become
// short, then the longest texts give way in their middle.
func drawRoute(t *theme, hops []check.Hop, width int) string {
	if len(hops) == 0 || width <= 0 {
		return ""
	}
	texts := make([]string, len(hops))
	for i := range hops {
		texts[i] = clean(hops[i].Text)
	}
	good, bad, gap := glyphArrow, glyphBroken, "  "
	total := func() int {
		sum := (len(hops) - 1) * (cells(good) + 2*len(gap))
		for _, text := range texts {
			sum += cells(text)
		}
		return sum
	}
	if total() > width {
		gap = " "
	}
	if total() > width {
		good, bad = "─▶", "─✗"
	}
	for total() > width {
		longest := 0
		for i := range texts {
			if cells(texts[i]) > cells(texts[longest]) {
				longest = i
			}
		}
		have := cells(texts[longest])
		if have <= 5 {
			break
		}
		// One step at a time evens the texts out; a big step would ruin one to spare the others.
		texts[longest] = shorten(clean(hops[longest].Text), have-1)
	}
	var b strings.Builder
	broken := false
	for i, hop := range hops {
		if i > 0 {
			b.WriteString(gap)
			switch {
			case hop.Broken:
				b.WriteString(t.fail.bold().on(bad))
			case broken:
				b.WriteString(t.dim.on(strings.Repeat(" ", cells(good))))
			default:
				b.WriteString(t.dim.on(good))
			}
			b.WriteString(gap)
		}
		base := t.text
		switch {
		case hop.Broken && !broken:
			base = t.fail.bold()
		case broken:
			base = t.dim
		case i == 0:
			base = t.dim
		case i == 1:
			base = t.strong
		}
		broken = broken || hop.Broken
		b.WriteString(paintFault(t, base, texts[i], clean(hop.Fault)))
	}
	return b.String()
}

// paintFault paints text and marks the part at fault in it.
func paintFault(t *theme, base style, text, fault string) string {
	at := -1
	if fault != "" {
		at = strings.Index(text, fault)
	}
	if at < 0 {
		return base.on(text)
	}
	return base.on(text[:at]) + t.fault.on(fault) + base.on(text[at+len(fault):])
}
