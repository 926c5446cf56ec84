package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
)

// outsideManifest has an application behind a load balancer, one that keeps silent, one of several Pods of which one listens on its
// loopback only, and names for other names.
const outsideManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [http]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec:
  rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: silent}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: alias}
spec: {type: ExternalName, externalName: web.NAMESPACE.svc.cluster.local, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: ExternalName, externalName: erp.example.com, ports: [{port: 443}]}
---
apiVersion: v1
kind: Pod
metadata: {name: many-1, labels: {part: many}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [http]}]
---
apiVersion: v1
kind: Pod
metadata: {name: many-2, labels: {part: many}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [loopback]}]
---
apiVersion: v1
kind: Pod
metadata: {name: many-3, labels: {part: many}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: app, image: "svctui.test/workload:1", imagePullPolicy: Never, args: [http]}]
---
apiVersion: v1
kind: Service
metadata: {name: many}
spec:
  selector: {part: many}
  ports: [{name: http, port: 80, targetPort: 8080}]
`

// balancerAddress is on the network of the nodes, and nobody has it: what the status of a load balancer says is kube-proxy's to serve.
// strayAddress is one that nothing serves.
const (
	balancerAddress = "10.200.0.77"
	strayAddress    = "10.200.0.78"
)

func TestFromHere(t *testing.T) {
	c := harness.Use(t)
	c.RequireOwn(t) // the addresses are of its network
	namespace := c.Namespace(t)
	c.Apply(t, namespace, replaced(outsideManifest, "NAMESPACE", namespace))
	for name, status := range map[string]string{
		"svc/web": balancerAddress, "ingress/front": balancerAddress,
	} {
		c.Kubectl(t, "-n", namespace, "patch", name, "--subresource=status", "--type=merge", "-p", `{"status":{"loadBalancer":{"ingress":[{"ip":"`+status+`"}]}}}`)
	}
	// In the mode Proxy kube-proxy leaves the address to the load balancer, and there is none.
	c.Kubectl(t, "-n", namespace, "patch", "svc/silent", "--subresource=status", "--type=merge", "-p", `{"status":{"loadBalancer":{"ingress":[{"ip":"`+strayAddress+`","ipMode":"Proxy"}]}}}`)
	for service, ready := range map[string]int{"web": 1, "silent": 1, "many": 3} {
		c.Wait(t, namespace, time.Minute, objects.Condition{Endpoints: &service, Ready: &ready, Total: &ready})
	}

	// The kube-proxies of all nodes take a moment to serve what a status says, and a node port.
	for deadline := time.Now().Add(time.Minute); c.Svctui(t, "test", "web", "-n", namespace, "--node-ports").Code != 0 && time.Now().Before(deadline); {
		time.Sleep(time.Second)
	}

	for _, test := range []struct {
		arguments string
		code      int
		says      []string
	}{
		{"web", 0, []string{"✓ From here", "load balancer → " + balancerAddress + ":80", "http://shop.example/", "From here it answers through load balancer " + balancerAddress + ":80"}},
		{"web --readonly", 2, []string{"svctui runs read-only", "nothing tells that it is the Service's"}},
		{"web --readonly --node-ports", 0, []string{"svctui runs read-only", "The Service answers from here."}},
		{"web --node-ports --pod-ip", 0, []string{"node node-1 → 10.200.0.1:", "the Pod's IP → 10.244."}},
		{"silent", 2, []string{"load balancer → " + strayAddress + ":80", "From here there is no answer through load balancer " + strayAddress}},
		{"alias", 2, []string{" test web -n " + namespace}},
		{"outside", 2, []string{"erp.example.com does not resolve here"}},
		{"many --all-pods", 1, []string{"2 of 3 Pods answer; many-2 does not: the application listens on 127.0.0.1 only.  (PORT-09, probed)"}},
	} {
		result := c.Svctui(t, append([]string{"test", "-n", namespace}, strings.Fields(test.arguments)...)...)
		if result.Code != test.code {
			t.Errorf("test %s: want exit code %d\n%s", test.arguments, test.code, result)
		}
		for _, want := range test.says {
			if !strings.Contains(result.Stdout, want) {
				t.Errorf("test %s: it does not say %q\n%s", test.arguments, want, result)
			}
		}
	}

	screen := onRow(t, c, namespace, "many")
	screen.Send("t")
	screen.WaitFor("isolation test", 10*time.Second)
	screen.Send("a")
	screen.WaitFor("2 of 3 Pods answer; many-2 does not", 30*time.Second)
	screen.Send("q")
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	leave(t, screen)
}
