package isolation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Run tests one port of a Service: it tries the rungs over dialer, and concludes. It hands each step to progress, the last one
// included, from one goroutine at a time; progress may be nil. When ctx ends it stops, and returns what it has. Nothing it
// started runs on when it returns.
func Run(ctx context.Context, dialer Dialer, snapshot *model.Snapshot, request Request, progress func(Result)) Result {
	r := newRun(dialer, snapshot, request, progress)
	r.targets = hereTargets(snapshot, &r.subject)
	r.result = r.subject.untried(r.targets)
	r.result.ForClient = r.subject.forClient
	r.result.Rungs = append(r.result.Rungs, r.subject.untriedInCluster(snapshot)...)
	r.result.Rungs = append(r.result.Rungs, r.subject.untriedSockets()...)
	r.tell()
	var beside sync.WaitGroup
	beside.Go(guarded(func() { r.fromHere(ctx) }))
	beside.Go(guarded(func() { r.inCluster(ctx) }))
	beside.Go(guarded(func() { r.sockets(ctx) }))
	if r.subject.triable() {
		r.try(ctx)
	}
	beside.Wait()
	r.settleHere(ctx)
	conclusion := Conclude(r.result.Rungs, r.facts())
	r.result.Conclusion = &conclusion
	r.tell()
	return r.result
}

func newRun(dialer Dialer, snapshot *model.Snapshot, request Request, progress func(Result)) *run {
	return &run{
		dialer: dialer, snapshot: snapshot, subject: newSubject(snapshot, request), progress: progress,
		silent: map[Rung]bool{}, clientProof: map[string]evidence{}, reach: newReach(),
	}
}

// try runs the rungs. Where nothing says that the port speaks HTTP, the proxies wait for what the forwards find out.
func (r *run) try(ctx context.Context) {
	var forwards sync.WaitGroup
	forwards.Go(guarded(func() { r.forwards(ctx) }))
	if r.subject.speaks.scheme == schemeTCP {
		forwards.Wait()
	}
	r.proxies(ctx)
	forwards.Wait()
	if !r.podAlone {
		r.calibrate(ctx)
	}
}

// run is one test under way.
type run struct {
	dialer   Dialer
	snapshot *model.Snapshot
	subject  subject
	progress func(Result)
	// podAlone leaves out what is not about the one Pod: the rungs Service and Proxy→Service, and the comparison with another Pod.
	podAlone bool

	mu     sync.Mutex
	result Result
	// speaksFirst means that the application sent something unasked.
	speaksFirst     bool
	silent          map[Rung]bool
	meshAnswered    bool
	speaksTLS       bool
	notGRPC         bool
	addressRefused  bool
	otherPod        string
	otherPodAnswers bool

	// targets are what From here dials, and heard, in the same order, what they answered: it is written by the rung alone.
	targets []hereTarget
	heard   []heard
	here    []Here
	reach   *reach
	// podForward is the answer of the rung Pod, once it has one.
	podForward *answer
	// inside are the answers of the application on the rungs that lead to it and to nothing else.
	inside []answer
	// clientProof is that of Facts.
	clientProof map[string]evidence
	// unresolved means that the client could not resolve the Service's name; listening are the Pod's sockets.
	unresolved bool
	listening  Sockets
}

// facts joins what was known before with how the rungs answered.
func (r *run) facts() Facts {
	r.mu.Lock()
	defer r.mu.Unlock()
	facts := r.subject.facts
	facts.Silent = maps.Clone(r.silent)
	facts.MeshAnswered, facts.AddressRefused, facts.SpeaksTLS = r.meshAnswered, r.addressRefused, r.speaksTLS
	if r.notGRPC {
		facts.NotGRPC = r.subject.speaks.evidence
	}
	facts.OtherPod, facts.OtherPodAnswers = r.otherPod, r.otherPodAnswers
	facts.Here, facts.SourceRanges = slices.Clone(r.here), r.subject.ranges()
	facts.Unresolved, facts.Sockets, facts.clientProof = r.unresolved, r.listening, maps.Clone(r.clientProof)
	return facts
}

// tell hands over the result as it is. It holds the lock, so that steps arrive in order.
func (r *run) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tellLocked()
}

func (r *run) tellLocked() {
	if r.progress == nil {
		return
	}
	result := r.result
	result.Rungs = slices.Clone(r.result.Rungs)
	r.progress(result)
}

// triable tells whether any rung can be tried at all.
func (s *subject) triable() bool { return s.looksAtPods() && !s.request.ReadOnly }

