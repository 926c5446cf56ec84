package kube

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/util/flowcontrol"
)

const (
	// maxInFlight is how many plain requests may be under way at once; watches and other streams do not count.
	maxInFlight = 8
	// requestsPerSecond is the pace that requests settle at; the first startBurst of them go out at once.
	requestsPerSecond = 20
	startBurst        = 60
	// maxRetryAfter bounds how long one 429 can hold everything up.
	maxRetryAfter = time.Minute
	// plainPatience is how long the head of a plain answer is waited for where --request-timeout does not say.
	// An API server gives up on its own after 60 seconds.
	plainPatience = 65 * time.Second
	// streamPatience is the same for watches and other streams.
	streamPatience = 100 * time.Second
	// pluginPause is how long a failed login plugin is not run again.
	pluginPause = 10 * time.Second
)

// SetEnvironment makes HTTP/2 notice a dead connection within ten seconds, by pings where nothing was read
// for five. It changes this process's environment, leaves what the user has set, and must run before the first
// session is made: the variables are all that client-go lets one set.
func SetEnvironment() {
	for _, name := range []string{"HTTP2_READ_IDLE_TIMEOUT_SECONDS", "HTTP2_PING_TIMEOUT_SECONDS"} {
		if _, set := os.LookupEnv(name); !set {
			// It fails only for names that no system allows.
			_ = os.Setenv(name, "5")
		}
	}
}

// errNoAnswer says that no answer began in time.
type errNoAnswer struct{ after time.Duration }

func (e errNoAnswer) Error() string { return "no answer within " + e.after.String() }

// Timeout makes it a net.Error that is a timeout.
func (errNoAnswer) Timeout() bool { return true }

// Temporary is the other half of net.Error.
func (errNoAnswer) Temporary() bool { return true }

// errPluginBusy says that an earlier run of the login plugin has not ended.
var errPluginBusy = errors.New("the login plugin is still running")

// errClosed says that the session was closed.
var errClosed = errors.New("the session is closed")

// gate is the way of every request of a session. It keeps the API server from being flooded, obeys
// 429 Retry-After, bounds how long an answer may take, and keeps a login plugin that hangs from hanging its
// callers. Safe for concurrent use.
type gate struct {
	base http.RoundTripper
	// requestTimeout bounds plain requests as a whole; zero means that only their beginning is bounded.
	requestTimeout time.Duration
	// endless says that nothing is bounded, because a person is logging in.
	endless  bool
	inFlight chan struct{}
	pace     flowcontrol.RateLimiter
	// hasPlugin says that a login plugin may run inside of base.
	hasPlugin bool

	mu          sync.Mutex
	closed      bool
	whenQuiet   func()
	running     int
	heldUntil   time.Time
	stuck       int
	pluginErr   error
	pluginErrAt time.Time
}

func newGate(base http.RoundTripper, requestTimeout time.Duration, hasPlugin bool) *gate {
	return &gate{
		base:           base,
		requestTimeout: requestTimeout,
		inFlight:       make(chan struct{}, maxInFlight),
		pace:           flowcontrol.NewTokenBucketRateLimiter(requestsPerSecond, startBurst),
		hasPlugin:      hasPlugin,
	}
}

// WrappedRoundTripper is for those who look for the transport underneath.
func (g *gate) WrappedRoundTripper() http.RoundTripper { return g.base }

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (g *gate) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(g.base) }

// traffic is how a request is treated.
type traffic uint8

const (
	plain traffic = iota
	// stream is for answers without an end: they hold no place among those in flight.
	stream
	// foreign is for a proxied application: its answers, 429 included, are its own.
	foreign
)

func trafficOf(request *http.Request) traffic {
	query := request.URL.Query()
	switch {
	case strings.Contains(request.URL.Path, "/proxy/") || strings.HasSuffix(request.URL.Path, "/proxy"):
		return foreign
	case truthy(query.Get("watch")), truthy(query.Get("follow")), request.Header.Get("Upgrade") != "":
		return stream
	}
	return plain
}

func truthy(value string) bool {
	yes, err := strconv.ParseBool(value)
	return err == nil && yes
}

// RoundTrip is that of http.RoundTripper.
func (g *gate) RoundTrip(request *http.Request) (*http.Response, error) {
	kind := trafficOf(request)
	if err := g.wait(request.Context()); err != nil {
		return nil, err
	}
	release := func() {}
	if kind == plain {
		select {
		case g.inFlight <- struct{}{}:
			release = sync.OnceFunc(func() { <-g.inFlight })
		case <-request.Context().Done():
			return nil, context.Cause(request.Context())
		}
	}
	response, err := g.bounded(request, kind, release)
	if err != nil {
		release()
		return nil, err
	}
	if response.StatusCode == http.StatusTooManyRequests && kind != foreign {
		g.hold(response.Header.Get("Retry-After"))
	}
	return response, nil
}

