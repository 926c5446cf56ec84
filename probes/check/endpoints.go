package check

import (
	"slices"

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
	// ofPod has the first place of each Pod in Backends, where these are many; nil where looking through them is faster.
	ofPod map[*corev1.Pod]int
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

// linearLimit is up to how many entries looking through them beats a map.
const linearLimit = 16

func protocolOf(protocol corev1.Protocol) corev1.Protocol {
	if protocol == "" {
		return corev1.ProtocolTCP
	}
	return protocol
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

// listedReady is how many entries of slices are ready: a Pod of two families, or of ports in several slices, has several.
func (e *Endpoints) listedReady() int {
	count := 0
	for i := range e.listed {
		if isReady(e.listed[i].endpoint) {
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
	_, found := e.placeOfPod(pod)
	return found
}

func (e *Endpoints) placeOfPod(pod *corev1.Pod) (place int, found bool) {
	if e.ofPod != nil {
		place, found = e.ofPod[pod]
		return place, found
	}
	place = slices.IndexFunc(e.Backends, func(backend Backend) bool { return backend.Pod == pod })
	return place, place >= 0
}

// ListsReady tells whether a slice lists a Pod as ready.
func (e *Endpoints) ListsReady(pod *corev1.Pod) bool {
	place, found := e.placeOfPod(pod)
	return found && e.Backends[place].Ready
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
