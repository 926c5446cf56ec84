package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/svctui/svctui/kube/model"
)

func TestForwardToServiceFollowsItsPods(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(webService())
	first, second := readyPod("web-1"), unreadyPod("web-2")
	cluster.put(first)
	cluster.put(second)
	for _, pod := range []string{"web-1", "web-2", "web-3"} {
		cluster.serve(pod, 8080, says("I am "+pod))
	}
	m, forward := holdActive(t, cluster, toService("80"))
	if forward.Pod != "web-1" || forward.PodPort != 8080 || forward.Target.Context != "test" {
		t.Errorf("it leads to %+v", forward)
	}
	if got, err := say(t, forward); got != "I am web-1" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}

	// Another Ready Pod changes nothing, even if it would have been the first choice.
	third := readyPod("web-0")
	cluster.put(third)
	cluster.serve("web-0", 8080, says("I am web-0"))
	if got, _ := say(t, forward); got != "I am web-1" {
		t.Errorf("it did not stay with its Pod: %q", got)
	}
	cluster.remove(third)

	cluster.remove(first)
	awaitState(t, m, forward.ID, model.ForwardWaiting)
	if now := stateOf(m, forward.ID); now.Pod != "" || !strings.Contains(now.LastError, "the one Pod of Service ns/web is not Ready") || now.WaitsFor != now.LastError {
		t.Errorf("while waiting: %+v", now)
	}
	if got, err := say(t, forward); err == nil {
		t.Errorf("a connection without a Pod was accepted in good order: %q", got)
	}

	cluster.put(readyPod("web-3"))
	awaitState(t, m, forward.ID, model.ForwardActive)
	if got, err := say(t, forward); got != "I am web-3" || err != nil || stateOf(m, forward.ID).WaitsFor != "" {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestForwardLeavesAPodThatIsNotReadyAnyMore(t *testing.T) {
	cluster := webCluster(t, nil)
	cluster.put(readyPod("web-2"))
	cluster.serve("web-2", 8080, says("I am web-2"))
	inFirst := make(chan struct{})
	cluster.serve("web-1", 8080, func(conn net.Conn) { close(inFirst); echo(conn) })
	m, forward := holdActive(t, cluster, toService("http"))
	old := dialLocal(t, forward)
	<-inFirst

	cluster.put(unreadyPod("web-1"))
	eventually(t, "it leads to the other Pod", func() bool { return stateOf(m, forward.ID).Pod == "web-2" })
	awaitState(t, m, forward.ID, model.ForwardActive)
	if got, _ := say(t, forward); got != "I am web-2" {
		t.Errorf("got %q", got)
	}
	if got := exchange(t, old, "still here"); got != "still here" {
		t.Errorf("the open connection was cut: %q", got)
	}
}

func TestForwardComesBackWhenItsConnectionIsCut(t *testing.T) {
	cluster := webCluster(t, echo)
	m, forward := holdActive(t, cluster, toService("80"))
	old := dialLocal(t, forward)
	exchange(t, old, "before")

	cluster.cutForwards()
	if _, err := io.ReadAll(old); err == nil {
		t.Error("a cut connection ended in good order")
	}
	eventually(t, "it connects again", func() bool {
		now := stateOf(m, forward.ID)
		return now.State == model.ForwardActive && now.LastError != ""
	})
	if got := exchange(t, dialLocal(t, forward), "after"); got != "after" {
		t.Errorf("got %q", got)
	}
}

// A forward that nobody uses at the moment comes back all the same, before anybody needs it.
func TestIdleForwardComesBack(t *testing.T) {
	cluster := webCluster(t, nil)
	m, forward := holdActive(t, cluster, toPod("web-1", "8080"))
	before, _ := cluster.upgradeCount()
	cluster.cutForwards()
	eventually(t, "it connects again", func() bool {
		after, _ := cluster.upgradeCount()
		return after > before && stateOf(m, forward.ID).State == model.ForwardActive
	})
	if now := stateOf(m, forward.ID); !strings.Contains(now.LastError, "lost connection") {
		t.Errorf("it says %q", now.LastError)
	}
}

// A StatefulSet's Pod comes back under its name. What was opened to the one before leads to its sandbox, and never to the new one.
func TestForwardToAPodThatIsReplacedUnderItsName(t *testing.T) {
	for _, test := range []struct {
		name    string
		spec    model.ForwardSpec
		between bool
	}{
		{"a Service, its Pod gone for a while", toService("80"), true},
		{"a Service, its Pod replaced between two looks", toService("80"), false},
		{"a Pod, gone for a while", toPod("db-0", "8080"), true},
		{"a Pod, replaced between two looks", toPod("db-0", "8080"), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cluster := newFakeCluster(t)
			cluster.put(webService())
			first := readyPod("db-0")
			cluster.put(first)
			cluster.serve("db-0", 8080, says("I am db-0"))
			m, forward := holdActive(t, cluster, test.spec)
			if got, err := say(t, forward); got != "I am db-0" || err != nil {
				t.Fatalf("got %q and %v", got, err)
			}
			before, _ := cluster.upgradeCount()
			if test.between {
				cluster.remove(first)
				awaitState(t, m, forward.ID, model.ForwardWaiting)
			}
			next := readyPod("db-0")
			next.UID = "another"
			cluster.put(next)
			eventually(t, "a connection to the new Pod", func() bool { after, _ := cluster.upgradeCount(); return after > before })
			awaitState(t, m, forward.ID, model.ForwardActive)
			if got, err := say(t, forward); got != "I am db-0" || err != nil {
				t.Errorf("got %q and %v; last error %q", got, err, stateOf(m, forward.ID).LastError)
			}
			eventually(t, "the connection to the one before is closed", func() bool {
				m.mu.Lock()
				defer m.mu.Unlock()
				alive := 0
				for _, one := range m.forwards[0].streams.open() {
					if !one.isLost() {
						alive++
					}
				}
				return alive == 1
			})
		})
	}
}