// looksAtPods tells whether a Pod was looked for: nothing about the Service itself forbids it.
func (s *subject) looksAtPods() bool {
	switch s.facts.Fault {
	case faultServiceUnknown, faultNoService, faultExternalName, faultNoSuchPort, faultNotTCP:
		return false
	}
	return true
}

// untried is the result before anything was tried, with the reason on each rung that cannot be.
func (s *subject) untried(targets []hereTarget) Result {
	result := Result{Request: s.request, PodPort: s.podPort, Protocol: s.speaks.String()}
	for _, rung := range []Rung{RungPod, RungService, RungProxyService, RungProxyPod} {
		result.Rungs = append(result.Rungs, Observation{
			Rung: rung, Crosses: s.crosses(rung), Outcome: NotRun, Detail: s.whyNot(rung),
		})
	}
	result.Rungs = append(result.Rungs, s.untriedHere(targets)...)
	if !s.triable() && len(targets) == 0 {
		result.Protocol = ""
	}
	return result
}

func (s *subject) crosses(rung Rung) string {
	pod := "no Pod"
	switch {
	case s.pod != nil:
		pod = s.pod.Name
	case !s.looksAtPods():
		pod = "a Pod"
	}
	switch rung {
	case RungPod:
		return "port-forward → localhost inside the Pod"
	case RungService:
		chosen := s.asKubectl()
		if chosen.pod != nil {
			pod = chosen.pod.Name
		}
		line := fmt.Sprintf("selector → %s, %d → %d", pod, s.port.Port, chosen.podPort)
		switch {
		case s.facts.Fault == faultNoSelector || chosen.pod == nil || chosen.podPort == 0:
			return "selector → " + pod
		case s.facts.Headless && s.port.Port != chosen.podPort:
			return line + fmt.Sprintf(" (kubectl dials %d: headless)", s.port.Port)
		}
		return line
	case RungProxyService:
		switch s.facts.Usable {
		case 0:
			if !s.looksAtPods() || !s.facts.UsableKnown {
				return "ready endpoints → a Pod's IP"
			}
			return "ready endpoints → none"
		case 1:
			return "ready endpoints → " + hostPort(s.endpoints[0].Address, s.endpoints[0].Port)
		}
		return fmt.Sprintf("ready endpoints → one of %d", s.facts.Usable)
	default:
		if s.pod == nil || s.facts.PodIP == "" {
			return "the Pod's IP"
		}
		if s.podPort == 0 {
			return s.facts.PodIP
		}
		return hostPort(s.facts.PodIP, s.podPort)
	}
}

// whyNot says why a rung cannot be tried; empty where it can.
func (s *subject) whyNot(rung Rung) string {
	switch {
	case s.facts.Fault == faultServiceUnknown:
		return "the Service could not be read"
	case s.facts.Fault == faultNoService:
		return "there is no such Service"
	case s.facts.Fault == faultExternalName:
		return "an ExternalName has no Pods"
	case s.facts.Fault == faultNotTCP:
		return s.facts.Protocol + " cannot be forwarded or proxied"
	case s.facts.Fault == faultNoSuchPort:
		return "the Service has no port " + s.request.Port
	case s.request.ReadOnly:
		return "svctui runs read-only"
	case rung == RungService, rung == RungProxyService:
		return ""
	case s.pod == nil && !s.facts.PodsKnown:
		return "Pods cannot be read, so none could be chosen"
	case s.pod == nil && s.request.Pod != "":
		return "there is no Pod " + s.request.Pod
	case s.pod == nil:
		return "there is no Pod to try"
	case s.podPort == 0:
		return fmt.Sprintf("the Pod has no port named %s", s.port.TargetPort.StrVal)
	case rung == RungPod:
		return s.facts.NotRunning
	case check.PodEnded(s.pod):
		return "the Pod has ended"
	case s.pod.Status.PodIP == "":
		return "the Pod has no IP yet"
	case s.facts.ProxyElsewhere && s.facts.PodIP == "":
		return "the Pod has no address of the Service's IP family"
	case s.facts.ProxyElsewhere:
		return fmt.Sprintf("it dials %s, and the Service leads to %s", s.pod.Status.PodIP, s.facts.PodIP)
	}
	return ""
}

// kubectlSays is what `kubectl port-forward` to the Service would say instead of forwarding; empty where it would forward.
func (s *subject) kubectlSays() string {
	switch s.facts.Fault {
	case faultNoSelector:
		return "Service is defined without a selector"
	case faultNoPods:
		return "no Pod matches; kubectl waits 60 s for one: timed out waiting for the condition"
	case faultNoNamedPort:
		return fmt.Sprintf("Pod '%s' does not have a named port '%s'", s.forwarded.Name, s.port.TargetPort.StrVal)
	case faultPodNotRunning:
		return fmt.Sprintf("unable to forward port because pod is not running. Current status=%s", s.forwarded.Status.Phase)
	}
	return ""
}

