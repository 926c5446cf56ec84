package demo_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	clientspdy "k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/svctui/svctui/kube/demo"
	"github.com/svctui/svctui/kube/demo/apps"
)

// shop returns the demo's own cluster, started.
func shop(t *testing.T) (*demo.Cluster, *kubernetes.Clientset, *clocktesting.FakeClock) {
	t.Helper()
	clock := clocktesting.NewFakeClock(start)
	cluster := demo.New(clock)
	cluster.Start(t.Context())
	client, err := kubernetes.NewForConfig(configFor(cluster, runtime.ContentTypeProtobuf))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cluster.Close()
		closeIdle(client)
	})
	return cluster, client, clock
}

// podOf returns the first Pod of a workload of the shop.
func podOf(t *testing.T, cluster *demo.Cluster, namespace, workload string) *corev1.Pod {
	t.Helper()
	for _, pod := range demo.List(cluster, &corev1.Pod{}, namespace) {
		if strings.HasPrefix(pod.Name, workload+"-") {
			return pod
		}
	}
	t.Fatalf("no Pod of %s", workload)
	return nil
}

func TestProxyAnswersInKubernetesWords(t *testing.T) {
	cluster, _, _ := shop(t)
	http1, err := rest.HTTPClientFor(configFor(cluster, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer http1.CloseIdleConnections()
	quotes, cart := podOf(t, cluster, "shop", "quotes"), podOf(t, cluster, "shop", "cart")
	promotions, redis := podOf(t, cluster, "shop", "promotions"), podOf(t, cluster, "shop", "redis-cart")
	payments := podOf(t, cluster, "payments", "payments")
	tests := []struct {
		name, path string
		status     int
		body       string
	}{
		{"a healthy Service", "shop/services/frontend:80/proxy/", 200, "Welcome"},
		{"by port name", "shop/services/frontend:http/proxy/", 200, "Welcome"},
		{"a named port left out", "shop/services/frontend/proxy/", 503, `no endpoints available for service \"frontend\"`},
		{"an unknown port", "shop/services/frontend:81/proxy/", 503, `no service port 81 found for service \"frontend\"`},
		{"an unknown Service", "shop/services/nothing:80/proxy/", 404, `services \"nothing\" not found`},
		{"no Pod selected", "shop/services/checkout:80/proxy/", 503, `no endpoints available for service \"checkout\"`},
		{"Pods not ready", "shop/services/cart:80/proxy/", 503, `no endpoints available for service \"cart:80\"`},
		{"no port of that name in the Pods", "shop/services/sessions:80/proxy/", 503, `no endpoints available for service \"sessions\"`},
		{"slices only", "data/services/warehouse:5432/proxy/", 404, `services \"warehouse\" not found`},
		{"the wrong targetPort", "shop/services/search:80/proxy/", 503, ":80: connect: connection refused"},
		{"bound to localhost", "shop/services/quotes:80/proxy/", 503, ":8080: connect: connection refused"},
		{"the same by Pod", "shop/pods/" + quotes.Name + ":8080/proxy/", 503, fmt.Sprintf("error trying to reach service: dial tcp %s:8080: connect: connection refused", quotes.Status.PodIP)},
		{"a Pod that is not ready answers itself", "shop/pods/" + cart.Name + ":8080/proxy/healthz", 503, `{"status":"unavailable"`},
		{"a Pod without an IP", "shop/pods/" + promotions.Name + ":8080/proxy/", 400, "address not allowed"},
		{"Redis", "shop/pods/" + redis.Name + ":6379/proxy/", 503, "error trying to reach service: EOF"},
		{"gRPC", "payments/pods/" + payments.Name + ":9000/proxy/", 503, "malformed HTTP"},
		{"plain HTTP to TLS", "payments/services/psp-gateway:8443/proxy/", 400, "Client sent an HTTP request to an HTTPS server"},
		{"TLS to TLS", "payments/services/https:psp-gateway:8443/proxy/", 200, "psp-gateway"},
		{"TLS to plain HTTP", "shop/services/https:catalog:80/proxy/", 503, "tls: first record does not look like a TLS handshake"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, err := http1.Get("http://" + demo.Host + "/api/v1/namespaces/" + test.path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body := readAll(t, response.Body)
			if response.StatusCode != test.status || !strings.Contains(body, test.body) {
				t.Errorf("%d %s\nwant %d %s", response.StatusCode, body, test.status, test.body)
			}
		})
	}
}

func TestServiceProxyTakesOnlyPodsOfItsNamespace(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "a"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "app"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.4.0.9", PodIPs: []corev1.PodIP{{IP: "10.4.0.9"}}, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "c", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(start)}}},
		}},
	}
	endpoints := func(name string, address corev1.EndpointAddress) *corev1.Endpoints { //nolint:staticcheck // the proxy reads them
		return &corev1.Endpoints{ //nolint:staticcheck // see above
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
			Subsets: []corev1.EndpointSubset{{ //nolint:staticcheck // see above
				Addresses: []corev1.EndpointAddress{address}, Ports: []corev1.EndpointPort{{Port: 8080}},
			}},
		}
	}
	in := func(namespace, ip string) corev1.EndpointAddress {
		return corev1.EndpointAddress{IP: ip, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: "a"}}
	}
	ok := func(apps.Call) apps.Response { return apps.Text(http.StatusOK, "hello") }
	cluster, _ := running(t, clocktesting.NewFakeClock(start), demo.Options{
		Objects: []demo.Object{
			pod, service("shop", "own", nil), service("shop", "foreign", nil), service("shop", "bare", nil), service("shop", "moved", nil),
			endpoints("own", in("shop", "10.4.0.9")), endpoints("foreign", in("data", "10.4.0.9")),
			endpoints("bare", corev1.EndpointAddress{IP: "10.4.0.9"}), endpoints("moved", in("shop", "10.4.0.8")),
		},
		Applications: map[string]apps.Application{"app": {Ports: []apps.Port{{Number: 8080, HTTP: ok}}}},
	}, runtime.ContentTypeJSON)
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: cluster.Dial}}
	for name, want := range map[string]string{
		"own": "hello", "foreign": `no endpoints available for service \"foreign:80\"`,
		"bare": `no endpoints available for service \"bare:80\"`, "moved": `no endpoints available for service \"moved:80\"`,
	} {
		response, err := plain.Get("http://" + demo.Host + "/api/v1/namespaces/shop/services/" + name + ":80/proxy/")
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, response.Body)
		_ = response.Body.Close()
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestWebSocketForwardNeedsTheRightToCreate(t *testing.T) {
	cluster, client, _ := shop(t)
	pod := podOf(t, cluster, "shop", "frontend")
	cluster.Deny(func(a demo.Attributes) bool { return a.Subresource == "portforward" && a.Verb == "create" })
	if _, _, err := (webSocketDialer{cluster, *forwardURL(client, pod)}).Dial("portforward.k8s.io"); !errors.Is(err, gorilla.ErrBadHandshake) {
		t.Errorf("WebSocket: %v", err)
	}
	_, _, err := dialSPDY(t, cluster, client, pod).Dial("portforward.k8s.io")
	if err == nil || !strings.Contains(err.Error(), `cannot create resource "pods/portforward" in API group "" in the namespace "shop"`) {
		t.Errorf("SPDY: %v", err)
	}
}

