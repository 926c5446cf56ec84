package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
)

// page is one screen or dialog. A page is used from the event loop alone, so its methods may change it, but
// they do no IO: work goes into a command made by its life, and comes back as a message.
//
// What a command runs must not touch the page or the shell: hand it copies.
type page interface {
	// opened is called once, when the page comes onto the stack. The page keeps life to start its work.
	opened(sh *shell, life *life) tea.Cmd
	// update is given: results of its own work (see life), stateChanged, forwardsChanged, resized, revealed,
	// tick, tea.PasteMsg, and every key that no binding took, or all keys while capturesInput.
	update(sh *shell, msg tea.Msg) tea.Cmd
	// view draws the page into a box: at most height lines of at most width cells. It may be called before
	// anything else was, and with any size.
	view(sh *shell, width, height int) string
	// capturesInput is true while keys are text, as in a filter: then no binding is asked but ctrl+c.
	capturesInput() bool
	// bindings are the keys of the page, in the order in which the footer and the help show them. The method
	// must work on a page that was never opened: the documentation is made from it.
	bindings() []binding
	// title is the last crumb of the header; empty for none. service is the Service the page is about.
	title() string
}

// The optional parts of a page.
type (
	// escaper takes the escape key before it goes back; it reports whether it did.
	escaper interface{ escape(sh *shell) bool }
	// statusLine is drawn at the right of the header, left of the mark that says how live the data is.
	statusLine interface{ status(sh *shell) string }
	// modal pages are drawn in a box on top of the page beneath; box says how large one they would like,
	// the border not counted.
	modal interface {
		box(sh *shell, width, height int) (int, int)
	}
	// docked dialogs are drawn at the bottom instead of in the middle.
	docked interface{ atBottom() bool }
	// crumbed pages say the whole path after the context instead of namespace and title.
	crumbed interface{ crumbs(sh *shell) []string }
	// waker says when the page would look different though nothing happened, because an age moved on; the
	// zero time for never. It is then sent a tick.
	waker interface{ wakeAt(sh *shell) time.Time }
	// closer is told when the page leaves the stack. Its life has ended already.
	closer interface{ closed(sh *shell) }
)

// The messages that the shell sends to pages of its own accord.
type (
	// stateChanged says that shell.state, the scope or the connection is another one; to the page on top, and
	// to the one beneath a dialog.
	stateChanged struct{}
	// forwardsChanged says that shell.held is another list.
	forwardsChanged struct{}
	// resized says that the window is another size.
	resized struct{}
	// revealed says that the page is on top again; the state may have changed meanwhile.
	revealed struct{}
	// tick says that time has passed; see waker.
	tick struct{}
)

// life is the time that a page is on the stack. Work started with it is cancelled when the page leaves, and
// results that come later are dropped, so that a page never has to ask whether an answer is still wanted.
type life struct {
	token int64
	ctx   context.Context
	end   context.CancelFunc
	send  func(tea.Msg)
}

// addressed is a message for one page.
type addressed struct {
	token int64
	turn  *turn
	seq   int64
	msg   tea.Msg
}

func (a addressed) stale() bool { return a.turn != nil && a.turn.seq != a.seq }

// do makes a command whose result goes to this page alone. A nil result is not delivered.
func (l *life) do(work func(ctx context.Context) tea.Msg) tea.Cmd {
	ctx, token := l.ctx, l.token
	return guarded(func() tea.Msg {
		if msg := work(ctx); msg != nil && ctx.Err() == nil {
			return addressed{token: token, msg: msg}
		}
		return nil
	})
}

// turn is work of which only the newest run counts: beginning anew cancels the run before, and drops what it
// still had to say. Its zero value is ready.
type turn struct {
	seq  int64
	stop context.CancelFunc
}

// do is life.do for the newest run.
func (t *turn) do(l *life, work func(ctx context.Context) tea.Msg) tea.Cmd {
	return t.stream(l, func(ctx context.Context, send func(tea.Msg)) {
		if msg := work(ctx); msg != nil {
			send(msg)
		}
	})
}

// stream makes a command that may hand over many messages while it works. send blocks until the event loop took the
// message; it may be called from the one goroutine of work only.
func (t *turn) stream(l *life, work func(ctx context.Context, send func(tea.Msg))) tea.Cmd {
	return t.begin(l).stream(work)
}

// begin starts a run, of several commands if need be.
func (t *turn) begin(l *life) *run {
	t.cancel()
	ctx, stop := context.WithCancel(l.ctx)
	t.stop = stop
	return &run{turn: t, life: l, seq: t.seq, ctx: ctx}
}

// run is one run of a turn.
type run struct {
	turn *turn
	life *life
	seq  int64
	ctx  context.Context
}

// stream is life.stream for this run.
func (r *run) stream(work func(ctx context.Context, send func(tea.Msg))) tea.Cmd {
	return guarded(func() tea.Msg {
		work(r.ctx, func(msg tea.Msg) {
			if r.ctx.Err() == nil {
				r.life.send(addressed{token: r.life.token, turn: r.turn, seq: r.seq, msg: msg})
			}
		})
		return nil
	})
}

// cancel ends the run under way, if there is one.
func (t *turn) cancel() {
	t.seq++
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}
