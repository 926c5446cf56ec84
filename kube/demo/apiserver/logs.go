package apiserver

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// followInterval is how often a followed log is looked at.
const followInterval = 200 * time.Millisecond

// logTime is the form in which log lines carry their time.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

// LogLine is one line that a container wrote.
type LogLine struct {
	Time time.Time
	Text string
}

// ContainerInstance is one run of a container. A restart makes another.
type ContainerInstance struct {
	Pod       *corev1.Pod
	Container string
	// ID is the runtime's, as in the Pod's status.
	ID      string
	Started time.Time
	// Ended is zero while it runs.
	Ended time.Time
	// ExitCode means something once it has ended.
	ExitCode int32
}

func (s *Server) serveLog(w http.ResponseWriter, r *http.Request, t target) {
	options, err := logOptions(r.URL.Query())
	if err != nil {
		writeError(w, r, apierrors.NewBadRequest(err.Error()))
		return
	}
	pod, err := s.pod(t.Namespace, t.Name)
	if err != nil {
		writeError(w, r, err)
		return
	}
	container, err := containerOf(pod, options.Container)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if pod.Spec.NodeName == "" {
		// The real server sends an empty log for a Pod without a node.
		w.WriteHeader(http.StatusOK)
		return
	}
	instance, err := instanceOf(pod, container, options.Previous)
	if err != nil {
		writeError(w, r, apierrors.NewBadRequest(err.Error()))
		return
	}
	out := &logWriter{w: w, timestamps: options.Timestamps, left: -1}
	if options.LimitBytes != nil {
		out.left = int(*options.LimitBytes)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	upTo := s.clock.Now()
	out.write(s.past(instance, options, upTo))
	if options.Follow && instance.Ended.IsZero() {
		s.follow(r, out, instance, upTo)
	}
}

// logOptions decodes a log request's query.
func logOptions(query url.Values) (corev1.PodLogOptions, error) {
	var failed error
	flag := func(name string) bool {
		set, err := strconv.ParseBool(query.Get(name))
		if query.Has(name) && query.Get(name) != "" && err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
		return set
	}
	number := func(name string) *int64 {
		if query.Get(name) == "" {
			return nil
		}
		n, err := strconv.ParseInt(query.Get(name), 10, 64)
		if err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
		return &n
	}
	options := corev1.PodLogOptions{
		Container: query.Get("container"), Follow: flag("follow"), Previous: flag("previous"), Timestamps: flag("timestamps"),
		SinceSeconds: number("sinceSeconds"), TailLines: number("tailLines"), LimitBytes: number("limitBytes"),
	}
	if text := query.Get("sinceTime"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			failed = fmt.Errorf("sinceTime: %w", err)
		}
		options.SinceTime = &metav1.Time{Time: at}
	}
	return options, failed
}

// past returns the lines until now that the options ask for.
func (s *Server) past(instance ContainerInstance, options corev1.PodLogOptions, now time.Time) []LogLine {
	after := instance.Started.Add(-time.Second)
	if options.SinceTime != nil {
		after = options.SinceTime.Time
	}
	if options.SinceSeconds != nil {
		after = now.Add(-time.Duration(*options.SinceSeconds) * time.Second)
	}
	lines := s.nodes.LogLines(instance, after, now)
	if options.TailLines != nil {
		if tail := int(max(0, *options.TailLines)); len(lines) > tail {
			lines = lines[len(lines)-tail:]
		}
	}
	return lines
}

func (s *Server) follow(r *http.Request, out *logWriter, instance ContainerInstance, from time.Time) {
	out.flush()
	tick := s.clock.NewTimer(followInterval)
	defer tick.Stop()
	for out.open() {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C():
		}
		now := s.clock.Now()
		ended := s.endOf(instance)
		if !ended.IsZero() && ended.Before(now) {
			now = ended
		}
		instance.Ended = ended
		out.write(s.nodes.LogLines(instance, from, now))
		out.flush()
		if !ended.IsZero() {
			return
		}
		from = now
		tick.Reset(followInterval)
	}
}

// endOf returns when a running instance ended; a Pod that is gone ends now.
func (s *Server) endOf(instance ContainerInstance) time.Time {
	pod, err := s.pod(instance.Pod.Namespace, instance.Pod.Name)
	if err != nil || pod.UID != instance.Pod.UID {
		return s.clock.Now()
	}
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name != instance.Container {
			continue
		}
		for _, state := range []corev1.ContainerState{status.State, status.LastTerminationState} {
			if state.Terminated != nil && state.Terminated.ContainerID == instance.ID {
				return state.Terminated.FinishedAt.Time
			}
		}
		if status.ContainerID != instance.ID {
			return s.clock.Now()
		}
	}
	return time.Time{}
}

