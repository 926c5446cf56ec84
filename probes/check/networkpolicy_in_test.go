package check

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// said returns the findings' IDs with severity and confidence, sorted by their order.
func said(findings []Finding) string {
	var texts []string
	for i := range findings {
		texts = append(texts, fmt.Sprintf("%s %s %s", findings[i].ID, findings[i].Severity, findings[i].Confidence))
	}
	return strings.Join(texts, ", ")
}

func onHostNetwork(p *corev1.Pod) {
	p.Spec.HostNetwork, p.Spec.DNSPolicy = true, corev1.DNSClusterFirstWithHostNet
}

func TestPolicyIngress(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	a, b := pod("a", app), pod("b", labels{"app": "web", "track": "canary"})
	metrics := func(svc *corev1.Service) {
		second := port(9090, 9090)
		svc.Spec.Ports[0].Name, second.Name = "http", "metrics"
		svc.Spec.Ports = append(svc.Spec.Ports, second)
	}
	udp := func(svc *corev1.Service) { svc.Spec.Ports[0].Protocol = corev1.ProtocolUDP }
	anyone := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}}
	foreign := byHand("web-1", "web", new(""), new(int32(8080)), "192.0.2.7")
	ofPod := byHand("web-1", "web", new(""), new(int32(8080)), a.Status.PodIP)
	ofPod.Endpoints[0].TargetRef = &corev1.ObjectReference{Kind: "Pod", Name: "a", Namespace: "shop"}
	ofOther := byHand("web-1", "web", new(""), new(int32(9999)), a.Status.PodIP)
	ofOther.Endpoints[0].TargetRef = ofPod.Endpoints[0].TargetRef
	noPorts := byHand("web-1", "web", nil, nil, a.Status.PodIP)
	noPorts.Endpoints[0].TargetRef = ofPod.Endpoints[0].TargetRef
	for name, test := range map[string]struct {
		objects objects
		want    string
		title   string
		cause   string
		fix     string
	}{
		"two Pods, one policy":          {objects{web, a, pod("c", app), policy("deny", nil)}, "NP-01 critical likely", "NetworkPolicy deny admits nobody to port 8080/TCP of the Service's Pods.", "", ""},
		"one Pod on its host's":         {objects{web, a, pod("c", app, onHostNetwork), policy("deny", nil)}, "NP-01 major likely", "NetworkPolicy deny admits nobody to port 8080/TCP of 1 of the Service's 2 usable Pods.", "", ""},
		"every port of UDP":             {objects{web, a, policy("p", app, allowIn(policyPorts(networkingv1.NetworkPolicyPort{Protocol: new(corev1.ProtocolUDP)})))}, "NP-01 critical likely", "", "", ""},
		"a name of another port":        {objects{service("web", app, ports(port(80, 9090))), pod("a", app, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 8080}, corev1.ContainerPort{ContainerPort: 9090})), policy("p", app, allowIn(policyPorts("http")))}, "NP-01 critical likely", "", "", ""},
		"a port of the slice's":         {objects{service("web", nil), a, ofOther, policy("p", nil, allowIn(policyPorts(9999)))}, "", "", "", ""},
		"headless, no slice port":       {objects{service("web", nil, headless, ports(port(8080, 8080))), a, noPorts, policy("p", nil, allowIn(policyPorts(8080)))}, "", "", "", ""},
		"headless, no slice port, shut": {objects{service("web", nil, headless, ports(port(8080, 8080))), a, noPorts, policy("deny", nil)}, "NP-01 critical likely", "", "", ""},
		"headless, no such name":        {objects{service("web", nil, headless, ports(port(8080, "nope"))), a, noPorts, policy("deny", nil)}, "", "", "", ""},
		"the Service's port, of an open Pod": {
			objects{web, a, b, policy("deny", nil), policy("ok", labels{"track": "canary"}, allowIn(policyPorts(8080)), allowIn(policyPorts(80)))}, "NP-01 major likely", "", "", "",
		},
		"the Service's port, beside Pods that are not meant": {
			objects{web, a, pod("db", labels{"app": "db"}), policy("p", app, allowIn(policyPorts(80)))}, "NP-02 major likely", "", "", `"op":"replace"`,
		},
		"no policy":              {objects{web, a}, "", "", "", ""},
		"deny all":               {objects{web, a, policy("deny", nil)}, "NP-01 critical likely", "NetworkPolicy deny admits nobody to port 8080/TCP of the Service's Pods.", "", "describe networkpolicy deny"},
		"two that deny":          {objects{web, a, policy("deny", nil), policy("other", app)}, "NP-01 critical likely", "2 NetworkPolicies admit nobody to port 8080/TCP of the Service's Pods.", "", ""},
		"egress alone":           {objects{web, a, policy("out", nil, policyTypes(networkingv1.PolicyTypeEgress))}, "", "", "", ""},
		"other Pods":             {objects{web, a, policy("deny", labels{"app": "db"})}, "", "", "", ""},
		"admits the targetPort":  {objects{web, a, policy("p", app, allowIn(policyPorts(8080)))}, "", "", "", ""},
		"admits it by name":      {objects{web, a, policy("p", app, allowIn(policyPorts("http")))}, "", "", "", ""},
		"admits it in a range":   {objects{web, a, policy("p", app, allowIn(policyPorts(portRange(8000, 9000))))}, "", "", "", ""},
		"admits some client":     {objects{web, a, policy("p", app, allowIn(policyPorts(8080), fromPods(labels{"app": "nobody"})))}, "", "", "", ""},
		"admits every port":      {objects{web, a, policy("deny", nil), policy("p", app, allowIn(nil, anyone))}, "", "", "", ""},
		"on the host's network":  {objects{web, pod("a", app, onHostNetwork), policy("deny", nil)}, "", "", "", ""},
		"a wrong port":           {objects{web, a, policy("p", app, allowIn(policyPorts(9999)))}, "NP-01 critical likely", "NetworkPolicy p admits nobody to port 8080/TCP of the Service's Pods.", "", ""},
		"a name nobody has":      {objects{web, a, policy("p", app, allowIn(policyPorts("web")))}, "NP-01 critical likely", "", "a rule of p names the port web (TCP), and no container has one of that name", ""},
		"the other protocol":     {objects{service("web", app, udp), a, policy("p", app, allowIn(policyPorts(8080)))}, "NP-01 critical likely, PORT-11 minor possible", "", "a rule of p allows 8080/TCP, and the Service's port is UDP", ""},
		"one port of two":        {objects{service("web", app, metrics), a, policy("p", app, allowIn(policyPorts(8080)))}, "NP-01 major likely", "NetworkPolicy p admits nobody to port 9090/TCP of the Service's Pods.", "", ""},
		"one Pod of two":         {objects{web, a, b, policy("p", labels{"track": "canary"})}, "NP-01 major likely", "NetworkPolicy p admits nobody to port 8080/TCP of 1 of the Service's 2 usable Pods.", "", ""},
		"nothing is usable":      {objects{web, pod("a", app, notReady), policy("deny", nil)}, "POD-06 critical proven", "", "", ""},
		"not a Pod":              {objects{service("web", nil), foreign, policy("deny", nil)}, "", "", "", ""},
		"a Pod without selector": {objects{service("web", nil), a, ofPod, policy("deny", nil)}, "NP-01 critical likely", "", "", ""},
		"headless":               {objects{service("web", app, headless, ports(port(8080, 8080))), a, policy("deny", nil)}, "NP-01 critical likely", "", "", ""},
		"headless without ports": {objects{service("web", app, headless, ports()), a, policy("deny", nil)}, "", "", "", ""},
		"an ExternalName":        {objects{service("web", app, externalName("db.example.com")), a, policy("deny", nil)}, "", "", "", ""},
		"the Service's port": {
			objects{web, a, policy("p", app, allowIn(policyPorts(443)), allowIn(policyPorts(22, 80)))},
			"NP-02 major likely",
			"NetworkPolicy p allows port 80, which is the Service's; the Pods listen on 8080.", "",
			`patch networkpolicy p --type=json -p '[{"op":"test","path":"/spec/ingress/1/ports/1/port","value":80},{"op":"replace","path":"/spec/ingress/1/ports/1/port","value":8080}]'`,
		},
		"the Service's port, of a name": {
			objects{service("web", app, ports(port(80, "http"))), a, policy("p", app, allowIn(policyPorts(80)))}, "NP-02 major likely", "", "", `{"op":"replace","path":"/spec/ingress/0/ports/0/port","value":"http"}`,
		},
		"the Service's port, for other Pods too": {
			objects{web, a, pod("db", labels{"app": "db"}), policy("p", nil, allowIn(policyPorts(80)))},
			"NP-02 major likely", "", "",
			`{"op":"add","path":"/spec/ingress/0/ports/-","value":{"port":8080,"protocol":"TCP"}}`,
		},
		"the Service's port, declared too": {
			objects{web, pod("a", app, containerPorts(corev1.ContainerPort{ContainerPort: 8080}, corev1.ContainerPort{ContainerPort: 80})), policy("p", app, allowIn(policyPorts(80)))}, "NP-02 major likely", "", "", `"op":"add"`,
		},
		"the Service's port, in a range":     {objects{web, a, policy("p", app, allowIn(policyPorts(portRange(80, 90))))}, "NP-02 major likely", "", "", `"op":"add"`},
		"the Service's port is both":         {objects{service("web", app, ports(port(8080, 8080))), a, policy("p", app, allowIn(policyPorts(80)))}, "NP-01 critical likely", "", "", ""},
		"of another protocol":                {objects{web, a, policy("p", app, allowIn(policyPorts(overProtocol(corev1.ProtocolUDP, 80))))}, "NP-01 critical likely", "", "", ""},
		"beside the right one":               {objects{web, a, policy("p", app, allowIn(policyPorts(80)), allowIn(policyPorts(8080)))}, "NP-02 info possible", "", "", ""},
		"beside the right one, in one rule":  {objects{web, a, policy("p", app, allowIn(policyPorts(80, 8080)))}, "", "", "", ""},
		"beside the right one, for all Pods": {objects{web, a, policy("p", nil, allowIn(policyPorts(80)), allowIn(policyPorts(8080)))}, "", "", "", ""},
		"beside the right one, declared": {
			objects{web, pod("a", app, containerPorts(corev1.ContainerPort{ContainerPort: 8080}, corev1.ContainerPort{ContainerPort: 80})), policy("p", app, allowIn(policyPorts(80)), allowIn(policyPorts(8080)))}, "", "", "", "",
		},
		"only one Pod's policy has it": {
			objects{web, a, b, policy("deny", nil), policy("ok", labels{"track": "canary"}, allowIn(policyPorts(8080))), policy("p", app, allowIn(policyPorts(80)))}, "NP-02 major likely", "", "", `"op":"replace"`,
		},
		"one port confused, one shut": {
			objects{service("web", app, metrics), a, policy("p", app, allowIn(policyPorts(80)))}, "NP-02 major likely, NP-01 major likely", "", "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, "web", test.objects...)
			if got := said(report.Findings); got != test.want {
				t.Fatalf("got %q, want %q\n%s", got, test.want, told(report))
			}
			if test.want == "" {
				return
			}
			lead := report.Leading()
			if test.title != "" && lead.Title != test.title {
				t.Errorf("title %q", lead.Title)
			}
			if lead.Fix == nil || !strings.Contains(lead.Fix.Command, test.fix) {
				t.Errorf("fix %+v", lead.Fix)
			}
			switch {
			case test.cause == "" && lead.ID[:2] == "NP" && lead.Cause != nil:
				t.Errorf("cause %+v", lead.Cause)
			case test.cause != "" && (lead.Cause == nil || lead.Cause.Text != test.cause):
				t.Errorf("cause %+v", lead.Cause)
			}
			if strings.HasPrefix(lead.ID, "NP") {
				if lead.Amber() && report.Verdict != Warn || lead.Red() {
					t.Errorf("verdict %s", report.Verdict)
				}
				kinds := map[string]bool{}
				for _, evidence := range lead.Evidence {
					kinds[evidence.Kind] = true
				}
				if !kinds["NetworkPolicy"] || !kinds["Service"] || !kinds["Pod"] {
					t.Errorf("evidence %+v", lead.Evidence)
				}
			}
		})
	}
}

