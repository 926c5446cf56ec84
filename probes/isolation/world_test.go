package isolation

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

const namespace = "shop"

// world is what a Dialer reaches: applications on the Pods' loopbacks, and what the API server's proxy says.
type world struct {
	t *testing.T
	// loopback has an application for "pod:port"; without one the port is refused.
	loopback map[string]func(net.Conn)
	// proxied answers for "services/name:port" and "pods/name:port", with the scheme in front as in a URL where there is one.
	// Without an answer the request hangs.
	proxied map[string]func(model.ProxyRequest) (*http.Response, error)
	// said is what the runtime says of "pod:port" once the application has hung up.
	said map[string]string
	// forwardErr is what every forward fails with.
	forwardErr error
	// hungKubelet lets every forward hang.
	hungKubelet bool
	// outside has an application for "host:port" as it is dialled from here, nil for an address that no packet comes back from; refuses
	// are those that turn them down. Others are not to be dialled. names are what this machine resolves.
	outside map[string]func(net.Conn)
	refuses map[string]bool
	names   map[string][]string

	// now are Pods as they are by now, by their names; nil for one that is gone. Others may not be read.
	now map[string]*corev1.Pod

	mu sync.Mutex
	// run answers commands in containers; where it is nil, none may be run. ran are those that were.
	run func(model.ExecRequest) (model.ExecResult, error)
	ran []model.ExecRequest
	// sent is what applications were sent, asked what the proxy was asked.
	sent  strings.Builder
	asked []model.ProxyRequest
	// forwarded counts the forwards, read are the Pods that were read again.
	forwarded int
	read      []string
	// dialled are the addresses that were dialled from here.
	dialled []string
}

func newWorld(t *testing.T) *world {
	return &world{t: t, loopback: map[string]func(net.Conn){}, proxied: map[string]func(model.ProxyRequest) (*http.Response, error){}}
}

func (w *world) PortForward(ctx context.Context, pod model.PodIdentity, port int32) (model.Stream, error) {
	w.mu.Lock()
	w.forwarded++
	w.mu.Unlock()
	if w.hungKubelet {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if w.forwardErr != nil {
		return nil, w.forwardErr
	}
	if pod.Namespace != namespace || pod.UID == "" {
		w.t.Errorf("a forward to %+v, want a Pod of namespace %s with its uid", pod, namespace)
	}
	near, far := net.Pipe()
	stream := &pipeStream{Conn: near, errors: make(chan string, 1), world: w}
	app := w.loopback[fmt.Sprintf("%s:%d", pod.Name, port)]
	if app == nil {
		stream.errors <- fmt.Sprintf(`error forwarding port %d to pod 4dbd, uid : failed to execute portforward in network namespace "x": `+
			`failed to connect to localhost:%d inside namespace "4dbd", IPv4: dial tcp4 127.0.0.1:%d: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address`, port, port, port)
		close(stream.errors)
		_ = far.Close()
		return stream, nil
	}
	go func() {
		app(far)
		if text := w.said[fmt.Sprintf("%s:%d", pod.Name, port)]; text != "" {
			stream.errors <- text
		}
		_ = far.Close()
		close(stream.errors)
	}()
	return stream, nil
}

func (w *world) Proxy(ctx context.Context, request model.ProxyRequest) (*http.Response, error) {
	w.mu.Lock()
	w.asked = append(w.asked, request)
	w.mu.Unlock()
	name := request.Name
	if request.Scheme != "" {
		name = request.Scheme + ":" + name
	}
	answer := w.proxied[string(request.Kind)+"/"+name+":"+request.Port]
	if answer == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	response, err := answer(request)
	var slow *delayed
	if !errors.As(err, &slow) {
		return response, err
	}
	select {
	case <-time.After(slow.after):
		return slow.then(request)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// delayed is an answer that takes a while.
type delayed struct {
	after time.Duration
	then  func(model.ProxyRequest) (*http.Response, error)
}

func (*delayed) Error() string { return "delayed" }

func (w *world) ReadPod(_ context.Context, pod model.Key) (*corev1.Pod, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = append(w.read, pod.Name)
	if now, ok := w.now[pod.Name]; ok {
		if now == nil {
			return nil, apierrors.NewNotFound(corev1.Resource("pods"), pod.Name)
		}
		return now, nil
	}
	return nil, errForbidden
}

func (w *world) Exec(_ context.Context, request model.ExecRequest) (model.ExecResult, error) {
	w.mu.Lock()
	w.ran = append(w.ran, request)
	w.mu.Unlock()
	if w.run == nil {
		w.t.Errorf("a command was run that nobody agreed to: %q", request.Command)
		return model.ExecResult{}, nil
	}
	return w.run(request)
}

func (w *world) DialHere(ctx context.Context, network, address string) (net.Conn, error) {
	app, known := w.outside[address]
	w.mu.Lock()
	w.dialled = append(w.dialled, address)
	w.mu.Unlock()
	switch {
	case w.refuses[address]:
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connect: connection refused")}
	case !known:
		w.t.Errorf("%s was dialled from here", address)
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("no route to host")}
	case app == nil:
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	}
	near, far := net.Pipe()
	go func() {
		app(far)
		_ = far.Close()
	}()
	return near, nil
}

func (w *world) LookupHere(_ context.Context, host string) ([]string, error) {
	if addresses, ok := w.names[host]; ok {
		return addresses, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

type pipeStream struct {
	net.Conn
	errors chan string
	world  *world
}

func (s *pipeStream) Errors() <-chan string { return s.errors }
func (s *pipeStream) CloseWrite() error     { return nil }
func (s *pipeStream) Write(p []byte) (int, error) {
	s.world.mu.Lock()
	s.world.sent.Write(p)
	s.world.mu.Unlock()
	n, err := s.Conn.Write(p)
	if errors.Is(err, io.ErrClosedPipe) {
		// A network takes what is sent to somebody who has hung up.
		return len(p), nil
	}
	return n, err
}

func (w *world) wasSent() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent.String()
}

// everywhere serves an HTTP application on a Pod's loopback, and behind the proxies.
func (w *world) everywhere(pod string, port int, service, servicePort string, status int) {
	w.loopback[fmt.Sprintf("%s:%d", pod, port)] = httpApp(status, "fine")
	w.proxied["services/"+service+":"+servicePort] = replies(status, "fine")
	w.proxied[fmt.Sprintf("pods/%s:%d", pod, port)] = replies(status, "fine")
}

func httpApp(status int, body string) func(net.Conn) {
	return func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_ = request.Body.Close()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nX-Path: %s\r\n\r\n%s", status, http.StatusText(status), len(body), request.URL.Path, body)
	}
}

func silentApp(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func replies(status int, body string) func(model.ProxyRequest) (*http.Response, error) {
	return func(model.ProxyRequest) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: http.Header{},
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

// statusReply is the API server's own answer.
func statusReply(code int, reason, message string) func(model.ProxyRequest) (*http.Response, error) {
	return replies(code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code))
}

func cannotReach(text string) func(model.ProxyRequest) (*http.Response, error) {
	return statusReply(http.StatusServiceUnavailable, "ServiceUnavailable", "error trying to reach service: "+text)
}

var errForbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "web-1", errors.New(`User "eve" cannot create resource "pods/portforward"`)) //nolint:staticcheck // Kubernetes' own words

// later answers after a while.
func later(after time.Duration, then func(model.ProxyRequest) (*http.Response, error)) func(model.ProxyRequest) (*http.Response, error) {
	return func(model.ProxyRequest) (*http.Response, error) { return nil, &delayed{after, then} }
}

func runningPod(name, ip string, edits ...func(*corev1.Pod)) *corev1.Pod {
	started := true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{{Name: "c", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "c", Ready: true, Started: &started, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
		},
	}
	for _, edit := range edits {
		edit(pod)
	}
	return pod
}

func notReady(pod *corev1.Pod) {
	pod.Status.Conditions[0].Status, pod.Status.ContainerStatuses[0].Ready = corev1.ConditionFalse, false
}

func probing(probe corev1.ProbeHandler) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: probe} }
}

