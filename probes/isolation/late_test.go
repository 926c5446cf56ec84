package isolation

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// An answer that comes late passes nowhere without a word.
func TestALateAnswer(t *testing.T) {
	for _, test := range []struct {
		name        string
		after       time.Duration
		request     Request
		mark        check.Mark
		test, sweep string
	}{
		{"in time", 4 * time.Second, web, check.MarkOK, "The application answers", "All 2 Pods answer."},
		{"late", 8 * time.Second, web, check.MarkWarn, "it takes 8s to answer", "web-1 and web-2 answer, and late"},
		{"later than usual, and given longer", 8 * time.Second, Request{Service: web.Service, Patience: 9 * time.Second}, check.MarkOK, "The application answers", "All 2 Pods answer."},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				snapshot := many(w, 2)
				for _, pod := range []string{"web-1", "web-2"} {
					w.loopback[pod+":8080"] = slowly(test.after, httpApp(200, "fine"))
					w.proxied["pods/"+pod+":8080"] = later(test.after, replies(200, "fine"))
					w.proxied["pods/https:"+pod+":8080"] = cannotReach("tls: first record does not look like a TLS handshake")
				}
				w.proxied["services/web:80"] = w.proxied["pods/web-1:8080"]
				w.proxied["services/https:web:80"] = w.proxied["pods/https:web-1:8080"]
				one, all := Run(t.Context(), w, snapshot, test.request, nil).Conclusion, Sweep(t.Context(), w, snapshot, test.request, nil).Conclusion
				if one.Mark != test.mark || !strings.Contains(one.Text+one.Why, test.test) {
					t.Errorf("the test: %v %q %q", one.Mark, one.Text, one.Why)
				}
				if all.Mark != test.mark || !strings.Contains(all.Text+all.Why, test.sweep) || test.mark == check.MarkWarn && all.Next == "" {
					t.Errorf("the sweep: %v %q %q %q", all.Mark, all.Text, all.Why, all.Next)
				}
			})
		})
	}
}

func TestIsLate(t *testing.T) {
	spoken := answer{outcome: OK, status: true}
	for _, test := range []struct {
		name   string
		scheme string
		got    answer
		took   time.Duration
		want   bool
	}{
		{"late", schemeHTTP, spoken, 6 * time.Second, true},
		{"in time", schemeHTTP, spoken, 5 * time.Second, false},
		{"connected alone", schemeHTTP, answer{outcome: OK}, 6 * time.Second, false},
		{"over TLS, which was tried later", schemeHTTP, answer{outcome: OK, status: true, insteadTLS: true}, 6 * time.Second, false},
		{"an error", schemeHTTP, answer{outcome: Failed, status: true}, 6 * time.Second, false},
		{"what nobody asked in HTTP", schemeTCP, spoken, 6 * time.Second, false},
	} {
		s := subject{speaks: protocol{scheme: test.scheme}}
		if got := s.isLate(test.got, test.took); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// Of another verdict than a pass, that it was late is not the matter.
func TestLateBesideOtherVerdicts(t *testing.T) {
	late := oneUsable(func(f *Facts) { f.Late = 8 * time.Second })
	for _, test := range []struct {
		v    verdict
		mark check.Mark
		want bool
	}{{healthy, check.MarkOK, true}, {healthy, check.MarkWarn, false}, {hangs, check.MarkOK, false}} {
		if got := (Conclusion{Mark: test.mark, Text: "as it was"}).ofLate(test.v, late); (got.Text != "as it was") != test.want {
			t.Errorf("%v %v: %+v", test.v, test.mark, got)
		}
	}
}
