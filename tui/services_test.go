package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
)

func sizes() [][2]int { return [][2]int{{80, 24}, {120, 40}} }

func TestServicesScreen(t *testing.T) {
	for _, size := range sizes() {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			s := newConnectedScreen(t, size[0], size[1])
			s.show(stateOf("shop", shopFixtures()...))
			s.press("j")
			s.mustFit(size[0], size[1])
			golden.RequireEqual(t, s.picture())
		})
	}
}

func TestServicesScreenOfAllNamespaces(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.press("0")
	fixtures := shopFixtures()
	for i, f := range shopFixtures() {
		f.service.Namespace = fmt.Sprintf("team-%d", i%3)
		f.report.Key.Namespace = f.service.Namespace
		fixtures = append(fixtures, f)
	}
	s.show(stateOf(model.AllNamespaces, fixtures...))
	golden.RequireEqual(t, s.picture())
}

func TestServicesEmptyStates(t *testing.T) {
	cover := func(coverage model.Coverage) *engine.State {
		state := stateOf("shop")
		state.Snapshot = model.NewBuilder(nil).Cover(model.Need{Kind: model.Services, Namespace: "shop"}, coverage).Build(fixtureNow())
		return state
	}
	cases := map[string]func(s *screen){
		"connecting": func(s *screen) { s.root.sh.connection = connecting },
		"unreachable": func(s *screen) {
			s.send(sessionFailed{generation: s.root.generation, err: errors.New("connect to https://10.0.0.1:6443 (context gke-prod): connection refused\ncheck that the cluster runs")})
		},
		"syncing": func(s *screen) {
			state := cover(model.Coverage{State: model.Syncing})
			state.Settled = false
			s.show(state)
		},
		"forbidden": func(s *screen) {
			s.show(cover(model.Coverage{State: model.Forbidden, Verb: "list", Reason: `services is forbidden: User "ann" cannot list resource "services"`}))
		},
		"failed": func(s *screen) {
			s.show(cover(model.Coverage{State: model.Failed, Reason: "etcdserver: request timed out"}))
		},
		"none": func(s *screen) {
			s.show(stateOf("shop"))
			s.deliver(namespacesRead{names: []string{"default", "shop"}})
		},
		"no such namespace": func(s *screen) {
			s.show(stateOf("shop"))
			s.deliver(namespacesRead{names: []string{"default", "shopping"}})
		},
		"filtered away": func(s *screen) {
			s.show(stateOf("shop", shopFixtures()...))
			s.press("/")
			s.write("nonesuch")
			s.press("enter")
		},
	}
	for name, arrange := range cases {
		t.Run(name, func(t *testing.T) {
			s := newConnectedScreen(t, 80, 24)
			arrange(s)
			s.mustFit(80, 24)
			golden.RequireEqual(t, s.picture())
		})
	}
}

// deliver hands the page on top a result of its own work.
func (s *screen) deliver(msg any) {
	s.t.Helper()
	top := s.root.stack[len(s.root.stack)-1]
	s.send(addressed{token: top.life.token, msg: msg})
}

func changed(fixtures []fixture, name string, change func(*check.Report)) []fixture {
	out := slices.Clone(fixtures)
	for i := range out {
		if out[i].report.Key.Name == name {
			report := *out[i].report
			change(&report)
			out[i].report = &report
		}
	}
	return out
}

func rowNames(s *screen) []string {
	var names []string
	for _, row := range s.home().list.shown {
		names = append(names, row.key.Name)
	}
	return names
}

func (s *screen) home() *servicesPage { return s.root.stack[0].page.(*servicesPage) }

func breakIt(r *check.Report) {
	r.Verdict = check.Fail
	r.Usable = 0
	r.Findings = []check.Finding{{ID: "READY-03", Severity: check.Critical, Confidence: check.Proven, Short: "not ready", Title: "Not ready."}}
}

func TestWorstServiceIsUnderTheCursorUntilTouched(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	fixtures := shopFixtures()
	s.show(stateOf("shop", fixtures[5:]...))
	if got := s.home().list.selected.key.Name; got != "catalog" {
		t.Fatalf("selected %s, want the only one that is not ok", got)
	}
	s.show(stateOf("shop", fixtures...))
	if got := s.home().list.selected.key.Name; got != "cart" {
		t.Fatalf("selected %s, want the worst, cart", got)
	}
}

