package check

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// referrersOfMissing says who points at a Service that does not exist: ING-01, GW-01, API-01 and API-02. Where a Service of a near
// name is there, each fix lets the referrer name that one.
func referrersOfMissing(in Input, key model.Key, near []string) []Finding {
	var meant *corev1.Service
	if len(near) > 0 {
		meant = in.Snapshot.Service(model.Key{Namespace: key.Namespace, Name: near[0]})
	}
	s := &missingService{in: in, key: key, meant: meant}
	front := inFrontOf(in.Snapshot, key)
	var findings []Finding
	for _, backends := range byIngress(front.ingresses) {
		findings = append(findings, s.ingressFinding(backends))
	}
	for _, backends := range byRoute(weighted(front.routes)) {
		findings = append(findings, s.routeFinding(backends))
	}
	for _, calls := range byConfiguration(front.webhooks) {
		findings = append(findings, s.webhookFinding(calls))
	}
	for _, apiService := range front.apiServices {
		findings = append(findings, s.apiServiceFinding(apiService))
	}
	return findings
}

// missingService is a Service that something points at, and that does not exist.
type missingService struct {
	in  Input
	key model.Key
	// meant is the Service of a near name, nil for none.
	meant *corev1.Service
}

func (s *missingService) absent() Evidence {
	return Evidence{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.name", Value: "absent"}
}

// rename lets a reference, as long as it is still to the Service that is missing, name the one that is meant.
func (s *missingService) rename(path string) []jsonPatch {
	pointer := jsonPointer(path) + "/name"
	return []jsonPatch{{"test", pointer, s.key.Name}, {"replace", pointer, s.meant.Name}}
}

// portToo returns the port to name as well, because the Service that is meant does not have the one that is named; nil for none.
func (s *missingService) portToo(named string, has func(*corev1.ServicePort) bool) *corev1.ServicePort {
	for i := range s.meant.Spec.Ports {
		if has(&s.meant.Spec.Ports[i]) {
			return nil
		}
	}
	return servicePortMeant(s.meant, named)
}

func numbered(port int32) func(*corev1.ServicePort) bool {
	return func(has *corev1.ServicePort) bool { return has.Port == port }
}

func (s *missingService) ingressFinding(backends []ingressBackend) Finding {
	first := &backends[0]
	finding := Finding{
		ID: "ING-01", Severity: Major, Confidence: Proven, Step: StepService,
		Short:    short("Ingress %s names it", first.ingress.Name),
		Title:    fmt.Sprintf("Ingress %s sends %s to Service %s, which does not exist.", first.ingress.Name, first.serves, s.key.Name),
		Why:      "An Ingress names Services of its own namespace only. Its clients get an error, mostly 503, until the Service is there.",
		Evidence: []Evidence{s.absent()},
	}
	var operations []jsonPatch
	for i := range backends {
		if i < 3 {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Ingress", Namespace: first.ingress.Namespace, Name: first.ingress.Name, Field: backends[i].path + ".name", Value: s.key.Name,
			})
		}
		if s.meant == nil {
			continue
		}
		if port := s.portToo(backends[i].portText(), backends[i].leadsTo); port != nil {
			operations = append(operations, backends[i].portPatch(port)...)
		}
		operations = append(operations, s.rename(backends[i].path)...)
	}
	fix := Fix{Note: "create the Service, or let the Ingress name the one that is meant"}
	if s.meant != nil {
		fix = Fix{Command: patchIngress(s.in, first.ingress, operations), Note: "if " + s.meant.Name + " is meant"}
	}
	finding.Fix = withOwner(fix, first.ingress, "")
	return finding
}

// weighted leaves out the backends that get no request.
func weighted(backends []routeBackend) []routeBackend {
	var kept []routeBackend
	for i := range backends {
		if backends[i].ref.Weight != 0 {
			kept = append(kept, backends[i])
		}
	}
	return kept
}

// byRoute groups backends by their route.
func byRoute(backends []routeBackend) [][]routeBackend {
	var groups [][]routeBackend
	for i := range backends {
		if last := len(groups) - 1; last >= 0 && groups[last][0].route == backends[i].route {
			groups[last] = append(groups[last], backends[i])
			continue
		}
		groups = append(groups, []routeBackend{backends[i]})
	}
	return groups
}

