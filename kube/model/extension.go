package model

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// APIService is an API that an aggregated API server serves from behind a Service (apiregistration.k8s.io/v1). Those that the
// API server serves by itself are kept too, with no Service.
type APIService struct {
	metav1.ObjectMeta
	// Service is nil where the API server serves it by itself.
	Service *Key
	// Port is 443 unless said otherwise.
	Port int32
	// Group and Version are of the API that it serves.
	Group, Version string
	Conditions     []metav1.Condition
}

// Rollout is a Rollout of Argo Rollouts (argoproj.io/v1alpha1): as far as Services are concerned, a workload.
type Rollout struct {
	metav1.ObjectMeta
	// Replicas is what is wanted, 1 unless said otherwise; AvailableReplicas what its status tells.
	Replicas, AvailableReplicas int32
	// Selector and TemplateLabels are those of the Pods that it makes. Both are empty where it takes them from a workload.
	Selector       map[string]string
	TemplateLabels map[string]string
	// StableService, CanaryService, ActiveService and PreviewService are the Services that it switches; empty for none.
	StableService, CanaryService, ActiveService, PreviewService string
	// Paused is true while it waits; Phase and Message are those of its status.
	Paused         bool
	Phase, Message string
}

// LegacyEndpoints is a v1 Endpoints object, of which only is kept what tells whether it is copied into EndpointSlices.
type LegacyEndpoints struct {
	metav1.ObjectMeta
	// Addresses is how many ready addresses it lists.
	Addresses int
}

// Autoscaler is what scales a workload: a HorizontalPodAutoscaler (autoscaling/v2), or a ScaledObject of KEDA
// (keda.sh/v1alpha1).
type Autoscaler struct {
	metav1.ObjectMeta
	// Kind tells which.
	Kind string
	// TargetKind and TargetName are the workload that it scales, in its own namespace.
	TargetKind, TargetName string
	// MinReplicas is 1 for a HorizontalPodAutoscaler and 0 for a ScaledObject, unless said otherwise.
	MinReplicas, MaxReplicas int32
	Conditions               []metav1.Condition
}
