package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestAFinalizerIsToldByWhatItStandsFor holds that nobody is told to take a load balancer's finalizer off.
func TestAFinalizerIsToldByWhatItStandsFor(t *testing.T) {
	t.Parallel()
	for finalizer, want := range map[string]string{
		"": "nothing keeps it",
		"service.kubernetes.io/load-balancer-cleanup": "leaves the load balancer behind",
		"gke.networking.io/l4-netlb-v2":               "leaves the load balancer behind",
		"service.k8s.aws/resources":                   "leaves the load balancer behind",
		"foregroundDeletion":                          "garbage collector",
		"example.com/hold":                            "find the controller that put the finalizer example.com/hold there",
	} {
		svc := service("web", labels{"app": "web"}, func(svc *corev1.Service) {
			at := ago(time.Hour)
			svc.DeletionTimestamp = &at
			if finalizer != "" {
				svc.Finalizers = []string{finalizer}
			}
		})
		finding := findingOf(judge(t, "web", svc, pod("a", labels{"app": "web"})), "SVC-03")
		if finding == nil || !strings.Contains(finding.Fix.Note, want) {
			t.Errorf("%s: %+v", finalizer, finding)
		}
	}
}

func TestANamespaceThatGoesMakesNoSlice(t *testing.T) {
	t.Parallel()
	unsliced := objects{service("web", labels{"app": "web"}), inPay(byHand("other", "web", nil, nil))}
	if report := judge(t, "web", append(unsliced, terminatingShop(time.Hour))...); !has(report, "SVC-04") {
		t.Errorf("no slice, and the namespace goes: %s", told(report))
	}
	if report := judge(t, "web", unsliced...); has(report, "SVC-04") {
		t.Errorf("the namespace stays: %s", told(report))
	}
	active := terminatingShop(time.Hour)
	active.Status.Phase = corev1.NamespaceActive
	if report := judge(t, "web", append(unsliced, active)...); has(report, "SVC-04") {
		t.Errorf("the namespace is active: %s", told(report))
	}
	denied := cluster(unsliced...).Cover(model.Need{Kind: model.Namespaces}, model.Coverage{State: model.Forbidden})
	report := Judge(input(denied), web)
	if !slices.ContainsFunc(report.Unchecked, func(u Unchecked) bool { return slices.Equal(u.Check, []string{"SVC-04"}) }) {
		t.Errorf("namespaces cannot be read: %s", told(report))
	}
	finding := findingOf(judge(t, "web", append(unsliced, terminatingShop(time.Hour))...), "SVC-04")
	if len(finding.Evidence) != 2 || !strings.Contains(finding.Evidence[1].Value, "finalizers remaining") {
		t.Errorf("%+v", finding.Evidence)
	}
}

func TestANamespaceThatGoesComesFirst(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	going := func(svc *corev1.Service) {
		at := ago(time.Hour)
		svc.DeletionTimestamp, svc.Finalizers = &at, []string{"example.com/hold"}
	}
	held := service("web", app, going)
	unsliced := inPay(byHand("other", "web", nil, nil))
	for name, test := range map[string]struct {
		objects  objects
		want     string
		severity Severity
	}{
		"its Pods and slices are gone":        {objects{held, unsliced, terminatingShop(time.Hour)}, "SVC-04", Critical},
		"its Pods are gone":                   {objects{held, slicesFor(held)[0], terminatingShop(time.Hour)}, "SVC-04", Critical},
		"they are gone, within the minute":    {objects{held, unsliced, terminatingShop(30 * time.Second)}, "SVC-04", Critical},
		"its Pods serve":                      {objects{held, pod("a", app), terminatingShop(time.Hour)}, "SVC-04", Major},
		"the namespace stays, Pods are gone":  {objects{held, unsliced}, "SEL-04", Critical},
		"the namespace stays, its Pods serve": {objects{held, pod("a", app)}, "SVC-03", Major},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if lead := report.Leading(); lead == nil || lead.ID != test.want || lead.Severity != test.severity || !has(report, "SVC-03") {
			t.Errorf("%s: %s", name, told(report))
		}
	}
	// An ExternalName has no endpoints to lose.
	name := service("web", nil, going, func(svc *corev1.Service) {
		svc.Spec.Type, svc.Spec.ExternalName, svc.Spec.ClusterIP = corev1.ServiceTypeExternalName, "example.com", ""
	})
	if lead := judge(t, "web", name, terminatingShop(time.Hour)).Leading(); lead == nil || lead.ID != "SVC-04" || lead.Severity != Major {
		t.Errorf("%+v", lead)
	}
}

