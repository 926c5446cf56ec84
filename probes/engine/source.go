package engine

import (
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Source is where snapshots come from: the store in the program, a fixture in tests. Safe for concurrent use.
type Source interface {
	// Changed returns a channel of capacity one that holds a value while Take has something new.
	// Changes are coalesced, never dropped.
	Changed() <-chan struct{}
	// Take returns the newest snapshot and every change since the last Take. A change of coverage alone comes
	// with no Change; compare Snapshot.Covered.
	Take() (*model.Snapshot, []model.Change)
	// Ask sets what is wanted besides Services and EndpointSlices of the scope, which are always read. It
	// replaces what was asked before; what is no longer wanted is closed. It does not block.
	Ask(needs []model.Need)
	// Scope is the namespace that the Source reads, or model.AllNamespaces.
	Scope() string
}

// State is everything judged at one moment. It is immutable.
type State struct {
	Snapshot *model.Snapshot
	// Reports are sorted by key.
	Reports []*check.Report
	// At is when the state was made.
	At time.Time
	// Scope is the namespace that is read, or model.AllNamespaces.
	Scope string
	// Settled is true once Services and EndpointSlices are known, or known not to be readable: the list is no
	// longer filling up.
	Settled bool
}
