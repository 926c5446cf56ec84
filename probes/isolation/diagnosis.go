package isolation

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// diagnosis is what the checks find of the Service without a test, advice left out.
func diagnosis(snapshot *model.Snapshot, request Request) ([]check.Finding, check.Verdict) {
	report := check.Judge(check.Input{Snapshot: snapshot, Now: snapshot.At(), KubectlArgs: request.KubectlArgs, Elsewhere: request.Elsewhere}, request.Service)
	return slices.DeleteFunc(slices.Clone(report.Findings), func(finding check.Finding) bool { return finding.Advice() }), report.Verdict
}

// found returns the first finding of the Service that has one of the IDs, or nil.
func (f Facts) found(ids ...string) *check.Finding {
	if i := slices.IndexFunc(f.Diagnosis, func(finding check.Finding) bool { return slices.Contains(ids, finding.ID) }); i >= 0 {
		return &f.Diagnosis[i]
	}
	return nil
}

// withDiagnosis joins what the rungs proved with what the checks know of the Service: the two must not advise against each other.
func (c Conclusion) withDiagnosis(v verdict, observations []Observation, f Facts) Conclusion {
	if c.starting {
		return c
	}
	switch v {
	case healthy, healthyForwardLies, healthyProxyLies, healthyForClients:
		if c.Mark == check.MarkWarn && f.seen.otherForward == refused {
			return c.besideMixed(f)
		}
		return c.ofErrors(observations, f).ofOtherErrors(observations, f).ofOne(f).unmapped(f).despitePolicy(f).whereOthersLack(f).whereNodesDrop(f).whereEndpointsAreDead(f)
	case notListening, mixedNotListening, mixedLoopback, mixedHangs:
		return c.ofMixed(f)
	case mixedOther, nodeRefuses, addressDropped, nameElsewhere, nameSilent:
		return c.besideMixed(f)
	case applicationWorksNoEndpoint:
		asked, why := "", c.Why
		switch detail := onlyErrors(observations, f); {
		case detail != "":
			c.Text = "The application answers, with an error, and the Service has no usable endpoint."
			asked = fmt.Sprintf("Asked directly it says %s.", detail)
		case !f.seen.surely(answered):
			asked, why = c.Why, ""
		}
		if lead := f.leading(); lead != nil && lead.Fix != nil {
			c.Why = asked
			return c.byLeading(f)
		}
		c.Why = joined(asked, why)
		return c.whileSettling(f)
	case serviceMissing:
		return c.whereInstead(f)
	case namedPortMissingHere:
		if finding := f.found("PORT-02"); finding != nil && !finding.Settling && ofPort(finding, f.PortIndex) && !noneUsable(f) {
			return c.mended(finding.Fix)
		}
	case containerStopped, podStopped:
		if noneUsable(f) && c.Mark == check.MarkFail {
			return c.byLeading(f)
		}
	case noEndpointRefused, noEndpointNoPod, selectorlessEmpty, noPods, namedPortMissing:
		return c.byLeading(f)
	default:
	}
	return c
}

// ofErrors says beside a pass that the application answered with errors of its own and with nothing else. That is an answer all the same.
func (c Conclusion) ofErrors(observations []Observation, f Facts) Conclusion {
	if said := onlyErrors(observations, f); said != "" && c.Mark == check.MarkOK {
		c.Why = joined(fmt.Sprintf("What it answers is an error of its own: %s.", said), c.Why)
	}
	return c
}

// ofOtherErrors says beside a pass that an error was the answer at the Service's address, where the tested Pod answered without.
func (c Conclusion) ofOtherErrors(observations []Observation, f Facts) Conclusion {
	well, elsewhere := false, ""
	for i := range observations {
		seen := &observations[i]
		failed := serverError.MatchString(seen.Detail)
		switch {
		case seen.Outcome != OK || seen.Rung == RungFromHere || seen.Rung == RungService:
		case isDirect(seen, f) && failed:
			return c
		case isDirect(seen, f):
			well = well || httpStatus.MatchString(seen.Detail)
		case failed:
			elsewhere = cmp.Or(elsewhere, seen.Detail)
		}
	}
	if c.Mark != check.MarkOK || !well || elsewhere == "" {
		return c
	}
	cause := "it does so at times"
	if otherEndpoints(f) {
		cause = "another endpoint gives it, or it does so at times"
	}
	c.Why = joined(fmt.Sprintf("At the Service's address an error was the answer, %s, and none of Pod %s: %s.", elsewhere, f.Pod, cause), c.Why)
	return c
}

