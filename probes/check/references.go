package check

import (
	"slices"
	"strings"

	"github.com/svctui/svctui/kube/model"
)

// harm says what it costs that a Service does not exist which something names.
type harm uint8

const (
	// harmless: nothing is sent there, or whoever sends it does without.
	harmless harm = iota
	// harmLikely: something does not work that somebody may want.
	harmLikely
	// harmProven: requests fail.
	harmProven
)

// harmWithout grades one reference to a Service that does not exist. An Ingress and a route answer such requests with an
// error (Ingress: 503 with most controllers; Gateway API, HTTPBackendRef: 500). An APIService is unavailable. A webhook that
// cannot be called denies the request, unless its failurePolicy is Ignore. A StatefulSet's Pods run without the names that
// its Service would give them, and a Rollout does not go on: whether anybody minds is not known.
func harmWithout(referrer *model.Referrer) harm {
	switch referrer.Kind {
	case model.Ingresses, model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
		if referrer.Weight == 0 {
			return harmless
		}
		return harmProven
	case model.ValidatingWebhooks, model.MutatingWebhooks:
		if referrer.Idle || referrer.FailurePolicy == "Ignore" {
			return harmless
		}
		return harmProven
	case model.APIServices:
		return harmProven
	case model.StatefulSets:
		if referrer.AllReady {
			// Many name a Service that was never made, as Argo CD's does, and do without.
			return harmless
		}
	}
	return harmLikely
}

// harmOf is the gravest of many.
func harmOf(referrers []model.Referrer) harm {
	gravest := harmless
	for i := range referrers {
		gravest = max(gravest, harmWithout(&referrers[i]))
	}
	return gravest
}

// Missed tells whether a Service that does not exist is one of the list all the same, because something fails without it. It
// is pure and safe for concurrent use.
func Missed(snapshot *model.Snapshot, service model.Key) bool {
	return snapshot.Service(service) == nil && harmOf(snapshot.Referrers(service)) > harmless
}

// sufferers returns who suffers from the trouble of a Service: who sends requests to it, and to one of its ports that lead
// nowhere, where others do not.
func sufferers(s *subject, report *Report) []model.Referrer {
	lead := report.Leading()
	if lead == nil || !lead.Red() && !lead.Amber() || besideTheService(lead.ID) {
		return nil
	}
	return slices.DeleteFunc(sending(s.in.Snapshot.Referrers(s.key)), func(referrer model.Referrer) bool {
		return s.carries(&referrer)
	})
}

// besideTheService tells whether a finding is about one way to the Service, and so no matter of those who come by another: about
// what lies between a load balancer and the nodes, or about one of those in front, which it names itself.
func besideTheService(id string) bool {
	family, _, _ := strings.Cut(id, "-")
	switch family {
	case "LB", "TP", "ING", "GW", "API":
		return true
	}
	return false
}

// sending leaves those out that send nothing.
func sending(referrers []model.Referrer) []model.Referrer {
	return slices.DeleteFunc(referrers, func(referrer model.Referrer) bool {
		return referrer.Weight == 0 || referrer.Idle || referrer.Kind == model.Rollouts
	})
}

// carries tells whether the port that a referrer asks for has endpoints in every family while another one has none, so that the
// trouble is not the referrer's.
func (s *subject) carries(referrer *model.Referrer) bool {
	if !s.slicesKnown() || s.endpoints().Complete() {
		return false
	}
	found := false
	for i := range s.endpoints().Ports {
		port := &s.endpoints().Ports[i]
		if port.Port.Port != referrer.Port && (referrer.PortName == "" || port.Port.Name != referrer.PortName) {
			continue
		}
		if len(port.Usable) == 0 {
			return false
		}
		found = true
	}
	return found
}

// ReferrerTexts says who refers to a Service, a line for each object and host, with its paths together, e.g. "Ingress shop/web
// host shop.example /cart, /pay". They quote the cluster: clean them at the print.
func ReferrerTexts(referrers []model.Referrer) []string {
	type group struct {
		head, tail string
		paths      []string
	}
	var groups []group
	for i := range referrers {
		head, tail := referrerHead(&referrers[i])
		at := slices.IndexFunc(groups, func(g group) bool { return g.head == head && g.tail == tail })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{head: head, tail: tail})
		}
		for _, path := range referrers[i].Paths {
			if !slices.Contains(groups[at].paths, path) {
				groups[at].paths = append(groups[at].paths, path)
			}
		}
	}
	texts := make([]string, len(groups))
	for i, g := range groups {
		texts[i] = g.head
		if len(g.paths) > 0 {
			texts[i] += " " + firstOf(g.paths, 3)
		}
		texts[i] += g.tail
	}
	return texts
}

func referrerHead(referrer *model.Referrer) (head, tail string) {
	head = objectText(referrer)
	switch referrer.Kind {
	case model.Ingresses, model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
		switch {
		case len(referrer.Hosts) > 0:
			head += " host " + firstOf(referrer.Hosts, 2)
		case strings.HasPrefix(referrer.Field, "spec.defaultBackend"):
			head += " default backend"
		}
		if referrer.Weight == 0 {
			tail = " (weight 0)"
		}
	case model.ValidatingWebhooks, model.MutatingWebhooks:
		head += " webhook " + referrer.Webhook
		tail = " (failurePolicy " + referrer.FailurePolicy + ")"
		if referrer.Idle {
			tail = " (has no rules)"
		}
	default:
		if field := referrer.Field[strings.LastIndexByte(referrer.Field, '.')+1:]; field != "name" {
			tail = " (" + field + ")"
		}
	}
	return head, tail
}

// objectText names the object of a referrer, e.g. "Ingress shop/web".
func objectText(referrer *model.Referrer) string {
	if referrer.Namespace == "" {
		return referrer.Kind.ObjectKind() + " " + referrer.Name
	}
	return referrer.Kind.ObjectKind() + " " + referrer.Namespace + "/" + referrer.Name
}
