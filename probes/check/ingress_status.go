package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/model"
)

const (
	// gkeBackendsAnnotation is where Ingress for GKE writes what the load balancer's health checks say.
	gkeBackendsAnnotation = "ingress.kubernetes.io/backends"
	// gkeNEGAnnotation asks for a group of the Pods' own addresses, which a ClusterIP Service needs on GKE.
	gkeNEGAnnotation = "cloud.google.com/neg"
)

// fronting are the Ingresses that send requests here.
func (s *subject) fronting() []*networkingv1.Ingress {
	var ingresses []*networkingv1.Ingress
	for _, backends := range byIngress(s.ingressBackends()) {
		ingresses = append(ingresses, backends[0].ingress)
	}
	return ingresses
}

// waitsForIngress tells whether an Ingress that sends requests here has no address.
func (s *subject) waitsForIngress() bool {
	return slices.ContainsFunc(s.fronting(), func(ingress *networkingv1.Ingress) bool { return !ingressHasAddress(ingress) })
}

func ingressHasAddress(ingress *networkingv1.Ingress) bool {
	return slices.ContainsFunc(ingress.Status.LoadBalancer.Ingress, func(at networkingv1.IngressLoadBalancerIngress) bool {
		return at.IP != "" || at.Hostname != ""
	})
}

// checkIngressClass is ING-03: the Ingress asks for a class that does not exist, or for none where none is the default. It is
// at most likely, because some controllers take a class by its mere name, or an Ingress without one: so it is not said where
// anything shows that a controller took the Ingress, an address or an event.
func checkIngressClass(s *subject) []Finding {
	var findings []Finding
	for _, ingress := range s.fronting() {
		if s.classMissing(ingress) {
			findings = append(findings, s.ingressClassFinding(ingress))
		}
	}
	return findings
}

// classMissing tells whether nothing stands for the class of an Ingress, and nothing shows that a controller took it all the same.
func (s *subject) classMissing(ingress *networkingv1.Ingress) bool {
	name, annotated := ingressClassName(ingress)
	if annotated || ingressHasAddress(ingress) || !s.covered(model.IngressClasses).Known() {
		return false
	}
	if slices.ContainsFunc(s.in.Snapshot.IngressClasses(), func(class *networkingv1.IngressClass) bool {
		return class.Name == name || name == "" && isDefaultClass(class)
	}) {
		return false
	}
	return len(s.in.Snapshot.EventsOf(ingress.Namespace, ingress.UID)) == 0
}

func (s *subject) ingressClassFinding(ingress *networkingv1.Ingress) Finding {
	name, _ := ingressClassName(ingress)
	finding := Finding{
		ID: "ING-03", Severity: Major, Confidence: Likely, Step: StepService,
		Short: short("no IngressClass %s", name),
		Title: fmt.Sprintf("Ingress %s asks for class %s, and there is no such IngressClass.", ingress.Name, name),
		Why:   "A controller takes the Ingresses of its class; this one has no address, and no event shows that any took it.",
		Evidence: []Evidence{
			{Kind: "Ingress", Namespace: ingress.Namespace, Name: ingress.Name, Field: "spec.ingressClassName", Value: name},
			{Kind: "Ingress", Namespace: ingress.Namespace, Name: ingress.Name, Field: "status.loadBalancer.ingress", Value: "absent"},
		},
		Since: ingress.CreationTimestamp.Time,
	}
	patience := knownErrorPatience
	if name == "" {
		patience = loadBalancerPatience
		finding.Short = short("Ingress %s has no class", ingress.Name)
		finding.Title = fmt.Sprintf("Ingress %s asks for no class, and no IngressClass is the default.", ingress.Name)
		finding.Evidence[0].Value = "absent"
	}
	classes := s.in.Snapshot.IngressClasses()
	names := make([]string, 0, len(classes))
	for _, class := range classes {
		names = append(names, class.Name)
	}
	fix := Fix{Note: "install an Ingress controller, or ask for the class of one that is there"}
	if near := nearClass(name, names); near != "" {
		fix = Fix{Command: s.askForClass(ingress, near)}
		finding.Cause = &Cause{Text: "class " + near + " is meant", Confidence: Likely}
	} else if len(names) == 1 {
		fix = Fix{Command: s.askForClass(ingress, names[0]), Note: "if " + names[0] + " is to serve it; else install the controller of the class that is meant"}
		finding.Cause = &Cause{Text: "the only class that is there, " + names[0] + ", may be meant", Confidence: Possible}
	} else if len(names) > 0 {
		fix.Note = "ask for a class that is there: " + firstOf(names, 6)
	}
	for _, class := range names[:min(len(names), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{Kind: "IngressClass", Name: class, Field: "metadata.name", Value: class})
	}
	finding.Fix = withOwner(fix, ingress, "")
	if !s.eventsKnown() {
		finding.Why = "A controller takes the Ingresses of its class; this one has no address. Events may not be read here: they would say more."
	}
	return s.heldDated(finding, patience, time.Time{})
}

