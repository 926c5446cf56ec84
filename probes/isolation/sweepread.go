package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// read says what the rungs of a cell mean. othersAnswer is known at the end: whether the API server reaches another Pod of the sweep, so
// that its silence here speaks of this one.
func (w *sweep) read(cell *Cell, r *run, othersAnswer bool) {
	facts := r.facts()
	facts.OtherPodAnswers = othersAnswer
	s := sightOf(cell.Rungs, facts)
	c := Conclude(cell.Rungs, facts)
	cell.wordless = facts.Wordless || facts.PodWordless
	cell.encrypted, cell.unsteady, cell.ID, cell.Text, cell.next, cell.command = false, false, "", lastDetail(cell.Rungs), c.Next, c.Command
	loops := facts.Restart.again && w.subject.facts.found("POD-03") != nil
	if r.subject.speaks.scheme == schemeGRPC && s.pod == answered {
		cell.Text = cell.Rungs[0].Detail // the API server's proxy speaks HTTP alone
	}
	switch {
	case facts.NotGRPC != "" && s.proxyPod == answered:
		cell.Mark, cell.Text = check.MarkWarn, "it is expected to speak gRPC, and does not answer in it"
	case s.proxyPod == answered && !facts.MeshAnswered:
		cell.Mark = check.MarkOK
		if cell.late = facts.Late > 0; cell.late {
			cell.Text = fmt.Sprintf("%s after %s", cell.Text, facts.Late.Round(time.Second))
		}
		if facts.SpeaksTLS {
			cell.ID = "PORT-12"
		}
		if facts.SpeaksTLS && facts.PromisesHTTP != "" {
			cell.Mark, cell.Text, cell.encrypted = check.MarkWarn, "speaks TLS where HTTP is promised", true
		}
		if loops {
			cell.Mark, cell.ID, cell.Text = check.MarkWarn, "POD-03", fmt.Sprintf("it answers now, and its container %s ends again and again", facts.Restart.container)
			cell.next, cell.command = facts.Restart.look(facts)
			cell.unsteady = true
		}
		if facts.NotTLS != "" {
			cell.Mark, cell.ID, cell.Text = check.MarkWarn, "PORT-12", "where TLS is promised, it answers in plain"
		}
		if facts.NotHTTP != "" {
			cell.Mark, cell.ID, cell.Text = check.MarkWarn, "PORT-13", "where HTTP is promised, it answers in something else"
		}
	case facts.PodLacksPort:
		cell.Mark, cell.ID, cell.Text = check.MarkFail, "PORT-02", "has no port named "+r.subject.port.TargetPort.StrVal
	case c.starting:
		cell.Mark, cell.Text = check.MarkUnknown, "it is not Ready, and may be starting"
	case c.Mark == check.MarkWarn && facts.SpeaksGRPC:
		cell.Mark, cell.Text = check.MarkWarn, "it speaks gRPC, and hangs up on HTTP/1.1"
	case c.Mark == check.MarkFail || c.Mark == check.MarkWarn:
		// Its row names the Pod.
		cell.Mark, cell.ID = c.Mark, c.ID
		cell.Text = strings.ReplaceAll(strings.TrimPrefix(c.Text, "Pod "+facts.Pod+" cannot be expected to answer: "), " of Pod "+facts.Pod, "")
		if loops && (c.ID == "" || c.ID == "PORT-08") {
			cell.ID = "POD-03"
			cell.next, cell.command = facts.Restart.look(facts)
		}
	// Whether it is an endpoint would decide what else to say of these two, and nothing about this.
	case s.pod == silent && s.proxyPod == silent:
		cell.Mark, cell.Text = check.MarkWarn, "it accepts connections and does not answer"
	case s.pod == closed && s.proxyPod == closed:
		cell.Mark, cell.Text = check.MarkFail, "it accepts connections and closes them without an answer"
	case s.proxyPod == timedOut && othersAnswer && facts.Policies != check.PoliciesAdmitSome:
		cell.Mark, cell.Text = check.MarkWarn, "its IP does not answer the API server, which other Pods do"
	default:
		cell.Mark, cell.Text = check.MarkUnknown, c.Text
	}
}

