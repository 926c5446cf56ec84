package kube

import (
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

const (
	// annotationLimit is the longest annotation value that is kept, in bytes.
	annotationLimit = 2048
	// commandLimit is the longest command or argument list that is kept of a container, in bytes.
	commandLimit = 1024
)

// trim takes out of an object that just arrived what no check reads, in place, so that ten thousand of them
// fit a small bastion. The object must not be shared yet. What is kept of managedFields is said in
// kube/model; the annotation kubectl.kubernetes.io/last-applied-configuration is emptied, so that
// its presence still tells who manages the object; longer annotations than annotationLimit go.
//
// Of Pods the volumes, resources and scheduling rules go, and of the environment all but the addresses that
// are written into it (trimEnv). Of webhooks the certificates go.
func trim(object metav1.Object) {
	trimAnnotations(object)
	switch object := object.(type) {
	case *corev1.Service:
		object.ManagedFields = trimManagedFields(object.ManagedFields, serviceFields)
	case *discoveryv1.EndpointSlice:
		object.ManagedFields = trimManagedFields(object.ManagedFields, sliceFields)
	case *corev1.Pod:
		object.ManagedFields = trimLabelOwners(object)
		limits := limitsReached(object)
		trimPodSpec(&object.Spec)
		keepLimits(&object.Spec, limits)
		trimPodStatus(&object.Status)
	case *networkingv1.Ingress:
		object.ManagedFields = trimManagedFields(object.ManagedFields, ingressFields)
	case *corev1.Event:
		object.ManagedFields = nil
	case *appsv1.Deployment:
		object.ManagedFields = trimManagedFields(object.ManagedFields, workloadFields)
		trimTemplate(&object.Spec.Template)
	case *appsv1.ReplicaSet:
		object.ManagedFields = trimManagedFields(object.ManagedFields, workloadFields)
		trimTemplate(&object.Spec.Template)
	case *appsv1.StatefulSet:
		object.ManagedFields = trimManagedFields(object.ManagedFields, workloadFields)
		object.Spec.VolumeClaimTemplates = nil
		trimTemplate(&object.Spec.Template)
	case *appsv1.DaemonSet:
		object.ManagedFields = nil
		trimTemplate(&object.Spec.Template)
	case *batchv1.Job:
		object.ManagedFields = nil
		trimTemplate(&object.Spec.Template)
	case *corev1.Node:
		object.ManagedFields = nil
		object.Status.Images = nil
		object.Status.VolumesAttached = nil
		object.Status.VolumesInUse = nil
	case *admissionv1.ValidatingWebhookConfiguration:
		object.ManagedFields = nil
		for i := range object.Webhooks {
			object.Webhooks[i].ClientConfig.CABundle = nil
		}
	case *admissionv1.MutatingWebhookConfiguration:
		object.ManagedFields = nil
		for i := range object.Webhooks {
			object.Webhooks[i].ClientConfig.CABundle = nil
		}
	default:
		object.SetManagedFields(nil)
	}
}

func trimAnnotations(object metav1.Object) {
	annotations := object.GetAnnotations()
	for key, value := range annotations {
		switch {
		case key == corev1.LastAppliedConfigAnnotation:
			annotations[key] = ""
		case len(value) > annotationLimit:
			delete(annotations, key)
		}
	}
}

// ownedField is a field whose owner is kept, as in model.OwnsField.
type ownedField struct{ parent, child string }

func serviceFields() []ownedField {
	return []ownedField{{"f:spec", "f:selector"}, {"f:spec", "f:type"}, {"f:spec", "f:ports"}, {"f:spec", "f:externalName"}}
}

func ingressFields() []ownedField {
	return []ownedField{{"f:spec", "f:rules"}, {"f:spec", "f:defaultBackend"}}
}

func sliceFields() []ownedField { return []ownedField{{"f:endpoints", ""}} }

func podFields() []ownedField { return []ownedField{{"f:metadata", "f:labels"}} }

// trimLabelOwners keeps of a Pod's managedFields who changed its labels after it was made, which is rare.
func trimLabelOwners(pod *corev1.Pod) []metav1.ManagedFieldsEntry {
	var later []metav1.ManagedFieldsEntry
	for _, entry := range pod.ManagedFields {
		if entry.Time != nil && entry.Time.After(pod.CreationTimestamp.Time) && entry.FieldsV1 != nil &&
			model.OwnsField(entry.FieldsV1.GetRawBytes(), "f:metadata", "f:labels") {
			later = append(later, entry)
		}
	}
	return trimManagedFields(later, podFields)
}

func workloadFields() []ownedField { return []ownedField{{"f:spec", "f:replicas"}} }

// trimManagedFields keeps of each entry the manager, operation, subresource and time, and of its fieldsV1 the
// given fields that it owns.
func trimManagedFields(entries []metav1.ManagedFieldsEntry, fields func() []ownedField) []metav1.ManagedFieldsEntry {
	if len(entries) == 0 {
		return nil
	}
	kept := make([]metav1.ManagedFieldsEntry, 0, len(entries))
	for _, entry := range entries {
		kept = append(kept, metav1.ManagedFieldsEntry{
			Manager:     entry.Manager,
			Operation:   entry.Operation,
			Subresource: entry.Subresource,
			Time:        entry.Time,
			FieldsV1:    trimFieldsV1(entry.FieldsV1, fields()),
		})
	}
	return kept
}

func trimFieldsV1(whole *metav1.FieldsV1, fields []ownedField) *metav1.FieldsV1 {
	if whole == nil {
		return nil
	}
	raw := whole.GetRawBytes()
	var kept []byte
	for _, field := range fields {
		if !model.OwnsField(raw, field.parent, field.child) {
			continue
		}
		if kept == nil {
			kept = append(append(make([]byte, 0, 64), `{"`...), field.parent...)
			kept = append(kept, `":{`...)
		} else {
			kept = append(kept, ',')
		}
		if field.child != "" {
			kept = append(append(append(kept, '"'), field.child...), `":{}`...)
		}
	}
	if kept == nil {
		return nil
	}
	return metav1.NewFieldsV1(string(append(kept, "}}"...)))
}

func trimTemplate(template *corev1.PodTemplateSpec) {
	trimAnnotations(&template.ObjectMeta)
	trimPodSpec(&template.Spec)
}

func trimPodSpec(spec *corev1.PodSpec) {
	*spec = corev1.PodSpec{
		InitContainers:                trimContainers(spec.InitContainers),
		Containers:                    trimContainers(spec.Containers),
		RestartPolicy:                 spec.RestartPolicy,
		TerminationGracePeriodSeconds: spec.TerminationGracePeriodSeconds,
		DNSPolicy:                     spec.DNSPolicy,
		NodeSelector:                  spec.NodeSelector,
		ServiceAccountName:            spec.ServiceAccountName,
		NodeName:                      spec.NodeName,
		HostNetwork:                   spec.HostNetwork,
		Hostname:                      spec.Hostname,
		Subdomain:                     spec.Subdomain,
		ReadinessGates:                spec.ReadinessGates,
		SchedulingGates:               spec.SchedulingGates,
	}
}

// ofPod is the key of a Pod's own limit in limitsReached: no container has an empty name.
const ofPod = ""

// limitsReached are the memory limits of those containers that ended because there was no more memory, and of their Pod: whether they had one tells
// why. Of all others nobody asks.
func limitsReached(pod *corev1.Pod) map[string]corev1.ResourceList {
	var limits map[string]corev1.ResourceList
	ranOut := func(state corev1.ContainerState) bool {
		return state.Terminated != nil && state.Terminated.Reason == "OOMKilled"
	}
	note := func(name string, resources *corev1.ResourceRequirements) {
		if resources == nil {
			return
		}
		if limit, limited := resources.Limits[corev1.ResourceMemory]; limited {
			if limits == nil {
				limits = map[string]corev1.ResourceList{}
			}
			limits[name] = corev1.ResourceList{corev1.ResourceMemory: limit}
		}
	}
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		if !ranOut(status.State) && !ranOut(status.LastTerminationState) {
			continue
		}
		note(ofPod, pod.Spec.Resources)
		for j := range pod.Spec.Containers {
			if pod.Spec.Containers[j].Name == status.Name {
				note(status.Name, &pod.Spec.Containers[j].Resources)
			}
		}
	}
	return limits
}

