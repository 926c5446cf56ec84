package check

import corev1 "k8s.io/api/core/v1"

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
