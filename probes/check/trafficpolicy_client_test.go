package check

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestParseClient(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a": "Pod shop/a", "prod/a.b": "Pod prod/a.b", "namespace:prod": "any Pod of namespace prod", "203.0.113.7": "203.0.113.7",
		"::ffff:203.0.113.7": "203.0.113.7", "fe80::1%eth0": "fe80::1",
		"pod/a": "Pod shop/a", "po/a": "Pod shop/a", "pods/a": "Pod shop/a", "ns/prod": "any Pod of namespace prod", "namespace/prod": "any Pod of namespace prod",
		"ns": "Pod shop/ns", "pod": "Pod shop/pod", "prod/pod": "Pod prod/pod",
	} {
		if got, err := ParseClient(text, "shop"); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "A", "a/b/c", "namespace:", "namespace:A", "/a", "a/", "a b", "a\x1b[31m", "pod/", "ns/", "pod/a/b", "ns/a/b"} {
		if got, err := ParseClient(text, "shop"); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestWhereTheClientIs(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	local := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){internallyLocal}, change...)...)
	}
	outside := service("web", app, nodePort, externallyLocal)
	ranges := served("1.2.3.4", func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} })
	here, client := pod("a", app), Client{Pod: model.Key{Namespace: "shop", Name: "client"}}
	elsewhere := Client{Address: netip.MustParseAddr("203.0.113.7")}
	pending := service("web", app, loadBalancer, func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} })
	cluster203 := node("node-3", func(n *corev1.Node) { n.Spec.PodCIDRs = []string{"no range", "203.0.113.0/24"} })
	addressed := func(own string) *corev1.Node {
		return node("node-4", func(n *corev1.Node) {
			n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: "node-4"}, {Type: corev1.NodeInternalIP, Address: own}}
			n.Spec.PodCIDRs = []string{"", "10.244.4.0/24"}
		})
	}
	isNode, otherNode := addressed("203.0.113.7"), addressed("203.0.113.8")
	for name, test := range map[string]struct {
		objects objects
		client  Client
		want    string
		says    string
	}{
		"no Pod on its node":               {objects{local(), here, pod("client", nil, onNode("node-2"))}, client, "TP-02 major proven", "runs on its node node-2"},
		"a Pod on its node":                {objects{local(), here, pod("client", nil)}, client, "", ""},
		"a Pod on its node, not Ready":     {objects{local(), here, pod("b", app, onNode("node-2"), notReady), pod("client", nil, onNode("node-2"))}, client, "TP-02 major proven", "runs on its node node-2"},
		"nothing is usable anywhere":       {objects{local(), pod("a", app, notReady), pod("client", nil, onNode("node-2"))}, client, "", ""},
		"policy Cluster":                   {objects{service("web", app), here, pod("client", nil, onNode("node-2"))}, client, "", ""},
		"headless":                         {objects{local(headless, ports(port(8080, 8080))), here, pod("client", nil, onNode("node-2"))}, client, "", ""},
		"a client that is on no node":      {objects{local(), here, pod("client", nil, onNode(""))}, client, "", ""},
		"a client that is not there":       {objects{local(), here}, client, "", ""},
		"a namespace":                      {objects{local(), here, pod("client", nil, onNode("node-2"))}, Client{Namespace: "shop"}, "", ""},
		"outside, by some nodes":           {objects{outside, here}, elsewhere, "TP-01 info proven", "the node port of node-1, and by no other"},
		"outside, by all nodes":            {objects{outside, here, pod("b", app, onNode("node-2"))}, elsewhere, "", ""},
		"inside, by some nodes":            {objects{outside, here, pod("client", nil, onNode("node-2"))}, client, "", ""},
		"out of the ranges":                {objects{ranges, here}, elsewhere, "LB-07 major proven", "203.0.113.7 is in none"},
		"in the ranges":                    {objects{ranges, here}, Client{Address: netip.MustParseAddr("192.0.2.9")}, "", ""},
		"the load balancer has no address": {objects{pending, here}, elsewhere, "", ""},
		"an address of a node's Pods":      {objects{ranges, here, cluster203}, elsewhere, "", ""},
		"a node's address":                 {objects{ranges, here, isNode}, elsewhere, "", ""},
		"beside a node's address":          {objects{ranges, here, otherNode}, elsewhere, "LB-07 major proven", "203.0.113.7 is in none"},
		"an address of Pods, as IPv6":      {objects{ranges, here, cluster203}, Client{Address: netip.MustParseAddr("::ffff:203.0.113.7")}, "", ""},
		"a Pod is not kept out by them":    {objects{ranges, here, pod("client", nil)}, client, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(cluster(append(test.objects, twoNodes()...)...))
			got := Reaches(in, model.Key{Namespace: "shop", Name: "web"}, 0, test.client).Findings
			said := ""
			if len(got) > 0 {
				said = strings.Join([]string{got[0].ID, got[0].Severity.String(), got[0].Confidence.String()}, " ")
			}
			if said != test.want || len(got) > 1 || test.says != "" && !strings.Contains(got[0].Title, test.says) {
				t.Errorf("got %q, want %q: %+v", said, test.want, got)
			}
		})
	}
}

