package report

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

func TestClientClear(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		everybody *check.Report
		client    check.ClientReport
		want      string
	}{
		{nil, check.ClientReport{}, "nothing that was read keeps"},
		{&check.Report{Verdict: check.OK}, check.ClientReport{}, "nothing that was read keeps"},
		{&check.Report{Verdict: check.Warn}, check.ClientReport{}, "nothing more than for everybody"},
		{&check.Report{Verdict: check.Fail}, check.ClientReport{}, "nothing more than for everybody"},
		{&check.Report{Verdict: check.Fail}, check.ClientReport{NoWayIn: true}, "outside of the cluster"},
	} {
		if got := ClientClear(test.everybody, test.client); !strings.HasPrefix(got, test.want) {
			t.Errorf("%+v: %q", test.everybody, got)
		}
	}
}
