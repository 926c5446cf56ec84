package forward

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	// redialAfter is after how long a network connection that is not there yet is begun once more, beside the first. The system
	// itself repeats a lost beginning after one second, then after two, four, and more: after a cut of the network it would
	// notice many seconds late that the way is free again.
	redialAfter = time.Second
	// mostAttempts bounds how many of them are under way at once. A network that swallows packets ends none.
	mostAttempts = 3
	// dialTimeout is how long they last all together. It is less than what waits for them, whose end net/http keeps from a dial.
	dialTimeout = 8 * time.Second
	// keepAlive is client-go's own.
	keepAlive = 30 * time.Second
)

// impatient dials like dial, nil for the network, and begins anew every second until an attempt succeeds or fails, or
// dialTimeout is over. The first attempt is waited for to the end, because the network may be slow; of the others the newest.
func impatient(dial DialFunc) DialFunc {
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: keepAlive}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		type outcome struct {
			conn net.Conn
			err  error
		}
		ctx, cancel := context.WithTimeoutCause(ctx, dialTimeout,
			fmt.Errorf("dial %s %s: no answer in %s: %w", network, address, dialTimeout, context.DeadlineExceeded))
		defer cancel()
		outcomes := make(chan outcome)
		attempt := func() (giveUp context.CancelFunc) {
			ctx, giveUp := context.WithCancel(ctx)
			go guarded(func() {
				defer giveUp()
				conn, err := dial(ctx, network, address)
				if ctx.Err() == nil { // else the error is that it was given up
					select {
					case outcomes <- outcome{conn, err}:
						return
					case <-ctx.Done():
					}
				}
				if conn != nil {
					_ = conn.Close()
				}
			})()
			return giveUp
		}
		attempt()
		var others []context.CancelFunc
		again := time.NewTicker(redialAfter)
		defer again.Stop()
		for {
			select {
			case first := <-outcomes:
				return first.conn, first.err
			case <-again.C:
				if len(others) == mostAttempts-1 {
					others[0]()
					others = others[1:]
				}
				others = append(others, attempt())
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
	}
}
