package isolation

import (
	"net"
	"strconv"
	"strings"
)

// answer is what came of one try.
type answer struct {
	outcome Outcome
	detail  string
	// status means that the detail is an HTTP status, and code is its number.
	status bool
	code   int
	// saying is the beginning of what the application said, to compare one answer with another.
	saying string
	// names are those of the certificate that was shown.
	names []string
	// silent means that the connection was accepted and that what was asked was not answered.
	silent bool
	// closed means that the connection was accepted, and closed or reset without one byte.
	closed bool
	// mute means the same as silent where that is no fault, because nothing says that the application speaks what it was asked.
	mute bool
	// notGRPC means that it was asked in gRPC, and answered in something else.
	notGRPC bool
	// notTLS means that it was asked over TLS, and answered in something else.
	notTLS bool
	// notHTTP means that it was asked in HTTP, and answered in something else.
	notHTTP bool
	// wordless means that nothing was heard on the connection that was accepted.
	wordless bool
	// noObject means that the API server does not find what it was asked to proxy to.
	noObject bool
	// speaksFirst means that the application sent something unasked.
	speaksFirst bool
	// wantsTLS means that a plain request was answered as TLS servers do.
	wantsTLS bool
	// insteadTLS means that it is the answer to a request over TLS, after a plain one was turned away.
	insteadTLS bool
	// opaque means that the answer may be a mesh's: reset, closed, or a status that its proxies give by themselves. relayed means the same of a
	// client in a mesh alone.
	opaque, relayed bool
	// statusOnly means that of an HTTP answer nothing but the status was seen.
	statusOnly bool
	// addressRefused means that the API server does not proxy to that address.
	addressRefused bool
}

// textKinds says what the words of a runtime, of the API server or of an HTTP client mean, most telling first. They are Go's
// and containerd's, seen on real clusters.
var textKinds = []struct {
	words  string
	answer answer
}{
	{"tls handshake timeout", answer{outcome: OK, detail: "accepts connections, says nothing", silent: true}},
	{"connection refused", answer{outcome: Refused, detail: "connection refused"}},
	{"connection reset by peer", answer{outcome: OK, detail: "connection reset: something listens", closed: true, opaque: true, wantsTLS: true}},
	{"malformed http", answer{outcome: OK, detail: "answers, but not in HTTP", wantsTLS: true, notHTTP: true}},
	{"http/0.9", answer{outcome: OK, detail: "answers, but not in HTTP", notHTTP: true}},
	{"server gave http response to https client", answer{outcome: OK, detail: "answers in plain HTTP, not TLS", notTLS: true}},
	{"first record does not look like a tls handshake", answer{outcome: OK, detail: "answers, but not in TLS", notTLS: true}},
	{"tls:", answer{outcome: OK, detail: "answers with a TLS alert"}},
	{"i/o timeout", answer{outcome: Timeout, detail: "i/o timeout"}},
	{"no route to host", answer{outcome: Timeout, detail: "no route to host"}},
	{"connection timed out", answer{outcome: Timeout, detail: "connection timed out"}},
	{"eof", answer{outcome: OK, detail: "accepted, then closed without an answer", closed: true, opaque: true, wantsTLS: true}},
}

// meaningOf reads an error text; false where it says nothing that is known.
func meaningOf(text string) (answer, bool) {
	lower := strings.ToLower(decisivePart(text))
	for _, kind := range textKinds {
		if strings.Contains(lower, kind.words) {
			return kind.answer, true
		}
	}
	return answer{}, false
}

// decisivePart cuts out of containerd's text what it says of IPv4, where it tried both families: what it says of IPv6 depends on
// the node's /etc/hosts.
func decisivePart(text string) string {
	_, v4, found := strings.Cut(text, "dial tcp4 ")
	if !found {
		return text
	}
	v4, _, _ = strings.Cut(v4, "IPv6")
	return v4
}

// overTLS says that a plain request was followed by an encrypted one.
func (a answer) overTLS() answer {
	a.detail += " over https"
	a.insteadTLS = true
	return a
}

// orOverTLS is what came of a request that was turned away in plain HTTP, and sent once more over TLS.
func (a answer) orOverTLS(encrypted answer) answer {
	switch {
	case encrypted.status:
		return encrypted.overTLS()
	case encrypted.outcome == OK && !encrypted.silent && !encrypted.closed:
		// It said something, which may be an alert.
		switch told := a.closed || a.notHTTP; {
		case !told || encrypted.detail == "":
		case !encrypted.notTLS:
			a.detail += "; over TLS it " + encrypted.detail
			a.notHTTP = a.notHTTP && encrypted.notHTTP
		case a.closed:
			a.detail += "; asked once more, it answers in plain text"
		}
		a.closed = false
	}
	return a
}

// text is the detail for a person.
func (a answer) text() string {
	if len(a.names) == 0 {
		return a.detail
	}
	return a.detail + ", certificate for " + strings.Join(a.names, ", ")
}

func failed(detail string) answer { return answer{outcome: Failed, detail: detail} }

func hostPort(host string, port int32) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }
