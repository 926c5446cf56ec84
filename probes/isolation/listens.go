package isolation

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// whatListens says of a Pod in which nothing listens on the port what does, or how that is found out.
func (c Conclusion) whatListens(f Facts) Conclusion {
	if !f.Sockets.Known {
		c.Next = f.findListener()
		if f.MeantFix != nil && !f.readinessAsks() && (!otherEndpoints(f) || f.declaresAnother()) {
			// What other Pods listen on is not known, unless they declare the same.
			c.Command = f.MeantFix.Command
			if f.MeantFix.Note != "" {
				c.Next += "; " + f.MeantFix.Note
			}
		}
		return c
	}
	c.Why = f.otherSockets()
	open := f.Sockets.open(f.PodIP)
	switch {
	case f.HostNetwork && f.PortMeant != 0:
		c.Next = f.setTarget()
	case f.HostNetwork:
		c.Next = fmt.Sprintf("find out which port the application listens on, by its log: let %s be that port, or let the application listen on %d", f.targetField(), f.PodPort)
	case f.readinessAsks() && len(open) > 0:
		// Another targetPort alone would leave the Pod without traffic.
		c.Next = fmt.Sprintf("let the application listen on %d, which its readiness probe asks as well; or let the probe and %s be the port that it listens on, of %s",
			f.PodPort, f.targetField(), few(portNumbers(open), 8))
	case f.Retarget != nil:
		return c.mended(f.Retarget)
	case len(open) > 0:
		c.Next = fmt.Sprintf("let %s be the port that is meant, of %s, or let the application listen on %d", f.targetField(), few(portNumbers(open), 8), f.PodPort)
	case len(f.Sockets.Listening) > 0:
		c.Next = "let the application listen on " + f.everywhere()
	default:
		c.Next = "see in its log what the application waits for"
	}
	return c
}

// declaresAnother tells whether the checks find that all Pods declare another port than the one that the tested port leads to.
func (f Facts) declaresAnother() bool {
	finding := f.found("PORT-05", "PORT-06")
	return finding != nil && ofPort(finding, f.PortIndex)
}

// otherSockets says what a Pod listens on in which nothing listens on the port; empty where that is not known.
func (f Facts) otherSockets() string {
	switch {
	case !f.Sockets.Known:
		return ""
	case f.HostNetwork:
		return "None of the sockets of its node, whose network the Pod has, is of that port."
	case len(f.Sockets.Listening) == 0:
		return "The Pod has no listening socket at all."
	}
	return fmt.Sprintf("None of the Pod's sockets is of that port: it %s.", f.Sockets)
}

// readinessAsks tells whether the Pod is not Ready, and its readiness probe asks the very port.
func (f Facts) readinessAsks() bool {
	return !f.PodReady && (f.Readiness == ReadinessOnPodIP || f.Readiness == RefusedOnPodIP)
}

// targetField is what leads clients to another port of the Pods: nobody maps the ports of a headless Service (HL-01).
func (f Facts) targetField() string {
	if f.Headless {
		return "port and targetPort"
	}
	return "targetPort"
}

// setTarget says to which port the Service is probably meant to lead.
func (f Facts) setTarget() string {
	return fmt.Sprintf("set %s to %d: the one port that the Pod's containers declare is probably the one meant", f.targetField(), f.PortMeant)
}

// findListener says how to find out which port a Pod listens on whose sockets are not known.
func (f Facts) findListener() string {
	const sockets = "--sockets, or s on the screen of the test, reads what the Pod listens on"
	switch {
	case f.readinessAsks():
		// So the port is the one that is meant.
		next := "see in its log why it does not listen, or whether it is still starting: its readiness probe asks that port as well"
		if f.SocketsAsked {
			return next
		}
		return next + "; " + sockets
	case f.PortMeant != 0 && f.SocketsAsked:
		return f.setTarget()
	case f.PortMeant != 0:
		return f.setTarget() + "; " + sockets
	case f.SocketsAsked:
		return fmt.Sprintf("find out which port the application listens on, by its log or by hand: let %s be that port, or let the application listen on %d", f.targetField(), f.PodPort)
	}
	return sockets + "; its log may name the port too. Let " + f.targetField() + " be that port, or let the application listen on " + strconv.Itoa(int(f.PodPort))
}

