package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/scenarios"
	"github.com/svctui/svctui/e2e/terminal"
)

// Parts of the cluster fail while svctui runs. These tests do not run beside others.

// stopped stops a process of the cluster, and starts it again at the test's end if it was not before.
func stopped(t *testing.T, c *harness.Cluster, process string) (start func()) {
	t.Helper()
	own := c.RequireOwn(t)
	if err := own.Stop(t.Context(), process); err != nil {
		t.Fatal(err)
	}
	started := false
	start = func() {
		t.Helper()
		if started {
			return
		}
		started = true
		if err := own.StartAgain(process); err != nil {
			t.Fatal(err)
		}
		deadline, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := objects.Eventually(deadline, func(ctx context.Context) error { _, err := own.Status(ctx); return err }); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(start)
	return start
}

// The API server ends and comes back. The rows stay, and say that they are old; then they are live again, and what
// happened meanwhile is on the screen, without a key.
func TestAPIServerIsAwayForAWhile(t *testing.T) {
	c := harness.Use(t)
	c.RequireOwn(t)
	namespace := startTwo(t, c)
	list := c.Terminal(t, 120, 40, "-n", namespace)
	open := c.Terminal(t, 120, 40, "alpha", "-n", namespace)
	logs := c.Terminal(t, 120, 40, "-n", namespace)
	waitForRow(list, "zeta", `^✗`, verdictLimit)
	open.WaitFor("The one endpoint", 20*time.Second)
	selectRow(t, list, "alpha")
	address := forwardByKeys(t, list, "svc/alpha:80")
	selectRow(t, logs, "alpha")
	logs.Send("l")
	logs.WaitFor("listening on", 20*time.Second)

	start := stopped(t, c, "kube-apiserver")
	gone := time.Now()
	for _, screen := range []*terminal.Terminal{list, open} {
		screen.WaitUntil("the header to say that it is stale", 2*time.Minute, func(shown string) bool {
			return strings.Contains(strings.Split(shown, "\n")[0], "stale since")
		})
		screen.WaitFor("Nothing was heard since", 10*time.Second)
		screen.WaitFor("Ctrl-R connects again", 10*time.Second)
	}
	t.Logf("stale %v after the end of the API server", time.Since(gone).Round(100*time.Millisecond))
	waitForRow(list, "alpha", `^\?`, 10*time.Second)
	result := c.Run(t, harness.Run{Args: []string{"diagnose", "-n", namespace}, Limit: 30 * time.Second})
	checkRefusal(t, result, "cannot reach", "connection refused")
	// Everything can still be asked for, and nothing hangs.
	for _, key := range []string{"t", "y", "d", "v", "l"} {
		list.Send(key)
		list.WaitGone("HEALTH", 10*time.Second)
		list.Send("q")
		list.WaitFor("HEALTH", 10*time.Second)
	}

	start()
	back := time.Now()
	for _, screen := range []*terminal.Terminal{list, open} {
		screen.WaitFor("● live", time.Minute)
		screen.WaitGone("Nothing was heard since", 10*time.Second)
	}
	t.Logf("live %v after the API server was", time.Since(back).Round(100*time.Millisecond))
	waitForRow(list, "alpha", `^✓`, 20*time.Second)
	c.Kubectl(t, "delete", "service", "zeta", "-n", namespace)
	list.WaitUntil("zeta's row to go", 20*time.Second, func(shown string) bool { return rowOf(shown, "zeta") == "" })
	waitForAnswer(t, c, address, myAppPod(t, c, namespace))
	if err := c.PostToPod(t.Context(), namespace, myAppPod(t, c, namespace), 8080, "/ready?on=1"); err != nil {
		t.Error(err)
	}
	logs.WaitFor("following", 10*time.Second)
	list.Send(terminal.CtrlC)
	list.WaitFor("Quit?", 10*time.Second)
	list.Send(terminal.CtrlC)
	checkLeft(t, list, 0)
}

// kubelet is what logs and forwards go through.
func TestKubeletIsAway(t *testing.T) {
	c := harness.Use(t)
	c.RequireOwn(t)
	namespace := startTwo(t, c)
	screen := onRow(t, c, namespace, "alpha")
	waitForRow(screen, "alpha", `^✓`, 20*time.Second)
	address := forwardByKeys(t, screen, "svc/alpha:80")
	pod := myAppPod(t, c, namespace)
	waitForAnswer(t, c, address, pod)
	running, err := c.Kube.CoreV1().Pods(namespace).Get(t.Context(), pod, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, c, running.Spec.NodeName+"-kubelet")

	if answer, err := throughForward(t, c, http.MethodGet, "http://"+address+"/", http.NoBody); err == nil {
		t.Errorf("without kubelet the forward carries %q", answer)
	}
	screen.Send("f")
	screen.WaitFor("last error", 20*time.Second)
	t.Log(flat(screen.Screen()))
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)

	screen.Send("l")
	screen.WaitUntil("the log to say why there is none", 30*time.Second, func(shown string) bool {
		return strings.Contains(shown, "connection refused")
	})
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)

	// The Pod runs on, and the API server reaches it.
	result := c.Run(t, harness.Run{Args: []string{"test", "alpha", "-n", namespace, "-o", "json"}, Limit: 40 * time.Second})
	var ports []harness.PortTest
	result.Decode(t, &ports)
	if ports[0].Result("proxy-pod") != "ok" || ports[0].Result("pod") == "ok" || ports[0].Result("pod") == "refused" {
		t.Errorf("kubelet is away, and the test says %+v", ports[0])
	}
	t.Logf("%d %+v", result.Code, ports[0])
	screen.Send("t")
	screen.WaitUntil("a conclusion", 40*time.Second, func(shown string) bool {
		return !strings.Contains(shown, "testing …") && strings.Contains(shown, "Proxy→Pod")
	})
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	screen.Send(terminal.CtrlC)
	screen.WaitFor("Quit?", 10*time.Second)
	screen.Send(terminal.CtrlC)
	checkLeft(t, screen, 0)
}

