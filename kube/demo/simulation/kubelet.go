package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
)

const (
	// firstBackoff and lastBackoff bound the wait before a container is started, or an image pulled, again.
	firstBackoff = 10 * time.Second
	lastBackoff  = 5 * time.Minute
	// backoffReport is how often the kubelet says that it still waits.
	backoffReport = 14 * time.Second
)

// podRun is what the kubelet remembers of a Pod between its status updates.
type podRun struct {
	containers map[string]*containerRun
}

type containerRun struct {
	// failures of the readiness probe in a row.
	failures int
	// probing is set while a probe is planned.
	probing bool
	pulls   int
}

func (s *Simulation) runOf(pod *corev1.Pod, container string) *containerRun {
	run := s.runs[pod.UID]
	if run == nil {
		run = &podRun{containers: map[string]*containerRun{}}
		s.runs[pod.UID] = run
	}
	if run.containers[container] == nil {
		run.containers[container] = &containerRun{}
	}
	return run.containers[container]
}

// updatePod changes a copy of the Pod's newest state, works out its conditions, and stores it if anything changed.
func (s *Simulation) updatePod(pod *corev1.Pod, change func(*corev1.Pod)) {
	current, ok := s.pod(pod.Namespace, pod.Name, pod.UID)
	if !ok {
		return
	}
	updated := current.DeepCopy()
	change(updated)
	if updated.Spec.NodeName != "" {
		s.summarise(updated)
	}
	if !apiequality.Semantic.DeepEqual(current, updated) {
		s.put(updated)
	}
}

// prepare is the kubelet's first look at a Pod: a status with every container waiting, then the images.
func (s *Simulation) prepare(namespace, name string, uid types.UID) {
	pod, ok := s.pod(namespace, name, uid)
	if !ok {
		return
	}
	node, _ := apiserver.Get(s.store, &corev1.Node{}, "", pod.Spec.NodeName)
	hostIP := nodeAddress(node)
	s.updatePod(pod, func(p *corev1.Pod) {
		p.Status.HostIP, p.Status.HostIPs = hostIP, []corev1.HostIP{{IP: hostIP}}
		p.Status.StartTime = ptr.To(s.metaNow())
		waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
		for _, c := range p.Spec.Containers {
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: c.Name, Image: c.Image, Started: ptr.To(false), State: waiting,
			})
		}
		for _, c := range p.Spec.InitContainers {
			p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, corev1.ContainerStatus{
				Name: c.Name, Image: c.Image, Started: ptr.To(false), State: waiting,
			})
		}
	})
	s.After(s.between(200*time.Millisecond, 700*time.Millisecond), func() { s.startSandbox(namespace, name, uid) })
}

func nodeAddress(node *corev1.Node) string {
	if node == nil {
		return ""
	}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address
		}
	}
	return ""
}

// startSandbox gives the Pod its address, runs the init containers, and begins with the images.
func (s *Simulation) startSandbox(namespace, name string, uid types.UID) {
	pod, ok := s.pod(namespace, name, uid)
	if !ok {
		return
	}
	ip := s.newPodIP(pod)
	s.updatePod(pod, func(p *corev1.Pod) {
		p.Status.PodIP, p.Status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
		for i := range p.Status.InitContainerStatuses {
			status := &p.Status.InitContainerStatuses[i]
			status.ContainerID, status.ImageID = s.newContainerID(), imageID(status.Image)
			if ptr.Deref(p.Spec.InitContainers[i].RestartPolicy, "") == corev1.ContainerRestartPolicyAlways {
				status.Ready, status.Started = true, ptr.To(true)
				status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: s.metaNow()}}
				continue
			}
			status.Ready = true
			status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason: "Completed", StartedAt: s.metaNow(), FinishedAt: s.metaNow(), ContainerID: status.ContainerID,
			}}
		}
	})
	for _, c := range pod.Spec.Containers {
		s.pull(pod, c)
	}
}

