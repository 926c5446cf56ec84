package isolation

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/probes/check"
)

// ofSet makes a Pod one of a StatefulSet's, with an image and a port that it declares, and labels beside, KEY VALUE.
func ofSet(name, image string, port int32, labels ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: name, UID: "uid-set", Controller: new(true)}}
		pod.Labels["part"] = name
		for i := 0; i+1 < len(labels); i += 2 {
			pod.Labels[labels[i]] = labels[i+1]
		}
		pod.Spec.Containers[0].Image, pod.Spec.Containers[0].Ports[0].ContainerPort = image, port
	}
}

// The application that is meant does not answer, and the odd one that the selector matches besides happens to: nobody is told to leave the former.
func TestSweepWhereTheOddWorkloadAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		// image and port are those of the Pod that answers.
		image string
		port  int32
		id    string
	}{
		"another application":     {"postgres", 5432, "PORT-09"},
		"another of one's images": {"shop/web", 8080, "PORT-09"},
	} {
		w := newWorld(t)
		one, two := runningPod("web-1", "10.0.0.1", ofSet("web", "shop/web", 8080)), runningPod("web-2", "10.0.0.2", ofSet("web", "shop/web", 8080))
		other := runningPod("db-1", "10.0.0.3", ofSet("db", test.image, test.port))
		for _, pod := range []string{"web-1", "web-2"} {
			w.loopback[pod+":8080"], w.proxied["pods/"+pod+":8080"] = httpApp(200, "fine"), cannotReach(refusedText)
		}
		w.loopback["db-1:8080"], w.proxied["pods/db-1:8080"] = httpApp(200, "fine"), replies(200, "fine")
		got := *Sweep(t.Context(), w, snapshotOf(webService(), one, two, other, sliceOf("", 8080, one, two, other)), web, nil).Conclusion
		if got.ID != test.id || strings.Contains(got.Why, "leave their ports") || strings.Contains(got.Command, "patch") {
			t.Errorf("%s: %s %q %q %q", name, got.ID, got.Text, got.Why, got.Command)
		}
	}
}

// Pods that were not tried are no proof of anything.
func TestSweepThatWasStoppedComparesWithNobody(t *testing.T) {
	t.Parallel()
	var pods []*corev1.Pod
	objects := []metav1.Object{webService()}
	for i, owner := range []string{"worker", "worker", "web", "web"} {
		pod := runningPod("web-"+strconv.Itoa(i+1), "10.0.0."+strconv.Itoa(i+1), ofSet(owner, "shop/web", 8080))
		pods, objects = append(pods, pod), append(objects, pod)
	}
	snapshot := snapshotOf(append(objects, sliceOf("", 8080, pods...))...)
	for name, test := range map[string]struct {
		pods     string
		findings []check.Finding
		compares bool
	}{
		"none of the others was tried":                      {"web-1 same|web-2 same|web-3 -|web-4 -", nil, false},
		"none was, and the selector mixes applications":     {"web-1 same|web-2 same|web-3 -|web-4 -", []check.Finding{{ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "Pods of two images."}}, false},
		"one of the others was tried":                       {"web-1 same|web-2 same|web-3 ok|web-4 -", nil, true},
		"an error, and none of the others was tried":        {"web-1 500|web-2 200|web-3 -|web-4 -", nil, false},
		"of the first it is not known whether they answer":  {"web-1 ?|web-2 ?|web-3 ok|web-4 ok", nil, false},
		"an error that no client gets":                      {"web-1 idle500|web-2 200|web-3 200|web-4 200", nil, false},
		"an error where the only one that answers has gone": {"web-1 500|web-2 500|web-3 gone200|web-4 500", nil, false},
	} {
		w := &sweep{subject: subject{judged: &judged{snapshot: snapshot}, facts: oneUsable(func(f *Facts) { f.Diagnosis = test.findings })}}
		w.result = SweepResult{Request: web, Ports: []string{"port-0"}, Done: 2, Total: 4}
		for words := range strings.SplitSeq(test.pods, "|") {
			words, idle := strings.CutSuffix(words, " idle500")
			words, gone := strings.CutSuffix(words, " gone200")
			switch {
			case idle:
				words += " 500"
			case gone:
				words += " 200"
			}
			pod := sweptAs(t, words)
			pod.Cells[0].NoTraffic = idle
			if gone {
				pod.Ended, pod.Idle = true, "it is gone by now"
			}
			w.result.Pods = append(w.result.Pods, pod)
		}
		w.conclude(true)
		got := w.result.Conclusion
		if says := got.Text + got.Why + got.Next; strings.Contains(says, "those that do are of") != test.compares || !test.compares && (strings.Contains(says, "to its selector") || strings.Contains(says, "leave their ports") || strings.Contains(says, "where others do not") != strings.HasPrefix(name, "an error, and")) {
			t.Errorf("%s: %q %q %q", name, got.Text, got.Why, got.Next)
		}
	}
}

