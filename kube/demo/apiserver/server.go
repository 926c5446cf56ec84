// Package apiserver is a Kubernetes API server inside one process: it serves the objects of a Store to the real
// client-go over HTTP, with the real server's words where it refuses.
//
// It knows discovery, get, list in pages, watch with bookmarks and streamed initial lists, access reviews, container
// logs, the proxies to Services and Pods, port-forwards, and commands in Pods. It never changes an object for a client.
package apiserver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"
)

// Nodes is what the server asks of the cluster's nodes: it stands for the kubelets and for the network to the Pods.
// Implementations are safe for concurrent use.
type Nodes interface {
	// LogLines returns what a container wrote after one time and up to another, oldest first.
	LogLines(instance ContainerInstance, after, upTo time.Time) []LogLine
	// DialPodIP connects to an address of the Pod network, as the control plane does.
	DialPodIP(ctx context.Context, ip string, port int) (net.Conn, error)
	// DialLoopback connects to localhost inside a Pod, as a port-forward does.
	DialLoopback(ctx context.Context, pod *corev1.Pod, port int) (net.Conn, error)
	// Exec runs a command in a container. An error means that it could not be run.
	Exec(ctx context.Context, pod *corev1.Pod, container string, command []string) (Execution, error)
}

// Server answers HTTP requests from a Store. Make it with New. It is safe for concurrent use.
type Server struct {
	store     *Store
	nodes     Nodes
	clock     clock.Clock
	catalogue *catalogue
	pages     *pages
	proxy     http.RoundTripper

	deny  atomic.Pointer[func(Attributes) bool]
	fault atomic.Pointer[func(Attributes) *Fault]
	cuts  watchCuts

	mu       sync.Mutex
	requests []Attributes
}

// New returns a server of store's objects. The clock decides when watches end and when log lines come.
func New(store *Store, nodes Nodes, clock clock.Clock) *Server {
	s := &Server{store: store, nodes: nodes, clock: clock, catalogue: store.catalogue, pages: newPages()}
	s.proxy = &http.Transport{
		DisableKeepAlives:   true,
		DisableCompression:  true,
		DialContext:         s.dialForProxy,
		TLSClientConfig:     proxyTLS(),
		TLSHandshakeTimeout: proxyHandshakeTimeout,
	}
	s.cuts.init()
	return s
}

// Deny replaces the rule that says what the user may not do: the server answers such requests with 403, and access
// reviews with no. Nil allows everything.
func (s *Server) Deny(rule func(Attributes) bool) { s.deny.Store(&rule) }

// Misbehave replaces the rule that says which requests meet a Fault. Nil means none.
func (s *Server) Misbehave(rule func(Attributes) *Fault) { s.fault.Store(&rule) }

// Requests returns what was asked of the server so far, oldest first, faults and denials included. Only the last
// thousand are kept.
func (s *Server) Requests() []Attributes {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) denied(a Attributes) bool {
	rule := s.deny.Load()
	return rule != nil && *rule != nil && (*rule)(a)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := parse(r)
	s.note(t.Attributes)
	if rule := s.fault.Load(); rule != nil && *rule != nil {
		if fault := (*rule)(t.Attributes); fault != nil && fault.serve(w, r) {
			return
		}
	}
	if s.denied(t.Attributes) && !s.alwaysAllowed(t) {
		writeError(w, r, t.forbidden())
		return
	}
	if !t.IsResource() {
		s.serveDiscovery(w, r)
		return
	}
	s.serveResource(w, r, t)
}

func (s *Server) note(a Attributes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const keep = 1000
	if len(s.requests) >= keep {
		s.requests = slices.Delete(s.requests, 0, keep/2)
	}
	s.requests = append(s.requests, a)
}

// alwaysAllowed: every authenticated user may ask what they may do (the role system:basic-user).
func (s *Server) alwaysAllowed(t target) bool {
	return t.Verb == "create" && (t.Group == "authorization.k8s.io" || t.Group == "authentication.k8s.io")
}

func (s *Server) serveResource(w http.ResponseWriter, r *http.Request, t target) {
	res, ok := s.catalogue.byGVR[t.gvr()]
	if !ok {
		writeNotFoundPath(w)
		return
	}
	if t.Subresource != "" {
		s.serveSubresource(w, r, t)
		return
	}
	switch {
	case !slices.Contains(res.verbs, t.Verb):
		writeError(w, r, apierrors.NewMethodNotSupported(res.GroupResource(), t.Verb))
	case t.Verb == "create":
		s.serveReview(w, r, t)
	case t.Verb == "get":
		s.serveGet(w, r, res, t)
	case t.Verb == "list":
		s.serveList(w, r, res, t)
	default:
		s.serveWatch(w, r, res, t)
	}
}

func (s *Server) serveSubresource(w http.ResponseWriter, r *http.Request, t target) {
	switch t.Resource + "/" + t.Subresource {
	case "pods/log":
		s.serveLog(w, r, t)
	case "pods/exec":
		s.serveExec(w, r, t)
	case "pods/portforward":
		s.servePortForward(w, r, t)
	case "pods/proxy", "services/proxy":
		s.serveProxy(w, r, t)
	default:
		writeNotFoundPath(w)
	}
}

func (s *Server) serveGet(w http.ResponseWriter, r *http.Request, res resource, t target) {
	namespace := t.Namespace
	if !res.namespaced {
		namespace = ""
	}
	obj, ok := s.store.get(res.GroupVersionResource, namespace, t.Name)
	if !ok {
		writeError(w, r, apierrors.NewNotFound(res.GroupResource(), t.Name))
		return
	}
	warnOfDeprecation(w, res.GroupVersionResource)
	writeObject(w, r, http.StatusOK, obj)
}

// warnOfDeprecation adds the warning that Kubernetes sends with Endpoints since 1.33.
func warnOfDeprecation(w http.ResponseWriter, gvr schema.GroupVersionResource) {
	if gvr.Group == "" && gvr.Resource == "endpoints" {
		w.Header().Add("Warning", `299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"`)
	}
}

// writeNotFoundPath answers as the real server does for a path that it does not know: text, no Status.
func writeNotFoundPath(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusNotFound)
	_, _ = fmt.Fprintln(w, "404 page not found")
}
