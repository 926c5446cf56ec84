package check

import (
	"cmp"
	"slices"
	"time"

	"github.com/svctui/svctui/kube/model"
)

// Input is what a judgement rests on.
type Input struct {
	Snapshot *model.Snapshot
	// Now is the time to judge by.
	Now time.Time
	// KubectlArgs go in front of every kubectl command in a fix, e.g. ["--context", "prod"], so that it
	// hits the right cluster in any pane. Namespace is added by the check.
	KubectlArgs []string
	// Elsewhere are Services that are known to exist beside those of the Snapshot, in namespaces that it does not hold: where
	// one that was asked for is missing, they say where its name is. It may be empty.
	Elsewhere []model.Key
}

// Judge runs every check on one Service. A Service that is not in the snapshot is judged by JudgeMissing. It is
// pure and safe for concurrent use.
func Judge(in Input, key model.Key) *Report {
	service := in.Snapshot.Service(key)
	if service == nil {
		return JudgeMissing(in, key)
	}
	s := newSubject(in, service)
	j := judgement{subject: s}
	for i := range allRules {
		j.run(&allRules[i])
	}
	return j.report()
}

// judgement gathers what the rules say of one Service.
type judgement struct {
	subject   *subject
	findings  []Finding
	unchecked []Unchecked
	// pending is true when something a rule wants is still coming; unreadable when a rule could not run.
	pending, unreadable bool
	// explained is true when a finding accounts for nothing being usable.
	explained bool
	// settling is true when a finding that would account for it has not held long enough yet.
	settling bool
}

func (j *judgement) run(rule *Rule) {
	s := j.subject
	if !rule.appliesTo(s) {
		return
	}
	if !j.readable(rule, rule.Reads, true) {
		j.unreadable = j.unreadable || !rule.beside
		return
	}
	if rule.looks != nil && !rule.looks(s) {
		return
	}
	j.readable(rule, rule.Uses, false)
	j.noteBeyond(rule)
	if j.readable(rule, rule.Awaits, false); s.awaiting(rule.Awaits) {
		j.unreadable = j.unreadable || !rule.beside
		return
	}
	findings := rule.check(s)
	if len(findings) == 0 {
		return
	}
	j.explained = j.explained || rule.explains && slices.ContainsFunc(findings, accounts)
	j.settling = j.settling || rule.explains && slices.ContainsFunc(findings, func(f Finding) bool { return f.Settling })
	j.findings = append(j.findings, findings...)
}

// accounts tells whether a finding may account for nothing being usable: not where it is grave and a mere possibility, because
// then nobody knows whether it is a fault.
func accounts(finding Finding) bool { return finding.Severity < Major || finding.Confidence > Possible }

// readable notes the gaps among the kinds, and tells whether there is none. A rule that needs them does not run without
// them; one that does not runs all the same, and only what no other kind tells stays unknown.
func (j *judgement) readable(rule *Rule, kinds []model.Kind, needed bool) bool {
	whole := true
	for _, kind := range kinds {
		coverage := j.subject.covered(kind)
		if coverage.Known() && coverage.State != model.Stale {
			continue
		}
		whole = whole && coverage.Known()
		j.pending = j.pending || coverage.Pending()
		if needed {
			j.note(rule.IDs, nil, kind)
			continue
		}
		if only := onlyBy(rule, kind); len(only) > 0 || kind != model.Nodes {
			// Without Nodes only the data plane is less sure, which is worth no words.
			j.note(only, rule.IDs, kind)
		}
	}
	return whole
}

// noteBeyond notes what could not be read in other namespaces. That it was not asked for keeps no verdict pending but that of an
// ExternalName, of which nothing else tells anything: in a list nobody asks.
func (j *judgement) noteBeyond(rule *Rule) {
	if rule.Beyond == nil {
		return
	}
	for _, need := range rule.Beyond(j.subject) {
		coverage := j.subject.in.Snapshot.Coverage(need.Kind, need.Namespace)
		if coverage.Known() && coverage.State != model.Stale {
			continue
		}
		if need.Namespace == j.subject.key.Namespace {
			j.noteWithin(rule, need.Kind, coverage)
			continue
		}
		unchecked := newUnchecked(slices.Clone(rule.IDs), need.Kind, need.Namespace, coverage)
		unchecked.What, unchecked.Beyond = "what is in namespace "+need.Namespace, true
		if need.Namespace == model.AllNamespaces {
			unchecked.What = "what is in other namespaces"
		}
		j.unchecked = append(j.unchecked, unchecked)
	}
}

// noteWithin notes what is read for some Services only, and is not for this one: without it findings say less. In a list nobody asks.
func (j *judgement) noteWithin(rule *Rule, kind model.Kind, coverage model.Coverage) {
	if coverage.State != model.NotAsked {
		j.note(nil, rule.IDs, kind)
	}
}

