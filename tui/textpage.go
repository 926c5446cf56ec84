package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
)

// textPage shows a text that is asked for: YAML, what kubectl describe says, a report.
type textPage struct {
	reader
	path []string
	// service is the Service that the text is about.
	service model.Key
	// load gets the text. It is called from a command.
	load func(sh *shell) func(context.Context) (string, error)

	life    *life
	run     turn
	loading bool
	failure error
	text    string
	at      time.Time
}

type textLoaded struct {
	text string
	err  error
	at   time.Time
}

func newTextPage(service model.Key, path []string, load func(sh *shell) func(context.Context) (string, error)) *textPage {
	p := &textPage{reader: newReader(), service: service, path: path, load: load}
	p.wrap = false
	return p
}

func (p *textPage) about() (model.Key, bool) { return p.service, p.service.Name != "" }

func (p *textPage) again() visitable {
	again := newTextPage(p.service, p.path, p.load)
	again.wrap, again.words = p.wrap, p.words
	return again
}

func (p *textPage) title() string            { return p.path[len(p.path)-1] }
func (p *textPage) crumbs(_ *shell) []string { return p.path }

func (p *textPage) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	return p.reload(sh)
}

func (p *textPage) reload(sh *shell) tea.Cmd {
	work := p.load(sh)
	if work == nil {
		return nil
	}
	p.loading = true
	now := sh.now
	return p.run.do(p.life, func(ctx context.Context) tea.Msg {
		text, err := work(ctx)
		return textLoaded{text, err, now()}
	})
}

func (p *textPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case textLoaded:
		p.loading, p.failure = false, msg.err
		if msg.err == nil {
			p.text, p.at = msg.text, msg.at
			p.setText(msg.text)
		}
		return nil
	case stateChanged, revealed:
		if p.text == "" && !p.loading && p.failure == nil {
			return p.reload(sh)
		}
		return nil
	}
	p.reader.update(msg)
	return nil
}

func (p *textPage) bindings() []binding {
	nothing := func(*shell) string {
		if p.text == "" {
			return "there is no text yet"
		}
		return ""
	}
	return append([]binding{
		{keys: []string{"r"}, name: "read again", help: "reads it again", run: p.reload},
		{keys: []string{"c"}, name: "copy", help: "copies the whole text", disabled: nothing, run: func(sh *shell) tea.Cmd {
			return sh.copy(lineCount(len(p.lines)), p.text)
		}},
	}, p.keys()...)
}

func (p *textPage) status(sh *shell) string {
	t := &sh.theme
	switch {
	case p.loading:
		return t.dim.on("reading …")
	case p.failure != nil && p.text != "":
		return t.fail.on("could not be read again")
	case !p.at.IsZero():
		return t.dim.on("as of " + p.at.Local().Format("15:04:05"))
	}
	return ""
}

func (p *textPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if p.text != "" {
		note := ""
		if p.failure != nil {
			note = t.fail.on(clean(p.failure.Error()))
		}
		return strings.Join(p.draw(sh, width, height, note), "\n")
	}
	switch {
	case p.failure != nil:
		return strings.Join(fitLines(failureLines(t, p.failure, "r reads it again.", width), width, height), "\n")
	case sh.notConnected() != "":
		return "\n   " + t.dim.on("Nothing can be read: "+sh.notConnected()+".")
	}
	return "\n   " + t.dim.on("Reading …")
}

// failureLines says what went wrong and what can be done.
func failureLines(t *theme, failure error, next string, width int) []string {
	lines := []string{""}
	for i, line := range wrap(clean(failure.Error()), width-9) {
		mark := "     "
		if i == 0 {
			mark = t.failBadge.on(" "+glyphFail+" ") + "  "
		}
		lines = append(lines, " "+mark+line)
	}
	return append(lines, "", "      "+t.dim.on(next))
}

// newYAMLPage shows an object as YAML.
func newYAMLPage(ref model.Ref) page {
	return newTextPage(keyOf(ref), refPath(ref, "YAML"), func(sh *shell) func(context.Context) (string, error) {
		session := sh.session
		if session == nil {
			return nil
		}
		return func(ctx context.Context) (string, error) { return session.YAML(ctx, ref) }
	})
}

// newDescribePage shows an object as kubectl describe does.
func newDescribePage(ref model.Ref) page {
	return newTextPage(keyOf(ref), refPath(ref, "describe"), func(sh *shell) func(context.Context) (string, error) {
		session := sh.session
		if session == nil {
			return nil
		}
		return func(ctx context.Context) (string, error) { return session.Describe(ctx, ref) }
	})
}

func keyOf(ref model.Ref) model.Key { return model.Key{Namespace: ref.Namespace, Name: ref.Name} }

func refPath(ref model.Ref, what string) []string {
	return []string{namespaceName(ref.Namespace), clean(ref.Name), what}
}
