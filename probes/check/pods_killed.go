package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// KilledByProbe names the probe, liveness or startup, for which the kubelet ended the run of a container that ended so; empty for none. It goes by the
// kubelet's event of that run, within the ten minutes before at, or by that of an earlier run, where this one ended as one does that is asked to, and
// lasted as long as the probe allows. The exit code alone tells nothing of that: an application that ends as it is asked to ends with 0. It is pure
// and safe for concurrent use.
func KilledByProbe(snapshot *model.Snapshot, pod *corev1.Pod, container *corev1.ContainerStatus, end *corev1.ContainerStateTerminated, at time.Time) string {
	if end.Reason == "OOMKilled" {
		return ""
	}
	probe, told := lastKilling(snapshot, pod, container.Name)
	ofThisRun := !told.Before(end.StartedAt.Time) && (end.FinishedAt.IsZero() || !told.After(end.FinishedAt.Add(time.Second)))
	if ofThisRun && at.Sub(told) <= crashLoopWindow {
		return probe
	}
	if suspect := mayBeKilled(snapshot, pod, container, end); lastedAsProbeAllows(pod, container.Name, suspect, end) {
		return suspect
	}
	return ""
}

// lastKilling is the probe for which the kubelet ended a container last, as far as events tell, and when; empty for none.
func lastKilling(snapshot *model.Snapshot, pod *corev1.Pod, container string) (probe string, told time.Time) {
	for _, event := range snapshot.EventsOf(pod.Namespace, pod.UID) {
		if event.Reason != "Killing" || EventTime(event).Before(told) {
			continue
		}
		for _, kind := range []string{"liveness", "startup"} {
			// A sidecar is an init container to the kubelet.
			failed := "ontainer " + container + " failed " + kind + " probe"
			if strings.HasPrefix(event.Message, "C"+failed) || strings.HasPrefix(event.Message, "Init c"+failed) {
				probe, told = kind, EventTime(event)
			}
		}
	}
	return probe, told
}

// mayBeKilled names the probe for which the kubelet may have ended a container that loops: it said so of an earlier run, and this one ended as one
// does that is asked to. Of a container that is restarted again and again it tells nothing more after some twenty-five events (EventSourceObjectSpamFilter in
// client-go's tools/record).
func mayBeKilled(snapshot *model.Snapshot, pod *corev1.Pod, container *corev1.ContainerStatus, end *corev1.ContainerStateTerminated) string {
	if container.RestartCount < 3 || !slices.Contains([]int32{0, 128 + 9, 128 + 15}, end.ExitCode) {
		return ""
	}
	probe, _ := lastKilling(snapshot, pod, container.Name)
	return probe
}

// lastedAsProbeAllows tells whether a run ended when a probe, startup or liveness, had failed as often as it may: not before, and not later than the
// kubelet takes for the last try, and the container for its end. The status has whole seconds. Before the startup probe has passed no other is asked.
func lastedAsProbeAllows(pod *corev1.Pod, container, kind string, end *corev1.ContainerStateTerminated) bool {
	spec := containerNamed(pod, container)
	if spec == nil || kind != "startup" && spec.StartupProbe != nil {
		return false
	}
	probe := probeOfKind(spec, kind)
	if probe == nil {
		return false
	}
	seconds := func(of int32) time.Duration { return time.Duration(max(of, 1)) * time.Second }
	budget, ending := wholeBudget(probe), 2*time.Second
	if grace := cmp.Or(probe.TerminationGracePeriodSeconds, pod.Spec.TerminationGracePeriodSeconds); grace != nil {
		ending += time.Duration(*grace) * time.Second
	}
	lasted := end.FinishedAt.Sub(end.StartedAt.Time)
	least := budget - seconds(probe.PeriodSeconds) - time.Second
	return lasted >= least && lasted <= budget+seconds(probe.PeriodSeconds)+seconds(probe.TimeoutSeconds)+ending
}

// killedBy tells of a container that the kubelet ends because a probe of its fails: the event of the probe says how.
func (t *podTrouble) killedBy(s *subject, container, kind string) {
	t.short = short("killed by its %s probe", kind)
	t.text = fmt.Sprintf("is started again and again: container %s fails its %s probe, and the kubelet kills it", container, kind)
	t.cause = &Cause{Text: "the kubelet restarts it because its " + kind + " probe fails", Confidence: Likely}
	t.mend = "correct " + kind + "Probe of container " + container + " in %s, or what makes it fail"
	failure, event := t.probeFailure(s, container, kind)
	if event == nil {
		return
	}
	t.quote, t.probe = event.Message, kind
	t.text = fmt.Sprintf("is started again and again: container %s fails its %s probe (%s), and the kubelet kills it", container, kind, failure.what)
	if failure.cause != "" {
		t.cause.Text += ": " + failure.cause
	}
	if failure.mend != "" {
		t.mend = failure.mend
	}
}

// howProbeFails says in brackets how a probe fails, as far as events tell; else it is empty.
func (t *podTrouble) howProbeFails(s *subject, container, kind string) string {
	failure, event := t.probeFailure(s, container, kind)
	if event == nil {
		return ""
	}
	return " (" + failure.what + ")"
}

// probeFailure reads the newest event about a container's probe of a kind; both are empty where there is none.
func (t *podTrouble) probeFailure(s *subject, container, kind string) (probeFailure, *corev1.Event) {
	spec := containerNamed(t.pod, container)
	if spec == nil {
		return probeFailure{}, nil
	}
	probe, event := probeOfKind(spec, kind), newestFailureOf(s, t.pod, container, kind)
	if probe == nil || event == nil {
		return probeFailure{}, nil
	}
	resolved := withNumber(probe, spec)
	return classifyProbe(event.Message, kind, probeTarget(resolved), resolved), event
}

// newestFailureOf returns the newest event about a container's probe of a kind, liveness or startup, or nil.
func newestFailureOf(s *subject, pod *corev1.Pod, container, kind string) *corev1.Event {
	var newest *corev1.Event
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, pod.UID) {
		if event.Reason != "Unhealthy" || !ofContainer(event, container) || !strings.HasPrefix(strings.ToLower(event.Message), kind+" probe") {
			continue
		}
		if newest == nil || EventTime(event).After(EventTime(newest)) {
			newest = event
		}
	}
	return newest
}