func (s *Server) pod(namespace, name string) (*corev1.Pod, error) {
	pod, ok := Get(s.store, &corev1.Pod{}, namespace, name)
	if !ok {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, name)
	}
	return pod, nil
}

// containerOf picks the container that a log request means (validateContainer in kubernetes/pkg/registry/core/pod).
func containerOf(pod *corev1.Pod, name string) (string, error) {
	var all []string
	for _, c := range pod.Spec.InitContainers {
		all = append(all, c.Name)
	}
	for _, c := range pod.Spec.Containers {
		all = append(all, c.Name)
	}
	if name == "" {
		switch len(pod.Spec.Containers) {
		case 1:
			return pod.Spec.Containers[0].Name, nil
		case 0:
			return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s", pod.Name))
		}
		return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s, choose one of: %s", pod.Name, all))
	}
	for _, known := range all {
		if known == name {
			return name, nil
		}
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
}

// instanceOf finds the run whose log is meant (validateContainerLogStatus in kubernetes/pkg/kubelet).
func instanceOf(pod *corev1.Pod, container string, previous bool) (ContainerInstance, error) {
	instance := ContainerInstance{Pod: pod, Container: container}
	status, ok := containerStatus(pod, container)
	if !ok {
		return instance, fmt.Errorf("container %q in pod %q is not available", container, pod.Name)
	}
	last, ended := status.LastTerminationState.Terminated, status.State.Terminated
	switch {
	case previous && (last == nil || last.ContainerID == ""):
		return instance, fmt.Errorf("previous terminated container %q in pod %q not found", container, pod.Name)
	case previous:
		return instance.ended(last), nil
	case status.State.Running != nil:
		instance.ID, instance.Started = status.ContainerID, status.State.Running.StartedAt.Time
		return instance, nil
	case ended != nil && ended.ContainerID != "":
		return instance.ended(ended), nil
	case last != nil && last.ContainerID != "":
		return instance.ended(last), nil
	case ended != nil || last != nil:
		return instance, fmt.Errorf("container %q in pod %q is terminated", container, pod.Name)
	case status.State.Waiting == nil:
		return instance, fmt.Errorf("container %q in pod %q is waiting to start - no logs yet", container, pod.Name)
	}
	why := status.State.Waiting.Reason
	switch why {
	case "ErrImagePull":
		why = "image can't be pulled"
	case "ImagePullBackOff":
		why = "trying and failing to pull image"
	}
	return instance, fmt.Errorf("container %q in pod %q is waiting to start: %v", container, pod.Name, why)
}

func (i ContainerInstance) ended(state *corev1.ContainerStateTerminated) ContainerInstance {
	i.ID, i.Started, i.Ended, i.ExitCode = state.ContainerID, state.StartedAt.Time, state.FinishedAt.Time, state.ExitCode
	return i
}

func containerStatus(pod *corev1.Pod, container string) (corev1.ContainerStatus, bool) {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for _, status := range statuses {
			if status.Name == container {
				return status, true
			}
		}
	}
	return corev1.ContainerStatus{}, false
}

// logWriter writes lines until the client leaves or its byte limit is reached.
type logWriter struct {
	w          http.ResponseWriter
	timestamps bool
	// left is how many bytes may still be written; negative means any number.
	left int
	err  error
}

func (l *logWriter) open() bool { return l.err == nil && l.left != 0 }

func (l *logWriter) write(lines []LogLine) {
	var text strings.Builder
	for _, line := range lines {
		if l.timestamps {
			text.WriteString(line.Time.UTC().Format(logTime))
			text.WriteByte(' ')
		}
		text.WriteString(line.Text)
		text.WriteByte('\n')
	}
	if !l.open() || text.Len() == 0 {
		return
	}
	out := text.String()
	if l.left >= 0 {
		out = out[:min(l.left, len(out))]
		l.left -= len(out)
	}
	_, l.err = l.w.Write([]byte(out))
}

func (l *logWriter) flush() {
	if l.err == nil {
		l.err = http.NewResponseController(l.w).Flush()
	}
}
