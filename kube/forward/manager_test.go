package forward

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/svctui/svctui/kube/model"
)

func toService(port string) model.ForwardSpec {
	return model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "web", Port: port}}
}

func toPod(pod, port string) model.ForwardSpec {
	return model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Pod: pod, Port: port}}
}

// hold opens a forward and waits for a state.
func hold(t *testing.T, m *Manager, cluster *fakeCluster, spec model.ForwardSpec, state model.ForwardState) model.Forward {
	t.Helper()
	id, err := m.Open(t.Context(), cluster.forwardCluster(), spec)
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, id, state)
	return stateOf(m, id)
}

func awaitState(t *testing.T, m *Manager, id int, state model.ForwardState) {
	t.Helper()
	eventually(t, "the forward is "+string(state), func() bool { return stateOf(m, id).State == state })
}

func newManager(t *testing.T) *Manager {
	t.Helper()
	m := NewManager("")
	t.Cleanup(m.Close)
	return m
}

func dialLocal(t *testing.T, forward model.Forward) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", forward.Local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// say returns what a new connection through the forward reads until its end.
func say(t *testing.T, forward model.Forward) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", forward.Local)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	got, err := io.ReadAll(conn)
	return string(got), err
}

func TestForwardToServiceFollowsItsPods(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(webService())
	first, second := readyPod("web-1"), unreadyPod("web-2")
	cluster.put(first)
	cluster.put(second)
	for _, pod := range []string{"web-1", "web-2", "web-3"} {
		cluster.serve(pod, 8080, says("I am "+pod))
	}
	m := newManager(t)
	forward := hold(t, m, cluster, toService("80"), model.ForwardActive)
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
	if now := stateOf(m, forward.ID); now.Pod != "" || !strings.Contains(now.LastError, "none of the 1 Pods of Service ns/web is Ready") {
		t.Errorf("while waiting: %+v", now)
	}
	if got, err := say(t, forward); err == nil {
		t.Errorf("a connection without a Pod was accepted in good order: %q", got)
	}

	cluster.put(readyPod("web-3"))
	awaitState(t, m, forward.ID, model.ForwardActive)
	if got, err := say(t, forward); got != "I am web-3" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestForwardLeavesAPodThatIsNotReadyAnyMore(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(webService())
	cluster.put(readyPod("web-1"))
	cluster.put(readyPod("web-2"))
	cluster.serve("web-2", 8080, says("I am web-2"))
	inFirst := make(chan struct{})
	cluster.serve("web-1", 8080, func(conn net.Conn) { close(inFirst); echo(conn) })
	m := newManager(t)
	forward := hold(t, m, cluster, toService("http"), model.ForwardActive)
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
	cluster := newFakeCluster(t)
	cluster.put(webService())
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, echo)
	m := newManager(t)
	forward := hold(t, m, cluster, toService("80"), model.ForwardActive)
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
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	m := newManager(t)
	forward := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
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

func TestOneRefusedConnectionLeavesTheOthersAlone(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, echo)
	m := newManager(t)
	good := hold(t, m, cluster, toPod("web-1", "http"), model.ForwardActive)
	bad := hold(t, m, cluster, toPod("web-1", "9999"), model.ForwardActive)
	neighbour := dialLocal(t, good)
	exchange(t, neighbour, "before")
	for range 3 {
		if _, err := say(t, bad); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a refused connection ended with %v", err)
		}
	}
	eventually(t, "the runtime's words are kept", func() bool {
		return strings.HasPrefix(stateOf(m, bad.ID).LastError, "error forwarding port 9999 to pod 4dbd") && stateOf(m, bad.ID).Connections == 0
	})
	if now := stateOf(m, bad.ID); now.State != model.ForwardRefused || now.Refusals != 3 || now.Total != 3 {
		t.Errorf("after three refusals: %+v", now)
	}
	if got := exchange(t, neighbour, "after"); got != "after" {
		t.Errorf("got %q", got)
	}

	// It begins to listen.
	cluster.serve("web-1", 9999, says("here I am"))
	if got, err := say(t, bad); got != "here I am" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
	awaitState(t, m, bad.ID, model.ForwardActive)
	if now := stateOf(m, bad.ID); now.Refusals != 0 || !strings.Contains(now.LastError, "refused") {
		t.Errorf("when it listens: %+v", now)
	}
}

