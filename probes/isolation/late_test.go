package isolation

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
		{"in time", 4 * time.Second, web, check.MarkOK, "The application answers", "Both Pods answer."},
		{"late", 8 * time.Second, web, check.MarkWarn, "it takes 8s to answer", "web-1 and web-2 answer, and late"},
		{"later than usual, and given longer", 8 * time.Second, Request{Service: web.Service, Patience: 9 * time.Second}, check.MarkOK, "The application answers", "Both Pods answer."},
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

// What is late is the tested Pod's, another endpoint's, or the way's.
func TestLateness(t *testing.T) {
	slow, quick := 8*time.Second, time.Second
	for _, test := range []struct {
		name           string
		endpoints      int
		timed          []timed
		own, elsewhere time.Duration
	}{
		{"nothing was told", 1, nil, 0, 0},
		{"in time", 1, []timed{{RungPod, 5 * time.Second}}, 0, 0},
		{"late", 1, []timed{{RungPod, slow}, {RungProxyPod, slow + 1}}, slow + 1, 0},
		{"late where clients arrive, whatever its loopback says", 1, []timed{{RungPod, quick}, {RungProxyPod, slow}, {RungProxyService, slow}}, slow, 0},
		{"late, and no forward told", 1, []timed{{RungProxyPod, slow}}, slow, 0},
		{"late at the Service's address, which leads to it", 1, []timed{{RungProxyService, slow}}, slow, 0},
		{"a forward that took long to open", 1, []timed{{RungPod, slow}, {RungProxyPod, quick}}, 0, 0},
		{"a forward that took long to open, and the Service's address", 1, []timed{{RungPod, slow}, {RungProxyService, quick}}, 0, 0},
		{"a forward to another one that took long to open", 2, []timed{{RungPod, quick}, {RungProxyPod, quick}, {RungService, slow}}, 0, 0},
		{"another endpoint", 2, []timed{{RungPod, quick}, {RungProxyPod, quick}, {RungProxyService, slow}}, 0, slow},
		{"one of several, and nothing told of this one", 2, []timed{{RungProxyService, slow}}, 0, slow},
		{"this one, and what was drawn as late", 2, []timed{{RungPod, quick}, {RungProxyPod, slow}, {RungProxyService, slow}}, slow, 0},
	} {
		pod := runningPod("web-1", "10.0.0.1")
		pods := []*corev1.Pod{pod, runningPod("web-2", "10.0.0.2")}[:test.endpoints]
		objects := []metav1.Object{webService(), sliceOf("", 8080, pods...)}
		for _, pod := range pods {
			objects = append(objects, pod)
		}
		r := &run{subject: newSubject(snapshotOf(objects...), Request{Service: web.Service, Pod: "web-1"}), timed: test.timed}
		if own, elsewhere, _ := r.lateness(); own != test.own || elsewhere != test.elsewhere {
			t.Errorf("%s: %s and %s, want %s and %s", test.name, own, elsewhere, test.own, test.elsewhere)
		}
	}
}

func TestTimeCounts(t *testing.T) {
	spoken := answer{outcome: OK, status: true}
	for _, test := range []struct {
		name   string
		scheme string
		got    answer
		want   bool
	}{
		{"an answer", schemeHTTP, spoken, true},
		{"connected alone", schemeHTTP, answer{outcome: OK}, false},
		{"over TLS, which was tried later", schemeHTTP, answer{outcome: OK, status: true, insteadTLS: true}, false},
		{"an error", schemeHTTP, answer{outcome: Failed, status: true}, false},
		{"what nobody asked in HTTP", schemeTCP, spoken, false},
	} {
		s := subject{speaks: protocol{scheme: test.scheme}}
		if got := s.timeCounts(test.got); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// Of another verdict than a pass, that it was late is not the matter.
func TestLateBesideOtherVerdicts(t *testing.T) {
	late := oneUsable(func(f *Facts) { f.Late = 8 * time.Second })
	elsewhere := func(inTime bool) Facts {
		return oneUsable(threeUsable, func(f *Facts) { f.LateElsewhere, f.PodInTime = 8*time.Second, inTime })
	}
	for says, facts := range map[string]Facts{
		"Pod web-1 answers in time, and another endpoint takes 8s to answer": elsewhere(true), "is open, and one of its endpoints takes 8s to answer": elsewhere(false),
	} {
		if got := (Conclusion{Mark: check.MarkOK}).ofLate(healthy, facts); !strings.HasPrefix(got.Why, "An answer is expected within 5s.") || got.Mark != check.MarkWarn || !strings.Contains(got.Text, says) || got.Next != allPods {
			t.Errorf("want %q: %+v", says, got)
		}
	}
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

// Who was connected alone beside a late answer was cut off.
func TestLateForAClient(t *testing.T) {
	for cell, says := range map[evidence]string{answered | silent: "was connected as well, and cut off before an answer came.", answered: "as it was"} {
		facts := oneUsable(func(f *Facts) { f.Late, f.seen = 8*time.Second, sight{inCluster: cell} })
		if got := (Conclusion{Mark: check.MarkOK, Why: "as it was"}).ofLate(healthy, facts); !strings.HasSuffix(got.Why, says) {
			t.Errorf("%v: %q", cell, got.Why)
		}
	}
}

// What answers is the tested Pod, or may be another endpoint.
func TestLeadsToPod(t *testing.T) {
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
	several := snapshotOf(webService(), one, two, sliceOf("", 8080, one, two))
	forwarded := newSubject(several, Request{Service: web.Service})
	for _, test := range []struct {
		name string
		s    subject
		rung Rung
		want bool
	}{
		{"the Pod", forwarded, RungPod, true},
		{"its IP", forwarded, RungProxyPod, true},
		{"what kubectl takes is it", forwarded, RungService, true},
		{"what kubectl takes is another", newSubject(several, Request{Service: web.Service, Pod: otherThan(forwarded.pod.Name)}), RungService, false},
		{"one of several", forwarded, RungProxyService, false},
		{"the only one", newSubject(onePod(), web), RungProxyService, true},
		{"from here", newSubject(onePod(), web), RungFromHere, false},
	} {
		if got := test.s.leadsToPod(test.rung); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// otherThan is the other one of web-1 and web-2.
func otherThan(pod string) string {
	if pod == "web-1" {
		return "web-2"
	}
	return "web-1"
}
