package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/probes/check"
)

// helpPage says what every key does on the page beneath, and why some do nothing now.
type helpPage struct {
	of     page
	offset int
	// most is the largest offset of the last drawing.
	most int
}

func newHelpPage(of page) *helpPage { return &helpPage{of: of} }

func (p *helpPage) opened(*shell, *life) tea.Cmd   { return nil }
func (p *helpPage) update(*shell, tea.Msg) tea.Cmd { return nil }
func (p *helpPage) capturesInput() bool            { return false }
func (p *helpPage) title() string                  { return "help" }

func (p *helpPage) bindings() []binding {
	return append([]binding{{
		keys: []string{"m"}, name: "messages", help: "shows everything that was said or went wrong",
		run: func(sh *shell) tea.Cmd { sh.replace(newMessagesPage()); return nil },
	}}, cursorKeys(&p.offset, func() int { return p.most + 1 })...)
}

func (p *helpPage) view(sh *shell, width, height int) string {
	if width <= 0 || height <= 0 {
		return ""
	}
	here := "Here"
	if title := p.of.title(); title != "" {
		here = "Here: " + title
	}
	own := p.of.bindings()
	var everywhere []binding
	for _, b := range globalsOn(p.of) {
		if len(b.keys) == 0 || find(own, b.keys[0]) == nil {
			everywhere = append(everywhere, b)
		}
	}
	var lines []string
	if width >= 110 {
		half := (width - 2) / 2
		first := helpLines(sh, here, own, half)
		second := append(helpLines(sh, "Everywhere", everywhere, width-half-2), append([]string{""}, legend(sh, width-half-2)...)...)
		for i := range max(len(first), len(second)) {
			a, b := "", ""
			if i < len(first) {
				a = first[i]
			}
			if i < len(second) {
				b = second[i]
			}
			lines = append(lines, left(a, half)+"  "+b)
		}
	} else {
		lines = append(helpLines(sh, here, own, width), "")
		lines = append(append(lines, helpLines(sh, "Everywhere", everywhere, width)...), "")
		lines = append(lines, legend(sh, width)...)
	}
	p.most = max(0, len(lines)-height)
	p.offset = min(p.offset, p.most)
	lines = lines[p.offset:]
	if len(lines) > height {
		lines = append(lines[:height-1:height-1], "   "+sh.theme.dim.on("↓ more"))
	}
	return strings.Join(fitLines(lines, width, height), "\n")
}

const helpKeyWidth = 14

func helpLines(sh *shell, heading string, bindings []binding, width int) []string {
	t := &sh.theme
	lines := []string{"   " + t.heading.on(strings.ToUpper(heading))}
	for i := range bindings {
		b := &bindings[i]
		if b.help == "" {
			continue
		}
		why := b.reason(sh)
		key, text := t.accent, b.help
		if why != "" {
			key, text = t.dim, t.dim.on(b.help)+t.warn.on("  "+why)
		}
		for j, line := range wrap(text, width-helpKeyWidth-4) {
			head := ""
			if j == 0 {
				head = key.on(cut(b.shown(), helpKeyWidth))
			}
			lines = append(lines, "   "+left(head, helpKeyWidth)+" "+line)
		}
	}
	return lines
}

// legend explains the signs, and says what svctui is connected to.
func legend(sh *shell, width int) []string {
	t := &sh.theme
	lines := []string{"   " + t.heading.on("SIGNS")}
	for _, sign := range []struct {
		mark check.Mark
		text string
	}{
		{check.MarkFail, "broken: proven from API state, or probed"},
		{check.MarkWarn, "probably broken"},
		{check.MarkUnknown, "cannot be told: it could not be read"},
		{check.MarkOK, "fine"},
		{check.MarkPending, "endpoints fine, not every check has run yet"},
		{check.MarkNone, "does not apply"},
	} {
		glyph, paint := t.mark(sign.mark)
		for i, line := range wrap(sign.text, width-helpKeyWidth-4) {
			head := ""
			if i == 0 {
				head = paint.on(glyph)
			}
			lines = append(lines, "   "+left(head, helpKeyWidth)+" "+line)
		}
	}
	about := []string{"svctui " + sh.version}
	if sh.info.Server != "" {
		about = append(about, clean(sh.info.Server))
	}
	if sh.info.ServerVersion != "" {
		about = append(about, "Kubernetes "+clean(sh.info.ServerVersion))
	}
	if sh.info.User != "" {
		about = append(about, "as "+clean(sh.info.User))
	}
	lines = append(lines, "")
	for _, line := range wrap(strings.Join(about, " · "), width-4) {
		lines = append(lines, "   "+t.dim.on(line))
	}
	return lines
}
