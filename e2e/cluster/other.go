//go:build !linux

package cluster

import (
	"context"
	"net"
)

var errNotLinux = &RequirementError{"The test cluster needs Linux, for its network namespaces and containers; elsewhere run the tests against a cluster of your own (see e2e/README.md)."}

// ProcessStatus tells whether one process of the cluster runs.
type ProcessStatus struct {
	Name    string
	PID     int
	Running bool
}

// Up needs Linux.
func Up(context.Context, Options) (*Cluster, error) { return nil, errNotLinux }

// Down needs Linux.
func Down(context.Context, Options) error { return errNotLinux }

// Status needs Linux.
func (c *Cluster) Status(context.Context) ([]ProcessStatus, error) { return nil, errNotLinux }

// DialContext needs Linux.
func (c *Cluster) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, errNotLinux
}

// Stop needs Linux.
func (c *Cluster) Stop(context.Context, string) error { return errNotLinux }

// StartAgain needs Linux.
func (c *Cluster) StartAgain(string) error { return errNotLinux }

// Pause needs Linux.
func (c *Cluster) Pause(string) error { return errNotLinux }

// Resume needs Linux.
func (c *Cluster) Resume(string) error { return errNotLinux }

// Laptop needs Linux.
type Laptop struct{}

// NewLaptop needs Linux.
func (c *Cluster) NewLaptop(context.Context) (*Laptop, error) { return nil, errNotLinux }

// Enter needs Linux.
func (*Laptop) Enter() []string { return nil }

// DialContext needs Linux.
func (*Laptop) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, errNotLinux
}

// Cut needs Linux.
func (*Laptop) Cut(context.Context) error { return errNotLinux }

// Mend needs Linux.
func (*Laptop) Mend(context.Context) error { return errNotLinux }

// Move needs Linux.
func (*Laptop) Move(context.Context) error { return errNotLinux }

// Close needs Linux.
func (*Laptop) Close() {}
