package check

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestClientDNS(t *testing.T) {
	t.Parallel()
	policy := func(policy corev1.DNSPolicy, onHost bool) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.DNSPolicy, p.Spec.HostNetwork = policy, onHost }
	}
	for name, test := range map[string]struct {
		pod        *corev1.Pod
		said       bool
		confidence Confidence
		fix        string
	}{
		"as usual":                       {pod("a", nil, policy(corev1.DNSClusterFirst, false)), false, 0, ""},
		"nothing said":                   {pod("a", nil), false, 0, ""},
		"on the host, and knows it":      {pod("a", nil, policy(corev1.DNSClusterFirstWithHostNet, true)), false, 0, ""},
		"Default":                        {pod("a", nil, policy(corev1.DNSDefault, false), ofDeploy("web")), true, Proven, `patch deployment web --type=merge -p '{"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirst"}}}}'`},
		"Default on the host":            {pod("a", nil, policy(corev1.DNSDefault, true), ofDeploy("web")), true, Proven, `"dnsPolicy":"ClusterFirstWithHostNet"`},
		"on the host":                    {pod("a", nil, policy(corev1.DNSClusterFirst, true), ownedBy("DaemonSet", "agent")), true, Proven, `patch daemonset agent --type=merge -p '{"spec":{"template":{"spec":{"dnsPolicy":"ClusterFirstWithHostNet"}}}}'`},
		"on the host, nothing said":      {pod("a", nil, policy("", true)), true, Proven, ""},
		"None":                           {pod("a", nil, policy(corev1.DNSNone, false)), true, Possible, ""},
		"Default, and nobody's":          {pod("a", nil, policy(corev1.DNSDefault, false)), true, Proven, ""},
		"Default, and of something else": {pod("a", nil, policy(corev1.DNSDefault, false), ownedBy("Job", "x")), true, Proven, ""},
	} {
		in := input(cluster(test.pod, service("web", labels{"app": "web"})))
		finding := ClientDNS(in, test.pod)
		if (finding != nil) != test.said {
			t.Errorf("%s: %+v", name, finding)
			continue
		}
		if finding == nil {
			continue
		}
		command := ""
		if finding.Fix != nil {
			command = finding.Fix.Command
		}
		if onHost := len(finding.Evidence) == 2; onHost != (test.pod.Spec.HostNetwork && test.pod.Spec.DNSPolicy != corev1.DNSDefault) || onHost && finding.Evidence[1].Field != "spec.hostNetwork" {
			t.Errorf("%s: evidence %+v", name, finding.Evidence)
		}
		if finding.Confidence != test.confidence || (test.fix == "") != (command == "") || !strings.Contains(command, test.fix) {
			t.Errorf("%s: %+v %s", name, finding, command)
		}
		report := Reaches(in, web, 0, Client{Pod: model.Key{Namespace: "shop", Name: "a"}})
		if len(report.Findings) == 0 || report.Findings[0].ID != "DNS-01" {
			t.Errorf("%s: the client is not told: %+v", name, report)
		}
	}
	in := input(cluster(service("web", labels{"app": "web"})))
	for name, client := range map[string]Client{"a namespace": {Namespace: "shop"}, "a Pod that is gone": {Pod: model.Key{Namespace: "shop", Name: "gone"}}} {
		for _, finding := range Reaches(in, web, 0, client).Findings {
			if finding.ID == "DNS-01" {
				t.Errorf("%s: %+v", name, finding)
			}
		}
	}
}

func TestClusterDNS(t *testing.T) {
	t.Parallel()
	app := labels{"k8s-app": "kube-dns"}
	dns := func(name string, change ...func(*corev1.Service)) *corev1.Service {
		svc := service(name, app, append(change, ports(corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}))...)
		svc.Namespace = systemNamespace
		return svc
	}
	labelled := func(svc *corev1.Service) { svc.Labels = app }
	empty := func(name string) metav1.Object {
		e := slicesFor(service(name, app))[0]
		e.Namespace = systemNamespace
		return e
	}
	down := pod("dns-a", app, inSystem, notReady)
	metrics := dns("coredns-metrics", labelled)
	metrics.Spec.Ports[0].Port = 9153
	elsewhere := dns("kube-dns")
	elsewhere.Namespace = "shop"
	elsewhereEmpty := slicesFor(service("kube-dns", app))[0]
	unfilled := dns("kube-dns")
	unfilled.Spec.Selector = nil
	for name, test := range map[string]struct {
		objects    objects
		said       bool
		confidence Confidence
	}{
		"its Pods are down":    {objects{dns("kube-dns"), empty("kube-dns"), down}, true, Proven},
		"under another name":   {objects{dns("coredns", labelled), empty("coredns"), down}, true, Proven},
		"it has no Pods":       {objects{dns("kube-dns"), empty("kube-dns")}, true, Likely},
		"nobody fills it":      {objects{unfilled, inSystemSlice(byHand("m", "kube-dns", new("dns"), new(int32(53))), corev1.ProtocolUDP)}, true, Proven},
		"it works":             {objects{dns("kube-dns"), inSystemSlice(byHand("m", "kube-dns", new("dns"), new(int32(53)), "10.0.0.1"), corev1.ProtocolUDP)}, false, 0},
		"its metrics":          {objects{metrics, empty("coredns-metrics"), down}, false, 0},
		"another Service":      {objects{dns("other"), empty("other"), down}, false, 0},
		"in another namespace": {objects{elsewhere, elsewhereEmpty}, false, 0},
		"headless":             {objects{dns("kube-dns", headless), empty("kube-dns"), down}, false, 0},
		"an ExternalName":      {objects{dns("kube-dns", func(svc *corev1.Service) { externalName("dns.example.com")(svc); svc.Spec.Selector = nil })}, false, 0},
	} {
		in := input(cluster(test.objects...))
		report := Judge(in, keyOf(test.objects[0]))
		record(t, name, report)
		finding := findingOf(report, "DNS-02")
		if byName := test.said && test.objects[0].GetName() == "kube-dns"; ClusterDNSDead(in.Snapshot) != byName {
			t.Errorf("%s: the cluster's name server is dead: %v", name, !byName)
		}
		if (finding != nil) != test.said || finding != nil && (finding.Confidence != test.confidence || finding.Severity != Critical) {
			t.Errorf("%s: %s", name, told(report))
		}
		if test.said && report.Leading().ID == "DNS-02" {
			t.Errorf("%s: the cause comes first: %s", name, told(report))
		}
	}
}

