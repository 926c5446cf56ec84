package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// drawSelector draws step 3: the selector against the labels of the Pods, the differing characters marked.
func drawSelector(t *theme, e *check.SelectorEvidence, now time.Time, width int) []string {
	if len(e.Selector) == 0 {
		return []string{t.dim.on("This Service has no selector: its endpoints are written by somebody else, or by hand.")}
	}
	lines := drawSelectorPairs(t, e, width)
	if unknown := notKnown(t, "Pods", e.Known, e.Coverage, width); unknown != nil {
		lines = append(append(lines, ""), unknown...)
		if !e.Known {
			return lines
		}
	}
	lines = append(lines, "")
	lines = append(lines, drawSelectorRows(t, e, width)...)
	for _, line := range wrap(selectorSummary(e, now), width) {
		lines = append(lines, t.dim.on(line))
	}
	return lines
}

func drawSelectorPairs(t *theme, e *check.SelectorEvidence, width int) []string {
	beside := ""
	pods := count(len(e.Rows), "Pod", "Pods")
	switch {
	case !e.Known:
	case e.Matching:
		beside = "MATCHES " + pods
		if e.Nearest != "" {
			beside += " of " + clean(e.Nearest)
		}
	case e.Nearest != "":
		beside = "NEAREST: " + pods + " of " + clean(e.Nearest)
		if e.Ambiguous {
			beside += ", others are as near"
		}
	default:
		beside = "NO POD IS NEAR"
	}
	keyWidth, valueWidth, gotWidth := 0, len("SELECTOR"), 0
	for i := range e.Selector {
		p := &e.Selector[i]
		keyWidth = max(keyWidth, cells(clean(p.Key)))
		valueWidth = max(valueWidth, cells(clean(p.Value)))
		gotWidth = max(gotWidth, cells(gotText(p)))
	}
	keyWidth = min(keyWidth, max(width/4, 8))
	valueWidth = min(valueWidth, max(width/4, 8))
	gotWidth = min(gotWidth, max(width/3, 8))
	start := keyWidth + 3 + valueWidth + 2
	lines := []string{t.heading.on(left("SELECTOR", start)) + t.heading.on(cut(beside, width-start))}
	for i := range e.Selector {
		p := &e.Selector[i]
		key := left(shorten(clean(p.Key), keyWidth), keyWidth)
		line := t.text.on(key) + t.dim.on(" = ") + fitSpans(t, p.Value, p.Missing, valueWidth) + "  "
		switch {
		case !e.Known || beside == "NO POD IS NEAR":
			// Nothing to set it against.
		case p.Equal:
			line += t.text.on(left(shorten(gotText(p), gotWidth), gotWidth)) + "  " + t.ok.on(glyphOK)
		case p.GotKey == "":
			line += t.fail.on(left("no such label", gotWidth)) + "  " + t.fail.on(glyphFail)
		default:
			line += fitGot(t, p, gotWidth) + "  " + t.fail.on(glyphFail+" "+clean(p.How))
		}
		lines = append(lines, line)
	}
	return lines
}

// gotText is what the Pods carry for a pair, with the key where that is another one.
func gotText(p *check.SelectorPair) string {
	if p.GotKey != "" && p.GotKey != p.Key {
		return clean(p.GotKey) + " = " + clean(p.GotValue)
	}
	return clean(p.GotValue)
}

func fitGot(t *theme, p *check.SelectorPair, width int) string {
	if p.GotKey != "" && p.GotKey != p.Key {
		return t.fault.on(left(shorten(gotText(p), width), width))
	}
	return fitSpans(t, p.GotValue, p.Differs, width)
}

// fitSpans paints a value with ranges of its runes marked, as wide as the column. A value that has to be shortened
// or cleaned no longer has the same runes, so it is marked as a whole.
func fitSpans(t *theme, value string, spans []check.Span, width int) string {
	text := clean(value)
	if cells(text) > width || text != value {
		s := t.text
		if len(spans) > 0 {
			s = t.fault
		}
		text = shorten(text, width)
		return s.on(text) + strings.Repeat(" ", max(width-cells(text), 0))
	}
	runes := []rune(text)
	var b strings.Builder
	at := 0
	for _, span := range spans {
		from, to := min(span.Start, len(runes)), min(span.End, len(runes))
		b.WriteString(t.text.on(string(runes[min(at, from):from])))
		b.WriteString(t.fault.on(string(runes[from:to])))
		at = to
	}
	b.WriteString(t.text.on(string(runes[at:])))
	return b.String() + strings.Repeat(" ", max(width-cells(text), 0))
}

func drawSelectorRows(t *theme, e *check.SelectorEvidence, width int) []string {
	if len(e.Rows) == 0 {
		return nil
	}
	g := grid{heading: []string{"POD", "READY", "STATUS"}, ends: map[int]bool{0: true}, right: map[int]bool{1: true}}
	for i := range e.Selector {
		g.heading = append(g.heading, clean(e.Selector[i].Key))
	}
	g.heading = append(g.heading, "OWNER")
	for i := range e.Rows {
		r := &e.Rows[i]
		row := []cell{
			{text: clean(r.Pod), style: t.text},
			{text: fmt.Sprintf("%d/%d", r.Ready, r.Containers), style: t.text},
			{text: clean(r.Status), style: t.dim},
		}
		for j := range e.Selector {
			field := cell{text: glyphNone, style: t.fail}
			if j < len(r.Labels) && r.Labels[j] != "" {
				field = cell{text: clean(r.Labels[j]), style: t.text}
				if r.Labels[j] != e.Selector[j].Value {
					field.style = t.fail
				}
			}
			row = append(row, field)
		}
		g.rows = append(g.rows, append(row, cell{text: orNone(r.Owner), style: t.dim}))
	}
	return append(g.draw(t, width), "")
}

func selectorSummary(e *check.SelectorEvidence, now time.Time) string {
	var parts []string
	switch {
	case e.Total == 0:
		parts = append(parts, "There is no Pod in this namespace.")
	case e.Matching:
		parts = append(parts, count(e.Others, "other Pod of this namespace is", "other Pods of this namespace are")+" not selected.")
	case len(e.Rows) == 0:
		parts = append(parts, fmt.Sprintf("%s in this namespace, and none carries labels like these.", count(e.Total, "Pod is", "Pods are")))
	default:
		parts = append(parts, fmt.Sprintf("%s in this namespace; none nearer.", count(e.Others, "other Pod", "other Pods")))
	}
	if len(e.SelectedBy) > 0 {
		parts = append(parts, "These Pods are selected by "+clean(strings.Join(e.SelectedBy, ", "))+" too.")
	}
	if changed := changedText(e.Changed, now); changed != "" {
		parts = append(parts, "The selector was changed "+changed+".")
	}
	return strings.Join(parts, " ")
}
