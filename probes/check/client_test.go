package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestClientNames(t *testing.T) {
	t.Parallel()
	for want, client := range map[string]Client{
		"any client":                {},
		"Pod shop/a":                {Pod: model.Key{Namespace: "shop", Name: "a"}},
		"any Pod of namespace shop": {Namespace: "shop"},
		"203.0.113.7":               {Address: netip.MustParseAddr("203.0.113.7")},
	} {
		if client.String() != want || client.Chosen() != (want != "any client") {
			t.Errorf("%q, chosen %v, want %q", client, client.Chosen(), want)
		}
	}
}

func TestReachesOnePort(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	second := port(9090, 9090)
	second.Name = "metrics"
	web := service("web", app, func(svc *corev1.Service) { svc.Spec.Ports = append(svc.Spec.Ports, second) })
	in := input(cluster(web, pod("a", app), pod("client", nil), policy("p", app, allowIn(policyPorts(8080)), allowIn(policyPorts(9090), fromPods(labels{"app": "prometheus"})))))
	client := Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	for number, want := range map[int32]int{0: 1, 80: 0, 9090: 1, 8080: 0} {
		if got := Reaches(in, keyOf(web), number, client).Findings; len(got) != want {
			t.Errorf("port %d: %v", number, said(got))
		}
	}
	if got := Reaches(in, model.Key{Namespace: "shop", Name: "nope"}, 0, client); len(got.Findings)+len(got.Unchecked) != 0 {
		t.Errorf("%+v", got)
	}
	if got := ClientNeeds(in.Snapshot, model.Key{Namespace: "shop", Name: "nope"}, client); got != nil {
		t.Errorf("%+v", got)
	}
	if got := ClientNeeds(in.Snapshot, keyOf(web), Client{}); got != nil {
		t.Errorf("%+v", got)
	}
}

func needTexts(needs []model.Need) string {
	var texts []string
	for _, need := range needs {
		texts = append(texts, strings.TrimSuffix(fmt.Sprintf("%s/%s", need.Kind, need.Namespace), "/"))
	}
	return strings.Join(texts, " ")
}

func TestClientNeedsAndGaps(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	ofProd := Client{Pod: model.Key{Namespace: "prod", Name: "client"}}
	objects := objects{web, pod("a", app), pod("client", nil, inNamespace("prod"))}
	for want, client := range map[string]Client{
		"pods/prod pods/shop networkpolicies/prod networkpolicies/shop namespaces": ofProd,
		"pods/shop networkpolicies/prod networkpolicies/shop namespaces":           {Namespace: "prod"},
		"pods/shop networkpolicies/shop namespaces":                                {Address: netip.MustParseAddr("203.0.113.7")},
	} {
		if got := needTexts(ClientNeeds(input(cluster(objects...)).Snapshot, keyOf(web), client)); got != want {
			t.Errorf("%s needs %s, want %s", client, got, want)
		}
	}
	ranged := served("1.2.3.4", func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} })
	for want, client := range map[string]Client{
		"pods/prod pods/shop networkpolicies/prod networkpolicies/shop namespaces": ofProd,
		"pods/shop pods networkpolicies/shop nodes namespaces":                     {Address: netip.MustParseAddr("203.0.113.7")},
	} {
		if got := needTexts(ClientNeeds(input(cluster(ranged)).Snapshot, keyOf(ranged), client)); got != want {
			t.Errorf("%s needs %s of a load balancer with ranges, want %s", client, got, want)
		}
	}
	for name, test := range map[string]struct {
		gap   model.Need
		state model.CoverageState
		want  []string
		found string
	}{
		"policies of the client":    {model.Need{Kind: model.NetworkPolicies, Namespace: "prod"}, model.Forbidden, []string{"networkpolicies prod [DNS-03 NP-04]"}, "NP-03 major likely"},
		"policies of the Service":   {model.Need{Kind: model.NetworkPolicies, Namespace: "shop"}, model.Forbidden, []string{"networkpolicies shop [NP-03]"}, "DNS-03 major likely, NP-04 major likely"},
		"stale policies are judged": {model.Need{Kind: model.NetworkPolicies, Namespace: "shop"}, model.Stale, []string{"networkpolicies shop [NP-03]"}, "DNS-03 major likely, NP-04 major likely, NP-03 major likely"},
		"Pods of the client":        {model.Need{Kind: model.Pods, Namespace: "prod"}, model.Forbidden, []string{"pods prod [PORT-17 DNS-01 DNS-03 NP-04 NP-03]"}, ""},
		"Pods of the Service":       {model.Need{Kind: model.Pods, Namespace: "shop"}, model.Forbidden, []string{"pods shop [DNS-03 NP-04 NP-03]"}, ""},
		"namespaces":                {model.Need{Kind: model.Namespaces}, model.Forbidden, nil, "DNS-03 major likely, NP-04 major likely, NP-03 major likely"},
	} {
		deny := policy("out", nil, policyTypes(networkingv1.PolicyTypeEgress))
		deny.Namespace = "prod"
		builder := model.NewBuilder(nil)
		for _, kind := range model.Kinds() {
			for _, namespace := range []string{"shop", "prod"} {
				builder.Cover(model.Need{Kind: kind, Namespace: namespaceFor(kind, namespace)}, model.Coverage{State: model.Live})
			}
		}
		builder.Put(objects...).Put(slicesFor(web, objects[1].(*corev1.Pod))[0]).Put(deny, policy("in", app, allowIn(nil, fromPods(app))))
		builder.Cover(test.gap, model.Coverage{State: test.state, Verb: "list"})
		report := Reaches(input(builder), keyOf(web), 0, ofProd)
		var got []string
		for _, unchecked := range report.Unchecked {
			got = append(got, fmt.Sprint(unchecked.Kind, " ", unchecked.Namespace, " ", unchecked.Check))
		}
		if !slices.Equal(got, test.want) || said(report.Findings) != test.found {
			t.Errorf("%s: unchecked %q, found %q", name, got, said(report.Findings))
		}
	}
}