func TestOrderIsFrozenOnceTouchedAndSaysWhatWaits(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	fixtures := shopFixtures()
	s.show(stateOf("shop", fixtures...))
	s.press("j", "j")
	before := rowNames(s)
	fixtures = changed(changed(fixtures, "shipping", breakIt), "payments", breakIt)
	s.show(stateOf("shop", fixtures...))
	if after := rowNames(s); !slices.Equal(before, after) {
		t.Fatalf("the order moved under the cursor:\n%v\n%v", before, after)
	}
	s.mustShow("2 newly broken, = sorts again", "✗ 5")
	selected := s.home().list.selected
	s.press("=")
	s.mustNotShow("newly broken")
	if got := rowNames(s)[:5]; !slices.Equal(got, []string{"cart", "checkout", "payments", "shipping", "web"}) {
		t.Errorf("after = the first rows are %v", got)
	}
	if s.home().list.selected != selected {
		t.Errorf("the selection left %s for %s", selected.key, s.home().list.selected.key)
	}
}

func TestSelectionStaysOnTheServiceAndOnItsLine(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	fixtures := shopFixtures()
	s.show(stateOf("shop", fixtures...))
	s.press("j", "j", "j")
	if got := s.home().list.selected.key.Name; got != "search" {
		t.Fatalf("selected %s", got)
	}
	// A Service that sorts before it goes, another one comes.
	s.show(stateOf("shop", fixtures[1:]...))
	if got := s.home().list.selected.key.Name; got != "search" {
		t.Errorf("a Service went: selected %s", got)
	}
	s.show(stateOf("shop", slices.Delete(slices.Clone(fixtures), 3, 4)...))
	if s.home().list.selected == nil {
		t.Errorf("the selected Service went: nothing is selected")
	}
}

func TestFilter(t *testing.T) {
	cases := []struct {
		filter string
		want   []string
	}{
		{"checkout", []string{"checkout"}},
		{"CART", []string{"cart", "redis-cart"}},
		{"sel-01", []string{"checkout"}},
		{"cart redis", []string{"redis-cart"}},
		{"!clusterip", []string{"web", "frontend", "legacy-db"}},
		{"-f pmts", []string{"payments"}},
		{"-l team=a", []string{"catalog"}},
		{"quota", []string{"web"}},
		{"", nil},
	}
	for _, c := range cases {
		t.Run(c.filter, func(t *testing.T) {
			s := newConnectedScreen(t, 120, 40)
			fixtures := shopFixtures()
			fixtures[5].service.Labels = map[string]string{"team": "a"}
			s.show(stateOf("shop", fixtures...))
			s.press("/")
			s.write(c.filter)
			s.press("enter")
			want := c.want
			if want == nil {
				want = rowNames(s)
				if len(want) != len(fixtures) {
					t.Errorf("an empty filter hides rows: %v", want)
				}
			}
			if got := rowNames(s); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			s.press("esc")
			if got := len(rowNames(s)); got != len(fixtures) {
				t.Errorf("esc did not clear the filter: %d rows", got)
			}
		})
	}
}

func TestTypingInTheFilterPressesNoKeys(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("/")
	s.write("q?:!0t")
	if got := s.home().list.filter; got != "q?:!0t" {
		t.Errorf("filter %q", got)
	}
	if len(s.root.stack) != 1 {
		t.Errorf("a key opened a page")
	}
}

func TestBrokenOnlyKeepsWhatHealsUntilSorted(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	fixtures := shopFixtures()
	s.show(stateOf("shop", fixtures...))
	s.press("!")
	if got := rowNames(s); !slices.Equal(got, []string{"cart", "checkout", "web", "search"}) {
		t.Fatalf("broken only shows %v", got)
	}
	s.show(stateOf("shop", changed(fixtures, "cart", func(r *check.Report) { r.Verdict, r.Findings = check.OK, nil })...))
	if got := rowNames(s); !slices.Contains(got, "cart") {
		t.Errorf("a row vanished under the cursor: %v", got)
	}
	s.press("=")
	if got := rowNames(s); slices.Contains(got, "cart") {
		t.Errorf("sorted again, and still there: %v", got)
	}
	s.press("esc")
	if got := len(rowNames(s)); got != len(fixtures) {
		t.Errorf("esc did not show all again: %d", got)
	}
}

func TestSortByColumnAndBack(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("N")
	names := rowNames(s)
	if !slices.IsSorted(names) {
		t.Errorf("N: %v", names)
	}
	s.press("N")
	slices.Reverse(names)
	if got := rowNames(s); !slices.Equal(got, names) {
		t.Errorf("N again: %v", got)
	}
	s.press("H")
	if got := rowNames(s)[0]; got != "cart" {
		t.Errorf("H: %s first", got)
	}
}

