package check

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// TestWhatIsTooYoungIsNeitherFaultNorHealth holds the verdict and the steps of Services whose only findings are settling.
func TestWhatIsTooYoungIsNeitherFaultNorHealth(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	young := pod("a", app, ofDeploy("web"), notReady, func(p *corev1.Pod) {
		p.CreationTimestamp = ago(2e9)
		p.Status.ContainerStatuses[0].State.Running.StartedAt = ago(1e9)
		setCondition(p, corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady", "", 2e9)
	})
	asleep := deployment("web", 0, app, func(d *appsv1.Deployment) { d.Labels = labels{"scaledobject.keda.sh/name": "web"} })
	pending := service("web", app, loadBalancer, func(s *corev1.Service) { s.CreationTimestamp = ago(5e9) })
	for name, test := range map[string]struct {
		objects              objects
		verdict              Verdict
		settling             bool
		endpoints, readiness Mark
		note                 string
	}{
		"its first Pod starts":            {objects{service("web", app), young}, Partial, true, MarkPending, MarkPending, "0/1"},
		"beside one that serves":          {objects{service("web", app), young, pod("b", app, ofDeploy("web"))}, OK, false, MarkOK, MarkOK, "1/2"},
		"a load balancer not yet there":   {objects{pending, pod("b", app, ofDeploy("web"))}, OK, false, MarkOK, MarkOK, "1/1"},
		"scaled to zero by KEDA":          {objects{service("web", app), asleep}, OK, false, MarkNone, MarkNone, ""},
		"that, and a young load balancer": {objects{pending, asleep}, OK, false, MarkNone, MarkNone, ""},
		"scaled to zero by somebody":      {objects{service("web", app), deployment("web", 0, app)}, Fail, false, MarkFail, MarkNone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, "web", test.objects...)
			if report.Verdict != test.verdict || report.Settling != test.settling {
				t.Errorf("settling %v, %s", report.Settling, told(report))
			}
			if test.settling && report.Health() == "" {
				t.Error("nothing says what is settling")
			}
			if got := report.Steps[StepEndpoints].Mark; got != test.endpoints {
				t.Errorf("step Endpoints is %d, want %d", got, test.endpoints)
			}
			if got := report.Steps[StepReadiness]; got.Mark != test.readiness || got.Note != test.note {
				t.Errorf("step Readiness is %+v, want %d %s", got, test.readiness, test.note)
			}
		})
	}
}
