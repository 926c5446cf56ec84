package check

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// portFaults are the faults of ports.
func portFaults() map[string]fault {
	app := labels{"app": "checkout"}
	return map[string]fault{
		"a named port that no container has": {
			objects: objects{service("checkout", app, ports(port(80, "htttp"))), pod("a", app, ofDeploy("checkout"))},
			verdict: Fail, lead: "PORT-01", short: "no container port named htttp", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/targetPort","value":"htttp"},{"op":"replace","path":"/spec/ports/0/targetPort","value":"http"}]'`,
		},
		"a named port that one Pod lacks": {
			objects: objects{service("checkout", app, ports(port(80, "http"))), pod("a", app, ofDeploy("checkout")), pod("b", app, ofDeploy("old"), containerPorts(corev1.ContainerPort{Name: "web", ContainerPort: 8080}))},
			verdict: Fail, lead: "PORT-02", short: "1 of 2 Pods: no port named http", severity: Major, confidence: Proven,
			// Not the other Pod's name, which would only exchange the two.
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/targetPort","value":"http"},{"op":"replace","path":"/spec/ports/0/targetPort","value":8080}]'`,
		},
		"a named port that one Pod lacks, which listens elsewhere": {
			objects: objects{service("checkout", app, ports(port(80, "http"))), pod("a", app, ofDeploy("checkout")), pod("b", app, ofDeploy("old"), containerPorts(corev1.ContainerPort{Name: "web", ContainerPort: 9090}))},
			verdict: Fail, lead: "PORT-02", short: "1 of 2 Pods: no port named http", severity: Major, confidence: Proven, noCommand: true,
		},
		"a named port that one Pod has for another protocol": {
			objects: objects{service("checkout", app, ports(port(80, "http"))), pod("a", app, ofDeploy("checkout")), pod("b", app, ofDeploy("old"), containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolUDP}))},
			verdict: Fail, lead: "PORT-02", short: "1 of 2 Pods: no port named http", severity: Major, confidence: Proven, noCommand: true,
		},
		"a named port that has two numbers, and none in a third Pod": {
			objects: objects{
				service("checkout", app, ports(port(80, "http"))), pod("a", app, ofDeploy("checkout")),
				pod("b", app, ofDeploy("new"), containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 9090})),
				pod("c", app, ofDeploy("old"), containerPorts(corev1.ContainerPort{Name: "web", ContainerPort: 9090})),
			},
			verdict: Fail, lead: "PORT-02", short: "1 of 3 Pods: no port named http", severity: Major, confidence: Proven, noCommand: true,
		},
		"a rollout that drops the named port": {
			objects: objects{
				service("checkout", app, ports(port(80, "http"))), pod("old", app, ofDeploy("checkout")), pod("new", app, ofDeploy("checkout"), notReady),
				deployment("checkout", 2, app, rollingOut, func(d *appsv1.Deployment) {
					d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "app", Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}}}
				}),
			},
			verdict: Fail, lead: "PORT-01", short: "rollout drops port http: deploy/checkout", severity: Major, confidence: Proven,
		},
		"a named port of another protocol": {
			objects: objects{service("checkout", app, ports(corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromString("http")})), pod("a", app)},
			verdict: Fail, lead: "PORT-03", short: "port http is TCP in the Pod, not UDP", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/port","value":53},{"op":"test","path":"/spec/ports/0/protocol","value":"UDP"},{"op":"replace","path":"/spec/ports/0/protocol","value":"TCP"}]'`,
		},
		"port and targetPort swapped": {
			objects: objects{service("checkout", app, ports(port(8080, 80))), pod("a", app)},
			verdict: Warn, lead: "PORT-06", short: "container has 8080, not 80", severity: Major, confidence: Likely,
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/port","value":8080},{"op":"test","path":"/spec/ports/0/targetPort","value":80},{"op":"replace","path":"/spec/ports/0/targetPort","value":8080}]'`,
		},
		"a targetPort beside the only one that is declared and probed": {
			objects: objects{service("checkout", app, ports(port(80, 9090))), pod("a", app)},
			verdict: Warn, lead: "PORT-05", short: "container has 8080, not 9090", severity: Major, confidence: Likely,
		},
		"a slice by hand of another family": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), func() metav1.Object {
				slice := byHand("manual", "checkout", new("web"), new(int32(8080)), "2001:db8::1")
				slice.AddressType = discoveryv1.AddressTypeIPv6
				return slice
			}()},
			verdict: Fail, lead: "PORT-15", short: "no IPv4 endpoint", severity: Critical, confidence: Proven, noCommand: true,
		},
		"IPv6 asked for, and Pods without": {
			objects: objects{service("checkout", app, func(svc *corev1.Service) {
				svc.Spec.IPFamilies, svc.Spec.ClusterIP = []corev1.IPFamily{corev1.IPv6Protocol}, "fd00::1"
			}), pod("a", app)},
			verdict: Fail, lead: "PORT-15", short: "no Ready Pod has an IPv6 address", severity: Critical, confidence: Proven,
		},
		"half of a dual-stack Service": {
			objects: objects{service("checkout", app, func(svc *corev1.Service) {
				svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
			}), pod("a", app)},
			verdict: Fail, lead: "PORT-15", short: "no IPv6 endpoint", severity: Major, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"ipFamilyPolicy":"SingleStack"}}'`,
		},
		"the first half of a dual-stack Service": {
			objects: objects{service("checkout", app, func(svc *corev1.Service) {
				svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol, corev1.IPv4Protocol}
			}), pod("a", app)},
			verdict: Fail, lead: "PORT-15", short: "no IPv6 endpoint", severity: Major, confidence: Proven, noCommand: true,
		},
	}
}
