package isolation

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

func TestConclusionsAgreeWithTheDiagnosis(t *testing.T) {
	t.Parallel()
	mixed := func(f *Facts) {
		f.Diagnosis = []check.Finding{{
			ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "The selector app=web also matches the Pods of deploy/db.",
			Fix: &check.Fix{Command: "kubectl patch svc web", Note: "narrows the selector"},
		}}
	}
	readiness := func(f *Facts) {
		f.Diagnosis = []check.Finding{{
			ID: "POD-06", Severity: check.Critical, Confidence: check.Proven, Title: "Its readiness probe gets 503.",
			Fix: &check.Fix{Command: "kubectl logs web-1", Note: "the log says why", Look: true},
		}}
	}
	meant := func(f *Facts) { f.PortMeant = 5432 }
	for _, test := range []struct {
		name, seen string
		facts      []func(*Facts)
		id         string
		says, not  string
	}{
		{"the odd one of mixed Pods, alone", "REF REF REF REF -", []func(*Facts){mixed, meant}, "SEL-05", "kubectl patch svc web", "5432"},
		{"the odd one of mixed Pods", "REF REF OK REF -", []func(*Facts){mixed, meant, threeUsable}, "SEL-05", "narrows the selector", "5432"},
		{"a sound one of mixed Pods", "OK OK REF OK -", []func(*Facts){mixed, threeUsable}, "SEL-05", "narrows the selector", "--all-pods"},
		{"nothing listens, and Pods are of one kind", "REF REF REF REF -", []func(*Facts){meant}, "PORT-08", "set targetPort to 5432", "SEL-05"},
		{"no endpoint, and the cause is known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, readiness}, "POD-06", "kubectl logs web-1", "steps"},
		{"no endpoint, and the cause is not known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit}, "", "svctui diagnose", "kubectl logs"},
		{"one of three", "OK OK OK OK -", []func(*Facts){threeUsable}, "", "Of 3 endpoints only this Pod was tried", ""},
		{"one of three, for a client", "OK OK OK OK OK", []func(*Facts){threeUsable}, "", "That was one of 3 endpoints", ""},
		{"the only one", "OK OK OK OK -", nil, "", "", "--all-pods"},
		{"a policy that admits nobody", "OK OK OK OK -", []func(*Facts){admitsNobody}, "", "NP-01", ""},
		{"a policy that admits nobody, and a client that gets in", "OK OK OK OK OK", []func(*Facts){admitsNobody}, "", "does not seem to enforce it", "let it pass. Other"},
	} {
		facts := oneUsable(test.facts...)
		got := Conclude(seen(t, test.seen), facts)
		all := got.Text + " " + got.Why + " " + got.Next + " " + got.Command
		if got.ID != test.id || !strings.Contains(all, test.says) || test.not != "" && strings.Contains(all, test.not) {
			t.Errorf("%s: %s %q, want %s with %q and without %q", test.name, got.ID, all, test.id, test.says, test.not)
		}
	}
}

func TestAnErrorIsNoWorkingApplication(t *testing.T) {
	t.Parallel()
	rungs := func(pod, proxied string) []Observation {
		return []Observation{
			{Rung: RungPod, Outcome: OK, Detail: pod},
			{Rung: RungService, Outcome: OK, Detail: pod},
			{Rung: RungProxyService, Outcome: NoEndpoints},
			{Rung: RungProxyPod, Outcome: OK, Detail: proxied},
		}
	}
	facts := oneUsable(noneUsableEdit)
	for _, test := range []struct{ pod, proxied, want string }{
		{"503 Service Unavailable", "503 Service Unavailable", "The application answers, with an error"},
		{"503 Service Unavailable", "200 OK", "The application works"},
		{"200 OK", "503 Service Unavailable", "The application works"},
		{"404 Not Found", "404 Not Found", "The application works"},
		{"5 bytes, unasked", "5 bytes, unasked", "The application works"},
	} {
		if got := Conclude(rungs(test.pod, test.proxied), facts); !strings.HasPrefix(got.Text, test.want) {
			t.Errorf("%s, %s: %q", test.pod, test.proxied, got.Text)
		}
	}
}
