package tui

import (
	"slices"
	"strings"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// tested is what the last isolation test of one port came to.
type tested struct {
	port, pod string
	// client is the Pod that the test tried the Service from; zero for none.
	client     model.Key
	at         time.Time
	conclusion isolation.Conclusion
	basis      isolation.Basis
	// outdated says what has changed since in a way that bears on the conclusion; empty for nothing. It stays: what was changed back in between
	// may have been another application.
	outdated string
}

// testMemory has the tests of each Service, the newest first: of each port one that holds for everybody, and one for each client that was found to
// be kept out. It is kept as long as the context stays.
type testMemory map[model.Key][]tested

// remember keeps what a test came to, so that it is not forgotten when its screen is left.
func (sh *shell) remember(result isolation.Result) {
	if result.Conclusion == nil {
		return
	}
	if sh.tests == nil {
		sh.tests = testMemory{}
	}
	service, port := result.Request.Service, result.Request.Port
	newest := tested{port: port, pod: result.Request.Pod, client: result.Request.Client, at: sh.now(), conclusion: *result.Conclusion, basis: result.Basis}
	others := slices.DeleteFunc(slices.Clone(sh.tests[service]), newest.replaces)
	sh.tests[service] = append([]tested{newest}, others...)
	sh.reviewTests()
}

// replaces tells whether a test says anew what another one said.
func (test tested) replaces(other tested) bool {
	ofAll := !test.conclusion.OnlyForClient && !other.conclusion.OnlyForClient
	return test.port == other.port && (ofAll || test.client == other.client)
}

// counts tells whether a test says something of a Service for whom it is looked at: what is known of one client alone is nobody else's.
func (sh *shell) counts(test tested) bool {
	return !test.conclusion.OnlyForClient || test.client == sh.client.Pod
}

// reviewTests notes which tests are outdated by what is known now.
func (sh *shell) reviewTests() {
	if sh.state == nil {
		return
	}
	for _, tests := range sh.tests {
		for i := range tests {
			if tests[i].outdated == "" {
				tests[i].outdated = tests[i].basis.Outdated(sh.state.Snapshot)
			}
		}
	}
}

// testsOf returns the tests of a Service that still say something: what was found in a Pod that is gone is gone with it.
func (sh *shell) testsOf(service model.Key) []tested {
	return slices.DeleteFunc(slices.Clone(sh.tests[service]), func(test tested) bool {
		return test.pod != "" && sh.state != nil && sh.state.Snapshot.Coverage(model.Pods, service.Namespace).Known() &&
			sh.state.Snapshot.Pod(model.Key{Namespace: service.Namespace, Name: test.pod}) == nil
	})
}

// stepResult is that of the report; of the isolation test, which the report knows nothing of, what the last one came to.
func (p *servicePage) stepResult(sh *shell, step check.Step) check.StepResult {
	result := p.report.Steps[step]
	if step != check.StepIsolation {
		return result
	}
	tests := slices.DeleteFunc(sh.testsOf(p.key), func(test tested) bool { return !sh.counts(test) })
	if len(tests) == 0 && p.report.Verdict == check.OK && p.state != nil && len(check.Unasked(p.state.Snapshot, p.service)) > 0 {
		result.Note = "not asked"
	}
	for i, test := range tests {
		switch {
		case i == 0 && test.outdated != "":
			result = check.StepResult{Mark: check.MarkNone, Note: "outdated"}
		case i == 0:
			result = check.StepResult{Mark: test.conclusion.Mark, Note: age(test.at, sh.now()) + " ago"}
		}
		if test.conclusion.Mark == check.MarkFail && test.outdated == "" {
			result.Mark = check.MarkFail
		}
	}
	return result
}

// drawTests tells what the last tests came to.
func (p *servicePage) drawTests(sh *shell, width int) []string {
	t := &sh.theme
	var lines []string
	for _, test := range sh.testsOf(p.key) {
		mark, say := test.conclusion.Mark, t.text
		counts := sh.counts(test)
		if test.outdated != "" || !counts {
			mark, say = check.MarkNone, t.dim
		}
		glyph, sign := t.mark(mark)
		text := clean(test.conclusion.Text)
		if test.port != "" {
			text = "port " + clean(test.port) + ": " + text
		}
		for i, line := range wrap(text, width-2) {
			head := "  "
			if i == 0 {
				head = sign.on(glyph) + " "
			}
			lines = append(lines, head+say.on(line))
		}
		if test.outdated != "" {
			for _, line := range wrap("outdated: "+clean(test.outdated)+"; t tests again", width-2) {
				lines = append(lines, "  "+t.warn.on(line))
			}
		}
		if next := clean(test.conclusion.Next); next != "" && test.conclusion.Mark != check.MarkOK && test.outdated == "" && counts {
			for _, line := range wrap("next: "+next, width-2) {
				lines = append(lines, "  "+t.text.on(line))
			}
			for _, line := range layCommand(test.conclusion.Command, width-2) {
				indent := "  "
				if line.flush {
					indent = ""
				}
				lines = append(lines, indent+t.text.on(line.text))
			}
		}
		tested := joined(nonEmptyTexts("tested "+age(test.at, sh.now())+" ago"+test.from(), clean(test.pod), test.conclusion.ID))
		for _, line := range wrap(tested, width-2) {
			lines = append(lines, "  "+t.dim.on(line))
		}
		if !counts && test.outdated == "" {
			for _, line := range wrap("known of that client alone; w looks at the Service for it", width-2) {
				lines = append(lines, "  "+t.dim.on(line))
			}
		}
	}
	if len(lines) > 0 {
		lines = append(lines, "")
	}
	return lines
}

// from names the Pod that a test tried the Service from; nothing where it was from none.
func (test tested) from() string {
	if test.client == (model.Key{}) {
		return ""
	}
	return " from Pod " + clean(test.client.String())
}

// shortText is what a test found, for a list: with the client that it is known of alone, unless that is said already.
func (test tested) shortText() string {
	text := clean(test.conclusion.Text)
	if client := clean(test.client.String()); test.conclusion.OnlyForClient && !strings.Contains(text, client) {
		return "from " + client + ": " + text
	}
	return strings.TrimPrefix(text, "Pod ")
}

func nonEmptyTexts(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// failedTest is the newest test of a Service that found a fault which counts and is not outdated; false where there is none.
func (sh *shell) failedTest(service model.Key) (tested, bool) {
	for _, test := range sh.testsOf(service) {
		if test.conclusion.Mark == check.MarkFail && test.outdated == "" && sh.counts(test) {
			return test, true
		}
	}
	return tested{}, false
}

// untested are those of the ports that no test of a Service found well.
func (sh *shell) untested(service model.Key, ports []string) []string {
	tests := sh.testsOf(service)
	return slices.DeleteFunc(slices.Clone(ports), func(port string) bool {
		return slices.ContainsFunc(tests, func(test tested) bool {
			return test.port == port && test.outdated == "" && test.conclusion.Mark == check.MarkOK
		})
	})
}

// fixOf is what a test advises, as a fix of what it found; nil for nothing.
func fixOf(conclusion isolation.Conclusion) *check.Fix {
	if conclusion.Command == "" && conclusion.Next == "" {
		return nil
	}
	return &check.Fix{Command: conclusion.Command, Note: conclusion.Next}
}

// testFresh is for how long the list does not say how old a test is: there is little room.
const testFresh = 10 * time.Minute

// withTest is the report of a Service with the fault that a test found and that the report knows nothing of; the report itself where there is
// none, or where it is red already.
func (sh *shell) withTest(report *check.Report) *check.Report {
	if len(sh.tests) == 0 || report.Verdict == check.Fail {
		return report
	}
	failed, found := sh.failedTest(report.Key)
	if !found {
		return report
	}
	since := age(failed.at, sh.now())
	test := "test"
	if sh.now().Sub(failed.at) >= testFresh {
		test += " " + since + " ago"
	}
	tested := report.For(check.ClientReport{Findings: []check.Finding{{
		ID: failed.conclusion.ID, Severity: check.Major, Confidence: check.Probed, Cause: failed.conclusion.Cause, Step: check.StepIsolation,
		Short: test + ": " + failed.shortText(),
		Title: "The isolation test" + failed.from() + " found " + since + " ago: " + clean(failed.conclusion.Text), Since: failed.at,
		Fix: fixOf(failed.conclusion),
	}}})
	tested.Since = failed.at
	return tested
}
