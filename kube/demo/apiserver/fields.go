package apiserver

import (
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// fieldsOf returns what a field selector may name on the resource, as the real server has it (the GetAttrs functions in
// kubernetes/pkg/registry).
func fieldsOf(group, plural string) func(Object) map[string]string {
	switch group + "/" + plural {
	case "/pods":
		return podFields
	case "/events":
		return eventFields
	case "/services":
		return func(obj Object) map[string]string {
			service, ok := obj.(*corev1.Service)
			if !ok {
				service = &corev1.Service{}
			}
			return map[string]string{"spec.clusterIP": service.Spec.ClusterIP, "spec.type": string(service.Spec.Type)}
		}
	case "/namespaces":
		return func(obj Object) map[string]string {
			namespace, ok := obj.(*corev1.Namespace)
			if !ok {
				namespace = &corev1.Namespace{}
			}
			return map[string]string{"status.phase": string(namespace.Status.Phase)}
		}
	case "/nodes":
		return func(obj Object) map[string]string {
			node, ok := obj.(*corev1.Node)
			if !ok {
				node = &corev1.Node{}
			}
			return map[string]string{"spec.unschedulable": strconv.FormatBool(node.Spec.Unschedulable)}
		}
	case "batch/jobs":
		return func(obj Object) map[string]string {
			job, ok := obj.(*batchv1.Job)
			if !ok {
				job = &batchv1.Job{}
			}
			return map[string]string{"status.successful": strconv.Itoa(int(job.Status.Succeeded))}
		}
	}
	return func(Object) map[string]string { return nil }
}

func podFields(obj Object) map[string]string {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		pod = &corev1.Pod{}
	}
	return map[string]string{
		"spec.nodeName":            pod.Spec.NodeName,
		"spec.restartPolicy":       string(pod.Spec.RestartPolicy),
		"spec.schedulerName":       pod.Spec.SchedulerName,
		"spec.serviceAccountName":  pod.Spec.ServiceAccountName,
		"spec.hostNetwork":         strconv.FormatBool(pod.Spec.HostNetwork),
		"status.phase":             string(pod.Status.Phase),
		"status.podIP":             pod.Status.PodIP,
		"status.nominatedNodeName": pod.Status.NominatedNodeName,
	}
}

func eventFields(obj Object) map[string]string {
	event, ok := obj.(*corev1.Event)
	if !ok {
		event = &corev1.Event{}
	}
	source := event.Source.Component
	if source == "" {
		source = event.ReportingController
	}
	return map[string]string{
		"involvedObject.kind":            event.InvolvedObject.Kind,
		"involvedObject.namespace":       event.InvolvedObject.Namespace,
		"involvedObject.name":            event.InvolvedObject.Name,
		"involvedObject.uid":             string(event.InvolvedObject.UID),
		"involvedObject.apiVersion":      event.InvolvedObject.APIVersion,
		"involvedObject.resourceVersion": event.InvolvedObject.ResourceVersion,
		"involvedObject.fieldPath":       event.InvolvedObject.FieldPath,
		"reason":                         event.Reason,
		"reportingComponent":             event.ReportingController,
		"source":                         source,
		"type":                           event.Type,
	}
}

// fieldSet returns all fields of obj that a selector may name.
func (r resource) fieldSet(obj Object) fields.Set {
	set := fields.Set{"metadata.name": obj.GetName()}
	if r.namespaced {
		set["metadata.namespace"] = obj.GetNamespace()
	}
	for key, value := range r.fields(obj) {
		set[key] = value
	}
	return set
}

// selectable tells whether a field selector on the resource may name the field.
func (r resource) selectable(field string) bool {
	if field == "metadata.name" || r.namespaced && field == "metadata.namespace" {
		return true
	}
	_, ok := r.fields(nil)[field]
	return ok
}
