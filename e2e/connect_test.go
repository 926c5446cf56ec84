package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// elsewhere is a kubeconfig with another server in it.
func elsewhere(t *testing.T, c *harness.Cluster, server string) string {
	t.Helper()
	return changed(t, c.Kubeconfig, func(_ *clientcmdapi.AuthInfo, cluster *clientcmdapi.Cluster) { cluster.Server = server })
}

// changed is a copy of a kubeconfig with one user and one cluster in which something is otherwise.
func changed(t *testing.T, kubeconfig string, change func(*clientcmdapi.AuthInfo, *clientcmdapi.Cluster)) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range config.AuthInfos {
		for _, cluster := range config.Clusters {
			change(user, cluster)
		}
	}
	return harness.WriteKubeconfig(t, config)
}

// silentServer accepts connections where svctui runs, and never says a word. It returns its address.
func silentServer(t *testing.T, c *harness.Cluster) string {
	t.Helper()
	cmd := c.Command(context.Background(), t, harness.Run{Args: []string{"silent", "-listen", "127.0.0.1:0"}}, workloadProgram(t))
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line := make([]byte, 256)
	n, err := output.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	_, address, found := strings.Cut(strings.TrimSpace(string(line[:n])), "listening on ")
	if !found {
		t.Fatalf("the silent server says %q", line[:n])
	}
	return address
}

// workloadProgram builds the workload for this machine.
func workloadProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "workload")
	cmd := exec.Command("go", "build", "-o", program, "./workload")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the workload: %v\n%s", err, output)
	}
	return program
}

// closedPort is an address where nothing listens: on port 1 of the loopback address, which nobody uses.
const closedPort = "127.0.0.1:1"

