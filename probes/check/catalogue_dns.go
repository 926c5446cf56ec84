package check

func dnsTexts() []Explanation {
	return []Explanation{
		{
			ID: "HL-03", Name: "Peers without names until they are Ready", Step: StepReadiness, Weight: "minor, possible",
			Meaning:   "A headless Service names only Ready Pods in DNS. Members of a cluster that look for each other before they are Ready wait for ever.",
			Condition: "The Service is headless, does not publish addresses that are not ready, and nothing is usable; it has Pods, none of them Ready, and a StatefulSet names it in spec.serviceName.",
			NotSaid:   []string{"Whether the Pods need names is not known: what keeps them from being Ready is told by other findings."},
			Fix:       "Set publishNotReadyAddresses, where the Pods look for each other before they are Ready.",
			Sources:   []string{docDNS, "kubernetes.io, Concepts: StatefulSets"},
		},
		{
			ID: "HL-04", Name: "StatefulSet names a Service that does not fit", Step: StepService,
			Weight:    "minor, likely; major where none of its Pods is Ready; info, possible, where the Service only is not headless",
			Meaning:   "spec.serviceName of a StatefulSet is the headless Service by which its Pods have names of their own. Where it does not exist or selects other Pods, such names do not resolve. Where it selects them and has a ClusterIP, CoreDNS serves the names of Ready Pods all the same; the specification promises them of headless Services only, so another name server may not.",
			Condition: "StatefulSets were read, and one names this Service, whose selector its template does not carry, or which has a ClusterIP; or the Service selects Pods of one that names a Service which does not exist.",
			NotSaid:   []string{"spec.serviceName is empty.", "The Service that is named has no selector: somebody else writes its endpoints, with or without names.", "Whether anybody uses the names is not known: many charts name any Service, because the field had to be set."},
			Fix:       "Make the Service that is named, headless, or let it select the Pods. serviceName itself cannot be changed. One that selects them and has a ClusterIP needs no mending where the names resolve.",
			Sources:   []string{"kubernetes.io, Concepts: StatefulSets", docDNS, "kubernetes/dns, docs/specification.md", "CoreDNS, plugin kubernetes"},
		},
		{
			ID: "DNS-01", Name: "Client asks its node's name server", Step: StepIsolation, Weight: "critical, proven, for that client alone", ForClient: true,
			Meaning:   "The Pod does not ask the cluster's DNS, so names of Services do not resolve for it. Addresses work.",
			Condition: "spec.dnsPolicy of the client Pod is Default; or it is ClusterFirst, and the Pod is on its node's network.",
			NotSaid:   []string{"dnsPolicy None: its own dnsConfig decides, and that is not known.", "dnsPolicy ClusterFirstWithHostNet."},
			Fix:       "Set dnsPolicy ClusterFirst, on the node's network ClusterFirstWithHostNet, in the template.",
			Sources:   []string{docDNS},
		},
		{
			ID: "DNS-02", Name: "Cluster DNS is down", Step: StepEndpoints, Weight: "critical, proven; likely where it has no Pods at all",
			Meaning:   "The Service that kubelets tell Pods to ask for names has nothing usable. No name resolves, of Services or of hosts outside, in any Pod that asks it; whatever else is reported may follow from that.",
			Condition: "The Service is kube-system/kube-dns, or carries its label k8s-app=kube-dns and has port 53, and no port leads anywhere.",
			NotSaid:   []string{"On the rows of other Services.", "It has no Pods at all: then Pods may be told of another server, and it is only likely."},
			Fix:       "Mend what the other findings of this Service say: they are the cause, and are told first.",
			Sources:   []string{docDNS, "kubernetes.io, Tasks: Debugging DNS Resolution"},
		},
	}
}
