package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// conclusionOfClient writes out the verdicts that a client in the cluster or the Pod's sockets led to.
func (v verdict) conclusionOfClient(f Facts) Conclusion {
	pod := cmp.Or(f.Pod, "the Pod")
	switch v {
	case healthyByOthers:
		return ok("A client inside the cluster is served.", f.servedWhy()+" The Service's endpoints are no Pods, so that no other rung leads to them.")
	case connectedOnly:
		return unknown("A client inside the cluster gets a connection. Whether the application answers is not known.", f.servedWhy()+nothingAsked,
			"try it from a Pod whose container has curl or wget")
	case loopbackBySockets:
		return probed("PORT-09", "The application listens on the loopback only.",
			fmt.Sprintf("The kernel of Pod %s has port %d open on %s and on no other address. A port-forward reaches that, because it dials localhost inside the Pod; no client of the Service can.%s",
				pod, f.PodPort, f.boundTo(), readyAnyway(f.Readiness)),
			fmt.Sprintf("let it listen on %s, then run the test again", f.everywhere()))
	case boundToAnother:
		return probed("PORT-09", fmt.Sprintf("The application listens on %s only, which is not the Pod's IP.", f.boundTo()),
			fmt.Sprintf("Clients of the Service arrive at %s.", address(f)), fmt.Sprintf("let it listen on %s, then run the test again", f.everywhere()))
	case boundToPodIPOnly:
		return unknown("The application listens on the Pod's IP, which nothing dialled: whether clients get an answer there is not known.",
			fmt.Sprintf("Its socket is bound to %s; a port-forward dials localhost inside the Pod, and does not reach it.", f.boundTo()), "try it from a Pod in the cluster")
	case noEndpointRefused:
		return proven("", "The Service has no usable endpoint, so that its address refuses every client.",
			"Whether the application answers is not known here: nothing reached it.", "see what keeps its Pods from being endpoints: svctui diagnose, or the steps Endpoints, Selector and Readiness")
	case othersDead:
		return f.othersDead()
	case nodeRefuses:
		if f.familyIsDead() {
			return f.familyDead()
		}
		if otherEndpoints(f) {
			return f.addressDiffers("is refused at")
		}
		return probed("TP-08", fmt.Sprintf("Clients are refused at the Service's address, though its endpoints %s.", f.answer()),
			strings.TrimSpace(f.fromWhere()+" The node has no endpoint for it: kube-proxy lags or is down, or another proxy is responsible."),
			fmt.Sprintf("look at kube-proxy on %s", cmp.Or(f.nodeOfClient(), "the client's node")))
	case clientRejected:
		return f.withCause(probed("", fmt.Sprintf("%s is refused at %s, where the API server gets through.", f.client(), address(f)),
			"The application listens there. Something between this client and the Pod rejects: a NetworkPolicy whose plugin rejects, or a firewall on a node.",
			"look at the NetworkPolicies that select the client or the Pod, and at the firewalls of their nodes"), "NP-03", "NP-04")
	case clientKeptOut:
		return f.clientKeptOut()
	case addressDropped:
		return f.addressDropped()
	case nameUnknown:
		return f.nameUnknown()
	case nameSilent:
		if otherEndpoints(f) {
			return f.nameDiffers("got no answer")
		}
		return f.nameUnknown()
	case nameElsewhere:
		if otherEndpoints(f) {
			return f.nameDiffers("was refused")
		}
		return probed("", "The Service's address answers, and its name leads somewhere else.",
			fmt.Sprintf("%s is served at the address and refused by the name: its resolver knows another one for it.", f.client()),
			"look at the search domains and name servers in the Pod's /etc/resolv.conf, and at its hostAliases")
	}
	return v.conclusionByFacts(f)
}

// clientMeshOpaque is where what a client was told may be the word of its own mesh.
func (f Facts) clientMeshOpaque() Conclusion {
	why := fmt.Sprintf("%s sends what it asks through the sidecar of %s, which may not know the Service, not reach it, or have a rule that turns the request away.", f.client(), f.ClientMesh)
	if f.seen.surely(answered) {
		why += " Others do get an answer from the application."
	}
	return unknown("The client's own service mesh may have answered in the Service's place.", why, "look at the log of that client's sidecar; then try it from a Pod outside of that mesh, or from another one inside")
}