// dialSPDY and webSocketDialer open a port-forward as the client does, but for the connection: client-go's own dialers
// ignore rest.Config.Dial.
func dialSPDY(t *testing.T, cluster *demo.Cluster, client *kubernetes.Clientset, pod *corev1.Pod) httpstream.Dialer {
	t.Helper()
	transport := &http.Transport{DialContext: cluster.Dial}
	upgrader, err := spdy.NewRoundTripperWithConfig(spdy.RoundTripperConfig{UpgradeTransport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return clientspdy.NewDialerForStreaming(clientspdy.NewUpgraderForStreaming(upgrader), &http.Client{Transport: upgrader}, http.MethodPost, forwardURL(client, pod))
}

func forwardURL(client *kubernetes.Clientset, pod *corev1.Pod) *url.URL {
	return client.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
}

type webSocketDialer struct {
	cluster *demo.Cluster
	url     url.URL
}

func (d webSocketDialer) Dial(protocols ...string) (httpstream.Connection, string, error) {
	tunnelled := make([]string, len(protocols))
	for i, protocol := range protocols {
		tunnelled[i] = "SPDY/3.1+" + protocol
	}
	d.url.Scheme = "ws"
	dialer := gorilla.Dialer{NetDialContext: d.cluster.Dial, Subprotocols: tunnelled}
	socket, response, err := dialer.Dial(d.url.String(), nil)
	if err != nil {
		return nil, "", err
	}
	_ = response.Body.Close()
	conn, err := spdy.NewClientConnection(portforward.NewTunnelingConnection("client", socket))
	return conn, strings.TrimPrefix(socket.Subprotocol(), "SPDY/3.1+"), err
}

// streams opens the two streams of one forwarded connection.
func streams(t *testing.T, conn httpstream.Connection, id string, port int) (data, failure httpstream.Stream) {
	t.Helper()
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, fmt.Sprint(port))
	headers.Set(corev1.PortForwardRequestIDHeader, id)
	failure, err := conn.CreateStream(headers)
	if err != nil {
		t.Fatal(err)
	}
	_ = failure.Close()
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err = conn.CreateStream(headers)
	if err != nil {
		t.Fatal(err)
	}
	return data, failure
}

func TestPortForwardCarriesBytes(t *testing.T) {
	cluster, client, _ := shop(t)
	quotes := podOf(t, cluster, "shop", "quotes")
	for name, dialer := range map[string]httpstream.Dialer{
		"SPDY":      dialSPDY(t, cluster, client, quotes),
		"WebSocket": webSocketDialer{cluster, *forwardURL(client, quotes)},
	} {
		t.Run(name, func(t *testing.T) {
			conn, protocol, err := dialer.Dial("portforward.k8s.io")
			if err != nil || protocol != "portforward.k8s.io" {
				t.Fatalf("%q, %v", protocol, err)
			}
			defer func() { _ = conn.Close() }()

			// A port where nobody listens is told on the error stream, and leaves the connection open.
			data, failure := streams(t, conn, "1", 9999)
			text := readAll(t, failure)
			for _, part := range []string{
				"error forwarding port 9999 to pod ", "failed to connect to localhost:9999 inside namespace ",
				"IPv4: dial tcp4 127.0.0.1:9999: connect: connection refused IPv6 dial tcp6 [::1]:9999: connect: connection refused ",
			} {
				if !strings.Contains(text, part) {
					t.Errorf("%q lacks %q", text, part)
				}
			}
			conn.RemoveStreams(data, failure)

			// An application that is bound to localhost answers here, and nowhere else.
			data, failure = streams(t, conn, "2", 8080)
			if _, err := io.WriteString(data, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(data), nil)
			if err != nil {
				t.Fatal(err)
			}
			body := readAll(t, response.Body)
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK || !strings.Contains(body, "ok") {
				t.Errorf("%s %s", response.Status, body)
			}
			_ = data.Close()
			if text := readAll(t, failure); text != "" {
				t.Errorf("the error stream says %q", text)
			}
		})
	}
}

func TestPortForwardSpeaksToAnyProtocol(t *testing.T) {
	cluster, client, _ := shop(t)
	conn, _, err := dialSPDY(t, cluster, client, podOf(t, cluster, "shop", "redis-cart")).Dial("portforward.k8s.io")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	data, _ := streams(t, conn, "1", 6379)
	if _, err := io.WriteString(data, "PING\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(data).ReadString('\n')
	if err != nil || answer != "+PONG\r\n" {
		t.Fatalf("%q, %v", answer, err)
	}
}

func TestPortForwardEndsWithTheCluster(t *testing.T) {
	cluster, client, _ := shop(t)
	conn, _, err := dialSPDY(t, cluster, client, podOf(t, cluster, "data", "kafka")).Dial("portforward.k8s.io")
	if err != nil {
		t.Fatal(err)
	}
	data, _ := streams(t, conn, "1", 9092) // accepts, and says nothing
	cluster.Close()
	if _, err := io.ReadAll(data); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		t.Logf("the stream ended with %v", err)
	}
	<-conn.CloseChan()
}

func TestLogs(t *testing.T) {
	cluster, client, _ := shop(t)
	read := func(pod *corev1.Pod, options corev1.PodLogOptions) (string, error) {
		stream, err := client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &options).Stream(t.Context())
		if err != nil {
			return "", err
		}
		defer func() { _ = stream.Close() }()
		return readAll(t, stream), nil
	}
	reviews, frontend := podOf(t, cluster, "shop", "reviews"), podOf(t, cluster, "shop", "frontend")

	previous, err := read(reviews, corev1.PodLogOptions{Previous: true})
	if err != nil || !strings.Contains(previous, "Migration checksum mismatch") {
		t.Errorf("the crash's last words: %q, %v", previous, err)
	}
	tail := int64(20)
	last, err := read(frontend, corev1.PodLogOptions{TailLines: &tail, Timestamps: true})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(last, "\n"), "\n")
	if len(lines) != 20 {
		t.Errorf("%d lines", len(lines))
	}
	before := time.Time{}
	for _, line := range lines {
		stamp, _, _ := strings.Cut(line, " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil || at.Before(before) || at.After(start) {
			t.Fatalf("%s after %s: %v", stamp, before, err)
		}
		before = at
	}
	again, err := read(frontend, corev1.PodLogOptions{TailLines: &tail, Timestamps: true})
	if err != nil || again != last {
		t.Error("two readers see two logs")
	}
	seconds := int64(5)
	recent, err := read(frontend, corev1.PodLogOptions{SinceSeconds: &seconds, Timestamps: true})
	if err != nil || !strings.HasSuffix(last, recent) || len(recent) >= len(last) {
		t.Errorf("of the last 5 s: %q, %v", recent, err)
	}
	bytes := int64(33)
	short, err := read(frontend, corev1.PodLogOptions{LimitBytes: &bytes})
	if err != nil || len(short) != 33 {
		t.Errorf("33 bytes: %q, %v", short, err)
	}
	wishlist := podOf(t, cluster, "shop", "wishlist")
	for want, ask := range map[string]func() (string, error){
		fmt.Sprintf(`previous terminated container "frontend" in pod %q not found`, frontend.Name): func() (string, error) {
			return read(frontend, corev1.PodLogOptions{Previous: true})
		},
		fmt.Sprintf("container nope is not valid for pod %s", frontend.Name): func() (string, error) {
			return read(frontend, corev1.PodLogOptions{Container: "nope"})
		},
		fmt.Sprintf(`container "wishlist" in pod %q is waiting to start: trying and failing to pull image`, wishlist.Name): func() (string, error) {
			return read(wishlist, corev1.PodLogOptions{})
		},
	} {
		if _, err := ask(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestFollowedLogsComeAsTimeGoes(t *testing.T) {
	cluster, client, clock := shop(t)
	pod := podOf(t, cluster, "shop", "cart")
	none := int64(0)
	stream, err := client.CoreV1().Pods("shop").GetLogs(pod.Name, &corev1.PodLogOptions{Follow: true, TailLines: &none}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(stream)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
	}()
	stepping, stop := context.WithCancel(t.Context())
	defer stop()
	go stepUntil(stepping, clock, 200*time.Millisecond)
	for range 3 {
		line, ok := receive(t, lines)
		if !ok || !strings.Contains(line, "WRONGPASS") && !strings.Contains(line, "503") {
			t.Fatalf("%q", line)
		}
	}
	// The Pod is deleted: the log ends.
	cluster.Delete(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: pod.Name}})
	for {
		if _, ok := receive(t, lines); !ok {
			return
		}
	}
}

