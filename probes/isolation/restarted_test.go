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

// endedAt lets a Pod's container have ended once, and run again.
func endedAt(at time.Time) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		status := &pod.Status.ContainerStatuses[0]
		status.RestartCount = 1
		status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "Completed", FinishedAt: metav1.NewTime(at)}
	}
}

func TestRestartOf(t *testing.T) {
	runs, ended := runningPod("web-1", "10.0.0.1"), runningPod("web-1", "10.0.0.1", endedAt(startedAt))
	down := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", ExitCode: 3, FinishedAt: metav1.NewTime(startedAt.Add(time.Second))}}
	}, endedAt(startedAt))
	undated := runningPod("web-1", "10.0.0.1", endedAt(time.Time{}))
	setUp := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) {
		pod.Spec.InitContainers = []corev1.Container{{Name: "init"}}
		pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", FinishedAt: metav1.NewTime(startedAt)}}}}
	})
	beside := func(after time.Duration) *corev1.Pod {
		return runningPod("web-1", "10.0.0.1", endedAt(startedAt), func(pod *corev1.Pod) {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "side"})
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: "side", LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Error", FinishedAt: metav1.NewTime(startedAt.Add(after))}},
			})
		})
	}
	newer, older, same := beside(-10*time.Second), beside(10*time.Second), beside(0)
	unknownOne := runningPod("web-1", "10.0.0.1", func(pod *corev1.Pod) { pod.Status.ContainerStatuses = nil })
	for name, test := range map[string]struct {
		pod   *corev1.Pod
		after time.Duration
		want  restart
		of    string
	}{
		"none":                      {runs, time.Minute, restart{}, ""},
		"no Pod":                    {nil, time.Minute, restart{}, ""},
		"lately":                    {ended, time.Minute, restart{"c", "Completed, exit code 0", time.Minute, 1, "", false, nil, nil}, ""},
		"just now, by its clock":    {ended, -time.Second, restart{"c", "Completed, exit code 0", 0, 1, "", false, nil, nil}, ""},
		"a minute ahead":            {ended, -time.Minute, restart{"c", "Completed, exit code 0", 0, 1, "", false, nil, nil}, ""},
		"the newest of two":         {newer, time.Minute, restart{"c", "Completed, exit code 0", time.Minute, 1, "", false, nil, nil}, ""},
		"the newest is the second":  {older, time.Minute, restart{"side", "Error, exit code 0", 50 * time.Second, 0, "", false, nil, nil}, ""},
		"two at the same time":      {same, time.Minute, restart{"c", "Completed, exit code 0", time.Minute, 1, "", false, nil, nil}, ""},
		"nothing is told of one":    {unknownOne, time.Minute, restart{}, ""},
		"by a clock far ahead":      {ended, -2 * time.Minute, restart{}, ""},
		"long ago":                  {ended, 5 * time.Minute, restart{}, ""},
		"twice":                     {down, time.Minute, restart{"c", "Error, exit code 3", 59 * time.Second, 1, "", false, nil, nil}, ""},
		"nobody knows when":         {undated, time.Minute, restart{}, ""},
		"the one that has the port": {ended, time.Minute, restart{"c", "Completed, exit code 0", time.Minute, 1, "", false, nil, nil}, "c"},
		"one beside it":             {ended, time.Minute, restart{}, "app"},
		"one that is to end once":   {setUp, time.Minute, restart{}, ""},
	} {
		got := restartOf(test.pod, test.of, startedAt.Add(test.after))
		if (got.container != "") != (got.status != nil && got.end != nil) {
			t.Errorf("%s: %+v", name, got)
		}
		got.status, got.end = nil, nil
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// An application that ends after a connection answers one rung, and refuses another. The kubelet tells of its end a while after.
func TestAContainerThatEndsWhileItIsTested(t *testing.T) {
	for _, test := range []struct {
		name       string
		end        func(*corev1.Pod)
		says, next string
	}{
		{"it ends", endedAt(startedAt), "a container of the Pod ends and is started again", "kubectl -n shop logs web-1 -c c --previous"},
		{"it runs on", func(*corev1.Pod) {}, "the rungs contradict each other", "run the test again"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				pod := runningPod("web-1", "10.0.0.1")
				snapshot := snapshotAt(startedAt, webService(), pod, sliceOf("", 8080, pod))
				w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = cannotReach("EOF"), cannotReach("EOF")
				w.now = map[string]*corev1.Pod{"web-1": pod}
				time.AfterFunc(time.Second, func() {
					w.mu.Lock()
					defer w.mu.Unlock()
					w.now["web-1"] = runningPod("web-1", "10.0.0.1", test.end)
				})
				got := Run(t.Context(), w, snapshot, Request{Service: web.Service, Scheme: schemeHTTP}, nil).Conclusion
				if got.Mark != check.MarkUnknown || !strings.Contains(got.Text, test.says) || !strings.Contains(got.Next+got.Command, test.next) {
					t.Errorf("%v %q %q %q %q", got.Mark, got.Text, got.Why, got.Next, got.Command)
				}
			})
		})
	}
}

