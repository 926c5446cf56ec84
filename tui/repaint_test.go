package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestBrowserTerminalsAreRepaintedInWhole(t *testing.T) {
	session := newFakeSession()
	session.states <- stateOf("shop", shopFixtures()...)
	r := start(t, &fakeConnector{session: session}, session, "CLOUD_SHELL=true")
	r.terminal.until(t, "the list", func(p string) bool { return strings.Contains(p, "checkout") && strings.Contains(p, "live") })
	before := r.terminal.bytes()
	r.press(t, "j")
	r.terminal.until(t, "a whole frame after a cursor key", func(p string) bool {
		return strings.Contains(r.terminal.output()[before:], "13 Services") && strings.Contains(p, "checkout")
	})
}

func TestUnchangedFrameIsNotRepainted(t *testing.T) {
	s := newConnectedScreen(t, 80, 24)
	s.show(stateOf("shop", shopFixtures()...))
	r := &repainter{Model: s.root}
	if _, command := r.Update(keyPress("j")); command == nil {
		t.Error("a frame that differs is not repainted")
	}
	type nothing struct{}
	r.Update(nothing{})
	if _, command := r.Update(nothing{}); command != nil {
		t.Errorf("an unchanged frame asks for %T", command())
	}
}

func TestWantsRepaint(t *testing.T) {
	for _, test := range []struct {
		environ string
		want    bool
	}{
		{"AWS_EXECUTION_ENV=CloudShell", true},
		{"CLOUD_SHELL=true", true},
		{"ACC_CLOUD=PROD", true},
		{"SVCTUI_REPAINT=1", true},
		{"CLOUD_SHELL=true SVCTUI_REPAINT=0", false},
		// The machines of the same clouds have terminals of their own.
		{"AWS_EXECUTION_ENV=AWS_ECS_FARGATE", false},
		{"CLOUD_SHELL=", false},
		{"TERM=xterm-256color", false},
	} {
		if got := wantsRepaint(strings.Fields(test.environ)); got != test.want {
			t.Errorf("%s: repainted %t, want %t", test.environ, got, test.want)
		}
	}
}

var _ tea.Model = (*repainter)(nil)
