// Package shop is the content of the demo: an online shop on a cluster that has lived for ten weeks. Most of it is healthy.
// Each mistake of the guide has been made somewhere, at a time of its own, and things go on happening.
//
// It tells a story in API objects, applications and incidents; what they amount to is for others to find.
package shop

import (
	"time"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
	"github.com/svctui/svctui/kube/demo/simulation"
)

// historyLength is how long before the demo's begin the cluster was made.
const historyLength = 72 * day

// Build fills an empty simulation with the shop as it stands at start, and plans what happens from then on.
func Build(sim *simulation.Simulation, start time.Time) {
	b := &builder{sim: sim, start: start}
	sim.Begin(b.ago(historyLength), start)
	sim.UseCloud(simulation.CloudProvider{
		External:   []string{"203.0.113.80", "203.0.113.17"},
		Internal:   []string{"10.132.15.21", "10.132.15.22"},
		MakeTime:   45 * time.Second,
		QuotaError: "googleapi: Error 403: Quota 'IN_USE_ADDRESSES' exceeded.  Limit: 8.0 in region europe-west1., quotaExceeded",
	})
	b.buildCluster()
	b.buildOps()
	b.buildData()
	b.buildPayments()
	b.buildShop()
	b.buildMistakes()
	b.planLife()
	b.at(time.Minute, sim.KeepClean)
	sim.CatchUp(start)
}

// builder plans the history. Its methods that make objects run inside actions.
type builder struct {
	sim   *simulation.Simulation
	start time.Time
}

// at plans an action some time before the demo begins.
func (b *builder) at(before time.Duration, do func()) { b.sim.At(b.ago(before), do) }

// from plans an action some time after the demo has begun.
func (b *builder) from(after time.Duration, do func()) { b.sim.At(b.start.Add(after), do) }

func (b *builder) apply(manager string, objects ...apiserver.Object) {
	for _, obj := range objects {
		b.sim.Apply(manager, obj)
	}
}

// put stores an object as it is, without defaults and managers.
func (b *builder) put(obj apiserver.Object) { b.sim.Apply("", obj) }

// Denied is what the demo's user may not do: read Secrets and ConfigMaps.
func Denied(a apiserver.Attributes) bool {
	return a.Group == "" && (a.Resource == "secrets" || a.Resource == "configmaps")
}

// failing is an answer of an application that cannot work.
func failing(status int, body string) apps.Response { return apps.JSON(status, body) }
