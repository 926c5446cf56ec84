package isolation

import (
	"cmp"
	"fmt"
	"net/netip"
)

// keptOut says what to do about an application that works and is no endpoint.
const keptOut = "see what keeps it from being an endpoint: svctui diagnose, or the steps Endpoints, Selector and Readiness"

// answers is what the application, or an endpoint, does where it was reached: a connection alone is no answer.
func (f Facts) answers() string {
	if f.seen.surely(answered) && !f.Wordless {
		return "answers"
	}
	return "accepts connections"
}

// podAnswers is the same of the tested Pod alone.
func (f Facts) podAnswers() string {
	if f.PodWordless {
		return "accepts connections"
	}
	return f.answers()
}

// isAnswered is the same of the API server's proxy to the Service.
func (f Facts) isAnswered() string {
	if f.seen.proxyService == answered {
		return "is answered"
	}
	return "gets a connection"
}

func (f Facts) answer() string {
	if f.seen.surely(answered) && !f.Wordless {
		return "answer"
	}
	return "accept connections"
}

// inPod is what the application does inside the Pod, where a port-forward reached it.
func (f Facts) inPod() string {
	if f.Wordless || f.seen.pod&(silent|closed) != none {
		return "accepts connections"
	}
	return "answers"
}

// nothingInside says why it is not known what listens inside the Pod.
func (f Facts) nothingInside() string {
	if f.Kata {
		return "The Pod runs in a virtual machine, so a port-forward cannot tell whether nothing listens or only its loopback does."
	}
	return "No port-forward told whether nothing listens or only its loopback does."
}

// saidNothing says for how long an application kept silent.
func (f Facts) saidNothing() string {
	return fmt.Sprintf("It took the connection and said nothing for %s: it hangs, waits for something, or is slower than that.", cmp.Or(f.Patience, answerPatience))
}

// lookAtHang is what to do about an application that does not answer.
const lookAtHang = "look at its log, and at what it depends on; one that is only slow can be given longer, or a lighter path (--timeout and --path, or o on the screen of the test)"

func readyAnyway(readiness Readiness) string {
	switch readiness {
	case ReadinessByExec:
		return " The Pod is Ready all the same where its probe runs inside the container (exec)."
	case NoReadinessProbe:
		return " Without a readiness probe the Pod counts as Ready all the same."
	case ReadinessElsewhere:
		return " The readiness probe looks elsewhere, and does not notice."
	}
	return ""
}

// everywhere is the address on which an application has to listen for its clients, with the port.
func (f Facts) everywhere() string {
	if f.isIPv6() {
		return hostPort("::", f.PodPort)
	}
	return hostPort("0.0.0.0", f.PodPort)
}

func (f Facts) isIPv6() bool {
	address, err := netip.ParseAddr(f.PodIP)
	return err == nil && address.Is6()
}

func address(f Facts) string {
	if f.PodIP == "" {
		return "The Pod's IP"
	}
	return hostPort(f.PodIP, f.PodPort)
}

func blindWhy(f Facts) string {
	switch {
	case f.AddressRefused:
		return "It does not proxy to the Pod's address at all."
	case f.OtherPod != "":
		return fmt.Sprintf("Pod %s, which is Ready, cannot be reached that way either.", f.OtherPod)
	}
	return "It gets no answer from the Pod's IP, and there is no other Ready Pod to compare with."
}

func reachesOther(f Facts) string {
	if f.OtherPodAnswers {
		return fmt.Sprintf("Pod %s can be reached the same way.", f.OtherPod)
	}
	return ""
}
