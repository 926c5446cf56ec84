package isolation

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// HereWay is by what way an address that From here dials leads to a Service.
type HereWay uint8

// The ways. Only those of a load balancer, an external IP and an Ingress are tried without being asked for.
const (
	HereLoadBalancer HereWay = iota
	HereExternalIP
	HereIngress
	HereNodePort
	HerePodIP
	HereExternalName
)

func (w HereWay) String() string {
	switch w {
	case HereLoadBalancer:
		return "load balancer"
	case HereExternalIP:
		return "external IP"
	case HereIngress:
		return "Ingress"
	case HereNodePort:
		return "node port"
	case HerePodIP:
		return "Pod IP"
	}
	return "external name"
}

// addressesPerWay is how many addresses of one way are tried. The rest is counted, and said.
const addressesPerWay = 4

// hereTarget is one address to dial from here.
type hereTarget struct {
	way HereWay
	// target is the address for a person: host:port, or a URL for an Ingress.
	target, crosses string
	// host is dialled; an Ingress is asked for another name than that.
	host string
	port int32
	// scheme is empty where the Service's own protocol is spoken. askFor and path are those of an Ingress.
	scheme, askFor, path string
	// internal means that the address is not meant to be reached from everywhere.
	internal bool
	// byDNS means that the host of an Ingress's rule is dialled, because the Ingress has no address in its status.
	byDNS bool
	// excused says why silence is expected here; empty where it is not.
	excused string
	// why says why there is nothing to dial; such a target is shown, and not tried.
	why string
}

func (t *hereTarget) address() string { return hostPort(t.host, t.port) }

// hereTargets are the addresses that lead to the subject's port from outside of the cluster, as far as they are tried.
func hereTargets(s *subject) []hereTarget {
	switch {
	case s.facts.Fault == faultExternalName:
		return externalNameTargets(s)
	case !s.looksAtPods():
		return nil
	}
	targets := slices.Concat(bounded(balancerTargets(s)), bounded(externalIPTargets(s)), bounded(ingressTargets(s)))
	if s.request.NodePorts {
		targets = append(targets, bounded(nodePortTargets(s))...)
	}
	if s.request.PodIP {
		targets = append(targets, podIPTarget(s))
	}
	return targets
}

// bounded cuts the targets of one way, and says how many were left out.
func bounded(targets []hereTarget) []hereTarget {
	left := len(targets) - addressesPerWay
	if left <= 0 {
		return targets
	}
	what := targets[0].way.String()
	return append(targets[:addressesPerWay:addressesPerWay], hereTarget{
		way: targets[0].way, target: fmt.Sprintf("%d more by %s", left, what), crosses: fmt.Sprintf("%s → %d more", what, left), why: fmt.Sprintf("left out: %d of %d are tried", addressesPerWay, len(targets)),
	})
}

func balancerTargets(s *subject) []hereTarget {
	var targets []hereTarget
	if s.service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return nil
	}
	for _, ingress := range s.service.Status.LoadBalancer.Ingress {
		host := cmp.Or(ingress.IP, ingress.Hostname)
		if host == "" {
			continue
		}
		targets = append(targets, hereTarget{
			way: HereLoadBalancer, target: hostPort(host, s.port.Port), crosses: "load balancer → " + hostPort(host, s.port.Port), host: host, port: s.port.Port,
			internal: check.InternalLoadBalancer(s.service) || isInternal(host),
		})
	}
	return targets
}

func externalIPTargets(s *subject) []hereTarget {
	var targets []hereTarget
	for _, ip := range s.service.Spec.ExternalIPs {
		targets = append(targets, hereTarget{
			way: HereExternalIP, target: hostPort(ip, s.port.Port), crosses: "external IP → " + hostPort(ip, s.port.Port), host: ip, port: s.port.Port, internal: isInternal(ip),
		})
	}
	return targets
}

// sharedAddresses are those that carriers and clouds use inside their own networks (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// isInternal tells whether an address is one of those that are not routed on the internet.
func isInternal(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && (address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast() || sharedAddresses.Contains(address.Unmap()))
}

