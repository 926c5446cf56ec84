package check

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestNoFaultIsAsOldAsItsObject holds that a fault is dated by what a controller says of it, or not at all: whoever made a route or an Ingress may
// have changed it long after.
func TestNoFaultIsAsOldAsItsObject(t *testing.T) {
	t.Parallel()
	const unknown = time.Duration(0)
	young := func(r *model.Route) { r.CreationTimestamp = ago(4 * time.Second) }
	strayPort, noWeight := backends(backendRef(0, 0, "web", 9, 1)), backends(backendRef(0, 0, "stable", 80, 0), backendRef(0, 1, "web", 80, 0))
	refused := func(reason, message string, generation int64) func(*model.Route) {
		return reported(condition("ResolvedRefs", "False", reason, message, generation))
	}
	for name, test := range map[string]struct {
		objects  []metav1.Object
		id       string
		want     time.Duration
		settling bool
	}{
		"a port, of which nobody says anything": {[]metav1.Object{httpRoute("shop", strayPort), gateway()}, "GW-02", unknown, false},
		"a port, a moment ago":                  {[]metav1.Object{httpRoute("shop", strayPort, young), gateway()}, "GW-02", 4 * time.Second, true},
		"a port, as the controller says":        {[]metav1.Object{httpRoute("shop", strayPort, refused("BackendNotFound", "", 2)), gateway()}, "GW-02", 20 * time.Minute, false},
		"a port, as it said of the route before": {
			[]metav1.Object{httpRoute("shop", strayPort, refused("BackendNotFound", "", 1)), gateway()}, "GW-02", unknown, false,
		},
		"a port, and the controller misses a grant": {[]metav1.Object{httpRoute("shop", strayPort, refused("RefNotPermitted", "", 2)), gateway()}, "GW-02", unknown, false},
		"a port, and the controller speaks of another Service": {
			[]metav1.Object{httpRoute("shop", backends(backendRef(0, 0, "web", 9, 1), backendRef(0, 1, "other", 80, 1)), refused("BackendNotFound", "no Service other", 2)), gateway()},
			"GW-02", unknown, false,
		},
		"a port, and all references are resolved": {
			[]metav1.Object{httpRoute("shop", strayPort, reported(condition("ResolvedRefs", "True", "ResolvedRefs", "", 2))), gateway()}, "GW-02", unknown, false,
		},
		"weights":                            {[]metav1.Object{httpRoute("shop", noWeight), gateway()}, "GW-02", unknown, false},
		"weights, a moment ago":              {[]metav1.Object{httpRoute("shop", noWeight, young), gateway()}, "GW-02", 4 * time.Second, true},
		"a grant":                            {[]metav1.Object{httpRoute("shop", from("front")), gateway()}, "GW-02", unknown, false},
		"a grant, a moment ago":              {[]metav1.Object{httpRoute("shop", from("front"), young), gateway()}, "GW-02", 4 * time.Second, true},
		"a grant, as the controller says":    {[]metav1.Object{httpRoute("shop", from("front"), refused("RefNotPermitted", "", 2)), gateway()}, "GW-02", 20 * time.Minute, false},
		"a grant, and something else is not": {[]metav1.Object{httpRoute("shop", from("front"), refused("BackendNotFound", "", 2)), gateway()}, "GW-02", unknown, false},
		"no Gateway":                         {[]metav1.Object{httpRoute("shop")}, "GW-03", unknown, false},
		"a class":                            {[]metav1.Object{exampleClass, ingress("shop", "web", 80, withoutAddress, withClass(new("gone")))}, "ING-03", unknown, false},
		"a class, a moment ago": {
			[]metav1.Object{exampleClass, ingress("shop", "web", 80, withoutAddress, withClass(new("gone")), made(4*time.Second))},
			"ING-03", 4 * time.Second, true,
		},
		"an APIService's port":              {[]metav1.Object{apiService("v1.metrics", 9)}, "API-02", unknown, false},
		"an APIService's port, unavailable": {[]metav1.Object{apiService("v1.metrics", 9, condition("Available", "False", "x", "", 0))}, "API-02", 20 * time.Minute, false},
		"an APIService's port, available":   {[]metav1.Object{apiService("v1.metrics", 9, condition("Available", "True", "x", "", 0))}, "API-02", unknown, false},
		"an APIService's port, another condition": {
			[]metav1.Object{apiService("v1.metrics", 9, condition("Ready", "False", "x", "", 0))}, "API-02", unknown, false,
		},
	} {
		report := judge(t, "web", append([]metav1.Object{fronted(), behind()}, test.objects...)...)
		finding := findingOf(report, test.id)
		if finding == nil || finding.Settling != test.settling {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		want := now.Add(-test.want)
		if test.want == unknown {
			want = time.Time{}
		}
		if !finding.Since.Equal(want) {
			t.Errorf("%s: since %v, want %v", name, finding.Since, want)
		}
	}
}
