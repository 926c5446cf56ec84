package forward

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/gorilla/websocket"
	"k8s.io/streaming/pkg/httpstream"
)

// webSocketBuffer holds one data frame of SPDY and its head.
const webSocketBuffer = 33 << 10

// webSocketUpgrade is a round trip that keeps the WebSocket when the server switches protocols. The library's own has no
// dial hook, and keeps the network connection to itself. It is used once.
type webSocketUpgrade struct {
	protocol string
	tls      *tls.Config
	proxy    func(*http.Request) (*url.URL, error)
	dial     DialFunc

	socket *websocket.Conn
	// raw is the network connection, under TLS: closing it waits for nothing.
	raw net.Conn
}

// RoundTrip opens the WebSocket. A server that refuses is an *httpstream.UpgradeFailureError. Once the request's context has
// ended, so has the opening.
func (w *webSocketUpgrade) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	release := func() bool { return true }
	dialer := websocket.Dialer{
		Proxy: w.proxy, TLSClientConfig: w.tls, Subprotocols: []string{w.protocol},
		ReadBufferSize: webSocketBuffer, WriteBufferSize: webSocketBuffer,
		NetDialContext: func(dialCtx context.Context, network, address string) (net.Conn, error) {
			conn, err := w.dial(dialCtx, network, address)
			if err == nil {
				w.raw = conn
				// The library lets an opening that has begun to speak run on.
				release = context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			if err != nil {
				return nil, err
			}
			return &bufferedConn{Conn: conn, buffered: bufio.NewReaderSize(conn, readAhead)}, nil
		},
	}
	target := *request.URL
	target.Scheme = map[string]string{"https": "wss", "http": "ws"}[target.Scheme]
	socket, response, err := dialer.DialContext(ctx, target.String(), request.Header)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		return nil, &httpstream.UpgradeFailureError{Cause: Refusal(response)}
	}
	if err != nil {
		return nil, err
	}
	if socket.Subprotocol() != w.protocol {
		_ = socket.Close()
		return nil, &httpstream.UpgradeFailureError{Cause: errors.New("the API server does not speak " + w.protocol)}
	}
	w.socket = socket
	return response, nil
}

// TLSClientConfig lets client-go find the TLS settings under its wrappers.
func (w *webSocketUpgrade) TLSClientConfig() *tls.Config { return w.tls }
