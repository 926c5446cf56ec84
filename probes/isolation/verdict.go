package isolation

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// verdict is what a row of the truth table amounts to.
type verdict uint8

const (
	healthy verdict = iota
	healthyForwardLies
	healthyProxyLies
	healthyForClients
	healthyFromHere
	loopback
	loopbackByProbe
	refusedBetween
	refusedByPolicy
	notListening
	refusedOnPodIP
	applicationWorksNoEndpoint
	noEndpointNoPod
	// proxyAloneHasEndpoint is where the older Endpoints object has an endpoint, and no EndpointSlice.
	proxyAloneHasEndpoint
	endpointsWithoutPods
	loopbackBySockets
	boundToAnother
	boundToPodIPOnly
	noEndpointRefused
	healthyByOthers
	connectedOnly
	othersDead
	clientRejected
	addressDropped
	nameUnknown
	nameElsewhere
	nameSilent
	nodeRefuses
	clientKeptOut
	controlPlaneBlind
	apiServerShutOut
	policyShut
	podIPUnreachable
	mixedNotListening
	mixedLoopback
	mixedOther
	mixedUnreachable
	// mixedHangs is a Pod that accepts and is silent.
	mixedHangs
	// mixedRefused is a Pod that refuses, where nothing tells whether it listens on its loopback.
	mixedRefused
	meshOpaque
	hangs
	closes
	notAllowedHere
	serviceUnknown
	serviceMissing
	portMissing
	portless
	podGone
	notTCP
	externalName
	selectorlessEmpty
	noPods
	namedPortMissing
	namedPortMissingHere
	askedPodGone
	askedPodForeign
	podStopped
	containerStopped
)

// family joins the verdicts that say the same and differ only in what they rest on.
func (v verdict) family() verdict {
	switch v {
	case healthyForwardLies, healthyProxyLies, healthyForClients, healthyByOthers, boundToPodIPOnly, healthyFromHere:
		return healthy
	case loopbackByProbe, loopbackBySockets:
		return loopback
	}
	return v
}

