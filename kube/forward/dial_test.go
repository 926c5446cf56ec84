package forward

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// swallowing is a network that answers nobody, and counts who waits for it, now and at most.
type swallowing struct{ now, most, all atomic.Int64 }

func (s *swallowing) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.all.Add(1)
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestDialsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network swallowing
		_, err := impatient(network.dial)(context.WithoutCancel(t.Context()), "tcp", "192.0.2.1:6443")
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "192.0.2.1:6443: no answer in 8s") {
			t.Errorf("it says %v", err)
		}
		synctest.Wait()
		// One that is given up may be leaving while the next one begins.
		if now, most, all := network.now.Load(), network.most.Load(), network.all.Load(); now != 0 || most > mostAttempts+1 || all < 7 {
			t.Errorf("%d attempts, %d at once, of which %d are left", all, most, now)
		}
	})
}

// What is left out for a newer attempt must neither end the dial nor be the slow network's only chance.
func TestDialsOverASlowNetwork(t *testing.T) {
	for _, takes := range []time.Duration{0, 500 * time.Millisecond, 3 * time.Second, 7 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var left atomic.Int64
			dial := impatient(func(ctx context.Context, _, _ string) (net.Conn, error) {
				left.Add(1)
				defer left.Add(-1)
				select {
				case <-time.After(takes):
					near, far := net.Pipe()
					_ = far.Close()
					return near, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
			begun := time.Now()
			conn, err := dial(t.Context(), "tcp", "192.0.2.1:6443")
			if err != nil || time.Since(begun) != takes {
				t.Fatalf("a network of %v: %v after %v", takes, err, time.Since(begun))
			}
			_ = conn.Close()
			synctest.Wait()
			if left.Load() != 0 {
				t.Errorf("a network of %v: %d attempts are left", takes, left.Load())
			}
		})
	}
}

// net/http lets a dial outlive its request; it must not outlive its link.
func TestNoDialIsLeftOfALinkThatIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network swallowing
		link, err := newPlainLink(&rest.Config{Host: "http://192.0.2.1:6443", Dial: network.dial})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, _, err := listAll[*corev1.Pod](ctx, podsWith(link.client, "ns", named("web-1"))); err == nil {
			t.Error("it was listed")
		}
		if network.now.Load() == 0 {
			t.Error("net/http ends dials with their request now; then nothing here is needed")
		}
		link.close()
		synctest.Wait()
		if left := network.now.Load(); left != 0 {
			t.Errorf("%d attempts are left", left)
		}
	})
}