// A restart beside a plain result is told, and changes nothing else.
func TestARestartBesideARefusal(t *testing.T) {
	facts := oneUsable(func(f *Facts) {
		f.Restart = restart{"c", "Error, exit code 1", 7 * time.Second, 1, "", false, nil, nil}
	})
	if got := Conclude(seen(t, "REF REF REF REF -"), facts); got.ID != "PORT-08" || got.Mark != check.MarkFail || !strings.HasPrefix(got.Why, "Container c of Pod web-1 ended 7s ago (Error, exit code 1). Both") {
		t.Errorf("%+v", got)
	}
	if got := Conclude(seen(t, "REF REF REF REF -"), facts); got.Next != "see in the log of its last run why it ends" || got.Command != "kubectl -n '' logs web-1 -c c --previous" {
		t.Errorf("%q %q", got.Next, got.Command)
	}
	if got := Conclude(seen(t, "OK OK OK OK -"), facts); got.Mark != check.MarkOK || !strings.Contains(got.Why, "ended 7s ago") || got.Command == "" {
		t.Errorf("%+v", got)
	}
}

// What is asked in HTTP because of its number alone may speak something else, which one rung takes for an answer, and another does not.
func TestAContradictionOfWhatIsTakenForHTTP(t *testing.T) {
	assumed := func(f *Facts) { f.AssumesHTTP, f.Speaks = true, "http, from the well-known number 8080" }
	if got := Conclude(seen(t, "REF REF OK REF -"), oneUsable(assumed)); !strings.Contains(got.Next, "--scheme tcp") || !strings.Contains(got.Why, "well-known number 8080") {
		t.Errorf("%+v", got)
	}
	if got := Conclude(seen(t, "REF REF OK REF -"), oneUsable()); strings.Contains(got.Next, "--scheme") {
		t.Errorf("%+v", got)
	}
}

