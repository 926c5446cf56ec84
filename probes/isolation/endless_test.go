package isolation

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// endlessApp answers, and its body has no end, as that of a stream of events.
func endlessApp(conn net.Conn) {
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: hello\n\n")
	_, _ = io.Copy(io.Discard, conn)
}

// endless is a world whose proxies answer in the same way.
type endless struct{ *world }

func (e endless) Proxy(ctx context.Context, request model.ProxyRequest) (*http.Response, error) {
	if request.Scheme == schemeHTTPS || request.Port == "1" {
		return e.world.Proxy(ctx, request)
	}
	near, far := net.Pipe()
	context.AfterFunc(ctx, func() { _ = near.Close() })
	go func() { _, _ = io.WriteString(far, "data: hello\n\n") }()
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{}, Body: near}, nil
}

// An answer is one as soon as it begins. Waiting for an end that never comes would hold up whoever asked.
func TestAnAnswerWithoutEnd(t *testing.T) {
	service := webService()
	service.Spec.ExternalIPs = []string{"192.0.2.7"}
	pod := runningPod("web-1", "10.0.0.1")
	snapshot := snapshotOf(service, pod, sliceOf("", 8080, pod))
	newEndless := func(t *testing.T) endless {
		w := newWorld(t)
		w.loopback["web-1:8080"] = endlessApp
		w.outside = map[string]func(net.Conn){"192.0.2.7:80": endlessApp}
		return endless{w}
	}
	for _, scheme := range []string{schemeHTTP, schemeAuto} {
		t.Run("test, "+scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got := Run(t.Context(), newEndless(t), snapshot, Request{Service: web.Service, Scheme: scheme}, nil)
				if outcomesOf(got) != "ok ok ok ok" || got.Conclusion.Mark != check.MarkOK || !strings.Contains(got.Conclusion.Why, "192.0.2.7") {
					t.Errorf("got %s, %+v", outcomesOf(got), *got.Conclusion)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
	t.Run("sweep", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			got := Sweep(t.Context(), newEndless(t), snapshot, web, nil)
			if got.Conclusion.Mark != check.MarkOK || time.Since(began) > 2*time.Second {
				t.Errorf("after %s: %+v", time.Since(began), *got.Conclusion)
			}
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := contextThatEnds(t, bodyPatience/2)
			defer cancel()
			began := time.Now()
			Run(ctx, newEndless(t), snapshot, web, nil)
			if took := time.Since(began); took != bodyPatience/2 {
				t.Errorf("it ended after %s", took)
			}
		})
	})
}

// farAway is a world to which it takes a while to open a port-forward.
type farAway struct {
	*world
	after time.Duration
}

func (f farAway) PortForward(ctx context.Context, pod model.PodIdentity, port int32) (model.Stream, error) {
	select {
	case <-time.After(f.after):
		return f.world.PortForward(ctx, pod, port)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// The application's time begins when the way to it is open, and what opens too late is not called cancelled.
func TestTheWayToThePodMayBeLong(t *testing.T) {
	forbidden := func(what string) func(model.ProxyRequest) (*http.Response, error) {
		return statusReply(http.StatusForbidden, "Forbidden", what+` is forbidden: User "eve" cannot get resource "`+what+`/proxy"`)
	}
	for _, test := range []struct {
		name, scheme, outcome, says string
		opens                       time.Duration
		app                         func(net.Conn)
	}{
		{"TCP", schemeTCP, "ok", "nothing was sent", 4 * time.Second, silentApp},
		{"HTTP that takes its time", schemeHTTP, "ok", "200 OK", 4 * time.Second, slowly(4*time.Second, httpApp(200, "fine"))},
		{"not at all", schemeTCP, "timeout", "no port-forward in 5s", time.Minute, silentApp},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.loopback["web-1:8080"] = test.app
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = forbidden("services"), forbidden("pods")
				got := Run(t.Context(), farAway{w, test.opens}, onePod(), Request{Service: web.Service, Scheme: test.scheme}, nil)
				if want := test.outcome + " " + test.outcome + " denied denied"; outcomesOf(got) != want || !strings.Contains(got.Rungs[0].Detail, test.says) {
					t.Errorf("got %s, %q; want %s, %q", outcomesOf(got), got.Rungs[0].Detail, want, test.says)
				}
			})
		})
	}
}

