// Package check judges Services: a snapshot and a time go in, findings come out. It is pure: it imports no
// client, reads no clock, starts no goroutine, and keeps nothing between calls. The checks are arranged
// by the guide's seven steps, one file a step.
package check
