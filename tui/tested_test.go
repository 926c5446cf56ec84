package tui

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

// What a test found stays with its Service, as long as the Pod that was tested is there.
func TestATestIsNotForgotten(t *testing.T) {
	payments := model.Key{Namespace: "shop", Name: "payments"}
	s := openService(t, 120, 40, "payments")
	if got := s.picture(); !strings.Contains(got, "nothing was found") {
		t.Fatalf("before the test:\n%s", got)
	}
	s.root.sh.remember(isolation.Result{Request: isolation.Request{Service: payments}})
	if len(s.root.sh.tests) != 0 {
		t.Error("a test that is not over is remembered")
	}
	result := loopback(isolation.Request{Service: payments, Port: "grpc"})
	s.root.sh.remember(result)
	if got := s.root.sh.testsOf(payments); len(got) != 0 {
		t.Errorf("a test of a Pod that is gone: %v", got)
	}
	result.Request.Pod = ""
	s.root.sh.remember(result)
	s.press("6")
	s.mustFit(120, 40)
	for _, want := range []string{"✗  The application listens on 127.0.0.1 only.", "The isolation test found it <1m ago", "port grpc: The application", "PORT-09"} {
		if got := s.picture(); !strings.Contains(got, want) {
			t.Errorf("%q is not shown:\n%s", want, got)
		}
	}
	// The list knows it too, also after the next state, and forgets it with the Pod.
	s.press("esc")
	line := func() string {
		for line := range strings.Lines(s.picture()) {
			if strings.Contains(line, "payments") {
				return line
			}
		}
		return ""
	}
	for range 2 {
		if got := line(); !strings.Contains(got, "✗") || !strings.Contains(got, "test: The application listens") {
			t.Errorf("the list says %q", got)
		}
		s.show(stateOf("shop", shopFixtures()...))
	}
	result.Request.Pod = "payments-gone"
	s.root.sh.remember(result)
	s.show(stateOf("shop", shopFixtures()...))
	if got := line(); strings.Contains(got, "test:") {
		t.Errorf("what was found in a Pod that is gone: %q", got)
	}
}
