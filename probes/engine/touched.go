package engine

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// touched gathers the Services that changes touch. It may name too many, never too few: what a check reads
// of other objects must be reflected here.
type touched struct {
	*judgement
	services keySet
	// whole are namespaces of which every Service is touched; model.AllNamespaces means all of them.
	whole map[string]bool
	// uneasy are namespaces of which every Service that has findings is touched: its cause and its near
	// misses may lie in objects that do not belong to it.
	uneasy map[string]bool
	// came are the names of the Services that changed: those of the same name that are missing elsewhere tell of them.
	came map[string]bool
	// strayed touches the Services whose Pods are said to be in another namespace, where their Services are looked at too.
	strayed bool
}

func newTouched(j *judgement) *touched {
	return &touched{judgement: j, services: keySet{}, whole: map[string]bool{}, uneasy: map[string]bool{}, came: map[string]bool{}}
}

// by notes one change.
func (t *touched) by(change model.Change) {
	switch change.Kind {
	case model.Services:
		t.service(change.Key)
		t.uneasy[change.Key.Namespace] = true
		t.strayed = true
		t.came[change.Key.Name] = true
		t.named(change.Key.Name)
		t.address(change)
		t.misnamed(change)
		for _, object := range []metav1.Object{change.Before, change.After} {
			if service, ok := object.(*corev1.Service); ok && service != nil {
				t.written(service)
				t.beside(service)
				t.balancers(service)
			}
		}
		for _, key := range t.wanted {
			t.services[key] = struct{}{}
		}
	case model.EndpointSlices:
		for _, object := range []metav1.Object{change.Before, change.After} {
			if slice, ok := object.(*discoveryv1.EndpointSlice); ok && slice != nil {
				t.slice(slice)
			}
		}
	case model.Pods:
		t.moved(change)
		for _, object := range []metav1.Object{change.Before, change.After} {
			if pod, ok := object.(*corev1.Pod); ok && pod != nil {
				t.labels(pod.Namespace, pod.Labels)
				t.lost(pod)
				t.proxy(pod.Name)
				t.writes(pod)
			}
		}
	case model.Events:
		for _, object := range []metav1.Object{change.Before, change.After} {
			if event, ok := object.(*corev1.Event); ok && event != nil {
				t.event(event)
			}
		}
	case model.Deployments, model.ReplicaSets, model.StatefulSets, model.DaemonSets, model.Jobs, model.Rollouts:
		t.workload(change.Before)
		t.workload(change.After)
		t.references(change)
		if change.Kind == model.DaemonSets {
			t.proxy(change.Key.Name)
		}
	case model.Ingresses, model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes,
		model.ValidatingWebhooks, model.MutatingWebhooks, model.APIServices:
		t.references(change)
	case model.Endpoints:
		t.service(change.Key)
	case model.IngressClasses:
		t.byIngresses()
	case model.Gateways:
		t.byRoutesOf(change.Key)
	case model.ReferenceGrants:
		t.byRoutesInto(change.Key.Namespace)
	case model.HorizontalScalers, model.ScaledObjects:
		t.scaler(change)
	case model.Nodes:
		if nodeChanged(change.Before, change.After) {
			t.whole[model.AllNamespaces] = true
		}
	case model.Namespaces:
		t.whole[change.Key.Name] = true
	default:
		t.whole[change.Key.Namespace] = true
	}
}

// byCoverage notes the differences between what was known and what is.
func (t *touched) byCoverage(before, after map[model.Need]model.Coverage) {
	for need, coverage := range after {
		if old, ok := before[need]; !ok || old != coverage {
			t.covered(need)
		}
	}
	for need := range before {
		if _, ok := after[need]; !ok {
			t.covered(need)
		}
	}
}

// covered touches what may rest on objects of a kind in a namespace: everything there, and what leads there by name.
func (t *touched) covered(need model.Need) {
	t.whole[need.Namespace] = true
	if need.Kind == model.Pods || need.Kind == model.DaemonSets {
		for key := range t.index.handed {
			t.services[key] = struct{}{}
		}
	}
	if need.Kind != model.Services || need.Namespace == model.AllNamespaces {
		return
	}
	for target := range t.index.byExternalName {
		if target.Namespace == need.Namespace {
			t.aliases(target, 0)
		}
	}
}