func (s *Simulation) newPodIP(pod *corev1.Pod) string {
	if pod.Spec.HostNetwork {
		return pod.Status.HostIP
	}
	nodes := apiserver.List(s.store, &corev1.Node{}, "")
	index := max(0, slices.IndexFunc(nodes, func(n *corev1.Node) bool { return n.Name == pod.Spec.NodeName }))
	s.podIPs[pod.Spec.NodeName]++
	n := s.podIPs[pod.Spec.NodeName]
	return fmt.Sprintf("10.4.%d.%d", index*8+n/250, 2+n%250)
}

// newContainerID and imageID look like containerd's.
func (s *Simulation) newContainerID() string {
	return fmt.Sprintf("containerd://%016x%016x%016x%016x", s.random.Uint64(), s.random.Uint64(), s.random.Uint64(), s.random.Uint64())
}

func imageID(image string) string {
	sum := hashOf(image)
	return fmt.Sprintf("%s@sha256:%08x%08x%08x%08x%08x%08x%08x%08x", apps.Repository(image),
		sum, ^sum, sum*3, sum*5, sum*7, sum*11, sum*13, sum*17)
}

// pull gets a container's image and starts the container, or fails and tries again later.
func (s *Simulation) pull(pod *corev1.Pod, c corev1.Container) {
	pod, ok := s.pod(pod.Namespace, pod.Name, pod.UID)
	if !ok || pod.DeletionTimestamp != nil {
		return
	}
	from, field := kubelet(pod.Spec.NodeName), containerField(c.Name)
	app := s.apps.Find(c.Image)
	onNode := pod.Spec.NodeName + " " + c.Image
	if app.PullError != "" {
		s.failPull(pod, c, app.PullError)
		return
	}
	if s.images[onNode] {
		s.event(pod, field, from, corev1.EventTypeNormal, "Pulled",
			fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", c.Image))
		s.After(s.between(100*time.Millisecond, 300*time.Millisecond), func() { s.startContainer(pod, c) })
		return
	}
	s.event(pod, field, from, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.Image))
	took := s.between(700*time.Millisecond, 2600*time.Millisecond)
	s.After(took, func() {
		s.images[onNode] = true
		s.event(pod, field, from, corev1.EventTypeNormal, "Pulled",
			fmt.Sprintf("Successfully pulled image %q in %s (%s including waiting). Image size: %d bytes.",
				c.Image, took.Round(time.Millisecond), took.Round(time.Millisecond), 20_000_000+hashOf(c.Image)%180_000_000))
		s.startContainer(pod, c)
	})
}

