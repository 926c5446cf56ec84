package isolation

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// lateRefusal is a connection that ends at once, and whose reason comes later on its own way, as from a real runtime. Closing it
// ends both ways.
type lateRefusal struct {
	errors chan string
	once   sync.Once
	gone   chan struct{}
}

func (l *lateRefusal) Read([]byte) (int, error)    { return 0, io.EOF }
func (l *lateRefusal) Write(p []byte) (int, error) { return len(p), nil }
func (l *lateRefusal) Errors() <-chan string       { return l.errors }
func (l *lateRefusal) CloseWrite() error           { return nil }
func (l *lateRefusal) Close() error                { l.once.Do(func() { close(l.gone) }); return nil }

type lateRefuser struct{ Dialer }

func (lateRefuser) PortForward(context.Context, model.PodIdentity, int32) (model.Stream, error) {
	stream := &lateRefusal{errors: make(chan string, 1), gone: make(chan struct{})}
	go func() {
		defer close(stream.errors)
		select {
		case <-stream.gone:
		case <-time.After(100 * time.Millisecond):
			stream.errors <- "failed to connect to localhost:80 inside namespace \"x\": dial tcp4 127.0.0.1:80: connect: connection refused"
		}
	}()
	return stream, nil
}

func (lateRefuser) Proxy(context.Context, model.ProxyRequest) (*http.Response, error) {
	return nil, errors.New("not used")
}

// TestARefusalThatComesLate is about the race between the end of the data and the runtime's reason for it: taken for an
// application that closes its connections, a refusal would make a port with no listener look bound to the loopback.
func TestARefusalThatComesLate(t *testing.T) {
	for _, scheme := range []string{schemeTCP, schemeHTTP, schemeHTTPS, schemeGRPC} {
		t.Run(scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := subject{pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1"}}, podPort: 80}
				s.request.Path = "/"
				if got := tryForward(t.Context(), lateRefuser{}, s, scheme); got.outcome != Refused {
					t.Errorf("got %s, %q", got.outcome, got.detail)
				}
			})
		})
	}
}
