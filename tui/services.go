package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// servicesPage is home: the Services of the scope, worst first.
type servicesPage struct {
	life *life
	list serviceList

	input  input
	typing bool

	// namespaces is asked for when the list is empty, to tell "none here" from "no such namespace"; nil while
	// that is not known.
	namespaces      []string
	namespacesAsked bool
	asking          turn

	rows int
}

type namespacesRead struct {
	names []string
	err   error
}

func newServicesPage() *servicesPage {
	return &servicesPage{list: newServiceList(), input: newInput("/", "")}
}

func (p *servicesPage) opened(sh *shell, l *life) tea.Cmd {
	p.life = l
	p.list.take(sh.state, sh.withTest)
	return nil
}

func (p *servicesPage) title() string       { return "" }
func (p *servicesPage) capturesInput() bool { return p.typing }

func (p *servicesPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case stateChanged, revealed:
		return p.follow(sh)
	case tick:
		if len(sh.tests) > 0 {
			// How long ago a test was is part of what its row says.
			p.list.take(sh.state, sh.withTest)
		}
	case namespacesRead:
		if msg.err == nil {
			p.namespaces = msg.names
		}
	case tea.KeyPressMsg:
		if p.typing {
			p.typed(msg)
		}
	case tea.PasteMsg:
		if p.typing {
			p.toInput(msg)
		}
	}
	return nil
}

func (p *servicesPage) follow(sh *shell) tea.Cmd {
	if sh.state == nil {
		p.asking.cancel()
		p.namespaces, p.namespacesAsked = nil, false
	}
	p.list.take(sh.state, sh.withTest)
	if sh.state == nil || !sh.state.Settled || len(p.list.all) > 0 || p.namespacesAsked || sh.session == nil {
		return nil
	}
	p.namespacesAsked = true
	session := sh.session
	return p.asking.do(p.life, func(ctx context.Context) tea.Msg {
		names, err := session.Namespaces(ctx)
		return namespacesRead{names, err}
	})
}

func (p *servicesPage) typed(msg tea.KeyPressMsg) {
	switch msg.String() {
	case "enter":
		p.typing = false
	case "esc":
		p.clearFilter()
	case "up":
		p.move(-1)
	case "down":
		p.move(1)
	default:
		p.toInput(msg)
	}
}

func (p *servicesPage) toInput(msg tea.Msg) {
	p.input.update(msg)
	if value := p.input.value(); value != p.list.filter {
		p.list.freeze()
		p.list.setFilter(value)
	}
}

func (p *servicesPage) clearFilter() {
	p.typing = false
	p.input.set("")
	p.list.setFilter("")
}

// escape clears the filter, then the restriction to what is broken, and leaves a namespace that does not exist.
func (p *servicesPage) escape(sh *shell) bool {
	switch {
	case p.nowhere(sh) && sh.scopeBefore != nil:
		sh.setScope(*sh.scopeBefore)
	case p.list.filter != "":
		p.clearFilter()
	case p.list.brokenOnly:
		p.toggleBroken()
	default:
		return false
	}
	return true
}

func (p *servicesPage) toggleBroken() {
	p.list.freeze()
	p.list.brokenOnly = !p.list.brokenOnly
	p.list.rebuild()
}

func (p *servicesPage) move(by int) {
	p.list.freeze()
	p.list.moveTo(p.list.index + by)
}

// chosen is the selected Service, or why there is none.
func (p *servicesPage) chosen(*shell) (key model.Key, whyNone string) {
	if p.list.selected == nil {
		return model.Key{}, "no Service is selected"
	}
	return p.list.selected.key, ""
}

func (p *servicesPage) noneSelected(sh *shell) string {
	_, whyNone := p.chosen(sh)
	return whyNone
}