// What a test's own end cut off tells nothing, and is not taken for the application's silence.
func TestWhatIsCutOffTellsNothing(t *testing.T) {
	for _, scheme := range []string{schemeTCP, schemeHTTP} {
		t.Run(scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.loopback["web-1:8080"] = silentApp
				ctx, cancel := contextThatEnds(t, time.Second)
				defer cancel()
				got := Run(ctx, w, onePod(), Request{Service: web.Service, Scheme: scheme}, nil)
				for _, seen := range got.Rungs[:2] {
					if seen.Outcome != Failed || seen.Detail != "cancelled" {
						t.Errorf("%s: %s %q", seen.Rung, seen.Outcome, seen.Detail)
					}
				}
			})
		})
	}
}

// From here, too, an application is given the time that was asked for.
func TestFromHereGivesTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := webService()
		service.Spec.ExternalIPs = []string{"192.0.2.7"}
		pod := runningPod("web-1", "10.0.0.1")
		slow := slowly(8*time.Second, httpApp(200, "fine"))
		w := newWorld(t)
		w.loopback["web-1:8080"], w.outside = slow, map[string]func(net.Conn){"192.0.2.7:80": slow}
		answer := later(8*time.Second, replies(200, "fine"))
		w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = answer, answer
		got := Run(t.Context(), w, snapshotOf(service, pod, sliceOf("", 8080, pod)), Request{Service: web.Service, Scheme: schemeHTTP, Patience: 30 * time.Second}, nil)
		if got.Conclusion.Mark != check.MarkOK || !strings.Contains(got.Conclusion.Why, "192.0.2.7") {
			t.Errorf("got %+v\n%+v", *got.Conclusion, got.Rungs)
		}
	})
}

// The try over TLS is there to tell silence from loss. What the API server makes of that try itself says nothing of the plain one.
func TestTheTLSTryDoesNotSpeakForThePlainOne(t *testing.T) {
	for _, test := range []struct {
		name      string
		encrypted func(model.ProxyRequest) (*http.Response, error)
		takes     time.Duration
		outcome   Outcome
		patience  time.Duration
	}{
		{"denied, and the plain one comes", statusReply(http.StatusForbidden, "Forbidden", `services "https:web:80" is forbidden: User "eve" cannot get resource "services/proxy"`), 4 * time.Second, OK, 0},
		{"too many requests", statusReply(http.StatusTooManyRequests, "TooManyRequests", "Too many requests, please try again later."), 4 * time.Second, OK, 0},
		{"fails", func(model.ProxyRequest) (*http.Response, error) { return nil, errors.New("stream error") }, 4 * time.Second, OK, 0},
		{"a handshake that ends before the patience does", later(10*time.Second, cannotReach("net/http: TLS handshake timeout")), 20 * time.Second, OK, 30 * time.Second},
		{"refused, as by what takes one connection at a time, and the plain one comes", cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused"), 4 * time.Second, OK, 0},
		{"refused, and the plain one does not come", cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused"), time.Hour, Timeout, 0},
		{"denied, and the plain one does not come", statusReply(http.StatusForbidden, "Forbidden", `services "https:web:80" is forbidden: User "eve" cannot get resource "services/proxy"`), time.Hour, Timeout, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.proxied["services/web:80"], w.proxied["services/https:web:80"] = later(test.takes, replies(200, "fine")), test.encrypted
				service := webService(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)})
				s := newSubject(snapshotOf(service), Request{Service: web.Service, Scheme: schemeHTTP, Patience: test.patience})
				if got := tryProxy(t.Context(), w, s, model.Services, "web", "80", schemeHTTP, beside{}); got.outcome != test.outcome {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}