// othersDead is where a client gets nowhere at the address of a Service whose endpoints are no Pods: no other rung leads to those.
func (f Facts) othersDead() Conclusion {
	why := "Either what the EndpointSlices name does not listen there, or kube-proxy has not got it."
	switch {
	case f.seen.inCluster == timedOut && f.OtherProxy:
		why = "The label service.kubernetes.io/service-proxy-name takes the Service away from kube-proxy (SVC-07); where what it names serves this node, what the EndpointSlices name does not answer this client."
	case f.seen.inCluster == timedOut && f.LocalOnly:
		why = "internalTrafficPolicy is Local: a node without an endpoint of its own drops what it sends there (TP-02), and endpoints without a node are no node's own. Else what the EndpointSlices name does not answer this client."
	case f.seen.inCluster == timedOut:
		why = "What the EndpointSlices name may be down or not let this client in; a NetworkPolicy or a firewall may keep it from there; or the Service's address is dropped on its node."
	}
	c := probed("", fmt.Sprintf("The Service has %s without a Pod, and a client gets no answer there.", check.Counted(f.Usable, "endpoint", "endpoints")),
		fmt.Sprintf("%s tried the Service's address. %s", f.client(), why),
		"dial an address of the EndpointSlices from that Pod: the step Endpoints on the screen, or this command, names them")
	c.Command = check.Kubectl(f.KubectlArgs, "-n", f.Namespace, "get", "endpointslices", "-l", "kubernetes.io/service-name="+f.ServiceName)
	if f.seen.inCluster != timedOut {
		return c
	}
	return f.withCause(c, "PORT-17", "NP-04", "NP-03")
}

// clientOfOtherFamily is where the client's Pod has no address of a family of the Service's.
func (f Facts) clientOfOtherFamily(finding *check.Finding) Conclusion {
	return probed("PORT-17", finding.Title, finding.Why, "let the Service have the client's IP family as well").dueTo(finding).mended(finding.Fix)
}

// clientKeptOut is where a client waits in vain.
func (f Facts) clientKeptOut() Conclusion {
	if finding := f.finding("PORT-17"); finding != nil {
		return f.clientOfOtherFamily(finding)
	}
	s := f.seen
	text, why := f.client()+" is kept out, though the application answers.", "The API server gets through."
	if !slices.Contains([]evidence{s.pod, s.proxyService, s.proxyPod}, answered) {
		text = f.client() + " is kept out, though the application accepts connections."
	}
	if (s.proxyService|s.proxyPod)&reached == none {
		why = "The application " + f.inPod() + " inside the Pod; whether others get through is not known."
	}
	if (s.pod|s.proxyService|s.proxyPod)&reached == none {
		text, why = f.client()+" gets no answer.", "Whether the application answers anybody is not known."
	}
	if s.clientPod == timedOut {
		why += fmt.Sprintf(" Neither the Service's address nor %s answers this client: a NetworkPolicy, or the network between the nodes.", address(f))
	} else {
		why += " A NetworkPolicy, internalTrafficPolicy Local, another proxy or the network between the nodes."
	}
	next := "look at the NetworkPolicies that select the client or the Pods; try another Pod as the client to see whether others get through"
	if f.Wordless && (s.pod|s.proxyService|s.proxyPod)&reached != none {
		// The kernel accepts for an application that hangs, until its queue is full.
		text = f.client() + " gets no answer, though others are connected."
		why += " Or the application hangs: it was not heard, and the queue of connections that it does not take is full after a few."
		next += ", and at the application's log: where others wait too, it hangs"
	}
	return f.withCause(probed("", text, why, next), "NP-04", "NP-03")
}

// clientServed is the verdict healthy where a client of the cluster was served: that crosses all that clients inside cross.
func (f Facts) clientServed() Conclusion {
	if f.Wordless {
		return ok("The application accepts connections of a client inside the cluster.", f.servedWhy()+" It said nothing by itself, and nothing else was asked.")
	}
	return ok("The application answers a client inside the cluster.", f.servedWhy())
}

