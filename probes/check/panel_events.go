package check

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/model"
)

// EventEvidence is what the controllers said of a Service, its slices, its Pods and their workloads.
type EventEvidence struct {
	// Known is false where events may not or not yet be read; Coverage says why. Events are forgotten after an hour by
	// default: none is no proof of anything.
	Known    bool
	Coverage model.Coverage
	// Rows are newest first.
	Rows []EventRow
	// Warnings counts those of type Warning.
	Warnings int
}

// EventRow is one event.
type EventRow struct {
	Warning bool
	// Kind and Name are the object's that it speaks of.
	Kind, Name string
	Reason     string
	// Message is the controller's own words, hostile and whole.
	Message string
	// Count is how often it was seen, from First to Last.
	Count       int
	First, Last time.Time
	// From is the component that wrote it.
	From string
}

// EventList makes the evidence of the guide's step 7. Events are joined by uid: those of an object of the same
// name that is gone do not count. It is pure; a Service that is not there gives the zero value.
func EventList(snapshot *model.Snapshot, key model.Key) EventEvidence {
	service := snapshot.Service(key)
	if service == nil {
		return EventEvidence{}
	}
	coverage := snapshot.Coverage(model.Events, key.Namespace)
	evidence := EventEvidence{Known: coverage.Known(), Coverage: coverage}
	s := newSubject(Input{Snapshot: snapshot}, service)
	for _, uid := range s.relatedUIDs() {
		for _, event := range snapshot.EventsOf(key.Namespace, uid) {
			row := eventRow(event)
			if row.Warning {
				evidence.Warnings++
			}
			evidence.Rows = append(evidence.Rows, row)
		}
	}
	slices.SortStableFunc(evidence.Rows, func(a, b EventRow) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Message, b.Message))
	})
	return evidence
}

// relatedUIDs returns the uids of the Service, its slices, its Pods, ended ones included, and their workloads.
func (s *subject) relatedUIDs() []types.UID {
	uids := []types.UID{s.service.UID}
	seen := map[types.UID]bool{"": true, s.service.UID: true}
	add := func(uid types.UID) {
		if !seen[uid] {
			seen[uid] = true
			uids = append(uids, uid)
		}
	}
	for _, slice := range s.slices {
		add(slice.UID)
	}
	for _, pods := range [][]*corev1.Pod{s.live(), s.ended()} {
		for _, pod := range pods {
			add(pod.UID)
			if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
				add(owner.UID)
				if owner.Kind == "ReplicaSet" {
					s.addReplicaSetOwner(owner.Name, add)
				}
			}
		}
	}
	for i := range s.templates() {
		add(s.matching[i].object.GetUID())
		s.addReplicaSetsOf(s.matching[i].object.GetUID(), add)
	}
	return uids
}

func (s *subject) addReplicaSetOwner(name string, add func(types.UID)) {
	set := s.in.Snapshot.ReplicaSet(model.Key{Namespace: s.key.Namespace, Name: name})
	if set == nil {
		return
	}
	if above := metav1.GetControllerOfNoCopy(set); above != nil {
		add(above.UID)
	}
}

func (s *subject) addReplicaSetsOf(uid types.UID, add func(types.UID)) {
	for _, set := range s.in.Snapshot.ReplicaSets(s.key.Namespace) {
		if owner := metav1.GetControllerOfNoCopy(set); owner != nil && owner.UID == uid {
			add(set.UID)
		}
	}
}

func eventRow(event *corev1.Event) EventRow {
	from := event.Source.Component
	if from == "" {
		from = event.ReportingController
	}
	return EventRow{
		Warning: event.Type == corev1.EventTypeWarning,
		Kind:    event.InvolvedObject.Kind, Name: event.InvolvedObject.Name,
		Reason: event.Reason, Message: event.Message, Count: eventCount(event),
		First: eventFirst(event), Last: EventTime(event), From: from,
	}
}

// EventTime is when an event was last seen. Old and new recorders fill different fields.
func EventTime(event *corev1.Event) time.Time {
	newest := event.LastTimestamp.Time
	if event.Series != nil && event.Series.LastObservedTime.After(newest) {
		newest = event.Series.LastObservedTime.Time
	}
	for _, at := range []time.Time{event.EventTime.Time, event.FirstTimestamp.Time, event.CreationTimestamp.Time} {
		if newest.IsZero() {
			newest = at
		}
	}
	return newest
}

func eventFirst(event *corev1.Event) time.Time {
	for _, at := range []time.Time{event.FirstTimestamp.Time, event.EventTime.Time, event.CreationTimestamp.Time} {
		if !at.IsZero() {
			return at
		}
	}
	return EventTime(event)
}

func eventCount(event *corev1.Event) int {
	count := max(int(event.Count), 1)
	if event.Series != nil {
		count = max(count, int(event.Series.Count))
	}
	return count
}

// newestEvent returns the newest event of an object with one of the reasons, or nil.
func newestEvent(s *subject, uid types.UID, reasons ...string) *corev1.Event {
	return newestEventOf(s.in.Snapshot, s.key.Namespace, uid, reasons...)
}

func newestEventOf(snapshot *model.Snapshot, namespace string, uid types.UID, reasons ...string) *corev1.Event {
	var newest *corev1.Event
	for _, event := range snapshot.EventsOf(namespace, uid) {
		if slices.Contains(reasons, event.Reason) && (newest == nil || EventTime(event).After(EventTime(newest))) {
			newest = event
		}
	}
	return newest
}

func eventEvidence(event *corev1.Event) Evidence {
	return Evidence{
		Kind: "Event", Namespace: event.Namespace, Name: event.InvolvedObject.Kind + "/" + event.InvolvedObject.Name,
		Field: "message", Value: event.Reason + ": " + event.Message,
	}
}
