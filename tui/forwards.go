package tui

import (
	"fmt"
	"net"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// forwardsPage lists every forward that is held.
type forwardsPage struct {
	life   *life
	cursor int
	// selected keeps the cursor on its forward while others come and go.
	selected int
	// stopping is the id of the forward that is asked about; zero for none. Ids begin at one.
	stopping int
}

func newForwardsPage() *forwardsPage { return &forwardsPage{} }

func (p *forwardsPage) about() (model.Key, bool) { return model.Key{}, false }
func (p *forwardsPage) again() visitable         { return &forwardsPage{selected: p.selected} }

func (p *forwardsPage) title() string          { return "forwards" }
func (p *forwardsPage) crumbs(*shell) []string { return []string{"forwards"} }
func (p *forwardsPage) capturesInput() bool    { return p.stopping != 0 }

func (p *forwardsPage) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	p.follow(sh)
	return nil
}

// follow puts the cursor on the selected forward again.
func (p *forwardsPage) follow(sh *shell) {
	p.cursor = min(p.cursor, max(0, len(sh.held)-1))
	for i, forward := range sh.held {
		if forward.ID == p.selected {
			p.cursor = i
		}
	}
	if p.stopping != 0 && p.at(sh) == nil {
		p.stopping = 0
	}
}

func (p *forwardsPage) at(sh *shell) *model.Forward {
	if p.cursor < len(sh.held) {
		return &sh.held[p.cursor]
	}
	return nil
}

func (p *forwardsPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case forwardsChanged, revealed:
		p.follow(sh)
	case tea.KeyPressMsg:
		if p.stopping == 0 {
			return nil
		}
		id := p.stopping
		p.stopping = 0
		if key := msg.String(); key == "y" || key == "enter" {
			return p.stop(sh, id)
		}
	}
	return nil
}

func (p *forwardsPage) stop(sh *shell, id int) tea.Cmd {
	forwards := sh.forwards
	return func() tea.Msg {
		forwards.Stop(id)
		return nil
	}
}

func (p *forwardsPage) bindings() []binding {
	none := func(sh *shell) string {
		if p.at(sh) == nil {
			return "no forward is held"
		}
		return ""
	}
	keys := cursorKeys(&p.cursor, func() int { return 1 << 20 })
	for i := range keys {
		move := keys[i].runKey
		keys[i].runKey = func(sh *shell, key string) tea.Cmd {
			move(sh, key)
			p.cursor = max(0, min(p.cursor, len(sh.held)-1))
			if forward := p.at(sh); forward != nil {
				p.selected = forward.ID
			}
			return nil
		}
	}
	return append([]binding{
		{keys: []string{"c"}, name: "copy address", help: "copies the local address", disabled: none, run: func(sh *shell) tea.Cmd {
			return sh.copy(p.at(sh).Local, p.at(sh).Local)
		}},
		{
			keys: []string{"L"}, name: "copy ssh -L", help: "copies the line that brings the forward to the machine you sit at",
			disabled: func(sh *shell) string {
				if why := none(sh); why != "" {
					return why
				}
				if sshLine(sh.ssh, p.at(sh).Local) == "" {
					return "svctui does not run over SSH"
				}
				return ""
			},
			run: func(sh *shell) tea.Cmd {
				line := sshLine(sh.ssh, p.at(sh).Local)
				return sh.copy(line, line)
			},
		},
		{keys: []string{"K"}, name: "copy kubectl", help: "copies the kubectl line that does the same", disabled: func(sh *shell) string {
			if why := none(sh); why != "" {
				return why
			}
			return noCommand(*p.at(sh))
		}, run: func(sh *shell) tea.Cmd {
			line := forwardCommand(*p.at(sh))
			return sh.copy(line, line)
		}},
		{
			keys: []string{"ctrl+x", "delete"}, label: "Ctrl-X Del", name: "stop", help: "stops the forward; asks first", disabled: none,
			run: func(sh *shell) tea.Cmd {
				forward := p.at(sh)
				if forward.State == model.ForwardFailed {
					return p.stop(sh, forward.ID)
				}
				p.stopping, p.selected = forward.ID, forward.ID
				return nil
			},
		},
		{
			keys: []string{"F"}, name: "forward", help: "opens another forward to the same Service", disabled: p.whyNoOther,
			run: func(sh *shell) tea.Cmd {
				sh.open(newForwardDialog(sh, serviceOf(p.at(sh).Target)))
				return nil
			},
		},
	}, keys...)
}

