package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// gatewayFindings is GW-03: what is wrong with the Gateways that a route is attached to. Explained is true where one of them
// accounts for no controller having taken the route.
func (s *subject) gatewayFindings(backend *routeBackend) (findings []Finding, explained bool) {
	route := backend.route
	var said []model.Key
	for i := range route.Parents {
		parent := &route.Parents[i]
		key := model.Key{Namespace: parent.Namespace, Name: parent.Name}
		if parent.Group != gatewayGroup || parent.Kind != "Gateway" {
			continue
		}
		gateway := s.in.Snapshot.Gateway(key)
		if gateway == nil {
			if !slices.Contains(said, key) && s.in.Snapshot.Coverage(model.Gateways, key.Namespace).Known() {
				said = append(said, key)
				findings = append(findings, s.noGatewayFinding(backend, key))
				explained = true
			}
			continue
		}
		if finding, wrong := s.gatewayCondition(backend, gateway); wrong {
			if !slices.Contains(said, key) {
				said = append(said, key)
				findings = append(findings, finding)
			}
			explained = true
			continue
		}
		findings = append(findings, s.listenerFindings(backend, parent, gateway)...)
	}
	return findings, explained
}

func (s *subject) noGatewayFinding(backend *routeBackend, key model.Key) Finding {
	return s.heldDated(Finding{
		ID: "GW-03", Severity: Major, Confidence: Proven, Step: StepService,
		Short:    short("no Gateway %s", key.Name),
		Title:    fmt.Sprintf("%s is attached to Gateway %s, which does not exist.", backend, key),
		Why:      "No requests come this way until that Gateway is there.",
		Evidence: []Evidence{{Kind: backend.route.Kind, Namespace: backend.route.Namespace, Name: backend.route.Name, Field: "spec.parentRefs", Value: "Gateway " + key.String()}},
		Since:    s.latest(backend.route.CreationTimestamp.Time),
		Fix:      withOwner(Fix{Note: "name a Gateway that exists in spec.parentRefs, or create it"}, backend.route, ""),
	}, settleTime, time.Time{})
}

// gatewayCondition says what is wrong with a Gateway as a whole: refused, not programmed, or taken by no controller, which leaves
// the conditions that the API server itself wrote, Unknown and Pending.
func (s *subject) gatewayCondition(backend *routeBackend, gateway *model.Gateway) (Finding, bool) {
	finding := s.gatewayFinding(backend, gateway)
	taken := false
	for i := range gateway.Conditions {
		taken = taken || gateway.Conditions[i].Status != metav1.ConditionUnknown
	}
	if condition := firstFailing(gateway.Conditions, gateway.Generation, "Accepted", "Programmed"); condition != nil {
		finding.Short = short("Gateway %s: %s", gateway.Name, condition.Reason)
		finding.Title = fmt.Sprintf("Gateway %s is not %s: %s.", gateway.Name, strings.ToLower(condition.Type), condition.Reason)
		finding.Why = condition.Message
		finding.Evidence = append(finding.Evidence, gatewayEvidence(gateway, "status.conditions["+condition.Type+"]", "False "+condition.Reason))
		finding.Since = latestOf(finding.Since, condition.LastTransitionTime.Time)
		if condition.Reason == "AddressNotAssigned" {
			// On bare metal Gateways are used by node port or by their ClusterIP, and never get an address of their own.
			finding.Confidence = Likely
			finding.Why = strings.TrimSpace(Sentence(finding.Why) + " Who comes in another way, by a node port or from within the cluster, may be served all the same.")
		}
		return s.heldFor(finding, patienceWith(condition)), true
	}
	if taken {
		return Finding{}, false
	}
	finding.Confidence = Likely
	finding.Short = short("Gateway %s: no controller", gateway.Name)
	finding.Title = fmt.Sprintf("No controller has taken Gateway %s.", gateway.Name)
	finding.Why = "Nobody has written its status: there seems to be no controller for the class " + gateway.Class + "."
	finding.Evidence = append(finding.Evidence, gatewayEvidence(gateway, "spec.gatewayClassName", gateway.Class))
	finding.Fix.Note = "install a controller for this GatewayClass, or ask for the class of one that is there"
	return s.heldFor(finding, knownErrorPatience), true
}