// TestPoliciesBesideOwnPolicies holds what is said where the network plugin has kinds of policies of its own, which are not read.
func TestPoliciesBesideOwnPolicies(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	marked := func(key string) *corev1.Node { return nodeNamed("z", nodeAnnotated(labels{key: "x"})) }
	calico := marked("projectcalico.org/IPv4Address")
	wrongPort := policy("p", app, allowIn(policyPorts(9999)))
	deny := policy("deny", nil)
	with := func(others ...metav1.Object) objects {
		return append(objects{service("web", app), pod("a", app)}, others...)
	}
	testSituations(t, "networkpolicy_own", map[string]situation{
		"no plugin is recognised":              {objects: with(deny, nodeNamed("z")), want: "NP-01 critical likely"},
		"Calico":                               {objects: with(deny, calico), want: "NP-01 critical possible"},
		"Calico, and there is a rule":          {objects: with(wrongPort, calico), want: "NP-01 critical likely"},
		"Calico, on the last Node asked":       {objects: append(with(deny, calico), manyNodes(nodesAsked-1)...), want: "NP-01 critical possible"},
		"Calico, beyond the Nodes asked":       {objects: append(with(deny, calico), manyNodes(nodesAsked)...), want: "NP-01 critical likely"},
		"Cilium":                               {objects: with(deny, nodeNamed("z", cilium)), want: "NP-01 critical possible"},
		"Antrea":                               {objects: with(deny, marked("node.antrea.io/mac-address")), want: "NP-01 critical possible"},
		"a plugin without policies of its own": {objects: with(deny, marked("flannel.alpha.coreos.com/backend-type")), want: "NP-01 critical likely"},
	})
}

