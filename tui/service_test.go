package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// openService is a screen on which a Service of the shop is open.
func openService(t testing.TB, width, height int, name string) *screen {
	t.Helper()
	s := newConnectedScreen(t, width, height)
	s.show(stateOf("shop", shopFixtures()...))
	if !s.home().list.find(model.Key{Namespace: "shop", Name: name}) {
		t.Fatalf("no Service %s in the list", name)
	}
	s.press("enter")
	return s
}

func TestServiceScreen(t *testing.T) {
	for _, size := range sizes() {
		for _, name := range []string{"checkout", "cart", "audit", "payments"} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size[0], size[1]), func(t *testing.T) {
				s := openService(t, size[0], size[1], name)
				s.mustFit(size[0], size[1])
				golden.RequireEqual(t, s.picture())
			})
		}
	}
}

func TestServiceSteps(t *testing.T) {
	for step := check.Step(0); step < check.StepCount; step++ {
		t.Run(fmt.Sprint(int(step)+1), func(t *testing.T) {
			s := openService(t, 120, 40, "cart")
			s.press(fmt.Sprint(int(step) + 1))
			if step == check.StepLogs {
				s.deliver(logsArrived{pod: "cart-66c9d4-4hv94", lines: []model.LogLine{
					{Pod: "cart-66c9d4-4hv94", Container: "app", Time: ago(0), Text: "GET /healthz 503 no database \x1b[2J"},
				}})
				s.deliver(logsArrived{pod: "cart-66c9d4-9sz75", err: errForbiddenLog{}})
			}
			s.mustFit(120, 40)
			golden.RequireEqual(t, s.picture())
		})
	}
}

// TestLogsStepTellsWhatTheLogHintsAt holds that a hint is shown above the lines, clean, and goes when the logs do.
func TestLogsStepTellsWhatTheLogHintsAt(t *testing.T) {
	s := openService(t, 120, 40, "cart")
	s.press("5")
	pod := s.page().tail.pods[0]
	s.deliver(logsArrived{pod: pod, lines: []model.LogLine{{Pod: pod, Time: ago(0), Text: "dial tcp db\x1b[2J:5432: connection refused"}, {Pod: pod, Time: ago(0), Text: "listening on 127.0.0.1:3000"}}})
	if shown := s.picture(); strings.Contains(shown, "hint  ") {
		t.Errorf("a port that the Service does not lead to:\n%s", shown)
	}
	s.deliver(logsArrived{pod: pod, lines: []model.LogLine{{Pod: pod, Time: ago(0), Text: "listening on 127.0.0.1:8080"}}})
	if shown := s.picture(); !strings.Contains(shown, "hint  it listens on 127.0.0.1:8080 only") || !strings.Contains(shown, "LOG-01") {
		t.Errorf("%s", shown)
	}
	s.mustFit(120, 40)
}

type errForbiddenLog struct{}

func (errForbiddenLog) Error() string {
	return `pods "cart-66c9d4-9sz75" is forbidden: cannot get pods/log`
}

func (s *screen) page() *servicePage { return s.root.top().(*servicePage) }

func TestStepOfTheLeadingFindingIsSelectedUntilThePersonChooses(t *testing.T) {
	s := openService(t, 120, 40, "checkout")
	if got := s.page().step; got != check.StepSelector {
		t.Fatalf("opened on step %d, want the leading finding's", int(got)+1)
	}
	fixtures := changed(shopFixtures(), "checkout", func(r *check.Report) {
		r.Findings = append([]check.Finding{{ID: "LB-01", Severity: check.Critical, Step: check.StepEvents, Title: "Something worse."}}, r.Findings...)
	})
	s.show(stateOf("shop", fixtures...))
	if got := s.page().step; got != check.StepEvents {
		t.Errorf("the leading finding is another one, the step is %d", int(got)+1)
	}
	s.press("2")
	s.show(stateOf("shop", shopFixtures()...))
	if got := s.page().step; got != check.StepEndpoints {
		t.Errorf("the person chose step 2, it went to %d", int(got)+1)
	}
}

