package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Document is what was judged at one moment, to be written down. Writing changes nothing in it.
type Document struct {
	// Context is the kubeconfig's context.
	Context string
	// Scope is the namespace that was read, or model.AllNamespaces.
	Scope string
	// KubectlArgs are the words that lead kubectl, and svctui, to the same cluster as the same user, e.g. ["--context", "prod"].
	KubectlArgs []string
	// At is when it was judged; ages count from here.
	At time.Time
	// Snapshot is what the reports rest on.
	Snapshot *model.Snapshot
	// Reports are what is written, in this order by JSON and YAML, worst first by text and Markdown.
	Reports []*check.Report
	// Named means that the Services were asked for by name: text and Markdown then tell all about each, also
	// where nothing is wrong.
	Named bool
	// Client is for whom the Services were looked at beside everybody, and ForClient what was found for it; the zero Client is nobody.
	Client    check.Client
	ForClient map[model.Key]check.ClientReport
	// Answered are the ports, named as by check.Unasked, of which an isolation test has shown that they answer.
	Answered map[model.Key][]string
}

// Format is a way to write a Document.
type Format string

// The formats, named as on the command line.
const (
	Text     Format = "text"
	JSON     Format = "json"
	YAML     Format = "yaml"
	Markdown Format = "markdown"
)

// Formats returns every format, the default first.
func Formats() []Format { return []Format{Text, JSON, YAML, Markdown} }

// Write writes the document. Style matters to Text only. The error is the writer's.
func Write(w io.Writer, document Document, format Format, style Style) error {
	var out string
	var err error
	switch format {
	case JSON:
		out, err = toJSON(document)
	case YAML:
		out, err = toYAML(document)
	case Markdown:
		out = toMarkdown(document)
	case Text:
		out = toText(document, style)
	default:
		return fmt.Errorf("unknown format %q: want one of %v", format, Formats())
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, out)
	return err
}

// Tally counts reports by verdict.
type Tally struct {
	Services, Fail, Warn, Unknown, OK int
}

// Count tallies reports. A partial verdict is told as the contract tells it: see Verdict.
func Count(reports []*check.Report) Tally {
	tally := Tally{Services: len(reports)}
	for _, report := range reports {
		switch Verdict(report) {
		case check.Fail:
			tally.Fail++
		case check.Warn:
			tally.Warn++
		case check.Unknown:
			tally.Unknown++
		default:
			tally.OK++
		}
	}
	return tally
}

// Verdict is a report's verdict as it leaves the program. A partial one, nothing at fault and not every check
// run, becomes ok: whoever writes a report has waited for all that can be read, and `unchecked` names the
// rest. But where a port leads nowhere, and that is too young to be called a fault, it is unknown.
func Verdict(report *check.Report) check.Verdict {
	switch {
	case report.Verdict != check.Partial:
		return report.Verdict
	case report.Settling:
		return check.Unknown
	}
	return check.OK
}

// settling says, where a verdict is unknown because it is too young, when to look again; empty elsewhere.
func settling(report *check.Report, at time.Time) string {
	if !report.Settling {
		return ""
	}
	var again time.Time
	for i := range report.Findings {
		if finding := &report.Findings[i]; finding.Settling && finding.Again.After(at) && (again.IsZero() || finding.Again.Before(again)) {
			again = finding.Again
		}
	}
	if again.IsZero() {
		return "still settling: look again"
	}
	// Rounded up, so that looking then is late enough.
	left := (again.Sub(at) + time.Second - 1) / time.Second
	if left >= 120 {
		return fmt.Sprintf("still settling: look again in %d min", (left+59)/60)
	}
	return fmt.Sprintf("still settling: look again in %d s", left)
}

// ExitCode is the code that a program ends with after it wrote this document: 1 when anything is red, be it to the client alone, 2 when
// nothing is red and something is unknown, else 0. With warnings they count as red.
func ExitCode(document Document, warnings bool) int {
	tally := Count(document.Reports)
	failed, unknown := tally.Fail > 0 || warnings && tally.Warn > 0, tally.Unknown > 0
	for _, client := range document.ForClient {
		for i := range client.Findings {
			failed = failed || client.Findings[i].Red() || warnings && client.Findings[i].Amber()
		}
		unknown = unknown || len(client.Unchecked) > 0
	}
	switch {
	case failed:
		return 1
	case unknown:
		return 2
	}
	return 0
}

