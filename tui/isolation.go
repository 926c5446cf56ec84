package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

// isolationPage runs the isolation test and shows its rungs as they come.
type isolationPage struct {
	request isolation.Request

	life    *life
	run     turn
	session Session
	result  isolation.Result
	running bool
	// began is true once a test was started.
	began bool
	// offset is how far the page is scrolled, most how far it can be.
	offset, most int
}

type (
	isolationProgress struct{ result isolation.Result }
	isolationOver     struct{}
)

func newIsolationPage(service model.Key) *isolationPage {
	return &isolationPage{request: isolation.Request{Service: service}}
}

func (p *isolationPage) title() string       { return "isolation test" }
func (p *isolationPage) capturesInput() bool { return false }
func (p *isolationPage) crumbs(*shell) []string {
	return []string{namespaceName(p.request.Service.Namespace), clean(p.request.Service.Name), p.title()}
}

func (p *isolationPage) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	return p.start(sh)
}

// start runs the test anew with the request as it is; the run before is cancelled.
func (p *isolationPage) start(sh *shell) tea.Cmd {
	if sh.session == nil {
		return nil
	}
	p.session = sh.session
	p.session.Focus(&p.request.Service)
	p.running, p.began = true, true
	p.result = isolation.Result{Request: p.request}
	session, request := sh.session, p.request
	request.ReadOnly = sh.info.ReadOnly
	return p.run.stream(p.life, func(ctx context.Context, send func(tea.Msg)) {
		session.Test(ctx, request, func(result isolation.Result) { send(isolationProgress{result}) })
		send(isolationOver{})
	})
}

func (p *isolationPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case isolationProgress:
		p.result = msg.result
		p.running = msg.result.Conclusion == nil
	case isolationOver:
		p.running = false
	case stateChanged, revealed:
		if !p.began {
			return p.start(sh)
		}
	}
	return nil
}

func (p *isolationPage) closed(sh *shell) { unfocus(sh, p.session) }

func (p *isolationPage) bindings() []binding {
	running := func(sh *shell) string { return sh.notConnected() }
	return append([]binding{
		{keys: []string{"r"}, name: "run again", help: "runs the test again", disabled: running, run: p.start},
		{
			keys: []string{"tab"}, label: "Tab", name: "next port", help: "tests the Service's next port",
			disabled: func(sh *shell) string {
				if len(p.ports(sh)) < 2 {
					return "the Service has no other port to test"
				}
				return running(sh)
			},
			run: p.nextPort,
		},
		{keys: []string{"p"}, name: "other Pod", help: "chooses the Pod, and runs the test again", disabled: running, run: func(sh *shell) tea.Cmd {
			sh.open(p.podChooser(sh))
			return nil
		}},
		{keys: []string{"o"}, name: "port, path, scheme, host", help: "changes port, path, scheme and host, and runs the test again", disabled: running, run: func(sh *shell) tea.Cmd {
			sh.open(newIsolationOptions(p, p.ports(sh)))
			return nil
		}},
		{keys: []string{"c"}, name: "copy", help: "copies the result as text", disabled: func(*shell) string {
			if p.result.Conclusion == nil {
				return "there is no result yet"
			}
			return ""
		}, run: func(sh *shell) tea.Cmd { return sh.copy("the result", isolationText(p.result)) }},
	}, cursorKeys(&p.offset, func() int { return p.most + 1 })...)
}

// ports are the Service's ports that can be tested, as numbers.
func (p *isolationPage) ports(sh *shell) []string {
	if sh == nil || sh.state == nil {
		return nil
	}
	service := sh.state.Snapshot.Service(p.request.Service)
	if service == nil {
		return nil
	}
	var ports []string
	for _, port := range service.Spec.Ports {
		if notTCP(port.Protocol) == "" {
			ports = append(ports, fmt.Sprint(port.Port))
		}
	}
	return ports
}

// portNow is the number of the port that is tested.
func (p *isolationPage) portNow(sh *shell) string {
	now := cmp.Or(p.result.Request.Port, p.request.Port)
	if sh.state != nil {
		if service := sh.state.Snapshot.Service(p.request.Service); service != nil {
			for _, port := range service.Spec.Ports {
				if now == "" || port.Name == now || fmt.Sprint(port.Port) == now {
					return fmt.Sprint(port.Port)
				}
			}
		}
	}
	return now
}

