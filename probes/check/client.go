package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/svctui/svctui/kube/model"
)

// Client is who wants to reach a Service. Exactly one field is set; the zero Client is nobody in particular, and then only
// what holds for everybody is judged.
type Client struct {
	// Pod is one Pod.
	Pod model.Key
	// Namespace stands for any Pod of a namespace: only what holds for all of them is known.
	Namespace string
	// Address is a machine outside of the cluster, by the address that it comes from. For a Pod's own address, see In.
	Address netip.Addr
}

// Chosen tells whether the client is anybody at all.
func (c Client) Chosen() bool { return c != Client{} }

// In is the Pod of the snapshot whose own address the client has, where there is one, and else the client as it is. A Pod on the host's
// network has its node's address, and is not taken for it.
func (c Client) In(snapshot *model.Snapshot) Client {
	if !c.Address.IsValid() {
		return c
	}
	asked := c.Address.Unmap()
	for _, pod := range snapshot.Pods(model.AllNamespaces) {
		if pod.Spec.HostNetwork || PodEnded(pod) {
			continue
		}
		for _, ip := range podIPs(pod) {
			// What is no address is the zero one.
			if address, _ := netip.ParseAddr(ip); address.Unmap() == asked {
				return Client{Pod: model.Key{Namespace: pod.Namespace, Name: pod.Name}}
			}
		}
	}
	return c
}

// waysIn tells whether a Service has an address that is reached from outside of the cluster, or leads out of it by a name.
func waysIn(service *corev1.Service) bool {
	switch service.Spec.Type {
	case corev1.ServiceTypeNodePort, corev1.ServiceTypeExternalName:
		return true
	case corev1.ServiceTypeLoadBalancer:
		return len(externalAddresses(service)) > 0 || nodePortsText(service) != noNodePorts
	default:
		return len(service.Spec.ExternalIPs) > 0
	}
}

// withinCluster tells whether an address is a node's own, or of a range that a node gives to its Pods (Node spec.podCIDRs): what comes from
// there does not pass a load balancer, and policies see the Pod. The address must be valid: what is none in the Node is the zero one.
func withinCluster(snapshot *model.Snapshot, address netip.Addr) bool {
	address = address.Unmap()
	for _, node := range snapshot.Nodes() {
		for _, has := range node.Status.Addresses {
			if own, _ := netip.ParseAddr(has.Address); own == address {
				return true
			}
		}
		for _, text := range node.Spec.PodCIDRs {
			if cidr, _ := netip.ParsePrefix(text); cidr.Contains(address) {
				return true
			}
		}
	}
	return false
}

// String names the client as in a sentence. The names may be hostile: clean them at the print.
func (c Client) String() string {
	switch {
	case c.Pod != model.Key{}:
		return "Pod " + c.Pod.String()
	case c.Namespace != "":
		return "any Pod of namespace " + c.Namespace
	case c.Address.IsValid():
		return c.Address.String()
	}
	return "any client"
}

// ParseClient reads a client as a person writes it: POD or NAMESPACE/POD, namespace:NAME, or an IP address; or as kubectl has it, pod/POD and
// namespace/NAME. A Pod without a namespace is in home.
func ParseClient(text, home string) (Client, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return Client{Address: address.Unmap().WithZone("")}, nil
	}
	if namespace, ok := strings.CutPrefix(text, "namespace:"); ok {
		if len(validation.IsDNS1123Label(namespace)) > 0 {
			return Client{}, fmt.Errorf("%q is no namespace's name", namespace)
		}
		return Client{Namespace: namespace}, nil
	}
	namespace, name, found := strings.Cut(text, "/")
	switch {
	case !found:
		namespace, name = home, text
	case slices.Contains([]string{"ns", "namespace", "namespaces"}, namespace):
		return ParseClient("namespace:"+name, home)
	case slices.Contains([]string{"po", "pod", "pods"}, namespace):
		namespace = home
	}
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return Client{}, fmt.Errorf("%q is no client: want POD, NAMESPACE/POD, namespace:NAME or an IP address", text)
	}
	return Client{Pod: model.Key{Namespace: namespace, Name: name}}, nil
}

// ClientReport is what Reaches has to say.
type ClientReport struct {
	// Findings keep this client from the Service, cause before consequence; what keeps everybody from it is in Judge's report.
	Findings []Finding
	// Unchecked is what could not be looked at. With findings or without, nothing may be concluded of it.
	Unchecked []Unchecked
	// NoWayIn marks a client outside of the cluster for which the Service has no address of its own: only an Ingress, a route or the like may
	// lead there.
	NoWayIn bool
}

