package check

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// settleTime is how long a state that is derived from slices must have held before it is called a fault:
// controllers and kube-proxy need a moment, and a rollout may leave one.
const settleTime = 10 * time.Second

// subject is one Service while it is judged: what the checks share, computed when first asked for. It lives
// within one Judge and is not safe for concurrent use.
type subject struct {
	in      Input
	key     model.Key
	service *corev1.Service

	slices []*discoveryv1.EndpointSlice

	endpointsMade bool
	effective     Endpoints

	podsMade  bool
	livePods  []*corev1.Pod
	endedPods []*corev1.Pod

	// states has room for every kind that rules read, so that none is looked up twice.
	states   [32]kindState
	statesIn int

	workloadsMade bool
	matching      []workload

	changedMade bool
	changedAt   time.Time

	// front is nil until it is looked up.
	front *inFront

	troublesMade bool
	podTroubles  []podTrouble

	unstableMade bool
	unstablePods []podTrouble
}

type kindState struct {
	kind  model.Kind
	state model.CoverageState
}

func newSubject(in Input, service *corev1.Service) *subject {
	key := model.Key{Namespace: service.Namespace, Name: service.Name}
	return &subject{in: in, key: key, service: service, slices: in.Snapshot.SlicesOf(key)}
}

// coverage says what is known of a kind where the Service is.
func (s *subject) coverage(kind model.Kind) model.Coverage {
	return s.in.Snapshot.Coverage(kind, namespaceFor(kind, s.key.Namespace))
}

// covered is coverage without its reasons, and remembered: every rule asks for it. An API that the cluster does not have has no
// objects, and that is known.
func (s *subject) covered(kind model.Kind) model.Coverage {
	for i := range s.statesIn {
		if s.states[i].kind == kind {
			return model.Coverage{State: s.states[i].state}
		}
	}
	coverage := s.coverage(kind)
	if coverage.State == model.Absent && kind.Extension() {
		coverage = model.Coverage{State: model.Live}
	}
	if s.statesIn < len(s.states) {
		s.states[s.statesIn] = kindState{kind, coverage.State}
		s.statesIn++
	}
	return coverage
}

func (s *subject) known(kinds []model.Kind) bool {
	for _, kind := range kinds {
		if !s.covered(kind).Known() {
			return false
		}
	}
	return true
}

func (s *subject) awaiting(kinds []model.Kind) bool {
	for _, kind := range kinds {
		if s.covered(kind).Pending() {
			return true
		}
	}
	return false
}

func (s *subject) podsKnown() bool   { return s.covered(model.Pods).Known() }
func (s *subject) eventsKnown() bool { return s.covered(model.Events).Known() }

// slicesKnown is false where nothing may be concluded from there being no slice.
func (s *subject) slicesKnown() bool { return s.covered(model.EndpointSlices).Known() }

func (s *subject) stale() bool {
	if !s.routes() && slices.ContainsFunc(targetServices(s), func(need model.Need) bool {
		return s.in.Snapshot.Coverage(need.Kind, need.Namespace).State == model.Stale
	}) {
		return true
	}
	return s.covered(model.Services).State == model.Stale || s.routes() && s.covered(model.EndpointSlices).State == model.Stale
}

// routes tells whether endpoints make sense for the Service at all: an ExternalName is only a name.
func (s *subject) routes() bool { return s.service.Spec.Type != corev1.ServiceTypeExternalName }

// selects tells whether Kubernetes fills the slices from Pods. An empty selector is none.
func (s *subject) selects() bool { return s.routes() && len(s.service.Spec.Selector) > 0 }

func (s *subject) headless() bool { return isHeadless(s.service) }

func isHeadless(service *corev1.Service) bool {
	// The API server takes no ClusterIP, not even "None", for an ExternalName.
	return service.Spec.ClusterIP == corev1.ClusterIPNone
}

// endpoints is the effective endpoint model, with ended Pods left out as far as Pods are known.
func (s *subject) endpoints() *Endpoints {
	if !s.endpointsMade {
		s.endpointsMade = true
		if s.routes() {
			s.effective = effectiveEndpoints(s.in.Snapshot, s.service, s.slices)
		}
	}
	return &s.effective
}

// dead tells that the slices are known, and that no client of any port gets through.
func (s *subject) dead() bool {
	return s.routes() && s.slicesKnown() && s.endpoints().NothingUsable()
}

// live returns the selected Pods that have not ended, terminating ones included.
func (s *subject) live() []*corev1.Pod {
	s.makePods()
	return s.livePods
}

// ended returns the selected Pods of phase Succeeded or Failed: they match and never get traffic.
func (s *subject) ended() []*corev1.Pod {
	s.makePods()
	return s.endedPods
}

func (s *subject) makePods() {
	if s.podsMade {
		return
	}
	s.podsMade = true
	if !s.selects() {
		return
	}
	selected := s.in.Snapshot.Selected(s.key.Namespace, s.service.Spec.Selector)
	for i, pod := range selected {
		if !PodEnded(pod) {
			continue
		}
		// Only now is a copy needed.
		s.livePods = append(make([]*corev1.Pod, 0, len(selected)), selected[:i]...)
		for _, pod := range selected[i:] {
			if PodEnded(pod) {
				s.endedPods = append(s.endedPods, pod)
			} else {
				s.livePods = append(s.livePods, pod)
			}
		}
		return
	}
	s.livePods = selected
}

// figures are the READY column.
func (s *subject) figures() (usable, selected int, counted bool) {
	if !s.routes() || !s.slicesKnown() {
		return 0, 0, false
	}
	endpoints := s.endpoints()
	usable, selected = endpoints.UsableCount(), endpoints.ListedCount()
	// Where Pods are not known, there are none in the snapshot.
	for _, pod := range s.live() {
		if !endpoints.Lists(pod) {
			selected++
		}
	}
	return usable, selected, true
}

func (s *subject) created() time.Time { return s.service.CreationTimestamp.Time }

// changed is when the slices last changed, the Service's creation at the earliest; zero where unknown.
func (s *subject) changed() time.Time {
	if !s.changedMade {
		s.changedMade = true
		s.changedAt = s.created()
		for _, slice := range s.slices {
			if at := model.SliceChanged(slice); at.After(s.changedAt) {
				s.changedAt = at
			}
		}
	}
	return s.changedAt
}

// settled gives a finding that is derived from slices its time: a state that has not held long enough is
// minor for now, and is looked at again. A time well ahead of this clock proves only that clocks differ.
func (s *subject) settled(finding Finding) Finding {
	finding.Since = s.changed()
	return s.heldFor(finding, settleTime)
}

// heldDated is heldFor for a fault whose Since is only when it can have begun at the earliest, as that of an object that may have been changed
// long after it was made. Once it has held long enough, since is told, which may be the zero time: then nothing dates the fault.
func (s *subject) heldDated(finding Finding, long time.Duration, since time.Time) Finding {
	if finding = s.heldFor(finding, long); !finding.Settling {
		finding.Since = since
	}
	return finding
}

// heldFor is settled for a finding that knows its Since, and for any length of time.
func (s *subject) heldFor(finding Finding, long time.Duration) Finding {
	held := s.in.Now.Sub(finding.Since)
	if finding.Since.IsZero() || held >= long || held < -long {
		return finding
	}
	finding.Severity = min(finding.Severity, Minor)
	finding.Settling = true
	finding.Again = finding.Since.Add(long)
	return finding
}
