package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// formField is one line of a form. With choices, ← and → go through them and nothing is typed.
type formField struct {
	name    string
	hint    string
	choices []string
	input   input
}

// form is a few fields, one below the other. Every key belongs to it.
type form struct {
	fields []formField
	at     int
}

func newForm(fields ...formField) *form {
	f := &form{fields: fields}
	f.focus(0)
	return f
}

func textField(name, value, hint string) formField {
	return formField{name: name, hint: hint, input: newInput("", value)}
}

func choiceField(name, value string, choices []string, hint string) formField {
	return formField{name: name, hint: hint, choices: choices, input: newInput("", value)}
}

func (f *form) value(i int) string { return strings.TrimSpace(f.fields[i].input.value()) }

func (f *form) focus(i int) {
	f.at = max(0, min(i, len(f.fields)-1))
	for n := range f.fields {
		f.fields[n].input.focus(n == f.at)
	}
}

// update takes a key or a paste; done is true for enter, left for esc.
func (f *form) update(msg tea.Msg) (done, left bool) {
	field := &f.fields[f.at]
	key, ok := msg.(tea.KeyPressMsg)
	if !ok {
		if len(field.choices) == 0 {
			field.input.update(msg)
		}
		return false, false
	}
	switch key.String() {
	case "enter":
		return true, false
	case "esc":
		return false, true
	case "tab", "down":
		f.focus((f.at + 1) % len(f.fields))
		return false, false
	case "shift+tab", "up":
		f.focus((f.at + len(f.fields) - 1) % len(f.fields))
		return false, false
	}
	if len(field.choices) == 0 {
		field.input.update(msg)
		return false, false
	}
	now := max(0, slices.Index(field.choices, field.input.value()))
	switch key.String() {
	case "left":
		now = (now + len(field.choices) - 1) % len(field.choices)
	case "right", "space":
		now = (now + 1) % len(field.choices)
	default:
		// A letter goes to the next choice that begins with it.
		for i := range field.choices {
			next := (now + 1 + i) % len(field.choices)
			if key.Text != "" && strings.HasPrefix(strings.ToLower(field.choices[next]), strings.ToLower(key.Text)) {
				now = next
				break
			}
		}
	}
	field.input.set(field.choices[now])
	return false, false
}

// view draws the fields.
func (f *form) view(t *theme, width int) []string {
	names := 0
	for _, field := range f.fields {
		names = max(names, cells(field.name))
	}
	var lines []string
	for i := range f.fields {
		field := &f.fields[i]
		name, mark := t.dim, "  "
		if i == f.at {
			name, mark = t.strong, t.accent.on(glyphCursor)+" "
		}
		room := max(4, width-names-4)
		value := field.input.view(min(room, 32))
		if len(field.choices) > 0 {
			value = clean(field.input.value())
			if i == f.at {
				value = t.accent.on("‹ ") + t.strong.on(value) + t.accent.on(" ›")
			}
		}
		line := mark + name.on(left(field.name, names)) + "  " + value
		if field.hint != "" {
			if rest := width - cells(line) - 2; rest > 8 {
				line += "  " + t.dim.on(cut(field.hint, rest))
			}
		}
		lines = append(lines, line)
	}
	return lines
}
