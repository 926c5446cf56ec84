package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// evidence is what the selected step shows. It is made once a state and step, not once a frame.
type evidence struct {
	snapshot *model.Snapshot
	step     check.Step

	facts     check.Facts
	endpoints check.EndpointEvidence
	selector  check.SelectorEvidence
	pods      check.PodEvidence
	events    check.EventEvidence
}

// gather reads the evidence of a step out of a snapshot.
func (e *evidence) gather(snapshot *model.Snapshot, key model.Key, step check.Step, now time.Time) {
	if e.snapshot == snapshot && e.step == step {
		return
	}
	events := e.events
	if e.snapshot != snapshot {
		events = check.EventList(snapshot, key)
	}
	*e = evidence{snapshot: snapshot, step: step, events: events}
	switch step {
	case check.StepService:
		e.facts = check.ServiceFacts(snapshot, key)
	case check.StepEndpoints:
		e.endpoints = check.EndpointTable(snapshot, key)
	case check.StepSelector:
		e.selector = check.SelectorTable(snapshot, key)
	case check.StepReadiness:
		e.pods = check.PodTable(check.Input{Snapshot: snapshot, Now: now}, key)
	}
}

// notKnown says why there is nothing to show of a kind; nil where it is known.
func notKnown(t *theme, what string, known bool, coverage model.Coverage, width int) []string {
	if known && coverage.State != model.Stale {
		return nil
	}
	var text string
	s := t.unknown
	switch coverage.State {
	case model.NotAsked, model.Syncing:
		return []string{t.warn.on(glyphSyncing) + t.dim.on(" Reading "+what+glyphMore)}
	case model.Stale:
		text = "? " + what + " as they were at " + coverage.Since.Local().Format("15:04:05") + "; nothing was heard since."
	case model.Forbidden:
		verb := coverage.Verb
		if verb == "" {
			verb = "list"
		}
		text = "? You may not " + verb + " " + what + ", so what there is stays unknown. " + coverage.Reason
	default:
		text = "? " + what + " could not be read: " + coverage.State.String() + ". " + coverage.Reason
	}
	var lines []string
	for _, line := range wrap(clean(strings.TrimSpace(text)), width) {
		lines = append(lines, s.on(line))
	}
	return append(lines, "")
}

// pairs draws names at the left and texts beside them, wrapped.
type pairs struct {
	t     *theme
	width int
	label int
	lines []string
}

func (p *pairs) add(name string, s style, text string) {
	if text == "" {
		return
	}
	label := p.t.heading.on(left(name, p.label))
	for _, line := range wrap(text, max(p.width-p.label-2, 10)) {
		p.lines = append(p.lines, label+"  "+s.on(line))
		label = left("", p.label)
	}
}

// changedText says "3m ago by helm"; empty where it is not known.
func changedText(change model.FieldChange, now time.Time) string {
	if change.At.IsZero() {
		return ""
	}
	text := age(change.At, now) + " ago"
	if change.Manager != "" {
		text += " by " + clean(change.Manager)
	}
	return text
}

func number(n int) string { return fmt.Sprint(n) }
