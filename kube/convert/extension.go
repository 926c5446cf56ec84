package convert

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func apiService(meta metav1.ObjectMeta, content fields) *model.APIService {
	spec := content.object("spec")
	converted := &model.APIService{
		ObjectMeta: meta, Group: spec.text("group"), Version: spec.text("version"),
		Conditions: content.object("status").conditions(),
	}
	if service := spec.object("service"); service.text("name") != "" {
		converted.Service = &model.Key{Namespace: service.text("namespace"), Name: service.text("name")}
		converted.Port = service.number("port", 443)
	}
	return converted
}

func legacyEndpoints(meta metav1.ObjectMeta, content fields) *model.LegacyEndpoints {
	converted := &model.LegacyEndpoints{ObjectMeta: meta}
	for _, subset := range content.list("subsets") {
		converted.Addresses += len(subset.list("addresses"))
	}
	return converted
}

func rollout(meta metav1.ObjectMeta, content fields) *model.Rollout {
	spec, status := content.object("spec"), content.object("status")
	canary, blueGreen := spec.object("strategy").object("canary"), spec.object("strategy").object("blueGreen")
	return &model.Rollout{
		ObjectMeta:        meta,
		Replicas:          spec.number("replicas", 1),
		AvailableReplicas: status.number("availableReplicas", 0),
		Selector:          spec.object("selector").labels("matchLabels"),
		TemplateLabels:    spec.object("template").object("metadata").labels("labels"),
		StableService:     canary.text("stableService"),
		CanaryService:     canary.text("canaryService"),
		ActiveService:     blueGreen.text("activeService"),
		PreviewService:    blueGreen.text("previewService"),
		Paused:            spec.truth("paused") || status.truth("controllerPause") || len(status.list("pauseConditions")) > 0,
		Phase:             status.text("phase"),
		Message:           status.text("message"),
	}
}

// scaledObject fills in KEDA's defaults (keda.sh/v1alpha1, ScaledObjectSpec): a Deployment, 0 to 100 replicas.
func scaledObject(meta metav1.ObjectMeta, content fields) *model.Autoscaler {
	spec := content.object("spec")
	target := spec.object("scaleTargetRef")
	return &model.Autoscaler{
		ObjectMeta: meta, Kind: "ScaledObject",
		TargetKind: target.textOr("kind", "Deployment"), TargetName: target.text("name"),
		MinReplicas: spec.number("minReplicaCount", 0), MaxReplicas: spec.number("maxReplicaCount", 100),
		Conditions: content.object("status").conditions(),
	}
}

func horizontalScaler(scaler *autoscalingv2.HorizontalPodAutoscaler) *model.Autoscaler {
	converted := &model.Autoscaler{
		ObjectMeta: scaler.ObjectMeta, Kind: "HorizontalPodAutoscaler",
		TargetKind: scaler.Spec.ScaleTargetRef.Kind, TargetName: scaler.Spec.ScaleTargetRef.Name,
		MinReplicas: 1, MaxReplicas: scaler.Spec.MaxReplicas,
	}
	if scaler.Spec.MinReplicas != nil {
		converted.MinReplicas = *scaler.Spec.MinReplicas
	}
	for _, condition := range scaler.Status.Conditions {
		converted.Conditions = append(converted.Conditions, metav1.Condition{
			Type: string(condition.Type), Status: metav1.ConditionStatus(condition.Status),
			LastTransitionTime: condition.LastTransitionTime, Reason: condition.Reason, Message: condition.Message,
		})
	}
	return converted
}
