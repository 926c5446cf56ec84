package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/hinshun/vt10x"
	"go.uber.org/goleak"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
)

// terminal is a terminal that a program writes to: it counts bytes, and knows what a person would see.
type terminal struct {
	mu     sync.Mutex
	screen vt10x.Terminal
	raw    bytes.Buffer
	wrote  chan struct{}
}

func newTerminal(width, height int) *terminal {
	return &terminal{screen: vt10x.New(vt10x.WithSize(width, height)), wrote: make(chan struct{}, 1)}
}

func (w *terminal) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.raw.Write(p)
	// Leaving the alternate screen would take away what is to be looked at. A line feed alone means a new line
	// to the renderer where the output is no terminal.
	text := strings.ReplaceAll(strings.ReplaceAll(string(p), "\x1b[?1049l", ""), "\n", "\r\n")
	_, _ = w.screen.Write([]byte(text))
	select {
	case w.wrote <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (w *terminal) picture() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.screen.String()
}

func (w *terminal) bytes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raw.Len()
}

func (w *terminal) output() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.raw.String()
}

// until waits for the screen to fulfil a condition.
func (w *terminal) until(t testing.TB, what string, ok func(picture string) bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if ok(w.picture()) {
			return
		}
		select {
		case <-w.wrote:
		case <-deadline:
			t.Fatalf("the screen never showed %s:\n%s", what, w.picture())
		}
	}
}

// running is svctui on a terminal of our own.
type running struct {
	terminal *terminal
	session  *fakeSession
	keys     *io.PipeWriter
	stop     context.CancelFunc
	restore  func()
	done     chan error
}

// start runs svctui; environ is added to the environment.
func start(t testing.TB, connector Connector, session *fakeSession, environ ...string) *running {
	t.Helper()
	keysRead, keysWrite := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{terminal: newTerminal(120, 40), session: session, keys: keysWrite, stop: cancel, done: make(chan error, 1)}
	started := make(chan struct{})
	options := Options{
		Connector: connector, Now: fixtureNow, SSH: true, Environ: append([]string{"TERM=xterm-256color", "LANG=C.UTF-8", "SSH_TTY=/dev/pts/1"}, environ...),
		Input: keysRead, Output: r.terminal,
		OnStart: func(restore func()) { r.restore = restore; close(started) },
		programOptions: []tea.ProgramOption{
			tea.WithWindowSize(120, 40), tea.WithColorProfile(colorprofile.ANSI256),
		},
	}
	go func() {
		defer close(r.done)
		r.done <- Run(ctx, options)
	}()
	<-started
	t.Cleanup(func() {
		cancel()
		_ = keysWrite.Close()
		// What is still running would meet the next test.
		for range r.done {
		}
	})
	return r
}

func (r *running) press(t testing.TB, keys string) {
	t.Helper()
	if _, err := io.WriteString(r.keys, keys); err != nil {
		t.Fatal(err)
	}
}

func (r *running) wait(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("svctui did not end")
		return nil
	}
}

// mustBeRestored fails unless the last words to the terminal gave it back.
func (r *running) mustBeRestored(t testing.TB) {
	t.Helper()
	output := r.terminal.output()
	entered, left := strings.LastIndex(output, "\x1b[?1049h"), strings.LastIndex(output, "\x1b[?1049l")
	if entered < 0 || left < entered {
		t.Errorf("the alternate screen was entered at byte %d and left at %d", entered, left)
	}
	if strings.LastIndex(output, "\x1b[?25h") < strings.LastIndex(output, "\x1b[?25l") {
		t.Errorf("the cursor stays hidden")
	}
}

func startedWithShop(t testing.TB) *running {
	t.Helper()
	session := newFakeSession()
	session.states <- stateOf("shop", shopFixtures()...)
	r := start(t, &fakeConnector{session: session}, session)
	r.terminal.until(t, "the list", func(p string) bool { return strings.Contains(p, "checkout") && strings.Contains(p, "live") })
	return r
}

func TestRunEndsByKeyAndLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r := startedWithShop(t)
	r.press(t, "\r")
	r.terminal.until(t, "the Service", func(p string) bool {
		return strings.Contains(p, "None of the 3 Pods is Ready") && strings.Contains(p, "Isolation test")
	})
	r.press(t, "q")
	r.terminal.until(t, "the list again", func(p string) bool { return strings.Contains(p, "13 Services") })
	r.press(t, "q")
	if err := r.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	r.mustBeRestored(t)
	r.stop()
	_ = r.keys.Close()
	r.untilClosed(t)
}

// untilClosed waits until the session was closed, which happens in its own goroutine.
func (r *running) untilClosed(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		r.session.mu.Lock()
		closed := r.session.closed
		r.session.mu.Unlock()
		if closed {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the session was never closed")
		}
	}
}

func TestTerminalIsRestoredWhenTheContextEnds(t *testing.T) {
	r := startedWithShop(t)
	r.stop()
	if err := r.wait(t); !errors.Is(err, ErrKilled) {
		t.Errorf("Run: %v, want ErrKilled", err)
	}
	r.mustBeRestored(t)
}

func TestTerminalIsRestoredByTheHook(t *testing.T) {
	r := startedWithShop(t)
	r.restore()
	r.mustBeRestored(t)
	r.restore()
	if err := r.wait(t); err == nil {
		t.Errorf("Run returned no error after it was killed")
	}
}

// What is given back by hand is what was taken: every mode that was set is reset, and the other way around.
func TestGivingBackByHandUndoesEveryMode(t *testing.T) {
	r := startedWithShop(t)
	modes := regexp.MustCompile(`\x1b\[\?(\d+)([hl])`)
	for _, mode := range modes.FindAllStringSubmatch(r.terminal.output(), -1) {
		undone := "\x1b[?" + mode[1] + map[string]string{"h": "l", "l": "h"}[mode[2]]
		if !strings.Contains(giveBack, undone) {
			t.Errorf("%q is not undone", mode[0])
		}
	}
	for taken, undone := range map[string]string{"\x1b[>4;2m": "\x1b[>4m", "\x1b[>1u": "\x1b[<1u"} {
		if !strings.Contains(r.terminal.output(), taken) {
			t.Errorf("%q was not written: does Bubble Tea take something else now?", taken)
		}
		if !strings.Contains(giveBack, undone) {
			t.Errorf("%q is not undone by %q", taken, undone)
		}
	}
}

// panicking panics in the session's own goroutine, after its first state.
type panicking struct{ *fakeSession }

func (s panicking) Run(context.Context, func(*engine.State)) {
	<-s.states
	panic("a defect")
}

type panickingConnector struct{ fakeConnector }

func (c *panickingConnector) Open(context.Context, string) (Session, error) {
	return panicking{c.session}, nil
}

func TestTerminalIsRestoredAfterAPanicInASession(t *testing.T) {
	session := newFakeSession()
	r := start(t, &panickingConnector{fakeConnector{session: session}}, session)
	r.terminal.until(t, "the first frame", func(p string) bool { return strings.Contains(p, "Reading the Services") })
	session.states <- stateOf("shop")
	var panicked *PanicError
	if err := r.wait(t); !errors.As(err, &panicked) || panicked.Value != "a defect" || !bytes.Contains(panicked.Stack, []byte("panicking")) {
		t.Errorf("Run: %v, want the panic with its stack", err)
	}
	r.mustBeRestored(t)
}

