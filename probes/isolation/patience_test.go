package isolation

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func slowly(after time.Duration, app func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		time.Sleep(after)
		app(conn)
	}
}

// However silent an application is, the test ends soon; and one that is only slow is not called silent.
func TestPatience(t *testing.T) {
	refused := cannotReach("dial tcp 10.0.0.1:1: connect: connection refused")
	tlsTakesLong := func(w *world) {
		slow := later(11500*time.Millisecond, cannotReach("net/http: TLS handshake timeout"))
		w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = slow, slow
	}
	slowEverywhere := func(after time.Duration) func(*world) {
		return func(w *world) {
			w.loopback["web-1:8080"] = slowly(after, httpApp(200, "fine"))
			slow := later(after, replies(200, "fine"))
			w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = slow, slow
		}
	}
	denies := func(w *world) { w.forwardErr = errForbidden }
	for _, test := range []struct {
		name     string
		snapshot *model.Snapshot
		request  Request
		world    []func(*world)
		outcomes string
		mark     check.Mark
		within   time.Duration
	}{
		{
			name: "it hangs", request: Request{Scheme: schemeHTTP}, outcomes: "timeout timeout timeout timeout", mark: check.MarkFail, within: 6 * time.Second,
			world: []func(*world){tlsTakesLong, func(w *world) { w.loopback["web-1:8080"] = silentApp }},
		},
		{
			name: "it hangs, and a port with nothing is refused", request: Request{Scheme: schemeHTTP}, outcomes: "denied denied timeout timeout", mark: check.MarkUnknown, within: 6 * time.Second,
			world: []func(*world){tlsTakesLong, denies, func(w *world) { w.proxied["pods/web-1:1"] = refused }},
		},
		{
			name: "silence alone takes a handshake", request: Request{Scheme: schemeHTTP}, outcomes: "denied denied timeout timeout", mark: check.MarkUnknown, within: 14 * time.Second,
			world: []func(*world){tlsTakesLong, denies},
		},
		{
			name: "silent TCP", request: Request{Scheme: schemeTCP}, outcomes: "ok ok ok ok", mark: check.MarkOK, within: 6 * time.Second,
			world: []func(*world){tlsTakesLong, func(w *world) {
				w.loopback["web-1:8080"] = silentApp
				w.proxied["pods/web-1:1"] = refused
			}},
		},
		{
			name: "silent TCP where a port with nothing tells nothing", request: Request{Scheme: schemeTCP}, outcomes: "ok ok ok ok", mark: check.MarkOK, within: 14 * time.Second,
			world: []func(*world){tlsTakesLong, func(w *world) { w.loopback["web-1:8080"] = silentApp }},
		},
		{
			name: "slow", request: Request{Scheme: schemeHTTP}, outcomes: "ok ok ok ok", mark: check.MarkOK, within: 5 * time.Second, world: []func(*world){slowEverywhere(4500 * time.Millisecond)},
		},
		{
			name: "slower than an answer may be, and known to be there", request: Request{Scheme: schemeHTTP}, outcomes: "timeout timeout ok ok", mark: check.MarkWarn, within: 9 * time.Second,
			world: []func(*world){slowEverywhere(8 * time.Second), func(w *world) {
				plain := cannotReach("tls: first record does not look like a TLS handshake")
				w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = plain, plain
			}},
		},
		{
			name: "slow, as its probe allows", outcomes: "ok ok ok ok", mark: check.MarkOK, within: 9 * time.Second, world: []func(*world){slowEverywhere(8 * time.Second)},
			snapshot: onePod(probing(httpProbe("/", 8080)), func(pod *corev1.Pod) { pod.Spec.Containers[0].ReadinessProbe.TimeoutSeconds = 9 }),
		},
		{
			name: "slow, and given longer", request: Request{Scheme: schemeHTTP, Patience: 20 * time.Second}, outcomes: "ok ok ok ok", mark: check.MarkOK, within: 19 * time.Second,
			world: []func(*world){slowEverywhere(18 * time.Second)},
		},
		{
			name: "shut out of the Pod's IP", request: Request{Scheme: schemeHTTP}, outcomes: "ok ok timeout timeout", mark: check.MarkUnknown, within: 9 * time.Second,
			world: []func(*world){func(w *world) { w.loopback["web-1:8080"] = httpApp(200, "fine") }},
		},
		{
			name: "one endpoint of two is silent", request: Request{Scheme: schemeHTTP}, outcomes: "ok ok timeout ok", mark: check.MarkFail, within: 6 * time.Second,
			snapshot: func() *model.Snapshot {
				first, second := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2", func(pod *corev1.Pod) { pod.Labels = nil })
				return snapshotOf(webService(), first, second, sliceOf("", 8080, first, second))
			}(),
			world: []func(*world){func(w *world) {
				w.loopback["web-1:8080"], w.proxied["pods/web-1:8080"] = httpApp(200, "fine"), replies(http.StatusOK, "fine")
			}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for _, edit := range test.world {
					edit(w)
				}
				snapshot, request := test.snapshot, test.request
				if snapshot == nil {
					snapshot = onePod()
				}
				request.Service = web.Service
				began := time.Now()
				got := Run(t.Context(), w, snapshot, request, nil)
				if outcomesOf(got) != test.outcomes || got.Conclusion.Mark != test.mark {
					t.Errorf("got %s, %+v; want %s, mark %v", outcomesOf(got), *got.Conclusion, test.outcomes, test.mark)
				}
				if took := time.Since(began); took > test.within {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// The port that is asked beside a silent one is never the one under test.
func TestTheUnusedPortIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pod := runningPod("web-1", "10.0.0.1")
		w := newWorld(t)
		w.loopback["web-1:1"] = silentApp
		w.proxied["pods/web-1:2"] = cannotReach("dial tcp 10.0.0.1:2: connect: connection refused")
		got := Run(t.Context(), w, snapshotOf(webService(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(1)}), pod, sliceOf("", 1, pod)),
			Request{Service: web.Service, Scheme: schemeHTTP}, nil)
		if got.Conclusion.Mark != check.MarkFail || outcomesOf(got) != "timeout timeout timeout timeout" {
			t.Errorf("got %s, %+v", outcomesOf(got), *got.Conclusion)
		}
	})
}
