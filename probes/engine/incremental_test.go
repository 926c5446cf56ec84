package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// curious reads as widely as a check may, and writes all that it read into the report.
func curious() checks {
	c := simple()
	c.judge = func(in check.Input, key model.Key) *check.Report {
		report := simple().judge(in, key)
		service := in.Snapshot.Service(key)
		report.Reach = fmt.Sprint(service.Labels, service.Spec.ExternalName)
		for _, event := range in.Snapshot.EventsOf(key.Namespace, service.UID) {
			report.Reach += event.Message
		}
		for _, slice := range in.Snapshot.SlicesOf(key) {
			report.Reach += fmt.Sprint(slice.Name, len(slice.Endpoints), slice.Labels)
			for _, endpoint := range slice.Endpoints {
				if endpoint.TargetRef != nil && slice.Labels[discoveryv1.LabelManagedBy] != controllerName {
					report.Reach += fmt.Sprint(in.Snapshot.Pod(model.Key{Namespace: key.Namespace, Name: endpoint.TargetRef.Name}))
				}
			}
		}
		report.Suffers = in.Snapshot.Referrers(key)
		for _, referrer := range report.Suffers {
			report.Reach += inFront(in.Snapshot, key, referrer)
		}
		if target := serviceNamed(service.Spec.ExternalName); target.Name != "" {
			report.Reach += fmt.Sprint(in.Snapshot.Service(target), len(in.Snapshot.SlicesOf(target)))
		}
		for _, pod := range in.Snapshot.Selected(key.Namespace, service.Spec.Selector) {
			report.Reach += fmt.Sprint(pod.Name, pod.Labels, pod.Status.Message)
			if node := in.Snapshot.Node(pod.Spec.NodeName); node != nil {
				report.Reach += fmt.Sprint(node.Labels)
			}
			for _, event := range in.Snapshot.EventsOf(key.Namespace, pod.UID) {
				report.Reach += event.Message
			}
			for _, set := range in.Snapshot.ReplicaSets(key.Namespace) {
				if metav1.IsControlledBy(pod, set) {
					report.Reach += fmt.Sprint(set.Status.Replicas)
				}
			}
		}
		for _, deployment := range in.Snapshot.Deployments(key.Namespace) {
			if len(service.Spec.Selector) > 0 && matches(service.Spec.Selector, deployment.Spec.Template.Labels) {
				report.Reach += fmt.Sprint(deployment.Name, deployment.Status.Replicas)
			}
		}
		if len(report.Findings) > 0 {
			// What is in trouble looks at everything in its namespace.
			for _, pod := range in.Snapshot.Pods(key.Namespace) {
				report.Reach += fmt.Sprint(pod.Name, pod.Labels)
			}
			for _, other := range in.Snapshot.Services(key.Namespace) {
				report.Reach += fmt.Sprint(other.Name, other.Spec.Selector)
			}
		}
		report.Unchecked = []check.Unchecked{{Coverage: in.Snapshot.Coverage(model.Pods, key.Namespace)}}
		return report
	}
	c.judgeMissed = func(in check.Input, key model.Key) *check.Report {
		if !check.Missed(in.Snapshot, key) {
			return nil
		}
		report := &check.Report{Key: key, Missing: true, Suffers: in.Snapshot.Referrers(key), Findings: []check.Finding{{ID: "T-02"}}}
		for _, service := range in.Snapshot.Services(key.Namespace) {
			report.Reach += service.Name
		}
		for _, namespace := range in.Snapshot.ServiceNamespaces() {
			if in.Snapshot.Service(model.Key{Namespace: namespace, Name: key.Name}) != nil {
				report.Reach += namespace
			}
		}
		return report
	}
	c.judgeMissing = func(in check.Input, key model.Key) *check.Report {
		report := &check.Report{Key: key, Missing: true}
		for _, service := range in.Snapshot.Services(model.AllNamespaces) {
			report.Reach += service.Name
		}
		return report
	}
	return c
}

// inFront reads what may stand between clients and a Service, beyond the object that names it.
func inFront(snapshot *model.Snapshot, key model.Key, referrer model.Referrer) string {
	seen := ""
	switch referrer.Kind {
	case model.Ingresses:
		for _, class := range snapshot.IngressClasses() {
			seen += fmt.Sprint(class.Name, class.Labels)
		}
	case model.HTTPRoutes:
		for _, route := range snapshot.Routes(referrer.Namespace) {
			if route.Name != referrer.Name {
				continue
			}
			for _, parent := range route.Parents {
				if gateway := snapshot.Gateway(model.Key{Namespace: parent.Namespace, Name: parent.Name}); gateway != nil {
					seen += gateway.Class
				}
			}
			if route.Namespace != key.Namespace {
				for _, grant := range snapshot.ReferenceGrants(key.Namespace) {
					seen += fmt.Sprint(grant.Name, grant.From)
				}
			}
		}
	}
	return seen
}

