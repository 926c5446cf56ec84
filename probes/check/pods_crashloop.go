package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// crashLoopWindow is how far back a container's ends still speak for a crash loop; restartCount counts a whole life.
const crashLoopWindow = 10 * time.Minute

// The kubelet waits before it starts a container again, each time twice as long, up to five minutes; a container that ran for ten
// minutes begins anew (k8s.io/kubernetes/pkg/kubelet, backOffPeriod and MaxContainerBackOff).
const (
	backOffLeast = 10 * time.Second
	backOffMost  = 5 * time.Minute
)

// crashes are what the status of a container tells of its ends.
type crashes struct {
	// last is the newest end after which the kubelet starts it again, nil for none; now is true while it has not been started since.
	last *corev1.ContainerStateTerminated
	now  bool
	// again is true where it ended twice within crashLoopWindow, or the kubelet says that it loops.
	again bool
	// first is the earliest end of this loop that the status tells.
	first time.Time
	// until is when it will have run for longer than the kubelet waited with it: till then it is expected to end again.
	until time.Time
}

// crashesOf reads the ends of a container out of the two that its status keeps, and out of the times of the run between. That the
// container was started of late, and not for the first time, tells of an end shortly before.
func crashesOf(pod *corev1.Pod, container *corev1.ContainerStatus, at time.Time) crashes {
	recent := func(end *corev1.ContainerStateTerminated) bool {
		return end != nil && at.Sub(end.FinishedAt.Time) < crashLoopWindow
	}
	waiting := container.State.Waiting
	found := crashes{last: container.LastTerminationState.Terminated, again: waiting != nil && waiting.Reason == "CrashLoopBackOff"}
	ends := int(container.RestartCount)
	before := found.last
	if end := container.State.Terminated; end != nil && restarts(pod, end) {
		found.last, found.now = end, true
		ends++
	}
	if found.last == nil {
		return found
	}
	found.first = found.last.FinishedAt.Time
	if found.now && before != nil && found.first.Sub(before.FinishedAt.Time) < crashLoopWindow {
		found.first = before.FinishedAt.Time
	}
	begun := found.last.StartedAt
	found.again = found.again || ends >= 2 && recent(found.last) && (begun.IsZero() || at.Sub(begun.Time) < crashLoopWindow || found.now && recent(before))
	if running := container.State.Running; running != nil && !running.StartedAt.IsZero() {
		waited := running.StartedAt.Sub(found.last.FinishedAt.Time)
		found.until = found.last.FinishedAt.Add(min(max(2*waited, backOffLeast), backOffMost))
	}
	return found
}

// restarts tells whether the kubelet starts a container again that ended so.
func restarts(pod *corev1.Pod, end *corev1.ContainerStateTerminated) bool {
	switch pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return end.ExitCode != 0
	}
	return true
}

// crashes is POD-03: CrashLoopBackOff; or, in the seconds between a crash and that, a container that has just ended;
// or one that runs, and has ended more than once of late.
func (t *podTrouble) crashes(s *subject, container *corev1.ContainerStatus) bool {
	found := crashesOf(t.pod, container, s.in.Now)
	if !found.again && !found.now {
		return false
	}
	t.id, t.container, t.note = "POD-03", container.Name, noteLog
	t.short, t.text = "crash loop", "crashes again and again: container "+container.Name
	t.evidence.Field = "status.containerStatuses[" + container.Name + "].restartCount"
	t.evidence.Value = fmt.Sprint(container.RestartCount)
	if waiting := container.State.Waiting; waiting != nil {
		t.quote = waiting.Message
	}
	end := found.last
	if end == nil {
		return true
	}
	t.until, t.last = found.until, end.FinishedAt.Time
	if t.since = found.first; found.again {
		t.since = s.firstCrash(t.pod, container.Name, found.first)
	}
	if unready := t.unreadySince(); !model.PodReady(t.pod) && !unready.IsZero() && unready.Before(t.since) {
		t.since = unready
	}
	t.short = short("crash loop: %s", endShort(end))
	t.text = fmt.Sprintf("crashes again and again: container %s ends with %s", container.Name, exitText(end))
	if !found.again {
		t.short = short("container ended: %s", endShort(end))
		t.text = fmt.Sprintf("is started again: container %s ended with %s", container.Name, exitText(end))
	}
	t.evidence.Field = "status.containerStatuses[" + container.Name + "].lastState.terminated"
	if found.now {
		t.evidence.Field = "status.containerStatuses[" + container.Name + "].state.terminated"
	}
	t.evidence.Value = fmt.Sprintf("exitCode %d, reason %s, restarts %d", end.ExitCode, end.Reason, container.RestartCount)
	if end.Message != "" {
		t.quote = end.Message
	}
	killer := KilledByProbe(s.in.Snapshot, t.pod, container, end, s.in.Now)
	suspect := mayBeKilled(s.in.Snapshot, t.pod, container, end)
	switch {
	case end.Reason == "OOMKilled" && !limitsMemory(t.pod, container.Name):
		t.cause = &Cause{Text: "its node ran out of memory: neither the container nor its Pod has a memory limit", Confidence: Likely}
		t.mend = "find out what takes the memory of node " + t.pod.Spec.NodeName + ", and give container " + container.Name + " in %s a memory request and limit that fit"
	case end.Reason == "OOMKilled":
		t.cause = &Cause{Text: "it uses more memory than its limit allows", Confidence: Proven}
		t.mend = "raise resources.limits.memory of container " + container.Name + " in %s, or find out what it needs so much for"
	case killer != "":
		t.killedBy(s, container.Name, killer)
		if !found.again {
			t.text = strings.Replace(t.text, "is started again and again", "is started again", 1)
		}
	case suspect != "" && found.again:
		t.short = short("crash loop: %s probe?", suspect)
		t.cause = &Cause{Text: "the kubelet ended an earlier run because its " + suspect + " probe failed" + t.howProbeFails(s, container.Name, suspect) + ", and may have ended this one", Confidence: Possible}
		t.mend = "see whether " + suspect + "Probe of container " + container.Name + " in %s fails, and correct it or what makes it fail"
	case s.hookFails(t.pod, container.Name):
		t.id, t.short = "POD-04", "postStart hook fails"
		t.text = fmt.Sprintf("cannot start container %s: its postStart hook fails", container.Name)
		t.mend = "correct lifecycle.postStart of container " + container.Name + " in %s"
	}
	return true
}

