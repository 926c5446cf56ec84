package isolation

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// seeFromHere adds what one address told. That a Pod's IP answers or refuses stands for Proxy→Pod where that told nothing: it comes from the
// same place. Silence is that of the way from here, of which the API server knows nothing.
func (s *sight) seeFromHere(seen Observation, facts Facts) {
	here, known := facts.hereAt(seen.Target)
	if !known || seen.Running {
		return
	}
	proof := here.proves(seen.Outcome)
	switch {
	case here.Way != HerePodIP && !(here.Unconfirmed && proof == answered):
		s.here |= proof
	case here.Way == HerePodIP && s.proxyPod == none:
		s.proxyPod = proof &^ timedOut
	}
}

func (f *Facts) hereAt(target string) (Here, bool) {
	for _, here := range f.Here {
		if here.Target == target {
			return here, true
		}
	}
	return Here{}, false
}

// hereSeen are the addresses by what was seen there.
type hereSeen struct {
	answered, dead, turnedAway, silent []Here
}

func (f *Facts) hereSeen(observations []Observation) hereSeen {
	var all hereSeen
	for _, seen := range observations {
		here, known := f.hereAt(seen.Target)
		if seen.Rung != RungFromHere || !known || here.Way == HerePodIP {
			continue
		}
		switch here.proves(seen.Outcome) {
		case answered:
			all.answered = append(all.answered, here)
		case refused, timedOut:
			all.dead = append(all.dead, here)
		case noEndpoints:
			all.turnedAway = append(all.turnedAway, here)
		case silent:
			all.silent = append(all.silent, here)
		}
	}
	return all
}

// targetsText names addresses, and by what way they lead to the Service.
func targetsText(all []Here) string {
	texts := make([]string, 0, len(all))
	for i, here := range all {
		text := here.Target
		if i == 0 || all[i-1].Way != here.Way {
			text = here.Way.String() + " " + text
		}
		texts = append(texts, text)
	}
	return few(texts, len(texts))
}

// fromHere joins a conclusion with what was seen from here. A pass stays one only where no address that clients use failed.
func (c Conclusion) fromHere(v verdict, observations []Observation, f Facts) Conclusion {
	seen := f.hereSeen(observations)
	if v.family() != healthy || v == boundToPodIPOnly {
		return c.despite(observations, f)
	}
	failed := slices.Concat(seen.turnedAway, seen.silent, seen.dead)
	if len(failed) == 0 {
		if len(seen.answered) > 0 {
			c.Why = joined(c.ownWhy(v, f), fmt.Sprintf("From here it answers through %s, as clients outside of the cluster reach it.", targetsText(seen.answered)))
		}
		return c
	}
	public := slices.DeleteFunc(slices.Clone(failed), func(here Here) bool { return here.Internal })
	told := Conclusion{ID: c.ID, Mark: check.MarkUnknown, Text: fmt.Sprintf("From here there is no answer through %s, though the application answers inside the cluster.", targetsText(failed))}
	if v == healthyFromHere {
		told.Text = fmt.Sprintf("From here there is an answer through %s, and none through %s.", targetsText(seen.answered), targetsText(failed))
	}
	if len(public) > 0 {
		told.Mark, told.Confidence = check.MarkWarn, check.Likely
	}
	told.Why, told.Next = whyNoAnswer(seen, f, len(public) > 0)
	if v != healthyFromHere && len(seen.answered) > 0 {
		told.Why = joined(fmt.Sprintf("It does answer through %s.", targetsText(seen.answered)), told.Why)
	}
	return told
}

// ownWhy is what a verdict says beside the way from here. That of the plain pass says what was not tried.
func (c Conclusion) ownWhy(v verdict, f Facts) string {
	if v == healthy && c.ID == "" && f.seen.inCluster != answered {
		return ""
	}
	return c.Why
}

