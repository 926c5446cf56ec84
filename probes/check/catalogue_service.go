package check

const (
	docServices   = "kubernetes.io, Concepts: Service"
	docSlices     = "kubernetes.io, Concepts: EndpointSlices"
	docProbes     = "kubernetes.io, Tasks: Configure Liveness, Readiness and Startup Probes"
	docLifecycle  = "kubernetes.io, Concepts: Pod Lifecycle"
	codeSliceCtl  = "k8s.io/endpointslice: ShouldPodBeInEndpoints, podToEndpoint, FindPort"
	codeKubeProxy = "kube-proxy: the EndpointSlice cache and topology code"
	docDNS        = "kubernetes.io, Concepts: DNS for Services and Pods"
	seenOnCluster = "seen on a Kubernetes 1.36 cluster"
)

func serviceTexts() []Explanation {
	return []Explanation{
		{
			ID: "SVC-01", Name: "Service does not exist", Step: StepService, Weight: "critical, proven; major, likely where only a StatefulSet or a Rollout names it",
			Meaning:   "The name does not resolve, and nobody who calls it gets a connection.",
			Condition: "A Service was asked for by name, or an Ingress, a route, a webhook, an APIService, a StatefulSet or a Rollout names it; the Services of its namespace are known, and it is not among them. Names at most two letters away, and namespaces that have a Service of exactly this name, are told.",
			NotSaid: []string{
				"You may not list Services there: not being permitted to look is no answer, and the verdict is unknown.",
				"A webhook with failurePolicy Ignore, or without rules, and a route's backend of weight 0 name it: nothing fails without it, and it is no row of the list.",
				"A StatefulSet whose Pods are all Ready names it: they do without.",
				"The Ingress redirects every request (nginx.ingress.kubernetes.io/permanent-redirect, temporal-redirect): its backend is never asked.",
				"The backend of an Ingress has the port name use-annotation: its name is that of an action of the AWS Load Balancer Controller.",
				"All who name it are less than ten seconds old: whoever applies a folder of manifests needs a moment. It is settling.",
			},
			Fix:     "Call the right name, or NAME.OTHER-NAMESPACE; or create it: kubectl expose deploy/NAME --port=80 --target-port=8080. Or take the name out of the object that has it.",
			Sources: []string{docServices, "kubernetes.io, Concepts: Ingress", "kubernetes.io, Reference: Dynamic Admission Control, failurePolicy"},
		},
		{
			ID: "SVC-02", Name: "Service is in another namespace", Step: StepService, Weight: "major, likely",
			Meaning:   "The Service exists, and not where it was asked for. A client that calls it by its bare name asks in its own namespace, and finds nothing.",
			Condition: "The Service that was asked for does not exist (SVC-01), and exactly one other namespace, of those that are known, has a Service of that name.",
			NotSaid:   []string{"Several namespaces have one: then SVC-01 names them, and none is said to be meant.", "The Service is here and its Pods are elsewhere: that is SEL-03."},
			Fix:       "Call NAME.NAMESPACE, or make the Service where it is called.",
			Sources:   []string{docDNS},
		},
		{
			ID: "SVC-03", Name: "Service is being deleted", Step: StepService, Weight: "major, proven",
			Meaning:   "Somebody deleted the Service, and a finalizer keeps it. Traffic flows until the finalizer is done; then name and address are gone.",
			Condition: "metadata.deletionTimestamp is more than a minute old.",
			NotSaid:   []string{"In the first minute: a load balancer takes a moment to be taken down."},
			Fix:       "Mend what the finalizer waits for, mostly the deletion of the cloud's load balancer. Taking the finalizer off by hand leaves the load balancer behind, and its bill. A finalizer of a program that is no longer installed has to be taken off by hand.",
			Sources:   []string{"kubernetes.io, Concepts: Finalizers", docServices, seenOnCluster},
		},
		{
			ID: "SVC-04", Name: "Namespace is being deleted", Step: StepService, Weight: "critical, proven, where no endpoint is left, else major",
			Meaning:   "Everything in the namespace goes. No Pod and no slice can be created in it any more, so what breaks stays broken.",
			Condition: "The Service is itself being deleted, or has a selector and no slice at all; and the phase of its namespace is Terminating, for more than a minute where endpoints are left.",
			NotSaid:   []string{"Namespaces cannot be read: then it is told as not checked.", "In the first minute, while clients get through: to delete a namespace takes a moment."},
			Fix:       "status.conditions of the Namespace say what it waits for: objects with finalizers, or an API whose server does not answer. A deletion cannot be taken back.",
			Sources:   []string{"kubernetes.io, Concepts: Namespaces; Finalizers", "kube-controller-manager: namespace controller", seenOnCluster},
		},
		{
			ID: "SVC-05", Name: "Selector removed, slices left behind", Step: StepSelector, Weight: "critical, proven, where every Pod that they list is gone, else major",
			Meaning:   "The Service once had a selector. The slices from that time are still there, and nobody updates them: when the Pods move, traffic goes to addresses that belong to nobody, or to somebody else.",
			Condition: "spec.selector is empty, and a slice of the Service carries the label of the EndpointSlice controller. It is critical where every Pod that they list is gone.",
			NotSaid:   []string{"Slices of another manager, or of none: somebody writes them on purpose."},
			Fix:       "Restore the selector: the controllers then tidy up by themselves. If no selector is wanted, delete these slices and the Endpoints object of the Service's name.",
			Sources:   []string{docSlices, seenOnCluster},
		},
		{
			ID: "SVC-06", Name: "No selector, and no endpoints", Step: StepEndpoints, Weight: "major, likely",
			Meaning:   "Kubernetes fills no EndpointSlice for a Service without a selector. Somebody else has to, by hand or by an operator, and has not; or what they wrote, an Endpoints object of the Service's name, is not copied into slices, which is all that kube-proxy reads.",
			Condition: "The Service is no ExternalName, has no selector, and no slice of it has a usable endpoint. The Endpoints object is named where it lists addresses; with it the label endpointslice.kubernetes.io/skip-mirror=true, or the annotation of a leader election, that keeps the controller from copying it.",
			NotSaid:   []string{"Endpoints objects are read for a Service that is open or reported, and lacks endpoints: in the list it is only said that there are none.", "Slices with ready endpoints exist, whoever wrote them.", "A headless Service without ports: some programs keep a lock in it.", "It is never red: whoever fills it may still come."},
			Fix:       "Give it a selector, or an EndpointSlice with the label kubernetes.io/service-name=NAME; or take the label skip-mirror off its Endpoints object.",
			Sources:   []string{docServices, docSlices, "kube-controller-manager: shouldMirror in pkg/controller/endpointslicemirroring", seenOnCluster},
		},
		{
			ID: "SVC-07", Name: "Left to another proxy", Step: StepService, Weight: "critical, proven, for a load balancer major; likely beside another data plane, or where the proxy may run unseen",
			Meaning:   "The label service.kubernetes.io/service-proxy-name takes a Service away from kube-proxy. Its endpoints are listed, and its ClusterIP and node ports time out, unless the proxy that the label names serves them.",
			Condition: "The Service has a ClusterIP, and the label, whatever its value.",
			NotSaid:   []string{"A headless Service, an ExternalName: no proxy serves them.", "A DaemonSet or a Pod of any namespace that is read is named after that proxy, and is none of the Service's own: then it is only possible.", "The Pods and the DaemonSets of all namespaces cannot be read, another data plane than kube-proxy is recognised, or the value is known to be that of a program: then it is likely."},
			Fix:       "Take the label off, unless that proxy is meant to serve it.",
			Sources:   []string{"KEP-2447, Make kube-proxy service abstraction optional", "kube-proxy: the selector of its informers", seenOnCluster},
		},
		{
			ID: "SVC-08", Name: "ClusterIP or node port not validly allocated", Step: StepService, Weight: "major, proven, where an address or port is invalid or given twice, else minor",
			Meaning:   "The API server goes through all Services every few minutes and compares their addresses and ports with what it gave out. It found one that is out of its range, invalid, or that two Services have.",
			Condition: "An event of the last hour about this very Service (by uid) with the reason ClusterIPNotValid, ClusterIPOutOfRange, ClusterIPAlreadyAllocated, ServiceCIDRFull, PortAlreadyAllocated or PortOutOfRange names a ClusterIP or node port that it still has.",
			NotSaid:   []string{"ClusterIPNotAllocated and PortNotAllocated: the API server repairs that by itself.", "The event names an address or port that the Service no longer has.", "Where events were not read, nothing is said: no event is no proof."},
			Fix:       "Make the Service anew, without the address and the port in its manifest.",
			Sources:   []string{"kube-apiserver: repair loops of the ClusterIP and node port allocators"},
		},
		{
			ID: "SVC-09", Name: "External IP that no Node has", Step: StepService, Weight: "minor, possible",
			Meaning:   "Nodes take traffic for an external IP, but nobody brings it to them: Kubernetes assigns and announces nothing. Inside the cluster it works.",
			Condition: "An address in spec.externalIPs is among no Node's status.addresses.",
			NotSaid:   []string{"A router may send it to a Node all the same, so it is never more than possible."},
			Fix:       "Route the address to a Node, or use a LoadBalancer. externalIPs are deprecated since Kubernetes 1.36.",
			Sources:   []string{docServices, seenOnCluster},
		},
		{
			ID: "EN-01", Name: "externalName is an address", Step: StepService, Weight: "critical, proven",
			Meaning:   "Cluster DNS answers for an ExternalName with a CNAME, which has to be a name. For an address there is no answer, and the name does not resolve.",
			Condition: "spec.type is ExternalName, and spec.externalName is an IPv4 address. The API server accepts it.",
			Fix:       "Make it a Service without a selector, and write an EndpointSlice with the address.",
			Sources:   []string{docServices, "CoreDNS, plugin kubernetes"},
		},
		{
			ID: "EN-02", Name: "externalName is not a whole name", Step: StepService, Weight: "critical, proven without a dot, else likely",
			Meaning:   "A CNAME's target is looked up as it stands. The search path that makes short names work in a Pod is not applied to it.",
			Condition: "spec.externalName has no dot; or it is NAME.NAMESPACE or NAME.NAMESPACE.svc, and such a Service exists.",
			NotSaid:   []string{"localhost.", "A name with a trailing dot: that is legal.", "A selector beside it: it is ignored, and harmless."},
			Fix:       "Write the whole name, e.g. db.prod.svc.cluster.local.",
			Sources:   []string{"RFC 1034, section 3.6.2", docDNS},
		},
		{
			ID: "EN-03", Name: "externalName leads to no Service", Step: StepService, Weight: "critical, proven",
			Meaning:   "The name stands for another Service of this cluster, and that one is not there; or for an ExternalName that leads on to one that is not there, or back to itself.",
			Condition: "spec.externalName is NAME.NAMESPACE.svc.cluster.local, the Services of that namespace are known, and NAME is not among them; or following such names from one ExternalName to the next ends so, or in a circle.",
			NotSaid:   []string{"The Services of that namespace cannot be read: then it is unknown, and told as not checked.", "One ExternalName that leads to another, and that to a Service: it resolves."},
			Fix:       "Create the Service, or point externalName at the one that is meant.",
			Sources:   []string{docDNS},
		},
		{
			ID: "EN-04", Name: "Ports of an ExternalName map nothing", Step: StepService, Weight: "info, proven",
			Meaning:   "An ExternalName is a name in DNS. Its ports and targetPorts have no effect: clients connect to the target, on the port that they ask for.",
			Condition: "A targetPort by number differs from its port; or the Service of this cluster that the name stands for has no such port.",
			NotSaid:   []string{"Ports that agree with the target's, or with nothing that is known.", "The target is headless: it has every port that its Pods listen on."},
			Fix:       "Let clients use the target's port.",
			Sources:   []string{docServices},
		},
		{
			ID: "EN-05", Name: "TLS and HTTP names are the target's", Step: StepService, Weight: "info, possible",
			Meaning:   "Clients that call an ExternalName send its own name in SNI and in the Host header. The target may know only itself, and its certificate carries its own name.",
			Condition: "The target is outside of the cluster, and a port is 443, or says by its name or appProtocol that it is HTTPS.",
			NotSaid:   []string{"The API tells neither certificates nor virtual hosts: it is never more than possible."},
			Fix:       "Let clients call the target by its own name.",
			Sources:   []string{docServices},
		},
		{
			ID: "EN-06", Name: "Ingress or route sends to an ExternalName", Step: StepService, Weight: "minor, possible",
			Meaning:   "An ExternalName has no endpoints. Some controllers resolve the name by themselves, others refuse: GKE's Ingress does, and the Gateway API advises against it.",
			Condition: "An Ingress or a route of the namespace, where those were read, names the Service as a backend.",
			NotSaid:   []string{"Whether its controller serves such backends is not known: it is never more than possible."},
			Fix:       "See what the controller says of it. A Service without a selector and an EndpointSlice is served by all.",
			Sources:   []string{"Gateway API: BackendRef", "CVE-2021-25740", "ingress-gce: backend Services"},
		},
		{
			ID: "HL-01", Name: "Headless Service maps no ports", Step: StepService, Weight: "minor, possible",
			Meaning:   "DNS gives the Pods' own addresses, and clients connect straight to them. Nobody maps port to targetPort on the way.",
			Condition: "clusterIP is None, there is a selector, and a targetPort by number differs from its port.",
			NotSaid:   []string{"targetPort by name: its number may be the same."},
			Fix:       "Let port and targetPort be the same; or let clients read the SRV record.",
			Sources:   []string{docServices, docDNS},
		},
	}
}

