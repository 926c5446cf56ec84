package model

import (
	"cmp"
	"iter"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TargetPort is the container port that a Service's port leads to in one Pod.
type TargetPort struct {
	Number int32
	// Container declares the port; empty where a numeric targetPort is not declared, which is legal.
	Container string
}

// ResolveTargetPort finds the port of a Pod that a Service's port leads to, as the EndpointSlice controller does
// (FindPort in k8s.io/endpointslice): a number is taken as it is, declared or not; a name is looked for, together with
// the protocol, among the serving containers. ok is false where the name is missing.
func ResolveTargetPort(pod *corev1.PodSpec, port *corev1.ServicePort) (target TargetPort, ok bool) {
	if port.TargetPort.Type == intstr.String {
		return declaredPort(pod, port.Protocol, func(declared *corev1.ContainerPort) bool { return declared.Name == port.TargetPort.StrVal })
	}
	number := cmp.Or(port.TargetPort.IntVal, port.Port)
	target, declared := declaredPort(pod, port.Protocol, func(declared *corev1.ContainerPort) bool { return declared.ContainerPort == number })
	if !declared {
		return TargetPort{Number: number}, true
	}
	return target, true
}

// ContainerPort looks up a declared port by name and protocol among the serving containers. An empty protocol is TCP.
func ContainerPort(pod *corev1.PodSpec, name string, protocol corev1.Protocol) (int32, bool) {
	target, ok := declaredPort(pod, protocol, func(declared *corev1.ContainerPort) bool { return declared.Name == name })
	return target.Number, ok
}

// declaredPort finds the first port of a protocol that is meant.
func declaredPort(pod *corev1.PodSpec, protocol corev1.Protocol, meant func(*corev1.ContainerPort) bool) (TargetPort, bool) {
	for container := range ServingContainers(pod) {
		for i := range container.Ports {
			declared := &container.Ports[i]
			if protocolOrTCP(declared.Protocol) == protocolOrTCP(protocol) && meant(declared) {
				return TargetPort{Number: declared.ContainerPort, Container: container.Name}, true
			}
		}
	}
	return TargetPort{}, false
}

// ServingContainers yields the containers that can serve: the plain ones, then the sidecars. Plain init containers do not
// count.
func ServingContainers(pod *corev1.PodSpec) iter.Seq[*corev1.Container] {
	return func(yield func(*corev1.Container) bool) {
		for i := range pod.Containers {
			if !yield(&pod.Containers[i]) {
				return
			}
		}
		for i := range pod.InitContainers {
			if IsSidecar(&pod.InitContainers[i]) && !yield(&pod.InitContainers[i]) {
				return
			}
		}
	}
}

// IsSidecar tells whether an init container runs as long as its Pod does: with restartPolicy Always (KEP-753).
func IsSidecar(container *corev1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func protocolOrTCP(protocol corev1.Protocol) corev1.Protocol {
	return cmp.Or(protocol, corev1.ProtocolTCP)
}

// PodReady tells whether the Pod's condition Ready is True.
func PodReady(pod *corev1.Pod) bool {
	_, ready := ReadySince(pod)
	return ready
}

// ReadySince returns since when the Pod's condition Ready is True; false where it is not.
func ReadySince(pod *corev1.Pod) (time.Time, bool) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Time, true
		}
	}
	return time.Time{}, false
}

// ForwardOrder returns the Pods in the order in which one is chosen for a port-forward to a Service: Running first, then those
// that are not terminating, Ready, longest Ready, least restarted, oldest. It is kubectl's order, but for a terminating
// Pod, which is taken only when nothing else runs.
func ForwardOrder(pods []*corev1.Pod) []*corev1.Pod {
	ordered := slices.Clone(pods)
	slices.SortStableFunc(ordered, func(a, b *corev1.Pod) int {
		aSince, aReady := ReadySince(a)
		bSince, bReady := ReadySince(b)
		return cmp.Or(
			falseLast(a.Status.Phase == corev1.PodRunning, b.Status.Phase == corev1.PodRunning),
			falseLast(a.DeletionTimestamp == nil, b.DeletionTimestamp == nil),
			falseLast(aReady, bReady),
			aSince.Compare(bSince),
			cmp.Compare(mostRestarts(a), mostRestarts(b)),
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(a.Name, b.Name),
		)
	})
	return ordered
}

func falseLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func mostRestarts(pod *corev1.Pod) int32 {
	var most int32
	for _, status := range pod.Status.ContainerStatuses {
		most = max(most, status.RestartCount)
	}
	return most
}
