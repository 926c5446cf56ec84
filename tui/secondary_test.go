package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
)

// TestSecondaryScreens compares whole screens.
func TestSecondaryScreens(t *testing.T) {
	screens := map[string]func(s *stage){
		"isolation": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
		},
		"isolation-for-a-client": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("w")
			s.write("203.0.113.7")
			s.press("enter")
		},
		"isolation-whom": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("w")
		},
		"isolation-consent": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("x", "enter")
		},
		"isolation-options": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("o", "tab", "tab", "right")
		},
		"sweep": func(s *stage) {
			s.choose("cart")
			s.press("t")
			s.untilScreen("listens on 127.0.0.1 only")
			s.press("a")
			s.untilScreen("11 of 12")
			s.press("j")
		},
		"logs": func(s *stage) {
			s.choose("cart")
			s.press("l")
			s.untilScreen("stream closed by the kubelet")
			close(s.logEnded)
			s.untilScreen("/cart/11")
			s.press("g")
		},
		"logs-search": func(s *stage) {
			s.choose("cart")
			s.press("l")
			s.untilScreen("stream closed by the kubelet")
			close(s.logEnded)
			s.untilScreen("/cart/11")
			s.press("w", "t", "/")
			s.write("healthz 503 in 4")
			s.press("enter")
		},
		"events": func(s *stage) { s.choose("cart"); s.press("v") },
		"yaml":   func(s *stage) { s.choose("cart"); s.press("y"); s.untilScreen("kind: Service") },
		"forwards": func(s *stage) {
			s.press("f")
			s.untilScreen("svc/checkout:80")
			s.press("j")
		},
		"forwards-stop": func(s *stage) { s.press("f", "ctrl+x") },
		"forward-new": func(s *stage) {
			s.choose("cart")
			s.press("F")
			s.untilScreen("svc/cart:80")
		},
		"jump": func(s *stage) { s.press(":"); s.write("ca") },
		"namespaces": func(s *stage) {
			s.press(":")
			s.write("ns")
			s.press("enter")
			s.untilScreen("kube-system")
			s.write("sho")
		},
		"contexts": func(s *stage) {
			s.press(":")
			s.write("ctx")
			s.press("enter")
			s.untilScreen("kind-dev")
		},
		"help":     func(s *stage) { s.press("?") },
		"messages": func(s *stage) { s.press("1", "2", "3", "?", "m") },
		"copy":     func(s *stage) { s.choose("checkout"); s.press("c") },
		"report":   func(s *stage) { s.choose("checkout"); s.press("r"); s.untilScreen("SEL-01") },
	}
	for name, act := range screens {
		for _, size := range sizes() {
			t.Run(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), func(t *testing.T) {
				logEnded := make(chan struct{})
				s := newStage(t, stageSetup{
					width: size[0], height: size[1], state: stageState(), forwards: newStageForwards(sampleForwards()...),
					environ: []string{"LANG=C.UTF-8", "SSH_CONNECTION=10.9.8.7 51234 10.0.0.5 22", "USER=ann"},
					prepare: func(session *stageSession) {
						session.logs = sampleLogs(logEnded)
						session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
							progress(loopback(request))
						}
						session.yaml = func() (string, error) {
							return "apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n  namespace: shop\nspec:\n  ports:\n  - port: 80\n    targetPort: 8080\n  selector:\n    app: cart\n", nil
						}
					},
				})
				s.logEnded = logEnded
				act(s)
				s.golden()
			})
		}
	}
}

// TestEveryScreenFitsEverySize opens every page in windows from nothing to huge.
func TestEveryScreenFitsEverySize(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 1}, {20, 5}, {40, 10}, {60, 16}, {200, 50}} {
		for _, keys := range [][]string{
			{"t"},
			{"t", "o"},
			{"t", "p"},
			{"F"},
			{"F", "tab"},
			{"l"},
			{"l", "/"},
			{"l", "o"},
			{"p"},
			{"v"},
			{"y"},
			{"d"},
			{"c"},
			{"r"},
			{"f"},
			{"f", "ctrl+x"},
			{":"},
			{"?"},
			{"?", "m"},
		} {
			t.Run(fmt.Sprintf("%dx%d-%s", size[0], size[1], strings.Join(keys, "-")), func(t *testing.T) {
				s := newStage(t, stageSetup{
					width: size[0], height: size[1], state: stageState(), forwards: newStageForwards(sampleForwards()...),
					prepare: func(session *stageSession) { session.logs = sampleLogs(nil) },
				})
				s.choose("cart")
				s.press(keys...)
				for _, key := range append([]string{""}, "down", "pgdown", "G", "up", "g") {
					if key != "" {
						s.press(key)
					}
					s.fits()
				}
				s.press("esc", "esc", "esc", "esc")
				s.fits()
			})
		}
	}
}

