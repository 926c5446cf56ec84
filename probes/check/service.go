package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func serviceRules() []Rule {
	return []Rule{
		{
			IDs: []string{"SVC-04"}, Step: StepService, Uses: []model.Kind{model.Namespaces}, check: checkNamespaceTerminating,
			applies: func(s *subject) bool { return s.service.DeletionTimestamp != nil || s.unsliced() },
		},
		{
			IDs: []string{"SVC-03"}, Step: StepService, Uses: []model.Kind{model.Events}, check: checkTerminating,
			applies: func(s *subject) bool { return s.service.DeletionTimestamp != nil },
		},
		otherProxyRule(),
		{
			// Events are looked at where somebody read them: a healthy Service is no reason to.
			IDs: []string{"SVC-08"}, Step: StepService, check: checkAllocation,
			applies: func(s *subject) bool { return s.routes() && s.eventsKnown() },
		},
		{
			IDs: []string{"SVC-09"}, Step: StepService, Uses: []model.Kind{model.Nodes}, check: checkExternalIPs,
			applies: func(s *subject) bool { return s.routes() && len(s.service.Spec.ExternalIPs) > 0 },
		},
	}
}

// checkTerminating is SVC-03: the Service is being deleted, and finalizers keep it. Traffic flows, and its slices follow its Pods,
// until it is gone.
func checkTerminating(s *subject) []Finding {
	finding := Finding{
		ID: "SVC-03", Severity: Major, Confidence: Proven, Step: StepService,
		Short: short("being deleted: waits for %s", firstOf(s.service.Finalizers, 1)),
		Title: fmt.Sprintf("Service %s is being deleted.", s.key.Name),
		Why:   "Traffic still flows, until the finalizers are done; then the name and the address are gone.",
		Since: s.service.DeletionTimestamp.Time,
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name,
			Field: "metadata.finalizers", Value: strings.Join(s.service.Finalizers, ", "),
		}},
		Fix: &Fix{Note: finalizerNote(s.service.Finalizers)},
	}
	if len(s.service.Finalizers) == 0 {
		finding.Short, finding.Why = "being deleted", "It goes in a moment, and its name and its address with it."
		finding.Evidence[0].Field, finding.Evidence[0].Value = "metadata.deletionTimestamp", s.service.DeletionTimestamp.UTC().Format(time.RFC3339)
	}
	if event := newestEvent(s, s.service.UID, "DeleteLoadBalancerFailed", "SyncLoadBalancerFailed"); event != nil {
		finding.Why = event.Message
		finding.Evidence = append(finding.Evidence, eventEvidence(event))
	}
	return []Finding{s.heldFor(finding, time.Minute)}
}

// finalizerNote says what has to happen before the first finalizer goes. Taking one off by hand skips what it stands for.
func finalizerNote(finalizers []string) string {
	if len(finalizers) == 0 {
		return "nothing keeps it: it will be gone in a moment; if it is wanted, create it anew"
	}
	switch finalizer := finalizers[0]; {
	case isLoadBalancerFinalizer(finalizer):
		return "mend what keeps the cloud from deleting the load balancer; taking the finalizer " + finalizer + " off by hand leaves the load balancer behind, and its bill"
	case finalizer == "foregroundDeletion", finalizer == "orphan":
		return "the garbage collector first deals with what the Service owns: look for objects that name it in metadata.ownerReferences, and at kube-controller-manager"
	default:
		return "find the controller that put the finalizer " + finalizer + " there, and why it does not take it off: mostly it is no longer installed; then take it off by hand"
	}
}

// isLoadBalancerFinalizer tells whether a finalizer stands for a load balancer that a cloud has to take down.
func isLoadBalancerFinalizer(finalizer string) bool {
	switch finalizer {
	case "service.kubernetes.io/load-balancer-cleanup", "service.k8s.aws/resources", "service.eks.amazonaws.com/resources":
		return true
	}
	return strings.HasPrefix(finalizer, "gke.networking.io/l4-")
}

// unsliced tells that the Service has a selector and not even an empty slice: its controller is off, or its namespace goes.
func (s *subject) unsliced() bool { return s.selects() && s.slicesKnown() && len(s.slices) == 0 }

// checkNamespaceTerminating is SVC-04: the namespace is being deleted. Nothing can be created in it any more, and what is in it goes.
func checkNamespaceTerminating(s *subject) []Finding {
	namespace := terminatingNamespace(s.in.Snapshot, s.key.Namespace)
	if namespace == nil {
		return nil
	}
	finding := Finding{
		ID: "SVC-04", Severity: Major, Confidence: Proven, Step: StepService,
		Short:    short("namespace %s is being deleted", namespace.Name),
		Title:    fmt.Sprintf("Namespace %s is being deleted, and this Service with it.", namespace.Name),
		Why:      "No Pod and no slice can be created in it any more: what breaks now stays broken.",
		Evidence: []Evidence{{Kind: "Namespace", Name: namespace.Name, Field: "status.phase", Value: string(namespace.Status.Phase)}},
		Fix: &Fix{
			Command: kubectlEverywhere(s.in, "get", "namespace", namespace.Name, "-o", "yaml"), Look: true,
			Note: "its status.conditions say what it waits for; a deletion cannot be taken back",
		},
	}
	if namespace.DeletionTimestamp != nil {
		finding.Since = namespace.DeletionTimestamp.Time
	}
	for i := range namespace.Status.Conditions {
		condition := &namespace.Status.Conditions[i]
		if condition.Status == corev1.ConditionTrue && condition.Message != "" {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Namespace", Name: namespace.Name, Field: fmt.Sprintf("status.conditions[%s].message", condition.Type), Value: condition.Message,
			})
		}
	}
	if s.dead() {
		// That there are no Pods, or no slices, comes of it.
		finding.Severity = Critical
		return []Finding{s.heldFor(finding, settleTime)}
	}
	return []Finding{s.heldFor(finding, time.Minute)}
}

