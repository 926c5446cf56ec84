package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/svctui/svctui/kube/model"
)

// The protocols of commands, and the channel on which a WebSocket says how they ended (k8s.io/client-go/tools/remotecommand).
const (
	execOverWebSocket = "v5.channel.k8s.io"
	execOverSPDY      = "v4.channel.k8s.io"
	stdoutChannel     = 1
	errorChannel      = 3
)

const (
	success  = `{"metadata":{},"status":"Success"}`
	exitCode = `{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit code 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}`
)

// commandServer answers execs as an API server before a kubelet does.
type commandServer struct {
	t *testing.T
	// webSocket and spdy are the refusals of each, with their body; zero where it upgrades.
	webSocket, spdy int
	body            string
	// ending is what is said when the command has ended; one that is endless says something until nobody is there any more, and lets said
	// know how much that was.
	ending  string
	endless bool
	said    func(total int)

	mu sync.Mutex
	// tried are the upgrades that were asked for, asked is the newest request for one, and dialled how many connections a dial hook made.
	tried   []string
	asked   string
	dialled int
}

func (r *commandServer) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if !strings.HasSuffix(request.URL.Path, "/exec") {
			next.ServeHTTP(w, request)
			return
		}
		way, refused := "SPDY", r.spdy
		if websocket.IsWebSocketUpgrade(request) {
			way, refused = "WebSocket", r.webSocket
		}
		r.mu.Lock()
		r.tried, r.asked = append(r.tried, way), request.URL.RequestURI()
		r.mu.Unlock()
		switch {
		case refused != 0:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(refused)
			_, _ = io.WriteString(w, r.body)
		case way == "WebSocket":
			r.overWebSocket(w, request)
		default:
			r.overSPDY(w, request)
		}
	})
}

func (r *commandServer) overWebSocket(w http.ResponseWriter, request *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{execOverWebSocket}}
	socket, err := upgrader.Upgrade(w, request, nil)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer func() { _ = socket.Close() }()
	if r.endless {
		line := append([]byte{stdoutChannel}, strings.Repeat("x", 4<<10)...)
		for total := 0; socket.WriteMessage(websocket.BinaryMessage, line) == nil; total += len(line) {
			r.said(total)
		}
		return
	}
	for channel, text := range map[byte]string{stdoutChannel: "over WebSocket", errorChannel: r.ending} {
		if err := socket.WriteMessage(websocket.BinaryMessage, append([]byte{channel}, text...)); err != nil {
			r.t.Error(err)
		}
	}
	_ = socket.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
}

func (r *commandServer) overSPDY(w http.ResponseWriter, request *http.Request) {
	if _, err := httpstream.Handshake(request, w, []string{execOverSPDY}); err != nil {
		r.t.Error(err)
		return
	}
	streams := make(chan httpstream.Stream, 3)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, request, func(stream httpstream.Stream, _ <-chan struct{}) error {
		streams <- stream
		return nil
	})
	if conn == nil {
		r.t.Error("no SPDY connection")
		return
	}
	defer func() { _ = conn.Close() }()
	for range 3 {
		stream := <-streams
		switch stream.Headers().Get(corev1.StreamType) {
		case corev1.StreamTypeStdout:
			_, _ = io.WriteString(stream, "over SPDY")
		case corev1.StreamTypeError:
			_, _ = io.WriteString(stream, r.ending)
		}
		_ = stream.Close()
	}
	<-conn.CloseChan()
}

