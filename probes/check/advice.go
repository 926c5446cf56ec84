package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// adviceRules give advice on Services that work. It is told on the Service's own screen and never in its row, and what cannot be read
// for it is no gap. Only an address that belongs to nobody any more is a warning.
func adviceRules() []Rule {
	return []Rule{
		{
			IDs: []string{"ADV-03"}, Step: StepReadiness, Reads: []model.Kind{model.Pods}, Awaits: []model.Kind{model.ServiceCIDRs},
			applies: func(s *subject) bool {
				return s.selects() && s.in.Snapshot.Coverage(model.Services, model.AllNamespaces).Known()
			},
			looks: func(s *subject) bool { return len(s.nobodysAddresses()) > 0 },
			check: checkStaleAddresses,
		},
		{
			IDs: []string{"ADV-03"}, Step: StepService, check: advisePinnedAddress,
			applies: func(s *subject) bool {
				return s.routes() && !s.headless() && s.key.Namespace != systemNamespace && s.key != kubernetesService
			},
		},
		{
			IDs: []string{"ADV-05"}, Step: StepService, check: adviseVariables,
			applies: func(s *subject) bool { return s.routes() && !s.headless() },
		},
		{
			IDs: []string{"ADV-01"}, Step: StepService, check: adviseNodePort,
			applies: func(s *subject) bool { return s.service.Spec.Type == corev1.ServiceTypeNodePort },
		},
		{
			IDs: []string{"ADV-02"}, Step: StepService, check: adviseOneEntry,
			applies: func(s *subject) bool { return isEntry(s.service) },
		},
		{
			IDs: []string{"ADV-04"}, Step: StepReadiness, check: adviseReadinessProbe,
			applies: func(s *subject) bool {
				return s.selects() && s.podsKnown() && !s.service.Spec.PublishNotReadyAddresses
			},
		},
	}
}

// kubernetesService is that of the API server itself, whose address is the first of its range everywhere.
var kubernetesService = model.Key{Namespace: "default", Name: "kubernetes"}

// nobodysAddress is an address written into a Pod of a Service, in the range of ClusterIPs, that no Service has.
type nobodysAddress struct {
	pod     *corev1.Pod
	written model.Written
}

// nobodysAddresses looks for such addresses. It needs to know the Services of all namespaces. Until the ranges are known, an address
// near the Service's own counts.
func (s *subject) nobodysAddresses() []nobodysAddress {
	var found []nobodysAddress
	for _, pod := range s.current() {
		for _, written := range model.WrittenInto(&pod.Spec) {
			if addr := written.Address.Addr(); s.mayBeClusterIP(addr) && s.in.Snapshot.ServiceWithAddress(addr.String()) == nil {
				found = append(found, nobodysAddress{pod, written})
			}
		}
	}
	return found
}

// nearBits is how long a prefix an address shares with a ClusterIP of the same range, mostly.
const nearBits = 16

func (s *subject) mayBeClusterIP(addr netip.Addr) bool {
	if s.covered(model.ServiceCIDRs).Known() {
		return s.inServiceCIDR(addr)
	}
	// Of no address the range is empty: a headless Service has none that is near.
	own, _ := netip.ParseAddr(s.service.Spec.ClusterIP)
	near, _ := own.Prefix(nearBits)
	return near.Contains(addr)
}

// inServiceCIDR tells whether an address may be a Service's: within a range, and not its first, which is given to none.
func (s *subject) inServiceCIDR(addr netip.Addr) bool {
	for _, object := range s.in.Snapshot.ServiceCIDRs() {
		for _, text := range object.Spec.CIDRs {
			if prefix, _ := netip.ParsePrefix(text); prefix.Contains(addr) && prefix.Masked().Addr() != addr {
				return true
			}
		}
	}
	return false
}

// checkStaleAddresses is ADV-03 for an address that no Service has: a Pod behind this Service reaches for nobody. Mostly the Service
// was deleted and made anew, and got another ClusterIP.
func checkStaleAddresses(s *subject) []Finding {
	if !s.covered(model.ServiceCIDRs).Known() {
		return nil
	}
	found := s.nobodysAddresses()
	first := &found[0]
	address := first.written.Address.Addr().String()
	finding := Finding{
		ID: "ADV-03", Severity: Major, Confidence: Likely, Step: StepReadiness, Since: first.pod.CreationTimestamp.Time,
		Short: short("Pods use %s, which nobody has", address),
		Title: fmt.Sprintf("The Pods reach for %s, an address of Services that no Service has.", address),
		Why:   "A ClusterIP goes when its Service is deleted, and one made anew gets another. What the application does without it, the API does not tell.",
		Fix:   &Fix{Note: "write the Service's name in place of its address, in " + templateOf(s.in.Snapshot, first.pod)},
	}
	for i := range found {
		if i == 3 {
			break
		}
		finding.Evidence = append(finding.Evidence, writtenEvidence(found[i].pod, &found[i].written))
	}
	return []Finding{s.heldFor(finding, settleTime)}
}

