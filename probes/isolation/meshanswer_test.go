package isolation

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// headed answers with a header NAME VALUE.
func headed(status int, body string, header ...string) func(model.ProxyRequest) (*http.Response, error) {
	return func(request model.ProxyRequest) (*http.Response, error) {
		response, err := replies(status, body)(request)
		for i := 0; i+1 < len(header); i += 2 {
			response.Header.Set(header[i], header[i+1])
		}
		return response, err
	}
}

// meshed adds a mesh's proxy to a Pod.
func meshed(proxy string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		started := true
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: proxy})
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: proxy, Ready: true, Started: &started, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}
}

const envoysWords = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"

// What a mesh's proxy says by itself is no answer of the application, unless that says the very same.
func TestMeshsOwnAnswer(t *testing.T) {
	const meshText, fineText = "service mesh answers", "answers on its Pod's IP"
	for _, test := range []struct {
		name, proxy string
		status      int
		body        string
		header      []string
		// inside is the status that the application answers on its localhost; 0 where that is refused.
		inside     int
		insideBody string
		mark       check.Mark
		text       string
	}{
		{"Istio, nothing listens", "istio-proxy", 503, envoysWords, []string{"Server", "istio-envoy"}, 0, "", check.MarkUnknown, meshText},
		{"Istio, only the localhost is listened on", "istio-proxy", 503, envoysWords, []string{"Server", "istio-envoy"}, 200, "fine", check.MarkUnknown, meshText},
		{"Istio, the application has another 503", "istio-proxy", 503, envoysWords, []string{"Server", "istio-envoy"}, 503, "starting", check.MarkUnknown, meshText},
		{"Istio lets nobody in", "istio-proxy", 403, "RBAC: access denied", []string{"Server", "istio-envoy"}, 200, "fine", check.MarkUnknown, meshText},
		{"Istio has no route", "istio-proxy", 404, "", []string{"Server", "istio-envoy"}, 200, "fine", check.MarkUnknown, meshText},
		{"Istio limits the rate", "istio-proxy", 429, "local_rate_limited", []string{"Server", "istio-envoy"}, 200, "fine", check.MarkUnknown, meshText},
		{"Envoy by its own name", "istio-proxy", 503, envoysWords, []string{"Server", "envoy"}, 200, "fine", check.MarkUnknown, meshText},
		{"a gateway that answers the same inside", "istio-proxy", 404, "", []string{"Server", "istio-envoy"}, 404, "", check.MarkOK, fineText},
		{"Linkerd, nothing listens", "linkerd-proxy", 502, "", []string{"L5d-Proxy-Error", "Connection refused (os error 111)"}, 0, "", check.MarkUnknown, meshText},
		{"Linkerd, whatever the status", "linkerd-proxy", 500, "", []string{"L5d-Proxy-Error", "x", "Server", "nginx"}, 200, "fine", check.MarkUnknown, meshText},
		{"Linkerd says nothing to callers from outside of the mesh", "linkerd-proxy", 502, "", nil, 200, "fine", check.MarkUnknown, meshText},
		{"Linkerd lets nobody in", "linkerd-proxy", 403, "", nil, 200, "fine", check.MarkUnknown, meshText},

		{"the application's own 503, which Envoy passed on", "istio-proxy", 503, "down", []string{"Server", "istio-envoy", "X-Envoy-Upstream-Service-Time", "3"}, 200, "fine", check.MarkOK, fineText},
		{"the application says the same inside", "istio-proxy", 503, "down", []string{"Server", "istio-envoy"}, 503, "down", check.MarkOK, fineText},
		{"the application names itself", "istio-proxy", 503, "down", []string{"Server", "nginx"}, 200, "fine", check.MarkOK, fineText},
		{"the application's own 500", "istio-proxy", 500, "down", []string{"Server", "istio-envoy"}, 200, "fine", check.MarkOK, fineText},
		{"the application's own 404", "linkerd-proxy", 404, "", nil, 404, "", check.MarkOK, fineText},
		{"a login", "linkerd-proxy", 401, "", nil, 200, "fine", check.MarkOK, fineText},
		{"there is no mesh", "another", 503, envoysWords, []string{"Server", "istio-envoy"}, 200, "fine", check.MarkOK, fineText},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.inside != 0 {
				w.loopback["web-1:8080"] = httpApp(test.inside, test.insideBody)
			}
			w.proxied["services/web:80"] = headed(test.status, test.body, test.header...)
			w.proxied["pods/web-1:8080"] = headed(test.status, test.body, test.header...)
			snapshot := onePod(meshed(test.proxy))
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, snapshot, web, nil).Conclusion
				if got.Mark != test.mark || !strings.Contains(got.Text, test.text) {
					t.Errorf("got %v %q", got.Mark, got.Text)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				got := Sweep(t.Context(), w, snapshot, web, nil)
				if cell := got.Pods[0].Cells[0]; cell.Mark != test.mark {
					t.Errorf("the sweep: %v %q", cell.Mark, cell.Text)
				}
			})
		})
	}
}