// conclusion writes the verdict out.
func (v verdict) conclusion(f Facts) Conclusion {
	pod := cmp.Or(f.Pod, "the Pod")
	port := f.PodPort
	switch v {
	case healthy:
		if f.SpeaksTLS {
			speaks := ok("The way to the application is open, and it speaks TLS: plain HTTP is turned away.",
				"Clients must say https, and an Ingress or Gateway in front must know that its backend speaks TLS.")
			if f.PromisesHTTP != "" {
				speaks = Conclusion{
					Mark: check.MarkWarn, Confidence: check.Likely,
					Text: "The way to the application is open, and it speaks TLS where HTTP is promised: clients that say http are turned away.",
					Why:  fmt.Sprintf("That it speaks HTTP is known %s, and an Ingress, a Gateway or a mesh goes by that as well.", f.PromisesHTTP),
					Next: "let clients say https, and name the port after that (https, or appProtocol https); or let the application speak plain HTTP there",
				}
			}
			speaks.ID = "PORT-12"
			return speaks
		}
		if f.seen.inCluster == answered {
			return f.clientServed()
		}
		if f.seen.clientConnects() {
			return f.clientConnected()
		}
		return ok(fmt.Sprintf("The application %s on its Pod's IP, and the Service has endpoints that lead there.", f.podAnswers()),
			"What a client crosses besides is not tried here: kube-proxy, NetworkPolicies for that client, DNS, Ingress or load balancer.")
	case healthyForwardLies:
		return ok(fmt.Sprintf("The application %s on its Pod's IP, where clients of the Service arrive. A port-forward does not reach it.", f.podAnswers()),
			"It listens on the Pod's IP only; a port-forward dials localhost inside the Pod. The Service is not at fault.")
	case healthyProxyLies:
		const otherwise = "The API server's proxy to the Service says otherwise, because it reads the older Endpoints object: that leaves out terminating Pods and endpoints that others made."
		switch {
		case !f.seen.onPodIP():
			connected := f.clientConnected()
			if f.seen.proxyService == noEndpoints {
				connected.Why = otherwise + " " + connected.Why
			}
			return connected
		case noneUsable(f):
			return ok("A client inside the cluster is served, though the API showed no endpoint.",
				"Either endpoints came after the Service was read, or another data plane than kube-proxy brings its own, as with Services of several clusters. "+f.servedWhy())
		case f.seen.proxyService != noEndpoints:
			return healthy.conclusion(f)
		}
		return ok(fmt.Sprintf("The application %s on its Pod's IP, and kube-proxy has endpoints that lead there.", f.podAnswers()), otherwise)
	case healthyForClients:
		const otherWay = " The API server's own way to the Pod is blocked or intercepted, which no client of the Service takes."
		if f.seen.inCluster == answered {
			return ok("A client inside the cluster is served.", f.servedWhy()+otherWay)
		}
		if f.seen.clientConnects() {
			connected := f.clientConnected()
			connected.Why += otherWay
			return connected
		}
		return ok("A client inside the cluster is served.",
			"The API server's own way to the Pod is blocked or intercepted, which no client of the Service takes.")
	case healthyFromHere:
		return ok("The Service answers from here.", "That proves the way it took, and no other: what the other rungs tell is not enough.")
	case loopback:
		if f.isIPv6() {
			return probed("PORT-16", "The application does not listen on the Pod's IPv6 address.",
				"A port-forward reaches it, because it dials localhost in both families: it listens on IPv4 only, or on its loopback only."+readyAnyway(f.Readiness),
				fmt.Sprintf("let it listen on %s, then run the test again", f.everywhere())).unlessRejected(f)
		}
		return probed("PORT-09", "The application listens on 127.0.0.1 only.",
			"A port-forward reaches it, because it dials localhost inside the Pod. No client of the Service can."+readyAnyway(f.Readiness),
			fmt.Sprintf("let it listen on %s, then run the test again", f.everywhere())).unlessRejected(f)
	case loopbackByProbe:
		likely := probed("PORT-09", "The application seems to listen on 127.0.0.1 only.",
			"A port-forward, which dials localhost inside the Pod, reaches it; the readiness probe, which dials the Pod's IP, is refused.",
			fmt.Sprintf("let it listen on %s; Proxy→Pod would prove it, and needs the right to get pods/proxy", f.everywhere()))
		likely.Mark, likely.Confidence = check.MarkWarn, check.Likely
		return likely
	case refusedBetween:
		return unknown(fmt.Sprintf("The API server is refused at %s, where the readiness probe gets through.", address(f)),
			"The kubelet dials the same address, and the Pod is Ready by that: either something on the way from the API server rejects, or the application has stopped listening since.",
			"run the test again; then try it from a Pod in the cluster, and look for NetworkPolicies and firewalls that reject")
	case refusedByPolicy:
		why := "The application " + f.inPod() + " inside the Pod. Either it listens on 127.0.0.1 only, or the network plugin rejects what the policy does not admit: from outside of the Pod the two look the same."
		if f.seen.pod == refused {
			why = "A port-forward, which dials localhost inside the Pod, is refused as well. Either nothing listens, or the application listens on the Pod's IP and the network plugin rejects what the policy does not admit."
		}
		kept := unknown(fmt.Sprintf("%s refuses, and NetworkPolicy %s may be why.", address(f), f.Policy), why,
			"read what the Pod listens on: --sockets, or s on the screen of the test")
		switch {
		case f.seen.sockets != none:
			kept.Why = "The Pod's sockets tell that the application listens there, so what refuses is on the way: the network plugin rejects what the policy does not admit, or a firewall does."
			kept.Next = "try it from a client that the policy admits"
		case f.seen.pod == none:
			kept.Why = "No port-forward told of the application. Either nothing listens there, or it listens on 127.0.0.1 only, or the network plugin rejects what the policy does not admit: from outside of the Pod these look the same."
		}
		kept.ID = "NP-05"
		return kept
	case notListening:
		nothing := probed("PORT-08", fmt.Sprintf("Nothing listens on port %d of Pod %s.", port, pod),
			"Both localhost inside the Pod and the Pod's IP refuse the connection. An application bound to ::1 alone would look the same.", "")
		return nothing.whatListens(f).unlessRejected(f)
	case refusedOnPodIP:
		return probed("", fmt.Sprintf("%s refuses connections.", address(f)), f.nothingInside(), fmt.Sprintf("let the application listen on %s", f.everywhere())).unlessRejected(f)
	case applicationWorksNoEndpoint:
		switch s := f.seen; {
		case s.surely(silent) && !s.surely(answered):
			return probed("", "The application accepts connections and does not answer, and the Service has no usable endpoint.", f.saidNothing(), lookAtHang)
		case s.surely(closed) && !s.surely(answered):
			return probed("", "The application accepts connections and closes them without an answer, and the Service has no usable endpoint.", "", "look at its log")
		case !s.surely(answered):
			return probed("", "The Service has no usable endpoint, and the Pod accepts connections.",
				"Whether the application answers is not known."+nothingAsked, keptOut)
		}
		return probed("", "The application works, and the Service has no usable endpoint.",
			"Readiness, the EndpointSlices or a named port keep traffic from it; the application itself answers when asked directly.",
			keptOut)
	case noEndpointNoPod:
		if f.Pod == "" && !f.PodsKnown {
			return proven("", "The Service has no usable endpoint.", "Its Pods may not be read, so that why is not known.", "ask for the right to list pods in this namespace")
		}
		return proven("", "The Service has no usable endpoint, and no Pod runs that could be asked.",
			strings.TrimSuffix(cmp.Or(f.NotRunning, "No Pod was found"), ".")+".",
			"see what keeps the Pods from running: svctui diagnose, or the steps Readiness and Events")
	case proxyAloneHasEndpoint:
		return unknown(fmt.Sprintf("The API server's proxy to the Service %s, and no EndpointSlice has a usable endpoint.", f.isAnswered()),
			"That proxy goes by the older Endpoints object, and kube-proxy by the EndpointSlices: either endpoints came after the Service was read, or nothing makes slices of that object, and clients are refused.",
			"run the test again; then try it from a Pod in the cluster")
	case endpointsWithoutPods:
		return unknown(fmt.Sprintf("The Service has %s, and none names a Pod that could be asked.", check.Counted(f.Usable, "endpoint", "endpoints")),
			"Port-forwards and the API server's proxy lead to Pods only.",
			"try the Service's address from a Pod in the cluster")
	case controlPlaneBlind:
		return unknown("The API server does not reach Pods here, so its proxies prove nothing.", blindWhy(f),
			"try it from a Pod in the cluster")
	case apiServerShutOut:
		if f.Policies == check.PoliciesUnread {
			return unknown("The API server gets no answer at the Pod's IP, and NetworkPolicies may not be read.",
				"One that admits certain clients keeps the API server out as well, and the Service's clients are served all the same. The port-forward, which no policy concerns, does get an answer.",
				"try it from a client in the cluster, or ask for the right to list networkpolicies")
		}
		shut := unknown(fmt.Sprintf("NetworkPolicy %s keeps the API server from the Pod, so its proxies prove nothing.", f.Policy),
			"It admits certain clients, and the API server is none of them. The port-forward, which no policy concerns, does get an answer.",
			"try it from a client that the policy admits")
		shut.ID = "NP-05"
		return shut
	case policyShut:
		likely := probed("NP-01", fmt.Sprintf("NetworkPolicy %s seems to keep everybody from the Pod.", f.Policy),
			"No rule admits anybody to its port; the API server gets no answer from the Pod's IP, while the port-forward, which no policy concerns, does.",
			"add an ingress rule that admits the clients to the container's port")
		likely.Mark, likely.Confidence = check.MarkWarn, check.Likely
		return likely
	case podIPUnreachable:
		if f.policiesChoose() {
			return clientKeptOut.conclusion(f)
		}
		inside, why := fmt.Sprintf(", though the application %s inside the Pod", f.inPod()), "The connection times out, so it is not the application's bind address."
		if f.seen.pod&reached == 0 {
			inside, why = "", "The connection times out. Whether the application answers inside the Pod is not known."
		}
		if f.Policies == check.PoliciesAdmitNobody {
			return probed("NP-01", fmt.Sprintf("NetworkPolicy %s keeps everybody from the Pod.", f.Policy),
				strings.TrimSpace(fmt.Sprintf("No rule admits anybody to its port, and %s does not answer%s. %s", address(f), inside, reachesOther(f))),
				"add an ingress rule that admits the clients to the container's port")
		}
		return probed("", fmt.Sprintf("%s cannot be reached%s.", address(f), inside), strings.TrimSpace(why+" "+reachesOther(f)),
			"look at the NetworkPolicies that select the Pod, and at its node's network")
	case mixedNotListening:
		return probed("PORT-08", fmt.Sprintf("Nothing listens on port %d of Pod %s, while another endpoint %s.", port, pod, f.answers()),
			joined("Clients that are sent to this Pod are refused.", f.otherSockets()), "compare this Pod with the others: image, arguments, configuration").unlessRejected(f)
	case mixedRefused:
		return probed("", fmt.Sprintf("%s refuses connections, while another endpoint %s.", address(f), f.answers()),
			joined("Clients that are sent to this Pod are refused.", f.nothingInside()),
			"read what the Pod listens on: --sockets, or s on the screen of the test; compare it with the others").unlessRejected(f)
	case mixedLoopback:
		return probed("PORT-09", fmt.Sprintf("In Pod %s the application listens on 127.0.0.1 only, while another endpoint %s.", pod, f.answers()),
			"Clients that are sent to this Pod are refused."+readyAnyway(f.Readiness), fmt.Sprintf("let it listen on %s in every Pod", f.everywhere())).unlessRejected(f)
	case mixedOther:
		if f.atForwardPod == refused {
			return probed("", fmt.Sprintf("Pod %s %s, and another endpoint of the Service does not: Pod %s.", pod, f.podAnswers(), f.ForwardPod),
				"It refuses both a port-forward and the API server at its IP. Clients that are sent to it are refused.", "test that Pod: --pod "+f.ForwardPod+", or p on the screen of the test")
		}
		return f.anotherIsBad()
	case mixedHangs:
		if !served(f.seen) || !f.seen.surely(answered) {
			return f.otherwiseHTTP(probed("", fmt.Sprintf("Pod %s accepts connections and does not answer, and another endpoint refuses them.", pod),
				"Clients that are sent to this Pod wait in vain, and others are refused.", allPods))
		}
		return f.otherwiseHTTP(probed("", fmt.Sprintf("Pod %s accepts connections and does not answer, while another endpoint %s.", pod, f.answers()),
			"Clients that are sent to this Pod wait in vain.", lookAtHang))
	case mixedUnreachable:
		return probed("", fmt.Sprintf("%s cannot be reached, while another endpoint %s.", address(f), f.answers()),
			"Clients that are sent to this Pod wait in vain.", "look at the Pod's node, and at the NetworkPolicies that select it")
	case meshOpaque:
		if f.ClientMeshAnswered && !f.meshSaid[string(RungProxyService)] && !f.meshSaid[string(RungProxyPod)] {
			return f.clientMeshOpaque()
		}
		return unknown("The service mesh answers for the application.",
			fmt.Sprintf("%s intercepts what arrives at the Pod's IP, and may turn away callers from outside of the mesh, as the API server is.", f.Mesh),
			"try it from a Pod inside the mesh")
	case closes:
		if f.SpeaksGRPC {
			return f.answersGRPC()
		}
		closing := probed("", "The application accepts connections and closes them without an answer.",
			fmt.Sprintf("It did not say one byte to what it was asked (%s).", f.Speaks),
			"look at its log; it may have no process left that answers, expect the PROXY protocol, or want to be asked for a name (--host, or o on the screen of the test)")
		if f.seen.pod != closed || f.seen.proxyPod != closed {
			closing.Mark, closing.Confidence = check.MarkWarn, check.Likely
		}
		return f.insteadOf(closing)
	case hangs:
		return f.insteadOf(f.otherwiseHTTP(probed("", "The application accepts connections and does not answer.", f.saidNothing(), lookAtHang)))
	}
	return v.conclusionOfClient(f)
}

