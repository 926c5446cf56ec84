package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// sampleSweep is one over twelve Pods and two ports, of which web-7 listens on its loopback, and web-9 does not run.
func sampleSweep(request isolation.Request) isolation.SweepResult {
	result := isolation.SweepResult{
		Request: request, Ports: []string{"http", "metrics"}, Unprobed: []string{"dns/UDP"}, Done: 24, Total: 24,
		Conclusion: &isolation.Conclusion{
			ID: "PORT-09", Mark: check.MarkFail, Confidence: check.Probed,
			Text: "11 of 12 Pods answer on all 2 ports; cart-5c9d7-x2lq7 does not: the application listens on 127.0.0.1 only.",
			Why:  "1 Pod does not run, and was not tried.", Next: "compare cart-5c9d7-x2lq7 with one that answers: image, arguments, configuration, node",
		},
	}
	fine := isolation.Cell{Port: "http", PodPort: 8080, Usable: true, Mark: check.MarkOK, Text: "200 OK"}
	bad := isolation.Cell{Port: "metrics", PodPort: 9090, Usable: true, Mark: check.MarkFail, ID: "PORT-09", Text: "The application listens on 127.0.0.1 only."}
	for _, i := range []int{7, 1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 9} {
		pod := isolation.SweptPod{
			Name: fmt.Sprintf("cart-5c9d7-x2lq%d", i), IP: fmt.Sprintf("10.4.2.%d", i), Node: fmt.Sprintf("gke-shop-pool-1-%d", i%3), Ready: i != 9, Listed: true, Serving: i != 9,
			Cells: []isolation.Cell{fine, fine},
		}
		pod.Cells[1].Port = "metrics"
		switch i {
		case 7:
			pod.Cells[1] = bad
		case 9:
			pod.Idle = "container cart is waiting: CrashLoopBackOff"
			pod.Cells[0].Mark, pod.Cells[1].Mark = check.MarkNone, check.MarkNone
		}
		result.Pods = append(result.Pods, pod)
	}
	return result
}

func openSweep(t *testing.T, sweep func(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult))) *stage {
	t.Helper()
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) {
		session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
			progress(loopback(request))
		}
		session.sweep = sweep
	}})
	s.choose("cart")
	s.press("t")
	s.untilScreen("listens on 127.0.0.1 only")
	s.press("a")
	return s
}

func TestEnterOnASweepTestsThatPodOnThePortThatFails(t *testing.T) {
	s := openSweep(t, nil)
	s.untilScreen("11 of 12")
	s.press("enter")
	s.until("it is tested", func() bool { return len(s.session.tested()) == 2 })
	if got := s.session.tested()[1]; got.Pod != "cart-5c9d7-x2lq7" || got.Port != "metrics" || got.Service.Name != "cart" {
		t.Errorf("it tested %+v", got)
	}
	s.press("esc")
	s.untilScreen("11 of 12")
}

func TestEscapeStopsASweepAndKeepsWhatItFound(t *testing.T) {
	s := openSweep(t, func(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
		half := sampleSweep(request)
		half.Done, half.Conclusion = 12, nil
		progress(half)
		<-ctx.Done()
		half.Conclusion = &isolation.Conclusion{Mark: check.MarkUnknown, Text: "11 of 12 Pods answer.", Why: "The sweep was stopped after 12 of 24."}
		progress(half)
	})
	s.untilScreen("12 of 24 tried")
	s.press("esc")
	s.untilScreen("The sweep was stopped after 12 of 24")
	s.untilScreen("cart-5c9d7-x2lq7")
	s.press("esc")
	s.until("it is left", func() bool { _, isTest := s.root.top().(*isolationPage); return isTest })
}

func TestASweepEndsWhenItsPageIsLeft(t *testing.T) {
	ended := make(chan struct{})
	s := openSweep(t, func(ctx context.Context, _ isolation.Request, _ func(isolation.SweepResult)) {
		<-ctx.Done()
		close(ended)
	})
	s.press("q")
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the sweep goes on after its page was left")
	}
}

// TestAStoppedSweepWindsDown holds that nothing is concluded before what is under way has ended.
func TestAStoppedSweepWindsDown(t *testing.T) {
	end := make(chan struct{})
	s := openSweep(t, func(ctx context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
		half := sampleSweep(request)
		half.Done, half.Conclusion = 12, nil
		progress(half)
		<-ctx.Done()
		<-end
		half.Conclusion = &isolation.Conclusion{Mark: check.MarkUnknown, Text: "11 of 12 Pods answer.", Why: "The sweep was stopped after 12 of 24."}
		progress(half)
	})
	s.untilScreen("12 of 24 tried")
	s.press("esc")
	s.untilScreen("Stopping after 12 of 24")
	close(end)
	s.untilScreen("The sweep was stopped after 12 of 24")
}

// The cursor stays on its Pod when the rows are put in order.
func TestTheCursorOfASweepStaysOnItsPod(t *testing.T) {
	proceed := make(chan struct{})
	s := openSweep(t, func(_ context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
		before := sampleSweep(request)
		before.Conclusion = nil
		before.Pods[0], before.Pods[3] = before.Pods[3], before.Pods[0]
		progress(before)
		<-proceed
		progress(sampleSweep(request))
	})
	s.untilScreen("24 of 24 tried")
	s.press("j", "j", "j")
	close(proceed)
	s.untilScreen("11 of 12")
	s.press("enter")
	s.until("it is tested", func() bool { return len(s.session.tested()) == 2 })
	if got := s.session.tested()[1]; got.Pod != "cart-5c9d7-x2lq7" {
		t.Errorf("the cursor went to %s", got.Pod)
	}
}

