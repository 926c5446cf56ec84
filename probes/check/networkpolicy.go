package check

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// This file is NetworkPolicy v1 as networking/v1/types.go and kubernetes.io, Concepts: Network Policies define it: a Pod that some policy
// selects for a direction is isolated in it, and then what some rule of some such policy admits may pass. It does not know what
// the network plugin makes of that, nor the policies of other APIs.

// answer is what can be said of a question when not everything is known.
type answer uint8

// The answers are ordered, so that min is "and" and max is "or".
const (
	answerNo answer = iota
	answerMaybe
	answerYes
)

func sure(holds bool) answer {
	if holds {
		return answerYes
	}
	return answerNo
}

// knownLabels are the labels of an object as far as they are known. Partly means that it may have others.
type knownLabels struct {
	set    map[string]string
	partly bool
}

// selectorMatches is a LabelSelector as metav1.LabelSelectorAsSelector reads it, without the cost of making one. An empty selector
// selects everything. What the API server would not have accepted selects nothing.
func selectorMatches(selector *metav1.LabelSelector, labels knownLabels) answer {
	result := answerYes
	for key, wanted := range selector.MatchLabels {
		value, found := labels.set[key]
		switch {
		case found && value == wanted:
		case found || !labels.partly:
			return answerNo
		default:
			result = answerMaybe
		}
	}
	for i := range selector.MatchExpressions {
		result = min(result, meets(&selector.MatchExpressions[i], labels))
	}
	return result
}

func meets(requirement *metav1.LabelSelectorRequirement, labels knownLabels) answer {
	value, found := labels.set[requirement.Key]
	if !found && labels.partly {
		return answerMaybe
	}
	listed := found && slices.Contains(requirement.Values, value)
	switch requirement.Operator {
	case metav1.LabelSelectorOpIn:
		return sure(listed)
	case metav1.LabelSelectorOpNotIn:
		return sure(!listed)
	case metav1.LabelSelectorOpExists:
		return sure(found)
	case metav1.LabelSelectorOpDoesNotExist:
		return sure(!found)
	}
	return answerNo
}