// session is one with a cluster that runs commands so; hooked means that all its connections are made by a dial hook.
func (r *commandServer) session(hooked bool) *Session {
	r.t.Helper()
	cluster := newTestCluster(r.t, r.before)
	config := cluster.config()
	if hooked {
		config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			r.mu.Lock()
			r.dialled++
			r.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
	}
	session, err := NewConnector(Options{RESTConfig: config, ContextName: "test", Version: "test"}).Connect(r.t.Context(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(session.Close)
	return session
}

func TestExecTellsRefusals(t *testing.T) {
	const denied = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"pods \"web-1\" is forbidden: User \"eve\" cannot create resource \"pods/exec\""}`
	const gone = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"pods \"web-1\" not found"}`
	for _, test := range []struct {
		name   string
		status int
		body   string
		is     func(error) bool
		says   string
	}{
		{"no right, in the API server's words", http.StatusForbidden, denied, apierrors.IsForbidden, `User "eve" cannot create resource "pods/exec"`},
		{"no right, by the status alone", http.StatusForbidden, "go away", apierrors.IsForbidden, "go away"},
		{"not logged in any more", http.StatusUnauthorized, unauthorized, apierrors.IsUnauthorized, "Unauthorized"},
		{"the Pod is gone", http.StatusNotFound, gone, apierrors.IsNotFound, `pods "web-1" not found`},
		{"trouble without a Status", http.StatusInternalServerError, "upstream connect error", unclassified, "500 Internal Server Error: upstream connect error"},
		{"a request that is not understood", http.StatusBadRequest, "no such container", unclassified, "400 Bad Request: no such container"},
		{"trouble without a word", http.StatusBadGateway, "", unclassified, "502 Bad Gateway: empty answer"},
		{"trouble in JSON of another kind", http.StatusInternalServerError, `{"error":"boom"}`, unclassified, `{"error":"boom"}`},
	} {
		for _, hooked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, hooked %t", test.name, hooked), func(t *testing.T) {
				r := &commandServer{t: t, webSocket: test.status, spdy: test.status, body: test.body}
				_, err := r.session(hooked).Exec(t.Context(), model.ExecRequest{Namespace: "shop", Pod: "web-1", Container: "app", Command: []string{"true"}})
				if err == nil || !test.is(err) || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("got %v, want %q", err, test.says)
				}
				if !strings.HasPrefix(err.Error(), "running a command in Pod shop/web-1: ") {
					t.Errorf("it does not say what failed: %v", err)
				}
			})
		}
	}
}

// unclassified tells whether an error is none of those that a caller tells apart.
func unclassified(err error) bool {
	return !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) && !apierrors.IsUnauthorized(err)
}

func TestExecRuns(t *testing.T) {
	for _, test := range []struct {
		name   string
		r      *commandServer
		hooked bool
		output string
		tried  string
		code   int
	}{
		{"over WebSocket", &commandServer{ending: success}, false, "over WebSocket", "WebSocket", 0},
		{"over SPDY where WebSocket is refused", &commandServer{webSocket: http.StatusForbidden, body: unauthorized, ending: success}, false, "over SPDY", "WebSocket SPDY", 0},
		{"over SPDY where connections are made by a hook", &commandServer{ending: success}, true, "over SPDY", "SPDY", 0},
		{"with another exit code, over WebSocket", &commandServer{ending: exitCode}, false, "over WebSocket", "WebSocket", 3},
		{"with another exit code, over SPDY", &commandServer{ending: exitCode}, true, "over SPDY", "SPDY", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.r
			r.t = t
			session := r.session(test.hooked)
			before := r.dialled
			got, err := session.Exec(t.Context(), model.ExecRequest{Namespace: "shop", Pod: "web-1", Container: "app", Command: []string{"echo", "a b"}})
			if err != nil || got.Output != test.output || got.ExitCode != test.code || strings.Join(r.tried, " ") != test.tried {
				t.Errorf("got %+v and %v by %q", got, err, r.tried)
			}
			if want := "/api/v1/namespaces/shop/pods/web-1/exec?command=echo&command=a+b&container=app&stderr=true&stdout=true"; r.asked != want {
				t.Errorf("it asked for %s", r.asked)
			}
			if test.hooked && r.dialled == before {
				t.Error("the connection was made past the dial hook")
			}
		})
	}
}

