package tui

import (
	"context"
	"testing"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/isolation"
)

// What may not be done in all namespaces may be allowed in one: that is asked when a Service of it is opened.
func TestRightsAreThoseOfTheServicesNamespace(t *testing.T) {
	var tested isolation.Request
	state := stageState()
	state.Scope = model.AllNamespaces
	s := newStage(t, stageSetup{width: 120, height: 40, prepare: func(session *stageSession) {
		session.access = func(question model.AccessQuestion) bool {
			return question.Namespace == "shop" && question.Subresource == "portforward"
		}
		session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
			tested = request
			progress(loopback(request))
		}
	}})
	sh := s.root.sh
	s.until("it is connected", func() bool { return sh.session != nil })
	sh.setScope(model.AllNamespaces)
	s.give(resized{})
	s.until("the rights are known", func() bool { _, known := sh.rights[mayForward(model.AllNamespaces)]; return known })
	s.session.states <- state
	s.until("the state is there", func() bool { return sh.state != nil })
	if why := sh.denied(mayForward(model.AllNamespaces)); why != "" {
		t.Errorf("a right in no namespace in particular: %s", why)
	}
	s.choose("cart")
	s.press("enter")
	s.until("the rights in shop are known", func() bool { _, known := sh.rights[mayReadLogs("shop")]; return known })
	if why := sh.denied(mayForward("shop")); why != "" {
		t.Errorf("port-forwards: %s", why)
	}
	if why := sh.denied(mayReadLogs("shop")); why != "no permission: get pods/log" {
		t.Errorf("logs: %q", why)
	}
	if why := whyNoSweep(sh, "shop"); why != "" {
		t.Errorf("the sweep: %s", why)
	}
	s.press("l")
	s.untilScreen("l does nothing here: no permission: get pods/log")
	s.press("t")
	s.untilScreen("The application listens on 127.0.0.1 only.")
	if got, want := len(tested.Denied), len(isolation.Rights("shop")); got != want {
		t.Errorf("the test knows of %d rights that are denied, want %d", got, want)
	}
	// Nobody is asked to agree to a command that may not be run.
	runs := len(s.session.tested())
	s.press("s")
	s.until("the test runs again", func() bool { return len(s.session.tested()) > runs })
}

func TestASweepNeedsOneOfTwoRights(t *testing.T) {
	for name, test := range map[string]struct {
		denied []model.AccessQuestion
		want   string
	}{
		"both are there":   {nil, ""},
		"no forwards":      {[]model.AccessQuestion{mayForward("shop")}, ""},
		"no proxy":         {[]model.AccessQuestion{mayProxyPods("shop")}, ""},
		"neither":          {[]model.AccessQuestion{mayForward("shop"), mayProxyPods("shop")}, "no permission: create pods/portforward, nor the proxy to Pods"},
		"neither in stage": {[]model.AccessQuestion{mayForward("stage"), mayProxyPods("stage")}, ""},
	} {
		s := newConnectedScreen(t, 80, 24)
		var answers []model.AccessAnswer
		for _, question := range test.denied {
			answers = append(answers, model.AccessAnswer{AccessQuestion: question})
		}
		s.send(rightsArrived{s.root.generation, answers})
		if got := whyNoSweep(s.root.sh, "shop"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