func TestAClientsAddressMayBeAPods(t *testing.T) {
	t.Parallel()
	address := Client{Address: netip.MustParseAddr("10.9.9.9")}
	has := func(p *corev1.Pod) {
		p.Status.PodIP, p.Status.PodIPs = "10.8.8.8", []corev1.PodIP{{IP: "10.8.8.8"}, {IP: "10.9.9.9"}}
	}
	ended := func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }
	mapped := func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "::ffff:10.9.9.9", nil }
	unknown := func(p *corev1.Pod) {
		p.Status.PodIP, p.Status.PodIPs = "", []corev1.PodIP{{IP: "10.9.9.9.9"}, {IP: ""}}
	}
	isPod := Client{Pod: model.Key{Namespace: "shop", Name: "a"}}
	for name, test := range map[string]struct {
		pod  *corev1.Pod
		want Client
	}{
		"its own":               {pod("a", nil, has), isPod},
		"another's":             {pod("a", nil), address},
		"its own, as IPv6":      {pod("a", nil, mapped), isPod},
		"no address":            {pod("a", nil, unknown), address},
		"on the host's network": {pod("a", nil, has, onHostNetwork), address},
		"that has ended":        {pod("a", nil, has, ended), address},
	} {
		if got := address.In(input(cluster(test.pod)).Snapshot); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		asIPv6 := Client{Address: netip.MustParseAddr("::ffff:10.9.9.9")}
		if got := asIPv6.In(input(cluster(test.pod)).Snapshot); got != test.want && got != asIPv6 || (got == asIPv6) != (test.want == address) {
			t.Errorf("%s, asked as IPv6: %v, want %v", name, got, test.want)
		}
	}
	for _, client := range []Client{{}, {Namespace: "shop"}, {Pod: model.Key{Namespace: "shop", Name: "b"}}} {
		if got := client.In(input(cluster(pod("a", nil, unknown))).Snapshot); got != client {
			t.Errorf("%v is %v", client, got)
		}
	}
}

// An address of the cluster whose Pod cannot be read is not judged as one from outside.
func TestAnAddressOfPodsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := served("1.2.3.4", func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} })
	inside := node("n", func(n *corev1.Node) {
		n.Spec.PodCIDRs = []string{"203.0.113.0/24"}
		n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: "n"}}
	})
	onlyFront := policy("p", app, allowIn(nil, fromPods(labels{"app": "front"})))
	client := Client{Address: netip.MustParseAddr("203.0.113.7")}
	for _, forbidden := range []bool{false, true} {
		builder := cluster(web, pod("a", app), inside, onlyFront)
		if forbidden {
			builder.Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Forbidden})
			builder.Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, model.Coverage{State: model.Live})
		}
		report := Reaches(input(builder), keyOf(web), 0, client)
		if len(report.Findings) != 0 || len(report.Unchecked) > 0 != forbidden || report.NoWayIn {
			t.Errorf("Pods forbidden %v: %+v", forbidden, report)
		}
		// A Pod is told by its name, and is not looked for by an address.
		report = Reaches(input(builder.Put(pod("client", labels{"app": "front"}))), keyOf(web), 0, Client{Pod: model.Key{Namespace: "shop", Name: "client"}})
		if len(report.Findings)+len(report.Unchecked) != 0 {
			t.Errorf("Pods forbidden %v, for a Pod: %+v", forbidden, report)
		}
	}
}

