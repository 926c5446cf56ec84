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

// PodAt returns the one Pod of a namespace that runs, or is to run, with an IP address of its own, as of an endpoint that somebody wrote by
// hand; nil where there is none or more than one. A Pod on its node's network shares the node's address, and is never it.
func PodAt(snapshot *model.Snapshot, namespace, address string) *corev1.Pod {
	var at *corev1.Pod
	for _, pod := range snapshot.PodsWithAddress(address) {
		if pod.Namespace != namespace || pod.Spec.HostNetwork || PodEnded(pod) {
			continue
		}
		if at != nil {
			return nil
		}
		at = pod
	}
	return at
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
