package tui

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// isolationOptions changes what the test asks.
type isolationOptions struct {
	form *form
	of   *isolationPage
	// failure says what is wrong with what was typed.
	failure string
}

func newIsolationOptions(of *isolationPage, ports []string) *isolationOptions {
	now := of.result.Request
	port := textField("port", cmp.Or(of.request.Port, now.Port), "of the Service, a name or a number")
	if len(ports) > 1 {
		current := ports[0]
		if slices.Contains(ports, cmp.Or(of.request.Port, now.Port)) {
			current = cmp.Or(of.request.Port, now.Port)
		}
		port = choiceField("port", current, ports, "← → chooses")
	}
	return &isolationOptions{of: of, form: newForm(
		port,
		textField("path", cmp.Or(of.request.Path, now.Path), "begins with /"),
		choiceField("scheme", cmp.Or(of.request.Scheme, "auto"), []string{"auto", "http", "https", "grpc", "tcp"}, "auto goes by evidence"),
		textField("host", of.request.Host, "the Host header"),
	)}
}

func (p *isolationOptions) opened(*shell, *life) tea.Cmd { return nil }
func (p *isolationOptions) capturesInput() bool          { return true }
func (p *isolationOptions) title() string                { return "what to ask" }
func (p *isolationOptions) box(_ *shell, width, _ int) (int, int) {
	return dialogWidth(76, width), 7
}

func (p *isolationOptions) bindings() []binding {
	return []binding{
		{keys: []string{"enter"}, name: "run", help: "runs the test"},
		{keys: []string{"tab", "down", "up"}, label: "Tab ↑ ↓", name: "field", help: "goes to another field"},
		{keys: []string{"esc"}, name: "back", help: "goes back"},
	}
}

func (p *isolationOptions) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case tea.KeyPressMsg, tea.PasteMsg:
	default:
		return nil
	}
	done, left := p.form.update(msg)
	switch {
	case left:
		sh.back()
	case done:
		path := p.form.value(1)
		if path != "" && !strings.HasPrefix(path, "/") {
			p.failure = "the path begins with /"
			return nil
		}
		sh.back()
		if path == p.of.result.Request.Path && p.of.request.Path == "" {
			path = "" // left as it was chosen by evidence, which another port may have other of
		}
		p.of.request.Port, p.of.request.Path = p.form.value(0), path
		p.of.request.Scheme, p.of.request.Host = p.form.value(2), p.form.value(3)
		return p.of.start(sh)
	}
	return nil
}

func (p *isolationOptions) view(sh *shell, width, height int) string {
	lines := append([]string{""}, p.form.view(&sh.theme, width)...)
	return strings.Join(fitLines(append(lines, "", sh.theme.fail.on(p.failure)), width, height), "\n")
}
