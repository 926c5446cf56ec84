package engine

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// checks are the pure functions that the engine calls. Tests put simpler ones in their place.
type checks struct {
	// judge judges a Service that the snapshot holds.
	judge func(check.Input, model.Key) *check.Report
	// judgeMissing reports on a Service that was asked for and that the snapshot does not hold.
	judgeMissing func(check.Input, model.Key) *check.Report
	// judgeMissed reports on a Service that the snapshot does not hold and something refers to, nil where nobody misses it.
	judgeMissed func(check.Input, model.Key) *check.Report
	// referring are the kinds that may name Services, those first that are worth most.
	referring []model.Kind
	// kinds are what judge may read besides Services and EndpointSlices.
	kinds []model.Kind
	// needs is what judging a Service wants, by what is known; openNeeds is all that it could ever want.
	needs, openNeeds func(model.Key, *model.Snapshot) []model.Need
}

// judgement is what is judged so far. It is used by one goroutine.
type judgement struct {
	checks      checks
	kubectlArgs []string
	wanted      []model.Key
	elsewhere   []model.Key

	snapshot *model.Snapshot
	covered  map[model.Need]model.Coverage
	scope    string
	index    *index
	// reports are sorted by key. The slice is shared with published states: it is replaced, never written to.
	reports []*check.Report
}

// update judges anew what the changes touch, and tells whether there is anything to publish.
func (j *judgement) update(now time.Time, snapshot *model.Snapshot, changes []model.Change, scope string) bool {
	if snapshot == nil {
		snapshot = model.NewBuilder(nil).Build(now)
	}
	before, covered := j.covered, snapshot.Covered()
	fresh := j.snapshot == nil || j.scope != scope
	j.snapshot, j.covered, j.scope = snapshot, covered, scope
	if fresh {
		j.judgeAll(now)
		return true
	}
	if len(changes) == 0 && maps.Equal(before, covered) {
		return false
	}
	touched := newTouched(j)
	for _, change := range changes {
		if change.Kind == model.Services {
			j.index.set(change.Key, snapshot.Service(change.Key))
		}
	}
	for _, change := range changes {
		touched.by(change)
	}
	touched.byCoverage(before, covered)
	j.judge(now, touched.keys())
	return true
}

// wake judges anew what time alone may have changed, and tells whether there was anything.
func (j *judgement) wake(now time.Time) bool {
	due := map[model.Key]bool{}
	for _, report := range j.reports {
		if !report.Again.IsZero() && !report.Again.After(now) {
			due[report.Key] = true
		}
	}
	j.judge(now, due)
	return len(due) > 0
}

// again is when wake is next worth a call; zero for never.
func (j *judgement) again() time.Time {
	var earliest time.Time
	for _, report := range j.reports {
		if !report.Again.IsZero() && (earliest.IsZero() || report.Again.Before(earliest)) {
			earliest = report.Again
		}
	}
	return earliest
}

func (j *judgement) judgeAll(now time.Time) {
	j.index = newIndex(j.snapshot, j.scope)
	all := map[model.Key]bool{}
	for key := range j.index.entries {
		all[key] = true
	}
	for _, report := range j.reports {
		all[report.Key] = true
	}
	for _, key := range j.wanted {
		all[key] = true
	}
	for _, key := range j.snapshot.Referred(j.scope) {
		all[key] = true
	}
	j.judge(now, all)
}

