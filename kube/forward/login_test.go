package forward

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/svctui/svctui/kube/model"
)

type roundTrip func() error

func (r roundTrip) RoundTrip(*http.Request) (*http.Response, error) { return nil, r() }

func TestAFailingLoginIsTriedNowAndThen(t *testing.T) {
	expired := errors.New("getting credentials: exec: executable aws failed with exit code 255")
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		runs, answer := 0, expired
		through := (&login{}).around(roundTrip(func() error {
			mu.Lock()
			runs++
			now := answer
			mu.Unlock()
			time.Sleep(time.Second) // a plugin takes its time
			return now
		}))
		var callers sync.WaitGroup
		ask := func(until time.Duration) {
			end := time.Now().Add(until)
			for range 3 {
				callers.Go(func() {
					for time.Now().Before(end) {
						if _, err := through.RoundTrip(nil); !errors.Is(err, answer) {
							t.Errorf("got %v", err)
						}
						time.Sleep(time.Second)
					}
				})
			}
			callers.Wait()
		}
		ask(time.Minute)
		// Three at first, which nothing was known to yet, and then one in ten seconds.
		if runs < 7 || runs > 9 {
			t.Errorf("it was tried %d times in a minute", runs)
		}
		runs, answer = 0, nil
		time.Sleep(loginPause)
		if _, err := through.RoundTrip(nil); err != nil {
			t.Errorf("after the pause: %v", err)
		}
		ask(time.Minute)
		if runs < 80 {
			t.Errorf("only %d requests went out where the login works again", runs)
		}
		runs, answer = 0, errors.New("connection refused")
		ask(time.Minute)
		if runs < 80 {
			t.Errorf("only %d requests went out where the network is in the way", runs)
		}
	})
}

// What was asked before the plugin failed, and is answered late, says nothing about the plugin.
func TestALateAnswerDoesNotEndThePauseOfALogin(t *testing.T) {
	var one login
	first, err := one.begin()
	if first.trial || err != nil {
		t.Fatal(first, err)
	}
	one.end(first, nil, errors.New("getting credentials: no"))
	one.end(first, nil, nil)
	if _, err := one.begin(); err == nil {
		t.Error("the plugin is run again")
	}
}

func TestForwardsLeaveAFailingLoginAlone(t *testing.T) {
	dir := t.TempDir()
	plugin, runs := filepath.Join(dir, "plugin"), filepath.Join(dir, "runs")
	if err := os.WriteFile(plugin, []byte("#!/bin/sh\necho run >> '"+runs+"'\nexit 1\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	through := webCluster(t, nil).forwardCluster()
	through.Config.Host = strings.Replace(through.Config.Host, "http://", "https://", 1)
	through.Config.ExecProvider = &clientcmdapi.ExecConfig{
		Command: plugin, APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}
	m := newManager(t)
	for range 3 {
		if _, err := m.Open(t.Context(), through, toService("80")); err != nil {
			t.Fatal(err)
		}
	}
	var last time.Time
	for range 5 {
		eventually(t, "it is tried again", func() bool {
			now := m.List()[0]
			return now.LastErrAt.After(last) && strings.Contains(now.LastError, "getting credentials")
		})
		last = m.List()[0].LastErrAt
	}
	said, err := os.ReadFile(runs) //nolint:gosec // of this test
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(said), "run"); got > 6 {
		t.Errorf("the plugin was run %d times", got)
	}
}

// A token in a kubeconfig ends; who logs in anew has another one, in another Config.
func TestForwardsGoOnAsWhoIsLoggedInNow(t *testing.T) {
	cluster := webCluster(t, says("hello"))
	cluster.token = "old"
	old := &rest.Config{Host: cluster.server.URL, BearerToken: "old"}
	m := newManager(t)
	held := map[string]int{}
	through := func(name string, config *rest.Config) Cluster {
		return Cluster{ContextName: "test", Config: config, Hold: func() func() {
			held[name]++
			return func() { held[name]-- }
		}}
	}
	id, err := m.Open(t.Context(), through("old", old), toService("80"))
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, id, model.ForwardActive)

	cluster.mu.Lock()
	cluster.token = "new"
	cluster.mu.Unlock()
	cluster.server.CloseClientConnections()
	cluster.cutForwards()
	eventually(t, "nobody is let in with the old token", func() bool { return strings.Contains(stateOf(m, id).LastError, "Unauthorized") })

	renewed := &rest.Config{Host: cluster.server.URL, BearerToken: "new"}
	for _, elsewhere := range []Cluster{
		{ContextName: "another", Config: renewed},
		{ContextName: "test", Config: &rest.Config{Host: "https://192.0.2.1:6443", BearerToken: "new"}},
	} {
		if err := m.Renew(elsewhere); err != nil || m.links[old].login.current(old) != old {
			t.Errorf("renewed by a login into another cluster: %v", err)
		}
	}
	if err := m.Renew(through("new", renewed)); err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, id, model.ForwardActive)
	if got, err := say(t, stateOf(m, id)); got != "hello" || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
	// What follows the Pods is let in, too.
	cluster.put(unreadyPod("web-1"))
	awaitState(t, m, id, model.ForwardWaiting)
	if held["new"] != 1 {
		t.Errorf("the new login is held %d times", held["new"])
	}
	m.Stop(id)
	if held["old"] != 0 || held["new"] != 0 {
		t.Errorf("left is %v", held)
	}
}