func TestCopyOfASweepIsPlainText(t *testing.T) {
	s := openSweep(t, nil)
	s.untilScreen("11 of 12")
	s.press("c")
	s.until("something was copied", func() bool { return s.clipboard != "" })
	if !strings.Contains(s.clipboard, "PORT-09") || strings.Contains(s.clipboard, "\x1b") {
		t.Errorf("copied %q", s.clipboard)
	}
}

func TestHostileStringsOnASweep(t *testing.T) {
	const evil = "\x1b]0;owned\a\x1b[2Jev\u202eil\r\n"
	s := openSweep(t, func(_ context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
		result := sampleSweep(request)
		for i := range result.Pods {
			result.Pods[i].Name += evil
			result.Pods[i].Node, result.Pods[i].Cells[1].Text, result.Pods[i].Cells[1].Port = evil, evil, evil
		}
		result.Ports, result.Unprobed, result.Conclusion.Text = []string{evil, evil}, []string{evil}, "told "+evil
		progress(result)
	})
	s.untilScreen("told")
	s.fits()
}

// What a row has no room for stands below the table, whole, for the row under the cursor; the table stays where it is.
func TestWhatARowOfASweepHasNoRoomFor(t *testing.T) {
	long := "10.244.2.146:9090 refuses, and NetworkPolicy web-for-front may be why."
	cell := func(port string, mark check.Mark, text string) isolation.Cell {
		return isolation.Cell{Port: port, PodPort: 8080, Mark: mark, Text: text}
	}
	fine, bad, worse := cell("http", check.MarkOK, "200 OK"), cell("metrics", check.MarkUnknown, long), cell("admin", check.MarkFail, "It hangs.")
	running := cell("admin", check.MarkNone, "")
	running.Running = true
	page := func(pods ...isolation.SweptPod) *sweepPage {
		return &sweepPage{result: isolation.SweepResult{Ports: []string{"http", "metrics", "admin"}, Pods: pods}}
	}
	pod := func(name string, cells ...isolation.Cell) isolation.SweptPod {
		return isolation.SweptPod{Name: name, Ready: true, Cells: cells}
	}
	theme := newTheme(colorprofile.TrueColor, true)
	for name, test := range map[string]struct {
		page   *sweepPage
		cursor int
		width  int
		want   string
		lines  int
	}{
		"all well":                {page(pod("web-1", fine, fine)), 0, 80, "", 0},
		"one that is cut":         {page(pod("web-1", fine, bad)), 0, 80, "web-1: 10.244.2.146:9090 refuses, and NetworkPolicy web-for-front may be why", 3},
		"one that has room":       {page(pod("web-1", fine, bad)), 0, 200, "", 0},
		"two ports, with room":    {page(pod("web-1", bad, worse)), 0, 200, "web-1: It hangs; 10.244.2.146:9090 refuses, and NetworkPolicy web-for-front may be why", 2},
		"the same on both":        {page(pod("web-1", bad, bad)), 0, 200, "", 0},
		"not over yet":            {page(pod("web-1", bad, running)), 0, 200, "", 0},
		"one under the cursor":    {page(pod("web-1", fine, bad), pod("web-2", fine, fine)), 1, 80, "", 3},
		"a name that is cut":      {page(pod(strings.Repeat("web-", 20)+"1", fine, fine)), 0, 80, strings.Repeat("web-", 20) + "1: 200 OK", 3},
		"more than there is room": {page(pod("web-1", cell("http", check.MarkFail, strings.Repeat("so it is said ", 50)))), 0, 80, "web-1: so it", 4},
	} {
		test.page.cursor = test.cursor
		lines := test.page.whole(&theme, test.width)
		got := strings.Join(strings.Fields(ansi.Strip(strings.Join(lines, " "))), " ")
		squeezed := strings.ReplaceAll(got, " ", "")
		if len(lines) != test.lines || !strings.HasPrefix(squeezed, strings.ReplaceAll(test.want, " ", "")) || (test.want == "") != (got == "") {
			t.Errorf("%s: %d lines, %q, want %d, %q", name, len(lines), got, test.lines, test.want)
		}
		for _, line := range lines {
			if cells(line) > test.width {
				t.Errorf("%s: %q is too wide", name, line)
			}
		}
	}
}

// Wide, nothing of a sweep is shortened that has room.
func TestASweepUsesAWideScreen(t *testing.T) {
	node, port := "ip-10-0-101-231.eu-central-1.compute.internal", "admin-https-api"
	said := "PORT-09 The application listens on 127.0.0.1 only"
	pods := []isolation.SweptPod{{
		Name: "payments-gateway-7d9f6b5c44-x2lqp", IP: "10.4.2.17", Node: node, Ready: true,
		Cells: []isolation.Cell{
			{Port: "http", Mark: check.MarkOK, Text: "200 OK"},
			{Port: port, Mark: check.MarkFail, ID: "PORT-09", Text: "The application listens on 127.0.0.1 only."},
		},
	}}
	p := &sweepPage{result: isolation.SweepResult{Ports: []string{"http", port}, Pods: pods}}
	theme := newTheme(colorprofile.TrueColor, true)
	for width, whole := range map[int][]string{200: {node, port, said, "10.4.2.17"}, 120: {"payments-gateway-7d9f6b5c44-x2lqp"}, 80: nil} {
		text := ansi.Strip(strings.Join(p.table(&theme, width, 10), "\n"))
		for _, want := range whole {
			if !strings.Contains(text, want) {
				t.Errorf("%d: %q is cut:\n%s", width, want, text)
			}
		}
		for line := range strings.Lines(text) {
			if cells(strings.TrimRight(line, "\n")) > width {
				t.Errorf("%d: %q is too wide", width, line)
			}
		}
	}
}