// For returns the report as it is for a client: what keeps the client out stands among what keeps everybody out, the graver first and what
// holds for everybody before what holds for one. The report itself is not changed, and is returned where there is nothing to add.
func (r *Report) For(client ClientReport) *Report {
	if len(client.Findings)+len(client.Unchecked) == 0 {
		return r
	}
	made := *r
	made.Findings = slices.Clone(r.Findings)
	for i := range client.Findings {
		finding := &client.Findings[i]
		mark := findingMark(finding)
		at := slices.IndexFunc(made.Findings, func(other Finding) bool { return findingMark(&other) < mark || other.Advice() })
		if at < 0 {
			at = len(made.Findings)
		}
		made.Findings = slices.Insert(made.Findings, at, *finding)
		made.Steps[finding.Step].Mark = max(made.Steps[finding.Step].Mark, mark)
		switch mark {
		case MarkFail:
			made.Verdict = max(made.Verdict, Fail)
		case MarkWarn:
			made.Verdict = max(made.Verdict, Warn)
		default:
		}
	}
	made.Unchecked = slices.Concat(r.Unchecked, client.Unchecked)
	return &made
}

// clientRule is one check that only makes sense for a client.
type clientRule struct {
	IDs []string
	// applies tells whether the rule is a question for this client and Service at all; nil for always.
	applies func(*clientSubject) bool
	// reads are the kinds, with their namespaces, that must be known, else the rule does not run. Services and EndpointSlices are
	// always read, and need not be named.
	reads func(*clientSubject) []model.Need
	// uses make the answer better; the rule runs without them.
	uses  []model.Need
	check func(*clientSubject) []Finding
}

// clientRules are all of them, cause before consequence: what keeps the client from leaving comes before what keeps it from
// arriving.
func clientRules() []clientRule {
	return slices.Concat(familyClientRules(), dnsClientRules(), policyClientRules(), trafficClientRules())
}

// clientSubject is one client and one Service while they are judged; it lives within one Reaches.
type clientSubject struct {
	*subject
	client Client
	// clientPod is the client's Pod; nil where it is no Pod, or not known.
	clientPod *corev1.Pod
	// ports are the indices in spec.ports that are asked for.
	ports []int
}

func newClientSubject(in Input, service *corev1.Service, port int32, client Client) *clientSubject {
	c := &clientSubject{subject: newSubject(in, service), client: client}
	if client.Pod != (model.Key{}) {
		c.clientPod = in.Snapshot.Pod(client.Pod)
	}
	for index := range service.Spec.Ports {
		if port == 0 || service.Spec.Ports[index].Port == port {
			c.ports = append(c.ports, index)
		}
	}
	return c
}

// Reaches judges whether a client gets through to a port of a Service, by all that the API tells of the way between them. Port
// is a number of spec.ports[].port, 0 for all of them. It is pure and safe for concurrent use. A Service that the
// snapshot does not hold yields an empty report.
func Reaches(in Input, service model.Key, port int32, client Client) ClientReport {
	var report ClientReport
	object := in.Snapshot.Service(service)
	if object == nil || !client.Chosen() {
		return report
	}
	c := newClientSubject(in, object, port, client)
	report.NoWayIn = client.Address.IsValid() && !withinCluster(in.Snapshot, client.Address) && !waysIn(object)
	for _, rule := range clientRules() {
		if rule.applies != nil && !rule.applies(c) {
			continue
		}
		readable := true
		for _, need := range rule.reads(c) {
			coverage := in.Snapshot.Coverage(need.Kind, need.Namespace)
			if coverage.Known() && coverage.State != model.Stale {
				continue
			}
			if !coverage.Known() {
				readable = false
			}
			report.note(rule.IDs, need, coverage)
		}
		if readable {
			report.Findings = append(report.Findings, rule.check(c)...)
		}
	}
	if pods := in.Snapshot.Coverage(model.Pods, model.AllNamespaces); c.client.Address.IsValid() && !pods.Known() && withinCluster(in.Snapshot, c.client.Address) {
		report.note([]string{"NP-03", "NP-04", "TP-02"}, model.Need{Kind: model.Pods}, pods)
	}
	return report
}

// ClientNeeds returns what Reaches wants to read for a client, sorted. Services and EndpointSlices are not named; they are always read.
func ClientNeeds(snapshot *model.Snapshot, service model.Key, client Client) []model.Need {
	object := snapshot.Service(service)
	if object == nil || !client.Chosen() {
		return nil
	}
	c := newClientSubject(Input{Snapshot: snapshot, Now: snapshot.At()}, object, 0, client)
	var wanted []model.Need
	for _, rule := range clientRules() {
		if rule.applies != nil && !rule.applies(c) {
			continue
		}
		for _, need := range append(rule.reads(c), rule.uses...) {
			if !slices.Contains(wanted, need) {
				wanted = append(wanted, need)
			}
		}
	}
	slices.SortStableFunc(wanted, func(a, b model.Need) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	return wanted
}

func (r *ClientReport) note(ids []string, need model.Need, coverage model.Coverage) {
	at := slices.IndexFunc(r.Unchecked, func(u Unchecked) bool { return u.Kind == need.Kind && u.Namespace == need.Namespace })
	if at < 0 {
		at = len(r.Unchecked)
		r.Unchecked = append(r.Unchecked, newUnchecked(nil, need.Kind, need.Namespace, coverage))
	}
	r.Unchecked[at].Check = append(r.Unchecked[at].Check, ids...)
}

// clientNamespace is where the client's Pods live; empty for an address.
func (c *clientSubject) clientNamespace() string {
	if c.client.Pod != (model.Key{}) {
		return c.client.Pod.Namespace
	}
	return c.client.Namespace
}
