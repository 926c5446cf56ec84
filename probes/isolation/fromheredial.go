package isolation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/svctui/svctui/probes/check"
)

const (
	// hereConnectPatience bounds a connection from here; a packet that is lost is sent again after one second, and after three.
	hereConnectPatience = 3 * time.Second
	// lookupPatience bounds the look-up of a name from here.
	lookupPatience = 5 * time.Second
)

// heard is what one address answered.
type heard struct {
	hereTarget
	answer
	took time.Duration
	// owesAnswer is that of the subject's protocol.
	owesAnswer bool
}

// fromHere tries every address from here at once. They are few, and each has its own end.
func (r *run) fromHere(ctx context.Context) {
	var tries sync.WaitGroup
	r.heard = make([]heard, len(r.targets))
	for i, target := range r.targets {
		r.heard[i].hereTarget, r.heard[i].owesAnswer = target, r.subject.speaks.owesAnswer()
		if target.why != "" {
			continue
		}
		r.beginAt(RungFromHere, target.target)
		tries.Go(guarded(func() {
			started := time.Now()
			got, internal := r.dialHere(ctx, target)
			r.heard[i].answer, r.heard[i].took = got, time.Since(started)
			r.heard[i].internal = internal
			r.endAt(RungFromHere, target.target, readHere(r.heard[i], nil), r.heard[i].took)
		}))
	}
	tries.Wait()
}

// dialHere tries one address, and once more with TLS where the answer asks for it. It also tells whether the address turned out to be
// an internal one.
func (r *run) dialHere(ctx context.Context, target hereTarget) (got answer, internal bool) {
	internal = target.internal
	resolved := ""
	if _, err := netip.ParseAddr(target.host); err != nil {
		lookup, cancel := context.WithTimeout(ctx, lookupPatience)
		defer cancel()
		addresses, err := r.dialer.LookupHere(lookup, target.host)
		if err != nil || len(addresses) == 0 {
			return unresolved(lookup, target.host, err), internal
		}
		internal = internal || !slices.ContainsFunc(addresses, func(address string) bool { return !isInternal(address) })
		if target.way == HereExternalName {
			resolved = resolvesTo(addresses)
		}
	}
	if target.port == 0 {
		return answer{outcome: OK, detail: resolved}, internal
	}
	s := r.subject
	scheme := s.speaks.scheme
	if target.way == HereIngress {
		scheme, s.request.Path, s.request.Host = target.scheme, target.path, target.askFor
		s.speaks.scheme = scheme
	}
	if s.request.Host == "" {
		s.request.Host = target.address()
	}
	got = r.speakHere(ctx, s, target.address(), scheme)
	if got.wantsTLS && !s.speaks.chosen && scheme == schemeHTTP && target.way != HereIngress {
		got = got.orOverTLS(r.speakHere(ctx, s, target.address(), schemeHTTPS))
	}
	if resolved != "" {
		got.detail += "; " + resolved
	}
	return got, internal
}

func unresolved(ctx context.Context, host string, err error) answer {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return failed(host + " does not resolve here: no such host")
	case ctx.Err() != nil:
		return failed(host + " does not resolve here: no answer from DNS in time")
	case err != nil:
		return failed(host + " does not resolve here: " + err.Error())
	}
	return failed(host + " does not resolve here: it has no address")
}

// resolvesTo lists addresses, not more than are told apart at a glance.
func resolvesTo(addresses []string) string {
	left := ""
	if more := len(addresses) - addressesPerWay; more > 0 {
		addresses, left = addresses[:addressesPerWay], fmt.Sprintf(" and %d more", more)
	}
	return "resolves to " + strings.Join(addresses, ", ") + left
}

