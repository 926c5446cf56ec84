package isolation

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/svctui/svctui/probes/check"
)

// brokenPipeText is what containerd says where an application hangs up on what is still sent to it.
const brokenPipeText = `error forwarding port 8080 to pod x, uid : failed to execute portforward in network namespace "x": ` +
	`readfrom tcp4 127.0.0.1:4->127.0.0.1:8080: write tcp4 127.0.0.1:4->127.0.0.1:8080: write: broken pipe`

// A server whose gRPC is encrypted hangs up on what is not, and says something to a TLS handshake.
func TestEncryptedGRPC(t *testing.T) {
	alert := func(conn net.Conn) {
		head := make([]byte, 4096)
		if _, err := conn.Read(head); err == nil && head[0] == 0x16 {
			_, _ = conn.Write([]byte{0x15, 3, 3, 0, 2, 2, 120})
		}
	}
	for _, test := range []struct {
		name string
		app  func(net.Conn)
		said string
		mark check.Mark
		text string
	}{
		{"encrypted", alert, "", check.MarkOK, "application answers"},
		{"encrypted, and the runtime says that it hangs up", alert, brokenPipeText, check.MarkOK, "application answers"},
		{"it closes whatever comes", closingApp, "", check.MarkWarn, "gRPC clients fail"},
		{"it closes whatever comes, and the runtime says so", closingApp, brokenPipeText, check.MarkWarn, "gRPC clients fail"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = test.app
			w.said = map[string]string{"web-1:8080": test.said}
			w.closesProxied()
			pod := runningPod("web-1", "10.0.0.1")
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, snapshotOf(speaking("grpc"), pod, sliceOf("", 8080, pod)), web, nil).Conclusion
				if got.Mark != test.mark || !strings.Contains(got.Text, test.text) {
					t.Errorf("got %v %q %q", got.Mark, got.Text, got.Why)
				}
			})
		})
	}
}

// A server that speaks gRPC alone hangs up on HTTP/1.1, which a port's name promised. One that hangs up on everything does not.
func TestGRPCBehindAnHTTPName(t *testing.T) {
	grpcAlone := func(conn net.Conn) {
		head := make([]byte, 4096)
		n, err := conn.Read(head)
		if err == nil && strings.HasPrefix(string(head[:n]), "PRI * HTTP/2.0") {
			grpcApp(1, "0")(&replayed{conn, head[:n]})
		}
	}
	for _, test := range []struct {
		name string
		app  func(net.Conn)
		edit func(*Request)
		mark check.Mark
		text string
		// named is the port's name, and next what is advised.
		named, next string
	}{
		{"gRPC alone", grpcAlone, func(*Request) {}, check.MarkWarn, "it speaks gRPC: it hangs up on clients that say HTTP/1.1", "http", "name the port grpc"},
		{"gRPC alone, and HTTP is guessed", grpcAlone, func(*Request) {}, check.MarkOK, "The application", "", ""},
		{"gRPC alone, and HTTP was asked for", grpcAlone, func(r *Request) { r.Scheme = schemeHTTP }, check.MarkWarn, "it speaks gRPC", "http", "name the port grpc"},
		{"the same, and the port is named grpc", grpcAlone, func(r *Request) { r.Scheme = schemeHTTP }, check.MarkWarn, "it speaks gRPC", "grpc", "let clients speak gRPC"},
		{"it closes whatever comes", closingApp, func(*Request) {}, check.MarkFail, "closes them without an answer", "http", "look at its log"},
		{"the same, asked for what it is named", closingApp, func(r *Request) { r.Scheme = schemeHTTP }, check.MarkFail, "closes them without an answer", "http", "look at its log"},
		{"the same, asked for something else", closingApp, func(r *Request) { r.Scheme = schemeHTTP }, check.MarkWarn, "closes them without an answer", "grpc", "ask it by the evidence"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = test.app
			w.closesProxied()
			pod := runningPod("web-1", "10.0.0.1")
			request := web
			test.edit(&request)
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, snapshotOf(speaking(test.named), pod, sliceOf("", 8080, pod)), request, nil).Conclusion
				if told := strings.Contains(got.Why, "answers in gRPC, which nothing says of the port"); told != (test.named == "") {
					t.Errorf("beside an answer: %q", got.Why)
				}
				if got.Mark != test.mark || !strings.Contains(got.Text, test.text) || !strings.HasPrefix(got.Next, test.next) {
					t.Errorf("got %v %q %q %q", got.Mark, got.Text, got.Why, got.Next)
				}
			})
		})
	}
}

// replayed is a connection of which the beginning was read already.
type replayed struct {
	net.Conn
	head []byte
}

func (c *replayed) Read(p []byte) (int, error) {
	if len(c.head) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.head)
	c.head = c.head[n:]
	return n, nil
}
