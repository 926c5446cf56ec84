package isolation

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/svctui/svctui/kube/model"
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
	if found := restartOf(pod, at); found.container != "" {
		return found
	}
	waited := time.NewTimer(restartShows)
	defer waited.Stop()
	select {
	case <-waited.C:
	case <-ctx.Done():
	}
	_, pod = readAgain(ctx, r.dialer, pod)
	return restartOf(pod, at.Add(time.Since(began)))
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