// whereNodesDrop takes a pass back where the checks know of nodes whose clients arrive nowhere: what is tried through the API server does not cross
// kube-proxy of those. A client that was served is on no such node, and others may be.
func (c Conclusion) whereNodesDrop(f Facts) Conclusion {
	finding := f.found("TP-02")
	if c.Mark != check.MarkOK || finding == nil || finding.Settling || finding.Severity < check.Major {
		return c
	}
	if f.seen.inCluster == answered {
		c.Why = joined(fmt.Sprintf("Others may not be served (TP-02): %s", lowered(finding.Title)), c.Why)
		return c
	}
	return Conclusion{
		ID: finding.ID, Mark: check.MarkWarn, Confidence: finding.Confidence,
		Text: finding.Title, Why: joined("What was tried did not start there: "+lowered(c.Text), finding.Why, c.Why),
	}.mended(finding.Fix)
}

// whereEndpointsAreDead takes a pass back where the checks know of endpoints that lead to no Pod: what was tried is another one.
func (c Conclusion) whereEndpointsAreDead(f Facts) Conclusion {
	finding := f.found("EPS-07")
	if c.Mark != check.MarkOK || finding == nil || finding.Settling || finding.Severity < check.Major {
		return c
	}
	return Conclusion{
		ID: finding.ID, Mark: check.MarkWarn, Confidence: finding.Confidence,
		Text: finding.Title, Why: joined("What was tried is not that: "+lowered(c.Text), finding.Why, c.Why),
	}.mended(finding.Fix)
}

// whereOthersLack takes a pass back that is one Pod's, where the checks know of others that get no traffic because they lack the named port: what
// is tried through one of those that have it does not show that.
func (c Conclusion) whereOthersLack(f Facts) Conclusion {
	finding := f.found("PORT-02")
	if c.Mark != check.MarkOK || finding == nil || finding.Settling || finding.Severity < check.Major || !ofPort(finding, f.PortIndex) {
		return c
	}
	return Conclusion{
		ID: finding.ID, Mark: check.MarkWarn, Confidence: finding.Confidence,
		Text: finding.Title, Why: joined("The one that was tried has it: "+lowered(c.Text), c.Why),
	}.mended(finding.Fix)
}

// ofPort tells whether a finding that names a port of the Service names the one in that place of its spec.
func ofPort(finding *check.Finding, index int) bool {
	field := fmt.Sprintf("spec.ports[%d].", index)
	return slices.ContainsFunc(finding.Evidence, func(evidence check.Evidence) bool {
		return evidence.Kind == "Service" && strings.HasPrefix(evidence.Field+".", field)
	})
}

// ofOne says that a healthy answer is one Pod's, where there are others.
func (c Conclusion) ofOne(f Facts) Conclusion {
	if c.Mark != check.MarkOK || !f.UsableKnown || f.Usable < 2 {
		return c
	}
	if f.seen.inCluster&answered != none {
		c.Why = joined(c.Why, fmt.Sprintf("That was one of %d endpoints, and another may be bad: --all-pods, or a on the screen of the test, tries every Pod.", f.Usable))
		return c
	}
	c.Why = joined(c.Why, fmt.Sprintf("Of %d endpoints only this Pod was tried: --all-pods, or a on the screen of the test, tries every Pod.", f.Usable))
	return c
}

