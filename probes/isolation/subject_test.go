package isolation

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/probes/check"
)

// The older Endpoints object leaves out what is terminating, and what others than the controller of EndpointSlices wrote.
func TestWhatTheEndpointsObjectLeavesOut(t *testing.T) {
	t.Parallel()
	pod := runningPod("web-1", "10.0.0.1")
	by := func(controller string) func(*discoveryv1.EndpointSlice) {
		return func(slice *discoveryv1.EndpointSlice) { slice.Labels[discoveryv1.LabelManagedBy] = controller }
	}
	const own = "endpointslice-controller.k8s.io"
	for name, test := range map[string]struct {
		change []func(*discoveryv1.EndpointSlice)
		want   bool
	}{
		"a Ready Pod":                       {[]func(*discoveryv1.EndpointSlice){by(own)}, false},
		"mirrored from an Endpoints object": {[]func(*discoveryv1.EndpointSlice){by("endpointslicemirroring-controller.k8s.io")}, false},
		"another's slice":                   {[]func(*discoveryv1.EndpointSlice){by("somebody")}, true},
		"nobody's slice":                    {nil, true},
		"terminating": {[]func(*discoveryv1.EndpointSlice){by(own), func(slice *discoveryv1.EndpointSlice) {
			slice.Endpoints[0].Conditions = discoveryv1.EndpointConditions{Ready: new(false), Serving: new(true), Terminating: new(true)}
		}}, true},
		"no Pod": {[]func(*discoveryv1.EndpointSlice){by(own), func(slice *discoveryv1.EndpointSlice) { slice.Endpoints[0].TargetRef = nil }}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slice := sliceOf("", 8080, pod)
			for _, change := range test.change {
				change(slice)
			}
			if got := newSubject(snapshotOf(webService(), pod, slice), web).facts.EndpointsBlind; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A port that is asked for by a number is not taken for a node port that there is not.
func TestAPortThatNobodyHas(t *testing.T) {
	t.Parallel()
	request := web
	request.Port = "0"
	if hint := newSubject(onePod(), request).facts.PortHint; strings.Contains(hint, "node port") {
		t.Errorf("it says %q", hint)
	}
	portless := webService()
	portless.Spec.Ports, portless.Spec.ClusterIP = nil, corev1.ClusterIPNone
	for port, want := range map[string]fault{"": faultPortless, "80": faultNoSuchPort} {
		request.Port = port
		if got := newSubject(snapshotOf(portless, runningPod("web-1", "10.0.0.1")), request).facts.Fault; got != want {
			t.Errorf("port %q of a Service without ports: %d, want %d", port, got, want)
		}
	}
}

// What was seen of a Pod that the API server does not know any more is no fault of the Service.
func TestThePodIsGoneWhenTheTestComesToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gone = `pods "web-1" not found`
		w := newWorld(t)
		w.proxied["services/web:80"] = replies(http.StatusOK, "fine")
		w.proxied["pods/web-1:8080"] = statusReply(http.StatusNotFound, "NotFound", gone)
		old, other := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
		got := Run(t.Context(), w, snapshotOf(webService(), old, other, sliceOf("", 8080, old, other)), web, nil).Conclusion
		if got.Mark != check.MarkUnknown || !strings.Contains(got.Text, "was gone when the test came to it") {
			t.Errorf("got %s %q", markName(got.Mark), got.Text)
		}
	})
}

// Where the checks know why there is no endpoint, and call it no fault, the test calls it none either.
func TestNoEndpointOnPurpose(t *testing.T) {
	t.Parallel()
	found := func(id string, severity check.Severity) func(*Facts) {
		return func(f *Facts) {
			f.Diagnosis = []check.Finding{{ID: id, Severity: severity, Confidence: check.Proven, Step: check.StepEndpoints, Title: "deploy/web is scaled to 0.", Fix: &check.Fix{Note: "ask who did"}}}
		}
	}
	verdict := func(verdict check.Verdict) func(*Facts) { return func(f *Facts) { f.Verdict = verdict } }
	none := []edit{noneUsableEdit, noPod, withFault(faultNoPods)}
	for name, test := range map[string]struct {
		facts []edit
		mark  check.Mark
		id    string
		next  string
	}{
		"scaled to zero on purpose":            {[]edit{found("WL-01", check.Info), verdict(check.OK)}, check.MarkUnknown, "WL-01", "ask who did"},
		"it never had a Pod, likely":           {[]edit{found("SEL-08", check.Minor), verdict(check.Warn)}, check.MarkWarn, "SEL-08", "ask who did"},
		"scaled to zero":                       {[]edit{found("WL-01", check.Major), verdict(check.Fail)}, check.MarkFail, "WL-01", "ask who did"},
		"another fault, and a lesser finding":  {[]edit{found("SEL-08", check.Minor), verdict(check.Fail)}, check.MarkFail, "", "compare the selector"},
		"what is in front does not explain it": {[]edit{found("ING-05", check.Minor), verdict(check.Warn)}, check.MarkFail, "", "compare the selector"},
		"nothing is found":                     {[]edit{verdict(check.OK)}, check.MarkFail, "", "compare the selector"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Conclude(nil, oneUsable(append(none, test.facts...)...))
			if got.Mark != test.mark || got.ID != test.id || !strings.Contains(got.Next, test.next) || !strings.Contains(got.Text, "No Pod matches") {
				t.Errorf("got %s %q: %q, next %q", markName(got.Mark), got.ID, got.Text, got.Next)
			}
		})
	}
}

