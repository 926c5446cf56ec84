package isolation

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Of an application that accepts connections, and says nothing on them, no more is told.
func TestApplicationThatOnlyAccepts(t *testing.T) {
	of := func(appProtocol string) *model.Snapshot {
		pod := runningPod("web-1", "10.0.0.1")
		return snapshotOf(speaking(appProtocol), pod, sliceOf("", 8080, pod))
	}
	refusedBeside := cannotReach("dial tcp 10.0.0.1:1: connect: connection refused")
	for _, test := range []struct {
		name string
		app  func(net.Conn)
		// proxied is what the proxies come upon; nil for silence.
		proxied func(model.ProxyRequest) (*http.Response, error)
		text    string
	}{
		{"silent", silentApp, nil, "accepts connections on its Pod's IP"},
		{"it closes", func(net.Conn) {}, cannotReach("EOF"), "accepts connections on its Pod's IP"},
		{"it speaks first", func(conn net.Conn) { _, _ = io.WriteString(conn, "+hello") }, cannotReach("EOF"), ""},
		{"it answers something else than HTTP", silentApp, cannotReach(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "-ERR"`), "application answers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"] = test.app
			w.proxied["pods/web-1:1"] = refusedBeside
			if test.proxied != nil {
				for _, path := range []string{"services/web:80", "pods/web-1:8080", "services/https:web:80", "pods/https:web-1:8080"} {
					w.proxied[path] = test.proxied
				}
			}
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, of("redis"), web, nil).Conclusion
				if test.text != "" && (got.Mark != check.MarkOK || !strings.Contains(got.Text, test.text)) {
					t.Errorf("got %v %q", got.Mark, got.Text)
				}
				if test.text == "" && strings.Contains(got.Text, "accepts connections") {
					t.Errorf("%q is said of one that speaks first", got.Text)
				}
			})
		})
	}
}

// A client that is only connected tells no more either.
func TestClientOfApplicationThatOnlyAccepts(t *testing.T) {
	w := newWorld(t)
	w.denyProxies()
	w.run = byScript("nc 0 succeeded")
	if got := askedByClient(t, w, withClient(speaking("redis"))).Conclusion; got.Mark != check.MarkOK || !strings.Contains(got.Text, "accepts connections of a client") {
		t.Errorf("got %v %q", got.Mark, got.Text)
	}
}

// A name that DNS knows tells nothing of this cluster, where no controller has given the Ingress an address.
func TestAnswerByDNSAlone(t *testing.T) {
	ingress := func(addresses ...string) *networkingv1.Ingress {
		path := networkingv1.PathTypePrefix
		made := &networkingv1.Ingress{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "shop"},
			Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: "shop.example.com", IngressRuleValue: networkingv1.IngressRuleValue{
				HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: &path, Backend: networkingv1.IngressBackend{
					Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}},
				}}}},
			}}}},
		}
		for _, address := range addresses {
			made.Status.LoadBalancer.Ingress = append(made.Status.LoadBalancer.Ingress, networkingv1.IngressLoadBalancerIngress{IP: address})
		}
		return made
	}
	for _, test := range []struct {
		name    string
		ingress *networkingv1.Ingress
		inside  bool
		mark    check.Mark
		text    string
	}{
		{"by DNS alone", ingress(), false, check.MarkUnknown, "nothing tells that it is the Service's"},
		{"the application says the same inside", ingress(), true, check.MarkOK, "answers"},
		{"at the Ingress's own address", ingress("203.0.113.7"), false, check.MarkOK, "answers from here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.everywhere("web-1", 8080, "web", "80", 200)
			if !test.inside {
				w.denyProxies()
			}
			w.names = map[string][]string{"shop.example.com": {"203.0.113.7"}}
			w.outside = map[string]func(net.Conn){"shop.example.com:80": httpApp(200, "fine"), "203.0.113.7:80": httpApp(200, "fine")}
			pod := runningPod("web-1", "10.0.0.1")
			snapshot := snapshotOf(webService(), pod, sliceOf("", 8080, pod), test.ingress)
			synctest.Test(t, func(t *testing.T) {
				got := Run(t.Context(), w, snapshot, web, nil).Conclusion
				if got.Mark != test.mark || !strings.Contains(got.Text, test.text) {
					t.Errorf("got %v %q %q", got.Mark, got.Text, got.Why)
				}
				if test.mark == check.MarkUnknown && !strings.Contains(got.Why, "no address in its status") {
					t.Errorf("%q does not say why", got.Why)
				}
			})
		})
	}
}