func (s *subject) gatewayFinding(backend *routeBackend, gateway *model.Gateway) Finding {
	return Finding{
		ID: "GW-03", Severity: Major, Confidence: Proven, Step: StepService,
		Evidence: []Evidence{{
			Kind: backend.route.Kind, Namespace: backend.route.Namespace, Name: backend.route.Name, Field: "spec.parentRefs",
			Value: "Gateway " + gateway.Namespace + "/" + gateway.Name,
		}},
		Since: latestOf(s.latest(backend.route.CreationTimestamp.Time), gateway.CreationTimestamp.Time),
		Fix:   withOwner(Fix{Note: "mend what the message names in Gateway " + gateway.Namespace + "/" + gateway.Name}, gateway, ""),
	}
}

func gatewayEvidence(gateway *model.Gateway, field, value string) Evidence {
	return Evidence{Kind: "Gateway", Namespace: gateway.Namespace, Name: gateway.Name, Field: field, Value: value}
}

// listenerFindings says what is wrong with the listeners that a route asks for: the one that it names, by name or port, else all whose
// hostname fits.
func (s *subject) listenerFindings(backend *routeBackend, parent *model.GatewayRef, gateway *model.Gateway) []Finding {
	var findings []Finding
	for i := range gateway.Listeners {
		listener := &gateway.Listeners[i]
		if parent.Section != "" && parent.Section != listener.Name || parent.Port != 0 && parent.Port != listener.Port ||
			!hostnamesMeet(backend.route.Hostnames, listener.Hostname) || parent.Section == "" && !speaks(listener.Protocol, backend.route.Kind) {
			continue
		}
		condition := firstFailing(listener.Conditions, gateway.Generation, "Conflicted", "ResolvedRefs", "Accepted", "Programmed")
		if condition == nil {
			continue
		}
		finding := s.gatewayFinding(backend, gateway)
		finding.Short = short("listener %s: %s", listener.Name, condition.Reason)
		finding.Title = fmt.Sprintf("Listener %s of Gateway %s does not serve: %s.", listener.Name, gateway.Name, condition.Reason)
		finding.Why = condition.Message
		finding.Evidence = append(finding.Evidence, gatewayEvidence(gateway,
			"status.listeners["+listener.Name+"].conditions["+condition.Type+"]", string(condition.Status)+" "+condition.Reason))
		finding.Since = latestOf(finding.Since, condition.LastTransitionTime.Time)
		findings = append(findings, s.heldFor(finding, patienceWith(condition)))
	}
	return findings
}

// speaks tells whether a listener of a protocol takes routes of a kind (gateway-api.sigs.k8s.io, ProtocolType). Of protocols that
// implementations add nothing is known.
func speaks(protocol, kind string) bool {
	switch protocol {
	case "HTTP", "HTTPS":
		return kind == "HTTPRoute" || kind == "GRPCRoute"
	case "TLS":
		return kind == "TLSRoute" || kind == "TCPRoute"
	case "TCP":
		return kind == "TCPRoute"
	case "UDP":
		return false
	}
	return true
}

// firstFailing returns the first of some conditions, in the order of the types asked for, that says that something is wrong with
// the object as it is now; nil for none. Conflicted is wrong where it is true, the others where they are false.
func firstFailing(conditions []metav1.Condition, generation int64, types ...string) *metav1.Condition {
	for _, wanted := range types {
		wrong := metav1.ConditionFalse
		if wanted == "Conflicted" {
			wrong = metav1.ConditionTrue
		}
		for i := range conditions {
			condition := &conditions[i]
			if condition.Type == wanted && condition.Status == wrong && condition.ObservedGeneration == generation {
				return condition
			}
		}
	}
	return nil
}

// patienceWith is how long a condition may last: a cloud takes a while to make what is pending and to give an address, and an issuer
// to write a new certificate.
func patienceWith(condition *metav1.Condition) time.Duration {
	switch condition.Reason {
	case "Pending", "AddressNotAssigned", "InvalidCertificateRef":
		return loadBalancerPatience
	}
	return settleTime
}

// hostnamesMeet tells whether a listener's hostname and one of a route's have names in common; empty stands for every name
// (gateway-api.sigs.k8s.io, spec.hostnames of HTTPRoute).
func hostnamesMeet(ofRoute []string, ofListener string) bool {
	if len(ofRoute) == 0 || ofListener == "" {
		return true
	}
	covers := func(pattern, name string) bool {
		suffix, wild := strings.CutPrefix(pattern, "*")
		return pattern == name || wild && strings.HasSuffix(name, suffix)
	}
	return slices.ContainsFunc(ofRoute, func(hostname string) bool {
		return covers(hostname, ofListener) || covers(ofListener, hostname)
	})
}
