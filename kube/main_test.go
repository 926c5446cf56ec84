package kube

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	RouteLogs(nil)
	goleak.VerifyTestMain(m)
}