// insteadOf is for what did not answer in the protocol that a person chose, where there is evidence for another.
func (f Facts) insteadOf(c Conclusion) Conclusion {
	if f.SpeaksInstead == "" {
		return c
	}
	c.Mark, c.Confidence = check.MarkWarn, check.Likely
	c.Why = joined(c.Why, fmt.Sprintf("It was asked by choice; the evidence is for %s.", f.SpeaksInstead))
	c.Next = "ask it by the evidence, without --scheme, or o on the screen of the test; else " + c.Next
	return c
}

// otherwiseHTTP is for what hangs if it speaks HTTP, where that is guessed.
func (f Facts) otherwiseHTTP(hung Conclusion) Conclusion {
	if f.AssumesHTTP {
		hung.Mark, hung.Confidence = check.MarkWarn, check.Likely
		hung.Why += " That it speaks HTTP is guessed by the port's number: one that waits for its own client's bytes looks the same."
		hung.Next = "say how it speaks: --scheme, or o on the screen of the test; else " + hung.Next
	}
	return hung
}

// anotherIsBad is where the tested Pod answers, and what was drawn at the Service's address or by its name does not.
func (f Facts) anotherIsBad() Conclusion {
	s, who, does := f.seen, f.client(), "does not"
	if s.proxyService&(silent|dead) != none {
		who = "The API server"
	}
	bad := func() Conclusion {
		return probed("", fmt.Sprintf("Pod %s %s, and another endpoint of the Service %s.", cmp.Or(f.Pod, "that was tested"), f.podAnswers(), does),
			who+" was sent to any one of the ready endpoints, and this time it was a bad one.", allPods)
	}
	if s.proxyService == silent || s.inCluster == silent && s.proxyService&dead == none {
		does = "accepts connections and does not answer in time"
		return f.otherwiseHTTP(bad())
	}
	return bad()
}

