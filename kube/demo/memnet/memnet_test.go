package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/nettest"

	"github.com/svctui/svctui/kube/demo/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConnBehavesAsNetConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := memnet.Pipe(memnet.Addr("10.0.0.1:1"), memnet.Addr("10.0.0.2:2"))
		return a, b, func() { _ = a.Close(); _ = b.Close() }, nil
	})
}

func TestWrittenBytesSurviveClose(t *testing.T) {
	a, b := memnet.Pipe(memnet.Addr("a:1"), memnet.Addr("b:1"))
	if _, err := a.Write([]byte("last words")); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	got, err := io.ReadAll(b)
	if err != nil || string(got) != "last words" {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestHalfCloseLetsThePeerAnswer(t *testing.T) {
	a, b := memnet.Pipe(memnet.Addr("a:1"), memnet.Addr("b:1"))
	_ = a.(interface{ CloseWrite() error }).CloseWrite()
	if _, err := io.ReadAll(b); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	_ = b.Close()
	if got, _ := io.ReadAll(a); string(got) != "answer" {
		t.Fatalf("read %q", got)
	}
}

func TestHTTPOverListener(t *testing.T) {
	l := memnet.Listen(memnet.Addr("demo:80"))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return l.DialAs(ctx, memnet.Addr("client:1"), memnet.Addr(addr))
		},
	}}
	response, err := client.Get("http://10.1.2.3:8080/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if string(body) != "10.1.2.3:8080" {
		t.Fatalf("the server saw %q", body)
	}
	_ = server.Close()
	<-served
}

func TestDialEnds(t *testing.T) {
	l := memnet.Listen(memnet.Addr("demo:80"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Dial(ctx, memnet.Addr("c:1")); !errors.Is(err, context.Canceled) {
		t.Fatalf("nobody accepts: %v", err)
	}
	_ = l.Close()
	if _, err := l.Dial(context.Background(), memnet.Addr("c:1")); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("closed: %v", err)
	}
}

func TestDeadlineWakesAWaitingRead(t *testing.T) {
	a, b := memnet.Pipe(memnet.Addr("a:1"), memnet.Addr("b:1"))
	defer b.Close()
	failed := make(chan error, 1)
	go func() { _, err := a.Read(make([]byte, 1)); failed <- err }()
	_ = a.SetReadDeadline(time.Unix(1, 0))
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestCloseConnectionsCutsHijackedOnes(t *testing.T) {
	l := memnet.Listen(memnet.Addr("demo:80"))
	accepted := make(chan net.Conn, 1)
	go func() { c, _ := l.Accept(); accepted <- c }()
	client, err := l.Dial(context.Background(), memnet.Addr("c:1"))
	if err != nil {
		t.Fatal(err)
	}
	<-accepted
	l.CloseConnections()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("after the cut: %v", err)
	}
}
