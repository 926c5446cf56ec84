// Package harness is what the end-to-end tests stand on: a cluster, namespaces that end with the test,
// manifests, conditions with deadlines, and svctui itself as a command and in a terminal.
//
// The tests need not run inside of the cluster's network namespace: the harness dials into it, and starts
// svctui in it.
package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/svctui/svctui/e2e/cluster"
	"github.com/svctui/svctui/e2e/objects"
)

// Environment variables that steer the tests.
const (
	// ModeVariable set to "existing" runs the tests on the cluster that KUBECONFIG names.
	ModeVariable = "SVCTUI_E2E"
	// SkipVariable set to 1 skips every test that needs a cluster.
	SkipVariable = "SVCTUI_E2E_SKIP"
	// BinaryVariable names a svctui to test instead of one built from the source.
	BinaryVariable = "SVCTUI_E2E_BINARY"
	// RaceVariable set to 1 builds svctui with the race detector.
	RaceVariable = "SVCTUI_E2E_RACE"
	// KeepVariable set to 1 keeps the namespaces of tests that failed.
	KeepVariable = "SVCTUI_E2E_KEEP"
	// CompareVariable names the file that the comparison with other tools is written to; without it there is none.
	CompareVariable = "SVCTUI_E2E_COMPARE"
	// K9sVariable and PopeyeVariable name the programs that the comparison asks.
	K9sVariable    = "SVCTUI_E2E_K9S"
	PopeyeVariable = "SVCTUI_E2E_POPEYE"
)

// Cluster is the cluster under test. Its methods end the test when they fail, so they belong to the
// test's own goroutine.
type Cluster struct {
	*objects.Client
	// Config is the administrator's, for this process.
	Config *rest.Config
	// Kubeconfig is the administrator's, for svctui.
	Kubeconfig string
	// Own is the cluster of package cluster, or nil on an existing one, of which less is known: its node
	// names, its address ranges, and which processes could be stopped.
	Own *cluster.Cluster
}

// current is set by Main before the first test runs, and not changed afterwards.
var current struct {
	cluster *Cluster
	skip    bool
	binary  func() (string, error)
}

// Main runs the tests of a package that needs a cluster: func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }.
// Without a usable cluster it fails and says why; it never skips by itself.
func Main(m *testing.M) int {
	// A signal that is ignored, as SIGHUP is under nohup, stays so in every child. One that is caught does not, and the
	// terminals of the tests end svctui by it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	dir, err := os.MkdirTemp("", "svctui-e2e-run-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	current.binary = sync.OnceValues(func() (string, error) { return buildBinary(dir) })
	if os.Getenv(SkipVariable) == "1" {
		fmt.Fprintf(os.Stderr, "e2e: tests that need a cluster are skipped, because %s=1\n", SkipVariable)
		current.skip = true
		return m.Run()
	}
	current.cluster, err = connect()
	if err != nil {
		fmt.Fprintf(os.Stderr, "e2e: no cluster to test on: %v\n     (%s=1 runs only the tests that need none)\n", err, SkipVariable)
		return 1
	}
	return m.Run()
}

// Use gives the test the cluster.
func Use(t testing.TB) *Cluster {
	t.Helper()
	if current.skip {
		t.Skipf("%s=1", SkipVariable)
	}
	if current.cluster == nil {
		t.Fatal("the package's TestMain does not call harness.Main")
	}
	return current.cluster
}

func connect() (*Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if mode := os.Getenv(ModeVariable); mode == "existing" {
		return connectExisting(ctx)
	} else if mode != "" {
		return nil, fmt.Errorf(`%s is %q; only "existing" means something`, ModeVariable, mode)
	}
	own, err := cluster.Open("")
	if err != nil {
		return nil, err
	}
	if _, err := own.Status(ctx); err != nil {
		return nil, fmt.Errorf("the cluster in %s is not usable: %w", own.Dir, err)
	}
	config, err := own.RESTConfig()
	if err != nil {
		return nil, err
	}
	return newCluster(config, own.Kubeconfig(), own)
}

