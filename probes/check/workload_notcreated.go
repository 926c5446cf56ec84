package check

import (
	"fmt"
	"regexp"
	"strings"
)

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
		finding.Short = short("%s: no Pods created", class.short)
		finding.Title = fmt.Sprintf("%s wants %s and cannot create any: %s.", w.owner, counted(int(w.wanted), "Pod"), class.cause)
		finding.Cause = &Cause{Text: class.cause, Confidence: Likely}
		fix := Fix{Note: class.note}
		if quota := quotaInTheWay.FindStringSubmatch(message); quota != nil {
			fix.Command, fix.Look = s.kubectl("describe", "quota", quota[1]), true
			fix.Note += "; the retries back off for minutes: kubectl rollout restart makes the Pods at once then"
		} else if class.restart && w.owner.Kind != "ReplicaSet" && w.owner.Kind != "Rollout" {
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

// quotaInTheWay finds the quota's name in the API server's words.
var quotaInTheWay = regexp.MustCompile(`exceeded quota: ([a-z0-9][a-z0-9.-]*)`)

type creationFailure struct {
	short, cause, note string
	restart            bool
}

// creationClass reads why Pods could not be created out of the API server's own words.
func creationClass(message string) creationFailure {
	switch lower := strings.ToLower(message); {
	case strings.Contains(lower, "exceeded quota"):
		return creationFailure{"quota exceeded", "a quota of the namespace leaves no room for them", "raise the quota or free some of it", true}
	case strings.Contains(lower, "violates podsecurity"):
		return creationFailure{"PodSecurity", "the Pod template breaks the namespace's Pod Security level", "change the template's securityContext, or the namespace's label", false}
	case strings.Contains(lower, "security context constraint"):
		return creationFailure{"OpenShift SCC", "OpenShift's security context constraints do not let the ServiceAccount run such Pods", "change the template's securityContext, or let its ServiceAccount use a constraint that allows it", true}
	case strings.Contains(lower, "admission webhook"), strings.Contains(lower, "failed calling webhook"):
		return creationFailure{"admission webhook", "an admission webhook denies the Pods or does not answer", "mend the webhook or what it objects to", true}
	case strings.Contains(lower, "not found") && (strings.Contains(lower, "serviceaccount") || strings.Contains(lower, "service account")):
		return creationFailure{"no ServiceAccount", "the template's ServiceAccount does not exist", "create the ServiceAccount or name another", true}
	case strings.Contains(lower, "limitrange"), strings.Contains(lower, "maximum cpu"), strings.Contains(lower, "maximum memory"), strings.Contains(lower, "minimum"):
		return creationFailure{"LimitRange", "the template's resources break a LimitRange", "change the resources in the template", false}
	case strings.Contains(lower, "invalid value"), strings.Contains(lower, "is invalid"):
		return creationFailure{"invalid template", "the API server finds the Pod template invalid", "correct the template", false}
	}
	return creationFailure{"FailedCreate", "the API server refuses the Pods", "see the message", true}
}
