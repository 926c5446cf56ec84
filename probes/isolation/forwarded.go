package isolation

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/svctui/svctui/kube/model"
)

const (
	// answerPatience bounds a rung, where nothing says that the application needs longer: a hung kubelet alone would hold a forward for a
	// minute and more.
	answerPatience = 5 * time.Second
	// refusalWait is how long a runtime may take to say that a port refuses.
	refusalWait = 1500 * time.Millisecond
	// headLimit is how much of an answer's body is read, in bytes, and bodyPatience how long its end is waited for: that it answers is known by
	// then, and a body need not have an end.
	headLimit    = 4 << 10
	bodyPatience = time.Second
	userAgent    = "svctui"
)

// tryForward opens a connection to the Pod's own loopback and speaks on it, as far as there is evidence for a protocol.
func tryForward(ctx context.Context, dialer Dialer, s subject, scheme string) answer {
	// The way to the Pod may be a long one. The application's time begins when it is open.
	within := max(answerPatience, s.patience())
	opening, opened := context.WithTimeout(ctx, within)
	stream, err := dialer.PortForward(opening, model.IdentityOf(s.pod), s.podPort)
	if err != nil {
		defer opened()
		return dialFailure(opening, within, err)
	}
	opened()
	defer func() { _ = stream.Close() }()
	if scheme == schemeTCP {
		return listenOn(ctx, stream)
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()

	answered := make(chan answer, 1)
	failedWith := make(chan error, 1)
	talk, hangUp := context.WithCancel(ctx)
	talked := make(chan struct{})
	conn := &streamConn{Stream: stream}
	go guarded(func() {
		defer close(talked)
		got, err := ask(talk, conn, s, scheme)
		if err != nil {
			failedWith <- conn.reason(err)
			return
		}
		answered <- got
	})()
	defer func() { hangUp(); _ = stream.Close(); <-talked }()

	errorTexts := stream.Errors()
	var hungUp *answer
	timeIsUp := ctx.Done()
	for {
		select {
		case <-timeIsUp:
			// What is being written would hold the talk up for as long as nobody takes it.
			timeIsUp = nil
			_ = stream.Close()
		case got := <-answered:
			return got
		case text, some := <-errorTexts:
			said := ofRuntime(text).to(scheme)
			if some && !said.closed {
				return said
			}
			if some {
				hungUp = &said // what the application said before counts
			}
			errorTexts = nil
		case err := <-failedWith:
			if hungUp != nil && len(conn.heard()) == 0 {
				return *hungUp
			}
			return endOf(ctx, s, err, errorTexts, conn.heard(), scheme)
		}
	}
}

func dialFailure(ctx context.Context, within time.Duration, err error) answer {
	switch {
	case apierrors.IsForbidden(err):
		return answer{outcome: Denied, detail: err.Error()}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return answer{outcome: Timeout, detail: fmt.Sprintf("no port-forward in %s: the node does not answer the API server", within)}
	case ctx.Err() != nil:
		return stopped(ctx)
	}
	return failed(err.Error())
}

// stopped codes a try that the whole test's end cut off. That tells nothing.
func stopped(ctx context.Context) answer {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return failed("the test's time was up before it told anything")
	}
	return failed("cancelled")
}

// ofRuntime codes what the container runtime says of a connection.
func ofRuntime(text string) answer {
	if strings.Contains(text, "write: broken pipe") {
		// The runtime's own connection is the one to the application; of ours to the API server this would tell nothing.
		text = "EOF"
	}
	if known, ok := meaningOf(text); ok {
		return known
	}
	return failed(text)
}

// to reads an error of a connection by what was spoken on it.
func (a answer) to(scheme string) answer {
	a.wantsTLS = a.wantsTLS && scheme == schemeHTTP
	a.notGRPC = scheme == schemeGRPC && a.outcome == OK
	return a
}

// endOf codes a talk that ended without an answer. The runtime's reason comes on another way, and may come later.
func endOf(ctx context.Context, s subject, err error, errorTexts <-chan string, heard []byte, scheme string) answer {
	if scheme == schemeGRPC && len(heard) > 0 {
		return ofNoGRPC(heard, err)
	}
	if ctx.Err() != nil {
		if len(heard) > 0 {
			return answer{outcome: OK, detail: fmt.Sprintf("answers, but not to the end in %s", s.patience())}
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return answer{outcome: Timeout, silent: true, notGRPC: scheme == schemeGRPC, detail: fmt.Sprintf("accepts connections, no answer in %s", s.patience())}
		}
		return stopped(ctx)
	}
	if errorTexts != nil && len(heard) == 0 {
		wait := time.NewTimer(refusalWait)
		defer wait.Stop()
		select {
		case text, some := <-errorTexts:
			if some {
				return ofRuntime(text).to(scheme)
			}
		case <-wait.C:
		}
	}
	if known, ok := meaningOf(err.Error()); ok {
		known.closed = known.closed && len(heard) == 0
		return known.to(scheme)
	}
	if len(heard) > 0 {
		return answer{outcome: OK, detail: "answers, but not to the end: " + err.Error()}
	}
	return failed(err.Error())
}

