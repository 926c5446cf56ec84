package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func externalNameRules() []Rule {
	applies := func(s *subject) bool { return s.service.Spec.Type == corev1.ServiceTypeExternalName }
	return []Rule{
		{IDs: []string{"EN-01", "EN-02"}, Step: StepService, check: checkExternalName, applies: applies},
		{IDs: []string{"EN-03"}, Step: StepService, Beyond: targetServices, check: checkAlias, applies: applies},
		{IDs: []string{"EN-04"}, Step: StepService, check: checkInertPorts, applies: applies},
		// What stands in front is looked at where somebody read it: it is only worth knowing.
		{IDs: []string{"EN-06"}, Step: StepService, check: checkExternalNameBehind, applies: applies},
		{IDs: []string{"EN-05"}, Step: StepService, check: checkTargetsCertificate, applies: applies},
	}
}

// targetServices are the Services of the namespaces that an ExternalName leads to, by other ExternalNames too, as far as they are known.
func targetServices(s *subject) []model.Need {
	var needs []model.Need
	at := s.service
	for range aliasesFollowed {
		target, ok := wholeName(at.Spec.ExternalName)
		if !ok {
			break
		}
		need := model.Need{Kind: model.Services, Namespace: target.Namespace}
		if target.Namespace != s.key.Namespace && !slices.Contains(needs, need) {
			needs = append(needs, need)
		}
		if at = s.in.Snapshot.Service(target); at == nil || at.Spec.Type != corev1.ServiceTypeExternalName {
			break
		}
	}
	return needs
}

// leadsOutOfSight tells of an ExternalName whether what it stands for could not be looked at, so that nobody knows whether it is
// there, or is yet to be looked at.
func (s *subject) leadsOutOfSight() (unknown, pending bool) {
	needs := targetServices(s)
	if s.routes() || len(needs) == 0 {
		return false, false
	}
	// What comes before the last was followed, and so is known.
	last := needs[len(needs)-1]
	coverage := s.in.Snapshot.Coverage(last.Kind, last.Namespace)
	return !coverage.Pending() && !coverage.Known(), coverage.Pending()
}

// named is since when the Service is another name for what externalName says; zero where managedFields do not tell.
func (s *subject) named() time.Time {
	change, _ := model.ExternalNameChanged(s.service)
	if change.At.IsZero() {
		return change.At
	}
	switched, _ := model.TypeChanged(s.service)
	return latestOf(change.At, switched.At)
}

// wholeName returns the Service that a whole name of this cluster stands for, with the usual cluster domain.
func wholeName(externalName string) (model.Key, bool) {
	parts := strings.Split(strings.ToLower(strings.TrimSuffix(externalName, ".")), ".")
	if len(parts) != 5 || parts[2] != "svc" || parts[3] != "cluster" || parts[4] != "local" {
		return model.Key{}, false
	}
	return model.Key{Namespace: parts[1], Name: parts[0]}, true
}

// checkExternalName says of an ExternalName what cluster DNS makes of it: EN-01, an address is served as a name, and
// resolves to nothing; EN-02, a name without a dot, or one that leans on the search path, is looked up as it stands. A selector
// beside it means nothing, and is never a fault.
func checkExternalName(s *subject) []Finding {
	target := strings.TrimSuffix(s.service.Spec.ExternalName, ".")
	finding := Finding{
		Severity: Critical, Confidence: Proven, Step: StepService, Since: s.named(),
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.externalName", Value: s.service.Spec.ExternalName,
		}},
	}
	if _, err := netip.ParseAddr(target); err == nil {
		finding.ID, finding.Short = "EN-01", short("%s is an address, not a name", target)
		finding.Title = fmt.Sprintf("externalName is the address %s; DNS can only answer with a name.", target)
		finding.Why = "Cluster DNS answers with a CNAME; for an address it has none, and the name does not resolve."
		finding.Fix = s.serviceFix(Fix{Note: "make it a Service without a selector, and an EndpointSlice with this address"})
		if slices.ContainsFunc(s.in.Snapshot.Referrers(s.key), func(r model.Referrer) bool { return r.Kind == model.Ingresses }) {
			finding.Severity, finding.Confidence = Major, Likely
			finding.Why += " An Ingress sends here: some controllers, ingress-nginx among them, take the address as it stands, and then only Pods that call the name are hurt."
		}
		return []Finding{finding}
	}
	if !strings.Contains(target, ".") {
		return shortName(s, target, finding)
	}
	return inClusterName(s, target, finding)
}

