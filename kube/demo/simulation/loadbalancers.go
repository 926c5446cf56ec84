package simulation

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

const balancerFinalizer = "service.kubernetes.io/load-balancer-cleanup"

var serviceController = source{component: "service-controller"}

// CloudProvider is what makes load balancers in the simulated cloud.
type CloudProvider struct {
	// External and Internal are the addresses it gives, in order.
	External, Internal []string
	// MakeTime is how long one takes.
	MakeTime time.Duration
	// QuotaError is what it says when the external addresses are used up.
	QuotaError string
}

// balancer is the service controller's state.
type balancer struct {
	cloud CloudProvider
	// given holds the addresses by Service.
	given map[types.UID]string
	// busy holds the Services that are being worked on.
	busy map[types.UID]bool
}

// UseCloud sets the cloud provider. Without one, Services of type LoadBalancer stay pending and nobody says a word.
func (s *Simulation) UseCloud(cloud CloudProvider) {
	s.balancer = balancer{cloud: cloud, given: map[types.UID]string{}, busy: map[types.UID]bool{}}
}

func (s *Simulation) reconcileLoadBalancer(service *corev1.Service) {
	b := &s.balancer
	if b.given == nil || service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil || b.busy[service.UID] {
		return
	}
	if len(service.Status.LoadBalancer.Ingress) > 0 {
		return
	}
	b.busy[service.UID] = true
	if !slices.Contains(service.Finalizers, balancerFinalizer) {
		updated := service.DeepCopy()
		updated.Finalizers = append(updated.Finalizers, balancerFinalizer)
		s.put(updated)
	}
	s.ensureLoadBalancer(service, 1)
}

func (s *Simulation) ensureLoadBalancer(service *corev1.Service, attempt int) {
	current, ok := apiserver.Get(s.store, service, service.Namespace, service.Name)
	if !ok || current.UID != service.UID {
		delete(s.balancer.busy, service.UID)
		return
	}
	s.normal(current, serviceController, "EnsuringLoadBalancer", "Ensuring load balancer")
	cloud := s.balancer.cloud
	address, ok := s.addressFor(current)
	if !ok {
		s.After(s.between(time.Second, 3*time.Second), func() {
			s.warning(current, serviceController, "SyncLoadBalancerFailed",
				fmt.Sprintf("Error syncing load balancer: failed to ensure load balancer: %s", cloud.QuotaError))
		})
		s.After(backoff(attempt)+5*time.Second, func() { s.ensureLoadBalancer(service, attempt+1) })
		return
	}
	s.After(cloud.MakeTime, func() {
		current, ok := apiserver.Get(s.store, service, service.Namespace, service.Name)
		if !ok || current.UID != service.UID {
			return
		}
		delete(s.balancer.busy, service.UID)
		updated := current.DeepCopy()
		vip := corev1.LoadBalancerIPModeVIP
		updated.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address, IPMode: &vip}}
		s.owns(updated, "cloud-controller-manager", "status", map[string]any{
			"status": map[string]any{"loadBalancer": map[string]any{"ingress": leaf{}}},
		})
		s.put(updated)
		s.normal(updated, serviceController, "EnsuredLoadBalancer", "Ensured load balancer")
	})
}

func (s *Simulation) addressFor(service *corev1.Service) (string, bool) {
	b := &s.balancer
	if address, ok := b.given[service.UID]; ok {
		return address, true
	}
	pool := &b.cloud.External
	if IsInternal(service) {
		pool = &b.cloud.Internal
	}
	if len(*pool) == 0 {
		return "", false
	}
	address := (*pool)[0]
	*pool = (*pool)[1:]
	b.given[service.UID] = address
	return address, true
}

// IsInternal tells whether a Service's annotations ask for a load balancer inside the network only. GKE takes Internal and
// internal, and makes an external one for any other word.
func IsInternal(service *corev1.Service) bool {
	for _, key := range []string{"networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type"} {
		if kind := service.Annotations[key]; kind == "Internal" || kind == "internal" {
			return true
		}
	}
	return false
}
