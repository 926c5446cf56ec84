package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

const revisionAnnotation = "deployment.kubernetes.io/revision"

var deploymentController = source{component: "deployment-controller"}

// reconcileDeployment makes the ReplicaSet of the newest template, moves replicas to it within maxSurge and
// maxUnavailable, and reports progress in the Deployment's conditions.
func (s *Simulation) reconcileDeployment(key types.NamespacedName) {
	deployment, ok := apiserver.Get(s.store, &appsv1.Deployment{}, key.Namespace, key.Name)
	if !ok {
		return
	}
	newest, old := s.replicaSetsOf(deployment)
	if newest == nil {
		newest = s.createReplicaSet(deployment, old)
		deployment, _ = apiserver.Get(s.store, deployment, key.Namespace, key.Name)
	}
	s.moveReplicas(deployment, newest, old)
	newest, old = s.replicaSetsOf(deployment)
	s.updateDeploymentStatus(deployment, newest, old)
	s.pruneReplicaSets(deployment, newest, old)
}

// replicaSetsOf returns the ReplicaSet that has the Deployment's template, if any, and the others, oldest first.
func (s *Simulation) replicaSetsOf(deployment *appsv1.Deployment) (newest *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) {
	hash := templateHash(deployment.Spec.Template)
	for _, rs := range apiserver.List(s.store, &appsv1.ReplicaSet{}, deployment.Namespace) {
		switch owner := metav1.GetControllerOf(rs); {
		case owner == nil || owner.UID != deployment.UID:
		case rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey] == hash:
			newest = rs
		default:
			old = append(old, rs)
		}
	}
	slices.SortFunc(old, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(revisionOf(a), revisionOf(b)) })
	return newest, old
}

func revisionOf(obj metav1.Object) int {
	revision, err := strconv.Atoi(obj.GetAnnotations()[revisionAnnotation])
	if err != nil {
		return 0
	}
	return revision
}

// templateHash stands for the hash of the Pod template that names a ReplicaSet.
func templateHash(template corev1.PodTemplateSpec) string {
	raw, err := template.Marshal()
	if err != nil {
		return "0"
	}
	const alphabet = "bcdf456789"
	name := make([]byte, 0, 10)
	for n := hashOf(string(raw)); n > 0; n /= 10 {
		name = append(name, alphabet[n%10])
	}
	return string(name)
}

