package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
)

// loopback is the test of an application that listens on 127.0.0.1 only.
func loopback(request isolation.Request) isolation.Result {
	request.Pod, request.Path, request.Scheme = "cart-5c9d7-x2lqp", "/healthz", "http"
	return isolation.Result{
		Request: request, PodPort: 8080, Protocol: "http, from the readiness probe",
		Rungs: []isolation.Observation{
			{Rung: isolation.RungPod, Crosses: "port-forward → localhost inside the Pod", Outcome: isolation.OK, Detail: "200 OK", Took: 12 * time.Millisecond},
			{Rung: isolation.RungService, Crosses: "selector → cart-5c9d7-x2lqp, 80 → 8080", Outcome: isolation.OK, Detail: "200 OK", Took: 14 * time.Millisecond},
			{Rung: isolation.RungProxyService, Crosses: "ready endpoints → 10.4.2.17:8080", Outcome: isolation.Refused, Detail: "error trying to reach service: dial tcp 10.4.2.17:8080: connect: connection refused", Took: 9 * time.Millisecond},
			{Rung: isolation.RungProxyPod, Crosses: "10.4.2.17:8080", Outcome: isolation.Refused, Detail: "connection refused", Took: 8 * time.Millisecond},
		},
		Conclusion: &isolation.Conclusion{
			ID: "PORT-09", Mark: check.MarkFail, Text: "The application listens on 127.0.0.1 only.",
			Why:  "A port-forward reaches it, because it dials localhost inside the Pod. No client of the Service can.",
			Next: "let it listen on 0.0.0.0:8080 (or on $POD_IP), then r runs the test again", Confidence: check.Probed,
		},
	}
}

func sampleForwards() []model.Forward {
	return []model.Forward{
		{
			ID: 1, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "checkout", Port: "80"}, Local: "127.0.0.1:8080",
			State: model.ForwardActive, Pod: "checkout-7d9f6b-x2lqp", PodPort: 8080, Connections: 2, Total: 31, BytesUp: 14_200, BytesDown: 3_456_789,
			Since: ago(42 * time.Minute),
		},
		{
			ID: 2, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "cart", Port: "http"}, Local: "127.0.0.1:8081",
			State: model.ForwardWaiting, Total: 3, BytesUp: 900, BytesDown: 1200, Since: ago(2 * time.Hour),
			LastError: "failed to connect to localhost:8080 inside namespace \"a1b2\", IPv4: dial tcp4 127.0.0.1:8080: connect: connection refused", LastErrAt: ago(5 * time.Minute),
		},
		{
			ID: 3, Target: model.ForwardTarget{Context: "kind-dev", Namespace: "default", Pod: "postgres-0", Port: "5432"}, Local: "127.0.0.1:5432",
			State: model.ForwardFailed, LastError: "listen on 127.0.0.1:5432: address already in use (by postgres, pid 812)", LastErrAt: ago(time.Minute), Since: ago(time.Minute),
		},
	}
}

// sampleLogs are the logs of the two Pods cart-5c9d7; the second one writes only after the first one's log has
// ended, so that the order is always the same. Other Pods write nothing.
func sampleLogs(ended <-chan struct{}) func(context.Context, model.LogRequest, func([]model.LogLine)) error {
	return func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
		at := time.Date(2026, 3, 14, 9, 58, 0, 0, time.UTC)
		var batch []model.LogLine
		switch request.Pod {
		case "cart-5c9d7-x2lqp":
			for i := range 30 {
				text := fmt.Sprintf("GET /healthz 503 in %d ms", i)
				batch = append(batch, model.LogLine{Pod: request.Pod, Container: request.Container, Time: at.Add(time.Duration(i) * time.Second), Text: text})
			}
			lines(batch)
			return errors.New("stream closed by the kubelet")
		case "cart-5c9d7-m4k8s":
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ended:
			}
			for i := range 12 {
				text := fmt.Sprintf(`{"level":"info","msg":"request served","path":"/cart/%d","user":"ann@example.com","took_ms":%d,"trace":"4bf92f3577b34da6a3ce929d0e0e4736"}`, i, i*3)
				batch = append(batch, model.LogLine{Pod: request.Pod, Container: request.Container, Time: at.Add(time.Minute + time.Duration(i)*time.Second), Text: text})
			}
			lines(batch)
		}
		<-ctx.Done()
		return ctx.Err()
	}
}

