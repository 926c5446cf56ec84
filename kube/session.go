package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the auth-providers of kubeconfigs, as kubectl has them
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
)

const (
	// connectPatience is how long the API server may take to answer first.
	connectPatience = 10 * time.Second
	// pluginPatience is how much longer it may take where a login plugin has to run before.
	pluginPatience = 20 * time.Second
)

// Dialer makes the connections of a session, as net.Dialer.DialContext does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Lookup resolves names, as net.Resolver.LookupHost does.
type Lookup func(ctx context.Context, host string) ([]string, error)

// Options say where sessions lead and how they present themselves.
type Options struct {
	// Flags lead to a kubeconfig. They are not used where RESTConfig is set; nil means kubectl's defaults.
	Flags *Flags
	// RESTConfig is where to go instead of a kubeconfig: the embedded cluster, as if a context of the name
	// ContextName with the namespace ContextNamespace led there. Dial makes its connections, and may be nil.
	RESTConfig       *rest.Config
	ContextName      string
	ContextNamespace string
	Dial             Dialer
	// Lookup resolves the names of the world that Dial leads to, as net.Resolver.LookupHost does; nil knows no names.
	Lookup Lookup
	// ReadOnly makes sessions refuse forwards, proxy requests and commands in Pods.
	ReadOnly bool
	// Version is svctui's own, for the User-Agent.
	Version string
	// Logger takes the warnings of API servers; nil discards them.
	Logger *slog.Logger
}

// RouteLogs sends what client-go and net/http log, and the warnings of API servers, to a logger instead of the terminal;
// nil discards it. It concerns the whole process and belongs at its beginning.
func RouteLogs(logger *slog.Logger) {
	logger = orDiscard(logger)
	klog.SetSlogLogger(logger)
	rest.SetDefaultWarningHandlerWithContext(warnings{logger})
	// net/http complains to the standard logger.
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(logger.Handler(), slog.LevelWarn).Writer())
}

func orDiscard(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return logger
}

// warnings logs the warnings that an API server puts into its answers.
type warnings struct{ logger *slog.Logger }

// HandleWarningHeaderWithContext is that of rest.WarningHandlerWithContext.
func (w warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _ string, text string) {
	w.logger.Warn("the API server warns", "code", code, "text", text)
}

// Connector opens sessions. Safe for concurrent use.
type Connector struct {
	options Options
	// patience is connectPatience, except in tests.
	patience time.Duration
}

// NewConnector returns a Connector. It does not look at anything yet.
func NewConnector(options Options) *Connector {
	if options.Flags == nil {
		options.Flags = NewFlags()
	}
	options.Logger = orDiscard(options.Logger)
	return &Connector{options: options, patience: connectPatience}
}

// Contexts lists the contexts of the kubeconfig, sorted by name. The error is a *ConnectError.
func (c *Connector) Contexts() ([]model.ContextInfo, error) {
	if config := c.options.RESTConfig; config != nil {
		return []model.ContextInfo{{
			Name: c.options.ContextName, Server: config.Host, Namespace: c.options.ContextNamespace, Current: true,
		}}, nil
	}
	raw, err := c.options.Flags.load()
	if err != nil {
		return nil, err
	}
	return contexts(raw), nil
}

