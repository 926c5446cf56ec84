package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names of the images that every node has; nothing can be pulled.
const (
	// WorkloadImage is the image of e2e/workload. Pods use it with imagePullPolicy: Never.
	WorkloadImage = "svctui.test/workload:1"
	// BusyBoxImage has a shell and the small tools, for Pods that commands are run in.
	BusyBoxImage = "svctui.test/busybox:1"
	// PauseImage is the sandbox image, made of the same program.
	PauseImage = "svctui.test/pause:1"
	// DNSImage is CoreDNS, for the cluster's own name server.
	DNSImage = "svctui.test/coredns:1"
)

// cniPluginDirs is where distributions put the CNI plugins; the first is Debian's.
var cniPluginDirs = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

func findCNIPlugins() (string, error) {
	for _, dir := range cniPluginDirs {
		missing := false
		for _, plugin := range []string{"bridge", "host-local", "portmap", "loopback"} {
			if _, err := os.Stat(filepath.Join(dir, plugin)); err != nil {
				missing = true
			}
		}
		if !missing {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no CNI plugins in %s", strings.Join(cniPluginDirs, ", "))
}

// containerdConfig keeps every path of containerd inside the node's folder. restrict_oom_score_adj is for
// machines without CAP_SYS_RESOURCE, where a sandbox could not start otherwise.
func (n node) containerdConfig(cniPlugins string) string {
	return fmt.Sprintf(`version = 4
root = %[1]q
state = %[2]q
imports = []
disabled_plugins = [
  "io.containerd.nri.v1.nri",
  "io.containerd.image-verifier.v1.bindir",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
]

[plugins."io.containerd.server.v1.grpc"]
address = %[3]q

[plugins."io.containerd.server.v1.ttrpc"]
address = "%[4]s"

[plugins."io.containerd.shim.v1.manager"]
socket_dir = %[5]q

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = %[6]q

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
cdi_spec_dirs = []

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
Root = %[7]q
SystemdCgroup = false

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [%[8]q]
conf_dir = %[9]q
`,
		n.path("containerd"), n.path("state"), n.containerdSocket(), n.containerdSocket()+".ttrpc",
		n.path("s"), PauseImage, n.path("runc"), cniPlugins, n.path("cni"))
}

// cniConfig is the Pod network: a bridge in the node's namespace, which is the Pods' default gateway.
// Addresses are not masqueraded, so Services and NetworkPolicy-like rules see the Pods' own.
func (n node) cniConfig() string {
	var ranges []string
	for _, subnet := range n.podRanges() {
		ranges = append(ranges, fmt.Sprintf(`[{"subnet": %q}]`, subnet))
	}
	return fmt.Sprintf(`{
  "cniVersion": "1.0.0",
  "name": "svctui-e2e",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isDefaultGateway": true,
      "hairpinMode": true,
      "ipMasq": false,
      "ipam": {
        "type": "host-local",
        "dataDir": %q,
        "ranges": [%s]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`, n.path("addresses"), strings.Join(ranges, ", "))
}

func (c *Cluster) kubeletConfig(n node) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[1]q}
authorization: {mode: Webhook}
tlsCertFile: %[2]q
tlsPrivateKeyFile: %[3]q
containerRuntimeEndpoint: unix://%[4]s
podLogsDir: %[5]q
volumePluginDir: %[6]q
resolvConf: %[7]q
clusterDomain: %[8]s
clusterDNS: [%[9]s]
# The machine is somebody's workplace: no cgroup hierarchy of its own, no reserved resources, swap allowed.
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failSwapOn: false
oomScoreAdj: 0
makeIPTablesUtilChains: true
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, nodefs.inodesFree: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
maxPods: 250
serializeImagePulls: false
eventRecordQPS: 0
kubeAPIQPS: 100
kubeAPIBurst: 200
`,
		c.path("pki", "ca.crt"), c.path("pki", n.name()+"-kubelet-server.crt"), c.path("pki", n.name()+"-kubelet-server.key"),
		n.containerdSocket(), n.path("pod-logs"), n.path("volume-plugins"), n.path("resolv.conf"),
		clusterDomain, dnsAddress)
}

// kubeProxyConfig leaves the conntrack limits alone: they belong to the whole machine.
func kubeProxyConfig(n node, kubeconfig string) string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: %q}
hostnameOverride: %s
bindAddress: %s
clusterCIDR: %s
mode: iptables
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, kubeconfig, n.name(), n.address(), podRange+","+podRange6)
}

func (c *Cluster) etcdArguments() []string {
	return []string{
		"--name=e2e",
		"--data-dir=" + c.path("etcd"),
		"--listen-client-urls=http://" + etcdAddress,
		"--advertise-client-urls=http://" + etcdAddress,
		"--listen-peer-urls=http://" + etcdPeerAddress,
		"--initial-advertise-peer-urls=http://" + etcdPeerAddress,
		"--initial-cluster=e2e=http://" + etcdPeerAddress,
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

func (c *Cluster) apiServerArguments() []string {
	pki := func(file string) string { return c.path("pki", file) }
	return []string{
		"--etcd-servers=http://" + etcdAddress,
		"--bind-address=0.0.0.0",
		fmt.Sprintf("--secure-port=%d", apiServerPort),
		"--advertise-address=" + c.node(1).address(),
		"--client-ca-file=" + pki("ca.crt"),
		"--tls-cert-file=" + pki("apiserver.crt"),
		"--tls-private-key-file=" + pki("apiserver.key"),
		"--token-auth-file=" + pki("tokens.csv"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceRange + "," + serviceRange6,
		"--service-account-issuer=https://kubernetes.default.svc." + clusterDomain,
		"--service-account-key-file=" + pki("service-accounts.key"),
		"--service-account-signing-key-file=" + pki("service-accounts.key"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + pki("front-proxy-client.key"),
		"--profiling=false",
	}
}

func (c *Cluster) controllerManagerArguments(kubeconfig string) []string {
	pki := func(file string) string { return c.path("pki", file) }
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--secure-port=0",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + pki("service-accounts.key"),
		"--root-ca-file=" + pki("ca.crt"),
		"--cluster-signing-cert-file=" + pki("ca.crt"),
		"--cluster-signing-key-file=" + pki("ca.key"),
		"--cluster-cidr=" + podRange + "," + podRange6,
		// A node that stops is noticed after 20 s instead of 50: tests wait for it.
		"--node-monitor-grace-period=20s",
		"--profiling=false",
	}
}

func schedulerArguments(kubeconfig string) []string {
	return []string{"--kubeconfig=" + kubeconfig, "--secure-port=0", "--leader-elect=false", "--profiling=false"}
}

func (c *Cluster) kubeletArguments(n node, kubeconfig string) []string {
	return []string{
		"--config=" + n.path("kubelet.yaml"),
		"--kubeconfig=" + kubeconfig,
		"--hostname-override=" + n.name(),
		"--node-ip=" + n.address() + "," + n.address6(),
		"--root-dir=" + n.path("kubelet"),
		"--node-labels=topology.kubernetes.io/zone=" + n.zone() + ",topology.kubernetes.io/region=region-1",
	}
}
