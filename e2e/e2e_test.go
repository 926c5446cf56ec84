// Package e2e holds the end-to-end tests: svctui on a real Kubernetes.
package e2e

import (
	"os"
	"testing"

	"github.com/svctui/svctui/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
