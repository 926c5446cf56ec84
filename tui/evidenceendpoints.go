package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// drawEndpoints draws step 2: every EndpointSlice and every endpoint.
func drawEndpoints(t *theme, e *check.EndpointEvidence, now time.Time, width int) []string {
	lines := notKnown(t, "EndpointSlices", e.Known, e.Coverage, width)
	if !e.Known {
		return lines
	}
	s := t.text
	if e.Usable == 0 {
		s = t.strong
	}
	summary := fmt.Sprintf("%d of %s usable", e.Usable, count(e.Listed, "listed endpoint is", "listed endpoints are"))
	if e.Listed == 0 {
		summary = "no endpoint is listed"
	}
	lines = append(lines, s.on(summary)+t.dim.on(", in "+count(len(e.Slices), "EndpointSlice", "EndpointSlices")))
	for i := range e.Ports {
		if p := &e.Ports[i]; p.Fallback {
			lines = append(lines, t.warn.on(fmt.Sprintf("port %d lives on terminating Pods alone: none is ready", p.Port.Port)))
		}
	}
	for i := range e.Slices {
		lines = append(lines, "")
		lines = append(lines, drawSlice(t, &e.Slices[i], now, width)...)
	}
	return lines
}

func drawSlice(t *theme, slice *check.SliceRow, now time.Time, width int) []string {
	ports := clean(strings.Join(slice.Ports, ", "))
	if ports == "" {
		ports = "no ports"
	}
	about := []string{clean(slice.AddressType), ports}
	if slice.ManagedBy != "" {
		about = append(about, "by "+strings.TrimSuffix(clean(slice.ManagedBy), ".k8s.io"))
	}
	if !slice.Changed.IsZero() {
		about = append(about, "changed "+age(slice.Changed, now)+" ago")
	}
	name := shorten(clean(slice.Name), max(width/2, 12))
	lines := []string{t.strong.on(name) + t.dim.on(cut("  "+strings.Join(about, " · "), width-cells(name)))}
	if slice.Ignored != "" {
		lines = append(lines, t.warn.on(cut("not used: "+clean(slice.Ignored), width)))
	}
	if len(slice.Endpoints) == 0 {
		return append(lines, t.dim.on("has no endpoints"))
	}
	g := grid{
		heading: []string{"", "ADDRESS", "READY", "SERVING", "ENDING", "POD", "NODE", "WHY NOT"},
		ends:    map[int]bool{5: true, 6: true},
	}
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		mark, why := cell{text: glyphOK, style: t.ok}, cell{text: clean(e.Why), style: t.dim}
		if !e.Counted {
			mark, why.style = cell{text: glyphFail, style: t.fail}, t.text
			if e.Terminating {
				mark = cell{text: glyphPending, style: t.dim}
			}
		}
		g.rows = append(g.rows, []cell{
			mark,
			{text: clean(e.Address), style: t.text},
			yesNo(t, e.Ready, true), yesNo(t, e.Serving, true),
			yesNo(t, e.Terminating, false),
			{text: orNone(e.Pod), style: t.text},
			{text: orNone(e.Node), style: t.dim},
			why,
		})
	}
	lines = append(lines, g.draw(t, width)...)
	if slice.More > 0 {
		lines = append(lines, t.dim.on(fmt.Sprintf("and %d more", slice.More)))
	}
	return lines
}

// yesNo paints a condition: what is as it should be stays quiet.
func yesNo(t *theme, value, good bool) cell {
	text := "no"
	if value {
		text = "yes"
	}
	if value == good {
		return cell{text: text, style: t.dim}
	}
	return cell{text: text, style: t.warn}
}
