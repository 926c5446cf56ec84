package isolation

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// A Pod that a rollout takes away while it is tested is not faulty.
func TestThePodEndsWhileItIsTested(t *testing.T) {
	ending := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) { pod.DeletionTimestamp = new(metav1.Now()) })
	another := runningPod("web-1", "10.0.0.1")
	another.UID = "another"
	for name, test := range map[string]struct {
		now  map[string]*corev1.Pod
		mark check.Mark
		says string
	}{
		"it stays":                     {map[string]*corev1.Pod{"web-1": runningPod("web-1", "10.0.0.1")}, check.MarkFail, "127.0.0.1"},
		"it may not be read":           {nil, check.MarkFail, "127.0.0.1"},
		"it is being deleted":          {map[string]*corev1.Pod{"web-1": ending}, check.MarkWarn, "being deleted"},
		"it is gone":                   {map[string]*corev1.Pod{"web-1": nil}, check.MarkUnknown, "was gone"},
		"another one took its name on": {map[string]*corev1.Pod{"web-1": another}, check.MarkUnknown, "was gone"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.now = test.now
				w.loopback["web-1:8080"] = httpApp(200, "fine")
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = cannotReach(refusedText), cannotReach(refusedText)
				got := Run(t.Context(), w, onePod(), web, nil).Conclusion
				if got.Mark != test.mark || !strings.Contains(got.Text+got.Why, test.says) {
					t.Errorf("got %s %q %q", markName(got.Mark), got.Text, got.Why)
				}
			})
		})
	}
}

// What the API server drew may have been an endpoint that ends.
func TestAnotherEndpointEndsWhileOneIsTested(t *testing.T) {
	ending := runningPod("web-2", "10.0.0.2", func(pod *corev1.Pod) { pod.DeletionTimestamp = new(metav1.Now()) })
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
	for name, test := range map[string]struct {
		now  map[string]*corev1.Pod
		mark check.Mark
		says string
	}{
		"it is being deleted": {map[string]*corev1.Pod{"web-1": one, "web-2": ending}, check.MarkWarn, "Pod web-2, an endpoint as well, is being deleted"},
		"it is gone":          {map[string]*corev1.Pod{"web-1": one, "web-2": nil}, check.MarkWarn, "it was probably that one"},
		"all stay":            {map[string]*corev1.Pod{"web-1": one, "web-2": two}, check.MarkFail, "another endpoint of the Service does not"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.now = test.now
				w.everywhere("web-1", 8080, "web", "80", 200)
				w.proxied["services/web:80"] = cannotReach("dial tcp 10.0.0.2:8080: connect: connection refused")
				got := Run(t.Context(), w, snapshotOf(webService(), one, two, sliceOf("", 8080, one, two)), web, nil).Conclusion
				if got.Mark != test.mark || !strings.Contains(got.Text+got.Why, test.says) {
					t.Errorf("got %s %q %q", markName(got.Mark), got.Text, got.Why)
				}
			})
		})
	}
}

// A sweep during a rollout leaves those out of the count that end meanwhile and did not answer.
func TestPodsEndWhileTheyAreSwept(t *testing.T) {
	ending := func(name string) *corev1.Pod {
		return runningPod(name, "10.0.0.1", func(pod *corev1.Pod) { pod.DeletionTimestamp = new(metav1.Now()) })
	}
	for name, test := range map[string]struct {
		now  map[string]*corev1.Pod
		mark check.Mark
		says []string
	}{
		"one is being deleted, one is gone": {map[string]*corev1.Pod{"web-2": ending("web-2"), "web-3": nil}, check.MarkOK, []string{"Both Pods answer.", "2 Pods ended while the sweep ran"}},
		"one is there, and does not answer": {map[string]*corev1.Pod{"web-2": ending("web-2")}, check.MarkFail, []string{"2 of 3 Pods answer; web-3 does not", "1 Pod ended while the sweep ran"}},
		"one that answers is being deleted": {map[string]*corev1.Pod{"web-1": ending("web-1"), "web-2": nil, "web-3": nil}, check.MarkOK, []string{"Both Pods answer."}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				snapshot := many(w, 4)
				w.now = test.now
				for _, pod := range []string{"web-2", "web-3"} {
					w.proxied["pods/"+pod+":8080"] = cannotReach(refusedText)
				}
				got := Sweep(t.Context(), w, snapshot, web, nil)
				said := fmt.Sprint(*got.Conclusion)
				for _, says := range test.says {
					if got.Conclusion.Mark != test.mark || !strings.Contains(said, says) {
						t.Errorf("got %s: %s, want %q", markName(got.Conclusion.Mark), said, says)
					}
				}
			})
		})
	}
}

