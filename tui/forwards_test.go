package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func sampleForwards() []model.Forward {
	return []model.Forward{
		{
			ID: 1, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "checkout", Port: "80"}, Local: "127.0.0.1:8080",
			State: model.ForwardActive, Pod: "checkout-7d9f6b-x2lqp", PodPort: 8080, Connections: 2, Total: 31, BytesUp: 14_200, BytesDown: 3_456_789,
			Since: ago(42 * time.Minute),
		},
		{
			ID: 2, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "cart", Port: "http"}, Local: "127.0.0.1:8081",
			State: model.ForwardWaiting, WaitsFor: "none of the 2 Pods of Service shop/cart is Ready", Total: 3, BytesUp: 900, BytesDown: 1200, Since: ago(2 * time.Hour),
			LastError: "failed to connect to localhost:8080 inside namespace \"a1b2\", IPv4: dial tcp4 127.0.0.1:8080: connect: connection refused", LastErrAt: ago(5 * time.Minute),
		},
		{
			ID: 3, Target: model.ForwardTarget{Context: "kind-dev", Namespace: "default", Pod: "postgres-0", Port: "5432"}, Local: "127.0.0.1:5432",
			State: model.ForwardFailed, LastError: "listen on 127.0.0.1:5432: address already in use (by postgres, pid 812)", LastErrAt: ago(time.Minute), Since: ago(time.Minute),
		},
	}
}

func TestAForwardOverSSHPutsItsLineOnTheClipboard(t *testing.T) {
	s := newStage(t, stageSetup{
		width: 100, height: 30, state: stageState(), forwards: newStageForwards(),
		environ: []string{"LANG=C.UTF-8", "USER=ada", "SSH_CONNECTION=192.0.2.7 50000 192.0.2.9 22"},
	})
	s.choose("cart")
	s.press("F", "enter")
	line := "ssh -N -L 8080:127.0.0.1:8080 ada@192.0.2.9"
	s.untilScreen("sent to the clipboard: " + line)
	s.until("the line is on the clipboard", func() bool { return s.clipboard == line })
	s.press("f")
	s.untilScreen("on laptop   " + line)
}

func TestForwardToAServiceWithoutAReadyPod(t *testing.T) {
	forwards := newStageForwards()
	gone := stagePod("shipping-2", "shipping", true)
	gone.DeletionTimestamp = &metav1.Time{Time: fixtureNow()}
	unready := stagePod("shipping-1", "shipping", false)
	unready.Spec.Containers[0].Ports[0].Name = "grpc"
	s := newStage(t, stageSetup{width: 100, height: 30, forwards: forwards, state: stateWithPod(unready, gone)})
	s.choose("shipping")
	s.press("F")
	s.untilScreen("svc/shipping:50051")
	s.write("svc/shipping:50051")
	s.press("enter")
	s.untilScreen("No Pod of svc/shipping is Ready")
	s.untilScreen("pod/shipping-1:8080 anyway")
	if got := forwards.opened(); len(got) != 0 {
		t.Fatalf("it was opened all the same: %+v", got)
	}
	s.press("enter")
	s.until("the forward to the Pod is open", func() bool { return len(s.root.sh.held) == 1 })
	want := model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "shipping-1", Port: "8080"}
	if got := forwards.opened()[0].Target; got != want {
		t.Errorf("it leads to %+v, want %+v", got, want)
	}
}

func TestSeveralForwardsAtOnce(t *testing.T) {
	forwards := newStageForwards()
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.choose("cart")
	s.press("F")
	s.write("pod/cart-5c9d7-m4k8s:80,443,metrics")
	s.untilScreen("8080,8443,0")
	s.press("enter")
	s.until("three forwards are open", func() bool { return len(s.root.sh.held) == 3 })
	for i, want := range []model.ForwardSpec{{LocalPort: 8080}, {LocalPort: 8443}, {}} {
		want.Target = model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "cart-5c9d7-m4k8s", Port: []string{"80", "443", "metrics"}[i]}
		if got := forwards.opened()[i]; got != want {
			t.Errorf("opened %+v, want %+v", got, want)
		}
	}
	s.untilScreen("127.0.0.1:8080 → pod/cart-5c9d7-m4k8s:80, 127.0.0.1:8443")

	// All or none.
	s.press("F")
	s.write("pod/cart-5c9d7-m4k8s:80,443")
	s.press("tab", "ctrl+u")
	s.write("7000")
	s.press("enter")
	s.untilScreen("1 local port for 2 ports")
}

