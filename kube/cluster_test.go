package kube

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/model"
)

// testCluster is an API server on a loopback port, over TLS and HTTP/2 like a real one.
type testCluster struct {
	t       *testing.T
	objects *apiserver.Store
	server  *apiserver.Server
	http    *httptest.Server
}

// newTestCluster starts an API server with objects. wrap may stand in front of it, and may be nil.
func newTestCluster(t *testing.T, wrap func(http.Handler) http.Handler, objects ...apiserver.Object) *testCluster {
	t.Helper()
	c := &testCluster{t: t, objects: apiserver.NewStore(1000)}
	c.server = apiserver.New(c.objects, nil, clock.RealClock{})
	c.put(objects...)
	handler := http.Handler(c.server)
	if wrap != nil {
		handler = wrap(handler)
	}
	c.http = httptest.NewUnstartedServer(handler)
	c.http.EnableHTTP2 = true
	c.http.StartTLS()
	t.Cleanup(func() {
		c.http.CloseClientConnections()
		c.http.Close()
	})
	return c
}

func (c *testCluster) put(objects ...apiserver.Object) {
	c.t.Helper()
	for _, object := range objects {
		if _, err := c.objects.Put(object); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *testCluster) config() *rest.Config {
	return &rest.Config{Host: c.http.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

func (c *testCluster) session() *Session {
	c.t.Helper()
	connector := NewConnector(Options{RESTConfig: c.config(), ContextName: "test", Version: "test"})
	session, err := connector.Connect(context.Background(), "")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(session.Close)
	return session
}

// count tells how many requests of a verb there were for a kind.
func (c *testCluster) count(verb string, kind model.Kind) int {
	n := 0
	for _, request := range c.server.Requests() {
		if request.Verb == verb && request.Resource == string(kind) && request.Subresource == "" {
			n++
		}
	}
	return n
}

// misbehave makes requests for a kind fail; an empty verb means all of them, nil mends them.
func (c *testCluster) misbehave(fault *apiserver.Fault, kind model.Kind, verbs ...string) {
	c.server.Misbehave(func(a apiserver.Attributes) *apiserver.Fault {
		if a.Resource != string(kind) {
			return nil
		}
		for _, verb := range verbs {
			if a.Verb == verb {
				return fault
			}
		}
		return nil
	})
}

func (c *testCluster) deny(denied func(apiserver.Attributes) bool) { c.server.Deny(denied) }

// watching is a started Store under test, with a recorder of what it said.
type watching struct {
	*Store
	t       *testing.T
	last    *model.Snapshot
	changes []model.Change
}

// patient is a patience that no test gets to the end of, except in what it sets itself.
func patient() patience {
	return patience{closing: time.Hour, broken: time.Hour, silent: time.Hour, streaming: time.Hour, stale: 2 * time.Hour}
}

func (c *testCluster) watch(scope string, patience patience, needs ...model.Need) *watching {
	c.t.Helper()
	store := c.session().NewStore(scope)
	store.patience = patience
	store.Ask(needs)
	store.Start(context.Background())
	c.t.Cleanup(store.Stop)
	return &watching{Store: store, t: c.t}
}

// until takes snapshots until one satisfies, and fails the test when none does in good time.
func (w *watching) until(what string, satisfies func(*model.Snapshot) bool) *model.Snapshot {
	w.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		snapshot, changes := w.Take()
		w.last = snapshot
		w.changes = append(w.changes, changes...)
		if satisfies(snapshot) {
			return snapshot
		}
		select {
		case <-w.Changed():
		case <-deadline:
			w.t.Fatalf("waited in vain until %s; services %v, coverage %v", what, names(snapshot.Services("")), snapshot.Covered())
		}
	}
}

// untilState waits for the coverage of a need.
func (w *watching) untilState(need model.Need, state model.CoverageState) model.Coverage {
	w.t.Helper()
	snapshot := w.until(string(need.Kind)+" of "+need.Namespace+" are "+state.String(), func(s *model.Snapshot) bool {
		return s.Covered()[need].State == state
	})
	return snapshot.Covered()[need]
}

// untilWatched waits until the watch of a need is open: only then can it be cut.
func (w *watching) untilWatched(need model.Need) {
	w.t.Helper()
	eventually(w.t, string(need.Kind)+" are watched", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.feeds[need].watched
	})
}

func names[T metav1.Object](objects []T) []string {
	names := []string{}
	for _, object := range objects {
		names = append(names, object.GetNamespace()+"/"+object.GetName())
	}
	return names
}

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func service(namespace, name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: named(namespace, name)}
}

func slice(namespace, name, of string) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{ObjectMeta: named(namespace, name), AddressType: discoveryv1.AddressTypeIPv4}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: of}
	return slice
}

func pod(namespace, name string) *corev1.Pod { return &corev1.Pod{ObjectMeta: named(namespace, name)} }

func numbered(object *corev1.Service, n int) *corev1.Service {
	object.Labels = map[string]string{"number": strconv.Itoa(n)}
	return object
}