// note says that a kind could not be read: without it some findings cannot be made at all, others are made and say less.
func (j *judgement) note(ids, less []string, kind model.Kind) {
	if other := sameGap(kind); other != "" && j.subject.covered(other).State == j.subject.covered(kind).State {
		// One line for all of them: one right is mostly given for all.
		return
	}
	at := slices.IndexFunc(j.unchecked, func(u Unchecked) bool { return u.Kind == kind })
	if at < 0 {
		at = len(j.unchecked)
		unchecked := newUnchecked(nil, kind, j.subject.key.Namespace, j.subject.coverage(kind))
		unchecked.What = unknownWithout(kind)
		j.unchecked = append(j.unchecked, unchecked)
	}
	j.unchecked[at].Check = addMissing(j.unchecked[at].Check, ids)
	j.unchecked[at].Less = addMissing(j.unchecked[at].Less, less)
}

// noteFirst says of a kind that no rule names, because nearly all of them rest on it, that it could not be read or is old.
func (j *judgement) noteFirst(kind model.Kind, less []string) {
	unchecked := newUnchecked(nil, kind, j.subject.key.Namespace, j.subject.coverage(kind))
	unchecked.What, unchecked.Less = unknownWithout(kind), less
	j.unchecked = slices.Insert(j.unchecked, 0, unchecked)
}

