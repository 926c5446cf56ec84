package check

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// PodEnded tells whether a Pod will run no more. It still matches its Service's selector, and may stay listed in
// slices until the Service's next sync, but never gets traffic.
func PodEnded(pod *corev1.Pod) bool { return podEnded(pod) }

func podEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// PodReady tells whether a Pod's condition Ready is True.
func PodReady(pod *corev1.Pod) bool {
	ready := podCondition(pod, corev1.PodReady)
	return ready != nil && ready.Status == corev1.ConditionTrue
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
		if podEnded(pod) || !hasAddress(pod, family) {
			continue
		}
		ready := service.Spec.PublishNotReadyAddresses || PodReady(pod) && pod.DeletionTimestamp == nil
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

// TargetPort is the container port that a Service's port leads to in one Pod.
type TargetPort struct {
	Number int32
	// Container declares the port; empty where a numeric targetPort is not declared, which is legal.
	Container string
}

// ResolveTargetPort finds the port of a Pod that a Service's port leads to, as the EndpointSlice controller does
// (FindPort in k8s.io/endpointslice): a number is taken as it is, declared or not; a name is looked for, together with
// the protocol, among the containers, then among init containers that are native sidecars, never among plain init
// containers. ok is false where the name is missing.
func ResolveTargetPort(pod *corev1.PodSpec, port *corev1.ServicePort) (target TargetPort, ok bool) {
	protocol := protocolOf(port.Protocol)
	named := port.TargetPort.Type == intstr.String
	number := port.TargetPort.IntVal
	if !named && number == 0 {
		number = port.Port
	}
	eachServingContainer(pod, func(container *corev1.Container) bool {
		for i := range container.Ports {
			declared := &container.Ports[i]
			if protocolOf(declared.Protocol) != protocol {
				continue
			}
			if named && declared.Name == port.TargetPort.StrVal || !named && declared.ContainerPort == number {
				target, ok = TargetPort{Number: declared.ContainerPort, Container: container.Name}, true
				return false
			}
		}
		return true
	})
	if !ok && !named {
		return TargetPort{Number: number}, true
	}
	return target, ok
}

// eachServingContainer visits the containers that run as long as the Pod does, until visit returns false: the plain ones,
// then native sidecars.
func eachServingContainer(pod *corev1.PodSpec, visit func(*corev1.Container) bool) {
	for i := range pod.Containers {
		if !visit(&pod.Containers[i]) {
			return
		}
	}
	for i := range pod.InitContainers {
		if isSidecar(&pod.InitContainers[i]) && !visit(&pod.InitContainers[i]) {
			return
		}
	}
}

func isSidecar(container *corev1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
}