// Where no forward is permitted the mesh's word is no more than that.
func TestMeshsOwnAnswerAlone(t *testing.T) {
	w := newWorld(t)
	w.forwardErr = errForbidden
	w.proxied["services/web:80"] = headed(503, envoysWords, "Server", "istio-envoy")
	w.proxied["pods/web-1:8080"] = headed(503, envoysWords, "Server", "istio-envoy")
	synctest.Test(t, func(t *testing.T) {
		if got := Run(t.Context(), w, onePod(meshed("istio-proxy")), web, nil).Conclusion; got.Mark != check.MarkUnknown || !strings.Contains(got.Text, "service mesh answers") {
			t.Errorf("got %v %q", got.Mark, got.Text)
		}
	})
}

// A client's own sidecar answers where it does not get to the Service.
func TestMeshAnswersItsClient(t *testing.T) {
	curl := func(status int, header string) string {
		return fmt.Sprintf("curl 0 * Connected to x < HTTP/1.1 %d X %s", status, header)
	}
	wget := func(status int) string {
		return fmt.Sprintf("wget 8 Connecting to 10.96.0.1:80... connected. HTTP request sent, awaiting response... %d X", status)
	}
	const ownMesh, served = "client's own service mesh", "answers a client inside the cluster"
	for _, test := range []struct {
		name, line, proxy string
		// inside is what the application answers elsewhere; 0 where nothing else is permitted.
		inside int
		mark   check.Mark
		text   string
	}{
		{"Istio does not know the Service", curl(502, "< server: envoy"), "istio-proxy", 0, check.MarkUnknown, ownMesh},
		{"the same, and the application answers others", curl(502, "< server: envoy"), "istio-proxy", 200, check.MarkUnknown, ownMesh},
		{"the sidecar in front of the application answers", curl(503, "< server: envoy < x-envoy-upstream-service-time: 2"), "istio-proxy", 0, check.MarkUnknown, ownMesh},
		{"Linkerd", curl(502, "< l5d-proxy-error: client error (Connect)"), "linkerd-proxy", 0, check.MarkUnknown, ownMesh},
		{"wget shows no header", wget(503), "istio-proxy", 0, check.MarkUnknown, ownMesh},
		{"another 404 than the application's", curl(404, "< server: envoy"), "istio-proxy", 200, check.MarkUnknown, ownMesh},

		{"the application's own 404", curl(404, "< server: envoy < x-envoy-upstream-service-time: 2"), "istio-proxy", 0, check.MarkOK, served},
		{"the application's own 403, which it gives elsewhere too", curl(403, "< server: envoy < x-envoy-upstream-service-time: 2"), "istio-proxy", 403, check.MarkOK, served},
		{"the application answers", curl(200, "< server: envoy"), "istio-proxy", 0, check.MarkOK, served},
		{"wget, an answer", wget(200), "istio-proxy", 0, check.MarkOK, served},
		{"the client is in no mesh", curl(502, "< server: envoy"), "another", 0, check.MarkOK, served},
		{"wget in no mesh", wget(503), "another", 0, check.MarkOK, served},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.inside == 0 {
				w.denyProxies()
			} else {
				w.everywhere("web-1", 8080, "web", "80", test.inside)
			}
			w.run = byScript(test.line)
			got := askedByClient(t, w, withClient(webService(), meshed(test.proxy))).Conclusion
			if got.Mark != test.mark || !strings.Contains(got.Text, test.text) {
				t.Errorf("got %v %q %q", got.Mark, got.Text, got.Why)
			}
		})
	}
}
