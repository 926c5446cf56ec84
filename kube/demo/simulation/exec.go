package simulation

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
	"github.com/svctui/svctui/kube/model"
)

// Exec runs a command in a container. It understands those that svctui runs, and no other; they reach the cluster's own network alone.
func (n *Network) Exec(ctx context.Context, pod *corev1.Pod, container string, command []string) (apiserver.Execution, error) {
	if !n.running(pod, container) {
		return apiserver.Execution{}, fmt.Errorf("container not found (%q)", container)
	}
	scheme, within, addresses, dials := model.ParseDialCommand(command)
	sockets := model.SocketsCommand()
	switch {
	case len(command) == 0:
		return apiserver.Execution{}, errors.New("no command")
	case !n.hasShell(pod, container), !dials && strings.Join(command, " ") != strings.Join(sockets, " "):
		return apiserver.Execution{}, fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: exec: %q: executable file not found in $PATH: unknown", command[0])
	case dials:
		return apiserver.Execution{Output: n.dialAll(ctx, scheme, within, addresses)}, nil
	}
	return apiserver.Execution{Output: n.sockets(pod)}, nil
}

func (n *Network) running(pod *corev1.Pod, container string) bool {
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; status.Name == container {
			return status.State.Running != nil
		}
	}
	return false
}

func (n *Network) hasShell(pod *corev1.Pod, container string) bool {
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == container {
			return !n.apps.Find(pod.Spec.Containers[i].Image).NoShell
		}
	}
	return false
}

// dialAll tries the addresses beside each other, and says what curl would.
func (n *Network) dialAll(ctx context.Context, scheme string, within time.Duration, addresses []string) string {
	lines := make([]string, len(addresses))
	var tries sync.WaitGroup
	for i, address := range addresses {
		tries.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, within)
			defer cancel()
			began := time.Now()
			code, words := n.dialOne(ctx, scheme, address)
			lines[i] = fmt.Sprintf("svctui %s curl %d 0.00 %.2f %s\n", address, code, time.Since(began).Seconds(), words)
		})
	}
	tries.Wait()
	return strings.Join(lines, "")
}

// dialOne returns curl's exit code and words.
func (n *Network) dialOne(ctx context.Context, scheme, address string) (code int, words string) {
	target, path, _ := strings.Cut(address, "/")
	host, portText, err := net.SplitHostPort(target)
	port, portErr := strconv.Atoi(portText)
	if err != nil || portErr != nil {
		return 3, "URL using bad/illegal format"
	}
	conn, err := n.dialInside(ctx, host, port)
	var unknown *net.DNSError
	switch {
	case errors.As(err, &unknown):
		return 6, "* Could not resolve host: " + host
	case err != nil && IsRefused(err):
		return 7, fmt.Sprintf("* connect to %s port %d failed: Connection refused", host, port)
	case err != nil:
		return 28, "* Connection timed out"
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	words = fmt.Sprintf("* Connected to %s (%s) port %d", host, host, port)
	if scheme != "http" && scheme != "https" {
		return 0, words
	}
	if scheme == "https" {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) //nolint:gosec // curl -k, in memory
	}
	if _, err := fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, target); err != nil {
		return 55, words + " * Send failure"
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	switch {
	case ctx.Err() != nil:
		return 28, words + " * Operation timed out with 0 bytes received"
	case err != nil:
		return 1, words + " * Received HTTP/0.9 when not allowed"
	}
	_ = response.Body.Close()
	return 0, words + " < HTTP/1.1 " + response.Status
}

// dialInside connects as a Pod does: names of Services resolve, their addresses lead to a usable endpoint, and where there is none
// kube-proxy rejects.
func (n *Network) dialInside(ctx context.Context, host string, port int) (net.Conn, error) {
	if _, err := netip.ParseAddr(host); err != nil {
		return n.dialName(ctx, host, port)
	}
	for _, service := range apiserver.List(n.store, &corev1.Service{}, "") {
		if service.Spec.ClusterIP != host {
			continue
		}
		for _, declared := range service.Spec.Ports {
			if int(declared.Port) == port && declared.Protocol == corev1.ProtocolTCP {
				return n.dialEndpoint(ctx, "tcp", service, declared, host, port)
			}
		}
		return nil, refused("tcp", host, port)
	}
	return n.DialPodIP(ctx, host, port)
}

func (n *Network) dialName(ctx context.Context, host string, port int) (net.Conn, error) {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(labels) >= 3 && labels[2] == "svc" {
		service, found := apiserver.Get(n.store, &corev1.Service{}, labels[1], labels[0])
		switch {
		case !found:
		case service.Spec.Type == corev1.ServiceTypeExternalName && service.Spec.ExternalName != host:
			return n.dialName(ctx, service.Spec.ExternalName, port)
		case service.Spec.ClusterIP != corev1.ClusterIPNone && service.Spec.ClusterIP != "":
			return n.dialInside(ctx, service.Spec.ClusterIP, port)
		default:
			for _, declared := range service.Spec.Ports {
				if ip, _, ok := n.readyEndpoint(service, declared); ok {
					return n.DialPodIP(ctx, ip, port)
				}
			}
		}
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// sockets is /proc/net/tcp of a Pod, and an empty table for IPv6.
func (n *Network) sockets(pod *corev1.Pod) string {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	var out strings.Builder
	out.WriteString(head)
	line := 0
	for i := range pod.Spec.Containers {
		container := &pod.Spec.Containers[i]
		if !n.running(pod, container.Name) {
			continue
		}
		for _, listening := range n.apps.Find(container.Image).Ports {
			if listening.UDP {
				continue
			}
			fmt.Fprintf(&out, "%4d: %s:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 %d 1\n", line, localAddress(listening, pod.Status.PodIP), listening.Number, 4000+line)
			line++
		}
	}
	return out.String() + head
}

// localAddress writes an address as the kernel does: the bytes of its number the other way round.
func localAddress(port apps.Port, podIP string) string {
	address := netip.IPv4Unspecified()
	switch {
	case port.LoopbackOnly:
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case port.PodIPOnly:
		address = parseIP(podIP)
	}
	if !address.Is4() {
		address = netip.IPv4Unspecified()
	}
	bytes := address.As4()
	return fmt.Sprintf("%02X%02X%02X%02X", bytes[3], bytes[2], bytes[1], bytes[0])
}
