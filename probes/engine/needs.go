package engine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	discoveryv1 "k8s.io/api/discovery/v1"
)

const (
	// maxWatches is how many watches may be open at once, those of Services and EndpointSlices included. The
	// Service that is open on the screen may exceed it, and so may a single namespace, whose watches are small.
	maxWatches = 10
	// alwaysWatched are Services and EndpointSlices.
	alwaysWatched = 2
	// referringWatches is how many of the kinds that name Services are read of a large cluster.
	referringWatches = 3
	// podWatches is how many namespaces in trouble have their Pods read before the worst of them gets everything.
	podWatches = 4
	// smallCluster is the number of endpoints up to which everything is read cluster-wide; above largeCluster it
	// is not. Between the two it stays as it is, so that a cluster on the border does not flap.
	smallCluster = 4000
	largeCluster = 5000
	// fewNodes is up to how many Nodes the Pods of all namespaces are about those of a small cluster: a Node runs 110 at most, unless it is told
	// otherwise (kubernetes.io, Considerations for large clusters).
	fewNodes = 40
	// linger is how long the data of a namespace is kept after its trouble is over.
	linger = 30 * time.Second
)

// planner decides what is asked of the Source besides Services and EndpointSlices.
type planner struct {
	checks checks
	scope  string
	large  bool
	// denied are kinds that may not be listed cluster-wide; they are asked for by namespace.
	denied map[model.Kind]bool
	// held are the namespaces that are read, most deserving first; none while everything is read.
	held []heldNamespace
	// lookedUp are the Services for which the Pods of all namespaces are read: a slice that somebody keeps lists what may be a Pod's address. That
	// one is found to have it is no reason to read them no longer.
	lookedUp map[model.Key]bool
}

type heldNamespace struct {
	name string
	// troubled is when trouble was last seen there; over means that there is none now.
	troubled time.Time
	over     bool
}

// plan returns what is needed now, sorted, without duplicates.
func (p *planner) plan(now time.Time, j *judgement, focus *model.Key, client check.Client) []model.Need {
	if p.denied == nil || p.scope != j.scope {
		*p = planner{checks: p.checks, scope: j.scope, denied: map[model.Kind]bool{}, lookedUp: map[model.Key]bool{}}
	}
	needs := needSet{}
	switch {
	case j.scope != model.AllNamespaces:
		p.noteDenied(j)
		p.everything(needs, j.scope)
		p.beyond(needs, j)
	case !j.settled():
		// How large the cluster is will be known in a moment.
		p.clusterScoped(needs)
		p.held = nil
	default:
		p.measure(j)
		if !p.large {
			p.noteDenied(j)
			p.everything(needs, model.AllNamespaces)
		}
		switch {
		case p.large:
			p.clusterScoped(needs)
			p.referring(j, needs)
			p.troubled(now, j, needs, maxWatches-alwaysWatched-watches(j, needs))
		case len(p.denied) > 0:
			p.troubled(now, j, needs, maxWatches-alwaysWatched)
		default:
			p.held = nil
		}
	}
	if focus != nil && j.snapshot.Service(*focus) != nil {
		for _, need := range p.checks.openNeeds(*focus, j.snapshot) {
			needs.add(need)
		}
		if slices.ContainsFunc(j.snapshot.SlicesOf(*focus), check.IsKept) {
			p.lookUp(needs, j, *focus)
		}
		for _, need := range check.ClientNeeds(j.snapshot, *focus, client) {
			needs.add(need)
		}
	}
	return needs.sorted()
}

func (p *planner) everything(needs needSet, namespace string) {
	for _, kind := range p.checks.kinds {
		switch {
		case !kind.Namespaced(), reachesAcross(kind) && !p.denied[kind]:
			needs.add(model.Need{Kind: kind})
		case namespace != model.AllNamespaces || !p.denied[kind]:
			needs.add(model.Need{Kind: kind, Namespace: namespace})
		}
	}
}

// reachesAcross tells whether objects of the kind in other namespaces stand in front of a Service: a Gateway mostly has a
// namespace of its own, and a route may lead into another one.
func reachesAcross(kind model.Kind) bool {
	switch kind {
	case model.Gateways, model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
		return true
	}
	return false
}

