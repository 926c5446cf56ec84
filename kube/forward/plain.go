package forward

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"
)

// renewPause is how long the network connections of a plainLink are left alone after they were renewed.
const renewPause = 3 * time.Second

// plainLink is how the forwards of a cluster follow Services and Pods: over network connections of their own, so that those
// can be renewed when they are suspected to be dead. Safe for concurrent use.
type plainLink struct {
	// contextName and server tell whether a new login is one into the same cluster.
	contextName, server string
	client              kubernetes.Interface
	http                *http.Client
	// way is how requests go out, with the credentials of now.
	way    swappedWay
	dialer *connrotation.Dialer
	// login is that of everything that goes into the cluster for forwards.
	login login
	// ctx ends when the link is closed, and all dials with it: net/http lets a dial outlive the request that it is for.
	ctx  context.Context
	stop context.CancelFunc

	mu        sync.Mutex
	renewedAt time.Time
	// users counts the forwards; the Manager guards it.
	users int
	// release gives back what a new login holds; the Manager guards it.
	release func()
}

// swappedWay is a round trip that can be replaced. Safe for concurrent use.
type swappedWay struct {
	now atomic.Pointer[http.RoundTripper]
}

// RoundTrip is that of http.RoundTripper.
func (s *swappedWay) RoundTrip(request *http.Request) (*http.Response, error) {
	return (*s.now.Load()).RoundTrip(request)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (s *swappedWay) CloseIdleConnections() { utilnet.CloseIdleConnectionsFor(*s.now.Load()) }

// newPlainLink makes a client without the limits that would starve it, and without a timeout, which would cut watches.
func newPlainLink(config *rest.Config) (*plainLink, error) {
	link := &plainLink{
		server: config.Host, release: func() {},
		dialer: connrotation.NewDialer(connrotation.DialFunc(impatient(config.Dial))),
	}
	link.login.begins(config)
	link.ctx, link.stop = context.WithCancel(context.Background())
	if err := link.goBy(config); err != nil {
		return nil, err
	}
	link.http = &http.Client{Transport: link.login.around(&link.way)}
	config = rest.CopyConfig(config)
	config.QPS = -1
	var err error
	if link.client, err = kubernetes.NewForConfigAndClient(config, link.http); err != nil {
		return nil, err
	}
	return link, nil
}

// goBy sends requests with the credentials of a config from now on.
func (l *plainLink) goBy(config *rest.Config) error {
	config = rest.CopyConfig(config)
	config.Timeout = 0
	config.Dial = l.dial
	way, err := rest.TransportFor(config)
	if err != nil {
		return err
	}
	l.way.now.Store(&way)
	return nil
}

// logIn uses the credentials of another config from now on. What is open goes on, except for lists and watches.
func (l *plainLink) logIn(config *rest.Config) error {
	if err := l.goBy(config); err != nil {
		return err
	}
	l.login.renew(config)
	l.dialer.CloseAll()
	return nil
}

func (l *plainLink) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	conn, err := l.dialer.DialContext(ctx, network, address)
	if err == nil && l.ctx.Err() != nil {
		// Nobody would close it any more.
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	return conn, err
}

// renew closes the network connections, so that lists and watches begin anew on other ones. Right after the last time it
// does nothing: several forwards notice the same cut.
func (l *plainLink) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.renewedAt) < renewPause {
		return
	}
	l.renewedAt = time.Now()
	l.dialer.CloseAll()
}

// close ends the network connections. Who used them has ended.
func (l *plainLink) close() {
	l.stop()
	l.http.CloseIdleConnections()
	l.dialer.CloseAll()
}
