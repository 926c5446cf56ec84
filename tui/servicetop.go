package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// drawTop draws the route and what is said of it: cause, class, reason, fix. It takes at most so many lines,
// and gives up the reason first, then the note; the fix stays whole as long as anything does.
func (p *servicePage) drawTop(sh *shell, width, height int, airy bool) []string {
	t := &sh.theme
	const indent = 5
	pad := strings.Repeat(" ", indent)
	room := width - indent - 1
	var lines []string
	if p.gone {
		lines = append(lines, " "+t.warnBadge.on(" "+glyphWarn+" ")+" "+
			t.strong.on("This Service was deleted")+t.dim.on(" at "+p.goneAt.Local().Format("15:04:05")+"; this is its last state. Esc goes back."))
	}
	if route := drawRoute(t, p.report.Route, width-4); route != "" {
		lines = append(lines, "   "+route)
	}
	if airy {
		lines = append(lines, "")
	}
	text := p.topicText(sh)
	if text.mark != check.MarkNone {
		glyph, _ := t.mark(text.mark)
		for i, line := range wrap(text.head, room) {
			prefix := pad
			if i == 0 {
				prefix = " " + t.badge(text.mark).on(" "+glyph+" ") + " "
			}
			lines = append(lines, prefix+t.strong.on(line))
		}
	}
	meta, suffering := wrapAll(text.meta, room), wrapAll(text.suffering, room)
	why, note := wrapAll(text.why, min(room, 110)), wrapAll(text.note, min(room-5, 105))
	fix := layCommand(text.command, room-5)
	left := height - len(lines) - len(fix)
	take := func(section *[]string) {
		if len(*section) > max(left, 0) {
			*section = nil
		}
		left -= len(*section)
	}
	take(&meta)
	take(&suffering)
	take(&note)
	take(&why)
	for _, line := range meta {
		lines = append(lines, pad+t.dim.on(line))
	}
	for _, line := range suffering {
		lines = append(lines, pad+t.warn.on(line))
	}
	for _, line := range why {
		lines = append(lines, pad+t.text.on(line))
	}
	if airy && len(fix)+len(note) > 0 && left > 0 {
		lines = append(lines, "")
		left--
	}
	label := text.label.drawn(t)
	for _, line := range fix {
		if line.flush {
			lines = append(lines, t.text.on(line.text))
			continue
		}
		lines = append(lines, pad+label+t.text.on(line.text))
		label = "     "
	}
	for _, line := range note {
		lines = append(lines, pad+label+t.dim.on(line))
		label = "     "
	}
	if airy && left > 0 {
		lines = append(lines, "")
	}
	return lines
}

// topicText is what is told at the top of one finding or one unchecked.
type topicText struct {
	mark                  check.Mark
	head, meta, why, note string
	// suffering says who suffers from it.
	suffering string
	command   string
	label     fixLabel
}

func (p *servicePage) topicText(sh *shell) topicText {
	r := p.report
	if total := p.topics(); p.topic >= total {
		p.topic = max(total-1, 0)
	}
	more := ""
	if total := p.topics(); total > 1 {
		more = fmt.Sprintf("%d of %d, Tab shows the next", p.topic+1, total)
	}
	place := p.topic - p.summarised()
	switch {
	case place < 0:
	case place < len(r.Findings):
		f := &r.Findings[place]
		text := topicText{mark: markOfFinding(f), head: clean(f.Title), why: clean(f.Why)}
		if p.topic == 0 {
			text.mark = markOfLead(r)
			text.suffering = sufferingText(r)
		}
		parts := []string{f.ID, f.Severity.String() + ", " + f.Confidence.String()}
		if f.Cause != nil {
			parts = append(parts, clean(f.Cause.Text)+" ("+f.Cause.Confidence.String()+")")
		}
		if !f.Since.IsZero() {
			parts = append(parts, "since "+age(f.Since, sh.now()))
		}
		if f.Settling {
			parts = append(parts, "settling: too young to be called a fault")
		}
		text.meta = joined(append(parts, more))
		if f.Fix != nil {
			text.command, text.note, text.label = f.Fix.Command, clean(f.Fix.Note), labelOf(f.Fix)
		}
		return text
	case place-len(r.Findings) < len(r.Unchecked):
		u := &r.Unchecked[place-len(r.Findings)]
		if u.Coverage.Pending() {
			return topicText{mark: check.MarkPending, head: joined([]string{uncheckedText(u), more})}
		}
		return topicText{
			mark: check.MarkUnknown, head: uncheckedText(u),
			meta: joined([]string{strings.Join(u.Check, " "), more}),
			why:  strings.TrimSpace(check.Sentence(clean(u.Coverage.Reason)) + " What these checks would have found is unknown: neither good nor bad."),
		}
	}
	text := topicText{mark: markOfVerdict(r.Verdict), meta: joined([]string{reachedText(r), more})}
	failed, found := sh.failedTest(p.key)
	switch {
	case found && r.Verdict != check.Unknown:
		text.mark = check.MarkFail
		text.head = clean(failed.conclusion.Text)
		text.why = "The isolation test" + failed.from() + " found it " + age(failed.at, sh.now()) + " ago; what the API server tells shows no fault."
		if failed.conclusion.OnlyForClient {
			text.why = "The isolation test" + failed.from() + " found it " + age(failed.at, sh.now()) + " ago. It is known of that client alone: others may be served."
		}
		text.meta = joined(nonEmptyTexts(append(failed.conclusion.Grade(), more)...))
	case r.Verdict == check.Partial && !r.Settling:
		text.head = "The endpoints are fine; not every check has run yet."
	case r.Verdict == check.Unknown:
		text.head = "It could not be found out whether this Service routes."
	case r.Counted && r.Verdict == check.OK:
		text.head = healthText(sh, p.state.Snapshot, p.service, p.report)
	case r.Counted:
		text.head = countOf(r.Usable, r.Selected) + " usable; nothing was found that keeps requests away."
	default:
		text.head = "Nothing was found that keeps requests away."
	}
	return text
}

