package isolation

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Plan returns a request for each port of a Service, in the order of its spec, with everything else left to be chosen. It is
// empty where the Service does not exist or has no ports.
func Plan(snapshot *model.Snapshot, service model.Key) []Request {
	object := snapshot.Service(service)
	if object == nil {
		return nil
	}
	var plan []Request
	for _, port := range object.Spec.Ports {
		plan = append(plan, Request{Service: service, Port: portName(port)})
	}
	return plan
}

// portName is what a port is called in requests: its name where it has one, because the API server's proxy finds the endpoints
// of a named port by no other word.
func portName(port corev1.ServicePort) string {
	if port.Name != "" {
		return port.Name
	}
	return strconv.Itoa(int(port.Port))
}

// judged is what the snapshot tells of a Service, whichever of its ports and Pods is tried. It is not changed once made: the tests of a sweep
// share it.
type judged struct {
	snapshot *model.Snapshot
	// service is nil where there is none, or none is known.
	service   *corev1.Service
	effective check.Endpoints
	// selected are the Pods that the selector matches; forwarded is the one that `kubectl port-forward` to the Service would take, whatever Pod
	// was asked for; nil for none.
	selected  []*corev1.Pod
	forwarded *corev1.Pod
	// byAddress are the places of those backends of which a slice names no Pod, and the address tells it.
	byAddress map[int]bool
	findings  []check.Finding
	verdict   check.Verdict
}

// nameBackends finds the Pods of those backends that are bare addresses, as somebody writes them into a slice: kube-proxy goes by addresses alone.
func (j *judged) nameBackends() {
	var named []check.Backend
	for i, backend := range j.effective.Backends {
		if backend.PodName != "" {
			continue
		}
		pod := check.PodAt(j.snapshot, j.service.Namespace, backend.Address)
		if pod == nil {
			continue
		}
		if named == nil {
			named, j.byAddress = slices.Clone(j.effective.Backends), map[int]bool{}
		}
		named[i].PodName, named[i].Pod, j.byAddress[i] = pod.Name, pod, true
	}
	if named != nil {
		j.effective.Backends = named
	}
}

// judge looks at the Service of a request.
func judge(snapshot *model.Snapshot, request Request) *judged {
	j := &judged{snapshot: snapshot, service: snapshot.Service(request.Service)}
	j.findings, j.verdict = diagnosis(snapshot, request)
	if j.service == nil {
		return j
	}
	j.effective = check.EffectiveEndpoints(snapshot, j.service)
	j.nameBackends()
	j.selected = snapshot.Selected(j.service.Namespace, j.service.Spec.Selector)
	if len(j.selected) > 0 {
		j.forwarded = model.ForwardOrder(j.selected)[0]
	}
	return j
}

// subject is one port of one Service with all that was chosen and found out before anything is sent. It is not
// changed once made.
type subject struct {
	*judged

	// request has what was chosen filled in; asked is as it came.
	request, asked Request
	port           corev1.ServicePort
	// portIndex is its place in the Service's spec.
	portIndex int
	// pod is nil where there is none, or none is known.
	pod     *corev1.Pod
	podPort int32
	// container is the name of the one that declares podPort, or of the only one; empty where neither tells.
	container string
	speaks    protocol
	// pathAsked means that a person gave the path.
	pathAsked bool
	// ingressesKnown means that the Ingresses of the namespace were read.
	ingressesKnown bool
	// endpoints are those that the port leads to.
	endpoints []check.Endpoint
	facts     Facts
	// forClient is what the API tells for Request.Client.
	forClient check.ClientReport
}

// newSubject chooses what the request leaves open.
func newSubject(snapshot *model.Snapshot, request Request) subject {
	s := judge(snapshot, request).atPort(request)
	return s.ofPod(request.Pod)
}

