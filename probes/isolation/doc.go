// Package isolation runs the isolation test: the rungs that a request can be tried on, and the truth
// table that reads them together. What a rung crosses, and why a port-forward alone never proves that clients get
// through, is told in docs/isolation.md.
package isolation
