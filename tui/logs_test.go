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

	"github.com/svctui/svctui/kube/model"
)

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

// TestLogsShowWhatKeepsAPodFromRunning shows the log of an init container that hangs, says whose it is, and goes on with the container
// that comes next.
func TestLogsShowWhatKeepsAPodFromRunning(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stateWithPod(), prepare: func(session *stageSession) {
		session.logs = func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
			lines([]model.LogLine{{Pod: request.Pod, Text: "hello from " + request.Pod + " " + request.Container}})
			<-ctx.Done()
			return ctx.Err()
		}
	}})
	hanging := stagePod("shipping-2", "shipping", false)
	hanging.Spec.InitContainers = []corev1.Container{{Name: "migrate"}}
	hanging.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	hanging.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
	done := hanging.DeepCopy()
	done.Status.InitContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
	s.session.states <- stateWithPod(hanging)
	s.choose("shipping")
	s.press("l")
	s.untilScreen("hello from shipping-2 migrate")
	s.untilScreen("hello from shipping-1 app")
	if strings.Contains(s.screen(), "hello from shipping-2 app") {
		t.Errorf("a container that has not begun is shown too:\n%s", s.screen())
	}
	s.session.states <- stateWithPod(done)
	s.untilScreen("hello from shipping-2 app")
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
