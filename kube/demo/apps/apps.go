// Package apps holds what runs in the embedded cluster's containers: where each application listens, what it answers,
// what it logs, and how it fails. It knows no Kubernetes object.
package apps

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

// Application is what an image does when it runs. The zero value runs for ever, listens nowhere and logs nothing.
// Applications are not changed once a cluster has them.
type Application struct {
	// PullError, when set, is what the container runtime says instead of pulling the image.
	PullError string
	// Warmup is how long a started container takes before it listens.
	Warmup time.Duration
	Ports  []Port
	// Exit, when set, ends each run of the container.
	Exit *Exit
	// NoShell means that the image has neither a shell nor tools: no command can be run in it.
	NoShell bool
	// ExecFailure is what an exec probe fails with; empty means that it succeeds.
	ExecFailure string
	Log         Log
}

// Exit says how a run of a container ends by itself.
type Exit struct {
	After  time.Duration
	Code   int32
	Reason string
}

// Port is a socket that an application listens on.
type Port struct {
	Number int32
	// UDP sockets answer no dial.
	UDP bool
	// LoopbackOnly: bound to 127.0.0.1, which no address but localhost reaches.
	LoopbackOnly bool
	// PodIPOnly: bound to the Pod's IP, which localhost does not reach.
	PodIPOnly bool
	// TLS wraps HTTP.
	TLS bool
	// Ingress routes requests by the cluster's Ingresses; HTTP answers those that none wants.
	Ingress bool
	// HTTP answers requests. When it is nil, Raw talks.
	HTTP func(Call) Response
	// Raw talks on the bare connection and returns when it is done; the caller closes.
	Raw func(ctx context.Context, conn net.Conn)
}

// Call is one request to an application.
type Call struct {
	Time      time.Time
	Namespace string
	Pod       string
	Method    string
	Path      string
}

// Response is an application's answer.
type Response struct {
	Status      int
	ContentType string
	Body        string
}

// ByImage finds an application by a container's image, first with the tag, then without.
type ByImage map[string]Application

// Find returns the application of an image. An unknown image is an application that listens nowhere.
func (b ByImage) Find(image string) Application {
	if found, ok := b[image]; ok {
		return found
	}
	return b[Repository(image)]
}

// Repository returns an image without its tag and digest.
func Repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}

// Listens tells whether a dial to the port finds the application. Loopback says that the dial is to localhost.
func (a Application) Listens(number int, loopback bool) (Port, bool) {
	for _, p := range a.Ports {
		if int(p.Number) != number || p.UDP || p.LoopbackOnly && !loopback || p.PodIPOnly && loopback {
			continue
		}
		return p, true
	}
	return Port{}, false
}

// Log says what a container writes.
type Log struct {
	// Startup is written when the container starts, one line each tenth of a second.
	Startup []string
	// Last is written right before the container ends by itself.
	Last []string
	// Every is the length of the spans for which Line is asked; zero means that nothing comes after Startup.
	Every time.Duration
	// Line returns what is written in one span, often nothing. It must give the same answer for the same arguments:
	// two readers see one log. The random numbers are the same for the same span of the same container.
	Line func(moment LogMoment, random *rand.Rand) []string
}

// LogMoment is when and where a line is written.
type LogMoment struct {
	Time      time.Time
	Namespace string
	Pod       string
	// Failing is set while an Incident strikes the application.
	Failing bool
}

// JSON returns an answer with a JSON body.
func JSON(status int, body string) Response {
	return Response{Status: status, ContentType: "application/json", Body: body + "\n"}
}

// Text returns an answer with a plain body.
func Text(status int, body string) Response {
	return Response{Status: status, ContentType: "text/plain; charset=utf-8", Body: body + "\n"}
}

// HTML returns an answer with a page.
func HTML(status int, body string) Response {
	return Response{Status: status, ContentType: "text/html; charset=utf-8", Body: body + "\n"}
}

// Paths answers by path, the longest that fits first, where a path that ends in a slash fits all below it.
func Paths(answers map[string]Response) func(Call) Response {
	return func(c Call) Response {
		if found, ok := answers[c.Path]; ok {
			return found
		}
		best, answer := -1, Text(http.StatusNotFound, "404 page not found")
		for path, candidate := range answers {
			if strings.HasSuffix(path, "/") && strings.HasPrefix(c.Path, path) && len(path) > best {
				best, answer = len(path), candidate
			}
		}
		return answer
	}
}

// Silent accepts and says nothing.
func Silent(ctx context.Context, conn net.Conn) { drain(ctx, conn) }

// Redis answers PING and hangs up on HTTP, as Redis does to protect itself.
func Redis(_ context.Context, conn net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		said := strings.ToUpper(string(buffer[:n]))
		switch {
		case strings.Contains(said, "HOST:") || strings.HasPrefix(said, "POST"):
			return
		case strings.Contains(said, "PING"):
			_, err = io.WriteString(conn, "+PONG\r\n")
		default:
			_, err = io.WriteString(conn, "-NOAUTH Authentication required.\r\n")
		}
		if err != nil {
			return
		}
	}
}

// Postgres answers an SSL request with no, and hangs up on what is no startup packet.
func Postgres(_ context.Context, conn net.Conn) {
	buffer := make([]byte, 4096)
	n, err := io.ReadAtLeast(conn, buffer, 8)
	if err != nil {
		return
	}
	const sslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"
	if string(buffer[:min(n, 8)]) == sslRequest {
		_, _ = conn.Write([]byte("N"))
		_, _ = conn.Read(buffer)
	}
}

// GRPC speaks enough HTTP/2 to be known: it answers with its settings, and hangs up on what is no HTTP/2. It waits for the
// first bytes, because Go's HTTP client logs whatever comes before it has asked.
func GRPC(ctx context.Context, conn net.Conn) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	emptySettings := []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
	start := make([]byte, len(preface))
	_, err := io.ReadFull(conn, start)
	if _, failed := conn.Write(emptySettings); failed != nil || err != nil || string(start) != preface {
		return
	}
	drain(ctx, conn)
}

// drain reads until the peer leaves or the cluster ends.
func drain(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_, _ = io.Copy(io.Discard, conn)
}
