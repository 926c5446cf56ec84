package isolation

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// closingApp reads a request, and hangs up.
func closingApp(conn net.Conn) {
	if _, err := conn.Read(make([]byte, 4096)); err != nil && err != io.EOF { //nolint:errorlint // a pipe's own
		return
	}
}

// closesProxied lets the API server's proxies come upon an application that closes, in plain HTTP and over TLS.
func (w *world) closesProxied() {
	for _, path := range []string{"services/web:80", "pods/web-1:8080", "services/https:web:80", "pods/https:web-1:8080"} {
		w.proxied[path] = cannotReach("EOF")
	}
}

// An application that closes every connection without one byte does not answer, where it is known what it has to speak.
func TestApplicationThatCloses(t *testing.T) {
	const closesText, fineText, acceptsText = "closes them without an answer", "answers on its Pod's IP", "accepts connections on its Pod's IP"
	named := func(name string) *model.Snapshot {
		pod := runningPod("web-1", "10.0.0.1")
		return snapshotOf(speaking(name), pod, sliceOf("", 8080, pod))
	}
	elsewhere := func() *model.Snapshot {
		pod := runningPod("web-1", "10.0.0.1")
		return snapshotOf(webService(corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(9999)}), pod, sliceOf("", 9999, pod))
	}
	for _, test := range []struct {
		name     string
		snapshot *model.Snapshot
		edit     func(*world)
		mark     check.Mark
		text     string
	}{
		{"all rungs agree", onePod(probing(httpProbe("/healthz", 8080))), func(*world) {}, check.MarkFail, closesText},
		{"by appProtocol", named("http"), func(*world) {}, check.MarkFail, closesText},
		{"by reset", named("http"), func(w *world) {
			w.proxied["pods/web-1:8080"] = cannotReach("read tcp 10.0.0.1:8080: read: connection reset by peer")
		}, check.MarkFail, closesText},
		{"no forward is permitted", named("http"), func(w *world) { w.forwardErr = errForbidden }, check.MarkWarn, closesText},
		{"no proxy to the Pod is permitted", named("http"), func(w *world) {
			w.proxied["pods/web-1:8080"] = statusReply(http.StatusForbidden, "Forbidden", `forbidden: User "eve" cannot get resource "pods/proxy"`)
		}, check.MarkWarn, closesText},
		{"only the Pod's IP is closed", named("http"), func(w *world) { w.loopback["web-1:8080"] = httpApp(200, "fine") }, check.MarkUnknown, "contradict"},
		{"in a mesh", onePod(meshed("istio-proxy"), probing(httpProbe("/", 8080))), func(*world) {}, check.MarkWarn, closesText},
		{"a mesh closes, and the application answers", onePod(meshed("istio-proxy"), probing(httpProbe("/", 8080))), func(w *world) { w.loopback["web-1:8080"] = httpApp(200, "fine") }, check.MarkUnknown, "service mesh"},

		{"only the localhost is closed", named("http"), func(w *world) { w.everywhere("web-1", 8080, "web", "80", 200); w.loopback["web-1:8080"] = closingApp }, check.MarkOK, fineText},
		{"nothing says what it speaks", onePod(), func(*world) {}, check.MarkOK, acceptsText},
		{"not HTTP, as its appProtocol says", named("redis"), func(*world) {}, check.MarkOK, acceptsText},
		{"another port, of which nothing is known", elsewhere(), func(w *world) {
			w.loopback["web-1:9999"] = func(net.Conn) {}
			w.proxied["pods/web-1:9999"] = cannotReach("EOF")
		}, check.MarkOK, acceptsText},
		{"it answers over TLS", named("http"), func(w *world) {
			w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = replies(200, "fine"), replies(200, "fine")
			w.forwardErr = errForbidden
		}, check.MarkWarn, "speaks TLS where HTTP is promised"},
		{"it says something over TLS", named("http"), func(w *world) {
			w.proxied["services/https:web:80"], w.proxied["pods/https:web-1:8080"] = cannotReach("remote error: tls: bad certificate"), cannotReach("remote error: tls: bad certificate")
			w.forwardErr = errForbidden
		}, check.MarkOK, fineText},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = closingApp
			w.closesProxied()
			test.edit(w)
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, test.snapshot, web, nil).Conclusion
				if got.Mark != test.mark || !strings.Contains(got.Text, test.text) {
					t.Errorf("got %v %q %q", got.Mark, got.Text, got.Why)
				}
				if test.mark != check.MarkOK && strings.Contains(got.Text, "application answers") {
					t.Errorf("%q is said of one that closes", got.Text)
				}
			})
		})
	}
}

// A client is told the same.
func TestApplicationThatClosesOnItsClient(t *testing.T) {
	for _, test := range []struct {
		name, line, appProtocol string
		mark                    check.Mark
		text                    string
	}{
		{"closed", "curl 52 * Connected to x * Empty reply from server", "http", check.MarkWarn, "closes them without an answer"},
		{"reset", "curl 56 * Connected to x * Recv failure: Connection reset by peer", "http", check.MarkWarn, "closes them without an answer"},
		{"wget", "wget 4 Connecting to 10.96.0.1:80... connected. HTTP request sent, awaiting response... No data received.", "http", check.MarkWarn, "closes them without an answer"},
		{"not HTTP", "nc 0 succeeded", "redis", check.MarkOK, "client inside the cluster"},
		{"a number alone says that it is HTTP", "curl 52 * Connected to x * Empty reply from server", "", check.MarkOK, "client inside the cluster"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.denyProxies()
			w.run = byScript(test.line)
			service := webService()
			if test.appProtocol != "" {
				service = speaking(test.appProtocol)
			}
			if got := askedByClient(t, w, withClient(service)).Conclusion; got.Mark != test.mark || !strings.Contains(got.Text, test.text) {
				t.Errorf("got %v %q %q", got.Mark, got.Text, got.Why)
			}
		})
	}
}