// answersGRPC is where HTTP/1.1 is hung up on, and gRPC is answered.
func (f Facts) answersGRPC() Conclusion {
	spoken := Conclusion{
		Mark: check.MarkWarn, Confidence: check.Probed,
		Text: "The way to the application is open, and it speaks gRPC: it hangs up on clients that say HTTP/1.1.",
		Why:  fmt.Sprintf("It was asked like this: %s. An Ingress, a Gateway or a mesh goes by that as well.", f.Speaks),
		Next: "name the port grpc, or set its appProtocol (kubernetes.io/h2c), and let clients speak gRPC; then test it so (--scheme grpc, or o on the screen of the test)",
	}
	if strings.HasPrefix(f.SpeaksInstead, schemeGRPC) {
		spoken.Why = fmt.Sprintf("It was asked like this: %s. The evidence is for %s.", f.Speaks, f.SpeaksInstead)
		spoken.Next = "let clients speak gRPC, and test it so: without --scheme, or o on the screen of the test"
	}
	return spoken
}

// unlessRejected takes back what a refusal at the Pod's IP seemed to prove, where NetworkPolicies could not be read: one whose plugin rejects
// looks the same from outside of the Pod.
func (c Conclusion) unlessRejected(f Facts) Conclusion {
	s := f.seen
	if f.Policies != check.PoliciesUnread || s.sockets&(boundLoopback|boundElsewhere|unbound) != none || f.Readiness == RefusedOnPodIP || c.Mark != check.MarkFail {
		return c
	}
	c.Mark, c.Confidence = check.MarkWarn, check.Likely
	c.Why += " NetworkPolicies may not be read: where the network plugin rejects what one does not admit, that looks the same. --sockets, or s on the screen of the test, tells."
	return c
}

