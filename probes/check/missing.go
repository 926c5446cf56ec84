package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// JudgeMissing reports on a Service that was asked for, or is referred to, and is not in the snapshot. That it does not exist
// is said only where the Services of its namespace are known: not being permitted to look is no answer.
func JudgeMissing(in Input, key model.Key) *Report {
	report := &Report{Key: key, Missing: true, Verdict: Unknown}
	for step := range report.Steps {
		report.Steps[step].Mark = MarkNone
	}
	report.Route = []Hop{{Text: "clients"}, {Text: key.Name + "." + key.Namespace, Broken: true, Fault: key.Name}}
	coverage := in.Snapshot.Coverage(model.Services, key.Namespace)
	if !coverage.Known() || coverage.State == model.Stale {
		report.Unchecked = []Unchecked{newUnchecked([]string{"SVC-01"}, model.Services, key.Namespace, coverage)}
		report.Steps[StepService].Mark = MarkUnknown
		report.Route[1].Broken = false
		return report
	}
	report.Verdict = Fail
	report.Steps[StepService] = StepResult{Mark: MarkFail, Note: "absent"}
	near, elsewhere := NearNames(in.Snapshot, key)
	report.Findings = append([]Finding{missingFinding(in, key, near, elsewhere)}, inOrder(referrersOfMissing(in, key, near))...)
	return report
}

func missingFinding(in Input, key model.Key, near, elsewhere []string) Finding {
	finding := Finding{
		ID: "SVC-01", Severity: Critical, Confidence: Proven, Step: StepService,
		Short:    "does not exist",
		Title:    fmt.Sprintf("There is no Service %s in namespace %s.", key.Name, key.Namespace),
		Why:      "Its name does not resolve, and whoever calls it gets no connection.",
		Evidence: []Evidence{{Kind: "Service", Namespace: key.Namespace, Name: key.Name, Field: "metadata.name", Value: "absent"}},
	}
	for _, other := range in.Elsewhere {
		if other.Name == key.Name && other.Namespace != key.Namespace && !slices.Contains(elsewhere, other.Namespace) {
			elsewhere = append(elsewhere, other.Namespace)
		}
	}
	slices.Sort(elsewhere)
	var causes, notes []string
	// The very name in another namespace says more than a name that is only near.
	if len(elsewhere) > 0 {
		causes = append(causes, "a Service of that name is in namespace "+firstOf(elsewhere, 3))
		notes = append(notes, fmt.Sprintf("look there, with -n %s; from another namespace it is called %s.%s", elsewhere[0], key.Name, elsewhere[0]))
		finding.Short = short("does not exist here; in %s it does", elsewhere[0])
		for _, namespace := range elsewhere[:min(len(elsewhere), 3)] {
			finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: namespace, Name: key.Name, Field: "metadata.namespace", Value: namespace})
		}
	}
	if len(near) > 0 {
		causes = append(causes, "the name is near to "+firstOf(near, 3))
		notes = append(notes, "call "+near[0]+", if that is the one that is meant")
		if len(elsewhere) == 0 {
			finding.Short = short("does not exist; %s does", near[0])
		}
		for _, name := range near[:min(len(near), 3)] {
			finding.Evidence = append(finding.Evidence, Evidence{Kind: "Service", Namespace: key.Namespace, Name: name, Field: "metadata.name", Value: name})
		}
	}
	if len(causes) > 0 {
		finding.Cause = &Cause{Text: strings.Join(causes, "; or "), Confidence: Likely}
		finding.Fix = &Fix{Note: strings.Join(notes, "; or ")}
	}
	if command := exposeCommand(in, key); command != "" {
		if finding.Fix == nil {
			finding.Fix = &Fix{Note: "makes one for the Deployment of that name"}
		} else {
			finding.Fix.Note += "; else this command makes one for the Deployment of the name that was asked for"
		}
		finding.Fix.Command = command
	}
	return finding
}

// exposeCommand makes the Service for a Deployment of its name that declares a port.
func exposeCommand(in Input, key model.Key) string {
	deployment := in.Snapshot.Deployment(key)
	if deployment == nil {
		return ""
	}
	var port *corev1.ContainerPort
	for container := range model.ServingContainers(&deployment.Spec.Template.Spec) {
		if len(container.Ports) > 0 {
			port = &container.Ports[0]
			break
		}
	}
	if port == nil {
		return ""
	}
	return kubectlIn(in, key.Namespace, "expose", "deploy/"+key.Name, "--port="+fmt.Sprint(port.ContainerPort), "--target-port="+fmt.Sprint(port.ContainerPort))
}

// NearNames returns the Services of the namespace whose names are at most two letters from the one asked for, nearest
// first, and the other namespaces, as far as they are known, that have a Service of exactly that name.
func NearNames(snapshot *model.Snapshot, key model.Key) (near, elsewhere []string) {
	distances := map[string]int{}
	for _, service := range snapshot.Services(key.Namespace) {
		distance := editDistance(service.Name, key.Name)
		if service.Name != key.Name && distance <= editLimit && distance < max(len(key.Name), 2) {
			near = append(near, service.Name)
			distances[service.Name] = distance
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return distances[a] - distances[b] })
	for _, namespace := range snapshot.ServiceNamespaces() {
		if namespace != key.Namespace && snapshot.Service(model.Key{Namespace: namespace, Name: key.Name}) != nil {
			elsewhere = append(elsewhere, namespace)
		}
	}
	return near, elsewhere
}
