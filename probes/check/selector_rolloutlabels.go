package check

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func rolloutLabelRules() []Rule {
	return []Rule{{
		// Deployments are asked for no healthy Service: what is known of them is enough to warn by.
		IDs: []string{"SEL-02"}, Step: StepSelector, Reads: []model.Kind{model.Pods},
		applies: func(s *subject) bool { return selectsKnown(s) && !s.dead() },
		looks:   func(s *subject) bool { return len(s.leaving()) > 0 },
		Uses:    []model.Kind{model.Deployments, model.ReplicaSets},
		check:   checkRolloutLabels,
	}}
}

// leaving returns the Deployments that roll out a template which the selector does not match, if every Pod behind the Service is of one
// of them; none where others would go on serving.
func (s *subject) leaving() []*appsv1.Deployment {
	var leaving []*appsv1.Deployment
	var last Owner
	for _, pod := range s.current() {
		if s.labelledLater(pod) {
			return nil
		}
		owner := OwnerOf(s.in.Snapshot, pod)
		if owner == last && owner.Kind != "" {
			continue
		}
		last = owner
		deployment := s.in.Snapshot.Deployment(model.Key{Namespace: s.key.Namespace, Name: owner.Name})
		if owner.Kind != "Deployment" || deployment == nil || carries(deployment.Spec.Template.Labels, s.service.Spec.Selector) {
			return nil
		}
		if w := ofDeployment(deployment); !w.rolling || w.wanted == 0 {
			return nil
		}
		leaving = append(leaving, deployment)
	}
	return leaving
}

// labelledLater tells whether a Pod has what the selector asks for from somebody else than its template, as a leader's label, or one that
// a webhook adds: then what the new template carries says nothing of the new Pods. Asked of a Pod of a Deployment.
func (s *subject) labelledLater(pod *corev1.Pod) bool {
	if !model.LabelsChanged(pod).IsZero() {
		return true
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return false
	}
	set := s.in.Snapshot.ReplicaSet(model.Key{Namespace: pod.Namespace, Name: owner.Name})
	return set != nil && !carries(set.Spec.Template.Labels, s.service.Spec.Selector)
}

// checkRolloutLabels says SEL-02 before it happens: the Deployment behind the Service rolls out a template that lacks a pair of the
// selector. When the rollout ends, no Pod matches.
func checkRolloutLabels(s *subject) []Finding {
	leaving := s.leaving()
	if len(leaving) == 0 {
		return nil
	}
	deployment := leaving[0]
	owner := Owner{"Deployment", deployment.Name}
	finding := Finding{
		ID: "SEL-02", Severity: Major, Confidence: Proven, Step: StepSelector,
		Why: "The old Pods match and serve still; the rollout replaces them by Pods that do not.",
	}
	for _, key := range sortedKeys(s.service.Spec.Selector) {
		wanted := s.service.Spec.Selector[key]
		got, has := deployment.Spec.Template.Labels[key]
		if got == wanted && has {
			continue
		}
		if !has {
			got = "absent"
		}
		finding.Short = short("rollout drops %s=%s: %s", key, wanted, owner)
		finding.Title = fmt.Sprintf("The new template of %s does not carry %s=%s: 0 of %s will match when this rollout ends.",
			owner, key, wanted, counted(int(replicas(deployment.Spec.Replicas)), "Pod"))
		finding.Evidence = []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.selector." + key, Value: wanted},
			{Kind: "Deployment", Namespace: s.key.Namespace, Name: deployment.Name, Field: "spec.template.metadata.labels." + key, Value: got},
		}
		break
	}
	fix := Fix{Note: "give the template the labels that the Service selects by, or the selector those of the template"}
	if undo := undoFix(s, deployment, owner); undo.Command != "" {
		fix = Fix{Command: undo.Command, Note: "goes back to the revision before this one; or " + fix.Note}
	}
	finding.Fix = s.withOwner(fix, deployment, "")
	return []Finding{finding}
}
