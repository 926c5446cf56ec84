package tui

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// jumpCommand is one of the commands of the jump line.
type jumpCommand struct {
	names []string
	help  string
	// of is the kind of name that may follow; empty for none.
	of  jumpKind
	run func(sh *shell)
}

type jumpKind string

const (
	jumpService   jumpKind = "Service"
	jumpNamespace jumpKind = "namespace"
	jumpContext   jumpKind = "context"
)

func jumpCommands() []jumpCommand {
	return []jumpCommand{
		{names: []string{"ns", "namespace", "namespaces"}, help: "another namespace, or pick one", of: jumpNamespace, run: pickNamespace},
		{names: []string{"ctx", "context", "contexts"}, help: "another context, or pick one", of: jumpContext, run: pickContext},
		{names: []string{"svc", "service", "services"}, help: "a Service, NAME or NAMESPACE/NAME", of: jumpService, run: func(sh *shell) { sh.home() }},
		{names: []string{"forwards", "forward", "pf"}, help: "the forwards that are held", run: func(sh *shell) { openOnce(sh, newForwardsPage()) }},
		{names: []string{"messages", "log"}, help: "everything that was said or went wrong", run: func(sh *shell) { openOnce(sh, newMessagesPage()) }},
		{names: []string{"help", "?"}, help: "what every key does", run: func(sh *shell) {
			sh.ask(func(r *root) tea.Cmd { return r.push(newHelpPage(r.top())) })
		}},
		{names: []string{"q", "quit", "q!", "exit"}, help: "quit", run: func(sh *shell) { sh.quit() }},
	}
}

// jumpNames are the words for the command that takes names of a kind.
func jumpNames(of jumpKind) []string {
	for _, command := range jumpCommands() {
		if command.of == of {
			return command.names
		}
	}
	return nil
}

// notShown says where to find the objects of a kind that svctui has no list of, by the words that kubectl has for
// them; empty for any other word.
func notShown(word string) string {
	switch strings.ToLower(word) {
	case "po", "pod", "pods":
		return "svctui shows Services; open one and press 4 for its Pods"
	case "ep", "endpoints", "endpointslice", "endpointslices":
		return "svctui shows Services; open one and press 2 for its endpoints"
	case "ev", "event", "events":
		return "svctui shows Services; open one and press 7 for its events"
	case "deploy", "deployment", "deployments", "rs", "replicaset", "replicasets", "sts", "statefulset", "statefulsets",
		"ds", "daemonset", "daemonsets", "job", "jobs", "cj", "cronjob", "cronjobs":
		return "svctui shows Services; open one and press 4 for its Pods"
	case "no", "node", "nodes", "ing", "ingress", "ingresses", "netpol", "networkpolicy", "networkpolicies", "cm", "configmap",
		"configmaps", "secret", "secrets", "crd", "crds":
		return "svctui shows Services; kubectl get " + strings.ToLower(word) + " lists these"
	}
	return ""
}

// jumpItem is something that can be jumped to.
type jumpItem struct {
	kind jumpKind
	// name is as it is typed; of a Service NAMESPACE/NAME where several namespaces are shown.
	name    string
	service model.Key
	detail  string
}

// jumpPage is the line that goes to a thing by its name, or runs a command.
type jumpPage struct {
	picker *picker
	// known is everything that can be jumped to, by kind.
	known   map[jumpKind][]jumpItem
	choices []func(sh *shell)
	failure string
	// scope is the namespace that is shown.
	scope string
	// leads finds the Services that an address, host or URL leads to; nil while nothing is read.
	leads func(typed string) []check.Lead
	// nothingFits means that nothing that is read leads from what was typed.
	nothingFits bool
}

type jumpKnown struct {
	kind  jumpKind
	items []jumpItem
}

// jumpShown is how many suggestions are offered at most.
const jumpShown = 100

func newJumpPage(sh *shell) *jumpPage {
	p := &jumpPage{picker: newPicker("", false), known: map[jumpKind][]jumpItem{}, scope: sh.scope}
	p.picker.prompt = ":"
	p.learn(sh)
	p.suggest()
	return p
}

