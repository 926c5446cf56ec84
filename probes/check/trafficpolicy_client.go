package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// trafficClientRules are about what the place of a client costs: its node, or its address.
func trafficClientRules() []clientRule {
	nodes := []model.Need{{Kind: model.Nodes}}
	return []clientRule{
		{
			IDs: []string{"TP-02"}, uses: nodes, reads: (*clientSubject).readsClient, check: checkClientNode,
			applies: func(c *clientSubject) bool {
				return c.client.Pod != model.Key{} && internalLocal(c.service) && !c.headless() && c.slicesKnown()
			},
		},
		{
			IDs: []string{"LB-07"}, uses: append(nodes, model.Need{Kind: model.Pods}), reads: func(*clientSubject) []model.Need { return nil },
			applies: func(c *clientSubject) bool { return c.client.Address.IsValid() && len(SourceRanges(c.service)) > 0 },
			check: func(c *clientSubject) []Finding {
				// Without an address there is no way through the load balancer, which is LB-02 or LB-03.
				if len(c.service.Status.LoadBalancer.Ingress) == 0 || withinCluster(c.in.Snapshot, c.client.Address) {
					return nil
				}
				if finding, out := SourceRangesFinding(c.in, c.service, c.client.Address); out {
					return []Finding{finding}
				}
				return nil
			},
		},
		{
			IDs: []string{"TP-01"}, uses: nodes, reads: func(*clientSubject) []model.Need { return nodes }, check: checkClientOutside,
			applies: func(c *clientSubject) bool {
				return c.client.Address.IsValid() && c.service.Spec.Type == corev1.ServiceTypeNodePort && externalLocal(c.service) && c.slicesKnown()
			},
		},
	}
}

// checkClientNode is TP-02 for one client: its node has no endpoint of its own for a port that works elsewhere, so that what it sends to
// the Service's address is dropped.
func checkClientNode(c *clientSubject) []Finding {
	if c.clientPod == nil || c.clientPod.Spec.NodeName == "" {
		return nil
	}
	node := c.clientPod.Spec.NodeName
	var silent []string
	var elsewhere map[string]bool
	endpoints := c.endpoints()
	for i := range endpoints.Ports {
		leads := &endpoints.Ports[i]
		if !slices.Contains(c.ports, leads.Index) || len(leads.Usable) == 0 {
			continue
		}
		if on := c.nodesOf(leads); !on[node] {
			silent, elsewhere = append(silent, strconv.Itoa(int(leads.Port.Port))), on
		}
	}
	if len(silent) == 0 {
		return nil
	}
	// Of two families of addresses one may be silent.
	silent = slices.Compact(silent)
	what := "of the Service"
	if len(silent) < len(c.ports) {
		what = "for port " + strings.Join(silent, ", ")
	}
	finding := Finding{
		ID: "TP-02", Severity: Major, Confidence: Proven, Step: StepIsolation,
		Short: "no Pod on the client's node (policy Local)",
		Title: fmt.Sprintf("%s times out: no ready Pod %s runs on its node %s.", c.client, what, node),
		Why:   "With internalTrafficPolicy Local a node sends to its own Pods alone.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: c.key.Namespace, Name: c.key.Name, Field: "spec.internalTrafficPolicy", Value: "Local"},
			{Kind: "Pod", Namespace: c.clientPod.Namespace, Name: c.clientPod.Name, Field: "spec.nodeName", Value: node},
			{Kind: "Service", Namespace: c.key.Namespace, Name: c.key.Name, Field: "nodes with a ready endpoint", Value: firstOf(slices.Sorted(maps.Keys(elsewhere)), 5)},
		},
		Fix: c.serviceFix(Fix{
			Command: c.mergeService(map[string]any{"internalTrafficPolicy": "Cluster"}),
			Note:    "lets every node send to every Pod; or run one on each node, as a DaemonSet does",
		}),
	}
	if len(elsewhere) == 0 {
		finding.Evidence[2].Value = "none"
	}
	return []Finding{c.settled(dataPlane(c.subject).graded(finding))}
}

// checkClientOutside is TP-01 for a client outside of the cluster: it is answered by some nodes, and by others not. Which one it dials is not
// known, so it is advice.
func checkClientOutside(c *clientSubject) []Finding {
	serving := slices.Sorted(maps.Keys(c.nodesServing()))
	nodes := c.bare()
	if len(serving) == 0 || len(nodes.dead)+len(nodes.aside) == 0 {
		return nil
	}
	finding := Finding{
		ID: "TP-01", Severity: Info, Confidence: Proven, Step: StepIsolation,
		Short: "only some nodes answer (policy Local)",
		Title: fmt.Sprintf("A client at %s is answered by the node port of %s, and by no other node.", c.client, firstOf(serving, 5)),
		Why:   "With externalTrafficPolicy Local a node sends what comes from outside to its own Pods alone.",
		Evidence: append([]Evidence{{
			Kind: "Service", Namespace: c.key.Namespace, Name: c.key.Name, Field: "spec.externalTrafficPolicy", Value: "Local",
		}}, c.nodeEvidence(nodes)...),
	}
	return []Finding{dataPlane(c.subject).graded(finding)}
}
