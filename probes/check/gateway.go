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

// gatewayGroup is the API group of the Gateway API.
const gatewayGroup = "gateway.networking.k8s.io"

func gatewayRules() []Rule {
	routed := func(s *subject) bool { return len(s.routeBackends()) > 0 }
	routes := []model.Kind{model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes}
	return []Rule{
		// Nothing of the others can be told either where routes cannot be read.
		{IDs: []string{"GW-02", "GW-01", "GW-03"}, Step: StepService, Uses: routes, beside: true, check: checkRouteBackends},
		{
			IDs: []string{"GW-02"}, Step: StepService, Reads: []model.Kind{model.ReferenceGrants}, beside: true,
			applies: func(s *subject) bool { return len(s.foreignRoutes()) > 0 }, check: checkReferenceGrants,
		},
		{IDs: []string{"GW-03", "GW-01"}, Step: StepService, Uses: []model.Kind{model.Gateways}, beside: true, applies: routed, check: checkRoutes},
	}
}

// routeBackend is one place of a route that sends requests to a Service.
type routeBackend struct {
	route *model.Route
	rule  *model.RouteRule
	// ref is one of the rule's Backends.
	ref *model.BackendRef
}

func (b *routeBackend) String() string { return b.route.Kind + " " + b.route.Name }

// fromElsewhere tells whether the route lives in another namespace than the Service.
func (b *routeBackend) fromElsewhere() bool { return b.route.Namespace != b.ref.Namespace }

func (b *routeBackend) evidence(field, value string) Evidence {
	return Evidence{Kind: b.route.Kind, Namespace: b.route.Namespace, Name: b.route.Name, Field: b.ref.Path + field, Value: value}
}

func (b *routeBackend) patch(in Input, operations ...jsonPatch) string {
	return kubectlIn(in, b.route.Namespace, "patch", strings.ToLower(b.route.Kind), b.route.Name, "--type=json", "-p", asJSON(operations))
}

// routeBackends are the places that name this Service.
func (s *subject) routeBackends() []routeBackend { return s.inFront().routes }

// foreignRoutes are those of them that live in other namespaces.
func (s *subject) foreignRoutes() []routeBackend {
	var foreign []routeBackend
	for _, backend := range s.routeBackends() {
		if backend.fromElsewhere() {
			foreign = append(foreign, backend)
		}
	}
	return foreign
}

// checkRouteBackends is GW-02: a backendRef names no port of the Service, or all of a rule's backends have the weight 0.
func checkRouteBackends(s *subject) []Finding {
	var findings []Finding
	for _, backend := range s.routeBackends() {
		switch {
		case weightless(backend.rule):
			findings = append(findings, s.weightFinding(&backend))
		case backend.ref.Weight != 0 && !s.hasPort(backend.ref.Port) && s.routes():
			findings = append(findings, s.routePortFinding(&backend))
		}
	}
	return findings
}

func (s *subject) hasPort(number int32) bool {
	return slices.ContainsFunc(s.service.Spec.Ports, func(port corev1.ServicePort) bool { return port.Port == number })
}

// weightless tells whether a rule sends nothing anywhere.
func weightless(rule *model.RouteRule) bool {
	return len(rule.Backends) > 0 && !slices.ContainsFunc(rule.Backends, func(ref model.BackendRef) bool { return ref.Weight != 0 })
}

func (s *subject) weightFinding(backend *routeBackend) Finding {
	return s.heldDated(Finding{
		ID: "GW-02", Severity: Major, Confidence: Proven, Step: StepService,
		Short:    short("%s: every weight is 0", backend),
		Title:    fmt.Sprintf("A rule of %s gives the weight 0 to every backend.", backend),
		Why:      "A backend of weight 0 gets no requests; where none is left, clients get the status 500.",
		Evidence: []Evidence{backend.evidence(".weight", "0")},
		Since:    s.latest(backend.route.CreationTimestamp.Time),
		Fix: withOwner(Fix{Command: backend.patch(s.in,
			jsonPatch{"test", jsonPointer(backend.ref.Path) + "/name", backend.ref.Name},
			jsonPatch{"test", jsonPointer(backend.ref.Path) + "/weight", 0},
			jsonPatch{"replace", jsonPointer(backend.ref.Path) + "/weight", 1},
		)}, backend.route, ""),
	}, settleTime, time.Time{})
}