func writtenEvidence(pod *corev1.Pod, written *model.Written) Evidence {
	value := written.Value()
	if port := written.Address.Port(); port != 0 {
		value = written.Address.String()
	}
	return Evidence{
		Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name,
		Field: fmt.Sprintf("spec.containers[%s].%s", written.Container, written.Field), Value: value,
	}
}

// advisePinnedAddress is ADV-03 for an address that is right still: Pods have this Service's ClusterIP written into them.
func advisePinnedAddress(s *subject) []Finding {
	for _, address := range s.service.Spec.ClusterIPs {
		pods := s.in.Snapshot.PodsWriting(address)
		if len(pods) == 0 {
			continue
		}
		finding := Finding{
			ID: "ADV-03", Severity: Info, Confidence: Proven, Step: StepService,
			Short: "its ClusterIP is written into Pods",
			Title: fmt.Sprintf("Its ClusterIP %s is written into %s.", address, firstOf(writersOf(s.in.Snapshot, pods), 3)),
			Why:   "Should the Service be deleted and made anew, it gets another address, and these Pods do not notice. Its name stays.",
			Fix:   &Fix{Note: fmt.Sprintf("write %s.%s in place of the address", s.key.Name, s.key.Namespace)},
		}
		finding.Evidence = writingEvidence(pods, address)
		return []Finding{finding}
	}
	return nil
}

func writingEvidence(pods []*corev1.Pod, value string) []Evidence {
	var evidence []Evidence
	for _, pod := range pods[:min(len(pods), 3)] {
		written := model.WrittenInto(&pod.Spec)
		if i := slices.IndexFunc(written, func(w model.Written) bool { return w.Value() == value }); i >= 0 {
			evidence = append(evidence, writtenEvidence(pod, &written[i]))
		}
	}
	return evidence
}

// templateOf says where to change what a Pod is made of.
func templateOf(snapshot *model.Snapshot, pod *corev1.Pod) string {
	owner := OwnerOf(snapshot, pod)
	if owner == (Owner{}) {
		return "Pod " + pod.Name
	}
	return "the template of " + owner.String()
}

func writersOf(snapshot *model.Snapshot, pods []*corev1.Pod) []string {
	var owners []string
	for _, pod := range pods {
		owner := "pod/" + pod.Name
		if known := OwnerOf(snapshot, pod); known != (Owner{}) {
			owner = known.String()
		}
		if owner += " in " + pod.Namespace; !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	return owners
}

// adviseVariables is ADV-05: a Pod's command or arguments refer to the variable that Kubernetes sets for this Service, and the Pod was
// there first: then it has none.
func adviseVariables(s *subject) []Finding {
	variable := model.ServiceVariable(s.key.Name)
	var before []*corev1.Pod
	for _, pod := range s.in.Snapshot.PodsWriting(variable) {
		if pod.Namespace == s.key.Namespace && !PodEnded(pod) && pod.CreationTimestamp.Time.Before(s.created()) {
			before = append(before, pod)
		}
	}
	if len(before) == 0 {
		return nil
	}
	owners := writersOf(s.in.Snapshot, before)
	finding := Finding{
		ID: "ADV-05", Severity: Info, Confidence: Likely, Step: StepService,
		Short:    "older Pods lack its variables",
		Title:    fmt.Sprintf("Pods refer to %s, are older than the Service, and so do not have it: %s.", variable, firstOf(owners, 3)),
		Why:      "Kubernetes sets these variables when a container's Pod is made. The Service's name needs none. Whether it was there under this name before, the API does not tell.",
		Evidence: writingEvidence(before, variable),
	}
	if owner := OwnerOf(s.in.Snapshot, before[0]); slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, owner.Kind) {
		finding.Fix = &Fix{Command: s.kubectl("rollout", "restart", owner.String()), Note: "or use the name " + s.key.Name + " in place of the variable"}
	}
	return []Finding{finding}
}

