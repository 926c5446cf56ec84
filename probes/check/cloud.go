package check

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// cloud is who runs the nodes, as far as that changes what an annotation of a load balancer does.
type cloud string

// The clouds whose annotations are read.
const (
	cloudUnknown   cloud = ""
	cloudGKE       cloud = "GKE"
	cloudAWS       cloud = "AWS"
	cloudAzure     cloud = "Azure"
	cloudOpenStack cloud = "OpenStack"
	cloudOracle    cloud = "Oracle Cloud"
)

// cloudSign is what tells a cloud, and where it stands.
type cloudSign struct {
	cloud    cloud
	evidence Evidence
}

// cloudOf recognises the cloud from what its controllers wrote on the Service, else from its Nodes. known is false where the Nodes
// cannot be read and the Service shows nothing: then it may be any.
func cloudOf(s *subject) (sign cloudSign, known bool) {
	if sign, ok := cloudOfService(s.service); ok {
		return sign, true
	}
	for i, node := range s.in.Snapshot.Nodes() {
		if i == nodesAsked {
			break
		}
		if sign, ok := cloudOfNode(node); ok {
			return sign, true
		}
	}
	return cloudSign{}, s.covered(model.Nodes).Known()
}

// gkeOwnAnnotations are those in which GKE's load balancer controller notes what it made (ingress-gce, pkg/annotations). It is never
// changed.
var gkeOwnAnnotations = []string{
	"service.kubernetes.io/backend-service", "service.kubernetes.io/tcp-forwarding-rule", "service.kubernetes.io/udp-forwarding-rule",
	"service.kubernetes.io/firewall-rule", "cloud.google.com/neg-status",
}

func cloudOfService(service *corev1.Service) (cloudSign, bool) {
	name := func(field, value string) Evidence {
		return Evidence{Kind: "Service", Namespace: service.Namespace, Name: service.Name, Field: field, Value: value}
	}
	for _, finalizer := range service.Finalizers {
		switch {
		case strings.HasPrefix(finalizer, "gke.networking.io/"):
			return cloudSign{cloudGKE, name("metadata.finalizers", finalizer)}, true
		case finalizer == "service.k8s.aws/resources":
			return cloudSign{cloudAWS, name("metadata.finalizers", finalizer)}, true
		}
	}
	for _, key := range gkeOwnAnnotations {
		if value, ok := service.Annotations[key]; ok {
			return cloudSign{cloudGKE, name("metadata.annotations."+key, value)}, true
		}
	}
	return cloudSign{}, false
}

func cloudOfNode(node *corev1.Node) (cloudSign, bool) {
	if pool, ok := node.Labels["cloud.google.com/gke-nodepool"]; ok {
		return cloudSign{cloudGKE, Evidence{Kind: "Node", Name: node.Name, Field: "metadata.labels.cloud.google.com/gke-nodepool", Value: pool}}, true
	}
	for _, provider := range cloudProviders {
		if strings.HasPrefix(node.Spec.ProviderID, provider.prefix) {
			return cloudSign{provider.cloud, Evidence{Kind: "Node", Name: node.Name, Field: "spec.providerID", Value: node.Spec.ProviderID}}, true
		}
	}
	return cloudSign{}, false
}

// cloudProviders are how the clouds' node controllers begin spec.providerID. It is never changed.
var cloudProviders = []struct {
	prefix string
	cloud  cloud
}{
	{"gce://", cloudGKE},
	{"aws://", cloudAWS},
	{"azure://", cloudAzure},
	{"openstack://", cloudOpenStack},
	{"oci://", cloudOracle},
	{"ocid1.", cloudOracle},
}

// targetsPods tells whether a Service's load balancer sends to Pods by itself, past nodes and node ports, as far as the Service
// shows: then nodes do not matter to it.
func targetsPods(service *corev1.Service) bool {
	spec := &service.Spec
	if spec.AllocateLoadBalancerNodePorts != nil && !*spec.AllocateLoadBalancerNodePorts {
		return true
	}
	if slices.Contains([]string{"ip", "nlb-ip"}, service.Annotations["service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"]) ||
		service.Annotations["service.beta.kubernetes.io/aws-load-balancer-type"] == "nlb-ip" {
		return true
	}
	class := ""
	if spec.LoadBalancerClass != nil {
		class = *spec.LoadBalancerClass
	}
	return class == "tailscale" || strings.HasPrefix(class, "io.cilium/") || strings.HasPrefix(class, "eks.amazonaws.com/")
}

// excludedFromLoadBalancers tells whether a cloud's controller leaves a Node out of every load balancer (k8s.io/cloud-provider,
// service controller: nodeIncludedPredicate and nodeUnTaintedPredicate), and by what.
func excludedFromLoadBalancers(node *corev1.Node) (Evidence, bool) {
	if value, ok := node.Labels[corev1.LabelNodeExcludeBalancers]; ok && value != "false" {
		return Evidence{Kind: "Node", Name: node.Name, Field: "metadata.labels." + corev1.LabelNodeExcludeBalancers, Value: value}, true
	}
	for i := range node.Spec.Taints {
		if taint := &node.Spec.Taints[i]; taint.Key == "ToBeDeletedByClusterAutoscaler" {
			return Evidence{Kind: "Node", Name: node.Name, Field: "spec.taints", Value: taint.Key}, true
		}
	}
	return Evidence{}, false
}
