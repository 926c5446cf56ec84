package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func meshRules() []Rule {
	return []Rule{{
		IDs: []string{"MESH-01"}, Step: StepIsolation, Uses: []model.Kind{model.Pods},
		applies: func(s *subject) bool { return s.selects() },
		check:   checkMesh,
	}}
}

// MeshOf names the service mesh that intercepts a Pod's traffic, or nothing: by its proxy's container, or by the annotations that the
// mesh's own injector and node agent write.
func MeshOf(pod *corev1.Pod) string {
	mesh, _ := meshOf(pod)
	return mesh
}

func meshOf(pod *corev1.Pod) (mesh string, sign Evidence) {
	sign = Evidence{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}
	for container := range model.ServingContainers(&pod.Spec) {
		sign.Field, sign.Value = "spec.containers[*].name", container.Name
		switch container.Name {
		case "istio-proxy":
			return "Istio", sign
		case "linkerd-proxy":
			return "Linkerd", sign
		case "kuma-sidecar":
			return "Kuma", sign
		case "consul-dataplane":
			return "Consul", sign
		}
	}
	for _, annotation := range []string{"sidecar.istio.io/status", "ambient.istio.io/redirection"} {
		value := pod.Annotations[annotation]
		if value != "" && value != "disabled" {
			sign.Field, sign.Value = "metadata.annotations."+annotation, value
			return "Istio", sign
		}
	}
	return "", Evidence{}
}

// checkMesh is MESH-01: it is no fault, and tells how to read what the isolation test finds.
func checkMesh(s *subject) []Finding {
	meshed, mesh := 0, ""
	var evidence Evidence
	for _, pod := range s.live() {
		name, sign := meshOf(pod)
		if name == "" {
			continue
		}
		if meshed++; meshed == 1 {
			mesh, evidence = name, sign
		}
	}
	if meshed == 0 {
		return nil
	}
	title := fmt.Sprintf("%s intercepts what arrives at the Pods.", mesh)
	if meshed < len(s.live()) {
		title = fmt.Sprintf("%s intercepts what arrives at %d of %d Pods.", mesh, meshed, len(s.live()))
	}
	return []Finding{{
		ID: "MESH-01", Severity: Info, Confidence: Proven, Step: StepIsolation,
		Short: short("in the %s mesh", mesh), Title: title,
		Why:      "Its proxy may turn away callers from outside of the mesh, as the API server is: with strict mTLS by a reset or a 503, by an authorization policy with 403. What the isolation test sees fail is then only possible.",
		Evidence: []Evidence{evidence},
	}}
}