func TestOfRestart(t *testing.T) {
	ended := func(f *Facts) {
		f.Restart = restart{"c", "Error, exit code 1", 7 * time.Second, 1, "", false, nil, nil}
	}
	known := func(f *Facts) { f.Sockets.Known = true }
	for _, test := range []struct {
		name      string
		v         verdict
		mark      check.Mark
		id        string
		edits     []edit
		told, log bool
	}{
		{"it does not listen", notListening, check.MarkFail, "PORT-08", []edit{ended}, true, true},
		{"it does not listen, by its sockets", notListening, check.MarkFail, "PORT-08", []edit{ended, known}, true, false},
		{"it does not listen, and another cause is known", notListening, check.MarkFail, "SEL-05", []edit{ended}, true, false},
		{"it hangs", hangs, check.MarkWarn, "", []edit{ended}, true, false},
		{"it is not reached, and that passes", notListening, check.MarkOK, "", []edit{ended}, false, false},
		{"it answers, with advice of its own", healthy, check.MarkWarn, "", []edit{ended}, true, false},
		{"its IP is not reached", podIPUnreachable, check.MarkFail, "", []edit{ended}, false, false},
		{"none ended", notListening, check.MarkFail, "PORT-08", nil, false, false},
	} {
		if healthily := (Conclusion{Mark: check.MarkWarn}).ofRestart(healthy, oneUsable(test.edits...)); healthily.Next != "" {
			t.Errorf("%s: beside a warning it says %q", test.name, healthily.Next)
		}
		if healthily := (Conclusion{Mark: check.MarkOK, Next: "do this"}).ofRestart(healthy, oneUsable(test.edits...)); healthily.Next != "do this" {
			t.Errorf("%s: instead of the conclusion's own advice it says %q", test.name, healthily.Next)
		}
		got := Conclusion{ID: test.id, Mark: test.mark, Next: "do this"}.ofRestart(test.v, oneUsable(test.edits...))
		if (got.Why != "") != test.told || (got.Command != "") != test.log || (got.Next == "do this") == test.log {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// Whether a probe is what ends it is told by the kubelet's event.
func TestAProbeThatEndsAContainer(t *testing.T) {
	w := newWorld(t)
	pod := runningPod("web-1", "10.0.0.1", endedAt(startedAt.Add(-time.Second)))
	killing := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web-1.1"}, Reason: "Killing", Message: "Container c failed liveness probe, will be restarted",
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID}, LastTimestamp: metav1.NewTime(startedAt.Add(-2 * time.Second)),
	}
	w.loopback["web-1:8080"] = httpApp(200, "fine")
	w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = replies(200, "fine"), replies(200, "fine")
	got := Run(t.Context(), w, snapshotAt(startedAt, webService(), pod, sliceOf("", 8080, pod), killing), Request{Service: web.Service}, nil).Conclusion
	if !strings.Contains(got.Why, "it fails its liveness probe, and the kubelet kills it") || !strings.HasPrefix(got.Next, "correct livenessProbe") {
		t.Errorf("%+v", got)
	}
}

// A probe that ended an earlier run is not why the last one ended.
func TestAProbeThatEndedAnEarlierRun(t *testing.T) {
	pod := runningPod("web-1", "10.0.0.1", endedAt(startedAt.Add(-time.Second)), func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.StartedAt = metav1.NewTime(startedAt.Add(-time.Minute))
	})
	for killed, want := range map[time.Duration]string{2 * time.Second: "liveness", time.Minute: "liveness", 61 * time.Second: "", 2 * time.Minute: ""} {
		killing := &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web-1.1"}, Reason: "Killing", Message: "Container c failed liveness probe, will be restarted",
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID}, LastTimestamp: metav1.NewTime(startedAt.Add(-killed)),
		}
		if got := restartOf(pod, "c", startedAt).inSnapshot(snapshotAt(startedAt, pod, killing), pod).killer; got != want {
			t.Errorf("killed %s ago: %q, want %q", killed, got, want)
		}
	}
}

