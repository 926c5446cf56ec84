package check

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// podsCreatedWithin is how long a workload may take to make its first Pod before its silence is a sign.
const podsCreatedWithin = time.Minute

func workloadKinds() []model.Kind {
	return []model.Kind{model.Deployments, model.StatefulSets, model.DaemonSets, model.ReplicaSets}
}

func workloadRules() []Rule {
	noPods := func(s *subject) bool { return len(s.current()) == 0 }
	dead := func(s *subject) bool { return s.selects() && s.dead() }
	return []Rule{
		{
			IDs: []string{"WL-01"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: workloadKinds(),
			applies: dead, looks: noPods, explains: true, check: checkScaledToZero,
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

// workload is what the checks ask of a Deployment, StatefulSet, DaemonSet or free ReplicaSet.
type workload struct {
	owner    Owner
	object   metav1.Object
	template *corev1.PodTemplateSpec
	// wanted is how many Pods that the selector may match it is asked for.
	wanted int32
	// onePod is the only Pod that the selector may match, empty where there is no such limit; it comes with needed replicas.
	onePod string
	needed int32
	// failure is the ReplicaFailure condition's text.
	failure      string
	failureSince time.Time
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
	for _, set := range snapshot.ReplicaSets(namespace) {
		owner := metav1.GetControllerOfNoCopy(set)
		if owner != nil && owner.Kind == "Deployment" || !carries(set.Spec.Template.Labels, selector) {
			continue
		}
		s.matching = append(s.matching, ofReplicaSet(set, owner))
	}
	return s.matching
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

// checkScaledToZero is WL-01: every workload whose template carries the selector is asked for no Pod. It is a fault
// that is proven, and yet somebody's wish: where an autoscaler or a preview did it, it is only told.
func checkScaledToZero(s *subject) []Finding {
	templates := s.templates()
	if len(templates) == 0 {
		return nil
	}
	for i := range templates {
		if templates[i].wanted > 0 {
			return nil
		}
	}
	first := &templates[0]
	finding := Finding{
		ID: "WL-01", Severity: Major, Confidence: Proven, Step: StepReadiness,
		Short: short("scaled to 0: %s", first.owner),
		Title: fmt.Sprintf("%s is scaled to 0, so there is no Pod to send traffic to.", first.owner),
		Why:   "A workload without replicas reports that it is available; that is no sign of health.",
		Evidence: []Evidence{{
			Kind: first.owner.Kind, Namespace: s.key.Namespace, Name: first.owner.Name, Field: "spec.replicas", Value: "0",
		}},
	}
	finding = s.settled(finding)
	if first.owner.Kind == "DaemonSet" {
		finding.Short = short("no node for %s", first.owner)
		finding.Title = fmt.Sprintf("%s is wanted on no node, so there is no Pod to send traffic to.", first.owner)
		finding.Evidence[0].Field = "status.desiredNumberScheduled"
		finding.Fix = s.withOwner(Fix{Note: "look at its node selector, affinity and tolerations"}, first.object, "")
		return []Finding{finding}
	}
	scaleTo := int32(1)
	if first.onePod != "" {
		scaleTo = first.needed
		finding.Short = short("no Pod %s: too few replicas", first.onePod)
		finding.Title = fmt.Sprintf("%s has too few replicas for Pod %s, which the selector asks for.", first.owner, first.onePod)
		finding.Why = "A StatefulSet numbers its Pods; the selector picks one that is not among them."
		finding.Evidence[0].Value = fmt.Sprint(replicasOf(first.object))
		if s.neverHadEndpoint() {
			finding.Confidence = Likely
			finding.Why += " Its EndpointSlice never held an endpoint: it may be a Service that waits for more replicas."
		}
	}
	if why := scaledOnPurpose(s, first); why != "" {
		finding.Severity, finding.Settling, finding.Again = Info, false, time.Time{}
		finding.Why = why
		return []Finding{finding}
	}
	manager := ""
	if change, ok := model.ReplicasChanged(first.object); ok {
		manager = change.Manager
		finding.Evidence[0].Value += ", set by " + manager
		if change.At.After(finding.Since) {
			finding.Since = change.At
		}
	}
	fix := Fix{
		Command: s.kubectl("scale", first.owner.String(), fmt.Sprintf("--replicas=%d", scaleTo)),
		Note:    "no traffic by request: ask who scaled it",
	}
	if scaleTo < 1 {
		fix = Fix{Note: "its numbers begin above that: correct the selector, or spec.ordinals.start"}
	}
	finding.Fix = s.withOwner(fix, first.object, manager)
	return []Finding{finding}
}

func replicasOf(object metav1.Object) int32 {
	if set, ok := object.(*appsv1.StatefulSet); ok {
		return replicas(set.Spec.Replicas)
	}
	return 0
}

// scaledOnPurpose says who keeps a workload at zero and brings it back; empty where nobody is known to.
func scaledOnPurpose(s *subject, w *workload) string {
	for _, hash := range []string{"rollouts-pod-template-hash", "pod-template-hash"} {
		if _, ok := s.service.Spec.Selector[hash]; ok {
			return "This is a preview Service: progressive delivery brings its Pods when a new version comes."
		}
	}
	if s.service.Annotations["argo-rollouts.argoproj.io/managed-by-rollouts"] != "" {
		return "This Service is managed by an Argo Rollout, which brings its Pods when a new version comes."
	}
	for _, metadata := range []map[string]string{w.object.GetLabels(), w.object.GetAnnotations()} {
		for key := range metadata {
			switch domain, _, _ := strings.Cut(key, "/"); domain {
			case "scaledobject.keda.sh", "autoscaling.keda.sh", "http.keda.sh":
				return "KEDA scales it, and brings Pods when there is work."
			case "serving.knative.dev", "autoscaling.knative.dev":
				return "Knative scales it, and brings Pods when a request comes."
			case "downscaler":
				return "kube-downscaler keeps it at zero by schedule."
			}
		}
	}
	change, ok := model.ReplicasChanged(w.object)
	if !ok || change.Subresource != "scale" {
		return ""
	}
	switch manager := strings.ToLower(change.Manager); {
	case strings.HasPrefix(manager, "keda"):
		return "KEDA scaled it down, and brings Pods when there is work."
	case manager == "kube-controller-manager":
		return "A HorizontalPodAutoscaler scaled it down, and brings Pods when there is work."
	case strings.Contains(manager, "autoscaler"), strings.Contains(manager, "rollouts-controller"):
		return change.Manager + " scaled it down, and brings Pods when there is work."
	}
	return ""
}

// checkPodsNotCreated is WL-02: a workload whose template carries the selector is asked for Pods, and there is
// none. The condition ReplicaFailure proves it, or, for StatefulSets and DaemonSets, an event FailedCreate.
func checkPodsNotCreated(s *subject) []Finding {
	templates := s.templates()
	for i := range templates {
		w := &templates[i]
		if w.wanted == 0 {
			continue
		}
		finding := Finding{
			ID: "WL-02", Severity: Critical, Confidence: Proven, Step: StepReadiness,
			Title: fmt.Sprintf("%s wants %s and cannot create any.", w.owner, counted(int(w.wanted), "Pod")),
			Evidence: []Evidence{{
				Kind: w.owner.Kind, Namespace: s.key.Namespace, Name: w.owner.Name,
				Field: "status.conditions[ReplicaFailure].message", Value: w.failure,
			}},
			Since: w.failureSince,
		}
		message := w.failure
		if message == "" {
			if event := newestEvent(s, w.object.GetUID(), "FailedCreate"); event != nil {
				message = event.Message
				finding.Since = eventFirst(event)
				finding.Evidence[0] = eventEvidence(event)
			}
		}
		if message == "" && len(s.live()) > 0 {
			// Terminating Pods are in the way, as POD-09 says.
			continue
		}
		if message == "" {
			return []Finding{podsMissing(s, w, finding)}
		}
		class := creationClass(message)
		finding.Why = message
		finding.Short = short("Pods not created: %s", class.short)
		finding.Cause = &Cause{Text: class.cause, Confidence: Likely}
		fix := Fix{Note: class.note}
		if class.restart && w.owner.Kind != "ReplicaSet" && w.owner.Kind != "Rollout" {
			fix.Command = s.kubectl("rollout", "restart", w.owner.String())
			fix.Note += "; then this command, because the retries back off for minutes"
		}
		finding.Fix = s.withOwner(fix, w.object, "")
		return []Finding{finding}
	}
	return nil
}

func podsMissing(s *subject, w *workload, finding Finding) Finding {
	finding.Confidence = Likely
	finding.Since = s.changed()
	finding.Short = short("0 of %d Pods: %s", w.wanted, w.owner)
	finding.Title = fmt.Sprintf("%s wants %s and has none.", w.owner, counted(int(w.wanted), "Pod"))
	if w.onePod != "" {
		finding.Title = fmt.Sprintf("%s should have Pod %s, and has not.", w.owner, w.onePod)
	}
	finding.Why = "Nothing says why: no condition ReplicaFailure, and no event FailedCreate that is not yet forgotten."
	finding.Evidence = []Evidence{{
		Kind: w.owner.Kind, Namespace: s.key.Namespace, Name: w.owner.Name, Field: "spec.replicas", Value: fmt.Sprint(w.wanted),
	}}
	finding.Fix = s.withOwner(Fix{Command: s.kubectl("describe", w.owner.String()), Look: true, Note: "shows what its controller last did"}, w.object, "")
	return s.heldFor(finding, podsCreatedWithin)
}

type creationFailure struct {
	short, cause, note string
	restart            bool
}

// creationClass reads why Pods could not be created out of the API server's own words.
func creationClass(message string) creationFailure {
	switch lower := strings.ToLower(message); {
	case strings.Contains(lower, "exceeded quota"):
		return creationFailure{"quota exceeded", "a ResourceQuota of the namespace is used up", "raise the quota or free some of it", true}
	case strings.Contains(lower, "violates podsecurity"):
		return creationFailure{"PodSecurity", "the Pod template breaks the namespace's Pod Security level", "change the template's securityContext, or the namespace's label", false}
	case strings.Contains(lower, "admission webhook"), strings.Contains(lower, "failed calling webhook"):
		return creationFailure{"admission webhook", "an admission webhook denies the Pods or does not answer", "mend the webhook or what it objects to", true}
	case strings.Contains(lower, "serviceaccount"), strings.Contains(lower, "service account"):
		return creationFailure{"no ServiceAccount", "the template's ServiceAccount does not exist", "create the ServiceAccount or name another", true}
	case strings.Contains(lower, "limitrange"), strings.Contains(lower, "maximum cpu"), strings.Contains(lower, "maximum memory"), strings.Contains(lower, "minimum"):
		return creationFailure{"LimitRange", "the template's resources break a LimitRange", "change the resources in the template", false}
	case strings.Contains(lower, "invalid value"), strings.Contains(lower, "is invalid"):
		return creationFailure{"invalid template", "the API server finds the Pod template invalid", "correct the template", false}
	}
	return creationFailure{"FailedCreate", "the API server refuses the Pods", "see the message", true}
}

// checkOnlyEnded is POD-11: Pods match, and all of them have ended. That is no mismatch of labels. Behind the Pods of a
// Job it is how things end.
func checkOnlyEnded(s *subject) []Finding {
	if len(s.templates()) > 0 {
		return nil
	}
	ended := s.ended()
	finding := Finding{
		ID: "POD-11", Severity: Critical, Confidence: Proven, Step: StepReadiness,
		Short: short("no running Pod: %d ended", len(ended)),
		Title: fmt.Sprintf("%s %s the selector, and all have ended.", counted(len(ended), "Pod"), verbFor(len(ended), "matches", "match")),
		Why:   "A Pod that Succeeded or Failed still carries its labels, but gets no traffic.",
	}
	onPurpose := true
	for i, pod := range ended {
		if owner := OwnerOf(s.in.Snapshot, pod); owner.Kind != "Job" && pod.Status.Phase != corev1.PodSucceeded {
			onPurpose = false
		}
		if i < 3 {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "status.phase",
				Value: strings.TrimSpace(string(pod.Status.Phase) + " " + pod.Status.Reason),
			})
		}
	}
	if onPurpose {
		finding.Severity = Info
		finding.Why = "They did what they were made for; traffic comes back with the next run."
		return []Finding{finding}
	}
	finding.Fix = &Fix{Note: "nothing brings these Pods back: create them anew, best through a Deployment"}
	return []Finding{s.settled(finding)}
}
