package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func deletedSince(since time.Duration, finalizers ...string) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		at := ago(since)
		svc.DeletionTimestamp, svc.Finalizers = &at, finalizers
	}
}

// TestServicesThatGo holds what is said of a Service that is being deleted, or whose namespace is.
func TestServicesThatGo(t *testing.T) {
	t.Parallel()
	a := pod("a", webApp)
	going := func(finalizers ...string) *corev1.Service {
		return service("web", webApp, deletedSince(time.Hour, finalizers...))
	}
	cleanup := going("service.kubernetes.io/load-balancer-cleanup")
	said := func(reason string, since time.Duration) *corev1.Event {
		return event(cleanup, "Service", "Warning", reason, "the cloud said no to "+reason, since)
	}
	shop := func(change func(*corev1.Namespace)) *corev1.Namespace {
		namespace := terminatingShop(time.Hour)
		change(namespace)
		return namespace
	}
	unsliced := inPay(byHand("other", "web", nil, nil))
	testSituations(t, "service", map[string]situation{
		"nothing keeps it":          {objects: objects{going(), a}, want: "SVC-03 major proven"},
		"one finalizer":             {objects: objects{going("example.com/hold"), a}, want: "SVC-03 major proven"},
		"two finalizers":            {objects: objects{going("example.com/hold", "example.com/other"), a}, want: "SVC-03 major proven"},
		"its garbage":               {objects: objects{going("orphan"), a}, want: "SVC-03 major proven"},
		"its dependents":            {objects: objects{going("foregroundDeletion"), a}, want: "SVC-03 major proven"},
		"the cloud does not let go": {objects: objects{cleanup, a, said("SyncLoadBalancerFailed", time.Hour), said("DeleteLoadBalancerFailed", time.Minute)}, want: "SVC-03 major proven"},
		"the cloud lets go":         {objects: objects{cleanup, a, event(cleanup, "Service", "Normal", "DeletingLoadBalancer", "Deleting load balancer", time.Minute)}, want: "SVC-03 major proven"},
		"a moment ago":              {objects: objects{service("web", webApp, deletedSince(10*time.Second)), a}, want: "SVC-03 minor proven"},
		"its namespace, of many words": {objects: objects{going("example.com/hold"), a, shop(func(n *corev1.Namespace) {
			n.Status.Conditions = append(n.Status.Conditions,
				corev1.NamespaceCondition{Type: "NamespaceDeletionDiscoveryFailure", Status: corev1.ConditionFalse, Message: "All resources successfully discovered"},
				corev1.NamespaceCondition{Type: "NamespaceContentRemaining", Status: corev1.ConditionTrue})
		})}, want: "SVC-04 major proven, SVC-03 major proven"},
		"its namespace, since nobody knows when": {objects: objects{going("example.com/hold"), a, shop(func(n *corev1.Namespace) { n.DeletionTimestamp = nil })}, want: "SVC-04 major proven, SVC-03 major proven"},
		"its namespace, slices are on their way": {objects: objects{service("web", webApp), unsliced, terminatingShop(time.Hour)}, coming: []model.Kind{model.EndpointSlices}, want: ""},
		"its namespace, and it serves":           {objects: objects{service("web", webApp), a, terminatingShop(time.Hour)}, want: ""},
	})
}