// TestTypedLettersAreNeverCommands types every letter into every input.
func TestTypedLettersAreNeverCommands(t *testing.T) {
	for name, open := range map[string][]string{
		"jump": {":"}, "search in logs": {"l", "/"}, "search in yaml": {"y", "/"}, "forward": {"F"}, "local port": {"F", "tab"},
		"options": {"t", "o"}, "Pod": {"t", "p"}, "container": {"l", "o"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards()})
			s.choose("cart")
			s.press(open...)
			depth, top := len(s.root.stack), s.root.top()
			for r := '!'; r <= '~'; r++ {
				s.press(string(r))
				if s.quit || len(s.root.stack) != depth || s.root.top() != top {
					t.Fatalf("typing %q left the input", r)
				}
			}
		})
	}
}

func TestJump(t *testing.T) {
	setup := func() *stage { return newStage(t, stageSetup{width: 100, height: 30, state: stageState()}) }
	t.Run("to a Service", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("svc checkout")
		s.press("enter")
		if page, ok := s.root.top().(*servicePage); !ok || page.key.Name != "checkout" {
			t.Fatalf("the top is %T", s.root.top())
		}
		s.press("esc")
		if page, ok := s.root.top().(*servicesPage); !ok || page.list.selected == nil || page.list.selected.key.Name != "checkout" {
			t.Errorf("esc leads to %T, and another Service is selected there", s.root.top())
		}
	})
	t.Run("to a namespace that is not listed", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("ns team-secret")
		s.press("enter")
		if s.root.sh.scope != "team-secret" {
			t.Fatalf("the scope is %q", s.root.sh.scope)
		}
	})
	t.Run("a command before a Service that begins so", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("q")
		s.press("enter")
		s.until("it quits", func() bool { return s.quit })
	})
	for typed, by := range map[string]string{"http://10.96.45.23:80/x": "by ClusterIP", "checkout.shop.svc.cluster.local": "by its DNS name"} {
		t.Run("by "+typed, func(t *testing.T) {
			s := setup()
			s.press(":")
			s.write(typed)
			s.untilScreen(by)
			s.press("enter")
			if page, ok := s.root.top().(*servicePage); !ok || page.key != (model.Key{Namespace: "shop", Name: "checkout"}) {
				t.Fatalf("the top is %T", s.root.top())
			}
		})
	}
	for _, typed := range []string{"svc/checkout", "checkout:80", "svc/checkout:80", "shop/checkout", "service/checkout:http"} {
		t.Run("as commands write it, "+typed, func(t *testing.T) {
			s := setup()
			s.press(":")
			s.write(typed)
			s.press("enter")
			if page, ok := s.root.top().(*servicePage); !ok || page.key != (model.Key{Namespace: "shop", Name: "checkout"}) {
				t.Fatalf("the top is %T", s.root.top())
			}
		})
	}
	t.Run("out of the namespace that is shown", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("ledger.bank.svc")
		s.press("enter")
		if page, ok := s.root.top().(*servicePage); !ok || page.key != (model.Key{Namespace: "bank", Name: "ledger"}) || s.root.sh.scope != "bank" {
			t.Fatalf("the top is %T, the scope %s", s.root.top(), s.root.sh.scope)
		}
	})
	for _, typed := range []string{"ledger.bank", "http://ledger.bank/x", "bank/ledger"} {
		t.Run("to "+typed+", of a namespace that is not shown", func(t *testing.T) {
			s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) { session.namespaces = []string{"shop", "bank"} }})
			s.press(":")
			s.until("the namespaces are known", func() bool {
				return slices.ContainsFunc(s.root.top().(*jumpPage).known[jumpNamespace], func(item jumpItem) bool { return item.name == "bank" })
			})
			s.write(typed)
			s.untilScreen("bank/ledger")
			s.press("enter")
			if page, ok := s.root.top().(*servicePage); !ok || page.key != (model.Key{Namespace: "bank", Name: "ledger"}) || s.root.sh.scope != "bank" {
				t.Fatalf("the top is %T, the scope %s", s.root.top(), s.root.sh.scope)
			}
		})
	}
	for _, typed := range []string{"192.0.2.77", "http://nowhere.example.com/x", "ledger-5c9d7-x2lqp"} {
		t.Run("by "+typed+", which leads nowhere here, nor anywhere", func(t *testing.T) {
			s := setup()
			s.press(":")
			s.write(typed)
			s.untilScreen("nothing that is read here: look in all namespaces")
			s.press("enter")
			if page, ok := s.root.top().(*jumpPage); !ok || page.picker.input.value() != typed || s.root.sh.scope != model.AllNamespaces {
				t.Fatalf("the top is %T, the scope %q", s.root.top(), s.root.sh.scope)
			}
			s.untilScreen("nothing fits")
			s.press("enter")
			if strings.ContainsAny(typed, ".:") {
				s.untilScreen("leads from “" + typed + "” to a Service")
			}
		})
	}
	t.Run("by a Service's name that a Pod of another has too", func(t *testing.T) {
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout-zz", UID: "uid-zz", Labels: map[string]string{discoveryv1.LabelServiceName: "checkout"}},
			Endpoints:  []discoveryv1.Endpoint{{Addresses: []string{"10.9.9.9"}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "cart"}}},
		}
		s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(slice)})
		s.press(":")
		s.write("cart")
		s.untilScreen("by Pod cart")
		s.press("enter")
		if page, ok := s.root.top().(*servicePage); !ok || page.key != (model.Key{Namespace: "shop", Name: "cart"}) {
			t.Fatalf("the top is %T", s.root.top())
		}
	})
	t.Run("by an address that comes to be read", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("10.96.0.77")
		s.press("enter")
		s.untilScreen("nothing fits")
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "bank", Name: "ledger", UID: "uid-ledger"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.77"}}
		read := stageState(service)
		read.Scope = model.AllNamespaces
		s.session.states <- read
		s.untilScreen("bank/ledger")
	})
	t.Run("to nothing", func(t *testing.T) {
		s := setup()
		s.press(":")
		s.write("zzzz")
		s.press("enter")
		s.untilScreen("is called “zzzz”")
	})
}

