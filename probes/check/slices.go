package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// controllerSlow is how long the EndpointSlice controller may take before its silence is a sign.
const controllerSlow = 30 * time.Second

const endpointSliceController = "endpointslice-controller.k8s.io"

func selectorlessRules() []Rule {
	applies := func(s *subject) bool { return s.routes() && !s.selects() && s.slicesKnown() }
	return []Rule{
		leftOverSlicesRule(),
		{
			IDs: []string{"EPS-01", "EPS-02", "PORT-15"}, Step: StepEndpoints, Uses: []model.Kind{model.Nodes}, explains: true, check: checkSlicePorts, applies: applies,
			looks: func(s *subject) bool { return s.endpoints().ReadyCount() > 0 && !s.endpoints().Complete() },
		},
		misplacedSliceRule(),
		mirrorRule(),
		selectorlessEmptyRule(),
	}
}

func sliceRules() []Rule {
	applies := func(s *subject) bool { return s.selects() && s.slicesKnown() }
	return []Rule{
		{
			IDs: []string{"EPS-10"}, Step: StepEndpoints, applies: applies, explains: true, check: checkNoSlice,
		},
		outdatedSliceRule(),
		podlessRule(),
		managersRule(),
		overCapacityRule(),
		{
			IDs: []string{"PORT-15"}, Step: StepEndpoints, Uses: []model.Kind{model.Pods}, explains: true,
			applies: func(s *subject) bool { return s.slicesKnown() && !s.dead() && !s.endpoints().Complete() },
			check:   checkFamily,
		},
	}
}

// checkSlicePorts is EPS-01 and EPS-02: a Service without a selector has ready endpoints, and a port that no slice names with
// its protocol, or slices that leave their ports out; or PORT-15, where only the family of the addresses is another one. The
// Service's targetPort means nothing here, and is never compared.
func checkSlicePorts(s *subject) []Finding {
	if listed := s.ciliumPlaceholder(); listed != nil && s.dead() {
		return []Finding{{
			ID: "EPS-01", Severity: Info, Confidence: Proven, Step: StepEndpoints,
			Short: "served by Cilium's own proxy",
			Title: "The endpoint is a placeholder of Cilium's, whose proxy on each node answers for this Service.",
			Why:   "Cilium writes it for its Ingresses and Gateways, so that the Service is not without a backend. Nothing listens there, and nothing is sent there.",
			Evidence: []Evidence{{
				Kind: "EndpointSlice", Namespace: listed.Namespace, Name: listed.Name, Field: "endpoints[0].addresses[0]", Value: ciliumPlaceholder,
			}},
		}}
	}
	var findings []Finding
	for index := range s.service.Spec.Ports {
		if !s.endpoints().PortDead(index) {
			continue
		}
		findings = append(findings, slicePortFinding(s, index))
	}
	return findings
}

// ciliumPlaceholder is the address that Cilium writes as the only endpoint of the Services of its Ingresses and Gateways.
const ciliumPlaceholder = "192.192.192.192"

// ciliumPlaceholder returns the slice that lists it; nil where there is any other endpoint.
func (s *subject) ciliumPlaceholder() *discoveryv1.EndpointSlice {
	backends := s.endpoints().Backends
	if len(backends) != 1 || backends[0].Address != ciliumPlaceholder {
		return nil
	}
	return s.endpoints().sliceOfReady()
}

