package isolation

import (
	"context"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// patience is how long an answer may take: what a person said; else what the probes of the port allow the application, where that is
// more than is usual.
func (s *subject) patience() time.Duration {
	switch {
	case s.request.Patience > 0:
		return s.request.Patience
	case s.speaks.scheme == schemeTCP:
		return answerPatience / 2
	}
	longest := answerPatience
	if s.pod == nil {
		return longest
	}
	for container := range model.ServingContainers(&s.pod.Spec) {
		for _, probe := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe} {
			if probe != nil && dialsPodIP(probe, container, s.podPort) {
				longest = max(longest, time.Duration(probe.TimeoutSeconds+1)*time.Second)
			}
		}
	}
	return min(longest, slowPatience)
}

// reach finds out once whether the API server's packets reach the Pod, for those rungs that wait in vain.
type reach struct {
	once sync.Once
	// podReached is closed when they do, podSilent when Proxy→Pod turned out to be silent.
	podReached, podSilent chan struct{}
	silentOnce            sync.Once
	asking                sync.WaitGroup
}

func newReach() *reach {
	return &reach{podReached: make(chan struct{}), podSilent: make(chan struct{})}
}

func (r *reach) podIsSilent() { r.silentOnce.Do(func() { close(r.podSilent) }) }

// besidePod is what is known beside Proxy→Pod.
func (r *run) besidePod(ctx context.Context) beside {
	return beside{forward: r.forwardSaid, reached: func() <-chan struct{} {
		r.reach.once.Do(func() {
			r.reach.asking.Go(guarded(func() {
				if r.refusesUnused(ctx, r.subject.pod.Name, r.subject.podPort) {
					close(r.reach.podReached)
				}
			}))
		})
		return r.reach.podReached
	}}
}

// lateService is how much longer Proxy→Service waits, to know how Proxy→Pod ended.
const lateService = 250 * time.Millisecond

// besideService is what is known beside Proxy→Service, which may have asked another Pod: that it is silent, and not lost, is taken from
// the Pod's own silence.
func (r *run) besideService() beside {
	return beside{forward: r.forwardSaid, late: lateService, reached: func() <-chan struct{} { return r.reach.podSilent }}
}

// forwardSaid is the answer of the rung Pod, and whether it has ended; one that is not run has.
func (r *run) forwardSaid() (answer, bool) {
	if r.subject.whyNot(RungPod) != "" {
		return answer{}, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.podForward == nil {
		return answer{}, false
	}
	return *r.podForward, true
}

// refusesUnused tells whether a port of a Pod on which nothing listens is refused: that word comes from the Pod's own network. A firewall
// or policy that lets nothing through lets it through as little as any other.
func (r *run) refusesUnused(ctx context.Context, pod string, not int32) bool {
	port := unusedPort
	if int(not) == port {
		port++
	}
	return r.askPod(ctx, pod, port).outcome == Refused
}

// reaches tells whether the API server reaches another Pod: its port, or a port on which nothing listens. A refusal comes from the Pod's
// own network.
func (r *run) reaches(ctx context.Context, pod string, port int32) bool {
	ctx, cancel := context.WithTimeout(ctx, answerPatience/2)
	defer cancel()
	said := make(chan bool, 2)
	var asked sync.WaitGroup
	defer asked.Wait()
	defer cancel()
	asked.Go(guarded(func() {
		got := r.askPod(ctx, pod, int(port))
		said <- got.outcome == OK || got.outcome == Refused || got.silent
	}))
	asked.Go(guarded(func() { said <- r.refusesUnused(ctx, pod, port) }))
	for range 2 {
		if <-said {
			return true
		}
	}
	return false
}

func (r *run) askPod(ctx context.Context, pod string, port int) answer {
	return proxyOnce(ctx, r.dialer, model.ProxyRequest{
		Kind: model.Pods, Namespace: r.subject.request.Service.Namespace, Name: pod, Port: strconv.Itoa(port), Path: "/",
	}, r.subject)
}
