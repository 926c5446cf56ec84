package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/terminal"
)

// These tests prove the ground that the others stand on: that the cluster is a real one, and that what
// svctui has to tell apart really is different on it.

const plainWeb = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: svctui.test/workload:1
          imagePullPolicy: Never
          args: [%s]
          ports: [{name: http, containerPort: 8080}]
          %s
` + webService

// webService leads to whatever is called "web".
const webService = `---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
`

const httpProbe = "readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1}"

func ptr[T any](value T) *T { return &value }

// startWeb brings up the Deployment and the Service "web" and waits for its two ready endpoints.
func startWeb(t testing.TB, c *harness.Cluster, mode, probe string) (namespace string) {
	t.Helper()
	namespace = c.Namespace(t)
	c.Apply(t, namespace, fmt.Sprintf(plainWeb, mode, probe))
	c.Wait(t, namespace, time.Minute, objects.Condition{Deployment: "web"})
	c.Wait(t, namespace, 30*time.Second, objects.Condition{Endpoints: ptr("web"), Ready: ptr(2)})
	return namespace
}

// getClusterIP asks a Service's address from the node, through kube-proxy's rules.
func getClusterIP(t *testing.T, c *harness.Cluster, namespace, service string) (string, error) {
	t.Helper()
	own := c.RequireOwn(t)
	object, err := c.Kube.CoreV1().Services(namespace).Get(t.Context(), service, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport: &http.Transport{DialContext: own.DialContext, DisableKeepAlives: true},
		Timeout:   5 * time.Second,
	}
	response, err := client.Get(fmt.Sprintf("http://%s/", net.JoinHostPort(object.Spec.ClusterIP, "80")))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// kubectlForward starts `kubectl port-forward` and returns the local address that it listens on.
func kubectlForward(t testing.TB, c *harness.Cluster, namespace, target, port string) string {
	t.Helper()
	own := c.RequireOwn(t)
	run := harness.Run{Args: []string{"port-forward", "-n", namespace, target, ":" + port}}
	cmd := c.Command(context.Background(), t, run, own.Program("kubectl"))
	stdout, err := cmd.StdoutPipe()
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
	listening := regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+)`)
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		if match := listening.FindStringSubmatch(scanner.Text()); match != nil {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return match[1]
		}
	}
	t.Fatal("kubectl port-forward ended without listening")
	return ""
}

func getForwarded(t *testing.T, c *harness.Cluster, address string) (string, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: c.RequireOwn(t).DialContext}, Timeout: 5 * time.Second}
	response, err := client.Get("http://" + address + "/")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// getThroughProxy asks the Service through the API server.
func getThroughProxy(ctx context.Context, c *harness.Cluster, namespace string) (string, error) {
	body, err := c.Kube.CoreV1().Services(namespace).ProxyGet("http", "web", "80", "/", nil).DoRaw(ctx)
	return string(body), err
}

func TestClusterServesPods(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", httpProbe)

	pods, err := c.Pods(t.Context(), namespace, "app=web")
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := getThroughProxy(t.Context(), c, namespace); err != nil || !isPodName(answer, pods[0].Name, pods[1].Name) {
		t.Errorf("API server proxy: %q, %v", answer, err)
	}
	if c.Own == nil {
		return
	}
	// kube-proxy follows the slice a moment later.
	harness.Eventually(t, 15*time.Second, "the ClusterIP to answer", func(context.Context) error {
		answer, err := getClusterIP(t, c, namespace, "web")
		if err == nil && !isPodName(answer, pods[0].Name, pods[1].Name) {
			err = fmt.Errorf("it says %q", answer)
		}
		return err
	})
	address := kubectlForward(t, c, namespace, "svc/web", "80")
	if answer, err := getForwarded(t, c, address); err != nil || !isPodName(answer, pods[0].Name, pods[1].Name) {
		t.Errorf("port-forward: %q, %v", answer, err)
	}
	if log := c.Kubectl(t, "logs", "-n", namespace, pods[0].Name); !strings.Contains(log, "listening on") {
		t.Errorf("log %q", log)
	}
}

func isPodName(answer string, pods ...string) bool {
	for _, pod := range pods {
		if strings.TrimSpace(answer) == pod {
			return true
		}
	}
	return false
}