// The local port that is proposed is no more than that: what is typed takes its place, and what edits it does not.
func TestTypingReplacesTheProposedLocalPort(t *testing.T) {
	for _, test := range []struct {
		keys []string
		want string
	}{
		{[]string{"7"}, "7"},
		{[]string{"7", "0", "0"}, "700"},
		{[]string{"backspace"}, "808"},
		{[]string{"backspace", "9"}, "8089"},
		{[]string{"left", "9"}, "9"},
	} {
		s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards()})
		s.choose("cart")
		s.press("F")
		s.untilScreen("local port  8080")
		s.press("tab")
		s.press(test.keys...)
		if got := s.root.top().(*forwardDialog).local.value(); got != test.want {
			t.Errorf("%q: %q, want %q", test.keys, got, test.want)
		}
	}
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards()})
	s.choose("cart")
	s.press("F")
	s.untilScreen("local port  8080")
	s.press("tab")
	s.give(tea.PasteMsg{Content: "7100"})
	s.untilScreen("local port  7100")
}

// An ExternalName has nothing to forward to, whatever is picked or typed; the Service that it stands for has.
func TestAForwardToAnExternalName(t *testing.T) {
	alias := fixtureService("alias", corev1.ServiceTypeExternalName, "", "80", day)
	alias.Spec.ExternalName, alias.Spec.Selector = "cart.shop.svc.cluster.local", nil
	portless := fixtureService("portless", corev1.ServiceTypeExternalName, "", "80", day)
	portless.Spec.ExternalName, portless.Spec.Selector, portless.Spec.Ports = "cart.shop.svc.cluster.local", nil, nil
	const says = "It stands for cart.shop.svc.cluster.local, Service shop/cart: :svc shop/cart leads there"
	for _, test := range []struct{ service, typed, says string }{
		{"legacy-db", "", "It stands for db.example.com, which is dialled without a forward."},
		{"alias", "", says},
		{"alias", "80", says},
		{"alias", "svc/alias:80", says},
		{"portless", "", says},
	} {
		forwards := newStageForwards()
		s := newStage(t, stageSetup{width: 140, height: 30, state: stageState(alias, portless), forwards: forwards})
		s.root.push(newForwardDialog(s.root.sh, model.Key{Namespace: "shop", Name: test.service}))
		s.write(test.typed)
		s.press("enter")
		s.untilScreen("An ExternalName has no Pods.")
		if got := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "\n", " ").Replace(s.screen())), " "); !strings.Contains(got, test.says) {
			t.Errorf("%s %q: %s", test.service, test.typed, got)
		}
		if len(forwards.opened()) != 0 {
			t.Errorf("%s: it was opened", test.service)
		}
	}
}

// A row promises nothing that the Pods cannot keep, and a Service whose endpoint somebody wrote by hand leads to the Pod that has the address.
func TestWhatTheRowsOfAForwardSay(t *testing.T) {
	two := fixtureService("two", corev1.ServiceTypeClusterIP, "10.96.0.9", "80→http,9100→metrics", day)
	behind := stagePod("two-1", "two", true)
	behind.Status.PodIP = "10.4.2.18"
	byHand := fixtureService("by-hand", corev1.ServiceTypeClusterIP, "10.96.0.10", "80→8080", day)
	byHand.Spec.Selector = nil
	slice := func(address string) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "by-hand-1", UID: "uid-by-hand", Labels: map[string]string{discoveryv1.LabelServiceName: "by-hand"}},
			Endpoints:  []discoveryv1.Endpoint{{Addresses: []string{address}}}, AddressType: discoveryv1.AddressTypeIPv4,
		}
	}
	for _, test := range []struct {
		service, address string
		rows, never      []string
	}{
		{"two", "10.4.2.18", []string{"svc/two:80 a Ready Pod", "svc/two:9100 no Pod has a port named metrics", "pod/two-1:8080"}, nil},
		{"by-hand", "10.4.2.18", []string{"it has no selector: choose a Pod", "pod/two-1:8080 http Ready"}, nil},
		{"by-hand", "10.4.2.99", []string{"it has no selector: choose a Pod"}, []string{"pod/two-1"}},
	} {
		s := newStage(t, stageSetup{width: 140, height: 30, state: stageState(two, behind, byHand, slice(test.address)), forwards: newStageForwards()})
		s.root.push(newForwardDialog(s.root.sh, model.Key{Namespace: "shop", Name: test.service}))
		got := strings.Join(strings.Fields(s.screen()), " ")
		for _, row := range test.rows {
			if !strings.Contains(got, row) {
				t.Errorf("%s at %s: no row %q in %s", test.service, test.address, row, got)
			}
		}
		for _, row := range test.never {
			if strings.Contains(got, row) {
				t.Errorf("%s at %s: a row %q in %s", test.service, test.address, row, got)
			}
		}
	}
}