// What answers on the ports that were tried says nothing of those that were not.
func TestASweepThatIsCutSaysNothingOfPortsThatItDidNotTry(t *testing.T) {
	pod := SweptPod{Name: "web-1", Cells: []Cell{{Port: "http", Mark: check.MarkOK}, {Port: "admin"}}}
	fails := SweptPod{Name: "web-2", Cells: []Cell{{Port: "http", Mark: check.MarkOK}, {Port: "admin", Mark: check.MarkFail}}}
	result := SweepResult{Ports: []string{"http", "admin"}, Pods: []SweptPod{pod, fails}}
	tally := result.tally()
	if tally.answering != 0 || tally.untried != 1 || tally.tried != 1 || len(tally.bad) != 1 {
		t.Errorf("got %+v", tally)
	}
	if text := tally.conclusion(result.Ports).Text; strings.Contains(text, "all 2 ports") {
		t.Errorf("it says %q", text)
	}
	result.Pods = result.Pods[:1]
	if c := result.tally(); c.tried != 0 || c.conclusion(result.Ports).Mark != check.MarkUnknown {
		t.Errorf("got %+v", c)
	}
}

// An application that comes up while it is tested refuses the first, and answers the second; what both refuse or answer is not asked again.
func TestWhoIsAskedAgain(t *testing.T) {
	fine, refuses := replies(200, "fine"), cannotReach(refusedText)
	for _, test := range []struct {
		name string
		app  func(net.Conn)
		// first is how the API server fares at first, then how it does when it asks again.
		first, then func(model.ProxyRequest) (*http.Response, error)
		endpoints   int
		asked       int
		forwarded   int
		outcomes    string
		mark        check.Mark
		says        string
	}{
		{"on its loopback alone", httpApp(200, "fine"), refuses, refuses, 1, 2, 2, "ok ok refused refused", check.MarkFail, "listens on 127.0.0.1 only"},
		{"it comes up", httpApp(200, "fine"), refuses, fine, 1, 3, 2, "ok ok ok ok", check.MarkOK, "200 OK; it refused a moment before"},
		{"it comes up, and another endpoint is not asked again", httpApp(200, "fine"), refuses, fine, 2, 3, 2, "ok ok refused ok", check.MarkUnknown, "took the next a moment later"},
		{"it answers", httpApp(200, "fine"), fine, fine, 1, 1, 2, "ok ok ok ok", check.MarkOK, "The application answers"},
		{"it does not listen", nil, refuses, refuses, 1, 1, 2, "refused refused refused refused", check.MarkFail, "Nothing listens"},
		{"on its Pod's IP alone", nil, fine, fine, 1, 1, 4, "refused refused ok ok", check.MarkOK, "A port-forward does not reach it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.app != nil {
				w.loopback["web-1:8080"] = test.app
			}
			// The API server is answered otherwise once the loopback has answered.
			asked := map[model.Kind]int{}
			answer := func(request model.ProxyRequest) (*http.Response, error) {
				w.mu.Lock()
				asked[request.Kind]++
				again := asked[request.Kind] > 1
				w.mu.Unlock()
				if again {
					return test.then(request)
				}
				return test.first(request)
			}
			w.proxied["pods/web-1:8080"], w.proxied["services/web:80"] = answer, answer
			one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
			pods := []*corev1.Pod{one, two}[:test.endpoints]
			objects := []metav1.Object{webService(), sliceOf("", 8080, pods...)}
			for _, pod := range pods {
				objects = append(objects, pod)
			}
			got := Run(t.Context(), w, snapshotOf(objects...), Request{Service: web.Service, Pod: "web-1"}, nil)
			said := fmt.Sprint(got.Rungs, *got.Conclusion)
			if again := strings.Count(said, "a moment before"); again != strings.Count(test.says, "a moment before")*2 && test.endpoints == 1 {
				t.Errorf("%d rungs say that they were refused before: %s", again, said)
			}
			if told := strings.Contains(got.Conclusion.Why, "took the next a moment later"); told != (test.name == "it comes up") {
				t.Errorf("beside its answer: %q", got.Conclusion.Why)
			}
			if outcomesOf(got) != test.outcomes || got.Conclusion.Mark != test.mark || !strings.Contains(said, test.says) || asked[model.Pods] != test.asked || w.forwarded != test.forwarded {
				t.Errorf("%s after %d tries at the Pod's IP and %d forwards: %s", outcomesOf(got), asked[model.Pods], w.forwarded, said)
			}
		})
	}
}