func (s *Simulation) failPull(pod *corev1.Pod, c corev1.Container, why string) {
	from, field := kubelet(pod.Spec.NodeName), containerField(c.Name)
	run := s.runOf(pod, c.Name)
	run.pulls++
	s.event(pod, field, from, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.Image))
	s.After(s.between(500*time.Millisecond, 1200*time.Millisecond), func() {
		text := fmt.Sprintf("failed to pull and unpack image %q: %s", c.Image, why)
		s.event(pod, field, from, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: rpc error: code = NotFound desc = %s", c.Image, text))
		s.event(pod, field, from, corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
		s.setWaiting(pod, c.Name, "ErrImagePull", "rpc error: code = NotFound desc = "+text)
		again := s.now.Add(backoff(run.pulls))
		s.After(s.between(8*time.Second, 13*time.Second)/2, func() {
			s.setWaiting(pod, c.Name, "ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: rpc error: code = NotFound desc = %s", c.Image, text))
			s.reportBackoff(pod, c.Name, again, "BackOff", fmt.Sprintf("Back-off pulling image %q", c.Image))
			s.event(pod, field, from, corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
		})
		s.At(again, func() { s.pull(pod, c) })
	})
}

// backoff is the wait before attempt number n+1: 10 s, then twice as long each time, up to five minutes.
func backoff(n int) time.Duration {
	wait := firstBackoff
	for ; n > 1 && wait < lastBackoff; n-- {
		wait *= 2
	}
	return min(wait, lastBackoff)
}

// reportBackoff repeats an event while a container waits.
func (s *Simulation) reportBackoff(pod *corev1.Pod, container string, until time.Time, reason, message string) {
	current, ok := s.pod(pod.Namespace, pod.Name, pod.UID)
	if !ok || current.DeletionTimestamp != nil || !s.now.Before(until) {
		return
	}
	kind := corev1.EventTypeWarning
	if strings.HasPrefix(message, "Back-off pulling") {
		kind = corev1.EventTypeNormal
	}
	s.event(current, containerField(container), kubelet(pod.Spec.NodeName), kind, reason, message)
	s.After(backoffReport, func() { s.reportBackoff(pod, container, until, reason, message) })
}

func (s *Simulation) setWaiting(pod *corev1.Pod, container, reason, message string) {
	s.updateContainer(pod, container, func(status *corev1.ContainerStatus) {
		status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		status.Ready, status.Started = false, ptr.To(false)
	})
}

func (s *Simulation) updateContainer(pod *corev1.Pod, container string, change func(*corev1.ContainerStatus)) {
	s.updatePod(pod, func(p *corev1.Pod) {
		for i := range p.Status.ContainerStatuses {
			if p.Status.ContainerStatuses[i].Name == container {
				change(&p.Status.ContainerStatuses[i])
			}
		}
	})
}

// startContainer runs a container's application: its probes begin, and its end, if it has one, is planned.
func (s *Simulation) startContainer(pod *corev1.Pod, c corev1.Container) {
	pod, ok := s.pod(pod.Namespace, pod.Name, pod.UID)
	if !ok || pod.DeletionTimestamp != nil {
		return
	}
	from, field := kubelet(pod.Spec.NodeName), containerField(c.Name)
	s.event(pod, field, from, corev1.EventTypeNormal, "Created", "Container created")
	s.event(pod, field, from, corev1.EventTypeNormal, "Started", "Container started")
	app := s.apps.Find(c.Image)
	id := s.newContainerID()
	s.updateContainer(pod, c.Name, func(status *corev1.ContainerStatus) {
		if status.State.Terminated != nil {
			status.LastTerminationState = status.State
		}
		if status.ContainerID != "" {
			status.RestartCount++
		}
		status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: s.metaNow()}}
		status.ContainerID, status.ImageID = id, imageID(c.Image)
		status.Started = ptr.To(c.StartupProbe == nil)
		status.Ready = c.ReadinessProbe == nil && c.StartupProbe == nil
	})
	run := s.runOf(pod, c.Name)
	run.failures = 0
	if c.StartupProbe != nil {
		period := time.Duration(c.StartupProbe.PeriodSeconds) * time.Second
		s.After(max(app.Warmup, period), func() { s.finishStartup(pod, c, id) })
	} else {
		s.beginProbes(pod, c, id)
	}
	if app.Exit != nil {
		s.After(app.Exit.After, func() { s.endContainer(pod, c, id, *app.Exit) })
	}
}

// running returns the Pod if the given run of its container still lasts.
func (s *Simulation) running(pod *corev1.Pod, container, id string) (*corev1.Pod, bool) {
	current, ok := s.pod(pod.Namespace, pod.Name, pod.UID)
	if !ok {
		return nil, false
	}
	for _, status := range current.Status.ContainerStatuses {
		if status.Name == container && status.ContainerID == id && status.State.Running != nil {
			return current, true
		}
	}
	return nil, false
}

func (s *Simulation) finishStartup(pod *corev1.Pod, c corev1.Container, id string) {
	if _, ok := s.running(pod, c.Name, id); !ok {
		return
	}
	s.updateContainer(pod, c.Name, func(status *corev1.ContainerStatus) {
		status.Started = ptr.To(true)
		status.Ready = c.ReadinessProbe == nil
	})
	s.beginProbes(pod, c, id)
}

