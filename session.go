package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/demo"
	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/tui"
)

// This file joins kube, probes and tui: only package main knows them all.

// connector returns the way to the cluster that the flags lead to. With --demo it starts the embedded one, which lives until
// close.
func (a *app) connector(logger *slog.Logger) *kube.Connector {
	options := kube.Options{Flags: a.flags, Version: versionText(), Logger: logger, ReadOnly: a.readOnly}
	if a.demo {
		cluster := demo.New(clock.RealClock{})
		cluster.Start(context.Background())
		a.closers = append(a.closers, cluster.Close)
		options.RESTConfig, options.Dial = cluster.RESTConfig(), cluster.Dial
		options.ContextName, options.ContextNamespace = demo.ContextName, demo.DefaultNamespace
	}
	return kube.NewConnector(options)
}

// openLog routes everything that libraries log away from the terminal: into --log-file, or nowhere.
func (a *app) openLog() (*slog.Logger, error) {
	logger := slog.New(slog.DiscardHandler)
	if a.logFile != "" {
		file, err := os.OpenFile(a.logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("cannot write the log: %w", err)
		}
		a.closers = append(a.closers, func() { _ = file.Close() })
		logger = slog.New(slog.NewTextHandler(file, nil))
	}
	kube.RouteLogs(logger)
	// net/http complains to the standard logger.
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(logger.Handler(), slog.LevelWarn).Writer())
	return logger, nil
}

// connect opens a session for a command without a screen. A login plugin that wants to ask something may do so first.
func (a *app) connect(ctx context.Context) (*kube.Session, error) {
	logger, err := a.openLog()
	if err != nil {
		return nil, err
	}
	connector := a.connector(logger)
	a.preflight(ctx, connector)
	session, err := connector.Connect(ctx, "")
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, session.Close)
	return session, nil
}

// preflight lets a login plugin speak with the person while there is no screen in its way. What fails here
// fails again on connecting, and is told then.
func (a *app) preflight(ctx context.Context, connector *kube.Connector) {
	if !a.demo && interactive() {
		_ = connector.Login(ctx, "")
	}
}

// findServices returns the Services of a name in the scope; of any name where that is empty.
func findServices(ctx context.Context, session *kube.Session, scope, name string) ([]model.Key, error) {
	options := metav1.ListOptions{}
	if name != "" {
		options.FieldSelector = "metadata.name=" + name
	}
	list, err := session.Clientset().CoreV1().Services(scope).List(ctx, options)
	if err != nil {
		return nil, session.Explain(err)
	}
	keys := make([]model.Key, len(list.Items))
	for i := range list.Items {
		keys[i] = model.Key{Namespace: list.Items[i].Namespace, Name: list.Items[i].Name}
	}
	return keys, nil
}

// backend is a tui.Connector.
type backend struct {
	*kube.Connector
	coalesce time.Duration
	// wanted returns what was asked for by name, given the context's own namespace.
	wanted func(contextNamespace string) []model.Key
}

// Open is that of tui.Connector.
func (b *backend) Open(ctx context.Context, contextName string) (tui.Session, error) {
	opened, err := b.Connect(ctx, contextName)
	if err != nil {
		return nil, err
	}
	return newLiveSession(opened, b), nil
}

// liveSession is a tui.Session: a session of kube, its store, and the engine over it.
type liveSession struct {
	*kube.Session
	store  *kube.Store
	engine *engine.Engine
	latest atomic.Pointer[model.Snapshot]
}

func newLiveSession(opened *kube.Session, b *backend) *liveSession {
	info := opened.Info()
	store := opened.NewStore(model.AllNamespaces)
	options := engine.Options{Coalesce: b.coalesce, KubectlArgs: info.KubectlArgs}
	if b.wanted != nil {
		options.Wanted = b.wanted(info.Namespace)
	}
	return &liveSession{Session: opened, store: store, engine: engine.New(store, options)}
}

// Run is that of tui.Session.
func (s *liveSession) Run(ctx context.Context, publish func(*engine.State)) {
	s.store.Start(ctx)
	defer s.store.Stop()
	s.engine.Run(ctx, giveMemoryBack(func(state *engine.State) {
		s.latest.Store(state.Snapshot)
		publish(state)
	}))
}

// SetScope is that of tui.Session.
func (s *liveSession) SetScope(namespace string) { s.store.SetScope(namespace) }

// Focus is that of tui.Session.
func (s *liveSession) Focus(service *model.Key) { s.engine.Focus(service) }

// Test is that of tui.Session.
func (s *liveSession) Test(ctx context.Context, request isolation.Request, progress func(isolation.Result)) {
	snapshot := s.latest.Load()
	if snapshot == nil {
		snapshot = model.NewBuilder(nil).Build(time.Now())
	}
	request.ReadOnly = request.ReadOnly || s.Info().ReadOnly
	isolation.Run(ctx, s.Session, snapshot, request, progress)
}

// forwards is a tui.Forwards.
type forwards struct{ *forward.Manager }

// Open is that of tui.Forwards.
func (f forwards) Open(ctx context.Context, through tui.Session, spec model.ForwardSpec) (int, error) {
	session, ok := through.(*liveSession)
	if !ok {
		return 0, errors.New("this session cannot hold forwards")
	}
	if session.Info().ReadOnly {
		return 0, errors.New("svctui was started with --readonly, which forbids forwards")
	}
	return f.Manager.Open(ctx, session.ForwardCluster(), spec)
}