// whyNoOther says why no other forward can be opened from the selected one; empty where it can.
func (p *forwardsPage) whyNoOther(sh *shell) string {
	forward := p.at(sh)
	switch {
	case forward == nil:
		return "no forward is held: F on a Service opens one"
	case forward.Target.Service == "":
		return "this one leads to a Pod: F on a Service opens another one"
	case forward.Target.Context != sh.info.Context:
		return "this one leads into another context: F on a Service opens one here"
	case sh.state != nil && sh.state.Snapshot.Service(serviceOf(forward.Target)) == nil:
		return "its Service is not listed here: F on a Service opens another one"
	}
	return whyNoForward(sh, serviceOf(forward.Target))
}

func serviceOf(target model.ForwardTarget) model.Key {
	return model.Key{Namespace: target.Namespace, Name: target.Service}
}

// wakeAt is when the nearest age reads differently.
func (p *forwardsPage) wakeAt(sh *shell) time.Time {
	var nearest time.Time
	now := sh.now()
	for _, forward := range sh.held {
		if at := nextAge(forward.Since, now); nearest.IsZero() || !at.IsZero() && at.Before(nearest) {
			nearest = at
		}
	}
	return nearest
}

func (p *forwardsPage) status(sh *shell) string {
	if len(sh.held) == 0 {
		return ""
	}
	return sh.theme.dim.on(fmt.Sprintf("%d open", openForwards(sh.held)))
}

// forwardMark is the sign of a forward's state.
func forwardMark(state model.ForwardState) check.Mark {
	switch state {
	case model.ForwardActive:
		return check.MarkOK
	case model.ForwardConnecting:
		return check.MarkPending
	case model.ForwardWaiting, model.ForwardRefused:
		return check.MarkWarn
	}
	return check.MarkFail
}

// forwardColumn is one column of the list of forwards.
type forwardColumn struct {
	heading string
	text    func(f *model.Forward, now time.Time) string
	// least is the width of the window from which on the column is shown.
	least int
	right bool
	most  int
}

func forwardColumns() []forwardColumn {
	return []forwardColumn{
		{heading: "TARGET", text: func(f *model.Forward, _ time.Time) string { return forwardTarget(f.Target) }, most: 40},
		{heading: "NAMESPACE", text: func(f *model.Forward, _ time.Time) string { return clean(f.Target.Namespace) }, least: 100, most: 20},
		{heading: "CONTEXT", text: func(f *model.Forward, _ time.Time) string { return clean(f.Target.Context) }, least: 140, most: 30},
		{heading: "LOCAL", text: func(f *model.Forward, _ time.Time) string { return clean(f.Local) }, most: 24},
		{heading: "STATE", text: func(f *model.Forward, _ time.Time) string { return string(f.State) }},
		{heading: "POD NOW", text: func(f *model.Forward, _ time.Time) string { return forwardNow(*f) }, least: 110, most: 44},
		{heading: "OPEN", text: func(f *model.Forward, _ time.Time) string { return fmt.Sprintf("%d of %d", f.Connections, f.Total) }, right: true, least: 70},
		{heading: "UP", text: func(f *model.Forward, _ time.Time) string { return humanBytes(f.BytesUp) }, right: true, least: 85},
		{heading: "DOWN", text: func(f *model.Forward, _ time.Time) string { return humanBytes(f.BytesDown) }, right: true, least: 85},
		{heading: "AGE", text: func(f *model.Forward, now time.Time) string { return age(f.Since, now) }, right: true},
	}
}

func (p *forwardsPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if width <= 0 || height <= 0 {
		return ""
	}
	if len(sh.held) == 0 {
		if reason := sh.readOnlyReason(); reason != "" {
			return "\n" + strings.Join(indented(t.dim, wrap("No forward is held, and none can be opened: "+reason+".", width-6)), "\n")
		}
		return "\n" + strings.Join(indented(t.dim, wrap("No forward is held. F on a Service opens one, to the Service or to one of its Pods.", width-6)), "\n")
	}
	detail := p.detail(sh, width)
	if len(detail) > height-3 {
		detail = detail[:max(0, height-3)]
	}
	room := max(1, height-1-len(detail))
	lines := p.table(sh, width, room)
	for len(lines) < height-len(detail) {
		lines = append(lines, "")
	}
	return strings.Join(append(lines, detail...), "\n")
}

func indented(paint style, lines []string) []string {
	for i := range lines {
		lines[i] = "   " + paint.on(lines[i])
	}
	return lines
}

