package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/sahilm/fuzzy"
)

// pickItem is one thing that can be picked. All but value are only drawn, and must be clean.
type pickItem struct {
	value string
	// label is drawn for the item and searched; empty means the value.
	label string
	// detail is drawn beside the label.
	detail string
	// current marks the one in use.
	current bool
	// blocked says why the item cannot be picked; empty where it can.
	blocked string
	// typed marks what is not listed, but was typed.
	typed bool
}

func (i pickItem) name() string {
	if i.label != "" {
		return i.label
	}
	return i.value
}

// picker is a list to choose from, narrowed by typing. Where names may exist that are not listed, what was
// typed can be chosen as it stands.
type picker struct {
	title string
	items []pickItem
	// typed allows names that are not listed.
	typed bool
	// tidy takes away what is typed out of habit and is no part of a name; nil takes nothing away.
	tidy func(typed string) string
	// refuse says why what was typed can be no name; empty where it can. It may be nil.
	refuse func(typed string) string
	// note is what must be said of the list: still loading, or why it is not complete.
	note string
	// hint says what can be typed, as long as nothing is; empty for nothing to say.
	hint string
	// whole tells whether what was typed is a whole name: then it stands before what only has its letters. It may be nil.
	whole func(typed string) bool
	// prompt stands in front of what is typed.
	prompt string
	input  input

	cursor int
	offset int
	shown  []pickItem
}

func newPicker(title string, typed bool) *picker {
	p := &picker{title: title, typed: typed, prompt: "›", input: newInput("", "")}
	p.narrow()
	return p
}

// setItems replaces the list. The cursor stays on its item, and starts on the one in use.
func (p *picker) setItems(items []pickItem) {
	at, moved := p.chosen(), len(p.items) > 0
	p.items = items
	p.narrow()
	for i, item := range p.shown {
		if moved && item.value == at.value || !moved && item.current {
			p.cursor = i
		}
	}
}

// narrow finds the items that fit what was typed: those that begin with it, those that contain it, those that
// have its letters in order.
func (p *picker) narrow() {
	query := strings.TrimSpace(p.input.value())
	if p.tidy != nil {
		query = p.tidy(query)
	}
	found, loose := splitByRank(p.items, query)
	p.shown = slices.Concat(found, loose)
	exact := slices.ContainsFunc(p.shown, func(item pickItem) bool { return item.value == query })
	if p.typed && query != "" && !exact {
		item := pickItem{value: query, label: fmt.Sprintf("use “%s” as typed", clean(query)), typed: true}
		if p.refuse != nil {
			item.blocked = p.refuse(query)
		}
		if item.blocked != "" {
			item.label = fmt.Sprintf("“%s”", clean(query))
		}
		at := len(p.shown)
		if p.whole != nil && item.blocked == "" && p.whole(query) {
			at = len(found)
		}
		p.shown = slices.Insert(p.shown, at, item)
	}
	p.cursor = min(p.cursor, max(0, len(p.shown)-1))
}

func rankItems(items []pickItem, query string) []pickItem {
	found, loose := splitByRank(items, query)
	return append(found, loose...)
}

// splitByRank returns those that begin with a query and then those that contain it, and apart from them those that have its letters in order.
func splitByRank(items []pickItem, query string) (found, loose []pickItem) {
	if query == "" {
		return slices.Clone(items), nil
	}
	folded := strings.ToLower(query)
	var first, second, rest []pickItem
	for _, item := range items {
		switch name := strings.ToLower(item.name()); {
		case strings.HasPrefix(name, folded):
			first = append(first, item)
		case strings.Contains(name, folded):
			second = append(second, item)
		default:
			rest = append(rest, item)
		}
	}
	found = slices.Concat(first, second)
	if len(folded) < 3 {
		return found, nil // the letters of a short query are in nearly every name
	}
	names := make([]string, len(rest))
	for i, item := range rest {
		names[i] = item.name()
	}
	for _, match := range fuzzy.Find(folded, names) {
		loose = append(loose, rest[match.Index])
	}
	return found, loose
}

// chosen returns the item under the cursor; its value is empty when there is none.
func (p *picker) chosen() pickItem {
	if p.cursor < len(p.shown) {
		return p.shown[p.cursor]
	}
	return pickItem{}
}

// pickerResult is what became of a key.
type pickerResult uint8

const (
	pickerOpen pickerResult = iota
	pickerChosen
	pickerClosed
)

