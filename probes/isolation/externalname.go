package isolation

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// alias is what an ExternalName stands for.
type alias struct {
	// name is spec.externalName without a dot at its end.
	name string
	// inside is the Service of the cluster that is meant, zero for a name outside; missing means that it is known not to be there.
	inside  model.Key
	missing bool
	// address means that the name is one, for which DNS has no answer; short that it has no dot, and so resolves nowhere.
	address, short bool
}

// aliasOf reads an external name. Names of the cluster are those with svc in the third place, and shorter ones that a Service has.
func aliasOf(snapshot *model.Snapshot, service *corev1.Service) alias {
	a := alias{name: strings.TrimSuffix(service.Spec.ExternalName, ".")}
	if _, err := netip.ParseAddr(a.name); err == nil {
		a.address = true
		return a
	}
	labels := strings.Split(strings.ToLower(a.name), ".")
	switch {
	case len(labels) == 1:
		a.short = a.name != "" && labels[0] != "localhost"
		if key := (model.Key{Namespace: service.Namespace, Name: labels[0]}); snapshot.Service(key) != nil {
			a.inside = key
		}
	case len(labels) >= 3 && labels[2] == "svc":
		a.inside = model.Key{Namespace: labels[1], Name: labels[0]}
		a.missing = snapshot.Service(a.inside) == nil && snapshot.Coverage(model.Services, a.inside.Namespace).Known()
	case len(labels) == 2:
		if key := (model.Key{Namespace: labels[1], Name: labels[0]}); snapshot.Service(key) != nil {
			a.inside = key
		}
	}
	return a
}

// externalNameTargets is the name that an ExternalName stands for, at the port that the Service declares or a person gave: to DNS, and
// so to clients, the ports of an ExternalName mean nothing.
func externalNameTargets(s *subject) []hereTarget {
	a := aliasOf(s.snapshot, s.service)
	s.facts.alias = a
	target := hereTarget{way: HereExternalName, target: a.name, crosses: "DNS from here → " + a.name}
	switch {
	case a.name == "":
		target.why = "the Service has no external name"
	case a.address:
		target.why = "it is an address, for which cluster DNS has no answer"
	case a.inside != (model.Key{}):
		target.why = "a name of the cluster's own, which does not resolve here"
	case a.short:
		target.why = "a name without a dot resolves nowhere"
	}
	if target.why != "" {
		return []hereTarget{target}
	}
	target.host, target.port = a.name, s.port.Port
	if asked, err := strconv.ParseUint(s.request.Port, 10, 16); target.port == 0 && err == nil {
		target.port = int32(asked)
	}
	if protocol := s.port.Protocol; protocol != "" && protocol != corev1.ProtocolTCP {
		s.facts.Protocol, target.port = string(protocol), 0
	}
	if target.port != 0 {
		target.target = target.address()
		target.crosses = "DNS from here → " + target.target
	}
	s.facts.aliasDialled = target.port != 0
	s.speaks = protocolOf(*s)
	s.request.Scheme, s.request.Path = s.speaks.scheme, s.speaks.path
	return []hereTarget{target}
}

// running gives a conclusion the command of its next step.
func (c Conclusion) running(command string) Conclusion {
	c.Command = command
	return c
}

// aliasConclusion says what the way from here tells of an ExternalName.
func aliasConclusion(observations []Observation, f Facts) Conclusion {
	a := f.alias
	test := check.SvctuiTest(f.KubectlArgs, a.inside)
	switch {
	case a.address:
		return proven("EN-01", fmt.Sprintf("externalName is the address %s; DNS can only answer with a name.", a.name), "Cluster DNS has no record for it, so the Service's name does not resolve.",
			"make it a Service without a selector, and an EndpointSlice with this address")
	case a.short && a.inside != (model.Key{}):
		return proven("EN-02", fmt.Sprintf("externalName %s has no dot, so it resolves nowhere.", a.name), "A CNAME's target is a whole name; the search path of a Pod is not applied to it.",
			fmt.Sprintf("write the whole name, %s.%s.svc.cluster.local, and test the Service that is meant", a.inside.Name, a.inside.Namespace)).running(test)
	case a.short:
		return proven("EN-02", fmt.Sprintf("externalName %s has no dot, so it resolves nowhere.", a.name), "A CNAME's target is a whole name; the search path of a Pod is not applied to it.",
			"write the whole name, e.g. "+a.name+".NAMESPACE.svc.cluster.local")
	case a.missing:
		return proven("EN-03", fmt.Sprintf("externalName stands for Service %s, which does not exist.", a.inside), "The name resolves to nothing until that Service is there.",
			"create it, or point externalName at the one that is meant")
	}
	if fromClient, tried := aliasForClient(observations, f); tried {
		return fromClient
	}
	if a.inside != (model.Key{}) {
		return unknown(fmt.Sprintf("The Service is another name for Service %s: test that one.", a.inside), "A name of the cluster's own resolves inside the cluster only.", "test that one").running(test)
	}
	i := slices.IndexFunc(observations, func(seen Observation) bool { return seen.Rung == RungFromHere && seen.Outcome != NotRun })
	if i < 0 {
		return externalName.conclusion(f)
	}
	seen := observations[i]
	here, _ := f.hereAt(seen.Target)
	const otherWay = "Pods ask the cluster's DNS, and leave by another way: a private zone, an egress policy or a firewall can make the difference."
	const next = "resolve and dial that name from a Pod in the cluster"
	switch {
	case seen.Outcome == OK && f.aliasDialled:
		return ok(fmt.Sprintf("%s answers from here.", seen.Target), "That proves the way from here. "+otherWay).ofUntoldClient(observations, f)
	case seen.Outcome == OK && f.Protocol != "":
		return unknown(fmt.Sprintf("The external name %s resolves from here; %s cannot be probed from here.", a.name, f.Protocol), otherWay, next)
	case seen.Outcome == OK:
		return unknown(fmt.Sprintf("The external name %s resolves from here. The Service declares no port, so none was dialled.", a.name), otherWay,
			"name the port that clients use: svctui test "+f.ServiceName+":PORT")
	case here.Silent:
		return unknown(fmt.Sprintf("%s accepts connections from here and does not answer.", seen.Target), otherWay, next)
	case seen.Outcome == Refused:
		refused := unknown(fmt.Sprintf("%s refuses connections from here.", seen.Target), "Nothing listens there, or something on the way rejects. "+otherWay, next)
		refused.Mark, refused.Confidence = check.MarkWarn, check.Possible
		return refused
	}
	return unknown(fmt.Sprintf("%s is not reached from here.", seen.Target), seen.Detail+". "+otherWay, next)
}
