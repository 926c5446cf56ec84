package model

import (
	"maps"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Snapshot is what is known of a cluster at one moment. It is immutable and safe for concurrent use; what
// it returns must not be changed. Lists are sorted by name.
type Snapshot struct {
	at       time.Time
	tables   tables
	coverage map[Need]Coverage
}

type tables struct {
	services        table[*corev1.Service]
	endpointSlices  table[*discoveryv1.EndpointSlice]
	pods            table[*corev1.Pod]
	events          table[*corev1.Event]
	deployments     table[*appsv1.Deployment]
	replicaSets     table[*appsv1.ReplicaSet]
	statefulSets    table[*appsv1.StatefulSet]
	daemonSets      table[*appsv1.DaemonSet]
	jobs            table[*batchv1.Job]
	ingresses       table[*networkingv1.Ingress]
	networkPolicies table[*networkingv1.NetworkPolicy]
	nodes           table[*corev1.Node]
	namespaces      table[*corev1.Namespace]

	ingressClasses     table[*networkingv1.IngressClass]
	httpRoutes         table[*Route]
	grpcRoutes         table[*Route]
	tlsRoutes          table[*Route]
	tcpRoutes          table[*Route]
	gateways           table[*Gateway]
	referenceGrants    table[*ReferenceGrant]
	validatingWebhooks table[*admissionv1.ValidatingWebhookConfiguration]
	mutatingWebhooks   table[*admissionv1.MutatingWebhookConfiguration]
	apiServices        table[*APIService]
	horizontalScalers  table[*Autoscaler]
	scaledObjects      table[*Autoscaler]
	rollouts           table[*Rollout]
	serviceCIDRs       table[*networkingv1.ServiceCIDR]
	legacyEndpoints    table[*LegacyEndpoints]
}

// At is when the snapshot was taken, by this machine's clock.
func (s *Snapshot) At() time.Time { return s.at }

// Coverage says what is known of a kind in a namespace: by a read of that very namespace, else by one of
// all namespaces. Cluster-scoped kinds are asked for with AllNamespaces.
func (s *Snapshot) Coverage(kind Kind, namespace string) Coverage {
	own, asked := s.coverage[Need{kind, namespace}]
	if asked && own.Known() {
		return own
	}
	if all, ok := s.coverage[Need{kind, AllNamespaces}]; ok && (!asked || all.Known()) {
		return all
	}
	return own
}

// Covered returns every need that was ever asked for with its coverage. The caller owns the map.
func (s *Snapshot) Covered() map[Need]Coverage { return maps.Clone(s.coverage) }

// ServiceNamespaces returns the names of the namespaces in which any Service is held, sorted.
func (s *Snapshot) ServiceNamespaces() []string {
	return slices.Sorted(maps.Keys(s.tables.services.byNamespace))
}

// Services returns the Services of a namespace, or of all.
func (s *Snapshot) Services(namespace string) []*corev1.Service {
	return s.tables.services.list(namespace)
}

// Service returns one Service, or nil.
func (s *Snapshot) Service(key Key) *corev1.Service { return s.tables.services.get(key) }

// ServiceWithAddress returns the Service that has a ClusterIP, or nil. Where two claim it, which is a fault of its own, it is the
// first by namespace and name.
func (s *Snapshot) ServiceWithAddress(clusterIP string) *corev1.Service {
	var first *corev1.Service
	for namespace, shelf := range s.tables.services.byNamespace {
		if having := shelf.withField(clusterIP); len(having) > 0 && (first == nil || namespace < first.Namespace) {
			first = having[0]
		}
	}
	return first
}

// ServicesWithAddress returns every Service that claims a ClusterIP, in no order.
func (s *Snapshot) ServicesWithAddress(clusterIP string) []*corev1.Service {
	var claiming []*corev1.Service
	for _, shelf := range s.tables.services.byNamespace {
		claiming = append(claiming, shelf.withField(clusterIP)...)
	}
	return claiming
}

// EndpointSlices returns the EndpointSlices of a namespace, or of all.
func (s *Snapshot) EndpointSlices(namespace string) []*discoveryv1.EndpointSlice {
	return s.tables.endpointSlices.list(namespace)
}

// SliceNamespaces returns the names of the namespaces in which any EndpointSlice is held, sorted.
func (s *Snapshot) SliceNamespaces() []string {
	return slices.Sorted(maps.Keys(s.tables.endpointSlices.byNamespace))
}

// SlicesOf returns the EndpointSlices that belong to a Service: those of its namespace whose label
// kubernetes.io/service-name names it, whoever manages them (KEP-752; kube-proxy does not ask who).
func (s *Snapshot) SlicesOf(service Key) []*discoveryv1.EndpointSlice {
	shelf := s.tables.endpointSlices.byNamespace[service.Namespace]
	if shelf == nil {
		return nil
	}
	return shelf.labelled(discoveryv1.LabelServiceName, service.Name)
}

// Pods returns the Pods of a namespace, or of all.
func (s *Snapshot) Pods(namespace string) []*corev1.Pod { return s.tables.pods.list(namespace) }

// PodsNamed returns the Pods of all namespaces whose names begin so, sorted by namespace and name.
func (s *Snapshot) PodsNamed(prefix string) []*corev1.Pod { return s.tables.pods.named(prefix) }

// PodsWithAddress returns the Pods of all namespaces that have an IP address, in no order: one that ended keeps in its status an
// address that another may have by now, and Pods on their node's network share that of the node.
func (s *Snapshot) PodsWithAddress(ip string) []*corev1.Pod {
	var having []*corev1.Pod
	for _, shelf := range s.tables.pods.byNamespace {
		having = append(having, shelf.withAddress(ip)...)
	}
	return having
}

// PodNamespaces returns the names of the namespaces in which any Pod is held, sorted.
func (s *Snapshot) PodNamespaces() []string {
	return slices.Sorted(maps.Keys(s.tables.pods.byNamespace))
}

// Pod returns one Pod, or nil.
func (s *Snapshot) Pod(key Key) *corev1.Pod { return s.tables.pods.get(key) }

// Selected returns the Pods of a namespace that carry every pair of the selector. An empty selector
// selects nothing: to a Service it means "no selector", never "every Pod".
func (s *Snapshot) Selected(namespace string, selector map[string]string) []*corev1.Pod {
	shelf := s.tables.pods.byNamespace[namespace]
	if shelf == nil || len(selector) == 0 {
		return nil
	}
	return shelf.selected(selector)
}

// Events returns the events of a namespace, or of all.
func (s *Snapshot) Events(namespace string) []*corev1.Event { return s.tables.events.list(namespace) }

// EventsOf returns the events of a namespace that speak of the object with this uid. An object that was
// deleted and made anew has another uid, and so does not inherit events.
func (s *Snapshot) EventsOf(namespace string, uid types.UID) []*corev1.Event {
	shelf := s.tables.events.byNamespace[namespace]
	if shelf == nil || uid == "" {
		return nil
	}
	return shelf.about(uid)
}

// EventsWithoutUID returns the events of a namespace that name their object and not its uid, as those of kube-proxy: they may speak of
// one of that name which was deleted before.
func (s *Snapshot) EventsWithoutUID(namespace string) []*corev1.Event {
	shelf := s.tables.events.byNamespace[namespace]
	if shelf == nil {
		return nil
	}
	return shelf.about("")
}

// EventsNamed returns the events of a namespace that speak of an object of a kind and name, whichever of that name it was: for an
// object that is not held, so that its uid is not known.
func (s *Snapshot) EventsNamed(namespace, kind, name string) []*corev1.Event {
	shelf := s.tables.events.byNamespace[namespace]
	if shelf == nil {
		return nil
	}
	return shelf.withField(kind + "/" + name)
}

// Deployments returns the Deployments of a namespace, or of all.
func (s *Snapshot) Deployments(namespace string) []*appsv1.Deployment {
	return s.tables.deployments.list(namespace)
}

// Deployment returns one Deployment, or nil.
func (s *Snapshot) Deployment(key Key) *appsv1.Deployment { return s.tables.deployments.get(key) }

// ReplicaSets returns the ReplicaSets of a namespace, or of all.
func (s *Snapshot) ReplicaSets(namespace string) []*appsv1.ReplicaSet {
	return s.tables.replicaSets.list(namespace)
}

// ReplicaSet returns one ReplicaSet, or nil.
func (s *Snapshot) ReplicaSet(key Key) *appsv1.ReplicaSet { return s.tables.replicaSets.get(key) }

// StatefulSets returns the StatefulSets of a namespace, or of all.
func (s *Snapshot) StatefulSets(namespace string) []*appsv1.StatefulSet {
	return s.tables.statefulSets.list(namespace)
}

// StatefulSet returns one StatefulSet, or nil.
func (s *Snapshot) StatefulSet(key Key) *appsv1.StatefulSet { return s.tables.statefulSets.get(key) }

// StatefulSetsNaming returns the StatefulSets of its namespace that name a Service in spec.serviceName.
func (s *Snapshot) StatefulSetsNaming(service Key) []*appsv1.StatefulSet {
	shelf := s.tables.statefulSets.byNamespace[service.Namespace]
	if shelf == nil {
		return nil
	}
	return shelf.withField(service.Name)
}

// DaemonSets returns the DaemonSets of a namespace, or of all.
func (s *Snapshot) DaemonSets(namespace string) []*appsv1.DaemonSet {
	return s.tables.daemonSets.list(namespace)
}

// DaemonSetsNamed returns the DaemonSets of all namespaces whose names begin so, sorted by namespace and name.
func (s *Snapshot) DaemonSetsNamed(prefix string) []*appsv1.DaemonSet {
	return s.tables.daemonSets.named(prefix)
}

// Jobs returns the Jobs of a namespace, or of all.
func (s *Snapshot) Jobs(namespace string) []*batchv1.Job { return s.tables.jobs.list(namespace) }

// Ingresses returns the Ingresses of a namespace, or of all.
func (s *Snapshot) Ingresses(namespace string) []*networkingv1.Ingress {
	return s.tables.ingresses.list(namespace)
}

// Ingress returns one Ingress, or nil.
func (s *Snapshot) Ingress(key Key) *networkingv1.Ingress { return s.tables.ingresses.get(key) }

// NetworkPolicies returns the NetworkPolicies of a namespace, or of all.
func (s *Snapshot) NetworkPolicies(namespace string) []*networkingv1.NetworkPolicy {
	return s.tables.networkPolicies.list(namespace)
}

// Nodes returns the Nodes.
func (s *Snapshot) Nodes() []*corev1.Node { return s.tables.nodes.list(AllNamespaces) }

// Node returns one Node, or nil.
func (s *Snapshot) Node(name string) *corev1.Node { return s.tables.nodes.get(Key{Name: name}) }

// Namespaces returns the Namespaces.
func (s *Snapshot) Namespaces() []*corev1.Namespace { return s.tables.namespaces.list(AllNamespaces) }

// Namespace returns one Namespace, or nil.
func (s *Snapshot) Namespace(name string) *corev1.Namespace {
	return s.tables.namespaces.get(Key{Name: name})
}

// IngressClasses returns the IngressClasses.
func (s *Snapshot) IngressClasses() []*networkingv1.IngressClass {
	return s.tables.ingressClasses.list(AllNamespaces)
}

// Routes returns the routes of the Gateway API of a namespace, or of all: HTTPRoutes, then GRPCRoutes, TLSRoutes and TCPRoutes.
// The caller owns the list.
func (s *Snapshot) Routes(namespace string) []*Route {
	return slices.Concat(
		s.tables.httpRoutes.list(namespace), s.tables.grpcRoutes.list(namespace),
		s.tables.tlsRoutes.list(namespace), s.tables.tcpRoutes.list(namespace),
	)
}

// Route returns one route of the kind HTTPRoutes, GRPCRoutes, TLSRoutes or TCPRoutes, or nil.
func (s *Snapshot) Route(kind Kind, key Key) *Route {
	switch kind {
	case HTTPRoutes:
		return s.tables.httpRoutes.get(key)
	case GRPCRoutes:
		return s.tables.grpcRoutes.get(key)
	case TLSRoutes:
		return s.tables.tlsRoutes.get(key)
	case TCPRoutes:
		return s.tables.tcpRoutes.get(key)
	}
	return nil
}

// Gateways returns the Gateways of a namespace, or of all.
func (s *Snapshot) Gateways(namespace string) []*Gateway { return s.tables.gateways.list(namespace) }

// Gateway returns one Gateway, or nil.
func (s *Snapshot) Gateway(key Key) *Gateway { return s.tables.gateways.get(key) }

// ReferenceGrants returns the ReferenceGrants of a namespace, or of all.
func (s *Snapshot) ReferenceGrants(namespace string) []*ReferenceGrant {
	return s.tables.referenceGrants.list(namespace)
}

// ValidatingWebhooks returns the ValidatingWebhookConfigurations.
func (s *Snapshot) ValidatingWebhooks() []*admissionv1.ValidatingWebhookConfiguration {
	return s.tables.validatingWebhooks.list(AllNamespaces)
}

// ValidatingWebhook returns one ValidatingWebhookConfiguration, or nil.
func (s *Snapshot) ValidatingWebhook(name string) *admissionv1.ValidatingWebhookConfiguration {
	return s.tables.validatingWebhooks.get(Key{Name: name})
}

// MutatingWebhooks returns the MutatingWebhookConfigurations.
func (s *Snapshot) MutatingWebhooks() []*admissionv1.MutatingWebhookConfiguration {
	return s.tables.mutatingWebhooks.list(AllNamespaces)
}

// MutatingWebhook returns one MutatingWebhookConfiguration, or nil.
func (s *Snapshot) MutatingWebhook(name string) *admissionv1.MutatingWebhookConfiguration {
	return s.tables.mutatingWebhooks.get(Key{Name: name})
}

// APIServices returns the APIServices.
func (s *Snapshot) APIServices() []*APIService { return s.tables.apiServices.list(AllNamespaces) }

// APIService returns one APIService, or nil.
func (s *Snapshot) APIService(name string) *APIService {
	return s.tables.apiServices.get(Key{Name: name})
}

// Autoscalers returns what scales the workloads of a namespace, or of all: HorizontalPodAutoscalers, then ScaledObjects. The
// caller owns the list.
func (s *Snapshot) Autoscalers(namespace string) []*Autoscaler {
	return slices.Concat(s.tables.horizontalScalers.list(namespace), s.tables.scaledObjects.list(namespace))
}

// Rollouts returns the Rollouts of a namespace, or of all.
func (s *Snapshot) Rollouts(namespace string) []*Rollout { return s.tables.rollouts.list(namespace) }

// ServiceCIDRs returns the ServiceCIDRs: the ranges that ClusterIPs are taken from.
func (s *Snapshot) ServiceCIDRs() []*networkingv1.ServiceCIDR {
	return s.tables.serviceCIDRs.list(AllNamespaces)
}

// LegacyEndpoints returns the Endpoints object of a Service, or nil.
func (s *Snapshot) LegacyEndpoints(service Key) *LegacyEndpoints {
	return s.tables.legacyEndpoints.get(service)
}
