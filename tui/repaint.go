package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// repainter draws the whole window anew after each frame that differs from the one before, for terminals that lose
// track of a renderer which writes changed cells only. A frame that is the same still writes nothing.
type repainter struct {
	tea.Model
	drawn string
}

// Update implements tea.Model.
func (r *repainter) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	model, command := r.Model.Update(msg)
	r.Model = model
	if now := model.View().Content; now != r.drawn {
		r.drawn = now
		command = tea.Batch(command, tea.ClearScreen)
	}
	return r, command
}

// wantsRepaint tells from the environment whether changed cells alone would leave a broken picture, as in the terminals
// that clouds show in a browser: AWS CloudShell, Google Cloud Shell, Azure Cloud Shell. SVCTUI_REPAINT says otherwise,
// and is needed behind SSH, which passes none of their variables on.
func wantsRepaint(environ []string) bool {
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	switch env["SVCTUI_REPAINT"] {
	case "":
	case "0", "false":
		return false
	default:
		return true
	}
	return env["AWS_EXECUTION_ENV"] == "CloudShell" || env["CLOUD_SHELL"] == "true" || env["ACC_CLOUD"] != ""
}
