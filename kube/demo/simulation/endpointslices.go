package simulation

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/net"
	"k8s.io/utils/ptr"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

const (
	sliceController = "endpointslice-controller.k8s.io"
	sliceManager    = "kube-controller-manager"
	// maxEndpoints is how many endpoints one slice takes (--max-endpoints-per-slice).
	maxEndpoints = 100
)

// reconcileService keeps a Service's EndpointSlices and Endpoints, and asks for its load balancer.
func (s *Simulation) reconcileService(key types.NamespacedName) {
	service, ok := apiserver.Get(s.store, &corev1.Service{}, key.Namespace, key.Name)
	if !ok {
		s.deleteEndpoints(key.Namespace, key.Name)
		return
	}
	s.reconcileLoadBalancer(service)
	// ExternalName and an empty selector: the controllers leave the Service alone, and whatever slices it has.
	if service.Spec.Type == corev1.ServiceTypeExternalName || len(service.Spec.Selector) == 0 {
		return
	}
	var pods []*corev1.Pod
	for _, pod := range apiserver.List(s.store, &corev1.Pod{}, key.Namespace) {
		if selects(service.Spec.Selector, pod.Labels) {
			pods = append(pods, pod)
		}
	}
	for _, family := range service.Spec.IPFamilies {
		s.reconcileSlices(service, pods, discoveryv1.AddressType(family))
	}
	s.reconcileEndpoints(service, pods)
}

// portGroup is the endpoints that share their ports: they go to slices of their own.
type portGroup struct {
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint
}

func (s *Simulation) reconcileSlices(service *corev1.Service, pods []*corev1.Pod, family discoveryv1.AddressType) {
	groups := s.groupEndpoints(service, pods, family)
	var existing []*discoveryv1.EndpointSlice
	for _, slice := range apiserver.List(s.store, &discoveryv1.EndpointSlice{}, service.Namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] == service.Name && slice.Labels[discoveryv1.LabelManagedBy] == sliceController &&
			slice.AddressType == family {
			existing = append(existing, slice)
		}
	}
	var wanted []portGroup
	for _, group := range groups {
		for chunk := range slices.Chunk(group.endpoints, maxEndpoints) {
			wanted = append(wanted, portGroup{ports: group.ports, endpoints: chunk})
		}
	}
	if len(wanted) == 0 {
		// A Service that selects nothing keeps one empty slice, without ports.
		wanted = []portGroup{{}}
	}
	taken := make([]*discoveryv1.EndpointSlice, len(wanted))
	free := existing
	take := func(i int, fits func(*discoveryv1.EndpointSlice) bool) {
		if at := slices.IndexFunc(free, fits); taken[i] == nil && at >= 0 {
			taken[i] = free[at]
			free = slices.Delete(slices.Clone(free), at, at+1)
		}
	}
	for i := range wanted {
		take(i, func(slice *discoveryv1.EndpointSlice) bool {
			return apiequality.Semantic.DeepEqual(slice.Ports, wanted[i].ports)
		})
	}
	// A slice that would be deleted while another is created is updated instead: it keeps its name and history
	// (reconciler.finalize in k8s.io/endpointslice).
	for i := range wanted {
		take(i, func(*discoveryv1.EndpointSlice) bool { return true })
	}
	for i, group := range wanted {
		s.writeSlice(service, family, taken[i], group)
	}
	for _, slice := range free {
		s.remove(slice)
	}
}

func (s *Simulation) groupEndpoints(service *corev1.Service, pods []*corev1.Pod, family discoveryv1.AddressType) []portGroup {
	byPorts := map[string]*portGroup{}
	for _, pod := range pods {
		if !shouldBeEndpoint(pod, true) {
			continue
		}
		endpoint, ok := s.endpointOf(service, pod, family)
		if !ok {
			continue
		}
		ports := slicePorts(service, pod)
		raw, err := json.Marshal(ports)
		if err != nil {
			continue
		}
		group := byPorts[string(raw)]
		if group == nil {
			group = &portGroup{ports: ports}
			byPorts[string(raw)] = group
		}
		group.endpoints = append(group.endpoints, endpoint)
	}
	var groups []portGroup
	for _, key := range slices.Sorted(maps.Keys(byPorts)) {
		groups = append(groups, *byPorts[key])
	}
	return groups
}

