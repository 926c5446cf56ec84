package isolation

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/probes/check"
)

// addressed gives a Pod its addresses, the first of which is status.podIP.
func addressed(addresses ...string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.PodIP, pod.Status.PodIPs = addresses[0], nil
		for _, address := range addresses {
			pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: address})
		}
	}
}

// A client is led to addresses of the IP families that its Pod has.
func TestTheClientDialsAddressesOfItsOwnFamily(t *testing.T) {
	t.Parallel()
	families := func(clusterIPs ...string) *corev1.Service {
		service := webService()
		service.Spec.ClusterIP, service.Spec.ClusterIPs, service.Spec.IPFamilies = clusterIPs[0], clusterIPs, nil
		for _, address := range clusterIPs {
			family := corev1.IPv4Protocol
			if strings.Contains(address, ":") {
				family = corev1.IPv6Protocol
			}
			service.Spec.IPFamilies = append(service.Spec.IPFamilies, family)
		}
		return service
	}
	const four, six, name = "10.96.0.1:80", "[fd00:96::1]:80", "web.shop.svc:80"
	hostNetwork := func(pod *corev1.Pod) { pod.Spec.HostNetwork = true }
	for title, test := range map[string]struct {
		service *corev1.Service
		pod     func(*corev1.Pod)
		client  []func(*corev1.Pod)
		want    []string
	}{
		"both, IPv6 first, to a client of IPv4": {
			families("fd00:96::1", "10.96.0.1"), addressed("10.0.0.1", "fd00::1"), []func(*corev1.Pod){addressed("10.0.0.9")}, []string{four, name, "10.0.0.1:8080"},
		},
		"both, IPv6 first, to a client of both": {
			families("fd00:96::1", "10.96.0.1"), addressed("10.0.0.1", "fd00::1"), []func(*corev1.Pod){addressed("10.0.0.9", "fd00::9")}, []string{six, name, "10.0.0.1:8080"},
		},
		"both, IPv4 first, to a client of IPv6": {
			families("10.96.0.1", "fd00:96::1"), addressed("10.0.0.1", "fd00::1"), []func(*corev1.Pod){addressed("fd00::9")}, []string{six, name},
		},
		"IPv6 alone, to a client of IPv4": {
			families("fd00:96::1"), addressed("10.0.0.1", "fd00::1"), []func(*corev1.Pod){addressed("10.0.0.9")}, []string{six, name, "[fd00::1]:8080"},
		},
		"both, to a client in its node's network": {
			families("fd00:96::1", "10.96.0.1"), addressed("10.0.0.1", "fd00::1"), []func(*corev1.Pod){addressed("10.0.0.9"), hostNetwork}, []string{six, name, "10.0.0.1:8080"},
		},
		"one family, and nothing is known of the client's": {families("10.96.0.1"), addressed("10.0.0.1"), nil, []string{four, name, "10.0.0.1:8080"}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			pod := runningPod("web-1", "", test.pod)
			request := web
			request.Client = client
			s := newSubject(snapshotOf(test.service, pod, sliceOf("", 8080, pod), clientPodOf(test.client...)), request)
			dials, why := s.dials()
			var got []string
			for _, target := range dials.targets {
				got = append(got, target.label)
			}
			if why != "" || !slices.Equal(got, test.want) {
				t.Errorf("it dials %q (%s), want %q", got, why, test.want)
			}
		})
	}
}

// A client without an address of the Service's family is told that, and nothing of NetworkPolicies or kube-proxy.
func TestTheClientHasAnotherFamily(t *testing.T) {
	const noWay = "nc 1 nc: can't connect to remote host (x): Network is unreachable"
	for title, test := range map[string]struct {
		lines    map[string]string
		headless bool
	}{
		"at the address":                  {lines: map[string]string{"[fd00:96::1]:80/": noWay, "web.shop.svc:80/": noWay, "[fd00::1]:8080/": noWay}},
		"the resolver has no such record": {lines: map[string]string{"[fd00:96::1]:80/": noWay, "web.shop.svc:80/": "nc 1 nc: bad address 'web.shop.svc'", "[fd00::1]:8080/": noWay}},
		"headless":                        {lines: map[string]string{"web.shop.svc:8080/": "nc 1 nc: bad address 'web.shop.svc'", "[fd00::1]:8080/": noWay}, headless: true},
	} {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				service := webService()
				service.Spec.ClusterIP, service.Spec.ClusterIPs, service.Spec.IPFamilies = "fd00:96::1", []string{"fd00:96::1"}, []corev1.IPFamily{corev1.IPv6Protocol}
				if test.headless {
					service.Spec.ClusterIP, service.Spec.ClusterIPs = corev1.ClusterIPNone, []string{corev1.ClusterIPNone}
				}
				pod := runningPod("web-1", "", addressed("10.0.0.1", "fd00::1"))
				w.everywhere("web-1", 8080, "web", "80", 200)
				w.run = dialling(test.lines)
				slice := sliceOf("", 8080, pod)
				slice.AddressType, slice.Endpoints[0].Addresses = discoveryv1.AddressTypeIPv6, []string{"fd00::1"}
				snapshot := snapshotOf(service, pod, slice, clientPodOf(addressed("10.0.0.9")))
				request := web
				request.Client = client
				got := Run(t.Context(), w, snapshot, agreeing(snapshot, request), nil).Conclusion
				if got.ID != "PORT-17" || got.Mark != check.MarkFail || !strings.Contains(got.Text, "has no IPv6 address") || strings.Contains(got.Text+got.Next, "NetworkPolic") {
					t.Errorf("got %s %s: %s %s next %s", markName(got.Mark), got.ID, got.Text, got.Why, got.Next)
				}
			})
		})
	}
}
