package check

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// served is a LoadBalancer with an address, or a name.
func served(address string, change ...func(*corev1.Service)) *corev1.Service {
	return service("web", labels{"app": "web"}, append([]func(*corev1.Service){loadBalancer, func(svc *corev1.Service) {
		ingress := corev1.LoadBalancerIngress{IP: address}
		if _, err := netip.ParseAddr(address); err != nil {
			ingress = corev1.LoadBalancerIngress{Hostname: address}
		}
		svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{ingress}
		for i := range svc.Spec.Ports {
			svc.Spec.Ports[i].NodePort = 30080 + int32(i)
		}
	}}, change...)...)
}

func annotated(pairs ...string) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		svc.Annotations = labels{}
		for i := 0; i < len(pairs); i += 2 {
			svc.Annotations[pairs[i]] = pairs[i+1]
		}
	}
}

func node(name string, change ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: meta(name, nil), Status: corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
	}}
	n.Namespace = ""
	for _, change := range change {
		change(n)
	}
	return n
}

func nodeLabel(key, value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Labels = labels{key: value} }
}

func providerID(id string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.ProviderID = id }
}

func taint(key string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: key, Effect: effect}} }
}

// finding returns the first finding of an ID, or nil.
func (r *Report) finding(id string) *Finding {
	for i := range r.Findings {
		if r.Findings[i].ID == id {
			return &r.Findings[i]
		}
	}
	return nil
}

// graded is how a finding is expected: "major proven", or empty for not at all.
func graded(report *Report, id string) string {
	finding := report.finding(id)
	if finding == nil {
		return ""
	}
	return finding.Severity.String() + " " + finding.Confidence.String()
}

func udp(number int32) corev1.ServicePort {
	p := port(number, int(number))
	p.Name, p.Protocol = "udp", corev1.ProtocolUDP
	return p
}

func portsError(status metav1.ConditionStatus, reason string) func(*corev1.Service) {
	return func(svc *corev1.Service) {
		svc.Status.Conditions = []metav1.Condition{{Type: corev1.LoadBalancerPortsError, Status: status, Reason: reason, Message: "mixed protocol"}}
	}
}

func TestLoadBalancerPortsThatAreNotServed(t *testing.T) {
	t.Parallel()
	both := ports(port(80, 8080), udp(80))
	portError := func(text string) func(*corev1.Service) {
		return func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress[0].Ports = []corev1.PortStatus{{Port: 80, Protocol: corev1.ProtocolTCP}, {Port: 443, Error: &text}}
		}
	}
	for name, test := range map[string]struct {
		service *corev1.Service
		want    string
		short   string
	}{
		"two protocols, and it says so":   {served("1.2.3.4", both, portsError(metav1.ConditionTrue, mixedProtocols)), "major proven", "load balancer: not TCP and UDP in one"},
		"another reason":                  {served("1.2.3.4", portsError(metav1.ConditionTrue, "Odd")), "major proven", "load balancer serves not all ports"},
		"the condition is false":          {served("1.2.3.4", both, portsError(metav1.ConditionFalse, mixedProtocols)), "", ""},
		"left over: one protocol by now":  {served("1.2.3.4", portsError(metav1.ConditionTrue, mixedProtocols)), "", ""},
		"an error of one port":            {served("1.2.3.4", portError("PortInUse")), "major proven", "load balancer: port 443: PortInUse"},
		"an empty error":                  {served("1.2.3.4", portError("")), "", ""},
		"a port's error, left over":       {served("1.2.3.4", portError(mixedProtocols)), "", ""},
		"two protocols, and nothing said": {served("1.2.3.4", both), "", ""},
		"no LoadBalancer": {served("1.2.3.4", both, portsError(metav1.ConditionTrue, mixedProtocols), func(svc *corev1.Service) {
			svc.Spec.Type = corev1.ServiceTypeNodePort
		}), "", ""},
	} {
		report := judge(t, "web", test.service, pod("a", labels{"app": "web"}))
		record(t, name, report)
		if got := graded(report, "LB-04"); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
		if finding := report.finding("LB-04"); finding != nil && (finding.Short != test.short || len(finding.Evidence) == 0 || finding.Fix == nil) {
			t.Errorf("%s: %+v", name, finding)
		}
	}
	young := served("1.2.3.4", both, portsError(metav1.ConditionTrue, mixedProtocols))
	young.CreationTimestamp = ago(5 * time.Second)
	if finding := judge(t, "web", young, pod("a", labels{"app": "web"})).finding("LB-04"); finding == nil || !finding.Settling {
		t.Errorf("of five seconds: %+v", finding)
	}
}

