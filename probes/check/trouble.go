package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// podTrouble says why one Pod is not Ready.
type podTrouble struct {
	pod *corev1.Pod
	// id is the finding it belongs to; short is its text in the HEALTH column, and with id what Pods are grouped by.
	id, short string
	// text says it in a sentence's second half: "cannot pull its image …".
	text string
	// quote is what the kubelet or a controller said, verbatim.
	quote string
	cause *Cause
	// note says what to do; noteLog and noteNode come with the command that shows more.
	note string
	// mend says, where the cause is known, what to change; %s stands for the workload that holds it.
	mend      string
	container string
	// probe is the kind of the probe that fails, readiness or startup; empty for none.
	probe    string
	evidence Evidence
	since    time.Time
	// grace is how long the state may last before it is a fault.
	grace time.Duration
	// confidence is Proven unless said otherwise.
	confidence Confidence
}

const (
	noteLog  = "the log says why"
	noteNode = "see what the node says of itself"
)

// troubles returns the trouble of every live Pod that is not Ready and not terminating.
func (s *subject) troubles() []podTrouble {
	if s.troublesMade {
		return s.podTroubles
	}
	s.troublesMade = true
	for _, pod := range s.live() {
		if pod.DeletionTimestamp != nil || model.PodReady(pod) {
			continue
		}
		trouble := podTrouble{pod: pod, grace: settleTime, confidence: Proven, since: pod.CreationTimestamp.Time}
		if ready := podCondition(pod, corev1.PodReady); ready != nil && !ready.LastTransitionTime.IsZero() {
			trouble.since = ready.LastTransitionTime.Time
		}
		trouble.evidence = Evidence{
			Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, Field: "status.conditions[Ready].status", Value: readyText(pod),
		}
		trouble.tell(s)
		s.podTroubles = append(s.podTroubles, trouble)
	}
	return s.podTroubles
}

func readyText(pod *corev1.Pod) string {
	ready := podCondition(pod, corev1.PodReady)
	if ready == nil {
		return "absent"
	}
	return strings.TrimSpace(string(ready.Status) + " " + ready.Reason)
}

// tell finds the first cause in the order in which a Pod goes through its life.
func (t *podTrouble) tell(s *subject) {
	if t.nodeNotReady(s) || t.unscheduled() {
		return
	}
	for i := range t.pod.Status.InitContainerStatuses {
		container := &t.pod.Status.InitContainerStatuses[i]
		if t.initDone(container) {
			continue
		}
		if t.waits(container, "init container", "status.initContainerStatuses") || t.initFails(container) {
			return
		}
		break
	}
	for i := range t.pod.Status.ContainerStatuses {
		if t.waits(&t.pod.Status.ContainerStatuses[i], "container", "status.containerStatuses") {
			return
		}
	}
	for i := range t.pod.Status.ContainerStatuses {
		if t.crashes(s, &t.pod.Status.ContainerStatuses[i]) {
			return
		}
	}
	if t.notCreated(s) || t.gated() || t.probeFails(s) || t.endedForGood() {
		return
	}
	t.id, t.short = "POD-06", "Pods are starting"
	t.text = "has not started yet"
	t.grace, t.confidence = 2*time.Minute, Likely
	t.since = t.pod.CreationTimestamp.Time
}

// nodeNotReady is POD-08: the node's condition Ready is not True; where nodes cannot be read, the node controller's event,
// together with a condition Ready that was taken away without a reason.
func (t *podTrouble) nodeNotReady(s *subject) bool {
	t.id, t.short = "POD-08", short("node not Ready: %s", t.pod.Spec.NodeName)
	t.text = "runs on node " + t.pod.Spec.NodeName + ", which is not Ready"
	if node := s.in.Snapshot.Node(t.pod.Spec.NodeName); node != nil {
		for i := range node.Status.Conditions {
			condition := &node.Status.Conditions[i]
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				t.note = noteNode
				t.evidence = Evidence{
					Kind: "Node", Name: node.Name, Field: "status.conditions[Ready]",
					Value: strings.TrimSpace(string(condition.Status) + " " + condition.Reason),
				}
				t.quote = condition.Message
				return true
			}
		}
		return false
	}
	ready := podCondition(t.pod, corev1.PodReady)
	if ready == nil || ready.Reason != "" || ready.Status == corev1.ConditionTrue {
		return false
	}
	if event := newestEvent(s, t.pod.UID, "NodeNotReady"); event != nil {
		t.evidence, t.quote, t.confidence = eventEvidence(event), event.Message, Likely
		t.note = noteNode
		return true
	}
	return false
}

