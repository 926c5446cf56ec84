package tui

import (
	"context"
	"fmt"
	"testing"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// whereabouts says which page is open, over which namespace.
func whereabouts(s *screen) string {
	scope := s.root.sh.scopeName()
	switch p := s.root.top().(type) {
	case *servicesPage:
		return scope
	case *servicePage:
		return fmt.Sprintf("%s: %s step %d", scope, p.key.Name, p.step+1)
	default:
		service, _ := p.(visitable).about()
		return fmt.Sprintf("%s: %s %s", scope, service.Name, p.title())
	}
}

func (s *screen) mustBeAt(want string) {
	s.t.Helper()
	if got := whereabouts(s); got != want {
		s.t.Fatalf("the screen is at %q, want %q:\n%s", got, want, s.picture())
	}
}

func TestBracketsGoThroughThePlacesThatWereShown(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("g", "enter")
	first := whereabouts(s)
	s.press("7")
	if whereabouts(s) == first {
		t.Fatal("7 showed no other step")
	}
	s.press("v", "esc", "k", "j", "esc", "j", "enter", "d")
	at := whereabouts(s)
	s.press("q", "q")
	s.mustBeAt("shop")
	name := s.home().list.selected.key.Name
	selected := fmt.Sprintf("shop: %s", name)

	var back []string
	for range 8 {
		s.press("[")
		back = append(back, whereabouts(s))
	}
	cart := s.home().list.shown[0].key.Name
	second := back[0]
	want := []string{
		second, at, second, "shop",
		// j and k choose steps too, but one comes back to the step that was left.
		fmt.Sprintf("shop: %s step 7", cart), fmt.Sprintf("shop: %s events", cart), fmt.Sprintf("shop: %s step 7", cart), first,
	}
	for i := range want {
		if back[i] != want[i] {
			t.Errorf("[ pressed %d times leads to %q, want %q", i+1, back[i], want[i])
		}
	}
	if len(second) < len(selected) || second[:len(selected)] != selected {
		t.Errorf("the place before the list is %q, want one of %s", second, name)
	}
	s.press("[")
	s.mustBeAt("shop")
	s.press("[")
	s.mustBeAt("shop")
	s.mustShow("[ does nothing here: nothing was shown before this")

	for i := len(want) - 1; i >= 0; i-- {
		s.press("]")
		s.mustBeAt(want[i])
	}
	s.press("]")
	s.mustBeAt("shop")
	s.press("]")
	s.mustShow("] does nothing here: nothing was shown after this")

	// A step into another direction ends the way forward.
	s.press("[", "[", "q")
	s.press("]")
	s.mustShow("nothing was shown after this")
}

func TestBracketsAreQuietInDialogs(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("g", "enter", "w", "[")
	if _, dialog := s.root.top().(modal); !dialog {
		t.Errorf("[ left the dialog: %T", s.root.top())
	}
	// Neither a dialog nor the help is a place to come back to.
	s.press("esc", "?", "esc", "esc", "[", "[")
	s.mustBeAt("shop")
	s.press("[")
	s.mustShow("nothing was shown before this")
}

func TestBracketsGoToOtherNamespaces(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("g", "enter")
	name := s.root.top().(*servicePage).key.Name
	s.root.sh.setScope("bank")
	s.send(nil)
	s.show(stateOf("bank"))
	s.mustBeAt("bank")
	s.press("[")
	if got := s.root.sh.scope; got != "shop" {
		t.Fatalf("the namespace is %s", got)
	}
	if got, _ := s.session.focusedLast(); got.Name != name {
		t.Errorf("what is read for is %v", got)
	}
	s.show(stateOf("shop", shopFixtures()...))
	if got := s.root.top().(*servicePage).key.Name; got != name {
		t.Errorf("the Service is %s, want %s", got, name)
	}
	s.press("]")
	s.mustBeAt("bank")
}

func TestAPlaceThatIsGoneIsTold(t *testing.T) {
	without := func(name string) []fixture {
		var left []fixture
		for _, f := range shopFixtures() {
			if f.report.Key.Name != name {
				left = append(left, f)
			}
		}
		return left
	}
	open := func(t *testing.T) *screen {
		s := newConnectedScreen(t, 120, 40)
		s.show(stateOf("shop", shopFixtures()...))
		s.home().list.find(model.Key{Namespace: "shop", Name: "cart"})
		s.press("enter")
		return s
	}
	t.Run("in the same namespace", func(t *testing.T) {
		s := open(t)
		s.press("esc")
		s.show(stateOf("shop", without("cart")...))
		s.press("[")
		s.mustBeAt("shop")
		s.mustShow("Service shop/cart is gone since it was shown")
		s.mustNotShow("again goes further")
		// The list before and the list after it are one.
		s.press("[")
		s.mustShow("nothing was shown before this")
		s.press("]")
		s.mustShow("nothing was shown after this")
	})
	t.Run("with more before it", func(t *testing.T) {
		s := open(t)
		s.press("esc", "G", "enter", "esc")
		last := s.home().list.selected.key
		s.show(stateOf("shop", without(last.Name)...))
		s.press("[")
		s.mustShow("is gone since it was shown; the same key again goes further")
		s.press("[")
		if got := s.root.top().(*servicePage).key.Name; got != "cart" {
			t.Errorf("[ leads to %s", got)
		}
	})
	t.Run("in a namespace that is not read", func(t *testing.T) {
		s := open(t)
		s.root.sh.setScope("bank")
		s.send(nil)
		s.show(stateOf("bank"))
		s.press("[")
		reading := stateOf("shop")
		reading.Settled = false
		s.show(reading)
		s.mustShow("Reading cart")
		s.show(stateOf("shop", without("cart")...))
		s.mustBeAt("shop")
		s.mustShow("Service shop/cart is gone since it was shown; these are the Services of shop")
	})
	t.Run("not while it is unknown", func(t *testing.T) {
		s := open(t)
		s.press("esc")
		unsettled := stateOf("shop", without("cart")...)
		unsettled.Settled = false
		s.show(unsettled)
		s.press("[")
		if _, ok := s.root.top().(*servicePage); !ok {
			t.Errorf("[ leads to %s", whereabouts(s))
		}
	})
	t.Run("not one that never was", func(t *testing.T) {
		s := newConnectedScreen(t, 120, 40)
		s.root.sh.open(newServicePage(model.Key{Namespace: "shop", Name: "chekout"}))
		s.show(stateOf("shop", shopFixtures()...))
		s.press("esc", "[")
		s.mustShow("There is no Service chekout in namespace shop.")
	})
}

func TestEachContextHasItsOwnHistory(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	s.press("enter")
	place := whereabouts(s)
	into := func(context string) {
		s.root.sh.switchContext(context)
		s.send(nil)
		s.press("[")
		s.mustShow("not connected yet")
		s.session.info.Context = context
		s.send(sessionOpened{generation: s.root.generation, session: s.session, scope: "shop"})
		s.show(stateOf("shop", shopFixtures()...))
	}
	into("kind-dev")
	s.press("[")
	s.mustBeAt("shop")
	s.mustShow("nothing was shown before this in context kind-dev; :ctx goes to another, where its places are kept")
	into("gke-prod")
	s.press("[")
	s.mustBeAt(place)
}

// A test sends requests into the cluster: coming back to one shows what it came to.
func TestComingBackRunsNoTest(t *testing.T) {
	s := newStage(t, stageSetup{width: 120, height: 40, state: stageState(), prepare: func(session *stageSession) {
		session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
			progress(loopback(request))
		}
		session.sweep = func(_ context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
			progress(isolation.SweepResult{Request: request, Conclusion: &isolation.Conclusion{Mark: check.MarkFail, Text: "Nothing answers."}})
		}
	}})
	s.choose("cart")
	s.press("t")
	s.untilScreen("The application listens on 127.0.0.1 only.")
	s.press("a")
	s.untilScreen("Nothing answers.")
	s.press("esc", "esc")
	before := len(s.session.tested())
	s.press("[")
	s.untilScreen("The application listens on 127.0.0.1 only.")
	s.press("[")
	s.untilScreen("Nothing answers.")
	s.press("[")
	s.untilScreen("The application listens on 127.0.0.1 only.")
	if got := len(s.session.tested()); got != before {
		t.Errorf("%d tests were run, before coming back %d", got, before)
	}
	s.press("r")
	s.until("r runs it again", func() bool { return len(s.session.tested()) == before+1 })
}

func TestATestLeftBeforeItsEndSaysSo(t *testing.T) {
	s := newStage(t, stageSetup{width: 120, height: 40, state: stageState(), prepare: func(session *stageSession) {
		session.test = func(ctx context.Context, request isolation.Request, progress func(isolation.Result)) {
			progress(isolation.Result{Request: request})
			<-ctx.Done()
		}
	}})
	s.choose("cart")
	s.press("t", "esc", "[")
	s.untilScreen("The test ended without a conclusion. r runs it again.")
}

func TestHistoryIsBounded(t *testing.T) {
	s := newConnectedScreen(t, 120, 40)
	s.show(stateOf("shop", shopFixtures()...))
	for range placesKept {
		s.press("enter", "esc")
	}
	if got := len(s.root.sh.historyHere().places); got != placesKept {
		t.Errorf("%d places are kept, want %d", got, placesKept)
	}
	s.press("[")
	if _, ok := s.root.top().(*servicePage); !ok {
		t.Errorf("[ leads to %s", whereabouts(s))
	}
}
