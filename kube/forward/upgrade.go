package forward

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	portforwardprotocol "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// DialFunc opens network connections in place of the network, e.g. to an API server in memory.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

const (
	// upgradeTimeout bounds one attempt to open a portforward connection.
	upgradeTimeout = 15 * time.Second
)

// upgrader opens portforward connections to the Pods of one cluster. Safe for concurrent use.
type upgrader struct {
	config *rest.Config
	dial   DialFunc
	// login guards the login plugin, and knows the config after another login.
	login *login
	// preferSPDY is set once WebSocket was refused and SPDY was not.
	preferSPDY *flag
}

// open upgrades a request for a Pod's portforward subresource: over WebSocket, and over SPDY where that is refused.
// A dial hook leads to SPDY at once, because the WebSocket client has no such hook. The context bounds only the opening.
func (u upgrader) open(ctx context.Context, namespace, pod string) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, upgradeTimeout)
	defer cancel()
	u.config = u.login.current(u.config)
	target, err := portForwardURL(u.config, namespace, pod)
	if err != nil {
		return nil, err
	}
	if u.dial != nil || u.preferSPDY.isSet() {
		return u.overSPDY(ctx, target)
	}
	opened, err := u.overWebSocket(ctx, target)
	var refused *httpstream.UpgradeFailureError
	if errors.As(err, &refused) && apierrors.IsNotFound(refused.Cause) {
		return nil, refused.Cause
	}
	if err == nil || refused == nil && !httpstream.IsHTTPSProxyError(err) {
		return opened, err
	}
	opened, err = u.overSPDY(ctx, target)
	if err == nil {
		u.preferSPDY.set()
	}
	return opened, err
}

func portForwardURL(config *rest.Config, namespace, pod string) (*url.URL, error) {
	config = rest.CopyConfig(config)
	config.GroupVersion = &corev1.SchemeGroupVersion
	config.APIPath = "/api"
	base, versioned, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("the API server's address %q cannot be used: %w", config.Host, err)
	}
	return base.JoinPath(versioned, "namespaces", namespace, "pods", pod, "portforward"), nil
}

func (u upgrader) overWebSocket(ctx context.Context, target *url.URL) (*connection, error) {
	begun := time.Now()
	tlsConfig, err := rest.TLSConfigFor(u.config)
	if err != nil {
		return nil, err
	}
	upgrade := &webSocketUpgrade{
		protocol: portforwardprotocol.WebsocketsSPDYTunnelingPortForwardV1,
		tls:      tlsConfig, proxy: u.proxier(), dial: impatient(u.dial),
	}
	authenticated, err := rest.HTTPWrappersForConfig(u.config, upgrade)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := u.login.around(authenticated).RoundTrip(request)
	if err != nil {
		return nil, orContextError(ctx, err)
	}
	_ = response.Body.Close() // it is empty: the connection is the socket's
	return newConnection(newWatchedConn(&tunnel{socket: upgrade.socket}, upgrade.raw), time.Since(begun))
}

func (u upgrader) overSPDY(ctx context.Context, target *url.URL) (*connection, error) {
	begun := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return nil, err
	}
	transport, err := u.spdyTransport(request)
	if err != nil {
		return nil, err
	}
	upgrade := &spdyUpgrade{transport: transport}
	authenticated, err := rest.HTTPWrappersForConfig(u.config, upgrade)
	if err != nil {
		return nil, err
	}
	request.Header.Set(httpstream.HeaderProtocolVersion, portforwardprotocol.PortForwardV1Name)
	response, err := u.login.around(authenticated).RoundTrip(request)
	if err != nil {
		return nil, orContextError(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if upgrade.conn == nil {
		return nil, Refusal(response)
	}
	return newConnection(newWatchedConn(upgrade.conn, upgrade.conn), time.Since(begun))
}

// proxier tells which proxy a request goes through: that of the kubeconfig, else that of the environment.
func (u upgrader) proxier() func(*http.Request) (*url.URL, error) {
	if u.config.Proxy != nil {
		return u.config.Proxy
	}
	return utilnet.NewProxierWithNoProxyCIDR(http.ProxyFromEnvironment)
}

// spdyTransport dials as we do, except through a proxy, which only the library can.
func (u upgrader) spdyTransport(request *http.Request) (*spdy.SpdyRoundTripper, error) {
	tlsConfig, err := rest.TLSConfigFor(u.config)
	if err != nil {
		return nil, err
	}
	proxy, err := u.proxier()(request)
	if err != nil {
		return nil, err
	}
	if u.dial == nil && proxy != nil {
		return spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{TLS: tlsConfig, Proxier: u.proxier()})
	}
	return spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{
		UpgradeTransport: &http.Transport{DialContext: impatient(u.dial), TLSClientConfig: tlsConfig},
	})
}

