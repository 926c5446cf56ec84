package check

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func rollout(name string, replicas int32, template labels, change ...func(*model.Rollout)) *model.Rollout {
	r := &model.Rollout{ObjectMeta: meta(name, nil), Replicas: replicas, TemplateLabels: template}
	for _, change := range change {
		change(r)
	}
	return r
}

func scaler(kind, target string, least int32, change ...func(*model.Autoscaler)) *model.Autoscaler {
	a := &model.Autoscaler{ObjectMeta: meta("scaler", nil), Kind: kind, TargetKind: "Deployment", TargetName: target, MinReplicas: least}
	for _, change := range change {
		change(a)
	}
	return a
}

func job(template labels, change func(*batchv1.Job)) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: meta("once", nil), Spec: batchv1.JobSpec{
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: template}},
	}}
	change(j)
	return j
}

// TestWhatKeepsAWorkloadAtZero holds who may have wished that a Service has no Pods.
func TestWhatKeepsAWorkloadAtZero(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	hashed := labels{"app": "web", "rollouts-pod-template-hash": "abc"}
	preview := func(r *model.Rollout) { r.PreviewService = "web" }
	addon := deployment("web", 0, app)
	addon.Labels = labels{"addonmanager.kubernetes.io/mode": "Reconcile"}
	for name, test := range map[string]struct {
		objects objects
		verdict Verdict
		lead    string
	}{
		"a Deployment of the addon manager":                        {objects{service("web", app), addon}, OK, "WL-01"},
		"a ScaledObject":                                           {objects{service("web", app), deployment("web", 0, app), scaler("ScaledObject", "web", 0)}, OK, "WL-01"},
		"an autoscaler with minimum 0":                             {objects{service("web", app), deployment("web", 0, app), scaler("HorizontalPodAutoscaler", "web", 0)}, OK, "WL-01"},
		"an autoscaler with minimum 1":                             {objects{service("web", app), deployment("web", 0, app), scaler("HorizontalPodAutoscaler", "web", 1)}, Fail, "WL-01"},
		"one of another workload":                                  {objects{service("web", app), deployment("web", 0, app), scaler("ScaledObject", "other", 0)}, Fail, "WL-01"},
		"one of another kind":                                      {objects{service("web", app), deployment("web", 0, app), scaler("ScaledObject", "web", 0, func(a *model.Autoscaler) { a.TargetKind = "StatefulSet" })}, Fail, "WL-01"},
		"a ScaledObject that is paused":                            {objects{service("web", app), deployment("web", 0, app), scaler("ScaledObject", "web", 2, func(a *model.Autoscaler) { a.Annotations = labels{"autoscaling.keda.sh/paused-replicas": "0"} })}, OK, "WL-01"},
		"paused, but not at 0":                                     {objects{service("web", app), deployment("web", 0, app), scaler("ScaledObject", "web", 2, func(a *model.Autoscaler) { a.Annotations = labels{"autoscaling.keda.sh/paused-replicas": "3"} })}, Fail, "WL-01"},
		"a Rollout at 0":                                           {objects{service("web", app), rollout("web", 0, app)}, Fail, "WL-01"},
		"a Rollout that takes its template from a Deployment at 0": {objects{service("web", app), deployment("web", 0, app), ownedByRollout(replicaSet("web-abc", 2, hashed))}, Warn, "WL-02"},
		"the preview of a Rollout":                                 {objects{service("web", app), rollout("web", 0, app, preview)}, OK, "WL-01"},
		"the canary of a Rollout":                                  {objects{service("web", app), rollout("web", 0, app, func(r *model.Rollout) { r.CanaryService = "web" })}, OK, "WL-01"},
		"the stable Service of a Rollout":                          {objects{service("web", app), rollout("web", 0, app, func(r *model.Rollout) { r.StableService = "web" })}, Fail, "WL-01"},
		"the active Service of a Rollout, with a hash":             {objects{service("web", hashed), ownedByRollout(replicaSet("web-abc", 0, hashed)), rollout("web", 0, app, func(r *model.Rollout) { r.ActiveService = "web" })}, Fail, "WL-01"},
		"a preview whose ReplicaSet rests":                         {objects{service("web", hashed), ownedByRollout(replicaSet("web-abc", 0, hashed))}, OK, "WL-01"},
		"a preview whose ReplicaSet is gone":                       {objects{service("web", hashed), rollout("web", 2, app, preview)}, OK, "SEL-08"},
		"an active Service whose ReplicaSet is gone":               {objects{service("web", hashed), rollout("web", 2, app, func(r *model.Rollout) { r.ActiveService, r.PreviewService = "web", "web" })}, Warn, "SEL-08"},
		"a Rollout that has no Pods":                               {objects{service("web", app), rollout("web", 2, app), ownedByRollout(replicaSet("web-abc", 0, hashed))}, Warn, "WL-02"},
		"a Job that is suspended":                                  {objects{service("web", app), job(app, func(j *batchv1.Job) { j.Spec.Suspend = new(true) })}, OK, "WL-01"},
		"a Job that is complete": {objects{service("web", app), job(app, func(j *batchv1.Job) {
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
		})}, OK, "WL-01"},
		"a Job that has no Pod": {objects{service("web", app), job(app, func(j *batchv1.Job) {
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionFalse}}
		})}, Warn, "WL-02"},
		"a Job whose Pod failed": {objects{service("web", app), pod("a", app, ownedBy("Job", "once"), ended(corev1.PodSucceeded)), job(app, func(*batchv1.Job) {})}, OK, "POD-11"},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if report.Verdict != test.verdict || report.Leading() == nil || report.Leading().ID != test.lead {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

func ownedByRollout[T metav1.Object](set T) T {
	set.SetOwnerReferences([]metav1.OwnerReference{{Kind: "Rollout", Name: "web", Controller: new(true)}})
	return set
}

// TestARolloutInTheMiddleOfItsSwitch holds that a hash that was set a moment ago may yet find its Pods.
func TestARolloutInTheMiddleOfItsSwitch(t *testing.T) {
	t.Parallel()
	selector := labels{"app": "web", "rollouts-pod-template-hash": "abc"}
	svc := service("web", selector)
	at := ago(30 * time.Second)
	svc.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "rollouts-controller", Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:selector":{}}}`)}}
	in := input(cluster(svc, pod("a", labels{"app": "web", "rollouts-pod-template-hash": "def"})))
	report := Judge(in, web)
	if lead := report.Leading(); lead.ID != "SEL-08" || !lead.Settling || !report.Again.Equal(now.Add(30*time.Second)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	if report = Judge(in, web); report.Verdict != Warn || report.Leading().Settling {
		t.Errorf("after a minute: %s", told(report))
	}
}

// TestAutoscalersUnread holds that a workload at 0 is no proven fault where an autoscaler may wish it that nobody here sees.
func TestAutoscalersUnread(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	for name, test := range map[string]struct {
		kind  model.Kind
		state model.CoverageState
		want  Verdict
	}{
		"autoscalers denied":            {model.HorizontalScalers, model.Forbidden, Warn},
		"ScaledObjects denied":          {model.ScaledObjects, model.Forbidden, Warn},
		"ScaledObjects not to be had":   {model.ScaledObjects, model.Failed, Warn},
		"a cluster without KEDA":        {model.ScaledObjects, model.Absent, Fail},
		"ScaledObjects of a while ago":  {model.ScaledObjects, model.Stale, Fail},
		"something else that is denied": {model.Events, model.Forbidden, Fail},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			builder := cluster(service("web", app), deployment("web", 0, app))
			builder.Cover(model.Need{Kind: test.kind}, model.Coverage{State: test.state}).
				Cover(model.Need{Kind: test.kind, Namespace: namespaceFor(test.kind, "shop")}, model.Coverage{State: test.state})
			report := Judge(input(builder), model.Key{Namespace: "shop", Name: "web"})
			if lead := report.Leading(); lead == nil || lead.ID != "WL-01" || report.Verdict != test.want {
				t.Errorf("want %s by WL-01, got %s", test.want, told(report))
			}
		})
	}
}
