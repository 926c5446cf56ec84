package isolation

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// grpcHealthPath is the method of the gRPC health checking protocol that Kubernetes' own probes call.
const grpcHealthPath = "/grpc.health.v1.Health/Check"

// newHealthCheck asks for the health of the whole server.
func newHealthCheck(ctx context.Context, host string) (*http.Request, error) {
	// One message, not compressed, of length zero.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+grpcHealthPath, strings.NewReader("\x00\x00\x00\x00\x00"))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	request.Header.Set("User-Agent", userAgent)
	return request, nil
}

// grpcDetail reads the answer of the health check; any other gRPC answer comes from the application just as well.
func grpcDetail(response *http.Response, message []byte) string {
	status := response.Trailer.Get("Grpc-Status")
	if status == "" {
		status = response.Header.Get("Grpc-Status")
	}
	if status != "" && status != "0" {
		return "gRPC answers, status " + status
	}
	// A frame's head is five bytes; then field 1 as a varint: 1 is SERVING.
	if len(message) >= 7 && binary.BigEndian.Uint32(message[1:5]) >= 2 && message[5] == 0x08 {
		if message[6] == 1 {
			return "gRPC health: SERVING"
		}
		return "gRPC health: NOT_SERVING"
	}
	return "answers in HTTP/2: " + response.Status
}

// ofNoGRPC codes a call in gRPC that failed although something came back, by what that begins with. An HTTP/2 server begins with a SETTINGS
// frame (RFC 9113, section 3.4), whatever it makes of the call.
func ofNoGRPC(heard []byte, err error) answer {
	switch {
	case len(heard) > 3 && heard[3] == 4 && heard[0] == 0:
		return answer{outcome: OK, detail: "answers in HTTP/2, but not to the end: " + err.Error()}
	case len(heard) > 1 && heard[0] == 0x15 && heard[1] == 3:
		return answer{outcome: OK, detail: "answers with a TLS alert: its gRPC is encrypted"}
	case strings.HasPrefix(string(heard), "HTTP/1."):
		return answer{outcome: OK, notGRPC: true, detail: "answers in HTTP/1.1, not in gRPC"}
	}
	return answer{outcome: OK, notGRPC: true, detail: fmt.Sprintf("answers %.16q, which is not gRPC", heard)}
}

// withoutGRPC says beside a pass that clients which speak gRPC get none, where the application answered gRPC with something else. The way to
// it is open, and so that is no fault of the Service.
func (c Conclusion) withoutGRPC(v verdict, f Facts) Conclusion {
	if v.family() == healthy && c.Mark == check.MarkOK && f.SpeaksGRPC {
		c.Why = joined(c.Why, "It hangs up on HTTP/1.1, and answers in gRPC, which nothing says of the port: an Ingress, a Gateway or a mesh goes by its name or appProtocol.")
		return c
	}
	if f.NotGRPC == "" || v.family() != healthy || c.Mark != check.MarkOK {
		return c
	}
	return Conclusion{
		Mark: check.MarkWarn, Confidence: check.Likely, Text: "The way to the application is open, and it does not answer in gRPC: gRPC clients fail.",
		Why:  joined(fmt.Sprintf("gRPC is expected there (%s), and localhost inside the Pod answers that with something else, or not at all.", f.NotGRPC), c.Why),
		Next: "let clients speak what it speaks and name the port after that, or look at its log and arguments for why it does not speak gRPC there",
	}
}
