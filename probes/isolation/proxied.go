package isolation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/svctui/svctui/kube/model"
)

const (
	// silenceBeforeTLS is how long a plain request may be silent before a TLS handshake is tried beside it, which the API server
	// gives up after ten seconds when the connection was accepted, and which tells it from an address that nobody answers.
	silenceBeforeTLS = 4 * time.Second
	// proxyPatience bounds a rung over the API server's proxy; it is more than the API server waits for a handshake.
	proxyPatience = 18 * time.Second
)

// tryProxy sends a GET through the API server's proxy, to a Service or a Pod.
func tryProxy(ctx context.Context, dialer Dialer, s subject, kind model.Kind, name, port, scheme string) answer {
	ctx, cancel := context.WithTimeout(ctx, proxyPatience)
	defer cancel()
	request := model.ProxyRequest{
		Kind: kind, Namespace: s.request.Service.Namespace, Name: name, Port: port, Path: s.request.Path, Host: s.request.Host,
	}
	if scheme == schemeHTTPS {
		request.Scheme = schemeHTTPS
		return proxyOnce(ctx, dialer, request, s)
	}

	plain, encrypted := make(chan answer, 1), make(chan answer, 1)
	var tries sync.WaitGroup
	// The tries end with the context; none is left behind.
	defer tries.Wait()
	defer cancel()
	tries.Go(guarded(func() { plain <- proxyOnce(ctx, dialer, request, s) }))
	withTLS := request
	withTLS.Scheme = schemeHTTPS
	patience := silenceBeforeTLS
	if s.speaks.scheme == schemeTCP {
		// Most of what does not speak HTTP stays silent.
		patience = refusalWait
	}
	silence := time.NewTimer(patience)
	defer silence.Stop()
	accepted := false
	for {
		select {
		case got := <-plain:
			switch {
			case accepted && got.outcome == Timeout:
				return silentAnswer(s)
			case got.wantsTLS && !s.speaks.chosen:
				return preferTLS(got, proxyOnce(ctx, dialer, withTLS, s))
			}
			return got
		case <-silence.C:
			tries.Go(guarded(func() { encrypted <- proxyOnce(ctx, dialer, withTLS, s) }))
		case got := <-encrypted:
			switch {
			case got.silent:
				return silentAnswer(s)
			case got.outcome != OK:
				return got
			case got.status:
				got.detail += " over https; plain HTTP stays without an answer"
				got.insteadTLS = true
				return got
			}
			// Something is there that is no TLS server: the plain request may still be answered.
			accepted = true
		}
	}
}

// silentAnswer codes a connection that was accepted and stayed silent. That is an answer, where nothing says that the
// application speaks HTTP.
func silentAnswer(s subject) answer {
	if s.speaks.scheme == schemeTCP || s.speaks.scheme == schemeGRPC {
		return answer{outcome: OK, detail: "accepts connections, says nothing to HTTP"}
	}
	return answer{outcome: Timeout, silent: true, detail: "accepts connections, no answer"}
}

func preferTLS(plain, encrypted answer) answer {
	if !encrypted.status {
		return plain
	}
	return encrypted.overTLS()
}

func proxyOnce(ctx context.Context, dialer Dialer, request model.ProxyRequest, s subject) answer {
	response, err := dialer.Proxy(ctx, request)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return answer{outcome: Timeout, detail: fmt.Sprintf("no answer in %s", proxyPatience)}
		}
		return failed(err.Error())
	}
	defer func() { _ = response.Body.Close() }()
	head, _ := io.ReadAll(io.LimitReader(response.Body, headLimit))
	got := readProxied(response, head)
	if s.speaks.scheme == schemeTCP && got.outcome == OK {
		got.wantsTLS = false
	}
	return got
}

// apiStatus is as much of an API server's Status as is needed.
type apiStatus struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
}

// readProxied tells the API server's own answers from the application's: its body is a Status, and says what only the proxy
// says. An application may itself speak the Kubernetes API.
func readProxied(response *http.Response, body []byte) answer {
	var status apiStatus
	if response.StatusCode >= http.StatusBadRequest && json.Unmarshal(body, &status) == nil && status.Kind == "Status" {
		if got, own := ofProxyItself(response.StatusCode, status); own {
			return got
		}
	}
	// Older API servers write the reason as plain text.
	if text := strings.TrimSpace(string(body)); strings.HasPrefix(text, "error trying to reach service: ") {
		return ofTransport(text)
	}
	got := answer{outcome: OK, detail: response.Status, status: true, code: response.StatusCode, saying: string(body)}
	got.wantsTLS = refusesPlainHTTP(response.StatusCode, body)
	got.opaque = response.StatusCode == http.StatusServiceUnavailable && strings.HasPrefix(response.Header.Get("Server"), "envoy")
	return got
}

func ofProxyItself(code int, status apiStatus) (answer, bool) {
	message := status.Message
	switch {
	case code == http.StatusForbidden && strings.Contains(message, `/proxy"`):
		return answer{outcome: Denied, detail: message}, true
	case code == http.StatusUnauthorized:
		return failed(message), true
	case strings.Contains(message, "error trying to reach service: "):
		return ofTransport(message), true
	case code == http.StatusServiceUnavailable && strings.HasPrefix(message, "no endpoints available for service"):
		return answer{outcome: NoEndpoints, detail: message}, true
	case code == http.StatusServiceUnavailable && strings.HasPrefix(message, "no service port "):
		return failed(message), true
	case code == http.StatusBadRequest && strings.Contains(message, "address not allowed"):
		return answer{outcome: Failed, detail: message, addressRefused: true}, true
	case code == http.StatusNotFound && strings.HasSuffix(message, " not found") &&
		(strings.HasPrefix(message, "services ") || strings.HasPrefix(message, "pods ")):
		return failed(message), true
	case code == http.StatusGatewayTimeout, code == http.StatusTooManyRequests:
		return failed(message), true
	}
	return answer{}, false
}

func ofTransport(message string) answer {
	_, reason, _ := strings.Cut(message, "error trying to reach service: ")
	if known, ok := meaningOf(reason); ok {
		return known
	}
	return failed(message)
}
