package isolation

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

var startedAt = time.Unix(1_000_000, 0)

// startedThen lets a Pod's containers run since startedAt, and the Pod be as ready as it is since then.
func startedThen(pod *corev1.Pod) {
	pod.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(startedAt)
	pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(startedAt)
}

func readyOnceAt(after time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Conditions[0].LastTransitionTime = metav1.NewTime(startedAt.Add(after))
	}
}

// besideOne adds a container that started so much later.
func besideOne(after time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "side"})
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: "side", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(startedAt.Add(after))}},
		})
	}
}

// Only the container that has the port tells whether what listens there is new.
func TestWhetherTheContainerIsNewThatHasThePort(t *testing.T) {
	pod := runningPod("web-1", "10.0.0.1", startedThen, besideOne(time.Hour))
	snapshot := snapshotAt(startedAt.Add(time.Hour+time.Second), pod)
	if fresh := freshOf(snapshot, pod, "c"); fresh.is() {
		t.Errorf("the application runs for an hour: %+v", fresh)
	}
	if fresh := freshOf(snapshot, pod, "side"); !fresh.is() {
		t.Error("its sidecar is new")
	}
}

func TestWhetherAPodIsNew(t *testing.T) {
	slowProbe := func(pod *corev1.Pod) {
		pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: httpProbe("/", 8080), InitialDelaySeconds: 60, PeriodSeconds: 10, FailureThreshold: 3}
	}
	deleted := func(pod *corev1.Pod) { pod.DeletionTimestamp = &metav1.Time{Time: startedAt} }
	for _, test := range []struct {
		name            string
		after           time.Duration
		edits           []func(*corev1.Pod)
		starting, fresh time.Duration
	}{
		{"not Ready, new", 4 * time.Second, []func(*corev1.Pod){notReady}, 26 * time.Second, 0},
		{"not Ready, not new any more", 30 * time.Second, []func(*corev1.Pod){notReady}, 0, 0},
		{"not Ready, its probe gives it longer", 30 * time.Second, []func(*corev1.Pod){notReady, slowProbe}, time.Minute, 0},
		{"not Ready, longer than its probe gives it", 90 * time.Second, []func(*corev1.Pod){notReady, slowProbe}, 0, 0},
		{"not Ready any more", 9 * time.Second, []func(*corev1.Pod){notReady, readyOnceAt(5 * time.Second)}, 0, 0},
		{"not Ready, started again", 4 * time.Second, []func(*corev1.Pod){notReady, endedAt(startedAt)}, 0, 0},
		{"it is being deleted", 4 * time.Second, []func(*corev1.Pod){notReady, deleted}, 0, 0},
		{"by another clock", -4 * time.Second, []func(*corev1.Pod){notReady}, 34 * time.Second, 0},
		{"by a clock that is a minute off", -time.Minute, []func(*corev1.Pod){notReady}, 90 * time.Second, 0},
		{"Ready, by a clock that is a minute off", -time.Minute, nil, 0, 70 * time.Second},
		{"Ready, by a clock that is far off", -2 * time.Minute, nil, 0, 0},
		{"Ready, beside an older container", 4 * time.Second, []func(*corev1.Pod){besideOne(-time.Minute)}, 0, 6 * time.Second},
		{"Ready, beside a younger container", 12 * time.Second, []func(*corev1.Pod){besideOne(4 * time.Second)}, 0, 2 * time.Second},
		{"Ready, and none runs", 4 * time.Second, []func(*corev1.Pod){func(pod *corev1.Pod) { pod.Status.ContainerStatuses[0].State = corev1.ContainerState{} }}, 0, 0},
		{"by a clock that is far off", -2 * time.Minute, []func(*corev1.Pod){notReady}, 0, 0},
		{"Ready, nothing probes it", 4 * time.Second, nil, 0, 6 * time.Second},
		{"Ready, nothing probes it, not new any more", 10 * time.Second, nil, 0, 0},
		{"Ready, by its probe", 4 * time.Second, []func(*corev1.Pod){slowProbe}, 0, 0},
	} {
		pod := runningPod("web-1", "10.0.0.1", append([]func(*corev1.Pod){startedThen}, test.edits...)...)
		snapshot := snapshotAt(startedAt.Add(test.after), pod)
		if starting, fresh := startingOf(snapshot, pod, ""), freshOf(snapshot, pod, ""); starting.left != test.starting || fresh.left != test.fresh {
			t.Errorf("%s: starting %v, fresh %v", test.name, starting, fresh)
		}
	}
}

