package isolation

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
		"one is being deleted, one is gone": {map[string]*corev1.Pod{"web-2": ending("web-2"), "web-3": nil}, check.MarkOK, []string{"All 2 Pods answer.", "2 Pods ended while the sweep ran"}},
		"one is there, and does not answer": {map[string]*corev1.Pod{"web-2": ending("web-2")}, check.MarkFail, []string{"2 of 3 Pods answer; web-3 does not", "1 Pod ended while the sweep ran"}},
		"one that answers is being deleted": {map[string]*corev1.Pod{"web-1": ending("web-1"), "web-2": nil, "web-3": nil}, check.MarkOK, []string{"All 2 Pods answer."}},
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
