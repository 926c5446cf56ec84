package check

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/model"
)

func policyClientRules() []clientRule {
	namespaces := []model.Need{{Kind: model.Namespaces}}
	inCluster := func(c *clientSubject) bool { return c.clientNamespace() != "" }
	return []clientRule{
		{IDs: []string{"DNS-03"}, applies: inCluster, reads: readsEgress, uses: namespaces, check: checkClientDNS},
		{IDs: []string{"NP-04"}, applies: inCluster, reads: readsEgress, uses: namespaces, check: checkClientEgress},
		{IDs: []string{"NP-03"}, reads: readsIngress, uses: namespaces, check: checkClientIngress},
	}
}

func readsEgress(c *clientSubject) []model.Need {
	return append(c.readsClient(), model.Need{Kind: model.NetworkPolicies, Namespace: c.clientNamespace()}, model.Need{Kind: model.Pods, Namespace: c.key.Namespace})
}

func readsIngress(c *clientSubject) []model.Need {
	return append(c.readsClient(), model.Need{Kind: model.NetworkPolicies, Namespace: c.key.Namespace}, model.Need{Kind: model.Pods, Namespace: c.key.Namespace})
}

func (c *clientSubject) readsClient() []model.Need {
	if c.client.Pod == (model.Key{}) {
		return nil
	}
	return []model.Need{{Kind: model.Pods, Namespace: c.client.Pod.Namespace}}
}

// peer is the client as the policies of the Service's Pods see it. A Pod on the host's network comes from its node's address.
func (c *clientSubject) peer() (made peer, known bool) {
	switch {
	case c.client.Address.IsValid():
		// Within the cluster it is some Pod's, which policies know by its labels; which one is not known.
		return addressPeer(c.client.Address), !withinCluster(c.in.Snapshot, c.client.Address)
	case c.client.Namespace != "":
		return namespacePeer(c.in.Snapshot, c.client.Namespace), true
	case c.clientPod != nil:
		return podPeer(c.in.Snapshot, c.clientPod), true
	}
	return peer{}, false
}

// asked are the ways of the ports that are asked for.
func (c *clientSubject) asked() []way {
	return slices.DeleteFunc(c.ways(), func(w way) bool { return !slices.Contains(c.ports, w.index) })
}

// split sorts ways by whether the client may take them.
func split(ways []way, admits func(*way) answer) (closed, unsure []way) {
	for i := range ways {
		switch admits(&ways[i]) {
		case answerNo:
			closed = append(closed, ways[i])
		case answerMaybe:
			unsure = append(unsure, ways[i])
		case answerYes:
		}
	}
	return closed, unsure
}

// checkClientIngress is NP-03: a rule admits somebody to the port that the Service leads to, and none admits this client. What no
// rule admits is NP-01 and NP-02, and holds for everybody.
func checkClientIngress(c *clientSubject) []Finding {
	client, known := c.peer()
	if !known {
		return nil
	}
	ways := c.asked()
	closed, unsure := split(ways, func(w *way) answer {
		switch {
		case !w.open(), w.pod == c.clientPod:
			return answerYes
		case c.clientPod != nil && c.clientPod.Spec.HostNetwork && c.clientPod.Spec.NodeName == w.pod.Spec.NodeName:
			// What comes from a Pod's own node always gets in.
			return answerYes
		}
		return w.fence.admits(w.to, client)
	})
	finding := Finding{
		ID: "NP-03", Severity: Major, Confidence: Likely, Step: StepIsolation,
		Why: "Rules admit others to that port. Where the network plugin enforces NetworkPolicies, this client times out. " + otherPolicies,
	}
	if c.client.Address.IsValid() && c.service.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal {
		finding.Confidence = Possible
		finding.Why = "Without externalTrafficPolicy Local, what comes from outside mostly arrives with a node's address, and which one is not known here."
	}
	if c.clientPod != nil && c.clientPod.Spec.HostNetwork {
		finding.Confidence = Possible
		finding.Why = "The client is on its host's network and comes from the node's address; what policies make of that is left to the network plugin."
	}
	policies := policiesOf(closed)
	if len(closed) == 0 {
		policies = policiesOf(unsure)
	}
	return c.barred(barrier{
		finding: finding, direction: networkingv1.PolicyTypeIngress, policies: policies, closed: closed, unsure: unsure, all: len(ways),
		title: "%s " + fmt.Sprintf("not admit %s to port %s of the Service's Pods", c.client, firstOf(portsOf(closed), 3)),
		short: "NetworkPolicy keeps this client out",
		note:  "add a rule, or a peer to one, that is about this client; the label kubernetes.io/metadata.name is on every Namespace",
		cause: namespaceCause(closed, client),
	})
}

