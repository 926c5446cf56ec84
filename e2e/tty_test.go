package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// What a terminal may be, and may do.

func TestNoTerminal(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	for _, arguments := range [][]string{{}, {"web"}, {"--demo"}, {"demo"}} {
		checkRefusal(t, c.Svctui(t, arguments...), "not a terminal", "svctui diagnose")
	}
	screen := c.TerminalRun(t, 120, 40, harness.Run{Env: []string{"TERM=dumb"}})
	screen.WaitFor("TERM=dumb", 10*time.Second)
	checkLeft(t, screen, 2)
	if text := screen.Screen(); !strings.Contains(text, "svctui diagnose") || terminal.Controls(screen.Output()) != nil {
		t.Errorf("a dumb terminal got %q, with %v", text, terminal.Controls(screen.Output()))
	}
}

func TestSizesOfTheTerminal(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	for _, size := range []struct{ columns, rows int }{{20, 5}, {0, 0}, {1, 1}, {40, 10}} {
		screen := c.Terminal(t, size.columns, size.rows, "-n", namespace)
		if size.columns == 20 {
			screen.WaitFor("svctui needs", 10*time.Second)
		}
		if size.columns == 40 {
			screen.WaitFor("alpha", 20*time.Second)
		}
		screen.WaitQuiet(500*time.Millisecond, 10*time.Second)
		if screen.Exited() {
			t.Fatalf("the program ended at %d×%d:\n%s", size.columns, size.rows, screen.LastAltScreen())
		}
		screen.Resize(120, 40)
		waitForRow(screen, "alpha", `^✓ .* 1/1 `, 20*time.Second)
		screen.Resize(size.columns, size.rows)
		screen.WaitQuiet(300*time.Millisecond, 10*time.Second)
		screen.Resize(200, 50)
		waitForRow(screen, "alpha", `^✓ .* 1/1 `, 20*time.Second)
		screen.Resize(80, 24)
		screen.WaitUntil("the frame at 80×24", 10*time.Second, func(shown string) bool {
			rows := strings.Split(shown, "\n")
			return len(rows) == 24 && strings.Contains(rows[23], "inspect") && rowOf(shown, "alpha") != ""
		})
		leave(t, screen)
	}
}

func TestSignals(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		screen := c.Terminal(t, 120, 40, "-n", namespace)
		waitForRow(screen, "alpha", `^✓`, 20*time.Second)
		screen.Signal(signal)
		checkLeft(t, screen, 2)
	}
	// At work on a page, with a forward held, nobody can be asked.
	screen := onRow(t, c, namespace, "alpha")
	forwardByKeys(t, screen, "svc/alpha:80")
	screen.Send("l")
	screen.WaitFor("following", 10*time.Second)
	screen.Signal(syscall.SIGTERM)
	checkLeft(t, screen, 2)
	// Before anything is connected.
	screen = c.TerminalRun(t, 120, 40, harness.Run{Kubeconfig: elsewhere(t, c, "https://192.0.2.1:6443"), Args: []string{"-n", namespace}})
	screen.WaitUntil("the alternate screen", 10*time.Second, func(string) bool { return screen.AltScreen() })
	screen.Signal(syscall.SIGTERM)
	checkLeft(t, screen, 2)
}

// Nothing is run in a Pod when the question for it is answered with Ctrl-C, the first one.
func TestTheQuestionInterrupted(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	screen := c.Terminal(t, 120, 40, "test", "alpha", "-n", namespace, "--sockets")
	screen.WaitFor("[y/N]", 20*time.Second)
	screen.Send(terminal.CtrlC)
	checkLeft(t, screen, 2)
	if line := screen.LineWith("svctui:"); line != "svctui: interrupted: nothing was run" {
		t.Errorf("it says %q:\n%s", line, screen.Screen())
	}
}
