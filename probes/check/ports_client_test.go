package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestTheClientsIPFamily(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	families := func(all ...corev1.IPFamily) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Spec.IPFamilies = all }
	}
	addresses := func(all ...string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Status.PodIP, pod.Status.PodIPs = "", nil
			for _, ip := range all {
				pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: ip})
			}
			if len(all) > 0 {
				pod.Status.PodIP = all[0]
			}
		}
	}
	four, six := corev1.IPv4Protocol, corev1.IPv6Protocol
	sixOnly := service("web", app, families(six))
	both := pod("a", app, addresses("10.0.0.1", "fd00::1"))
	client := func(change ...func(*corev1.Pod)) *corev1.Pod { return pod("client", nil, change...) }
	for name, test := range map[string]struct {
		objects objects
		want    string
		command bool
	}{
		"IPv4, to IPv6 before Pods of both": {objects{sixOnly, both, client(addresses("10.0.0.9"))}, "PORT-17 major proven", true},
		"IPv4, to IPv6 before Pods of IPv6": {objects{sixOnly, pod("a", app, addresses("fd00::1")), client(addresses("10.0.0.9"))}, "PORT-17 major proven", false},
		"IPv4, to IPv6 before no Ready Pod": {objects{sixOnly, pod("a", app, addresses("10.0.0.1", "fd00::1"), notReady), client(addresses("10.0.0.9"))}, "PORT-17 major proven", false},
		"IPv6, to IPv4":                     {objects{service("web", app, families(four)), both, client(addresses("fd00::9"))}, "PORT-17 major likely", true},
		"both, to IPv6":                     {objects{sixOnly, both, client(addresses("10.0.0.9", "fd00::9"))}, "", false},
		"IPv4, to both, IPv6 first":         {objects{service("web", app, families(six, four)), both, client(addresses("10.0.0.9"))}, "", false},
		"the node's network": {objects{sixOnly, both, client(addresses("10.0.0.9"), func(pod *corev1.Pod) {
			pod.Spec.HostNetwork, pod.Spec.DNSPolicy = true, corev1.DNSClusterFirstWithHostNet
		})}, "", false},
		"no address yet":                 {objects{sixOnly, both, client(addresses())}, "", false},
		"a client that is not there":     {objects{sixOnly, both}, "", false},
		"a Service that is another name": {objects{service("web", nil, families(six), func(svc *corev1.Service) { svc.Spec.Type = corev1.ServiceTypeExternalName }), client(addresses("10.0.0.9"))}, "", false},
		"headless, of IPv6":              {objects{service("web", app, headless, families(six), ports(port(8080, 8080))), both, client(addresses("10.0.0.9"))}, "PORT-17 major proven", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Reaches(input(cluster(append(test.objects, twoNodes()...)...)), model.Key{Namespace: "shop", Name: "web"}, 0, Client{Pod: model.Key{Namespace: "shop", Name: "client"}}).Findings
			said := ""
			for i := range got {
				if said != "" {
					said += ", "
				}
				said += got[i].ID + " " + got[i].Severity.String() + " " + got[i].Confidence.String()
			}
			if said != test.want {
				t.Fatalf("got %q, want %q", said, test.want)
			}
			if said != "" && (got[0].Fix.Command != "") != test.command {
				t.Errorf("the fix is %+v", got[0].Fix)
			}
			if said != "" && !strings.HasPrefix(got[0].Title, "Pod shop/client has no IPv") {
				t.Errorf("the title is %q", got[0].Title)
			}
		})
	}
}