func connectExisting(ctx context.Context) (*Cluster, error) {
	kubeconfig := os.Getenv(clientcmd.RecommendedConfigPathEnvVar)
	if kubeconfig == "" {
		return nil, fmt.Errorf("%s=existing needs KUBECONFIG", ModeVariable)
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	c, err := newCluster(config, kubeconfig, nil)
	if err != nil {
		return nil, err
	}
	if err := c.Kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return nil, fmt.Errorf("the cluster at %s does not answer: %w", config.Host, err)
	}
	return c, nil
}

func newCluster(config *rest.Config, kubeconfig string, own *cluster.Cluster) (*Cluster, error) {
	client, err := objects.NewClient(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{Client: client, Config: config, Kubeconfig: kubeconfig, Own: own}, nil
}

// RequireOwn skips the test where the cluster is not one of package cluster.
func (c *Cluster) RequireOwn(t testing.TB) *cluster.Cluster {
	t.Helper()
	if c.Own == nil {
		t.Skip("needs the cluster of e2e/cluster")
	}
	return c.Own
}

// buildBinary builds svctui from the module that e2e stands in.
func buildBinary(dir string) (string, error) {
	if binary := os.Getenv(BinaryVariable); binary != "" {
		return filepath.Abs(binary)
	}
	moduleDir, err := cluster.FindModuleDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "svctui")
	arguments := []string{"build", "-o", binary}
	env := append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if os.Getenv(RaceVariable) == "1" {
		arguments = append(arguments, "-race")
		env = append(env, "CGO_ENABLED=1")
	}
	cmd := exec.Command("go", append(arguments, ".")...)
	cmd.Dir, cmd.Env = filepath.Dir(moduleDir), env
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build of svctui: %w\n%s", err, strings.TrimSpace(string(output)))
	}
	return binary, nil
}

// Namespace creates a namespace for the test, which is deleted at its end.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	return c.NamespaceNamed(t, "e2e-"+nameOf(t)+"-")
}

// NamespaceNamed is like Namespace with a name of the test's choice; one that ends in "-" gets a random end.
func (c *Cluster) NamespaceNamed(t testing.TB, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	namespace, err := c.CreateNamespace(ctx, name)
	if namespace != "" {
		t.Cleanup(func() {
			if t.Failed() && os.Getenv(KeepVariable) == "1" {
				t.Logf("namespace %s is kept", namespace)
				return
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := c.DeleteNamespace(ctx, namespace); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return namespace
}

// nameOf makes a test's name fit for a namespace.
func nameOf(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '-'
		}
	}, strings.TrimPrefix(t.Name(), "Test"))
	return strings.Trim(name[:min(len(name), 40)], "-")
}

// Apply puts manifests into a namespace; see objects.Client.Apply for what may stand in them.
func (c *Cluster) Apply(t testing.TB, namespace, manifests string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.Client.Apply(ctx, namespace, manifests); err != nil {
		t.Fatal(err)
	}
}

// Delete deletes an object of a namespace and what it owns.
func (c *Cluster) Delete(t testing.TB, namespace, kind, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Client.Delete(ctx, namespace, kind, name); err != nil {
		t.Fatal(err)
	}
}

// Wait waits for a condition in a namespace. Where it does not come about, the test fails with the namespace's Pods, their logs and events.
func (c *Cluster) Wait(t testing.TB, namespace string, limit time.Duration, condition objects.Condition) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := c.Client.Wait(ctx, namespace, condition); err != nil {
		t.Fatalf("%v\n%s", err, c.Shell(t, "kubectl get pods,events --ignore-not-found -o wide -n "+namespace+
			"; for pod in $(kubectl get pods -o name -n "+namespace+"); do kubectl logs $pod --all-containers --prefix --tail 5 -n "+namespace+"; done"))
	}
}

// Eventually asks until the answer is nil. At the limit the test fails with what was waited for and the last answer.
func Eventually(t testing.TB, limit time.Duration, what string, ask func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := objects.Eventually(ctx, ask); err != nil {
		t.Fatalf("waited for %s: %v", what, err)
	}
}
