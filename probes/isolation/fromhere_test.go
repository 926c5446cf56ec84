package isolation

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// balanced is a Service with a load balancer at the addresses.
func balanced(addresses ...string) *corev1.Service {
	service := webService(corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8080), NodePort: 30080})
	service.Spec.Type = corev1.ServiceTypeLoadBalancer
	for _, address := range addresses {
		ingress := corev1.LoadBalancerIngress{IP: address}
		if net.ParseIP(address) == nil {
			ingress = corev1.LoadBalancerIngress{Hostname: address}
		}
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, ingress)
	}
	return service
}

func around(service *corev1.Service, more ...metav1.Object) *model.Snapshot {
	pod := runningPod("web-1", "10.0.0.1")
	return snapshotOf(append([]metav1.Object{service, pod, sliceOf("", 8080, pod)}, more...)...)
}

func ingressFor(name, host, path string, edits ...func(*networkingv1.Ingress)) *networkingv1.Ingress {
	ingress := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
			Paths: []networkingv1.HTTPIngressPath{{Path: path, Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
				Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80},
			}}}},
		}}}}},
	}
	for _, edit := range edits {
		edit(ingress)
	}
	return ingress
}

func at(ip string) func(*networkingv1.Ingress) {
	return func(ingress *networkingv1.Ingress) {
		ingress.Status.LoadBalancer.Ingress = append(ingress.Status.LoadBalancer.Ingress, networkingv1.IngressLoadBalancerIngress{IP: ip})
	}
}

// fromHereOf are the outcomes of From here, each with its address.
func fromHereOf(result Result) string {
	var words []string
	for _, seen := range result.Rungs {
		if seen.Rung == RungFromHere {
			words = append(words, strings.TrimSpace(seen.Target+" "+string(seen.Outcome)))
		}
	}
	return strings.Join(words, ", ")
}

const public = "203.0.113.7"