func TestGapsOfAnAddressAreItsOwn(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	builder := model.NewBuilder(nil).Put(web).Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, model.Coverage{State: model.Forbidden}).
		Cover(model.Need{Kind: model.NetworkPolicies, Namespace: "shop"}, model.Coverage{State: model.Forbidden})
	report := Reaches(input(builder), keyOf(web), 0, Client{Address: netip.MustParseAddr("203.0.113.7")})
	var got []string
	for _, unchecked := range report.Unchecked {
		got = append(got, fmt.Sprint(unchecked.Kind, " ", unchecked.Namespace, " ", unchecked.Check))
	}
	if want := []string{"networkpolicies shop [NP-03]", "pods shop [NP-03]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGapsOfOneKindInTwoNamespaces(t *testing.T) {
	t.Parallel()
	web := service("web", labels{"app": "web"})
	builder := cluster(web)
	for _, namespace := range []string{"", "shop", "prod"} {
		builder.Cover(model.Need{Kind: model.NetworkPolicies, Namespace: namespace}, model.Coverage{State: model.Forbidden})
	}
	report := Reaches(input(builder), keyOf(web), 0, Client{Namespace: "prod"})
	if len(report.Unchecked) != 2 || report.Unchecked[0].Namespace != "prod" || report.Unchecked[1].Namespace != "shop" {
		t.Errorf("%+v", report.Unchecked)
	}
}

func TestReachesTellsItsGrounds(t *testing.T) {
	t.Parallel()
	app, front := labels{"app": "web"}, labels{"app": "front"}
	web := service("web", app)
	of := Client{Pod: model.Key{Namespace: "prod", Name: "client"}}
	prod := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "prod", Labels: labels{"team": "x"}}}
	other := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "test"}}
	young := policy("p", app, allowIn(nil, fromPods(front)))
	young.CreationTimestamp = ago(1e9)
	client := pod("client", front, inNamespace("prod"))
	finding := func(objects ...metav1.Object) Finding {
		report := Reaches(input(cluster(append(objects, web, pod("a", app), client)...)), keyOf(web), 0, of)
		if len(report.Findings) != 1 {
			t.Fatalf("%s", said(report.Findings))
		}
		return report.Findings[0]
	}
	if got := finding(prod, young); !got.Settling || !got.Since.Equal(young.CreationTimestamp.Time) {
		t.Errorf("%+v", got)
	}
	clientEvidence := func(finding Finding) (texts []string) {
		for _, evidence := range finding.Evidence {
			if evidence.Namespace == "prod" || evidence.Kind == "Namespace" {
				texts = append(texts, evidence.Kind+" "+evidence.Name+" "+evidence.Value)
			}
		}
		return texts
	}
	old := policy("p", app, allowIn(nil, fromPods(front)))
	if got := clientEvidence(finding(other, prod, old)); !slices.Equal(got, []string{"Pod client app=front", "Namespace prod team=x"}) {
		t.Errorf("%q", got)
	}
	if got := clientEvidence(finding(old)); !slices.Equal(got, []string{"Pod client app=front"}) {
		t.Errorf("a Namespace that is not read is evidence: %q", got)
	}
	// A label that the namespace lacks is a cause only where its value is the namespace's name.
	for label, want := range map[string]bool{"prod": true, "test": false} {
		got := finding(prod, policy("p", app, allowIn(nil, fromNamespaces(labels{"name": label}))))
		if (got.Cause != nil) != want {
			t.Errorf("name=%s: cause %+v", label, got.Cause)
		}
	}
	if got := finding(prod, policy("p", app, allowIn(nil, fromNamespaces(labels{"team": "prod"})))); got.Cause != nil {
		t.Errorf("it does carry the label: %+v", got.Cause)
	}
	outside := Client{Address: netip.MustParseAddr("203.0.113.7")}
	report := Reaches(input(cluster(web, pod("a", app), policy("p", app, allowIn(nil, fromNamespaces(labels{"name": ""}))))), keyOf(web), 0, outside)
	if len(report.Findings) != 1 || report.Findings[0].Cause != nil {
		t.Errorf("an address has no namespace: %+v", report.Findings)
	}
}

