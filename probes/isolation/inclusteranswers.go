package isolation

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dialled is what came of the tries of one address.
type dialled struct {
	answer
	// tool is the program that told most, and took how long it needed; zero where that is not known.
	tool string
	took time.Duration
	// unanswered means that a request was sent on a connection that was accepted, and nothing came back.
	unanswered bool
	// unresolved means that the name has no address there.
	unresolved bool
	// rank orders what several tools told of one address: the most telling counts.
	rank int
}

// The ranks, the least telling first.
const (
	toldNothing = iota
	toldNoTool
	toldAmbiguous
	toldTimeout
	toldUnresolved
	toldRefused
	toldConnected
	toldBytes
	toldStatus
)

const (
	noToolThere = "no curl, wget, nc, bash or python3 in the container"
	noReply     = "connected, no answer in time"
)

// stoppedCode is the exit code of a program that model.DialScript stopped (128 and SIGTERM).
const stoppedCode = 143

// readDials reads what model.DialScript printed, for each address that was asked for. What it cannot read tells nothing. The output is
// hostile: servers and programs wrote it.
func readDials(output string, addresses []string) map[string]dialled {
	read := map[string]dialled{}
	// plainNC are the addresses whose nc knows no options, and so was run once more, without them; found are the names that are known to
	// have an address.
	plainNC, found := map[string]bool{}, map[string]bool{}
	for _, address := range addresses {
		read[address] = dialled{answer: failed("the command printed nothing about it")}
	}
	for line := range strings.SplitSeq(output, "\n") {
		fields := strings.SplitN(line, " ", 7)
		if len(fields) < 6 || fields[0] != "svctui" {
			continue
		}
		before, asked := read[fields[1]]
		code, err := strconv.Atoi(fields[3])
		if !asked || err != nil {
			continue
		}
		words := ""
		if len(fields) == 7 {
			words = strings.TrimSpace(fields[6])
		}
		now := readDial(fields[2], code, words)
		now.took = between(fields[4], fields[5])
		found[fields[1]] = found[fields[1]] || !namesHost(fields[1]) || fields[2] == "wget" && wgetConnects.MatchString(words)
		switch {
		case fields[2] != "nc":
		case plainNC[fields[1]] && code == stoppedCode && found[fields[1]]:
			// It gives up connecting by itself, so it was connected.
			now.answer, now.rank = answer{outcome: OK, detail: "connected"}, toldConnected
		case strings.Contains(strings.ToLower(words), "usage"):
			// It dialled nothing. What it says of its options ("Connect timeout") is no answer.
			plainNC[fields[1]] = true
			now.answer, now.rank = failed(lastWords(words)), toldNothing
		}
		if before.rank == toldAmbiguous && now.rank == toldConnected {
			// The request was stopped without a word, and the connection is accepted: the application did not answer.
			now = dialled{answer: answer{outcome: OK, detail: noReply}, tool: before.tool, took: before.took, unanswered: true, rank: toldBytes}
		}
		if refused := before.rank == toldRefused || before.rank == toldTimeout; refused && now.rank == toldConnected && !namesHost(fields[1]) {
			// The Service's address led to another endpoint this time: that one accepts takes nothing back of the one that did not.
			before.detail += " (" + before.tool + "), then connected (" + now.tool + ")"
			read[fields[1]] = before
			continue
		}
		if now.rank > before.rank || now.rank == before.rank && before.rank == toldNothing {
			read[fields[1]] = now
		}
	}
	return read
}

// between is the time between two moments, each in seconds; zero where one of them is not known.
func between(began, ended string) time.Duration {
	from, err := strconv.ParseFloat(began, 64)
	to, errTo := strconv.ParseFloat(ended, 64)
	if err != nil || errTo != nil || !(from <= to && to-from < slowestDial.Seconds()) {
		return 0
	}
	// The clock counts hundredths of a second: what was quicker took one at most.
	return max(time.Duration((to-from)*100+0.5)*clockTick, clockTick)
}