func TestPolicyIngressSettles(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	for _, young := range []*networkingv1.NetworkPolicy{policy("deny", nil), policy("p", app, allowIn(policyPorts(80)))} {
		young.CreationTimestamp = ago(time.Second)
		report := judge(t, "web", service("web", app), pod("a", app), policy("old", nil), young)
		if lead := report.Leading(); lead == nil || !lead.Settling || report.Verdict == Warn || !lead.Since.Equal(young.CreationTimestamp.Time) {
			t.Errorf("%s", told(report))
		}
	}
}

func TestPoliciesThatCannotBeReadSayNothing(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	builder := cluster(service("web", app), pod("a", app), policy("deny", nil))
	builder.Cover(model.Need{Kind: model.NetworkPolicies}, model.Coverage{State: model.Forbidden, Verb: "list"})
	if report := Judge(input(builder), web); report.Verdict != OK || len(report.Findings) != 0 {
		t.Errorf("%s", told(report))
	}
}

func TestPolicyEvidenceText(t *testing.T) {
	t.Parallel()
	in := networkingv1.PolicyTypeIngress
	everyTCP := networkingv1.NetworkPolicyPort{Protocol: new(corev1.ProtocolTCP)}
	for want, p := range map[string]*networkingv1.NetworkPolicy{
		"{} (every Pod): no rule":                                   policy("p", nil),
		"app=web: ports every port":                                 policy("p", labels{"app": "web"}, allowIn(nil)),
		"{} (every Pod): ports 80/TCP, http/TCP, 53/UDP and 1 more": policy("p", nil, allowIn(policyPorts(80, "http", overProtocol(corev1.ProtocolUDP, 53), 443))),
		"{} (every Pod): ports 80-90/TCP, every TCP":                policy("p", nil, allowIn(policyPorts(portRange(80, 90))), allowIn(policyPorts(everyTCP))),
	} {
		evidence := policyEvidence([]*networkingv1.NetworkPolicy{p}, in)
		if got := evidence[0].Value + ": " + evidence[1].Value; got != want || evidence[0].Field != "spec.podSelector" || evidence[1].Field != "spec.ingress" {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expression := policy("p", nil)
	expression.Spec.PodSelector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpExists}}
	if got := policyEvidence([]*networkingv1.NetworkPolicy{expression, expression, expression, expression}, in); got[0].Value != "app" || len(got) != 6 {
		t.Errorf("%+v", got)
	}
}