// stepUntil moves the clock whenever somebody waits for it.
func stepUntil(ctx context.Context, clock *clocktesting.FakeClock, step time.Duration) {
	for ctx.Err() == nil {
		if clock.HasWaiters() {
			clock.Step(step)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond): // lets the others run; nothing is measured by it
		}
	}
}

func TestDialFromOutside(t *testing.T) {
	cluster, _, _ := shop(t)
	get := func(address string) (string, error) {
		host, _, _ := net.SplitHostPort(address)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: cluster.Dial}}
		response, err := client.Get("http://" + strings.TrimSuffix(address, ":80") + "/")
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		return fmt.Sprintf("%s %d %s", host, response.StatusCode, readAll(t, response.Body)), nil
	}
	for address, want := range map[string]string{
		"203.0.113.17:80":          "200 <!doctype html>",                  // the load balancer of frontend
		"10.132.0.11:30080":        `200 {"service":"admin"}`,              // the NodePort
		"shop.example.com:80":      "200 <!doctype html>",                  // an Ingress host
		"203.0.113.80:80":          "404 <html>",                           // the Ingress controller, no such host
		"blog.shop.example.com:80": "503 <html>\n<head><title>503 Service", // an Ingress to a Service that is not there
	} {
		got, err := get(address)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %q, %v; want %q", address, got, err, want)
		}
	}
	if _, err := cluster.Dial(t.Context(), "tcp", "10.132.0.11:30999"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a node port that no Service has: %v", err)
	}
	var dns *net.DNSError
	if _, err := cluster.Dial(t.Context(), "tcp", "example.org:443"); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("the real network: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var timeout net.Error
	for _, address := range []string{"10.96.14.1:80", "10.132.15.21:80"} { // a ClusterIP, and an internal load balancer
		if _, err := cluster.Dial(gone, "tcp", address); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s from outside: %v", address, err)
		}
	}
}