func TestAllOrNoForwardsAreOpened(t *testing.T) {
	forwards := &failingForwards{stageForwards: newStageForwards(), after: 2}
	specs, failure := specsFor([]model.ForwardTarget{{Pod: "a", Port: "1"}, {Pod: "a", Port: "2"}, {Pod: "a", Port: "3"}}, "", "")
	if failure != "" || len(specs) != 3 {
		t.Fatal(specs, failure)
	}
	if opened := openForwardsTo(t.Context(), forwards, nil, "ctx", specs); opened.err == nil || len(forwards.List()) != 0 {
		t.Errorf("%v, and %d are left", opened.err, len(forwards.List()))
	}
}

// failingForwards opens only some.
type failingForwards struct {
	*stageForwards
	after int
}

func (f *failingForwards) Open(ctx context.Context, session Session, spec model.ForwardSpec) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errors.New("in use")
	}
	return f.stageForwards.Open(ctx, session, spec)
}

func TestAnAddressThatOthersReachIsWarnedOf(t *testing.T) {
	forwards := newStageForwards(model.Forward{ID: 1, Target: model.ForwardTarget{Service: "cart", Port: "80"}, Local: "0.0.0.0:8080", State: model.ForwardActive})
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.press("f")
	s.untilScreen("Whoever reaches this machine at 0.0.0.0")
	s.press("q")
	s.choose("cart")
	s.press("F", "tab", "ctrl+u")
	if strings.Contains(s.screen(), "Whoever") {
		t.Error("a warning for loopback")
	}
	s.write("192.0.2.9:8080")
	s.untilScreen("Whoever reaches this machine at 192.0.2.9")
	s.press("ctrl+u")
	s.write("[::1]:8080")
	if strings.Contains(s.screen(), "Whoever") {
		t.Error("a warning for loopback")
	}
	s.root.sh.forwardAddress = "0.0.0.0"
	s.press("esc", "F")
	s.untilScreen("0.0.0.0:8081")
}

func TestForwardDialog(t *testing.T) {
	forwards := newStageForwards()
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.choose("cart")
	s.press("F", "enter")
	s.until("the forward is open", func() bool { return len(s.root.sh.held) == 1 })
	want := model.ForwardSpec{Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "cart", Port: "80"}, LocalPort: 8080}
	if got := forwards.opened(); len(got) != 1 || got[0] != want {
		t.Errorf("opened %+v, want %+v", got, want)
	}
	s.until("the dialog is closed", func() bool { _, open := s.root.top().(*forwardDialog); return !open })
	s.untilScreen("127.0.0.1:8080 → svc/cart:80; f lists the forwards")

	s.press("F")
	s.write("pod/cart-66c9d4-9sz75:9000")
	s.press("tab")
	s.press("ctrl+u")
	s.write("7000")
	s.press("enter")
	s.until("the second forward is open", func() bool { return len(s.root.sh.held) == 2 })
	want = model.ForwardSpec{Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "cart-66c9d4-9sz75", Port: "9000"}, LocalPort: 7000}
	if got := forwards.opened(); got[1] != want {
		t.Errorf("opened %+v, want %+v", got[1], want)
	}

	s.until("the dialog is closed again", func() bool { _, open := s.root.top().(*forwardDialog); return !open })
	s.press("F")
	forwards.mu.Lock()
	forwards.err = errors.New("listen on 127.0.0.1:8080: address already in use")
	forwards.mu.Unlock()
	s.press("enter")
	s.untilScreen("address already in use")
	if _, open := s.root.top().(*forwardDialog); !open {
		t.Error("the dialog closed although the forward could not be opened")
	}
}

