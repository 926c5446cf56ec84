package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

func (t *podTrouble) initDone(container *corev1.ContainerStatus) bool {
	if container.State.Terminated != nil && container.State.Terminated.ExitCode == 0 {
		return true
	}
	return t.isSidecar(container.Name) && container.Started != nil && *container.Started
}

// waits is POD-02 and POD-04: the container cannot be made, by its image or by its configuration.
func (t *podTrouble) waits(container *corev1.ContainerStatus, kind, field string) bool {
	reason, message := "", ""
	if waiting := container.State.Waiting; waiting != nil {
		reason, message = waiting.Reason, waiting.Message
	}
	for _, end := range []*corev1.ContainerStateTerminated{container.State.Terminated, container.LastTerminationState.Terminated} {
		// A container that could not be started goes on as a crash loop; only its last end tells.
		if end != nil && (end.Reason == "StartError" || end.Reason == "ContainerCannotRun") && (reason == "" || reason == "CrashLoopBackOff") {
			reason, message = end.Reason, end.Message
		}
	}
	t.container, t.quote = container.Name, message
	t.evidence.Field = field + "[" + container.Name + "].state.waiting.reason"
	t.evidence.Value = reason
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
		"RegistryUnavailable", "SignatureValidationFailed":
		t.id, t.short = "POD-02", "image cannot be pulled"
		t.text = fmt.Sprintf("cannot get the image of %s %s: %s", kind, container.Name, container.Image)
		t.cause, t.note = imageCause(reason, message), "correct the image of container "+container.Name+" in the Pod template"
		return true
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "PostStartHookError",
		"ConfigPodSandboxError", "CreatePodSandboxError", "StartError", "ContainerCannotRun":
		t.id, t.short = "POD-04", short("%s", configText(reason, message))
		t.text = fmt.Sprintf("cannot start %s %s: %s", kind, container.Name, configText(reason, message))
		t.note = "create what is missing, or correct container " + container.Name + " in the Pod template"
		return true
	}
	t.container, t.quote = "", ""
	t.evidence.Field, t.evidence.Value = "status.conditions[Ready].status", readyText(t.pod)
	return false
}

func imageCause(reason, message string) *Cause {
	lower := strings.ToLower(message)
	var text string
	switch {
	case reason == "InvalidImageName":
		text = "the image's name is not one"
	case reason == "ErrImageNeverPull":
		text = "imagePullPolicy is Never, and the node does not have the image"
	case reason == "SignatureValidationFailed":
		text = "the image's signature does not pass"
	case strings.Contains(lower, "toomanyrequests"), strings.Contains(lower, "429"):
		text = "the registry limits how often it is asked"
	case strings.Contains(lower, "not found"), strings.Contains(lower, "manifest unknown"), strings.Contains(lower, "does not exist"):
		text = "there is no such image or tag"
	case strings.Contains(lower, "unauthorized"), strings.Contains(lower, "denied"), strings.Contains(lower, "authorization"), strings.Contains(lower, "forbidden"):
		text = "the registry does not let this namespace's imagePullSecrets in, or the image does not exist"
	case strings.Contains(lower, "no such host"), strings.Contains(lower, "timeout"), strings.Contains(lower, "connection refused"):
		text = "the registry cannot be reached from the node"
	default:
		return nil
	}
	return &Cause{Text: text, Confidence: Likely}
}

// configText makes a short text of a kubelet's message about what is missing: `configmap "app" not found`.
func configText(reason, message string) string {
	lower := strings.ToLower(message)
	for _, kind := range []struct{ word, shown string }{{"configmap", "ConfigMap"}, {"secret", "Secret"}} {
		_, after, _ := strings.Cut(lower, kind.word+` "`)
		if name, _, ended := strings.Cut(after, `"`); ended && strings.Contains(after, "not found") {
			return kind.shown + " " + name + " is missing"
		}
	}
	if strings.Contains(lower, "couldn't find key") {
		return "a key is missing in a ConfigMap or Secret"
	}
	if strings.Contains(lower, "executable file not found") || strings.Contains(lower, "no such file or directory") {
		return "its command does not exist"
	}
	return reason
}

