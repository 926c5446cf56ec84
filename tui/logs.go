package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

const (
	// logBatchEvery is the least time between two messages of a log page, however much is written.
	logBatchEvery = 100 * time.Millisecond
	// logMaxStreams is how many logs are read at once.
	logMaxStreams = 16
	// logPastLines is how many past lines are asked for in all, logPreviousLines of ended containers.
	logPastLines      = 2000
	logLeastPastLines = 100
	logPreviousLines  = 5000
	logRetryLeast     = time.Second
	logRetryMost      = 15 * time.Second
)

// logSource is one container whose log can be read.
type logSource struct{ pod, container string }

// logBatch is what all the logs of a page brought since the last one.
type logBatch struct {
	lines   []logText
	dropped int
}

// logText is one cleaned line with where it came from.
type logText struct {
	source logSource
	line   scrollLine
}

// logEnded says that one log ended; err is nil where the server ended it.
type logEnded struct {
	source logSource
	err    error
	// last is the time of the last line seen.
	last time.Time
}

// logRetry says that it is time to read a log again.
type logRetry struct{ source logSource }

// logHub collects the lines of several logs, so that the event loop gets them in few messages. Safe for
// concurrent use. It holds no more than a scroller would keep.
type logHub struct {
	mu      sync.Mutex
	pending []logText
	// bytes is the size of the texts that are pending.
	bytes   int
	dropped int
	wake    chan struct{}
	// sending keeps batches in order when two goroutines hand over.
	sending sync.Mutex
}

func newLogHub() *logHub { return &logHub{wake: make(chan struct{}, 1)} }

func (h *logHub) add(lines ...logText) {
	h.mu.Lock()
	h.pending = append(h.pending, lines...)
	for _, added := range lines {
		h.bytes += len(added.line.text)
	}
	excess := max(0, len(h.pending)-scrollerMaxLines)
	for i, old := range h.pending {
		if i >= excess && h.bytes <= scrollerMaxBytes {
			excess = i
			break
		}
		h.bytes -= len(old.line.text)
	}
	if excess > 0 {
		h.pending = slices.Clone(h.pending[excess:])
		h.dropped += excess
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *logHub) take() logBatch {
	h.mu.Lock()
	defer h.mu.Unlock()
	batch := logBatch{lines: h.pending, dropped: h.dropped}
	h.pending, h.bytes, h.dropped = nil, 0, 0
	return batch
}

// flush hands over what is there now.
func (h *logHub) flush(send func(tea.Msg)) {
	h.sending.Lock()
	defer h.sending.Unlock()
	if batch := h.take(); len(batch.lines) > 0 {
		// Lines of several Pods that came together are put in order; those that came later stay later.
		slices.SortStableFunc(batch.lines, func(a, b logText) int { return a.line.at.Compare(b.line.at) })
		send(batch)
	}
}

// pump hands what was collected to send until ctx ends, at most once every logBatchEvery.
func (h *logHub) pump(ctx context.Context, send func(tea.Msg)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		h.flush(send)
		pause.Reset(logBatchEvery)
	}
}

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
}

// logsPage shows the logs of one or all Pods behind a Service.
type logsPage struct {
	reader
	service model.Key
	// only narrows to one Pod or container; empty fields mean all Pods and each Pod's default container.
	only     logSource
	allInPod bool
	previous bool

	life *life
	// turn is for the choice that is shown, and run is its run; what another one still says is dropped.
	turn    turn
	run     *run
	hub     *logHub
	session Session
	streams map[logSource]*logStream
	// leftOut counts the logs beyond logMaxStreams.
	leftOut int
}

// newLogsPage shows the logs of a Service's Pods, or of one Pod when pod is not empty.
func newLogsPage(service model.Key, pod string, previous bool) *logsPage {
	return &logsPage{reader: newReader(), service: service, only: logSource{pod: pod}, previous: previous}
}