// firstCrash is the earliest known end of a container that loops: the kubelet's event about its back-off counts on from the first.
func (s *subject) firstCrash(pod *corev1.Pod, container string, known time.Time) time.Time {
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, pod.UID) {
		if event.Reason != "BackOff" || !strings.Contains(event.Message, "restarting failed container "+container) {
			continue
		}
		if first := eventFirst(event); first.Before(known) && s.in.Now.Sub(EventTime(event)) < crashLoopWindow {
			known = first
		}
	}
	return known
}

// hookFails tells whether the kubelet said of late that a hook ended a container as soon as it had started.
func (s *subject) hookFails(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(s.in.Snapshot.EventsOf(s.key.Namespace, pod.UID), func(event *corev1.Event) bool {
		return event.Reason == "FailedPostStartHook" && ofContainer(event, container) && s.in.Now.Sub(EventTime(event)) < crashLoopWindow
	})
}

// ofContainer tells whether an event of a Pod's is of one container, or names none.
func ofContainer(event *corev1.Event, container string) bool {
	path := event.InvolvedObject.FieldPath
	return path == "" || strings.HasSuffix(path, "{"+container+"}")
}

// limitsMemory tells whether a container may take only so much memory, by a limit of its own or of its Pod (KEP-2837).
func limitsMemory(pod *corev1.Pod, container string) bool {
	if pod.Spec.Resources != nil && !pod.Spec.Resources.Limits.Memory().IsZero() {
		return true
	}
	spec := containerNamed(pod, container)
	return spec == nil || !spec.Resources.Limits.Memory().IsZero()
}

// EndsAgain tells whether a container ends again and again, by what its status tells at a time: it waits for being started again, or ended twice of
// late. It is pure and safe for concurrent use.
func EndsAgain(pod *corev1.Pod, container *corev1.ContainerStatus, at time.Time) bool {
	return crashesOf(pod, container, at).again
}

// unstable returns the Pods that are Ready now, and crash again and again: without a readiness probe a container is ready as soon as
// it runs.
func (s *subject) unstable() []podTrouble {
	if s.unstableMade {
		return s.unstablePods
	}
	s.unstableMade = true
	for _, pod := range s.live() {
		if !crashedOnce(pod) || pod.DeletionTimestamp != nil || !model.PodReady(pod) {
			continue
		}
		for i := range pod.Status.ContainerStatuses {
			container := &pod.Status.ContainerStatuses[i]
			if found := crashesOf(pod, container, s.in.Now); !found.again {
				continue
			}
			trouble := podTrouble{pod: pod, grace: settleTime, confidence: Proven, evidence: Evidence{
				Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name,
			}}
			if trouble.crashes(s, container) {
				s.unstablePods = append(s.unstablePods, trouble)
				break
			}
		}
	}
	return s.unstablePods
}

// crashedOnce is asked of every Pod of every Service, and so first.
func crashedOnce(pod *corev1.Pod) bool {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].RestartCount > 1 {
			return true
		}
	}
	return false
}

// checkUnstable is POD-03 for Pods that are Ready in between. While others serve it is minor. Where there is no other Pod, every crash
// is an outage: the next is proven to come while the container has run for less time than the kubelet waited with it, and
// likely until it has held for ten minutes.
func checkUnstable(s *subject) []Finding {
	groups := groupTroubles(s.unstable())
	findings := make([]Finding, 0, len(groups))
	alone := len(s.troubles())+len(s.unstable()) == len(s.current())
	for _, group := range groups {
		finding := groupFinding(s, group)
		finding.Why = "It is Ready in between, and then gets traffic; with each crash the connections break."
		again := time.Time{}
		soonest := func(at time.Time) {
			if at.After(s.in.Now) && (again.IsZero() || at.Before(again)) {
				again = at
			}
		}
		finding.Severity = Minor
		if alone {
			finding.Severity = Major
		}
		for _, trouble := range group {
			if !trouble.until.After(s.in.Now) {
				finding.Confidence = min(finding.Confidence, Likely)
			}
			soonest(trouble.until)
			soonest(trouble.last.Add(crashLoopWindow))
		}
		finding.Again = again
		findings = append(findings, s.heldFor(finding, settleTime))
	}
	return findings
}
