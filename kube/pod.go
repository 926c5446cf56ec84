package kube

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// readPodTimeout bounds one read of a Pod.
const readPodTimeout = 5 * time.Second

// ReadPod reads a Pod as it is now. The error is the API server's own, so that apierrors.IsNotFound tells that there is none.
func (s *Session) ReadPod(ctx context.Context, pod model.Key) (*corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, readPodTimeout)
	defer cancel()
	read, err := s.clientset.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading Pod %s: %w", pod, err)
	}
	return read, nil
}
