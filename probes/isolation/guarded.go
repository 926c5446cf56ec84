package isolation

import utilruntime "k8s.io/apimachinery/pkg/util/runtime"

// guarded runs the program's panic handlers, which restore the terminal, when f panics in a goroutine of its own.
func guarded(f func()) func() {
	return func() {
		defer utilruntime.HandleCrash()
		f()
	}
}
