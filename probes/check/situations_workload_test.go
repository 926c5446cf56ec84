package check

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func replicaFailure(status corev1.ConditionStatus, message string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{
			Type: appsv1.DeploymentReplicaFailure, Status: status, Reason: "FailedCreate", Message: message, LastTransitionTime: ago(10 * time.Minute),
		})
	}
}

// scaledBy is a change of spec.replicas.
func scaledBy(manager, subresource string, since time.Duration) func(metav1.Object) {
	return func(object metav1.Object) {
		at := ago(since)
		object.SetManagedFields([]metav1.ManagedFieldsEntry{{
			Manager: manager, Subresource: subresource, Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`),
		}})
	}
}

// deployed is a Deployment at zero that was changed.
func deployed(change func(metav1.Object)) *appsv1.Deployment {
	d := deployment("web", 0, webApp)
	change(d)
	return d
}

func marked(key string) func(metav1.Object) {
	return func(object metav1.Object) { object.SetLabels(labels{key: "x"}) }
}

func owned[T metav1.Object](object T, kind, name string) T {
	object.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "flagger.app/v1beta1", Kind: kind, Name: name, UID: "uid-" + "x", Controller: new(true)}})
	return object
}

// TestWorkloadsThatBringNoPods holds what is said of a Service whose workload is asked for none, cannot make any, or says nothing.
func TestWorkloadsThatBringNoPods(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	neverHad := func(name string, selector labels) objects {
		svc := service(name, selector)
		slices := slicesFor(svc)
		slices[0].ManagedFields = managedBySlices(`{"f:addressType":{}}`, time.Hour)
		return objects{svc, slices[0]}
	}
	other := labels{"app": "other"}
	onePod := func(name string) labels { return labels{appsv1.StatefulSetPodNameLabel: name} }
	fromTen := func(set *appsv1.StatefulSet) *appsv1.StatefulSet {
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 10}
		return set
	}
	failedSet := func(status corev1.ConditionStatus, kind appsv1.ReplicaSetConditionType) *appsv1.ReplicaSet {
		set := replicaSet("web-abc", 2, webApp)
		set.Status.Conditions = []appsv1.ReplicaSetCondition{{Type: kind, Status: status, Message: "exceeded quota", LastTransitionTime: ago(9 * time.Minute)}}
		return set
	}
	withoutNumber := deployment("web", 0, webApp)
	withoutNumber.Spec.Replicas = nil
	oldEvent := statefulSet("web", 2, webApp)
	situations := map[string]situation{
		"at 0, by nobody that is known":       {objects: objects{svc, deployment("web", 0, webApp)}, want: "WL-01 major proven"},
		"at 0, by kubectl scale":              {objects: objects{svc, deployed(scaledBy("kubectl", "scale", 5*time.Minute))}, want: "WL-01 major proven"},
		"at 0, by kubectl scale long ago":     {objects: objects{svc, deployed(scaledBy("kubectl", "scale", 5*time.Hour))}, want: "WL-01 major proven"},
		"at 0, by KEDA":                       {objects: objects{svc, deployed(scaledBy("keda-operator", "scale", time.Hour))}, want: "WL-01 info proven"},
		"at 0, by KEDA, not as a scaler":      {objects: objects{svc, deployed(scaledBy("keda-operator", "", time.Hour))}, want: "WL-01 major proven"},
		"at 0, by an autoscaler":              {objects: objects{svc, deployed(scaledBy("kube-controller-manager", "scale", time.Hour))}, want: "WL-01 info proven"},
		"at 0, by another autoscaler":         {objects: objects{svc, deployed(scaledBy("my-autoscaler", "scale", time.Hour))}, want: "WL-01 info proven"},
		"at 0, by Argo Rollouts":              {objects: objects{svc, deployed(scaledBy("rollouts-controller", "scale", time.Hour))}, want: "WL-01 info proven"},
		"at 0, marked by KEDA":                {objects: objects{svc, deployed(marked("scaledobject.keda.sh/name"))}, want: "WL-01 info proven"},
		"at 0, marked by Knative":             {objects: objects{svc, deployed(marked("serving.knative.dev/service"))}, want: "WL-01 info proven"},
		"at 0, marked by kube-downscaler":     {objects: objects{svc, deployed(marked("downscaler/uptime"))}, want: "WL-01 info proven"},
		"at 0, marked by somebody":            {objects: objects{svc, deployed(marked("example.com/x"))}, want: "WL-01 major proven"},
		"at 0, of Helm's":                     {objects: objects{svc, deployed(func(o metav1.Object) { o.SetAnnotations(labels{"meta.helm.sh/release-name": "shop"}) })}, want: "WL-01 major proven"},
		"at 0, and the scaler not to be read": {objects: objects{svc, deployment("web", 0, webApp)}, want: "WL-01 major likely", without: []model.Kind{model.HorizontalScalers}},
		"at 0, a second is not":               {objects: objects{svc, deployment("web", 0, webApp), deployment("web-2", 1, webApp)}, want: "WL-02 critical likely"},
		"at 0, both of them":                  {objects: objects{svc, deployment("web", 0, webApp), deployment("web-2", 0, webApp)}, want: "WL-01 major proven"},
		"at 0, the second rests":              {objects: objects{svc, deployment("web", 0, webApp), job(webApp, func(j *batchv1.Job) { j.Spec.Suspend = new(true) })}, want: "WL-01 info proven"},
		"at 0, of a Rollout's own Service":    {objects: objects{service("web", webApp, annotated("argo-rollouts.argoproj.io/managed-by-rollouts", "web")), deployment("web", 0, webApp)}, want: "WL-01 info proven"},
		"at 0, of Flagger's primary":          {objects: objects{owned(service("web", webApp), "Canary", "web"), deployment("web", 0, webApp)}, want: "WL-01 major proven"},
		"at 0, a canary of another API": {objects: objects{func() metav1.Object {
			svc := owned(service("web-canary", webApp), "Canary", "web")
			svc.OwnerReferences[0].APIVersion = "example.com/v1"
			return svc
		}(), deployment("web", 0, webApp)}, want: "WL-01 major proven"},
		"at 0, a -canary of something else of Flagger's": {objects: objects{owned(service("web-canary", webApp), "MetricTemplate", "web"), deployment("web", 0, webApp)}, want: "WL-01 major proven"},
		"at 0, with Pods that go and do not serve":       {objects: objects{svc, pod("a", webApp, notReady, goingSince(time.Minute)), deployment("web", 0, webApp)}, want: "WL-01 major proven"},
		"at 0, with Pods of an earlier time":             {objects: objects{svc, pod("a", webApp, notReady), deployment("web", 0, webApp)}, want: "POD-06 critical proven"},
		"at 0, the cluster's DNS":                        {objects: objects{placed(service("kube-dns", webApp), systemNamespace), placed(deployment("coredns", 0, webApp), systemNamespace)}, want: "WL-01 major likely, DNS-02 critical likely"},

		"a StatefulSet at 0":                         {objects: objects{svc, statefulSet("web", 0, webApp)}, want: "WL-01 major proven"},
		"one Pod of a StatefulSet, too few":          {objects: append(objects{service("db-3", onePod("db-3"))}, statefulSet("db", 3, webApp)), want: "WL-01 major proven"},
		"one Pod of a StatefulSet, and never had":    {objects: append(neverHad("db-3", onePod("db-3")), statefulSet("db", 3, webApp)), want: "WL-01 major likely"},
		"the last Pod of a StatefulSet":              {objects: append(objects{service("db-2", onePod("db-2"))}, statefulSet("db", 3, webApp)), want: "WL-02 critical likely"},
		"one Pod of a StatefulSet that starts at 10": {objects: append(objects{service("db-10", onePod("db-10"))}, fromTen(statefulSet("db", 1, webApp))), want: "WL-02 critical likely"},
		"one Pod below those of a StatefulSet":       {objects: append(objects{service("db-9", onePod("db-9"))}, fromTen(statefulSet("db", 1, webApp))), want: "WL-01 major proven"},
		"one Pod far below those of a StatefulSet":   {objects: append(objects{service("db-3", onePod("db-3"))}, fromTen(statefulSet("db", 1, webApp))), want: "WL-01 major proven"},
		"one Pod of no number":                       {objects: append(objects{service("db-x", onePod("db-x"))}, statefulSet("db", 1, webApp)), want: "SEL-04 critical proven"},
		"one Pod of another StatefulSet":             {objects: append(objects{service("db-0", onePod("0"))}, statefulSet("db", 1, webApp)), want: "SEL-04 critical proven"},
		"one Pod, and labels of others":              {objects: append(objects{service("db-0", labels{appsv1.StatefulSetPodNameLabel: "db-0", "app": "other"})}, statefulSet("db", 1, webApp)), want: "SEL-04 critical proven"},
		"a DaemonSet, and none is wanted": {objects: objects{svc, func() metav1.Object {
			d := &appsv1.DaemonSet{ObjectMeta: meta("web", nil)}
			d.Spec.Template.Labels = webApp
			return d
		}()}, want: "WL-01 major proven"},
		"a DaemonSet of others": {objects: objects{svc, func() metav1.Object {
			d := &appsv1.DaemonSet{ObjectMeta: meta("web", nil)}
			d.Spec.Template.Labels = other
			return d
		}()}, want: "SEL-04 critical proven"},
		"a Deployment of others":        {objects: objects{svc, deployment("web", 0, other)}, want: "SEL-04 critical proven"},
		"a StatefulSet of others":       {objects: objects{svc, statefulSet("web", 0, other)}, want: "SEL-04 critical proven"},
		"a Rollout of others":           {objects: objects{svc, rollout("web", 0, other)}, want: "SEL-04 critical proven"},
		"a Job of others":               {objects: objects{svc, job(other, func(*batchv1.Job) {})}, want: "SEL-04 critical proven"},
		"a Deployment without a number": {objects: objects{svc, withoutNumber}, want: "WL-02 critical likely"},

		"a free ReplicaSet at 0":                      {objects: objects{svc, replicaSet("web", 0, webApp)}, want: "WL-01 major proven"},
		"a ReplicaSet of others at 0":                 {objects: objects{svc, replicaSet("web", 0, other)}, want: "SEL-04 critical proven"},
		"a ReplicaSet of a Deployment":                {objects: objects{svc, owned(replicaSet("web-abc", 2, webApp), "Deployment", "web")}, want: "SEL-04 critical proven"},
		"a Deployment at 0 and its ReplicaSet":        {objects: objects{svc, deployment("web", 0, webApp), owned(replicaSet("web-abc", 2, webApp), "Deployment", "web")}, want: "WL-01 major proven"},
		"a Rollout at 0 and its ReplicaSet":           {objects: objects{svc, rollout("web", 0, webApp), owned(replicaSet("web-abc", 2, webApp), "Rollout", "web")}, want: "WL-01 major proven"},
		"a ReplicaSet of a Rollout that is not known": {objects: objects{svc, owned(replicaSet("web-abc", 0, webApp), "Rollout", "web")}, want: "WL-01 major proven"},
		"a ReplicaSet that fails":                     {objects: objects{svc, failedSet(corev1.ConditionTrue, appsv1.ReplicaSetReplicaFailure)}, want: "WL-02 critical proven"},
		"a ReplicaSet that failed":                    {objects: objects{svc, failedSet(corev1.ConditionFalse, appsv1.ReplicaSetReplicaFailure)}, want: "WL-02 critical likely"},
		"a ReplicaSet of another condition":           {objects: objects{svc, failedSet(corev1.ConditionTrue, "Odd")}, want: "WL-02 critical likely"},
		"a ReplicaSet of a Rollout that fails":        {objects: objects{svc, owned(failedSet(corev1.ConditionTrue, appsv1.ReplicaSetReplicaFailure), "Rollout", "web")}, want: "WL-02 critical proven"},

		"a Job that is not suspended": {objects: objects{svc, job(webApp, func(j *batchv1.Job) { j.Spec.Suspend = new(false) })}, want: "WL-02 critical likely"},
		"a Job that failed": {objects: objects{svc, job(webApp, func(j *batchv1.Job) {
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue}}
		})}, want: "WL-01 info proven"},
		"a Job of another condition": {objects: objects{svc, job(webApp, func(j *batchv1.Job) {
			j.Status.Conditions = []batchv1.JobCondition{{Type: "FailureTarget", Status: corev1.ConditionTrue}}
		})}, want: "WL-02 critical likely"},
		"nobody says why":        {objects: objects{svc, deployment("web", 2, webApp)}, want: "WL-02 critical likely"},
		"a failure that is over": {objects: objects{svc, deployment("web", 2, webApp, replicaFailure(corev1.ConditionFalse, "exceeded quota"))}, want: "WL-02 critical likely"},
		"none yet, for half a minute": {objects: func() objects {
			svc := service("web", webApp)
			slices := slicesFor(svc)
			slices[0].ManagedFields = managedBySlices(`{"f:endpoints":{}}`, 30*time.Second)
			return objects{svc, slices[0], deployment("web", 2, webApp)}
		}(), want: "WL-02 minor likely"},
		"a condition, and an event of old":        {objects: objects{svc, deployment("web", 2, webApp, replicaFailure(corev1.ConditionTrue, "exceeded quota: q")), event(deployment("web", 2, webApp), "Deployment", "Warning", "FailedCreate", "is invalid", time.Minute)}, want: "WL-02 critical proven"},
		"an event":                                {objects: objects{svc, oldEvent, event(oldEvent, "StatefulSet", "Warning", "FailedCreate", "exceeded quota: q", 12*time.Minute)}, want: "WL-02 critical proven"},
		"Pods that go, and the next may not come": {objects: objects{svc, pod("a", webApp, notReady, goingSince(5*time.Minute)), deployment("web", 2, webApp, replicaFailure(corev1.ConditionTrue, "exceeded quota: q"))}, want: "WL-02 critical proven, POD-09 critical proven"},
		"two Deployments, the second fails":       {objects: objects{svc, deployment("a", 0, webApp), deployment("b", 2, webApp, replicaFailure(corev1.ConditionTrue, "exceeded quota: q"))}, want: "WL-02 critical proven"},
	}
	for name, message := range map[string]string{
		"quota":                          `pods "x" is forbidden: exceeded quota: q`,
		"Pod Security":                   `pods "x" is forbidden: violates PodSecurity "restricted:latest"`,
		"OpenShift":                      `unable to validate against any security context constraint`,
		"a webhook":                      `admission webhook "policy.example.com" denied the request`,
		"a webhook that does not answer": `failed calling webhook "policy.example.com"`,
		"a ServiceAccount":               `error looking up service account shop/web: serviceaccount "web" not found`,
		"a ServiceAccount, in two words": `error looking up service account shop/web: not found`,
		"a ServiceAccount, in one word":  `serviceaccount "web" not found`,
		"something that is not found":    `priorityclass "high" not found`,
		"LimitRange":                     `forbidden by LimitRange`,
		"LimitRange, most CPU":           `maximum cpu usage per Container is 1`,
		"LimitRange, most memory":        `maximum memory usage per Container is 1Gi`,
		"LimitRange, least":              `minimum cpu usage per Container is 100m`,
		"an invalid value":               `spec.containers[0].image: Invalid value: ""`,
		"invalid":                        `Pod "x" is invalid: spec: Forbidden`,
		"words that are not known":       `the server is on fire`,
	} {
		situations["refused: "+name] = situation{objects: objects{svc, deployment("web", 2, webApp, replicaFailure(corev1.ConditionTrue, message))}, want: "WL-02 critical proven"}
	}
	testSituations(t, "workload", situations)
}

// TestRolloutsThatAreStuck holds which revision is gone back to, and where that is offered.
func TestRolloutsThatAreStuck(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp)
	stuck := func(name string, revision string, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
		d := deployment(name, 3, webApp, change...)
		d.Annotations = labels{revisionAnnotation: revision}
		d.Status.UpdatedReplicas, d.Status.Replicas = 2, 2
		d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{
			Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded", Message: "has timed out progressing.", LastTransitionTime: ago(30 * time.Minute),
		})
		return d
	}
	set := func(name, kind, of, uid, revision string) *appsv1.ReplicaSet {
		made := &appsv1.ReplicaSet{ObjectMeta: meta(name, nil)}
		made.Annotations = labels{revisionAnnotation: revision}
		if kind != "" {
			made.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: of, Controller: new(true)}}
			made.OwnerReferences[0].UID = deployment(of, 1, nil).UID
			if uid != "" {
				made.OwnerReferences[0].UID = stuck(uid, "").UID
			}
		}
		return made
	}
	failing := pod("a", webApp, ofDeploy("web"), notReady)
	testSituations(t, "workload_rolloutstuck", map[string]situation{
		"numbers above its own":  {objects: objects{svc, failing, stuck("web", "3"), set("web-1", "Deployment", "web", "", "1"), set("web-3", "Deployment", "web", "", "3"), set("web-5", "Deployment", "web", "", "5")}, want: "POD-06 critical proven, WL-03 minor proven"},
		"back to the one before": {objects: objects{svc, failing, stuck("web", "3"), set("web-1", "Deployment", "web", "", "1"), set("web-2", "Deployment", "web", "", "2"), set("web-3", "Deployment", "web", "", "3")}, want: "POD-06 critical proven, WL-03 minor proven"},
		"revisions of others": {objects: objects{
			svc, failing, stuck("web", "9"), set("web-1", "Deployment", "web", "", "1"), set("other", "Deployment", "other", "", "2"), set("reused", "Deployment", "web", "before", "3"),
			set("rollout", "Rollout", "web", "", "4"), set("free", "", "", "", "5"), set("same-uid", "Deployment", "other", "web", "6"), set("no-number", "Deployment", "web", "", "7x"),
		}, want: "POD-06 critical proven, WL-03 minor proven"},
		"no number of its own":     {objects: objects{svc, failing, stuck("web", ""), set("web-1", "Deployment", "web", "", "1"), set("web-2", "Deployment", "web", "", "2")}, want: "POD-06 critical proven, WL-03 minor proven"},
		"a number above its own":   {objects: objects{svc, failing, stuck("web", "1"), set("web-2", "Deployment", "web", "", "2")}, want: "POD-06 critical proven, WL-03 minor proven"},
		"the second Deployment":    {objects: objects{svc, failing, deployment("a", 1, webApp), stuck("web", "1")}, want: "POD-06 critical proven, WL-03 minor proven"},
		"all Pods Ready by now":    {objects: objects{svc, pod("a", webApp, ofDeploy("web")), stuck("web", "1")}, want: ""},
		"nothing is stuck":         {objects: objects{svc, failing, deployment("web", 1, webApp)}, want: "POD-06 critical proven"},
		"of Helm's":                {objects: objects{svc, failing, stuck("web", "3", func(d *appsv1.Deployment) { d.Labels = labels{"app.kubernetes.io/managed-by": "Helm"} }), set("web-1", "Deployment", "web", "", "1")}, want: "POD-06 critical proven, WL-03 minor proven"},
		"ReplicaSets on their way": {objects: objects{svc, failing, stuck("web", "3")}, want: "POD-06 critical proven, WL-03 minor proven", coming: []model.Kind{model.ReplicaSets}},
	})
}

// TestRolloutsUnderWay holds for how long a rollout excuses a Service with nothing usable.
func TestRolloutsUnderWay(t *testing.T) {
	t.Parallel()
	svc := service("web", webApp, ports(port(80, "nope")))
	young := func(since time.Duration) objects {
		p := pod("a", webApp, ofDeploy("web"))
		slices := slicesFor(svc, p)
		slices[0].ManagedFields = managedBySlices(`{"f:endpoints":{}}`, since)
		svc := svc.DeepCopy()
		svc.CreationTimestamp = ago(since)
		return objects{svc, p, slices[0]}
	}
	unobserved := deployment("web", 2, webApp, func(d *appsv1.Deployment) { d.Generation, d.Status.ObservedGeneration = 3, 2 })
	observed := deployment("web", 2, webApp, func(d *appsv1.Deployment) { d.Generation, d.Status.ObservedGeneration = 3, 3 })
	progressing := func(reason string, status corev1.ConditionStatus) *appsv1.Deployment {
		return deployment("web", 2, webApp, func(d *appsv1.Deployment) {
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: status, Reason: reason}}
		})
	}
	testSituations(t, "workload_rolling", map[string]situation{
		"half a minute, no rollout":       {objects: append(young(30*time.Second), observed), want: "PORT-01 critical proven"},
		"half a minute, not observed yet": {objects: append(young(30*time.Second), unobserved), want: "PORT-01 minor proven"},
		"half a minute, updated":          {objects: append(young(30*time.Second), progressing("ReplicaSetUpdated", corev1.ConditionTrue)), want: "PORT-01 minor proven"},
		"half a minute, not observed yet, and the one before is over": {objects: append(young(30*time.Second), deployment("web", 2, webApp, func(d *appsv1.Deployment) {
			d.Generation, d.Status.ObservedGeneration = 3, 2
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ReplicaSetUpdated"}}
		})), want: "PORT-01 minor proven"},
		"half a minute, created":           {objects: append(young(30*time.Second), progressing("NewReplicaSetCreated", corev1.ConditionTrue)), want: "PORT-01 minor proven"},
		"half a minute, found":             {objects: append(young(30*time.Second), progressing("FoundNewReplicaSet", corev1.ConditionTrue)), want: "PORT-01 minor proven"},
		"half a minute, updated, and over": {objects: append(young(30*time.Second), progressing("ReplicaSetUpdated", corev1.ConditionFalse)), want: "PORT-01 critical proven"},
		"half a minute, complete":          {objects: append(young(30*time.Second), progressing("NewReplicaSetAvailable", corev1.ConditionTrue)), want: "PORT-01 critical proven"},
		"half a minute, one of two rolls":  {objects: append(young(30*time.Second), deployment("a", 1, webApp), unobserved), want: "PORT-01 minor proven"},
		"half a minute, it fails":          {objects: append(young(30*time.Second), deployment("web", 2, webApp, rollingOut, replicaFailure(corev1.ConditionTrue, "exceeded quota"))), want: "PORT-01 critical proven"},
		"two minutes":                      {objects: append(young(2*time.Minute), unobserved), want: "PORT-01 critical proven"},
	})
}
