package check

import (
	"maps"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/svctui/svctui/kube/model"
)

// policy is a NetworkPolicy of namespace shop, made an hour ago.
func policy(name string, podSelector labels, change ...func(*networkingv1.NetworkPolicy)) *networkingv1.NetworkPolicy {
	made := &networkingv1.NetworkPolicy{ObjectMeta: meta(name, nil), Spec: networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: podSelector}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
	}}
	for _, change := range change {
		change(made)
	}
	return made
}

func policyTypes(types ...networkingv1.PolicyType) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) { p.Spec.PolicyTypes = types }
}

// allowIn adds a rule for Ingress.
func allowIn(ports []networkingv1.NetworkPolicyPort, from ...networkingv1.NetworkPolicyPeer) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{Ports: ports, From: from})
	}
}

// allowOut adds a rule for Egress, and makes the policy one of Egress alone.
func allowOut(ports []networkingv1.NetworkPolicyPort, to ...networkingv1.NetworkPolicyPeer) func(*networkingv1.NetworkPolicy) {
	return func(p *networkingv1.NetworkPolicy) {
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{Ports: ports, To: to})
	}
}

// policyPorts are of TCP by default, numbers or names.
func policyPorts(wanted ...any) []networkingv1.NetworkPolicyPort {
	var made []networkingv1.NetworkPolicyPort
	for _, one := range wanted {
		switch one := one.(type) {
		case int:
			made = append(made, networkingv1.NetworkPolicyPort{Port: new(intstr.FromInt32(int32(one)))})
		case string:
			made = append(made, networkingv1.NetworkPolicyPort{Port: new(intstr.FromString(one))})
		case networkingv1.NetworkPolicyPort:
			made = append(made, one)
		}
	}
	return made
}

func portRange(from, to int32) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Port: new(intstr.FromInt32(from)), EndPort: &to}
}

func overProtocol(protocol corev1.Protocol, number int32) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: new(intstr.FromInt32(number))}
}

func fromPods(selector labels) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: selector}}
}

func fromNamespaces(selector labels) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: selector}}
}

func fromBoth(namespaces, pods labels) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: namespaces}, PodSelector: &metav1.LabelSelector{MatchLabels: pods},
	}
}

func fromBlock(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
}

func TestPolicyAffects(t *testing.T) {
	t.Parallel()
	in, out := networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress
	egressRule := []networkingv1.NetworkPolicyEgressRule{{}}
	for name, test := range map[string]struct {
		spec    networkingv1.NetworkPolicySpec
		in, out bool
	}{
		"nothing said is Ingress":               {networkingv1.NetworkPolicySpec{}, true, false},
		"egress rules make it both":             {networkingv1.NetworkPolicySpec{Egress: egressRule}, true, true},
		"an empty list of egress rules is none": {networkingv1.NetworkPolicySpec{Egress: []networkingv1.NetworkPolicyEgressRule{}}, true, false},
		"Egress alone":                          {networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{out}}, false, true},
		"Ingress alone, in spite of the rules":  {networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{in}, Egress: egressRule}, true, false},
		"both":                                  {networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{in, out}}, true, true},
	} {
		p := &networkingv1.NetworkPolicy{Spec: test.spec}
		if got := policyAffects(p, in); got != test.in {
			t.Errorf("%s: Ingress %v", name, got)
		}
		if got := policyAffects(p, out); got != test.out {
			t.Errorf("%s: Egress %v", name, got)
		}
	}
}

