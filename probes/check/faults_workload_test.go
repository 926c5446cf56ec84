package check

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// workloadFaults are the faults of workloads that bring no Pods, or Pods that are gone.
func workloadFaults() map[string]fault {
	app := labels{"app": "checkout"}
	refusedSet := &appsv1.StatefulSet{ObjectMeta: meta("db", nil), Spec: appsv1.StatefulSetSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}}}}
	return map[string]fault{
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
			verdict: Fail, lead: "WL-02", short: "quota exceeded: no Pods created", severity: Critical, confidence: Proven,
			fix: "kubectl --context prod -n shop describe quota q",
		},
		"every Pod failed": {
			objects: objects{service("checkout", app), pod("a", app, ended(corev1.PodFailed))},
			verdict: Fail, lead: "POD-11", short: "no running Pod: 1 ended", severity: Critical, confidence: Proven,
		},
		"a DaemonSet that is wanted nowhere": {
			objects: objects{service("checkout", app), &appsv1.DaemonSet{ObjectMeta: meta("agent", nil), Spec: appsv1.DaemonSetSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}}}}},
			verdict: Fail, lead: "WL-01", short: "no node for ds/agent", severity: Major, confidence: Proven,
		},
		"a StatefulSet whose Pods are refused": {
			objects: objects{service("checkout", app), refusedSet, event(refusedSet, "StatefulSet", "Warning", "FailedCreate", `create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: violates PodSecurity "restricted:latest"`, time.Minute)},
			verdict: Fail, lead: "WL-02", short: "PodSecurity: no Pods created", severity: Critical, confidence: Proven,
		},
		"a StatefulSet's Pod that does not go": {
			objects: objects{service("checkout", app), statefulSet("db", 1, app), pod("db-0", app, notReady, ownedBy("StatefulSet", "db"), goingSince(5*time.Minute))},
			verdict: Fail, lead: "POD-09", short: "only terminating Pods: 1", severity: Critical, confidence: Proven, noCommand: true,
		},
		"only terminating Pods that serve no more": {
			objects: objects{service("checkout", app), pod("a", app, notReady, terminating)},
			verdict: Fail, lead: "POD-09", short: "only terminating Pods: 1", severity: Critical, confidence: Proven,
		},
	}
}