func loadBalancerTexts() []Explanation {
	young := "In the first five minutes, counted from the Service's creation, from the change of its type, or from the first attempt: a cloud takes a while."
	return []Explanation{
		{
			ID: "LB-01", Name: "Load balancer's controller reports an error", Step: StepService, Weight: "major, proven; likely where the load balancer has its address",
			Meaning:   "The cloud's controller tried, and was refused: a quota, a permission (IAM), a subnet, a static address. Clients in the cluster still reach the Service by its ClusterIP.",
			Condition: "spec.type is LoadBalancer, status.loadBalancer.ingress is empty, and the newest event of a load balancer controller about this very Service (by uid) is an error that no success followed. Where the error is of a kind that does not mend itself, it is said a minute after it first came; else after five. Where there is an address, the same events mean that changes, as of the nodes, no longer come through: that is a warning, where events are read.",
			NotSaid:   []string{young, "The cloud slows its controller down (throttling): that mends itself, and is said after five minutes.", "An event about a Service of the same name that was deleted: its uid differs.", "A hostname instead of an address: that is assigned."},
			Fix:       "The event says it in the cloud's words: raise the quota, grant the permission, tag the subnet, free the address. The controller tries again by itself.",
			Sources:   []string{"k8s.io/cloud-provider: service controller", "ingress-gce, aws-load-balancer-controller, cloud-provider-azure, MetalLB: their event reasons"},
		},
		{
			ID: "LB-02", Name: "Load balancer pending, and nobody works on it", Step: StepService, Weight: "major, likely",
			Meaning:   "No controller seems to look at the Service: so it is on kind, on minikube without its tunnel, and on bare metal without MetalLB or the like.",
			Condition: "spec.type is LoadBalancer without a class, no address for five minutes, and no error event. A controller puts its finalizer on the Service before it asks the cloud: where one is there, the text says that somebody works on it and is silent.",
			NotSaid:   []string{young},
			Fix:       "minikube tunnel, cloud-provider-kind, MetalLB or kube-vip; in a cloud, look at the cloud controller manager.",
			Sources:   []string{"k8s.io/cloud-provider: service controller", docServices},
		},
		{
			ID: "LB-03", Name: "Load balancer pending: no controller for its class", Step: StepService, Weight: "major, likely",
			Meaning:   "spec.loadBalancerClass hands the Service to one controller; the cloud's own leaves it alone.",
			Condition: "As LB-02, with spec.loadBalancerClass set.",
			NotSaid:   []string{young},
			Fix:       "Install the controller of this class. The class cannot be changed: to take another, make the Service anew.",
			Sources:   []string{"KEP-1959, Service Type=LoadBalancer Class", docServices},
		},
	}
}
