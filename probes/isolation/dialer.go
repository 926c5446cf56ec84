package isolation

import (
	"context"
	"net/http"

	"github.com/svctui/svctui/kube/model"
)

// Dialer reaches into a cluster on behalf of the rungs. Safe for concurrent use.
type Dialer interface {
	// PortForward opens one connection to a port of a Pod, through the API server and the kubelet, on the
	// Pod's own loopback. It opens no local port.
	PortForward(ctx context.Context, namespace, pod string, port int32) (model.Stream, error)
	// Proxy sends one request through the API server's proxy. The answer is returned whatever its status is;
	// an error means that none came. The caller closes the body.
	Proxy(ctx context.Context, request model.ProxyRequest) (*http.Response, error)
}