// TestSecondaryScreens compares whole screens.
func TestSecondaryScreens(t *testing.T) {
	screens := map[string]func(s *stage){
		"isolation": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
		},
		"isolation-for-a-client": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("w")
			s.write("203.0.113.7")
			s.press("enter")
		},
		"isolation-whom": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("w")
		},
		"isolation-consent": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("x", "enter")
		},
		"isolation-options": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("o", "tab", "tab", "right")
		},
		"sweep": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("a")
			s.untilScreen("11 of 12")
			s.press("j")
		},
		"logs": func(s *stage) {
			s.choose("cart")
			s.press("l")
			s.untilScreen("stream closed by the kubelet")
			close(s.logEnded)
			s.untilScreen("/cart/11")
			s.press("g")
		},
		"logs-search": func(s *stage) {
			s.choose("cart")
			s.press("l")
			s.untilScreen("stream closed by the kubelet")
			close(s.logEnded)
			s.untilScreen("/cart/11")
			s.press("w", "t", "/")
			s.write("healthz 503 in 4")
			s.press("enter")
		},
		"events": func(s *stage) { s.choose("cart"); s.press("v") },
		"yaml":   func(s *stage) { s.choose("cart"); s.press("y"); s.untilScreen("kind: Service") },
		"forwards": func(s *stage) {
			s.press("f")
			s.untilScreen("svc/checkout:80")
			s.press("j")
		},
		"forwards-stop": func(s *stage) { s.press("f", "ctrl+x") },
		"forward-new": func(s *stage) {
			s.choose("cart")
			s.press("F")
			s.untilScreen("svc/cart:80")
		},
		"jump": func(s *stage) { s.press(":"); s.write("ca") },
		"namespaces": func(s *stage) {
			s.press(":")
			s.write("ns")
			s.press("enter")
			s.untilScreen("kube-system")
			s.write("sho")
		},
		"contexts": func(s *stage) {
			s.press(":")
			s.write("ctx")
			s.press("enter")
			s.untilScreen("kind-dev")
		},
		"help":     func(s *stage) { s.press("?") },
		"messages": func(s *stage) { s.press("1", "2", "3", "?", "m") },
		"copy":     func(s *stage) { s.choose("checkout"); s.press("c") },
		"report":   func(s *stage) { s.choose("checkout"); s.press("r"); s.untilScreen("SEL-01") },
	}
	for name, act := range screens {
		for _, size := range sizes() {
			t.Run(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), func(t *testing.T) {
				logEnded := make(chan struct{})
				s := newStage(t, stageSetup{
					width: size[0], height: size[1], state: stageState(), forwards: newStageForwards(sampleForwards()...),
					environ: []string{"LANG=C.UTF-8", "SSH_CONNECTION=10.9.8.7 51234 10.0.0.5 22", "USER=ann"},
					prepare: func(session *stageSession) {
						session.logs = sampleLogs(logEnded)
						session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
							progress(loopback(request))
						}
						session.yaml = func() (string, error) {
							return "apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n  namespace: shop\nspec:\n  ports:\n  - port: 80\n    targetPort: 8080\n  selector:\n    app: cart\n", nil
						}
					},
				})
				s.logEnded = logEnded
				act(s)
				s.golden()
			})
		}
	}
}

