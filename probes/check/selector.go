package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func selectorRules() []Rule {
	return []Rule{
		{
			IDs: []string{"SEL-08", "SEL-01", "SEL-02", "SEL-03", "SEL-04"}, Step: StepSelector,
			Reads:  []model.Kind{model.Pods},
			Awaits: workloadKinds(),
			applies: func(s *subject) bool {
				return s.selects() && s.dead()
			},
			looks:    func(s *subject) bool { return len(s.live()) == 0 && len(s.ended()) == 0 },
			explains: true,
			check:    checkSelector,
		},
		{
			IDs: []string{"SEL-09"}, Step: StepSelector, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.Deployments},
			applies: func(s *subject) bool { return s.selects() && s.dead() },
			looks:   func(s *subject) bool { return len(s.live()) == 0 },
			check:   checkEditedLabel,
		},
	}
}

// checkSelector says why a selector matches no Pod. It asks in turn, and the first that holds is said:
// a workload's template carries the selector (then WL-01 and WL-02 speak, not this); SEL-08, a hash that no ReplicaSet
// carries; SEL-01, Pods that it nearly matches; SEL-02, Pods that match all but one pair; SEL-04, nothing.
// Nothing matching and nothing usable is proven; why, is likely at best.
func checkSelector(s *subject) []Finding {
	if len(s.templates()) > 0 {
		return nil
	}
	if finding, ok := checkStaleHash(s); ok {
		return []Finding{finding}
	}
	misses := NearMisses(s.in.Snapshot, s.service)
	if len(misses) > 0 {
		return []Finding{nearMissFinding(s, misses)}
	}
	if finding, ok := checkOneKey(s); ok {
		return []Finding{finding}
	}
	if finding, ok := checkElsewhere(s); ok {
		return []Finding{finding}
	}
	return []Finding{noPodsFinding(s)}
}

func selectorFinding(s *subject, id string) Finding {
	finding := Finding{
		ID: id, Severity: Critical, Confidence: Proven, Step: StepSelector,
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name,
			Field: "spec.selector", Value: selectorText(s.service.Spec.Selector),
		}},
	}
	finding = s.settled(finding)
	if change, ok := model.SelectorChanged(s.service); ok && change.At.After(finding.Since) {
		finding.Since = change.At
	}
	return finding
}

// nearMissFinding is SEL-01: nothing matches, nothing is usable, and some Pods are near.
func nearMissFinding(s *subject, misses []NearMiss) Finding {
	finding := selectorFinding(s, "SEL-01")
	best := misses[0]
	finding.Short = short("no Pod has %s", wantedPairs(best.Pairs))
	finding.Why = "Labels must match exactly, letter by letter; Kubernetes does not say when none does."
	if !Clear(misses) {
		var told []string
		near := asNear(misses)
		for _, miss := range near[:min(len(near), 3)] {
			told = append(told, fmt.Sprintf("%s of %s with %s", counted(len(miss.Pods), "Pod"), ownersText(miss.Owners), gotPairs(miss.Pairs)))
			finding.Evidence = append(finding.Evidence, missEvidence(miss, 1)...)
		}
		finding.Title = fmt.Sprintf("No Pod carries %s.", wantedPairs(best.Pairs))
		if more := len(near) - len(told); more > 0 {
			told = append(told, "those of "+counted(more, "more group"))
		}
		last := len(told) - 1
		finding.Cause = &Cause{Text: "equally near are " + strings.Join(told[:last], ", ") + ", and " + told[last], Confidence: Possible}
		finding.Fix = &Fix{Note: "more than one group is as near: set the selector to the labels of the one that is meant"}
		return finding
	}
	finding.Title = fmt.Sprintf("No Pod carries %s. %s of %s %s %s.", wantedPairs(best.Pairs),
		counted(len(best.Pods), "Pod"), ownersText(best.Owners), verbFor(len(best.Pods), "carries", "carry"), gotPairs(best.Pairs))
	cause := Cause{Text: howPairs(best.Pairs), Confidence: Likely}
	if best.Cost > likelyCostMost {
		cause.Confidence = Possible
	}
	if len(best.SelectedBy) > 0 {
		cause.Confidence = Possible
		cause.Text += "; but Service " + firstOf(best.SelectedBy, 2) + " selects these Pods already"
	}
	finding.Cause = &cause
	finding.Evidence = append(finding.Evidence, missEvidence(best, 3)...)
	finding.Fix = s.serviceFix(Fix{Command: s.mergeService(map[string]any{"selector": selectorChange(best.Pairs)})})
	return finding
}

func missEvidence(miss NearMiss, most int) []Evidence {
	var evidence []Evidence
	for _, pod := range miss.Pods[:min(len(miss.Pods), most)] {
		for _, pair := range miss.Pairs {
			if label := labelEvidence(pod, pair.GotKey); !slices.Contains(evidence, label) {
				evidence = append(evidence, label)
			}
		}
	}
	return evidence
}

