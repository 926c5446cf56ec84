package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// run is a container's run that ended, as ages.
func run(began, ended time.Duration) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: ago(began), FinishedAt: ago(ended)}
}

// crashed is a Pod without a readiness probe whose container ended as last says and has run since, so that it is Ready.
func crashed(restarts int32, last *corev1.ContainerStateTerminated, runs time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe = nil
		status := &p.Status.ContainerStatuses[0]
		status.RestartCount, status.LastTerminationState.Terminated = restarts, last
		status.State.Running.StartedAt = ago(runs)
		setCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "", runs)
	}
}

// down is crashed while the container is not started again.
func down(p *corev1.Pod) {
	status := &p.Status.ContainerStatuses[0]
	status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	status.Ready = false
	setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 5*time.Second)
}

func backOff(p *corev1.Pod, first time.Duration) *corev1.Event {
	e := event(p, "Pod", "Warning", "BackOff", "Back-off restarting failed container app in pod "+p.Name, first)
	e.LastTimestamp = ago(time.Second)
	return e
}

// TestPodsThatCrashAgainAndAgain has Pods that are Ready whenever they run.
func TestPodsThatCrashAgainAndAgain(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	one := func(change ...func(*corev1.Pod)) objects {
		p := pod("a", app, append([]func(*corev1.Pod){ofDeploy("web")}, change...)...)
		return objects{service("web", app), p, backOff(p, 7*time.Minute)}
	}
	// It ran for three seconds, waited for 40 and has run for 20: it is expected to end again within the time that it waited.
	soon := crashed(4, run(63*time.Second, 60*time.Second), 20*time.Second)
	for name, test := range map[string]struct {
		objects  objects
		verdict  Verdict
		severity Severity
		since    time.Duration
		again    time.Duration
	}{
		"down":                         {one(soon, down), Fail, Critical, 7 * time.Minute, 0},
		"up for less than it waited":   {one(soon), Fail, Major, 7 * time.Minute, 20 * time.Second},
		"up for longer than it waited": {one(crashed(4, run(93*time.Second, 90*time.Second), 50*time.Second)), Warn, Major, 7 * time.Minute, 10*time.Minute - 90*time.Second},
		"another Pod stays up":         {append(one(soon), pod("b", app)), OK, Minor, 7 * time.Minute, 20 * time.Second},
		"another Pod is down":          {append(one(soon), pod("b", app, notReady)), Fail, Major, 7 * time.Minute, 20 * time.Second},
		// The kubelet never waits longer than five minutes.
		"up for long after a long wait": {one(crashed(9, run(410*time.Second, 400*time.Second), 90*time.Second)), Warn, Major, 7 * time.Minute, 200 * time.Second},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		var found *Finding
		for i := range report.Findings {
			if report.Findings[i].ID == "POD-03" {
				found = &report.Findings[i]
			}
		}
		if found == nil || report.Verdict != test.verdict || found.Severity != test.severity || !found.Since.Equal(now.Add(-test.since)) {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if test.again != 0 && !found.Again.Equal(now.Add(test.again)) {
			t.Errorf("%s: looked at again in %v, want %v", name, found.Again.Sub(now), test.again)
		}
	}
	for name, test := range map[string]objects{
		"restarted once":                   one(crashed(1, run(63*time.Second, 60*time.Second), 20*time.Second)),
		"restarted once of late, but long": one(crashed(40, run(time.Hour, 60*time.Second), 59*time.Second)),
		"up for ten minutes":               one(crashed(4, run(11*time.Minute, 10*time.Minute), 9*time.Minute)),
		"going":                            one(soon, terminating),
		"not started again": one(soon, func(p *corev1.Pod) {
			p.Spec.RestartPolicy = corev1.RestartPolicyNever
			p.Status.ContainerStatuses[0].LastTerminationState.Terminated = nil
		}),
	} {
		if report := judge(t, "web", test...); says(report, "POD-03") {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestSinceOfACrashLoopIsItsFirstCrash holds that SINCE does not begin anew with each crash.
func TestSinceOfACrashLoopIsItsFirstCrash(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	p := pod("a", app, ofDeploy("web"), crashed(3, run(63*time.Second, 60*time.Second), 20*time.Second), down)
	pulled := event(p, "Pod", "Normal", "BackOff", "Back-off pulling image", 50*time.Minute)
	pulled.LastTimestamp = ago(time.Second)
	for name, test := range map[string]struct {
		with  objects
		since time.Duration
	}{
		"by the event":                       {objects{backOff(p, 8*time.Minute)}, 8 * time.Minute},
		"by the status alone":                {nil, time.Minute},
		"not by another event":               {objects{pulled}, time.Minute},
		"not by an event of an earlier loop": {objects{event(p, "Pod", "Warning", "BackOff", "Back-off restarting failed container app in pod a", 30*time.Minute)}, time.Minute},
	} {
		report := judge(t, "web", append(test.with, service("web", app), p)...)
		record(t, name, report)
		if lead := report.Leading(); lead.ID != "POD-03" || !lead.Since.Equal(now.Add(-test.since)) || report.Verdict != Fail {
			t.Errorf("%s: since %v ago: %s", name, now.Sub(lead.Since), told(report))
		}
	}
	// Between a crash and the word CrashLoopBackOff the status keeps the end before.
	both := pod("a", app, ofDeploy("web"), crashed(1, run(90*time.Second, 80*time.Second), 0), func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: run(20*time.Second, 3*time.Second)}
		p.Status.ContainerStatuses[0].Ready = false
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 3*time.Second)
	})
	if lead := judge(t, "web", service("web", app), both).Leading(); lead.ID != "POD-03" || !lead.Since.Equal(now.Add(-80*time.Second)) || lead.Settling {
		t.Errorf("two ends: %+v", lead)
	}
	// A first end is no loop yet, and may be over in a moment.
	once := both.DeepCopy()
	once.Status.ContainerStatuses[0].RestartCount, once.Status.ContainerStatuses[0].LastTerminationState.Terminated = 0, nil
	if lead := judge(t, "web", service("web", app), once).Leading(); lead.ID != "POD-03" || !lead.Settling || !strings.HasPrefix(lead.Short, "container ended") {
		t.Errorf("the first end: %+v", lead)
	}
}

// TestWhoWasReadyIsMissed holds that Pods which were Ready within ten minutes are missed, whatever took them.
func TestWhoWasReadyIsMissed(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	serving := pod("b", app)
	for name, test := range map[string]struct {
		change  func(*corev1.Pod)
		verdict Verdict
	}{
		"crashed, and was Ready": {func(p *corev1.Pod) {
			crashed(3, run(2*time.Minute, 16*time.Second), 0)(p)
			down(p)
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 15*time.Second)
		}, Warn},
		"crashed, and was Ready long ago": {func(p *corev1.Pod) {
			crashed(3, run(13*time.Minute, 12*time.Minute), 0)(p)
			down(p)
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 12*time.Minute)
		}, OK},
		"crashed, and never was Ready": {func(p *corev1.Pod) {
			crashed(3, run(2*time.Minute, 6*time.Second), 0)(p)
			down(p)
			setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 5*time.Minute)
		}, OK},
		"its image cannot be pulled": {waiting("ImagePullBackOff", ""), OK},
	} {
		if report := judge(t, "web", service("web", app), serving, pod("a", app, ofDeploy("web"), test.change)); report.Verdict != test.verdict {
			t.Errorf("%s: %s", name, told(report))
		}
	}
	rolling := deployment("web", 2, app, rollingOut)
	lost := pod("a", app, ofDeploy("web"), crashed(3, run(2*time.Minute, 6*time.Second), 0), down)
	if report := judge(t, "web", service("web", app), serving, lost, rolling); report.Verdict != OK {
		t.Errorf("a rollout takes Pods away: %s", told(report))
	}
}

