package check

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
		"a slice without ports": {
			objects: objects{service("checkout", nil), byHand("manual", "checkout", nil, nil, "192.0.2.1")},
			verdict: Fail, lead: "EPS-02", short: "slice manual has no ports", severity: Critical, confidence: Proven,
		},
	}
}
