package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

func TestNarrowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		crosses string
		width   int
		want    string
	}{
		{"port-forward → localhost inside the Pod", 40, "port-forward → localhost inside the Pod"},
		{"port-forward → localhost inside the Pod", 38, "forward → localhost in the Pod"},
		{"selector → web-5759645bc6-55vk7, 80 → 8080", 33, "selector → web-5…55vk7, 80 → 8080"},
		{"ready endpoints → 10.4.2.17:8080", 30, "endpoints → 10.4.2.17:8080"},
		{"ready endpoints → [fd00:10:244:1::17]:8080", 24, "endpoints → [fd00…]:8080"},
		{"DNS → web.a-namespace.svc:80", 16, "DNS → web.…vc:80"},
		{"exec in a Pod that you choose", 20, "exec in a Pod that …"},
		{"selector → web-1, 80 → 8080", 18, "selector → web-1,…"},
	} {
		if got := narrowed(test.crosses, test.width); got != test.want || cells(got) > test.width {
			t.Errorf("%q in %d: %q", test.crosses, test.width, got)
		}
	}
}

// Whatever is told of a rung, nothing of it is lost, and no row is wider than the window.
func TestRungTableLosesNothing(t *testing.T) {
	t.Parallel()
	theme := newTheme(colorprofile.TrueColor, true)
	const long = "error trying to reach service: dial tcp 10.4.2.17:8080: connect: connection refused"
	unasked := isolation.Result{Rungs: []isolation.Observation{
		{Rung: isolation.RungPod, Crosses: "port-forward → localhost inside the Pod", Outcome: isolation.OK, Detail: "200 OK"},
		{Rung: isolation.RungFromHere, Crosses: "the network from here", Outcome: isolation.NotRun, Detail: "no external address"},
	}}
	if got := ansi.Strip(strings.Join(rungTable(&theme, unasked, 80), "\n")); !strings.Contains(got, "From here      no external address") || !strings.Contains(got, "port-forward → localhost inside the Pod") {
		t.Errorf("why a rung was not run takes the room of those that were:\n%s", got)
	}
	const gone = "running a command in Pod t1-other/nosuch: pods \"nosuch\" not found"
	const certificate = "200 OK, certificate for localhost, *.example"
	repeated := isolation.Result{Rungs: []isolation.Observation{
		{Rung: isolation.RungPod, Outcome: isolation.OK, Detail: certificate},
		{Rung: isolation.RungService, Outcome: isolation.OK, Detail: certificate},
		{Rung: isolation.RungInCluster, Outcome: isolation.Failed, Detail: gone},
		{Rung: isolation.RungInCluster, Outcome: isolation.Failed, Detail: gone},
		{Rung: isolation.RungInCluster, Outcome: isolation.Failed, Detail: gone + ", or so"},
	}}
	if got := ansi.Strip(strings.Join(rungTable(&theme, repeated, 80), "\n")); strings.Count(got, gone) != 2 || strings.Count(got, certificate) != 2 {
		t.Errorf("the words of one command stand there once, those of two rungs twice:\n%s", got)
	}
	result := isolation.Result{Rungs: []isolation.Observation{
		{Rung: isolation.RungPod, Crosses: "port-forward → localhost inside the Pod", Outcome: isolation.OK, Detail: "503 Service Unavailable", Took: 12 * time.Millisecond},
		{Rung: isolation.RungService, Crosses: "selector → a-name-that-is-rather-long-5759645bc6-55vk7, 80 → 8080", Outcome: isolation.OK, Detail: "200 OK"},
		{Rung: isolation.RungProxyService, Crosses: "ready endpoints → 10.4.2.17:8080", Outcome: isolation.Refused, Detail: long},
		{Rung: isolation.RungProxyPod, Crosses: "10.4.2.17:8080", Outcome: isolation.NotRun, Detail: "this way speaks HTTP only, and MySQL blocks clients for that"},
		{Rung: isolation.RungFromHere, Crosses: "the network from here", Outcome: isolation.NotRun, Detail: "no external address"},
	}}
	for _, test := range []struct {
		width int
		// rows is how many there are, says what must be on one of them, and never on none.
		rows       int
		says, none []string
	}{
		{60, 10, []string{"503 Service Unavailable"}, []string{"CROSSES"}},
		{80, 9, []string{"forward → localhos…n the Pod", "503 Service Unavailable"}, []string{"selector → a-name-that-is-rather-long"}},
		{120, 7, []string{"port-forward → localhost inside the Pod", "503 Service Unavailable", "the network from here"}, nil},
		{200, 6, []string{"selector → a-name-that-is-rather-long-5759645bc6-55vk7, 80 → 8080  200 OK", long, "and MySQL blocks clients for that"}, nil},
	} {
		lines := rungTable(&theme, result, test.width)
		text := ansi.Strip(strings.Join(lines, "\n"))
		for _, line := range lines {
			if cells(line) > test.width {
				t.Errorf("%d: %q is %d wide", test.width, ansi.Strip(line), cells(line))
			}
		}
		if len(lines) != test.rows {
			t.Errorf("%d: %d rows, want %d:\n%s", test.width, len(lines), test.rows, text)
		}
		words := strings.Join(strings.Fields(text), " ")
		for _, want := range append(test.says, strings.Join(strings.Fields(long), " ")) {
			if !strings.Contains(text, want) && !strings.Contains(words, want) {
				t.Errorf("%d: %q is not there:\n%s", test.width, want, text)
			}
		}
		for _, never := range test.none {
			if strings.Contains(text, never) {
				t.Errorf("%d: %q is there:\n%s", test.width, never, text)
			}
		}
	}
}