// judge replaces the reports of the given keys. Keys outside of the scope, and of Services that neither exist nor are
// asked for or missed, lose theirs.
func (j *judgement) judge(now time.Time, keys map[model.Key]bool) {
	if len(keys) == 0 {
		return
	}
	input := check.Input{Snapshot: j.snapshot, Now: now, KubectlArgs: j.kubectlArgs, Elsewhere: j.elsewhere}
	sorted := slices.SortedFunc(maps.Keys(keys), model.Key.Compare)
	judged := make([]*check.Report, len(sorted))
	parallel(len(sorted), func(i int) {
		key := sorted[i]
		if j.scope != model.AllNamespaces && key.Namespace != j.scope {
			return
		}
		switch {
		case j.snapshot.Service(key) != nil:
			judged[i] = j.checks.judge(input, key)
		case !j.servicesKnown(key.Namespace):
		case slices.Contains(j.wanted, key):
			judged[i] = j.checks.judgeMissing(input, key)
		case j.checks.judgeMissed != nil:
			judged[i] = j.checks.judgeMissed(input, key)
		}
	})
	for i, key := range sorted {
		j.index.setForeign(key, j.snapshot)
		keepSince(j.report(key), judged[i], now)
		if judged[i] != nil && !judged[i].Again.After(now) {
			// It was looked at: another look at the same time would find the same.
			judged[i].Again = time.Time{}
		}
	}
	j.reports = mergeReports(j.reports, sorted, judged)
}

func (j *judgement) servicesKnown(namespace string) bool {
	return j.snapshot.Coverage(model.Services, namespace).Known()
}

func (j *judgement) report(key model.Key) *check.Report {
	if i, ok := slices.BinarySearchFunc(j.reports, key, compareReport); ok {
		return j.reports[i]
	}
	return nil
}

// inNamespace returns the reports of one namespace, or all of them.
func (j *judgement) inNamespace(namespace string) []*check.Report {
	if namespace == model.AllNamespaces {
		return j.reports
	}
	start, _ := slices.BinarySearchFunc(j.reports, model.Key{Namespace: namespace}, compareReport)
	end := start
	for end < len(j.reports) && j.reports[end].Key.Namespace == namespace {
		end++
	}
	return j.reports[start:end]
}

// settled tells whether Services and EndpointSlices of the scope are known, or known not to be readable.
func (j *judgement) settled() bool {
	return !j.snapshot.Coverage(model.Services, j.scope).Pending() &&
		!j.snapshot.Coverage(model.EndpointSlices, j.scope).Pending()
}

func (j *judgement) state(now time.Time) *State {
	return &State{Snapshot: j.snapshot, Reports: j.reports, At: now, Scope: j.scope, Settled: j.settled()}
}

func compareReport(report *check.Report, key model.Key) int { return report.Key.Compare(key) }

// keepSince keeps the time that a verdict is known to stand, as long as the verdict and its leading finding
// do: the API's own times move when a controller touches an object. Where the API tells no time at all, a
// reversal that was witnessed is dated by the clock.
func keepSince(before, after *check.Report, now time.Time) {
	if before == nil || after == nil {
		return
	}
	same := before.Verdict == after.Verdict && leadingID(before) == leadingID(after)
	switch {
	case same && !before.Since.IsZero():
		after.Since = before.Since
	case !same && after.Since.IsZero() && final(before.Verdict) && final(after.Verdict):
		after.Since = now
	}
}

// final tells whether a verdict speaks of the cluster, not of what could be read of it.
func final(verdict check.Verdict) bool {
	return verdict != check.Partial && verdict != check.Unknown
}

func leadingID(report *check.Report) string {
	if lead := report.Leading(); lead != nil {
		return lead.ID
	}
	return ""
}

// mergeReports returns a new sorted list: old with the reports of keys replaced by judged, nil for removed.
func mergeReports(old []*check.Report, keys []model.Key, judged []*check.Report) []*check.Report {
	merged := make([]*check.Report, 0, len(old)+len(keys))
	i := 0
	for n, key := range keys {
		for i < len(old) && old[i].Key.Compare(key) < 0 {
			merged = append(merged, old[i])
			i++
		}
		if i < len(old) && old[i].Key == key {
			i++
		}
		if judged[n] != nil {
			merged = append(merged, judged[n])
		}
	}
	return append(merged, old[i:]...)
}

// parallel calls work for 0 to n-1, on every processor where that is worth it.
func parallel(n int, work func(int)) {
	const worthwhile = 200
	workers := min(runtime.GOMAXPROCS(0), n/worthwhile+1)
	if workers == 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			defer utilruntime.HandleCrash()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	group.Wait()
}