// sufferingText says in a line who suffers from the trouble of a Service; empty where nobody is known to.
func sufferingText(r *check.Report) string {
	const most = 3
	texts := check.ReferrerTexts(r.Suffers)
	if len(texts) == 0 {
		return ""
	}
	left := len(texts) - most
	text := "Suffering: " + clean(strings.Join(texts[:min(len(texts), most)], "; "))
	if left > 0 {
		text += fmt.Sprintf("; and %d more", left)
	}
	return text
}

func joined(parts []string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

func wrapAll(text string, width int) []string {
	if text == "" {
		return nil
	}
	return wrap(text, width)
}

// drawMissing says what is known when there is no report to show.
func (p *servicePage) drawMissing(sh *shell, width int) []string {
	t := &sh.theme
	name := clean(p.key.Name)
	say := func(head string, body ...string) []string {
		lines := []string{"", "  " + t.strong.on(head), ""}
		for _, paragraph := range body {
			for _, line := range wrap(paragraph, width-4) {
				lines = append(lines, "  "+t.text.on(line))
			}
		}
		return lines
	}
	switch {
	case sh.connection == connectionFailed:
		return say("Not connected to "+contextName(sh), append(cleanLines(fmt.Sprint(sh.failure)), "", "Ctrl-R connects again.")...)
	case sh.state == nil || !sh.state.Settled:
		return say(glyphSyncing + " Reading " + name + glyphMore)
	case !servicesKnown(sh.state, p.key.Namespace):
		coverage := sh.state.Snapshot.Coverage(model.Services, p.key.Namespace)
		return say("Whether there is a Service "+name+" is unknown: "+coverage.State.String()+".", clean(coverage.Reason))
	}
	body := []string{}
	if near := nearServices(sh, p.key); len(near) > 0 {
		body = append(body, "Near it: "+strings.Join(near, ", "))
	}
	body = append(body, "Esc goes to the list.")
	return say("There is no Service "+name+" in namespace "+clean(p.key.Namespace)+".", body...)
}

// nearServices names Services that may have been meant: the same name elsewhere, and names that contain it or
// are contained in it.
func nearServices(sh *shell, key model.Key) []string {
	type near struct {
		rank int
		name string
	}
	var found []near
	for _, r := range sh.state.Reports {
		switch {
		case r.Key == key || r.Missing:
		case r.Key.Name == key.Name:
			found = append(found, near{0, r.Key.String()})
		case strings.Contains(r.Key.Name, key.Name), strings.Contains(key.Name, r.Key.Name):
			found = append(found, near{1, r.Key.String()})
		case len(key.Name) > 3 && strings.HasPrefix(r.Key.Name, key.Name[:3]):
			found = append(found, near{2, r.Key.String()})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.rank, b.rank) })
	var names []string
	for _, n := range found[:min(len(found), 5)] {
		names = append(names, clean(n.name))
	}
	return names
}