func (p *jumpPage) opened(sh *shell, life *life) tea.Cmd {
	connector, session := sh.connector, sh.session
	contexts := life.do(func(context.Context) tea.Msg {
		// A kubeconfig that cannot be read is said when one of its contexts is wanted.
		list, _ := connector.Contexts()
		known := jumpKnown{kind: jumpContext}
		for _, c := range list {
			known.items = append(known.items, jumpItem{kind: jumpContext, name: c.Name, detail: clean(c.Server)})
		}
		return known
	})
	if session == nil {
		return contexts
	}
	return tea.Batch(contexts, life.do(func(ctx context.Context) tea.Msg {
		names, err := session.Namespaces(ctx)
		if err != nil {
			return nil // those of the Services at hand remain, and any can be typed
		}
		known := jumpKnown{kind: jumpNamespace}
		for _, name := range names {
			known.items = append(known.items, jumpItem{kind: jumpNamespace, name: name})
		}
		return known
	}))
}

// learn takes Services and their namespaces from the state.
func (p *jumpPage) learn(sh *shell) {
	if sh.state == nil {
		return
	}
	snapshot := sh.state.Snapshot
	p.leads = func(typed string) []check.Lead {
		var namespaces []string
		for _, item := range p.known[jumpNamespace] {
			namespaces = append(namespaces, item.name)
		}
		return check.LeadsFrom(snapshot, typed, namespaces)
	}
	services := make([]jumpItem, 0, len(sh.state.Reports))
	namespaces := slices.Clone(sh.recent)
	for _, report := range sh.state.Reports {
		item := jumpItem{kind: jumpService, name: report.Key.Name, service: report.Key, detail: clean(report.Health())}
		if sh.scope == model.AllNamespaces {
			item.name = report.Key.String()
		}
		services = append(services, item)
		if n := len(namespaces); n == 0 || namespaces[n-1] != report.Key.Namespace {
			namespaces = append(namespaces, report.Key.Namespace)
		}
	}
	p.known[jumpService] = services
	if len(p.known[jumpNamespace]) == 0 {
		slices.Sort(namespaces)
		for _, name := range slices.Compact(namespaces) {
			p.known[jumpNamespace] = append(p.known[jumpNamespace], jumpItem{kind: jumpNamespace, name: name})
		}
	}
}

func (p *jumpPage) title() string       { return "" }
func (p *jumpPage) capturesInput() bool { return true }
func (p *jumpPage) atBottom() bool      { return true }
func (p *jumpPage) box(_ *shell, width, height int) (int, int) {
	return width, min(max(2, len(p.picker.shown)+1), max(4, min(12, height/2)))
}

func (p *jumpPage) bindings() []binding {
	return []binding{
		{keys: []string{"enter"}, name: "go", help: "goes there"},
		{keys: []string{"tab"}, name: "complete", help: "completes what is typed"},
		{keys: []string{"up", "down"}, name: "move", help: "moves"},
		{keys: []string{"esc"}, name: "back", help: "goes back"},
	}
}

func (p *jumpPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case jumpKnown:
		p.known[msg.kind] = msg.items
		p.suggest()
	case stateChanged:
		p.learn(sh)
		if p.nothingFits {
			p.suggest()
		}
	case tea.PasteMsg:
		p.picker.input.update(msg)
		p.suggest()
	case tea.KeyPressMsg:
		p.key(sh, msg)
	}
	return nil
}

func (p *jumpPage) key(sh *shell, msg tea.KeyPressMsg) {
	p.failure = ""
	switch msg.String() {
	case "esc":
		sh.back()
	case "backspace":
		if p.picker.input.value() == "" {
			sh.back()
			return
		}
		p.picker.input.update(msg)
		p.suggest()
	case "tab":
		if item := p.picker.chosen(); item.value != "" {
			p.picker.input.set(item.value)
			p.suggest()
		}
	case "enter":
		p.jump(sh)
	case "up", "ctrl+p", "down", "ctrl+n", "pgup", "pgdown":
		p.picker.update(msg)
	default:
		p.picker.input.update(msg)
		p.suggest()
	}
}

