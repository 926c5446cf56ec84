package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// eventsPage lists what the controllers said of a Service, its slices, its Pods and their workload, newest
// first, whole.
type eventsPage struct {
	reader
	service  model.Key
	session  Session
	evidence check.EventEvidence
	snapshot *model.Snapshot
	now      time.Time
}

func newEventsPage(service model.Key) *eventsPage {
	p := &eventsPage{reader: newReader(), service: service}
	p.words = true
	return p
}

func (p *eventsPage) about() (model.Key, bool) { return p.service, true }
func (p *eventsPage) again() visitable         { return newEventsPage(p.service) }

func (p *eventsPage) title() string { return "events" }
func (p *eventsPage) crumbs(*shell) []string {
	return []string{namespaceName(p.service.Namespace), clean(p.service.Name), "events"}
}

func (p *eventsPage) opened(sh *shell, _ *life) tea.Cmd {
	p.refresh(sh)
	return nil
}

func (p *eventsPage) closed(sh *shell) { unfocus(sh, p.session) }

func (p *eventsPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case stateChanged, revealed, tick:
		p.refresh(sh)
		return nil
	}
	p.reader.update(msg)
	return nil
}

func (p *eventsPage) bindings() []binding { return p.keys() }

// refresh lists the events anew, and keeps the place: what was read last stays where it was.
func (p *eventsPage) refresh(sh *shell) {
	if sh.session != nil && p.session != sh.session {
		p.session = sh.session
		p.session.Focus(&p.service)
	}
	if sh.state == nil {
		return
	}
	now := sh.now()
	if sh.state.Snapshot == p.snapshot && now.Sub(p.now) < time.Second {
		return
	}
	p.snapshot, p.now = sh.state.Snapshot, now
	p.evidence = check.EventList(p.snapshot, p.service)
	before, wasTop, row, query, found := len(p.lines), p.top, p.topRow, p.query, p.found
	fresh := newScroller()
	fresh.words, fresh.wrap, fresh.left = true, p.wrap, p.left
	fresh.width, fresh.height = p.width, p.height
	fresh.add(eventLines(p.evidence.Rows, now)...)
	p.scroller = fresh
	if query != "" {
		p.find(query)
	}
	p.top, p.topRow, p.found = wasTop, row, found
	if wasTop > 0 || row > 0 {
		p.top += len(p.lines) - before
	}
	p.top = max(0, p.top)
	p.clamp()
}

// eventLines writes events: who, what, when and how often on one line, the message below, the next after a gap.
func eventLines(rows []check.EventRow, now time.Time) []scrollLine {
	whens := make([]string, len(rows))
	wide, reasons := 0, 0
	for i, row := range rows {
		whens[i] = age(row.Last, now) + " ago"
		if row.Count > 1 {
			whens[i] += fmt.Sprintf(", ×%d in %s", row.Count, strings.TrimPrefix(age(row.First, row.Last), "<"))
		}
		wide, reasons = max(wide, cells(whens[i])), max(reasons, min(24, cells(clean(row.Reason))))
	}
	lines := make([]scrollLine, 0, 3*len(rows))
	for i, row := range rows {
		mark, lead := glyphPending, 0
		if row.Warning {
			mark, lead = glyphWarn, len(" "+glyphWarn)
		}
		head := " " + mark + " " + left(whens[i], wide) + "  " + left(clean(row.Reason), reasons) + "  " + clean(row.Kind+" "+row.Name)
		if row.From != "" {
			head += "  (" + clean(row.From) + ")"
		}
		lines = append(lines, scrollLine{text: head, tone: toneStrong, lead: lead}, scrollLine{text: cleanLine(row.Message), indent: 3}, scrollLine{})
	}
	return lines
}

func (p *eventsPage) status(sh *shell) string {
	t := &sh.theme
	if len(p.evidence.Rows) == 0 {
		return ""
	}
	text := t.dim.on(count(len(p.evidence.Rows), "event", "events"))
	if p.evidence.Warnings > 0 {
		text = t.warn.on(count(p.evidence.Warnings, "warning", "warnings")) + "  " + text
	}
	return text
}

func (p *eventsPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if len(p.evidence.Rows) > 0 {
		return strings.Join(p.draw(sh, width, height, ""), "\n")
	}
	text := "No event is known of this Service, its Pods and their workload. The API server forgets events, after one hour by default: none is no proof of anything."
	coverage := p.evidence.Coverage
	switch {
	case sh.state == nil:
		text = "Reading …"
	case sh.state.Snapshot.Service(p.service) == nil:
		text = "The Service is not there, so nothing can be told of its events."
	case coverage.Pending():
		text = "Reading the events …"
	case !p.evidence.Known:
		text = "The events cannot be read: " + coverage.State.String() + ". " + clean(coverage.Reason)
	}
	return "\n" + strings.Join(indented(t.dim, wrap(text, width-6)), "\n")
}

// wakeAt is when the nearest age reads differently.
func (p *eventsPage) wakeAt(sh *shell) time.Time {
	var nearest time.Time
	now := sh.now()
	for _, row := range p.evidence.Rows {
		if at := nextAge(row.Last, now); nearest.IsZero() || at.Before(nearest) {
			nearest = at
		}
	}
	return nearest
}
