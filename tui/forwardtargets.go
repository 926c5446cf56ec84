package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
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

func notTCP(protocol corev1.Protocol) string {
	if protocol == "" || protocol == corev1.ProtocolTCP {
		return ""
	}
	return string(protocol) + " cannot be forwarded"
}

func podTargets(pod *corev1.Pod, service *corev1.Service) []pickItem {
	state, blocked := "Ready", ""
	switch {
	case pod.Status.Phase != corev1.PodRunning:
		state = clean(string(pod.Status.Phase))
		blocked = "not running: " + state
	case podRank(pod) > 0:
		state = "running, not Ready"
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

func podRank(pod *corev1.Pod) int {
	if pod.Status.Phase != corev1.PodRunning {
		return 2
	}
	if pod.DeletionTimestamp != nil {
		return 1
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return 0
		}
	}
	return 1
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
	if !ok || name == "" || ports == "" {
		return nil, fmt.Errorf("%q is no target: write svc/NAME:PORT, pod/NAME:PORT, or a port; several ports as 80,443", text)
	}
	target := model.ForwardTarget{Namespace: service.Namespace}
	switch kind {
	case "svc", "service", "services":
		target.Service = name
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

// anyway is where a forward to a Service without a Ready Pod could lead all the same: the Pod that is nearest to being
// Ready. pods are in that order. It is nil where none runs, or where a port cannot be found in it.
func anyway(service *corev1.Service, pods []*corev1.Pod, targets []model.ForwardTarget) []model.ForwardTarget {
	if service == nil || len(pods) == 0 || podRank(pods[0]) != 1 {
		return nil
	}
	var instead []model.ForwardTarget
	for _, target := range targets {
		port := slices.IndexFunc(service.Spec.Ports, func(port corev1.ServicePort) bool {
			return fmt.Sprint(port.Port) == target.Port || port.Name != "" && port.Name == target.Port
		})
		if port < 0 {
			return nil
		}
		to, found := model.ResolveTargetPort(&pods[0].Spec, &service.Spec.Ports[port])
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
