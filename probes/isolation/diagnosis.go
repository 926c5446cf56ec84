package isolation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// diagnosis is what the checks find of the Service without a test, advice left out.
func diagnosis(snapshot *model.Snapshot, request Request) []check.Finding {
	report := check.Judge(check.Input{Snapshot: snapshot, Now: snapshot.At(), KubectlArgs: request.KubectlArgs}, request.Service)
	return slices.DeleteFunc(slices.Clone(report.Findings), func(finding check.Finding) bool { return finding.Advice() })
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
	switch v {
	case healthy, healthyForwardLies, healthyProxyLies, healthyForClients:
		return c.ofOne(f).despitePolicy(f)
	case notListening, mixedNotListening, mixedLoopback, mixedOther, nodeRefuses, addressDropped, nameElsewhere, nameSilent:
		// The bad Pod may be one that the selector ought not to match.
		if finding := f.found("SEL-05", "SEL-06"); finding != nil && finding.Severity >= check.Major {
			c.ID, c.Why = finding.ID, joined(finding.Title, c.Why)
			c = c.mended(finding.Fix)
		}
	case applicationWorksNoEndpoint:
		if detail := onlyErrors(observations); detail != "" {
			c.Text = "The application answers, with an error, and the Service has no usable endpoint."
			c.Why = joined(fmt.Sprintf("Asked directly it says %s.", detail), c.Why)
		}
		return c.byLeading(f)
	case noEndpointRefused, noEndpointNoPod, selectorlessEmpty, noPods, namedPortMissing:
		return c.byLeading(f)
	default:
	}
	return c
}

// ofOne says that a healthy answer is one Pod's, where there are others.
func (c Conclusion) ofOne(f Facts) Conclusion {
	if c.Mark != check.MarkOK || !f.UsableKnown || f.Usable < 2 {
		return c
	}
	if f.seen.inCluster == answered {
		c.Why = joined(c.Why, fmt.Sprintf("That was one of %d endpoints, and another may be bad: --all-pods, or a on the screen of the test, tries all.", f.Usable))
		return c
	}
	c.Why = joined(c.Why, fmt.Sprintf("Of %d endpoints only this Pod was tried: --all-pods, or a on the screen of the test, tries all.", f.Usable))
	return c
}

// despitePolicy says that an answer to the API server proves nothing of clients that a NetworkPolicy keeps out.
func (c Conclusion) despitePolicy(f Facts) Conclusion {
	if c.Mark != check.MarkOK || f.Policies != check.PoliciesAdmitNobody || f.seen.inCluster == answered {
		return c
	}
	c.Why = joined(c.Why, fmt.Sprintf("NetworkPolicy %s admits nobody to this port (NP-01): where it is enforced, clients are kept out all the same. A try from a Pod in the cluster tells.", f.Policy))
	return c
}

// byLeading names the cause that the checks found, with its fix.
func (c Conclusion) byLeading(f Facts) Conclusion {
	if len(f.Diagnosis) == 0 || f.Diagnosis[0].Severity < check.Major || f.Diagnosis[0].Settling {
		return c
	}
	lead := &f.Diagnosis[0]
	if c.ID == "" {
		c.ID = lead.ID
	}
	c.Why = joined(lead.Title, c.Why)
	return c.mended(lead.Fix)
}

// onlyErrors returns what the application said where all that it said are server errors (5xx); empty where something else came.
func onlyErrors(observations []Observation) string {
	said := ""
	for i := range observations {
		seen := &observations[i]
		if seen.Outcome != OK || seen.Rung != RungPod && seen.Rung != RungProxyPod {
			continue
		}
		if len(seen.Detail) < 4 || !strings.HasPrefix(seen.Detail, "5") || seen.Detail[3] != ' ' {
			return ""
		}
		said = seen.Detail
	}
	return said
}
