package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// podsOf returns the Pods that a controller owns, and among them those that are not on their way out.
func (s *Simulation) podsOf(owner metav1.Object) (all, live []*corev1.Pod) {
	for _, pod := range apiserver.List(s.store, &corev1.Pod{}, owner.GetNamespace()) {
		if ref := metav1.GetControllerOf(pod); ref != nil && ref.UID == owner.GetUID() {
			all = append(all, pod)
			if pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
				live = append(live, pod)
			}
		}
	}
	return all, live
}

// newPod returns a Pod from a template, owned by a controller.
func newPod(owner metav1.Object, kind schema.GroupVersionKind, name string, template *corev1.PodTemplateSpec) *corev1.Pod {
	template = template.DeepCopy()
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: owner.GetNamespace(), Name: name, Labels: template.Labels, Annotations: template.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, kind)},
		},
		Spec: template.Spec,
	}
}

var (
	replicaSetKind  = appsv1.SchemeGroupVersion.WithKind("ReplicaSet")
	statefulSetKind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")
	daemonSetKind   = appsv1.SchemeGroupVersion.WithKind("DaemonSet")
)

func (s *Simulation) reconcileReplicaSet(key types.NamespacedName) {
	rs, ok := apiserver.Get(s.store, &appsv1.ReplicaSet{}, key.Namespace, key.Name)
	if !ok {
		return
	}
	_, live := s.podsOf(rs)
	want := int(ptr.Deref(rs.Spec.Replicas, 1))
	from := source{component: "replicaset-controller"}
	for n := len(live); n < want; n++ {
		pod := newPod(rs, replicaSetKind, rs.Name+"-"+s.nameSuffix(5), &rs.Spec.Template)
		pod.GenerateName = rs.Name + "-"
		s.normal(rs, from, "SuccessfulCreate", "Created pod: "+pod.Name)
		s.createPod(pod)
	}
	if len(live) > want {
		// Those that serve nobody go first, then the youngest.
		slices.SortStableFunc(live, func(a, b *corev1.Pod) int {
			rank := func(p *corev1.Pod) int {
				if isReady(p) {
					return 1
				}
				return 0
			}
			return cmp.Or(cmp.Compare(rank(a), rank(b)), b.CreationTimestamp.Compare(a.CreationTimestamp.Time))
		})
		for _, pod := range live[:len(live)-want] {
			s.normal(rs, from, "SuccessfulDelete", "Deleted pod: "+pod.Name)
			s.deletePod(pod)
		}
	}
	_, live = s.podsOf(rs)
	status := appsv1.ReplicaSetStatus{ObservedGeneration: rs.Generation, Replicas: int32(len(live)), FullyLabeledReplicas: int32(len(live))}
	status.ReadyReplicas = countReady(live)
	status.AvailableReplicas = status.ReadyReplicas
	if !apiequality.Semantic.DeepEqual(rs.Status, status) {
		updated := rs.DeepCopy()
		updated.Status = status
		s.put(updated)
	}
}

func countReady(pods []*corev1.Pod) int32 {
	var ready int32
	for _, pod := range pods {
		if isReady(pod) {
			ready++
		}
	}
	return ready
}

func (s *Simulation) reconcileStatefulSet(key types.NamespacedName) {
	set, ok := apiserver.Get(s.store, &appsv1.StatefulSet{}, key.Namespace, key.Name)
	if !ok {
		return
	}
	all, live := s.podsOf(set)
	byName := map[string]*corev1.Pod{}
	for _, pod := range all {
		byName[pod.Name] = pod
	}
	want := int(ptr.Deref(set.Spec.Replicas, 1))
	for ordinal := range want {
		name := fmt.Sprintf("%s-%d", set.Name, ordinal)
		pod := byName[name]
		if pod == nil {
			pod = newPod(set, statefulSetKind, name, &set.Spec.Template)
			pod.Spec.Hostname, pod.Spec.Subdomain = name, set.Spec.ServiceName
			metav1.SetMetaDataLabel(&pod.ObjectMeta, appsv1.StatefulSetPodNameLabel, name)
			metav1.SetMetaDataLabel(&pod.ObjectMeta, appsv1.PodIndexLabel, fmt.Sprint(ordinal))
			s.normal(set, source{component: "statefulset-controller"}, "SuccessfulCreate",
				fmt.Sprintf("create Pod %s in StatefulSet %s successful", name, set.Name))
			s.createPod(pod)
		}
		if set.Spec.PodManagementPolicy == appsv1.OrderedReadyPodManagement && !isReady(pod) {
			break
		}
	}
	for _, pod := range live {
		var ordinal int
		if _, err := fmt.Sscan(pod.Labels[appsv1.PodIndexLabel], &ordinal); err == nil && ordinal >= want {
			s.deletePod(pod)
		}
	}
	_, live = s.podsOf(set)
	revision := set.Name + "-" + templateHash(set.Spec.Template)
	status := appsv1.StatefulSetStatus{
		ObservedGeneration: set.Generation, Replicas: int32(len(live)), CurrentReplicas: int32(len(live)), UpdatedReplicas: int32(len(live)),
		CurrentRevision: revision, UpdateRevision: revision, CollisionCount: ptr.To[int32](0),
	}
	status.ReadyReplicas = countReady(live)
	status.AvailableReplicas = status.ReadyReplicas
	if !apiequality.Semantic.DeepEqual(set.Status, status) {
		updated := set.DeepCopy()
		updated.Status = status
		s.put(updated)
	}
}

