package check

import (
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// unscheduled is POD-01: condition PodScheduled is False. An autoscaler may bring a node within the minute. Where it is a port of the
// nodes that is taken, it is POD-12.
func (t *podTrouble) unscheduled(s *subject) bool {
	scheduled := podCondition(t.pod, corev1.PodScheduled)
	if scheduled == nil || scheduled.Status != corev1.ConditionFalse {
		return false
	}
	t.id, t.quote, t.since = "POD-01", scheduled.Message, scheduled.LastTransitionTime.Time
	t.evidence.Field, t.evidence.Value = "status.conditions[PodScheduled]", scheduled.Reason
	if scheduled.Reason == corev1.PodReasonSchedulingGated {
		t.short, t.text = "held back by a scheduling gate", "is held back by a scheduling gate"
		t.note = "whoever set spec.schedulingGates has to take the gate away"
		return true
	}
	reason, note := schedulingClass(scheduled.Message)
	t.short, t.text, t.note = short("no node fits: %s", reason), "fits on no node: "+reason, note
	t.grace = time.Minute
	if strings.Contains(scheduled.Message, "free ports") {
		t.id = "POD-12"
		t.cause = &Cause{Text: hostPortsText(&t.pod.Spec), Confidence: Proven}
	}
	switch event := newestEvent(s, t.pod.UID, "TriggeredScaleUp", "NotTriggerScaleUp"); {
	case event == nil:
	case event.Reason == "TriggeredScaleUp":
		t.cause = &Cause{Text: "the cluster autoscaler is adding a node for it: " + event.Message, Confidence: Likely}
	default:
		t.cause = &Cause{Text: "the cluster autoscaler cannot help: " + event.Message, Confidence: Likely}
	}
	return true
}

// hostPortsText says which ports of its node a Pod wants for itself. In the host's network every port that a container declares is
// one of the node's.
func hostPortsText(spec *corev1.PodSpec) string {
	var ports []string
	for container := range model.ServingContainers(spec) {
		for i := range container.Ports {
			number := container.Ports[i].HostPort
			if spec.HostNetwork {
				number = container.Ports[i].ContainerPort
			}
			if number != 0 {
				ports = append(ports, strconv.Itoa(int(number)))
			}
		}
	}
	if spec.HostNetwork {
		return "it runs in the host's network, where each node has port " + firstOf(ports, 3) + " once"
	}
	return "it wants port " + firstOf(ports, 3) + " of its node, which each node has once"
}

func schedulingClass(message string) (reason, note string) {
	lower := strings.ToLower(message)
	if _, after, ok := strings.Cut(lower, "insufficient "); ok {
		resource := strings.TrimRight(strings.Fields(after + " ?")[0], ".,;")
		return "insufficient " + resource, "ask for less " + resource + " in the template, or add a node"
	}
	switch {
	case strings.Contains(lower, "node affinity/selector"), strings.Contains(lower, "node selector"):
		return "node selector", "no node carries the labels that the template asks for"
	case strings.Contains(lower, "untolerated taint"), strings.Contains(lower, "had taint"):
		return "taints", "tolerate the taint in the template, or take it off a node"
	case strings.Contains(lower, "volume"):
		return "volume", "the volume claim is not bound, or bound to another zone"
	case strings.Contains(lower, "free ports"):
		return "host port taken", "Pods with host ports or the host's network need a node each"
	case strings.Contains(lower, "too many pods"):
		return "too many Pods", "add a node"
	case strings.Contains(lower, "anti-affinity"), strings.Contains(lower, "topology spread"):
		return "spreading rules", "the Pods may not lie together, and there are too few nodes"
	}
	return "unschedulable", "see the scheduler's message"
}
