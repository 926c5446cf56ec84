package tui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/probes/report"
)

// clean makes a string from the cluster, the kubeconfig or a plugin fit to print. Everything that is not
// this program's own text goes through it before it is measured or painted.
func clean(s string) string { return report.Clean(s) }

// cells is the width of a string on the screen; escape sequences have none.
func cells(s string) int { return ansi.StringWidth(s) }

// shorten keeps both ends of a name that is too wide: what tells two Pods apart stands at the end.
func shorten(s string, width int) string {
	have := cells(s)
	if have <= width {
		return s
	}
	if width <= 1 {
		return ansi.Truncate(s, max(width, 0), "")
	}
	head := (width - 1) / 2
	tail := width - 1 - head
	out := ansi.Truncate(s, head, "") + glyphMore + ansi.TruncateLeft(s, have-tail, "")
	// A wide character at a cut can leave the tail one cell too wide.
	if cells(out) > width {
		out = ansi.Truncate(out, width, "")
	}
	return out
}

// cut ends text that is too wide with a sign that there is more.
func cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if len(s) <= width {
		return s
	}
	return ansi.Truncate(s, width, glyphMore)
}

// left and right fit plain or painted text into a column.
func left(s string, width int) string {
	if gap := width - cells(s); gap > 0 {
		return s + strings.Repeat(" ", gap)
	}
	return s
}

func right(s string, width int) string {
	if gap := width - cells(s); gap > 0 {
		return strings.Repeat(" ", gap) + s
	}
	return s
}

// wrap breaks text at spaces and nowhere else: a name with a dash in it stays in one piece. A word that
// is wider than the line is broken anywhere. Nothing is lost but spaces at the breaks.
func wrap(s string, width int) []string {
	if width < 1 {
		return nil
	}
	if strings.Contains(s, "\x1b") {
		// Painted text has to carry its paint over each break.
		return strings.Split(lipgloss.Wrap(s, width, ""), "\n")
	}
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line, used := "", 0
		for _, word := range strings.Split(paragraph, " ") {
			w := cells(word)
			if used > 0 && used+1+w > width {
				lines = append(lines, line)
				line, used = "", 0
			} else if used > 0 {
				line += " "
				used++
			}
			for w > width {
				head := cutBare(word, width)
				lines = append(lines, head)
				word = word[len(head):]
				w = cells(word)
			}
			line += word
			used += w
		}
		lines = append(lines, line)
	}
	return lines
}

// spread puts two texts at the two ends of a line; the left one gives way.
func spread(start, end string, width int) string {
	room := width - cells(end)
	if room < 0 {
		return ansi.Truncate(end, width, "")
	}
	if cells(start) > room-1 {
		start = ansi.Truncate(start, max(room-1, 0), glyphMore)
	}
	return left(start, room) + end
}

// age is how long ago something was, as coarse as `kubectl get` has it but never finer than a minute, so that
// rows do not flicker.
func age(since, now time.Time) string {
	if since.IsZero() {
		return glyphNone
	}
	d := now.Sub(since)
	switch {
	case d < time.Minute:
		return "<1m"
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d/time.Hour))
	default:
		return fmt.Sprintf("%dd", int(d/(24*time.Hour)))
	}
}

// nextAge is when age will read differently.
func nextAge(since, now time.Time) time.Time {
	if since.IsZero() {
		return time.Time{}
	}
	unit := 24 * time.Hour
	switch d := now.Sub(since); {
	case d < 0:
		return since.Add(time.Minute)
	case d < time.Hour:
		unit = time.Minute
	case d < 48*time.Hour:
		unit = time.Hour
	}
	return since.Add((now.Sub(since)/unit + 1) * unit)
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// fitLines clips lines to a box and fills it up, so that a page is exactly as large as it is told.
func fitLines(lines []string, width, height int) []string {
	out := make([]string, height)
	for i := range out {
		if i < len(lines) {
			out[i] = lines[i]
			if len(out[i]) > width && cells(out[i]) > width {
				out[i] = ansi.Truncate(out[i], width, glyphMore)
			}
		}
	}
	return out
}

// cutBare is cut without a sign that there is more: at least one character, so that a loop comes to its end.
func cutBare(s string, width int) string {
	out := ansi.Truncate(s, width, "")
	if out == "" && s != "" {
		for i := range s {
			if i > 0 {
				return s[:i]
			}
		}
		return s
	}
	return out
}
