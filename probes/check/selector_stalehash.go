package check

import (
	"fmt"
	"maps"
	"time"

	"github.com/svctui/svctui/kube/model"
)

// switchTime is how long a progressive delivery may take between a Service's selector and the Pods that it is for.
const switchTime = time.Minute

// checkStaleHash is SEL-08: the selector holds a Pod template hash, as progressive delivery sets it, and no ReplicaSet
// carries it any more. While ReplicaSets cannot be read nothing is said of hashes but that they match nothing. The Service that
// a Rollout names for its next version is at rest between two of them.
func checkStaleHash(s *subject) (Finding, bool) {
	for _, key := range templateHashes {
		hash, ok := s.service.Spec.Selector[key]
		if !ok {
			continue
		}
		finding := selectorFinding(s, "SEL-08")
		finding.Confidence = Likely
		finding.Short = short("no Pod has template hash %s", hash)
		finding.Title = fmt.Sprintf("The selector asks for %s=%s, and no Pod carries it.", key, hash)
		finding.Why = "Progressive delivery writes this hash into the selector; it seems to be left from a version that is gone."
		if rollout := s.rolloutOfNext(); rollout != "" {
			finding.Severity, finding.Settling, finding.Again = Info, false, time.Time{}
			finding.Why = fmt.Sprintf("Rollout %s names this Service for its next version, and brings its Pods when that comes.", rollout)
			return finding, true
		}
		if !s.coverage(model.ReplicaSets).Known() {
			finding.Confidence = Possible
		}
		rest := maps.Clone(s.service.Spec.Selector)
		delete(rest, key)
		fix := Fix{Note: "without the hash no Pod would match either: deploy the Pods, or correct the selector"}
		if len(selectedAndLive(s.in.Snapshot, s.key.Namespace, rest)) > 0 {
			fix = Fix{
				Command: s.mergeService(map[string]any{"selector": map[string]any{key: nil}}),
				Note:    "only where no Rollout manages this Service any more",
			}
		}
		finding.Fix = s.serviceFix(fix)
		if change, ok := model.SelectorChanged(s.service); ok {
			// A Rollout may be in the middle of its switch.
			switched := finding
			switched.Since = change.At
			if held := s.heldFor(switched, switchTime); held.Settling {
				return held, true
			}
		}
		return s.heldForRollout(finding), true
	}
	return Finding{}, false
}

// rolloutOfNext names the Rollout that uses the Service for its next version; empty for none.
func (s *subject) rolloutOfNext() string {
	next := ""
	for _, rollout := range s.in.Snapshot.Rollouts(s.key.Namespace) {
		switch s.key.Name {
		case rollout.ActiveService, rollout.StableService:
			return ""
		case rollout.PreviewService, rollout.CanaryService:
			next = rollout.Name
		}
	}
	return next
}

// ofStableVersion tells whether a Rollout uses the Service for the version that serves: that has Pods at all times.
func (s *subject) ofStableVersion() bool {
	for _, rollout := range s.in.Snapshot.Rollouts(s.key.Namespace) {
		if s.key.Name == rollout.ActiveService || s.key.Name == rollout.StableService {
			return true
		}
	}
	return false
}
