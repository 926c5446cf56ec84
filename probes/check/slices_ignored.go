package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// ignoredSliceRules are about slices that a Service has and that nobody routes to.
func ignoredSliceRules() []Rule {
	return []Rule{
		{
			IDs: []string{"EPS-04", "EPS-06"}, Step: StepEndpoints, Uses: []model.Kind{model.Nodes}, explains: true,
			applies: func(s *subject) bool { return s.routes() && s.slicesKnown() && holdsIgnored(s) },
			check:   checkIgnoredSlices,
		},
		{
			IDs: []string{"EPS-05"}, Step: StepEndpoints, Uses: []model.Kind{model.Nodes}, explains: true,
			applies: func(s *subject) bool {
				return s.routes() && !s.headless() && s.slicesKnown() && len(addressesOfServices(s)) > 0
			},
			check: checkServiceAsEndpoint,
		},
	}
}

// ignoredSlice tells why kube-proxy passes a slice by: EPS-04, its addresses are names; EPS-06, it is marked headless and the Service
// has an address. It is empty for a slice that counts.
func ignoredSlice(slice *discoveryv1.EndpointSlice, headless bool) string {
	if slice.AddressType == discoveryv1.AddressTypeFQDN {
		return "EPS-04"
	}
	if _, marked := slice.Labels[corev1.IsHeadlessService]; marked && !headless {
		return "EPS-06"
	}
	return ""
}

func holdsIgnored(s *subject) bool {
	for _, slice := range s.slices {
		if len(slice.Endpoints) > 0 && ignoredSlice(slice, s.headless()) != "" {
			return true
		}
	}
	return false
}

// checkIgnoredSlices is EPS-04 and EPS-06: endpoints were written into a slice that nobody routes to. Where the Service works all
// the same, by its selector or by other slices, it is no more than worth knowing.
func checkIgnoredSlices(s *subject) []Finding {
	var findings []Finding
	said := map[string]bool{}
	for _, slice := range s.slices {
		id := ignoredSlice(slice, s.headless())
		if id == "" || said[id] || len(slice.Endpoints) == 0 {
			continue
		}
		said[id] = true
		finding := Finding{ID: id, Severity: Minor, Confidence: Proven, Step: StepEndpoints}
		if !s.selects() && !s.endpoints().Complete() {
			finding.Severity = Major
			if s.dead() {
				finding.Severity = Critical
			}
		}
		if id == "EPS-04" {
			finding = namesAsEndpoints(s, slice, finding)
		} else {
			finding = markedHeadless(s, slice, finding)
		}
		findings = append(findings, s.settled(dataPlane(s).graded(finding)))
	}
	return findings
}

// namesAsEndpoints is EPS-04.
func namesAsEndpoints(s *subject, slice *discoveryv1.EndpointSlice, finding Finding) Finding {
	finding.Short = short("slice %s holds names, not addresses", slice.Name)
	finding.Title = fmt.Sprintf("EndpointSlice %s holds names (addressType FQDN), and kube-proxy routes to addresses only.", slice.Name)
	finding.Why = "Nobody looks the names up: for a Service they do not exist. The address type is deprecated."
	finding.Evidence = []Evidence{{Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name, Field: "addressType", Value: string(slice.AddressType)}}
	if s.headless() {
		finding.Why, finding.Confidence = "Whether cluster DNS answers with them depends on the server. The address type is deprecated.", Likely
	}
	name := slice.Endpoints[0].Addresses
	if len(name) == 0 {
		return finding
	}
	finding.Evidence = append(finding.Evidence, Evidence{
		Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name, Field: "endpoints[0].addresses[0]", Value: name[0],
	})
	finding.Fix = s.serviceFix(Fix{Note: "write the addresses into a slice of addressType IPv4 or IPv6"})
	if len(slice.Endpoints) == 1 && s.dead() && !s.selects() && !s.headless() && s.service.Spec.Type == corev1.ServiceTypeClusterIP {
		finding.Fix = s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"type": corev1.ServiceTypeExternalName, "externalName": name[0]}),
			Note:    "makes it an ExternalName: clients then take the port of the target, and lose the ClusterIP",
		})
	}
	return finding
}

