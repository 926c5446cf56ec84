package harness

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/e2e/scenarios"
)

// Compare tells in what the diagnosis of a Service differs from what a scenario expects; nil is agreement.
func Compare(expected scenarios.Expectation, got *DiagnosedService) error {
	if got == nil {
		return errors.New("the Service is not in the diagnosis")
	}
	var problems []error
	differ := func(format string, arguments ...any) { problems = append(problems, fmt.Errorf(format, arguments...)) }

	if got.Verdict != expected.Verdict {
		differ("verdict %q, want %q", got.Verdict, expected.Verdict)
	}
	ids := make([]string, len(got.Findings))
	for i, finding := range got.Findings {
		ids[i] = finding.ID
		grave := finding.Severity == "critical" || finding.Severity == "major"
		if grave && finding.Confidence != "possible" && slices.Contains(expected.Never, "*") {
			differ("a false alarm: %s %s", finding.ID, finding.Title)
		}
	}
	for _, id := range expected.Also {
		if !slices.Contains(ids, id) {
			differ("finding %s is missing", id)
		}
	}
	for _, id := range expected.Never {
		if slices.Contains(ids, id) {
			differ("finding %s must not be there", id)
		}
	}
	if expected.Leads != "" {
		if len(ids) == 0 || ids[0] != expected.Leads {
			differ("the first finding is not %s", expected.Leads)
		} else {
			problems = append(problems, compareFinding(expected, got.Findings[0]))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w\nfindings: %s", err, describeFindings(got))
	}
	return nil
}

func compareFinding(expected scenarios.Expectation, got Finding) error {
	var problems []error
	text := got.Title + "\n" + got.Why
	if got.Cause != nil {
		text += "\n" + got.Cause.Text
	}
	for _, want := range expected.Says {
		if !containsFold(text, want) {
			problems = append(problems, fmt.Errorf("%s does not say %q", got.ID, want))
		}
	}
	if expected.Fix != "" && (got.Fix == nil || !strings.Contains(got.Fix.Command, expected.Fix)) {
		problems = append(problems, fmt.Errorf("the fix of %s does not contain %q", got.ID, expected.Fix))
	}
	for _, want := range expected.Evidence {
		found := false
		for _, evidence := range got.Evidence {
			found = found || (want.Kind == "" || evidence.Kind == want.Kind) &&
				strings.HasPrefix(evidence.Name, want.Name) &&
				strings.Contains(evidence.Field, want.Field) && strings.Contains(evidence.Value, want.Value)
		}
		if !found {
			problems = append(problems, fmt.Errorf("%s lacks the evidence %+v", got.ID, want))
		}
	}
	return errors.Join(problems...)
}

func describeFindings(got *DiagnosedService) string {
	if len(got.Findings) == 0 {
		return "none"
	}
	var text strings.Builder
	for _, finding := range got.Findings {
		fmt.Fprintf(&text, "\n  %s %s %s: %s %s", finding.ID, finding.Severity, finding.Confidence, finding.Title, finding.Why)
		if finding.Cause != nil {
			fmt.Fprintf(&text, " (%s: %s)", finding.Cause.Confidence, finding.Cause.Text)
		}
		for _, evidence := range finding.Evidence {
			fmt.Fprintf(&text, "\n      %s/%s %s = %s", evidence.Kind, evidence.Name, evidence.Field, evidence.Value)
		}
		if finding.Fix != nil {
			fmt.Fprintf(&text, "\n      fix: %s", finding.Fix.Command)
		}
	}
	return text.String()
}

// CompareTest tells in what an isolation test differs from what a scenario expects; nil is agreement.
func CompareTest(expected scenarios.TestExpectation, got PortTest) error {
	var problems []error
	if expected.Conclusion != "" && got.Conclusion.ID != expected.Conclusion {
		problems = append(problems, fmt.Errorf("conclusion %q, want %q", got.Conclusion.ID, expected.Conclusion))
	}
	for _, want := range expected.Says {
		if !containsFold(got.Conclusion.Text+"\n"+got.Conclusion.Next, want) {
			problems = append(problems, fmt.Errorf("the conclusion does not say %q", want))
		}
	}
	for rung, want := range expected.Rungs {
		if result := got.Result(rung); result != want {
			problems = append(problems, fmt.Errorf("rung %s is %q, want %q", rung, result, want))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w\nthe test says: %+v", err, got)
	}
	return nil
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