func TestNamespacePickerTakesNamesThatCannotBeListed(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), prepare: func(session *stageSession) { session.namespaces = nil }})
	s.press(":")
	s.write("ns")
	s.press("enter")
	s.untilScreen("cannot be listed")
	s.write("team-blue")
	s.untilScreen("use “team-blue” as typed")
	s.press("enter")
	if s.root.sh.scope != "team-blue" {
		t.Fatalf("the scope is %q", s.root.sh.scope)
	}
}

func TestEmptyCurrentContextOpensThePicker(t *testing.T) {
	opened := ""
	var session *stageSession
	connector := &stageConnector{contexts: []model.ContextInfo{{Name: "kind-dev"}, {Name: "prod"}}}
	connector.open = func(name string) (Session, error) {
		if name == "" {
			return nil, errors.New("the kubeconfig names no current context")
		}
		opened = name
		return session, nil
	}
	connector.session = &stageSession{}
	s := newStage(t, stageSetup{width: 100, height: 30, connector: connector})
	session = s.session
	s.untilScreen("kind-dev")
	s.write("prod")
	s.press("enter")
	s.until("it is connected", func() bool { return s.root.sh.connection == connected })
	if opened != "prod" {
		t.Fatalf("opened %q", opened)
	}
}

func TestHelpSaysWhyAKeyDoesNothing(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 60, state: stageState(), forwards: newStageForwards(), readOnly: true})
	s.choose("cart")
	s.press("?")
	if !strings.Contains(s.screen(), "started with --readonly") {
		t.Errorf("help does not say why:\n%s", s.screen())
	}
}

func TestCopySendsTheFixWhole(t *testing.T) {
	s := newStage(t, stageSetup{width: 80, height: 24, state: stageState()})
	s.choose("checkout")
	s.press("c", "enter")
	s.until("something was copied", func() bool { return s.clipboard != "" })
	want := "kubectl --context gke-prod -n shop patch svc checkout --type=merge \\\n  -p '{\"spec\":{\"selector\":{\"app\":\"check-out\"}}}'"
	if s.clipboard != want {
		t.Errorf("copied %q, want %q", s.clipboard, want)
	}
}

func TestStaleDataHasABanner(t *testing.T) {
	state := stageState()
	builder := model.NewBuilder(state.Snapshot)
	builder.Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{
		State: model.Stale, Since: ago(5 * time.Minute), Reason: "Unauthorized: the token has expired \x1b[2J",
	})
	stale := *state
	stale.Snapshot = builder.Build(fixtureNow())
	s := newStage(t, stageSetup{width: 100, height: 30, state: &stale})
	s.untilScreen("the token has expired")
	s.untilScreen("Ctrl-R")
	s.fits()
}

