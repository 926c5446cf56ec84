package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// addonMode marks the objects that a cluster's addon manager puts back to what its provider wants (kubernetes/kubernetes,
// cluster/addons/addon-manager).
const addonMode = "addonmanager.kubernetes.io/mode"

// scaledToZero tells whether there are workloads whose template carries the selector, and all are asked for no Pod.
func (s *subject) scaledToZero() bool {
	for i := range s.templates() {
		if s.matching[i].wanted > 0 {
			return false
		}
	}
	return len(s.templates()) > 0
}

// checkScaledToZero is WL-01: every workload whose template carries the selector is asked for no Pod. It is a fault
// that is proven, and yet somebody's wish: where an autoscaler or a preview did it, it is only told.
func checkScaledToZero(s *subject) []Finding {
	if !s.scaledToZero() {
		return nil
	}
	first := &s.templates()[0]
	finding := Finding{
		ID: "WL-01", Severity: Major, Confidence: Proven, Step: StepReadiness,
		Short: short("scaled to 0: %s", first.owner),
		Title: fmt.Sprintf("%s is scaled to 0, so there is no Pod to send traffic to.", first.owner),
		Why:   "A workload without replicas reports that it is available; that is no sign of health.",
		Evidence: []Evidence{{
			Kind: first.owner.Kind, Namespace: s.key.Namespace, Name: first.owner.Name, Field: "spec.replicas", Value: "0",
		}},
	}
	finding = s.settled(finding)
	if first.owner.Kind == "DaemonSet" {
		finding.Short = short("no node for %s", first.owner)
		finding.Title = fmt.Sprintf("%s is wanted on no node, so there is no Pod to send traffic to.", first.owner)
		finding.Evidence[0].Field = "status.desiredNumberScheduled"
		finding.Fix = s.withOwner(Fix{Note: "look at its node selector, affinity and tolerations"}, first.object, "")
		return []Finding{finding}
	}
	scaleTo := int32(1)
	if first.onePod != "" {
		scaleTo = first.needed
		finding.Short = short("no Pod %s: too few replicas", first.onePod)
		finding.Title = fmt.Sprintf("%s has too few replicas for Pod %s, which the selector asks for.", first.owner, first.onePod)
		finding.Why = "A StatefulSet numbers its Pods; the selector picks one that is not among them."
		finding.Evidence[0].Value = fmt.Sprint(replicasOf(first.object))
		if s.neverHadEndpoint() {
			finding.Confidence = Likely
			finding.Why += " Its EndpointSlice never held an endpoint: it may be a Service that waits for more replicas."
		}
	}
	if why := scaledOnPurpose(s); why != "" {
		finding.Severity, finding.Settling, finding.Again = Info, false, time.Time{}
		finding.Why = why
		return []Finding{finding}
	}
	if _, byAddonManager := first.object.GetLabels()[addonMode]; byAddonManager {
		finding.Severity, finding.Settling, finding.Again = Info, false, time.Time{}
		finding.Why = "The cluster's addon manager keeps it so: its provider switched it off."
		return []Finding{finding}
	}
	if s.isClusterDNS() {
		finding.Confidence = Likely
		finding.Why += " Pods may be told of another name server."
	}
	if s.scalersUnread() {
		finding.Confidence = Likely
		finding.Why += " Whether an autoscaler wishes it could not be read."
	}
	manager := ""
	if change, ok := model.ReplicasChanged(first.object); ok {
		manager = change.Manager
		finding.Evidence[0].Value += ", set by " + manager
		if change.At.After(finding.Since) {
			finding.Since = change.At
		}
	}
	fix := Fix{
		Command: s.kubectl("scale", first.owner.String(), fmt.Sprintf("--replicas=%d", scaleTo)),
		Note:    "no traffic by request: ask who scaled it",
	}
	if scaleTo < 1 {
		fix = Fix{Note: "its numbers begin above that: correct the selector, or spec.ordinals.start"}
	}
	finding.Fix = s.withOwner(fix, first.object, manager)
	return []Finding{finding}
}

// scalersUnread tells whether there may be an autoscaler that nobody here sees.
func (s *subject) scalersUnread() bool {
	return slices.ContainsFunc(scalerKinds(), func(kind model.Kind) bool { return !s.covered(kind).Known() })
}

func replicasOf(object metav1.Object) int32 {
	if set, ok := object.(*appsv1.StatefulSet); ok {
		return replicas(set.Spec.Replicas)
	}
	return 0
}

