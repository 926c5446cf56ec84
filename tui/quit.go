package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// quitPage asks before forwards are ended.
type quitPage struct{}

func (*quitPage) opened(*shell, *life) tea.Cmd               { return nil }
func (*quitPage) update(*shell, tea.Msg) tea.Cmd             { return nil }
func (*quitPage) capturesInput() bool                        { return false }
func (*quitPage) title() string                              { return "" }
func (*quitPage) box(_ *shell, _, _ int) (width, height int) { return 52, 4 }

func (*quitPage) bindings() []binding {
	return []binding{
		{keys: []string{"enter", "y", "q"}, name: "quit", help: "ends the forwards and quits", run: func(*shell) tea.Cmd { return tea.Quit }},
		{keys: []string{"esc", "n"}, name: "stay", help: "goes back", run: func(sh *shell) tea.Cmd { sh.back(); return nil }},
	}
}

func (*quitPage) view(sh *shell, width, _ int) string {
	t := &sh.theme
	n := openForwards(sh.held)
	verb := " end"
	if n == 1 {
		verb = " ends"
	}
	return strings.Join([]string{
		t.strong.on("Quit? ") + t.text.on(count(n, "forward", "forwards")+verb+" with svctui."),
		"",
		t.accent.on("y ↵ q Ctrl-C") + t.dim.on(" quit   ") + t.accent.on("n Esc") + t.dim.on(" stay"),
		"",
	}, "\n")
}

// digit returns the number of a key 1 to 9, or zero.
func digit(key string) int {
	if n, err := strconv.Atoi(key); err == nil && len(key) == 1 {
		return n
	}
	return 0
}
