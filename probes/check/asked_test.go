package check

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestWhatIsAskedOfAService holds which rules are a question at all of which kind of Service, and which of these find something to look
// into: what a rule reads is read for no other Service. The golden file has a row for each rule, a column for each Service.
func TestWhatIsAskedOfAService(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	named := ports(port(80, "http"))
	gone := func(svc *corev1.Service) {
		at := ago(0)
		svc.DeletionTimestamp, svc.Finalizers = &at, []string{"example.com/hold"}
	}
	unlistedSlice := slicesFor(service("web", app))[0]
	columns := []struct {
		name    string
		objects objects
		without []model.Kind
		coming  []model.Kind
	}{
		{"a ClusterIP that works", objects{service("web", app), pod("a", app)}, nil, nil},
		{"a port by name that works", objects{service("web", app, named), pod("a", app)}, nil, nil},
		{"a port by name, Pods not Ready", objects{service("web", app, named), pod("a", app, notReady)}, nil, nil},
		{"a port by name, one Pod not Ready", objects{service("web", app, named), pod("a", app), pod("b", app, notReady)}, nil, nil},
		{"a port by name that is missing", objects{service("web", app, ports(port(80, "nope"))), pod("a", app)}, nil, nil},
		{"a port by name and one by number", objects{service("web", app, ports(namedPort("a", 80, "http"), namedPort("b", 81, 8080))), pod("a", app)}, nil, nil},
		{"Pods not Ready", objects{service("web", app), pod("a", app, notReady)}, nil, nil},
		{"Pods not Ready, published all the same", objects{service("web", app, publishNotReady), pod("a", app, notReady)}, nil, nil},
		{"one Pod not Ready", objects{service("web", app), pod("a", app), pod("b", app, notReady)}, nil, nil},
		{"a port by name, no Pods", objects{service("web", app, named)}, nil, nil},
		{"a port by name, one goes and serves, one is not Ready", objects{service("web", app, named), pod("a", app, terminating), pod("b", app, notReady)}, nil, nil},
		{"a rollout that is stuck, and a Pod serves", objects{service("web", app), pod("a", app), pod("b", app, notReady), stuckDeployment()}, nil, nil},
		{"a rollout that is stuck, and none serves", objects{service("web", app), pod("b", app, notReady), stuckDeployment()}, nil, nil},
		{"a rollout that is stuck, and no Pods", objects{service("web", app), stuckDeployment()}, nil, nil},
		{"an ended Pod beside one that is not Ready", objects{service("web", app), pod("a", app, ended(corev1.PodFailed)), pod("b", app, notReady)}, nil, nil},
		{"no slice, and a Pod whose node is gone", objects{service("web", app), pod("a", app, onNode("gone")), node("node-1"), placed(byHand("other", "web", nil, nil), "elsewhere")}, nil, nil},
		{"Pods that go", objects{service("web", app), pod("a", app, terminating)}, nil, nil},
		{"Pods that go, and none serves", objects{service("web", app), pod("a", app, notReady, terminating)}, nil, nil},
		{"Pods that ended", objects{service("web", app), pod("a", app, ended(corev1.PodFailed))}, nil, nil},
		{"a Pod that crashes and is Ready", objects{service("web", app), pod("a", app, crashed(3, run(90e9, 60e9), 30e9))}, nil, nil},
		{"a Pod that no slice lists", objects{service("web", app), pod("a", app), unlistedSlice}, nil, nil},
		{"no slice", objects{service("web", app), pod("a", app), byHand("other", "web-x", nil, nil)}, nil, nil},
		{"no Pods", objects{service("web", app)}, nil, nil},
		{"no Pods, a Deployment at 0", objects{service("web", app), deployment("web", 0, app)}, nil, nil},
		{"no Pods, a Deployment", objects{service("web", app), deployment("web", 1, app)}, nil, nil},
		{"a selector with a hash, no Pods", objects{service("web", labels{"pod-template-hash": "abc"})}, nil, nil},
		{"Pods of two owners", objects{service("web", app), pod("a", app, ofDeploy("a"), image("a")), pod("b", app, ofDeploy("b"), image("b"))}, nil, nil},
		{"a slice by hand beside the selector", objects{service("web", app), pod("a", app), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, nil, nil},
		{"no selector, a slice", objects{service("web", nil), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, nil, nil},
		{"no selector, a slice without ports", objects{service("web", nil), byHand("m", "web", nil, nil, "192.0.2.1")}, nil, nil},
		{"no selector, a slice of the controller", objects{service("web", nil), slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), byController(endpointSliceController))}, nil, nil},
		{"no selector, nothing", objects{service("web", nil)}, nil, nil},
		{"headless", objects{service("web", app, headless), pod("a", app)}, nil, nil},
		{"headless, mapped", objects{service("web", app, headless, ports(port(80, 8080))), pod("a", app)}, nil, nil},
		{"headless, by name, Pods not Ready", objects{service("web", app, headless, named), pod("a", app, notReady)}, nil, nil},
		{"headless, no selector", objects{service("web", nil, headless), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, nil, nil},
		{"headless, no ports", objects{service("web", app, headless, ports()), pod("a", app)}, nil, nil},
		{"ExternalName", objects{service("web", nil, externalName("db.example.com"))}, nil, nil},
		{"ExternalName with all that it cannot have", objects{externalWithEverything(), pod("a", app, notReady), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, nil, nil},
		{"NodePort", objects{service("web", app, nodePort), pod("a", app)}, nil, nil},
		{"NodePort, external policy Local", objects{service("web", app, nodePort, externallyLocal), pod("a", app)}, nil, nil},
		{"internal policy Local", objects{service("web", app, internallyLocal), pod("a", app)}, nil, nil},
		{"internal policy Local, headless", objects{service("web", app, internallyLocal, headless), pod("a", app)}, nil, nil},
		{"LoadBalancer", objects{served("203.0.113.9"), pod("a", app)}, nil, nil},
		{"LoadBalancer, external policy Local", objects{served("203.0.113.9", externallyLocal), pod("a", app)}, nil, nil},
		{"LoadBalancer without an address", objects{service("web", app, loadBalancer), pod("a", app)}, nil, nil},
		{"LoadBalancer without node ports", objects{served("203.0.113.9", withoutNodePorts), pod("a", app)}, nil, nil},
		{"LoadBalancer of a class", objects{served("203.0.113.9", func(svc *corev1.Service) { svc.Spec.LoadBalancerClass = new("example.com/lb") }), pod("a", app)}, nil, nil},
		{"LoadBalancer with a name", objects{served("lb.example.com"), pod("a", app)}, nil, nil},
		{"LoadBalancer of GKE", objects{served("203.0.113.9", annotated("networking.gke.io/load-balancer-type", "Internal")), pod("a", app)}, nil, nil},
		{"external IPs", objects{service("web", app, externalIP("192.0.2.77")), pod("a", app)}, nil, nil},
		{"another proxy", objects{service("web", app, handedTo("other")), pod("a", app)}, nil, nil},
		{"being deleted", objects{service("web", app, gone), pod("a", app)}, nil, nil},
		{"dual stack", dualStack(app), nil, nil},
		{"half of dual stack", objects{service("web", app, twoFamilies), pod("a", app)}, nil, nil},
		{"UDP", objects{service("web", app, ports(udp(53))), pod("a", app)}, nil, nil},
		{"a port that says https", objects{service("web", app, ports(namedPort("https", 443, 8080))), pod("a", app)}, nil, nil},
		{"session affinity", objects{service("web", app, func(svc *corev1.Service) { svc.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }), pod("a", app)}, nil, nil},
		{"the cluster's DNS", objects{placed(service("kube-dns", app), systemNamespace)}, nil, nil},
		{"a StatefulSet names it", objects{service("web", app, headless), pod("web-0", app, ownedBy("StatefulSet", "web")), setNaming("web", "web")}, nil, nil},
		{"behind an Ingress", objects{service("web", app), pod("a", app), ingress("front", "web", 80)}, nil, nil},
		{"behind a route", objects{service("web", app), pod("a", app), httpRoute("front", backends(backendRef(0, 0, "web", 80, 1)))}, nil, nil},
		{"behind a webhook", objects{service("web", app, ports(port(443, 8080))), pod("a", app), hook("v", "web", "Fail", 1)}, nil, nil},
		{"behind an APIService", objects{service("web", app, ports(port(443, 8080))), pod("a", app), servedBy("v1.x", "web")}, nil, nil},
		{"beside a NetworkPolicy", objects{service("web", app), pod("a", app), policy("deny", nil)}, nil, nil},
		{"its Pods in a mesh", objects{service("web", app), pod("a", app, beside("istio-proxy"))}, nil, nil},
		{"slices not to be read", objects{service("web", app), pod("a", app, notReady)}, []model.Kind{model.EndpointSlices}, nil},
		{"slices not to be read, by name", objects{service("web", app, named), pod("a", app, notReady)}, []model.Kind{model.EndpointSlices}, nil},
		{"no selector, slices not to be read", objects{service("web", nil)}, []model.Kind{model.EndpointSlices}, nil},
		{"Pods not to be read", objects{service("web", app, named), pod("a", app, notReady)}, []model.Kind{model.Pods}, nil},
		{"Pods on their way", objects{service("web", app, ports(udp(53))), pod("a", app)}, nil, []model.Kind{model.Pods}},
		{"nothing else to be read", objects{served("203.0.113.9", externallyLocal, internallyLocal), pod("a", app)}, otherKinds(), nil},
		{"all else on its way", objects{served("203.0.113.9", externallyLocal, internallyLocal), pod("a", app)}, nil, otherKinds()},
	}
	rows := make([]strings.Builder, len(allRules))
	var head strings.Builder
	for i, column := range columns {
		builder := cluster(column.objects...)
		for _, kind := range column.without {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Forbidden})
		}
		for _, kind := range column.coming {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Syncing})
		}
		in := input(builder)
		fmt.Fprintf(&head, "%s%s\n", strings.Repeat("| ", i), column.name)
		for at := range allRules {
			s := newSubject(in, in.Snapshot.Service(keyOf(column.objects[0])))
			rule := &allRules[at]
			mark := "x "
			switch {
			case rule.applies != nil && !rule.applies(s):
				mark = ". "
			case rule.looks != nil && !rule.looks(s):
				mark = "o "
			}
			rows[at].WriteString(mark)
		}
	}
	var text strings.Builder
	text.WriteString("x the rule is asked; o it has nothing to look into; . it is no question\n\n" + head.String())
	for at := range rows {
		fmt.Fprintf(&text, "%s%s\n", rows[at].String(), strings.Join(allRules[at].IDs, " "))
	}
	compareGolden(t, "asked", text.String())
}

