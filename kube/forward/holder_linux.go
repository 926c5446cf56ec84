package forward

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// listening is the state of a listening socket in /proc/net/tcp (proc_pid_net(5), TCP_LISTEN).
const listening = "0A"

// holderOf names the process that listens on a local TCP port of an address, "nginx (process 1234)", or at least whose it is,
// "a process of user root": the open files of others cannot be read. It is empty when neither can be told.
func holderOf(address string, port int) string {
	wanted, err := netip.ParseAddr(address)
	if err != nil {
		wanted = netip.IPv6Unspecified() // a name: whoever listens on that port
	}
	inodes, uid := listeners("/proc/net/tcp", wanted, port)
	inodes6, uid6 := listeners("/proc/net/tcp6", wanted, port)
	inodes = append(inodes, inodes6...)
	if len(inodes) == 0 {
		return ""
	}
	if pid := pidWith(inodes); pid != "" {
		name, _ := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		if text := strings.TrimSpace(string(name)); text != "" {
			return fmt.Sprintf("%s (process %s)", text, pid)
		}
		return "process " + pid
	}
	if uid == "" {
		uid = uid6
	}
	if owner, err := user.LookupId(uid); err == nil {
		return "a process of user " + owner.Username
	}
	return "a process of user " + uid
}

// listeners returns the inodes of the sockets that listen on a port where they keep others off an address, and the user of the last one.
func listeners(table string, wanted netip.Addr, port int) (inodes []string, uid string) {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil, ""
	}
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != listening {
			continue
		}
		hexadecimal, found := strings.CutSuffix(fields[1], suffix)
		if address := addressOf(hexadecimal); found && (address == wanted || address.IsUnspecified() || wanted.IsUnspecified()) {
			inodes, uid = append(inodes, "socket:["+fields[9]+"]"), fields[7]
		}
	}
	return inodes, uid
}

// addressOf reads an address as /proc/net/tcp and tcp6 write it: words of 32 bits, each in the machine's own order of bytes.
func addressOf(hexadecimal string) netip.Addr {
	raw, _ := hex.DecodeString(hexadecimal)
	for word := range slices.Chunk(raw, 4) {
		if len(word) == 4 {
			binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
		}
	}
	address, _ := netip.AddrFromSlice(raw)
	return address.Unmap()
}

// pidWith returns the process that has one of the sockets open, as far as that may be read.
func pidWith(sockets []string) string {
	open, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, path := range open {
		if target, err := os.Readlink(path); err == nil && slices.Contains(sockets, target) {
			return strings.Split(path, "/")[2]
		}
	}
	return ""
}