func (p *jumpPage) jump(sh *shell) {
	if p.picker.cursor < len(p.choices) {
		sh.back()
		p.choices[p.picker.cursor](sh)
		return
	}
	if typed := strings.TrimSpace(p.picker.input.value()); notShown(typed) != "" {
		p.failure = notShown(typed)
	} else if typed != "" {
		p.failure = "no context, namespace, Service or command is called “" + clean(typed) + "”; ns, ctx or svc before it takes it as typed"
		if strings.ContainsAny(typed, ".:") {
			p.failure = "nothing that is read leads from “" + clean(typed) + "” to a Service"
		}
	} else {
		sh.back()
	}
}

// suggest finds what fits what was typed.
func (p *jumpPage) suggest() {
	typed := strings.TrimLeft(p.picker.input.value(), " :")
	word, rest, spaced := strings.Cut(typed, " ")
	rest = strings.TrimSpace(rest)
	var items []pickItem
	p.choices, p.nothingFits = nil, false
	offer := func(value, detail string, run func(sh *shell)) {
		items = append(items, pickItem{value: value, label: clean(value), detail: detail})
		p.choices = append(p.choices, run)
	}
	for _, command := range jumpCommands() {
		exact := slices.Contains(command.names, strings.ToLower(word))
		switch {
		case spaced && exact && command.of != "":
			for _, item := range p.ranked(command.of, rest) {
				offer(command.names[0]+" "+item.name, item.detail, item.visit)
			}
			if rest != "" && !slices.ContainsFunc(p.known[command.of], func(item jumpItem) bool { return item.name == rest }) {
				kind := command.of
				offer(command.names[0]+" "+rest, fmt.Sprintf("the %s as typed", kind), func(sh *shell) { visitTyped(sh, kind, rest) })
			}
			p.show(items)
			return
		case exact:
			// A command that was typed whole comes before everything that only begins so.
			items = append([]pickItem{{value: command.names[0], detail: command.help}}, items...)
			p.choices = append([]func(*shell){command.run}, p.choices...)
		case strings.HasPrefix(command.names[0], strings.ToLower(word)) && !spaced:
			offer(command.names[0], command.help, command.run)
		}
	}
	if typed = p.plain(typed); typed != "" {
		if notShown(typed) != "" && !p.isName(typed) {
			// A Service that only has the letters in its name is not what was meant.
			p.choices, p.failure = nil, notShown(typed)
			p.show(nil)
			return
		}
		named := func(item jumpItem) bool {
			return item.kind == jumpService && (item.name == typed || item.service.Name == typed)
		}
		for _, item := range p.ranked(jumpService, typed) {
			if named(item) {
				// A Pod or an external name may be called the same.
				offer(item.name, strings.TrimSpace("Service  "+item.detail), item.visit)
			}
		}
		p.offerLeads(typed, offer)
		for _, kind := range []jumpKind{jumpService, jumpNamespace, jumpContext} {
			for _, item := range p.ranked(kind, typed) {
				if named(item) {
					continue
				}
				detail := string(kind)
				if item.detail != "" {
					detail += "  " + item.detail
				}
				offer(item.name, detail, item.visit)
			}
		}
		if p.nothingFits = len(items) == 0; p.nothingFits && p.scope != model.AllNamespaces && p.leads != nil && elsewhere.MatchString(typed) {
			offer(typed, "nothing that is read here: look in all namespaces", lookEverywhere(typed))
		}
	}
	p.show(items)
}

// elsewhere is what may be of another namespace: an address, a host, a URL, or the name of a Pod as ReplicaSets and DaemonSets give them.
var elsewhere = regexp.MustCompile(`[.:]|-[a-z0-9]{5}$`)

