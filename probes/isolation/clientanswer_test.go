package isolation

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// speaking is a Service whose port says by its appProtocol what it speaks.
func speaking(appProtocol string) *corev1.Service {
	return webService(corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8080), AppProtocol: &appProtocol})
}

// byScript is what a client prints, the same of all three addresses.
func byScript(line string) func(model.ExecRequest) (model.ExecResult, error) {
	return dialling(map[string]string{"10.96.0.1:80/": line, "web.shop.svc:80/": line, "10.0.0.1:8080/": line})
}

// denyProxies leaves no rung but the client's own.
func (w *world) denyProxies() {
	w.forwardErr = errForbidden
	for _, path := range []string{"services/web:80", "pods/web-1:8080"} {
		w.proxied[path] = statusReply(http.StatusForbidden, "Forbidden", `forbidden: User "eve" cannot get resource "pods/proxy"`)
	}
}

// askedByClient runs the test with a client.
func askedByClient(t *testing.T, w *world, snapshot *model.Snapshot) (result Result) {
	t.Helper()
	request := web
	request.Client = client
	synctest.Test(t, func(t *testing.T) {
		result = Run(t.Context(), w, snapshot, agreeing(snapshot, request), nil)
	})
	return result
}

// A status that was read is an answer, whatever ends the transfer after it.
func TestClientReadsAnAnswerWithoutAnEnd(t *testing.T) {
	const (
		endless = "curl 28 * Connected to x < HTTP/1.1 200 OK < Content-Type: text/event-stream * Operation timed out after 3001 milliseconds with 54 bytes received"
		hushed  = "curl 28 * Connected to x > GET / HTTP/1.1 * Operation timed out after 3001 milliseconds with 0 bytes received"
	)
	for _, test := range []struct {
		name, line  string
		alone       bool
		mark        check.Mark
		text, never string
	}{
		{"an endless body", endless, false, check.MarkOK, "answers a client inside the cluster", "contradict"},
		{"an endless body, and nothing else is permitted", endless, true, check.MarkOK, "answers a client inside the cluster", "hangs"},
		{"no answer, and nothing else is permitted", hushed, true, check.MarkFail, "said nothing for 5s", "for 3s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.everywhere("web-1", 8080, "web", "80", 200)
			if test.alone {
				w.denyProxies()
			}
			w.run = byScript(test.line)
			got := askedByClient(t, w, withClient(speaking("http"))).Conclusion
			words := got.Text + " " + got.Why + " " + got.Next
			if got.Mark != test.mark || !strings.Contains(words, test.text) || strings.Contains(words, test.never) {
				t.Errorf("got %v %q", got.Mark, words)
			}
		})
	}
}

// What svctui itself has waited for is told by its own patience, and can be given longer.
func TestSilenceIsToldByWhoWaited(t *testing.T) {
	w := newWorld(t)
	w.loopback["web-1:8080"] = silentApp
	w.proxied["pods/web-1:1"] = cannotReach("dial tcp 10.0.0.1:1: connect: connection refused")
	w.run = byScript("curl 28 * Connected to x * Operation timed out after 3001 milliseconds with 0 bytes received")
	got := askedByClient(t, w, withClient(speaking("http"))).Conclusion
	if got.Mark != check.MarkFail || !strings.Contains(got.Why, "said nothing for 5s") || !strings.Contains(got.Next, "--timeout") {
		t.Errorf("got %+v", got)
	}
}
