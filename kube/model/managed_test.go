package model

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func entry(manager, fields string, at time.Time) metav1.ManagedFieldsEntry {
	when := metav1.NewTime(at)
	return metav1.ManagedFieldsEntry{Manager: manager, Time: &when, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields)}
}

func TestNewestOwnerOfAFieldIsTold(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	service := &corev1.Service{}
	service.ManagedFields = []metav1.ManagedFieldsEntry{
		entry("helm", `{"f:spec":{"f:selector":{},"f:type":{}}}`, noon),
		entry("kubectl-patch", `{"f:spec":{"f:type":{}}}`, noon.Add(time.Hour)),
		entry("labeller", `{"f:metadata":{"f:labels":{"f:type":{},"f:selector":{}}}}`, noon.Add(2*time.Hour)),
		entry("broken", `{"f:spec":["f:type"`, noon.Add(3*time.Hour)),
		{Manager: "no fields"},
	}
	if got, ok := TypeChanged(service); !ok || got.Manager != "kubectl-patch" || !got.At.Equal(noon.Add(time.Hour)) {
		t.Errorf("type: %+v %v", got, ok)
	}
	if got, ok := SelectorChanged(service); !ok || got.Manager != "helm" {
		t.Errorf("selector: %+v %v", got, ok)
	}
	if got, ok := PortsChanged(service); ok {
		t.Errorf("nobody owns ports, got %+v", got)
	}
}

func TestChangesOfNamesAndBackends(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	service := &corev1.Service{}
	service.ManagedFields = []metav1.ManagedFieldsEntry{entry("helm", `{"f:spec":{"f:externalName":{}}}`, noon)}
	if got, ok := ExternalNameChanged(service); !ok || got.Manager != "helm" || !got.At.Equal(noon) {
		t.Errorf("externalName: %+v %v", got, ok)
	}
	rules, byDefault := `{"f:spec":{"f:rules":{}}}`, `{"f:spec":{"f:defaultBackend":{}}}`
	for name, test := range map[string]struct {
		entries []metav1.ManagedFieldsEntry
		want    string
	}{
		"neither":                    {[]metav1.ManagedFieldsEntry{entry("a", `{"f:spec":{"f:tls":{}}}`, noon)}, ""},
		"rules":                      {[]metav1.ManagedFieldsEntry{entry("a", rules, noon)}, "a"},
		"the default backend":        {[]metav1.ManagedFieldsEntry{entry("b", byDefault, noon)}, "b"},
		"both, the default is newer": {[]metav1.ManagedFieldsEntry{entry("a", rules, noon), entry("b", byDefault, noon.Add(time.Hour))}, "b"},
		"both, the rules are newer":  {[]metav1.ManagedFieldsEntry{entry("b", byDefault, noon), entry("a", rules, noon.Add(time.Hour))}, "a"},
	} {
		ingress := &networkingv1.Ingress{}
		ingress.ManagedFields = test.entries
		if got, ok := BackendsChanged(ingress); got.Manager != test.want || ok != (test.want != "") {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
	}
}

func TestEverHadEndpoints(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	placeholder := entry("kube-controller-manager", `{"f:addressType":{},"f:metadata":{"f:labels":{"f:endpoints":{}}}}`, noon)
	once := entry("kube-controller-manager", `{"f:addressType":{},"f:endpoints":{},"f:ports":{}}`, noon)
	for name, test := range map[string]struct {
		slice      discoveryv1.EndpointSlice
		had, known bool
	}{
		"has them now":           {slice: discoveryv1.EndpointSlice{Endpoints: make([]discoveryv1.Endpoint, 1)}, had: true, known: true},
		"never, whatever labels": {slice: withFields(placeholder), known: true},
		"had once":               {slice: withFields(once), had: true, known: true},
		"nothing to ask":         {slice: discoveryv1.EndpointSlice{}},
	} {
		if had, known := EverHadEndpoints(&test.slice); had != test.had || known != test.known {
			t.Errorf("%s: had %v known %v", name, had, known)
		}
	}
	slice := withFields(once)
	if got := SliceChanged(&slice); !got.Equal(noon) {
		t.Errorf("changed at %v", got)
	}
}

func withFields(entries ...metav1.ManagedFieldsEntry) discoveryv1.EndpointSlice {
	return discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{ManagedFields: entries}}
}

func TestOwnsField(t *testing.T) {
	t.Parallel()
	const whole = `{"f:metadata":{"f:labels":{".":{},"f:selector":{},"f:type":{}}},"f:spec":{"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:selector":{},"f:sessionAffinity":{}}}`
	for name, test := range map[string]struct {
		fields        string
		parent, child string
		want          bool
	}{
		"direct child":                     {whole, "f:spec", "f:selector", true},
		"child after one with children":    {whole, "f:spec", "f:sessionAffinity", true},
		"label of the same name":           {whole, "f:spec", "f:type", false},
		"grandchild is no child":           {whole, "f:spec", "f:port", false},
		"quotes and braces inside of keys": {whole, "f:spec", "f:ports", true},
		"at the top":                       {`{"f:addressType":{},"f:endpoints":{}}`, "f:endpoints", "", true},
		"not at the top":                   {`{"f:addressType":{},"f:metadata":{"f:endpoints":{}}}`, "f:endpoints", "", false},
		"child of the next parent":         {`{"f:spec":{},"f:status":{"f:type":{}}}`, "f:spec", "f:type", false},
		"trimmed":                          {`{"f:spec":{"f:type":{}}}`, "f:spec", "f:type", true},
		"empty":                            {``, "f:spec", "f:type", false},
		"cut off":                          {`{"f:spec":{"f:ty`, "f:spec", "f:type", false},
		"no object":                        {`"f:spec"`, "f:spec", "", false},
		"closed too often":                 {`}}}{"f:spec":{"f:type":{}}}`, "f:spec", "f:type", false},
	} {
		if got := OwnsField([]byte(test.fields), test.parent, test.child); got != test.want {
			t.Errorf("%s: OwnsField(%s, %s, %s) = %v", name, test.fields, test.parent, test.child, got)
		}
	}
}

func TestLabelsChanged(t *testing.T) {
	made := metav1.NewTime(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	later, latest := metav1.NewTime(made.Add(time.Minute)), metav1.NewTime(made.Add(time.Hour))
	entry := func(at *metav1.Time, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Time: at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	labels, status := `{"f:metadata":{"f:labels":{"f:app":{}}}}`, `{"f:status":{"f:phase":{}}}`
	for name, test := range map[string]struct {
		entries []metav1.ManagedFieldsEntry
		want    time.Time
	}{
		"nothing is told":       {nil, time.Time{}},
		"as it was made":        {[]metav1.ManagedFieldsEntry{entry(&made, labels)}, time.Time{}},
		"later":                 {[]metav1.ManagedFieldsEntry{entry(&made, labels), entry(&later, labels)}, later.Time},
		"the newest":            {[]metav1.ManagedFieldsEntry{entry(&latest, labels), entry(&later, labels)}, latest.Time},
		"something else, later": {[]metav1.ManagedFieldsEntry{entry(&later, labels), entry(&latest, status)}, later.Time},
		"no time":               {[]metav1.ManagedFieldsEntry{entry(nil, labels)}, time.Time{}},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: made, ManagedFields: test.entries}}
		if got := LabelsChanged(pod); !got.Equal(test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