func TestForwardIsForbiddenWhenReadOnly(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards(), readOnly: true})
	s.choose("cart")
	s.press("F")
	if len(s.root.stack) != 1 {
		t.Error("F opened a page although read-only")
	}
	s.untilScreen("read-only   ● live")
}

func TestForwardIsStoppedOnlyAfterAYes(t *testing.T) {
	forwards := newStageForwards(sampleForwards()...)
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.press("f", "ctrl+x", "q")
	if len(forwards.List()) != 3 || s.quit || len(s.root.stack) != 2 {
		t.Fatal("a key that is not yes stopped the forward, or left the page")
	}
	s.press("ctrl+x", "y")
	s.until("the forward is gone", func() bool { return len(s.root.sh.held) == 2 })
	if s.root.sh.held[0].ID != 2 {
		t.Errorf("another forward was stopped: %+v is left", s.root.sh.held)
	}
}

func TestLeavingWithForwardsAsksOnce(t *testing.T) {
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: newStageForwards(sampleForwards()...)})
	s.press(":")
	s.write("q")
	s.press("enter")
	s.untilScreen("Quit?")
	if s.quit {
		t.Fatal("left without asking")
	}
	s.press("enter")
	s.until("it quits", func() bool { return s.quit })
}

// A forward of which every connection is refused is not well, whatever the way to the Pod is like.
func TestAForwardThatIsRefusedSaysSo(t *testing.T) {
	words := `error forwarding port 8080 to pod 4dbd, uid : failed to connect to localhost:8080 inside namespace "a1b2", IPv4: dial tcp4 127.0.0.1:8080: connect: connection refused`
	s := newStage(t, stageSetup{width: 120, height: 30, state: stageState(), forwards: newStageForwards(
		model.Forward{
			ID: 1, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "cart", Port: "80"}, Local: "127.0.0.1:8080",
			State: model.ForwardRefused, Pod: "db-0", PodPort: 8080, Total: 3, Refusals: 3, Since: ago(time.Hour), LastError: words, LastErrAt: ago(time.Minute),
		},
		model.Forward{
			ID: 2, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "cart", Port: "443"}, Local: "127.0.0.1:8443",
			State: model.ForwardRefused, Pod: "db-0", PodPort: 8443, Total: 9, Refusals: 1, Since: ago(time.Hour), LastError: words, LastErrAt: ago(time.Minute),
		},
	)})
	s.press("f")
	s.untilScreen("▌▲ svc/cart:80")
	for _, text := range []string{
		"refused", "The last 3 connections were refused: nothing listens on localhost:8080 in Pod db-0.", "connect: connection refused", "(1m ago)",
	} {
		s.untilScreen(text)
	}
	s.press("down")
	s.untilScreen("The last connection was refused: nothing listens on localhost:8443")
}

// A port that something listens on already is not proposed.
func TestABusyLocalPortIsNotProposed(t *testing.T) {
	forwards := newStageForwards()
	forwards.busy = []int{8080, 8081, 8443}
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.choose("cart")
	s.press("F")
	s.untilScreen("local port  8082")
	s.write("pod/cart-5c9d7-m4k8s:80,443")
	s.untilScreen("local port  8082,8444")
	s.press("tab", "ctrl+u")
	s.write("8080") // what was typed stays
	s.untilScreen("local port  8080")
	s.press("esc", "F")
	s.untilScreen("local port  8082")
	s.press("enter")
	s.until("the forward is open", func() bool { return len(s.root.sh.held) == 1 })
	if got := forwards.opened()[0].LocalPort; got != 8082 {
		t.Errorf("it listens on %d", got)
	}

	// Taken between the look and Enter, another one is proposed; the question about the Pod is not asked again.
	forwards = newStageForwards()
	unready := stagePod("shipping-1", "shipping", false)
	unready.Spec.Containers[0].Ports[0].Name = "grpc"
	s = newStage(t, stageSetup{width: 100, height: 30, forwards: forwards, state: stateWithPod(unready)})
	s.choose("shipping")
	s.press("F")
	s.write("svc/shipping:50051")
	s.untilScreen("local port  50051")
	forwards.mu.Lock()
	forwards.err, forwards.busy = errors.New("127.0.0.1:50051 is in use by nginx"), []int{50051}
	forwards.mu.Unlock()
	s.press("enter")
	s.untilScreen("No Pod of svc/shipping is Ready")
	s.press("enter")
	s.untilScreen("is in use by nginx")
	s.untilScreen("local port  50052")
	forwards.mu.Lock()
	forwards.err = nil
	forwards.mu.Unlock()
	s.press("tab", "ctrl+u")
	s.write("7000")
	s.press("enter")
	s.until("the forward is open", func() bool { return len(s.root.sh.held) == 1 })
	if got := forwards.opened()[0]; got.LocalPort != 7000 || got.Target.Pod != "shipping-1" {
		t.Errorf("opened %+v", got)
	}
}

