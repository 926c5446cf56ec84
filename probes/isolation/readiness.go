package isolation

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// readinessOf reads what the kubelet's own probe, which dials the Pod's IP, tells about a port.
func readinessOf(snapshot *model.Snapshot, pod *corev1.Pod, port int32) Readiness {
	kind, passes := NoReadinessProbe, false
	var fails *corev1.ContainerStatus
	for container := range model.ServingContainers(&pod.Spec) {
		probe := container.ReadinessProbe
		switch {
		case probe == nil:
		case probe.Exec != nil:
			kind = max(kind, ReadinessByExec)
		case dialsPodIP(probe, container, port):
			kind = ReadinessOnPodIP
			// The Pod's own condition is of all containers and of readiness gates as well.
			status := containerStatus(pod, container.Name)
			passes = status != nil && status.Ready
			if status != nil && !status.Ready && status.State.Running != nil {
				fails = status
			}
		default:
			kind = max(kind, ReadinessElsewhere)
		}
	}
	if kind != ReadinessOnPodIP {
		return kind
	}
	if passes {
		return ReadyOnPodIP
	}
	refused := fmt.Sprintf("dial tcp %s: connect: connection refused", net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(port))))
	if newest := newestReadinessFailure(snapshot, pod); newest != nil && fails != nil && strings.Contains(newest.Message, refused) &&
		!check.EventTime(newest).Before(fails.State.Running.StartedAt.Time) && snapshot.At().Sub(check.EventTime(newest)) < readinessEventAge {
		return RefusedOnPodIP
	}
	return ReadinessOnPodIP
}

// readinessEventAge is how old the newest event of a probe that still fails can be: the kubelet sends one of a kind in five minutes once it
// has sent many.
const readinessEventAge = 10 * time.Minute

func containerStatus(pod *corev1.Pod, name string) *corev1.ContainerStatus {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			if statuses[i].Name == name {
				return &statuses[i]
			}
		}
	}
	return nil
}

// newestReadinessFailure returns the newest event of a failed readiness probe, or nil: an older one may tell only that the
// application had not started yet.
func newestReadinessFailure(snapshot *model.Snapshot, pod *corev1.Pod) *corev1.Event {
	var newest *corev1.Event
	for _, event := range snapshot.EventsOf(pod.Namespace, pod.UID) {
		// Similar events are joined into one, with words in front.
		if event.Reason == "Unhealthy" && strings.Contains(event.Message, "Readiness probe failed") &&
			(newest == nil || check.EventTime(event).After(check.EventTime(newest))) {
			newest = event
		}
	}
	return newest
}

func dialsPodIP(probe *corev1.Probe, container *corev1.Container, port int32) bool {
	switch {
	case probe.HTTPGet != nil:
		return probe.HTTPGet.Host == "" && probePort(probe.HTTPGet.Port, container) == port
	case probe.TCPSocket != nil:
		return probe.TCPSocket.Host == "" && probePort(probe.TCPSocket.Port, container) == port
	case probe.GRPC != nil:
		return probe.GRPC.Port == port
	}
	return false
}
