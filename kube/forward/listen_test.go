package forward

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

func TestBusyPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, text, _ := net.SplitHostPort(taken.Addr().String())
	port, _ := strconv.Atoi(text)
	cluster := newFakeCluster(t)
	m := newManager(t)
	spec := toPod("web-1", "8080")
	spec.LocalPort = port
	_, err = m.Open(t.Context(), cluster.forwardCluster(), spec)
	if err == nil || !strings.Contains(err.Error(), text+" is in use by ") {
		t.Fatalf("got %v", err)
	}
	if len(m.List()) != 0 {
		t.Error("a forward that never listened is listed")
	}
}

func TestOnlyLoopbackUnlessAllowed(t *testing.T) {
	for _, test := range []struct {
		wanted, allowed string
		may             bool
	}{
		{"", "", true},
		{"localhost", "", true},
		{"127.0.0.2", "", true},
		{"::1", "", true},
		{"0.0.0.0", "", false},
		{"192.0.2.1", "", false},
		{"bastion", "", false},
		{"bastion", "bastion", true},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.2", "192.0.2.1", false},
		{"192.0.2.1", "0.0.0.0", true},
		{"0.0.0.0", "192.0.2.1", false},
		{"127.0.0.1", "192.0.2.1", true},
	} {
		if may := mayListen(test.wanted, test.allowed); may != test.may {
			t.Errorf("%q where %q is allowed: %t", test.wanted, test.allowed, may)
		}
	}
	cluster := newFakeCluster(t)
	spec := toPod("web-1", "8080")
	spec.LocalAddress = "0.0.0.0"
	if _, err := newManager(t).Open(t.Context(), cluster.forwardCluster(), spec); err == nil || !strings.Contains(err.Error(), "--forward-address=0.0.0.0") {
		t.Errorf("got %v", err)
	}
}

func TestAnIPv4AddressOpensNoIPv6One(t *testing.T) {
	listener, err := listen(t.Context(), "0.0.0.0", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if host, _, _ := net.SplitHostPort(listener.Addr().String()); host != "0.0.0.0" {
		t.Errorf("it listens on %s", listener.Addr())
	}
}
