package forward

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// loginPause is how long a login plugin that failed is not run again. Some open a browser each time.
const loginPause = 10 * time.Second

// login keeps the requests of all forwards into a cluster from running a login plugin that fails again and again: client-go
// runs it for each of them. Safe for concurrent use.
type login struct {
	mu       sync.Mutex
	failed   error
	failedAt time.Time
	// trying is true while one request tries whether the plugin works again.
	trying bool
	// config takes the place of the one that a forward was opened with, once somebody has logged in anew.
	config *rest.Config
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

// renew uses another config from now on, and tries the login plugin again at once.
func (l *login) renew(config *rest.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config, l.failed, l.trying = config, nil, false
}

// around leads requests through next, as long as the login plugin is not known to fail. A nil login does nothing.
func (l *login) around(next http.RoundTripper) http.RoundTripper {
	if l == nil {
		return next
	}
	return loggedIn{next, l}
}

// begin returns why a request is of no use now, or whether it is the one that tries the plugin again.
func (l *login) begin() (trial bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.failed == nil:
		return false, nil
	case l.trying || time.Since(l.failedAt) < loginPause:
		return false, l.failed
	}
	l.trying = true
	return true, nil
}

func (l *login) end(trial bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if trial {
		l.trying, l.failed = false, nil
	}
	// The text is all that client-go makes of it (k8s.io/client-go/plugin/pkg/client/auth/exec).
	if err != nil && strings.Contains(err.Error(), "getting credentials:") {
		l.failed, l.failedAt = err, time.Now()
	}
}

// loggedIn is a way of requests that a login guards.
type loggedIn struct {
	http.RoundTripper
	login *login
}

// RoundTrip is that of http.RoundTripper.
func (i loggedIn) RoundTrip(request *http.Request) (*http.Response, error) {
	trial, err := i.login.begin()
	if err != nil {
		return nil, err
	}
	response, err := i.RoundTripper.RoundTrip(request)
	i.login.end(trial, err)
	return response, err
}

// WrappedRoundTripper is for those who look for the transport underneath.
func (i loggedIn) WrappedRoundTripper() http.RoundTripper { return i.RoundTripper }

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (i loggedIn) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(i.RoundTripper) }
