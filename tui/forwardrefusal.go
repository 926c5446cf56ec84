package tui

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// refusal says why targets, which are of one Service or Pod, cannot be forwarded to now, and what Enter opens instead; empty where they can, or
// where that is not known.
func refusal(sh *shell, targets []model.ForwardTarget) (why string, instead []model.ForwardTarget) {
	if sh.state == nil {
		return "", nil
	}
	if targets[0].Service == "" {
		return refusalOfPod(sh.state.Snapshot, targets[0]), nil
	}
	return refusalOfService(sh.state.Snapshot, targets)
}

func refusalOfPod(snapshot *model.Snapshot, target model.ForwardTarget) string {
	if !snapshot.Coverage(model.Pods, target.Namespace).Known() || snapshot.Pod(model.Key{Namespace: target.Namespace, Name: target.Pod}) != nil {
		return ""
	}
	var names []string
	for _, pod := range snapshot.Pods(target.Namespace) {
		if !check.PodEnded(pod) {
			names = append(names, pod.Name)
		}
	}
	return fmt.Sprintf("There is no Pod %s in namespace %s%s.", clean(target.Pod), clean(target.Namespace), orNear(target.Pod, names))
}

func refusalOfService(snapshot *model.Snapshot, targets []model.ForwardTarget) (why string, instead []model.ForwardTarget) {
	key := model.Key{Namespace: targets[0].Namespace, Name: targets[0].Service}
	service, name := snapshot.Service(key), "svc/"+clean(key.Name)
	if service == nil {
		if !snapshot.Coverage(model.Services, key.Namespace).Known() {
			return "", nil
		}
		near, _ := check.NearNames(snapshot, key)
		return fmt.Sprintf("There is no Service %s in namespace %s%s.", clean(key.Name), clean(key.Namespace), oneOfNear(near)), nil
	}
	for _, target := range targets {
		if targetedPort(service, target.Port) == nil {
			return fmt.Sprintf("%s has no port %s: it has %s.", name, clean(target.Port), portsOf(service)), nil
		}
	}
	if !snapshot.Coverage(model.Pods, key.Namespace).Known() {
		return "", nil
	}
	pods := model.ForwardOrder(podsBehind(snapshot, key))
	if len(pods) > 0 && podRank(pods[0]) == podIsReady {
		return unresolved(service, pods, targets), nil
	}
	why = "No Pod of " + name + " is Ready: there is nothing to forward to."
	instead = anyway(service, pods, targets)
	switch {
	case instead != nil:
		why += " ↵ once more forwards to " + forwardTargets(instead) + " anyway, which runs and is not Ready."
	case len(pods) > 0 && podRank(pods[0]) < podNotRunning:
		why += " To forward to a Pod that is not Ready, choose it by its name."
	}
	return why, instead
}

// unresolved says that none of the Ready Pods has a port that a targetPort names; empty where one has.
func unresolved(service *corev1.Service, pods []*corev1.Pod, targets []model.ForwardTarget) string {
	for _, target := range targets {
		port := targetedPort(service, target.Port)
		has := func(pod *corev1.Pod) bool {
			_, found := model.ResolveTargetPort(&pod.Spec, port)
			return found && podRank(pod) == podIsReady
		}
		if len(service.Spec.Selector) > 0 && !slices.ContainsFunc(pods, has) {
			return fmt.Sprintf("No Ready Pod of svc/%s has the port %s, which targetPort of port %s names. To forward to a port of a Pod, choose it by its name.",
				clean(service.Name), clean(port.TargetPort.String()), clean(target.Port))
		}
	}
	return ""
}

// portsOf lists the ports of a Service, each with its name.
func portsOf(service *corev1.Service) string {
	var ports []string
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		ports = append(ports, strings.TrimSpace(fmt.Sprint(port.Port)+" "+clean(port.Name)))
	}
	if len(ports) == 0 {
		return "none"
	}
	return strings.Join(ports, ", ")
}

// orNear asks whether one of names was meant; empty where none is near.
func orNear(mistyped string, names []string) string { return oneOfNear(check.Near(mistyped, names)) }

func oneOfNear(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + clean(strings.Join(near[:min(len(near), 3)], " or ")) + "?"
}
