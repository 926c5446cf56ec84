package check

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// kubectl writes a kubectl command that hits this cluster and the Service's namespace from any shell.
func (s *subject) kubectl(words ...string) string {
	return kubectlIn(s.in, s.key.Namespace, words...)
}

func kubectlIn(in Input, namespace string, words ...string) string {
	return kubectlEverywhere(in, append([]string{"-n", namespace}, words...)...)
}

// kubectlEverywhere is kubectlIn for what has no namespace, or looks into all of them.
func kubectlEverywhere(in Input, words ...string) string {
	command := make([]string, 0, len(words)+len(in.KubectlArgs)+1)
	command = append(command, "kubectl")
	for _, argument := range in.KubectlArgs {
		command = append(command, shellQuote(argument))
	}
	for _, word := range words {
		command = append(command, shellQuote(word))
	}
	return strings.Join(command, " ")
}

// Kubectl writes a kubectl command line, each word quoted for a POSIX shell. Args go in front of the words, such as "--context" and its value.
func Kubectl(args []string, words ...string) string {
	return kubectlEverywhere(Input{KubectlArgs: args}, words...)
}

// SvctuiTest writes the command line of the isolation test of a Service. Args are those that go in front of kubectl's words, such as
// "--context" and its value; more stands behind.
func SvctuiTest(args []string, service model.Key, more ...string) string {
	return "svctui" + strings.TrimPrefix(Kubectl(args, append([]string{"test", service.Name, "-n", service.Namespace}, more...)...), "kubectl")
}

// shellQuote makes one word of a text for any POSIX shell. Within single quotes nothing has a meaning but the single
// quote itself.
func shellQuote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// jsonPatch is one operation of a JSON patch (RFC 6902). Ports are only ever patched this way, with a test in
// front: a strategic merge patch joins ports by number alone, and can change another one silently.
type jsonPatch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func (s *subject) patchService(operations ...jsonPatch) string {
	return s.kubectl("patch", "svc", s.key.Name, "--type=json", "-p", asJSON(operations))
}

// mergeService is a merge patch of the Service's spec: it leaves the other keys as they are.
func (s *subject) mergeService(spec map[string]any) string {
	return s.kubectl("patch", "svc", s.key.Name, "--type=merge", "-p", asJSON(map[string]any{"spec": spec}))
}

func asJSON(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "{}"
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// withOwner is the function of that name.
func (s *subject) withOwner(fix Fix, changed metav1.Object, manager string) *Fix {
	return withOwner(fix, changed, manager)
}

// withOwner adds to a fix whose next sync would undo it.
func withOwner(fix Fix, changed metav1.Object, manager string) *Fix {
	if owner := managedBy(changed, manager); owner != "" {
		note := "managed by " + owner
		if fix.Note != "" {
			note = fix.Note + "; " + note
		}
		fix.Note = note
	}
	return &fix
}

// serviceFix is withOwner for a fix that changes the Service.
func (s *subject) serviceFix(fix Fix) *Fix {
	return withOwner(fix, s.service, managerOfService(s))
}

// TargetPortFix lets one of a Service's ports, by its place in the spec, lead to a container port of that number, if neither the port nor its
// targetPort has changed since. It names the tool that owns the Service, where one does.
func TargetPortFix(in Input, service *corev1.Service, index int, number int32, note string) *Fix {
	s := &subject{in: in, key: model.Key{Namespace: service.Namespace, Name: service.Name}, service: service}
	port := &service.Spec.Ports[index]
	// An object that no API server has defaulted leaves targetPort out.
	target := port.TargetPort
	if target.Type == intstr.Int {
		target.IntVal = targetNumber(port)
	}
	path := fmt.Sprintf("/spec/ports/%d", index)
	return s.serviceFix(Fix{Note: note, Command: s.patchService(
		jsonPatch{"test", path + "/port", port.Port}, jsonPatch{"test", path + "/targetPort", target}, jsonPatch{"replace", path + "/targetPort", number},
	)})
}

func managerOfService(s *subject) string {
	if change, ok := model.SelectorChanged(s.service); ok {
		return change.Manager
	}
	change, _ := model.PortsChanged(s.service)
	return change.Manager
}

// managedBy names the tool that owns an object, and what to change instead; empty for none known.
func managedBy(object metav1.Object, manager string) string {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	manager = strings.ToLower(manager)
	release := annotations["meta.helm.sh/release-name"]
	argo := annotations["argocd.argoproj.io/tracking-id"]
	kustomization := labels["kustomize.toolkit.fluxcd.io/name"]
	helmRelease := labels["helm.toolkit.fluxcd.io/name"]
	switch {
	case helmRelease != "":
		return "the Flux HelmRelease " + helmRelease + ": fix its values or chart"
	case kustomization != "":
		return "the Flux Kustomization " + kustomization + ": fix its source"
	case argo != "":
		application, _, _ := strings.Cut(argo, ":")
		return "the Argo CD application " + application + ": fix its source"
	case release != "":
		return "Helm release " + release + ": fix the chart"
	case strings.Contains(manager, "argocd"):
		return "Argo CD: fix its source"
	case strings.Contains(manager, "kustomize-controller"), strings.Contains(manager, "helm-controller"):
		return "Flux: fix its source"
	case strings.EqualFold(labels["app.kubernetes.io/managed-by"], "Helm"), manager == "helm":
		return "Helm: fix the chart"
	}
	if owner := metav1.GetControllerOf(object); owner != nil {
		return owner.Kind + " " + owner.Name + ": change that"
	}
	return ""
}