// TestIncrementalIsTheSameAsFromScratch makes random changes, and compares what is judged after each of them
// with all judged anew: with checks of the test's own that read as widely as they may, and with the real ones.
func TestIncrementalIsTheSameAsFromScratch(t *testing.T) {
	t.Parallel()
	for name, checks := range map[string]checks{"curious": curious(), "real": catalogue()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { incremental(t, checks) })
		})
	}
}

func incremental(t *rapid.T, checks checks) {
	scope := rapid.SampledFrom([]string{model.AllNamespaces, "a"}).Draw(t, "scope")
	source := newFixture(scope)
	source.live()
	begin := time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)
	wanted := []model.Key{key("a", "s0"), key("b", "missing")}
	judged := judgement{checks: checks, wanted: wanted}
	for step := range rapid.IntRange(1, 12).Draw(t, "steps") {
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			change(t, source)
		}
		// Time stands still, as what time changes is another test's matter.
		snapshot, changes := source.Take()
		judged.update(begin, snapshot, changes, scope)
		scratch := judgement{checks: checks, wanted: wanted}
		scratch.update(begin, snapshot, nil, scope)
		if diff := cmp.Diff(scratch.reports, judged.reports, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(check.Report{}, "Since"), cmpopts.IgnoreUnexported(check.Finding{})); diff != "" {
			t.Fatalf("after step %d, changes %v: from scratch is -, incremental is +\n%s", step, changes, diff)
		}
	}
}

