package isolation

import (
	"context"
	"net"
	"net/http"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// Dialer reaches into a cluster on behalf of the rungs. Safe for concurrent use.
type Dialer interface {
	// PortForward opens one connection to a port of a Pod, through the API server and the kubelet, on the
	// Pod's own loopback. It opens no local port.
	PortForward(ctx context.Context, pod model.PodIdentity, port int32) (model.Stream, error)
	// Proxy sends one request through the API server's proxy. The answer is returned whatever its status is;
	// an error means that none came. The caller closes the body.
	Proxy(ctx context.Context, request model.ProxyRequest) (*http.Response, error)
	// ReadPod reads a Pod as it is now. Where there is none the error is one of apierrors.IsNotFound.
	ReadPod(ctx context.Context, pod model.Key) (*corev1.Pod, error)
	// Exec runs one command in a container that a person has agreed to, and waits for its end. An error means that it could not be run.
	Exec(ctx context.Context, request model.ExecRequest) (model.ExecResult, error)
	// DialHere connects from the machine that svctui runs on, without the API server.
	DialHere(ctx context.Context, network, address string) (net.Conn, error)
	// LookupHere resolves a name as this machine does.
	LookupHere(ctx context.Context, host string) ([]string, error)
}