// lastDetail is what the last rung that told anything said: the Pod's IP is nearer to clients than its localhost.
func lastDetail(rungs []Observation) string {
	for _, seen := range slices.Backward(rungs) {
		if seen.Outcome != NotRun && seen.Detail != "" {
			return seen.Detail
		}
	}
	return ""
}

// readCells reads all cells anew, each with what the others tell of the API server's way.
func (w *sweep) readCells() {
	w.mu.Lock()
	defer w.mu.Unlock()
	reached := map[int]bool{}
	for at, r := range w.runs {
		if s := sightOf(r.result.Rungs, r.facts()); s.proxyPod != none && s.proxyPod != timedOut {
			reached[at.pod] = true
		}
	}
	pods := slices.Clone(w.result.Pods)
	for i := range pods {
		others := len(reached)
		if reached[i] {
			others--
		}
		pods[i].Cells = slices.Clone(pods[i].Cells)
		for j := range pods[i].Cells {
			if r := w.runs[place{i, j}]; r != nil {
				w.read(&pods[i].Cells[j], r, others > 0)
			}
		}
	}
	w.result.Pods = pods
}

// conclude reads the cells together, and puts those Pods first of which something is wrong.
func (w *sweep) conclude(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	pods := slices.Clone(w.result.Pods)
	for i := range pods {
		pods[i].Cells = slices.Clone(pods[i].Cells)
	}
	(&SweepResult{Pods: pods}).markErrors()
	slices.SortStableFunc(pods, func(a, b SweptPod) int { return cmp.Compare(a.severity(), b.severity()) })
	w.result.Pods = pods
	conclusion := w.summary(cut)
	w.result.Conclusion = &conclusion
}

// severity orders Pods, the worst first; those that were not tried come last.
func (p *SweptPod) severity() int {
	const untried, idle = 5, 6
	if p.Idle != "" {
		return idle
	}
	worst := untried
	for i := range p.Cells {
		worst = min(worst, p.Cells[i].severity(untried))
	}
	return worst
}

func (c *Cell) severity(untried int) int {
	switch {
	case c.Mark == check.MarkFail:
		return 0
	case c.Mark == check.MarkWarn:
		return 1
	case c.Mark == check.MarkUnknown:
		return 2
	case c.errorAlone:
		return 3
	case c.Mark == check.MarkOK:
		return 4
	}
	return untried
}

// answers tells whether it was tried on all ports, and answers on all of them.
func (p *SweptPod) answers() bool {
	return p.Idle == "" && !p.Ended && len(p.Cells) > 0 && !slices.ContainsFunc(p.Cells, func(cell Cell) bool { return cell.Mark != check.MarkOK && !cell.encrypted })
}

// failing are the ports on which it does not answer.
func (p *SweptPod) failing() []string {
	var ports []string
	for _, cell := range p.Cells {
		if isBad(cell) {
			ports = append(ports, cell.Port)
		}
	}
	return ports
}

// tally counts the Pods of a sweep.
type tally struct {
	tried, answering, idle, ended int
	// untried are those that could have been tried and were not, those left out among them.
	untried int
	// bad are those that do not answer on some port, with all of their cells that do not; where there are none, those of which it is not known.
	// Beside bad ones, unsure are these.
	bad, unsure []SweptPod
	cells       []Cell
	// encrypted counts those that answer in TLS where plain HTTP is promised.
	encrypted int
	// offSlices answer, and get no traffic.
	offSlices []string
	// late answer, and take long for it.
	late []string
	// wordless are the ports on which all that answer do so without a word: they accept connections.
	wordless []string
	// mute means that these are all ports.
	mute bool
	// errors says which Pods answer with an error where others do not.
	errors string
}