func (s *Simulation) reconcileDaemonSet(key types.NamespacedName) {
	set, ok := apiserver.Get(s.store, &appsv1.DaemonSet{}, key.Namespace, key.Name)
	if !ok {
		return
	}
	_, live := s.podsOf(set)
	byNode := map[string]*corev1.Pod{}
	for _, pod := range live {
		byNode[pod.Spec.NodeName] = pod
	}
	nodes := apiserver.List(s.store, &corev1.Node{}, "")
	for _, node := range nodes {
		if !matchesNode(set.Spec.Template.Spec.NodeSelector, node) || byNode[node.Name] != nil {
			continue
		}
		pod := newPod(set, daemonSetKind, set.Name+"-"+s.nameSuffix(5), &set.Spec.Template)
		pod.GenerateName = set.Name + "-"
		pod.Spec.NodeName = node.Name
		byNode[node.Name] = pod
		s.normal(set, source{component: "daemonset-controller"}, "SuccessfulCreate", "Created pod: "+pod.Name)
		s.createPod(pod)
	}
	_, live = s.podsOf(set)
	status := appsv1.DaemonSetStatus{ObservedGeneration: set.Generation, CurrentNumberScheduled: int32(len(live)), UpdatedNumberScheduled: int32(len(live))}
	status.DesiredNumberScheduled = int32(len(byNode))
	status.NumberReady = countReady(live)
	status.NumberAvailable = status.NumberReady
	status.NumberUnavailable = status.DesiredNumberScheduled - status.NumberAvailable
	if !apiequality.Semantic.DeepEqual(set.Status, status) {
		updated := set.DeepCopy()
		updated.Status = status
		s.put(updated)
	}
}

func matchesNode(selector map[string]string, node *corev1.Node) bool {
	for key, value := range selector {
		if node.Labels[key] != value {
			return false
		}
	}
	return true
}

// createPod stores a new Pod and lets the scheduler see it.
func (s *Simulation) createPod(pod *corev1.Pod) {
	pod.Labels = maps.Clone(pod.Labels)
	pod.Generation = 1
	defaultPodSpec(&pod.Spec)
	pod.Spec.NodeSelector = maps.Clone(pod.Spec.NodeSelector)
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = "default"
	}
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBurstable}
	s.put(pod)
	s.After(s.between(20*time.Millisecond, 90*time.Millisecond), func() { s.schedule(pod.Namespace, pod.Name, pod.UID) })
}

// pod returns the Pod that still is the one with uid.
func (s *Simulation) pod(namespace, name string, uid types.UID) (*corev1.Pod, bool) {
	pod, ok := apiserver.Get(s.store, &corev1.Pod{}, namespace, name)
	return pod, ok && pod.UID == uid
}

// deletePod begins a graceful deletion: the Pod leaves the endpoints at once, serves on for a moment, and is gone when
// its containers have ended.
func (s *Simulation) deletePod(pod *corev1.Pod) {
	if pod.DeletionTimestamp != nil {
		return
	}
	grace := ptr.Deref(pod.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	going := pod.DeepCopy()
	going.DeletionTimestamp = ptr.To(metav1.NewTime(s.now.Add(time.Duration(grace) * time.Second)))
	going.DeletionGracePeriodSeconds = &grace
	going.Generation++
	s.put(going)
	if pod.Spec.NodeName == "" {
		s.forget(going)
		return
	}
	for _, c := range pod.Spec.Containers {
		s.event(going, containerField(c.Name), kubelet(pod.Spec.NodeName), corev1.EventTypeNormal, "Killing", "Stopping container "+c.Name)
	}
	s.After(s.between(1200*time.Millisecond, 3*time.Second), func() {
		if current, ok := s.pod(pod.Namespace, pod.Name, pod.UID); ok {
			s.forget(current)
		}
	})
}

// forget removes a Pod whose containers have ended.
func (s *Simulation) forget(pod *corev1.Pod) {
	delete(s.runs, pod.UID)
	s.remove(pod)
}

func containerField(name string) string { return fmt.Sprintf("spec.containers{%s}", name) }
