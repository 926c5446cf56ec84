package check

const (
	codeCloudProvider = "k8s.io/cloud-provider: service controller"
	codeGKE           = "ingress-gce and cloud-provider-gcp: annotations of Services, static addresses"
	docGKE            = "Google Cloud, GKE: LoadBalancer Service parameters"
)

func loadBalancerServedTexts() []Explanation {
	return []Explanation{
		{
			ID: "LB-04", Name: "Load balancer does not serve every port", Step: StepService, Weight: "major, proven",
			Meaning:   "The load balancer's controller took the Service, and says in its status that it cannot serve some of the ports: mostly TCP and UDP in one Service.",
			Condition: "The Service's condition LoadBalancerPortsError is True, or a port under status.loadBalancer.ingress carries an error.",
			NotSaid:   []string{"It speaks of mixed protocols, and the ports are all of one protocol by now: the status is left over.", "A controller that says nothing in the status: then the API does not tell, and only a client from outside can."},
			Fix:       "Make two Services of type LoadBalancer with the same selector, one for each protocol.",
			Sources:   []string{"KEP-1435, Mixed Protocol Support in Services with type=LoadBalancer", docServices},
		},
		{
			ID: "LB-05", Name: "Static address given by number", Step: StepService, Weight: "major, proven on GKE; likely where the nodes cannot be read; advice where no cloud is recognised",
			Meaning:   "GKE's annotation networking.gke.io/load-balancer-ip-addresses takes the names of reserved regional addresses. A name that does not exist is passed over silently, and the load balancer gets an address of its own that goes when it goes.",
			Condition: "The type is LoadBalancer, an item of the annotation is an IP address, and that address is not the one that was assigned. GKE is told by a node's label cloud.google.com/gke-nodepool or providerID gce://, or by what its controller wrote on the Service.",
			NotSaid:   []string{"The address that it names is assigned.", "Another cloud runs the nodes: nobody reads the annotation.", "Whether a name in it is reserved, and in the right region, the Kubernetes API does not tell."},
			Fix:       "gcloud compute addresses list shows the name; write that.",
			Sources:   []string{codeGKE, docGKE},
		},
		{
			ID: "LB-06", Name: "Meant to be internal, and is external", Step: StepService, Weight: "major, proven on the cloud in question; likely where the nodes cannot be read; advice elsewhere",
			Meaning:   "Somebody asked for an internal load balancer in a word or an annotation that the cloud does not know. Clouds say nothing of it, and make one that the internet can reach.",
			Condition: "The type is LoadBalancer, no annotation or class makes it internal, no private address is assigned, and: GKE's load-balancer-type is neither Internal nor internal nor a form of External; or Azure's azure-load-balancer-internal is neither true nor false; or a key is at most two letters away from one of these annotations and has the right value. The cloud is told by the nodes or by what its controller wrote on the Service. An annotation of another cloud than the one that runs the nodes is told as advice.",
			NotSaid:   []string{"A private address is assigned: it was understood.", "loadBalancerClass is set: the class decides.", "AWS: its controller makes internal load balancers by default, and reports a scheme that it does not know."},
			Fix:       "Write the annotation and the value letter by letter; the command does. The load balancer gets another address. That clients from the internet time out on an internal one, and on some clouds those of another region too, is as it should be.",
			Sources:   []string{codeGKE, docGKE, "cloud-provider-azure: Service annotations"},
		},
		{
			ID: "LB-07", Name: "Source ranges", Step: StepService, Weight: "advice; major, proven, for a client whose address is known",
			Meaning:   "Only clients of some ranges get in from outside. Others wait and time out.",
			Condition: "spec.loadBalancerSourceRanges, or where it is empty the annotation service.beta.kubernetes.io/load-balancer-source-ranges, holds ranges, and none of them is everybody. For a client: none of the ranges of its IP family holds its address.",
			NotSaid:   []string{"0.0.0.0/0 or ::/0 is among the ranges.", "The client's address is of a family without any range: kube-proxy then lets everybody of that family in.", "Which address arrives after NAT, and what the cloud's own firewall lets in, the API does not tell.", "Pods of the cluster: they mostly do not go by way of the load balancer."},
			Fix:       "Add the range of the clients. To change the type to ClusterIP, take the ranges away first.",
			Sources:   []string{docServices, "kube-proxy: source ranges by IP family", codeCloudProvider},
		},
		{
			ID: "LB-08", Name: "Load balancer needs node ports", Step: StepService, Weight: "major, proven where its controller says so, else likely",
			Meaning:   "The load balancer sends to the nodes' ports, and the Service asked for none.",
			Condition: "spec.allocateLoadBalancerNodePorts is false, a port has no nodePort, and the newest error of the load balancer's controller says that it misses them, or the annotation aws-load-balancer-nlb-target-type is instance.",
			NotSaid:   []string{"Anything else: MetalLB, Cilium, GKE's passthrough load balancers and AWS targets of type ip need no node ports. Whether a load balancer needs them the API does not tell by itself.", "Ports that kept their node port from an earlier time."},
			Fix:       "Set allocateLoadBalancerNodePorts to true; the node ports are then allocated at once.",
			Sources:   []string{docServices, "aws-load-balancer-controller: target type instance", seenOnCluster},
		},
		{
			ID: "LB-09", Name: "Every node is excluded from load balancers", Step: StepService, Weight: "major, likely",
			Meaning:   "A cloud's controller leaves these nodes out of every load balancer; MetalLB from 0.14 on does not announce an address from them. It happens on clusters of one node, whose control plane node carries the label.",
			Condition: "The type is LoadBalancer, and every Node has the label node.kubernetes.io/exclude-from-external-load-balancers, or the taint with which the cluster autoscaler marks what it is about to delete.",
			NotSaid:   []string{"The label's value is false.", "Cilium is recognised, and the address is there: told only.", "The load balancer reaches Pods past the nodes: no node ports are allocated, AWS targets of type ip, Tailscale, Cilium.", "Whether its controller heeds the label, the API does not tell: it is never red."},
			Fix:       "Take the label off the nodes that shall serve.",
			Sources:   []string{codeCloudProvider, "metallb/metallb#2274 and #1765"},
		},
		{
			ID: "LB-10", Name: "New name of a load balancer", Step: StepService, Weight: "advice, possible",
			Meaning:   "AWS and others give a name instead of an address. It takes some minutes until it resolves, and who asked too early remembers for a while that there was none.",
			Condition: "status.loadBalancer.ingress has a hostname, and the load balancer was asked for, or made, less than ten minutes ago.",
			NotSaid:   []string{"Later. Whether the name resolves, the API does not tell; the isolation test dials it from here."},
			Fix:       "Wait some minutes, then ask a resolver that has not asked before.",
			Sources:   []string{docServices},
		},
		{
			ID: "LB-12", Name: "Pods go round by the load balancer", Step: StepService, Weight: "advice, proven",
			Meaning:   "Mostly a node sends what Pods send to the load balancer's address straight to the Service. Here its mode is Proxy: they leave the cluster and come back.",
			Condition: "ipMode of an address under status.loadBalancer.ingress is Proxy.",
			NotSaid:   []string{"VIP, or no mode at all."},
			Fix:       "None is needed. Within the cluster, use the Service's name.",
			Sources:   []string{"KEP-1860, Make Kubernetes aware of the LoadBalancer behaviour"},
		},
	}
}
