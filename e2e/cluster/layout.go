package cluster

import (
	"fmt"
	"path/filepath"
)

// Addresses. They exist inside the cluster's network namespaces only, so they clash with nothing.
const (
	serviceRange    = "10.96.0.0/16"
	serviceRange6   = "fd00:10:96::/112"
	serviceRangeAPI = "10.96.0.1" // the first address, which default/kubernetes gets
	dnsAddress      = "10.96.0.10"
	podRange        = "10.244.0.0/16"
	podRange6       = "fd00:10:244::/56"
	clusterDomain   = "cluster.local"
	apiServerPort   = 6443
	etcdAddress     = "127.0.0.1:2379"
	etcdPeerAddress = "127.0.0.1:2380"
	nodeBridge      = "nodes0" // on node 1: carries its address and the veth pairs of the others
	nodeUplink      = "eth0"   // on the other nodes
)

// node is one node of the cluster, counted from 1.
type node struct {
	number int
	dir    string
	netns  string
}

func (c *Cluster) node(number int) node {
	return node{
		number: number,
		dir:    filepath.Join(c.Dir, fmt.Sprintf("node-%d", number)),
		netns:  fmt.Sprintf("%s-%d", namespacePrefix(c.Dir), number),
	}
}

func (n node) name() string     { return fmt.Sprintf("node-%d", n.number) }
func (n node) address() string  { return fmt.Sprintf("10.200.0.%d", n.number) }
func (n node) podRange() string { return fmt.Sprintf("10.244.%d.0/24", n.number) }

// The cluster is dual-stack. IPv4 is the family of a Service that asks for none.
func (n node) address6() string { return fmt.Sprintf("fd00:10:200::%d", n.number) }

// podRange6 is empty on node 2, whose Pods have IPv4 addresses only: so are nodes that joined before
// their cluster became dual-stack.
func (n node) podRange6() string {
	if n.number == 2 {
		return ""
	}
	return fmt.Sprintf("fd00:10:244:%d::/64", n.number)
}

func (n node) podRanges() []string {
	if n.podRange6() == "" {
		return []string{n.podRange()}
	}
	return []string{n.podRange(), n.podRange6()}
}

// zone gives the nodes two zones in turn, as a small regional cluster has.
func (n node) zone() string { return "zone-" + string(rune('a'+(n.number-1)%2)) }

func (n node) netnsPath() string { return filepath.Join("/var/run/netns", n.netns) }

func (n node) uplink() string {
	if n.number == 1 {
		return nodeBridge
	}
	return nodeUplink
}

func (n node) path(elements ...string) string {
	return filepath.Join(append([]string{n.dir}, elements...)...)
}

func (n node) containerdSocket() string { return n.path("containerd.sock") }

func (c *Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.Dir}, elements...)...)
}

// Program is the path of one of the cluster's programs, such as "kubectl".
func (c *Cluster) Program(name string) string { return filepath.Join(c.BinDir, name) }

func (c *Cluster) server() string {
	return fmt.Sprintf("https://%s:%d", c.node(1).address(), apiServerPort)
}
