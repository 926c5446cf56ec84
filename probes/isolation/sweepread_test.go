package isolation

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/probes/check"
)

// TestReadACell holds what the rungs of one Pod amount to in a sweep.
func TestReadACell(t *testing.T) {
	t.Parallel()
	promises := func(r *run) { r.subject.facts.PromisesHTTP = "from its name" }
	encrypted := func(r *run) { r.speaksTLS = true }
	another := func(r *run) { r.subject.speaks.scheme, r.notHTTP = schemeHTTP, true }
	known := func(r *run) { r.subject.speaks.known = true }
	ended := func(times int32) func(*run) {
		return func(r *run) {
			at := r.subject.snapshot.At()
			end := &corev1.ContainerStateTerminated{ExitCode: 1, StartedAt: metav1.NewTime(at.Add(-time.Minute)), FinishedAt: metav1.NewTime(at.Add(-30 * time.Second))}
			r.restart = restart{"app", "Error, exit code 1", 7 * time.Second, times, "", false, &corev1.ContainerStatus{Name: "app", RestartCount: times, LastTerminationState: corev1.ContainerState{Terminated: end}}, end}
		}
	}
	hung := func(r *run) { r.silent = map[Rung]bool{RungPod: true, RungProxyPod: true} }
	hangsUp := func(r *run) { r.closed = map[Rung]bool{RungPod: true, RungProxyPod: true} }
	noneUsable := func(r *run) {
		r.subject.facts.UsableKnown, r.subject.facts.Usable, r.subject.facts.PodUsable = true, 0, false
	}
	notTold := func(r *run) {
		r.subject.facts.UsableKnown, r.subject.facts.Usable, r.subject.facts.PodUsable = false, 0, false
	}
	for _, test := range []struct {
		name, seen string
		edits      []func(*run)
		// others means that the API server reaches others.
		others bool
		mark   check.Mark
		id     string
		text   string
		late   bool
	}{
		{"it answers", "OK OK", nil, false, check.MarkOK, "", "detail of OK", false},
		{"it answers late", "OK OK", []func(*run){func(r *run) { r.timed = []timed{{RungProxyPod, 8 * time.Second}} }}, false, check.MarkOK, "", "detail of OK after 8s", true},
		{"it answers, and ends again and again", "OK OK", []func(*run){ended(2)}, false, check.MarkWarn, "POD-03", "it answers now, and its container app ends again and again", false},
		{"it answers, and ended once", "OK OK", []func(*run){ended(1)}, false, check.MarkOK, "", "detail of OK", false},
		{"it refuses, and ends again and again", "REF REF", []func(*run){ended(2)}, false, check.MarkFail, "POD-03", "Nothing listens on port 8080.", false},
		{"it listens on the loopback, and ends again and again", "OK REF", []func(*run){ended(2)}, false, check.MarkFail, "PORT-09", "The application listens on 127.0.0.1 only.", false},
		{"it has ended, again and again", "- REF", []func(*run){ended(2), func(r *run) {
			r.subject.facts.NotRunning = "container app has ended: Error"
		}}, false, check.MarkWarn, "POD-03", "container app has ended: Error.", false},
		{"in TLS", "OK OK", []func(*run){encrypted}, false, check.MarkOK, "PORT-12", "detail of OK", false},
		{"in something else, where HTTP is promised", "OK OK", []func(*run){another, known}, false, check.MarkWarn, "PORT-13", "where HTTP is promised, it answers in something else", false},
		{"in something else, where nothing is promised", "OK OK", []func(*run){another}, false, check.MarkOK, "", "detail of OK", false},
		{"in TLS, where HTTP is promised", "OK OK", []func(*run){encrypted, promises}, false, check.MarkWarn, "PORT-12", "speaks TLS where HTTP is promised", false},
		{"HTTP is promised", "OK OK", []func(*run){promises}, false, check.MarkOK, "", "detail of OK", false},
		{"a mesh may have answered", "REF OK", []func(*run){func(r *run) {
			r.subject.facts.Mesh = "Istio"
			r.mayBeMesh(string(RungProxyPod), answer{outcome: OK, opaque: true})
		}}, false, check.MarkUnknown, "", "The service mesh answers for the application.", false},
		{"it lacks the port", "NOT NOT", []func(*run){func(r *run) { r.subject.facts.PodLacksPort = true }}, false, check.MarkFail, "PORT-02", "has no port named ", false},
		{"it speaks gRPC", "FAIL FAIL", []func(*run){func(r *run) {
			r.speaksGRPC = true
			r.closed = map[Rung]bool{RungPod: true, RungProxyPod: true}
		}}, false, check.MarkWarn, "", "it speaks gRPC, and hangs up on HTTP/1.1", false},
		{"it closes", "FAIL FAIL", []func(*run){func(r *run) { r.closed = map[Rung]bool{RungPod: true, RungProxyPod: true} }}, false, check.MarkFail, "", "The application accepts connections and closes them without an answer.", false},
		{"it hangs", "TMO TMO", []func(*run){hung}, false, check.MarkWarn, "", "The application accepts connections and does not answer.", false},
		{"it hangs, and is no endpoint", "TMO TMO", []func(*run){hung, noneUsable}, false, check.MarkFail, "", "The application accepts connections and does not answer, and the Service has no usable endpoint.", false},
		{"it hangs, and EndpointSlices cannot be read", "TMO TMO", []func(*run){hung, notTold}, false, check.MarkWarn, "", "it accepts connections and does not answer", false},
		{"it closes, and EndpointSlices cannot be read", "FAIL FAIL", []func(*run){hangsUp, notTold}, false, check.MarkFail, "", "it accepts connections and closes them without an answer", false},
		{"one way alone is told", "TMO TMO", []func(*run){func(r *run) { r.silent = map[Rung]bool{RungPod: true} }, notTold}, false, check.MarkUnknown, "", "Inconclusive: the API server's proxy to the Service would decide.", false},
		{"it refuses", "REF REF", nil, false, check.MarkFail, "PORT-08", "Nothing listens on port 8080.", false},
		{"it is not reached, others are", "OK TMO", nil, true, check.MarkWarn, "", "its IP does not answer the API server, which other Pods do", false},
		{"the same, and a policy admits some", "OK TMO", []func(*run){func(r *run) { r.subject.facts.Policies, r.subject.facts.Policy = check.PoliciesAdmitSome, "some" }}, true, check.MarkUnknown, "", "NetworkPolicy some keeps the API server from the Pod, so its proxies prove nothing.", false},
		{"nobody is reached", "OK TMO", nil, false, check.MarkUnknown, "", "The API server does not reach Pods here, so its proxies prove nothing.", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRun(nil, newSubject(onePod(), web), nil)
			r.podAlone = true
			for _, edit := range test.edits {
				edit(r)
			}
			fields := strings.Fields(test.seen)
			cell := Cell{Rungs: seen(t, fields[0]+" - - "+fields[1]+" -"), encrypted: true, ID: "before"}
			w := &sweep{}
			w.subject.facts.Diagnosis = []check.Finding{{ID: "POD-03"}}
			w.read(&cell, r, test.others)
			if cell.Mark != test.mark || cell.ID != test.id || cell.Text != test.text || cell.late != test.late || cell.encrypted != (cell.Mark == check.MarkWarn && test.id == "PORT-12") || cell.unsteady != strings.HasPrefix(test.text, "it answers now") {
				t.Errorf("got %s %q %q, late %t, encrypted %t", markName(cell.Mark), cell.ID, cell.Text, cell.late, cell.encrypted)
			}
		})
	}
}

