package isolation

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The words are those that the programs printed: curl 7.88, GNU Wget 1.21, BusyBox 1.35, nc of OpenBSD, Hobbit and Nmap, bash 5, Python 3.11.
func TestReadDials(t *testing.T) {
	const at, name = "10.96.0.1:80/", "web.shop.svc:80/"
	for _, test := range []struct {
		name, address string
		// lines are TOOL CODE WORDS.
		lines      []string
		outcome    Outcome
		detail     string
		unresolved bool
		opaque     bool
	}{
		{"curl, 200", at, []string{"curl 0 * Trying 10.96.0.1:80... * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) > GET / HTTP/1.1 < HTTP/1.1 200 OK < Date: x"}, OK, "HTTP 200", false, false},
		{"curl, HTTP/2 404", at, []string{"curl 0 * Connected to 10.96.0.1 (10.96.0.1) port 80 < HTTP/2 404 < date"}, OK, "HTTP 404", false, false},
		{"curl, a sidecar's 503", at, []string{"curl 0 * Connected to x < HTTP/1.1 503 Service Unavailable < server: envoy"}, OK, "HTTP 503", false, true},
		{"curl, Istio's 503", at, []string{"curl 0 * Connected to x < HTTP/1.1 503 Service Unavailable < server: istio-envoy"}, OK, "HTTP 503", false, true},
		{"curl, a 502 of nobody", at, []string{"curl 0 * Connected to x < HTTP/1.1 502 Bad Gateway"}, OK, "HTTP 502", false, true},
		{"curl, the application's 503", at, []string{"curl 0 * Connected to x < HTTP/1.1 503 Service Unavailable < server: nginx"}, OK, "HTTP 503", false, false},
		{"curl, refused", at, []string{"curl 7 * Trying 10.96.0.1:80... * connect to 10.96.0.1 port 80 failed: Connection refused * Failed to connect to 10.96.0.1 port 80 after 0 ms: Couldn't connect to server"}, Refused, "connection refused", false, false},
		{"refused, then connected to another endpoint", at, []string{"wget 1 wget: can't connect to remote host (10.96.0.1): Connection refused", "nc 0 "}, Refused, "connection refused (wget), then connected (nc)", false, false},
		{"no route, then connected to another endpoint", at, []string{"wget 1 wget: can't connect to remote host (10.96.0.1): No route to host", "nc 0 "}, Timeout, "no route to host (wget), then connected (nc)", false, false},
		{"a name that leads to two families", name, []string{"wget 1 wget: can't connect to remote host (fd00::1): Connection refused", "nc 0 "}, OK, "connected", false, false},
		{"curl, no route", at, []string{"curl 7 * connect to 10.96.0.1 port 80 failed: No route to host * Failed to connect"}, Timeout, "no route to host", false, false},
		{"curl, times out", at, []string{"curl 28 * Trying 10.96.0.1:80... * Connection timed out after 3001 milliseconds"}, Timeout, "no answer in time", false, false},
		{"curl, connected and silent", at, []string{"curl 28 * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) * Operation timed out after 3001 milliseconds with 0 bytes received"}, OK, "connected, no answer", false, false},
		{"curl, a body without an end", at, []string{"curl 28 * Connected to x < HTTP/1.1 200 OK < Content-Type: text/event-stream * Operation timed out after 3001 milliseconds with 54 bytes received"}, OK, "HTTP 200", false, false},
		{"curl, a body without an end, stopped", at, []string{"curl 143 * Connected to x < HTTP/1.1 200 OK"}, OK, "HTTP 200", false, false},
		{"curl, a body that is cut", at, []string{"curl 18 * Connected to x < HTTP/1.1 200 OK * transfer closed with 20 bytes remaining to read"}, OK, "HTTP 200", false, false},
		{"curl, a body that cannot be written", at, []string{"curl 23 * Connected to x < HTTP/1.1 200 OK * Failed writing body"}, OK, "HTTP 200", false, false},
		{"curl, a body that is reset", at, []string{"curl 56 * Connected to x < HTTP/1.1 200 OK * Recv failure: Connection reset by peer"}, OK, "HTTP 200", false, false},
		{"curl, a stream of HTTP/2 that is reset", at, []string{"curl 92 * Connected to x < HTTP/2 200 * HTTP/2 stream 1 was not closed cleanly"}, OK, "HTTP 200", false, false},
		{"curl, what only precedes an answer", at, []string{"curl 28 * Connected to x < HTTP/1.1 103 Early Hints * Operation timed out after 3001 milliseconds with 0 bytes received"}, OK, "connected, no answer", false, false},
		{"curl, what precedes an answer, and the answer", at, []string{"curl 0 * Connected to x < HTTP/1.1 103 Early Hints < HTTP/1.1 404 Not Found"}, OK, "HTTP 404", false, false},
		{"curl, no name", name, []string{"curl 6 * Could not resolve host: web.shop.svc"}, Failed, "does not resolve", true, false},
		{"curl, resolving hangs", name, []string{"curl 28 * Resolving timed out after 3000 milliseconds"}, Failed, "does not resolve", true, false},
		{"curl, not HTTP", at, []string{"curl 1 * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) * Received HTTP/0.9 when not allowed"}, OK, "not in HTTP", false, false},
		{"curl, reset", at, []string{"curl 56 * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) * Recv failure: Connection reset by peer"}, OK, "connection reset", false, true},
		{"curl, empty", at, []string{"curl 52 * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) * Empty reply from server"}, OK, "closed without an answer", false, true},
		{"curl, no TLS there", at, []string{"curl 35 * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) * wrong version number"}, OK, "TLS handshake fails", false, true},
		{"curl, telnet closed", at, []string{"curl 0 * Connected to 10.96.0.1 (10.96.0.1) port 80 (#0) * Closing connection 0"}, OK, "connected", false, false},
		{"curl, telnet not built in", at, []string{"curl 1 curl: (1) Protocol telnet not supported or disabled in libcurl"}, Failed, "not supported", false, false},
		{"curl, a server that writes our words", at, []string{"curl 0 * Connected to x < HTTP/1.1 200 OK < X: connect failed: Connection refused"}, OK, "HTTP 200", false, false},

		{"GNU wget, 200", at, []string{"wget 0 Connecting to 10.96.0.1:80... connected. HTTP request sent, awaiting response... 200 OK"}, OK, "HTTP 200", false, false},
		{"GNU wget, 404", at, []string{"wget 8 Connecting to 10.96.0.1:80... connected. HTTP request sent, awaiting response... 404 Not Found"}, OK, "HTTP 404", false, false},
		{"GNU wget, refused, and no other tool", at, []string{"wget 4 Connecting to 10.96.0.1:80... failed: Connection refused.", "none 0 "}, Refused, "connection refused", false, false},
		{"GNU wget, stopped and silent", at, []string{"wget 143 Connecting to 10.96.0.1:80... connected. HTTP request sent, awaiting response... ", "none 0 "}, OK, "connected, no answer", false, false},
		{"GNU wget, stopped while connecting", at, []string{"wget 143 Connecting to 10.96.0.1:80...", "none 0 "}, Timeout, "no answer", false, false},
		{"GNU wget, reset", at, []string{"wget 143 Connecting to x... connected. HTTP request sent, awaiting response... Read error (Connection reset by peer) in headers. Retrying."}, OK, "connection reset", false, true},
		{"GNU wget, TLS that it does not know", at, []string{"wget 4 Connecting to 10.96.0.1:443... connected. Unable to establish SSL connection."}, OK, "TLS handshake fails", false, true},
		{"GNU wget, no name", name, []string{"wget 4 Resolving web.shop.svc (web.shop.svc)... failed: Name or service not known. wget: unable to resolve host address 'web.shop.svc'", "bash 1 web.shop.svc: Name or service not known bash: line 1: /dev/tcp/web.shop.svc/80: Invalid argument"}, Failed, "does not resolve", true, false},

		{"BusyBox wget, there", at, []string{"wget 0 Connecting to 10.96.0.1:80 (10.96.0.1:80) remote file exists"}, OK, "answers HTTP", false, false},
		{"BusyBox wget, 404", at, []string{"wget 1 Connecting to 10.96.0.1:80 (10.96.0.1:80) wget: server returned error: HTTP/1.1 404 Not Found"}, OK, "HTTP 404", false, false},
		{"BusyBox wget, TLS that it does not know", at, []string{"wget 1 Connecting to 10.96.0.1:443 (10.96.0.1:443) wget: TLS error from peer (alert code 40): handshake failure wget: error getting response: Connection reset by peer"}, OK, "TLS handshake fails", false, true},
		{"BusyBox wget, TLS that it does not know, ended by SIGPIPE", at, []string{"wget 141 Connecting to 10.96.0.1:443 (10.96.0.1:443) wget: TLS error from peer (alert code 40): handshake failure", "nc 0 "}, OK, "TLS handshake fails", false, true},
		{"BusyBox, refused", at, []string{"wget 1 wget: can't connect to remote host (10.96.0.1): Connection refused", "nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 1 nc: can't connect to remote host (10.96.0.1): Connection refused"}, Refused, "connection refused", false, false},
		{"BusyBox, silent", at, []string{"wget 143 Connecting to 10.96.0.1:80 (10.96.0.1:80)", "nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 143 "}, OK, "connected, no answer", false, false},
		{"BusyBox, nobody there", at, []string{"wget 143 Connecting to 10.96.0.1:80 (10.96.0.1:80)", "nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 1 nc: timed out"}, Timeout, "no answer", false, false},
		{"BusyBox, a name with an address, silent", name, []string{"wget 143 Connecting to web.shop.svc:80 (10.96.0.1:80)", "nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 143 "}, OK, "connected, no answer", false, false},
		{"BusyBox, a name with an address, stopped before it is asked", name, []string{"wget 143 Connecting to web.shop.svc:80", "nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 143 "}, Timeout, "no answer", false, false},
		{"BusyBox, a name that hangs is not connected", name, []string{"nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 143 "}, Timeout, "no answer", false, false},
		{"BusyBox, a server that writes our words", at, []string{"nc 1 nc: invalid option -- 'v' Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout", "nc 0 Connection refused"}, OK, "connected", false, false},
		{"BusyBox, no name", name, []string{"wget 1 wget: bad address 'web.shop.svc:80'", "nc 1 usage", "nc 1 nc: bad address 'web.shop.svc'"}, Failed, "does not resolve", true, false},

		{"OpenBSD nc", at, []string{"nc 0 Connection to 10.96.0.1 80 port [tcp/http] succeeded!"}, OK, "connected", false, false},
		{"OpenBSD nc, refused", at, []string{"nc 1 nc: connect to 10.96.0.1 port 80 (tcp) failed: Connection refused"}, Refused, "connection refused", false, false},
		{"OpenBSD nc, times out", at, []string{"nc 1 nc: connect to 10.96.0.1 port 80 (tcp) timed out: Operation now in progress"}, Timeout, "no answer", false, false},
		{"Hobbit's nc, stopped while it looks a name up", at, []string{"nc 143 "}, Timeout, "no answer", false, false},
		{"Ncat times out", at, []string{"nc 1 Ncat: Version 7.93 ( https://nmap.org/ncat ) Ncat: TIMEOUT."}, Timeout, "no answer", false, false},
		{"bash", at, []string{"bash 0 "}, OK, "connected", false, false},
		{"bash, refused", at, []string{"bash 1 10.96.0.1: connect: Connection refused 10.96.0.1: line 1: /dev/tcp/10.96.0.1/80: Connection refused"}, Refused, "connection refused", false, false},
		{"bash, stopped", at, []string{"bash 143 "}, Timeout, "no answer", false, false},
		{"a bash without /dev/tcp", at, []string{"bash 1 bash: can't create /dev/tcp/10.96.0.1/80: nonexistent directory"}, Failed, "nonexistent directory", false, false},
		{"Python, refused", at, []string{"python3 1 Traceback (most recent call last): ConnectionRefusedError: [Errno 111] Connection refused"}, Refused, "connection refused", false, false},
		{"Python, no name", name, []string{"python3 1 socket.gaierror: [Errno -2] Name or service not known"}, Failed, "does not resolve", true, false},
		{"Python, times out", at, []string{"python3 1 TimeoutError: timed out"}, Timeout, "no answer", false, false},

		{"no tool", at, []string{"none 0 "}, Failed, "no curl, wget, nc, bash or python3", false, false},
		{"nothing printed", at, nil, Failed, "printed nothing", false, false},
		{"another tool", at, []string{"telnet 0 connected"}, Failed, "not understood", false, false},
		{"no code", at, []string{"curl x Connected to y"}, Failed, "printed nothing", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var output strings.Builder
			output.WriteString("hello from .profile\nsvctui\nsvctui 10.9.9.9:80/ curl 0 1.00 1.01 \n")
			for _, line := range test.lines {
				words := strings.SplitN(line, " ", 3)
				output.WriteString("svctui " + test.address + " " + strings.Join(slices.Insert(words, min(2, len(words)), "5.00", "5.25"), " ") + "\n")
			}
			read := readDials(output.String(), []string{at, name})
			got := read[test.address]
			if got.outcome != test.outcome || !strings.Contains(got.detail, test.detail) || got.unresolved != test.unresolved || got.opaque != test.opaque {
				t.Errorf("got %s %q, unresolved %v, opaque %v; want %s %q, %v, %v", got.outcome, got.detail, got.unresolved, got.opaque, test.outcome, test.detail, test.unresolved, test.opaque)
			}
			if len(read) != 2 {
				t.Errorf("an address that nobody asked for: %v", read)
			}
		})
	}
}

