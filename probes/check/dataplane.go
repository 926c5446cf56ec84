package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// nodesAsked is how many Nodes are looked at to tell the data plane: a cluster has one.
const nodesAsked = 16

// otherProxy is something that carries the traffic of Services beside kube-proxy, or in its place. The zero value is none
// that was recognised: then kube-proxy's own behaviour proves.
type otherProxy struct {
	name     string
	evidence Evidence
}

// dataPlane tells whether something else than kube-proxy is recognised to carry the traffic of Services. It is modest: it asks the
// Nodes, and the Pods of kube-system where somebody read them already; a cluster that shows no sign of another is one of kube-proxy. On
// GKE, where no Node tells, kube-proxy itself has to be seen, because Dataplane V2 is the default there.
//
// Every rule that rests on what kube-proxy does, and on nothing else, grades its findings by it.
func dataPlane(s *subject) otherProxy {
	var gke *corev1.Node
	for i, node := range s.in.Snapshot.Nodes() {
		if i == nodesAsked {
			break
		}
		if other, ok := otherProxyOfNode(node); ok {
			return other
		}
		if _, ok := node.Labels["cloud.google.com/gke-nodepool"]; ok && node.Labels["node.kubernetes.io/kube-proxy-ds-ready"] == "" {
			gke = node
		}
	}
	kubeProxy := false
	for _, pod := range s.in.Snapshot.Pods(systemNamespace) {
		if name := proxyOfPod(pod); name == kubeProxyName {
			kubeProxy = true
		} else if name != "" {
			return otherProxy{name, Evidence{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "metadata.name", Value: pod.Name}}
		}
	}
	if gke != nil && !kubeProxy {
		return otherProxy{"GKE, perhaps with Dataplane V2", Evidence{
			Kind: "Node", Name: gke.Name, Field: "metadata.labels.cloud.google.com/gke-nodepool", Value: gke.Labels["cloud.google.com/gke-nodepool"],
		}}
	}
	return otherProxy{}
}

// systemNamespace is where a cluster's own Pods run.
const systemNamespace = "kube-system"

// graded is a finding that rests on what kube-proxy does: beside another data plane it is only likely, and says so.
func (o otherProxy) graded(finding Finding) Finding {
	if o.name == "" {
		return finding
	}
	finding.Confidence = min(finding.Confidence, Likely)
	finding.Why = strings.TrimSpace(fmt.Sprintf("%s So it is with kube-proxy; here is %s, which may do otherwise.", finding.Why, o.name))
	finding.Evidence = append(finding.Evidence, o.evidence)
	return finding
}

// otherProxyOfNode reads what CNIs write on their Nodes.
func otherProxyOfNode(node *corev1.Node) (otherProxy, bool) {
	for i := range node.Status.Conditions {
		condition := &node.Status.Conditions[i]
		if condition.Type == corev1.NodeNetworkUnavailable && condition.Reason == "CiliumIsUp" {
			return otherProxy{ciliumName, Evidence{Kind: "Node", Name: node.Name, Field: "status.conditions[NetworkUnavailable].reason", Value: condition.Reason}}, true
		}
	}
	if value := node.Labels["kubernetes.azure.com/ebpf-dataplane"]; value != "" {
		return otherProxy{"Azure CNI powered by Cilium", Evidence{Kind: "Node", Name: node.Name, Field: "metadata.labels.kubernetes.azure.com/ebpf-dataplane", Value: value}}, true
	}
	keys := slices.Sorted(maps.Keys(node.Annotations))
	for _, sign := range nodeAnnotationSigns {
		for _, key := range keys {
			if strings.HasPrefix(key, sign.prefix) {
				return otherProxy{sign.name, Evidence{Kind: "Node", Name: node.Name, Field: "metadata.annotations." + key, Value: node.Annotations[key]}}, true
			}
		}
	}
	return otherProxy{}, false
}

type proxySign struct{ prefix, name string }

// nodeAnnotationSigns are annotations by which CNIs that carry Services by themselves keep their own state. It is never changed.
var nodeAnnotationSigns = []proxySign{
	{"network.cilium.io/", ciliumName},
	{"io.cilium.network.", ciliumName},
	{"k8s.ovn.org/node-subnets", "OVN-Kubernetes"},
	{"node.antrea.io/", "Antrea"},
	{"ovn.kubernetes.io/", "Kube-OVN"},
}

// The names of two data planes that rules ask for.
const (
	kubeProxyName = "kube-proxy"
	ciliumName    = "Cilium"
)

// proxyOfPod names the data plane that a Pod of kube-system belongs to; empty for none.
func proxyOfPod(pod *corev1.Pod) string {
	switch {
	case PodEnded(pod):
		return ""
	case pod.Labels["k8s-app"] == kubeProxyName, pod.Labels["component"] == kubeProxyName, pod.Labels["app.kubernetes.io/name"] == kubeProxyName:
		return kubeProxyName
	case strings.HasPrefix(pod.Name, "anetd-"):
		return "GKE Dataplane V2"
	case pod.Labels["k8s-app"] == "cilium":
		return ciliumName
	case pod.Labels["k8s-app"] == "kube-router":
		return "kube-router"
	case pod.Labels["app"] == "antrea" && pod.Labels["component"] == "antrea-agent":
		return "Antrea"
	}
	return ""
}
