package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestWhatIsRead holds by a golden file what a row of the list, and an open Service, ask an API server for: what is read needlessly
// costs each cluster of many Services, and what is not read leaves a fault unsaid.
func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	texts := func(needs []model.Need) string {
		var words []string
		for _, need := range needs {
			words = append(words, strings.TrimSuffix(fmt.Sprintf("%s in %s", need.Kind, need.Namespace), " in "))
		}
		return strings.Join(words, ", ")
	}
	for _, test := range []struct {
		name    string
		objects objects
		unread  []model.Kind
	}{
		{"that serves", objects{service("web", webApp), pod("a", webApp)}, nil},
		{"that serves, Pods not read yet", objects{service("web", webApp), pod("a", webApp)}, []model.Kind{model.Pods}},
		{"without a usable Pod", objects{service("web", webApp), pod("a", webApp, notReady)}, nil},
		{"without a usable Pod, Pods not read yet", objects{service("web", webApp), pod("a", webApp, notReady)}, []model.Kind{model.Pods}},
		{"without Pods", objects{service("web", webApp)}, nil},
		{"without a selector", objects{service("web", nil)}, nil},
		{"that is a name", objects{service("web", nil, externalName("db.pay.svc.cluster.local"))}, nil},
		{"with a load balancer to come", objects{service("web", webApp, loadBalancer), pod("a", webApp)}, nil},
		{"that was a name", objects{service("web", webApp, func(svc *corev1.Service) { svc.Spec.ExternalName = "db.pay.svc.cluster.local" }), pod("a", webApp)}, nil},
		{"that serves, slices not read yet", objects{service("web", webApp), pod("a", webApp)}, []model.Kind{model.EndpointSlices}},
		{"behind an Ingress", objects{service("web", webApp), pod("a", webApp), ingress("front", "web", 80)}, nil},
		{"behind an Ingress that asks another port", objects{service("web", webApp), pod("a", webApp), ingress("front", "web", 81)}, nil},
		{"behind a route", objects{service("web", webApp), pod("a", webApp), httpRoute("front", backends(backendRef(0, 0, "web", 80, 1)))}, nil},
	} {
		builder := cluster(test.objects...).Uncover(model.Need{Kind: model.Services}).
			Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Live})
		for _, kind := range test.unread {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.NotAsked})
		}
		snapshot := builder.Build(now)
		fmt.Fprintf(&text, "# a Service %s\nin a list: %s\nopen: %s\nbeyond: %s\n\n", test.name,
			texts(Needs(web, snapshot)), texts(OpenNeeds(web, snapshot)), texts(BeyondNeeds(web, snapshot)))
	}
	compareGolden(t, "needs", text.String())
}

// TestEveryKindIsRead holds that a run over everything lists nothing that no check asks for.
func TestEveryKindIsRead(t *testing.T) {
	t.Parallel()
	// Endpoints are read for a few Services only, and so by Rule.Beyond.
	read := []model.Kind{model.Services, model.EndpointSlices, model.Endpoints}
	for _, rule := range All() {
		read = slices.Concat(read, rule.Reads, rule.Awaits, rule.Uses)
	}
	for _, kind := range model.Kinds() {
		if !slices.Contains(read, kind) {
			t.Errorf("%s is read by no rule", kind)
		}
	}
}

// TestRankOfAnIDOfSeveralRules is that of the first of them, which is where its cause stands.
func TestRankOfAnIDOfSeveralRules(t *testing.T) {
	t.Parallel()
	ranks := rankByID([]Rule{{IDs: []string{"A", "B"}}, {IDs: []string{"C"}}, {IDs: []string{"B", "D"}}})
	for id, want := range map[string]int{"A": 0, "B": 0, "C": 1, "D": 2} {
		if ranks[id] != want {
			t.Errorf("%s: %d", id, ranks[id])
		}
	}
}