func withoutNodePorts(svc *corev1.Service) {
	svc.Spec.AllocateLoadBalancerNodePorts = new(false)
	for i := range svc.Spec.Ports {
		svc.Spec.Ports[i].NodePort = 0
	}
}

func TestLoadBalancerThatNeedsNodePorts(t *testing.T) {
	t.Parallel()
	instance := annotated("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "instance")
	app := labels{"app": "web"}
	pending := service("web", app, loadBalancer, withoutNodePorts)
	said := event(pending, "Service", "Warning", "FailedBuildModel", "Failed build model due to instance target type with an unallocated NodePort", 5*time.Minute)
	for name, test := range map[string]struct {
		objects objects
		want    string
	}{
		"its controller says so":        {objects{pending, said}, "major proven"},
		"told to use instances":         {objects{served("x.elb.amazonaws.com", withoutNodePorts, instance)}, "major likely"},
		"MetalLB needs none":            {objects{served("10.0.0.1", withoutNodePorts)}, ""},
		"AWS, to Pods":                  {objects{served("x.elb.amazonaws.com", withoutNodePorts, annotated("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip"))}, ""},
		"node ports of an earlier time": {objects{served("x", instance, func(svc *corev1.Service) { svc.Spec.AllocateLoadBalancerNodePorts = new(false) })}, ""},
		"node ports are allocated":      {objects{served("x", instance, withoutNodePorts, func(svc *corev1.Service) { svc.Spec.AllocateLoadBalancerNodePorts = new(true) })}, ""},
		"by default they are":           {objects{served("x", instance, withoutNodePorts, func(svc *corev1.Service) { svc.Spec.AllocateLoadBalancerNodePorts = nil })}, ""},
	} {
		report := judge(t, "web", append(test.objects, pod("a", app))...)
		record(t, name, report)
		if got := graded(report, "LB-08"); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
		if finding := report.finding("LB-08"); finding != nil &&
			(finding.Fix == nil || finding.Fix.Command != `kubectl --context prod -n shop patch svc web --type=merge -p '{"spec":{"allocateLoadBalancerNodePorts":true}}'`) {
			t.Errorf("%s: %+v", name, finding.Fix)
		}
		if test.want == "major proven" && report.finding("LB-01") != nil {
			t.Errorf("%s: told twice: %s", name, told(report))
		}
	}
}

func TestNodesThatServeNoLoadBalancer(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	out := nodeLabel(corev1.LabelNodeExcludeBalancers, "")
	for name, test := range map[string]struct {
		service *corev1.Service
		nodes   []metav1.Object
		want    string
	}{
		"all are labelled":           {served("10.0.0.1"), objects{node("a", out), node("b", out)}, "major likely"},
		"with Cilium":                {served("10.0.0.1"), objects{node("a", out, ciliumIsUp)}, "info possible"},
		"with Cilium, no address":    {served("x", func(svc *corev1.Service) { svc.Status.LoadBalancer.Ingress = nil }), objects{node("a", out, ciliumIsUp)}, "major likely"},
		"one is not":                 {served("10.0.0.1"), objects{node("a", out), node("b")}, ""},
		"the label says false":       {served("10.0.0.1"), objects{node("a", nodeLabel(corev1.LabelNodeExcludeBalancers, "false"))}, ""},
		"all are about to go":        {served("10.0.0.1"), objects{node("a", taint("ToBeDeletedByClusterAutoscaler", corev1.TaintEffectNoSchedule))}, "major likely"},
		"another taint":              {served("10.0.0.1"), objects{node("a", taint("dedicated", corev1.TaintEffectNoSchedule))}, ""},
		"it needs no node ports":     {served("10.0.0.1", withoutNodePorts), objects{node("a", out)}, ""},
		"it sends to Pods":           {served("x", annotated("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip")), objects{node("a", out)}, ""},
		"Tailscale":                  {served("x", func(svc *corev1.Service) { svc.Spec.LoadBalancerClass = new("tailscale") }), objects{node("a", out)}, ""},
		"no LoadBalancer":            {service("web", app), objects{node("a", out)}, ""},
		"no node is known, or there": {served("10.0.0.1"), nil, ""},
	} {
		report := judge(t, "web", append(objects{test.service, pod("a", app)}, test.nodes...)...)
		record(t, name, report)
		if got := graded(report, "LB-09"); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
	}
	report := judge(t, "web", served("10.0.0.1"), pod("a", app), node("a", out), node("b", out))
	if fix := report.finding("LB-09").Fix; fix == nil || fix.Command != "kubectl --context prod label node a node.kubernetes.io/exclude-from-external-load-balancers-" {
		t.Errorf("fix %+v", fix)
	}
	// Who may not list nodes is not troubled with it; while they are coming, it waits.
	for state, partial := range map[model.CoverageState]bool{model.Forbidden: false, model.Syncing: true} {
		builder := cluster(served("10.0.0.1"), pod("a", app)).Cover(model.Need{Kind: model.Nodes}, model.Coverage{State: state})
		report := Judge(input(builder), web)
		if got := report.Verdict == Partial; got != partial || (len(report.Unchecked) > 0) != partial {
			t.Errorf("nodes %v: %s", state, told(report))
		}
	}
}

func TestWhomALoadBalancerServes(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	ranges := func(ranges ...string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Spec.LoadBalancerSourceRanges = ranges }
	}
	in := input(cluster())
	for name, test := range map[string]struct {
		service *corev1.Service
		client  string
		out     bool
		advice  bool
	}{
		"within":                      {served("1.2.3.4", ranges("10.0.0.0/8", "192.0.2.0/24")), "192.0.2.9", false, true},
		"outside":                     {served("1.2.3.4", ranges("10.0.0.0/8")), "192.0.2.9", true, true},
		"outside, mapped":             {served("1.2.3.4", ranges("10.0.0.0/8")), "::ffff:192.0.2.9", true, true},
		"blanks around":               {served("1.2.3.4", ranges(" 192.0.2.0/24 ")), "192.0.2.9", false, true},
		"everybody":                   {served("1.2.3.4", ranges("10.0.0.0/8", "0.0.0.0/0")), "192.0.2.9", false, false},
		"no range of its family":      {served("1.2.3.4", ranges("10.0.0.0/8")), "2001:db8::1", false, true},
		"none of its family's ranges": {served("1.2.3.4", ranges("10.0.0.0/8", "fd00::/8")), "2001:db8::1", true, true},
		"no ranges":                   {served("1.2.3.4"), "192.0.2.9", false, false},
		"no node ports":               {served("1.2.3.4", ranges("10.0.0.0/8"), func(svc *corev1.Service) { svc.Spec.Ports[0].NodePort = 0 }), "192.0.2.9", true, true},
		"broken ranges":               {served("1.2.3.4", ranges("x", "")), "192.0.2.9", false, false},
		"the annotation":              {served("1.2.3.4", annotated(sourceRangesAnnotation, "10.0.0.0/8, 172.16.0.0/12")), "192.0.2.9", true, true},
		"the field wins":              {served("1.2.3.4", ranges("192.0.2.0/24"), annotated(sourceRangesAnnotation, "10.0.0.0/8")), "192.0.2.9", false, true},
		"an empty annotation":         {served("1.2.3.4", annotated(sourceRangesAnnotation, " ")), "192.0.2.9", false, false},
		"no LoadBalancer":             {service("web", app, ranges("10.0.0.0/8")), "192.0.2.9", false, false},
	} {
		finding, out := SourceRangesFinding(in, test.service, netip.MustParseAddr(test.client))
		if out != test.out {
			t.Errorf("%s: kept out is %v: %+v", name, out, finding)
		}
		if out && (!finding.Red() || !strings.Contains(finding.Title, "192.0.2.9") && !strings.Contains(finding.Title, "2001:db8::1") || finding.Fix == nil) {
			t.Errorf("%s: %+v", name, finding)
		}
		report := judge(t, "web", test.service, pod("a", app))
		record(t, name, report)
		if got := graded(report, "LB-07"); (got == "info proven") != test.advice || report.Verdict != OK {
			t.Errorf("%s: %q %s", name, got, told(report))
		}
	}
	for _, text := range []string{"10.0.0.0/8", "fd00::/8"} {
		if _, out := SourceRangesFinding(in, served("1.2.3.4", ranges(text)), netip.Addr{}); out {
			t.Error("no client is kept out, of", text)
		}
	}
	finding, _ := SourceRangesFinding(in, served("1.2.3.4", ranges("10.0.0.0/8")), netip.MustParseAddr("192.0.2.9"))
	want := `kubectl --context prod -n shop patch svc web --type=json -p '[{"op":"test","path":"/spec/loadBalancerSourceRanges","value":["10.0.0.0/8"]},{"op":"add","path":"/spec/loadBalancerSourceRanges/-","value":"192.0.2.9/32"}]'`
	if finding.Fix.Command != want {
		t.Errorf("fix %s", finding.Fix.Command)
	}
}