// terminatingNamespace returns a namespace that is known and being deleted, or nil.
func terminatingNamespace(snapshot *model.Snapshot, name string) *corev1.Namespace {
	namespace := snapshot.Namespace(name)
	if namespace == nil || namespace.Status.Phase != corev1.NamespaceTerminating {
		return nil
	}
	return namespace
}

// allocationMatters is how long an event of the allocators is believed: they repeat themselves while the state lasts, and API
// servers keep events for an hour.
const allocationMatters = time.Hour

// checkAllocation is SVC-08: the API server's repair loop found the ClusterIP or a node port of the Service invalid, out of range or
// given twice, and says that the Service has to be made anew. What it repairs by itself (ClusterIPNotAllocated, PortNotAllocated) is
// no fault.
func checkAllocation(s *subject) []Finding {
	var newest *corev1.Event
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, s.service.UID) {
		if event.Type == corev1.EventTypeWarning && allocationSeverity(event.Reason) > Info && s.stillAllocated(event.Message) &&
			s.in.Now.Sub(EventTime(event)) < allocationMatters && (newest == nil || EventTime(event).After(EventTime(newest))) {
			newest = event
		}
	}
	if newest == nil {
		return nil
	}
	return []Finding{{
		ID: "SVC-08", Severity: allocationSeverity(newest.Reason), Confidence: Proven, Step: StepService, Since: eventFirst(newest),
		Short:    short("%s: make it anew", newest.Reason),
		Title:    "The API server says that an address or port of this Service is not validly its own.",
		Why:      sentence(newest.Message),
		Evidence: []Evidence{eventEvidence(newest)},
		Fix:      s.serviceFix(Fix{Note: "make the Service anew, without clusterIP, clusterIPs and nodePort in its manifest; its address changes"}),
	}}
}

// allocationSeverity is what an event of the allocators means for traffic; Info for events of anything else.
func allocationSeverity(reason string) Severity {
	switch reason {
	case "ClusterIPNotValid", "ClusterIPAlreadyAllocated", "PortAlreadyAllocated":
		return Major
	case "ClusterIPOutOfRange", "PortOutOfRange", "ServiceCIDRFull":
		// kube-proxy routes it all the same, until somebody else gets the address or the port.
		return Minor
	}
	return Info
}

// stillAllocated tells whether a message speaks of an address or port that the Service still has.
func (s *subject) stillAllocated(message string) bool {
	words := strings.FieldsFunc(message, func(r rune) bool { return strings.ContainsRune(" ()[];,", r) })
	for i, word := range words {
		words[i] = strings.TrimPrefix(word, ":")
	}
	for _, address := range append([]string{s.service.Spec.ClusterIP}, s.service.Spec.ClusterIPs...) {
		if address != "" && address != corev1.ClusterIPNone && slices.Contains(words, address) {
			return true
		}
	}
	for i := range s.service.Spec.Ports {
		if port := s.service.Spec.Ports[i].NodePort; port != 0 && slices.Contains(words, fmt.Sprint(port)) {
			return true
		}
	}
	return false
}

// checkExternalIPs is SVC-09: an external IP is no Node's address. A router may bring its traffic to a Node all the same.
func checkExternalIPs(s *subject) []Finding {
	nodes := s.in.Snapshot.Nodes()
	if len(nodes) == 0 {
		return nil
	}
	for index, address := range s.service.Spec.ExternalIPs {
		if slices.ContainsFunc(nodes, func(node *corev1.Node) bool { return hasNodeAddress(node, address) }) {
			continue
		}
		return []Finding{{
			ID: "SVC-09", Severity: Minor, Confidence: Possible, Step: StepService, Since: s.created(),
			Short: short("no Node has external IP %s", address),
			Title: fmt.Sprintf("The external IP %s is no Node's address.", address),
			Why:   "Nodes take its traffic, but the network has to bring it there: a route, or somebody who announces it. Inside the cluster it works.",
			Evidence: []Evidence{{
				Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.externalIPs[%d]", index), Value: address,
			}},
			Fix: s.serviceFix(Fix{Note: "route the address to a Node, or use a LoadBalancer; externalIPs are deprecated since Kubernetes 1.36"}),
		}}
	}
	return nil
}

func hasNodeAddress(node *corev1.Node, address string) bool {
	return slices.ContainsFunc(node.Status.Addresses, func(has corev1.NodeAddress) bool { return has.Address == address })
}
