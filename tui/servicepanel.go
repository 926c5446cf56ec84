package tui

import (
	"fmt"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// drawPanel is what the list says of the selected Service: its route, the leading cause, the fix. It is always
// as high as it is told, so that moving the cursor moves nothing else.
func drawPanel(sh *shell, row *serviceRow, width, height int) []string {
	t := &sh.theme
	lines := make([]string, 0, height)
	if row == nil {
		return fitLines(nil, width, height)
	}
	const indent = 5
	lines = append(lines, strings.Repeat(" ", indent)+drawRoute(t, row.report.Route, width-indent-1))
	lead := leadLines(sh, row, width-indent-1, height-2)
	for i, line := range lead {
		prefix := strings.Repeat(" ", indent)
		if i == 0 {
			mark := markOfLead(row.report)
			glyph, _ := t.mark(mark)
			prefix = " " + t.badge(mark).on(" "+glyph+" ") + " "
		}
		lines = append(lines, prefix+line)
	}
	lines = append(lines, strings.Repeat(" ", indent)+lastPanelLine(sh, row.report, width-indent-1))
	if lead := row.report.Leading(); lead != nil && lead.Fix != nil && lead.Fix.Command != "" && lead.Fix.Note != "" {
		// Seen where a line is left.
		lines = append(lines, strings.Repeat(" ", indent+5)+t.dim.on(cut(clean(lead.Fix.Note), width-indent-6)))
	}
	return fitLines(lines, width, height)
}

// leadLines says the leading cause on at most so many lines.
func leadLines(sh *shell, row *serviceRow, width, height int) []string {
	t, report := &sh.theme, row.report
	lead := report.Leading()
	switch {
	case lead != nil:
		return causeLines(t, lead, width, height)
	case report.Verdict == check.Unknown && len(report.Unchecked) > 0:
		u := &report.Unchecked[0]
		lines := []string{t.strong.on(cut(uncheckedText(u), width))}
		if reason := clean(u.Coverage.Reason); reason != "" && height > 1 {
			for _, line := range clip(wrap(reason, width), height-1, width) {
				lines = append(lines, t.dim.on(line))
			}
		}
		return lines
	case report.Verdict == check.Partial && !report.Settling:
		return []string{t.text.on("The endpoints are fine; not every check has run yet.")}
	case report.Counted && report.Verdict == check.OK && sh.state != nil:
		return []string{t.text.on(cut(healthText(sh, sh.state.Snapshot, row.service, report), width))}
	case report.Counted:
		return []string{t.text.on(countOf(report.Usable, report.Selected) + " usable; nothing was found that keeps requests away.")}
	default:
		return []string{t.text.on("Nothing found that keeps requests away.")}
	}
}

// causeLines writes the title whole if it can, the finding's ID behind it, and the reason where there is room.
func causeLines(t *theme, f *check.Finding, width, height int) []string {
	id := "  " + f.ID
	lines := wrap(clean(f.Title), width)
	if len(lines) > height {
		lines = lines[:height]
		lines[height-1] = cut(lines[height-1]+" "+glyphMore, width-cells(id))
	}
	last := len(lines) - 1
	if cells(lines[last])+cells(id) > width {
		if len(lines) < height {
			lines = append(lines, "")
			last++
			id = f.ID
		} else {
			lines[last] = cut(lines[last], width-cells(id))
		}
	}
	out := make([]string, 0, height)
	for i, line := range lines {
		line = t.strong.on(line)
		if i == last {
			line += t.dim.on(id)
		}
		out = append(out, line)
	}
	if room := height - len(out); room > 0 && f.Why != "" {
		for _, line := range clip(wrap(clean(f.Why), width), room, width) {
			out = append(out, t.text.on(line))
		}
	}
	return out
}

// clip keeps the first lines and marks that there are more.
func clip(lines []string, height, width int) []string {
	if len(lines) <= height {
		return lines
	}
	lines = lines[:height]
	lines[height-1] = cut(lines[height-1]+" "+glyphMore, width)
	return lines
}

func countOf(usable, selected int) string {
	if usable == 1 && selected == 1 {
		return "The one endpoint is"
	}
	if usable == 2 && selected == 2 {
		return "Both endpoints are"
	}
	if usable == selected {
		return "All " + count(selected, "endpoint is", "endpoints are")
	}
	return fmt.Sprintf("%d of %s", usable, count(selected, "endpoint is", "endpoints are"))
}

// lastPanelLine is the fix; where there is nothing to fix, how the Service can be reached.
func lastPanelLine(sh *shell, report *check.Report, width int) string {
	t := &sh.theme
	if lead := report.Leading(); lead != nil && lead.Fix != nil {
		label := labelOf(lead.Fix).drawn(t)
		if lead.Fix.Command == "" {
			return label + t.text.on(cut(clean(lead.Fix.Note), width-5))
		}
		hint := ""
		if b := find(serviceActions(nil), "c"); b != nil {
			hint = "   " + t.accent.on("c") + t.dim.on(" copy")
		}
		command := oneLine(lead.Fix.Command)
		return label + t.text.on(cut(command, width-5-cells(hint))) + hint
	}
	return t.dim.on(cut(reachedText(report), width))
}

// fixLabel is the word in front of what to do.
type fixLabel string

// labelOf does not call a fix what mends nothing.
func labelOf(fix *check.Fix) fixLabel {
	if fix.Look {
		return "look"
	}
	return "fix"
}

// drawn is as wide for either word.
func (l fixLabel) drawn(t *theme) string {
	word := t.ok
	if l == "look" {
		word = t.accent
	}
	return left(word.bold().on(string(l)), 5)
}

// oneLine writes a command that goes over several lines on one.
func oneLine(command string) string {
	return clean(strings.Join(strings.Fields(strings.ReplaceAll(command, "\\\n", " ")), " "))
}

// uncheckedText says what could not be looked at, and what that leaves unknown.
func uncheckedText(u *check.Unchecked) string {
	text := unreadText(u)
	if u.What != "" && !u.Coverage.Pending() {
		text += " Unknown: " + clean(u.What) + "."
	}
	return text
}

func unreadText(u *check.Unchecked) string {
	verb, what, _ := strings.Cut(u.Need, " ")
	if what == "" {
		verb, what = "read", u.Need
	}
	if u.Namespace != "" {
		what += " in " + u.Namespace
	}
	switch u.Coverage.State {
	case model.Forbidden:
		return clean("You may not " + verb + " " + what + ".")
	case model.Absent:
		return clean("This API server does not serve " + what + ".")
	case model.NotAsked, model.Syncing:
		return clean("reading " + what + " …")
	case model.Stale:
		return clean("Nothing was heard of " + what + " since " + u.Coverage.Since.Local().Format("15:04") + ".")
	default:
		return clean("Could not " + verb + " " + what + ".")
	}
}

// reachedText says from where the Service can be reached; empty where that is not known.
func reachedText(report *check.Report) string {
	if report.Reach == "" {
		return ""
	}
	return "Reached " + clean(report.Reach)
}
