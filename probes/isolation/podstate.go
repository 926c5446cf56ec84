package isolation

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// notRunning says why nothing in a Pod can be expected to listen, or nothing where something can: forwards also open on Pods
// whose containers do not run, and being refused there is no evidence.
func notRunning(pod *corev1.Pod, container string) string {
	if pod.Status.Phase != corev1.PodRunning {
		return fmt.Sprintf("Pod %s is %s", pod.Name, pod.Status.Phase)
	}
	why := ""
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			status := &statuses[i]
			if container != "" && status.Name != container {
				continue
			}
			stopped := whyStopped(status)
			switch {
			case stopped == "":
				return ""
			case status.State.Running != nil:
				why = stopped
			case why == "" && (status.State.Terminated == nil || container != ""):
				why = stopped
			}
		}
	}
	return why
}

// stoppedContainer says which container of a Pod of several does not run, where none declares the port and any may be meant; empty where
// all run. The proxy of a mesh is never meant.
func stoppedContainer(pod *corev1.Pod) string {
	for container := range model.ServingContainers(&pod.Spec) {
		switch container.Name {
		case "istio-proxy", "linkerd-proxy", "kuma-sidecar", "consul-dataplane":
			continue
		}
		for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
			for i := range statuses {
				if stopped := whyStopped(&statuses[i]); statuses[i].Name == container.Name && stopped != "" {
					return stopped
				}
			}
		}
	}
	return ""
}

// whyStopped says why a container cannot be expected to listen; empty where it can.
func whyStopped(status *corev1.ContainerStatus) string {
	switch {
	case status.State.Running != nil && (status.Started == nil || *status.Started):
		return ""
	case status.State.Running != nil:
		return fmt.Sprintf("container %s has not passed its startup probe yet", status.Name)
	case status.State.Waiting != nil:
		return fmt.Sprintf("container %s is waiting: %s", status.Name, status.State.Waiting.Reason)
	case status.State.Terminated != nil:
		return fmt.Sprintf("container %s has ended: %s", status.Name, status.State.Terminated.Reason)
	}
	return ""
}

// podAddress is a Pod's address in a family of the Service's, which is the one that clients are led to; empty where it has none yet.
// elsewhere means that it is another one than status.podIP, which alone the API server's proxy and the kubelet's probes dial.
func podAddress(service *corev1.Service, pod *corev1.Pod) (address string, elsewhere bool) {
	first := pod.Status.PodIP
	if first == "" || len(service.Spec.IPFamilies) == 0 || isOfFamilies(first, service.Spec.IPFamilies) {
		return first, false
	}
	for _, other := range pod.Status.PodIPs {
		if isOfFamilies(other.IP, service.Spec.IPFamilies) {
			return other.IP, true
		}
	}
	return "", true
}

// clusterIPFor is the Service's address that a client is led to: the first of a family that its Pod has, where that is known, and else the first.
func clusterIPFor(service *corev1.Service, client *corev1.Pod) string {
	if client == nil || client.Spec.HostNetwork {
		return service.Spec.ClusterIP
	}
	for _, address := range service.Spec.ClusterIPs {
		if reachesFamilyOf(client, address) {
			return address
		}
	}
	return service.Spec.ClusterIP
}

// reachesFamilyOf tells whether a Pod has an address of the family of another one.
func reachesFamilyOf(pod *corev1.Pod, address string) bool {
	for _, own := range pod.Status.PodIPs {
		parsed, _ := netip.ParseAddr(own.IP)
		other, err := netip.ParseAddr(address)
		if err == nil && parsed.IsValid() && parsed.Unmap().Is4() == other.Unmap().Is4() {
			return true
		}
	}
	return false
}

// clientTakesOtherFamily tells whether the client reaches the Service at an address of another family than the tested Pod's, so that its try at
// the Pod's IP would tell nothing of its way.
func (s *subject) clientTakesOtherFamily() bool {
	client := s.snapshot.Pod(s.request.Client)
	return client != nil && !client.Spec.HostNetwork && !s.facts.Headless && s.facts.PodIP != "" &&
		!reachesFamilyOf(client, s.facts.PodIP) && reachesFamilyOf(client, clusterIPFor(s.service, client))
}

func isOfFamilies(address string, families []corev1.IPFamily) bool {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	family := corev1.IPv4Protocol
	if parsed.Unmap().Is6() {
		family = corev1.IPv6Protocol
	}
	return slices.Contains(families, family)
}
