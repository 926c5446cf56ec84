package check

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// PodEvidence is the Pods behind a Service, as the guide's step 4 looks at them.
type PodEvidence struct {
	// Known is false where Pods may not or not yet be read; Coverage says why.
	Known    bool
	Coverage model.Coverage
	// Ready of Selected Pods that have not ended are Ready; Ended counts those that have.
	Ready, Selected, Ended int
	// Rows are the Pods, those in trouble first. More counts the ones that are not listed.
	Rows []PodRow
	More int
}

// PodRow is one Pod as `kubectl get pods` shows it, and why it is not Ready.
type PodRow struct {
	Name string
	// Ready of Containers are ready, by kubectl's count: native sidecars included.
	Ready, Containers int
	// Status is kubectl's STATUS column; Restarts its RESTARTS, with the time of the last.
	Status      string
	Restarts    int
	LastRestart time.Time
	Created     time.Time
	IP, Node    string
	Owner       string
	// IsReady is the Pod's condition Ready: what the endpoints follow.
	IsReady, Terminating bool
	// Since is when the condition Ready last changed.
	Since time.Time
	// ID is the finding that the Pod's trouble belongs to, e.g. POD-06; empty for none.
	ID string
	// Trouble says what keeps it from being Ready.
	Trouble string
	Probes  []ProbeRow
	// LastFailure is the newest failure of a probe that an event told, verbatim; LastFailed is when, and Failures how
	// often that was seen.
	LastFailure string
	LastFailed  time.Time
	Failures    int
	// LastExit tells how a container last ended: "app: exit 1 Error 12 s after start".
	LastExit string
	Gates    []GateRow
}

// ProbeRow is the definition of one probe.
type ProbeRow struct {
	Container string
	// Kind is readiness, startup or liveness.
	Kind string
	// Text is the definition as `kubectl describe` writes it.
	Text string
}

// GateRow is one readiness gate of a Pod.
type GateRow struct {
	Condition string
	// Status is True, False, Unknown, or empty where the condition does not exist.
	Status string
	Reason string
}

// PodTable makes the evidence of the guide's step 4. It is pure; a Service that is not there gives the zero value.
func PodTable(in Input, key model.Key) PodEvidence {
	service := in.Snapshot.Service(key)
	if service == nil {
		return PodEvidence{}
	}
	s := newSubject(in, service)
	coverage := s.coverage(model.Pods)
	evidence := PodEvidence{Known: coverage.Known(), Coverage: coverage, Selected: len(s.live()), Ended: len(s.ended())}
	troubled := map[*corev1.Pod]*podTrouble{}
	var rows, healthy []*corev1.Pod
	for i := range s.troubles() {
		trouble := &s.podTroubles[i]
		troubled[trouble.pod] = trouble
		rows = append(rows, trouble.pod)
	}
	for _, pod := range s.live() {
		if model.PodReady(pod) {
			evidence.Ready++
		}
		if troubled[pod] == nil {
			healthy = append(healthy, pod)
		}
	}
	rows = append(append(rows, healthy...), s.ended()...)
	for _, pod := range rows[:min(len(rows), panelPods)] {
		evidence.Rows = append(evidence.Rows, podRow(s, pod, troubled[pod]))
	}
	evidence.More = len(rows) - len(evidence.Rows)
	return evidence
}

func podRow(s *subject, pod *corev1.Pod, trouble *podTrouble) PodRow {
	status := podStatus(pod)
	row := PodRow{
		Name: pod.Name, Ready: status.ready, Containers: status.containers, Status: status.reason,
		Restarts: status.restarts, LastRestart: status.lastRestart, Created: pod.CreationTimestamp.Time,
		IP: pod.Status.PodIP, Node: pod.Spec.NodeName, Owner: OwnerOf(s.in.Snapshot, pod).String(),
		IsReady: model.PodReady(pod), Terminating: pod.DeletionTimestamp != nil, Probes: probeRows(pod), LastExit: lastExit(pod),
	}
	if ready := podCondition(pod, corev1.PodReady); ready != nil {
		row.Since = ready.LastTransitionTime.Time
	}
	if trouble != nil {
		row.ID, row.Trouble = trouble.id, trouble.text
	}
	if event := newestEvent(s, pod.UID, "Unhealthy"); event != nil {
		row.LastFailure, row.LastFailed, row.Failures = event.Message, EventTime(event), eventCount(event)
	}
	for _, gate := range pod.Spec.ReadinessGates {
		gateRow := GateRow{Condition: string(gate.ConditionType)}
		if condition := podCondition(pod, gate.ConditionType); condition != nil {
			gateRow.Status, gateRow.Reason = string(condition.Status), condition.Reason
		}
		row.Gates = append(row.Gates, gateRow)
	}
	return row
}