// Connect opens a session with a context; an empty name means the one that kubectl would take. It returns when
// the API server answered, or could not be reached, at the latest after some ten seconds, or thirty where a
// login plugin has to run. The error is a *ConnectError, unless ctx was cancelled.
func (c *Connector) Connect(ctx context.Context, contextName string) (*Session, error) {
	place, err := c.resolve(contextName)
	if err != nil {
		return nil, err
	}
	session, err := c.session(place)
	if err != nil {
		return nil, err
	}
	if err := session.greet(ctx, c.patience); err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

// Login runs the context's login plugin, if it has one, with this process's terminal, so that it can ask for a
// password or show a device code, and checks that the API server accepts what it gave. It returns when the
// plugin is done, however long that takes, and the API server answered or did not within some ten seconds; or when
// ctx ends, although the plugin, which knows nothing of ctx, may go on. The terminal must not be in use.
func (c *Connector) Login(ctx context.Context, contextName string) error {
	place, err := c.resolve(contextName)
	if err != nil {
		return err
	}
	if place.config.ExecProvider == nil {
		return nil
	}
	config := c.dress(place.config)
	config.ExecProvider = freshPlugin(config.ExecProvider)
	// What is wrapped here lies inside of the plugin: its time runs once there are credentials.
	config.Wrap(func(base http.RoundTripper) http.RoundTripper { return newGate(base, c.patience, false) })
	session, err := c.assemble(place, config, nil)
	if err != nil {
		return err
	}
	session.gate.endless = true
	defer session.Close()
	err = session.ask(ctx)
	if err != nil {
		return session.destination(c.patience).explain(err)
	}
	return nil
}

// MayAsk tells whether a context has a login plugin, so that Login would run something. It reads the kubeconfig and
// nothing else; a context that cannot be used has none.
func (c *Connector) MayAsk(contextName string) bool {
	place, err := c.resolve(contextName)
	return err == nil && place.config.ExecProvider != nil
}

func (c *Connector) resolve(contextName string) (resolved, error) {
	config := c.options.RESTConfig
	if config == nil {
		return c.options.Flags.resolve(contextName)
	}
	if contextName != "" && contextName != c.options.ContextName {
		return resolved{}, unknownContext(contextName, []string{c.options.ContextName}, false)
	}
	config = rest.CopyConfig(config)
	if config.Dial == nil && c.options.Dial != nil {
		config.Dial = c.options.Dial
	}
	return resolved{
		config: config, context: c.options.ContextName, namespace: c.options.ContextNamespace,
		// kubectl has no such context, and that is as it should be: a fix that is pasted from the embedded cluster must
		// not hit the real one that happens to be current.
		kubectlArgs: []string{"--context", c.options.ContextName},
	}, nil
}

// dress returns a copy of a configuration with what every session of ours has.
func (c *Connector) dress(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	// client-go's own limit is far too slow for a screen; the gate has ours. Its timeout would cut watches.
	config.QPS = -1
	config.Timeout = 0
	config.UserAgent = "svctui/" + c.options.Version
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.ContentType = runtime.ContentTypeProtobuf
	config.WarningHandlerWithContext = warnings{c.options.Logger}
	return config
}

// session makes a session that has not spoken to the API server yet.
func (c *Connector) session(place resolved) (*Session, error) {
	config := c.dress(place.config)
	if config.ExecProvider == nil {
		return c.assemble(place, config, nil)
	}
	output, err := newPluginOutput()
	if err != nil {
		return nil, fmt.Errorf("cannot run the login plugin %s of user %s: no place for what it says: %w", config.ExecProvider.Command, place.user, err)
	}
	if err := quietPlugin(config, output); err != nil {
		output.close()
		return nil, c.unusable(place, err)
	}
	return c.assemble(place, config, output)
}

func (c *Connector) unusable(place resolved, err error) error {
	return &ConnectError{
		Reason: BadKubeconfig, Context: place.context, Server: place.config.Host, Cause: err,
		Text: fmt.Sprintf("cannot use context %s of the kubeconfig: %s", orNone(place.context), oneLine(err)),
	}
}

func (c *Connector) assemble(place resolved, config *rest.Config, output *pluginOutput) (*Session, error) {
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, c.unusable(place, err)
	}
	server, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, c.unusable(place, err)
	}
	gate := newGate(transport, place.config.Timeout, config.ExecProvider != nil)
	client := &http.Client{Transport: gate}
	clientset, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, c.unusable(place, err)
	}
	custom, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, c.unusable(place, err)
	}
	session := &Session{
		place: place, config: config, server: server, readOnly: c.options.ReadOnly, lookup: c.options.Lookup,
		gate: gate, http: client, clientset: clientset, dynamic: custom, plugin: output,
		served: newServed(clientset.Discovery().RESTClient()),
	}
	session.streams = forward.NewStreams(session.RESTConfig(), forward.DialFunc(session.Dial()))
	return session, nil
}

