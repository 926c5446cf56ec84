package isolation

import (
	"time"

	"github.com/svctui/svctui/probes/check"
)

// Facts is what is known beside the rungs: from the snapshot, and from how the rungs answered. The zero value knows nothing.
type Facts struct {
	// The names are for texts. Pod is the Pod of the rungs Pod and Proxy→Pod, empty where there is none.
	Namespace, ServiceName, PortName string
	Pod, PodIP                       string
	PodPort                          int32
	// PortIndex is the place of the port in the Service's spec.
	PortIndex int
	// KubectlArgs are for the commands that texts propose.
	KubectlArgs []string
	// AskedPod is the Pod that a person asked for, whether or not it is there; empty where none was. PodBehind means that the selector
	// matches it, or a slice names it.
	AskedPod  string
	PodBehind bool
	// Behind are the names of the Service's own Pods, where AskedPod is none of them.
	Behind []string
	// ForwardPod is the Pod that kubectl takes for a port-forward to the Service: that of the rung Service. Empty for none.
	ForwardPod string
	// atForwardPod is what the API server got at the IP of ForwardPod, where that is another endpoint than Pod and refused the forward.
	// ForwardOdd is its workload, as OddWorkload is the Pod's.
	atForwardPod evidence
	ForwardOdd   string
	// PodReady is the Pod's own condition. PodTerminating means that it is being deleted.
	PodReady, PodTerminating bool
	// Starting is how long the Pod runs where it is not Ready because it is new, Fresh where it is new, and Ready because nothing probes it. At is
	// when the cluster was read.
	Starting, Fresh starting
	At              time.Time
	// StillRefused means that the Pod's IP still refused the API server after its loopback had answered.
	StillRefused bool
	// Changed means that the Pod refused a try, and did not refuse the same a moment later.
	Changed bool
	// Restart is a container of the Pod that ended lately.
	Restart restart
	// PodLacksPort means that the Pod does not have the port that targetPort names.
	PodLacksPort bool
	// PortDeclared means that a container of some Pod that the selector matches declares the port that targetPort names.
	PortDeclared bool
	// ProxyElsewhere means that the Service leads to another address of the Pod than the one that the API server's proxy dials: of the other
	// family. PodIP is the one that the Service leads to.
	ProxyElsewhere bool
	// Stopped says which container does not run, where none declares the port and this one may be meant; empty for none.
	Stopped string
	// HostNetwork means that the Pod has its node's network: the listening sockets are those of all programs of the node.
	HostNetwork bool
	// PortMeant is the one port that the Pod's containers declare where PodPort, a number, is not declared; 0 for none.
	PortMeant int32
	// MeantFix lets the Service lead there; nil where nothing can, as of a headless one.
	MeantFix *check.Fix

	// PortHint says which port was meant where the Service has not the one that was asked for; empty where nothing tells.
	PortHint string

	// Usable is how many endpoints the port leads to, by the rules of kube-proxy; it counts only where UsableKnown.
	Usable      int
	UsableKnown bool
	// Listed is how many endpoints, usable or not, the EndpointSlices name for any port.
	Listed int
	// PodUsable means that Pod is known to be one of them.
	PodUsable bool
	// UsableAtAddress is how many of them are of the IP family of the Service's address that the client dials.
	UsableAtAddress int
	// EndpointsBlind means that the older Endpoints object, by which the API server's proxy to the Service goes, leaves some of them out: what
	// is terminating, is no Pod, or was not made by the controller of EndpointSlices.
	EndpointsBlind bool
	// Selected is how many Pods the selector matches; it counts only where PodsKnown.
	Selected  int
	PodsKnown bool

	// Fault is why a port-forward to the Service would not start.
	Fault fault
	// Protocol is set where the port is not TCP, ExternalName where the Service is one.
	Protocol     string
	ExternalName string
	Headless     bool
	// Unmapped is the port of a headless Service where the Pod listens on another, PodPort: nobody maps the one to the other (HL-01). Else 0.
	Unmapped int32
	// alias is what an ExternalName stands for, and aliasDialled means that there was a port to dial.
	alias        alias
	aliasDialled bool
	// aliasPort is the port that a client in the cluster dials of an ExternalName, and portAssumed means that nothing names it.
	aliasPort   int32
	portAssumed bool
	// NotRunning says why nothing in the Pod can be expected to listen; empty where something can.
	NotRunning string
	// Mesh names the service mesh that intercepts the Pod's traffic; empty for none.
	Mesh string
	// Kata means that the Pod runs in a virtual machine, where the rung Pod dials a loopback outside of it.
	Kata      bool
	Readiness Readiness
	ReadOnly  bool
	// Patience is how long an answer was given.
	Patience time.Duration

	// Silent are the rungs whose connection was accepted and where nothing came back although something was asked.
	Silent map[Rung]bool
	// Closed are those whose connection was accepted, and closed without one byte although something was asked that has to be answered.
	Closed map[Rung]bool
	// clientProof is what the addresses proved that accepted the client's connection and did not answer: silent, closed, or answered|silent where
	// nothing was asked, so that it may be either. It goes by the targets of the observations.
	clientProof map[string]evidence
	// Late is the time of the tested Pod's answer where that took longer than Patience, LateElsewhere that of another endpoint's; zero for none.
	Late, LateElsewhere time.Duration
	// PodInTime means that the tested Pod answered within Patience on a way that surely leads to it.
	PodInTime bool
	// SpeaksTLS means that the application turned a plain request away and answered over TLS.
	SpeaksTLS bool
	// SpeaksGRPC means that the application hung up on HTTP/1.1, and answered gRPC.
	SpeaksGRPC bool
	// PromisesHTTP says by what name or appProtocol the port is one for plain HTTP; empty where it is taken for one by its number at most.
	PromisesHTTP string
	// NotGRPC is set where the application was asked in gRPC, and answered in something else: by what evidence gRPC was expected.
	NotGRPC string
	// NotTLS is the same of TLS. SomeTLS means that TLS was answered in TLS on another way.
	NotTLS  string
	SomeTLS bool
	// SchemeChosen means that a person chose how the application is asked.
	SchemeChosen bool
	// SpeaksOther means that the application was asked in HTTP, and answered in something else wherever it answered; NotHTTP, by what evidence HTTP was
	// expected then, empty where nothing but the port's number speaks for it.
	SpeaksOther bool
	NotHTTP     string
	// Wordless means that the application said nothing on any way: what is told is that it accepts connections. PodWordless means the same of
	// the ways that lead to the tested Pod.
	Wordless, PodWordless bool
	// MeshAnswered means that a proxy rung, or a client, was answered by what may be the mesh instead of the application; ClientMeshAnswered, that
	// it may be the client's own. meshSaid are those ways, the names of rungs and a client's targets.
	MeshAnswered, ClientMeshAnswered bool
	meshSaid                         map[string]bool
	// Policies is what NetworkPolicies make of the Pod's port, and Policy names one that isolates the Pod; empty for none.
	Policies check.PolicyStand
	Policy   string
	// AddressRefused means that the API server does not proxy to the Pod's address ("address not allowed").
	AddressRefused bool
	// Client is the Pod that the rung In-cluster ran in, empty for none; ClientNode is its node, ClientMesh the mesh that it is in, and
	// ClientBehind means that the Service selects it.
	Client, ClientNode, ClientMesh string
	ClientBehind                   bool
	// OtherEnding is another endpoint's Pod that was deleted, or began to be, while the test ran; empty for none.
	OtherEnding string
	// PodGone means that the API server knew no such Pod when the test asked it.
	PodGone bool
	// Verdict is what the checks make of the Service without a test.
	Verdict check.Verdict
	// Speaks is how the application is asked, and by what evidence.
	Speaks string
	// SpeaksInstead is how it would be asked by the evidence, where a person chose another protocol for which there is none.
	SpeaksInstead string
	// AssumesHTTP means that the application is asked in HTTP or HTTPS because of nothing but the port's number.
	AssumesHTTP bool
	// Diagnosis are the findings of the Service itself, cause before consequence, advice left out.
	Diagnosis []check.Finding
	// OddWorkload is the tested Pod's where the checks find that the selector ought not to match it, e.g. deploy/db; empty for none.
	OddWorkload string
	// ClientFindings are what the API tells that keeps this client from the Service.
	ClientFindings []check.Finding
	// Unresolved means that the client could not resolve the Service's name, NameServerDead that the cluster's name server is known to have
	// no endpoint.
	Unresolved, NameServerDead bool
	// OtherProxy means that the Service is left to another proxy than kube-proxy, LocalOnly that clients inside get to endpoints of their own
	// node only.
	OtherProxy, LocalOnly bool
	// Sockets are the addresses that the Pod listens on, where they were looked at. SocketsAsked means that somebody asked for that.
	Sockets      Sockets
	SocketsAsked bool
	// Retarget lets the Service's port lead to the one that the Pod listens on, where nothing listens on PodPort and the sockets tell which one
	// may be meant; else nil.
	Retarget *check.Fix

	// seen is what the rungs showed, for the words of a conclusion.
	seen sight

	// OtherPod is the Pod that the proxy rungs were compared with, and OtherPodAnswers whether the API server reaches it.
	OtherPod        string
	OtherPodAnswers bool

	// Here is what each address told that was dialled from here. SourceRanges are the only clients that the load balancer lets in;
	// empty for everybody.
	Here         []Here
	SourceRanges []string
}

