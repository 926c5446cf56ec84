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
	r := newRun(dialer, newSubject(snapshot, request), progress)
	r.targets = hereTargets(&r.subject)
	r.result = r.subject.untried(r.targets)
	r.result.ForClient = r.subject.forClient
	r.result.Rungs = append(r.result.Rungs, r.subject.untriedInCluster()...)
	r.result.Rungs = append(r.result.Rungs, r.subject.untriedSockets()...)
	r.tell()
	began := time.Now()
	var beside sync.WaitGroup
	beside.Go(guarded(func() { r.fromHere(ctx) }))
	beside.Go(guarded(func() { r.inCluster(ctx) }))
	beside.Go(guarded(func() { r.sockets(ctx) }))
	if r.subject.triable() {
		r.try(ctx)
	}
	beside.Wait()
	r.settleClient()
	r.settleHere(ctx)
	if r.subject.container != "" {
		r.restart = restartOf(r.subject.pod, r.subject.container, snapshot.At())
	}
	conclusion := Conclude(r.result.Rungs, r.facts())
	if (conclusion.Mark != check.MarkOK || r.changed) && r.tried() {
		// In a rollout the tested Pod may end while it is tested.
		var pod *corev1.Pod
		r.since, pod = readAgain(ctx, dialer, r.subject.pod)
		at := snapshot.At().Add(time.Since(began))
		if r.restart = restartOf(pod, r.subject.container, at); conclusion.contradictory && r.since == podStays && r.refusedOrClosed() {
			r.restart = r.otherwise(ctx, pod, at)
		}
		if conclusion.Mark == check.MarkFail && r.since == podStays {
			r.otherEnding = r.subject.otherEnding(ctx, dialer)
		}
		if r.since != podStays {
			// Its log goes with it, and another takes its place.
			r.restart = restart{}
		}
		conclusion = Conclude(r.result.Rungs, r.facts())
	}
	conclusion.Next = r.subject.permitted(conclusion.Next)
	tested := sightOf(r.result.Rungs, r.facts())
	conclusion.ClientServed = (tested.inCluster|tested.clientName)&answered != none
	r.result.Conclusion = &conclusion
	if conclusion.OnlyForClient {
		r.result.Basis = r.result.Basis.withClient(&r.subject)
	}
	r.tell()
	return r.result
}

func newRun(dialer Dialer, s subject, progress func(Result)) *run {
	return &run{
		dialer: dialer, subject: s, progress: progress,
		silent: map[Rung]bool{}, closed: map[Rung]bool{}, clientProof: map[string]evidence{}, reach: newReach(), opaque: map[string]answer{}, told: map[string]dialled{},
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
	r.askAgain(ctx)
	if !r.podAlone {
		r.calibrate(ctx)
		r.askForwarded(ctx)
	}
}

// run is one test under way.
type run struct {
	dialer   Dialer
	subject  subject
	progress func(Result)
	// podAlone leaves out what is not about the one Pod: the rungs Service and Proxy→Service, and the comparison with another Pod.
	podAlone bool

	mu     sync.Mutex
	result Result
	// speaksFirst means that the application sent something unasked.
	speaksFirst    bool
	silent, closed map[Rung]bool
	speaksTLS      bool
	notGRPC        bool
	// speaksGRPC is that of Facts.
	speaksGRPC bool
	notTLS     bool
	// notHTTP means that HTTP was answered in something else on any way, heardHTTP that it was answered in HTTP.
	notHTTP, heardHTTP bool
	// heardTLS means that HTTPS was answered in HTTPS on any way.
	heardTLS bool
	// heardWords means that the application said something on any way, heardPod that the tested Pod's did, and metPod that this one was connected.
	heardWords, heardPod, metPod bool
	addressRefused               bool
	otherPod                     string
	otherPodAnswers              bool
	// atForwardPod is that of Facts.
	atForwardPod evidence

	// stillRefused is that of Facts.
	stillRefused bool
	// changed is that of Facts.
	changed bool
	// timed are the answers whose time counts.
	timed []timed
	// since is what has become of the tested Pod while it was tested.
	since podState
	// restart and otherEnding are those of Facts.
	restart     restart
	otherEnding string
	// targets are what From here dials, and heard, in the same order, what they answered: it is written by the rung alone.
	targets []hereTarget
	heard   []heard
	here    []Here
	reach   *reach
	// opaque are the answers that may be a mesh's, by the rung or the target of a client; told are a client's, by target.
	opaque map[string]answer
	told   map[string]dialled
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
	facts.Silent, facts.Closed = maps.Clone(r.silent), maps.Clone(r.closed)
	facts.AddressRefused, facts.SpeaksTLS = r.addressRefused, r.speaksTLS
	facts.Late, facts.LateElsewhere, facts.PodInTime = r.lateness()
	facts.meshSaid = r.meshSaid()
	facts.MeshAnswered = len(facts.meshSaid) > 0
	for target := range r.told {
		facts.ClientMeshAnswered = facts.ClientMeshAnswered || facts.ClientMesh != "" && facts.meshSaid[target]
	}
	if r.notGRPC {
		facts.NotGRPC = r.subject.speaks.evidence
	}
	if r.notTLS && r.subject.speaks.scheme == schemeHTTPS && r.subject.speaks.known {
		facts.NotTLS, facts.SomeTLS = r.subject.speaks.evidence, r.heardTLS
	}
	facts.SchemeChosen = r.subject.speaks.chosen
	facts.SpeaksGRPC = r.speaksGRPC
	facts.SpeaksOther = r.notHTTP && !r.heardHTTP && !r.speaksGRPC && r.subject.speaks.scheme == schemeHTTP
	if facts.SpeaksOther && r.subject.speaks.known {
		facts.NotHTTP = r.subject.speaks.evidence
	}
	facts.Wordless, facts.PodWordless, facts.StillRefused = !r.heardWords, r.metPod && !r.heardPod, r.stillRefused
	facts.Changed = r.changed
	facts.atForwardPod = r.atForwardPod
	facts.OtherPod, facts.OtherPodAnswers = r.otherPod, r.otherPodAnswers
	facts.Here, facts.SourceRanges = slices.Clone(r.here), r.subject.ranges()
	facts.Unresolved, facts.Sockets, facts.clientProof = r.unresolved, r.listening, maps.Clone(r.clientProof)
	facts.PodGone = r.since == podIsGone || podGoneIn(r.result.Rungs, facts.Pod)
	facts.OtherEnding, facts.Restart = r.otherEnding, r.restart.inSnapshot(r.subject.snapshot, r.subject.pod)
	facts.PodTerminating = facts.PodTerminating || r.since == podTerminates
	facts.Retarget = r.subject.retarget(facts.Sockets)
	return facts
}

// refusedOrClosed tells whether a rung was refused or closed, as one is that meets a container which ends.
func (r *run) refusedOrClosed() bool {
	return len(r.closed) > 0 || slices.ContainsFunc(r.result.Rungs, func(seen Observation) bool { return seen.Outcome == Refused })
}

// tried tells whether a rung led to the tested Pod.
func (r *run) tried() bool {
	return slices.ContainsFunc(r.result.Rungs, func(seen Observation) bool { return seen.Outcome != NotRun })
}

// podGoneIn tells whether the API server said that there is no such Pod, in the words of its own errors.
func podGoneIn(rungs []Observation, pod string) bool {
	return pod != "" && slices.ContainsFunc(rungs, func(seen Observation) bool {
		return (seen.Rung == RungPod || seen.Rung == RungProxyPod) && seen.Outcome == Failed && strings.Contains(seen.Detail, fmt.Sprintf("pods %q not found", pod))
	})
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
		chosen.pod, chosen.podPort, chosen.container = s.forwarded, target.Number, containerOf(&s.forwarded.Spec, target)
		chosen.facts.NotRunning = notRunning(s.forwarded, chosen.container)
	}
	return chosen
}