// TestEveryScreenFitsEverySize opens every page in windows from nothing to huge.
func TestEveryScreenFitsEverySize(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 1}, {20, 5}, {40, 10}, {60, 16}, {200, 50}} {
		for _, keys := range [][]string{
			{"t"},
			{"t", "o"},
			{"t", "p"},
			{"F"},
			{"F", "tab"},
			{"l"},
			{"l", "/"},
			{"l", "o"},
			{"p"},
			{"v"},
			{"y"},
			{"d"},
			{"c"},
			{"r"},
			{"f"},
			{"f", "ctrl+x"},
			{":"},
			{"?"},
			{"?", "m"},
		} {
			t.Run(fmt.Sprintf("%dx%d-%s", size[0], size[1], strings.Join(keys, "-")), func(t *testing.T) {
				s := newStage(t, stageSetup{
					width: size[0], height: size[1], state: stageState(), forwards: newStageForwards(sampleForwards()...),
					prepare: func(session *stageSession) { session.logs = sampleLogs(nil) },
				})
				s.choose("cart")
				s.press(keys...)
				for _, key := range append([]string{""}, "down", "pgdown", "G", "up", "g") {
					if key != "" {
						s.press(key)
					}
					s.fits()
				}
				s.press("esc", "esc", "esc", "esc")
				s.fits()
			})
		}
	}
}

// TestTypedLettersAreNeverCommands types every letter into every input.
func TestTypedLettersAreNeverCommands(t *testing.T) {
	for name, open := range map[string][]string{
		"jump": {":"}, "search in logs": {"l", "/"}, "search in yaml": {"y", "/"}, "forward": {"F"}, "local port": {"F", "tab"},
		"options": {"t", "o"}, "Pod": {"t", "p"}, "container": {"l", "o"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards()})
			s.choose("cart")
			s.press(open...)
			depth, top := len(s.root.stack), s.root.top()
			for r := '!'; r <= '~'; r++ {
				s.press(string(r))
				if s.quit || len(s.root.stack) != depth || s.root.top() != top {
					t.Fatalf("typing %q left the input", r)
				}
			}
		})
	}
}

func TestLogsOfAFloodStayBoundedAndKeysGetThrough(t *testing.T) {
	const flood = 50_000
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) {
		session.logs = func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
			for i := range flood {
				lines([]model.LogLine{{Pod: request.Pod, Text: fmt.Sprintf("line %d of the flood", i)}})
			}
			lines([]model.LogLine{{Pod: request.Pod, Text: "the flood is over"}})
			<-ctx.Done()
			return ctx.Err()
		}
	}})
	s.choose("cart")
	s.press("l")
	page := s.root.top().(*logsPage)
	batches := 0
	s.until("the flood is over", func() bool {
		batches++
		return strings.Contains(s.screen(), "the flood is over")
	})
	if len(page.lines) > scrollerMaxLines {
		t.Errorf("%d lines are held, more than %d", len(page.lines), scrollerMaxLines)
	}
	if batches > flood/10 {
		t.Errorf("%d messages for %d lines: they were not put together", batches, flood)
	}
	s.press("q")
	if _, home := s.root.top().(*servicesPage); !home {
		t.Error("q did not leave the logs")
	}
}

func TestLogsReadAgainBringNoLineTwice(t *testing.T) {
	at := fixtureNow()
	var calls atomic.Int32
	s := newStage(t, stageSetup{width: 100, height: 30, state: stateWithPod(), prepare: func(session *stageSession) {
		session.logs = func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
			batch := []model.LogLine{{Pod: request.Pod, Time: at, Text: "first"}, {Pod: request.Pod, Time: at.Add(time.Second), Text: "second"}}
			if calls.Add(1) == 1 {
				lines(batch)
				return errors.New("connection lost")
			}
			lines(append(batch, model.LogLine{Pod: request.Pod, Time: at.Add(2 * time.Second), Text: "third"}))
			<-ctx.Done()
			return ctx.Err()
		}
	}})
	s.choose("shipping")
	s.press("l")
	s.untilScreen("third")
	if n := strings.Count(s.screen(), "first"); n != 1 {
		t.Errorf("“first” is shown %d times:\n%s", n, s.screen())
	}
	if !strings.Contains(s.screen(), "connection lost") {
		t.Error("that the connection was lost is not said")
	}
}

