package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// hostnamePatience is how long a new name of a load balancer may take until DNS everywhere knows it.
const hostnamePatience = 10 * time.Minute

// loadBalancerServedRules look at what a load balancer that was asked for can serve, whether or not it has its address.
func loadBalancerServedRules() []Rule {
	is := func(s *subject) bool {
		return s.service.Spec.Type == corev1.ServiceTypeLoadBalancer && s.service.DeletionTimestamp == nil
	}
	return []Rule{
		{
			IDs: []string{"LB-04"}, Step: StepService, check: checkLoadBalancerPorts,
			applies: func(s *subject) bool {
				return is(s) && (len(s.service.Status.Conditions) > 0 || portStatusError(s.service) != nil)
			},
		},
		{
			IDs: []string{"LB-08"}, Step: StepService, check: checkNoNodePorts,
			applies: func(s *subject) bool { return is(s) && !allocatesNodePorts(s.service) },
		},
		{
			IDs: []string{"LB-09"}, Step: StepService, Reads: []model.Kind{model.Nodes}, check: checkNodesExcluded,
			applies: func(s *subject) bool { return is(s) && s.readableOrComing(model.Nodes) },
		},
		{
			IDs: []string{"LB-07", "LB-10", "LB-12"}, Step: StepService, check: adviseLoadBalancer, applies: is,
		},
	}
}

// readableOrComing is for rules that are silent where a kind may not be read: what they would find is too rare to trouble everybody
// with the gap.
func (s *subject) readableOrComing(kind model.Kind) bool {
	coverage := s.covered(kind)
	return coverage.Known() || coverage.Pending()
}

func portStatusError(service *corev1.Service) *corev1.PortStatus {
	for i := range service.Status.LoadBalancer.Ingress {
		ports := service.Status.LoadBalancer.Ingress[i].Ports
		for j := range ports {
			if ports[j].Error != nil && *ports[j].Error != "" {
				return &ports[j]
			}
		}
	}
	return nil
}

const mixedProtocols = "LoadBalancerMixedProtocolNotSupported"

// checkLoadBalancerPorts is LB-04: the load balancer's controller says in the Service's status that it does not serve some of its
// ports. What it says of mixed protocols is left over where the ports are all of one by now.
func checkLoadBalancerPorts(s *subject) []Finding {
	finding := Finding{
		ID: "LB-04", Severity: Major, Confidence: Proven, Step: StepService, Since: s.created(),
		Title: "The load balancer does not serve every port of the Service.",
		Fix:   s.serviceFix(Fix{Note: "make a Service of its own for the ports that it does not serve"}),
	}
	if change, ok := model.PortsChanged(s.service); ok {
		finding.Since = change.At
	}
	mixed := len(protocolsOf(s.service)) > 1
	for i := range s.service.Status.Conditions {
		condition := &s.service.Status.Conditions[i]
		if condition.Type != corev1.LoadBalancerPortsError || condition.Status != metav1.ConditionTrue || condition.Reason == mixedProtocols && !mixed {
			continue
		}
		finding.Short = short("load balancer serves not all ports")
		finding.Why = strings.TrimSpace(condition.Reason + " " + condition.Message)
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name,
			Field: "status.conditions[" + condition.Type + "]", Value: condition.Reason,
		})
		if condition.Reason == mixedProtocols {
			protocols := strings.Join(protocolsOf(s.service), " and ")
			finding.Short = short("load balancer: not %s in one", protocols)
			finding.Title = fmt.Sprintf("The load balancer does not take %s in one Service.", protocols)
			finding.Fix = s.serviceFix(Fix{Note: "make two Services of type LoadBalancer with this selector, one for each protocol"})
		}
		break
	}
	if status := portStatusError(s.service); status != nil {
		value := *status.Error
		if value == mixedProtocols && !mixed {
			return nil
		}
		if len(finding.Evidence) == 0 {
			finding.Short = short("load balancer: port %d: %s", status.Port, value)
			finding.Title = fmt.Sprintf("The load balancer does not serve port %d: %s.", status.Port, value)
			finding.Why = "Its controller says so in the Service's status."
		}
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name,
			Field: fmt.Sprintf("status.loadBalancer.ingress[*].ports[%d].error", status.Port), Value: value,
		})
	}
	if len(finding.Evidence) == 0 {
		return nil
	}
	return []Finding{s.heldFor(finding, settleTime)}
}

// protocolsOf returns the protocols of a Service's ports, sorted.
func protocolsOf(service *corev1.Service) []string {
	var protocols []string
	for i := range service.Spec.Ports {
		protocols = append(protocols, string(protocolOf(service.Spec.Ports[i].Protocol)))
	}
	slices.Sort(protocols)
	return slices.Compact(protocols)
}

// allocatesNodePorts is false where a load balancer gets no node ports, and a port has none from an earlier time.
func allocatesNodePorts(service *corev1.Service) bool {
	if allocate := service.Spec.AllocateLoadBalancerNodePorts; allocate == nil || *allocate {
		return true
	}
	return !slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool { return port.NodePort == 0 })
}