// Readiness is what the kubelet's readiness probe, which dials the Pod's IP, tells about the port.
type Readiness uint8

// What a readiness probe can tell, the least first.
const (
	// NoReadinessProbe means that there is none: the Pod is Ready as soon as it runs.
	NoReadinessProbe Readiness = iota
	// ReadinessElsewhere means that the probe looks at another port or address.
	ReadinessElsewhere
	// ReadinessByExec means that the probe runs inside the container.
	ReadinessByExec
	// ReadinessOnPodIP means that the probe dials the port, and what it found is not known.
	ReadinessOnPodIP
	// ReadyOnPodIP means that the probe dials the port, and passes.
	ReadyOnPodIP
	// RefusedOnPodIP means that the probe dials the port, and is refused.
	RefusedOnPodIP
)

// fault is why a port-forward to the Service would not start; its text is kubectl's where kubectl has one.
type fault uint8

const (
	noFault fault = iota
	faultServiceUnknown
	faultNoService
	faultExternalName
	faultNoSuchPort
	faultPortless
	faultNotTCP
	faultNoSelector
	faultNoPods
	faultNoNamedPort
	faultPodNotRunning
)

// withoutPods tells whether the port leads to endpoints, and to none that is known to be a Pod.
func withoutPods(f Facts) bool { return f.Pod == "" && f.PodsKnown && f.UsableKnown && f.Usable > 0 }

func noneUsable(f Facts) bool { return f.UsableKnown && f.Usable == 0 }

func podRuns(f Facts) bool { return f.Pod != "" && f.NotRunning == "" }

// bindTells tells whether a port that answers on the loopback and refuses on the Pod's IP speaks of the application's bind
// address: not in a virtual machine, and not behind a mesh.
func bindTells(f Facts) bool { return f.Mesh == "" && !f.Kata }

// keepsOut tells whether NetworkPolicies, where they are enforced, keep the API server from the Pod.
func keepsOut(f Facts) bool {
	return f.Policies == check.PoliciesAdmitSome || f.Policies == check.PoliciesAdmitNobody
}

// shutOut tells whether the API server's silence at the Pod's IP may be what a NetworkPolicy makes of the API server alone: one that admits
// certain clients, or one that could not be read. A client's own try there tells more than that.
func shutOut(s sight, f Facts) bool {
	return s.clientPod == none && (f.Policies == check.PoliciesAdmitSome || f.Policies == check.PoliciesUnread)
}

// otherEndpoints tells whether Proxy→Service may have asked another Pod than Proxy→Pod.
func otherEndpoints(f Facts) bool { return f.Usable > 1 || !f.PodUsable }
