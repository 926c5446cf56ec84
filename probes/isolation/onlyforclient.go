package isolation

import "github.com/svctui/svctui/probes/check"

// ofClient notes whether what was concluded is known of the client alone.
func (c Conclusion) ofClient(v verdict, f Facts) Conclusion {
	c.OnlyForClient = f.seen.fromClient() && v.onlyForClient(f)
	return c
}

// onlyForClient tells whether a verdict rests on what the client met on its own way, and on nothing that others would meet as well. What it met at
// the Pod's own address, refusals above all, is the Pod's: anybody meets that.
func (v verdict) onlyForClient(f Facts) bool {
	s := f.seen
	switch v {
	case clientKeptOut, clientRejected, nameElsewhere, nameSilent:
		return true
	case nameUnknown:
		// The cluster's own name server is everybody's.
		return !f.NameServerDead || f.finding("PORT-17", "DNS-01", "DNS-03") != nil
	case nodeRefuses, addressDropped:
		if f.familyIsDead() {
			return false
		}
		// Where the Pod's IP lets it in, the address fails for every client of that node. That one without an endpoint of its own drops what
		// it sends is what internalTrafficPolicy Local asks for.
		return s.clientPod&reached == none || f.LocalOnly && !f.OtherProxy || f.ClientBehind
	case othersDead:
		return s.inCluster == timedOut
	case podIPUnreachable:
		// Either what shuts out some clients only, or an API server that reaches no Pod and tells nothing.
		return f.policiesChoose() || f.Policies != check.PoliciesAdmitNobody && !f.OtherPodAnswers
	case mixedUnreachable:
		return s.proxyPod == none || s.proxyService&reached == none && !f.OtherPodAnswers
	}
	return false
}