func (r *SweepResult) tally() tally {
	t := tally{untried: r.LeftOut}
	var unsure []Cell
	for _, pod := range r.Pods {
		switch {
		case pod.Ended:
			t.ended++
			continue
		case pod.Idle != "":
			t.idle++
			continue
		}
		var bad, notKnown []Cell
		whole, encrypted := true, false
		for i := range pod.Cells {
			cell := &pod.Cells[i]
			if cell.Mark == check.MarkNone {
				whole = false
				continue
			}
			switch {
			case cell.encrypted:
				encrypted = true
			case cell.Mark == check.MarkUnknown:
				notKnown = append(notKnown, *cell)
			case cell.Mark != check.MarkOK:
				bad = append(bad, *cell)
			}
		}
		switch {
		case len(bad) > 0:
			t.bad, t.cells = append(t.bad, pod), append(t.cells, bad...)
		case !whole:
			// What answers on the ports that were tried says nothing of the others.
			t.untried++
			continue
		case len(notKnown) > 0:
			t.unsure, unsure = append(t.unsure, pod), append(unsure, notKnown...)
		default:
			t.answering++
			if encrypted {
				t.encrypted++
			}
			if slices.ContainsFunc(pod.Cells, func(cell Cell) bool { return cell.late }) {
				t.late = append(t.late, pod.Name)
			}
			if !slices.ContainsFunc(pod.Cells, func(cell Cell) bool { return !cell.NoTraffic }) {
				t.offSlices = append(t.offSlices, pod.Name)
			}
		}
		t.tried++
	}
	if len(t.bad) == 0 {
		t.bad, t.cells, t.unsure = t.unsure, unsure, nil
	}
	t.wordless, t.mute = r.wordless()
	t.errors = r.errorsOfSome()
	return t
}

