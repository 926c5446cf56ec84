package check

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func backendRules() []Rule {
	// Clients of a headless Service choose among its addresses, and some are made to find every Pod of a kind.
	applies := func(s *subject) bool { return s.selects() && !s.headless() && s.slicesKnown() && !s.dead() }
	return []Rule{
		{
			IDs: []string{"SEL-05"}, Step: StepSelector, Reads: []model.Kind{model.Pods}, Uses: []model.Kind{model.ReplicaSets},
			applies: applies, looks: func(s *subject) bool { return s.backendsDiffer() }, check: checkMixedBackends,
		},
		{
			IDs: []string{"SEL-06"}, Step: StepSelector, Reads: []model.Kind{model.Pods}, applies: applies, check: checkJobPods,
		},
	}
}

// backendGroup are the ready Pods of one workload behind a Service.
type backendGroup struct {
	owner      Owner
	pods       []*corev1.Pod
	repository string
	// lacks is the port of the Service that the Pods do not have, while another group has it; empty for none.
	lacks string
}

// readyPods are the ready endpoints' Pods that the selector matches: others are listed by whoever writes slices by hand, and no change of
// the selector keeps those out.
func (s *subject) readyPods() iter.Seq[*corev1.Pod] {
	return func(yield func(*corev1.Pod) bool) {
		for _, pod := range s.live() {
			if s.endpoints().ListsReady(pod) && !yield(pod) {
				return
			}
		}
	}
}

// backendsDiffer tells whether the ready Pods run more than one image, without a look at who owns them: nearly always they run one.
func (s *subject) backendsDiffer() bool {
	image := ""
	for pod := range s.readyPods() {
		switch got := mainImage(pod); {
		case image == "":
			image = got
		case got != image && repositoryOf(got) != repositoryOf(image):
			return true
		}
	}
	return false
}

// mainImage is the image of the container that serves: the one that kubectl takes by default.
func mainImage(pod *corev1.Pod) string {
	spec := &pod.Spec
	if name := pod.Annotations["kubectl.kubernetes.io/default-container"]; name != "" {
		for i := range spec.Containers {
			if spec.Containers[i].Name == name {
				return spec.Containers[i].Image
			}
		}
	}
	if len(spec.Containers) == 0 {
		return ""
	}
	return spec.Containers[0].Image
}

// repositoryOf takes the tag and the digest off an image's name.
func repositoryOf(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}

// checkMixedBackends is SEL-05: Pods of two applications are behind one Service, and its clients are answered now by the one and now
// by the other. That the workloads and the repositories of their images differ is one piece of evidence; that one of them does not
// have the port that the Service asks for is another. Workloads of one release, as a canary or the shards of a store
// are, belong together.
func checkMixedBackends(s *subject) []Finding {
	groups := s.backendGroups()
	if len(groups) < 2 || sameInstance(groups) {
		return nil
	}
	finding := Finding{
		ID: "SEL-05", Severity: Major, Confidence: Possible, Step: StepSelector,
		Why: "Every Pod that carries the selector gets its share of the requests, whatever it runs.",
	}
	owners := make([]Owner, 0, len(groups))
	var lacking *backendGroup
	for i := range groups {
		group := &groups[i]
		owners = append(owners, group.owner)
		if group.lacks != "" && lacking == nil {
			lacking = group
		}
		if i < 3 {
			finding.Evidence = append(finding.Evidence, Evidence{
				Kind: "Pod", Namespace: group.pods[0].Namespace, Name: group.pods[0].Name, Field: "spec.containers[*].image", Value: group.repository,
			})
		}
	}
	finding.Short = short("mixes %s", ownersText(owners))
	finding.Title = fmt.Sprintf("The selector %s matches Pods that run different images: %s.", selectorText(s.service.Spec.Selector), ownersText(owners))
	if lacking != nil {
		finding.Confidence = Likely
		finding.Short = short("also selects %s", lacking.owner)
		finding.Title = fmt.Sprintf("The selector %s also matches Pods that run another image: %s.", selectorText(s.service.Spec.Selector), lacking.owner)
		finding.Why += fmt.Sprintf(" Port %s is declared by others, but not by %s.", lacking.lacks, lacking.owner)
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Pod", Namespace: lacking.pods[0].Namespace, Name: lacking.pods[0].Name,
			Field: "spec.containers[*].ports", Value: declaredPorts(&lacking.pods[0].Spec),
		})
	}
	fix := Fix{Note: "add a pair to the selector that only the Pods that are meant carry"}
	if key, value, ok := s.tellsApart(groups, lacking); ok {
		fix.Command = s.mergeService(map[string]any{"selector": map[string]any{key: value}})
		fix.Note = fmt.Sprintf("adds %s=%s, which only the Pods of %s carry; where both are meant there is nothing to do", key, value, s.meantGroup(groups, lacking).owner)
	}
	finding.Fix = s.serviceFix(fix)
	return []Finding{s.heldForRollout(s.settled(finding))}
}