// despitePolicy says that an answer to the API server proves nothing of clients that a NetworkPolicy keeps out.
func (c Conclusion) despitePolicy(f Facts) Conclusion {
	if c.Mark != check.MarkOK || f.seen.inCluster&answered != none {
		return c
	}
	switch f.Policies {
	case check.PoliciesAdmitSome:
		c.Why = joined(c.Why, fmt.Sprintf("NetworkPolicy %s admits some clients only, and which is not tried here (--from, or x on the screen of the test).", f.Policy))
		return c
	case check.PoliciesAdmitNobody:
	default:
		return c
	}
	c.Why = joined(c.Why, fmt.Sprintf("NetworkPolicy %s admits nobody to this port (NP-01): where it is enforced, clients are kept out all the same. A try from a Pod in the cluster tells.", f.Policy))
	return c
}

// unmapped says of a headless Service that clients which ask for the Service's port arrive nowhere, for all that answers on the Pod's.
func (c Conclusion) unmapped(f Facts) Conclusion {
	if f.Unmapped == 0 || c.Mark != check.MarkOK {
		return c
	}
	c.Why = joined(fmt.Sprintf("The Service is headless, and nobody maps its port %d to %d: clients have to ask for %s, or read the SRV record. %s leads to port %d of the Pods (HL-01).",
		f.Unmapped, f.PodPort, hostPort(f.ServiceName, f.PodPort), hostPort(f.ServiceName, f.Unmapped), f.Unmapped), c.Why)
	if c.Next == "" {
		c.Next = fmt.Sprintf("let clients ask for port %d, or let port and targetPort of the Service be the same", f.PodPort)
	}
	return c
}

// whereInstead says of a Service that does not exist which one may be meant.
func (c Conclusion) whereInstead(f Facts) Conclusion {
	lead := f.leading()
	if lead == nil {
		return c
	}
	c.Text = lead.Title
	if lead.Cause != nil && lead.Cause.Text != "" {
		c.Why = check.Sentence(strings.ToUpper(lead.Cause.Text[:1]) + lead.Cause.Text[1:])
	}
	return c.mended(lead.Fix)
}

// mixed returns what tells that the selector also matches Pods of another workload, or nil.
func (f Facts) mixed() *check.Finding {
	finding := f.found("SEL-05", "SEL-06")
	if finding == nil || finding.Settling {
		return nil
	}
	return finding
}

// ofMixed is for a tested Pod that is bad itself: where it is of a workload that the selector ought not to match, the selector is at fault,
// and no port of the Service that the other Pods serve.
func (c Conclusion) ofMixed(f Facts) Conclusion {
	finding := f.mixed()
	switch {
	case finding == nil:
	case f.OddWorkload != "":
		c = c.dueTo(finding)
		c.Why = joined(fmt.Sprintf("This Pod is of %s, which the Service is probably not meant for.", f.OddWorkload), finding.Title, c.Why)
		c = c.mended(finding.Fix)
	default:
		c.Why = joined(c.Why, finding.Title)
		if f.PortMeant != 0 {
			c = c.mended(finding.Fix)
		}
	}
	return c
}

// besideMixed is for a tested Pod that answers, while another endpoint does not: that is probably one which the selector ought not to match.
func (c Conclusion) besideMixed(f Facts) Conclusion {
	finding := f.mixed()
	if finding == nil || f.OddWorkload != "" || finding.Confidence < check.Likely || !otherEndpoints(f) {
		return c
	}
	const tells = "The bad endpoint is probably one of those; --all-pods, or a on the screen of the test, tells."
	switch {
	case f.seen.otherForward != refused:
		c.Why = joined(finding.Title, tells)
	case f.ForwardOdd != "":
		c.Why = joined(fmt.Sprintf("Pod %s is of %s, which the Service is probably not meant for.", f.ForwardPod, f.ForwardOdd), finding.Title, c.Why)
	default:
		return c
	}
	return c.dueTo(finding).mended(finding.Fix)
}

// dueTo names the finding of the checks that what was seen is due to. The two are graded apart.
func (c Conclusion) dueTo(finding *check.Finding) Conclusion {
	c.ID, c.Cause = finding.ID, nil
	if finding.Confidence < c.Confidence && finding.Confidence < check.Proven {
		c.Cause = &check.Cause{Text: finding.Title, Confidence: finding.Confidence}
	}
	return c
}

// oddWorkload names the workload of a Pod where the checks find that the Service's selector matches it beside those that are meant; empty
// for none. What the findings show of the Pods that do not belong is their ports (SEL-05), and that a Job made them (SEL-06).
func oddWorkload(snapshot *model.Snapshot, pod *corev1.Pod, findings []check.Finding) string {
	if pod == nil {
		return ""
	}
	owner := check.OwnerOf(snapshot, pod)
	for i := range findings {
		if id := findings[i].ID; id != "SEL-05" && id != "SEL-06" {
			continue
		}
		for _, evidence := range findings[i].Evidence {
			if evidence.Kind != "Pod" || evidence.Field != "spec.containers[*].ports" && evidence.Field != "metadata.ownerReferences[0].kind" {
				continue
			}
			odd := snapshot.Pod(model.Key{Namespace: evidence.Namespace, Name: evidence.Name})
			switch {
			case odd == nil:
			case owner.Kind != "" && owner == check.OwnerOf(snapshot, odd):
				return owner.String()
			case odd.Name == pod.Name:
				return "no workload"
			}
		}
	}
	return ""
}

// leading is the finding that tells why there is no usable endpoint, or nil. What is wrong in front of the Service does not.
func (f Facts) leading() *check.Finding {
	i := slices.IndexFunc(f.Diagnosis, func(finding check.Finding) bool {
		return finding.Severity >= check.Major && !finding.Settling && !inFront(&finding)
	})
	if i < 0 {
		return nil
	}
	return &f.Diagnosis[i]
}

// inFront tells whether a finding is of what stands before the Service, or of who may come in: neither tells why there is no endpoint.
func inFront(finding *check.Finding) bool {
	family, _, _ := strings.Cut(finding.ID, "-")
	return finding.Step == check.StepIsolation || family == "LB" || family == "ING" || family == "GW"
}

// byLeading names the cause that the checks found, with its fix.
func (c Conclusion) byLeading(f Facts) Conclusion {
	lead := f.leading()
	if lead == nil {
		return c.byLesser(f)
	}
	if c.Why = joined(lead.Title, c.Why); c.ID == "" {
		c = c.dueTo(lead)
	}
	return c.mended(lead.Fix)
}

// byLesser is for a Service without a usable endpoint of which the checks know why, and do not call it a fault: it is scaled to zero on purpose,
// or not settled yet.
func (c Conclusion) byLesser(f Facts) Conclusion {
	i := slices.IndexFunc(f.Diagnosis, func(finding check.Finding) bool { return !inFront(&finding) })
	if i < 0 || f.Verdict == check.Fail || f.Verdict == check.Unknown || f.Diagnosis[i].Settling {
		return c.whileSettling(f)
	}
	lesser := &f.Diagnosis[i]
	c.Why, c.ID = joined(lesser.Title, lesser.Why), lesser.ID
	c.Mark, c.Confidence = check.MarkUnknown, lesser.Confidence
	if f.Verdict == check.Warn {
		c.Mark = check.MarkWarn
	}
	c.Next = "see the step of that finding"
	return c.mended(lesser.Fix)
}

// serverError is how an application that answers with an error is told of: by its status.
var serverError = regexp.MustCompile(`^(HTTP )?5\d\d( |$)`)

// onlyErrors returns what the application said where all that it said, asked directly, are server errors (5xx); empty where something else came.
func onlyErrors(observations []Observation, f Facts) string {
	said := ""
	for i := range observations {
		seen := &observations[i]
		if seen.Outcome != OK || !isDirect(seen, f) {
			continue
		}
		if !serverError.MatchString(seen.Detail) {
			return ""
		}
		said = cmp.Or(said, seen.Detail)
	}
	return said
}

// isDirect tells whether what answered was surely the tested Pod.
func isDirect(seen *Observation, f Facts) bool {
	return seen.Rung == RungPod || seen.Rung == RungProxyPod || seen.Target == hostPort(f.PodIP, f.PodPort)
}
