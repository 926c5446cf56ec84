package tui

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
)

// Times are drawn in local time; the pictures are to be the same everywhere.
func init() { time.Local = time.UTC }

// stage runs the whole screen without a terminal: keys go in, frames come out. Commands run as Bubble Tea runs
// them, each in its own goroutine.
type stage struct {
	t       *testing.T
	root    *root
	inbox   chan tea.Msg
	session *stageSession
	// clipboard is what was last sent to it.
	clipboard string
	quit      bool
	// exec is true once the terminal was given away.
	exec bool
	// logEnded is closed by a test that has seen the first log end.
	logEnded chan struct{}
	// start runs a command in its own goroutine.
	start func(tea.Cmd)
}

// stageSession is a session whose long work is given by the test.
type stageSession struct {
	*fakeSession
	logs func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error
	test func(ctx context.Context, request isolation.Request, progress func(isolation.Result))
	// sweep is sampleSweep where it is nil.
	sweep func(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult))
	yaml  func() (string, error)

	mu       sync.Mutex
	requests []isolation.Request
}

func (s *stageSession) Logs(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
	if s.logs == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.logs(ctx, request, lines)
}

func (s *stageSession) Test(ctx context.Context, request isolation.Request, progress func(isolation.Result)) {
	s.mu.Lock()
	s.requests = append(s.requests, request)
	s.mu.Unlock()
	if s.test != nil {
		s.test(ctx, request, progress)
	}
}

func (s *stageSession) Sweep(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
	if s.sweep == nil {
		progress(sampleSweep(request))
		return
	}
	s.sweep(ctx, request, progress)
}

func (s *stageSession) tested() []isolation.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]isolation.Request(nil), s.requests...)
}

func (s *stageSession) YAML(ctx context.Context, ref model.Ref) (string, error) {
	if s.yaml != nil {
		return s.yaml()
	}
	return s.fakeSession.YAML(ctx, ref)
}

// stageForwards holds forwards that lead nowhere.
type stageForwards struct {
	mu      sync.Mutex
	held    []model.Forward
	changed chan struct{}
	err     error
	specs   []model.ForwardSpec
	// busy are local ports that others listen on.
	busy []int
}

func newStageForwards(held ...model.Forward) *stageForwards {
	return &stageForwards{held: held, changed: make(chan struct{}, 1)}
}

func (f *stageForwards) Open(_ context.Context, _ Session, spec model.ForwardSpec) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.err
	}
	f.specs = append(f.specs, spec)
	id := len(f.specs) + 100
	f.held = append(f.held, model.Forward{ID: id, Target: spec.Target, Local: fmt.Sprintf("127.0.0.1:%d", spec.LocalPort), State: model.ForwardActive, Since: fixtureNow()})
	f.tell()
	return id, nil
}

func (f *stageForwards) Busy(_ context.Context, _ string, port int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.busy, port)
}

func (f *stageForwards) Stop(id int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var left []model.Forward
	for _, forward := range f.held {
		if forward.ID != id {
			left = append(left, forward)
		}
	}
	f.held = left
	f.tell()
}

func (f *stageForwards) tell() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *stageForwards) List() []model.Forward {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]model.Forward(nil), f.held...)
}

func (f *stageForwards) Changed() <-chan struct{} { return f.changed }

func (f *stageForwards) opened() []model.ForwardSpec {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]model.ForwardSpec(nil), f.specs...)
}

// stageConnector opens one session, or what the test says.
type stageConnector struct {
	session  Session
	contexts []model.ContextInfo
	open     func(name string) (Session, error)
}

func (c *stageConnector) Contexts() ([]model.ContextInfo, error) { return c.contexts, nil }

func (c *stageConnector) Open(_ context.Context, name string) (Session, error) {
	if c.open != nil {
		return c.open(name)
	}
	return c.session, nil
}

type stageSetup struct {
	width, height int
	state         *engine.State
	forwards      *stageForwards
	connector     *stageConnector
	environ       []string
	prepare       func(*stageSession)
	readOnly      bool
}

