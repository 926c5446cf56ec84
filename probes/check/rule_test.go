package check

import (
	"fmt"
	"strings"
	"testing"

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
	fmt.Fprintf(&text, "# everything\n%v\n", DeclaredKinds())
	compareGolden(t, "needs", text.String())
}
