package isolation

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func TestRun(t *testing.T) {
	loopbackOnly := func(w *world) {
		w.loopback["web-1:8080"] = httpApp(200, "fine")
		w.proxied["services/web:80"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
		w.proxied["pods/web-1:8080"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
	}
	second := runningPod("web-2", "10.0.0.2")
	for _, test := range []struct {
		name     string
		snapshot *model.Snapshot
		request  Request
		world    func(*world)
		outcomes string
		mark     check.Mark
		id       string
		says     string
		// never is what must not be said.
		never string
	}{
		{
			name: "healthy", world: func(w *world) { w.everywhere("web-1", 8080, "web", "80", 200) },
			outcomes: "ok ok ok ok", mark: check.MarkOK, says: "200 OK",
		},
		{
			name: "the application's own errors pass", world: func(w *world) { w.everywhere("web-1", 8080, "web", "80", 503) },
			outcomes: "ok ok ok ok", mark: check.MarkOK, says: "503 Service Unavailable",
		},
		{
			name: "loopback", world: loopbackOnly,
			outcomes: "ok ok refused refused", mark: check.MarkFail, id: "PORT-09", says: "127.0.0.1",
		},
		{
			name: "loopback beside a readiness probe that passes on the Pod's IP", snapshot: onePod(probing(httpProbe("/", 8080))), world: loopbackOnly,
			outcomes: "ok ok refused refused", mark: check.MarkUnknown, says: "the readiness probe gets through",
		},
		{
			name: "loopback beside a readiness probe of another host", world: loopbackOnly,
			snapshot: onePod(probing(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Host: "127.0.0.1", Port: intstr.FromInt32(8080)}})),
			outcomes: "ok ok refused refused", mark: check.MarkFail, id: "PORT-09", says: "looks elsewhere",
		},
		{
			name: "loopback in a mesh", world: loopbackOnly,
			snapshot: onePod(func(pod *corev1.Pod) {
				pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "istio-proxy"})
			}),
			outcomes: "ok ok refused refused", mark: check.MarkUnknown, says: "mesh",
		},
		{
			name: "nothing listens", world: func(w *world) {
				w.proxied["services/web:80"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
				w.proxied["pods/web-1:8080"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
			},
			outcomes: "refused refused refused refused", mark: check.MarkFail, id: "PORT-08", says: "connection refused",
		},
		{
			name: "not ready", snapshot: onePod(notReady), world: func(w *world) {
				w.everywhere("web-1", 8080, "web", "80", 200)
				w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web:80"`)
			},
			outcomes: "ok ok no-endpoints ok", mark: check.MarkFail, says: "no usable endpoint",
		},
		{
			name: "no right to anything", world: func(w *world) {
				w.forwardErr = errForbidden
				w.proxied["services/web:80"] = statusReply(403, "Forbidden", `services "web:80" is forbidden: User "eve" cannot get resource "services/proxy" in API group ""`)
				w.proxied["pods/web-1:8080"] = statusReply(403, "Forbidden", `pods "web-1:8080" is forbidden: User "eve" cannot get resource "pods/proxy" in API group ""`)
			},
			outcomes: "denied denied denied denied", mark: check.MarkUnknown, says: "may not run this test",
		},
		{
			name: "an application that denies in the API server's own form", world: func(w *world) {
				w.everywhere("web-1", 8080, "web", "80", 200)
				own := statusReply(403, "Forbidden", `forbidden: User "system:anonymous" cannot get path "/"`)
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = own, own
			},
			outcomes: "ok ok ok ok", mark: check.MarkOK, says: "403 Forbidden",
		},
		{
			name: "the node does not answer", world: func(w *world) {
				w.everywhere("web-1", 8080, "web", "80", 200)
				w.hungKubelet = true
			},
			outcomes: "timeout timeout ok ok", mark: check.MarkOK, says: "the node does not answer",
		},
		{
			name: "the application hangs", world: func(w *world) {
				w.loopback["web-1:8080"] = silentApp
				slow := later(10*time.Second, cannotReach("net/http: TLS handshake timeout"))
				w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = slow, slow
			},
			outcomes: "timeout timeout timeout timeout", mark: check.MarkFail, says: "does not answer",
		},
		{
			name: "a slow application is no silent one", world: func(w *world) {
				w.everywhere("web-1", 8080, "web", "80", 200)
				slow := later(7*time.Second, replies(200, "fine"))
				w.loopback["web-1:8080"] = slowly(7*time.Second, httpApp(200, "fine"))
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = slow, slow
				plain := later(time.Second, cannotReach("tls: first record does not look like a TLS handshake"))
				w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = plain, plain
			},
			outcomes: "timeout timeout ok ok", mark: check.MarkWarn, says: "it takes 7s to answer", never: "TLS",
		},
		{
			name: "it is slow where clients arrive, and not on its loopback", world: func(w *world) {
				w.everywhere("web-1", 8080, "web", "80", 200)
				slow := later(4*time.Second, replies(200, "fine"))
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = slow, later(7*time.Second, replies(200, "fine"))
				plain := later(time.Second, cannotReach("tls: first record does not look like a TLS handshake"))
				w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = plain, plain
			},
			outcomes: "ok ok ok ok", mark: check.MarkWarn, says: "it takes 7s to answer", never: "TLS",
		},
		{
			name: "the Pod's IP is not reached, and there is nothing to compare with", world: func(w *world) {
				w.loopback["web-1:8080"] = httpApp(200, "fine")
			},
			outcomes: "ok ok timeout timeout", mark: check.MarkUnknown, says: "API server does not reach Pods",
		},
		{
			name:     "the Pod's IP is not reached, another one's is",
			snapshot: snapshotOf(webService(), runningPod("web-1", "10.0.0.1"), second, sliceOf("", 8080, runningPod("web-1", "10.0.0.1"), second)),
			world: func(w *world) {
				w.loopback["web-1:8080"] = httpApp(200, "fine")
				w.proxied["pods/web-2:8080"] = replies(404, "")
			},
			outcomes: "ok ok timeout timeout", mark: check.MarkUnknown, says: "a try from a Pod in the cluster would decide",
		},
		{
			name: "address not allowed", world: func(w *world) {
				w.loopback["web-1:8080"] = httpApp(200, "fine")
				w.proxied["services/web:80"] = statusReply(400, "BadRequest", "address not allowed")
				w.proxied["pods/web-1:8080"] = statusReply(400, "BadRequest", "address not allowed")
			},
			outcomes: "ok ok error error", mark: check.MarkUnknown, says: "does not proxy to the Pod's address",
		},
		{
			name: "TLS on a plain port", world: func(w *world) {
				refuses := func(conn net.Conn) {
					first := make([]byte, 1)
					_, _ = conn.Read(first)
					go func() { _, _ = io.Copy(io.Discard, conn) }()
					if first[0] == 0x16 {
						_, _ = conn.Write([]byte{0x15, 3, 3, 0, 2, 2, 40}) // a TLS alert: handshake failure
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
					time.Sleep(time.Second)
				}
				w.loopback["web-1:8080"] = refuses
				w.proxied["services/web:80"] = replies(400, "Client sent an HTTP request to an HTTPS server.\n")
				w.proxied["services/https:web:80"] = replies(200, "fine")
				w.proxied["pods/web-1:8080"] = cannotReach("EOF")
				w.proxied["pods/https:web-1:8080"] = replies(200, "fine")
			},
			outcomes: "ok ok ok ok", mark: check.MarkOK, id: "PORT-12", says: "200 OK over https",
		},
		{
			name:     "unknown Service",
			request:  Request{Service: model.Key{Namespace: namespace, Name: "nope"}, Port: "80"},
			outcomes: "not-run not-run not-run not-run", mark: check.MarkFail, id: "SVC-01", says: "no Service nope",
		},
		{
			name: "unknown port", request: Request{Service: web.Service, Port: "81"},
			outcomes: "not-run not-run not-run not-run", mark: check.MarkFail, id: "PORT-07", says: "no port 81",
		},
		{
			name: "the targetPort for the port", request: Request{Service: web.Service, Port: "8080"},
			outcomes: "not-run not-run not-run not-run", mark: check.MarkFail, id: "PORT-07", says: "dial 80: 8080 is its targetPort",
		},
		{
			name: "the node port for the port", request: Request{Service: web.Service, Port: "30080"},
			snapshot: snapshotOf(webService(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080), NodePort: 30080})),
			outcomes: "not-run not-run not-run not-run", mark: check.MarkFail, id: "PORT-07", says: "or a node's address with 30080",
		},
		{
			name: "read-only", request: Request{Service: web.Service, ReadOnly: true},
			outcomes: "not-run not-run not-run not-run", mark: check.MarkUnknown, says: "read-only",
		},
		{
			name: "UDP", snapshot: snapshotOf(webService(corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP})),
			outcomes: "not-run not-run not-run not-run", mark: check.MarkUnknown, says: "UDP cannot be probed",
		},
		{
			name: "no Pods", snapshot: snapshotOf(webService(), sliceOf("", 8080)),
			world: func(w *world) {
				w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web"`)
			},
			outcomes: "not-run error no-endpoints not-run", mark: check.MarkFail, says: "and then gives up",
		},
		{
			name: "a Pod that does not run is not asked", snapshot: onePod(notReady, func(pod *corev1.Pod) {
				pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
			}),
			world: func(w *world) {
				w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web:80"`)
				w.proxied["pods/web-1:8080"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
			},
			outcomes: "not-run not-run no-endpoints refused", mark: check.MarkFail, says: "CrashLoopBackOff",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if test.world != nil {
					test.world(w)
				}
				snapshot, request := test.snapshot, test.request
				if snapshot == nil {
					snapshot = onePod()
				}
				if request.Service.Name == "" {
					request = web
				}
				if request.Scheme == "" && !strings.Contains(test.name, "plain port") {
					request.Scheme = schemeHTTP
				}
				var last Result
				steps := 0
				result := Run(t.Context(), w, snapshot, request, func(step Result) { last, steps = step, steps+1 })
				conclusion := *result.Conclusion
				if outcomesOf(result) != test.outcomes || conclusion.Mark != test.mark || conclusion.ID != test.id {
					t.Errorf("got %s, mark %v, ID %q; want %s, %v, %q", outcomesOf(result), conclusion.Mark, conclusion.ID, test.outcomes, test.mark, test.id)
				}
				text, _ := json.Marshal(JSON([]Result{result}, func(s string) string { return s }, nil))
				if !strings.Contains(string(text), test.says) {
					t.Errorf("%q is nowhere in %s", test.says, text)
				}
				if test.never != "" && strings.Contains(string(text), test.never) {
					t.Errorf("%q is in %s", test.never, text)
				}
				if steps < 2 || last.Conclusion == nil || outcomesOf(last) != outcomesOf(result) {
					t.Errorf("the last of %d steps was %+v", steps, last)
				}
			})
		})
	}
}

