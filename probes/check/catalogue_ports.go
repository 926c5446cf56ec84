package check

func portTexts() []Explanation {
	return []Explanation{
		{
			ID: "PORT-01", Name: "No container port of that name", Step: StepEndpoints, Weight: "critical, proven, where every port is dead, else major; minor for a headless Service",
			Meaning:   "targetPort is a name, and no Pod has a container port of that name. kubectl shows the Pods as endpoints all the same: they are listed, in a slice without ports.",
			Condition: "Endpoints are ready, and none of their slices has the Service's port. It is also said ahead of time, as major, while a Deployment rolls out a template that lacks the port: then it will hold when the rollout ends.",
			NotSaid: []string{
				"One name with several numbers: legal, in several slices.",
				"The name is that of a native sidecar.",
				"An empty slice has no ports either: it is a placeholder.",
				"Ended Pods linger in slices without ports: they are not ready, and do not count.",
			},
			Fix:     "Set targetPort to the name that the container has, or give the container's port that name.",
			Sources: []string{codeSliceCtl, codeKubeProxy, seenOnCluster},
		},
		{
			ID: "PORT-02", Name: "Some Pods lack the named port", Step: StepEndpoints, Weight: "major, proven; minor in the first minute of a rollout",
			Meaning:   "Pods without a container port of that name are listed as endpoints and get no traffic; the others carry it all.",
			Condition: "Some ready endpoints are in slices with the Service's port, others in slices without.",
			NotSaid:   []string{"One name with several numbers."},
			Fix:       "Give the port of these Pods' containers the name.",
			Sources:   []string{codeSliceCtl, seenOnCluster},
		},
		{
			ID: "PORT-03", Name: "Named port of another protocol", Step: StepEndpoints, Weight: "critical, proven, where every port is dead, else major",
			Meaning:   "The container has a port of that name, but of another protocol. A named targetPort is joined by name and protocol.",
			Condition: "As PORT-01 or PORT-02, and the Pod has the name under another protocol.",
			Fix:       "Make the protocols the same.",
			Sources:   []string{codeSliceCtl, seenOnCluster},
		},
		{
			ID: "PORT-05", Name: "targetPort is not the port that the container declares", Step: StepEndpoints, Weight: "major, likely",
			Meaning:   "The Pods declare one port and are probed on it, and the Service sends to another. Nothing may listen there.",
			Condition: "targetPort is a number; every matching Pod declares exactly one port, another one, and is Ready by a probe of that.",
			NotSaid:   []string{"Ports that are not declared alone: declaring is not needed.", "A Pod that is Ready by a probe of the targetPort, or declares it.", "Containers that declare several ports, or none.", "Another port of the Service goes to the declared one: a port for metrics beside it need not be declared."},
			Fix:       "Run the isolation test. If nothing listens there, set targetPort to the port that the container has.",
			Sources:   []string{docServices},
		},
		{
			ID: "PORT-06", Name: "port and targetPort look swapped", Step: StepEndpoints, Weight: "major, likely",
			Meaning:   "port is what clients ask for, targetPort where the container listens. The containers declare the Service's port, and not its targetPort.",
			Condition: "targetPort is a number, and every matching Pod declares the number of port and not that of targetPort.",
			NotSaid:   []string{"A Ready Pod's probe asks the targetPort: something listens there.", "Another port of the Service goes to the declared one."},
			Fix:       "Set targetPort to the container's port. The command tests that the port is still the one it means: a strategic patch could change another.",
			Sources:   []string{docServices, "kubernetes/kubernetes#39188 and #105610, on strategic patches of ports"},
		},
		{
			ID: "PORT-07", Name: "The Service has no such port", Step: StepIsolation, Weight: "major, proven", ByTest: true,
			Meaning:   "Somebody dials a port that the Service does not have. By the kind of kube-proxy he is refused, or waits in vain.",
			Condition: "The port that was asked for is not in spec.ports.",
			Fix:       "Dial one of the Service's own ports, not the targetPort.",
			Sources:   []string{docServices, seenOnCluster},
		},
		{
			ID: "PORT-08", Name: "Nothing listens", Step: StepIsolation, Weight: "critical, probed", ByTest: true,
			Meaning:   "The Pod refuses connections on the port, on its loopback as on its address.",
			Condition: "The port-forward and the API server's proxy to the same Pod, whose container runs, are both refused.",
			NotSaid:   []string{"The container does not run: then a refusal proves nothing.", "Only the port-forward is refused: the application may listen on the Pod's address alone, and is fine."},
			Fix:       "Let the application listen on the targetPort, or correct the targetPort.",
			Sources:   []string{"containerd: port-forward dials localhost in the Pod", seenOnCluster},
		},
		{
			ID: "PORT-09", Name: "Listens on 127.0.0.1 only", Step: StepIsolation, Weight: "critical, probed", ByTest: true,
			Meaning:   "The application accepts connections on its loopback only. A port-forward reaches it there; no client of the Service can.",
			Condition: "The port-forward to a Pod answers, and its address refuses the API server's proxy.",
			NotSaid:   []string{"A service mesh rewrites connections: then it is only possible.", "The proxy times out instead: that is a network or a policy."},
			Fix:       "Let it listen on 0.0.0.0 or on the Pod's address.",
			Sources:   []string{"containerd: port-forward dials localhost in the Pod", seenOnCluster},
		},
		{
			ID: "PORT-15", Name: "IP family without endpoints", Step: StepEndpoints, Weight: "critical, proven, where every family is dead, else major",
			Meaning:   "The Service has an address of a family that none of its Pods has. Clients that take it are refused.",
			Condition: "One of spec.ipFamilies has no usable endpoint while another has; or the Pods are Ready, and none has an address of the Service's only family; or there is no selector, and the slices hold addresses of another family alone.",
			NotSaid:   []string{"A headless Service without a selector: both families are set by default."},
			Fix:       "Add the family that the Pods have with ipFamilyPolicy PreferDualStack; the first family cannot be changed.",
			Sources:   []string{"kubernetes.io, Concepts: IPv4/IPv6 dual-stack", seenOnCluster},
		},
	}
}

