package e2e

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
)

// fromInside is a Service, and what a client in the cluster must find of it.
type fromInside struct {
	name string
	// container is more of the spec of the application's container, service that of the Service.
	container, service string
	// args are arguments of `svctui test`; the client is front where they name none.
	args []string
	// ready is how many endpoints are to be ready; -1 to wait for none.
	ready int
	exit  int
	id    string
	// rungs are the outcomes of the rung In-cluster in order: the Service's address, its name, the Pod's IP. Those after a comma are of others, as
	// RUNG=OUTCOME.
	rungs string
	says  string
}

const plainPorts = "ports: [{port: 80, targetPort: 8080}]"

var insideCases = []fromInside{
	{name: "healthy", container: "args: [http]", service: plainPorts, ready: 1, rungs: "ok ok ok", says: "answers a client inside the cluster"},
	{name: "encrypted", container: "args: [https]", service: "ports: [{port: 443, targetPort: 8443}]", ready: 1, rungs: "ok ok ok", says: "answers a client"},
	{name: "bytes", container: "args: [tcp]", service: "ports: [{name: redis, port: 6379, targetPort: 8080}]", ready: 1, rungs: "ok ok ok", says: "answers a client"},
	{name: "headless", container: "args: [http]", service: "clusterIP: None\n  " + plainPorts, ready: 1, rungs: "ok ok", says: "by the Service's name"},
	{name: "loopback", container: "args: [loopback]", service: plainPorts, ready: 1, exit: 1, id: "PORT-09", rungs: "refused refused refused", says: "127.0.0.1"},
	{
		name: "sockets", container: "args: [loopback]", service: plainPorts, args: []string{"-c", "tools", "--sockets"}, ready: 1,
		exit: 1, id: "PORT-09", rungs: "not-run,sockets=refused", says: "127.0.0.1",
	},
	{name: "nothing", container: "args: [http]", service: "ports: [{port: 80, targetPort: 9999}]", ready: 1, exit: 1, id: "PORT-08", rungs: "refused refused refused", says: "9999"},
	{
		name: "unbound", container: "args: [http]", service: "ports: [{port: 80, targetPort: 9999}]", args: []string{"-c", "tools", "--sockets"}, ready: 1,
		exit: 1, id: "PORT-08", rungs: "not-run,sockets=refused", says: "sets targetPort to 8080, the one port on which the Pod listens for clients",
	},
	{
		name: "podip", container: "args: [http, -listen, '$(POD_IP):8080']\n      env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]",
		service: plainPorts, ready: 1, rungs: "ok ok ok,pod=refused,service=refused", says: "port-forward does not reach it",
	},
	{
		name: "unready", container: "args: [http, -ready=false]\n      readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1}",
		service: plainPorts, ready: 0, exit: 1, id: "POD-06", rungs: "refused refused ok,proxy-service=no-endpoints", says: "application answers, with an error",
	},
	{name: "named", container: "args: [http]", service: "ports: [{port: 80, targetPort: htttp}]", ready: -1, exit: 1, id: "PORT-01", rungs: "refused refused", says: "targetPort"},
	{
		name: "otherproxy", container: "args: [http]", service: plainPorts + "\nmetadata: {name: otherproxy, labels: {service.kubernetes.io/service-proxy-name: another}}", ready: 1,
		exit: 1, id: "SVC-07", rungs: "timeout timeout ok", says: "service-proxy-name",
	},
	{name: "local", container: "args: [http]", service: "internalTrafficPolicy: Local\n  " + plainPorts, ready: 1, exit: 1, id: "TP-02", rungs: "timeout timeout ok", says: "not by the Service's address"},
	{
		name: "nodns", container: "args: [http]", service: plainPorts, args: []string{"--from", "nodns-client"}, ready: 1,
		exit: 1, id: "DNS-01", rungs: "ok error ok", says: "does not resolve",
	},
	{
		name: "six", container: "args: [http]", service: "ipFamilyPolicy: SingleStack\n  ipFamilies: [IPv6]\n  " + plainPorts, ready: 1,
		exit: 1, id: "PORT-17", rungs: "timeout timeout timeout,proxy-pod=not-run", says: "no IPv6 address",
	},
	{name: "both", container: "args: [http]", service: "ipFamilyPolicy: RequireDualStack\n  ipFamilies: [IPv6, IPv4]\n  " + plainPorts, ready: 2, rungs: "ok ok ok", says: "answers a client"},
	{name: "distroless", container: "args: [http]", service: plainPorts, args: []string{"--from", "distroless", "-c", "app"}, ready: 1, exit: 2, rungs: "not-run not-run not-run", says: "Whether Pod"},
}

