package check

import (
	"fmt"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func selectorlessEmptyRule() Rule {
	return Rule{
		IDs: []string{"SVC-06"}, Step: StepEndpoints, Beyond: endpointsObject, explains: true, check: checkSelectorlessEmpty,
		applies: func(s *subject) bool { return s.routes() && !s.selects() && s.slicesKnown() },
	}
}

// endpointsObject asks for the Endpoints of the namespace where a Service lacks endpoints that one of them may have.
func endpointsObject(s *subject) []model.Need {
	if !s.lacksEndpoints() || s.endpoints().ListedCount() > 0 || len(s.service.Spec.Ports) == 0 {
		return nil
	}
	return []model.Need{{Kind: model.Endpoints, Namespace: s.key.Namespace}}
}

// lacksEndpoints tells whether no slice has an endpoint for the Service. Where slices are ignored, EPS-04 and EPS-06 say why what
// somebody wrote does not count.
func (s *subject) lacksEndpoints() bool {
	return !holdsIgnored(s) && s.dead() && s.endpoints().ReadyCount() == 0
}

// checkSelectorlessEmpty is SVC-06: no selector, and no slice has a usable endpoint. Whoever fills them may still come, so
// it is only likely. A headless Service without ports asks nothing of anyone: some programs keep their lock in it.
func checkSelectorlessEmpty(s *subject) []Finding {
	if !s.lacksEndpoints() {
		return nil
	}
	if len(s.service.Spec.Ports) == 0 {
		return []Finding{{
			ID: "SVC-06", Severity: Info, Confidence: Possible, Step: StepEndpoints,
			Short: "no selector, no ports, no endpoints",
			Title: "A headless Service without selector, ports or endpoints: a place to keep something, no way for traffic.",
		}}
	}
	finding := Finding{
		ID: "SVC-06", Severity: Major, Confidence: Likely, Step: StepEndpoints,
		Short: "no selector, and no endpoints",
		Title: "The Service has no selector, and nobody has given it endpoints.",
		Why:   "Without a selector Kubernetes fills no EndpointSlice; somebody else has to, by hand or by an operator.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.selector", Value: "absent"},
			{Kind: "EndpointSlice", Namespace: s.key.Namespace, Name: discoveryv1.LabelServiceName + "=" + s.key.Name, Field: "endpoints", Value: fmt.Sprintf("none usable in %s", counted(len(s.slices), "slice"))},
		},
	}
	if listed := s.endpoints().ListedCount(); listed > 0 {
		finding.Short = short("no selector; %s not ready", counted(listed, "endpoint"))
		finding.Title = fmt.Sprintf("The Service has no selector, and none of the endpoints that it was given (%d) is ready.", listed)
		finding.Why = "Without a selector, whoever writes the EndpointSlice says which endpoints are ready."
		finding.Fix = s.serviceFix(Fix{Note: "ask whoever writes the EndpointSlice: its endpoints have conditions.ready false"})
		return []Finding{s.settled(finding)}
	}
	written := s.in.Snapshot.LegacyEndpoints(s.key)
	if written != nil && written.Addresses > 0 {
		return []Finding{s.settled(s.notMirrored(finding, written))}
	}
	note := "give it a selector, or an EndpointSlice with the label " + discoveryv1.LabelServiceName + "=" + s.key.Name
	if !s.covered(model.Endpoints).Known() {
		note += notMirroredNote
	}
	finding.Fix = s.serviceFix(Fix{Note: note})
	return []Finding{s.settled(finding)}
}

// notMirroredNote is told where Endpoints objects are not read.
const notMirroredNote = "; an Endpoints object of its name is not mirrored while it has the label endpointslice.kubernetes.io/skip-mirror=true or a leader's annotation"

// leaderAnnotation marks an Endpoints object as the lock by which programs choose their leader (resourcelock in client-go).
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader"

// notMirrored is SVC-06 where somebody wrote an Endpoints object for the Service, and no slice was made of it: the controller that
// copies them passes some by (shouldMirror in pkg/controller/endpointslicemirroring of kubernetes/kubernetes).
func (s *subject) notMirrored(finding Finding, written *model.LegacyEndpoints) Finding {
	finding.Short = "its Endpoints object is not mirrored"
	finding.Title = "The Service has no selector, and its Endpoints object, which lists addresses, is not copied into EndpointSlices."
	evidence := Evidence{Kind: "Endpoints", Namespace: s.key.Namespace, Name: s.key.Name}
	_, isLock := written.Annotations[leaderAnnotation]
	switch {
	case written.Labels[discoveryv1.LabelSkipMirror] == "true":
		evidence.Field, evidence.Value = "metadata.labels."+discoveryv1.LabelSkipMirror, "true"
		finding.Why = "Its label asks the controller to leave it alone, and kube-proxy reads nothing but slices."
		finding.Fix = s.withOwner(Fix{
			Command: s.kubectl("label", "endpoints", s.key.Name, discoveryv1.LabelSkipMirror+"-"),
			Note:    "then it is copied; if a program sets the label, that is to write the slices by itself",
		}, written, "")
	case isLock:
		evidence.Field, evidence.Value = "metadata.annotations["+leaderAnnotation+"]", "present"
		finding.Why = "Its annotation makes it the lock of a leader election, which the controller leaves alone; and kube-proxy reads nothing but slices."
		finding.Fix = s.withOwner(Fix{Note: "let the program keep its lock in a Lease, or give the Service an EndpointSlice with the label " + discoveryv1.LabelServiceName + "=" + s.key.Name}, written, "")
	default:
		evidence.Field, evidence.Value = "subsets[].addresses", fmt.Sprint(written.Addresses)
		finding.Why = "The controller that copies such objects makes a slice at once, and kube-proxy reads nothing but slices."
		finding.Cause = &Cause{Text: "the EndpointSliceMirroring controller does not run, or could not write the slice", Confidence: Likely}
		finding.Fix = &Fix{Note: "look at kube-controller-manager and the events of the Endpoints object; or write an EndpointSlice with the label " + discoveryv1.LabelServiceName + "=" + s.key.Name}
	}
	finding.Evidence = append(finding.Evidence, evidence)
	return finding
}