func TestExecEndsWithItsContext(t *testing.T) {
	r := &commandServer{t: t, ending: success}
	session := r.session(false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := session.Exec(ctx, model.ExecRequest{Namespace: "shop", Pod: "web-1", Command: []string{"true"}}); err != context.Canceled { //nolint:errorlint // nothing is to be around it
		t.Errorf("got %v", err)
	}
}

// What an upgrade answers is left to those who asked for it.
func TestAnUpgradeIsNoRefusal(t *testing.T) {
	var refused refusals
	for _, status := range []int{http.StatusSwitchingProtocols, http.StatusOK, http.StatusFound} {
		transport := refusing{answers(func() (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: unread{t}}, nil
		}), &refused}
		response, err := transport.RoundTrip(nil)
		if err != nil || response.StatusCode != status {
			t.Errorf("status %d became %v", status, err)
		}
	}
	lost := errors.New("connection reset by peer")
	if _, err := (refusing{answers(func() (*http.Response, error) { return nil, lost }), &refused}).RoundTrip(nil); !errors.Is(err, lost) {
		t.Errorf("a lost connection became %v", err)
	}
	if err := refused.instead(lost); !errors.Is(err, lost) {
		t.Errorf("nothing was refused, and it says %v", err)
	}
}

type answers func() (*http.Response, error)

func (a answers) RoundTrip(*http.Request) (*http.Response, error) { return a() }

// unread is a body that nobody may touch.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func (u unread) Close() error {
	u.t.Error("the body was closed")
	return nil
}

func TestExecIsNotForReadOnly(t *testing.T) {
	r := &commandServer{t: t, ending: success}
	cluster := newTestCluster(t, r.before)
	session, err := NewConnector(Options{RESTConfig: cluster.config(), ContextName: "test", Version: "test", ReadOnly: true}).Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	if _, err := session.Exec(t.Context(), model.ExecRequest{Namespace: "shop", Pod: "web-1", Command: []string{"true"}}); !errors.Is(err, errReadOnly) || len(r.tried) > 0 {
		t.Errorf("got %v after %q", err, r.tried)
	}
}

// client-go copies by io.Copy, which prefers other ways to write than Write.
func TestOutputIsBounded(t *testing.T) {
	for _, size := range []int{1, execOutputLimit - 1, execOutputLimit, execOutputLimit + 1, 3 * execOutputLimit} {
		var output bounded
		said := strings.Repeat("x", size)
		if n, err := io.Copy(&output, strings.NewReader(said)); n != int64(size) || err != nil {
			t.Errorf("took %d of %d, %v", n, size, err)
		}
		_, _ = output.Write([]byte("y"))
		if want := (said + "y")[:min(size+1, execOutputLimit)]; output.String() != want {
			t.Errorf("of %d bytes %d were kept", size+1, len(output.String()))
		}
	}
	reader, writer := io.Pipe()
	go func() {
		defer func() { _ = writer.Close() }()
		for range 3 {
			_, _ = writer.Write(make([]byte, execOutputLimit/2+1))
		}
	}()
	var output bounded
	if n, err := io.Copy(&output, reader); n != 3*(execOutputLimit/2+1) || err != nil {
		t.Errorf("took %d, %v", n, err)
	}
	if got := len(output.String()); got != execOutputLimit {
		t.Errorf("%d bytes were kept", got)
	}
}

// A command that is given up is still saying something, over the network and into what is kept of it.
func TestExecGivesUpACommandThatIsStillSaying(t *testing.T) {
	r := &commandServer{t: t, endless: true}
	session := r.session(false)
	ctx, cancel := context.WithCancel(t.Context())
	// What the sockets' buffers hold may be said before client-go reads; where a context ends that early, it leaves its readers behind.
	const buffered = 16 << 20
	r.said = func(total int) {
		if total > 2*execOutputLimit+buffered {
			cancel()
		}
	}
	got, err := session.Exec(ctx, model.ExecRequest{Namespace: "shop", Pod: "web-1", Container: "app", Command: []string{"yes"}})
	if !errors.Is(err, context.Canceled) || len(got.Output) > execOutputLimit {
		t.Errorf("got %d bytes and %v", len(got.Output), err)
	}
}
