package check

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func leftOverSlicesRule() Rule {
	return Rule{
		IDs: []string{"SVC-05"}, Step: StepSelector, Uses: []model.Kind{model.Pods}, explains: true,
		applies: func(s *subject) bool {
			return s.routes() && !s.selects() && s.slicesKnown() && s.leftOverSlice() != nil
		},
		check: checkLeftOverSlices,
	}
}

func (s *subject) leftOverSlice() *discoveryv1.EndpointSlice {
	for _, slice := range s.slices {
		if slice.Labels[discoveryv1.LabelManagedBy] == endpointSliceController && len(slice.Endpoints) > 0 {
			return slice
		}
	}
	return nil
}

// checkLeftOverSlices is SVC-05: the selector was taken away, and slices that the controller had made are still there. They
// are never tidied, and go stale.
func checkLeftOverSlices(s *subject) []Finding {
	left := s.leftOverSlice()
	finding := Finding{
		ID: "SVC-05", Severity: Major, Confidence: Proven, Step: StepSelector,
		Short: "selector removed, slices left behind",
		Title: "The selector is gone, and the slices that it once filled are still there.",
		Why:   "Nobody updates these addresses any more: when the Pods move, traffic goes nowhere.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.selector", Value: "absent"},
			{Kind: "EndpointSlice", Namespace: left.Namespace, Name: left.Name, Field: "metadata.labels." + discoveryv1.LabelManagedBy, Value: endpointSliceController},
		},
	}
	there, gone := s.leftOverPods()
	if len(gone) > 0 {
		finding.Why = fmt.Sprintf("Nobody updates these addresses any more, and %s listed there %s not there any more.", counted(len(gone), "Pod"), verbFor(len(gone), "is", "are"))
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "EndpointSlice", Namespace: left.Namespace, Name: left.Name, Field: "endpoints[].targetRef", Value: firstOf(gone, 3)})
		if len(there) == 0 {
			finding.Severity = Critical
		}
	}
	tidy := s.kubectl("delete", "endpointslices", "-l", discoveryv1.LabelServiceName+"="+s.key.Name+","+discoveryv1.LabelManagedBy+"="+endpointSliceController) +
		" && " + s.kubectl("delete", "endpoints", s.key.Name, "--ignore-not-found")
	finding.Fix = s.serviceFix(Fix{Note: "restore the selector: the controllers then tidy up; where none is wanted: " + tidy})
	if selector := s.formerSelector(there); selector != nil {
		finding.Cause = &Cause{Text: "it was probably " + selectorText(selector), Confidence: Likely}
		finding.Fix = s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"selector": selector}),
			Note:    "the controllers then tidy up; where no selector is wanted: " + tidy,
		})
	}
	return []Finding{s.settled(finding)}
}

// leftOverPods are the Pods that the slices left behind list, and the names of those that are gone, as far as Pods are known.
func (s *subject) leftOverPods() (there []*corev1.Pod, gone []string) {
	if !s.podsKnown() {
		return nil, nil
	}
	for i := range s.endpoints().listed {
		listed := &s.endpoints().listed[i]
		backend := &s.endpoints().Backends[listed.backend]
		switch {
		case listed.slice.Labels[discoveryv1.LabelManagedBy] != endpointSliceController || backend.PodName == "":
		case backend.Pod != nil && hasIP(backend.Pod, listed.endpoint.Addresses[0]):
			there = append(there, backend.Pod)
		case !slices.Contains(gone, backend.PodName):
			gone = append(gone, backend.PodName)
		}
	}
	return there, gone
}

// formerSelector guesses what the selector was: the labels by which applications are named that all Pods listed share. It is
// nil where there are none, or where they would select Pods that are not listed.
func (s *subject) formerSelector(listed []*corev1.Pod) map[string]string {
	if len(listed) == 0 {
		return nil
	}
	shared := maps.Clone(listed[0].Labels)
	maps.DeleteFunc(shared, func(key, value string) bool {
		return !isNameKey(key) || slices.ContainsFunc(listed, func(pod *corev1.Pod) bool { return pod.Labels[key] != value })
	})
	for _, pod := range selectedAndLive(s.in.Snapshot, s.key.Namespace, shared) {
		if !slices.Contains(listed, pod) && pod.DeletionTimestamp == nil && !s.replaces(pod, listed) {
			return nil
		}
	}
	if len(shared) == 0 {
		return nil
	}
	return shared
}

// replaces tells whether a Pod is of the same workload as those listed: one that came after the selector went.
func (s *subject) replaces(pod *corev1.Pod, listed []*corev1.Pod) bool {
	owner := OwnerOf(s.in.Snapshot, pod)
	return owner != Owner{} && owner == OwnerOf(s.in.Snapshot, listed[0])
}
