package isolation

import (
	"fmt"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// triable tells whether any rung can be tried at all.
func (s *subject) triable() bool { return s.looksAtPods() && !s.request.ReadOnly }

// looksAtPods tells whether a Pod was looked for: nothing about the Service itself forbids it.
func (s *subject) looksAtPods() bool {
	switch s.facts.Fault {
	case faultServiceUnknown, faultNoService, faultExternalName, faultNoSuchPort, faultPortless, faultNotTCP:
		return false
	}
	return true
}

// untried is the result before anything was tried, with the reason on each rung that cannot be.
func (s *subject) untried(targets []hereTarget) Result {
	result := Result{Request: s.request, PodPort: s.podPort, Protocol: s.speaks.String(), Basis: s.basis()}
	for _, rung := range []Rung{RungPod, RungService, RungProxyService, RungProxyPod} {
		result.Rungs = append(result.Rungs, Observation{
			Rung: rung, Crosses: s.crosses(rung), Outcome: NotRun, Detail: s.whyNot(rung),
		})
	}
	result.Rungs = append(result.Rungs, s.untriedHere(targets)...)
	if !s.triable() && len(targets) == 0 {
		result.Protocol = ""
	}
	return result
}

func (s *subject) crosses(rung Rung) string {
	pod := "no Pod"
	switch {
	case s.pod != nil:
		pod = s.pod.Name
	case !s.looksAtPods():
		pod = "a Pod"
	}
	switch rung {
	case RungPod:
		return "port-forward → localhost inside the Pod"
	case RungService:
		chosen := s.asKubectl()
		if chosen.pod != nil {
			pod = chosen.pod.Name
		}
		line := fmt.Sprintf("selector → %s, %d → %d", pod, s.port.Port, chosen.podPort)
		switch {
		case s.facts.Fault == faultNoSelector || chosen.pod == nil || chosen.podPort == 0:
			return "selector → " + pod
		case s.facts.Headless && s.port.Port != chosen.podPort:
			return line + fmt.Sprintf(" (kubectl dials %d: headless)", s.port.Port)
		}
		return line
	case RungProxyService:
		switch s.facts.Usable {
		case 0:
			if !s.looksAtPods() || !s.facts.UsableKnown {
				return "ready endpoints → a Pod's IP"
			}
			return "ready endpoints → none"
		case 1:
			return "ready endpoints → " + hostPort(s.endpoints[0].Address, s.endpoints[0].Port)
		}
		return fmt.Sprintf("ready endpoints → one of %d", s.facts.Usable)
	default:
		if s.pod == nil || s.facts.PodIP == "" {
			return "the Pod's IP"
		}
		if s.podPort == 0 {
			return s.facts.PodIP
		}
		return hostPort(s.facts.PodIP, s.podPort)
	}
}

// whyNot says why a rung cannot be tried; empty where it can.
func (s *subject) whyNot(rung Rung) string {
	switch {
	case s.facts.Fault == faultServiceUnknown:
		return "the Service could not be read"
	case s.facts.Fault == faultNoService:
		return "there is no such Service"
	case s.facts.Fault == faultExternalName:
		return "an ExternalName has no Pods"
	case s.facts.Fault == faultNotTCP:
		return s.facts.Protocol + " cannot be forwarded or proxied"
	case s.facts.Fault == faultNoSuchPort, s.facts.Fault == faultPortless:
		return strings.TrimSpace("the Service has no port " + s.request.Port)
	case s.request.ReadOnly:
		return "svctui runs read-only"
	case rung == RungService, rung == RungProxyService:
		return ""
	case s.pod == nil && !s.facts.PodsKnown:
		return "Pods cannot be read, so none could be chosen"
	case s.pod == nil && s.request.Pod != "":
		return "there is no Pod " + s.request.Pod
	case s.pod == nil:
		return "there is no Pod to try"
	case s.podPort == 0:
		return fmt.Sprintf("the Pod has no port named %s", s.port.TargetPort.StrVal)
	case rung == RungPod:
		return s.facts.NotRunning
	case check.PodEnded(s.pod):
		return "the Pod has ended"
	case s.pod.Status.PodIP == "":
		return "the Pod has no IP yet"
	case s.facts.ProxyElsewhere && s.facts.PodIP == "":
		return "the Pod has no address of the Service's IP family"
	case s.facts.ProxyElsewhere:
		return fmt.Sprintf("it dials %s, and the Service leads to %s", s.pod.Status.PodIP, s.facts.PodIP)
	}
	return ""
}

// kubectlSays is what `kubectl port-forward` to the Service would say instead of forwarding; empty where it would forward.
func (s *subject) kubectlSays() string {
	switch s.facts.Fault {
	case faultNoSelector:
		return "Service is defined without a selector"
	case faultNoPods:
		return "no Pod matches: kubectl waits 60 s for one, and then gives up"
	case faultNoNamedPort:
		return fmt.Sprintf("Pod '%s' does not have a named port '%s'", s.forwarded.Name, s.port.TargetPort.StrVal)
	case faultPodNotRunning:
		return fmt.Sprintf("unable to forward port because pod is not running. Current status=%s", s.forwarded.Status.Phase)
	}
	return ""
}
