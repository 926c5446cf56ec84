package check

import (
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// inFront is what stands in front of one Service, whether it exists or not.
type inFront struct {
	ingresses   []ingressBackend
	routes      []routeBackend
	webhooks    []webhookCall
	apiServices []*model.APIService
}

// inFront returns what stands in front of the Service, looked up once.
func (s *subject) inFront() *inFront {
	if s.front == nil {
		s.front = inFrontOf(s.in.Snapshot, s.key)
	}
	return s.front
}

// nothingInFront is what stands in front of most Services. It is never changed.
var nothingInFront = inFront{}

// inFrontOf gathers what brings requests to a Service, of what names it.
func inFrontOf(snapshot *model.Snapshot, key model.Key) *inFront {
	referrers := snapshot.Referrers(key)
	if len(referrers) == 0 {
		return &nothingInFront
	}
	front := &inFront{}
	for i := range referrers {
		referrer := &referrers[i]
		switch referrer.Kind {
		case model.Ingresses:
			front.addIngress(snapshot, referrer)
		case model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
			front.addRoute(snapshot, referrer)
		case model.ValidatingWebhooks, model.MutatingWebhooks:
			front.addWebhook(snapshot, referrer, key)
		case model.APIServices:
			if apiService := snapshot.APIService(referrer.Name); apiService != nil {
				front.apiServices = append(front.apiServices, apiService)
			}
		}
	}
	return front
}

// pathOf is the path of the reference, of which a Referrer tells the field with the name.
func pathOf(referrer *model.Referrer) string { return strings.TrimSuffix(referrer.Field, ".name") }

func (f *inFront) addIngress(snapshot *model.Snapshot, referrer *model.Referrer) {
	ingress := snapshot.Ingress(model.Key{Namespace: referrer.Namespace, Name: referrer.Name})
	if ingress == nil {
		return
	}
	backend := ingressBackend{ingress: ingress, path: pathOf(referrer), serves: strings.Join(referrer.Hosts, "") + strings.Join(referrer.Paths, "")}
	backend.port.Number, backend.port.Name = referrer.Port, referrer.PortName
	if backend.serves == "" {
		backend.serves = "whatever no rule is for"
	}
	f.ingresses = append(f.ingresses, backend)
}

func (f *inFront) addRoute(snapshot *model.Snapshot, referrer *model.Referrer) {
	route := snapshot.Route(referrer.Kind, model.Key{Namespace: referrer.Namespace, Name: referrer.Name})
	if route == nil {
		return
	}
	for i := range route.Rules {
		rule := &route.Rules[i]
		for j := range rule.Backends {
			if rule.Backends[j].Path == pathOf(referrer) {
				f.routes = append(f.routes, routeBackend{route, rule, &rule.Backends[j]})
				return
			}
		}
	}
}

// addWebhook adds a call, unless the webhook has no rules: then the API server never makes it.
func (f *inFront) addWebhook(snapshot *model.Snapshot, referrer *model.Referrer, service model.Key) {
	if referrer.Idle {
		return
	}
	call := webhookCall{
		path: pathOf(referrer), service: service, port: referrer.Port, fails: referrer.FailurePolicy == string(admissionv1.Fail),
	}
	var rules []admissionv1.RuleWithOperations
	switch referrer.Kind {
	case model.ValidatingWebhooks:
		if configuration := snapshot.ValidatingWebhook(referrer.Name); configuration != nil {
			call.kind, call.configuration = "ValidatingWebhookConfiguration", configuration
			for i := range configuration.Webhooks {
				if configuration.Webhooks[i].Name == referrer.Webhook {
					rules = configuration.Webhooks[i].Rules
				}
			}
		}
	case model.MutatingWebhooks:
		if configuration := snapshot.MutatingWebhook(referrer.Name); configuration != nil {
			call.kind, call.configuration = "MutatingWebhookConfiguration", configuration
			for i := range configuration.Webhooks {
				if configuration.Webhooks[i].Name == referrer.Webhook {
					rules = configuration.Webhooks[i].Rules
				}
			}
		}
	}
	if call.configuration == metav1.Object(nil) {
		return
	}
	call.asks = webhookAsks(rules)
	f.webhooks = append(f.webhooks, call)
}
