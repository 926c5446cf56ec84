package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestStarting(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_000_000, 0)
	running := func(p *corev1.Pod) {
		p.DeletionTimestamp = nil
		p.Spec.Containers = []corev1.Container{{Name: "app"}}
		p.Status.Phase = corev1.PodRunning
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(began)}}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "app", Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(began)}},
		}}
	}
	probed := func(seconds int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{InitialDelaySeconds: seconds, PeriodSeconds: 1, FailureThreshold: 1}
		}
	}
	// beside runs another container since an hour before or after.
	beside := func(after time.Duration, restarts int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "beside"})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: "beside", RestartCount: restarts, Started: new(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(began.Add(after))}},
			})
		}
	}
	ready := func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = true }
	for name, test := range map[string]struct {
		edit func(*corev1.Pod)
		want time.Duration
	}{
		"it has just started":       {func(*corev1.Pod) {}, rolloutGrace},
		"its probe gives it less":   {probed(5), rolloutGrace},
		"its probe gives it longer": {probed(99), 100 * time.Second},
		"its container is ready":    {ready, 0},
		"Ready":                     {func(p *corev1.Pod) { p.Status.Conditions[0].Status = corev1.ConditionTrue }, 0},
		"another one is older":      {beside(-time.Hour, 0), 0},
		"another one starts again":  {beside(0, 1), 0},
		"it was Ready in this run": {func(p *corev1.Pod) {
			p.Status.Conditions[0].LastTransitionTime = metav1.NewTime(began.Add(2 * time.Second))
		}, 0},
		"started again": {func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 1 }, 0},
		"being deleted": {func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: began} }, 0},
		"it waits": {func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
		}, 0},
		"the kubelet does not say since when":     {func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.Time{} }, 0},
		"a container of which the spec says none": {func(p *corev1.Pod) { p.Spec.Containers = nil }, rolloutGrace},
	} {
		p := pod("app-1", labels{}, running, test.edit)
		since, until := Starting(p, "")
		want, wantUntil := time.Time{}, time.Time{}
		if test.want > 0 {
			want, wantUntil = began, began.Add(test.want)
		}
		if !since.Equal(want) || !until.Equal(wantUntil) {
			t.Errorf("%s: since %v until %v, want %v until %v", name, since, until, want, wantUntil)
		}
	}

	// Where the container is known that has the port, the others tell nothing.
	for name, test := range map[string]struct {
		edits []func(*corev1.Pod)
		want  time.Duration
	}{
		"beside one that starts again":           {[]func(*corev1.Pod){beside(0, 1)}, rolloutGrace},
		"beside a younger one":                   {[]func(*corev1.Pod){beside(time.Hour, 0)}, rolloutGrace},
		"ready, because nothing probes it":       {[]func(*corev1.Pod){ready, beside(0, 0)}, rolloutGrace},
		"ready by its probe":                     {[]func(*corev1.Pod){ready, probed(5)}, 0},
		"it was started again beside a new one":  {[]func(*corev1.Pod){beside(0, 0), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = 1 }}, 0},
		"it waits, and another one is new there": {[]func(*corev1.Pod){beside(0, 0), func(p *corev1.Pod) { p.Status.ContainerStatuses[0].State = corev1.ContainerState{} }}, 0},
	} {
		p := pod("app-1", labels{}, append([]func(*corev1.Pod){running}, test.edits...)...)
		since, until := Starting(p, "app")
		if got := until.Sub(since); got != test.want {
			t.Errorf("%s: for %v, want %v", name, got, test.want)
		}
	}
}
