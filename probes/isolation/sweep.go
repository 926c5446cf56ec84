package isolation

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

const (
	// sweepWidth is how many cells are tried at once, so that neither the API server nor a kubelet suffers.
	sweepWidth = 4
	// sweepPods is how many Pods are swept where nobody said how many.
	sweepPods = 200
)

// SweepResult is one sweep over the Pods and ports of a Service, finished or under way. It is immutable.
type SweepResult struct {
	Request Request
	// Ports are those that are swept, by their names or numbers; Unprobed are the others with their protocol: "53/UDP".
	Ports, Unprobed []string
	// Pods are in the order in which they are swept; when the sweep is over those come first of which something is wrong.
	Pods []SweptPod
	// LeftOut is how many Pods were not looked at, because there are more than the request allows.
	LeftOut int
	// Done and Total count the cells that are tried.
	Done, Total int
	// SlicesKnown means that the EndpointSlices could be read, so that it is known which Pods they list.
	SlicesKnown bool
	// Conclusion is nil until the sweep is over.
	Conclusion *Conclusion
}

// SweptPod is one Pod with a cell for each of the ports.
type SweptPod struct {
	Name, IP, Node string
	// Ready is the Pod's own condition. Listed means that an EndpointSlice of the Service names it, Unlisted that none is known to; neither
	// holds where the EndpointSlices could not be read. Serving and Terminating are what the slice says.
	Ready, Listed, Unlisted, Serving, Terminating bool
	// Idle says why the Pod is not tried, or does not count: it has ended, or nothing in it runs; empty where it does.
	Idle string
	// Ended means that it was deleted, or began to be, while the sweep ran, and did not answer.
	Ended bool
	Cells []Cell
}

// Cell is one port of one Pod.
type Cell struct {
	Port    string
	PodPort int32
	// Rungs are those of the Pod alone: Pod and Proxy→Pod.
	Rungs   []Observation
	Running bool
	// Usable means that the Service's port leads here, NoTraffic that it is known not to.
	Usable, NoTraffic bool
	// Mark is MarkNone until the cell was tried. Text says what is wrong, or what was seen; ID is the finding that it amounts to.
	Mark     check.Mark
	ID, Text string

	// next and command are what the cell's own conclusion advises.
	next, command string
	// encrypted means that it answers in TLS, where its port promises plain HTTP.
	encrypted bool
	// unsteady means that it answers, and its container ends again and again.
	unsteady bool
	// late means that its answer took longer than one is given.
	late bool
	// errorAlone means that it answers with an error, and the same port of another Pod without.
	errorAlone bool
	// wordless means that it accepted connections, and said nothing.
	wordless bool
}

// Sweep tries every Pod of a Service on all of its ports, or on the port of the request, a few at a time: the rungs Pod and Proxy→Pod
// as Run tries them. It hands each step to progress, which may be nil, from one goroutine at a time. When ctx ends it stops, and returns
// what it has, with a conclusion that says so. Nothing it started runs on when it returns.
func Sweep(ctx context.Context, dialer Dialer, snapshot *model.Snapshot, request Request, progress func(SweepResult)) SweepResult {
	w := &sweep{dialer: dialer, progress: progress, runs: map[place]*run{}}
	w.plan(snapshot, request)
	w.tell()
	if !request.ReadOnly {
		w.run(ctx)
	}
	w.readCells()
	w.leaveOutEnded(ctx)
	w.conclude(ctx.Err() != nil)
	w.tell()
	return w.result
}

// sweep is one sweep under way.
type sweep struct {
	dialer   Dialer
	progress func(SweepResult)
	// subject is that of the first port that is swept, for what is true of all: whether there is a Service, and whether Pods are known.
	subject subject
	// ports are the subjects of those that are swept, without a Pod.
	ports []subject

	mu     sync.Mutex
	result SweepResult
	runs   map[place]*run
}

// place is where a cell is: the indexes of its Pod and its port.
type place struct{ pod, port int }

// plan chooses ports and Pods, and makes a cell for each pair.
func (w *sweep) plan(snapshot *model.Snapshot, request Request) {
	request.Pod = ""
	judged := judge(snapshot, request)
	first := judged.atPort(request)
	w.subject = first.ofPod("")
	w.result.Request = request
	switch w.subject.facts.Fault {
	case faultServiceUnknown, faultNoService, faultExternalName, faultNoSuchPort, faultPortless:
		return
	}
	ports := []string{w.subject.request.Port}
	if request.Port == "" {
		ports = nil
		for _, planned := range Plan(snapshot, request.Service) {
			ports = append(ports, planned.Port)
		}
	}
	for _, port := range ports {
		asked := request
		asked.Port = port
		s := judged.atPort(asked)
		if s.facts.Fault == faultNotTCP {
			w.result.Unprobed = append(w.result.Unprobed, port+"/"+s.facts.Protocol)
			continue
		}
		if len(w.ports) == 0 {
			w.subject = s.ofPod("")
		}
		// What the checks find of the Service is said once, of all Pods together.
		s.facts.Diagnosis = nil
		w.result.Ports, w.ports = append(w.result.Ports, port), append(w.ports, s)
	}
	w.result.SlicesKnown = w.subject.facts.UsableKnown
	pods := w.pods()
	limit := cmp.Or(request.MaxPods, sweepPods)
	if limit > 0 && len(pods) > limit {
		w.result.LeftOut = len(pods) - limit
		pods = pods[:limit]
	}
	for i := range pods {
		pod := snapshot.Pod(model.Key{Namespace: request.Service.Namespace, Name: pods[i].Name})
		for j, port := range w.result.Ports {
			cell := Cell{Port: port}
			if pod != nil && len(w.subject.service.Spec.Selector) > 0 {
				// Known before it is tried: a sweep that is stopped shows what it would have dialled.
				target, _ := model.ResolveTargetPort(&pod.Spec, &w.ports[j].port)
				cell.PodPort = target.Number
			}
			pods[i].Cells = append(pods[i].Cells, cell)
		}
		if pods[i].Idle == "" {
			w.result.Total += len(pods[i].Cells)
		}
	}
	w.result.Pods = pods
}

