package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/moby/spdystream"
	corev1 "k8s.io/api/core/v1"
)

const (
	// streamReplyTimeout bounds the wait for a new stream's acknowledgement, which is two round trips at most. A connection that
	// does not give it is taken for dead.
	streamReplyTimeout = 6 * time.Second
	// drainTimeout is how long streams may still deliver what had come before their connection was lost.
	drainTimeout = 2 * time.Second
	// retireAge spares a connection that is younger, so that words which come again and again open no more than a few.
	retireAge = 5 * time.Second
)

// errConnectionLost is what streams end with when the connection under them is gone.
var errConnectionLost = errors.New("lost connection to the API server or to the Pod's node")

// errNoSign is what a connection that may be dead is left with.
var errNoSign = errors.New("no sign of life from the API server or from the Pod's node")

// errHeldUp is what a connection is left with on which one stream keeps the others waiting.
var errHeldUp = errors.New("another connection to the Pod holds this one up")

// connection is one upgraded request: many streams to one Pod. Safe for concurrent use.
type connection struct {
	multiplexed *multiplexer
	network     *watchedConn
	// openedIn is how long the request took, which is some round trips.
	openedIn time.Duration

	mu      sync.Mutex
	lastID  int
	streams map[*stream]struct{}
	// idleSince is when the last stream ended.
	idleSince time.Time
	// retired is closed when no more streams are to be opened on it; retiring guards that.
	retired  chan struct{}
	retiring sync.Once
	// ended is closed when everything the connection started has ended.
	ended chan struct{}
	doubt doubt
}

func newConnection(network *watchedConn, openedIn time.Duration) (*connection, error) {
	multiplexed, err := newMultiplexer(network)
	if err != nil {
		return nil, err
	}
	c := &connection{
		multiplexed: multiplexed,
		network:     network,
		openedIn:    openedIn,
		streams:     map[*stream]struct{}{},
		idleSince:   time.Now(),
		retired:     make(chan struct{}),
		ended:       make(chan struct{}),
		doubt:       newDoubt(),
	}
	go guarded(c.endWithNetwork)()
	go guarded(c.feelPulse)()
	return c, nil
}

// endWithNetwork ends the streams when the connection is lost. The library alone leaves a stream hanging while another
// one is not read.
func (c *connection) endWithNetwork() {
	defer close(c.ended)
	<-c.multiplexed.lost()
	_ = c.network.Close()
	deadline := time.NewTimer(drainTimeout)
	defer deadline.Stop()
	for _, open := range c.open() {
		select {
		case <-open.pumped:
		case <-deadline.C:
			deadline.Reset(0)
		}
		open.abandon()
		<-open.pumped
	}
	c.multiplexed.close()
}

func (c *connection) open() []*stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*stream, 0, len(c.streams))
	for one := range c.streams {
		all = append(all, one)
	}
	return all
}

// lost is closed when no more streams can be opened.
func (c *connection) lost() <-chan bool { return c.multiplexed.lost() }

func (c *connection) isLost() bool {
	select {
	case <-c.lost():
		return true
	default:
		return false
	}
}

// stalled tells whether a stream on it waits for its reader, a client or the Pod, which holds up its neighbours.
func (c *connection) stalled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for one := range c.streams {
		if one.stalls() {
			return true
		}
	}
	return false
}

// sendsFirst tells whether a stream is the one whose data is being sent, where others wait to send theirs: the one that has sent longest.
func (c *connection) sendsFirst(sender *stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	mine := sender.sendingSince.Load()
	for one := range c.streams {
		if since := one.sendingSince.Load(); since != 0 && since < mine {
			return false
		}
	}
	return mine != 0
}

// uploadStands is how long nothing was taken of what is being sent; zero where nothing is.
func (c *connection) uploadStands() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	longest := time.Duration(0)
	for one := range c.streams {
		if since := time.Duration(one.sendingSince.Load()); since != 0 {
			longest = max(longest, c.network.now()-since)
		}
	}
	return longest
}

// retire lets nothing more be opened on the connection, and closes it when nothing is open any more.
func (c *connection) retire() {
	c.retiring.Do(func() { close(c.retired) })
	c.closeUnused()
}

func (c *connection) isRetired() bool {
	select {
	case <-c.retired:
		return true
	default:
		return false
	}
}

// closeUnused closes a retired connection without streams. It waits for nothing.
func (c *connection) closeUnused() {
	if _, idle := c.idle(); idle && c.isRetired() {
		go guarded(c.close)()
	}
}

