package convert_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/svctui/svctui/kube/convert"
	"github.com/svctui/svctui/kube/model"
)

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return object
}

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func TestObject(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	accepted := metav1.Condition{Type: "Accepted", Status: "False", ObservedGeneration: 3, Reason: "NoMatchingParent", Message: "none", LastTransitionTime: at}
	for _, test := range []struct {
		kind model.Kind
		text string
		want metav1.Object
	}{
		{
			model.HTTPRoutes, `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",
			"metadata":{"namespace":"shop","name":"web","generation":3,"labels":{"app":"web"},"managedFields":[{"manager":"x"}]},
			"spec":{"hostnames":["a.example",7],"parentRefs":[{"name":"edge"},{"group":"","kind":"Service","namespace":"infra","name":"mesh","sectionName":"https","port":443}],
			"rules":[{"matches":[{"path":{"type":"Exact","value":"/cart"}},{"headers":[]}],"backendRefs":[{"name":"cart","port":80},{"group":"x.io","kind":"Bucket","namespace":"other","name":"b","weight":0}]},
				"nonsense",
				{"filters":[{"type":"RequestRedirect"}]},{"filters":[{"type":"RequestHeaderModifier"}]}]},
			"status":{"parents":[{"controllerName":"c.example/gw","parentRef":{"name":"edge","namespace":"infra"},
				"conditions":[{"type":"Accepted","status":"False","reason":"NoMatchingParent","message":"none","observedGeneration":3,"lastTransitionTime":"2026-01-02T03:04:05Z"},{"status":"True"},4]}]}}`,
			&model.Route{
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 3, Labels: map[string]string{"app": "web"}},
				Kind:       "HTTPRoute", Hostnames: []string{"a.example"},
				Parents: []model.GatewayRef{
					{Group: "gateway.networking.k8s.io", Kind: "Gateway", Namespace: "shop", Name: "edge"},
					{Group: "", Kind: "Service", Namespace: "infra", Name: "mesh", Section: "https", Port: 443},
				},
				Rules: []model.RouteRule{
					{Paths: []string{"/cart"}, Backends: []model.BackendRef{
						{Kind: "Service", Namespace: "shop", Name: "cart", Port: 80, Weight: 1, Path: "spec.rules[0].backendRefs[0]"},
						{Group: "x.io", Kind: "Bucket", Namespace: "other", Name: "b", Path: "spec.rules[0].backendRefs[1]"},
					}},
					{},
					{Redirects: true},
					{},
				},
				Statuses: []model.RouteStatus{{
					Parent:     model.GatewayRef{Group: "gateway.networking.k8s.io", Kind: "Gateway", Namespace: "infra", Name: "edge"},
					Controller: "c.example/gw", Conditions: []metav1.Condition{accepted},
				}},
			},
		},
		{
			model.GRPCRoutes, `{"kind":"GRPCRoute","metadata":{"namespace":"shop","name":"g"},"spec":{"rules":[{"matches":[{"method":{"service":"cart.v1","method":"Get"}},{"method":{"service":"cart.v1"}},{"method":{"method":"Get"}},{}]}]}}`,
			&model.Route{ObjectMeta: meta("shop", "g"), Kind: "GRPCRoute", Rules: []model.RouteRule{{Paths: []string{"/cart.v1/Get", "/cart.v1/*", "/*/Get"}}}},
		},
		{
			model.TLSRoutes, `{"kind":"TLSRoute","metadata":{"namespace":"shop","name":"t"},"spec":{"rules":[{"backendRefs":[{"name":"db","port":99999999999,"weight":1.5}]}]}}`,
			&model.Route{ObjectMeta: meta("shop", "t"), Kind: "TLSRoute", Rules: []model.RouteRule{{Backends: []model.BackendRef{
				{Kind: "Service", Namespace: "shop", Name: "db", Weight: 1, Path: "spec.rules[0].backendRefs[0]"},
			}}}},
		},
		{
			model.TCPRoutes, `{"kind":"TCPRoute","metadata":{"namespace":"shop","name":"t"},"spec":[],"status":null}`,
			&model.Route{ObjectMeta: meta("shop", "t"), Kind: "TCPRoute"},
		},
		{
			model.Gateways, `{"kind":"Gateway","metadata":{"namespace":"infra","name":"edge"},
			"spec":{"gatewayClassName":"c","listeners":[{"name":"http","protocol":"HTTP","port":80,"hostname":"*.example"},{"name":"new","protocol":"TLS","port":443}]},
			"status":{"addresses":[{"value":"192.0.2.1"},{}],"conditions":[{"type":"Accepted","status":"False","observedGeneration":3.0,"reason":"NoMatchingParent","message":"none","lastTransitionTime":"2026-01-02T03:04:05Z"}],
				"listeners":[{"name":"http","attachedRoutes":2,"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"soon"}]}]}}`,
			&model.Gateway{
				ObjectMeta: meta("infra", "edge"), Class: "c", Addresses: []string{"192.0.2.1"}, Conditions: []metav1.Condition{accepted},
				Listeners: []model.Listener{
					{Name: "http", Protocol: "HTTP", Hostname: "*.example", Port: 80, AttachedRoutes: 2, Conditions: []metav1.Condition{{Type: "Ready", Status: "True"}}},
					{Name: "new", Protocol: "TLS", Port: 443},
				},
			},
		},
		{
			model.ReferenceGrants, `{"kind":"ReferenceGrant","metadata":{"namespace":"shop","name":"g"},"spec":{"from":[{"group":"gateway.networking.k8s.io","kind":"HTTPRoute","namespace":"web"}],"to":[{"group":"","kind":"Service","name":"cart"},{"kind":"Service"}]}}`,
			&model.ReferenceGrant{
				ObjectMeta: meta("shop", "g"),
				From:       []model.GrantFrom{{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute", Namespace: "web"}},
				To:         []model.GrantTo{{Kind: "Service", Name: "cart"}, {Kind: "Service"}},
			},
		},
		{
			model.APIServices, `{"kind":"APIService","metadata":{"name":"v1.metrics"},"spec":{"group":"metrics","version":"v1","service":{"namespace":"kube-system","name":"metrics"}},"status":{"conditions":[{"type":"Accepted","status":"False","observedGeneration":3,"reason":"NoMatchingParent","message":"none","lastTransitionTime":"2026-01-02T03:04:05Z"}]}}`,
			&model.APIService{ObjectMeta: meta("", "v1.metrics"), Group: "metrics", Version: "v1", Port: 443, Service: &model.Key{Namespace: "kube-system", Name: "metrics"}, Conditions: []metav1.Condition{accepted}},
		},
		{
			model.APIServices, `{"kind":"APIService","metadata":{"name":"v1."},"spec":{"version":"v1","service":null}}`,
			&model.APIService{ObjectMeta: meta("", "v1."), Version: "v1"},
		},
		{
			model.Rollouts, `{"kind":"Rollout","metadata":{"namespace":"shop","name":"r"},"spec":{"selector":{"matchLabels":{"app":"r","n":3}},"template":{"metadata":{"labels":{"app":"r"}}},
			"strategy":{"canary":{"stableService":"s","canaryService":"c"},"blueGreen":{"activeService":"a","previewService":"p"}}},
			"status":{"availableReplicas":2,"phase":"Paused","message":"m","pauseConditions":[{}]}}`,
			&model.Rollout{
				ObjectMeta: meta("shop", "r"), Replicas: 1, AvailableReplicas: 2, Selector: map[string]string{"app": "r"}, TemplateLabels: map[string]string{"app": "r"},
				StableService: "s", CanaryService: "c", ActiveService: "a", PreviewService: "p", Paused: true, Phase: "Paused", Message: "m",
			},
		},
		{
			model.Rollouts, `{"kind":"Rollout","metadata":{"namespace":"shop","name":"r"},"spec":{"replicas":0,"paused":true}}`,
			&model.Rollout{ObjectMeta: meta("shop", "r"), Paused: true},
		},
		{
			model.ScaledObjects, `{"kind":"ScaledObject","metadata":{"namespace":"shop","name":"s"},"spec":{"scaleTargetRef":{"name":"web"}}}`,
			&model.Autoscaler{ObjectMeta: meta("shop", "s"), Kind: "ScaledObject", TargetKind: "Deployment", TargetName: "web", MaxReplicas: 100},
		},
		{
			model.ScaledObjects, `{"kind":"ScaledObject","metadata":{"namespace":"shop","name":"s"},"spec":{"minReplicaCount":2,"maxReplicaCount":5,"scaleTargetRef":{"kind":"StatefulSet","name":"web"}}}`,
			&model.Autoscaler{ObjectMeta: meta("shop", "s"), Kind: "ScaledObject", TargetKind: "StatefulSet", TargetName: "web", MinReplicas: 2, MaxReplicas: 5},
		},
	} {
		got := convert.Object(test.kind, parse(t, test.text))
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s\n got %+v\nwant %+v", test.kind, got, test.want)
		}
		if kind, _ := model.KindOf(got); kind != test.kind {
			t.Errorf("%s became %s", test.kind, kind)
		}
	}
}