// ingressTargets are the hosts whose rules name the subject's port. A request goes to the Ingress's own address where its status has
// one, and carries the rule's host.
func ingressTargets(s *subject) []hereTarget {
	var targets []hereTarget
	for _, referrer := range s.snapshot.Referrers(s.request.Service) {
		if referrer.Kind != model.Ingresses || !leadsToPort(&referrer, &s.port) {
			continue
		}
		ingress := s.snapshot.Ingress(model.Key{Namespace: referrer.Namespace, Name: referrer.Name})
		if ingress == nil || strings.HasPrefix(referrer.Field, "spec.defaultBackend") {
			continue
		}
		for _, target := range s.ruleTargets(ingress, first(referrer.Hosts), first(referrer.Paths)) {
			if !slices.ContainsFunc(targets, func(other hereTarget) bool { return other.target == target.target && other.host == target.host }) {
				targets = append(targets, target)
			}
		}
	}
	// Where one host and path is behind several addresses, the address tells them apart.
	seen := map[string]int{}
	for _, target := range targets {
		seen[target.target]++
	}
	for i := range targets {
		if seen[targets[i].target] > 1 {
			targets[i].target += " at " + targets[i].host
		}
		targets[i].crosses += " → " + targets[i].target
	}
	return targets
}

func leadsToPort(referrer *model.Referrer, port *corev1.ServicePort) bool {
	if referrer.PortName != "" {
		return port.Name == referrer.PortName
	}
	return port.Port == referrer.Port
}

