package check

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// stopTakes is how long after its first container was told to stop a Pod may still be there, the usual grace period included.
const stopTakes = time.Minute

func outdatedSliceRule() Rule {
	return Rule{
		IDs: []string{"EPS-07"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods}, Awaits: []model.Kind{model.Nodes}, explains: true,
		applies: func(s *subject) bool { return s.selects() && s.slicesKnown() && len(s.slices) > 0 },
		looks:   func(s *subject) bool { return len(s.readyNotListed()) > 0 || len(s.listedAndGone()) > 0 },
		check:   checkOutdatedSlices,
	}
}

// checkOutdatedSlices is EPS-07: the slices that the EndpointSlice controller keeps do not follow the Pods. A selected Pod has
// been Ready for half a minute and is ready in no slice; or a slice lists as ready a Pod that is gone, is another one by now, or
// has another address. Pods and slices are not read in one moment, hence the wait.
func checkOutdatedSlices(s *subject) []Finding {
	if finding, ok := checkNotListed(s); ok {
		return []Finding{finding}
	}
	if finding, ok := checkListedAndGone(s); ok {
		return []Finding{finding}
	}
	return nil
}

// readyNotListed returns the Pods that are Ready, have an address that the Service can use, and are not ready in any slice.
func (s *subject) readyNotListed() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range s.current() {
		if model.PodReady(pod) && s.inFamily(pod) && !s.endpoints().ListsReady(pod) {
			pods = append(pods, pod)
		}
	}
	return pods
}

func checkNotListed(s *subject) (Finding, bool) {
	var missing []*corev1.Pod
	newest := s.created()
	for _, pod := range s.readyNotListed() {
		if !s.service.Spec.PublishNotReadyAddresses && !s.endpoints().Lists(pod) && s.nodeMissing(pod) {
			// POD-10 says why.
			continue
		}
		missing = append(missing, pod)
		ready := podCondition(pod, corev1.PodReady).LastTransitionTime.Time
		// A Pod that was Ready before may have been relabelled into the selector.
		newest = latestOf(newest, ready, model.LabelsChanged(pod))
	}
	if len(missing) == 0 || s.slicesReadBefore(newest) {
		return Finding{}, false
	}
	if change, ok := model.SelectorChanged(s.service); ok {
		newest = latestOf(newest, change.At)
	}
	finding := Finding{
		ID: "EPS-07", Severity: Major, Confidence: Proven, Step: StepEndpoints,
		Short: short("%s Ready, not so in any slice", counted(len(missing), "Pod")),
		Title: fmt.Sprintf("%s Ready and selected, and no EndpointSlice lists %s as ready.", isAre(len(missing), "Pod"), verbFor(len(missing), "it", "them")),
		Why:   "The EndpointSlice controller lags or does not run, or it does not find the Pods' Node.",
		Fix:   &Fix{Note: "look at kube-controller-manager"},
		Since: newest,
	}
	if s.dead() {
		finding.Severity = Critical
	}
	for _, pod := range missing[:min(len(missing), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "status.conditions[Ready].status", Value: "True",
		})
	}
	return s.heldFor(finding, controllerSlow), true
}

// slicesReadBefore tells that slices were listed once, before a time: of later Pods they cannot tell.
func (s *subject) slicesReadBefore(at time.Time) bool {
	coverage := s.coverage(model.EndpointSlices)
	return coverage.State == model.Listed && !coverage.Since.After(at.Add(controllerSlow))
}

