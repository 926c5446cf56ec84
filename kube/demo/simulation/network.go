package simulation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
	"github.com/svctui/svctui/kube/demo/memnet"
)

// Network is what can be reached in the cluster: the applications in its Pods. It serves connections between Start and
// Close, and is safe for concurrent use.
type Network struct {
	store     *apiserver.Store
	apps      apps.ByImage
	clock     clock.PassiveClock
	incidents incidents
	listener  *memnet.Listener
	server    *http.Server
	identity  func() (tls.Certificate, error)

	ctx  context.Context
	stop context.CancelFunc
	busy sync.WaitGroup
}

var _ apiserver.Nodes = (*Network)(nil)

func newNetwork(store *apiserver.Store, applications apps.ByImage, clock clock.PassiveClock) *Network {
	n := &Network{
		store: store, apps: applications, clock: clock,
		listener: memnet.Listen(memnet.Addr("pods:0")),
		identity: sync.OnceValues(selfSigned),
	}
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.server = &http.Server{
		Handler:           http.HandlerFunc(n.serveHTTP),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return n.ctx },
	}
	return n
}

// Start serves the Pods' HTTP ports.
func (n *Network) Start() {
	n.busy.Go(func() { _ = n.server.Serve(n.listener) })
}

// Close cuts every connection and waits until nothing runs any more.
func (n *Network) Close() {
	n.stop()
	_ = n.server.Close()
	_ = n.listener.Close()
	n.listener.CloseConnections()
	n.busy.Wait()
}

// socket is the address of a port of a Pod, as the server's end of a connection has it.
type socket struct {
	memnet.Addr
	pod  *corev1.Pod
	port apps.Port
}

// refusal is the error of a dial to a port where nobody listens. The text is Linux's on every system.
type refusal struct{}

func (refusal) Error() string { return "connect: connection refused" }

// Is lets callers compare with the system's own error.
func (refusal) Is(target error) bool { return target == syscall.ECONNREFUSED }

func refused(network, ip string, port int) error {
	address := net.TCPAddrFromAddrPort(netip.AddrPortFrom(parseIP(ip), uint16(port)))
	return &net.OpError{Op: "dial", Net: network, Addr: address, Err: refusal{}}
}

func parseIP(ip string) netip.Addr {
	parsed, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return parsed
}

// DialPodIP connects to an address of the Pod network. Nobody at the address: it waits for ctx, as a lost packet does.
func (n *Network) DialPodIP(ctx context.Context, ip string, port int) (net.Conn, error) {
	found := false
	for _, pod := range apiserver.List(n.store, &corev1.Pod{}, "") {
		if pod.Status.PodIP != ip || pod.Status.Phase != corev1.PodRunning {
			continue
		}
		found = true
		if listening, ok := n.listening(pod, port, false); ok {
			return n.connect(ctx, socket{Addr: memnet.Addr(net.JoinHostPort(ip, fmt.Sprint(port))), pod: pod, port: listening})
		}
	}
	if found {
		return nil, refused("tcp", ip, port)
	}
	return nil, n.lost(ctx, ip, port)
}

// lost waits until a dial to an address where nobody is has timed out.
func (n *Network) lost(ctx context.Context, ip string, port int) error {
	const patience = 30 * time.Second // the API server's dial timeout
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-n.ctx.Done():
	case <-timer.C:
	}
	address := net.TCPAddrFromAddrPort(netip.AddrPortFrom(parseIP(ip), uint16(port)))
	return &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: timedOut{}}
}

// timedOut is the error of a dial that nobody answers.
type timedOut struct{}

