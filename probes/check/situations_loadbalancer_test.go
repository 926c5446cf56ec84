package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func finalizer(name string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Finalizers = []string{name} }
}

func counted1(e *corev1.Event) *corev1.Event {
	e.Count = 1
	return e
}

func TestLoadBalancersThatWait(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	backend := pod("a", app)
	waiting := func(change ...func(*corev1.Service)) *corev1.Service {
		return service("web", app, append([]func(*corev1.Service){loadBalancer}, change...)...)
	}
	plain := waiting()
	failed := func(message string, since time.Duration) *corev1.Event {
		return event(plain, "Service", "Warning", "SyncLoadBalancerFailed", message, since)
	}
	says := func(reason string, since time.Duration) *corev1.Event {
		return event(plain, "Service", "Normal", reason, reason, since)
	}
	switched := waiting(changedBy("kubectl-edit", `{"f:spec":{"f:type":{}}}`, 2*time.Minute))
	switchedLongAgo := waiting(changedBy("kubectl-edit", `{"f:spec":{"f:type":{}}}`, 3*time.Hour))
	withoutPorts := waiting(withoutNodePorts)
	unallocated := event(withoutPorts, "Service", "Warning", "FailedDeployModel", "instance target type with an unallocated NodePort", 10*time.Minute)
	classy := waiting(classed("example.com/lb"))
	of := func(others ...metav1.Object) objects { return append(objects{plain, backend}, others...) }
	noAddressLeft := func(svc *corev1.Service) {
		svc.Status.Conditions = []metav1.Condition{
			{Type: "example.com/Audited", Status: metav1.ConditionTrue, Reason: "Yes"},
			{Type: "cilium.io/IPAMRequestSatisfied", Status: metav1.ConditionFalse, Reason: "out_of_ips", Message: "No IPs available in the pools"},
		}
	}
	testSituations(t, "loadbalancer_waits", map[string]situation{
		"nobody works on it":                         {objects: of(), want: "LB-02 major likely"},
		"nobody works on it, by class":               {objects: objects{classy, backend}, want: "LB-03 major likely"},
		"it is being deleted":                        {objects: objects{waiting(goingSoon), backend}, want: "SVC-03 minor proven"},
		"it was switched to it two minutes ago":      {objects: objects{switched, backend}, want: "LB-02 minor likely"},
		"it was switched to it long ago":             {objects: objects{switchedLongAgo, backend}, want: "LB-02 major likely"},
		"a controller began two minutes ago":         {objects: of(counted1(says("EnsuringLoadBalancer", 2*time.Minute))), want: "LB-02 minor likely"},
		"a controller began, and tries ever since":   {objects: of(says("EnsuringLoadBalancer", 2*time.Minute)), want: "LB-02 major likely"},
		"a controller began before the Service was":  {objects: of(counted1(says("EnsuringLoadBalancer", 2*time.Hour))), want: "LB-02 major likely"},
		"another word of two minutes ago":            {objects: of(counted1(says("Scheduled", 2*time.Minute))), want: "LB-02 major likely"},
		"a finalizer of the cloud's":                 {objects: objects{waiting(finalizer("service.kubernetes.io/load-balancer-cleanup")), backend}, want: "LB-02 major likely"},
		"a finalizer of AWS":                         {objects: objects{waiting(finalizer("service.k8s.aws/resources")), backend}, want: "LB-02 major likely"},
		"a finalizer of GKE":                         {objects: objects{waiting(finalizer("gke.networking.io/l4-netlb-v2")), backend}, want: "LB-02 major likely"},
		"a finalizer of some load balancer":          {objects: objects{waiting(finalizer("example.com/my-loadbalancer")), backend}, want: "LB-02 major likely"},
		"a finalizer that is about something else":   {objects: objects{waiting(finalizer("example.com/audit")), backend}, want: "LB-02 major likely"},
		"events may not be read":                     {objects: of(failed("quota exceeded", 20*time.Minute)), without: []model.Kind{model.Events}, want: "LB-02 major likely"},
		"two errors, the newer one is told":          {objects: of(failed("quota exceeded", 20*time.Minute), failed("AccessDenied", 10*time.Minute), failed("could not find any suitable subnets", 30*time.Minute)), want: "LB-01 major proven"},
		"an error between two successes":             {objects: of(says("EnsuredLoadBalancer", 10*time.Minute), failed("quota exceeded", 20*time.Minute), says("UpdatedLoadBalancer", 30*time.Minute)), want: "LB-02 major likely"},
		"two errors, the newer one is last":          {objects: of(failed("AccessDenied", 20*time.Minute), failed("quota exceeded", 10*time.Minute)), want: "LB-01 major proven"},
		"an error, and the last success is since":    {objects: of(says("EnsuredLoadBalancer", 30*time.Minute), failed("quota exceeded", 20*time.Minute), says("UpdatedLoadBalancer", 10*time.Minute)), want: "LB-02 major likely"},
		"a finalizer of another load balancer":       {objects: objects{waiting(finalizer("example.com/my-load-balancer")), backend}, want: "LB-02 major likely"},
		"its controller says so by a condition":      {objects: objects{waiting(noAddressLeft), backend}, want: "LB-02 major likely"},
		"an error after a success":                   {objects: of(says("EnsuredLoadBalancer", 30*time.Minute), failed("quota exceeded", 20*time.Minute)), want: "LB-01 major proven"},
		"a success, and no error":                    {objects: of(says("EnsuredLoadBalancer", 30*time.Minute)), want: "LB-02 major likely"},
		"an error that nobody knows, of two minutes": {objects: objects{young(waiting(), 2*time.Minute), backend, failed("something odd", 90*time.Second)}, want: "LB-01 minor proven"},
		"an error that is known, of two minutes":     {objects: objects{young(waiting(), 2*time.Minute), backend, failed("quota exceeded", 90*time.Second)}, want: "LB-01 major proven"},
		"too much of something":                      {objects: of(failed("RequestLimit was exceeded for this account", 20*time.Minute)), want: "LB-01 major proven"},
		"too late":                                   {objects: of(failed("context deadline exceeded", 20*time.Minute)), want: "LB-01 major proven"},
		"node ports are wanted, and there are none":  {objects: objects{withoutPorts, backend, unallocated}, want: "LB-08 major proven"},
		"node ports are wanted, and given by now":    {objects: of(failed("instance target type with an unallocated NodePort", 10*time.Minute)), want: "LB-01 major proven"},
		"no node ports, and the error is another":    {objects: objects{withoutPorts, backend, failed("quota exceeded", 20*time.Minute)}, want: "LB-01 major proven"},
	})
}

