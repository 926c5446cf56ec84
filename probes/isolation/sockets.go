package isolation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// socketsExec is the command that reads the tested Pod's sockets, or why there is none. Any container tells, because those of one Pod
// share their network.
func (s *subject) socketsExec() (model.ExecRequest, string) {
	switch {
	case !s.request.Sockets:
		return model.ExecRequest{}, "not asked for"
	case s.request.ReadOnly:
		return model.ExecRequest{}, "svctui runs read-only"
	case s.pod == nil:
		return model.ExecRequest{}, "there is no Pod to look into"
	}
	container := s.socketsContainer()
	if container == "" {
		return model.ExecRequest{}, fmt.Sprintf("no container of Pod %s runs", s.pod.Name)
	}
	return model.ExecRequest{Namespace: s.pod.Namespace, Pod: s.pod.Name, Container: container, Command: model.SocketsCommand()}, ""
}

// netstat prints the same in a container of debugImage, for a person: the kernel's own table is in hexadecimal.
func netstat() []string { return []string{"netstat", "-tln"} }

// elsewhereInPod is a line that reads the sockets in another container of the tested Pod, where the one that was tried has not what it takes; empty
// where there is none. Who named a container is led to those that come after it, so that nobody is led in a circle.
func (s *subject) elsewhereInPod(tried string) string {
	passed := s.request.SocketsContainer == ""
	for container := range model.ServingContainers(&s.pod.Spec) {
		if container.Name == tried {
			passed = true
			continue
		}
		if passed && s.runs(container.Name) {
			target := s.request.Service
			target.Name += ":" + s.request.Port
			return check.SvctuiTest(s.request.KubectlArgs, target, "--pod", s.pod.Name, "--sockets", "-c", container.Name)
		}
	}
	return ""
}

// runs tells whether a container of the tested Pod runs.
func (s *subject) runs(container string) bool {
	status := containerStatus(s.pod, container)
	return status != nil && status.State.Running != nil
}

// socketsContainer is the one that was named, else the one that has the port, else the default one; of those, one that runs.
func (s *subject) socketsContainer() string {
	for _, name := range []string{s.request.SocketsContainer, s.container, DefaultContainer(s.pod)} {
		if name != "" && s.runs(name) {
			return name
		}
	}
	for container := range model.ServingContainers(&s.pod.Spec) {
		if s.runs(container.Name) {
			return container.Name
		}
	}
	return ""
}

func (s *subject) untriedSockets() []Observation {
	if !s.request.Sockets {
		return nil
	}
	row := Observation{Rung: RungSockets, Crosses: "/proc/net/tcp of the Pod", Outcome: NotRun, Detail: s.whyNotAgreed()}
	if _, why := s.socketsExec(); why != "" {
		row.Detail = why
	}
	return []Observation{row}
}

// sockets reads the listening sockets of the tested Pod, where a person agreed to it.
func (r *run) sockets(ctx context.Context) {
	s := &r.subject
	request, why := s.socketsExec()
	if why != "" {
		return
	}
	if denied := s.request.mayNotExec(request.Namespace); denied != "" {
		line, note := s.byHand(request, netstat())
		r.changeAll(RungSockets, func(seen *Observation) {
			seen.Outcome, seen.Detail, seen.Paste, seen.PasteNote = Denied, denied, line, note
		})
		return
	}
	request, ok := s.agreed(request)
	if !ok {
		return
	}
	r.begin(RungSockets)
	ctx, cancel := context.WithTimeout(ctx, execPatience)
	defer cancel()
	started := time.Now()
	result, err := r.dialer.Exec(ctx, request)
	took := time.Since(started)
	got, ran := execOutcome(ctx, request, execPatience, result, err)
	// Without IPv6 there is no second table, and cat says so by its exit code.
	read := readSockets(result.Output)
	if ran && !read.Known {
		got, ran = failed("the table could not be read: "+lastWords(strings.TrimSpace(result.Complaints))), false
	}
	paste, note := "", ""
	if ran {
		got = answer{outcome: OK, detail: read.String()}
		switch read.bound(s.podPort, s.facts.PodIP) {
		case unbound, boundLoopback, boundElsewhere:
			got.outcome = Refused
		}
	} else if paste = s.elsewhereInPod(request.Container); got.outcome == NotRun && paste != "" {
		note = "the containers of a Pod share their network"
	} else {
		paste, note = s.byHand(request, netstat())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ran {
		r.listening = read
	}
	for i := range r.result.Rungs {
		if seen := &r.result.Rungs[i]; seen.Rung == RungSockets {
			seen.Running, seen.Outcome, seen.Detail, seen.Took, seen.Paste, seen.PasteNote = false, got.outcome, got.text(), took, paste, note
		}
	}
	r.tellLocked()
}