// adviseNodePort is ADV-01: nothing stands in front of a node port, and the nodes have addresses on the internet.
func adviseNodePort(s *subject) []Finding {
	for i, node := range s.in.Snapshot.Nodes() {
		if i == nodesAsked {
			break
		}
		for _, address := range node.Status.Addresses {
			if address.Type != corev1.NodeExternalIP || isPrivate(address.Address) || len(s.in.Snapshot.Referrers(s.key)) > 0 {
				continue
			}
			return []Finding{{
				ID: "ADV-01", Severity: Info, Confidence: Possible, Step: StepService,
				Short: "node port as a way in from the internet",
				Title: fmt.Sprintf("Nodes have addresses on the internet, so it may be reached at %s:%s.", address.Address, nodePortsText(s.service)),
				Why:   "Nodes come and go, and nothing in front notices. A load balancer, an Ingress or a Gateway does. What the firewall lets in, the API does not tell.",
				Evidence: []Evidence{
					{Kind: "Node", Name: node.Name, Field: "status.addresses[ExternalIP]", Value: address.Address},
					{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.type", Value: "NodePort"},
				},
			}}
		}
	}
	return nil
}

// manyEntries is from how many load balancers for web traffic on one for them all is worth a thought.
const manyEntries = 3

// isEntry tells whether a Service is a load balancer for web traffic, and not itself that of an Ingress controller or a Gateway.
func isEntry(service *corev1.Service) bool {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return false
	}
	for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/part-of", "app", "k8s-app", "istio"} {
		for _, word := range []string{"ingress", "gateway", "traefik", "contour", "envoy", "kong", "haproxy", "nginx"} {
			if strings.Contains(service.Labels[label], word) {
				return false
			}
		}
	}
	if _, ok := service.Labels["gateway.networking.k8s.io/gateway-name"]; ok {
		return false
	}
	return slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool {
		if port.AppProtocol != nil {
			return strings.HasPrefix(strings.ToLower(*port.AppProtocol), "http")
		}
		return protocolOf(port.Protocol) == corev1.ProtocolTCP && (port.Port == 80 || port.Port == 443 || port.Port == 8080)
	})
}

// adviseOneEntry is ADV-02: several load balancers of a namespace carry web traffic, and each has its price.
func adviseOneEntry(s *subject) []Finding {
	var entries []string
	for _, service := range s.in.Snapshot.Services(s.key.Namespace) {
		if isEntry(service) {
			if entries = append(entries, service.Name); len(entries) > manyEntries {
				break
			}
		}
	}
	if len(entries) < manyEntries {
		return nil
	}
	count, names := strconv.Itoa(manyEntries), strings.Join(entries[:manyEntries], ", ")
	if len(entries) > manyEntries {
		count, names = "More than "+count, names+" and more"
	}
	return []Finding{{
		ID: "ADV-02", Severity: Info, Confidence: Possible, Step: StepService,
		Short: "one of several web load balancers",
		Title: fmt.Sprintf("%s load balancers of this namespace carry web traffic.", count),
		Why:   "Each has its address and its price. One Ingress or Gateway can serve them all by host and path.",
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: names, Field: "spec.type", Value: "LoadBalancer",
		}},
	}}
}

// adviseReadinessProbe is ADV-04: nothing asks the Pods whether they are ready, so they get traffic as soon as their containers run.
func adviseReadinessProbe(s *subject) []Finding {
	pods := s.current()
	if len(pods) == 0 {
		return nil
	}
	for _, pod := range pods {
		if len(pod.Spec.ReadinessGates) > 0 {
			return nil
		}
		for container := range model.ServingContainers(&pod.Spec) {
			if container.ReadinessProbe != nil {
				return nil
			}
		}
	}
	return []Finding{{
		ID: "ADV-04", Severity: Info, Confidence: Proven, Step: StepReadiness,
		Short: "no readiness probe",
		Title: "No container of the Pods has a readiness probe.",
		Why:   "They count as Ready as soon as they run: traffic comes before the application listens, and goes on when it hangs.",
		Evidence: []Evidence{{
			Kind: "Pod", Namespace: pods[0].Namespace, Name: pods[0].Name, Field: "spec.containers[*].readinessProbe", Value: "absent",
		}},
		Fix: &Fix{Note: "add a readinessProbe of the port that clients use to " + templateOf(s.in.Snapshot, pods[0])},
	}}
}
