package kube

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails where a goroutine is left over. That of spdystream ends by itself: it offers the error of closing a connection that the
// other side closed first for a second to whoever may ask.
func TestMain(m *testing.M) {
	RouteLogs(nil)
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/moby/spdystream.(*Connection).shutdown"),
		// It ends with the next ping, which cannot be written any more: within five seconds.
		goleak.IgnoreTopFunction("k8s.io/client-go/tools/remotecommand.(*heartbeat).start"))
}
