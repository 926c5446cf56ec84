package simulation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// reconcileEndpoints keeps the legacy Endpoints of a Service, which the API server's Service proxy reads. Unlike slices
// they leave out terminating Pods, and Pods that lack every named port.
func (s *Simulation) reconcileEndpoints(service *corev1.Service, pods []*corev1.Pod) {
	subsets := map[string]*corev1.EndpointSubset{} //nolint:staticcheck // the proxy reads them
	for _, pod := range pods {
		if !shouldBeEndpoint(pod, service.Spec.PublishNotReadyAddresses) {
			continue
		}
		ports := endpointPorts(service, pod)
		if len(ports) == 0 && len(service.Spec.Ports) > 0 {
			continue
		}
		raw, err := json.Marshal(ports)
		if err != nil {
			continue
		}
		subset := subsets[string(raw)]
		if subset == nil {
			subset = &corev1.EndpointSubset{Ports: ports} //nolint:staticcheck // the proxy reads them
			subsets[string(raw)] = subset
		}
		address := corev1.EndpointAddress{
			IP: pod.Status.PodIP, NodeName: &pod.Spec.NodeName,
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		}
		if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
			address.Hostname = pod.Spec.Hostname
		}
		if service.Spec.PublishNotReadyAddresses || isReady(pod) {
			subset.Addresses = append(subset.Addresses, address)
		} else {
			subset.NotReadyAddresses = append(subset.NotReadyAddresses, address)
		}
	}
	endpoints := &corev1.Endpoints{ //nolint:staticcheck // the proxy reads them
		ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name, Labels: maps.Clone(service.Labels)},
	}
	metav1.SetMetaDataLabel(&endpoints.ObjectMeta, "endpoints.kubernetes.io/managed-by", "endpoint-controller")
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		endpoints.Labels[corev1.IsHeadlessService] = ""
	}
	for _, key := range slices.Sorted(maps.Keys(subsets)) {
		endpoints.Subsets = append(endpoints.Subsets, *subsets[key])
	}
	old, known := apiserver.Get(s.store, endpoints, service.Namespace, service.Name)
	if known && apiequality.Semantic.DeepEqual(old.Subsets, endpoints.Subsets) && maps.Equal(old.Labels, endpoints.Labels) {
		return
	}
	if known {
		endpoints.ManagedFields = old.ManagedFields
	}
	fields := map[string]any{"metadata": metadataFields(endpoints)}
	if len(endpoints.Subsets) > 0 {
		fields["subsets"] = leaf{}
	}
	s.owns(endpoints, sliceManager, "", fields)
	s.put(endpoints)
}

func endpointPorts(service *corev1.Service, pod *corev1.Pod) []corev1.EndpointPort {
	var ports []corev1.EndpointPort
	for _, declared := range service.Spec.Ports {
		if number, ok := portOf(pod, declared); ok {
			ports = append(ports, corev1.EndpointPort{
				Name: declared.Name, Port: number, Protocol: declared.Protocol, AppProtocol: declared.AppProtocol,
			})
		}
	}
	slices.SortFunc(ports, func(a, b corev1.EndpointPort) int { return strings.Compare(a.Name, b.Name) })
	return ports
}
