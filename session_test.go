package main

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/svctui/svctui/probes/engine"
)

func TestGivingMemoryBackPublishesEveryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var published []*engine.State
		publish := giveMemoryBack(func(state *engine.State) { published = append(published, state) })
		states := []*engine.State{{}, {Settled: true}, {}, {Settled: true}}
		for _, state := range states {
			publish(state)
		}
		if !slices.Equal(published, states) {
			t.Errorf("published %v, want %v", published, states)
		}
	})
}