// previewOf says that the Service belongs to a progressive delivery in which having no Pods is a rest; empty where it does not.
// The Service of the stable version is none: that has Pods at all times.
func (s *subject) previewOf() string {
	if s.ofStableVersion() {
		return ""
	}
	if rollout := s.rolloutOfNext(); rollout != "" {
		return "Rollout " + rollout + " names it as the Service of the next version, and brings its Pods when that comes."
	}
	for _, hash := range templateHashes {
		if _, ok := s.service.Spec.Selector[hash]; ok {
			return "This is a preview Service: progressive delivery brings its Pods when a new version comes."
		}
	}
	if owner := metav1.GetControllerOfNoCopy(s.service); owner != nil && owner.Kind == "Canary" && strings.HasPrefix(owner.APIVersion, "flagger.app/") &&
		strings.HasSuffix(s.key.Name, "-canary") {
		return "Flagger scales it down between two versions, and brings its Pods when a new one comes."
	}
	if s.service.Annotations["argo-rollouts.argoproj.io/managed-by-rollouts"] != "" {
		return "This Service is managed by an Argo Rollout, which brings its Pods when a new version comes."
	}
	return ""
}

// templateHashes are the labels under which Argo Rollouts and Deployments tell one version's Pods from another's. It is
// never changed.
var templateHashes = []string{"rollouts-pod-template-hash", "pod-template-hash"}

// autoscaledToZero says which autoscaler may bring a workload to zero and back; empty for none. A HorizontalPodAutoscaler whose
// minimum is above zero does not scale from zero: it takes that for a wish to be switched off
// (k8s.io/kubernetes/pkg/controller/podautoscaler).
func autoscaledToZero(s *subject, owner Owner) string {
	for _, scaler := range s.in.Snapshot.Autoscalers(s.key.Namespace) {
		if scaler.TargetKind != owner.Kind || scaler.TargetName != owner.Name {
			continue
		}
		if paused := scaler.Annotations["autoscaling.keda.sh/paused-replicas"]; paused == "0" {
			return scaler.Kind + " " + scaler.Name + " is paused at 0 replicas."
		}
		if scaler.MinReplicas == 0 {
			return scaler.Kind + " " + scaler.Name + " keeps it at 0 while there is no work, and brings Pods when there is."
		}
	}
	return ""
}

// scaledOnPurpose says who keeps a workload at zero and brings it back; empty where nobody is known to.
func scaledOnPurpose(s *subject) string {
	if why := s.previewOf(); why != "" {
		return why
	}
	for i := range s.templates() {
		if why := restingWorkload(s, &s.matching[i]); why != "" {
			return why
		}
	}
	return ""
}

func restingWorkload(s *subject, w *workload) string {
	if w.resting != "" {
		return w.resting
	}
	if why := autoscaledToZero(s, w.owner); why != "" {
		return why
	}
	for _, metadata := range []map[string]string{w.object.GetLabels(), w.object.GetAnnotations()} {
		for _, key := range slices.Sorted(maps.Keys(metadata)) {
			switch domain, _, _ := strings.Cut(key, "/"); domain {
			case "scaledobject.keda.sh", "autoscaling.keda.sh", "http.keda.sh":
				return "KEDA scales it, and brings Pods when there is work."
			case "serving.knative.dev", "autoscaling.knative.dev":
				return "Knative scales it, and brings Pods when a request comes."
			case "downscaler":
				return "kube-downscaler keeps it at zero by schedule."
			case "idling.alpha.openshift.io":
				return "OpenShift idled it (oc idle), and brings its Pods when a request comes."
			case "sablier.enable":
				return "Sablier keeps it at zero, and brings its Pods when a request comes."
			}
		}
	}
	change, _ := model.ReplicasChanged(w.object)
	if change.Subresource != "scale" {
		return ""
	}
	switch manager := strings.ToLower(change.Manager); {
	case strings.HasPrefix(manager, "keda"):
		return "KEDA scaled it down, and brings Pods when there is work."
	case manager == "kube-controller-manager":
		return "A HorizontalPodAutoscaler scaled it down, and brings Pods when there is work."
	case strings.Contains(manager, "autoscaler"), strings.Contains(manager, "rollouts-controller"):
		return change.Manager + " scaled it down, and brings Pods when there is work."
	}
	return ""
}
