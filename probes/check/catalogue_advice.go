package check

func adviceTexts() []Explanation {
	return []Explanation{
		{
			ID: "ADV-01", Name: "Node port on the internet", Step: StepService, Weight: "advice, possible",
			Meaning:   "Clients who dial a node by its address lose their way when that node goes, and the node port stands open on all of them.",
			Condition: "The type is NodePort, a node has a public ExternalIP, and no Ingress, route or other object that is read names the Service.",
			NotSaid:   []string{"An Ingress or route leads here.", "Whether a firewall is in front, and who dials the node port, the API does not tell: it is advice."},
			Fix:       "Put a load balancer, an Ingress or a Gateway in front.",
			Sources:   []string{docServices},
		},
		{
			ID: "ADV-02", Name: "Several load balancers for web traffic", Step: StepService, Weight: "advice, possible",
			Meaning:   "Each Service of type LoadBalancer pays for a load balancer and an address of its own. HTTP can be told apart by host and path, so that one is enough.",
			Condition: "Three or more Services of the namespace are of type LoadBalancer and have a TCP port 80, 443 or 8080, or an appProtocol that begins with http.",
			NotSaid:   []string{"Services that by their labels belong to an Ingress controller or a Gateway: they are the one load balancer.", "Whether they must be kept apart, by owner or by law, the API does not tell."},
			Fix:       "One Ingress or Gateway for all of them.",
			Sources:   []string{docServices, "kubernetes.io, Concepts: Ingress; Gateway API"},
		},
		{
			ID: "ADV-03", Name: "ClusterIP written into Pods", Step: StepService, Weight: "advice, proven, where the address is right; major, likely, where no Service has it",
			Meaning:   "A ClusterIP is a Service's for as long as it lives. Deleted and made anew, it gets another, and Pods that have the old one written into them reach for nobody: they wait, or are refused.",
			Condition: "The environment, command or arguments of a Pod hold an address. If it is a Service's, it is advice on that Service. If it lies in a ServiceCIDR and no Service of any namespace has it, it is told of the Services that select the Pod: what stands behind them is broken.",
			NotSaid: []string{
				"The variables that Kubernetes itself sets: they are not in the Pod's spec. NO_PROXY and KUBERNETES_SERVICE_HOST.",
				"Ranges, as 10.96.0.0/16.",
				"Services of kube-system and the API server's own: their addresses are set on purpose.",
				"The Services of all namespaces, or the ServiceCIDRs, are not known: then nobody knows whose an address is. Servers before Kubernetes 1.33 have no ServiceCIDRs.",
				"What ConfigMaps, Secrets and files hold is not read; a Pod that no Service selects has no row; and what an application makes of an address, the API does not tell. It is never red.",
			},
			Fix:     "Write the Service's name in place of the address, in the workload's template.",
			Sources: []string{docServices, "KEP-1880, Multiple Service CIDRs", seenOnCluster},
		},
		{
			ID: "ADV-04", Name: "No readiness probe", Step: StepReadiness, Weight: "advice, proven",
			Meaning:   "Without a readiness probe a Pod is Ready as soon as its containers run. It gets traffic before the application listens, and keeps it when the application hangs.",
			Condition: "No serving container of any selected Pod has a readiness probe, and no Pod has a readiness gate.",
			NotSaid:   []string{"publishNotReadyAddresses is set: readiness does not matter.", "One container has a probe.", "Whether the application needs one, the API does not tell."},
			Fix:       "Add a readinessProbe that asks the port which clients use.",
			Sources:   []string{docProbes},
		},
		{
			ID: "ADV-05", Name: "Variables of a Service that came later", Step: StepService, Weight: "advice, likely",
			Meaning:   "Kubernetes tells a Pod the Services of its namespace in variables like WEB_SERVICE_HOST, once, when it is made. A Pod older than the Service has none for it.",
			Condition: "The command or arguments of a Pod refer to the variable of this Service, and the Pod was created before the Service.",
			NotSaid:   []string{"Pods whose command and arguments do not name it: what programs and scripts inside an image read, the API does not tell.", "A Service that was deleted and made anew: the Pod may have the old address; that looks the same."},
			Fix:       "Use the Service's name. To have the variable, restart the workload.",
			Sources:   []string{"kubernetes.io, Concepts: Service, environment variables"},
		},
	}
}
