package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// startTime is how long a Pod may take to become Ready on a node before the node counts as one without.
const startTime = time.Minute

// trafficPolicyRules are about traffic policies, which tie a client to the endpoints of one node.
func trafficPolicyRules() []Rule {
	routed := func(s *subject) bool {
		return s.routes() && !s.headless() && s.slicesKnown() && s.service.DeletionTimestamp == nil
	}
	return []Rule{
		{
			IDs: []string{"TP-02"}, Step: StepEndpoints, Reads: []model.Kind{model.Nodes}, Awaits: []model.Kind{model.Pods},
			applies: func(s *subject) bool { return internalLocal(s.service) && routed(s) && !s.dead() },
			check:   checkInternalLocal,
		},
		{
			IDs: []string{"TP-01"}, Step: StepEndpoints, Reads: []model.Kind{model.Nodes}, Awaits: []model.Kind{model.Pods},
			applies: func(s *subject) bool { return externalLocal(s.service) && routed(s) && !s.dead() },
			check:   checkExternalLocal,
		},
		{
			IDs: []string{"TP-03"}, Step: StepService, Reads: []model.Kind{model.Events}, check: checkHealthCheckPort,
			applies: func(s *subject) bool {
				return s.service.Spec.HealthCheckNodePort != 0 && s.readableOrComing(model.Events)
			},
		},
		{
			IDs: []string{"TP-04"}, Step: StepEndpoints, Reads: []model.Kind{model.Events}, check: adviseTopology,
			applies: func(s *subject) bool { return asksTopology(s.service) != "" && s.readableOrComing(model.Events) },
		},
		{
			IDs: []string{"TP-05"}, Step: StepService, check: adviseAffinity,
			applies: func(s *subject) bool {
				return s.service.Spec.SessionAffinity == corev1.ServiceAffinityClientIP && s.routes()
			},
		},
		{
			IDs: []string{"TP-06"}, Step: StepService, Reads: []model.Kind{model.Nodes}, check: adviseNodeAddresses,
			applies: func(s *subject) bool {
				return s.service.Spec.Type == corev1.ServiceTypeNodePort && s.readableOrComing(model.Nodes)
			},
		},
	}
}

func internalLocal(service *corev1.Service) bool {
	policy := service.Spec.InternalTrafficPolicy
	return policy != nil && *policy == corev1.ServiceInternalTrafficPolicyLocal
}