// An application that listens on 127.0.0.1 answers a port-forward and nobody else.
func TestClusterTellsLoopbackApart(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	namespace := startWeb(t, c, "loopback", "")

	if answer, err := getThroughProxy(t.Context(), c, namespace); err == nil || !strings.Contains(answer, "connection refused") {
		t.Errorf("API server proxy: %q, %v, want connection refused", answer, err)
	}
	own := c.RequireOwn(t)
	pods, err := c.Pods(t.Context(), namespace, "app=web")
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods {
		if _, err := own.DialContext(t.Context(), "tcp", net.JoinHostPort(pod.Status.PodIP, "8080")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Pod %s: %v, want connection refused", pod.Name, err)
		}
	}
	// Until kube-proxy follows the Service, nobody has its address.
	harness.Eventually(t, 15*time.Second, "the ClusterIP to refuse", func(context.Context) error {
		answer, err := getClusterIP(t, c, namespace, "web")
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil
		}
		return fmt.Errorf("it says %q, %w", answer, err)
	})
	address := kubectlForward(t, c, namespace, "svc/web", "80")
	if answer, err := getForwarded(t, c, address); err != nil || !strings.HasPrefix(answer, "web-") {
		t.Errorf("port-forward: %q, %v", answer, err)
	}
}

func TestClusterFollowsReadiness(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", httpProbe)
	pods, err := c.Pods(t.Context(), namespace, "app=web")
	if err != nil {
		t.Fatal(err)
	}
	for _, switched := range []struct {
		path  string
		ready int
	}{{"/ready?on=0", 1}, {"/ready?on=1", 2}} {
		if err := c.PostToPod(t.Context(), namespace, pods[0].Name, 8080, switched.path); err != nil {
			t.Fatal(err)
		}
		c.Wait(t, namespace, 30*time.Second, objects.Condition{Endpoints: ptr("web"), Ready: &switched.ready, Total: ptr(2)})
	}
}

