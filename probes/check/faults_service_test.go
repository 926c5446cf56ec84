package check

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func terminatingShop(since time.Duration) *corev1.Namespace {
	at := ago(since)
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", DeletionTimestamp: &at}, Status: corev1.NamespaceStatus{
		Phase:      corev1.NamespaceTerminating,
		Conditions: []corev1.NamespaceCondition{{Type: corev1.NamespaceFinalizersRemaining, Status: corev1.ConditionTrue, Message: "Some content in the namespace has finalizers remaining"}},
	}}
}

func handedTo(proxy string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Labels = labels{ProxyNameLabel: proxy} }
}

func assigned(svc *corev1.Service) {
	svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.9"}}
}

// serviceFaults are the faults of Services themselves: their type, their name, their load balancer.
func serviceFaults() map[string]fault {
	app := labels{"app": "checkout"}
	quotaService, plain := service("checkout", app, loadBalancer), service("checkout", app)
	return map[string]fault{
		"a Service that does not go": {
			objects: objects{service("checkout", app, func(svc *corev1.Service) {
				at := ago(time.Hour)
				svc.DeletionTimestamp, svc.Finalizers = &at, []string{"service.kubernetes.io/load-balancer-cleanup"}
			}), pod("a", app)},
			verdict: Fail, lead: "SVC-03", short: "being deleted: waits for…alancer-cleanup", severity: Major, confidence: Proven, noCommand: true,
		},
		"a Service whose namespace does not go": {
			objects: objects{service("checkout", app, func(svc *corev1.Service) {
				at := ago(time.Hour)
				svc.DeletionTimestamp, svc.Finalizers = &at, []string{"example.com/hold"}
			}), pod("a", app), terminatingShop(time.Hour)},
			verdict: Fail, lead: "SVC-04", short: "namespace shop is being deleted", severity: Major, confidence: Proven,
			fix: "kubectl --context prod get namespace shop -o yaml",
		},
		"a Service that is left to another proxy": {
			objects: objects{service("checkout", app, handedTo("other")), pod("a", app)},
			verdict: Fail, lead: "SVC-07", short: "left to proxy other, not kube-proxy", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop label svc checkout service.kubernetes.io/service-proxy-name-",
		},
		"a Service that is left to a proxy without a name": {
			objects: objects{service("checkout", app, handedTo("")), pod("a", app)},
			verdict: Fail, lead: "SVC-07", short: `left to proxy "", not kube-proxy`, severity: Critical, confidence: Proven,
		},
		"a load balancer that is left to another proxy": {
			objects: objects{service("checkout", app, loadBalancer, assigned, handedTo("other")), pod("a", app)},
			verdict: Fail, lead: "SVC-07", short: "left to proxy other, not kube-proxy", severity: Major, confidence: Proven,
		},
		"a Service that is left to another proxy, beside Cilium": {
			objects: objects{service("checkout", app, handedTo("other")), pod("a", app), nodeNamed("n", cilium)},
			verdict: Warn, lead: "SVC-07", short: "left to proxy other, not kube-proxy", severity: Critical, confidence: Likely,
		},
		"a Service that is left to a proxy that there is": {
			objects: objects{service("checkout", app, handedTo("multus-proxy")), pod("a", app)},
			verdict: Warn, lead: "SVC-07", short: "left to proxy multus-pro… not kube-proxy", severity: Critical, confidence: Likely,
		},
		"a ClusterIP that two Services have": {
			objects: objects{plain, pod("a", app), event(plain, "Service", "Warning", "ClusterIPAlreadyAllocated", "Cluster IP [IPv4]:10.96.0.10 was assigned to multiple services; please recreate service", time.Minute)},
			verdict: Fail, lead: "SVC-08", short: "ClusterIPAlreadyAllocated: make it anew", severity: Major, confidence: Proven, noCommand: true,
		},
		"an external name that is an address": {
			objects: objects{service("checkout", nil, externalName("192.0.2.10"))},
			verdict: Fail, lead: "EN-01", short: "192.0.2.10 is an address, not a name", severity: Critical, confidence: Proven,
		},
		"an external name without a dot": {
			objects: objects{service("checkout", nil, externalName("db")), service("db", labels{"app": "db"})},
			verdict: Fail, lead: "EN-02", short: "db resolves nowhere: no dot", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"externalName":"db.shop.svc.cluster.local"}}'`,
		},
		"an external name that leans on the search path": {
			objects: objects{service("checkout", nil, externalName("db.shop.svc")), service("db", labels{"app": "db"})},
			verdict: Warn, lead: "EN-02", short: "db.shop.svc is not a whole name", severity: Critical, confidence: Likely,
		},
		"an external name of a Service that is not there": {
			objects: objects{service("checkout", nil, externalName("db.shop.svc.cluster.local"))},
			verdict: Fail, lead: "EN-03", short: "no Service shop/db", severity: Critical, confidence: Proven,
		},
		"no selector and no endpoints": {
			objects: objects{service("checkout", nil)},
			verdict: Warn, lead: "SVC-06", short: "no selector, and no endpoints", severity: Major, confidence: Likely,
		},
		"a slice by hand that says not ready": {
			objects: objects{service("checkout", nil), func() metav1.Object {
				slice := byHand("manual", "checkout", new(""), new(int32(8080)), "192.0.2.1")
				slice.Endpoints[0].Conditions.Ready = new(false)
				return slice
			}()},
			verdict: Warn, lead: "SVC-06", short: "no selector; 1 endpoint not ready", severity: Major, confidence: Likely, noCommand: true,
		},
		"a selector that was taken away": {
			objects: objects{service("checkout", nil), func() metav1.Object {
				slice := byHand("checkout-x", "checkout", new(""), new(int32(8080)), "10.4.0.1")
				slice.Labels[discoveryv1.LabelManagedBy] = endpointSliceController
				return slice
			}()},
			verdict: Fail, lead: "SVC-05", short: "selector removed, slices left behind", severity: Major, confidence: Proven,
		},
		"a quota of the cloud": {
			objects: objects{quotaService, pod("a", app), event(quotaService, "Service", "Warning", "SyncLoadBalancerFailed",
				"Error syncing load balancer: googleapi: Error 403: Quota 'IN_USE_ADDRESSES' exceeded.  Limit: 8.0 in region europe-west1.", 7*time.Minute)},
			verdict: Fail, lead: "LB-01", short: "quota IN_USE_ADDRESSES", severity: Major, confidence: Proven,
		},
		"a permission of the cloud": {
			objects: objects{quotaService, pod("a", app), event(quotaService, "Service", "Warning", "SyncLoadBalancerFailed",
				"Error syncing load balancer: googleapi: Error 403: Required 'compute.addresses.create' permission, forbidden", 7*time.Minute)},
			verdict: Fail, lead: "LB-01", short: "cloud permission denied (IAM)", severity: Major, confidence: Proven,
		},
		"nobody gives a load balancer its address": {
			objects: objects{service("checkout", app, loadBalancer), pod("a", app)},
			verdict: Warn, lead: "LB-02", short: "no controller gives it an address", severity: Major, confidence: Likely,
		},
		"nobody serves the load balancer's class": {
			objects: objects{service("checkout", app, loadBalancer, func(svc *corev1.Service) { svc.Spec.LoadBalancerClass = new("example.com/lb") }), pod("a", app)},
			verdict: Warn, lead: "LB-03", short: "no controller for class example.com/lb", severity: Major, confidence: Likely,
		},
	}
}