// rollingOut is a Deployment's Service with its Pods, which are not Ready yet, some seconds after they started.
func rollingOut(after time.Duration, pods ...*corev1.Pod) *model.Snapshot {
	objects := []metav1.Object{webService(), sliceOf("", 8080, pods...)}
	for _, pod := range pods {
		objects = append(objects, pod)
	}
	return snapshotAt(startedAt.Add(after), objects...)
}

func TestANewPodThatDoesNotListenYet(t *testing.T) {
	for _, test := range []struct {
		name        string
		after       time.Duration
		edits       []func(*corev1.Pod)
		mark        check.Mark
		id          string
		says, never string
	}{
		{
			"it is not Ready yet", 4 * time.Second,
			[]func(*corev1.Pod){notReady, probing(httpProbe("/", 8080))},
			check.MarkUnknown, "",
			"But Pod web-1 is not Ready, and runs for no more than 4s: it may be starting. Both", "targetPort",
		},
		{
			"it is not Ready for long", 5 * time.Minute,
			[]func(*corev1.Pod){notReady, probing(httpProbe("/", 8080))},
			check.MarkFail, "PORT-08",
			"Nothing listens on port 8080 of Pod web-1", "it may be starting",
		},
		{
			"nothing probes it", 4 * time.Second, nil, check.MarkFail, "PORT-08",
			"It runs for no more than 4s, and is Ready because nothing probes it: it may be starting. run the test again in 6s; then ", "But Pod",
		},
		{"nothing probes it, and it is there for long", 5 * time.Minute, nil, check.MarkFail, "PORT-08", "Nothing listens on port 8080 of Pod web-1", "it may be starting"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			pod := runningPod("web-1", "10.0.0.1", append([]func(*corev1.Pod){startedThen}, test.edits...)...)
			w.proxied["pods/web-1:8080"] = cannotReach(refusedText)
			w.proxied["services/web:80"] = cannotReach(refusedText)
			if !model.PodReady(pod) {
				w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web"`)
			}
			got := Run(t.Context(), w, rollingOut(test.after, pod), web, nil).Conclusion
			all := got.Text + " " + got.Why + " " + got.Next + got.Command
			if got.Mark != test.mark || got.ID != test.id || !strings.Contains(all, test.says) || strings.Contains(all, test.never) {
				t.Errorf("%v %s %q", got.Mark, got.ID, all)
			}
		})
	}
}

func TestSweepOfPodsThatStart(t *testing.T) {
	old, first, second := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2", startedThen, notReady), runningPod("web-3", "10.0.0.3", startedThen, notReady)
	for _, test := range []struct {
		name string
		pods []*corev1.Pod
		mark check.Mark
		says string
	}{
		{"all of them", []*corev1.Pod{first, second}, check.MarkUnknown, "It is not known of any of the 2 Pods whether it answers: it is not Ready, and may be starting. run the test again in 26s, or when the Pod is Ready"},
		{"beside an old one", []*corev1.Pod{old, first}, check.MarkUnknown, "1 of 2 Pods answer; web-2 is not known to: it is not Ready, and may be starting. run the test again in 26s, or when the Pod is Ready"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.loopback["web-1:8080"], w.proxied["pods/web-1:8080"] = httpApp(200, "fine"), replies(200, "fine")
			w.proxied["pods/web-2:8080"], w.proxied["pods/web-3:8080"] = cannotReach(refusedText), cannotReach(refusedText)
			got := Sweep(t.Context(), w, rollingOut(4*time.Second, test.pods...), web, nil).Conclusion
			if all := strings.TrimSpace(joined(got.Text, got.Why, got.Next)); got.Mark != test.mark || got.ID != "" || all != test.says {
				t.Errorf("%v %s %q", got.Mark, got.ID, all)
			}
		})
	}
}