func TestLoadBalancersThatServe(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	backend := pod("a", app)
	gke := node("n", nodeLabel("cloud.google.com/gke-nodepool", "pool-1"))
	aws := node("n", providerID("aws:///eu-1/i-1"))
	const scheme = "service.beta.kubernetes.io/aws-load-balancer-scheme"
	with := func(svc *corev1.Service, others ...metav1.Object) objects {
		return append(objects{svc, backend}, others...)
	}
	excluded := nodeLabel(corev1.LabelNodeExcludeBalancers, "")
	mixed := ports(withProtocol(corev1.ProtocolUDP, 53, 8080), withProtocol(corev1.ProtocolTCP, 53, 8080))
	named := func(svc *corev1.Service) { svc.Spec.Ports[0].Name, svc.Spec.Ports[1].Name = "udp", "tcp" }
	noPort := func(reason string) func(*corev1.Service) {
		return func(svc *corev1.Service) {
			svc.Status.Conditions = append(svc.Status.Conditions, metav1.Condition{Type: corev1.LoadBalancerPortsError, Status: metav1.ConditionTrue, Reason: reason})
		}
	}
	otherCondition := func(svc *corev1.Service) {
		svc.Status.Conditions = append(svc.Status.Conditions, metav1.Condition{Type: "example.com/Audited", Status: metav1.ConditionTrue, Reason: "Yes"})
	}
	portError := func(reason string) func(*corev1.Service) {
		return func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress[0].Ports = []corev1.PortStatus{{Port: 80, Protocol: corev1.ProtocolTCP, Error: &reason}}
		}
	}
	portsChanged := changedBy("kubectl-edit", `{"f:spec":{"f:ports":{".":{}}}}`, 3*time.Minute)
	name := served("lb.example.com")
	ensured := func(since time.Duration, count int32) *corev1.Event {
		e := event(name, "Service", "Normal", "EnsuredLoadBalancer", "Ensured load balancer", since)
		e.Count = count
		return e
	}
	synced := event(name, "Service", "Normal", "UpdatedSomething", "of another thing", 2*time.Minute)
	synced.Count = 1
	instance := annotated("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "instance")
	otherFailure := served("1.2.3.4", withoutNodePorts, instance)
	quota := event(otherFailure, "Service", "Warning", "SyncLoadBalancerFailed", "quota exceeded", 20*time.Minute)
	ahead := served("lb.example.com")
	ahead.CreationTimestamp = ago(-time.Hour)
	erring := served("1.2.3.4")
	failing := event(erring, "Service", "Warning", "UpdateLoadBalancerFailed", "forbidden", 20*time.Minute)
	manyPlain := manyNodes(nodesAsked)
	testSituations(t, "loadbalancer_serves", map[string]situation{
		"no annotation at all":                                  {objects: with(served("34.1.2.3"), gke), want: ""},
		"an annotation, being deleted":                          {objects: with(served("34.1.2.3", annotated(gkeType, "Intern"), goingSoon), gke), want: "SVC-03 minor proven"},
		"an annotation, being deleted, by number":               {objects: with(served("34.1.2.3", annotated(gkeAddresses, "34.9.9.9"), goingSoon), gke), want: "SVC-03 minor proven"},
		"an annotation, on a node port":                         {objects: with(service("web", app, nodePort, annotated(gkeAddresses, "34.9.9.9")), gke), want: ""},
		"an annotation of something else":                       {objects: with(served("34.1.2.3", annotated("example.com/owner", "internal")), gke), want: ""},
		"an annotation of something else, and Nodes are coming": {objects: with(served("34.1.2.3", annotated("example.com/owner", "internal")), gke), coming: []model.Kind{model.Nodes}, want: ""},
		"an annotation that has its own meaning":                {objects: with(served("34.1.2.3", annotated("service.beta.kubernetes.io/aws-load-balancer-type", "internal")), aws), want: ""},
		"an annotation with three slips":                        {objects: with(served("34.1.2.3", annotated("netwokng.gke.io/load-blancer-type", "Internal")), gke), want: ""},
		"an annotation with two slips":                          {objects: with(served("34.1.2.3", annotated("netwoking.gke.io/load-blancer-type", "Internal")), gke), want: "LB-06 major proven"},
		"an annotation with a slip in each of its words":        {objects: with(served("34.1.2.3", annotated("service.beta.kubernetes.io/azure-loadbalancer-interal", "true")), node("n", providerID("azure:///x"))), want: "LB-06 major proven"},
		"an annotation misspelt at its end":                     {objects: with(served("34.1.2.3", annotated("cloud.google.com/load-balancr-typ", "Internal")), gke), want: "LB-06 major proven"},
		"an annotation of Oracle, nearly":                       {objects: with(served("34.1.2.3", annotated("service.beta.kubernetes.io/oci-loadbalancer-internal", "true")), node("n", providerID("ocid1.instance.x"))), want: "LB-06 major proven"},
		"an annotation beside one of something else":            {objects: with(served("34.1.2.3", annotated("a.example.com/owner", "us", gkeType, "Intern")), gke), want: "LB-06 major proven"},
		"no node ports, being deleted":                          {objects: with(served("1.2.3.4", withoutNodePorts, instance, goingSoon), node("n")), want: "SVC-03 minor proven"},
		"an annotation of AWS, nearly":                          {objects: with(served("34.1.2.3", annotated("service.beta.kubernetes.io/aws-loadbalancer-internl", "true")), aws), want: ""},
		"annotations of two clouds, a name":                     {objects: with(served("lb.example.com", annotated(gkeType, "Internal", scheme, "internet-facing")), aws), want: "LB-06 info likely"},
		"an annotation of another cloud, misspelt too":          {objects: with(served("34.1.2.3", annotated(gkeType, "Internal", "networkinh.gke.io/load-balancer-type", "Internal")), aws), want: "LB-06 info likely"},
		"a class that makes it internal, on AWS":                {objects: with(served("34.1.2.3", annotated(gkeType, "x"), classed("networking.gke.io/l4-regional-internal")), aws), want: ""},
		"an annotation of GKE, no cloud is known":               {objects: with(served("34.1.2.3", annotated(gkeType, "Internal")), node("n")), want: ""},
		"AWS by its finalizer":                                  {objects: with(served("34.1.2.3", annotated(gkeType, "Internal"), finalizer("service.k8s.aws/resources")), node("n")), want: "LB-06 info likely"},
		"a finalizer that is no cloud's":                        {objects: with(served("34.1.2.3", annotated(gkeType, "Intern"), finalizer("example.com/audit")), node("n")), want: "LB-06 info possible"},
		"the cloud is told by the last of many nodes":           {objects: append(with(served("34.1.2.3", annotated(gkeType, "Intern")), node("z", nodeLabel("cloud.google.com/gke-nodepool", "pool-1"))), manyPlain...), want: "LB-06 info possible"},

		"ports are not served":                       {objects: with(served("1.2.3.4", noPort("Unsupported")), node("n")), want: "LB-04 major proven"},
		"ports are not served, since they changed":   {objects: with(served("1.2.3.4", noPort("Unsupported"), portsChanged), node("n")), want: "LB-04 major proven"},
		"ports are not served, being deleted":        {objects: with(served("1.2.3.4", noPort("Unsupported"), goingSoon), node("n")), want: "SVC-03 minor proven"},
		"ports are not served, of a node port now":   {objects: with(service("web", app, nodePort, noPort("Unsupported")), node("n")), want: ""},
		"another condition":                          {objects: with(served("1.2.3.4", otherCondition), node("n")), want: ""},
		"another condition, and ports":               {objects: with(served("1.2.3.4", otherCondition, noPort("Unsupported")), node("n")), want: "LB-04 major proven"},
		"protocols are mixed":                        {objects: with(served("1.2.3.4", mixed, named, noPort(mixedProtocols)), node("n")), want: "LB-04 major proven"},
		"protocols were mixed, and are told by port": {objects: with(served("1.2.3.4", portError(mixedProtocols)), node("n")), want: ""},
		"protocols are mixed, told by port":          {objects: with(served("1.2.3.4", mixed, named, portError(mixedProtocols)), node("n")), want: "LB-04 major proven"},
		"ports are not served, told twice":           {objects: with(served("1.2.3.4", noPort("Unsupported"), portError("Unsupported")), node("n")), want: "LB-04 major proven"},

		"to node ports, and the error is another":  {objects: with(otherFailure, quota, node("n")), want: "LB-01 major likely, LB-08 major likely"},
		"an error, and events may not be read":     {objects: with(erring, failing, node("n")), without: []model.Kind{model.Events}, want: ""},
		"an error":                                 {objects: with(erring, failing, node("n")), want: "LB-01 major likely"},
		"a firewall that others open by hand":      {objects: with(erring, event(erring, "Service", "Normal", "LoadBalancerManualChange", "Firewall change required by security admin", 20*time.Minute), node("n")), want: ""},
		"four nodes, all excluded":                 {objects: append(with(served("1.2.3.4")), manyNodes(4, excluded)...), want: "LB-09 major likely"},
		"all excluded, to Pods by an old type":     {objects: append(with(served("1.2.3.4", annotated("service.beta.kubernetes.io/aws-load-balancer-type", "nlb-ip"))), manyNodes(1, excluded)...), want: ""},
		"all excluded, to Pods by target type":     {objects: append(with(served("1.2.3.4", annotated("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip"))), manyNodes(1, excluded)...), want: ""},
		"all excluded, to Pods by Cilium":          {objects: append(with(served("1.2.3.4", classed("io.cilium/l2-announcer"))), manyNodes(1, excluded)...), want: ""},
		"all excluded, to Pods by EKS":             {objects: append(with(served("1.2.3.4", classed("eks.amazonaws.com/nlb"))), manyNodes(1, excluded)...), want: ""},
		"all excluded, to Pods by Tailscale":       {objects: append(with(served("1.2.3.4", classed("tailscale"))), manyNodes(1, excluded)...), want: ""},
		"all excluded, to node ports all the same": {objects: append(with(served("1.2.3.4", func(svc *corev1.Service) { svc.Spec.AllocateLoadBalancerNodePorts = new(true) })), manyNodes(1, excluded)...), want: "LB-09 major likely"},
		"all excluded, of a node port":             {objects: append(with(service("web", app, nodePort)), manyNodes(1, excluded)...), want: ""},
		"all excluded, being deleted":              {objects: append(with(served("1.2.3.4", goingSoon)), manyNodes(1, excluded)...), want: "SVC-03 minor proven"},

		"a name since a minute":                   {objects: with(name, counted1(ensured(time.Minute, 1)), node("n")), want: "LB-10 info possible"},
		"a name since long, ensured again":        {objects: with(name, ensured(time.Minute, 7), node("n")), want: ""},
		"a name, another word of a minute ago":    {objects: with(name, synced, node("n")), want: ""},
		"a name, ensured twice":                   {objects: with(name, ensured(3*time.Minute, 1), func() *corev1.Event { e := ensured(8*time.Minute, 1); e.Name = "web.z"; return e }(), node("n")), want: "LB-10 info possible"},
		"a name of a Service that is yet to come": {objects: with(ahead, node("n")), want: ""},
		"ranges that nobody can read":             {objects: with(served("1.2.3.4", annotated(sourceRangesAnnotation, "here, there")), node("n")), want: ""},
		"ranges of blanks":                        {objects: with(served("1.2.3.4", annotated(sourceRangesAnnotation, "  ")), node("n")), want: ""},
		"ranges by an annotation":                 {objects: with(served("1.2.3.4", annotated(sourceRangesAnnotation, "192.0.2.0/24")), node("n")), want: "LB-07 info proven"},
	})
	if !InternalLoadBalancer(served("10.0.0.1", annotated(gkeType, "Internal"))) || InternalLoadBalancer(served("10.0.0.1")) {
		t.Error("what an annotation says of a load balancer is not told")
	}
}
