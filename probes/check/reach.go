package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// typeText is the Service's type as a person calls it.
func typeText(service *corev1.Service) string {
	switch {
	case isHeadless(service):
		return "ClusterIP (headless)"
	case service.Spec.Type == corev1.ServiceTypeLoadBalancer && internalBy(service) != "":
		return "LoadBalancer (internal)"
	case service.Spec.Type == "":
		return "ClusterIP"
	}
	return string(service.Spec.Type)
}

// internalBy returns the annotation or class that makes a load balancer internal; empty for none.
func internalBy(service *corev1.Service) string {
	for _, rule := range internalAnnotations {
		if rule.means(service.Annotations[rule.key]) {
			return rule.key
		}
	}
	if class := service.Spec.LoadBalancerClass; class != nil && strings.HasPrefix(*class, "networking.gke.io/l4-regional-internal") {
		return "spec.loadBalancerClass"
	}
	return ""
}

type internalAnnotation struct {
	cloud  cloud
	key    string
	values []string
	// external are the values by which somebody says plainly that it shall not be internal. Empty where the cloud's controller
	// takes other values too, or reports them as an error instead of making an external one.
	external []string
}

// means tells whether a value makes the load balancer internal.
func (a *internalAnnotation) means(value string) bool { return slices.Contains(a.values, value) }

// misspelt tells whether somebody wrote a value that the cloud silently takes for external. Of GKE it is known that even the case of
// letters counts (cloud-provider-gcp, GetLoadBalancerAnnotationType).
func (a *internalAnnotation) misspelt(value string) bool {
	same := func(other string) bool { return strings.EqualFold(other, value) }
	if value == "" || a.means(value) || len(a.external) == 0 || slices.ContainsFunc(a.external, same) {
		return false
	}
	return a.cloud == cloudGKE || !slices.ContainsFunc(a.values, same)
}

// internalAnnotations are those with which the clouds make a load balancer internal. It is never changed.
var internalAnnotations = []internalAnnotation{
	{cloudGKE, "networking.gke.io/load-balancer-type", []string{"Internal", "internal"}, []string{"External"}},
	{cloudGKE, "cloud.google.com/load-balancer-type", []string{"Internal", "internal"}, []string{"External"}},
	{cloudAWS, "service.beta.kubernetes.io/aws-load-balancer-scheme", []string{"internal"}, nil},
	{cloudAWS, "service.beta.kubernetes.io/aws-load-balancer-internal", []string{"true", "0.0.0.0/0"}, nil},
	{cloudAzure, "service.beta.kubernetes.io/azure-load-balancer-internal", []string{"true"}, []string{"false"}},
	{cloudOpenStack, "service.beta.kubernetes.io/openstack-internal-load-balancer", []string{"true"}, nil},
	{cloudOracle, "service.beta.kubernetes.io/oci-load-balancer-internal", []string{"true"}, nil},
}

// reach says from where a Service can be reached, as what, and the main downside.
func reach(service *corev1.Service) string {
	name, addresses := service.Name+"."+service.Namespace, externalAddresses(service)
	switch {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		return fmt.Sprintf("inside the cluster, as a DNS name for %s; the port, the TLS name and the HTTP host stay those of the target", service.Spec.ExternalName)
	case isHeadless(service) && len(service.Spec.Selector) == 0:
		return fmt.Sprintf("inside the cluster, as %s, which resolves to the addresses that somebody wrote into its EndpointSlices; nothing balances or checks them", name)
	case isHeadless(service):
		return fmt.Sprintf("inside the cluster, as %s, which resolves to every ready Pod's own address; clients choose one, and must use the targetPort", name)
	case service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(addresses) == 0 && internalBy(service) != "":
		return fmt.Sprintf("inside the cluster, as %s; from the private network once its load balancer has an address; not from the internet", name)
	case service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(addresses) == 0:
		return fmt.Sprintf("inside the cluster, as %s; from outside once its load balancer has an address", name)
	case service.Spec.Type == corev1.ServiceTypeLoadBalancer && internalBy(service) != "":
		return fmt.Sprintf("from the private network, as %s; inside the cluster, as %s; not from the internet, and often from one region only", strings.Join(addresses, ", "), name)
	case service.Spec.Type == corev1.ServiceTypeLoadBalancer:
		return fmt.Sprintf("from outside, as %s; inside the cluster, as %s; it pays for a load balancer of its own", strings.Join(addresses, ", "), name)
	case service.Spec.Type == corev1.ServiceTypeNodePort:
		return fmt.Sprintf("from wherever a node can be reached, as NODE:%s; inside the cluster, as %s; firewalls must let clients through to the nodes", nodePortsText(service), name)
	case len(service.Spec.ExternalIPs) > 0:
		return fmt.Sprintf("from outside, as %s (spec.externalIPs); inside the cluster, as %s", strings.Join(service.Spec.ExternalIPs, ", "), name)
	case len(service.Spec.Selector) == 0:
		return fmt.Sprintf("inside the cluster, as %s, which leads to backends outside the cluster or other addresses in its EndpointSlices; nothing checks their health", name)
	}
	return fmt.Sprintf("inside the cluster, as %s; not from outside", name)
}

