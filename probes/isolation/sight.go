package isolation

import (
	"cmp"
	"slices"
)

// evidence is what one rung proved, as one bit; none when it proved nothing. As a set it is what a row of the truth table is
// consistent with.
type evidence uint16

const (
	none evidence = 0
	// answered means that bytes came back, or that a connection without a protocol held.
	answered evidence = 1 << iota
	// silent means that the connection was accepted, and what was asked was not answered.
	silent
	refused
	timedOut
	noEndpoints
	// noAddress is of names alone.
	noAddress
	// The others are of the listening sockets alone: on all addresses, on the loopback, on the Pod's IP, on another address, nowhere.
	boundAll
	boundLoopback
	boundPodIP
	boundElsewhere
	unbound
	// closed means that the connection was accepted, and closed without one byte although something was asked that has to be answered.
	closed

	reached = answered | silent | closed
	dead    = refused | timedOut
	// notReached is what a name may show that leads to nobody who answers.
	notReached = dead | noAddress
	anything   = evidence(0xffff)
	// unanswered is what From here may have seen where no client can be served.
	unanswered = anything &^ answered
)

// The columns of the table that are no rungs of their own: In-cluster dials the Service's name and the Pod's IP as well, and the listening
// sockets are a proof beside the rungs.
const (
	clientName Rung = "in-cluster, by name"
	clientPod  Rung = "in-cluster, to the Pod"
)

// sight is what was seen on all rungs.
type sight struct {
	pod, service, proxyService, proxyPod evidence
	// The client dials the Service's address, its name and the Pod's IP.
	inCluster, clientName, clientPod evidence
	sockets                          evidence
	// here is what was seen from here, at all addresses together.
	here evidence
	// otherForward is what the rung Service showed where kubectl takes another Pod than the one that is tested: it tells nothing of this one.
	otherForward evidence
}

func (s sight) of(rung Rung) evidence {
	switch rung {
	case RungPod:
		return s.pod
	case RungService:
		return s.service
	case RungProxyService:
		return s.proxyService
	case RungProxyPod:
		return s.proxyPod
	case RungInCluster:
		return s.inCluster
	case RungFromHere:
		return s.here
	case clientName:
		return s.clientName
	case clientPod:
		return s.clientPod
	case RungSockets:
		return s.sockets
	}
	return none
}

// told counts what told anything, the two forwards as one: they go the same way.
func (s sight) told() int {
	count := 0
	for _, seen := range []evidence{s.pod | s.service, s.proxyService, s.proxyPod, s.inCluster, s.clientName, s.clientPod, s.sockets} {
		if seen != none {
			count++
		}
	}
	return count
}

// firstUntold is the nearest of the rungs to the application's own address that told nothing.
func (s sight) firstUntold() Rung {
	if s.proxyPod == none {
		return RungProxyPod
	}
	return RungInCluster
}

// fromClient tells whether the client told anything.
func (s sight) fromClient() bool { return s.inCluster|s.clientName|s.clientPod != none }

// clientConnects tells whether the client was connected at the Service's address, or by its name where the address told nothing, and nothing
// was asked there.
func (s sight) clientConnects() bool { return cmp.Or(s.inCluster, s.clientName) == answered|silent }

// toApplication is what was seen on the ways that lead to the application.
func (s sight) toApplication() []evidence {
	return []evidence{s.pod, s.service, s.proxyService, s.proxyPod, s.inCluster, s.clientName, s.clientPod}
}

// perhaps tells whether a way that leads to the application may have shown this.
func (s sight) perhaps(seen evidence) bool {
	return slices.ContainsFunc(s.toApplication(), func(way evidence) bool { return way&seen != 0 })
}

// surely tells whether a way that leads to the application showed this and nothing else: a bare connection may be an answer or silence.
func (s sight) surely(seen evidence) bool { return slices.Contains(s.toApplication(), seen) }

// onPodIP tells whether the application surely answered where clients of the Service arrive.
func (s sight) onPodIP() bool {
	return slices.Contains([]evidence{s.proxyService, s.proxyPod, s.inCluster, s.clientPod}, answered)
}