// clientConnected is the same where the client was connected only, and the application answered somebody else.
func (f Facts) clientConnected() Conclusion {
	text := "A client inside the cluster gets a connection, and the application answers inside the Pod."
	if f.seen.onPodIP() {
		text = "The application answers on its Pod's IP, and a client inside the cluster gets a connection."
	}
	if f.SpeaksOther {
		return ok(text, f.servedWhy()+" It asked in HTTP, which the application does not speak.")
	}
	return ok(text, f.servedWhy()+nothingAsked)
}

// nothingAsked follows what a client crossed that was connected only.
const nothingAsked = " That was a connection alone: nothing in its container asked for an answer, or told of one."

// servedWhy says what a client that got through has crossed.
func (f Facts) servedWhy() string {
	how := "at the Service's address"
	switch {
	case f.Headless, f.seen.inCluster == none:
		if barred := f.barredBy(); barred != "" {
			return fmt.Sprintf("%s got through by the Service's name, though %s: the network plugin does not seem to enforce it here, or another policy lets it pass.", f.client(), barred)
		}
		return fmt.Sprintf("%s got through by the Service's name: DNS, the network and that client's NetworkPolicies let it pass.", f.client())
	case f.seen.clientName&answered != none:
		how += " and by its name"
	}
	if barred := f.barredBy(); barred != "" {
		return fmt.Sprintf("%s got through %s, though %s: the network plugin does not seem to enforce it here, or another policy lets it pass.", f.client(), how, barred)
	}
	return fmt.Sprintf("%s got through %s: kube-proxy, the network and that client's NetworkPolicies let it pass. Other clients may be judged otherwise.", f.client(), how)
}

// barredBy says which NetworkPolicy, where it is enforced, keeps the client out; empty for none.
func (f Facts) barredBy() string {
	if finding := f.finding("NP-03", "NP-04"); finding != nil && finding.Confidence >= check.Likely && !f.ClientBehind {
		return strings.TrimSuffix(finding.Title, ".") + " (" + finding.ID + ")"
	}
	if f.Policies == check.PoliciesAdmitNobody {
		return fmt.Sprintf("NetworkPolicy %s admits nobody (NP-01)", f.Policy)
	}
	return ""
}

func (f Facts) client() string {
	if f.Client == "" {
		return "The client"
	}
	return "Pod " + f.Client
}

func (f Facts) nodeOfClient() string {
	if f.ClientNode == "" {
		return ""
	}
	return "node " + f.ClientNode
}

func (f Facts) fromWhere() string {
	if f.Client == "" {
		return ""
	}
	where := f.client() + " tried"
	if node := f.nodeOfClient(); node != "" {
		where += " on " + node
	}
	return where + "."
}

// boundTo names the addresses on which the Pod's port is listened on.
func (f Facts) boundTo() string {
	var names []string
	for _, bound := range f.Sockets.at(f.PodPort) {
		names = append(names, hostPort(bound.String(), f.PodPort))
	}
	return strings.Join(names, " and ")
}

// finding returns the first finding for the client that has one of the IDs, the first ID first.
func (f Facts) finding(ids ...string) *check.Finding {
	for _, id := range ids {
		if i := slices.IndexFunc(f.ClientFindings, func(finding check.Finding) bool { return finding.ID == id }); i >= 0 {
			return &f.ClientFindings[i]
		}
	}
	return nil
}

// withCause adds what the API tells of the cause. That the client does not get through is probed; why may be only likely.
func (f Facts) withCause(c Conclusion, ids ...string) Conclusion {
	finding := f.finding(ids...)
	if finding == nil || finding.Severity < check.Minor || finding.Confidence < check.Likely {
		return c
	}
	c.Why = finding.Title + " " + c.Why
	return c.dueTo(finding).mended(finding.Fix)
}

// mended says what a fix says instead of the conclusion's own next step, where it says anything.
func (c Conclusion) mended(fix *check.Fix) Conclusion {
	if fix != nil && fix.Command+fix.Note != "" {
		c.Next, c.Command = cmp.Or(fix.Note, "run this"), fix.Command
		// Beside a command the note need not say what does it.
		switch {
		case fix.Command == "":
		case startsLike(fix.Note, "adds ", "goes ", "lets ", "makes ", "names ", "sets ", "takes "):
			c.Next = "this command " + fix.Note
		case startsLike(fix.Note, "for ", "if ", "in ", "only ", "or ", "where "):
			c.Next = "this command, " + fix.Note
		}
	}
	return c
}

