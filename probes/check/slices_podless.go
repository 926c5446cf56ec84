package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func podlessRule() Rule {
	return Rule{
		IDs: []string{"EPS-07"}, Step: StepEndpoints, Reads: []model.Kind{model.Nodes}, Beyond: podsBeyond, explains: true,
		applies: func(s *subject) bool { return s.routes() && s.keptBySomebody() },
		looks:   func(s *subject) bool { return len(s.podless()) > 0 },
		check:   checkPodless,
	}
}

// podlessEndpoint is an endpoint in a range of Pods that no Pod is known to have.
type podlessEndpoint struct {
	slice   *discoveryv1.EndpointSlice
	address string
	node    *corev1.Node
	cidr    netip.Prefix
}

// IsKept tells whether somebody keeps a slice by hand or by a program of his own: neither the EndpointSlice controller, nor what
// brings in the endpoints of other clusters, whose ranges mean nothing here. It is pure and safe for concurrent use.
func IsKept(slice *discoveryv1.EndpointSlice) bool {
	manager := slice.Labels[discoveryv1.LabelManagedBy]
	return manager != endpointSliceController && !isClusterMesh(manager)
}

func (s *subject) keptBySomebody() bool {
	return slices.ContainsFunc(s.slices, func(slice *discoveryv1.EndpointSlice) bool { return len(slice.Endpoints) > 0 && IsKept(slice) })
}

// podless returns the ready endpoints of kept slices that lie in a Node's range of Pods, and that neither a Pod, as far as Pods are
// known, nor the Node itself has.
func (s *subject) podless() []podlessEndpoint {
	var found []podlessEndpoint
	for i := range s.endpoints().listed {
		listed := &s.endpoints().listed[i]
		text := listed.endpoint.Addresses[0]
		// What is no address lies in no range.
		address, _ := netip.ParseAddr(text)
		if !IsKept(listed.slice) || !isReady(listed.endpoint) || slices.ContainsFunc(s.in.Snapshot.PodsWithAddress(text), isLive) {
			continue
		}
		node, cidr := s.in.Snapshot.NodeOfPodRange(address)
		// The first addresses of a range are the network's and the bridge's, through which the node itself is reached.
		if node == nil || address == cidr.Addr() || address == cidr.Addr().Next() || isOfNode(node, text) {
			continue
		}
		found = append(found, podlessEndpoint{listed.slice, text, node, cidr})
	}
	return found
}

func isLive(pod *corev1.Pod) bool { return !PodEnded(pod) }

// isOfNode tells whether an address is the Node's own: networks write into annotations those that they take from the Pods' range.
func isOfNode(node *corev1.Node, address string) bool {
	if hasNodeAddress(node, address) {
		return true
	}
	for _, value := range node.Annotations {
		for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(` ,;/"[]{}`, r) }) {
			if word == address {
				return true
			}
		}
	}
	return false
}

// podsBeyond asks for the Pods of all namespaces, where an endpoint looks as if a Pod had it, and none is known that does.
func podsBeyond(s *subject) []model.Need {
	if len(s.podless()) == 0 {
		return nil
	}
	return []model.Need{{Kind: model.Pods, Namespace: model.AllNamespaces}}
}

// mayListNobody tells whether an endpoint looks as if a Pod had it, and whether one does is yet to be looked at.
func (s *subject) mayListNobody() bool {
	return s.keptBySomebody() && s.in.Snapshot.Coverage(model.Pods, model.AllNamespaces).Pending() && len(s.podless()) > 0
}

// podsSampled is how many Pods are asked whether their network takes addresses from the Nodes' ranges.
const podsSampled = 64

// rangesInUse tells whether Pods have addresses of their Nodes' ranges, with a Pod that shows it: networks that give out addresses by
// themselves leave the ranges unused, and then they may be anybody's.
func (s *subject) rangesInUse() (shows *corev1.Pod, inUse bool) {
	asked := 0
	for _, namespace := range s.in.Snapshot.PodNamespaces() {
		for _, pod := range s.in.Snapshot.Pods(namespace) {
			address, err := netip.ParseAddr(pod.Status.PodIP)
			if err != nil || pod.Spec.HostNetwork || PodEnded(pod) {
				continue
			}
			if node, _ := s.in.Snapshot.NodeOfPodRange(address); node == nil || node.Name != pod.Spec.NodeName {
				return nil, false
			}
			shows = pod
			if asked++; asked == podsSampled {
				return shows, true
			}
		}
	}
	return shows, shows != nil
}

// checkPodless is EPS-07 for slices that nobody but their author keeps: an endpoint was the address of a Pod that is gone, by
// all that can be seen. Nothing tells when it went, nor that nobody else answers there, so it is only likely.
func checkPodless(s *subject) []Finding {
	coverage := s.in.Snapshot.Coverage(model.Pods, model.AllNamespaces)
	listedLater := coverage.State == model.Listed && coverage.Since.After(s.changed().Add(controllerSlow))
	if coverage.State != model.Live && !listedLater {
		return nil
	}
	shows, inUse := s.rangesInUse()
	if !inUse {
		return nil
	}
	found := s.podless()
	first := found[0]
	finding := Finding{
		ID: "EPS-07", Severity: Major, Confidence: Likely, Step: StepEndpoints, Since: s.changed(),
		Short: short("no Pod has endpoint %s", first.address),
		Title: fmt.Sprintf("The endpoint %s is an address for Pods of node %s, and no Pod has it.", first.address, first.node.Name),
		Why:   "Somebody wrote it into the slice, and nobody takes it out when the Pod goes: traffic goes to nobody, or in time to another Pod.",
		Fix:   s.withOwner(s.podlessFix(first.slice), first.slice, ""),
	}
	if len(found) > 1 {
		finding.Short = short("no Pod has %d of its endpoints", len(found))
	}
	if len(found) == s.endpoints().listedReady() {
		finding.Severity = Critical
	}
	for _, endpoint := range found[:min(len(found), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "EndpointSlice", Namespace: endpoint.slice.Namespace, Name: endpoint.slice.Name, Field: "endpoints[].addresses[0]", Value: endpoint.address,
		})
	}
	finding.Evidence = append(finding.Evidence,
		Evidence{Kind: "Node", Name: first.node.Name, Field: "spec.podCIDRs", Value: first.cidr.String()},
		Evidence{Kind: "Pod", Namespace: shows.Namespace, Name: shows.Name, Field: "status.podIP", Value: shows.Status.PodIP},
	)
	if finding = s.heldFor(finding, controllerSlow); !finding.Settling {
		finding.Since = time.Time{}
	}
	return []Finding{finding}
}

// podlessFix is never a command: which address is right, nothing tells.
func (s *subject) podlessFix(slice *discoveryv1.EndpointSlice) Fix {
	where := "EndpointSlice " + slice.Name
	if slice.Labels[discoveryv1.LabelManagedBy] == sliceMirroringController {
		where = "the Endpoints object " + s.key.Name
	}
	return Fix{Note: "give the Service a selector, which follows Pods; or write the address that is meant now into " + where}
}
