package model_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func backend(service string, port networkingv1.ServiceBackendPort) networkingv1.IngressBackend {
	return networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: port}}
}

func TestReferencesOf(t *testing.T) {
	ignore, port := admissionv1.Ignore, int32(8443)
	rules := []admissionv1.RuleWithOperations{{}}
	at := func(namespace, name string) admissionv1.WebhookClientConfig {
		return admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: namespace, Name: name}}
	}
	withPort := at("infra", "mutate")
	withPort.Service.Port = &port
	fallback := backend("fallback", networkingv1.ServiceBackendPort{Name: "http"})
	for _, test := range []struct {
		object metav1.Object
		want   []model.Reference
	}{
		{&networkingv1.Ingress{ObjectMeta: meta("shop", "web"), Spec: networkingv1.IngressSpec{
			DefaultBackend: &fallback,
			Rules: []networkingv1.IngressRule{
				{Host: "nothing.example"},
				{Host: "shop.example", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{
					{Path: "/static", Backend: networkingv1.IngressBackend{Resource: &corev1.TypedLocalObjectReference{Name: "bucket"}}},
					{Path: "/cart", Backend: backend("cart", networkingv1.ServiceBackendPort{Number: 80})},
				}}}},
				{IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Backend: backend("", networkingv1.ServiceBackendPort{})}}}}},
			},
		}}, []model.Reference{
			{model.Key{Namespace: "shop", Name: "fallback"}, model.Referrer{Kind: model.Ingresses, Namespace: "shop", Name: "web", Field: "spec.defaultBackend.service.name", PortName: "http", Weight: 1}},
			{model.Key{Namespace: "shop", Name: "cart"}, model.Referrer{Kind: model.Ingresses, Namespace: "shop", Name: "web", Field: "spec.rules[1].http.paths[1].backend.service.name", Port: 80, Hosts: []string{"shop.example"}, Paths: []string{"/cart"}, Weight: 1}},
		}},
		{&model.Route{ObjectMeta: meta("web", "r"), Kind: "HTTPRoute", Hostnames: []string{"a.example"}, Rules: []model.RouteRule{{}, {Paths: []string{"/p"}, Backends: []model.BackendRef{
			{Kind: "Service", Namespace: "shop", Name: "cart", Port: 80, Weight: 0, Path: "spec.rules[1].backendRefs[0]"},
			{Kind: "Service", Namespace: "shop", Path: "spec.rules[1].backendRefs[1]"},
			{Group: "x.io", Kind: "Service", Namespace: "shop", Name: "other"},
			{Kind: "Bucket", Namespace: "shop", Name: "other"},
		}}}}, []model.Reference{
			{model.Key{Namespace: "shop", Name: "cart"}, model.Referrer{Kind: model.HTTPRoutes, Namespace: "web", Name: "r", Field: "spec.rules[1].backendRefs[0].name", Port: 80, Hosts: []string{"a.example"}, Paths: []string{"/p"}}},
		}},
		{&model.Route{ObjectMeta: meta("web", "r"), Kind: "UDPRoute", Rules: []model.RouteRule{{Backends: []model.BackendRef{{Kind: "Service", Name: "x"}}}}}, nil},
		{&admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta("", "v"), Webhooks: []admissionv1.ValidatingWebhook{
			{Name: "url.example"}, {Name: "a.example", ClientConfig: at("infra", "hook"), Rules: rules}, {Name: "b.example", ClientConfig: at("infra", ""), Rules: rules},
		}}, []model.Reference{
			{model.Key{Namespace: "infra", Name: "hook"}, model.Referrer{Kind: model.ValidatingWebhooks, Name: "v", Field: "webhooks[1].clientConfig.service.name", Port: 443, Weight: 1, Webhook: "a.example", FailurePolicy: "Fail"}},
		}},
		{&admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta("", "m"), Webhooks: []admissionv1.MutatingWebhook{{Name: "m.example", ClientConfig: withPort, FailurePolicy: &ignore}}}, []model.Reference{
			{model.Key{Namespace: "infra", Name: "mutate"}, model.Referrer{Kind: model.MutatingWebhooks, Name: "m", Field: "webhooks[0].clientConfig.service.name", Port: 8443, Weight: 1, Webhook: "m.example", FailurePolicy: "Ignore", Idle: true}},
		}},
		{&model.APIService{ObjectMeta: meta("", "v1.x"), Service: &model.Key{Namespace: "infra", Name: "metrics"}, Port: 443}, []model.Reference{
			{model.Key{Namespace: "infra", Name: "metrics"}, model.Referrer{Kind: model.APIServices, Name: "v1.x", Field: "spec.service.name", Port: 443, Weight: 1}},
		}},
		{&model.APIService{ObjectMeta: meta("", "v1."), Port: 443}, nil},
		{&appsv1.StatefulSet{ObjectMeta: meta("shop", "db"), Spec: appsv1.StatefulSetSpec{ServiceName: "db-peers"}}, []model.Reference{
			{model.Key{Namespace: "shop", Name: "db-peers"}, model.Referrer{Kind: model.StatefulSets, Namespace: "shop", Name: "db", Field: "spec.serviceName", Weight: 1}},
		}},
		{&appsv1.StatefulSet{ObjectMeta: meta("shop", "db")}, nil},
		{&model.Rollout{ObjectMeta: meta("shop", "r"), StableService: "s", PreviewService: "p"}, []model.Reference{
			{model.Key{Namespace: "shop", Name: "s"}, model.Referrer{Kind: model.Rollouts, Namespace: "shop", Name: "r", Field: "spec.strategy.canary.stableService", Weight: 1}},
			{model.Key{Namespace: "shop", Name: "p"}, model.Referrer{Kind: model.Rollouts, Namespace: "shop", Name: "r", Field: "spec.strategy.blueGreen.previewService", Weight: 1}},
		}},
		{&corev1.Service{ObjectMeta: meta("shop", "cart")}, nil},
		{nil, nil},
		{(*networkingv1.Ingress)(nil), nil},
		{(*model.Route)(nil), nil},
		{(*model.APIService)(nil), nil},
		{(*model.Rollout)(nil), nil},
		{(*appsv1.StatefulSet)(nil), nil},
		{(*admissionv1.ValidatingWebhookConfiguration)(nil), nil},
		{(*admissionv1.MutatingWebhookConfiguration)(nil), nil},
	} {
		got := model.ReferencesOf(test.object)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%T:\n%s", test.object, diff)
		}
		for i := range got {
			if kind, _ := model.KindOf(test.object); kind != got[i].Kind || !slices.Contains(model.ReferringKinds(), kind) || got[i].Ref().Name != test.object.GetName() {
				t.Errorf("%T is referred to as %v", test.object, got[i].Ref())
			}
		}
	}
}

