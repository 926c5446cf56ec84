package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
)

// servicePage is one Service: its route, the leading cause, the seven steps and their evidence.
type servicePage struct {
	key  model.Key
	life *life

	// report and service are the newest there are; they stay when the Service is gone.
	report  *check.Report
	service *corev1.Service
	// snapshot is the one that they are of.
	state  *engine.State
	gone   bool
	goneAt time.Time

	// focused is the session that was told to read for this Service.
	focused Session

	step check.Step
	// steered says that the person chose the step or the finding; until then both follow the leading cause.
	steered bool
	// topic is which finding, then which unchecked, is told at the top.
	topic int

	scroll int
	// tailing keeps the end of the logs in view.
	tailing bool
	// drawn are the evidence's lines and rows at the last view, to keep scrolling within bounds.
	drawnLines, drawnRows int

	evidence evidence
	tail     logTail
	client   clientReport

	// turns counts the steps that were chosen by their digits: each is a place to come back to.
	turns int
}

func newServicePage(key model.Key) *servicePage { return &servicePage{key: key} }

func (p *servicePage) opened(sh *shell, l *life) tea.Cmd {
	p.life = l
	return p.follow(sh)
}

func (p *servicePage) closed(sh *shell) {
	if sh.session != nil && p.focused == sh.session {
		sh.session.Focus(nil)
	}
}

func (p *servicePage) about() (model.Key, bool) { return p.key, true }
func (p *servicePage) turn() int                { return p.turns }

func (p *servicePage) again() visitable {
	return &servicePage{key: p.key, steered: p.steered, step: p.step, topic: p.topic, scroll: p.scroll, tailing: p.tailing, turns: p.turns}
}

func (p *servicePage) title() string       { return clean(p.key.Name) }
func (p *servicePage) capturesInput() bool { return false }

func (p *servicePage) crumbs(sh *shell) []string {
	namespace := p.key.Namespace
	if namespace == "" {
		namespace = sh.scope
	}
	return append([]string{namespaceName(namespace), clean(p.key.Name)}, sh.clientCrumb()...)
}

func (p *servicePage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case revealed:
		p.focused = nil
		return p.follow(sh)
	case stateChanged:
		return p.follow(sh)
	case logsArrived:
		p.tail.take(msg)
		p.readHints()
	}
	return nil
}

// follow takes what the newest state says of the Service.
func (p *servicePage) follow(sh *shell) tea.Cmd {
	if !p.placed(sh) {
		return nil
	}
	if sh.session != nil && p.focused != sh.session {
		p.focused = sh.session
		sh.learnRights(p.key.Namespace)
		key := p.key
		sh.session.Focus(&key)
	}
	if sh.state == nil {
		return nil
	}
	report := reportOf(sh.state, p.key)
	service := sh.state.Snapshot.Service(p.key)
	switch {
	case report != nil && !report.Missing:
		p.report, p.service, p.state, p.gone = report.For(p.client.gather(sh, p.key)), service, sh.state, false
	case p.report != nil && !p.report.Missing && sh.state.Settled && servicesKnown(sh.state, p.key.Namespace):
		if !p.gone {
			p.gone, p.goneAt = true, sh.now()
		}
	case report != nil:
		p.report, p.state = report, sh.state
	case p.state == nil || sh.state.Settled:
		p.state = sh.state
	}
	if !p.steered {
		p.topic, p.step = 0, check.StepService
		if p.report != nil {
			if lead := p.report.Leading(); lead != nil {
				p.step = lead.Step
			}
		}
	}
	return p.followLogs(sh)
}

// placed finds the namespace of a Service that was named without one; false while it is not known. Among all namespaces it is the only one
// that has such a Service, or one that the person chooses.
func (p *servicePage) placed(sh *shell) bool {
	switch {
	case p.key.Namespace != "":
		return true
	case sh.connection != connected:
		return false
	case sh.scope != model.AllNamespaces:
		p.key.Namespace = sh.scope
		return true
	case sh.state == nil || !sh.state.Settled:
		return false
	}
	var namesakes []model.Key
	for _, report := range sh.state.Reports {
		if report.Key.Name == p.key.Name && !report.Missing {
			namesakes = append(namesakes, report.Key)
		}
	}
	p.key.Namespace = cmp.Or(sh.info.Namespace, corev1.NamespaceDefault)
	switch {
	case len(namesakes) == 1:
		p.key = namesakes[0]
	case len(namesakes) > 1:
		p.pickNamesake(sh, namesakes)
	}
	return true
}