// checkClientEgress is NP-04: policies isolate what the client sends, and none admits the Pods and ports that the Service leads to. Most
// plugins see a connection after the ClusterIP was translated, so that a rule about the ClusterIP's own address is not counted.
func checkClientEgress(c *clientSubject) []Finding {
	fence := c.egressFence()
	ways := c.asked()
	closed, unsure := split(ways, func(w *way) answer {
		if w.pod == c.clientPod {
			return answerYes
		}
		return fence.admits(w.to, podPeer(c.in.Snapshot, w.pod))
	})
	return c.barred(barrier{
		finding: Finding{
			ID: "NP-04", Severity: Major, Confidence: Likely, Step: StepIsolation,
			Why: "Egress is judged by the Pods' own addresses and ports, to which the Service's are translated first; where the network plugin enforces NetworkPolicies, this client times out. " + otherPolicies,
		},
		direction: networkingv1.PolicyTypeEgress, policies: fence.policies, closed: closed, unsure: unsure, all: len(ways),
		title: "%s " + fmt.Sprintf("not let %s out to port %s of the Service's Pods", c.client, firstOf(portsOf(closed), 3)),
		short: "NetworkPolicy keeps this client in",
		note:  "add an egress rule to the Service's Pods and the container's port: not to the ClusterIP, not the Service's port",
	})
}

// egressFence is what isolates the client's own sending; nothing where that is not known.
func (c *clientSubject) egressFence() fence {
	policies := c.in.Snapshot.NetworkPolicies(c.clientNamespace())
	switch {
	case c.clientPod != nil:
		return fenceOf(policies, networkingv1.PolicyTypeEgress, c.clientPod)
	case c.client.Namespace != "":
		return fenceFor(policies, networkingv1.PolicyTypeEgress, knownLabels{partly: true})
	}
	return fence{}
}

// barrier is what stands between the client and some ways. Where a way is closed or unsure, there are policies.
type barrier struct {
	finding        Finding
	direction      networkingv1.PolicyType
	policies       []*networkingv1.NetworkPolicy
	closed, unsure []way
	all            int
	// title lacks who does it; short, note and cause are the finding's.
	title, short, note, cause string
}

// barred makes the finding of a barrier, none where nothing is shut. What depends on labels that are not known is a possibility.
func (c *clientSubject) barred(b barrier) []Finding {
	finding := b.finding
	switch {
	case len(b.closed) > 0:
		who := "NetworkPolicy " + b.policies[0].Name + " does"
		if len(b.policies) > 1 {
			who = fmt.Sprintf("%d NetworkPolicies do", len(b.policies))
		}
		finding.Title = fmt.Sprintf(b.title, who) + "."
		if len(b.closed) < b.all {
			finding.Title = fmt.Sprintf(b.title, who) + fmt.Sprintf(": %d of %d ways are shut.", len(b.closed), b.all)
		}
		finding.Short = b.short
		finding.Evidence = append(policyEvidence(b.policies, b.direction), c.wayEvidence(&b.closed[0])...)
	case len(b.unsure) > 0:
		finding.Confidence = Possible
		finding.Short = "NetworkPolicy may stop this client"
		finding.Title = fmt.Sprintf("Whether NetworkPolicies let %s through depends on labels or addresses that are not known here.", c.client)
		finding.Why = "Name a Pod as the client, and see that Namespaces may be listed: then it can be told."
		finding.Evidence = append(policyEvidence(b.policies, b.direction), c.wayEvidence(&b.unsure[0])...)
	default:
		return nil
	}
	if b.cause != "" {
		finding.Cause = &Cause{Text: b.cause, Confidence: Likely}
	}
	finding.Evidence = append(finding.Evidence, c.clientEvidence()...)
	finding.Fix = c.withOwner(Fix{Command: kubectlIn(c.in, b.policies[0].Namespace, "describe", "networkpolicy", b.policies[0].Name), Look: true, Note: b.note}, b.policies[0], "")
	finding.Since = newest(b.policies)
	return []Finding{c.heldFor(finding, settleTime)}
}

func (c *clientSubject) clientEvidence() []Evidence {
	if c.clientPod == nil {
		return nil
	}
	evidence := []Evidence{{Kind: "Pod", Namespace: c.clientPod.Namespace, Name: c.clientPod.Name, Field: "metadata.labels", Value: selectorText(c.clientPod.Labels)}}
	if labels := namespaceLabels(c.in.Snapshot, c.clientPod.Namespace); !labels.partly {
		evidence = append(evidence, Evidence{Kind: "Namespace", Name: c.clientPod.Namespace, Field: "metadata.labels", Value: selectorText(labels.set)})
	}
	return evidence
}

