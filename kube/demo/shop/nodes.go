package shop

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// buildCluster makes what every cluster has: nodes, namespaces, its own Services, DNS and kube-proxy.
func (b *builder) buildCluster() {
	b.at(71*day, func() {
		for _, name := range []string{"default", "kube-system", "kube-public", "kube-node-lease"} {
			b.namespace(name)
		}
		for i, suffix := range []string{"0k2m", "7x4q", "b9wd", "tz61"} {
			b.node(fmt.Sprintf("gke-shop-prod-pool-1-3f1c9a7e-%s", suffix), i)
		}
		b.put(&networkingv1.ServiceCIDR{
			ObjectMeta: metav1.ObjectMeta{Name: "kubernetes"},
			Spec:       networkingv1.ServiceCIDRSpec{CIDRs: []string{"10.96.0.0/16"}},
		})
		b.put(&networkingv1.IngressClass{
			ObjectMeta: metav1.ObjectMeta{Name: "nginx", Annotations: labels{networkingv1.AnnotationIsDefaultIngressClass: "true"}},
			Spec:       networkingv1.IngressClassSpec{Controller: "k8s.io/ingress-nginx"},
		})
		b.kubernetesService()
	})
	b.at(70*day, func() {
		b.apply("kube-addon-manager", b.kubeProxy())
		dns := labels{"k8s-app": "kube-dns"}
		core := container("coredns", "registry.k8s.io/coredns/coredns:v1.13.1",
			corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}, port("dns-tcp", 53), port("metrics", 9153))
		core.ReadinessProbe = httpProbe("/ready", "8181", 10)
		core.Resources = requests("100m", "70Mi")
		b.apply("kube-addon-manager", deployment(metav1.ObjectMeta{Namespace: "kube-system", Name: "coredns", Labels: dns}, 2, dns, core))
		udp := servicePort("dns", 53, "53")
		udp.Protocol = corev1.ProtocolUDP
		kubeDNS := service(metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-dns", Labels: labels{
			"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS",
		}}, "10.96.0.10", dns, udp, servicePort("dns-tcp", 53, "53"), servicePort("metrics", 9153, "9153"))
		b.apply("kube-addon-manager", kubeDNS)

		metrics := labels{"k8s-app": "metrics-server"}
		server := container("metrics-server", "registry.k8s.io/metrics-server/metrics-server:v0.8.1", port("https", 10250))
		server.ReadinessProbe = httpsProbe("/readyz", "https")
		b.apply("kube-addon-manager", deployment(metav1.ObjectMeta{Namespace: "kube-system", Name: "metrics-server", Labels: metrics}, 1, metrics, server))
		b.apply("kube-addon-manager", service(metav1.ObjectMeta{Namespace: "kube-system", Name: "metrics-server", Labels: metrics},
			"10.96.0.44", metrics, servicePort("https", 443, "https")))
	})
}

func (b *builder) namespace(name string) {
	b.put(&corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels{corev1.LabelMetadataName: name}},
		Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	})
}

func (b *builder) node(name string, index int) {
	zone := "europe-west1-" + string(rune('b'+index%3))
	address := fmt.Sprintf("10.132.0.%d", 11+index)
	capacity := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16393244Ki"), corev1.ResourcePods: resource.MustParse("110"),
	}
	allocatable := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("3920m"), corev1.ResourceMemory: resource.MustParse("13590556Ki"), corev1.ResourcePods: resource.MustParse("110"),
	}
	now := metav1.NewTime(b.sim.Now())
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: metav1.NewTime(b.start), LastTransitionTime: now}
	}
	b.put(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels{
			corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
			corev1.LabelTopologyZone: zone, corev1.LabelTopologyRegion: "europe-west1",
			corev1.LabelInstanceTypeStable: "e2-standard-4", "cloud.google.com/gke-nodepool": "pool-1",
		}},
		Spec: corev1.NodeSpec{PodCIDR: fmt.Sprintf("10.4.%d.0/21", index*8), ProviderID: fmt.Sprintf("gce://shop-prod/%s/%s", zone, name)},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: allocatable,
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}, {Type: corev1.NodeHostName, Address: name}},
			Conditions: []corev1.NodeCondition{
				condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
				condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
				condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
				condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
			},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: "v1.36.3", ContainerRuntimeVersion: "containerd://2.4.1", OSImage: "Container-Optimized OS from Google",
				KernelVersion: "6.12.41+", OperatingSystem: "linux", Architecture: "amd64",
			},
		},
	})
}

// kubernetesService is the API server's own: no selector, and a slice that names the API servers.
func (b *builder) kubernetesService() {
	own := labels{"component": "apiserver", "provider": "kubernetes"}
	b.apply("kube-apiserver", service(metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Labels: own},
		"10.96.0.1", nil, servicePort("https", 443, "443")))
	b.put(&discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Generation: 1, Labels: labels{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("https"), Port: ptr.To[int32](443), Protocol: ptr.To(corev1.ProtocolTCP)}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.132.0.2"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}}},
	})
	b.put(&corev1.Endpoints{ //nolint:staticcheck // every API server still writes them
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Labels: labels{discoveryv1.LabelSkipMirror: "true"}},
		Subsets: []corev1.EndpointSubset{{ //nolint:staticcheck // see above
			Addresses: []corev1.EndpointAddress{{IP: "10.132.0.2"}},
			Ports:     []corev1.EndpointPort{{Name: "https", Port: 443, Protocol: corev1.ProtocolTCP}},
		}},
	})
}

func (b *builder) kubeProxy() *appsv1.DaemonSet {
	own := labels{"component": "kube-proxy", "k8s-app": "kube-proxy"}
	proxy := container("kube-proxy", "registry.k8s.io/kube-proxy:v1.36.3")
	proxy.Command = []string{"kube-proxy", "--proxy-mode=nftables", "--cluster-cidr=10.4.0.0/14"}
	proxy.Resources = requests("100m", "64Mi")
	set := daemonSet(metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-proxy", Labels: own}, own, true, proxy)
	set.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{
		Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: ptr.To(intstr.FromString("10%"))},
	}
	return set
}

// ago returns a time before the demo begins.
func (b *builder) ago(d time.Duration) time.Time { return b.start.Add(-d) }
