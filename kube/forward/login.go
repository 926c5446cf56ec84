package forward

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

const (
	// loginPause is how long a login plugin that failed is not run again. Some open a browser each time.
	loginPause = 10 * time.Second
	// loginPatience bounds how long a request that may run a plugin goes without an answer, where nothing else does. A person who logs in
	// in a browser takes a while.
	loginPatience = 65 * time.Second
	// answerGrace is how long the answer to a request that was given up takes where no plugin is in the way.
	answerGrace = 200 * time.Millisecond
	// mostTurnedAway is how often in a row the API server may turn a login down before it is left alone: the first time runs the plugin for a
	// new one.
	mostTurnedAway = 2
)

var (
	// errPluginBusy says that an earlier run of the login plugin has not ended.
	errPluginBusy = errors.New("the login plugin is still running")
	// errTurnedAway says that what the plugin gave is not accepted.
	errTurnedAway = errors.New("the API server turns down what the login plugin gives (401 Unauthorized)")
	// errLoggedInAnew ends requests that wait for the plugin of a former login.
	errLoggedInAnew = errors.New("somebody logged in anew")
)

// login keeps the requests of all forwards into a cluster from running a login plugin that fails again and again, and from waiting for one
// that hangs: client-go runs it inside of each of them, and knows no end. Safe for concurrent use.
type login struct {
	mu sync.Mutex
	// plugin says that there is one.
	plugin   bool
	failed   error
	failedAt time.Time
	// trying is true while one request tries whether the plugin works again.
	trying bool
	// turnedAway counts the answers in a row that turned the login down.
	turnedAway int
	// stuck counts the requests that were given up and have not come back.
	stuck int
	// config takes the place of the one that a forward was opened with, once somebody has logged in anew.
	config *rest.Config
	// renewals counts that; renewed is closed the next time.
	renewals int
	renewed  chan struct{}
}

// turn is one request's. What comes of it after another login tells nothing any more.
type turn struct {
	renewals int
	renewed  <-chan struct{}
	// trial says that it is the one that tries the plugin again.
	trial bool
	// plugin says that a plugin may run inside of it.
	plugin bool
}

// begins is called once, with the config that the first forward is opened with.
func (l *login) begins(config *rest.Config) { l.plugin = hasPlugin(config) }

func hasPlugin(config *rest.Config) bool {
	return config.ExecProvider != nil || config.AuthProvider != nil
}

// current returns what is to be used in place of a config that was so when a forward was opened.
func (l *login) current(opened *rest.Config) *rest.Config {
	if l == nil {
		return opened
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return cmp.Or(l.config, opened)
}

// renew uses another config from now on, and tries the login plugin again at once. Who waits for the former one's waits no longer.
func (l *login) renew(config *rest.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config, l.plugin = config, hasPlugin(config)
	l.failed, l.trying, l.turnedAway, l.stuck = nil, false, 0, 0
	l.renewals++
	if l.renewed != nil {
		close(l.renewed)
		l.renewed = nil
	}
}

// around leads requests through next, as long as the login plugin is not known to fail. A nil login does nothing.
func (l *login) around(next http.RoundTripper) http.RoundTripper {
	if l == nil {
		return next
	}
	return loggedIn{next, l}
}

// begin returns why a request is of no use now.
func (l *login) begin() (turn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.renewed == nil {
		l.renewed = make(chan struct{})
	}
	now := turn{renewals: l.renewals, renewed: l.renewed, plugin: l.plugin}
	switch {
	case l.stuck > 0:
		return now, errPluginBusy
	case l.failed == nil:
		return now, nil
	case l.trying || time.Since(l.failedAt) < loginPause:
		return now, l.failed
	}
	l.trying, now.trial = true, true
	return now, nil
}

func (l *login) end(now turn, response *http.Response, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.renewals != l.renewals {
		return
	}
	if now.trial {
		l.trying, l.failed = false, nil
	}
	switch {
	case err == nil && now.plugin && response != nil && response.StatusCode == http.StatusUnauthorized:
		if l.turnedAway++; l.turnedAway >= mostTurnedAway {
			l.failed, l.failedAt = errTurnedAway, time.Now()
		}
	case err == nil:
		l.turnedAway = 0
	// The text is all that client-go makes of it (k8s.io/client-go/plugin/pkg/client/auth/exec).
	case strings.Contains(err.Error(), "getting credentials:"):
		l.failed, l.failedAt = err, time.Now()
	}
}

// wait counts a request that was given up, until it has come back.
func (l *login) wait(now turn, back func()) {
	count := func(by int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if now.renewals == l.renewals {
			l.stuck += by
		}
	}
	count(1)
	go guarded(func() { back(); count(-1) })()
}

// loggedIn is a way of requests that a login guards.
type loggedIn struct {
	http.RoundTripper
	login *login
}

// RoundTrip is that of http.RoundTripper.
func (i loggedIn) RoundTrip(request *http.Request) (*http.Response, error) {
	now, err := i.login.begin()
	if err != nil {
		return nil, err
	}
	response, err := i.send(request, now)
	i.login.end(now, response, err)
	return response, err
}

// send returns also while a plugin hangs, which knows no context.
func (i loggedIn) send(request *http.Request, now turn) (*http.Response, error) {
	if !now.plugin {
		return i.RoundTripper.RoundTrip(request)
	}
	type answer struct {
		response *http.Response
		err      error
	}
	answers := make(chan answer, 1)
	go guarded(func() {
		response, err := i.RoundTripper.RoundTrip(request) //nolint:bodyclose // handed on, or closed below when nobody waits any more
		answers <- answer{response, err}
	})()
	patience := time.NewTimer(loginPatience)
	defer patience.Stop()
	var why error
	select {
	case got := <-answers:
		return got.response, got.err
	case <-request.Context().Done():
		why = errors.Join(errPluginBusy, context.Cause(request.Context()))
	case <-now.renewed:
		why = errLoggedInAnew
	case <-patience.C:
		why = errPluginBusy
	}
	grace := time.NewTimer(answerGrace)
	defer grace.Stop()
	select {
	case got := <-answers:
		return got.response, got.err
	case <-grace.C:
	}
	i.login.wait(now, func() {
		late := <-answers
		if late.response != nil {
			_ = late.response.Body.Close()
		}
		told := now
		told.trial = false // that has ended
		i.login.end(told, late.response, late.err)
	})
	return nil, why
}

// WrappedRoundTripper is for those who look for the transport underneath.
func (i loggedIn) WrappedRoundTripper() http.RoundTripper { return i.RoundTripper }

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (i loggedIn) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(i.RoundTripper) }
