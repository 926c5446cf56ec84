package check

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// panelPods is how many Pods a panel lists at most; the rest is counted.
const panelPods = 200

// Span is a range of a text, in runes, from Start up to but without End.
type Span struct{ Start, End int }

// SelectorEvidence sets a Service's selector against the labels of the Pods that it matches or nearly matches.
type SelectorEvidence struct {
	// Known is false where Pods may not or not yet be read; Coverage says why.
	Known    bool
	Coverage model.Coverage
	// Selector is empty for a Service without one, and for an ExternalName, whose selector means nothing.
	Selector []SelectorPair
	// Matching is true when Rows match the selector; else they are those that are nearest, if any is near.
	Matching bool
	// Nearest names whose Pods Rows are, e.g. "deploy/checkout"; Ambiguous is true where other Pods are as near.
	Nearest   string
	Ambiguous bool
	Rows      []SelectorRow
	// Total counts the Pods of the namespace that have not ended, Others those that are not in Rows.
	Total, Others int
	// SelectedBy are other Services that select the Pods in Rows.
	SelectedBy []string
	// Changed says who changed the selector last, and when; the zero value where that is not known.
	Changed model.FieldChange
}

// SelectorPair is one pair of a selector beside what the rows carry.
type SelectorPair struct {
	Key, Value string
	// GotKey and GotValue are what the rows carry for it; GotKey is empty where they carry nothing for it.
	GotKey, GotValue string
	Equal            bool
	// How says how they differ, e.g. "a separator differs".
	How string
	// Differs marks the characters of GotValue that Value does not have, Missing those of Value that GotValue lacks.
	Differs, Missing []Span
}

// SelectorRow is one Pod beside the selector.
type SelectorRow struct {
	Pod string
	// Ready and Containers are the READY figures as kubectl counts them.
	Ready, Containers int
	// Labels are the Pod's values for the pairs of the selector, in their order; empty for none.
	Labels []string
	Owner  string
	Status string
}

// SelectorTable makes the evidence of the guide's step 3. It is pure; a Service that is not there gives the zero value.
func SelectorTable(snapshot *model.Snapshot, key model.Key) SelectorEvidence {
	service := snapshot.Service(key)
	if service == nil {
		return SelectorEvidence{}
	}
	coverage := snapshot.Coverage(model.Pods, key.Namespace)
	evidence := SelectorEvidence{Known: coverage.Known(), Coverage: coverage}
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return evidence
	}
	evidence.Changed, _ = model.SelectorChanged(service)
	keys := slices.Sorted(maps.Keys(service.Spec.Selector))
	for _, key := range keys {
		evidence.Selector = append(evidence.Selector, SelectorPair{Key: key, Value: service.Spec.Selector[key]})
	}
	for _, pod := range snapshot.Pods(key.Namespace) {
		if !PodEnded(pod) {
			evidence.Total++
		}
	}
	evidence.Others = evidence.Total
	if !evidence.Known {
		return evidence
	}
	pods := evidence.choosePods(snapshot, service)
	for _, pod := range pods[:min(len(pods), panelPods)] {
		evidence.Rows = append(evidence.Rows, selectorRow(snapshot, pod, evidence.Selector))
	}
	evidence.Others = evidence.Total - len(pods)
	if len(pods) > 0 {
		evidence.SelectedBy = selectedBy(snapshot, service, pods[0])
	}
	return evidence
}

func (e *SelectorEvidence) choosePods(snapshot *model.Snapshot, service *corev1.Service) []*corev1.Pod {
	s := newSubject(Input{Snapshot: snapshot}, service)
	if pods := s.live(); len(pods) > 0 {
		e.Matching = true
		e.Nearest = ownersText(ownersOf(snapshot, pods))
		for i := range e.Selector {
			pair := &e.Selector[i]
			pair.GotKey, pair.GotValue, pair.Equal = pair.Key, pair.Value, true
		}
		return pods
	}
	misses := NearMisses(snapshot, service)
	if len(misses) == 0 {
		return e.chooseOneKey(snapshot, service)
	}
	nearest := misses[0]
	e.Nearest, e.Ambiguous = ownersText(nearest.Owners), !Clear(misses)
	for i := range e.Selector {
		e.Selector[i].set(nearest)
	}
	return nearest.Pods
}

// chooseOneKey takes the Pods that match all but one pair, as SEL-02 does. Where they carry more than one value for it, that
// of most Pods stands beside the selector.
func (e *SelectorEvidence) chooseOneKey(snapshot *model.Snapshot, service *corev1.Service) []*corev1.Pod {
	key, _, pods := oneKeyMiss(snapshot, service)
	if len(pods) == 0 {
		return nil
	}
	e.Nearest = ownersText(ownersOf(snapshot, pods))
	seen := map[string]int{}
	for _, pod := range pods {
		if value, ok := pod.Labels[key]; ok {
			seen[value]++
		}
	}
	e.Ambiguous = len(seen) > 1
	for i := range e.Selector {
		pair := &e.Selector[i]
		if pair.Key != key {
			pair.GotKey, pair.GotValue, pair.Equal = pair.Key, pair.Value, true
			continue
		}
		for _, value := range slices.Sorted(maps.Keys(seen)) {
			if pair.GotKey == "" || seen[value] > seen[pair.GotValue] {
				pair.GotKey, pair.GotValue = key, value
			}
		}
		switch len(seen) {
		case 0:
			pair.How = "these Pods have no such label"
		case 1:
			pair.How = "values differ"
		default:
			pair.How = "these Pods carry more than one value"
		}
		pair.Missing, pair.Differs = differingSpans(pair.Value, pair.GotValue)
	}
	return pods
}

func (p *SelectorPair) set(nearest NearMiss) {
	p.GotKey, p.GotValue, p.Equal = p.Key, p.Value, true
	for _, miss := range nearest.Pairs {
		if miss.Key == p.Key {
			p.GotKey, p.GotValue, p.Equal, p.How = miss.GotKey, miss.GotValue, false, miss.How()
			p.Missing, p.Differs = differingSpans(p.Value, p.GotValue)
		}
	}
}

func ownersOf(snapshot *model.Snapshot, pods []*corev1.Pod) []Owner {
	var owners []Owner
	for _, pod := range pods {
		if owner := OwnerOf(snapshot, pod); !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	return owners
}

func selectorRow(snapshot *model.Snapshot, pod *corev1.Pod, selector []SelectorPair) SelectorRow {
	status := podStatus(pod)
	row := SelectorRow{
		Pod: pod.Name, Ready: status.ready, Containers: status.containers, Status: status.reason,
		Owner: OwnerOf(snapshot, pod).String(),
	}
	for _, pair := range selector {
		row.Labels = append(row.Labels, pod.Labels[pair.GotKey])
	}
	return row
}

// differingSpans aligns two texts and returns the runes of a that b lacks, and those of b that a lacks. What is equal is
// the longest common subsequence.
func differingSpans(a, b string) (onlyInA, onlyInB []Span) {
	x, y := []rune(a), []rune(b)
	if len(x) > 256 || len(y) > 256 {
		return []Span{{0, len(x)}}, []Span{{0, len(y)}}
	}
	common := make([][]int, len(x)+1)
	for i := range common {
		common[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			i++
			j++
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			onlyInA = extend(onlyInA, i)
			i++
		default:
			onlyInB = extend(onlyInB, j)
			j++
		}
	}
	return onlyInA, onlyInB
}

func extend(spans []Span, at int) []Span {
	if last := len(spans) - 1; last >= 0 && spans[last].End == at {
		spans[last].End++
		return spans
	}
	return append(spans, Span{at, at + 1})
}
