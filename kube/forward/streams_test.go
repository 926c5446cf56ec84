package forward

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/model"

	"go.uber.org/goleak"
)

// TestMain fails where a goroutine is left over. Some end by themselves a second later, which is longer than goleak waits:
// spdystream offers the error of closing a connection that the other side closed first for so long to whoever may ask.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		deadline := time.Now().Add(10 * time.Second)
		err := goleak.Find()
		for err != nil && time.Now().Before(deadline) {
			err = goleak.Find()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left over:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// transports runs a test over WebSocket, over SPDY because WebSocket is refused, and over a dial hook.
func transports(t *testing.T, test func(t *testing.T, cluster *fakeCluster, streams *Streams)) {
	for _, transport := range []string{"WebSocket", "SPDY", "dial hook"} {
		t.Run(transport, func(t *testing.T) {
			cluster := newFakeCluster(t)
			var dial DialFunc
			switch transport {
			case "SPDY":
				cluster.noWebSocket = http.StatusForbidden
			case "dial hook":
				dial = (&net.Dialer{}).DialContext
			}
			streams := NewStreams(cluster.config(), dial)
			defer streams.Close()
			test(t, cluster, streams)
			if _, webSockets := cluster.upgradeCount(); (webSockets > 0) != (transport != "dial hook") {
				t.Errorf("%d WebSocket upgrades were tried over %s", webSockets, transport)
			}
		})
	}
}

func podNamed(name string) model.PodIdentity {
	return model.PodIdentity{Key: model.Key{Namespace: "ns", Name: name}, UID: types.UID("uid-" + name)}
}

func open(t *testing.T, streams *Streams, port int32) model.Stream {
	t.Helper()
	stream, err := streams.Open(t.Context(), podNamed("pod"), port)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func TestRefusedPortLeavesTheNextStreamAlone(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		cluster.serve("pod", 8080, echo)
		neighbour := open(t, streams, 8080)
		defer func() { _ = neighbour.Close() }()
		before, _ := cluster.upgradeCount()

		refused := open(t, streams, 9999)
		text, some := <-refused.Errors()
		if !some || !strings.Contains(text, "connection refused") {
			t.Errorf("the runtime's words were %q", text)
		}
		if _, more := <-refused.Errors(); more {
			t.Error("a second text came")
		}
		if _, err := io.ReadAll(refused); err != nil {
			t.Errorf("the data ended with %v", err)
		}
		_ = refused.Close()

		next := open(t, streams, 8080)
		defer func() { _ = next.Close() }()
		for _, stream := range []model.Stream{neighbour, next} {
			if got := exchange(t, stream, "hello"); got != "hello" {
				t.Errorf("got %q", got)
			}
		}
		if after, _ := cluster.upgradeCount(); after != before {
			t.Errorf("%d more connections were opened", after-before)
		}
	})
}

func exchange(t *testing.T, stream io.ReadWriter, text string) string {
	t.Helper()
	if _, err := io.WriteString(stream, text); err != nil {
		t.Error(err)
		return ""
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(stream, got); err != nil {
		t.Error(err)
	}
	return string(got)
}

func TestServerClosesFirst(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		cluster.serve("pod", 8080, says("bye"))
		stream := open(t, streams, 8080)
		defer func() { _ = stream.Close() }()
		if got, err := io.ReadAll(stream); err != nil || string(got) != "bye" {
			t.Errorf("got %q and %v", got, err)
		}
		if text, some := <-stream.Errors(); some {
			t.Errorf("an orderly end is called an error: %q", text)
		}
	})
}

func TestHalfClose(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		cluster.serve("pod", 8080, func(conn net.Conn) {
			all, _ := io.ReadAll(conn)
			_, _ = fmt.Fprintf(conn, "%d bytes", len(all))
		})
		stream := open(t, streams, 8080)
		defer func() { _ = stream.Close() }()
		if _, err := io.WriteString(stream, "12345"); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(stream); err != nil || string(got) != "5 bytes" {
			t.Errorf("got %q and %v", got, err)
		}
	})
}

func TestClientSendsNothingAndLeaves(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		left := make(chan error, 1)
		cluster.serve("pod", 8080, func(conn net.Conn) {
			_, err := conn.Read(make([]byte, 1))
			left <- err
		})
		stream := open(t, streams, 8080)
		_ = stream.Close()
		if err := <-left; err == nil {
			t.Error("the application got a byte that nobody sent")
		}
	})
}

