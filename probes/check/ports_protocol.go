package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// portProtocolRules compare what a Service says that a port speaks with what the Pods say. They run where the Pods are known, and
// are no gap elsewhere: what they say is only possible.
func portProtocolRules() []Rule {
	applies := func(s *subject) bool { return s.selects() && s.readableOrComing(model.Pods) }
	return []Rule{
		{
			IDs: []string{"PORT-11"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods}, check: checkNumericProtocol,
			applies: func(s *subject) bool { return applies(s) && !s.headless() && hasTarget(s.service, intstr.Int) },
		},
		{
			IDs: []string{"PORT-14"}, Step: StepService, Reads: []model.Kind{model.Pods}, check: checkApplicationProtocol,
			applies: func(s *subject) bool {
				return applies(s) && slices.ContainsFunc(s.service.Spec.Ports, func(port corev1.ServicePort) bool { return saidScheme(&port) != "" })
			},
		},
	}
}

// checkNumericProtocol is PORT-11: the containers declare the number that the port goes to, and under another protocol alone. Nothing
// but the application itself knows which one it speaks.
func checkNumericProtocol(s *subject) []Finding {
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		protocol := protocolOf(port.Protocol)
		if port.TargetPort.Type != intstr.Int || s.servesBothProtocols(index) {
			continue
		}
		pod, other := s.declareOtherProtocol(targetNumber(port), protocol)
		if pod == nil {
			continue
		}
		return []Finding{{
			ID: "PORT-11", Severity: Minor, Confidence: Possible, Step: StepEndpoints, Since: s.created(),
			Short: short("%d is %s in the container, not %s", targetNumber(port), other, protocol),
			Title: fmt.Sprintf("The Service's port %d is %s, and the containers declare %d as %s.", port.Port, protocol, targetNumber(port), other),
			Why:   "A number leads there whatever is declared. Which protocol the application speaks, the API does not tell, and UDP cannot be tried from here.",
			Evidence: []Evidence{
				{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d].protocol", index), Value: string(protocol)},
				{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "spec.containers[*].ports", Value: declaredPorts(&pod.Spec)},
			},
			// No command: the declaration, which changes nothing, is as often what is wrong, and then the Service works.
			Fix: s.serviceFix(Fix{
				Note: fmt.Sprintf("where the application speaks %s, declare %d as %s in the Pods' template; where it speaks %s, set the protocol of the Service's port to that",
					protocol, targetNumber(port), protocol, other),
			}),
		}}
	}
	return nil
}

func targetNumber(port *corev1.ServicePort) int32 {
	if port.TargetPort.IntVal == 0 {
		return port.Port
	}
	return port.TargetPort.IntVal
}

// servesBothProtocols tells whether the Service has the port under another protocol as well: then one of the two need not be declared.
func (s *subject) servesBothProtocols(index int) bool {
	port := &s.service.Spec.Ports[index]
	return slices.ContainsFunc(s.service.Spec.Ports, func(other corev1.ServicePort) bool {
		return other.Port == port.Port && protocolOf(other.Protocol) != protocolOf(port.Protocol)
	})
}

// declareOtherProtocol returns a Pod where every Pod declares the number under another protocol alone; nil where one does not. A Pod
// that is Ready by a probe of the number listens there in TCP.
func (s *subject) declareOtherProtocol(number int32, wanted corev1.Protocol) (pod *corev1.Pod, other corev1.Protocol) {
	for _, candidate := range s.current() {
		other = ""
		for container := range model.ServingContainers(&candidate.Spec) {
			for i := range container.Ports {
				if container.Ports[i].ContainerPort == number {
					if other = protocolOf(container.Ports[i].Protocol); other == wanted {
						return nil, ""
					}
				}
			}
		}
		if other == "" || wanted == corev1.ProtocolTCP && model.PodReady(candidate) && probed(&candidate.Spec, number) {
			return nil, ""
		}
		pod = candidate
	}
	return pod, other
}

// saidScheme is whether a Service's port says that it speaks TLS (https) or not (http); empty where it says neither. What appProtocol
// says goes before the port's name (Istio, protocol selection).
func saidScheme(port *corev1.ServicePort) string {
	word := ""
	if port.AppProtocol != nil {
		word = strings.ToLower(strings.TrimPrefix(*port.AppProtocol, "kubernetes.io/"))
	}
	if word == "" {
		word, _, _ = strings.Cut(port.Name, "-")
	}
	switch word {
	case "https", "wss":
		return "https"
	case "http", "http2", "ws", "h2c", "grpc":
		return "http"
	}
	return ""
}

// checkApplicationProtocol is PORT-14: the port says that it speaks TLS, and the Pods are Ready by a plain probe of it, or the other way
// round. kube-proxy does not care; a mesh, an Ingress or a Gateway in front may.
func checkApplicationProtocol(s *subject) []Finding {
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		said := saidScheme(port)
		if said == "" {
			continue
		}
		pod, container := s.probedOtherwise(port, said)
		if pod == nil {
			continue
		}
		field, value := fmt.Sprintf("spec.ports[%d].name", index), port.Name
		if port.AppProtocol != nil && *port.AppProtocol != "" {
			field, value = fmt.Sprintf("spec.ports[%d].appProtocol", index), *port.AppProtocol
		}
		seen := schemeOfProbe(container.ReadinessProbe)
		return []Finding{{
			ID: "PORT-14", Severity: Info, Confidence: Possible, Step: StepService,
			Short: short("port says %s, its probe %s", said, seen),
			Title: fmt.Sprintf("Port %d says that it speaks %s, and the Pods are Ready by a probe in %s.", port.Port, value, seen),
			Why:   "kube-proxy does not care. A service mesh, an Ingress or a Gateway in front takes the Service at its word. What such a proxy makes of it, the API does not tell.",
			Evidence: []Evidence{
				{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: field, Value: value},
				{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: fmt.Sprintf("spec.containers[%s].readinessProbe.httpGet.scheme", container.Name), Value: strings.ToUpper(seen)},
			},
		}}
	}
	return nil
}

// probedOtherwise returns a Pod, and its container, where every Pod is Ready by an HTTP probe of the port that speaks otherwise than
// said; nil where one is not.
func (s *subject) probedOtherwise(port *corev1.ServicePort, said string) (pod *corev1.Pod, container *corev1.Container) {
	for _, candidate := range s.current() {
		target, ok := model.ResolveTargetPort(&candidate.Spec, port)
		if !ok || !model.PodReady(candidate) {
			return nil, nil
		}
		pod = nil
		for probing := range model.ServingContainers(&candidate.Spec) {
			if asksPort(probing, target.Number) && schemeOfProbe(probing.ReadinessProbe) != said {
				pod, container = candidate, probing
			}
		}
		if pod == nil {
			return nil, nil
		}
	}
	return pod, container
}

// asksPort tells whether a container's readiness probe is an HTTP request to a port of its Pod.
func asksPort(container *corev1.Container, number int32) bool {
	probe := container.ReadinessProbe
	if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Host != "" {
		return false
	}
	asked := probe.HTTPGet.Port.String()
	for i := range container.Ports {
		if container.Ports[i].Name == asked && asked != "" {
			return container.Ports[i].ContainerPort == number
		}
	}
	return asked == strconv.Itoa(int(number))
}

func schemeOfProbe(probe *corev1.Probe) string {
	if probe.HTTPGet.Scheme == corev1.URISchemeHTTPS {
		return "https"
	}
	return "http"
}
