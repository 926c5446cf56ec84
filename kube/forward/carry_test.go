package forward

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/svctui/svctui/kube/model"
)

func TestOneRefusedConnectionLeavesTheOthersAlone(t *testing.T) {
	cluster := webCluster(t, echo)
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
	cluster := webCluster(t, nil)
	m, forward := holdActive(t, cluster, toPod("web-1", "9999"))
	_, _ = say(t, forward)
	awaitState(t, m, forward.ID, model.ForwardRefused)
	cluster.serve("web-1", 9999, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	dialLocal(t, forward)
	awaitState(t, m, forward.ID, model.ForwardActive)
}

func TestManyConnectionsThroughOneForward(t *testing.T) {
	cluster := webCluster(t, echo)
	m, forward := holdActive(t, cluster, toService("80"))
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
	cluster := webCluster(t, func(conn net.Conn) {
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
	m, forward := holdActive(t, cluster, toPod("web-1", "8080"))
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
	cluster := webCluster(t, says("bye"))
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
	allSaid := make(chan struct{})
	cluster := webCluster(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4))
		<-allSaid // else the answer may come before the client's end is seen
		for range 5 {
			_, _ = io.WriteString(conn, "x")
			time.Sleep(400 * time.Millisecond) // the fake kubelet cuts a second after the end of one direction, as containerd does
		}
	})
	m, forward := holdActive(t, cluster, toPod("web-1", "8080"))
	conn := dialLocal(t, forward)
	_, _ = io.WriteString(conn, "said")
	_ = conn.CloseWrite()
	eventually(t, "what the client said is carried", func() bool { return stateOf(m, forward.ID).BytesUp == 4 })
	close(allSaid)
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

// Who waits in vain, again and again, must not push aside why.
func TestWaitingInVainLeavesTheLastErrorAlone(t *testing.T) {
	for _, test := range []struct{ known, want string }{
		{"dial tcp 192.0.2.1:6443: no answer", "dial tcp 192.0.2.1:6443: no answer"},
		{"", "no connection to a Pod in 10s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := &held{moved: make(chan struct{}), locals: localConns{}, touched: func() {}}
			h.status = model.Forward{State: model.ForwardConnecting, LastError: test.known}
			for range 3 {
				local, client := net.Pipe()
				h.serve(t.Context(), local)
				if _, err := client.Read(make([]byte, 1)); err == nil {
					t.Error("it was carried")
				}
			}
			if now := h.snapshot(); now.LastError != test.want || now.Total != 3 || now.Connections != 0 {
				t.Errorf("it says %q: %+v", now.LastError, now)
			}
		})
	}
}
