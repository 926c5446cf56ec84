package tui

import (
	"fmt"
	"net"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/report"
)

// copyItem is one text that can be copied. Both are clean.
type copyItem struct {
	what, text string
	// command says that the text is for a shell.
	command bool
}

// lines breaks the text for the screen, a command so that it can be selected and pasted. The last column stays
// empty, or some terminals would take a full line and the next one for a single one.
func (i copyItem) lines(width int) []string {
	if !i.command {
		return strings.Split(ansi.Hardwrap(i.text, width, true), "\n")
	}
	var lines []string
	for _, line := range layCommand(i.text, width-1) {
		lines = append(lines, line.text)
	}
	return lines
}

// copyPage offers texts about a Service for the clipboard. It is a whole page, and prints the chosen text with
// nothing beside it, so that the terminal's own selection can take it where OSC 52 does not work.
type copyPage struct {
	service model.Key
	items   []copyItem
	cursor  int
}

func newCopyPage(service model.Key) *copyPage { return &copyPage{service: service} }

func (p *copyPage) opened(sh *shell, _ *life) tea.Cmd {
	p.items = copyItems(sh, p.service)
	return nil
}

func (p *copyPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case stateChanged, forwardsChanged, revealed:
		var chosen string
		if p.cursor < len(p.items) {
			chosen = p.items[p.cursor].what
		}
		p.items = copyItems(sh, p.service)
		p.cursor = min(p.cursor, max(0, len(p.items)-1))
		for i, item := range p.items {
			if item.what == chosen {
				p.cursor = i
			}
		}
	}
	return nil
}

func (p *copyPage) capturesInput() bool { return false }
func (p *copyPage) title() string       { return "copy" }
func (p *copyPage) crumbs(*shell) []string {
	return []string{namespaceName(p.service.Namespace), clean(p.service.Name), "copy"}
}

func (p *copyPage) bindings() []binding {
	return append([]binding{{
		keys: []string{"enter", "c"}, label: "↵ c", name: "copy", help: "copies the text by OSC 52",
		disabled: func(*shell) string {
			if len(p.items) == 0 {
				return "there is nothing to copy"
			}
			return ""
		},
		run: func(sh *shell) tea.Cmd { return sh.copy(p.items[p.cursor].what, p.items[p.cursor].text) },
	}}, cursorKeys(&p.cursor, func() int { return len(p.items) })...)
}

// cursorKeys move a cursor over a short list.
func cursorKeys(cursor *int, length func() int) []binding {
	press := func(_ *shell, key string) tea.Cmd {
		switch key {
		case "up", "k":
			*cursor--
		case "down", "j":
			*cursor++
		case "pgup", "ctrl+b":
			*cursor -= 10
		case "pgdown", "ctrl+f":
			*cursor += 10
		case "g", "home":
			*cursor = 0
		default:
			*cursor = length()
		}
		*cursor = max(0, min(*cursor, length()-1))
		return nil
	}
	return []binding{
		{keys: []string{"up", "down", "k", "j"}, help: "moves", runKey: press},
		{keys: []string{"pgup", "pgdown", "ctrl+b", "ctrl+f"}, label: "PgUp PgDn", help: "moves a page", runKey: press},
		{keys: []string{"g", "G", "home", "end"}, label: "g G", help: "goes to the first or the last", runKey: press},
	}
}

func (p *copyPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if width <= 0 || height <= 0 {
		return ""
	}
	if len(p.items) == 0 {
		return "\n   " + t.dim.on("Nothing is known of this Service yet.")
	}
	item := p.items[p.cursor]
	text := item.lines(width)
	// The text is seen whole where that is possible; the list gives way.
	room := max(1, min(len(p.items), height-len(text)-3))
	from := max(0, min(p.cursor-room/2, len(p.items)-room))
	column := 0
	for _, other := range p.items {
		column = max(column, cells(other.what))
	}
	column = min(column, width/2)
	var lines []string
	for i := from; i < from+room; i++ {
		what, text := left(shorten(p.items[i].what, column), column), cut(oneLine(p.items[i].text), width-column-6)
		if i == p.cursor {
			lines = append(lines, selectedRow(t, width, t.strong, what, t.text, text))
		} else {
			lines = append(lines, "  "+what+"  "+t.dim.on(text))
		}
	}
	lines = append(lines, "", t.dim.on("  ↵ copies. If your terminal does not take it, select it here:"))
	lines = append(lines, text...)
	return strings.Join(fitLines(lines, width, height), "\n")
}