// A Pod keeps its uid and gets another sandbox, as after its node was booted.
func TestForwardToAPodWithAnotherSandbox(t *testing.T) {
	t.Run("not Ready meanwhile", func(t *testing.T) {
		cluster := webCluster(t, says("hello"))
		m, forward := holdActive(t, cluster, toService("80"))
		cluster.restartSandbox("web-1")
		cluster.put(unreadyPod("web-1"))
		awaitState(t, m, forward.ID, model.ForwardWaiting)
		cluster.put(readyPod("web-1"))
		awaitState(t, m, forward.ID, model.ForwardActive)
		if got, err := say(t, forward); got != "hello" || err != nil {
			t.Errorf("got %q and %v", got, err)
		}
	})
	t.Run("unseen", func(t *testing.T) {
		cluster := webCluster(t, says("hello"))
		m, forward := holdActive(t, cluster, toPod("web-1", "8080"))
		m.mu.Lock()
		old := m.forwards[0].streams.open()[0]
		m.mu.Unlock()
		cluster.restartSandbox("web-1")
		eventually(t, "the connection is not spared any more", func() bool { return old.network.now() > retireAge })
		if got, err := say(t, forward); err == nil {
			t.Errorf("an answer from a sandbox that is gone: %q", got)
		}
		eventually(t, "it leads to the new sandbox", func() bool { got, err := say(t, forward); return got == "hello" && err == nil })
		if now := stateOf(m, forward.ID); !strings.Contains(now.LastError, "failed to find sandbox") {
			t.Errorf("the runtime's words are lost: %q", now.LastError)
		}
	})
}

// What a former attempt says, which the wake-up cancelled, must not cancel the one that follows it.
func TestACancelledAttemptIsNoError(t *testing.T) {
	cluster := webCluster(t, nil)
	through := cluster.forwardCluster()
	dials := make(chan struct{})
	through.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		dials <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	m := newManager(t)
	id, err := m.Open(t.Context(), through, toService("80"))
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		<-dials // an attempt is under way
		m.awake()
	}
	<-dials
	if now := stateOf(m, id); strings.Contains(now.LastError, "cancel") {
		t.Errorf("it says %q", now.LastError)
	}
	drained := make(chan struct{})
	go func() {
		for {
			select {
			case <-dials:
			case <-drained:
				return
			}
		}
	}()
	m.Close()
	close(drained)
}

