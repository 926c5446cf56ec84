package forward

import (
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
	dialer := connrotation.NewDialer(connrotation.DialFunc(impatient(config.Dial)))
	config.Dial = dialer.DialContext
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, err
	}
	return &plainLink{client: client, http: httpClient, dialer: dialer}, nil
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
	l.http.CloseIdleConnections()
	l.dialer.CloseAll()
}