// forwards runs the rungs Pod and Service beside each other.
func (r *run) forwards(ctx context.Context) {
	s := &r.subject
	var rungs sync.WaitGroup
	defer rungs.Wait()
	if s.whyNot(RungPod) == "" {
		r.begin(RungPod)
		rungs.Go(guarded(func() { r.observe(RungPod, func() answer { return r.speak(ctx, *s) }) }))
	}
	chosen := s.asKubectl()
	switch {
	case r.podAlone:
	case s.kubectlSays() != "":
		r.end(RungService, failed(s.kubectlSays()), 0)
	case chosen.whyNot(RungPod) == "":
		r.begin(RungService)
		rungs.Go(guarded(func() { r.observe(RungService, func() answer { return r.speak(ctx, chosen) }) }))
	default:
		r.end(RungService, answer{outcome: NotRun, detail: chosen.whyNot(RungPod)}, 0)
	}
}

// asKubectl is the subject with the Pod that kubectl would choose, whatever Pod was asked for.
func (s *subject) asKubectl() subject {
	chosen := *s
	if s.forwarded == nil || s.forwarded == s.pod {
		return chosen
	}
	if target, ok := model.ResolveTargetPort(&s.forwarded.Spec, &s.port); ok {
		chosen.pod, chosen.podPort, chosen.container = s.forwarded, target.Number, target.Container
		chosen.facts.NotRunning = notRunning(s.forwarded, target.Container)
	}
	return chosen
}

// speak tries a forward, and once more with TLS where the answer asks for it and nobody chose the scheme.
func (r *run) speak(ctx context.Context, s subject) answer {
	got := tryForward(ctx, r.dialer, s, s.speaks.scheme)
	if got.wantsTLS && !s.speaks.chosen && s.speaks.scheme == schemeHTTP {
		if encrypted := tryForward(ctx, r.dialer, s, schemeHTTPS); encrypted.status {
			return encrypted.overTLS()
		}
	}
	return got
}

// proxies runs the rungs over the API server's proxy beside each other. They speak HTTP, whatever the port speaks; so they are
// left out where the application speaks first or is known to speak something else that takes offence.
func (r *run) proxies(ctx context.Context) {
	s := &r.subject
	if why := r.offence(); why != "" {
		r.end(RungProxyService, answer{outcome: NotRun, detail: why}, 0)
		r.end(RungProxyPod, answer{outcome: NotRun, detail: why}, 0)
		return
	}
	scheme := s.speaks.scheme
	asking, stop := context.WithCancel(ctx)
	defer r.reach.asking.Wait()
	defer stop()
	var rungs sync.WaitGroup
	defer rungs.Wait()
	if !r.podAlone {
		r.begin(RungProxyService)
		rungs.Go(guarded(func() {
			r.observe(RungProxyService, func() answer {
				return tryProxy(ctx, r.dialer, *s, model.Services, s.request.Service.Name, portName(s.port), scheme, r.besideService()).withoutEndpointsObject()
			})
		}))
	}
	if s.whyNot(RungProxyPod) == "" {
		r.begin(RungProxyPod)
		rungs.Go(guarded(func() {
			r.observe(RungProxyPod, func() answer {
				return tryProxy(ctx, r.dialer, *s, model.Pods, s.pod.Name, strconv.Itoa(int(s.podPort)), scheme, r.besidePod(asking))
			})
		}))
	}
}

// withoutEndpointsObject explains that the API server does not find a Service which is there: its proxy picks an address out of the Service's
// Endpoints object (ResourceLocation in kubernetes/pkg/registry/core/service/storage), and says so in the Service's name where there is none.
// Who writes EndpointSlices by hand need not write Endpoints.
func (a answer) withoutEndpointsObject() answer {
	if a.noObject {
		a.detail += ": the Service is there, but no Endpoints object of it, which this way reads"
	}
	return a
}

// offence says why HTTP is not sent to the application: it speaks first, or it is MySQL, which blocks clients after junk
// handshakes, here the API server.
func (r *run) offence() string {
	s := &r.subject
	switch {
	case s.speaks.scheme != schemeTCP:
		return ""
	case r.speaksFirst:
		return "the application speaks first, and this way speaks HTTP only"
	case s.isMySQL():
		return "this way speaks HTTP only, and MySQL blocks clients for that"
	}
	return ""
}