func startsLike(text string, beginnings ...string) bool {
	return slices.ContainsFunc(beginnings, func(beginning string) bool { return strings.HasPrefix(text, beginning) })
}

// allPods says how every Pod is tried.
const allPods = "test all Pods: --all-pods, or a on the screen of the test"

// addressDiffers is where the tested Pod answers, and what the client drew at the Service's address does not: with several endpoints one of
// them may be the bad one, and nothing is said of kube-proxy.
func (f Facts) addressDiffers(happens string) Conclusion {
	return probed("", fmt.Sprintf("%s %s the Service's address, while Pod %s %s: another endpoint may be the bad one.", f.client(), happens, cmp.Or(f.Pod, "that was tested"), f.podAnswers()),
		strings.TrimSpace(f.fromWhere()+" kube-proxy sends each connection to any one of the endpoints. Only where all of them answer is kube-proxy on that node itself to be doubted."), allPods)
}

// familyDead is where the Service's address that the client dials is of an IP family that the Service has no endpoint of, while it has some of the
// other.
func (f Facts) familyDead() Conclusion {
	c := probed("PORT-15", "Clients are refused at one of the Service's addresses: it has no usable endpoint of that IP family.",
		strings.TrimSpace(f.fromWhere()+" Its endpoints are all of the other family. Clients that take its other address are served."), "let the Pods have both families, or take the second one off the Service")
	if finding := f.found("PORT-15"); finding != nil {
		return c.mended(finding.Fix)
	}
	return c
}

// familyIsDead tells whether the address that the client dials is of an IP family that the Service has no endpoint of, while it has some of the
// other.
func (f Facts) familyIsDead() bool { return f.UsableKnown && f.Usable > 0 && f.UsableAtAddress == 0 }

// policiesChoose tells whether a client tried whom something by which clients are told apart may keep out.
func (f Facts) policiesChoose() bool {
	return f.seen.fromClient() && (f.Policies == check.PoliciesAdmitSome || f.Policies == check.PoliciesUnread || f.finding("PORT-17", "NP-03", "NP-04") != nil)
}

// nameDiffers is where the address answered a client one time and by the name it did not, the other: each may have drawn an endpoint of its own.
func (f Facts) nameDiffers(happened string) Conclusion {
	return probed("", fmt.Sprintf("%s was answered at the Service's address, and %s by its name: one of the endpoints may be bad.", f.client(), happened),
		"Each of the two tries was sent to any one of the endpoints. Only where all of them answer is it the name that leads elsewhere.", allPods)
}

// addressDropped: the Pod's IP answers the client, and the Service's address keeps silent.
func (f Facts) addressDropped() Conclusion {
	silence := fmt.Sprintf("%s is answered by %s, and not by the Service's address.", f.client(), address(f))
	if f.seen.clientPod != answered {
		silence = fmt.Sprintf("%s gets a connection at %s, and none at the Service's address.", f.client(), address(f))
	}
	switch {
	case f.ClientBehind:
		return unknown(silence+" It is one of the Service's own Pods.",
			"A Pod that the Service sends back to itself needs hairpin mode, which some networks lack (TP-07). That says nothing of other clients.",
			"try it from a Pod that is not behind this Service")
	case f.OtherProxy:
		return probed("SVC-07", silence, "The label service.kubernetes.io/service-proxy-name takes the Service away from kube-proxy, and what it names does not serve this node.",
			"take the label off, or see that the proxy that it names runs")
	case otherEndpoints(f) && !f.LocalOnly:
		return f.addressDiffers("gets no answer from")
	case f.LocalOnly && f.finding("TP-02") == nil && f.nodeOfClient() != "" && f.UsableKnown:
		return probed("", silence, strings.TrimSpace(f.fromWhere()+" internalTrafficPolicy is Local, so that its node sends to its own endpoints alone: one of those may be bad."),
			"test the Pods of that node one by one: --pod, or p on the screen of the test")
	case f.LocalOnly:
		return probed("TP-02", silence, strings.TrimSpace(f.fromWhere()+" internalTrafficPolicy is Local, and that node has no endpoint of its own: what it sends is dropped."),
			"set internalTrafficPolicy to Cluster, or have a Pod of the Service on each node that has clients")
	}
	return probed("TP-08", silence, strings.TrimSpace(f.fromWhere()+" kube-proxy there lags or is down, another proxy is responsible, or the network does not bring the translated connection back."),
		"look at kube-proxy on "+cmp.Or(f.nodeOfClient(), "the client's node")+", and try a client on another node")
}

