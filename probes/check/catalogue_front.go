package check

const (
	docIngress      = "kubernetes.io, Concepts: Ingress"
	docGatewayAPI   = "gateway-api.sigs.k8s.io, API specification"
	docWebhooks     = "kubernetes.io, Reference: Dynamic Admission Control"
	docAggregation  = "kubernetes.io, Concepts: Kubernetes API Aggregation Layer"
	docGKEIngress   = "cloud.google.com, GKE Ingress for Application Load Balancers"
	codeNginx       = "ingress-nginx: serviceEndpoints"
	codeAPIResolver = "kube-aggregator: ResolveCluster, findServicePort"
)

func ingressTexts() []Explanation {
	return []Explanation{
		{
			ID: "ING-01", Name: "Ingress names a Service that does not exist", Step: StepService, Weight: "major, proven",
			Meaning:   "The API server accepts the Ingress all the same. Its clients get an error for that host and path, mostly the status 503; some controllers, that of GKE among them, then leave the whole Ingress as it was.",
			Condition: "A path or the default backend of an Ingress names a Service, the Services of the namespace are known, and it is not among them. It is said of the missing Service, below SVC-01.",
			NotSaid:   []string{"A backend that is a resource, not a Service.", "The Services of the namespace cannot be read."},
			Fix:       "Create the Service, or let the Ingress name the one that is meant. Where a Service of a near name exists, the patch is given. An Ingress cannot name a Service of another namespace.",
			Sources:   []string{docIngress, seenOnCluster},
		},
		{
			ID: "ING-02", Name: "Ingress names a port that the Service does not have", Step: StepService, Weight: "major, proven",
			Meaning:   "An Ingress names the Service's port, by its number or its name, not the port that the container listens on. For a port that is not there clients of that path get an error; everybody else still reaches the Service.",
			Condition: "backend.service.port.number is none of spec.ports[].port of the Service, or backend.service.port.name is none of their names.",
			NotSaid: []string{
				"The port is one of the Service's targetPorts, and the IngressClass belongs to ingress-nginx or haproxy-ingress: these take it for the Service's port. Where such a controller cannot be ruled out, it is only likely.",
				"An ExternalName: controllers take the number as it stands.",
				"A backend that is a resource.",
				"In the first ten seconds.",
			},
			Fix:     "Name the Service's port in the Ingress; the patch is given where it can be told which is meant.",
			Sources: []string{docIngress, codeNginx, seenOnCluster},
		},
		{
			ID: "ING-03", Name: "Ingress without a class that exists", Step: StepService, Weight: "major, likely",
			Meaning:   "A controller takes the Ingresses of its class. One whose class does not exist is taken by none, and nothing comes in by it.",
			Condition: "The Ingress has no address and no events, and its spec.ingressClassName is the name of no IngressClass, for a minute; or it has no class, and no IngressClass is the default, for five minutes.",
			NotSaid: []string{
				"The annotation kubernetes.io/ingress.class is there: Ingress for GKE goes by it, and needs no IngressClass.",
				"The Ingress has an address, or an event: somebody took it.",
				"You may not list IngressClasses: then it is not known.",
				"It is never red: a few controllers take a class by its mere name, or an Ingress without one.",
			},
			Fix:     "Name a class that exists in spec.ingressClassName, or install the controller. Where one class is near by name it is probably meant; where there is only one, it is a candidate and no more.",
			Sources: []string{docIngress, docGKEIngress},
		},
		{
			ID: "ING-04", Name: "Ingress without an address, or an unhealthy backend", Step: StepService, Weight: "major; proven by its controller's error, else likely; info where nothing says why",
			Meaning:   "The controller of an Ingress has not made the entry for clients outside, or its load balancer sends nothing to this backend. The Service itself may be well.",
			Condition: "status.loadBalancer.ingress is empty for five minutes, and the newest word of the controller about this very Ingress (by uid) is an error, said a minute after it came where it is of a kind that does not mend itself; or another Ingress of the same class in the namespace has an address. Or GKE's annotation ingress.kubernetes.io/backends says UNHEALTHY of a backend of this Service, which has usable endpoints.",
			NotSaid: []string{
				"No event, and no other Ingress with an address: some controllers publish none. It is mentioned as advice after five minutes, and changes no verdict.",
				"An error that a success followed, or that is about the Ingress' predecessor of the same name.",
				"The Service has nothing usable: then that is the fault, and it is not said twice.",
			},
			Fix:     "The event says it in the controller's words. For UNHEALTHY, let the health check's path answer 200, or set it with a BackendConfig.",
			Sources: []string{docIngress, docGKEIngress, "ingress-gce and aws-load-balancer-controller: their event reasons"},
		},
		{
			ID: "ING-05", Name: "GKE Ingress cannot use a ClusterIP Service", Step: StepService, Weight: "major, proven",
			Meaning:   "The load balancer of GKE reaches Pods through a network endpoint group, or nodes through a nodePort. The Service offers neither.",
			Condition: "The newest event of the Ingress says that this Service is of type ClusterIP where NodePort or LoadBalancer was expected, and it is of that type still, without the annotation cloud.google.com/neg for Ingress.",
			NotSaid:   []string{"Without that event: in VPC-native clusters GKE sets the annotation by itself.", "In its first minute."},
			Fix:       "Annotate the Service with cloud.google.com/neg: {\"ingress\": true}; in a cluster that is not VPC-native make it a NodePort Service.",
			Sources:   []string{docGKEIngress, "ingress-gce: the translator's errors"},
		},
	}
}

