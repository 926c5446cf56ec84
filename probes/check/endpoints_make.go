package check

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

type endpointsMaker struct {
	Endpoints
	headless bool
	selector map[string]string
}

// listedEndpoint is one that may count.
type listedEndpoint struct {
	slice    *discoveryv1.EndpointSlice
	endpoint *discoveryv1.Endpoint
	backend  int
}

func (m *endpointsMaker) list(snapshot *model.Snapshot, namespace string, slices []*discoveryv1.EndpointSlice, total int) {
	m.listed = make([]listedEndpoint, 0, total)
	m.Backends = make([]Backend, 0, total)
	places := newPlaces(total)
	for _, slice := range slices {
		if ignoredSlice(slice, m.headless) != "" {
			continue
		}
		for i := range slice.Endpoints {
			endpoint := &slice.Endpoints[i]
			if len(endpoint.Addresses) == 0 {
				continue
			}
			podName := targetPod(endpoint, namespace)
			pod := m.podOf(snapshot, slice, endpoint, podName)
			if pod != nil && PodEnded(pod) {
				continue
			}
			place, isNew := places.of(podName, endpoint.Addresses[0], m.Backends)
			if isNew {
				m.Backends = append(m.Backends, Backend{PodName: podName, Address: endpoint.Addresses[0], Pod: pod})
			}
			backend := &m.Backends[place]
			if backend.PodName == "" {
				backend.PodName = podName
			}
			if backend.Pod == nil {
				// A slice that is not up to date may have listed the Pod that had the name before.
				backend.Pod = pod
			}
			backend.Ready = backend.Ready || isReady(endpoint)
			backend.Serving = backend.Serving || isServing(endpoint)
			backend.Terminating = backend.Terminating || isTerminating(endpoint)
			m.listed = append(m.listed, listedEndpoint{slice, endpoint, place})
		}
	}
	if len(m.Backends) <= linearLimit {
		return
	}
	m.ofPod = make(map[*corev1.Pod]int, len(m.Backends))
	for place := range m.Backends {
		m.ofPod[m.Backends[place].Pod] = place
	}
}

// podOf returns the Pod that an endpoint stands for; nil where it is not known or gone. A Pod of the same name with another uid
// is another one, and what the controller lists for a selector it no longer lists once the labels differ.
func (m *endpointsMaker) podOf(snapshot *model.Snapshot, slice *discoveryv1.EndpointSlice, endpoint *discoveryv1.Endpoint, name string) *corev1.Pod {
	if name == "" {
		return nil
	}
	pod := snapshot.Pod(model.Key{Namespace: slice.Namespace, Name: name})
	if pod == nil || endpoint.TargetRef.UID != "" && endpoint.TargetRef.UID != pod.UID {
		return nil
	}
	if len(m.selector) > 0 && slice.Labels[discoveryv1.LabelManagedBy] == endpointSliceController && !carries(pod.Labels, m.selector) {
		return nil
	}
	return pod
}

func (m *endpointsMaker) add(port PortEndpoints) {
	usable := m.usable(&port, isReady)
	if len(usable) == 0 && !m.headless {
		usable = m.usable(&port, func(endpoint *discoveryv1.Endpoint) bool {
			return isServing(endpoint) && isTerminating(endpoint)
		})
		port.Fallback = len(usable) > 0
	}
	for i := range usable {
		m.Backends[usable[i].Backend].Usable = true
	}
	port.Usable = usable
	m.Ports = append(m.Ports, port)
}

func (m *endpointsMaker) usable(port *PortEndpoints, counts func(*discoveryv1.Endpoint) bool) []Endpoint {
	var usable []Endpoint
	var seen map[Endpoint]struct{}
	for i := range m.listed {
		listed := &m.listed[i]
		if !counts(listed.endpoint) || string(listed.slice.AddressType) != string(port.Family) {
			continue
		}
		number, found := slicePort(listed.slice, &port.Port)
		if !found && !m.headless {
			continue
		}
		if usable == nil {
			usable = make([]Endpoint, 0, len(m.listed)-i)
		}
		endpoint := Endpoint{Address: listed.endpoint.Addresses[0], Port: number, Backend: listed.backend, listed: i}
		if duplicate(usable, seen, endpoint) {
			continue
		}
		if len(usable) >= linearLimit {
			seen = remember(seen, usable, endpoint)
		}
		if listed.endpoint.NodeName != nil {
			endpoint.Node = *listed.endpoint.NodeName
		}
		usable = append(usable, endpoint)
	}
	return usable
}

