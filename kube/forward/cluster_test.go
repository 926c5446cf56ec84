package forward

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
)

// fakeCluster is an API server of a few Pods and Services that forwards ports as a kubelet does, one goroutine a connection.
type fakeCluster struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	version  int
	objects  map[string]metav1.Object
	watchers map[chan struct{}]struct{}
	history  []watched
	apps     map[string]func(net.Conn)
	// sandboxes counts how often the sandbox of a Pod was made anew.
	sandboxes map[string]int
	// rawConns are the network connections of open port-forwards.
	rawConns   map[net.Conn]struct{}
	upgrades   int
	webSockets int
	shared     *rest.Config
	// lists counts the lists of each kind.
	lists map[string]int
	// noWebSocket answers WebSocket upgrades with this status.
	noWebSocket int
	// cutsAtOnce upgrades, and then cuts the connection.
	cutsAtOnce bool
	// token is who may ask; empty for everybody.
	token string
	// noSPDY answers SPDY upgrades with this status.
	noSPDY int
}

// watched is one change. before is nil where the object is new, after where it is gone.
type watched struct {
	version       int
	kind          string
	before, after metav1.Object
}

func newFakeCluster(t *testing.T) *fakeCluster {
	t.Helper()
	c := &fakeCluster{
		t: t, objects: map[string]metav1.Object{}, watchers: map[chan struct{}]struct{}{},
		apps: map[string]func(net.Conn){}, sandboxes: map[string]int{}, rawConns: map[net.Conn]struct{}{},
		lists: map[string]int{},
	}
	c.server = httptest.NewServer(c)
	t.Cleanup(func() {
		c.cutForwards()
		c.server.CloseClientConnections()
		c.server.Close()
	})
	return c
}

func (c *fakeCluster) config() *rest.Config { return &rest.Config{Host: c.server.URL} }

// forwardCluster is the Cluster of the Manager's tests.
func (c *fakeCluster) forwardCluster() Cluster {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shared == nil {
		c.shared = c.config()
	}
	return Cluster{ContextName: "test", Config: c.shared}
}

// put adds or replaces an object.
func (c *fakeCluster) put(object metav1.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	object.SetResourceVersion(strconv.Itoa(c.version))
	key := kindOf(object) + "/" + object.GetName()
	before := c.objects[key]
	c.objects[key] = object
	c.recordLocked(kindOf(object), before, object)
}

func (c *fakeCluster) remove(object metav1.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	key := kindOf(object) + "/" + object.GetName()
	before := c.objects[key]
	delete(c.objects, key)
	c.recordLocked(kindOf(object), before, nil)
}

func (c *fakeCluster) recordLocked(kind string, before, after metav1.Object) {
	c.history = append(c.history, watched{c.version, kind, before, after})
	for watcher := range c.watchers {
		select {
		case watcher <- struct{}{}:
		default:
		}
	}
}

// eventFor is what a change is to who watches what the request selects: an object that is not selected any more is gone for it.
func (w watched) eventFor(r *http.Request) (event metav1.WatchEvent, told bool) {
	was, is := w.before != nil && wanted(r, w.before), w.after != nil && wanted(r, w.after)
	object := w.after
	switch {
	case was && is:
		event.Type = string(watch.Modified)
	case is:
		event.Type = string(watch.Added)
	case was:
		event.Type, object = string(watch.Deleted), w.before
	default:
		return event, false
	}
	// A list says of what kind its items are; an event does not.
	switch object := object.(type) {
	case *corev1.Pod:
		pod := *object
		pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
		event.Object.Object = &pod
	case *corev1.Service:
		service := *object
		service.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
		event.Object.Object = &service
	}
	return event, true
}

func (c *fakeCluster) listCount(kind string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[kind]
}

func kindOf(object metav1.Object) string {
	if _, ok := object.(*corev1.Service); ok {
		return "services"
	}
	return "pods"
}

// serve makes an application listen in a Pod.
func (c *fakeCluster) serve(pod string, port int, app func(net.Conn)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apps[pod+":"+strconv.Itoa(port)] = app
}

// restartSandbox gives a Pod another sandbox, as after its node was booted.
func (c *fakeCluster) restartSandbox(pod string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sandboxes[pod]++
}

