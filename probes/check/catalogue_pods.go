package check

func workloadTexts() []Explanation {
	return []Explanation{
		{
			ID: "WL-01", Name: "Scaled to zero", Step: StepReadiness, Weight: "major, proven; told only, where it is on purpose",
			Meaning:   "The workload that the selector means is asked for no Pods. It reports that it is available all the same.",
			Condition: "Nothing is usable, and every workload whose template carries the selector wants 0 replicas; a DaemonSet, that it is wanted on no node.",
			NotSaid:   []string{"A ScaledObject of KEDA or a HorizontalPodAutoscaler whose minimum is 0 scales it, or Knative, kube-downscaler, Sablier or OpenShift (oc idle), as managedFields, labels and annotations tell.", "A preview or canary Service of an Argo Rollout.", "A Job that is suspended or has ended.", "The cluster's addon manager keeps it so; and where it is the cluster's own name server, it is only likely, because Pods may be told of another."},
			Fix:       "kubectl scale deploy/NAME --replicas=1, after asking who scaled it down.",
			Sources:   []string{"kubernetes.io, Concepts: Deployments", seenOnCluster},
		},
		{
			ID: "WL-02", Name: "Pods are not created", Step: StepReadiness, Weight: "critical, proven; without a reason given, likely",
			Meaning:   "The workload is asked for Pods, and the API server refuses them: a quota, Pod Security, an admission webhook, a missing ServiceAccount.",
			Condition: "Nothing is usable, no Pod matches, and a matching workload wants some: with condition ReplicaFailure or an event FailedCreate at once, without either after a minute.",
			NotSaid:   []string{"The first minute without a reason given: a controller may be at it."},
			Fix:       "Mend what the message names. The controller's retries back off for minutes: kubectl rollout restart deploy/NAME ends the wait.",
			Sources:   []string{"kubernetes.io, Concepts: Deployments, failed deployment", seenOnCluster},
		},
		{
			ID: "WL-03", Name: "Rollout is stuck", Step: StepReadiness, Weight: "minor, proven; told only, where no old Pods are left and the Service has endpoints",
			Meaning:   "The Deployment passed its progress deadline. Its old Pods may serve on.",
			Condition: "A Deployment whose template carries the selector has Progressing with reason ProgressDeadlineExceeded, and one of the Service's Pods is not Ready.",
			NotSaid:   []string{"A leader election, where one Pod of many is ever Ready, passes the deadline too: while the Service has endpoints, no command is offered."},
			Fix:       "Look at the Pods that are not Ready, and correct the template. Where nothing is usable and an earlier revision is known: kubectl rollout undo --to-revision.",
			Sources:   []string{"kubernetes.io, Concepts: Deployments, failed deployment"},
		},
		{
			ID: "POD-11", Name: "Every matching Pod has ended", Step: StepReadiness, Weight: "critical, proven; told only, where they succeeded",
			Meaning:   "Pods that Succeeded or Failed keep their labels and stay listed for a while, but get no traffic.",
			Condition: "Nothing is usable, Pods match, all of them have ended, and no workload's template carries the selector.",
			NotSaid:   []string{"Pods of a Job, or Pods that succeeded: they did what they were made for.", "The Service belongs to one of them by its owner references, as that of a Spark driver.", "Ended Pods beside running ones: they are left out of every count."},
			Fix:       "Create them anew, best through a Deployment.",
			Sources:   []string{codeSliceCtl, docLifecycle},
		},
	}
}