// The kubelet tells no more of a container that it kills again and again; what it told of an earlier run makes that possible, not likely.
func TestWhatMayEndAContainer(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	exits := func(code int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Status.ContainerStatuses[0].LastTerminationState.Terminated.ExitCode = code
		}
	}
	const liveness = "Container app failed liveness probe, will be restarted"
	for name, test := range map[string]struct {
		code     int32
		restarts int32
		message  string
		short    string
	}{
		"ended as asked to":       {0, 6, liveness, "crash loop: liveness probe?"},
		"ended by SIGTERM":        {143, 6, liveness, "crash loop: liveness probe?"},
		"ended by SIGKILL":        {137, 6, liveness, "crash loop: liveness probe?"},
		"startup":                 {0, 6, "Container app failed startup probe, will be restarted", "crash loop: startup probe?"},
		"ended by itself":         {1, 6, liveness, "crash loop: exit 1"},
		"restarted three times":   {0, 3, liveness, "crash loop: liveness probe?"},
		"restarted of late":       {0, 2, liveness, "crash loop: exit 0"},
		"of a sidecar":            {0, 6, "Init container app failed liveness probe, will be restarted", "crash loop: liveness probe?"},
		"of another container":    {0, 6, "Container apple failed liveness probe, will be restarted", "crash loop: exit 0"},
		"killed for another need": {0, 6, "Stopping container app", "crash loop: exit 0"},
	} {
		p := pod("a", app, ofDeploy("web"), crashed(test.restarts, run(63*time.Second, 60*time.Second), 20*time.Second), down, exits(test.code))
		report := judge(t, "web", service("web", app), p, event(p, "Pod", "Warning", "Killing", test.message, 20*time.Minute))
		record(t, name, report)
		lead := report.Leading()
		if lead.ID != "POD-03" || lead.Short != test.short {
			t.Errorf("%s: %s", name, told(report))
		}
		if suspect := strings.HasSuffix(test.short, "?"); suspect != (lead.Cause != nil && lead.Cause.Confidence == Possible) {
			t.Errorf("%s: cause %+v", name, lead.Cause)
		}
	}
}