func TestFromHere(t *testing.T) {
	healthyInside := func(w *world) { w.everywhere("web-1", 8080, "web", "80", 200) }
	denied := func(w *world) {
		w.forwardErr = errForbidden
		w.proxied["services/web:80"] = statusReply(403, "Forbidden", `services "web:80" is forbidden: User "eve" cannot get resource "services/proxy" in API group ""`)
		w.proxied["pods/web-1:8080"] = statusReply(403, "Forbidden", `pods "web-1:8080" is forbidden: User "eve" cannot get resource "pods/proxy" in API group ""`)
	}
	loopbackOnly := func(w *world) {
		w.loopback["web-1:8080"] = httpApp(200, "fine")
		w.proxied["services/web:80"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
		w.proxied["pods/web-1:8080"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
	}
	internal := balanced(public)
	internal.Annotations = map[string]string{"networking.gke.io/load-balancer-type": "Internal"}
	ranged := balanced(public)
	ranged.Spec.LoadBalancerSourceRanges = []string{"198.51.100.0/24"}
	second := runningPod("web-2", "10.0.0.2")
	nodePort := func(request *Request) { request.NodePorts = true }
	podIP := func(request *Request) { request.PodIP = true }
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node"}, Status: corev1.NodeStatus{
		Addresses:  []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: "node"}, {Type: corev1.NodeInternalIP, Address: "192.168.0.5"}, {Type: corev1.NodeInternalIP, Address: "fd00::5"}},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
	for _, test := range []struct {
		name     string
		snapshot *model.Snapshot
		request  func(*Request)
		inside   func(*world)
		outside  map[string]func(net.Conn)
		refuses  string
		names    map[string][]string
		here     string
		mark     check.Mark
		id, says string
		never    string
	}{
		{
			name: "no address", snapshot: onePod(), inside: healthyInside,
			here: "not-run", mark: check.MarkOK, says: "is not tried here",
		},
		{
			name: "a load balancer that answers", snapshot: around(balanced(public)), inside: healthyInside,
			outside: map[string]func(net.Conn){public + ":80": httpApp(200, "fine")},
			here:    public + ":80 ok", mark: check.MarkOK, says: "From here it answers through load balancer " + public + ":80", never: "not tried",
		},
		{
			name: "a load balancer that keeps silent", snapshot: around(balanced(public)), inside: healthyInside, outside: map[string]func(net.Conn){public + ":80": nil},
			here: public + ":80 timeout", mark: check.MarkWarn, says: "a firewall", never: "loadBalancerSourceRanges",
		},
		{
			name: "a load balancer that refuses", snapshot: around(balanced(public)), inside: healthyInside, refuses: public + ":80",
			here: public + ":80 refused", mark: check.MarkWarn, says: "no answer through load balancer " + public + ":80",
		},
		{
			name: "source ranges are a candidate", snapshot: around(ranged), inside: healthyInside, outside: map[string]func(net.Conn){public + ":80": nil},
			here: public + ":80 timeout", mark: check.MarkWarn, says: "lets in 198.51.100.0/24 alone",
		},
		{
			name: "an internal load balancer is perhaps out of reach", snapshot: around(internal), inside: healthyInside, outside: map[string]func(net.Conn){public + ":80": nil},
			here: public + ":80 timeout", mark: check.MarkUnknown, says: "outside of its network this is as it must be",
		},
		{
			name: "a private address is perhaps out of reach", snapshot: around(balanced("10.9.9.9")), inside: healthyInside, outside: map[string]func(net.Conn){"10.9.9.9:80": nil},
			here: "10.9.9.9:80 timeout", mark: check.MarkUnknown, says: "outside of its network this is as it must be",
		},
		{
			name: "a host that leads to private addresses", snapshot: around(balanced("lb.example")), inside: healthyInside,
			names: map[string][]string{"lb.example": {"10.9.9.9"}}, outside: map[string]func(net.Conn){"lb.example:80": nil},
			here: "lb.example:80 timeout", mark: check.MarkUnknown, says: "outside of its network this is as it must be",
		},
		{
			name: "a host that does not resolve", snapshot: around(balanced("lb.example")), inside: healthyInside,
			here: "lb.example:80 error", mark: check.MarkOK, says: "lb.example does not resolve here",
		},
		{
			name: "one address of two", snapshot: around(balanced(public, "203.0.113.8")), inside: healthyInside,
			outside: map[string]func(net.Conn){public + ":80": httpApp(200, "fine"), "203.0.113.8:80": nil},
			here:    public + ":80 ok, 203.0.113.8:80 timeout", mark: check.MarkWarn, says: "It does answer through load balancer " + public + ":80",
		},
		{
			name: "the balancer's own 503", snapshot: around(balanced(public)), inside: healthyInside, outside: map[string]func(net.Conn){public + ":80": httpApp(503, "no backend")},
			here: public + ":80 error", mark: check.MarkWarn, says: "reaches no backend",
		},
		{
			name: "the application's own 503", snapshot: around(balanced(public)), inside: func(w *world) { w.everywhere("web-1", 8080, "web", "80", 503) },
			outside: map[string]func(net.Conn){public + ":80": httpApp(503, "fine")},
			here:    public + ":80 ok", mark: check.MarkOK, says: "503 Service Unavailable",
		},
		{
			name: "a balancer that accepts without a backend", snapshot: around(balanced(public)), inside: denied,
			outside: map[string]func(net.Conn){public + ":80": func(net.Conn) {}},
			here:    public + ":80 error", mark: check.MarkUnknown, says: "may not run this test",
		},
		{
			name: "a balancer that accepts and keeps silent", snapshot: around(balanced(public)), inside: healthyInside, outside: map[string]func(net.Conn){public + ":80": silentApp},
			here: public + ":80 timeout", mark: check.MarkWarn, says: "accepts before it has a backend",
		},
		{
			name: "no right to anything, and it answers from here", snapshot: around(balanced(public)), inside: denied,
			outside: map[string]func(net.Conn){public + ":80": httpApp(200, "fine")},
			here:    public + ":80 ok", mark: check.MarkOK, says: "The Service answers from here.",
		},
		{
			name: "no right to anything, and silence from here", snapshot: around(balanced(public)), inside: denied, outside: map[string]func(net.Conn){public + ":80": nil},
			here: public + ":80 timeout", mark: check.MarkUnknown, says: "not known whether the application answers",
		},
		{
			name: "read-only forbids no connection from here", snapshot: around(balanced(public)), request: func(request *Request) { request.ReadOnly = true },
			inside: func(*world) {}, outside: map[string]func(net.Conn){public + ":80": httpApp(200, "fine")},
			here: public + ":80 ok", mark: check.MarkOK, says: "The Service answers from here.",
		},
		{
			name: "a private address may be a stranger's", snapshot: around(balanced("192.168.1.240")), request: func(request *Request) { request.ReadOnly = true },
			inside: func(*world) {}, outside: map[string]func(net.Conn){"192.168.1.240:80": httpApp(200, "router")},
			here: "192.168.1.240:80 ok", mark: check.MarkUnknown, says: "nothing tells that it is the Service's",
		},
		{
			name: "what answers at a private address says the same at another", snapshot: around(balanced("192.168.1.240", "192.168.1.241")), request: func(request *Request) { request.ReadOnly = true },
			inside: func(*world) {}, outside: map[string]func(net.Conn){"192.168.1.240:80": httpApp(200, "fine"), "192.168.1.241:80": httpApp(200, "fine")},
			here: "192.168.1.240:80 ok, 192.168.1.241:80 ok", mark: check.MarkOK, says: "The Service answers from here.",
		},
		{
			name: "what answers at a private address says the same as the Pod", snapshot: around(balanced("192.168.1.240")),
			inside: func(w *world) { denied(w); w.forwardErr, w.loopback["web-1:8080"] = nil, httpApp(200, "fine") }, outside: map[string]func(net.Conn){"192.168.1.240:80": httpApp(200, "fine")},
			here: "192.168.1.240:80 ok", mark: check.MarkOK, says: "The Service answers from here.",
		},
		{
			name: "a stranger does not stand against a fault inside", snapshot: around(balanced("192.168.1.240")), inside: loopbackOnly,
			outside: map[string]func(net.Conn){"192.168.1.240:80": httpApp(200, "router")},
			here:    "192.168.1.240:80 ok", mark: check.MarkFail, id: "PORT-09", says: "127.0.0.1",
		},
		{
			name: "an answer where the Service has no endpoint", request: func(request *Request) { request.ReadOnly = true },
			snapshot: snapshotOf(balanced(public), runningPod("web-1", "10.0.0.1", notReady), sliceOf("", 8080, runningPod("web-1", "10.0.0.1", notReady))),
			inside:   func(*world) {}, outside: map[string]func(net.Conn){public + ":80": httpApp(200, "fine")},
			here: public + ":80 ok", mark: check.MarkUnknown, says: "and the Service has no usable endpoint", never: "no answer",
		},
		{
			name:     "the Pod's IP is silent from here, another's is not, and the API server was not asked",
			request:  func(request *Request) { request.ReadOnly, request.PodIP = true, true },
			snapshot: snapshotOf(webService(), runningPod("web-1", "10.0.0.1"), second, sliceOf("", 8080, runningPod("web-1", "10.0.0.1"), second)),
			inside:   func(*world) {}, outside: map[string]func(net.Conn){"10.0.0.1:8080": nil, "10.0.0.2:8080": httpApp(200, "fine")},
			here: "10.0.0.1:8080 timeout", mark: check.MarkUnknown, says: "where another Pod's does", never: "API server does not reach",
		},
		{
			name: "a fault inside stays one", snapshot: around(balanced(public)), inside: loopbackOnly, refuses: public + ":80",
			here: public + ":80 refused", mark: check.MarkFail, id: "PORT-09", says: "127.0.0.1",
		},
		{
			name: "a fault inside that the way from here contradicts", snapshot: around(balanced(public)), inside: loopbackOnly,
			outside: map[string]func(net.Conn){public + ":80": httpApp(200, "fine")},
			here:    public + ":80 ok", mark: check.MarkUnknown, says: "contradict",
		},
		{
			name: "an Ingress host", snapshot: around(webService(), ingressFor("front", "shop.example", "/cart", at(public))), inside: healthyInside,
			outside: map[string]func(net.Conn){public + ":80": echoesHost},
			here:    "http://shop.example/cart ok", mark: check.MarkOK, says: "through Ingress http://shop.example/cart",
		},
		{
			name: "an Ingress host with a certificate", inside: healthyInside, refuses: public + ":443",
			snapshot: around(webService(), ingressFor("front", "shop.example", "/", at(public), func(ingress *networkingv1.Ingress) {
				ingress.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{"*.example"}}}
			})),
			here: "https://shop.example/ refused", mark: check.MarkWarn, says: "no answer through Ingress https://shop.example/",
		},
		{
			name: "an Ingress without an address goes by DNS", snapshot: around(webService(), ingressFor("front", "shop.example", "/")), inside: healthyInside,
			names: map[string][]string{"shop.example": {public}}, outside: map[string]func(net.Conn){"shop.example:80": httpApp(200, "fine")},
			here: "http://shop.example/ ok", mark: check.MarkOK, says: "through Ingress",
		},
		{
			name: "an Ingress of another port", snapshot: around(webService(), ingressFor("front", "shop.example", "/", at(public), func(ingress *networkingv1.Ingress) {
				ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port.Number = 81
			})), inside: healthyInside,
			here: "not-run", mark: check.MarkOK, says: "no external address",
		},
		{
			name: "an Ingress controller's 404 proves nothing", snapshot: around(webService(), ingressFor("front", "shop.example", "/", at(public))), inside: denied,
			outside: map[string]func(net.Conn){public + ":80": httpApp(404, "nginx")},
			here:    "http://shop.example/ error", mark: check.MarkUnknown, says: "default backend",
		},
		{
			name: "an Ingress controller's redirect proves nothing", snapshot: around(webService(), ingressFor("front", "shop.example", "/", at(public))), inside: denied,
			outside: map[string]func(net.Conn){public + ":80": httpApp(308, "")},
			here:    "http://shop.example/ error", mark: check.MarkUnknown, says: "controller's own answer",
		},
		{
			name: "an Ingress controller's 503", snapshot: around(webService(), ingressFor("front", "shop.example", "/", at(public))), inside: healthyInside,
			outside: map[string]func(net.Conn){public + ":80": httpApp(503, "nginx")},
			here:    "http://shop.example/ error", mark: check.MarkWarn, says: "reaches no backend",
		},
		{
			name: "node ports when asked", snapshot: around(balanced(), node), request: nodePort, inside: denied,
			outside: map[string]func(net.Conn){"192.168.0.5:30080": httpApp(200, "fine")},
			here:    "192.168.0.5:30080 ok", mark: check.MarkOK, says: "The Service answers from here.",
		},
		{
			name: "a node that firewalls keep from us", snapshot: around(balanced(), node), request: nodePort, inside: healthyInside, outside: map[string]func(net.Conn){"192.168.0.5:30080": nil},
			here: "192.168.0.5:30080 timeout", mark: check.MarkUnknown, says: "private one or a node's",
		},
		{
			name: "traffic policy Local excuses a node without an endpoint", request: nodePort, inside: healthyInside, outside: map[string]func(net.Conn){"192.168.0.5:30080": nil},
			snapshot: func() *model.Snapshot {
				service := balanced()
				service.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
				return around(service, node)
			}(),
			here: "192.168.0.5:30080 timeout", mark: check.MarkOK, says: "as it must",
		},
		{
			name: "the Pod's IP, with nothing to compare with", snapshot: onePod(), request: podIP, inside: healthyInside, refuses: "10.0.0.1:8080",
			here: "10.0.0.1:8080 refused", mark: check.MarkOK, says: "proves nothing",
		},
		{
			name: "the Pod's IP is refused, another's is not", request: podIP, refuses: "10.0.0.1:8080",
			snapshot: snapshotOf(webService(), runningPod("web-1", "10.0.0.1"), second, sliceOf("", 8080, runningPod("web-1", "10.0.0.1"))),
			inside: func(w *world) {
				denied(w)
				w.forwardErr = nil
				w.loopback["web-1:8080"] = httpApp(200, "fine")
			},
			outside: map[string]func(net.Conn){"10.0.0.2:8080": httpApp(200, "fine")},
			here:    "10.0.0.1:8080 refused", mark: check.MarkFail, id: "PORT-09", says: "127.0.0.1",
		},
		{
			name: "a stranger at the Pod's IP", snapshot: onePod(), request: podIP, inside: denied, outside: map[string]func(net.Conn){"10.0.0.1:8080": httpApp(200, "a printer")},
			here: "10.0.0.1:8080 error", mark: check.MarkUnknown, says: "no other rung tells that it is the Pod",
		},
		{
			name: "the Pod's IP says what the Pod says", snapshot: onePod(), request: podIP, outside: map[string]func(net.Conn){"10.0.0.1:8080": httpApp(200, "fine")},
			inside: func(w *world) {
				denied(w)
				w.forwardErr = nil
				w.loopback["web-1:8080"] = httpApp(200, "fine")
			},
			here: "10.0.0.1:8080 ok", mark: check.MarkOK, says: "answers on its Pod's IP",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				test.inside(w)
				w.outside, w.names = test.outside, test.names
				w.refuses = map[string]bool{test.refuses: test.refuses != ""}
				request := web
				if test.request != nil {
					test.request(&request)
				}
				began := time.Now()
				got := Run(t.Context(), w, test.snapshot, request, nil)
				said := fmt.Sprint(got.Conclusion)
				for _, seen := range got.Rungs {
					said += " " + seen.Detail
				}
				if here := fromHereOf(got); here != test.here || got.Conclusion.Mark != test.mark || got.Conclusion.ID != test.id || !strings.Contains(said, test.says) {
					t.Errorf("got %s, mark %v, %s\nwant %s, mark %v, %s, %q", here, got.Conclusion.Mark, said, test.here, test.mark, test.id, test.says)
				}
				if test.never != "" && strings.Contains(said, test.never) {
					t.Errorf("it says %q: %s", test.never, said)
				}
				if took := time.Since(began); took > 6*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// echoesHost answers only a request that names the host and path of the rule.
func echoesHost(conn net.Conn) {
	head := make([]byte, 4096)
	n, _ := conn.Read(head)
	status := 404
	if text := string(head[:n]); strings.HasPrefix(text, "GET /cart ") && strings.Contains(text, "Host: shop.example\r\n") {
		status = 200
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n", status)
}

func TestFromHereIsBoundedAndSaysWhatItLeavesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		w.outside = map[string]func(net.Conn){}
		var addresses []string
		for i := range 7 {
			addresses = append(addresses, fmt.Sprintf("203.0.113.%d", i+1))
			w.outside[addresses[i]+":80"] = nil
		}
		began := time.Now()
		got := Run(t.Context(), w, around(balanced(addresses...)), web, nil)
		if len(w.dialled) != addressesPerWay {
			t.Errorf("dialled %v", w.dialled)
		}
		if !slices.ContainsFunc(got.Rungs, func(seen Observation) bool {
			return seen.Outcome == NotRun && seen.Target == "3 more by load balancer" && seen.Detail == "left out: 4 of 7 are tried"
		}) {
			t.Errorf("what was left out is not said: %+v", got.Rungs)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("silent addresses took %s: they are to be tried at once", took)
		}
	})
}