// throughMesh takes back what a rung that failed seemed to prove, where a mesh's proxy may have been what failed it (MESH-01).
func (c Conclusion) throughMesh(f Facts) Conclusion {
	if f.Mesh == "" || c.Confidence != check.Probed || c.Mark != check.MarkFail {
		return c
	}
	c.Mark, c.Confidence = check.MarkWarn, check.Possible
	c.Why = strings.TrimSpace(c.Why + fmt.Sprintf(" %s intercepts the Pod's traffic, so this is only possible: a client inside the mesh may be served.", f.Mesh))
	return c
}

// conclusionByFacts writes out the verdicts that rest on the facts alone.
func (v verdict) conclusionByFacts(f Facts) Conclusion {
	switch v {
	case notAllowedHere:
		return unknown("The way inside the cluster was not tried: svctui runs read-only.", "That needs a port-forward or the API server's proxy; what was tried from here tells nothing.", "start svctui without --readonly")
	case serviceUnknown:
		return unknown("The Service could not be read.", "Without it, neither its Pods nor its ports are known.", "ask for the right to get and list services in namespace "+f.Namespace)
	case serviceMissing:
		return proven("SVC-01", fmt.Sprintf("There is no Service %s.", f.ServiceName), "", "check its name and its namespace")
	case portMissing:
		return proven("PORT-07", fmt.Sprintf("The Service has no port %s.", f.PortName), "A client that dials it is refused, or waits in vain.", cmp.Or(f.PortHint, "dial one of the Service's own ports"))
	case notTCP:
		return unknown(fmt.Sprintf("%s cannot be probed from here.", f.Protocol), "Port-forwards and the API server's proxy carry TCP only.",
			"ask it by hand in a Pod that has a client of its protocol (kubectl exec, or kubectl debug)")
	case externalName:
		return unknown(fmt.Sprintf("The Service is another name for %s, and has no Pods to test.", f.ExternalName), "Port-forwards and the API server's proxy lead to Pods only.",
			"resolve and dial that name from a Pod in the cluster")
	case selectorlessEmpty:
		if f.Listed > 0 {
			return proven("", "The Service has no selector, and none of the endpoints that it was given is usable on this port.", "", "compare the EndpointSlices' ports and conditions with the Service: svctui diagnose, or the step Endpoints")
		}
		return proven("SVC-06", "The Service has no selector, and no EndpointSlice gives it an endpoint.", "Without a selector, somebody has to write the EndpointSlices.",
			"give it a selector, or an EndpointSlice with the label kubernetes.io/service-name="+f.ServiceName)
	case noPods:
		return proven("", "No Pod matches the Service's selector, and it has no other endpoint.", "", "compare the selector with the Pods' labels: svctui diagnose, or the step Selector")
	case namedPortMissing:
		return proven("PORT-01", "No Pod of the Service has the port that targetPort names.", "Its Pods are listed in the EndpointSlices without a port, and get no traffic.",
			"let targetPort name a port that the container declares, or use its number")
	case askedPodGone, askedPodForeign, podStopped, containerStopped:
		return v.conclusionOfAskedPod(f)
	case namedPortMissingHere:
		if noneUsable(f) {
			return proven("PORT-02", fmt.Sprintf("Pod %s does not have the port that targetPort names; other Pods have it, and none of them is usable.", f.Pod), "The Service has no usable endpoint on this port.",
				"see what keeps those that have the port from being endpoints: svctui diagnose, or the steps Endpoints, Selector and Readiness")
		}
		return proven("PORT-02", fmt.Sprintf("Pod %s does not have the port that targetPort names; other Pods do.", f.Pod), "This Pod gets no traffic.",
			"where a rollout is under way, wait for its end; else let every Pod declare the port")
	case podGone:
		return unknown(fmt.Sprintf("Pod %s was gone when the test came to it.", f.Pod), "It was deleted or replaced since the Service was read: what is seen at its address tells nothing.", "run the test again")
	case portless:
		return unknown("The Service declares no port: there is nothing to dial.", "Clients of a headless Service get the Pods' addresses by its name, and dial the ports that they know.",
			"dial a Pod's own port: F forwards to a Pod")
	}
	return unknown("Nothing is known to say of what was seen.", "", "run the test again")
}

func ok(text, why string) Conclusion {
	return Conclusion{Mark: check.MarkOK, Text: text, Why: why, Confidence: check.Probed}
}

func unknown(text, why, next string) Conclusion {
	return Conclusion{Mark: check.MarkUnknown, Text: text, Why: why, Next: next}
}

func probed(id, text, why, next string) Conclusion {
	return Conclusion{ID: id, Mark: check.MarkFail, Text: text, Why: why, Next: next, Confidence: check.Probed}
}

func proven(id, text, why, next string) Conclusion {
	return Conclusion{ID: id, Mark: check.MarkFail, Text: text, Why: why, Next: next, Confidence: check.Proven}
}