// initFails is POD-05: the first init container that is not done fails, or has run for long.
func (t *podTrouble) initFails(container *corev1.ContainerStatus) bool {
	t.id, t.container = "POD-05", container.Name
	field := "status.initContainerStatuses[" + container.Name + "]"
	end, state := container.State.Terminated, ".state"
	if end == nil {
		end, state = container.LastTerminationState.Terminated, ".lastState"
	}
	switch {
	case end != nil && end.ExitCode != 0:
		t.short = short("%s %s: %s", strings.TrimSuffix(t.kindOf(container), " container"), container.Name, endShort(end))
		t.text = fmt.Sprintf("waits for %s %s, which ends with %s", t.kindOf(container), container.Name, exitText(end))
		t.quote = end.Message
		t.evidence.Field, t.evidence.Value = field+state+".terminated.exitCode", fmt.Sprint(end.ExitCode)
		t.note = noteLog
	case container.State.Running != nil && t.isSidecar(container.Name):
		t.short = short("sidecar %s has not started", container.Name)
		t.text = fmt.Sprintf("waits for sidecar %s, whose startup probe has not passed yet", container.Name)
		t.since, t.grace = container.State.Running.StartedAt.Time, max(time.Minute, t.startupBudget(container.Name))
		t.evidence.Field, t.evidence.Value = field+".started", "false"
		t.note = noteLog
	case container.State.Running != nil:
		t.short = short("init container %s still runs", container.Name)
		t.text = fmt.Sprintf("waits for init container %s, which still runs", container.Name)
		t.since, t.grace = container.State.Running.StartedAt.Time, time.Minute
		t.evidence.Field, t.evidence.Value = field+".state.running.startedAt", container.State.Running.StartedAt.UTC().Format(time.RFC3339)
		t.note = noteLog
	default:
		t.id, t.container = "", ""
		return false
	}
	return true
}

// kindOf says what a container beside the application's is: "sidecar" for one that goes on to run, else "init container".
func (t *podTrouble) kindOf(container *corev1.ContainerStatus) string {
	if t.isSidecar(container.Name) {
		return "sidecar"
	}
	return "init container"
}

func (t *podTrouble) isSidecar(name string) bool {
	spec := containerNamed(t.pod, name)
	return spec != nil && model.IsSidecar(spec)
}

func (t *podTrouble) startupBudget(name string) time.Duration {
	if spec := containerNamed(t.pod, name); spec != nil {
		return probeBudget(spec.StartupProbe)
	}
	return 0
}

func endShort(end *corev1.ContainerStateTerminated) string {
	if end.Reason == "OOMKilled" {
		return "OOMKilled"
	}
	return fmt.Sprintf("exit %d", end.ExitCode)
}

// notCreated is POD-04 for what only events tell: a volume that cannot be mounted, a network that cannot be set up.
func (t *podTrouble) notCreated(s *subject) bool {
	created := slices.ContainsFunc(t.pod.Status.ContainerStatuses, func(container corev1.ContainerStatus) bool {
		return container.State.Running != nil || container.State.Terminated != nil
	})
	if created {
		return false
	}
	event := newestEvent(s, t.pod.UID, "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "NetworkNotReady")
	if event == nil {
		return false
	}
	t.id, t.quote, t.evidence = "POD-04", event.Message, eventEvidence(event)
	t.note = "see the kubelet's message"
	switch event.Reason {
	case "FailedMount", "FailedAttachVolume":
		what := configText("volume cannot be mounted", event.Message)
		t.short, t.text = short("%s", what), "cannot mount its volumes: "+what
	default:
		t.short, t.text = "Pod network cannot be set up", "gets no network"
		t.cause = sandboxCause(event.Message)
	}
	t.since = t.pod.CreationTimestamp.Time
	return true
}

// sandboxCause reads out of a runtime's words why a Pod gets no network.
func sandboxCause(message string) *Cause {
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "no ip addresses available"), strings.Contains(lower, "failed to assign an ip"), strings.Contains(lower, "no available ip"):
		return &Cause{Text: "its node has no Pod address left", Confidence: Likely}
	case strings.Contains(lower, "plugin") && (strings.Contains(lower, "not ready") || strings.Contains(lower, "not initialized") || strings.Contains(lower, "uninitialized")):
		return &Cause{Text: "the network plugin of its node is not ready", Confidence: Likely}
	}
	return nil
}
