package check

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// podFaults are the faults of Pods that are not Ready.
func podFaults() map[string]fault {
	app := labels{"app": "checkout"}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown"}},
	}}
	failing := pod("checkout-a", app, ofDeploy("checkout"), notReady)
	management := pod("checkout-m", app, ofDeploy("checkout"), notReady, func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port = intstr.FromInt32(8081)
	})
	asks9999 := pod("a", app, ofDeploy("checkout"), notReady, func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port = intstr.FromInt32(9999)
	})
	stuck := pod("checkout-b", app, ofDeploy("checkout"), waiting("ContainerCreating", ""))
	return map[string]fault{
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
			objects: objects{
				service("checkout", app), asks9999,
				event(asks9999, "Pod", "Warning", "Unhealthy", `Readiness probe failed: Get "http://10.4.0.1:9999/healthz": dial tcp 10.4.0.1:9999: connect: connection refused`, time.Minute),
			},
			verdict: Fail, lead: "POD-06", short: "readiness refused on :9999", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch deploy/checkout --type=strategic -p '{"spec":{"template":{"spec":{"containers":[{"name":"app","readinessProbe":{"httpGet":{"port":8080}}}]}}}}'`,
		},
		"a port that nobody declares, and nobody may read why the probe fails": {
			objects: objects{service("checkout", app), asks9999},
			verdict: Fail, lead: "POD-06", short: "readiness fails on /healthz", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop logs a -c app --tail=200",
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
	}
}