// unscheduled is POD-01: condition PodScheduled is False. An autoscaler may bring a node within the minute.
func (t *podTrouble) unscheduled() bool {
	scheduled := podCondition(t.pod, corev1.PodScheduled)
	if scheduled == nil || scheduled.Status != corev1.ConditionFalse {
		return false
	}
	t.id, t.quote, t.since = "POD-01", scheduled.Message, scheduled.LastTransitionTime.Time
	t.evidence.Field, t.evidence.Value = "status.conditions[PodScheduled]", scheduled.Reason
	if scheduled.Reason == corev1.PodReasonSchedulingGated {
		t.short, t.text = "held back by a scheduling gate", "is held back by a scheduling gate"
		t.note = "whoever set spec.schedulingGates has to take the gate away"
		return true
	}
	reason, note := schedulingClass(scheduled.Message)
	t.short, t.text, t.note = short("no node fits: %s", reason), "fits on no node: "+reason, note
	t.grace = time.Minute
	return true
}

func schedulingClass(message string) (reason, note string) {
	lower := strings.ToLower(message)
	if _, after, ok := strings.Cut(lower, "insufficient "); ok {
		resource := strings.TrimRight(strings.Fields(after + " ?")[0], ".,;")
		return "insufficient " + resource, "ask for less " + resource + " in the template, or add a node"
	}
	switch {
	case strings.Contains(lower, "node affinity/selector"), strings.Contains(lower, "node selector"):
		return "node selector", "no node carries the labels that the template asks for"
	case strings.Contains(lower, "untolerated taint"), strings.Contains(lower, "had taint"):
		return "taints", "tolerate the taint in the template, or take it off a node"
	case strings.Contains(lower, "persistentvolumeclaim"), strings.Contains(lower, "volume"):
		return "volume", "the volume claim is not bound, or bound to another zone"
	case strings.Contains(lower, "free ports"):
		return "host port taken", "Pods with host ports or the host's network need a node each"
	case strings.Contains(lower, "too many pods"):
		return "too many Pods", "add a node"
	case strings.Contains(lower, "anti-affinity"), strings.Contains(lower, "topology spread"):
		return "spreading rules", "the Pods may not lie together, and there are too few nodes"
	}
	return "unschedulable", "see the scheduler's message"
}

