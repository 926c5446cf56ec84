package check

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func dnsRules() []Rule {
	return []Rule{{
		IDs: []string{"DNS-02"}, Step: StepEndpoints, Uses: []model.Kind{model.Nodes},
		applies: func(s *subject) bool { return s.isClusterDNS() && s.dead() },
		check:   checkClusterDNS,
	}}
}

func dnsClientRules() []clientRule {
	return []clientRule{{
		IDs:     []string{"DNS-01"},
		applies: func(c *clientSubject) bool { return c.client.Pod != model.Key{} },
		reads:   (*clientSubject).readsClient,
		check: func(c *clientSubject) []Finding {
			if c.clientPod == nil {
				return nil
			}
			if finding := ClientDNS(c.in, c.clientPod); finding != nil {
				return []Finding{*finding}
			}
			return nil
		},
	}}
}

// isClusterDNS tells whether the Service is the one that kubelets write into the resolv.conf of Pods: installers keep to the name
// kube-dns, or to its label.
func (s *subject) isClusterDNS() bool {
	return s.key.Namespace == systemNamespace && !s.headless() && s.routes() &&
		(s.key.Name == "kube-dns" || s.service.Labels["k8s-app"] == "kube-dns" && offersDNS(s.service))
}

// ClusterDNSDead tells whether the cluster's name server is known to have nothing usable behind it (DNS-02). It is pure.
func ClusterDNSDead(snapshot *model.Snapshot) bool {
	service := snapshot.Service(model.Key{Namespace: systemNamespace, Name: "kube-dns"})
	if service == nil {
		return false
	}
	s := newSubject(Input{Snapshot: snapshot, Now: snapshot.At()}, service)
	return s.isClusterDNS() && s.dead()
}

func offersDNS(service *corev1.Service) bool {
	for i := range service.Spec.Ports {
		if service.Spec.Ports[i].Port == 53 {
			return true
		}
	}
	return false
}

// checkClusterDNS is DNS-02: the cluster's name server has nothing usable, so that no name resolves in any Pod that asks it. Where it
// has no Pods at all, somebody may have put another server in its place.
func checkClusterDNS(s *subject) []Finding {
	finding := Finding{
		ID: "DNS-02", Severity: Critical, Confidence: Proven, Step: StepEndpoints,
		Short: "cluster DNS is down: no name resolves",
		Title: "This is the cluster's name server, and nothing behind it is usable: no name resolves in any Pod that asks it.",
		Why:   "Whatever else is reported may follow from this. Caches on nodes and in programs answer for a while.",
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.clusterIP", Value: s.service.Spec.ClusterIP,
		}},
		Fix: &Fix{Note: "mend what the other findings of this Service say; kubelet's clusterDNS tells whether Pods ask this one"},

		consequence: true,
	}
	if s.podsKnown() && s.selects() && len(s.live()) == 0 {
		finding.Confidence = Likely
		finding.Why = "It has no Pods at all: Pods may be told of another name server. If not, whatever else is reported may follow from this."
	}
	return []Finding{s.settled(finding)}
}

// ClientDNS is DNS-01: it tells whether a Pod that is to be a client looks up names of this cluster at all. Pods with dnsPolicy
// Default, and those on their node's network with ClusterFirst, ask their node's name server, which does not know Services
// (kubernetes.io, DNS for Services and Pods). With dnsPolicy None its own dnsConfig decides, which is not read. The answer is nil where
// names of the cluster resolve as usual. It is pure.
func ClientDNS(in Input, pod *corev1.Pod) *Finding {
	finding := Finding{
		ID: "DNS-01", Severity: Critical, Confidence: Proven, Step: StepIsolation, Since: pod.CreationTimestamp.Time,
		Short: "client asks its node's DNS",
		Title: fmt.Sprintf("Pod %s does not look up names of this cluster: it asks its node's name server.", pod.Name),
		Evidence: []Evidence{{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "spec.dnsPolicy", Value: string(pod.Spec.DNSPolicy),
		}},
	}
	wanted := corev1.DNSClusterFirst
	switch {
	case pod.Spec.DNSPolicy == corev1.DNSNone:
		finding.Severity, finding.Confidence = Info, Possible
		finding.Short = "client has a dnsConfig of its own"
		finding.Title = fmt.Sprintf("Pod %s names its own name servers in spec.dnsConfig.", pod.Name)
		finding.Why = "Whether those know the names of this cluster is not known."
		return &finding
	case pod.Spec.HostNetwork && (pod.Spec.DNSPolicy == corev1.DNSClusterFirst || pod.Spec.DNSPolicy == ""):
		wanted = corev1.DNSClusterFirstWithHostNet
		finding.Why = "On its node's network dnsPolicy ClusterFirst means Default."
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "spec.hostNetwork", Value: "true"})
	case pod.Spec.DNSPolicy == corev1.DNSDefault:
		finding.Why = "dnsPolicy Default means the node's own resolv.conf."
		if pod.Spec.HostNetwork {
			wanted = corev1.DNSClusterFirstWithHostNet
		}
	default:
		return nil
	}
	finding.Why += " Addresses work; names of Services do not."
	if pod.Namespace == systemNamespace {
		// The cluster's own Pods, the name server first of all, are meant to ask the node's.
		finding.Severity = Info
		return &finding
	}
	finding.Fix = clientDNSFix(in, pod, wanted)
	return &finding
}

// clientDNSFix changes the template that the Pod was made from: of a running Pod the policy cannot be changed.
func clientDNSFix(in Input, pod *corev1.Pod, wanted corev1.DNSPolicy) *Fix {
	owner := OwnerOf(in.Snapshot, pod)
	switch owner.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
		patch := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"dnsPolicy": wanted}}}}
		return &Fix{
			Command: kubectlIn(in, pod.Namespace, "patch", strings.ToLower(owner.Kind), owner.Name, "--type=merge", "-p", asJSON(patch)),
			Note:    "makes its Pods anew",
		}
	}
	return &Fix{Note: fmt.Sprintf("make the Pod anew with dnsPolicy %s", wanted)}
}
