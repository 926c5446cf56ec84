package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// familyRules hold for a Service whose every family is dead.
func familyRules() []Rule {
	return []Rule{{
		IDs: []string{"PORT-15"}, Step: StepEndpoints, Reads: []model.Kind{model.Pods}, explains: true,
		applies: func(s *subject) bool { return s.selects() && s.dead() },
		looks:   func(s *subject) bool { return len(s.current()) > 0 },
		check:   checkNoFamily,
	}}
}

// checkNoFamily is PORT-15 for a whole Service: Pods are Ready, and none has an address of the Service's family.
func checkNoFamily(s *subject) []Finding {
	var pod *corev1.Pod
	for _, candidate := range s.current() {
		if !model.PodReady(candidate) || candidate.Status.PodIP == "" {
			continue
		}
		if s.inFamily(candidate) {
			return nil
		}
		pod = candidate
	}
	if pod == nil {
		return nil
	}
	families := familiesText(familiesOf(s.service, s.slices))
	finding := Finding{
		ID: "PORT-15", Severity: Critical, Confidence: Proven, Step: StepEndpoints,
		Short: short("no Ready Pod has an %s address", families),
		Title: fmt.Sprintf("The Service is %s, and no Ready Pod has an %s address.", families, families),
		Why:   "Only addresses of the Service's own family become endpoints.",
		Evidence: []Evidence{
			{Kind: "Service", Namespace: s.key.Namespace, Name: s.key.Name, Field: "spec.ipFamilies", Value: families},
			{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "status.podIP", Value: pod.Status.PodIP},
		},
		Fix: s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"ipFamilyPolicy": "PreferDualStack"}),
			Note:    "adds the second family; on a cluster of one family it does nothing, and the Service has to be made anew",
		}),
	}
	return []Finding{s.settled(finding)}
}