func (p *logsPage) title() string {
	if p.previous {
		return "previous logs"
	}
	return "logs"
}

func (p *logsPage) opened(sh *shell, life *life) tea.Cmd {
	p.life = life
	p.follow = true
	return p.restart(sh)
}

// restart reads everything anew: another choice was made, or the session is another one.
func (p *logsPage) restart(sh *shell) tea.Cmd {
	p.run = p.turn.begin(p.life)
	p.session = sh.session
	p.hub = newLogHub()
	p.streams = map[logSource]*logStream{}
	times, wrap, query := p.showTimes, p.wrap, p.query
	p.scroller = newScroller()
	p.showTimes, p.wrap, p.follow = times, wrap, true
	p.find(query)
	if p.session == nil {
		return nil
	}
	if p.service.Name != "" {
		p.session.Focus(&p.service)
	}
	return tea.Batch(p.run.stream(p.hub.pump), p.read(sh))
}

// podsBehind returns the Pods of a Service: those that it selects, and those that its slices name.
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
			sources = append(sources, logSource{pod.Name, cmp.Or(p.only.container, mainContainer(pod))})
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
		cmds = append(cmds, p.readOne(source, stream.last, len(wanted)))
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

// readOne reads one log to its end.
func (p *logsPage) readOne(source logSource, after time.Time, streams int) tea.Cmd {
	request := model.LogRequest{
		Namespace: p.service.Namespace, Pod: source.pod, Container: source.container,
		Previous: p.previous, Follow: !p.previous, TailLines: max(logLeastPastLines, int64(logPastLines/max(1, streams))),
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

func (p *logsPage) update(sh *shell, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case logBatch:
		p.take(msg)
		return nil
	case logEnded:
		return p.ended(sh, msg)
	case logRetry:
		if stream := p.streams[msg.source]; stream != nil {
			stream.retrying, stream.over = false, ""
			return p.read(sh)
		}
		return nil
	case stateChanged, revealed:
		if sh.session != p.session {
			return p.restart(sh)
		}
		return p.read(sh)
	}
	p.reader.update(msg)
	return nil
}

func (p *logsPage) take(batch logBatch) {
	if batch.dropped > 0 {
		p.note(fmt.Sprintf("%s lines came faster than they could be shown, and were left out", thousands(batch.dropped)))
	}
	several := len(p.streams) > 1
	lines := make([]scrollLine, len(batch.lines))
	for i, text := range batch.lines {
		lines[i] = text.line
		if several {
			lines[i].source = p.source(text.source.label(p.allInPod))
		}
	}
	p.add(lines...)
}

func (s logSource) label(container bool) string {
	if container {
		return clean(s.pod + " " + s.container)
	}
	return clean(s.pod)
}

// note writes a line of svctui's own between the others.
func (p *logsPage) note(text string) {
	p.add(scrollLine{text: glyphRule + glyphRule + " " + text, tone: toneNote})
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
		stream.last, stream.pause, stream.said = msg.last, 0, ""
	}
	stream.open = false
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
	stream.retrying = true
	source, pause := msg.source, stream.pause
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
	if ended == nil || p.previous {
		ended = status.LastTerminationState.Terminated
	}
	if ended == nil {
		return ""
	}
	return fmt.Sprintf(": the container exited with code %d (%s)", ended.ExitCode, clean(cmp.Or(ended.Reason, "no reason given")))
}

func (p *logsPage) closed(sh *shell) { unfocus(sh, p.session) }

func (p *logsPage) bindings() []binding {
	return append([]binding{
		{keys: []string{"o"}, name: "Pod, container", help: "chooses the Pod and the container", run: func(sh *shell) tea.Cmd {
			sh.open(p.chooser(sh))
			return nil
		}},
		{keys: []string{"p"}, name: "previous", help: "switches between the running containers and those before the last restart", run: func(sh *shell) tea.Cmd {
			p.previous = !p.previous
			return p.restart(sh)
		}},
		{keys: []string{"t"}, name: "times", help: "shows or hides the time of each line", run: func(*shell) tea.Cmd {
			p.showTimes = !p.showTimes
			return nil
		}},
	}, p.keys()...)
}

