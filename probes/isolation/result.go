package isolation

import (
	"fmt"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Rung is one way to try a request, named as in the JSON contract.
type Rung string

// The rungs, in the order in which they are run and shown.
const (
	RungPod          Rung = "pod"
	RungService      Rung = "service"
	RungProxyService Rung = "proxy-service"
	RungProxyPod     Rung = "proxy-pod"
	RungFromHere     Rung = "from-here"
	RungInCluster    Rung = "in-cluster"
	// RungSockets dials nothing: it reads the listening sockets of the tested Pod, where that was asked for.
	RungSockets Rung = "sockets"
)

// Outcome is what came of a rung, coded as in the JSON contract.
type Outcome string

// The outcomes. OK means that bytes came back, whatever they said, or that a connection without a protocol held.
const (
	OK          Outcome = "ok"
	Refused     Outcome = "refused"
	Timeout     Outcome = "timeout"
	NoEndpoints Outcome = "no-endpoints"
	Denied      Outcome = "denied"
	Failed      Outcome = "error"
	NotRun      Outcome = "not-run"
)

// Request says what to test. Empty fields are chosen from the cluster: the first port, the Pod that a
// port-forward to the Service would choose, path and scheme by evidence.
type Request struct {
	Service model.Key
	// Port is a name or number of the Service's ports.
	Port string
	Pod  string
	// Path begins with a slash. Scheme is auto, http, https, grpc or tcp; empty means auto.
	Path   string
	Scheme string
	// Host is the HTTP Host header.
	Host string
	// Patience is how long an answer may take; zero for five seconds, or what the port's probes allow where that is more.
	Patience time.Duration
	// ReadOnly forbids every rung that needs a forward, a proxy or a command in a Pod.
	ReadOnly bool
	// Client is the Pod that the rung In-cluster runs in, by a command that a person has seen and agreed to; zero for none.
	// ClientContainer is empty for the Pod's default container.
	Client          model.Key
	ClientContainer string
	// NodePorts and PodIP ask for what From here tries only when asked: the node ports of Nodes, and the Pod's own address.
	NodePorts, PodIP bool
	// MaxPods bounds the Pods of a sweep; zero means 200, less than zero all of them.
	MaxPods int
	// Sockets asks for the listening sockets of the Pod, by a command in it that a person has seen and agreed to.
	// SocketsContainer is the container that it runs in; empty for the one that has the port.
	Sockets          bool
	SocketsContainer string
	// Elsewhere are Services that are known to exist outside of what the snapshot holds: where one that does not exist may be.
	Elsewhere []model.Key
	// Agreed are the commands that a person has seen and agreed to, as Commands returned them. No other is run.
	Agreed []model.ExecRequest
	// Denied are those of Rights that the API server is known to deny; what is not known is tried.
	Denied []model.AccessQuestion
	// KubectlArgs go in front of kubectl commands, e.g. ["--context", "prod"].
	KubectlArgs []string
}

// Observation is what was seen on one rung.
type Observation struct {
	Rung Rung
	// Crosses says what the rung goes through, for a person: "port-forward → localhost inside the Pod".
	Crosses string
	// Target is the address that was dialled, where the rung has several of them: From here and In-cluster; empty for the others.
	Target  string
	Outcome Outcome
	// Running is true while the rung has no outcome yet.
	Running bool
	// Detail is the answer in few words, the runtime's or API server's own where there are any: "200 OK",
	// "connection refused". Hostile: clean it at the print.
	Detail string
	// Took is how long the rung needed.
	Took time.Duration
	// Paste is a command line for a person to run where the rung could not be; empty for none.
	Paste string
	// PasteNote says what Paste leaves behind; empty for nothing.
	PasteNote string
}

// Conclusion is what the rungs together mean.
type Conclusion struct {
	// ID is the finding it amounts to, e.g. PORT-09; empty for healthy, inconclusive and unknown.
	ID   string
	Mark check.Mark
	// Text is the conclusion in one sentence, Why is the reason, Next is what to do next.
	Text string
	Why  string
	Next string
	// Command does it when pasted into a shell; empty where no command does.
	Command string
	// Confidence is Probed where the rungs alone prove it.
	Confidence check.Confidence
	// Cause is set where ID is the cause of what Text says, and less sure than that; else nil.
	Cause *check.Cause
	// OnlyForClient means that what was seen is known of Request.Client alone: other clients may be served.
	OnlyForClient bool
	// ClientServed means that Request.Client was answered, or connected, at the Service's address or by its name.
	ClientServed bool

	// starting means that what was seen may only be so until the Pod is up.
	starting bool
	// changed means that the Pod came up while it was tested.
	changed bool
	// contradictory means that no row of the truth table fits what was seen.
	contradictory bool
}

// Grade tells for a person what the conclusion amounts to and how sure it is, in parts to be joined: PORT-09 and probed. It is empty where
// neither is known.
func (c Conclusion) Grade() []string {
	var parts []string
	switch {
	case c.Cause != nil && c.ID != "":
		return []string{fmt.Sprintf("%s; its cause, %s, is %s", c.Confidence, c.ID, c.Cause.Confidence)}
	case c.ID != "":
		parts = append(parts, c.ID)
	}
	if c.Mark != check.MarkUnknown {
		parts = append(parts, c.Confidence.String())
	}
	return parts
}

// Result is one test of one port, finished or under way. It is immutable.
type Result struct {
	// Request has every field filled in that could be.
	Request Request
	// PodPort is the port dialled on the Pod, Protocol how it is spoken to and by what evidence: "http, from the
	// readiness probe".
	PodPort  int32
	Protocol string
	// Basis is what the conclusion rests on, so that it can be told when it is outdated.
	Basis Basis
	// Rungs has one observation for each rung, in order.
	Rungs []Observation
	// ForClient is what the API tells that keeps the client from the Service; empty without Request.Client.
	ForClient check.ClientReport
	// Conclusion is nil until the test is over.
	Conclusion *Conclusion
}