func keepLimits(spec *corev1.PodSpec, limits map[string]corev1.ResourceList) {
	if limit, limited := limits[ofPod]; limited {
		spec.Resources = &corev1.ResourceRequirements{Limits: limit}
	}
	for i := range spec.Containers {
		spec.Containers[i].Resources.Limits = limits[spec.Containers[i].Name]
	}
}

func trimContainers(containers []corev1.Container) []corev1.Container {
	if len(containers) == 0 {
		return nil
	}
	kept := make([]corev1.Container, 0, len(containers))
	for _, container := range containers {
		trimmed := corev1.Container{
			Name:            container.Name,
			Image:           container.Image,
			ImagePullPolicy: container.ImagePullPolicy,
			Ports:           container.Ports,
			RestartPolicy:   container.RestartPolicy,
			LivenessProbe:   container.LivenessProbe,
			ReadinessProbe:  container.ReadinessProbe,
			StartupProbe:    container.StartupProbe,
			Env:             trimEnv(container.Env),
		}
		if shorterThan(container.Command, container.Args, commandLimit) {
			trimmed.Command, trimmed.Args = container.Command, container.Args
		}
		kept = append(kept, trimmed)
	}
	return kept
}

// trimEnv keeps the variables whose literal value is an IP address or holds one, e.g. in a URL, and of their value only the
// addresses, with the port where there is one, separated by spaces: enough to find a ClusterIP that is written into a Pod, and
// never a password that stands beside it. Of those that tell where to listen the ports are kept too.
func trimEnv(env []corev1.EnvVar) []corev1.EnvVar {
	var kept []corev1.EnvVar
	for i := range env {
		told := strings.TrimSpace(addressesIn(env[i].Value) + " " + portsIn(env[i].Name, env[i].Value))
		if told != "" {
			kept = append(kept, corev1.EnvVar{Name: env[i].Name, Value: told})
		}
	}
	return kept
}

