package apiserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	// portForwardProtocol is the only version of the protocol that there is.
	portForwardProtocol = "portforward.k8s.io"
	// tunnelProtocol is its name where SPDY is tunnelled through a WebSocket (KEP-4006).
	tunnelProtocol = "SPDY/3.1+" + portForwardProtocol
	// lingerAfterHalfClose is how long the container runtime waits for the second direction once the first has ended.
	lingerAfterHalfClose = time.Second
)

// servePortForward upgrades the connection to SPDY, or to SPDY inside a WebSocket, and forwards each pair of streams to a
// port of the Pod, as the kubelet does.
func (s *Server) servePortForward(w http.ResponseWriter, r *http.Request, t target) {
	overWebSocket := websocket.IsWebSocketUpgrade(r)
	if overWebSocket {
		// Since Kubernetes 1.35 a WebSocket needs the right to create too (AuthorizePodWebsocketUpgradeCreatePermission).
		create := t.Attributes
		create.Verb = "create"
		if s.denied(create) {
			writeError(w, r, create.forbidden())
			return
		}
	}
	pod, err := s.pod(t.Namespace, t.Name)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if pod.Spec.NodeName == "" {
		writeError(w, r, apierrors.NewBadRequest(fmt.Sprintf("pod %s does not have a host assigned", pod.Name)))
		return
	}
	if !overWebSocket && !httpstream.IsUpgradeRequest(r) {
		writeError(w, r, apierrors.NewBadRequest("Upgrade request required"))
		return
	}
	f := &podForward{nodes: s.nodes, pod: pod, pairs: map[string]*streamPair{}}
	f.ctx, f.stop = context.WithCancel(r.Context())
	defer f.wait()
	conn := f.upgrade(w, r, overWebSocket)
	if conn == nil {
		return
	}
	defer func() { _ = conn.Close() }()
	// A hijacked connection's context ends only with the server, so the connection's own end is waited for.
	select {
	case <-conn.CloseChan():
	case <-r.Context().Done():
	}
}

// podForward is one forward connection: any number of stream pairs, each of them one connection to the Pod.
type podForward struct {
	nodes Nodes
	pod   *corev1.Pod
	ctx   context.Context
	stop  context.CancelFunc
	busy  sync.WaitGroup

	mu    sync.Mutex
	pairs map[string]*streamPair
}

type streamPair struct{ errors, data httpstream.Stream }

func (f *podForward) wait() {
	f.stop()
	f.busy.Wait()
}

func (f *podForward) upgrade(w http.ResponseWriter, r *http.Request, overWebSocket bool) httpstream.Connection {
	if !overWebSocket {
		if _, err := httpstream.Handshake(r, w, []string{portForwardProtocol}); err != nil {
			return nil // Handshake has told the client
		}
		return spdy.NewResponseUpgrader().UpgradeResponse(w, r, f.accept)
	}
	upgrader := websocket.Upgrader{
		Subprotocols: []string{tunnelProtocol},
		CheckOrigin:  func(*http.Request) bool { return true },
	}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil // Upgrade has told the client
	}
	conn, err := spdy.NewServerConnection(portforward.NewTunnelingConnection("server", socket), f.accept)
	if err != nil {
		_ = socket.Close()
		return nil
	}
	return conn
}

// accept takes one new stream. Its error and data streams meet by request ID.
func (f *podForward) accept(stream httpstream.Stream, replySent <-chan struct{}) error {
	headers := stream.Headers()
	port, err := strconv.ParseUint(headers.Get(corev1.PortHeader), 10, 16)
	if err != nil || port < 1 {
		return fmt.Errorf("unable to parse %q as a port", headers.Get(corev1.PortHeader))
	}
	id := headers.Get(corev1.PortForwardRequestIDHeader)
	f.mu.Lock()
	defer f.mu.Unlock()
	pair := f.pairs[id]
	if pair == nil {
		pair = &streamPair{}
		f.pairs[id] = pair
	}
	switch kind := headers.Get(corev1.StreamType); kind {
	case corev1.StreamTypeError:
		pair.errors = stream
	case corev1.StreamTypeData:
		pair.data = stream
	default:
		return fmt.Errorf("invalid stream type %q", kind)
	}
	if pair.errors == nil || pair.data == nil {
		return nil
	}
	delete(f.pairs, id)
	f.busy.Go(func() {
		select {
		case <-replySent:
		case <-f.ctx.Done():
			return
		}
		f.forward(pair, int(port))
	})
	return nil
}

// forward joins the data stream with a connection to localhost inside the Pod. Its errors have the words of the kubelet
// around those of containerd.
func (f *podForward) forward(pair *streamPair, port int) {
	defer func() {
		_ = pair.data.Close()
		_ = pair.errors.Close()
	}()
	conn, err := f.nodes.DialLoopback(f.ctx, f.pod, port)
	if err == nil {
		err = f.join(conn, pair.data)
	}
	if err != nil && f.ctx.Err() == nil {
		_, _ = fmt.Fprintf(pair.errors, "error forwarding port %d to pod %s, uid : %v", port, SandboxID(f.pod), err)
		_ = pair.data.Reset()
		_ = pair.errors.Reset()
	}
}

func (f *podForward) join(conn net.Conn, stream httpstream.Stream) error {
	defer func() { _ = conn.Close() }()
	ended := make(chan error, 2)
	f.busy.Go(func() { _, err := io.Copy(stream, conn); ended <- err })
	f.busy.Go(func() {
		_, err := io.Copy(conn, stream)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		ended <- err
	})
	// The copy from the stream ends when the client closes it, or with the whole connection: resetting the stream here
	// could overtake what the client has not read yet.
	select {
	case err := <-ended:
		if err != nil {
			return err
		}
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
	linger := time.NewTimer(lingerAfterHalfClose)
	defer linger.Stop()
	select {
	case err := <-ended:
		return err
	case <-linger.C:
	case <-f.ctx.Done():
	}
	return nil
}

// SandboxID is the container runtime's name for a Pod's sandbox, as it stands in forwarding errors.
func SandboxID(pod *corev1.Pod) string {
	return strings.Repeat(strings.ReplaceAll(string(pod.UID), "-", ""), 2)
}
