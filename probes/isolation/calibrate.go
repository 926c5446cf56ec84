package isolation

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// calibrate compares with another Ready Pod where the API server got no answer from this one's IP: only if that one answers,
// the silence speaks of this Pod.
func (r *run) calibrate(ctx context.Context) {
	if !r.unanswered() {
		return
	}
	other, port := r.otherReadyPod()
	if other == nil {
		return
	}
	reached := r.reaches(ctx, other.Name, port)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.otherPod, r.otherPodAnswers = other.Name, reached
}

// askForwarded asks the Pod that a port-forward to the Service takes on its IP, where it is another endpoint than the tested one and refused the
// forward: whether Proxy→Service came upon it is chance, and what is concluded of the Service must not be.
func (r *run) askForwarded(ctx context.Context) {
	s := &r.subject
	if s.forwarded == nil || s.pod == nil || s.forwarded.Name == s.pod.Name || !s.leadsTo(s.forwarded.Name) || !r.refusedForward() || r.offence() != "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, answerPatience/2)
	defer cancel()
	got := r.askPod(ctx, s.forwarded.Name, int(s.asKubectl().podPort))
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case got.outcome == Refused:
		r.atForwardPod = refused
	case got.outcome == OK || got.silent:
		r.atForwardPod = reached
	}
}

// leadsTo tells whether a Pod is one of the port's usable endpoints.
func (s *subject) leadsTo(pod string) bool {
	return slices.ContainsFunc(s.endpoints, func(endpoint check.Endpoint) bool { return s.effective.Backends[endpoint.Backend].PodName == pod })
}

func (r *run) refusedForward() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.result.Rungs, func(seen Observation) bool { return seen.Rung == RungService && seen.Outcome == Refused })
}

func (r *run) unanswered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addressRefused {
		return true
	}
	for _, seen := range r.result.Rungs {
		if seen.Rung == RungProxyPod && seen.Outcome == Timeout && !r.silent[RungProxyPod] {
			return true
		}
	}
	return false
}

// otherReadyPod finds a Ready Pod to compare with, and a port that it surely listens on: another one of this Service, else one
// of the namespace whose readiness probe passes on its IP.
func (r *run) otherReadyPod() (*corev1.Pod, int32) {
	s := &r.subject
	for _, pod := range s.selected {
		if target, ok := model.ResolveTargetPort(&pod.Spec, &s.port); ok && comparesWith(pod, s.pod) {
			return pod, target.Number
		}
	}
	for _, pod := range s.snapshot.Pods(s.service.Namespace) {
		if !comparesWith(pod, s.pod) {
			continue
		}
		for container := range model.ServingContainers(&pod.Spec) {
			probe := container.ReadinessProbe
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Host != "" {
				continue
			}
			if port := probePort(probe.HTTPGet.Port, container); port != 0 {
				return pod, port
			}
		}
	}
	return nil, 0
}

func comparesWith(pod, with *corev1.Pod) bool {
	return model.PodReady(pod) && pod.DeletionTimestamp == nil && pod.Status.PodIP != "" &&
		(with == nil || pod.Name != with.Name) && !pod.Spec.HostNetwork
}
