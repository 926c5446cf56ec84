package isolation

import (
	"cmp"
	"slices"
)

// Conclude reads the rungs together: it keeps the rows of the truth table that are consistent with what was observed, and
// concludes where they agree; else it is inconclusive, and names the rung that would separate them. It is pure.
func Conclude(observations []Observation, facts Facts) Conclusion {
	s := sightOf(observations, facts)
	for _, row := range decided {
		if row.when(facts) && !(row.withoutEndpoints && servedAnyway(s)) {
			if row.verdict == externalName {
				return aliasConclusion(observations, facts)
			}
			return row.verdict.conclusion(facts).despite(observations, facts).withDiagnosis(row.verdict, observations, facts)
		}
	}
	facts.seen = s
	if stoppedPodDecides(s, facts) {
		return podStopped.conclusion(facts).despite(observations, facts).withDiagnosis(podStopped, observations, facts)
	}
	var rows []truth
	for _, row := range table {
		if row.consistent(s, facts) {
			rows = append(rows, row)
		}
	}
	if nothingButConnected(s, rows) {
		alone := connectedOnly
		if s.here&answered != none && !noneUsable(facts) {
			alone = healthyFromHere
		}
		return alone.conclusion(facts).fromHere(alone, observations, facts)
	}
	if len(rows) == 0 || !agree(rows) {
		return inconclusive(observations, s, separating(s, rows), facts).ofChange(facts)
	}
	for _, row := range rows {
		if row.proved(s) {
			return row.verdict.conclusion(facts).ofStarting(row.verdict, facts).ofNoEndpoint(row.verdict, facts).ofTerminating(row.verdict, facts).besideEnding(row.verdict, facts).throughMesh(facts).fromHere(row.verdict, observations, facts).
				withDiagnosis(row.verdict, observations, facts).withoutGRPC(row.verdict, facts).withoutTLS(row.verdict, facts).withoutHTTP(row.verdict, facts).ofLate(row.verdict, facts).ofClient(row.verdict, facts).ofUntoldClient(observations, facts).ofRestart(row.verdict, facts).ofChange(facts)
		}
	}
	return inconclusive(observations, s, rows[0].proof[0], facts).ofChange(facts)
}

// servedAnyway tells whether something was answered at the Service's address or by its name, whatever endpoints the API shows.
func servedAnyway(s sight) bool {
	return s.proxyService == answered || s.inCluster == answered || s.clientName == answered
}

func (t truth) consistent(s sight, facts Facts) bool {
	for _, rung := range t.needs {
		if s.of(rung) == none {
			return false
		}
	}
	for _, cell := range []struct{ seen, allowed evidence }{
		{s.pod, t.pod},
		{s.service, t.service},
		{s.proxyService, t.proxyService},
		{s.proxyPod, t.proxyPod},
		{s.inCluster, t.inCluster},
		{s.clientName, orAnything(t.clientName)},
		{s.clientPod, orAnything(t.clientPod)},
		{s.sockets, orAnything(t.sockets)},
	} {
		if cell.seen != none && cell.seen&cell.allowed == 0 {
			return false
		}
	}
	if s.here&^cmp.Or(t.here, unanswered) != none {
		return false
	}
	return t.when == nil || t.when(s, facts)
}

func (t truth) proved(s sight) bool {
	return len(t.proof) == 0 || slices.ContainsFunc(t.proof, func(rung Rung) bool { return s.of(rung) != none })
}

// cell returns what a row is consistent with on a rung.
func (t truth) cell(rung Rung) evidence {
	return sight{
		pod: t.pod, service: t.service, proxyService: t.proxyService, proxyPod: t.proxyPod, inCluster: t.inCluster,
		clientName: orAnything(t.clientName), clientPod: orAnything(t.clientPod), sockets: orAnything(t.sockets), here: cmp.Or(t.here, unanswered),
	}.of(rung)
}

func orAnything(cell evidence) evidence {
	if cell == none {
		return anything
	}
	return cell
}

// nothingButConnected tells whether a connection of the client's, on which nothing was asked, is all that tells the application to be healthy:
// it may as well hang.
func nothingButConnected(s sight, rows []truth) bool {
	return len(rows) > 0 && s.clientConnects() && !s.surely(answered) && !slices.ContainsFunc(rows, func(row truth) bool {
		return row.verdict.family() != healthy && row.verdict != hangs
	})
}

func agree(rows []truth) bool {
	for _, row := range rows[1:] {
		if row.verdict.family() != rows[0].verdict.family() {
			return false
		}
	}
	return true
}

// separating returns the first rung that proved nothing and on which the rows differ, the nearest first; empty when there is none.
func separating(s sight, rows []truth) Rung {
	for _, rung := range []Rung{RungProxyPod, RungProxyService, RungPod, RungInCluster, clientPod, RungSockets} {
		if s.of(rung) != none {
			continue
		}
		for _, row := range rows[min(1, len(rows)):] {
			if row.cell(rung) != rows[0].cell(rung) && row.verdict.family() != rows[0].verdict.family() {
				return rung
			}
		}
	}
	return ""
}
