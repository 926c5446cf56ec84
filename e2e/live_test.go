package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

const (
	quickProbe = "readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1, failureThreshold: 1}"
	// verdictLimit is how long a verdict may take that waits for a guard time.
	verdictLimit = time.Minute
)

// The list in one terminal and the Service open in another, while the cluster changes. Nobody touches a key.
func TestScreenFollowsTheCluster(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	pods := podNames(t, c, namespace)
	list := c.Terminal(t, 120, 40, "-n", namespace)
	open := c.Terminal(t, 120, 40, "web", "-n", namespace)
	waitForRow(list, "web", `^✓ .* 2/2 `, 20*time.Second)
	open.WaitFor("2/2 ready", 20*time.Second)
	open.Send("4") // the Pods, by name
	open.WaitFor(pods[0], 10*time.Second)
	ready := list.Record(func(screen string) string { return rowOf(screen, "web") })

	t.Log("a Pod is deleted")
	c.Delete(t, namespace, "Pod", pods[0])
	inTable := regexp.MustCompile(`[✗▲?✓·] +` + pods[0]) // events of it may stay
	open.WaitUntil("the Pod's row to go", 30*time.Second, func(shown string) bool { return !inTable.MatchString(shown) })
	// The order of what comes between is the cluster's: the endpoint ends, or goes, before the next is ready.
	waitForSight(t, ready, "1 ready endpoint", func(row string) bool { return strings.Contains(row, " 1/") })
	waitForRow(list, "web", `^✓ .* 2/2 `, 30*time.Second)
	open.WaitFor("2/2 ready", 30*time.Second)
	for _, pod := range podNames(t, c, namespace) {
		open.WaitFor(pod, 10*time.Second)
	}

	t.Log("scaled to zero and back")
	scale(t, c, namespace, "web", 0)
	waitForRow(list, "web", `^✗ .* 0/0 scaled to 0`, verdictLimit)
	open.WaitFor("0/0 ready", 10*time.Second)
	open.WaitFor("WL-01", verdictLimit)
	scale(t, c, namespace, "web", 2)
	waitForRow(list, "web", `^✓ .* 2/2 `, verdictLimit)
	open.WaitFor("2/2 ready", 10*time.Second)
	open.WaitGone("WL-01", 10*time.Second)

	t.Log("Pods become unready, and ready again")
	switchReady(t, c, namespace, "0")
	waitForRow(list, "web", `^✗ .* 0/2 .*503`, verdictLimit)
	open.WaitFor("0/2 ready", 10*time.Second)
	open.WaitFor("POD-06", verdictLimit)
	switchReady(t, c, namespace, "1")
	waitForRow(list, "web", `^✓ .* 2/2 `, verdictLimit)
	open.WaitFor("2/2 ready", 10*time.Second)
	open.WaitGone("POD-06", verdictLimit)

	t.Log("the selector is mistyped, and mended by the command that diagnose gives")
	c.Kubectl(t, "patch", "service", "web", "-n", namespace, "--type=merge", "-p", `{"spec":{"selector":{"app":"Web"}}}`)
	waitForRow(list, "web", `^✗ .* 0/0 no Pod has app=Web`, verdictLimit)
	open.WaitFor("SEL-01", verdictLimit)
	inCluster(t, c, leadingFix(t, c, namespace, "web", "SEL-01"))
	waitForRow(list, "web", `^✓ .* 2/2 `, verdictLimit)
	open.WaitFor("2/2 ready", 10*time.Second)
	open.WaitGone("SEL-01", verdictLimit)
	leave(t, list)
	open.Send("q")
	waitForRow(open, "web", `^✓ `, 10*time.Second)
	leave(t, open)
}

// leadingFix is the command that `diagnose -o json` gives for the finding that leads.
func leadingFix(t *testing.T, c *harness.Cluster, namespace, name, id string) string {
	t.Helper()
	result := c.Svctui(t, "diagnose", name, "-n", namespace, "-o", "json")
	var diagnosis harness.Diagnosis
	result.Decode(t, &diagnosis)
	service := diagnosis.Find(namespace, name)
	if result.Code != 1 || service == nil || len(service.Findings) == 0 || service.Findings[0].ID != id || service.Findings[0].Fix == nil {
		t.Fatalf("no %s with a fix leads\n%s", id, result)
	}
	return service.Findings[0].Fix.Command
}

func podNames(t testing.TB, c *harness.Cluster, namespace string) []string {
	t.Helper()
	pods, err := c.Pods(t.Context(), namespace, "app=web")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	return names
}

func scale(t *testing.T, c *harness.Cluster, namespace, deployment string, replicas int) {
	t.Helper()
	c.Kubectl(t, "scale", "deployment", deployment, "-n", namespace, fmt.Sprintf("--replicas=%d", replicas))
}