func duplicate(usable []Endpoint, seen map[Endpoint]struct{}, endpoint Endpoint) bool {
	if seen != nil {
		_, found := seen[addressPort(endpoint)]
		return found
	}
	for i := range usable {
		if addressPort(usable[i]) == addressPort(endpoint) {
			return true
		}
	}
	return false
}

func remember(seen map[Endpoint]struct{}, usable []Endpoint, endpoint Endpoint) map[Endpoint]struct{} {
	if seen == nil {
		seen = make(map[Endpoint]struct{}, cap(usable))
		for i := range usable {
			seen[addressPort(usable[i])] = struct{}{}
		}
	}
	seen[addressPort(endpoint)] = struct{}{}
	return seen
}

func addressPort(endpoint Endpoint) Endpoint {
	return Endpoint{Address: endpoint.Address, Port: endpoint.Port}
}

// places finds the place of a backend. A Pod is one backend, whatever addresses it is listed with; so is a bare address, and
// that of a Pod which another slice lists by name is the Pod's. Two Pods of one address are two: they share their node's.
type places struct {
	byPod map[string]int
	// byAddress holds the first backend of an address, byBareAddress that which no Pod is known of.
	byAddress, byBareAddress map[string]int
}

func newPlaces(total int) places {
	if total <= linearLimit {
		return places{}
	}
	return places{byPod: make(map[string]int, total), byAddress: make(map[string]int, total), byBareAddress: map[string]int{}}
}

func (p places) of(podName, address string, backends []Backend) (place int, isNew bool) {
	if p.byPod == nil {
		return placeOf(podName, address, backends)
	}
	place, found := p.byPod[podName]
	switch {
	case podName != "" && !found:
		place, found = p.byBareAddress[address]
	case podName == "":
		place, found = p.byAddress[address]
	}
	if !found {
		place = len(backends)
	}
	switch {
	case podName != "":
		p.byPod[podName] = place
		delete(p.byBareAddress, address)
	case !found:
		p.byBareAddress[address] = place
	}
	if _, taken := p.byAddress[address]; !taken {
		p.byAddress[address] = place
	}
	return place, !found
}

func placeOf(podName, address string, backends []Backend) (place int, isNew bool) {
	bare := -1
	for i := range backends {
		switch {
		case podName != "" && backends[i].PodName == podName:
			return i, false
		case bare < 0 && backends[i].Address == address && (podName == "" || backends[i].PodName == ""):
			bare = i
		}
	}
	if bare >= 0 {
		return bare, false
	}
	return len(backends), true
}

// slicePort finds the port of a slice that kube-proxy joins to a Service's port: the names are equal, and the
// protocols, and there is a number. A slice whose ports are left out matches nothing.
func slicePort(slice *discoveryv1.EndpointSlice, port *corev1.ServicePort) (number int32, found bool) {
	for i := range slice.Ports {
		candidate := &slice.Ports[i]
		if candidate.Name == nil || *candidate.Name != port.Name || candidate.Port == nil || *candidate.Port == 0 {
			continue
		}
		protocol := corev1.ProtocolTCP
		if candidate.Protocol != nil {
			protocol = *candidate.Protocol
		}
		if protocol == protocolOf(port.Protocol) {
			return *candidate.Port, true
		}
	}
	return 0, false
}

func targetPod(endpoint *discoveryv1.Endpoint, namespace string) string {
	ref := endpoint.TargetRef
	if ref == nil || ref.Kind != "Pod" || ref.Namespace != "" && ref.Namespace != namespace {
		return ""
	}
	return ref.Name
}