// What is asked is about one Pod and one target, and agreed to for no other.
func TestTheQuestionIsAskedAgainForAnotherTarget(t *testing.T) {
	forwards := newStageForwards()
	unready := stagePod("shipping-1", "shipping", false)
	unready.Spec.Containers[0].Ports[0].Name = "grpc"
	s := newStage(t, stageSetup{width: 100, height: 30, forwards: forwards, state: stateWithPod(unready)})
	s.choose("shipping")
	s.press("F")
	s.write("svc/shipping:50051")
	s.press("enter")
	s.untilScreen("pod/shipping-1:8080 anyway")
	s.write("x")
	s.press("backspace", "enter")
	s.untilScreen("pod/shipping-1:8080 anyway")
	if got := forwards.opened(); len(got) != 0 {
		t.Errorf("it was opened all the same: %+v", got)
	}
}

func TestWhatIsTypedAsATarget(t *testing.T) {
	two := stageState().Snapshot.Service(model.Key{Namespace: "shop", Name: "cart"}).DeepCopy()
	two.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80}, {Name: "https", Port: 443}}
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(two), forwards: newStageForwards()})
	s.choose("cart")
	s.press("F")
	for _, test := range []struct{ typed, says, local string }{
		{"svc/cart:80", "▌ svc/cart:80", "8080"},
		{"pod/any:80,", "lacks a port between two commas", ""},
		{"svc/cart.shop:80", "▌ use “svc/cart.shop:80” as typed", "8080"},
		{"svc/cart.shop.svc:443", "▌ use “svc/cart.shop.svc:443” as typed", "8443"},
		{"svc/cart.bank:80", "is no Service of this namespace", ""},
		{"svc/cart.shop.pod:80", "is no Service of this namespace", ""},
		{"svc/.shop:80", "is no Service of this namespace", ""},
		{"svc/cart:80,443", "▌ svc/cart:80,443", "8080,8443"},
		{"svc/cart:80,https", "▌ use “svc/cart:80,https” as typed", "8080,8443"},
		{"svc/cart:https", "▌ svc/cart:443 https", "8443"},
		{"443,http", "▌ use “443,http” as typed", "8443,8080"},
		{"9999", "svc/cart has no port 9999", ""},
		{"svc/cart:nope", "svc/cart has no port nope", ""},
		{"job/x:1", "is no target", ""},
		{"9090:80", "write 80 here, and the local port 9090 below", ""},
		{"pod/cart-5c9d7-m4k8s:http", "▌ pod/cart-5c9d7-m4k8s:8080 http", "8080"},
		{"pod/cart-5c9d7-m4k8s:http,15090", "▌ use “pod/cart-5c9d7-m4k8s:http,15090” as typed", "8080,15090"},
		{"pod/any:nope", "▌ use “pod/any:nope” as typed", ""},
	} {
		s.press("ctrl+u")
		s.write(test.typed)
		if screen := s.screen(); !strings.Contains(screen, test.says) || strings.Contains(screen, "nothing fits") {
			t.Errorf("%q: %s", test.typed, screen)
		}
		if got := s.root.top().(*forwardDialog).local.value(); got != test.local {
			t.Errorf("%q: local port %q, want %q", test.typed, got, test.local)
		}
	}
	s.press("ctrl+u")
	s.write("job/x:1")
	s.press("enter")
	if _, open := s.root.top().(*forwardDialog); !open || len(s.root.sh.held) != 0 {
		t.Error("nonsense was opened")
	}
}