func externalLocal(service *corev1.Service) bool {
	return service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// nodesServing returns the nodes on which every port that leads anywhere at all has an endpoint of that very node: a ready one, or one
// that is terminating and still serves (kube-proxy, CategorizeEndpoints). An endpoint without a node's name is on none.
func (s *subject) nodesServing() map[string]bool {
	var serving map[string]bool
	endpoints := s.endpoints()
	for i := range endpoints.Ports {
		if len(endpoints.Ports[i].Usable) == 0 {
			continue
		}
		here := s.nodesOf(&endpoints.Ports[i])
		if serving == nil {
			serving = here
			continue
		}
		for node := range serving {
			if !here[node] {
				delete(serving, node)
			}
		}
	}
	return serving
}

func (s *subject) nodesOf(port *PortEndpoints) map[string]bool {
	nodes := map[string]bool{}
	for i := range s.endpoints().listed {
		listed := &s.endpoints().listed[i]
		endpoint := listed.endpoint
		if endpoint.NodeName == nil || string(listed.slice.AddressType) != string(port.Family) ||
			!isReady(endpoint) && !(isServing(endpoint) && isTerminating(endpoint)) {
			continue
		}
		if _, found := slicePort(listed.slice, &port.Port); found {
			nodes[*endpoint.NodeName] = true
		}
	}
	return nodes
}

// partly tells whether a ready endpoint is on one of these nodes, for some of the ports or families.
func (s *subject) partly(nodes []string) bool {
	return slices.ContainsFunc(s.endpoints().listed, func(listed listedEndpoint) bool {
		name := listed.endpoint.NodeName
		return name != nil && isReady(listed.endpoint) && slices.Contains(nodes, *name)
	})
}

// anyOnNode tells whether the slices say of any endpoint which node it is on.
func (s *subject) anyOnNode() bool {
	return slices.ContainsFunc(s.endpoints().listed, func(listed listedEndpoint) bool { return listed.endpoint.NodeName != nil })
}

// bareNodes are the nodes without an endpoint of their own, sorted by what that means.
type bareNodes struct {
	// dead are those that are a fault; aside are those that the Service's DaemonSet leaves out.
	dead, aside []string
	// all counts the nodes that were looked at; serving those of them with an endpoint.
	all, serving int
	// starting is when the youngest Pod came that is not Ready on a dead node; zero for none.
	starting time.Time
}

// bare sorts the nodes that take ordinary Pods: no client of the Service runs on one that is not Ready, and few on one that is tainted.
func (s *subject) bare() bareNodes {
	serving := s.nodesServing()
	daemon := s.ofDaemonSet()
	young := map[string]time.Time{}
	for _, pod := range s.current() {
		if !model.PodReady(pod) && pod.CreationTimestamp.After(young[pod.Spec.NodeName]) {
			young[pod.Spec.NodeName] = pod.CreationTimestamp.Time
		}
	}
	var nodes bareNodes
	for _, node := range s.in.Snapshot.Nodes() {
		if !takesClients(node) {
			continue
		}
		nodes.all++
		created, has := young[node.Name]
		switch {
		case serving[node.Name]:
			nodes.serving++
		case daemon && !has:
			nodes.aside = append(nodes.aside, node.Name)
		default:
			nodes.dead = append(nodes.dead, node.Name)
			if created.After(nodes.starting) {
				nodes.starting = created
			}
		}
	}
	return nodes
}

// takesClients tells whether ordinary Pods run on a node.
func takesClients(node *corev1.Node) bool {
	for i := range node.Spec.Taints {
		if effect := node.Spec.Taints[i].Effect; effect == corev1.TaintEffectNoSchedule || effect == corev1.TaintEffectNoExecute {
			return false
		}
	}
	return nodeReady(node)
}

func nodeReady(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}

// ofDaemonSet tells whether every Pod behind the Service belongs to a DaemonSet, or to one of an operator's own such as an
// ExtendedDaemonSet, which says by itself on which nodes it belongs.
func (s *subject) ofDaemonSet() bool {
	pods := s.current()
	return len(pods) > 0 && !slices.ContainsFunc(pods, func(pod *corev1.Pod) bool {
		owner := metav1.GetControllerOfNoCopy(pod)
		return owner == nil || !strings.HasSuffix(owner.Kind, "DaemonSet")
	})
}

// heldOnNodes gives a finding about nodes its time: Pods that just came may still become Ready there.
func (s *subject) heldOnNodes(finding Finding, nodes bareNodes) Finding {
	if nodes.starting.After(s.changed()) || s.in.Now.Sub(nodes.starting) < startTime {
		finding.Since = nodes.starting
		return s.heldFor(finding, startTime)
	}
	return s.settled(finding)
}

// checkInternalLocal is TP-02: on a node without an endpoint of its own, what Pods send to the Service's address is dropped, and they
// wait in vain. Which Pods are clients the API does not tell, so the nodes are named.
func checkInternalLocal(s *subject) []Finding {
	nodes := s.bare()
	finding := Finding{
		ID: "TP-02", Severity: Major, Confidence: Proven, Step: StepEndpoints,
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.internalTrafficPolicy", Value: "Local",
		}},
		Fix: s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"internalTrafficPolicy": "Cluster"}),
			Note:    "lets every node send to every Pod; or run one on each node, as a DaemonSet does",
		}),
	}
	switch {
	case nodes.all == 0:
		return nil
	case !s.anyOnNode():
		finding.Severity = Critical
		finding.Short = short("no endpoint is on a node (policy Local)")
		finding.Title = "No endpoint belongs to a node, and the Service asks for one on the client's own."
		finding.Why = "With internalTrafficPolicy Local a node sends to its own endpoints alone. Those written by hand need a nodeName to count."
		finding.Evidence = append(finding.Evidence, s.sliceEvidence("endpoints[*].nodeName", "absent"))
	case len(nodes.dead) > 0:
		finding.Short = short("no Pod on %d of %d nodes (policy Local)", len(nodes.dead), nodes.all)
		finding.Title = fmt.Sprintf("Clients on %s time out: no ready Pod of the Service runs there.", firstOf(nodes.dead, 3))
		if s.partly(nodes.dead) {
			finding.Title = fmt.Sprintf("Clients on %s time out: not for every port and family is a ready Pod there.", firstOf(nodes.dead, 3))
		}
		finding.Why = "With internalTrafficPolicy Local a node sends to its own Pods alone. Which Pods are clients of the Service, the API does not tell."
		finding.Evidence = append(finding.Evidence, s.nodeEvidence(nodes)...)
	case len(nodes.aside) > 0:
		finding.Severity = Info
		finding.Short = short("its DaemonSet leaves out %d of %d nodes", len(nodes.aside), nodes.all)
		finding.Title = fmt.Sprintf("Clients on %s would time out: the DaemonSet does not run there.", firstOf(nodes.aside, 3))
		finding.Why = "With internalTrafficPolicy Local a node sends to its own Pods alone. Where the DaemonSet does not run, there may be no clients either."
		finding.Evidence = append(finding.Evidence, s.nodeEvidence(nodes)...)
	default:
		return nil
	}
	return []Finding{s.heldOnNodes(dataPlane(s).graded(finding), nodes)}
}

