package tui

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// input is one line of text that a person types. While it has the focus every key belongs to it.
type input struct{ model textinput.Model }

// newInput returns a focused input. Its cursor does not blink: an idle screen sends nothing.
func newInput(prompt, value string) input {
	model := textinput.New()
	model.Prompt = prompt
	model.CharLimit = 512
	styles := model.Styles()
	styles.Cursor.Blink = false
	plain := lipgloss.NewStyle()
	styles.Focused.Text, styles.Focused.Prompt = plain, plain
	styles.Blurred.Text, styles.Blurred.Prompt = plain, plain
	model.SetStyles(styles)
	// The system's clipboard is that of the machine that svctui runs on, often not the person's own. Pasting
	// in the terminal arrives as a message.
	model.KeyMap.Paste.SetEnabled(false)
	model.SetValue(value)
	model.CursorEnd()
	model.Focus()
	return input{model}
}

func (i *input) value() string    { return i.model.Value() }
func (i *input) set(value string) { i.model.SetValue(value); i.model.CursorEnd() }
func (i *input) focus(focus bool) {
	if focus {
		i.model.Focus()
	} else {
		i.model.Blur()
	}
}

// update takes a key or a paste.
func (i *input) update(msg tea.Msg) {
	// The only commands that an input makes are those of a blinking cursor.
	i.model, _ = i.model.Update(msg)
}

func (i *input) view(width int) string {
	model := i.model
	model.SetWidth(max(1, width-lipgloss.Width(model.Prompt)-1))
	return model.View()
}