func TestForwardToPodTakesItReadyOrNot(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(unreadyPod("web-1"))
	cluster.serve("web-1", 8080, says("hello"))
	m, forward := holdActive(t, cluster, toPod("web-1", "8080"))
	if got, err := say(t, forward); got != "hello" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
	cluster.remove(unreadyPod("web-1"))
	awaitState(t, m, forward.ID, model.ForwardWaiting)
	again := readyPod("web-1")
	again.UID = "another"
	cluster.put(again)
	awaitState(t, m, forward.ID, model.ForwardActive)
}

// A Service that is edited or replaced has no selector for a moment; what worked comes back without anybody.
func TestForwardThatWorkedWaitsForItsService(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*corev1.Service)
		text   string
	}{
		{"no selector", func(service *corev1.Service) { service.Spec.Selector = nil }, "no selector"},
		{"ExternalName", func(service *corev1.Service) { service.Spec.Type = corev1.ServiceTypeExternalName }, "ExternalName"},
		{"UDP", func(service *corev1.Service) { service.Spec.Ports[0].Protocol = corev1.ProtocolUDP }, "TCP only"},
		{"gone", nil, "does not exist"},
		{"another selector", func(service *corev1.Service) { service.Spec.Selector = map[string]string{"app": "other"} }, "no Pod matches"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cluster := webCluster(t, says("hello"))
			m, forward := holdActive(t, cluster, toService("80"))
			if test.change == nil {
				cluster.remove(webService())
			} else {
				changed := webService()
				test.change(changed)
				cluster.put(changed)
			}
			awaitState(t, m, forward.ID, model.ForwardWaiting)
			if now := stateOf(m, forward.ID); !strings.Contains(now.LastError, test.text) {
				t.Errorf("it says %q", now.LastError)
			}
			cluster.put(webService())
			awaitState(t, m, forward.ID, model.ForwardActive)
			if got, err := say(t, forward); got != "hello" || err != nil {
				t.Errorf("got %q and %v", got, err)
			}
		})
	}
}

// What takes connections and cuts them must not be asked for more and more in a hurry.
func TestAConnectionThatIsCutAtOnceIsNotReopenedInAHurry(t *testing.T) {
	made := time.Now()
	k := &keeper{pause: newBackoff(), since: made}
	var last time.Duration
	for range 8 {
		last = k.afterLoss(made.Add(livedLeast - 1))
	}
	if last < longestPause {
		t.Errorf("after eight losses it waits %v", last)
	}
	if pause := k.afterLoss(made.Add(livedLeast)); pause >= 2*firstPause {
		t.Errorf("after a connection that was of use it waits %v", pause)
	}

	cluster := webCluster(t, nil)
	cluster.cutsAtOnce = true
	m := newManager(t)
	begun := time.Now()
	if _, err := m.Open(t.Context(), cluster.forwardCluster(), toPod("web-1", "8080")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "six connections", func() bool { all, _ := cluster.upgradeCount(); return all >= 6 })
	// Slower it may be, on a busy machine.
	if took := time.Since(begun); took < 30*firstPause {
		t.Errorf("six connections in %v", took)
	}
}

func TestBackoff(t *testing.T) {
	for _, test := range []struct {
		name    string
		err     error
		longest time.Duration
	}{
		{"unreachable", errors.New("connection refused"), longestPause},
		{"denied", apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "web-1", nil), deniedPeriod},
	} {
		t.Run(test.name, func(t *testing.T) {
			pause := newBackoff()
			last := time.Duration(0)
			for n := range 12 {
				next := pause.step(test.err)
				if n == 0 && next >= 2*firstPause || next > test.longest+test.longest/4 || next < last/2 {
					t.Errorf("pause %d is %v after %v", n, next, last)
				}
				last = next
			}
			if last < test.longest {
				t.Errorf("it settles at %v", last)
			}
			// What is reached again and refuses otherwise is tried again soon.
			if next := pause.step(errors.New("connection refused")); next > 2*time.Second {
				t.Errorf("then %v", next)
			}
		})
	}
}