const insideManifest = `
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: NAME}}
spec:
  nodeName: node-1
  terminationGracePeriodSeconds: 1
  containers:
    - name: app
      image: svctui.test/workload:1
      imagePullPolicy: Never
      CONTAINER
    - {name: tools, image: "svctui.test/busybox:1", imagePullPolicy: Never, args: [sleep, "86400"]}
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec:
  selector: {app: NAME}
  SERVICE
`

const insideClients = `
apiVersion: v1
kind: Pod
metadata: {name: front, labels: {app: front}}
spec: {nodeName: node-2, terminationGracePeriodSeconds: 1, containers: [{name: sh, image: "svctui.test/busybox:1", imagePullPolicy: Never, args: [sleep, "86400"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: nodns-client, labels: {app: front}}
spec: {nodeName: node-2, dnsPolicy: Default, terminationGracePeriodSeconds: 1, containers: [{name: sh, image: "svctui.test/busybox:1", imagePullPolicy: Never, args: [sleep, "86400"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: foreign}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: foreign-1, labels: {kubernetes.io/service-name: foreign}}
addressType: IPv4
ports: [{name: "", port: 8080, protocol: TCP}]
endpoints: [{addresses: [FOREIGN], conditions: {ready: true}}]
---
apiVersion: v1
kind: Service
metadata: {name: written}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: written-1, labels: {kubernetes.io/service-name: written}}
addressType: IPv4
ports: [{name: "", port: 8080, protocol: TCP}]
endpoints: [{addresses: [HEALTHY], conditions: {ready: true}}]
`

