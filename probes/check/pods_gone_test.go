package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestTerminatingPodsThatServe(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app)
	// It has a minute of its grace period left.
	leaving := pod("a", app, func(p *corev1.Pod) {
		end := ago(-time.Minute)
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &end, new(int64(90))
	})
	for name, test := range map[string]struct {
		objects objects
		why     string
	}{
		"nothing is known of its workload": {objects{svc, leaving}, "nothing takes their place yet"},
		"its workload makes others":        {objects{svc, leaving, deployment("web", 2, app)}, "nothing takes their place yet"},
		"its workload is asked for none":   {objects{svc, leaving, deployment("web", 0, app)}, "deploy/web is asked for no other"},
		"one of two is asked for some":     {objects{svc, leaving, deployment("web", 0, app), deployment("new", 1, app)}, "nothing takes their place yet"},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		lead := report.Leading()
		if report.Verdict != OK || lead == nil || lead.ID != "POD-09" || lead.Severity != Minor || !strings.Contains(lead.Why, test.why) {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if !lead.Since.Equal(ago(30 * time.Second).Time) {
			t.Errorf("%s: since %v, and it was deleted at %v", name, lead.Since, ago(30*time.Second))
		}
	}
}
