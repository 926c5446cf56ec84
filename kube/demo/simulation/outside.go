package simulation

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// DialFromOutside connects as a machine outside of the cluster's network does. Load balancers and node ports lead to a
// usable endpoint, as kube-proxy picks one; an Ingress host is a name of the load balancer that its status tells.
func (n *Network) DialFromOutside(ctx context.Context, network, host string, port int) (net.Conn, error) {
	if _, err := netip.ParseAddr(host); err != nil {
		address, ok := n.ResolveFromOutside(host)
		if !ok {
			return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
		}
		host = address
	}
	for _, service := range apiserver.List(n.store, &corev1.Service{}, "") {
		for _, declared := range service.Spec.Ports {
			if !n.exposes(service, declared, host, port) {
				continue
			}
			return n.dialEndpoint(ctx, network, service, declared, host, port)
		}
	}
	if n.isNode(host) {
		return nil, refused(network, host, port)
	}
	return nil, n.lost(ctx, host, port)
}

// ResolveFromOutside is the world's public DNS: the hosts of Ingresses.
func (n *Network) ResolveFromOutside(host string) (string, bool) {
	for _, ingress := range apiserver.List(n.store, &networkingv1.Ingress{}, "") {
		for _, rule := range ingress.Spec.Rules {
			for _, address := range ingress.Status.LoadBalancer.Ingress {
				if rule.Host == host && address.IP != "" {
					return address.IP, true
				}
			}
		}
	}
	return "", false
}

// exposes tells whether a Service's port is reached at an address from outside.
func (n *Network) exposes(service *corev1.Service, declared corev1.ServicePort, host string, port int) bool {
	if declared.Protocol != corev1.ProtocolTCP {
		return false
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ingress.IP == host && int(declared.Port) == port {
			return !IsInternal(service)
		}
	}
	return declared.NodePort != 0 && int(declared.NodePort) == port && n.isNode(host)
}

func (n *Network) isNode(host string) bool {
	for _, node := range apiserver.List(n.store, &corev1.Node{}, "") {
		for _, address := range node.Status.Addresses {
			if address.Address == host {
				return true
			}
		}
	}
	return false
}

// dialEndpoint goes on to a ready endpoint; without one, kube-proxy rejects.
func (n *Network) dialEndpoint(ctx context.Context, network string, service *corev1.Service, declared corev1.ServicePort, host string, port int) (net.Conn, error) {
	ip, target, ok := n.readyEndpoint(service, declared)
	if !ok {
		return nil, refused(network, host, port)
	}
	conn, err := n.DialPodIP(ctx, ip, target)
	if err != nil && IsRefused(err) {
		return nil, refused(network, host, port)
	}
	if err != nil {
		return nil, fmt.Errorf("dial %s %s: %w", network, net.JoinHostPort(host, strconv.Itoa(port)), err)
	}
	return conn, nil
}

func (n *Network) readyEndpoint(service *corev1.Service, declared corev1.ServicePort) (ip string, port int, ok bool) {
	for _, slice := range apiserver.List(n.store, &discoveryv1.EndpointSlice{}, service.Namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] != service.Name {
			continue
		}
		for _, offered := range slice.Ports {
			if ptr.Deref(offered.Name, "") != declared.Name || offered.Port == nil {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if ptr.Deref(endpoint.Conditions.Ready, true) {
					return endpoint.Addresses[0], int(*offered.Port), true
				}
			}
		}
	}
	return "", 0, false
}