// The ports on which a Pod does not answer are those that a test of it alone is to be of.
func TestFailing(t *testing.T) {
	t.Parallel()
	pod := sweptAs(t, "a ok loop - ?")
	if got := pod.failing(); !slices.Equal(got, []string{"port-1", "port-3"}) {
		t.Errorf("%q", got)
	}
	for words, command := range map[string]string{
		"a ok fail":   "svctui test web:port-1 -n shop --pod a",
		"a fail fail": "svctui test web -n shop --pod a",
		"a fail":      "svctui test web -n shop --pod a",
	} {
		w := &sweep{subject: subject{judged: &judged{snapshot: snapshotOf()}, facts: oneUsable()}}
		w.result = SweepResult{Request: Request{Service: web.Service}, Ports: []string{"port-0", "port-1"}[:len(strings.Fields(words))-1], Pods: []SweptPod{sweptAs(t, words)}}
		if got := w.summary(false).Command; got != command {
			t.Errorf("%s: %q, want %q", words, got, command)
		}
	}
}

// Those that are late are named, and take a pass back; beside a failure they are told as well.
func TestASweepNamesThoseThatAreLate(t *testing.T) {
	t.Parallel()
	late := func(words string) SweptPod {
		pod := sweptAs(t, words)
		pod.Cells[0].late = true
		return pod
	}
	for _, test := range []struct {
		pods []SweptPod
		mark check.Mark
		next string
	}{
		{[]SweptPod{late("a ok"), sweptAs(t, "b ok")}, check.MarkWarn, "look at the log of those that are late"},
		{[]SweptPod{late("a ok"), sweptAs(t, "b fail")}, check.MarkFail, "compare b"},
	} {
		w := &sweep{subject: subject{judged: &judged{snapshot: snapshotOf()}, facts: oneUsable()}}
		w.result = SweepResult{Request: Request{Service: web.Service}, Ports: []string{"port-0"}, Pods: test.pods}
		if got := w.summary(false); got.Mark != test.mark || !strings.HasPrefix(got.Why, "a answers, and late") || !strings.HasPrefix(got.Next, test.next) {
			t.Errorf("%+v", got)
		}
	}
}
