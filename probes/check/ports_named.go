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

func namedPortRules() []Rule {
	return []Rule{
		{
			IDs: []string{"PORT-01", "PORT-02", "PORT-03"}, Step: StepEndpoints, explains: true,
			Awaits: []model.Kind{model.Pods}, Uses: []model.Kind{model.Deployments},
			applies: func(s *subject) bool { return selectsKnown(s) && len(s.missingNamedPorts()) > 0 },
			check:   checkNamedPorts,
		},
		{
			IDs: []string{"PORT-01", "PORT-03"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.Deployments},
			applies: func(s *subject) bool {
				return selectsKnown(s) && !s.headless() && s.dead() && hasTarget(s.service, intstr.String) && s.endpoints().ReadyCount() == 0
			},
			looks: func(s *subject) bool { return len(s.troubles()) > 0 },
			check: checkPortsOfUnready,
		},
		{
			IDs: []string{"PORT-01"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods}, Awaits: []model.Kind{model.Deployments},
			Uses:    []model.Kind{model.ReplicaSets},
			applies: func(s *subject) bool { return selectsKnown(s) && !s.headless() && hasTarget(s.service, intstr.String) },
			looks:   func(s *subject) bool { return len(s.troubles()) > 0 },
			check:   checkRolloutPorts,
		},
	}
}

// missingPort is one port of a Service that some ready endpoints do not have.
type missingPort struct {
	index int
	// without are the backends, by their place, that are ready and do not have it; with counts those that do.
	without []int
	with    int
}

// missingNamedPorts finds, in the slices alone, the ports by name that ready endpoints lack. Such endpoints are listed as
// ready, in a slice whose ports are null or lack the name. Ended Pods linger there too, but are not ready.
func (s *subject) missingNamedPorts() []missingPort {
	endpoints := s.endpoints()
	if endpoints.ReadyCount() == 0 {
		return nil
	}
	var missing []missingPort
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if port.TargetPort.Type != intstr.String {
			continue
		}
		has := s.backendsOf(index)
		found := missingPort{index: index}
		for place := range endpoints.Backends {
			switch {
			case !endpoints.Backends[place].Ready:
			case has[place]:
				found.with++
			default:
				found.without = append(found.without, place)
			}
		}
		if len(found.without) > 0 {
			missing = append(missing, found)
		}
	}
	return missing
}

// backendsOf marks the backends that are listed in a slice with the port. The model's Usable would not do: of a headless Service
// it counts every address, and of two backends of one address, as when somebody lists a Pod once more, the first alone.
func (s *subject) backendsOf(index int) map[int]bool {
	has := map[int]bool{}
	for i := range s.endpoints().listed {
		listed := &s.endpoints().listed[i]
		if _, found := slicePort(listed.slice, &s.service.Spec.Ports[index]); found {
			has[listed.backend] = true
		}
	}
	return has
}

// checkNamedPorts says of a targetPort by name that containers do not have it: PORT-01 none of them, PORT-02 some,
// PORT-03 under another protocol. kubectl shows these addresses as endpoints all the same. A headless name still resolves;
// only its SRV record is lost.
func checkNamedPorts(s *subject) []Finding {
	missing := s.missingNamedPorts()
	findings := make([]Finding, 0, len(missing))
	for _, port := range missing {
		findings = append(findings, namedPortFinding(s, port))
	}
	return findings
}

