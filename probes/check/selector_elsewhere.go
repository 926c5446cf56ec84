package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// foreignPods are the live Pods of one other namespace that a selector would match there.
type foreignPods struct {
	namespace string
	pods      []*corev1.Pod
	// services are the Services of that namespace that select them.
	services []string
}

// podsElsewhere returns, as far as Pods of other namespaces are known, where the Service's selector would match.
func podsElsewhere(s *subject) []foreignPods {
	var found []foreignPods
	for _, namespace := range s.in.Snapshot.PodNamespaces() {
		if namespace == s.key.Namespace {
			continue
		}
		if pods := selectedAndLive(s.in.Snapshot, namespace, s.service.Spec.Selector); len(pods) > 0 {
			there := s.service.DeepCopy()
			there.Namespace, there.Name = namespace, ""
			found = append(found, foreignPods{namespace, pods, selectedBy(s.in.Snapshot, there, pods[0])})
		}
	}
	return found
}

// checkElsewhere is SEL-03: nothing of the Service's own namespace matches or is near, no workload would bring Pods that do, and
// Pods of another namespace match the selector exactly. A Service selects Pods of its own namespace only. Where the same
// application runs in several namespaces, as in one for each tenant, that is no more than a hint.
func checkElsewhere(s *subject) (Finding, bool) {
	found := podsElsewhere(s)
	if len(found) == 0 {
		return Finding{}, false
	}
	finding := selectorFinding(s, "SEL-03")
	first := found[0]
	selector := selectorText(s.service.Spec.Selector)
	finding.Short = short("its Pods are in namespace %s", first.namespace)
	finding.Title = fmt.Sprintf("No Pod of namespace %s carries %s.", s.key.Namespace, selector)
	finding.Why = "A Service selects Pods of its own namespace only."
	namespaces := make([]string, 0, len(found))
	selected := false
	for i, other := range found {
		namespaces = append(namespaces, other.namespace)
		selected = selected || len(other.services) > 0
		if i < 3 {
			for _, pod := range other.pods[:min(len(other.pods), 2)] {
				finding.Evidence = append(finding.Evidence, Evidence{
					Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "metadata.labels", Value: selector,
				})
			}
		}
	}
	finding.Cause = &Cause{
		Text:       fmt.Sprintf("%s of namespace %s %s exactly these labels", counted(len(first.pods), "Pod"), first.namespace, verbFor(len(first.pods), "carries", "carry")),
		Confidence: Likely,
	}
	if len(found) > 1 {
		finding.Short = short("no Pod here has %s", selector)
		finding.Cause = &Cause{Text: "Pods of namespaces " + firstOf(namespaces, 3) + " carry exactly these labels", Confidence: Possible}
	}
	fix := Fix{Note: "make the Service where its Pods are, or deploy the Pods here"}
	if len(first.services) > 0 {
		fix.Note = fmt.Sprintf("clients can call %s.%s, which leads to these Pods; or deploy the Pods here", first.services[0], first.namespace)
	}
	finding.Fix = s.serviceFix(fix)
	if selected && s.neverHadEndpoint() {
		// The application runs there with a Service of its own, and a part of it was never deployed here.
		finding.Confidence = Likely
		finding.Why += " Its EndpointSlice never held an endpoint: this may be a Service that waits for something."
	}
	return finding, true
}
