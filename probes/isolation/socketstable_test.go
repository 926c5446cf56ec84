package isolation

import "testing"

const socketsHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

func TestReadSockets(t *testing.T) {
	// The lines are those of Linux 6 on amd64.
	const (
		all      = "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 57 1 0 100 0 0 10 0\n"
		loop     = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 58 1 0 100 0 0 10 0\n"
		podIP    = "   2: 07000A0A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 59 1 0 100 0 0 10 0\n"
		another  = "   3: 0109A8C0:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 60 1 0 100 0 0 10 0\n"
		talking  = "   4: 07000A0A:1F90 0900000A:D431 01 00000000:00000000 00:00000000 00000000     0        0 61 1 0 100 0 0 10 0\n"
		elsePort = "   5: 00000000:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 62 1 0 100 0 0 10 0\n"
		all6     = "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 63 1 0 100 0 0 10 0\n"
		loop6    = "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 64 1 0 100 0 0 10 0\n"
		mapped   = "   0: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 65 1 0 100 0 0 10 0\n"
		pod6     = "   0: 000000FD00000000000000000700000A:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 66 1 0 100 0 0 10 0\n"
	)
	const v4, v6 = "10.10.0.7", "fd00::a00:7"
	for _, test := range []struct {
		name, text, podIP string
		bound             evidence
		says              string
	}{
		{"all", socketsHead + all, v4, boundAll, "listens on all addresses:8080"},
		{"all of IPv6 takes IPv4 as well", socketsHead + socketsHead + all6, v4, boundAll, "listens on all addresses:8080"},
		{"all of IPv4 takes no IPv6", socketsHead + all, v6, boundElsewhere, "listens on all addresses:8080"},
		{"all beside loopback", socketsHead + loop + all, v4, boundAll, "listens on all addresses:8080 and 127.0.0.1:8080"},
		{"loopback", socketsHead + loop + elsePort, v4, boundLoopback, "listens on 127.0.0.1:8080 and all addresses:9090"},
		{"loopback of IPv6", socketsHead + loop6, v4, boundLoopback, "listens on [::1]:8080"},
		{"loopback, mapped", socketsHead + mapped, v4, boundLoopback, "listens on 127.0.0.1:8080"},
		{"the Pod's IP", socketsHead + podIP, v4, boundPodIP, "listens on 10.10.0.7:8080"},
		{"the Pod's IP beside another one", socketsHead + another + podIP + loop, v4, boundPodIP, ""},
		{"the Pod's IPv6", socketsHead + pod6, v6, boundPodIP, ""},
		{"another one", socketsHead + another + loop, v4, boundElsewhere, ""},
		{"another port", socketsHead + elsePort, v4, unbound, "listens on all addresses:9090"},
		{"connections are no listeners", socketsHead + talking, v4, unbound, "nothing listens"},
		{"an empty table", socketsHead, v4, unbound, "nothing listens"},
		{"no table", "cat: /proc/net/tcp: No such file or directory\n", v4, none, "nothing listens"},
		{"rubbish", socketsHead + "   0: zz:1F90 0:0 0A\n 1: 00000000 x 0A\n 2: 0000:1F90 0:0 0A\n 3: 00000000:0000 0:0 0A\n x 00000000:1F90 0:0 0A\n", v4, unbound, "nothing listens"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := readSockets(test.text)
			if bound := got.bound(8080, test.podIP); bound != test.bound {
				t.Errorf("got %b, want %b: %v", bound, test.bound, got)
			}
			if test.says != "" && got.String() != test.says {
				t.Errorf("says %q, want %q", got, test.says)
			}
			if got.bound(0, test.podIP) != none {
				t.Error("a port that is not known is bound")
			}
		})
	}
}

func FuzzReadSockets(f *testing.F) {
	f.Add(socketsHead + "   0: 00000000:1F90 00000000:0000 0A 0\n")
	f.Fuzz(func(t *testing.T, text string) {
		sockets := readSockets(text)
		if sockets.String() == "" {
			t.Error("says nothing")
		}
		for _, local := range sockets.Listening {
			if !local.IsValid() || local.Port() == 0 {
				t.Errorf("%v is no socket", local)
			}
		}
	})
}
