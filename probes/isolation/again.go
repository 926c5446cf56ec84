package isolation

import (
	"context"

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
	if pod == nil || ctx.Err() != nil {
		return podStays
	}
	now, err := dialer.ReadPod(ctx, model.Key{Namespace: pod.Namespace, Name: pod.Name})
	switch {
	case apierrors.IsNotFound(err), err == nil && now.UID != pod.UID:
		return podIsGone
	case err == nil && now.DeletionTimestamp != nil:
		return podTerminates
	}
	return podStays
}
