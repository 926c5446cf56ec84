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
	for name, test := range map[string]struct {
		edit func(*corev1.Pod)
		want time.Duration
	}{
		"it has just started":       {func(*corev1.Pod) {}, rolloutGrace},
		"its probe gives it less":   {probed(5), rolloutGrace},
		"its probe gives it longer": {probed(99), 100 * time.Second},
		"Ready":                     {func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = true }, 0},
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
		since, until := Starting(p)
		want, wantUntil := time.Time{}, time.Time{}
		if test.want > 0 {
			want, wantUntil = began, began.Add(test.want)
		}
		if !since.Equal(want) || !until.Equal(wantUntil) {
			t.Errorf("%s: since %v until %v, want %v until %v", name, since, until, want, wantUntil)
		}
	}
}
