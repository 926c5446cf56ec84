package check

const docTrafficPolicies = "kubernetes.io, Reference: Virtual IPs and Service Proxies, traffic policies"

func trafficPolicyTexts() []Explanation {
	return []Explanation{
		{
			ID: "TP-01", Name: "externalTrafficPolicy Local, and nodes without a Pod", Step: StepEndpoints,
			Weight:    "minor, proven, for a NodePort; advice for a load balancer; major, proven, where the load balancer may use no node that has a Pod, or no endpoint belongs to a node",
			Meaning:   "A node drops what comes from outside unless a ready Pod of the Service runs on it: clients who dial such a node time out. A load balancer asks each node first, and leaves these out.",
			Condition: "externalTrafficPolicy is Local, and a Ready node that takes ordinary Pods has no ready endpoint. It is major where every node that has one is excluded from load balancers, by label or by the cluster autoscaler's taint, or is not Ready; and where no endpoint names its node, as those written by hand may not. For a client outside that is chosen, the nodes that answer it are named.",
			NotSaid: []string{
				"Nodes that are not Ready, or carry a taint NoSchedule or NoExecute.",
				"A Pod that is terminating and still serves counts, where the node has no ready one.",
				"A load balancer that reaches Pods past the nodes.",
				"Which node a client dials, the API does not tell: that some nodes are silent is never red.",
				"Clients inside the cluster get through to the load balancer's address, whatever node they are on.",
				"Beside another data plane than kube-proxy the major one is only likely; so it is by the label where no cloud is recognised.",
			},
			Fix:     "Set externalTrafficPolicy to Cluster, which hides the client's address from the application; or run a Pod on every node that is dialled.",
			Sources: []string{docTrafficPolicies, codeKubeProxy, codeCloudProvider, seenOnCluster},
		},
		{
			ID: "TP-02", Name: "internalTrafficPolicy Local, and nodes without a Pod", Step: StepEndpoints,
			Weight:    "major, proven, for the nodes that are named; critical where no endpoint belongs to a node; advice where a DaemonSet leaves them out",
			Meaning:   "A node sends what its Pods ask for to its own endpoints alone. On a node without one, clients of the Service's address time out, while others get through.",
			Condition: "internalTrafficPolicy is Local, and a Ready node that takes ordinary Pods has no ready endpoint for some port that works elsewhere. For a client that is chosen: its own node has none. Slices written by hand without nodeName are on no node at all: then nobody gets through.",
			NotSaid: []string{
				"Pods of a DaemonSet, or of an operator's own kind of one, on nodes where it has no Pod: it chose them so, and clients may be chosen alike.",
				"Nodes that are not Ready, or carry a taint NoSchedule or NoExecute.",
				"A Pod younger than a minute that is not Ready yet.",
				"Which Pods are clients, and where they run, the API does not tell: the nodes are named.",
				"Beside another data plane than kube-proxy it is only likely: GKE Dataplane V2 does not know the policy.",
			},
			Fix:     "Set internalTrafficPolicy to Cluster, or run a Pod on every node, as a DaemonSet does.",
			Sources: []string{"KEP-2086, Service internal traffic policy", docTrafficPolicies, codeKubeProxy, seenOnCluster},
		},
		{
			ID: "TP-03", Name: "Health check port of the load balancer is taken", Step: StepService, Weight: "major, likely",
			Meaning:   "With externalTrafficPolicy Local, a load balancer asks each node on healthCheckNodePort whether it has Pods. Something else on the node holds the port: the load balancer takes the node for dead, and its Pods get nothing from outside.",
			Condition: "kube-proxy has an event FailedToStartServiceHealthcheck about a Service of this name, since it was created, for the port that it has now.",
			NotSaid:   []string{"An event of another port, or of an earlier Service of that name.", "No event says that it is mended, and events are kept for an hour: so it is never red, and may be told for that long.", "What holds the port, the API does not tell."},
			Fix:       "See on the node what holds the port (ss -ltnp), and move it.",
			Sources:   []string{"kube-proxy: pkg/proxy/healthcheck", docTrafficPolicies, seenOnCluster},
		},
		{
			ID: "TP-04", Name: "Traffic does not stay in its zone", Step: StepEndpoints, Weight: "advice, proven",
			Meaning:   "The Service prefers endpoints of the client's zone, and the controller gives no hints: too few endpoints, or nodes without a zone. All endpoints are used, as without the wish. Hints are preferences, and never cut anybody off; at worst some Pods get more than their share.",
			Condition: "The annotation service.kubernetes.io/topology-mode is Auto, and the newest event about it is TopologyAwareHintsDisabled.",
			NotSaid:   []string{"Hints of one zone only: kube-proxy takes every endpoint where none is for the client's zone.", "How the load spreads, the API does not tell."},
			Fix:       "None is needed. For hints, run more Pods in every zone; spec.trafficDistribution PreferSameZone asks for no balance between zones.",
			Sources:   []string{"kubernetes.io, Concepts: Topology Aware Routing", codeKubeProxy},
		},
		{
			ID: "TP-05", Name: "Session affinity", Step: StepService, Weight: "advice; possible, for a headless Service proven",
			Meaning:   "With sessionAffinity ClientIP an address stays with one Pod. Everybody behind one NAT, or behind a load balancer that hides its clients, is one address and gets one Pod, until that Pod goes.",
			Condition: "sessionAffinity is ClientIP, and the type is NodePort or LoadBalancer with externalTrafficPolicy Cluster; or the Service is headless, where it does nothing.",
			NotSaid:   []string{"ClusterIP: Pods come with their own addresses.", "Which address arrives, the API does not tell."},
			Fix:       "Keep sessions in a cookie or at the load balancer; or set externalTrafficPolicy to Local, so that addresses arrive as they are.",
			Sources:   []string{docServices, docTrafficPolicies},
		},
		{
			ID: "TP-06", Name: "Node port on one address only", Step: StepService, Weight: "advice, possible",
			Meaning:   "In nftables mode kube-proxy takes node ports on a node's first address only; in iptables mode on all of them. Clients who dial another address are refused.",
			Condition: "The type is NodePort, and a node has several InternalIPs of one family.",
			NotSaid:   []string{"An ExternalIP: clouds mostly map it to the first address.", "Which mode kube-proxy runs in, and what a firewall lets through, the API does not tell: only a try does."},
			Fix:       "Dial the first InternalIP; or start kube-proxy with --nodeport-addresses.",
			Sources:   []string{"KEP-3866, nftables kube-proxy backend", seenOnCluster},
		},
		{
			ID: "TP-07", Name: "A Pod does not reach itself by the Service", Step: StepIsolation, Weight: "possible", ByTest: true,
			Meaning:   "A Pod that dials a Service which leads back to itself needs the bridge of its node to send a packet back where it came from (hairpin). Where that is off, it times out whenever it is its own endpoint; other clients get through.",
			Condition: "Only Pods behind the Service time out, and only some of the time; a Pod that is not behind it gets through.",
			NotSaid:   []string{"The Kubernetes API does not tell it, and no check says it: try the Service from another Pod before blaming it."},
			Fix:       "Turn hairpin on in the node's network plugin (hairpinMode); or let the Pod dial itself directly.",
			Sources:   []string{"kubernetes.io, Tasks: Debug Services, a Pod fails to reach itself via the Service IP"},
		},
		{
			ID: "TP-08", Name: "The node does not route to the Service", Step: StepIsolation, Weight: "major, probed", ByTest: true,
			Meaning:   "A client in the cluster is refused at the Service's address, though the endpoints answer when asked directly: the data plane of the client's node does not know them.",
			Condition: "A try from a Pod in the cluster is refused at the Service's address, and the port-forward and the API server's proxy to the same Pod answer.",
			NotSaid:   []string{"It times out instead: that is a policy, a traffic policy, or the network.", "Nothing usable: then the refusal is as it should be.", "Whether kube-proxy runs on that node, only its Pod in kube-system tells, and where it runs as a process the API does not."},
			Fix:       "See whether another Service works from that node. If none does, look at kube-proxy, or what stands in for it, on that node.",
			Sources:   []string{codeKubeProxy, seenOnCluster},
		},
	}
}