func httpProbe(path string, port int32) corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(port)}}
}

func webService(ports ...corev1.ServicePort) *corev1.Service {
	if len(ports) == 0 {
		ports = []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromInt32(8080)}}
	}
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web", UID: "uid-web"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: "10.96.0.1", Selector: map[string]string{"app": "web"}, Ports: ports,
			IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol},
		},
	}
}

// sliceOf lists Pods as the controller would, for one port.
func sliceOf(name string, port int32, pods ...*corev1.Pod) *discoveryv1.EndpointSlice {
	protocol := corev1.ProtocolTCP
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: "web-" + name, Labels: map[string]string{discoveryv1.LabelServiceName: "web"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Protocol: &protocol, Port: &port}},
	}
	for _, pod := range pods {
		ready := pod.Status.Conditions[0].Status == corev1.ConditionTrue
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{pod.Status.PodIP}, Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID},
		})
	}
	return slice
}

func snapshotOf(objects ...metav1.Object) *model.Snapshot {
	return snapshotAt(time.Unix(0, 0), objects...)
}

func snapshotAt(at time.Time, objects ...metav1.Object) *model.Snapshot {
	builder := model.NewBuilder(nil).Put(objects...)
	for _, kind := range []model.Kind{model.Services, model.Pods, model.EndpointSlices, model.Events, model.Ingresses, model.NetworkPolicies} {
		builder.Cover(model.Need{Kind: kind, Namespace: namespace}, model.Coverage{State: model.Live})
	}
	return builder.Build(at)
}

// onePod is a Service with one Pod that its slice lists.
func onePod(edits ...func(*corev1.Pod)) *model.Snapshot {
	pod := runningPod("web-1", "10.0.0.1", edits...)
	return snapshotOf(webService(), pod, sliceOf("", 8080, pod))
}

var web = Request{Service: model.Key{Namespace: namespace, Name: "web"}}

func outcomesOf(result Result) string {
	var words []string
	for _, seen := range result.Rungs {
		if seen.Rung != RungFromHere && seen.Rung != RungInCluster {
			words = append(words, string(seen.Outcome))
		}
	}
	return strings.Join(words, " ")
}

func contextThatEnds(t *testing.T, after time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(after, cancel)
	return ctx, cancel
}