func sliceTexts() []Explanation {
	return []Explanation{
		{
			ID: "EPS-01", Name: "Port names of Service and slice differ", Step: StepEndpoints, Weight: "critical, proven, where every port is dead, else major",
			Meaning:   "kube-proxy joins a Service and its slices by the port's name and protocol. Where the names differ, nothing is routed, though the endpoints are listed.",
			Condition: "The Service has no selector, endpoints are ready, and no slice has a port of the Service's port name and protocol.",
			NotSaid:   []string{"targetPort differs from the slice's port: without a selector it means nothing."},
			Fix:       "Give the slice's port the name, or the protocol, of the Service's. Where the slice is a copy of an Endpoints object, change that.",
			Sources:   []string{codeKubeProxy, "kubernetes/kubernetes#123954", seenOnCluster},
		},
		{
			ID: "EPS-02", Name: "Slice without ports", Step: StepEndpoints, Weight: "critical, proven, where every port is dead, else major",
			Meaning:   "The API reads a slice without ports as one for all ports. kube-proxy ignores it.",
			Condition: "The Service has no selector, endpoints are ready, and their slice leaves its ports out.",
			Fix:       "Write the port into the slice, with the Service's port name.",
			Sources:   []string{codeKubeProxy, seenOnCluster},
		},
		{
			ID: "EPS-07", Name: "Ready Pods are ready in no slice", Step: StepEndpoints, Weight: "critical, proven",
			Meaning:   "The EndpointSlice controller does not keep up or does not run, or misses the Pods' Node object.",
			Condition: "Nothing is usable, and selected Pods that have been Ready for half a minute, with an address of the Service's family, are ready in none of its slices.",
			NotSaid:   []string{"The first half minute: Pods and slices are not read in one moment."},
			Fix:       "Look at kube-controller-manager.",
			Sources:   []string{codeSliceCtl},
		},
		{
			ID: "EPS-10", Name: "No EndpointSlice at all", Step: StepEndpoints, Weight: "critical, proven",
			Meaning:   "The controller makes a slice for every Service with a selector, an empty one where nothing matches. It has made none.",
			Condition: "The Service has a selector, the slices of the namespace are known, and half a minute after its creation there is none for it.",
			NotSaid:   []string{"selector: {} is no selector: no slice is made.", "An ExternalName."},
			Fix:       "Look at kube-controller-manager, and whether the namespace is terminating.",
			Sources:   []string{docSlices, seenOnCluster},
		},
	}
}
