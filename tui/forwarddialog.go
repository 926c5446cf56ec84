package tui

import (
	"cmp"
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
	// taken are the local ports of the forwards that are held.
	taken map[int32]bool
	// edited is true once the person typed a local port; till then it follows the target.
	edited bool
	// onLocal is true while the local port has the focus.
	onLocal bool
	opening bool
	failure string
}

type forwardOpened struct {
	err    error
	target string
	// local is the address that it listens on; empty where it has ended again already.
	local string
}

func newForwardDialog(sh *shell, service model.Key) page {
	p := &forwardDialog{service: service, picker: newPicker("", false), local: newInput("", "")}
	p.local.focus(false)
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
	return nil
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
	service := snapshot.Service(p.service)
	var items []pickItem
	if service == nil {
		p.picker.note = "the Service is not there any more"
	} else {
		items = serviceTargets(service)
	}
	pods := podsBehind(snapshot, p.service)
	if ready := slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return podRank(pod) == 0 }); !ready && snapshot.Coverage(model.Pods, p.service.Namespace).Known() {
		for i := range items {
			items[i].detail = "no Pod is Ready now: it waits for one"
		}
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int { return cmp.Compare(podRank(a), podRank(b)) })
	for _, pod := range pods {
		items = append(items, podTargets(pod, service)...)
	}
	p.taken = map[int32]bool{}
	for _, forward := range sh.held {
		if _, port, err := net.SplitHostPort(forward.Local); err == nil && forward.State != model.ForwardFailed {
			if number, err := strconv.ParseUint(port, 10, 16); err == nil {
				p.taken[int32(number)] = true
			}
		}
	}
	p.picker.setItems(items)
	p.suggest()
}

func serviceTargets(service *corev1.Service) []pickItem {
	blocked := ""
	switch {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		blocked = "an ExternalName has no Pods"
	case len(service.Spec.Selector) == 0:
		blocked = "it has no selector: choose a Pod"
	}
	var items []pickItem
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		item := pickItem{
			value: targetValue("svc", service.Name, fmt.Sprint(port.Port)), detail: "a Ready Pod, the next when it goes",
			blocked: cmp.Or(blocked, notTCP(port.Protocol)),
		}
		item.label = clean(item.value)
		if port.Name != "" {
			item.label += " " + clean(port.Name)
		}
		items = append(items, item)
	}
	return items
}

func notTCP(protocol corev1.Protocol) string {
	if protocol == "" || protocol == corev1.ProtocolTCP {
		return ""
	}
	return string(protocol) + " cannot be forwarded"
}

func podTargets(pod *corev1.Pod, service *corev1.Service) []pickItem {
	state, blocked := "Ready", ""
	switch {
	case pod.Status.Phase != corev1.PodRunning:
		state = clean(string(pod.Status.Phase))
		blocked = "not running: " + state
	case podRank(pod) > 0:
		state = "running, not Ready"
	}
	type containerPort struct {
		number   int32
		name     string
		protocol corev1.Protocol
	}
	var ports []containerPort
	add := func(port containerPort) {
		if port.number > 0 && !slices.ContainsFunc(ports, func(have containerPort) bool {
			return have.number == port.number && notTCP(have.protocol) == notTCP(port.protocol)
		}) {
			ports = append(ports, port)
		}
	}
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			add(containerPort{port.ContainerPort, port.Name, port.Protocol})
		}
	}
	if service != nil {
		for _, port := range service.Spec.Ports {
			if port.TargetPort.StrVal == "" {
				// Kubernetes takes port where targetPort is left out.
				add(containerPort{cmp.Or(port.TargetPort.IntVal, port.Port), "", port.Protocol})
			}
		}
	}
	items := make([]pickItem, 0, len(ports))
	for _, port := range ports {
		item := pickItem{
			value: targetValue("pod", pod.Name, fmt.Sprint(port.number)), detail: state,
			blocked: cmp.Or(blocked, notTCP(port.protocol)),
		}
		item.label = clean(item.value)
		if port.name != "" {
			item.label += " " + clean(port.name)
		}
		items = append(items, item)
	}
	return items
}

func podRank(pod *corev1.Pod) int {
	if pod.Status.Phase != corev1.PodRunning {
		return 2
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return 0
		}
	}
	return 1
}

func targetValue(kind, name, port string) string { return kind + "/" + name + ":" + port }

