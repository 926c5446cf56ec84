package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
)

// messagesPage lists everything that was said or went wrong, newest first.
type messagesPage struct {
	reader
	shown int
	last  message
}

func newMessagesPage() *messagesPage {
	p := &messagesPage{reader: newReader()}
	p.words, p.showTimes = true, true
	return p
}

func (p *messagesPage) about() (model.Key, bool) { return model.Key{}, false }
func (p *messagesPage) again() visitable         { return newMessagesPage() }

func (p *messagesPage) title() string { return "messages" }

func (p *messagesPage) opened(sh *shell, _ *life) tea.Cmd {
	p.refresh(sh)
	return nil
}

func (p *messagesPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	p.refresh(sh)
	p.reader.update(msg)
	return nil
}

func (p *messagesPage) bindings() []binding { return p.keys() }

// refresh takes up messages that came meanwhile, and keeps the place.
func (p *messagesPage) refresh(sh *shell) {
	if len(sh.messages) == p.shown && (p.shown == 0 || sh.messages[p.shown-1] == p.last) {
		return
	}
	p.shown, p.last = len(sh.messages), sh.messages[len(sh.messages)-1]
	top, row, query := p.top, p.topRow, p.query
	fresh := newScroller()
	fresh.words, fresh.showTimes, fresh.wrap, fresh.layout = true, true, p.wrap, layoutSeconds
	fresh.width, fresh.height = p.width, p.height
	lines := make([]scrollLine, 0, p.shown)
	for i := len(sh.messages) - 1; i >= 0; i-- {
		said := sh.messages[i]
		mark := glyphPending
		switch said.level {
		case noteGood:
			mark = glyphOK
		case noteWarning:
			mark = glyphWarn
		case noteError:
			mark = glyphFail
		}
		lines = append(lines, scrollLine{text: mark + " " + said.text, at: said.at})
	}
	fresh.add(lines...)
	p.scroller = fresh
	p.find(query)
	p.top, p.topRow = top, row
	p.clamp()
}

func (p *messagesPage) view(sh *shell, width, height int) string {
	p.refresh(sh)
	if len(sh.messages) == 0 {
		return "\n   " + sh.theme.dim.on("Nothing was said yet, and nothing went wrong.")
	}
	return strings.Join(p.draw(sh, width, height, ""), "\n")
}
