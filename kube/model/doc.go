// Package model holds the plain, immutable data that the rest of svctui speaks in: trimmed Kubernetes
// API objects, the Snapshot of a cluster at one moment with its Coverage, and the requests and answers of
// logs, access reviews and forwards. It imports no client, so that everything that judges or draws can
// be tested without one.
//
// Whatever is reachable from a Snapshot must never be changed once it was put in.
package model
