package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a cluster that is up, or was. Its exported fields are what the state file keeps.
// Its methods may be used from several goroutines and processes.
type Cluster struct {
	// Dir is the absolute path of the state directory.
	Dir string `json:"dir"`
	// BinDir holds the cluster's programs.
	BinDir string `json:"binDir"`
	// Nodes is the number of nodes.
	Nodes int `json:"nodes"`
	// WorkloadDigest names the build of the workload image that the nodes have.
	WorkloadDigest string `json:"workloadDigest"`
	// DNSDigest names the build of CoreDNS that the nodes have.
	DNSDigest string `json:"dnsDigest"`
	// BusyBoxDigest names the BusyBox that the nodes have.
	BusyBoxDigest string `json:"busyBoxDigest"`
}

const stateFile = "cluster.json"

// Open reads the cluster that stands in a state directory, DefaultDir() when empty. It looks at
// the record only; Status tells whether the cluster is healthy. Without a record the error is ErrNotUp.
func Open(dir string) (*Cluster, error) {
	if dir == "" {
		dir = DefaultDir()
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotUp
	}
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	var c Cluster
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("cluster: %s: %w", filepath.Join(dir, stateFile), err)
	}
	return &c, nil
}

func (c *Cluster) save() error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.path(stateFile), append(data, '\n'), 0o600)
}

// Kubeconfig is the path of the administrator's kubeconfig. Its server can be reached from inside
// the cluster's network namespace only: see Enter, Command and DialContext.
func (c *Cluster) Kubeconfig() string { return c.path("kubeconfig") }

// Enter is the command line, to be followed by a program, that enters node 1's network namespace.
func (c *Cluster) Enter() []string { return c.EnterNode(1) }

// EnterNode is like Enter, for the node of that number.
//
// It is nsenter and not `ip netns exec`, which mounts a new /sys and so hides the cgroups.
func (c *Cluster) EnterNode(number int) []string {
	return []string{"nsenter", "--net=" + c.node(number).netnsPath()}
}

// RESTConfig is a client configuration for the administrator that works from outside of the
// cluster's network namespace: it dials inside. It has no client-side rate limit.
func (c *Cluster) RESTConfig() (*rest.Config, error) { return c.RESTConfigFor(c.Kubeconfig()) }

// RESTConfigFor is like RESTConfig, for another kubeconfig of this cluster.
func (c *Cluster) RESTConfigFor(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("cluster: kubeconfig %s: %w", kubeconfig, err)
	}
	config.QPS = -1
	config.Dial = c.DialContext
	return config, nil
}