// Nothing may be sent where nothing says what the application speaks.
func TestUnknownProtocolIsNotSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pod := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports = nil })
		snapshot := snapshotOf(webService(corev1.ServicePort{Name: "main", Port: 5000, TargetPort: intstr.FromInt32(5000)}), pod, sliceOf("main", 5000, pod))
		w := newWorld(t)
		w.loopback["web-1:5000"] = silentApp
		w.proxied["services/web:main"] = cannotReach(`net/http: HTTP/1.x transport connection broken: malformed HTTP status code "x"`)
		w.proxied["pods/web-1:5000"] = w.proxied["services/web:main"]
		result := Run(t.Context(), w, snapshot, web, nil)
		if sent := w.wasSent(); sent != "" {
			t.Errorf("%q was sent", sent)
		}
		if got := outcomesOf(result); got != "ok ok ok ok" || result.Conclusion.Mark != check.MarkOK {
			t.Errorf("got %s and %+v", got, result.Conclusion)
		}
	})
}

// An application that speaks first takes offence at HTTP, as MySQL does: the proxies are left out, and nothing is called healthy.
func TestServerThatSpeaksFirstIsNotSentHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pod := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports = nil })
		snapshot := snapshotOf(webService(corev1.ServicePort{Port: 5000, TargetPort: intstr.FromInt32(5000)}), pod, sliceOf("", 5000, pod))
		w := newWorld(t)
		w.loopback["web-1:5000"] = func(conn net.Conn) {
			_, _ = io.WriteString(conn, "5.7.44 mysql_native_password")
			silentApp(conn)
		}
		result := Run(t.Context(), w, snapshot, web, nil)
		if got := outcomesOf(result); got != "ok ok not-run not-run" || len(w.asked) != 0 {
			t.Errorf("got %s, and the proxy was asked %v", got, w.asked)
		}
		if result.Conclusion.Mark != check.MarkUnknown {
			t.Errorf("it concludes %+v", result.Conclusion)
		}
		if !strings.Contains(result.Rungs[0].Detail, "5.7.44") {
			t.Errorf("it says %q", result.Rungs[0].Detail)
		}
	})
}

