package check

import (
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestWhatCiliumWritesForItsGateways holds that the endpoint which Cilium puts behind its Ingresses and Gateways is no fault: its port has
// no name, and those of the Service have.
func TestWhatCiliumWritesForItsGateways(t *testing.T) {
	t.Parallel()
	http, https := port(80, 80), port(443, 443)
	http.Name, https.Name = "http", "https"
	placed := service("entry", nil, ports(http, https))
	report := judge(t, "entry", placed, byHand("entry-1", "entry", new(""), new(int32(9999)), "192.192.192.192"))
	if report.Verdict != OK || report.Steps[StepEndpoints].Mark == MarkFail {
		t.Errorf("%s", told(report))
	}
	if report = judge(t, "entry", placed, byHand("entry-1", "entry", new(""), new(int32(9999)), "192.192.192.193")); report.Verdict != Fail {
		t.Errorf("another address: %s", told(report))
	}
}

// TestActionsOfIngressesAreNoServices holds that the AWS Load Balancer Controller's actions, whose names stand where a Service's does, are
// not missed.
func TestActionsOfIngressesAreNoServices(t *testing.T) {
	t.Parallel()
	ingress := sends("web", "ssl-redirect", "/")
	ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port = networkingv1.ServiceBackendPort{Name: "use-annotation"}
	if Missed(input(cluster(ingress)).Snapshot, model.Key{Namespace: "shop", Name: "ssl-redirect"}) {
		t.Error("an action is missed")
	}
}

// TestStatefulSetsThatDoWithoutTheirService holds that the Service which a StatefulSet names is not missed while all its Pods are Ready.
func TestStatefulSetsThatDoWithoutTheirService(t *testing.T) {
	t.Parallel()
	for ready, want := range map[int32]bool{0: true, 1: true, 2: false} {
		set := setNaming("controller", "controller")
		set.Spec.Replicas, set.Status.ReadyReplicas = new(int32(2)), ready
		if got := Missed(input(cluster(set)).Snapshot, model.Key{Namespace: "shop", Name: "controller"}); got != want {
			t.Errorf("%d of 2 Ready: missed %v", ready, got)
		}
	}
}

// TestTheCanaryServiceOfFlagger holds that the Deployment which Flagger keeps at 0 between two versions is at rest.
func TestTheCanaryServiceOfFlagger(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	for name, want := range map[string]Verdict{"web-canary": OK, "web-primary": Fail} {
		svc := service(name, app)
		svc.OwnerReferences = []metav1.OwnerReference{{APIVersion: "flagger.app/v1beta1", Kind: "Canary", Name: "web", Controller: new(true)}}
		if report := judge(t, name, svc, deployment("web", 0, app)); report.Verdict != want {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestTheReplicaServiceOfASinglePod holds that a Service which an operator makes for the replicas of a store is no fault that is proven
// where there is but one Pod and never was a second.
func TestTheReplicaServiceOfASinglePod(t *testing.T) {
	t.Parallel()
	primary := pod("db-0", labels{"app": "db", "role": "primary"})
	for name, test := range map[string]struct {
		fields string
		want   Verdict
	}{
		"never had one": {`{"f:addressType":{}}`, Warn},
		"had one":       {`{"f:endpoints":{}}`, Fail},
	} {
		svc := service("db-replica", labels{"app": "db", "role": "replica"})
		slices := slicesFor(svc)
		slices[0].ManagedFields = managedBySlices(test.fields, time.Hour)
		if report := judge(t, "db-replica", svc, slices[0], primary); report.Verdict != test.want || report.Leading().ID != "SEL-02" {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestAWebhookThatIsStarting holds that nothing is red of a webhook while its Pods may still be starting.
func TestAWebhookThatIsStarting(t *testing.T) {
	t.Parallel()
	app := labels{"app": "hook"}
	for age, want := range map[time.Duration]Verdict{20 * time.Second: Partial, time.Hour: Fail} {
		svc := service("hook", app, ports(port(443, 8080)))
		starting := pod("hook-1", app, notReady)
		starting.CreationTimestamp = ago(age)
		starting.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago(age)}}
		setCondition(starting, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", age)
		config := hook("v", "hook", admissionv1.Fail, 1)
		config.Webhooks[0].Rules[0].Operations = []admissionv1.OperationType{admissionv1.Create}
		config.Webhooks[0].Rules[0].Resources = []string{"pods"}
		if report := judge(t, "hook", svc, starting, config); report.Verdict != want || !says(report, "API-01") {
			t.Errorf("%s: %s", age, told(report))
		}
	}
}

// TestAGatewayThatWaitsForItsAddress holds that a Gateway may take some minutes for its address and its certificate.
func TestAGatewayThatWaitsForItsAddress(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"AddressNotAssigned", "InvalidCertificateRef", "Pending"} {
		if got := patienceWith(&metav1.Condition{Reason: reason}); got != loadBalancerPatience {
			t.Errorf("%s: %s", reason, got)
		}
	}
}

// TestAStatefulSetThatStartsAnew holds that none of its Pods being Ready for a moment is no sign that they lack their names.
func TestAStatefulSetThatStartsAnew(t *testing.T) {
	t.Parallel()
	app := labels{"app": "wiki"}
	for age, want := range map[time.Duration]Severity{time.Minute: Minor, time.Hour: Major} {
		set := setNaming("wiki", "wiki")
		set.Spec.Template.Labels, set.Spec.Replicas = app, new(int32(1))
		set.ObjectMeta = meta("wiki", nil)
		starting := pod("wiki-0", app, notReady, ownedBy("StatefulSet", "wiki"))
		setCondition(starting, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", age)
		report := judge(t, "pages", service("pages", app), starting, set)
		for _, finding := range report.Findings {
			if finding.ID == "HL-04" && finding.Severity != want {
				t.Errorf("%s: %s", age, told(report))
			}
		}
		if !says(report, "HL-04") {
			t.Errorf("%s: %s", age, told(report))
		}
	}
}

// TestListenersOfOtherProtocols holds that a listener which takes no routes of the kind is none of theirs, unless they name it.
func TestListenersOfOtherProtocols(t *testing.T) {
	t.Parallel()
	broken := gateway(func(g *model.Gateway) {
		g.Listeners = append(g.Listeners, model.Listener{Name: "db", Protocol: "TCP", Port: 5432, Conditions: []metav1.Condition{
			condition("Programmed", "False", "Invalid", "x", 3),
		}})
	})
	for kind, want := range map[string]int{"HTTPRoute": 0, "TCPRoute": 1} {
		s := newSubject(input(cluster()), service("web", labels{"app": "web"}))
		backend := routeBackend{route: &model.Route{ObjectMeta: meta("web", nil), Kind: kind}}
		if got := s.listenerFindings(&backend, &model.GatewayRef{}, broken); len(got) != want {
			t.Errorf("%s: %d findings", kind, len(got))
		}
	}
}

// TestAnAddressBehindAnIngress holds that an ExternalName with an address is not proven to be broken where an Ingress sends to it.
func TestAnAddressBehindAnIngress(t *testing.T) {
	t.Parallel()
	report := judge(t, "nas", service("nas", nil, externalName("192.168.1.5")), sends("nas", "nas", "/"))
	if report.Verdict != Warn || report.Leading().ID != "EN-01" {
		t.Error(told(report))
	}
}

// TestAHeadlessServiceOfTwoFamilies holds that a family without addresses hurts nobody who asks DNS.
func TestAHeadlessServiceOfTwoFamilies(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	both := service("web", app, headless, ports(port(8080, 8080)), func(s *corev1.Service) {
		s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	})
	report := judge(t, "web", both, pod("a", app))
	if report.Verdict != OK || !says(report, "PORT-15") {
		t.Error(told(report))
	}
}

// TestWhyOpenShiftRefusesPods holds that a message which only mentions ServiceAccounts is not taken for one that is missing.
func TestWhyOpenShiftRefusesPods(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		`pods "web-" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount]`: "OpenShift SCC",
		`pods "web-" is forbidden: error looking up service account shop/web: serviceaccount "web" not found`:                                                        "no ServiceAccount",
		`pods "web-" is forbidden: User "system:serviceaccount:kube-system:x" cannot create`:                                                                         "FailedCreate",
	} {
		if got := creationClass(message).short; got != want {
			t.Errorf("%s: %s, want %s", message, got, want)
		}
	}
}

// TestPortsOnNodesOfTheirOwn holds that endpoints which are on nodes are not said to be on none, where each port is on another node.
func TestPortsOnNodesOfTheirOwn(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	local := service("web", app, internallyLocal)
	local.Spec.Ports = []corev1.ServicePort{port(80, "http"), port(81, "admin")}
	local.Spec.Ports[0].Name, local.Spec.Ports[1].Name = "http", "admin"
	admin := pod("b", app, onNode("node-2"), containerPorts(corev1.ContainerPort{Name: "admin", ContainerPort: 8081}))
	report := judge(t, "web", append(twoNodes(), local, pod("a", app), admin)...)
	if finding := findingOf(report, "TP-02"); finding == nil || finding.Severity != Major {
		t.Error(told(report))
	}
}

// TestALabelThatNoTemplateHas holds that a rollout drops no label which the Pods have from a leader election or a webhook.
func TestALabelThatNoTemplateHas(t *testing.T) {
	t.Parallel()
	app, selector := labels{"app": "web"}, labels{"app": "web", "role": "leader"}
	leader := pod("a", labels{"app": "web", "role": "leader"}, ofDeploy("web"))
	for name, test := range map[string]struct {
		template labels
		want     bool
	}{"by somebody": {app, false}, "by the template": {selector, true}} {
		set := replicaSet("web-7d9f6b", 1, test.template)
		set.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "web", Controller: new(true)}}
		report := judge(t, "web", service("web", selector), leader, set, deployment("web", 1, app, rollingOut))
		record(t, name, report)
		if says(report, "SEL-02") != test.want {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestDenyingEverythingBesideCilium holds that a NetworkPolicy without rules is no warning where CiliumNetworkPolicies may admit.
func TestDenyingEverythingBesideCilium(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	deny := &networkingv1.NetworkPolicy{ObjectMeta: meta("deny", nil), Spec: networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}}}
	for name, test := range map[string]struct {
		node *corev1.Node
		want Verdict
	}{"Cilium": {node("node-1", ciliumIsUp), OK}, "another": {node("node-1"), Warn}} {
		if report := judge(t, "web", service("web", app), pod("a", app), deny, test.node); report.Verdict != test.want || !says(report, "NP-01") {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

func ciliumIsUp(n *corev1.Node) {
	n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse, Reason: "CiliumIsUp"})
}