// sandboxLocked tells the sandboxes of Pods apart, also of such that have the same name.
func (c *fakeCluster) sandboxLocked(pod string) string {
	uid := types.UID("")
	if object := c.objects["pods/"+pod]; object != nil {
		uid = object.GetUID()
	}
	return fmt.Sprint(uid, " ", c.sandboxes[pod])
}

// cutForwards cuts the network connections of all port-forwards.
func (c *fakeCluster) cutForwards() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.rawConns {
		_ = conn.Close()
	}
}

func (c *fakeCluster) upgradeCount() (all, webSockets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upgrades, c.webSockets
}

func (c *fakeCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	stranger := c.token != "" && r.Header.Get("Authorization") != "Bearer "+c.token
	c.mu.Unlock()
	if stranger {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401,"message":"Unauthorized"}`))
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) == 7 && parts[6] == "portforward":
		c.servePortForward(w, r, parts[5])
	case len(parts) == 5 && r.URL.Query().Get("watch") != "":
		c.serveWatch(w, r, parts[4])
	case len(parts) == 5:
		c.serveList(w, r, parts[4])
	default:
		http.NotFound(w, r)
	}
}

func (c *fakeCluster) serveList(w http.ResponseWriter, r *http.Request, kind string) {
	c.mu.Lock()
	c.lists[kind]++
	items := []metav1.Object{}
	for key, object := range c.objects {
		if strings.HasPrefix(key, kind+"/") && wanted(r, object) {
			items = append(items, object)
		}
	}
	list := map[string]any{
		"apiVersion": "v1", "kind": map[string]string{"pods": "PodList", "services": "ServiceList"}[kind],
		"metadata": map[string]string{"resourceVersion": strconv.Itoa(c.version)}, "items": items,
	}
	raw, err := json.Marshal(list)
	c.mu.Unlock()
	if err != nil {
		c.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}

func wanted(r *http.Request, object metav1.Object) bool {
	byLabel, labelErr := labels.Parse(r.URL.Query().Get("labelSelector"))
	byField, fieldErr := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	return labelErr == nil && fieldErr == nil && byLabel.Matches(labels.Set(object.GetLabels())) &&
		byField.Matches(fields.Set{"metadata.name": object.GetName()})
}

func (c *fakeCluster) serveWatch(w http.ResponseWriter, r *http.Request, kind string) {
	from, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	news := make(chan struct{}, 1)
	c.mu.Lock()
	c.watchers[news] = struct{}{}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.watchers, news)
		c.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "application/json")
	w.(http.Flusher).Flush()
	for {
		c.mu.Lock()
		pending := c.history
		c.mu.Unlock()
		for _, one := range pending {
			if one.version > from {
				from = one.version
				if one.kind != kind {
					continue
				}
				if event, told := one.eventFor(r); told {
					_ = json.NewEncoder(w).Encode(event)
				}
			}
		}
		w.(http.Flusher).Flush()
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}

func (c *fakeCluster) servePortForward(w http.ResponseWriter, r *http.Request, pod string) {
	c.mu.Lock()
	c.upgrades++
	overWebSocket := websocket.IsWebSocketUpgrade(r)
	if overWebSocket {
		c.webSockets++
	}
	refuse := c.noSPDY
	if overWebSocket {
		refuse = c.noWebSocket
	}
	c.mu.Unlock()
	if refuse != 0 {
		status := metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(refuse), Message: "refused by the test"}
		if refuse == http.StatusForbidden {
			status.Reason = metav1.StatusReasonForbidden
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(refuse)
		_ = json.NewEncoder(w).Encode(status)
		return
	}
	c.mu.Lock()
	kubelet := &fakeKubelet{cluster: c, pod: pod, sandbox: c.sandboxLocked(pod), pairs: map[string]*[2]httpstream.Stream{}}
	c.mu.Unlock()
	conn := kubelet.upgrade(w, r, overWebSocket)
	if conn == nil {
		return
	}
	if c.cutsAtOnce {
		_ = kubelet.raw.Close()
	}
	// The library's own Close would linger for a second, because the network connection is closed already.
	<-conn.CloseChan()
	_ = kubelet.raw.Close()
	kubelet.conns.Wait()
}

func tcpPair(t *testing.T) (near, far *net.TCPConn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	defer func() { _ = listener.Close() }()
	dialled, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}
