package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// podIDs are what keeps a Pod from being Ready, in the order in which it meets them. It is never changed.
var podIDs = []string{"POD-08", "POD-01", "POD-12", "POD-02", "POD-03", "POD-04", "POD-05", "POD-06", "POD-07"}

func podRules() []Rule {
	selects := func(s *subject) bool { return s.selects() && s.slicesKnown() }
	return []Rule{
		{
			IDs: podIDs, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: []model.Kind{model.Deployments},
			Uses: []model.Kind{model.Events, model.Nodes}, applies: selects, explains: true,
			looks: func(s *subject) bool { return len(s.troubles()) > 0 },
			check: checkPods,
		},
		{
			IDs: []string{"POD-03"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.Events}, applies: selects,
			looks: func(s *subject) bool { return len(s.unstable()) > 0 },
			check: checkUnstable,
		},
		{
			IDs: []string{"POD-09"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: workloadKinds(),
			applies: selects, explains: true, check: checkTerminatingOnly,
			looks: func(s *subject) bool { return len(s.live()) > 0 && len(s.current()) == 0 },
		},
	}
}

// current returns the live Pods that are not terminating.
func (s *subject) current() []*corev1.Pod {
	live := s.live()
	isTerminating := func(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil }
	if !slices.ContainsFunc(live, isTerminating) {
		return live
	}
	return slices.DeleteFunc(slices.Clone(live), isTerminating)
}

// checkPods says of the selected Pods that are not Ready why they are not, one finding for each cause, that of most Pods
// first. While nothing is usable it is critical. While others serve it is minor, and for a failing readiness probe only
// told: of the Pods of a leader election one alone is ever Ready. But Pods that were Ready within the last ten
// minutes, and no others in their place, are a warning.
func checkPods(s *subject) []Finding {
	groups := groupTroubles(s.troubles())
	findings := make([]Finding, 0, len(groups))
	for _, group := range groups {
		findings = append(findings, troubleFinding(s, group))
	}
	return findings
}

func groupTroubles(troubles []podTrouble) [][]*podTrouble {
	var groups [][]*podTrouble
	for i := range troubles {
		trouble := &troubles[i]
		at := slices.IndexFunc(groups, func(group []*podTrouble) bool {
			return group[0].id == trouble.id && group[0].short == trouble.short
		})
		if at < 0 {
			groups = append(groups, []*podTrouble{trouble})
		} else {
			groups[at] = append(groups[at], trouble)
		}
	}
	slices.SortStableFunc(groups, func(a, b []*podTrouble) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(slices.Index(podIDs, a[0].id), slices.Index(podIDs, b[0].id)))
	})
	return groups
}

func troubleFinding(s *subject, group []*podTrouble) Finding {
	finding := groupFinding(s, group)
	if s.dead() {
		return s.heldFor(finding, max(graceOf(group), settleTime))
	}
	finding.Severity = Minor
	if finding.ID == "POD-06" || finding.ID == "POD-07" {
		finding.Severity = Info
	}
	if !comesAndGoes(finding.ID) {
		return finding
	}
	lost, until := s.lostReadiness()
	finding.Again = until
	if lost && !s.rolling() && slices.ContainsFunc(group, s.lately) {
		finding.Severity, finding.Confidence = Major, Likely
		finding.Why = strings.TrimSpace(sentence(finding.Why) + " More Pods were Ready within the last ten minutes.")
		return s.heldFor(finding, settleTime)
	}
	return finding
}

// graceOf is the grace of the Pod that has been in trouble longest.
func graceOf(group []*podTrouble) time.Duration {
	longest := group[0]
	for _, trouble := range group {
		if !trouble.since.IsZero() && (longest.since.IsZero() || trouble.since.Before(longest.since)) {
			longest = trouble
		}
	}
	return longest.grace
}

// groupFinding says of Pods with one trouble what they have in common, as if nothing else served.
func groupFinding(s *subject, group []*podTrouble) Finding {
	first := group[0]
	pods := make([]*corev1.Pod, 0, len(group))
	finding := Finding{
		ID: first.id, Severity: Critical, Confidence: first.confidence, Step: StepReadiness,
		Short: first.short, Cause: first.cause, Why: quoted(first.quote),
	}
	var quotes []string
	for i, trouble := range group {
		pods = append(pods, trouble.pod)
		finding.Confidence = min(finding.Confidence, trouble.confidence)
		// The group's age is that of the Pod that has been at it longest.
		if !trouble.since.IsZero() && (finding.Since.IsZero() || trouble.since.Before(finding.Since)) {
			finding.Since = trouble.since
		}
		if i < 3 {
			finding.Evidence = append(finding.Evidence, trouble.evidence)
		}
		if quote := withoutEphemeralPorts(trouble.quote); quote != "" && !slices.Contains(quotes, quote) && len(quotes) < 3 {
			quotes = append(quotes, quote)
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Pod", Namespace: trouble.pod.Namespace, Name: trouble.pod.Name, Field: "message", Value: trouble.quote,
			})
		}
	}
	owners := ownersOf(s.in.Snapshot, pods)
	finding.Title = fmt.Sprintf("Each of %s of %s %s.", counted(len(pods), "Pod"), ownersText(owners), first.text)
	if len(pods) == 1 {
		finding.Title = fmt.Sprintf("Pod %s %s.", pods[0].Name, first.text)
	}
	finding.Fix = troubleFix(s, first, owners)
	return finding
}

