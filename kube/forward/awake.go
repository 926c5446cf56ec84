package forward

import (
	"context"
	"time"
)

const (
	// clockPeriod is how often the clocks are compared.
	clockPeriod = 500 * time.Millisecond
	// sleepLeast is the shortest sleep that is noticed. The wall clock may be set by as much without harm: a
	// connection that lives answers.
	sleepLeast = 2 * time.Second
)

// clock yields the time as time.Now does, and ticks.
type clock struct {
	now  func() time.Time
	tick <-chan time.Time
}

// onAwake calls wake after each time that the machine, or this process, was asleep, until ctx ends.
func onAwake(ctx context.Context, c clock, wake func()) {
	before := c.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.tick:
		}
		now := c.now()
		if slept(before, now) {
			wake()
		}
		before = now
	}
}

// slept compares two moments that are clockPeriod apart for a process that runs. While a machine sleeps its monotonic clock
// stands still on most systems, and the wall clock goes on; while a process or a virtual machine is stopped both go on.
func slept(before, now time.Time) bool {
	monotonic := now.Sub(before)
	wall := now.Round(0).Sub(before.Round(0))
	return monotonic > clockPeriod+sleepLeast || wall-monotonic > sleepLeast
}