// pickNamesake asks which of the Services of one name is meant.
func (p *servicePage) pickNamesake(sh *shell, namesakes []model.Key) {
	picking := newPickPage("Service "+clean(p.key.Name)+", in which namespace?", func(sh *shell, namespace string) tea.Cmd {
		sh.replace(newServicePage(model.Key{Namespace: namespace, Name: p.key.Name}))
		return nil
	})
	var items []pickItem
	for _, key := range namesakes {
		item := pickItem{value: key.Namespace, label: clean(key.Namespace)}
		if report := reportOf(sh.state, key); report != nil {
			item.detail = clean(report.Health())
		}
		items = append(items, item)
	}
	picking.picker.setItems(items)
	sh.open(picking)
}

func servicesKnown(state *engine.State, namespace string) bool {
	return state.Snapshot.Coverage(model.Services, namespace).Known()
}

// reportOf finds the report of a Service.
func reportOf(state *engine.State, key model.Key) *check.Report {
	if state == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(state.Reports, key, func(r *check.Report, key model.Key) int { return r.Key.Compare(key) })
	if !ok {
		return nil
	}
	return state.Reports[i]
}

func (p *servicePage) choose(sh *shell, step check.Step) tea.Cmd {
	if step >= check.StepCount {
		return nil
	}
	p.steered = true
	if step != p.step {
		p.step, p.scroll, p.tailing = step, 0, step == check.StepLogs
	}
	return p.followLogs(sh)
}

// summarised is 1 where what stands at the top first is that the Service is well, and advice comes after it.
func (p *servicePage) summarised() int {
	if len(p.report.Findings) > 0 && p.report.Leading() == nil {
		return 1
	}
	return 0
}

// topics is how many findings and unchecked there are to tell, the summary included where there is one.
func (p *servicePage) topics() int {
	if p.report == nil {
		return 0
	}
	return p.summarised() + len(p.report.Findings) + len(p.report.Unchecked)
}

func (p *servicePage) nextTopic(sh *shell) tea.Cmd {
	if p.topics() == 0 {
		return nil
	}
	p.steered = true
	p.topic = (p.topic + 1) % p.topics()
	if place := p.topic - p.summarised(); place >= 0 && place < len(p.report.Findings) {
		return p.choose(sh, p.report.Findings[place].Step)
	}
	return nil
}

func (p *servicePage) scrollBy(lines int) {
	last := max(p.drawnLines-p.drawnRows, 0)
	p.scroll = max(min(p.scroll+lines, last), 0)
	p.tailing = p.step == check.StepLogs && p.scroll == last
}

// chosen is the Service shown, or why nothing can be done with it.
func (p *servicePage) chosen(*shell) (key model.Key, whyNone string) {
	switch {
	case p.report == nil:
		return p.key, "the Service is not read yet"
	case p.report.Missing:
		return p.key, "there is no such Service"
	}
	return p.key, ""
}

func (p *servicePage) bindings() []binding {
	act := func(run func()) func(*shell) tea.Cmd {
		return func(*shell) tea.Cmd { run(); return nil }
	}
	all := []binding{
		{
			keys: []string{"1", "2", "3", "4", "5", "6", "7"}, label: "1–7", name: "step", help: "shows the evidence of a step",
			runKey: func(sh *shell, key string) tea.Cmd {
				if step := check.Step(digit(key) - 1); step != p.step {
					p.turns++
					return p.choose(sh, step)
				}
				return p.choose(sh, p.step)
			},
		},
		{
			keys: []string{"tab"}, label: "Tab", name: "next finding", help: "tells the next finding, or what could not be checked",
			disabled: func(*shell) string {
				if p.topics() < 2 {
					return "there is nothing else to tell"
				}
				return ""
			},
			run: p.nextTopic,
		},
	}
	for _, action := range append([]binding{clientAction(p.chosen)}, serviceActions(p.chosen)...) {
		action.minor = strings.Contains("wpvyd", action.keys[0])
		all = append(all, action)
	}
	return append(all,
		binding{keys: []string{"esc"}, name: "back", help: "goes back", run: func(sh *shell) tea.Cmd { sh.back(); return nil }},
		binding{keys: []string{"down", "j"}, help: "selects the next step", run: func(sh *shell) tea.Cmd { return p.choose(sh, p.step+1) }},
		binding{keys: []string{"up", "k"}, help: "selects the step before", run: func(sh *shell) tea.Cmd {
			if p.step == 0 {
				return nil
			}
			return p.choose(sh, p.step-1)
		}},
		binding{keys: []string{"pgdown", "ctrl+f", "space"}, label: "PgDn Ctrl-F", help: "scrolls the evidence down; Space too", run: act(func() { p.scrollBy(max(p.drawnRows-1, 1)) })},
		binding{keys: []string{"pgup", "ctrl+b"}, help: "scrolls the evidence up", run: act(func() { p.scrollBy(-max(p.drawnRows-1, 1)) })},
		binding{keys: []string{"g", "home"}, help: "goes to the beginning of the evidence", run: act(func() { p.scrollBy(-p.drawnLines) })},
		binding{keys: []string{"G", "end"}, help: "goes to the end of the evidence", run: act(func() { p.scrollBy(p.drawnLines) })},
	)
}

