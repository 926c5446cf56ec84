package report

import "github.com/svctui/svctui/probes/check"

// ClientClear says what it means that nothing was found for a client: whether the Service works at all, and whether the client has a way in,
// decide what may be said. It ends without a full stop. everybody is the Service's own report; nil where it is not known.
func ClientClear(everybody *check.Report, client check.ClientReport) string {
	switch {
	case client.NoWayIn:
		return "outside of the cluster this Service has no address; only an Ingress or a route leads there"
	case everybody != nil && (everybody.Verdict == check.Fail || everybody.Verdict == check.Warn):
		return "nothing more than for everybody, which is told above"
	}
	return "nothing that was read keeps this client from it"
}
