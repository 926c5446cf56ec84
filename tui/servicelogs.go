package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

const (
	// tailPods is how many Pods' logs are followed beside the steps; the logs screen has them all.
	tailPods  = 4
	tailLines = 20
	tailKept  = 200
	// tailPause is how long a log that could not be read is left alone.
	tailPause = 5 * time.Second
	// tailLineMost is how much of a line is kept, in bytes: all that is kept is wrapped for every frame.
	tailLineMost = 4 << 10
)

// logTail is the end of the logs of the Pods behind a Service, followed while the step of logs is selected.
type logTail struct {
	turn turn
	pods []string
	// followed says which instances of the containers are followed: a log ends with its container.
	followed []string
	session  Session
	lines    []model.LogLine
	// hints is what the lines hint at.
	hints []check.LogHint
	// errs is why a Pod's log could not be read, by Pod.
	errs map[string]string
}

type logsArrived struct {
	pod   string
	lines []model.LogLine
	err   error
}

func (l *logTail) take(msg logsArrived) {
	if msg.err != nil {
		if l.errs == nil {
			l.errs = map[string]string{}
		}
		l.errs[msg.pod] = msg.err.Error()
		return
	}
	delete(l.errs, msg.pod)
	for _, line := range msg.lines {
		if len(line.Text) > tailLineMost {
			line.Text = strings.ToValidUTF8(line.Text[:tailLineMost], "") + " … (line cut, l shows it whole)"
		}
		l.lines = append(l.lines, line)
	}
	slices.SortStableFunc(l.lines, func(a, b model.LogLine) int { return a.Time.Compare(b.Time) })
	if extra := len(l.lines) - tailKept; extra > 0 {
		l.lines = append([]model.LogLine(nil), l.lines[extra:]...)
	}
}

// followLogs starts and stops the tail as the selected step and the Pods ask for.
func (p *servicePage) followLogs(sh *shell) tea.Cmd {
	if p.step != check.StepLogs || sh.session == nil || p.service == nil {
		p.tail.turn.cancel()
		p.tail.pods, p.tail.followed = nil, nil
		return nil
	}
	pods := tailOf(p.state.Snapshot.Selected(p.key.Namespace, p.service.Spec.Selector))
	names, followed := make([]string, len(pods)), make([]string, len(pods))
	for i, pod := range pods {
		names[i], followed[i] = pod.Name, instanceOf(pod)
	}
	if slices.Equal(followed, p.tail.followed) && p.tail.session == sh.session {
		return nil
	}
	run := p.tail.turn.begin(p.life)
	p.tail.pods, p.tail.followed, p.tail.lines, p.tail.errs, p.tail.hints = names, followed, nil, nil, nil
	session := sh.session
	p.tail.session = session
	var commands []tea.Cmd
	for _, pod := range pods {
		request := model.LogRequest{
			Namespace: pod.Namespace, Pod: pod.Name, Container: model.LogContainer(pod), Follow: true, TailLines: tailLines,
		}
		commands = append(commands, run.stream(func(ctx context.Context, send func(tea.Msg)) {
			followTail(ctx, session, request, send)
		}))
	}
	return tea.Batch(commands...)
}

// readHints reads what the end of the logs hints at.
func (p *servicePage) readHints() {
	if p.service == nil || p.state == nil {
		return
	}
	lines := make([]string, len(p.tail.lines))
	for i := range p.tail.lines {
		lines[i] = p.tail.lines[i].Text
	}
	pods := p.state.Snapshot.Selected(p.key.Namespace, p.service.Spec.Selector)
	p.tail.hints = check.LogHints(lines, check.LogFactsOf(p.service, pods))
}

