package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
)

// shell is what every page may look at. It belongs to the event loop; pages read the fields, and change
// things through the methods alone. Those take effect at once after the page's update or binding returns, in
// the order asked, so that a key which follows meets the page that it was meant for.
type shell struct {
	theme theme
	// width and height are the window's, zero until it is known.
	width, height int
	// now is the clock.
	now func() time.Time

	connector Connector
	// forwards may be nil, where none can be held.
	forwards Forwards
	// held is the list of forwards.
	held []model.Forward

	// connection says how it stands with the session; session is nil unless it is open.
	connection connectionState
	session    Session
	// info is the session's; while it is being opened, only Context may be set.
	info model.SessionInfo
	// failure is why the session could not be opened, when connection is connectionFailed.
	failure error

	// scope is the namespace that is shown, or model.AllNamespaces.
	scope string
	// scopeBefore is what was shown in this context before scope; nil when nothing was.
	scopeBefore *string
	// recent are the namespaces that were shown, the last one first.
	recent []string
	// state is the newest one; nil until there is one of this session and scope.
	state *engine.State

	// histories is what was shown, by context.
	histories map[string]*history

	// client is for whom Services are looked at; the zero Client is nobody in particular.
	client check.Client

	// tests is what isolation tests came to.
	tests testMemory

	// messages are everything that was said or went wrong, oldest first.
	messages []message

	version string
	overSSH bool
	// ssh is the connection that svctui runs over, if any.
	ssh sshSide
	// forwardAddress is where forwards listen instead of on loopback; empty for loopback.
	forwardAddress string

	rights map[model.AccessQuestion]model.AccessAnswer

	asked []func(*root) tea.Cmd
}

type connectionState uint8

const (
	connecting connectionState = iota
	connected
	connectionFailed
)

// noteLevel grades a message.
type noteLevel uint8

const (
	noteInfo noteLevel = iota
	noteGood
	noteWarning
	noteError
)

// message is something that was said. Text is clean.
type message struct {
	at    time.Time
	level noteLevel
	text  string
}

const messagesKept = 500

func (sh *shell) ask(what func(*root) tea.Cmd) { sh.asked = append(sh.asked, what) }

// open puts a page on the stack.
func (sh *shell) open(p page) { sh.ask(func(r *root) tea.Cmd { return r.push(p) }) }

// openFromList opens a Service as if it had been chosen in the list, to which Esc leads back: its row is selected there.
func (sh *shell) openFromList(service model.Key) {
	sh.ask(func(r *root) tea.Cmd {
		if home, ok := r.stack[0].page.(*servicesPage); ok {
			home.list.goTo(service)
		}
		return r.push(newServicePage(service))
	})
}

// replace takes the page on top away and puts another one there.
func (sh *shell) replace(p page) {
	sh.ask(func(r *root) tea.Cmd {
		r.replaced = true
		return tea.Batch(r.pop(), r.push(p))
	})
}

// back takes the page on top away; the home page stays.
func (sh *shell) back() { sh.ask(func(r *root) tea.Cmd { return r.pop() }) }

// home takes all pages away but the home page.
func (sh *shell) home() { sh.ask(func(r *root) tea.Cmd { return r.popToHome() }) }

// setScope shows another namespace, or model.AllNamespaces, and goes home.
func (sh *shell) setScope(namespace string) {
	sh.ask(func(r *root) tea.Cmd { return r.setScope(namespace) })
}

// switchContext connects to another context; the forwards stay.
func (sh *shell) switchContext(name string) {
	sh.ask(func(r *root) tea.Cmd { return r.connect(name) })
}

// reconnect opens the session of this context anew: lists are read again, logins asked for again.
func (sh *shell) reconnect() { sh.ask((*root).logIn) }

// quit leaves the program, and asks first when forwards are open.
func (sh *shell) quit() { sh.ask(func(r *root) tea.Cmd { return r.quit() }) }

// notify says something in the footer until the next key, and keeps it among the messages.
func (sh *shell) notify(level noteLevel, text string) {
	sh.ask(func(r *root) tea.Cmd { return r.note(level, text) })
}

// copy puts text on the clipboard by OSC 52, which also crosses SSH. There is no answer, so it cannot be said
// that it worked; what names it for the person.
func (sh *shell) copy(what, text string) tea.Cmd {
	sh.notify(noteGood, "sent to the clipboard: "+what)
	return tea.SetClipboard(text)
}

// denied says "no permission: VERB RESOURCE" when an access review said no; empty when it said yes or nothing
// yet, because reviews are advice and the act itself shows the truth. What is denied in all namespaces may be allowed in one.
func (sh *shell) denied(question model.AccessQuestion) string {
	answer, asked := sh.rights[question]
	if !asked || answer.Err != nil || answer.Allowed || question.Namespace == model.AllNamespaces {
		return ""
	}
	return "no permission: " + question.Right()
}

// readOnlyReason is why forwards and proxies are off; empty when they are not.
func (sh *shell) readOnlyReason() string {
	if sh.info.ReadOnly {
		return "started with --readonly"
	}
	return ""
}

// notConnected is why nothing that needs the cluster works; empty when it does.
func (sh *shell) notConnected() string {
	switch sh.connection {
	case connected:
		return ""
	case connecting:
		return "not connected yet"
	default:
		return "not connected"
	}
}

// scopeName is the scope for a person.
func (sh *shell) scopeName() string { return namespaceName(sh.scope) }

func namespaceName(namespace string) string {
	if namespace == model.AllNamespaces {
		return "all namespaces"
	}
	return clean(namespace)
}