// open returns the ports that are listened on where clients of a Pod with the given IP arrive, in order.
func (s Sockets) open(podIP string) []int32 {
	var ports []int32
	for _, local := range s.Listening {
		port := int32(local.Port())
		if bound := s.bound(port, podIP); bound&(boundAll|boundPodIP) != none && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

func portNumbers(ports []int32) []string {
	names := make([]string, 0, len(ports))
	for _, port := range ports {
		names = append(names, strconv.Itoa(int(port)))
	}
	return names
}

// retarget is the change of the Service that leads to the port that the Pod listens on, where nothing listens on the one that the Service
// leads to; nil where the sockets do not tell which one is meant, as those of the node, which a Pod in its network has, do not.
func (s *subject) retarget(sockets Sockets) *check.Fix {
	if s.pod == nil || s.pod.Spec.HostNetwork || s.facts.Headless || len(s.service.Spec.Selector) == 0 || sockets.bound(s.podPort, s.facts.PodIP) != unbound {
		return nil
	}
	meant, why := s.listenerMeant(sockets.open(s.facts.PodIP))
	if meant == 0 {
		return nil
	}
	in := check.Input{Snapshot: s.snapshot, KubectlArgs: s.request.KubectlArgs}
	return check.TargetPortFix(in, s.service, s.portIndex, meant, fmt.Sprintf("sets targetPort to %d, %s", meant, why))
}

// listenerMeant picks the port that the Service's port is probably meant to lead to out of those that the Pod listens on, and says why; 0 where
// none stands out. Ports that another port of the Service leads to already, those of other containers, those for metrics and the like, and those of a
// mesh's sidecar are left alone.
func (s *subject) listenerMeant(open []int32) (port int32, why string) {
	taken := s.targeted()
	// Where the container declares the port that is refused, one that nobody declares may be another container's.
	mayBeOthers := s.anotherMayListen(open) && containerPort(s.pod, s.podPort) != nil
	free := slices.DeleteFunc(slices.Clone(open), func(port int32) bool {
		return taken[port] || s.ofAnotherUse(port) || mayBeOthers && containerPort(s.pod, port) == nil
	})
	declared := slices.DeleteFunc(slices.Clone(free), func(port int32) bool { return containerPort(s.pod, port) == nil })
	switch {
	case len(free) == 1 && len(open) == 1:
		return free[0], "the one port on which the Pod listens for clients"
	case len(free) == 1:
		return free[0], "the one port on which the Pod listens for clients and that is not in use otherwise"
	case len(declared) == 1:
		return declared[0], "the one port that a container declares of those on which the Pod listens"
	case slices.Contains(free, s.port.Port):
		return s.port.Port, "on which the Pod listens: the Service's own port"
	}
	return 0, ""
}

// ofAnotherUse tells whether a port is known not to be for the Service's clients: a mesh's, another container's, or one for metrics and the like.
func (s *subject) ofAnotherUse(port int32) bool {
	return (s.facts.Mesh != "" || check.MeshOf(s.pod) != "") && ofSidecar(port) || s.ofOtherContainer(port) || check.SidePort(&s.pod.Spec, port)
}

// anotherMayListen tells whether the Pod has another container than the one that the Service's port leads to of which no open port is known to be.
func (s *subject) anotherMayListen(open []int32) bool {
	for container := range model.ServingContainers(&s.pod.Spec) {
		listens := slices.ContainsFunc(container.Ports, func(port corev1.ContainerPort) bool { return slices.Contains(open, port.ContainerPort) })
		if container.Name != s.container && !listens {
			return true
		}
	}
	return false
}

// ofOtherContainer tells whether a port is declared, and not by the container that the Service's port leads to.
func (s *subject) ofOtherContainer(number int32) bool {
	declared := false
	for container := range model.ServingContainers(&s.pod.Spec) {
		for i := range container.Ports {
			if container.Ports[i].ContainerPort != number {
				continue
			}
			if container.Name == s.container {
				return false
			}
			declared = true
		}
	}
	return declared && s.container != ""
}

// targeted are the ports of the Pod that the Service's ports lead to: zero where nothing resolves one, and the one that is tested among them.
func (s *subject) targeted() map[int32]bool {
	targeted := map[int32]bool{}
	for i := range s.service.Spec.Ports {
		target, _ := model.ResolveTargetPort(&s.pod.Spec, &s.service.Spec.Ports[i])
		targeted[target.Number] = true
	}
	return targeted
}

// ofSidecar tells whether a port is one that the sidecars of Istio (15000 to 15090) or Linkerd (4140, 4143, 4190 and 4191) listen on.
func ofSidecar(port int32) bool {
	return port >= 15000 && port <= 15090 || slices.Contains([]int32{4140, 4143, 4190, 4191}, port)
}
