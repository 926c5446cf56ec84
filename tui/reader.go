package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// reader is a scroller with its keys and its search line: what pages that show text have in common.
type reader struct {
	*scroller
	search    input
	searching bool
}

func newReader() reader { return reader{scroller: newScroller()} }

func (r *reader) capturesInput() bool { return r.searching }

// escape clears the search; it tells whether there was one.
func (r *reader) escape(*shell) bool {
	if r.query == "" {
		return false
	}
	r.find("")
	return true
}

// typed takes a key or a paste while something is searched for.
func (r *reader) typed(msg tea.Msg) {
	if key, ok := msg.(tea.KeyPressMsg); ok {
		switch key.String() {
		case "enter":
			r.searching = false
			r.find(r.search.value())
			return
		case "esc":
			r.searching = false
			return
		}
	}
	r.search.update(msg)
}

// update takes what the shell gives to a page.
func (r *reader) update(msg tea.Msg) {
	if !r.searching {
		return
	}
	switch msg.(type) {
	case tea.KeyPressMsg, tea.PasteMsg:
		r.typed(msg)
	}
}

// keys are the bindings that every text has.
func (r *reader) keys() []binding {
	press := func(_ *shell, key string) tea.Cmd {
		r.key(key)
		return nil
	}
	unwrapped := func(*shell) string {
		if r.scroller != nil && r.wrap {
			return "lines are wrapped, w shows them whole"
		}
		return ""
	}
	searched := func(*shell) string {
		if r.scroller != nil && r.query == "" {
			return "nothing is searched for, / searches"
		}
		return ""
	}
	return []binding{
		{keys: []string{"/"}, name: "search", help: "searches; capitals heed case", run: func(*shell) tea.Cmd {
			r.search, r.searching = newInput("/", r.query), true
			return nil
		}},
		{keys: []string{"n", "N"}, help: "goes to the next line with it, or back to the one before", disabled: searched, runKey: press},
		{keys: []string{"w"}, name: "wrap", help: "wraps long lines, or shows them whole", runKey: press},
		{keys: []string{"up", "down", "k", "j"}, help: "moves a line", runKey: press},
		{keys: []string{"pgup", "pgdown", "ctrl+b", "ctrl+f", "space"}, label: "PgUp PgDn", help: "moves a page; Ctrl-B, Ctrl-F and Space too", runKey: press},
		{keys: []string{"g", "G", "home", "end"}, label: "g G", help: "goes to the first or the last line; Home and End too", runKey: press},
		{keys: []string{"left", "right"}, help: "moves sideways", disabled: unwrapped, runKey: press},
	}
}

// draw fills a box: the text, and under it the search line or where the view is. note stands at the left of
// that line.
func (r *reader) draw(sh *shell, width, height int, note string) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	t := &sh.theme
	if height < 3 && !r.searching {
		return r.view(width, height, t.scroll())
	}
	rows := r.view(width, height-1, t.scroll())
	if r.searching {
		return append(rows, " "+r.search.view(width-1))
	}
	return append(rows, spread(" "+note, t.dim.on(r.position())+" ", width))
}

// following says whether new lines are shown as they come.
func (r *reader) following(t *theme) string {
	if r.follow {
		return t.ok.on("following")
	}
	return t.warn.on("paused") + t.dim.on(", G follows")
}

func lineCount(n int) string { return fmt.Sprintf("%s lines", thousands(n)) }