func TestTypedObjects(t *testing.T) {
	none := int32(0)
	scaler := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: meta("shop", "h"),
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "web"}, MaxReplicas: 4},
		Status:     autoscalingv2.HorizontalPodAutoscalerStatus{Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: "ScalingActive", Status: "False", Reason: "ScalingDisabled"}}},
	}
	want := &model.Autoscaler{
		ObjectMeta: meta("shop", "h"), Kind: "HorizontalPodAutoscaler", TargetKind: "Deployment", TargetName: "web", MinReplicas: 1, MaxReplicas: 4,
		Conditions: []metav1.Condition{{Type: "ScalingActive", Status: "False", Reason: "ScalingDisabled"}},
	}
	if got := convert.Object(model.HorizontalScalers, scaler); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	scaler.Spec.MinReplicas = &none
	if got := convert.Object(model.HorizontalScalers, scaler).(*model.Autoscaler); got.MinReplicas != 0 {
		t.Errorf("got %+v", got)
	}
	service := &corev1.Service{ObjectMeta: meta("shop", "cart")}
	if got := convert.Object(model.Services, service); got != service {
		t.Errorf("a Service became %+v", got)
	}
	for _, nothing := range []any{nil, 7, (*unstructured.Unstructured)(nil), &unstructured.Unstructured{}} {
		if got := convert.Object(model.HTTPRoutes, nothing); got != nil {
			t.Errorf("%v became %+v", nothing, got)
		}
	}
	if got := convert.Object(model.Services, parse(t, `{"kind":"Service","metadata":{"name":"x"}}`)); got != nil {
		t.Errorf("a Service of the dynamic client became %+v", got)
	}
}

