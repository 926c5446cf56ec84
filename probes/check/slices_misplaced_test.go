package check

import (
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func has(report *Report, id string) bool { return findingOf(report, id) != nil }

func findingOf(report *Report, id string) *Finding {
	for i := range report.Findings {
		if report.Findings[i].ID == id {
			return &report.Findings[i]
		}
	}
	return nil
}

// TestSlicesThatAreNotMeant holds that a slice is not called misplaced that belongs to somebody, or shows no intent.
func TestSlicesThatAreNotMeant(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		objects objects
		said    bool
	}{
		"meant":                          {objects{service("web", nil), slice(byHand("web-1", "", nil, nil, "192.0.2.1"), unlabelled)}, true},
		"of the same name":               {objects{service("web", nil), slice(byHand("web", "", nil, nil, "192.0.2.1"), unlabelled)}, true},
		"it begins alike":                {objects{service("web", nil), slice(byHand("website", "", nil, nil, "192.0.2.1"), unlabelled)}, false},
		"it is empty":                    {objects{service("web", nil), slice(byHand("web-1", "", nil, nil), unlabelled)}, false},
		"a controller made it":           {objects{service("web", nil), slice(byHand("web-1", "gone", nil, nil, "192.0.2.1"), byController(endpointSliceController))}, false},
		"a mirror":                       {objects{service("web", nil), slice(byHand("web-1", "gone", nil, nil, "192.0.2.1"), byController(sliceMirroringController))}, false},
		"another Service has it":         {objects{service("web", nil), service("other", nil), byHand("web-1", "other", nil, nil, "192.0.2.1")}, false},
		"another Service is nearer":      {objects{service("web", nil), service("web-api", nil), slice(byHand("web-api-1", "", nil, nil, "192.0.2.1"), unlabelled)}, false},
		"another Service of that name":   {objects{service("web", nil), service("web-api", nil), slice(byHand("web-api", "", nil, nil, "192.0.2.1"), unlabelled)}, false},
		"elsewhere":                      {objects{service("web", nil), inPay(byHand("x", "web", nil, nil, "192.0.2.1"))}, true},
		"elsewhere, empty":               {objects{service("web", nil), inPay(byHand("x", "web", nil, nil))}, false},
		"elsewhere, by a controller":     {objects{service("web", nil), inPay(slice(byHand("x", "web", nil, nil, "192.0.2.1"), byController(endpointSliceController)))}, false},
		"elsewhere, where a Service is":  {objects{service("web", nil), inPay(service("web", nil)), inPay(byHand("x", "web", nil, nil, "192.0.2.1"))}, false},
		"elsewhere, under another name":  {objects{service("web", nil), inPay(byHand("web-1", "wob", nil, nil, "192.0.2.1"))}, false},
		"the Service has other backends": {objects{service("web", nil), byHand("a", "web", new(""), new(int32(8080)), "192.0.2.2"), slice(byHand("web-1", "", nil, nil, "192.0.2.1"), unlabelled)}, false},
		"the Service has a selector":     {objects{service("web", labels{"app": "web"}), slice(byHand("web-1", "", nil, nil, "192.0.2.1"), unlabelled)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if report := judge(t, "web", test.objects...); has(report, "EPS-03") != test.said {
				t.Errorf("want %v: %s", test.said, told(report))
			}
		})
	}
	denied := cluster(service("web", nil), inPay(byHand("x", "web", nil, nil, "192.0.2.1"))).
		Cover(model.Need{Kind: model.Services}, model.Coverage{State: model.Forbidden}).
		Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Live})
	if report := Judge(input(denied), web); has(report, "EPS-03") {
		t.Errorf("the Services of pay are not known: %s", told(report))
	}
}

func byController(name string) func(*discoveryv1.EndpointSlice) {
	return func(e *discoveryv1.EndpointSlice) { e.Labels[discoveryv1.LabelManagedBy] = name }
}

func inPay[T metav1.Object](object T) T {
	object.SetNamespace("pay")
	return object
}