func (s *subject) isMySQL() bool {
	if s.podPort == 3306 || s.podPort == 33060 {
		return true
	}
	words := []string{s.port.Name, containerPortName(s.pod, s.podPort)}
	if s.port.AppProtocol != nil {
		words = append(words, *s.port.AppProtocol)
	}
	return slices.ContainsFunc(words, func(word string) bool {
		return strings.Contains(word, "mysql") || strings.Contains(word, "mariadb")
	})
}

// calibrate compares with another Ready Pod where the API server got no answer from this one's IP: only if that one answers,
// the silence speaks of this Pod.
func (r *run) calibrate(ctx context.Context) {
	if !r.unanswered() {
		return
	}
	other, port := r.otherReadyPod()
	if other == nil {
		return
	}
	reached := r.reaches(ctx, other.Name, port)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.otherPod, r.otherPodAnswers = other.Name, reached
}

func (r *run) unanswered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addressRefused {
		return true
	}
	for _, seen := range r.result.Rungs {
		if seen.Rung == RungProxyPod && seen.Outcome == Timeout && !r.silent[RungProxyPod] {
			return true
		}
	}
	return false
}

// otherReadyPod finds a Ready Pod to compare with, and a port that it surely listens on: another one of this Service, else one
// of the namespace whose readiness probe passes on its IP.
func (r *run) otherReadyPod() (*corev1.Pod, int32) {
	s := &r.subject
	for _, pod := range r.snapshot.Selected(s.service.Namespace, s.service.Spec.Selector) {
		if target, ok := model.ResolveTargetPort(&pod.Spec, &s.port); ok && comparesWith(pod, s.pod) {
			return pod, target.Number
		}
	}
	for _, pod := range r.snapshot.Pods(s.service.Namespace) {
		if !comparesWith(pod, s.pod) {
			continue
		}
		for container := range model.ServingContainers(&pod.Spec) {
			probe := container.ReadinessProbe
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Host != "" {
				continue
			}
			if port := probePort(probe.HTTPGet.Port, container); port != 0 {
				return pod, port
			}
		}
	}
	return nil, 0
}

func comparesWith(pod, with *corev1.Pod) bool {
	return model.PodReady(pod) && pod.DeletionTimestamp == nil && pod.Status.PodIP != "" &&
		(with == nil || pod.Name != with.Name) && !pod.Spec.HostNetwork
}

func (r *run) begin(rung Rung) { r.beginAt(rung, "") }

// beginAt says that a rung is tried at one of its targets.
func (r *run) beginAt(rung Rung, target string) {
	r.change(rung, target, func(seen *Observation) { seen.Running, seen.Outcome, seen.Detail = true, "", "" })
}

func (r *run) observe(rung Rung, try func() answer) {
	started := time.Now()
	got := try()
	r.end(rung, got, time.Since(started))
}

func (r *run) end(rung Rung, got answer, took time.Duration) { r.endAt(rung, "", got, took) }

// endAt says what came of a rung at one of its targets.
func (r *run) endAt(rung Rung, target string, got answer, took time.Duration) {
	r.change(rung, target, func(seen *Observation) {
		seen.Running, seen.Outcome, seen.Detail, seen.Took = false, got.outcome, got.text(), took
		if rung == RungFromHere {
			return
		}
		if got.silent {
			r.silent[rung] = true
		}
		if rung == RungPod {
			r.podForward = &got
		}
		if rung == RungProxyPod && (got.silent || got.mute) {
			r.reach.podIsSilent()
		}
		if got.outcome == OK {
			r.inside = append(r.inside, got)
		}
		r.speaksFirst = r.speaksFirst || got.speaksFirst
		r.speaksTLS = r.speaksTLS || got.insteadTLS
		r.notGRPC = r.notGRPC || got.notGRPC
		if rung == RungProxyService || rung == RungProxyPod {
			r.meshAnswered = r.meshAnswered || got.opaque && r.subject.facts.Mesh != ""
		}
		if rung == RungProxyPod {
			r.addressRefused = got.addressRefused
		}
	})
}

// changeAll edits every row of a rung.
func (r *run) changeAll(rung Rung, edit func(*Observation)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.result.Rungs {
		if r.result.Rungs[i].Rung == rung {
			edit(&r.result.Rungs[i])
		}
	}
	r.tellLocked()
}

func (r *run) change(rung Rung, target string, edit func(*Observation)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.result.Rungs {
		if r.result.Rungs[i].Rung == rung && r.result.Rungs[i].Target == target {
			edit(&r.result.Rungs[i])
		}
	}
	r.tellLocked()
}
