package forward

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/spdystream"
)

const (
	// chunkSize is how much is sent in one data frame at most.
	chunkSize = 32 << 10
	// chunksAhead is how much is read ahead of the reader, so that a slow one does not at once hold up its neighbours.
	chunksAhead = 32
	// farewellPatience is how long a stream that is closed waits for what it was sending.
	farewellPatience = 6 * time.Second
	// errorTextLimit bounds what is kept of a runtime's error text, in bytes.
	errorTextLimit = 16 << 10
)

type chunk struct {
	data []byte
	err  error
}

// stream implements model.Stream over a pair of multiplexed streams.
type stream struct {
	connection *connection
	data       *spdystream.Stream
	errorText  *spdystream.Stream

	errors chan string
	// begin is used up by whoever reads data: pumpData, or copyTo.
	begin sync.Once
	// dataRead says that reading data has ended.
	dataRead func()
	// ahead carries what came; it is closed when nothing more comes. copyTo goes without.
	ahead chan chunk
	// stalled is true while ahead is full.
	stalled atomic.Bool
	// writingSince is when copyTo began to write what it writes now, as watchedConn counts; zero while it does not.
	writingSince atomic.Int64
	// sendingSince is when Write began to send what it sends now, likewise.
	sendingSince atomic.Int64
	// gone is closed when nobody reads any more.
	gone     chan struct{}
	goneOnce sync.Once
	// pumped is closed when both pumps have ended.
	pumped chan struct{}

	readMu sync.Mutex
	unread []byte
	end    error

	closeOnce sync.Once
}

func newStream(c *connection, data, errorText *spdystream.Stream) *stream {
	s := &stream{
		connection: c,
		data:       data,
		errorText:  errorText,
		errors:     make(chan string, 1),
		ahead:      make(chan chunk, chunksAhead),
		gone:       make(chan struct{}),
		pumped:     make(chan struct{}),
	}
	var pumps sync.WaitGroup
	pumps.Add(1)
	s.dataRead = sync.OnceFunc(pumps.Done)
	pumps.Go(guarded(s.pumpErrorText))
	go guarded(func() {
		pumps.Wait()
		close(s.pumped)
	})()
	return s
}

// readData returns what comes next, as long as it comes.
func (s *stream) readData() ([]byte, error) {
	data, err := s.data.ReadData()
	if errors.Is(err, io.EOF) {
		select {
		case <-s.gone:
			err = net.ErrClosed
		default:
			if s.connection.isLost() {
				err = errConnectionLost
			}
		}
	}
	return data, err
}

// readAhead begins to read before anybody asks. Read needs it; copyTo does without.
func (s *stream) readAhead() {
	s.begin.Do(func() { go guarded(s.pumpData)() })
}

// pumpData reads ahead.
func (s *stream) pumpData() {
	defer s.dataRead()
	defer close(s.ahead)
	for {
		data, err := s.readData()
		next := chunk{data: data, err: err}
		select {
		case s.ahead <- next:
		default:
			s.stalled.Store(true)
			select {
			case s.ahead <- next:
			case <-s.gone:
				return
			}
			s.stalled.Store(false)
		}
		if err != nil {
			return
		}
	}
}

