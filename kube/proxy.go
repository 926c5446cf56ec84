package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
)

// errReadOnly is what a session says that was opened with Options.ReadOnly.
var errReadOnly = errors.New("svctui was started with --readonly, which forbids forwards, proxy requests and commands in Pods")

// PortForward opens one connection to a port of a Pod, through the API server and the kubelet, on the Pod's own
// loopback. It opens no local port. The connection ends with the session. See forward.Streams.Open for the errors.
func (s *Session) PortForward(ctx context.Context, pod model.PodIdentity, port int32) (model.Stream, error) {
	if s.readOnly {
		return nil, errReadOnly
	}
	return s.streams.Open(ctx, pod, port)
}

// ForwardCluster is what held forwards need of the session's cluster. It goes on working when the session is closed, and its
// Config is the same each time.
func (s *Session) ForwardCluster() forward.Cluster {
	return forward.Cluster{ContextName: s.place.context, KubectlArgs: s.place.kubectlArgs, Config: s.config, Dial: forward.DialFunc(s.Dial()), Hold: s.plugin.hold}
}

// Proxy sends a GET to a Service or a Pod through the API server, once, and returns whatever comes back, whatever
// its status. The caller closes the body. A redirect is returned, not followed, so that nothing is
// sent to where an application points. The error, if any, is about reaching the API server.
func (s *Session) Proxy(ctx context.Context, request model.ProxyRequest) (*http.Response, error) {
	if s.readOnly {
		return nil, errReadOnly
	}
	if request.Kind != model.Services && request.Kind != model.Pods {
		return nil, fmt.Errorf("only Services and Pods can be reached through the API server, not %s", request.Kind)
	}
	target := request.Name + ":" + request.Port
	if request.Scheme != "" && request.Scheme != "http" {
		target = request.Scheme + ":" + target
	}
	address := fmt.Sprintf("%s/api/v1/namespaces/%s/%s/%s/proxy/%s", strings.TrimSuffix(s.server.String(), "/"),
		url.PathEscape(request.Namespace), request.Kind, url.PathEscape(target), strings.TrimPrefix(request.Path, "/"))
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the API server for %s: %w", address, err)
	}
	if request.Host != "" {
		out.Host = request.Host
	}
	return s.gate.RoundTrip(out)
}
