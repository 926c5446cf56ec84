package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func nodeMissingRules() []Rule {
	return []Rule{{
		IDs: []string{"POD-10"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.Events, model.Nodes},
		applies: func(s *subject) bool {
			return selectsKnown(s) && !s.service.Spec.PublishNotReadyAddresses && len(s.slices) > 0
		},
		looks: func(s *subject) bool { return len(s.unlisted()) > 0 }, explains: true,
		check: checkNodeMissing,
	}}
}

// unlisted returns the Pods that are Ready and that no slice lists.
func (s *subject) unlisted() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range s.live() {
		if pod.DeletionTimestamp == nil && pod.Spec.NodeName != "" && model.PodReady(pod) && !s.endpoints().Lists(pod) {
			pods = append(pods, pod)
		}
	}
	return pods
}

// checkNodeMissing is POD-10: Pods are Ready, and the EndpointSlice controller leaves them out because there is no Node object of the
// name that they were bound to (EndpointSlice reconciler in k8s.io/endpointslice). It says so in an event of the Service.
func checkNodeMissing(s *subject) []Finding {
	var skipped []*corev1.Pod
	for _, pod := range s.unlisted() {
		if s.nodeMissing(pod) {
			skipped = append(skipped, pod)
		}
	}
	if len(skipped) == 0 {
		return nil
	}
	first := skipped[0]
	finding := Finding{
		ID: "POD-10", Severity: Minor, Confidence: Likely, Step: StepEndpoints,
		Short: short("no Node object %s", first.Spec.NodeName),
		Title: fmt.Sprintf("There is no Node %s, so %s of this Service %s left out of its slices.", first.Spec.NodeName,
			counted(len(skipped), "Pod"), verbFor(len(skipped), "is", "are")),
		Why: "The EndpointSlice controller lists no Pod whose Node object it cannot find.",
		Fix: &Fix{Note: "where the node is gone for good, its Pods are deleted in a minute or two and made anew elsewhere; where it runs, let its kubelet register again"},
	}
	if s.nodesKnown() {
		finding.Confidence = Proven
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "Node", Name: first.Spec.NodeName, Field: "metadata.name", Value: "absent"})
	}
	for _, pod := range skipped[:min(len(skipped), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "spec.nodeName", Value: pod.Spec.NodeName,
		})
	}
	if event := newestEvent(s, s.service.UID, "FailedToUpdateEndpointSlices"); event != nil {
		finding.Why = event.Message
		finding.Evidence = append(finding.Evidence, eventEvidence(event))
	}
	if s.dead() {
		finding.Severity = Critical
	}
	return []Finding{s.settled(finding)}
}

// nodesKnown tells whether that a Node is absent means anything: a cluster of which no Node is held at all is one that hides them.
func (s *subject) nodesKnown() bool {
	return s.known([]model.Kind{model.Nodes}) && len(s.in.Snapshot.Nodes()) > 0
}

// nodeMissing tells whether the Node that a Pod was bound to does not exist, by the Nodes or by what the EndpointSlice controller says.
func (s *subject) nodeMissing(pod *corev1.Pod) bool {
	if s.nodesKnown() {
		return s.in.Snapshot.Node(pod.Spec.NodeName) == nil
	}
	return slices.ContainsFunc(s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID), func(event *corev1.Event) bool {
		return event.Reason == "FailedToUpdateEndpointSlices" &&
			strings.Contains(event.Message, "skipping Pod "+pod.Name+" ") && strings.Contains(event.Message, "Node "+pod.Spec.NodeName+" ")
	})
}
