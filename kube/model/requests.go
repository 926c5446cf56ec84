package model

import "time"

// ContextInfo describes one context of a kubeconfig.
type ContextInfo struct {
	Name      string
	Cluster   string
	Server    string
	User      string
	Namespace string
	// Current marks the kubeconfig's current-context.
	Current bool
}

// LogRequest asks for the log of one container.
type LogRequest struct {
	Namespace string
	Pod       string
	// Container may be empty when the Pod has only one.
	Container string
	// Previous asks for the log of the container's last terminated instance.
	Previous bool
	// Follow keeps the stream open.
	Follow bool
	// TailLines limits how much of the past is sent; zero or less means all of it.
	TailLines int64
}

// LogLine is one line of a container's log. Text is hostile: clean it at the print.
type LogLine struct {
	Pod       string
	Container string
	Time      time.Time
	Text      string
}

// AccessQuestion asks whether the user may do something. Namespace is empty for cluster-scoped kinds
// and for "in every namespace".
type AccessQuestion struct {
	Verb        string
	Group       string
	Resource    string
	Subresource string
	Namespace   string
	Name        string
}

// AccessAnswer is what the API server's access review said. It is advice: the act itself may still be
// denied or allowed.
type AccessAnswer struct {
	AccessQuestion
	Allowed bool
	// Err is why it could not be found out; then Allowed means nothing.
	Err error
}