// A Service's name leads to it from every node, whatever form it is written in.
func TestClusterResolvesNames(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	c.RequireOwn(t)
	namespace := startWeb(t, c, "http", httpProbe)
	harness.Eventually(t, 15*time.Second, "the ClusterIP to answer", func(context.Context) error {
		_, err := getClusterIP(t, c, namespace, "web")
		return err
	})
	for number := 1; number <= c.Own.Nodes; number++ {
		for form, name := range map[string]string{"short": "web", "namespace": "web." + namespace, "full": "web." + namespace + ".svc.cluster.local"} {
			c.Apply(t, namespace, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: ask-%[1]s-%[2]d, labels: {app: ask}}
spec:
  restartPolicy: OnFailure # kube-proxy may follow the Service a moment later
  nodeName: node-%[2]d
  containers:
    - name: ask
      image: svctui.test/workload:1
      imagePullPolicy: Never
      args: [check, -timeout, 2s, "http://%[3]s/"]
`, form, number, name))
		}
	}
	c.Wait(t, namespace, time.Minute, objects.Condition{Pods: ptr("app=ask"), Phase: "Succeeded"})
}

// Services of the second family answer; the Pods of node-2 have no address of it.
func TestClusterIsDualStack(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	own := c.RequireOwn(t)
	namespace := c.Namespace(t)
	manifest := strings.Replace(fmt.Sprintf(plainWeb, `http, -listen, "[::]:8080"`, httpProbe), "spec:\n      termination", "spec:\n      nodeName: node-1\n      termination", 1)
	c.Apply(t, namespace, strings.Replace(manifest, "  selector: {app: web}\n", "  selector: {app: web}\n  ipFamilyPolicy: RequireDualStack\n", 1))
	c.Wait(t, namespace, time.Minute, objects.Condition{Deployment: "web"})
	service, err := c.Kube.CoreV1().Services(namespace).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(service.Spec.ClusterIPs) != 2 {
		t.Fatalf("ClusterIPs %q, want one of each family", service.Spec.ClusterIPs)
	}
	for _, address := range service.Spec.ClusterIPs {
		harness.Eventually(t, 15*time.Second, address+" to answer", func(ctx context.Context) error {
			conn, err := own.DialContext(ctx, "tcp", net.JoinHostPort(address, "80"))
			if err == nil {
				conn.Close()
			}
			return err
		})
	}
	for number, want := range map[int]int{1: 2, 2: 1} {
		node, err := c.Kube.CoreV1().Nodes().Get(t.Context(), fmt.Sprintf("node-%d", number), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil || len(node.Spec.PodCIDRs) != want {
			t.Errorf("node-%d has the Pod ranges %q (%v), want %d", number, node.Spec.PodCIDRs, err, want)
		}
	}
}

// What every cluster runs for itself is healthy, and svctui says so.
func TestKubeSystemIsHealthy(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	c.RequireOwn(t)
	for namespace, service := range map[string]string{"kube-system": "kube-dns", "default": "kubernetes"} {
		var diagnosis harness.Diagnosis
		result := c.Svctui(t, "diagnose", "-n", namespace, "-o", "json")
		result.Decode(t, &diagnosis)
		if diagnosis.Find(namespace, service) == nil {
			t.Errorf("%s/%s is not there\n%s", namespace, service, result)
		}
		for _, found := range diagnosis.Services {
			if found.Verdict != "ok" {
				t.Errorf("%s/%s is %s\n%s", namespace, found.Name, found.Verdict, result)
			}
		}
	}
}

// No way out: neither for the nodes nor for the Pods.
func TestClusterHasNoWayOut(t *testing.T) {
	t.Parallel()
	own := harness.Use(t).RequireOwn(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	// 192.0.2.1 is an address for documentation: nobody has it, wherever this runs.
	_, err := own.DialContext(ctx, "tcp", "192.0.2.1:80")
	if !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("dialling out of the cluster: %v, want unreachable at once", err)
	}
	for number := 1; number <= own.Nodes; number++ {
		enter := own.EnterNode(number)
		routes, err := exec.Command(enter[0], append(enter[1:], "ip", "route", "show", "default")...).CombinedOutput()
		if err != nil || !strings.HasPrefix(string(routes), "unreachable default") {
			t.Errorf("node-%d has the default route %q (%v), want unreachable", number, routes, err)
		}
	}
}

// Users with few rights, without valid ones, and with a token.
func TestClusterKnowsUsers(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	namespace := c.Namespace(t)
	c.Apply(t, namespace, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "viewers of ${namespace}"}
  - {kind: ServiceAccount, name: default, namespace: "${namespace}"}
`)
	list := func(kubeconfig, namespace string) error {
		t.Helper()
		own := c.RequireOwn(t)
		config, err := own.RESTConfigFor(kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.CoreV1().Services(namespace).List(t.Context(), metav1.ListOptions{})
		return err
	}
	viewer := c.UserKubeconfig(t, "vera", "viewers of "+namespace)
	if err := list(viewer, namespace); err != nil {
		t.Errorf("viewer in her namespace: %v", err)
	}
	if err := list(viewer, "default"); !apierrors.IsForbidden(err) {
		t.Errorf("viewer elsewhere: %v, want forbidden", err)
	}
	if err := list(c.UserKubeconfig(t, "nobody"), namespace); !apierrors.IsForbidden(err) {
		t.Errorf("user without rights: %v, want forbidden", err)
	}
	if err := list(c.ExpiredUserKubeconfig(t, "vera", "viewers of "+namespace), namespace); !apierrors.IsUnauthorized(err) {
		t.Errorf("expired certificate: %v, want unauthorized", err)
	}
	if err := list(c.TokenKubeconfig(t, "no-such-token"), namespace); !apierrors.IsUnauthorized(err) {
		t.Errorf("unknown token: %v, want unauthorized", err)
	}
	if err := list(c.ServiceAccountKubeconfig(t, namespace, "default"), namespace); err != nil {
		t.Errorf("service account: %v", err)
	}
	token, err := c.RequireOwn(t).TokenUserKubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	if err := list(token, namespace); !apierrors.IsForbidden(err) {
		t.Errorf("token user: %v, want forbidden (known, without rights)", err)
	}
}

// A program in a terminal, in the cluster's network: the way svctui is driven.
func TestClusterFromTerminal(t *testing.T) {
	t.Parallel()
	c := harness.Use(t)
	own := c.RequireOwn(t)
	namespace := c.Namespace(t)
	run := harness.Run{Args: []string{"get", "services", "-n", namespace, "--watch"}}
	screen := terminal.Start(t, c.Command(context.Background(), t, run, own.Program("kubectl")), 100, 20)
	c.Apply(t, namespace, "{apiVersion: v1, kind: Service, metadata: {name: appears}, spec: {ports: [{port: 80}]}}")
	screen.WaitFor("appears", 10*time.Second)
	screen.Send(terminal.CtrlC)
	screen.WaitExit(5 * time.Second)
	if err := screen.Restored(); err != nil {
		t.Error(err)
	}
}
