package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/terminal"
)

// What Kubernetes itself asks of kubectl port-forward (test/e2e/kubectl/portforward.go) is asked of our forwards here, and
// of half-closed and reset connections beside.

// talker is a container that serves one connection, and what a client does with it.
type talker struct {
	name string
	// flags of the workload's mode talk.
	flags string
	// client speaks through the forward.
	client func(*testing.T, *net.TCPConn)
	// exit is the container's exit code, log what its log has to hold.
	exit int32
	log  []string
	// lastError is what the forward has to say; empty for nothing.
	lastError string
}

func talkers() []talker {
	hundred := strings.Repeat("x", 100)
	wantHundred := func(t *testing.T, conn *net.TCPConn) {
		t.Helper()
		if got, err := io.ReadAll(conn); err != nil || string(got) != hundred {
			t.Errorf("got %q and %v, want 100 bytes and the end", got, err)
		}
	}
	return []talker{
		{
			name: "sends nothing and leaves", flags: "-expect abc -chunks 1",
			client: func(_ *testing.T, conn *net.TCPConn) { conn.Close() },
			exit:   3, log: []string{"accepted a connection", "got 0 of the 3 bytes"},
		},
		{
			name: "sends data", flags: "-expect abc -chunks 10 -interval 100ms",
			client: func(t *testing.T, conn *net.TCPConn) {
				if _, err := io.WriteString(conn, "abc"); err != nil {
					t.Error(err)
				}
				wantHundred(t, conn)
				if err := conn.CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
					t.Error(err)
				}
			},
			log: []string{"accepted a connection", "got what was expected", "done"},
		},
		{
			name: "is talked to first", flags: "-chunks 10 -interval 100ms", client: wantHundred,
			log: []string{"accepted a connection", "done"},
		},
		{
			// Container runtimes cut the answer a second after the client's last word.
			name: "has said all, and listens", flags: "-expect abc -chunks 10 -interval 200ms",
			client: func(t *testing.T, conn *net.TCPConn) {
				if _, err := io.WriteString(conn, "abc"); err != nil {
					t.Error(err)
				}
				if err := conn.CloseWrite(); err != nil {
					t.Error(err)
				}
				wantHundred(t, conn)
			},
			log: []string{"got what was expected", "done"},
		},
		{
			name: "sends to its end", flags: "-to-end",
			client: func(t *testing.T, conn *net.TCPConn) {
				if _, err := io.Copy(conn, io.LimitReader(zeros{}, 300_000)); err != nil {
					t.Error(err)
				}
				if err := conn.CloseWrite(); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadAll(conn); err != nil {
					t.Error(err)
				}
			},
			log: []string{"got to the end, 300000 bytes"},
		},
		{
			name: "is reset by the server", flags: "-chunks 1 -reset",
			client: func(t *testing.T, conn *net.TCPConn) {
				if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("a reset became %v", err)
				}
			},
			log: []string{"done"}, lastError: "reset by peer",
		},
		{
			name: "resets", flags: "-chunks 100000 -size 10000",
			client: func(t *testing.T, conn *net.TCPConn) {
				if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
					t.Error(err)
				}
				_ = conn.SetLinger(0)
				conn.Close()
			},
			exit: 3, log: []string{"sending piece"},
		},
	}
}

func TestPortForwardCasesOfKubernetes(t *testing.T) {
	c := harness.Use(t)
	c.RequireOwn(t)
	for _, transport := range []struct {
		name, variable string
		addresses      []string
	}{{"WebSocket", "true", []string{"0.0.0.0", "127.0.0.1"}}, {"SPDY", "false", []string{"127.0.0.1"}}} {
		t.Run(transport.name, func(t *testing.T) {
			namespace := c.Namespace(t)
			cases := map[string]talker{}
			var containers, ports strings.Builder
			port := 9000
			for _, address := range transport.addresses {
				for _, one := range talkers() {
					port++
					name := fmt.Sprintf("p%d", port)
					one.name = "listening on " + address + ", the client " + one.name
					cases[name] = one
					fmt.Fprintf(&containers, "    - name: %s\n      image: svctui.test/workload:1\n      imagePullPolicy: Never\n"+
						"      args: [talk, -listen, \"%s:%d\", %s]\n      ports: [{containerPort: %d}]\n",
						name, address, port, `"`+strings.Join(strings.Fields(one.flags), `", "`)+`"`, port)
					fmt.Fprintf(&ports, "    - {name: p%d, port: %d}\n", port, port)
				}
			}
			c.Apply(t, namespace, "apiVersion: v1\nkind: Pod\nmetadata: {name: talker, labels: {app: talker}}\nspec:\n  restartPolicy: Never\n"+
				"  terminationGracePeriodSeconds: 1\n  containers:\n"+
				"    - {name: stays, image: \"svctui.test/workload:1\", imagePullPolicy: Never, args: [pause]}\n"+containers.String()+
				"---\napiVersion: v1\nkind: Service\nmetadata: {name: talker}\nspec:\n  selector: {app: talker}\n  ports:\n"+ports.String())
			c.Wait(t, namespace, 2*time.Minute, objects.Condition{Endpoints: ptr("talker"), Ready: ptr(1)})
			screen := c.TerminalRun(t, 200, 50, harness.Run{
				Args: []string{"-n", namespace}, Env: []string{"KUBECTL_PORT_FORWARD_WEBSOCKETS=" + transport.variable},
			})
			selectRow(t, screen, "talker")
			addresses := map[string]string{}
			for name := range cases {
				waitForLog(t, c, namespace, "talker", name, "listening on")
				// All while the Pod is Ready; it is not any more when the first container has ended.
				addresses[name] = forwardByKeys(t, screen, "pod/talker:"+name[1:])
			}
			t.Run("cases", func(t *testing.T) {
				for name, one := range cases {
					t.Run(one.name, func(t *testing.T) {
						t.Parallel()
						checkTalk(t, c, namespace, addresses[name], name, one)
					})
				}
			})
			checkLastErrors(t, screen, cases)
			quitWithForwards(t, screen)
		})
	}
}

