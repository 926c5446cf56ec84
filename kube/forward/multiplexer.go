package forward

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"

	"github.com/moby/spdystream"
)

const (
	// frameHead is the length of what a SPDY frame begins with: four bytes of what it is, one of flags, and three of the
	// length of the rest (SPDY draft 3.1, 2.2).
	frameHead = 8
	// readAhead is how much is read from a connection at once.
	readAhead = 64 << 10
)

// multiplexer speaks SPDY over one network connection, as the library's httpstream does, and can be made to ping at any
// time, which that cannot. Safe for concurrent use.
type multiplexer struct {
	session *spdystream.Connection
	// pinging is held while a ping is not answered yet.
	pinging sync.Mutex

	mu      sync.Mutex
	streams map[*spdystream.Stream]struct{}
}

func newMultiplexer(conn net.Conn) (*multiplexer, error) {
	session, err := spdystream.NewConnection(&framedConn{Conn: conn, ahead: bufio.NewReaderSize(conn, readAhead)}, false)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	// Nobody opens streams to us.
	go guarded(func() { session.Serve(func(uninvited *spdystream.Stream) { _ = uninvited.Reset() }) })()
	return &multiplexer{session: session, streams: map[*spdystream.Stream]struct{}{}}, nil
}

// create opens a stream and waits until the other side knows of it.
func (m *multiplexer) create(headers http.Header) (*spdystream.Stream, error) {
	created, err := m.session.CreateStream(headers, nil, false)
	if err != nil {
		if created != nil {
			// It counts as open though asking for it failed, and would keep the session from ending.
			_ = created.Reset()
		}
		return nil, err
	}
	if err := created.WaitTimeout(streamReplyTimeout); err != nil {
		_ = created.Reset()
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[created] = struct{}{}
	return created, nil
}

// remove forgets streams, so that close does not reset them.
func (m *multiplexer) remove(streams ...*spdystream.Stream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range streams {
		delete(m.streams, one)
	}
}

// ping asks the other side for a sign of life, unless it has been asked already, and returns at once.
func (m *multiplexer) ping() {
	if !m.pinging.TryLock() {
		return
	}
	go guarded(func() {
		defer m.pinging.Unlock()
		_, _ = m.session.Ping()
	})()
}

// lost is closed when the network connection has ended.
func (m *multiplexer) lost() <-chan bool { return m.session.CloseChan() }

// close resets the streams and ends the session. It does not wait for the other side.
func (m *multiplexer) close() {
	m.mu.Lock()
	streams := m.streams
	m.streams = map[*spdystream.Stream]struct{}{}
	m.mu.Unlock()
	for one := range streams {
		_ = one.Reset()
	}
	_ = m.session.Close()
}

// framedConn sends each SPDY frame at once. The library writes a frame in pieces, and each would be a message and a packet of
// its own. One may read and one may write at a time.
type framedConn struct {
	net.Conn
	ahead *bufio.Reader
	frame []byte
}

// Read reads ahead.
func (c *framedConn) Read(p []byte) (int, error) { return c.ahead.Read(p) }

// Write keeps back what is no whole frame yet.
func (c *framedConn) Write(p []byte) (int, error) {
	c.frame = append(c.frame, p...)
	if len(c.frame) < frameHead || len(c.frame) < frameHead+int(binary.BigEndian.Uint32(c.frame[4:])&0xffffff) {
		return len(p), nil
	}
	_, err := c.Conn.Write(c.frame)
	c.frame = c.frame[:0]
	if err != nil {
		return 0, err
	}
	return len(p), nil
}
