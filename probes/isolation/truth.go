package isolation

import (
	"slices"

	"github.com/svctui/svctui/probes/check"
)

// truth is one row of the truth table.
type truth struct {
	name string
	// The cells are what the row is consistent with on each rung. A rung that proved nothing is consistent with all of them.
	pod, service, proxyService, proxyPod, inCluster evidence
	// here is the same for From here, where several addresses may have shown several things, all of which it has to be consistent with.
	// Left out, it is that no address answers.
	here evidence
	// The same for what else the client dials and for the listening sockets; none means anything.
	clientName, clientPod, sockets evidence
	// needs are the rungs that must have proved something for the row to be considered.
	needs []Rung
	// proof are the rungs of which one at least must have proved something for the row to be concluded.
	proof []Rung
	// when says what else must hold; nil for nothing.
	when    func(sight, Facts) bool
	verdict verdict
}

// decided are the rows in which the facts alone decide, whatever the rungs would say. The first that holds is taken.
var decided = []struct {
	name    string
	when    func(Facts) bool
	verdict verdict
	// withoutEndpoints is of those that rest on there being no endpoint, which an answer at the Service's address refutes.
	withoutEndpoints bool
}{
	{"Services cannot be read", func(f Facts) bool { return f.Fault == faultServiceUnknown }, serviceUnknown, false},
	{"11 no such Service", func(f Facts) bool { return f.Fault == faultNoService }, serviceMissing, false},
	{"11 no such port", func(f Facts) bool { return f.Fault == faultNoSuchPort }, portMissing, false},
	{"11 no port at all", func(f Facts) bool { return f.Fault == faultPortless }, portless, false},
	{"11 UDP", func(f Facts) bool { return f.Fault == faultNotTCP }, notTCP, false},
	{"ExternalName", func(f Facts) bool { return f.Fault == faultExternalName }, externalName, false},
	{"19 the Pod that was asked for is not there", func(f Facts) bool { return f.AskedPod != "" && f.Pod == "" && f.PodsKnown }, askedPodGone, false},
	{"19b the Pod was gone when the test came to it", func(f Facts) bool { return f.PodGone }, podGone, false},
	{"19a the Pod that was asked for is not behind the Service", askedForAnother, askedPodForeign, false},
	{"11 no selector, no endpoints", func(f Facts) bool { return f.Fault == faultNoSelector && noneUsable(f) }, selectorlessEmpty, true},
	{"11 no Pods", func(f Facts) bool { return f.Fault == faultNoPods && noneUsable(f) }, noPods, true},
	{"11 named port missing in every Pod", func(f Facts) bool { return f.PodLacksPort && noneUsable(f) && !f.PortDeclared }, namedPortMissing, true},
	{"11 named port missing in this Pod", func(f Facts) bool { return f.PodLacksPort && f.UsableKnown }, namedPortMissingHere, false},
}