// pods are those that the selector matches, and those that slices name beside them: first those that get no traffic though they run,
// because there something may be wrong; last those that are not tried.
func (w *sweep) pods() []SweptPod {
	service := w.subject.service
	backends := map[string]check.Backend{}
	objects := slices.Clone(w.subject.selected)
	known := make(map[*corev1.Pod]bool, len(objects))
	for _, object := range objects {
		known[object] = true
	}
	for _, backend := range w.subject.effective.Backends {
		if backend.PodName != "" {
			backends[backend.PodName] = backend
		}
		if backend.Pod != nil && !known[backend.Pod] {
			known[backend.Pod] = true
			objects = append(objects, backend.Pod)
		}
	}
	pods := make([]SweptPod, 0, len(objects))
	for _, object := range objects {
		backend, listed := backends[object.Name]
		address, _ := podAddress(service, object)
		swept := SweptPod{
			Name: object.Name, IP: address, Node: object.Spec.NodeName, Ready: model.PodReady(object),
			Listed: listed, Unlisted: !listed && w.subject.facts.UsableKnown, Serving: backend.Serving, Terminating: object.DeletionTimestamp != nil || backend.Terminating,
		}
		switch why := notRunning(object, ""); {
		case check.PodEnded(object):
			swept.Idle = "has ended: " + string(object.Status.Phase)
		case why != "":
			swept.Idle = strings.TrimPrefix(why, "Pod "+object.Name+" ")
		case object.Status.PodIP == "":
			swept.Idle = "has no IP yet"
		}
		pods = append(pods, swept)
	}
	rank := func(pod SweptPod) int {
		switch {
		case pod.Idle != "":
			return 2
		case pod.Ready && pod.Listed:
			return 1
		}
		return 0
	}
	slices.SortFunc(pods, func(a, b SweptPod) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return pods
}

// run tries the cells, a few at a time.
func (w *sweep) run(ctx context.Context) {
	// What change edits is a copy: these stay as they are.
	pods := w.result.Pods
	next := make(chan place)
	var workers sync.WaitGroup
	for range sweepWidth {
		workers.Go(guarded(func() {
			for at := range next {
				w.try(ctx, at, w.ports[at.port].ofPod(pods[at.pod].Name))
			}
		}))
	}
	defer workers.Wait()
	defer close(next)
	for i := range pods {
		if pods[i].Idle != "" {
			continue
		}
		for j := range w.ports {
			select {
			case next <- place{i, j}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// podsAgain bounds how many Pods are read again after a sweep.
const podsAgain = 50

// leaveOutEnded takes out of the count those Pods that did not answer and are being deleted, as in a rollout.
func (w *sweep) leaveOutEnded(ctx context.Context) {
	w.mu.Lock()
	pods := slices.Clone(w.result.Pods)
	w.mu.Unlock()
	left := podsAgain
	for i := range pods {
		pod := &pods[i]
		if pod.Idle != "" || !slices.ContainsFunc(pod.Cells, isBad) || left == 0 {
			continue
		}
		left--
		object := w.subject.snapshot.Pod(model.Key{Namespace: w.result.Request.Service.Namespace, Name: pod.Name})
		switch lookAgain(ctx, w.dialer, object) {
		case podIsGone:
			pod.Idle, pod.Ended = "it is gone by now", true
		case podTerminates:
			pod.Idle, pod.Ended = "it is being deleted", true
		case podStays:
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.result.Pods = pods
}

// try runs the rungs of one cell.
func (w *sweep) try(ctx context.Context, at place, s subject) {
	r := newRun(w.dialer, s, nil)
	r.podAlone = true
	r.restart = restartOf(s.pod, s.container, s.snapshot.At())
	r.result = r.subject.untried(nil)
	r.result.Rungs = slices.DeleteFunc(r.result.Rungs, func(seen Observation) bool { return seen.Rung != RungPod && seen.Rung != RungProxyPod })
	w.change(at, func(cell *Cell) {
		cell.Running, cell.PodPort, cell.Usable = true, r.subject.podPort, r.subject.facts.PodUsable
		cell.NoTraffic = r.subject.facts.UsableKnown && !cell.Usable
	})
	r.try(ctx)
	// What was cut off in the middle proves nothing.
	cut := ctx.Err() != nil
	w.change(at, func(cell *Cell) {
		cell.Running = false
		if cut {
			return
		}
		cell.Rungs = r.result.Rungs
		w.runs[at] = r
		w.result.Done++
		w.read(cell, r, false)
	})
}

// change edits a cell, and tells of it. What was told before stays as it is.
func (w *sweep) change(at place, edit func(*Cell)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods := slices.Clone(w.result.Pods)
	pods[at.pod].Cells = slices.Clone(pods[at.pod].Cells)
	w.result.Pods = pods
	edit(&pods[at.pod].Cells[at.port])
	w.tellLocked()
}

func (w *sweep) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tellLocked()
}

func (w *sweep) tellLocked() {
	if w.progress != nil {
		w.progress(w.result)
	}
}