func (s *subject) nodeEvidence(nodes bareNodes) []Evidence {
	var evidence []Evidence
	for i, name := range slices.Concat(nodes.dead, nodes.aside) {
		if i == 5 {
			break
		}
		evidence = append(evidence, Evidence{Kind: "Node", Name: name, Field: "metadata.name", Value: "no ready endpoint"})
	}
	return evidence
}

// sliceEvidence is about the first slice of a Service that is not dead.
func (s *subject) sliceEvidence(field, value string) Evidence {
	return Evidence{Kind: "EndpointSlice", Namespace: s.key.Namespace, Name: s.slices[0].Name, Field: field, Value: value}
}

// checkExternalLocal is TP-01: a node without an endpoint of its own drops what comes from outside to the node port or the load
// balancer's address. Behind a load balancer that is by design: its health check takes such nodes out. It is a fault where the
// load balancer may use none of the nodes that have an endpoint, or where no endpoint says which node it is on.
func checkExternalLocal(s *subject) []Finding {
	nodes := s.bare()
	finding := Finding{
		ID: "TP-01", Severity: Info, Confidence: Proven, Step: StepEndpoints,
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.externalTrafficPolicy", Value: "Local",
		}},
		Fix: s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"externalTrafficPolicy": "Cluster"}),
			Note:    "lets every node send to every Pod, and hides the client's address from the application; or run a Pod on each node",
		}),
	}
	balanced := s.service.Spec.Type == corev1.ServiceTypeLoadBalancer
	if balanced {
		if evidence, none := s.noneBalanced(); none {
			finding.Severity = Major
			finding.Short = short("no node with a Pod serves the LB (Local)")
			finding.Title = "The load balancer may use no node that has a Pod: clients from outside time out."
			finding.Why = "With externalTrafficPolicy Local only such nodes take its traffic. Clients inside the cluster get through."
			finding.Evidence = append(finding.Evidence, evidence...)
			if sign, _ := cloudOf(s); sign.cloud == cloudUnknown && slices.ContainsFunc(evidence, func(e Evidence) bool { return strings.HasPrefix(e.Field, "metadata.labels.") }) {
				// kubeadm sets the label on its control plane; kube-vip and others announce the address from there all the same.
				finding.Confidence = Likely
				finding.Why += " No cloud is recognised here: whether this load balancer heeds the label, the API does not tell."
			}
			return []Finding{s.settled(dataPlane(s).graded(finding))}
		}
	}
	without := len(nodes.dead) + len(nodes.aside)
	if without == 0 || balanced && targetsPods(s.service) {
		return nil
	}
	if !s.anyOnNode() {
		finding.Severity = Major
		finding.Short = short("no endpoint is on a node (policy Local)")
		finding.Title = "Clients from outside time out: no endpoint belongs to a node."
		finding.Why = "With externalTrafficPolicy Local a node sends what comes from outside to its own endpoints alone. Those written by hand need a nodeName to count."
		finding.Evidence = append(finding.Evidence, s.sliceEvidence("endpoints[*].nodeName", "absent"))
		return []Finding{s.settled(dataPlane(s).graded(finding))}
	}
	names := firstOf(slices.Concat(nodes.dead, nodes.aside), 3)
	finding.Evidence = append(finding.Evidence, s.nodeEvidence(nodes)...)
	finding.Short = short("node port silent on %d of %d nodes (Local)", without, nodes.all)
	finding.Title = fmt.Sprintf("Clients from outside who dial %s time out: no ready Pod runs there.", names)
	finding.Why = "With externalTrafficPolicy Local a node sends what comes from outside to its own Pods alone. Which node clients dial, the API does not tell."
	switch {
	case balanced:
		finding.Fix = nil
		finding.Short = short("LB serves by %d of %d nodes (Local)", nodes.serving, nodes.all)
		finding.Title = fmt.Sprintf("The load balancer leaves out %s: no ready Pod runs there.", names)
		finding.Why = fmt.Sprintf("So it is meant with externalTrafficPolicy Local: its health check asks each node's port %d.", s.service.Spec.HealthCheckNodePort)
	case len(nodes.dead) > 0:
		finding.Severity = Minor
	}
	return []Finding{s.heldOnNodes(dataPlane(s).graded(finding), nodes)}
}

