package check

import (
	"strings"
	"time"

	"github.com/svctui/svctui/kube/model"
)

// Severity says how much of a Service's traffic a finding costs.
type Severity uint8

// The severities, mildest first.
const (
	// Info is advice.
	Info Severity = iota
	// Minor means degraded, or not yet held long enough to say more.
	Minor
	// Major means that one port, family, node or path is dead.
	Major
	// Critical means that no client gets through.
	Critical
)

// String names the severity as in the JSON contract.
func (s Severity) String() string { return [...]string{"info", "minor", "major", "critical"}[s] }

// Confidence says what a finding rests on.
type Confidence uint8

// The confidences, weakest first. Only Proven and Probed may be shown red.
const (
	// Possible means one piece of evidence.
	Possible Confidence = iota
	// Likely means two independent pieces of evidence that agree.
	Likely
	// Proven means that API state alone suffices, by the rules of the controllers and of kube-proxy.
	Proven
	// Probed means that an active probe gave an unambiguous result.
	Probed
)

// String names the confidence as in the JSON contract.
func (c Confidence) String() string { return [...]string{"possible", "likely", "proven", "probed"}[c] }

// Evidence is one field of one object that a finding rests on. Value is hostile: clean it at the print.
type Evidence struct {
	// Kind is the object's kind in the singular as in YAML, e.g. Pod.
	Kind      string
	Namespace string
	Name      string
	// Field is the path of the field as in `kubectl explain`, e.g. metadata.labels.app.
	Field string
	Value string
}

// Cause is the best guess at why the fault is there, graded apart from the fault itself.
type Cause struct {
	Text       string
	Confidence Confidence
}

// Fix is what to change. Command can be pasted into a shell as it stands; it may be empty, where Note says
// what to do by hand.
type Fix struct {
	Command string
	Note    string
	// Look is true where Command only looks and mends nothing: a log, a description. Note then says what to mend, as far as
	// that is known.
	Look bool
}

// Finding is one thing that a check has to say about a Service.
type Finding struct {
	// ID is the finding's stable name, e.g. SEL-01; `svctui explain ID` tells all about it.
	ID         string
	Severity   Severity
	Confidence Confidence
	// Step is the guide's step that the finding belongs to.
	Step Step
	// Short is for the list's HEALTH column: the cause in at most 40 characters.
	Short string
	// Title is one sentence; Why is one more, or two. Both may quote the cluster: clean them at the print.
	Title    string
	Why      string
	Cause    *Cause
	Evidence []Evidence
	Fix      *Fix
	// Since is when the state began, as well as the API tells; zero where it does not.
	Since time.Time
	// Settling marks a state that has not held long enough to be called a fault.
	Settling bool
	// Again is when time alone may change the finding; zero for never.
	Again time.Time
	// Follows are the IDs of findings that this one comes after, where that does not lie in the order of the rules.
	Follows []string

	// consequence marks what comes of any other fault of the Service, and is told after it however grave it is.
	consequence bool
}

// Red tells whether the finding is shown red: critical or major, and proven or probed.
func (f Finding) Red() bool { return f.Severity >= Major && f.Confidence >= Proven }

// Amber tells whether the finding warns: critical or major, but only likely.
func (f Finding) Amber() bool { return f.Severity >= Major && f.Confidence == Likely }

// Advice tells whether the finding says nothing of whether traffic flows now, and is only worth knowing: it has no place in a row, nor
// at the head of a Service's own screen. It rests on the Service, its slices and Pods, and what the engine knows to touch it.
func (f Finding) Advice() bool {
	if f.Severity > Info || f.Settling {
		return false
	}
	family, _, _ := strings.Cut(f.ID, "-")
	return family == "ADV" || family == "HL" || family == "LB" || family == "TP" || family == "PORT"
}

// Unchecked says that a check could not look, and what it would need.
type Unchecked struct {
	// Check names the IDs of the findings that cannot be made without it; empty where all are made, and only say less.
	Check []string
	// Less names the IDs of the findings that are made without it, and say less, or are less sure.
	Less []string
	// What says in a few words what stays unknown, e.g. "how the nodes are"; empty where Check says it all.
	What string
	// Need is the verb and resource missing, e.g. "list pods".
	Need string
	// Kind and Namespace are the same for programs.
	Kind      model.Kind
	Namespace string
	// Coverage is why: forbidden, failed, not asked …
	Coverage model.Coverage
	// Beyond is true for what lies outside of the Service's own namespace.
	Beyond bool
}

// Verdict is the sum of a Service's findings.
type Verdict uint8

