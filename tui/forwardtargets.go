package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func serviceTargets(service *corev1.Service) []pickItem {
	blocked := ""
	switch {
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		blocked = "an ExternalName has no Pods"
	case len(service.Spec.Selector) == 0:
		blocked = "it has no selector: choose a Pod"
	}
	var items []pickItem
	var all []string
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		item := pickItem{
			value: targetValue("svc", service.Name, fmt.Sprint(port.Port)), detail: "a Ready Pod, the next when it goes",
			blocked: cmp.Or(blocked, notTCP(port.Protocol)),
		}
		if item.blocked == "" {
			all = append(all, fmt.Sprint(port.Port))
		}
		item.label = clean(item.value)
		if port.Name != "" {
			item.label += " " + clean(port.Name)
		}
		items = append(items, item)
	}
	if len(all) > 1 {
		value := targetValue("svc", service.Name, strings.Join(all, ","))
		items = append(items, pickItem{value: value, label: clean(value), detail: "all of them at once"})
	}
	return items
}

// sayUnresolved says of the Service's ports which of them no Pod has. items begin with those ports, in their order.
func sayUnresolved(items []pickItem, service *corev1.Service, pods []*corev1.Pod) {
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		has := func(pod *corev1.Pod) bool {
			_, found := model.ResolveTargetPort(&pod.Spec, port)
			return found
		}
		if len(pods) > 0 && i < len(items) && !slices.ContainsFunc(pods, has) {
			items[i].detail = "no Pod has a port named " + clean(port.TargetPort.StrVal)
		}
	}
}

// aliasOf says of an ExternalName that it has no Pods, and which Service it stands for; empty for all others.
func aliasOf(snapshot *model.Snapshot, service *corev1.Service) string {
	if service == nil || service.Spec.Type != corev1.ServiceTypeExternalName {
		return ""
	}
	says := fmt.Sprintf("An ExternalName has no Pods. It stands for %s", clean(service.Spec.ExternalName))
	if host := service.Spec.ExternalName; strings.Contains(host, ".svc") {
		for _, lead := range check.LeadsFrom(snapshot, host, nil) {
			meant := lead.Service
			if found := snapshot.Service(meant); found == nil || found.Spec.Type != corev1.ServiceTypeExternalName {
				return fmt.Sprintf("%s, Service %s: :svc %s leads there, and F forwards to it.", says, clean(meant.String()), clean(meant.String()))
			}
		}
	}
	return says + ", which is dialled without a forward."
}

func notTCP(protocol corev1.Protocol) string {
	if protocol == "" || protocol == corev1.ProtocolTCP {
		return ""
	}
	return string(protocol) + " cannot be forwarded"
}

func podTargets(pod *corev1.Pod, service *corev1.Service) []pickItem {
	state, blocked := podState(pod), ""
	if podRank(pod) == podNotRunning {
		blocked = "not running: " + state
	}
	type containerPort struct {
		number   int32
		name     string
		protocol corev1.Protocol
	}
	var ports []containerPort
	add := func(port containerPort) {
		if port.number > 0 && !slices.ContainsFunc(ports, func(have containerPort) bool {
			return have.number == port.number && notTCP(have.protocol) == notTCP(port.protocol)
		}) {
			ports = append(ports, port)
		}
	}
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			add(containerPort{port.ContainerPort, port.Name, port.Protocol})
		}
	}
	if service != nil {
		for _, port := range service.Spec.Ports {
			if port.TargetPort.StrVal == "" {
				// Kubernetes takes port where targetPort is left out.
				add(containerPort{cmp.Or(port.TargetPort.IntVal, port.Port), "", port.Protocol})
			}
		}
	}
	items := make([]pickItem, 0, len(ports))
	for _, port := range ports {
		item := pickItem{
			value: targetValue("pod", pod.Name, fmt.Sprint(port.number)), detail: state,
			blocked: cmp.Or(blocked, notTCP(port.protocol)),
		}
		item.label = clean(item.value)
		if port.name != "" {
			item.label += " " + clean(port.name)
		}
		items = append(items, item)
	}
	return items
}

// How well a Pod serves a forward, the best first.
const (
	podIsReady = iota
	podNotReady
	podTerminating
	podNotRunning
)

func podRank(pod *corev1.Pod) int {
	switch {
	case pod.Status.Phase != corev1.PodRunning:
		return podNotRunning
	case pod.DeletionTimestamp != nil:
		return podTerminating
	case model.PodReady(pod):
		return podIsReady
	}
	return podNotReady
}

// podState is the same in words.
func podState(pod *corev1.Pod) string {
	switch podRank(pod) {
	case podIsReady:
		return "Ready"
	case podNotReady:
		return "running, not Ready"
	case podTerminating:
		return "being deleted"
	}
	return clean(string(pod.Status.Phase))
}

func targetValue(kind, name, port string) string { return kind + "/" + name + ":" + port }

