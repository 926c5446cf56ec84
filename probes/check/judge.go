package check

import (
	"time"

	"github.com/svctui/svctui/kube/model"
)

// Input is what a judgement rests on.
type Input struct {
	Snapshot *model.Snapshot
	// Now is the time to judge by.
	Now time.Time
	// KubectlArgs go in front of every kubectl command in a fix, e.g. ["--context", "prod"], so that it
	// hits the right cluster in any pane. Namespace is added by the check.
	KubectlArgs []string
}
