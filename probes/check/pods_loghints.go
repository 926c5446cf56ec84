package check

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// LogFacts is what the lines of a log are read against.
type LogFacts struct {
	// TargetPorts are the container ports that the Service's ports lead to, without duplicates.
	TargetPorts []int32
}

// LogFactsOf finds the facts of a Service and the Pods behind it.
func LogFactsOf(service *corev1.Service, pods []*corev1.Pod) LogFacts {
	var facts LogFacts
	for i := range service.Spec.Ports {
		for _, pod := range pods {
			if target, ok := model.ResolveTargetPort(&pod.Spec, &service.Spec.Ports[i]); ok && !slices.Contains(facts.TargetPorts, target.Number) {
				facts.TargetPorts = append(facts.TargetPorts, target.Number)
			}
		}
	}
	return facts
}

// LogHint is LOG-01: what a line of a log may mean for a Service. It is one program's word and never a fault by itself.
type LogHint struct {
	// Text says it in half a sentence. It quotes the log: clean it at the print.
	Text string
	// Line is the place of the newest line that says so.
	Line int
}

// hintsMost is how many hints are given: more would be another log.
const hintsMost = 3

// LogHints reads out of the last lines of an application's log what may keep a Service from it, the newest first: a port that is taken
// or not permitted, listening on the loopback address or on another port than the Service leads to, and a dependency that refuses.
// It is pure.
func LogHints(lines []string, facts LogFacts) []LogHint {
	var hints []LogHint
	listens := listening(lines)
	add := func(line int, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if len(hints) < hintsMost && !slices.ContainsFunc(hints, func(hint LogHint) bool { return hint.Text == text }) {
			hints = append(hints, LogHint{Text: text, Line: line})
		}
	}
	for at := len(lines) - 1; at >= 0; at-- {
		line := lines[at]
		lower := strings.ToLower(line)
		switch {
		case strings.Contains(line, "EADDRINUSE"), strings.Contains(lower, "address already in use"):
			add(at, "a port that it wants to listen on is taken already%s", inPod(line))
		case strings.Contains(line, "EACCES") && strings.Contains(lower, "listen"), strings.Contains(lower, "permission denied") && strings.Contains(lower, "bind"):
			add(at, "it may not listen%s: ports below 1024 need root or the capability NET_BIND_SERVICE", onPort(line))
		}
		if found, ok := listensOn(line); ok {
			hintListening(found, at, listens, facts, add)
		} else if address, ok := refusedBy(line); ok {
			add(at, "what it depends on refuses it: %s", address)
		}
	}
	return hints
}

// listener is an address that a program says it listens on.
type listener struct {
	host string
	port int32
}

func (l listener) loopback() bool {
	return l.host == "localhost" || l.host == "[::1]" || strings.HasPrefix(l.host, "127.")
}

func (l listener) String() string { return l.host + ":" + strconv.Itoa(int(l.port)) }

// listening returns every address that the lines speak of.
func listening(lines []string) []listener {
	var all []listener
	for _, line := range lines {
		if found, ok := listensOn(line); ok {
			all = append(all, found)
		}
	}
	return all
}

func hintListening(found listener, at int, all []listener, facts LogFacts, add func(int, string, ...any)) {
	wanted := slices.Contains(facts.TargetPorts, found.port)
	switch {
	case found.loopback():
		everywhere := slices.ContainsFunc(all, func(other listener) bool { return other.port == found.port && !other.loopback() })
		if !everywhere && (wanted || len(facts.TargetPorts) == 0) {
			add(at, "it listens on %s only, where a port-forward gets through and no client of the Service does", found)
		}
	case len(facts.TargetPorts) > 0:
		// A port beside it, for metrics or health, is no sign while the one that is meant is listened on too.
		if !slices.ContainsFunc(all, func(other listener) bool { return slices.Contains(facts.TargetPorts, other.port) }) {
			add(at, "it listens on port %d, and the Service leads to %s", found.port, portList(facts.TargetPorts))
		}
	}
}

func portList(ports []int32) string {
	texts := make([]string, 0, len(ports))
	for _, port := range ports {
		texts = append(texts, strconv.Itoa(int(port)))
	}
	return firstOf(texts, 3)
}

// listenLine finds the address behind a word for listening. What follows the port must not be another part of a time or an address.
var listenLine = regexp.MustCompile(`(?i)\b(?:listening|listens|listen|serving|running|accepting connections|started)\b.{0,60}?(?:[\s/="'(\[]|port[ :=]{1,2}|^)` +
	`(127\.\d+\.\d+\.\d+|localhost|\[::1\]|0\.0\.0\.0|\[::\]|\*)?(?::|\bport[ :=]{1,2})(\d{2,5})(?:[^\d:.]|\.\s|\.?$)`)

// listensOn reads the address that a line says its program listens on.
func listensOn(line string) (listener, bool) {
	lower := strings.ToLower(line)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(lower, word) })
	}
	if !says("listen", "serving", "running", "started", "accepting") || says("refused", "in use", "denied") {
		return listener{}, false
	}
	found := listenLine.FindStringSubmatch(line)
	if found == nil {
		return listener{}, false
	}
	port, err := strconv.ParseInt(found[2], 10, 32)
	if err != nil || port < 1 || port > 65535 {
		return listener{}, false
	}
	return listener{strings.ToLower(found[1]), int32(port)}, true
}

var (
	// refusedAddress is an address in front of or behind the word for a refused connection.
	refusedAddress = regexp.MustCompile(`(?i)(?:dial tcp|ECONNREFUSED|connect(?:ing|ion)?(?: to| failed to)?)[ :]+(\[[0-9a-f:]+\]:\d{2,5}|[a-z0-9._-]+:\d{2,5})`)
	portOfLine     = regexp.MustCompile(`:(\d{2,5})\b`)
)

// refusedBy reads from whom a line says that a connection was refused. An address of the program's own loopback counts: a sidecar may
// not be there.
func refusedBy(line string) (address string, ok bool) {
	if lower := strings.ToLower(line); !strings.Contains(lower, "connection refused") && !strings.Contains(line, "ECONNREFUSED") {
		return "", false
	}
	found := refusedAddress.FindStringSubmatch(line)
	if found == nil {
		return "", false
	}
	return found[1], true
}

func onPort(line string) string {
	if found := portOfLine.FindAllStringSubmatch(line, -1); len(found) > 0 {
		return " on port " + found[len(found)-1][1]
	}
	return ""
}

func inPod(line string) string {
	if port := onPort(line); port != "" {
		return "," + strings.TrimPrefix(port, " on")
	}
	return ""
}