func TestKilledByProbe(t *testing.T) {
	t.Parallel()
	p := pod("a", labels{"app": "web"})
	told := func(reason, message string, since time.Duration) metav1.Object {
		return event(p, "Pod", "Normal", reason, message, since)
	}
	const liveness, startup = "Container app failed liveness probe, will be restarted", "Container app failed startup probe"
	for name, test := range map[string]struct {
		events objects
		began  time.Duration
		want   string
	}{
		"nothing told":               {nil, time.Hour, ""},
		"of this run":                {objects{told("Killing", liveness, time.Minute)}, 2 * time.Minute, "liveness"},
		"as it began":                {objects{told("Killing", liveness, time.Minute)}, time.Minute, "liveness"},
		"of an earlier run":          {objects{told("Killing", liveness, 2*time.Minute)}, time.Minute, ""},
		"ten minutes ago":            {objects{told("Killing", liveness, 10*time.Minute)}, time.Hour, "liveness"},
		"longer ago":                 {objects{told("Killing", liveness, 10*time.Minute+time.Second)}, time.Hour, ""},
		"by the startup probe last":  {objects{told("Killing", liveness, 3*time.Minute), told("Killing", startup, time.Minute)}, time.Hour, "startup"},
		"by the startup probe first": {objects{told("Killing", liveness, time.Minute), told("Killing", startup, 3*time.Minute)}, time.Hour, "liveness"},
		"not for a probe last":       {objects{told("Killing", liveness, 3*time.Minute), told("Killing", "Stopping container app", time.Minute)}, time.Hour, "liveness"},
		"somebody else's words":      {objects{told("Noted", liveness, time.Minute)}, time.Hour, ""},
	} {
		if got := KilledByProbe(cluster(append(test.events, p)...).Build(now), p, &corev1.ContainerStatus{Name: "app"}, run(test.began, 0), now); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestWhatEndsAContainer holds what is read out of events beside a crash loop.
func TestWhatEndsAContainer(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	p := pod("a", app, ofDeploy("web"), crashed(3, run(63*time.Second, 60*time.Second), 20*time.Second), down)
	for name, test := range map[string]struct {
		reason, message string
		since           time.Duration
		id, short       string
	}{
		"a liveness probe":          {"Killing", "Container app failed liveness probe, will be restarted", time.Minute, "POD-03", "killed by its liveness probe"},
		"one of long ago":           {"Killing", "Container app failed liveness probe, will be restarted", 20 * time.Minute, "POD-03", "crash loop: exit 1"},
		"one of another container":  {"Killing", "Container sidecar failed liveness probe, will be restarted", time.Minute, "POD-03", "crash loop: exit 1"},
		"a hook":                    {"FailedPostStartHook", "PostStartHook failed", time.Minute, "POD-04", "postStart hook fails"},
		"a hook of long ago":        {"FailedPostStartHook", "PostStartHook failed", 20 * time.Minute, "POD-03", "crash loop: exit 1"},
		"something that is no word": {"Pulled", "image is present", time.Minute, "POD-03", "crash loop: exit 1"},
	} {
		report := judge(t, "web", service("web", app), p, event(p, "Pod", "Warning", test.reason, test.message, test.since))
		record(t, name, report)
		if lead := report.Leading(); lead.ID != test.id || lead.Short != test.short {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}
