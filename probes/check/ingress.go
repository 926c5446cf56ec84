package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// ingressClassAnnotation chose the class of an Ingress before spec.ingressClassName did. It need not name an IngressClass, and
// Ingress for GKE goes by nothing else.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

func ingressRules() []Rule {
	fronted := func(s *subject) bool { return len(s.ingressBackends()) > 0 }
	return []Rule{
		{
			// Nothing of the others can be told either where Ingresses cannot be read.
			IDs: []string{"ING-02", "ING-03", "ING-04", "ING-05"}, Step: StepService, Reads: []model.Kind{model.Ingresses}, Uses: []model.Kind{model.IngressClasses},
			beside: true, looks: func(s *subject) bool { return len(s.strayBackends()) > 0 }, check: checkIngressPorts,
		},
		{
			IDs: []string{"ING-03"}, Step: StepService, Reads: []model.Kind{model.IngressClasses}, Awaits: []model.Kind{model.Events},
			beside: true, applies: fronted, looks: (*subject).waitsForIngress, check: checkIngressClass,
		},
		{
			IDs: []string{"ING-04", "ING-05"}, Step: StepService, Awaits: []model.Kind{model.Events},
			beside: true, applies: fronted, check: checkIngressStatus,
		},
	}
}

// ingressBackend is one place of an Ingress that sends requests to a Service.
type ingressBackend struct {
	ingress *networkingv1.Ingress
	// path leads to the backend's service, e.g. spec.rules[0].http.paths[0].backend.service.
	path string
	// serves are the host and path that it is for.
	serves string
	port   networkingv1.ServiceBackendPort
}

// portText is the port as the Ingress names it.
func (b *ingressBackend) portText() string {
	if b.port.Name != "" {
		return b.port.Name
	}
	return strconv.Itoa(int(b.port.Number))
}

func (b *ingressBackend) portField() string {
	if b.port.Name != "" {
		return b.path + ".port.name"
	}
	return b.path + ".port.number"
}

// leadsTo tells whether a port of a Service is the one that is named.
func (b *ingressBackend) leadsTo(port *corev1.ServicePort) bool {
	if b.port.Name != "" {
		return port.Name == b.port.Name
	}
	return port.Port == b.port.Number
}

// evidence is the field that names the port, with what it is for.
func (b *ingressBackend) evidence() Evidence {
	return Evidence{
		Kind: "Ingress", Namespace: b.ingress.Namespace, Name: b.ingress.Name, Field: b.portField(), Value: b.portText() + " for " + b.serves,
	}
}

// ingressBackends are the places that name this Service, in the order of the Ingresses' names. A backend that is a resource
// names no Service.
func (s *subject) ingressBackends() []ingressBackend { return s.inFront().ingresses }

// strayBackends are the places of Ingresses that name a port which the Service does not have. Of an ExternalName controllers take
// the number as it stands, so that it need not be declared.
func (s *subject) strayBackends() []ingressBackend {
	if s.service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	var stray []ingressBackend
	for _, backend := range s.ingressBackends() {
		if !slices.ContainsFunc(s.service.Spec.Ports, func(port corev1.ServicePort) bool { return backend.leadsTo(&port) }) {
			stray = append(stray, backend)
		}
	}
	return stray
}

// checkIngressPorts is ING-02: an Ingress names a port that the Service does not have. The port is the Service's, not the one
// that the container listens on; but some controllers look for that one too.
func checkIngressPorts(s *subject) []Finding {
	var findings []Finding
	for _, stray := range byIngress(s.strayBackends()) {
		lenient, known := s.takesTargetPorts(stray[0].ingress)
		if s.covered(model.IngressClasses).State == model.Syncing {
			// In a moment it is known.
			continue
		}
		if lenient && known {
			stray = slices.DeleteFunc(stray, func(backend ingressBackend) bool { return s.isTargetPort(backend.portText()) })
		}
		if len(stray) == 0 {
			continue
		}
		confidence := Proven
		if lenient && !slices.ContainsFunc(stray, func(backend ingressBackend) bool { return !s.isTargetPort(backend.portText()) }) {
			confidence = Likely
		}
		findings = append(findings, s.ingressPortFinding(stray, confidence))
	}
	return findings
}