// What matters is at the top where not all fits, and below the rungs, as they come, where it does.
func TestTheConclusionIsInSight(t *testing.T) {
	s := newConnectedScreen(t, 80, 24)
	s.show(stateOf("shop", shopFixtures()...))
	page := newIsolationPage(model.Key{Namespace: "shop", Name: "cart"})
	page.began = true
	page.result = loopback(page.request)
	order := func(height int, wants ...string) {
		t.Helper()
		text := strings.Join(page.arranged(s.root.sh, 80, height), "\n")
		at := -1
		for _, want := range wants {
			found := strings.Index(ansi.Strip(text), want)
			if found < at || found < 0 {
				t.Errorf("in %d rows %q is not where it ought to be:\n%s", height, want, ansi.Strip(text))
			}
			at = found
		}
	}
	const verdict, why, next, rungs = "listens on 127.0.0.1 only", "because it dials localhost", "next let it listen", "Proxy→Pod"
	order(roomyHeight, rungs, verdict, why, next)
	order(roomyHeight-1, verdict, why, next, rungs)
	order(20, verdict, why, next, rungs)
	order(14, verdict, next, rungs, why)
	page.result.Conclusion.Why = strings.Repeat("because it dials localhost ", 50)
	order(roomyHeight+2, verdict, next, rungs, why)
	page.result.Conclusion, page.running = nil, true
	order(20, "The conclusion comes when", rungs)
	order(roomyHeight, rungs, "The conclusion comes when")
}

// The ports say what the last test of each came to, as far as that still counts.
func TestPortsSayWhatTestsCameTo(t *testing.T) {
	key, batch := model.Key{Namespace: "shop", Name: "web"}, model.Key{Namespace: "shop", Name: "batch"}
	for name, test := range map[string]struct {
		tests []tested
		want  string
	}{
		"none":       {nil, ""},
		"by number":  {[]tested{{port: "80", conclusion: isolation.Conclusion{Mark: check.MarkOK}}}, "✓"},
		"by name":    {[]tested{{port: "http", conclusion: isolation.Conclusion{Mark: check.MarkFail}}}, "✗"},
		"another":    {[]tested{{port: "90", conclusion: isolation.Conclusion{Mark: check.MarkFail}}}, ""},
		"outdated":   {[]tested{{port: "80", outdated: "so", conclusion: isolation.Conclusion{Mark: check.MarkFail}}}, ""},
		"a client's": {[]tested{{port: "80", client: batch, conclusion: isolation.Conclusion{Mark: check.MarkFail, OnlyForClient: true}}}, ""},
		"a client's, before everybody's": {[]tested{
			{port: "80", client: batch, conclusion: isolation.Conclusion{Mark: check.MarkFail, OnlyForClient: true}}, {port: "80", conclusion: isolation.Conclusion{Mark: check.MarkOK}},
		}, "✓"},
	} {
		s := newConnectedScreen(t, 80, 24)
		service := fixtureService("web", "ClusterIP", "10.96.0.1", "80", day)
		service.Spec.Ports[0].Name = "http"
		s.show(stateOf("shop", fixture{service: service, report: fixtureReport(service, check.OK, 1, 1, day)}))
		s.root.sh.tests = testMemory{key: test.tests}
		if got := ansi.Strip(newIsolationPage(key).portMark(s.root.sh, "80")); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// Where not all keys fit, some are told in fewer words; where that lets none in, they are not.
func TestFooterInFewerWords(t *testing.T) {
	bindings := []binding{{keys: []string{"r"}, name: "run again", brief: "run"}, {keys: []string{"c"}, name: "copy"}, {keys: []string{"f"}, name: "forwards", brief: "fwd"}, {keys: []string{":"}, name: "jump"}, {keys: []string{"?"}, name: "help"}}
	sh := &shell{theme: newTheme(colorprofile.TrueColor, true)}
	for width, want := range map[int]string{
		60: " r run again  c copy  f forwards  : jump  ? help",
		47: " r run again  c copy  f forwards  ? help",
		39: " r run  c copy  f forwards  ? help",
		33: " r run  c copy  f fwd  ? help",
		29: " r run  c copy  f fwd  ? help",
		20: " r run again  ? help",
	} {
		if got := ansi.Strip(footer(sh, bindings, width)); got != want {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
}
