package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/e2e/cluster"
	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/terminal"
)

// Held forwards outlive what happens to a network, a machine and a Service. These tests do not run beside others.

// onLaptop is a laptop beside the cluster, for one test.
func onLaptop(t *testing.T, c *harness.Cluster) *cluster.Laptop {
	t.Helper()
	laptop, err := c.RequireOwn(t).NewLaptop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(laptop.Close)
	return laptop
}

// dialFunc dials where svctui runs.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// ask asks the application at a local address once.
func ask(ctx context.Context, dial dialFunc, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := (&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return strings.TrimSpace(string(answer)), err
}

// answersAgain waits for an answer through a forward and tells how long it took. The time is for the log, except that
// the limit lies below what the system alone would need to notice.
func answersAgain(t *testing.T, dial dialFunc, address string, limit time.Duration) {
	t.Helper()
	begun := time.Now()
	harness.Eventually(t, limit, "an answer through "+address, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		_, err := ask(ctx, dial, address)
		return err
	})
	t.Logf("the forward answers again after %v", time.Since(begun).Round(10*time.Millisecond))
}

// heldConnection is a connection through a forward on which requests can be sent one after the other.
type heldConnection struct {
	conn   net.Conn
	reader *bufio.Reader
}

func holdConnection(t *testing.T, dial dialFunc, address string) heldConnection {
	t.Helper()
	conn, err := dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	held := heldConnection{conn, bufio.NewReader(conn)}
	if err := held.request(30 * time.Second); err != nil {
		t.Fatalf("the first request on a connection: %v", err)
	}
	return held
}

