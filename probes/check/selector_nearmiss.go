package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// NearMiss is a group of Pods that a selector nearly matches.
type NearMiss struct {
	// Pods are the group's live Pods, sorted by name; Owners are their root workloads.
	Pods   []*corev1.Pod
	Owners []Owner
	// Pairs are the pairs of the selector that do not match, sorted by key.
	Pairs []PairMiss
	// Cost is how far off the selector is, 1 being nearest; Rank is the cost less what else speaks for the group.
	Cost, Rank int
	// SelectedBy are other Services of the namespace that select these Pods.
	SelectedBy []string
}

// PairMiss is one pair of a selector, and the label of the Pods that it may have been meant for.
type PairMiss struct {
	Key, Value string
	// GotKey differs from Key where the value lies under another key.
	GotKey, GotValue string
	Cost             int
}

// How says in few words how the pair and the label differ.
func (p PairMiss) How() string {
	switch {
	case p.GotKey != p.Key && p.Cost == costSwapped:
		return "the values are swapped"
	case p.GotKey != p.Key && strings.EqualFold(p.GotKey, p.Key):
		return "the key differs in upper and lower case"
	case p.GotKey != p.Key:
		return "the key is " + p.GotKey
	case strings.EqualFold(p.Value, p.GotValue):
		return "upper and lower case differ"
	case stripSeparators(p.Value) == stripSeparators(p.GotValue):
		return "a separator differs"
	case p.Cost == costOneTypo:
		return "one letter apart"
	case p.Cost == costTwoTypos:
		return "two letters apart"
	}
	return "one name is part of the other"
}

// NearMisses ranks the groups of live Pods in the Service's namespace that its selector nearly matches, nearest
// first; empty where a Pod matches, or Pods are not known. Groups that want the same change of the selector are one.
func NearMisses(snapshot *model.Snapshot, service *corev1.Service) []NearMiss {
	selector := service.Spec.Selector
	if len(selector) == 0 {
		return nil
	}
	search := missSearch{keys: slices.Sorted(maps.Keys(selector)), selector: selector}
	byChange := map[string]*NearMiss{}
	for _, pod := range snapshot.Pods(service.Namespace) {
		if PodEnded(pod) {
			continue
		}
		pairs, cost, near := search.compare(pod.Labels)
		if cost == 0 {
			return nil
		}
		if !near {
			continue
		}
		change := changeText(pairs)
		miss := byChange[change]
		if miss == nil {
			miss = &NearMiss{Pairs: slices.Clone(pairs), Cost: cost}
			byChange[change] = miss
		}
		miss.Pods = append(miss.Pods, pod)
		if owner := OwnerOf(snapshot, pod); !slices.Contains(miss.Owners, owner) {
			miss.Owners = append(miss.Owners, owner)
		}
	}
	misses := make([]NearMiss, 0, len(byChange))
	for _, change := range slices.Sorted(maps.Keys(byChange)) {
		miss := byChange[change]
		miss.SelectedBy = selectedBy(snapshot, service, miss.Pods[0])
		miss.Rank = miss.Cost - miss.bonus(service)
		misses = append(misses, *miss)
	}
	slices.SortStableFunc(misses, func(a, b NearMiss) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Cost, b.Cost), cmp.Compare(len(b.Pods), len(a.Pods)))
	})
	return misses
}

// Clear tells whether the nearest group stands out: no other is within one point of it.
func Clear(misses []NearMiss) bool { return len(asNear(misses)) == 1 }

// asNear returns the groups that are within one point of the nearest.
func asNear(misses []NearMiss) []NearMiss {
	near := 0
	for near < len(misses) && misses[near].Rank <= misses[0].Rank+1 {
		near++
	}
	return misses[:near]
}

func changeText(pairs []PairMiss) string {
	var text strings.Builder
	for _, pair := range pairs {
		fmt.Fprintf(&text, "%q>%q=%q ", pair.Key, pair.GotKey, pair.GotValue)
	}
	return text.String()
}

// bonus counts what else speaks for a group: most, that its containers declare what the Service asks for.
func (m *NearMiss) bonus(service *corev1.Service) int {
	bonus := 0
	pod := m.Pods[0]
	if namedLike(service.Name, m) {
		bonus++
	}
	if declaresTarget(service, &pod.Spec) {
		bonus += 2
	}
	if sameRelease(service, pod) {
		bonus++
	}
	if len(m.SelectedBy) == 0 {
		bonus++
	}
	return bonus
}

func namedLike(service string, miss *NearMiss) bool {
	names := make([]string, 0, len(miss.Owners)+1)
	for _, owner := range miss.Owners {
		names = append(names, owner.Name)
	}
	names = append(names, miss.Pods[0].Name)
	for _, name := range names {
		if name == "" {
			continue
		}
		if valueCost(service, name) <= costTwoTypos || strings.HasPrefix(name, service+"-") {
			return true
		}
	}
	return false
}

