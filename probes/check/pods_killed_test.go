package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestProbeThatKillsAgain holds when a run of which the kubelet tells nothing more was ended by the probe that ended an earlier one: where it
// lasted as long as that probe allows.
func TestProbeThatKillsAgain(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	const killedByLiveness = "Container app failed liveness probe, will be restarted"
	livenessProbe := func(p *corev1.Pod) {
		p.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: httpProbe("/healthz", intstr.FromInt(8080), "HTTP"), PeriodSeconds: 5, FailureThreshold: 3}
	}
	livenessAlone := func(p *corev1.Pod) {
		livenessProbe(p)
		p.Spec.Containers[0].StartupProbe = nil
	}
	const killed, maybe = "killed by its startup probe", "crash loop: startup probe?"
	for name, test := range map[string]struct {
		lasted  time.Duration
		change  func(*corev1.Pod)
		message string
		short   string
	}{
		"as long as it allows":                     {lasted: 30 * time.Second, short: killed},
		"at the third try":                         {lasted: 20 * time.Second, short: killed},
		"in whole seconds":                         {lasted: 19 * time.Second, short: killed},
		"too short":                                {lasted: 18 * time.Second, short: maybe},
		"with the time to end":                     {lasted: 43 * time.Second, short: killed},
		"too long":                                 {lasted: 44 * time.Second, short: maybe},
		"in its grace":                             {lasted: 73 * time.Second, change: func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(30)) }, short: killed},
		"longer than its grace":                    {lasted: 74 * time.Second, change: func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(30)) }, short: maybe},
		"no startup probe":                         {lasted: 30 * time.Second, change: func(p *corev1.Pod) { p.Spec.Containers[0].StartupProbe = nil }, short: maybe},
		"a liveness probe after a startup probe":   {lasted: 15 * time.Second, message: killedByLiveness, change: livenessProbe, short: "crash loop: liveness probe?"},
		"a liveness probe":                         {lasted: 15 * time.Second, message: killedByLiveness, change: livenessAlone, short: "killed by its liveness probe"},
		"a liveness probe too early":               {lasted: 8 * time.Second, message: killedByLiveness, change: livenessAlone, short: "crash loop: liveness probe?"},
		"a liveness probe that passed for a while": {lasted: 3 * time.Minute, message: killedByLiveness, change: livenessAlone, short: "crash loop: liveness probe?"},
		"no liveness probe by now":                 {lasted: 15 * time.Second, message: killedByLiveness, short: "crash loop: liveness probe?"},
		"no such container any more":               {lasted: 30 * time.Second, change: func(p *corev1.Pod) { p.Spec.Containers[0].Name = "renamed" }, short: maybe},
		"when it began is unknown": {lasted: 30 * time.Second, change: func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].LastTerminationState.Terminated.StartedAt = metav1.Time{}
		}, short: killed},
	} {
		end := run(20*time.Second+test.lasted, 20*time.Second)
		end.ExitCode = 0
		p := pod("a", app, ofDeploy("web"), crashed(6, end, 10*time.Second), down, startupProbe)
		if test.change != nil {
			test.change(p)
		}
		message := test.message
		if message == "" {
			message = "Container app failed startup probe, will be restarted"
		}
		report := judge(t, "web", service("web", app), p, event(p, "Pod", "Normal", "Killing", message, 4*time.Minute))
		record(t, name, report)
		if lead := report.Leading(); lead.ID != "POD-03" || lead.Short != test.short {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestHowTheProbeThatKillsFails holds what is told of a probe for which the kubelet ends a container.
func TestHowTheProbeThatKillsFails(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	asks := func(path string, port int) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: httpProbe(path, intstr.FromInt(port), "HTTP"), PeriodSeconds: 1, FailureThreshold: 3}
	}
	of := func(container string) func(*corev1.Event) {
		return func(e *corev1.Event) { e.InvolvedObject.FieldPath = "spec.containers{" + container + "}" }
	}
	const refused = `Get "http://10.4.0.1:9999/healthz": dial tcp 10.4.0.1:9999: connect: connection refused`
	for name, test := range map[string]struct {
		kind, said string
		of         func(*corev1.Event)
		title      string
		cause      string
		mend       string
	}{
		"refused":           {"liveness", "Liveness probe failed: " + refused, of("app"), "fails its liveness probe (refused on :9999)", "nothing listens on port 9999", "the probe asks a port that the container does not declare"},
		"a status":          {"liveness", "Liveness probe failed: HTTP probe failed with statuscode: 404", of("app"), "(404 on /healthz)", "", "livenessProbe.httpGet"},
		"at its start":      {"startup", "Startup probe failed: HTTP probe failed with statuscode: 404", of("app"), "(404 on /started)", "", "startupProbe.httpGet"},
		"of no container":   {"liveness", "Liveness probe failed: " + refused, func(*corev1.Event) {}, "(refused on :9999)", "nothing listens on port 9999", ""},
		"of another":        {"liveness", "Liveness probe failed: " + refused, of("apple"), "container app fails its liveness probe, and", "", "correct livenessProbe of container app"},
		"of another kind":   {"liveness", "Readiness probe failed: " + refused, of("app"), "container app fails its liveness probe, and", "", "correct livenessProbe of container app"},
		"in nobody's words": {"liveness", "Liveness probe failed: eh", of("app"), "(fails on /healthz)", "", "correct livenessProbe of container app"},
	} {
		p := pod("a", app, ofDeploy("web"), crashed(6, run(23*time.Second, 20*time.Second), 10*time.Second), down, func(p *corev1.Pod) {
			p.Spec.Containers[0].LivenessProbe, p.Spec.Containers[0].StartupProbe = asks("/healthz", 9999), asks("/started", 8080)
		})
		unhealthy := event(p, "Pod", "Warning", "Unhealthy", test.said, 21*time.Second)
		test.of(unhealthy)
		report := judge(t, "web", service("web", app), p, unhealthy,
			event(p, "Pod", "Normal", "Killing", "Container app failed "+test.kind+" probe, will be restarted", 20*time.Second))
		record(t, name, report)
		lead := report.Leading()
		if lead.Short != "killed by its "+test.kind+" probe" || !strings.Contains(lead.Title, test.title) || lead.Cause == nil ||
			!strings.Contains(lead.Cause.Text, test.cause) || !strings.Contains(lead.Fix.Note, test.mend) {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestWhichFailureOfAProbeIsTold has several events, of which one says how the probe that kills fails.
func TestWhichFailureOfAProbeIsTold(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	const killed = "Container app failed liveness probe, will be restarted"
	failed := func(code string) string { return "Liveness probe failed: HTTP probe failed with statuscode: " + code }
	for name, test := range map[string]struct {
		liveness bool
		ended    time.Duration
		// events are REASON CODE, the newest first.
		events []string
		says   string
	}{
		"the newest comes first":        {true, 20 * time.Second, []string{"Unhealthy 503", "Unhealthy 404"}, "(503 on /healthz)"},
		"the newest comes last":         {true, 20 * time.Second, []string{"Unhealthy 404", "Unhealthy 503"}, "(404 on /healthz)"},
		"the newest of three":           {true, 20 * time.Second, []string{"Noted 500", "Unhealthy 503", "Unhealthy 404"}, "(503 on /healthz)"},
		"no probe by now":               {false, 20 * time.Second, []string{"Unhealthy 503"}, "fails its liveness probe, and"},
		"of an earlier run, and maybe":  {true, 3 * time.Minute, []string{"Unhealthy 503"}, "liveness probe failed (503 on /healthz), and may have"},
		"of an earlier run, not told":   {true, 3 * time.Minute, nil, "liveness probe failed, and may have"},
		"of an earlier run, and no one": {false, 3 * time.Minute, []string{"Unhealthy 503"}, "liveness probe failed, and may have"},
	} {
		end := run(test.ended+15*time.Second, 20*time.Second)
		end.ExitCode = 0
		p := pod("a", app, ofDeploy("web"), crashed(6, end, 10*time.Second), down, func(p *corev1.Pod) {
			if test.liveness {
				p.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: httpProbe("/healthz", intstr.FromInt(8080), "HTTP"), PeriodSeconds: 5, FailureThreshold: 3}
			}
		})
		since := 20 * time.Second
		if test.ended > since {
			since = 20 * time.Minute
		}
		objects := objects{service("web", app), p, event(p, "Pod", "Normal", "Killing", killed, since)}
		for i, said := range test.events {
			reason, code, _ := strings.Cut(said, " ")
			objects = append(objects, event(p, "Pod", "Warning", reason, failed(code), time.Duration(21+i)*time.Second))
		}
		report := judge(t, "web", objects...)
		record(t, name, report)
		lead := report.Leading()
		if lead.ID != "POD-03" || lead.Cause == nil || !strings.Contains(lead.Title+lead.Cause.Text, test.says) {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

// TestWhoseEndAnEventTells has the kubelet's events of other runs, other containers and other reasons beside a container that ends.
func TestWhoseEndAnEventTells(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	const liveness, startup = "Container app failed liveness probe, will be restarted", "Container app failed startup probe, will be restarted"
	exits := func(began, ended time.Duration, code int32, reason string) *corev1.ContainerStateTerminated {
		end := run(began, ended)
		end.ExitCode, end.Reason = code, reason
		return end
	}
	asks := func(period, failures int32, grace *int64) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler: httpProbe("/healthz", intstr.FromInt(8080), "HTTP"), PeriodSeconds: period, FailureThreshold: failures, TerminationGracePeriodSeconds: grace,
		}
	}
	for name, test := range map[string]struct {
		end               *corev1.ContainerStateTerminated
		liveness, startup *corev1.Probe
		reason, message   string
		of                string
		told              time.Duration
		id, short         string
	}{
		"out of memory, and killed before":  {exits(23*time.Second, 20*time.Second, 137, "OOMKilled"), asks(1, 3, nil), nil, "Killing", liveness, "app", 4 * time.Minute, "POD-03", "crash loop: OOMKilled"},
		"out of memory, while it is killed": {exits(23*time.Second, 20*time.Second, 137, "OOMKilled"), asks(1, 3, nil), nil, "Killing", liveness, "app", 21 * time.Second, "POD-03", "crash loop: OOMKilled"},
		"the next run is killed":            {exits(2*time.Minute, time.Minute, 1, "Error"), asks(1, 3, nil), nil, "Killing", liveness, "app", 2 * time.Second, "POD-03", "crash loop: exit 1"},
		"it was killed as it ended":         {exits(2*time.Minute, time.Minute, 1, "Error"), asks(1, 3, nil), nil, "Killing", liveness, "app", time.Minute, "POD-03", "killed by its liveness probe"},
		"a hook of another container":       {exits(23*time.Second, 20*time.Second, 1, "Error"), nil, nil, "FailedPostStartHook", "PostStartHook failed", "sidecar", 30 * time.Second, "POD-03", "crash loop: exit 1"},
		"its own hook":                      {exits(23*time.Second, 20*time.Second, 1, "Error"), nil, nil, "FailedPostStartHook", "PostStartHook failed", "app", 30 * time.Second, "POD-04", "postStart hook fails"},
		"half of a long budget":             {exits(10*time.Minute+20*time.Second, 20*time.Second, 0, "Completed"), nil, asks(60, 30, nil), "Killing", startup, "app", 50 * time.Minute, "POD-03", "crash loop: startup probe?"},
		"a long budget":                     {exits(30*time.Minute+20*time.Second, 20*time.Second, 0, "Completed"), nil, asks(60, 30, nil), "Killing", startup, "app", 50 * time.Minute, "POD-03", "killed by its startup probe"},
		"a grace of the probe's own":        {exits(2*time.Minute, 20*time.Second, 137, "Error"), asks(5, 3, new(int64(90))), nil, "Killing", liveness, "app", 4 * time.Minute, "POD-03", "killed by its liveness probe"},
	} {
		p := pod("a", app, ofDeploy("web"), crashed(6, test.end, 10*time.Second), down, func(p *corev1.Pod) {
			p.Spec.Containers[0].LivenessProbe, p.Spec.Containers[0].StartupProbe = test.liveness, test.startup
		})
		told := event(p, "Pod", "Warning", test.reason, test.message, test.told)
		told.InvolvedObject.FieldPath = "spec.containers{" + test.of + "}"
		report := judge(t, "web", service("web", app), p, told)
		record(t, name, report)
		if lead := report.Leading(); lead.ID != test.id || lead.Short != test.short {
			t.Errorf("%s: %s %s, want %s %s", name, lead.ID, lead.Short, test.id, test.short)
		}
	}
}

// A container that the kubelet killed once is not said to be started again and again.
func TestTheFirstEndByAProbe(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	end := run(time.Minute, 2*time.Second)
	p := pod("a", app, ofDeploy("web"), func(p *corev1.Pod) {
		status := &p.Status.ContainerStatuses[0]
		status.State, status.Ready = corev1.ContainerState{Terminated: end}, false
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 2*time.Second)
	})
	killing := event(p, "Pod", "Normal", "Killing", "Container app failed liveness probe, will be restarted", 3*time.Second)
	lead := judge(t, "web", service("web", app), p, killing).Leading()
	if lead.Short != "killed by its liveness probe" || !strings.Contains(lead.Title, "is started again: container app") {
		t.Errorf("%s: %s", lead.Short, lead.Title)
	}
}

// A label that changes with each version or each node tells no application from another.
func TestLabelsThatChangeAreNoSelector(t *testing.T) {
	t.Parallel()
	meant := []*corev1.Pod{pod("a", labels{"app.kubernetes.io/version": "1.2", "helm.sh/chart": "web-1.2", "topology.kubernetes.io/zone": "eu-1a", "version": "1", "track": "web"})}
	others := []*corev1.Pod{pod("b", labels{"app.kubernetes.io/version": "1.3", "helm.sh/chart": "job-1.2", "topology.kubernetes.io/zone": "eu-1b", "version": "2", "track": "job"})}
	if key, value, ok := LabelOfOnly(meant, others); !ok || key != "track" || value != "web" {
		t.Errorf("%s=%s %t", key, value, ok)
	}
	delete(meant[0].Labels, "track")
	if key, _, ok := LabelOfOnly(meant, others); ok {
		t.Errorf("%s", key)
	}
}