// Each answer has its own time: that of the try that told it.
func TestEachDialHasItsOwnTime(t *testing.T) {
	const at = "10.96.0.1:80/"
	for _, test := range []struct {
		name, output string
		took         time.Duration
		unanswered   bool
	}{
		{"one try", "svctui " + at + " curl 0 7.10 7.35 * Connected to x < HTTP/1.1 200 OK", 250 * time.Millisecond, false},
		{"quicker than the clock", "svctui " + at + " curl 0 7.10 7.10 * Connected to x < HTTP/1.1 200 OK", 10 * time.Millisecond, false},
		{"no clock", "svctui " + at + " curl 0 - - * Connected to x < HTTP/1.1 200 OK", 0, false},
		{"nonsense", "svctui " + at + " curl 0 NaN +Inf * Connected to x < HTTP/1.1 200 OK", 0, false},
		{"backwards", "svctui " + at + " curl 0 9.00 8.00 * Connected to x < HTTP/1.1 200 OK", 0, false},
		{"the second tells more", "svctui " + at + " wget 4 1.00 1.50 exit\nsvctui " + at + " nc 0 1.50 1.60 ", 100 * time.Millisecond, false},
		{
			"the first was silent, which the second shows", "svctui " + at + " wget 143 1.00 5.00 Connecting to 10.96.0.1:80 (10.96.0.1:80)\nsvctui " + at + " nc 1 5.00 5.01 Usage: nc [-iN] [-wN] [-l] [-p PORT] -w SEC Connect timeout\nsvctui " + at + " nc 143 5.01 9.01 ",
			4 * time.Second, true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := readDials(test.output, []string{at})[at]; got.took != test.took || got.unanswered != test.unanswered {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func FuzzReadDials(f *testing.F) {
	f.Add("svctui a:1/ curl 0 1.00 1.20 * Connected to x < HTTP/1.1 200 OK\nsvctui a:1/ nc 143 1.20 5.20 usage\n")
	f.Fuzz(func(t *testing.T, output string) {
		for address, got := range readDials(output, []string{"a:1/"}) {
			if address != "a:1/" || got.outcome == "" || got.detail == "" {
				t.Errorf("%q: %+v", address, got)
			}
		}
	})
}
