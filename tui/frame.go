package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/kube/model"
)

const (
	leastWidth  = 40
	leastHeight = 10
	// airyHeight is from where on there is room for a blank line under the header.
	airyHeight = 20
)

// View implements tea.Model.
func (r *root) View() tea.View {
	content := r.frame(r.sh.width, r.sh.height)
	if r.ascii != nil {
		content = asciiOnly(r.ascii, content)
	}
	view := tea.NewView(content)
	view.AltScreen = true
	return view
}

// frame draws the whole window: header, page, footer; a dialog on top.
func (r *root) frame(width, height int) string {
	if width <= 0 || height <= 0 || len(r.stack) == 0 {
		return ""
	}
	if width < leastWidth || height < leastHeight {
		return tooSmall(width, height)
	}
	base := len(r.stack) - 1
	for base > 0 {
		if _, dialog := r.stack[base].page.(modal); !dialog {
			break
		}
		base--
	}
	lines := append([]string{r.header(r.stack[base].page, width)}, r.banner(width, height)...)
	if height >= airyHeight {
		lines = append(lines, "")
	}
	bodyHeight := max(0, height-len(lines)-2)
	body := r.stack[base].page.view(r.sh, width, bodyHeight)
	lines = append(lines, fitLines(strings.Split(body, "\n"), width, bodyHeight)...)
	lines = append(lines, r.sh.theme.rule.on(strings.Repeat(glyphRule, width)), r.footerLine(width))
	for _, f := range r.stack[base+1:] {
		lines = r.overlay(lines, f.page, width, height)
	}
	return strings.Join(lines, "\n")
}

func tooSmall(width, height int) string {
	lines := wrap("svctui needs 40×10 cells; enlarge the window (q quits)", width)
	return strings.Join(fitLines(lines, width, min(len(lines), height)), "\n")
}

// header is the line at the top: where one is, and how live that is.
func (r *root) header(p page, width int) string {
	sh, t := r.sh, &r.sh.theme
	bar := t.palette.bar
	sep := " " + t.dim.over(bar).on(glyphCrumb) + " "
	start := " "
	if width >= 60 {
		start += t.strong.over(bar).on("svctui") + "  "
	}
	name := clean(sh.info.Context)
	if name == "" {
		name = "no context"
	}
	end := ""
	if s, ok := p.(statusLine); ok {
		if text := s.status(sh); text != "" {
			end = text + "   "
		}
	}
	if sh.info.ReadOnly {
		end += t.dim.on("read-only") + "   "
	}
	end += r.liveness() + " "
	crumbs := []string{namespaceName(sh.scope)}
	if c, ok := p.(crumbed); ok {
		crumbs = c.crumbs(sh)
	} else if title := p.title(); title != "" {
		crumbs = append(crumbs, title)
	}
	room := width - cells(start) - cells(end) - 2
	for _, c := range crumbs {
		room -= cells(c) + 3
	}
	start += t.context.on(" " + shorten(name, max(room, 8)) + " ")
	for i, c := range crumbs {
		s := newStyle(t.palette.accent).over(bar)
		if i == len(crumbs)-1 {
			s = s.bold()
		}
		start += sep + s.on(c)
	}
	return backed(spread(start, end, width), bar)
}

// backed lays a background under a painted line.
func backed(line string, bg ansi.Color) string {
	if bg == nil {
		return line
	}
	open := newStyle(nil).over(bg).open
	return open + strings.ReplaceAll(line, ansi.ResetStyle, ansi.ResetStyle+open) + ansi.ResetStyle
}

// liveness says whether what is shown is the present.
func (r *root) liveness() string {
	sh, t := r.sh, &r.sh.theme
	switch sh.connection {
	case connecting:
		return t.warn.on(glyphSyncing) + t.dim.on(" connecting")
	case connectionFailed:
		return t.fail.on(glyphFail) + t.dim.on(" not connected")
	}
	if sh.state == nil {
		return t.warn.on(glyphSyncing) + t.dim.on(" syncing")
	}
	worst := model.Coverage{State: model.Live}
	for _, kind := range []model.Kind{model.Services, model.EndpointSlices} {
		if c := sh.state.Snapshot.Coverage(kind, sh.scope); livenessRank(c.State) > livenessRank(worst.State) {
			worst = c
		}
	}
	switch worst.State {
	case model.Live:
		return t.ok.on(glyphLive) + t.dim.on(" live")
	case model.Listed:
		return t.warn.on("snapshot " + worst.Since.Local().Format("15:04"))
	case model.Stale:
		return t.unknown.on("? stale since " + worst.Since.Local().Format("15:04"))
	case model.NotAsked, model.Syncing:
		return t.warn.on(glyphSyncing) + t.dim.on(" syncing")
	default:
		return t.unknown.on("? " + worst.State.String())
	}
}

func livenessRank(s model.CoverageState) int {
	switch s {
	case model.Live:
		return 0
	case model.Listed:
		return 1
	case model.NotAsked, model.Syncing:
		return 2
	case model.Stale:
		return 3
	default:
		return 4
	}
}

func (r *root) footerLine(width int) string {
	t := &r.sh.theme
	if r.toast != nil {
		s := t.text
		switch r.toast.level {
		case noteGood:
			s = t.ok
		case noteWarning:
			s = t.warn
		case noteError:
			s = t.fail
		}
		return cut(" "+s.on(r.toast.text), width)
	}
	bindings := r.top().bindings()
	if !r.top().capturesInput() {
		bindings = append(bindings, globalsOn(r.top())...)
	}
	return footer(r.sh, bindings, width)
}

// overlay draws a dialog in the middle of a frame.
func (r *root) overlay(lines []string, p page, width, height int) []string {
	wantWidth, wantHeight := p.(modal).box(r.sh, width, height)
	w, h := min(wantWidth, width-4), min(wantHeight, height-4)
	if w < 1 || h < 1 {
		return lines
	}
	t := &r.sh.theme
	title := ""
	if p.title() != "" {
		title = " " + cut(p.title(), w-4) + " "
	}
	box := []string{t.rule.on("┌─") + t.strong.on(title) + t.rule.on(strings.Repeat("─", w+1-cells(title))+"┐")}
	for _, line := range fitLines(strings.Split(p.view(r.sh, w, h), "\n"), w, h) {
		box = append(box, t.rule.on("│")+" "+left(line, w)+" "+t.rule.on("│"))
	}
	box = append(box, t.rule.on("└"+strings.Repeat("─", w+2)+"┘"))
	x, y := (width-w-4)/2, max((height-len(box))/3, 1)
	if d, ok := p.(docked); ok && d.atBottom() {
		y = max(height-len(box)-2, 1)
	}
	for i, line := range box {
		if y+i >= len(lines) {
			break
		}
		under := left(lines[y+i], width)
		lines[y+i] = ansi.Truncate(under, x, "") + ansi.ResetStyle + line + ansi.TruncateLeft(under, x+w+4, "")
	}
	return lines
}