func (p *servicePage) status(sh *shell) string {
	t := &sh.theme
	if p.service == nil || sh.width < 90 {
		return ""
	}
	text := clean(string(p.service.Spec.Type)) + "  " + cut(portsText(p.service), 30)
	if p.report != nil && p.report.Counted {
		text += fmt.Sprintf("  %d/%d ready", p.report.Usable, p.report.Selected)
	}
	return t.dim.on(text)
}

const (
	stepsWidth = 30
	// sideBySideWidth is from where on the steps stand beside the evidence.
	sideBySideWidth = 96
	leastEvidence   = 8
)

func (p *servicePage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if p.state != nil {
		p.evidence.gather(p.state.Snapshot, p.key, p.step, sh.now())
	}
	if p.report == nil || p.report.Missing && p.service == nil && len(p.report.Findings) == 0 {
		return strings.Join(fitLines(p.drawMissing(sh, width), width, height), "\n")
	}
	top := p.drawTop(sh, width, max(height-leastEvidence-2, 4), height >= 30)
	lines := top
	if width >= sideBySideWidth && height-len(top) > int(check.StepCount) {
		rule := strings.Repeat(glyphRule, stepsWidth) + glyphTee + strings.Repeat(glyphRule, width-stepsWidth-1)
		lines = append(lines, t.rule.on(rule))
		rows := height - len(lines)
		steps := fitLines(p.drawSteps(sh, stepsWidth), stepsWidth, rows)
		evidence := p.drawEvidence(sh, width-stepsWidth-4)
		evidence = p.window(append(evidence, p.drawNewestEvents(sh, width-stepsWidth-4, rows-len(evidence))...), rows, t)
		wall := t.rule.on(glyphWall)
		for i := range rows {
			lines = append(lines, left(steps[i], stepsWidth)+wall+"  "+evidence[i])
		}
		return strings.Join(fitLines(lines, width, height), "\n")
	}
	lines = append(lines, t.rule.on(strings.Repeat(glyphRule, width)), p.drawStepLine(sh, width))
	rows := max(height-len(lines), 0)
	for _, line := range p.window(p.drawEvidence(sh, width-3), rows, t) {
		lines = append(lines, " "+line)
	}
	return strings.Join(fitLines(lines, width, height), "\n")
}

// window cuts the visible rows out of the evidence, and says at its end how much more there is.
func (p *servicePage) window(lines []string, rows int, t *theme) []string {
	p.drawnLines, p.drawnRows = len(lines), rows
	if p.tailing {
		p.scroll = max(len(lines)-rows, 0)
	}
	if p.scroll > 0 {
		p.scroll = max(min(p.scroll, len(lines)-rows), 0)
	}
	out := make([]string, rows)
	copy(out, lines[min(p.scroll, len(lines)):])
	if rest := len(lines) - p.scroll - rows; rest > 0 && rows > 0 {
		out[rows-1] = t.accent.on("↓") + t.dim.on(fmt.Sprintf(" %s more, PgDn", count(rest+1, "line", "lines")))
	}
	return out
}

// wakeAt is when an age on the screen reads differently.
func (p *servicePage) wakeAt(sh *shell) time.Time {
	// Evidence is full of ages; all of them move on whole minutes at the finest.
	return sh.now().Truncate(time.Minute).Add(time.Minute)
}