// hears takes a runtime's words about the end of a stream. What is no fault of that stream alone may be that of a sandbox which is
// gone, that the connection is bound to; a new one leads to where the Pod is now.
func (c *connection) hears(text string) {
	if c.network.now() > retireAge && !ofOneStream(text) {
		c.retire()
	}
}

// idle tells whether no stream is open, and since when.
func (c *connection) idle() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idleSince, len(c.streams) == 0
}

// close ends the connection and its streams, and waits for that. It does not wait for the peer.
func (c *connection) close() {
	_ = c.network.Close()
	for _, open := range c.open() {
		open.abandon()
	}
	<-c.ended
}

// openStream opens the pair of streams that carries one connection to a port, the error stream's sending side closed.
func (c *connection) openStream(ctx context.Context, port int32) (*stream, error) {
	c.mu.Lock()
	c.lastID++
	id := strconv.Itoa(c.lastID)
	c.mu.Unlock()

	created := make(chan *stream, 1)
	failed := make(chan error, 1)
	go guarded(func() {
		pair, err := c.createPair(id, port)
		if err != nil {
			failed <- err
			return
		}
		created <- pair
	})()
	leave := func() {
		go guarded(func() {
			select {
			case late := <-created:
				_ = late.Close()
			case <-failed: //nolint:errcheck // nobody waits for it any more
			case <-c.ended:
			}
		})()
	}
	begun := c.network.now()
	asked := begun
	sign := time.NewTimer(signPatience + c.openedIn)
	defer sign.Stop()
	reply := time.NewTimer(streamReplyTimeout)
	defer reply.Stop()
	for {
		select {
		case opened := <-created:
			return opened, nil
		case err := <-failed:
			return nil, err
		case <-c.lost():
			return nil, errConnectionLost
		case <-sign.C:
			if c.network.silentSince(asked) {
				leave()
				c.distrust()
				return nil, fmt.Errorf("%w: %w", errNoSign, errConnectionLost)
			}
			if c.stalled() {
				leave()
				return nil, fmt.Errorf("%w: %w", errHeldUp, errConnectionLost)
			}
			// It was not listened to all the time, or was heard, and owes an answer still.
			asked = c.network.now()
			sign.Reset(signPatience + c.openedIn)
		case <-reply.C:
			c.retire() // closing takes a moment, and nobody is to come upon it meanwhile
			if c.stalled() || c.network.heardSince(begun) {
				// It is held up, or slow, and may be alive: whether its peer is gone, pings tell.
				leave()
			} else {
				go guarded(c.close)()
			}
			return nil, fmt.Errorf("no answer to a new stream in %s: %w", streamReplyTimeout, errConnectionLost)
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
}

// createPair asks for both streams at once: the server joins them by their request id, in whatever order they come.
func (c *connection) createPair(id string, port int32) (*stream, error) {
	header := func(streamType string) http.Header {
		headers := http.Header{}
		headers.Set(corev1.StreamType, streamType)
		headers.Set(corev1.PortHeader, strconv.Itoa(int(port)))
		headers.Set(corev1.PortForwardRequestIDHeader, id)
		return headers
	}
	var errorStream *spdystream.Stream
	var errorStreamErr error
	errorStreamDone := make(chan struct{})
	go guarded(func() {
		defer close(errorStreamDone)
		errorStream, errorStreamErr = c.multiplexed.create(header(corev1.StreamTypeError))
		if errorStreamErr == nil {
			_ = errorStream.Close()
		}
	})()
	dataStream, err := c.multiplexed.create(header(corev1.StreamTypeData))
	<-errorStreamDone
	if err == nil && errorStreamErr == nil {
		return c.adopt(newStream(c, dataStream, errorStream))
	}
	for _, created := range []*spdystream.Stream{errorStream, dataStream} {
		if created != nil {
			_ = created.Reset()
			c.multiplexed.remove(created)
		}
	}
	if c.isLost() || errors.Is(err, io.EOF) || errors.Is(errorStreamErr, io.EOF) {
		return nil, errConnectionLost
	}
	return nil, fmt.Errorf("opening a stream to port %d: %w", port, errors.Join(err, errorStreamErr))
}

// adopt registers a new stream, unless the connection was lost meanwhile.
func (c *connection) adopt(opened *stream) (*stream, error) {
	c.mu.Lock()
	c.streams[opened] = struct{}{}
	c.mu.Unlock()
	if c.isLost() {
		_ = opened.Close()
		return nil, errConnectionLost
	}
	return opened, nil
}

func (c *connection) forget(ended *stream) {
	c.mu.Lock()
	delete(c.streams, ended)
	c.idleSince = time.Now()
	c.mu.Unlock()
	c.closeUnused()
}
