package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// probeFails is POD-06: a container runs and is not ready, because its readiness probe fails or its startup probe has not
// passed yet. The kubelet's event says how the probe fails.
func (t *podTrouble) probeFails(s *subject) bool {
	container := t.runningNotReady()
	if container == nil {
		return false
	}
	spec := containerNamed(t.pod, container.Name)
	t.id, t.container = "POD-06", container.Name
	kind, probe := probeInCharge(spec, container)
	t.short, t.text = "Running, but not Ready", "runs, but container "+container.Name+" is not ready"
	started := container.State.Running.StartedAt.Time
	if !t.wasReady() {
		t.since = started
		t.grace = max(settleTime, probeBudget(probe))
		if s.rolling() {
			t.grace = max(t.grace, rolloutGrace)
		}
	}
	if probe == nil {
		return true
	}
	resolved := withNumber(probe, spec)
	where := probeTarget(resolved)
	t.short = short("%s fails on %s", kind, where)
	t.text = fmt.Sprintf("runs, but its %s probe fails on %s", kind, where)
	t.evidence.Field = "spec.containers[" + container.Name + "]." + kind + "Probe"
	t.evidence.Value = probeText(probe)
	t.note = noteLog
	t.probe = kind
	event := newestProbeFailure(s, t.pod)
	if event == nil {
		return true
	}
	t.quote = event.Message
	failure := classifyProbe(event.Message, kind, where, resolved)
	t.short, t.text, t.mend = failure.short, failure.text, failure.mend
	if failure.cause != "" {
		if began, _ := Starting(t.pod, container.Name); failure.refused && !began.IsZero() && s.in.Now.Sub(began) < slowStart {
			failure.cause = "the application is still starting, or " + failure.cause
		}
		t.cause = &Cause{Text: failure.cause, Confidence: Likely}
	}
	return true
}

// slowStart is for how long an application that was never Ready may as well be starting, as large ones do whose probe allows them less.
const slowStart = 2 * time.Minute

// runningNotReady returns the first container that runs and is not ready, a plain one before a native sidecar: both have to be.
func (t *podTrouble) runningNotReady() *corev1.ContainerStatus {
	for i := range t.pod.Status.ContainerStatuses {
		if container := &t.pod.Status.ContainerStatuses[i]; container.State.Running != nil && !container.Ready {
			return container
		}
	}
	for i := range t.pod.Status.InitContainerStatuses {
		container := &t.pod.Status.InitContainerStatuses[i]
		if spec := containerNamed(t.pod, container.Name); spec != nil && container.State.Running != nil && !container.Ready {
			return container
		}
	}
	return nil
}

// rolloutGrace is how long the Pods of a rollout that is under way may take to become Ready before a Service with nothing usable is
// called broken.
const rolloutGrace = 30 * time.Second

// wasReady tells whether the Pod was Ready before: its condition changed after a container had started, in the run that lasts or in the
// one that ended last.
func (t *podTrouble) wasReady() bool {
	since := t.unreadySince()
	after := func(started time.Time) bool { return !started.IsZero() && since.Sub(started) > time.Second }
	for i := range t.pod.Status.ContainerStatuses {
		status := &t.pod.Status.ContainerStatuses[i]
		if running := status.State.Running; running != nil {
			if after(running.StartedAt.Time) {
				return true
			}
			continue
		}
		for _, end := range []*corev1.ContainerStateTerminated{status.State.Terminated, status.LastTerminationState.Terminated} {
			if end != nil && after(end.StartedAt.Time) && !since.After(end.FinishedAt.Add(time.Minute)) {
				return true
			}
		}
	}
	return false
}

// unreadySince is when the condition Ready changed; zero where the Pod does not tell.
func (t *podTrouble) unreadySince() time.Time {
	if ready := podCondition(t.pod, corev1.PodReady); ready != nil {
		return ready.LastTransitionTime.Time
	}
	return time.Time{}
}

// containerNamed returns a container that runs as long as its Pod does.
func containerNamed(pod *corev1.Pod, name string) *corev1.Container {
	for container := range model.ServingContainers(&pod.Spec) {
		if container.Name == name {
			return container
		}
	}
	return nil
}

// probeOfKind returns a container's probe of a kind: readiness, liveness or startup; nil for none.
func probeOfKind(spec *corev1.Container, kind string) *corev1.Probe {
	switch kind {
	case "startup":
		return spec.StartupProbe
	case "liveness":
		return spec.LivenessProbe
	}
	return spec.ReadinessProbe
}

// probeInCharge returns the probe that keeps a running container from being ready. Until the startup probe has
// passed, the readiness probe is not asked.
func probeInCharge(spec *corev1.Container, container *corev1.ContainerStatus) (kind string, probe *corev1.Probe) {
	if spec == nil {
		return "readiness", nil
	}
	if spec.StartupProbe != nil && (container.Started == nil || !*container.Started) {
		return "startup", spec.StartupProbe
	}
	return "readiness", spec.ReadinessProbe
}