// noneBalanced tells whether every node that has an endpoint is one that load balancers leave out, and by what.
func (s *subject) noneBalanced() ([]Evidence, bool) {
	if targetsPods(s.service) {
		return nil, false
	}
	var evidence []Evidence
	for name := range s.nodesServing() {
		node := s.in.Snapshot.Node(name)
		if node == nil {
			return nil, false
		}
		why, excluded := excludedFromLoadBalancers(node)
		if !excluded && !nodeReady(node) {
			why, excluded = Evidence{Kind: "Node", Name: name, Field: "status.conditions[Ready]", Value: "not True"}, true
		}
		if !excluded {
			return nil, false
		}
		evidence = append(evidence, why)
	}
	slices.SortFunc(evidence, func(a, b Evidence) int { return strings.Compare(a.Name, b.Name) })
	return evidence[:min(len(evidence), 5)], len(evidence) > 0
}

// checkHealthCheckPort is TP-03: on a node, kube-proxy cannot open the port at which the load balancer asks for the node's health,
// so the load balancer sends nothing there. kube-proxy tells of it once in a while, and never that it is mended, so it is not
// red. Its events name the Service without a uid.
func checkHealthCheckPort(s *subject) []Finding {
	number := s.service.Spec.HealthCheckNodePort
	wanted := " on port " + strconv.Itoa(int(number)) + ":"
	var newest *corev1.Event
	for _, event := range s.in.Snapshot.EventsWithoutUID(s.key.Namespace) {
		if event.Reason == "FailedToStartServiceHealthcheck" && event.InvolvedObject.Name == s.key.Name &&
			strings.Contains(event.Message, wanted) && !EventTime(event).Before(s.created()) && (newest == nil || EventTime(event).After(EventTime(newest))) {
			newest = event
		}
	}
	if newest == nil {
		return nil
	}
	return []Finding{s.heldFor(Finding{
		ID: "TP-03", Severity: Major, Confidence: Likely, Step: StepService, Since: eventFirst(newest),
		Short: short("LB health check port %d is taken", number),
		Title: fmt.Sprintf("A node cannot open port %d, at which the load balancer asks for its health.", number),
		Why:   newest.Message + ". The load balancer takes the node for dead and sends nothing to its Pods. That it is mended, no event says.",
		Evidence: []Evidence{
			eventEvidence(newest),
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.healthCheckNodePort", Value: strconv.Itoa(int(number))},
		},
		Fix: s.serviceFix(Fix{Note: "see on that node what holds the port (ss -ltnp), and move it; the Service's own port is fixed while the policy is Local"}),
	}, settleTime)}
}
