package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/terminal"
)

// twoServices is a healthy Service, and one whose selector lacks a dash.
const twoServices = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-app}
spec:
  selector: {matchLabels: {app: my-app}}
  template:
    metadata: {labels: {app: my-app}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - {name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [http], ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: alpha}
spec:
  selector: {app: my-app}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: v1
kind: Service
metadata: {name: zeta}
spec:
  selector: {app: myapp}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "viewers of ${namespace}"}]
`

// startTwo brings them up.
func startTwo(t *testing.T, c *harness.Cluster) (namespace string) {
	t.Helper()
	namespace = c.Namespace(t)
	c.Apply(t, namespace, twoServices)
	c.Wait(t, namespace, time.Minute, objects.Condition{Deployment: "my-app"})
	c.Wait(t, namespace, 30*time.Second, objects.Condition{Endpoints: ptr("alpha"), Ready: ptr(1)})
	return namespace
}

// waitForOrder waits until the rows of the list come in this order.
func waitForOrder(screen *terminal.Terminal, first, second string) {
	screen.WaitUntil(first+" above "+second, verdictLimit, func(shown string) bool {
		a, b := rowOf(shown, first), rowOf(shown, second)
		return a != "" && b != "" && rowIndex(shown, first) < rowIndex(shown, second)
	})
}

func rowIndex(screen, service string) int {
	at := regexp.MustCompile(`(?m)^[▌ ]*[✗▲?✓·] +` + service + ` `).FindStringIndex(screen)
	if at == nil {
		return -1
	}
	return at[0]
}

func TestListByKeys(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	screen := c.Terminal(t, 120, 40, "-n", namespace)
	waitForRow(screen, "zeta", `^✗ .* 0/0 `, verdictLimit)
	waitForRow(screen, "alpha", `^✓ .* 1/1 `, verdictLimit)
	waitForOrder(screen, "zeta", "alpha")

	screen.Send("N")
	waitForOrder(screen, "alpha", "zeta")
	screen.Send("N")
	waitForOrder(screen, "zeta", "alpha")

	screen.Send("!")
	screen.WaitUntil("alpha to be gone", 10*time.Second, func(shown string) bool { return rowOf(shown, "alpha") == "" && rowOf(shown, "zeta") != "" })
	screen.Send("!")
	waitForRow(screen, "alpha", `^✓`, 10*time.Second)

	screen.Send("/alp", terminal.Enter)
	screen.WaitUntil("zeta to be gone", 10*time.Second, func(shown string) bool { return rowOf(shown, "zeta") == "" && rowOf(shown, "alpha") != "" })
	screen.Send(terminal.Esc)
	waitForRow(screen, "zeta", `^✗`, 10*time.Second)

	screen.Send("0")
	screen.WaitFor("NAMESPACE", 20*time.Second)
	screen.WaitUntil("the Service kubernetes of default", 20*time.Second, func(shown string) bool {
		return regexp.MustCompile(`default +kube\S*etes `).MatchString(shown) // its middle may be cut out
	})
	screen.Send(":ns", terminal.Enter)
	screen.WaitFor("all namespaces", 10*time.Second)
	screen.Send(namespace)
	screen.WaitFor("▌ "+namespace, 10*time.Second)
	screen.Send(terminal.Enter)
	waitForOrder(screen, "zeta", "alpha")
	screen.WaitGone("NAMESPACE", 10*time.Second)
	leave(t, screen)
}

func TestPagesByKeys(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	screen := onRow(t, c, namespace, "zeta")
	waitForRow(screen, "zeta", `^✗ `, verdictLimit)
	fix := leadingFix(t, c, namespace, "zeta", "SEL-01")
	open := func(key string, shows ...string) {
		t.Helper()
		screen.Send(key)
		for _, text := range shows {
			screen.WaitFor(text, 20*time.Second)
		}
		screen.Send("q")
		screen.WaitFor("HEALTH", 10*time.Second)
	}
	open("y", "apiVersion: v1", "app: myapp", "name: zeta")
	open("d", "Selector:", "app=myapp", "Endpoints:")
	open("r", "# Why Services do not route", "SEL-01", "**failing**")
	open("?", "EVERYWHERE", "runs the isolation test", "broken: proven from API state")

	screen.Send("c")
	screen.WaitFor("fix of SEL-01", 10*time.Second)
	screen.Send(terminal.Enter)
	screen.WaitFor("sent to the clipboard", 10*time.Second)
	if got := screen.Clipboard(); got != fix {
		t.Errorf("the clipboard holds\n%s\nwant the fix\n%s", got, fix)
	}
	// It can be selected too: nothing stands beside it, and a shell joins the lines.
	if shown := strings.ReplaceAll(screen.Screen(), "\\\n", ""); !strings.Contains(shown, fix) {
		t.Errorf("the fix does not stand on the screen as it is:\n%s", screen.Screen())
	}
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)

	selectRow(t, screen, "alpha")
	open("v", "ScalingReplicaSet", "Scaled up replica set my-app-", "Started")
	open("d", "Endpoints:", ":8080")
	open(":messages"+terminal.Enter, "sent to the clipboard: fix of SEL-01")
	screen.Send("z")
	if shown := screen.WaitQuiet(300*time.Millisecond, 10*time.Second); rowOf(shown, "alpha") == "" {
		t.Errorf("a key without a meaning led away:\n%s", shown)
	}
	leave(t, screen)
	checkControls(t, screen)
}

func TestContextPicker(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	kubeconfig := c.Contexts(t, map[string]harness.Context{
		"as-admin":  {Kubeconfig: c.Kubeconfig, Namespace: namespace},
		"as-viewer": {Kubeconfig: c.UserKubeconfig(t, "vera", "viewers of "+namespace), Namespace: namespace},
	}, "as-admin")
	screen := c.TerminalRun(t, 120, 40, harness.Run{Kubeconfig: kubeconfig})
	waitForRow(screen, "alpha", `^✓`, 20*time.Second)
	if header := screen.Line(0); !strings.Contains(header, "as-admin") || !strings.Contains(header, namespace) {
		t.Errorf("the header does not say where this is: %s", header)
	}
	screen.Send(":ctx", terminal.Enter)
	screen.WaitFor("as-viewer", 10*time.Second)
	screen.Send("viewer", terminal.Enter)
	screen.WaitUntil("the other context", 20*time.Second, func(shown string) bool {
		header, _, _ := strings.Cut(shown, "\n")
		return strings.Contains(header, "as-viewer") && rowOf(shown, "alpha") != ""
	})
	waitForRow(screen, "alpha", `^✓`, 20*time.Second)
	waitForRow(screen, "zeta", `^✗`, verdictLimit)
	// What she may not do is said, not tried.
	selectRow(t, screen, "alpha")
	screen.Send("F")
	screen.WaitFor("no permission: create pods/portforward", 10*time.Second)
	// The test opens all the same: what it dials from here needs no right.
	screen.Send("t")
	screen.WaitFor("From here", 10*time.Second)
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	leave(t, screen)
}

func TestContextIsPickedWhereNoneIsCurrent(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	kubeconfig := c.Contexts(t, map[string]harness.Context{
		"first": {Kubeconfig: c.Kubeconfig, Namespace: "default"}, "second": {Kubeconfig: c.Kubeconfig, Namespace: namespace},
	}, "")
	result := c.Run(t, harness.Run{Args: []string{"diagnose"}, Kubeconfig: kubeconfig})
	checkRefusal(t, result, "names no current context", "--context", "first, second")
	screen := c.TerminalRun(t, 120, 40, harness.Run{Kubeconfig: kubeconfig})
	screen.WaitFor("second", 20*time.Second)
	screen.Send("second", terminal.Enter)
	waitForRow(screen, "alpha", `^✓`, 20*time.Second)
	leave(t, screen)
}
