package kube

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/model"
)

// noCluster makes sure that nothing of this machine's own leads to a cluster.
func noCluster(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("KUBECONFIG", filepath.Join(home, "nowhere"))
	for _, name := range []string{"KUBERNETES_MASTER", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "HTTPS_PROXY", "https_proxy"} {
		t.Setenv(name, "")
	}
	return home
}

// kubeconfig writes a kubeconfig with one context, cluster and user, each named "main", after change had its way.
func kubeconfig(t *testing.T, server string, change func(*clientcmdapi.Config)) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.CurrentContext = "main"
	config.Contexts["main"] = &clientcmdapi.Context{Cluster: "main", AuthInfo: "main"}
	config.Clusters["main"] = &clientcmdapi.Cluster{Server: server, InsecureSkipTLSVerify: strings.HasPrefix(server, "https:")}
	config.AuthInfos["main"] = &clientcmdapi.AuthInfo{}
	if change != nil {
		change(config)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func connectorFor(t *testing.T, args ...string) *Connector {
	t.Helper()
	flags := NewFlags()
	set := pflag.NewFlagSet("svctui", pflag.ContinueOnError)
	flags.AddFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return NewConnector(Options{Flags: flags, Version: "1.2.3"})
}

// mustFail connects and checks how it fails.
func mustFail(t *testing.T, connector *Connector, contextName string, reason Reason, words ...string) *ConnectError {
	t.Helper()
	session, err := connector.Connect(t.Context(), contextName)
	if err == nil {
		session.Close()
		t.Fatal("it connected")
	}
	var failure *ConnectError
	if !errors.As(err, &failure) || !errors.Is(err, reason) {
		t.Fatalf("want %q, got %T: %v", reason, err, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the message does not say %q: %s", word, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the message has several lines: %q", err.Error())
	}
	return failure
}

func TestConnectBadKubeconfig(t *testing.T) {
	home := noCluster(t)
	t.Run("none at all", func(t *testing.T) {
		mustFail(t, connectorFor(t), "", NoKubeconfig, filepath.Join(home, "nowhere"), "KUBECONFIG", "--demo")
	})
	t.Run("one that is not there", func(t *testing.T) {
		path := filepath.Join(home, "missing")
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", NoKubeconfig, path)
	})
	t.Run("an empty one", func(t *testing.T) {
		path := filepath.Join(home, "empty")
		write(t, path, "")
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", NoKubeconfig, path)
	})
	t.Run("not YAML", func(t *testing.T) {
		path := filepath.Join(home, "broken")
		write(t, path, "{apiVersion: v1, clusters: [")
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", BadKubeconfig, path)
	})
	t.Run("a folder", func(t *testing.T) {
		mustFail(t, connectorFor(t, "--kubeconfig", home), "", BadKubeconfig, home)
	})
	t.Run("one of several is broken", func(t *testing.T) {
		path := filepath.Join(home, "second")
		write(t, path, "]")
		t.Setenv("KUBECONFIG", strings.Join([]string{kubeconfig(t, "https://127.0.0.1:1", nil), path}, string(os.PathListSeparator)))
		mustFail(t, connectorFor(t), "", BadKubeconfig, path)
	})
	t.Run("unknown context", func(t *testing.T) {
		path := kubeconfig(t, "https://127.0.0.1:1", nil)
		failure := mustFail(t, connectorFor(t, "--kubeconfig", path, "--context", "other"), "", UnknownContext, `"other"`, "main")
		if len(failure.Contexts) != 1 || failure.Contexts[0] != "main" {
			t.Errorf("to pick from: %v", failure.Contexts)
		}
		mustFail(t, connectorFor(t, "--kubeconfig", path), "third", UnknownContext, `"third"`)
	})
	t.Run("the current context does not exist", func(t *testing.T) {
		path := kubeconfig(t, "https://127.0.0.1:1", func(c *clientcmdapi.Config) { c.CurrentContext = "gone" })
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", UnknownContext, "current context", `"gone"`, "main")
	})
	t.Run("no current context", func(t *testing.T) {
		path := kubeconfig(t, "https://127.0.0.1:1", func(c *clientcmdapi.Config) { c.CurrentContext = "" })
		failure := mustFail(t, connectorFor(t, "--kubeconfig", path), "", NoContext, "--context", "main")
		if len(failure.Contexts) != 1 {
			t.Errorf("to pick from: %v", failure.Contexts)
		}
	})
	t.Run("the context's cluster is missing", func(t *testing.T) {
		path := kubeconfig(t, "", func(c *clientcmdapi.Config) { delete(c.Clusters, "main") })
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", BadKubeconfig, "main", "cluster")
	})
	t.Run("the certificate's file is missing", func(t *testing.T) {
		path := kubeconfig(t, "https://127.0.0.1:1", func(c *clientcmdapi.Config) {
			c.AuthInfos["main"].ClientCertificate = "/nowhere.crt"
			c.AuthInfos["main"].ClientKey = "/nowhere.key"
		})
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", BadKubeconfig, "/nowhere.crt")
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// answering is a server that answers every request with one status.
func answering(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server
}

const unauthorized = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`

func TestConnectServerTrouble(t *testing.T) {
	noCluster(t)
	t.Run("refused", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		_ = listener.Close()
		path := kubeconfig(t, "https://"+address, nil)
		failure := mustFail(t, connectorFor(t, "--kubeconfig", path), "", Unreachable, "connection refused", "https://"+address, "context main")
		if strings.Contains(failure.Error(), "dial tcp") || strings.Contains(failure.Error(), "/version") {
			t.Errorf("the message says more than matters: %s", failure)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		path := kubeconfig(t, "https://nowhere.invalid:6443", nil)
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", Unreachable, "nowhere.invalid")
	})
	t.Run("hangs", func(t *testing.T) {
		hanging := make(chan struct{})
		server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hanging:
			case <-r.Context().Done():
			}
		}))
		t.Cleanup(server.Close)
		t.Cleanup(func() { close(hanging) })
		path := kubeconfig(t, server.URL, nil)
		mustFail(t, connectorFor(t, "--kubeconfig", path, "--request-timeout", "300ms"), "", Unreachable, "did not answer within 300ms", server.URL)
	})
	t.Run("certificate of an unknown authority", func(t *testing.T) {
		server := answering(t, http.StatusOK, `{}`)
		path := kubeconfig(t, server.URL, func(c *clientcmdapi.Config) { c.Clusters["main"].InsecureSkipTLSVerify = false })
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", Untrusted, "unknown authority", "certificate-authority")
	})
	t.Run("speaks no TLS", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(server.Close)
		path := kubeconfig(t, strings.Replace(server.URL, "http:", "https:", 1), nil)
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", Unreachable, "HTTP response to HTTPS client")
	})
	t.Run("no API server", func(t *testing.T) {
		server := answering(t, http.StatusOK, `<html>log in</html>`)
		mustFail(t, connectorFor(t, "--kubeconfig", kubeconfig(t, server.URL, nil)), "", NotKubernetes, "login page")
	})
	t.Run("not found", func(t *testing.T) {
		server := answering(t, http.StatusNotFound, `404 page not found`)
		mustFail(t, connectorFor(t, "--kubeconfig", kubeconfig(t, server.URL, nil)), "", NotKubernetes, "HTTP 404")
	})
	t.Run("expired token", func(t *testing.T) {
		server := answering(t, http.StatusUnauthorized, unauthorized)
		path := kubeconfig(t, server.URL, func(c *clientcmdapi.Config) { c.AuthInfos["main"].Token = "secret" })
		failure := mustFail(t, connectorFor(t, "--kubeconfig", path), "", Unauthorized, "401", "user main", "log in")
		if strings.Contains(failure.Error(), "secret") {
			t.Error("the message holds the token")
		}
	})
	t.Run("expired client certificate", func(t *testing.T) {
		server := answering(t, http.StatusUnauthorized, unauthorized)
		ended := time.Now().Add(-26 * time.Hour)
		certificate, key := clientCertificate(t, ended)
		path := kubeconfig(t, server.URL, func(c *clientcmdapi.Config) {
			c.AuthInfos["main"].ClientCertificateData, c.AuthInfos["main"].ClientKeyData = certificate, key
		})
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", CertificateExpired, "user main expired "+ended.UTC().Format("2006-01-02 15:04"))
	})
	t.Run("valid client certificate that is not accepted", func(t *testing.T) {
		server := answering(t, http.StatusUnauthorized, unauthorized)
		certificate, key := clientCertificate(t, time.Now().Add(time.Hour))
		path := kubeconfig(t, server.URL, func(c *clientcmdapi.Config) {
			c.AuthInfos["main"].ClientCertificateData, c.AuthInfos["main"].ClientKeyData = certificate, key
		})
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", Unauthorized)
	})
	t.Run("cancelled", func(t *testing.T) {
		server := answering(t, http.StatusOK, `{}`)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := connectorFor(t, "--kubeconfig", kubeconfig(t, server.URL, nil)).Connect(ctx, "")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func clientCertificate(t *testing.T, notAfter time.Time) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "someone"},
		NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func TestConnect(t *testing.T) {
	noCluster(t)
	var agent, authorization, impersonated string
	c := newTestCluster(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			agent, authorization, impersonated = r.UserAgent(), r.Header.Get("Authorization"), r.Header.Get("Impersonate-User")
			next.ServeHTTP(w, r)
		})
	})
	path := kubeconfig(t, c.http.URL, func(config *clientcmdapi.Config) {
		config.AuthInfos["main"].Token = "main-token"
		config.Contexts["main"].Namespace = "shop"
		config.Contexts["second"] = &clientcmdapi.Context{Cluster: "main", AuthInfo: "second"}
		config.AuthInfos["second"] = &clientcmdapi.AuthInfo{Token: "second-token"}
	})
	connector := connectorFor(t, "--kubeconfig", path, "--token", "mine", "--as", "viewer", "-n", "bank")

	infos, err := connector.Contexts()
	if err != nil || len(infos) != 2 || infos[0].Name != "main" || !infos[0].Current || infos[0].Namespace != "shop" ||
		infos[0].Server != c.http.URL || infos[1].Name != "second" || infos[1].Current || infos[1].User != "second" {
		t.Errorf("contexts are %+v, %v", infos, err)
	}

	for _, test := range []struct{ name, context, token string }{
		{"", "main", "mine"},
		{"main", "main", "mine"},
		{"second", "second", "second-token"},
	} {
		session, err := connector.Connect(t.Context(), test.name)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		info := session.Info()
		if info.Context != test.context || info.Server != c.http.URL || info.ServerVersion == "" {
			t.Errorf("info is %+v", info)
		}
		if authorization != "Bearer "+test.token {
			t.Errorf("context %q was asked with %q", test.name, authorization)
		}
		if agent != "svctui/1.2.3" || impersonated != "viewer" {
			t.Errorf("asked as %q, impersonating %q", agent, impersonated)
		}
		args := strings.Join(info.KubectlArgs, " ")
		if want := "--kubeconfig " + path + " --context " + test.context + " --as viewer"; args != want {
			t.Errorf("kubectl gets %q, want %q", args, want)
		}
		if test.context == "main" && info.Namespace != "shop" {
			t.Errorf("the context's namespace is %q", info.Namespace)
		}
	}
}

func TestConnectWithServerAlone(t *testing.T) {
	noCluster(t)
	c := newTestCluster(t, nil)
	session, err := connectorFor(t, "--server", c.http.URL, "--insecure-skip-tls-verify").Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if info := session.Info(); info.Context != "" || info.Server != c.http.URL {
		t.Errorf("info is %+v", info)
	}
}

func TestConnectMergesKubeconfigs(t *testing.T) {
	home := noCluster(t)
	c := newTestCluster(t, nil)
	cluster := filepath.Join(home, "cluster")
	write(t, cluster, "apiVersion: v1\nkind: Config\nclusters: [{name: far, cluster: {server: '"+c.http.URL+"', insecure-skip-tls-verify: true}}]\n")
	rest := filepath.Join(home, "rest")
	write(t, rest, "apiVersion: v1\nkind: Config\ncurrent-context: it\ncontexts: [{name: it, context: {cluster: far, user: me}}]\nusers: [{name: me, user: {token: x}}]\n")
	t.Setenv("KUBECONFIG", strings.Join([]string{filepath.Join(home, "missing"), cluster, rest}, string(os.PathListSeparator)))
	session, err := connectorFor(t).Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
}

func TestConnectWhereTheVersionIsSecret(t *testing.T) {
	noCluster(t)
	server := answering(t, http.StatusForbidden, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"Forbidden","code":403}`)
	session, err := connectorFor(t, "--kubeconfig", kubeconfig(t, server.URL, nil)).Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
}

// plugin makes a login plugin of a shell script, and a kubeconfig that uses it.
func plugin(t *testing.T, server, script string) (kubeconfigPath string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the plugins of this test are shell scripts")
	}
	command := filepath.Join(t.TempDir(), "login")
	if err := os.WriteFile(command, []byte("#!/bin/sh\n"+script), 0o700); err != nil { // #nosec G306 -- it is to be run
		t.Fatal(err)
	}
	return pluginCommand(t, server, command)
}

func pluginCommand(t *testing.T, server, command string) string {
	t.Helper()
	return kubeconfig(t, server, func(c *clientcmdapi.Config) {
		c.AuthInfos["main"].Exec = &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: command, InteractiveMode: clientcmdapi.IfAvailableExecInteractiveMode,
		}
	})
}

