package forward

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	portforwardprotocol "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// fakeKubelet serves one port-forward connection. As with containerd, that leads to one sandbox, whatever becomes of the Pod.
type fakeKubelet struct {
	cluster *fakeCluster
	pod     string
	sandbox string
	raw     net.Conn
	mu      sync.Mutex
	pairs   map[string]*[2]httpstream.Stream
	conns   sync.WaitGroup
}

func (k *fakeKubelet) upgrade(w http.ResponseWriter, r *http.Request, overWebSocket bool) httpstream.Connection {
	if overWebSocket {
		upgrader := websocket.Upgrader{Subprotocols: []string{portforwardprotocol.WebsocketsSPDYTunnelingPortForwardV1}}
		socket, err := upgrader.Upgrade(w, r, nil)
		if errors.Is(err, net.ErrClosed) {
			return nil // the test ended before
		}
		if err != nil {
			k.cluster.t.Error(err)
			return nil
		}
		k.track(socket.NetConn())
		conn, err := spdy.NewServerConnection(portforward.NewTunnelingConnection("test", socket), k.accept)
		if err != nil {
			k.cluster.t.Error(err)
			return nil
		}
		return conn
	}
	if _, err := httpstream.Handshake(r, w, []string{portforwardprotocol.PortForwardV1Name}); err != nil {
		return nil
	}
	return spdy.NewResponseUpgrader().UpgradeResponse(&tracking{w, k}, r, k.accept)
}

// tracking notes the network connection that an upgrade takes over.
type tracking struct {
	http.ResponseWriter
	kubelet *fakeKubelet
}

func (t *tracking) Hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	conn, rw, err = http.NewResponseController(t.ResponseWriter).Hijack()
	if err == nil {
		t.kubelet.track(conn)
	}
	return conn, rw, err
}

func (k *fakeKubelet) track(conn net.Conn) {
	k.raw = conn
	k.cluster.mu.Lock()
	defer k.cluster.mu.Unlock()
	k.cluster.rawConns[conn] = struct{}{}
}

func (k *fakeKubelet) accept(stream httpstream.Stream, replySent <-chan struct{}) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := stream.Headers().Get(corev1.PortForwardRequestIDHeader)
	pair := k.pairs[id]
	if pair == nil {
		pair = &[2]httpstream.Stream{}
		k.pairs[id] = pair
	}
	if stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
		pair[0] = stream
	} else {
		pair[1] = stream
	}
	if pair[0] == nil || pair[1] == nil {
		return nil
	}
	k.conns.Go(func() {
		<-replySent
		k.forward(pair[0], pair[1])
	})
	return nil
}

func (k *fakeKubelet) forward(errorStream, data httpstream.Stream) {
	port := data.Headers().Get(corev1.PortHeader)
	k.cluster.mu.Lock()
	app := k.cluster.apps[k.pod+":"+port]
	gone := k.cluster.sandboxLocked(k.pod) != k.sandbox
	k.cluster.mu.Unlock()
	defer func() { _ = data.Close() }()
	defer func() { _ = errorStream.Close() }()
	if gone {
		_, _ = fmt.Fprintf(errorStream, goneText, port)
		return
	}
	if app == nil {
		_, _ = fmt.Fprintf(errorStream, refusedText, port, port)
		return
	}
	near, far := tcpPair(k.cluster.t)
	k.conns.Go(func() { app(far); _ = far.Close() })
	ended := make(chan struct{}, 2)
	k.conns.Go(func() {
		_, _ = io.Copy(near, data)
		_ = near.CloseWrite()
		ended <- struct{}{}
	})
	k.conns.Go(func() {
		_, _ = io.Copy(data, near)
		ended <- struct{}{}
	})
	<-ended
	select {
	case <-ended:
	case <-time.After(time.Second):
	}
	_ = near.Close()
	_ = far.Close()
}

// refusedText has the shape of containerd's.
const refusedText = `error forwarding port %s to pod 4dbd, uid : failed to execute portforward in network namespace "/run/netns/x": ` +
	`failed to connect to localhost:%s inside namespace "4dbd", IPv4: dial tcp4 127.0.0.1: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address`

// goneText is containerd's for a sandbox that it has removed.
const goneText = `error forwarding port %s to pod 4dbd, uid : failed to find sandbox "4dbd" in store: not found`
