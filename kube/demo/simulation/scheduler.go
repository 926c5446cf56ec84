package simulation

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// schedulingRetry is how often a Pod that fits nowhere is tried again.
const schedulingRetry = 75 * time.Second

var scheduler = source{component: "default-scheduler"}

// schedule binds a Pod to the node with the most free CPU among those it fits on.
func (s *Simulation) schedule(namespace, name string, uid types.UID) {
	pod, ok := s.pod(namespace, name, uid)
	if !ok || pod.DeletionTimestamp != nil {
		return
	}
	nodeName := pod.Spec.NodeName
	if nodeName == "" {
		nodeName = s.pickNode(pod)
	}
	if nodeName == "" {
		count := len(apiserver.List(s.store, &corev1.Node{}, ""))
		why := fmt.Sprintf("0/%d nodes are available: %d Insufficient cpu. preemption: 0/%d nodes are available: %d No preemption victims found for incoming pod.",
			count, count, count, count)
		s.updatePod(pod, func(p *corev1.Pod) {
			setPodCondition(p, corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonUnschedulable, why, s.metaNow())
		})
		s.warning(pod, scheduler, "FailedScheduling", why)
		s.After(schedulingRetry, func() { s.schedule(namespace, name, uid) })
		return
	}
	s.updatePod(pod, func(p *corev1.Pod) {
		p.Spec.NodeName = nodeName
		setPodCondition(p, corev1.PodScheduled, corev1.ConditionTrue, "", "", s.metaNow())
	})
	s.normal(pod, scheduler, "Scheduled", fmt.Sprintf("Successfully assigned %s/%s to %s", namespace, name, nodeName))
	s.After(s.between(60*time.Millisecond, 250*time.Millisecond), func() { s.prepare(namespace, name, uid) })
}

func (s *Simulation) pickNode(pod *corev1.Pod) string {
	used := map[string]resource.Quantity{}
	for _, other := range apiserver.List(s.store, &corev1.Pod{}, metav1.NamespaceAll) {
		if other.Spec.NodeName != "" && other.Status.Phase != corev1.PodSucceeded && other.Status.Phase != corev1.PodFailed {
			sum := used[other.Spec.NodeName]
			sum.Add(cpuRequest(other))
			used[other.Spec.NodeName] = sum
		}
	}
	wants := cpuRequest(pod)
	best, bestFree := "", resource.Quantity{}
	for _, node := range apiserver.List(s.store, &corev1.Node{}, "") {
		if node.Spec.Unschedulable || !matchesNode(pod.Spec.NodeSelector, node) {
			continue
		}
		free := node.Status.Allocatable[corev1.ResourceCPU].DeepCopy()
		free.Sub(used[node.Name])
		if free.Cmp(wants) >= 0 && (best == "" || free.Cmp(bestFree) > 0) {
			best, bestFree = node.Name, free
		}
	}
	return best
}

func cpuRequest(pod *corev1.Pod) resource.Quantity {
	var sum resource.Quantity
	for _, c := range pod.Spec.Containers {
		sum.Add(c.Resources.Requests[corev1.ResourceCPU])
	}
	return sum
}
