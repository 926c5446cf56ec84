package isolation

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// A pass beside a client that told nothing is taken back, to what the API tells of that client.
func TestAnUntoldClient(t *testing.T) {
	keeps := check.Finding{ID: "NP-03", Severity: check.Minor, Confidence: check.Likely, Title: "A policy keeps it out.", Fix: &check.Fix{Note: "admit it"}}
	with := func(edit func(*check.Finding)) func(*Facts) {
		return func(f *Facts) {
			finding := keeps
			edit(&finding)
			f.ClientFindings = []check.Finding{finding}
		}
	}
	behind := func(f *Facts) { f.ClientFindings, f.ClientBehind = []check.Finding{keeps}, true }
	untold := Observation{Rung: RungInCluster, Detail: "there is no sh."}
	for _, test := range []struct {
		name string
		seen []Observation
		edit func(*Facts)
		mark check.Mark
		next string
	}{
		{"nobody was asked for", []Observation{untold}, func(f *Facts) { f.Client = "" }, check.MarkOK, ""},
		{"it told something", []Observation{untold}, func(f *Facts) { f.seen.clientPod = answered }, check.MarkOK, ""},
		{"it is no rung of this test", []Observation{{Rung: RungPod}}, func(*Facts) {}, check.MarkOK, ""},
		{"nothing keeps it out", []Observation{untold}, func(*Facts) {}, check.MarkUnknown, "try it from another Pod"},
		{"there is a line for it", []Observation{{Rung: RungPod}, {Rung: RungInCluster, Paste: "kubectl debug"}}, func(*Facts) {}, check.MarkUnknown, "run the line beside the rung In-cluster"},
		{"a policy does", []Observation{untold}, with(func(*check.Finding) {}), check.MarkWarn, "admit it"},
		{"what is worth no warning", []Observation{untold}, with(func(f *check.Finding) { f.Severity = check.Info }), check.MarkUnknown, "another Pod"},
		{"what is only possible", []Observation{untold}, with(func(f *check.Finding) { f.Confidence = check.Possible }), check.MarkUnknown, "another Pod"},
		{"what is not settled", []Observation{untold}, with(func(f *check.Finding) { f.Settling = true }), check.MarkUnknown, "another Pod"},
		{"it is one of the Service's own", []Observation{untold}, behind, check.MarkUnknown, "another Pod"},
	} {
		facts := oneUsable(func(f *Facts) { f.Client = "batch" }, test.edit)
		got := (Conclusion{Mark: check.MarkOK, Text: "All is well."}).ofUntoldClient(test.seen, facts)
		if got.Mark != test.mark || !strings.Contains(got.Next, test.next) || got.OnlyForClient != (test.mark != check.MarkOK) {
			t.Errorf("%s: %+v", test.name, got)
		}
		if test.mark == check.MarkUnknown && test.next != "run the line beside the rung In-cluster" && !strings.HasPrefix(got.Why, "Pod batch itself told nothing (there is no sh). Of the ways beside it: all is well.") {
			t.Errorf("%s: %q", test.name, got.Why)
		}
	}
}
