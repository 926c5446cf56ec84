package cluster

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// DialContext dials from inside node 1's network namespace, whatever namespace the caller is in.
// It serves as rest.Config.Dial and http.Transport.DialContext. The address must be an IP address:
// names are not resolved inside.
func (c *Cluster) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return dialIn(ctx, c.node(1).netnsPath(), network, address)
}

// dialIn moves one thread into the namespace, dials, and moves it back. A socket belongs for life to the
// namespace it was made in. The thread is given up (by not unlocking it) if it cannot be moved back.
func dialIn(ctx context.Context, netns, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		conn, err := func() (net.Conn, error) {
			own, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
			if err != nil {
				return nil, err
			}
			defer own.Close()
			target, err := os.Open(netns)
			if err != nil {
				return nil, fmt.Errorf("cluster: network namespace: %w", err)
			}
			defer target.Close()
			if err := unix.Setns(int(target.Fd()), unix.CLONE_NEWNET); err != nil {
				return nil, fmt.Errorf("cluster: enter network namespace %s: %w", netns, err)
			}
			// FallbackDelay < 0: one address after the other in this goroutine, never in a second one,
			// which would run on a thread that is not in the namespace.
			dialer := net.Dialer{FallbackDelay: -1}
			conn, dialErr := dialer.DialContext(ctx, network, address)
			if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
				return conn, dialErr // still locked: the thread ends with this goroutine
			}
			runtime.UnlockOSThread()
			return conn, dialErr
		}()
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

// createNetwork makes the node's network namespace. Routes between nodes are set by joinNodes.
func (n node) createNetwork(ctx context.Context) error {
	if err := ip(ctx, "netns", "add", n.netns); err != nil {
		return err
	}
	in := func(arguments ...string) error { return ip(ctx, append([]string{"-n", n.netns}, arguments...)...) }
	steps := [][]string{{"link", "set", "lo", "up"}}
	if n.number == 1 {
		steps = append(steps, []string{"link", "add", nodeBridge, "type", "bridge"})
	}
	steps = append(steps,
		[]string{"address", "add", n.address() + "/24", "dev", n.uplink()},
		[]string{"address", "add", n.address6() + "/64", "dev", n.uplink(), "nodad"},
		[]string{"link", "set", n.uplink(), "up"},
		// No way out of the machine.
		[]string{"route", "add", "unreachable", "default"},
		[]string{"-6", "route", "add", "unreachable", "default"},
		// Without a route, a connection to a ClusterIP fails before kube-proxy's rules can translate it.
		[]string{"route", "add", serviceRange, "dev", n.uplink()},
		[]string{"-6", "route", "add", serviceRange6, "dev", n.uplink()},
	)
	if n.number > 1 {
		port := fmt.Sprintf("node%d", n.number)
		if err := ip(ctx, "-n", n.firstNetns(), "link", "add", port, "type", "veth", "peer", "name", nodeUplink, "netns", n.netns); err != nil {
			return err
		}
		if err := ip(ctx, "-n", n.firstNetns(), "link", "set", port, "master", nodeBridge, "up"); err != nil {
			return err
		}
	}
	for _, step := range steps {
		if err := in(step...); err != nil {
			return err
		}
	}
	return run(ctx, "nsenter", "--net="+n.netnsPath(), "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
}

func (n node) firstNetns() string { return strings.TrimSuffix(n.netns, fmt.Sprint(n.number)) + "1" }

// joinNodes gives a node the routes to the Pods of the others, and these the routes to its Pods.
func (c *Cluster) joinNodes(ctx context.Context, joining node) error {
	for number := 1; number <= c.Nodes; number++ {
		other := c.node(number)
		if number == joining.number {
			continue
		}
		if _, err := os.Stat(other.netnsPath()); err != nil {
			continue // comes later and joins then
		}
		for _, pair := range [][2]node{{joining, other}, {other, joining}} {
			if err := ip(ctx, "-n", pair[0].netns, "route", "replace", pair[1].podRange(), "via", pair[1].address()); err != nil {
				return err
			}
			if pair[1].podRange6() == "" {
				continue
			}
			if err := ip(ctx, "-6", "-n", pair[0].netns, "route", "replace", pair[1].podRange6(), "via", pair[1].address6()); err != nil {
				return err
			}
		}
	}
	return nil
}

func ip(ctx context.Context, arguments ...string) error { return run(ctx, "ip", arguments...) }

func run(ctx context.Context, program string, arguments ...string) error {
	cmd := exec.CommandContext(ctx, program, arguments...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cluster: %s %s: %w: %s", program, strings.Join(arguments, " "), err, strings.TrimSpace(output.String()))
	}
	return nil
}