// One whose loopback comes up later than its IP listens on both.
func TestTheLoopbackIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.everywhere("web-1", 8080, "web", "80", 200)
	delete(w.loopback, "web-1:8080")
	r := newRun(w, newSubject(onePod(), web), nil)
	r.result = r.subject.untried(nil)
	r.end(RungPod, answer{outcome: Refused}, 0)
	r.end(RungService, answer{outcome: Refused}, 0)
	r.end(RungProxyPod, answer{outcome: OK, status: true}, 0)
	w.loopback["web-1:8080"] = httpApp(200, "fine")
	r.askAgain(t.Context())
	if outcomes := outcomesOf(r.result); outcomes != "ok ok not-run ok" || !strings.Contains(fmt.Sprint(r.result.Rungs), "200 OK; it refused a moment before") {
		t.Errorf("%s %+v", outcomes, r.result.Rungs)
	}
}

// The Pod that a port-forward to the Service takes, which is another one, is not spoken for by the tested one.
func TestAnotherPodsLoopbackIsNotAskedAgain(t *testing.T) {
	w := newWorld(t)
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
	r := newRun(w, newSubject(snapshotOf(webService(), one, two, sliceOf("", 8080, one, two)), Request{Service: web.Service, Pod: "web-2"}), nil)
	r.result = r.subject.untried(nil)
	r.end(RungPod, answer{outcome: Refused}, 0)
	r.end(RungService, answer{outcome: Refused}, 0)
	r.end(RungProxyPod, answer{outcome: OK, status: true}, 0)
	w.loopback["web-2:8080"] = httpApp(200, "fine")
	r.askAgain(t.Context())
	if outcomes := outcomesOf(r.result); outcomes != "ok refused not-run ok" {
		t.Errorf("%s %+v", outcomes, r.result.Rungs)
	}
}

// Of other endpoints each Pod is read once, and no more of them than a few.
func TestWhichOtherPodsAreReadAgain(t *testing.T) {
	tested := runningPod("web-0", "10.0.0.1")
	s := subject{judged: &judged{}}
	s.pod = tested
	for i := range 15 {
		pod := tested
		if i > 0 {
			pod = runningPod(fmt.Sprintf("web-%d", i), "10.0.0.2")
		}
		if i == 14 {
			pod = nil
		}
		s.effective.Backends = append(s.effective.Backends, check.Backend{Pod: pod})
		s.endpoints = append(s.endpoints, check.Endpoint{Backend: i}, check.Endpoint{Backend: i})
	}
	slices.Reverse(s.endpoints) // the one without a Pod comes first
	w := newWorld(t)
	if got := s.otherEnding(t.Context(), w); got != "" || len(w.read) != othersAgain || len(slices.Compact(slices.Sorted(slices.Values(w.read)))) != othersAgain {
		t.Errorf("%q, read are %q", got, w.read)
	}
	s.endpoints, w.read = s.endpoints[len(s.endpoints)-6:], nil
	if s.otherEnding(t.Context(), w); !slices.Equal(w.read, []string{"web-2", "web-1"}) {
		t.Errorf("read are %q", w.read)
	}
	s.pod, w.read = nil, nil
	if s.otherEnding(t.Context(), w); !slices.Equal(w.read, []string{"web-2", "web-1", "web-0"}) {
		t.Errorf("where no Pod is tested, read are %q", w.read)
	}
}

