package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

const (
	// logMaxStreams is how many logs are read at once.
	logMaxStreams = 16
	// logPastLines is how many past lines are asked for in all, logPreviousLines of ended containers.
	logPastLines      = 2000
	logLeastPastLines = 100
	logPreviousLines  = 5000
	logRetryLeast     = time.Second
	logRetryMost      = 15 * time.Second
	// logDroppedPause is how long the node gets to replace a log that it has just removed, and logDroppedMost how often it is
	// asked without a single line.
	logDroppedPause = 250 * time.Millisecond
	logDroppedMost  = 8
)

// logEnded says that one log ended; err is nil where the server ended it.
type logEnded struct {
	source logSource
	err    error
	// last is the time of the last line seen.
	last time.Time
}

// logRetry says that it is time to read a log again.
type logRetry struct{ source logSource }

// logStream is what a page knows of one log.
type logStream struct {
	// open is true while it is read, retrying while a timer runs.
	open, retrying bool
	// last is the time of the last line, so that reading again brings no line twice.
	last     time.Time
	pause    time.Duration
	restarts int32
	// over is why it will not be read again; empty while it may.
	over string
	// said is how it ended last, so that a log which cannot be read does not say so at every attempt.
	said string
	// dropped counts the readings in a row which found that the node had removed the log meanwhile.
	dropped int
}

// podsBehind returns the Pods of a Service: those that it selects, and those that its slices name or that have an address there.
func podsBehind(snapshot *model.Snapshot, key model.Key) []*corev1.Pod {
	if snapshot == nil {
		return nil
	}
	service := snapshot.Service(key)
	if service == nil {
		return nil
	}
	pods := slices.Clone(snapshot.Selected(key.Namespace, service.Spec.Selector))
	have := map[string]bool{}
	for _, pod := range pods {
		have[pod.Name] = true
	}
	for _, slice := range snapshot.SlicesOf(key) {
		for _, endpoint := range slice.Endpoints {
			ref := endpoint.TargetRef
			if ref == nil && len(endpoint.Addresses) > 0 {
				if pod := check.PodAt(snapshot, key.Namespace, endpoint.Addresses[0]); pod != nil && !have[pod.Name] {
					have[pod.Name] = true
					pods = append(pods, pod)
				}
			}
			if ref == nil || ref.Kind != "Pod" || have[ref.Name] {
				continue
			}
			have[ref.Name] = true
			if pod := snapshot.Pod(model.Key{Namespace: cmp.Or(ref.Namespace, key.Namespace), Name: ref.Name}); pod != nil {
				pods = append(pods, pod)
			}
		}
	}
	return pods
}

// wanted returns the logs to read now.
func (p *logsPage) wanted(sh *shell) []logSource {
	var sources []logSource
	if sh.state != nil {
		for _, pod := range podsBehind(sh.state.Snapshot, p.service) {
			if p.only.pod != "" && pod.Name != p.only.pod {
				continue
			}
			if p.allInPod {
				for _, container := range pod.Spec.Containers {
					sources = append(sources, logSource{pod.Name, container.Name})
				}
				continue
			}
			sources = append(sources, logSource{pod.Name, cmp.Or(p.only.container, model.LogContainer(pod))})
		}
	}
	if len(sources) == 0 && p.only.pod != "" {
		sources = append(sources, p.only)
	}
	return sources
}

// read starts the logs that are wanted and not yet read.
func (p *logsPage) read(sh *shell) tea.Cmd {
	if p.session == nil {
		return nil
	}
	wanted := p.wanted(sh)
	p.leftOut = max(0, len(wanted)-logMaxStreams)
	wanted = wanted[:len(wanted)-p.leftOut]
	var cmds []tea.Cmd
	for _, source := range wanted {
		stream := p.streams[source]
		restarts, running := p.instance(sh, source)
		switch {
		case stream == nil:
			stream = &logStream{restarts: restarts}
			p.streams[source] = stream
		case stream.open || stream.retrying:
			continue
		case stream.over != "" && (p.previous || !running || restarts == stream.restarts):
			continue
		}
		stream.open, stream.over, stream.restarts = true, "", restarts
		cmds = append(cmds, p.readOne(source, stream.last, len(wanted), p.endedNow(sh, source)))
	}
	return tea.Batch(cmds...)
}

// instance tells which instance of a container runs now, if one does.
func (p *logsPage) instance(sh *shell, source logSource) (restarts int32, running bool) {
	status := p.containerStatus(sh, source)
	if status == nil {
		return 0, false
	}
	return status.RestartCount, status.State.Running != nil
}