// endContainer is a container that ends by itself. It is started again, at once the first time, then later and later.
func (s *Simulation) endContainer(pod *corev1.Pod, c corev1.Container, id string, exit apps.Exit) {
	current, ok := s.running(pod, c.Name, id)
	if !ok {
		return
	}
	restarts := 0
	s.updateContainer(current, c.Name, func(status *corev1.ContainerStatus) {
		restarts = int(status.RestartCount)
		status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: exit.Code, Reason: exit.Reason, ContainerID: id,
			StartedAt: status.State.Running.StartedAt, FinishedAt: s.metaNow(),
		}}
		status.Ready, status.Started = false, ptr.To(false)
	})
	if restarts == 0 {
		s.After(time.Second, func() { s.restart(pod, c) })
		return
	}
	wait := backoff(restarts)
	again := s.now.Add(wait)
	message := fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)", wait, c.Name, pod.Name, pod.Namespace, pod.UID)
	report := fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)", c.Name, pod.Name, pod.Namespace, pod.UID)
	s.After(min(wait/2, 9*time.Second), func() {
		s.updateContainer(pod, c.Name, func(status *corev1.ContainerStatus) {
			status.LastTerminationState = status.State
			status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: message}}
		})
		s.reportBackoff(pod, c.Name, again, "BackOff", report)
	})
	s.At(again, func() { s.restart(pod, c) })
}

func (s *Simulation) restart(pod *corev1.Pod, c corev1.Container) {
	current, ok := s.pod(pod.Namespace, pod.Name, pod.UID)
	if !ok || current.DeletionTimestamp != nil {
		return
	}
	s.pull(current, c)
}

// summarise works out phase and conditions from the container statuses, as the kubelet does.
func (s *Simulation) summarise(pod *corev1.Pod) {
	var unready []string
	started := len(pod.Status.ContainerStatuses) > 0
	for _, status := range pod.Status.ContainerStatuses {
		if !status.Ready {
			unready = append(unready, status.Name)
		}
		if status.State.Running == nil && status.RestartCount == 0 && status.State.Terminated == nil {
			started = false
		}
	}
	if len(pod.Status.ContainerStatuses) == 0 {
		return
	}
	if started {
		pod.Status.Phase = corev1.PodRunning
	}
	now := s.metaNow()
	sandbox := corev1.ConditionFalse
	if pod.Status.PodIP != "" {
		sandbox = corev1.ConditionTrue
	}
	setPodCondition(pod, corev1.PodReadyToStartContainers, sandbox, "", "", now)
	if sandbox == corev1.ConditionTrue || len(pod.Spec.InitContainers) == 0 {
		setPodCondition(pod, corev1.PodInitialized, corev1.ConditionTrue, "", "", now)
	} else {
		setPodCondition(pod, corev1.PodInitialized, corev1.ConditionFalse, "ContainersNotInitialized",
			fmt.Sprintf("containers with incomplete status: [%s]", pod.Spec.InitContainers[0].Name), now)
	}
	ready, reason, message := corev1.ConditionTrue, "", ""
	if len(unready) > 0 {
		ready, reason = corev1.ConditionFalse, "ContainersNotReady"
		message = fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " "))
	}
	setPodCondition(pod, corev1.PodReady, ready, reason, message, now)
	setPodCondition(pod, corev1.ContainersReady, ready, reason, message, now)
}

func setPodCondition(pod *corev1.Pod, kind corev1.PodConditionType, status corev1.ConditionStatus, reason, message string, now metav1.Time) {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == kind {
			if c.Status != status {
				c.LastTransitionTime = now
			}
			c.Status, c.Reason, c.Message = status, reason, message
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
		Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: now,
	})
}