// grpcApp serves the gRPC health check over HTTP/2 without TLS.
func grpcApp(status byte, grpcStatus string) func(net.Conn) {
	return func(conn net.Conn) {
		server := &http.Server{Protocols: &http.Protocols{}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent, _ := io.ReadAll(r.Body)
			if r.URL.Path != grpcHealthPath || string(sent) != "\x00\x00\x00\x00\x00" {
				grpcStatus = "12"
			}
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Trailer", "Grpc-Status")
			if grpcStatus == "0" {
				_, _ = w.Write([]byte{0, 0, 0, 0, 2, 8, status})
			}
			w.Header().Set("Grpc-Status", grpcStatus)
		})}
		server.Protocols.SetUnencryptedHTTP2(true)
		listener := &oneConn{conns: make(chan net.Conn, 1)}
		ended := make(chan struct{})
		listener.conns <- &noticing{Conn: conn, closed: ended}
		go func() {
			<-ended
			close(listener.conns)
		}()
		_ = server.Serve(listener)
	}
}

// oneConn is a listener that accepts what it is given.
type oneConn struct{ conns chan net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if conn, more := <-l.conns; more {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return streamAddr{} }

// noticing tells when a connection is closed.
type noticing struct {
	net.Conn
	closed chan struct{}
	once   sync.Once
}

func (n *noticing) Close() error {
	n.once.Do(func() { close(n.closed) })
	return n.Conn.Close()
}

func TestGRPC(t *testing.T) {
	for _, test := range []struct {
		name string
		app  func(net.Conn)
		want string
		mark check.Mark
	}{
		{"serving", grpcApp(1, "0"), "gRPC health: SERVING", check.MarkOK},
		{"not serving", grpcApp(2, "0"), "gRPC health: NOT_SERVING", check.MarkOK},
		{"no health check", grpcApp(0, "12"), "gRPC answers, status 12", check.MarkOK},
		{"HTTP/1.1 only", func(conn net.Conn) {
			// The preface of HTTP/2 is no request that it knows.
			go func() {
				_, _ = io.WriteString(conn, "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Length: 0\r\n\r\n")
			}()
			silentApp(conn)
		}, "answers in HTTP/1.1", check.MarkWarn},
		{"bytes of another kind", func(conn net.Conn) {
			go func() { _, _ = io.WriteString(conn, "+OK ready\r\n") }()
			silentApp(conn)
		}, `answers "+OK ready`, check.MarkWarn},
		{"hangs up", func(conn net.Conn) {
			go silentApp(conn)
			time.Sleep(time.Millisecond)
		}, "closed without an answer", check.MarkWarn},
		{"says nothing, where an HTTP/2 server speaks at once", silentApp, "no answer in 5s", check.MarkWarn},
		{"over TLS", func(conn net.Conn) {
			go func() { _, _ = conn.Write([]byte{0x15, 3, 3, 0, 2, 2, 70}) }()
			silentApp(conn)
		}, "its gRPC is encrypted", check.MarkOK},
		{"settings, and then nothing", func(conn net.Conn) {
			go func() { _, _ = conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}) }()
			silentApp(conn)
		}, "answers in HTTP/2, but not to the end", check.MarkOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.loopback["web-1:8080"] = test.app
				w.proxied["services/web:80"] = cannotReach(`malformed HTTP response "\x00\x00\x06\x04"`)
				w.proxied["pods/web-1:8080"] = w.proxied["services/web:80"]
				request := web
				request.Scheme = schemeGRPC
				result := Run(t.Context(), w, onePod(), request, nil)
				if result.Conclusion.Mark != test.mark || !strings.Contains(result.Rungs[0].Detail, test.want) {
					t.Errorf("got %s, %q, %+v", outcomesOf(result), result.Rungs[0].Detail, result.Conclusion)
				}
				if says := strings.Contains(result.Conclusion.Text, "gRPC clients fail"); says != (test.mark == check.MarkWarn) {
					t.Errorf("it concludes %+v", result.Conclusion)
				}
			})
		})
	}
}