// What cannot be read again stays as it was.
func TestReadAgain(t *testing.T) {
	pod, w := runningPod("web-1", "10.0.0.1"), newWorld(t)
	if state, got := readAgain(t.Context(), w, pod); state != podStays || got != pod {
		t.Errorf("%v %v", state, got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.now = map[string]*corev1.Pod{"web-1": nil}
	if state, got := readAgain(ctx, w, pod); state != podStays || got != pod {
		t.Errorf("when the test is over: %v %v", state, got)
	}
}

// A restart that is known already is not waited for.
func TestAKnownRestartIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, pod := newWorld(t), runningPod("web-1", "10.0.0.1", endedAt(startedAt))
		began := time.Now()
		r := newRun(w, newSubject(onePod(), web), nil)
		if got := r.otherwise(t.Context(), pod, startedAt); got.container != "c" || time.Since(began) > 0 || len(w.read) > 0 {
			t.Errorf("%+v after %s", got, time.Since(began))
		}
	})
}

// What was told of others is taken back where the Pod came up meanwhile, and not what its sockets or a pass tell.
func TestAPodThatChangedWhileItWasTested(t *testing.T) {
	changed := func(f *Facts) { f.Changed = true }
	for _, test := range []struct {
		seen  string
		edits []edit
		mark  check.Mark
	}{
		{"OK OK OK OK REF REF OK", []edit{changed}, check.MarkUnknown},
		{"OK OK REF OK - - -", []edit{changed, threeUsable}, check.MarkUnknown},
		{"OK OK REF OK - - -", []edit{changed}, check.MarkUnknown},
		{"OK OK OK OK - - -", []edit{changed}, check.MarkOK},
		{"OK OK OK OK REF REF OK", nil, check.MarkFail},
	} {
		facts := oneUsable(test.edits...)
		got := Conclude(seenByClient(t, test.seen, &facts), facts)
		if got.Mark != test.mark || got.changed != (test.mark == check.MarkUnknown) {
			t.Errorf("%s: %+v", test.seen, got)
		}
	}
}

// The second try of the Pod's IP does not last longer than a few seconds, whoever hangs there.
func TestAskingAgainEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := newRun(w, newSubject(onePod(), web), nil)
		began := time.Now()
		if r.refusesStill(t.Context()) || time.Since(began) > answerPatience {
			t.Errorf("after %s", time.Since(began))
		}
	})
}

// A Pod that is taken away while it is tested closes what it was asked, and nothing is said of its restarts, whose log goes with it.
func TestAPodThatClosesBecauseItEnds(t *testing.T) {
	ending := runningPod("web-1", "10.0.0.1", endedAt(startedAt), func(pod *corev1.Pod) { pod.DeletionTimestamp = new(metav1.Now()) })
	for name, test := range map[string]struct {
		proxied string
		mark    check.Mark
		says    string
	}{
		"on all ways": {"EOF", check.MarkWarn, "That Pod is being deleted"},
		"on one way":  {"", check.MarkUnknown, "Pod web-1 is being deleted, and the rungs met it in different states."},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.now = map[string]*corev1.Pod{"web-1": ending}
			pod := runningPod("web-1", "10.0.0.1")
			w.loopback["web-1:8080"] = func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) }
			w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = cannotReach("EOF"), cannotReach("EOF")
			if test.proxied == "" {
				delete(w.loopback, "web-1:8080")
			}
			got := Run(t.Context(), w, snapshotAt(startedAt, webService(), pod, sliceOf("", 8080, pod)), Request{Service: web.Service, Scheme: schemeHTTP}, nil).Conclusion
			if got.Mark != test.mark || !strings.Contains(got.Text+got.Why, test.says) || strings.Contains(got.Why+got.Command, "ended") || strings.Contains(got.Command, "logs") {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
}