func inNamespace(namespace string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Namespace = namespace }
}

func TestReachesByPolicies(t *testing.T) {
	t.Parallel()
	app, front := labels{"app": "web"}, labels{"app": "front"}
	web := service("web", app)
	a := pod("a", app)
	client, stranger := pod("client", front), pod("client", labels{"app": "x"})
	of := Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	elsewhere := pod("client", front, inNamespace("prod"))
	ofProd := Client{Pod: model.Key{Namespace: "prod", Name: "client"}}
	prod := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "prod", Labels: labels{"kubernetes.io/metadata.name": "prod"}}}
	admitsFront := policy("p", app, allowIn(policyPorts(8080), fromPods(front)))
	outside := Client{Address: netip.MustParseAddr("203.0.113.7")}
	local := func(svc *corev1.Service) { svc.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal }
	dns := allowOut([]networkingv1.NetworkPolicyPort{overProtocol(corev1.ProtocolUDP, 53), overProtocol(corev1.ProtocolTCP, 53)})
	dnsByUDP := allowOut([]networkingv1.NetworkPolicyPort{overProtocol(corev1.ProtocolUDP, 53)})
	toWeb := allowOut(policyPorts(8080), fromPods(app))
	for name, test := range map[string]struct {
		client  Client
		objects objects
		want    string
		says    string
	}{
		"nobody chosen":                         {Client{}, objects{web, a, client, policy("deny", nil)}, "", ""},
		"no policy":                             {of, objects{web, a, client}, "", ""},
		"admitted":                              {of, objects{web, a, client, admitsFront}, "", ""},
		"not admitted":                          {of, objects{web, a, stranger, admitsFront}, "NP-03 major likely", "NetworkPolicy p does not admit Pod shop/client to port 8080/TCP of the Service's Pods."},
		"two that do not admit":                 {of, objects{web, a, stranger, admitsFront, policy("deny", nil)}, "NP-03 major likely", "2 NetworkPolicies do not admit Pod shop/client"},
		"shut to all is NP-01":                  {of, objects{web, a, stranger, policy("deny", nil)}, "", ""},
		"of another namespace":                  {ofProd, objects{web, a, elsewhere, prod, admitsFront}, "NP-03 major likely", "prod/client"},
		"a label that namespaces lack":          {ofProd, objects{web, a, elsewhere, prod, policy("p", app, allowIn(nil, fromNamespaces(labels{"name": "prod"})))}, "NP-03 major likely", "wants the label name=prod"},
		"a namespace by its name":               {ofProd, objects{web, a, elsewhere, prod, policy("p", app, allowIn(nil, fromNamespaces(labels{"kubernetes.io/metadata.name": "prod"})))}, "", ""},
		"labels that are not known":             {ofProd, objects{web, a, elsewhere, policy("p", app, allowIn(nil, fromNamespaces(labels{"team": "x"})))}, "NP-03 major possible", "depends on labels"},
		"any Pod of a namespace":                {Client{Namespace: "shop"}, objects{web, a, admitsFront}, "NP-03 major possible", "any Pod of namespace shop"},
		"any Pod of another namespace":          {Client{Namespace: "prod"}, objects{web, a, admitsFront}, "NP-03 major likely", "any Pod of namespace prod"},
		"the backend itself":                    {Client{Pod: keyOf(a)}, objects{web, a, admitsFront}, "", ""},
		"a node that may":                       {of, objects{web, a, pod("client", front, onHostNetwork), admitsFront}, "", ""},
		"a Pod that is not known":               {of, objects{web, a, admitsFront}, "", ""},
		"a Pod that is not known, shut in":      {of, objects{web, a, policy("out", nil, policyTypes(networkingv1.PolicyTypeEgress))}, "", ""},
		"the backend itself, shut in":           {Client{Pod: keyOf(a)}, objects{web, a, policy("out", nil, dns)}, "", ""},
		"labels that are not known, and others": {ofProd, objects{web, a, elsewhere, policy("p", app, allowIn(nil, fromBoth(labels{"name": "prod"}, labels{"app": "y"})))}, "NP-03 major likely", ""},
		"an address":                            {outside, objects{web, a, admitsFront}, "NP-03 major possible", "203.0.113.7"},
		"an address, Local":                     {outside, objects{service("web", app, local), a, admitsFront}, "NP-03 major likely", "203.0.113.7"},
		"an address within":                     {outside, objects{web, a, policy("p", app, allowIn(nil, fromBlock("203.0.113.0/24")))}, "", ""},
		"some of the Pods":                      {of, objects{web, a, pod("b", labels{"app": "web", "track": "x"}), stranger, policy("p", labels{"track": "x"}, allowIn(nil, fromPods(front)))}, "NP-03 major likely", "1 of 2 ways are shut"},
		"may go out":                            {of, objects{web, a, client, policy("out", front, dns, toWeb)}, "", ""},
		"may not go out":                        {of, objects{web, a, client, policy("out", front, dns)}, "NP-04 major likely", "NetworkPolicy out does not let Pod shop/client out to port 8080/TCP of the Service's Pods."},
		"out on the Service's port":             {of, objects{web, a, client, policy("out", front, dns, allowOut(policyPorts(80), fromPods(app)))}, "NP-04 major likely", ""},
		"out by the port's name":                {of, objects{web, a, client, policy("out", front, dns, allowOut(policyPorts("http"), fromPods(app)))}, "", ""},
		"out to the ClusterIP":                  {of, objects{web, a, client, policy("out", front, dns, allowOut(nil, fromBlock("10.96.0.10/32")))}, "NP-04 major likely", ""},
		"not out at all":                        {of, objects{web, a, client, policy("out", front, policyTypes(networkingv1.PolicyTypeEgress))}, "DNS-03 major likely, NP-04 major likely", "No NetworkPolicy lets Pod shop/client out to the cluster's DNS."},
		"not to DNS":                            {of, objects{web, a, client, policy("out", front, toWeb)}, "DNS-03 major likely", "53/UDP"},
		"DNS by UDP alone":                      {of, objects{web, a, client, policy("out", front, toWeb, dnsByUDP)}, "DNS-03 info possible", "not by TCP"},
		"DNS within its own namespace":          {of, objects{web, a, client, policy("out", front, allowOut(nil, fromPods(nil)))}, "DNS-03 major likely", ""},
		"DNS by address, perhaps":               {of, objects{web, a, client, policy("out", front, toWeb, allowOut(nil, fromBlock("10.0.0.0/8")))}, "", ""},
		"DNS by the port's name":                {of, objects{web, a, client, policy("out", front, toWeb, allowOut([]networkingv1.NetworkPolicyPort{{Protocol: new(corev1.ProtocolUDP), Port: new(intstr.FromString("dns"))}, {Port: new(intstr.FromString("dns-tcp"))}}))}, "", ""},
		"a client on the host's network":        {of, objects{web, a, pod("client", front, onHostNetwork), policy("out", front, policyTypes(networkingv1.PolicyTypeEgress))}, "", ""},
		"any Pod may not go out":                {Client{Namespace: "shop"}, objects{web, a, policy("out", nil, dns)}, "NP-04 major likely", "any Pod of namespace shop"},
		"any Pod, perhaps":                      {Client{Namespace: "shop"}, objects{web, a, policy("out", nil, dns), policy("some", front, allowOut(policyPorts(8080)))}, "NP-04 major possible", "depends on labels"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := Reaches(input(cluster(test.objects...)), keyOf(web), 0, test.client)
			if got := said(report.Findings); got != test.want {
				t.Fatalf("got %q, want %q: %+v", got, test.want, report.Findings)
			}
			if test.want == "" {
				return
			}
			lead := report.Findings[0]
			text := lead.Title + lead.Why
			if lead.Cause != nil {
				text += lead.Cause.Text
			}
			if name == "labels that are not known, and others" && lead.Cause != nil {
				t.Errorf("what is not known is no cause: %+v", lead.Cause)
			}
			if !strings.Contains(text, test.says) {
				t.Errorf("says %q", text)
			}
			if lead.Short == "" || lead.Fix == nil || !lead.Fix.Look || len(lead.Evidence) == 0 {
				t.Errorf("%+v", lead)
			}
		})
	}
}

func TestWaysCountAPodOnce(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	both := pod("a", app)
	v6 := slicesFor(service("web", app), both)[0].DeepCopy()
	v6.Name, v6.AddressType, v6.Endpoints[0].Addresses = "web-v6", "IPv6", []string{"fd00::9"}
	dual := service("web", app, func(svc *corev1.Service) { svc.Spec.IPFamilies = []corev1.IPFamily{"IPv4", "IPv6"} })
	s := newSubject(input(cluster(dual, both, slicesFor(dual, both)[0], v6)), dual)
	if ways := s.ways(); len(ways) != 1 || ways[0].pod.Name != "a" || ways[0].node != "node-1" || ways[0].to.number != 8080 {
		t.Errorf("%+v", ways)
	}
}
