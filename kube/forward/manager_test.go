package forward

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestForwardsThatCannotBe(t *testing.T) {
	external := webService()
	external.Name = "external"
	external.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "db.example", Selector: map[string]string{"app": "web"}}
	bare := webService()
	bare.Name, bare.Spec.Selector = "bare", nil
	for _, test := range []struct {
		name  string
		spec  model.ForwardSpec
		state model.ForwardState
		text  string
	}{
		{"UDP of a Service", toService("dns"), model.ForwardFailed, "TCP only"},
		{"UDP of a Pod", toPod("web-1", "dns"), model.ForwardFailed, "UDP"},
		{"unknown port name of a Pod", toPod("web-1", "nope"), model.ForwardFailed, "no port named nope"},
		{"ExternalName", model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "external", Port: "80"}}, model.ForwardFailed, "ExternalName"},
		{"no selector", model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "bare", Port: "80"}}, model.ForwardFailed, "no selector"},
		{"unknown port of a Service", toService("8080"), model.ForwardWaiting, "no port 8080"},
		{"named port of another protocol", toService("missing"), model.ForwardWaiting, "no TCP port named dns"},
		{"no such Service", model.ForwardSpec{Target: model.ForwardTarget{Namespace: "ns", Service: "gone", Port: "80"}}, model.ForwardWaiting, "does not exist"},
		{"no such Pod", toPod("gone", "80"), model.ForwardWaiting, "does not exist"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cluster := newFakeCluster(t)
			for _, object := range []metav1.Object{webService(), external, bare, readyPod("web-1")} {
				cluster.put(object)
			}
			m := newManager(t)
			forward := hold(t, m, cluster, test.spec, test.state)
			if !strings.Contains(forward.LastError, test.text) {
				t.Errorf("it says %q", forward.LastError)
			}
			if test.state == model.ForwardFailed {
				eventually(t, "the port is given back", func() bool {
					conn, err := net.Dial("tcp", forward.Local)
					if err == nil {
						_ = conn.Close()
					}
					return err != nil
				})
			}
		})
	}
}

func TestForwardsHoldTheirCluster(t *testing.T) {
	cluster := webCluster(t, nil)
	var mu sync.Mutex
	held, released := 0, 0
	through := cluster.forwardCluster()
	through.Hold = func() func() {
		mu.Lock()
		defer mu.Unlock()
		held++
		return func() {
			mu.Lock()
			defer mu.Unlock()
			released++
		}
	}
	m := newManager(t)
	var ids []int
	for range 2 {
		id, err := m.Open(t.Context(), through, toPod("web-1", "8080"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if len(m.links) != 1 {
		t.Errorf("%d links into one cluster", len(m.links))
	}
	m.Stop(ids[0])
	if mu.Lock(); held != 2 || released != 1 || len(m.links) != 1 {
		t.Errorf("after one stop: held %d, released %d, %d links", held, released, len(m.links))
	}
	mu.Unlock()
	m.Stop(ids[1])
	if mu.Lock(); released != 2 || len(m.links) != 0 {
		t.Errorf("after both: released %d, %d links", released, len(m.links))
	}
	mu.Unlock()
}

func TestDeniedForwardSaysSo(t *testing.T) {
	cluster := newFakeCluster(t)
	cluster.noWebSocket, cluster.noSPDY = http.StatusForbidden, http.StatusForbidden
	cluster.put(readyPod("web-1"))
	m := newManager(t)
	id, err := m.Open(t.Context(), cluster.forwardCluster(), toPod("web-1", "8080"))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says why", func() bool { return strings.Contains(stateOf(m, id).LastError, "refused by the test") })
	if state := stateOf(m, id).State; state != model.ForwardConnecting {
		t.Errorf("it is %s", state)
	}
}

func TestStopAndChanged(t *testing.T) {
	cluster := webCluster(t, echo)
	m := newManager(t)
	first := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
	second := hold(t, m, cluster, toPod("web-1", "8080"), model.ForwardActive)
	open := dialLocal(t, first)
	exchange(t, open, "x")
	<-m.Changed()
	m.Stop(first.ID)
	<-m.Changed()
	if _, err := io.ReadAll(open); err == nil {
		t.Error("a connection ended in good order when its forward was stopped")
	}
	if list := m.List(); len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("left are %+v", list)
	}
	if _, err := net.Dial("tcp", first.Local); err == nil {
		t.Error("it still listens")
	}
	m.Stop(first.ID)
	m.Close()
	if _, err := m.Open(t.Context(), cluster.forwardCluster(), toPod("web-1", "8080")); err == nil {
		t.Error("a closed Manager opened a forward")
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	cluster := newFakeCluster(t)
	m := newManager(t)
	both := toService("80")
	both.Target.Pod = "web-1"
	high := toService("80")
	high.LocalPort = 70000
	for _, spec := range []model.ForwardSpec{both, high, toService(""), {Target: model.ForwardTarget{Namespace: "ns", Port: "80"}}} {
		if id, err := m.Open(t.Context(), cluster.forwardCluster(), spec); err == nil {
			t.Errorf("%+v became forward %d", spec, id)
		}
	}
}
