package demo_test

import (
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/svctui/svctui/kube/demo"
)

// BenchmarkNew is part of what stands between a start and the first table.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		demo.New(clocktesting.NewFakeClock(start)).Close()
	}
}