// bounded sends the request, and gives up when its answer takes too long.
func (g *gate) bounded(request *http.Request, kind traffic, release func()) (*http.Response, error) {
	if g.endless {
		release()
		return g.send(request)
	}
	ctx, cancel := context.WithCancelCause(request.Context())
	end := func() { cancel(nil); release() }
	patience := streamPatience
	if kind == plain {
		patience = plainPatience
		if g.requestTimeout > 0 {
			patience = g.requestTimeout
		}
	}
	timer := time.AfterFunc(patience, func() { cancel(errNoAnswer{patience}) })
	response, err := g.send(request.WithContext(ctx))
	if kind != plain || g.requestTimeout == 0 {
		timer.Stop()
	}
	var late errNoAnswer
	if errors.As(context.Cause(ctx), &late) {
		// An answer that crossed with giving up would end in the middle.
		if err == nil {
			_ = response.Body.Close()
		}
		err = late
	}
	if err != nil {
		timer.Stop()
		end()
		return nil, err
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		// The body is a connection, which a wrapper would hide; its end is its reader's to see.
		release()
		return response, nil
	}
	response.Body = &endingBody{ReadCloser: response.Body, ctx: ctx, end: func() { timer.Stop(); end() }}
	return response, nil
}

// endingBody does something once its reader is done.
type endingBody struct {
	io.ReadCloser
	ctx context.Context
	end func()
}

func (b *endingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		var late errNoAnswer
		if !errors.Is(err, io.EOF) && errors.As(context.Cause(b.ctx), &late) {
			err = late
		}
		b.end()
	}
	return n, err
}

func (b *endingBody) Close() error {
	err := b.ReadCloser.Close()
	b.end()
	return err
}

// wait returns when the next request may go out.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		held := time.Until(g.heldUntil)
		g.mu.Unlock()
		if held <= 0 {
			return g.pace.Wait(ctx)
		}
		select {
		case <-time.After(held):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// hold keeps every request back for as long as the API server asked.
func (g *gate) hold(retryAfter string) {
	seconds, err := strconv.Atoi(retryAfter)
	if err != nil || seconds <= 0 {
		seconds = 1
	}
	until := time.Now().Add(min(time.Duration(seconds)*time.Second, maxRetryAfter))
	g.mu.Lock()
	defer g.mu.Unlock()
	if until.After(g.heldUntil) {
		g.heldUntil = until
	}
}

// send is base.RoundTrip, except that it returns when the request's context ends even while a login plugin,
// which knows no context, is running inside of it; and that a plugin which just failed is left alone for a
// moment, because every request would run it anew.
func (g *gate) send(request *http.Request) (*http.Response, error) {
	if !g.hasPlugin {
		return g.base.RoundTrip(request)
	}
	if err := g.beginPlugin(); err != nil {
		return nil, err
	}
	type answer struct {
		response *http.Response
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		defer utilruntime.HandleCrash()
		defer g.endPlugin()
		response, err := g.base.RoundTrip(request) //nolint:bodyclose // handed on, or closed below when nobody waits any more
		answers <- answer{response, err}
	}()
	select {
	case a := <-answers:
		g.notePlugin(a.err)
		return a.response, a.err
	case <-request.Context().Done():
	}
	// Without a plugin in the way the answer follows at once.
	select {
	case a := <-answers:
		return a.response, a.err
	case <-time.After(200 * time.Millisecond):
	}
	g.mu.Lock()
	g.stuck++
	g.mu.Unlock()
	go func() {
		defer utilruntime.HandleCrash()
		if a := <-answers; a.response != nil {
			_ = a.response.Body.Close()
		}
		g.mu.Lock()
		g.stuck--
		g.mu.Unlock()
	}()
	return nil, errors.Join(errPluginBusy, context.Cause(request.Context()))
}

// beginPlugin counts a request inside of which the plugin may run, unless that would be of no use.
func (g *gate) beginPlugin() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return errClosed
	case g.stuck > 0:
		return errPluginBusy
	case g.pluginErr != nil && time.Since(g.pluginErrAt) < pluginPause:
		return g.pluginErr
	}
	g.running++
	return nil
}

func (g *gate) endPlugin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.quieten()
}

// close lets no more login plugins run, and calls quiet once none is running any more.
func (g *gate) close(quiet func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.whenQuiet = true, quiet
	g.quieten()
}

// quieten needs mu.
func (g *gate) quieten() {
	if g.closed && g.running == 0 && g.whenQuiet != nil {
		g.whenQuiet()
		g.whenQuiet = nil
	}
}

func (g *gate) notePlugin(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil && strings.Contains(err.Error(), "getting credentials:") {
		g.pluginErr, g.pluginErrAt = err, time.Now()
		return
	}
	g.pluginErr = nil
}