// An application that says nothing has not refused.
func TestASilentConnectionEndsTheRefusals(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	m := newManager(t)
	forward := hold(t, m, cluster, toPod("web-1", "9999"), model.ForwardActive)
	_, _ = say(t, forward)
	awaitState(t, m, forward.ID, model.ForwardRefused)
	cluster.serve("web-1", 9999, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	dialLocal(t, forward)
	awaitState(t, m, forward.ID, model.ForwardActive)
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
			m := newManager(t)
			forward := hold(t, m, cluster, test.spec, model.ForwardActive)
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
		cluster := newFakeCluster(t)
		cluster.put(webService())
		cluster.put(readyPod("web-1"))
		cluster.serve("web-1", 8080, says("hello"))
		m := newManager(t)
		forward := hold(t, m, cluster, toService("80"), model.ForwardActive)
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
		cluster := newFakeCluster(t)
		cluster.put(readyPod("web-1"))
		cluster.serve("web-1", 8080, says("hello"))
		m := newManager(t)
		forward := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
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
	cluster := newFakeCluster(t)
	cluster.put(webService())
	cluster.put(readyPod("web-1"))
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
	m := newManager(t)
	forward := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
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

func TestForwardsThatCannotBe(t *testing.T) {
	external := webService()
	external.Name = "external"
	external.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example", Selector: map[string]string{"app": "web"}}
	bare := webService()
	bare.Name, bare.Spec.Selector = "bare", nil
	for _, test := range []struct {
		name  string
		spec  model.ForwardSpec
		state model.ForwardState
		text  string
	}{
		{"UDP of a Service", toService("dns"), model.ForwardFailed, "TCP only"},
		{"UDP of a Pod", toPod("web-1", "dns"), model.ForwardFailed, "UDP"},
		{"unknown port name of a Pod", toPod("web-1", "nope"), model.ForwardFailed, "no port named nope"},
		{"ExternalName", model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "external", Port: "80"}}, model.ForwardFailed, "ExternalName"},
		{"no selector", model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "bare", Port: "80"}}, model.ForwardFailed, "no selector"},
		{"unknown port of a Service", toService("8080"), model.ForwardWaiting, "no port 8080"},
		{"named port of another protocol", toService("missing"), model.ForwardWaiting, "no TCP port named dns"},
		{"no such Service", model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "gone", Port: "80"}}, model.ForwardWaiting, "does not exist"},
		{"no such Pod", toPod("gone", "80"), model.ForwardWaiting, "does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cluster := newFakeCluster(t)
			for _, object := range []metav1.Object{webService(), external, bare, readyPod("web-1")} {
				cluster.put(object)
			}
			m := newManager(t)
			forward := hold(t, m, cluster, test.spec, test.state)
			if !strings.Contains(forward.LastError, test.text) {
				t.Errorf("it says %q", forward.LastError)
			}
			if test.state == model.ForwardFailed {
				eventually(t, "the port is given back", func() bool {
					conn, err := net.Dial("tcp", forward.Local)
					if err == nil {
						_ = conn.Close()
					}
					return err != nil
				})
			}
		})
	}
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
			cluster := newFakeCluster(t)
			cluster.put(webService())
			cluster.put(readyPod("web-1"))
			cluster.serve("web-1", 8080, says("hello"))
			m := newManager(t)
			forward := hold(t, m, cluster, toService("80"), model.ForwardActive)
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