// wordless are the ports on which Pods answer, none of them with a word; all tells that there is no other.
func (r *SweepResult) wordless() (ports []string, all bool) {
	spoke := map[string]bool{}
	for _, pod := range r.Pods {
		for i := range pod.Cells {
			if cell := &pod.Cells[i]; cell.Mark == check.MarkOK || cell.encrypted {
				spoke[cell.Port] = spoke[cell.Port] || !cell.wordless
			}
		}
	}
	for port, words := range spoke {
		if !words {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return ports, len(ports) > 0 && len(ports) == len(spoke)
}

// summary concludes over all cells.
func (w *sweep) summary(cut bool) Conclusion {
	s, t := &w.subject, w.result.tally()
	switch {
	case s.facts.Fault == faultExternalName, s.facts.Fault == faultNoSuchPort, s.facts.Fault == faultPortless, s.facts.Fault == faultServiceUnknown, s.facts.Fault == faultNoService:
		return Conclude(nil, s.facts)
	case w.result.Request.ReadOnly:
		return unknown("Nothing was sent: svctui runs read-only.", "The sweep needs port-forwards and the API server's proxy.", "start svctui without --readonly")
	case len(w.result.Ports) == 0:
		return unknown("There is no TCP port to sweep.", "UDP and SCTP cannot be probed from here.", "try it from a Pod in the cluster")
	case len(w.result.Pods) == 0 && !s.facts.PodsKnown:
		return unknown("No Pod could be swept: Pods cannot be read.", "", "ask for the right to list pods")
	case len(w.result.Pods) == 0:
		return Conclude(nil, s.facts)
	case t.tried == 0 && !cut && t.ended > 0 && t.idle == 0:
		return unknown("No Pod could be swept: they ended while the sweep ran.", "They were deleted or replaced since the Service was read.", "sweep again")
	case t.tried == 0 && !cut:
		none := unknown("No Pod could be swept: none of them runs.", w.result.Pods[0].Name+": "+w.result.Pods[0].Idle+".", "see the steps Readiness and Events: they say what keeps the Pods from running")
		if s.facts.leading() != nil {
			return none.byLeading(s.facts)
		}
		return none
	}
	c := t.conclusion(w.result.Ports)
	if t.allOffSlices() {
		c = c.byLeading(s.facts)
	}
	if len(t.bad) > 0 && t.answering == 0 && c.ID == "" && noneUsable(s.facts) && s.facts.leading() != nil {
		c.Why = t.besides()
		c = c.byLeading(s.facts)
	}
	if len(t.bad) > 0 && c.Next == "" {
		target := w.result.Request.Service
		if failing := t.bad[0].failing(); len(failing) == 1 && len(w.result.Ports) > 1 {
			target.Name += ":" + failing[0]
		}
		c.Next, c.Command = t.next(), check.SvctuiTest(w.result.Request.KubectlArgs, target, "--pod", t.bad[0].Name)
		c = w.oddWorkload(&t, c.byKnownCause(w.subject.facts, &t))
		if c.ID != "SEL-05" {
			c = w.byWorkload(&t, c)
		}
	}
	if t.errors != "" && c.Mark == check.MarkOK {
		c = w.withErrors(c)
	}
	c = c.whereNodesDrop(s.facts).whereEndpointsAreDead(s.facts)
	if podless := w.podless(); len(podless) > 0 {
		c.Why = joined(c.Why, fmt.Sprintf("%s no Pod that is known, and %s not tried: %s.", check.Counted(len(podless), "endpoint is", "endpoints are"), wasOrWere(len(podless)), few(podless, 3)))
	}
	if len(t.late) > 0 {
		c.Why = joined(fmt.Sprintf("%s answer%s, and late: clients that wait for less than that get nothing.", few(t.late, 3), thirdPerson(len(t.late))), c.Why)
		if c.Mark == check.MarkOK {
			c.Mark, c.Next = check.MarkWarn, "look at the log of those that are late, and at what they depend on"
		}
	}
	if left := w.untold(cut); left != "" {
		c.Why = joined(c.Why, left)
		if c.Mark == check.MarkOK {
			c.Mark = check.MarkUnknown
		}
		c.Next = cmp.Or(c.Next, w.rest(cut))
	}
	return c
}

// podless are the addresses of those endpoints that get traffic and are no Pod: a sweep has no way to them.
func (w *sweep) podless() []string {
	var addresses []string
	for _, backend := range w.subject.effective.Backends {
		if backend.Pod == nil && backend.Usable && w.subject.facts.PodsKnown {
			addresses = append(addresses, backend.Address)
		}
	}
	return addresses
}

// byKnownCause says what to do about Pods that do not answer for one reason which is known, instead of letting them be compared.
func (c Conclusion) byKnownCause(f Facts, t *tally) Conclusion {
	switch c.ID {
	case "PORT-02":
		if finding := f.found("PORT-02", "PORT-01"); finding != nil && !finding.Settling {
			return c.mended(finding.Fix)
		}
	case "PORT-08":
		meant := t.cells[0].next
		if f.PortMeant != 0 && t.answering == 0 && !slices.ContainsFunc(t.cells, func(cell Cell) bool { return cell.next != meant }) {
			c.Next = cmp.Or(meant, c.Next)
		}
	case "POD-03":
		c.Next, c.Command = cmp.Or(t.cells[0].next, c.Next), cmp.Or(t.cells[0].command, c.Command)
	case "PORT-09", "PORT-16":
		c.Next, c.Command = cmp.Or(t.cells[0].next, c.Next), ""
	}
	return c
}

// rest says how those are swept that were not.
func (w *sweep) rest(cut bool) string {
	switch {
	case cut:
		return "sweep again, and let it end"
	case w.result.Request.MaxPods > 0:
		return "sweep all Pods: --max-pods 0, or a on the screen of the test"
	}
	return "sweep all Pods: --max-pods 0"
}

// untold says what was not tried although it could have been.
func (w *sweep) untold(cut bool) string {
	var parts []string
	if cut {
		parts = append(parts, fmt.Sprintf("The sweep was stopped after %d of %d.", w.result.Done, w.result.Total))
	}
	if w.result.LeftOut > 0 {
		parts = append(parts, fmt.Sprintf("%s left out: the sweep is of %d.", check.Counted(w.result.LeftOut, "more Pod was", "more Pods were"), len(w.result.Pods)))
	}
	return strings.Join(parts, " ")
}