// The kubelet of the node that has all of a Service's Pods ends. The Pods run on and would answer, but are no endpoints any
// more: the node is the cause, and not their readiness probes.
func TestNodeStops(t *testing.T) {
	c := harness.Use(t)
	if own := c.RequireOwn(t); own.Nodes < 2 {
		t.Skip("needs a second node, which nothing else depends on")
	}
	namespace := c.Namespace(t)
	pinned := strings.Replace(fmt.Sprintf(plainWeb, "http", httpProbe), "spec:\n      termination", "spec:\n      nodeSelector: {kubernetes.io/hostname: node-2}\n      termination", 1)
	c.Apply(t, namespace, pinned)
	c.Wait(t, namespace, time.Minute, objects.Condition{Endpoints: ptr("web"), Ready: ptr(2)})
	start := stopped(t, c, "node-2-kubelet")
	node := scenarios.Expectation{
		Verdict: "fail", Leads: "POD-08", Never: []string{"POD-06"},
		Evidence: []scenarios.Evidence{{Kind: "Node", Name: "node-2"}}, Says: []string{"node-2"},
	}
	waitForDiagnosis(t, c, namespace, "web", 90*time.Second, node)
	start()
	waitForDiagnosis(t, c, namespace, "web", 90*time.Second, scenarios.Expectation{Verdict: "ok", Never: []string{"*"}})
}

// waitForDiagnosis asks until what svctui says of a Service is as expected.
func waitForDiagnosis(t *testing.T, c *harness.Cluster, namespace, service string, limit time.Duration, expected scenarios.Expectation) {
	t.Helper()
	harness.Eventually(t, limit, "the verdict "+expected.Verdict, func(context.Context) error {
		var diagnosis harness.Diagnosis
		c.Svctui(t, "diagnose", "-n", namespace, "-o", "json").Decode(t, &diagnosis)
		return harness.Compare(expected, diagnosis.Find(namespace, service))
	})
}