// table is the truth table. The numbers are those of the rows in docs/isolation.md; letters are cases of one row.
var table = []truth{
	{
		name:  "1 healthy",
		proof: []Rung{RungProxyPod, RungProxyService, RungInCluster},
		pod:   reached, service: reached, proxyService: answered, proxyPod: answered, inCluster: answered, here: anything,
		clientName: answered, clientPod: answered, sockets: boundAll | boundPodIP,
		when: func(s sight, f Facts) bool {
			// Without Proxy→Service, Proxy→Pod speaks for the endpoints only when its Pod is one of them.
			byPodAlone := s.proxyService == none && s.inCluster == none && s.proxyPod != none
			return !f.MeshAnswered && !withoutPods(f) && !(noneUsable(f) && s.inCluster == none) && !(byPodAlone && !f.PodUsable)
		},
		verdict: healthy,
	},
	{
		name: "2 loopback, by the readiness probe",
		pod:  reached, service: anything, proxyService: noEndpoints, proxyPod: none, inCluster: refused,
		clientName: notReached,
		sockets:    boundLoopback,
		needs:      []Rung{RungPod},
		when: func(s sight, f Facts) bool {
			return s.clientPod == none && bindTells(f) && f.Readiness == RefusedOnPodIP
		},
		verdict: loopbackByProbe,
	},
	{
		name:  "2 loopback",
		proof: []Rung{RungProxyPod, clientPod},
		pod:   reached, service: anything, proxyService: refused | noEndpoints, proxyPod: refused, inCluster: refused,
		clientName: notReached,
		clientPod:  refused, sockets: boundLoopback,
		when: func(s sight, f Facts) bool {
			return podRuns(f) && bindTells(f) && f.Readiness != ReadyOnPodIP && toldInside(s) && !endpointless(s, f) && !mayBeRejected(s, f)
		},
		verdict: loopback,
	},
	{
		name: "2d refused, where a NetworkPolicy may be what rejects",
		pod:  reached | refused, service: anything, proxyService: reached | refused | noEndpoints, proxyPod: refused, inCluster: dead,
		clientName: notReached,
		clientPod:  dead, sockets: boundAll | boundPodIP,
		proof: []Rung{RungProxyPod, clientPod},
		when: func(s sight, f Facts) bool {
			drawn := s.proxyService&reached == none || otherEndpoints(f)
			return podRuns(f) && bindTells(f) && f.Readiness != ReadyOnPodIP && mayBeRejected(s, f) && drawn
		},
		verdict: refusedByPolicy,
	},
	{
		name: "2e the API server is refused, and a client is served",
		pod:  reached | refused, service: anything, proxyService: anything, proxyPod: refused, inCluster: answered, here: anything,
		clientName: answered, clientPod: answered, sockets: boundAll | boundPodIP,
		needs: []Rung{RungProxyPod, RungInCluster},
		when: func(s sight, f Facts) bool {
			return bindTells(f) && listensPerhaps(s, f) && s.inCluster == answered && (!otherEndpoints(f) || s.clientPod == answered)
		},
		verdict: healthyForClients,
	},
	{
		name: "2b loopback, by the listening sockets",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: anything,
		sockets: boundLoopback,
		needs:   []Rung{RungSockets},
		when: func(s sight, f Facts) bool {
			return podRuns(f) && contacts(s, f) == none && (!served(s) || f.Mesh != "" && s.inCluster != answered)
		},
		verdict: loopbackBySockets,
	},
	{
		name: "2c another address than the Pod's IP, by the listening sockets",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: anything,
		sockets: boundElsewhere,
		needs:   []Rung{RungSockets},
		when: func(s sight, f Facts) bool {
			return podRuns(f) && contacts(s, f) == none && (!served(s) || f.Mesh != "" && s.inCluster != answered)
		},
		verdict: boundToAnother,
	},
	{
		name: "2a refused between: the kubelet reaches what the API server does not",
		pod:  reached | refused, service: anything, proxyService: reached | refused | noEndpoints, proxyPod: refused, inCluster: anything,
		sockets: boundAll | boundPodIP,
		when: func(s sight, f Facts) bool {
			drawn := s.proxyService&reached == none || otherEndpoints(f)
			refusedHere := s.proxyPod != none || s.proxyService == refused && !otherEndpoints(f)
			return bindTells(f) && f.Readiness == ReadyOnPodIP && drawn && s.inCluster&answered == none && refusedHere
		},
		verdict: refusedBetween,
	},
	{
		name:  "3 nothing listens",
		proof: []Rung{RungProxyPod, RungProxyService, RungInCluster, clientPod, RungSockets},
		pod:   refused, service: refused, proxyService: refused | noEndpoints, proxyPod: refused, inCluster: dead,
		clientName: notReached,
		clientPod:  refused, sockets: unbound,
		when: func(s sight, f Facts) bool {
			// A client that waits in vain tells of nothing but itself.
			told := s.sockets == unbound || s.inCluster != timedOut && !listensPerhaps(s, f)
			// What another endpoint refused tells nothing of this Pod.
			ofThisPod := !otherEndpoints(f) || s.proxyPod|s.clientPod|s.sockets != none
			byMesh := f.MeshAnswered && s.sockets != unbound
			return podRuns(f) && f.Stopped == "" && toldInside(s) && told && ofThisPod && !byMesh
		},
		verdict: notListening,
	},
	{
		name: "3b nothing listens, by the listening sockets",
		pod:  none, service: anything, proxyService: refused | noEndpoints, proxyPod: anything, inCluster: dead,
		clientName: notReached,
		clientPod:  refused, sockets: unbound,
		needs: []Rung{RungSockets},
		when: func(s sight, f Facts) bool {
			return podRuns(f) && f.Stopped == "" && contacts(s, f) == none
		},
		verdict: notListening,
	},
	{
		name: "3c refused, where a container that may be the one that is meant does not run",
		pod:  refused, service: anything, proxyService: anything, proxyPod: refused, inCluster: anything, here: anything,
		clientPod: refused, sockets: unbound,
		when: func(s sight, f Facts) bool {
			return podRuns(f) && f.Stopped != "" && (s.pod|s.proxyPod|s.clientPod == refused || s.sockets == unbound)
		},
		verdict: containerStopped,
	},
	{
		name: "3a refused on the Pod's IP, where nothing tells of its loopback",
		pod:  none, service: anything, proxyService: refused | noEndpoints, proxyPod: refused, inCluster: refused,
		clientName: notReached,
		clientPod:  refused,
		proof:      []Rung{RungProxyPod},
		when: func(s sight, f Facts) bool {
			return podRuns(f) && f.Stopped == "" && !toldInside(s) && !endpointless(s, f) && !listensPerhaps(s, f) && !f.MeshAnswered
		},
		verdict: refusedOnPodIP,
	},
	{
		name:  "4 bound to the Pod's IP only",
		needs: []Rung{RungPod},
		proof: []Rung{RungProxyPod, RungProxyService, RungInCluster},
		pod:   refused, service: refused, proxyService: answered, proxyPod: answered, inCluster: answered, here: anything,
		clientName: answered, clientPod: answered, sockets: boundPodIP,
		when: func(s sight, f Facts) bool {
			return (!noneUsable(f) || s.inCluster != none) && (!f.MeshAnswered || s.inCluster == answered)
		},
		verdict: healthyForwardLies,
	},
	{
		name: "4a bound to the Pod's IP only, by the listening sockets",
		pod:  refused, service: refused, proxyService: answered, proxyPod: answered, inCluster: answered, here: anything,
		clientName: answered, clientPod: answered, sockets: boundPodIP,
		needs:   []Rung{RungPod, RungSockets},
		when:    func(_ sight, f Facts) bool { return f.PodUsable },
		verdict: boundToPodIPOnly,
	},
	{
		name: "5 no usable endpoint, the application works",
		pod:  reached | refused, service: anything, proxyService: noEndpoints, proxyPod: reached | timedOut, inCluster: dead,
		clientPod: reached | timedOut, sockets: boundAll | boundPodIP,
		when: func(s sight, f Facts) bool {
			loopbackByProbe := s.proxyPod == none && s.clientPod == none && f.Readiness == RefusedOnPodIP
			unreachable := s.proxyPod == timedOut && f.OtherPodAnswers && !shutOut(s, f)
			return works(s) && podRuns(f) && (noneUsable(f) || !f.UsableKnown && !f.MeshAnswered) && !endpointless(s, f) && !loopbackByProbe && !unreachable
		},
		verdict: applicationWorksNoEndpoint,
	},
	{
		name: "5c no usable endpoint, and nothing reached the application",
		pod:  refused, service: anything, proxyService: noEndpoints, proxyPod: timedOut, inCluster: dead,
		clientName: notReached,
		clientPod:  timedOut, sockets: anything,
		when: func(s sight, f Facts) bool {
			return podRuns(f) && noneUsable(f) && s != sight{otherForward: s.otherForward}
		},
		verdict: noEndpointRefused,
	},
	{
		name: "5b no usable endpoint, and nothing told of the application",
		pod:  anything, service: anything, proxyService: noEndpoints, proxyPod: none, inCluster: refused,
		clientName: notReached,
		needs:      []Rung{RungInCluster},
		when:       func(s sight, f Facts) bool { return podRuns(f) && endpointless(s, f) },
		verdict:    noEndpointRefused,
	},
	{
		name: "5a no usable endpoint, and no Pod that runs",
		pod:  none, service: anything, proxyService: noEndpoints, proxyPod: dead, inCluster: dead,
		clientName: notReached, clientPod: dead,
		when:    func(_ sight, f Facts) bool { return !podRuns(f) && noneUsable(f) },
		verdict: noEndpointNoPod,
	},
	{
		proof: []Rung{RungProxyPod, RungInCluster},
		name:  "6 the proxy to the Service misleads: terminating, foreign or hand-made endpoints",
		pod:   reached | refused, service: anything, proxyService: noEndpoints, proxyPod: answered, inCluster: answered, here: anything,
		clientName: answered, clientPod: answered, sockets: boundAll | boundPodIP,
		when: func(s sight, f Facts) bool {
			return !f.MeshAnswered && !withoutPods(f) && (!f.UsableKnown || f.PodUsable && f.EndpointsBlind || s.inCluster == answered)
		},
		verdict: healthyProxyLies,
	},
	{
		name: "6d the proxy to the Service knows an endpoint, kube-proxy none",
		pod:  reached | refused, service: anything, proxyService: reached, proxyPod: reached, inCluster: none, here: anything,
		clientPod: reached, sockets: boundAll | boundPodIP,
		needs:   []Rung{RungProxyService},
		when:    func(_ sight, f Facts) bool { return noneUsable(f) },
		verdict: proxyAloneHasEndpoint,
	},
	{
		name: "6a endpoints that are no Pods",
		pod:  none, service: none, proxyService: noEndpoints, proxyPod: none, inCluster: none,
		when:    func(_ sight, f Facts) bool { return withoutPods(f) },
		verdict: endpointsWithoutPods,
	},
	{
		name: "6b endpoints that are no Pods, and a client is served",
		pod:  none, service: none, proxyService: noEndpoints, proxyPod: none, inCluster: answered, here: anything,
		clientName: answered,
		needs:      []Rung{RungInCluster},
		when:       func(_ sight, f Facts) bool { return withoutPods(f) },
		verdict:    healthyByOthers,
	},
	{
		name: "6c endpoints that are no Pods, and a client is not served",
		pod:  none, service: none, proxyService: noEndpoints, proxyPod: none, inCluster: dead,
		needs:   []Rung{RungInCluster},
		when:    func(_ sight, f Facts) bool { return withoutPods(f) },
		verdict: othersDead,
	},
	{
		name: "7 the node has no endpoint for it",
		pod:  reached | refused, service: anything, proxyService: reached, proxyPod: reached, inCluster: refused, here: anything,
		clientPod: reached, sockets: boundAll | boundPodIP,
		needs: []Rung{RungInCluster},
		proof: []Rung{RungProxyPod, RungProxyService, clientPod, RungPod},
		when: func(s sight, f Facts) bool {
			// Who is served by the name is not refused by the node, but where another endpoint or another IP family was dialled.
			drawn := s.clientName&reached == none || otherEndpoints(f) || f.UsableAtAddress == 0
			return !f.Headless && !noneUsable(f) && !withoutPods(f) && drawn && (s.pod != refused || s.proxyPod|s.clientPod != none)
		},
		verdict: nodeRefuses,
	},
	{
		name: "7a the client is refused at the Pod's IP too, and the API server is not",
		pod:  reached | refused, service: anything, proxyService: reached, proxyPod: reached, inCluster: dead, here: anything,
		clientPod: refused, sockets: boundAll | boundPodIP,
		needs:   []Rung{clientPod, RungProxyPod},
		verdict: clientRejected,
	},
	{
		name: "8 the client is kept out",
		pod:  reached, service: anything, proxyService: reached, proxyPod: reached, inCluster: timedOut, here: anything,
		clientPod: timedOut, sockets: boundAll | boundPodIP,
		needs: []Rung{RungInCluster},
		proof: []Rung{RungProxyPod, RungProxyService, clientPod},
		when: func(s sight, f Facts) bool {
			hushed := s.proxyService == silent || s.proxyPod == silent || s.clientName == silent
			return !noneUsable(f) && !withoutPods(f) && (!hushed || s.surely(answered))
		},
		verdict: clientKeptOut,
	},
	{
		name: "8a the Pod answers the client, the Service's address does not",
		pod:  reached | refused, service: anything, proxyService: reached | noEndpoints, proxyPod: reached, inCluster: timedOut, here: anything,
		clientPod: reached, sockets: boundAll | boundPodIP,
		needs:   []Rung{RungInCluster, clientPod},
		when:    func(_ sight, f Facts) bool { return !f.Headless && !noneUsable(f) },
		verdict: addressDropped,
	},
	{
		name: "8b a headless name leads to no Pod that answers, the tested one does",
		pod:  reached | refused, service: anything, proxyService: anything, proxyPod: reached, inCluster: dead, here: anything,
		clientPod: reached, sockets: boundAll | boundPodIP,
		needs:   []Rung{RungInCluster, clientPod},
		when:    func(_ sight, f Facts) bool { return f.Headless && !noneUsable(f) },
		verdict: mixedOther,
	},
	{
		name: "9 the control plane reaches no Pods",
		pod:  reached | refused, service: anything, proxyService: timedOut, proxyPod: timedOut, inCluster: none,
		sockets: boundAll | boundPodIP,
		proof:   []Rung{RungProxyPod},
		when: func(s sight, f Facts) bool {
			return s.proxyService|s.proxyPod != none && !s.fromClient() && !f.OtherPodAnswers && !keepsOut(f)
		},
		verdict: controlPlaneBlind,
	},
	{
		name: "9b a NetworkPolicy admits some clients, and the API server is none of them, or may not be",
		pod:  reached, service: anything, proxyService: reached | timedOut, proxyPod: timedOut, inCluster: none,
		sockets: boundAll | boundPodIP,
		needs:   []Rung{RungPod, RungProxyPod},
		when: func(s sight, f Facts) bool {
			return !s.fromClient() && shutOut(s, f) && (f.Policies == check.PoliciesAdmitSome || f.OtherPodAnswers) && (s.proxyService&reached == none || otherEndpoints(f))
		},
		verdict: apiServerShutOut,
	},
	{
		name: "9c NetworkPolicies admit nobody, and the API server gets no answer",
		pod:  reached, service: anything, proxyService: timedOut, proxyPod: timedOut, inCluster: none,
		sockets: boundAll | boundPodIP,
		needs:   []Rung{RungPod, RungProxyPod},
		when: func(s sight, f Facts) bool {
			return !s.fromClient() && f.Policies == check.PoliciesAdmitNobody && !f.OtherPodAnswers
		},
		verdict: policyShut,
	},
	{
		name: "9a the control plane does not reach this Pod, clients do",
		pod:  reached, service: anything, proxyService: reached | timedOut | noEndpoints, proxyPod: timedOut, inCluster: answered, here: anything,
		clientName: answered, clientPod: answered, sockets: boundAll | boundPodIP,
		needs: []Rung{RungProxyPod},
		proof: []Rung{RungInCluster, clientName},
		when: func(s sight, f Facts) bool {
			// What the API server got may have come from another endpoint.
			return (s.inCluster|s.clientName != none || f.OtherPodAnswers && f.Policies == check.PoliciesOpen && !noneUsable(f)) && (s.proxyService&reached == none || shutOut(s, f) && otherEndpoints(f))
		},
		verdict: healthyForClients,
	},
	{
		name: "10 the Pod's IP cannot be reached",
		pod:  reached, service: anything, proxyService: timedOut | noEndpoints, proxyPod: timedOut, inCluster: timedOut,
		clientName: notReached,
		clientPod:  timedOut, sockets: boundAll | boundPodIP,
		needs: []Rung{RungProxyPod},
		when: func(s sight, f Facts) bool {
			return s.inCluster|s.clientPod != none || f.OtherPodAnswers && !shutOut(s, f)
		},
		verdict: podIPUnreachable,
	},
	{
		name:  "12 this Pod refuses, another endpoint answers",
		proof: []Rung{RungProxyPod, clientPod, RungSockets},
		pod:   refused, service: anything, proxyService: reached | refused, proxyPod: refused, inCluster: anything, here: anything,
		clientPod: refused, sockets: unbound,
		when: func(s sight, f Facts) bool {
			told := s.sockets == unbound || s.pod != none && !listensPerhaps(s, f)
			return podRuns(f) && f.Stopped == "" && otherEndpoints(f) && served(s) && told && (s.proxyService != none || s.clientPod|s.proxyPod|s.sockets != none)
		},
		verdict: mixedNotListening,
	},
	{
		name: "12d this Pod refuses, and nothing dialled its loopback; another endpoint answers",
		pod:  none, service: anything, proxyService: reached | refused, proxyPod: refused, inCluster: anything, here: anything,
		clientPod: refused, sockets: none,
		when: func(s sight, f Facts) bool {
			return podRuns(f) && f.Stopped == "" && otherEndpoints(f) && served(s) && s.proxyPod|s.clientPod == refused && s.sockets == none && !listensPerhaps(s, f)
		},
		verdict: mixedRefused,
	},
	{
		name: "12a this Pod listens on its loopback only, another endpoint answers",
		pod:  reached, service: anything, proxyService: reached | refused, proxyPod: refused, inCluster: anything, here: anything,
		clientPod: refused, sockets: boundLoopback | boundElsewhere,
		when: func(s sight, f Facts) bool {
			return podRuns(f) && f.Mesh == "" && otherEndpoints(f) && served(s) && toldInside(s) && s.proxyPod|s.clientPod|s.sockets != none && !mayBeRejected(s, f)
		},
		verdict: mixedLoopback,
	},
	{
		name: "12b this Pod answers, another endpoint does not",
		pod:  reached | refused, service: anything, proxyService: dead, proxyPod: reached, inCluster: anything, here: anything,
		clientPod: reached, sockets: boundAll | boundPodIP,
		needs:   []Rung{RungProxyService, RungProxyPod},
		when:    func(s sight, f Facts) bool { return otherEndpoints(f) && !podHangs(s) },
		verdict: mixedOther,
	},
	{
		name: "12c this Pod cannot be reached, another endpoint answers",
		pod:  reached, service: anything, proxyService: reached | timedOut, proxyPod: timedOut, inCluster: anything, here: anything,
		clientPod: timedOut,
		when: func(s sight, f Facts) bool {
			return otherEndpoints(f) && (s.proxyService&reached != 0 && s.proxyPod != none && !shutOut(s, f) || (s.inCluster|s.clientName)&answered != 0 && s.clientPod != none)
		},
		verdict: mixedUnreachable,
	},
	{
		name: "12e this Pod accepts and does not answer, another endpoint answers, or refuses",
		pod:  silent, service: silent, proxyService: anything, proxyPod: silent, inCluster: reached | refused, here: anything,
		clientName: reached | refused, clientPod: silent, sockets: boundAll | boundPodIP,
		proof: []Rung{RungProxyPod, clientPod},
		when: func(s sight, f Facts) bool {
			another := slices.ContainsFunc([]evidence{s.proxyService, s.inCluster, s.clientName}, func(seen evidence) bool { return seen == answered || seen == refused })
			return podRuns(f) && otherEndpoints(f) && !noneUsable(f) && f.Mesh == "" && podHangs(s) && another
		},
		verdict: mixedHangs,
	},
	{
		name: "12f this Pod answers, another endpoint accepts and does not",
		pod:  reached | refused, service: anything, proxyService: reached | dead, proxyPod: answered, inCluster: reached, here: anything,
		clientName: reached, clientPod: answered, sockets: boundAll | boundPodIP,
		proof: []Rung{RungProxyPod, clientPod},
		when: func(s sight, f Facts) bool {
			return podRuns(f) && !noneUsable(f) && otherEndpoints(f) && f.Mesh == "" && !podHangs(s) && s.proxyPod|s.clientPod != none && (s.proxyService == silent || s.inCluster == silent)
		},
		verdict: mixedOther,
	},
	{
		name: "14 a mesh answers in the application's place",
		pod:  reached | refused, service: anything, proxyService: reached | refused, proxyPod: reached | refused, inCluster: none,
		when: func(s sight, f Facts) bool {
			intercepted := f.MeshAnswered || s.proxyPod == refused && s.pod&reached != none
			return f.Mesh != "" && intercepted && s.sockets&(boundLoopback|boundElsewhere|unbound) == 0
		},
		verdict: meshOpaque,
	},
	{
		name: "14b the client's own mesh answers in the Service's place",
		pod:  reached | refused, service: anything, proxyService: reached, proxyPod: reached, inCluster: none,
		when: func(s sight, f Facts) bool {
			return f.Mesh == "" && f.ClientMeshAnswered && s.sockets&(boundLoopback|boundElsewhere|unbound) == 0
		},
		verdict: meshOpaque,
	},
	{
		name: "14a a mesh answers in the application's place, clients are served",
		pod:  reached, service: anything, proxyService: anything, proxyPod: anything, inCluster: answered, here: anything,
		clientName: answered,
		needs:      []Rung{RungInCluster},
		when:       func(s sight, f Facts) bool { return f.Mesh != "" && (f.MeshAnswered || s.proxyPod == refused) },
		verdict:    healthyForClients,
	},
	{
		proof: []Rung{RungProxyPod, RungProxyService, RungInCluster},
		name:  "16 the application accepts and does not answer",
		pod:   reached, service: reached, proxyService: reached, proxyPod: reached, inCluster: reached | timedOut,
		clientPod: reached | timedOut,
		when: func(s sight, f Facts) bool {
			// What is not accepted any more has to be known to have been: the queue of an application that hangs is soon full.
			late := (s.inCluster|s.clientPod)&timedOut != none && s.proxyService != silent && s.proxyPod != silent
			// Where no Service led to it, row 5 says that besides.
			ofNoEndpoint := noneUsable(f) && (s.inCluster|s.clientName)&reached == none
			return !late && !ofNoEndpoint && s.perhaps(silent) && !s.surely(answered) && !s.surely(closed) && (s.pod != none || s.fromClient())
		},
		verdict: hangs,
	},
	{
		proof: []Rung{RungProxyPod, RungProxyService, RungInCluster},
		name:  "16a the application accepts, and closes without an answer",
		pod:   reached, service: reached, proxyService: reached, proxyPod: reached, inCluster: reached,
		clientName: reached, clientPod: reached,
		when:    func(s sight, f Facts) bool { return s.surely(closed) && !s.surely(answered) && !noneUsable(f) },
		verdict: closes,
	},
	{
		name: "17 served from here, where the rungs through the API server tell nothing",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: none, here: anything,
		needs: []Rung{RungFromHere},
		when: func(s sight, f Facts) bool {
			unreached := func(seen evidence) bool {
				return seen == none || seen == timedOut || f.Mesh != "" && (f.MeshAnswered || seen == refused) || seen == refused && f.Readiness == ReadyOnPodIP && bindTells(f)
			}
			// Where several Pods can answer, one that does tells nothing of one that does not.
			oneOfSeveral := f.OtherPodAnswers && otherEndpoints(f)
			return s.here&answered != 0 && unreached(s.proxyService) && unreached(s.proxyPod) && !noneUsable(f) && !oneOfSeveral
		},
		verdict: healthyFromHere,
	},
	{
		name: "18 the client is served at the address, and has no address for the name",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: answered, here: anything,
		clientName: noAddress,
		needs:      []Rung{RungInCluster, clientName},
		verdict:    nameUnknown,
	},
	{
		name: "18c the client is served at the address, and waits in vain by the name",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: answered, here: anything,
		clientName: timedOut,
		clientPod:  anything &^ timedOut,
		needs:      []Rung{RungInCluster, clientName},
		when:       func(s sight, f Facts) bool { return !onePodIsBad(s, f) },
		verdict:    nameSilent,
	},
	{
		name: "18a the client is served at the address, and refused by the name",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: answered, here: anything,
		clientName: refused,
		needs:      []Rung{RungInCluster, clientName},
		when:       func(s sight, f Facts) bool { return !onePodIsBad(s, f) },
		verdict:    nameElsewhere,
	},
	{
		name: "18b nothing was told of an address beside the name, as of a headless Service, and the client has no address for it",
		pod:  anything, service: anything, proxyService: anything, proxyPod: anything, inCluster: none, here: anything,
		clientName: noAddress,
		needs:      []Rung{clientName},
		when:       func(_ sight, f Facts) bool { return !noneUsable(f) },
		verdict:    nameUnknown,
	},
}