func slicePortFinding(s *subject, index int) Finding {
	port := &s.service.Spec.Ports[index]
	slice := s.endpoints().sliceOfReady()
	finding := Finding{
		ID: "EPS-01", Severity: Major, Confidence: Proven, Step: StepEndpoints,
		Short: short("no slice has a port named %q", port.Name),
		Title: fmt.Sprintf("No EndpointSlice has a port named %q, which the Service's port %d asks for.", port.Name, port.Port),
		Why:   "kube-proxy joins a Service and its slices by the port's name and protocol; the targetPort means nothing without a selector.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d].name", index), Value: port.Name},
			{Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name, Field: "ports", Value: slicePortsText(slice)},
		},
	}
	if s.dead() {
		finding.Severity = Critical
	}
	other := slices.IndexFunc(slice.Ports, func(candidate discoveryv1.EndpointPort) bool {
		return candidate.Name != nil && *candidate.Name == port.Name && candidate.Protocol != nil && *candidate.Protocol != protocolOf(port.Protocol)
	})
	switch _, joined := slicePort(slice, port); {
	case joined:
		families := familiesText(familiesOf(s.service, s.slices))
		finding.ID, finding.Short = "PORT-15", short("no %s endpoint", families)
		finding.Title = fmt.Sprintf("The Service is %s, and EndpointSlice %s holds %s addresses.", families, slice.Name, slice.AddressType)
		finding.Why = "kube-proxy takes only addresses of the Service's own family."
		finding.Evidence[0].Field, finding.Evidence[0].Value = "spec.ipFamilies", families
		finding.Evidence[1].Field, finding.Evidence[1].Value = "addressType", string(slice.AddressType)
		finding.Fix = s.withOwner(Fix{Note: "write a slice with addressType " + families}, slice, "")
	case len(slice.Ports) == 0:
		finding.ID, finding.Short = "EPS-02", short("slice %s has no ports", slice.Name)
		finding.Title = fmt.Sprintf("EndpointSlice %s leaves its ports out, and kube-proxy then ignores it.", slice.Name)
		finding.Why = "The API reads that as all ports; kube-proxy joins a Service and its slices by the port's name and protocol."
		finding.Fix = s.withOwner(noPortsFix(s, slice, port), slice, "")
		finding = dataPlane(s).graded(finding)
	case other >= 0:
		protocol, wanted := *slice.Ports[other].Protocol, protocolOf(port.Protocol)
		finding.Short = short("slice port %q is %s, not %s", port.Name, protocol, wanted)
		finding.Title = fmt.Sprintf("The port named %q is %s in EndpointSlice %s, and %s in the Service.", port.Name, protocol, slice.Name, wanted)
		finding.Fix = s.slicePortFix(slice, other, "protocol", protocol, wanted)
	case len(slice.Ports) == 1 && slice.Ports[0].Name != nil && *slice.Ports[0].Name != port.Name && len(s.service.Spec.Ports) == 1:
		finding.Fix = s.slicePortFix(slice, 0, "name", *slice.Ports[0].Name, port.Name)
	default:
		finding.Fix = s.withOwner(Fix{Note: fmt.Sprintf("name the port of the slice that is meant %q", port.Name)}, slice, "")
	}
	if finding.ID == "EPS-01" && (port.Name == "" || other >= 0 || hasUnnamedPort(slice)) {
		// Others than kube-proxy take an absent name for any, and some leave the protocol aside. Between two names all of them tell.
		finding = dataPlane(s).graded(finding)
	}
	return s.settled(finding)
}

func hasUnnamedPort(slice *discoveryv1.EndpointSlice) bool {
	return slices.ContainsFunc(slice.Ports, func(port discoveryv1.EndpointPort) bool { return port.Name == nil || *port.Name == "" })
}

// noPortsFix gives a slice the one port that it leaves out, where the Service's targetPort tells which that is: it means nothing
// without a selector, but was written by somebody who had a number in mind.
func noPortsFix(s *subject, slice *discoveryv1.EndpointSlice, port *corev1.ServicePort) Fix {
	named := fmt.Sprintf("named %q", port.Name)
	if port.Name == "" {
		named = "without a name,"
	}
	fix := Fix{Note: "add a port " + named + " with the number that the endpoints listen on"}
	if number := port.TargetPort.IntVal; number != 0 && len(s.service.Spec.Ports) == 1 {
		added := map[string]any{"name": port.Name, "port": number, "protocol": protocolOf(port.Protocol)}
		fix.Command = s.kubectl("patch", "endpointslice", slice.Name, "--type=merge", "-p", asJSON(map[string]any{"ports": []any{added}}))
		fix.Note = fmt.Sprintf("if the endpoints listen on %d", number)
	}
	return fix
}

const sliceMirroringController = "endpointslicemirroring-controller.k8s.io"

// slicePortFix changes one field of a slice's port. A slice that mirrors an Endpoints object would be set back at once.
func (s *subject) slicePortFix(slice *discoveryv1.EndpointSlice, index int, field string, from, to any) *Fix {
	if slice.Labels[discoveryv1.LabelManagedBy] == sliceMirroringController {
		return &Fix{Note: fmt.Sprintf("set the %s of the port in Endpoints %s to %q: the slice is a copy of that", field, s.key.Name, to)}
	}
	path := fmt.Sprintf("/ports/%d/%s", index, field)
	return s.withOwner(Fix{Command: s.kubectl("patch", "endpointslice", slice.Name, "--type=json", "-p", asJSON([]jsonPatch{
		{Op: "test", Path: path, Value: from}, {Op: "replace", Path: path, Value: to},
	}))}, slice, "")
}