func TestClientOnHostNetwork(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	of := Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	elsewhere := func(p *corev1.Pod) { p.Spec.NodeName = "node-2" }
	denied := policy("p", app, allowIn(nil, fromPods(nil)))
	judged := func(change ...func(*corev1.Pod)) string {
		return said(Reaches(input(cluster(web, pod("a", app), pod("client", nil, change...), denied)), keyOf(web), 0, of).Findings)
	}
	if got := judged(onHostNetwork); got != "" {
		t.Errorf("of the Pod's own node: %s", got)
	}
	if got := judged(onHostNetwork, elsewhere); got != "NP-03 major possible" {
		t.Errorf("of another node: %s", got)
	}
	if got := judged(elsewhere); got != "" {
		t.Errorf("not on the host's network: %s", got)
	}
	onlyFront := policy("p", app, allowIn(nil, fromPods(labels{"app": "front"})))
	if got := said(Reaches(input(cluster(web, pod("a", app), pod("client", nil), onlyFront)), keyOf(web), 0, of).Findings); got != "NP-03 major likely" {
		t.Errorf("of the same node, not on its network: %s", got)
	}
}

func TestClientDNSByTheServersThemselves(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	of := Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	system := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", Labels: labels{"kubernetes.io/metadata.name": "kube-system"}}}
	server := pod("coredns", labels{"k8s-app": "kube-dns"}, inNamespace("kube-system"), containerPorts(
		corev1.ContainerPort{Name: "dns", ContainerPort: 1053, Protocol: corev1.ProtocolUDP}, corev1.ContainerPort{Name: "dns-tcp", ContainerPort: 1053}, corev1.ContainerPort{Name: "metrics", ContainerPort: 9153},
	))
	udp, tcp, metrics := port(53, "dns"), port(53, "dns-tcp"), port(9153, "metrics")
	udp.Name, udp.Protocol, tcp.Name, metrics.Name = "dns", corev1.ProtocolUDP, "dns-tcp", "metrics"
	dns := service("kube-dns", server.Labels, ports(udp, tcp, metrics))
	dns.Namespace = "kube-system"
	slice := slicesFor(dns, server)[0]
	slice.Namespace = "kube-system"
	for i := range slice.Endpoints {
		slice.Endpoints[i].TargetRef.Namespace = "kube-system"
	}
	out := func(ports ...networkingv1.NetworkPolicyPort) *networkingv1.NetworkPolicy {
		return policy("out", nil, allowOut(ports, fromNamespaces(nil)), allowOut(nil, fromPods(nil)))
	}
	for name, test := range map[string]struct {
		policy *networkingv1.NetworkPolicy
		want   string
	}{
		"their own port":               {out(overProtocol(corev1.ProtocolUDP, 1053), overProtocol(corev1.ProtocolTCP, 1053)), ""},
		"the Service's port":           {out(overProtocol(corev1.ProtocolUDP, 53), overProtocol(corev1.ProtocolTCP, 53)), "DNS-03 major likely"},
		"UDP alone":                    {out(overProtocol(corev1.ProtocolUDP, 1053)), "DNS-03 info possible"},
		"TCP alone":                    {out(overProtocol(corev1.ProtocolTCP, 1053)), "DNS-03 major likely"},
		"another port of the servers'": {out(overProtocol(corev1.ProtocolUDP, 1053), overProtocol(corev1.ProtocolTCP, 9153)), "DNS-03 info possible"},
	} {
		in := input(cluster(web, pod("a", app), pod("client", nil), system, server, dns, slice, test.policy))
		if got := said(Reaches(in, keyOf(web), 0, of).Findings); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
