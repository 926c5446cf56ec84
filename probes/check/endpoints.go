package check

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// Endpoints is the effective endpoint model of one Service: what kube-proxy routes to, by the rules of its
// EndpointSlice cache and topology code, which is not what the legacy Endpoints object shows. For a headless
// Service it is what cluster DNS publishes. Endpoints of Pods that have ended are left out of every count:
// controllers may leave them listed for a long time.
type Endpoints struct {
	// Ports has one entry for each port and IP family of the Service, ports in the order of the spec.
	Ports []PortEndpoints
	// Backends are the distinct Pods, or bare addresses, that the slices list.
	Backends []Backend

	listed []listedEndpoint
}

// PortEndpoints is what one port of a Service leads to in one IP family.
type PortEndpoints struct {
	// Index is the port's place in spec.ports, -1 for a headless Service without ports.
	Index  int
	Port   corev1.ServicePort
	Family corev1.IPFamily
	// Usable are the endpoints that traffic goes to, without duplicates: the ready ones; where there is none,
	// those that are terminating and still serving (KEP-1669, ProxyTerminatingEndpoints).
	Usable []Endpoint
	// Fallback is true when Usable are terminating endpoints.
	Fallback bool
}

// Endpoint is one address that a port leads to.
type Endpoint struct {
	Address string
	// Port is the slice's port; zero where a headless Service has none.
	Port int32
	// Node is the node's name; empty where the slice does not say.
	Node string
	// Backend is the endpoint's place in Endpoints.Backends.
	Backend int

	listed int
}

// Backend is one Pod, or one address without a Pod, behind a Service.
type Backend struct {
	// PodName is empty for a bare address.
	PodName string
	Address string
	// Pod is nil when it is no Pod, when Pods are not known, or when the Pod is gone.
	Pod *corev1.Pod
	// The conditions are true when any slice says so of this backend.
	Ready, Serving, Terminating bool
	// Usable is true when at least one port leads here.
	Usable bool
}

// EffectiveEndpoints makes the model of a Service. An ExternalName has no endpoints, whatever slices are
// left over from an earlier type. It is pure and safe for concurrent use.
func EffectiveEndpoints(snapshot *model.Snapshot, service *corev1.Service) Endpoints {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return Endpoints{}
	}
	return effectiveEndpoints(snapshot, service, snapshot.SlicesOf(model.Key{Namespace: service.Namespace, Name: service.Name}))
}

func effectiveEndpoints(snapshot *model.Snapshot, service *corev1.Service, slices []*discoveryv1.EndpointSlice) Endpoints {
	made := endpointsMaker{headless: isHeadless(service), selector: service.Spec.Selector}
	total := 0
	for _, slice := range slices {
		total += len(slice.Endpoints)
	}
	made.list(snapshot, service.Namespace, slices, total)
	families := familiesOf(service, slices)
	made.Ports = make([]PortEndpoints, 0, max(1, len(service.Spec.Ports))*len(families))
	for _, family := range families {
		if len(service.Spec.Ports) == 0 {
			made.add(PortEndpoints{Index: -1, Family: family})
		}
		for i := range service.Spec.Ports {
			made.add(PortEndpoints{Index: i, Port: service.Spec.Ports[i], Family: family})
		}
	}
	return made.Endpoints
}

// familiesOf returns the families that the Service promises. A headless Service without a selector is given both by
// default, whatever it was made for: of that one only what the slices hold is asked.
func familiesOf(service *corev1.Service, slices []*discoveryv1.EndpointSlice) []corev1.IPFamily {
	unbound := isHeadless(service) && len(service.Spec.Selector) == 0
	if families := service.Spec.IPFamilies; len(families) > 0 && !unbound {
		return families
	}
	v4, v6 := isIPv4(service.Spec.ClusterIP), isIPv6(service.Spec.ClusterIP)
	if !v4 && !v6 {
		for _, slice := range slices {
			v4 = v4 || slice.AddressType == discoveryv1.AddressTypeIPv4
			v6 = v6 || slice.AddressType == discoveryv1.AddressTypeIPv6
		}
	}
	switch {
	case v4 && v6:
		return []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	case v6:
		return []corev1.IPFamily{corev1.IPv6Protocol}
	}
	return []corev1.IPFamily{corev1.IPv4Protocol}
}

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
				backend.PodName, backend.Pod = podName, pod
			}
			backend.Ready = backend.Ready || isReady(endpoint)
			backend.Serving = backend.Serving || isServing(endpoint)
			backend.Terminating = backend.Terminating || isTerminating(endpoint)
			m.listed = append(m.listed, listedEndpoint{slice, endpoint, place})
		}
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

