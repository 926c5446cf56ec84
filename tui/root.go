package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/report"
)

// root is the Bubble Tea model: it owns the shell and the stack of pages, and is touched by the event loop
// alone.
//
// A message is offered in this order, here and nowhere else:
//
//  1. ctrl+c quits, whatever is open.
//  2. What is addressed to a page goes to it, if it is still on the stack and the answer is not stale.
//  3. What concerns everybody (window, colours, session, state, forwards) changes the shell; then the page on
//     top, and the one beneath a dialog, are told.
//  4. A key, while the page on top captures input, goes to that page.
//  5. A key that one of the page's bindings has runs it, or says why it does nothing.
//  6. esc and q go back; then the bindings that work everywhere.
//  7. Whatever is left goes to the page on top.
type root struct {
	sh      *shell
	options Options
	ctx     context.Context
	send    func(tea.Msg)

	stack     []*frame
	nextToken int64

	// generation counts sessions; what an earlier one still says is dropped.
	generation int64
	endSession context.CancelFunc
	// everConnected is true once any session was opened.
	everConnected bool

	// rightsAsked are the namespaces whose rights were asked for in this session.
	rightsAsked map[string]bool
	// replaced is true while a page was put in the place of another one.
	replaced bool

	toast *message
	// panicked is the panic that a command ended in.
	panicked *PanicError
	// wake is when a page wants to be drawn again; dropWake forgets it.
	wake     time.Time
	dropWake context.CancelFunc
	profile  colorprofile.Profile
	dark     bool
	ascii    *strings.Replacer
}

type frame struct {
	page page
	life *life
}

type (
	sessionOpened struct {
		generation int64
		session    Session
		scope      string
		pick       bool
	}
	sessionFailed struct {
		generation int64
		err        error
		// pick means that another context has to be chosen.
		pick bool
	}
	stateArrived struct {
		generation int64
		state      *engine.State
	}
	rightsArrived struct {
		generation int64
		answers    []model.AccessAnswer
	}
	forwardsArrived struct{ held []model.Forward }
	wakeUp          struct{ at time.Time }
)

func newRoot(ctx context.Context, options Options, send func(tea.Msg)) *root {
	options = options.complete()
	r := &root{
		options: options, ctx: ctx, send: send, dark: true, profile: colorprofile.TrueColor,
		sh: &shell{
			now: options.Now, connector: options.Connector, forwards: options.Forwards,
			version: options.Version, overSSH: options.SSH, ssh: sshSideOf(options.Environ), forwardAddress: options.ForwardAddress, info: model.SessionInfo{Context: options.Context, ReadOnly: options.ReadOnly},
			rights: map[model.AccessQuestion]model.AccessAnswer{},
		},
		rightsAsked: map[string]bool{},
	}
	if report.ASCIIOnly(options.Environ) {
		r.ascii = strings.NewReplacer(asciiStandIns()...)
	}
	r.sh.theme = newTheme(r.profile, r.dark)
	return r
}

// Init opens the home page and the session.
func (r *root) Init() tea.Cmd {
	home := r.push(newServicesPage())
	commands := []tea.Cmd{home, r.connect(r.options.Context), tea.RequestBackgroundColor}
	if r.options.Service.Name != "" {
		commands = append(commands, r.push(newServicePage(r.options.Service)))
	}
	if r.sh.forwards != nil {
		r.sh.held = r.sh.forwards.List()
		commands = append(commands, r.followForwards())
	}
	return tea.Batch(append(commands, r.settle())...)
}

// Update implements tea.Model.
func (r *root) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	r.keepPlace()
	command := tea.Batch(r.dispatch(msg), r.settle())
	r.recordPlace(r.replaced)
	r.replaced = false
	return r, tea.Batch(command, r.schedule())
}

func (r *root) dispatch(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case *PanicError:
		r.panicked = msg
		return tea.Quit
	case addressed:
		if f := r.frameOf(msg.token); f != nil && !msg.stale() {
			return f.page.update(r.sh, msg.msg)
		}
		return nil
	case tea.KeyPressMsg:
		return r.key(msg)
	case tea.PasteMsg:
		return r.top().update(r.sh, msg)
	case tea.WindowSizeMsg:
		r.sh.width, r.sh.height = msg.Width, msg.Height
		return r.tell(resized{})
	case tea.ColorProfileMsg:
		r.profile = msg.Profile
		r.sh.theme = newTheme(r.profile, r.dark)
		return nil
	case tea.BackgroundColorMsg:
		r.dark = msg.IsDark()
		r.sh.theme = newTheme(r.profile, r.dark)
		return nil
	case wakeUp:
		if msg.at.Equal(r.wake) {
			r.wake = time.Time{}
			return r.tell(tick{})
		}
		return nil
	case forwardsArrived:
		r.sh.held = msg.held
		return tea.Batch(r.tell(forwardsChanged{}), r.followForwards())
	case toastOver:
		if r.toast == msg.toast {
			r.toast = nil
		}
		return nil
	case loggedIn:
		return r.afterLogin(msg)
	case sessionOpened, sessionFailed, stateArrived, rightsArrived:
		return r.fromSession(msg)
	}
	return nil
}

