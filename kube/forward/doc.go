// Package forward carries connections to Pods through the API server's portforward subresource: single ones with
// Streams, and held forwards, which listen on a local port and outlive their Pod, with Manager.
//
// It speaks on streams of its own, because the library's PortForwarder closes the whole connection when one port
// refuses, and only logs the reason.
package forward