// The API server's proxy to a Service reads its Endpoints object. Where that is missing it says that there is no such Service.
func TestAServiceWithoutEndpointsObject(t *testing.T) {
	for _, words := range []string{`services "web" not found`, `endpoints "web" not found`} {
		w := newWorld(t)
		w.proxied["services/web:80"] = statusReply(404, "NotFound", words)
		service := webService()
		service.Spec.Selector = nil
		slice := sliceOf("", 8080)
		slice.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"192.0.2.10"}}}
		result := Run(t.Context(), w, snapshotOf(service, slice), Request{Service: web.Service, Scheme: schemeHTTP}, nil)
		if seen := result.Rungs[2]; seen.Outcome != Failed || !strings.Contains(seen.Detail, words) || !strings.Contains(seen.Detail, "Endpoints object") {
			t.Errorf("got %+v", seen)
		}
	}
}

func TestMySQLIsNeverSentHTTP(t *testing.T) {
	for _, port := range []corev1.ServicePort{
		{Port: 5000, TargetPort: intstr.FromInt32(3306)},
		{Name: "mysql", Port: 5000, TargetPort: intstr.FromInt32(5000)},
		{Name: "tcp-mariadb", Port: 5000, TargetPort: intstr.FromInt32(5000)},
	} {
		for _, scheme := range []string{"", schemeAuto, schemeTCP} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.loopback["web-1:3306"], w.loopback["web-1:5000"] = silentApp, silentApp
				request := web
				request.Scheme = scheme
				result := Run(t.Context(), w, snapshotOf(webService(port), runningPod("web-1", "10.0.0.1")), request, nil)
				if got := outcomesOf(result); got != "ok ok not-run not-run" || len(w.asked) != 0 || w.wasSent() != "" {
					t.Errorf("%s:%d, scheme %q: got %s, asked %v, sent %q", port.Name, port.Port, scheme, got, w.asked, w.wasSent())
				}
			})
		}
	}
}

func TestEvidenceIsUsedAndShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		result := Run(t.Context(), w, onePod(probing(httpProbe("/healthz", 8080))), web, nil)
		if result.Protocol != "http, from the readiness probe" || result.Request.Path != "/healthz" || result.PodPort != 8080 || result.Request.Pod != "web-1" {
			t.Errorf("got %+v", result)
		}
		if !strings.Contains(w.wasSent(), "GET /healthz HTTP/1.1") {
			t.Errorf("%q was sent", w.wasSent())
		}
		for _, asked := range w.asked {
			if asked.Path != "/healthz" {
				t.Errorf("the proxy was asked %+v", asked)
			}
		}
	})
}

func TestOneRunForOnePodEvenIfKubectlChoosesAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
		snapshot := snapshotOf(webService(), first, second, sliceOf("", 8080, first, second))
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		w.proxied["pods/web-2:8080"] = cannotReach("dial tcp 10.0.0.2:8080: connect: connection refused")
		request := web
		request.Pod = "web-2"
		result := Run(t.Context(), w, snapshot, request, nil)
		if got := outcomesOf(result); got != "refused ok ok refused" || result.Conclusion.ID != "PORT-08" || !strings.Contains(result.Conclusion.Text, "web-2") {
			t.Errorf("got %s and %+v", got, result.Conclusion)
		}
	})
}

func TestRunStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.hungKubelet = true
		ctx, cancel := context.WithCancel(t.Context())
		started := time.Now()
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		result := Run(ctx, w, onePod(), web, nil)
		if took := time.Since(started); took > 2*time.Second {
			t.Errorf("it went on for %s", took)
		}
		if result.Conclusion == nil || result.Conclusion.Mark == check.MarkOK {
			t.Errorf("cancelled, it concludes %+v", result.Conclusion)
		}
	})
}

func TestPlan(t *testing.T) {
	service := webService(
		corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}, corev1.ServicePort{Name: "dns-tcp", Port: 53}, corev1.ServicePort{Name: "metrics", Port: 9153},
	)
	var ports []string
	for _, request := range Plan(snapshotOf(service), web.Service) {
		ports = append(ports, request.Port)
	}
	if got := strings.Join(ports, " "); got != "dns dns-tcp metrics" {
		t.Errorf("got %s", got)
	}
	if plan := Plan(snapshotOf(), web.Service); plan != nil {
		t.Errorf("a Service that is not there has the plan %v", plan)
	}
	if plan := Plan(snapshotOf(webService()), web.Service); len(plan) != 1 || plan[0].Port != "80" {
		t.Errorf("got %v", plan)
	}
}

func TestReadProxied(t *testing.T) {
	for _, test := range []struct {
		name    string
		reply   func(model.ProxyRequest) (*http.Response, error)
		outcome Outcome
	}{
		{"refused", cannotReach("dial tcp 10.0.0.1:80: connect: connection refused"), Refused},
		{"timeout", cannotReach("dial tcp 10.0.0.1:80: i/o timeout"), Timeout},
		{"no route", cannotReach("dial tcp 10.0.0.1:80: connect: no route to host"), Timeout},
		{"EOF", cannotReach("EOF"), OK},
		{"reset", cannotReach("read tcp 10.0.0.2:4->10.0.0.1:80: read: connection reset by peer"), OK},
		{"not HTTP", cannotReach(`malformed HTTP status code "x"`), OK},
		{"not TLS", cannotReach("tls: first record does not look like a TLS handshake"), OK},
		{"a TLS alert", cannotReach("remote error: tls: handshake failure"), OK},
		{"silent TLS", cannotReach("net/http: TLS handshake timeout"), OK},
		{"as plain text", replies(503, "error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused"), Refused},
		{"no endpoints", statusReply(503, "ServiceUnavailable", `no endpoints available for service "web:80"`), NoEndpoints},
		{"no such port", statusReply(503, "ServiceUnavailable", `no service port 81 found for service "web"`), Failed},
		{"no such Service", statusReply(404, "NotFound", `services "web" not found`), Failed},
		{"address", statusReply(400, "BadRequest", "address not allowed"), Failed},
		{"denied", statusReply(403, "Forbidden", `services "https:web:80" is forbidden: User "eve" cannot get resource "services/proxy" in API group "" in the namespace "shop"`), Denied},
		{"the application's 503", replies(503, "no endpoints available for service, says the application"), OK},
		{"the application's 404", replies(404, "404 page not found"), OK},
		{"the application's Status 404", statusReply(404, "NotFound", "the server could not find the requested resource"), OK},
		{"the application's 403", replies(403, `{"kind":"Error","message":"services/proxy"}`), OK},
		{"a Status that the application serves well", replies(200, `{"kind":"Status","message":"no endpoints available for service"}`), OK},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, _ := test.reply(model.ProxyRequest{})
			body, _ := io.ReadAll(response.Body)
			if got := readProxied(response, body); got.outcome != test.outcome {
				t.Errorf("got %s (%s)", got.outcome, got.detail)
			}
		})
	}
}