func TestTabTellsEveryFindingAndWhatIsUnchecked(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	fixtures := changed(shopFixtures(), "checkout", func(r *check.Report) {
		r.Findings = append(r.Findings, check.Finding{ID: "CFG-09", Severity: check.Info, Step: check.StepService, Title: "A piece of advice."})
		r.Unchecked = []check.Unchecked{{Check: []string{"EVT-01"}, Need: "list Events", Kind: model.Events, Namespace: "shop", Coverage: model.Coverage{State: model.Forbidden}}}
	})
	s.show(stateOf("shop", fixtures...))
	s.home().list.find(model.Key{Namespace: "shop", Name: "checkout"})
	s.press("enter")
	s.mustShow("1 of 3, Tab shows the next", "No Pod carries app=checkout.")
	s.press("tab")
	s.mustShow("2 of 3", "A piece of advice.", "CFG-09")
	s.press("tab")
	s.mustShow("3 of 3", "list Events", "EVT-01")
	s.press("tab")
	s.mustShow("1 of 3")
}

// A tick in front of a fault would read as a contradiction.
func TestAdviceOnAServiceThatRoutesHasNoTick(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", changed(shopFixtures(), "web", func(r *check.Report) {
		r.Verdict = check.OK
		r.Findings = []check.Finding{{ID: "POD-08", Severity: check.Minor, Confidence: check.Proven, Title: "Pod web-1 runs, but its readiness probe fails."}}
	})...))
	s.home().list.find(model.Key{Namespace: "shop", Name: "web"})
	s.mustShow("  ·  Pod web-1 runs")
	s.press("enter")
	s.mustShow("  ·  Pod web-1 runs")
	s.mustNotShow("✓  Pod web-1")
}

func TestACommandThatMendsNothingIsNotCalledAFix(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", changed(shopFixtures(), "cart", func(r *check.Report) {
		r.Findings = slices.Clone(r.Findings)
		r.Findings[0].Fix = &check.Fix{Command: "kubectl logs deploy/cart", Look: true}
	})...))
	s.home().list.find(model.Key{Namespace: "shop", Name: "cart"})
	for _, key := range []string{"", "enter", "c"} {
		if key != "" {
			s.press(key)
		}
		s.mustNotShow("fix  kubectl", "fix of")
		if key == "c" {
			s.mustShow("look of READY-03")
		} else {
			s.mustShow("     look kubectl logs deploy/cart")
		}
	}
}

func TestWhatIsStillReadIsSaidShortly(t *testing.T) {
	s := newConnectedScreen(t, 80, 24)
	s.show(stateOf("shop", changed(shopFixtures(), "web", func(r *check.Report) {
		r.Verdict, r.Findings = check.Partial, nil
		r.Unchecked = []check.Unchecked{{
			Check: []string{"WL-03", "POD-08"}, Need: "list pods", Kind: model.Pods, Namespace: "shop", Coverage: model.Coverage{State: model.Syncing},
		}}
	})...))
	s.home().list.find(model.Key{Namespace: "shop", Name: "web"})
	s.press("enter")
	s.mustShow("·  reading pods in shop …")
	s.mustNotShow("WL-03", "unknown")
}

func TestDeletedServiceKeepsItsLastState(t *testing.T) {
	s := openService(t, 120, 40, "checkout")
	rest := slices.Delete(shopFixtures(), 1, 2)
	s.show(stateOf("shop", rest...))
	s.mustShow("This Service was deleted at", "No Pod carries app=checkout.", "NEAREST: 3 Pods of deploy/checkout")
	golden.RequireEqual(t, s.picture())
	s.show(stateOf("shop", shopFixtures()...))
	s.mustNotShow("deleted")
	s.press("esc")
	if len(s.root.stack) != 1 {
		t.Errorf("esc did not go back")
	}
}

// A state that does not know the Services says nothing about this one.
func TestServiceIsNotCalledDeletedWhenNothingIsKnown(t *testing.T) {
	s := openService(t, 120, 40, "checkout")
	unknown := stateOf("shop")
	unknown.Snapshot = model.NewBuilder(unknown.Snapshot).Cover(
		model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Failed, Reason: "timeout"}).Build(fixtureNow())
	s.show(unknown)
	s.mustNotShow("deleted")
	s.mustShow("No Pod carries app=checkout.")
}

