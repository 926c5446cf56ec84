package simulation

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// portOf resolves a Service port's targetPort on one Pod: a number as it is, a name by name and protocol among the
// containers and then the sidecars, which are init containers that restart always (FindPort in
// k8s.io/endpointslice/util).
func portOf(pod *corev1.Pod, port corev1.ServicePort) (int32, bool) {
	if port.TargetPort.Type == intstr.Int {
		return port.TargetPort.IntVal, true
	}
	find := func(c corev1.Container) (int32, bool) {
		for _, declared := range c.Ports {
			if declared.Name == port.TargetPort.StrVal && declared.Protocol == port.Protocol {
				return declared.ContainerPort, true
			}
		}
		return 0, false
	}
	for _, c := range pod.Spec.Containers {
		if number, ok := find(c); ok {
			return number, true
		}
	}
	for _, c := range pod.Spec.InitContainers {
		if ptr.Deref(c.RestartPolicy, "") != corev1.ContainerRestartPolicyAlways {
			continue
		}
		if number, ok := find(c); ok {
			return number, true
		}
	}
	return 0, false
}

// shouldBeEndpoint tells whether a Pod that a Service selects belongs among its endpoints (ShouldPodBeInEndpoints in
// k8s.io/endpointslice/util). EndpointSlices keep terminating Pods, the legacy Endpoints do not.
func shouldBeEndpoint(pod *corev1.Pod, includeTerminating bool) bool {
	if pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		return false
	}
	if len(pod.Status.PodIP) == 0 && len(pod.Status.PodIPs) == 0 {
		return false
	}
	return includeTerminating || pod.DeletionTimestamp == nil
}

func isReady(pod *corev1.Pod) bool {
	return conditionOf(pod, corev1.PodReady) == corev1.ConditionTrue
}

func conditionOf(pod *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return ""
}
