package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/scenarios"
	"github.com/svctui/svctui/e2e/terminal"
)

// isolated is an application and what the isolation test must say of it, as a command and on the screen.
type isolated struct {
	name string
	// workload are the arguments of the container, port the port that the Service leads to.
	workload, port, probe string
	ready                 int
	expected              scenarios.TestExpectation
	// shown is a part of the conclusion on the screen.
	shown string
}

var isolatedApplications = []isolated{
	{
		name: "healthy", workload: "http", port: "8080", probe: quickProbe, ready: 1,
		expected: scenarios.TestExpectation{Rungs: map[string]string{"pod": "ok", "service": "ok", "proxy-service": "ok", "proxy-pod": "ok"}},
		shown:    "The application answers on its Pod's IP",
	},
	{
		name: "loopback", workload: "loopback", port: "8080", ready: 1,
		expected: scenarios.TestExpectation{
			Conclusion: "PORT-09", Exit: 1, Says: []string{"127.0.0.1"},
			Rungs: map[string]string{"pod": "ok", "service": "ok", "proxy-service": "refused", "proxy-pod": "refused"},
		},
		shown: "The application listens on 127.0.0.1 only.",
	},
	{
		name: "nothing", workload: "http", port: "9999", ready: 1,
		expected: scenarios.TestExpectation{
			Conclusion: "PORT-08", Exit: 1, Says: []string{"9999"},
			Rungs: map[string]string{"pod": "refused", "service": "refused", "proxy-service": "refused", "proxy-pod": "refused"},
		},
		shown: "Nothing listens on port 9999",
	},
	{
		name: "encrypted", workload: "https", port: "8443", ready: 1,
		expected: scenarios.TestExpectation{Conclusion: "PORT-12", Rungs: map[string]string{"pod": "ok", "service": "ok", "proxy-service": "ok", "proxy-pod": "ok"}},
		shown:    "it speaks TLS",
	},
	{
		name: "echo", workload: "tcp", port: "8080", ready: 1,
		expected: scenarios.TestExpectation{Rungs: map[string]string{"pod": "ok", "service": "ok", "proxy-service": "ok", "proxy-pod": "ok"}},
		shown:    "The application answers on its Pod's IP",
	},
	{
		name: "slow", workload: "http, -answer-delay, 8s", port: "8080", ready: 1,
		expected: scenarios.TestExpectation{Exit: 2, Rungs: map[string]string{"pod": "timeout", "service": "timeout", "proxy-service": "ok", "proxy-pod": "ok"}},
		shown:    "it takes 8s to answer",
	},
	{
		name: "unready", workload: "http, -ready=false", port: "8080", probe: quickProbe, ready: 0,
		expected: scenarios.TestExpectation{
			Exit: 1, Rungs: map[string]string{"pod": "ok", "service": "ok", "proxy-service": "no-endpoints", "proxy-pod": "ok"},
		},
		shown: "The application answers, with an error",
	},
}

const isolatedManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: svctui.test/workload:1
          imagePullPolicy: Never
          args: [WORKLOAD]
          PROBE
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec:
  selector: {app: NAME}
  ports: [{port: 80, targetPort: PORT}]
`

// checkYoung tests a Service anew whose Pods have just been replaced and do not become Ready: the test and the sweep say when to look again.
func checkYoung(t *testing.T, c *harness.Cluster, namespace, name string) {
	t.Helper()
	c.Shell(t, "kubectl delete pod --wait=false -l app="+name+" -n "+namespace)
	for _, more := range [][]string{nil, {"--all-pods"}} {
		harness.Eventually(t, 20*time.Second, "the test of a young Pod to say when to test again", func(context.Context) error {
			if result := c.Svctui(t, append([]string{"test", name, "-n", namespace}, more...)...); result.Code != 2 || !strings.Contains(result.Stdout, "run the test again in ") {
				return errors.New(result.String())
			}
			return nil
		})
	}
}

func TestIsolationByKey(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	for _, app := range isolatedApplications {
		c.Apply(t, namespace, replaced(isolatedManifest, "NAME", app.name, "WORKLOAD", app.workload, "PROBE", app.probe, "PORT", app.port))
	}
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr(""), Count: ptr(len(isolatedApplications)), Phase: "Running"})
	screen := c.Terminal(t, 120, 40, "-n", namespace)
	for _, app := range isolatedApplications {
		c.Wait(t, namespace, time.Minute, objects.Condition{Endpoints: &app.name, Ready: &app.ready, Total: ptr(1)})
	}
	for _, app := range isolatedApplications {
		if app.ready == 0 {
			// A young Pod's readiness is not held against it.
			checkYoung(t, c, namespace, app.name)
			harness.Eventually(t, time.Minute, "the Pod is old enough to be at fault", func(context.Context) error {
				if result := c.Svctui(t, "diagnose", app.name, "-n", namespace); result.Code != 1 {
					return errors.New(result.String())
				}
				return nil
			})
		}
		result := c.Svctui(t, "test", app.name, "-n", namespace, "-o", "json")
		if result.Code != app.expected.Exit {
			t.Errorf("test %s: want exit code %d\n%s", app.name, app.expected.Exit, result)
		}
		var ports []harness.PortTest
		result.Decode(t, &ports)
		if len(ports) != 1 {
			t.Fatalf("test %s: want one port\n%s", app.name, result)
		}
		if err := harness.CompareTest(app.expected, ports[0]); err != nil {
			t.Errorf("test %s: %v", app.name, err)
		}

		selectRow(t, screen, app.name)
		screen.Send("t")
		screen.WaitFor("isolation test", 10*time.Second)
		screen.WaitFor(app.shown, 30*time.Second)
		if app.expected.Conclusion != "" {
			screen.WaitFor(app.expected.Conclusion+" · probed", 10*time.Second)
		}
		screen.Send("q")
		screen.WaitFor("HEALTH", 10*time.Second)
	}

	// By its options it asks something else, which the application answers otherwise.
	selectRow(t, screen, "healthy")
	screen.Send("t")
	screen.WaitFor("GET /readyz", 30*time.Second)
	screen.Send("o")
	screen.WaitFor("what to ask", 10*time.Second)
	screen.Send(terminal.Tab, terminal.CtrlU, "/status/418", terminal.Enter)
	screen.WaitFor("GET /status/418", 20*time.Second)
	screen.WaitFor("418", 20*time.Second)
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	leave(t, screen)
}
