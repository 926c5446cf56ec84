package kube

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/model"
)

func TestYAML(t *testing.T) {
	cart := service("shop", "cart")
	cart.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "somebody"}}
	cart.Spec.Selector = map[string]string{"app": "cart"}
	c := newTestCluster(t, nil, cart)
	session := c.session()
	text, err := session.YAML(t.Context(), model.Ref{Kind: model.Services, Namespace: "shop", Name: "cart"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"apiVersion: v1\nkind: Service\n", "  selector:\n    app: cart\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "managedFields") {
		t.Errorf("managedFields are in\n%s", text)
	}
	if _, err := session.YAML(t.Context(), model.Ref{Kind: model.Services, Namespace: "shop", Name: "gone"}); !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), `services "gone" not found`) {
		t.Errorf("got %v", err)
	}
	for _, kind := range model.Kinds() {
		_, err := session.YAML(t.Context(), model.Ref{Kind: kind, Namespace: "shop", Name: "gone"})
		if custom(kind) {
			if !meta.IsNoMatchError(err) || !strings.Contains(err.Error(), "this cluster serves no "+string(kind)) {
				t.Errorf("%s: %v", kind, err)
			}
			continue
		}
		if !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), `"gone" not found`) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	object := service("shop", "cart")
	object.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80}}
	c := newTestCluster(t, nil, object, slice("shop", "cart-1", "cart"))
	session := c.session()
	cart := model.Ref{Kind: model.Services, Namespace: "shop", Name: "cart"}
	text, err := session.Describe(t.Context(), cart)
	if err != nil || !strings.HasPrefix(text, "Name:") || !strings.Contains(text, "Endpoints:") {
		t.Errorf("got %v\n%s", err, text)
	}

	c.deny(func(a apiserver.Attributes) bool { return a.Resource == "endpointslices" || a.Resource == "events" })
	text, err = session.Describe(t.Context(), cart)
	if err != nil || !strings.HasPrefix(text, "! you may not list endpointslices: the Endpoints below are unknown, not none\n! you may not list events") {
		t.Errorf("got %v\n%s", err, text)
	}

	c.deny(nil)
	if _, err := session.Describe(t.Context(), model.Ref{Kind: model.Services, Namespace: "shop", Name: "gone"}); !apierrors.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
	for _, kind := range model.Kinds() {
		_, err := session.Describe(t.Context(), model.Ref{Kind: kind, Namespace: "shop", Name: "gone"})
		switch {
		case custom(kind):
			if !meta.IsNoMatchError(err) {
				t.Errorf("%s: %v", kind, err)
			}
		case !apierrors.IsNotFound(err):
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestAccess(t *testing.T) {
	c := newTestCluster(t, nil)
	c.deny(func(a apiserver.Attributes) bool {
		// As where somebody has every right in their own namespace, and none beyond.
		return a.Namespace != "shop" || a.Subresource == "portforward"
	})
	questions := []model.AccessQuestion{
		{Verb: "list", Resource: "pods", Namespace: "shop"},
		{Verb: "create", Resource: "pods", Subresource: "portforward", Namespace: "shop"},
		{Verb: "list", Resource: "nodes", Namespace: "shop"},
		{Verb: "list", Resource: "namespaces", Namespace: "shop"},
		{Verb: "list", Group: "discovery.k8s.io", Resource: "endpointslices", Namespace: "shop"},
		{Verb: "list", Resource: "pods"},
	}
	answers := c.session().Access(t.Context(), questions)
	for i, allowed := range []bool{true, false, false, false, true, false} {
		if answers[i].Err != nil || answers[i].Allowed != allowed || answers[i].Resource != questions[i].Resource {
			t.Errorf("%+v got %+v", questions[i], answers[i])
		}
	}

	c.server.Misbehave(func(apiserver.Attributes) *apiserver.Fault {
		return &apiserver.Fault{Code: http.StatusInternalServerError}
	})
	for _, answer := range c.session2(t).Access(t.Context(), questions) {
		if answer.Err == nil {
			t.Errorf("%+v has no error", answer)
		}
	}
}

// session2 returns a session although the server is in trouble.
func (c *testCluster) session2(t *testing.T) *Session {
	t.Helper()
	connector := NewConnector(Options{RESTConfig: c.config()})
	place, err := connector.resolve("")
	if err != nil {
		t.Fatal(err)
	}
	session, err := connector.session(place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

func TestNamespaces(t *testing.T) {
	c := newTestCluster(t, nil)
	session := c.session()
	c.deny(func(a apiserver.Attributes) bool { return a.Resource == "namespaces" })
	if _, err := session.Namespaces(t.Context()); !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
}

func TestProxy(t *testing.T) {
	var path, query, host string
	c := newTestCluster(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/proxy") {
				next.ServeHTTP(w, r)
				return
			}
			path, query, host = r.URL.Path, r.URL.RawQuery, r.Host
			w.Header().Set("Retry-After", "60")
			w.Header().Set("Location", "https://elsewhere.invalid/")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte("no endpoints"))
		})
	})
	session := c.session()
	for _, test := range []struct {
		request           model.ProxyRequest
		path, query, host string
	}{
		{model.ProxyRequest{Kind: model.Services, Namespace: "shop", Name: "cart", Port: "http", Path: "/"}, "/api/v1/namespaces/shop/services/cart:http/proxy/", "", ""},
		{model.ProxyRequest{Kind: model.Pods, Namespace: "shop", Name: "cart-x", Scheme: "https", Port: "8443", Path: "/health?full=1", Host: "cart.example"}, "/api/v1/namespaces/shop/pods/https:cart-x:8443/proxy/health", "full=1", "cart.example"},
		{model.ProxyRequest{Kind: model.Services, Namespace: "shop", Name: "cart", Scheme: "http", Port: "80"}, "/api/v1/namespaces/shop/services/cart:80/proxy/", "", ""},
	} {
		answer, err := session.Proxy(t.Context(), test.request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusServiceUnavailable || string(body) != "no endpoints" {
			t.Errorf("got %d %s", answer.StatusCode, body)
		}
		if path != test.path || query != test.query || test.host != "" && host != test.host {
			t.Errorf("asked %s for %s?%s", host, path, query)
		}
	}
	if _, err := session.Proxy(t.Context(), model.ProxyRequest{Kind: model.Nodes}); err == nil {
		t.Error("a Node was proxied")
	}
}

func TestReadOnlySessionsReachNothing(t *testing.T) {
	c := newTestCluster(t, nil, service("shop", "cart"), pod("shop", "cart-x"))
	session, err := NewConnector(Options{RESTConfig: c.config(), ReadOnly: true}).Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if !session.Info().ReadOnly {
		t.Error("it does not say that it is read-only")
	}
	if _, err := session.PortForward(t.Context(), model.PodIdentity{Key: model.Key{Namespace: "shop", Name: "cart-x"}}, 80); !errors.Is(err, errReadOnly) {
		t.Errorf("a port-forward: %v", err)
	}
	answer, err := session.Proxy(t.Context(), model.ProxyRequest{Kind: model.Services, Namespace: "shop", Name: "cart", Port: "80"})
	if !errors.Is(err, errReadOnly) {
		_ = answer.Body.Close()
		t.Errorf("a proxy request: %v", err)
	}
}
