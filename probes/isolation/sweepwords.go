package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// conclusion reads the cells. Its Next is empty where the Pods have to be looked at one by one.
func (t *tally) conclusion(ports []string) Conclusion {
	on := ""
	if len(ports) > 1 {
		on = " on " + allOf(len(ports), "ports")
	}
	switch {
	case t.tried == 0:
		return unknown("No Pod was tried on all of its ports.", t.besides(), "sweep again")
	case len(t.offSlices) == t.tried && t.untried > 0:
		// Those that get no traffic are tried first: it is the others that say whether the Service serves.
		return unknown(t.noneGetsTraffic(on),
			"It may send it to those that were not tried.", "")
	case t.allOffSlices():
		return probed("", t.noneGetsTraffic(on),
			"Readiness, the EndpointSlices or a named port keep traffic from them; the application itself answers when asked directly.",
			"see the steps Endpoints, Selector and Readiness: they name the cause")
	case len(t.bad) == 0 && t.encrypted > 0:
		c := ok(fmt.Sprintf("%s%s answer%s%s, in TLS where the port promises plain HTTP.", t.all(), t.ofAll(), thirdPerson(t.tried), on), joined(t.inTLS(), t.besides()))
		c.ID, c.Mark, c.Confidence = "PORT-12", check.MarkWarn, check.Probed
		c.Next = "let clients speak HTTPS, or name the port https: a test of one Pod tells more"
		return c
	case len(t.bad) == 0 && t.errors != "":
		return ok(fmt.Sprintf("%s%s %s%s; %s.", t.all(), t.ofAll(), t.answer(), on, t.errors), t.besides())
	case len(t.bad) == 0:
		return ok(fmt.Sprintf("%s%s %s%s.", t.all(), t.ofAll(), t.answer(), on), t.besides())
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
	c.Why = joined(t.common(), t.alsoUnsure(), t.besides())
	if !t.sameText() && !known {
		c.Why = joined(cmp.Or(t.reasons(ports), "They differ in why: each has its own reason in its row."), c.Why)
	}
	if c.Mark == check.MarkUnknown {
		c.Next = worst.next
	}
	return c
}

// allOffSlices tells that every Pod of the Service was tried and answers, and that none of them gets traffic.
func (t *tally) allOffSlices() bool {
	return t.tried > 0 && t.untried == 0 && len(t.offSlices) == t.tried
}

// inTLS says how many of those that answer do so in TLS, where others do not.
func (t *tally) inTLS() string {
	if t.encrypted == t.answering {
		return ""
	}
	return fmt.Sprintf("%d of %d do.", t.encrypted, t.answering)
}

// alsoUnsure names those of which it is not known, beside those that do not answer.
func (t *tally) alsoUnsure() string {
	if len(t.unsure) == 0 {
		return ""
	}
	names := make([]string, 0, len(t.unsure))
	for _, pod := range t.unsure {
		names = append(names, pod.Name)
	}
	return fmt.Sprintf("Of %s it is not known.", few(names, 3))
}

func (t *tally) noneGetsTraffic(on string) string {
	if t.tried == 1 {
		return fmt.Sprintf("%s%s %s%s, and the Service sends it no traffic.", t.all(), t.ofAll(), t.answer(), on)
	}
	return fmt.Sprintf("%s%s %s%s, and the Service sends traffic to none of them.", t.all(), t.ofAll(), t.answer(), on)
}

// answer is what those do that were tried, where all of them answer: a connection alone is no answer.
func (t *tally) answer() string {
	if t.mute {
		return fmt.Sprintf("accept%s connections", thirdPerson(t.tried))
	}
	return "answer" + thirdPerson(t.tried)
}

// all names those that were tried, where all of them answer.
func (t *tally) all() string {
	if t.tried == 1 {
		return "The one Pod"
	}
	if t.tried == 2 {
		return "Both Pods"
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

// whoAnswers counts those that answer, and names those that do not.
func (t *tally) whoAnswers(worst check.Mark, on string, ports []string) string {
	names := t.badNames()
	if t.answering == 0 && len(ports) > 1 {
		on = t.failingOn(ports)
	}
	switch id := t.oneID(); {
	case id == "PORT-12" && worst == check.MarkWarn:
		on = " in TLS" + on
	case id == "PORT-13":
		on = " in HTTP" + on
	case !slices.ContainsFunc(t.cells, func(cell Cell) bool { return !cell.unsteady }):
		on = " steadily" + on
	}
	if t.answering == 0 {
		one := fmt.Sprintf("one Pod%s, %s,", strings.TrimSuffix(t.ofAll(), ","), names[0])
		switch {
		case worst == check.MarkUnknown && t.tried == 1:
			return fmt.Sprintf("It is not known whether the %s answers%s", one, on)
		case worst == check.MarkUnknown:
			return fmt.Sprintf("It is not known of any of the %d Pods%s whether it answers%s", t.tried, t.ofAll(), on)
		case t.tried == 1:
			return fmt.Sprintf("The %s does not answer%s", one, on)
		case len(t.unsure) > 0:
			return fmt.Sprintf("%s %s not answer%s", few(names, 3), doOrDoes(len(names)), on)
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
	answer := "answer"
	if t.mute {
		answer = "accept connections"
	}
	return fmt.Sprintf("%d of %d Pods%s %s%s; %s %s", t.answering, t.tried, t.ofAll(), answer, on, few(names, 3), does)
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
		if slices.ContainsFunc(t.bad, func(pod SweptPod) bool { return isBad(pod.Cells[i]) }) {
			failing = append(failing, port)
		}
	}
	switch {
	case len(failing) < len(ports):
	case slices.ContainsFunc(t.bad, func(pod SweptPod) bool {
		return slices.ContainsFunc(pod.Cells, func(cell Cell) bool { return !isBad(cell) })
	}):
		return " on all ports"
	default:
		return " on any port"
	}
	return " on " + few(failing, 3)
}

// next says how to go on with those that do not answer.
func (t *tally) next() string {
	switch {
	case t.tried == 1:
		return "test it alone"
	case t.answering == 0:
		return "test one of them alone"
	}
	return "compare " + t.bad[0].Name + " with one that answers: image, arguments, configuration, node; a test of it alone tells more"
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
	return !slices.ContainsFunc(t.cells, func(cell Cell) bool { return cell.Text != t.cells[0].Text })
}

// reasons says of each port why no Pod answers there that does not, where the Pods agree; empty where they do not, or one port is all.
func (t *tally) reasons(ports []string) string {
	var reasons []string
	for i, port := range ports {
		var cells []Cell
		for _, pod := range t.bad {
			if isBad(pod.Cells[i]) {
				cells = append(cells, pod.Cells[i])
			}
		}
		if len(cells) == 0 {
			continue
		}
		reason := cells[0].Text
		if slices.ContainsFunc(cells, func(cell Cell) bool { return cell.Text != reason }) {
			explanation, known := check.Explain(cells[0].ID)
			if !known || slices.ContainsFunc(cells, func(cell Cell) bool { return cell.ID != cells[0].ID }) {
				return ""
			}
			reason = explanation.Name
		}
		reasons = append(reasons, port+": "+strings.TrimSuffix(lowered(reason), "."))
	}
	if len(reasons) < 2 {
		return ""
	}
	return strings.Join(reasons, "; ") + "."
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
	if t.errors != "" && len(t.bad) > 0 {
		parts = append(parts, check.Sentence(t.errors))
	}
	if len(t.offSlices) > 0 {
		parts = append(parts, fmt.Sprintf("No traffic is sent to %s, though the application answers there: see its readiness and the EndpointSlices.", few(t.offSlices, 3)))
	}
	if len(t.wordless) > 0 && !t.mute {
		parts = append(parts, fmt.Sprintf("On %s connections are accepted, and nothing was said.", few(t.wordless, 3)))
	}
	if t.ended > 0 {
		parts = append(parts, check.Counted(t.ended, "Pod ended while the sweep ran, and does not count.", "Pods ended while the sweep ran, and do not count."))
	}
	if t.idle > 0 {
		parts = append(parts, check.Counted(t.idle, "Pod does not run, and was not tried.", "Pods do not run, and were not tried."))
	}
	return strings.Join(parts, " ")
}

func isBad(cell Cell) bool { return cell.Mark != check.MarkNone && cell.Mark != check.MarkOK }
