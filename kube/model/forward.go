package model

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// PodIdentity is one Pod, and no other one that takes its name later, as those of a StatefulSet do.
type PodIdentity struct {
	Key
	UID types.UID
}

// IdentityOf returns the identity of a Pod.
func IdentityOf(pod *corev1.Pod) PodIdentity {
	return PodIdentity{Key{pod.Namespace, pod.Name}, pod.UID}
}

// ForwardTarget is what a forward leads to: a Service, whose Pod is chosen among the Ready ones each time
// anew, or one Pod. Exactly one of Service and Pod is set.
type ForwardTarget struct {
	// Context is the kubeconfig context that the forward was opened in; it stays there when the screen moves on.
	Context   string
	Namespace string
	Service   string
	Pod       string
	// Port is the port asked for, a number or a name: of the Service when Service is set, else of the Pod.
	Port string
}

// ForwardSpec asks for a forward.
type ForwardSpec struct {
	Target ForwardTarget
	// LocalAddress is where to listen; empty means 127.0.0.1.
	LocalAddress string
	// LocalPort is the port to listen on; zero takes a free one.
	LocalPort int
}

// ForwardState says how a forward is doing.
type ForwardState string

// The states of a forward.
const (
	// ForwardConnecting means that it listens, and looks for a Pod or connects to it.
	ForwardConnecting ForwardState = "connecting"
	// ForwardActive means that connections are carried.
	ForwardActive ForwardState = "active"
	// ForwardRefused means that connections reach the Pod, and that nothing takes them there: all were refused since the last one
	// that was not. They are tried on, each time anew.
	ForwardRefused ForwardState = "refused"
	// ForwardWaiting means that there is no Pod to lead to now; it takes the next one that is Ready.
	ForwardWaiting ForwardState = "waiting"
	// ForwardFailed means that it ended, or never listened; LastError has the reason.
	ForwardFailed ForwardState = "failed"
)

// Forward is one held forward at one moment.
type Forward struct {
	ID     int
	Target ForwardTarget
	// KubectlArgs make kubectl go to the cluster of the forward, as those of SessionInfo do.
	KubectlArgs []string
	// Local is the address listened on, host:port.
	Local string
	State ForwardState
	// Pod and PodPort are where connections go now; empty and zero while there is none.
	Pod     string
	PodPort int32
	// Connections counts the open ones, Total all there ever were.
	Connections int
	Total       int
	// Refusals counts the connections that the Pod's port refused since the last one that it took.
	Refusals int
	// BytesUp were sent to the Pod, BytesDown came from it.
	BytesUp   int64
	BytesDown int64
	// KubectlDiffers means that `kubectl port-forward` to the Service would not get there: of a headless Service it takes the Service's own number
	// (k8s.io/kubectl/pkg/cmd/portforward, translateServicePortToTargetPort), and it fails where the first Pod lacks the named port.
	KubectlDiffers bool
	// WaitsFor says why there is no Pod to lead to, while State is ForwardWaiting; hostile: clean it at the print.
	WaitsFor string
	// LastError is the last thing that went wrong, in the runtime's own words; hostile: clean it at the print.
	LastError string
	LastErrAt time.Time
	Since     time.Time
}
