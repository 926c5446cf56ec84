package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// pickPage is a picker as a dialog. Choosing closes it, and then acts.
type pickPage struct {
	picker *picker
	choose func(sh *shell, value string) tea.Cmd
	// load reads the items when the dialog opens; nil where they are there.
	load func(ctx context.Context) ([]pickItem, string)
}

type pickLoaded struct {
	items []pickItem
	note  string
}

func newPickPage(title string, choose func(sh *shell, value string) tea.Cmd) *pickPage {
	return &pickPage{picker: newPicker(title, true), choose: choose}
}

func (p *pickPage) opened(_ *shell, life *life) tea.Cmd {
	if p.load == nil {
		return nil
	}
	load := p.load
	p.picker.note = "reading …"
	return life.do(func(ctx context.Context) tea.Msg {
		items, note := load(ctx)
		return pickLoaded{items, note}
	})
}

func (p *pickPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pickLoaded:
		p.picker.note = msg.note
		p.picker.setItems(msg.items)
	case tea.KeyPressMsg, tea.PasteMsg:
		switch p.picker.update(msg) {
		case pickerChosen:
			sh.back()
			return p.choose(sh, p.picker.chosen().value)
		case pickerClosed:
			sh.back()
		}
	}
	return nil
}

func (p *pickPage) capturesInput() bool { return true }
func (p *pickPage) title() string       { return p.picker.title }

func (p *pickPage) bindings() []binding {
	return []binding{
		{keys: []string{"enter"}, name: "choose", help: "chooses"},
		{keys: []string{"up", "down"}, name: "move", help: "moves"},
		{keys: []string{"esc"}, name: "back", help: "clears what was typed, else goes back"},
	}
}

func (p *pickPage) box(_ *shell, width, height int) (int, int) {
	return dialogWidth(90, width), min(max(8, len(p.picker.items)+4), height-6)
}

func (p *pickPage) view(sh *shell, width, height int) string {
	return strings.Join(p.picker.view(width, height, &sh.theme), "\n")
}

// dialogWidth is how wide a dialog would like to be. It takes the whole window rather than leave a sliver of
// what is beneath at its sides.
func dialogWidth(most, width int) int {
	if width < most+16 {
		return width
	}
	return most
}
