package demo

import (
	"context"
	"net"
	"strconv"

	"github.com/svctui/svctui/kube/demo/memnet"
)

// Dial connects to an address of the cluster's world as this machine would: to the API server by its name, to a load
// balancer, or to a node's port. Names that the world does not know fail as unknown hosts, addresses behind the cluster's
// border (ClusterIPs, Pod IPs, internal load balancers) time out. Nothing ever reaches the real network.
func (c *Cluster) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if host == Host {
		return c.listener.Dial(ctx, memnet.Addr("192.0.2.10:50000"))
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.AddrError{Err: "unknown port", Addr: address}}
	}
	return c.simulation.Network().DialFromOutside(ctx, network, host, port)
}

// LookupHost resolves a name as this machine would in the cluster's world.
func (c *Cluster) LookupHost(_ context.Context, host string) ([]string, error) {
	address, ok := c.simulation.Network().ResolveFromOutside(host)
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []string{address}, nil
}
