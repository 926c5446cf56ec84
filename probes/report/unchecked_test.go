package report

import (
	"testing"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func TestUncheckedSaysWhatIsMissing(t *testing.T) {
	denied := model.Coverage{State: model.Forbidden}
	for want, unchecked := range map[string]check.Unchecked{
		"Not checked: POD-08, PORT-01; it needs to list pods (forbidden)":                       {Check: []string{"POD-08", "PORT-01"}, Need: "list pods", Coverage: denied},
		"Not checked: all that rests on endpoints; it needs to list endpointslices (forbidden)": {What: "all that rests on endpoints", Need: "list endpointslices", Coverage: denied},
		"Not checked: how the nodes are (POD-08); it needs to list nodes (forbidden)":           {What: "how the nodes are", Check: []string{"POD-08"}, Need: "list nodes", Coverage: denied},
		"Not checked: what its Pods tell; it needs to list pods (forbidden)":                    {What: "what its Pods tell", Check: []string{"1", "2", "3", "4", "5"}, Need: "list pods", Coverage: denied},
		"Out of date: what its Pods tell (POD-08); no news of pods (stale: the watch broke)":    {What: "what its Pods tell", Check: []string{"POD-08"}, Need: "list pods", Coverage: model.Coverage{State: model.Stale, Reason: "the watch broke"}},
		"Not checked: what rests on it; it needs to list secrets (forbidden)":                   {Need: "list secrets", Coverage: denied},
	} {
		if got := uncheckedText(unchecked); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
