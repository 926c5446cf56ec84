package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// Laptop is a machine beside the nodes, with a network of its own that can be cut. Its methods must not be called at
// the same time.
type Laptop struct {
	netns string
	port  string
	// first is the network namespace of node 1, where the other end of its cable is.
	first   string
	address int
}

// NewLaptop connects a laptop to the nodes' network. Close takes it away again.
func (c *Cluster) NewLaptop(ctx context.Context) (*Laptop, error) {
	l := c.laptop()
	l.Close()
	steps := [][]string{
		{"netns", "add", l.netns},
		{"-n", l.netns, "link", "set", "lo", "up"},
		{"-n", l.first, "link", "add", l.port, "type", "veth", "peer", "name", nodeUplink, "netns", l.netns},
		{"-n", l.first, "link", "set", l.port, "master", nodeBridge, "up"},
		{"-n", l.netns, "link", "set", nodeUplink, "up"},
		{"-n", l.netns, "address", "add", l.cidr(), "dev", nodeUplink},
	}
	for _, step := range steps {
		if err := ip(ctx, step...); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

func (c *Cluster) laptop() *Laptop {
	return &Laptop{netns: namespacePrefix(c.Dir) + "-laptop", port: "laptop", first: c.node(1).netns, address: 100}
}

func (l *Laptop) cidr() string { return fmt.Sprintf("10.200.0.%d/24", l.address) }

// Enter is the command line, to be followed by a program, that runs it on the laptop.
func (l *Laptop) Enter() []string { return []string{"nsenter", "--net=" + l.path()} }

func (l *Laptop) path() string { return filepath.Join("/var/run/netns", l.netns) }

// DialContext dials from the laptop, as Cluster.DialContext does from node 1.
func (l *Laptop) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return dialIn(ctx, l.path(), network, address)
}

// Cut makes everything that the laptop sends and gets vanish, without a word to anybody.
func (l *Laptop) Cut(ctx context.Context) error {
	return ip(ctx, "-n", l.first, "link", "set", l.port, "nomaster")
}

// Mend ends a cut.
func (l *Laptop) Mend(ctx context.Context) error {
	return ip(ctx, "-n", l.first, "link", "set", l.port, "master", nodeBridge)
}

// Move gives the laptop another address, as another network would. What it had open is dead, and not told so.
func (l *Laptop) Move(ctx context.Context) error {
	if err := ip(ctx, "-n", l.netns, "address", "delete", l.cidr(), "dev", nodeUplink); err != nil {
		return err
	}
	l.address++
	return ip(ctx, "-n", l.netns, "address", "add", l.cidr(), "dev", nodeUplink)
}

// Close takes the laptop away, if it is there.
func (l *Laptop) Close() {
	if _, err := os.Stat(l.path()); err == nil {
		_ = ip(context.Background(), "netns", "delete", l.netns)
		_ = ip(context.Background(), "-n", l.first, "link", "delete", l.port)
	}
}