// noNodePorts stands for the node ports of a Service that has none, or not yet.
const noNodePorts = "<none>"

func nodePortsText(service *corev1.Service) string {
	var ports []string
	for i := range service.Spec.Ports {
		if port := service.Spec.Ports[i].NodePort; port != 0 {
			ports = append(ports, strconv.Itoa(int(port)))
		}
	}
	if len(ports) == 0 {
		return noNodePorts
	}
	return strings.Join(ports, ",")
}

// factLines explains the settings of a Service that change where its traffic goes, annotations of the clouds included.
func factLines(service *corev1.Service) []FactLine {
	var lines []FactLine
	add := func(name, value, meaning string) { lines = append(lines, FactLine{name, value, meaning}) }
	spec := &service.Spec
	if service.DeletionTimestamp != nil {
		add("metadata.finalizers", strings.Join(service.Finalizers, ", "), "the Service is being deleted, and waits for these")
	}
	if spec.SessionAffinity == corev1.ServiceAffinityClientIP {
		add("spec.sessionAffinity", "ClientIP", "a client stays with one Pod; everybody behind one NAT address is one client")
	}
	if spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		add("spec.externalTrafficPolicy", "Local", "keeps the client's address; a node without a ready Pod drops traffic from outside")
	}
	if spec.InternalTrafficPolicy != nil && *spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal {
		add("spec.internalTrafficPolicy", "Local", "Pods reach only Pods of their own node; on a node without one they time out")
	}
	if spec.PublishNotReadyAddresses {
		add("spec.publishNotReadyAddresses", "true", "Pods are endpoints whether they are Ready or not")
	}
	if len(spec.LoadBalancerSourceRanges) > 0 {
		add("spec.loadBalancerSourceRanges", strings.Join(spec.LoadBalancerSourceRanges, ", "), "only these clients get in; others time out")
	}
	if spec.LoadBalancerClass != nil {
		add("spec.loadBalancerClass", *spec.LoadBalancerClass, "only the controller of this class looks at the Service; it cannot be changed")
	}
	if spec.AllocateLoadBalancerNodePorts != nil && !*spec.AllocateLoadBalancerNodePorts {
		add("spec.allocateLoadBalancerNodePorts", "false", "no node ports: the load balancer has to reach Pods by itself")
	}
	if len(spec.ExternalIPs) > 0 {
		add("spec.externalIPs", strings.Join(spec.ExternalIPs, ", "), "nodes take traffic for these addresses, if the network brings it to them")
	}
	if len(spec.IPFamilies) > 1 {
		add("spec.ipFamilies", fmt.Sprint(spec.IPFamilies), "the Service has an address of each family")
	}
	if proxy, ok := service.Labels["service.kubernetes.io/service-proxy-name"]; ok {
		add("metadata.labels.service.kubernetes.io/service-proxy-name", proxy, "kube-proxy leaves this Service to that proxy")
	}
	for _, key := range slices.Sorted(maps.Keys(service.Annotations)) {
		if meaning := annotationMeaning(key); meaning != "" {
			add("metadata.annotations."+key, service.Annotations[key], meaning)
		}
	}
	return lines
}

func annotationMeaning(key string) string {
	switch key {
	case "networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type":
		return "GKE: Internal makes an internal load balancer; any other value makes an external one"
	case "networking.gke.io/load-balancer-ip-addresses":
		return "GKE: names of reserved regional addresses, not addresses; a name that is not found is passed over silently"
	case "networking.gke.io/internal-load-balancer-allow-global-access":
		return "GKE: clients of other regions may reach the internal load balancer"
	case "networking.gke.io/internal-load-balancer-subnet":
		return "GKE: the subnet that the internal address comes from"
	case "networking.gke.io/weighted-load-balancing":
		return "GKE: nodes get traffic by how many Pods they carry"
	case "cloud.google.com/neg":
		return "GKE: network endpoint groups, so that load balancers reach Pods directly"
	case "cloud.google.com/l4-rbs":
		return "GKE: the load balancer is backed by a backend service"
	case "cloud.google.com/backend-config", "beta.cloud.google.com/backend-config":
		return "GKE: health check and timeouts of Ingress backends"
	case "service.beta.kubernetes.io/aws-load-balancer-type":
		return "AWS: which kind of load balancer, and by whom"
	case "service.beta.kubernetes.io/aws-load-balancer-scheme", "service.beta.kubernetes.io/aws-load-balancer-internal":
		return "AWS: internal or internet-facing; the AWS Load Balancer Controller makes it internal by default"
	case "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type":
		return "AWS: ip sends to Pods, instance to node ports"
	case "service.beta.kubernetes.io/azure-load-balancer-internal":
		return "Azure: true makes an internal load balancer"
	case "service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints":
		return "traffic prefers endpoints of the client's zone; it is a preference only"
	case "argo-rollouts.argoproj.io/managed-by-rollouts":
		return "an Argo Rollout rewrites the selector of this Service"
	}
	return ""
}