func TestForwardsHoldTheirCluster(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	var mu sync.Mutex
	held, released := 0, 0
	through := cluster.forwardCluster()
	through.Hold = func() func() {
		mu.Lock()
		defer mu.Unlock()
		held++
		return func() {
			mu.Lock()
			defer mu.Unlock()
			released++
		}
	}
	m := newManager(t)
	var ids []int
	for range 2 {
		id, err := m.Open(t.Context(), through, toPod("web-1", "8080"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if len(m.links) != 1 {
		t.Errorf("%d links into one cluster", len(m.links))
	}
	m.Stop(ids[0])
	if mu.Lock(); held != 2 || released != 1 || len(m.links) != 1 {
		t.Errorf("after one stop: held %d, released %d, %d links", held, released, len(m.links))
	}
	mu.Unlock()
	m.Stop(ids[1])
	if mu.Lock(); released != 2 || len(m.links) != 0 {
		t.Errorf("after both: released %d, %d links", released, len(m.links))
	}
	mu.Unlock()
}

func TestDeniedForwardSaysSo(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.noWebSocket, cluster.noSPDY = http.StatusForbidden, http.StatusForbidden
	cluster.put(readyPod("web-1"))
	m := newManager(t)
	id, err := m.Open(t.Context(), cluster.forwardCluster(), toPod("web-1", "8080"))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says why", func() bool { return strings.Contains(stateOf(m, id).LastError, "refused by the test") })
	if state := stateOf(m, id).State; state != model.ForwardConnecting {
		t.Errorf("it is %s", state)
	}
}

func TestManyConnectionsThroughOneForward(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(webService())
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, echo)
	m := newManager(t)
	forward := hold(t, m, cluster, toService("80"), model.ForwardActive)
	const clients, size = 50, 100_000
	var parts sync.WaitGroup
	for range clients {
		conn := dialLocal(t, forward)
		parts.Go(func() {
			sent := make([]byte, size)
			_, _ = rand.Read(sent)
			go func() {
				_, _ = conn.Write(sent)
				_ = conn.CloseWrite()
			}()
			if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d of %d bytes came back, %v", len(got), size, err)
			}
		})
	}
	parts.Wait()
	eventually(t, "all connections have ended", func() bool { return stateOf(m, forward.ID).Connections == 0 })
	now := stateOf(m, forward.ID)
	if now.Total != clients || now.BytesUp != clients*size || now.BytesDown != clients*size {
		t.Errorf("counted %+v", now)
	}
}

// A client that reads nothing must not hold up the others.
func TestAClientThatDoesNotReadHoldsUpNobody(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, func(conn net.Conn) {
		first := make([]byte, 1)
		if _, err := conn.Read(first); err != nil {
			return
		}
		if first[0] == 'e' {
			_, _ = conn.Write(first)
			echo(conn)
			return
		}
		block := make([]byte, 1<<16)
		for {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	})
	m := newManager(t)
	forward := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
	stuck := dialLocal(t, forward)
	_, _ = io.WriteString(stuck, "flood")
	m.mu.Lock()
	first := m.forwards[0].streams.open()[0]
	m.mu.Unlock()
	eventually(t, "the flood fills every buffer", func() bool { return first.stalled() })
	for range 3 {
		if got := exchange(t, dialLocal(t, forward), "echo"); got != "echo" {
			t.Errorf("got %q", got)
		}
	}
}

func TestOrderlyEndsAreNoErrors(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, says("bye"))
	cluster.serve("web-1", 7000, echo)
	m := newManager(t)
	closesFirst := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
	if got, err := say(t, closesFirst); got != "bye" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
	silent := hold(t, m, cluster, toPod("web-1", "7000"), model.ForwardActive)
	_ = dialLocal(t, silent).Close()
	half := dialLocal(t, silent)
	_, _ = io.WriteString(half, "half")
	_ = half.CloseWrite()
	if got, err := io.ReadAll(half); string(got) != "half" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
	rude := dialLocal(t, silent)
	exchange(t, rude, "x")
	_ = rude.SetLinger(0)
	_ = rude.Close()
	for _, forward := range []model.Forward{closesFirst, silent} {
		eventually(t, "all connections have ended", func() bool { return stateOf(m, forward.ID).Connections == 0 })
	}
	if now := stateOf(m, closesFirst.ID); now.LastError != "" {
		t.Errorf("an orderly end left %q", now.LastError)
	}
}

// Half of an answer must not look like the whole: a runtime cuts what is said long after the client's last word.
func TestAnswersAreHeardToTheirEndAfterTheLastWord(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4))
		for range 5 {
			_, _ = io.WriteString(conn, "x")
			time.Sleep(400 * time.Millisecond) // the fake kubelet cuts a second after the end of one direction, as containerd does
		}
	})
	m := newManager(t)
	conn := dialLocal(t, hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive))
	_, _ = io.WriteString(conn, "said")
	_ = conn.CloseWrite()
	if got, err := io.ReadAll(conn); string(got) != "xxxxx" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
}

