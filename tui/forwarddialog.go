package tui

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// forwardDialog opens a forward: what to lead to is picked from the Service's ports and its Pods' ports, or
// typed; the local port can be changed.
type forwardDialog struct {
	service model.Key
	life    *life
	session Session
	picker  *picker
	local   input
	// taken are the local ports of the forwards that are held, and busy those that were found in use.
	taken, busy map[int32]bool
	// known is how the port of a target is resolved for the suggestion.
	known *model.Snapshot
	// asked are the local ports that were looked at last.
	asked []int32
	looks turn
	// edited is true once the person typed a local port; till then it follows the target.
	edited bool
	// onLocal is true while the local port has the focus.
	onLocal bool
	opening bool
	failure string
	// agreed is what was offered in place of a Service without a Ready Pod: Enter takes it.
	agreed string
	// hopeless says why the Service can be forwarded to in no way, and what to do; empty where it can.
	hopeless string
}

type forwardOpened struct {
	err error
	// targets are what was opened, and locals the addresses that they listen on.
	targets, locals []string
	// keep lets them outlive the dialog. It returns false where that ended before: then they are stopped already.
	keep func() bool
}

// portsLookedAt tells which local ports are in use.
type portsLookedAt struct{ busy []int32 }

func newForwardDialog(sh *shell, service model.Key) page {
	p := &forwardDialog{service: service, picker: newPicker("", false), local: newInput("", ""), busy: map[int32]bool{}}
	p.local.focus(false)
	p.picker.refuse = p.noTarget
	p.fill(sh)
	return p
}

func (p *forwardDialog) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	p.session = sh.session
	if p.session != nil {
		p.session.Focus(&p.service)
	}
	p.fill(sh)
	return p.look(sh)
}

func (p *forwardDialog) closed(sh *shell) { unfocus(sh, p.session) }

func (p *forwardDialog) title() string       { return "forward to " + clean(p.service.Name) }
func (p *forwardDialog) capturesInput() bool { return true }
func (p *forwardDialog) box(_ *shell, width, height int) (int, int) {
	return dialogWidth(96, width), min(max(12, len(p.picker.items)+8), height-6)
}

func (p *forwardDialog) bindings() []binding {
	return []binding{
		{keys: []string{"enter"}, name: "forward", help: "opens the forward"},
		{keys: []string{"tab"}, name: "local port", help: "goes to the local port and back"},
		{keys: []string{"esc"}, name: "back", help: "clears what was typed, else goes back"},
	}
}

// fill offers the Service's ports, then those of its Pods, Ready ones first.
func (p *forwardDialog) fill(sh *shell) {
	if sh.state == nil {
		p.picker.note = "reading …"
		return
	}
	p.picker.note = ""
	snapshot := sh.state.Snapshot
	p.known = snapshot
	service := snapshot.Service(p.service)
	var items []pickItem
	if service == nil {
		p.picker.note = "the Service is not there any more"
	} else {
		items = serviceTargets(service)
	}
	p.hopeless = aliasOf(snapshot, service)
	if len(items) == 0 && p.hopeless != "" {
		p.picker.note = p.hopeless
	}
	pods := podsBehind(snapshot, p.service)
	if ready := slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return podRank(pod) == podIsReady }); !ready && snapshot.Coverage(model.Pods, p.service.Namespace).Known() {
		for i := range items {
			items[i].detail = "no Pod is Ready"
		}
	}
	if service != nil {
		sayUnresolved(items, service, pods)
	}
	pods = model.ForwardOrder(pods)
	for _, pod := range pods {
		items = append(items, podTargets(pod, service)...)
	}
	p.taken = map[int32]bool{}
	for _, forward := range sh.held {
		if forward.Target.Context == sh.info.Context && forward.Target.Namespace == p.service.Namespace && forward.State != model.ForwardFailed {
			for i := range items {
				if clean(items[i].value) == forwardTarget(forward.Target) {
					items[i].detail = "held already, on " + clean(forward.Local)
				}
			}
		}
		if _, port, err := net.SplitHostPort(forward.Local); err == nil && forward.State != model.ForwardFailed {
			if number, err := strconv.ParseUint(port, 10, 16); err == nil {
				p.taken[int32(number)] = true
			}
		}
	}
	p.picker.setItems(items)
	p.allowTyped()
	p.suggest(sh)
}

// allowTyped offers what was typed where it is more than a search: it names a port, or nothing listed fits.
func (p *forwardDialog) allowTyped() {
	typed := p.picker.input.value()
	p.picker.typed = strings.ContainsAny(typed, ":,") || typed != "" && len(rankItems(p.picker.items, strings.TrimSpace(typed))) == 0
	p.picker.narrow()
}

// noTarget says why what was typed can be no target; empty where it can, or where that is not known.
func (p *forwardDialog) noTarget(typed string) string {
	targets, err := parseTargets(typed, p.service)
	if err != nil {
		return clean(err.Error())
	}
	if p.known == nil || p.known.Service(p.service) == nil {
		return ""
	}
	for _, target := range targets {
		if target.Service == p.service.Name && p.hopeless != "" {
			return p.hopeless
		}
		if target.Service == p.service.Name && portOf(p.known, target) == 0 {
			return fmt.Sprintf("svc/%s has no port %s", clean(target.Service), clean(target.Port))
		}
	}
	return ""
}

// suggest offers the local ports that fit the target under the cursor.
func (p *forwardDialog) suggest(sh *shell) {
	if p.edited {
		return
	}
	var locals []string
	targets, _ := parseTargets(p.target(), p.service)
	given := map[int32]bool{}
	for _, target := range targets {
		free := int32(0)
		if port := portOf(p.known, target); port > 0 {
			free = localPortFor(port)
			for (p.taken[free] || p.busy[free] || given[free]) && free < 1<<16-1 {
				free++
			}
			given[free] = true
		}
		locals = append(locals, fmt.Sprint(free))
	}
	local := strings.Join(locals, ",")
	if local == "0" {
		local = ""
	}
	if sh.forwardAddress != "" && len(locals) > 0 {
		local = net.JoinHostPort(sh.forwardAddress, local)
	}
	p.local.set(local)
}

// look asks which of the local ports that are suggested are in use by others. It does nothing where that has been asked.
func (p *forwardDialog) look(sh *shell) tea.Cmd {
	if p.edited || p.opening || p.life == nil || sh.forwards == nil {
		return nil
	}
	specs, _ := specsFor(make([]model.ForwardTarget, strings.Count(p.local.value(), ",")+1), p.local.value(), sh.forwardAddress)
	var ports []int32
	for _, spec := range specs {
		if spec.LocalPort > 0 {
			ports = append(ports, int32(spec.LocalPort))
		}
	}
	if len(ports) == 0 || slices.Equal(ports, p.asked) {
		return nil
	}
	p.asked = ports
	forwards, address := sh.forwards, specs[0].LocalAddress
	return p.looks.do(p.life, func(ctx context.Context) tea.Msg {
		var found portsLookedAt
		for _, port := range ports {
			if forwards.Busy(ctx, address, int(port)) {
				found.busy = append(found.busy, port)
			}
		}
		return found
	})
}

// target is what was picked, else what was typed.
func (p *forwardDialog) target() string {
	if item := p.picker.chosen(); item.value != "" {
		if item.blocked != "" {
			return ""
		}
		return item.value
	}
	return strings.TrimSpace(p.picker.input.value())
}

func (p *forwardDialog) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case stateChanged, forwardsChanged, revealed:
		p.fill(sh)
		return p.look(sh)
	case portsLookedAt:
		for _, port := range msg.busy {
			p.busy[port] = true
		}
		p.suggest(sh)
		return p.look(sh)
	case forwardOpened:
		p.opening = false
		if msg.err != nil {
			p.failure = clean(msg.err.Error())
			p.asked = nil // the port may be taken by now
			return p.look(sh)
		}
		if !msg.keep() {
			return nil
		}
		sh.back()
		if line := sshLine(sh.ssh, msg.locals...); line != "" {
			sh.notify(noteGood, "sent to the clipboard: "+line+"  for the machine you sit at; f shows it again")
			return tea.SetClipboard(line)
		}
		var opened []string
		for i, target := range msg.targets {
			opened = append(opened, clean(msg.locals[i])+" → "+target)
		}
		sh.notify(noteGood, strings.Join(opened, ", ")+"; f lists the forwards")
	case tea.KeyPressMsg:
		return p.key(sh, msg)
	case tea.PasteMsg:
		return p.edit(sh, msg)
	}
	return nil
}

func (p *forwardDialog) key(sh *shell, msg tea.KeyPressMsg) tea.Cmd {
	switch key := msg.String(); {
	case p.opening:
		if key == "esc" {
			sh.back()
		}
	case key == "tab" || key == "shift+tab":
		p.onLocal = !p.onLocal
		p.local.focus(p.onLocal)
		p.picker.input.focus(!p.onLocal)
	case key == "enter":
		return p.forward(sh)
	case key == "esc" && (p.onLocal || p.picker.input.value() == ""):
		sh.back()
	default:
		return p.edit(sh, msg)
	}
	return nil
}

func (p *forwardDialog) edit(sh *shell, msg tea.Msg) tea.Cmd {
	p.failure = ""
	if p.onLocal {
		before := p.local.value()
		if replaces(msg) && !p.edited {
			p.local.set("") // what is proposed is no more than that
		}
		p.local.update(msg)
		p.edited = p.edited || p.local.value() != before
		return nil
	}
	p.agreed = ""
	p.picker.update(msg)
	p.allowTyped()
	p.suggest(sh)
	return p.look(sh)
}

// replaces tells whether a message writes text.
func replaces(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return msg.Text != ""
	case tea.PasteMsg:
		return msg.Content != ""
	}
	return false
}

