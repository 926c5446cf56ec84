package check

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// checkPortsOfUnready is PORT-01 of a Service none of whose Pods is Ready: not one of them has a port by name, so that being Ready would
// not help. It comes after what keeps them from being Ready, unless that is a probe which asks for the same name: then one
// change mends both.
func checkPortsOfUnready(s *subject) []Finding {
	var findings []Finding
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if port.TargetPort.Type != intstr.String || s.unreadyHave(port) {
			continue
		}
		missing := missingPort{index: index}
		for place := range s.endpoints().Backends {
			if pod := s.endpoints().Backends[place].Pod; pod != nil && pod.DeletionTimestamp == nil {
				missing.without = append(missing.without, place)
			}
		}
		if len(missing.without) == 0 {
			// Not one of them has an address yet.
			continue
		}
		finding := namedPortFinding(s, missing)
		probing := s.probingFor(port.TargetPort.StrVal)
		if probing == nil {
			finding.Follows = podIDs
			finding.Why = "Being Ready would not help these Pods: they would be listed without a port, and get no traffic."
			findings = append(findings, finding)
			continue
		}
		finding.Why = "Their probe asks for the same name, so they never become Ready; and if they did, they would get no traffic."
		if fix, ok := s.namePortFix(probing, port); ok {
			finding.Fix = fix
		}
		findings = append(findings, finding)
	}
	return findings
}

// probingFor returns the trouble of a Pod whose failing probe asks for a port by this name; nil for none.
func (s *subject) probingFor(name string) *podTrouble {
	for i := range s.troubles() {
		trouble := &s.podTroubles[i]
		if trouble.probe == "" {
			continue
		}
		if probePort(probeOfKind(containerNamed(trouble.pod, trouble.container), trouble.probe)) == name {
			return trouble
		}
	}
	return nil
}

// namePortFix gives the only port of a container the name that the Service and the probe ask for, in the template of the
// Pods' Deployment.
func (s *subject) namePortFix(trouble *podTrouble, port *corev1.ServicePort) (*Fix, bool) {
	name := port.TargetPort.StrVal
	owner := OwnerOf(s.in.Snapshot, trouble.pod)
	deployment := s.in.Snapshot.Deployment(model.Key{Namespace: s.key.Namespace, Name: owner.Name})
	if owner.Kind != "Deployment" || deployment == nil {
		return nil, false
	}
	containers := deployment.Spec.Template.Spec.Containers
	at := slices.IndexFunc(containers, func(container corev1.Container) bool { return container.Name == trouble.container })
	if at < 0 || len(containers[at].Ports) != 1 || protocolOf(containers[at].Ports[0].Protocol) != protocolOf(port.Protocol) {
		return nil, false
	}
	path := fmt.Sprintf("/spec/template/spec/containers/%d", at)
	command := s.kubectl("patch", owner.String(), "--type=json", "-p", asJSON([]jsonPatch{
		{"test", path + "/name", trouble.container},
		{"test", path + "/ports/0/containerPort", containers[at].Ports[0].ContainerPort},
		{"add", path + "/ports/0/name", name},
	}))
	return s.ownedFix(Fix{Command: command, Note: "names the container's port " + name + ", as the Service and the probe call it"}, owner), true
}
