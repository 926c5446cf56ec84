package engine

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func TestMain(m *testing.M) {
	// The hundred checks that rapid makes by default miss what rests on three objects of one name.
	if err := flag.Set("rapid.checks", "600"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func aService(namespace, name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: "10.96.0.10", Selector: map[string]string{"app": name},
			Ports: []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8080)}},
		},
	}
}

func pointer[T any](value T) *T { return &value }

// aSlice is a slice of a Service with so many endpoints.
func aSlice(namespace, service string, endpoints int) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: service + "-abcde",
			Labels: map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: controllerName},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports: []discoveryv1.EndpointPort{{
			Name: pointer(""), Port: pointer(int32(80)), Protocol: pointer(corev1.ProtocolTCP),
		}},
		Endpoints: slices.Repeat([]discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1"}}}, endpoints),
	}
}

func key(namespace, name string) model.Key { return model.Key{Namespace: namespace, Name: name} }

// screen is what an engine published.
type screen struct {
	mu     sync.Mutex
	states []*State
	times  []time.Time
}

func (s *screen) publish(state *State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states = append(s.states, state)
	s.times = append(s.times, time.Now())
}

func (s *screen) last() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[len(s.states)-1]
}

func (s *screen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.states)
}

func (s *State) verdict(key model.Key) string {
	for _, report := range s.Reports {
		if report.Key == key {
			return report.Verdict.String()
		}
	}
	return "none"
}

// run runs an engine in a bubble of synctest until the test ends.
func run(t *testing.T, e *Engine) *screen {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	shown := &screen{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Run(ctx, shown.publish)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	synctest.Wait()
	return shown
}

func TestTheFirstStateComesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		shown := run(t, newEngine(source, Options{}, simple()))
		if shown.count() != 1 || shown.last().Settled || shown.last().Scope != "shop" {
			t.Fatalf("got %+v", shown.states)
		}
		source.live()
		synctest.Wait()
		if !shown.last().Settled {
			t.Error("Services and slices are live, and the state is not settled")
		}
	})
}

func TestAChangeAfterQuietIsJudgedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"), aSlice("shop", "web", 1))
		shown := run(t, newEngine(source, Options{}, simple()))
		time.Sleep(time.Second)
		before := shown.last()
		source.put(aSlice("shop", "web", 0))
		synctest.Wait()
		if got := shown.last().verdict(key("shop", "web")); got != "unknown" {
			t.Errorf("after the change, without any time passing: %s", got)
		}
		if got := before.verdict(key("shop", "web")); got != "ok" {
			t.Errorf("a state that was published earlier now says %s", got)
		}
	})
}

func TestChangesAreCoalescedAndNoneIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"))
		shown := run(t, newEngine(source, Options{}, simple()))
		time.Sleep(time.Second)
		start, first := time.Now(), shown.count()
		// 500 changes a second for two seconds.
		for i := range 1000 {
			source.put(aSlice("shop", "web", i+1))
			time.Sleep(2 * time.Millisecond)
		}
		last := time.Now()
		time.Sleep(time.Second)
		if states := shown.count() - first; states < 19 || states > 22 {
			t.Errorf("%d states in two seconds, want one every 100 ms", states)
		}
		for i := first + 1; i < len(shown.times); i++ {
			if gap := shown.times[i].Sub(shown.times[i-1]); gap < DefaultCoalesce {
				t.Errorf("two states %v apart", gap)
			}
		}
		if got := shown.last().Reports[0].Usable; got != 1000 {
			t.Errorf("the last change is lost: %d endpoints", got)
		}
		if late := shown.times[len(shown.times)-1].Sub(last); late > DefaultCoalesce {
			t.Errorf("the last change came %v late, after %v", late, last.Sub(start))
		}
	})
}

func TestABlockedScreenLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"))
		ctx, cancel := context.WithCancel(t.Context())
		release, done := make(chan struct{}), make(chan struct{})
		var last *State
		go func() {
			defer close(done)
			newEngine(source, Options{}, simple()).Run(ctx, func(state *State) {
				<-release
				last = state
			})
		}()
		for i := range 50 {
			source.put(aSlice("shop", "web", i+1))
			time.Sleep(10 * time.Millisecond)
		}
		close(release)
		time.Sleep(time.Second)
		cancel()
		<-done
		if last.Reports[0].Usable != 50 {
			t.Errorf("got %d endpoints, want 50", last.Reports[0].Usable)
		}
	})
}

func TestAnIdleClusterPublishesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"))
		shown := run(t, newEngine(source, Options{}, simple()))
		count, asked := shown.count(), source.timesAsked()
		// A source may raise its hand for nothing.
		source.notify()
		time.Sleep(time.Hour)
		if shown.count() != count || source.timesAsked() != asked {
			t.Errorf("%d states and %d asks came of nothing", shown.count()-count, source.timesAsked()-asked)
		}
	})
}

func TestTimeAloneWakesTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		checks := simple()
		checks.judge = func(in check.Input, key model.Key) *check.Report {
			report := &check.Report{Key: key}
			if held := begin.Add(10 * time.Second); in.Now.Before(held) {
				report.Again = held
			} else {
				report.Verdict = check.Fail
			}
			return report
		}
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"))
		shown := run(t, newEngine(source, Options{}, checks))
		time.Sleep(9 * time.Second)
		if got := shown.last().verdict(key("shop", "web")); got != "ok" {
			t.Fatalf("too early: %s", got)
		}
		time.Sleep(2 * time.Second)
		if got := shown.last().verdict(key("shop", "web")); got != "fail" {
			t.Errorf("not woken: %s", got)
		}
	})
}

func TestACheckThatAsksForThePastDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		checks := simple()
		checks.judge = func(in check.Input, key model.Key) *check.Report {
			return &check.Report{Key: key, Again: in.Now.Add(-time.Second)}
		}
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"))
		shown := run(t, newEngine(source, Options{}, checks))
		time.Sleep(time.Hour)
		if shown.count() > 3 {
			t.Errorf("%d states", shown.count())
		}
	})
}

func TestWantedServicesThatDoNotExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wanted := key("shop", "web")
		source := newFixture("shop")
		shown := run(t, newEngine(source, Options{Wanted: []model.Key{wanted}}, simple()))
		if got := shown.last().verdict(wanted); got != "none" {
			t.Errorf("missing before Services were known: %s", got)
		}
		source.live()
		time.Sleep(time.Second)
		if state := shown.last(); state.verdict(wanted) != "fail" || !state.Reports[0].Missing {
			t.Errorf("got %s", state.verdict(wanted))
		}
		source.put(aService("shop", "web"), aSlice("shop", "web", 1))
		time.Sleep(time.Second)
		if state := shown.last(); state.verdict(wanted) != "ok" || state.Reports[0].Missing {
			t.Errorf("after it came: %s", state.verdict(wanted))
		}
		source.remove(model.Services, wanted)
		time.Sleep(time.Second)
		if state := shown.last(); state.verdict(wanted) != "fail" || !state.Reports[0].Missing {
			t.Errorf("after it went: %s", state.verdict(wanted))
		}
	})
}

func TestADeletedServiceLosesItsReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "api"), aService("shop", "web"))
		shown := run(t, newEngine(source, Options{}, simple()))
		source.remove(model.Services, key("shop", "api"))
		time.Sleep(time.Second)
		if reports := shown.last().Reports; len(reports) != 1 || reports[0].Key.Name != "web" {
			t.Errorf("got %v", reports)
		}
	})
}

func TestAnotherScopeIsJudgedFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"), aService("bank", "ledger"))
		shown := run(t, newEngine(source, Options{}, simple()))
		if reports := shown.last().Reports; len(reports) != 1 || reports[0].Key != key("shop", "web") {
			t.Fatalf("got %v", reports)
		}
		source.mu.Lock()
		source.scope = "bank"
		source.mu.Unlock()
		source.live()
		time.Sleep(time.Second)
		if state := shown.last(); state.Scope != "bank" || len(state.Reports) != 1 || state.Reports[0].Key != key("bank", "ledger") {
			t.Errorf("got %s %v", state.Scope, state.Reports)
		}
		if want := (model.Need{Kind: model.Pods, Namespace: "bank"}); !slices.Contains(source.lastAsked(), want) {
			t.Errorf("asked for %v", source.lastAsked())
		}
	})
}

func TestSinceStandsWhileTheVerdictDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		since, verdict := time.Now().Add(-time.Hour), check.Fail
		checks := simple()
		checks.judge = func(_ check.Input, key model.Key) *check.Report {
			return &check.Report{Key: key, Verdict: verdict, Since: since, Findings: []check.Finding{{ID: "T-01"}}}
		}
		source := newFixture("shop")
		source.live()
		source.put(aService("shop", "web"))
		shown := run(t, newEngine(source, Options{}, checks))
		began := since
		since = time.Now()
		time.Sleep(time.Second)
		source.put(aService("shop", "web"))
		synctest.Wait()
		if got := shown.last().Reports[0].Since; !got.Equal(began) {
			t.Errorf("since moved from %v to %v", began, got)
		}
		verdict, since = check.OK, time.Time{}
		time.Sleep(time.Second)
		source.put(aService("shop", "web"))
		synctest.Wait()
		if got := shown.last().Reports[0].Since; !got.Equal(time.Now()) {
			t.Errorf("a recovery that was seen at %v is dated %v", time.Now(), got)
		}
	})
}

func TestOneNamespaceIsReadWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		run(t, newEngine(source, Options{}, simple()))
		want := []model.Need{
			{Kind: model.Pods, Namespace: "shop"},
			{Kind: model.Events, Namespace: "shop"},
			{Kind: model.Deployments, Namespace: "shop"},
			{Kind: model.Nodes},
		}
		if got := source.lastAsked(); !slices.Equal(got, want) {
			t.Errorf("asked for %v, want %v, before anything is known", got, want)
		}
	})
}

func TestASmallClusterIsReadWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture(model.AllNamespaces)
		run(t, newEngine(source, Options{}, simple()))
		if got := source.lastAsked(); !slices.Equal(got, []model.Need{{Kind: model.Nodes}}) {
			t.Errorf("before the size is known: asked for %v", got)
		}
		source.put(aService("shop", "web"))
		source.live()
		time.Sleep(time.Second)
		want := []model.Need{{Kind: model.Pods}, {Kind: model.Events}, {Kind: model.Deployments}, {Kind: model.Nodes}}
		if got := source.lastAsked(); !slices.Equal(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
	})
}

func TestAKindDeniedClusterWideIsReadWhereThereIsTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture(model.AllNamespaces)
		source.answer = func(need model.Need) model.Coverage {
			if need.Kind == model.Pods && need.Namespace == model.AllNamespaces {
				return model.Coverage{State: model.Forbidden, Verb: "list"}
			}
			return model.Coverage{State: model.Live}
		}
		source.put(aService("bad", "web"), aService("good", "web"), aSlice("good", "web", 1))
		source.live()
		shown := run(t, newEngine(source, Options{}, simple()))
		time.Sleep(time.Minute)
		want := []model.Need{{Kind: model.Pods, Namespace: "bad"}, {Kind: model.Events}, {Kind: model.Deployments}, {Kind: model.Nodes}}
		if got := source.lastAsked(); !slices.Equal(got, want) {
			t.Errorf("asked for %v, want %v", got, want)
		}
		if got := shown.last().verdict(key("bad", "web")); got != "fail" {
			t.Errorf("got %s", got)
		}
	})
}

// large is a source with more endpoints than are read whole, and so many namespaces in trouble.
func large(troubled int) *fixture {
	source := newFixture(model.AllNamespaces)
	source.answer = func(model.Need) model.Coverage { return model.Coverage{State: model.Live} }
	for i := range 60 {
		namespace := fmt.Sprintf("healthy-%02d", i)
		source.put(aService(namespace, "web"), aSlice(namespace, "web", 100))
	}
	for i := range troubled {
		namespace := fmt.Sprintf("troubled-%02d", i)
		source.put(aService(namespace, "web"))
		// The later ones are worse.
		for n := range i {
			source.put(aService(namespace, fmt.Sprintf("web-%d", n)))
		}
	}
	source.live()
	return source
}

