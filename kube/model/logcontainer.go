package model

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// defaultContainerAnnotation names the container that kubectl takes where none is named.
const defaultContainerAnnotation = "kubectl.kubernetes.io/default-container"

// LogContainer names the container whose log is to be shown first: the one that keeps the Pod from running or from being Ready. That
// is the first init container that is not done, because nothing after it has begun; else a container that crashed or cannot start,
// before one that runs and is not ready. Among equals it is the one that `kubectl logs` takes: the container that the
// annotation names, else the first. It is empty for a Pod without containers. It is pure.
func LogContainer(pod *corev1.Pod) string {
	for i := range pod.Spec.InitContainers {
		container := &pod.Spec.InitContainers[i]
		if status := containerStatus(pod.Status.InitContainerStatuses, container.Name); status != nil && !initDone(container, status) {
			return container.Name
		}
	}
	byDefault := defaultContainer(&pod.Spec, pod.Annotations[defaultContainerAnnotation])
	worst, chosen := hinders(pod, byDefault), byDefault
	for container := range ServingContainers(&pod.Spec) {
		if hindrance := hinders(pod, container.Name); hindrance > worst {
			worst, chosen = hindrance, container.Name
		}
	}
	return chosen
}

// defaultContainer is what `kubectl logs` takes: a name that is annotated and no container's counts for nothing.
func defaultContainer(spec *corev1.PodSpec, annotated string) string {
	named := func(container corev1.Container) bool { return container.Name == annotated }
	switch {
	case slices.ContainsFunc(spec.Containers, named), slices.ContainsFunc(spec.InitContainers, named):
		return annotated
	case len(spec.Containers) > 0:
		return spec.Containers[0].Name
	}
	return ""
}

// initDone tells whether an init container lets the next one begin (kubernetes.io, Init Containers; KEP-753 for sidecars).
func initDone(container *corev1.Container, status *corev1.ContainerStatus) bool {
	if IsSidecar(container) {
		return status.Started != nil && *status.Started
	}
	return status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
}

// How much a container hinders its Pod from being Ready, least first.
const (
	hindersNot = iota
	isNotReady
	isBroken
)

func hinders(pod *corev1.Pod, name string) int {
	status := cmp.Or(containerStatus(pod.Status.ContainerStatuses, name), containerStatus(pod.Status.InitContainerStatuses, name))
	switch {
	case status == nil || status.Ready:
		return hindersNot
	case status.State.Terminated != nil && status.State.Terminated.ExitCode != 0:
		return isBroken
	case status.State.Waiting != nil && !onItsWay(status.State.Waiting.Reason):
		return isBroken
	}
	return isNotReady
}

// onItsWay tells the reasons to wait that every container has for a moment (kubelet_pods.go in kubernetes/kubernetes).
func onItsWay(reason string) bool {
	return reason == "" || reason == "ContainerCreating" || reason == "PodInitializing"
}

func containerStatus(statuses []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	at := slices.IndexFunc(statuses, func(status corev1.ContainerStatus) bool { return status.Name == name })
	if at < 0 {
		return nil
	}
	return &statuses[at]
}
