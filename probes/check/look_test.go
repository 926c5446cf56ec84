package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// TestLogsAreLookedAtAndTheCauseIsMended holds that a command for a log is marked as one that only looks, and that the
// note says what to change where the cause is known.
func TestLogsAreLookedAtAndTheCauseIsMended(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	asks := func(probe corev1.ProbeHandler) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.ProbeHandler = probe }
	}
	exec := corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready"}}}
	crashed := func(reason string, code int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			waiting("CrashLoopBackOff", "")(p)
			p.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}
		}
	}
	for name, test := range map[string]struct {
		pod     *corev1.Pod
		message string
		note    string
	}{
		"no such path": {pod("a", app, ofDeploy("web"), notReady), "Readiness probe failed: HTTP probe failed with statuscode: 404", "correct readinessProbe.httpGet.path in deploy/web; the log says more"},
		"login":        {pod("a", app, ofDeploy("web"), notReady), "Readiness probe failed: HTTP probe failed with statuscode: 401", "correct readinessProbe.httpGet.path in deploy/web to one that needs no login; the log says more"},
		"cannot serve": {pod("a", app, ofDeploy("web"), notReady), "Readiness probe failed: HTTP probe failed with statuscode: 503", "the log says why; then change deploy/web"},
		"refused":      {pod("a", app, ofDeploy("web"), notReady), "Readiness probe failed: dial tcp 10.4.0.1:8080: connect: connection refused", "let the application listen on 0.0.0.0:8080, or correct readinessProbe.httpGet.port in deploy/web; the log says more"},
		"a command":    {pod("a", app, ofDeploy("web"), notReady, asks(exec)), "Readiness probe failed: db: connection refused", "the log says why; then change deploy/web"},
		"no message":   {pod("a", app, ofDeploy("web"), notReady), "", "the log says why; then change deploy/web"},
		"out of memory": {
			pod("a", app, ofDeploy("web"), crashed("OOMKilled", 137)), "",
			"raise resources.limits.memory of container app in deploy/web, or find out what it needs so much for; the log says more",
		},
		"crash": {pod("a", app, ofDeploy("web"), crashed("Error", 1)), "", "the last words before the crash say why; then change deploy/web"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := objects{service("web", app), test.pod}
			if test.message != "" {
				all = append(all, event(test.pod, "Pod", "Warning", "Unhealthy", test.message, time.Minute))
			}
			fix := judge(t, "web", all...).Leading().Fix
			if !fix.Look || !strings.Contains(fix.Command, " logs a ") || fix.Note != test.note {
				t.Errorf("got %+v, want %q", fix, test.note)
			}
		})
	}
	mends := judge(t, "web", service("web", app), pod("a", labels{"app": "w-eb"}, ofDeploy("web"))).Leading().Fix
	if mends.Look || mends.Command == "" {
		t.Errorf("a patch does not only look: %+v", mends)
	}
}

func TestAQuoteEndsBeforeTheNextSentence(t *testing.T) {
	t.Parallel()
	for quote, want := range map[string]string{
		"statuscode: 500": "statuscode: 500.", "Only Ready Pods are endpoints.": "Only Ready Pods are endpoints.", "": "", "what now? ": "what now?", "EOF\n": "EOF.",
	} {
		if got := sentence(quote); got != want {
			t.Errorf("%q becomes %q, want %q", quote, got, want)
		}
	}
}
