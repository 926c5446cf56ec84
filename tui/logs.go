package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// logSource is one container whose log can be read.
type logSource struct{ pod, container string }

// logsPage shows the logs of one or all Pods behind a Service.
type logsPage struct {
	reader
	service model.Key
	// only narrows to one Pod or container; empty fields mean all Pods, and of each the container that model.LogContainer names.
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

func (p *logsPage) about() (model.Key, bool) { return p.service, p.service.Name != "" }

func (p *logsPage) again() visitable {
	again := newLogsPage(p.service, "", p.previous)
	again.only, again.allInPod = p.only, p.allInPod
	again.showTimes, again.wrap = p.showTimes, p.wrap
	return again
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
	several, container := len(p.streams) > 1, p.allInPod || p.ofContainers()
	lines := make([]scrollLine, len(batch.lines))
	for i, text := range batch.lines {
		lines[i] = text.line
		if several {
			lines[i].source = p.source(text.source.label(container))
		}
	}
	p.add(lines...)
}

// ofContainers tells whether the logs that are read are those of containers of several names.
func (p *logsPage) ofContainers() bool {
	first := ""
	for source := range p.streams {
		if first != "" && source.container != first {
			return true
		}
		first = source.container
	}
	return false
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
	items := []pickItem{{value: " all", label: "all Pods", detail: "of each the container that matters most", current: p.only == logSource{} && !p.allInPod}}
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
			what = source.label(true)
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