func labelEvidence(pod *corev1.Pod, key string) Evidence {
	return Evidence{
		Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name,
		Field: "metadata.labels." + key, Value: pod.Labels[key],
	}
}

// selectorChange is a merge patch of the selector: a null takes a key away, the keys that are right stay.
func selectorChange(pairs []PairMiss) map[string]any {
	change := map[string]any{}
	for _, pair := range pairs {
		if pair.GotKey == pair.Key {
			continue
		}
		if _, set := change[pair.Key]; !set {
			change[pair.Key] = nil
		}
	}
	for _, pair := range pairs {
		change[pair.GotKey] = pair.GotValue
	}
	return change
}

func wantedPairs(pairs []PairMiss) string {
	texts := make([]string, 0, len(pairs))
	for _, pair := range pairs {
		texts = append(texts, pair.Key+"="+pair.Value)
	}
	return strings.Join(texts, " ")
}

// gotPairs names each label once: two pairs may have been meant for one.
func gotPairs(pairs []PairMiss) string {
	texts := make([]string, 0, len(pairs))
	for _, pair := range pairs {
		if text := pair.GotKey + "=" + pair.GotValue; !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, " ")
}

func howPairs(pairs []PairMiss) string {
	texts := make([]string, 0, len(pairs))
	for _, pair := range pairs {
		if how := pair.How(); !slices.Contains(texts, how) {
			texts = append(texts, how)
		}
	}
	return strings.Join(texts, "; ")
}

func ownersText(owners []Owner) string {
	texts := make([]string, 0, len(owners))
	for _, owner := range owners {
		texts = append(texts, owner.String())
	}
	return firstOf(texts, 2)
}

// checkOneKey is SEL-02: without exactly one of its pairs the selector matches.
func checkOneKey(s *subject) (Finding, bool) {
	key, rest, pods := oneKeyMiss(s.in.Snapshot, s.service)
	if len(pods) == 0 {
		return Finding{}, false
	}
	return oneKeyFinding(s, key, rest, pods), true
}

// oneKeyMiss returns the Pods that match all but one pair of a selector, the key of that pair, and the rest. The pairs that
// are left must still say which application is meant, or every Pod of a team would be near.
func oneKeyMiss(snapshot *model.Snapshot, service *corev1.Service) (key string, rest map[string]string, pods []*corev1.Pod) {
	selector := service.Spec.Selector
	if len(selector) < 2 {
		return "", nil, nil
	}
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		rest := maps.Clone(selector)
		delete(rest, key)
		if pods := selectedAndLive(snapshot, service.Namespace, rest); len(pods) > 0 && names(rest) {
			return key, rest, pods
		}
	}
	return "", nil, nil
}

// selectedAndLive returns the Pods that have not ended and that another selector than the Service's would match; none for an
// empty one.
func selectedAndLive(snapshot *model.Snapshot, namespace string, selector map[string]string) []*corev1.Pod {
	if len(selector) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(snapshot.Selected(namespace, selector)), PodEnded)
}

func names(selector map[string]string) bool {
	for key := range selector {
		if isNameKey(key) {
			return true
		}
	}
	return false
}

// isStandby tells whether a label's value is the part of those that follow another Pod: of a single one there are none.
func isStandby(value string) bool {
	switch strings.ToLower(value) {
	case "replica", "replicas", "standby", "secondary", "slave", "follower", "read", "ro", "readonly", "read-only":
		return true
	}
	return false
}

// takenBySibling returns the Service that has this one's selector with another value of one key, and by that selects all of these Pods:
// the two share Pods out by the part that they play, as active and standby. Nil for none.
func (s *subject) takenBySibling(key string, rest map[string]string, pods []*corev1.Pod) *corev1.Service {
	for _, other := range s.in.Snapshot.Services(s.key.Namespace) {
		selector := other.Spec.Selector
		if _, has := selector[key]; !has || len(selector) != len(rest)+1 || !carries(selector, rest) {
			continue
		}
		if !slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return !carries(pod.Labels, selector) }) {
			return other
		}
	}
	return nil
}

