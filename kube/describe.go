package kube

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/describe"

	"github.com/svctui/svctui/kube/model"
)

// Describe returns what `kubectl describe` prints. Where a part of it could not be read for lack of rights,
// which kubectl passes over in silence or prints as <none>, lines at the top say so.
func (s *Session) Describe(ctx context.Context, ref model.Ref) (string, error) {
	observer := &describeTransport{base: s.http.Transport, ctx: ctx, denied: map[string]bool{}}
	config := &rest.Config{
		Host: strings.TrimSuffix(s.server.String(), "/"), Transport: observer, QPS: -1,
		ContentConfig: s.config.ContentConfig, WarningHandlerWithContext: s.config.WarningHandlerWithContext,
	}
	describer, err := s.describer(ctx, ref.Kind, config)
	if err != nil {
		return "", err
	}
	text, err := describer.Describe(ref.Namespace, ref.Name, describe.DescriberSettings{ShowEvents: true, ChunkSize: 500})
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", s.Explain(err)
	}
	return observer.warnings() + text, nil
}

// describer returns what kubectl describes a kind with: one that knows the kind, else one that prints the object field by field,
// as for every custom resource.
func (s *Session) describer(ctx context.Context, kind model.Kind, config *rest.Config) (describe.ResourceDescriber, error) {
	group := schema.GroupKind{Group: kind.Resource().Group, Kind: kind.ObjectKind()}
	if describer, ok := describe.DescriberFor(group, config); ok {
		return describer, nil
	}
	resource, err := s.findServed(ctx, kind)
	if err != nil {
		return nil, err
	}
	mapping := &meta.RESTMapping{
		Resource: resource, GroupVersionKind: resource.GroupVersion().WithKind(group.Kind), Scope: meta.RESTScopeRoot,
	}
	if kind.Namespaced() {
		mapping.Scope = meta.RESTScopeNamespace
	}
	if describer, ok := describe.GenericDescriberFor(mapping, config); ok {
		return describer, nil
	}
	return nil, fmt.Errorf("kubectl describes no %s; look at its YAML", kind)
}

// describeTransport gives the requests of a describer, which know no context, one, and remembers what
// was denied.
type describeTransport struct {
	base http.RoundTripper
	ctx  context.Context

	mu     sync.Mutex
	denied map[string]bool
}

// RoundTrip is that of http.RoundTripper.
func (t *describeTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(request.WithContext(t.ctx))
	if err == nil && response.StatusCode == http.StatusForbidden {
		t.mu.Lock()
		t.denied[path.Base(request.URL.Path)] = true
		t.mu.Unlock()
	}
	return response, err
}

// WrappedRoundTripper is that of utilnet.RoundTripperWrapper.
func (t *describeTransport) WrappedRoundTripper() http.RoundTripper { return t.base }

var _ utilnet.RoundTripperWrapper = (*describeTransport)(nil)

func (t *describeTransport) warnings() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines strings.Builder
	for _, resource := range slices.Sorted(maps.Keys(t.denied)) {
		where := "what is shown of them below is unknown, even where it says <none>"
		if resource == string(model.EndpointSlices) {
			where = "the Endpoints below are unknown, not none"
		}
		fmt.Fprintf(&lines, "! you may not list %s: %s\n", resource, where)
	}
	if lines.Len() > 0 {
		lines.WriteString("\n")
	}
	return lines.String()
}
