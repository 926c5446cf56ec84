package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
			State: model.ForwardWaiting, Total: 3, BytesUp: 900, BytesDown: 1200, Since: ago(2 * time.Hour),
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
	s.write("80,443")
	s.press("tab", "ctrl+u")
	s.write("7000")
	s.press("enter")
	s.untilScreen("1 local port for 2 ports")
}

func TestAllOrNoForwardsAreOpened(t *testing.T) {
	forwards := &failingForwards{stageForwards: newStageForwards(), after: 2}
	specs, failure := specsFor([]model.ForwardTarget{{Pod: "a", Port: "1"}, {Pod: "a", Port: "2"}, {Pod: "a", Port: "3"}}, "")
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
	s.write("pod/other:9000")
	s.press("tab")
	s.press("ctrl+u")
	s.write("7000")
	s.press("enter")
	s.until("the second forward is open", func() bool { return len(s.root.sh.held) == 2 })
	want = model.ForwardSpec{Target: model.ForwardTarget{Context: "gke-prod", Namespace: "shop", Pod: "other", Port: "9000"}, LocalPort: 7000}
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