// atPort chooses the port of a request. No Pod is chosen yet.
func (j *judged) atPort(request Request) subject {
	request.Pod = ""
	s := subject{judged: j, request: request, asked: request, pathAsked: request.Path != ""}
	s.ingressesKnown = j.snapshot.Coverage(model.Ingresses, request.Service.Namespace).Known()
	s.facts.ReadOnly, s.facts.At = request.ReadOnly, j.snapshot.At()
	s.facts.SocketsAsked = request.Sockets
	s.facts.Namespace, s.facts.ServiceName, s.facts.KubectlArgs = request.Service.Namespace, request.Service.Name, request.KubectlArgs
	s.facts.Diagnosis, s.facts.Verdict = j.findings, j.verdict
	if s.service == nil {
		s.facts.Fault = faultNoService
		if !j.snapshot.Coverage(model.Services, request.Service.Namespace).Known() {
			s.facts.Fault = faultServiceUnknown
		}
		return s
	}
	index, found := s.findPort()
	s.portIndex, s.facts.PortIndex = index, index
	s.judgeClient()
	s.facts.PortName = s.request.Port
	s.facts.ExternalName = s.service.Spec.ExternalName
	if s.service.Spec.Type == corev1.ServiceTypeExternalName {
		s.facts.Fault = faultExternalName
		s.facts.aliasPort, s.facts.portAssumed = s.externalPort()
		return s
	}
	if len(s.service.Spec.Ports) == 0 && s.request.Port == "" {
		s.facts.Fault = faultPortless
		return s
	}
	if !found {
		s.facts.Fault, s.facts.PortHint = faultNoSuchPort, portHint(s.service, s.request.Port)
		return s
	}
	_, s.facts.OtherProxy = s.service.Labels[check.ProxyNameLabel]
	s.facts.LocalOnly = s.service.Spec.InternalTrafficPolicy != nil && *s.service.Spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal
	s.facts.Headless = s.service.Spec.ClusterIP == corev1.ClusterIPNone
	if protocol := s.port.Protocol; protocol != "" && protocol != corev1.ProtocolTCP {
		s.facts.Fault, s.facts.Protocol = faultNotTCP, string(protocol)
		return s
	}
	s.facts.UsableKnown = j.snapshot.Coverage(model.EndpointSlices, request.Service.Namespace).Known()
	for _, leads := range j.effective.Ports {
		if leads.Index == index {
			s.endpoints = append(s.endpoints, leads.Usable...)
		}
	}
	s.facts.Usable = distinctBackends(s.endpoints)
	s.facts.UsableAtAddress = s.usableAtAddress()
	s.facts.EndpointsBlind = s.endpointsBlind()
	s.facts.Listed = len(j.effective.Backends)
	s.facts.PodsKnown = j.snapshot.Coverage(model.Pods, request.Service.Namespace).Known()
	s.facts.Selected = len(j.selected)
	if j.forwarded != nil {
		s.facts.ForwardPod = j.forwarded.Name
	}
	s.facts.PortDeclared = slices.ContainsFunc(j.selected, func(pod *corev1.Pod) bool {
		target, ok := model.ResolveTargetPort(&pod.Spec, &s.port)
		return ok && target.Container != ""
	})
	s.facts.Fault = s.serviceFault()
	return s
}

// ofPod is the subject with the Pod that was asked for, or with the one that is chosen where none was.
func (s *subject) ofPod(asked string) subject {
	of := *s
	of.request.Pod, of.asked.Pod = asked, asked
	if !of.looksAtPods() {
		return of
	}
	of.choosePod()
	of.facts.OddWorkload = oddWorkload(of.snapshot, of.pod, of.facts.Diagnosis)
	if of.forwarded != of.pod {
		of.facts.ForwardOdd = oddWorkload(of.snapshot, of.forwarded, of.facts.Diagnosis)
	}
	of.speaks = protocolOf(of)
	if of.speaks.scheme == schemeHTTP && of.speaks.known && !of.speaks.chosen {
		of.facts.PromisesHTTP = of.speaks.evidence
	}
	of.facts.Speaks, of.facts.SpeaksInstead = of.speaks.String(), of.speaks.instead
	of.facts.AssumesHTTP = (of.speaks.scheme == schemeHTTP || of.speaks.scheme == schemeHTTPS) && !of.speaks.known
	of.request.Scheme, of.request.Path = of.speaks.scheme, of.speaks.path
	of.facts.Patience = of.patience()
	if of.request.Host == "" {
		of.request.Host = of.speaks.host
	}
	return of
}

