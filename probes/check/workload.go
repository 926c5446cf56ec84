package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// podsCreatedWithin is how long a workload may take to make its first Pod before its silence is a sign.
const podsCreatedWithin = time.Minute

func workloadKinds() []model.Kind {
	return []model.Kind{model.Deployments, model.StatefulSets, model.DaemonSets, model.ReplicaSets, model.Jobs, model.Rollouts}
}

func workloadRules() []Rule {
	noPods := func(s *subject) bool { return len(s.current()) == 0 }
	dead := func(s *subject) bool { return s.selects() && s.dead() }
	return []Rule{
		{
			IDs: []string{"WL-01"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: workloadKinds(),
			applies: dead, explains: true, check: checkScaledToZero,
			looks: func(s *subject) bool { return noPods(s) && !s.scaledToZero() },
		},
		{
			// Only of a workload at 0 is it worth asking what scales it.
			IDs: []string{"WL-01"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: slices.Concat(workloadKinds(), scalerKinds()),
			applies: dead, explains: true, check: checkScaledToZero,
			looks: func(s *subject) bool { return noPods(s) && s.scaledToZero() },
		},
		{
			IDs: []string{"WL-02"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: workloadKinds(),
			Uses: []model.Kind{model.Events}, applies: dead, looks: noPods, explains: true, check: checkPodsNotCreated,
		},
		{
			IDs: []string{"POD-11"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: workloadKinds(),
			applies: dead, explains: true, check: checkOnlyEnded,
			looks: func(s *subject) bool { return len(s.live()) == 0 && len(s.ended()) > 0 },
		},
	}
}

func scalerKinds() []model.Kind { return []model.Kind{model.HorizontalScalers, model.ScaledObjects} }

// workload is what the checks ask of a Deployment, StatefulSet, DaemonSet, Rollout, Job or free ReplicaSet.
type workload struct {
	owner  Owner
	object metav1.Object
	// template tells nothing but its labels of a Rollout.
	template *corev1.PodTemplateSpec
	// wanted is how many Pods that the selector may match it is asked for.
	wanted int32
	// onePod is the only Pod that the selector may match, empty where there is no such limit; it comes with needed replicas.
	onePod string
	needed int32
	// failure is the ReplicaFailure condition's text.
	failure      string
	failureSince time.Time
	// resting says why a workload that is asked for no Pod is meant to be so; empty where it does not say.
	resting string
	// rolling is true while a rollout is under way and nothing says that it failed.
	rolling bool
	// stuck is the text of a rollout that passed its deadline.
	stuck      string
	stuckSince time.Time
}

// templates returns the workloads whose Pod template carries the selector, as far as workloads are known.
func (s *subject) templates() []workload {
	if s.workloadsMade {
		return s.matching
	}
	s.workloadsMade = true
	selector, snapshot, namespace := s.service.Spec.Selector, s.in.Snapshot, s.key.Namespace
	if len(selector) == 0 {
		return nil
	}
	for _, deployment := range snapshot.Deployments(namespace) {
		if carries(deployment.Spec.Template.Labels, selector) {
			s.matching = append(s.matching, ofDeployment(deployment))
		}
	}
	for _, set := range snapshot.StatefulSets(namespace) {
		w := workload{owner: Owner{"StatefulSet", set.Name}, object: set, template: &set.Spec.Template, wanted: replicas(set.Spec.Replicas)}
		if carries(set.Spec.Template.Labels, selector) || w.picksOne(set, selector) {
			s.matching = append(s.matching, w)
		}
	}
	for _, set := range snapshot.DaemonSets(namespace) {
		if carries(set.Spec.Template.Labels, selector) {
			s.matching = append(s.matching, workload{
				owner: Owner{"DaemonSet", set.Name}, object: set, template: &set.Spec.Template, wanted: set.Status.DesiredNumberScheduled,
			})
		}
	}
	for _, rollout := range snapshot.Rollouts(namespace) {
		if carries(rollout.TemplateLabels, selector) {
			s.matching = append(s.matching, ofRollout(rollout))
		}
	}
	for _, set := range snapshot.ReplicaSets(namespace) {
		owner := metav1.GetControllerOfNoCopy(set)
		if owner != nil && (owner.Kind == "Deployment" || s.speaksFor(Owner{owner.Kind, owner.Name})) || !carries(set.Spec.Template.Labels, selector) {
			continue
		}
		s.matching = append(s.matching, ofReplicaSet(set, owner))
	}
	for _, job := range snapshot.Jobs(namespace) {
		// A Job whose Pods have ended is no workload that fails to bring them.
		if carries(job.Spec.Template.Labels, selector) && len(s.ended()) == 0 {
			s.matching = append(s.matching, ofJob(job))
		}
	}
	return s.matching
}

// speaksFor tells whether a workload was found that owns others which match too.
func (s *subject) speaksFor(owner Owner) bool {
	for i := range s.matching {
		if s.matching[i].owner == owner {
			return true
		}
	}
	return false
}

func ofRollout(rollout *model.Rollout) workload {
	return workload{
		owner: Owner{"Rollout", rollout.Name}, object: rollout, wanted: rollout.Replicas,
		template: &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: rollout.TemplateLabels}},
	}
}

func ofJob(job *batchv1.Job) workload {
	w := workload{owner: Owner{"Job", job.Name}, object: job, template: &job.Spec.Template, wanted: replicas(job.Spec.Parallelism)}
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		w.wanted, w.resting = 0, "The Job is suspended."
	}
	for i := range job.Status.Conditions {
		condition := &job.Status.Conditions[i]
		if condition.Status == corev1.ConditionTrue && (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) {
			w.wanted, w.resting = 0, "The Job has ended: "+string(condition.Type)+"."
		}
	}
	return w
}

// picksOne tells whether a selector picks a single Pod of a StatefulSet by the label that its controller adds, and then asks the
// workload for no more than that Pod.
func (w *workload) picksOne(set *appsv1.StatefulSet, selector map[string]string) bool {
	rest := maps.Clone(selector)
	delete(rest, appsv1.StatefulSetPodNameLabel)
	digits, ok := strings.CutPrefix(selector[appsv1.StatefulSetPodNameLabel], set.Name+"-")
	ordinal, err := strconv.ParseInt(digits, 10, 32)
	if !ok || err != nil || !carries(set.Spec.Template.Labels, rest) {
		return false
	}
	start := int32(0)
	if set.Spec.Ordinals != nil {
		start = set.Spec.Ordinals.Start
	}
	has := w.wanted
	w.onePod, w.wanted, w.needed = selector[appsv1.StatefulSetPodNameLabel], 0, int32(ordinal)-start+1
	if w.needed > 0 && w.needed <= has {
		w.wanted = 1
	}
	return true
}

func replicas(wanted *int32) int32 {
	if wanted == nil {
		return 1
	}
	return *wanted
}

func ofDeployment(deployment *appsv1.Deployment) workload {
	w := workload{
		owner: Owner{"Deployment", deployment.Name}, object: deployment, template: &deployment.Spec.Template,
		wanted:  replicas(deployment.Spec.Replicas),
		rolling: deployment.Status.ObservedGeneration < deployment.Generation,
	}
	for i := range deployment.Status.Conditions {
		switch condition := &deployment.Status.Conditions[i]; condition.Type {
		case appsv1.DeploymentReplicaFailure:
			if condition.Status == corev1.ConditionTrue {
				w.failure, w.failureSince = condition.Message, condition.LastTransitionTime.Time
			}
		case appsv1.DeploymentProgressing:
			switch condition.Reason {
			case "ReplicaSetUpdated", "NewReplicaSetCreated", "FoundNewReplicaSet":
				w.rolling = w.rolling || condition.Status == corev1.ConditionTrue
			case "ProgressDeadlineExceeded":
				w.stuck, w.stuckSince = condition.Message, condition.LastTransitionTime.Time
			}
		}
	}
	w.rolling = w.rolling && w.failure == ""
	return w
}

func ofReplicaSet(set *appsv1.ReplicaSet, owner *metav1.OwnerReference) workload {
	w := workload{
		owner: Owner{"ReplicaSet", set.Name}, object: set, template: &set.Spec.Template, wanted: replicas(set.Spec.Replicas),
	}
	if owner != nil {
		w.owner = Owner{owner.Kind, owner.Name}
	}
	for i := range set.Status.Conditions {
		condition := &set.Status.Conditions[i]
		if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
			w.failure, w.failureSince = condition.Message, condition.LastTransitionTime.Time
		}
	}
	return w
}

// rolling tells whether a workload behind the Service is rolling out.
func (s *subject) rolling() bool {
	for i := range s.templates() {
		if s.matching[i].rolling {
			return true
		}
	}
	return false
}

// heldForRollout makes a finding minor while a rollout is under way that may yet end it, for a minute at most: an
// outage that a rollout brings is one all the same.
func (s *subject) heldForRollout(finding Finding) Finding {
	if !s.rolling() {
		return finding
	}
	return s.heldFor(finding, time.Minute)
}
