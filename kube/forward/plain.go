package forward

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"
)

// renewPause is how long the network connections of a plainLink are left alone after they were renewed.
const renewPause = 3 * time.Second

// plainLink is how the forwards of a cluster follow Services and Pods: over network connections of their own, so that those
// can be renewed when they are suspected to be dead. Safe for concurrent use.
type plainLink struct {
	client kubernetes.Interface
	http   *http.Client
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
}

// newPlainLink makes a client without the limits that would starve it, and without a timeout, which would cut watches.
func newPlainLink(config *rest.Config) (*plainLink, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.Timeout = 0
	link := &plainLink{dialer: connrotation.NewDialer(connrotation.DialFunc(impatient(config.Dial)))}
	link.ctx, link.stop = context.WithCancel(context.Background())
	config.Dial = link.dial
	var err error
	if link.http, err = rest.HTTPClientFor(config); err != nil {
		return nil, err
	}
	link.http.Transport = link.login.around(link.http.Transport)
	if link.client, err = kubernetes.NewForConfigAndClient(config, link.http); err != nil {
		return nil, err
	}
	return link, nil
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