// What is wrong before anything of the cluster was seen: the command says it in one sentence and ends with 2; the
// screen says the same, and stays.
func TestCannotConnect(t *testing.T) {
	c := harness.Use(t)
	c.RequireOwn(t)
	for _, test := range []struct {
		name string
		run  func(t *testing.T) harness.Run
		says []string
	}{
		{"no kubeconfig", func(*testing.T) harness.Run { return harness.Run{Kubeconfig: "-"} }, []string{"no kubeconfig found", "KUBECONFIG", "--demo"}},
		{
			"kubeconfig that is not there", func(*testing.T) harness.Run {
				return harness.Run{Args: []string{"--kubeconfig", "/no/such/file"}}
			}, []string{"there is no kubeconfig /no/such/file"},
		},
		{
			"kubeconfig that is none", func(t *testing.T) harness.Run {
				path := filepath.Join(t.TempDir(), "kubeconfig")
				if err := os.WriteFile(path, []byte("\x1b[2Jnot: [yaml"), 0o600); err != nil {
					t.Fatal(err)
				}
				return harness.Run{Kubeconfig: path}
			}, []string{"cannot use the kubeconfig"},
		},
		{
			"unknown context", func(*testing.T) harness.Run { return harness.Run{Args: []string{"--context", "nope"}} },
			[]string{`no context "nope"`, "svctui-e2e"},
		},
		{
			"closed port", func(t *testing.T) harness.Run { return harness.Run{Kubeconfig: elsewhere(t, c, "https://"+closedPort)} },
			[]string{"cannot reach https://" + closedPort, "connection refused", "is the cluster up"},
		},
		{
			"no such host", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: elsewhere(t, c, "https://api.cluster.invalid:6443")}
			}, []string{"cannot reach https://api.cluster.invalid:6443", "api.cluster.invalid"},
		},
		{
			"no route", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: elsewhere(t, c, "https://192.0.2.1:6443")}
			},
			[]string{"cannot reach https://192.0.2.1:6443", "no route to host"},
		},
		{
			"no TLS", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: elsewhere(t, c, "http://10.200.0.1:6443")}
			}, []string{"http://10.200.0.1:6443", "Kubernetes API server"},
		},
		{
			"foreign certificate", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: changed(t, c.Kubeconfig, func(_ *clientcmdapi.AuthInfo, cluster *clientcmdapi.Cluster) {
					cluster.CertificateAuthorityData = nil
				})}
			}, []string{"no trusted connection", "unknown authority", "certificate-authority"},
		},
		{
			"expired certificate", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: c.ExpiredUserKubeconfig(t, "vera", "system:masters")}
			}, []string{"does not let you in", "the client certificate of user vera expired", "renew it"},
		},
		{
			"unknown token", func(t *testing.T) harness.Run { return harness.Run{Kubeconfig: c.TokenKubeconfig(t, "no-such-token")} },
			[]string{"refuses the credentials of user token (401 Unauthorized)", "log in again or renew it"},
		},
		{
			"plugin that fails", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: pluginKubeconfig(t, c, "echo 'starting'; echo 'your session at corp\x1b[2Z has ended' >&2; exit 3")}
			}, []string{"the login plugin", "gave no credentials", "exit", "3", "your session at corp\ufffd[2Z has ended"},
		},
		{
			"plugin that is missing", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: changed(t, c.TokenKubeconfig(t, ""), func(user *clientcmdapi.AuthInfo, _ *clientcmdapi.Cluster) {
					*user = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
						APIVersion: "client.authentication.k8s.io/v1", Command: "no-such-login-plugin", InteractiveMode: clientcmdapi.IfAvailableExecInteractiveMode,
					}}
				})}
			}, []string{"the login plugin no-such-login-plugin", "is not installed or not in PATH"},
		},
		{
			"plugin that prints nonsense", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: pluginKubeconfig(t, c, "echo '<html>sign in</html>'")}
			}, []string{"the login plugin", "gave no credentials"},
		},
		{
			"plugin whose token is refused", func(t *testing.T) harness.Run {
				return harness.Run{Kubeconfig: pluginKubeconfig(t, c, printToken("stale-token"))}
			}, []string{"refuses the credentials that", "401 Unauthorized", "log in again"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := test.run(t)
			commandRun := run
			commandRun.Args = append([]string{"diagnose", "-n", "default"}, run.Args...)
			checkRefusal(t, c.Run(t, commandRun), test.says...)
			screen := c.TerminalRun(t, 160, 40, run)
			screen.WaitFor("Not connected to ", 30*time.Second)
			flat := func() string { return strings.Join(strings.Fields(screen.Screen()), " ") }
			for _, want := range test.says {
				if !strings.Contains(flat(), want) {
					t.Errorf("the screen does not say %q:\n%s", want, screen.Screen())
				}
			}
			screen.Send(terminal.CtrlC)
			checkLeft(t, screen, 0)
			checkControls(t, screen)
		})
	}
}

// A server that never answers is waited for as long as --request-timeout says, and else for a bounded time.
func TestServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	kubeconfig := elsewhere(t, c, "https://"+silentServer(t, c))
	for _, arguments := range [][]string{{"diagnose"}, {"diagnose", "--request-timeout=1s"}} {
		result := c.Run(t, harness.Run{Args: arguments, Kubeconfig: kubeconfig, Limit: 40 * time.Second})
		checkRefusal(t, result, "did not answer within", "VPN")
	}
	screen := c.TerminalRun(t, 120, 40, harness.Run{Kubeconfig: kubeconfig})
	screen.WaitFor("Connecting to ", 10*time.Second)
	screen.Send("?") // it can be used meanwhile
	screen.WaitFor("EVERYWHERE", 5*time.Second)
	screen.Send("q")
	screen.WaitFor("did not answer within", 40*time.Second)
	screen.Send("q")
	checkLeft(t, screen, 0)
}

// pluginKubeconfig has a login plugin that is this shell script.
func pluginKubeconfig(t *testing.T, c *harness.Cluster, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "corp-login")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return changed(t, c.TokenKubeconfig(t, ""), func(user *clientcmdapi.AuthInfo, _ *clientcmdapi.Cluster) {
		*user = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: path, InteractiveMode: clientcmdapi.IfAvailableExecInteractiveMode,
		}}
	})
}

// printToken is a line of shell that gives a token to client-go.
func printToken(token string) string {
	return fmt.Sprintf(`echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'`, token)
}