// A client that went away must not leave the application sending to nobody.
func TestCloseReachesTheApplication(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		ended := make(chan struct{})
		cluster.serve("pod", 8080, func(conn net.Conn) {
			defer close(ended)
			block := make([]byte, 1<<16)
			for {
				if _, err := conn.Write(block); err != nil {
					return
				}
			}
		})
		stream := open(t, streams, 8080)
		if _, err := stream.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		_ = stream.Close()
		<-ended
	})
}

func TestManyAtOnce(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		cluster.serve("pod", 8080, echo)
		var clients sync.WaitGroup
		for range 50 {
			clients.Go(func() {
				stream, err := streams.Open(t.Context(), podNamed("pod"), 8080)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = stream.Close() }()
				sent := make([]byte, 200_000)
				_, _ = rand.Read(sent)
				go func() {
					_, _ = stream.Write(sent)
					_ = stream.CloseWrite()
				}()
				got, err := io.ReadAll(stream)
				if err != nil || !bytes.Equal(got, sent) {
					t.Errorf("%d of %d bytes came back, %v", len(got), len(sent), err)
				}
			})
		}
		clients.Wait()
		if all, _ := cluster.upgradeCount(); all > 10 {
			t.Errorf("%d connections were opened for one Pod", all)
		}
	})
}

// A client that reads nothing holds up what shares its connection; new streams must get another.
func TestStalledReaderDoesNotHoldUpNewStreams(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		cluster.serve("pod", 8080, echo)
		cluster.serve("pod", 7000, func(conn net.Conn) {
			block := make([]byte, 1<<16)
			for {
				if _, err := conn.Write(block); err != nil {
					return
				}
			}
		})
		stalled := open(t, streams, 7000)
		defer func() { _ = stalled.Close() }()
		eventually(t, "the stream stalls", func() bool { return stalled.(*stream).stalled.Load() })
		for range 5 {
			next := open(t, streams, 8080)
			if got := exchange(t, next, "hello"); got != "hello" {
				t.Errorf("got %q", got)
			}
			_ = next.Close()
		}
	})
}

// An application that does not read what it is sent holds up the connection that it came on, and no new stream, and ends nobody's.
func TestStalledUploadDoesNotHoldUpNewStreams(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		over := make(chan struct{})
		cluster.serve("pod", 8080, echo)
		cluster.serve("pod", 7000, func(conn net.Conn) {
			<-over
			_, _ = io.Copy(io.Discard, conn)
		})
		neighbour := open(t, streams, 8080)
		upload := open(t, streams, 7000)
		ended := make(chan error, 1)
		go func() {
			for block := make([]byte, chunkSize); ; {
				if _, err := upload.Write(block); err != nil {
					ended <- err
					return
				}
			}
		}()
		eventually(t, "the upload stands", func() bool { return upload.(*stream).sendStalls() })
		for range 5 {
			next := open(t, streams, 8080)
			if got := exchange(t, next, "hello"); got != "hello" {
				t.Errorf("got %q", got)
			}
			_ = next.Close()
		}
		if upload.(*stream).connection.isLost() {
			t.Error("the connection of the upload was closed")
		}
		close(over)
		upload.(*stream).connection.close()
		<-ended
		_ = neighbour.Close()
	})
}

// Who leaves with a word that waits behind another's upload neither waits for it nor ends it.
func TestANeighbourThatLeavesDoesNotEndAnUpload(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		over := make(chan struct{})
		cluster.serve("pod", 8080, echo)
		cluster.serve("pod", 7000, func(conn net.Conn) {
			<-over
			_, _ = io.Copy(io.Discard, conn)
		})
		neighbour := open(t, streams, 8080)
		upload := open(t, streams, 7000)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for block := make([]byte, chunkSize); ; {
				if _, err := upload.Write(block); err != nil {
					return
				}
			}
		}()
		eventually(t, "the upload stands", func() bool { return upload.(*stream).sendStalls() })
		said := make(chan struct{})
		go func() {
			defer close(said)
			_, _ = io.WriteString(neighbour, "a word")
		}()
		eventually(t, "the word waits", func() bool { return neighbour.(*stream).sendStalls() })
		_ = neighbour.Close()
		through := upload.(*stream).connection
		if !upload.(*stream).sendStalls() || through.isLost() {
			t.Error("it waited for the upload, or ended it")
		}
		if through.sendsFirst(neighbour.(*stream)) || !through.sendsFirst(upload.(*stream)) {
			t.Error("it is taken for the one that nobody reads")
		}
		close(over)
		<-said
		through.close()
		<-ended
	})
}