func TestANameOfAWildcard(t *testing.T) {
	for _, test := range []struct{ host, asked, want string }{
		{"shop.example", "", "shop.example"},
		{"", "", ""},
		{"*.shop.example", "", "www.shop.example"},
		{"*.shop.example", "a.shop.example", "a.shop.example"},
		{"*.shop.example", "a.b.shop.example", "www.shop.example"},
		{"*.shop.example", "other.example", "www.shop.example"},
	} {
		if got := aNameOf(test.host, test.asked); got != test.want {
			t.Errorf("%s, asked for %q: got %s, want %s", test.host, test.asked, got, test.want)
		}
	}
}

func TestPathOfARule(t *testing.T) {
	asked := subject{request: Request{Path: "/api/v2"}, pathAsked: true}
	byEvidence := subject{request: Request{Path: "/api/v2"}}
	for _, test := range []struct {
		s          *subject
		rule, want string
	}{
		{&byEvidence, "/api", "/api"},
		{&byEvidence, "", "/"},
		{&byEvidence, "/api(/|$)(.*)", "/api"},
		{&byEvidence, "/*", "/"},
		{&asked, "/api", "/api/v2"},
		{&asked, "/", "/api/v2"},
		{&asked, "/shop", "/shop"},
	} {
		if got := test.s.pathFor(test.rule); got != test.want {
			t.Errorf("%q: got %q, want %q", test.rule, got, test.want)
		}
	}
}

func TestFromHereStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.outside = map[string]func(net.Conn){public + ":80": nil}
		ctx, cancel := contextThatEnds(t, time.Second)
		defer cancel()
		began := time.Now()
		Run(ctx, w, around(balanced(public)), Request{Service: web.Service, ReadOnly: true}, nil)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it went on for %s", took)
		}
	})
}
