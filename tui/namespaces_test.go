package tui

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func TestEscLeavesANamespaceThatDoesNotExist(t *testing.T) {
	s := newStage(t, stageSetup{width: 80, height: 24, state: stageState()})
	for _, scope := range []string{"nope", "nix"} {
		s.press(":")
		s.write("ns " + scope)
		s.press("enter")
		s.session.states <- stateOf(scope)
		s.untilScreen("The namespace " + scope + " does not exist.")
	}
	s.untilScreen("goes back to shop")
	s.press("esc")
	if got := s.root.sh.scope; got != "shop" {
		t.Fatalf("esc went to %q, want shop", got)
	}
	s.session.states <- stageState()
	s.until("the Services are there", func() bool { return s.root.sh.state != nil })
	s.press("esc")
	if got := s.root.sh.scope; got != "shop" || s.quit {
		t.Errorf("esc in a namespace that exists went to %q", got)
	}
}

func TestAnEmptyNamespaceThatExistsIsNotLeftByEsc(t *testing.T) {
	s := newStage(t, stageSetup{width: 80, height: 24, state: stageState()})
	s.press(":")
	s.write("ns default")
	s.press("enter")
	s.session.states <- stateOf("default")
	s.untilScreen("There is no Service in namespace default.")
	s.until("namespaces are known", func() bool { return s.root.stack[0].page.(*servicesPage).namespaces != nil })
	s.press("esc")
	if got := s.root.sh.scope; got != "default" {
		t.Errorf("esc went to %q", got)
	}
}

func TestNamespacesThatAreTypedIntoTheirList(t *testing.T) {
	for typed, want := range map[string]string{
		"data": "data", ":ns data": "data", ":data": "data", ":namespace data": "data", "kube-sys": "kube-system", ":ns kube-system": "kube-system",
		"No_Such": "shop", ":ns a/b": "shop", "-x": "shop", strings.Repeat("a", 64): "shop",
	} {
		s := newStage(t, stageSetup{width: 80, height: 24, state: stageState()})
		s.press(":")
		s.write("ns")
		s.press("enter")
		s.untilScreen("all namespaces")
		s.write(typed)
		refused := want == "shop"
		if shows := strings.Contains(s.screen(), "a namespace has a–z, 0–9 and das"); shows != refused {
			t.Errorf("%q: refused on the screen is %v, want %v:\n%s", typed, shows, refused, s.screen())
		}
		s.press("enter")
		if got := s.root.sh.scope; got != want {
			t.Errorf("%q leads to %q, want %q", typed, got, want)
		}
		s.fits()
	}
}

func TestTheJumpLineRefusesWhatNamesNoNamespace(t *testing.T) {
	s := newStage(t, stageSetup{width: 120, height: 30, state: stageState()})
	s.press(":")
	s.write("ns No_Such")
	s.press("enter")
	if got := s.root.sh.scope; got != "shop" {
		t.Errorf("went to %q", got)
	}
	s.untilScreen("“No_Such” names no namespace")
	s.press(":")
	s.write("ns all")
	s.press("enter")
	if got := s.root.sh.scope; got != model.AllNamespaces {
		t.Errorf("ns all went to %q", got)
	}
}

func TestTheJumpLineSaysWhereOtherObjectsAre(t *testing.T) {
	s := newStage(t, stageSetup{width: 80, height: 24, state: stageState()})
	for typed, want := range map[string]string{
		"pods": "open one and press 4 for its Pods", "po": "press 4 for its Pods", "deploy": "press 4 for its Pods", "ep": "press 2 for its endpoints",
		"nodes": "kubectl get nodes",
	} {
		s.press(":")
		s.write(typed)
		s.press("enter")
		if screen := s.screen(); !strings.Contains(screen, want) {
			t.Errorf(":%s does not say %q:\n%s", typed, want, screen)
		}
		s.press("esc")
	}
	// A Service that is named so is gone to all the same.
	named := fixtureService("pods", corev1.ServiceTypeClusterIP, "10.96.20.9", "80→http", 0)
	s.session.states <- stateOf("shop", fixture{named, fixtureReport(named, check.OK, 1, 1, 0)})
	s.until("the Service is there", func() bool { return len(s.root.sh.state.Reports) == 1 })
	s.press(":")
	s.write("pods")
	s.press("enter")
	if _, open := s.root.top().(*servicePage); !open {
		t.Errorf("a Service named pods cannot be jumped to:\n%s", s.screen())
	}
}

func TestTheNamespaceToBeginWith(t *testing.T) {
	all := model.AllNamespaces
	for _, test := range []struct {
		name          string
		wanted        *string
		own, last     string
		named, denied bool
		want          string
		pick          bool
	}{
		{name: "the flag", wanted: &all, own: "shop", last: "bank", want: all},
		{name: "the context's own", own: "shop", last: "bank", want: "shop"},
		{name: "the last one", last: "bank", want: "bank"},
		{name: "all", want: all},
		{name: "to be picked", denied: true, want: "default", pick: true},
		{name: "a Service was named, as for kubectl", named: true, last: "bank", want: "default"},
		{name: "a Service was named, in the context's own", named: true, own: "shop", want: "shop"},
		{name: "a Service was named, and the flag", named: true, wanted: &all, want: all},
	} {
		t.Run(test.name, func(t *testing.T) {
			session := &fakeSession{info: model.SessionInfo{Context: "kind", Namespace: test.own}, access: func(model.AccessQuestion) bool { return !test.denied }}
			scope, pick := startScope(t.Context(), session, test.wanted, test.named, func(string) string { return test.last })
			if scope != test.want || pick != test.pick {
				t.Errorf("got %q, pick %t", scope, pick)
			}
		})
	}
}
