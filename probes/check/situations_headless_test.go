package check

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestHeadlessServices(t *testing.T) {
	t.Parallel()
	app := labels{"app": "db"}
	peers := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("db", app, append([]func(*corev1.Service){headless, ports(port(5432, 5432))}, change...)...)
	}
	set := func(serviceName string, replicas, ready int32, template labels) *appsv1.StatefulSet {
		made := statefulSet("db", replicas, template)
		made.Spec.ServiceName, made.Spec.Selector, made.Status.ReadyReplicas = serviceName, &metav1.LabelSelector{MatchLabels: template}, ready
		return made
	}
	byExpression := set("db", 1, 1, labels{"app": "other"})
	byExpression.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpExists}}}
	of := func(change ...func(*corev1.Pod)) *corev1.Pod {
		return pod("db-0", app, append([]func(*corev1.Pod){ownedBy("StatefulSet", "db")}, change...)...)
	}
	unborn := func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} }
	justCame := createdAgo(90 * time.Second)
	plain := service("web", app)
	testSituations(t, "headless", map[string]situation{
		"Pods that are not Ready":                                {objects: objects{peers(), of(notReady), set("db", 1, 0, app)}, want: "POD-06 critical proven, HL-03 minor possible"},
		"Pods that are not Ready, published all the same":        {objects: objects{peers(publishNotReady), of(notReady, func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil }), set("db", 1, 0, app)}, want: "POD-06 critical proven"},
		"Pods that are Ready, and lack the port":                 {objects: objects{peers(ports(port(5432, "pg"))), of(), set("db", 1, 1, app)}, want: "PORT-01 minor proven"},
		"Pods that are Ready, and nobody lists them":             {objects: append(objects{peers(), of(), set("db", 1, 1, app)}, slicesFor(peers())[0]), want: "EPS-07 critical proven"},
		"without a selector, and a set names it":                 {objects: objects{service("db", nil, headless), set("db", 1, 1, app), of()}, want: "SVC-06 major likely"},
		"a set that names it is selected by expressions":         {objects: objects{peers(), byExpression}, want: "SEL-04 critical proven, HL-04 minor likely"},
		"a set that names it has other Pods, and none is wanted": {objects: objects{peers(), set("db", 0, 0, labels{"app": "other"}), pod("a", app)}, want: "HL-04 minor likely"},
		"a set that names it has other Pods, and none is Ready":  {objects: objects{peers(), set("db", 1, 0, labels{"app": "other"}), pod("a", app)}, want: "HL-04 major likely"},
		"a set names one that is not there":                      {objects: objects{plain, of(), set("gone", 1, 1, app)}, want: "HL-04 minor likely"},
		"a set names one that is not there, none is Ready":       {objects: objects{plain, of(notReady), set("gone", 1, 0, app)}, want: "POD-06 critical proven, HL-04 major likely"},
		"a set names one that is not there, its Pod just came":   {objects: objects{plain, of(notReady, justCame, func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionFalse, "", "", 80*time.Second) }), set("gone", 1, 0, app)}, want: "POD-06 critical proven, HL-04 minor likely"},
		"a set names one that is not there, its Pod is unborn":   {objects: objects{plain, of(unborn, justCame), set("gone", 1, 0, app)}, want: "POD-06 minor likely, HL-04 minor likely"},
		"a DaemonSet of the name of such a set":                  {objects: objects{plain, pod("db-x", app, ownedBy("DaemonSet", "db")), set("gone", 1, 1, app)}, want: ""},
		"a port by name":                                         {objects: objects{peers(ports(port(5432, "http"))), of(), set("db", 1, 1, app)}, want: ""},
		"a port of another number":                               {objects: objects{peers(ports(port(80, 5432))), of(containerPorts(declared("pg", 5432, "TCP"))), set("db", 1, 1, app)}, want: "HL-01 minor possible"},
	})
}