func (p *forwardDialog) forward(sh *shell) tea.Cmd {
	if item := p.picker.chosen(); item.blocked != "" {
		p.failure = clean(item.value) + ": " + item.blocked
		if p.hopeless != "" {
			p.failure = p.hopeless
		}
		return nil
	}
	if p.target() == "" && p.hopeless != "" {
		p.failure = p.hopeless
		return nil
	}
	targets, err := parseTargets(p.target(), p.service)
	if err != nil {
		p.failure = clean(err.Error())
		return nil
	}
	if why, instead := refusal(sh, targets); why != "" {
		if instead == nil || p.agreed != forwardTargets(instead) {
			p.failure, p.agreed = why, ""
			if instead != nil {
				p.agreed = forwardTargets(instead)
			}
			return nil
		}
		targets = instead
	}
	specs, failure := specsFor(targets, p.local.value(), sh.forwardAddress)
	if failure != "" {
		p.failure = failure
		return nil
	}
	if sh.session == nil || sh.forwards == nil {
		p.failure = "cannot forward: " + firstReason(sh.notConnected(), "forwards cannot be held here")
		return nil
	}
	p.opening, p.failure = true, ""
	forwards, session, contextName := sh.forwards, sh.session, sh.info.Context
	return p.life.do(func(ctx context.Context) tea.Msg { return openForwardsTo(ctx, forwards, session, contextName, specs) })
}

// specsFor joins targets with the local ports that were typed: [ADDRESS:]PORT, with as many ports as targets, or none at all
// for free ones. Without an address they are of the given one, which is empty for loopback.
func specsFor(targets []model.ForwardTarget, typed, address string) (specs []model.ForwardSpec, failure string) {
	host, ports := address, strings.TrimSpace(typed)
	if strings.Contains(ports, ":") {
		var err error
		if host, ports, err = net.SplitHostPort(ports); err != nil {
			return nil, "write the local port as PORT or ADDRESS:PORT"
		}
	}
	locals := strings.Split(ports, ",")
	if len(locals) != len(targets) && ports != "" {
		return nil, fmt.Sprintf("%s for %s: write as many, with commas between, or none for free ones",
			count(len(locals), "local port", "local ports"), count(len(targets), "port", "ports"))
	}
	for i, target := range targets {
		spec := model.ForwardSpec{Target: target, LocalAddress: host}
		if ports != "" {
			number, err := strconv.ParseUint(strings.TrimSpace(locals[i]), 10, 16)
			if err != nil {
				return nil, fmt.Sprintf("%q is no port: 0 to 65535, empty takes a free one", clean(locals[i]))
			}
			spec.LocalPort = int(number)
		}
		specs = append(specs, spec)
	}
	return specs, ""
}

// openForwardsTo opens all or none. When ctx ends before they are kept, they are stopped.
func openForwardsTo(ctx context.Context, forwards Forwards, session Session, contextName string, specs []model.ForwardSpec) forwardOpened {
	var opened forwardOpened
	var ids []int
	for _, spec := range specs {
		spec.Target.Context = contextName
		// The forward outlives the dialog.
		id, err := forwards.Open(context.WithoutCancel(ctx), session, spec)
		if err != nil {
			for _, id := range ids {
				forwards.Stop(id)
			}
			return forwardOpened{err: err}
		}
		ids = append(ids, id)
		local := ""
		for _, forward := range forwards.List() {
			if forward.ID == id {
				local = forward.Local
			}
		}
		opened.targets, opened.locals = append(opened.targets, forwardTarget(spec.Target)), append(opened.locals, local)
	}
	opened.keep = context.AfterFunc(ctx, func() {
		for _, id := range ids {
			forwards.Stop(id)
		}
	})
	return opened
}

func (p *forwardDialog) view(sh *shell, width, height int) string {
	t := &sh.theme
	under := []string{"", t.dim.on("local port  ") + p.local.view(min(24, width-12))}
	if p.onLocal {
		under[1] = t.strong.on("local port  ") + p.local.view(min(24, width-12)) + "  " + t.dim.on("empty takes a free one")
	}
	if specs, _ := specsFor(make([]model.ForwardTarget, strings.Count(p.local.value(), ",")+1), p.local.value(), sh.forwardAddress); len(specs) > 0 && !onLoopback(specs[0].LocalAddress) {
		for _, line := range wrap(glyphWarn+" "+openToOthers(specs[0].LocalAddress), width) {
			under = append(under, t.warn.on(line))
		}
	}
	switch {
	case p.failure != "":
		for _, line := range wrap(p.failure, width) {
			under = append(under, t.fail.on(line))
		}
	case p.opening:
		under = append(under, t.dim.on("opening …"))
	default:
		hint := "another port: pod/NAME:PORT · several: 80,443"
		if sh.forwardAddress == "" {
			hint += " · listens on 127.0.0.1 only"
		} else {
			hint += " · 127.0.0.1:PORT for this machine alone"
		}
		under = append(under, t.dim.on(cut(hint, width)))
	}
	return strings.Join(append(p.picker.view(width, max(2, height-len(under)), t), under...), "\n")
}