// namespaceCause finds a rule that means the client's namespace by name, under a label that Namespaces do not carry by themselves.
func namespaceCause(closed []way, client peer) string {
	for i := range closed {
		for j := range closed[i].fence.rules {
			for _, wanted := range closed[i].fence.rules[j].peers {
				if wanted.NamespaceSelector == nil || client.namespace == "" {
					continue
				}
				for _, key := range slices.Sorted(maps.Keys(wanted.NamespaceSelector.MatchLabels)) {
					value := wanted.NamespaceSelector.MatchLabels[key]
					if _, carried := client.namespaceLabels.set[key]; !carried && !client.namespaceLabels.partly && value == client.namespace {
						return fmt.Sprintf("a rule of %s wants the label %s=%s, which Namespace %s does not carry; it carries kubernetes.io/metadata.name",
							closed[i].fence.rules[j].policy.Name, key, value, client.namespace)
					}
				}
			}
		}
	}
	return ""
}

// resolver is a server of the cluster's DNS.
type resolver struct {
	peer peer
	to   destination
}

// resolvers are the Pods behind kube-system/kube-dns where they are known; else what is known of such Pods in nearly every cluster:
// their namespace and their ports, in OpenShift others.
func (c *clientSubject) resolvers(protocol corev1.Protocol) []resolver {
	snapshot := c.in.Snapshot
	var found []resolver
	if service := snapshot.Service(model.Key{Namespace: "kube-system", Name: "kube-dns"}); service != nil {
		dns := newSubject(c.in, service)
		for _, w := range dns.ways() {
			if w.to.protocol == protocol && service.Spec.Ports[w.index].Port == 53 {
				found = append(found, resolver{podPeer(snapshot, w.pod), w.to})
			}
		}
	}
	if len(found) > 0 {
		return found
	}
	for namespace, port := range map[string]int32{"kube-system": 53, "openshift-dns": 5353} {
		named := corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{
			{Name: "dns", ContainerPort: port, Protocol: corev1.ProtocolUDP}, {Name: "dns-tcp", ContainerPort: port, Protocol: corev1.ProtocolTCP},
		}}}}
		found = append(found, resolver{namespacePeer(snapshot, namespace), destination{protocol, port, &named}})
	}
	return found
}

// checkClientDNS is DNS-03: policies isolate what the client sends, and none admits DNS to any server of the cluster's DNS, so that no
// Service has a name for it. Without TCP only answers that are too long for a datagram are lost.
func checkClientDNS(c *clientSubject) []Finding {
	fence := c.egressFence()
	shut := func(protocol corev1.Protocol) bool {
		return !slices.ContainsFunc(c.resolvers(protocol), func(r resolver) bool { return fence.admits(r.to, r.peer) != answerNo })
	}
	finding := Finding{
		ID: "DNS-03", Severity: Major, Confidence: Likely, Step: StepIsolation,
		Short:    "NetworkPolicy keeps this client off DNS",
		Title:    fmt.Sprintf("No NetworkPolicy lets %s out to the cluster's DNS.", c.client),
		Why:      "It is isolated for egress, and no rule admits 53/UDP to the DNS Pods; where the network plugin enforces that, it cannot resolve any name, unless a DNS cache runs on its own node.",
		Evidence: append(policyEvidence(fence.policies, networkingv1.PolicyTypeEgress), c.clientEvidence()...),
		Since:    newest(fence.policies),
	}
	switch {
	case shut(corev1.ProtocolUDP):
	case shut(corev1.ProtocolTCP):
		finding.Severity, finding.Confidence = Info, Possible
		finding.Short = "NetworkPolicy: DNS by UDP only"
		finding.Title = fmt.Sprintf("NetworkPolicies let %s out to the cluster's DNS by UDP, and not by TCP.", c.client)
		finding.Why = "Answers that do not fit a datagram are asked for again by TCP, and are lost."
	default:
		return nil
	}
	finding.Fix = c.withOwner(Fix{
		Command: kubectlIn(c.in, c.clientNamespace(), "describe", "networkpolicy", fence.policies[0].Name), Look: true,
		Note: "add an egress rule to namespace kube-system with the ports 53/UDP and 53/TCP",
	}, fence.policies[0], "")
	return []Finding{c.heldFor(finding, settleTime)}
}