// ruleTargets is one rule's host and path at each address of the Ingress.
func (s *subject) ruleTargets(ingress *networkingv1.Ingress, host, path string) []hereTarget {
	base := hereTarget{way: HereIngress, scheme: schemeHTTP, port: 80, askFor: aNameOf(host, s.request.Host), path: s.pathFor(path)}
	if encrypted(ingress, base.askFor) {
		base.scheme, base.port = schemeHTTPS, 443
	}
	var addresses []string
	for _, address := range ingress.Status.LoadBalancer.Ingress {
		if at := cmp.Or(address.IP, address.Hostname); at != "" {
			addresses = append(addresses, at)
		}
	}
	whose := "Ingress " + ingress.Name
	if len(addresses) == 0 && base.askFor == "" {
		base.target, base.crosses = "no address", whose
		base.why = "it has neither an address in its status nor a host"
		return []hereTarget{base}
	}
	if len(addresses) == 0 {
		base.host, base.byDNS = base.askFor, true
		base.target, base.crosses = base.scheme+"://"+base.askFor+base.path, whose+", by DNS"
		return []hereTarget{base}
	}
	var targets []hereTarget
	for _, at := range addresses {
		target := base
		target.host, target.internal = at, isInternal(at)
		target.target = target.scheme + "://" + cmp.Or(target.askFor, bracketed(at)) + target.path
		target.crosses = whose
		targets = append(targets, target)
	}
	return targets
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// aNameOf is a host name that a rule's host admits: of a wildcard the one that was asked for, else one that anybody could use.
func aNameOf(host, asked string) string {
	suffix, wildcard := strings.CutPrefix(host, "*")
	if !wildcard {
		return host
	}
	if label, rest, ok := strings.Cut(asked, "."); ok && label != "" && "."+rest == suffix {
		return asked
	}
	return "www" + suffix
}

// pathFor is the rule's path, or the one that a person asked for where that is beneath it. Of a pattern it is the part in front.
func (s *subject) pathFor(rule string) string {
	if at := strings.IndexAny(rule, `(|[\*+?^${`); at >= 0 {
		rule = rule[:at]
	}
	rule = "/" + strings.TrimLeft(rule, "/")
	if s.pathAsked && strings.HasPrefix(s.request.Path, rule) {
		return s.request.Path
	}
	return rule
}

// encrypted tells whether an Ingress has a certificate for a host.
func encrypted(ingress *networkingv1.Ingress, host string) bool {
	for _, tls := range ingress.Spec.TLS {
		if len(tls.Hosts) == 0 {
			return true
		}
		for _, name := range tls.Hosts {
			suffix, wildcard := strings.CutPrefix(name, "*")
			label, rest, _ := strings.Cut(host, ".")
			if strings.EqualFold(name, host) || wildcard && label != "" && strings.EqualFold("."+rest, suffix) {
				return true
			}
		}
	}
	return false
}

// nodePortTargets are the addresses of nodes, those first that have an endpoint and are Ready.
func nodePortTargets(s *subject) []hereTarget {
	none := hereTarget{way: HereNodePort, target: "node port", crosses: "a node's port"}
	switch {
	case s.port.NodePort == 0:
		none.why = "the port has no node port"
		return []hereTarget{none}
	case len(s.snapshot.Nodes()) == 0 && !s.snapshot.Coverage(model.Nodes, "").Known():
		none.target, none.why = "NODE:"+strconv.Itoa(int(s.port.NodePort)), "nodes cannot be read (list nodes), so their addresses are not known"
		return []hereTarget{none}
	}
	local := s.service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
	has := func(node *corev1.Node) bool {
		return slices.ContainsFunc(s.endpoints, func(endpoint check.Endpoint) bool { return endpoint.Node == node.Name })
	}
	rank := func(node *corev1.Node) int {
		switch {
		case !nodeReady(node):
			return 2
		case local && !has(node):
			return 1
		}
		return 0
	}
	nodes := slices.Clone(s.snapshot.Nodes())
	slices.SortStableFunc(nodes, func(a, b *corev1.Node) int { return cmp.Compare(rank(a), rank(b)) })
	var targets []hereTarget
	for _, node := range nodes {
		for _, address := range node.Status.Addresses {
			if address.Type != corev1.NodeInternalIP && address.Type != corev1.NodeExternalIP || !s.servesFamilyOf(address.Address) {
				continue
			}
			target := hereTarget{
				way: HereNodePort, target: hostPort(address.Address, s.port.NodePort), crosses: "node " + node.Name + " → " + hostPort(address.Address, s.port.NodePort),
				host: address.Address, port: s.port.NodePort, internal: true,
			}
			switch {
			case local && s.facts.UsableKnown && !has(node):
				target.excused = "externalTrafficPolicy is Local, and this node has no endpoint"
			case !nodeReady(node):
				target.excused = "the node is not Ready"
			}
			targets = append(targets, target)
		}
	}
	return targets
}

// servesFamilyOf tells whether the Service is one of an address's IP family: node ports are of its families alone.
func (s *subject) servesFamilyOf(address string) bool {
	parsed, err := netip.ParseAddr(address)
	if err != nil || len(s.service.Spec.IPFamilies) == 0 {
		return err == nil
	}
	family := corev1.IPv4Protocol
	if parsed.Is6() {
		family = corev1.IPv6Protocol
	}
	return slices.Contains(s.service.Spec.IPFamilies, family)
}

func nodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func podIPTarget(s *subject) hereTarget {
	target := hereTarget{way: HerePodIP, target: "Pod IP", crosses: "the Pod's IP", internal: true}
	// Read-only forbids ways through the API server, and this is none.
	open := *s
	open.request.ReadOnly, open.facts.ProxyElsewhere = false, false
	target.why = open.whyNot(RungProxyPod)
	if target.why == "" && s.facts.PodIP == "" {
		target.why = "the Pod has no address of the Service's IP family"
	}
	if target.why == "" {
		target.host, target.port = s.facts.PodIP, s.podPort
		target.target = hostPort(target.host, target.port)
		target.crosses += " → " + target.target
	}
	return target
}

// untriedHere are the observations of From here before anything was tried: one for each address, or one that says why there is none.
func (s *subject) untriedHere(targets []hereTarget) []Observation {
	if len(targets) == 0 {
		return []Observation{{Rung: RungFromHere, Crosses: "the network from here", Outcome: NotRun, Detail: s.whyNotHere()}}
	}
	observations := make([]Observation, 0, len(targets))
	for _, target := range targets {
		observations = append(observations, Observation{
			Rung: RungFromHere, Crosses: target.crosses, Target: target.target, Outcome: NotRun, Detail: target.why,
		})
	}
	return observations
}

// whyNotHere says why there is no address to dial from here.
func (s *subject) whyNotHere() string {
	switch {
	case s.facts.Fault == faultNotTCP:
		return s.facts.Protocol + " cannot be probed from here"
	case !s.looksAtPods():
		// Read-only is no reason: the way from here does not lead through the API server.
		open := *s
		open.request.ReadOnly, open.facts.ProxyElsewhere = false, false
		return open.whyNot(RungFromHere)
	case s.service.Spec.Type == corev1.ServiceTypeLoadBalancer:
		return "the load balancer has no address yet, and no Ingress leads to this port"
	case s.port.NodePort != 0 && !s.request.NodePorts:
		return "no external address; its node port is tried when asked for"
	}
	if !s.ingressesKnown {
		return "no external address; Ingresses cannot be read (list ingresses), so their hosts are not known"
	}
	return "no external address"
}