// update takes a key or a paste. Every key is the picker's own.
func (p *picker) update(msg tea.Msg) pickerResult {
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		p.input.update(msg)
		p.narrow()
		return pickerOpen
	}
	switch key.String() {
	case "esc":
		if p.input.value() == "" {
			return pickerClosed
		}
		p.input.set("")
		p.narrow()
	case "enter":
		if item := p.chosen(); item.value != "" && item.blocked == "" {
			return pickerChosen
		}
	case "up", "ctrl+p":
		p.cursor = max(0, p.cursor-1)
	case "down", "ctrl+n", "tab":
		p.cursor = min(p.cursor+1, max(0, len(p.shown)-1))
	case "pgup":
		p.cursor = max(0, p.cursor-10)
	case "pgdown":
		p.cursor = min(p.cursor+10, max(0, len(p.shown)-1))
	default:
		before := p.input.value()
		p.input.update(msg)
		if p.input.value() != before {
			p.cursor = 0
		}
		p.narrow()
	}
	return pickerOpen
}

// view draws exactly height rows, none wider than width: what is typed, and below it the list.
func (p *picker) view(width, height int, t *theme) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	if height < 4 {
		return append([]string{p.inputLine(width, t)}, p.list(width, height-1, t)...)
	}
	return append([]string{p.inputLine(width, t), ""}, p.list(width, height-2, t)...)
}

func (p *picker) inputLine(width int, t *theme) string {
	if p.hint != "" && p.input.value() == "" {
		return ansi.Truncate(t.accent.on(p.prompt)+" "+p.input.view(1)+t.dim.on(cut(p.hint, max(0, width-4))), width, "")
	}
	return ansi.Truncate(t.accent.on(p.prompt)+" "+p.input.view(width-2), width, "")
}

// list draws the note and the items, exactly height rows.
func (p *picker) list(width, height int, t *theme) []string {
	if height <= 0 {
		return nil
	}
	var rows []string
	if p.note != "" {
		for line := range strings.SplitSeq(ansi.Wrap(p.note, max(1, width-2), ""), "\n") {
			rows = append(rows, t.warn.on(line))
		}
		rows = append(rows, "")
	}
	rows = rows[:min(len(rows), height-1)]
	space := max(0, height-len(rows))
	p.offset = min(p.offset, p.cursor)
	if p.cursor >= p.offset+space {
		p.offset = p.cursor - space + 1
	}
	p.offset = max(0, min(p.offset, len(p.shown)-space))
	label := 0
	for _, item := range p.shown {
		label = max(label, cells(item.name()))
	}
	label = min(label, max(12, width/2))
	for i := p.offset; i < len(p.shown) && len(rows) < height; i++ {
		rows = append(rows, p.row(p.shown[i], i == p.cursor, label, width, t))
	}
	if len(p.shown) == 0 && len(rows) < height {
		empty := "nothing fits"
		if len(p.items) == 0 && p.input.value() == "" {
			empty = "nothing listed"
		}
		if p.typed && p.input.value() == "" {
			empty += "; type a name"
		}
		rows = append(rows, ansi.Truncate("   "+t.dim.on(empty), width, ""))
	}
	for len(rows) < height {
		rows = append(rows, "")
	}
	return rows
}

func (p *picker) row(item pickItem, selected bool, column, width int, t *theme) string {
	name := left(shorten(item.name(), column), column)
	detail := item.detail
	if item.current {
		detail = strings.TrimSpace("in use  " + detail)
	}
	label, rest, mark := t.text, t.dim, "  "
	switch {
	case item.blocked != "" && item.typed:
		// Why not is what matters, and gets the room.
		name = shorten(item.name(), max(column/2, width-cells(item.blocked)-4))
		label, rest, detail = t.dim, t.warn, item.blocked
	case item.blocked != "":
		label, detail = t.dim, item.blocked
	case selected:
		label = t.strong
	}
	if !selected {
		return ansi.Truncate(mark+label.on(name)+"  "+rest.on(detail), width, "")
	}
	label, rest = label.over(t.palette.selection), rest.over(t.palette.selection)
	row := t.accent.over(t.palette.selection).on(glyphCursor) + label.on(" "+name+"  ") + rest.on(cut(detail, width-cells(name)-4))
	return ansi.Truncate(row+rest.on(strings.Repeat(" ", max(0, width-cells(row)))), width, "")
}