func TestExternalIPs(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app, func(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{"10.0.0.1", "192.0.2.77"} })
	node := nodeNamed("n", func(n *corev1.Node) {
		n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.0.1"}}
	})
	report := judge(t, "web", svc, pod("a", app), node)
	if finding := findingOf(report, "SVC-09"); finding == nil || finding.Confidence != Possible || finding.Evidence[0].Value != "192.0.2.77" || report.Verdict != OK {
		t.Errorf("%s", told(report))
	}
	node.Status.Addresses = append(node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeExternalIP, Address: "192.0.2.77"})
	if report := judge(t, "web", svc, pod("a", app), node); has(report, "SVC-09") {
		t.Errorf("a Node has it: %s", told(report))
	}
	if report := judge(t, "web", svc, pod("a", app)); has(report, "SVC-09") {
		t.Errorf("no Node is known: %s", told(report))
	}
	denied := cluster(svc, pod("a", app)).Cover(model.Need{Kind: model.Nodes}, model.Coverage{State: model.Forbidden})
	if report := Judge(input(denied), web); len(report.Unchecked) != 1 || !slices.Equal(report.Unchecked[0].Check, []string{"SVC-09"}) {
		t.Errorf("Nodes cannot be read: %s", told(report))
	}
}

func TestAllocationByPortAndReason(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app, func(svc *corev1.Service) {
		svc.Spec.Type, svc.Spec.Ports[0].NodePort = corev1.ServiceTypeNodePort, 30080
	})
	for name, test := range map[string]struct {
		reason, message, eventType string
		severity                   Severity
		said                       bool
	}{
		"a port of two":        {"PortAlreadyAllocated", "Port 30080 was assigned to multiple services; please recreate service", "Warning", Major, true},
		"a port out of range":  {"PortOutOfRange", "Port 30080 is not within the port range 31000-32767; please recreate service", "Warning", Minor, true},
		"another port":         {"PortAlreadyAllocated", "Port 30081 was assigned to multiple services; please recreate service", "Warning", 0, false},
		"a family that is off": {"ClusterIPNotValid", "Cluster IP 10.96.0.10(IPv4) is of ip family that is no longer configured on cluster; please recreate service", "Warning", Major, true},
		"being repaired":       {"PortNotAllocated", "Port 30080 is not allocated; repairing", "Warning", 0, false},
		"not a warning":        {"PortAlreadyAllocated", "Port 30080 was assigned to multiple services", "Normal", 0, false},
	} {
		report := judge(t, "web", svc, pod("a", app), event(svc, "Service", test.eventType, test.reason, test.message, time.Minute))
		record(t, name, report)
		finding := findingOf(report, "SVC-08")
		if (finding != nil) != test.said || finding != nil && finding.Severity != test.severity {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestAGapNamesTheChecksThatSayLess holds that no gap leaves a program without the names of the checks it is about.
func TestAGapNamesTheChecksThatSayLess(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	for _, kind := range []model.Kind{model.Events, model.EndpointSlices, model.Pods, model.Deployments, model.Nodes} {
		gap := cluster(service("web", app), pod("a", app, notReady)).Cover(model.Need{Kind: kind}, model.Coverage{State: model.Forbidden})
		for _, unchecked := range Judge(input(gap), web).Unchecked {
			if len(unchecked.Check)+len(unchecked.Less) == 0 {
				t.Errorf("without %s: %+v names no check", kind, unchecked)
			}
		}
	}
	stale := cluster(service("web", app), pod("a", app)).Cover(model.Need{Kind: model.Services}, model.Coverage{State: model.Stale, Since: now.Add(-time.Minute)})
	if report := Judge(input(stale), web); report.Verdict != Unknown || len(report.Unchecked) != 1 || len(report.Unchecked[0].Less) != len(idsOf(allRules)) {
		t.Errorf("nothing is known of the Service any more: %s", told(report))
	}
	// A Service that only wants to know its data plane is none the worse without Nodes.
	gap := cluster(service("web", app, handedTo("other")), pod("a", app)).Cover(model.Need{Kind: model.Nodes}, model.Coverage{State: model.Forbidden})
	if report := Judge(input(gap), web); len(report.Unchecked) != 0 {
		t.Errorf("%s", told(report))
	}
}
