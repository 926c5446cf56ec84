package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
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
	options := kube.Options{Flags: a.flags, Version: versionText(), Logger: logger}
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
	readOnly bool
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
	info    tui.SessionInfo
	store   *kube.Store
	engine  *engine.Engine
	reach   reach
	cluster cluster
	latest  atomic.Pointer[model.Snapshot]
}

func newLiveSession(opened *kube.Session, b *backend) *liveSession {
	info := opened.Info()
	store := opened.NewStore(model.AllNamespaces)
	options := engine.Options{Coalesce: b.coalesce, KubectlArgs: info.KubectlArgs}
	if b.wanted != nil {
		options.Wanted = b.wanted(info.Namespace)
	}
	own := clusterOf(opened)
	return &liveSession{
		Session: opened,
		info: tui.SessionInfo{
			Context: info.Context, Server: info.Server, User: info.User, Namespace: info.Namespace,
			ServerVersion: info.ServerVersion, ReadOnly: b.readOnly, KubectlArgs: info.KubectlArgs,
		},
		store:   store,
		engine:  engine.New(store, options),
		reach:   reach{opened, forward.NewStreams(own.config, own.dial)},
		cluster: own,
	}
}

// Info is that of tui.Session.
func (s *liveSession) Info() tui.SessionInfo { return s.info }

// Run is that of tui.Session.
func (s *liveSession) Run(ctx context.Context, publish func(*engine.State)) {
	s.store.Start(ctx)
	defer s.store.Stop()
	s.engine.Run(ctx, func(state *engine.State) {
		s.latest.Store(state.Snapshot)
		publish(state)
	})
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
	request.ReadOnly = request.ReadOnly || s.info.ReadOnly
	isolation.Run(ctx, s.reach, snapshot, request, progress)
}

// Close is that of tui.Session.
func (s *liveSession) Close() {
	s.reach.streams.Close()
	s.Session.Close()
}

// reach is an isolation.Dialer.
type reach struct {
	session *kube.Session
	streams *forward.Streams
}

// PortForward is that of isolation.Dialer.
func (r reach) PortForward(ctx context.Context, namespace, pod string, port int32) (isolation.Stream, error) {
	return r.streams.Open(ctx, namespace, pod, port)
}

// Proxy is that of isolation.Dialer.
func (r reach) Proxy(ctx context.Context, request isolation.ProxyRequest) (*http.Response, error) {
	return r.session.Proxy(ctx, kube.ProxyRequest{
		Kind: model.Kind(request.Resource), Namespace: request.Namespace, Name: request.Name,
		Scheme: request.Scheme, Port: request.Port, Path: request.Path, Host: request.Host,
	})
}

// cluster is a forward.Cluster that outlives its session.
type cluster struct {
	name   string
	config *rest.Config
	dial   forward.DialFunc
}

func clusterOf(session *kube.Session) cluster {
	return cluster{session.Info().Context, session.RESTConfig(), forward.DialFunc(session.Dial())}
}

// ContextName is that of forward.Cluster.
func (c cluster) ContextName() string { return c.name }

// RESTConfig is that of forward.Cluster.
func (c cluster) RESTConfig() *rest.Config { return c.config }

// Dial is that of forward.Cluster.
func (c cluster) Dial() forward.DialFunc { return c.dial }

// forwards is a tui.Forwards.
type forwards struct{ *forward.Manager }

// Open is that of tui.Forwards.
func (f forwards) Open(ctx context.Context, through tui.Session, spec model.ForwardSpec) (int, error) {
	session, ok := through.(*liveSession)
	if !ok {
		return 0, errors.New("this session cannot hold forwards")
	}
	if session.info.ReadOnly {
		return 0, errors.New("svctui was started with --readonly, which forbids forwards")
	}
	return f.Manager.Open(ctx, session.cluster, spec)
}