// The verdicts, best first. The list's order, worst first, is the reverse.
const (
	// OK means that every port and family has a usable endpoint and nothing worse was found.
	OK Verdict = iota
	// Partial means that nothing is at fault so far: not every check has run yet, or what is amiss is too young to be
	// called a fault (Report.Settling). It is never a verdict of `diagnose`.
	Partial
	// Unknown means that it could not be looked at, and nothing worse is known.
	Unknown
	// Warn means a critical or major finding that is only likely.
	Warn
	// Fail means a red finding.
	Fail
)

// String names the verdict as in the JSON contract; Partial is "partial".
func (v Verdict) String() string { return [...]string{"ok", "partial", "unknown", "warn", "fail"}[v] }

// Report is all that is known of one Service: what the list, the Service screen and `diagnose` show.
// It is immutable once made.
type Report struct {
	Key model.Key
	// Missing marks a Service that was asked for or is referred to, and does not exist.
	Missing bool
	Verdict Verdict
	// Settling is true where the verdict is Partial because a port leads nowhere, and has not for long enough to be a fault.
	Settling bool
	// Findings come cause before consequence: the first is the one to act on.
	Findings  []Finding
	Unchecked []Unchecked
	// Usable and Selected are the READY column: endpoints that traffic can go to, of those that are
	// selected or listed. Counted is false where that makes no sense (ExternalName) or cannot be known.
	Usable, Selected int
	Counted          bool
	// Steps are the guide's seven steps in order.
	Steps [StepCount]StepResult
	// Route is the way of a request, hop by hop, up to where it breaks.
	Route []Hop
	// Reach says from where the Service can be reached, as what, what for, and the main downside.
	Reach string
	// Suffers are those who send requests to the Service and feel its trouble, as far as they are known: Ingresses, routes,
	// webhooks, APIServices, StatefulSets. It is empty while the Service fails nobody.
	Suffers []model.Referrer
	// Since is when the verdict began, as well as the API tells; zero where it does not.
	Since time.Time
	// Again is when time alone may change the report; zero for never.
	Again time.Time
}

// Leading returns the finding to act on, or nil when there is none, or advice alone.
func (r *Report) Leading() *Finding {
	if len(r.Findings) == 0 || r.Findings[0].Advice() {
		return nil
	}
	return &r.Findings[0]
}

// Health is the text of the HEALTH column: the leading cause in at most 40 characters, or what could not
// be looked at; empty when there is nothing to say. What keeps a Pod from being Ready is told beside a Service that others serve, too.
func (r *Report) Health() string {
	if lead := r.Leading(); lead != nil && (lead.Severity >= Minor || lead.Settling || strings.HasPrefix(lead.ID, "POD-")) {
		return lead.Short
	}
	if r.Verdict == Unknown && len(r.Unchecked) > 0 {
		return r.Unchecked[0].health()
	}
	return ""
}

// health says in the HEALTH column why it is not known.
func (u Unchecked) health() string {
	if u.Beyond && u.Coverage.State == model.Forbidden {
		return short("may not %s in %s", u.Need, u.Namespace)
	}
	switch u.Coverage.State {
	case model.NotAsked, model.Syncing:
		return short("reading %s", u.Kind)
	case model.Stale:
		return short("no news since %s", u.Coverage.Since.Format("15:04"))
	case model.Forbidden:
		return short("may not %s", u.Need)
	}
	return short("could not %s", u.Need)
}

// Step is one of the guide's seven steps.
type Step uint8

// The seven steps.
const (
	StepService Step = iota
	StepEndpoints
	StepSelector
	StepReadiness
	StepLogs
	StepIsolation
	StepEvents
	// StepCount is how many there are.
	StepCount
)

// String names the step as on the Service screen.
func (s Step) String() string {
	return [...]string{"Service, address", "Endpoints", "Selector", "Readiness", "Logs", "Isolation test", "Events", ""}[s]
}

// Mark is the sign beside a step, a row or a rung.
type Mark uint8

// The marks.
const (
	// MarkNone means that the step does not apply or has nothing to judge: –
	MarkNone Mark = iota
	// MarkOK: ✓
	MarkOK
	// MarkPending means fine so far, not every check has run: ·
	MarkPending
	// MarkUnknown: ?
	MarkUnknown
	// MarkWarn: ▲
	MarkWarn
	// MarkFail: ✗
	MarkFail
)

// StepResult is one line of the checklist.
type StepResult struct {
	Mark Mark
	// Note is the figure at the line's end, e.g. 0/12.
	Note string
}

// Hop is one station of a request's way.
type Hop struct {
	// Text is what stands there, e.g. "app=checkout tier=backend". Hostile: clean it at the print.
	Text string
	// Broken means that the arrow which leads to this hop does not get there.
	Broken bool
	// Fault marks the part of Text that is at fault; empty for none of it.
	Fault string
}