// change changes one object or one coverage.
func change(t *rapid.T, source *fixture) {
	pick := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	number := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
	namespace := pick("namespace", "a", "b")
	labels := func() map[string]string {
		all := map[string]string{}
		for _, name := range []string{"app", "tier"} {
			if value := pick(name, "", "x", "y", "xx"); value != "" {
				all[name] = value
			}
		}
		return all
	}
	object := func(prefix string, most int) metav1.ObjectMeta {
		name := fmt.Sprint(prefix, number("name", most))
		return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), Labels: map[string]string{}}
	}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels()}}
	kind := model.Kind(pick("kind", string(model.Services), string(model.EndpointSlices), string(model.Pods), string(model.Events),
		string(model.Deployments), string(model.ReplicaSets), string(model.StatefulSets), string(model.DaemonSets), string(model.Jobs), string(model.Nodes),
		string(model.Ingresses), string(model.IngressClasses), string(model.HTTPRoutes), string(model.Gateways), string(model.ReferenceGrants),
		string(model.ValidatingWebhooks), string(model.APIServices), string(model.HorizontalScalers), string(model.Rollouts),
		string(model.Namespaces), string(model.ServiceCIDRs), string(model.Endpoints), "coverage"))
	var next metav1.Object
	switch kind {
	case model.Services:
		service := &corev1.Service{ObjectMeta: object("s", 3)}
		service.Spec.Type = corev1.ServiceTypeClusterIP
		service.Spec.Ports = []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP}}
		if kind := pick("type", "ClusterIP", "ClusterIP", "LoadBalancer", "NodePort", "ExternalName"); kind == "ExternalName" {
			service.Spec.Type = corev1.ServiceTypeExternalName
			service.Spec.ExternalName = pick("external", "s0.b.svc.cluster.local", "s1.a.", "example.com")
		} else {
			service.Spec.Type = corev1.ServiceType(kind)
			service.Spec.Selector = labels()
			service.Spec.Ports[0].TargetPort = intstr.FromInt32(int32(8080 + number("target", 1)))
			if pick("policy", "", "Local") != "" {
				service.Spec.InternalTrafficPolicy = pointer(corev1.ServiceInternalTrafficPolicyLocal)
				service.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
			}
			if kind == "LoadBalancer" {
				service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}
			}
			service.Spec.ClusterIP = pick("address", "", "10.0.0.1", "10.0.0.2", "10.0.0.9", "None")
			if service.Spec.ClusterIP != "" {
				service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
			}
			if pick("proxy", "", "", "other") != "" {
				service.Labels["service.kubernetes.io/service-proxy-name"] = "other"
			}
		}
		service.CreationTimestamp = metav1.NewTime(time.Date(2026, 5, 4, 10+number("created", 1), 0, 0, 0, time.UTC))
		next = service
	case model.EndpointSlices:
		slice := &discoveryv1.EndpointSlice{ObjectMeta: object("s0-", 4), AddressType: discoveryv1.AddressTypeIPv4}
		if of := number("of", 4); of < 4 {
			slice.Labels[discoveryv1.LabelServiceName] = fmt.Sprint("s", of)
		}
		slice.Labels[discoveryv1.LabelManagedBy] = pick("by", controllerName, controllerName, "me")
		if pick("marked", "", "", "headless") != "" {
			slice.Labels[corev1.IsHeadlessService] = ""
		}
		name, port := "", int32(80)
		protocol := corev1.ProtocolTCP
		slice.Ports = []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &protocol}}
		for i := range number("endpoints", 2) {
			endpoint := discoveryv1.Endpoint{Addresses: []string{fmt.Sprint("10.0.0.", i+1)}}
			if i == 0 && pick("bare", "", "10.4.0.3") != "" {
				endpoint.Addresses[0] = "10.4.0.3"
			} else {
				endpoint.TargetRef = &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: fmt.Sprint("p", number("target", 3))}
			}
			slice.Endpoints = append(slice.Endpoints, endpoint)
		}
		next = slice
	case model.Pods:
		pod := &corev1.Pod{ObjectMeta: object(pick("prefix", "p", "p", "p", "other-"), 3)}
		pod.Labels = labels()
		pod.Spec.NodeName = fmt.Sprint("n", number("node", 1))
		pod.Spec.Containers = []corev1.Container{{Name: "c", Image: pick("image", "one:1", "one:2", "two")}}
		if written := pick("written", "", "10.0.0.1", "10.0.0.7", "$(S0_SERVICE_HOST)"); written != "" {
			pod.Spec.Containers[0].Args = []string{written}
		}
		if port := number("port", 2); port > 0 {
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: int32(8079 + port)}}
			pod.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(8079 + port))}}}
		}
		if pick("ready", "", "True") != "" {
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		pod.CreationTimestamp = metav1.NewTime(time.Date(2026, 5, 4, 10+number("created", 1), 0, 0, 0, time.UTC))
		pod.Status.Phase = corev1.PodPhase(pick("phase", "Running", "Pending", "Succeeded"))
		pod.Status.PodIP = pick("ip", "", "10.4.0.3", "10.4.1.3")
		pod.Status.Message = fmt.Sprint(number("message", 9))
		if owner := number("owner", 2); owner > 0 {
			controller := true
			name := fmt.Sprint("rs", owner-1)
			pod.OwnerReferences = []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: name, UID: types.UID(namespace + "/" + name), Controller: &controller,
			}}
			// What a ReplicaSet controls carries its selector.
			pod.Labels["rs"] = name
		}
		next = pod
	case model.Events:
		event := &corev1.Event{ObjectMeta: object("e", 3), Message: fmt.Sprint(number("message", 9)), Type: "Warning", Reason: pick("reason", "Unhealthy", "Killing")}
		about := pick("about", "Service/s", "Pod/p", "ReplicaSet/rs", "EndpointSlice/s0-")
		for i, c := range about {
			if c == '/' {
				event.InvolvedObject.Kind = about[:i]
				event.InvolvedObject.Name = fmt.Sprint(about[i+1:], number("which", 3))
			}
		}
		event.InvolvedObject.Namespace = namespace
		event.InvolvedObject.UID = types.UID(namespace + "/" + event.InvolvedObject.Name)
		next = event
	case model.Deployments:
		next = &appsv1.Deployment{
			ObjectMeta: object("d", 1),
			Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template},
			Status:     appsv1.DeploymentStatus{Replicas: int32(number("replicas", 3))},
		}
	case model.ReplicaSets:
		set := &appsv1.ReplicaSet{ObjectMeta: object("rs", 1), Status: appsv1.ReplicaSetStatus{Replicas: int32(number("replicas", 3))}}
		template.Labels["rs"] = set.Name
		set.Spec.Template = template
		set.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"rs": set.Name}}
		next = set
	case model.DaemonSets:
		next = &appsv1.DaemonSet{
			ObjectMeta: object(pick("prefix", "ds", "other-"), 1),
			Spec:       appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template},
		}
	case model.Jobs:
		next = &batchv1.Job{ObjectMeta: object("j", 1), Spec: batchv1.JobSpec{Template: template}}
	case model.Nodes:
		node := &corev1.Node{ObjectMeta: object("n", 1)}
		node.Namespace, node.Labels = "", labels()
		node.Spec.PodCIDR = pick("range", "", "10.4.0.0/24", "10.4.1.0/24")
		node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeExternalIP, Address: "192.0.2.9"}}
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}, {Type: corev1.NodeNetworkUnavailable, Reason: pick("network", "RouteCreated", "CiliumIsUp")}}
		next = node
	case model.ServiceCIDRs:
		next = &networkingv1.ServiceCIDR{
			ObjectMeta: metav1.ObjectMeta{Name: "range"}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{pick("range", "10.0.0.0/24", "10.9.0.0/24")}},
		}
	case model.Endpoints:
		written := &model.LegacyEndpoints{ObjectMeta: object("s", 3), Addresses: number("addresses", 1)}
		if pick("skip", "", "true") != "" {
			written.Labels[discoveryv1.LabelSkipMirror] = "true"
		}
		next = written
	case model.Namespaces:
		next = &corev1.Namespace{
			ObjectMeta: metav1.ObjectMeta{Name: namespace}, Status: corev1.NamespaceStatus{Phase: corev1.NamespacePhase(pick("ends", "Active", "Terminating"))},
		}
	case model.StatefulSets:
		next = &appsv1.StatefulSet{ObjectMeta: object("sts", 1), Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: template.Labels}, Template: template, ServiceName: pick("serviceName", "", "s0", "s1", "absent"),
		}}
	case model.Ingresses:
		ingress := &networkingv1.Ingress{ObjectMeta: object("i", 1)}
		for range number("rules", 2) {
			ingress.Spec.Rules = append(ingress.Spec.Rules, networkingv1.IngressRule{Host: pick("host", "", "a.example")})
			ingress.Spec.Rules[len(ingress.Spec.Rules)-1].HTTP = &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path:    pick("path", "/", "/x"),
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: fmt.Sprint("s", number("backend", 5)), Port: networkingv1.ServiceBackendPort{Number: int32(80 + number("port", 1))}}},
			}}}
		}
		next = ingress
	case model.IngressClasses:
		class := &networkingv1.IngressClass{ObjectMeta: object("class", 1)}
		class.Namespace, class.Labels = "", labels()
		next = class
	case model.HTTPRoutes:
		route := &model.Route{ObjectMeta: object("r", 1), Kind: "HTTPRoute", Parents: []model.GatewayRef{{Namespace: pick("of", "a", "b"), Name: fmt.Sprint("g", number("gateway", 1))}}}
		route.Rules = []model.RouteRule{{Backends: []model.BackendRef{{
			Kind: "Service", Namespace: pick("to", "a", "b"), Name: fmt.Sprint("s", number("backend", 5)), Port: 80, Weight: int32(number("weight", 1)), Path: "spec.rules[0].backendRefs[0]",
		}}}}
		next = route
	case model.Gateways:
		next = &model.Gateway{ObjectMeta: object("g", 1), Class: pick("class", "x", "y")}
	case model.ReferenceGrants:
		next = &model.ReferenceGrant{ObjectMeta: object("grant", 1), From: []model.GrantFrom{{Kind: "HTTPRoute", Namespace: pick("from", "a", "b")}}}
	case model.ValidatingWebhooks:
		hook := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: object("hook", 1)}
		hook.Namespace = ""
		policy := admissionv1.FailurePolicyType(pick("policy", "Fail", "Ignore"))
		hook.Webhooks = []admissionv1.ValidatingWebhook{{Name: "w", FailurePolicy: &policy, Rules: make([]admissionv1.RuleWithOperations, number("rules", 1))}}
		hook.Webhooks[0].ClientConfig.Service = &admissionv1.ServiceReference{Namespace: namespace, Name: fmt.Sprint("s", number("backend", 5))}
		next = hook
	case model.APIServices:
		api := &model.APIService{ObjectMeta: object("api", 1), Port: 443, Service: &model.Key{Namespace: namespace, Name: fmt.Sprint("s", number("backend", 5))}}
		api.Namespace = ""
		next = api
	case model.HorizontalScalers:
		next = &model.Autoscaler{ObjectMeta: object("h", 1), Kind: "HorizontalPodAutoscaler", TargetKind: "Deployment", TargetName: fmt.Sprint("d", number("target", 1)), MinReplicas: int32(number("least", 1))}
	case model.Rollouts:
		next = &model.Rollout{
			ObjectMeta: object("ro", 1), Replicas: int32(number("replicas", 1)), Selector: template.Labels, TemplateLabels: template.Labels,
			StableService: fmt.Sprint("s", number("stable", 5)), PreviewService: fmt.Sprint("s", number("preview", 5)),
		}
	default:
		need := model.Need{
			Kind:      rapid.SampledFrom([]model.Kind{model.Pods, model.Events, model.Deployments, model.DaemonSets, model.Endpoints, model.EndpointSlices, model.Services, model.Ingresses}).Draw(t, "need"),
			Namespace: rapid.SampledFrom([]string{"a", "b", model.AllNamespaces}).Draw(t, "where"),
		}
		source.cover(model.CoverageState(number("state", int(model.Failed))), need)
		return
	}
	where := model.Key{Namespace: next.GetNamespace(), Name: next.GetName()}
	if before := held(source.snapshot, kind, where); before != nil && rapid.Bool().Draw(t, "gone") {
		source.remove(kind, where)
		return
	}
	source.put(next)
}