// whyNoAnswer gives the reasons that are left where the Pods answer and an address in front does not.
func whyNoAnswer(seen hereSeen, f Facts, public bool) (why, next string) {
	switch {
	case len(seen.turnedAway) > 0:
		return "What stands in front says that it reaches no backend: its rule may name another port, it may keep old endpoints, or a policy keeps it out.",
			"look at the log of the Ingress controller or load balancer, and at the health of its backends"
	case len(seen.silent) > 0:
		return "The connection is accepted, and nothing comes back: a load balancer accepts before it has a backend.",
			"look at the load balancer's health checks, and at the firewall between it and the nodes"
	}
	if finding := f.found("SVC-09"); finding != nil && slices.ContainsFunc(seen.dead, func(here Here) bool {
		return here.Way == HereExternalIP && strings.Contains(finding.Title, hostOf(here.Target))
	}) {
		why, next = joined(finding.Title, finding.Why), "see that its traffic is brought to a Node"
		if finding.Fix != nil {
			next = cmp.Or(finding.Fix.Note, next)
		}
		return why, next
	}
	candidates := "a firewall on the way, a load balancer that does not send on, or an address that nobody routes to the cluster's nodes"
	next = "try it from a client that must get through, and look at the firewall's rules for this port"
	if len(f.SourceRanges) > 0 {
		candidates = fmt.Sprintf("loadBalancerSourceRanges, which lets in %s alone, ", strings.Join(f.SourceRanges, ", ")) + candidates
		next = "compare the address that this machine has on the outside with loadBalancerSourceRanges, then look at the firewall"
	}
	if !public {
		return "The address is a private one or a node's: from a machine outside of its network this is as it must be, and proves nothing. Inside of that network what is left is " + candidates + ".",
			"try it from a machine of that network, or from a client that must get through"
	}
	return "What is left is " + candidates + ".", next
}

// despite says beside a fault that an address answers from here all the same.
func (c Conclusion) despite(observations []Observation, f Facts) Conclusion {
	if served := f.hereSeen(observations).answered; len(served) > 0 {
		c.Why = joined(c.Why, fmt.Sprintf("From here there is an answer through %s all the same: another endpoint's, or that of something in front.", targetsText(served)))
	}
	return c
}

// rightsNeeded names what the four rungs need.
func (f Facts) rightsNeeded() string {
	const rungs = "ask for create pods/portforward, get pods/proxy and get services/proxy"
	if !f.PodsKnown {
		return rungs + ", and list pods, in namespace " + f.Namespace
	}
	return rungs + " in namespace " + f.Namespace
}

// onlyFromHere concludes where nothing else told anything; false where this told nothing either.
func onlyFromHere(observations []Observation, f Facts) (Conclusion, bool) {
	seen := f.hereSeen(observations)
	failed := slices.Concat(seen.turnedAway, seen.silent, seen.dead)
	next := f.rightsNeeded()
	why := "No other rung told anything, so it is not known whether the application answers inside the cluster."
	if f.ReadOnly {
		next = "start svctui without --readonly, or try it from a Pod in the cluster"
		why = "svctui runs read-only, so whether the application answers inside the cluster was not tried."
	}
	switch {
	case len(seen.answered) > 0 && noneUsable(f):
		return unknown(fmt.Sprintf("From here there is an answer through %s, and the Service has no usable endpoint.", targetsText(seen.answered)),
			"So something else answers behind that address: a default backend, a page of the load balancer's own, or a stranger.",
			"look at why no endpoint is usable: svctui diagnose, or the steps Endpoints, Selector and Readiness on the Service's screen"), true
	case len(seen.answered) > 0 && !slices.ContainsFunc(seen.answered, func(here Here) bool { return !here.ByDNS }):
		return unknown(fmt.Sprintf("From here there is an answer through %s, and nothing tells that it is the Service's.", targetsText(seen.answered)),
			"The Ingress has no address in its status, so that the name may lead somewhere else, and no controller may serve it. "+why, next), true
	case len(seen.answered) > 0:
		return unknown(fmt.Sprintf("From here there is an answer through %s, and nothing tells that it is the Service's.", targetsText(seen.answered)),
			"The address is a private one, which another machine may have in the network here. "+why, next), true
	case len(failed) > 0:
		return unknown(fmt.Sprintf("From here there is no answer through %s.", targetsText(failed)), why, next), true
	}
	for _, observed := range observations {
		if here, known := f.hereAt(observed.Target); known && here.Way == HerePodIP && here.proves(observed.Outcome) == timedOut {
			return unknown(fmt.Sprintf("From here the Pod's IP %s gives no answer, where another Pod's does.", here.Target), why,
				"look at the NetworkPolicies that select the Pod and at its node's network, or "+next), true
		}
	}
	return Conclusion{}, false
}

// hostOf is an address without its port.
func hostOf(target string) string {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return target
	}
	return host
}
