package check

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// EndpointEvidence is every EndpointSlice of a Service and every endpoint in it, and whether traffic goes there.
type EndpointEvidence struct {
	// Known is false where EndpointSlices may not or not yet be read; Coverage says why.
	Known    bool
	Coverage model.Coverage
	// Usable and Listed are the READY figures of the model, before Pods that no slice lists.
	Usable, Listed int
	Ports          []PortEndpoints
	Slices         []SliceRow
}

// SliceRow is one EndpointSlice.
type SliceRow struct {
	Name        string
	AddressType string
	// ManagedBy is the slice's manager, e.g. endpointslice-controller.k8s.io; empty where it does not say.
	ManagedBy string
	// Ports are written as "http 8080/TCP"; empty where the slice leaves them out.
	Ports []string
	// Ignored says why kube-proxy passes the whole slice by; empty where it does not.
	Ignored   string
	Changed   time.Time
	Endpoints []EndpointRow
	// More counts the endpoints that are not listed here.
	More int
}

// EndpointRow is one endpoint of a slice.
type EndpointRow struct {
	Address                     string
	Ready, Serving, Terminating bool
	Node, Zone                  string
	// Pod is empty where the endpoint names none; PodStatus is as kubectl prints it, empty where it is not known.
	Pod, PodStatus string
	// Counted is true when at least one port leads here; Why says why none does.
	Counted bool
	Why     string
}

// EndpointTable makes the evidence of the guide's step 2. It is pure; a Service that is not there gives the zero value.
func EndpointTable(snapshot *model.Snapshot, key model.Key) EndpointEvidence {
	service := snapshot.Service(key)
	if service == nil {
		return EndpointEvidence{}
	}
	coverage := snapshot.Coverage(model.EndpointSlices, key.Namespace)
	endpoints := EffectiveEndpoints(snapshot, service)
	evidence := EndpointEvidence{
		Known: coverage.Known(), Coverage: coverage, Ports: endpoints.Ports,
		Usable: endpoints.UsableCount(), Listed: endpoints.ListedCount(),
	}
	rows := 0
	for _, slice := range snapshot.SlicesOf(key) {
		row := sliceRow(service, slice)
		for i := range slice.Endpoints {
			if rows >= panelEndpoints {
				row.More = len(slice.Endpoints) - i
				break
			}
			row.Endpoints = append(row.Endpoints, endpointRow(snapshot, slice, &slice.Endpoints[i], row.Ignored, &endpoints))
			rows++
		}
		evidence.Slices = append(evidence.Slices, row)
	}
	return evidence
}

// panelEndpoints is how many endpoints the panel lists at most; the rest is counted.
const panelEndpoints = 500

func sliceRow(service *corev1.Service, slice *discoveryv1.EndpointSlice) SliceRow {
	row := SliceRow{
		Name: slice.Name, AddressType: string(slice.AddressType),
		ManagedBy: slice.Labels[discoveryv1.LabelManagedBy], Changed: model.SliceChanged(slice),
	}
	for i := range slice.Ports {
		row.Ports = append(row.Ports, slicePortText(&slice.Ports[i]))
	}
	_, headless := slice.Labels[corev1.IsHeadlessService]
	switch {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		row.Ignored = "an ExternalName has no endpoints: this is left over"
	case slice.AddressType == discoveryv1.AddressTypeFQDN:
		row.Ignored = "kube-proxy does not route to names (FQDN)"
	case headless && !isHeadless(service):
		row.Ignored = "labelled headless, but the Service has an address"
	}
	return row
}

func slicePortText(port *discoveryv1.EndpointPort) string {
	var text strings.Builder
	if port.Name != nil && *port.Name != "" {
		text.WriteString(*port.Name + " ")
	}
	if port.Port != nil {
		fmt.Fprintf(&text, "%d", *port.Port)
	} else {
		text.WriteString("any")
	}
	protocol := corev1.ProtocolTCP
	if port.Protocol != nil {
		protocol = *port.Protocol
	}
	return text.String() + "/" + string(protocol)
}

func endpointRow(snapshot *model.Snapshot, slice *discoveryv1.EndpointSlice,
	endpoint *discoveryv1.Endpoint, ignored string, endpoints *Endpoints,
) EndpointRow {
	row := EndpointRow{
		Ready: isReady(endpoint), Serving: isServing(endpoint), Terminating: isTerminating(endpoint),
		Pod: targetPod(endpoint, slice.Namespace),
	}
	if len(endpoint.Addresses) > 0 {
		row.Address = endpoint.Addresses[0]
	}
	if endpoint.NodeName != nil {
		row.Node = *endpoint.NodeName
	}
	if endpoint.Zone != nil {
		row.Zone = *endpoint.Zone
	}
	pod := snapshot.Pod(model.Key{Namespace: slice.Namespace, Name: row.Pod})
	if ref := endpoint.TargetRef; ref == nil || pod != nil && ref.UID != "" && ref.UID != pod.UID {
		pod = nil
	}
	if pod != nil {
		row.PodStatus = podStatus(pod).reason
	}
	podGone := pod == nil && row.Pod != "" && snapshot.Coverage(model.Pods, slice.Namespace).Known()
	for i := range endpoints.Ports {
		for _, usable := range endpoints.Ports[i].Usable {
			if usable.Address == row.Address && ignored == "" {
				row.Counted = true
			}
		}
	}
	switch {
	case row.Counted && podGone:
		row.Why = "listed, but this Pod is gone"
	case row.Counted:
	case ignored != "":
		row.Why = ignored
	case pod != nil && PodEnded(pod):
		row.Why = "this Pod has ended; the slice has not been tidied yet"
	case row.Terminating && !row.Serving:
		row.Why = "terminating, and serves no more"
	case row.Terminating:
		row.Why = "terminating; used only when no endpoint is ready"
	case !row.Ready:
		row.Why = "not ready"
	case len(slice.Ports) == 0:
		row.Why = "the slice has no port: the Pod has none of that name and protocol"
	default:
		row.Why = "the slice's port names are not the Service's, or its family is not"
	}
	return row
}
