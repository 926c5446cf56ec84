package model

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is a kind of object that svctui reads, named by its resource as in `kubectl get`.
type Kind string

// The kinds that a Snapshot can hold.
const (
	Services        Kind = "services"
	EndpointSlices  Kind = "endpointslices"
	Pods            Kind = "pods"
	Events          Kind = "events"
	Deployments     Kind = "deployments"
	ReplicaSets     Kind = "replicasets"
	StatefulSets    Kind = "statefulsets"
	DaemonSets      Kind = "daemonsets"
	Jobs            Kind = "jobs"
	Ingresses       Kind = "ingresses"
	NetworkPolicies Kind = "networkpolicies"
	Nodes           Kind = "nodes"
	Namespaces      Kind = "namespaces"

	IngressClasses     Kind = "ingressclasses"
	HTTPRoutes         Kind = "httproutes"
	GRPCRoutes         Kind = "grpcroutes"
	TLSRoutes          Kind = "tlsroutes"
	TCPRoutes          Kind = "tcproutes"
	Gateways           Kind = "gateways"
	ReferenceGrants    Kind = "referencegrants"
	ValidatingWebhooks Kind = "validatingwebhookconfigurations"
	MutatingWebhooks   Kind = "mutatingwebhookconfigurations"
	APIServices        Kind = "apiservices"
	HorizontalScalers  Kind = "horizontalpodautoscalers"
	ScaledObjects      Kind = "scaledobjects"
	Rollouts           Kind = "rollouts"
	ServiceCIDRs       Kind = "servicecidrs"

	// Endpoints are the objects that EndpointSlices took the place of. They are read only where a check asks for them, because in a
	// large namespace they weigh as much as all slices.
	Endpoints Kind = "endpoints"
)

// Kinds returns every kind that a Snapshot can hold, Services and EndpointSlices first.
func Kinds() []Kind {
	return []Kind{
		Services, EndpointSlices, Pods, Events, Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs,
		Ingresses, NetworkPolicies, Nodes, Namespaces,
		IngressClasses, HTTPRoutes, GRPCRoutes, TLSRoutes, TCPRoutes, Gateways, ReferenceGrants,
		ValidatingWebhooks, MutatingWebhooks, APIServices, HorizontalScalers, ScaledObjects, Rollouts, ServiceCIDRs, Endpoints,
	}
}

// Namespaced tells whether objects of the kind live in a namespace.
func (k Kind) Namespaced() bool {
	switch k {
	case Nodes, Namespaces, IngressClasses, ValidatingWebhooks, MutatingWebhooks, APIServices, ServiceCIDRs:
		return false
	}
	return true
}

// Extension tells whether the kind belongs to an API that many clusters do not have. That it is absent is then no gap.
func (k Kind) Extension() bool {
	switch k {
	case HTTPRoutes, GRPCRoutes, TLSRoutes, TCPRoutes, Gateways, ReferenceGrants, APIServices, ScaledObjects, Rollouts, ServiceCIDRs:
		return true
	}
	return false
}

// Resource returns the group, version and resource under which an API server serves the kind.
// EndpointSlices are read as discovery.k8s.io/v1, served from Kubernetes 1.21 on.
func (k Kind) Resource() schema.GroupVersionResource {
	group, version := "", "v1"
	switch k {
	case EndpointSlices:
		group = "discovery.k8s.io"
	case Deployments, ReplicaSets, StatefulSets, DaemonSets:
		group = "apps"
	case Jobs:
		group = "batch"
	case Ingresses, NetworkPolicies, IngressClasses, ServiceCIDRs:
		group = "networking.k8s.io"
	case HTTPRoutes, GRPCRoutes, Gateways:
		group = "gateway.networking.k8s.io"
	case TLSRoutes, TCPRoutes:
		group, version = "gateway.networking.k8s.io", "v1alpha2"
	case ReferenceGrants:
		group, version = "gateway.networking.k8s.io", "v1beta1"
	case ValidatingWebhooks, MutatingWebhooks:
		group = "admissionregistration.k8s.io"
	case APIServices:
		group = "apiregistration.k8s.io"
	case HorizontalScalers:
		group, version = "autoscaling", "v2"
	case ScaledObjects:
		group, version = "keda.sh", "v1alpha1"
	case Rollouts:
		group, version = "argoproj.io", "v1alpha1"
	}
	return schema.GroupVersionResource{Group: group, Version: version, Resource: string(k)}
}

// ObjectKind returns the name of the kind as it stands in YAML, e.g. Ingress for Ingresses.
func (k Kind) ObjectKind() string {
	switch k {
	case Services:
		return "Service"
	case EndpointSlices:
		return "EndpointSlice"
	case Pods:
		return "Pod"
	case Events:
		return "Event"
	case Deployments:
		return "Deployment"
	case ReplicaSets:
		return "ReplicaSet"
	case StatefulSets:
		return "StatefulSet"
	case DaemonSets:
		return "DaemonSet"
	case Jobs:
		return "Job"
	case Ingresses:
		return "Ingress"
	case NetworkPolicies:
		return "NetworkPolicy"
	case Nodes:
		return "Node"
	case Namespaces:
		return "Namespace"
	case IngressClasses:
		return "IngressClass"
	case HTTPRoutes:
		return "HTTPRoute"
	case GRPCRoutes:
		return "GRPCRoute"
	case TLSRoutes:
		return "TLSRoute"
	case TCPRoutes:
		return "TCPRoute"
	case Gateways:
		return "Gateway"
	case ReferenceGrants:
		return "ReferenceGrant"
	case ValidatingWebhooks:
		return "ValidatingWebhookConfiguration"
	case MutatingWebhooks:
		return "MutatingWebhookConfiguration"
	case APIServices:
		return "APIService"
	case HorizontalScalers:
		return "HorizontalPodAutoscaler"
	case ScaledObjects:
		return "ScaledObject"
	case Rollouts:
		return "Rollout"
	case ServiceCIDRs:
		return "ServiceCIDR"
	case Endpoints:
		return "Endpoints"
	}
	return ""
}

// AllNamespaces is the namespace that stands for every namespace, as in the API itself.
const AllNamespaces = ""

// Key names one namespaced object, in svctui nearly always a Service.
type Key struct {
	Namespace string
	Name      string
}

// String returns namespace/name.
func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Compare orders keys by namespace, then name.
func (k Key) Compare(other Key) int {
	switch {
	case k.Namespace < other.Namespace:
		return -1
	case k.Namespace > other.Namespace:
		return 1
	case k.Name < other.Name:
		return -1
	case k.Name > other.Name:
		return 1
	}
	return 0
}

// Ref names one object of any kind. Namespace is empty for a cluster-scoped kind.
type Ref struct {
	Kind      Kind
	Namespace string
	Name      string
}

// Need says that objects of a kind are wanted from a namespace, or from all when Namespace is
// AllNamespaces. The Namespace of a cluster-scoped kind is AllNamespaces.
type Need struct {
	Kind      Kind
	Namespace string
}
