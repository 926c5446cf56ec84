package check

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func externalNameRules() []Rule {
	return []Rule{{
		IDs: []string{"EN-01", "EN-02", "EN-03"}, Step: StepService, check: checkExternalName,
		applies: func(s *subject) bool { return s.service.Spec.Type == corev1.ServiceTypeExternalName },
	}}
}

// checkExternalName says of an ExternalName what cluster DNS makes of it: EN-01, an IPv4 address is served as a name, and
// resolves to nothing; EN-02, a name without a dot, or one that leans on the search path, is looked up as it stands; EN-03,
// the name of a Service that does not exist. A selector beside it means nothing, and is never a fault.
func checkExternalName(s *subject) []Finding {
	target := strings.TrimSuffix(s.service.Spec.ExternalName, ".")
	finding := Finding{
		Severity: Critical, Confidence: Proven, Step: StepService, Since: s.created(),
		Evidence: []Evidence{{
			Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.externalName", Value: s.service.Spec.ExternalName,
		}},
	}
	if address, err := netip.ParseAddr(target); err == nil && address.Is4() {
		finding.ID, finding.Short = "EN-01", short("%s is an address, not a name", target)
		finding.Title = fmt.Sprintf("externalName is the address %s; DNS can only answer with a name.", target)
		finding.Why = "Cluster DNS answers with a CNAME; for an address it has none, and the name does not resolve."
		finding.Fix = s.serviceFix(Fix{Note: "make it a Service without a selector, and an EndpointSlice with this address"})
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
	whole := fmt.Sprintf("%s.%s.svc.cluster.local", key.Name, key.Namespace)
	exists := s.in.Snapshot.Service(key) != nil
	leans := len(parts) == 2 || len(parts) == 3 && parts[2] == "svc"
	switch {
	case leans && exists:
		finding.ID, finding.Confidence = "EN-02", Likely
		finding.Short = short("%s is not a whole name", target)
		finding.Title = fmt.Sprintf("externalName %s leans on the search path, which is not applied to it.", target)
		finding.Why = "A CNAME's target is a whole name. A Service of that name exists, and is probably meant."
		finding.Fix = s.serviceFix(Fix{Command: s.mergeService(map[string]any{"externalName": whole})})
	case len(parts) > 3 && parts[2] == "svc" && strings.HasSuffix(target, ".cluster.local") && !exists &&
		s.in.Snapshot.Coverage(model.Services, key.Namespace).Known():
		finding.ID = "EN-03"
		finding.Short = short("no Service %s", key)
		finding.Title = fmt.Sprintf("externalName stands for Service %s, which does not exist.", key)
		finding.Why = "The name resolves to nothing until that Service is there."
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: key.Namespace, Name: key.Name, Field: "metadata.name", Value: "absent"})
		finding.Fix = s.serviceFix(Fix{Note: "create it, or point externalName at the one that is meant"})
	default:
		return nil
	}
	return []Finding{finding}
}