func (s *subject) ingressPortFinding(dead []ingressBackend, confidence Confidence) Finding {
	first := &dead[0]
	finding := Finding{
		ID: "ING-02", Severity: Major, Confidence: confidence, Step: StepService,
		Short: short("Ingress asks for port %s", first.portText()),
		Title: fmt.Sprintf("Ingress %s sends %s to port %s, which Service %s does not have.", first.ingress.Name, first.serves, first.portText(), s.key.Name),
		Why:   "An Ingress names the Service's port, by number or by name; for one that does not exist its clients get an error.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.ports", Value: servicePortsText(s.service)},
		},
		Fix: s.ingressPortFix(dead),
	}
	if s.isTargetPort(first.portText()) {
		finding.Why = "The Ingress wants the Service's port, not the container's: its clients get an error."
		finding.Cause = &Cause{Text: first.portText() + " is the targetPort", Confidence: Likely}
		if confidence < Proven {
			finding.Why += " A few controllers, ingress-nginx among them, put up with it; which one serves this Ingress is not known."
		}
	}
	for i := range dead[:min(len(dead), 3)] {
		finding.Evidence = append(finding.Evidence, dead[i].evidence())
	}
	return s.heldSinceBackends(finding, first.ingress)
}

// heldSinceBackends dates a finding about the port of a backend by the last change of either side. Where managedFields do not tell of
// both, nobody knows: either may have been changed long after it was made.
func (s *subject) heldSinceBackends(finding Finding, ingress *networkingv1.Ingress) Finding {
	backends, _ := model.BackendsChanged(ingress)
	ports, _ := model.PortsChanged(s.service)
	finding.Since = latestOf(s.latest(ingress.CreationTimestamp.Time), backends.At)
	finding = s.heldFor(finding, settleTime)
	if known := !backends.At.IsZero() && !ports.At.IsZero(); !known && !finding.Settling {
		finding.Since = time.Time{}
	}
	return finding
}

// ingressPortFix names the port that is probably meant, where there is one.
func (s *subject) ingressPortFix(dead []ingressBackend) *Fix {
	var operations []jsonPatch
	for i := range dead {
		meant := servicePortMeant(s.service, dead[i].portText())
		if meant == nil {
			return withOwner(Fix{Note: "name one of the Service's ports in the Ingress: " + servicePortsText(s.service)}, dead[i].ingress, "")
		}
		operations = append(operations, dead[i].portPatch(meant)...)
	}
	return withOwner(Fix{Command: patchIngress(s.in, dead[0].ingress, operations)}, dead[0].ingress, "")
}

// portPatch lets a backend name another port, in the way that it names one now.
func (b *ingressBackend) portPatch(port *corev1.ServicePort) []jsonPatch {
	next := map[string]any{"number": port.Port}
	if b.port.Name != "" && port.Name != "" {
		next = map[string]any{"name": port.Name}
	}
	before := map[string]any{"number": b.port.Number}
	if b.port.Name != "" {
		before = map[string]any{"name": b.port.Name}
	}
	pointer := jsonPointer(b.path) + "/port"
	return []jsonPatch{{"test", pointer, before}, {"replace", pointer, next}}
}

func patchIngress(in Input, ingress *networkingv1.Ingress, operations []jsonPatch) string {
	return kubectlIn(in, ingress.Namespace, "patch", "ingress", ingress.Name, "--type=json", "-p", asJSON(operations))
}

