package model

import (
	"maps"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Change is one object's change: Before is nil when it came, After when it went. Both are immutable.
type Change struct {
	Kind   Kind
	Key    Key
	Before metav1.Object
	After  metav1.Object
}

// Builder makes the next Snapshot out of the one before and what changed. It copies only the namespaces
// that changed. It is not safe for concurrent use, and is spent after Build.
type Builder struct {
	next    *Snapshot
	pending map[Kind]map[Key]Change
}

// NewBuilder starts from a snapshot; nil starts from nothing.
func NewBuilder(previous *Snapshot) *Builder {
	next := &Snapshot{coverage: map[Need]Coverage{}}
	if previous != nil {
		next.tables = previous.tables
		next.coverage = maps.Clone(previous.coverage)
	}
	return &Builder{next: next, pending: map[Kind]map[Key]Change{}}
}

// Apply notes a change. A later change of the same object wins.
func (b *Builder) Apply(change Change) {
	byKey := b.pending[change.Kind]
	if byKey == nil {
		byKey = map[Key]Change{}
		b.pending[change.Kind] = byKey
	}
	byKey[change.Key] = change
}

// Put is Apply for an object that is there. The kind is told from its type; an unknown type is ignored.
func (b *Builder) Put(objects ...metav1.Object) *Builder {
	for _, object := range objects {
		if kind, ok := KindOf(object); ok {
			b.Apply(Change{Kind: kind, Key: Key{object.GetNamespace(), object.GetName()}, After: object})
		}
	}
	return b
}

// Cover sets what is known of a kind in a namespace.
func (b *Builder) Cover(need Need, coverage Coverage) *Builder {
	b.next.coverage[need] = coverage
	return b
}

// Uncover forgets that a need was ever asked for. The objects of it are dropped by Apply, not by this.
func (b *Builder) Uncover(need Need) *Builder {
	delete(b.next.coverage, need)
	return b
}

// Build returns the next snapshot, taken at the given time.
func (b *Builder) Build(at time.Time) *Snapshot {
	t := &b.next.tables
	merge(&t.services, b.pending[Services])
	merge(&t.endpointSlices, b.pending[EndpointSlices])
	merge(&t.pods, b.pending[Pods])
	merge(&t.events, b.pending[Events])
	merge(&t.deployments, b.pending[Deployments])
	merge(&t.replicaSets, b.pending[ReplicaSets])
	merge(&t.statefulSets, b.pending[StatefulSets])
	merge(&t.daemonSets, b.pending[DaemonSets])
	merge(&t.jobs, b.pending[Jobs])
	merge(&t.ingresses, b.pending[Ingresses])
	merge(&t.networkPolicies, b.pending[NetworkPolicies])
	merge(&t.nodes, b.pending[Nodes])
	merge(&t.namespaces, b.pending[Namespaces])
	merge(&t.ingressClasses, b.pending[IngressClasses])
	merge(&t.httpRoutes, b.pending[HTTPRoutes])
	merge(&t.grpcRoutes, b.pending[GRPCRoutes])
	merge(&t.tlsRoutes, b.pending[TLSRoutes])
	merge(&t.tcpRoutes, b.pending[TCPRoutes])
	merge(&t.gateways, b.pending[Gateways])
	merge(&t.referenceGrants, b.pending[ReferenceGrants])
	merge(&t.validatingWebhooks, b.pending[ValidatingWebhooks])
	merge(&t.mutatingWebhooks, b.pending[MutatingWebhooks])
	merge(&t.apiServices, b.pending[APIServices])
	merge(&t.horizontalScalers, b.pending[HorizontalScalers])
	merge(&t.scaledObjects, b.pending[ScaledObjects])
	merge(&t.rollouts, b.pending[Rollouts])
	merge(&t.serviceCIDRs, b.pending[ServiceCIDRs])
	merge(&t.legacyEndpoints, b.pending[Endpoints])
	b.next.at = at
	return b.next
}

// KindOf tells the kind of an object from its Go type, and of a Route or an Autoscaler by its Kind.
func KindOf(object any) (Kind, bool) {
	switch object := object.(type) {
	case *corev1.Service:
		return Services, true
	case *discoveryv1.EndpointSlice:
		return EndpointSlices, true
	case *corev1.Pod:
		return Pods, true
	case *corev1.Event:
		return Events, true
	case *appsv1.Deployment:
		return Deployments, true
	case *appsv1.ReplicaSet:
		return ReplicaSets, true
	case *appsv1.StatefulSet:
		return StatefulSets, true
	case *appsv1.DaemonSet:
		return DaemonSets, true
	case *batchv1.Job:
		return Jobs, true
	case *networkingv1.Ingress:
		return Ingresses, true
	case *networkingv1.NetworkPolicy:
		return NetworkPolicies, true
	case *corev1.Node:
		return Nodes, true
	case *corev1.Namespace:
		return Namespaces, true
	case *networkingv1.IngressClass:
		return IngressClasses, true
	case *Route:
		return kindOfRoute(object)
	case *Gateway:
		return Gateways, true
	case *ReferenceGrant:
		return ReferenceGrants, true
	case *admissionv1.ValidatingWebhookConfiguration:
		return ValidatingWebhooks, true
	case *admissionv1.MutatingWebhookConfiguration:
		return MutatingWebhooks, true
	case *APIService:
		return APIServices, true
	case *Autoscaler:
		if object.Kind == "ScaledObject" {
			return ScaledObjects, true
		}
		return HorizontalScalers, true
	case *Rollout:
		return Rollouts, true
	case *networkingv1.ServiceCIDR:
		return ServiceCIDRs, true
	case *LegacyEndpoints:
		return Endpoints, true
	}
	return "", false
}

func kindOfRoute(route *Route) (Kind, bool) {
	switch route.Kind {
	case "HTTPRoute":
		return HTTPRoutes, true
	case "GRPCRoute":
		return GRPCRoutes, true
	case "TLSRoute":
		return TLSRoutes, true
	case "TCPRoute":
		return TCPRoutes, true
	}
	return "", false
}

func merge[T metav1.Object](t *table[T], changes map[Key]Change) {
	if len(changes) == 0 {
		return
	}
	byNamespace := map[string][]Change{}
	for key, change := range changes {
		byNamespace[key.Namespace] = append(byNamespace[key.Namespace], change)
	}
	next := maps.Clone(t.byNamespace)
	if next == nil {
		next = map[string]*shelf[T]{}
	}
	for namespace, changes := range byNamespace {
		var old []T
		if before := next[namespace]; before != nil {
			old = before.objects
		}
		if merged := mergeShelf(old, changes); len(merged) > 0 {
			next[namespace] = &shelf[T]{objects: merged}
		} else {
			delete(next, namespace)
		}
	}
	t.byNamespace, t.references, t.writings, t.podRanges = next, &references{}, &writings{}, &podRanges{}
}

// mergeShelf merges sorted objects with the changes of one namespace into a new sorted list.
func mergeShelf[T metav1.Object](old []T, changes []Change) []T {
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Key.Name, b.Key.Name) })
	merged := make([]T, 0, len(old)+len(changes))
	i := 0
	for _, change := range changes {
		for i < len(old) && old[i].GetName() < change.Key.Name {
			merged = append(merged, old[i])
			i++
		}
		if i < len(old) && old[i].GetName() == change.Key.Name {
			i++
		}
		if object, ok := change.After.(T); ok {
			merged = append(merged, object)
		}
	}
	return append(merged, old[i:]...)
}