func declaresTarget(service *corev1.Service, pod *corev1.PodSpec) bool {
	for i := range service.Spec.Ports {
		if target, ok := model.ResolveTargetPort(pod, &service.Spec.Ports[i]); !ok || target.Container == "" {
			return false
		}
	}
	return len(service.Spec.Ports) > 0
}

const instanceLabel = "app.kubernetes.io/instance"

func sameRelease(service *corev1.Service, pod *corev1.Pod) bool {
	own := service.Labels[instanceLabel]
	if own == "" {
		own = service.Annotations["meta.helm.sh/release-name"]
	}
	return own != "" && (own == pod.Labels[instanceLabel] || own == pod.Labels["release"])
}

func selectedBy(snapshot *model.Snapshot, except *corev1.Service, pod *corev1.Pod) []string {
	var names []string
	for _, other := range snapshot.Services(except.Namespace) {
		if other.Name != except.Name && other.Spec.Type != corev1.ServiceTypeExternalName &&
			len(other.Spec.Selector) > 0 && carries(pod.Labels, other.Spec.Selector) {
			names = append(names, other.Name)
		}
	}
	return names
}

func carries(labels, selector map[string]string) bool {
	for key, value := range selector {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// missSearch compares one selector with the labels of many Pods.
type missSearch struct {
	keys     []string
	selector map[string]string
	pairs    []PairMiss
	// seen remembers what a value costs under a key: most Pods of a namespace repeat few values.
	seen map[[2]string]int
}

// compare returns the pairs that do not match, in a buffer that the next call overwrites, and what they cost; near is
// false where it is too much to be a mistake.
func (m *missSearch) compare(labels map[string]string) (pairs []PairMiss, cost int, near bool) {
	m.pairs = m.pairs[:0]
	for _, key := range m.keys {
		value := m.selector[key]
		got, present := labels[key]
		if present && got == value {
			continue
		}
		pair := PairMiss{Key: key, Value: value, GotKey: key, GotValue: got, Cost: costAbsent}
		if !present {
			m.elsewhere(&pair, labels)
		} else if with, swapped := m.swapped(value, got, labels); swapped {
			pair.GotKey, pair.GotValue, pair.Cost = with, value, costSwapped
		} else {
			pair.Cost = m.cost(key, value, got)
		}
		if pair.Cost > costMost {
			return nil, costAbsent, false
		}
		cost += pair.Cost
		m.pairs = append(m.pairs, pair)
	}
	return m.pairs, cost, cost > 0 && cost <= costMost
}

func (m *missSearch) cost(key, value, got string) int {
	if cost, ok := m.seen[[2]string{key, got}]; ok {
		return cost
	}
	cost := valueCost(value, got)
	if m.seen == nil {
		m.seen = map[[2]string]int{}
	}
	m.seen[[2]string{key, got}] = cost
	return cost
}

// swapped finds the pair that got is the value of, and whose key has the value that is wanted: the Pods carry the two the other way
// round.
func (m *missSearch) swapped(value, got string, labels map[string]string) (with string, swapped bool) {
	for _, other := range m.keys {
		if there, present := labels[other]; present && there == value && m.selector[other] == got {
			return other, true
		}
	}
	return "", false
}

// elsewhere looks for the value under a key that may have been meant.
func (m *missSearch) elsewhere(pair *PairMiss, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if _, taken := m.selector[key]; taken {
			continue
		}
		got := labels[key]
		cost := costAbsent
		if keyCost := keyCost(pair.Key, key); keyCost < costAbsent {
			cost = keyCost + m.cost(pair.Key, pair.Value, got)
		} else if got == pair.Value && len(got) >= 3 {
			cost = costUnrelated
		}
		// Of two keys that are as near, an application's name says more than its instance.
		if cost < pair.Cost || cost == pair.Cost && pair.GotKey == instanceLabel {
			pair.GotKey, pair.GotValue, pair.Cost = key, got, cost
		}
	}
}

func keyCost(wanted, got string) int {
	switch {
	case strings.EqualFold(wanted, got):
		return costKeyCase
	case lastSegment(wanted) == lastSegment(got), isNameKey(wanted) && isNameKey(got):
		return costKeyAlias
	case min(len(wanted), len(got)) >= 5 && editDistance(wanted, got) <= editLimit && !siblingKeys(wanted, got):
		return costKeyTypo
	}
	return costAbsent
}

// siblingKeys keeps keys apart that differ in a number, which no finger slips on.
func siblingKeys(a, b string) bool {
	aDigits, _ := splitDigits(a)
	bDigits, _ := splitDigits(b)
	return aDigits != bDigits
}

func lastSegment(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// isNameKey tells whether a label key is one of those under which people keep an application's name.
func isNameKey(key string) bool {
	switch key {
	case "app", "app.kubernetes.io/name", "k8s-app", "name", "run", instanceLabel:
		return true
	}
	return false
}
