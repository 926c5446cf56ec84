//go:build !linux

package forward

// holderOf would name the process that listens on a port; only Linux tells without further tools.
func holderOf(string, int) string { return "" }