func (s *subject) routePortFinding(backend *routeBackend) Finding {
	wanted := strconv.Itoa(int(backend.ref.Port))
	finding := Finding{
		ID: "GW-02", Severity: Major, Confidence: Proven, Step: StepService,
		Short: short("%s asks for port %s", backend.route.Kind, wanted),
		Title: fmt.Sprintf("%s sends requests to port %s, which Service %s does not have.", backend, wanted, s.key.Name),
		Why:   "A backendRef names the Service's port; for one that does not exist clients get the status 500.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.ports", Value: servicePortsText(s.service)},
			backend.evidence(".port", wanted),
		},
		Since: s.latest(backend.route.CreationTimestamp.Time),
	}
	if backend.ref.Port == 0 {
		finding.Short = short("%s names no port", backend)
		finding.Title = fmt.Sprintf("%s names no port of Service %s.", backend, s.key.Name)
		finding.Why = "A backendRef to a Service has to name a port of it."
		finding.Evidence[1].Value = "absent"
	}
	if s.isTargetPort(wanted) {
		finding.Why = "A backendRef names the Service's port, not the container's: clients get the status 500."
		finding.Cause = &Cause{Text: wanted + " is the targetPort", Confidence: Likely}
	}
	fix := Fix{Note: "name one of the Service's ports: " + servicePortsText(s.service)}
	if meant := servicePortMeant(s.service, wanted); meant != nil {
		fix = Fix{Command: backend.patch(s.in, backend.portPatch(meant)...)}
	}
	finding.Fix = withOwner(fix, backend.route, "")
	return s.heldDated(finding, settleTime, backend.unresolvedSince(func(reason string) bool { return reason != notPermitted }))
}

// notPermitted is the reason of ResolvedRefs where a ReferenceGrant is missing (gateway-api.sigs.k8s.io, RouteReasonRefNotPermitted).
const notPermitted = "RefNotPermitted"

