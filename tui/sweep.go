package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

// sweepPage runs the isolation test's rungs of the Pod on all Pods and ports of a Service, and shows them as they come.
type sweepPage struct {
	request isolation.Request

	life    *life
	run     turn
	session Session
	result  isolation.SweepResult
	// stop ends the sweep under way and keeps what it has found; nil where none is.
	stop context.CancelFunc
	// winding is true after stop was called, until what is under way has ended.
	winding bool
	// began is true once a sweep was started, and at is when its conclusion came.
	began bool
	at    time.Time
	// cursor is the row, and selected the name of its Pod, which it stays on when the order changes. held is true once a person moved it.
	cursor   int
	selected string
	held     bool
}

type (
	sweepProgress struct{ result isolation.SweepResult }
	sweepOver     struct{}
)

// newSweepPage sweeps with path, scheme and host of a test; its port and Pod are of no account.
func newSweepPage(of isolation.Request) *sweepPage {
	return &sweepPage{request: isolation.Request{
		Service: of.Service, Path: of.Path, Scheme: of.Scheme, Host: of.Host, Patience: of.Patience,
	}}
}

func (p *sweepPage) about() (model.Key, bool) { return p.request.Service, true }

func (p *sweepPage) again() visitable {
	return &sweepPage{request: p.request, began: p.began, result: p.result, at: p.at, cursor: p.cursor, selected: p.selected, held: p.held}
}

func (p *sweepPage) title() string       { return "all Pods" }
func (p *sweepPage) capturesInput() bool { return false }
func (p *sweepPage) crumbs(*shell) []string {
	return []string{namespaceName(p.request.Service.Namespace), clean(p.request.Service.Name), "isolation test", p.title()}
}

func (p *sweepPage) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	if p.began && sh.session != nil {
		p.session = sh.session
		p.session.Focus(&p.request.Service)
		return nil
	}
	return p.start(sh)
}

// start sweeps anew; the sweep before is cancelled.
func (p *sweepPage) start(sh *shell) tea.Cmd {
	if sh.session == nil {
		return nil
	}
	p.session, p.began, p.held, p.winding, p.at = sh.session, true, false, false, time.Time{}
	p.session.Focus(&p.request.Service)
	p.result = isolation.SweepResult{Request: p.request}
	stopped, stop := context.WithCancel(p.life.ctx)
	p.stop = stop
	session, request := sh.session, p.request
	request.ReadOnly, request.KubectlArgs = sh.info.ReadOnly, sh.info.KubectlArgs
	return p.run.stream(p.life, func(ctx context.Context, send func(tea.Msg)) {
		defer stop()
		defer context.AfterFunc(ctx, stop)()
		session.Sweep(stopped, request, func(result isolation.SweepResult) { send(sweepProgress{result}) })
		send(sweepOver{})
	})
}

func (p *sweepPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case sweepProgress:
		p.result = msg.result
		if p.result.Conclusion != nil {
			p.stop, p.winding, p.at = nil, false, sh.now()
		}
		p.follow()
	case sweepOver:
		p.stop, p.winding = nil, false
	case stateChanged, revealed:
		if !p.began {
			return p.start(sh)
		}
	}
	return nil
}

// follow keeps the cursor on its Pod, once a person has moved it.
func (p *sweepPage) follow() {
	p.cursor = max(0, min(p.cursor, len(p.result.Pods)-1))
	if !p.held {
		p.cursor = 0
		return
	}
	for i, pod := range p.result.Pods {
		if pod.Name == p.selected {
			p.cursor = i
		}
	}
}

func (p *sweepPage) closed(sh *shell) { unfocus(sh, p.session) }

// stopOrLeave stops the sweep under way, and keeps what it has found; where none is, it leaves.
func (p *sweepPage) stopOrLeave(sh *shell) tea.Cmd {
	if p.stop == nil {
		sh.back()
		return nil
	}
	p.stop()
	p.stop, p.winding = nil, true
	return nil
}

func (p *sweepPage) bindings() []binding {
	esc := "back"
	if p.stop != nil {
		esc = "stop"
	}
	keys := cursorKeys(&p.cursor, func() int { return len(p.result.Pods) })
	for i := range keys {
		move := keys[i].runKey
		keys[i].runKey = func(sh *shell, key string) tea.Cmd {
			command := move(sh, key)
			if p.cursor < len(p.result.Pods) {
				p.selected, p.held = p.result.Pods[p.cursor].Name, true
			}
			return command
		}
	}
	return append([]binding{
		{keys: []string{"enter"}, name: "test this Pod", help: "runs the isolation test on the Pod", disabled: func(sh *shell) string {
			if len(p.result.Pods) == 0 {
				return "there is no Pod"
			}
			return sh.notConnected()
		}, run: p.openPod},
		{keys: []string{"esc"}, label: "Esc", name: esc, help: "stops the sweep and keeps what it found; else goes back", run: p.stopOrLeave},
		{keys: []string{"r"}, name: "run again", help: "sweeps again", disabled: func(sh *shell) string { return sh.notConnected() }, run: p.start},
		{keys: []string{"c"}, name: "copy", help: "copies the result as text", disabled: func(*shell) string {
			if p.result.Conclusion == nil {
				return "there is no result yet"
			}
			return ""
		}, run: func(sh *shell) tea.Cmd {
			var text strings.Builder
			if err := report.WriteSweep(&text, p.result, report.Text, report.Style{}); err != nil {
				return nil
			}
			return sh.copy("the result", text.String())
		}},
	}, keys...)
}

// openPod tests one Pod, on the first of its ports that does not answer.
func (p *sweepPage) openPod(sh *shell) tea.Cmd {
	pod := p.result.Pods[p.cursor]
	test := newIsolationPage(p.request.Service)
	test.request = p.request
	test.request.Pod = pod.Name
	worst := check.MarkNone
	for _, cell := range pod.Cells {
		if cell.Mark > worst {
			worst, test.request.Port = cell.Mark, cell.Port
		}
	}
	sh.open(test)
	return nil
}

func (p *sweepPage) status(sh *shell) string {
	if p.stop == nil {
		return testedAgo(sh, p.at)
	}
	return sh.theme.warn.on(fmt.Sprintf("%d of %d", p.result.Done, p.result.Total))
}

// wakeAt is when the age of the result reads differently.
func (p *sweepPage) wakeAt(sh *shell) time.Time { return nextAge(p.at, sh.now()) }