// listenOn sends nothing. A connection that is not refused holds.
func listenOn(ctx context.Context, stream model.Stream) answer {
	type heard struct {
		text []byte
		err  error
	}
	first := make(chan heard, 1)
	read := make(chan struct{})
	go guarded(func() {
		defer close(read)
		buffer := make([]byte, 64)
		n, err := stream.Read(buffer)
		first <- heard{buffer[:n], err}
	})()
	defer func() { _ = stream.Close(); <-read }()
	wait := time.NewTimer(refusalWait)
	defer wait.Stop()
	errorTexts := stream.Errors()
	closed := false
	for {
		select {
		case got := <-first:
			if len(got.text) > 0 {
				return answer{outcome: OK, speaksFirst: true, saying: string(got.text), detail: fmt.Sprintf("connected; it says %q", got.text)}
			}
			closed = true
		case text, some := <-errorTexts:
			if some {
				return ofRuntime(text)
			}
			errorTexts = nil
			if closed {
				return answer{outcome: OK, wordless: true, detail: "accepted, then closed"}
			}
		case <-wait.C:
			if closed {
				return answer{outcome: OK, wordless: true, detail: "accepted, then closed"}
			}
			return answer{outcome: OK, wordless: true, detail: "connected; nothing was sent"}
		case <-ctx.Done():
			return stopped(ctx)
		}
	}
}

// hangingUp is a connection that can be ended whatever its Close does.
type hangingUp interface {
	net.Conn
	hangUp()
}

// ask sends one request over a connection. The answer counts as soon as its head is there; where its body does not end, conn is hung up.
func ask(ctx context.Context, conn hangingUp, s subject, scheme string) (answer, error) {
	transport := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives:  true,
		DisableCompression: true,
		// Whatever certificate there is: what is asked is whether something answers.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: serverName(s.request.Host)}, // #nosec G402
		Protocols:       &http.Protocols{},
	}
	transport.Protocols.SetHTTP1(scheme != schemeGRPC)
	transport.Protocols.SetUnencryptedHTTP2(scheme == schemeGRPC)
	defer transport.CloseIdleConnections()
	request, err := newRequest(ctx, s, scheme)
	if err != nil {
		return answer{}, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	head := beginning(ctx, response.Body, conn.hangUp)
	if scheme == schemeGRPC {
		return answer{outcome: OK, status: true, code: response.StatusCode, detail: grpcDetail(response, head)}, nil
	}
	got := answer{outcome: OK, detail: response.Status, status: true, code: response.StatusCode, saying: string(head)}
	got.wantsTLS = scheme == schemeHTTP && refusesPlainHTTP(response.StatusCode, head)
	got.opaque = provenanceOf(response.Header).byMesh(response.StatusCode)
	if response.TLS != nil && len(response.TLS.PeerCertificates) > 0 {
		got.names = response.TLS.PeerCertificates[0].DNSNames
	}
	return got, nil
}

// beginning reads the beginning of a body that may have no end: where it takes long, or ctx ends, it calls cut, which has to end the read.
func beginning(ctx context.Context, body io.Reader, cut func()) []byte {
	late := time.AfterFunc(bodyPatience, cut)
	defer late.Stop()
	stop := context.AfterFunc(ctx, cut)
	defer stop()
	head, _ := io.ReadAll(io.LimitReader(body, headLimit))
	return head
}

func newRequest(ctx context.Context, s subject, scheme string) (*http.Request, error) {
	host := s.request.Host
	if host == "" {
		host = hostPort("localhost", s.podPort)
	}
	if scheme == schemeGRPC {
		return newHealthCheck(ctx, host)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+s.request.Path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", userAgent)
	return request, nil
}

func refusesPlainHTTP(status int, body []byte) bool {
	return status == http.StatusBadRequest && strings.Contains(strings.ToLower(string(body)), "https")
}

// serverName is the host without its port, as TLS wants it.
func serverName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	if host == "" {
		return "localhost"
	}
	return host
}

// streamConn lets net/http speak on a stream. Deadlines are the context's business.
type streamConn struct {
	model.Stream
	first firstWords
	ended atomic.Bool
}

func (c *streamConn) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	c.first.add(p[:n])
	if errors.Is(err, io.EOF) {
		c.ended.Store(true)
	}
	return n, err
}

// reason adds to the error of a talk that the other side hung up without a word. An HTTP/2 client does not always say that.
func (c *streamConn) reason(err error) error {
	if c.ended.Load() && len(c.heard()) == 0 && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", err, io.EOF)
	}
	return err
}

func (c *streamConn) heard() []byte { return c.first.heard() }

// firstWords keeps the beginning of what came back. Safe for concurrent use.
type firstWords struct {
	mu    sync.Mutex
	words []byte
}

// firstWordsLimit is how much is kept, in bytes: enough to tell protocols apart.
const firstWordsLimit = 48

func (f *firstWords) add(p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.words = append(f.words, p[:min(len(p), firstWordsLimit-len(f.words))]...)
}

func (f *firstWords) heard() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.words)
}

// Close leaves the stream open: net/http closes at once what ends without an answer, and the runtime's reason for that
// may still be on its way. tryForward closes the stream.
func (*streamConn) Close() error { return nil }

func (c *streamConn) hangUp() { _ = c.Stream.Close() }

func (*streamConn) LocalAddr() net.Addr              { return streamAddr{} }
func (*streamConn) RemoteAddr() net.Addr             { return streamAddr{} }
func (*streamConn) SetDeadline(time.Time) error      { return nil }
func (*streamConn) SetReadDeadline(time.Time) error  { return nil }
func (*streamConn) SetWriteDeadline(time.Time) error { return nil }

type streamAddr struct{}

func (streamAddr) Network() string { return "portforward" }
func (streamAddr) String() string  { return "portforward" }
