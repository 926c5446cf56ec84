package forward

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// resentLeast is how often in a row a segment was sent again, or a closed window was asked for, before the receiver is taken for gone: some
// three seconds after the first time.
const resentLeast = 4

// resentInVain tells whether the system sends again and again what the peer's system does not acknowledge. One that is there acknowledges also
// where nobody reads: it says that its window is closed, and answers each probe of it; then nothing is unacknowledged (tcp(7), TCP_INFO).
func resentInVain(conn net.Conn) bool {
	for {
		over, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = over.NetConn()
	}
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return false
	}
	vain := false
	err = control.Control(func(descriptor uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(descriptor), unix.IPPROTO_TCP, unix.TCP_INFO)
		vain = err == nil && (info.Unacked > 0 && info.Retransmits >= resentLeast || info.Probes >= resentLeast)
	})
	return err == nil && vain
}
