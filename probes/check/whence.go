package check

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

// Lead is a Service that an address, host or name leads to.
type Lead struct {
	Service model.Key
	// By says what leads there, e.g. ClusterIP, or Ingress shop/web /pay.
	By string
	// path is how much of the path of a URL a rule has in common with it.
	path int
	// hasPort means that it leads there by the very port that was seen.
	hasPort bool
}

// LeadsFrom finds the Services that something which a person has seen leads to: a ClusterIP, an external IP, the address of a load balancer,
// of a node with a node port, or of a Pod, or its name; the host or URL of an Ingress or route; an external name; a DNS name of the cluster. The best comes
// first. It is empty for what is none of these, and for what the snapshot does not hold, but for names: where namespaces, those that are known to
// exist, hold the one that is named, NAME.NAMESPACE and NAMESPACE/NAME lead there. It is pure and safe for concurrent use.
func LeadsFrom(snapshot *model.Snapshot, seen string, namespaces []string) []Lead {
	host, port, path := partsOf(seen)
	var leads []Lead
	if address, err := netip.ParseAddr(host); err == nil {
		leads = leadsFromAddress(snapshot, address.Unmap(), port)
	} else if strings.Contains(host, ".") {
		leads = slices.Concat(leadsFromName(snapshot, host, namespaces), leadsFromHost(snapshot, host, path))
	} else if name := strings.TrimPrefix(path, "/"); name == "" {
		leads = leadsFromPod(snapshot, host)
	} else if slices.Contains(namespaces, host) && !strings.Contains(name, "/") {
		if key := (model.Key{Namespace: host, Name: name}); snapshot.Service(key) == nil {
			leads = []Lead{{Service: key, By: "its name"}}
		}
	}
	slices.SortStableFunc(leads, func(a, b Lead) int {
		return cmp.Or(cmp.Compare(b.path, a.path), a.Service.Compare(b.Service), cmp.Compare(a.By, b.By))
	})
	return slices.Compact(leads)
}

// partsOf takes a URL, or what is left of one, apart. port is 0 where there is none.
func partsOf(seen string) (host string, port int32, path string) {
	rest := strings.TrimSpace(seen)
	if _, after, ok := strings.Cut(rest, "://"); ok {
		rest = after
	}
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		rest, path = rest[:at], rest[at:]
	}
	host = rest
	if before, text, err := net.SplitHostPort(rest); err == nil {
		number, _ := strconv.ParseUint(text, 10, 16) // a name of a port tells nothing here
		host, port = before, int32(number)
	}
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), ".")), port, path
}

func leadsFromAddress(snapshot *model.Snapshot, address netip.Addr, port int32) []Lead {
	is := func(text string) bool {
		other, _ := netip.ParseAddr(text)
		return other.Unmap() == address
	}
	node := ""
	for _, candidate := range snapshot.Nodes() {
		if slices.ContainsFunc(candidate.Status.Addresses, func(a corev1.NodeAddress) bool { return is(a.Address) }) {
			node = candidate.Name
		}
	}
	var leads []Lead
	for _, service := range snapshot.Services(model.AllNamespaces) {
		key := model.Key{Namespace: service.Namespace, Name: service.Name}
		hasPort := port != 0 && slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port })
		switch {
		case is(service.Spec.ClusterIP), slices.ContainsFunc(service.Spec.ClusterIPs, is):
			leads = append(leads, Lead{Service: key, By: "ClusterIP", hasPort: hasPort})
		case slices.ContainsFunc(service.Spec.ExternalIPs, is):
			leads = append(leads, Lead{Service: key, By: "external IP", hasPort: hasPort})
		case slices.ContainsFunc(service.Status.LoadBalancer.Ingress, func(i corev1.LoadBalancerIngress) bool { return is(i.IP) }):
			leads = append(leads, Lead{Service: key, By: "address of the load balancer", hasPort: hasPort})
		case node != "" && port != 0 && slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.NodePort == port }):
			leads = append(leads, Lead{Service: key, By: "node port, on " + node, hasPort: true})
		}
	}
	for _, slice := range snapshot.EndpointSlices(model.AllNamespaces) {
		name := slice.Labels[discoveryv1.LabelServiceName]
		if name == "" {
			continue
		}
		hasPort := port != 0 && slices.ContainsFunc(slice.Ports, func(p discoveryv1.EndpointPort) bool { return p.Port != nil && *p.Port == port })
		for i := range slice.Endpoints {
			if slices.ContainsFunc(slice.Endpoints[i].Addresses, is) {
				by := "an endpoint"
				if target := slice.Endpoints[i].TargetRef; target != nil && target.Kind == "Pod" {
					by = "Pod " + target.Name
				}
				leads = append(leads, Lead{Service: model.Key{Namespace: slice.Namespace, Name: name}, By: by, hasPort: hasPort})
			}
		}
	}
	if slices.ContainsFunc(leads, func(lead Lead) bool { return lead.hasPort }) {
		// Many share an address, as those of a node do: the port tells which one is meant.
		leads = slices.DeleteFunc(leads, func(lead Lead) bool { return !lead.hasPort })
	}
	return leads
}