// TestServicesOfAnotherProxy holds what is said of the label that takes a Service from kube-proxy.
func TestServicesOfAnotherProxy(t *testing.T) {
	t.Parallel()
	a := pod("a", webApp)
	labelled := func(proxy string, change ...func(*corev1.Service)) *corev1.Service {
		svc := service("web", webApp, change...)
		svc.Labels = labels{ProxyNameLabel: proxy}
		return svc
	}
	handed := labelled("other")
	handed.Spec.Selector = nil
	daemons := func(name string, template labels) *appsv1.DaemonSet {
		set := &appsv1.DaemonSet{ObjectMeta: meta(name, nil)}
		set.Spec.Template.Labels = template
		return set
	}
	system := func(name string, change ...func(*corev1.Pod)) *corev1.Pod {
		return placed(pod(name, labels{"app": "proxy"}, change...), systemNamespace)
	}
	testSituations(t, "service_proxy", map[string]situation{
		"a proxy":                       {objects: objects{labelled("other"), a}, want: "SVC-07 critical proven"},
		"a proxy that is known":         {objects: objects{labelled("kpng"), a}, want: "SVC-07 critical likely"},
		"a proxy that runs here":        {objects: objects{labelled("other"), a, system("other-x7f")}, want: "SVC-07 critical possible"},
		"a proxy that ran here":         {objects: objects{labelled("other"), a, system("other-x7f", ended(corev1.PodFailed))}, want: "SVC-07 critical proven"},
		"another proxy runs here":       {objects: objects{labelled("other"), a, system("kube-proxy-x7f"), system("others-x7f")}, want: "SVC-07 critical proven"},
		"a Pod of that name, in shop":   {objects: objects{labelled("other"), a, pod("other-x7f", nil)}, want: "SVC-07 critical possible"},
		"its own Pod has that name":     {objects: objects{labelled("other"), a, pod("other-x7f", webApp)}, want: "SVC-07 critical proven"},
		"a Pod of that name elsewhere":  {objects: objects{labelled("other"), a, placed(pod("other-x7f", nil), "proxies")}, want: "SVC-07 critical possible"},
		"a DaemonSet of that name":      {objects: objects{labelled("other"), a, placed(daemons("other", labels{"app": "other"}), "proxies")}, want: "SVC-07 critical possible"},
		"a DaemonSet that begins so":    {objects: objects{labelled("other"), a, placed(daemons("other-amd64", labels{"app": "other"}), "proxies")}, want: "SVC-07 critical possible"},
		"a DaemonSet of another name":   {objects: objects{labelled("other"), a, placed(daemons("otherwise", labels{"app": "other"}), "proxies")}, want: "SVC-07 critical proven"},
		"a DaemonSet beside it":         {objects: objects{labelled("other"), a, daemons("other", labels{"app": "other"})}, want: "SVC-07 critical possible"},
		"its own DaemonSet":             {objects: objects{labelled("other"), a, daemons("other", webApp)}, want: "SVC-07 critical proven"},
		"one with its labels elsewhere": {objects: objects{labelled("other"), a, placed(daemons("other", webApp), "proxies")}, want: "SVC-07 critical possible"},
		"without a selector":            {objects: objects{handed, byHand("manual", "web", new(""), new(int32(8080)), "192.0.2.1"), daemons("other", nil)}, want: "SVC-07 critical possible"},
		"a load balancer": {objects: objects{labelled("other", loadBalancer, func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.7"}}
		}), a}, want: "SVC-07 major proven"},
		"headless": {objects: objects{labelled("other", headless, ports(port(8080, 8080))), a}, want: ""},
	})
}

// TestAProxyThatMayHide holds how sure it is that nobody serves a Service whose proxy may run in a namespace that is not read.
func TestAProxyThatMayHide(t *testing.T) {
	t.Parallel()
	live, forbidden := model.Coverage{State: model.Live}, model.Coverage{State: model.Forbidden, Verb: "list"}
	for name, test := range map[string]struct {
		pods, sets model.Coverage
		inSystem   model.Kind
		confidence Confidence
		asks       int
		why        string
	}{
		"all Pods are read":           {live, forbidden, "", Proven, 0, ""},
		"all DaemonSets are read":     {forbidden, live, "", Proven, 0, ""},
		"neither may be read":         {forbidden, forbidden, "", Likely, 1, "not found: shop."},
		"neither, and kube-system is": {forbidden, forbidden, model.Pods, Likely, 1, "not found: kube-system, shop."},
		"neither, and its DaemonSets": {forbidden, forbidden, model.DaemonSets, Likely, 1, "not found: kube-system, shop."},
		"neither, and nobody asked":   {model.Coverage{}, model.Coverage{}, "", Likely, 1, "not found: shop."},
	} {
		svc := service("web", webApp, handedTo("other"))
		builder := cluster(svc, pod("a", webApp)).Cover(model.Need{Kind: model.Pods}, test.pods).Cover(model.Need{Kind: model.DaemonSets}, test.sets).
			Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, live)
		if test.inSystem != "" {
			builder.Cover(model.Need{Kind: test.inSystem, Namespace: systemNamespace}, live)
		}
		in := input(builder)
		report := Judge(in, web)
		record(t, name, report)
		finding := findingOf(report, "SVC-07")
		if finding == nil || finding.Confidence != test.confidence || !strings.HasSuffix(finding.Why, test.why) {
			t.Errorf("%s: %+v", name, finding)
		}
		told := slices.ContainsFunc(report.Unchecked, func(u Unchecked) bool { return u.Beyond && u.Kind == model.DaemonSets })
		if asks := BeyondNeeds(web, in.Snapshot); len(asks) != test.asks || told != (test.asks > 0) {
			t.Errorf("%s: asks for %v, unchecked %+v", name, asks, report.Unchecked)
		}
	}
	in := input(cluster(service("web", webApp, handedTo("other")), pod("a", webApp)).Uncover(model.Need{Kind: model.Pods}).Uncover(model.Need{Kind: model.DaemonSets}))
	if finding := findingOf(Judge(in, web), "SVC-07"); finding == nil || !strings.HasSuffix(finding.Why, "not found: none.") {
		t.Errorf("nothing is read: %+v", finding)
	}
	young := service("web", webApp, handedTo("other"), func(svc *corev1.Service) { svc.CreationTimestamp = ago(2 * time.Second) })
	for name, test := range map[string]struct {
		svc  *corev1.Service
		want time.Time
	}{"young": {young, now.Add(-2 * time.Second)}, "old": {service("web", webApp, handedTo("other")), time.Time{}}} {
		if finding := findingOf(judge(t, "web", test.svc, pod("a", webApp)), "SVC-07"); finding == nil || !finding.Since.Equal(test.want) || finding.Settling != (name == "young") {
			t.Errorf("%s: %+v", name, finding)
		}
	}
}