func TestLogsFollowANewPod(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stateWithPod(), prepare: func(session *stageSession) {
		session.logs = func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
			lines([]model.LogLine{{Pod: request.Pod, Text: "hello from " + request.Pod + " " + request.Container}})
			<-ctx.Done()
			return ctx.Err()
		}
	}})
	s.choose("shipping")
	s.press("l")
	s.untilScreen("hello from shipping-1 app")
	s.session.states <- stateWithPod(stagePod("shipping-2", "shipping", true))
	s.untilScreen("hello from shipping-2 app")
}

func TestAForwardOverSSHPutsItsLineOnTheClipboard(t *testing.T) {
	s := newStage(t, stageSetup{
		width: 100, height: 30, state: stageState(), forwards: newStageForwards(),
		environ: []string{"LANG=C.UTF-8", "USER=ada", "SSH_CONNECTION=192.0.2.7 50000 192.0.2.9 22"},
	})
	s.choose("cart")
	s.press("F", "enter")
	line := "ssh -N -L 8080:127.0.0.1:8080 ada@192.0.2.9"
	s.untilScreen("sent to the clipboard: " + line)
	s.until("the line is on the clipboard", func() bool { return s.clipboard == line })
	s.press("f")
	s.untilScreen("on laptop   " + line)
}

func TestForwardToAServiceWithoutAReadyPod(t *testing.T) {
	forwards := newStageForwards()
	gone := stagePod("shipping-2", "shipping", true)
	gone.DeletionTimestamp = &metav1.Time{Time: fixtureNow()}
	unready := stagePod("shipping-1", "shipping", false)
	unready.Spec.Containers[0].Ports[0].Name = "grpc"
	s := newStage(t, stageSetup{width: 100, height: 30, forwards: forwards, state: stateWithPod(unready, gone)})
	s.choose("shipping")
	s.press("F")
	s.untilScreen("svc/shipping:50051")
	s.write("svc/shipping:50051")
	s.press("enter")
	s.untilScreen("No Pod of svc/shipping is Ready")
	s.untilScreen("pod/shipping-1:8080 anyway")
	if got := forwards.opened(); len(got) != 0 {
		t.Fatalf("it was opened all the same: %+v", got)
	}
	s.press("enter")
	s.until("the forward to the Pod is open", func() bool { return len(s.root.sh.held) == 1 })
	want := model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "shipping-1", Port: "8080"}
	if got := forwards.opened()[0].Target; got != want {
		t.Errorf("it leads to %+v, want %+v", got, want)
	}
}

func TestSeveralForwardsAtOnce(t *testing.T) {
	forwards := newStageForwards()
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.choose("cart")
	s.press("F")
	s.write("pod/cart-5c9d7-m4k8s:80,443,metrics")
	s.untilScreen("8080,8443,0")
	s.press("enter")
	s.until("three forwards are open", func() bool { return len(s.root.sh.held) == 3 })
	for i, want := range []model.ForwardSpec{{LocalPort: 8080}, {LocalPort: 8443}, {}} {
		want.Target = model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "cart-5c9d7-m4k8s", Port: []string{"80", "443", "metrics"}[i]}
		if got := forwards.opened()[i]; got != want {
			t.Errorf("opened %+v, want %+v", got, want)
		}
	}
	s.untilScreen("127.0.0.1:8080 → pod/cart-5c9d7-m4k8s:80, 127.0.0.1:8443")

	// All or none.
	s.press("F")
	s.write("80,443")
	s.press("tab", "ctrl+u")
	s.write("7000")
	s.press("enter")
	s.untilScreen("1 local port for 2 ports")
}

func TestAllOrNoForwardsAreOpened(t *testing.T) {
	forwards := &failingForwards{stageForwards: newStageForwards(), after: 2}
	specs, failure := specsFor([]model.ForwardTarget{{Pod: "a", Port: "1"}, {Pod: "a", Port: "2"}, {Pod: "a", Port: "3"}}, "")
	if failure != "" || len(specs) != 3 {
		t.Fatal(specs, failure)
	}
	if opened := openForwardsTo(t.Context(), forwards, nil, "ctx", specs); opened.err == nil || len(forwards.List()) != 0 {
		t.Errorf("%v, and %d are left", opened.err, len(forwards.List()))
	}
}