// spdyUpgrade is a round trip that keeps the network connection when the server switches protocols. The library's own
// keeps it to itself, and then a connection whose peer stopped reading cannot be closed. It is used once.
type spdyUpgrade struct {
	transport *spdy.SpdyRoundTripper
	conn      net.Conn
}

// RoundTrip sends the request and reads the answer's head.
func (s *spdyUpgrade) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	request = request.Clone(ctx)
	request.Header.Set(httpstream.HeaderConnection, httpstream.HeaderUpgrade)
	request.Header.Set(httpstream.HeaderUpgrade, spdy.HeaderSpdy31)
	conn, err := s.transport.Dial(request)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(ctx, func() { _ = conn.Close() })
	buffered := bufio.NewReader(conn)
	response, err := http.ReadResponse(buffered, request)
	if err != nil {
		release()
		_ = conn.Close()
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols ||
		!strings.EqualFold(response.Header.Get(httpstream.HeaderUpgrade), spdy.HeaderSpdy31) {
		response.Body = closeBoth{response.Body, conn}
		return response, nil
	}
	if !release() {
		return nil, ctx.Err()
	}
	s.conn = &bufferedConn{Conn: conn, buffered: buffered}
	return response, nil
}

// WrappedRoundTripper lets client-go find the TLS settings under its wrappers.
func (s *spdyUpgrade) WrappedRoundTripper() http.RoundTripper { return s.transport }

type closeBoth struct {
	io.ReadCloser
	conn net.Conn
}

func (c closeBoth) Close() error { return errors.Join(c.ReadCloser.Close(), c.conn.Close()) }

// bufferedConn yields first what was read together with the answer's head.
type bufferedConn struct {
	net.Conn
	buffered *bufio.Reader
}

// NetConn is the connection under it, as of a tls.Conn.
func (c *bufferedConn) NetConn() net.Conn { return c.Conn }

func (c *bufferedConn) Read(p []byte) (int, error) { return c.buffered.Read(p) }

// Refusal makes an error of the answer to a request that was not upgraded: the API server's own Status where it sent one, which
// apierrors.IsForbidden and its like recognise. It reads the body, and does not close it.
func Refusal(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" {
		status.Code = cmp.Or(status.Code, int32(response.StatusCode))
		return &apierrors.StatusError{ErrStatus: status}
	}
	text := cmp.Or(strings.TrimSpace(string(body)), "empty answer")
	switch response.StatusCode {
	case http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound:
		reason := map[int]metav1.StatusReason{
			http.StatusForbidden:    metav1.StatusReasonForbidden,
			http.StatusUnauthorized: metav1.StatusReasonUnauthorized,
			http.StatusNotFound:     metav1.StatusReasonNotFound,
		}[response.StatusCode]
		return &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: int32(response.StatusCode), Reason: reason, Message: text,
		}}
	}
	return fmt.Errorf("the API server does not open the connection: %s: %s", response.Status, text)
}

// orContextError prefers the context's error, because closing a connection under a request shows as something else.
func orContextError(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the API server opened no port-forward connection in %s: %w", upgradeTimeout, ctx.Err())
	}
	return ctx.Err()
}
