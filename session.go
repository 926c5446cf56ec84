package main

// This file joins kube, probes and tui behind the interfaces of tui: a second thing beside the command line, with types of
// its own, and no package below may know all three.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/demo"
	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/tui"
)

// connector returns the way to the cluster that the flags lead to. With --demo it starts the embedded one, which lives until
// close.
func (a *app) connector(logger *slog.Logger) *kube.Connector {
	options := kube.Options{Flags: a.flags, Version: versionText(), Logger: logger, ReadOnly: a.readOnly}
	if a.demo {
		cluster := demo.New(clock.RealClock{})
		cluster.Start(context.Background())
		a.closers = append(a.closers, cluster.Close)
		options.RESTConfig, options.Dial, options.Lookup = cluster.RESTConfig(), cluster.Dial, cluster.LookupHost
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

// backend is a tui.Connector.
type backend struct {
	*kube.Connector
	coalesce time.Duration
	// wanted returns what was asked for by name, given the context's own namespace.
	wanted func(contextNamespace string) []model.Key
	// renew lets the forwards that are held go on as who is logged in now.
	renew func(forward.Cluster) error
}

// Open is that of tui.Connector.
func (b *backend) Open(ctx context.Context, contextName string) (tui.Session, error) {
	session, err := b.Connect(ctx, contextName)
	if err != nil {
		return nil, err
	}
	if b.renew != nil {
		// The session's own transport was made of the same Config, so this one can be made, too.
		_ = b.renew(session.ForwardCluster())
	}
	info := session.Info()
	options := engine.Options{Coalesce: b.coalesce, KubectlArgs: info.KubectlArgs}
	if b.wanted != nil {
		options.Wanted = b.wanted(info.Namespace)
	}
	store := session.NewStore(model.AllNamespaces)
	return &liveSession{Session: session, Store: store, Engine: engine.New(store, options)}, nil
}

// liveSession is a tui.Session: a session of kube, its store, and the engine over it, each with its methods.
type liveSession struct {
	*kube.Session
	*kube.Store
	*engine.Engine
	latest atomic.Pointer[model.Snapshot]
}

// Run is that of tui.Session.
func (s *liveSession) Run(ctx context.Context, publish func(*engine.State)) {
	s.Start(ctx)
	defer s.Stop()
	s.Engine.Run(ctx, giveMemoryBack(func(state *engine.State) {
		s.latest.Store(state.Snapshot)
		publish(state)
	}))
}

// Test is that of tui.Session.
func (s *liveSession) Test(ctx context.Context, request isolation.Request, progress func(isolation.Result)) {
	request.ReadOnly = request.ReadOnly || s.Info().ReadOnly
	isolation.Run(ctx, s.Session, s.readable(ctx, request.Service.Namespace), request, progress)
}

// Sweep is that of tui.Session.
func (s *liveSession) Sweep(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
	request.ReadOnly = request.ReadOnly || s.Info().ReadOnly
	isolation.Sweep(ctx, s.Session, s.readable(ctx, request.Service.Namespace), request, progress)
}

// testPatience is how long a test waits for what it is about to be read.
const testPatience = 5 * time.Second

// readable returns the newest snapshot, once Services, EndpointSlices and Pods of a namespace are read or known not to be readable: a test
// may be asked for while they are still coming.
func (s *liveSession) readable(ctx context.Context, namespace string) *model.Snapshot {
	ctx, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		snapshot := s.latest.Load()
		coming := snapshot == nil
		for _, kind := range []model.Kind{model.Services, model.EndpointSlices, model.Pods} {
			coming = coming || snapshot.Coverage(kind, namespace).Pending()
		}
		if !coming {
			return snapshot
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			if snapshot == nil {
				return model.NewBuilder(nil).Build(time.Now())
			}
			return snapshot
		}
	}
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