// The readiness probe is read from its own container, and from an event that is of this run of it.
func TestReadinessIsOfTheContainerThatIsProbed(t *testing.T) {
	t.Parallel()
	const refused = `Readiness probe failed: Get "http://10.0.0.1:8080/": dial tcp 10.0.0.1:8080: connect: connection refused`
	at := time.Unix(3600, 0)
	event := func(pod *corev1.Pod, before time.Duration) *corev1.Event {
		return &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "e"}, Reason: "Unhealthy", Message: refused, LastTimestamp: metav1.NewTime(at.Add(-before)),
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID},
		}
	}
	started := func(before time.Duration) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.NewTime(at.Add(-before))
		}
	}
	gate := func(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }
	waiting := func(pod *corev1.Pod) {
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
	}
	for name, test := range map[string]struct {
		pod    []func(*corev1.Pod)
		failed time.Duration
		want   Readiness
	}{
		"it fails":                               {[]func(*corev1.Pod){notReady, started(time.Hour)}, time.Minute, RefusedOnPodIP},
		"it failed long ago":                     {[]func(*corev1.Pod){notReady, started(time.Hour)}, 40 * time.Minute, ReadinessOnPodIP},
		"it failed before the container's start": {[]func(*corev1.Pod){notReady, started(time.Second)}, time.Minute, ReadinessOnPodIP},
		"it passes, and a readiness gate is off": {[]func(*corev1.Pod){gate, started(time.Hour)}, time.Minute, ReadyOnPodIP},
		"the container does not run":             {[]func(*corev1.Pod){notReady, waiting}, time.Minute, ReadinessOnPodIP},
		"nothing is known of the container":      {[]func(*corev1.Pod){notReady, func(pod *corev1.Pod) { pod.Status.ContainerStatuses = nil }}, time.Minute, ReadinessOnPodIP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := runningPod("web-1", "10.0.0.1", append([]func(*corev1.Pod){probing(httpProbe("/", 8080))}, test.pod...)...)
			if got := readinessOf(snapshotAt(at, webService(), pod, event(pod, test.failed)), pod, 8080); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// A slice that somebody writes often has addresses alone. kube-proxy goes by these, and so does the test.
func TestThePodOfABareAddress(t *testing.T) {
	t.Parallel()
	by := func(edits ...func(*corev1.Pod)) []*corev1.Pod {
		return []*corev1.Pod{runningPod("web-1", "10.0.0.1", edits...)}
	}
	elsewhere := func(pod *corev1.Pod) { pod.Namespace = "bank" }
	for _, test := range []struct {
		name string
		pods []*corev1.Pod
		want string
	}{
		{"a Pod has it", by(), "web-1"},
		{"nobody has it", []*corev1.Pod{runningPod("web-1", "10.0.0.2")}, ""},
		{"a Pod of another namespace has it", by(elsewhere), ""},
		{"a Pod of the node's network has it", by(func(pod *corev1.Pod) { pod.Spec.HostNetwork = true }), ""},
		{"a Pod that has ended had it", by(func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodSucceeded }), ""},
		{"two have it", append(by(), runningPod("web-2", "10.0.0.1")), ""},
		{"another one has ended", append(by(), runningPod("web-2", "10.0.0.1", func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodFailed })), "web-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := webService()
			service.Spec.Selector = nil
			slice := sliceOf("", 8080, runningPod("web-1", "10.0.0.1"))
			slice.Labels[discoveryv1.LabelManagedBy] = "me"
			slice.Endpoints[0].TargetRef = nil
			objects := []metav1.Object{service, slice}
			for _, pod := range test.pods {
				objects = append(objects, pod)
			}
			s := newSubject(snapshotOf(objects...), web)
			if s.facts.Pod != test.want || s.facts.PodUsable != (test.want != "") || !s.facts.EndpointsBlind {
				t.Errorf("%q, usable %v, blind %v", s.facts.Pod, s.facts.PodUsable, s.facts.EndpointsBlind)
			}
			swept := (&sweep{subject: s}).pods()
			if got := len(swept) == 1 && swept[0].Name == test.want && swept[0].Listed; got != (test.want != "") || !got && len(swept) > 0 {
				t.Errorf("it sweeps %+v", swept)
			}
		})
	}
}
