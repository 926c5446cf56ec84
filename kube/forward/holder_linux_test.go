package forward

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// Who listens on the same port of another address keeps nobody off.
func TestHolderIsWhoKeepsOthersOffTheAddress(t *testing.T) {
	me := fmt.Sprintf("(process %d)", os.Getpid())
	for _, test := range []struct {
		listens, network string
		held, free       []string
	}{
		{"127.0.0.1:0", "tcp4", []string{"127.0.0.1", "0.0.0.0", "::"}, []string{"127.0.0.2", "::1"}},
		{"[::1]:0", "tcp6", []string{"::1", "::", "localhost"}, []string{"127.0.0.1"}},
		{"0.0.0.0:0", "tcp4", []string{"127.0.0.1", "0.0.0.0"}, nil},
		{"[::]:0", "tcp", []string{"127.0.0.1", "::1", "::"}, nil},
	} {
		t.Run(test.listens, func(t *testing.T) {
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), test.network, test.listens)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			port := listener.Addr().(*net.TCPAddr).Port
			for _, address := range test.held {
				if got := holderOf(address, port); len(got) < len(me) || got[len(got)-len(me):] != me {
					t.Errorf("%s: held by %q, want %s", address, got, me)
				}
			}
			for _, address := range test.free {
				if got := holderOf(address, port); got != "" {
					t.Errorf("%s: held by %q, want nobody", address, got)
				}
			}
		})
	}
}