// nameUnknown: the Service's address answers the client, its name does not.
func (f Facts) nameUnknown() Conclusion {
	text := "The Service's address answers, and its name does not resolve in this client."
	switch {
	case f.seen.inCluster == none:
		text = "The Service's name does not resolve in this client."
	case f.seen.clientName == timedOut:
		text = "The Service's address answers, and there is no answer by its name in this client: it does not resolve in time, or leads elsewhere."
	}
	if finding := f.finding("PORT-17"); finding != nil && f.seen.inCluster&answered == none {
		return f.clientOfOtherFamily(finding)
	}
	if finding := f.finding("DNS-01", "DNS-03"); finding != nil {
		return probed("", text, strings.TrimSpace(finding.Title+" "+finding.Why), "let the client ask the cluster's DNS").dueTo(finding).mended(finding.Fix)
	}
	if f.NameServerDead {
		return probed("DNS-02", text, "The cluster's name server, kube-system/kube-dns, has no usable endpoint: no name of the cluster resolves.",
			"see the Service kube-dns in kube-system: its findings say why")
	}
	why := "The fault is in how it looks names up: its /etc/resolv.conf, the way to the cluster's DNS on port 53, or the DNS itself."
	if (f.seen.inCluster|f.seen.clientPod)&reached != none {
		why = fmt.Sprintf("%s reaches the Service without the name, so the fault is in how it looks names up: its /etc/resolv.conf, the way to the cluster's DNS on port 53, or the DNS itself.", f.client())
	}
	return probed("", text, why,
		"look at /etc/resolv.conf in the Pod, and at the Service kube-dns in kube-system")
}

// aliasForClient says what a client in the cluster tells of an ExternalName; tried is false where none told anything.
func aliasForClient(observations []Observation, f Facts) (conclusion Conclusion, tried bool) {
	i := slices.IndexFunc(observations, func(seen Observation) bool {
		return seen.Rung == RungInCluster && !seen.Running && (seen.Outcome == OK || seen.Outcome == Refused || seen.Outcome == Timeout || f.Unresolved)
	})
	if i < 0 {
		return Conclusion{}, false
	}
	name := f.alias.name
	outcome := observations[i].Outcome
	if f.portAssumed && (outcome == Refused || outcome == Timeout) {
		return unknown(fmt.Sprintf("No port is known for %s, and %d, which was assumed, does not answer inside the cluster.", name, f.aliasPort),
			"An ExternalName without ports does not say which one its clients dial, and DNS does not tell it either.",
			fmt.Sprintf("name the port that clients use: svctui test %s:PORT", f.ServiceName)), true
	}
	switch outcome {
	case OK:
		return ok(fmt.Sprintf("%s answers a client inside the cluster.", name),
			fmt.Sprintf("%s resolved the Service's name and got through to what it stands for. By HTTP and TLS such a server is asked for the Service's name, which it may not know.", f.client())), true
	case Refused:
		return probed("", fmt.Sprintf("%s resolves inside the cluster, and refuses connections.", name),
			f.client()+" tried. Nothing listens on that port there, or a firewall rejects.", "look at that server, and at the port that clients are to dial: the ports of an ExternalName mean nothing"), true
	case Timeout:
		late := probed("", fmt.Sprintf("%s cannot be reached from inside the cluster.", name),
			f.client()+" tried, and got no answer: an egress NetworkPolicy, a firewall, or no way out of the cluster.", "look at what that Pod may reach outside of the cluster")
		late.OnlyForClient = true
		return late, true
	}
	unresolved := f.withCause(probed("", fmt.Sprintf("%s does not resolve inside the cluster.", name),
		f.client()+" looked the Service's name up, and got no address.", "see that spec.externalName is right and known to the DNS that the cluster asks"), "DNS-01", "DNS-03")
	unresolved.OnlyForClient = f.finding("DNS-01", "DNS-03") != nil
	return unresolved, true
}