// copyTo writes what comes from the Pod as it comes, in place of Read. What a slow reader has to be spared is left to the
// buffers of the system.
func (s *stream) copyTo(to io.Writer, count func(int)) (readErr, writeErr error) {
	defer s.dataRead()
	s.begin.Do(func() {})
	for {
		data, err := s.readData()
		if len(data) > 0 {
			count(len(data))
			s.writingSince.Store(int64(s.connection.network.now()))
			_, err := to.Write(data)
			s.writingSince.Store(0)
			if err != nil {
				return nil, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return err, nil
		}
	}
}

const (
	// stallLeast is how long a write to a client has to take to be called stalled.
	stallLeast = 20 * time.Millisecond
	// sendStallLeast is the same of a write to the Pod, which the way there alone may make slow.
	sendStallLeast = 250 * time.Millisecond
)

// stalls tells whether what came waits for its reader, or what is sent for the Pod's: either holds up all streams of the connection.
func (s *stream) stalls() bool { return s.receiveStalls() || s.sendStalls() }

func (s *stream) receiveStalls() bool {
	since := time.Duration(s.writingSince.Load())
	return s.stalled.Load() || since != 0 && s.connection.network.now()-since > stallLeast
}

func (s *stream) sendStalls() bool {
	since := time.Duration(s.sendingSince.Load())
	return since != 0 && s.connection.network.now()-since > sendStallLeast
}

func (s *stream) pumpErrorText() {
	defer close(s.errors)
	text, _ := io.ReadAll(io.LimitReader(s.errorText, errorTextLimit))
	if message := strings.TrimSpace(string(text)); message != "" {
		s.connection.hears(message)
		s.errors <- message
	}
}

// Read yields what came from the Pod.
func (s *stream) Read(p []byte) (int, error) {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	if err := s.fill(); err != nil {
		return 0, err
	}
	n := copy(p, s.unread)
	s.unread = s.unread[n:]
	return n, nil
}

// fill makes sure that something is unread; readMu is held.
func (s *stream) fill() error {
	for len(s.unread) == 0 {
		if s.end != nil {
			return s.end
		}
		var next chunk
		var more bool
		select {
		case next, more = <-s.ahead:
		case <-s.gone:
			select {
			case next, more = <-s.ahead:
			default:
			}
		}
		if !more {
			next.err = net.ErrClosed
		}
		s.unread, s.end = next.data, next.err
	}
	return nil
}

// Write sends to the Pod.
func (s *stream) Write(p []byte) (int, error) {
	s.sendingSince.Store(int64(s.connection.network.now()))
	n, err := s.data.Write(p)
	s.sendingSince.Store(0)
	if err != nil && s.connection.isLost() {
		err = errConnectionLost
	}
	return n, err
}

// Errors implements model.Stream.
func (s *stream) Errors() <-chan string { return s.errors }

// CloseWrite implements model.Stream.
func (s *stream) CloseWrite() error { return s.data.Close() }

// Close implements model.Stream.
func (s *stream) Close() error {
	s.closeOnce.Do(func() {
		s.stopReading()
		if s.sendingSince.Load() == 0 {
			s.leave()
			return
		}
		left := make(chan struct{})
		go guarded(func() { defer close(left); s.leave() })()
		if s.connection.sendsFirst(s) {
			s.awaitLeave(left)
		} else {
			// It waits behind another's upload, which is not to end because of that.
			go guarded(func() { s.awaitLeave(left) })()
		}
	})
	return nil
}

// leave ends both streams once what is being sent is sent: nothing overtakes that.
func (s *stream) leave() {
	s.abandon()
	s.connection.multiplexed.remove(s.data, s.errorText)
	s.connection.forget(s)
}

// awaitLeave waits for leave. Where it is what this stream sends that nobody reads, the others on the connection would wait for ever, and its
// sender has left: then the connection ends.
func (s *stream) awaitLeave(left <-chan struct{}) {
	look := time.NewTicker(farewellPatience / 6)
	defer look.Stop()
	for first := 0; ; {
		select {
		case <-left:
			return
		case <-look.C:
		}
		if !s.connection.sendsFirst(s) {
			first = 0
		} else if first++; first == 6 {
			_ = s.connection.network.Close()
			return
		}
	}
}

// abandon ends both streams on this side without asking the other.
func (s *stream) abandon() {
	s.stopReading()
	_ = s.data.Reset()
	_ = s.errorText.Reset()
}

func (s *stream) stopReading() {
	s.goneOnce.Do(func() {
		close(s.gone)
		s.begin.Do(func() { close(s.ahead) })
		s.dataRead()
	})
}
