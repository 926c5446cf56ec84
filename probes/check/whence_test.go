package check

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestLeadsFrom(t *testing.T) {
	t.Parallel()
	web := service("web", labels{"app": "web"})
	web.Spec.ClusterIP, web.Spec.ClusterIPs = "10.96.0.7", []string{"10.96.0.7", "fd00::7"}
	web.Spec.ExternalIPs = []string{"198.51.100.9"}
	web.Spec.Ports[0].NodePort = 30080
	web.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.5"}, {Hostname: "lb.example.net"}}
	old := service("old", labels{"app": "old"})
	old.Spec.ClusterIP, old.Spec.ClusterIPs = "10.96.0.8", nil
	erp := service("erp", nil)
	erp.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "erp.corp.example."}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-1", Labels: labels{discoveryv1.LabelServiceName: "web"}},
		Endpoints: []discoveryv1.Endpoint{
			{Addresses: []string{"10.0.0.1"}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "web-a"}},
			{Addresses: []string{"10.0.0.2"}},
			{Addresses: []string{"10.0.0.4"}, TargetRef: &corev1.ObjectReference{Kind: "Node", Name: "node-1"}},
		},
	}
	stray := slice.DeepCopy()
	stray.Name, stray.Labels = "stray", nil
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.168.0.1"}}}}
	ofNode := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api-1", Labels: labels{discoveryv1.LabelServiceName: "api"}},
		Ports:      []discoveryv1.EndpointPort{{Port: new(int32(6443))}, {}},
		Endpoints:  []discoveryv1.Endpoint{{Addresses: []string{"192.168.0.2"}}},
	}
	second := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-2"}, Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.168.0.2"}}}}
	front := ingress("front", "web", 80)
	front.Spec.Rules[0].HTTP.Paths = append(front.Spec.Rules[0].HTTP.Paths, ingressPath("/pay", "pay", 80))
	wild := ingress("wild", "web", 80)
	wild.Spec.Rules[0].Host = "*.wild.example.com"
	route := &model.Route{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "r"}, Kind: "HTTPRoute", Hostnames: []string{"*.route.example.com"},
		Rules: []model.RouteRule{{Backends: []model.BackendRef{{Kind: "Service", Namespace: "shop", Name: "web", Port: 80, Weight: 1}}}},
	}
	several := &model.Route{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "s"}, Kind: "HTTPRoute", Hostnames: []string{"multi.example.com"},
		Rules: []model.RouteRule{
			{Paths: []string{"/", "/deep/er"}, Backends: []model.BackendRef{{Kind: "Service", Namespace: "shop", Name: "web", Port: 80, Weight: 1}}},
			{Paths: []string{"/deep"}, Backends: []model.BackendRef{{Kind: "Service", Namespace: "shop", Name: "pay", Port: 80, Weight: 1}}},
		},
	}
	snapshot := cluster(web, old, several, erp, slice, stray, node, ofNode, second, front, wild, route).Build(now)
	for seen, want := range map[string]string{
		"10.96.0.7": "shop/web by ClusterIP", "10.96.0.7:80": "shop/web by ClusterIP", "http://10.96.0.7:80/x": "shop/web by ClusterIP",
		"[fd00::7]:80": "shop/web by ClusterIP", "fd00:0::7": "shop/web by ClusterIP", "::ffff:10.96.0.7": "shop/web by ClusterIP",
		"198.51.100.9": "shop/web by external IP", "203.0.113.5": "shop/web by address of the load balancer",
		"192.168.0.1:30080": "shop/web by node port, on node-1", "192.168.0.1": "", "192.168.0.1:30081": "", "192.168.0.2:30080": "shop/web by node port, on node-2", "192.168.0.2:6443": "shop/api by an endpoint", "192.168.0.2": "shop/api by an endpoint", "192.168.0.2:1": "shop/api by an endpoint", "192.168.0.3:30080": "",
		"10.0.0.1": "shop/web by Pod web-a", "10.0.0.2": "shop/web by an endpoint", "10.0.0.3": "",
		"LB.example.net": "shop/web by name of the load balancer", "erp.corp.example": "shop/erp by its external name",
		"web.shop.svc": "shop/web by its DNS name", "web.shop.svc.cluster.local.": "shop/web by its DNS name",
		"db-0.web.shop.svc.cluster.local:5432": "shop/web by its DNS name", "gone.shop.svc": "shop/gone by its DNS name", "svc.shop.web": "",
		"web.shop": "shop/web by its DNS name", "web-a": "shop/web by Pod web-a", "web-b": "", "node-1": "",
		"web.bank": "bank/web by its DNS name", "http://web.bank/": "bank/web by its DNS name", "web.nowhere": "", "web": "", "bank": "", "bank/": "",
		"shop/web": "", "bank/web": "bank/web by its name", "nowhere/web": "", "bank/web/x": "", "": "", "svc": "",
		"shop.example.com":                 "shop/pay by Ingress shop/front /pay, shop/web by Ingress shop/front /",
		"https://shop.example.com/pay?a=b": "shop/pay by Ingress shop/front /pay, shop/web by Ingress shop/front /",
		"https://shop.example.com/payroll": "shop/web by Ingress shop/front /", "https://shop.example.com/": "shop/web by Ingress shop/front /",
		"Shop.Example.com/pay/x#y": "shop/pay by Ingress shop/front /pay, shop/web by Ingress shop/front /", "other.example.com": "",
		"shop.example.com/pay#y": "shop/pay by Ingress shop/front /pay, shop/web by Ingress shop/front /",
		"/web.shop.svc":          "", "web.shop.svc:http": "shop/web by its DNS name", "10.96.0.8": "shop/old by ClusterIP", "10.0.0.4": "shop/web by an endpoint",
		"web.shop.other": "", ".wild.example.com": "", "a.route.example.com/x": "shop/web by HTTPRoute shop/r",
		"multi.example.com/deep/er": "shop/web by HTTPRoute shop/s /, /deep/er, shop/pay by HTTPRoute shop/s /deep",
		"multi.example.com/deep/x":  "shop/pay by HTTPRoute shop/s /deep, shop/web by HTTPRoute shop/s /, /deep/er",
		"multi.example.com/x":       "shop/web by HTTPRoute shop/s /, /deep/er",
		"a.wild.example.com":        "shop/web by Ingress shop/wild /", "a.b.wild.example.com": "", "wild.example.com": "",
		"a.b.route.example.com": "shop/web by HTTPRoute shop/r", "route.example.com": "",
	} {
		var got []string
		for _, lead := range LeadsFrom(snapshot, seen, []string{"shop", "bank"}) {
			got = append(got, fmt.Sprintf("%s by %s", lead.Service, lead.By))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q leads to %q, want %q", seen, got, want)
		}
	}
}
