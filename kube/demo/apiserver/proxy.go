package apiserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
)

const proxyHandshakeTimeout = 10 * time.Second

// proxyTLS: like the real server, the proxy does not check whom it talks to inside the cluster.
func proxyTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
}

// serveProxy hands a request to a Pod, or to one of a Service's Pods, over the Pod network.
func (s *Server) serveProxy(w http.ResponseWriter, r *http.Request, t target) {
	var location *url.URL
	var err error
	if t.Resource == "pods" {
		location, err = s.podLocation(t.Namespace, t.Name)
	} else {
		location, err = s.serviceLocation(t.Namespace, t.Name)
	}
	if err != nil {
		writeError(w, r, err)
		return
	}
	if t.rest == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		// The real server sends the client to the path with a slash, so that relative links work.
		w.Header().Set("Location", r.URL.Path+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = location.Scheme, location.Host
			p.Out.URL.Path, p.Out.URL.RawPath = t.rest, ""
			p.Out.Host = ""
			p.SetXForwarded()
		},
		Transport:     s.proxy,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			writeError(w, r, apierrors.NewServiceUnavailable(fmt.Sprintf("error trying to reach service: %v", err)))
		},
	}
	proxy.ServeHTTP(w, r)
}

func (s *Server) dialForProxy(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	return s.nodes.DialPodIP(ctx, host, number)
}

// podLocation is ResourceLocation in kubernetes/pkg/registry/core/pod: the Pod's IP, whatever its readiness.
func (s *Server) podLocation(namespace, id string) (*url.URL, error) {
	scheme, name, port, valid := utilnet.SplitSchemeNamePort(id)
	if !valid {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("invalid pod request %q", id))
	}
	pod, err := s.pod(namespace, name)
	if err != nil {
		return nil, err
	}
	for i := 0; port == "" && i < len(pod.Spec.Containers); i++ {
		if ports := pod.Spec.Containers[i].Ports; len(ports) > 0 {
			port = strconv.Itoa(int(ports[0].ContainerPort))
		}
	}
	ip, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil || !ip.IsGlobalUnicast() {
		return nil, apierrors.NewBadRequest("address not allowed")
	}
	if port == "" {
		port = "80"
		if scheme == "https" {
			port = "443"
		}
	}
	return locationOf(scheme, pod.Status.PodIP, port), nil
}

// serviceLocation is ResourceLocation in kubernetes/pkg/registry/core/service/storage: it reads the legacy Endpoints and
// takes only addresses of Pods in the Service's own namespace.
func (s *Server) serviceLocation(namespace, id string) (*url.URL, error) {
	scheme, name, port, valid := utilnet.SplitSchemeNamePort(id)
	if !valid {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("invalid service request %q", id))
	}
	if number, err := strconv.ParseInt(port, 10, 64); err == nil {
		service, ok := Get(s.store, &corev1.Service{}, namespace, name)
		if !ok {
			return nil, serviceNotFound(name)
		}
		found := false
		for _, declared := range service.Spec.Ports {
			if int64(declared.Port) == number {
				port, found = declared.Name, true
				break
			}
		}
		if !found {
			return nil, apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %d found for service %q", number, name))
		}
	}
	endpoints, ok := Get(s.store, &corev1.Endpoints{}, namespace, name) //nolint:staticcheck // the real proxy reads them too
	if !ok {
		return nil, serviceNotFound(name)
	}
	if len(endpoints.Subsets) == 0 {
		return nil, apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", name))
	}
	first := rand.IntN(len(endpoints.Subsets))
	for i := range endpoints.Subsets {
		subset := endpoints.Subsets[(first+i)%len(endpoints.Subsets)]
		for _, offered := range subset.Ports {
			if offered.Name != port {
				continue
			}
			for _, n := range rand.Perm(len(subset.Addresses)) {
				if address := subset.Addresses[n]; s.belongsToPod(namespace, address) {
					return locationOf(scheme, address.IP, strconv.Itoa(int(offered.Port))), nil
				}
			}
		}
	}
	return nil, apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", id))
}

func (s *Server) belongsToPod(namespace string, address corev1.EndpointAddress) bool {
	if address.TargetRef == nil || address.TargetRef.Namespace != namespace {
		return false
	}
	pod, err := s.pod(namespace, address.TargetRef.Name)
	if err != nil {
		return false
	}
	for _, ip := range pod.Status.PodIPs {
		if ip.IP == address.IP {
			return true
		}
	}
	return false
}

func serviceNotFound(name string) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "services"}, name)
}

func locationOf(scheme, ip, port string) *url.URL {
	if scheme = strings.ToLower(scheme); scheme == "" {
		scheme = "http"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(ip, port)}
}
