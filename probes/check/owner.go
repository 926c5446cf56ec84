package check

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// Owner is the workload that a Pod belongs to, as far up as can be told.
type Owner struct {
	// Kind is as in YAML, e.g. Deployment; empty for a Pod of nobody.
	Kind string
	Name string
}

// String is the owner as kubectl takes it, e.g. deploy/checkout; a Pod of nobody is "no owner".
func (o Owner) String() string {
	switch o.Kind {
	case "":
		return "no owner"
	case "Deployment":
		return "deploy/" + o.Name
	case "StatefulSet":
		return "sts/" + o.Name
	case "DaemonSet":
		return "ds/" + o.Name
	case "ReplicaSet":
		return "rs/" + o.Name
	}
	return strings.ToLower(o.Kind) + "/" + o.Name
}

// OwnerOf finds the root workload of a Pod. A ReplicaSet that is not in the snapshot is told to be a
// Deployment's by its name, which ends with the value of pod-template-hash.
func OwnerOf(snapshot *model.Snapshot, pod *corev1.Pod) Owner {
	controller := metav1.GetControllerOfNoCopy(pod)
	if controller == nil {
		return Owner{}
	}
	if controller.Kind != "ReplicaSet" {
		return Owner{controller.Kind, controller.Name}
	}
	if replicaSet := snapshot.ReplicaSet(model.Key{Namespace: pod.Namespace, Name: controller.Name}); replicaSet != nil {
		if above := metav1.GetControllerOfNoCopy(replicaSet); above != nil {
			return Owner{above.Kind, above.Name}
		}
		return Owner{"ReplicaSet", controller.Name}
	}
	if hash := pod.Labels["rollouts-pod-template-hash"]; hash != "" && strings.HasSuffix(controller.Name, "-"+hash) {
		return Owner{"Rollout", strings.TrimSuffix(controller.Name, "-"+hash)}
	}
	if hash := pod.Labels["pod-template-hash"]; hash != "" && strings.HasSuffix(controller.Name, "-"+hash) {
		return Owner{"Deployment", strings.TrimSuffix(controller.Name, "-"+hash)}
	}
	return Owner{"ReplicaSet", controller.Name}
}
