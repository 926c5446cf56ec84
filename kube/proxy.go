package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/svctui/svctui/kube/model"
)

// ProxyRequest is a GET through the API server's proxy.
type ProxyRequest struct {
	// Kind is model.Services or model.Pods.
	Kind      model.Kind
	Namespace string
	Name      string
	// Scheme is http, https or empty, which is http.
	Scheme string
	// Port is the name or number of the Service's port, or the number of the Pod's.
	Port string
	// Path is that of the application, with its query if any.
	Path string
	// Host is sent as the Host header where it is not empty. API servers may pass their own on instead.
	Host string
}

// Proxy sends a GET to a Service or a Pod through the API server, once, and returns whatever comes back, whatever
// its status. The caller closes the body. A redirect is returned, not followed, so that nothing is
// sent to where an application points. The error, if any, is about reaching the API server.
func (s *Session) Proxy(ctx context.Context, request ProxyRequest) (*http.Response, error) {
	if request.Kind != model.Services && request.Kind != model.Pods {
		return nil, fmt.Errorf("only Services and Pods can be reached through the API server, not %s", request.Kind)
	}
	target := request.Name + ":" + request.Port
	if request.Scheme != "" && request.Scheme != "http" {
		target = request.Scheme + ":" + target
	}
	address := fmt.Sprintf("%s/api/v1/namespaces/%s/%s/%s/proxy/%s", strings.TrimSuffix(s.server.String(), "/"),
		url.PathEscape(request.Namespace), request.Kind, target, strings.TrimPrefix(request.Path, "/"))
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the API server for %s: %w", address, err)
	}
	if request.Host != "" {
		out.Host = request.Host
	}
	return s.gate.RoundTrip(out)
}