// slicePorts are the ports of a Service as this Pod has them. A named port that the Pod lacks is left out, so that a Pod
// which lacks them all is listed in a slice without ports.
func slicePorts(service *corev1.Service, pod *corev1.Pod) []discoveryv1.EndpointPort {
	if len(service.Spec.Ports) == 0 && service.Spec.ClusterIP == corev1.ClusterIPNone {
		return nil
	}
	var ports []discoveryv1.EndpointPort
	for _, declared := range service.Spec.Ports {
		number, ok := portOf(pod, declared)
		if !ok {
			continue
		}
		ports = append(ports, discoveryv1.EndpointPort{
			Name: ptr.To(declared.Name), Port: ptr.To(number), Protocol: ptr.To(declared.Protocol), AppProtocol: declared.AppProtocol,
		})
	}
	return ports
}

func (s *Simulation) endpointOf(service *corev1.Service, pod *corev1.Pod, family discoveryv1.AddressType) (discoveryv1.Endpoint, bool) {
	var addresses []string
	for _, ip := range pod.Status.PodIPs {
		if net.IsIPv6String(ip.IP) == (family == discoveryv1.AddressTypeIPv6) {
			addresses = append(addresses, ip.IP)
		}
	}
	if len(addresses) == 0 {
		return discoveryv1.Endpoint{}, false
	}
	terminating := pod.DeletionTimestamp != nil
	serving := isReady(pod)
	ready := service.Spec.PublishNotReadyAddresses || serving && !terminating
	endpoint := discoveryv1.Endpoint{
		Addresses:  addresses,
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	if pod.Spec.NodeName != "" {
		endpoint.NodeName = ptr.To(pod.Spec.NodeName)
		if node, ok := apiserver.Get(s.store, &corev1.Node{}, "", pod.Spec.NodeName); ok {
			if zone := node.Labels[corev1.LabelTopologyZone]; zone != "" {
				endpoint.Zone = &zone
			}
		} else if !service.Spec.PublishNotReadyAddresses {
			return discoveryv1.Endpoint{}, false // the controller skips a Pod whose Node it does not know
		}
	}
	if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
		endpoint.Hostname = ptr.To(pod.Spec.Hostname)
	}
	return endpoint, true
}

func (s *Simulation) writeSlice(service *corev1.Service, family discoveryv1.AddressType, old *discoveryv1.EndpointSlice, group portGroup) {
	slice := &discoveryv1.EndpointSlice{AddressType: family, Ports: group.ports, Endpoints: group.endpoints}
	labels := maps.Clone(service.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[discoveryv1.LabelServiceName] = service.Name
	labels[discoveryv1.LabelManagedBy] = sliceController
	delete(labels, corev1.IsHeadlessService)
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		labels[corev1.IsHeadlessService] = ""
	}
	slices.SortFunc(slice.Endpoints, func(a, b discoveryv1.Endpoint) int {
		return cmp.Or(strings.Compare(a.TargetRef.Name, b.TargetRef.Name), strings.Compare(a.Addresses[0], b.Addresses[0]))
	})
	if old != nil {
		sameSpec := apiequality.Semantic.DeepEqual(old.Ports, slice.Ports) && apiequality.Semantic.DeepEqual(old.Endpoints, slice.Endpoints)
		if sameSpec && maps.Equal(old.Labels, labels) {
			return
		}
		slice.ObjectMeta = *old.ObjectMeta.DeepCopy()
		slice.Generation++
	} else {
		slice.ObjectMeta = metav1.ObjectMeta{
			Namespace: service.Namespace, Name: service.Name + "-" + s.nameSuffix(5), GenerateName: service.Name + "-", Generation: 1,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(service, corev1.SchemeGroupVersion.WithKind("Service"))},
		}
	}
	slice.Labels = labels
	slice.Annotations = map[string]string{corev1.EndpointsLastChangeTriggerTime: s.now.UTC().Format(time.RFC3339)}
	fields := map[string]any{"addressType": leaf{}, "metadata": metadataFields(slice)}
	if len(slice.Endpoints) > 0 || ownsEndpoints(old) {
		fields["endpoints"], fields["ports"] = leaf{}, leaf{}
	}
	s.owns(slice, sliceManager, "", fields)
	s.put(slice)
}

// ownsEndpoints tells whether a slice ever had endpoints: its manager keeps the field even when it is empty again.
func ownsEndpoints(slice *discoveryv1.EndpointSlice) bool {
	if slice == nil {
		return false
	}
	for _, entry := range slice.ManagedFields {
		if entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), `"f:endpoints"`) {
			return true
		}
	}
	return false
}

// deleteEndpoints is what the garbage collector does after a Service is gone.
func (s *Simulation) deleteEndpoints(namespace, service string) {
	for _, slice := range apiserver.List(s.store, &discoveryv1.EndpointSlice{}, namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] == service {
			s.remove(slice)
		}
	}
	s.remove(&corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: service}}) //nolint:staticcheck // the proxy reads them
}
