package check

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// PodEnded tells whether a Pod will run no more. It still matches its Service's selector, and may stay listed in
// slices until the Service's next sync, but never gets traffic.
func PodEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func podCondition(pod *corev1.Pod, conditionType corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == conditionType {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// ExpectedEndpoint is what the EndpointSlice controller makes of a Pod that a Service selects.
type ExpectedEndpoint struct {
	Pod   *corev1.Pod
	Ready bool
}

// ExpectedEndpoints returns the endpoints that the EndpointSlice controller makes of the selected Pods in one
// family: those that have not ended and have an address of it. Terminating Pods stay listed, and are not ready unless the
// Service publishes such addresses (ShouldPodBeInEndpoints and podToEndpoint in k8s.io/endpointslice). That the
// controller also leaves out Pods whose Node object is missing is not asked here.
func ExpectedEndpoints(service *corev1.Service, selected []*corev1.Pod, family corev1.IPFamily) []ExpectedEndpoint {
	var expected []ExpectedEndpoint
	for _, pod := range selected {
		if PodEnded(pod) || !hasAddress(pod, family) {
			continue
		}
		ready := service.Spec.PublishNotReadyAddresses || model.PodReady(pod) && pod.DeletionTimestamp == nil
		expected = append(expected, ExpectedEndpoint{Pod: pod, Ready: ready})
	}
	return expected
}

func hasAddress(pod *corev1.Pod, family corev1.IPFamily) bool {
	ofFamily := func(ip string) bool {
		if family == corev1.IPv6Protocol {
			return isIPv6(ip)
		}
		return isIPv4(ip)
	}
	for i := range pod.Status.PodIPs {
		if ofFamily(pod.Status.PodIPs[i].IP) {
			return true
		}
	}
	return ofFamily(pod.Status.PodIP)
}