func oneKeyFinding(s *subject, key string, rest map[string]string, pods []*corev1.Pod) Finding {
	finding := selectorFinding(s, "SEL-02")
	wanted := key + "=" + s.service.Spec.Selector[key]
	seen := map[string]int{}
	for _, pod := range pods {
		if value, ok := pod.Labels[key]; ok {
			seen[value]++
		}
	}
	values := slices.Sorted(maps.Keys(seen))
	finding.Short = short("no Pod has %s", wanted)
	finding.Title = fmt.Sprintf("%s %s %s; none has %s.", counted(len(pods), "Pod"),
		verbFor(len(pods), "matches", "match"), selectorText(rest), wanted)
	finding.Why = "A Pod must carry every pair of the selector."
	sibling := s.takenBySibling(key, rest, pods)
	switch {
	case sibling != nil:
		finding.Severity, finding.Confidence = min(finding.Severity, Major), Likely
		finding.Why = fmt.Sprintf("Service %s takes these Pods by %s=%s: this one may wait for others to take the part that it asks for.",
			sibling.Name, key, sibling.Spec.Selector[key])
	case isStandby(s.service.Spec.Selector[key]) && len(values) > 0 && s.neverHadEndpoint():
		finding.Severity, finding.Confidence = min(finding.Severity, Major), Likely
		finding.Why = "Its EndpointSlice never held an endpoint: an operator makes such a Service whether or not there is a second Pod to take the part."
	}
	for _, pod := range pods[:min(len(pods), 3)] {
		finding.Evidence = append(finding.Evidence, labelEvidence(pod, key))
	}
	switch len(values) {
	case 0:
		finding.Cause = &Cause{Text: theyOrIt(pods, "have", "has") + " no label " + key, Confidence: Likely}
		finding.Fix = s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"selector": map[string]any{key: nil}}),
			Note:    "takes " + key + " out of the selector; or add the label to the Pod template",
		})
	case 1:
		finding.Cause = &Cause{Text: theyOrIt(pods, "carry", "carries") + " " + key + "=" + values[0], Confidence: Likely}
		if sibling != nil || isStandby(s.service.Spec.Selector[key]) {
			// To point it at the Pods of the other part would send them what is not for them.
			finding.Fix = s.serviceFix(Fix{Note: "roll out Pods with " + wanted + "; their number may be one too small for this part"})
			break
		}
		if count := seen[values[0]]; count < len(pods) {
			finding.Cause.Text = fmt.Sprintf("%d of them %s %s=%s, the others have no such label", count, verbFor(count, "carries", "carry"), key, values[0])
		}
		finding.Fix = s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"selector": map[string]any{key: values[0]}}),
			Note:    "or roll out Pods with " + wanted,
		})
	default:
		finding.Cause = &Cause{Text: "seen are " + key + "=" + firstOf(values, 4), Confidence: Likely}
		finding.Fix = s.serviceFix(Fix{Note: "set " + key + " in the selector to the one that is meant, or roll out Pods with " + wanted})
	}
	return finding
}

func theyOrIt(pods []*corev1.Pod, they, it string) string {
	if len(pods) == 1 {
		return "this Pod " + it
	}
	return "these Pods " + they
}

// noPodsFinding is SEL-04: nothing matches, nothing is near, and no workload's template carries the labels. A Service that
// never had an endpoint is only likely to be at fault: some wait for Pods that a managed control plane never
// shows, or that an operator makes when it needs them.
func noPodsFinding(s *subject) Finding {
	finding := selectorFinding(s, "SEL-04")
	selector := selectorText(s.service.Spec.Selector)
	finding.Short = short("no Pod has %s", selector)
	none, everywhere := "No Pod", s.in.Snapshot.Coverage(model.Pods, model.AllNamespaces).Known()
	if !everywhere {
		none = "No Pod of this namespace"
	}
	finding.Title = fmt.Sprintf("%s carries %s, and none is near.", none, selector)
	consequence := "a Service without Pods refuses every connection"
	if s.headless() {
		consequence = "the name of a headless Service without Pods has no address"
	}
	finding.Why = fmt.Sprintf("%s in namespace %s; %s.", counted(s.podsInNamespace(), "Pod"), s.key.Namespace, consequence)
	if s.known(workloadKinds()) {
		finding.Cause = &Cause{Text: "no workload's Pod template carries these labels", Confidence: Likely}
	}
	fix := Fix{Note: "deploy the Pods, or set the selector to the labels of those that are meant"}
	switch {
	case everywhere:
	case s.in.Snapshot.Coverage(model.Pods, model.AllNamespaces).State == model.Forbidden:
		fix.Note += "; whether other namespaces have them, somebody can tell who may list Pods there"
	default:
		fix.Command, fix.Look = kubectlEverywhere(s.in, "get", "pods", "-A", "-l", selectorQuery(s.service.Spec.Selector)), true
		fix.Note = "the command looks for them in the other namespaces, for who may list Pods there; " + fix.Note
	}
	finding.Fix = s.serviceFix(fix)
	if s.neverHadEndpoint() {
		finding.Severity, finding.Confidence = min(finding.Severity, Major), Likely
		finding.Short = short("never had a Pod: %s", selector)
		finding.Title = fmt.Sprintf("%s carries %s, and none ever did.", none, selector)
		finding.Why = "Its EndpointSlice never held an endpoint: this may be a Service that waits for something."
	}
	return finding
}

// neverHadEndpoint tells whether managedFields show that no slice of the Service ever listed an endpoint.
func (s *subject) neverHadEndpoint() bool {
	for _, slice := range s.slices {
		if had, known := model.EverHadEndpoints(slice); had || !known {
			return false
		}
	}
	return len(s.slices) > 0
}