func (p *logsPage) containerStatus(sh *shell, source logSource) *corev1.ContainerStatus {
	if sh.state == nil || sh.state.Snapshot == nil {
		return nil
	}
	pod := sh.state.Snapshot.Pod(model.Key{Namespace: p.service.Namespace, Name: source.pod})
	if pod == nil {
		return nil
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range list {
			if list[i].Name == source.container {
				return &list[i]
			}
		}
	}
	return nil
}

// endedNow tells whether a container has ended and was not started again yet.
func (p *logsPage) endedNow(sh *shell, source logSource) bool {
	status := p.containerStatus(sh, source)
	return status != nil && status.State.Terminated != nil
}

// readOne reads one log to its end. Of a container that has ended, and was not started again yet, its own log is the one
// from before the restart to come; the one before that is gone, because kubelet keeps one ended instance.
func (p *logsPage) readOne(source logSource, after time.Time, streams int, ended bool) tea.Cmd {
	request := model.LogRequest{
		Namespace: p.service.Namespace, Pod: source.pod, Container: source.container,
		Previous: p.previous && !ended, Follow: !p.previous, TailLines: max(logLeastPastLines, int64(logPastLines/max(1, streams))),
	}
	if p.previous {
		request.TailLines = logPreviousLines
	}
	session, hub := p.session, p.hub
	return p.run.stream(func(ctx context.Context, send func(tea.Msg)) {
		last := after
		err := session.Logs(ctx, request, func(lines []model.LogLine) {
			texts := make([]logText, 0, len(lines))
			for _, line := range lines {
				if !after.IsZero() && !line.Time.IsZero() && !line.Time.After(after) {
					continue // it was shown before the connection was lost
				}
				if line.Time.After(last) {
					last = line.Time
				}
				texts = append(texts, logText{source, scrollLine{text: cleanLine(line.Text), at: line.Time}})
			}
			if len(texts) > 0 {
				hub.add(texts...)
			}
		})
		hub.flush(send)
		send(logEnded{source, err, last})
	})
}

// noteOnce says why a log ended, unless that was the last thing said of it.
func (p *logsPage) noteOnce(stream *logStream, name string) {
	if stream.said != stream.over {
		p.note(name + ": " + stream.over)
	}
	stream.said = stream.over
}

// ended says why a log ended, and reads it again where more may come.
func (p *logsPage) ended(sh *shell, msg logEnded) tea.Cmd {
	stream := p.streams[msg.source]
	if stream == nil {
		return nil
	}
	if msg.last.After(stream.last) {
		stream.last, stream.pause, stream.said, stream.dropped = msg.last, 0, "", 0
	}
	stream.open = false
	if errors.Is(msg.err, model.LogDropped) && stream.dropped < logDroppedMost {
		stream.dropped++
		return p.retryLater(stream, msg.source, logDroppedPause)
	}
	name := msg.source.label(true)
	retry := true
	switch err := msg.err; {
	case p.previous && err != nil:
		stream.over, retry = clean(err.Error()), false
		p.note(name + ": " + stream.over)
	case p.previous:
		stream.over, retry = "the previous log ends"+p.exit(sh, msg.source), false
		p.note(name + ": " + stream.over)
	case errors.Is(err, context.Canceled):
		return nil
	case err != nil:
		stream.over = clean(err.Error())
		p.noteOnce(stream, name)
	default:
		stream.over = "the log ended" + p.exit(sh, msg.source)
		p.noteOnce(stream, name)
		// The next instance of the container is read when the state tells of it.
		_, running := p.instance(sh, msg.source)
		retry = running
	}
	if !retry {
		return nil
	}
	stream.pause = min(max(logRetryLeast, stream.pause*2), logRetryMost)
	return p.retryLater(stream, msg.source, stream.pause)
}

// retryLater reads a log again after a pause, whichever instance it then belongs to.
func (p *logsPage) retryLater(stream *logStream, source logSource, pause time.Duration) tea.Cmd {
	stream.retrying = true
	return p.run.stream(func(ctx context.Context, send func(tea.Msg)) {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			send(logRetry{source})
		}
	})
}

// exit says how the container ended, as far as it is known.
func (p *logsPage) exit(sh *shell, source logSource) string {
	if sh.state != nil && sh.state.Snapshot != nil {
		key := model.Key{Namespace: p.service.Namespace, Name: source.pod}
		if sh.state.Snapshot.Pod(key) == nil && sh.state.Snapshot.Coverage(model.Pods, key.Namespace).Known() {
			return ": the Pod is gone"
		}
	}
	status := p.containerStatus(sh, source)
	if status == nil {
		return ""
	}
	ended := status.State.Terminated
	if ended == nil {
		ended = status.LastTerminationState.Terminated
	}
	if ended == nil {
		return ""
	}
	return fmt.Sprintf(": the container exited with code %d (%s)", ended.ExitCode, clean(cmp.Or(ended.Reason, "no reason given")))
}
