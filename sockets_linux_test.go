package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	programs["svctui-without-internet"] = func() {
		forbidInternetSockets()
		main()
	}
}

// forbidInternetSockets lets the kernel end the process at its first socket of the internet families, connected or not (seccomp(2)).
func forbidInternetSockets() {
	const number, firstArgument = 0, 16 // offsets in struct seccomp_data; the domain's low half comes first on all that Go runs on
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 4, K: unix.SYS_SOCKET},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: firstArgument},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: unix.AF_INET},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.AF_INET6},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		os.Exit(77)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		os.Exit(77)
	}
}

// TestTheDemoOpensNoSocket dials load balancers, Ingress hosts, node ports, Pod IPs and external names on the demo: all of it stays in
// the process, which would not survive one socket.
func TestTheDemoOpensNoSocket(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arguments, says string
	}{
		{"test frontend -n shop --demo --node-ports --pod-ip", "through load balancer 203.0.113.17:80, Ingress http://shop.example.com/, node port"},
		{"test pricing -n shop --demo --timeout 1s", "load balancer → 10."},
		{"test admin -n shop --demo --node-ports", "node port"},
		{"test erp -n shop --demo", "erp.internal.example.com"},
		{"test quotes -n shop --demo --all-pods", "PORT-09"},
	} {
		t.Run(test.arguments, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), "svctui-without-internet", strings.Fields(test.arguments)...)
			out, err := command.CombinedOutput()
			if code := command.ProcessState.ExitCode(); code == 77 {
				t.Skip("the kernel does not filter system calls here")
			} else if code < 0 {
				t.Fatalf("it was ended: it opened a socket of an internet family: %v\n%s", err, out)
			}
			if !strings.Contains(string(out), test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, out)
			}
		})
	}
}

// TestTheForbiddenSocketEndsTheProcess keeps the test above honest.
func TestTheForbiddenSocketEndsTheProcess(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), "svctui-without-internet", "test", "web", "--server", "http://127.0.0.1:1", "--kubeconfig", os.DevNull)
	_ = command.Run()
	if code := command.ProcessState.ExitCode(); code == 77 {
		t.Skip("the kernel does not filter system calls here")
	} else if code >= 0 {
		t.Errorf("it ended by itself, with exit code %d", code)
	}
}
