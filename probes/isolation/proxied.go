package isolation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/svctui/svctui/kube/model"
)

const (
	// silenceBeforeTLS is how long a plain request may be silent before more is tried beside it: a TLS handshake, which the API server
	// gives up after ten seconds when the connection was accepted, and a port on which nothing listens.
	silenceBeforeTLS = 1500 * time.Millisecond
	// proxyPatience bounds a rung over the API server's proxy where nothing else tells why it is silent; it is more than the API
	// server waits for a handshake.
	proxyPatience = 13 * time.Second
	// slowPatience is how long an application may take of which it is known that it is there.
	slowPatience = 10 * time.Second
	// unusedPort is one on which nothing listens in a Pod (tcpmux). Where it is refused the Pod's network was reached.
	unusedPort = 1
)

// beside is what is known beside a rung that is silent. Its zero value knows nothing.
type beside struct {
	// reached returns a channel that is closed when the API server's packets are known to reach the Pod; nil for never.
	reached func() <-chan struct{}
	// forward says how a forward to the same Pod was answered, and whether it has ended.
	forward func() (answer, bool)
	// late is how much longer than another rung this one waits, whose end it wants to know.
	late time.Duration
}

// tryProxy sends a GET through the API server's proxy, to a Service or a Pod. What is silent is told from what is not reached by
// what else is known; where nothing is, by a TLS handshake, which takes long.
func tryProxy(ctx context.Context, dialer Dialer, s subject, kind model.Kind, name, port, scheme string, known beside) answer {
	ctx, cancel := context.WithTimeout(ctx, max(proxyPatience, s.patience()+known.late))
	defer cancel()
	request := model.ProxyRequest{
		Kind: kind, Namespace: s.request.Service.Namespace, Name: name, Port: port, Path: s.request.Path, Host: s.request.Host,
	}
	plain, encrypted := make(chan answer, 1), make(chan answer, 1)
	var tries sync.WaitGroup
	// The tries end with the context; none is left behind.
	defer tries.Wait()
	defer cancel()
	withTLS := request
	withTLS.Scheme = schemeHTTPS
	first := request
	if scheme == schemeHTTPS {
		first = withTLS
	}
	tries.Go(guarded(func() { plain <- proxyOnce(ctx, dialer, first, s) }))
	silence, patience := time.NewTimer(silenceOf(s)), time.NewTimer(s.patience()+known.late)
	defer silence.Stop()
	defer patience.Stop()
	var reached <-chan struct{}
	alive, waitedLong, isReached := false, false, false
	for {
		select {
		case got := <-plain:
			switch {
			case (alive || isReached) && got.outcome == Timeout && !got.silent:
				return silentAnswer(s)
			case got.wantsTLS && (!s.speaks.chosen || got.status) && scheme != schemeHTTPS:
				return got.orOverTLS(proxyOnce(ctx, dialer, withTLS, s))
			}
			return got
		case <-silence.C:
			if scheme != schemeHTTPS {
				tries.Go(guarded(func() { encrypted <- proxyOnce(ctx, dialer, withTLS, s) }))
			}
			if known.reached != nil {
				reached = known.reached()
			}
		case got := <-encrypted:
			switch {
			case got.silent && waitedLong:
				return silentAnswer(s)
			case got.outcome == Refused:
				// The plain request was not: it was accepted by what takes one connection at a time, or by another endpoint.
				isReached = isReached || kind == model.Pods
				continue
			case got.outcome == Timeout:
				return got
			case got.outcome != OK:
				// That the API server denies or fails this request tells nothing of the other, which it has let through.
				continue
			case got.status:
				got.detail += " over https; plain HTTP stays without an answer"
				got.insteadTLS = true
				return got
			}
			// Something accepts, and is no TLS server: the plain request may still be answered.
			alive = true
		case <-reached:
			reached, isReached = nil, true
			if waitedLong {
				return silentAnswer(s)
			}
		case <-patience.C:
			switch waited, final := waitedLong, s.patience() >= slowPatience; {
			case alive && !waited && !final:
				patience.Reset(slowPatience - s.patience())
			case alive, isReached:
				return silentAnswer(s)
			default:
				got, over, again := s.explained(known)
				if over {
					return got
				}
				if again {
					patience.Reset(forwardsEnd)
					continue
				}
			}
			waitedLong = true
		}
	}
}

// silenceOf is how long a request may be silent before more is tried beside it. Most of what does not speak HTTP stays silent.
func silenceOf(s subject) time.Duration {
	if s.speaks.scheme == schemeTCP {
		return silenceBeforeTLS / 2
	}
	return silenceBeforeTLS
}

// forwardsEnd is how often it is looked whether a forward has ended that began at the same time.
const forwardsEnd = 50 * time.Millisecond

// explained reads a rung's silence by how a forward to the same Pod was answered; over is false where that explains nothing, again true
// where it may soon.
func (s *subject) explained(known beside) (got answer, over, again bool) {
	if known.forward == nil || s.speaks.scheme == schemeTCP {
		return answer{}, false, false
	}
	forward, ended := known.forward()
	switch {
	case !ended:
		return answer{}, false, true
	case forward.silent:
		return answer{outcome: Timeout, silent: true, detail: fmt.Sprintf("no answer in %s, as on the Pod's localhost", s.patience())}, true, false
	case forward.outcome == OK:
		return answer{outcome: Timeout, detail: fmt.Sprintf("no answer in %s, where the Pod's localhost answers", s.patience())}, true, false
	}
	return answer{}, false, false
}

// silentAnswer codes a connection that was accepted and stayed silent. That is an answer, where nothing says that the
// application speaks HTTP.
func silentAnswer(s subject) answer {
	if s.speaks.scheme == schemeTCP || s.speaks.scheme == schemeGRPC {
		return answer{outcome: OK, mute: true, wordless: true, detail: "accepts connections, says nothing to HTTP"}
	}
	return answer{outcome: Timeout, silent: true, detail: "accepts connections, no answer"}
}

func proxyOnce(ctx context.Context, dialer Dialer, request model.ProxyRequest, s subject) answer {
	asking, hangUp := context.WithCancel(ctx)
	defer hangUp()
	response, err := dialer.Proxy(asking, request)
	if err != nil {
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return answer{outcome: Timeout, detail: "no answer in time"}
		case ctx.Err() != nil:
			return stopped(ctx)
		}
		return failed(err.Error())
	}
	defer func() { _ = response.Body.Close() }()
	got := readProxied(response, beginning(ctx, response.Body, hangUp))
	if s.speaks.scheme == schemeTCP && got.wantsTLS {
		// Nobody expects HTTP there: that it speaks TLS is worth knowing, and no fault.
		if got.wantsTLS = false; got.status {
			got.detail += ": it speaks TLS"
		}
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
	got.opaque = provenanceOf(response.Header).byMesh(response.StatusCode)
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
		(strings.HasPrefix(message, "services ") || strings.HasPrefix(message, "endpoints ") || strings.HasPrefix(message, "pods ")):
		return answer{outcome: Failed, detail: message, noObject: true}, true
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

// withoutEndpointsObject explains that the API server does not find a Service which is there: its proxy picks an address out of the Service's
// Endpoints object (ResourceLocation in kubernetes/pkg/registry/core/service/storage), and says so in the Service's name where there is none.
// Who writes EndpointSlices by hand need not write Endpoints.
func (a answer) withoutEndpointsObject() answer {
	if a.noObject {
		a.detail += ": the Service is there, but no Endpoints object of it, which this way reads"
	}
	return a
}
