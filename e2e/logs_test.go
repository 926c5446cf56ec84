package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/terminal"
)

// ownControls are the controls that svctui itself sends: colours, cursor movements, modes and questions at the start
// and the end, the clipboard.
var ownControls = []string{
	"CSI m", "CSI H", "CSI A", "CSI B", "CSI C", "CSI D", "CSI G", "CSI J", "CSI K", "CSI X", "CSI b", "CSI d", "CSI E", "CSI F",
	"CSI I", "CSI Z", "CSI L", "CSI M", "CSI P", "CSI @", "CSI S", "CSI T", "CSI r", "CSI ?5W", "ESC M", "CSI ?7h", "CSI ?7l",
	"CSI ?1049h", "CSI ?1049l", "CSI ?25h", "CSI ?25l", "CSI ?2004h", "CSI ?2004l", "CSI ?2026h", "CSI ?2026l",
	"CSI ?2026$p", "CSI ?2027$p", "CSI ?2027h", "CSI ?2027l", "CSI >4;2m", "CSI >4;0m", "CSI >4m", "CSI >1u", "CSI <u", "CSI =0;1u", "CSI =1;1u", "CSI ?u", "CSI <1u", "CSI >0q", "CSI c",
	"OSC 11", "OSC 111", "OSC 52",
}

// checkControls checks that nothing but svctui's own controls reached the terminal.
func checkControls(t *testing.T, screen *terminal.Terminal) {
	t.Helper()
	for _, control := range terminal.Controls(screen.Output()) {
		if !slices.Contains(ownControls, control) {
			t.Errorf("%s reached the terminal", control)
		}
	}
	if clipboard := screen.Clipboard(); strings.Contains(clipboard, "hacked") {
		t.Errorf("the clipboard holds %q", clipboard)
	}
}

func TestLogsByKey(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	for name, workload := range map[string]string{
		"chatty": "log, -rate=4", "hostile": "log, -hostile, -rate=50, -count=24", "crasher": "crash, -after=12s", "looper": "crash, -after=100ms",
	} {
		c.Apply(t, namespace, replaced(isolatedManifest, "NAME", name, "WORKLOAD", workload, "PROBE", "", "PORT", "8080"))
	}
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=hostile"), Phase: "Running"})
	screen := c.Terminal(t, 120, 40, "-n", namespace)
	home := func() {
		screen.Send("q")
		screen.WaitFor("HEALTH", 10*time.Second)
	}

	t.Log("a log is followed")
	selectRow(t, screen, "chatty")
	screen.Send("l")
	screen.WaitFor("following", 10*time.Second)
	screen.WaitFor("line 1 of chatty-", 10*time.Second)
	screen.WaitFor("line 40 of chatty-", 30*time.Second)
	screen.Send("g")
	screen.WaitFor("line 1 of chatty-", 10*time.Second)
	screen.WaitGone("following", 10*time.Second)
	screen.Send("/line 33 of", terminal.Enter)
	screen.WaitFor("line 33 of chatty-", 10*time.Second)
	home()

	t.Log("the log from before the restart")
	// While the second instance runs: kubelet keeps the log of one that has ended, and forgets the others.
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=crasher"), Restarts: 1, PodReady: ptr(true)})
	selectRow(t, screen, "crasher")
	screen.Send("p")
	screen.WaitFor("before the last restart", 10*time.Second)
	screen.WaitFor("panic: cannot reach the database", 20*time.Second)
	screen.WaitFor("the container exited with code 1", 20*time.Second)
	home()

	t.Log("the last words of one that crashes again and again, while it waits and while it does not")
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=looper"), Restarts: 2})
	for range 5 {
		selectRow(t, screen, "looper")
		screen.Send("p")
		screen.WaitFor("panic: cannot reach the database", 20*time.Second)
		home()
	}
	waitForRow(screen, "looper", `^✗`, verdictLimit)
	if output := inCluster(t, c, leadingFix(t, c, namespace, "looper", "POD-03")); !strings.Contains(output, "panic: cannot reach the database") {
		t.Errorf("the command of POD-03 shows %q", output)
	}

	t.Log("a log with control characters")
	selectRow(t, screen, "hostile")
	screen.Send("l")
	screen.WaitFor("line 24 ", 20*time.Second)
	shown := screen.WaitFor("line 17 clear \ufffd[2J\ufffd[H and colour red", 10*time.Second)
	for _, line := range []string{
		"title \ufffd]0;taken over\ufffd clipboard \ufffd]52;c;aGFja2Vk\ufffd", "8-bit \ufffd2J and \ufffd0;title\ufffd",
		"direction \ufffdevil\ufffd isolate \ufffdx\ufffd", "back\ufffd\ufffd\ufffd\ufffdover return\ufffdover tab",
		"alternate screen \ufffd[?1049l mouse \ufffd[?1003h reset \ufffdc", "wide 漢字",
	} {
		if !strings.Contains(shown, line) {
			t.Errorf("the log does not show %q:\n%s", line, shown)
		}
	}
	home()
	leave(t, screen)
	checkControls(t, screen)
}
