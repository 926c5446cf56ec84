package isolation

import (
	"fmt"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Basis is what a conclusion rests on as far as the API tells of it: the Service, the tested Pod, and where the port led. It is immutable; the zero
// value rests on nothing.
type Basis struct {
	key  model.Key
	port string
	// service and pod are nil where there was none, or none was known; podPort is the port that was dialled on the Pod.
	service *corev1.Service
	pod     *corev1.Pod
	podPort int32
	// leadsTo is where the port led; it counts only where slicesKnown.
	leadsTo     []destination
	slicesKnown bool
	// policies is what NetworkPolicies made of the Pod's port; it counts only where policiesKnown.
	policies      check.PolicyStand
	policiesKnown bool
	// client is set where the conclusion is known of one client alone.
	client clientBasis
}

// destination is one usable endpoint; pod is empty for an address without a Pod.
type destination struct {
	pod, address string
	port         int32
}

func destinations(backends []check.Backend, endpoints []check.Endpoint) []destination {
	all := make([]destination, 0, len(endpoints))
	for _, endpoint := range endpoints {
		all = append(all, destination{backends[endpoint.Backend].PodName, endpoint.Address, endpoint.Port})
	}
	return all
}

// basis is what the test of a subject rests on.
func (s *subject) basis() Basis {
	return Basis{
		key: s.request.Service, port: s.request.Port, service: s.service, pod: s.pod, podPort: s.podPort,
		leadsTo: destinations(s.effective.Backends, s.endpoints), slicesKnown: s.facts.UsableKnown,
		policies: s.facts.Policies, policiesKnown: s.snapshot.Coverage(model.NetworkPolicies, s.request.Service.Namespace).Known(),
	}
}

// Outdated says in few words what has changed since the test in a way that bears on what it concluded; empty where nothing is known to have. It
// is pure.
func (b Basis) Outdated(snapshot *model.Snapshot) string {
	if b.service == nil {
		if snapshot.Service(b.key) != nil {
			return "the Service is there now"
		}
		return ""
	}
	if !snapshot.Coverage(model.Services, b.key.Namespace).Known() {
		return ""
	}
	service := snapshot.Service(b.key)
	switch {
	case service == nil:
		return "the Service is gone"
	case service.UID != b.service.UID:
		return "the Service was made anew"
	case !reflect.DeepEqual(service.Spec.Selector, b.service.Spec.Selector):
		return "the Service's selector was changed"
	case !reflect.DeepEqual(service.Spec.Ports, b.service.Spec.Ports):
		return "the Service's ports were changed"
	case !reflect.DeepEqual(service.Spec, b.service.Spec):
		return "the Service was changed"
	}
	if why := b.podOutdated(snapshot); why != "" {
		return why
	}
	if why := b.slicesOutdated(snapshot, service); why != "" {
		return why
	}
	if b.pod != nil && b.policiesKnown && snapshot.Coverage(model.NetworkPolicies, b.key.Namespace).Known() {
		if stand, _ := check.PoliciesFor(snapshot, b.pod, b.podPort); stand != b.policies {
			return fmt.Sprintf("NetworkPolicies make something else of Pod %s", b.pod.Name)
		}
	}
	return b.client.outdated(snapshot, b.key)
}

// podOutdated tells whether the tested Pod is another one by now, or runs other containers.
func (b Basis) podOutdated(snapshot *model.Snapshot) string {
	if b.pod == nil || !snapshot.Coverage(model.Pods, b.pod.Namespace).Known() {
		return ""
	}
	pod := snapshot.Pod(model.Key{Namespace: b.pod.Namespace, Name: b.pod.Name})
	switch {
	case pod == nil:
		return fmt.Sprintf("Pod %s is gone", b.pod.Name)
	case pod.UID != b.pod.UID:
		return fmt.Sprintf("Pod %s was replaced", b.pod.Name)
	case pod.DeletionTimestamp != nil && b.pod.DeletionTimestamp == nil:
		return fmt.Sprintf("Pod %s is terminating", b.pod.Name)
	}
	for _, statuses := range [][2][]corev1.ContainerStatus{
		{b.pod.Status.ContainerStatuses, pod.Status.ContainerStatuses},
		{b.pod.Status.InitContainerStatuses, pod.Status.InitContainerStatuses},
	} {
		if name := otherRun(statuses[0], statuses[1]); name != "" {
			return fmt.Sprintf("container %s of Pod %s was started or ended", name, pod.Name)
		}
	}
	return ""
}

// otherRun names a container that is in another run than before, or runs no more; empty for none.
func otherRun(before, now []corev1.ContainerStatus) string {
	for i := range now {
		at := slices.IndexFunc(before, func(status corev1.ContainerStatus) bool { return status.Name == now[i].Name })
		if at < 0 || before[at].RestartCount != now[i].RestartCount || (before[at].State.Running == nil) != (now[i].State.Running == nil) {
			return now[i].Name
		}
	}
	return ""
}

// slicesOutdated tells whether the port has lost an endpoint, or the first one came, or the tested Pod is one by now. That others came beside those
// that were there, as where a workload grows, changes nothing of what was seen.
func (b Basis) slicesOutdated(snapshot *model.Snapshot, service *corev1.Service) string {
	if !b.slicesKnown || !snapshot.Coverage(model.EndpointSlices, b.key.Namespace).Known() {
		return ""
	}
	effective := check.EffectiveEndpoints(snapshot, service)
	var now []destination
	for _, leads := range effective.Ports {
		if leads.Index >= 0 && portName(service.Spec.Ports[leads.Index]) == b.port {
			now = append(now, destinations(effective.Backends, leads.Usable)...)
		}
	}
	ofPod := func(to destination) bool { return b.pod != nil && to.pod == b.pod.Name }
	switch {
	case len(b.leadsTo) == 0 && len(now) > 0:
		return "the Service has endpoints now"
	case slices.ContainsFunc(now, ofPod) && !slices.ContainsFunc(b.leadsTo, ofPod):
		return fmt.Sprintf("Pod %s is an endpoint now", b.pod.Name)
	case slices.ContainsFunc(b.leadsTo, func(to destination) bool { return !slices.Contains(now, to) }):
		return "an endpoint is gone"
	}
	return ""
}