// TestAddressesThatAreNotItsOwn holds what is said of the API server's complaints about ClusterIPs and node ports.
func TestAddressesThatAreNotItsOwn(t *testing.T) {
	t.Parallel()
	a, svc := pod("a", webApp), service("web", webApp)
	said := func(reason, message string, since time.Duration) *corev1.Event {
		return event(svc, "Service", "Warning", reason, message, since)
	}
	twice := "Cluster IP [IPv4]: 10.96.0.10 was assigned to multiple services; please recreate service"
	testSituations(t, "service_allocation", map[string]situation{
		"its ClusterIP":                     {objects: objects{svc, a, said("ClusterIPAlreadyAllocated", twice, time.Minute)}, want: "SVC-08 major proven"},
		"the newest is said":                {objects: objects{svc, a, said("ClusterIPOutOfRange", "Cluster IP [IPv4]: 10.96.0.10 is not within any configured Service CIDR", 30*time.Minute), said("ClusterIPAlreadyAllocated", twice, time.Minute)}, want: "SVC-08 major proven"},
		"the newest is said, though first":  {objects: objects{svc, a, said("ClusterIPAlreadyAllocated", "A: "+twice, time.Minute), said("ClusterIPOutOfRange", "Cluster IP [IPv4]: 10.96.0.10 is not within any configured Service CIDR", 30*time.Minute)}, want: "SVC-08 major proven"},
		"the newest is said, though milder": {objects: objects{svc, a, said("ClusterIPOutOfRange", "Cluster IP [IPv4]: 10.96.0.10 is not within any configured Service CIDR", time.Minute), said("ClusterIPAlreadyAllocated", twice, 30*time.Minute)}, want: "SVC-08 minor proven"},
		"an address that it had":            {objects: objects{svc, a, said("ClusterIPAlreadyAllocated", "Cluster IP [IPv4]: 10.96.0.11 was assigned to multiple services", time.Minute)}, want: ""},
		"long ago":                          {objects: objects{svc, a, said("ClusterIPAlreadyAllocated", twice, 2*time.Hour)}, want: ""},
		"headless by now":                   {objects: objects{service("web", webApp, headless, ports(port(8080, 8080))), a, said("ClusterIPAlreadyAllocated", "None of the ranges has 10.96.0.10", time.Minute)}, want: ""},
		"no address yet":                    {objects: objects{service("web", webApp, withIP("")), a, said("ClusterIPAlreadyAllocated", "Cluster IP : 10.96.0.10 was assigned to multiple services", time.Minute)}, want: ""},
		"no node port":                      {objects: objects{svc, a, said("PortAlreadyAllocated", "Port 0 was assigned to multiple services", time.Minute)}, want: ""},
	})
}
