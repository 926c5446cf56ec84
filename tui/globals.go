package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// globalsOn are the keys that work beside a page's own. A question is answered or left: no key leads from it to another page, but to the help.
func globalsOn(p page) []binding {
	all := globalBindings()
	if _, dialog := p.(modal); dialog {
		return slices.DeleteFunc(all, func(b binding) bool {
			return !slices.ContainsFunc(b.keys, func(key string) bool { return slices.Contains([]string{"?", "esc", "q", "ctrl+c"}, key) })
		})
	}
	if _, lists := p.(*forwardsPage); lists {
		return slices.DeleteFunc(all, func(b binding) bool { return slices.Contains(b.keys, "f") })
	}
	return all
}

// globalBindings work on every page whose own bindings leave the key alone.
func globalBindings() []binding {
	return append(append(globalActions(), historyBindings()...),
		binding{
			keys: []string{"esc"}, help: "goes back; clears the filter first; never quits",
			run: func(sh *shell) tea.Cmd { sh.back(); return nil },
		},
		binding{
			keys: []string{"q"}, help: "goes back; at home quits",
			run: func(sh *shell) tea.Cmd {
				sh.ask(func(r *root) tea.Cmd {
					if len(r.stack) > 1 {
						return r.pop()
					}
					return r.quit()
				})
				return nil
			},
		},
		binding{
			keys: []string{"ctrl+c"}, help: "quits at once; asks when forwards are open, and a second one leaves",
			run: func(sh *shell) tea.Cmd { sh.quit(); return nil },
		},
		binding{
			keys: []string{"ctrl+r"}, help: "connects and logs in again, and reads everything anew",
			run: func(sh *shell) tea.Cmd { sh.reconnect(); return nil },
		},
	)
}