func (s *Simulation) createReplicaSet(deployment *appsv1.Deployment, old []*appsv1.ReplicaSet) *appsv1.ReplicaSet {
	revision := 1
	if len(old) > 0 {
		revision = revisionOf(old[len(old)-1]) + 1
	}
	hash := templateHash(deployment.Spec.Template)
	rs := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: deployment.Namespace, Name: deployment.Name + "-" + hash, Generation: 1,
			Labels:          maps.Clone(deployment.Spec.Template.Labels),
			Annotations:     map[string]string{revisionAnnotation: strconv.Itoa(revision)},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(deployment, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: ptr.To[int32](0),
			Selector: deployment.Spec.Selector.DeepCopy(),
			Template: *deployment.Spec.Template.DeepCopy(),
		},
	}
	metav1.SetMetaDataLabel(&rs.ObjectMeta, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	rs.Spec.Selector = metav1.AddLabelToSelector(rs.Spec.Selector, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	metav1.SetMetaDataLabel(&rs.Spec.Template.ObjectMeta, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	s.put(rs)

	updated := deployment.DeepCopy()
	metav1.SetMetaDataAnnotation(&updated.ObjectMeta, revisionAnnotation, strconv.Itoa(revision))
	setDeploymentCondition(updated, appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetCreated",
		fmt.Sprintf("Created new replica set %q", rs.Name), s.metaNow())
	s.put(updated)
	return rs
}

// moveReplicas is a rolling update's step (kubernetes/pkg/controller/deployment/rolling.go): up first, as far as the surge
// allows, then down, as far as availability allows.
func (s *Simulation) moveReplicas(deployment *appsv1.Deployment, newest *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) {
	want := ptr.Deref(deployment.Spec.Replicas, 1)
	total := ptr.Deref(newest.Spec.Replicas, 0)
	available := newest.Status.AvailableReplicas
	for _, rs := range old {
		total += ptr.Deref(rs.Spec.Replicas, 0)
		available += rs.Status.AvailableReplicas
	}
	surge, unavailable := rollingLimits(deployment, want)
	current := ptr.Deref(newest.Spec.Replicas, 0)
	if current > want {
		s.scaleReplicaSet(deployment, newest, want)
		return
	}
	if grow := min(want-current, want+surge-total); grow > 0 {
		s.scaleReplicaSet(deployment, newest, current+grow)
		total += grow
		current += grow
	}
	if len(old) == 0 {
		return
	}
	newUnavailable := current - newest.Status.AvailableReplicas
	spare := total - (want - unavailable) - newUnavailable
	for _, rs := range old {
		have := ptr.Deref(rs.Spec.Replicas, 0)
		// Replicas of an old ReplicaSet that serve nobody go first and cost no availability.
		broken := min(max(0, have-rs.Status.AvailableReplicas), max(0, spare))
		drop := broken
		if keep := available - (want - unavailable); keep > 0 {
			drop += min(have-broken, keep, max(0, spare-broken))
		}
		if drop > 0 {
			s.scaleReplicaSet(deployment, rs, have-drop)
			spare -= drop
			available -= drop - broken
		}
	}
}

func rollingLimits(deployment *appsv1.Deployment, replicas int32) (surge, unavailable int32) {
	rolling := deployment.Spec.Strategy.RollingUpdate
	if rolling == nil {
		return 0, replicas
	}
	scaled := func(value *intstr.IntOrString, up bool) int32 {
		n, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(value, intstr.FromInt32(0)), int(replicas), up)
		if err != nil {
			return 0
		}
		return int32(n)
	}
	surge, unavailable = scaled(rolling.MaxSurge, true), scaled(rolling.MaxUnavailable, false)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable
}

func (s *Simulation) scaleReplicaSet(deployment *appsv1.Deployment, rs *appsv1.ReplicaSet, replicas int32) {
	from := ptr.Deref(rs.Spec.Replicas, 0)
	scaled := rs.DeepCopy()
	scaled.Spec.Replicas = &replicas
	scaled.Generation++
	s.put(scaled)
	direction := "up"
	if replicas < from {
		direction = "down"
	}
	s.normal(deployment, deploymentController, "ScalingReplicaSet",
		fmt.Sprintf("Scaled %s replica set %s from %d to %d", direction, rs.Name, from, replicas))
}

func (s *Simulation) updateDeploymentStatus(deployment *appsv1.Deployment, newest *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) {
	want := ptr.Deref(deployment.Spec.Replicas, 1)
	updated := deployment.DeepCopy()
	status := &updated.Status
	before := *deployment.Status.DeepCopy()
	status.ObservedGeneration = deployment.Generation
	status.UpdatedReplicas = newest.Status.Replicas
	status.Replicas, status.ReadyReplicas, status.AvailableReplicas = newest.Status.Replicas, newest.Status.ReadyReplicas, newest.Status.AvailableReplicas
	for _, rs := range old {
		status.Replicas += rs.Status.Replicas
		status.ReadyReplicas += rs.Status.ReadyReplicas
		status.AvailableReplicas += rs.Status.AvailableReplicas
	}
	status.UnavailableReplicas = max(0, status.Replicas-status.AvailableReplicas)
	_, unavailable := rollingLimits(deployment, want)
	if status.AvailableReplicas >= want-unavailable {
		setDeploymentCondition(updated, appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable",
			"Deployment has minimum availability.", s.metaNow())
	} else {
		setDeploymentCondition(updated, appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable",
			"Deployment does not have minimum availability.", s.metaNow())
	}
	complete := status.UpdatedReplicas == want && status.Replicas == want && status.AvailableReplicas == want
	progressed := status.UpdatedReplicas > before.UpdatedReplicas || status.ReadyReplicas > before.ReadyReplicas ||
		status.AvailableReplicas > before.AvailableReplicas || status.Replicas-status.UpdatedReplicas < before.Replicas-before.UpdatedReplicas
	known := deploymentCondition(updated, appsv1.DeploymentProgressing)
	switch {
	case complete:
		setDeploymentCondition(updated, appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetAvailable",
			fmt.Sprintf("ReplicaSet %q has successfully progressed.", newest.Name), s.metaNow())
	case progressed:
		setDeploymentCondition(updated, appsv1.DeploymentProgressing, corev1.ConditionTrue, "ReplicaSetUpdated",
			fmt.Sprintf("ReplicaSet %q is progressing.", newest.Name), s.metaNow())
	case known != nil && known.Reason != "NewReplicaSetAvailable":
		s.watchDeadline(updated, newest, known)
	}
	if !apiequality.Semantic.DeepEqual(before, *status) {
		s.owns(updated, sliceManager, "status", map[string]any{"status": specFields(updated.Status)})
		s.put(updated)
	}
}

// watchDeadline says ProgressDeadlineExceeded when nothing has moved for progressDeadlineSeconds, and looks again then.
func (s *Simulation) watchDeadline(deployment *appsv1.Deployment, newest *appsv1.ReplicaSet, progressing *appsv1.DeploymentCondition) {
	if progressing.Status == corev1.ConditionFalse {
		return
	}
	deadline := progressing.LastUpdateTime.Add(time.Duration(ptr.Deref(deployment.Spec.ProgressDeadlineSeconds, 600)) * time.Second)
	if s.now.Before(deadline) {
		if s.deadlines[deployment.UID].Equal(deadline) {
			return
		}
		s.deadlines[deployment.UID] = deadline
		s.At(deadline, func() { s.markDirty("Deployment", deployment.Namespace, deployment.Name) })
		return
	}
	setDeploymentCondition(deployment, appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded",
		fmt.Sprintf("ReplicaSet %q has timed out progressing.", newest.Name), s.metaNow())
}

func deploymentCondition(deployment *appsv1.Deployment, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range deployment.Status.Conditions {
		if deployment.Status.Conditions[i].Type == kind {
			return &deployment.Status.Conditions[i]
		}
	}
	return nil
}

func setDeploymentCondition(deployment *appsv1.Deployment, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string, now metav1.Time) {
	known := deploymentCondition(deployment, kind)
	if known == nil {
		deployment.Status.Conditions = append(deployment.Status.Conditions, appsv1.DeploymentCondition{
			Type: kind, Status: status, Reason: reason, Message: message, LastUpdateTime: now, LastTransitionTime: now,
		})
		return
	}
	// A report of the same progress still moves the time from which the deadline counts.
	if known.Status == status && known.Reason == reason && reason != "ReplicaSetUpdated" {
		return
	}
	if known.Status != status {
		known.LastTransitionTime = now
	}
	known.Status, known.Reason, known.Message, known.LastUpdateTime = status, reason, message, now
}

// pruneReplicaSets drops emptied ReplicaSets beyond revisionHistoryLimit.
func (s *Simulation) pruneReplicaSets(deployment *appsv1.Deployment, newest *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) {
	if newest == nil || newest.Status.AvailableReplicas < ptr.Deref(deployment.Spec.Replicas, 1) {
		return
	}
	limit := int(ptr.Deref(deployment.Spec.RevisionHistoryLimit, 10))
	for i := 0; len(old)-i > limit; i++ {
		if ptr.Deref(old[i].Spec.Replicas, 0) == 0 && old[i].Status.Replicas == 0 {
			s.remove(old[i])
		}
	}
}