// listedAndGone returns the endpoints that are ready by a slice of the controller, and are no Pod any more, or another one. Where
// the Service publishes addresses before they are ready, or Pods are not watched, nothing is concluded.
func (s *subject) listedAndGone() []goneEndpoint {
	if s.covered(model.Pods).State != model.Live {
		return nil
	}
	var gone []goneEndpoint
	endpoints := s.endpoints()
	for i := range endpoints.listed {
		listed := &endpoints.listed[i]
		target := listed.endpoint.TargetRef
		if target == nil || !isReady(listed.endpoint) || isTerminating(listed.endpoint) || listed.slice.Labels[discoveryv1.LabelManagedBy] != endpointSliceController {
			continue
		}
		backend := &endpoints.Backends[listed.backend]
		if backend.PodName == "" || backend.Pod != nil && hasIP(backend.Pod, listed.endpoint.Addresses[0]) {
			continue
		}
		if now, since, known := s.becameOf(listed.endpoint); known {
			gone = append(gone, goneEndpoint{listed.slice, listed.endpoint, now, since})
		}
	}
	return gone
}

type goneEndpoint struct {
	slice    *discoveryv1.EndpointSlice
	endpoint *discoveryv1.Endpoint
	// now says what became of the Pod, since when.
	now   string
	since time.Time
}

// becameOf says what became of the Pod of an endpoint whose address it does not have, and since when. That it is simply not there says nothing: it may have come a
// moment ago. Its kubelet's event tells that it was stopped.
func (s *subject) becameOf(endpoint *discoveryv1.Endpoint) (now string, since time.Time, known bool) {
	pod := s.in.Snapshot.Pod(model.Key{Namespace: s.key.Namespace, Name: endpoint.TargetRef.Name})
	switch {
	case pod == nil:
		if stopped := newestEvent(s, endpoint.TargetRef.UID, "Killing"); stopped != nil {
			return "gone", EventTime(stopped).Add(stopTakes), true
		}
	case endpoint.TargetRef.UID != "" && endpoint.TargetRef.UID != pod.UID:
		return "another Pod of that name", pod.CreationTimestamp.Time, true
	case !carries(pod.Labels, s.service.Spec.Selector):
		return "no longer selected", model.LabelsChanged(pod), !model.LabelsChanged(pod).IsZero()
	case pod.Status.PodIP != "":
		changed := pod.CreationTimestamp.Time
		for i := range pod.Status.Conditions {
			changed = latestOf(changed, pod.Status.Conditions[i].LastTransitionTime.Time)
		}
		return "at " + pod.Status.PodIP, changed, true
	}
	return "", time.Time{}, false
}

func hasIP(pod *corev1.Pod, address string) bool {
	return pod.Status.PodIP == address || slices.ContainsFunc(pod.Status.PodIPs, func(ip corev1.PodIP) bool { return ip.IP == address })
}

func checkListedAndGone(s *subject) (Finding, bool) {
	gone := s.listedAndGone()
	if len(gone) == 0 {
		return Finding{}, false
	}
	// A Pod of several families or ports is listed by several slices.
	pods := map[string]bool{}
	for _, endpoint := range gone {
		pods[endpoint.endpoint.TargetRef.Name] = true
	}
	finding := Finding{
		ID: "EPS-07", Severity: Major, Confidence: Proven, Step: StepEndpoints,
		Short: short("%s a Pod that is not there", verbFor(len(pods), "a slice lists", "slices list")),
		Title: fmt.Sprintf("EndpointSlices list %s as ready that %s not there any more.", counted(len(pods), "Pod"), verbFor(len(pods), "is", "are")),
		Why:   "Traffic goes to addresses that belong to nobody, or to somebody else: the EndpointSlice controller lags or does not run.",
		Fix:   &Fix{Note: "look at kube-controller-manager"},
	}
	if len(gone) == s.endpoints().listedReady() {
		finding.Severity = Critical
	}
	for _, endpoint := range gone {
		finding.Since = latestOf(finding.Since, endpoint.since)
		if len(finding.Evidence) < 3 {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "EndpointSlice", Namespace: endpoint.slice.Namespace, Name: endpoint.slice.Name, Field: "endpoints[].targetRef",
				Value: fmt.Sprintf("Pod %s at %s: %s", endpoint.endpoint.TargetRef.Name, endpoint.endpoint.Addresses[0], endpoint.now),
			})
		}
	}
	if s.slicesReadBefore(finding.Since) {
		return Finding{}, false
	}
	return s.heldFor(finding, controllerSlow), true
}