func (p *isolationPage) nextPort(sh *shell) tea.Cmd {
	ports := p.ports(sh)
	at := slices.Index(ports, p.portNow(sh))
	p.request.Port = ports[(at+1)%len(ports)]
	return p.start(sh)
}

func (p *isolationPage) podChooser(sh *shell) page {
	choose := newPickPage("Pod to test", func(sh *shell, value string) tea.Cmd {
		p.request.Pod = value
		if value == anyPodItem {
			p.request.Pod = ""
		}
		return p.start(sh)
	})
	items := []pickItem{{value: anyPodItem, label: "the Pod that a port-forward to the Service takes", current: p.request.Pod == ""}}
	if sh.state != nil {
		for _, pod := range podsBehind(sh.state.Snapshot, p.request.Service) {
			state := "Ready"
			switch podRank(pod) {
			case 1:
				state = "running, not Ready"
			case 2:
				state = clean(string(pod.Status.Phase))
			}
			items = append(items, pickItem{
				value: pod.Name, label: clean(pod.Name), detail: strings.TrimSpace(clean(pod.Status.PodIP) + "  " + state),
				current: pod.Name == p.request.Pod,
			})
		}
	}
	choose.picker.setItems(items)
	return choose
}

// anyPodItem stands for no choice of a Pod; no Pod can have this name.
const anyPodItem = "*"

func (p *isolationPage) status(sh *shell) string {
	if p.running {
		return sh.theme.warn.on("testing …")
	}
	return ""
}

func (p *isolationPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if width <= 0 || height <= 0 {
		return ""
	}
	if !p.began {
		return "\n   " + t.dim.on("Cannot test: "+firstReason(sh.notConnected(), "not started")+".")
	}
	lines := p.route(sh, width)
	if height > 14 {
		lines = append(lines, "")
	}
	lines = append(lines, rungTable(t, p.result, width)...)
	lines = append(lines, "")
	lines = append(lines, conclusionLines(t, p.result, p.running, width)...)
	return p.scrolled(t, lines, width, height)
}

// scrolled draws what fits, and says when there is more.
func (p *isolationPage) scrolled(t *theme, lines []string, width, height int) string {
	p.most = max(0, len(lines)-height)
	p.offset = max(0, min(p.offset, p.most))
	lines = lines[p.offset:]
	if len(lines) > height {
		lines = append(lines[:height-1:height-1], "   "+t.dim.on("↓ more"))
	}
	return strings.Join(fitLines(lines, width, height), "\n")
}

// route is the line that says what is tested: port, Pod, request, protocol.
func (p *isolationPage) route(sh *shell, width int) []string {
	t := &sh.theme
	request := p.result.Request
	from := clean(request.Service.Name) + ":" + clean(cmp.Or(p.portNow(sh), "…"))
	line := "   " + t.strong.on(from)
	if request.Pod != "" {
		to := clean(request.Pod)
		if p.result.PodPort > 0 {
			to += fmt.Sprintf(":%d", p.result.PodPort)
		}
		line += "  " + t.rule.on(glyphArrow) + "  " + t.strong.on(shorten(to, max(20, width-cells(line)-10)))
	}
	var how []string
	if request.Path != "" && strings.HasPrefix(p.result.Protocol, "http") {
		how = append(how, t.dim.on("GET ")+clean(request.Path))
	}
	if request.Host != "" {
		how = append(how, t.dim.on("Host ")+clean(request.Host))
	}
	if p.result.Protocol != "" {
		how = append(how, t.dim.on(clean(p.result.Protocol)))
	}
	lines := []string{line}
	if rest := strings.Join(how, "   "); rest != "" {
		if cells(line)+cells(rest)+6 <= width {
			lines[0] += "      " + rest
		} else {
			lines = append(lines, "   "+cut(rest, width-4))
		}
	}
	if ports := p.ports(sh); len(ports) > 1 {
		for i, port := range ports {
			if port == p.portNow(sh) {
				ports[i] = t.strong.on("[" + port + "]")
			} else {
				ports[i] = t.dim.on(port)
			}
		}
		lines = append(lines, "   "+cut(t.dim.on("ports ")+strings.Join(ports, " ")+t.dim.on("   Tab tests the next"), width-4))
	}
	return lines
}