func (p *servicesPage) bindings() []binding {
	act := func(run func(sh *shell)) func(*shell) tea.Cmd {
		return func(sh *shell) tea.Cmd { run(sh); return nil }
	}
	move := func(by func() int) func(*shell) tea.Cmd {
		return act(func(*shell) { p.move(by()) })
	}
	fixed := func(n int) func() int { return func() int { return n } }
	if p.typing {
		return []binding{
			{keys: []string{"enter"}, name: "keep the filter"},
			{keys: []string{"esc"}, name: "clear it"},
			{keys: []string{"up", "down"}, name: "select"},
		}
	}
	all := []binding{{
		keys: []string{"enter"}, name: "inspect", help: "opens the Service", disabled: p.noneSelected,
		run: act(func(sh *shell) { p.list.freeze(); sh.open(newServicePage(p.list.selected.key)) }),
	}}
	for _, action := range serviceActions(p.chosen) {
		// One does these after a look at the Service.
		action.minor = strings.Contains("lpvydcr", action.keys[0])
		all = append(all, action)
	}
	all = append(all,
		binding{
			keys: []string{"/"}, name: "filter",
			help: "filters: words that must all occur; !text for what must not, -f for fuzzy names, -l key=value for labels",
			run:  act(func(*shell) { p.typing = true }),
		},
		binding{keys: []string{"!"}, name: "broken only", help: "shows the broken ones only, and all again", run: act(func(*shell) { p.toggleBroken() })},
		binding{keys: []string{"="}, help: "sorts again, by what is known now", run: act(func(*shell) { p.list.sort() })},
		binding{
			keys: []string{"0"}, name: "all namespaces", help: "shows all namespaces", disabled: (*shell).notConnected,
			run: act(func(sh *shell) { sh.setScope(model.AllNamespaces) }),
		},
		binding{
			keys: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, label: "1–9", help: "shows a namespace that was shown before",
			disabled: func(sh *shell) string {
				if len(sh.recent) == 0 {
					return "no namespace was shown yet"
				}
				return sh.notConnected()
			},
			runKey: func(sh *shell, key string) tea.Cmd {
				if n := digit(key); n <= len(sh.recent) {
					sh.setScope(sh.recent[n-1])
				} else {
					sh.notify(noteInfo, fmt.Sprintf("only %s shown so far", count(len(sh.recent), "namespace was", "namespaces were")))
				}
				return nil
			},
		},
		binding{keys: []string{"down", "j"}, help: "selects the next Service", run: move(fixed(1))},
		binding{keys: []string{"up", "k"}, help: "selects the one before", run: move(fixed(-1))},
		binding{keys: []string{"g", "home"}, help: "selects the first", run: act(func(*shell) { p.list.freeze(); p.list.moveTo(0) })},
		binding{keys: []string{"G", "end"}, help: "selects the last", run: act(func(*shell) { p.list.freeze(); p.list.moveTo(len(p.list.shown) - 1) })},
		binding{keys: []string{"pgdown", "ctrl+f"}, help: "moves a page down", run: move(func() int { return max(p.rows-1, 1) })},
		binding{keys: []string{"pgup", "ctrl+b"}, help: "moves a page up", run: move(func() int { return -max(p.rows-1, 1) })},
	)
	return append(all, p.sortBinding())
}

// sortBinding is one binding for all columns, or the help would be full of it.
func (p *servicesPage) sortBinding() binding {
	byLetter := map[string]serviceColumn{}
	var letters, names []string
	for c := range serviceColumns {
		if letter := c.letter(); letter != "" {
			byLetter[letter] = c
			letters = append(letters, letter)
			names = append(names, letter+" "+c.heading())
		}
	}
	return binding{
		keys: letters, label: "Shift-letter",
		help: "sorts by a column, and again turns the order around: " + strings.Join(names, ", "),
		runKey: func(_ *shell, key string) tea.Cmd {
			p.list.freeze()
			p.list.sortBy(byLetter[key])
			return nil
		},
	}
}