func shortName(s *subject, target string, finding Finding) []Finding {
	if target == "" || strings.EqualFold(target, "localhost") {
		return nil
	}
	finding.ID, finding.Short = "EN-02", short("%s resolves nowhere: no dot", target)
	finding.Title = fmt.Sprintf("externalName %s has no dot, so it resolves nowhere.", target)
	finding.Why = "A CNAME's target is a whole name; the search path of a Pod is not applied to it."
	if s.in.Snapshot.Service(model.Key{Namespace: s.key.Namespace, Name: target}) != nil {
		whole := fmt.Sprintf("%s.%s.svc.cluster.local", target, s.key.Namespace)
		finding.Cause = &Cause{Text: "Service " + target + " of this namespace is meant", Confidence: Likely}
		finding.Fix = s.serviceFix(Fix{Command: s.mergeService(map[string]any{"externalName": whole})})
		return []Finding{finding}
	}
	finding.Fix = s.serviceFix(Fix{Note: "write the whole name, e.g. " + target + ".NAMESPACE.svc.cluster.local"})
	return []Finding{finding}
}

// inClusterName looks at names like db.prod, db.prod.svc and db.prod.svc.cluster.local.
func inClusterName(s *subject, target string, finding Finding) []Finding {
	parts := strings.Split(target, ".")
	key := model.Key{Namespace: parts[1], Name: parts[0]}
	exists := s.in.Snapshot.Service(key) != nil
	leans := len(parts) == 2 || len(parts) == 3 && parts[2] == "svc"
	switch {
	case leans && exists:
		finding.ID, finding.Confidence = "EN-02", Likely
		finding.Short = short("%s is not a whole name", target)
		finding.Title = fmt.Sprintf("externalName %s leans on the search path, which is not applied to it.", target)
		finding.Why = "A CNAME's target is a whole name. A Service of that name exists, and is probably meant."
		finding.Fix = s.serviceFix(Fix{Command: s.mergeService(map[string]any{"externalName": clusterName(key)})})
	default:
		return nil
	}
	return []Finding{finding}
}

// aliasesFollowed is how many ExternalNames are followed: resolvers give up sooner.
const aliasesFollowed = 16

// checkAlias is EN-03: an ExternalName stands for a Service of this cluster, and that is not there, or is an ExternalName that
// leads on to one that is not there, or back.
func checkAlias(s *subject) []Finding {
	finding := Finding{
		ID: "EN-03", Severity: Critical, Confidence: Proven, Step: StepService,
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.externalName", Value: s.service.Spec.ExternalName,
		}},
	}
	way := []model.Key{s.key}
	for at := s.service; len(way) <= aliasesFollowed; {
		target, ok := wholeName(at.Spec.ExternalName)
		if !ok {
			return nil
		}
		way = append(way, target)
		if slices.Contains(way[:len(way)-1], target) {
			return []Finding{aliasLoop(s, way, finding)}
		}
		next := s.in.Snapshot.Service(target)
		if next == nil {
			if !s.in.Snapshot.Coverage(model.Services, target.Namespace).Known() {
				return nil
			}
			return []Finding{aliasOfNothing(s, way, finding)}
		}
		if next.Spec.Type != corev1.ServiceTypeExternalName {
			return nil
		}
		at = next
	}
	return nil
}

