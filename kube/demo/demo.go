package demo

import (
	"k8s.io/utils/clock"

	"github.com/svctui/svctui/kube/demo/shop"
)

// New builds the demo's cluster: the shop as it stands at the clock's time, with ten weeks of history behind it. Nothing
// runs until Start.
func New(clock clock.Clock) *Cluster {
	c := newCluster(clock, shop.Applications(), true)
	shop.Build(c.simulation, clock.Now())
	c.store.ForgetHistory()
	c.Deny(shop.Denied)
	return c
}
