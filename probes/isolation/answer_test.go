package isolation

import "testing"

// TestOnceMoreOverTLS holds what a plain request comes to that was turned away, and was sent once more over TLS.
func TestOnceMoreOverTLS(t *testing.T) {
	t.Parallel()
	known := func(words string) answer {
		found, _ := meaningOf(words)
		return found
	}
	ok := answer{outcome: OK, detail: "200 OK", status: true, code: 200}
	for name, test := range map[string]struct {
		plain, encrypted answer
		detail           string
		notHTTP, closed  bool
	}{
		"it speaks HTTPS":                       {known("EOF"), ok, "200 OK over https", false, false},
		"it closes, and asks for a certificate": {known("EOF"), known("remote error: tls: certificate required"), "accepted, then closed without an answer; over TLS it answers with a TLS alert", false, false},
		"its alert is no HTTP":                  {known("malformed HTTP response"), known("remote error: tls: certificate required"), "answers, but not in HTTP; over TLS it answers with a TLS alert", false, false},
		"it speaks something else over TLS":     {known("malformed HTTP response"), known("malformed HTTP response"), "answers, but not in HTTP; over TLS it answers, but not in HTTP", true, false},
		"it speaks no TLS":                      {known("malformed HTTP response"), known("first record does not look like a TLS handshake"), "answers, but not in HTTP", true, false},
		"it closes, and speaks no TLS":          {known("EOF"), known("first record does not look like a TLS handshake"), "accepted, then closed without an answer; asked once more, it answers in plain text", false, false},
		"it closes both":                        {known("EOF"), known("EOF"), "accepted, then closed without an answer", false, true},
		"it refuses the second":                 {known("malformed HTTP response"), known("connection refused"), "answers, but not in HTTP", true, false},
		"it is silent over TLS":                 {known("EOF"), known("TLS handshake timeout"), "accepted, then closed without an answer", false, true},
	} {
		if got := test.plain.orOverTLS(test.encrypted); got.detail != test.detail || got.notHTTP != test.notHTTP || got.closed != test.closed {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