func familiesText(families []corev1.IPFamily) string {
	texts := make([]string, 0, len(families))
	for _, family := range families {
		texts = append(texts, string(family))
	}
	return strings.Join(texts, " and ")
}

func slicePortsText(slice *discoveryv1.EndpointSlice) string {
	if len(slice.Ports) == 0 {
		return "null"
	}
	texts := make([]string, 0, len(slice.Ports))
	for i := range slice.Ports {
		texts = append(texts, slicePortText(&slice.Ports[i]))
	}
	return strings.Join(texts, ", ")
}

// checkNoSlice is EPS-10: the Service has a selector, and there is no slice at all, not even the empty one that the
// controller makes for a Service that selects nothing.
func checkNoSlice(s *subject) []Finding {
	if len(s.slices) > 0 {
		return nil
	}
	finding := Finding{
		ID: "EPS-10", Severity: Critical, Confidence: Proven, Step: StepEndpoints,
		Short: "no EndpointSlice: controller off?",
		Title: "The Service has a selector, and no EndpointSlice was made for it.",
		Why:   "The EndpointSlice controller makes one at once, an empty one where nothing matches: it does not run, or the namespace is going.",
		Evidence: []Evidence{{
			Kind: "EndpointSlice", Namespace: s.key.Namespace, Name: discoveryv1.LabelServiceName + "=" + s.key.Name, Field: "metadata.name", Value: "absent",
		}},
		Fix:   &Fix{Note: "look at kube-controller-manager, and at the phase of the namespace"},
		Since: s.created(),
	}
	if change, ok := model.SelectorChanged(s.service); ok && change.At.After(finding.Since) {
		finding.Since = change.At
	}
	return []Finding{s.heldFor(finding, controllerSlow)}
}

func isAre(count int, one string) string {
	return counted(count, one) + " " + verbFor(count, "is", "are")
}

func (s *subject) inFamily(pod *corev1.Pod) bool {
	return slices.ContainsFunc(familiesOf(s.service, s.slices), func(family corev1.IPFamily) bool { return hasAddress(pod, family) })
}

// deadFamilyFix takes the second family off, which gives its address up. The first one of a Service cannot be changed.
func (s *subject) deadFamilyFix(family corev1.IPFamily, first bool) Fix {
	both := "let the Pods have both families"
	if !s.selects() {
		both = "give it a slice with addressType " + string(family)
	}
	if first {
		return Fix{Note: both + "; the first family of a Service cannot be changed or taken off: else make it anew without " + string(family)}
	}
	return Fix{
		Command: s.mergeService(map[string]any{"ipFamilyPolicy": "SingleStack"}),
		Note:    "takes the " + string(family) + " address off; or " + both,
	}
}

// checkFamily is PORT-15 for a Service of two families: one of them has no usable endpoint while the other has. Clients that
// take the dead one are refused.
func checkFamily(s *subject) []Finding {
	usable := map[corev1.IPFamily]int{}
	var families []corev1.IPFamily
	for i := range s.endpoints().Ports {
		port := &s.endpoints().Ports[i]
		if !slices.Contains(families, port.Family) {
			families = append(families, port.Family)
		}
		usable[port.Family] += len(port.Usable)
	}
	var findings []Finding
	for _, family := range families {
		if usable[family] > 0 {
			continue
		}
		refused := "Clients that take this family are refused; the other family works."
		if s.headless() {
			refused = "Clients that ask DNS for this family get no address; the other family works."
		}
		finding := Finding{
			ID: "PORT-15", Severity: Major, Confidence: Proven, Step: StepEndpoints,
			Short: short("no %s endpoint", family),
			Title: fmt.Sprintf("The Service is %s, and has no %s endpoint.", familiesText(families), family),
			Why:   refused,
			Evidence: []Evidence{{
				Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.ipFamilies", Value: fmt.Sprint(s.service.Spec.IPFamilies),
			}},
			Fix: s.serviceFix(s.deadFamilyFix(family, family == families[0])),
		}
		if s.headless() {
			// Nobody dials an address of that family: a resolver takes the other one.
			finding.Severity = Minor
		}
		findings = append(findings, s.heldForRollout(s.settled(finding)))
	}
	return findings
}
