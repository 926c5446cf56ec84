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

// footer draws as many bindings as fit, and always the way to the help.
func footer(sh *shell, bindings []binding, width int) string {
	t := &sh.theme
	const gap = "  "
	item := func(b *binding) string {
		text := t.accent.on(b.shown()) + " " + t.dim.on(b.name)
		if b.count != nil {
			if n := b.count(sh); n != "" {
				text += " " + t.text.on(n)
			}
		}
		return text
	}
	help := ""
	if b := find(bindings, "?"); b != nil && b.name != "" {
		help = item(b)
	}
	line := " "
	used := 1
	reserve := cells(help)
	for _, minor := range []bool{false, true} {
		for i := range bindings {
			b := &bindings[i]
			// What has no key of its own can wait.
			if b.name == "" || (b.minor || len(b.keys) == 0) != minor || slices.Contains(b.keys, "?") || b.reason(sh) != "" {
				continue
			}
			text := item(b)
			need := cells(text) + len(gap)
			if used+need+reserve > width {
				continue
			}
			line += text + gap
			used += need
		}
	}
	return line + help
}