// What is not there is not forwarded to: such a forward would wait, and look as if it stood.
func TestNoForwardIsOpenedToWhatIsNotThere(t *testing.T) {
	udp := stageState().Snapshot.Service(model.Key{Namespace: "shop", Name: "cart"}).DeepCopy()
	udp.Spec.Ports = []corev1.ServicePort{{Name: "dns", Port: 80, Protocol: corev1.ProtocolUDP}, {Name: "http", Port: 80}, {Name: "gone", Port: 81, TargetPort: intstr.FromString("nobody")}}
	s := newStage(t, stageSetup{width: 120, height: 30, state: stageState(udp), forwards: newStageForwards()})
	s.choose("cart")
	s.press("F")
	for typed, says := range map[string]string{
		"svc/crat:80":                 "There is no Service crat in namespace shop; did you mean cart?",
		"svc/cart:8443":               "svc/cart has no port 8443",
		"pod/cart-66c9d4-9zs75:80":    "There is no Pod cart-66c9d4-9zs75 in namespace shop; did you mean cart-66c9d4-9sz75?",
		"pod/nothing-like-it-here:80": "There is no Pod nothing-like-it-here in namespace shop.",
	} {
		s.press("ctrl+u")
		s.write(typed)
		s.press("enter")
		if screen := strings.Join(strings.Fields(strings.NewReplacer("│", "").Replace(s.screen())), " "); !strings.Contains(screen, says) {
			t.Errorf("%s: it does not say %q: %s", typed, says, s.screen())
		}
	}
	if len(s.root.sh.held) != 0 {
		t.Errorf("held: %+v", s.root.sh.held)
	}
}

// A number that two protocols share is the one that can be forwarded, and a Pod that is being deleted is not offered in place of the Service.
func TestWhereAForwardGoesAnyway(t *testing.T) {
	service := stageState().Snapshot.Service(model.Key{Namespace: "shop", Name: "cart"}).DeepCopy()
	service.Spec.Ports = []corev1.ServicePort{
		{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(5300)},
		{Name: "dns-tcp", Port: 53, TargetPort: intstr.FromInt32(5353)},
		{Name: "metrics", Port: 90, Protocol: corev1.ProtocolUDP},
	}
	starts, ends := stagePod("cart-new", "cart", false), stagePod("cart-old", "cart", false)
	ends.DeletionTimestamp = &metav1.Time{Time: fixtureNow()}
	for _, test := range []struct {
		pods []*corev1.Pod
		port string
		want string
	}{
		{[]*corev1.Pod{ends, starts}, "53", "pod/cart-new:5353"},
		{[]*corev1.Pod{ends}, "53", ""},
		{[]*corev1.Pod{starts}, "dns", ""},
		{[]*corev1.Pod{starts}, "metrics", ""},
		{nil, "53", ""},
	} {
		target := model.ForwardTarget{Namespace: "shop", Service: "cart", Port: test.port}
		got := ""
		if instead := anyway(service, model.ForwardOrder(test.pods), []model.ForwardTarget{target}); instead != nil {
			got = forwardTargets(instead)
		}
		if got != test.want {
			t.Errorf("port %s, %d Pods: %q, want %q", test.port, len(test.pods), got, test.want)
		}
	}
}

// The command that is copied goes to the same cluster, and listens where the forward does.
func TestTheCommandOfAForward(t *testing.T) {
	target := model.ForwardTarget{Context: "default", Namespace: "shop", Service: "cart", Port: "80"}
	for _, test := range []struct {
		local string
		args  []string
		want  string
	}{
		{"127.0.0.1:8080", []string{"--kubeconfig", "/tmp/a b", "--context", "default"}, "kubectl --kubeconfig '/tmp/a b' --context default -n shop port-forward svc/cart 8080:80"},
		{"[::1]:8080", nil, "kubectl -n shop port-forward svc/cart 8080:80"},
		{"0.0.0.0:8080", nil, "kubectl -n shop port-forward --address 0.0.0.0 svc/cart 8080:80"},
	} {
		if got := forwardCommand(model.Forward{Target: target, Local: test.local, KubectlArgs: test.args}); got != test.want {
			t.Errorf("%s: %s, want %s", test.local, got, test.want)
		}
	}
	// Through a headless Service kubectl would dial another port.
	headless := model.Forward{Target: target, Local: "127.0.0.1:8080", Pod: "cart-1", PodPort: 9090, KubectlDiffers: true}
	if got := forwardCommand(headless); got != "kubectl -n shop port-forward pod/cart-1 8080:9090" || noCommand(headless) != "" {
		t.Errorf("of a headless Service: %s", got)
	}
	if headless.Pod, headless.PodPort = "", 0; noCommand(headless) == "" {
		t.Error("no Pod is there that kubectl could forward to")
	}
}

