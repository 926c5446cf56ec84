package check

import (
	"fmt"
	"slices"
	"testing"

	"github.com/svctui/svctui/kube/model"
)

// TestUncheckedNamesOnlyWhatIsUnknown holds that no check is called unchecked that ran without what it merely uses.
func TestUncheckedNamesOnlyWhatIsUnknown(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	healthy := objects{service("web", app), pod("a", app, ofDeploy("web"))}
	unready := objects{service("web", app), pod("a", app, ofDeploy("web"), notReady)}
	empty := objects{service("web", app)}
	for name, test := range map[string]struct {
		objects objects
		gap     model.Kind
		want    []string
	}{
		"healthy, no nodes":       {healthy, model.Nodes, nil},
		"healthy, no events":      {healthy, model.Events, nil},
		"unready, no nodes":       {unready, model.Nodes, []string{"how the nodes are [POD-08]"}},
		"unready, no events":      {unready, model.Events, []string{"what controllers and kubelets said of it []"}},
		"unready, no Deployments": {unready, model.Deployments, []string{"whether a Deployment is scaled to 0, rolling out or stuck [WL-03]"}},
		"empty, no StatefulSets":  {empty, model.StatefulSets, []string{"whether one of them is asked for its Pods [WL-01 WL-02]"}},
		"healthy, no slices":      {healthy, model.EndpointSlices, []string{"all that rests on endpoints []"}},
		"healthy, no policies":    {healthy, model.NetworkPolicies, []string{"whether NetworkPolicies let anybody in [NP-01 NP-02]"}},
		"healthy, no Pods":        {healthy, model.Pods, []string{"what its Pods tell [SEL-05 SEL-06 SEL-02 EPS-07 POD-10 POD-08 POD-01 POD-12 POD-02 POD-03 POD-04 POD-05 POD-06 POD-07 POD-09 WL-03 PORT-06 PORT-05 NP-01 NP-02 ADV-03]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			builder := cluster(test.objects...)
			denied := model.Coverage{State: model.Forbidden, Verb: "list"}
			builder.Cover(model.Need{Kind: test.gap}, denied).Cover(model.Need{Kind: test.gap, Namespace: namespaceFor(test.gap, "shop")}, denied)
			report := Judge(input(builder), web)
			var got []string
			for _, unchecked := range report.Unchecked {
				got = append(got, fmt.Sprint(unchecked.What, " ", unchecked.Check))
				for _, finding := range report.Findings {
					if slices.Contains(unchecked.Check, finding.ID) {
						t.Errorf("%s is said, and called unchecked", finding.ID)
					}
				}
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
