package check

import (
	"slices"

	"github.com/svctui/svctui/kube/model"
)

// Rule is one check: what it can say, what it has to read for that, and the function that says it. The
// framework, never the check, turns what could not be read into Unchecked.
type Rule struct {
	// IDs are the findings that the rule can make, as in docs/findings.md.
	IDs []string
	// Step is the guide's step that the rule belongs to.
	Step Step
	// Reads must be known, else the rule does not run. Services and EndpointSlices of the namespace are read
	// for every rule and need not be named.
	Reads []model.Kind
	// Awaits may turn out not to be readable, and the rule runs all the same; but while they are still coming
	// it waits, because what it says may turn round.
	Awaits []model.Kind
	// Uses make the answer better; the rule runs without them.
	Uses []model.Kind
	// Beyond tells what the rule reads outside of the Service's namespace, or within it for a few Services only; nil for nothing. The rule
	// runs without it, and says less; it is asked for where the Service is open or reported alone, never for every row of a list.
	Beyond func(*subject) []model.Need

	// applies tells from the Service and its slices whether the rule is a question at all; nil for always.
	applies func(*subject) bool
	// looks tells, once Reads are known, whether there is anything to look into, so that Awaits and Uses are
	// read only for Services in trouble; nil for always.
	looks func(*subject) bool
	// explains marks rules whose findings account for a Service with nothing usable, however mild they are.
	explains bool
	// beside marks rules about what stands in front of the Service. That they could not look leaves open nothing about the
	// Service itself; and trouble of the Service is no reason to read their kinds, which are read once for the whole scope.
	beside bool
	check  func(*subject) []Finding
}

func (r *Rule) appliesTo(s *subject) bool { return r.applies == nil || r.applies(s) }

// All returns every rule, cause before consequence: the order in which findings of one weight are shown. What comes first makes what
// comes after:
//
//   - what the Service itself is: a name that leads nowhere, a selector that was taken away;
//   - whether its workload brings Pods, and whether the selector finds them;
//   - whether the slices list them, in the families that the Service promises;
//   - whether the containers have the ports that the Service asks for by name: without, a Ready Pod gets no traffic, and a probe that
//     asks for that name never passes;
//   - whether the Pods are Ready, and then their rollout: without a Ready Pod there is no endpoint;
//   - whether the ports by number are those that the containers mean;
//   - what is in front of the endpoints: DNS, the load balancer, policies. The backends of a load balancer are down where there is no
//     endpoint.
//
// A finding that in its own case comes after another names that in Finding.Follows.
func All() []Rule { return slices.Clone(allRules) }

// allRules is never changed; it is a variable only because Go has no constant of this kind.
var allRules = slices.Concat(
	serviceRules(),
	externalNameRules(),
	ignoredSliceRules(),
	selectorlessRules(),
	workloadRules(),
	selectorRules(),
	backendRules(),
	rolloutLabelRules(),
	sliceRules(),
	nodeMissingRules(),
	familyRules(),
	namedPortRules(),
	podRules(),
	rolloutRules(),
	portRules(),
	headlessRules(),
	namesOfPodsRules(),
	dnsRules(),
	loadBalancerRules(),
	portProtocolRules(),
	trafficPolicyRules(),
	loadBalancerServedRules(),
	loadBalancerCloudRules(),
	networkPolicyRules(),
	meshRules(),
	ingressRules(),
	gatewayRules(),
	apiServerRules(),
	adviceRules(),
)

var ruleRank = rankByID(allRules)

func rankByID(rules []Rule) map[string]int {
	ranks := map[string]int{}
	for i, rule := range rules {
		for _, id := range rule.IDs {
			if _, ranked := ranks[id]; !ranked {
				ranks[id] = i
			}
		}
	}
	return ranks
}

// rankOf is the place of a finding among the causes.
func rankOf(finding *Finding) int {
	rank := 2 * ruleRank[finding.ID]
	for _, id := range finding.Follows {
		rank = max(rank, 2*ruleRank[id]+1)
	}
	return rank
}

// Needs returns what the checks of a Service want to read, given what is known of it by now, sorted: more where
// it is in trouble. What is known already stays in the answer, so that it can be handed to a Source as it is. Services
// and EndpointSlices are not named; they are always read.
func Needs(service model.Key, snapshot *model.Snapshot) []model.Need {
	return needs(service, snapshot, false)
}

// OpenNeeds is Needs for a Service that is open on the screen: everything that its checks could ever want,
// and what the evidence beside the seven steps shows.
func OpenNeeds(service model.Key, snapshot *model.Snapshot) []model.Need {
	return needs(service, snapshot, true)
}

func needs(key model.Key, snapshot *model.Snapshot, open bool) []model.Need {
	service := snapshot.Service(key)
	if service == nil {
		return nil
	}
	s := newSubject(Input{Snapshot: snapshot, Now: snapshot.At()}, service)
	var wanted []model.Need
	want := func(kinds []model.Kind) {
		for _, kind := range kinds {
			need := model.Need{Kind: kind, Namespace: namespaceFor(kind, key.Namespace)}
			if !slices.Contains(wanted, need) {
				wanted = append(wanted, need)
			}
		}
	}
	for i := range allRules {
		rule := &allRules[i]
		if !rule.appliesTo(s) {
			continue
		}
		if rule.beside && !open && rule.applies == nil && rule.looks == nil {
			continue
		}
		if open || !rule.beside {
			want(rule.Reads)
		}
		if open || s.known(rule.Reads) && (rule.looks == nil || rule.looks(s)) {
			want(rule.Awaits)
			want(rule.Uses)
		}
		if open {
			wanted = appendBeyond(wanted, rule, s)
		}
	}
	if open {
		want([]model.Kind{model.Events})
		if s.selects() {
			// The isolation test reads NetworkPolicies also where no endpoint is usable.
			want([]model.Kind{model.Pods, model.ReplicaSets, model.Deployments, model.StatefulSets, model.DaemonSets, model.NetworkPolicies})
		}
	}
	slices.SortFunc(wanted, func(a, b model.Need) int {
		return kindOrder(a.Kind) - kindOrder(b.Kind)
	})
	return wanted
}

// BeyondNeeds returns what the checks of a Service read outside of its namespace, and do without where it is not known.
func BeyondNeeds(key model.Key, snapshot *model.Snapshot) []model.Need {
	service := snapshot.Service(key)
	if service == nil {
		return nil
	}
	s := newSubject(Input{Snapshot: snapshot, Now: snapshot.At()}, service)
	var wanted []model.Need
	for i := range allRules {
		if rule := &allRules[i]; rule.Beyond != nil && rule.appliesTo(s) {
			wanted = appendBeyond(wanted, rule, s)
		}
	}
	return wanted
}

// appendBeyond leaves out what a read of all namespaces has.
func appendBeyond(wanted []model.Need, rule *Rule, s *subject) []model.Need {
	if rule.Beyond == nil {
		return wanted
	}
	for _, need := range rule.Beyond(s) {
		all := s.in.Snapshot.Coverage(need.Kind, model.AllNamespaces)
		if !all.Known() {
			wanted = append(wanted, need)
		}
	}
	return wanted
}

func kindOrder(kind model.Kind) int { return slices.Index(model.Kinds(), kind) }

func namespaceFor(kind model.Kind, namespace string) string {
	if kind.Namespaced() {
		return namespace
	}
	return model.AllNamespaces
}
