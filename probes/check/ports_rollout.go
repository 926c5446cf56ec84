package check

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/svctui/svctui/kube/model"
)

// checkRolloutPorts says PORT-01 before it happens: a Deployment behind the Service rolls out a template that lacks a port by
// name, while its old Pods still have it. When the rollout ends, nobody will.
func checkRolloutPorts(s *subject) []Finding {
	var findings []Finding
	missing := s.missingNamedPorts()
	for index := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[index]
		if s.endpoints().PortDead(index) || containsIndex(missing, index) {
			continue
		}
		for _, w := range s.templates() {
			if _, has := model.ResolveTargetPort(&w.template.Spec, port); has || !w.rolling || w.wanted == 0 {
				continue
			}
			name := port.TargetPort.StrVal
			finding := Finding{
				ID: "PORT-01", Severity: Major, Confidence: Proven, Step: StepEndpoints,
				Short: short("rollout drops port %s: %s", name, w.owner),
				Title: fmt.Sprintf("The new template of %s has no port named %s: its %s will get no traffic when this rollout ends.",
					w.owner, name, counted(int(w.wanted), "Pod")),
				Why: "The old Pods have the port and serve still; the rollout replaces them.",
				Evidence: []Evidence{
					{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: fmt.Sprintf("spec.ports[%d].targetPort", index), Value: name},
					{Kind: w.owner.Kind, Namespace: s.key.Namespace, Name: w.owner.Name, Field: "spec.template.spec.containers[*].ports", Value: declaredPorts(&w.template.Spec)},
				},
			}
			fix := Fix{Note: "name the container's port " + name + " in the template"}
			if deployment, ok := w.object.(*appsv1.Deployment); ok {
				if undo := undoFix(s, deployment, w.owner); undo.Command != "" {
					fix = Fix{Command: undo.Command, Note: "goes back to the revision before this one; or " + fix.Note}
				}
			}
			finding.Fix = s.withOwner(fix, w.object, "")
			findings = append(findings, finding)
		}
	}
	return findings
}

func containsIndex(missing []missingPort, index int) bool {
	for i := range missing {
		if missing[i].index == index {
			return true
		}
	}
	return false
}
