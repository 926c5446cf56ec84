package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// apiServerPort is the port that the API server calls where a webhook or an APIService names none.
const apiServerPort = 443

func apiServerRules() []Rule {
	webhooks := []model.Kind{model.ValidatingWebhooks, model.MutatingWebhooks}
	apiServices := []model.Kind{model.APIServices}
	return []Rule{
		{
			IDs: []string{"API-01"}, Step: StepService, Reads: webhooks, beside: true, check: checkWebhooks,
			applies: func(s *subject) bool { return s.mayServeAPIServer(webhooks) },
		},
		{
			IDs: []string{"API-02"}, Step: StepService, Reads: apiServices, beside: true, check: checkAPIServices,
			applies: func(s *subject) bool { return s.mayServeAPIServer(apiServices) },
		},
	}
}

// mayServeAPIServer tells whether a gap in what calls the Service from the API server is worth a word. Most users may not read
// these kinds, and few Services are called so: only one with the port that is called by default is told of.
func (s *subject) mayServeAPIServer(kinds []model.Kind) bool {
	return s.known(kinds) || s.awaiting(kinds) || s.hasPort(apiServerPort)
}

// webhookCall is one webhook that the API server calls through a Service.
type webhookCall struct {
	// configuration is a ValidatingWebhookConfiguration or a MutatingWebhookConfiguration, as kind says.
	configuration metav1.Object
	kind          string
	// path leads to the reference, e.g. webhooks[0].clientConfig.service.
	path    string
	service model.Key
	port    int32
	// fails is true where what it cannot be asked about is refused.
	fails bool
	// asks says about what it is asked, e.g. CREATE of pods.
	asks string
}

func (c *webhookCall) String() string { return c.kind + " " + c.configuration.GetName() }

func (c *webhookCall) evidence(field, value string) Evidence {
	return Evidence{Kind: c.kind, Name: c.configuration.GetName(), Field: c.path + field, Value: value}
}

// portPatch lets the webhook call another port. The API server has filled in the port where none was given
// (admissionregistration.k8s.io/v1, SetDefaults_ServiceReference).
func (c *webhookCall) portPatch(port *corev1.ServicePort) []jsonPatch {
	pointer := jsonPointer(c.path) + "/port"
	return []jsonPatch{{"test", pointer, c.port}, {"replace", pointer, port.Port}}
}

func (c *webhookCall) patch(in Input, operations []jsonPatch) string {
	return kubectlEverywhere(in, "patch", strings.ToLower(c.kind), c.configuration.GetName(), "--type=json", "-p", asJSON(operations))
}

// weighed gives a finding the weight of the webhooks that are not answered: where one of them refuses what it cannot be asked about,
// no such write gets through.
func weighed(finding Finding, calls []webhookCall) Finding {
	finding.Severity = Minor
	finding.Why = "Its failurePolicy is Ignore: the API server goes on without asking it, so " + calls[0].asks + " is neither checked nor changed."
	for i := range calls {
		if calls[i].fails {
			finding.Severity = Critical
			finding.Why = "Its failurePolicy is Fail: the API server refuses " + calls[i].asks + ", in every namespace that it is for."
			break
		}
	}
	return finding
}

// checkWebhooks is API-01: the API server calls a webhook behind this Service, at a port that the Service does not have, or where
// nothing is usable.
func checkWebhooks(s *subject) []Finding {
	if !s.routes() {
		return nil
	}
	var findings []Finding
	for _, calls := range byConfiguration(s.inFront().webhooks) {
		stray, dead := s.unanswered(calls)
		if len(stray) > 0 {
			findings = append(findings, s.webhookPortFinding(stray))
		}
		if len(dead) > 0 {
			findings = append(findings, s.webhookDeadFinding(dead))
		}
	}
	return findings
}

// unanswered returns the calls to ports that the Service does not have, and those to ports that lead nowhere.
func (s *subject) unanswered(calls []webhookCall) (stray, dead []webhookCall) {
	for _, call := range calls {
		at := slices.IndexFunc(s.service.Spec.Ports, func(port corev1.ServicePort) bool { return port.Port == call.port })
		switch {
		case at < 0:
			stray = append(stray, call)
		case s.slicesKnown() && s.endpoints().PortDead(at):
			dead = append(dead, call)
		}
	}
	return stray, dead
}

func (s *subject) webhookPortFinding(stray []webhookCall) Finding {
	first := &stray[0]
	finding := weighed(Finding{
		ID: "API-01", Confidence: Proven, Step: StepService,
		Short: short("webhook calls port %d", first.port),
		Title: fmt.Sprintf("%s calls port %d, which Service %s does not have.", first, first.port, s.key.Name),
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.ports", Value: servicePortsText(s.service)},
		},
		Since: s.latest(first.configuration.GetCreationTimestamp().Time),
	}, stray)
	var operations []jsonPatch
	meant := servicePortMeant(s.service, strconv.Itoa(int(first.port)))
	for i := range stray {
		if i < 3 {
			finding.Evidence = append(finding.Evidence, stray[i].evidence(".port", strconv.Itoa(int(stray[i].port))))
		}
		if meant != nil && stray[i].port == first.port {
			operations = append(operations, stray[i].portPatch(meant)...)
		}
	}
	fix := Fix{Note: "name one of the Service's ports: " + servicePortsText(s.service)}
	if meant != nil {
		fix = Fix{Command: first.patch(s.in, operations)}
	}
	finding.Fix = withOwner(fix, first.configuration, "")
	return s.heldDated(finding, settleTime, time.Time{})
}