func namedPortFinding(s *subject, missing missingPort) Finding {
	port := &s.service.Spec.Ports[missing.index]
	name, protocol := port.TargetPort.StrVal, protocolOf(port.Protocol)
	finding := Finding{
		ID: "PORT-01", Severity: Major, Confidence: Proven, Step: StepEndpoints,
		Short: short("no container port named %s", name),
		Title: fmt.Sprintf("The Service's port %d goes to the container port named %s, which no Pod has.", port.Port, name),
		Why:   "Such Pods stay listed as endpoints, without a port, and get no traffic.",
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name,
			Field: fmt.Sprintf("spec.ports[%d].targetPort", missing.index), Value: fmt.Sprintf("%s (%s)", name, protocol),
		}},
	}
	pod := s.addPortEvidence(&finding, missing)
	switch {
	case missing.with > 0:
		finding.ID = "PORT-02"
		finding.Short = short("%d of %d Pods: no port named %s", len(missing.without), len(missing.without)+missing.with, name)
		finding.Title = fmt.Sprintf("%d of %d ready Pods have no container port named %s, and get no traffic.",
			len(missing.without), len(missing.without)+missing.with, name)
	case s.dead():
		finding.Severity = Critical
	}
	if missing.with == 0 && s.unreadyHave(port) {
		finding.Title = fmt.Sprintf("The Service's port %d goes to the container port named %s, which no Ready Pod has.", port.Port, name)
		// The Pods that have it would serve if they were Ready.
		finding.Follows = podIDs
	}
	if s.headless() {
		finding.Severity = Minor
		finding.Why = "The name still resolves to the Pods' addresses; only the SRV record for this port is missing."
	}
	if pod == nil {
		finding.Fix = s.serviceFix(Fix{Note: "name the container's port " + name + ", or set targetPort to what the container has"})
		return s.heldForRollout(s.settled(finding))
	}
	path := fmt.Sprintf("/spec/ports/%d", missing.index)
	if missing.with > 0 {
		finding.Fix = s.serviceFix(fixForSomePods(s, missing, path))
		return s.heldForRollout(s.settled(finding))
	}
	if other, ok := otherProtocol(&pod.Spec, name, protocol); ok {
		note := fmt.Sprintf("where the application speaks %s, not this: write protocol: %s on the container's port %s", protocol, protocol, name)
		finding.ID = "PORT-03"
		finding.Short = short("port %s is %s in the Pod, not %s", name, other, protocol)
		finding.Title = fmt.Sprintf("%s is %s in the Pod, and the Service's port is %s.", name, other, protocol)
		finding.Fix = s.serviceFix(Fix{Command: s.patchService(
			jsonPatch{"test", path + "/port", port.Port},
			jsonPatch{"test", path + "/protocol", protocol},
			jsonPatch{"replace", path + "/protocol", other},
		), Note: note})
		return s.heldForRollout(s.settled(finding))
	}
	fix := Fix{Note: "or name the container's port " + name + " in the Pod template"}
	if meant, ok := portMeant(&pod.Spec, name, protocol); ok && !s.hasAnotherUse(meant, missing.index, pod) {
		finding.Cause = &Cause{Text: "the container's port " + meant.shown, Confidence: Likely}
		if meant.near {
			finding.Cause.Text += ", which is nearly the same"
		}
		fix.Command = s.patchService(
			jsonPatch{"test", path + "/targetPort", name},
			jsonPatch{"replace", path + "/targetPort", meant.target},
		)
	} else {
		fix.Note = "name the container's port " + name + " in the Pod template, or set targetPort to what the container listens on"
	}
	finding.Fix = s.serviceFix(fix)
	return s.heldForRollout(s.settled(finding))
}

// fixForSomePods never gives another name: that would only change which Pods get no traffic. A number fits them all where
// they all declare it.
func fixForSomePods(s *subject, missing missingPort, path string) Fix {
	name := s.service.Spec.Ports[missing.index].TargetPort.StrVal
	number, ok := s.numberOfAll(missing)
	if !ok {
		return Fix{Note: "name the container's port " + name + " in the manifest of the Pods that lack it"}
	}
	return Fix{
		Command: s.patchService(
			jsonPatch{"test", path + "/targetPort", name},
			jsonPatch{"replace", path + "/targetPort", number},
		),
		Note: fmt.Sprintf("all these Pods declare %d; or name the container's port %s in the manifest of those that lack it", number, name),
	}
}