// What answers now, and ends again and again, is no pass.
func TestAnAnswerOfWhatEndsAgainAndAgain(t *testing.T) {
	ended := func(times int32, killer string) edit {
		return func(f *Facts) {
			f.Restart = restart{"c", "Error, exit code 137", 7 * time.Second, times, killer, times > 1, nil, nil}
		}
	}
	loops := func(f *Facts) { f.Diagnosis = []check.Finding{{ID: "POD-03", Severity: check.Minor}} }
	for _, test := range []struct {
		name       string
		edits      []edit
		mark       check.Mark
		why, next  string
		id, answer string
	}{
		{"once", []edit{ended(1, ""), loops}, check.MarkOK, "(Error, exit code 137). While", "see in the log", "", "OK OK OK OK -"},
		{"often, long ago", []edit{ended(9, "")}, check.MarkOK, "9 times so far. While", "see in the log", "", "OK OK OK OK -"},
		{"again and again", []edit{ended(2, ""), loops}, check.MarkWarn, "2 times so far. While", "see in the log", "POD-03", "OK OK OK OK -"},
		{"by its probe", []edit{ended(1, "liveness")}, check.MarkOK, "137): it fails its liveness probe, and the kubelet kills it. While", "correct livenessProbe of container c", "", "OK OK OK OK -"},
		{"by its probe again and again", []edit{ended(2, "startup"), loops}, check.MarkWarn, "fails its startup probe", "correct startupProbe of container c", "POD-03", "OK OK OK OK -"},
		{"again and again, and a client is kept out", []edit{ended(2, ""), loops}, check.MarkFail, "", "", "", "OK OK OK OK TMO"},
		{"again and again, and it warns", []edit{ended(2, ""), loops, func(f *Facts) { f.SpeaksTLS, f.PromisesHTTP = true, "from its name" }}, check.MarkWarn, "2 times so far. While", "", "PORT-12", "OK OK OK OK -"},
		{"it refuses", []edit{ended(2, "liveness"), loops}, check.MarkFail, "fails its liveness probe", "correct livenessProbe of container c", "POD-03", "REF REF REF REF -"},
		{"it refuses, and ended once", []edit{ended(1, ""), loops}, check.MarkFail, "ended 7s ago", "see in the log", "PORT-08", "REF REF REF REF -"},
		{"it refuses, and ended often, long ago", []edit{ended(9, "")}, check.MarkFail, "ended 7s ago", "see in the log", "PORT-08", "REF REF REF REF -"},
	} {
		got := Conclude(seen(t, test.answer), oneUsable(test.edits...))
		if got.Mark != test.mark || got.ID != test.id || !strings.Contains(got.Why, test.why) || !strings.HasPrefix(got.Next, test.next) || test.next != "" && !strings.Contains(got.Command, "--previous") {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

func TestARestartTellsHowOften(t *testing.T) {
	for times, says := range map[int32]string{
		0: "Container c of Pod web-1 ended 7s ago (Error, exit code 1).",
		1: "Container c of Pod web-1 ended 7s ago (Error, exit code 1).",
		2: "Container c of Pod web-1 ended 7s ago (Error, exit code 1), and was started again 2 times so far.",
	} {
		if got := (restart{"c", "Error, exit code 1", 7 * time.Second, times, "", false, nil, nil}).of("web-1"); got != says {
			t.Errorf("%q, want %q", got, says)
		}
	}
}

// Whose end is told beside an answer: that of the container that has the port, which needs no declaration where there is only one.
func TestTheContainerThatHasThePort(t *testing.T) {
	undeclared := func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports = nil }
	side := corev1.Container{Name: "side", Ports: []corev1.ContainerPort{{ContainerPort: 9000}}}
	beside := func(pod *corev1.Pod) { pod.Spec.Containers = append(pod.Spec.Containers, side) }
	setUp := func(pod *corev1.Pod) { pod.Spec.InitContainers = []corev1.Container{{Name: "setup"}} }
	for _, test := range []struct {
		name  string
		edits []func(*corev1.Pod)
		told  bool
	}{
		{"it declares the port", nil, true},
		{"it declares the port, beside another", []func(*corev1.Pod){beside}, true},
		{"the only one, which declares none", []func(*corev1.Pod){undeclared}, true},
		{"the only one that stays", []func(*corev1.Pod){undeclared, setUp}, true},
		{"one of two, of which none declares it", []func(*corev1.Pod){undeclared, beside}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			pod := runningPod("web-1", "10.0.0.1", append(test.edits, endedAt(startedAt.Add(-time.Second)))...)
			snapshot := snapshotAt(startedAt, webService(), pod, sliceOf("", 8080, pod))
			w.loopback["web-1:8080"] = httpApp(200, "fine")
			w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = replies(200, "fine"), replies(200, "fine")
			w.now = map[string]*corev1.Pod{"web-1": pod}
			got := Run(t.Context(), w, snapshot, Request{Service: web.Service}, nil).Conclusion
			if told := strings.Contains(got.Why, "Container c of Pod web-1 ended"); got.Mark != check.MarkOK || told != test.told {
				t.Errorf("%v %q %q", got.Mark, got.Text, got.Why)
			}
		})
	}
}