func (s *subject) webhookDeadFinding(dead []webhookCall) Finding {
	first := &dead[0]
	finding := weighed(Finding{
		ID: "API-01", Confidence: Proven, Step: StepService,
		Short:    "a webhook that nobody answers",
		Title:    fmt.Sprintf("%s calls this Service, and nothing answers there.", first),
		Evidence: []Evidence{{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "endpoints", Value: "none usable for port " + strconv.Itoa(int(first.port))}},
		Fix:      &Fix{Note: "mend the Service; if its program is gone for good, delete the webhook configuration"},

		consequence: true,
	}, dead)
	for i := range dead[:min(len(dead), 3)] {
		finding.Evidence = append(finding.Evidence, dead[i].evidence("", s.key.String()))
	}
	return s.heldForStart(s.settled(finding))
}

// heldForStart makes what comes of Pods that are not Ready no graver, for as long, than that is itself: they may only be starting.
func (s *subject) heldForStart(finding Finding) Finding {
	for _, trouble := range s.troubles() {
		starting := finding
		if starting.Since = trouble.since; !starting.Settling {
			if held := s.heldFor(starting, trouble.grace); held.Settling {
				return held
			}
		}
	}
	return finding
}

// byConfiguration groups calls by their configuration.
func byConfiguration(calls []webhookCall) [][]webhookCall {
	var groups [][]webhookCall
	for i := range calls {
		if last := len(groups) - 1; last >= 0 && groups[last][0].configuration == calls[i].configuration {
			groups[last] = append(groups[last], calls[i])
			continue
		}
		groups = append(groups, []webhookCall{calls[i]})
	}
	return groups
}

// webhookAsks says about what a webhook is asked.
func webhookAsks(rules []admissionv1.RuleWithOperations) string {
	operations := make([]string, 0, len(rules[0].Operations))
	for _, operation := range rules[0].Operations {
		if operation == admissionv1.OperationAll {
			operation = "every change"
		}
		operations = append(operations, string(operation))
	}
	resources := strings.Join(rules[0].Resources, ", ")
	if slices.Contains(rules[0].Resources, "*") {
		resources = "every resource"
	}
	text := strings.Join(operations, " and ") + " of " + resources
	if len(rules) > 1 {
		text += " and more"
	}
	return text
}

// checkAPIServices is API-02: an aggregated API is served from behind this Service, and its APIService is not available.
func checkAPIServices(s *subject) []Finding {
	var findings []Finding
	for _, apiService := range s.inFront().apiServices {
		if finding, wrong := s.apiServiceFinding(apiService); wrong {
			findings = append(findings, finding)
		}
	}
	return findings
}

func (s *subject) apiServiceFinding(apiService *model.APIService) (Finding, bool) {
	finding := newAPIServiceFinding(apiService)
	if s.routes() && !s.hasPort(apiService.Port) {
		finding.Short = short("APIService asks for port %d", apiService.Port)
		finding.Title = fmt.Sprintf("APIService %s calls port %d, which Service %s does not have.", apiService.Name, apiService.Port, s.key.Name)
		finding.Since = s.latest(apiService.CreationTimestamp.Time)
		finding.Evidence = append(finding.Evidence,
			Evidence{Kind: "APIService", Name: apiService.Name, Field: "spec.service.port", Value: strconv.Itoa(int(apiService.Port))},
			Evidence{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.ports", Value: servicePortsText(s.service)})
		fix := Fix{Note: "name one of the Service's ports in spec.service.port: " + servicePortsText(s.service)}
		if meant := servicePortMeant(s.service, strconv.Itoa(int(apiService.Port))); meant != nil {
			fix = Fix{Command: patchAPIService(s.in, apiService, apiServicePortPatch(apiService, meant)...)}
		}
		finding.Fix = withOwner(fix, apiService, "")
		return s.heldDated(finding, settleTime, unavailableSince(apiService)), true
	}
	for i := range apiService.Conditions {
		condition := &apiService.Conditions[i]
		if condition.Type != "Available" || condition.Status != metav1.ConditionFalse {
			continue
		}
		finding.Title = fmt.Sprintf("APIService %s is not available: %s.", apiService.Name, condition.Reason)
		finding.Short = short("APIService: %s", condition.Reason)
		finding.Since = s.latest(condition.LastTransitionTime.Time)
		if condition.Message != "" {
			finding.Why = condition.Message
		}
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "APIService", Name: apiService.Name, Field: "status.conditions[Available]", Value: "False " + condition.Reason,
		})
		finding.Fix = withOwner(Fix{Note: "mend the Service and what is behind it; the API server looks again by itself"}, apiService, "")
		// It looks again every half minute, and an aggregated API server takes a moment to start.
		return s.heldFor(finding, knownErrorPatience), true
	}
	return Finding{}, false
}

// unavailableSince is since when the API server says that an APIService is not available; zero where it does not say so.
func unavailableSince(apiService *model.APIService) time.Time {
	for i := range apiService.Conditions {
		if condition := &apiService.Conditions[i]; condition.Type == "Available" && condition.Status == metav1.ConditionFalse {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

func newAPIServiceFinding(apiService *model.APIService) Finding {
	return Finding{
		ID: "API-02", Severity: Major, Confidence: Proven, Step: StepService,
		Why: fmt.Sprintf("The API %s/%s is served from behind this Service: until it is available, its requests fail, and no namespace can be deleted.", apiService.Group, apiService.Version),
	}
}

// apiServicePortPatch lets an APIService call another port. The API server has filled in the port where none was given.
func apiServicePortPatch(apiService *model.APIService, port *corev1.ServicePort) []jsonPatch {
	return []jsonPatch{{"test", "/spec/service/port", apiService.Port}, {"replace", "/spec/service/port", port.Port}}
}

func patchAPIService(in Input, apiService *model.APIService, operations ...jsonPatch) string {
	return kubectlEverywhere(in, "patch", "apiservice", apiService.Name, "--type=json", "-p", asJSON(operations))
}
