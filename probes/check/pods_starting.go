package check

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Starting tells since when the container that has a port runs in a Pod that is not Ready yet, and until when it may only be starting: for as long
// as the probe in charge allows it, and half a minute at least. Where container, its name, is empty, it is any that is not ready. Both are zero where
// the Pod is Ready, was Ready since its containers started, or is being deleted, and where the container was started again, does not run, or is ready
// by its own probe: then what it does not do is not because it is new.
func Starting(pod *corev1.Pod, container string) (since, until time.Time) {
	trouble := podTrouble{pod: pod}
	if ready := podCondition(pod, corev1.PodReady); pod.DeletionTimestamp != nil || ready != nil && ready.Status == corev1.ConditionTrue || trouble.wasReady() {
		return time.Time{}, time.Time{}
	}
	for _, status := range slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses) {
		spec := containerNamed(pod, status.Name)
		switch {
		case status.State.Running == nil, container != "" && status.Name != container:
			continue
		case status.Ready && (container == "" || spec != nil && spec.ReadinessProbe != nil):
			continue
		}
		began := status.State.Running.StartedAt.Time
		if status.RestartCount > 0 || began.IsZero() {
			return time.Time{}, time.Time{}
		}
		_, probe := probeInCharge(spec, &status)
		if ends := began.Add(max(rolloutGrace, probeBudget(probe))); ends.After(until) {
			since, until = began, ends
		}
	}
	return since, until
}
