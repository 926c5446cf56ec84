package check

import (
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestStuckRollout holds that a rollout past its deadline is undone only where nothing serves, and only by number.
func TestStuckRollout(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	stuck := func(revision int64, updated, all int32) *appsv1.Deployment {
		return deployment("web", 3, app, func(d *appsv1.Deployment) {
			if revision > 0 {
				d.Annotations = map[string]string{revisionAnnotation: strconv.FormatInt(revision, 10)}
			}
			d.Status.UpdatedReplicas, d.Status.Replicas = updated, all
			d.Status.Conditions = []appsv1.DeploymentCondition{{
				Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded",
				Message: "ReplicaSet has timed out progressing.", LastTransitionTime: ago(time.Hour),
			}}
		})
	}
	set := func(name, of string, revision int) *appsv1.ReplicaSet {
		made := &appsv1.ReplicaSet{ObjectMeta: meta(name, app)}
		made.Annotations = map[string]string{revisionAnnotation: strconv.Itoa(revision)}
		made.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: of, UID: meta(of, nil).UID, Controller: new(true)}}
		return made
	}
	service := service("web", app)
	a, b := pod("web-a", app, ofDeploy("web"), notReady), pod("web-b", app, ofDeploy("web"), notReady)
	serves := pod("web-c", app, ofDeploy("web"))
	const note = "there is no earlier revision: correct the template"
	for name, test := range map[string]struct {
		objects  objects
		gap      model.Kind
		leads    string
		severity Severity
		command  string
		note     string
	}{
		"leader election": {
			objects: objects{service, a, b, serves, stuck(2, 3, 3), set("web-1", "web", 1), set("web-2", "web", 2)}, leads: "POD-06", severity: Info,
			note: "nothing to do where only one Pod is meant to be Ready, as in a leader election",
		},
		"old Pods serve": {
			objects: objects{service, a, serves, stuck(2, 1, 4), set("web-1", "web", 1), set("web-2", "web", 2)}, leads: "WL-03", severity: Minor,
			note: "the Service has endpoints: find out first why the other Pods are not Ready",
		},
		"dead, with earlier revisions": {
			objects: objects{
				service, a, b, stuck(7, 2, 2), set("web-1", "web", 3), set("web-2", "web", 5), set("web-3", "web", 7), set("other-1", "other", 6),
			}, leads: "POD-06", severity: Minor,
			command: "kubectl --context prod -n shop rollout undo deploy/web --to-revision=5", note: "goes back to the revision before this one; or correct the template",
		},
		"dead, the Deployment without a number": {
			objects: objects{service, a, stuck(0, 1, 1), set("web-1", "web", 3), set("web-2", "web", 4)}, leads: "POD-06", severity: Minor,
			command: "kubectl --context prod -n shop rollout undo deploy/web --to-revision=3", note: "goes back to the revision before this one; or correct the template",
		},
		"dead in its first revision":     {objects: objects{service, a, stuck(1, 1, 1), set("web-1", "web", 1)}, leads: "POD-06", severity: Minor, note: note},
		"dead, revisions not kept":       {objects: objects{service, a, stuck(4, 1, 1)}, leads: "POD-06", severity: Minor, note: note},
		"dead, ReplicaSets not readable": {objects: objects{service, a, stuck(4, 1, 1)}, gap: model.ReplicaSets, leads: "POD-06", severity: Minor, note: "correct the template; whether there is an earlier revision to go back to is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			builder := cluster(test.objects...)
			if test.gap != "" {
				builder.Cover(model.Need{Kind: test.gap, Namespace: "shop"}, model.Coverage{State: model.Forbidden})
				builder.Cover(model.Need{Kind: test.gap}, model.Coverage{State: model.Forbidden})
			}
			report := Judge(input(builder), model.Key{Namespace: "shop", Name: "web"})
			if report.Findings[0].ID != test.leads {
				t.Errorf("%s leads, want %s", report.Findings[0].ID, test.leads)
			}
			for _, finding := range report.Findings {
				if finding.ID != "WL-03" {
					continue
				}
				if finding.Severity != test.severity || finding.Fix.Command != test.command || finding.Fix.Note != test.note {
					t.Errorf("got %s", told(report))
				}
				if !strings.Contains(finding.Title, "is stuck") {
					t.Errorf("title %q", finding.Title)
				}
				return
			}
			t.Errorf("no WL-03: %s", told(report))
		})
	}
}

// TestARolloutThatDropsALabel holds that it is told before the last old Pod goes.
func TestARolloutThatDropsALabel(t *testing.T) {
	t.Parallel()
	selector, dropped := labels{"app": "web", "version": "v1"}, labels{"app": "web", "version": "v2"}
	old := pod("a", own(selector), ofDeploy("web"))
	report := judge(t, "web", service("web", selector), old, deployment("web", 3, dropped, rollingOut))
	lead := report.Leading()
	if lead == nil || lead.ID != "SEL-02" || report.Verdict != Fail || lead.Severity != Major || lead.Short != "rollout drops version=v1: deploy/web" || !strings.Contains(lead.Title, "0 of 3 Pods") {
		t.Fatalf("%s", told(report))
	}
	if lead.Evidence[1].Value != "v2" || lead.Fix.Command != "" {
		t.Errorf("%+v %+v", lead.Evidence, lead.Fix)
	}
	for name, objects := range map[string]objects{
		"the template carries it":   {service("web", selector), old, deployment("web", 3, own(selector), rollingOut)},
		"no rollout is under way":   {service("web", selector), old, deployment("web", 3, dropped)},
		"another workload serves":   {service("web", selector), old, pod("b", own(selector), ofDeploy("other")), deployment("web", 3, dropped, rollingOut)},
		"somebody's Pod serves":     {service("web", selector), old, pod("b", own(selector)), deployment("web", 3, dropped, rollingOut)},
		"it is scaled to 0":         {service("web", selector), old, deployment("web", 0, dropped, rollingOut)},
		"of another kind of a name": {service("web", selector), pod("a", own(selector), ownedBy("StatefulSet", "web")), deployment("web", 3, dropped, rollingOut)},
	} {
		if report := judge(t, "web", objects...); says(report, "SEL-02") {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}
