package tui

import (
	"cmp"
	"slices"
	"strings"
	"time"

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
		choiceField("node ports", choiceOf(of.request.NodePorts), yesOrNo(), "from here, dials the port on some nodes too"),
		choiceField("Pod IP", choiceOf(of.request.PodIP), yesOrNo(), "from here, dials the Pod's own IP too"),
		choiceField("wait", waitText(of.request.Patience), waits(), "for an answer; auto is 5s, or what the probes allow"),
	)}
}

func (p *isolationOptions) opened(*shell, *life) tea.Cmd { return nil }
func (p *isolationOptions) capturesInput() bool          { return true }
func (p *isolationOptions) title() string                { return "what to ask" }
func (p *isolationOptions) box(_ *shell, width, _ int) (int, int) {
	return dialogWidth(80, width), 10
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
		p.of.request.NodePorts, p.of.request.PodIP = p.form.value(4) == yes, p.form.value(5) == yes
		p.of.request.Patience, _ = time.ParseDuration(p.form.value(6)) // auto is none
		return p.of.start(sh)
	}
	return nil
}

// yes and no are the choices of what is off or on.
const (
	yes = "yes"
	no  = "no"
)

func yesOrNo() []string { return []string{no, yes} }

func choiceOf(on bool) string {
	if on {
		return yes
	}
	return no
}

// waits are the choices of how long an answer may take.
func waits() []string { return []string{"auto", "2s", "10s", "30s"} }

func waitText(patience time.Duration) string {
	if patience <= 0 {
		return "auto"
	}
	return patience.String()
}

func (p *isolationOptions) view(sh *shell, width, height int) string {
	lines := append([]string{""}, p.form.view(&sh.theme, width)...)
	return strings.Join(fitLines(append(lines, "", sh.theme.fail.on(p.failure)), width, height), "\n")
}
