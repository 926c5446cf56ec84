package simulation

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// Apply creates or updates an object as a client named manager does: with defaults, generation and managedFields.
// It is to be called from inside an action.
func (s *Simulation) Apply(manager string, obj apiserver.Object) {
	setDefaults(obj)
	s.carryOver(obj)
	fields := map[string]any{}
	if metadata := metadataFields(obj); len(metadata) > 0 {
		fields["metadata"] = metadata
	}
	switch o := obj.(type) {
	case *corev1.Service:
		given := o.Spec
		given.ClusterIP, given.ClusterIPs, given.IPFamilies, given.IPFamilyPolicy = "", nil, nil, nil
		fields["spec"] = specFields(given, "selector", "loadBalancerSourceRanges")
	case *appsv1.Deployment:
		fields["spec"] = specFields(o.Spec, "selector", "resources")
	case *appsv1.StatefulSet:
		fields["spec"] = specFields(o.Spec, "selector", "resources")
	case *appsv1.DaemonSet:
		fields["spec"] = specFields(o.Spec, "selector", "resources")
	case *corev1.Pod:
		if o.Status.Phase == "" {
			s.createPod(o) // a new Pod, to be scheduled and run
			return
		}
		s.put(o)
		return
	default:
		s.put(obj)
		return
	}
	s.owns(obj, manager, "", fields)
	s.put(obj)
}

// carryOver keeps what an update of an existing object does not touch: its status and who owns which field.
func (s *Simulation) carryOver(obj apiserver.Object) {
	switch o := obj.(type) {
	case *corev1.Service:
		if old, ok := apiserver.Get(s.store, o, o.Namespace, o.Name); ok {
			o.ManagedFields, o.Status, o.Finalizers = old.ManagedFields, old.Status, old.Finalizers
			for i := range o.Spec.Ports {
				if i < len(old.Spec.Ports) && opensNodePort(&old.Spec) && opensNodePort(&o.Spec) {
					o.Spec.Ports[i].NodePort = old.Spec.Ports[i].NodePort
				}
			}
		}
	case *appsv1.Deployment:
		o.Generation = 1
		if old, ok := apiserver.Get(s.store, o, o.Namespace, o.Name); ok {
			o.ManagedFields, o.Status, o.Generation = old.ManagedFields, old.Status, old.Generation+1
			if revision, ok := old.Annotations[revisionAnnotation]; ok {
				metav1.SetMetaDataAnnotation(&o.ObjectMeta, revisionAnnotation, revision)
			}
		}
	case *appsv1.StatefulSet:
		o.Generation = 1
		if old, ok := apiserver.Get(s.store, o, o.Namespace, o.Name); ok {
			o.ManagedFields, o.Status, o.Generation = old.ManagedFields, old.Status, old.Generation+1
		}
	case *appsv1.DaemonSet:
		o.Generation = 1
		if old, ok := apiserver.Get(s.store, o, o.Namespace, o.Name); ok {
			o.ManagedFields, o.Status, o.Generation = old.ManagedFields, old.Status, old.Generation+1
		}
	}
}

// Delete removes an object as a client does: a Pod ends gracefully, a workload takes its Pods with it, anything else is gone
// at once. It is to be called from inside an action.
func (s *Simulation) Delete(obj apiserver.Object) {
	switch o := obj.(type) {
	case *corev1.Pod:
		if current, ok := apiserver.Get(s.store, o, o.Namespace, o.Name); ok {
			s.deletePod(current)
		}
	case *corev1.Service:
		s.remove(obj)
		s.deleteEndpoints(o.Namespace, o.Name)
	case *appsv1.Deployment:
		current, ok := apiserver.Get(s.store, o, o.Namespace, o.Name)
		if !ok {
			return
		}
		for _, rs := range apiserver.List(s.store, &appsv1.ReplicaSet{}, o.Namespace) {
			if owner := metav1.GetControllerOf(rs); owner != nil && owner.UID == current.UID {
				s.deleteOwned(rs)
			}
		}
		s.remove(current)
	case *appsv1.ReplicaSet, *appsv1.StatefulSet, *appsv1.DaemonSet:
		s.deleteOwned(obj)
	default:
		s.remove(obj)
	}
}

// deleteOwned removes a workload and lets its Pods go.
func (s *Simulation) deleteOwned(workload apiserver.Object) {
	for _, pod := range apiserver.List(s.store, &corev1.Pod{}, workload.GetNamespace()) {
		if owner := metav1.GetControllerOf(pod); owner != nil && owner.Name == workload.GetName() {
			s.deletePod(pod)
		}
	}
	s.remove(workload)
}

// Scale changes a Deployment's replicas in the name of a manager. It is to be called from inside an action.
func (s *Simulation) Scale(manager, namespace, name string, replicas int32) {
	current, ok := apiserver.Get(s.store, &appsv1.Deployment{}, namespace, name)
	if !ok {
		return
	}
	scaled := current.DeepCopy()
	scaled.Spec.Replicas = &replicas
	scaled.Generation++
	s.owns(scaled, manager, "scale", map[string]any{"spec": map[string]any{"replicas": leaf{}}})
	s.put(scaled)
}

// DeleteOldestPod deletes the Pod of a workload that has lived longest, as a drain does. It is to be called from inside an
// action.
func (s *Simulation) DeleteOldestPod(namespace, workload string) {
	var oldest *corev1.Pod
	for _, pod := range apiserver.List(s.store, &corev1.Pod{}, namespace) {
		if workloadOf(pod) == workload && pod.DeletionTimestamp == nil &&
			(oldest == nil || pod.CreationTimestamp.Before(&oldest.CreationTimestamp)) {
			oldest = pod
		}
	}
	if oldest != nil {
		s.deletePod(oldest)
	}
}

// Report records a Normal event about an object that is in the store. It is to be called from inside an action.
func (s *Simulation) Report(obj apiserver.Object, component, reason, message string) {
	s.normal(obj, source{component: component}, reason, message)
}