// backendGroups groups the ready Pods by their workload and keeps one group for each repository. Pods of Jobs are SEL-06's.
func (s *subject) backendGroups() []backendGroup {
	var groups []backendGroup
	for pod := range s.readyPods() {
		if ofJobPod(pod) {
			continue
		}
		owner := OwnerOf(s.in.Snapshot, pod)
		if owner.Kind == "" {
			owner = Owner{"Pod", pod.Name}
		}
		at := slices.IndexFunc(groups, func(group backendGroup) bool { return group.owner == owner })
		if at < 0 {
			groups = append(groups, backendGroup{owner: owner, repository: repositoryOf(mainImage(pod))})
			at = len(groups) - 1
		}
		groups[at].pods = append(groups[at].pods, pod)
	}
	if !slices.ContainsFunc(groups, func(group backendGroup) bool { return group.repository != groups[0].repository }) {
		return nil
	}
	for i := range groups {
		groups[i].lacks = s.lacksPort(groups, i)
	}
	return groups
}

// lacksPort names a port of the Service that a group does not have and another group has. A number that no port is declared for
// counts only beside ports that are declared: containers need not declare any.
func (s *subject) lacksPort(groups []backendGroup, which int) string {
	for i := range s.service.Spec.Ports {
		port := &s.service.Spec.Ports[i]
		spec := &groups[which].pods[0].Spec
		if declares(spec, port) || declaredPorts(spec) == "none" {
			continue
		}
		for other := range groups {
			if groups[other].repository != groups[which].repository && declares(&groups[other].pods[0].Spec, port) {
				return port.TargetPort.String()
			}
		}
	}
	return ""
}

func declares(spec *corev1.PodSpec, port *corev1.ServicePort) bool {
	target, ok := model.ResolveTargetPort(spec, port)
	return ok && target.Container != ""
}

func sameInstance(groups []backendGroup) bool {
	instance := groups[0].pods[0].Labels[instanceLabel]
	return instance != "" && !slices.ContainsFunc(groups, func(group backendGroup) bool {
		return group.pods[0].Labels[instanceLabel] != instance || group.lacks != ""
	})
}

// meantGroup is the group that the Service is for: of two the one that has its port, else the one that is named like it.
func (s *subject) meantGroup(groups []backendGroup, lacking *backendGroup) *backendGroup {
	var meant *backendGroup
	for i := range groups {
		group := &groups[i]
		has := lacking != nil && group.lacks == ""
		if lacking == nil {
			has = group.owner.Name == s.key.Name
		}
		if has && meant != nil {
			return nil
		}
		if has {
			meant = group
		}
	}
	return meant
}

// tellsApart finds a label that all Pods of the group that is meant carry, and none of the others.
func (s *subject) tellsApart(groups []backendGroup, lacking *backendGroup) (key, value string, ok bool) {
	meant := s.meantGroup(groups, lacking)
	if meant == nil {
		return "", "", false
	}
	var others []*corev1.Pod
	for i := range groups {
		if &groups[i] != meant {
			others = append(others, groups[i].pods...)
		}
	}
	return LabelOfOnly(meant.pods, others)
}