// unresolvedSince is since when a controller says, for such a reason, that it cannot resolve the reference to this Service; zero where none
// says so of the route as it is now.
func (b *routeBackend) unresolvedSince(because func(reason string) bool) time.Time {
	for i := range b.route.Statuses {
		condition := firstFailing(b.route.Statuses[i].Conditions, b.route.Generation, "ResolvedRefs")
		if condition != nil && because(condition.Reason) && b.isCulprit(condition) {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// portPatch lets a backendRef name another port.
func (b *routeBackend) portPatch(port *corev1.ServicePort) []jsonPatch {
	pointer := jsonPointer(b.ref.Path)
	if b.ref.Port == 0 {
		return []jsonPatch{{"test", pointer + "/name", b.ref.Name}, {"add", pointer + "/port", port.Port}}
	}
	return []jsonPatch{{"test", pointer + "/port", b.ref.Port}, {"replace", pointer + "/port", port.Port}}
}

// checkReferenceGrants is GW-02: a route of another namespace refers to the Service, and nothing here permits it.
func checkReferenceGrants(s *subject) []Finding {
	var findings []Finding
	said := map[*model.Route]bool{}
	for _, backend := range s.foreignRoutes() {
		if said[backend.route] || granted(s.in.Snapshot, &backend) {
			continue
		}
		said[backend.route] = true
		findings = append(findings, s.grantFinding(&backend))
	}
	return findings
}

// granted tells whether a ReferenceGrant in the Service's namespace lets the route refer to it.
func granted(snapshot *model.Snapshot, backend *routeBackend) bool {
	return slices.ContainsFunc(snapshot.ReferenceGrants(backend.ref.Namespace), func(grant *model.ReferenceGrant) bool {
		return slices.Contains(grant.From, model.GrantFrom{Group: gatewayGroup, Kind: backend.route.Kind, Namespace: backend.route.Namespace}) &&
			slices.ContainsFunc(grant.To, func(to model.GrantTo) bool {
				return to.Group == "" && to.Kind == "Service" && (to.Name == "" || to.Name == backend.ref.Name)
			})
	})
}

func (s *subject) grantFinding(backend *routeBackend) Finding {
	route := backend.route
	grant := map[string]any{
		"apiVersion": gatewayGroup + "/v1beta1", "kind": "ReferenceGrant",
		"metadata": map[string]any{"name": s.key.Name + "-from-" + route.Namespace, "namespace": s.key.Namespace},
		"spec": map[string]any{
			"from": []any{map[string]any{"group": gatewayGroup, "kind": route.Kind, "namespace": route.Namespace}},
			"to":   []any{map[string]any{"group": "", "kind": "Service", "name": s.key.Name}},
		},
	}
	return s.heldDated(Finding{
		ID: "GW-02", Severity: Major, Confidence: Proven, Step: StepService,
		Short: short("no ReferenceGrant for %s", route.Namespace),
		Title: fmt.Sprintf("%s of namespace %s refers to this Service, and no ReferenceGrant permits it.", backend, route.Namespace),
		Why:   "A route may refer to a Service of another namespace only where that namespace grants it; until then clients get the status 500.",
		Evidence: []Evidence{
			backend.evidence(".namespace", s.key.Namespace),
			{Kind: "ReferenceGrant", Namespace: s.key.Namespace, Field: "spec.from", Value: "none from " + route.Kind + " of " + route.Namespace},
		},
		Since: s.latest(route.CreationTimestamp.Time),
		Fix: &Fix{
			Command: "echo " + shellQuote(asJSON(grant)) + " | " + s.kubectl("apply", "-f", "-"),
			Note:    "whoever owns this namespace decides who may refer to its Services",
		},
	}, settleTime, backend.unresolvedSince(func(reason string) bool { return reason == notPermitted }))
}

// checkRoutes says what becomes of the routes to this Service: GW-03, their Gateway is in trouble; GW-01, a controller refuses
// them or none has taken them. Conditions count only where they speak of the object as it is now.
func checkRoutes(s *subject) []Finding {
	var findings []Finding
	said := map[*model.Route]bool{}
	for _, backend := range s.routeBackends() {
		if said[backend.route] {
			continue
		}
		said[backend.route] = true
		gateways, explained := s.gatewayFindings(&backend)
		findings = append(findings, gateways...)
		switch {
		case len(backend.route.Statuses) > 0:
			findings = append(findings, s.routeConditions(&backend)...)
		case !explained:
			findings = append(findings, s.untakenFinding(&backend))
		}
	}
	return findings
}

// routeConditions is GW-01 by what a controller says of the route.
func (s *subject) routeConditions(backend *routeBackend) []Finding {
	route := backend.route
	var findings []Finding
	var said []string
	for i := range route.Statuses {
		status := &route.Statuses[i]
		for j := range status.Conditions {
			condition := &status.Conditions[j]
			if condition.ObservedGeneration != route.Generation || slices.Contains(said, condition.Type+condition.Reason) {
				continue
			}
			finding, wrong := s.routeCondition(backend, status, condition)
			if wrong {
				said = append(said, condition.Type+condition.Reason)
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

func (s *subject) routeCondition(backend *routeBackend, status *model.RouteStatus, condition *metav1.Condition) (Finding, bool) {
	finding := Finding{
		ID: "GW-01", Severity: Major, Confidence: Proven, Step: StepService,
		Short: short("%s: %s", backend.route.Kind, condition.Reason),
		Why:   condition.Message,
		Evidence: []Evidence{{
			Kind: backend.route.Kind, Namespace: backend.route.Namespace, Name: backend.route.Name,
			Field: "status.parents[].conditions[" + condition.Type + "]", Value: string(condition.Status) + " " + condition.Reason,
		}},
		Since: s.latest(condition.LastTransitionTime.Time),
		Fix:   withOwner(Fix{Note: "the message is from " + status.Controller + ", the controller of Gateway " + status.Parent.Name}, backend.route, ""),
	}
	switch {
	case condition.Type == "Accepted" && condition.Status == metav1.ConditionFalse:
		finding.Title = fmt.Sprintf("%s is not accepted by %s %s: %s.", backend, status.Parent.Kind, status.Parent.Name, condition.Reason)
	case condition.Type == "ResolvedRefs" && condition.Status == metav1.ConditionFalse:
		if !backend.isCulprit(condition) {
			return Finding{}, false
		}
		finding.Title = fmt.Sprintf("The controller of %s cannot resolve its reference: %s.", backend, condition.Reason)
		if s.contradicts(backend, condition) {
			finding.Confidence = Likely
			finding.Why += " By now it could: the controller has not looked again."
		}
	case condition.Type == "PartiallyInvalid" && condition.Status == metav1.ConditionTrue:
		finding.Severity = Minor
		finding.Title = fmt.Sprintf("The controller of %s leaves a part of it out.", backend)
	default:
		return Finding{}, false
	}
	return s.heldFor(finding, settleTime), true
}

// isCulprit tells whether a reference that cannot be resolved is the one to this Service, as well as can be told: the only one of
// the route, or the one that the message names.
func (b *routeBackend) isCulprit(condition *metav1.Condition) bool {
	for i := range b.route.Rules {
		for _, ref := range b.route.Rules[i].Backends {
			if ref.Kind != b.ref.Kind || ref.Group != b.ref.Group || ref.Name != b.ref.Name || ref.Namespace != b.ref.Namespace {
				return containsName(condition.Message, b.ref.Name)
			}
		}
	}
	return true
}

// containsName tells whether a text names an object, not only one whose name begins or ends with its own.
func containsName(text, name string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	}), name)
}

// contradicts tells whether what a controller says of the reference is not so, or not so any more.
func (s *subject) contradicts(backend *routeBackend, condition *metav1.Condition) bool {
	switch condition.Reason {
	case "BackendNotFound":
		return s.hasPort(backend.ref.Port)
	case notPermitted:
		return !backend.fromElsewhere() || s.covered(model.ReferenceGrants).Known() && granted(s.in.Snapshot, backend)
	}
	return false
}

// untakenFinding is GW-01 where no controller has written anything about the route.
func (s *subject) untakenFinding(backend *routeBackend) Finding {
	route := backend.route
	finding := Finding{
		ID: "GW-01", Severity: Major, Confidence: Likely, Step: StepService,
		Short: short("%s: no controller took it", backend),
		Title: fmt.Sprintf("No controller has taken %s.", backend),
		Why:   "Its status is empty: no Gateway's controller has looked at it, and no requests come this way.",
		Evidence: []Evidence{
			{Kind: route.Kind, Namespace: route.Namespace, Name: route.Name, Field: "status.parents", Value: "absent"},
			{Kind: route.Kind, Namespace: route.Namespace, Name: route.Name, Field: "spec.parentRefs", Value: parentsText(route)},
		},
		Since: route.CreationTimestamp.Time,
		Fix:   withOwner(Fix{Note: "look at the controller of the Gateway's class"}, route, ""),
	}
	if len(route.Parents) == 0 {
		finding.Short = short("%s is attached to no Gateway", backend)
		finding.Title = fmt.Sprintf("%s is attached to no Gateway.", backend)
		finding.Why = "It names no parentRefs, so no requests come this way."
		finding.Fix = withOwner(Fix{Note: "name the Gateway in spec.parentRefs"}, route, "")
	}
	return s.heldFor(finding, knownErrorPatience)
}

func parentsText(route *model.Route) string {
	texts := make([]string, 0, len(route.Parents))
	for i := range route.Parents {
		texts = append(texts, route.Parents[i].Kind+" "+route.Parents[i].Namespace+"/"+route.Parents[i].Name)
	}
	if len(texts) == 0 {
		return "none"
	}
	return firstOf(texts, 3)
}

// latestOf is the latest of some times.
func latestOf(first time.Time, others ...time.Time) time.Time {
	for _, other := range others {
		if other.After(first) {
			first = other
		}
	}
	return first
}
