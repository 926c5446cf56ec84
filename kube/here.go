package kube

import (
	"context"
	"net"
)

// DialHere connects to an address from the machine that svctui runs on, without any way through the API server. A session whose
// connections are made by Options.Dial stays in that world: nothing leaves the process.
func (s *Session) DialHere(ctx context.Context, network, address string) (net.Conn, error) {
	if dial := s.Dial(); dial != nil {
		return dial(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// LookupHere resolves a name as this machine does. A session whose connections are made by Options.Dial asks Options.Lookup.
func (s *Session) LookupHere(ctx context.Context, host string) ([]string, error) {
	if s.Dial() == nil {
		return net.DefaultResolver.LookupHost(ctx, host)
	}
	if s.lookup == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return s.lookup(ctx, host)
}