// lookEverywhere shows all namespaces, and asks there for what was typed.
func lookEverywhere(typed string) func(*shell) {
	return func(sh *shell) {
		sh.setScope(model.AllNamespaces)
		sh.ask(func(r *root) tea.Cmd {
			page := newJumpPage(r.sh)
			page.picker.input.set(typed)
			page.suggest()
			return r.push(page)
		})
	}
}

// plain takes off what was typed as other commands write it, svc/NAME:PORT, and the namespace that is shown; an address, host or URL stays whole.
func (p *jumpPage) plain(typed string) string {
	typed = strings.TrimSpace(typed)
	for _, kind := range []string{"svc/", "service/", "services/", "pod/", "pods/", p.scope + "/"} {
		typed = strings.TrimPrefix(typed, kind)
	}
	if name, _, found := strings.Cut(typed, ":"); found && name != "" && !strings.ContainsAny(typed, ".[/") && strings.Count(typed, ":") == 1 {
		return name
	}
	return typed
}

// offerLeads offers the Services that an address, host or URL leads to.
func (p *jumpPage) offerLeads(typed string, offer func(value, detail string, run func(sh *shell))) {
	if p.leads == nil {
		return
	}
	leads := p.leads(typed)
	for _, lead := range leads[:min(len(leads), jumpShown)] {
		name := lead.Service.String()
		offer(name, "Service  by "+clean(lead.By), func(sh *shell) { visitTyped(sh, jumpService, name) })
	}
}

// isName tells whether something that can be jumped to has this very name.
func (p *jumpPage) isName(typed string) bool {
	for _, items := range p.known {
		for _, item := range items {
			if item.name == typed || item.service.Name == typed {
				return true
			}
		}
	}
	return false
}

func (p *jumpPage) show(items []pickItem) {
	p.picker.items, p.picker.shown, p.picker.cursor = items, items, 0
}

// ranked are the things of a kind that fit, best first.
func (p *jumpPage) ranked(kind jumpKind, query string) []jumpItem {
	known := p.known[kind]
	items := make([]pickItem, len(known))
	for i := range known {
		items[i] = pickItem{value: fmt.Sprint(i), label: known[i].name}
	}
	var found []jumpItem
	for _, item := range rankItems(items, query) {
		var i int
		if _, err := fmt.Sscan(item.value, &i); err == nil && len(found) < jumpShown {
			found = append(found, known[i])
		}
	}
	return found
}

// visit goes to the thing.
func (i jumpItem) visit(sh *shell) {
	switch i.kind {
	case jumpService:
		sh.home()
		sh.openFromList(i.service)
	case jumpNamespace:
		sh.setScope(i.name)
	case jumpContext:
		sh.switchContext(i.name)
	}
}

// visitTyped goes to a thing that is not listed.
func visitTyped(sh *shell, kind jumpKind, name string) {
	switch kind {
	case jumpNamespace:
		if name == "all" || name == "*" {
			name = model.AllNamespaces
		} else if why := whyNoNamespace(name); why != "" {
			sh.notify(noteWarning, "“"+clean(name)+"” names no namespace: "+why)
			return
		}
		sh.setScope(name)
	case jumpContext:
		sh.switchContext(name)
	case jumpService:
		namespace, service, ok := strings.Cut(name, "/")
		if !ok {
			namespace, service = sh.scope, name
		}
		if namespace == model.AllNamespaces {
			sh.notify(noteWarning, "say which namespace: svc NAMESPACE/"+clean(service))
			return
		}
		if sh.scope != namespace && sh.scope != model.AllNamespaces {
			sh.setScope(namespace)
		} else {
			sh.home()
		}
		sh.openFromList(model.Key{Namespace: namespace, Name: service})
	}
}

func (p *jumpPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	var lines []string
	if p.failure != "" {
		for _, line := range wrap(p.failure, width) {
			lines = append(lines, t.warn.on(line))
		}
		lines = fitLines(lines, width, height-1)
	} else {
		lines = p.picker.list(width, height-1, t)
	}
	return strings.Join(append(lines, p.picker.inputLine(width, t)), "\n")
}