func TestConnectingAgainComesBackToTheSameService(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState()})
	s.press("j", "j", "j")
	home := s.root.top().(*servicesPage)
	before, _ := home.chosen(s.root.sh)
	s.press("ctrl+r")
	s.until("the state is gone", func() bool { return s.root.sh.state == nil })
	s.until("it is connected", func() bool { return s.root.sh.connection == connected })
	s.session.states <- stageState()
	s.until("the state is there again", func() bool { return s.root.sh.state != nil })
	if after, _ := home.chosen(s.root.sh); after != before {
		t.Errorf("the selection was %s and is %s", before, after)
	}
	if s.root.sh.scope != "shop" {
		t.Errorf("the scope is %q", s.root.sh.scope)
	}
}

func TestHostileStringsOnSecondaryScreens(t *testing.T) {
	evil := "\x1b]0;owned\a\x1b[2Jev\u202eil\u009b31m\r\n"
	hostile := stagePod("cart-evil", "cart", true)
	hostile.Name = "cart" + evil
	event := stageEvent("evil", "cart-5c9d7-x2lqp", corev1.EventTypeWarning, "Evil"+evil, strings.Repeat("message "+evil, 5), 3, time.Minute, time.Minute)
	for _, keys := range [][]string{{"l"}, {"l", "o"}, {"v"}, {"t"}, {"t", "p"}, {"F"}, {"f"}, {"y"}, {"c"}, {"f", "ctrl+x"}} {
		t.Run(strings.Join(keys, "-"), func(t *testing.T) {
			held := sampleForwards()
			held[0].Target.Service, held[0].LastError, held[0].Pod = evil, evil, evil
			s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(hostile, event), forwards: newStageForwards(held...), prepare: func(session *stageSession) {
				session.yaml = func() (string, error) { return "kind: Service\nname: " + evil, nil }
				session.logs = func(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
					lines([]model.LogLine{{Pod: request.Pod, Text: "log " + evil}})
					return errors.New("error " + evil)
				}
				session.test = func(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
					result := loopback(request)
					result.Request.Pod, result.Rungs[0].Detail, result.Conclusion.Text, result.Protocol = evil, evil, evil, evil
					progress(result)
				}
			}})
			s.choose("cart")
			s.press(keys...)
			wait := map[string]string{"l": "error ", "y": "name: ", "t": "Proxy"}[strings.Join(keys, "-")]
			if wait != "" {
				s.untilScreen(wait)
			}
			s.fits()
		})
	}
}

// stateWithPod is the shop with the Pod shipping-1 alone behind its Service, and more.
func stateWithPod(more ...*corev1.Pod) *engine.State {
	state := stateOf("shop", shopFixtures()...)
	builder := model.NewBuilder(state.Snapshot)
	builder.Put(stagePod("shipping-1", "shipping", true))
	for _, pod := range more {
		builder.Put(pod)
	}
	made := *state
	made.Snapshot = builder.Build(fixtureNow())
	return &made
}

// loginConnector has a login plugin that asks.
type loginConnector struct {
	*stageConnector
	logins atomic.Int32
}

func (c *loginConnector) Login(context.Context, string) error { c.logins.Add(1); return nil }
func (c *loginConnector) MayAsk(string) bool                  { return true }

func TestLoggingInGetsTheTerminal(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState()})
	connector := &loginConnector{stageConnector: s.root.sh.connector.(*stageConnector)}
	s.root.sh.connector = connector
	s.press("ctrl+r")
	// Bubble Tea releases the terminal for a message of its own kind; here the login is run in its place.
	s.until("the terminal is given away", func() bool { return s.exec })
	login := &terminalLogin{ctx: t.Context(), login: connector, context: "gke-prod"}
	if err := login.Run(); err != nil || connector.logins.Load() != 1 {
		t.Fatalf("login ran %d times, error %v", connector.logins.Load(), err)
	}
	if s.root.sh.connection != connected {
		t.Error("the session was left before the login was over")
	}
	s.give(loggedIn{generation: s.root.generation, context: "gke-prod", err: errors.New("the plugin says no")})
	s.until("it is connected again", func() bool { return s.root.sh.connection == connected && s.root.sh.session != nil })
	found := false
	for _, said := range s.root.sh.messages {
		found = found || strings.Contains(said.text, "the plugin says no")
	}
	if !found {
		t.Error("what the plugin said is not among the messages")
	}
}