// leadsFromPod finds the Services whose slices list a Pod of that name.
func leadsFromPod(snapshot *model.Snapshot, name string) []Lead {
	var leads []Lead
	for _, slice := range snapshot.EndpointSlices(model.AllNamespaces) {
		service := slice.Labels[discoveryv1.LabelServiceName]
		if service != "" && slices.ContainsFunc(slice.Endpoints, func(endpoint discoveryv1.Endpoint) bool {
			return endpoint.TargetRef != nil && endpoint.TargetRef.Kind == "Pod" && endpoint.TargetRef.Name == name
		}) {
			leads = append(leads, Lead{Service: model.Key{Namespace: slice.Namespace, Name: service}, By: "Pod " + name})
		}
	}
	return leads
}

// leadsFromName reads a DNS name of the cluster: NAME.NAMESPACE.svc, with a Pod's hostname in front or the cluster's domain behind, and
// NAME.NAMESPACE where there is such a Service or such a namespace.
func leadsFromName(snapshot *model.Snapshot, host string, namespaces []string) []Lead {
	labels := strings.Split(host, ".")
	at := slices.Index(labels, "svc")
	switch {
	case at == 2 || at == 3:
		return []Lead{{Service: model.Key{Namespace: labels[at-1], Name: labels[at-2]}, By: "its DNS name"}}
	case len(labels) == 2:
		if key := (model.Key{Namespace: labels[1], Name: labels[0]}); snapshot.Service(key) != nil || slices.Contains(namespaces, key.Namespace) {
			return []Lead{{Service: key, By: "its DNS name"}}
		}
	}
	return nil
}

func leadsFromHost(snapshot *model.Snapshot, host, path string) []Lead {
	var leads []Lead
	for _, service := range snapshot.Services(model.AllNamespaces) {
		key := model.Key{Namespace: service.Namespace, Name: service.Name}
		if strings.EqualFold(strings.TrimSuffix(service.Spec.ExternalName, "."), host) {
			leads = append(leads, Lead{Service: key, By: "its external name"})
		}
		if slices.ContainsFunc(service.Status.LoadBalancer.Ingress, func(i corev1.LoadBalancerIngress) bool { return strings.EqualFold(i.Hostname, host) }) {
			leads = append(leads, Lead{Service: key, By: "name of the load balancer"})
		}
	}
	for _, key := range snapshot.Referred(model.AllNamespaces) {
		for _, referrer := range snapshot.Referrers(key) {
			admits := func(rule string) bool { return admitsHost(referrer.Kind, rule, host) }
			if !slices.ContainsFunc(referrer.Hosts, admits) {
				continue
			}
			lead := Lead{Service: key, By: referrer.Kind.ObjectKind() + " " + model.Key{Namespace: referrer.Namespace, Name: referrer.Name}.String()}
			for _, rule := range referrer.Paths {
				if path != "" && beginsWithPath(path, rule) {
					lead.path = max(lead.path, len(rule))
				}
			}
			if len(referrer.Paths) > 0 {
				lead.By += " " + firstOf(referrer.Paths, 2)
			}
			if lead.path > 0 || path == "" || len(referrer.Paths) == 0 {
				leads = append(leads, lead)
			}
		}
	}
	return leads
}

// admitsHost tells whether the host of a rule takes requests for another. A wildcard is one label of an Ingress, and one or more of a route
// (networking.k8s.io/v1 IngressRule; Gateway API, Hostname).
func admitsHost(kind model.Kind, rule, host string) bool {
	suffix, wildcard := strings.CutPrefix(strings.ToLower(rule), "*.")
	if !wildcard {
		return strings.EqualFold(rule, host)
	}
	label, ok := strings.CutSuffix(host, "."+suffix)
	return ok && label != "" && (kind != model.Ingresses || !strings.Contains(label, "."))
}

// beginsWithPath tells whether a path is that of a rule, or below it, element by element.
func beginsWithPath(path, rule string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(rule, "/"))
	return ok && (rest == "" || strings.HasPrefix(rest, "/"))
}