// checkTalk lets a client speak through a forward, and looks at what the container saw.
func checkTalk(t *testing.T, c *harness.Cluster, namespace, address, container string, one talker) {
	t.Helper()
	conn, err := c.Own.DialContext(t.Context(), "tcp", address)
	switch resets := one.lastError != ""; {
	case err == nil:
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		one.client(t, conn.(*net.TCPConn))
	case !resets || !errors.Is(err, syscall.ECONNRESET):
		// A reset may be there before the dialler looks whether it is connected.
		t.Fatal(err)
	}
	if code := waitForExit(t, c, namespace, "talker", container); code != one.exit {
		t.Errorf("the container ended with %d, want %d", code, one.exit)
	}
	for _, text := range one.log {
		waitForLog(t, c, namespace, "talker", container, text)
	}
}

// checkLastErrors looks at each forward on the screen: orderly ends are no errors, and others in the runtime's words.
func checkLastErrors(t *testing.T, screen *terminal.Terminal, cases map[string]talker) {
	t.Helper()
	screen.Send("f")
	screen.WaitFor("LOCAL", 10*time.Second)
	screen.Send("g")
	for range cases {
		screen.WaitQuiet(300*time.Millisecond, 10*time.Second)
		detail := flat(screen.Screen())
		_, after, found := strings.Cut(detail, "leads to pod/talker:")
		if !found || len(after) < 4 {
			t.Fatalf("no forward is selected:\n%s", screen.Screen())
		}
		one := cases["p"+after[:4]]
		_, said, failed := strings.Cut(after, "last error ")
		if failed != (one.lastError != "") || !strings.Contains(said, one.lastError) {
			t.Errorf("%s: want %q as the last error, got %q", one.name, one.lastError, said)
		}
		screen.Send(terminal.Down)
	}
}

func waitForLog(t *testing.T, c *harness.Cluster, namespace, pod, container, text string) {
	t.Helper()
	harness.Eventually(t, time.Minute, fmt.Sprintf("%q in the log of %s", text, container), func(ctx context.Context) error {
		log, err := c.Kube.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container}).DoRaw(ctx)
		if err == nil && !bytes.Contains(log, []byte(text)) {
			err = fmt.Errorf("it is %q", log)
		}
		return err
	})
}

func waitForExit(t *testing.T, c *harness.Cluster, namespace, pod, container string) (code int32) {
	t.Helper()
	harness.Eventually(t, time.Minute, "the end of container "+container, func(ctx context.Context) error {
		found, err := c.Kube.CoreV1().Pods(namespace).Get(ctx, pod, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, status := range found.Status.ContainerStatuses {
			if ended := status.State.Terminated; status.Name == container && ended != nil {
				code = ended.ExitCode
				return nil
			}
		}
		return errors.New("it runs")
	})
	return code
}

// A client that goes away in the middle of an answer does no harm to the next one, nor does a Pod that is deleted in the
// middle of a request end the forward: the client sees an error, and the forward waits.
func TestForwardOutlivesItsConnections(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	pod := podNames(t, c, namespace)[0]
	screen := onRow(t, c, namespace, "web")
	address := forwardByKeys(t, screen, "pod/"+pod+":8080")
	dial := c.RequireOwn(t).DialContext

	for range 3 {
		conn, err := dial(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /bytes/50000000 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		answersAgain(t, dial, address, 20*time.Second)
	}

	sending, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/discard", io.LimitReader(zeros{}, 1<<40))
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		response, err := (&http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: time.Minute}).Do(sending)
		if err == nil {
			response.Body.Close()
		}
		failed <- err
	}()
	screen.Send("f")
	screen.WaitFor("1 of ", 10*time.Second)
	c.Delete(t, namespace, "Pod", pod)
	if err := <-failed; err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the request to a Pod that went away ended with %v", err)
	} else {
		t.Log(err)
	}
	screen.WaitFor("waiting", 20*time.Second)
	screen.WaitFor("does not exist", 20*time.Second)
	quitWithForwards(t, screen)
}
