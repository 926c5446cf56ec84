package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// checkTerminatingOnly is POD-09: every selected Pod is terminating. While they still serve, kube-proxy routes to them, and
// it is minor; the API server's proxy and headless DNS do not. When they serve no more, nothing is left.
func checkTerminatingOnly(s *subject) []Finding {
	pods := s.live()
	finding := Finding{
		ID: "POD-09", Severity: Minor, Confidence: Proven, Step: StepReadiness,
		Short: short("only terminating Pods: %d", len(pods)),
		Title: fmt.Sprintf("Every Pod that the selector matches is terminating (%d).", len(pods)),
		Why:   "kube-proxy still routes to terminating Pods that serve while no other is ready; nothing takes their place yet.",
		Since: toldToEnd(pods[0]),
	}
	for _, pod := range pods[:min(len(pods), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name,
			Field: "metadata.deletionTimestamp", Value: pod.DeletionTimestamp.UTC().Format(time.RFC3339),
		})
	}
	if !s.dead() {
		if s.scaledToZero() {
			asked := &s.templates()[0]
			finding.Why = fmt.Sprintf("kube-proxy still routes to terminating Pods that serve while no other is ready. %s is asked for no other, so nothing is left when they end.", asked.owner)
		}
		return []Finding{finding}
	}
	finding.Severity = Critical
	finding.Fix = &Fix{Note: "a Pod that does not go waits for its node or for a finalizer"}
	if len(s.templates()) == 0 {
		finding.Why = "They serve no more, and nothing takes their place."
		return []Finding{s.settled(finding)}
	}
	if !slices.ContainsFunc(s.templates(), func(w workload) bool { return w.wanted > 0 }) {
		// WL-01 says why nothing comes in their place.
		return nil
	}
	finding.Why = "They serve no more. A StatefulSet, or a Deployment of strategy Recreate, makes others only when they are gone."
	finding.Fix.Note += "; one on a node that is gone for good goes when the Node object is deleted"
	last := slices.MaxFunc(pods, func(a, b *corev1.Pod) int { return a.DeletionTimestamp.Compare(b.DeletionTimestamp.Time) })
	finding.Since = toldToEnd(last)
	return []Finding{s.heldFor(finding, last.DeletionTimestamp.Sub(finding.Since)+settleTime)}
}

// toldToEnd is when a terminating Pod was deleted. Its timestamp is when the grace period ends.
func toldToEnd(pod *corev1.Pod) time.Time {
	grace := time.Duration(0)
	if seconds := pod.DeletionGracePeriodSeconds; seconds != nil {
		grace = time.Duration(*seconds) * time.Second
	}
	return pod.DeletionTimestamp.Add(-grace)
}

// checkOnlyEnded is POD-11: Pods match, and all of them have ended. That is no mismatch of labels. Behind the Pods of a
// Job it is how things end.
func checkOnlyEnded(s *subject) []Finding {
	if len(s.templates()) > 0 {
		return nil
	}
	ended := s.ended()
	finding := Finding{
		ID: "POD-11", Severity: Critical, Confidence: Proven, Step: StepReadiness,
		Short: short("no running Pod: %d ended", len(ended)),
		Title: fmt.Sprintf("%s %s the selector, and all have ended.", counted(len(ended), "Pod"), verbFor(len(ended), "matches", "match")),
		Why:   "A Pod that Succeeded or Failed still carries its labels, but gets no traffic.",
	}
	onPurpose := true
	for i, pod := range ended {
		if owner := OwnerOf(s.in.Snapshot, pod); owner.Kind != "Job" && pod.Status.Phase != corev1.PodSucceeded {
			onPurpose = false
		}
		if i < 3 {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "status.phase",
				Value: strings.TrimSpace(string(pod.Status.Phase) + " " + pod.Status.Reason),
			})
		}
	}
	if owner := s.endedOwner(ended); owner != "" {
		finding.Severity = Info
		finding.Why = fmt.Sprintf("The Service belongs to Pod %s, as its owner reference says, and goes with it.", owner)
		return []Finding{finding}
	}
	if onPurpose {
		finding.Severity = Info
		finding.Why = "They did what they were made for; traffic comes back with the next run."
		return []Finding{finding}
	}
	finding.Fix = &Fix{Note: "nothing brings these Pods back: create them anew, best through a Deployment"}
	return []Finding{s.settled(finding)}
}

// endedOwner returns the name of the ended Pod that owns the Service, as a Spark driver owns the Service that its executors find it by;
// empty where none does.
func (s *subject) endedOwner(ended []*corev1.Pod) string {
	for _, pod := range ended {
		for i := range s.service.OwnerReferences {
			if owner := &s.service.OwnerReferences[i]; owner.UID == pod.UID {
				return pod.Name
			}
		}
	}
	return ""
}
