package isolation

import (
	"context"
	"io"
	"net/http"
)

// Dialer reaches into a cluster on behalf of the rungs. Safe for concurrent use.
type Dialer interface {
	// PortForward opens one connection to a port of a Pod, through the API server and the kubelet, on the
	// Pod's own loopback. It opens no local port.
	PortForward(ctx context.Context, namespace, pod string, port int32) (Stream, error)
	// Proxy sends one request through the API server's proxy. The answer is returned whatever its status is;
	// an error means that none came. The caller closes the body.
	Proxy(ctx context.Context, request ProxyRequest) (*http.Response, error)
}

// Stream is one forwarded connection.
type Stream interface {
	io.ReadWriteCloser
	// Errors yields what the container runtime says of this connection, at most one text, and is closed when the
	// runtime has nothing more to say. An empty close is no error.
	Errors() <-chan string
	// CloseWrite ends what is sent and leaves the other direction open.
	CloseWrite() error
}

// ProxyRequest names the target of a request through the API server's proxy.
type ProxyRequest struct {
	// Resource is "services" or "pods".
	Resource  string
	Namespace string
	Name      string
	// Scheme is "", "http" or "https"; empty lets the API server speak plain HTTP.
	Scheme string
	// Port is a port's name or number; for a Service with named ports always the name.
	Port string
	// Path begins with a slash.
	Path string
	// Host is the HTTP Host header; empty leaves it to the API server.
	Host string
}