func TestWordsOfTheRuntime(t *testing.T) {
	for _, test := range []struct {
		text    string
		outcome Outcome
	}{
		{`failed to connect to localhost:80 inside namespace "x", IPv4: dial tcp4 127.0.0.1:80: connect: connection refused IPv6 dial tcp6 [::1]:80: connect: connection refused`, Refused},
		{`failed to connect to localhost:80 inside namespace "x", IPv4: dial tcp4 127.0.0.1:80: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address`, Refused},
		{`failed to connect to localhost:80 inside namespace "x", IPv4: dial tcp4 127.0.0.1:80: i/o timeout IPv6 dial tcp6 [::1]:80: connect: connection refused`, Timeout},
		{`error forwarding port 80 to pod x, uid : read tcp4 127.0.0.1:3->127.0.0.1:80: read: connection reset by peer`, OK},
		{brokenPipeText, OK},
		{`error forwarding port 80 to pod x, uid : exit status 1: 2026/01/01 socat[1] E connect(5, AF=2 127.0.0.1:80, 16): Connection refused`, Refused},
		{`error forwarding port 80 to pod x, uid : failed to find sandbox "x" in store: not found`, Failed},
	} {
		if got := ofRuntime(test.text); got.outcome != test.outcome {
			t.Errorf("%s: got %s", test.text, got.outcome)
		}
	}
}