// crumbs name the chosen client where a test from it may have made a row red; all else in the list is judged for everybody.
func (p *servicesPage) crumbs(sh *shell) []string {
	crumbs := []string{namespaceName(sh.scope)}
	for service := range sh.tests {
		if failed, found := sh.failedTest(service); found && failed.conclusion.OnlyForClient {
			return append(crumbs, sh.clientCrumb()...)
		}
	}
	return crumbs
}

func (p *servicesPage) status(sh *shell) string {
	if len(p.list.all) == 0 {
		return ""
	}
	t := &sh.theme
	sums := p.list.sums()
	var parts []string
	for _, v := range []check.Verdict{check.Fail, check.Warn, check.Unknown, check.Partial, check.OK} {
		glyph, s := t.mark(markOfVerdict(v))
		if sums[v] == 0 {
			if v == check.Unknown || v == check.Partial {
				continue
			}
			s = t.dim
		}
		if v == check.Fail && sums[v] > 0 {
			s = s.bold()
		}
		parts = append(parts, s.on(fmt.Sprintf("%s %d", glyph, sums[v])))
	}
	text := strings.Join(parts, "  ")
	total := count(len(p.list.all), "Service", "Services")
	if len(p.list.shown) != len(p.list.all) {
		total = fmt.Sprintf("%d of %s", len(p.list.shown), total)
	}
	if sh.width >= 90 {
		text += "   " + t.dim.on(total)
	}
	return text
}

const (
	panelHeight     = 3
	tallPanelHeight = 5
)

func (p *servicesPage) view(sh *shell, width, height int) string {
	panel := panelHeight
	switch {
	case height >= 30:
		panel = tallPanelHeight
	case height >= 18 && width < 110:
		// A narrow line seldom holds the cause.
		panel++
	}
	if height < 12 {
		panel = 0
	}
	if len(p.list.shown) == 0 {
		p.rows = 1
		lines := p.drawNoServices(sh, width, height)
		if p.typing || p.list.filter != "" {
			lines[height-1] = p.noticeLine(sh, width)
		}
		return strings.Join(lines, "\n")
	}
	table := height
	if panel > 0 {
		table -= panel + 1
	}
	notice := p.noticeLine(sh, width)
	if notice != "" {
		table--
	}
	p.rows = max(table-1, 1)
	lines := fitLines(drawServices(sh, &p.list, width, table), width, table)
	if notice != "" {
		lines = append(lines, notice)
	}
	if panel > 0 {
		lines = append(lines, sh.theme.rule.on(strings.Repeat(glyphRule, width)))
		lines = append(lines, drawPanel(sh, p.list.selected, width, panel)...)
	}
	return strings.Join(lines, "\n")
}

// noticeLine says what is filtered and what waits to be sorted; empty when neither.
func (p *servicesPage) noticeLine(sh *shell, width int) string {
	t := &sh.theme
	var parts []string
	switch {
	case p.typing:
		parts = append(parts, p.input.view(max(width/2, 10)))
	case p.list.filter != "":
		parts = append(parts, t.accent.on("/"+clean(p.list.filter))+t.dim.on("  Esc clears"))
	}
	if p.list.brokenOnly {
		parts = append(parts, t.warn.on("broken only")+t.dim.on("  ! shows all"))
	}
	broken, others := p.list.waiting()
	switch {
	case broken > 0:
		parts = append(parts, t.warn.on(fmt.Sprintf("↑ %d newly broken, = sorts again", broken)))
	case others > 0:
		parts = append(parts, t.dim.on(count(others, "verdict has changed", "verdicts have changed")+", = sorts again"))
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + strings.Join(parts, "    ")
}

// wakeAt is the nearest time at which a visible age reads differently.
func (p *servicesPage) wakeAt(sh *shell) time.Time {
	now := sh.now()
	var next time.Time
	end := min(p.list.offset+p.list.page, len(p.list.shown))
	for _, row := range p.list.shown[min(p.list.offset, end):end] {
		for _, since := range []time.Time{row.report.Since, created(row)} {
			if at := nextAge(since, now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}
