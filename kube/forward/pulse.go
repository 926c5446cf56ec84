package forward

import (
	"sync"
	"time"
)

const (
	// pingPeriod keeps idle connections alive through load balancers, and shows when one is dead.
	pingPeriod = 5 * time.Second
	// signPatience is how long a peer may be silent when a stream is opened before it is doubted, beside what opening the
	// connection took.
	signPatience = time.Second
	// pulsePatience is how long it may be silent after a ping, likewise.
	pulsePatience = 2 * time.Second
	// proofPatience is how long a doubted peer may be silent before its connection is closed, likewise.
	proofPatience = 3 * time.Second
)

// doubt is what is known against a connection. While it lasts, nothing new is sent that way; what is open goes on.
type doubt struct {
	mu sync.Mutex
	// since is when it began; zero where there is none.
	since time.Duration
	// raised is closed when it begins.
	raised chan struct{}
	// alarm holds a value when a sign of life is wanted at once.
	alarm chan struct{}
}

func newDoubt() doubt {
	return doubt{raised: make(chan struct{}), alarm: make(chan struct{}, 1)}
}

// distrust doubts the connection until its peer is heard, and closes it where that does not happen soon.
func (c *connection) distrust() {
	c.suspect()
	select {
	case c.doubt.alarm <- struct{}{}:
	default:
	}
}

func (c *connection) suspect() {
	c.doubt.mu.Lock()
	defer c.doubt.mu.Unlock()
	c.clearLocked()
	if c.doubt.since == 0 {
		c.doubt.since = c.network.now()
		close(c.doubt.raised)
	}
}

// inDoubt tells whether the peer may be gone.
func (c *connection) inDoubt() bool {
	c.doubt.mu.Lock()
	defer c.doubt.mu.Unlock()
	c.clearLocked()
	return c.doubt.since != 0
}

// doubted returns a channel that is closed once the connection is in doubt.
func (c *connection) doubted() <-chan struct{} {
	c.doubt.mu.Lock()
	defer c.doubt.mu.Unlock()
	c.clearLocked()
	return c.doubt.raised
}

func (c *connection) clearLocked() {
	if c.doubt.since != 0 && c.network.heardSince(c.doubt.since) {
		c.doubt.since, c.doubt.raised = 0, make(chan struct{})
	}
}

// feelPulse asks the peer for a sign of life from time to time, and at once when there is an alarm.
func (c *connection) feelPulse() {
	tick := time.NewTicker(pingPeriod)
	defer tick.Stop()
	for {
		alarmed := false
		select {
		case <-c.lost():
			return
		case <-tick.C:
		case <-c.doubt.alarm:
			alarmed = true
		}
		asked := c.network.now()
		c.multiplexed.ping()
		patience := pulsePatience
		if alarmed {
			patience = proofPatience
		}
		if !c.passes(patience + c.openedIn) {
			return
		}
		switch {
		case alarmed && !c.network.heardSince(asked) && c.stalled():
			// The answer may wait behind what nobody reads: it stays in doubt until it is heard.
		case alarmed && !c.network.heardSince(asked):
			_ = c.network.Close()
		case c.network.silentSince(asked):
			c.suspect()
		}
	}
}

// passes waits, and tells whether the connection is there still.
func (c *connection) passes(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.lost():
		return false
	}
}
