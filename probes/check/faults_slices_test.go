package check

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func slice(e *discoveryv1.EndpointSlice, change ...func(*discoveryv1.EndpointSlice)) *discoveryv1.EndpointSlice {
	for _, change := range change {
		change(e)
	}
	return e
}

func ofNames(e *discoveryv1.EndpointSlice) { e.AddressType = discoveryv1.AddressTypeFQDN }

func markHeadless(e *discoveryv1.EndpointSlice) { e.Labels[corev1.IsHeadlessService] = "" }

func unlabelled(e *discoveryv1.EndpointSlice) { e.Labels = nil }

// at is a Service of another ClusterIP than the others of a test.
func at(clusterIP string, svc *corev1.Service) *corev1.Service {
	svc.Spec.ClusterIP, svc.Spec.ClusterIPs = clusterIP, []string{clusterIP}
	return svc
}

// sliceFaults are the faults of EndpointSlices.
func sliceFaults() map[string]fault {
	app := labels{"app": "checkout"}
	return map[string]fault{
		"Ready Pods that the slices do not list": {
			objects: objects{service("checkout", app), pod("a", app), slicesFor(service("checkout", app))[0]},
			verdict: Fail, lead: "EPS-07", short: "1 Pod Ready, not so in any slice", severity: Critical, confidence: Proven,
		},
		"no slice at all": {
			objects: objects{service("checkout", app), pod("a", app), byHand("other", "checkout-x", nil, nil), func() metav1.Object {
				slice := byHand("wrong-namespace", "checkout", nil, nil)
				slice.Namespace = "elsewhere"
				return slice
			}()},
			verdict: Fail, lead: "EPS-10", short: "no EndpointSlice: controller off?", severity: Critical, confidence: Proven,
		},
		"a slice that names its port otherwise": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), byHand("manual", "checkout", new("http"), new(int32(8080)), "192.0.2.1")},
			verdict: Fail, lead: "EPS-01", short: `no slice has a port named "web"`, severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=json -p '[{"op":"test","path":"/ports/0/name","value":"http"},{"op":"replace","path":"/ports/0/name","value":"web"}]'`,
		},
		"a slice whose port is of another protocol": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), func() metav1.Object {
				slice := byHand("manual", "checkout", new("web"), new(int32(8080)), "192.0.2.1")
				slice.Ports[0].Protocol = new(corev1.ProtocolUDP)
				return slice
			}()},
			verdict: Fail, lead: "EPS-01", short: `slice port "web" is UDP, not TCP`, severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=json -p '[{"op":"test","path":"/ports/0/protocol","value":"UDP"},{"op":"replace","path":"/ports/0/protocol","value":"TCP"}]'`,
		},
		"an Endpoints object that names its port otherwise": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), func() metav1.Object {
				slice := byHand("mirrored", "checkout", new("http"), new(int32(8080)), "192.0.2.1")
				slice.Labels[discoveryv1.LabelManagedBy] = sliceMirroringController
				return slice
			}()},
			verdict: Fail, lead: "EPS-01", short: `no slice has a port named "web"`, severity: Critical, confidence: Proven, noCommand: true,
		},
		"a slice that names its port otherwise, beside Cilium": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), byHand("manual", "checkout", new("http"), new(int32(8080)), "192.0.2.1"), nodeNamed("n", cilium)},
			verdict: Fail, lead: "EPS-01", short: `no slice has a port named "web"`, severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=json -p '[{"op":"test","path":"/ports/0/name","value":"http"},{"op":"replace","path":"/ports/0/name","value":"web"}]'`,
		},
		"a slice that names its port, beside Cilium": {
			objects: objects{service("checkout", nil), byHand("manual", "checkout", new("http"), new(int32(8080)), "192.0.2.1"), nodeNamed("n", cilium)},
			verdict: Warn, lead: "EPS-01", short: `no slice has a port named ""`, severity: Critical, confidence: Likely,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=json -p '[{"op":"test","path":"/ports/0/name","value":"http"},{"op":"replace","path":"/ports/0/name","value":""}]'`,
		},
		"a slice that leaves its port's name out, beside Cilium": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), byHand("manual", "checkout", new(""), new(int32(8080)), "192.0.2.1"), nodeNamed("n", cilium)},
			verdict: Warn, lead: "EPS-01", short: `no slice has a port named "web"`, severity: Critical, confidence: Likely,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=json -p '[{"op":"test","path":"/ports/0/name","value":""},{"op":"replace","path":"/ports/0/name","value":"web"}]'`,
		},
		"a slice whose port is of another protocol, beside Cilium": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), nodeNamed("n", cilium), func() metav1.Object {
				slice := byHand("manual", "checkout", new("web"), new(int32(8080)), "192.0.2.1")
				slice.Ports[0].Protocol = new(corev1.ProtocolUDP)
				return slice
			}()},
			verdict: Warn, lead: "EPS-01", short: `slice port "web" is UDP, not TCP`, severity: Critical, confidence: Likely,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=json -p '[{"op":"test","path":"/ports/0/protocol","value":"UDP"},{"op":"replace","path":"/ports/0/protocol","value":"TCP"}]'`,
		},
		"a slice without ports": {
			objects: objects{service("checkout", nil), byHand("manual", "checkout", nil, nil, "192.0.2.1")},
			verdict: Fail, lead: "EPS-02", short: "slice manual has no ports", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch endpointslice manual --type=merge -p '{"ports":[{"name":"","port":8080,"protocol":"TCP"}]}'`,
		},
		"a slice without ports, and a targetPort by name": {
			objects: objects{service("checkout", nil, ports(port(80, "http"))), byHand("manual", "checkout", nil, nil, "192.0.2.1")},
			verdict: Fail, lead: "EPS-02", short: "slice manual has no ports", severity: Critical, confidence: Proven, noCommand: true,
		},
		"a slice without ports, beside Cilium": {
			objects: objects{service("checkout", nil), byHand("manual", "checkout", nil, nil, "192.0.2.1"), nodeNamed("n", cilium)},
			verdict: Warn, lead: "EPS-02", short: "slice manual has no ports", severity: Critical, confidence: Likely,
		},
		"a slice without the label": {
			objects: objects{service("checkout", nil), slice(byHand("checkout-1", "", new(""), new(int32(8080)), "192.0.2.1"), unlabelled)},
			verdict: Warn, lead: "EPS-03", short: "slice checkout-1 has no service label", severity: Critical, confidence: Likely,
			fix: "kubectl --context prod -n shop label endpointslice checkout-1 kubernetes.io/service-name=checkout",
		},
		"a slice labelled for a Service that is not there": {
			objects: objects{service("checkout", nil), byHand("checkout", "chekout", new(""), new(int32(8080)), "192.0.2.1")},
			verdict: Warn, lead: "EPS-03", short: "slice checkout is labelled for chekout", severity: Critical, confidence: Likely,
			fix: "kubectl --context prod -n shop label endpointslice checkout kubernetes.io/service-name=checkout --overwrite",
		},
		"a slice in another namespace": {
			objects: objects{service("checkout", nil), slice(byHand("any", "checkout", new(""), new(int32(8080)), "192.0.2.1"), func(e *discoveryv1.EndpointSlice) { e.Namespace = "pay" })},
			verdict: Warn, lead: "EPS-03", short: "its slice is in namespace pay", severity: Critical, confidence: Likely, noCommand: true,
		},
		"a slice of names": {
			objects: objects{service("checkout", nil), slice(byHand("manual", "checkout", new(""), new(int32(8080)), "db.example.com"), ofNames)},
			verdict: Fail, lead: "EPS-04", short: "slice manual holds names, not addresses", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"externalName":"db.example.com","type":"ExternalName"}}'`,
		},
		"a slice of two names": {
			objects: objects{service("checkout", nil), slice(byHand("manual", "checkout", new(""), new(int32(8080)), "db.example.com", "db2.example.com"), ofNames)},
			verdict: Fail, lead: "EPS-04", short: "slice manual holds names, not addresses", severity: Critical, confidence: Proven, noCommand: true,
		},
		"a slice of names beside one of another port": {
			objects: objects{
				service("checkout", nil, ports(port(80, 8080), corev1.ServicePort{Name: "admin", Port: 81})), byHand("addresses", "checkout", new(""), new(int32(8080)), "192.0.2.1"),
				slice(byHand("manual", "checkout", new("admin"), new(int32(8080)), "db.example.com"), ofNames),
			},
			verdict: Fail, lead: "EPS-04", short: "slice manual holds names, not addresses", severity: Major, confidence: Proven,
		},
		"a slice of names of a headless Service": {
			objects: objects{service("checkout", nil, headless), slice(byHand("manual", "checkout", new(""), new(int32(8080)), "db.example.com"), ofNames)},
			verdict: Warn, lead: "EPS-04", short: "slice manual holds names, not addresses", severity: Critical, confidence: Likely, noCommand: true,
		},
		"a slice of names, beside Cilium": {
			objects: objects{service("checkout", nil), slice(byHand("manual", "checkout", new(""), new(int32(8080)), "db.example.com"), ofNames), nodeNamed("n", cilium)},
			verdict: Warn, lead: "EPS-04", short: "slice manual holds names, not addresses", severity: Critical, confidence: Likely,
		},
		"the ClusterIP of a Service as the endpoint": {
			objects: objects{at("10.96.0.11", service("checkout", nil)), at("10.96.0.12", service("web", app)), byHand("manual", "checkout", new(""), new(int32(80)), "10.96.0.12"), pod("a", app)},
			verdict: Fail, lead: "EPS-05", short: "endpoint 10.96.0.12 is Service shop/web", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"externalName":"web.shop.svc.cluster.local","type":"ExternalName"}}'`,
		},
		"its own ClusterIP as the endpoint": {
			objects: objects{at("10.96.0.11", service("checkout", nil)), byHand("manual", "checkout", new(""), new(int32(80)), "10.96.0.11")},
			verdict: Fail, lead: "EPS-05", short: "endpoint 10.96.0.11 is S…e shop/checkout", severity: Critical, confidence: Proven, noCommand: true,
		},
		"the ClusterIP of a Service of other ports as the endpoint": {
			objects: objects{at("10.96.0.11", service("checkout", nil)), at("10.96.0.12", service("web", app, ports(port(8080, 8080)))), byHand("manual", "checkout", new(""), new(int32(8080)), "10.96.0.12")},
			verdict: Fail, lead: "EPS-05", short: "endpoint 10.96.0.12 is Service shop/web", severity: Critical, confidence: Proven, noCommand: true,
		},
		"a ClusterIP among the endpoints": {
			objects: objects{at("10.96.0.11", service("checkout", nil)), at("10.96.0.12", service("web", app)), byHand("manual", "checkout", new(""), new(int32(80)), "192.0.2.1", "10.96.0.12")},
			verdict: Fail, lead: "EPS-05", short: "endpoint 10.96.0.12 is Service shop/web", severity: Major, confidence: Proven, noCommand: true,
		},
		"a ClusterIP as the endpoint, beside Cilium": {
			objects: objects{at("10.96.0.11", service("checkout", nil)), at("10.96.0.12", service("web", app)), byHand("manual", "checkout", new(""), new(int32(80)), "10.96.0.12"), nodeNamed("n", cilium)},
			verdict: Warn, lead: "EPS-05", short: "endpoint 10.96.0.12 is Service shop/web", severity: Critical, confidence: Likely,
		},
		"a slice marked headless": {
			objects: objects{service("checkout", nil), slice(byHand("manual", "checkout", new(""), new(int32(8080)), "192.0.2.1"), markHeadless)},
			verdict: Fail, lead: "EPS-06", short: "slice manual is marked headless", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop label endpointslice manual service.kubernetes.io/headless-",
		},
		"an Endpoints object marked headless": {
			objects: objects{service("checkout", nil), slice(byHand("mirrored", "checkout", new(""), new(int32(8080)), "192.0.2.1"), markHeadless, func(e *discoveryv1.EndpointSlice) {
				e.Labels[discoveryv1.LabelManagedBy] = sliceMirroringController
			})},
			verdict: Fail, lead: "EPS-06", short: "slice mirrored is marked headless", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop label endpoints checkout service.kubernetes.io/headless-",
		},
	}
}