// keys returns the Services gathered.
func (t *touched) keys() map[model.Key]bool {
	keys := map[model.Key]bool{}
	for key := range t.services {
		keys[key] = true
	}
	if len(t.whole) > 0 {
		all := t.whole[model.AllNamespaces]
		for key := range t.index.entries {
			if all || t.whole[key.Namespace] {
				keys[key] = true
			}
		}
		for _, key := range t.wanted {
			keys[key] = true
		}
		for _, key := range t.snapshot.Referred(model.AllNamespaces) {
			if all || t.whole[key.Namespace] {
				keys[key] = true
			}
		}
	}
	if t.strayed {
		for _, report := range t.reports {
			if report.Missing && t.came[report.Key.Name] ||
				slices.ContainsFunc(report.Findings, func(finding check.Finding) bool { return finding.ID == "SEL-03" }) {
				keys[report.Key] = true
			}
		}
	}
	for namespace := range t.uneasy {
		for _, report := range t.inNamespace(namespace) {
			if !easy(report) {
				keys[report.Key] = true
			}
		}
	}
	return keys
}

// easy tells whether a report rests on nothing but the Service, its slices and the Pods it selects.
func easy(report *check.Report) bool {
	rests := slices.ContainsFunc(report.Findings, func(finding check.Finding) bool { return !finding.Advice() })
	return !rests && (report.Verdict == check.OK || report.Verdict == check.Partial)
}

// lost touches the Services of other namespaces that found no Pod in their own, and may find this one.
func (t *touched) lost(pod *corev1.Pod) {
	t.index.selectingAnywhere(pod.Namespace, pod.Labels, func(key model.Key) {
		if report := t.report(key); report != nil && !easy(report) {
			t.service(key)
		}
	})
}

// moved touches the Services that list addresses which somebody wrote: whether a Pod has one may have changed.
func (t *touched) moved(change model.Change) {
	before, _ := change.Before.(*corev1.Pod)
	after, _ := change.After.(*corev1.Pod)
	if before != nil && after != nil && check.PodEnded(before) == check.PodEnded(after) && before.Status.PodIP == after.Status.PodIP &&
		slices.Equal(before.Status.PodIPs, after.Status.PodIPs) && before.Spec.NodeName == after.Spec.NodeName {
		return
	}
	for key := range t.index.kept {
		t.services[key] = struct{}{}
	}
}

// proxy touches the Services that are handed to a proxy of such a name.
func (t *touched) proxy(name string) {
	for key, proxy := range t.index.handed {
		if strings.HasPrefix(name, proxy) {
			t.services[key] = struct{}{}
		}
	}
}

// service touches a Service and the ExternalName Services that lead to it, by others too.
func (t *touched) service(key model.Key) {
	t.services[key] = struct{}{}
	t.aliases(key, 0)
}

func (t *touched) aliases(key model.Key, depth int) {
	// No check follows more names than this; it also ends a circle.
	const most = 16
	for external := range t.index.byExternalName[key] {
		t.services[external] = struct{}{}
		if depth < most {
			t.aliases(external, depth+1)
		}
	}
}

