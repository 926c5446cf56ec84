package tui

import tea "charm.land/bubbletea/v2"

// servicesPage is home: the Services of the scope, worst first.
type servicesPage struct{}

func newServicesPage() *servicesPage { return &servicesPage{} }

func (p *servicesPage) opened(*shell, *life) tea.Cmd   { return nil }
func (p *servicesPage) update(*shell, tea.Msg) tea.Cmd { return nil }
func (p *servicesPage) view(*shell, int, int) string   { return "" }
func (p *servicesPage) capturesInput() bool            { return false }
func (p *servicesPage) title() string                  { return "" }
func (p *servicesPage) bindings() []binding            { return nil }
