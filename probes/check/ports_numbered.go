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

// checkNumericPorts compares targetPorts by number with what the containers declare. That one is not declared is legal and
// proves nothing. PORT-06: the container declares the Service's own port, and not the targetPort: the two are swapped.
// PORT-05: the container declares exactly one port, and a Ready Pod's probe uses it. Neither is said of a port that
// a Ready Pod's probe asks: there something listens. Nor is it said where something shows
// that the targetPort is meant as it stands.
func checkNumericPorts(s *subject) []Finding {
	var findings []Finding
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if port.TargetPort.Type != intstr.Int {
			continue
		}
		if finding, ok := numericPortFinding(s, index, port); ok {
			findings = append(findings, finding)
		}
	}
	return findings
}

func numericPortFinding(s *subject, index int, port *corev1.ServicePort) (Finding, bool) {
	target := targetNumber(port)
	swapped, undeclared := 0, 0
	var pod *corev1.Pod
	var declared int32
	pods := s.current()
	for _, candidate := range pods {
		declares := func(number int32) bool { return declaresPort(&candidate.Spec, number, protocolOf(port.Protocol)) }
		if declares(target) || model.PodReady(candidate) && probed(&candidate.Spec, target) {
			return Finding{}, false
		}
		switch only, one := onlyPort(&candidate.Spec, protocolOf(port.Protocol)); {
		case declares(port.Port):
			swapped++
			declared = port.Port
		case one && model.PodReady(candidate) && probed(&candidate.Spec, only):
			undeclared++
			declared = only
		default:
			return Finding{}, false
		}
		pod = candidate
	}
	if pod == nil || swapped > 0 && undeclared > 0 || s.besideOnPurpose(declared, target, index, pod) {
		return Finding{}, false
	}
	finding := Finding{
		ID: "PORT-06", Severity: Major, Confidence: Likely, Step: StepEndpoints,
		Short: short("container has %d, not %d", declared, target),
		Title: fmt.Sprintf("targetPort is %d, and the containers declare %d, which is the Service's own port.", target, declared),
		Why:   "port is what clients ask for, targetPort where the container listens; the two look swapped.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d]", index), Value: fmt.Sprintf("port %d, targetPort %d", port.Port, target)},
			{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "spec.containers[*].ports", Value: declaredPorts(&pod.Spec)},
		},
	}
	if undeclared > 0 {
		finding.ID = "PORT-05"
		finding.Title = fmt.Sprintf("targetPort is %d, and the one port that the containers declare, and are probed on, is %d.", target, declared)
		finding.Why = "A targetPort need not be declared; but here the Pods are Ready by a probe of another port. The isolation test tells."
	}
	finding.Fix = TargetPortFix(s.in, s.service, index, declared, fmt.Sprintf("where nothing listens on %d: the isolation test tells", target))
	finding.Since = s.created()
	if change, ok := model.PortsChanged(s.service); ok {
		finding.Since = change.At
	}
	return s.heldForRollout(finding), true
}

// besideOnPurpose tells whether something shows that the targetPort is meant as it stands, though the containers declare another
// port: the container's own arguments name it, the declared one is for probes or metrics, or the declared one has its way in
// already, by another port or another Service.
func (s *subject) besideOnPurpose(declared, target int32, index int, pod *corev1.Pod) bool {
	return namesNumber(&pod.Spec, target) || SidePort(&pod.Spec, declared) ||
		s.otherPortLeadsTo(declared, index, pod) || s.otherServiceLeadsTo(declared, index, pod)
}

// namesNumber tells whether a container's command, arguments or variables name a number, as in --listen=:9090 or PORT=9090.
func namesNumber(pod *corev1.PodSpec, number int32) bool {
	wanted := strconv.Itoa(int(number))
	notDigit := func(r rune) bool { return r < '0' || r > '9' }
	for container := range model.ServingContainers(pod) {
		words := slices.Concat(container.Command, container.Args)
		for i := range container.Env {
			words = append(words, container.Env[i].Value)
		}
		for _, word := range words {
			if strings.Contains(word, wanted) && slices.Contains(strings.FieldsFunc(word, notDigit), wanted) {
				return true
			}
		}
	}
	return false
}

// SidePort tells by its name that a container port is not the one that clients are for, as one for metrics or for probes.
func SidePort(pod *corev1.PodSpec, number int32) bool {
	for container := range model.ServingContainers(pod) {
		for i := range container.Ports {
			if container.Ports[i].ContainerPort != number {
				continue
			}
			for word := range strings.SplitSeq(container.Ports[i].Name, "-") {
				switch word {
				case "metrics", "prometheus", "prom", "monitoring", "health", "healthz", "healthcheck", "probe", "probes", "readiness",
					"liveness", "ready", "live", "admin", "management", "mgmt", "actuator", "debug", "status":
					return true
				}
			}
		}
	}
	return false
}

// otherServiceLeadsTo tells whether another Service of the namespace leads to a port of a Pod: then this one has a port of its own.
func (s *subject) otherServiceLeadsTo(number int32, index int, pod *corev1.Pod) bool {
	protocol := protocolOf(s.service.Spec.Ports[index].Protocol)
	for _, other := range s.in.Snapshot.Services(s.key.Namespace) {
		if other.Name == s.key.Name || len(other.Spec.Selector) == 0 || !carries(pod.Labels, other.Spec.Selector) {
			continue
		}
		for i := range other.Spec.Ports {
			port := &other.Spec.Ports[i]
			if target, ok := model.ResolveTargetPort(&pod.Spec, port); ok && target.Number == number && protocolOf(port.Protocol) == protocol {
				return true
			}
		}
	}
	return false
}

// otherPortLeadsTo tells whether another port of the Service, of the same protocol, goes to a container port already.
func (s *subject) otherPortLeadsTo(number int32, except int, pod *corev1.Pod) bool {
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if index == except || protocolOf(port.Protocol) != protocolOf(s.service.Spec.Ports[except].Protocol) {
			continue
		}
		if target, ok := model.ResolveTargetPort(&pod.Spec, port); ok && target.Number == number {
			return true
		}
	}
	return false
}

func onlyPort(pod *corev1.PodSpec, protocol corev1.Protocol) (number int32, only bool) {
	count := 0
	for container := range model.ServingContainers(pod) {
		for i := range container.Ports {
			count++
			if protocolOf(container.Ports[i].Protocol) == protocol {
				number = container.Ports[i].ContainerPort
			}
		}
	}
	return number, count == 1 && number != 0
}

// probed tells whether a readiness, liveness or startup probe of the Pod asks a port by its number or by its name.
func probed(pod *corev1.PodSpec, number int32) bool {
	for container := range model.ServingContainers(pod) {
		for _, probe := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe, container.StartupProbe} {
			if probe == nil {
				continue
			}
			asked := probePort(probe)
			for i := range container.Ports {
				if container.Ports[i].Name == asked && asked != "" {
					asked = strconv.Itoa(int(container.Ports[i].ContainerPort))
				}
			}
			if asked == strconv.Itoa(int(number)) {
				return true
			}
		}
	}
	return false
}
