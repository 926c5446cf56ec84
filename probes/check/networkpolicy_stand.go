package check

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/model"
)

// PolicyStand is what NetworkPolicies make of connections to one port of a Pod.
type PolicyStand uint8

const (
	// PoliciesUnread means that they are not known.
	PoliciesUnread PolicyStand = iota
	// PoliciesOpen means that anybody may connect: none isolates the Pod, or a rule admits everybody.
	PoliciesOpen
	// PoliciesAdmitSome means that rules admit certain peers.
	PoliciesAdmitSome
	// PoliciesAdmitNobody means that no rule is about the port.
	PoliciesAdmitNobody
)

// PoliciesFor tells what NetworkPolicies make of connections to a port of a Pod, a container's port over TCP, and names the first policy
// that isolates the Pod; empty for none. Whether the network plugin enforces them is not known. It is pure.
func PoliciesFor(snapshot *model.Snapshot, pod *corev1.Pod, port int32) (stand PolicyStand, policy string) {
	if !snapshot.Coverage(model.NetworkPolicies, pod.Namespace).Known() {
		return PoliciesUnread, ""
	}
	guard := fenceOf(snapshot.NetworkPolicies(pod.Namespace), networkingv1.PolicyTypeIngress, pod)
	if !guard.isolates() {
		return PoliciesOpen, ""
	}
	to := destination{corev1.ProtocolTCP, port, &pod.Spec}
	stand = PoliciesAdmitNobody
	for i := range guard.rules {
		switch rule := &guard.rules[i]; {
		case !rule.namesPort(to):
		case len(rule.peers) == 0:
			return PoliciesOpen, guard.policies[0].Name
		default:
			stand = PoliciesAdmitSome
		}
	}
	return stand, guard.policies[0].Name
}
