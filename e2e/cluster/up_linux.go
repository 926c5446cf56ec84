package cluster

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/svctui/svctui/e2e/image"
)

// debianPackages are the packages of each program that the machine must have.
var debianPackages = map[string]string{
	"ip": "iproute2", "iptables": "iptables", "conntrack": "conntrack", "runc": "runc", "nsenter": "util-linux", "busybox": "busybox-static",
}

// checkMachine returns a RequirementError if this machine cannot run the cluster.
func checkMachine() error {
	if os.Geteuid() != 0 {
		return &RequirementError{"The test cluster makes network namespaces and runs containers, so it needs root: run it with sudo."}
	}
	var missing []string
	for _, program := range []string{"ip", "iptables", "conntrack", "runc", "nsenter", "busybox"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, debianPackages[program])
		}
	}
	if _, err := findCNIPlugins(); err != nil {
		missing = append(missing, "containernetworking-plugins")
	}
	if len(missing) > 0 {
		return &RequirementError{fmt.Sprintf("The test cluster needs programs that are not installed: apt-get install %s", strings.Join(missing, " "))}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return &RequirementError{"The test cluster builds Kubernetes from source and needs the go command in PATH."}
	}
	return nil
}

// Up brings the cluster up and returns when its nodes are ready. A healthy cluster in the same state
// directory is kept, with nodes added if it has fewer; anything else that an earlier run left there
// is removed first. Two runs at once wait for each other. The error is a RequirementError where this
// machine cannot run a cluster.
func Up(ctx context.Context, options Options) (*Cluster, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkMachine(); err != nil {
		return nil, err
	}
	if options.ModuleDir == "" {
		if options.ModuleDir, err = FindModuleDir(); err != nil {
			return nil, err
		}
	}
	unlock, err := lock(ctx, options.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	say := func(format string, arguments ...any) { fmt.Fprintf(options.Progress, format+"\n", arguments...) }

	existing, err := Open(options.Dir)
	if err == nil && existing.health(ctx) == nil {
		return existing, existing.extend(ctx, options, say)
	}

	say("building the cluster's programs (seconds from the build cache, some fourteen minutes the first time)")
	binDir, err := buildPrograms(ctx, options.ModuleDir)
	if err != nil {
		return nil, err
	}
	if err := remove(ctx, options.Dir, binDir); err != nil {
		return nil, err
	}
	c := &Cluster{Dir: options.Dir, BinDir: binDir, Nodes: options.Nodes}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	// Written first, so that Down finds a cluster that did not come up.
	if err := c.save(); err != nil {
		return nil, err
	}
	say("starting the control plane")
	if err := c.startControlPlane(ctx); err != nil {
		return nil, err
	}
	if err := c.buildImages(ctx, options.ModuleDir); err != nil {
		return nil, err
	}
	for number := 1; number <= c.Nodes; number++ {
		say("starting node-%d", number)
		if err := c.startNode(ctx, c.node(number)); err != nil {
			return nil, err
		}
	}
	if err := c.save(); err != nil {
		return nil, err
	}
	return c, c.startAddons(ctx, options.ModuleDir)
}

// extend adds what a healthy cluster lacks: nodes, the name server, the Gateway API, and images whose source has changed.
func (c *Cluster) extend(ctx context.Context, options Options, say func(string, ...any)) error {
	before := [3]string{c.WorkloadDigest, c.DNSDigest, c.BusyBoxDigest}
	if err := c.buildImages(ctx, options.ModuleDir); err != nil {
		return err
	}
	if before != [3]string{c.WorkloadDigest, c.DNSDigest, c.BusyBoxDigest} {
		say("loading the changed images")
		for number := 1; number <= c.Nodes; number++ {
			if err := c.importImages(ctx, c.node(number)); err != nil {
				return err
			}
		}
	}
	for c.Nodes < options.Nodes {
		c.Nodes++
		if err := c.save(); err != nil {
			return err
		}
		say("starting node-%d", c.Nodes)
		if err := c.startNode(ctx, c.node(c.Nodes)); err != nil {
			return err
		}
	}
	if err := c.save(); err != nil {
		return err
	}
	return c.startAddons(ctx, options.ModuleDir)
}

// startAddons puts into a running cluster what serves in it, and waits until all is usable. It may be called again.
func (c *Cluster) startAddons(ctx context.Context, moduleDir string) error {
	if err := c.installGatewayAPI(ctx, moduleDir); err != nil {
		return err
	}
	if err := c.startDNS(ctx); err != nil {
		return err
	}
	return c.waitUntilUsable(ctx)
}

func (c *Cluster) startControlPlane(ctx context.Context) error {
	first := c.node(1)
	if err := first.createNetwork(ctx); err != nil {
		return err
	}
	if err := c.createCertificates(); err != nil {
		return fmt.Errorf("cluster: certificates: %w", err)
	}
	if err := c.writeTokens(); err != nil {
		return err
	}
	if err := c.writeCertificateKubeconfig(c.Kubeconfig(), "admin"); err != nil {
		return err
	}
	if err := c.start("etcd", "etcd", first, c.etcdArguments()); err != nil {
		return err
	}
	if err := c.start("kube-apiserver", "kube-apiserver", first, c.apiServerArguments()); err != nil {
		return err
	}
	if err := c.waitFor(ctx, time.Minute, "the API server to be ready", c.apiServerReady); err != nil {
		return err
	}
	kubeconfig, err := c.componentKubeconfig("controller-manager")
	if err != nil {
		return err
	}
	if err := c.start("kube-controller-manager", "kube-controller-manager", first, c.controllerManagerArguments(kubeconfig)); err != nil {
		return err
	}
	if kubeconfig, err = c.componentKubeconfig("scheduler"); err != nil {
		return err
	}
	return c.start("kube-scheduler", "kube-scheduler", first, schedulerArguments(kubeconfig))
}

// writeTokens gives TokenUser a bearer token. The API server reads the file once, when it starts.
func (c *Cluster) writeTokens() error {
	token := newSerial().Text(36)
	if err := os.WriteFile(c.path("pki", "token"), []byte(token), 0o600); err != nil {
		return err
	}
	file, err := os.OpenFile(c.path("pki", "tokens.csv"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	writer := csv.NewWriter(file)
	_ = writer.Write([]string{token, TokenUser, TokenUser, TokenGroup})
	writer.Flush()
	return errors.Join(writer.Error(), file.Close())
}

// startNode may be called for a node that is partly there: what exists is left as it is.
func (c *Cluster) startNode(ctx context.Context, n node) error {
	if n.number > 1 {
		if err := n.createNetwork(ctx); err != nil {
			return err
		}
		if err := c.joinNodes(ctx, n); err != nil {
			return err
		}
	}
	cniPlugins, err := findCNIPlugins()
	if err != nil {
		return err
	}
	for _, dir := range []string{n.dir, n.path("cni"), n.path("kubelet"), n.path("pod-logs"), n.path("volume-plugins"), n.path("addresses"), n.path("s")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := c.createNodeCertificates(n); err != nil {
		return fmt.Errorf("cluster: certificates of %s: %w", n.name(), err)
	}
	kubeletKubeconfig, err := c.componentKubeconfig(n.name() + "-kubelet")
	if err != nil {
		return err
	}
	proxyKubeconfig, err := c.componentKubeconfig("kube-proxy")
	if err != nil {
		return err
	}
	for file, text := range map[string]string{
		"containerd.toml":     n.containerdConfig(cniPlugins),
		"cni/10-e2e.conflist": n.cniConfig(),
		"kubelet.yaml":        c.kubeletConfig(n),
		"kube-proxy.yaml":     kubeProxyConfig(n, proxyKubeconfig),
		"resolv.conf":         "", // Pods get no name server of the machine's
	} {
		if err := os.WriteFile(n.path(file), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if err := c.start(n.name()+"-containerd", "containerd", n, []string{"--config=" + n.path("containerd.toml")}); err != nil {
		return err
	}
	if err := c.waitFor(ctx, 30*time.Second, "containerd of "+n.name(), func(ctx context.Context) error {
		return c.ctr(ctx, n, "version")
	}); err != nil {
		return err
	}
	if err := c.importImages(ctx, n); err != nil {
		return err
	}
	if err := c.start(n.name()+"-kubelet", "kubelet", n, c.kubeletArguments(n, kubeletKubeconfig)); err != nil {
		return err
	}
	return c.start(n.name()+"-kube-proxy", "kube-proxy", n, []string{"--config=" + n.path("kube-proxy.yaml")})
}

func (c *Cluster) ctr(ctx context.Context, n node, arguments ...string) error {
	return run(ctx, c.Program("ctr"), append([]string{"--address", n.containerdSocket(), "--namespace", "k8s.io"}, arguments...)...)
}

func (c *Cluster) buildImages(ctx context.Context, moduleDir string) error {
	if moduleDir == "" {
		var err error
		if moduleDir, err = FindModuleDir(); err != nil {
			return err
		}
	}
	digest, err := image.Write(ctx, moduleDir, c.path("images.tar"), WorkloadImage, PauseImage)
	if err != nil {
		return err
	}
	c.WorkloadDigest = digest
	if err := goBuild(ctx, filepath.Join(moduleDir, "programs", "coredns"), c.Program("coredns"), "-s -w", "."); err != nil {
		return err
	}
	if c.DNSDigest, err = image.WriteProgram(c.Program("coredns"), c.path("dns.tar"), DNSImage); err != nil {
		return err
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	c.BusyBoxDigest, err = image.WriteBusyBox(busybox, c.path("busybox.tar"), BusyBoxImage, "sh", "cat", "sleep", "wget", "nc")
	return err
}

func (c *Cluster) importImages(ctx context.Context, n node) error {
	return errors.Join(
		c.ctr(ctx, n, "images", "import", c.path("images.tar")),
		c.ctr(ctx, n, "images", "import", c.path("dns.tar")),
		c.ctr(ctx, n, "images", "import", c.path("busybox.tar")))
}

// waitUntilUsable waits for everything that a test relies on: nodes that take Pods, the service
// account that each Pod needs, a Service that answers, and names that resolve.
func (c *Cluster) waitUntilUsable(ctx context.Context) error {
	return c.waitFor(ctx, 90*time.Second, "the cluster to be usable", func(ctx context.Context) error {
		if err := c.health(ctx); err != nil {
			return err
		}
		return c.dnsReady(ctx)
	})
}

func (c *Cluster) waitFor(ctx context.Context, limit time.Duration, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		attempt, cancelAttempt := context.WithTimeout(ctx, 5*time.Second)
		err := ready(attempt)
		cancelAttempt()
		if err == nil {
			return nil
		}
		if stopped := c.firstEnded(); stopped != "" {
			return fmt.Errorf("cluster: %s ended while waiting for %s\n%s", stopped, what, c.logTail(stopped))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cluster: waited %v for %s: %w (the logs are in %s)", limit, what, err, c.path("logs"))
		case <-tick.C:
		}
	}
}

// firstEnded names a process that was started and does not run any more, or is empty.
func (c *Cluster) firstEnded() string {
	for _, name := range c.processOrder() {
		if p, err := c.readProcess(name); err == nil && !p.running() {
			return name
		}
	}
	return ""
}

func (c *Cluster) apiServerReady(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}

func (c *Cluster) client() (*kubernetes.Clientset, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// health is nil when every process runs and the cluster takes and serves Pods.
func (c *Cluster) health(ctx context.Context) error {
	if stopped := c.firstStopped(); stopped != "" {
		return fmt.Errorf("%s does not run", stopped)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := c.apiServerReady(ctx); err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	for number := 1; number <= c.Nodes; number++ {
		n := c.node(number)
		object, err := client.CoreV1().Nodes().Get(ctx, n.name(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !nodeReady(object) {
			return fmt.Errorf("%s is not ready", n.name())
		}
		if object.Spec.PodCIDR == "" {
			// The Pod ranges are fixed by the nodes' numbers, so no controller gives them out.
			patch := fmt.Sprintf(`{"spec":{"podCIDR":%q,"podCIDRs":["%s"]}}`, n.podRange(), strings.Join(n.podRanges(), `","`))
			if _, err := client.CoreV1().Nodes().Patch(ctx, n.name(), types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
				return err
			}
		}
	}
	if _, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{}); err != nil {
		return err
	}
	for number := 1; number <= c.Nodes; number++ {
		conn, err := dialIn(ctx, c.node(number).netnsPath(), "tcp", serviceRangeAPI+":443")
		if err != nil {
			return fmt.Errorf("kube-proxy of node-%d does not serve the first Service yet: %w", number, err)
		}
		conn.Close()
	}
	return nil
}

func nodeReady(n *corev1.Node) bool {
	ready := false
	for _, condition := range n.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			ready = condition.Status == corev1.ConditionTrue
		}
	}
	// The node controller lifts its taint a moment after the node is ready; until then no Pod is scheduled.
	for _, taint := range n.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable {
			return false
		}
	}
	return ready
}

// lock keeps two runs apart that want to bring up or end the cluster of one state directory.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("cluster: lock %s.lock: %w", dir, err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("cluster: another run holds %s.lock: %w", dir, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