// The budgets are those of the design: what a bastion's line has to carry.
func TestCursorMoveAndRowChangeCostFewBytes(t *testing.T) {
	session := newFakeSession()
	var fixtures []fixture
	for i := range 60 {
		s := fixtureService(fmt.Sprintf("service-%02d", i), corev1.ServiceTypeClusterIP, fmt.Sprintf("10.96.0.%d", i), "80→8080", day)
		fixtures = append(fixtures, fixture{s, fixtureReport(s, check.OK, 3, 3, day)})
	}
	session.states <- stateOf("shop", fixtures...)
	r := start(t, &fakeConnector{session: session}, session)
	r.terminal.until(t, "the list", func(p string) bool { return strings.Contains(p, "service-20") && strings.Contains(p, "live") })

	cursorOn := func(name string) func(string) bool {
		return func(p string) bool { return strings.Contains(p, glyphCursor+glyphOK+" "+name) }
	}
	r.press(t, "j")
	r.terminal.until(t, "the cursor on the second row", cursorOn("service-01"))
	before := r.terminal.bytes()
	r.press(t, "j")
	r.terminal.until(t, "the cursor on the third row", func(p string) bool {
		return cursorOn("service-02")(p) && strings.Contains(p, "service-02.shop")
	})
	if cost := r.terminal.bytes() - before; cost > 300 {
		t.Errorf("a cursor move costs %d bytes, the budget is 300: %q", cost, r.terminal.output()[before:])
	}

	before = r.terminal.bytes()
	next := changed(fixtures, "service-10", func(report *check.Report) { report.Usable = 2 })
	session.states <- stateOf("shop", next...)
	r.terminal.until(t, "the change", func(p string) bool { return strings.Contains(p, "2/3") })
	if cost := r.terminal.bytes() - before; cost > 120 {
		t.Errorf("a changed row costs %d bytes, the budget is 120: %q", cost, r.terminal.output()[before:])
	}
	// The same again is nothing to say.
	before = r.terminal.bytes()
	session.states <- stateOf("shop", next...)
	r.press(t, "k")
	r.terminal.until(t, "the cursor back", cursorOn("service-01"))
	r.press(t, "j")
	r.terminal.until(t, "the cursor again", cursorOn("service-02"))
	if cost := r.terminal.bytes() - before; cost > 600 {
		t.Errorf("two cursor moves and an unchanged state cost %d bytes", cost)
	}
}

func TestKeysDocIsCurrent(t *testing.T) {
	const path = "../docs/keys.md"
	want := KeysMarkdown()
	if updating() {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("docs/keys.md is not what the bindings say: run go generate ./tui")
	}
}

// manyServices is a state of n Services in all namespaces, and the same one with one row changed.
func manyServices(n int) (*engine.State, *engine.State) {
	var fixtures []fixture
	for i := range n {
		s := fixtureService(fmt.Sprintf("service-%05d", i), corev1.ServiceTypeClusterIP, "10.96.0.1", "80→8080", day)
		s.Namespace = fmt.Sprintf("team-%03d", i%100)
		report := fixtureReport(s, check.OK, 3, 3, day)
		if i%50 == 0 {
			breakIt(report)
		}
		fixtures = append(fixtures, fixture{s, report})
	}
	first := stateOf(model.AllNamespaces, fixtures...)
	second := *first
	second.Reports = append([]*check.Report(nil), first.Reports...)
	report := *second.Reports[n/2]
	report.Usable = 2
	second.Reports[n/2] = &report
	return first, &second
}

func benchScreen(b *testing.B) (s *screen, one, other *engine.State) {
	b.Helper()
	one, other = manyServices(10_000)
	s = newConnectedScreen(b, 120, 40)
	s.press("0")
	s.show(one)
	s.press("j")
	return s, one, other
}

// BenchmarkViewOf10000 is one frame of the list.
func BenchmarkViewOf10000(b *testing.B) {
	s, _, _ := benchScreen(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = s.root.View()
	}
}

// BenchmarkStateOf10000 is one new state of which one row is another.
func BenchmarkStateOf10000(b *testing.B) {
	s, one, other := benchScreen(b)
	b.ReportAllocs()
	for b.Loop() {
		s.root.Update(stateArrived{s.root.generation, other})
		s.root.Update(stateArrived{s.root.generation, one})
	}
}

// BenchmarkCursorIn10000 is one cursor key and its frame.
func BenchmarkCursorIn10000(b *testing.B) {
	s, _, _ := benchScreen(b)
	b.ReportAllocs()
	for b.Loop() {
		s.root.Update(keyPress("j"))
		_ = s.root.View()
		s.root.Update(keyPress("k"))
		_ = s.root.View()
	}
}
