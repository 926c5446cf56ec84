//go:build !linux

package forward

// holderOf would name the process that listens on a port; only Linux tells without further tools.
func holderOf(int) string { return "" }