func TestAdviceOnLoadBalancers(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	ipMode := func(mode corev1.LoadBalancerIPMode) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Status.LoadBalancer.Ingress[0].IPMode = &mode }
	}
	for name, want := range map[*corev1.Service]string{
		served("1.2.3.4", ipMode(corev1.LoadBalancerIPModeProxy)): "info proven",
		served("1.2.3.4", ipMode(corev1.LoadBalancerIPModeVIP)):   "",
		served("1.2.3.4"): "",
	} {
		if got := graded(judge(t, "web", name, pod("a", app)), "LB-12"); got != want {
			t.Errorf("%+v: %q, want %q", name.Status, got, want)
		}
	}
	old, named := served("x.elb.amazonaws.com"), served("x.elb.amazonaws.com")
	named.CreationTimestamp = ago(9 * time.Minute)
	numbered := served("1.2.3.4")
	numbered.CreationTimestamp = ago(9 * time.Minute)
	made := event(old, "Service", "Normal", "EnsuredLoadBalancer", "Ensured load balancer", 4*time.Minute)
	made.Count = 1
	again := event(old, "Service", "Normal", "EnsuredLoadBalancer", "Ensured load balancer", 4*time.Minute)
	for name, test := range map[string]struct {
		objects objects
		again   time.Duration
	}{
		"new":             {objects{named}, time.Minute},
		"old":             {objects{old}, 0},
		"old, made anew":  {objects{old, made}, 6 * time.Minute},
		"ensured again":   {objects{old, again}, 0},
		"new, by address": {objects{numbered}, 0},
	} {
		finding := judge(t, "web", append(test.objects, pod("a", app))...).finding("LB-10")
		switch {
		case test.again == 0 && finding != nil, test.again > 0 && (finding == nil || !finding.Again.Equal(now.Add(test.again)) || finding.Severity != Info):
			t.Errorf("%s: %+v", name, finding)
		}
	}
}