func (s *subject) askForClass(ingress *networkingv1.Ingress, class string) string {
	return kubectlIn(s.in, ingress.Namespace, "patch", "ingress", ingress.Name, "--type=merge", "-p",
		asJSON(map[string]any{"spec": map[string]any{"ingressClassName": class}}))
}

// nearClass is the class that is probably meant: the only one whose name is near. That there is no other class does not tell that it
// is meant: its controller may be for other traffic, and the right one not installed.
func nearClass(wanted string, names []string) string {
	var near []string
	for _, name := range names {
		if wanted != "" && editDistance(name, wanted) <= editLimit {
			near = append(near, name)
		}
	}
	if len(near) != 1 {
		return ""
	}
	return near[0]
}

// checkIngressStatus says what becomes of the Ingresses in front: ING-04, no address, or a load balancer that finds the backend
// unhealthy; ING-05, GKE takes no ClusterIP Service without a network endpoint group.
func checkIngressStatus(s *subject) []Finding {
	var findings []Finding
	for _, ingress := range s.fronting() {
		if finding, said := s.ingressTrouble(ingress); said {
			findings = append(findings, finding)
		}
	}
	return findings
}

func (s *subject) ingressTrouble(ingress *networkingv1.Ingress) (Finding, bool) {
	event := s.ingressError(ingress)
	switch {
	case event != nil && s.aboutWrongType(event):
		return s.negFinding(ingress, event), true
	case ingressHasAddress(ingress):
		return s.unhealthyFinding(ingress)
	case s.classMissing(ingress):
		return Finding{}, false
	case event != nil:
		return s.ingressErrorFinding(ingress, event), true
	}
	return s.noAddressFinding(ingress)
}

// ingressError returns the newest error of an Ingress' controller that no success followed, or nil. One about the type of this
// Service counts as long as the Service still has it.
func (s *subject) ingressError(ingress *networkingv1.Ingress) *corev1.Event {
	var newest, success *corev1.Event
	for _, event := range s.in.Snapshot.EventsOf(ingress.Namespace, ingress.UID) {
		switch event.Reason {
		case "Sync", "Translate", "FailedBuildModel", "FailedDeployModel", "FailedAddFinalizer", "Rejected", "AddedOrUpdatedWithError":
			mended := s.aboutWrongType(event) && !s.needsNEG()
			if event.Type == corev1.EventTypeWarning && !mended && (newest == nil || EventTime(event).After(EventTime(newest))) {
				newest = event
			}
		case "IPChanged", "SuccessfullyReconciled", "AddedOrUpdated":
			if success == nil || EventTime(event).After(EventTime(success)) {
				success = event
			}
		}
	}
	if newest != nil && success != nil && !EventTime(newest).After(EventTime(success)) {
		return nil
	}
	return newest
}

