package apiserver

import (
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// DefaultUser is who a request comes from when it impersonates nobody.
const DefaultUser = "demo"

// Attributes say what a request asks for, as authorization sees it.
type Attributes struct {
	User string
	// Verb is get, list, watch, create, update, patch or delete; for a path that is no resource the HTTP method in
	// lower case.
	Verb        string
	Group       string
	Version     string
	Resource    string
	Subresource string
	// Namespace is empty for a cluster-scoped resource, and for all namespaces.
	Namespace string
	Name      string
	// Path is set only for a path that is no resource, such as /version.
	Path string
}

// IsResource tells a request for a resource from one for a path like /version.
func (a Attributes) IsResource() bool { return a.Path == "" }

// forbidden returns the server's 403 in the words of the real one (forbiddenMessage in
// apiserver/pkg/endpoints/handlers/responsewriters).
func (a Attributes) forbidden() error {
	return apierrors.NewForbidden(
		schema.GroupResource{Group: a.Group, Resource: a.Resource}, a.Name, fmt.Errorf("%s", a.forbiddenReason()))
}

func (a Attributes) forbiddenReason() string {
	if !a.IsResource() {
		return fmt.Sprintf("User %q cannot %s path %q", a.User, a.Verb, a.Path)
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	scope := "at the cluster scope"
	if a.Namespace != "" {
		scope = fmt.Sprintf("in the namespace %q", a.Namespace)
	}
	return fmt.Sprintf("User %q cannot %s resource %q in API group %q %s", a.User, a.Verb, resource, a.Group, scope)
}

// target is a request taken apart.
type target struct {
	Attributes
	// rest is what follows a proxy subresource in the path, with its leading slash.
	rest string
}

func (t target) gvr() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: t.Group, Version: t.Version, Resource: t.Resource}
}

// parse takes a request apart as the real server's RequestInfo does.
func parse(r *http.Request) target {
	t := target{Attributes: Attributes{User: DefaultUser}}
	if user := r.Header.Get("Impersonate-User"); user != "" {
		t.User = user
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		t.Version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		t.Group, t.Version, parts = parts[1], parts[2], parts[3:]
	default:
		t.Verb, t.Path = strings.ToLower(r.Method), r.URL.Path
		return t
	}
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		t.Namespace, parts = parts[1], parts[2:]
	}
	t.Resource, parts = parts[0], parts[1:]
	if len(parts) > 0 {
		t.Name, parts = parts[0], parts[1:]
	}
	if len(parts) > 0 {
		t.Subresource, parts = parts[0], parts[1:]
	}
	if len(parts) > 0 {
		t.rest = "/" + strings.Join(parts, "/")
	}
	if strings.HasSuffix(r.URL.Path, "/") && !strings.HasSuffix(t.rest, "/") {
		t.rest += "/"
	}
	// A namespace itself is asked for in its own namespace: authorization of a namespaced role relies on it.
	if t.Resource == "namespaces" && t.Namespace == "" && t.Name != "" {
		t.Namespace = t.Name
	}
	t.Verb = verbOf(r, t.Name)
	return t
}

func verbOf(r *http.Request, name string) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	if watch := r.URL.Query().Get("watch"); watch == "true" || watch == "1" {
		return "watch"
	}
	if name == "" {
		return "list"
	}
	return "get"
}