func (t *podTrouble) initDone(container *corev1.ContainerStatus) bool {
	if container.State.Terminated != nil && container.State.Terminated.ExitCode == 0 {
		return true
	}
	for i := range t.pod.Spec.InitContainers {
		if spec := &t.pod.Spec.InitContainers[i]; spec.Name == container.Name && model.IsSidecar(spec) {
			return container.Started != nil && *container.Started
		}
	}
	return false
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
		_, after, found := strings.Cut(lower, kind.word+` "`)
		if !found {
			continue
		}
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
	end := container.State.Terminated
	if end == nil {
		end = container.LastTerminationState.Terminated
	}
	switch {
	case end != nil && end.ExitCode != 0:
		t.short = short("init %s: %s", container.Name, endShort(end))
		t.text = fmt.Sprintf("waits for init container %s, which ends with %s", container.Name, exitText(end))
		t.quote = end.Message
		t.evidence.Field, t.evidence.Value = field+".lastState.terminated.exitCode", fmt.Sprint(end.ExitCode)
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

func endShort(end *corev1.ContainerStateTerminated) string {
	if end.Reason == "OOMKilled" {
		return "OOMKilled"
	}
	return fmt.Sprintf("exit %d", end.ExitCode)
}

// crashLoopWindow is how far back a container's last end still speaks for a crash loop; restartCount counts a whole life.
const crashLoopWindow = 10 * time.Minute

// crashes is POD-03: CrashLoopBackOff; or, in the seconds between a crash and that, a container that has just ended;
// or one that runs, is not ready, and has ended more than once of late.
func (t *podTrouble) crashes(s *subject, container *corev1.ContainerStatus) bool {
	end := container.LastTerminationState.Terminated
	if container.State.Terminated != nil {
		end = container.State.Terminated
	}
	waiting := container.State.Waiting
	looping := waiting != nil && waiting.Reason == "CrashLoopBackOff"
	justEnded := container.State.Terminated != nil && t.restarts(container.State.Terminated)
	again := end != nil && container.RestartCount >= 2 && !container.Ready && s.in.Now.Sub(end.FinishedAt.Time) < crashLoopWindow
	if !looping && !justEnded && !again {
		return false
	}
	t.id, t.container, t.note = "POD-03", container.Name, noteLog
	t.short, t.text = "crash loop", "crashes again and again: container "+container.Name
	t.evidence.Field = "status.containerStatuses[" + container.Name + "].restartCount"
	t.evidence.Value = fmt.Sprint(container.RestartCount)
	if waiting != nil {
		t.quote = waiting.Message
	}
	if end == nil {
		return true
	}
	t.short = short("crash loop: %s", endShort(end))
	t.text = fmt.Sprintf("crashes again and again: container %s ends with %s", container.Name, exitText(end))
	t.evidence.Field = "status.containerStatuses[" + container.Name + "].lastState.terminated"
	t.evidence.Value = fmt.Sprintf("exitCode %d, reason %s, restarts %d", end.ExitCode, end.Reason, container.RestartCount)
	if end.Message != "" {
		t.quote = end.Message
	}
	switch killer := killedByProbe(s, t.pod, container.Name); {
	case end.Reason == "OOMKilled":
		t.cause = &Cause{Text: "it uses more memory than its limit allows", Confidence: Proven}
		t.mend = "raise resources.limits.memory of container " + container.Name + " in %s, or find out what it needs so much for"
	case killer != "":
		t.short = short("killed by its %s probe", killer)
		t.cause = &Cause{Text: "the kubelet restarts it because its " + killer + " probe fails", Confidence: Likely}
		t.mend = "correct " + killer + "Probe of container " + container.Name + " in %s, or what makes it fail"
	}
	return true
}

// restarts tells whether the kubelet starts a container again that ended so.
func (t *podTrouble) restarts(end *corev1.ContainerStateTerminated) bool {
	switch t.pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return end.ExitCode != 0
	}
	return true
}

// endedForGood is POD-06 for a Pod that runs on without one of its containers, which its restartPolicy does not start again.
func (t *podTrouble) endedForGood() bool {
	for i := range t.pod.Status.ContainerStatuses {
		container := &t.pod.Status.ContainerStatuses[i]
		end := container.State.Terminated
		if end == nil || t.restarts(end) {
			continue
		}
		t.id, t.short = "POD-06", short("container %s has ended", container.Name)
		t.text = fmt.Sprintf("runs on without container %s, which ended with %s and is not started again", container.Name, exitText(end))
		t.evidence.Field = "status.containerStatuses[" + container.Name + "].state.terminated.exitCode"
		t.evidence.Value = fmt.Sprint(end.ExitCode)
		t.note = "a Pod behind a Service needs restartPolicy Always, which a Deployment's Pods have"
		return true
	}
	return false
}

// killedByProbe names the probe that made the kubelet restart a container; then the exit code may well be 0.
func killedByProbe(s *subject, pod *corev1.Pod, container string) string {
	event := newestEvent(s, pod.UID, "Killing")
	if event == nil || !strings.Contains(event.Message, container) {
		return ""
	}
	for _, probe := range []string{"liveness", "startup"} {
		if strings.Contains(event.Message, "failed "+probe+" probe") {
			return probe
		}
	}
	return ""
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
	}
	t.since = t.pod.CreationTimestamp.Time
	return true
}

// gated is POD-07: every container is ready, and a readiness gate's condition is not True.
func (t *podTrouble) gated() bool {
	ready := podCondition(t.pod, corev1.PodReady)
	if ready == nil || ready.Reason != "ReadinessGatesNotReady" {
		return false
	}
	gate := ""
	for _, candidate := range t.pod.Spec.ReadinessGates {
		condition := podCondition(t.pod, candidate.ConditionType)
		if condition == nil || condition.Status != corev1.ConditionTrue {
			gate = string(candidate.ConditionType)
			break
		}
	}
	t.id, t.quote = "POD-07", ready.Message
	t.short, t.text = short("readiness gate %s", lastSegment(gate)), "waits for the readiness gate "+gate
	t.note = "look at the load balancer's health check and at the controller that sets the gate"
	t.grace = time.Minute
	return true
}
