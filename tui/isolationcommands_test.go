package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

func isolationStage(t *testing.T) (*stage, *stageSession) {
	t.Helper()
	var session *stageSession
	s := newStage(t, stageSetup{width: 120, height: 40, state: stageState(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}), prepare: func(made *stageSession) {
		session = made
		made.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
			progress(loopback(request))
		}
	}})
	s.choose("cart")
	s.press("t")
	s.untilScreen("listens on 127.0.0.1 only")
	return s, session
}

func TestACommandRunsInAPodOnlyAfterAYes(t *testing.T) {
	s, session := isolationStage(t)
	s.press("x", "enter")
	s.untilScreen("run a command in a Pod?")
	for _, want := range []string{"Pod shop/checkout-7d9f6b-m4k82", "context gke-prod", "kubectl --context gke-prod -n shop exec checkout-7d9f6b-m4k82"} {
		if !strings.Contains(s.screen(), want) {
			t.Errorf("the dialog does not say %q:\n%s", want, s.screen())
		}
	}
	s.press("enter", "n")
	if got := session.tested(); len(got) != 1 {
		t.Fatalf("a test was run without a yes: %+v", got)
	}
	s.press("x", "y")
	s.untilScreen("listens on 127.0.0.1 only")
	got := session.tested()
	if len(got) != 2 || got[1].Client != (model.Key{Namespace: "shop", Name: "checkout-7d9f6b-m4k82"}) || len(got[1].Agreed) != 1 || got[1].Agreed[0].Pod != got[1].Client.Name {
		t.Fatalf("got %+v", got)
	}
	s.press("r")
	s.untilScreen("listens on 127.0.0.1 only")
	if got := session.tested(); len(got) != 3 || got[2].Client != (model.Key{}) || len(got[2].Agreed) != 0 {
		t.Errorf("agreed once, and run again: %+v", got)
	}
	s.press("s")
	s.untilScreen("cat /proc/net/tcp")
	s.press("y")
	s.untilScreen("listens on 127.0.0.1 only")
	if got := session.tested(); len(got) != 4 || !got[3].Sockets || len(got[3].Agreed) != 1 || got[3].Agreed[0].Pod != "cart-5c9d7-x2lqp" {
		t.Errorf("got %+v", got)
	}
}

func TestAQuestionIsNotLeftByKeysOfOtherPages(t *testing.T) {
	s, _ := isolationStage(t)
	s.press("s")
	for _, key := range []string{"f", ":", "ctrl+r"} {
		s.press(key)
		if _, asks := s.root.top().(*consentPage); !asks {
			t.Fatalf("%s left the question:\n%s", key, s.screen())
		}
	}
	s.press("?")
	if _, helps := s.root.top().(*helpPage); !helps {
		t.Error("there is no help with a question")
	}
}

func TestNoCommandIsRunReadOnly(t *testing.T) {
	s, session := isolationStage(t)
	s.root.sh.info.ReadOnly = true
	s.press("x", "s")
	if got := session.tested(); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(s.screen(), "--readonly") {
		t.Errorf("it is not said why:\n%s", s.screen())
	}
}

func TestChoosingAClient(t *testing.T) {
	s, session := isolationStage(t)
	s.press("w")
	s.write("namespace:shop")
	s.press("enter")
	s.untilScreen("For namespace shop")
	s.press("w")
	s.write("!")
	s.untilScreen("“!”  names no client: want NAMESPACE/POD, namespace:NAME or an IP")
	s.press("enter", "esc")
	s.write("namespace:nosuch")
	s.untilScreen("there is no namespace nosuch")
	s.press("enter", "esc")
	s.write("nosuch")
	s.untilScreen("there is no Pod shop/nosuch")
	s.press("enter")
	if strings.Contains(s.screen(), "for shop/nosuch") {
		t.Errorf("a Pod that is not there was taken:\n%s", s.screen())
	}
	s.press("esc", "up", "up", "up", "up", "enter")
	if strings.Contains(s.screen(), "for namespace shop") {
		t.Errorf("the client was not dropped:\n%s", s.screen())
	}
	session.fakeSession.mu.Lock()
	defer session.fakeSession.mu.Unlock()
	clients := session.clients
	if len(clients) < 2 || clients[len(clients)-2] != (check.Client{Namespace: "shop"}) || clients[len(clients)-1].Chosen() {
		t.Errorf("the session was told %+v", clients)
	}
}

