package forward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// plugged is a config with a login plugin.
func plugged(command string) *rest.Config {
	return &rest.Config{Host: "https://127.0.0.1:1", ExecProvider: &clientcmdapi.ExecConfig{
		Command: command, APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}}
}

type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(request *http.Request) (*http.Response, error) { return a(request) }

func answer(status int) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(""))}
}

// request asks through a login, and returns the status and the error.
func request(ctx context.Context, t *testing.T, through http.RoundTripper) (int, error) {
	t.Helper()
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://127.0.0.1/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := through.RoundTrip(asked)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

// A plugin that hangs knows no context. Nobody waits for it longer than for an answer, and nobody runs it once more meanwhile.
func TestALoginThatHangsHoldsNobodyUp(t *testing.T) {
	for _, test := range []struct {
		name string
		// within ends the first request's context; zero never.
		within time.Duration
		after  time.Duration
		cause  error
	}{
		{"somebody gives up", time.Second, time.Second + answerGrace, context.DeadlineExceeded},
		{"nobody gives up", 0, loginPatience + answerGrace, errPluginBusy},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hangs := make(chan struct{})
				var runs atomic.Int32
				one := &login{}
				one.begins(plugged("plugin"))
				through := one.around(answering(func(*http.Request) (*http.Response, error) {
					runs.Add(1)
					<-hangs
					return answer(http.StatusOK), nil
				}))
				ctx := t.Context()
				if test.within > 0 {
					limited, cancel := context.WithTimeout(ctx, test.within)
					defer cancel()
					ctx = limited
				}
				begun := time.Now()
				if _, err := request(ctx, t, through); !errors.Is(err, errPluginBusy) || !errors.Is(err, test.cause) {
					t.Errorf("it says %v", err)
				}
				if took := time.Since(begun); took != test.after {
					t.Errorf("it took %v", took)
				}
				if _, err := request(t.Context(), t, through); !errors.Is(err, errPluginBusy) || runs.Load() != 1 {
					t.Errorf("while it runs: %v after %d runs", err, runs.Load())
				}
				close(hangs)
				synctest.Wait()
				if status, err := request(t.Context(), t, through); err != nil || status != http.StatusOK {
					t.Errorf("after it has ended: %d, %v", status, err)
				}
			})
		})
	}
}

// Who logs in anew waits for nothing that the former login runs, and what comes of that is not held against the new one.
func TestANewLoginDoesNotWaitForTheFormer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		one := &login{}
		one.begins(plugged("former"))
		way := answering(func(*http.Request) (*http.Response, error) {
			<-hangs
			return nil, errors.New("getting credentials: exec: the former plugin")
		})
		through := one.around(answering(func(request *http.Request) (*http.Response, error) { return way(request) }))
		said := make(chan error, 1)
		go func() {
			_, err := request(t.Context(), t, through)
			said <- err
		}()
		synctest.Wait()
		one.renew(plugged("new"))
		if err := <-said; !errors.Is(err, errLoggedInAnew) {
			t.Errorf("who waited is told %v", err)
		}
		way = func(*http.Request) (*http.Response, error) { return answer(http.StatusOK), nil }
		for _, when := range []string{"while the former plugin hangs", "after it has failed"} {
			if status, err := request(t.Context(), t, through); err != nil || status != http.StatusOK {
				t.Errorf("%s: %d, %v", when, status, err)
			}
			if when == "while the former plugin hangs" {
				close(hangs)
				synctest.Wait()
			}
		}
	})
}

// Each answer 401 has client-go run the plugin once more.
func TestALoginThatIsTurnedDownIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, status := 0, http.StatusUnauthorized
		one := &login{}
		one.begins(plugged("plugin"))
		way := answering(func(*http.Request) (*http.Response, error) {
			asked++
			return answer(status), nil
		})
		through := one.around(way)
		for range 5 {
			_, _ = request(t.Context(), t, through)
		}
		if _, err := request(t.Context(), t, through); asked != mostTurnedAway || !errors.Is(err, errTurnedAway) {
			t.Errorf("asked %d times, then %v", asked, err)
		}
		time.Sleep(loginPause)
		for range 5 {
			_, _ = request(t.Context(), t, through)
		}
		if asked != mostTurnedAway+1 {
			t.Errorf("asked %d times after the pause", asked)
		}
		time.Sleep(loginPause)
		status = http.StatusOK
		for range 3 {
			if got, err := request(t.Context(), t, through); err != nil || got != http.StatusOK {
				t.Errorf("once it is let in: %d, %v", got, err)
			}
		}
		status = http.StatusUnauthorized
		_, _ = request(t.Context(), t, through)
		if _, err := request(t.Context(), t, through); err != nil {
			t.Errorf("turned down once: %v", err)
		}

		asked = 0
		static := &login{}
		static.begins(&rest.Config{BearerToken: "static"})
		for range 5 {
			_, _ = request(t.Context(), t, static.around(way))
		}
		if asked != 5 {
			t.Errorf("without a plugin it was asked %d times", asked)
		}
	})
}

// A forward ends, though the plugin of its cluster never does.
func TestAForwardEndsWhileALoginPluginHangs(t *testing.T) {
	plugin := filepath.Join(t.TempDir(), "plugin")
	begun := plugin + "-begun"
	if err := os.WriteFile(plugin, []byte("#!/bin/sh\n: > '"+begun+"'\nexec sleep 3\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	m := NewManager("")
	id, err := m.Open(t.Context(), Cluster{ContextName: "test", Config: plugged(plugin)}, toService("80"))
	if err != nil {
		t.Fatal(err)
	}
	link := m.links[m.forwards[0].held.streams.upgrader.config]
	eventually(t, "the plugin runs", func() bool { _, err := os.Stat(begun); return err == nil })
	m.Stop(id)
	m.Close()
	link.login.mu.Lock()
	stuck := link.login.stuck
	link.login.mu.Unlock()
	if stuck == 0 {
		t.Error("it ended only with the plugin")
	}
	eventually(t, "the plugin ends", func() bool {
		link.login.mu.Lock()
		defer link.login.mu.Unlock()
		return link.login.stuck == 0
	})
}