// speak tries a forward, and once more with TLS or in gRPC, where the answer asks for that; where somebody chose HTTP, with TLS only if it says so
// in HTTP.
func (r *run) speak(ctx context.Context, s subject) answer {
	got := tryForward(ctx, r.dialer, s, s.speaks.scheme)
	if got.wantsTLS && (!s.speaks.chosen || got.status) && s.speaks.scheme == schemeHTTP {
		got = got.orOverTLS(tryForward(ctx, r.dialer, s, schemeHTTPS))
	}
	if got.closed && s.speaks.scheme == schemeHTTP {
		// A server that speaks gRPC alone hangs up on HTTP/1.1.
		if asked := tryForward(ctx, r.dialer, s, schemeGRPC); asked.outcome == OK && asked.status {
			r.mu.Lock()
			r.speaksGRPC = true
			r.mu.Unlock()
		}
	}
	if got.notGRPC && got.closed {
		// A server whose gRPC is encrypted may hang up without a word.
		if encrypted := tryForward(ctx, r.dialer, s, schemeHTTPS); encrypted.outcome == OK && !encrypted.closed && !encrypted.silent && !encrypted.notTLS {
			return answer{outcome: OK, detail: "answers in TLS: its gRPC is encrypted"}
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
	asking, stop := context.WithCancel(ctx)
	defer r.reach.asking.Wait()
	defer stop()
	var rungs sync.WaitGroup
	defer rungs.Wait()
	if !r.podAlone {
		r.begin(RungProxyService)
		rungs.Go(guarded(func() { r.observe(RungProxyService, func() answer { return r.proxyToService(ctx) }) }))
	}
	if s.whyNot(RungProxyPod) == "" {
		r.begin(RungProxyPod)
		rungs.Go(guarded(func() { r.observe(RungProxyPod, func() answer { return r.proxyToPod(ctx, r.besidePod(asking)) }) }))
	}
}

func (r *run) proxyToService(ctx context.Context) answer {
	s := &r.subject
	return tryProxy(ctx, r.dialer, *s, model.Services, s.request.Service.Name, portName(s.port), s.speaks.scheme, r.besideService()).withoutEndpointsObject()
}

func (r *run) proxyToPod(ctx context.Context, known beside) answer {
	s := &r.subject
	return tryProxy(ctx, r.dialer, *s, model.Pods, s.pod.Name, strconv.Itoa(int(s.podPort)), s.speaks.scheme, known)
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