// listeningNames are parts of names of variables that tell an application where to listen, as PORT or ASPNETCORE_URLS. It is never changed.
var listeningNames = []string{"PORT", "URLS", "ADDR", "LISTEN", "BIND"}

// portNumber is a port within a URL or an address; what stands before an @ is none.
var portNumber = regexp.MustCompile(`(?:^|:)([1-9][0-9]{1,4})(?:$|[/;, ])`)

// portsIn returns the ports in the value of a variable that tells where to listen, each with a colon in front; empty for others.
func portsIn(name, value string) string {
	name = strings.ToUpper(name)
	if len(value) > annotationLimit || !slices.ContainsFunc(listeningNames, func(part string) bool { return strings.Contains(name, part) }) {
		return ""
	}
	var found []string
	for _, match := range portNumber.FindAllStringSubmatch(value, -1) {
		found = append(found, ":"+match[1])
	}
	return strings.Join(found, " ")
}

func addressesIn(value string) string {
	if len(value) > annotationLimit {
		return ""
	}
	var found []string
	for _, addr := range model.AddressesIn(value) {
		if addr.Port() == 0 {
			found = append(found, addr.Addr().String())
		} else {
			found = append(found, addr.String())
		}
	}
	return strings.Join(found, " ")
}

func shorterThan(command, args []string, limit int) bool {
	for _, words := range [][]string{command, args} {
		for _, word := range words {
			limit -= len(word)
		}
	}
	return limit >= 0
}

func trimPodStatus(status *corev1.PodStatus) {
	*status = corev1.PodStatus{
		Phase:                 status.Phase,
		Conditions:            status.Conditions,
		Message:               status.Message,
		Reason:                status.Reason,
		NominatedNodeName:     status.NominatedNodeName,
		HostIP:                status.HostIP,
		PodIP:                 status.PodIP,
		PodIPs:                status.PodIPs,
		StartTime:             status.StartTime,
		InitContainerStatuses: trimContainerStatuses(status.InitContainerStatuses),
		ContainerStatuses:     trimContainerStatuses(status.ContainerStatuses),
	}
}

func trimContainerStatuses(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	if len(statuses) == 0 {
		return nil
	}
	kept := make([]corev1.ContainerStatus, 0, len(statuses))
	for _, status := range statuses {
		kept = append(kept, corev1.ContainerStatus{
			Name:                 status.Name,
			State:                status.State,
			LastTerminationState: status.LastTerminationState,
			Ready:                status.Ready,
			RestartCount:         status.RestartCount,
			Image:                status.Image,
			Started:              status.Started,
		})
	}
	return kept
}