// TestALargeClusterIsReadForWhoNamesServices holds which of the kinds that name Services are read, and that those which are not there
// make room for the next.
func TestALargeClusterIsReadForWhoNamesServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := large(20)
		absent := map[model.Kind]bool{model.HTTPRoutes: true, model.GRPCRoutes: true}
		source.answer = func(need model.Need) model.Coverage {
			if absent[need.Kind] {
				return model.Coverage{State: model.Absent}
			}
			if need.Kind == model.MutatingWebhooks {
				return model.Coverage{State: model.Forbidden}
			}
			return model.Coverage{State: model.Live}
		}
		checks := simple()
		checks.referring = model.ReferringKinds()
		checks.kinds = append(checks.kinds, checks.referring...)
		checks.kinds = append(checks.kinds, model.IngressClasses, model.Namespaces)
		run(t, newEngine(source, Options{}, checks))
		time.Sleep(time.Minute)
		watched, kinds := alwaysWatched, map[model.Kind]bool{}
		for _, need := range source.lastAsked() {
			if source.answer(need).State == model.Live {
				watched++
			}
			if need.Namespace == model.AllNamespaces {
				kinds[need.Kind] = true
			}
		}
		for kind, want := range map[model.Kind]bool{
			model.Nodes: true, model.Namespaces: true, model.Ingresses: true, model.HTTPRoutes: true, model.GRPCRoutes: true,
			model.ValidatingWebhooks: true, model.MutatingWebhooks: true, model.APIServices: true,
			model.TLSRoutes: false, model.StatefulSets: false, model.IngressClasses: false,
		} {
			if kinds[kind] != want {
				t.Errorf("%s are asked for: %v", kind, kinds[kind])
			}
		}
		if watched != maxWatches {
			t.Errorf("%d watches: %v", watched, source.lastAsked())
		}
	})
}

func TestMissedServicesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		missed := key("shop", "cart")
		checks := simple()
		checks.judgeMissed = func(in check.Input, key model.Key) *check.Report {
			if !check.Missed(in.Snapshot, key) {
				return nil
			}
			return &check.Report{Key: key, Missing: true, Verdict: check.Fail}
		}
		ingress := func(service string) *networkingv1.Ingress {
			backend := &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service}}
			return &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: networkingv1.IngressSpec{DefaultBackend: backend}}
		}
		elsewhere := ingress("web")
		elsewhere.Namespace = "bank"
		source := newFixture("shop")
		source.put(ingress("cart"), elsewhere)
		shown := run(t, newEngine(source, Options{}, checks))
		if got := shown.last().verdict(missed); got != "none" {
			t.Errorf("before Services are known: %s", got)
		}
		for _, step := range []struct {
			name string
			do   func()
			want string
		}{
			{"Services are known", source.live, "fail"},
			{"it comes", func() { source.put(aService("shop", "cart"), aSlice("shop", "cart", 1)) }, "ok"},
			{"it goes", func() { source.remove(model.Services, missed) }, "fail"},
			{"nobody names it", func() { source.put(ingress("other")) }, "none"},
			{"somebody does", func() { source.put(ingress("cart")) }, "fail"},
			{"the Ingress goes", func() { source.remove(model.Ingresses, key("shop", "web")) }, "none"},
		} {
			step.do()
			time.Sleep(time.Second)
			if got := shown.last().verdict(missed); got != step.want {
				t.Errorf("%s: %s, want %s", step.name, got, step.want)
			}
			if got := shown.last().verdict(key("bank", "web")); got != "none" {
				t.Errorf("%s: outside of the scope: %s", step.name, got)
			}
		}
	})
}

func TestALargeClusterIsReadWhereThereIsTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := large(20)
		e := newEngine(source, Options{}, simple())
		shown := run(t, e)
		time.Sleep(time.Minute)
		needs := source.lastAsked()
		if len(needs)+alwaysWatched > maxWatches {
			t.Errorf("%d watches: %v", len(needs)+alwaysWatched, needs)
		}
		if worst := (model.Need{Kind: model.Events, Namespace: "troubled-19"}); !slices.Contains(needs, worst) {
			t.Errorf("the worst namespace is not read whole: %v", needs)
		}
		for _, namespace := range []string{"troubled-19", "troubled-18", "troubled-17", "troubled-16"} {
			if !slices.Contains(needs, model.Need{Kind: model.Pods, Namespace: namespace}) {
				t.Errorf("Pods of %s are not read: %v", namespace, needs)
			}
		}
		for _, need := range needs {
			if need.Kind.Namespaced() && need.Namespace == model.AllNamespaces || need.Namespace == "healthy-00" {
				t.Errorf("asked for %v", need)
			}
		}
		if got := shown.last().verdict(key("troubled-19", "web")); got != "fail" {
			t.Errorf("the worst namespace is judged %s", got)
		}

		focus := key("healthy-00", "web")
		e.Focus(&focus)
		time.Sleep(time.Second)
		if got := source.lastAsked(); !slices.Contains(got, model.Need{Kind: model.Events, Namespace: "healthy-00"}) {
			t.Errorf("the open Service is not read: %v", got)
		}
		policies := model.Need{Kind: model.NetworkPolicies, Namespace: "far-away"}
		e.FocusClient(check.Client{Namespace: "far-away"})
		time.Sleep(time.Second)
		if got := source.lastAsked(); !slices.Contains(got, policies) {
			t.Errorf("what the client needs is not read: %v", got)
		}
		e.FocusClient(check.Client{})
		time.Sleep(time.Second)
		if got := source.lastAsked(); slices.Contains(got, policies) {
			t.Errorf("the client is dropped, and its namespace still read: %v", got)
		}
		e.FocusClient(check.Client{Namespace: "far-away"})
		e.Focus(nil)
		time.Sleep(time.Second)
		if got := source.lastAsked(); !slices.Equal(got, needs) {
			t.Errorf("after it was closed: %v, want %v", got, needs)
		}
	})
}

// TestReadingMoreDoesNotFlap has checks that find out, once they may look, that all is well.
func TestReadingMoreDoesNotFlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := large(20)
		checks := simple()
		judge := checks.judge
		checks.judge = func(in check.Input, key model.Key) *check.Report {
			report := judge(in, key)
			if report.Verdict == check.Fail {
				report.Verdict, report.Findings = check.OK, nil
			}
			return report
		}
		run(t, newEngine(source, Options{}, checks))
		time.Sleep(time.Minute)
		asked := source.timesAsked()
		if asked > 4 {
			t.Errorf("asked %d times: %v", asked, source.asked)
		}
		time.Sleep(time.Hour)
		if source.timesAsked() != asked {
			t.Errorf("still asking: %v", source.asked[asked:])
		}
	})
}

func TestANamespaceIsLetGoAWhileAfterItsTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := large(1)
		run(t, newEngine(source, Options{}, simple()))
		time.Sleep(time.Second)
		source.put(aSlice("troubled-00", "web", 1))
		time.Sleep(linger / 2)
		pods := model.Need{Kind: model.Pods, Namespace: "troubled-00"}
		if !slices.Contains(source.lastAsked(), pods) {
			t.Errorf("let go at once: %v", source.lastAsked())
		}
		time.Sleep(linger)
		if slices.Contains(source.lastAsked(), pods) {
			t.Errorf("kept for ever: %v", source.lastAsked())
		}
	})
}

// TestAClusterThatShrinksIsNotWokenForWhatItHeld lets a large cluster become small while a namespace is still kept after
// its trouble: nobody lets go of it any more, and its time must not wake the engine for ever.
func TestAClusterThatShrinksIsNotWokenForWhatItHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := large(1)
		e := newEngine(source, Options{}, simple())
		e.step()
		source.put(aSlice("troubled-00", "web", 1))
		e.step()
		if e.wakeAt().IsZero() {
			t.Fatal("the namespace is not kept for a while")
		}
		for i := range 60 {
			source.put(aSlice(fmt.Sprintf("healthy-%02d", i), "web", 1))
		}
		e.step()
		if wake := e.wakeAt(); !wake.IsZero() {
			t.Errorf("still woken, at %s, for a namespace that is read with all the others", wake)
		}
	})
}
