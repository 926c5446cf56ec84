package check

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Starting tells since when a Pod's containers run of which the Pod is not Ready yet, and until when they may only be starting: for as long as
// the probe in charge allows a container, and half a minute at least. Both are zero where the Pod is Ready, was Ready since they started, was
// started again, or does not run: then what it does not do is not because it is new.
func Starting(pod *corev1.Pod) (since, until time.Time) {
	trouble := podTrouble{pod: pod}
	container := trouble.runningNotReady()
	if container == nil || container.RestartCount > 0 || pod.DeletionTimestamp != nil || trouble.wasReady() {
		return time.Time{}, time.Time{}
	}
	since = container.State.Running.StartedAt.Time
	if since.IsZero() {
		return time.Time{}, time.Time{}
	}
	_, probe := probeInCharge(containerNamed(pod, container.Name), container)
	return since, since.Add(max(rolloutGrace, probeBudget(probe)))
}