// parseTargets reads svc/NAME:PORT, pod/NAME:PORT, or PORT alone for the Service itself; PORT may be several, with commas
// between them.
func parseTargets(text string, service model.Key) ([]model.ForwardTarget, error) {
	name, ports, ok := strings.Cut(text, ":")
	if !ok {
		name, ports = "svc/"+service.Name, text
	}
	kind, name, ok := strings.Cut(name, "/")
	if !ok && strings.Trim(kind, "0123456789") == "" && kind != "" && ports != "" {
		return nil, fmt.Errorf("write %s here, and the local port %s below: tab leads there", ports, kind)
	}
	if !ok || name == "" || ports == "" {
		return nil, fmt.Errorf("%q is no target: write svc/NAME:PORT, pod/NAME:PORT, or a port; several ports as 80,443", text)
	}
	target := model.ForwardTarget{Namespace: service.Namespace}
	switch kind {
	case "svc", "service", "services":
		var ok bool
		if target.Service, ok = ofNamespace(name, service.Namespace); !ok {
			return nil, fmt.Errorf("%q is no Service of this namespace: the screen of the Service that is meant forwards to it", name)
		}
	case "pod", "po", "pods":
		target.Pod = name
	default:
		return nil, fmt.Errorf("%q is no target: write svc/NAME:PORT or pod/NAME:PORT", text)
	}
	var targets []model.ForwardTarget
	for port := range strings.SplitSeq(ports, ",") {
		if target.Port = strings.TrimSpace(port); target.Port == "" {
			return nil, fmt.Errorf("%q lacks a port between two commas", text)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// ofNamespace is the name of a Service that may be followed by its namespace, as in DNS: web.shop or web.shop.svc. ok is false where that is
// another one.
func ofNamespace(name, namespace string) (service string, ok bool) {
	service, rest, dotted := strings.Cut(name, ".")
	if !dotted {
		return name, true
	}
	of, rest, _ := strings.Cut(rest, ".")
	// What follows svc is the cluster's own domain, whatever it is called.
	return service, service != "" && of == namespace && (rest == "" || rest == "svc" || strings.HasPrefix(rest, "svc."))
}

// portOf is the number of a target's port; zero where the Service or the Pod has none of that name, or is not known. A number is taken
// of a Pod as it is, and of a Service where it has it or is not known.
func portOf(snapshot *model.Snapshot, target model.ForwardTarget) int32 {
	number := int32(0)
	if parsed, err := strconv.ParseUint(target.Port, 10, 16); err == nil {
		number = int32(parsed)
	}
	if snapshot == nil {
		return number
	}
	if target.Service != "" {
		service := snapshot.Service(model.Key{Namespace: target.Namespace, Name: target.Service})
		if service == nil {
			return number
		}
		if port := targetedPort(service, target.Port); port != nil {
			return port.Port
		}
		return 0
	}
	if number > 0 {
		return number
	}
	if pod := snapshot.Pod(model.Key{Namespace: target.Namespace, Name: target.Pod}); pod != nil {
		number, _ = model.ContainerPort(&pod.Spec, target.Port, corev1.ProtocolTCP)
	}
	return number
}

// targetedPort is the port of a Service that has the given number or name, one that can be forwarded where two have the number; nil where there
// is none.
func targetedPort(service *corev1.Service, wanted string) *corev1.ServicePort {
	is := func(port corev1.ServicePort) bool {
		return fmt.Sprint(port.Port) == wanted || port.Name != "" && port.Name == wanted
	}
	at := slices.IndexFunc(service.Spec.Ports, func(port corev1.ServicePort) bool { return is(port) && notTCP(port.Protocol) == "" })
	if at < 0 {
		at = slices.IndexFunc(service.Spec.Ports, is)
	}
	if at < 0 {
		return nil
	}
	return &service.Spec.Ports[at]
}

// anyway is where a forward to a Service without a Ready Pod could lead all the same: the Pod that is nearest to being
// Ready. pods are in that order. It is nil where none runs, or where a port cannot be found in it.
func anyway(service *corev1.Service, pods []*corev1.Pod, targets []model.ForwardTarget) []model.ForwardTarget {
	if service == nil || len(pods) == 0 || podRank(pods[0]) != podNotReady {
		return nil
	}
	var instead []model.ForwardTarget
	for _, target := range targets {
		port := targetedPort(service, target.Port)
		if port == nil || notTCP(port.Protocol) != "" {
			return nil
		}
		to, found := model.ResolveTargetPort(&pods[0].Spec, port)
		if !found {
			return nil
		}
		target.Service, target.Pod, target.Port = "", pods[0].Name, fmt.Sprint(to.Number)
		instead = append(instead, target)
	}
	return instead
}

// localPortFor is the local port that is offered for a port: itself, or one that needs no privilege.
func localPortFor(port int32) int32 {
	if port > 0 && port < 1024 {
		return 8000 + port
	}
	return port
}