const unallocatedNodePort = "unallocated nodeport"

func saysNoNodePorts(event *corev1.Event) bool {
	return strings.Contains(strings.ToLower(event.Message), unallocatedNodePort)
}

// checkNoNodePorts is LB-08: no node ports, and a load balancer that is told to send to them. Load balancers that reach Pods by
// themselves, or take the address in the cluster's own network, need none. Where its controller says so itself, that is proof.
func checkNoNodePorts(s *subject) []Finding {
	finding := Finding{
		ID: "LB-08", Severity: Major, Confidence: Likely, Step: StepService, Since: s.loadBalancerSince(),
		Short: "load balancer needs node ports",
		Title: "The load balancer sends to node ports, and the Service has none.",
		Why:   "spec.allocateLoadBalancerNodePorts is false. That is for load balancers that reach Pods past the node ports.",
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.allocateLoadBalancerNodePorts", Value: "false",
		}},
		Fix: s.serviceFix(Fix{Command: s.mergeService(map[string]any{"allocateLoadBalancerNodePorts": true})}),
	}
	if event := s.loadBalancerError(); event != nil && saysNoNodePorts(event) {
		finding.Confidence = Proven
		finding.Why = event.Message
		finding.Evidence = append(finding.Evidence, eventEvidence(event))
		finding.Since = eventFirst(event)
		return []Finding{s.heldFor(finding, knownErrorPatience)}
	}
	const targetType = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
	if value := s.service.Annotations[targetType]; value == "instance" {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.annotations." + targetType, Value: value,
		})
		return []Finding{s.heldFor(finding, loadBalancerPatience)}
	}
	return nil
}

// checkNodesExcluded is LB-09: every Node is kept out of load balancers, by a label or because it is about to go. A cloud's
// controller then gives the load balancer no backend; MetalLB's speakers (0.14 and later) do not announce the address.
func checkNodesExcluded(s *subject) []Finding {
	nodes := s.in.Snapshot.Nodes()
	if len(nodes) == 0 || targetsPods(s.service) {
		return nil
	}
	finding := Finding{
		ID: "LB-09", Severity: Major, Confidence: Likely, Step: StepService, Since: s.loadBalancerSince(),
		Short: short("no node may serve load balancers"),
		Title: fmt.Sprintf("Every node (%d) is excluded from load balancers.", len(nodes)),
		Why:   "A cloud's controller leaves such nodes out, and MetalLB does not announce the address from them. Whether this load balancer heeds it, the API does not tell.",
	}
	for i, node := range nodes {
		evidence, excluded := excludedFromLoadBalancers(node)
		if !excluded {
			return nil
		}
		if i < 3 {
			finding.Evidence = append(finding.Evidence, evidence)
		}
		if i == 0 && strings.HasPrefix(evidence.Field, "metadata.labels.") {
			finding.Fix = &Fix{
				Command: kubectlEverywhere(s.in, "label", "node", node.Name, corev1.LabelNodeExcludeBalancers+"-"),
				Note:    "for every node that shall serve load balancers; kubeadm and Talos set the label on control plane nodes",
			}
		}
	}
	if finding.Fix == nil {
		finding.Fix = &Fix{Note: "the cluster autoscaler is about to delete these nodes: look at why it has no other"}
	}
	if other := dataPlane(s); other.name == ciliumName && len(s.service.Status.LoadBalancer.Ingress) > 0 {
		finding.Severity, finding.Confidence = Info, Possible
		finding.Why += " Cilium gives addresses of its own, and announces them from such nodes too."
		finding.Evidence = append(finding.Evidence, other.evidence)
	}
	return []Finding{s.heldFor(finding, knownErrorPatience)}
}

// adviseLoadBalancer tells what a working load balancer does with some of its clients: LB-07, LB-10 and LB-12.
func adviseLoadBalancer(s *subject) []Finding {
	var findings []Finding
	if finding, ok := sourceRangesInfo(s); ok {
		findings = append(findings, finding)
	}
	for i := range s.service.Status.LoadBalancer.Ingress {
		ingress := &s.service.Status.LoadBalancer.Ingress[i]
		field := fmt.Sprintf("status.loadBalancer.ingress[%d]", i)
		if ingress.IPMode != nil && *ingress.IPMode == corev1.LoadBalancerIPModeProxy {
			findings = append(findings, Finding{
				ID: "LB-12", Severity: Info, Confidence: Proven, Step: StepService,
				Short:    "also Pods go by way of the load balancer",
				Title:    fmt.Sprintf("Pods that dial %s leave the cluster and come back by the load balancer.", ingress.IP),
				Why:      "Its mode is Proxy: kube-proxy does not take the address itself. Within the cluster, the Service's name is the shorter way.",
				Evidence: []Evidence{{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: field + ".ipMode", Value: "Proxy"}},
			})
			break
		}
	}
	if finding, ok := youngHostname(s); ok {
		findings = append(findings, finding)
	}
	return findings
}

