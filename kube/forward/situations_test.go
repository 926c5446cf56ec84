package forward

import (
	"io"
	"net"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

func toService(port string) model.ForwardSpec {
	return model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "web", Port: port}}
}

func toPod(pod, port string) model.ForwardSpec {
	return model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Pod: pod, Port: port}}
}

// hold opens a forward and waits for a state.
func hold(t *testing.T, m *Manager, cluster *fakeCluster, spec model.ForwardSpec, state model.ForwardState) model.Forward {
	t.Helper()
	id, err := m.Open(t.Context(), cluster.forwardCluster(), spec)
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, id, state)
	return stateOf(m, id)
}

func awaitState(t *testing.T, m *Manager, id int, state model.ForwardState) {
	t.Helper()
	eventually(t, "the forward is "+string(state), func() bool { return stateOf(m, id).State == state })
}

func newManager(t *testing.T) *Manager {
	t.Helper()
	m := NewManager("")
	t.Cleanup(m.Close)
	return m
}

func dialLocal(t *testing.T, forward model.Forward) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", forward.Local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// say returns what a new connection through the forward reads until its end.
func say(t *testing.T, forward model.Forward) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", forward.Local)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	got, err := io.ReadAll(conn)
	return string(got), err
}

// webCluster has the Service web and its one Ready Pod web-1, where an application answers on port 8080; nil for none.
func webCluster(t *testing.T, app func(net.Conn)) *fakeCluster {
	t.Helper()
	cluster := newFakeCluster(t)
	cluster.put(webService())
	cluster.put(readyPod("web-1"))
	if app != nil {
		cluster.serve("web-1", 8080, app)
	}
	return cluster
}

// holdActive opens a forward with a Manager of its own, and waits until it leads somewhere.
func holdActive(t *testing.T, cluster *fakeCluster, spec model.ForwardSpec) (*Manager, model.Forward) {
	t.Helper()
	m := newManager(t)
	return m, hold(t, m, cluster, spec, model.ForwardActive)
}

func echo(conn net.Conn) {
	_, _ = io.Copy(conn, conn)
	_ = conn.(*net.TCPConn).CloseWrite()
}

func says(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

func readyPod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"app": "web"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: 8080}, {Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP},
		}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

func unreadyPod(name string) *corev1.Pod {
	pod := readyPod(name)
	pod.Status.Conditions[0].Status = corev1.ConditionFalse
	return pod
}

func webService() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "web", UID: "uid-web"},
		Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
			{Name: "number", Port: 81, TargetPort: intstr.FromInt32(9999)},
			{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(53)},
			{Name: "missing", Port: 82, TargetPort: intstr.FromString("dns")},
		}},
	}
}

// eventually waits for a condition; what says what it is.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func stateOf(m *Manager, id int) model.Forward {
	for _, forward := range m.List() {
		if forward.ID == id {
			return forward
		}
	}
	return model.Forward{}
}