func TestServiceThatDoesNotExist(t *testing.T) {
	s := newConnectedScreen(t, 80, 24)
	s.root.sh.open(newServicePage(model.Key{Namespace: "shop", Name: "check"}))
	s.show(stateOf("shop", shopFixtures()...))
	s.mustShow("There is no Service check in namespace shop.", "Near it: shop/checkout")
}

func TestServiceThatIsNamedWithoutItsNamespace(t *testing.T) {
	namesake := fixtureService("checkout", corev1.ServiceTypeClusterIP, "10.96.1.1", "80→80", day)
	namesake.Namespace = "bank"
	two := stateOf(model.AllNamespaces, append(shopFixtures(), fixture{namesake, fixtureReport(namesake, check.OK, 1, 1, 0)})...)
	s := newConnectedScreen(t, 80, 24)
	s.root.sh.scope = model.AllNamespaces
	s.root.sh.open(newServicePage(model.Key{Name: "catalog"}))
	s.show(two)
	s.mustShow("shop ▸ catalog")
	s.root.sh.back()
	s.root.sh.open(newServicePage(model.Key{Name: "checkout"}))
	s.show(two)
	s.mustShow("Service checkout, in which namespace?", "bank", "shop")
	s.press("down", "enter")
	s.mustShow("shop ▸ checkout")
	s.mustNotShow("in which namespace?")
	s.root.sh.back()
	s.root.sh.open(newServicePage(model.Key{Name: "nobody"}))
	s.show(two)
	s.mustShow("There is no Service nobody in namespace shop.")
}

func TestFocusFollowsTheOpenService(t *testing.T) {
	s := openService(t, 120, 40, "checkout")
	want := model.Key{Namespace: "shop", Name: "checkout"}
	if got, ok := s.session.focusedLast(); !ok || got != want {
		t.Errorf("focused %v, want %v", got, want)
	}
	s.press("esc")
	if got, _ := s.session.focusedLast(); got != (model.Key{}) {
		t.Errorf("left, and %v is still focused", got)
	}
}

func TestEvidenceScrollsAndSaysWhatIsBelow(t *testing.T) {
	s := openService(t, 80, 24, "cart")
	s.mustShow("more, PgDn")
	for range 30 {
		s.press("pgdown")
	}
	s.mustNotShow("more, PgDn")
	s.mustShow("POD-06")
	s.press("g")
	s.mustShow("more, PgDn")
}

func TestLogsAreFollowedWhileTheirStepIsSelectedOnly(t *testing.T) {
	s := openService(t, 120, 40, "cart")
	s.press("5")
	if got := len(s.page().tail.pods); got != 3 {
		t.Fatalf("%d Pods are followed, want 3", got)
	}
	seq := s.page().tail.turn.seq
	late := addressed{token: s.page().life.token, turn: &s.page().tail.turn, seq: seq, msg: logsArrived{lines: []model.LogLine{{Text: "too late"}}}}
	s.press("4")
	s.send(late)
	s.press("5")
	s.send(late)
	s.mustNotShow("too late")
}

func TestRouteKeepsWhatIsAtFault(t *testing.T) {
	theme := newTheme(0, true)
	hops := shopFixtures()[1].report.Route
	for width := 60; width < 130; width++ {
		line := drawRoute(&theme, hops, width)
		if !strings.Contains(line, "app=checkout") || !strings.Contains(line, "0 of 12 Pods") {
			t.Errorf("width %d: %q", width, line)
		}
		if w := cells(line); w > width {
			t.Errorf("width %d: the route has %d cells", width, w)
		}
	}
}

func TestTailReadsOnAfterALogBrokeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := func(text string, at time.Duration) model.LogLine {
			return model.LogLine{Pod: "cart-1", Text: text, Time: fixtureNow().Add(at)}
		}
		attempts := 0
		session := &stageSession{logs: func(_ context.Context, _ model.LogRequest, lines func([]model.LogLine)) error {
			if attempts++; attempts == 1 {
				lines([]model.LogLine{line("one", 1)})
				return errForbiddenLog{}
			}
			lines([]model.LogLine{line("one", 1), line("two", 2)})
			return nil
		}}
		var tail logTail
		var said []string
		followTail(t.Context(), session, model.LogRequest{Pod: "cart-1"}, func(msg tea.Msg) {
			arrived := msg.(logsArrived)
			tail.take(arrived)
			said = append(said, fmt.Sprintf("%d lines, %d errors", len(tail.lines), len(tail.errs)))
		})
		if want := []string{"1 lines, 0 errors", "1 lines, 1 errors", "2 lines, 0 errors"}; !slices.Equal(said, want) {
			t.Errorf("the tail held %q, want %q", said, want)
		}
	})
}

