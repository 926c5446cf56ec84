package simulation

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/demo/apiserver"
)

// serveIngress routes a request as an Ingress controller does: by host and longest path to a Service, and on to one of its
// ready endpoints. It tells whether an Ingress wanted the request.
func (n *Network) serveIngress(w http.ResponseWriter, r *http.Request) bool {
	namespace, backend := n.backendOf(r)
	if backend == nil {
		return false
	}
	service, ok := apiserver.Get(n.store, &corev1.Service{}, namespace, backend.Name)
	if !ok {
		unavailable(w)
		return true
	}
	for _, declared := range service.Spec.Ports {
		if declared.Port != backend.Port.Number && (backend.Port.Name == "" || declared.Name != backend.Port.Name) {
			continue
		}
		ip, port, ok := n.readyEndpoint(service, declared)
		if !ok {
			break
		}
		n.forward(w, r, net.JoinHostPort(ip, strconv.Itoa(port)))
		return true
	}
	unavailable(w)
	return true
}

func (n *Network) backendOf(r *http.Request) (namespace string, found *networkingv1.IngressServiceBackend) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	longest := -1
	for _, ingress := range apiserver.List(n.store, &networkingv1.Ingress{}, "") {
		for _, rule := range ingress.Spec.Rules {
			if rule.Host != host || rule.HTTP == nil {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				if strings.HasPrefix(r.URL.Path, path.Path) && len(path.Path) > longest && path.Backend.Service != nil {
					longest, namespace, found = len(path.Path), ingress.Namespace, path.Backend.Service
				}
			}
		}
	}
	return namespace, found
}

func (n *Network) forward(w http.ResponseWriter, r *http.Request, address string) {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", address
			p.SetXForwarded()
		},
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				ip, portText, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				port, err := strconv.Atoi(portText)
				if err != nil {
					return nil, err
				}
				return n.DialPodIP(ctx, ip, port)
			},
		},
		ErrorLog: log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			nginxPage(w, http.StatusBadGateway)
		},
	}
	proxy.ServeHTTP(w, r)
}

// unavailable is what nginx says for a Service without endpoints.
func unavailable(w http.ResponseWriter) { nginxPage(w, http.StatusServiceUnavailable) }

func nginxPage(w http.ResponseWriter, status int) {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	if status == http.StatusServiceUnavailable {
		title = "503 Service Temporarily Unavailable"
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html>\n<head><title>%s</title></head>\n<body>\n<center><h1>%s</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n", title, title)
}
