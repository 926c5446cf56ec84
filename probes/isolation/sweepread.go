package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// read says what the rungs of a cell mean. othersAnswer is known at the end: whether the API server reaches another Pod of the sweep, so
// that its silence here speaks of this one.
func (w *sweep) read(cell *Cell, r *run, othersAnswer bool) {
	facts := r.facts()
	facts.OtherPodAnswers = facts.OtherPodAnswers || othersAnswer
	s := sightOf(cell.Rungs, facts)
	c := Conclude(cell.Rungs, facts)
	cell.ID, cell.Text, cell.next = "", lastDetail(cell.Rungs), c.Next
	switch {
	case s.proxyPod == answered && !facts.MeshAnswered:
		cell.Mark = check.MarkOK
		if facts.SpeaksTLS {
			cell.ID = "PORT-12"
		}
	case facts.Fault == faultNoNamedPort:
		cell.Mark, cell.ID, cell.Text = check.MarkFail, "PORT-02", "has no port named "+r.subject.port.TargetPort.StrVal
	case c.Mark == check.MarkFail || c.Mark == check.MarkWarn:
		cell.Mark, cell.ID, cell.Text = c.Mark, c.ID, c.Text
	case s.proxyPod == timedOut && othersAnswer:
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

// conclude reads the cells together, and puts those Pods first of which something is wrong.
func (w *sweep) conclude(cut bool) {
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
	slices.SortStableFunc(pods, func(a, b SweptPod) int { return cmp.Compare(a.severity(), b.severity()) })
	w.result.Pods = pods
	conclusion := w.summary(cut)
	w.result.Conclusion = &conclusion
}

// severity orders Pods, the worst first; those that were not tried come last.
func (p *SweptPod) severity() int {
	order := []check.Mark{check.MarkFail, check.MarkWarn, check.MarkUnknown, check.MarkOK}
	worst := len(order)
	if p.Idle != "" {
		return worst + 1
	}
	for _, cell := range p.Cells {
		if at := slices.Index(order, cell.Mark); at >= 0 {
			worst = min(worst, at)
		}
	}
	return worst
}

// tally counts the Pods of a sweep.
type tally struct {
	tried, answering, idle int
	// untried are those that could have been tried and were not, those left out among them.
	untried int
	// bad are those that do not answer on some port, with the first of their cells that does not; told counts how many of them a fault
	// is known of.
	bad   []SweptPod
	cells []Cell
	// offSlices answer, and get no traffic.
	offSlices []string
}

func (r *SweepResult) tally() tally {
	t := tally{untried: r.LeftOut}
	for _, pod := range r.Pods {
		if pod.Idle != "" {
			t.idle++
			continue
		}
		var worst *Cell
		tried := false
		for i := range pod.Cells {
			cell := &pod.Cells[i]
			if cell.Mark == check.MarkNone {
				continue
			}
			tried = true
			if cell.Mark != check.MarkOK && (worst == nil || cell.Mark > worst.Mark) {
				worst = cell
			}
		}
		switch {
		case !tried:
			t.untried++
			continue
		case worst != nil:
			t.bad, t.cells = append(t.bad, pod), append(t.cells, *worst)
		default:
			t.answering++
			if !slices.ContainsFunc(pod.Cells, func(cell Cell) bool { return !cell.NoTraffic }) {
				t.offSlices = append(t.offSlices, pod.Name)
			}
		}
		t.tried++
	}
	return t
}

// summary concludes over all cells.
func (w *sweep) summary(cut bool) Conclusion {
	s, t := &w.subject, w.result.tally()
	switch {
	case s.facts.Fault == faultExternalName, s.facts.Fault == faultNoSuchPort, s.facts.Fault == faultServiceUnknown, s.facts.Fault == faultNoService:
		return Conclude(nil, s.facts)
	case w.result.Request.ReadOnly:
		return unknown("Nothing was sent: svctui runs read-only.", "The sweep needs port-forwards and the API server's proxy.", "start svctui without --readonly")
	case len(w.result.Ports) == 0:
		return unknown("There is no TCP port to sweep.", "UDP and SCTP cannot be probed from here.", "try it from a Pod in the cluster")
	case len(w.result.Pods) == 0 && !s.facts.PodsKnown:
		return unknown("No Pod could be swept: Pods cannot be read.", "", "ask for the right to list pods")
	case len(w.result.Pods) == 0:
		return Conclude(nil, s.facts)
	case t.tried == 0 && !cut:
		return unknown("No Pod could be swept: none of them runs.", w.result.Pods[0].Name+": "+w.result.Pods[0].Idle+".", "see the steps Readiness and Events: they say what keeps the Pods from running")
	}
	c := t.conclusion(w.result.Ports)
	if len(t.bad) > 0 && c.Next == "" {
		c.Next, c.Command = t.next(), svctuiTest(w.result.Request, t.bad[0].Name)
		c = w.oddWorkload(&t, c)
	}
	if left := w.untold(cut); left != "" {
		c.Why = joined(c.Why, left)
		if c.Mark == check.MarkOK {
			c.Mark, c.Next = check.MarkUnknown, cmp.Or(c.Next, "sweep the rest: r runs it again, --max-pods 0 takes all")
		}
	}
	return c
}

// untold says what was not tried although it could have been.
func (w *sweep) untold(cut bool) string {
	var parts []string
	if cut {
		parts = append(parts, fmt.Sprintf("The sweep was stopped after %d of %d.", w.result.Done, w.result.Total))
	}
	if w.result.LeftOut > 0 {
		parts = append(parts, fmt.Sprintf("%s left out: the sweep is of %d.", counted(w.result.LeftOut, "more Pod was", "more Pods were"), len(w.result.Pods)))
	}
	return strings.Join(parts, " ")
}

func counted(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}

// conclusion reads the cells. Its Next is empty where the Pods have to be looked at one by one.
func (t *tally) conclusion(ports []string) Conclusion {
	on := ""
	if len(ports) > 1 {
		on = fmt.Sprintf(" on all %d ports", len(ports))
	}
	switch {
	case t.tried == 0:
		return unknown("No Pod was swept.", "", "r runs it again")
	case len(t.bad) == 0 && len(t.offSlices) == t.tried:
		return probed("", fmt.Sprintf("%s%s answer%s, and the Service sends traffic to none of them.", t.all(), t.ofAll(), on),
			"Readiness, the EndpointSlices or a named port keep traffic from them; the application itself answers when asked directly.",
			"see the steps Endpoints, Selector and Readiness: they name the cause")
	case len(t.bad) == 0 && t.tried == 1:
		return ok(fmt.Sprintf("The one Pod%s answers%s.", t.ofAll(), on), t.besides())
	case len(t.bad) == 0:
		return ok(fmt.Sprintf("%s%s answer%s.", t.all(), t.ofAll(), on), t.besides())
	}
	worst := slices.MaxFunc(t.cells, func(a, b Cell) int { return cmp.Compare(a.Mark, b.Mark) })
	c := Conclusion{ID: t.oneID(), Mark: worst.Mark, Confidence: check.Probed}
	if c.Mark == check.MarkWarn {
		c.Confidence = check.Likely
	}
	c.Text = t.whoAnswers(c.Mark, on, ports)
	explanation, known := check.Explain(c.ID)
	switch {
	case t.sameText():
		c.Text += ": " + strings.TrimSuffix(lowered(worst.Text), ".")
	case known:
		c.Text += ": " + strings.TrimSuffix(lowered(explanation.Name), ".")
	}
	c.Text = strings.TrimSuffix(c.Text, ".") + "."
	c.Why = joined(t.common(), t.besides())
	if c.Mark == check.MarkUnknown {
		c.Next = worst.next
	}
	return c
}

// all names those that were tried, where all of them answer.
func (t *tally) all() string {
	if t.tried == 1 {
		return "The one Pod"
	}
	return fmt.Sprintf("All %d Pods", t.tried)
}

// ofAll says behind the number of those that were tried that there are more.
func (t *tally) ofAll() string {
	if t.untried == 0 {
		return ""
	}
	return fmt.Sprintf(" that %s tried, of %d,", wasOrWere(t.tried), t.tried+t.untried+t.idle)
}

func wasOrWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// whoAnswers counts those that answer, and names those that do not.
func (t *tally) whoAnswers(worst check.Mark, on string, ports []string) string {
	names := t.badNames()
	if t.answering == 0 {
		if len(ports) > 1 {
			on = t.failingOn(ports)
		}
		one := fmt.Sprintf("one Pod%s, %s,", strings.TrimSuffix(t.ofAll(), ","), names[0])
		switch {
		case worst == check.MarkUnknown && t.tried == 1:
			return fmt.Sprintf("It is not known whether the %s answers%s", one, on)
		case worst == check.MarkUnknown:
			return fmt.Sprintf("It is not known of any of the %d Pods%s whether it answers%s", t.tried, t.ofAll(), on)
		case t.tried == 1:
			return fmt.Sprintf("The %s does not answer%s", one, on)
		}
		return fmt.Sprintf("None of the %d Pods%s answers%s", t.tried, t.ofAll(), on)
	}
	does := "does not"
	switch {
	case worst == check.MarkUnknown && len(names) > 1:
		does = "are not known to"
	case worst == check.MarkUnknown:
		does = "is not known to"
	case len(names) > 1:
		does = "do not"
	}
	return fmt.Sprintf("%d of %d Pods%s answer%s; %s %s", t.answering, t.tried, t.ofAll(), on, few(names, 3), does)
}

func (t *tally) badNames() []string {
	names := make([]string, 0, len(t.bad))
	for _, pod := range t.bad {
		names = append(names, pod.Name)
	}
	return names
}

// failingOn names the ports on which some Pod does not answer, where there are others.
func (t *tally) failingOn(ports []string) string {
	var failing []string
	for i, port := range ports {
		if slices.ContainsFunc(t.bad, func(pod SweptPod) bool { return i < len(pod.Cells) && isBad(pod.Cells[i]) }) {
			failing = append(failing, port)
		}
	}
	if len(failing) == len(ports) {
		return fmt.Sprintf(" on all %d ports", len(ports))
	}
	return " on " + few(failing, 3)
}

func isBad(cell Cell) bool { return cell.Mark != check.MarkNone && cell.Mark != check.MarkOK }

// next says how to go on with those that do not answer.
func (t *tally) next() string {
	if t.answering == 0 {
		return "test one of them alone"
	}
	return "compare " + t.bad[0].Name + " with one that answers: image, arguments, configuration, node; a test of it alone tells more"
}

// svctuiTest is the command that tests one Pod of the Service.
func svctuiTest(request Request, pod string) string {
	command := check.Kubectl(request.KubectlArgs, "test", request.Service.Name, "-n", request.Service.Namespace, "--pod", pod)
	return "svctui" + strings.TrimPrefix(command, "kubectl")
}

// oddWorkload points to the selector where those that do not answer are all of other workloads than those that do, and the selector is
// known to mix applications (SEL-05): the Pods are then well, and no port of theirs is to be changed.
func (w *sweep) oddWorkload(t *tally, c Conclusion) Conclusion {
	owners := map[check.Owner]bool{}
	for _, pod := range w.result.Pods {
		if object := w.snapshot.Pod(model.Key{Namespace: w.result.Request.Service.Namespace, Name: pod.Name}); object != nil && pod.Idle == "" &&
			!slices.ContainsFunc(pod.Cells, isBad) {
			owners[check.OwnerOf(w.snapshot, object)] = true
		}
	}
	if len(owners) == 0 {
		return c
	}
	for _, pod := range t.bad {
		object := w.snapshot.Pod(model.Key{Namespace: w.result.Request.Service.Namespace, Name: pod.Name})
		if object == nil || owners[check.OwnerOf(w.snapshot, object)] {
			return c
		}
	}
	finding := w.subject.facts.found("SEL-05")
	if finding == nil {
		return c
	}
	c.ID, c.Why = finding.ID, joined(finding.Title, "The Pods that do not answer are another application's: leave their ports as they are.", c.Why)
	return c.mended(finding.Fix)
}

// oneID is the finding that all bad cells amount to; empty where they differ.
func (t *tally) oneID() string {
	id := t.cells[0].ID
	for _, cell := range t.cells {
		if cell.ID != id {
			return ""
		}
	}
	return id
}

func (t *tally) sameText() bool {
	if len(t.cells) == 1 {
		return true
	}
	id := t.oneID()
	return id != "" && slices.IndexFunc(t.cells, func(cell Cell) bool { return cell.Text != t.cells[0].Text }) < 0
}

// common says what those Pods have in common that do not answer, and those that do have not.
func (t *tally) common() string {
	node := t.bad[0].Node
	same := node != "" && len(t.bad) > 1 && t.answering > 0
	for _, pod := range t.bad {
		same = same && pod.Node == node
	}
	if same {
		return fmt.Sprintf("All that do not are on node %s.", node)
	}
	return ""
}

// besides is what is worth knowing where all is well with those that were tried.
func (t *tally) besides() string {
	var parts []string
	if len(t.offSlices) > 0 {
		parts = append(parts, fmt.Sprintf("No traffic is sent to %s, though the application answers there: see its readiness and the EndpointSlices.", few(t.offSlices, 3)))
	}
	if t.idle > 0 {
		parts = append(parts, counted(t.idle, "Pod does not run, and was not tried.", "Pods do not run, and were not tried."))
	}
	return strings.Join(parts, " ")
}

// few names some, and counts the rest.
func few(names []string, most int) string {
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names, "")
}

func lowered(sentence string) string {
	if sentence == "" || strings.HasPrefix(sentence, "API") {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}
