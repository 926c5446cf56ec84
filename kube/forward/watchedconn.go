package forward

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// silenceLimit is how long a peer may leave pings unanswered. It is above two ping periods.
	silenceLimit = 12 * time.Second
	// unansweredWrites is how many writes a live peer surely leaves unanswered no longer than silenceLimit. A peer whose
	// application does not read stops reading itself, and then answers no ping either; it must not be taken for dead, unless its
	// system does not acknowledge what was sent to it either.
	unansweredWrites = 20
)

// flag is a switch that is turned on once.
type flag struct{ atomic.Bool }

func (f *flag) set()        { f.Store(true) }
func (f *flag) isSet() bool { return f.Load() }

// watchedConn is the network connection under a portforward connection. It closes itself when its peer is silent in
// spite of pings, which a cut network or a sleep leaves behind and the system notices only after minutes.
type watchedConn struct {
	net.Conn
	raw net.Conn

	// born is what the moments below are counted from, by the clock that nobody sets.
	born time.Time
	// readingSince is when the pending Read began; zero when none is pending.
	readingSince atomic.Int64
	// heardAt is when the peer was heard last.
	heardAt   atomic.Int64
	writes    atomic.Int64
	silence   *time.Ticker
	closeOnce sync.Once
	closed    chan struct{}
}

func newWatchedConn(conn, raw net.Conn) *watchedConn {
	watched := &watchedConn{Conn: conn, raw: raw, silence: time.NewTicker(silenceLimit / 4), born: time.Now(), closed: make(chan struct{})}
	go guarded(watched.closeWhenSilent)()
	return watched
}

func (c *watchedConn) closeWhenSilent() {
	defer c.silence.Stop()
	silent := 0
	for {
		select {
		case <-c.closed:
			return
		case <-c.silence.C:
			if !c.silentSince(c.now() - silenceLimit) {
				silent = 0
				continue
			}
			// Twice, because a process that was stopped reads only now what has come meanwhile.
			if silent++; silent == 2 {
				_ = c.Close()
				return
			}
		}
	}
}

// now is the present moment, as it is counted here.
func (c *watchedConn) now() time.Duration { return time.Since(c.born) + 1 }

// silentSince tells whether the peer was listened to since then, and not heard, although it is not busy.
func (c *watchedConn) silentSince(moment time.Duration) bool {
	since := time.Duration(c.readingSince.Load())
	return since != 0 && since < moment && !c.heardSince(moment) && (c.writes.Load() < unansweredWrites || resentInVain(c.raw))
}

// heardSince tells whether the peer was heard after a moment.
func (c *watchedConn) heardSince(moment time.Duration) bool {
	return time.Duration(c.heardAt.Load()) > moment
}

// Read notes since when the peer is silent.
func (c *watchedConn) Read(p []byte) (int, error) {
	c.readingSince.Store(int64(c.now()))
	n, err := c.Conn.Read(p)
	c.readingSince.Store(0)
	if n > 0 {
		c.heardAt.Store(int64(c.now()))
		c.writes.Store(0)
	}
	return n, err
}

// Write counts what the peer has not answered yet.
func (c *watchedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// Close closes the network connection first, so that neither a pending Write nor a farewell holds it up.
func (c *watchedConn) Close() error {
	var err error
	c.closeOnce.Do(func() {
		close(c.closed)
		err = c.raw.Close()
		_ = c.Conn.Close()
	})
	return err
}