// TestClusterDNSThatIsKnownInPart holds what is concluded of a name server of which not everything may be read.
func TestClusterDNSThatIsKnownInPart(t *testing.T) {
	t.Parallel()
	app := labels{"k8s-app": "kube-dns"}
	dns := service("kube-dns", app, ports(corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}))
	slice := slicesFor(dns)[0]
	dns.Namespace, slice.Namespace = systemNamespace, systemNamespace
	for name, test := range map[string]struct {
		without    model.Kind
		dead       bool
		confidence Confidence
	}{
		"Pods may not be read":   {model.Pods, true, Proven},
		"slices may not be read": {model.EndpointSlices, false, 0},
	} {
		builder := cluster(dns, slice).Cover(model.Need{Kind: test.without}, model.Coverage{State: model.Forbidden, Verb: "list"})
		in := input(builder)
		finding := findingOf(Judge(in, keyOf(dns)), "DNS-02")
		if (finding != nil) != test.dead || finding != nil && finding.Confidence != test.confidence || ClusterDNSDead(in.Snapshot) != test.dead {
			t.Errorf("%s: %+v", name, finding)
		}
	}
}

// TestClusterDNSWithoutSelector holds that a name server whose endpoints somebody writes is not taken for one that was replaced.
func TestClusterDNSWithoutSelector(t *testing.T) {
	t.Parallel()
	dns := service("kube-dns", labels{"k8s-app": "kube-dns"})
	slice := slicesFor(dns)[0]
	dns.Namespace, slice.Namespace, dns.Spec.Selector = systemNamespace, systemNamespace, nil
	if finding := findingOf(Judge(input(cluster(dns, slice)), keyOf(dns)), "DNS-02"); finding == nil || finding.Confidence != Proven {
		t.Errorf("%+v", finding)
	}
}

// TestClusterDNSThatAProviderReplaced holds that nothing is called proven where the cluster's own name server is switched off: Pods may ask
// another.
func TestClusterDNSThatAProviderReplaced(t *testing.T) {
	t.Parallel()
	app := labels{"k8s-app": "kube-dns"}
	dns := service("kube-dns", app)
	off, slice := deployment("kube-dns", 0, app), slicesFor(dns)[0]
	dns.Namespace, off.Namespace, slice.Namespace = systemNamespace, systemNamespace, systemNamespace
	if report := Judge(input(cluster(dns, off, slice)), keyOf(dns)); report.Verdict != Warn || !has(report, "WL-01") {
		t.Errorf("%s", told(report))
	}
}

func inSystemSlice(e *discoveryv1.EndpointSlice, protocol corev1.Protocol) *discoveryv1.EndpointSlice {
	e.Namespace, e.Ports[0].Protocol = systemNamespace, &protocol
	return e
}