// LabelOfOnly finds a label that all of some Pods carry, at least one of which there is, and none of the others: the first by its key. What a
// controller numbers its versions by will not do. It is pure and safe for concurrent use.
func LabelOfOnly(meant, others []*corev1.Pod) (key, value string, ok bool) {
	for _, candidate := range sortedKeys(meant[0].Labels) {
		wanted := meant[0].Labels[candidate]
		carries := func(pod *corev1.Pod) bool { return pod.Labels[candidate] == wanted }
		if !madeByController(candidate) && !slices.ContainsFunc(others, carries) && !slices.ContainsFunc(meant, func(pod *corev1.Pod) bool { return !carries(pod) }) {
			return candidate, wanted, true
		}
	}
	return "", "", false
}

// madeByController tells whether a label is no part of what an application is: a controller writes it for itself, or it changes with each version, each
// Pod or each node.
func madeByController(key string) bool {
	switch key {
	case "pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash", "pod-template-generation",
		"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "helm.sh/chart", "app.kubernetes.io/version", "version", "chart", "release-revision":
		return true
	}
	return strings.HasPrefix(key, "topology.kubernetes.io/")
}

func ofJobPod(pod *corev1.Pod) bool {
	controller := metav1.GetControllerOfNoCopy(pod)
	return controller != nil && controller.Kind == "Job"
}

// checkJobPods is SEL-06: the Pod of a Job is a ready endpoint beside the Pods that serve. Without a readiness probe it is Ready as soon
// as it runs, and refuses its share of the requests. A Job that is the only backend, or that has a probe of its own, serves
// on purpose.
func checkJobPods(s *subject) []Finding {
	var ofJobs []*corev1.Pod
	others := false
	for pod := range s.readyPods() {
		switch {
		case !ofJobPod(pod):
			others = true
		case !probesReadiness(&pod.Spec):
			ofJobs = append(ofJobs, pod)
		}
	}
	if len(ofJobs) == 0 || !others {
		return nil
	}
	owners := ownersOf(s.in.Snapshot, ofJobs)
	finding := Finding{
		ID: "SEL-06", Severity: Minor, Confidence: Likely, Step: StepSelector,
		Short: short("Pod of %s is an endpoint", owners[0]),
		Title: fmt.Sprintf("%s of %s %s the selector, and %s requests.", counted(len(ofJobs), "Pod"), ownersText(owners),
			verbFor(len(ofJobs), "matches", "match"), verbFor(len(ofJobs), "gets", "get")),
		Why: "A Pod of a Job that has no readiness probe is Ready as soon as it runs: where it does not serve, some requests are refused.",
	}
	for _, pod := range ofJobs[:min(len(ofJobs), 3)] {
		finding.Evidence = append(finding.Evidence, Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "metadata.ownerReferences[0].kind", Value: "Job",
		})
	}
	finding.Fix = s.serviceFix(Fix{Note: "give the Job's Pod template other labels, or the selector a pair that only the Pods that serve carry"})
	groups := []backendGroup{{owner: owners[0], pods: ofJobs, lacks: "readiness"}, s.servingGroup()}
	if key, value, ok := s.tellsApart(groups, &groups[0]); ok {
		finding.Fix = s.serviceFix(Fix{
			Command: s.mergeService(map[string]any{"selector": map[string]any{key: value}}),
			Note:    fmt.Sprintf("adds %s=%s, which the Job's Pods do not carry; or give them other labels", key, value),
		})
	}
	return []Finding{finding}
}

// servingGroup are the ready Pods that no Job made.
func (s *subject) servingGroup() backendGroup {
	var group backendGroup
	for pod := range s.readyPods() {
		if !ofJobPod(pod) {
			group.pods = append(group.pods, pod)
		}
	}
	return group
}

func probesReadiness(spec *corev1.PodSpec) bool {
	for container := range model.ServingContainers(spec) {
		if container.ReadinessProbe != nil {
			return true
		}
	}
	return false
}
