// Package memnet is a network inside one process: a listener without a socket, and connections that are two buffers.
//
// net.Pipe is not enough for an HTTP server: it has no buffer, so that a write waits for the reader, and both ends of a
// protocol that write at once wait for each other for ever.
package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// bufferSize is how many bytes one direction holds before a write waits for the reader.
const bufferSize = 64 << 10

// Addr is an address inside the process. It is written as an ordinary host and port, so that error texts look as usual.
type Addr string

// Network returns "tcp": the connections behave as TCP ones.
func (Addr) Network() string { return "tcp" }

// String returns the host and port.
func (a Addr) String() string { return string(a) }

// Pipe returns the two ends of a connection. Each end is safe for concurrent use.
func Pipe(clientAddr, serverAddr net.Addr) (client, server net.Conn) {
	up, down := newDirection(), newDirection()
	client = &conn{in: down, out: up, local: clientAddr, remote: serverAddr}
	server = &conn{in: up, out: down, local: serverAddr, remote: clientAddr}
	return client, server
}

// conn is one end: it reads from one direction and writes to the other.
type conn struct {
	in, out       *direction
	local, remote net.Addr
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// Close ends both directions. What was already written can still be read by the other end.
func (c *conn) Close() error {
	c.in.closeReader()
	c.out.closeWriter()
	return nil
}

// CloseWrite ends the direction to the peer, as a half-closed TCP connection does.
func (c *conn) CloseWrite() error {
	c.out.closeWriter()
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.setReadDeadline(t)
	c.out.setWriteDeadline(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setReadDeadline(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.setWriteDeadline(t)
	return nil
}

func (c *conn) wrap(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: err}
}

// direction is a bounded buffer with one writing and one reading end.
type direction struct {
	mu            sync.Mutex
	changed       *sync.Cond
	buffer        []byte
	writerClosed  bool
	readerClosed  bool
	readDeadline  deadline
	writeDeadline deadline
}

func newDirection() *direction {
	d := &direction{}
	d.changed = sync.NewCond(&d.mu)
	return d
}

func (d *direction) read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		switch {
		case d.readerClosed:
			return 0, net.ErrClosed
		case d.readDeadline.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(d.buffer) > 0:
			n := copy(p, d.buffer)
			rest := copy(d.buffer, d.buffer[n:])
			d.buffer = d.buffer[:rest]
			d.changed.Broadcast()
			return n, nil
		case d.writerClosed:
			return 0, io.EOF
		}
		d.changed.Wait()
	}
}

func (d *direction) write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	written := 0
	for {
		switch {
		case d.writerClosed:
			return written, net.ErrClosed
		case d.readerClosed:
			return written, io.ErrClosedPipe
		case d.writeDeadline.passed():
			return written, os.ErrDeadlineExceeded
		case len(p) == 0:
			return written, nil
		}
		if room := bufferSize - len(d.buffer); room > 0 {
			n := min(room, len(p))
			d.buffer = append(d.buffer, p[:n]...)
			p, written = p[n:], written+n
			d.changed.Broadcast()
			continue
		}
		d.changed.Wait()
	}
}

func (d *direction) closeWriter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writerClosed = true
	d.writeDeadline.stop()
	d.changed.Broadcast()
}

func (d *direction) closeReader() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readerClosed = true
	d.readDeadline.stop()
	d.changed.Broadcast()
}

func (d *direction) setReadDeadline(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.readerClosed {
		d.readDeadline.set(t, d.wake)
	}
	d.changed.Broadcast()
}

func (d *direction) setWriteDeadline(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.writerClosed {
		d.writeDeadline.set(t, d.wake)
	}
	d.changed.Broadcast()
}

func (d *direction) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changed.Broadcast()
}

// deadline is a point in real time, since callers count their timeouts in real time.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) set(at time.Time, wake func()) {
	d.stop()
	d.at = at
	if wait := time.Until(at); !at.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, wake)
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = time.Time{}
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }
