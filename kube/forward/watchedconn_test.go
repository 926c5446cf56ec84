package forward

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchedConn(t *testing.T) {
	const ping = 5 * time.Second
	for _, test := range []struct {
		name string
		// perPing is how often is written each ping period, answers whether the peer answers.
		perPing int
		answers bool
		closes  bool
	}{
		{"a peer that answers", 1, true, false},
		{"a peer that is gone", 1, false, true},
		{"a peer that is busy with a lot of data", unansweredWrites, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				conn := newWatchedConn(near, near)
				var parts sync.WaitGroup
				defer parts.Wait()
				defer func() { _ = conn.Close(); _ = far.Close() }()
				read := make(chan error, 1)
				go func() {
					_, err := io.Copy(io.Discard, conn)
					read <- err
				}()
				parts.Go(func() {
					buffer := make([]byte, 1)
					for {
						if _, err := far.Read(buffer); err != nil {
							return
						}
						if test.answers {
							_, _ = far.Write(buffer)
						}
					}
				})
				parts.Go(func() {
					for {
						for range test.perPing {
							if _, err := conn.Write([]byte("p")); err != nil {
								return
							}
						}
						time.Sleep(ping)
					}
				})
				select {
				case <-read:
					if !test.closes {
						t.Error("it was closed")
					}
				case <-time.After(time.Minute):
					if test.closes {
						t.Error("it was not closed")
					}
				}
			})
		})
	}
}
