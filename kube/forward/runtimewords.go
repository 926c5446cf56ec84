package forward

import "strings"

// refusedByPort tells whether a runtime says that nothing listens on the port: containerd and CRI-O give the system's error, cri-dockerd
// that of socat.
func refusedByPort(text string) bool {
	return strings.Contains(strings.ToLower(text), "connection refused")
}

// ofOneStream tells whether a runtime's words are about one connection to the application, and not about the Pod's sandbox.
func ofOneStream(text string) bool {
	text = strings.ToLower(text)
	for _, words := range []string{"connection refused", "connection reset", "broken pipe", "timed out", "timeout"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
