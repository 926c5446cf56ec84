package check

func selectorTexts() []Explanation {
	exact := "kubernetes.io, Concepts: Labels and Selectors"
	return []Explanation{
		{
			ID: "SEL-01", Name: "Selector nearly matches", Step: StepSelector, Weight: "critical, proven; the cause is likely",
			Meaning:   "No Pod carries the selector's labels, so there is no endpoint. Some Pods carry labels that differ by a slip: a dash, a letter, upper and lower case, another key for the same thing, two values swapped.",
			Condition: "The selector matches no Pod that runs, nothing is usable, no workload's template carries the selector, and the Pods nearest to it are near enough. Each pair that does not match has a cost by the kind of slip; the sum must not pass 6.",
			NotSaid: []string{
				"Names that stand side by side on purpose: web-1 and web-2, blue and green, api and app, primary and replica.",
				"Two groups as near as each other: both are shown, and neither is claimed.",
				"Pods that another Service selects already: the guess is only possible then.",
				"An empty selector: that is no selector, and never means every Pod.",
			},
			Fix:     "Change the Service's selector; the command does it, and leaves the pairs that are right. A Deployment's own selector cannot be changed, so changing its Pods' labels means making it anew.",
			Sources: []string{exact, seenOnCluster},
		},
		{
			ID: "SEL-02", Name: "One pair of the selector too many", Step: StepSelector, Weight: "critical, proven; the cause is likely. A warning where replicas are asked for and there never was one, or where another Service takes all these Pods by another value of that pair",
			Meaning:   "Pods match all of the selector but one pair. A Pod has to carry every pair.",
			Condition: "Nothing matches and nothing is usable; without exactly one pair Pods match; and the pairs that are left still name an application. It is also said ahead of time, as major, while the Deployment of all the Service's Pods rolls out a template that lacks a pair: then no Pod will match when the rollout ends.",
			NotSaid:   []string{"A workload's template carries the whole selector: then its Pods are missing (WL-01, WL-02).", "What is left names no application, only a team or a tier: half the namespace would be near."},
			Fix:       "Take the pair out of the selector or give it the value that the Pods have; or roll out Pods that carry it.",
			Sources:   []string{exact},
		},
		{
			ID: "SEL-03", Name: "The Pods are in another namespace", Step: StepSelector, Weight: "critical, proven; the cause is likely. A warning where there never was an endpoint and the Pods elsewhere have a Service",
			Meaning:   "Nothing in the Service's namespace carries its labels, and Pods of another namespace do. A Service selects Pods of its own namespace only.",
			Condition: "Nothing matches, nothing is usable, no Pods are near, no template carries the selector; and live Pods of another namespace carry exactly the selector, as far as Pods of other namespaces are known.",
			NotSaid:   []string{"Pods of the own namespace are near, or match all but one pair: then those are meant.", "The labels are found in several namespaces, as with an application for each tenant: then the guess is only possible."},
			Fix:       "Make the Service where its Pods are, or call the Service of that namespace by NAME.NAMESPACE, or deploy the Pods here.",
			Sources:   []string{exact, seenOnCluster},
		},
		{
			ID: "SEL-04", Name: "No Pods, and nothing near", Step: StepSelector, Weight: "critical, proven; a warning where there never was an endpoint",
			Meaning:   "Nothing in the namespace carries the labels, and no workload would bring Pods that do.",
			Condition: "Nothing matches, nothing is usable, no Pods are near, and no template of a Deployment, StatefulSet, DaemonSet, Rollout, Job or free ReplicaSet carries the selector.",
			NotSaid:   []string{"The Service's slice never held an endpoint, as its managedFields tell: then it is a warning. Services for control plane components that a cloud hides are like that.", "An ExternalName, or a Service without a selector."},
			Fix:       "Deploy the Pods, look in other namespaces, or correct the selector.",
			Sources:   []string{exact, "EndpointSlice controller: f:endpoints in managedFields stays when a slice is emptied"},
		},
		{
			ID: "SEL-05", Name: "Pods of two applications behind one Service", Step: StepSelector, Weight: "major, possible; likely, where some of them lack the Service's port",
			Meaning:   "The selector is so wide that Pods of another application match too. Clients are answered now by the one, now by the other.",
			Condition: "Ready Pods of at least two workloads are endpoints, and the repositories of their images differ. It is likely where those of one workload declare ports, but not the one that the Service goes to, and those of another do.",
			NotSaid:   []string{"A canary, blue and green, shards, one DaemonSet for each architecture: the images come from one repository.", "Workloads that share app.kubernetes.io/instance and all have the port.", "A headless Service: its clients choose among the addresses.", "Containers that declare no port at all: they need not."},
			Fix:       "Add a pair to the selector that only the Pods that are meant carry.",
			Sources:   []string{exact, seenOnCluster},
		},
		{
			ID: "SEL-06", Name: "A Job's Pod is an endpoint", Step: StepSelector, Weight: "minor, likely",
			Meaning:   "A Job's Pods carry the labels that the Service selects by, so they get a share of the requests while they run.",
			Condition: "A Pod that a Job owns is a ready endpoint, has no readiness probe, and other Pods are ready endpoints too.",
			NotSaid:   []string{"Pods of a Job that have ended: they get no traffic.", "A Pod with a readiness probe, or a Service whose only Pods are those of a Job: they serve on purpose.", "A headless Service."},
			Fix:       "Give the Job's Pod template other labels, or the selector a pair more.",
			Sources:   []string{exact, "kubernetes.io, Concepts: Pod Lifecycle, container probes", seenOnCluster},
		},
		{
			ID: "SEL-08", Name: "Selector holds a hash that is gone", Step: StepSelector, Weight: "critical, likely",
			Meaning:   "A progressive delivery tool wrote the hash of a ReplicaSet into the selector, and the ReplicaSet is gone.",
			Condition: "The selector has rollouts-pod-template-hash or pod-template-hash, nothing is usable, and no ReplicaSet's template carries the selector.",
			NotSaid:   []string{"The ReplicaSet exists at zero: that is a preview Service at rest.", "A Rollout names the Service as the one of its canary or its preview: then it is only told.", "The selector was changed less than a minute ago."},
			Fix:       "Let the Rollout finish or undo it; where none manages the Service any more, take the hash out of the selector.",
			Sources:   []string{"Argo Rollouts documentation: traffic management"},
		},
		{
			ID: "SEL-09", Name: "A Pod's label was edited", Step: StepSelector, Weight: "told only",
			Meaning:   "Somebody took a Pod out of its ReplicaSet by editing a label, often to look at it in peace. It left the Service too.",
			Condition: "Nothing matches and nothing is usable; a Pod carries pod-template-hash, has no owner, and carries all of the selector but one pair. Of a selector of one pair, the Pod's name must come from a Deployment whose template carries it.",
			NotSaid:   []string{"Its ReplicaSet has put another Pod in its place, and that is an endpoint."},
			Fix:       "Set the label back, or delete the Pod.",
			Sources:   []string{"kubernetes.io, Concepts: ReplicaSet, isolating Pods from a ReplicaSet", seenOnCluster},
		},
	}
}
