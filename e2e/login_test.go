package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// doorkeeper stands before the API server where svctui runs. It lets those in who bear the one token that counts now,
// and passes their requests on as the administrator's; everybody else gets a 401, as with a token that has expired.
type doorkeeper struct {
	token  atomic.Pointer[string]
	server *httptest.Server
}

func newDoorkeeper(t *testing.T, c *harness.Cluster) *doorkeeper {
	t.Helper()
	own := c.RequireOwn(t)
	target, err := url.Parse(c.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	config := rest.CopyConfig(c.Config)
	config.Dial = own.DialContext
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: nil,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Authorization")
		},
	}
	d := &doorkeeper{}
	d.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := d.token.Load(); token == nil || r.Header.Get("Authorization") != "Bearer "+*token {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`))
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	d.server.Listener.Close()
	d.server.Listener = listenInCluster(t, own.Enter()[1])
	d.server.StartTLS()
	t.Cleanup(func() {
		d.server.CloseClientConnections()
		d.server.Close()
	})
	return d
}

// accept makes one token the only one that counts, and ends every connection, as expiry and a restart do.
func (d *doorkeeper) accept(token string) {
	d.token.Store(&token)
	d.server.CloseClientConnections()
}

func (d *doorkeeper) kubeconfig(t *testing.T, kubeconfig string) string {
	t.Helper()
	return changed(t, kubeconfig, func(_ *clientcmdapi.AuthInfo, cluster *clientcmdapi.Cluster) {
		cluster.Server = d.server.URL
		cluster.CertificateAuthorityData = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificateOf(d.server.TLS)})
	})
}

func certificateOf(config *tls.Config) []byte {
	certificate, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	if err != nil {
		panic(err)
	}
	return certificate.Raw
}

// listenInCluster listens on the loopback address of the network namespace that `nsenter --net=PATH` enters.
func listenInCluster(t *testing.T, option string) net.Listener {
	t.Helper()
	_, path, _ := strings.Cut(option, "=")
	type result struct {
		listener net.Listener
		err      error
	}
	results := make(chan result)
	go func() {
		// The thread is not given back: it ends with the goroutine, and nobody else gets its namespace.
		runtime.LockOSThread()
		file, err := os.Open(path)
		if err == nil {
			defer file.Close()
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
		}
		if err != nil {
			results <- result{nil, err}
			return
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		results <- result{listener, err}
	}()
	r := <-results
	if r.err != nil {
		t.Fatalf("listen in %s: %v", path, r.err)
	}
	return r.listener
}

// askingPlugin is a login plugin that gives the token in a file. Where there is none it shows a code and waits for a
// line of the keyboard, if there is one.
const askingPlugin = `
if [ -s "DIR/token" ]; then
  printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}\n' "$(cat DIR/token)"
  exit 0
fi
echo "Open https://login.example.com and enter the code WXYZ-1234" >&2
if [ -t 0 ]; then
  read -r answer
  echo "$answer" > DIR/token
  printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}\n' "$answer"
  exit 0
fi
exit 1
`

// A token that expires while the screen is open: the rows stay and say that they are old; Ctrl-R gives the terminal
// to the plugin, and afterwards all is as it was.
func TestLoginExpiresAndIsRenewed(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	door := newDoorkeeper(t, c)
	door.accept("first")
	dir := t.TempDir()
	plugin := door.kubeconfig(t, pluginKubeconfig(t, c, strings.ReplaceAll(askingPlugin, "DIR", dir)))

	// Without a terminal nobody can be asked, and what the plugin wants is said.
	result := c.Run(t, harness.Run{Args: []string{"diagnose", "-n", namespace}, Kubeconfig: plugin})
	checkRefusal(t, result, "the login plugin", "enter the code WXYZ-1234")

	// In a terminal it is asked before there is a screen.
	screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: plugin})
	screen.WaitFor("enter the code WXYZ-1234", 20*time.Second)
	if screen.AltScreen() {
		t.Error("the plugin was asked over the screen")
	}
	screen.Send("first\r")
	waitForRow(screen, "zeta", `^✗`, verdictLimit)
	selectRow(t, screen, "alpha")
	address := forwardByKeys(t, screen, "svc/alpha:80")
	waitForAnswer(t, c, address, myAppPod(t, c, namespace))

	// The token expires, and the plugin has no other.
	if err := os.Remove(filepath.Join(dir, "token")); err != nil {
		t.Fatal(err)
	}
	door.accept("second")
	screen.WaitFor("Ctrl-R logs in again", 2*time.Minute)
	shown := screen.WaitUntil("the rows to be doubted", 30*time.Second, func(shown string) bool {
		return regexp.MustCompile(`^\?`).MatchString(rowOf(shown, "alpha"))
	})
	if header := strings.Split(shown, "\n")[0]; strings.Contains(header, "● live") || !strings.Contains(header, "stale") {
		t.Errorf("the header does not say that this is old: %s", header)
	}
	t.Log(strings.Join(strings.Split(shown, "\n")[1:4], "\n"))

	screen.Send(terminal.CtrlR)
	screen.WaitUntil("the plugin to have the terminal", 20*time.Second, func(shown string) bool {
		_, asked, _ := strings.Cut(shown, "logging in to svctui-e2e") // above it is what was asked at the start
		return !screen.AltScreen() && strings.Contains(asked, "enter the code WXYZ-1234")
	})
	screen.Send("second\r")
	waitForRow(screen, "alpha", `^✓`, verdictLimit)
	screen.WaitFor("● live", 20*time.Second)
	screen.WaitGone("logs in again", 10*time.Second)
	if shown := screen.Screen(); !regexp.MustCompile(`▌✓ alpha `).MatchString(shown) {
		t.Errorf("the selection is lost:\n%s", shown)
	}
	waitForAnswer(t, c, address, myAppPod(t, c, namespace))
	screen.Send("f")
	screen.WaitFor("svc/alpha:80", 10*time.Second)
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	screen.Send(terminal.CtrlC)
	screen.WaitFor("Quit?", 10*time.Second)
	screen.Send(terminal.CtrlC)
	checkLeft(t, screen, 0)
}

func myAppPod(t *testing.T, c *harness.Cluster, namespace string) string {
	t.Helper()
	pods, err := c.Pods(t.Context(), namespace, "app=my-app")
	if err != nil || len(pods) != 1 {
		t.Fatalf("Pods of my-app: %d, %v", len(pods), err)
	}
	return pods[0].Name
}

// A login that is given up leaves the screen usable, and says so.
func TestLoginIsGivenUp(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	door := newDoorkeeper(t, c)
	door.accept("right")
	dir := t.TempDir()
	plugin := door.kubeconfig(t, pluginKubeconfig(t, c, strings.ReplaceAll(askingPlugin, "DIR", dir)))
	screen := c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Kubeconfig: plugin})
	screen.WaitFor("WXYZ-1234", 20*time.Second)
	screen.Send("wrong\r")
	screen.WaitFor("Not connected to", 30*time.Second)
	screen.WaitFor("401 Unauthorized", 10*time.Second)
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("right"), 0o600); err != nil {
		t.Fatal(err)
	}
	screen.Send(terminal.CtrlR)
	waitForRow(screen, "alpha", `^✓`, verdictLimit)
	leave(t, screen)
}
