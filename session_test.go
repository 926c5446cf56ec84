package main

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/svctui/svctui/kube"
	"github.com/svctui/svctui/kube/demo"
	"github.com/svctui/svctui/kube/forward"
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/tui"
)

// opened is a session of the embedded cluster, as the screen gets it.
func opened(t *testing.T, readOnly bool) tui.Session {
	t.Helper()
	a := &app{flags: kube.NewFlags(), demo: true, readOnly: readOnly}
	t.Cleanup(a.close)
	connector := &backend{Connector: a.connector(nil)}
	session, err := connector.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

func catalog() model.ForwardSpec {
	return model.ForwardSpec{Target: model.ForwardTarget{Namespace: demo.DefaultNamespace, Service: "catalog", Port: "80"}}
}

func TestForwardsOutliveTheirSession(t *testing.T) {
	t.Parallel()
	session := opened(t, false)
	manager := forward.NewManager("")
	t.Cleanup(manager.Close)
	held := forwards{manager}
	if _, err := held.Open(t.Context(), session, catalog()); err != nil {
		t.Fatal(err)
	}
	session.Close()
	for held.List()[0].State != model.ForwardActive {
		select {
		case <-held.Changed():
		case <-time.After(30 * time.Second):
			t.Fatalf("it is never active: %+v", held.List()[0])
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + held.List()[0].Local)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("answered %s %q, %v", answer.Status, body, err)
	}
	if context := held.List()[0].Target.Context; context != demo.ContextName {
		t.Errorf("it leads into context %q", context)
	}
}

func TestReadOnlyHoldsNoForwards(t *testing.T) {
	t.Parallel()
	session := opened(t, true)
	manager := forward.NewManager("")
	t.Cleanup(manager.Close)
	if _, err := (forwards{manager}).Open(t.Context(), session, catalog()); err == nil || len(manager.List()) != 0 {
		t.Errorf("opened %v, %v", manager.List(), err)
	}
	if !session.Info().ReadOnly {
		t.Error("the session does not say that it is read-only")
	}
}

func TestGivingMemoryBackPublishesEveryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var published []*engine.State
		publish := giveMemoryBack(func(state *engine.State) { published = append(published, state) })
		states := []*engine.State{{}, {Settled: true}, {}, {Settled: true}}
		for _, state := range states {
			publish(state)
		}
		if !slices.Equal(published, states) {
			t.Errorf("published %v, want %v", published, states)
		}
	})
}

// The token of a kubeconfig may be another one when the session is opened again.
func TestALoginReachesTheForwards(t *testing.T) {
	t.Parallel()
	a := &app{flags: kube.NewFlags(), demo: true}
	defer a.close()
	var renewed []forward.Cluster
	connector := &backend{Connector: a.connector(nil), renew: func(through forward.Cluster) error {
		renewed = append(renewed, through)
		return nil
	}}
	for range 2 {
		session, err := connector.Open(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if last := renewed[len(renewed)-1]; last.ContextName != demo.ContextName || last.Config != session.(*liveSession).ForwardCluster().Config {
			t.Errorf("renewed for %+v", last)
		}
		session.Close()
	}
}
