package apiserver

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		method, url string
		want        target
	}{
		{"GET", "/version", target{Attributes: Attributes{Verb: "get", Path: "/version"}}},
		{"GET", "/apis/apps/v1", target{Attributes: Attributes{Verb: "get", Path: "/apis/apps/v1"}}},
		{"GET", "/api/v1/services", target{Attributes: Attributes{Verb: "list", Version: "v1", Resource: "services"}}},
		{"GET", "/api/v1/services?watch=true", target{Attributes: Attributes{Verb: "watch", Version: "v1", Resource: "services"}}},
		{"GET", "/api/v1/namespaces", target{Attributes: Attributes{Verb: "list", Version: "v1", Resource: "namespaces"}}},
		{"GET", "/api/v1/namespaces/shop", target{Attributes: Attributes{Verb: "get", Version: "v1", Resource: "namespaces", Namespace: "shop", Name: "shop"}}},
		{"GET", "/api/v1/namespaces/shop/pods/a", target{Attributes: Attributes{Verb: "get", Version: "v1", Resource: "pods", Namespace: "shop", Name: "a"}}},
		{"GET", "/api/v1/namespaces/shop/pods/a/log", target{Attributes: Attributes{Verb: "get", Version: "v1", Resource: "pods", Subresource: "log", Namespace: "shop", Name: "a"}}},
		{"POST", "/api/v1/namespaces/shop/pods/a/portforward", target{Attributes: Attributes{Verb: "create", Version: "v1", Resource: "pods", Subresource: "portforward", Namespace: "shop", Name: "a"}}},
		{"GET", "/api/v1/namespaces/shop/services/https:web:443/proxy/a/b", target{
			Attributes: Attributes{Verb: "get", Version: "v1", Resource: "services", Subresource: "proxy", Namespace: "shop", Name: "https:web:443"}, rest: "/a/b",
		}},
		{"GET", "/api/v1/namespaces/shop/services/web:80/proxy/", target{
			Attributes: Attributes{Verb: "get", Version: "v1", Resource: "services", Subresource: "proxy", Namespace: "shop", Name: "web:80"}, rest: "/",
		}},
		{"DELETE", "/apis/apps/v1/namespaces/shop/deployments/web", target{Attributes: Attributes{Verb: "delete", Group: "apps", Version: "v1", Resource: "deployments", Namespace: "shop", Name: "web"}}},
		{"GET", "/apis/apps/v1/namespaces/shop/deployments", target{Attributes: Attributes{Verb: "list", Group: "apps", Version: "v1", Resource: "deployments", Namespace: "shop"}}},
	}
	for _, test := range tests {
		test.want.User = DefaultUser
		if got := parse(httptest.NewRequest(test.method, test.url, nil)); got != test.want {
			t.Errorf("%s %s\n got %+v\nwant %+v", test.method, test.url, got, test.want)
		}
	}
	impersonated := httptest.NewRequest(http.MethodGet, "/version", nil)
	impersonated.Header.Set("Impersonate-User", "mary")
	if got := parse(impersonated); got.User != "mary" {
		t.Errorf("impersonated: %q", got.User)
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]string{
		"":    "application/json",
		"*/*": "application/json",
		"application/vnd.kubernetes.protobuf,application/json":              "application/vnd.kubernetes.protobuf",
		"application/json;as=Table;v=v1;g=meta.k8s.io,application/json":     "application/json",
		"application/vnd.kubernetes.protobuf;stream=watch,application/json": "application/vnd.kubernetes.protobuf",
		"application/json;as=Table;v=v1;g=meta.k8s.io":                      "",
		"text/html": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		info, err := negotiate(r)
		if want == "" {
			if err == nil {
				t.Errorf("%q was accepted as %s", accept, info.MediaType)
			}
			continue
		}
		if err != nil || info.MediaType != want {
			t.Errorf("%q: %s, %v; want %s", accept, info.MediaType, err, want)
		}
	}
}
