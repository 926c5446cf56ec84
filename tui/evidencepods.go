package tui

import (
	"fmt"
	"slices"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// drawPods draws step 4: the Pods behind the Service, and what keeps them from being Ready.
func drawPods(t *theme, e *check.PodEvidence, now time.Time, width int) []string {
	lines := notKnown(t, "Pods", e.Known, e.Coverage, width)
	if !e.Known {
		return lines
	}
	if e.Selected == 0 && e.Ended == 0 {
		return append(lines, t.dim.on("The Service selects no Pod."))
	}
	summary := fmt.Sprintf("%d of %s Ready", e.Ready, count(e.Selected, "selected Pod is", "selected Pods are"))
	if e.Ended > 0 {
		summary += fmt.Sprintf("; %s ended and count for nothing", count(e.Ended, "Pod has", "Pods have"))
	}
	lines = append(lines, t.strong.on(summary), "")
	lines = append(lines, drawPodGrid(t, e, now, width)...)
	if e.More > 0 {
		lines = append(lines, t.dim.on(fmt.Sprintf("and %d more", e.More)))
	}
	var probes []check.ProbeRow
	for _, group := range alikePods(e.Rows) {
		// Pods of one template have the same probes: they are told once.
		told := slices.Equal(group[0].Probes, probes)
		if detail := drawPodTrouble(t, group, told, now, width); len(detail) > 0 {
			lines = append(append(lines, ""), detail...)
			probes = group[0].Probes
		}
	}
	return lines
}

func drawPodGrid(t *theme, e *check.PodEvidence, now time.Time, width int) []string {
	g := grid{
		heading: []string{"", "POD", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"},
		right:   map[int]bool{2: true, 5: true}, ends: map[int]bool{1: true, 7: true},
	}
	for i := range e.Rows {
		r := &e.Rows[i]
		mark, status := cell{text: glyphOK, style: t.ok}, t.dim
		switch {
		case r.Terminating:
			mark, status = cell{text: glyphPending, style: t.dim}, t.text
		case !r.IsReady:
			mark, status = cell{text: glyphFail, style: t.fail}, t.fail
		}
		restarts := cell{text: number(r.Restarts), style: t.dim}
		if r.Restarts > 0 {
			restarts.style = t.warn
			if !r.LastRestart.IsZero() {
				restarts.text += " (" + age(r.LastRestart, now) + " ago)"
			}
		}
		g.rows = append(g.rows, []cell{
			mark,
			{text: clean(r.Name), style: t.text},
			{text: fmt.Sprintf("%d/%d", r.Ready, r.Containers), style: t.text},
			{text: clean(r.Status), style: status},
			restarts,
			{text: age(r.Created, now), style: t.dim},
			{text: orNone(r.IP), style: t.dim},
			{text: orNone(r.Node), style: t.dim},
		})
	}
	return g.draw(t, width)
}

// alikePods puts Pods with the same trouble together, in the order of the first of each.
func alikePods(rows []check.PodRow) [][]*check.PodRow {
	var groups [][]*check.PodRow
	for i := range rows {
		row := &rows[i]
		at := slices.IndexFunc(groups, func(group []*check.PodRow) bool {
			first := group[0]
			return first.ID == row.ID && first.Trouble == row.Trouble && first.IsReady == row.IsReady &&
				first.LastFailure == row.LastFailure && first.LastExit == row.LastExit &&
				slices.Equal(first.Probes, row.Probes) && slices.Equal(first.Gates, row.Gates)
		})
		if at < 0 {
			groups = append(groups, []*check.PodRow{row})
		} else {
			groups[at] = append(groups[at], row)
		}
	}
	return groups
}

// drawPodTrouble says why Pods are not Ready: the probe's definition beside its last failure. Times are the first
// Pod's.
func drawPodTrouble(t *theme, group []*check.PodRow, probesTold bool, now time.Time, width int) []string {
	r := group[0]
	if r.Trouble == "" && r.LastFailure == "" && (r.IsReady || r.LastExit == "") {
		return nil
	}
	p := &pairs{t: t, width: width - 2, label: 9}
	trouble := clean(r.Trouble)
	if r.ID != "" && trouble != "" {
		trouble += "  " + r.ID
	}
	p.add("WHY", t.text, trouble)
	if !r.IsReady && !r.Since.IsZero() {
		p.add("SINCE", t.dim, age(r.Since, now)+" not Ready")
	}
	if r.LastFailure != "" {
		text := clean(r.LastFailure)
		if r.Failures > 1 {
			text += fmt.Sprintf("  (%d times, last %s ago)", r.Failures, age(r.LastFailed, now))
		}
		p.add("FAILURE", t.warn, text)
	}
	for _, probe := range r.Probes {
		if probesTold {
			break
		}
		p.add("PROBE", t.dim, clean(probe.Kind)+" of "+clean(probe.Container)+": "+clean(probe.Text))
	}
	p.add("LAST EXIT", t.text, clean(r.LastExit))
	for _, gate := range r.Gates {
		status := gate.Status
		if status == "" {
			status = "not set by its controller"
		}
		if gate.Reason != "" {
			status += " (" + gate.Reason + ")"
		}
		p.add("GATE", t.text, clean(gate.Condition)+": "+clean(status))
	}
	others := ""
	if more := len(group) - 1; more > 0 {
		others = fmt.Sprintf("  and %s like it", count(more, "other", "others"))
	}
	name := shorten(clean(r.Name), max(width-cells(others), 8))
	lines := []string{t.strong.on(name) + t.dim.on(others)}
	for _, line := range p.lines {
		lines = append(lines, "  "+line)
	}
	return lines
}
