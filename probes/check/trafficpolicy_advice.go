package check

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// asksTopology returns the field by which a Service prefers endpoints near the client; empty for none.
func asksTopology(service *corev1.Service) string {
	if value := service.Annotations[corev1.AnnotationTopologyMode]; strings.EqualFold(value, "Auto") {
		return "metadata.annotations." + corev1.AnnotationTopologyMode
	}
	if value := service.Annotations["service.kubernetes.io/topology-aware-hints"]; strings.EqualFold(value, "Auto") {
		return "metadata.annotations.service.kubernetes.io/topology-aware-hints"
	}
	return ""
}

// adviseTopology is TP-04: the Service asks for traffic that stays in the zone, and does not get it. Traffic flows all the same: hints
// are preferences, and kube-proxy takes every endpoint where they do not fit.
func adviseTopology(s *subject) []Finding {
	event := newestEvent(s, s.service.UID, "TopologyAwareHintsDisabled", "TopologyAwareHintsEnabled")
	if event == nil || event.Reason == "TopologyAwareHintsEnabled" {
		return nil
	}
	return []Finding{{
		ID: "TP-04", Severity: Info, Confidence: Proven, Step: StepEndpoints, Since: eventFirst(event),
		Short: "traffic does not stay in its zone",
		Title: "Traffic does not stay in the client's zone, though the Service asks for it.",
		Why:   event.Message,
		Evidence: []Evidence{
			eventEvidence(event),
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: asksTopology(s.service), Value: "Auto"},
		},
	}}
}

// adviseAffinity is TP-05: who counts as one client.
func adviseAffinity(s *subject) []Finding {
	finding := Finding{
		ID: "TP-05", Severity: Info, Confidence: Possible, Step: StepService,
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.sessionAffinity", Value: "ClientIP",
		}},
	}
	switch {
	case s.headless():
		finding.Confidence = Proven
		finding.Short = "sessionAffinity does nothing here"
		finding.Title = "sessionAffinity does nothing for a headless Service."
		finding.Why = "Clients get the Pods' own addresses from DNS, and choose by themselves."
	case (s.service.Spec.Type == corev1.ServiceTypeLoadBalancer || s.service.Spec.Type == corev1.ServiceTypeNodePort) && !externalLocal(s.service):
		finding.Short = "many clients may be one to it"
		finding.Title = "Everybody who comes from one address counts as one client, and gets one Pod."
		finding.Why = "So it is with clients behind one NAT, or behind a load balancer that hides their addresses. Which address arrives, the API does not tell."
	default:
		return nil
	}
	return []Finding{finding}
}

// adviseNodeAddresses is TP-06: nodes have several addresses, and the nftables mode of kube-proxy answers on the first alone.
func adviseNodeAddresses(s *subject) []Finding {
	for i, node := range s.in.Snapshot.Nodes() {
		if i == nodesAsked {
			break
		}
		var internal []string
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				internal = append(internal, address.Address)
			}
		}
		for _, family := range []func(string) bool{isIPv4, isIPv6} {
			var others []string
			for _, address := range internal {
				if family(address) {
					others = append(others, address)
				}
			}
			if len(others) < 2 {
				continue
			}
			return []Finding{{
				ID: "TP-06", Severity: Info, Confidence: Possible, Step: StepService,
				Short: "node port: maybe one address only",
				Title: fmt.Sprintf("The node port may answer on a node's first address alone, as on %s at %s.", node.Name, others[0]),
				Why:   "So it is with kube-proxy in nftables mode, unless --nodeport-addresses says otherwise; in iptables mode it answers on all. Only a try tells.",
				Evidence: []Evidence{{
					Kind: "Node", Name: node.Name, Field: "status.addresses[InternalIP]", Value: strings.Join(others, ", "),
				}},
			}}
		}
	}
	return nil
}
