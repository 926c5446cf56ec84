package check

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

type objects = []metav1.Object

// TestFaults holds that each fault is led by the right finding, and that what it says names the proof.
func TestFaults(t *testing.T) {
	t.Parallel()
	app, hyphen := labels{"app": "checkout"}, labels{"app": "check-out"}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown"}},
	}}
	failing := pod("checkout-a", app, ofDeploy("checkout"), notReady)
	management := pod("checkout-m", app, ofDeploy("checkout"), notReady, func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port = intstr.FromInt32(8081)
	})
	stuck := pod("checkout-b", app, ofDeploy("checkout"), waiting("ContainerCreating", ""))
	refusedSet := &appsv1.StatefulSet{ObjectMeta: meta("db", nil), Spec: appsv1.StatefulSetSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}}}}
	quotaService := service("checkout", app, loadBalancer)
	for name, test := range map[string]struct {
		objects    objects
		verdict    Verdict
		lead       string
		short      string
		fix        string
		noCommand  bool
		severity   Severity
		confidence Confidence
	}{
		"a missing dash": {
			objects: objects{service("checkout", app), pod("checkout-a", hyphen, ofDeploy("checkout")), pod("other", labels{"app": "other"})},
			verdict: Fail, lead: "SEL-01", short: "no Pod has app=checkout", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":"check-out"}}}'`,
		},
		"the key of another convention": {
			objects: objects{service("checkout", app), pod("checkout-a", labels{"app.kubernetes.io/name": "checkout"}, ofDeploy("checkout"))},
			verdict: Fail, lead: "SEL-01", short: "no Pod has app=checkout", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":null,"app.kubernetes.io/name":"checkout"}}}'`,
		},
		"two values swapped": {
			objects: objects{service("checkout", labels{"app": "shop", "tier": "checkout"}), pod("a", labels{"app": "checkout", "tier": "shop"}, ofDeploy("checkout"))},
			verdict: Fail, lead: "SEL-01", short: "no Pod has app=shop tier=checkout", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":"checkout","tier":"shop"}}}'`,
		},
		"one pair too many": {
			objects: objects{service("checkout", labels{"app": "checkout", "version": "v3"}), pod("a", labels{"app": "checkout", "version": "v1"}), pod("b", labels{"app": "checkout", "version": "v2"})},
			verdict: Fail, lead: "SEL-02", short: "no Pod has version=v3", severity: Critical, confidence: Proven,
		},
		"no Pods at all": {
			objects: objects{service("checkout", app), pod("a", labels{"app": "payments"}, ofDeploy("payments"))},
			verdict: Fail, lead: "SEL-04", short: "no Pod has app=checkout", severity: Critical, confidence: Proven,
		},
		"scaled to zero": {
			objects: objects{service("cart", labels{"app": "cart"}), deployment("cart", 0, labels{"app": "cart"})},
			verdict: Fail, lead: "WL-01", short: "scaled to 0: deploy/cart", severity: Major, confidence: Proven,
			fix: "kubectl --context prod -n shop scale deploy/cart --replicas=1",
		},
		"a Service for a Pod that the StatefulSet does not have": {
			objects: objects{
				service("db-3", labels{"statefulset.kubernetes.io/pod-name": "db-3"}), statefulSet("db", 3, app), statefulSet("d", 9, app),
				pod("db-0", labels{"statefulset.kubernetes.io/pod-name": "db-0"}, ownedBy("StatefulSet", "db")),
			},
			verdict: Fail, lead: "WL-01", short: "no Pod db-3: too few replicas", severity: Major, confidence: Proven,
			fix: "kubectl --context prod -n shop scale sts/db --replicas=4",
		},
		"a Pod that its StatefulSet has not made": {
			objects: objects{
				service("db-1", labels{"statefulset.kubernetes.io/pod-name": "db-1"}), statefulSet("db", 3, app),
				pod("db-0", labels{"statefulset.kubernetes.io/pod-name": "db-0"}, ownedBy("StatefulSet", "db")),
			},
			verdict: Warn, lead: "WL-02", short: "0 of 1 Pods: sts/db", severity: Critical, confidence: Likely,
		},
		"a quota keeps Pods from being created": {
			objects: objects{service("checkout", app), deployment("checkout", 2, app, func(d *appsv1.Deployment) {
				d.Status.Conditions = []appsv1.DeploymentCondition{
					{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetCreated"},
					{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: `pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0`},
				}
			})},
			verdict: Fail, lead: "WL-02", short: "Pods not created: quota exceeded", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop rollout restart deploy/checkout",
		},
		"every Pod failed": {
			objects: objects{service("checkout", app), pod("a", app, ended(corev1.PodFailed))},
			verdict: Fail, lead: "POD-11", short: "no running Pod: 1 ended", severity: Critical, confidence: Proven,
		},
		"no node fits": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), func(p *corev1.Pod) {
				p.Status = corev1.PodStatus{Phase: corev1.PodPending}
				setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.", time.Hour)
			})},
			verdict: Fail, lead: "POD-01", short: "no node fits: insufficient cpu", severity: Critical, confidence: Proven,
		},
		"an image that is not there": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), waiting("ImagePullBackOff", "Back-off pulling image"))},
			verdict: Fail, lead: "POD-02", short: "image cannot be pulled", severity: Critical, confidence: Proven,
		},
		"a crash loop": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), waiting("CrashLoopBackOff", "back-off"), func(p *corev1.Pod) {
				p.Status.ContainerStatuses[0].RestartCount = 4
				p.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", FinishedAt: ago(time.Minute)}
			})},
			verdict: Fail, lead: "POD-03", short: "crash loop: exit 1", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop logs a -c app --tail=200 --previous",
		},
		"out of memory, terminated just now": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), notReady, func(p *corev1.Pod) {
				p.Status.ContainerStatuses[0].RestartCount = 4
				p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", FinishedAt: ago(2 * time.Second)}}
			})},
			verdict: Fail, lead: "POD-03", short: "crash loop: OOMKilled", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop logs a -c app --tail=200",
		},
		"a ConfigMap that is missing": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), waiting("CreateContainerConfigError", `configmap "settings" not found`))},
			verdict: Fail, lead: "POD-04", short: "ConfigMap settings is missing", severity: Critical, confidence: Proven,
		},
		"a Secret that cannot be mounted": {
			objects: objects{
				service("checkout", app), stuck,
				event(stuck, "Pod", "Warning", "FailedMount", `MountVolume.SetUp failed for volume "tls" : secret "tls" not found`, time.Minute),
			},
			verdict: Fail, lead: "POD-04", short: "Secret tls is missing", severity: Critical, confidence: Proven,
		},
		"an init container that fails": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), waiting("PodInitializing", ""), func(p *corev1.Pod) {
				setCondition(p, corev1.PodInitialized, corev1.ConditionFalse, "ContainersNotInitialized", "", time.Hour)
				p.Spec.InitContainers = []corev1.Container{{Name: "migrate"}}
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{
					Name: "migrate", RestartCount: 3, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
					LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 2}},
				}}
			})},
			verdict: Fail, lead: "POD-05", short: "init migrate: exit 2", severity: Critical, confidence: Proven,
		},
		"readiness 503": {
			objects: objects{service("checkout", app), failing, event(failing, "Pod", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", time.Minute)},
			verdict: Fail, lead: "POD-06", short: "readiness 503 on /healthz", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop logs checkout-a -c app --tail=200",
		},
		"the probe asks a port that nobody declares": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), notReady, func(p *corev1.Pod) {
				p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port = intstr.FromInt32(9999)
			})},
			verdict: Fail, lead: "POD-06", short: "readiness fails on /healthz", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch deploy/checkout --type=strategic -p '{"spec":{"template":{"spec":{"containers":[{"name":"app","readinessProbe":{"httpGet":{"port":8080}}}]}}}}'`,
		},
		"a port for management that nobody declares, and that answers": {
			objects: objects{service("checkout", app), management, event(management, "Pod", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", time.Minute)},
			verdict: Fail, lead: "POD-06", short: "readiness 503 on /healthz", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop logs checkout-m -c app --tail=200",
		},
		"a native sidecar that is not ready": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), func(p *corev1.Pod) {
				setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "containers with unready status: [proxy]", time.Hour)
				p.Spec.InitContainers = []corev1.Container{{
					Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways),
					ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromInt32(15021)}}},
				}}
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{{
					Name: "proxy", Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(time.Hour)}},
				}}
			})},
			verdict: Fail, lead: "POD-06", short: "readiness fails on /ready", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop logs a -c proxy --tail=200",
		},
		"a container that is not started again": {
			objects: objects{service("checkout", app), pod("a", app, notReady, func(p *corev1.Pod) {
				p.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
				p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}}
			})},
			verdict: Fail, lead: "POD-06", short: "container app has ended", severity: Critical, confidence: Proven, noCommand: true,
		},
		"a readiness gate": {
			objects: objects{service("checkout", app), pod("a", app, ofDeploy("checkout"), func(p *corev1.Pod) {
				p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "cloud.google.com/load-balancer-neg-ready"}}
				setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ReadinessGatesNotReady", "", time.Hour)
			})},
			verdict: Fail, lead: "POD-07", short: "readiness gate load-balancer-neg-ready", severity: Critical, confidence: Proven,
		},
		"the node is gone": {
			objects: objects{service("checkout", app), node, pod("a", app, ofDeploy("checkout"), func(p *corev1.Pod) {
				setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", time.Hour)
			})},
			verdict: Fail, lead: "POD-08", short: "node not Ready: node-1", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop describe node node-1",
		},
		"a named port that no container has": {
			objects: objects{service("checkout", app, ports(port(80, "htttp"))), pod("a", app, ofDeploy("checkout"))},
			verdict: Fail, lead: "PORT-01", short: "no container port named htttp", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/targetPort","value":"htttp"},{"op":"replace","path":"/spec/ports/0/targetPort","value":"http"}]'`,
		},
		"a named port that one Pod lacks": {
			objects: objects{service("checkout", app, ports(port(80, "http"))), pod("a", app, ofDeploy("checkout")), pod("b", app, ofDeploy("old"), containerPorts(corev1.ContainerPort{Name: "web", ContainerPort: 8080}))},
			verdict: Fail, lead: "PORT-02", short: "1 of 2 Pods: no port named http", severity: Major, confidence: Proven,
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
		"a Service that does not go": {
			objects: objects{service("checkout", app, func(svc *corev1.Service) {
				at := ago(time.Hour)
				svc.DeletionTimestamp, svc.Finalizers = &at, []string{"service.kubernetes.io/load-balancer-cleanup"}
			}), pod("a", app)},
			verdict: Fail, lead: "SVC-03", short: "being deleted", severity: Major, confidence: Proven,
		},
		"a DaemonSet that is wanted nowhere": {
			objects: objects{service("checkout", app), &appsv1.DaemonSet{ObjectMeta: meta("agent", nil), Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}}}}},
			verdict: Fail, lead: "WL-01", short: "no node for ds/agent", severity: Major, confidence: Proven,
		},
		"a StatefulSet whose Pods are refused": {
			objects: objects{service("checkout", app), refusedSet, event(refusedSet, "StatefulSet", "Warning", "FailedCreate", `create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: violates PodSecurity "restricted:latest"`, time.Minute)},
			verdict: Fail, lead: "WL-02", short: "Pods not created: PodSecurity", severity: Critical, confidence: Proven,
		},
		"a named port of another protocol": {
			objects: objects{service("checkout", app, ports(corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromString("http")})), pod("a", app)},
			verdict: Fail, lead: "PORT-03", short: "port http is TCP in the Pod, not UDP", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/port","value":53},{"op":"replace","path":"/spec/ports/0/protocol","value":"TCP"}]'`,
		},
		"port and targetPort swapped": {
			objects: objects{service("checkout", app, ports(port(8080, 80))), pod("a", app)},
			verdict: Warn, lead: "PORT-06", short: "container has 8080, not 80", severity: Major, confidence: Likely,
			fix: `kubectl --context prod -n shop patch svc checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/port","value":8080},{"op":"replace","path":"/spec/ports/0/targetPort","value":8080}]'`,
		},
		"a targetPort beside the only one that is declared and probed": {
			objects: objects{service("checkout", app, ports(port(80, 9090))), pod("a", app)},
			verdict: Warn, lead: "PORT-05", short: "container has 8080, not 9090", severity: Major, confidence: Likely,
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
		"a slice by hand of another family": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), func() metav1.Object {
				slice := byHand("manual", "checkout", new("web"), new(int32(8080)), "2001:db8::1")
				slice.AddressType = discoveryv1.AddressTypeIPv6
				return slice
			}()},
			verdict: Fail, lead: "PORT-15", short: "no IPv4 endpoint", severity: Critical, confidence: Proven, noCommand: true,
		},
		"an Endpoints object that names its port otherwise": {
			objects: objects{service("checkout", nil, ports(corev1.ServicePort{Name: "web", Port: 80})), func() metav1.Object {
				slice := byHand("mirrored", "checkout", new("http"), new(int32(8080)), "192.0.2.1")
				slice.Labels[discoveryv1.LabelManagedBy] = sliceMirroringController
				return slice
			}()},
			verdict: Fail, lead: "EPS-01", short: `no slice has a port named "web"`, severity: Critical, confidence: Proven, noCommand: true,
		},
		"a slice by hand that says not ready": {
			objects: objects{service("checkout", nil), func() metav1.Object {
				slice := byHand("manual", "checkout", new(""), new(int32(8080)), "192.0.2.1")
				slice.Endpoints[0].Conditions.Ready = new(false)
				return slice
			}()},
			verdict: Warn, lead: "SVC-06", short: "no selector; 1 endpoint not ready", severity: Major, confidence: Likely, noCommand: true,
		},
		"a slice without ports": {
			objects: objects{service("checkout", nil), byHand("manual", "checkout", nil, nil, "192.0.2.1")},
			verdict: Fail, lead: "EPS-02", short: "slice manual has no ports", severity: Critical, confidence: Proven,
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
		},
		"a hash that progressive delivery left behind": {
			objects: objects{service("checkout", labels{"app": "checkout", "rollouts-pod-template-hash": "abc"}), pod("a", labels{"app": "checkout", "rollouts-pod-template-hash": "def"})},
			verdict: Warn, lead: "SEL-08", short: "no Pod has template hash abc", severity: Critical, confidence: Likely,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"rollouts-pod-template-hash":null}}}'`,
		},
		"a hash without which nothing would match either": {
			objects: objects{service("checkout", labels{"app": "checkout", "pod-template-hash": "abc"}), pod("a", labels{"app": "payments"})},
			verdict: Warn, lead: "SEL-08", short: "no Pod has template hash abc", severity: Critical, confidence: Likely, noCommand: true,
		},
		"a StatefulSet's Pod that does not go": {
			objects: objects{service("checkout", app), statefulSet("db", 1, app), pod("db-0", app, notReady, ownedBy("StatefulSet", "db"), goingSince(5*time.Minute))},
			verdict: Fail, lead: "POD-09", short: "only terminating Pods: 1", severity: Critical, confidence: Proven, noCommand: true,
		},
		"only terminating Pods that serve no more": {
			objects: objects{service("checkout", app), pod("a", app, notReady, terminating)},
			verdict: Fail, lead: "POD-09", short: "only terminating Pods: 1", severity: Critical, confidence: Proven,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, test.objects[0].GetName(), test.objects...)
			lead := report.Leading()
			if lead == nil || report.Verdict != test.verdict || lead.ID != test.lead {
				t.Fatalf("want %s %s, got %s", test.verdict, test.lead, told(report))
			}
			if lead.Severity != test.severity || lead.Confidence != test.confidence {
				t.Errorf("want %s %s, got %s", test.severity, test.confidence, told(report))
			}
			if lead.Short != test.short {
				t.Errorf("short is %q, want %q", lead.Short, test.short)
			}
			if test.fix != "" && (lead.Fix == nil || lead.Fix.Command != test.fix) {
				t.Errorf("want fix %s, got %s", test.fix, told(report))
			}
			if test.noCommand && (lead.Fix == nil || lead.Fix.Command != "" || lead.Fix.Note == "") {
				t.Errorf("want a note and no command, got %s", told(report))
			}
			if len(lead.Evidence) == 0 || lead.Evidence[0].Kind == "" || lead.Evidence[0].Field == "" {
				t.Errorf("no evidence: %+v", lead.Evidence)
			}
			if last := report.Route[len(report.Route)-1]; report.Verdict == Fail && lead.Severity == Critical && !last.Broken {
				t.Errorf("the route does not break: %+v", report.Route)
			}
		})
	}
}

