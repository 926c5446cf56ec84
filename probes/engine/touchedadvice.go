package engine

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// writes touches the Services whose address or variable is written into a Pod.
func (t *touched) writes(pod *corev1.Pod) {
	for _, written := range model.WrittenInto(&pod.Spec) {
		if name, isVariable := strings.CutSuffix(written.Variable, "_SERVICE_HOST"); isVariable {
			t.services[model.Key{Namespace: pod.Namespace, Name: strings.ToLower(strings.ReplaceAll(name, "_", "-"))}] = struct{}{}
			continue
		}
		for _, service := range t.snapshot.ServicesWithAddress(written.Value()) {
			t.services[model.Key{Namespace: service.Namespace, Name: service.Name}] = struct{}{}
		}
	}
}

// written touches the Services of the Pods into which the address of a Service that changed is written: it may be nobody's now.
func (t *touched) written(service *corev1.Service) {
	addresses := service.Spec.ClusterIPs
	if len(addresses) == 0 && service.Spec.ClusterIP != "" {
		addresses = []string{service.Spec.ClusterIP}
	}
	for _, address := range addresses {
		for _, pod := range t.snapshot.PodsWriting(address) {
			t.index.selecting(pod.Namespace, pod.Labels, t.service)
		}
	}
}

// beside touches the Services that share Pods with one that changed: a port that another Service leads to is none that was forgotten.
func (t *touched) beside(service *corev1.Service) {
	for _, pod := range t.snapshot.Selected(service.Namespace, service.Spec.Selector) {
		t.index.selecting(pod.Namespace, pod.Labels, t.service)
	}
}

// balancers touches the load balancers beside one that came, went or changed: they are counted.
func (t *touched) balancers(service *corev1.Service) {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return
	}
	for _, other := range t.snapshot.Services(service.Namespace) {
		if other.Spec.Type == corev1.ServiceTypeLoadBalancer {
			t.services[model.Key{Namespace: other.Namespace, Name: other.Name}] = struct{}{}
		}
	}
}