// aboutWrongType tells whether an event is GKE's complaint about the type of this Service.
func (s *subject) aboutWrongType(event *corev1.Event) bool {
	return strings.Contains(event.Message, `is type "ClusterIP", expected "NodePort"`) &&
		strings.Contains(event.Message, `"`+s.key.String()+`"`)
}

// needsNEG tells whether Ingress for GKE cannot reach the Service but by a network endpoint group, which it does not ask for.
func (s *subject) needsNEG() bool {
	var asks struct {
		Ingress bool `json:"ingress"`
	}
	// What cannot be read asks for nothing.
	_ = json.Unmarshal([]byte(s.service.Annotations[gkeNEGAnnotation]), &asks)
	return s.service.Spec.Type == corev1.ServiceTypeClusterIP && !asks.Ingress
}

func (s *subject) negFinding(ingress *networkingv1.Ingress, event *corev1.Event) Finding {
	value := s.service.Annotations[gkeNEGAnnotation]
	if value == "" {
		value = "absent"
	}
	return s.heldFor(Finding{
		ID: "ING-05", Severity: Major, Confidence: Proven, Step: StepService,
		Short: "GKE Ingress needs a NEG or a NodePort",
		Title: fmt.Sprintf("Ingress %s cannot use Service %s: it is of type ClusterIP, without a network endpoint group.", ingress.Name, s.key.Name),
		Why:   event.Message,
		Evidence: []Evidence{
			eventEvidence(event),
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "metadata.annotations[" + gkeNEGAnnotation + "]", Value: value},
		},
		Since: eventFirst(event),
		Fix:   s.serviceFix(s.negFix()),
	}, knownErrorPatience)
}

// negFix asks for the group, and keeps what else the annotation asks for: groups of the Service's own may be in use.
func (s *subject) negFix() Fix {
	asks := map[string]any{}
	if value := s.service.Annotations[gkeNEGAnnotation]; value != "" && json.Unmarshal([]byte(value), &asks) != nil {
		return Fix{Note: "the annotation " + gkeNEGAnnotation + ` is no JSON; Ingress needs {"ingress": true} there`}
	}
	asks["ingress"] = true
	return Fix{
		Command: s.kubectl("annotate", "svc", s.key.Name, "--overwrite", gkeNEGAnnotation+"="+asJSON(asks)),
		Note:    "in a cluster that is not VPC-native, make it a NodePort Service",
	}
}

func (s *subject) ingressErrorFinding(ingress *networkingv1.Ingress, event *corev1.Event) Finding {
	finding := Finding{
		ID: "ING-04", Severity: Major, Confidence: Proven, Step: StepService,
		Short:    short("Ingress %s has no address", ingress.Name),
		Title:    fmt.Sprintf("Ingress %s has no address: its controller reports an error.", ingress.Name),
		Why:      event.Message,
		Evidence: []Evidence{eventEvidence(event), noAddressEvidence(ingress)},
		Since:    ingress.CreationTimestamp.Time,
		Fix:      withOwner(Fix{Note: "mend what the message names; the controller tries again by itself"}, ingress, ""),
	}
	if class := loadBalancerClass(event.Message); class.known {
		finding.Cause = &Cause{Text: class.title, Confidence: Likely}
		finding.Short = short("Ingress: %s", class.short)
		finding.Fix = withOwner(Fix{Note: class.note}, ingress, "")
		finding.Since = eventFirst(event)
		return s.heldFor(finding, knownErrorPatience)
	}
	return s.heldFor(finding, loadBalancerPatience)
}

func noAddressEvidence(ingress *networkingv1.Ingress) Evidence {
	return Evidence{Kind: "Ingress", Namespace: ingress.Namespace, Name: ingress.Name, Field: "status.loadBalancer.ingress", Value: "absent"}
}

