package check

const (
	docPolicies   = "kubernetes.io, Concepts: Network Policies"
	apiPolicies   = "k8s.io/api/networking/v1, NetworkPolicySpec"
	whoseEnforces = "The network plugin may not enforce NetworkPolicies at all, which the API does not tell: so it is never red by itself."
)

func networkTexts() []Explanation {
	return []Explanation{
		{
			ID: "NP-01", Name: "NetworkPolicies let nobody in", Step: StepIsolation, Weight: "critical, likely, where nobody gets to any port of any Pod, else major; probed by the isolation test",
			Meaning:   "A NetworkPolicy selects the Pods for Ingress, and no rule of it or of another one names the port that the Service leads to. Then nobody may connect, whoever it is; only what comes from the Pod's own node passes.",
			Condition: "For a port of the Service, Pods that it leads to are selected by policies whose policyTypes contain Ingress, or are not set, and no rule of them names protocol and number of the container's port. A rule without ports names all; a port by name is looked up in the Pod; endPort makes a range.",
			NotSaid: []string{
				whoseEnforces,
				"Some rule names the port, whoever its peers are: whether a client is among them is asked for a client (NP-03).",
				"Pods on the host's network, which plugins pass by.",
				"Policies of other APIs (Cilium's, Calico's, AdminNetworkPolicies) are not read. They may allow what is shut here, and the finding says so.",
			},
			Fix:     "Add a rule that admits the clients to the container's port.",
			Sources: []string{docPolicies, apiPolicies},
		},
		{
			ID: "NP-02", Name: "NetworkPolicy names the Service's port", Step: StepIsolation, Weight: "major, likely; info, possible, where another rule names the container's port",
			Meaning:   "A rule allows the port that clients ask the Service for. Policies see a connection when that is translated already, so the rule has to name the port that the container listens on.",
			Condition: "As NP-01, and a rule's ports hold the Service's port, of the same protocol, where the targetPort is another.",
			NotSaid: []string{
				whoseEnforces,
				"port and targetPort are the same.",
				"The container's port is admitted by another rule: then it is only noted, and only where the Pods do not declare the Service's port and the policy is about certain Pods.",
			},
			Fix:     "Write the container's port, or its name, into the rule. The command tests that the rule is still the one it means. It adds the port instead where others may need the old one.",
			Sources: []string{docPolicies, docServices},
		},
		{
			ID: "NP-03", Name: "NetworkPolicies do not admit this client", Step: StepIsolation, Weight: "major, likely; possible where labels or addresses are not known", ForClient: true,
			Meaning:   "Rules admit others to the port, and not this client.",
			Condition: "A client was chosen. Some rule names the port, and no rule that does has the client among its peers: by podSelector in the policy's namespace, by namespaceSelector, by both together, or by ipBlock without its exceptions.",
			NotSaid: []string{
				whoseEnforces,
				"A client from outside, unless externalTrafficPolicy is Local: it mostly arrives with a node's address, so it is only possible.",
				"A Pod on the host's network of the same node, which always gets in.",
			},
			Fix:     "Add a peer to a rule. To name a namespace, use the label kubernetes.io/metadata.name, which every Namespace carries.",
			Sources: []string{docPolicies, "KEP-2161, Namespaces are labelled with their names"},
		},
		{
			ID: "NP-04", Name: "NetworkPolicies do not let this client out", Step: StepIsolation, Weight: "major, likely; possible where labels are not known", ForClient: true,
			Meaning:   "Policies isolate what the client itself sends, and no rule of them admits the Service's Pods on the container's port.",
			Condition: "A client was chosen, policies whose policyTypes contain Egress, or that have egress rules, select it, and none of their rules names a Pod and port that the Service leads to.",
			NotSaid: []string{
				whoseEnforces,
				"A rule with the ClusterIP in an ipBlock does not count: most plugins see the connection when the address is translated already.",
			},
			Fix:     "Add an egress rule to the Service's Pods and the container's port.",
			Sources: []string{docPolicies},
		},
		{
			ID: "NP-05", Name: "NetworkPolicies shut out the API server", Step: StepIsolation, Weight: "unknown", ByTest: true,
			Meaning:   "The API server's proxies come from the control plane, and a policy applies to them as to any client. A port-forward enters the Pod by its node, and no policy applies. That the one times out where the other answers tells nothing about the clients that the policy does admit.",
			Condition: "NetworkPolicies select the Pod for Ingress and admit somebody to the port, the port-forward answers, and the proxies time out.",
			Fix:       "Run the test from a client that the policy admits.",
			Sources:   []string{docPolicies, "projectcalico/canal#127"},
		},
		{
			ID: "DNS-03", Name: "NetworkPolicies keep this client from DNS", Step: StepIsolation, Weight: "major, likely; info, possible, where only TCP is shut", ForClient: true,
			Meaning:   "Policies isolate what the client sends, and no rule admits the cluster's DNS. Then no Service has a name for it, whatever else is allowed.",
			Condition: "A client was chosen, policies isolate it for Egress, and no rule admits 53/UDP, or the port of the DNS Pods where these are known, to where they may be.",
			NotSaid: []string{
				whoseEnforces,
				"A rule about namespaces or addresses that may be those of the DNS Pods, where these are not known.",
				"A DNS cache on the client's own node would still answer: the text says so.",
			},
			Fix:     "Add an egress rule to namespace kube-system with the ports 53/UDP and 53/TCP.",
			Sources: []string{docPolicies, "kubernetes.io, Tasks: Using NodeLocal DNSCache"},
		},
		{
			ID: "MESH-01", Name: "A service mesh intercepts the Pods' traffic", Step: StepIsolation, Weight: "info, proven",
			Meaning:   "The mesh's proxy takes what arrives at the Pod. It may demand mTLS, or a permission, that callers from outside of the mesh do not have; the API server is one of these. What the isolation test finds to fail is then only possible.",
			Condition: "A selected Pod has a container istio-proxy, linkerd-proxy, kuma-sidecar or consul-dataplane, or the annotation sidecar.istio.io/status or ambient.istio.io/redirection.",
			Fix:       "None is needed. Test from a Pod inside the mesh.",
			Sources:   []string{"istio.io, Concepts: Security", "linkerd.io, Reference: Proxy"},
		},
	}
}
