package isolation

import (
	"slices"
	"time"
)

// tell hands over the result as it is. It holds the lock, so that steps arrive in order.
func (r *run) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tellLocked()
}

func (r *run) tellLocked() {
	if r.progress == nil {
		return
	}
	result := r.result
	result.Rungs = slices.Clone(r.result.Rungs)
	r.progress(result)
}

func (r *run) begin(rung Rung) { r.beginAt(rung, "") }

// beginAt says that a rung is tried at one of its targets.
func (r *run) beginAt(rung Rung, target string) {
	r.change(rung, target, func(seen *Observation) { seen.Running, seen.Outcome, seen.Detail = true, "", "" })
}

func (r *run) observe(rung Rung, try func() answer) {
	started := time.Now()
	got := try()
	r.end(rung, got, time.Since(started))
}

func (r *run) end(rung Rung, got answer, took time.Duration) { r.endAt(rung, "", got, took) }

// endAt says what came of a rung at one of its targets.
func (r *run) endAt(rung Rung, target string, got answer, took time.Duration) {
	if got.closed && rung != RungFromHere && r.subject.speaks.owesAnswer() {
		got.outcome = Failed
	}
	r.change(rung, target, func(seen *Observation) {
		seen.Running, seen.Outcome, seen.Detail, seen.Took = false, got.outcome, got.text(), took
		if rung == RungFromHere {
			return
		}
		if got.closed && r.subject.speaks.owesAnswer() {
			r.closed[rung] = true
		}
		if got.silent {
			r.silent[rung] = true
		}
		if rung == RungPod {
			r.podForward = &got
		}
		if rung == RungProxyPod && (got.silent || got.mute) {
			r.reach.podIsSilent()
		}
		if rung == RungProxyService || rung == RungProxyPod {
			got.opaque = got.opaque && r.subject.facts.Mesh != ""
			r.mayBeMesh(string(rung), got)
		}
		if got.outcome == OK && !(got.opaque && rung != RungPod && rung != RungService) {
			r.inside = append(r.inside, got)
		}
		r.speaksFirst = r.speaksFirst || got.speaksFirst
		if r.subject.timeCounts(got) {
			r.timed = append(r.timed, timed{rung, took})
		}
		r.speaksTLS = r.speaksTLS || got.insteadTLS
		if words := got.outcome == OK && !got.wordless && !got.closed; r.subject.leadsToPod(rung) {
			r.heardWords, r.heardPod, r.metPod = r.heardWords || words, r.heardPod || words, r.metPod || got.outcome == OK
		} else {
			r.heardWords = r.heardWords || words
		}
		r.notTLS = r.notTLS || got.notTLS
		r.heardTLS = r.heardTLS || r.subject.speaks.scheme == schemeHTTPS && got.status && !got.notTLS
		r.notHTTP, r.heardHTTP = r.notHTTP || got.notHTTP, r.heardHTTP || got.status
		r.notGRPC = r.notGRPC || got.notGRPC
		if rung == RungProxyPod {
			r.addressRefused = got.addressRefused
		}
	})
}

// changeAll edits every row of a rung.
func (r *run) changeAll(rung Rung, edit func(*Observation)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.result.Rungs {
		if r.result.Rungs[i].Rung == rung {
			edit(&r.result.Rungs[i])
		}
	}
	r.tellLocked()
}

func (r *run) change(rung Rung, target string, edit func(*Observation)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.result.Rungs {
		if r.result.Rungs[i].Rung == rung && r.result.Rungs[i].Target == target {
			edit(&r.result.Rungs[i])
		}
	}
	r.tellLocked()
}
