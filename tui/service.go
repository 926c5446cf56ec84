package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
)

// servicePage is one Service: its route, the leading cause, the seven steps and their evidence.
type servicePage struct{ key model.Key }

func newServicePage(key model.Key) *servicePage { return &servicePage{key: key} }

func (p *servicePage) opened(*shell, *life) tea.Cmd   { return nil }
func (p *servicePage) update(*shell, tea.Msg) tea.Cmd { return nil }
func (p *servicePage) view(*shell, int, int) string   { return "" }
func (p *servicePage) capturesInput() bool            { return false }
func (p *servicePage) title() string                  { return clean(p.key.Name) }
func (p *servicePage) bindings() []binding            { return nil }
