package kube

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// roundTripper answers requests by a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func response(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}
}

func get(ctx context.Context, t *testing.T, path string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(ctx, http.MethodGet, "https://cluster.invalid"+path, nil)
}

func TestTraffic(t *testing.T) {
	for path, want := range map[string]traffic{
		"/api/v1/pods": plain,
		"/api/v1/namespaces/a/pods/p/log?follow=false":         plain,
		"/api/v1/namespaces/a/services/s":                      plain,
		"/api/v1/pods?watch=true":                              stream,
		"/api/v1/pods?watch=1&sendInitialEvents=true":          stream,
		"/api/v1/namespaces/a/pods/p/log?follow=true":          stream,
		"/api/v1/namespaces/a/services/s:80/proxy/":            foreign,
		"/api/v1/namespaces/a/pods/p:80/proxy":                 foreign,
		"/api/v1/namespaces/a/services/s:80/proxy/?watch=true": foreign,
	} {
		if got := trafficOf(get(t.Context(), t, path)); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

func TestGateBoundsRequestsInFlight(t *testing.T) {
	var now, most atomic.Int32
	release := make(chan struct{})
	g := newGate(roundTripper(func(request *http.Request) (*http.Response, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-release
		now.Add(-1)
		return response(http.StatusOK, strings.NewReader("x")), nil
	}), 0, false)
	var asking sync.WaitGroup
	for range 3 * maxInFlight {
		asking.Go(func() {
			answer, err := g.RoundTrip(get(t.Context(), t, "/api/v1/pods"))
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		})
	}
	eventually(t, "as many as may are under way", func() bool { return now.Load() == maxInFlight })
	// Streams go past those that wait.
	streamed := make(chan struct{})
	go func() {
		defer close(streamed)
		if _, err := g.RoundTrip(get(t.Context(), t, "/api/v1/pods?watch=true")); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "a watch too", func() bool { return now.Load() == maxInFlight+1 })
	close(release)
	asking.Wait()
	<-streamed
	if got := most.Load(); got != maxInFlight+1 {
		t.Errorf("%d requests were in flight", got)
	}
	// A request whose turn does not come ends with its context.
	for range maxInFlight {
		g.inFlight <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.RoundTrip(get(ctx, t, "/api/v1/pods")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestGateObeysRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := http.StatusTooManyRequests
		g := newGate(roundTripper(func(*http.Request) (*http.Response, error) {
			answer := response(status, strings.NewReader(""))
			answer.Header.Set("Retry-After", "7")
			return answer, nil
		}), 0, false)
		ask := func(path string) time.Duration {
			begin := time.Now()
			answer, err := g.RoundTrip(get(t.Context(), t, path))
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			return time.Since(begin)
		}
		ask("/api/v1/namespaces/a/services/s:80/proxy/")
		if waited := ask("/api/v1/pods"); waited != 0 {
			t.Errorf("an application's 429 held the API server's requests back for %v", waited)
		}
		status = http.StatusOK
		if waited := ask("/api/v1/services"); waited != 7*time.Second {
			t.Errorf("after a 429 the next request waited %v", waited)
		}
		if waited := ask("/api/v1/services"); waited != 0 {
			t.Errorf("and the one after it %v", waited)
		}
	})
}

func TestGatePatience(t *testing.T) {
	hangs := roundTripper(func(request *http.Request) (*http.Response, error) {
		<-request.Context().Done()
		return nil, request.Context().Err()
	})
	for _, test := range []struct {
		name, path string
		timeout    time.Duration
		want       time.Duration
	}{
		{"plain", "/api/v1/pods", 0, plainPatience},
		{"plain with --request-timeout", "/api/v1/pods", time.Second, time.Second},
		{"watch", "/api/v1/pods?watch=true", 0, streamPatience},
		{"--request-timeout is not for watches", "/api/v1/pods?watch=true", time.Second, streamPatience},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				_, err := newGate(hangs, test.timeout, false).RoundTrip(get(t.Context(), t, test.path))
				if !timedOut(err) || time.Since(begin) != test.want {
					t.Errorf("after %v: %v", time.Since(begin), err)
				}
			})
		})
	}
}

// slowBody gives a byte a second, ten in all, until its request ends.
type slowBody struct {
	ctx  context.Context
	left int
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(time.Second):
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
	b.left--
	p[0] = 'x'
	return 1, nil
}

func (b *slowBody) Close() error { return nil }

func TestGateBodies(t *testing.T) {
	slow := roundTripper(func(request *http.Request) (*http.Response, error) {
		answer := response(http.StatusOK, nil)
		answer.Body = &slowBody{ctx: request.Context(), left: 100}
		return answer, nil
	})
	for _, test := range []struct {
		name, path string
		timeout    time.Duration
		whole      bool
	}{
		{"a long download takes its time", "/api/v1/pods", 0, true},
		{"unless --request-timeout says how long", "/api/v1/pods", 5 * time.Second, false},
		{"which is not about watches", "/api/v1/pods?watch=true", 5 * time.Second, true},
		{"nor about logs that follow", "/api/v1/namespaces/a/pods/p/log?follow=true", 5 * time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate(slow, test.timeout, false)
				answer, err := g.RoundTrip(get(t.Context(), t, test.path))
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				if whole := err == nil && len(body) == 100; whole != test.whole {
					t.Errorf("got %d bytes, %v", len(body), err)
				}
				if err != nil && !timedOut(err) {
					t.Errorf("the error is no timeout: %v", err)
				}
				if len(g.inFlight) != 0 {
					t.Error("the request still counts as in flight")
				}
			})
		})
	}
}

func TestGateFreesItsPlaceOnErrors(t *testing.T) {
	fails := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("cut") })
	g := newGate(fails, 0, false)
	for range 2 * maxInFlight {
		if _, err := g.RoundTrip(get(t.Context(), t, "/api/v1/pods")); err == nil || err.Error() != "cut" {
			t.Fatalf("got %v", err)
		}
	}
	if len(g.inFlight) != 0 {
		t.Error("failed requests still count as in flight")
	}
}

func TestSetEnvironment(t *testing.T) {
	t.Setenv("HTTP2_READ_IDLE_TIMEOUT_SECONDS", "42")
	SetEnvironment()
	if got := environment("HTTP2_READ_IDLE_TIMEOUT_SECONDS"); got != "42" {
		t.Errorf("the user's own value became %s", got)
	}
	if got := environment("HTTP2_PING_TIMEOUT_SECONDS"); got != "5" {
		t.Errorf("the ping timeout is %q", got)
	}
}