func TestNoWayIn(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	host := node("node-1", func(n *corev1.Node) {
		n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.0.2.4"}}
	})
	outside, within := Client{Address: netip.MustParseAddr("203.0.113.7")}, Client{Pod: model.Key{Namespace: "shop", Name: "a"}}
	for name, test := range map[string]struct {
		service *corev1.Service
		client  Client
		want    bool
	}{
		"ClusterIP":                    {service("web", app), outside, true},
		"ClusterIP, for a Pod":         {service("web", app), within, false},
		"external IPs":                 {service("web", app, func(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{"192.0.2.7"} }), outside, false},
		"NodePort":                     {service("web", app, nodePort), outside, false},
		"load balancer":                {served("1.2.3.4"), outside, false},
		"no node ports":                {served("1.2.3.4", func(svc *corev1.Service) { svc.Spec.Ports[0].NodePort = 0 }), outside, false},
		"ClusterIP, for a node":        {service("web", app), Client{Address: netip.MustParseAddr("192.0.2.4")}, false},
		"load balancer, pending":       {service("web", app, loadBalancer), outside, true},
		"pending, with an external IP": {service("web", app, loadBalancer, func(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{"192.0.2.7"} }), outside, false},
		"pending, with a node port":    {service("web", app, loadBalancer, func(svc *corev1.Service) { svc.Spec.Ports[0].NodePort = 30080 }), outside, false},
		"ExternalName":                 {service("web", nil, externalName("db.example.com")), outside, false},
	} {
		if got := Reaches(input(cluster(test.service, pod("a", app), host)), keyOf(test.service), 0, test.client).NoWayIn; got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReportForAClient(t *testing.T) {
	t.Parallel()
	finding := func(id string, severity Severity, confidence Confidence) Finding {
		return Finding{ID: id, Severity: severity, Confidence: confidence, Step: StepIsolation}
	}
	red, amber, advice := finding("RED", Major, Proven), finding("AMBER", Major, Likely), finding("ADV-01", Info, Proven)
	unchecked := Unchecked{Kind: model.Pods}
	for name, test := range map[string]struct {
		everybody, client []Finding
		verdict, want     Verdict
		order             string
	}{
		"nothing":                       {[]Finding{amber}, nil, Warn, Warn, "AMBER"},
		"red after what is red for all": {[]Finding{red, amber}, []Finding{finding("MINE", Major, Proven)}, Fail, Fail, "RED MINE AMBER"},
		"red before what is likely":     {[]Finding{amber, advice}, []Finding{finding("MINE", Major, Probed)}, Warn, Fail, "MINE AMBER ADV-01"},
		"likely, where all was well":    {[]Finding{advice}, []Finding{finding("MINE", Major, Likely)}, OK, Warn, "MINE ADV-01"},
		"a remark":                      {nil, []Finding{finding("MINE", Info, Proven)}, OK, OK, "MINE"},
		"a remark, before advice":       {[]Finding{amber, finding("POD-06", Info, Proven), advice}, []Finding{finding("MINE", Info, Proven)}, Warn, Warn, "AMBER POD-06 MINE ADV-01"},
	} {
		// With room for more, as the list of findings may have.
		report := &Report{Verdict: test.verdict, Findings: append(make([]Finding, 0, 8), test.everybody...)}
		made := report.For(ClientReport{Findings: test.client})
		var ids []string
		for i := range made.Findings {
			ids = append(ids, made.Findings[i].ID)
		}
		if got := strings.Join(ids, " "); got != test.order || made.Verdict != test.want || (made == report) != (len(test.client) == 0) {
			t.Errorf("%s: %s, %s", name, got, made.Verdict)
		}
		for i := range test.everybody {
			if len(report.Findings) != len(test.everybody) || report.Findings[i].ID != test.everybody[i].ID {
				t.Errorf("%s: the report was changed: %s", name, said(report.Findings))
			}
		}
		if len(test.client) > 0 && made.Steps[StepIsolation].Mark != findingMark(&test.client[0]) {
			t.Errorf("%s: the step is marked %v", name, made.Steps[StepIsolation].Mark)
		}
	}
	report := &Report{Unchecked: []Unchecked{{Kind: model.Nodes}}}
	if got := report.For(ClientReport{Unchecked: []Unchecked{unchecked}}).Unchecked; len(got) != 2 || got[1].Kind != model.Pods || len(report.Unchecked) != 1 {
		t.Errorf("unchecked: %+v", got)
	}
}