// beyondMost is how many other namespaces are looked into for what ExternalNames of the scope stand for.
const beyondMost = 4

// beyond asks for what the Services of a single namespace lead to in others.
func (p *planner) beyond(needs needSet, j *judgement) {
	if j.index == nil {
		return
	}
	for _, key := range slices.SortedFunc(maps.Keys(j.index.handed), model.Key.Compare) {
		for _, need := range check.BeyondNeeds(key, j.snapshot) {
			if need.Kind == model.DaemonSets {
				needs.add(need)
			}
		}
	}
	p.podsOfWhatIsKept(needs, j)
	targets := slices.SortedFunc(maps.Keys(j.index.byExternalName), model.Key.Compare)
	asked := needSet{}
	for _, target := range targets {
		if target.Namespace == j.scope {
			continue
		}
		for key := range j.index.byExternalName[target] {
			for _, need := range check.BeyondNeeds(key, j.snapshot) {
				if _, already := asked[need]; already || len(asked) < beyondMost {
					asked.add(need)
					needs.add(need)
				}
			}
		}
	}
}

// podsOfWhatIsKept asks for the Pods of all namespaces where a slice that somebody keeps lists what may be a Pod's address, and none of the scope
// has it; in a large cluster they are read only for the Service that is open.
func (p *planner) podsOfWhatIsKept(needs needSet, j *judgement) {
	if len(j.snapshot.Nodes()) > fewNodes {
		return
	}
	asked := map[model.Key]bool{}
	for _, slice := range j.snapshot.EndpointSlices(j.scope) {
		key := model.Key{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
		if !asked[key] && check.IsKept(slice) {
			asked[key] = true
			p.lookUp(needs, j, key)
		}
	}
}

// lookUp asks for the Pods of all namespaces where a Service's slices want them, or wanted them before.
func (p *planner) lookUp(needs needSet, j *judgement, key model.Key) {
	need := model.Need{Kind: model.Pods}
	p.lookedUp[key] = p.lookedUp[key] || slices.Contains(check.BeyondNeeds(key, j.snapshot), need)
	if p.lookedUp[key] {
		needs.add(need)
	}
}

// clusterScoped asks for what every look at a Service may need and no namespace has.
func (p *planner) clusterScoped(needs needSet) {
	for _, kind := range p.checks.kinds {
		if kind == model.Nodes || kind == model.Namespaces {
			needs.add(model.Need{Kind: kind})
		}
	}
}

// referring asks for a few of the kinds that name Services, those first that are worth most: only they tell that one is missing.
// A kind that the cluster does not have, or that may not be read, makes room for the next.
func (p *planner) referring(j *judgement, needs needSet) {
	watched := 0
	for _, kind := range p.checks.referring {
		need := model.Need{Kind: kind}
		if watched < referringWatches {
			needs.add(need)
		}
		if isWatched(j, need) {
			watched++
		}
	}
}

// watches counts the needs that cost a watch, as far as is known.
func watches(j *judgement, needs needSet) int {
	count := 0
	for need := range needs {
		if isWatched(j, need) {
			count++
		}
	}
	return count
}

func isWatched(j *judgement, need model.Need) bool {
	state := j.covered[need].State
	return state != model.Absent && state != model.Forbidden
}

// measure decides whether the cluster is too large to read whole.
func (p *planner) measure(j *judgement) {
	endpoints := 0
	for _, slice := range j.snapshot.EndpointSlices(model.AllNamespaces) {
		endpoints += len(slice.Endpoints)
	}
	switch {
	case endpoints > largeCluster:
		p.large = true
	case endpoints < smallCluster:
		p.large = false
	}
}

func (p *planner) noteDenied(j *judgement) {
	for need, coverage := range j.covered {
		if need.Namespace == model.AllNamespaces && need.Kind.Namespaced() && coverage.State == model.Forbidden {
			p.denied[need.Kind] = true
		}
	}
}

// troubled asks for the namespaces in trouble, worst first, for so many watches: at first the Pods of a few, then all that the
// checks want of the worst.
func (p *planner) troubled(now time.Time, j *judgement, needs needSet, room int) {
	wants := p.wants(j, p.hold(now, j))
	before := len(needs)
	full := func() bool { return len(needs)-before >= room }
	pods := 0
	for _, namespace := range wants {
		for _, need := range namespace {
			if need.Kind == model.Pods && pods < podWatches && !full() {
				needs.add(need)
				pods++
			}
		}
	}
	for _, namespace := range wants {
		for _, need := range namespace {
			if !full() {
				needs.add(need)
			}
		}
	}
}

// hold returns the namespaces worth reading, most deserving first: those with the most Services that have
// nothing usable, which is known without reading more; among equals the ones that are being read already. A
// namespace is kept until its trouble has been over for a while.
func (p *planner) hold(now time.Time, j *judgement) []string {
	dead, candidates := map[string]int{}, map[string]heldNamespace{}
	for _, report := range j.reports {
		if !report.Missing && inTrouble(report) {
			name := report.Key.Namespace
			candidates[name] = heldNamespace{name: name, troubled: now}
			if nothingUsable(report) {
				dead[name]++
			}
		}
	}
	place := map[string]int{}
	for i, namespace := range p.held {
		place[namespace.name] = i - len(p.held)
		if _, troubled := candidates[namespace.name]; !troubled && now.Sub(namespace.troubled) < linger {
			namespace.over = true
			candidates[namespace.name] = namespace
		}
	}
	p.held = slices.SortedFunc(maps.Values(candidates), func(a, b heldNamespace) int {
		return cmp.Or(
			cmp.Compare(dead[b.name], dead[a.name]),
			cmp.Compare(place[a.name], place[b.name]),
			cmp.Compare(a.name, b.name),
		)
	})
	p.held = p.held[:min(len(p.held), maxWatches-alwaysWatched)]
	names := make([]string, len(p.held))
	for i, namespace := range p.held {
		names[i] = namespace.name
	}
	return names
}

// lingersUntil is when the next namespace is let go; zero when none is about to be.
func (p *planner) lingersUntil() time.Time {
	var earliest time.Time
	for _, namespace := range p.held {
		until := namespace.troubled.Add(linger)
		if namespace.over && (earliest.IsZero() || until.Before(earliest)) {
			earliest = until
		}
	}
	return earliest
}

// wants returns, for each namespace, what the checks of its Services in trouble want.
func (p *planner) wants(j *judgement, namespaces []string) [][]model.Need {
	// A namespace full of broken Services wants the same of each.
	const enough = 20
	all := make([][]model.Need, 0, len(namespaces))
	for _, namespace := range namespaces {
		wanted := needSet{}
		asked := 0
		for _, report := range j.inNamespace(namespace) {
			if report.Missing || !inTrouble(report) {
				continue
			}
			for _, need := range p.checks.needs(report.Key, j.snapshot) {
				wanted.add(need)
			}
			if asked++; asked == enough {
				break
			}
		}
		if asked == 0 {
			// Its trouble is over, or nearly so: what was asked for stays a little.
			for need := range j.covered {
				if need.Namespace == namespace && need.Kind != model.Services && need.Kind != model.EndpointSlices {
					wanted.add(need)
				}
			}
		}
		all = append(all, wanted.sorted())
	}
	return all
}

// inTrouble tells whether a Service deserves a closer look. It must not turn false by that look alone, or
// the data would come and go for ever: so a Service with nothing usable stays in trouble whatever explains it.
func inTrouble(report *check.Report) bool {
	return report.Verdict >= check.Unknown || nothingUsable(report)
}

func nothingUsable(report *check.Report) bool { return report.Counted && report.Usable == 0 }

// needSet is a set of needs.
type needSet map[model.Need]struct{}

// add adds a need, unless all namespaces of its kind are asked for already.
func (s needSet) add(need model.Need) {
	if _, all := s[model.Need{Kind: need.Kind}]; !all {
		s[need] = struct{}{}
	}
}

// without returns those of some needs that are not asked for already.
func (s needSet) without(needs []model.Need) []model.Need {
	return slices.DeleteFunc(needs, func(need model.Need) bool {
		_, asked := s[need]
		_, all := s[model.Need{Kind: need.Kind}]
		return asked || all
	})
}

func (s needSet) sorted() []model.Need {
	kinds := model.Kinds()
	return slices.SortedFunc(maps.Keys(s), func(a, b model.Need) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			cmp.Compare(a.Namespace, b.Namespace),
		)
	})
}
