package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/svctui/svctui/kube/model"
)

// standstill is how a clock shows a sleep during which the monotonic clock stood still: only its wall part moves.
func standstill(at time.Time, sleep time.Duration) time.Time {
	// Round takes the monotonic part away, and what is subtracted then goes by the wall clock.
	return at.Round(0).Add(sleep)
}

func TestSlept(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name          string
		before, after time.Time
		slept         bool
	}{
		{"one period", now, now.Add(clockPeriod), false},
		{"a busy machine", now, now.Add(clockPeriod + time.Second), false},
		{"a stopped process", now, now.Add(clockPeriod + 3*time.Second), true},
		{"a clock that was set back", now.Round(0), now.Round(0).Add(-time.Hour), false},
		{"a sleep, by the wall clock", now.Round(0), standstill(now, time.Hour), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := slept(test.before, test.after); got != test.slept {
				t.Errorf("slept = %t", got)
			}
		})
	}
}

func TestOnAwake(t *testing.T) {
	start := time.Now()
	tick := make(chan time.Time)
	moments := []time.Time{start, start.Add(clockPeriod), start.Add(time.Hour), start.Add(time.Hour + clockPeriod)}
	var woken int
	ctx, cancel := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	parts.Go(func() {
		onAwake(ctx, clock{now: func() time.Time {
			next := moments[0]
			moments = moments[1:]
			return next
		}, tick: tick}, func() { woken++ })
	})
	for range 3 {
		tick <- time.Time{}
	}
	cancel()
	parts.Wait()
	if woken != 1 {
		t.Errorf("woken %d times, want once", woken)
	}
}

func TestImpatientDialBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = near.Close(); _ = far.Close() }()
		attempts := make(chan int, 8)
		var begun atomic.Int32
		dial := impatient(func(ctx context.Context, _, _ string) (net.Conn, error) {
			attempt := int(begun.Add(1))
			attempts <- attempt
			if attempt < 3 {
				<-ctx.Done() // what was sent is lost, and nobody answers
				return nil, ctx.Err()
			}
			return near, nil
		})
		conn, err := dial(t.Context(), "tcp", "192.0.2.1:443")
		if conn != near || err != nil {
			t.Errorf("got %v and %v", conn, err)
		}
		if len(attempts) != 3 {
			t.Errorf("%d attempts", len(attempts))
		}
	})
	refused := errors.New("refused")
	if _, err := impatient(func(context.Context, string, string) (net.Conn, error) { return nil, refused })(t.Context(), "tcp", ""); !errors.Is(err, refused) {
		t.Errorf("a refusal became %v", err)
	}
}

// frozenNet dials, and can freeze what was dialled before: nothing arrives any more, and nobody is told, as after a sleep or
// behind a firewall that forgot.
type frozenNet struct {
	mu    sync.Mutex
	conns []*freezable
	dials int
}

type freezable struct {
	net.Conn
	frozen chan struct{}
}

func (n *frozenNet) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials++
	made := &freezable{Conn: conn, frozen: make(chan struct{})}
	n.conns = append(n.conns, made)
	return made, nil
}

func (n *frozenNet) freeze() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conn := range n.conns {
		close(conn.frozen)
	}
	n.conns = nil
}

func (n *frozenNet) dialled() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

func (f *freezable) Write(p []byte) (int, error) {
	select {
	case <-f.frozen:
		return len(p), nil
	default:
		return f.Conn.Write(p)
	}
}

func (f *freezable) Read(p []byte) (int, error) {
	for {
		n, err := f.Conn.Read(p)
		select {
		case <-f.frozen:
			if err != nil {
				return 0, err
			}
		default:
			return n, err
		}
	}
}

// frozenForward is a forward to an application that echoes, over a network that can be frozen.
func frozenForward(t *testing.T) (*Manager, *frozenNet, model.Forward) {
	t.Helper()
	cluster := webCluster(t, echo)
	network := &frozenNet{}
	m := newManager(t)
	through := cluster.forwardCluster()
	through.Dial = network.dial
	id, err := m.Open(t.Context(), through, toPod("web-1", "8080"))
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, id, model.ForwardActive)
	return m, network, stateOf(m, id)
}

func TestFirstUseOfADeadConnectionOpensAnother(t *testing.T) {
	m, network, forward := frozenForward(t)
	network.freeze()
	if got := exchange(t, dialLocal(t, forward), "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
	if now := stateOf(m, forward.ID); now.LastError != errNoSign.Error() {
		t.Errorf("it says %q", now.LastError)
	}
	if dials := network.dialled(); dials != 2 {
		t.Errorf("%d network connections were opened, want 2", dials)
	}
}

func TestAwakeConnectsAtOnceAndEndsWhatIsDead(t *testing.T) {
	m, network, forward := frozenForward(t)
	open := dialLocal(t, forward)
	exchange(t, open, "before")
	network.freeze()
	m.awake()
	eventually(t, "another network connection", func() bool { return network.dialled() == 2 })
	awaitState(t, m, forward.ID, model.ForwardActive)
	if got := exchange(t, dialLocal(t, forward), "after"); got != "after" {
		t.Errorf("got %q", got)
	}
	if _, err := io.ReadAll(open); err == nil {
		t.Error("a connection from before the sleep ended in good order")
	}
}

func TestAwakeLeavesAloneWhatLives(t *testing.T) {
	m, _, forward := frozenForward(t)
	open := dialLocal(t, forward)
	exchange(t, open, "before")
	m.mu.Lock()
	streams := m.forwards[0].streams
	m.mu.Unlock()
	first := streams.open()[0]
	m.awake()
	eventually(t, "the first connection is trusted again", func() bool {
		return len(first.doubt.alarm) == 0 && !first.inDoubt()
	})
	if got := exchange(t, open, "after"); got != "after" {
		t.Errorf("got %q", got)
	}
	if first.isLost() {
		t.Error("the connection was closed")
	}
}

// open returns all connections.
func (s *Streams) open() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*connection
	for _, pod := range s.pods {
		all = append(all, pod.open...)
	}
	return all
}