func aliasOfNothing(s *subject, way []model.Key, finding Finding) Finding {
	target := way[len(way)-1]
	finding.Short = short("no Service %s", target)
	finding.Title = fmt.Sprintf("externalName stands for Service %s, which does not exist.", target)
	if len(way) > 2 {
		finding.Title = fmt.Sprintf("externalName stands for %s, and leads on to Service %s, which does not exist.", way[1], target)
		finding.Evidence = append(finding.Evidence, aliasEvidence(s, way[1:len(way)-1])...)
	}
	finding.Why = "The name resolves to nothing until that Service is there."
	finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: target.Namespace, Name: target.Name, Field: "metadata.name", Value: "absent"})
	finding.Fix = s.serviceFix(Fix{Note: "create it, or point externalName at the one that is meant"})
	if len(way) > 2 {
		finding.Fix = &Fix{Note: fmt.Sprintf("create it, or point the externalName of Service %s at the one that is meant", way[len(way)-2])}
		return finding
	}
	near, elsewhere := NearNames(s.in.Snapshot, target)
	switch {
	case len(near) == 1 && len(elsewhere) == 0:
		meant := model.Key{Namespace: target.Namespace, Name: near[0]}
		finding.Cause = &Cause{Text: "the name is near to that of Service " + meant.String(), Confidence: Likely}
		finding.Fix = s.serviceFix(Fix{Command: s.mergeService(map[string]any{"externalName": clusterName(meant)})})
	case len(elsewhere) == 1 && len(near) == 0 && (model.Key{Namespace: elsewhere[0], Name: target.Name}) != s.key:
		meant := model.Key{Namespace: elsewhere[0], Name: target.Name}
		finding.Cause = &Cause{Text: "a Service of that name is in namespace " + elsewhere[0], Confidence: Likely}
		finding.Fix = s.serviceFix(Fix{Command: s.mergeService(map[string]any{"externalName": clusterName(meant)})})
	}
	return finding
}

func aliasLoop(s *subject, way []model.Key, finding Finding) Finding {
	texts := make([]string, 0, len(way))
	for _, key := range way {
		texts = append(texts, key.String())
	}
	finding.Short = short("alias leads back to %s", way[len(way)-1])
	finding.Title = fmt.Sprintf("externalName leads in a circle: %s.", strings.Join(texts, " → "))
	finding.Why = "A resolver follows the names for a while and gives up: it never comes to an address."
	finding.Evidence = append(finding.Evidence, aliasEvidence(s, way[1:len(way)-1])...)
	finding.Fix = s.serviceFix(Fix{Note: "point one of them at the Service that has endpoints"})
	return finding
}

// aliasEvidence shows the aliases between the first and the last of a way, which were followed and so are there.
func aliasEvidence(s *subject, keys []model.Key) []Evidence {
	evidence := make([]Evidence, 0, len(keys))
	for _, key := range keys {
		evidence = append(evidence, Evidence{
			Kind: "Service", Namespace: key.Namespace, Name: key.Name, Field: "spec.externalName", Value: s.in.Snapshot.Service(key).Spec.ExternalName,
		})
	}
	return evidence
}

// checkInertPorts is EN-04: an ExternalName says which ports it has, and somebody expects them to be mapped: a targetPort differs
// from its port, or the Service that it stands for has no such port. Clients connect to the target, on the port that they name.
func checkInertPorts(s *subject) []Finding {
	target, _ := wholeName(s.service.Spec.ExternalName)
	behind := s.in.Snapshot.Service(target)
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		finding := Finding{
			ID: "EN-04", Severity: Info, Confidence: Proven, Step: StepService, Since: s.named(),
			Title: fmt.Sprintf("Nobody maps port %d of an ExternalName.", port.Port),
			Why:   "DNS gives clients another name, and no more: they connect to the target on the very port that they ask for.",
			Evidence: []Evidence{{
				Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d]", index),
				Value: fmt.Sprintf("port %d, targetPort %s", port.Port, targetPortText(port)),
			}},
		}
		switch {
		case port.TargetPort.IntVal != 0 && port.TargetPort.IntVal != port.Port:
			finding.Short = short("ports map nothing: clients must use %d", port.TargetPort.IntVal)
			finding.Fix = s.serviceFix(Fix{Note: fmt.Sprintf("let clients use port %d", port.TargetPort.IntVal)})
		case behind != nil && behind.Spec.Type != corev1.ServiceTypeExternalName && !offers(behind, port):
			finding.Short = short("Service %s has no port %d", target.Name, port.Port)
			finding.Title = fmt.Sprintf("Nobody maps port %d of an ExternalName, and Service %s has no such port.", port.Port, target)
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Service", Namespace: target.Namespace, Name: target.Name, Field: "spec.ports", Value: portsText(behind),
			})
			finding.Fix = s.serviceFix(Fix{Note: "let clients use a port of that Service: " + portsText(behind)})
		default:
			continue
		}
		return []Finding{finding}
	}
	return nil
}

