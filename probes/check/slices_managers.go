package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// endpointsCapacity is how many addresses the controller puts into an Endpoints object (KEP-752).
const endpointsCapacity = 1000

func managersRule() Rule {
	return Rule{
		IDs: []string{"EPS-09"}, Step: StepEndpoints,
		applies: func(s *subject) bool {
			return s.routes() && s.slicesKnown() && slices.ContainsFunc(s.slices, func(slice *discoveryv1.EndpointSlice) bool {
				return managerOfSlice(slice) != managerOfSlice(s.slices[0])
			})
		},
		check: checkManagers,
	}
}

// checkManagers is EPS-09: endpoints of two managers serve one port, and traffic is spread over both. Somebody may want it so, and
// knows; who does not wonders where a part of his requests goes.
func checkManagers(s *subject) []Finding {
	for i := range s.endpoints().Ports {
		managers := s.managersOf(&s.endpoints().Ports[i])
		if len(managers) < 2 {
			continue
		}
		var shares []string
		finding := Finding{ID: "EPS-09", Severity: Minor, Confidence: Proven, Step: StepEndpoints}
		for _, manager := range managers {
			shares = append(shares, fmt.Sprintf("%d of %s", manager.endpoints, manager.name))
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "EndpointSlice", Namespace: manager.slice.Namespace, Name: manager.slice.Name,
				Field: "metadata.labels." + discoveryv1.LabelManagedBy, Value: manager.name,
			})
		}
		finding.Short = short("traffic is split: slices of %d managers", len(managers))
		finding.Title = "Endpoints of more than one manager serve the same port: " + strings.Join(shares, ", ") + "."
		finding.Why = "kube-proxy does not ask who made a slice: requests are spread over all of them."
		finding.Fix = &Fix{Note: "if that is not meant, delete the slice that is left over: EndpointSlice " + foreignSlice(managers).Name}
		return []Finding{s.settled(finding)}
	}
	return nil
}

// foreignSlice is a slice of a manager that is not the EndpointSlice controller.
func foreignSlice(managers []sliceManager) *discoveryv1.EndpointSlice {
	for _, manager := range managers {
		if manager.name != endpointSliceController {
			return manager.slice
		}
	}
	return managers[0].slice
}

// sliceManager is one manager with the first of its slices and how many endpoints of a port are its own.
type sliceManager struct {
	name      string
	slice     *discoveryv1.EndpointSlice
	endpoints int
}

// managersOf counts, for each manager, the usable endpoints of a port. An address that two managers list is the first one's.
func (s *subject) managersOf(port *PortEndpoints) []sliceManager {
	var managers []sliceManager
	for i := range port.Usable {
		slice := s.endpoints().listed[port.Usable[i].listed].slice
		name := managerOfSlice(slice)
		at := slices.IndexFunc(managers, func(m sliceManager) bool { return m.name == name })
		if at < 0 {
			at = len(managers)
			managers = append(managers, sliceManager{name: name, slice: slice})
			if isClusterMesh(name) {
				// Backends of other clusters are meant to share the load.
				return nil
			}
		}
		managers[at].endpoints++
	}
	return managers
}

// managerOfSlice names who manages a slice, by the label that is made for it.
func managerOfSlice(slice *discoveryv1.EndpointSlice) string {
	if manager := slice.Labels[discoveryv1.LabelManagedBy]; manager != "" {
		return manager
	}
	return "nobody (no label)"
}

// isClusterMesh tells whether a manager brings the endpoints of other clusters into this one.
func isClusterMesh(manager string) bool {
	return strings.Contains(manager, "mesh") || strings.Contains(manager, "multicluster") || strings.Contains(manager, "mcs") || strings.Contains(manager, "lighthouse")
}

func overCapacityRule() Rule {
	return Rule{
		IDs: []string{"EPS-11"}, Step: StepEndpoints,
		applies: func(s *subject) bool {
			return s.selects() && s.slicesKnown() && s.endpoints().ListedCount() > endpointsCapacity
		},
		check: checkOverCapacity,
	}
}

// checkOverCapacity is EPS-11: the Service has more Pods than an Endpoints object holds. The slices have all.
func checkOverCapacity(s *subject) []Finding {
	listed := 0
	family := primaryFamily(s.service)
	for _, slice := range s.slices {
		if slice.Labels[discoveryv1.LabelManagedBy] == endpointSliceController && string(slice.AddressType) == string(family) {
			listed += len(slice.Endpoints)
		}
	}
	if listed <= endpointsCapacity {
		return nil
	}
	return []Finding{{
		ID: "EPS-11", Severity: Info, Confidence: Likely, Step: StepEndpoints, Since: s.changed(),
		Short: short("Endpoints object shows %d of %d", endpointsCapacity, listed),
		Title: fmt.Sprintf("The Endpoints object of this Service holds %d of its %d addresses.", endpointsCapacity, listed),
		Why:   "It is cut off there; the EndpointSlices are complete, and kube-proxy reads those. Only old programs that read Endpoints miss some.",
		Evidence: []Evidence{{
			Kind: "EndpointSlice", Namespace: s.key.Namespace, Name: discoveryv1.LabelServiceName + "=" + s.key.Name, Field: "endpoints", Value: fmt.Sprint(listed),
		}},
	}}
}

func primaryFamily(service *corev1.Service) corev1.IPFamily {
	return familiesOf(service, nil)[0]
}

func mirrorRule() Rule {
	return Rule{
		// Events are looked at where somebody read them.
		IDs: []string{"EPS-08"}, Step: StepEndpoints, explains: true,
		applies: func(s *subject) bool { return s.routes() && !s.selects() && s.slicesKnown() && s.eventsKnown() },
		check:   checkMirror,
	}
}

// checkMirror is EPS-08: an Endpoints object of the Service's name was written, and the controller that copies it into slices says
// that it could not take all of it.
func checkMirror(s *subject) []Finding {
	var newest *corev1.Event
	for _, event := range s.in.Snapshot.EventsNamed(s.key.Namespace, "Endpoints", s.key.Name) {
		switch event.Reason {
		case "InvalidIPAddress", "TooManyAddressesToMirror", "FailedToUpdateEndpointSlices":
			// The object's uid is not known, as Endpoints are not read: what is older than the Service is about another.
			if EventTime(event).After(s.created()) && (newest == nil || EventTime(event).After(EventTime(newest))) {
				newest = event
			}
		}
	}
	if newest == nil {
		return nil
	}
	finding := Finding{
		ID: "EPS-08", Severity: Minor, Confidence: Likely, Step: StepEndpoints, Since: eventFirst(newest),
		Short:    short("Endpoints not mirrored: %s", newest.Reason),
		Title:    fmt.Sprintf("The Endpoints object %s could not be copied into EndpointSlices as it is.", s.key.Name),
		Why:      sentence(newest.Message),
		Evidence: []Evidence{eventEvidence(newest)},
		Fix:      &Fix{Note: "correct the Endpoints object, or write an EndpointSlice in its place: kube-proxy reads slices only"},
	}
	if s.dead() {
		finding.Severity = Critical
	}
	return []Finding{finding}
}