// A command may run in a Pod that is not listed, as where Pods of other namespaces are not read.
func TestTryingFromAPodThatIsNotListed(t *testing.T) {
	s, session := isolationStage(t)
	s.press("x")
	for _, want := range []string{"type to search, or POD or NAMESPACE/POD that is not listed", "Only Pods that are read are listed. Any other can be typed: NAMESPACE/POD."} {
		if !strings.Contains(s.screen(), want) {
			t.Errorf("it is not said that %q:\n%s", want, s.screen())
		}
	}
	for _, nonsense := range []string{"a b", "203.0.113.7", "namespace:prod", "batch/"} {
		s.write(nonsense)
		s.untilScreen("“" + nonsense + "”  names no Pod: want POD or NAMESPACE/POD")
		if strings.Contains(s.screen(), "as typed") {
			t.Errorf("%q is offered:\n%s", nonsense, s.screen())
		}
		s.press("enter", "esc")
	}
	s.write("batch/worker-0")
	s.untilScreen("▌ use “batch/worker-0” as typed")
	s.press("enter")
	s.untilScreen("Pod batch/worker-0, context gke-prod")
	s.press("y")
	s.until("it was tried from there", func() bool {
		got := session.tested()
		return len(got) == 2 && got[1].Client == model.Key{Namespace: "batch", Name: "worker-0"}
	})
}

func TestAPodToTestIsAName(t *testing.T) {
	s, session := isolationStage(t)
	s.press("p")
	s.write("shop/cart-5c9d7-m4k8s")
	s.untilScreen("names no Pod: want the name of a Pod of this namespace")
	s.press("enter", "esc")
	s.write("cart-not-listed")
	s.press("enter")
	s.until("it was tested", func() bool {
		got := session.tested()
		return len(got) == 2 && got[1].Pod == "cart-not-listed"
	})
}

// What the conclusion says of the client already is not said twice; what it does not, is.
func TestAboutTheClientOnce(t *testing.T) {
	finding := check.Finding{ID: "NP-03", Severity: check.Major, Confidence: check.Likely, Title: "NetworkPolicy x keeps it out.", Fix: &check.Fix{Command: "kubectl describe netpol x", Note: "admit it"}}
	other := check.Finding{ID: "DNS-01", Severity: check.Major, Confidence: check.Proven, Title: "It asks another DNS."}
	minor := check.Finding{ID: "TP-04", Severity: check.Minor, Confidence: check.Proven, Title: "It is far away.", Fix: &check.Fix{Note: "move it"}}
	unchecked := check.Unchecked{Check: []string{"NP-04"}, Need: "list networkpolicies"}
	for name, test := range map[string]struct {
		why         string
		findings    []check.Finding
		unchecked   []check.Unchecked
		says, never []string
	}{
		"said already":              {"NetworkPolicy x keeps it out. Nobody else.", []check.Finding{finding}, nil, nil, []string{"For Pod"}},
		"said within a sentence":    {"Pod x got through, though NetworkPolicy x keeps it out (NP-03): the plugin does not enforce it.", []check.Finding{finding}, nil, nil, []string{"For Pod"}},
		"said, and another one":     {"NetworkPolicy x keeps it out. Nobody else.", []check.Finding{finding, other}, nil, []string{"For Pod shop/batch", "It asks another DNS."}, []string{"keeps it out"}},
		"said, and not all is read": {"NetworkPolicy x keeps it out.", []check.Finding{finding}, []check.Unchecked{unchecked}, []string{"For Pod shop/batch", "networkpolicies"}, []string{"keeps it out"}},
		"not said":                  {"", []check.Finding{finding}, nil, []string{"keeps it out."}, []string{"admit it", "–"}},
		"a second one not said":     {"", []check.Finding{other, minor}, nil, []string{"It asks another DNS.", "It is far away.", "move it"}, nil},
		"nothing keeps it out":      {"", nil, nil, []string{"For Pod shop/batch"}, nil},
	} {
		s := newConnectedScreen(t, 120, 40)
		s.show(stateOf("shop", shopFixtures()...))
		p := newIsolationPage(model.Key{Namespace: "shop", Name: "cart"})
		p.result.Conclusion = &isolation.Conclusion{Why: test.why}
		s.root.sh.client = check.Client{Pod: model.Key{Namespace: "shop", Name: "batch"}}
		p.client = clientReport{s.root.sh.state.Snapshot, s.root.sh.client, p.request.Service, check.ClientReport{Findings: test.findings, Unchecked: test.unchecked}}
		text := ansi.Strip(strings.Join(p.aboutClient(s.root.sh, 120), "\n"))
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not there:\n%s", name, want, text)
			}
		}
		for _, never := range test.never {
			if strings.Contains(text, never) {
				t.Errorf("%s: %q is there:\n%s", name, never, text)
			}
		}
	}
}

