package check

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func rolloutRules() []Rule {
	applies := func(s *subject) bool { return s.selects() }
	// Only a command to go back is worth reading ReplicaSets for.
	undone := func(s *subject) bool {
		return s.dead() && slices.ContainsFunc(s.templates(), func(w workload) bool { return w.stuck != "" })
	}
	waits := func(s *subject) bool { return len(s.troubles()) > 0 }
	return []Rule{
		{
			IDs: []string{"WL-03"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.Deployments},
			applies: applies, looks: func(s *subject) bool { return waits(s) && !undone(s) }, check: checkRolloutStuck,
		},
		{
			IDs: []string{"WL-03"}, Step: StepReadiness, Reads: []model.Kind{model.Pods},
			Uses:    []model.Kind{model.Deployments, model.ReplicaSets},
			applies: applies, looks: func(s *subject) bool { return waits(s) && undone(s) }, check: checkRolloutStuck,
		},
	}
}

// checkRolloutStuck is WL-03: a Deployment behind the Service passed its progress deadline. Its old Pods may serve on. A
// leader election, whose followers are never Ready, passes the deadline too: so while the Service has endpoints nothing
// is offered that would touch them, and without old Pods, which a rollout in trouble would still have, it is only told.
func checkRolloutStuck(s *subject) []Finding {
	for _, w := range s.templates() {
		deployment, ok := w.object.(*appsv1.Deployment)
		if w.stuck == "" || !ok {
			continue
		}
		finding := Finding{
			ID: "WL-03", Severity: Minor, Confidence: Proven, Step: StepReadiness,
			Short: short("rollout stuck: %s", w.owner),
			Title: fmt.Sprintf("The rollout of %s is stuck.", w.owner),
			Why:   w.stuck,
			Evidence: []Evidence{{
				Kind: w.owner.Kind, Namespace: s.key.Namespace, Name: w.owner.Name,
				Field: "status.conditions[Progressing].reason", Value: "ProgressDeadlineExceeded",
			}},
			Since: w.stuckSince,
		}
		fix := Fix{Note: "the Service has endpoints: find out first why the other Pods are not Ready"}
		switch {
		case s.dead():
			fix = undoFix(s, deployment, w.owner)
		case deployment.Status.UpdatedReplicas >= deployment.Status.Replicas:
			finding.Severity = Info
			fix.Note = "nothing to do where only one Pod is meant to be Ready, as in a leader election"
		}
		finding.Fix = s.withOwner(fix, deployment, "")
		return []Finding{finding}
	}
	return nil
}

// undoFix goes back to a revision by its number, so that the command does the same when it is pasted twice.
func undoFix(s *subject, deployment *appsv1.Deployment, owner Owner) Fix {
	if !s.known([]model.Kind{model.ReplicaSets}) {
		return Fix{Note: "correct the template; whether there is an earlier revision to go back to is not known"}
	}
	earlier := earlierRevision(s.in.Snapshot.ReplicaSets(deployment.Namespace), deployment)
	if earlier == 0 {
		return Fix{Note: "there is no earlier revision: correct the template"}
	}
	return Fix{
		Command: s.kubectl("rollout", "undo", owner.String(), fmt.Sprintf("--to-revision=%d", earlier)),
		Note:    "goes back to the revision before this one; or correct the template",
	}
}

// revisionAnnotation numbers the revisions of a Deployment, on itself and on its ReplicaSets (RevisionAnnotation in
// k8s.io/kubernetes/pkg/controller/deployment/util).
const revisionAnnotation = "deployment.kubernetes.io/revision"

// earlierRevision is the newest revision of a Deployment below the current one; 0 for none.
func earlierRevision(sets []*appsv1.ReplicaSet, deployment *appsv1.Deployment) int64 {
	var owned []int64
	current := revisionOf(deployment)
	for _, set := range sets {
		owner := metav1.GetControllerOfNoCopy(set)
		if owner == nil || owner.Kind != "Deployment" || owner.Name != deployment.Name || owner.UID != deployment.UID {
			continue
		}
		revision := revisionOf(set)
		owned = append(owned, revision)
		if revisionOf(deployment) == 0 {
			current = max(current, revision)
		}
	}
	earlier := int64(0)
	for _, revision := range owned {
		if revision < current {
			earlier = max(earlier, revision)
		}
	}
	return earlier
}

// revisionOf is 0 where an object carries no revision; Kubernetes counts from 1.
func revisionOf(object metav1.Object) int64 {
	revision, err := strconv.ParseInt(object.GetAnnotations()[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return revision
}
