package forward

import (
	"context"
	"net"
	"time"
)

// redialAfter is after how long a network connection that is not there yet is begun once more, beside the first. The system
// itself repeats a lost beginning after one second, then after two, four, and more: after a cut of the network it would
// notice many seconds late that the way is free again.
const redialAfter = time.Second

// impatient dials like dial, nil for the network, and begins anew every second until an attempt succeeds or fails.
func impatient(dial DialFunc) DialFunc {
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: keepAlive}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		type outcome struct {
			conn net.Conn
			err  error
		}
		ctx, cancel := context.WithCancel(ctx)
		outcomes := make(chan outcome)
		attempt := guarded(func() {
			conn, err := dial(ctx, network, address)
			select {
			case outcomes <- outcome{conn, err}:
			case <-ctx.Done():
				if conn != nil {
					_ = conn.Close()
				}
			}
		})
		defer cancel()
		again := time.NewTicker(redialAfter)
		defer again.Stop()
		go attempt()
		for {
			select {
			case first := <-outcomes:
				return first.conn, first.err
			case <-again.C:
				go attempt()
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
}

// keepAlive is client-go's own.
const keepAlive = 30 * time.Second