func TestPolicyPorts(t *testing.T) {
	t.Parallel()
	spec := pod("a", nil, containerPorts(
		corev1.ContainerPort{Name: "http", ContainerPort: 8080}, corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP},
	)).Spec
	tcp := func(number int32) destination { return destination{corev1.ProtocolTCP, number, &spec} }
	udp := func(number int32) destination { return destination{corev1.ProtocolUDP, number, &spec} }
	everyUDP := networkingv1.NetworkPolicyPort{Protocol: new(corev1.ProtocolUDP)}
	for name, test := range map[string]struct {
		ports []networkingv1.NetworkPolicyPort
		to    destination
		want  bool
	}{
		"none is all":                        {nil, udp(53), true},
		"an empty list is all":               {policyPorts(), tcp(8080), true},
		"the number":                         {policyPorts(8080), tcp(8080), true},
		"another number":                     {policyPorts(80), tcp(8080), false},
		"one of several":                     {policyPorts(80, 8080), tcp(8080), true},
		"no protocol is TCP":                 {policyPorts(53), udp(53), false},
		"the protocol":                       {policyPorts(overProtocol(corev1.ProtocolUDP, 53)), udp(53), true},
		"an empty protocol is TCP too":       {policyPorts(overProtocol("", 8080)), tcp(8080), true},
		"every port of a protocol":           {policyPorts(everyUDP), udp(9), true},
		"every port of another protocol":     {policyPorts(everyUDP), tcp(9), false},
		"a name":                             {policyPorts("http"), tcp(8080), true},
		"a name of another port":             {policyPorts("http"), tcp(80), false},
		"a name of another protocol":         {policyPorts("dns"), tcp(53), false},
		"a name nobody has":                  {policyPorts("web"), tcp(8080), false},
		"a name, and no Pod":                 {policyPorts("http"), destination{corev1.ProtocolTCP, 8080, nil}, false},
		"a range's first":                    {policyPorts(portRange(8080, 8090)), tcp(8080), true},
		"a range's last":                     {policyPorts(portRange(8000, 8080)), tcp(8080), true},
		"below a range":                      {policyPorts(portRange(8081, 8090)), tcp(8080), false},
		"above a range":                      {policyPorts(portRange(8000, 8079)), tcp(8080), false},
		"a range of one":                     {policyPorts(portRange(8080, 8080)), tcp(8080), true},
		"an empty protocol of the Service's": {policyPorts(8080), destination{"", 8080, &spec}, true},
	} {
		rule := policyRule{ports: test.ports}
		if got := rule.namesPort(test.to); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestPolicyPeers follows the cases of upstream's e2e tests of NetworkPolicy (test/e2e/network/netpol).
func TestPolicyPeers(t *testing.T) {
	t.Parallel()
	prod := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "prod", Labels: labels{"env": "prod", "kubernetes.io/metadata.name": "prod"}}}
	known := cluster(prod, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: labels{"kubernetes.io/metadata.name": "shop"}}}).Build(now)
	unread := model.NewBuilder(nil).Build(now)
	client := func(namespace string, own labels, ips ...string) *corev1.Pod {
		p := pod("client", own)
		p.Namespace = namespace
		p.Status.PodIP, p.Status.PodIPs = "", nil
		for _, ip := range ips {
			p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: ip})
		}
		return p
	}
	app := labels{"app": "front"}
	inProd := podPeer(known, client("prod", app, "10.1.2.3", "fd00::3"))
	inShop := podPeer(known, client("shop", app, "10.1.2.4"))
	unlabelled := podPeer(known, client("shop", nil, "10.1.2.5"))
	blind := podPeer(unread, client("prod", app, "10.1.2.3"))
	noAddress := podPeer(known, client("shop", app))
	noAddress2 := client("shop", app, "odd")
	oldAddress := client("shop", app)
	oldAddress.Status.PodIP = "10.9.9.9"
	host := podPeer(known, client("shop", app, "192.168.0.1"))
	hostPod := client("shop", app, "192.168.0.1")
	hostPod.Spec.HostNetwork = true
	onHost := podPeer(known, hostPod)
	anyOfProd, anyUnread := namespacePeer(known, "prod"), namespacePeer(unread, "prod")
	outside := addressPeer(netip.MustParseAddr("::ffff:203.0.113.7"))
	type peers = []networkingv1.NetworkPolicyPeer
	expressions := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"front"}}}}}
	for name, test := range map[string]struct {
		peers peers
		from  peer
		want  answer
	}{
		"no peers are all":                            {nil, outside, answerYes},
		"an empty list is all":                        {peers{}, inProd, answerYes},
		"a Pod of the policy's namespace":             {peers{fromPods(app)}, inShop, answerYes},
		"other labels":                                {peers{fromPods(app)}, unlabelled, answerNo},
		"a Pod selector is about its own namespace":   {peers{fromPods(app)}, inProd, answerNo},
		"an empty Pod selector is the namespace":      {peers{fromPods(nil)}, unlabelled, answerYes},
		"an empty Pod selector is only the namespace": {peers{fromPods(nil)}, inProd, answerNo},
		"an empty namespace selector is all Pods":     {peers{fromNamespaces(nil)}, unlabelled, answerYes},
		"and none outside":                            {peers{fromNamespaces(nil)}, outside, answerNo},
		"a namespace":                                 {peers{fromNamespaces(labels{"env": "prod"})}, inProd, answerYes},
		"another namespace":                           {peers{fromNamespaces(labels{"env": "prod"})}, inShop, answerNo},
		"both":                                        {peers{fromBoth(labels{"env": "prod"}, app)}, inProd, answerYes},
		"both, and not the namespace":                 {peers{fromBoth(labels{"env": "prod"}, app)}, inShop, answerNo},
		"both, and not the Pod":                       {peers{fromBoth(labels{"env": "prod"}, labels{"app": "back"})}, inProd, answerNo},
		"either":                                      {peers{fromNamespaces(labels{"env": "prod"}), fromPods(app)}, inShop, answerYes},
		"expressions":                                 {peers{expressions}, unlabelled, answerYes},
		"expressions that do not hold":                {peers{expressions}, inShop, answerNo},
		"neither selector nor block":                  {peers{{}}, inShop, answerNo},
		"a block":                                     {peers{fromBlock("203.0.113.0/24")}, outside, answerYes},
		"outside of the block":                        {peers{fromBlock("198.51.100.0/24")}, outside, answerNo},
		"an exception":                                {peers{fromBlock("203.0.113.0/24", "203.0.113.8/32", "203.0.113.4/30")}, outside, answerNo},
		"beside the exception":                        {peers{fromBlock("203.0.113.0/24", "203.0.113.8/32")}, outside, answerYes},
		"a block with the Pod's address":              {peers{fromBlock("10.1.2.0/24")}, inShop, answerYes},
		"a block with the Pod's second address":       {peers{fromBlock("fd00::/64")}, inProd, answerYes},
		"a block that is none":                        {peers{fromBlock("10.1.2.4")}, inShop, answerNo},
		"a Pod whose address is not known":            {peers{fromBlock("10.0.0.0/8")}, noAddress, answerMaybe},
		"a Pod whose address is none":                 {peers{fromBlock("10.0.0.0/8")}, podPeer(known, noAddress2), answerMaybe},
		"a Pod with one address":                      {peers{fromBlock("10.9.9.9/32")}, podPeer(known, oldAddress), answerYes},
		"and another block":                           {peers{fromBlock("10.9.9.8/32")}, podPeer(known, oldAddress), answerNo},
		"a Pod selector is not about addresses":       {peers{fromPods(nil)}, outside, answerNo},
		"on the host's network":                       {peers{fromPods(nil), fromNamespaces(nil)}, onHost, answerNo},
		"the same, not on the host's":                 {peers{fromPods(nil), fromNamespaces(nil)}, host, answerYes},
		"the host's address":                          {peers{fromBlock("192.168.0.0/24")}, onHost, answerYes},
		"any Pod of a namespace, by the namespace":    {peers{fromNamespaces(labels{"env": "prod"})}, anyOfProd, answerYes},
		"any Pod of a namespace, by its labels":       {peers{fromBoth(labels{"env": "prod"}, app)}, anyOfProd, answerMaybe},
		"any Pod of another namespace":                {peers{fromBoth(labels{"env": "test"}, app)}, anyOfProd, answerNo},
		"any Pod of a namespace, by address":          {peers{fromBlock("10.0.0.0/8")}, anyOfProd, answerMaybe},
		"a namespace whose labels are not read":       {peers{fromNamespaces(labels{"env": "prod"})}, anyUnread, answerMaybe},
		"its name is a label all the same":            {peers{fromNamespaces(labels{"kubernetes.io/metadata.name": "prod"})}, blind, answerYes},
		"and of another name it is not":               {peers{fromNamespaces(labels{"kubernetes.io/metadata.name": "shop", "env": "prod"})}, blind, answerNo},
	} {
		rule := policyRule{policy: policy("p", nil), peers: test.peers}
		if got := rule.admitsPeer(test.from); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestFence(t *testing.T) {
	t.Parallel()
	web := pod("web", labels{"app": "web"})
	to := destination{corev1.ProtocolTCP, 8080, &web.Spec}
	front := peer{namespace: "shop", podLabels: knownLabels{set: labels{"app": "front"}}}
	in := networkingv1.PolicyTypeIngress
	onHost := pod("host", labels{"app": "web"})
	onHost.Spec.HostNetwork = true
	all := func(policies ...*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy { return policies }
	for name, test := range map[string]struct {
		policies []*networkingv1.NetworkPolicy
		pod      *corev1.Pod
		isolates bool
		anybody  bool
		front    answer
	}{
		"no policy":                      {nil, web, false, true, answerYes},
		"a policy of other Pods":         {all(policy("p", labels{"app": "db"})), web, false, true, answerYes},
		"a policy of the way out":        {all(policy("p", nil, policyTypes(networkingv1.PolicyTypeEgress))), web, false, true, answerYes},
		"a policy without rules":         {all(policy("p", labels{"app": "web"})), web, true, false, answerNo},
		"on the host's network":          {all(policy("p", nil)), onHost, false, true, answerYes},
		"an empty rule admits all":       {all(policy("p", nil, allowIn(nil))), web, true, true, answerYes},
		"rules of policies are added":    {all(policy("deny", nil), policy("p", labels{"app": "web"}, allowIn(policyPorts(8080), fromPods(labels{"app": "front"})))), web, true, true, answerYes},
		"somebody else is admitted":      {all(policy("p", nil, allowIn(policyPorts(8080), fromPods(labels{"app": "back"})))), web, true, true, answerNo},
		"another port is admitted":       {all(policy("p", nil, allowIn(policyPorts(80)))), web, true, false, answerNo},
		"port and peer of one rule":      {all(policy("p", nil, allowIn(policyPorts(80), fromPods(labels{"app": "front"})), allowIn(policyPorts(8080), fromPods(labels{"app": "back"})))), web, true, true, answerNo},
		"a rule of Egress admits no-one": {all(policy("p", nil, allowOut(nil), policyTypes(in))), web, true, false, answerNo},
	} {
		made := fenceOf(test.policies, in, test.pod)
		if made.isolates() != test.isolates || made.admitsPort(to) != test.anybody || made.admits(to, front) != test.front {
			t.Errorf("%s: isolates %v, admits anybody %v, the client %d", name, made.isolates(), made.admitsPort(to), made.admits(to, front))
		}
	}
	// Of any Pod of a namespace only the policies of all Pods are sure.
	some := knownLabels{partly: true}
	perhaps := fenceFor(all(policy("p", labels{"app": "web"}, allowIn(policyPorts(8080)))), in, some)
	if perhaps.isolates() {
		t.Error("a policy of some Pods isolates any Pod")
	}
	deny := fenceFor(all(policy("deny", nil), policy("p", labels{"app": "web"}, allowIn(policyPorts(8080), fromPods(labels{"app": "front"})))), in, some)
	if got := deny.admits(to, front); got != answerMaybe {
		t.Errorf("a policy of some Pods admits: %d", got)
	}
	if got := deny.admits(destination{corev1.ProtocolTCP, 80, nil}, front); got != answerNo {
		t.Errorf("no policy admits port 80: %d", got)
	}
	sureOf := fenceFor(all(policy("all", nil, allowIn(policyPorts(8080), fromPods(labels{"app": "front"}))), policy("p", labels{"app": "web"}, allowIn(nil))), in, some)
	if got := sureOf.admits(to, front); got != answerYes {
		t.Errorf("what a policy of all Pods admits is sure: %d", got)
	}
	if got := deny.admits(to, peer{namespace: "shop"}); got != answerNo {
		t.Errorf("no policy admits another: %d", got)
	}
}

func anyLabels(keys, values []string) *rapid.Generator[map[string]string] {
	return rapid.MapOfN(rapid.SampledFrom(keys), rapid.SampledFrom(values), 0, 3)
}

func anySelector(keys, values []string) *rapid.Generator[*metav1.LabelSelector] {
	return rapid.Custom(func(t *rapid.T) *metav1.LabelSelector {
		selector := &metav1.LabelSelector{MatchLabels: anyLabels(keys, values).Draw(t, "matchLabels")}
		for range rapid.IntRange(0, 2).Draw(t, "expressions") {
			requirement := metav1.LabelSelectorRequirement{
				Key:      rapid.SampledFrom(keys).Draw(t, "key"),
				Operator: rapid.SampledFrom([]metav1.LabelSelectorOperator{"In", "NotIn", "Exists", "DoesNotExist"}).Draw(t, "operator"),
			}
			if requirement.Operator == "In" || requirement.Operator == "NotIn" {
				requirement.Values = rapid.SliceOfN(rapid.SampledFrom(values), 1, 2).Draw(t, "values")
			}
			selector.MatchExpressions = append(selector.MatchExpressions, requirement)
		}
		return selector
	})
}

// TestSelectorMatchesAsUpstream holds selectorMatches against the API machinery's own reading of label selectors, and that what is said
// of labels which are known in part holds however the rest turns out.
func TestSelectorMatchesAsUpstream(t *testing.T) {
	t.Parallel()
	keys, values := []string{"app", "env", "tier"}, []string{"", "a", "b"}
	rapid.Check(t, func(t *rapid.T) {
		selector := anySelector(keys, values).Draw(t, "selector")
		set := anyLabels(keys, values).Draw(t, "labels")
		upstream, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		want := upstream.Matches(k8slabels.Set(set))
		if got := selectorMatches(selector, knownLabels{set: set}); got != sure(want) {
			t.Fatalf("%d, want %v", got, want)
		}
		part := maps.Clone(set)
		maps.DeleteFunc(part, func(key, _ string) bool { return rapid.Bool().Draw(t, "hide "+key) })
		if got := selectorMatches(selector, knownLabels{set: part, partly: true}); got != answerMaybe && got != sure(want) {
			t.Fatalf("in part %d, whole %v", got, want)
		}
	})
	for operator, want := range map[metav1.LabelSelectorOperator][4]answer{
		// With the value that is listed, with another, without the label, and where it is not known whether there is one.
		"In": {answerYes, answerNo, answerNo, answerMaybe}, "NotIn": {answerNo, answerYes, answerYes, answerMaybe},
		"Exists": {answerYes, answerYes, answerNo, answerMaybe}, "DoesNotExist": {answerNo, answerNo, answerYes, answerMaybe},
	} {
		selector := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: operator, Values: []string{"web"}}}}
		for i, known := range []knownLabels{{set: labels{"app": "web"}, partly: true}, {set: labels{"app": "db"}, partly: true}, {}, {partly: true}} {
			if got := selectorMatches(selector, known); got != want[i] {
				t.Errorf("%s of %+v: %d, want %d", operator, known, got, want[i])
			}
		}
	}
	odd := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Odd"}}}
	if selectorMatches(odd, knownLabels{set: labels{"app": "web"}}) != answerNo {
		t.Error("an operator that the API does not have selects")
	}
}