const givesToken = `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"given"}}'` + "\n"

func TestConnectPlugin(t *testing.T) {
	noCluster(t)
	stderr := os.Stderr
	t.Run("gives a token", func(t *testing.T) {
		var authorization string
		c := newTestCluster(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				authorization = r.Header.Get("Authorization")
				next.ServeHTTP(w, r)
			})
		})
		session, err := connectorFor(t, "--kubeconfig", plugin(t, c.http.URL, "echo warning >&2\n"+givesToken)).Connect(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		if authorization != "Bearer given" {
			t.Errorf("asked with %q", authorization)
		}
		if said := session.plugin.lastLine(); said != "warning" {
			t.Errorf("the plugin said %q", said)
		}
	})
	t.Run("fails", func(t *testing.T) {
		c := newTestCluster(t, nil)
		path := plugin(t, c.http.URL, "echo first >&2; echo 'the SSO session has expired' >&2; echo >&2; exit 3\n")
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", NeedsLogin, "exit code 3", "it says: the SSO session has expired", "user main")
	})
	t.Run("is missing", func(t *testing.T) {
		c := newTestCluster(t, nil)
		path := pluginCommand(t, c.http.URL, "svctui-no-such-plugin")
		mustFail(t, connectorFor(t, "--kubeconfig", path), "", NeedsLogin, "svctui-no-such-plugin", "not installed")
	})
	t.Run("gives a token that is refused", func(t *testing.T) {
		server := answering(t, http.StatusUnauthorized, unauthorized)
		mustFail(t, connectorFor(t, "--kubeconfig", plugin(t, server.URL, givesToken)), "", NeedsLogin, "401")
	})
	t.Run("asks for a device code", func(t *testing.T) {
		c := newTestCluster(t, nil)
		release, ended := filepath.Join(t.TempDir(), "release"), filepath.Join(t.TempDir(), "ended")
		path := plugin(t, c.http.URL, "echo 'open https://login.invalid and enter ABCD' >&2\nuntil [ -e "+release+" ]; do sleep 0.05; done\n"+givesToken+"touch "+ended+"\n")
		connector := connectorFor(t, "--kubeconfig", path, "--request-timeout", "1s")
		mustFail(t, connector, "", NeedsLogin, "waits for you to log in", "enter ABCD")
		write(t, release, "")
		eventually(t, "the plugin ends", func() bool {
			_, err := os.Stat(ended)
			return err == nil
		})
	})
	t.Run("login is needed and done", func(t *testing.T) {
		c := newTestCluster(t, nil)
		done := filepath.Join(t.TempDir(), "done")
		runs := filepath.Join(t.TempDir(), "runs")
		// It can only log in where its standard error is not svctui's file, as in front of a user.
		path := plugin(t, c.http.URL, "echo run >> "+runs+"\n"+
			"case $(readlink /proc/$$/fd/2 2>/dev/null) in *svctui-login*) [ -e "+done+" ] || { echo 'run me by hand' >&2; exit 1; };; *) touch "+done+";; esac\n"+givesToken)
		if _, err := os.Stat("/proc/self/fd"); err != nil {
			t.Skip("needs /proc to tell the two runs apart")
		}
		connector := connectorFor(t, "--kubeconfig", path)
		mustFail(t, connector, "", NeedsLogin, "run me by hand")
		if err := connector.Login(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		session, err := connector.Connect(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		session.Close()
	})
	t.Run("a failing one is not run for every request", func(t *testing.T) {
		c := newTestCluster(t, nil)
		good := filepath.Join(t.TempDir(), "good")
		runs := filepath.Join(t.TempDir(), "runs")
		write(t, good, "")
		expired := `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"}}'` + "\n"
		path := plugin(t, c.http.URL, "echo run >> "+runs+"\n[ -e "+good+" ] || { echo expired >&2; exit 1; }\n"+expired)
		session, err := connectorFor(t, "--kubeconfig", path).Connect(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		if err := os.Remove(good); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			_, err = session.Namespaces(t.Context())
			if !errors.Is(err, NeedsLogin) || !strings.Contains(err.Error(), "it says: expired") {
				t.Errorf("got %v", err)
			}
		}
		if text, err := os.ReadFile(runs); err != nil || strings.Count(string(text), "run") != 2 {
			t.Errorf("it ran so often: %q, %v", text, err)
		}
	})
	t.Run("login ends although the server hangs", func(t *testing.T) {
		hanging := make(chan struct{})
		server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hanging:
			case <-r.Context().Done():
			}
		}))
		t.Cleanup(server.Close)
		t.Cleanup(func() { close(hanging) })
		connector := connectorFor(t, "--kubeconfig", plugin(t, server.URL, givesToken))
		connector.patience = 100 * time.Millisecond
		if err := connector.Login(t.Context(), ""); !errors.Is(err, Unreachable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("none to log in with", func(t *testing.T) {
		c := newTestCluster(t, nil)
		if err := connectorFor(t, "--kubeconfig", kubeconfig(t, c.http.URL, nil)).Login(t.Context(), ""); err != nil {
			t.Error(err)
		}
	})
	if os.Stderr != stderr {
		t.Error("os.Stderr is not what it was")
	}
}