func offers(service *corev1.Service, port *corev1.ServicePort) bool {
	return isHeadless(service) || slices.ContainsFunc(service.Spec.Ports, func(offered corev1.ServicePort) bool {
		return offered.Port == port.Port && protocolOf(offered.Protocol) == protocolOf(port.Protocol)
	})
}

func portsText(service *corev1.Service) string {
	texts := make([]string, 0, len(service.Spec.Ports))
	for i := range service.Spec.Ports {
		texts = append(texts, fmt.Sprintf("%d/%s", service.Spec.Ports[i].Port, protocolOf(service.Spec.Ports[i].Protocol)))
	}
	return firstOf(texts, 4)
}

// checkTargetsCertificate is EN-05: clients speak TLS to a target outside of the cluster by the Service's name, which its
// certificate will hardly carry.
func checkTargetsCertificate(s *subject) []Finding {
	target := strings.TrimSuffix(s.service.Spec.ExternalName, ".")
	if _, inCluster := wholeName(target); inCluster || !strings.Contains(target, ".") {
		return nil
	}
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if port.Port != 443 && port.Name != "https" && (port.AppProtocol == nil || *port.AppProtocol != "https") {
			continue
		}
		return []Finding{{
			ID: "EN-05", Severity: Info, Confidence: Possible, Step: StepService, Since: s.named(),
			Short: "TLS and HTTP names are the target's",
			Title: fmt.Sprintf("Clients that ask %s for HTTPS as %s may be refused.", target, s.key.Name),
			Why:   "They name the Service in SNI and in the Host header; the target knows, and has a certificate for, its own name only.",
			Evidence: []Evidence{{
				Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d].port", index), Value: fmt.Sprint(port.Port),
			}},
			Fix: &Fix{Note: "let clients call " + target + " by its own name"},
		}}
	}
	return nil
}

// checkExternalNameBehind is EN-06: an Ingress or a route sends to an ExternalName. Some controllers do not serve such backends.
func checkExternalNameBehind(s *subject) []Finding {
	front, ok := s.frontOfExternalName()
	if !ok {
		return nil
	}
	return []Finding{{
		ID: "EN-06", Severity: Minor, Confidence: Possible, Step: StepService, Since: s.named(),
		Short: short("%s %s sends to an ExternalName", front.Kind, front.Name),
		Title: fmt.Sprintf("%s %s sends to an ExternalName, which its controller may not serve.", front.Kind, front.Name),
		Why:   "An ExternalName has no endpoints. GKE's Ingress refuses it, and the Gateway API advises against it (CVE-2021-25740); others resolve the name by themselves.",
		Evidence: []Evidence{front, {
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.type", Value: string(s.service.Spec.Type),
		}},
		Fix: &Fix{Note: "see what the controller says of it in its events or conditions; a Service without a selector and an EndpointSlice is served by all"},
	}}
}

func (s *subject) frontOfExternalName() (Evidence, bool) {
	for _, referrer := range s.in.Snapshot.Referrers(s.key) {
		switch referrer.Kind {
		case model.Ingresses, model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
			return Evidence{
				Kind: referrer.Kind.ObjectKind(), Namespace: referrer.Namespace, Name: referrer.Name, Field: referrer.Field, Value: s.key.Name,
			}, true
		}
	}
	return Evidence{}, false
}
