// Package cluster brings up a real Kubernetes on one Linux machine, and ends it.
//
// The whole cluster lives in network namespaces that have no route out: nothing that a Service, a
// Pod or a probe does can leave the machine. Node 1 also runs etcd and the control plane. Every
// further node is a namespace of its own with its own containerd, kubelet and kube-proxy, joined by
// a veth pair to node 1's bridge.
//
// The processes are detached. Up returns when the cluster is usable, and the cluster lives on until
// Down. Everything it needs (certificates, logs, process records) is in one state directory.
package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// DefaultNodes are as many as it takes to see what differs from node to node.
const DefaultNodes = 2

// DirVariable names the environment variable that overrides the default state directory.
const DirVariable = "SVCTUI_E2E_DIR"

// RequirementError says that this machine cannot run the cluster: wrong system, no root, a missing
// package. Its text is one sentence for a person, with what to do about it.
type RequirementError struct{ text string }

func (e *RequirementError) Error() string { return e.text }

// ErrNotUp is returned where a running cluster is needed and the state directory holds none.
var ErrNotUp = errors.New("no test cluster is up: bring one up with `go run ./cmd/cluster up` in e2e")

// Options says what cluster to bring up. The zero value is a cluster of DefaultNodes in DefaultDir.
type Options struct {
	// Nodes is the number of nodes, DefaultNodes if 0.
	Nodes int
	// Dir is the state directory; DefaultDir() when empty. Its base name also names the network
	// namespaces, so two clusters can stand side by side. A short path is needed: Unix sockets live in it.
	Dir string
	// ModuleDir is the folder of the e2e module; looked up from the working directory when empty.
	ModuleDir string
	// Progress gets one line for each step; nothing is written when nil.
	Progress io.Writer
}

// DefaultDir is $SVCTUI_E2E_DIR, or svctui-e2e under the system's folder for temporary files.
func DefaultDir() string {
	if dir := os.Getenv(DirVariable); dir != "" {
		return dir
	}
	return filepath.Join(os.TempDir(), "svctui-e2e")
}

// maxDirLength keeps the longest Unix socket path below the kernel's 108 bytes. containerd's shim
// sockets are the longest: dir/node-N/containerd/s/ and 64 characters of digest.
const maxDirLength = 108 - 1 - 64 - len("/node-9/s/")

func (o Options) withDefaults() (Options, error) {
	if o.Nodes == 0 {
		o.Nodes = DefaultNodes
	}
	if o.Nodes < 1 || o.Nodes > 9 {
		return o, fmt.Errorf("cluster: %d nodes asked for; 1 to 9 are possible", o.Nodes)
	}
	if o.Dir == "" {
		o.Dir = DefaultDir()
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("cluster: state directory %q: %w", o.Dir, err)
	}
	if len(dir) > maxDirLength {
		return o, fmt.Errorf("cluster: the state directory %s is longer than %d characters, too long for the Unix sockets in it: set %s to a shorter path", dir, maxDirLength, DirVariable)
	}
	o.Dir = dir
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o, nil
}

// FindModuleDir looks for the folder of the e2e module: the working directory, a parent of it, or
// the folder e2e in one of these.
func FindModuleDir() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cluster: working directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{dir, filepath.Join(dir, "e2e")} {
			if _, err := os.Stat(filepath.Join(candidate, "programs", "kubernetes", "go.mod")); err == nil {
				return candidate, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("cluster: no e2e module found from %s upwards: run this inside the repository", start)
		}
	}
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9-]+`)

func namespacePrefix(dir string) string {
	return strings.Trim(notInNames.ReplaceAllString(filepath.Base(dir), "-"), "-")
}