// Summary is the whole document in one sentence.
func Summary(document Document) string {
	tally := Count(document.Reports)
	where := "in all namespaces"
	if document.Scope != model.AllNamespaces {
		where = "in namespace " + Clean(document.Scope)
	}
	if document.Context != "" {
		where += " of " + Clean(document.Context)
	}
	if tally.Services == 0 {
		return "No Services " + where + "."
	}
	if tally.Services == 1 {
		only := document.Reports[0]
		return "1 Service " + where + ": " + standing(only, document.At) + "."
	}
	var parts []string
	for _, part := range []struct {
		count int
		word  string
	}{
		{tally.Fail, "failing"},
		{tally.Warn, "with a warning"},
		{tally.Unknown, "unknown"},
		{tally.OK, "ok"},
	} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.word))
		}
	}
	return fmt.Sprintf("%d Services %s: %s.", tally.Services, where, strings.Join(parts, ", "))
}

// standing is the verdict in words, and why it is unknown where it is too young.
func standing(report *check.Report, at time.Time) string {
	word := verdictWord(Verdict(report))
	if again := settling(report, at); again != "" {
		word += ", " + again
	}
	return word
}

func verdictWord(verdict check.Verdict) string {
	switch verdict {
	case check.Fail:
		return "failing"
	case check.Warn:
		return "with a warning"
	default:
		return verdict.String()
	}
}

// Age is how long something has stood, in whole minutes under an hour, then hours, then days.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "<1m"
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d/time.Hour))
	default:
		return fmt.Sprintf("%dd", int(d/(24*time.Hour)))
	}
}

// worstFirst returns the reports in the order in which a person wants them.
func worstFirst(reports []*check.Report) []*check.Report {
	return slices.SortedStableFunc(slices.Values(reports), func(a, b *check.Report) int {
		return cmp.Or(cmp.Compare(Verdict(b), Verdict(a)), a.Key.Compare(b.Key))
	})
}

// typeOf is the Service's type, or "" for one that does not exist. A Service of an old API server may
// leave it out; then it is ClusterIP, the API's default.
func (d Document) typeOf(key model.Key) string {
	if d.Snapshot == nil {
		return ""
	}
	service := d.Snapshot.Service(key)
	if service == nil {
		return ""
	}
	return cmp.Or(string(service.Spec.Type), "ClusterIP")
}

// unasked are the ports of a Service of which nothing tells whether they answer.
func (d Document) unasked(key model.Key) []string {
	if d.Snapshot == nil {
		return nil
	}
	return check.Unasked(d.Snapshot, d.Snapshot.Service(key))
}

// untested says what a report of a healthy Service cannot tell without the isolation test; empty for nothing.
func (d Document) untested(report *check.Report) string {
	ports := slices.DeleteFunc(d.unasked(report.Key), func(port string) bool { return slices.Contains(d.Answered[report.Key], port) })
	if len(ports) == 0 || Verdict(report) != check.OK {
		return ""
	}
	return "not asked whether " + Clean(check.PortsAnswer(ports))
}

// worthTelling tells whether a report goes into a document for people in full.
func (d Document) worthTelling(report *check.Report) bool {
	return d.Named || len(d.ForClient[report.Key].Findings) > 0 || Verdict(report) != check.OK
}

// remarks returns the keys of healthy Services that carry findings which text and Markdown leave out, sorted.
func (d Document) remarks() []string {
	var keys []string
	for _, report := range d.Reports {
		if !d.worthTelling(report) && report.Leading() != nil {
			keys = append(keys, d.label(report.Key))
		}
	}
	slices.Sort(keys)
	return keys
}

// label names a Service, with its namespace where that is not clear.
func (d Document) label(key model.Key) string {
	if d.Scope == key.Namespace {
		return Clean(key.Name)
	}
	return Clean(key.String())
}

// why says why something was not checked, in a few words.
func why(coverage model.Coverage) string {
	text := coverage.State.String()
	if reason := Clean(coverage.Reason); reason != "" {
		text += ": " + reason
	}
	return text
}