// Session is one connection to one cluster. Every method is safe for concurrent use.
type Session struct {
	place     resolved
	config    *rest.Config
	server    *url.URL
	readOnly  bool
	lookup    Lookup
	gate      *gate
	http      *http.Client
	clientset *kubernetes.Clientset
	dynamic   dynamic.Interface
	served    *served
	streams   *forward.Streams
	// plugin is nil without a login plugin.
	plugin *pluginOutput

	closing sync.Once
	version string
}

// Info describes the session.
func (s *Session) Info() model.SessionInfo {
	return model.SessionInfo{
		Context:       s.place.context,
		Server:        s.server.String(),
		User:          s.place.user,
		Namespace:     s.place.namespace,
		ServerVersion: s.version,
		ReadOnly:      s.readOnly,
		KubectlArgs:   slices.Clone(s.place.kubectlArgs),
	}
}

// RESTConfig returns a copy of the configuration, for those who must make connections of their own. It knows
// nothing of the session's limits, and has no timeout.
func (s *Session) RESTConfig() *rest.Config { return rest.CopyConfig(s.config) }

// Dial is what makes the connections of RESTConfig, nil for ordinary ones. The dialers of client-go for
// port-forward do not look at it.
func (s *Session) Dial() Dialer {
	if s.config.Dial == nil {
		return nil
	}
	return s.config.Dial
}

// NewStore returns a Store of this session's cluster that reads the scope once it is started.
func (s *Session) NewStore(scope string) *Store {
	store := newStore(clients{typed: s.clientset, dynamic: s.dynamic, served: s.served}, scope)
	store.explain = s.Explain
	return store
}

// Close ends port-forwards and idle connections, and forgets the login. Stores and requests of the session have to be ended by
// those who began them.
func (s *Session) Close() {
	s.closing.Do(func() {
		s.streams.Close()
		s.gate.close(s.plugin.close)
		s.http.CloseIdleConnections()
	})
}

// Explain makes of an error of one of this session's requests what the user needs to know, where it is about the
// connection or the login; every other error it returns as it is.
func (s *Session) Explain(err error) error {
	if err == nil {
		return nil
	}
	if !aboutConnection(err) {
		return err
	}
	return s.destination(0).explain(err)
}

// greet asks the API server for its version, for so long or as --request-timeout says, and tells what went wrong.
func (s *Session) greet(ctx context.Context, patience time.Duration) error {
	if s.config.ExecProvider != nil {
		patience += pluginPatience
	}
	if timeout := s.place.config.Timeout; timeout > 0 && timeout < patience {
		patience = timeout
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.ask(ctx); err != nil {
		return s.destination(patience).explain(err)
	}
	return nil
}

// errNoVersion says that an answer is not that of an API server.
var errNoVersion = errors.New("the answer to /version is not an API server's")

// ask asks the API server for its version, which anybody may.
func (s *Session) ask(ctx context.Context) error {
	body, err := s.clientset.Discovery().RESTClient().Get().AbsPath("/version").MaxRetries(0).DoRaw(ctx)
	if apierrors.IsForbidden(err) {
		// It knows who asks and keeps its version to itself.
		return nil
	}
	if err != nil {
		return err
	}
	var info version.Info
	if err := json.Unmarshal(body, &info); err != nil || info.GitVersion == "" {
		return errNoVersion
	}
	s.version = info.GitVersion
	return nil
}

func (s *Session) destination(waited time.Duration) destination {
	d := destination{
		context: s.place.context, server: s.server.String(), user: s.place.user, waited: waited,
		certificateExpired: expiry(s.config, time.Now()),
	}
	if plugin := s.config.ExecProvider; plugin != nil {
		d.plugin, d.pluginSaid = plugin.Command, s.plugin.lastLine()
	}
	return d
}

// expiry returns when the client certificate of a configuration ended, zero when it did not or there is none.
func expiry(config *rest.Config, now time.Time) time.Time {
	config = rest.CopyConfig(config)
	if err := rest.LoadTLSFiles(config); err != nil || len(config.CertData) == 0 {
		return time.Time{}
	}
	pair, err := tls.X509KeyPair(config.CertData, config.KeyData)
	if err != nil {
		return time.Time{}
	}
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil || now.Before(certificate.NotAfter) {
		return time.Time{}
	}
	return certificate.NotAfter
}