// A container that was restarted once of late is not one that loops because another Pod's does.
func TestARestartBesideAnotherPodThatLoops(t *testing.T) {
	at := time.Unix(100000000, 0)
	ended := func(ago, lasted time.Duration) *corev1.ContainerStateTerminated {
		return &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", FinishedAt: metav1.NewTime(at.Add(-ago)), StartedAt: metav1.NewTime(at.Add(-ago - lasted))}
	}
	restarted := func(times int32, end *corev1.ContainerStateTerminated, runs time.Duration) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			status := &pod.Status.ContainerStatuses[0]
			status.RestartCount, status.LastTerminationState.Terminated = times, end
			status.State.Running.StartedAt = metav1.NewTime(at.Add(-runs))
		}
	}
	one := runningPod("web-1", "10.0.0.1", restarted(2, ended(4*time.Minute, 60*24*time.Hour), 4*time.Minute))
	two := runningPod("web-2", "10.0.0.2", restarted(9, ended(90*time.Second, 3*time.Second), 20*time.Second))
	snapshot := snapshotAt(at, webService(), one, two, sliceOf("", 8080, one, two))
	for pod, mark := range map[string]check.Mark{"web-1": check.MarkOK, "web-2": check.MarkWarn} {
		w := newWorld(t)
		w.everywhere("web-1", 8080, "web", "80", 200)
		w.everywhere("web-2", 8080, "web", "80", 200)
		request := web
		request.Pod = pod
		synctest.Test(t, func(t *testing.T) {
			if got := Run(t.Context(), w, snapshot, request, nil).Conclusion; got.Mark != mark {
				t.Errorf("%s: %+v", pod, got)
			}
			const says = "1 of 2 Pods answer steadily; web-2 does not: it answers now, and its container c ends again and again."
			if got := Sweep(t.Context(), w, snapshot, web, nil).Conclusion; got.Text != says || !strings.Contains(got.Command, "logs web-2 ") {
				t.Errorf("sweep: %+v", got)
			}
		})
	}
}

// TLS is promised, and not spoken by all, or by none.
func TestPlainHTTPWhereTLSIsPromisedInASweep(t *testing.T) {
	const plain = "http: server gave HTTP response to HTTPS client"
	for name, test := range map[string]struct {
		tls         bool
		test, sweep string
	}{
		"by none":       {tls: false, test: "it does not speak TLS where TLS is promised", sweep: "None of the 2 Pods answers in TLS: where TLS is promised, it answers in plain."},
		"by one of two": {tls: true, test: "it speaks TLS on some ways only", sweep: "1 of 2 Pods answer in TLS; web-2 does not: where TLS is promised, it answers in plain."},
	} {
		one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
		w := newWorld(t)
		w.forwardErr = errForbidden
		for _, path := range []string{"services/https:web:80", "pods/https:web-1:8080", "pods/https:web-2:8080"} {
			w.proxied[path] = cannotReach(plain)
		}
		if test.tls {
			w.proxied["pods/https:web-1:8080"] = replies(200, "fine")
		}
		synctest.Test(t, func(t *testing.T) {
			snapshot := snapshotOf(speaking("https"), one, two, sliceOf("", 8080, one, two))
			if got := Run(t.Context(), w, snapshot, web, nil).Conclusion; got.ID != "PORT-12" || got.Mark != check.MarkWarn || !strings.Contains(got.Text, test.test) {
				t.Errorf("%s: %+v", name, got)
			}
			if got := Sweep(t.Context(), w, snapshot, web, nil).Conclusion; got.ID != "PORT-12" || got.Mark != check.MarkWarn || got.Text != test.sweep {
				t.Errorf("%s, swept: %+v", name, got)
			}
		})
	}
}

// What a container that declares nothing listens on is not offered for a port that another declares, and that may only not be up yet.
func TestNoPortOfASidecarThatDeclaresNothing(t *testing.T) {
	t.Parallel()
	beside := func(name string, ports ...corev1.ContainerPort) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name, Ports: ports})
		}
	}
	for name, test := range map[string]struct {
		edit   func(*corev1.Pod)
		offers bool
	}{
		"the only container":                     {func(*corev1.Pod) {}, true},
		"beside one that declares nothing":       {beside("agent"), false},
		"beside one that listens as it declares": {beside("agent", corev1.ContainerPort{ContainerPort: 9000}), true},
	} {
		pod := runningPod("web-1", "10.0.0.1", test.edit)
		s := newSubject(snapshotOf(webService(), pod, sliceOf("", 8080, pod)), web)
		sockets := Sockets{Known: true, Listening: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:8200"), netip.MustParseAddrPort("0.0.0.0:9000")}}
		if name == "the only container" || !test.offers {
			sockets.Listening = sockets.Listening[:1]
		}
		if fix := s.retarget(sockets); (fix != nil) != test.offers || fix != nil && !strings.Contains(fix.Command, "8200") {
			t.Errorf("%s: %+v", name, fix)
		}
	}
}