// onePodIsBad tells whether tries at the Service's address and by its name may differ because each drew another endpoint, of which one is
// known to be bad.
func onePodIsBad(s sight, f Facts) bool {
	return otherEndpoints(f) && ((s.proxyPod|s.proxyService)&refused != none || s.clientPod&dead != none || podHangs(s) || s.sockets&(unbound|boundLoopback|boundElsewhere) != none)
}

// podHangs tells whether the tested Pod was connected, and said nothing to what was asked.
func podHangs(s sight) bool {
	return slices.Contains([]evidence{s.pod, s.proxyPod, s.clientPod}, silent)
}

// toldInside tells whether anything was seen inside the Pod, without which a refusal at its IP does not tell a port that nothing listens on from
// one that only its loopback has.
func toldInside(s sight) bool { return s.pod|s.sockets != none }

// mayBeRejected tells whether a NetworkPolicy may be what refuses at the Pod's IP: some plugins reject instead of dropping. The listening
// sockets, or the kubelet's own probe, which no policy concerns, show the bind address all the same.
func mayBeRejected(s sight, f Facts) bool {
	return keepsOut(f) && s.sockets&(boundLoopback|boundElsewhere|unbound) == 0 && f.Readiness != RefusedOnPodIP
}

// listensPerhaps tells whether an application bound to the Pod's IP may be there although it refuses: because a NetworkPolicy may reject, or the
// kubelet's probe gets through.
func listensPerhaps(s sight, f Facts) bool {
	return mayBeRejected(s, f) || f.Readiness == ReadyOnPodIP && bindTells(f)
}

// endpointless tells whether the missing endpoint alone explains a client that is refused, and nothing tells of the Pod's own address.
func endpointless(s sight, f Facts) bool {
	return noneUsable(f) && s.inCluster == refused && s.proxyPod|s.clientPod|s.sockets == none && f.Readiness != RefusedOnPodIP
}