// Where there is no room left, the upload makes some that has stood longest, and none that stands a moment.
func TestAnUploadThatStandsLongMakesRoom(t *testing.T) {
	cluster := newFakeCluster(t)
	over := make(chan struct{})
	defer close(over)
	cluster.serve("pod", 7000, func(net.Conn) { <-over })
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	var uploads [3]*stream
	for i := range uploads {
		uploads[i] = open(t, streams, 7000).(*stream)
		streams.leave(podNamed("pod")) // so that the next one is opened on another connection
	}
	pod := streams.pods[podNamed("pod")]
	stands := func(one *stream, how time.Duration) {
		one.sendingSince.Store(int64(one.connection.network.now() - how))
	}
	stands(uploads[0], standsLong/2)
	if streams.makeRoom(pod) {
		t.Error("one that stands a moment makes room")
	}
	stands(uploads[1], 2*standsLong)
	stands(uploads[2], 3*standsLong)
	for i, left := range []int{2, 1} {
		if !streams.makeRoom(pod) {
			t.Fatalf("nothing made room the %d. time", i+1)
		}
		eventually(t, "a connection ends", uploads[left].connection.isLost)
	}
	if uploads[0].connection.isLost() || streams.makeRoom(pod) {
		t.Error("what does not stand long made room")
	}
}

// After a sleep, an answer to a ping may wait behind what a client has not read yet: the connection lives.
func TestAWakeUpEndsNoConnectionWhoseClientDoesNotRead(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.serve("pod", 7000, func(conn net.Conn) {
		for block := make([]byte, 1<<16); ; {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	})
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	stalled := open(t, streams, 7000).(*stream)
	defer func() { _ = stalled.Close() }()
	eventually(t, "the stream stalls", func() bool { return stalled.stalled.Load() })
	through := stalled.connection
	streams.distrust()
	if !through.passes(proofPatience + through.openedIn + time.Second) {
		t.Fatal("the connection was closed")
	}
	// Read again, it is heard, and trusted.
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, stalled)
	}()
	eventually(t, "it is heard", func() bool { return !through.inDoubt() })
	_ = stalled.Close()
	<-read
}

// What is swept is idle and watched by nobody.
func TestTheWatchedConnectionIsNotSwept(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.serve("pod", 8080, echo)
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	first, err := streams.keep(t.Context(), podNamed("pod"))
	if err != nil {
		t.Fatal(err)
	}
	first.suspect()
	second, err := streams.keep(t.Context(), podNamed("pod"))
	if err != nil || second == first {
		t.Fatalf("no other connection: %v", err)
	}
	eventually(t, "the first is trusted again", func() bool { first.multiplexed.ping(); return !first.inDoubt() })
	for _, one := range []*connection{first, second} {
		one.mu.Lock()
		one.idleSince = time.Now().Add(-2 * idleLimit)
		one.mu.Unlock()
	}
	streams.sweep()
	if second.isLost() || !first.isLost() {
		t.Errorf("lost: the watched one %t, the other %t", second.isLost(), first.isLost())
	}
}

// A stream that comes upon a connection which is held up goes another way, and leaves what is open on it alone.
func TestAStreamLeavesAConnectionThatIsHeldUp(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		over := make(chan struct{})
		cluster.serve("pod", 7000, func(conn net.Conn) {
			<-over
			_, _ = io.Copy(io.Discard, conn)
		})
		upload := open(t, streams, 7000)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for block := make([]byte, chunkSize); ; {
				if _, err := upload.Write(block); err != nil {
					return
				}
			}
		}()
		eventually(t, "the upload stands", func() bool { return upload.(*stream).sendStalls() })
		through := upload.(*stream).connection
		if _, err := through.openStream(t.Context(), 7000); !errors.Is(err, errHeldUp) || !errors.Is(err, errConnectionLost) {
			t.Errorf("it says %v", err)
		}
		if through.isLost() {
			t.Error("the connection was closed")
		}
		close(over)
		through.close()
		<-ended
	})
}