// followTail hands over the end of a log until its container ends, and reads it again after a while when that fails.
func followTail(ctx context.Context, session Session, request model.LogRequest, send func(tea.Msg)) {
	var last time.Time
	for {
		shown := last
		err := session.Logs(ctx, request, func(lines []model.LogLine) {
			fresh := slices.DeleteFunc(slices.Clone(lines), func(line model.LogLine) bool {
				return !line.Time.IsZero() && !shown.IsZero() && !line.Time.After(shown)
			})
			if len(fresh) > 0 {
				last = fresh[len(fresh)-1].Time
				send(logsArrived{pod: request.Pod, lines: fresh})
			}
		})
		if err == nil {
			return
		}
		send(logsArrived{pod: request.Pod, err: err})
		select {
		case <-ctx.Done():
			return
		case <-time.After(tailPause):
		}
	}
}

// instanceOf tells one run of the container whose log is shown from the next, from its waiting to run, and from another container.
func instanceOf(pod *corev1.Pod) string {
	container := model.LogContainer(pod)
	instance := pod.Name + " " + string(pod.UID) + " " + container
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].Name == container {
				instance += fmt.Sprintf(" %d %t", statuses[i].RestartCount, statuses[i].State.Waiting != nil)
			}
		}
	}
	return instance
}

// tailOf chooses the Pods whose logs say most: those that are not Ready, then by name.
func tailOf(pods []*corev1.Pod) []*corev1.Pod {
	chosen := slices.Clone(pods)
	slices.SortStableFunc(chosen, func(a, b *corev1.Pod) int { return cmp.Compare(readyRank(a), readyRank(b)) })
	return chosen[:min(len(chosen), tailPods)]
}

func readyRank(pod *corev1.Pod) int {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return 1
		}
	}
	return 0
}

func (p *servicePage) drawLogs(sh *shell, width int) []string {
	t := &sh.theme
	if len(p.tail.pods) == 0 {
		return []string{t.dim.on("No Pod stands behind this Service, so there is no log to show.")}
	}
	var lines []string
	for _, pod := range p.tail.pods {
		if err := p.tail.errs[pod]; err != "" {
			for _, line := range wrap(clean(pod)+": "+clean(err), width) {
				lines = append(lines, t.unknown.on(line))
			}
		}
	}
	for _, hint := range p.tail.hints {
		head := t.accent.on("hint  ")
		for _, part := range wrap(clean(hint.Text)+"  LOG-01", max(width-6, 20)) {
			lines = append(lines, head+t.text.on(part))
			head = left("", 6)
		}
	}
	names, podWidth := shortPodNames(p.tail.pods), 0
	several := len(p.tail.pods) > 1
	if several {
		for _, name := range names {
			podWidth = max(podWidth, cells(name))
		}
		podWidth = min(podWidth, max(width/4, 12))
	}
	for _, line := range p.tail.lines {
		prefix := ""
		if !line.Time.IsZero() {
			prefix = line.Time.Local().Format("15:04:05") + " "
		}
		head := t.dim.on(prefix)
		used := cells(prefix)
		if several {
			head += newStyle(t.palette.accent).on(left(shorten(names[line.Pod], podWidth), podWidth)) + " "
			used += podWidth + 1
		}
		for _, part := range wrap(clean(line.Text), max(width-used, 20)) {
			lines = append(lines, head+t.text.on(part))
			head = left("", used)
		}
	}
	if len(p.tail.lines) == 0 && len(p.tail.errs) == 0 {
		lines = append(lines, t.dim.on("Following the logs; nothing was written yet."))
	}
	return lines
}

// shortPodNames leaves out what all Pods' names begin with, up to a dash: it says nothing.
func shortPodNames(pods []string) map[string]string {
	names := map[string]string{}
	common := ""
	for i, pod := range pods {
		if i == 0 {
			common = pod
		}
		for !strings.HasPrefix(pod, common) {
			common = common[:len(common)-1]
		}
	}
	common = common[:strings.LastIndex(common, "-")+1]
	for _, pod := range pods {
		names[pod] = clean(strings.TrimPrefix(pod, common))
	}
	return names
}