func (timedOut) Error() string   { return "i/o timeout" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

// Unreachable waits until ctx ends or a dial would have timed out, and returns its error.
func (n *Network) Unreachable(ctx context.Context, ip string, port int) error {
	return n.lost(ctx, ip, port)
}

// DialLoopback connects to localhost inside a Pod, with containerd's words when it cannot.
func (n *Network) DialLoopback(ctx context.Context, pod *corev1.Pod, port int) (net.Conn, error) {
	if listening, ok := n.listening(pod, port, true); ok {
		return n.connect(ctx, socket{Addr: memnet.Addr(fmt.Sprintf("127.0.0.1:%d", port)), pod: pod, port: listening})
	}
	id := apiserver.SandboxID(pod)
	return nil, fmt.Errorf("failed to execute portforward in network namespace %q: failed to connect to localhost:%d inside namespace %q, IPv4: %w IPv6 %w ",
		"/var/run/netns/cni-"+string(pod.UID), port, id, refused("tcp4", "127.0.0.1", port), refused("tcp6", "::1", port))
}

// listening finds the application that has the port, in a container that runs and has warmed up.
func (n *Network) listening(pod *corev1.Pod, port int, loopback bool) (apps.Port, bool) {
	containers := append(append([]corev1.Container(nil), pod.Spec.Containers...), pod.Spec.InitContainers...)
	statuses := append(append([]corev1.ContainerStatus(nil), pod.Status.ContainerStatuses...), pod.Status.InitContainerStatuses...)
	for _, c := range containers {
		for _, status := range statuses {
			if status.Name != c.Name || status.State.Running == nil {
				continue
			}
			app := n.apps.Find(c.Image)
			if n.clock.Now().Sub(status.State.Running.StartedAt.Time) < app.Warmup {
				continue
			}
			if listening, ok := app.Listens(port, loopback); ok {
				return listening, true
			}
		}
	}
	return apps.Port{}, false
}

// connect joins a client with an application, and returns the client's end.
func (n *Network) connect(ctx context.Context, to socket) (net.Conn, error) {
	from := memnet.Addr("10.128.0.2:40000")
	if to.port.HTTP != nil && !to.port.TLS {
		return n.listener.DialAs(ctx, from, to)
	}
	client, server := memnet.Pipe(from, to)
	if n.ctx.Err() != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: to, Err: net.ErrClosed}
	}
	n.busy.Go(func() {
		stop := context.AfterFunc(n.ctx, func() { _ = server.Close() })
		defer stop()
		n.talk(to, server)
	})
	return client, nil
}

func (n *Network) talk(to socket, conn net.Conn) {
	if to.port.HTTP == nil {
		defer func() { _ = conn.Close() }()
		if to.port.Raw != nil {
			to.port.Raw(n.ctx, conn)
		}
		return
	}
	certificate, err := n.identity()
	if err != nil {
		_ = conn.Close()
		return
	}
	secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	// One connection, served by a server of its own: it ends when the connection does.
	one := &oneConnection{conn: secured, done: make(chan struct{})}
	server := &http.Server{
		Handler: http.HandlerFunc(n.serveHTTP), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				one.finish()
			}
		},
	}
	_ = server.Serve(one)
}

// oneConnection is a listener that accepts a single connection.
type oneConnection struct {
	conn net.Conn
	once sync.Once
	done chan struct{}
	mu   sync.Mutex
}

func (o *oneConnection) Accept() (net.Conn, error) {
	o.mu.Lock()
	conn := o.conn
	o.conn = nil
	o.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	<-o.done
	return nil, net.ErrClosed
}

func (o *oneConnection) finish()        { o.once.Do(func() { close(o.done) }) }
func (o *oneConnection) Close() error   { return nil }
func (o *oneConnection) Addr() net.Addr { return memnet.Addr("pod:0") }

// selfSigned makes the certificate that every TLS port of the cluster shows.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// serveHTTP answers for whatever application the connection was made to.
func (n *Network) serveHTTP(w http.ResponseWriter, r *http.Request) {
	local := r.Context().Value(http.LocalAddrContextKey)
	to, ok := local.(socket)
	if !ok {
		http.Error(w, "no such pod", http.StatusBadGateway)
		return
	}
	if to.port.Ingress && n.serveIngress(w, r) {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	answer := n.answer(to.port, to.pod, apps.Call{
		Time: n.clock.Now(), Namespace: to.pod.Namespace, Pod: to.pod.Name, Method: r.Method, Path: r.URL.Path,
	})
	if answer.ContentType != "" {
		w.Header().Set("Content-Type", answer.ContentType)
	}
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body)
}

// answer asks the application, unless an incident strikes it.
func (n *Network) answer(port apps.Port, pod *corev1.Pod, call apps.Call) apps.Response {
	if struck := n.incidents.striking(pod, call.Time); struck != nil && (struck.Path == "" || struck.Path == call.Path) {
		return struck.Answer
	}
	return port.HTTP(call)
}

// IsRefused tells a refused dial from other failures.
func IsRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
