package model

import (
	"cmp"
	"iter"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TargetPort resolves a Service port's targetPort in one Pod, as the EndpointSlice controller does (FindPort in
// k8s.io/endpointslice): a number is used as it is, declared or not; a name is looked up by name and protocol.
// It is false where the Pod has no such port.
func TargetPort(pod *corev1.Pod, port corev1.ServicePort) (int32, bool) {
	if port.TargetPort.Type == intstr.String {
		return ContainerPort(pod, port.TargetPort.StrVal, port.Protocol)
	}
	if port.TargetPort.IntVal == 0 {
		return port.Port, true
	}
	return port.TargetPort.IntVal, true
}

// ContainerPort looks up a declared port by name and protocol, in the containers and then in the sidecars: init containers
// with restartPolicy Always (KEP-753). Plain init containers do not count. An empty protocol is TCP.
func ContainerPort(pod *corev1.Pod, name string, protocol corev1.Protocol) (int32, bool) {
	for container := range ServingContainers(pod) {
		for _, port := range container.Ports {
			if port.Name == name && protocolOrTCP(port.Protocol) == protocolOrTCP(protocol) {
				return port.ContainerPort, true
			}
		}
	}
	return 0, false
}

// ServingContainers yields the containers that can serve: the plain ones, then the sidecars.
func ServingContainers(pod *corev1.Pod) iter.Seq[*corev1.Container] {
	return func(yield func(*corev1.Container) bool) {
		for i := range pod.Spec.Containers {
			if !yield(&pod.Spec.Containers[i]) {
				return
			}
		}
		for i := range pod.Spec.InitContainers {
			if isSidecar(&pod.Spec.InitContainers[i]) && !yield(&pod.Spec.InitContainers[i]) {
				return
			}
		}
	}
}

func isSidecar(container *corev1.Container) bool {
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
