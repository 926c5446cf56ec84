package tui

import (
	"context"
	"io"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
)

// loggedIn says that the person has the terminal given back.
type loggedIn struct {
	generation int64
	context    string
	err        error
}

// logIn opens the session of this context anew. Where a login plugin may want to speak with the person, it
// gets the terminal first.
func (r *root) logIn() tea.Cmd {
	name, generation, ctx := r.sh.info.Context, r.generation, r.ctx
	loginer, ok := r.sh.connector.(Loginer)
	if !ok {
		return r.connect(name)
	}
	exec := func() tea.Msg {
		if !loginer.MayAsk(name) {
			return loggedIn{generation: generation, context: name}
		}
		return tea.Exec(&terminalLogin{ctx: ctx, login: loginer, context: name}, func(err error) tea.Msg {
			return loggedIn{generation, name, err}
		})()
	}
	return exec
}

func (r *root) afterLogin(msg loggedIn) tea.Cmd {
	if msg.generation != r.generation {
		return nil
	}
	if msg.err != nil {
		// Opening says best what is wrong now; the login's own words are kept.
		r.note(noteError, "log in to "+msg.context+": "+msg.err.Error())
	}
	return r.connect(msg.context)
}

// terminalLogin is a login while the terminal is not svctui's.
type terminalLogin struct {
	ctx     context.Context
	login   Loginer
	context string
	out     io.Writer
}

func (l *terminalLogin) SetStdin(io.Reader)      {}
func (l *terminalLogin) SetStdout(out io.Writer) { l.out = out }
func (l *terminalLogin) SetStderr(io.Writer)     {}

// Run implements tea.ExecCommand. The plugin itself uses the process's standard input and error, as client-go
// gives it those.
func (l *terminalLogin) Run() error {
	if l.out != nil {
		if _, err := io.WriteString(l.out, "\r\nsvctui: logging in to "+clean(l.context)+" …\r\n"); err != nil {
			return err
		}
	}
	return l.login.Login(l.ctx, l.context)
}

// noSuchContext tells whether the context that was tried is not in the kubeconfig, or none is named, while
// there are others to choose from.
func noSuchContext(connector Connector, name string) bool {
	contexts, err := connector.Contexts()
	if err != nil || len(contexts) == 0 {
		return false
	}
	return !slices.ContainsFunc(contexts, func(c model.ContextInfo) bool {
		return c.Name == name || name == "" && c.Current
	})
}

// banner says that what is shown is not the present, why, and since when; nothing while it is.
func (r *root) banner(width, height int) []string {
	sh, t := r.sh, &r.sh.theme
	if sh.connection != connected || sh.state == nil {
		return nil
	}
	worst := model.Coverage{State: model.Live}
	for _, kind := range []model.Kind{model.Services, model.EndpointSlices} {
		if c := sh.state.Snapshot.Coverage(kind, sh.scope); livenessRank(c.State) > livenessRank(worst.State) {
			worst = c
		}
	}
	if worst.State != model.Stale && worst.State != model.Failed {
		return nil
	}
	text := "What is shown is not the present"
	if !worst.Since.IsZero() {
		text = "Nothing was heard since " + worst.Since.Local().Format(time.TimeOnly)
	}
	if worst.Reason != "" {
		text += ": " + clean(worst.Reason)
	}
	does := " connects again"
	if worst.Login {
		does = " logs in again"
	}
	keys := t.accent.on("Ctrl-R") + t.dim.on(does)
	lines := wrap(text, max(10, width-6))
	if most := max(1, height/6); len(lines) > most {
		lines = append(lines[:most-1:most-1], cut(lines[most-1]+glyphMore, width-6))
	}
	out := make([]string, 0, len(lines)+1)
	for i, line := range lines {
		head := "     "
		if i == 0 {
			head = " " + t.unknownBadge.on(" ? ") + " "
		}
		out = append(out, head+t.strong.on(line))
	}
	if last := len(out) - 1; cells(out[last])+cells(keys)+3 <= width {
		out[last] += "   " + keys
	} else if height >= leastHeight+4 {
		out = append(out, "     "+keys)
	}
	return out
}
