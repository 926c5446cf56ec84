package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/probes/isolation"
)

// consentPage shows the commands that the isolation test would run in Pods, whole, and asks. Only a y runs them.
type consentPage struct {
	commands []isolation.Command
	run      func(sh *shell) tea.Cmd
	// offset is how far the text is scrolled, most how far it can be.
	offset, most int
}

func newConsentPage(commands []isolation.Command, run func(sh *shell) tea.Cmd) *consentPage {
	return &consentPage{commands: commands, run: run}
}

func (p *consentPage) opened(*shell, *life) tea.Cmd   { return nil }
func (p *consentPage) update(*shell, tea.Msg) tea.Cmd { return nil }
func (p *consentPage) capturesInput() bool            { return false }
func (p *consentPage) title() string                  { return "run a command in a Pod?" }

func (p *consentPage) box(sh *shell, width, height int) (int, int) {
	width = dialogWidth(112, width)
	return width, min(len(p.text(sh, min(width, width-4)))+2, height-4)
}

func (p *consentPage) bindings() []binding {
	return append([]binding{
		{keys: []string{"y"}, name: "run it", help: "runs the command, once", run: func(sh *shell) tea.Cmd {
			sh.back()
			return p.run(sh)
		}},
		{keys: []string{"n", "esc", "q"}, name: "run nothing", help: "runs nothing", run: func(sh *shell) tea.Cmd { sh.back(); return nil }},
		{keys: []string{"c"}, name: "copy", help: "copies the command", run: func(sh *shell) tea.Cmd {
			var lines []string
			for _, command := range p.commands {
				lines = append(lines, command.Line(sh.info.KubectlArgs))
			}
			return sh.copy("the command", strings.Join(lines, "\n"))
		}},
	}, cursorKeys(&p.offset, func() int { return p.most + 1 })...)
}

// text says what would be run, where, and what for.
func (p *consentPage) text(sh *shell, width int) []string {
	t := &sh.theme
	var lines []string
	for i, command := range p.commands {
		if i > 0 {
			lines = append(lines, "")
		}
		container := ""
		if command.Container != "" {
			container = ", container " + clean(command.Container)
		}
		for _, line := range wrap("Pod "+clean(command.Namespace)+"/"+clean(command.Pod)+container+", context "+clean(sh.info.Context), width) {
			lines = append(lines, t.strong.on(line))
		}
		for _, line := range wrap("It "+clean(command.Purpose)+". It changes nothing.", width) {
			lines = append(lines, t.text.on(line))
		}
		lines = append(lines, "")
		for line := range strings.SplitSeq(command.Line(sh.info.KubectlArgs), "\n") {
			for _, part := range wrap(clean(line), width-2) {
				lines = append(lines, "  "+t.text.on(part))
			}
		}
	}
	return append(lines, "")
}

func (p *consentPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	lines := p.text(sh, width)
	room := max(height-1, 1)
	p.most = max(0, len(lines)-room)
	p.offset = max(0, min(p.offset, p.most))
	shown := lines[p.offset:]
	ask := t.accent.on("y") + t.strong.on(" run it once   ") + t.accent.on("n Esc") + t.dim.on(" run nothing   ") + t.accent.on("c") + t.dim.on(" copy")
	if len(shown) > room {
		shown = shown[:room]
		ask += "   " + t.accent.on("↓") + t.dim.on(" more")
	}
	for len(shown) < room {
		shown = append(shown, "")
	}
	return strings.Join(append(shown[:len(shown):len(shown)], cut(ask, width)), "\n")
}
