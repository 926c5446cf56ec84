package model

import (
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Referrer is one place in one object that names a Service.
type Referrer struct {
	// Kind, Namespace and Name are the object's. Namespace is empty for a cluster-scoped one.
	Kind            Kind
	Namespace, Name string
	// Created is when the object was; the reference may be younger.
	Created time.Time
	// Field is the path of the field that holds the Service's name, e.g. spec.rules[0].http.paths[1].backend.service.name.
	Field string
	// Port is the port of the Service that is named; zero where none is, or by PortName.
	Port     int32
	PortName string
	// Hosts and Paths are those of the requests that are sent on, of an Ingress or a route; none means any.
	Hosts, Paths []string
	// Weight is that of a route's backend, 1 unless said otherwise; no request goes where it is zero. It is 1 for all others.
	Weight int32
	// Webhook is the name of a webhook within its configuration, FailurePolicy Fail or Ignore, and Idle is true where it has no
	// rules and so is never called.
	Webhook       string
	FailurePolicy string
	Idle          bool
	// AllReady is true of a StatefulSet whose Pods are all Ready.
	AllReady bool
}

// Ref is the object that holds the reference.
func (r *Referrer) Ref() Ref { return Ref{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name} }

// Reference is a Referrer and the Service that it names, which need not exist.
type Reference struct {
	Service Key
	Referrer
}

// ReferringKinds returns the kinds whose objects can name Services, those first whose mistakes cost most.
func ReferringKinds() []Kind {
	return []Kind{
		Ingresses, HTTPRoutes, ValidatingWebhooks, MutatingWebhooks, GRPCRoutes, APIServices, TLSRoutes, TCPRoutes, StatefulSets, Rollouts,
	}
}

// ReferencesOf returns every place of an object that names a Service, in the object's own order: the backends of Ingresses and
// routes, the clients of webhooks, what APIServices are served by, the serviceName of a StatefulSet, and the Services that a
// Rollout switches. An ExternalName is none: it names a host. An object of another kind, or nil, has none.
func ReferencesOf(object metav1.Object) []Reference {
	switch object := object.(type) {
	case *networkingv1.Ingress:
		return ingressReferences(object)
	case *Route:
		return routeReferences(object)
	case *admissionv1.ValidatingWebhookConfiguration:
		return validatingReferences(object)
	case *admissionv1.MutatingWebhookConfiguration:
		return mutatingReferences(object)
	case *APIService:
		if object != nil && object.Service != nil && object.Service.Name != "" {
			return []Reference{{*object.Service, Referrer{
				Kind: APIServices, Name: object.Name, Created: object.CreationTimestamp.Time, Field: "spec.service.name", Port: object.Port, Weight: 1,
			}}}
		}
	case *appsv1.StatefulSet:
		if object != nil && object.Spec.ServiceName != "" {
			return []Reference{{Key{object.Namespace, object.Spec.ServiceName}, Referrer{
				Kind: StatefulSets, Namespace: object.Namespace, Name: object.Name, Created: object.CreationTimestamp.Time, Field: "spec.serviceName", Weight: 1,
				AllReady: object.Status.ReadyReplicas > 0 && (object.Spec.Replicas == nil || object.Status.ReadyReplicas >= *object.Spec.Replicas),
			}}}
		}
	case *Rollout:
		return rolloutReferences(object)
	}
	return nil
}

// portOfAction is the port's name by which the AWS Load Balancer Controller knows that a backend's name is not a Service's: it is that
// of an action, as ssl-redirect, which an annotation of the Ingress describes.
const portOfAction = "use-annotation"

func ingressReferences(ingress *networkingv1.Ingress) []Reference {
	if ingress == nil || redirects(ingress) {
		return nil
	}
	var found []Reference
	add := func(backend *networkingv1.IngressBackend, field string, hosts, paths []string) {
		if backend == nil || backend.Service == nil || backend.Service.Name == "" || backend.Service.Port.Name == portOfAction {
			return
		}
		found = append(found, Reference{Key{ingress.Namespace, backend.Service.Name}, Referrer{
			Kind: Ingresses, Namespace: ingress.Namespace, Name: ingress.Name, Created: ingress.CreationTimestamp.Time, Field: field + ".service.name",
			Port: backend.Service.Port.Number, PortName: backend.Service.Port.Name, Hosts: hosts, Paths: paths, Weight: 1,
		}})
	}
	add(ingress.Spec.DefaultBackend, "spec.defaultBackend", nil, nil)
	for i := range ingress.Spec.Rules {
		rule := &ingress.Spec.Rules[i]
		if rule.HTTP == nil {
			continue
		}
		for j := range rule.HTTP.Paths {
			path := &rule.HTTP.Paths[j]
			add(&path.Backend, fmt.Sprintf("spec.rules[%d].http.paths[%d].backend", i, j), nonEmpty(rule.Host), nonEmpty(path.Path))
		}
	}
	return found
}

// redirects tells whether an Ingress sends every request elsewhere before it comes to a backend: then a backend is named only because
// one has to be, and often does not exist (ingress-nginx, annotations).
func redirects(ingress *networkingv1.Ingress) bool {
	return ingress.Annotations["nginx.ingress.kubernetes.io/permanent-redirect"] != "" ||
		ingress.Annotations["nginx.ingress.kubernetes.io/temporal-redirect"] != ""
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func routeReferences(route *Route) []Reference {
	if route == nil {
		return nil
	}
	kind, ok := kindOfRoute(route)
	if !ok {
		return nil
	}
	var found []Reference
	for i := range route.Rules {
		rule := &route.Rules[i]
		for j := range rule.Backends {
			backend := &rule.Backends[j]
			if backend.Group != "" || backend.Kind != "Service" || backend.Name == "" {
				continue
			}
			found = append(found, Reference{Key{backend.Namespace, backend.Name}, Referrer{
				Kind: kind, Namespace: route.Namespace, Name: route.Name, Created: route.CreationTimestamp.Time, Field: backend.Path + ".name",
				Port: backend.Port, Hosts: route.Hostnames, Paths: rule.Paths, Weight: backend.Weight,
			}})
		}
	}
	return found
}

func validatingReferences(config *admissionv1.ValidatingWebhookConfiguration) []Reference {
	if config == nil {
		return nil
	}
	var found []Reference
	for i := range config.Webhooks {
		hook := &config.Webhooks[i]
		found = appendWebhook(found, i, hook.ClientConfig.Service, Referrer{
			Kind: ValidatingWebhooks, Name: config.Name, Created: config.CreationTimestamp.Time, Webhook: hook.Name,
			FailurePolicy: failurePolicy(hook.FailurePolicy), Idle: len(hook.Rules) == 0,
		})
	}
	return found
}

func mutatingReferences(config *admissionv1.MutatingWebhookConfiguration) []Reference {
	if config == nil {
		return nil
	}
	var found []Reference
	for i := range config.Webhooks {
		hook := &config.Webhooks[i]
		found = appendWebhook(found, i, hook.ClientConfig.Service, Referrer{
			Kind: MutatingWebhooks, Name: config.Name, Created: config.CreationTimestamp.Time, Webhook: hook.Name,
			FailurePolicy: failurePolicy(hook.FailurePolicy), Idle: len(hook.Rules) == 0,
		})
	}
	return found
}

// appendWebhook fills in the defaults of admissionregistration.k8s.io/v1: port 443.
func appendWebhook(found []Reference, index int, service *admissionv1.ServiceReference, referrer Referrer) []Reference {
	if service == nil || service.Name == "" {
		return found
	}
	referrer.Field = fmt.Sprintf("webhooks[%d].clientConfig.service.name", index)
	referrer.Port, referrer.Weight = 443, 1
	if service.Port != nil {
		referrer.Port = *service.Port
	}
	return append(found, Reference{Key{service.Namespace, service.Name}, referrer})
}

// failurePolicy is Fail unless said otherwise (admissionregistration.k8s.io/v1).
func failurePolicy(policy *admissionv1.FailurePolicyType) string {
	if policy == nil {
		return string(admissionv1.Fail)
	}
	return string(*policy)
}

func rolloutReferences(rollout *Rollout) []Reference {
	if rollout == nil {
		return nil
	}
	var found []Reference
	for _, named := range []struct{ service, field string }{
		{rollout.StableService, "spec.strategy.canary.stableService"},
		{rollout.CanaryService, "spec.strategy.canary.canaryService"},
		{rollout.ActiveService, "spec.strategy.blueGreen.activeService"},
		{rollout.PreviewService, "spec.strategy.blueGreen.previewService"},
	} {
		if named.service != "" {
			found = append(found, Reference{Key{rollout.Namespace, named.service}, Referrer{
				Kind: Rollouts, Namespace: rollout.Namespace, Name: rollout.Name, Created: rollout.CreationTimestamp.Time, Field: named.field, Weight: 1,
			}})
		}
	}
	return found
}
