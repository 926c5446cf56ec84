package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// familyClientRules are about the IP families of a client's own addresses.
func familyClientRules() []clientRule {
	return []clientRule{{
		IDs: []string{"PORT-17"}, reads: (*clientSubject).readsClient, check: checkClientFamily,
		applies: func(c *clientSubject) bool {
			return c.client.Pod != model.Key{} && c.service.Spec.Type != corev1.ServiceTypeExternalName && c.slicesKnown()
		},
	}}
}

// checkClientFamily is PORT-17: the client's Pod has no address of a family that the Service has one of, and with it no route there.
func checkClientFamily(c *clientSubject) []Finding {
	// A Pod in its node's network has all addresses of the node, and its status may name one only.
	if c.clientPod == nil || c.clientPod.Status.PodIP == "" || c.clientPod.Spec.HostNetwork || c.inFamily(c.clientPod) {
		return nil
	}
	families := familiesText(familiesOf(c.service, c.slices))
	own := strings.Join(podIPs(c.clientPod), ", ")
	finding := Finding{
		ID: "PORT-17", Severity: Major, Confidence: Proven, Step: StepIsolation,
		Short: short("the client has no %s address", families),
		Title: fmt.Sprintf("%s has no %s address, and the Service has no other.", c.client, families),
		Why:   "Between the two families nothing is routed, whatever kube-proxy and the NetworkPolicies allow. Clients that have such an address are not concerned.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: c.key.Namespace, Name: c.key.Name, Field: "spec.ipFamilies", Value: families},
			{Kind: "Pod", Namespace: c.clientPod.Namespace, Name: c.clientPod.Name, Field: "status.podIPs", Value: own},
		},
		Fix: c.serviceFix(Fix{Note: "run the client on a node whose Pods have " + families + ", or let the Service and its Pods have both families"}),
	}
	if slices.Contains(familiesOf(c.service, c.slices), corev1.IPv4Protocol) {
		// A client of IPv6 alone may have a translation to IPv4 (NAT64).
		finding.Confidence = Likely
	}
	if slices.ContainsFunc(c.current(), func(pod *corev1.Pod) bool { return model.PodReady(pod) && sharesFamily(pod, c.clientPod) }) {
		finding.Fix = c.serviceFix(Fix{
			Command: c.mergeService(map[string]any{"ipFamilyPolicy": "PreferDualStack"}),
			Note:    "adds the second family, which its Pods have; on a cluster of one family it does nothing",
		})
	}
	return []Finding{c.settled(finding)}
}

// sharesFamily tells whether two Pods have addresses of one family.
func sharesFamily(a, b *corev1.Pod) bool {
	return slices.ContainsFunc([]corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}, func(family corev1.IPFamily) bool {
		return hasAddress(a, family) && hasAddress(b, family)
	})
}
