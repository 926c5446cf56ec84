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