func TestProtocolOf(t *testing.T) {
	appProtocol := func(value string) *string { return &value }
	for _, test := range []struct {
		name string
		port corev1.ServicePort
		pod  func(*corev1.Pod)
		want string
	}{
		{"the readiness probe", corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)}, probing(httpProbe("/ready", 8080)), "http, from the readiness probe /ready"},
		{"an HTTPS probe", corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)}, probing(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Scheme: "HTTPS", Path: "x", Port: intstr.FromInt32(8080)}}), "https, from the readiness probe /x"},
		{"a gRPC probe", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000)}, probing(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9000}}), "grpc, from the readiness probe /"},
		{"the liveness probe", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000)}, func(pod *corev1.Pod) {
			pod.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: httpProbe("/live", 9000)}
		}, "http, from the liveness probe /live"},
		{"not another port's probe", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000)}, probing(httpProbe("/ready", 9001)), "tcp, nothing says what it speaks /"},
		{"a named probe port", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000)}, func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: 9000}}
			probing(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/r", Port: intstr.FromString("web")}})(pod)
		}, "http, from the readiness probe /r"},
		{"a TCP probe is no evidence", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000)}, probing(corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(9000)}}), "tcp, nothing says what it speaks /"},
		{"appProtocol", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000), AppProtocol: appProtocol("https")}, nil, "https, from appProtocol https /"},
		{"appProtocol h2c", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000), AppProtocol: appProtocol("kubernetes.io/h2c")}, nil, "grpc, from appProtocol kubernetes.io/h2c /"},
		{"appProtocol against the number", corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(80), AppProtocol: appProtocol("mysql")}, nil, "tcp, from appProtocol mysql /"},
		{"the port's name", corev1.ServicePort{Name: "http-web", Port: 90, TargetPort: intstr.FromInt32(9000)}, nil, "http, from the port's name /"},
		{"a name that says it is not HTTP", corev1.ServicePort{Name: "tcp-main", Port: 80, TargetPort: intstr.FromInt32(8080)}, nil, "tcp, from the port's name /"},
		{"grpc-web is HTTP", corev1.ServicePort{Name: "grpc-web", Port: 90, TargetPort: intstr.FromInt32(9000)}, nil, "http, from the port's name /"},
		{"a name that says nothing", corev1.ServicePort{Name: "web", Port: 90, TargetPort: intstr.FromInt32(9000)}, nil, "tcp, nothing says what it speaks /"},
		{"the container port's name", corev1.ServicePort{Port: 90, TargetPort: intstr.FromInt32(9000)}, func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 9000}}
		}, "http, from the container port's name /"},
		{"a well-known number in the Pod", corev1.ServicePort{Port: 9000, TargetPort: intstr.FromInt32(8080)}, nil, "http, from the well-known number 8080 /"},
		{"a well-known number of the Service", corev1.ServicePort{Port: 443, TargetPort: intstr.FromInt32(9443)}, nil, "https, from the well-known number 443 /"},
		{"nothing", corev1.ServicePort{Port: 5432, TargetPort: intstr.FromInt32(5432)}, nil, "tcp, nothing says what it speaks /"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pod := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports = nil })
			if test.pod != nil {
				test.pod(pod)
			}
			s := newSubject(snapshotOf(webService(test.port), pod), web)
			if got := s.speaks.String() + " " + s.speaks.path; got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestChoiceOfThePod(t *testing.T) {
	terminating := func(pod *corev1.Pod) {
		now := metav1.NewTime(time.Unix(0, 0))
		pod.DeletionTimestamp = &now
	}
	readySince := func(seconds int64) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(time.Unix(seconds, 0))
		}
	}
	pending := func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodPending }
	for _, test := range []struct {
		name string
		pods []metav1.Object
		want string
	}{
		{"the longest Ready", []metav1.Object{runningPod("a", "10.0.0.1", readySince(9)), runningPod("b", "10.0.0.2", readySince(5))}, "b"},
		{"Ready before not", []metav1.Object{runningPod("a", "10.0.0.1", notReady), runningPod("b", "10.0.0.2")}, "b"},
		{"not a terminating one", []metav1.Object{runningPod("a", "10.0.0.1", terminating), runningPod("b", "10.0.0.2", notReady)}, "b"},
		{"a terminating one when nothing else runs", []metav1.Object{runningPod("a", "10.0.0.1", terminating), runningPod("b", "10.0.0.2", pending)}, "a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSubject(snapshotOf(append(test.pods, webService())...), web)
			if s.pod == nil || s.pod.Name != test.want {
				t.Errorf("got %+v", s.pod)
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	of := func(marks ...check.Mark) []Result {
		var results []Result
		for _, mark := range marks {
			results = append(results, Result{Conclusion: &Conclusion{Mark: mark}})
		}
		return results
	}
	for _, test := range []struct {
		results []Result
		want    int
	}{
		{of(check.MarkOK, check.MarkOK), 0},
		{of(check.MarkOK, check.MarkUnknown), 2},
		{of(check.MarkWarn), 2},
		{of(check.MarkUnknown, check.MarkFail), 1},
		{[]Result{{}}, 2},
		{nil, 2},
	} {
		if got := ExitCode(test.results); got != test.want {
			t.Errorf("%+v: got %d, want %d", test.results, got, test.want)
		}
	}
}

func TestJSON(t *testing.T) {
	result := Result{
		Request: Request{Service: web.Service, Port: "http", Pod: "web-1"}, PodPort: 8080,
		Rungs:      []Observation{{Rung: RungProxyPod, Outcome: Refused, Detail: "connection\x1b refused", Took: 8 * time.Millisecond}},
		Conclusion: &Conclusion{ID: "PORT-09", Mark: check.MarkFail, Text: "t", Next: "n", Confidence: check.Probed},
	}
	got, err := json.Marshal(JSON([]Result{result}, func(s string) string { return strings.ReplaceAll(s, "\x1b", "") }, nil))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"namespace":"shop","service":"web","port":"http","pod":"web-1","podPort":8080,` +
		`"rungs":[{"rung":"proxy-pod","result":"refused","detail":"connection refused","millis":8}],` +
		`"conclusion":{"id":"PORT-09","result":"fail","confidence":"probed","text":"t","next":"n"}}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, _ := json.Marshal(JSON(nil, nil, nil)); string(got) != "[]" {
		t.Errorf("nothing is %s", got)
	}
}
