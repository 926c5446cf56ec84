package isolation

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// podState is what has become of a Pod since the snapshot.
type podState uint8

const (
	podStays podState = iota
	// podTerminates is one that is being deleted: it closes its ports.
	podTerminates
	podIsGone
)

// restartShows is how long the kubelet may take to tell the API server that a container has ended: it looks once a second.
const restartShows = 2 * time.Second

// otherwise says what else may be why the rungs contradict each other, once the kubelet has had time to tell of it.
func (r *run) otherwise(ctx context.Context, pod *corev1.Pod, at time.Time) restart {
	began := time.Now()
	if found := restartOf(pod, r.subject.container, at); found.container != "" {
		return found
	}
	waited := time.NewTimer(restartShows)
	defer waited.Stop()
	select {
	case <-waited.C:
	case <-ctx.Done():
	}
	_, pod = readAgain(ctx, r.dialer, pod)
	return restartOf(pod, r.subject.container, at.Add(time.Since(began)))
}

// askAgain asks the tested Pod once more at its IP where its loopback answered and its IP refused, and on its loopback where it was the other way
// about: the application may have come up in between. What answers by now stands for what was refused.
func (r *run) askAgain(ctx context.Context) {
	s := &r.subject
	loopback, atPodIP := r.outcomeOf(RungPod), r.outcomeOf(RungProxyPod)
	switch {
	case loopback == OK && atPodIP == Refused:
		if r.refusesStill(ctx) {
			return
		}
		r.tryAgain(RungProxyPod, func() answer { return r.proxyToPod(ctx, beside{forward: r.forwardSaid}) })
	case atPodIP == OK:
		r.tryAgain(RungPod, func() answer { return r.speak(ctx, *s) })
		if s.asKubectl().pod == s.pod {
			r.tryAgain(RungService, func() answer { return r.speak(ctx, *s) })
		}
	default:
		return
	}
	if !otherEndpoints(s.facts) {
		r.tryAgain(RungProxyService, func() answer { return r.proxyToService(ctx) })
	}
}

// refusesStill asks the tested Pod's IP once more, and notes what that shows.
func (r *run) refusesStill(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerPatience/2)
	defer cancel()
	still := r.askPod(ctx, r.subject.pod.Name, int(r.subject.podPort)).outcome == Refused
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stillRefused, r.changed = still, !still
	return still
}

// tryAgain tries a rung once more that was refused, and notes what it tells where that is an answer.
func (r *run) tryAgain(rung Rung, try func() answer) {
	if r.outcomeOf(rung) != Refused {
		return
	}
	began := time.Now()
	if got := try(); got.outcome == OK {
		got.detail += "; it refused a moment before"
		r.end(rung, got, time.Since(began))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changed = true
	}
}

// ofChange takes back what was concluded against anybody where the tested Pod changed while it was tested: the other ways met it before, or after.
// Beside a pass it is told.
func (c Conclusion) ofChange(f Facts) Conclusion {
	switch {
	case !f.Changed || f.seen.sockets != none && c.Mark != check.MarkOK:
		return c
	case c.Mark == check.MarkOK:
		c.Why = joined(c.Why, "It refused a connection, and took the next a moment later: it came up meanwhile, or takes one connection at a time.")
		return c
	}
	told := unknown(fmt.Sprintf("Pod %s refused a connection, and took the next a moment later.", f.Pod),
		"It came up while it was tested, or it takes one connection at a time. What else was tried met it before, or after.",
		"run the test again; where it says the same, look at how the application accepts connections, and at its log")
	told.changed = true
	return told
}

func (r *run) outcomeOf(rung Rung) Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.result.Rungs, func(seen Observation) bool { return seen.Rung == rung })
	if i < 0 {
		return NotRun
	}
	return r.result.Rungs[i].Outcome
}

// othersAgain bounds how many other endpoints' Pods are read again.
const othersAgain = 10

// otherEnding names a Pod of another endpoint of the port that is gone, or is being deleted; empty for none.
func (s *subject) otherEnding(ctx context.Context, dialer Dialer) string {
	looked := map[string]bool{}
	for _, endpoint := range s.endpoints {
		pod := s.effective.Backends[endpoint.Backend].Pod
		if pod == nil || s.pod != nil && pod.Name == s.pod.Name || looked[pod.Name] || len(looked) == othersAgain {
			continue
		}
		looked[pod.Name] = true
		if lookAgain(ctx, dialer, pod) != podStays {
			return pod.Name
		}
	}
	return ""
}

// lookAgain tells what has become of a Pod since the test began. What cannot be read stays as it was.
func lookAgain(ctx context.Context, dialer Dialer, pod *corev1.Pod) podState {
	state, _ := readAgain(ctx, dialer, pod)
	return state
}

// readAgain returns the Pod as it is by now beside what has become of it.
func readAgain(ctx context.Context, dialer Dialer, pod *corev1.Pod) (podState, *corev1.Pod) {
	if pod == nil || ctx.Err() != nil {
		return podStays, pod
	}
	now, err := dialer.ReadPod(ctx, model.Key{Namespace: pod.Namespace, Name: pod.Name})
	switch {
	case apierrors.IsNotFound(err), err == nil && now.UID != pod.UID:
		return podIsGone, pod
	case err == nil && now.DeletionTimestamp != nil:
		return podTerminates, now
	case err != nil:
		return podStays, pod
	}
	return podStays, now
}
