package shop

import (
	"fmt"
	"net/http"
	"time"

	"github.com/svctui/svctui/kube/demo/simulation"
)

// planLife plans what goes on after the demo has begun: something visible every few seconds, and nothing that an observer
// of a real cluster has not seen.
func (b *builder) planLife() {
	// One Pod of orders stumbles now and then.
	b.repeat(6*time.Second, 15*time.Second, func(int) {
		end := b.sim.Strike(simulation.Incident{
			Namespace: "shop", Workload: "orders", Pods: 1, Path: "/healthz",
			Answer: failing(http.StatusInternalServerError, `{"error":"db pool exhausted"}`),
		})
		b.sim.After(5*time.Second, end)
	})
	// Releases of recommendations roll through.
	b.repeat(12*time.Second, 48*time.Second, func(n int) {
		b.apply("argocd-controller", recommendations(fmt.Sprintf("2.9.%d", n+1)).deployment())
	})
	// A Pod of the frontend is drained away and replaced.
	b.repeat(20*time.Second, 37*time.Second, func(int) { b.sim.DeleteOldestPod("shop", "frontend") })
	// The autoscaler follows the load on the catalog.
	b.repeat(30*time.Second, 90*time.Second, func(int) {
		b.scaleCatalog(5, "cpu resource utilization (percentage of request) above target")
		b.sim.After(45*time.Second, func() { b.scaleCatalog(3, "All metrics below target") })
	})
	// accounts fails as a whole, and recovers by itself.
	b.repeat(50*time.Second, 210*time.Second, func(int) {
		end := b.sim.Strike(simulation.Incident{
			Namespace: "shop", Workload: "accounts",
			Answer: failing(http.StatusInternalServerError, `{"error":"upstream identity provider timed out"}`),
		})
		b.sim.After(40*time.Second, end)
	})
}

// repeat plans an action with the number of its turn.
func (b *builder) repeat(first, interval time.Duration, do func(turn int)) {
	turn := 0
	var again func()
	again = func() {
		do(turn)
		turn++
		b.sim.After(interval, again)
	}
	b.from(first, again)
}

func (b *builder) scaleCatalog(replicas int32, why string) {
	b.sim.Scale("horizontal-pod-autoscaler", "shop", "catalog", replicas)
	scaler := catalogAutoscaler(replicas)
	b.put(scaler)
	b.sim.Report(scaler, "horizontal-pod-autoscaler", "SuccessfulRescale", fmt.Sprintf("New size: %d; reason: %s", replicas, why))
}