// rungTable draws a row for each rung of the result, and under it what did not fit.
func rungTable(t *theme, result isolation.Result, width int) []string {
	const mark, name, took, gap = 5, 15, 7, 2
	answer := 12
	for _, seen := range result.Rungs {
		if wide := cells(rungResult(seen)); wide <= width/4 {
			answer = max(answer, wide)
		} else {
			answer = max(answer, cells(rungWord(seen)))
		}
	}
	crosses := width - mark - name - answer - took - 3*gap - 1
	if crosses < 16 {
		crosses = 0
	} else {
		widest := 8
		for _, seen := range result.Rungs {
			widest = max(widest, cells(clean(seen.Crosses)))
		}
		crosses = min(crosses, max(widest, min(50, crosses)))
	}
	row := func(sign, rung, through, what, time string) string {
		line := left("   "+sign, mark) + left(rung, name) + "  "
		if crosses > 0 {
			line += left(cut(through, crosses), crosses) + "  "
		}
		return line + left(what, answer) + "  " + right(time, took)
	}
	lines := []string{row("", t.heading.on("RUNG"), t.heading.on("CROSSES"), t.heading.on("RESULT"), t.heading.on("TIME"))}
	for _, seen := range result.Rungs {
		glyph, paint := t.mark(rungMark(seen))
		what, through := rungResult(seen), clean(seen.Crosses)
		short := what
		if cells(what) > answer {
			short = rungWord(seen)
		}
		rung, way := t.strong, t.text
		if seen.Running || seen.Outcome == isolation.NotRun || seen.Outcome == "" {
			way = t.dim
		}
		lines = append(lines, row(paint.on(glyph), rung.on(rungName(seen.Rung)), way.on(cut(through, max(1, crosses))), paint.on(cut(short, answer)), t.dim.on(rungTook(seen))))
		if short != what {
			// The words of whoever answered are never cut.
			for _, line := range wrap(what, width-mark-3) {
				lines = append(lines, strings.Repeat(" ", mark)+t.dim.on(line))
			}
		}
	}
	return lines
}

// conclusionLines says what the rungs together mean.
func conclusionLines(t *theme, result isolation.Result, running bool, width int) []string {
	conclusion := result.Conclusion
	if conclusion == nil {
		if running {
			return []string{"   " + t.dim.on("The conclusion comes when every rung has answered.")}
		}
		return []string{"   " + t.unknown.on("?") + t.dim.on(" The test ended without a conclusion. r runs it again.")}
	}
	glyph, _ := t.mark(conclusion.Mark)
	var lines []string
	for i, line := range wrap(clean(conclusion.Text), width-8) {
		head := "      "
		if i == 0 {
			head = " " + t.badge(conclusion.Mark).on(" "+glyph+" ") + "  "
		}
		lines = append(lines, head+t.strong.on(line))
	}
	paragraph := func(head string, paint style, text string) {
		if text == "" {
			return
		}
		indent := cells(head)
		for i, line := range wrap(text, width-8-indent) {
			if i > 0 {
				head = strings.Repeat(" ", indent)
			}
			lines = append(lines, "      "+head+paint.on(line))
		}
	}
	paragraph("", t.text, clean(conclusion.Why))
	if conclusion.ID != "" {
		paragraph("", t.dim, clean(conclusion.ID)+" · "+conclusion.Confidence.String())
	}
	if conclusion.Next != "" {
		lines = append(lines, "")
		paragraph(t.ok.bold().on("next")+" ", t.text, clean(conclusion.Next))
	}
	if usual := usualTest(result); usual != "" {
		lines = append(lines, "")
		paragraph("", t.dim, usual)
	}
	return lines
}

// isolationText writes a result to be pasted into a ticket.
func isolationText(result isolation.Result) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Isolation test of %s/%s:%s, Pod %s:%d, %s\n", clean(result.Request.Service.Namespace), clean(result.Request.Service.Name),
		clean(result.Request.Port), clean(result.Request.Pod), result.PodPort, clean(result.Protocol))
	for _, seen := range result.Rungs {
		fmt.Fprintf(&out, "  %-14s %-50s %s %s\n", rungName(seen.Rung), clean(seen.Crosses), rungResult(seen), rungTook(seen))
	}
	if c := result.Conclusion; c != nil {
		for _, line := range []string{c.Text, c.Why, c.ID, c.Next} {
			if line != "" {
				out.WriteString(clean(line) + "\n")
			}
		}
	}
	return out.String()
}

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
