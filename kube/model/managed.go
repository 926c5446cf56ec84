package model

import (
	"encoding/json"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
	return newestOwner(service.GetManagedFields(), "spec", "selector")
}

// TypeChanged says who owns spec.type of a Service and since when: a Service switched to LoadBalancer
// yesterday may be two years old.
func TypeChanged(service *corev1.Service) (change FieldChange, ok bool) {
	return newestOwner(service.GetManagedFields(), "spec", "type")
}

// PortsChanged says who owns spec.ports of a Service and since when.
func PortsChanged(service *corev1.Service) (change FieldChange, ok bool) {
	return newestOwner(service.GetManagedFields(), "spec", "ports")
}

// ReplicasChanged says who owns spec.replicas of a workload and since when. An autoscaler writes it through the
// scale subresource.
func ReplicasChanged(workload metav1.Object) (change FieldChange, ok bool) {
	return newestOwner(workload.GetManagedFields(), "spec", "replicas")
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
		entry := &slice.ManagedFields[i]
		if entry.FieldsV1 == nil {
			continue
		}
		known = true
		if owns(entry, "endpoints") {
			return true, true
		}
	}
	return false, known
}

func newestOwner(entries []metav1.ManagedFieldsEntry, path ...string) (newest FieldChange, ok bool) {
	for i := range entries {
		entry := &entries[i]
		if !owns(entry, path...) {
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

// owns tells whether a managedFields entry owns a field or anything below it. The text search first spares the
// parsing of nearly every entry.
func owns(entry *metav1.ManagedFieldsEntry, path ...string) bool {
	if entry.FieldsV1 == nil {
		return false
	}
	if !strings.Contains(entry.FieldsV1.GetRawString(), `"f:`+path[len(path)-1]+`"`) {
		return false
	}
	fields := json.RawMessage(entry.FieldsV1.GetRawBytes())
	for _, name := range path {
		var below map[string]json.RawMessage
		if json.Unmarshal(fields, &below) != nil {
			return false
		}
		next, found := below["f:"+name]
		if !found {
			return false
		}
		fields = next
	}
	return true
}
