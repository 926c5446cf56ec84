package tui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
)

// visitable is a page that [ and ] lead back to. Dialogs and the help are none.
type visitable interface {
	page
	// again is a page like this one, not opened yet, that shows what this one shows now. Opening it asks nothing of the cluster that
	// a person did not ask for: a test that was run is shown, not run again.
	again() visitable
	// about is the Service of the page; the zero Key for none, and one without a namespace while that is not known.
	about() (service model.Key, some bool)
}

// turned pages have several places of their own; another number is another place.
type turned interface{ turn() int }

// visit is what was shown: a namespace's Services, or what was opened over them.
type visit struct {
	scope string
	// pages are those above home that are on the stack, while this is the place where one is; nil once it was left.
	pages []visitable
	turn  int
	// kept are pages like these, to come back with.
	kept []visitable
	// seen is true once the place's Service was there.
	seen bool
}

// history is the places of one context, the oldest first, and where in it one is.
type history struct {
	places []*visit
	at     int
	// arriving is the place one went to while it is not known whether its Service is still there; nil for none.
	arriving *visit
}

const placesKept = 100

// historyHere is that of the context; nil before it was connected to.
func (sh *shell) historyHere() *history { return sh.histories[sh.info.Context] }

// visitNow is where one is; false while that is no place to come back to.
func (r *root) visitNow() (visit, bool) {
	now := visit{scope: r.sh.scope}
	if r.sh.connection != connected {
		return now, false
	}
	for _, f := range r.stack {
		p, ok := f.page.(visitable)
		if !ok {
			continue
		}
		if service, some := p.about(); some && service.Namespace == "" {
			return now, false
		}
		now.pages = append(now.pages, p)
		now.turn = 0
		if t, ok := p.(turned); ok {
			now.turn = t.turn()
		}
	}
	return now, true
}

func (p *visit) same(other *visit) bool {
	return p.scope == other.scope && p.turn == other.turn && slices.Equal(p.pages, other.pages)
}

// service is the one that a place is about; false for none.
func (p *visit) service() (model.Key, bool) {
	for _, opened := range slices.Backward(p.kept) {
		if key, some := opened.about(); some {
			return key, true
		}
	}
	return model.Key{}, false
}

// isHome is true of a place that is a list and nothing over it.
func (p *visit) isHome() bool { return len(p.pages)+len(p.kept) == 0 }

// keepPlace notes how the place looks that is about to be left, perhaps.
func (r *root) keepPlace() {
	h := r.sh.historyHere()
	now, ok := r.visitNow()
	if !ok || h == nil || !h.places[h.at].same(&now) {
		return
	}
	here := h.places[h.at]
	here.kept = nil
	for _, p := range here.pages {
		here.kept = append(here.kept, p.again())
	}
	if key, some := here.service(); some && !gone(r.sh.state, key) && r.sh.state != nil && r.sh.state.Settled {
		here.seen = true
	}
}

// recordPlace takes up where one is, when it is another place than before. instead puts it in the place of the last one.
func (r *root) recordPlace(instead bool) {
	now, ok := r.visitNow()
	if !ok {
		return
	}
	sh := r.sh
	h := sh.historyHere()
	switch {
	case h == nil:
		if sh.histories == nil {
			sh.histories = map[string]*history{}
		}
		sh.histories[sh.info.Context] = &history{places: []*visit{&now}}
		return
	case h.places[h.at].same(&now):
		return
	case instead:
		h.places = append(h.places[:h.at], &now)
	default:
		h.places[h.at].pages = nil
		h.places = append(h.places[:h.at+1], &now)
	}
	if extra := len(h.places) - placesKept; extra > 0 {
		h.places = slices.Delete(h.places, 0, extra)
	}
	h.at, h.arriving = len(h.places)-1, nil
}

// gone tells whether a Service that was there is known to be there no more.
func gone(state *engine.State, key model.Key) bool {
	covered := state != nil && (state.Scope == model.AllNamespaces || state.Scope == key.Namespace)
	return covered && state.Settled && servicesKnown(state, key.Namespace) && reportOf(state, key) == nil
}

// whyNoPlace says why there is no place in a direction; empty where there is one.
func (sh *shell) whyNoPlace(by int) string {
	h := sh.historyHere()
	switch {
	case sh.notConnected() != "":
		return sh.notConnected()
	case h != nil && h.at+by >= 0 && h.at+by < len(h.places):
		return ""
	case by > 0:
		return "nothing was shown after this"
	case len(sh.histories) > 1:
		return "nothing was shown before this in context " + contextName(sh) + "; :ctx goes to another, where its places are kept"
	}
	return "nothing was shown before this"
}

// travel goes to the place before the present one, or after it.
func (r *root) travel(by int) tea.Cmd {
	h := r.sh.historyHere()
	if r.sh.whyNoPlace(by) != "" {
		return nil
	}
	to := h.places[h.at+by]
	if key, some := to.service(); some && to.seen && gone(r.sh.state, key) {
		h.forget(h.at + by)
		further := ""
		if r.sh.whyNoPlace(by) == "" {
			further = "; the same key again goes further"
		}
		return r.note(noteInfo, fmt.Sprintf("Service %s is gone since it was shown%s", key, further))
	}
	h.places[h.at].pages = nil
	h.at += by
	h.arriving = to
	commands := []tea.Cmd{}
	if to.scope != r.sh.scope {
		commands = append(commands, r.setScope(to.scope))
	} else {
		commands = append(commands, r.popToHome())
	}
	for _, p := range to.kept {
		commands = append(commands, r.push(p))
	}
	to.pages = to.kept
	if now, ok := r.visitNow(); ok {
		to.turn = now.turn
	}
	return tea.Batch(commands...)
}

// forget takes a place out of the history, and keeps the position.
func (h *history) forget(i int) {
	h.places = slices.Delete(h.places, i, i+1)
	if i < h.at {
		h.at--
	}
	h.join()
}

// join makes one of two lists that have come to lie side by side, where one is: a key that leads from one to the other would seem dead.
func (h *history) join() {
	here := h.places[h.at]
	for _, i := range []int{h.at + 1, h.at - 1} {
		if i >= 0 && i < len(h.places) && here.isHome() && h.places[i].isHome() && here.scope == h.places[i].scope {
			h.places = slices.Delete(h.places, i, i+1)
			h.at = slices.Index(h.places, here)
		}
	}
}

// arrive goes on to the list when the place that was gone to turns out to have lost its Service.
func (r *root) arrive() tea.Cmd {
	h := r.sh.historyHere()
	if h == nil || h.arriving == nil || r.sh.state == nil || !r.sh.state.Settled {
		return nil
	}
	to := h.arriving
	h.arriving = nil
	key, some := to.service()
	if !some || !to.seen || !gone(r.sh.state, key) {
		return nil
	}
	noted := r.note(noteInfo, fmt.Sprintf("Service %s is gone since it was shown; these are the Services of %s", key, r.sh.scopeName()))
	to.pages, to.kept, to.turn = nil, nil, 0
	h.join()
	return tea.Batch(noted, r.popToHome())
}

// historyBindings are the keys that k9s has for it.
func historyBindings() []binding {
	key := func(name, help string, by int) binding {
		return binding{
			keys: []string{name}, help: help,
			disabled: func(sh *shell) string { return sh.whyNoPlace(by) },
			run:      func(sh *shell) tea.Cmd { sh.ask(func(r *root) tea.Cmd { return r.travel(by) }); return nil },
		}
	}
	return []binding{
		key("[", "goes back to what was shown before: a namespace, a Service, a step, a test", -1),
		key("]", "goes forward again", 1),
	}
}
