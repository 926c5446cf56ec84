package engine

import (
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// fixture is a Source that tests change by hand.
type fixture struct {
	mu       sync.Mutex
	scope    string
	snapshot *model.Snapshot
	changes  []model.Change
	asked    [][]model.Need
	// answer, when set, says what becomes known of each need that is asked for.
	answer  func(model.Need) model.Coverage
	changed chan struct{}
}

func newFixture(scope string) *fixture {
	return &fixture{scope: scope, changed: make(chan struct{}, 1), snapshot: model.NewBuilder(nil).Build(time.Time{})}
}

func (f *fixture) Changed() <-chan struct{} { return f.changed }

func (f *fixture) Scope() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.scope
}

func (f *fixture) Take() (*model.Snapshot, []model.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changes := f.changes
	f.changes = nil
	return f.snapshot, changes
}

func (f *fixture) Ask(needs []model.Need) {
	f.mu.Lock()
	f.asked = append(f.asked, slices.Clone(needs))
	answer := f.answer
	f.mu.Unlock()
	if answer == nil {
		return
	}
	f.edit(func(b *model.Builder) {
		for need := range f.snapshot.Covered() {
			if need.Kind != model.Services && need.Kind != model.EndpointSlices && !slices.Contains(needs, need) {
				b.Uncover(need)
			}
		}
		for _, need := range needs {
			b.Cover(need, answer(need))
		}
	})
}

func (f *fixture) lastAsked() []model.Need {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) == 0 {
		return nil
	}
	return f.asked[len(f.asked)-1]
}

func (f *fixture) timesAsked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// edit makes the next snapshot.
func (f *fixture) edit(edit func(*model.Builder)) {
	f.mu.Lock()
	builder := model.NewBuilder(f.snapshot)
	edit(builder)
	f.snapshot = builder.Build(f.snapshot.At())
	f.mu.Unlock()
	f.notify()
}

func (f *fixture) notify() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// put adds or replaces objects, as the store would.
func (f *fixture) put(objects ...metav1.Object) {
	f.edit(func(b *model.Builder) {
		for _, object := range objects {
			kind, _ := model.KindOf(object)
			f.apply(b, kind, model.Key{Namespace: object.GetNamespace(), Name: object.GetName()}, object)
		}
	})
}

func (f *fixture) remove(kind model.Kind, keys ...model.Key) {
	f.edit(func(b *model.Builder) {
		for _, key := range keys {
			f.apply(b, kind, key, nil)
		}
	})
}

func (f *fixture) apply(b *model.Builder, kind model.Kind, key model.Key, after metav1.Object) {
	change := model.Change{Kind: kind, Key: key, Before: held(f.snapshot, kind, key), After: after}
	b.Apply(change)
	f.changes = append(f.changes, change)
}

func (f *fixture) cover(state model.CoverageState, needs ...model.Need) {
	f.edit(func(b *model.Builder) {
		for _, need := range needs {
			b.Cover(need, model.Coverage{State: state})
		}
	})
}

// live says that Services and EndpointSlices of the scope are known.
func (f *fixture) live() {
	f.cover(model.Live, model.Need{Kind: model.Services, Namespace: f.scope}, model.Need{Kind: model.EndpointSlices, Namespace: f.scope})
}

func held(s *model.Snapshot, kind model.Kind, key model.Key) metav1.Object {
	switch kind {
	case model.Services:
		return find(s.Services(key.Namespace), key.Name)
	case model.EndpointSlices:
		return find(s.EndpointSlices(key.Namespace), key.Name)
	case model.Pods:
		return find(s.Pods(key.Namespace), key.Name)
	case model.Events:
		return find(s.Events(key.Namespace), key.Name)
	case model.Deployments:
		return find(s.Deployments(key.Namespace), key.Name)
	case model.ReplicaSets:
		return find(s.ReplicaSets(key.Namespace), key.Name)
	case model.StatefulSets:
		return find(s.StatefulSets(key.Namespace), key.Name)
	case model.Namespaces:
		return find(s.Namespaces(), key.Name)
	case model.Jobs:
		return find(s.Jobs(key.Namespace), key.Name)
	case model.Nodes:
		return find(s.Nodes(), key.Name)
	case model.Ingresses:
		return find(s.Ingresses(key.Namespace), key.Name)
	case model.IngressClasses:
		return find(s.IngressClasses(), key.Name)
	case model.HTTPRoutes:
		return find(s.Routes(key.Namespace), key.Name)
	case model.Gateways:
		return find(s.Gateways(key.Namespace), key.Name)
	case model.ReferenceGrants:
		return find(s.ReferenceGrants(key.Namespace), key.Name)
	case model.ValidatingWebhooks:
		return find(s.ValidatingWebhooks(), key.Name)
	case model.APIServices:
		return find(s.APIServices(), key.Name)
	case model.HorizontalScalers:
		return find(s.Autoscalers(key.Namespace), key.Name)
	case model.Rollouts:
		return find(s.Rollouts(key.Namespace), key.Name)
	case model.ServiceCIDRs:
		return find(s.ServiceCIDRs(), key.Name)
	case model.Endpoints:
		if written := s.LegacyEndpoints(key); written != nil {
			return written
		}
		return nil
	default:
		return nil
	}
}

func find[T metav1.Object](objects []T, name string) metav1.Object {
	for _, object := range objects {
		if object.GetName() == name {
			return object
		}
	}
	return nil
}

// simple are checks for tests: healthy with a usable endpoint, else a red finding.
func simple() checks {
	kinds := []model.Kind{model.Pods, model.Events, model.Deployments, model.Nodes}
	return checks{
		judge: func(in check.Input, key model.Key) *check.Report {
			report := &check.Report{Key: key, Counted: true}
			for _, slice := range in.Snapshot.SlicesOf(key) {
				report.Usable += len(slice.Endpoints)
			}
			report.Selected = report.Usable
			switch {
			case report.Usable > 0:
			case !in.Snapshot.Coverage(model.Pods, key.Namespace).Known():
				report.Verdict = check.Unknown
			default:
				report.Verdict = check.Fail
				report.Findings = []check.Finding{{ID: "T-01", Severity: check.Critical, Confidence: check.Proven}}
			}
			return report
		},
		judgeMissing: func(_ check.Input, key model.Key) *check.Report {
			return &check.Report{Key: key, Missing: true, Verdict: check.Fail}
		},
		kinds: kinds,
		needs: func(key model.Key, _ *model.Snapshot) []model.Need {
			return []model.Need{
				{Kind: model.Pods, Namespace: key.Namespace},
				{Kind: model.Events, Namespace: key.Namespace},
				{Kind: model.Deployments, Namespace: key.Namespace},
			}
		},
		openNeeds: func(key model.Key, _ *model.Snapshot) []model.Need {
			return []model.Need{
				{Kind: model.Pods, Namespace: key.Namespace},
				{Kind: model.Events, Namespace: key.Namespace},
				{Kind: model.Nodes},
			}
		},
	}
}