// switchReady makes the readiness probe of all Pods fail ("0") or succeed ("1").
func switchReady(t *testing.T, c *harness.Cluster, namespace, on string) {
	t.Helper()
	for _, pod := range podNames(t, c, namespace) {
		if err := c.PostToPod(t.Context(), namespace, pod, 8080, "/ready?on="+on); err != nil {
			t.Fatal(err)
		}
	}
}

func waitForSight(t *testing.T, record *terminal.Record, what string, seen func(string) bool) {
	t.Helper()
	harness.Eventually(t, 30*time.Second, what+" to be seen", func(context.Context) error {
		sights := record.Sights()
		if !slices.ContainsFunc(sights, func(s terminal.Sight) bool { return seen(s.What) }) {
			return fmt.Errorf("seen were %v", sights)
		}
		return nil
	})
}

// byHand is a Service whose slice the test writes, so that it says when an endpoint becomes ready.
const byHand = `
apiVersion: v1
kind: Service
metadata: {name: by-hand}
spec: {ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: by-hand-1
  labels: {kubernetes.io/service-name: by-hand}
addressType: IPv4
ports: [{port: 8080}]
endpoints:
  - {addresses: ["10.244.9.1"], conditions: {ready: true}}
  - {addresses: ["10.244.9.2"], conditions: {ready: true}}
`

// How long a change of a slice takes to the screens, from the moment at which this test's own watch hears of it. The
// times are logged and not judged: they say as much of the machine as of svctui.
func TestScreenLatency(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	c.Apply(t, namespace, byHand)
	list := c.Terminal(t, 120, 40, "-n", namespace)
	open := c.Terminal(t, 120, 40, "by-hand", "-n", namespace)
	waitForRow(list, "by-hand", ` 2/2 `, 20*time.Second)
	open.WaitFor("2/2 ready", 20*time.Second)
	heard := watchReadyCounts(t, c, namespace, "by-hand-1")
	screens := map[string]*terminal.Record{
		"the list": list.Record(func(screen string) string { return readyOf(rowOf(screen, "by-hand")) }),
		"the open Service": open.Record(func(screen string) string {
			header, _, _ := strings.Cut(screen, "\n")
			return readyOf(header)
		}),
	}
	const changes = 24
	latencies := map[string][]time.Duration{}
	for i := range changes {
		want := 2 - (i+1)%2
		before := map[string]int{}
		for name, record := range screens {
			before[name] = len(record.Sights())
		}
		writeReady(t, c, namespace, want == 2)
		var told time.Time
		harness.Eventually(t, 10*time.Second, "the watch to tell", func(context.Context) error {
			var n int
			if told, n = heard(); n != i+1 {
				return fmt.Errorf("%d changes were told, want %d", n, i+1)
			}
			return nil
		})
		for name, record := range screens {
			harness.Eventually(t, 10*time.Second, name+" to follow", func(context.Context) error {
				if got := record.Last().What; got != fmt.Sprintf("%d/2", want) {
					return fmt.Errorf("it shows %q, want %d/2", got, want)
				}
				return nil
			})
			latencies[name] = append(latencies[name], record.Sights()[before[name]].At.Sub(told))
		}
	}
	for name, of := range latencies {
		slices.Sort(of)
		t.Logf("slice → %s over %d changes: least %v, median %v, p90 %v, most %v", name, len(of), of[0], of[len(of)/2], of[len(of)*9/10], of[len(of)-1])
	}
	leave(t, list)
}

// readyOf is the first word of the form N/N.
func readyOf(text string) string {
	for _, word := range strings.Fields(text) {
		if len(word) == 3 && word[1] == '/' {
			return word
		}
	}
	return ""
}

func writeReady(t *testing.T, c *harness.Cluster, namespace string, both bool) {
	t.Helper()
	patch := fmt.Sprintf(`[{"op":"replace","path":"/endpoints/1/conditions/ready","value":%t}]`, both)
	_, err := c.Kube.DiscoveryV1().EndpointSlices(namespace).Patch(t.Context(), "by-hand-1", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// watchReadyCounts watches a slice, and tells when it changed last and how often.
func watchReadyCounts(t *testing.T, c *harness.Cluster, namespace, slice string) func() (last time.Time, changes int) {
	t.Helper()
	now, err := c.Kube.DiscoveryV1().EndpointSlices(namespace).Get(t.Context(), slice, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	options := metav1.ListOptions{FieldSelector: "metadata.name=" + slice, ResourceVersion: now.ResourceVersion}
	watch, err := c.Kube.DiscoveryV1().EndpointSlices(namespace).Watch(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watch.Stop)
	var mu sync.Mutex
	var last time.Time
	changes := 0
	go func() {
		for event := range watch.ResultChan() {
			if _, ok := event.Object.(*discoveryv1.EndpointSlice); ok {
				mu.Lock()
				last, changes = time.Now(), changes+1
				mu.Unlock()
			}
		}
	}()
	return func() (time.Time, int) {
		mu.Lock()
		defer mu.Unlock()
		return last, changes
	}
}