// newStage starts at home, connected, with the state shown.
func newStage(t *testing.T, setup stageSetup) *stage {
	t.Helper()
	session := &stageSession{fakeSession: newFakeSession()}
	if setup.prepare != nil {
		setup.prepare(session)
	}
	if setup.connector == nil {
		setup.connector = &stageConnector{contexts: []model.ContextInfo{
			{Name: "gke-prod", Current: true, Namespace: "shop", Server: "https://10.0.0.1"}, {Name: "kind-dev", Server: "https://127.0.0.1:6443"},
		}}
	}
	if setup.connector.session == nil {
		setup.connector.session = session
	}
	session.info.ReadOnly = setup.readOnly
	if setup.environ == nil {
		setup.environ = []string{"LANG=C.UTF-8"}
	}
	options := Options{
		Connector: setup.connector, Version: "v0.0.0-test", Now: fixtureNow, Environ: setup.environ, ReadOnly: setup.readOnly,
	}
	if setup.forwards != nil {
		options.Forwards = setup.forwards
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &stage{t: t, inbox: make(chan tea.Msg), session: session}
	s.root = newRoot(ctx, options, func(msg tea.Msg) {
		select {
		case s.inbox <- msg:
		case <-ctx.Done():
		}
	})
	t.Cleanup(cancel)
	s.start = func(command tea.Cmd) {
		go func() {
			if msg := command(); msg != nil {
				select {
				case s.inbox <- msg:
				case <-ctx.Done():
				}
			}
		}()
	}
	s.run(s.root.Init())
	s.give(tea.WindowSizeMsg{Width: setup.width, Height: setup.height})
	if setup.state != nil {
		session.states <- setup.state
		s.until("the state is there", func() bool { return s.root.sh.state != nil })
	}
	return s
}

func (s *stage) run(command tea.Cmd) {
	if command != nil {
		s.start(command)
	}
}

// give hands a message to the screen, and runs what comes of it.
func (s *stage) give(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
		return
	case tea.BatchMsg:
		for _, command := range msg {
			s.run(command)
		}
		return
	case tea.QuitMsg:
		s.quit = true
		return
	}
	switch reflect.TypeOf(msg).String() {
	case "tea.setClipboardMsg":
		s.clipboard = fmt.Sprint(msg)
		return
	case "tea.execMsg":
		s.exec = true
		return
	}
	_, command := s.root.Update(msg)
	s.run(command)
}

// until lets messages arrive until the condition holds.
func (s *stage) until(what string, holds func() bool) {
	s.t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for !holds() {
		select {
		case msg := <-s.inbox:
			s.give(msg)
		case <-limit.C:
			s.t.Fatalf("waited in vain until %s; the screen is\n%s", what, s.screen())
		}
	}
}

func (s *stage) untilScreen(text string) {
	s.t.Helper()
	s.until("the screen has "+text, func() bool { return strings.Contains(s.screen(), text) })
}

func (s *stage) screen() string { return ansi.Strip(s.root.View().Content) }

// press gives keys, named as in bindings.
func (s *stage) press(keys ...string) {
	for _, key := range keys {
		s.give(keyPress(key))
	}
}

// write types a text.
func (s *stage) write(text string) {
	for _, r := range text {
		if r == ' ' {
			s.press("space")
		} else {
			s.press(string(r))
		}
	}
}

// select puts the cursor of the home page on a Service.
func (s *stage) choose(name string) {
	s.t.Helper()
	home := s.root.stack[0].page.(*servicesPage)
	if !home.list.find(model.Key{Namespace: "shop", Name: name}) {
		s.t.Fatalf("there is no Service %s on the screen", name)
	}
}

// golden compares the visible screen, and holds that it fits its window.
func (s *stage) golden() {
	s.t.Helper()
	frame := s.screen()
	s.fits()
	golden.RequireEqual(s.t, []byte(trimLines(frame)))
}

// fits holds that the frame has exactly the window's size and nothing that a terminal would act on.
func (s *stage) fits() {
	s.t.Helper()
	sh := s.root.sh
	frame := s.screen()
	if sh.width == 0 || sh.height == 0 {
		return
	}
	lines := strings.Split(frame, "\n")
	if len(lines) > sh.height {
		s.t.Errorf("%d lines in a window of %d", len(lines), sh.height)
	}
	for _, line := range lines {
		if width := ansi.StringWidth(line); width > sh.width {
			s.t.Errorf("a line of %d cells in a window of %d: %q", width, sh.width, line)
		}
		for _, r := range line {
			if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				s.t.Errorf("control character %U on the screen: %q", r, line)
			}
		}
	}
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// stagePod is a Pod of a fixture's Service.
func stagePod(name, app string, ready bool) *corev1.Pod {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"app": app}, CreationTimestamp: metav1.Time{Time: ago(time.Hour)}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "app", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}},
			{Name: "sidecar", Ports: []corev1.ContainerPort{{ContainerPort: 15090, Protocol: corev1.ProtocolTCP}}},
		}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: "10.4.2.17", Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "app", RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
}

// stageState is the shop with two Pods behind cart and two events.
func stageState(more ...metav1.Object) *engine.State {
	state := stateOf("shop", shopFixtures()...)
	builder := model.NewBuilder(state.Snapshot)
	builder.Put(stagePod("cart-5c9d7-x2lqp", "cart", false), stagePod("cart-5c9d7-m4k8s", "cart", true))
	builder.Put(
		stageEvent("a", "cart-5c9d7-x2lqp", corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 41, 2*time.Minute, 40*time.Minute),
		stageEvent("b", "cart-5c9d7-m4k8s", corev1.EventTypeNormal, "Pulled", `Container image "registry.example.com/shop/cart:1.4.2" already present on machine`, 1, time.Hour, time.Hour),
	)
	builder.Put(more...)
	made := *state
	made.Snapshot = builder.Build(fixtureNow())
	return &made
}

func stageEvent(name, pod, kind, reason, message string, times int32, last, first time.Duration) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid-event-" + name)},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: pod, UID: types.UID("uid-" + pod)},
		Type:           kind, Reason: reason, Message: message, Count: times, Source: corev1.EventSource{Component: "kubelet"},
		FirstTimestamp: metav1.Time{Time: ago(first)}, LastTimestamp: metav1.Time{Time: ago(last)},
	}
}
