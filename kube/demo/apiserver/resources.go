package apiserver

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// Object is any API object that the Store can hold.
type Object interface {
	metav1.Object
	runtime.Object
}

// resource is one resource that the server lists in discovery.
type resource struct {
	schema.GroupVersionResource
	kind       string
	singular   string
	shortNames []string
	namespaced bool
	verbs      []string
	// fields are the labels that a field selector may name, apart from metadata.name and metadata.namespace.
	fields func(Object) map[string]string
}

func (r resource) gvk() schema.GroupVersionKind { return r.GroupVersion().WithKind(r.kind) }

// subresource is a part of a resource that can be asked for by itself.
type subresource struct {
	parent schema.GroupVersionResource
	name   string
	kind   string
	verbs  []string
}

var readVerbs = []string{"get", "list", "watch"}

func served(group, version, plural, singular, kind string, namespaced bool, shortNames ...string) resource {
	return resource{
		GroupVersionResource: schema.GroupVersionResource{Group: group, Version: version, Resource: plural},
		kind:                 kind,
		singular:             singular,
		shortNames:           shortNames,
		namespaced:           namespaced,
		verbs:                readVerbs,
		fields:               fieldsOf(group, plural),
	}
}

// servedResources returns what the server has, in the order in which discovery lists it.
func servedResources() []resource {
	review := func(group, plural, singular, kind string) resource {
		r := served(group, "v1", plural, singular, kind, false)
		r.verbs = []string{"create"}
		return r
	}
	return []resource{
		served("", "v1", "configmaps", "configmap", "ConfigMap", true, "cm"),
		served("", "v1", "endpoints", "endpoints", "Endpoints", true, "ep"),
		served("", "v1", "events", "event", "Event", true, "ev"),
		served("", "v1", "limitranges", "limitrange", "LimitRange", true, "limits"),
		served("", "v1", "namespaces", "namespace", "Namespace", false, "ns"),
		served("", "v1", "nodes", "node", "Node", false, "no"),
		served("", "v1", "persistentvolumeclaims", "persistentvolumeclaim", "PersistentVolumeClaim", true, "pvc"),
		served("", "v1", "pods", "pod", "Pod", true, "po"),
		served("", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController", true, "rc"),
		served("", "v1", "resourcequotas", "resourcequota", "ResourceQuota", true, "quota"),
		served("", "v1", "secrets", "secret", "Secret", true),
		served("", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", true, "sa"),
		served("", "v1", "services", "service", "Service", true, "svc"),
		served("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", "MutatingWebhookConfiguration", false),
		served("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "validatingwebhookconfiguration", "ValidatingWebhookConfiguration", false),
		served("apps", "v1", "daemonsets", "daemonset", "DaemonSet", true, "ds"),
		served("apps", "v1", "deployments", "deployment", "Deployment", true, "deploy"),
		served("apps", "v1", "replicasets", "replicaset", "ReplicaSet", true, "rs"),
		served("apps", "v1", "statefulsets", "statefulset", "StatefulSet", true, "sts"),
		review("authentication.k8s.io", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview"),
		review("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectaccessreview", "SelfSubjectAccessReview"),
		review("authorization.k8s.io", "selfsubjectrulesreviews", "selfsubjectrulesreview", "SelfSubjectRulesReview"),
		served("autoscaling", "v2", "horizontalpodautoscalers", "horizontalpodautoscaler", "HorizontalPodAutoscaler", true, "hpa"),
		served("batch", "v1", "cronjobs", "cronjob", "CronJob", true, "cj"),
		served("batch", "v1", "jobs", "job", "Job", true),
		served("discovery.k8s.io", "v1", "endpointslices", "endpointslice", "EndpointSlice", true),
		served("networking.k8s.io", "v1", "ingressclasses", "ingressclass", "IngressClass", false),
		served("networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", true, "ing"),
		served("networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy", true, "netpol"),
		served("networking.k8s.io", "v1", "servicecidrs", "servicecidr", "ServiceCIDR", false),
		served("policy", "v1", "poddisruptionbudgets", "poddisruptionbudget", "PodDisruptionBudget", true, "pdb"),
	}
}

func servedSubresources() []subresource {
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	services := schema.GroupVersionResource{Version: "v1", Resource: "services"}
	proxyVerbs := []string{"create", "delete", "get", "patch", "update"}
	return []subresource{
		{parent: pods, name: "log", kind: "Pod", verbs: []string{"get"}},
		{parent: pods, name: "exec", kind: "PodExecOptions", verbs: []string{"create", "get"}},
		{parent: pods, name: "portforward", kind: "PodPortForwardOptions", verbs: []string{"create", "get"}},
		{parent: pods, name: "proxy", kind: "PodProxyOptions", verbs: proxyVerbs},
		{parent: services, name: "proxy", kind: "ServiceProxyOptions", verbs: proxyVerbs},
	}
}

// catalogue finds served resources by name and by kind. It does not change after it is made.
type catalogue struct {
	all    []resource
	subs   []subresource
	byGVR  map[schema.GroupVersionResource]resource
	byKind map[schema.GroupVersionKind]resource
}

func newCatalogue() *catalogue {
	c := &catalogue{
		all:    servedResources(),
		subs:   servedSubresources(),
		byGVR:  map[schema.GroupVersionResource]resource{},
		byKind: map[schema.GroupVersionKind]resource{},
	}
	for _, r := range c.all {
		c.byGVR[r.GroupVersionResource] = r
		c.byKind[r.gvk()] = r
	}
	return c
}

// groupVersions returns the served group versions, the core group first.
func (c *catalogue) groupVersions() []schema.GroupVersion {
	var found []schema.GroupVersion
	for _, r := range c.all {
		if gv := r.GroupVersion(); !slices.Contains(found, gv) {
			found = append(found, gv)
		}
	}
	return found
}

// kindOf returns the kind that the scheme knows obj by.
func kindOf(obj runtime.Object) (schema.GroupVersionKind, error) {
	kinds, _, err := scheme.Scheme.ObjectKinds(obj)
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	return kinds[0], nil
}
