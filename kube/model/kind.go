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
)

// Kinds returns every kind that a Snapshot can hold, Services and EndpointSlices first.
func Kinds() []Kind {
	return []Kind{
		Services, EndpointSlices, Pods, Events, Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs,
		Ingresses, NetworkPolicies, Nodes, Namespaces,
	}
}

// Namespaced tells whether objects of the kind live in a namespace.
func (k Kind) Namespaced() bool { return k != Nodes && k != Namespaces }

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
	case Ingresses, NetworkPolicies:
		group = "networking.k8s.io"
	}
	return schema.GroupVersionResource{Group: group, Version: version, Resource: string(k)}
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