// selectedRow draws the row under the cursor.
func selectedRow(t *theme, width int, first style, what string, second style, text string) string {
	bg := t.palette.selection
	row := t.accent.over(bg).on(glyphCursor) + first.over(bg).on(" "+what+"  ") + second.over(bg).on(text)
	return ansi.Truncate(row+newStyle(nil).over(bg).on(strings.Repeat(" ", max(0, width-cells(row)))), width, "")
}

// copyItems are the texts about a Service, the most wanted first.
func copyItems(sh *shell, key model.Key) []copyItem {
	var items []copyItem
	addItem := func(what, text string, command bool) {
		if text = report.CleanLines(text); text != "" {
			items = append(items, copyItem{clean(what), text, command})
		}
	}
	add := func(what, text string) { addItem(what, text, false) }
	run := func(what, command string) { addItem(what, command, true) }
	if judged := reportOf(sh.state, key); judged != nil {
		for _, finding := range judged.Findings {
			if finding.Fix != nil {
				run(string(labelOf(finding.Fix))+" of "+finding.ID, finding.Fix.Command)
			}
		}
		for _, finding := range judged.Findings {
			add("finding "+finding.ID, strings.TrimSpace(finding.Title+" "+finding.Why))
		}
	}
	add("DNS name", key.Name+"."+key.Namespace+".svc")
	var service *corev1.Service
	if sh.state != nil {
		service = sh.state.Snapshot.Service(key)
	}
	kubectl := strings.Join(append([]string{"kubectl"}, quoteAll(sh.info.KubectlArgs)...), " ") + " -n " + shellQuote(key.Namespace)
	if service != nil {
		for _, address := range serviceAddresses(service) {
			add(address.what, address.text)
		}
		for _, port := range service.Spec.Ports {
			if target := kubectlForward(sh.state.Snapshot, service, &port); target != "" {
				run(fmt.Sprintf("port-forward %d", port.Port), kubectl+" port-forward "+target)
			}
		}
	}
	for _, forward := range sh.held {
		if forward.Target.Context == sh.info.Context && forward.State != model.ForwardFailed && forward.Target.Namespace == key.Namespace && forward.Target.Service == key.Name {
			add("forward "+forwardTarget(forward.Target), "http://"+forward.Local)
			if line := sshLine(sh.ssh, forward.Local); line != "" {
				run("ssh -L for it", line)
			}
		}
	}
	run("its EndpointSlices", kubectl+" get endpointslices -l "+shellQuote("kubernetes.io/service-name="+key.Name)+" -o yaml")
	return items
}

// kubectlForward is what follows `kubectl port-forward` to get to a port of a Service; empty where kubectl forwards nothing. Through a headless
// Service kubectl dials the Service's own number, and so a Pod is named where that is not the one the port leads to.
func kubectlForward(snapshot *model.Snapshot, service *corev1.Service, port *corev1.ServicePort) string {
	if port.Protocol != corev1.ProtocolTCP && port.Protocol != "" || len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName {
		return ""
	}
	local := localPortFor(port.Port)
	if service.Spec.ClusterIP != corev1.ClusterIPNone {
		return fmt.Sprintf("svc/%s %d:%d", shellQuote(service.Name), local, port.Port)
	}
	for _, pod := range model.ForwardOrder(snapshot.Selected(service.Namespace, service.Spec.Selector)) {
		if to, found := model.ResolveTargetPort(&pod.Spec, port); found {
			if to.Number == port.Port {
				return fmt.Sprintf("svc/%s %d:%d", shellQuote(service.Name), local, port.Port)
			}
			return fmt.Sprintf("pod/%s %d:%d", shellQuote(pod.Name), local, to.Number)
		}
	}
	return ""
}

func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = shellQuote(word)
	}
	return quoted
}

// serviceAddresses are the addresses of a Service, each with its first port where it has ports.
func serviceAddresses(service *corev1.Service) []copyItem {
	port := ""
	if len(service.Spec.Ports) > 0 {
		port = fmt.Sprint(service.Spec.Ports[0].Port)
	}
	join := func(host string) string {
		if port == "" {
			return host
		}
		return net.JoinHostPort(host, port)
	}
	var items []copyItem
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return append(items, copyItem{what: "external name", text: service.Spec.ExternalName})
	}
	for _, ip := range service.Spec.ClusterIPs {
		if ip != corev1.ClusterIPNone && ip != "" {
			items = append(items, copyItem{what: "cluster address", text: join(ip)})
		}
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		host := ingress.Hostname
		if ingress.IP != "" {
			host = ingress.IP
		}
		if host != "" {
			items = append(items, copyItem{what: "external address", text: join(host)})
		}
	}
	for _, ip := range service.Spec.ExternalIPs {
		items = append(items, copyItem{what: "external IP", text: join(ip)})
	}
	return items
}
