package check

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// Facts are what the guide's step 1 looks at: the Service itself.
type Facts struct {
	Type string
	// Created is the Service's creation; SelectorChanged, PortsChanged and TypeChanged are zero where managedFields
	// do not tell.
	Created                                    time.Time
	SelectorChanged, PortsChanged, TypeChanged model.FieldChange
	ClusterIPs                                 []string
	// External are the addresses of a LoadBalancer, then spec.externalIPs; Pending is true while a LoadBalancer has none.
	External []string
	Pending  bool
	// ExternalName is what an ExternalName stands for.
	ExternalName string
	Ports        []PortRow
	// DNS are the names under which clients in the cluster find the Service, shortest first. The last one ends
	// with the usual cluster domain, which an API server does not tell.
	DNS []string
	// Lines are the settings that matter, each with what it means.
	Lines []FactLine
	Reach string
	// Referrers says who sends requests here or names the Service otherwise, one a line.
	Referrers []string
	// ManagedBy names the tool that owns the Service; empty for none known.
	ManagedBy string
}

// FactLine is one setting of a Service and what it means.
type FactLine struct {
	// Name is the field or annotation, e.g. spec.sessionAffinity.
	Name, Value string
	Meaning     string
}

// PortRow is the way of one port: port → targetPort → containerPort.
type PortRow struct {
	Name, Protocol string
	Port           int32
	// NodePort is zero for none.
	NodePort int32
	// TargetPort is as the spec has it, a number or a name. Without a selector it means nothing, and is empty.
	TargetPort  string
	AppProtocol string
	// Resolved are the distinct ports that it leads to, and on how many Pods or endpoints.
	Resolved []ResolvedPort
}

// ResolvedPort is one outcome of resolving a port on the Pods.
type ResolvedPort struct {
	// Number is zero where the Pods have no such port.
	Number int32
	// Container declares the port; empty where none does, which is legal for a number.
	Container string
	// Pods counts those with this outcome.
	Pods int
}

// ServiceFacts makes the evidence of the guide's step 1. It is pure; of a Service that is not there only its
// Referrers are known.
func ServiceFacts(snapshot *model.Snapshot, key model.Key) Facts {
	service := snapshot.Service(key)
	if service == nil {
		return Facts{Referrers: ReferrerTexts(snapshot.Referrers(key))}
	}
	facts := Facts{
		Type: typeText(service), Created: service.CreationTimestamp.Time,
		Reach: reach(service), ManagedBy: managedBy(service, managerOfService(newSubject(Input{Snapshot: snapshot}, service))),
		DNS: []string{
			service.Name, service.Name + "." + service.Namespace, service.Name + "." + service.Namespace + ".svc",
			service.Name + "." + service.Namespace + ".svc.cluster.local",
		},
		Lines: factLines(service), Referrers: ReferrerTexts(snapshot.Referrers(key)),
	}
	facts.SelectorChanged, _ = model.SelectorChanged(service)
	facts.PortsChanged, _ = model.PortsChanged(service)
	facts.TypeChanged, _ = model.TypeChanged(service)
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		facts.ExternalName = service.Spec.ExternalName
	} else {
		facts.ClusterIPs = service.Spec.ClusterIPs
		if len(facts.ClusterIPs) == 0 && service.Spec.ClusterIP != "" {
			facts.ClusterIPs = []string{service.Spec.ClusterIP}
		}
	}
	facts.External = externalAddresses(service)
	facts.Pending = service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(service.Status.LoadBalancer.Ingress) == 0
	for i := range service.Spec.Ports {
		facts.Ports = append(facts.Ports, portRow(snapshot, service, i))
	}
	return facts
}

func portRow(snapshot *model.Snapshot, service *corev1.Service, index int) PortRow {
	port := &service.Spec.Ports[index]
	row := PortRow{
		Name: port.Name, Protocol: string(protocolOf(port.Protocol)), Port: port.Port, NodePort: port.NodePort,
	}
	if port.AppProtocol != nil {
		row.AppProtocol = *port.AppProtocol
	}
	count := func(target ResolvedPort) {
		for i := range row.Resolved {
			if row.Resolved[i].Number == target.Number && row.Resolved[i].Container == target.Container {
				row.Resolved[i].Pods++
				return
			}
		}
		target.Pods = 1
		row.Resolved = append(row.Resolved, target)
	}
	s := newSubject(Input{Snapshot: snapshot}, service)
	if !s.selects() {
		for _, ported := range s.endpoints().Ports {
			for _, endpoint := range ported.Usable {
				if ported.Index == index {
					count(ResolvedPort{Number: endpoint.Port})
				}
			}
		}
		return row
	}
	row.TargetPort = targetPortText(port)
	for _, pod := range s.live() {
		target, _ := model.ResolveTargetPort(&pod.Spec, port)
		count(ResolvedPort{Number: target.Number, Container: target.Container})
	}
	return row
}
