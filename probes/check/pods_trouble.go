package check

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// podTrouble says why one Pod is not Ready.
type podTrouble struct {
	pod *corev1.Pod
	// id is the finding it belongs to; short is its text in the HEALTH column, and with id what Pods are grouped by.
	id, short string
	// text says it in a sentence's second half: "cannot pull its image …".
	text string
	// quote is what the kubelet or a controller said, verbatim.
	quote string
	cause *Cause
	// note says what to do; noteLog and noteNode come with the command that shows more.
	note string
	// mend says, where the cause is known, what to change; %s stands for the workload that holds it.
	mend      string
	container string
	// probe is the kind of the probe that fails, readiness, liveness or startup; empty for none.
	probe    string
	evidence Evidence
	since    time.Time
	// last is when a container that crashes ended last; until as in crashes.
	last, until time.Time
	// grace is how long the state may last before it is a fault.
	grace time.Duration
	// confidence is Proven unless said otherwise.
	confidence Confidence
}

const (
	noteLog  = "the log says why"
	noteNode = "see what the node says of itself"
)

// troubles returns the trouble of every live Pod that is not Ready and not terminating.
func (s *subject) troubles() []podTrouble {
	if s.troublesMade {
		return s.podTroubles
	}
	s.troublesMade = true
	for _, pod := range s.live() {
		if pod.DeletionTimestamp != nil || model.PodReady(pod) {
			continue
		}
		trouble := podTrouble{pod: pod, grace: settleTime, confidence: Proven, since: pod.CreationTimestamp.Time}
		if ready := podCondition(pod, corev1.PodReady); ready != nil && !ready.LastTransitionTime.IsZero() {
			trouble.since = ready.LastTransitionTime.Time
		}
		trouble.evidence = Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "status.conditions[Ready].status", Value: readyText(pod),
		}
		trouble.tell(s)
		s.podTroubles = append(s.podTroubles, trouble)
	}
	return s.podTroubles
}

func readyText(pod *corev1.Pod) string {
	ready := podCondition(pod, corev1.PodReady)
	if ready == nil {
		return "absent"
	}
	return strings.TrimSpace(string(ready.Status) + " " + ready.Reason)
}

// tell finds the first cause in the order in which a Pod goes through its life.
func (t *podTrouble) tell(s *subject) {
	if t.nodeNotReady(s) || t.unscheduled(s) {
		return
	}
	for i := range t.pod.Status.InitContainerStatuses {
		container := &t.pod.Status.InitContainerStatuses[i]
		if t.initDone(container) {
			continue
		}
		if t.waits(container, t.kindOf(container), "status.initContainerStatuses") || t.initFails(container) {
			return
		}
		break
	}
	for i := range t.pod.Status.ContainerStatuses {
		if t.waits(&t.pod.Status.ContainerStatuses[i], "container", "status.containerStatuses") {
			return
		}
	}
	for i := range t.pod.Status.ContainerStatuses {
		if t.crashes(s, &t.pod.Status.ContainerStatuses[i]) {
			return
		}
	}
	if t.notCreated(s) || t.gated() || t.probeFails(s) || t.endedForGood() {
		return
	}
	t.id, t.short = "POD-06", "Pods are starting"
	t.text = "has not started yet"
	t.grace, t.confidence = 2*time.Minute, Likely
	t.since = t.pod.CreationTimestamp.Time
}

// nodeNotReady is POD-08: the node's condition Ready is not True; where nodes cannot be read, the node controller's event,
// together with a condition Ready that was taken away without a reason.
func (t *podTrouble) nodeNotReady(s *subject) bool {
	t.id, t.short = "POD-08", short("node not Ready: %s", t.pod.Spec.NodeName)
	t.text = "runs on node " + t.pod.Spec.NodeName + ", which is not Ready"
	if node := s.in.Snapshot.Node(t.pod.Spec.NodeName); node != nil {
		for i := range node.Status.Conditions {
			condition := &node.Status.Conditions[i]
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				t.note = noteNode
				t.evidence = Evidence{
					Kind: "Node", Name: node.Name, Field: "status.conditions[Ready]",
					Value: strings.TrimSpace(string(condition.Status) + " " + condition.Reason),
				}
				t.quote = condition.Message
				return true
			}
		}
		return false
	}
	ready := podCondition(t.pod, corev1.PodReady)
	if ready == nil || ready.Reason != "" {
		return false
	}
	if event := newestEvent(s, t.pod.UID, "NodeNotReady"); event != nil {
		t.evidence, t.quote, t.confidence = eventEvidence(event), event.Message, Likely
		t.note = noteNode
		return true
	}
	return false
}

// endedForGood is POD-06 for a Pod that runs on without one of its containers, which its restartPolicy does not start again.
func (t *podTrouble) endedForGood() bool {
	for i := range t.pod.Status.ContainerStatuses {
		container := &t.pod.Status.ContainerStatuses[i]
		end := container.State.Terminated
		if end == nil || restarts(t.pod, end) {
			continue
		}
		t.id, t.short = "POD-06", short("container %s has ended", container.Name)
		t.text = fmt.Sprintf("runs on without container %s, which ended with %s and is not started again", container.Name, exitText(end))
		t.evidence.Field = "status.containerStatuses[" + container.Name + "].state.terminated.exitCode"
		t.evidence.Value = fmt.Sprint(end.ExitCode)
		t.note = "a Pod behind a Service needs restartPolicy Always, which a Deployment's Pods have"
		return true
	}
	return false
}

// gated is POD-07: every container is ready, and a readiness gate's condition is not True.
func (t *podTrouble) gated() bool {
	ready := podCondition(t.pod, corev1.PodReady)
	if ready == nil || ready.Reason != "ReadinessGatesNotReady" {
		return false
	}
	gate := ""
	for _, candidate := range t.pod.Spec.ReadinessGates {
		condition := podCondition(t.pod, candidate.ConditionType)
		if condition == nil || condition.Status != corev1.ConditionTrue {
			gate = string(candidate.ConditionType)
			break
		}
	}
	t.id, t.quote = "POD-07", ready.Message
	t.short, t.text = short("readiness gate %s", lastSegment(gate)), "waits for the readiness gate "+gate
	t.note = "look at the load balancer's health check and at the controller that sets the gate"
	t.grace = time.Minute
	return true
}