// FuzzObject holds that an object of whatever shape becomes one of its kind under its own name, or none.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"kind":"HTTPRoute","metadata":{"namespace":"shop","name":"web"},"spec":{"parentRefs":[null],"rules":[{"backendRefs":[{"port":"80"},null]}]},"status":{"parents":[{"conditions":[null]}]}}`))
	f.Add([]byte(`{"kind":"Gateway","metadata":{"name":"g","labels":{"a":1},"ownerReferences":[3],"creationTimestamp":5},"spec":{"listeners":{}},"status":{"listeners":[[]]}}`))
	f.Add([]byte(`{"kind":"Rollout","metadata":{"name":"g","annotations":[]},"spec":{"replicas":1e300,"selector":{"matchLabels":[]},"strategy":""}}`))
	f.Add([]byte(`{"kind":"APIService","metadata":{"name":"g"},"spec":{"service":{"name":"x","port":-1.5}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var content map[string]any
		if json.Unmarshal(text, &content) != nil {
			return
		}
		object := &unstructured.Unstructured{Object: content}
		name := object.GetName()
		for _, kind := range model.Kinds() {
			converted := convert.Object(kind, object)
			if converted == nil {
				continue
			}
			if got, ok := model.KindOf(converted); !ok || got != kind || converted.GetName() != name || name == "" {
				t.Errorf("%s %q became %s %q", kind, name, got, converted.GetName())
			}
		}
	})
}

func TestOfEndpointsOnlyTheNumberOfAddressesIsKept(t *testing.T) {
	t.Parallel()
	object := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{
			"name": "web", "namespace": "shop", "labels": map[string]any{"endpointslice.kubernetes.io/skip-mirror": "true"},
			"annotations": map[string]any{"control-plane.alpha.kubernetes.io/leader": "{}"},
		},
		"subsets": []any{
			map[string]any{"addresses": []any{map[string]any{"ip": "192.0.2.1"}, map[string]any{"ip": "192.0.2.2"}}, "notReadyAddresses": []any{map[string]any{"ip": "192.0.2.3"}}},
			"nonsense",
			map[string]any{"addresses": []any{map[string]any{"ip": "192.0.2.4"}}},
		},
	}}
	got, ok := convert.Object(model.Endpoints, object).(*model.LegacyEndpoints)
	if !ok || got.Addresses != 3 || got.Labels["endpointslice.kubernetes.io/skip-mirror"] != "true" || len(got.Annotations) != 1 || got.Name != "web" {
		t.Errorf("got %+v", got)
	}
	if empty, ok := convert.Object(model.Endpoints, &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "web"}}}).(*model.LegacyEndpoints); !ok || empty.Addresses != 0 {
		t.Errorf("got %+v", empty)
	}
}