// failingForwards opens only some.
type failingForwards struct {
	*stageForwards
	after int
}

func (f *failingForwards) Open(ctx context.Context, session Session, spec model.ForwardSpec) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errors.New("in use")
	}
	return f.stageForwards.Open(ctx, session, spec)
}

func TestAnAddressThatOthersReachIsWarnedOf(t *testing.T) {
	forwards := newStageForwards(model.Forward{ID: 1, Target: model.ForwardTarget{Service: "cart", Port: "80"}, Local: "0.0.0.0:8080", State: model.ForwardActive})
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.press("f")
	s.untilScreen("Whoever reaches this machine at 0.0.0.0")
	s.press("q")
	s.choose("cart")
	s.press("F", "tab", "ctrl+u")
	if strings.Contains(s.screen(), "Whoever") {
		t.Error("a warning for loopback")
	}
	s.write("192.0.2.9:8080")
	s.untilScreen("Whoever reaches this machine at 192.0.2.9")
	s.press("ctrl+u")
	s.write("[::1]:8080")
	if strings.Contains(s.screen(), "Whoever") {
		t.Error("a warning for loopback")
	}
	s.root.sh.forwardAddress = "0.0.0.0"
	s.press("esc", "F")
	s.untilScreen("0.0.0.0:8081")
}

func TestForwardDialog(t *testing.T) {
	forwards := newStageForwards()
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.choose("cart")
	s.press("F", "enter")
	s.until("the forward is open", func() bool { return len(s.root.sh.held) == 1 })
	want := model.ForwardSpec{Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "cart", Port: "80"}, LocalPort: 8080}
	if got := forwards.opened(); len(got) != 1 || got[0] != want {
		t.Errorf("opened %+v, want %+v", got, want)
	}
	s.until("the dialog is closed", func() bool { _, open := s.root.top().(*forwardDialog); return !open })
	s.untilScreen("127.0.0.1:8080 → svc/cart:80; f lists the forwards")

	s.press("F")
	s.write("pod/other:9000")
	s.press("tab")
	s.press("ctrl+u")
	s.write("7000")
	s.press("enter")
	s.until("the second forward is open", func() bool { return len(s.root.sh.held) == 2 })
	want = model.ForwardSpec{Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "other", Port: "9000"}, LocalPort: 7000}
	if got := forwards.opened(); got[1] != want {
		t.Errorf("opened %+v, want %+v", got[1], want)
	}

	s.until("the dialog is closed again", func() bool { _, open := s.root.top().(*forwardDialog); return !open })
	s.press("F")
	forwards.mu.Lock()
	forwards.err = errors.New("listen on 127.0.0.1:8080: address already in use")
	forwards.mu.Unlock()
	s.press("enter")
	s.untilScreen("address already in use")
	if _, open := s.root.top().(*forwardDialog); !open {
		t.Error("the dialog closed although the forward could not be opened")
	}
}

func TestForwardIsForbiddenWhenReadOnly(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards(), readOnly: true})
	s.choose("cart")
	s.press("F")
	if len(s.root.stack) != 1 {
		t.Error("F opened a page although read-only")
	}
	s.untilScreen("read-only   ● live")
}

// Read-only, the test still dials from this machine; the sweep, which cannot, says why.
func TestReadOnlyLeavesTheWayFromHere(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), readOnly: true, prepare: func(session *stageSession) {
		session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
			if !request.ReadOnly {
				t.Error("the test was not told to be read-only")
			}
			progress(loopback(request))
		}
	}})
	s.choose("cart")
	s.press("t")
	s.untilScreen("isolation test")
	s.press("a")
	s.untilScreen("a does nothing here: started with --readonly")
}

func TestForwardIsStoppedOnlyAfterAYes(t *testing.T) {
	forwards := newStageForwards(sampleForwards()...)
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.press("f", "ctrl+x", "q")
	if len(forwards.List()) != 3 || s.quit || len(s.root.stack) != 2 {
		t.Fatal("a key that is not yes stopped the forward, or left the page")
	}
	s.press("ctrl+x", "y")
	s.until("the forward is gone", func() bool { return len(s.root.sh.held) == 2 })
	if s.root.sh.held[0].ID != 2 {
		t.Errorf("another forward was stopped: %+v is left", s.root.sh.held)
	}
}