// Where svctui was started for an address, a port alone is one of that address.
func TestAPortAloneIsOfTheAddressThatIsAllowed(t *testing.T) {
	for _, test := range []struct{ typed, address, want string }{
		{"9393", "", ""}, {"9393", "0.0.0.0", "0.0.0.0"}, {"", "0.0.0.0", "0.0.0.0"}, {"127.0.0.1:9393", "0.0.0.0", "127.0.0.1"}, {"9393", "::", "::"},
	} {
		specs, failure := specsFor(make([]model.ForwardTarget, 1), test.typed, test.address)
		if failure != "" || len(specs) != 1 || specs[0].LocalAddress != test.want {
			t.Errorf("%q where %q is allowed: %+v %s", test.typed, test.address, specs, failure)
		}
	}
	forwards := newStageForwards()
	s := newStage(t, stageSetup{width: 100, height: 30, state: stageState(), forwards: forwards})
	s.root.sh.forwardAddress = "0.0.0.0"
	s.choose("cart")
	s.press("F", "tab", "ctrl+u")
	s.write("9393")
	s.untilScreen("Whoever reaches this machine at 0.0.0.0")
	s.press("enter")
	s.until("the forward is open", func() bool { return len(forwards.opened()) == 1 })
	if got := forwards.opened()[0]; got.LocalAddress != "0.0.0.0" || got.LocalPort != 9393 {
		t.Errorf("opened %+v", got)
	}
}

// Who leaves while a forward opens does not want it.
func TestEscWhileAForwardOpensStopsIt(t *testing.T) {
	for _, when := range []string{"before it is open", "before it is told"} {
		forwards := newStageForwards()
		ctx, leave := context.WithCancel(t.Context())
		if when == "before it is open" {
			leave()
		}
		opened := openForwardsTo(ctx, forwards, nil, "ctx", []model.ForwardSpec{{Target: model.ForwardTarget{Pod: "a", Port: "1"}}, {Target: model.ForwardTarget{Pod: "a", Port: "2"}}})
		leave()
		if opened.err != nil || opened.keep() {
			t.Errorf("%s: %v, and it is kept", when, opened.err)
		}
		eventuallyNone(t, forwards)
	}
	forwards := newStageForwards()
	ctx, leave := context.WithCancel(t.Context())
	opened := openForwardsTo(ctx, forwards, nil, "ctx", []model.ForwardSpec{{Target: model.ForwardTarget{Pod: "a", Port: "1"}}})
	if !opened.keep() {
		t.Error("it was not kept")
	}
	leave()
	if len(forwards.List()) != 1 {
		t.Error("what was kept did not outlive the dialog")
	}
}

func eventuallyNone(t *testing.T, forwards *stageForwards) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for len(forwards.List()) > 0 {
		select {
		case <-forwards.changed:
		case <-deadline:
			t.Fatalf("left are %+v", forwards.List())
		}
	}
}

func TestAnotherForwardFromTheList(t *testing.T) {
	held := sampleForwards()
	held = append(held, model.Forward{ID: 4, Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Service: "gone", Port: "80"}, Local: "127.0.0.1:9", State: model.ForwardWaiting})
	s := newStage(t, stageSetup{width: 120, height: 30, state: stageState(), forwards: newStageForwards(held...)})
	s.press("f", "F")
	s.untilScreen("forward to checkout")
	s.untilScreen("held already, on 127.0.0.1:8080")
	s.press("esc", "down", "down", "F")
	s.untilScreen("this one leads to a Pod")
	s.press("down", "F")
	s.untilScreen("its Service is not listed here")
}
