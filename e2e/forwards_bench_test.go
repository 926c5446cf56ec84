package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
)

// BenchmarkForwards compares a forward that svctui holds with `kubectl port-forward` to the same Pod, by turns, and
// reports medians of ratios: 1 is as fast as kubectl, 2 twice as fast, for latencies and throughput alike.
func BenchmarkForwards(b *testing.B) {
	c := harness.Use(b)
	c.RequireOwn(b)
	namespace := startWeb(b, c, "http", quickProbe)
	pod := podNames(b, c, namespace)[0]
	screen := onRow(b, c, namespace, "web")
	ours := throughLocal{c.Own.DialContext, forwardByKeys(b, screen, "pod/"+pod+":8080")}
	theirs := throughLocal{c.Own.DialContext, kubectlForward(b, c, namespace, "pod/"+pod, "8080")}
	for _, connections := range []int{1, 50} {
		for _, load := range []struct {
			name string
			run  func(context.Context, throughLocal, int) error
		}{
			{"download", func(ctx context.Context, to throughLocal, n int) error {
				return to.transfer(ctx, n, downloaded/int64(n), 0)
			}},
			{"upload", func(ctx context.Context, to throughLocal, n int) error {
				return to.transfer(ctx, n, 0, uploaded/int64(n))
			}},
			{"round trip", func(ctx context.Context, to throughLocal, n int) error { return to.roundTrips(ctx, n, roundTrips/n) }},
			{"new connection", func(ctx context.Context, to throughLocal, n int) error { return to.newConnections(ctx, n, openings/n) }},
		} {
			b.Run(fmt.Sprintf("%s/connections=%d", load.name, connections), func(b *testing.B) {
				var ratios []float64
				var of [2][]time.Duration
				for turn := 0; b.Loop(); turn++ {
					var took [2]time.Duration
					for i := range took {
						which := (turn + i) % 2 // nobody is always the first
						begun := time.Now()
						if err := load.run(b.Context(), []throughLocal{ours, theirs}[which], connections); err != nil {
							b.Fatalf("%s: %v", []string{"svctui", "kubectl"}[which], err)
						}
						took[which] = time.Since(begun)
						of[which] = append(of[which], took[which])
					}
					ratios = append(ratios, took[1].Seconds()/took[0].Seconds())
				}
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(float64(median(of[0]).Milliseconds()), "ms-svctui")
				b.ReportMetric(float64(median(of[1]).Milliseconds()), "ms-kubectl")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
	quitWithForwards(b, screen)
}

// What one turn moves, over all its connections.
const (
	downloaded = 128 << 20
	uploaded   = 64 << 20
	roundTrips = 2000
	openings   = 600
)

func median[T float64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// throughLocal is a local address that leads to the application.
type throughLocal struct {
	dial    dialFunc
	address string
}

// each runs something as often as there are connections, at once.
func (to throughLocal) each(ctx context.Context, connections int, run func(conn net.Conn, reader *bufio.Reader) error) error {
	var all sync.WaitGroup
	failures := make([]error, connections)
	for i := range failures {
		all.Go(func() {
			conn, err := to.dial(ctx, "tcp", to.address)
			if err != nil {
				failures[i] = err
				return
			}
			defer conn.Close()
			failures[i] = run(conn, bufio.NewReaderSize(conn, 64<<10))
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

func (to throughLocal) transfer(ctx context.Context, connections int, down, up int64) error {
	return to.each(ctx, connections, func(conn net.Conn, reader *bufio.Reader) error {
		if up > 0 {
			if _, err := fmt.Fprintf(conn, "POST /discard HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", up); err != nil {
				return err
			}
			if _, err := io.Copy(conn, io.LimitReader(zeros{}, up)); err != nil {
				return err
			}
		} else if _, err := fmt.Fprintf(conn, "GET /bytes/%d HTTP/1.1\r\nHost: x\r\n\r\n", down); err != nil {
			return err
		}
		got, err := readAnswer(reader)
		if err == nil && got < down {
			err = fmt.Errorf("%d of %d bytes came", got, down)
		}
		return err
	})
}

func (to throughLocal) roundTrips(ctx context.Context, connections, times int) error {
	return to.each(ctx, connections, func(conn net.Conn, reader *bufio.Reader) error {
		for range times {
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				return err
			}
			if _, err := readAnswer(reader); err != nil {
				return err
			}
		}
		return nil
	})
}

func (to throughLocal) newConnections(ctx context.Context, connections, times int) error {
	for range times {
		if err := to.roundTrips(ctx, connections, 1); err != nil {
			return err
		}
	}
	return nil
}

func readAnswer(reader *bufio.Reader) (int64, error) {
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, errors.New(response.Status)
	}
	return io.Copy(io.Discard, response.Body)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