// comesAndGoes tells whether a Pod that served may fall into this trouble.
func comesAndGoes(id string) bool {
	return id == "POD-03" || id == "POD-06" || id == "POD-07" || id == "POD-08"
}

// lately tells whether a Pod was Ready within the last ten minutes.
func (s *subject) lately(trouble *podTrouble) bool {
	return trouble.wasReady() && s.in.Now.Sub(trouble.unreadySince()) < lostWindow
}

func quoted(message string) string {
	if message == "" {
		return "Only Ready Pods are endpoints."
	}
	return message
}

// sentence ends a quoted message, so that another sentence may follow it.
func sentence(message string) string {
	message = strings.TrimSpace(message)
	if message == "" || strings.ContainsAny(message[len(message)-1:], ".!?;") {
		return message
	}
	return message + "."
}

// lostWindow is how long a Pod that was Ready is missed.
const lostWindow = 10 * time.Minute

// lostReadiness tells whether fewer Pods are Ready than ten minutes ago, as far as the Pods that are still there tell: a
// leader that hands over loses one and gains one. until is when time alone may change that, zero for never.
func (s *subject) lostReadiness() (lost bool, until time.Time) {
	if s.service.Spec.PublishNotReadyAddresses {
		return false, time.Time{}
	}
	recent := func(since time.Time) bool {
		end := since.Add(lostWindow)
		if !end.After(s.in.Now) {
			return false
		}
		if until.IsZero() || end.Before(until) {
			until = end
		}
		return true
	}
	count := 0
	for i := range s.troubles() {
		trouble := &s.podTroubles[i]
		if comesAndGoes(trouble.id) && trouble.wasReady() && recent(trouble.unreadySince()) {
			count++
		}
	}
	if count == 0 {
		return false, time.Time{}
	}
	for _, pod := range s.live() {
		ready := podCondition(pod, corev1.PodReady)
		if ready != nil && ready.Status == corev1.ConditionTrue && recent(ready.LastTransitionTime.Time) {
			count--
		}
	}
	return count > 0, until
}

func troubleFix(s *subject, trouble *podTrouble, owners []Owner) *Fix {
	fix := Fix{Note: trouble.note}
	if len(owners) == 1 {
		if command, ok := probePortFix(s, trouble, owners[0]); ok {
			return s.ownedFix(Fix{Command: command, Note: "the probe asks a port that the container does not declare"}, owners[0])
		}
	}
	switch trouble.note {
	case "":
		return nil
	case noteNode:
		fix.Command, fix.Look = s.kubectl("describe", "node", trouble.pod.Spec.NodeName), true
		return &fix
	case noteLog:
		fix.Note = noteLog + "; then change " + whatToChange(owners)
		words := []string{"logs", trouble.pod.Name, "-c", trouble.container, "--tail=200"}
		if trouble.id == "POD-03" {
			fix.Note = "the last words before the crash say why; then change " + whatToChange(owners)
			// While the container that crashed is still the current one, its log is no previous one yet.
			if !endedNow(trouble.pod, trouble.container) {
				words = append(words, "--previous")
			}
		}
		if trouble.mend != "" {
			fix.Note = strings.ReplaceAll(trouble.mend, "%s", whatToChange(owners)) + "; the log says more"
		}
		fix.Command, fix.Look = s.kubectl(words...), true
	}
	if len(owners) != 1 {
		return &fix
	}
	return s.ownedFix(fix, owners[0])
}

// whatToChange names the workloads that Pods come from; a Pod of nobody is itself what to change.
func whatToChange(owners []Owner) string {
	if len(owners) == 1 && owners[0].Kind == "" {
		return "the Pod"
	}
	return ownersText(owners)
}

func endedNow(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.Name == container && status.State.Terminated != nil
	})
}

// ownedFix names the tool that owns the workload, where the workload is known.
func (s *subject) ownedFix(fix Fix, owner Owner) *Fix {
	key := model.Key{Namespace: s.key.Namespace, Name: owner.Name}
	if owner.Kind == "Deployment" {
		if deployment := s.in.Snapshot.Deployment(key); deployment != nil {
			return s.withOwner(fix, deployment, "")
		}
	}
	if owner.Kind == "StatefulSet" {
		if set := s.in.Snapshot.StatefulSet(key); set != nil {
			return s.withOwner(fix, set, "")
		}
	}
	return &fix
}