// What keeps the chosen client out stands beside the conclusion, in front of the rungs where room is scarce, with what to do about it.
func TestWhatKeepsTheClientOutStandsBesideTheConclusion(t *testing.T) {
	bars := check.Finding{ID: "NP-03", Severity: check.Major, Confidence: check.Likely, Title: "NetworkPolicy x keeps it out.", Fix: &check.Fix{Command: "kubectl describe netpol x", Note: "admit it"}}
	minor := check.Finding{ID: "TP-04", Severity: check.Minor, Confidence: check.Proven, Title: "It is far away.", Fix: &check.Fix{Note: "move it"}}
	for name, test := range map[string]struct {
		findings []check.Finding
		next     string
		says     []string
		never    string
		served   bool
	}{
		"and the way is open":               {[]check.Finding{minor, bars}, "", []string{"✓   All is well.", "▲   For Pod shop/batch: NetworkPolicy x keeps it out.", "next admit it", "kubectl describe netpol x"}, "far away", false},
		"and the conclusion has its advice": {[]check.Finding{bars}, "do this first", []string{"▲   For Pod shop/batch: NetworkPolicy x keeps it out.", "next do this first"}, "kubectl describe", false},
		"and it was served all the same":    {[]check.Finding{bars}, "", []string{"✓   All is well."}, "▲", true},
		"nothing grave":                     {[]check.Finding{minor}, "", []string{"✓   All is well."}, "▲", false},
	} {
		s := newConnectedScreen(t, 80, 24)
		s.show(stateOf("shop", shopFixtures()...))
		p := newIsolationPage(model.Key{Namespace: "shop", Name: "cart"})
		p.result.Conclusion = &isolation.Conclusion{Mark: check.MarkOK, Text: "All is well.", Next: test.next, ClientServed: test.served}
		s.root.sh.client = check.Client{Pod: model.Key{Namespace: "shop", Name: "batch"}}
		p.result.Request.Client = s.root.sh.client.Pod
		p.client = clientReport{s.root.sh.state.Snapshot, s.root.sh.client, p.request.Service, check.ClientReport{Findings: test.findings}}
		text := ansi.Strip(strings.Join(p.arranged(s.root.sh, 80, 12), "\n"))
		text, _, _ = strings.Cut(text, "RUNG")
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not above the rungs:\n%s", name, want, text)
			}
		}
		if strings.Contains(text, test.never) {
			t.Errorf("%s: %q is there:\n%s", name, test.never, text)
		}
	}
}
