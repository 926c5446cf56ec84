// Package kube is everything that talks to an API server: the Session that a kubeconfig leads to, the Store
// that keeps a Snapshot of it up to date, logs, describe, YAML and access reviews. It knows no screen and
// judges nothing.
//
// Nothing here writes to a cluster: access reviews are the only requests that are not reads.
package kube