func TestLeavingWithForwardsAsksOnce(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards(sampleForwards()...)})
	s.press(":")
	s.write("q")
	s.press("enter")
	s.untilScreen("Quit?")
	if s.quit {
		t.Fatal("left without asking")
	}
	s.press("enter")
	s.until("it quits", func() bool { return s.quit })
}

func TestJump(t *testing.T) {
	setup := func() *stage { return newStage(t, stageSetup{width: 100, height: 30, state: stageState()}) }
	t.Run("to a Service", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("svc checkout")
		s.press("enter")
		if page, ok := s.root.top().(*servicePage); !ok || page.key.Name != "checkout" {
			t.Fatalf("the top is %T", s.root.top())
		}
	})
	t.Run("to a namespace that is not listed", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("ns team-secret")
		s.press("enter")
		if s.root.sh.scope != "team-secret" {
			t.Fatalf("the scope is %q", s.root.sh.scope)
		}
	})
	t.Run("a command before a Service that begins so", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("q")
		s.press("enter")
		s.until("it quits", func() bool { return s.quit })
	})
	t.Run("to nothing", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("zzzz")
		s.press("enter")
		s.untilScreen("is called “zzzz”")
	})
}

func TestNamespacePickerTakesNamesThatCannotBeListed(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) { session.namespaces = nil }})
	s.press(":")
	s.write("ns")
	s.press("enter")
	s.untilScreen("cannot be listed")
	s.write("team-blue")
	s.untilScreen("use “team-blue” as typed")
	s.press("enter")
	if s.root.sh.scope != "team-blue" {
		t.Fatalf("the scope is %q", s.root.sh.scope)
	}
}

func TestEmptyCurrentContextOpensThePicker(t *testing.T) {
	opened := ""
	var session *stageSession
	connector := &stageConnector{contexts: []model.ContextInfo{{Name: "kind-dev"}, {Name: "prod"}}}
	connector.open = func(name string) (Session, error) {
		if name == "" {
			return nil, errors.New("the kubeconfig names no current context")
		}
		opened = name
		return session, nil
	}
	connector.session = &stageSession{}
	s := newStage(t, stageSetup{width: 100, height: 30, connector: connector})
	session = s.session
	s.untilScreen("kind-dev")
	s.write("prod")
	s.press("enter")
	s.until("it is connected", func() bool { return s.root.sh.connection == connected })
	if opened != "prod" {
		t.Fatalf("opened %q", opened)
	}
}

func TestIsolationIsCancelledOnLeaving(t *testing.T) {
	ended := make(chan struct{})
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) {
		session.test = func(ctx context.Context, request isolation.Request, progress func(isolation.Result)) {
			progress(isolation.Result{Request: request, Rungs: []isolation.Observation{{Rung: isolation.RungPod, Running: true}}})
			<-ctx.Done()
			close(ended)
		}
	}})
	s.choose("cart")
	s.press("t")
	s.untilScreen("running …")
	s.press("esc")
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the test goes on after its page was left")
	}
}

func TestIsolationOptionsChangeWhatIsAsked(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) {
		session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
			progress(loopback(request))
		}
	}})
	s.choose("cart")
	s.press("t")
	s.untilScreen("127.0.0.1 only")
	s.press("o", "tab", "ctrl+u")
	s.write("/ready")
	s.press("tab", "right", "right", "tab")
	s.write("shop.example.com")
	s.press("enter")
	s.until("it ran again", func() bool { return len(s.session.tested()) == 2 })
	got := s.session.tested()[1]
	if got.Path != "/ready" || got.Scheme != "auto" && got.Scheme != "https" || got.Host != "shop.example.com" {
		t.Errorf("asked %+v", got)
	}
	s.press("p")
	s.write("m4k8s")
	s.press("enter")
	s.until("it ran on the other Pod", func() bool { return len(s.session.tested()) == 3 })
	if got := s.session.tested()[2]; got.Pod != "cart-5c9d7-m4k8s" {
		t.Errorf("tested Pod %q", got.Pod)
	}
}