func addMissing(all, more []string) []string {
	for _, word := range more {
		if !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

// sameGap returns the kind beside which a gap of this one says nothing new; empty for none.
func sameGap(kind model.Kind) model.Kind {
	switch kind {
	case model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
		return model.HTTPRoutes
	case model.MutatingWebhooks:
		return model.ValidatingWebhooks
	}
	return ""
}

// onlyBy returns those findings of a rule that nothing but this kind can tell of, though the rule runs without it.
func onlyBy(rule *Rule, kind model.Kind) []string {
	var told []string
	switch kind {
	case model.Nodes:
		told = []string{"POD-08", "SVC-09"}
	case model.Namespaces:
		told = []string{"SVC-04"}
	case model.Deployments:
		told = []string{"WL-01", "WL-02", "WL-03"}
	case model.StatefulSets, model.DaemonSets, model.ReplicaSets, model.Rollouts:
		told = []string{"WL-01", "WL-02"}
	case model.Pods:
		told = []string{"PORT-03"}
	case model.NetworkPolicies:
		told = []string{"NP-01", "NP-02"}
	case model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
		told = []string{"GW-01", "GW-02", "GW-03"}
	case model.Gateways:
		told = []string{"GW-03"}
	case model.Events:
		told = []string{"ING-05"}
	case model.ServiceCIDRs:
		told = []string{"ADV-03"}
	}
	var only []string
	for _, id := range rule.IDs {
		if slices.Contains(told, id) {
			only = append(only, id)
		}
	}
	return only
}

// unknownWithout says in words what stays unknown where a kind cannot be read.
func unknownWithout(kind model.Kind) string {
	switch kind {
	case model.Services:
		return "whether it still is as it was"
	case model.Pods:
		return "what its Pods tell"
	case model.EndpointSlices:
		return "all that rests on endpoints"
	case model.Nodes:
		return "how the nodes are"
	case model.Namespaces:
		return "whether the namespace is being deleted"
	case model.Events:
		return "what controllers and kubelets said of it"
	case model.Deployments:
		return "whether a Deployment is scaled to 0, rolling out or stuck"
	case model.StatefulSets, model.DaemonSets, model.Jobs, model.Rollouts:
		return "whether one of them is asked for its Pods"
	case model.ReplicaSets:
		return "what ReplicaSets tell of its Pods and revisions"
	case model.HorizontalScalers, model.ScaledObjects:
		return "whether an autoscaler keeps it at 0"
	case model.NetworkPolicies:
		return "whether NetworkPolicies let anybody in"
	case model.Endpoints:
		return "whether an Endpoints object of its name is there, and not mirrored"
	case model.Ingresses:
		return "which Ingresses send requests here"
	case model.IngressClasses:
		return "whether the class of its Ingress exists"
	case model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes:
		return "which routes of the Gateway API lead here"
	case model.Gateways:
		return "how the Gateways in front of it are"
	case model.ReferenceGrants:
		return "whether routes of other namespaces may refer to it"
	case model.ValidatingWebhooks, model.MutatingWebhooks:
		return "whether the API server calls webhooks here"
	case model.APIServices:
		return "whether it serves an aggregated API"
	case model.ServiceCIDRs:
		return "whether an address in its Pods is still a Service's"
	}
	return ""
}

// restsOnSlices returns the findings that are never made, or say less, where EndpointSlices cannot be read: those of all rules that look
// at endpoints.
func restsOnSlices() []string {
	return idsOf(slices.Concat(ignoredSliceRules(), selectorlessRules(), sliceRules(), workloadRules(), selectorRules(), familyRules(), podRules(), portRules()))
}

func idsOf(rules []Rule) []string {
	var ids []string
	for i := range rules {
		ids = addMissing(ids, rules[i].IDs)
	}
	return ids
}

func newUnchecked(ids []string, kind model.Kind, namespace string, coverage model.Coverage) Unchecked {
	verb := coverage.Verb
	if verb == "" {
		verb = "list"
	}
	return Unchecked{
		Check: ids, Need: verb + " " + string(kind), Kind: kind,
		Namespace: namespaceFor(kind, namespace), Coverage: coverage,
	}
}

func (j *judgement) report() *Report {
	s := j.subject
	if gap := s.covered(model.EndpointSlices); s.routes() && (!gap.Known() || gap.State == model.Stale) {
		j.noteFirst(model.EndpointSlices, restsOnSlices())
	}
	if s.covered(model.Services).State == model.Stale {
		j.noteFirst(model.Services, idsOf(allRules))
	}
	j.findings = inOrder(j.findings)
	for i := range j.unchecked {
		// What is said all the same was not left unchecked.
		j.unchecked[i].Check = slices.DeleteFunc(j.unchecked[i].Check, func(id string) bool {
			return slices.ContainsFunc(j.findings, func(f Finding) bool { return f.ID == id })
		})
		j.unchecked[i].Less = slices.DeleteFunc(j.unchecked[i].Less, func(id string) bool {
			return slices.Contains(j.unchecked[i].Check, id)
		})
	}
	report := &Report{
		Key:       s.key,
		Findings:  j.findings,
		Unchecked: j.unchecked,
		Reach:     reach(s.service),
		Again:     earliestAgain(j.findings),
	}
	report.Usable, report.Selected, report.Counted = s.figures()
	report.Verdict = j.verdict()
	report.Settling = report.Verdict == Partial && j.unsettled()
	report.Since = s.created()
	if lead := report.Leading(); lead != nil && (lead.Severity >= Minor || lead.Settling) &&
		(!lead.Since.IsZero() || lead.Red() || lead.Amber()) {
		// For how long a fault is there that no field dates, the age of the Service does not tell.
		report.Since = lead.Since
	}
	report.Suffers = sufferers(s, report)
	report.Steps = steps(s, report)
	report.Route = route(s, report)
	return report
}

// verdict sums the findings up. What rests on stale data is unknown, whatever it says: it may be over by now.
func (j *judgement) verdict() Verdict {
	s := j.subject
	if s.stale() {
		return Unknown
	}
	verdict := OK
	for i := range j.findings {
		switch finding := &j.findings[i]; {
		case finding.Red():
			return Fail
		case finding.Amber():
			verdict = Warn
		}
	}
	if verdict == Warn {
		return Warn
	}
	if s.routes() {
		if !s.slicesKnown() {
			return Unknown
		}
		if !s.endpoints().Complete() && (j.unreadable || !j.explained) {
			return Unknown
		}
	}
	unknown, pending := s.leadsOutOfSight()
	pending = pending || s.mayListNobody()
	if unknown || j.blind() {
		return Unknown
	}
	if pending || j.pending || j.unsettled() {
		return Partial
	}
	return OK
}

// unsettled tells whether a port or family leads nowhere, and what says so has not held long enough: that is neither a fault
// nor health. Where no endpoint is as somebody wishes, nothing is settling.
func (j *judgement) unsettled() bool {
	return j.settling && !j.subject.endpoints().Complete()
}

// blind tells whether a rule could not run whose subject is a fault that the endpoints do not show: a
// LoadBalancer without an address whose events cannot be read, a policy Local where the nodes cannot be.
func (j *judgement) blind() bool {
	s := j.subject
	told := slices.ContainsFunc(j.findings, func(f Finding) bool { return !f.Advice() })
	return !told && (s.loadBalancerPending() || internalLocal(s.service) && !s.headless() && !s.readableOrComing(model.Nodes))
}

// inOrder sorts findings so that the first is the one to act on: red, then likely, then what does not change
// the verdict; among those the graver first, and the cause before its consequence. What comes of any other fault is told after a
// cause that is only likely too.
func inOrder(findings []Finding) []Finding {
	if len(findings) < 2 {
		return findings
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(weight(a), weight(b)),
			falseFirst(a.consequence, b.consequence),
			cmp.Compare(b.Severity, a.Severity),
			cmp.Compare(rankOf(&a), rankOf(&b)),
		)
	})
	return findings
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func weight(f Finding) int {
	switch {
	case f.Red() && !f.consequence:
		return 0
	case f.Red(), f.Amber():
		return 1
	case f.Settling || f.Severity == Minor && f.Confidence >= Likely:
		return 2
	case f.Severity >= Minor:
		return 3
	}
	return 4
}

func earliestAgain(findings []Finding) time.Time {
	var earliest time.Time
	for i := range findings {
		if again := findings[i].Again; !again.IsZero() && (earliest.IsZero() || again.Before(earliest)) {
			earliest = again
		}
	}
	return earliest
}