// A Pod that answers and is not an endpoint for some seconds yet is no fault, as the checks say as well.
func TestANewPodThatAnswersAndIsNotReadyYet(t *testing.T) {
	for _, test := range []struct {
		after time.Duration
		mark  check.Mark
	}{{2 * time.Second, check.MarkUnknown}, {5 * time.Minute, check.MarkFail}} {
		pod := runningPod("web-1", "10.0.0.1", startedThen, notReady, probing(httpProbe("/", 8080)))
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web"`)
		snapshot := rollingOut(test.after, pod)
		for name, got := range map[string]*Conclusion{
			"test": Run(t.Context(), w, snapshot, web, nil).Conclusion, "sweep": Sweep(t.Context(), w, snapshot, web, nil).Conclusion,
		} {
			if got.Mark != test.mark || (got.Mark == check.MarkUnknown) != strings.HasPrefix(got.Next, "run the test again in ") {
				t.Errorf("%s after %v: %v %q %q %q", name, test.after, got.Mark, got.Text, got.Why, got.Next)
			}
		}
	}
}

// A new Pod whose loopback answers and whose IP refuses is up; that it came up between the two is ruled out by asking again.
func TestANewPodThatListensOnItsLoopback(t *testing.T) {
	for _, test := range []struct {
		name string
		then func(model.ProxyRequest) (*http.Response, error)
		mark check.Mark
		id   string
	}{
		{"it stays so", cannotReach(refusedText), check.MarkFail, "PORT-09"},
		{"it came up in between", replies(200, "fine"), check.MarkUnknown, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			pod := runningPod("web-1", "10.0.0.1", startedThen, notReady)
			w.loopback["web-1:8080"] = httpApp(200, "fine")
			w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web"`)
			asked := map[string]int{}
			w.proxied["pods/web-1:8080"] = func(request model.ProxyRequest) (*http.Response, error) {
				w.mu.Lock()
				asked[request.Path]++
				first := asked[request.Path]%2 == 1
				w.mu.Unlock()
				if first {
					return cannotReach(refusedText)(request)
				}
				return test.then(request)
			}
			snapshot := rollingOut(4*time.Second, pod)
			if got := Run(t.Context(), w, snapshot, web, nil).Conclusion; got.Mark != test.mark || got.ID != test.id {
				t.Errorf("the test: %v %s %q %q", got.Mark, got.ID, got.Text, got.Next)
			}
			if got := Sweep(t.Context(), w, snapshot, web, nil).Conclusion; got.Mark != test.mark || got.ID != test.id {
				t.Errorf("the sweep: %v %s %q %q", got.Mark, got.ID, got.Text, got.Next)
			}
		})
	}
}