// noAddressFinding is ING-04 where no event says why. Some controllers publish no address at all: so it is worth a warning only where
// another Ingress of that class has one, and else no more than a word after five minutes.
func (s *subject) noAddressFinding(ingress *networkingv1.Ingress) (Finding, bool) {
	finding := Finding{
		ID: "ING-04", Severity: Major, Confidence: Likely, Step: StepService,
		Short:    short("Ingress %s has no address", ingress.Name),
		Title:    fmt.Sprintf("Ingress %s has no address, while others of its class have one.", ingress.Name),
		Why:      "Its controller gives addresses, and has given this one none.",
		Evidence: []Evidence{noAddressEvidence(ingress)},
		Since:    ingress.CreationTimestamp.Time,
		Fix:      withOwner(Fix{Note: "look at the log of the Ingress controller"}, ingress, ""),
	}
	if !s.eventsKnown() {
		finding.Why += " Events may not be read here: they would say more."
	}
	name, annotated := ingressClassName(ingress)
	for _, other := range s.in.Snapshot.Ingresses(ingress.Namespace) {
		otherName, otherAnnotated := ingressClassName(other)
		if otherName == name && otherAnnotated == annotated && ingressHasAddress(other) {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Ingress", Namespace: other.Namespace, Name: other.Name, Field: "status.loadBalancer.ingress", Value: "present",
			})
			return s.heldFor(finding, loadBalancerPatience), true
		}
	}
	if s.in.Now.Sub(finding.Since) < loadBalancerPatience {
		return Finding{}, false
	}
	finding.Severity, finding.Confidence = Info, Possible
	finding.Title = fmt.Sprintf("Ingress %s has no address.", ingress.Name)
	finding.Why = "Either no controller took it, or its controller publishes no addresses, as ingress-nginx can be told to."
	finding.Fix = nil
	return finding, true
}

// unhealthyFinding is ING-04 by GKE's own word: the load balancer's health check fails for this Service, though it has endpoints.
func (s *subject) unhealthyFinding(ingress *networkingv1.Ingress) (Finding, bool) {
	var states map[string]string
	annotation := ingress.Annotations[gkeBackendsAnnotation]
	if json.Unmarshal([]byte(annotation), &states) != nil || !s.slicesKnown() || s.endpoints().NothingUsable() {
		return Finding{}, false
	}
	for _, backend := range slices.Sorted(maps.Keys(states)) {
		if states[backend] != "UNHEALTHY" || !s.isGKEBackend(backend) {
			continue
		}
		return s.heldDated(Finding{
			ID: "ING-04", Severity: Major, Confidence: Likely, Step: StepService,
			Short: "GKE's health check finds it UNHEALTHY",
			Title: fmt.Sprintf("The load balancer of Ingress %s finds this backend UNHEALTHY.", ingress.Name),
			Why:   "The Service has usable endpoints, but the load balancer's own health check fails: it wants 200 from the readiness probe's path, or from /.",
			Evidence: []Evidence{{
				Kind: "Ingress", Namespace: ingress.Namespace, Name: ingress.Name, Field: "metadata.annotations[" + gkeBackendsAnnotation + "]", Value: backend + ": UNHEALTHY",
			}},
			Since: s.latest(ingress.CreationTimestamp.Time),
			Fix:   &Fix{Note: "let the path of the health check answer 200, or set the check with a BackendConfig; a firewall must let the health checks in"},
		}, loadBalancerPatience, time.Time{}), true
	}
	return Finding{}, false
}

// isGKEBackend knows the names that Ingress for GKE gives to the backends of a Service: for a network endpoint group
// k8s1-CLUSTER-NAMESPACE-NAME-PORT-HASH, for the nodes k8s-be-NODEPORT--CLUSTER.
func (s *subject) isGKEBackend(backend string) bool {
	for i := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[i]
		if strings.Contains(backend, fmt.Sprintf("-%s-%s-%d-", s.key.Namespace, s.key.Name, port.Port)) ||
			port.NodePort != 0 && strings.HasPrefix(backend, fmt.Sprintf("k8s-be-%d-", port.NodePort)) {
			return true
		}
	}
	return false
}