// sightOf reads the observations. What is denied, failed or was not run proves nothing, nor does a time-out of a forward,
// which a hung kubelet causes as well, nor a forward's refusal in a virtual machine.
func sightOf(observations []Observation, facts Facts) sight {
	var s sight
	for _, seen := range observations {
		proof := proofOf(seen, facts)
		switch seen.Rung {
		case RungPod:
			s.pod = proof &^ timedOut
		case RungService:
			s.service = proof &^ timedOut
		case RungProxyService:
			s.proxyService = proof
		case RungProxyPod:
			s.proxyPod = proof
			if facts.AddressRefused {
				s.proxyPod = timedOut
			}
		case RungInCluster:
			s.noteClient(seen, proof, facts)
		case RungFromHere:
			s.seeFromHere(seen, facts)
		}
	}
	s.judgeBareConnections()
	if facts.Late+facts.LateElsewhere > 0 {
		s.forgiveSilence(facts.Late > 0)
	}
	if facts.ForwardPod != "" && facts.ForwardPod != facts.Pod {
		s.service, s.otherForward = none, s.service
	}
	if facts.atForwardPod == refused && s.proxyPod&reached != none {
		// Proxy→Service asks any one of the endpoints, and this is one that it would be refused at.
		s.proxyService = refused
	}
	s.sockets = facts.Sockets.bound(facts.PodPort, facts.PodIP)
	if facts.Kata {
		s.pod, s.service = none, none
	}
	return s
}

// judgeBareConnections reads a client's connections on which nothing was asked: where the application was asked and stayed silent, they tell
// of no answer either.
func (s *sight) judgeBareConnections() {
	cells := []*evidence{&s.inCluster, &s.clientName, &s.clientPod}
	hushed := s.pod == silent || s.proxyPod == silent || s.proxyService == silent
	for _, cell := range cells {
		hushed = hushed || *cell == silent
	}
	closes := s.surely(closed) && !s.surely(answered)
	for _, cell := range cells {
		switch bare := *cell == answered|silent; {
		case bare && hushed:
			*cell = silent
		case bare && closes:
			*cell = closed
		}
	}
}

// forgiveSilence reads a client's silence where the application was late elsewhere: it was cut off before the answer came. At the tested Pod's IP
// that is so only where it was this Pod that was late.
func (s *sight) forgiveSilence(byPod bool) {
	for _, cell := range []*evidence{&s.inCluster, &s.clientName, &s.clientPod} {
		if *cell == silent && (byPod || cell != &s.clientPod) {
			*cell = answered | silent
		}
	}
}

// noteClient sorts what the client saw by the address that it dialled. A headless Service has no address but its name, so that stands
// for the address.
func (s *sight) noteClient(seen Observation, proof evidence, facts Facts) {
	switch {
	case isNameTarget(seen.Target):
		if facts.Unresolved && seen.Outcome == Failed {
			proof = noAddress
		}
		if facts.Headless && proof != noAddress {
			s.inCluster = proof
			return
		}
		s.clientName = proof
	case seen.Target == hostPort(facts.PodIP, facts.PodPort):
		s.clientPod = proof
	default:
		s.inCluster = proof
	}
}

func proofOf(seen Observation, facts Facts) evidence {
	if facts.Silent[seen.Rung] {
		return silent
	}
	if facts.meshSaid[cmp.Or(seen.Target, string(seen.Rung))] {
		return none
	}
	proof := facts.clientProof[seen.Target]
	if facts.Closed[seen.Rung] {
		proof = closed
	}
	switch {
	case facts.SpeaksOther && seen.Rung == RungInCluster && (proof == silent || proof == closed):
		return answered | silent // it was asked in HTTP, which the application does not speak
	case facts.SpeaksOther && proof == closed:
		return answered
	case proof == closed && (facts.SpeaksTLS || facts.NotTLS != ""):
		return answered // so it turns away what it does not speak
	case proof != none:
		return proof
	}
	switch seen.Outcome {
	case OK:
		return answered
	case Refused:
		return refused
	case Timeout:
		return timedOut
	case NoEndpoints:
		return noEndpoints
	}
	return none
}

// works tells whether anything reached the application.
func works(s sight) bool { return (s.pod|s.proxyPod|s.clientPod)&reached != 0 }

// served tells whether a try at the Service's address or by its name, each of which goes to any one of the endpoints, got through.
func served(s sight) bool { return (s.proxyService|s.inCluster|s.clientName)&reached != none }

// contacts is what reached the Pod's IP: then its sockets are not what keeps clients out.
func contacts(s sight, f Facts) evidence {
	if f.Mesh != "" {
		return none // a sidecar may have answered
	}
	return (s.proxyPod | s.clientPod) & reached
}