func TestReferrersFollowChanges(t *testing.T) {
	ingress := func(name, service string) *networkingv1.Ingress {
		b := backend(service, networkingv1.ServiceBackendPort{Number: 80})
		return &networkingv1.Ingress{ObjectMeta: meta("shop", name), Spec: networkingv1.IngressSpec{DefaultBackend: &b}}
	}
	hook := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta("", "v"), Webhooks: []admissionv1.ValidatingWebhook{
		{ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "infra", Name: "cart"}}},
	}}
	cart := model.Key{Namespace: "shop", Name: "cart"}
	count := func(s *model.Snapshot, want ...string) {
		t.Helper()
		var got []string
		for _, referrer := range s.Referrers(cart) {
			got = append(got, referrer.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("cart is named by %v, want %v", got, want)
		}
	}
	empty := model.NewBuilder(nil).Build(time.Time{})
	count(empty)
	first := model.NewBuilder(empty).Put(ingress("b", "cart"), ingress("a", "cart"), ingress("c", "web"), hook).Build(time.Time{})
	count(first, "a", "b")
	second := model.NewBuilder(first).Put(ingress("b", "web"), ingress("d", "cart")).Build(time.Time{})
	count(second, "a", "d")
	count(first, "a", "b")
	count(model.NewBuilder(second).Put(&corev1.Service{ObjectMeta: meta("shop", "cart")}).Build(time.Time{}), "a", "d")
	if got := second.Referred("shop"); !slices.Equal(got, []model.Key{cart, {Namespace: "shop", Name: "web"}}) {
		t.Errorf("in shop %v are referred to", got)
	}
	if got := second.Referred(model.AllNamespaces); len(got) != 3 || got[0].Namespace != "infra" {
		t.Errorf("%v are referred to", got)
	}
}