// markedHeadless is EPS-06.
func markedHeadless(s *subject, slice *discoveryv1.EndpointSlice, finding Finding) Finding {
	finding.Short = short("slice %s is marked headless", slice.Name)
	finding.Title = fmt.Sprintf("EndpointSlice %s carries the label of headless Services, and this Service has a ClusterIP.", slice.Name)
	finding.Why = "kube-proxy does not even read slices with this label, whatever their Service is."
	finding.Evidence = []Evidence{
		{Kind: "EndpointSlice", Namespace: slice.Namespace, Name: slice.Name, Field: "metadata.labels." + corev1.IsHeadlessService, Value: slice.Labels[corev1.IsHeadlessService]},
		{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.clusterIP", Value: s.service.Spec.ClusterIP},
	}
	if slice.Labels[discoveryv1.LabelManagedBy] == sliceMirroringController {
		finding.Fix = &Fix{Command: s.kubectl("label", "endpoints", s.key.Name, corev1.IsHeadlessService+"-"), Note: "the slice is a copy of this Endpoints object"}
		return finding
	}
	finding.Fix = s.withOwner(Fix{Command: s.kubectl("label", "endpointslice", slice.Name, corev1.IsHeadlessService+"-")}, slice, "")
	return finding
}

// serviceAsEndpoint is an endpoint whose address is the ClusterIP of a Service.
type serviceAsEndpoint struct {
	slice   *discoveryv1.EndpointSlice
	address string
	target  *corev1.Service
}

// addressesOfServices returns the usable endpoints that are ClusterIPs of known Services. The controllers never list one, so only
// slices of others are asked.
func addressesOfServices(s *subject) []serviceAsEndpoint {
	var found []serviceAsEndpoint
	for _, slice := range s.slices {
		if slice.Labels[discoveryv1.LabelManagedBy] == endpointSliceController || ignoredSlice(slice, false) != "" {
			continue
		}
		for i := range slice.Endpoints {
			endpoint := &slice.Endpoints[i]
			if len(endpoint.Addresses) == 0 || !isReady(endpoint) {
				continue
			}
			if target := s.in.Snapshot.ServiceWithAddress(endpoint.Addresses[0]); target != nil {
				found = append(found, serviceAsEndpoint{slice, endpoint.Addresses[0], target})
			}
		}
	}
	return found
}

// checkServiceAsEndpoint is EPS-05: an endpoint is the ClusterIP of a Service. kube-proxy rewrites a destination once; what comes
// out is an address that nobody has.
func checkServiceAsEndpoint(s *subject) []Finding {
	found := addressesOfServices(s)
	first := found[0]
	target := model.Key{Namespace: first.target.Namespace, Name: first.target.Name}
	finding := Finding{
		ID: "EPS-05", Severity: Major, Confidence: Proven, Step: StepEndpoints,
		Short: short("endpoint %s is Service %s", first.address, target),
		Title: fmt.Sprintf("The endpoint %s is no backend: it is the ClusterIP of Service %s.", first.address, target),
		Why:   "kube-proxy rewrites a destination once, and a ClusterIP is nobody's own address: connections time out or are refused.",
		Evidence: []Evidence{
			{Kind: "EndpointSlice", Namespace: first.slice.Namespace, Name: first.slice.Name, Field: "endpoints[].addresses[0]", Value: first.address},
			{Kind: "Service", Namespace: target.Namespace, Name: target.Name, Field: "spec.clusterIP", Value: first.address},
		},
		Fix: s.serviceFix(Fix{Note: fmt.Sprintf("let clients call %s.%s, or write the addresses of its Pods into the slice", target.Name, target.Namespace)}),
	}
	if len(found) >= s.endpoints().ReadyCount() {
		finding.Severity = Critical
		if target != s.key && s.service.Spec.Type == corev1.ServiceTypeClusterIP && !s.selects() && samePorts(s.service, first.target) {
			finding.Fix = s.serviceFix(Fix{
				Command: s.mergeService(map[string]any{"type": corev1.ServiceTypeExternalName, "externalName": clusterName(target)}),
				Note:    "makes it another name of that Service; it loses its own ClusterIP",
			})
		}
	}
	return []Finding{s.settled(dataPlane(s).graded(finding))}
}

// samePorts tells whether a Service has every port that another one offers: then a name for it serves as well.
func samePorts(service, target *corev1.Service) bool {
	offered := map[string]bool{}
	for i := range target.Spec.Ports {
		offered[fmt.Sprint(protocolOf(target.Spec.Ports[i].Protocol), target.Spec.Ports[i].Port)] = true
	}
	for i := range service.Spec.Ports {
		if !offered[fmt.Sprint(protocolOf(service.Spec.Ports[i].Protocol), service.Spec.Ports[i].Port)] {
			return false
		}
	}
	return true
}

// clusterName is the whole DNS name of a Service, with the usual cluster domain.
func clusterName(key model.Key) string {
	return fmt.Sprintf("%s.%s.svc.cluster.local", key.Name, key.Namespace)
}
