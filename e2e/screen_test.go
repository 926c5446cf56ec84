package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// What the tests of the screen have in common.

// leave quits by a key on the home screen, and checks that the terminal is as it was.
func leave(t *testing.T, screen *terminal.Terminal) {
	t.Helper()
	screen.Send("q")
	checkLeft(t, screen, 0)
}

// checkLeft waits for the program's end, and checks its exit code and the terminal.
func checkLeft(t testing.TB, screen *terminal.Terminal, want int) {
	t.Helper()
	if code := screen.WaitExit(10 * time.Second); code != want {
		t.Errorf("the screen ended with exit code %d, want %d:\n%s", code, want, screen.LastAltScreen())
	}
	if err := screen.Restored(); err != nil {
		t.Error(err)
	}
}

// pressEsc types Esc alone. What follows at once would be taken for a key with Alt, so it waits for the screen that
// Esc leads to.
func pressEsc(screen *terminal.Terminal, leadsTo string) {
	screen.Send(terminal.Esc)
	screen.WaitFor(leadsTo, 10*time.Second)
}

// rowOf is the row of a Service in the list, without its cursor and with single spaces; empty when there is none.
func rowOf(screen, service string) string {
	row := regexp.MustCompile(`(?m)^[▌ ]*([✗▲?✓·]) +` + regexp.QuoteMeta(service) + ` .*$`)
	return strings.Join(strings.Fields(strings.TrimLeft(row.FindString(screen), "▌ ")), " ")
}

// waitForRow waits until the row of a Service fits the pattern, in the form that rowOf gives it.
func waitForRow(screen *terminal.Terminal, service, pattern string, limit time.Duration) {
	want := regexp.MustCompile(pattern)
	screen.WaitUntil("the row of "+service+" to be "+pattern, limit, func(screen string) bool {
		return want.MatchString(rowOf(screen, service))
	})
}

// selectRow puts the cursor on a Service of the list.
func selectRow(t testing.TB, screen *terminal.Terminal, service string) {
	t.Helper()
	waitForRow(screen, service, ".", 20*time.Second)
	on := func() bool { return strings.Contains(screen.Screen(), "▌"+rowMark(screen, service)+" "+service+" ") }
	screen.Send("g")
	for range 50 {
		if screen.WaitQuiet(150*time.Millisecond, 10*time.Second); on() {
			return
		}
		screen.Send(terminal.Down)
	}
	t.Fatalf("the cursor does not get to %s:\n%s", service, screen.Screen())
}

func rowMark(screen *terminal.Terminal, service string) string {
	mark, _, _ := strings.Cut(rowOf(screen.Screen(), service), " ")
	return mark
}

// inCluster runs a line of shell where the cluster can be reached, as somebody does who pastes a command, and returns
// what it prints.
func inCluster(t *testing.T, c *harness.Cluster, line string) string {
	t.Helper()
	cmd := c.Command(t.Context(), t, harness.Run{Args: []string{"-c", line}}, "sh")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, output)
	}
	return string(output)
}

// replaced replaces words in a text, given as pairs.
func replaced(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

// checkRefusal checks that a command said on standard error in one sentence why it could not look, and ended with 2.
func checkRefusal(t *testing.T, result harness.Result, says ...string) {
	t.Helper()
	text := strings.TrimSuffix(result.Stderr, "\n")
	if result.Code != 2 || result.Stdout != "" || !strings.HasPrefix(text, "svctui: ") || strings.Contains(text, "\n") {
		t.Errorf("want exit code 2 and one line on standard error\n%s", result)
	}
	for _, want := range says {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	t.Log(text)
}