func TestHelpSaysWhyAKeyDoesNothing(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 60, state: stageState(), forwards: newStageForwards(), readOnly: true})
	s.choose("cart")
	s.press("?")
	if !strings.Contains(s.screen(), "started with --readonly") {
		t.Errorf("help does not say why:\n%s", s.screen())
	}
}

func TestCopySendsTheFixWhole(t *testing.T) {
	s := newStage(t, stageSetup{width: 80, height: 24, state: stageState()})
	s.choose("checkout")
	s.press("c", "enter")
	s.until("something was copied", func() bool { return s.clipboard != "" })
	want := "kubectl --context gke-prod -n shop patch svc checkout --type=merge \\\n  -p '{\"spec\":{\"selector\":{\"app\":\"check-out\"}}}'"
	if s.clipboard != want {
		t.Errorf("copied %q, want %q", s.clipboard, want)
	}
}

func TestStaleDataHasABanner(t *testing.T) {
	state := stageState()
	builder := model.NewBuilder(state.Snapshot)
	builder.Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{
		State: model.Stale, Since: ago(5 * time.Minute), Reason: "Unauthorized: the token has expired \x1b[2J",
	})
	stale := *state
	stale.Snapshot = builder.Build(fixtureNow())
	s := newStage(t, stageSetup{width: 100, height: 30, state: &stale})
	s.untilScreen("the token has expired")
	s.untilScreen("Ctrl-R")
	s.fits()
}

func TestConnectingAgainComesBackToTheSameService(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState()})
	s.press("j", "j", "j")
	home := s.root.top().(*servicesPage)
	before, _ := home.chosen(s.root.sh)
	s.press("ctrl+r")
	s.until("the state is gone", func() bool { return s.root.sh.state == nil })
	s.until("it is connected", func() bool { return s.root.sh.connection == connected })
	s.session.states <- stageState()
	s.until("the state is there again", func() bool { return s.root.sh.state != nil })
	if after, _ := home.chosen(s.root.sh); after != before {
		t.Errorf("the selection was %s and is %s", before, after)
	}
	if s.root.sh.scope != "shop" {
		t.Errorf("the scope is %q", s.root.sh.scope)
	}
}

func TestHostileStringsOnSecondaryScreens(t *testing.T) {
	evil := "\x1b]0;owned\a\x1b[2Jev\u202eil\u009b31m\r\n"
	hostile := stagePod("cart-evil", "cart", true)
	hostile.Name = "cart" + evil
	event := stageEvent("evil", "cart-5c9d7-x2lqp", corev1.EventTypeWarning, "Evil"+evil, strings.Repeat("message "+evil, 5), 3, time.Minute, time.Minute)
	for _, keys := range [][]string{{"l"}, {"l", "o"}, {"v"}, {"t"}, {"t", "p"}, {"F"}, {"f"}, {"y"}, {"c"}, {"f", "ctrl+x"}} {
		t.Run(strings.Join(keys, "-"), func(t *testing.T) {
			held := sampleForwards()
			held[0].Target.Service, held[0].LastError, held[0].Pod = evil, evil, evil
			s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(hostile, event), forwards: newStageForwards(held...), prepare: func(session *stageSession) {
				session.yaml = func() (string, error) { return "kind: Service\nname: " + evil, nil }
				session.logs = func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
					lines([]model.LogLine{{Pod: request.Pod, Text: "log " + evil}})
					return errors.New("error " + evil)
				}
				session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
					result := loopback(request)
					result.Request.Pod, result.Rungs[0].Detail, result.Conclusion.Text, result.Protocol = evil, evil, evil, evil
					progress(result)
				}
			}})
			s.choose("cart")
			s.press(keys...)
			wait := map[string]string{"l": "error ", "y": "name: ", "t": "Proxy"}[strings.Join(keys, "-")]
			if wait != "" {
				s.untilScreen(wait)
			}
			s.fits()
		})
	}
}