func (s *subject) findPort() (index int, found bool) {
	ports := s.service.Spec.Ports
	for i, port := range ports {
		if s.request.Port == "" || s.request.Port == port.Name || s.request.Port == strconv.Itoa(int(port.Port)) {
			// A number that two protocols share means the one that can be tried.
			if !found || port.Protocol == corev1.ProtocolTCP && s.port.Protocol != corev1.ProtocolTCP {
				index, found = i, true
				s.port = port
			}
			if s.request.Port == "" {
				break
			}
		}
	}
	if found {
		s.request.Port = portName(s.port)
	}
	return index, found
}

// portHint says which of a Service's ports leads where somebody asked for a port that it does not have: people dial the targetPort or
// the node port.
func portHint(service *corev1.Service, asked string) string {
	ports := make([]string, 0, len(service.Spec.Ports))
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		switch asked {
		case port.TargetPort.String():
			return fmt.Sprintf("dial %d: %s is its targetPort, where the Pods listen", port.Port, asked)
		case nodePort(port):
			return fmt.Sprintf("dial %d, or a node's address with %s: that is the node port", port.Port, asked)
		}
		ports = append(ports, strings.TrimSpace(strconv.Itoa(int(port.Port))+" "+port.Name))
	}
	if len(ports) == 0 {
		return ""
	}
	return "dial one of the Service's own ports: " + few(ports, 8)
}

// distinctBackends counts a Pod once that has an address of each family.
func distinctBackends(endpoints []check.Endpoint) int {
	backends := map[int]bool{}
	for _, endpoint := range endpoints {
		backends[endpoint.Backend] = true
	}
	return len(backends)
}

// nodePort is the text of a port's node port; empty where it has none.
func nodePort(port *corev1.ServicePort) string {
	if port.NodePort == 0 {
		return "-"
	}
	return strconv.Itoa(int(port.NodePort))
}

// usableAtAddress counts the usable endpoints of the IP family of the Service's address that the client dials; all of them where it has none.
func (s *subject) usableAtAddress() int {
	address, err := netip.ParseAddr(clusterIPFor(s.service, s.snapshot.Pod(s.request.Client)))
	if err != nil {
		return s.facts.Usable
	}
	return distinctBackends(slices.DeleteFunc(slices.Clone(s.endpoints), func(endpoint check.Endpoint) bool {
		at, err := netip.ParseAddr(endpoint.Address)
		return err == nil && at.Unmap().Is4() != address.Unmap().Is4()
	}))
}

// endpointsBlind tells whether the Endpoints object leaves usable endpoints of the port out. The controller of EndpointSlices and that of
// Endpoints see the same Pods; those that are terminating, and what others write into slices, are in the slices alone.
func (s *subject) endpointsBlind() bool {
	for _, leads := range s.effective.Ports {
		if leads.Index == s.portIndex && leads.Fallback {
			return true
		}
	}
	for _, endpoint := range s.endpoints {
		if s.effective.Backends[endpoint.Backend].PodName == "" || s.byAddress[endpoint.Backend] {
			return true
		}
	}
	for _, slice := range s.snapshot.SlicesOf(s.request.Service) {
		if by := slice.Labels[discoveryv1.LabelManagedBy]; by != "endpointslice-controller.k8s.io" && by != "endpointslicemirroring-controller.k8s.io" {
			return true
		}
	}
	return false
}

// choosePod takes the Pod that was asked for, else the one that `kubectl port-forward` to the Service would take; for a Service
// without a selector one that its slices name.
func (s *subject) choosePod() {
	backends := s.effective.Backends
	s.facts.AskedPod = s.request.Pod
	switch {
	case s.request.Pod != "":
		s.pod = s.snapshot.Pod(model.Key{Namespace: s.service.Namespace, Name: s.request.Pod})
		s.facts.PodBehind = slices.Contains(s.selected, s.pod) ||
			slices.ContainsFunc(backends, func(backend check.Backend) bool { return backend.PodName == s.request.Pod })
	case s.forwarded != nil:
		s.pod = s.forwarded
	case len(s.service.Spec.Selector) == 0:
		for _, endpoint := range s.endpoints {
			if s.pod = backends[endpoint.Backend].Pod; s.pod != nil {
				break
			}
		}
	}
	for _, endpoint := range s.endpoints {
		if name := backends[endpoint.Backend].PodName; name != "" && s.pod != nil && name == s.pod.Name {
			s.facts.PodUsable = true
			s.podPort = endpoint.Port
		}
	}
	s.judgePod()
	if s.request.Pod != "" && (s.pod == nil || askedForAnother(s.facts)) {
		s.facts.Behind = podsThatRun(s.snapshot, s.request.Service)
	}
}

func (s *subject) judgePod() {
	if s.pod == nil {
		return
	}
	s.request.Pod = s.pod.Name
	if target, ok := model.ResolveTargetPort(&s.pod.Spec, &s.port); ok && len(s.service.Spec.Selector) > 0 {
		s.podPort, s.container = target.Number, containerOf(&s.pod.Spec, target)
	}
	s.facts.Pod, s.facts.PodPort = s.pod.Name, s.podPort
	if s.facts.Headless && s.podPort != 0 && s.podPort != s.port.Port {
		s.facts.Unmapped = s.port.Port
	}
	s.facts.PodReady = model.PodReady(s.pod)
	s.facts.PodTerminating = s.pod.DeletionTimestamp != nil
	s.facts.Starting, s.facts.Fresh = startingOf(s.snapshot, s.pod, s.container), freshOf(s.snapshot, s.pod, s.container)
	s.facts.PodLacksPort = len(s.service.Spec.Selector) > 0 && s.podPort == 0
	s.facts.PodIP, s.facts.ProxyElsewhere = podAddress(s.service, s.pod)
	if len(s.service.Spec.Selector) > 0 && !s.facts.PortDeclared {
		if meant := onlyDeclared(&s.pod.Spec, s.podPort); !s.targeted()[meant] && !s.ofAnotherUse(meant) {
			s.facts.PortMeant = meant
		}
		if s.facts.PortMeant != 0 && !s.facts.Headless {
			in := check.Input{Snapshot: s.snapshot, KubectlArgs: s.request.KubectlArgs}
			s.facts.MeantFix = check.TargetPortFix(in, s.service, s.portIndex, s.facts.PortMeant, "")
		}
	}
	s.facts.NotRunning = notRunning(s.pod, s.container)
	if s.container == "" {
		s.facts.Stopped = stoppedContainer(s.pod)
	}
	s.facts.Mesh = check.MeshOf(s.pod)
	s.facts.HostNetwork = s.pod.Spec.HostNetwork
	s.facts.Kata = s.pod.Spec.RuntimeClassName != nil && strings.Contains(*s.pod.Spec.RuntimeClassName, "kata")
	s.facts.Policies, s.facts.Policy = check.PoliciesFor(s.snapshot, s.pod, s.podPort)
	s.facts.Readiness = readinessOf(s.snapshot, s.pod, s.podPort)
	if s.facts.ProxyElsewhere && s.facts.Readiness > ReadinessElsewhere {
		// The kubelet dials the same address as the API server.
		s.facts.Readiness = ReadinessElsewhere
	}
}

// containerOf returns the name of the container that declares the port, and where none does that of the only one that could listen; else "".
func containerOf(pod *corev1.PodSpec, target model.TargetPort) string {
	only := target.Container
	if only != "" {
		return only
	}
	for container := range model.ServingContainers(pod) {
		if only != "" {
			return ""
		}
		only = container.Name
	}
	return only
}

// onlyDeclared returns the TCP port that a Pod's containers declare where it is the only one, and another than the given.
func onlyDeclared(pod *corev1.PodSpec, except int32) int32 {
	only := int32(0)
	for container := range model.ServingContainers(pod) {
		for i := range container.Ports {
			port := &container.Ports[i]
			if port.Protocol != "" && port.Protocol != corev1.ProtocolTCP || port.ContainerPort == only {
				continue
			}
			if only != 0 || port.ContainerPort == except {
				return 0
			}
			only = port.ContainerPort
		}
	}
	return only
}

// serviceFault says why a port-forward to the Service would not start, in the order in which kubectl finds out.
func (s *subject) serviceFault() fault {
	switch {
	case len(s.service.Spec.Selector) == 0:
		return faultNoSelector
	case s.facts.PodsKnown && s.facts.Selected == 0:
		return faultNoPods
	case s.forwarded == nil:
		return noFault
	}
	if _, ok := model.ResolveTargetPort(&s.forwarded.Spec, &s.port); !ok {
		return faultNoNamedPort
	}
	if s.forwarded.Status.Phase != corev1.PodRunning {
		return faultPodNotRunning
	}
	return noFault
}