// slice touches the Service that a slice belongs to; where it belongs to none, those that may be meant.
func (t *touched) slice(slice *discoveryv1.EndpointSlice) {
	key := model.Key{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
	t.service(key)
	if t.snapshot.Service(key) == nil {
		t.uneasy[slice.Namespace] = true
		t.named(key.Name)
	}
}

// named touches the Services of a name in every namespace: whether a slice that is elsewhere may be meant for them depends on
// whether there is such a Service.
func (t *touched) named(name string) {
	if name == "" {
		return
	}
	for _, namespace := range t.snapshot.ServiceNamespaces() {
		if key := (model.Key{Namespace: namespace, Name: name}); t.snapshot.Service(key) != nil {
			t.services[key] = struct{}{}
		}
	}
}

// address touches the Services whose slices may list the ClusterIP of one that came, went or changed its address.
func (t *touched) address(change model.Change) {
	before, _ := change.Before.(*corev1.Service)
	after, _ := change.After.(*corev1.Service)
	if before != nil && after != nil && slices.Equal(before.Spec.ClusterIPs, after.Spec.ClusterIPs) && before.Spec.ClusterIP == after.Spec.ClusterIP {
		return
	}
	for _, keys := range t.index.foreign {
		for key := range keys {
			t.services[key] = struct{}{}
		}
	}
}

// misnamed touches the ExternalName Services that may have meant a Service which came or went: by a name that is near, or in
// another namespace.
func (t *touched) misnamed(change model.Change) {
	if change.Before != nil && change.After != nil {
		return
	}
	for target := range t.index.byExternalName {
		if target.Namespace == change.Key.Namespace || target.Name == change.Key.Name {
			t.aliases(target, 0)
		}
	}
}

// labels touches what a Pod with these labels may belong to.
func (t *touched) labels(namespace string, labels map[string]string) {
	t.index.selecting(namespace, labels, t.service)
	for key := range t.index.foreign[namespace] {
		t.services[key] = struct{}{}
	}
	t.uneasy[namespace] = true
}

func (t *touched) event(event *corev1.Event) {
	about := model.Key{Namespace: event.Namespace, Name: event.InvolvedObject.Name}
	switch event.InvolvedObject.Kind {
	case "Service":
		t.service(about)
	case "Pod":
		if pod := t.snapshot.Pod(about); pod != nil {
			t.labels(pod.Namespace, pod.Labels)
		}
		// A slice may still list a Pod that is gone.
		for key := range t.index.foreign[event.Namespace] {
			t.services[key] = struct{}{}
		}
		t.uneasy[event.Namespace] = true
	case "EndpointSlice":
		slices := t.snapshot.EndpointSlices(event.Namespace)
		if i, ok := searchSlice(slices, about.Name); ok {
			t.service(model.Key{Namespace: event.Namespace, Name: slices[i].Labels[discoveryv1.LabelServiceName]})
		}
		t.uneasy[event.Namespace] = true
	default:
		t.whole[event.Namespace] = true
	}
}

func searchSlice(sorted []*discoveryv1.EndpointSlice, name string) (int, bool) {
	return slices.BinarySearchFunc(sorted, name, func(slice *discoveryv1.EndpointSlice, name string) int {
		return model.Key{Name: slice.Name}.Compare(model.Key{Name: name})
	})
}

// workload touches the Services that select the workload's Pods, those there are and those its template makes.
func (t *touched) workload(object metav1.Object) {
	if object == nil {
		return
	}
	var selector *metav1.LabelSelector
	var template map[string]string
	switch object := object.(type) {
	case *appsv1.Deployment:
		selector, template = object.Spec.Selector, object.Spec.Template.Labels
	case *appsv1.ReplicaSet:
		selector, template = object.Spec.Selector, object.Spec.Template.Labels
	case *appsv1.StatefulSet:
		selector, template = object.Spec.Selector, object.Spec.Template.Labels
	case *appsv1.DaemonSet:
		selector, template = object.Spec.Selector, object.Spec.Template.Labels
	case *batchv1.Job:
		selector, template = object.Spec.Selector, object.Spec.Template.Labels
	case *model.Rollout:
		// The Services that it switches are touched as those that it names.
		selector, template = &metav1.LabelSelector{MatchLabels: object.Selector}, object.TemplateLabels
	}
	namespace := object.GetNamespace()
	if selector == nil || len(selector.MatchLabels) == 0 {
		t.whole[namespace] = true
		return
	}
	t.labels(namespace, template)
	for _, pod := range t.snapshot.Selected(namespace, selector.MatchLabels) {
		t.index.selecting(namespace, pod.Labels, t.service)
	}
}

// nodeChanged tells whether more of a Node changed than its heartbeats.
func nodeChanged(before, after metav1.Object) bool {
	old, okOld := before.(*corev1.Node)
	node, okNode := after.(*corev1.Node)
	if !okOld || !okNode || old == nil || node == nil {
		return true
	}
	return !equality.Semantic.DeepEqual(withoutHeartbeats(old), withoutHeartbeats(node))
}

func withoutHeartbeats(node *corev1.Node) *corev1.Node {
	quiet := node.DeepCopy()
	quiet.ResourceVersion = ""
	quiet.ManagedFields = nil
	quiet.Status.Images = nil
	quiet.Status.Allocatable, quiet.Status.Capacity = nil, nil
	quiet.Status.VolumesInUse, quiet.Status.VolumesAttached = nil, nil
	for i := range quiet.Status.Conditions {
		quiet.Status.Conditions[i].LastHeartbeatTime = metav1.Time{}
	}
	return quiet
}
