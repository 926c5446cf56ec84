package forward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// loopback is where forwards listen unless told otherwise: nobody else on the network can use them.
const loopback = "127.0.0.1"

// On Windows the network library's errors are Winsock's.
const (
	winsockAddressInUse = syscall.Errno(10048)
	winsockAccess       = syscall.Errno(10013)
)

// mayListen tells whether a forward may listen on an address: on loopback always, on another one only where that was
// allowed.
func mayListen(wanted, allowed string) bool {
	if wanted == "" || wanted == "localhost" || wanted == allowed {
		return true
	}
	address, err := netip.ParseAddr(wanted)
	if err != nil {
		return false
	}
	all, err := netip.ParseAddr(allowed)
	return address.IsLoopback() || err == nil && all.IsUnspecified()
}

// Busy tells whether a forward could not listen on a local port because something does already. An empty address is loopback.
func (m *Manager) Busy(ctx context.Context, address string, port int) bool {
	listener, err := listenOn(ctx, address, port)
	if err == nil {
		_ = listener.Close()
	}
	return inUse(err)
}

func inUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, winsockAddressInUse)
}

// listen opens a local port; zero takes a free one.
func listen(ctx context.Context, address string, port int) (net.Listener, error) {
	if address == "" {
		address = loopback
	}
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("%d is no port: choose one from 1 to 65535, or none for a free one", port)
	}
	where := net.JoinHostPort(address, strconv.Itoa(port))
	listener, err := listenOn(ctx, address, port)
	switch {
	case err == nil:
		return listener, nil
	case inUse(err):
		if holder := holderOf(address, port); holder != "" {
			return nil, fmt.Errorf("%s is in use by %s: choose another port, or none for a free one", where, holder)
		}
		return nil, fmt.Errorf("%s is in use by another process: choose another port, or none for a free one", where)
	case errors.Is(err, syscall.EACCES), errors.Is(err, winsockAccess):
		return nil, fmt.Errorf("%s may not be listened on without more rights: choose a port from 1024 on", where)
	}
	return nil, fmt.Errorf("cannot listen on %s: %w", where, err)
}

func listenOn(ctx context.Context, address string, port int) (net.Listener, error) {
	if address == "" {
		address = loopback
	}
	network := "tcp"
	if parsed, err := netip.ParseAddr(address); err == nil && parsed.Is4() {
		network = "tcp4" // or 0.0.0.0 would open every IPv6 address, too
	}
	return (&net.ListenConfig{}).Listen(ctx, network, net.JoinHostPort(address, strconv.Itoa(port)))
}