func (s *missingService) routeFinding(backends []routeBackend) Finding {
	first := &backends[0]
	finding := Finding{
		ID: "GW-01", Severity: Major, Confidence: Proven, Step: StepService,
		Short:    short("%s names it", first),
		Title:    fmt.Sprintf("%s sends requests to Service %s, which does not exist.", first, s.key.Name),
		Why:      "Clients of this rule get the status 500 until the Service is there.",
		Evidence: []Evidence{s.absent()},
		Since:    first.unresolvedSince(func(reason string) bool { return reason != notPermitted }),
	}
	var operations []jsonPatch
	for i := range backends {
		if i < 3 {
			finding.Evidence = append(finding.Evidence, backends[i].evidence(".name", s.key.Name))
		}
		if s.meant == nil {
			continue
		}
		if port := s.portToo(strconv.Itoa(int(backends[i].ref.Port)), numbered(backends[i].ref.Port)); port != nil {
			operations = append(operations, backends[i].portPatch(port)...)
		}
		operations = append(operations, s.rename(backends[i].ref.Path)...)
	}
	if condition := unresolved(first.route); condition != "" {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: first.route.Kind, Namespace: first.route.Namespace, Name: first.route.Name, Field: "status.parents[].conditions[ResolvedRefs]", Value: condition,
		})
	}
	fix := Fix{Note: "create the Service, or let the route name the one that is meant"}
	if s.meant != nil {
		fix = Fix{Command: first.patch(s.in, operations...), Note: "if " + s.meant.Name + " is meant"}
	}
	finding.Fix = withOwner(fix, first.route, "")
	return finding
}

// unresolved is what a controller says of the references of a route as it is now, empty for nothing bad.
func unresolved(route *model.Route) string {
	for i := range route.Statuses {
		if condition := firstFailing(route.Statuses[i].Conditions, route.Generation, "ResolvedRefs"); condition != nil {
			return "False " + condition.Reason + ": " + condition.Message
		}
	}
	return ""
}

func (s *missingService) webhookFinding(calls []webhookCall) Finding {
	first := &calls[0]
	finding := weighed(Finding{
		ID: "API-01", Confidence: Proven, Step: StepService,
		Short:    "a webhook that nobody answers",
		Title:    fmt.Sprintf("%s calls Service %s, which does not exist.", first, s.key),
		Evidence: []Evidence{s.absent()},
	}, calls)
	var operations []jsonPatch
	for i := range calls {
		if i < 3 {
			finding.Evidence = append(finding.Evidence, calls[i].evidence(".name", s.key.Name))
		}
		if s.meant == nil {
			continue
		}
		if port := s.portToo(strconv.Itoa(int(calls[i].port)), numbered(calls[i].port)); port != nil {
			operations = append(operations, calls[i].portPatch(port)...)
		}
		operations = append(operations, s.rename(calls[i].path)...)
	}
	fix := Fix{Note: "bring the Service back; if its program is gone for good, delete the webhook configuration"}
	if s.meant != nil {
		fix = Fix{Command: first.patch(s.in, operations), Note: "if " + s.meant.Name + " is meant"}
	}
	finding.Fix = withOwner(fix, first.configuration, "")
	return finding
}

func (s *missingService) apiServiceFinding(apiService *model.APIService) Finding {
	finding := newAPIServiceFinding(apiService)
	finding.Short = short("APIService %s names it", apiService.Name)
	finding.Title = fmt.Sprintf("APIService %s is served from Service %s, which does not exist.", apiService.Name, s.key)
	finding.Since = unavailableSince(apiService)
	finding.Evidence = []Evidence{s.absent(), {Kind: "APIService", Name: apiService.Name, Field: "spec.service.name", Value: s.key.Name}}
	fix := Fix{Note: "bring the Service back; if its program is gone for good, delete the APIService"}
	if s.meant != nil {
		var operations []jsonPatch
		if port := s.portToo(strconv.Itoa(int(apiService.Port)), numbered(apiService.Port)); port != nil {
			operations = apiServicePortPatch(apiService, port)
		}
		operations = append(operations, s.rename("spec.service")...)
		fix = Fix{Command: patchAPIService(s.in, apiService, operations...), Note: "if " + s.meant.Name + " is meant"}
	}
	finding.Fix = withOwner(fix, apiService, "")
	return finding
}
