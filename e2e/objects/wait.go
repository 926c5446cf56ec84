package objects

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Condition is something to wait for in a namespace. Exactly one of Pods, Endpoints, Deployment,
// Condition, Settled is set, with the fields that belong to it.
type Condition struct {
	// Pods is a label selector. All Pods with it, at least one, fulfil the fields below.
	Pods *string `json:"pods,omitempty"`
	// Count is the number of those Pods; 0 means that all are gone.
	Count *int `json:"count,omitempty"`
	// PodReady is their condition Ready.
	PodReady *bool `json:"podReady,omitempty"`
	// Phase is their phase.
	Phase corev1.PodPhase `json:"phase,omitempty"`
	// Waiting is the reason for which one of their containers waits, such as ImagePullBackOff.
	Waiting string `json:"waiting,omitempty"`
	// Unschedulable asks for the condition PodScheduled to be false.
	Unschedulable bool `json:"unschedulable,omitempty"`
	// Restarts is the least number of restarts of one of their containers.
	Restarts int32 `json:"restarts,omitempty"`

	// Endpoints is the name of a Service whose slices fulfil Ready and Total.
	Endpoints *string `json:"endpoints,omitempty"`
	// Ready is the number of ready endpoints in all slices; nil ready conditions count as ready.
	Ready *int `json:"ready,omitempty"`
	// Total is the number of endpoints in all slices, ready or not.
	Total *int `json:"total,omitempty"`

	// Deployment is the name of a Deployment that has finished its rollout with Available replicas.
	Deployment string `json:"deployment,omitempty"`
	// Available is the number of that Deployment's available replicas; all that it asks for if it is left out.
	Available *int32 `json:"available,omitempty"`

	// Event is the reason of an event in the namespace.
	Event string `json:"event,omitempty"`

	// Settled is how long no slice of the namespace may have changed, such as "12s": longer than the guard
	// times within which svctui does not judge. The times are the API server's records of the changes.
	Settled metav1.Duration `json:"settled,omitempty"`
}

// Wait waits until the condition holds or the context ends; the error says what was seen last.
func (c *Client) Wait(ctx context.Context, namespace string, condition Condition) error {
	return Eventually(ctx, func(ctx context.Context) error { return c.check(ctx, namespace, condition) })
}

func (c *Client) check(ctx context.Context, namespace string, condition Condition) error {
	switch {
	case condition.Pods != nil:
		return c.checkPods(ctx, namespace, condition)
	case condition.Endpoints != nil:
		return c.checkEndpoints(ctx, namespace, condition)
	case condition.Deployment != "":
		return c.checkDeployment(ctx, namespace, condition)
	case condition.Event != "":
		return c.checkEvent(ctx, namespace, condition.Event)
	case condition.Settled.Duration > 0:
		return c.checkSettled(ctx, namespace, condition.Settled.Duration)
	default:
		return errors.New("the condition says nothing to wait for")
	}
}

func (c *Client) checkPods(ctx context.Context, namespace string, condition Condition) error {
	pods, err := c.Pods(ctx, namespace, *condition.Pods)
	if err != nil {
		return err
	}
	if condition.Count != nil && len(pods) != *condition.Count {
		return fmt.Errorf("%d Pods with %q, want %d", len(pods), *condition.Pods, *condition.Count)
	}
	if condition.Count == nil && len(pods) == 0 {
		return fmt.Errorf("no Pods with %q", *condition.Pods)
	}
	for i := range pods {
		if err := checkPod(&pods[i], condition); err != nil {
			return fmt.Errorf("pod %s: %w", pods[i].Name, err)
		}
	}
	return nil
}

func checkPod(pod *corev1.Pod, want Condition) error {
	ready, scheduled := false, corev1.ConditionUnknown
	for _, condition := range pod.Status.Conditions {
		switch condition.Type {
		case corev1.PodReady:
			ready = condition.Status == corev1.ConditionTrue
		case corev1.PodScheduled:
			scheduled = condition.Status
		}
	}
	if want.PodReady != nil && ready != *want.PodReady {
		return fmt.Errorf("ready is %v, want %v", ready, *want.PodReady)
	}
	if want.Phase != "" && pod.Status.Phase != want.Phase {
		return fmt.Errorf("phase is %s, want %s", pod.Status.Phase, want.Phase)
	}
	if want.Unschedulable && scheduled != corev1.ConditionFalse {
		return fmt.Errorf("PodScheduled is %s, want False", scheduled)
	}
	statuses := append(append([]corev1.ContainerStatus(nil), pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
	var waiting string
	var restarts int32
	for _, status := range statuses {
		if status.State.Waiting != nil && waiting != want.Waiting {
			waiting = status.State.Waiting.Reason
		}
		restarts = max(restarts, status.RestartCount)
	}
	if want.Waiting != "" && waiting != want.Waiting {
		return fmt.Errorf("a container waits for the reason %q, want %q", waiting, want.Waiting)
	}
	if restarts < want.Restarts {
		return fmt.Errorf("%d restarts, want %d", restarts, want.Restarts)
	}
	return nil
}

func (c *Client) checkEndpoints(ctx context.Context, namespace string, condition Condition) error {
	slices, err := c.Slices(ctx, namespace, *condition.Endpoints)
	if err != nil {
		return err
	}
	ready, total := 0, 0
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			total += len(endpoint.Addresses)
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
				ready += len(endpoint.Addresses)
			}
		}
	}
	if condition.Ready != nil && ready != *condition.Ready || condition.Total != nil && total != *condition.Total {
		return fmt.Errorf("service %s has %d endpoints, %d of them ready", *condition.Endpoints, total, ready)
	}
	return nil
}

func (c *Client) checkDeployment(ctx context.Context, namespace string, condition Condition) error {
	deployment, err := c.Kube.AppsV1().Deployments(namespace).Get(ctx, condition.Deployment, metav1.GetOptions{})
	if err != nil {
		return err
	}
	want := int32(1)
	if deployment.Spec.Replicas != nil {
		want = *deployment.Spec.Replicas
	}
	if condition.Available != nil {
		want = *condition.Available
	}
	status := deployment.Status
	if status.ObservedGeneration < deployment.Generation || status.AvailableReplicas != want || status.UpdatedReplicas != status.Replicas {
		return fmt.Errorf("deployment %s: %d of %d replicas available, %d updated", condition.Deployment, status.AvailableReplicas, want, status.UpdatedReplicas)
	}
	return nil
}

func (c *Client) checkEvent(ctx context.Context, namespace, reason string) error {
	list, err := c.Kube.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=" + reason})
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return fmt.Errorf("no event with the reason %s", reason)
	}
	return nil
}

func (c *Client) checkSettled(ctx context.Context, namespace string, quiet time.Duration) error {
	list, err := c.Kube.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		slice := &list.Items[i]
		last := slice.CreationTimestamp.Time
		for _, entry := range slice.ManagedFields {
			if entry.Time != nil && entry.Time.After(last) {
				last = entry.Time.Time
			}
		}
		if age := time.Since(last); age < quiet {
			return fmt.Errorf("EndpointSlice %s changed %v ago", slice.Name, age.Round(time.Second))
		}
	}
	return nil
}