// TestPoliciesOnlyAdd holds what NetworkPolicies promise: a further policy may isolate, but among Pods that are isolated already a rule
// more never shuts anybody out.
func TestPoliciesOnlyAdd(t *testing.T) {
	t.Parallel()
	keys, values := []string{"app", "env"}, []string{"a", "b"}
	anyPolicy := rapid.Custom(func(t *rapid.T) *networkingv1.NetworkPolicy {
		made := policy("p", nil)
		made.Spec.PodSelector = *anySelector(keys, values).Draw(t, "podSelector")
		for range rapid.IntRange(0, 2).Draw(t, "rules") {
			var from []networkingv1.NetworkPolicyPeer
			for range rapid.IntRange(0, 2).Draw(t, "peers") {
				from = append(from, networkingv1.NetworkPolicyPeer{PodSelector: anySelector(keys, values).Draw(t, "from")})
			}
			allowIn(policyPorts(rapid.SampledFrom([]any{80, 8080, "http", portRange(8000, 8100)}).Draw(t, "port")), from...)(made)
		}
		return made
	})
	rapid.Check(t, func(t *rapid.T) {
		policies := rapid.SliceOfN(anyPolicy, 1, 4).Draw(t, "policies")
		web := pod("web", anyLabels(keys, values).Draw(t, "labels"))
		to := destination{corev1.ProtocolTCP, 8080, &web.Spec}
		client := peer{namespace: "shop", podLabels: knownLabels{set: anyLabels(keys, values).Draw(t, "client")}}
		before := fenceOf(policies[1:], networkingv1.PolicyTypeIngress, web)
		after := fenceOf(policies, networkingv1.PolicyTypeIngress, web)
		switch {
		case before.isolates() && !after.isolates():
			t.Fatal("a policy more isolates less")
		case before.isolates() && before.admits(to, client) > after.admits(to, client):
			t.Fatal("a policy more admits less")
		case after.admits(to, client) == answerYes && !after.admitsPort(to):
			t.Fatal("admits the client, and nobody")
		case !after.isolates() && after.admits(to, client) != answerYes:
			t.Fatal("not isolated, and not admitted")
		}
	})
}
