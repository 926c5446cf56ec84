package check

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/model"
)

// steps fills the checklist of the guide's seven steps.
func steps(s *subject, report *Report) [StepCount]StepResult {
	var results [StepCount]StepResult
	results[StepService] = StepResult{Mark: MarkOK}
	if s.loadBalancerPending() {
		results[StepService].Note = "<pending>"
	}
	results[StepEndpoints] = endpointsStep(s, report)
	results[StepSelector] = selectorStep(s, report)
	results[StepReadiness] = readinessStep(s, report)
	results[StepEvents] = eventsStep(s)
	for i := range report.Findings {
		finding := &report.Findings[i]
		if finding.ID == "WL-01" && len(s.live()) == 0 {
			// Of no Pods none is unready; the step Endpoints shows that there are none.
			continue
		}
		if mark := findingMark(finding); mark > results[finding.Step].Mark {
			results[finding.Step].Mark = mark
		}
	}
	return results
}

func findingMark(finding *Finding) Mark {
	switch {
	case finding.Red():
		return MarkFail
	case finding.Amber():
		return MarkWarn
	}
	return MarkNone
}

func unreadMark(coverage model.Coverage) Mark {
	if coverage.Pending() {
		return MarkPending
	}
	return MarkUnknown
}

func endpointsStep(s *subject, report *Report) StepResult {
	if !s.routes() {
		return StepResult{}
	}
	if !s.slicesKnown() {
		return StepResult{Mark: unreadMark(s.coverage(model.EndpointSlices))}
	}
	result := StepResult{Mark: MarkOK, Note: fmt.Sprintf("%d/%d", report.Usable, report.Selected)}
	if s.endpoints().Complete() {
		return result
	}
	// Nothing to reach is no health, but whether it is a fault the findings have to say.
	switch report.Verdict {
	case Fail:
		result.Mark = MarkFail
	case Warn:
		result.Mark = MarkWarn
	case Unknown:
		result.Mark = MarkUnknown
	case Partial:
		result.Mark = MarkPending
	case OK:
		result.Mark = MarkNone
	}
	return result
}

// selectorStep notes how many Pods match. Of how many in the namespace is told only where something is amiss: then every
// Pod of the namespace may be the reason, while a healthy report rests on the Service's own Pods alone.
func selectorStep(s *subject, report *Report) StepResult {
	if !s.selects() {
		return StepResult{}
	}
	if !s.podsKnown() {
		return StepResult{Mark: unreadMark(s.coverage(model.Pods))}
	}
	result := StepResult{Mark: MarkOK, Note: strconv.Itoa(len(s.live()))}
	if len(report.Findings) > 0 || report.Verdict == Unknown {
		result.Note += "/" + strconv.Itoa(s.podsInNamespace())
	}
	if len(s.live()) == 0 {
		result.Mark = s.markWithoutSlices(MarkNone)
	}
	return result
}

// podsInNamespace counts the Pods of the namespace that have not ended.
func (s *subject) podsInNamespace() int {
	count := 0
	for _, pod := range s.in.Snapshot.Pods(s.key.Namespace) {
		if !PodEnded(pod) {
			count++
		}
	}
	return count
}

func readinessStep(s *subject, report *Report) StepResult {
	if !s.selects() {
		return StepResult{}
	}
	if !s.podsKnown() {
		return StepResult{Mark: unreadMark(s.coverage(model.Pods))}
	}
	if len(s.live()) == 0 {
		return StepResult{}
	}
	ready := 0
	for _, pod := range s.live() {
		if model.PodReady(pod) {
			ready++
		}
	}
	result := StepResult{Mark: MarkOK, Note: fmt.Sprintf("%d/%d", ready, len(s.live()))}
	if ready == 0 && report.Verdict != OK {
		result.Mark = s.markWithoutSlices(MarkPending)
	}
	return result
}

// markWithoutSlices is the mark of a step that shows nothing to reach: whether that is a fault cannot be told without the slices,
// else it is otherwise.
func (s *subject) markWithoutSlices(otherwise Mark) Mark {
	if !s.slicesKnown() {
		return unreadMark(s.coverage(model.EndpointSlices))
	}
	return otherwise
}

// eventsStep counts the events of the Service, its slices and Pods. That there is none proves nothing, and a warning
// may be over: so it warns at most.
func eventsStep(s *subject) StepResult {
	if coverage := s.coverage(model.Events); !coverage.Known() {
		return StepResult{Mark: unreadMark(coverage)}
	}
	count := 0
	result := StepResult{Mark: MarkOK}
	tally := func(events []*corev1.Event) {
		count += len(events)
		for _, event := range events {
			if event.Type == corev1.EventTypeWarning {
				result.Mark = MarkWarn
			}
		}
	}
	tally(s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID))
	for _, slice := range s.slices {
		tally(s.in.Snapshot.EventsOf(s.key.Namespace, slice.UID))
	}
	for _, pod := range s.live() {
		tally(s.in.Snapshot.EventsOf(s.key.Namespace, pod.UID))
	}
	if s.selects() && len(s.live()) == 0 {
		// What keeps Pods from being made is told of those who make them.
		for i := range s.templates() {
			tally(s.in.Snapshot.EventsOf(s.key.Namespace, s.matching[i].object.GetUID()))
			s.addReplicaSetsOf(s.matching[i].object.GetUID(), func(uid types.UID) { tally(s.in.Snapshot.EventsOf(s.key.Namespace, uid)) })
		}
	}
	result.Note = strconv.Itoa(count)
	return result
}