// TestInCluster tries Services from inside of Pods of the real cluster, with the tools of BusyBox.
func TestInCluster(t *testing.T) {
	c := harness.Use(t)
	own := c.RequireOwn(t)
	namespace := c.Namespace(t)
	for _, test := range insideCases {
		c.Apply(t, namespace, replaced(insideManifest, "NAME", test.name, "CONTAINER", test.container, "SERVICE", test.service))
	}
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr(""), Count: ptr(len(insideCases)), Phase: "Running"})
	healthy := podIP(t, c, namespace, "healthy")
	elsewhere := c.Namespace(t)
	c.Apply(t, elsewhere, replaced(insideManifest, "NAME", "foreign", "CONTAINER", "args: [http]", "SERVICE", "ports: [{port: 80}]"))
	c.Wait(t, elsewhere, time.Minute, objects.Condition{Pods: ptr("app=foreign"), Count: ptr(1), Phase: "Running"})
	c.Apply(t, namespace, replaced(insideClients, "HEALTHY", healthy, "FOREIGN", podIP(t, c, elsewhere, "foreign")))
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=front"), Count: ptr(2), Phase: "Running"})

	for _, test := range insideCases {
		t.Run(test.name, func(t *testing.T) {
			if test.ready >= 0 {
				c.Wait(t, namespace, time.Minute, objects.Condition{Endpoints: &test.name, Ready: &test.ready, Total: ptr(max(1, test.ready))})
			}
			if test.ready <= 0 {
				// What has just come about, as a young Pod's readiness, is not held against it, and then the test names no cause.
				harness.Eventually(t, time.Minute, "the checks name what keeps the Pod from being an endpoint", func(context.Context) error {
					if result := c.Svctui(t, "diagnose", test.name, "-n", namespace); result.Code != 1 || !strings.Contains(result.Stdout, test.id) {
						return errors.New(result.String())
					}
					return nil
				})
			}
			arguments := append([]string{"test", test.name, "-n", namespace, "-o", "json", "--yes"}, test.args...)
			if !strings.Contains(strings.Join(test.args, " "), "--") {
				arguments = append(arguments, "--from", "front")
			}
			checkInside(t, c, test, arguments)
		})
	}
	t.Run("foreign slices", func(t *testing.T) {
		checkInside(t, c, fromInside{rungs: "ok ok", says: "served"}, []string{"test", "foreign", "-n", namespace, "-o", "json", "--yes", "--from", "front"})
	})
	t.Run("a slice with the address of a Pod", func(t *testing.T) {
		checkInside(t, c, fromInside{rungs: "ok ok ok,proxy-pod=ok", says: "answers a client"}, []string{"test", "written", "-n", namespace, "-o", "json", "--yes", "--from", "front"})
	})
	t.Run("kept out", func(t *testing.T) {
		// What a network plugin does for a NetworkPolicy that admits others, for this client alone.
		rule := []string{"FORWARD", "-s", podIP(t, c, namespace, "front"), "-d", healthy, "-j", "DROP"}
		iptables := func(action string) error {
			line := append(own.EnterNode(1), append([]string{"iptables", "-w", action}, rule...)...)
			return exec.Command(line[0], line[1:]...).Run()
		}
		if err := iptables("-I"); err != nil {
			t.Skip("no iptables here: ", err)
		}
		t.Cleanup(func() { _ = iptables("-D") })
		c.Apply(t, namespace, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: not-front}
spec:
  podSelector: {matchLabels: {app: healthy}}
  ingress: [{from: [{podSelector: {matchLabels: {app: friend}}}], ports: [{port: 8080}]}]
`)
		defer c.Delete(t, namespace, "NetworkPolicy", "not-front")
		checkInside(t, c, fromInside{exit: 1, id: "NP-03", rungs: "timeout timeout timeout,proxy-service=ok", says: "kept out"},
			[]string{"test", "healthy", "-n", namespace, "-o", "json", "--yes", "--from", "front"})
	})
	t.Run("nobody agreed", func(t *testing.T) {
		result := c.Svctui(t, "test", "healthy", "-n", namespace, "--from", "front")
		checkRefusal(t, result, "--yes agrees")
	})
	t.Run("diagnose for a client", func(t *testing.T) {
		result := c.Svctui(t, "diagnose", "local", "-n", namespace, "--client", "front")
		if result.Code != 1 || !strings.Contains(result.Stdout, "For Pod "+namespace+"/front:") || !strings.Contains(result.Stdout, "TP-02") {
			t.Errorf("got %s", result)
		}
	})
	t.Run("on the screen", func(t *testing.T) {
		screen := c.Terminal(t, 120, 45, "healthy", "-n", namespace)
		screen.WaitFor("1/1 ready", 20*time.Second)
		screen.Send("t")
		screen.WaitFor("x runs it", 40*time.Second)
		screen.Send("x")
		screen.WaitFor("try it from which Pod?", 10*time.Second)
		screen.Send("front", "\r")
		screen.WaitFor("run a command in a Pod?", 10*time.Second)
		screen.WaitFor("exec front", 10*time.Second)
		screen.Send("y")
		screen.WaitFor("answers a client inside the cluster", 40*time.Second)
		screen.WaitFor("For Pod "+namespace+"/front", 10*time.Second)
		screen.Send("q", "q", "q")
	})
}

func podIP(t *testing.T, c *harness.Cluster, namespace, pod string) string {
	t.Helper()
	return strings.TrimSpace(c.Kubectl(t, "-n", namespace, "get", "pod", pod, "-o", "jsonpath={.status.podIP}"))
}

func checkInside(t *testing.T, c *harness.Cluster, test fromInside, arguments []string) {
	t.Helper()
	result := c.Svctui(t, arguments...)
	if result.Code != test.exit {
		t.Errorf("want exit code %d\n%s", test.exit, result)
	}
	var ports []harness.PortTest
	result.Decode(t, &ports)
	if len(ports) != 1 {
		t.Fatalf("want one port\n%s", result)
	}
	inside, others, _ := strings.Cut(test.rungs, ",")
	var got []string
	for _, rung := range ports[0].Rungs {
		if rung.Rung == "in-cluster" {
			got = append(got, rung.Result)
		}
		if rung.Rung == "in-cluster" && rung.Result == "not-run" && rung.Target != "" && len(got) == 1 && !strings.Contains(rung.Paste, "debug -it") {
			t.Errorf("no line to paste: %+v", rung)
		}
	}
	if strings.Join(got, " ") != inside {
		t.Errorf("the client found %q, want %q\n%s", got, inside, result)
	}
	for pair := range strings.FieldsFuncSeq(others, func(r rune) bool { return r == ',' }) {
		rung, want, _ := strings.Cut(pair, "=")
		if ports[0].Result(rung) != want {
			t.Errorf("rung %s is %q, want %q", rung, ports[0].Result(rung), want)
		}
	}
	conclusion := ports[0].Conclusion
	if conclusion.ID != test.id || !strings.Contains(conclusion.Text+conclusion.Why+conclusion.Next, test.says) {
		t.Errorf("got %+v, want %q and %q", conclusion, test.id, test.says)
	}
}