func TestEmbeddedCluster(t *testing.T) {
	noCluster(t)
	c := newTestCluster(t, nil)
	config := c.config()
	config.Host = "https://embedded.invalid"
	dialled := 0
	connector := NewConnector(Options{
		RESTConfig: config, ContextName: "demo", ContextNamespace: "shop",
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			dialled++
			return (&net.Dialer{}).DialContext(ctx, network, c.http.Listener.Addr().String())
		},
	})
	infos, err := connector.Contexts()
	if err != nil || len(infos) != 1 || infos[0] != (model.ContextInfo{Name: "demo", Server: config.Host, Namespace: "shop", Current: true}) {
		t.Errorf("contexts are %+v, %v", infos, err)
	}
	session, err := connector.Connect(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if dialled == 0 || session.Dial() == nil || session.Info().Namespace != "shop" {
		t.Errorf("dialled %d times, info is %+v", dialled, session.Info())
	}
	mustFail(t, connector, "other", UnknownContext, "demo")
}

func TestSessionSaysExpiredLater(t *testing.T) {
	noCluster(t)
	c := newTestCluster(t, nil)
	session := c.session()
	c.server.Misbehave(func(apiserver.Attributes) *apiserver.Fault { return &apiserver.Fault{Code: http.StatusUnauthorized} })
	if _, err := session.Namespaces(t.Context()); !errors.Is(err, Unauthorized) {
		t.Errorf("got %v", err)
	}
}

func TestPluginOutputIsOpenWhileAnybodyUsesIt(t *testing.T) {
	output, err := newPluginOutput()
	if err != nil {
		t.Fatal(err)
	}
	release := output.hold()
	output.close() // the session
	if _, err := output.file.WriteString("logged in\n"); err != nil || output.lastLine() != "logged in" {
		t.Errorf("a forward that outlives its session cannot let its login plugin speak: %v", err)
	}
	release()
	release()
	if _, err := output.file.WriteString("x"); err == nil {
		t.Error("nobody uses it any more, and it is open")
	}
	var none *pluginOutput
	none.hold()()
}