func TestOfStarting(t *testing.T) {
	young := func(f *Facts) { f.Starting = starting{4 * time.Second, 26 * time.Second} }
	fresh := func(f *Facts) { f.Fresh = starting{4 * time.Second, 6 * time.Second} }
	stands := func(f *Facts) { f.StillRefused = true }
	listens := func(f *Facts) {
		f.Sockets = Sockets{Known: true, Listening: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:9090")}}
	}
	for _, test := range []struct {
		name  string
		v     verdict
		mark  check.Mark
		edits []edit
		want  check.Mark
		next  string
	}{
		{"it does not listen", notListening, check.MarkFail, []edit{young}, check.MarkUnknown, "run the test again in 26s, or when the Pod is Ready"},
		{"it is only likely not to listen", notListening, check.MarkWarn, []edit{young}, check.MarkUnknown, "run the test again in 26s, or when the Pod is Ready"},
		{"it is not known to listen", notListening, check.MarkUnknown, []edit{young}, check.MarkUnknown, "do this"},
		{"it answers", healthy, check.MarkOK, []edit{young}, check.MarkOK, "do this"},
		{"its IP is not reached", podIPUnreachable, check.MarkFail, []edit{young}, check.MarkFail, "do this"},
		{"it is being deleted", notListening, check.MarkFail, []edit{young, terminating}, check.MarkFail, "do this"},
		{"its loopback alone", loopback, check.MarkFail, []edit{young}, check.MarkUnknown, "run the test again in 26s, or when the Pod is Ready"},
		{"its loopback alone, still", loopbackBySockets, check.MarkFail, []edit{young, stands}, check.MarkFail, "do this"},
		{"its loopback alone, still, beside one that answers", mixedLoopback, check.MarkFail, []edit{young, stands}, check.MarkFail, "do this"},
		{"it does not listen, still", notListening, check.MarkFail, []edit{young, stands}, check.MarkUnknown, "run the test again in 26s, or when the Pod is Ready"},
		{"Ready, and new", notListening, check.MarkFail, []edit{fresh}, check.MarkFail, "run the test again in 6s; then do this"},
		{"Ready, new, and listens elsewhere", notListening, check.MarkFail, []edit{fresh, listens}, check.MarkFail, "do this"},
		{"neither", notListening, check.MarkFail, nil, check.MarkFail, "do this"},
	} {
		got := Conclusion{Mark: test.mark, ID: "PORT-08", Next: "do this", Command: "kubectl"}.ofStarting(test.v, oneUsable(test.edits...))
		if got.Mark != test.want || got.Next != test.next || (got.ID == "") != got.starting || (got.Command == "") != got.starting {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
	if got := (Conclusion{Mark: check.MarkFail}).ofStarting(notListening, oneUsable(fresh)); got.Next != "run the test again in 6s" {
		t.Errorf("%q", got.Next)
	}
}

func TestWhileSettling(t *testing.T) {
	young := func(f *Facts) { f.Starting = starting{4 * time.Second, 26 * time.Second} }
	found := func(findings ...check.Finding) edit {
		return func(f *Facts) { f.Diagnosis, f.At = findings, startedAt }
	}
	settles := check.Finding{ID: "POD-06", Severity: check.Minor, Settling: true, Title: "Its probe fails.", Again: startedAt.Add(9 * time.Second)}
	late := check.Finding{ID: "POD-06", Severity: check.Minor, Settling: true, Title: "Its probe fails.", Again: startedAt}
	inFront := check.Finding{ID: "GW-03", Severity: check.Minor, Settling: true, Title: "The Gateway has no address.", Again: startedAt.Add(9 * time.Second)}
	grave := check.Finding{ID: "SEL-01", Severity: check.Critical, Title: "No Pod matches."}
	failing := func(f *Facts) { f.Verdict = check.Fail }
	for _, test := range []struct {
		name      string
		edits     []edit
		mark      check.Mark
		id        string
		why, next string
	}{
		{"it settles", []edit{found(settles)}, check.MarkUnknown, "POD-06", "Its probe fails. It has not been so for long enough to be a fault. So it is.", "run the test again in 9s"},
		{"it settles, and its Pod is new", []edit{found(settles), young}, check.MarkUnknown, "POD-06", "Its probe fails. It has not been so for long enough to be a fault. So it is.", "run the test again in 9s"},
		{"it ought to have settled by now", []edit{found(late)}, check.MarkUnknown, "POD-06", "Its probe fails. It has not been so for long enough to be a fault. So it is.", "run the test again in 1s"},
		{"its Pod is new", []edit{young}, check.MarkUnknown, "", "But Pod web-1 is not Ready, and runs for no more than 4s: it may be starting. So it is.", "run the test again in 26s, or when the Pod is Ready"},
		{"what is in front settles", []edit{found(inFront)}, check.MarkFail, "X", "So it is.", "do this"},
		{"nothing", nil, check.MarkFail, "X", "So it is.", "do this"},
		{"a grave one is found", []edit{found(grave, settles), failing}, check.MarkFail, "X", "So it is.", "do this"},
		{"a grave one is found of a new Pod", []edit{found(grave), young}, check.MarkFail, "X", "So it is.", "do this"},
	} {
		got := Conclusion{Mark: check.MarkFail, ID: "X", Why: "So it is.", Next: "do this"}.whileSettling(oneUsable(test.edits...))
		if got.Mark != test.mark || got.ID != test.id || got.Why != test.why || got.Next != test.next {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}
