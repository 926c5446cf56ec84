package forward

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/moby/spdystream"
)

const (
	// chunkSize is how much is sent in one data frame at most.
	chunkSize = 32 << 10
	// chunksAhead is how much is read ahead of the reader, so that a slow one does not at once hold up its neighbours.
	chunksAhead = 32
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
	// ahead carries what came; it is closed when nothing more comes.
	ahead chan chunk
	// stalled is true while ahead is full.
	stalled atomic.Bool
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
	pumps.Go(guarded(s.pumpData))
	pumps.Go(guarded(s.pumpErrorText))
	go guarded(func() {
		pumps.Wait()
		close(s.pumped)
	})()
	return s
}

func (s *stream) pumpData() {
	defer close(s.ahead)
	for {
		data, err := s.data.ReadData()
		next := chunk{data: data, err: err}
		if errors.Is(err, io.EOF) && s.connection.isLost() {
			next.err = errConnectionLost
		}
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

func (s *stream) pumpErrorText() {
	defer close(s.errors)
	text, _ := io.ReadAll(io.LimitReader(s.errorText, errorTextLimit))
	if message := strings.TrimSpace(string(text)); message != "" {
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

// next yields what came from the Pod without copying it.
func (s *stream) next() ([]byte, error) {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	if err := s.fill(); err != nil {
		return nil, err
	}
	data := s.unread
	s.unread = nil
	return data, nil
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
	n, err := s.data.Write(p)
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
		s.abandon()
		s.connection.multiplexed.remove(s.data, s.errorText)
		s.connection.forget(s)
	})
	return nil
}

// abandon ends both streams on this side without asking the other.
func (s *stream) abandon() {
	s.stopReading()
	_ = s.data.Reset()
	_ = s.errorText.Reset()
}

func (s *stream) stopReading() { s.goneOnce.Do(func() { close(s.gone) }) }
