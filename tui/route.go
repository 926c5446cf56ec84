package tui

import (
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// drawRoute draws the way of a request on one line, up to where it breaks. Where it does not fit, arrows become
// short, the clients are left out, and then texts give way in their middle; what is at fault stays whole.
func drawRoute(t *theme, hops []check.Hop, width int) string {
	if len(hops) == 0 || width <= 0 {
		return ""
	}
	texts := make([]string, len(hops))
	for i := range hops {
		texts[i] = clean(hops[i].Text)
	}
	first := 0
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
	if total() > width && len(hops) > 3 && !hops[1].Broken {
		// Who asks is known; where it breaks is not.
		hops, texts, first = hops[1:], texts[1:], 1
	}
	for i := range hops {
		// Beside the part at fault the rest of a hop says little.
		if fault := clean(hops[i].Fault); fault != "" && total() > width && strings.Contains(texts[i], fault) && texts[i] != fault {
			texts[i] = fault + glyphMore
		}
	}
	full := slices.Clone(texts)
	for total() > width {
		longest := -1
		for i := range texts {
			if have := cells(texts[i]); hops[i].Fault == "" && have > 8 && (longest < 0 || have > cells(texts[longest])) {
				longest = i
			}
		}
		if longest < 0 {
			break
		}
		// One step at a time evens the texts out; a big step would ruin one to spare the others.
		texts[longest] = shorten(full[longest], cells(texts[longest])-1)
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
		case i+first == 0:
			base = t.dim
		case i+first == 1:
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