// parseTarget reads svc/NAME:PORT, pod/NAME:PORT, or PORT alone for the Service itself.
func parseTarget(text string, service model.Key) (model.ForwardTarget, error) {
	target := model.ForwardTarget{Namespace: service.Namespace}
	name, port, ok := strings.Cut(text, ":")
	if !ok {
		name, port = "svc/"+service.Name, text
	}
	kind, name, ok := strings.Cut(name, "/")
	if !ok || name == "" || port == "" {
		return target, fmt.Errorf("%q is no target: write svc/NAME:PORT, pod/NAME:PORT, or a port", text)
	}
	switch kind {
	case "svc", "service", "services":
		target.Service = name
	case "pod", "po", "pods":
		target.Pod = name
	default:
		return target, fmt.Errorf("%q is no target: write svc/NAME:PORT or pod/NAME:PORT", text)
	}
	target.Port = port
	return target, nil
}

// localPortFor is the local port that is offered for a port: itself, or one that needs no privilege.
func localPortFor(port int32) int32 {
	if port > 0 && port < 1024 {
		return 8000 + port
	}
	return port
}

// suggest offers the local port that fits the target under the cursor.
func (p *forwardDialog) suggest() {
	if p.edited {
		return
	}
	local := ""
	if target, err := parseTarget(p.target(), p.service); err == nil {
		if port, err := strconv.ParseUint(target.Port, 10, 16); err == nil && port > 0 {
			free := localPortFor(int32(port))
			for p.taken[free] && free < 1<<16-1 {
				free++
			}
			local = fmt.Sprint(free)
		}
	}
	p.local.set(local)
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
	case forwardOpened:
		p.opening = false
		if msg.err != nil {
			p.failure = clean(msg.err.Error())
			return nil
		}
		sh.back()
		what := "f lists the forwards"
		if sshLine(sh.ssh, msg.local) != "" {
			what = "f shows its ssh -L line"
		}
		sh.notify(noteGood, strings.TrimPrefix(clean(msg.local)+" → ", " → ")+msg.target+"; "+what)
	case tea.KeyPressMsg:
		return p.key(sh, msg)
	case tea.PasteMsg:
		p.edit(msg)
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
		p.edit(msg)
	}
	return nil
}

func (p *forwardDialog) edit(msg tea.Msg) {
	p.failure = ""
	if p.onLocal {
		before := p.local.value()
		p.local.update(msg)
		p.edited = p.edited || p.local.value() != before
		return
	}
	p.picker.update(msg)
	p.suggest()
}

func (p *forwardDialog) forward(sh *shell) tea.Cmd {
	if item := p.picker.chosen(); item.blocked != "" {
		p.failure = item.name() + ": " + item.blocked
		return nil
	}
	target, err := parseTarget(p.target(), p.service)
	if err != nil {
		p.failure = err.Error()
		return nil
	}
	spec := model.ForwardSpec{Target: target}
	spec.Target.Context = sh.info.Context
	if local := strings.TrimSpace(p.local.value()); local != "" {
		host, port := "", local
		if strings.Contains(local, ":") {
			if host, port, err = net.SplitHostPort(local); err != nil {
				p.failure = "write the local port as PORT or ADDRESS:PORT"
				return nil
			}
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			p.failure = fmt.Sprintf("%q is no port: 0 to 65535, empty takes a free one", clean(local))
			return nil
		}
		spec.LocalAddress, spec.LocalPort = host, int(number)
	}
	if sh.session == nil || sh.forwards == nil {
		p.failure = "cannot forward: " + firstReason(sh.notConnected(), "forwards cannot be held here")
		return nil
	}
	p.opening, p.failure = true, ""
	forwards, session := sh.forwards, sh.session
	return p.life.do(func(ctx context.Context) tea.Msg {
		// The forward outlives this dialog.
		id, err := forwards.Open(context.WithoutCancel(ctx), session, spec)
		opened := forwardOpened{err: err, target: forwardTarget(spec.Target)}
		for _, forward := range forwards.List() {
			if err == nil && forward.ID == id {
				opened.local = forward.Local
			}
		}
		return opened
	})
}

func (p *forwardDialog) view(sh *shell, width, height int) string {
	t := &sh.theme
	under := []string{"", t.dim.on("local port  ") + p.local.view(min(24, width-12))}
	if p.onLocal {
		under[1] = t.strong.on("local port  ") + p.local.view(min(24, width-12)) + "  " + t.dim.on("empty takes a free one")
	}
	switch {
	case p.failure != "":
		for _, line := range wrap(p.failure, width) {
			under = append(under, t.fail.on(line))
		}
	case p.opening:
		under = append(under, t.dim.on("opening …"))
	default:
		under = append(under, t.dim.on(cut("another port: type pod/NAME:PORT · listens on 127.0.0.1, or write ADDRESS:PORT", width)))
	}
	return strings.Join(append(p.picker.view(width, max(2, height-len(under)), t), under...), "\n")
}
