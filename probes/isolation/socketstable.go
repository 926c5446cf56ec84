package isolation

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Sockets are the TCP sockets that listen in a Pod. The zero value means that they were not looked at.
type Sockets struct {
	// Known means that the kernel's tables were read.
	Known bool
	// Listening are the addresses, sorted by port. An unspecified address means all addresses of its family, and :: in most systems those
	// of IPv4 as well.
	Listening []netip.AddrPort
}

// socketListening is the state of a listening socket in the kernel's tables (TCP_LISTEN in include/net/tcp_states.h).
const socketListening = "0A"

// readSockets reads /proc/net/tcp and /proc/net/tcp6 in one text (proc_pid_net(5)). Known is false where no table is in it. The text is
// hostile: a container may print what it likes.
func readSockets(text string) Sockets {
	var sockets Sockets
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) > 3 && fields[0] == "sl" && fields[1] == "local_address" {
			sockets.Known = true
			continue
		}
		if len(fields) < 4 || fields[3] != socketListening || !strings.HasSuffix(fields[0], ":") {
			continue
		}
		if local, ok := parseSocket(fields[1]); ok && !slices.Contains(sockets.Listening, local) {
			sockets.Listening = append(sockets.Listening, local)
		}
	}
	slices.SortFunc(sockets.Listening, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(a.Port(), b.Port()), a.Addr().Compare(b.Addr()))
	})
	return sockets
}

// parseSocket reads ADDRESS:PORT in hexadecimal. The kernel prints addresses as words of 32 bits in the machine's order, which is little
// endian on every platform that Kubernetes ships for but s390x.
func parseSocket(text string) (netip.AddrPort, bool) {
	host, portText, found := strings.Cut(text, ":")
	port, err := strconv.ParseUint(portText, 16, 16)
	if !found || err != nil || port == 0 {
		return netip.AddrPort{}, false
	}
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for word := 0; word < len(raw); word += 4 {
		binary.BigEndian.PutUint32(raw[word:], binary.LittleEndian.Uint32(raw[word:]))
	}
	address, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(address.Unmap(), uint16(port)), ok
}

// at returns the addresses on which a port is listened on.
func (s Sockets) at(port int32) []netip.Addr {
	var addresses []netip.Addr
	for _, local := range s.Listening {
		if int32(local.Port()) == port {
			addresses = append(addresses, local.Addr())
		}
	}
	return addresses
}

// bound says what the sockets tell about a port of a Pod with the given IP.
func (s Sockets) bound(port int32, podIP string) evidence {
	if !s.Known || port == 0 {
		return none
	}
	addresses := s.at(port)
	if len(addresses) == 0 {
		return unbound
	}
	pod, _ := netip.ParseAddr(podIP)
	found := boundLoopback
	for _, address := range addresses {
		switch {
		case address.IsUnspecified() && (address.Is6() || !pod.Is6()):
			return boundAll
		case address == pod.Unmap():
			found = boundPodIP
		case !address.IsLoopback() && found == boundLoopback:
			found = boundElsewhere
		}
	}
	return found
}

// String names the addresses and ports, those of one port together.
func (s Sockets) String() string {
	if len(s.Listening) == 0 {
		return "nothing listens"
	}
	const most = 12
	var names []string
	for _, local := range s.Listening {
		name := local.String()
		if local.Addr().IsUnspecified() {
			name = fmt.Sprintf("all addresses:%d", local.Port())
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	last := len(names) - 1
	if last == 0 {
		return "listens on " + names[0]
	}
	return "listens on " + strings.Join(names[:last], ", ") + " and " + names[last]
}