// stateWithPod is the shop with the Pod shipping-1 alone behind its Service, and more.
func stateWithPod(more ...*corev1.Pod) *engine.State {
	state := stateOf("shop", shopFixtures()...)
	builder := model.NewBuilder(state.Snapshot)
	builder.Put(stagePod("shipping-1", "shipping", true))
	for _, pod := range more {
		builder.Put(pod)
	}
	made := *state
	made.Snapshot = builder.Build(fixtureNow())
	return &made
}

// loginConnector has a login plugin that asks.
type loginConnector struct {
	*stageConnector
	logins atomic.Int32
}

func (c *loginConnector) Login(context.Context, string) error { c.logins.Add(1); return nil }
func (c *loginConnector) MayAsk(string) bool                  { return true }

func TestLoggingInGetsTheTerminal(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState()})
	connector := &loginConnector{stageConnector: s.root.sh.connector.(*stageConnector)}
	s.root.sh.connector = connector
	s.press("ctrl+r")
	// Bubble Tea releases the terminal for a message of its own kind; here the login is run in its place.
	s.until("the terminal is given away", func() bool { return s.exec })
	login := &terminalLogin{ctx: t.Context(), login: connector, context: "gke-prod"}
	if err := login.Run(); err != nil || connector.logins.Load() != 1 {
		t.Fatalf("login ran %d times, error %v", connector.logins.Load(), err)
	}
	if s.root.sh.connection != connected {
		t.Error("the session was left before the login was over")
	}
	s.give(loggedIn{generation: s.root.generation, context: "gke-prod", err: errors.New("the plugin says no")})
	s.until("it is connected again", func() bool { return s.root.sh.connection == connected && s.root.sh.session != nil })
	found := false
	for _, said := range s.root.sh.messages {
		found = found || strings.Contains(said.text, "the plugin says no")
	}
	if !found {
		t.Error("what the plugin said is not among the messages")
	}
}

func TestLogHubHoldsNoMoreThanAScroller(t *testing.T) {
	hub := newLogHub()
	text := strings.Repeat("x", 64<<10)
	for range 2 * scrollerMaxBytes / len(text) {
		hub.add(logText{line: scrollLine{text: text}})
	}
	batch := hub.take()
	if held := len(batch.lines) * len(text); held > scrollerMaxBytes {
		t.Errorf("the hub held %d bytes, want at most %d", held, scrollerMaxBytes)
	}
	if len(batch.lines) == 0 || batch.dropped != 2*scrollerMaxBytes/len(text)-len(batch.lines) {
		t.Errorf("the hub held %d lines and says that it dropped %d", len(batch.lines), batch.dropped)
	}
}

func TestLogDroppedByTheNodeIsReadAgain(t *testing.T) {
	var asked atomic.Int32
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) {
		session.logs = func(_ context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
			if asked.Add(1) < 3 {
				return fmt.Errorf("%w of %s", model.LogDropped, request.Pod)
			}
			lines([]model.LogLine{{Pod: request.Pod, Time: fixtureNow(), Text: "the last words"}})
			return nil
		}
	}})
	s.choose("cart")
	s.press("p")
	s.untilScreen("the last words")
	if screen := s.screen(); strings.Contains(screen, "dropped") {
		t.Errorf("it says what nobody has to know:\n%s", screen)
	}
}

func TestLogThatCannotBeReadSaysSoOnce(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	page := newLogsPage(model.Key{Namespace: "shop", Name: "cart"}, "cart-1", false)
	s.root.sh.open(page)
	s.keep(s.root.settle())
	source := logSource{pod: "cart-1"}
	fail := func(text string) {
		s.send(addressed{token: page.life.token, msg: logEnded{source: source, err: errors.New(text)}})
		s.send(addressed{token: page.life.token, msg: logRetry{source}})
	}
	fail("no answer")
	fail("no answer")
	if got := len(page.lines); got != 1 {
		t.Errorf("%d lines say that the log cannot be read, want 1", got)
	}
	fail("no such Pod")
	if got := len(page.lines); got != 2 {
		t.Errorf("%d lines after another reason, want 2", got)
	}
}