func (r *root) key(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.String()
	if key == "ctrl+c" {
		return r.quit()
	}
	r.toast = nil
	top := r.top()
	if top.capturesInput() {
		return top.update(r.sh, msg)
	}
	if b := find(top.bindings(), key); b != nil {
		return b.press(r.sh, key)
	}
	if key == "esc" {
		if e, ok := top.(escaper); ok && e.escape(r.sh) {
			return nil
		}
	}
	if b := find(globalsOn(top), key); b != nil {
		return b.press(r.sh, key)
	}
	return top.update(r.sh, msg)
}

// tell passes a message to the pages that can be seen.
func (r *root) tell(msg tea.Msg) tea.Cmd {
	var commands []tea.Cmd
	for i := len(r.stack) - 1; i >= 0; i-- {
		commands = append(commands, r.stack[i].page.update(r.sh, msg))
		if _, dialog := r.stack[i].page.(modal); !dialog {
			break
		}
	}
	return tea.Batch(commands...)
}

// settle does what pages asked the shell for, until nothing is left to do.
func (r *root) settle() tea.Cmd {
	var commands []tea.Cmd
	for len(r.sh.asked) > 0 {
		next := r.sh.asked[0]
		r.sh.asked = r.sh.asked[1:]
		commands = append(commands, next(r))
	}
	return tea.Batch(commands...)
}

// schedule asks for a wake-up when the page on top says that it will look different.
func (r *root) schedule() tea.Cmd {
	w, ok := r.top().(waker)
	if !ok {
		return nil
	}
	at := w.wakeAt(r.sh)
	if at.IsZero() || at.Equal(r.wake) {
		return nil
	}
	now := r.sh.now()
	if !r.wake.IsZero() && r.wake.After(now) && r.wake.Before(at) {
		return nil
	}
	if r.dropWake != nil {
		r.dropWake()
	}
	ctx, drop := context.WithCancel(r.ctx)
	r.wake, r.dropWake = at, drop
	wait := max(at.Sub(now), time.Second)
	return func() tea.Msg {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			return wakeUp{at}
		}
	}
}

func (r *root) top() page { return r.stack[len(r.stack)-1].page }

func (r *root) frameOf(token int64) *frame {
	for _, f := range r.stack {
		if f.life.token == token {
			return f
		}
	}
	return nil
}

func (r *root) push(p page) tea.Cmd {
	r.nextToken++
	ctx, end := context.WithCancel(r.ctx)
	f := &frame{page: p, life: &life{token: r.nextToken, ctx: ctx, end: end, send: r.send}}
	r.stack = append(r.stack, f)
	return p.opened(r.sh, f.life)
}

func (r *root) drop() {
	last := r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	last.life.end()
	if c, ok := last.page.(closer); ok {
		c.closed(r.sh)
	}
}

func (r *root) pop() tea.Cmd {
	if len(r.stack) <= 1 {
		return nil
	}
	r.drop()
	return r.top().update(r.sh, revealed{})
}

func (r *root) popToHome() tea.Cmd {
	if len(r.stack) <= 1 {
		return nil
	}
	for len(r.stack) > 1 {
		r.drop()
	}
	return r.top().update(r.sh, revealed{})
}

// toastStays is how long the footer tells what went well before it shows the keys again; what did not stays until the next key.
const toastStays = 8 * time.Second

// toastOver is sent once a message has been in the footer for long enough.
type toastOver struct{ toast *message }

// note keeps a message, and shows it in the footer.
func (r *root) note(level noteLevel, text string) tea.Cmd {
	m := message{at: r.sh.now(), level: level, text: clean(text)}
	r.sh.messages = append(r.sh.messages, m)
	if extra := len(r.sh.messages) - messagesKept; extra > 0 {
		r.sh.messages = append([]message(nil), r.sh.messages[extra:]...)
	}
	r.toast = &m
	if level != noteGood && level != noteInfo {
		return nil
	}
	ctx, over := r.ctx, toastOver{&m}
	return func() tea.Msg {
		stays := time.NewTimer(toastStays)
		defer stays.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-stays.C:
			return over
		}
	}
}

func (r *root) quit() tea.Cmd {
	_, asking := r.top().(*quitPage)
	if asking || openForwards(r.sh.held) == 0 {
		return tea.Quit
	}
	return r.push(&quitPage{})
}

func openForwards(held []model.Forward) int {
	n := 0
	for _, f := range held {
		if f.State != model.ForwardFailed {
			n++
		}
	}
	return n
}

// followForwards waits for the next change of the list of forwards.
func (r *root) followForwards() tea.Cmd {
	ctx, forwards := r.ctx, r.sh.forwards
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-forwards.Changed():
			return forwardsArrived{forwards.List()}
		}
	}
}
