package check

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// Unasked returns the ports of a Service of which nothing that was read tells whether they answer, in the order of the spec, each by its name
// or else its number. That a port answers is told where each endpoint that it leads to is a Ready Pod whose readiness probe dials that very
// port on the Pod's own IP, as the kubelet then does all the time (kubernetes.io, Configure Liveness, Readiness and Startup Probes). A probe by
// a command in the container tells nothing of that, nor does one of another port or host. An ExternalName has no ports to ask. It is pure and
// safe for concurrent use.
func Unasked(snapshot *model.Snapshot, service *corev1.Service) []string {
	if service == nil || service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	endpoints := EffectiveEndpoints(snapshot, service)
	var unasked []string
	for i := range service.Spec.Ports {
		if port := &service.Spec.Ports[i]; !endpoints.asked(i) {
			name := port.Name
			if name == "" {
				name = strconv.Itoa(int(port.Port))
			}
			unasked = append(unasked, name)
		}
	}
	return unasked
}

// PortsAnswer puts ports that Unasked returned into a clause: "port http answers".
func PortsAnswer(ports []string) string {
	if len(ports) == 1 {
		return "port " + ports[0] + " answers"
	}
	return "ports " + firstOf(ports, 4) + " answer"
}

// asked tells whether all endpoints of a port, by its index in spec.ports, pass a readiness probe of it.
func (e *Endpoints) asked(index int) bool {
	found := false
	for i := range e.Ports {
		port := &e.Ports[i]
		if port.Index != index {
			continue
		}
		if protocolOf(port.Port.Protocol) != corev1.ProtocolTCP {
			return false
		}
		for _, endpoint := range port.Usable {
			pod := e.Backends[endpoint.Backend].Pod
			if pod == nil || !model.PodReady(pod) || !probesItself(&pod.Spec, endpoint.Port) {
				return false
			}
			found = true
		}
	}
	return found
}

// probesItself tells whether a readiness probe dials a port on the Pod's own IP.
func probesItself(pod *corev1.PodSpec, number int32) bool {
	for container := range model.ServingContainers(pod) {
		probe := container.ReadinessProbe
		switch {
		case probe == nil, probe.HTTPGet != nil && probe.HTTPGet.Host != "", probe.TCPSocket != nil && probe.TCPSocket.Host != "":
			continue
		}
		asked := probePort(probe)
		at := slices.IndexFunc(container.Ports, func(declared corev1.ContainerPort) bool { return declared.Name == asked && asked != "" })
		if at >= 0 && container.Ports[at].ContainerPort == number || at < 0 && asked == strconv.Itoa(int(number)) {
			return true
		}
	}
	return false
}
