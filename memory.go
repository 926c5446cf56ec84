package main

import (
	"os"
	"runtime/debug"
	"time"

	"github.com/svctui/svctui/probes/engine"
)

// spareMemory lets garbage grow to half of what is in use, and not to as much again: bastions are small, and after the
// first lists there is little garbage. GOGC says otherwise. It concerns the whole process.
func spareMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

// untilGarbage is how long after the first settled state nothing holds on any more to what the first lists came in.
const untilGarbage = 3 * time.Second

// giveMemoryBack calls publish, and some time after the first settled state gives what the first lists needed for a
// moment back to the system, once: where little changes, no collection would come for minutes. It does not hold publish up.
func giveMemoryBack(publish func(*engine.State)) func(*engine.State) {
	done := false
	return func(state *engine.State) {
		publish(state)
		if !done && state.Settled {
			done = true
			time.AfterFunc(untilGarbage, debug.FreeOSMemory)
		}
	}
}