func podTexts() []Explanation {
	others := "Other Pods serve: then it is minor."
	return []Explanation{
		{
			ID: "POD-01", Name: "No node fits", Step: StepReadiness, Weight: "critical, proven; minor while others serve",
			Meaning:   "The scheduler finds no node for the Pods: too little CPU or memory, taints, node selectors, a volume elsewhere. Or a scheduling gate holds them back.",
			Condition: "Condition PodScheduled is False, for a minute where the reason is Unschedulable.",
			NotSaid:   []string{others, "The first minute: an autoscaler may bring a node. What it said of the Pod, TriggeredScaleUp or NotTriggerScaleUp, is told.", "A host port that is taken: that is POD-12."},
			Fix:       "The scheduler's message says what is missing: ask for less, add a node, or correct the rule.",
			Sources:   []string{docLifecycle, "kubernetes.io, Concepts: Kubernetes Scheduler"},
		},
		{
			ID: "POD-02", Name: "Image cannot be pulled", Step: StepReadiness, Weight: "critical, proven; minor while others serve",
			Meaning:   "The node cannot get a container's image: no such tag, a registry that refuses, a registry that cannot be reached.",
			Condition: "A container, or the init container in turn, waits with ErrImagePull, ImagePullBackOff, InvalidImageName, ErrImageNeverPull, ImageInspectError, RegistryUnavailable or SignatureValidationFailed.",
			NotSaid:   []string{others},
			Fix:       "Correct the image in the Pod template, or the imagePullSecrets.",
			Sources:   []string{"kubernetes.io, Concepts: Images"},
		},
		{
			ID: "POD-03", Name: "Crash loop", Step: StepReadiness, Weight: "critical, proven; minor while others serve; major where every Pod is Ready in between",
			Meaning:   "A container ends soon after it starts, again and again; each wait is longer than the one before.",
			Condition: "A container waits with CrashLoopBackOff; or has just ended, in the seconds before that; or runs, and has ended twice within ten minutes, as its last end, the start before that and the count tell. Since when, is the first crash that is known: by the kubelet's event BackOff, else by the status. That a probe killed it, likely, is known by the kubelet's event Killing of that run; or by that of an earlier run, where this one ended as one does that is asked to (exit 0, 137 or 143) and lasted as long as the probe allows: of a container that is restarted often the kubelet stops telling. Where it lasted otherwise, that is possible.",
			NotSaid: []string{
				others,
				"A high restart count alone: it counts a whole life.",
				"Without a readiness probe a container is Ready whenever it runs. If no Pod stays up, that is red while the container has run for less time than the kubelet waited with it, and a warning until it has held for ten minutes.",
			},
			Fix:     "kubectl logs POD -c CONTAINER --previous shows the last words. OOMKilled: raise the memory limit, or use less. Killed by a probe: see the probe.",
			Sources: []string{docLifecycle, seenOnCluster},
		},
		{
			ID: "POD-04", Name: "Container cannot be started", Step: StepReadiness, Weight: "critical, proven; minor while others serve",
			Meaning:   "Something the container needs is missing or wrong: a ConfigMap, a Secret, a key, a volume, its command, its network.",
			Condition: "A container waits with CreateContainerConfigError, CreateContainerError, RunContainerError or a hook's error, or last ended with StartError, or loops beside an event FailedPostStartHook; or, before any container was made, an event FailedMount, FailedAttachVolume, FailedCreatePodSandBox or NetworkNotReady names this Pod.",
			NotSaid:   []string{others},
			Fix:       "Create what the message names, or correct the Pod template.",
			Sources:   []string{docLifecycle, seenOnCluster},
		},
		{
			ID: "POD-05", Name: "Init container is not done", Step: StepReadiness, Weight: "critical, proven; minor while others serve",
			Meaning:   "The application has not started, because an init container before it fails or does not end.",
			Condition: "The first init container that is not done ended with an error, or has run for a minute. A native sidecar is done when it has started.",
			NotSaid:   []string{others, "The first minute."},
			Fix:       "kubectl logs POD -c INIT-CONTAINER shows what it waits for.",
			Sources:   []string{"kubernetes.io, Concepts: Init Containers"},
		},
		{
			ID: "POD-06", Name: "Running, but not Ready", Step: StepReadiness, Weight: "critical, proven; told only, while others serve",
			Meaning:   "The containers run, and the readiness or startup probe fails. Pods that are not Ready are no endpoints.",
			Condition: "A container, or a native sidecar, runs and is not ready, or has ended and is not started again. How its probe fails is read from the newest event Unhealthy of this Pod: a status code, refused, a timeout, another protocol, a port that is not declared.",
			NotSaid: []string{
				"The probe's own time has not passed: initialDelaySeconds and periodSeconds × failureThreshold; half a minute at least while a rollout is under way.",
				"One of several is Ready, and has been for ten minutes: of a leader election only one ever is. Where more were Ready within ten minutes, it is a warning.",
				"publishNotReadyAddresses: such Pods are endpoints.",
			},
			Fix:     "Change the application, or the probe in the Pod template. Where the probe is refused on a port that the container does not declare, the command corrects it.",
			Sources: []string{docProbes, "kubelet: texts of the event Unhealthy", seenOnCluster},
		},
		{
			ID: "POD-07", Name: "Readiness gate", Step: StepReadiness, Weight: "critical, proven; told only, while others serve",
			Meaning:   "Every container is ready, and the Pod still waits for a condition that a controller outside sets, mostly that of a load balancer's health check.",
			Condition: "Condition Ready is False with reason ReadinessGatesNotReady, for a minute.",
			NotSaid:   []string{"The first minute: health checks take a while."},
			Fix:       "Look at the load balancer's health check, and at the controller that sets the condition.",
			Sources:   []string{"KEP-580, Pod Readiness++", docLifecycle},
		},
		{
			ID: "POD-08", Name: "Node is not Ready", Step: StepReadiness, Weight: "critical, proven; minor while others serve; without a look at the node, likely",
			Meaning:   "The node that the Pods run on does not report. Its Pods are taken out of the endpoints, though they may run on.",
			Condition: "The node's condition Ready is not True; or, where nodes cannot be read, the Pod lost Ready without a reason and an event NodeNotReady names it.",
			NotSaid:   []string{others},
			Fix:       "Look at the node: kubectl describe node NAME.",
			Sources:   []string{"kubernetes.io, Concepts: Nodes", seenOnCluster},
		},
		{
			ID: "POD-09", Name: "Only terminating Pods", Step: StepReadiness, Weight: "minor, proven; critical when they serve no more",
			Meaning:   "Every matching Pod is going. While they still serve, kube-proxy routes to them; headless names and the API server's proxy do not.",
			Condition: "Pods match, and each has a deletionTimestamp.",
			NotSaid:   []string{"They still serve: that is no outage, whatever services/proxy says.", "Their workload is to replace them and their grace period is not over: then it is minor."},
			Fix:       "See that others take their place. A Pod that does not go waits for its node or a finalizer.",
			Sources:   []string{"KEP-1669, Proxy Terminating Endpoints", seenOnCluster},
		},
		{
			ID: "POD-10", Name: "The Pods' node does not exist", Step: StepEndpoints, Weight: "critical, proven; minor while others serve; without a look at the nodes, likely",
			Meaning:   "Pods are Ready, but the Node object that they were bound to is gone, and the EndpointSlice controller leaves such Pods out.",
			Condition: "A Ready Pod is in no slice, and there is no Node of the name that it was bound to; or, where nodes cannot be read, an event FailedToUpdateEndpointSlices of the Service says so of this Pod.",
			NotSaid:   []string{others, "publishNotReadyAddresses: such Pods are listed all the same."},
			Fix:       "Where the node is gone for good, its Pods are deleted within minutes. Where it runs, its kubelet has to register again.",
			Sources:   []string{codeSliceCtl, seenOnCluster},
		},
		{
			ID: "POD-12", Name: "Port of the node is taken", Step: StepReadiness, Weight: "critical, proven; minor while others serve",
			Meaning:   "Pods in the host's network, or with a hostPort, want a port of their node for themselves, and no node is left where it is free.",
			Condition: "Condition PodScheduled is False for a minute, and the scheduler's message says that nodes did not have free ports.",
			NotSaid:   []string{others, "One endpoint for each node, with the node's own address: that is how Pods in the host's network are."},
			Fix:       "Ask for no more replicas than there are nodes, or do without the host's port. While a rolling update is under way, maxSurge 0 frees the port first.",
			Sources:   []string{"kubernetes.io, Concepts: Kubernetes Scheduler, NodePorts plugin", seenOnCluster},
		},
		{
			ID: "LOG-01", Name: "What the log hints at", Step: StepLogs, Weight: "told only, as a hint beside the log",
			Meaning:   "A line of the application's log says something that may keep the Service from it: a port that is taken or not permitted, listening on the loopback address or on another port, a dependency that refuses.",
			Condition: "The step Logs is open, and one of the last lines that it shows reads like that. A port is compared with the container ports that the Service leads to.",
			NotSaid:   []string{"A port beside the one that is meant, for metrics or health, while that is listened on too.", "The loopback address of a port that the Service does not lead to, or that is listened on everywhere too.", "Lines that have scrolled out of what is shown."},
			Fix:       "Run the isolation test: it tells what the log only hints at.",
			Sources:   []string{"The words of the runtimes: Go's net package, Node.js' error codes, nginx"},
		},
	}
}