func stuckDeployment() *appsv1.Deployment {
	return deployment("web", 2, labels{"app": "web"}, func(d *appsv1.Deployment) {
		d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded", Message: "timed out"}}
	})
}

// otherKinds are those that are not of every Service.
func otherKinds() []model.Kind {
	var kinds []model.Kind
	for _, kind := range model.Kinds() {
		if kind != model.Services && kind != model.EndpointSlices && kind != model.Pods {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

func publishNotReady(svc *corev1.Service) { svc.Spec.PublishNotReadyAddresses = true }

func twoFamilies(svc *corev1.Service) {
	svc.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
}

// externalWithEverything is an ExternalName that kept every field which only other types have.
func externalWithEverything() *corev1.Service {
	svc := service("web", labels{"app": "web", "pod-template-hash": "abc"}, nodePort, externallyLocal, internallyLocal, externalIP("192.0.2.77"), twoFamilies,
		ports(namedPort("https", 443, "https"), namedPort("b", 80, 8080)))
	svc.Labels = labels{ProxyNameLabel: "other"}
	svc.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
	svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"}
	svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.9"}}
	svc.Spec.Type, svc.Spec.ExternalName, svc.Spec.ClusterIP, svc.Spec.ClusterIPs = corev1.ServiceTypeExternalName, "db.example.com", "", nil
	return svc
}