// servicePortMeant returns the port of a Service that somebody means who asks for a port that it does not have: the one whose
// targetPort that is, the only one there is, or the one with a name near to it; nil where it cannot be told.
func servicePortMeant(service *corev1.Service, wanted string) *corev1.ServicePort {
	ports := service.Spec.Ports
	var meant []*corev1.ServicePort
	for i := range ports {
		if targetPortText(&ports[i]) == wanted {
			meant = append(meant, &ports[i])
		}
	}
	if len(ports) == 1 {
		return &ports[0]
	}
	if len(meant) == 0 && intstr.Parse(wanted).Type == intstr.String {
		least := editLimit
		for i := range ports {
			switch distance := editDistance(ports[i].Name, wanted); {
			case ports[i].Name == "" || distance > least:
			case distance < least:
				least, meant = distance, []*corev1.ServicePort{&ports[i]}
			default:
				meant = append(meant, &ports[i])
			}
		}
	}
	if len(meant) != 1 {
		return nil
	}
	return meant[0]
}

func (s *subject) isTargetPort(wanted string) bool {
	for i := range s.service.Spec.Ports {
		if targetPortText(&s.service.Spec.Ports[i]) == wanted {
			return true
		}
	}
	return false
}

// takesTargetPorts tells whether the controller of an Ingress looks for the port among the Service's target ports too, and
// whether that is known. Where it is not known, it is lenient as long as such a controller cannot be ruled out.
func (s *subject) takesTargetPorts(ingress *networkingv1.Ingress) (lenient, known bool) {
	if !s.covered(model.IngressClasses).Known() {
		return true, false
	}
	classes := s.in.Snapshot.IngressClasses()
	name, annotated := ingressClassName(ingress)
	if !annotated {
		for _, class := range classes {
			if class.Name == name || name == "" && isDefaultClass(class) {
				return controllerTakesTargetPorts(class.Spec.Controller), true
			}
		}
	}
	return slices.ContainsFunc(classes, func(class *networkingv1.IngressClass) bool {
		return controllerTakesTargetPorts(class.Spec.Controller)
	}), false
}

// controllerTakesTargetPorts knows the controllers by the names that their IngressClasses bear.
func controllerTakesTargetPorts(controller string) bool {
	return strings.HasPrefix(controller, "k8s.io/ingress-nginx") || strings.HasPrefix(controller, "haproxy-ingress.github.io/")
}

// ingressClassName returns the class that an Ingress asks for, empty for none, and whether it does so by the annotation.
func ingressClassName(ingress *networkingv1.Ingress) (name string, annotated bool) {
	if class, ok := ingress.Annotations[ingressClassAnnotation]; ok {
		return class, true
	}
	if class := ingress.Spec.IngressClassName; class != nil {
		return *class, false
	}
	return "", false
}

func isDefaultClass(class *networkingv1.IngressClass) bool {
	return class.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true"
}

// byIngress groups backends by their Ingress.
func byIngress(backends []ingressBackend) [][]ingressBackend {
	var groups [][]ingressBackend
	for i := range backends {
		if last := len(groups) - 1; last >= 0 && groups[last][0].ingress == backends[i].ingress {
			groups[last] = append(groups[last], backends[i])
			continue
		}
		groups = append(groups, []ingressBackend{backends[i]})
	}
	return groups
}

// latest is since when something can be wrong between the Service and an object that came at the given time.
func (s *subject) latest(came time.Time) time.Time {
	since := s.created()
	if change, _ := model.PortsChanged(s.service); change.At.After(since) {
		since = change.At
	}
	if came.After(since) {
		since = came
	}
	return since
}

// servicePortsText lists the ports as something in front of the Service may name them.
func servicePortsText(service *corev1.Service) string {
	texts := make([]string, 0, len(service.Spec.Ports))
	for i := range service.Spec.Ports {
		text := strconv.Itoa(int(service.Spec.Ports[i].Port))
		if name := service.Spec.Ports[i].Name; name != "" {
			text += " (" + name + ")"
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return "none"
	}
	return firstOf(texts, 6)
}

// jsonPointer makes of a path as in `kubectl explain`, whose keys are plain, a JSON pointer (RFC 6901).
func jsonPointer(path string) string {
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
}
