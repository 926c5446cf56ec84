package check

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// status is a Pod's line in `kubectl get pods`.
type status struct {
	ready, containers int
	reason            string
	restarts          int
	lastRestart       time.Time
}

// podStatus finds READY, STATUS and RESTARTS by the rules of the API server's table printer, so that both
// screens say the same.
func podStatus(pod *corev1.Pod) status {
	result := status{containers: len(pod.Spec.Containers), reason: string(pod.Status.Phase)}
	if pod.Status.Reason != "" {
		result.reason = pod.Status.Reason
	}
	if scheduled := podCondition(pod, corev1.PodScheduled); scheduled != nil && scheduled.Reason == corev1.PodReasonSchedulingGated {
		result.reason = corev1.PodReasonSchedulingGated
	}
	sidecars := map[string]bool{}
	for i := range pod.Spec.InitContainers {
		if model.IsSidecar(&pod.Spec.InitContainers[i]) {
			sidecars[pod.Spec.InitContainers[i].Name] = true
			result.containers++
		}
	}
	sidecarRestarts := status{}
	initializing := result.addInit(pod, sidecars, &sidecarRestarts)
	initialized := podCondition(pod, corev1.PodInitialized)
	if !initializing || initialized != nil && initialized.Status == corev1.ConditionTrue {
		result.restarts, result.lastRestart = sidecarRestarts.restarts, sidecarRestarts.lastRestart
		result.addMain(pod)
	}
	if pod.DeletionTimestamp != nil {
		switch {
		case pod.Status.Reason == "NodeLost":
			result.reason = "Unknown"
		case !PodEnded(pod):
			result.reason = "Terminating"
		}
	}
	return result
}

// addInit goes through the init containers up to the one that is not done, which gives the status.
func (s *status) addInit(pod *corev1.Pod, sidecars map[string]bool, sidecarRestarts *status) (initializing bool) {
	for i := range pod.Status.InitContainerStatuses {
		container := &pod.Status.InitContainerStatuses[i]
		s.addRestarts(container)
		if sidecars[container.Name] {
			sidecarRestarts.addRestarts(container)
		}
		state := container.State
		switch {
		case state.Terminated != nil && state.Terminated.ExitCode == 0:
		case sidecars[container.Name] && container.Started != nil && *container.Started:
			if container.Ready {
				s.ready++
			}
		case state.Terminated != nil:
			s.reason = "Init:" + endReason(state.Terminated)
			return true
		case state.Waiting != nil && state.Waiting.Reason != "" && state.Waiting.Reason != "PodInitializing":
			s.reason = "Init:" + state.Waiting.Reason
			return true
		default:
			s.reason = fmt.Sprintf("Init:%d/%d", i, len(pod.Spec.InitContainers))
			return true
		}
	}
	return false
}

// addMain goes through the main containers from the last, so that the first has the last word.
func (s *status) addMain(pod *corev1.Pod) {
	running, failure := false, ""
	for i := len(pod.Status.ContainerStatuses) - 1; i >= 0; i-- {
		container := &pod.Status.ContainerStatuses[i]
		s.addRestarts(container)
		switch state := container.State; {
		case state.Waiting != nil && state.Waiting.Reason != "":
			s.reason = state.Waiting.Reason
		case state.Terminated != nil:
			s.reason = endReason(state.Terminated)
			if state.Terminated.ExitCode != 0 {
				failure = s.reason
			}
		case container.Ready && state.Running != nil:
			running = true
			s.ready++
		}
	}
	if s.reason != "Completed" {
		return
	}
	switch {
	case running && model.PodReady(pod):
		s.reason = "Running"
	case failure != "":
		s.reason = failure
	case running:
		s.reason = "NotReady"
	}
}

func (s *status) addRestarts(container *corev1.ContainerStatus) {
	s.restarts += int(container.RestartCount)
	if last := container.LastTerminationState.Terminated; last != nil && last.FinishedAt.After(s.lastRestart) {
		s.lastRestart = last.FinishedAt.Time
	}
}

func endReason(end *corev1.ContainerStateTerminated) string {
	switch {
	case end.Reason != "":
		return end.Reason
	case end.Signal != 0:
		return fmt.Sprintf("Signal:%d", end.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", end.ExitCode)
}

// lastExit tells how a container of the Pod last ended, the newest of them; empty where none did.
func lastExit(pod *corev1.Pod) string {
	var newest *corev1.ContainerStateTerminated
	name := ""
	for _, container := range allStatuses(pod) {
		for _, end := range []*corev1.ContainerStateTerminated{container.State.Terminated, container.LastTerminationState.Terminated} {
			if end != nil && (end.ExitCode != 0 || container.RestartCount > 0) && (newest == nil || end.FinishedAt.After(newest.FinishedAt.Time)) {
				newest, name = end, container.Name
			}
		}
	}
	if newest == nil {
		return ""
	}
	return name + ": " + exitText(newest)
}

func exitText(end *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("exit %d", end.ExitCode)
	if end.Reason != "" && end.Reason != "Error" {
		text += " " + end.Reason
	}
	if ran := end.FinishedAt.Sub(end.StartedAt.Time); !end.StartedAt.IsZero() && ran >= 0 {
		text += " after " + ran.Round(time.Second).String()
	}
	return text
}

func allStatuses(pod *corev1.Pod) []corev1.ContainerStatus {
	all := make([]corev1.ContainerStatus, 0, len(pod.Status.InitContainerStatuses)+len(pod.Status.ContainerStatuses))
	return append(append(all, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
}

func probeRows(pod *corev1.Pod) []ProbeRow {
	var rows []ProbeRow
	for container := range model.ServingContainers(&pod.Spec) {
		for _, probe := range []struct {
			kind  string
			probe *corev1.Probe
		}{{"readiness", container.ReadinessProbe}, {"startup", container.StartupProbe}, {"liveness", container.LivenessProbe}} {
			if probe.probe != nil {
				rows = append(rows, ProbeRow{Container: container.Name, Kind: probe.kind, Text: probeText(probe.probe)})
			}
		}
	}
	return rows
}

// probeText writes a probe as `kubectl describe` does, so that it can be compared word by word.
func probeText(probe *corev1.Probe) string {
	times := fmt.Sprintf("delay=%ds timeout=%ds period=%ds successThreshold=%d failureThreshold=%d",
		probe.InitialDelaySeconds, probe.TimeoutSeconds, probe.PeriodSeconds, probe.SuccessThreshold, probe.FailureThreshold)
	switch {
	case probe.Exec != nil:
		return fmt.Sprintf("exec [%s] %s", strings.Join(probe.Exec.Command, " "), times)
	case probe.HTTPGet != nil:
		target := url.URL{
			Scheme: strings.ToLower(string(probe.HTTPGet.Scheme)), Path: probe.HTTPGet.Path,
			Host: net.JoinHostPort(probe.HTTPGet.Host, probe.HTTPGet.Port.String()),
		}
		return "http-get " + target.String() + " " + times
	case probe.TCPSocket != nil:
		return fmt.Sprintf("tcp-socket %s:%s %s", probe.TCPSocket.Host, probe.TCPSocket.Port.String(), times)
	case probe.GRPC != nil:
		service := ""
		if probe.GRPC.Service != nil {
			service = *probe.GRPC.Service
		}
		return fmt.Sprintf("grpc <pod>:%d %s %s", probe.GRPC.Port, service, times)
	}
	return "unknown " + times
}