// linearLimit is up to how many entries looking through them beats a map.
const linearLimit = 16

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
	if podName == "" && !found {
		p.byBareAddress[address] = place
	}
	if podName != "" {
		p.byPod[podName] = place
		delete(p.byBareAddress, address)
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

func protocolOf(protocol corev1.Protocol) corev1.Protocol {
	if protocol == "" {
		return corev1.ProtocolTCP
	}
	return protocol
}

func targetPod(endpoint *discoveryv1.Endpoint, namespace string) string {
	ref := endpoint.TargetRef
	if ref == nil || ref.Kind != "Pod" || ref.Namespace != "" && ref.Namespace != namespace {
		return ""
	}
	return ref.Name
}

// Conditions that are not set mean ready and serving, and not terminating (EndpointConditions in discovery/v1).
func isReady(endpoint *discoveryv1.Endpoint) bool {
	return endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready
}

func isServing(endpoint *discoveryv1.Endpoint) bool {
	return endpoint.Conditions.Serving == nil || *endpoint.Conditions.Serving
}

func isTerminating(endpoint *discoveryv1.Endpoint) bool {
	return endpoint.Conditions.Terminating != nil && *endpoint.Conditions.Terminating
}

// NothingUsable tells whether no port leads anywhere in any family.
func (e *Endpoints) NothingUsable() bool {
	for i := range e.Ports {
		if len(e.Ports[i].Usable) > 0 {
			return false
		}
	}
	return true
}

// Complete tells whether every port leads somewhere in every family.
func (e *Endpoints) Complete() bool {
	for i := range e.Ports {
		if len(e.Ports[i].Usable) == 0 {
			return false
		}
	}
	return true
}

// UsableCount is how many backends at least one port leads to.
func (e *Endpoints) UsableCount() int {
	count := 0
	for i := range e.Backends {
		if e.Backends[i].Usable {
			count++
		}
	}
	return count
}

// ListedCount is how many backends the slices list.
func (e *Endpoints) ListedCount() int { return len(e.Backends) }

// ReadyCount is how many backends are ready, whether or not a port leads to them.
func (e *Endpoints) ReadyCount() int {
	count := 0
	for i := range e.Backends {
		if e.Backends[i].Ready {
			count++
		}
	}
	return count
}

// sliceOfReady returns the first slice that lists a ready endpoint, or nil.
func (e *Endpoints) sliceOfReady() *discoveryv1.EndpointSlice {
	for i := range e.listed {
		if isReady(e.listed[i].endpoint) {
			return e.listed[i].slice
		}
	}
	return nil
}

// Lists tells whether the slices list a Pod.
func (e *Endpoints) Lists(pod *corev1.Pod) bool {
	for i := range e.Backends {
		if e.Backends[i].Pod == pod {
			return true
		}
	}
	return false
}

// ListsReady tells whether a slice lists a Pod as ready.
func (e *Endpoints) ListsReady(pod *corev1.Pod) bool {
	for i := range e.Backends {
		if e.Backends[i].Pod == pod {
			return e.Backends[i].Ready
		}
	}
	return false
}

// PortDead tells whether a port, by its index in spec.ports, leads nowhere in every family.
func (e *Endpoints) PortDead(index int) bool {
	found := false
	for i := range e.Ports {
		if e.Ports[i].Index != index {
			continue
		}
		found = true
		if len(e.Ports[i].Usable) > 0 {
			return false
		}
	}
	return found
}