// What has its answer and leaves must not linger.
func TestAClientThatLeavesIsGoneSoon(t *testing.T) {
	var heard, owed atomic.Bool
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			owed bool
			took time.Duration
		}{{false, afterAnswer}, {true, lastWord}} {
			owed.Store(test.owed)
			begun := time.Now()
			awaitQuiet(&heard, &owed, nil)
			if took := time.Since(begun); took != test.took {
				t.Errorf("with an answer owed %t: %v", test.owed, took)
			}
		}
	})
}

func TestBusyPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, text, _ := net.SplitHostPort(taken.Addr().String())
	port, _ := strconv.Atoi(text)
	cluster := newFakeCluster(t)
	m := newManager(t)
	spec := toPod("web-1", "8080")
	spec.LocalPort = port
	_, err = m.Open(t.Context(), cluster.forwardCluster(), spec)
	if err == nil || !strings.Contains(err.Error(), text+" is in use by ") {
		t.Fatalf("got %v", err)
	}
	if len(m.List()) != 0 {
		t.Error("a forward that never listened is listed")
	}
}

func TestStopAndChanged(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.put(readyPod("web-1"))
	cluster.serve("web-1", 8080, echo)
	m := newManager(t)
	first := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
	second := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
	open := dialLocal(t, first)
	exchange(t, open, "x")
	<-m.Changed()
	m.Stop(first.ID)
	<-m.Changed()
	if _, err := io.ReadAll(open); err == nil {
		t.Error("a connection ended in good order when its forward was stopped")
	}
	if list := m.List(); len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("left are %+v", list)
	}
	if _, err := net.Dial("tcp", first.Local); err == nil {
		t.Error("it still listens")
	}
	m.Stop(first.ID)
	m.Close()
	if _, err := m.Open(t.Context(), cluster.forwardCluster(), toPod("web-1", "8080")); err == nil {
		t.Error("a closed Manager opened a forward")
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	cluster := newFakeCluster(t)
	m := newManager(t)
	both := toService("80")
	both.Target.Pod = "web-1"
	high := toService("80")
	high.LocalPort = 70000
	for _, spec := range []model.ForwardSpec{both, high, toService(""), {Target: model.ForwardTarget{Namespace: "ns", Port: "80"}}} {
		if id, err := m.Open(t.Context(), cluster.forwardCluster(), spec); err == nil {
			t.Errorf("%+v became forward %d", spec, id)
		}
	}
}

func TestOnlyLoopbackUnlessAllowed(t *testing.T) {
	for _, test := range []struct {
		wanted, allowed string
		may             bool
	}{
		{"", "", true},
		{"localhost", "", true},
		{"127.0.0.2", "", true},
		{"::1", "", true},
		{"0.0.0.0", "", false},
		{"192.0.2.1", "", false},
		{"bastion", "", false},
		{"bastion", "bastion", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.2", "192.0.2.1", false},
		{"192.0.2.1", "0.0.0.0", true},
		{"0.0.0.0", "192.0.2.1", false},
		{"127.0.0.1", "192.0.2.1", true},
	} {
		if may := mayListen(test.wanted, test.allowed); may != test.may {
			t.Errorf("%q where %q is allowed: %t", test.wanted, test.allowed, may)
		}
	}
	cluster := newFakeCluster(t)
	spec := toPod("web-1", "8080")
	spec.LocalAddress = "0.0.0.0"
	if _, err := newManager(t).Open(t.Context(), cluster.forwardCluster(), spec); err == nil || !strings.Contains(err.Error(), "--forward-address=0.0.0.0") {
		t.Errorf("got %v", err)
	}
}

func TestAnIPv4AddressOpensNoIPv6One(t *testing.T) {
	listener, err := listen(t.Context(), "0.0.0.0", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if host, _, _ := net.SplitHostPort(listener.Addr().String()); host != "0.0.0.0" {
		t.Errorf("it listens on %s", listener.Addr())
	}
}