// chooser offers every Pod and container.
func (p *logsPage) chooser(sh *shell) page {
	items := []pickItem{{value: " all", label: "all Pods", detail: "each one’s default container", current: p.only == logSource{} && !p.allInPod}}
	several := false
	var pods []*corev1.Pod
	if sh.state != nil {
		pods = podsBehind(sh.state.Snapshot, p.service)
	}
	for _, pod := range pods {
		several = several || len(pod.Spec.Containers) > 1
	}
	if several {
		items = append(items, pickItem{value: " every", label: "all Pods, all containers", current: p.only == logSource{} && p.allInPod})
	}
	for _, pod := range pods {
		for _, list := range []struct {
			of   string
			them []corev1.Container
		}{{"", pod.Spec.Containers}, {"init", pod.Spec.InitContainers}} {
			for _, container := range list.them {
				source := logSource{pod.Name, container.Name}
				items = append(items, pickItem{
					value: source.pod + "\n" + source.container, label: source.label(true), detail: list.of,
					current: p.only == source,
				})
			}
		}
	}
	choose := newPickPage("Pod and container", func(sh *shell, value string) tea.Cmd {
		p.only, p.allInPod = logSource{}, false
		switch value {
		case " all":
		case " every":
			p.allInPod = true
		default:
			p.only.pod, p.only.container, _ = strings.Cut(value, "\n")
		}
		return p.restart(sh)
	})
	choose.picker.setItems(items)
	return choose
}

func (p *logsPage) crumbs(*shell) []string {
	path := []string{namespaceName(p.service.Namespace)}
	if p.service.Name != "" {
		path = append(path, clean(p.service.Name))
	}
	return append(path, p.title())
}

func (p *logsPage) status(sh *shell) string {
	t := &sh.theme
	what := "all Pods"
	switch {
	case p.only.pod != "":
		what = p.only.label(p.only.container != "")
	case len(p.streams) == 1:
		for source := range p.streams {
			what = source.label(false)
		}
	case len(p.streams) > 1:
		what = count(len(p.streams), "log", "logs")
	}
	text := t.text.on(shorten(what, max(12, sh.width/3)))
	if p.previous {
		return text + t.dim.on("  before the last restart")
	}
	return text + "  " + p.following(t)
}

func (p *logsPage) view(sh *shell, width, height int) string {
	note := ""
	if p.leftOut > 0 {
		note = sh.theme.warn.on(fmt.Sprintf("%s more not read, o chooses", count(p.leftOut, "log", "logs")))
	}
	if len(p.lines) == 0 && !p.searching {
		return strings.Join(fitLines(append([]string{""}, p.empty(sh, width)...), width, height), "\n")
	}
	return strings.Join(p.draw(sh, width, height, note), "\n")
}

// empty says why there is no line.
func (p *logsPage) empty(sh *shell, width int) []string {
	t := &sh.theme
	why := "Nothing was written yet."
	switch {
	case sh.notConnected() != "":
		why = "Cannot read logs: " + sh.notConnected() + "."
	case len(p.streams) == 0:
		why = "There is no Pod behind this Service, so there is no log. o reads a Pod by name."
		if sh.state == nil {
			why = "Reading …"
			break
		}
		if pods := sh.state.Snapshot.Coverage(model.Pods, p.service.Namespace); !pods.Known() {
			why = "Which Pods are behind this Service cannot be told: Pods are " + pods.State.String() + ". o reads a Pod by name."
			if pods.Pending() {
				why = "Reading the Pods …"
			}
		}
	}
	var lines []string
	for _, line := range wrap(why, width-6) {
		lines = append(lines, "   "+t.dim.on(line))
	}
	return lines
}
