package model

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What is kept of managedFields in a Snapshot: of every entry the manager, operation, subresource and time; of Services
// the owners of spec.selector, spec.type, spec.ports and spec.externalName, of Ingresses those of spec.rules and spec.defaultBackend,
// of workloads those of spec.replicas, of EndpointSlices those of endpoints; of Pods only the owners of labels, where they changed any
// after the Pod was made.

// FieldChange is the change of a field, as managedFields tell it: who owns it, and when that owner last changed any of
// the fields it owns. The time is the API server's clock.
type FieldChange struct {
	// Manager is the name the writer gave itself, e.g. kubectl-client-side-apply, helm, argocd-controller.
	// Hostile: clean it at the print.
	Manager string
	// Subresource is empty, status or scale.
	Subresource string
	At          time.Time
}

// SelectorChanged says who owns spec.selector of a Service and since when; ok is false where managedFields
// do not tell.
func SelectorChanged(service *corev1.Service) (change FieldChange, ok bool) {
	return newestOwner(service.GetManagedFields(), "f:selector")
}

// TypeChanged says who owns spec.type of a Service and since when: a Service switched to LoadBalancer
// yesterday may be two years old.
func TypeChanged(service *corev1.Service) (change FieldChange, ok bool) {
	return newestOwner(service.GetManagedFields(), "f:type")
}

// PortsChanged says who owns spec.ports of a Service and since when.
func PortsChanged(service *corev1.Service) (change FieldChange, ok bool) {
	return newestOwner(service.GetManagedFields(), "f:ports")
}

// ExternalNameChanged says who owns spec.externalName of a Service and since when.
func ExternalNameChanged(service *corev1.Service) (change FieldChange, ok bool) {
	return newestOwner(service.GetManagedFields(), "f:externalName")
}

// BackendsChanged says who last changed the backends of an Ingress, those of its rules or the default one, and when.
func BackendsChanged(ingress *networkingv1.Ingress) (change FieldChange, ok bool) {
	rules, inRules := newestOwner(ingress.GetManagedFields(), "f:rules")
	byDefault, isDefault := newestOwner(ingress.GetManagedFields(), "f:defaultBackend")
	if isDefault && (!inRules || byDefault.At.After(rules.At)) {
		return byDefault, true
	}
	return rules, inRules
}

// ReplicasChanged says who owns spec.replicas of a workload and since when. An autoscaler writes it through the
// scale subresource.
func ReplicasChanged(workload metav1.Object) (change FieldChange, ok bool) {
	return newestOwner(workload.GetManagedFields(), "f:replicas")
}

// LabelsChanged is when labels of a Pod were last changed after it was made; zero where they never were, or managedFields do not tell.
func LabelsChanged(pod *corev1.Pod) time.Time {
	var newest time.Time
	for i := range pod.ManagedFields {
		entry := &pod.ManagedFields[i]
		if entry.Time != nil && entry.Time.After(newest) && entry.Time.After(pod.CreationTimestamp.Time) && owns(entry, "f:metadata", "f:labels") {
			newest = entry.Time.Time
		}
	}
	return newest
}

// SliceChanged is when any manager last changed the slice, its creation at the earliest. It is zero where
// the object tells neither.
func SliceChanged(slice *discoveryv1.EndpointSlice) time.Time {
	at := slice.CreationTimestamp.Time
	for i := range slice.ManagedFields {
		if entry := slice.ManagedFields[i].Time; entry != nil && entry.After(at) {
			at = entry.Time
		}
	}
	return at
}

// EverHadEndpoints tells whether the slice lists endpoints or ever did: once it had any, its managedFields keep
// f:endpoints when it is emptied. known is false where the slice is empty and has no managedFields to ask.
func EverHadEndpoints(slice *discoveryv1.EndpointSlice) (had, known bool) {
	if len(slice.Endpoints) > 0 {
		return true, true
	}
	for i := range slice.ManagedFields {
		if owns(&slice.ManagedFields[i], "f:endpoints", "") {
			return true, true
		}
	}
	return false, len(slice.ManagedFields) > 0
}

// OwnsField tells whether a fieldsV1 text owns a field or anything below it, named as there: f:spec and
// f:selector. An empty child asks for the parent alone. Labels that are named like a field lie elsewhere in the
// text and are not mistaken for it; a text that is no JSON owns nothing, or what was read of it before that showed.
//
// It reads the text once and allocates nothing, because it is asked about every object that arrives.
func OwnsField(fieldsV1 []byte, parent, child string) bool {
	depth, inParent := 0, false
	for i := 0; i < len(fieldsV1); i++ {
		switch fieldsV1[i] {
		case '{':
			depth++
		case '}':
			depth--
			inParent = inParent && depth > 1
		case '"':
			end := endOfString(fieldsV1, i)
			if end < 0 {
				return false
			}
			key := fieldsV1[i+1 : end]
			switch {
			case depth == 1 && string(key) == parent:
				if child == "" {
					return true
				}
				inParent = true
			case depth == 2 && inParent && string(key) == child:
				return true
			}
			i = end
		}
	}
	return false
}

// endOfString returns the index of the quote that closes the JSON string which opens at start, or -1.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// newestOwner finds who owns a field of the spec and changed it last.
func newestOwner(entries []metav1.ManagedFieldsEntry, field string) (newest FieldChange, ok bool) {
	for i := range entries {
		entry := &entries[i]
		if !owns(entry, "f:spec", field) {
			continue
		}
		change := FieldChange{Manager: entry.Manager, Subresource: entry.Subresource}
		if entry.Time != nil {
			change.At = entry.Time.Time
		}
		if !ok || change.At.After(newest.At) {
			newest, ok = change, true
		}
	}
	return newest, ok
}

func owns(entry *metav1.ManagedFieldsEntry, parent, child string) bool {
	return entry.FieldsV1 != nil && OwnsField(entry.FieldsV1.GetRawBytes(), parent, child)
}