// Connections from before a change of the Pod go on with what is open, and leave room for new ones.
func TestRetiredConnectionsLeaveRoomForOthers(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.serve("pod", 8080, echo)
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	for range mostConnections + 1 {
		one := open(t, streams, 8080)
		defer func() { _ = one.Close() }()
		streams.leave(podNamed("pod"))
	}
	next := open(t, streams, 8080)
	if got := exchange(t, next, "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
	_ = next.Close()
}

// Clients that read nothing must not open connections to the API server without end.
func TestStalledReadersOpenConnectionsUpToABound(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.serve("pod", 8080, echo)
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	var stuck []*stream
	for range mostConnections {
		one := open(t, streams, 8080).(*stream)
		defer func() { _ = one.Close() }()
		one.stalled.Store(true)
		stuck = append(stuck, one)
	}
	waits, cancel := context.WithTimeout(t.Context(), 4*crowdPause)
	defer cancel()
	if _, err := streams.Open(waits, podNamed("pod"), 8080); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more: %v", err)
	}
	if all, _ := cluster.upgradeCount(); all != mostConnections {
		t.Errorf("%d connections were opened", all)
	}
	// When one client reads again, there is room.
	go func() {
		sleep(t.Context(), 4*crowdPause)
		stuck[3].stalled.Store(false)
	}()
	next := open(t, streams, 8080)
	defer func() { _ = next.Close() }()
	if got := exchange(t, next, "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestLostConnectionIsNoOrderlyEnd(t *testing.T) {
	transports(t, func(t *testing.T, cluster *fakeCluster, streams *Streams) {
		cluster.serve("pod", 8080, echo)
		stream := open(t, streams, 8080)
		defer func() { _ = stream.Close() }()
		exchange(t, stream, "hello")
		cluster.cutForwards()
		if _, err := io.ReadAll(stream); !errors.Is(err, errConnectionLost) {
			t.Errorf("a cut connection ended with %v", err)
		}
		next := open(t, streams, 8080)
		defer func() { _ = next.Close() }()
		if got := exchange(t, next, "again"); got != "again" {
			t.Errorf("got %q", got)
		}
	})
}

func TestDenied(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.noWebSocket, cluster.noSPDY = http.StatusForbidden, http.StatusForbidden
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	if _, err := streams.Open(t.Context(), podNamed("pod"), 8080); !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
}

func TestSPDYIsRemembered(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.noWebSocket = http.StatusBadRequest
	cluster.serve("a", 8080, echo)
	cluster.serve("b", 8080, echo)
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	for _, pod := range []string{"a", "b"} {
		stream, err := streams.Open(t.Context(), podNamed(pod), 8080)
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Close()
	}
	if _, webSockets := cluster.upgradeCount(); webSockets != 1 {
		t.Errorf("WebSocket was tried %d times", webSockets)
	}
}

func TestSPDYOnlyWhereKubectlIsToldSo(t *testing.T) {
	t.Setenv(webSocketsVariable, "false")
	cluster := newFakeCluster(t)
	cluster.serve("pod", 8080, echo)
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	stream := open(t, streams, 8080)
	defer func() { _ = stream.Close() }()
	if got := exchange(t, stream, "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
	if all, webSockets := cluster.upgradeCount(); all != 1 || webSockets != 0 {
		t.Errorf("%d upgrades, %d of them to WebSocket", all, webSockets)
	}
}

func TestOpenObeysItsContext(t *testing.T) {
	for _, name := range []string{"WebSocket", "dial hook"} {
		t.Run(name, func(t *testing.T) {
			// A server that accepts and says nothing.
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = listener.Close() }()
			ctx, cancel := context.WithCancel(t.Context())
			var silent sync.WaitGroup
			silent.Go(func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				cancel()
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			})
			config := newFakeCluster(t).config()
			config.Host = "http://" + listener.Addr().String()
			var dial DialFunc
			if name == "dial hook" {
				dial = (&net.Dialer{}).DialContext
			}
			streams := NewStreams(config, dial)
			defer streams.Close()
			if _, err := streams.Open(ctx, podNamed("pod"), 8080); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			silent.Wait()
		})
	}
}

func TestSweepKeepsAPodThatIsBeingOpened(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.serve("pod", 8080, echo)
	streams := NewStreams(cluster.config(), nil)
	defer streams.Close()
	asked, answer := make(chan struct{}), make(chan struct{})
	dialled := func(ctx context.Context, network, address string) (net.Conn, error) {
		close(asked)
		<-answer
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	streams.upgrader.dial = dialled
	opened := make(chan error, 1)
	go func() {
		stream, err := streams.Open(t.Context(), podNamed("pod"), 8080)
		if err == nil {
			err = stream.Close()
		}
		opened <- err
	}()
	<-asked
	streams.mu.Lock()
	before := streams.pods[podNamed("pod")]
	streams.mu.Unlock()
	streams.sweep()
	close(answer)
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	streams.mu.Lock()
	defer streams.mu.Unlock()
	if after := streams.pods[podNamed("pod")]; after == nil || after != before {
		t.Error("the Pod was forgotten while a connection to it was opened: nobody would close that")
	}
}
