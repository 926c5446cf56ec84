package forward

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// route is where the connections of a forward go.
type route struct {
	pod  string
	uid  types.UID
	port int32
	// kubectlDiffers is that of model.Forward.
	kubectlDiffers bool
}

// identity is the Pod of the route, in its namespace.
func (r route) identity(namespace string) model.PodIdentity {
	return model.PodIdentity{Key: model.Key{Namespace: namespace, Name: r.pod}, UID: r.uid}
}

// errNever marks what waiting does not mend; it is wrapped and never shown by itself.
var errNever = errors.New("never")

// noRoute says why there is no route now.
type noRoute struct {
	text  string
	never bool
	// kubectlDiffers is that of model.Forward.
	kubectlDiffers bool
}

func (e *noRoute) Error() string { return e.text }

// Is lets errors.Is find errNever.
func (e *noRoute) Is(target error) bool { return target == errNever && e.never }

func waitFor(format string, args ...any) *noRoute {
	return &noRoute{text: fmt.Sprintf(format, args...)}
}

func never(format string, args ...any) error {
	return &noRoute{text: fmt.Sprintf(format, args...), never: true}
}

// routeToService chooses a Ready Pod of a Service: the present one as long as it is Ready, else the first in the order
// of model.ForwardOrder. service is nil when there is none. On a headless Service, too, the port leads to its targetPort,
// as the EndpointSlices have it; kubectl dials the Service's own number there.
func routeToService(target model.ForwardTarget, service *corev1.Service, pods []*corev1.Pod, present route) (route, error) {
	if service == nil {
		return route{}, waitFor("Service %s/%s does not exist", target.Namespace, target.Service)
	}
	port, err := servicePort(service, target.Port)
	if err != nil {
		return route{}, err
	}
	ready, differs := 0, kubectlDiffers(service, &port, pods)
	var first *route
	var portErr *noRoute
	for _, pod := range model.ForwardOrder(pods) {
		if !takesNewConnections(pod) {
			continue
		}
		ready++
		to, found := model.ResolveTargetPort(&pod.Spec, &port)
		if !found {
			portErr = waitFor("Pod %s has no %s port named %s", pod.Name, protocolName(port.Protocol), port.TargetPort.StrVal)
			continue
		}
		this := route{pod: pod.Name, uid: pod.UID, port: to.Number, kubectlDiffers: differs(to.Number)}
		if pod.UID == present.uid && pod.Name == present.pod {
			return this, nil
		}
		if first == nil {
			first = &this
		}
	}
	why := portErr
	switch {
	case first != nil:
		return *first, nil
	case portErr != nil:
	case len(pods) == 0:
		why = waitFor("no Pod matches the selector of Service %s/%s", target.Namespace, target.Service)
	case len(pods) == 1:
		why = waitFor("the one Pod of Service %s/%s is not Ready", target.Namespace, target.Service)
	default:
		why = waitFor("none of the %d Pods of Service %s/%s is Ready", len(pods), target.Namespace, target.Service)
	}
	why.kubectlDiffers = differs(numberWithoutPod(&port))
	return route{}, why
}

// numberWithoutPod is the number that a port leads to where no Pod tells; 0 where only a Pod could.
func numberWithoutPod(port *corev1.ServicePort) int32 {
	switch {
	case port.TargetPort.Type == intstr.String:
		return 0
	case port.TargetPort.IntVal == 0:
		return port.Port
	}
	return port.TargetPort.IntVal
}

// kubectlDiffers tells whether `kubectl port-forward` to the Service would not get to a port of a Pod: through a headless Service it dials the
// Service's own number, and where the Pod that it takes lacks the named port it fails.
func kubectlDiffers(service *corev1.Service, port *corev1.ServicePort, pods []*corev1.Pod) func(number int32) bool {
	fails := false
	if order := model.ForwardOrder(pods); len(order) > 0 {
		_, found := model.ResolveTargetPort(&order[0].Spec, port)
		fails = !found
	}
	headless := service.Spec.ClusterIP == corev1.ClusterIPNone
	return func(number int32) bool { return fails || headless && number != 0 && number != port.Port }
}

func takesNewConnections(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil && model.PodReady(pod)
}

// servicePort finds the port that is asked for, and says what cannot be forwarded at all.
func servicePort(service *corev1.Service, wanted string) (corev1.ServicePort, error) {
	name := service.Namespace + "/" + service.Name
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return corev1.ServicePort{}, never("Service %s is an ExternalName for %s: it has no Pods to forward to", name, service.Spec.ExternalName)
	}
	if len(service.Spec.Selector) == 0 {
		return corev1.ServicePort{}, never("Service %s has no selector: it does not say which Pods to forward to", name)
	}
	var udp bool
	for _, port := range service.Spec.Ports {
		if wanted != strconv.Itoa(int(port.Port)) && (wanted != port.Name || port.Name == "") {
			continue
		}
		if protocolName(port.Protocol) == string(corev1.ProtocolTCP) {
			return port, nil
		}
		udp = true
	}
	if udp {
		return corev1.ServicePort{}, never("port %s of Service %s is not TCP: Kubernetes forwards TCP only", wanted, name)
	}
	return corev1.ServicePort{}, waitFor("Service %s has no port %s%s", name, wanted, portsOf(service))
}

// portsOf names the ports that a Service has, to be read behind the one that it has not.
func portsOf(service *corev1.Service) string {
	names := make([]string, 0, len(service.Spec.Ports))
	for _, port := range service.Spec.Ports {
		names = append(names, strings.TrimSpace(fmt.Sprintf("%d %s", port.Port, port.Name)))
	}
	if len(names) == 0 {
		return ""
	}
	return "; it has " + strings.Join(names, ", ")
}

// routeToPod leads to one Pod, Ready or not, as long as it runs. pod is nil when there is none.
func routeToPod(target model.ForwardTarget, pod *corev1.Pod) (route, error) {
	if pod == nil {
		return route{}, waitFor("Pod %s/%s does not exist", target.Namespace, target.Pod)
	}
	if pod.Status.Phase != corev1.PodRunning {
		return route{}, waitFor("Pod %s/%s is %s, not Running", target.Namespace, target.Pod, pod.Status.Phase)
	}
	if number, err := strconv.ParseUint(target.Port, 10, 16); err == nil && number > 0 {
		return route{pod: pod.Name, uid: pod.UID, port: int32(number)}, nil
	}
	if number, found := model.ContainerPort(&pod.Spec, target.Port, corev1.ProtocolTCP); found {
		return route{pod: pod.Name, uid: pod.UID, port: number}, nil
	}
	if _, found := model.ContainerPort(&pod.Spec, target.Port, corev1.ProtocolUDP); found {
		return route{}, never("port %s of Pod %s/%s is UDP: Kubernetes forwards TCP only", target.Port, target.Namespace, target.Pod)
	}
	return route{}, never("Pod %s/%s has no port named %s", target.Namespace, target.Pod, target.Port)
}

func protocolName(protocol corev1.Protocol) string {
	if protocol == "" {
		protocol = corev1.ProtocolTCP
	}
	return string(protocol)
}