func gatewayTexts() []Explanation {
	return []Explanation{
		{
			ID: "GW-01", Name: "Route refused, or taken by nobody", Step: StepService, Weight: "major, proven; likely where no controller took it, or where it has no address: it may be used by a node port",
			Meaning:   "A route of the Gateway API brings requests here only where the controller of its Gateway accepts it and can resolve what it refers to. For a reference that it cannot resolve clients get the status 500.",
			Condition: "A route refers to this Service, and in its status Accepted is False, ResolvedRefs is False where this Service is the route's only backend or is named in the message, or PartiallyInvalid is True (minor); or its status is empty a minute after it was made. Or a route refers to a Service that does not exist: that is said of the missing Service, below SVC-01.",
			NotSaid: []string{
				"The condition's observedGeneration is not the route's generation: it speaks of the route as it was before.",
				"ResolvedRefs is False because of another backend of the route.",
				"The controller does not find what exists by now: only likely.",
				"The Gateway itself accounts for it: see GW-03.",
			},
			Fix:     "The condition's message says it in the controller's words.",
			Sources: []string{docGatewayAPI, seenOnCluster},
		},
		{
			ID: "GW-02", Name: "backendRef that leads nowhere", Step: StepService, Weight: "major, proven",
			Meaning:   "A backendRef names the Service and its port, not the target port. Where the port is not there, or every weight of the rule is 0, or a Service of another namespace is not granted, clients get the status 500.",
			Condition: "The port of a backendRef to this Service is none of spec.ports[].port, or is not set; or all backends of the rule have the weight 0; or the route is of another namespace, and no ReferenceGrant here lets its kind and namespace refer to this Service.",
			NotSaid: []string{
				"This backend alone has the weight 0: a canary that gets nothing yet.",
				"You may not list ReferenceGrants: then it is not known.",
				"In the first ten seconds.",
			},
			Fix:     "Name the Service's port, give a weight, or make the ReferenceGrant; the command is given where it can be told what is meant.",
			Sources: []string{docGatewayAPI, seenOnCluster},
		},
		{
			ID: "GW-03", Name: "Gateway in front does not serve", Step: StepService, Weight: "major, proven; likely where no controller took it",
			Meaning:   "The routes to this Service are attached to a Gateway that brings nothing in: it does not exist, it or its listener is refused or not programmed, or no controller has taken it. The Service itself may be well.",
			Condition: "A route to this Service names a Gateway that does not exist; or whose condition Accepted or Programmed is False; or no condition of which has been written by a controller for a minute; or a listener that the route asks for, by name, port or hostname, is Conflicted, or has ResolvedRefs, Accepted or Programmed False. An address that is not assigned yet, a certificate that is not there yet, and what is Pending may last five minutes.",
			NotSaid: []string{
				"The condition's observedGeneration is not the Gateway's generation.",
				"A listener whose hostname fits none of the route's, or that the route does not name; or one of another protocol, where it names none.",
				"The Gateways of that namespace cannot be read.",
			},
			Fix:     "The condition's message says it in the controller's words: a certificate, an address, a port that two listeners want.",
			Sources: []string{docGatewayAPI, seenOnCluster},
		},
	}
}

func apiServerTexts() []Explanation {
	return []Explanation{
		{
			ID: "API-01", Name: "Webhook that nobody answers", Step: StepService, Weight: "critical with failurePolicy Fail, minor with Ignore; proven",
			Meaning:   "The API server asks a webhook behind this Service before it takes a write. Where nobody answers, a webhook with failurePolicy Fail has all such writes refused, in the whole cluster, new Pods often among them; one with Ignore is passed over in silence.",
			Condition: "A ValidatingWebhookConfiguration or MutatingWebhookConfiguration names this Service, and it does not exist, or it does not have the port (443 unless said otherwise), or nothing usable is behind that port.",
			NotSaid: []string{
				"A webhook without rules is asked about nothing.",
				"An ExternalName: the API server calls the name.",
				"In the first ten seconds, and while its Pods may still be starting.",
				"You may not list webhook configurations: then it is not known.",
			},
			Fix:     "Bring the Service back, or name its port in the configuration. Where the program is gone for good, delete the configuration.",
			Sources: []string{docWebhooks, codeAPIResolver, seenOnCluster},
		},
		{
			ID: "API-02", Name: "Aggregated API is not available", Step: StepService, Weight: "major, proven",
			Meaning:   "The API server hands the requests of an API group, such as metrics.k8s.io, to a program behind this Service. Until that is available its requests fail, kubectl warns, and no namespace can be deleted.",
			Condition: "An APIService names this Service, and it does not exist, or it does not have the port (443 unless said otherwise), or the condition Available is False for a minute.",
			NotSaid:   []string{"In the first minute: an aggregated API server takes a moment to start.", "You may not list APIServices: then it is not known."},
			Fix:       "Mend the Service, or name its port in the APIService. FailedDiscoveryCheck with usable endpoints is mostly TLS or a network that keeps the API server from the Pods; the message says which.",
			Sources:   []string{docAggregation, codeAPIResolver, seenOnCluster},
		},
	}
}