func (h heldConnection) request(limit time.Duration) error {
	if err := h.conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	if _, err := io.WriteString(h.conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(h.reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// checkFailed wants a connection to have failed, and not to hang or to end as if all were well.
func (h heldConnection) checkFailed(t *testing.T) {
	t.Helper()
	if err := h.request(30 * time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection that was open did not fail: %v", err)
	} else {
		t.Logf("the connection that was open failed: %v", err)
	}
}

func quitWithForwards(t testing.TB, screen *terminal.Terminal) {
	t.Helper()
	screen.Send(terminal.CtrlC)
	screen.WaitFor("Quit?", 10*time.Second)
	screen.Send(terminal.CtrlC)
	checkLeft(t, screen, 0)
}

// forwardOnLaptop has svctui run on the laptop and forward to the namespace's Service, with a connection that stays open.
func forwardOnLaptop(t *testing.T, c *harness.Cluster, laptop *cluster.Laptop, namespace string) (screen *terminal.Terminal, address string, open heldConnection) {
	t.Helper()
	screen = c.TerminalRun(t, 120, 40, harness.Run{Args: []string{"-n", namespace}, Enter: laptop.Enter()})
	selectRow(t, screen, "web")
	address = forwardByKeys(t, screen, "svc/web:80")
	answersAgain(t, laptop.DialContext, address, 20*time.Second)
	return screen, address, holdConnection(t, laptop.DialContext, address)
}

func TestForwardOverACutNetwork(t *testing.T) {
	c := harness.Use(t)
	laptop := onLaptop(t, c)
	namespace := startWeb(t, c, "http", quickProbe)
	screen, address, open := forwardOnLaptop(t, c, laptop, namespace)
	screen.Send("f")
	screen.WaitFor("active", 10*time.Second)

	t.Log("a cut that nobody had time to notice")
	cut(t, laptop)
	mend(t, laptop)
	answersAgain(t, laptop.DialContext, address, 20*time.Second)
	if err := open.request(30 * time.Second); err != nil {
		t.Errorf("a connection did not outlive a short cut: %v", err)
	}

	t.Log("a cut that lasts, while the Pods are replaced")
	cut(t, laptop)
	gone := time.Now()
	screen.WaitFor("connecting", time.Minute)
	t.Logf("noticed after %v", time.Since(gone).Round(100*time.Millisecond))
	c.Kubectl(t, "delete", "pods", "-n", namespace, "-l", "app=web")
	scale(t, c, namespace, "web", 1)
	// kubectl wait would wait for a Pod that goes, too.
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=web"), Count: ptr(1), PodReady: ptr(true)})
	mend(t, laptop)
	answersAgain(t, laptop.DialContext, address, 20*time.Second)
	open.checkFailed(t)
	screen.WaitFor("active", 10*time.Second)
	quitWithForwards(t, screen)
}

// What is sent without an end hides that nobody acknowledges it. The upload fails all the same, and long before the system would give it up.
func TestForwardOverANetworkThatIsCutUnderAnUpload(t *testing.T) {
	c := harness.Use(t)
	laptop := onLaptop(t, c)
	namespace := startWeb(t, c, "http", quickProbe)
	screen, address, open := forwardOnLaptop(t, c, laptop, namespace)
	screen.Send("f")
	screen.WaitFor("active", 10*time.Second)

	conn, err := laptop.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	var sent atomic.Int64
	ended := make(chan error, 1)
	go func() {
		_, err := io.WriteString(conn, "POST /discard HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
		for piece := make([]byte, 32<<10); err == nil; sent.Add(int64(len(piece))) {
			_, err = conn.Write(piece)
		}
		ended <- err
	}()
	harness.Eventually(t, 20*time.Second, "an upload that runs", func(context.Context) error {
		if got := sent.Load(); got < 20_000_000 {
			return fmt.Errorf("%d bytes", got)
		}
		return nil
	})
	cut(t, laptop)
	gone := time.Now()
	screen.WaitFor("connecting", time.Minute)
	t.Logf("noticed after %v", time.Since(gone).Round(100*time.Millisecond))
	if err := <-ended; errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the upload did not fail: %v", err)
	} else {
		t.Logf("the upload failed: %v", err)
	}
	open.checkFailed(t)
	mend(t, laptop)
	answersAgain(t, laptop.DialContext, address, 20*time.Second)
	quitWithForwards(t, screen)
}

func cut(t *testing.T, laptop *cluster.Laptop) {
	t.Helper()
	if err := laptop.Cut(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func mend(t *testing.T, laptop *cluster.Laptop) {
	t.Helper()
	if err := laptop.Mend(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A laptop that was closed in one network and opened in another. Its process stood still meanwhile.
func TestForwardAfterSleep(t *testing.T) {
	c := harness.Use(t)
	laptop := onLaptop(t, c)
	namespace := startWeb(t, c, "http", quickProbe)
	screen, address, open := forwardOnLaptop(t, c, laptop, namespace)

	screen.Signal(syscall.SIGSTOP)
	if err := laptop.Move(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Asleep until other Pods are there, which takes longer than what is noticed as sleep.
	c.Kubectl(t, "rollout", "restart", "deployment/web", "-n", namespace)
	c.Kubectl(t, "rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
	screen.Signal(syscall.SIGCONT)
	answersAgain(t, laptop.DialContext, address, 20*time.Second)
	open.checkFailed(t)
	screen.Send("f")
	screen.WaitFor("active", 10*time.Second)
	quitWithForwards(t, screen)
}

// A Service is edited by mistake, deleted, and made again. The forward says so and waits.
func TestForwardWaitsForItsService(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	screen := onRow(t, c, namespace, "web")
	address := forwardByKeys(t, screen, "svc/web:80")
	dial := c.Own.DialContext
	answersAgain(t, dial, address, 20*time.Second)
	screen.Send("f")
	for _, step := range []struct {
		name, says string
		do, undo   []string
	}{
		{
			"no selector", "has no selector",
			[]string{"patch", "service", "web", "--type=json", "-p", `[{"op":"remove","path":"/spec/selector"}]`},
			[]string{"patch", "service", "web", "--type=merge", "-p", `{"spec":{"selector":{"app":"web"}}}`},
		},
		{
			"deleted", "does not exist",
			[]string{"delete", "service", "web"},
			[]string{"expose", "deployment", "web", "--port=80", "--target-port=8080"},
		},
		{
			"scaled to zero", "Pod matches the selector",
			[]string{"scale", "deployment", "web", "--replicas=0"},
			[]string{"scale", "deployment", "web", "--replicas=1"},
		},
	} {
		t.Log(step.name)
		c.Kubectl(t, append(step.do, "-n", namespace)...)
		screen.WaitFor(step.says, 30*time.Second)
		screen.WaitFor("waiting", 30*time.Second)
		c.Kubectl(t, append(step.undo, "-n", namespace)...)
		c.Kubectl(t, "rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s")
		answersAgain(t, dial, address, 20*time.Second)
		screen.WaitFor("active", 10*time.Second)
	}
	quitWithForwards(t, screen)
}

const statefulDB = `
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  replicas: 1
  serviceName: web
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: svctui.test/workload:1
          imagePullPolicy: Never
          args: [http]
          ports: [{name: http, containerPort: 8080}]
          ` + quickProbe + "\n" + webService

// A StatefulSet's Pod comes back under its name. A forward to it, and one to its Service, lead to the new Pod.
func TestForwardToAPodThatComesBackUnderItsName(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	c.Apply(t, namespace, statefulDB)
	c.Wait(t, namespace, time.Minute, objects.Condition{Endpoints: ptr("web"), Ready: ptr(1)})
	screen := onRow(t, c, namespace, "web")
	dial := c.Own.DialContext
	forwards := []string{forwardByKeys(t, screen, "svc/web:80"), forwardByKeys(t, screen, "pod/web-0:8080")}
	var open []heldConnection
	for _, address := range forwards {
		answersAgain(t, dial, address, 20*time.Second)
		open = append(open, holdConnection(t, dial, address))
	}

	for range 2 {
		before := onlyPod(t, c, namespace)
		c.Kubectl(t, "delete", "pod", "web-0", "-n", namespace, "--wait=false")
		harness.Eventually(t, time.Minute, "a new web-0", func(ctx context.Context) error {
			pods, err := c.Pods(ctx, namespace, "app=web")
			if err == nil && (len(pods) != 1 || pods[0].UID == before.UID) {
				err = fmt.Errorf("%d Pods, or the one from before", len(pods))
			}
			return err
		})
		c.Kubectl(t, "wait", "--for=condition=Ready", "pod/web-0", "-n", namespace, "--timeout=60s")
		for _, address := range forwards {
			answersAgain(t, dial, address, 20*time.Second)
		}
	}
	for _, one := range open {
		one.checkFailed(t)
	}
	screen.Send("f")
	screen.WaitUntil("both forwards to be active", 10*time.Second, func(shown string) bool { return strings.Count(shown, " active ") == 2 })
	quitWithForwards(t, screen)
}

func onlyPod(t *testing.T, c *harness.Cluster, namespace string) corev1.Pod {
	t.Helper()
	pods, err := c.Pods(t.Context(), namespace, "app=web")
	if err != nil || len(pods) != 1 {
		t.Fatalf("%d Pods, %v", len(pods), err)
	}
	return pods[0]
}

// The kubelet of the Pod's node ends and comes back. The forward goes on to the same Pod.
func TestForwardOverARestartOfTheKubelet(t *testing.T) {
	c := harness.Use(t)
	c.RequireOwn(t)
	namespace := startWeb(t, c, "http", quickProbe)
	scale(t, c, namespace, "web", 1)
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=web"), Count: ptr(1), PodReady: ptr(true)})
	pod := onlyPod(t, c, namespace)
	screen := onRow(t, c, namespace, "web")
	dial := c.Own.DialContext
	address := forwardByKeys(t, screen, "svc/web:80")
	answersAgain(t, dial, address, 20*time.Second)
	open := holdConnection(t, dial, address)

	start := stopped(t, c, pod.Spec.NodeName+"-kubelet")
	screen.Send("f")
	screen.WaitFor("connecting", 30*time.Second)
	open.checkFailed(t)
	start()
	answersAgain(t, dial, address, 20*time.Second)
	waitForAnswer(t, c, address, pod.Name)
	screen.WaitUntil("the forward to be active", 10*time.Second, func(shown string) bool { return strings.Contains(shown, " active ") })
	quitWithForwards(t, screen)
}
