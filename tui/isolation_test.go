package tui

import (
	"context"
	"testing"
	"time"

	"github.com/svctui/svctui/probes/check"
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
