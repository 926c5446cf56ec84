package kube

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/svctui/svctui/kube/model"
)

// A command in a Pod that is given up comes back, although a login plugin hangs inside of its request.
func TestExecIsGivenUpWhileALoginPluginHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plugin, hanging, free, over := filepath.Join(dir, "plugin"), filepath.Join(dir, "hanging"), filepath.Join(dir, "free"), filepath.Join(dir, "over")
	script := "#!/bin/sh\ntouch '" + hanging + "'\nuntil [ -e '" + free + "' ]; do sleep 0.1; done\ntouch '" + over + "'\n"
	if err := os.WriteFile(plugin, []byte(script), 0o700); err != nil { // #nosec G306 -- it is run
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	session := &Session{config: &rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true}, ExecProvider: &clientcmdapi.ExecConfig{
		Command: plugin, APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}}}
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	ended := make(chan error, 1)
	go func() {
		_, err := session.Exec(ctx, model.ExecRequest{Namespace: "shop", Pod: "web-1", Container: "c", Command: []string{"true"}})
		ended <- err
	}()
	awaitFile(t, hanging)
	giveUp()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it waits for the plugin")
	}
	if err := os.WriteFile(free, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, over)
}

// awaitFile waits until a file is there.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come about", filepath.Base(path))
		}
	}
}