// slowestDial is more than any try takes.
const slowestDial = 2 * time.Minute

const clockTick = 10 * time.Millisecond

// wgetConnects is what BusyBox's wget says as soon as it has an address.
var wgetConnects = regexp.MustCompile(`Connecting to \S+ \([0-9a-fA-F:.\[\]]+\)`)

// namesHost tells whether an address has a name in place of an IP.
func namesHost(address string) bool {
	target, _, _ := strings.Cut(address, "/")
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return true
	}
	_, err = netip.ParseAddr(host)
	return err != nil
}

func readDial(tool string, code int, words string) dialled {
	lower := strings.ToLower(words)
	var d dialled
	switch tool {
	case "none":
		d = dialled{answer: failed(noToolThere), rank: toldNoTool}
	case "curl":
		d = readCurl(code, words, lower)
	case "wget":
		d = readWget(code, words, lower)
	case "bash", "nc", "python3":
		d = readConnect(code, lower)
	default:
		return dialled{answer: failed("the command printed what is not understood")}
	}
	d.tool = tool
	if d.rank == toldNothing {
		d.answer = failed(cmp.Or(lastWords(words), "exit code "+strconv.Itoa(code)))
	}
	return d
}

var (
	// curlStatus is the status of an answer; one from 100 to 199 only precedes it.
	curlStatus = regexp.MustCompile(`< HTTP/[0-9.]+ ([2-5][0-9][0-9])\b`)
	wgetStatus = regexp.MustCompile(`(?:response\.\.\.|HTTP/[0-9.]+) ([1-5][0-9][0-9])\b`)
)

// readCurl reads curl's exit code (EXIT CODES in curl(1)), and what it says of the connection.
func readCurl(code int, words, lower string) dialled {
	connected := strings.Contains(lower, "connected to ") || strings.Contains(lower, "established connection")
	switch code {
	case 0, 18, 23, 28, 56, 92, stoppedCode:
		// What ends the transfer after that, as a body without an end does, takes nothing back.
		if status := curlStatus.FindStringSubmatch(words); status != nil {
			return dialled{answer: statusOf(status[1], curlProvenance(lower)), rank: toldStatus}
		}
	}
	switch code {
	case 6:
		return dialled{answer: failed("the name does not resolve"), unresolved: true, rank: toldUnresolved}
	case 7:
		return readErrno(lower)
	case 28, stoppedCode:
		switch {
		case strings.Contains(lower, "resolving timed out"):
			return dialled{answer: failed("the name does not resolve in time"), unresolved: true, rank: toldUnresolved}
		case connected:
			return dialled{answer: answer{outcome: OK, detail: noReply}, unanswered: true, rank: toldBytes}
		}
		return timedOutDial()
	}
	if !connected {
		return dialled{}
	}
	got := answer{outcome: OK, detail: "connected"}
	rank := toldConnected
	switch code {
	case 1, 8, 16, 43, 56, 92:
		got.detail, got.notHTTP, rank = "answers, but not in HTTP", true, toldBytes
		if strings.Contains(lower, "reset by peer") {
			got = answer{outcome: OK, detail: "connection reset: something listens", closed: true, opaque: true}
		}
	case 52:
		got, rank = answer{outcome: OK, detail: "accepted, then closed without an answer", closed: true, opaque: true}, toldBytes
	case 35, 60:
		got, rank = answer{outcome: OK, detail: "answers, but the TLS handshake fails", opaque: true}, toldBytes
	}
	return dialled{answer: got, rank: rank}
}

// statusOf is an answer of which only the status was seen.
func statusOf(status string, by provenance) answer {
	code, _ := strconv.Atoi(status)
	return answer{outcome: OK, detail: "HTTP " + status, status: true, code: code, statusOnly: true, opaque: by.byMesh(code), relayed: by.byMeshBehind(code)}
}

var curlServer = regexp.MustCompile(`< server: (\S+)`)