// TestNamesOfPods holds what is said where a StatefulSet's Pods have no names of their own.
func TestNamesOfPods(t *testing.T) {
	t.Parallel()
	app := labels{"app": "db"}
	set := func(serviceName string, ready int32) *appsv1.StatefulSet {
		s := statefulSet("db", 1, app)
		s.Spec.ServiceName, s.Status.ReadyReplicas = serviceName, ready
		s.Spec.Selector = &metav1.LabelSelector{MatchLabels: app}
		return s
	}
	member := pod("db-0", app, ownedBy("StatefulSet", "db"))
	unready := pod("db-0", app, ownedBy("StatefulSet", "db"), notReady)
	heads := func(name string, selector labels) *corev1.Service {
		return service(name, selector, headless, ports(port(80, 80)))
	}
	for name, test := range map[string]struct {
		objects  objects
		severity Severity
		fix      string
	}{
		"it fits":                      {objects{heads("web", app), set("web", 1), member}, 0, ""},
		"others, and has an address":   {objects{service("web", labels{"app": "dbx"}), set("web", 0), member}, Major, `patch svc web`},
		"no selector, and an address":  {objects{service("web", nil), set("web", 0), member}, 0, ""},
		"it selects others":            {objects{heads("web", labels{"app": "dbx"}), set("web", 1), member}, Minor, `patch svc web --type=json -p '[{"op":"test","path":"/spec/selector","value":{"app":"dbx"}},{"op":"replace","path":"/spec/selector","value":{"app":"db"}}]'`},
		"it selects others that serve": {objects{heads("web", labels{"app": "dbx"}), pod("x", labels{"app": "dbx"}), set("web", 1), member}, Minor, ""},
		"it does not exist":            {objects{service("web", app), set("db-headless", 1), member}, Minor, "kubectl --context prod -n shop expose svc web --name=db-headless --cluster-ip=None"},
		"it exists":                    {objects{service("web", app), heads("db-headless", app), set("db-headless", 1), member}, 0, ""},
		"none is named":                {objects{service("web", app), set("", 1), member}, 0, ""},
		"no Pod is Ready":              {objects{service("web", app), set("db-headless", 0), unready}, Major, "expose svc web"},
		"of another workload":          {objects{service("web", app), set("db-headless", 1), pod("x", app, ofDeploy("web"))}, 0, ""},
		"the set is not known":         {objects{service("web", app), member}, 0, ""},
		"no selector":                  {objects{heads("web", nil), set("web", 1), member}, 0, ""},
		"the set is new":               {objects{serviceMade(heads("web", labels{"app": "dbx"}), 5*time.Second), set("web", 0), unready}, Minor, "patch svc web"},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		finding := findingOf(report, "HL-04")
		if (finding != nil) != (test.severity > 0) || finding != nil && (finding.Severity != test.severity || finding.Confidence != Likely) {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if finding != nil && (!strings.Contains(finding.Fix.Command, test.fix) || (test.fix == "") != (finding.Fix.Command == "")) {
			t.Errorf("%s: %q: %s", name, test.fix, told(report))
		}
	}
	// Many charts name a Service that is not headless, and cluster DNS serves its Pods' names as long as slices carry them.
	for name, pods := range map[string]objects{"not headless": {set("web", 1), member}, "not headless, and none is Ready": {set("web", 0), unready}} {
		report := judge(t, "web", append(objects{service("web", app)}, pods...)...)
		record(t, name, report)
		finding := findingOf(report, "HL-04")
		if finding == nil || finding.Severity != Info || finding.Confidence != Possible || finding.Fix.Command != "" || !finding.Advice() {
			t.Errorf("%s: %s", name, told(report))
		}
	}
	publishing := heads("web", app)
	publishing.Spec.PublishNotReadyAddresses = true
	for name, test := range map[string]struct {
		objects objects
		said    bool
	}{
		"nobody is Ready":      {objects{heads("web", app), set("web", 0), unready}, true},
		"one is":               {objects{heads("web", app), set("web", 0), unready, pod("db-1", app, ownedBy("StatefulSet", "db"))}, false},
		"it is not the set's":  {objects{heads("web", app), set("other", 0), unready}, false},
		"it is not headless":   {objects{service("web", app), set("web", 0), unready}, false},
		"it names them anyway": {objects{publishing, set("web", 0), unready}, false},
		"there are no Pods":    {objects{heads("web", app), set("web", 0)}, false},
	} {
		finding := findingOf(judge(t, "web", test.objects...), "HL-03")
		if (finding != nil) != test.said || finding != nil && (finding.Confidence != Possible || !strings.Contains(finding.Fix.Command, `{"publishNotReadyAddresses":true}`)) {
			t.Errorf("%s: %+v", name, finding)
		}
	}
}

// TestTheServiceIsInAnotherNamespace is SVC-02.
func TestTheServiceIsInAnotherNamespace(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "till"}
	one := input(cluster(inPay(service("till", nil))))
	report := JudgeMissing(one, key)
	finding := findingOf(report, "SVC-02")
	if finding == nil || finding.Confidence != Likely || finding.Fix.Command != "kubectl --context prod -n pay get svc till -o wide" || report.Leading().ID != "SVC-01" {
		t.Errorf("%s", told(report))
	}
	two := one
	two.Elsewhere = []model.Key{{Namespace: "stage", Name: "till"}}
	if report := JudgeMissing(two, key); has(report, "SVC-02") {
		t.Errorf("in two namespaces: %s", told(report))
	}
	onlyTold := input(cluster(service("other", nil)))
	onlyTold.Elsewhere = two.Elsewhere
	if report := JudgeMissing(onlyTold, key); !has(report, "SVC-02") {
		t.Errorf("only the caller knows: %s", told(report))
	}
	gone := JudgeMissing(input(cluster(service("other", nil), terminatingShop(time.Hour))), key)
	if cause := gone.Leading().Cause; cause == nil || cause.Text != "the namespace is being deleted" {
		t.Errorf("the namespace goes: %s", told(gone))
	}
}