// TestLookAlikes holds that what only looks like a fault stays ok.
func TestLookAlikes(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	young := service("web", app, loadBalancer)
	young.CreationTimestamp = ago(2 * time.Minute)
	oldButSwitched := service("web", app, loadBalancer)
	switched := ago(time.Minute)
	oldButSwitched.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-patch", Time: &switched, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:type":{}}}`)}}
	nilConditions := byHand("web-x", "web", new(""), new(int32(8080)), "10.4.0.9")
	sidecar := pod("a", app, containerPorts(), func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{
			Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways), Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 15001}},
		}}
	})
	keda := deployment("web", 0, app)
	scaled := ago(time.Hour)
	keda.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "keda", Subresource: "scale", Time: &scaled, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)}}
	recreated := service("web", app, loadBalancer)
	recreated.CreationTimestamp = ago(time.Minute)
	before := recreated.DeepCopy()
	before.UID = "uid-of-the-one-before"
	leader := func(name string, ready bool) *corev1.Pod {
		p := pod(name, app, ofDeploy("web"))
		if !ready {
			notReady(p)
		}
		return p
	}
	// Nothing is usable, for too short to be a fault: not red, and no health either.
	unsettled := map[string]bool{
		"a StatefulSet's Pod in its grace period": true, "h30 a startup probe that may take": true, "nothing usable, but only for a moment": true,
	}
	for name, objects := range map[string]objects{
		"h01 plain":                {service("web", app), pod("a", app)},
		"h02 undeclared port":      {service("web", app), pod("a", app, containerPorts())},
		"h02 another declared":     {service("web", app, ports(port(80, 9090))), pod("a", app, containerPorts(corev1.ContainerPort{ContainerPort: 8080}, corev1.ContainerPort{ContainerPort: 8081}))},
		"h02 probed but not said":  {service("web", app, ports(port(9000, 8080))), pod("a", app, containerPorts(corev1.ContainerPort{ContainerPort: 9000}))},
		"h02 metrics beside it":    {service("web", app, ports(port(80, 8080), port(9090, 9090))), pod("a", app)},
		"h02 metrics, not swapped": {service("web", app, ports(port(80, "http"), port(8080, 9000))), pod("a", app)},
		"h03 one name, two numbers": {
			service("web", app, ports(port(80, "http"))), pod("a", app), pod("b", app, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 9090})),
		},
		"h04 native sidecar":     {service("web", app, ports(port(80, "http"))), sidecar},
		"h05 headless":           {service("web", app, headless, ports(port(8080, 8080))), pod("a", app, ownedBy("StatefulSet", "web"))},
		"h06 headless, no ports": {service("web", app, headless, ports()), pod("a", app)},
		"h07 published before it is ready": {
			service("web", app, headless, func(svc *corev1.Service) { svc.Spec.PublishNotReadyAddresses = true }, ports(port(8080, 8080))), pod("a", app, notReady),
		},
		"h08 targetPort means nothing without a selector": {service("web", nil, ports(port(80, 9999))), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")},
		"h10 a foreign slice beside the selector":         {service("web", app), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")},
		"a Pod that somebody lists once more":             listedTwice(app),
		"h11 a selector on an ExternalName":               {service("web", app, externalName("db.example.com"))},
		"h12 a trailing dot":                              {service("web", nil, externalName("db.example.com."))},
		"h49 an ExternalName into the mesh":               {service("web", nil, externalName("gateway.istio-system.svc.cluster.local")), func() metav1.Object { s := service("gateway", nil); s.Namespace = "istio-system"; return s }()},
		"h14 one leader of three":                         {service("web", app), leader("a", true), leader("b", false), leader("c", false)},
		"h15 Pods of a Job that ended": {
			service("web", app, ports(port(80, "http"))), pod("a", app), pod("job-x", app, ownedBy("Job", "job"), ended(corev1.PodSucceeded)),
		},
		"h15 nothing but a Job that ended":        {service("web", app), pod("job-x", app, ownedBy("Job", "job"), ended(corev1.PodSucceeded))},
		"h16 two Services":                        {service("web", app), service("web-too", app), pod("a", app)},
		"h17 a canary":                            {service("web", app), pod("a", app, ofDeploy("web")), pod("b", app, ofDeploy("web-canary"))},
		"h18 terminating, still serving":          {service("web", app), pod("a", app, terminating)},
		"a StatefulSet's Pod in its grace period": {service("web", app), statefulSet("db", 1, app), pod("db-0", app, notReady, ownedBy("StatefulSet", "db"), goingSince(25*time.Second))},
		"h21 dual stack":                          dualStack(app),
		"h23 a young load balancer":               {young, pod("a", app)},
		"h24 an old Service just switched":        {oldButSwitched, pod("a", app)},
		"h25 a hostname is an address": {service("web", app, loadBalancer, func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{Hostname: "lb.example.com"}}
		}), pod("a", app)},
		"h26 no node ports": {service("web", app, loadBalancer, func(svc *corev1.Service) {
			svc.Spec.AllocateLoadBalancerNodePorts = new(false)
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.9"}}
		}), pod("a", app)},
		"an event of the Service before":        {recreated, pod("a", app), event(before, "Service", "Warning", "SyncLoadBalancerFailed", "quota exceeded", time.Hour)},
		"a rollout of no Pods":                  {service("web", app, ports(port(80, "http"))), pod("a", app), leader("b", false), deployment("web-new", 0, app, rollingOut)},
		"h29 a rollout, one of three ready":     {service("web", app), leader("a", true), leader("b", false), leader("c", false), deployment("web", 3, app, rollingOut)},
		"h30 a startup probe that may take":     {service("web", app), pod("a", app, ofDeploy("web"), starting)},
		"h34 UDP":                               {service("web", app, ports(corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromString("dns")})), pod("a", app, containerPorts(corev1.ContainerPort{Name: "dns", ContainerPort: 5353, Protocol: corev1.ProtocolUDP}))},
		"h43 a preview":                         {service("web", labels{"app": "web", "rollouts-pod-template-hash": "abc"}), replicaSet("web-abc", 0, labels{"app": "web", "rollouts-pod-template-hash": "abc"})},
		"h44 scaled to zero by KEDA":            {service("web", app), keda},
		"h46 conditions that are not set":       {service("web", app), nilConditions},
		"h50 failed Pods beside a running one":  {service("web", app), pod("a", app), pod("b", app, ended(corev1.PodFailed))},
		"a lock that an operator keeps":         {service("web", nil, headless, ports())},
		"slices left over on an ExternalName":   {service("web", app, externalName("db.example.com")), byHand("m", "web", new(""), new(int32(8080)), "10.4.0.1")},
		"a Pod that restarted long ago":         {service("web", app), pod("a", app, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 40 })},
		"one of two Pods cannot be pulled":      {service("web", app), pod("a", app), pod("b", app, waiting("ImagePullBackOff", ""))},
		"the leader has just changed":           {service("web", app), lostReady("a", app), gainedReady("b", app)},
		"nothing usable, but only for a moment": justEmptied(app),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, "web", objects...)
			want := OK
			if unsettled[name] {
				want = Partial
			}
			if report.Verdict != want || report.Settling != unsettled[name] {
				t.Errorf("a false alarm: %s", told(report))
			}
			for _, hop := range report.Route {
				if hop.Broken && report.Usable > 0 {
					t.Errorf("broken hop %q on a healthy route", hop.Text)
				}
			}
		})
	}
}

func starting(p *corev1.Pod) {
	notReady(p)
	p.CreationTimestamp = ago(20 * time.Second)
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 20*time.Second)
	p.Spec.Containers[0].StartupProbe = p.Spec.Containers[0].ReadinessProbe
	p.Spec.Containers[0].StartupProbe.FailureThreshold = 30
	p.Status.ContainerStatuses[0].Started = new(false)
	p.Status.ContainerStatuses[0].State.Running.StartedAt = ago(15 * time.Second)
}

func lostReady(name string, app labels) *corev1.Pod {
	p := pod(name, app, ofDeploy("web"), notReady)
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 3*time.Minute)
	return p
}

// goingSince is a Pod that was deleted with the usual grace period; its timestamp is the end of that.
func goingSince(since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		end := ago(since - 30*time.Second)
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &end, new(int64(30))
	}
}

func gainedReady(name string, app labels) *corev1.Pod {
	p := pod(name, app, ofDeploy("web"))
	setCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "", 3*time.Minute)
	return p
}

func dualStack(app labels) objects {
	svc := service("web", app, func(svc *corev1.Service) {
		svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	})
	p := pod("a", app)
	p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: "fd00::5"})
	v4 := slicesFor(svc, p)[0]
	v6 := v4.DeepCopy()
	v6.Name, v6.AddressType, v6.Endpoints[0].Addresses = "web-v6", discoveryv1.AddressTypeIPv6, []string{"fd00::5"}
	return objects{svc, p, v4, v6}
}

// listedTwice has a slice by hand with the address of a Pod that the controller lists too.
func listedTwice(app labels) objects {
	svc, p := service("web", app, ports(port(80, "http"))), pod("a", app)
	return objects{svc, p, slicesFor(svc, p)[0], byHand("m", "web", new(""), new(int32(8080)), p.Status.PodIP)}
}

func justEmptied(app labels) objects {
	svc := service("web", app)
	slice := slicesFor(svc)[0]
	slice.ManagedFields = managedBySlices(`{"f:endpoints":{}}`, 4*time.Second)
	return objects{svc, slice}
}

func statefulSet(name string, replicas int32, template labels) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{ObjectMeta: meta(name, nil), Spec: appsv1.StatefulSetSpec{
		Replicas: &replicas, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template}},
	}}
}

func replicaSet(name string, replicas int32, template labels) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{ObjectMeta: meta(name, template), Spec: appsv1.ReplicaSetSpec{
		Replicas: &replicas, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template}},
	}}
}

func TestSettlingIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	in := input(cluster(justEmptied(labels{"app": "web"})...))
	report := Judge(in, model.Key{Namespace: "shop", Name: "web"})
	lead := report.Leading()
	if lead == nil || !lead.Settling || !report.Again.Equal(now.Add(6*time.Second)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	if later := Judge(in, report.Key); later.Verdict != Fail || !later.Again.IsZero() {
		t.Errorf("after it has settled: %s", told(later))
	}
}

func TestPodsThatWereReadyAreMissed(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	report := judge(t, "web", service("web", app), pod("a", app), lostReady("b", app), lostReady("c", app))
	if report.Verdict != Warn || report.Leading().ID != "POD-06" {
		t.Errorf("two of three lost readiness three minutes ago: %s", told(report))
	}
}

// TestALeaderThatIsMissedLater has a Pod that lost readiness, and one that gained it so long ago that it soon counts no more.
func TestALeaderThatIsMissedLater(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	gained := gainedReady("b", app)
	setCondition(gained, corev1.PodReady, corev1.ConditionTrue, "", "", 9*time.Minute)
	in := input(cluster(service("web", app), lostReady("a", app), gained))
	report := Judge(in, web)
	if report.Verdict != OK || !report.Again.Equal(now.Add(time.Minute)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	report = Judge(in, web)
	if report.Verdict != Warn || !report.Again.Equal(now.Add(7*time.Minute)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	if report = Judge(in, web); report.Verdict != OK || !report.Again.IsZero() {
		t.Errorf("after ten minutes: again %v: %s", report.Again, told(report))
	}
}

func TestNeverHadAnEndpointIsNotRed(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"k8s-app": "kube-scheduler"})
	never := slicesFor(svc)[0]
	never.ManagedFields = managedBySlices(`{"f:addressType":{}}`, time.Hour)
	if report := judge(t, "web", svc, never); report.Verdict != Warn || report.Leading().ID != "SEL-04" {
		t.Errorf("never had one: %s", told(report))
	}
	if report := judge(t, "web", svc); report.Verdict != Fail {
		t.Errorf("had one once: %s", told(report))
	}
}

func TestWhatCannotBeReadIsNeitherHealthNorFault(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	key := model.Key{Namespace: "shop", Name: "web"}
	withGap := func(kind model.Kind, state model.CoverageState, objects ...metav1.Object) *Report {
		builder := cluster(objects...).Cover(model.Need{Kind: kind}, model.Coverage{State: state, Verb: "list"})
		return Judge(input(builder), key)
	}
	healthy := objects{service("web", app), pod("a", app)}
	dead := objects{service("web", app), slicesFor(service("web", app))[0]}
	for _, test := range []struct {
		name    string
		report  *Report
		verdict Verdict
		need    string
	}{
		{"slices forbidden", withGap(model.EndpointSlices, model.Forbidden, healthy...), Unknown, "list endpointslices"},
		{"slices stale", withGap(model.EndpointSlices, model.Stale, healthy...), Unknown, "list endpointslices"},
		{"Pods forbidden, endpoints fine", withGap(model.Pods, model.Forbidden, healthy...), OK, "list pods"},
		{"Pods not asked, endpoints fine", withGap(model.Pods, model.NotAsked, healthy...), Partial, "list pods"},
		{"Pods forbidden, nothing usable", withGap(model.Pods, model.Forbidden, dead...), Unknown, "list pods"},
		{"Pods syncing, nothing usable", withGap(model.Pods, model.Syncing, dead...), Unknown, "list pods"},
		{"workloads forbidden, nothing usable", withGap(model.Deployments, model.Forbidden, dead...), Fail, "list deployments"},
		{"ReplicaSets forbidden, a hash that nothing matches", withGap(model.ReplicaSets, model.Forbidden, service("web", labels{"app": "web", "pod-template-hash": "abc"}), pod("a", app)), Unknown, "list replicasets"},
		{"workloads syncing, nothing usable", withGap(model.Deployments, model.Syncing, dead...), Unknown, "list deployments"},
	} {
		if test.report.Verdict != test.verdict {
			t.Errorf("%s: want %s, got %s", test.name, test.verdict, told(test.report))
		}
		found := false
		for _, unchecked := range test.report.Unchecked {
			found = found || unchecked.Need == test.need
		}
		if !found {
			t.Errorf("%s: nobody says %q: %s", test.name, test.need, told(test.report))
		}
	}
}

func TestMissingService(t *testing.T) {
	t.Parallel()
	elsewhere := service("checkout", labels{"app": "checkout"})
	elsewhere.Namespace = "payments"
	in := input(cluster(service("chekout", labels{"app": "checkout"}), elsewhere))
	report := JudgeMissing(in, model.Key{Namespace: "shop", Name: "checkout"})
	if report.Verdict != Fail || !report.Missing || report.Leading().ID != "SVC-01" || !strings.Contains(report.Leading().Cause.Text, "chekout") {
		t.Errorf("%s", told(report))
	}
	report = JudgeMissing(in, model.Key{Namespace: "other", Name: "checkout"})
	if !strings.Contains(report.Leading().Cause.Text, "payments") {
		t.Errorf("%+v", report.Leading().Cause)
	}
	// The very name elsewhere is told before a name that is only near, also where only the caller knows of it.
	nearby := input(cluster(service("chekout", labels{"app": "checkout"})))
	nearby.Elsewhere = []model.Key{{Namespace: "pay", Name: "other"}, {Namespace: "pay", Name: "checkout"}, {Namespace: "shop", Name: "checkout"}}
	for name, in := range map[string]Input{"payments": in, "pay": nearby} {
		lead := JudgeMissing(in, model.Key{Namespace: "shop", Name: "checkout"}).Leading()
		if want := "a Service of that name is in namespace " + name + "; or the name is near to chekout"; lead.Cause.Text != want {
			t.Errorf("got %q, want %q", lead.Cause.Text, want)
		}
		if !strings.HasPrefix(lead.Fix.Note, "look there, with -n "+name+";") || !strings.Contains(lead.Short, "in "+name) {
			t.Errorf("%+v %s", lead.Fix, lead.Short)
		}
	}
	denied := cluster().Cover(model.Need{Kind: model.Services}, model.Coverage{State: model.Forbidden, Verb: "list"})
	report = JudgeMissing(input(denied), model.Key{Namespace: "shop", Name: "checkout"})
	if report.Verdict != Unknown || len(report.Findings) != 0 || report.Unchecked[0].Need != "list services" {
		t.Errorf("forbidden is not absent: %s", told(report))
	}
}

func TestNeedsGrowWithTrouble(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	key := model.Key{Namespace: "shop", Name: "web"}
	kinds := func(needs []model.Need) string {
		var names []string
		for _, need := range needs {
			names = append(names, string(need.Kind))
		}
		return strings.Join(names, " ")
	}
	healthy := input(cluster(service("web", app), pod("a", app))).Snapshot
	if got := kinds(Needs(key, healthy)); got != "pods" {
		t.Errorf("a healthy Service wants %s", got)
	}
	broken := input(cluster(service("web", app), pod("a", app, notReady))).Snapshot
	if got := kinds(Needs(key, broken)); got != "pods events deployments nodes" {
		t.Errorf("Pods that are not Ready want %s", got)
	}
	empty := input(cluster(service("web", app))).Snapshot
	if got := kinds(Needs(key, empty)); got != "pods events deployments replicasets statefulsets daemonsets" {
		t.Errorf("an empty Service wants %s", got)
	}
	external := input(cluster(service("web", nil, externalName("db.example.com")))).Snapshot
	if got := kinds(Needs(key, external)); got != "" {
		t.Errorf("an ExternalName wants %s", got)
	}
	for _, need := range Needs(key, broken) {
		if need.Kind == model.Nodes && need.Namespace != model.AllNamespaces || need.Kind == model.Pods && need.Namespace != "shop" {
			t.Errorf("wrong namespace: %+v", need)
		}
	}
}