func TestTailKeepsLongLinesShort(t *testing.T) {
	var tail logTail
	tail.take(logsArrived{pod: "cart-1", lines: []model.LogLine{{Text: strings.Repeat("x", 64<<10)}}})
	if got := len(tail.lines[0].Text); got > 2*tailLineMost {
		t.Errorf("%d bytes of a line are kept", got)
	}
}

func TestInstancesOfAContainerAreToldApart(t *testing.T) {
	pod := func(restarts int32, state corev1.ContainerState) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "cart-1"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "app", RestartCount: restarts, State: state}}},
		}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
	first := instanceOf(pod(0, running))
	if first != instanceOf(pod(0, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}})) {
		t.Error("a container that ended is taken for another one: its log is the same")
	}
	for name, other := range map[string]*corev1.Pod{"restarted": pod(1, running), "waiting": pod(0, waiting)} {
		if instanceOf(other) == first {
			t.Errorf("%s: taken for the first instance", name)
		}
	}
}

// TestAdviceComesAfterTheSummary holds that a Service which is well says so first, and advice on the next Tab.
func TestAdviceComesAfterTheSummary(t *testing.T) {
	s := openService(t, 120, 40, "payments")
	healthy := s.picture()
	s.show(stateOf("shop", changed(shopFixtures(), "payments", func(r *check.Report) {
		r.Findings = []check.Finding{{ID: "ADV-04", Severity: check.Info, Step: check.StepReadiness, Title: "Nothing asks the Pods."}}
	})...))
	head := strings.Split(s.picture(), "\n")
	s.mustShow("1 of 2, Tab shows the next")
	if want := strings.Split(healthy, "\n")[3]; head[3] != want {
		t.Errorf("the top says %q, want %q", head[3], want)
	}
	s.mustNotShow("Nothing asks the Pods.")
	s.press("tab")
	s.mustShow("Nothing asks the Pods.", "2 of 2, Tab shows the next")
	if got := s.page().step; got != check.StepReadiness {
		t.Errorf("the advice is on step %d", int(got)+1)
	}
	s.press("tab")
	s.mustShow("1 of 2, Tab shows the next")
}

func TestKeysSayThatTheServiceIsNotThere(t *testing.T) {
	page := newServicePage(model.Key{Namespace: "shop", Name: "blog"})
	for _, report := range []*check.Report{nil, {Key: page.key, Missing: true}} {
		page.report = report
		for _, key := range []string{"t", "F", "w"} {
			binding := find(page.bindings(), key)
			if binding == nil {
				t.Fatalf("there is no key %s", key)
			}
			want := "the Service is not read yet"
			if report != nil {
				want = "there is no such Service"
			}
			if got := binding.disabled(&shell{}); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
	}
}

func TestWhatKeepsTheClientOutLeadsOnItsServicesScreen(t *testing.T) {
	front := fixtureService("front", corev1.ServiceTypeLoadBalancer, "10.96.33.3", "80→8080", 30*day)
	front.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"}
	front.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "198.51.100.9"}}
	s := newStage(t, stageSetup{width: 120, height: 40, state: stateOf("shop", fixture{front, fixtureReport(front, check.OK, 2, 2, time.Hour)})})
	s.choose("front")
	s.press("enter")
	if strings.Contains(s.screen(), "LB-07") {
		t.Fatalf("somebody is kept out:\n%s", s.screen())
	}
	s.press("w")
	s.write("203.0.113.7")
	s.press("enter")
	for _, want := range []string{"✗  A client at 203.0.113.7 is in none of the ranges", "LB-07 · major, proven", "▌1 ✗ Service, address"} {
		if !strings.Contains(s.screen(), want) {
			t.Errorf("the screen does not say %q:\n%s", want, s.screen())
		}
	}
}
