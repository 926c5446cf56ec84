package isolation

import (
	"strconv"
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// sweptAs makes a Pod of a sweep of "NAME@NODE CELL …". A cell is ok, idle (ok, and no traffic), tls, fail, same (fail with PORT-08), loop (PORT-09),
// warn, ? (not known) or - (not tried). A Pod without cells does not run.
func sweptAs(t *testing.T, words string) SweptPod {
	t.Helper()
	fields := strings.Fields(words)
	pod := SweptPod{}
	pod.Name, pod.Node, _ = strings.Cut(fields[0], "@")
	if len(fields) == 1 {
		pod.Idle = "is Pending"
	}
	for i, word := range fields[1:] {
		cell := Cell{Port: "port-" + strconv.Itoa(i)}
		switch word {
		case "ok":
			cell.Mark = check.MarkOK
		case "mute":
			cell.Mark, cell.wordless = check.MarkOK, true
		case "200":
			cell.Mark, cell.Text = check.MarkOK, "200 OK"
		case "500":
			cell.Mark, cell.Text = check.MarkOK, "500 Internal Server Error"
		case "404":
			cell.Mark, cell.Text = check.MarkOK, "HTTP 404"
		case "err":
			cell.Mark, cell.errorAlone = check.MarkOK, true
		case "idle":
			cell.Mark, cell.NoTraffic = check.MarkOK, true
		case "tls":
			cell.Mark, cell.ID, cell.encrypted = check.MarkWarn, "PORT-12", true
		case "fail":
			cell.Mark, cell.Text = check.MarkFail, "The reason of "+pod.Name+"."
		case "same":
			cell.Mark, cell.ID, cell.Text = check.MarkFail, "PORT-08", "Nothing is there."
		case "other":
			cell.Mark, cell.ID, cell.Text = check.MarkFail, "PORT-08", "Nothing is at "+pod.Name+"."
		case "loop":
			cell.Mark, cell.ID, cell.Text = check.MarkFail, "PORT-09", "On the loopback."
		case "loops":
			cell.Mark, cell.ID, cell.unsteady, cell.Text = check.MarkWarn, "POD-03", true, "it answers now, and its container app ends again and again"
			cell.next, cell.command = "see its log", "kubectl logs "+pod.Name
		case "ended":
			cell.Mark, cell.ID, cell.Text, cell.next = check.MarkWarn, "POD-03", "container app has ended: Error.", "see its log"
		case "another":
			cell.Mark, cell.ID, cell.Text = check.MarkWarn, "PORT-13", "where HTTP is promised, it answers in something else"
		case "warn":
			cell.Mark, cell.Text = check.MarkWarn, "its IP does not answer"
		case "?":
			cell.Mark, cell.Text, cell.next = check.MarkUnknown, "It is not known.", "find out"
		case "-":
		case "!":
			pod.Ended = true
		default:
			t.Fatalf("no cell is %q", word)
		}
		pod.Cells = append(pod.Cells, cell)
	}
	return pod
}

// TestWhatASweepSays reads cells, whatever rungs they come from.
func TestWhatASweepSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		pods  string
		left  int
		mark  check.Mark
		id    string
		text  string
		why   string
		next  string
		sure  check.Confidence
		ports int
	}{
		{name: "one answers", pods: "a ok", mark: check.MarkOK, sure: check.Probed, text: "The one Pod answers."},
		{name: "two answer", pods: "a ok|b ok", mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer."},
		{name: "one accepts connections", pods: "a mute", mark: check.MarkOK, sure: check.Probed, text: "The one Pod accepts connections."},
		{name: "two accept connections", pods: "a mute|b mute", mark: check.MarkOK, sure: check.Probed, text: "Both Pods accept connections."},
		{name: "one accepts connections, another answers", pods: "a mute|b ok", mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer."},
		{name: "one accepts connections, another does not", pods: "a mute|b loop", mark: check.MarkFail, id: "PORT-09", sure: check.Probed, text: "1 of 2 Pods accept connections; b does not: on the loopback."},
		{name: "one answers and ends again and again", pods: "a loops", mark: check.MarkWarn, id: "POD-03", sure: check.Likely, text: "The one Pod, a, does not answer steadily: it answers now, and its container app ends again and again."},
		{name: "one of two answers and ends again and again", pods: "a loops|b ok", mark: check.MarkWarn, id: "POD-03", sure: check.Likely, text: "1 of 2 Pods answer steadily; a does not: it answers now, and its container app ends again and again."},
		{name: "one has ended", pods: "a ended|b ok", mark: check.MarkWarn, id: "POD-03", sure: check.Likely, text: "1 of 2 Pods answer; a does not: container app has ended: Error."},
		{name: "one answers in something else", pods: "a another", mark: check.MarkWarn, id: "PORT-13", sure: check.Likely, text: "The one Pod, a, does not answer in HTTP: where HTTP is promised, it answers in something else."},
		{name: "one of two answers in something else", pods: "a another|b ok", mark: check.MarkWarn, id: "PORT-13", sure: check.Likely, text: "1 of 2 Pods answer in HTTP; a does not: where HTTP is promised, it answers in something else."},
		{name: "in something else on one of two ports", pods: "a ok another", ports: 2, mark: check.MarkWarn, id: "PORT-13", sure: check.Likely, text: "The one Pod, a, does not answer in HTTP on port-1: where HTTP is promised, it answers in something else."},
		{name: "connections on one of two ports", pods: "a mute ok|b mute ok", ports: 2, mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer on both ports.", why: "On port-0 connections are accepted, and nothing was said."},
		{name: "connections on both ports", pods: "a mute mute", ports: 2, mark: check.MarkOK, sure: check.Probed, text: "The one Pod accepts connections on both ports."},
		{name: "one says an error, another does not", pods: "a 500|b 200", mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer; a says 500 Internal Server Error where others do not."},
		{name: "two say an error", pods: "a 500|b 500|c 200", mark: check.MarkOK, sure: check.Probed, text: "All 3 Pods answer; a and b say 500 Internal Server Error where others do not."},
		{name: "two say different errors", pods: "a 500|b 404|c 200", mark: check.MarkOK, sure: check.Probed, text: "All 3 Pods answer; a and b say an error where others do not."},
		{name: "one says an error on both ports", pods: "a 404 404|b 200 200", ports: 2, mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer on both ports; a says HTTP 404 where others do not."},
		{name: "all say an error", pods: "a 500|b 404", mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer."},
		{name: "an error on another port", pods: "a 500 200|b 500 200", ports: 2, mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer on both ports."},
		{name: "an error beside what is no HTTP", pods: "a 500|b mute", mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer."},
		{name: "an error, and one does not answer", pods: "a 500|b 200|c loop", mark: check.MarkFail, id: "PORT-09", sure: check.Probed, text: "2 of 3 Pods answer; c does not: on the loopback.", why: "a says 500 Internal Server Error where others do not."},
		{name: "one does not run", pods: "a ok|b", mark: check.MarkOK, sure: check.Probed, text: "The one Pod answers.", why: "1 Pod does not run, and was not tried."},
		{name: "one gets no traffic", pods: "a idle", mark: check.MarkFail, sure: check.Probed, text: "The one Pod answers, and the Service sends it no traffic.", why: "Readiness, the EndpointSlices or a named port keep traffic from them; the application itself answers when asked directly.", next: "see the steps"},
		{name: "two get no traffic", pods: "a idle|b idle", mark: check.MarkFail, sure: check.Probed, text: "Both Pods answer, and the Service sends traffic to none of them.", why: "Readiness, the EndpointSlices or a named port keep traffic from them; the application itself answers when asked directly.", next: "see the steps"},
		{name: "one of two gets no traffic", pods: "a idle|b ok", mark: check.MarkOK, sure: check.Probed, text: "Both Pods answer.", why: "No traffic is sent to a, though the application answers there: see its readiness and the EndpointSlices."},
		{name: "one gets no traffic on one of two ports", pods: "a idle ok", ports: 2, mark: check.MarkOK, sure: check.Probed, text: "The one Pod answers on both ports."},
		{name: "one gets no traffic, another was left out", pods: "a idle", left: 1, mark: check.MarkUnknown, text: "The one Pod that was tried, of 2, answers, and the Service sends it no traffic.", why: "It may send it to those that were not tried."},
		{name: "one answers, another was left out", pods: "a ok", left: 1, mark: check.MarkOK, sure: check.Probed, text: "The one Pod that was tried, of 2, answers."},
		{name: "one gets no traffic, another does not answer", pods: "a idle|b loop", mark: check.MarkFail, id: "PORT-09", sure: check.Probed, text: "1 of 2 Pods answer; b does not: on the loopback.", why: "No traffic is sent to a, though the application answers there: see its readiness and the EndpointSlices."},
		{name: "one was tried on one of two ports", pods: "a ok -", ports: 2, mark: check.MarkUnknown, text: "No Pod was tried on all of its ports.", next: "sweep again"},
		{name: "it fails on the port that was tried", pods: "a loop -", ports: 2, mark: check.MarkFail, id: "PORT-09", sure: check.Probed, text: "The one Pod, a, does not answer on port-0: on the loopback."},
		{name: "in TLS", pods: "a tls", mark: check.MarkWarn, id: "PORT-12", sure: check.Probed, text: "The one Pod answers, in TLS where the port promises plain HTTP.", next: "HTTPS"},
		{name: "one of two in TLS", pods: "a tls|b ok", mark: check.MarkWarn, id: "PORT-12", sure: check.Probed, text: "Both Pods answer, in TLS where the port promises plain HTTP.", why: "1 of 2 do.", next: "HTTPS"},
		{name: "one reason without an ID", pods: "a warn|b ok", mark: check.MarkWarn, sure: check.Likely, text: "1 of 2 Pods answer; a does not: its IP does not answer."},
		{name: "one reason without an ID, in two Pods", pods: "a@n warn|b@n warn|c@n ok", mark: check.MarkWarn, sure: check.Likely, text: "1 of 3 Pods answer; a and b do not: its IP does not answer.", why: "All that do not are on node n."},
		{name: "on two nodes", pods: "a@n same|b@m same|c@n ok", mark: check.MarkFail, id: "PORT-08", sure: check.Probed, text: "1 of 3 Pods answer; a and b do not: nothing is there."},
		{name: "on no node that is known", pods: "a same|b same|c ok", mark: check.MarkFail, id: "PORT-08", sure: check.Probed, text: "1 of 3 Pods answer; a and b do not: nothing is there."},
		{name: "on the only node", pods: "a@n same|b@n same", mark: check.MarkFail, id: "PORT-08", sure: check.Probed, text: "None of the 2 Pods answers: nothing is there."},
		{name: "one finding in different words", pods: "a other|b other|c ok", mark: check.MarkFail, id: "PORT-08", sure: check.Probed, text: "1 of 3 Pods answer; a and b do not: nothing listens."},
		{name: "two findings", pods: "a same|b loop|c ok", mark: check.MarkFail, sure: check.Probed, text: "1 of 3 Pods answer; a and b do not.", why: "They differ in why: each has its own reason in its row."},
		{name: "two reasons", pods: "a fail|b fail", mark: check.MarkFail, sure: check.Probed, text: "None of the 2 Pods answers.", why: "They differ in why: each has its own reason in its row."},
		{name: "each port has its reason", pods: "a same loop|b same loop", ports: 2, mark: check.MarkFail, sure: check.Probed, text: "None of the 2 Pods answers on any port.", why: "port-0: nothing is there; port-1: on the loopback."},
		{name: "each port has its finding", pods: "a other loop|b other loop|c ok ok", ports: 2, mark: check.MarkFail, sure: check.Probed, text: "1 of 3 Pods answer on both ports; a and b do not.", why: "port-0: nothing listens; port-1: on the loopback."},
		{name: "a port has two reasons", pods: "a same loop|b loop same", ports: 2, mark: check.MarkFail, sure: check.Probed, text: "None of the 2 Pods answers on any port.", why: "They differ in why: each has its own reason in its row."},
		{name: "each fails on a port of its own", pods: "a same ok|b ok loop", ports: 2, mark: check.MarkFail, sure: check.Probed, text: "None of the 2 Pods answers on all ports.", why: "port-0: nothing is there; port-1: on the loopback."},
		{name: "one port is all that fails", pods: "a same ok|b loop ok", ports: 2, mark: check.MarkFail, sure: check.Probed, text: "None of the 2 Pods answers on port-0.", why: "They differ in why: each has its own reason in its row."},
		{name: "one is not known", pods: "a ?|b ok", mark: check.MarkUnknown, sure: check.Probed, text: "1 of 2 Pods answer; a is not known to: it is not known.", next: "find out"},
		{name: "two are not known", pods: "a ?|b ?|c ok", mark: check.MarkUnknown, sure: check.Probed, text: "1 of 3 Pods answer; a and b are not known to: it is not known.", next: "find out"},
		{name: "one is not known, another does not answer", pods: "a ?|b loop|c ok", mark: check.MarkFail, id: "PORT-09", sure: check.Probed, text: "1 of 3 Pods answer; b does not: on the loopback.", why: "Of a it is not known."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result := SweepResult{LeftOut: test.left}
			for words := range strings.SplitSeq(test.pods, "|") {
				result.Pods = append(result.Pods, sweptAs(t, words))
			}
			ports := []string{"port-0", "port-1"}[:max(test.ports, 1)]
			result.markErrors()
			tally := result.tally()
			got := tally.conclusion(ports)
			if got.Mark != test.mark || got.ID != test.id || got.Text != test.text || got.Why != test.why || got.Confidence != test.sure ||
				!strings.Contains(got.Next, test.next) || test.next == "" && got.Next != "" {
				t.Errorf("got %s, ID %q, %s: %q\n%q\nnext %q", markName(got.Mark), got.ID, got.Confidence, got.Text, got.Why, got.Next)
			}
			if compares := strings.HasPrefix(tally.next0(), "compare "); len(tally.bad) > 0 && compares != (tally.answering > 0) {
				t.Errorf("next: %q", tally.next0())
			}
		})
	}
	if none := (&SweepResult{Pods: []SweptPod{sweptAs(t, "a")}}).tally(); none.allOffSlices() {
		t.Error("Pods that were not tried are said to answer")
	}
}

// next0 is next where there is anybody to go on with.
func (t *tally) next0() string {
	if len(t.bad) == 0 {
		return ""
	}
	return t.next()
}

func TestSeverityOfSweptPods(t *testing.T) {
	t.Parallel()
	for i, words := range []string{"a ok loop", "a warn", "a ? ok -", "a ok err", "a ok", "a -", "a"} {
		pod := sweptAs(t, words)
		if got := pod.severity(); got != i {
			t.Errorf("%s: %d, want %d", words, got, i)
		}
	}
	ended := sweptAs(t, "a loop")
	ended.Idle = "has ended"
	if got := ended.severity(); got != 6 {
		t.Errorf("what has ended comes before others: %d", got)
	}
}

func TestLastDetail(t *testing.T) {
	t.Parallel()
	said := func(outcome Outcome, detail string) Observation { return Observation{Outcome: outcome, Detail: detail} }
	for want, rungs := range map[string][]Observation{
		"200 OK":  {said(OK, "200 OK"), said(NotRun, "denied")},
		"refused": {said(OK, "200 OK"), said(Refused, "refused")},
		"":        {said(NotRun, "denied")},
		"200":     {said(OK, "200"), said(OK, "")},
	} {
		if got := lastDetail(rungs); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestSummaryOfASweep joins what the cells say with what is known of the Service, and with what was not tried.
func TestSummaryOfASweep(t *testing.T) {
	t.Parallel()
	lead := func(f *Facts) {
		f.Diagnosis = []check.Finding{{ID: "WL-01", Severity: check.Critical, Confidence: check.Proven, Title: "It is broken.", Fix: &check.Fix{Note: "mend it"}}}
	}
	const broken = "It is broken."
	for _, test := range []struct {
		name              string
		pods              string
		edits             []edit
		left, maxPods     int
		cut, portless     bool
		mark              check.Mark
		says, never, next string
	}{
		{name: "an ExternalName", portless: true, edits: []edit{withFault(faultExternalName)}, mark: check.MarkUnknown, says: "no Pods to test"},
		{name: "no such port", portless: true, edits: []edit{withFault(faultNoSuchPort)}, mark: check.MarkFail, says: "has no port"},
		{name: "no port at all", portless: true, edits: []edit{withFault(faultPortless)}, mark: check.MarkUnknown, says: "declares no port"},
		{name: "Services not read", portless: true, edits: []edit{withFault(faultServiceUnknown)}, mark: check.MarkUnknown, says: "could not be read"},
		{name: "only UDP", portless: true, mark: check.MarkUnknown, says: "no TCP port to sweep"},
		{name: "Pods not read", edits: []edit{func(f *Facts) { f.PodsKnown = false }}, mark: check.MarkUnknown, says: "Pods cannot be read"},
		{name: "none runs", pods: "a|b", mark: check.MarkUnknown, says: "none of them runs", next: "Readiness"},
		{name: "none runs, and the checks know why", pods: "a|b", edits: []edit{noneUsableEdit, lead}, mark: check.MarkUnknown, says: broken, next: "mend it"},
		{name: "one ends again and again", pods: "a loops|b ok", mark: check.MarkWarn, says: "a does not", next: "see its log"},
		{name: "all of them ended", pods: "a !|b !", mark: check.MarkUnknown, says: "they ended while the sweep ran", never: "none of them runs", next: "sweep again"},
		{name: "none runs, and it was stopped", pods: "a -|b", cut: true, edits: []edit{noneUsableEdit, lead}, mark: check.MarkUnknown, says: "No Pod was tried on all of its ports", never: broken, next: "sweep again"},
		{name: "none answers, and there is no endpoint", pods: "a fail|b fail|c", edits: []edit{noneUsableEdit, lead}, mark: check.MarkFail, says: broken + " 1 Pod does not run", never: "differ", next: "mend it"},
		{name: "none answers, there is no endpoint, and what it is is known", pods: "a same|b same", edits: []edit{noneUsableEdit, lead}, mark: check.MarkFail, says: "nothing is there", never: broken, next: "test one of them alone"},
		{name: "none answers, and there is an endpoint", pods: "a fail|b fail", edits: []edit{lead}, mark: check.MarkFail, says: "None of the 2 Pods answers", never: broken, next: "test one of them alone"},
		{name: "none answers, there is no endpoint, and nobody knows why", pods: "a fail|b fail|c", edits: []edit{noneUsableEdit}, mark: check.MarkFail, says: "They differ in why", next: "test one of them alone"},
		{name: "one answers, and there is no endpoint", pods: "a fail|b ok", edits: []edit{noneUsableEdit, lead}, mark: check.MarkFail, says: "1 of 2 Pods answer", never: broken, next: "compare a"},
		{name: "none gets traffic", pods: "a idle", edits: []edit{noneUsableEdit, lead}, mark: check.MarkFail, says: broken, next: "mend it"},
		{name: "none gets traffic, and one was left out", pods: "a idle", left: 1, edits: []edit{noneUsableEdit, lead}, mark: check.MarkUnknown, says: "1 more Pod was left out: the sweep is of 1.", never: broken, next: "--max-pods 0"},
		{name: "what is to be done is known", pods: "a ?|b ok", mark: check.MarkUnknown, says: "is not known to", next: "find out"},
		{name: "one does not answer, and one was left out", pods: "a loop|b ok", left: 1, mark: check.MarkFail, says: "left out", next: "compare a"},
		{name: "all that were tried answer, and it was stopped", pods: "a ok|b -", cut: true, mark: check.MarkUnknown, says: "was stopped", next: "let it end"},
		{name: "all that were asked for answer", pods: "a ok", left: 1, maxPods: 1, mark: check.MarkUnknown, says: "left out", next: "or a on the screen"},
		{name: "the only one does not answer", pods: "a loop", mark: check.MarkFail, says: "The one Pod, a, does not answer", next: "test it alone"},
		{name: "one answers in TLS, another does not", pods: "a tls|b loop", mark: check.MarkFail, says: "1 of 2 Pods answer; b does not", next: "compare b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := &sweep{subject: subject{judged: &judged{snapshot: snapshotOf()}, facts: oneUsable(test.edits...)}}
			w.result = SweepResult{LeftOut: test.left, Request: Request{Service: web.Service, MaxPods: test.maxPods}, Ports: []string{"port-0"}}
			if test.portless {
				w.result.Ports = nil
			}
			for words := range strings.SplitSeq(test.pods, "|") {
				if words != "" {
					w.result.Pods = append(w.result.Pods, sweptAs(t, words))
				}
			}
			got := w.summary(test.cut)
			said := got.Text + " " + got.Why
			if got.Mark != test.mark || !strings.Contains(said, test.says) || test.never != "" && strings.Contains(said, test.never) || !strings.Contains(got.Next, test.next) || got.Next == "" {
				t.Errorf("got %s: %q %q, next %q", markName(got.Mark), got.Text, got.Why, got.Next)
			}
			if test.next == "--max-pods 0" && strings.Contains(got.Next, "screen") {
				t.Errorf("the screen takes 200 Pods as well: %q", got.Next)
			}
		})
	}
}