// policyAffects tells whether a policy is about a direction. Without policyTypes it is about Ingress, and about Egress where it has
// rules for that.
func policyAffects(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) > 0 {
		return slices.Contains(policy.Spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

// policyRule is one rule of a policy, whichever its direction.
type policyRule struct {
	policy *networkingv1.NetworkPolicy
	// index is the rule's place in spec.ingress or spec.egress.
	index int
	ports []networkingv1.NetworkPolicyPort
	peers []networkingv1.NetworkPolicyPeer
}

func rulesOf(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []policyRule {
	var rules []policyRule
	if direction == networkingv1.PolicyTypeIngress {
		for i := range policy.Spec.Ingress {
			rules = append(rules, policyRule{policy, i, policy.Spec.Ingress[i].Ports, policy.Spec.Ingress[i].From})
		}
		return rules
	}
	for i := range policy.Spec.Egress {
		rules = append(rules, policyRule{policy, i, policy.Spec.Egress[i].Ports, policy.Spec.Egress[i].To})
	}
	return rules
}

// fence is the policies that isolate one Pod in one direction.
type fence struct {
	policies []*networkingv1.NetworkPolicy
	rules    []policyRule
	// further are rules of policies of which it is not known whether they select the Pod.
	further []policyRule
}

// fenceOf picks from the policies of the Pod's namespace. The documentation leaves what they mean for a Pod on the host's network
// to the plugin, and nearly all pass it by.
func fenceOf(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, pod *corev1.Pod) fence {
	if pod.Spec.HostNetwork {
		return fence{}
	}
	return fenceFor(policies, direction, knownLabels{set: pod.Labels})
}

func fenceFor(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, labels knownLabels) fence {
	var made fence
	for _, policy := range policies {
		selected := selectorMatches(&policy.Spec.PodSelector, labels)
		if selected == answerNo || !policyAffects(policy, direction) {
			continue
		}
		if selected == answerMaybe {
			made.further = append(made.further, rulesOf(policy, direction)...)
			continue
		}
		made.policies = append(made.policies, policy)
		made.rules = append(made.rules, rulesOf(policy, direction)...)
	}
	return made
}

func (f *fence) isolates() bool { return len(f.policies) > 0 }

// admitsPort tells whether somebody may pass to a port: some rule names it, or names none.
func (f *fence) admitsPort(to destination) bool {
	return !f.isolates() || slices.ContainsFunc(f.rules, func(rule policyRule) bool { return rule.namesPort(to) })
}

// admits tells whether a peer may pass to a port.
func (f *fence) admits(to destination, other peer) answer {
	if !f.isolates() {
		return answerYes
	}
	result := answerNo
	for i := range f.rules {
		if rule := &f.rules[i]; rule.namesPort(to) {
			result = max(result, rule.admitsPeer(other))
		}
	}
	if result == answerNo && slices.ContainsFunc(f.further, func(rule policyRule) bool { return rule.namesPort(to) && rule.admitsPeer(other) != answerNo }) {
		return answerMaybe
	}
	return result
}

// destination is the port that a connection goes to, after the Service's address was translated.
type destination struct {
	protocol corev1.Protocol
	number   int32
	// pod resolves named ports; nil outside of the cluster, where no port has a name.
	pod *corev1.PodSpec
}

// namesPort tells whether the rule is about the port. A rule without ports is about all.
func (r *policyRule) namesPort(to destination) bool {
	return len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(port networkingv1.NetworkPolicyPort) bool { return policyPortIs(&port, to) })
}

func policyPortIs(port *networkingv1.NetworkPolicyPort, to destination) bool {
	if policyProtocol(port) != protocolOf(to.protocol) {
		return false
	}
	switch {
	case port.Port == nil:
		return true
	case port.Port.Type == intstr.String:
		if to.pod == nil {
			return false
		}
		number, _ := model.ContainerPort(to.pod, port.Port.StrVal, to.protocol)
		return number == to.number
	case port.EndPort != nil:
		return port.Port.IntVal <= to.number && to.number <= *port.EndPort
	}
	return port.Port.IntVal == to.number
}

func policyProtocol(port *networkingv1.NetworkPolicyPort) corev1.Protocol {
	if port.Protocol == nil {
		return corev1.ProtocolTCP
	}
	return protocolOf(*port.Protocol)
}

// peer is the other end of a connection.
type peer struct {
	// namespace is empty for an address outside of the cluster, which no selector selects.
	namespace       string
	namespaceLabels knownLabels
	podLabels       knownLabels
	addresses       []netip.Addr
	// anyAddress means that the addresses are not known.
	anyAddress bool
}

// admitsPeer tells whether the rule is about the peer. A rule without peers is about everybody.
func (r *policyRule) admitsPeer(other peer) answer {
	if len(r.peers) == 0 {
		return answerYes
	}
	result := answerNo
	for i := range r.peers {
		result = max(result, peerIs(&r.peers[i], r.policy.Namespace, other))
	}
	return result
}

func peerIs(wanted *networkingv1.NetworkPolicyPeer, policyNamespace string, other peer) answer {
	if wanted.IPBlock != nil {
		return other.within(wanted.IPBlock)
	}
	if other.namespace == "" || wanted.PodSelector == nil && wanted.NamespaceSelector == nil {
		return answerNo
	}
	result := sure(other.namespace == policyNamespace)
	if wanted.NamespaceSelector != nil {
		result = selectorMatches(wanted.NamespaceSelector, other.namespaceLabels)
	}
	if wanted.PodSelector != nil {
		result = min(result, selectorMatches(wanted.PodSelector, other.podLabels))
	}
	return result
}

// within tells whether an address of the peer is in the block. For Pods the documentation leaves to the plugin whether blocks apply.
func (p *peer) within(block *networkingv1.IPBlock) answer {
	if p.anyAddress {
		return answerMaybe
	}
	return sure(slices.ContainsFunc(p.addresses, func(address netip.Addr) bool {
		return inRange(block.CIDR, address) && !slices.ContainsFunc(block.Except, func(except string) bool { return inRange(except, address) })
	}))
}

func inRange(cidr string, address netip.Addr) bool {
	prefix, err := netip.ParsePrefix(cidr)
	return err == nil && prefix.Contains(address.Unmap())
}

// podPeer is a Pod as the other end. One on its host's network is no more than its node's address.
func podPeer(snapshot *model.Snapshot, pod *corev1.Pod) peer {
	var made peer
	if !pod.Spec.HostNetwork {
		made = peer{namespace: pod.Namespace, namespaceLabels: namespaceLabels(snapshot, pod.Namespace), podLabels: knownLabels{set: pod.Labels}}
	}
	for _, ip := range podIPs(pod) {
		if address, err := netip.ParseAddr(ip); err == nil {
			made.addresses = append(made.addresses, address.Unmap())
		}
	}
	made.anyAddress = len(made.addresses) == 0
	return made
}

// namespacePeer is any Pod of a namespace as the other end.
func namespacePeer(snapshot *model.Snapshot, namespace string) peer {
	return peer{
		namespace: namespace, namespaceLabels: namespaceLabels(snapshot, namespace),
		podLabels: knownLabels{partly: true}, anyAddress: true,
	}
}

// namespaceLabels are those of a Namespace. Its name is a label of it always: the API server writes it (KEP-2161).
func namespaceLabels(snapshot *model.Snapshot, name string) knownLabels {
	if namespace := snapshot.Namespace(name); namespace != nil {
		return knownLabels{set: namespace.Labels}
	}
	return knownLabels{set: map[string]string{corev1.LabelMetadataName: name}, partly: true}
}

func podIPs(pod *corev1.Pod) []string {
	if len(pod.Status.PodIPs) == 0 {
		return []string{pod.Status.PodIP}
	}
	ips := make([]string, len(pod.Status.PodIPs))
	for i := range pod.Status.PodIPs {
		ips[i] = pod.Status.PodIPs[i].IP
	}
	return ips
}

// addressPeer is an address outside of the cluster as the other end.
func addressPeer(address netip.Addr) peer {
	return peer{addresses: []netip.Addr{address.Unmap()}}
}
