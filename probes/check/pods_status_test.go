package check

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// TestPodStatusIsThatOfKubectl holds READY, STATUS, RESTARTS and the last end of a container, as `kubectl get pods` prints them.
func TestPodStatusIsThatOfKubectl(t *testing.T) {
	t.Parallel()
	main := func(statuses ...corev1.ContainerStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Status.ContainerStatuses = statuses
			p.Spec.Containers = nil
			for _, status := range statuses {
				p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: status.Name})
			}
		}
	}
	inits := func(initialized corev1.ConditionStatus, sidecars int, statuses ...corev1.ContainerStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			setCondition(p, corev1.PodInitialized, initialized, "", "", time.Hour)
			for i, status := range statuses {
				spec := corev1.Container{Name: status.Name}
				if i < sidecars {
					asSidecar(&spec)
				}
				p.Spec.InitContainers = append(p.Spec.InitContainers, spec)
			}
			p.Status.InitContainerStatuses = statuses
		}
	}
	is := func(name string, state corev1.ContainerState, ready bool, restarts int32, last ...corev1.ContainerState) corev1.ContainerStatus {
		status := corev1.ContainerStatus{Name: name, State: state, Ready: ready, RestartCount: restarts}
		if len(last) > 0 {
			status.LastTerminationState = last[0]
		}
		return status
	}
	started := func(status corev1.ContainerStatus) corev1.ContainerStatus { status.Started = new(true); return status }
	unstarted := func(status corev1.ContainerStatus) corev1.ContainerStatus { status.Started = new(false); return status }
	waits := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	up := runningFor(time.Hour)
	done := func(since time.Duration) corev1.ContainerState {
		return terminated(0, "Completed", "", time.Second, since)
	}
	failed := func(since time.Duration) corev1.ContainerState { return terminated(2, "Error", "", time.Second, since) }
	deleted := func(p *corev1.Pod) { terminating(p) }
	phase := func(phase corev1.PodPhase, reason string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Status.Phase, p.Status.Reason = phase, reason }
	}
	for name, test := range map[string]struct {
		change []func(*corev1.Pod)
		want   string
	}{
		"running":                           {nil, "1/1 Running 0"},
		"no condition at all":               {[]func(*corev1.Pod){func(p *corev1.Pod) { p.Status.Conditions = nil }}, "1/1 Running 0"},
		"evicted":                           {[]func(*corev1.Pod){main(), phase(corev1.PodFailed, "Evicted")}, "0/0 Evicted 0"},
		"crashes":                           {[]func(*corev1.Pod){main(is("a", waits("CrashLoopBackOff"), false, 4, failed(time.Minute)))}, "0/1 CrashLoopBackOff 4 1m0s a: exit 2 after 1s"},
		"waits without a reason":            {[]func(*corev1.Pod){main(is("a", waits(""), false, 0))}, "0/1 Running 0"},
		"the first has the last word":       {[]func(*corev1.Pod){main(is("a", waits("ErrImagePull"), false, 0), is("b", waits("CrashLoopBackOff"), false, 0))}, "0/2 ErrImagePull 0"},
		"ready without running":             {[]func(*corev1.Pod){main(is("a", waits(""), true, 0))}, "0/1 Running 0"},
		"one done, one runs, Ready":         {[]func(*corev1.Pod){main(is("a", done(time.Minute), false, 0), is("b", up, true, 0))}, "1/2 Running 0"},
		"one done, one runs, not Ready":     {[]func(*corev1.Pod){notReady, main(is("a", done(time.Minute), false, 0), is("b", up, true, 0))}, "1/2 NotReady 0"},
		"one done, one failed":              {[]func(*corev1.Pod){main(is("a", done(time.Minute), false, 0), is("b", failed(2*time.Minute), false, 0))}, "0/2 Error 0 b: exit 2 after 1s"},
		"one done, one failed, one runs":    {[]func(*corev1.Pod){notReady, main(is("a", done(time.Minute), false, 0), is("b", failed(2*time.Minute), false, 0), is("c", up, true, 0))}, "1/3 Error 0 b: exit 2 after 1s"},
		"one failed, one done":              {[]func(*corev1.Pod){main(is("b", failed(2*time.Minute), false, 0), is("a", done(time.Minute), false, 0))}, "0/2 Error 0 b: exit 2 after 1s"},
		"all done, and the Pod Ready":       {[]func(*corev1.Pod){main(is("a", done(time.Minute), false, 0))}, "0/1 Completed 0"},
		"failed, one runs, Ready":           {[]func(*corev1.Pod){main(is("b", failed(2*time.Minute), false, 0), is("c", up, true, 0))}, "1/2 Error 0 b: exit 2 after 1s"},
		"by a signal":                       {[]func(*corev1.Pod){main(is("a", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Signal: 9}}, false, 1))}, "0/1 Signal:9 1 a: exit 0"},
		"by a code":                         {[]func(*corev1.Pod){main(is("a", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, FinishedAt: ago(time.Minute)}}, false, 0))}, "0/1 ExitCode:3 0 a: exit 3"},
		"an end before its beginning":       {[]func(*corev1.Pod){main(is("a", up, true, 1, terminated(1, "OOMKilled", "", -time.Second, time.Minute)))}, "1/1 Running 1 1m0s a: exit 1 OOMKilled"},
		"an end at once":                    {[]func(*corev1.Pod){main(is("a", up, true, 1, terminated(1, "Error", "", 0, time.Minute)))}, "1/1 Running 1 1m0s a: exit 1 after 0s"},
		"restarted after a good end":        {[]func(*corev1.Pod){main(is("a", up, true, 1, done(time.Minute)))}, "1/1 Running 1 1m0s a: exit 0 Completed after 1s"},
		"a good end of which nobody counts": {[]func(*corev1.Pod){main(is("a", up, true, 0, done(time.Minute)))}, "1/1 Running 0 1m0s"},
		"the newest of two ends, first":     {[]func(*corev1.Pod){main(is("a", up, true, 1, failed(time.Minute)), is("b", up, true, 2, failed(2*time.Minute)))}, "2/2 Running 3 1m0s a: exit 2 after 1s"},
		"the newest of two ends, last":      {[]func(*corev1.Pod){main(is("a", up, true, 1, failed(2*time.Minute)), is("b", up, true, 2, failed(time.Minute)))}, "2/2 Running 3 1m0s b: exit 2 after 1s"},

		"init runs":                             {[]func(*corev1.Pod){phase(corev1.PodPending, ""), inits("False", 0, is("i", up, false, 0), is("j", waits(""), false, 0))}, "0/1 Init:0/2 0"},
		"init waits":                            {[]func(*corev1.Pod){inits("False", 0, is("i", done(time.Minute), false, 0), is("j", waits("PodInitializing"), false, 0))}, "0/1 Init:1/2 0"},
		"init waits without a reason":           {[]func(*corev1.Pod){inits("False", 0, is("i", waits(""), false, 0))}, "0/1 Init:0/1 0"},
		"init crashes":                          {[]func(*corev1.Pod){inits("False", 0, is("i", waits("CrashLoopBackOff"), false, 3, failed(time.Minute)))}, "0/1 Init:CrashLoopBackOff 3 1m0s i: exit 2 after 1s"},
		"init failed":                           {[]func(*corev1.Pod){inits("False", 0, is("i", failed(time.Minute), false, 2))}, "0/1 Init:Error 2 i: exit 2 after 1s"},
		"init done":                             {[]func(*corev1.Pod){inits("True", 0, is("i", done(time.Minute), false, 1, failed(2*time.Minute)))}, "1/1 Running 0 i: exit 0 Completed after 1s"},
		"init runs again, and was done":         {[]func(*corev1.Pod){inits("True", 0, is("i", up, false, 5))}, "1/1 Init:0/1 0"},
		"a sidecar runs":                        {[]func(*corev1.Pod){inits("True", 1, started(is("i", up, true, 2, failed(time.Minute))))}, "2/2 Running 2 1m0s i: exit 2 after 1s"},
		"a sidecar runs and is not ready":       {[]func(*corev1.Pod){inits("True", 1, started(is("i", up, false, 2)))}, "1/2 Running 2"},
		"a sidecar has not started":             {[]func(*corev1.Pod){inits("False", 1, unstarted(is("i", up, false, 0)))}, "0/2 Init:0/1 0"},
		"a sidecar does not tell":               {[]func(*corev1.Pod){inits("False", 1, is("i", up, true, 0))}, "0/2 Init:0/1 0"},
		"an init says that it started":          {[]func(*corev1.Pod){inits("False", 0, started(is("i", up, true, 0)))}, "0/1 Init:0/1 0"},
		"a sidecar and an init, both restarted": {[]func(*corev1.Pod){inits("True", 1, started(is("i", up, true, 2)), is("j", done(time.Minute), false, 5))}, "2/2 Running 2 j: exit 0 Completed after 1s"},

		"going":                   {[]func(*corev1.Pod){deleted}, "1/1 Terminating 0"},
		"going, and its node is":  {[]func(*corev1.Pod){deleted, phase(corev1.PodRunning, "NodeLost")}, "1/1 Unknown 0"},
		"going, and it has ended": {[]func(*corev1.Pod){main(), deleted, phase(corev1.PodSucceeded, "")}, "0/0 Succeeded 0"},
		"gated": {[]func(*corev1.Pod){main(), phase(corev1.PodPending, ""), func(p *corev1.Pod) {
			setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, corev1.PodReasonSchedulingGated, "", time.Hour)
		}}, "0/0 SchedulingGated 0"},
	} {
		p := pod("a", webApp, test.change...)
		status := podStatus(p)
		got := fmt.Sprintf("%d/%d %s %d", status.ready, status.containers, status.reason, status.restarts)
		if !status.lastRestart.IsZero() {
			got += " " + now.Sub(status.lastRestart).String()
		}
		if exit := lastExit(p); exit != "" {
			got += " " + exit
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
