package model

import (
	"io"
	"time"
)

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

// SessionInfo describes a connection to a cluster.
type SessionInfo struct {
	// Context is empty in a Pod without a kubeconfig.
	Context string
	Server  string
	User    string
	// Namespace is the context's own, empty when it names none.
	Namespace string
	// ServerVersion is as the API server says it, e.g. v1.36.3; empty where it does not say.
	ServerVersion string
	// ReadOnly forbids forwards and proxies.
	ReadOnly bool
	// KubectlArgs make kubectl go to the same place as the same user: --context NAME and the like. They are separate words,
	// not quoted.
	KubectlArgs []string
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

// LogReason says why there is no log to show although nothing is broken. It is itself an error, for errors.Is.
type LogReason string

// The reasons.
const (
	// NoPreviousLog means that the container has not ended before, or that its log was removed.
	NoPreviousLog LogReason = "no previous log"
	// NotStarted means that the container has not started yet.
	NotStarted LogReason = "not started"
	// WhichContainer means that the Pod has several containers and none was named.
	WhichContainer LogReason = "which container"
	// LogDropped means that the node removed the log between the question and the answer, as it does when a container is
	// started again: asked again, there is another.
	LogDropped LogReason = "the log was dropped"
)

// Error is the reason in a few words.
func (r LogReason) Error() string { return string(r) }

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

// Right names the right that is asked about, as in "create pods/exec".
func (q AccessQuestion) Right() string {
	resource := q.Resource
	if q.Subresource != "" {
		resource += "/" + q.Subresource
	}
	return q.Verb + " " + resource
}

// String names the right and where it is asked about, as in "create pods/exec in namespace shop".
func (q AccessQuestion) String() string {
	if q.Namespace == AllNamespaces {
		return q.Right() + " in all namespaces"
	}
	return q.Right() + " in namespace " + q.Namespace
}

// AccessAnswer is what the API server's access review said. It is advice: the act itself may still be
// denied or allowed.
type AccessAnswer struct {
	AccessQuestion
	Allowed bool
	// Err is why it could not be found out; then Allowed means nothing.
	Err error
}

// ProxyRequest is a GET through the API server's proxy.
type ProxyRequest struct {
	// Kind is Services or Pods.
	Kind      Kind
	Namespace string
	Name      string
	// Scheme is http, https or empty; empty lets the API server speak plain HTTP.
	Scheme string
	// Port is the name or number of the Service's port, for one with named ports always the name, or the number of the Pod's.
	Port string
	// Path is that of the application, with its query if any.
	Path string
	// Host is sent as the Host header where it is not empty. API servers may pass their own on instead.
	Host string
}

// Stream is one forwarded connection to a port of a Pod.
type Stream interface {
	// Read returns io.EOF when the Pod's side ended well, and another error when the connection under it was lost.
	// Close ends both directions at once; it is safe to call more than once, and at any time.
	io.ReadWriteCloser
	// Errors yields what the container runtime says of this connection, at most one text, and is closed when the
	// runtime has nothing more to say. An empty close is no error.
	Errors() <-chan string
	// CloseWrite ends what is sent and leaves the other direction open.
	CloseWrite() error
}

// ExecRequest is one command to run in a container, without an input and without a terminal.
type ExecRequest struct {
	Namespace string
	Pod       string
	// Container is empty for the Pod's default one.
	Container string
	// Command is the program and its arguments; no shell takes part.
	Command []string
}

// ExecResult is what came of a command that was run. Its strings are hostile: clean them at the print.
type ExecResult struct {
	// Output and Complaints are the beginnings of its standard output and error.
	Output, Complaints string
	// ExitCode is the one that it ended with. A shell gives 127 for a program that it does not find.
	ExitCode int
}
