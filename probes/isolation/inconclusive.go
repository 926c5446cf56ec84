package isolation

import (
	"cmp"
	"fmt"
)

// inconclusive says why, and which rung would decide; an empty one means that none would.
func inconclusive(observations []Observation, s sight, deciding Rung, f Facts) Conclusion {
	forwardsOnly := s == sight{pod: s.pod, service: s.service, otherForward: s.otherForward, here: s.here}
	switch {
	case s == (sight{here: s.here, otherForward: s.otherForward}):
		if told, some := onlyFromHere(observations, f); some {
			return told
		}
		return nothingSeen(observations, f)
	case deciding == "" && !forwardsOnly && s.told() > 1 && (s.proxyPod != none || !otherEndpoints(f)):
		return contradiction(f)
	}
	if deciding = cmp.Or(deciding, s.firstUntold()); f.ProxyElsewhere && deciding == RungProxyPod {
		deciding = RungInCluster
	}
	why := "What was seen fits more than one cause."
	switch {
	case forwardsOnly && s.pod == answered:
		why = "The Pod answers on its own loopback; that does not prove that clients reach it."
	case forwardsOnly:
		why = "Only port-forwards told anything, and they do not go the way that clients go."
	}
	return unknown("Inconclusive: "+rungTitle(deciding)+" would decide.", why, nextFor(deciding, observations))
}

// contradiction is where no row of the truth table fits.
func contradiction(f Facts) Conclusion {
	c := unknown("Inconclusive: the rungs contradict each other.", "Something changed while they ran, or something on the way treats them differently.",
		"run the test again, then on each of the Pods (--pod, or p on the screen of the test), then from a Pod in the cluster")
	c.contradictory = true
	switch {
	case f.PodTerminating:
		c.Text = fmt.Sprintf("Inconclusive: Pod %s is being deleted, and the rungs met it in different states.", f.Pod)
		c.Why, c.Next = "", "run the test again once the Pod that takes its place is there"
	case f.Restart.container != "":
		c.Text = "Inconclusive: a container of the Pod ends and is started again, and the rungs met it in different states."
		c.Why = f.Restart.of(f.Pod)
		c.Next, c.Command = f.Restart.look(f)
	case f.AssumesHTTP:
		c.Why = fmt.Sprintf("It was asked like this: %s. What speaks something else answers HTTP in different ways.", f.Speaks)
		c.Next = "say how it speaks, --scheme tcp, or o on the screen of the test; where it does speak HTTP, " + c.Next
	case f.flickers():
		c.Text = fmt.Sprintf("Inconclusive: on one and the same way Pod %s answered one connection and refused another.", f.Pod)
		c.Why = "It came up or went down while it was tested, or it takes one connection at a time: clients that come meanwhile are refused."
		c.Next = "run the test again; where it says the same, look at how the application accepts connections, and at its log"
	}
	return c
}

// flickers tells whether what goes the same way to the tested Pod was answered once, and refused once: the two port-forwards, or the API server's two
// proxies where there is no other endpoint.
func (f Facts) flickers() bool {
	differ := func(one, other evidence) bool { return one|other == answered|refused }
	return differ(f.seen.pod, f.seen.service) || !otherEndpoints(f) && differ(f.seen.proxyService, f.seen.proxyPod)
}

// nothingSeen tells denial from other reasons for knowing nothing.
func nothingSeen(observations []Observation, f Facts) Conclusion {
	if f.ReadOnly {
		return notAllowedHere.conclusion(f)
	}
	var denied, failed string
	for _, seen := range observations {
		switch seen.Outcome {
		case Denied:
			denied = cmp.Or(denied, seen.Detail)
		case Failed, Timeout:
			failed = cmp.Or(failed, seen.Detail)
		}
	}
	switch {
	case denied != "":
		return unknown("You may not run this test.", denied, f.rightsNeeded())
	case f.Pod == "" && !f.PodsKnown:
		return unknown("No Pod could be chosen: Pods cannot be read.", failed, "ask for the right to list pods, or name a Pod")
	}
	return unknown("No rung told anything.", cmp.Or(failed, f.NotRunning), "run the test again")
}

// rungTitle names a rung in a sentence.
func rungTitle(rung Rung) string {
	switch rung {
	case RungPod:
		return "a port-forward to the Pod"
	case RungProxyService:
		return "the API server's proxy to the Service"
	case RungProxyPod:
		return "the API server's proxy to the Pod"
	}
	if rung == RungSockets {
		return "what the Pod listens on"
	}
	return "a try from a Pod in the cluster"
}

// nextFor says how the deciding rung can be had.
func nextFor(rung Rung, observations []Observation) string {
	right := map[Rung]string{RungPod: "create pods/portforward", RungProxyService: "get services/proxy", RungProxyPod: "get pods/proxy"}[rung]
	for _, seen := range observations {
		if seen.Rung == rung && seen.Outcome == Denied && right != "" {
			return "ask for the right to " + right + ", or try it from a Pod in the cluster"
		}
	}
	if rung == RungSockets {
		return "read what the Pod listens on: --sockets, or s on the screen of the test"
	}
	return "try it from a Pod in the cluster"
}
