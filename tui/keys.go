package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// binding is the one record of a key: dispatch, footer, help and docs/keys.md are all made from it.
type binding struct {
	// keys are as tea.KeyPressMsg.String has them: "enter", "ctrl+f", "G".
	keys []string
	// label is how the keys are shown, where their own names will not do.
	label string
	// name is the footer's word. A binding without one is not in the footer.
	name string
	// brief is the footer's word where not all fits; empty for the same.
	brief string
	// minor bindings come last in the footer, where there is room left.
	minor bool
	// help is what it does, in a few words that begin with a verb in the third person: "opens the Service".
	help string
	// disabled says why the key does nothing now; empty when it works. It must do without a session. nil
	// means that it always works.
	disabled func(sh *shell) string
	// run acts. runKey is for a binding of several keys that has to know which one it was; one of the two is set.
	run    func(sh *shell) tea.Cmd
	runKey func(sh *shell, key string) tea.Cmd
	// count is put behind the name in the footer, e.g. how many forwards are open; empty for nothing.
	count func(sh *shell) string
}

// shown is how the footer and the help write the keys.
func (b *binding) shown() string {
	if b.label != "" {
		return b.label
	}
	names := make([]string, len(b.keys))
	for i, key := range b.keys {
		names[i] = keyName(key)
	}
	return strings.Join(names, " ")
}

func keyName(key string) string {
	switch key {
	case "enter":
		return "↵"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "pgup":
		return "PgUp"
	case "pgdown":
		return "PgDn"
	case "home":
		return "Home"
	case "end":
		return "End"
	case "space":
		return "Space"
	case "esc":
		return "Esc"
	case "tab":
		return "Tab"
	}
	if rest, ok := strings.CutPrefix(key, "ctrl+"); ok {
		return "Ctrl-" + strings.ToUpper(rest)
	}
	return key
}

func (b *binding) reason(sh *shell) string {
	if b.disabled == nil {
		return ""
	}
	return b.disabled(sh)
}

// find returns the binding of a key, or nil.
func find(bindings []binding, key string) *binding {
	for i := range bindings {
		for _, k := range bindings[i].keys {
			if k == key {
				return &bindings[i]
			}
		}
	}
	return nil
}

// press runs a binding, or says why it does nothing.
func (b *binding) press(sh *shell, key string) tea.Cmd {
	if why := b.reason(sh); why != "" {
		sh.notify(noteInfo, b.shown()+" does nothing here: "+why)
		return nil
	}
	switch {
	case b.runKey != nil:
		return b.runKey(sh, key)
	case b.run != nil:
		return b.run(sh)
	default:
		return nil
	}
}

// footer draws as many bindings as fit, and always the way to the help. Where
// fewer words for some let more in of what comes before the last of these, they are taken.
func footer(sh *shell, bindings []binding, width int) string {
	bindings = slices.DeleteFunc(slices.Clone(bindings), func(b binding) bool { return b.name == "" || b.reason(sh) != "" })
	counted := 0
	for i := range bindings {
		if bindings[i].brief != "" {
			counted = i + 1
		}
	}
	best, most := footerOf(sh, bindings, counted, width)
	for i := range bindings[:counted] {
		if bindings[i].brief == "" {
			continue
		}
		bindings[i].name = bindings[i].brief
		if line, shown := footerOf(sh, bindings, counted, width); shown > most {
			best, most = line, shown
		}
	}
	return best
}

// footerOf draws the bindings that fit, and tells how many of the first ones those are.
func footerOf(sh *shell, bindings []binding, first, width int) (line string, shown int) {
	const gap = "  "
	help := ""
	if b := find(bindings, "?"); b != nil {
		help = footerItem(sh, b)
	}
	line = " "
	used := 1 + cells(help)
	for _, minor := range []bool{false, true} {
		for i := range bindings {
			b := &bindings[i]
			if b.canWait() != minor || slices.Contains(b.keys, "?") {
				continue
			}
			text := footerItem(sh, b)
			need := cells(text) + len(gap)
			if used+need > width {
				continue
			}
			line += text + gap
			used += need
			if i < first && !minor {
				shown++
			}
		}
	}
	return line + help, shown
}

// canWait tells whether a binding comes last in the footer: also what has no key of its own.
func (b *binding) canWait() bool { return b.minor || len(b.keys) == 0 }

func footerItem(sh *shell, b *binding) string {
	t := &sh.theme
	text := t.accent.on(b.shown()) + " " + t.dim.on(b.name)
	if b.count != nil {
		if n := b.count(sh); n != "" {
			text += " " + t.text.on(n)
		}
	}
	return text
}
