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
		"Not checked: all that rests on endpoints; it needs to list endpointslices (forbidden)": {Need: "list endpointslices", Coverage: denied},
	} {
		if got := uncheckedText(unchecked); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
