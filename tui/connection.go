package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
)

const recentNamespaces = 9

// connect leaves the session there is, and opens one for a context; empty is the one that the command line
// or the kubeconfig says.
func (r *root) connect(name string) tea.Cmd {
	again := name == r.sh.info.Context
	r.leaveSession()
	commands := []tea.Cmd{}
	if !again {
		r.sh.scopeBefore, r.sh.client, r.sh.tests = nil, check.Client{}, nil
		commands = append(commands, r.popToHome())
	}
	sh := r.sh
	sh.connection, sh.failure = connecting, nil
	sh.info = model.SessionInfo{Context: name, ReadOnly: sh.info.ReadOnly}
	generation, ctx := r.generation, r.ctx
	connector, recall := sh.connector, r.options.Recall
	// What the command line says holds for the first session; connecting again stays where one was.
	var wanted *string
	named := false
	switch {
	case !r.everConnected:
		wanted, named = r.options.Scope, r.options.Service.Name != ""
	case again:
		scope := sh.scope
		wanted = &scope
	}
	open := func() tea.Msg {
		session, err := connector.Open(ctx, name)
		if err != nil {
			return sessionFailed{generation, err, noSuchContext(connector, name)}
		}
		scope, pick := startScope(ctx, session, wanted, named, recall)
		return sessionOpened{generation, session, scope, pick}
	}
	return tea.Batch(append(commands, guarded(open), r.tell(stateChanged{}))...)
}

// startScope is the namespace to begin with: what the command line says, else the context's own, else the
// last one used there, else all where that is permitted. pick means that none of these is known to be
// readable, and the person has to name one. A Service that was named is looked for where kubectl looks: in the context's own
// namespace, else in default.
func startScope(ctx context.Context, session Session, wanted *string, named bool, recall func(string) string) (scope string, pick bool) {
	info := session.Info()
	if wanted != nil {
		return *wanted, false
	}
	if info.Namespace != "" {
		return info.Namespace, false
	}
	if named {
		return corev1.NamespaceDefault, false
	}
	if recall != nil {
		if last := recall(info.Context); last != "" {
			return last, false
		}
	}
	question := mayList("services", model.AllNamespaces)
	for _, answer := range session.Access(ctx, []model.AccessQuestion{question}) {
		if answer.Err == nil && !answer.Allowed {
			return corev1.NamespaceDefault, true
		}
	}
	return model.AllNamespaces, false
}

func (r *root) leaveSession() {
	r.generation++
	if r.endSession != nil {
		r.endSession()
		r.endSession = nil
	}
	sh := r.sh
	sh.session, sh.state = nil, nil
	sh.rights, r.rightsAsked = map[model.AccessQuestion]model.AccessAnswer{}, map[string]bool{}
}

func (r *root) fromSession(msg tea.Msg) tea.Cmd {
	sh := r.sh
	switch msg := msg.(type) {
	case sessionOpened:
		if msg.generation != r.generation {
			return closing(msg.session)
		}
		sh.session, sh.info, sh.connection = msg.session, msg.session.Info(), connected
		sh.session.FocusClient(sh.client)
		r.everConnected = true
		ctx, end := context.WithCancel(r.ctx)
		r.endSession = end
		r.enterScope(msg.scope)
		commands := []tea.Cmd{r.runSession(ctx), r.askRights(sh.scope), r.tell(stateChanged{})}
		if msg.pick {
			pickNamespace(sh)
		}
		return tea.Batch(commands...)
	case sessionFailed:
		if msg.generation != r.generation {
			return nil
		}
		sh.connection, sh.failure = connectionFailed, msg.err
		r.note(noteError, msg.err.Error())
		r.toast = nil
		if msg.pick {
			pickContext(sh)
		}
		return r.tell(stateChanged{})
	case stateArrived:
		// After a change of scope the engine may still say something of the one before.
		if msg.generation != r.generation || msg.state.Scope != sh.scope {
			return nil
		}
		sh.state = msg.state
		sh.reviewTests()
		return tea.Batch(r.arrive(), r.tell(stateChanged{}))
	case rightsArrived:
		if msg.generation == r.generation {
			for _, answer := range msg.answers {
				sh.rights[answer.AccessQuestion] = answer
			}
		}
	}
	return nil
}

// runSession judges until ctx ends, and closes the session then. It is a command, so that a panic in it ends
// the program in order.
func (r *root) runSession(ctx context.Context) tea.Cmd {
	session, generation, send := r.sh.session, r.generation, r.send
	return guarded(func() tea.Msg {
		defer session.Close()
		session.Run(ctx, func(state *engine.State) { send(stateArrived{generation, state}) })
		return nil
	})
}

func closing(session Session) tea.Cmd {
	return func() tea.Msg { session.Close(); return nil }
}

func (r *root) askRights(namespace string) tea.Cmd {
	r.rightsAsked[namespace] = true
	session, generation, ctx, questions := r.sh.session, r.generation, r.ctx, rightsAskedFor(namespace)
	return func() tea.Msg { return rightsArrived{generation, session.Access(ctx, questions)} }
}

func (r *root) enterScope(namespace string) {
	sh := r.sh
	sh.scope = namespace
	sh.state = nil
	sh.session.SetScope(namespace)
	if namespace != model.AllNamespaces {
		recent := []string{namespace}
		for _, other := range sh.recent {
			if other != namespace && len(recent) < recentNamespaces {
				recent = append(recent, other)
			}
		}
		// The digits must not change their meaning under the fingers: a namespace that has one keeps it.
		if !slices.Contains(sh.recent, namespace) {
			sh.recent = recent
		}
	}
}

func (r *root) setScope(namespace string) tea.Cmd {
	home := r.popToHome()
	if r.sh.session == nil {
		return home
	}
	// Esc has to lead out of a namespace that does not exist, not to another such.
	if home, ok := r.stack[0].page.(*servicesPage); ok && !home.nowhere(r.sh) && r.sh.scope != namespace {
		before := r.sh.scope
		r.sh.scopeBefore = &before
	}
	r.enterScope(namespace)
	commands := []tea.Cmd{home, r.askRights(namespace), r.tell(stateChanged{})}
	if remember, name := r.options.Remember, r.sh.info.Context; remember != nil {
		commands = append(commands, func() tea.Msg { remember(name, namespace); return nil })
	}
	return tea.Batch(commands...)
}