func (p *forwardsPage) table(sh *shell, width, room int) []string {
	t, now := &sh.theme, sh.now()
	var columns []forwardColumn
	var widths []int
	used := 3
	for _, column := range forwardColumns() {
		if width < column.least {
			continue
		}
		wide := len(column.heading)
		for i := range sh.held {
			wide = max(wide, cells(column.text(&sh.held[i], now)))
		}
		if column.most > 0 {
			wide = min(wide, column.most)
		}
		columns, widths = append(columns, column), append(widths, wide)
		used += wide + 2
	}
	// Names give way, the widest first.
	for over := used - 2 - width; over > 0; over-- {
		widest := 0
		for i, column := range columns {
			if column.most > 0 && widths[i] > widths[widest] {
				widest = i
			}
		}
		widths[widest] = max(8, widths[widest]-1)
	}
	row := func(cell func(i int) string, paint func(i int, s string) string) string {
		var line strings.Builder
		for i := range columns {
			text := shorten(cell(i), widths[i])
			if columns[i].right {
				text = right(text, widths[i])
			} else {
				text = left(text, widths[i])
			}
			if i > 0 {
				line.WriteString("  ") // not behind the last one, where a full row would be cut for it
			}
			line.WriteString(paint(i, text))
		}
		return line.String()
	}
	lines := []string{"   " + row(func(i int) string { return columns[i].heading }, func(_ int, s string) string { return t.heading.on(s) })}
	from := max(0, min(p.cursor-room/2, len(sh.held)-room))
	for n := from; n < len(sh.held) && n < from+room; n++ {
		forward := &sh.held[n]
		glyph, markPaint := t.mark(forwardMark(forward.State))
		over := func(s style) style { return s }
		cursor := " "
		if n == p.cursor {
			over = func(s style) style { return s.over(t.palette.selection) }
			cursor = over(t.accent).on(glyphCursor)
		}
		line := cursor + over(markPaint).on(glyph+" ") + row(
			func(i int) string { return columns[i].text(forward, now) },
			func(i int, s string) string {
				paint := t.text
				switch columns[i].heading {
				case "TARGET", "LOCAL":
					if n == p.cursor {
						paint = t.strong
					}
				case "STATE":
					paint = markPaint
				default:
					paint = t.dim
				}
				return over(paint).on(s)
			})
		if n == p.cursor {
			line = backed(left(line, width), t.palette.selection)
		}
		lines = append(lines, line)
	}
	return lines
}

// detail says of the selected forward what the table has no room for.
func (p *forwardsPage) detail(sh *shell, width int) []string {
	t := &sh.theme
	forward := p.at(sh)
	if forward == nil {
		return nil
	}
	lines := []string{t.rule.on(strings.Repeat(glyphRule, width))}
	if p.stopping != 0 {
		question := "Stop " + forwardTarget(forward.Target) + " on " + clean(forward.Local) + "?"
		if forward.Connections > 0 {
			question += " It cuts " + count(forward.Connections, "open connection", "open connections") + "."
		}
		lines = append(lines, " "+t.warnBadge.on(" "+glyphWarn+" ")+"  "+t.strong.on(question))
		return append(lines, "      "+t.accent.on("↵ y")+t.dim.on(" stops it   ")+t.accent.on("any other key")+t.dim.on(" keeps it"))
	}
	item := func(name string, paint style, text string) {
		for i, line := range wrap(text, width-16) {
			head := ""
			if i == 0 {
				head = name
			}
			lines = append(lines, "   "+t.dim.on(left(head, 12))+paint.on(line))
		}
	}
	where := clean(forward.Target.Context) + " / " + clean(forward.Target.Namespace)
	item("leads to", t.text, forwardTarget(forward.Target)+" in "+where)
	if forward.Pod != "" {
		item("now", t.text, forwardNow(*forward))
	}
	switch forward.State {
	case model.ForwardWaiting:
		item("waits", t.warn, waiting(forward))
	case model.ForwardConnecting:
		item("connects", t.text, "It listens, and looks for a Pod.")
	case model.ForwardRefused:
		item("refused", t.warn, refusals(forward))
	}
	if forward.LastError != "" && (forward.State != model.ForwardWaiting || forward.LastError != forward.WaitsFor) {
		item("last error", t.fail, clean(forward.LastError)+"  ("+age(forward.LastErrAt, sh.now())+" ago)")
	}
	if host, _, err := net.SplitHostPort(forward.Local); err == nil && !onLoopback(host) {
		item("exposed", t.warn, openToOthers(host))
	}
	if line := sshLine(sh.ssh, forward.Local); line != "" {
		item("on laptop", t.text, line)
	}
	return lines
}
