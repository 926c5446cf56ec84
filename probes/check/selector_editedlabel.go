package check

import (
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// checkEditedLabel is SEL-09: a Pod that a ReplicaSet made has no owner any more, because somebody edited a label of it that its
// ReplicaSet selects by, and with that label it left the Service too. It is told as the reason beside what else is said.
func checkEditedLabel(s *subject) []Finding {
	var edited []*corev1.Pod
	for _, pod := range s.in.Snapshot.Pods(s.key.Namespace) {
		if !PodEnded(pod) && orphaned(pod) && s.lacksOnePair(pod) {
			edited = append(edited, pod)
		}
	}
	if len(edited) == 0 {
		return nil
	}
	first := edited[0]
	finding := Finding{
		ID: "SEL-09", Severity: Info, Confidence: Likely, Step: StepSelector,
		Short: short("label edited: Pod %s", first.Name),
		Title: fmt.Sprintf("A label of Pod %s was edited, and it left its ReplicaSet and this Service.", first.Name),
		Why:   "It carries a template's hash, and no ReplicaSet owns it any more. It runs on, gets no traffic, and nobody replaces it when it ends.",
		Fix:   &Fix{Note: "set the label back, or delete the Pod when it is no longer needed"},
	}
	for _, pod := range edited[:min(len(edited), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "metadata.labels", Value: labelsText(pod.Labels),
		})
	}
	for _, key := range sortedKeys(s.service.Spec.Selector) {
		if value := s.service.Spec.Selector[key]; first.Labels[key] != value {
			finding.Fix = &Fix{
				Command: s.kubectl("label", "pod", first.Name, "--overwrite", key+"="+value),
				Note:    "sets the label back; or delete the Pod when it is no longer needed",
			}
			break
		}
	}
	return []Finding{finding}
}

// orphaned tells whether a Pod was made from a Deployment's template and has no owner: a ReplicaSet lets go of a Pod that its selector
// does not match any more.
func orphaned(pod *corev1.Pod) bool {
	return pod.Labels["pod-template-hash"] != "" && metav1.GetControllerOfNoCopy(pod) == nil
}

// lacksOnePair tells whether a Pod carries all of the selector but one pair. Of a selector of one pair nothing would be left: then the
// Pod must come from a Deployment whose template carries it, as the beginning of the Pod's name tells.
func (s *subject) lacksOnePair(pod *corev1.Pod) bool {
	missing := 0
	for key, value := range s.service.Spec.Selector {
		if pod.Labels[key] != value {
			missing++
		}
	}
	if missing != 1 {
		return false
	}
	if len(s.service.Spec.Selector) > 1 {
		return true
	}
	for i := range s.templates() {
		if w := &s.matching[i]; w.owner.Kind == "Deployment" && pod.GenerateName == w.owner.Name+"-"+pod.Labels["pod-template-hash"]+"-" {
			return true
		}
	}
	return false
}

// labelsText writes labels like a selector, without the hash that says nothing to a reader.
func labelsText(labels map[string]string) string {
	shown := maps.Clone(labels)
	delete(shown, "pod-template-hash")
	return strings.TrimSpace(selectorText(shown))
}