// youngHostname is LB-10: the load balancer has a name since a few minutes, and DNS may not know it everywhere.
func youngHostname(s *subject) (Finding, bool) {
	since := s.loadBalancerSince()
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID) {
		if isLoadBalancerSuccess(event) && eventCount(event) == 1 && eventFirst(event).After(since) {
			since = eventFirst(event)
		}
	}
	until := since.Add(hostnamePatience)
	if !s.in.Now.Before(until) || s.in.Now.Before(since.Add(-hostnamePatience)) {
		return Finding{}, false
	}
	for i := range s.service.Status.LoadBalancer.Ingress {
		if name := s.service.Status.LoadBalancer.Ingress[i].Hostname; name != "" {
			return Finding{
				ID: "LB-10", Severity: Info, Confidence: Possible, Step: StepService, Since: since, Again: until,
				Short: "name may not resolve yet",
				Title: fmt.Sprintf("The name %s is new, and may not resolve everywhere yet.", name),
				Why:   "DNS takes some minutes, and remembers for a while that a name did not exist. Whether it resolves from where you are, the API does not tell.",
				Evidence: []Evidence{{
					Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name,
					Field: fmt.Sprintf("status.loadBalancer.ingress[%d].hostname", i), Value: name,
				}},
			}, true
		}
	}
	return Finding{}, false
}

const sourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges"

// sourceRanges are the clients that a load balancer lets in, and the field that says so; none for everybody. The annotation counts
// where the field is empty (k8s.io/cloud-provider, GetLoadBalancerSourceRanges).
func sourceRanges(service *corev1.Service) (ranges []netip.Prefix, texts []string, field string) {
	texts, field = service.Spec.LoadBalancerSourceRanges, "spec.loadBalancerSourceRanges"
	if value := service.Annotations[sourceRangesAnnotation]; len(texts) == 0 && strings.TrimSpace(value) != "" {
		texts, field = strings.Split(value, ","), "metadata.annotations."+sourceRangesAnnotation
	}
	for _, text := range texts {
		// The API server lets blanks around a range pass.
		if prefix, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
			ranges = append(ranges, prefix)
		}
	}
	return ranges, texts, field
}

// admits tells whether the ranges let a client in. Each IP family stands for itself: without a range of the client's own, and
// with a range of all, everybody gets in (kube-proxy, newBaseServiceInfo).
func admits(ranges []netip.Prefix, client netip.Addr) bool {
	client = client.Unmap()
	ofFamily := 0
	for _, prefix := range ranges {
		if prefix.Addr().Is4() != client.Is4() {
			continue
		}
		if ofFamily++; prefix.Contains(client) {
			return true
		}
	}
	return ofFamily == 0
}

func isEverybody(prefix netip.Prefix) bool { return prefix.Bits() == 0 }

func sourceRangesInfo(s *subject) (Finding, bool) {
	ranges, texts, field := sourceRanges(s.service)
	if len(ranges) == 0 || slices.ContainsFunc(ranges, isEverybody) {
		return Finding{}, false
	}
	why := "Others time out. What counts is the address that arrives: behind a NAT it is another than the client's own. Pods of this cluster mostly get in by a shorter way."
	if nodePortsText(s.service) != noNodePorts {
		why += " The node ports let everybody in."
	}
	return Finding{
		ID: "LB-07", Severity: Info, Confidence: Proven, Step: StepService,
		Short:    "only some clients get in",
		Title:    "Through its load balancer, only clients of " + strings.Join(strings.Fields(firstOf(texts, 3)), " ") + " get in.",
		Why:      why,
		Evidence: []Evidence{{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: field, Value: strings.Join(texts, ",")}},
	}, true
}

// SourceRangesFinding is LB-07 for one client: red where the Service's load balancer keeps a client of this address out. The
// address has to be the one that arrives there, after any NAT on the way. It is pure.
func SourceRangesFinding(in Input, service *corev1.Service, client netip.Addr) (Finding, bool) {
	ranges, texts, field := sourceRanges(service)
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || !client.IsValid() || admits(ranges, client) {
		return Finding{}, false
	}
	s := newSubject(in, service)
	client = client.Unmap()
	finding := Finding{
		ID: "LB-07", Severity: Major, Confidence: Proven, Step: StepService,
		Short: short("%s is kept out by source ranges", client),
		Title: fmt.Sprintf("A client at %s is in none of the ranges that the load balancer lets in, and times out.", client),
		Why:   "What counts is the address that arrives: behind a NAT it is another than the client's own.",
		Evidence: []Evidence{{
			Kind: "Service", Namespace: service.Namespace, Name: service.Name, Field: field, Value: strings.Join(texts, ","),
		}},
	}
	if field != "spec.loadBalancerSourceRanges" {
		finding.Fix = s.serviceFix(Fix{Note: "add the client's range to the annotation"})
		return finding, true
	}
	operations := []jsonPatch{
		{"test", "/spec/loadBalancerSourceRanges", texts},
		{"add", "/spec/loadBalancerSourceRanges/-", netip.PrefixFrom(client, client.BitLen()).String()},
	}
	finding.Fix = s.serviceFix(Fix{Command: s.patchService(operations...), Note: "lets in this one address; write the range that is meant"})
	return finding, true
}