// probeBudget is how long a probe gives a container before it has failed, ten minutes at most.
func probeBudget(probe *corev1.Probe) time.Duration { return min(wholeBudget(probe), 10*time.Minute) }

// wholeBudget is how long a probe gives a container before it has failed: the defaults are those of the API.
func wholeBudget(probe *corev1.Probe) time.Duration {
	if probe == nil {
		return 0
	}
	period, failures := max(probe.PeriodSeconds, 1), max(probe.FailureThreshold, 1)
	return time.Duration(probe.InitialDelaySeconds)*time.Second + time.Duration(period)*time.Duration(failures)*time.Second
}

// probeTarget says in few words where a probe asks: a path, a port, or a command.
func probeTarget(probe *corev1.Probe) string {
	switch {
	case probe.HTTPGet != nil:
		if probe.HTTPGet.Path == "" {
			return "/"
		}
		return probe.HTTPGet.Path
	case probe.TCPSocket != nil:
		return portOf("", probe.TCPSocket.Port.String())
	case probe.GRPC != nil:
		return "gRPC :" + strconv.Itoa(int(probe.GRPC.Port))
	case probe.Exec != nil && len(probe.Exec.Command) > 0:
		return probe.Exec.Command[0]
	}
	return "its command"
}

func probePort(probe *corev1.Probe) string {
	switch {
	case probe.HTTPGet != nil:
		return probe.HTTPGet.Port.String()
	case probe.TCPSocket != nil:
		return probe.TCPSocket.Port.String()
	case probe.GRPC != nil:
		return strconv.Itoa(int(probe.GRPC.Port))
	}
	return ""
}

// newestProbeFailure returns the newest event about a readiness or startup probe, or nil.
func newestProbeFailure(s *subject, pod *corev1.Pod) *corev1.Event {
	var newest *corev1.Event
	for _, event := range s.in.Snapshot.EventsOf(s.key.Namespace, pod.UID) {
		if event.Reason != "Unhealthy" || strings.Contains(event.Message, "Liveness probe") {
			continue
		}
		if newest == nil || EventTime(event).After(EventTime(newest)) {
			newest = event
		}
	}
	return newest
}

// probeFailure is what a kubelet's message about a probe amounts to: what is in a few words how it failed. mend is as in podTrouble; refused means
// that nothing listened.
type probeFailure struct {
	what, short, text, cause, mend string
	refused                        bool
}

// withNumber is a probe that asks the number of the port that it names, where the container declares one of that name.
func withNumber(probe *corev1.Probe, container *corev1.Container) *corev1.Probe {
	asks := probe.DeepCopy()
	var port *intstr.IntOrString
	switch {
	case asks.HTTPGet != nil:
		port = &asks.HTTPGet.Port
	case asks.TCPSocket != nil:
		port = &asks.TCPSocket.Port
	default:
		return probe
	}
	for i := range container.Ports {
		if declared := &container.Ports[i]; port.Type == intstr.String && declared.Name == port.StrVal {
			*port = intstr.FromInt32(declared.ContainerPort)
		}
	}
	return asks
}

// portOf is a port of an address. One that is only named has no place in an address.
func portOf(address, port string) string {
	if _, err := strconv.Atoi(port); err != nil {
		return strings.TrimPrefix(address+" at port "+port, " at ")
	}
	return address + ":" + port
}

var statusCode = regexp.MustCompile(`statuscode: (\d{3})`)

var parsedPort = regexp.MustCompile(`strconv\.Atoi: parsing "([^"]*)"`)