// speakHere connects to an address, and speaks as far as there is evidence for a protocol.
func (r *run) speakHere(ctx context.Context, s subject, address, scheme string) answer {
	connect, cancel := context.WithTimeout(ctx, hereConnectPatience)
	defer cancel()
	conn, err := r.dialer.DialHere(connect, "tcp", address)
	if err != nil {
		return hereFailure(connect, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if scheme == schemeTCP {
		return listenHere(ctx, conn)
	}
	ctx, cancelAsking := context.WithTimeout(ctx, s.patience())
	defer cancelAsking()
	listening := &heardConn{Conn: conn}
	got, err := ask(ctx, listening, s, scheme)
	heard := listening.first.heard()
	switch {
	case err == nil:
		got.opaque = got.opaque && s.facts.Mesh != ""
		return got
	case scheme == schemeGRPC && len(heard) > 0:
		return ofNoGRPC(heard, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return failed("cancelled")
	case ctx.Err() != nil && len(heard) > 0:
		return answer{outcome: OK, detail: fmt.Sprintf("answers, but not to the end in %s", s.patience())}
	case ctx.Err() != nil:
		return answer{outcome: Timeout, silent: true, detail: fmt.Sprintf("accepts connections, no answer in %s", s.patience())}
	}
	if known, ok := meaningOf(err.Error()); ok {
		known.wantsTLS = known.wantsTLS && scheme == schemeHTTP
		return known
	}
	return failed(err.Error())
}

// hereFailure codes why no connection came about.
func hereFailure(ctx context.Context, err error) answer {
	known, ok := meaningOf(err.Error())
	switch {
	case ok && known.outcome != OK:
		return known
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return answer{outcome: Timeout, detail: fmt.Sprintf("no connection in %s", hereConnectPatience)}
	case ctx.Err() != nil:
		return failed("cancelled")
	case strings.Contains(err.Error(), "network is unreachable"), strings.Contains(err.Error(), "cannot assign requested address"):
		return failed("this machine has no way there: network is unreachable")
	}
	return failed(err.Error())
}

// listenHere sends nothing. A connection that is not refused holds.
func listenHere(ctx context.Context, conn net.Conn) answer {
	_ = conn.SetReadDeadline(time.Now().Add(refusalWait))
	buffer := make([]byte, 64)
	n, err := conn.Read(buffer)
	switch {
	case n > 0:
		return answer{outcome: OK, speaksFirst: true, saying: string(buffer[:n]), detail: fmt.Sprintf("connected; it says %q", buffer[:n])}
	case ctx.Err() != nil:
		return failed("cancelled")
	case errors.Is(err, io.EOF):
		return answer{outcome: OK, detail: "accepted, then closed", opaque: true}
	case isTimeout(err):
		return answer{outcome: OK, detail: "connected; nothing was sent"}
	}
	if known, ok := meaningOf(err.Error()); ok {
		return known
	}
	return failed(err.Error())
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// heardConn knows what came back.
type heardConn struct {
	net.Conn
	first firstWords
}

func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.first.add(p[:n])
	return n, err
}

func (c *heardConn) hangUp() { _ = c.Close() }

// readHere says what an address's answer tells. inside are the answers that the application itself gave on the other rungs; nil while
// they are not known yet. Only what can have come from nothing but the application passes.
func readHere(from heard, inside []answer) answer {
	got := from.answer
	if got.outcome != OK || from.way == HereExternalName {
		return got
	}
	same := slices.ContainsFunc(inside, func(own answer) bool { return sameAnswer(own, got) })
	whose := ""
	switch {
	case same:
	case got.closed && from.owesAnswer:
		whose = "nobody answered"
	case from.way == HerePodIP:
		whose = "no other rung tells that it is the Pod that answers"
	case !got.status && !got.speaksFirst && from.way != HereNodePort:
		whose = "what stands in front of the Pods may do that by itself"
	case got.status && got.opaque && !slices.ContainsFunc(inside, func(own answer) bool { return own.code == got.code && own.saying == got.saying }):
		whose = "perhaps the mesh's own answer"
	case got.code == 502 || got.code == 503 || got.code == 504:
		whose = "the word of what stands in front, not the application's"
		if from.way != HereIngress {
			whose = "perhaps the word of what stands in front, not the application's"
		}
	case from.way == HereIngress && got.code == 404:
		whose = "perhaps the Ingress controller's default backend"
	case from.way == HereIngress && (got.code < 200 || got.code >= 300):
		whose = "perhaps the Ingress controller's own answer"
	}
	if whose != "" {
		got.outcome, got.detail = Failed, got.detail+": "+whose
	}
	return got
}

// sameAnswer tells whether two answers are so much alike that one application gave both.
func sameAnswer(a, b answer) bool {
	switch {
	case a.outcome != OK || b.outcome != OK:
		return false
	case a.speaksFirst && b.speaksFirst:
		return a.saying == b.saying
	}
	return a.status && b.status && a.code == b.code && a.saying == b.saying && a.saying != ""
}

// settleHere reads the answers from here once more, when it is known what the application says on the other rungs, and notes what each
// proves.
func (r *run) settleHere(ctx context.Context) {
	r.mu.Lock()
	inside := slices.Clone(r.inside)
	r.mu.Unlock()
	for i := range r.heard {
		from := r.heard[i]
		if from.why != "" {
			continue
		}
		got := readHere(from, inside)
		seen := Here{Target: from.target, Way: from.way, Internal: from.internal, Silent: got.silent, ByDNS: from.byDNS, Excused: from.excused != ""}
		switch {
		case from.excused != "" && (got.outcome == Timeout || got.outcome == Refused):
			got.detail += "; as it must: " + from.excused
		case from.way == HerePodIP && (got.outcome == Timeout || got.outcome == Refused):
			seen.Calibrated = r.otherPodAnswersHere(ctx)
			if !seen.Calibrated {
				got.detail += "; no other Pod's IP is known to answer from here, so it proves nothing"
			}
		}
		// A node port is a number that no stranger is likely to serve.
		seen.Unconfirmed = (from.internal || from.byDNS) && got.outcome == OK && from.way != HereExternalName && from.way != HereNodePort && !r.confirmed(from, inside)
		// What stands in front turned the request away: that is no word of the application.
		seen.TurnedAway = got.outcome == Failed && (got.code == 502 || got.code == 503 || got.code == 504)
		r.mu.Lock()
		r.here = append(r.here, seen)
		r.heardWords = r.heardWords || got.outcome == OK && (got.status || got.speaksFirst)
		r.mu.Unlock()
		r.endAt(RungFromHere, from.target, got, from.took)
	}
}

// confirmed tells whether an answer from here is known to be the application's: it says the same on another rung, or at another host.
func (r *run) confirmed(from heard, inside []answer) bool {
	return slices.ContainsFunc(inside, func(own answer) bool { return sameAnswer(own, from.answer) }) ||
		slices.ContainsFunc(r.heard, func(other heard) bool { return other.host != from.host && sameAnswer(other.answer, from.answer) })
}

// otherPodAnswersHere tells whether another Ready Pod's own address answers from here. Without one that does, silence or refusal at a Pod's
// address says nothing: a machine outside of the Pods' network reaches none, or a stranger that has the same address.
func (r *run) otherPodAnswersHere(ctx context.Context) bool {
	other, port := r.otherReadyPod()
	if other == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, hereConnectPatience)
	defer cancel()
	conn, err := r.dialer.DialHere(ctx, "tcp", hostPort(other.Status.PodIP, port))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// Here is what one address told when it was dialled from here; its zero value tells nothing.
type Here struct {
	// Target is that of the Observation.
	Target string
	Way    HereWay
	// Internal means that the address is not meant to be reached from everywhere.
	Internal bool
	// Silent means that the connection was accepted, and what was asked was not answered.
	Silent bool
	// TurnedAway means that something in front of the Pods said that it cannot reach them.
	TurnedAway bool
	// Excused means that silence is what has to be expected there.
	Excused bool
	// Unconfirmed means, of an answer at an internal address, that nothing tells it from a stranger's: the same address may be another machine's
	// in the network that svctui runs in.
	Unconfirmed bool
	// ByDNS means that a name alone led there, which nothing of the cluster confirms: it may lead elsewhere.
	ByDNS bool
	// Calibrated means, of a Pod's IP, that another Pod's IP answers from here.
	Calibrated bool
}

// proves is what an observation from here is worth, as evidence about the Service.
func (h Here) proves(outcome Outcome) evidence {
	switch {
	case h.Silent:
		return silent
	case h.TurnedAway:
		return noEndpoints
	case h.Excused && outcome != OK:
		return none
	case h.Way == HerePodIP && outcome != OK && !h.Calibrated:
		return none
	}
	switch outcome {
	case OK:
		return answered
	case Refused:
		return refused
	case Timeout:
		return timedOut
	}
	return none
}

// ranges says which clients a load balancer lets in, where it does not let in everybody.
func (s *subject) ranges() []string {
	if s.service == nil {
		return nil
	}
	return check.SourceRanges(s.service)
}