func TestDigitShowsARecentNamespace(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("0")
	if s.root.sh.scope != model.AllNamespaces {
		t.Fatalf("0 shows %q", s.root.sh.scope)
	}
	s.press("1")
	if s.root.sh.scope != "shop" || s.session.scope != "shop" {
		t.Errorf("1 shows %q, the session reads %q", s.root.sh.scope, s.session.scope)
	}
	s.press("9")
	if s.root.sh.scope != "shop" {
		t.Errorf("9 went to %q", s.root.sh.scope)
	}
}

func TestStateOfTheScopeBeforeIsDropped(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.press("0")
	s.show(stateOf("shop", shopFixtures()...))
	if s.root.sh.state != nil {
		t.Errorf("a state of shop is shown as one of all namespaces")
	}
}

func TestHostileStringsNeverReachTheTerminal(t *testing.T) {
	const evil = "\x1b]0;owned\a\x1b[2J\u202egnp\x9b31m"
	fixtures := shopFixtures()
	bad := fixtureService("bad"+evil, corev1.ServiceTypeExternalName, "", "80", day)
	bad.Spec.ExternalName = "db" + evil
	bad.Spec.Selector = map[string]string{"app" + evil: "x" + evil}
	report := fixtureReport(bad, check.Fail, 0, 3, time.Minute)
	breakIt(report)
	report.Findings[0].Short, report.Findings[0].Title = "short"+evil, "title"+evil
	report.Findings[0].Why = "why" + evil
	report.Findings[0].Fix = &check.Fix{Command: "kubectl" + evil + "\n next", Note: "note" + evil}
	report.Findings[0].Cause = &check.Cause{Text: "cause" + evil}
	report.Route[1].Text = "route" + evil
	report.Reach = "reach" + evil
	fixtures = append(fixtures, fixture{bad, report})
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", fixtures...))
	for _, c := range s.root.top().(*servicesPage).list.shown {
		if strings.HasPrefix(c.key.Name, "bad") {
			s.home().list.find(c.key)
		}
	}
	harmless := func(where string) {
		content := s.root.View().Content
		for _, bytes := range []string{"\x1b]", "\x1b[2J", "\a", "\u202e", "\x9b"} {
			if strings.Contains(content, bytes) {
				t.Errorf("%s: %q reaches the terminal", where, bytes)
			}
		}
		s.mustFit(120, 40)
	}
	harmless("list")
	golden.RequireEqual(t, s.picture())
	s.press("enter")
	for _, step := range []string{"1", "2", "3", "4", "5", "6", "7", "tab"} {
		s.press(step)
		harmless("step " + step)
	}
}

func TestEverySizeDrawsWithoutPanic(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 1}, {20, 5}, {39, 9}, {40, 10}, {60, 16}, {80, 24}, {200, 50}, {500, 200}} {
		for _, key := range []string{"", "enter", "?", "/"} {
			s := newConnectedScreen(t, size[0], size[1])
			s.show(stateOf("shop", shopFixtures()...))
			if key != "" {
				s.press(key)
			}
			s.mustFit(size[0], max(size[1], 1))
			if size[0] == 20 {
				s.mustShow("svctui needs 40×10")
			}
		}
	}
}

func TestWideCharactersKeepTheColumns(t *testing.T) {
	fixtures := shopFixtures()
	fixtures[4].report.Unchecked[0].Need = "読み取り ポッド"
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", fixtures...))
	s.mustFit(120, 40)
	var at []int
	for _, line := range strings.Split(s.picture(), "\n")[2:10] {
		if i := strings.LastIndexAny(line, "hmd–E"); i > 0 {
			at = append(at, cells(line[:i]))
		}
	}
	if len(at) < 3 || slices.Max(at) != slices.Min(at) {
		t.Errorf("the last column ends at %v:\n%s", at, s.picture())
	}
}

// Who jumps to a Service finds it selected in the list, also where it is read only afterwards; what is never read does not move the cursor later.
func TestTheListGoesTo(t *testing.T) {
	known := func(report *check.Report) *check.Report { return report }
	state := stateOf("shop", shopFixtures()...)
	chosen := func(l *serviceList) string { return l.selected.key.Name }
	there := newServiceList()
	there.take(state, known)
	worst := chosen(&there)
	there.goTo(model.Key{Namespace: "shop", Name: "checkout"})
	later := newServiceList()
	later.goTo(model.Key{Namespace: "shop", Name: "checkout"})
	later.take(state, known)
	for _, list := range []*serviceList{&there, &later} {
		if list.take(state, known); chosen(list) != "checkout" {
			t.Errorf("%s is selected", chosen(list))
		}
	}
	never := newServiceList()
	never.goTo(model.Key{Namespace: "shop", Name: "nobody"})
	if never.take(state, known); chosen(&never) != worst || never.lost != nil {
		t.Errorf("%s is selected, %v is waited for", chosen(&never), never.lost)
	}
}
