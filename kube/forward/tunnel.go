package forward

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// tunnel is a WebSocket as a stream of bytes, which SPDY is spoken over; the library's own looks at its log level several
// times for each piece. One may read and one may write at a time.
type tunnel struct {
	socket  *websocket.Conn
	message io.Reader
}

// Read reads on over the borders of messages.
func (t *tunnel) Read(p []byte) (int, error) {
	for {
		if t.message == nil {
			kind, message, err := t.socket.NextReader()
			if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				return 0, io.EOF
			}
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("the API server sent a message that is not of the tunnel")
			}
			t.message = message
		}
		n, err := t.message.Read(p)
		if errors.Is(err, io.EOF) {
			t.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write sends one message.
func (t *tunnel) Write(p []byte) (int, error) {
	if err := t.socket.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close closes at once, without a farewell.
func (t *tunnel) Close() error { return t.socket.Close() }

// The rest are those of net.Conn.
func (t *tunnel) LocalAddr() net.Addr                { return t.socket.LocalAddr() }
func (t *tunnel) RemoteAddr() net.Addr               { return t.socket.RemoteAddr() }
func (t *tunnel) SetReadDeadline(at time.Time) error { return t.socket.SetReadDeadline(at) }
func (t *tunnel) SetWriteDeadline(at time.Time) error {
	return t.socket.SetWriteDeadline(at)
}

// SetDeadline sets both.
func (t *tunnel) SetDeadline(at time.Time) error {
	return errors.Join(t.SetReadDeadline(at), t.SetWriteDeadline(at))
}
