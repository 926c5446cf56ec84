package isolation

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

// The schemes that a port can be spoken to with.
const (
	schemeAuto  = "auto"
	schemeHTTP  = "http"
	schemeHTTPS = "https"
	schemeGRPC  = "grpc"
	schemeTCP   = "tcp"
)

// protocol is how a port is spoken to, and by what evidence.
type protocol struct {
	scheme   string
	path     string
	host     string
	evidence string
	// known means that there was evidence, even if only against HTTP.
	known bool
	// chosen means that a person did.
	chosen bool
	// instead is what the evidence says where a person chose something else, empty where it says nothing or the same.
	instead string
}

// owesAnswer tells whether what is asked there has to be answered: where HTTP is spoken by more evidence than a number. By gRPC only a forward
// asks, which says so itself.
func (p protocol) owesAnswer() bool {
	return p.known && (p.scheme == schemeHTTP || p.scheme == schemeHTTPS)
}

func (p protocol) String() string {
	if p.evidence == "" {
		return p.scheme
	}
	return p.scheme + ", " + p.evidence
}

// protocolOf looks for evidence, the best first: the probes that Kubernetes itself speaks with, appProtocol, names, well-known
// numbers. Without any, nothing is sent, because a handshake that is junk to the application can get its client blocked.
func protocolOf(s subject) protocol {
	found := evidenceOf(s)
	if path := s.request.Path; path != "" {
		found.path = path
	}
	found.path = cmp.Or(found.path, "/")
	if !strings.HasPrefix(found.path, "/") {
		found.path = "/" + found.path
	}
	if scheme := s.request.Scheme; scheme != "" && scheme != schemeAuto {
		instead := ""
		if found.known && found.scheme != scheme {
			instead = found.String()
		}
		found.scheme, found.evidence, found.known, found.chosen, found.instead = scheme, "as asked for", true, true, instead
	}
	return found
}

func evidenceOf(s subject) protocol {
	if s.pod != nil {
		if found, ok := fromProbes(s.pod, s.podPort); ok {
			return found
		}
	}
	if s.port.AppProtocol != nil && *s.port.AppProtocol != "" {
		return protocol{scheme: schemeOfAppProtocol(*s.port.AppProtocol), evidence: "from appProtocol " + *s.port.AppProtocol, known: true}
	}
	if scheme, ok := schemeOfName(s.port.Name); ok {
		return protocol{scheme: scheme, evidence: "from the port's name", known: true}
	}
	if name := containerPortName(s.pod, s.podPort); name != "" {
		if scheme, ok := schemeOfName(name); ok {
			return protocol{scheme: scheme, evidence: "from the container port's name", known: true}
		}
	}
	for _, number := range []int32{s.podPort, s.port.Port} {
		switch number {
		case 80, 8080:
			return protocol{scheme: schemeHTTP, evidence: fmt.Sprintf("from the well-known number %d", number)}
		case 443:
			return protocol{scheme: schemeHTTPS, evidence: fmt.Sprintf("from the well-known number %d", number)}
		}
	}
	return protocol{scheme: schemeTCP, evidence: "nothing says what it speaks"}
}

// fromProbes reads the probes on a port: readiness, then liveness, then startup.
func fromProbes(pod *corev1.Pod, port int32) (protocol, bool) {
	kinds := []struct {
		name string
		of   func(*corev1.Container) *corev1.Probe
	}{
		{"readiness", func(c *corev1.Container) *corev1.Probe { return c.ReadinessProbe }},
		{"liveness", func(c *corev1.Container) *corev1.Probe { return c.LivenessProbe }},
		{"startup", func(c *corev1.Container) *corev1.Probe { return c.StartupProbe }},
	}
	for _, kind := range kinds {
		for container := range model.ServingContainers(&pod.Spec) {
			probe := kind.of(container)
			if probe == nil {
				continue
			}
			from := "from the " + kind.name + " probe"
			if get := probe.HTTPGet; get != nil && probePort(get.Port, container) == port {
				found := protocol{scheme: schemeHTTP, path: get.Path, evidence: from, known: true}
				if get.Scheme == corev1.URISchemeHTTPS {
					found.scheme = schemeHTTPS
				}
				for _, header := range get.HTTPHeaders {
					if strings.EqualFold(header.Name, "Host") {
						found.host = header.Value
					}
				}
				return found, true
			}
			if probe.GRPC != nil && probe.GRPC.Port == port {
				return protocol{scheme: schemeGRPC, evidence: from, known: true}, true
			}
		}
	}
	return protocol{}, false
}

// probePort resolves a probe's port in its own container, as the kubelet does. It is zero where the name is missing.
func probePort(port intstr.IntOrString, container *corev1.Container) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	for _, declared := range container.Ports {
		if declared.Name == port.StrVal {
			return declared.ContainerPort
		}
	}
	return 0
}

// schemeOfAppProtocol reads the standard values (KEP-1422) and the common ones beside them; what it does not know is
// not spoken.
func schemeOfAppProtocol(value string) string {
	switch strings.ToLower(strings.TrimPrefix(value, "kubernetes.io/")) {
	case "http", "ws":
		return schemeHTTP
	case "https", "wss":
		return schemeHTTPS
	case "grpc", "h2c":
		return schemeGRPC
	}
	return schemeTCP
}

// schemeOfName reads a port's name, a protocol or a protocol and a suffix, as Istio and others have it. Names that tell nothing
// ("web", "main") are no evidence.
func schemeOfName(name string) (scheme string, ok bool) {
	word, suffix, _ := strings.Cut(strings.ToLower(name), "-")
	if word == "grpc" && suffix == "web" {
		return schemeHTTP, true
	}
	switch word {
	case "http", "http1":
		return schemeHTTP, true
	case "https":
		return schemeHTTPS, true
	case "grpc", "h2c", "http2":
		return schemeGRPC, true
	case "tcp", "tls", "mysql", "mariadb", "postgres", "postgresql", "pg", "redis", "mongo", "mongodb", "kafka", "amqp",
		"mqtt", "ldap", "ldaps", "smtp", "imap", "ssh", "ftp", "nats", "memcached", "memcache", "zookeeper", "cassandra", "cql":
		return schemeTCP, true
	}
	return "", false
}

// containerPortName returns the declared name of a Pod's port, or nothing.
func containerPortName(pod *corev1.Pod, number int32) string {
	if pod == nil {
		return ""
	}
	if port := containerPort(pod, number); port != nil {
		return port.Name
	}
	return ""
}

// containerPort is the TCP port of that number that a container declares, or nil.
func containerPort(pod *corev1.Pod, number int32) *corev1.ContainerPort {
	for container := range model.ServingContainers(&pod.Spec) {
		for i := range container.Ports {
			port := &container.Ports[i]
			if port.ContainerPort == number && (port.Protocol == "" || port.Protocol == corev1.ProtocolTCP) {
				return port
			}
		}
	}
	return nil
}