// curlProvenance reads the head of an answer as curl shows it, in lower case.
func curlProvenance(lower string) provenance {
	by := provenance{linkerd: strings.Contains(lower, "< l5d-proxy-error: "), upstream: strings.Contains(lower, "< x-envoy-upstream-service-time: ")}
	if server := curlServer.FindStringSubmatch(lower); server != nil {
		by.server = server[1]
	}
	return by
}

// readWget reads GNU Wget and BusyBox's.
func readWget(code int, words, lower string) dialled {
	if status := wgetStatus.FindStringSubmatch(words); status != nil {
		// It shows no header.
		return dialled{answer: statusOf(status[1], provenance{}), rank: toldStatus}
	}
	connected := strings.Contains(lower, "... connected.")
	switch {
	case strings.Contains(lower, "tls error from peer"), strings.Contains(lower, "unable to establish ssl connection"):
		// BusyBox knows few ciphers, and may be ended by a signal before it says more than that.
		return dialled{answer: answer{outcome: OK, detail: "answers, but wget's TLS handshake fails", opaque: true}, rank: toldBytes}
	case code == 0:
		return dialled{answer: answer{outcome: OK, detail: "answers HTTP", status: true}, rank: toldStatus}
	case strings.Contains(lower, "reset by peer"), strings.Contains(lower, "error getting response"), strings.Contains(lower, "no data received"):
		return dialled{answer: answer{outcome: OK, detail: "connection reset: something listens", closed: true, opaque: true}, rank: toldBytes}
	case code == stoppedCode && connected:
		return dialled{answer: answer{outcome: OK, detail: noReply}, unanswered: true, rank: toldBytes}
	case connected:
		return dialled{answer: answer{outcome: OK, detail: "answers, but not in HTTP", notHTTP: true}, rank: toldBytes}
	case code == stoppedCode, strings.Contains(lower, "download timed out"):
		// BusyBox does not say whether it was connected.
		return dialled{answer: answer{outcome: Timeout, detail: "no answer in time"}, rank: toldAmbiguous}
	}
	return readErrno(lower)
}

// readConnect reads the programs that only connect.
func readConnect(code int, lower string) dialled {
	switch {
	case code == 0:
		return dialled{answer: answer{outcome: OK, detail: "connected"}, rank: toldConnected}
	case code == stoppedCode:
		return timedOutDial()
	}
	return readErrno(lower)
}

// readErrno reads the system's own words; false rank where there are none.
func readErrno(lower string) dialled {
	for _, unresolved := range []string{
		"name or service not known", "could not resolve", "unable to resolve", "bad address", "name does not resolve", "unknown host",
		"temporary failure in name resolution", "no address associated", "gaierror", "nodename nor servname", "try again",
	} {
		if strings.Contains(lower, unresolved) {
			return dialled{answer: failed("the name does not resolve"), unresolved: true, rank: toldUnresolved}
		}
	}
	switch {
	case strings.Contains(lower, "refused"):
		return dialled{answer: answer{outcome: Refused, detail: "connection refused"}, rank: toldRefused}
	case strings.Contains(lower, "no route to host"), strings.Contains(lower, "host is unreachable"):
		// After three seconds without an answer to ARP; a node that rejects says so at once.
		return dialled{answer: answer{outcome: Timeout, detail: "no route to host"}, rank: toldTimeout}
	case strings.Contains(lower, "network is unreachable"), strings.Contains(lower, "network unreachable"):
		return dialled{answer: answer{outcome: Timeout, detail: "network is unreachable"}, rank: toldTimeout}
	case strings.Contains(lower, "timed out"), strings.Contains(lower, "timeout"), strings.Contains(lower, "in progress"):
		return timedOutDial()
	}
	return dialled{}
}

func timedOutDial() dialled {
	return dialled{answer: answer{outcome: Timeout, detail: "no answer in time"}, rank: toldTimeout}
}

// lastWords are the end of what a program said, where errors stand.
func lastWords(words string) string {
	const most = 160
	runes := []rune(words)
	if len(runes) > most {
		return "…" + string(runes[len(runes)-most:])
	}
	return words
}