// classifyProbe reads a kubelet's message about a failed probe.
func classifyProbe(message, kind, where string, probe *corev1.Probe) probeFailure {
	port := probePort(probe)
	field := kind + "Probe." + probeHandler(probe)
	says := func(what, cause, mend string) probeFailure {
		if probe.Exec != nil {
			// What a command prints is its own; it asks no port of the Pod's.
			mend = ""
		}
		return probeFailure{
			what: what, short: short("%s %s", kind, what),
			text: fmt.Sprintf("runs, but its %s probe fails: %s", kind, what), cause: cause, mend: mend,
		}
	}
	if code := statusCode.FindStringSubmatch(message); code != nil {
		cause, mend := statusCause(code[1], field, probe)
		return says(code[1]+" on "+where, cause, mend)
	}
	correctPort := "correct " + field + ".port in %s"
	if name := parsedPort.FindStringSubmatch(message); name != nil {
		return says("port "+name[1]+" is not declared", "no port of the container is named "+name[1], correctPort+", or name the container's port so")
	}
	listen := "let the application listen on " + portOf("0.0.0.0", port) + ", or " + correctPort
	switch {
	case strings.Contains(message, "server gave HTTP response to HTTPS client"):
		return says("asks https, gets http", "the probe's scheme is HTTPS and the application speaks plain HTTP", "set "+field+".scheme to HTTP in %s")
	case strings.Contains(message, "failed to connect service"):
		return says("refused on "+portOf("", port), "nothing speaks gRPC on port "+port, listen)
	case strings.Contains(message, "connection refused"):
		refused := says("refused on "+portOf("", port), "nothing listens on port "+port+", or only on 127.0.0.1", listen)
		refused.refused = true
		return refused
	case strings.Contains(message, "deadline exceeded"), strings.Contains(message, "Client.Timeout"), strings.Contains(message, "i/o timeout"):
		return says("timeout on "+where, fmt.Sprintf("no answer within timeoutSeconds (%d)", max(probe.TimeoutSeconds, 1)),
			"find out why the application is slow, or raise "+kind+"Probe.timeoutSeconds in %s")
	case strings.Contains(message, "malformed HTTP"), strings.HasSuffix(strings.TrimSpace(message), "EOF"):
		return says("no HTTP on "+portOf("", port), "the port speaks something else than the probe, TLS perhaps", "correct the scheme or the port of "+field+" in %s")
	case strings.Contains(message, "connection reset"):
		return says("reset on "+portOf("", port), "the application takes the connection and drops it", "")
	}
	return says("fails on "+where, "", "")
}

// probeHandler names the field of a probe that says how it asks.
func probeHandler(probe *corev1.Probe) string {
	switch {
	case probe.TCPSocket != nil:
		return "tcpSocket"
	case probe.GRPC != nil:
		return "grpc"
	case probe.Exec != nil:
		return "exec"
	}
	return "httpGet"
}

// statusCause says what an HTTP status probably means, and what to change then; field is that of the probe.
func statusCause(code, field string, probe *corev1.Probe) (cause, mend string) {
	switch code {
	case "400":
		if probe.HTTPGet != nil && probe.HTTPGet.Scheme != corev1.URISchemeHTTPS {
			return "the port may speak TLS: the probe asks in plain HTTP", "where the port speaks TLS, set " + field + ".scheme to HTTPS in %s"
		}
		return "the application finds the probe's request wrong", "correct " + field + " in %s"
	case "401", "403":
		return "the application asks the probe to log in", "correct " + field + ".path in %s to one that needs no login"
	case "404":
		return "the application has no such path", "correct " + field + ".path in %s"
	case "429":
		return "the application limits requests, the probe's too", "exempt the probe's path from the limit"
	}
	if strings.HasPrefix(code, "5") {
		return "the application says that it cannot serve: its log tells why", ""
	}
	return "", ""
}

var ephemeralPort = regexp.MustCompile(`((?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-fA-F:]+\]):\d+->`)

// withoutEphemeralPorts takes the client's ports out of a message, so that two failures of one kind are one text.
func withoutEphemeralPorts(message string) string {
	return ephemeralPort.ReplaceAllString(message, "$1->")
}

// probePortFix corrects a readiness or liveness probe that asks a port which the container does not declare, where it declares exactly one.
// A probe that got an answer, if only a bad one, asks the right port: a port for management need not be declared. The command
// patches by container name, which is the merge key of containers.
func probePortFix(s *subject, trouble *podTrouble, owner Owner) (command string, ok bool) {
	spec := containerNamed(trouble.pod, trouble.container)
	if spec == nil || len(spec.Ports) != 1 || !patchable(owner.Kind) || model.IsSidecar(spec) {
		return "", false
	}
	if trouble.probe != "readiness" && trouble.probe != "liveness" {
		return "", false
	}
	if MeshOf(trouble.pod) != "" {
		// A mesh rewrites the probes.
		return "", false
	}
	if quote := trouble.quote; !strings.Contains(quote, "connection refused") && !parsedPort.MatchString(quote) {
		// Nothing tells that the port is what fails.
		return "", false
	}
	probe, declared := probeOfKind(spec, trouble.probe), spec.Ports[0]
	if declared.Protocol == corev1.ProtocolUDP {
		return "", false
	}
	var asked intstr.IntOrString
	change := map[string]any{}
	switch {
	case probe.HTTPGet != nil:
		asked, change["httpGet"] = probe.HTTPGet.Port, map[string]any{"port": declared.ContainerPort}
	case probe.TCPSocket != nil:
		asked, change["tcpSocket"] = probe.TCPSocket.Port, map[string]any{"port": declared.ContainerPort}
	default:
		return "", false
	}
	if asked.StrVal == declared.Name && asked.Type == intstr.String || asked.Type == intstr.Int && asked.IntVal == declared.ContainerPort {
		return "", false
	}
	patch := map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers": []any{map[string]any{"name": spec.Name, trouble.probe + "Probe": change}},
	}}}}
	return s.kubectl("patch", owner.String(), "--type=strategic", "-p", asJSON(patch)), true
}

func patchable(kind string) bool {
	return kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet"
}