// numberOfAll is the number that the port has in the Pods that name it, if the other ready Pods declare it as well.
func (s *subject) numberOfAll(missing missingPort) (number int32, ok bool) {
	port := &s.service.Spec.Ports[missing.index]
	backends := s.endpoints().Backends
	for place := range backends {
		pod := backends[place].Pod
		if !backends[place].Ready || slices.Contains(missing.without, place) {
			continue
		}
		if pod == nil {
			return 0, false
		}
		target, named := model.ResolveTargetPort(&pod.Spec, port)
		if !named || number != 0 && number != target.Number {
			return 0, false
		}
		number = target.Number
	}
	for _, place := range missing.without {
		if pod := backends[place].Pod; pod == nil || !declaresPort(&pod.Spec, number, protocolOf(port.Protocol)) {
			return 0, false
		}
	}
	return number, number != 0
}

// unreadyHave tells whether a Pod that is not an endpoint now has the port that the ready ones lack.
func (s *subject) unreadyHave(port *corev1.ServicePort) bool {
	return slices.ContainsFunc(s.live(), func(pod *corev1.Pod) bool {
		_, ok := model.ResolveTargetPort(&pod.Spec, port)
		return ok
	})
}

// addPortEvidence names the Pods that lack a port and the ports that they have, and returns one of them; nil where Pods are
// not known.
func (s *subject) addPortEvidence(finding *Finding, missing missingPort) *corev1.Pod {
	var first *corev1.Pod
	for i, place := range missing.without {
		backend := &s.endpoints().Backends[place]
		if backend.Pod != nil && first == nil {
			first = backend.Pod
		}
		if i >= 3 {
			continue
		}
		evidence := Evidence{Kind: "Pod", Namespace: s.key.Namespace, Name: backend.PodName, Field: "spec.containers[*].ports", Value: "not read"}
		if backend.Pod != nil {
			evidence.Value = declaredPorts(&backend.Pod.Spec)
		}
		finding.Evidence = append(finding.Evidence, evidence)
	}
	return first
}

func declaredPorts(pod *corev1.PodSpec) string {
	var texts []string
	for container := range model.ServingContainers(pod) {
		for i := range container.Ports {
			port := &container.Ports[i]
			texts = append(texts, strings.TrimSpace(fmt.Sprintf("%s %d/%s", port.Name, port.ContainerPort, protocolOf(port.Protocol))))
		}
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

func otherProtocol(pod *corev1.PodSpec, name string, wanted corev1.Protocol) (protocol corev1.Protocol, ok bool) {
	for container := range model.ServingContainers(pod) {
		for i := range container.Ports {
			if port := &container.Ports[i]; port.Name == name && protocolOf(port.Protocol) != wanted {
				protocol, ok = protocolOf(port.Protocol), true
			}
		}
	}
	return protocol, ok
}

// hasAnotherUse tells whether a container port has its way in by another port of the Service already, or says by its name that it is not
// for clients: a way to it may be open, and it would lead to the wrong thing.
func (s *subject) hasAnotherUse(meant meantPort, index int, pod *corev1.Pod) bool {
	return s.otherPortLeadsTo(meant.number, index, pod) || !meant.near && SidePort(&pod.Spec, meant.number)
}

// meantPort is the container port that a targetPort probably means.
type meantPort struct {
	target any
	number int32
	shown  string
	near   bool
}

// portMeant picks the only port of the protocol, or the only one whose name is nearly the same.
func portMeant(pod *corev1.PodSpec, name string, protocol corev1.Protocol) (meant meantPort, ok bool) {
	var all, near []corev1.ContainerPort
	for container := range model.ServingContainers(pod) {
		for _, port := range container.Ports {
			if protocolOf(port.Protocol) != protocol {
				continue
			}
			all = append(all, port)
			if cost := valueCost(name, port.Name); cost <= costTwoTypos {
				near = append(near, port)
			}
		}
	}
	chosen := near
	if len(near) != 1 {
		chosen = all
	}
	if len(chosen) != 1 {
		return meantPort{}, false
	}
	port := chosen[0]
	meant = meantPort{target: port.Name, number: port.ContainerPort, shown: "is named " + port.Name, near: len(near) == 1}
	if port.Name == "" {
		meant.target, meant.shown = port.ContainerPort, strconv.Itoa(int(port.ContainerPort))+" has no name"
	}
	return meant, true
}
