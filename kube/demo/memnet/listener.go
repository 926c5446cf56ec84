package memnet

import (
	"context"
	"net"
	"sync"
)

// Listener hands the server ends of connections to Accept. It is safe for concurrent use.
type Listener struct {
	addr     net.Addr
	incoming chan net.Conn
	done     chan struct{}
	close    sync.Once

	mu   sync.Mutex
	open map[*tracked]struct{}
}

// Listen returns a listener that calls itself addr. Nothing is bound anywhere.
func Listen(addr net.Addr) *Listener {
	return &Listener{
		addr:     addr,
		incoming: make(chan net.Conn),
		done:     make(chan struct{}),
		open:     map[*tracked]struct{}{},
	}
}

// Accept waits for the next connection. After Close it returns net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.done:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
	}
}

// Addr returns the address given to Listen.
func (l *Listener) Addr() net.Addr { return l.addr }

// Dial connects to the listener from the address from. It fails when ctx ends before the server accepts, or when the
// listener is closed.
func (l *Listener) Dial(ctx context.Context, from net.Addr) (net.Conn, error) {
	return l.DialAs(ctx, from, l.addr)
}

// DialAs is Dial with another name for the server's end, so that one server can stand for many addresses: it finds the
// address that was dialled in the connection's LocalAddr.
func (l *Listener) DialAs(ctx context.Context, from, to net.Addr) (net.Conn, error) {
	client, server := Pipe(from, to)
	kept := &tracked{Conn: server, listener: l}
	l.mu.Lock()
	l.open[kept] = struct{}{}
	l.mu.Unlock()
	var err error
	select {
	case l.incoming <- kept:
		return client, nil
	case <-l.done:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = kept.Close()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: to, Err: err}
}

// Close ends Accept. Open connections stay; see CloseConnections.
func (l *Listener) Close() error {
	l.close.Do(func() { close(l.done) })
	return nil
}

// CloseConnections cuts every open connection, also those that a server has hijacked and no longer knows of.
func (l *Listener) CloseConnections() {
	l.mu.Lock()
	open := make([]*tracked, 0, len(l.open))
	for c := range l.open {
		open = append(open, c)
	}
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
}

// tracked is a server's end that its listener knows of until it is closed.
type tracked struct {
	net.Conn
	listener *Listener
}

func (t *tracked) Close() error {
	t.listener.mu.Lock()
	delete(t.listener.open, t)
	t.listener.mu.Unlock()
	return t.Conn.Close()
}

// CloseWrite half-closes the connection, as net.TCPConn can.
func (t *tracked) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
