package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
	"github.com/svctui/svctui/probes/report"
)

// rungMark is the sign of a rung's outcome. A denied rung, and one that failed in a way that tells nothing
// about the Service, is unknown.
func rungMark(seen isolation.Observation) check.Mark {
	if seen.Running {
		return check.MarkPending
	}
	switch seen.Outcome {
	case isolation.OK:
		return check.MarkOK
	case isolation.Refused, isolation.Timeout, isolation.NoEndpoints:
		return check.MarkFail
	case isolation.Denied, isolation.Failed:
		return check.MarkUnknown
	}
	return check.MarkPending
}

// rungResult is what was seen on a rung, in the words of whoever answered.
func rungResult(seen isolation.Observation) string {
	if seen.Running {
		return "running …"
	}
	if detail := clean(seen.Detail); detail != "" {
		return detail
	}
	return rungWord(seen)
}

// rungWord is the outcome of a rung in few words of svctui's own.
func rungWord(seen isolation.Observation) string {
	switch seen.Outcome {
	case isolation.OK:
		return "answers"
	case isolation.Refused:
		return "connection refused"
	case isolation.Timeout:
		return "no answer in time"
	case isolation.NoEndpoints:
		return "no endpoints"
	case isolation.Denied:
		return "not permitted"
	case isolation.NotRun, "":
		return "not run"
	}
	return "failed"
}

// rungTook writes how long a rung needed; nothing for one that was not run.
func rungTook(seen isolation.Observation) string {
	if seen.Running || seen.Outcome == isolation.NotRun || seen.Took <= 0 {
		return ""
	}
	switch took := seen.Took; {
	case took < time.Millisecond:
		return "<1 ms"
	case took < 10*time.Second:
		return fmt.Sprintf("%d ms", took.Milliseconds())
	default:
		return fmt.Sprintf("%.0f s", took.Seconds())
	}
}

// usualTest says what port-forwards alone, to the Pod and to the Service, would have made somebody believe, when
// that is not what the test found; else nothing.
func usualTest(result isolation.Result) string {
	if result.Conclusion == nil {
		return ""
	}
	outcome := map[isolation.Rung]isolation.Outcome{}
	for _, seen := range result.Rungs {
		outcome[seen.Rung] = seen.Outcome
	}
	pod, service := outcome[isolation.RungPod], outcome[isolation.RungService]
	// An error page would not have made anybody believe that all is well.
	for _, seen := range result.Rungs {
		if (seen.Rung == isolation.RungPod || seen.Rung == isolation.RungService) && strings.HasPrefix(strings.TrimLeft(seen.Detail, " "), "5") {
			return ""
		}
	}
	failed := result.Conclusion.Mark == check.MarkFail
	switch {
	case failed && pod == isolation.OK && service == isolation.OK:
		return "What two port-forwards alone would have said: the Pod works, the Service works, so all is well."
	case !failed && pod == isolation.Refused && service == isolation.Refused:
		return "What two port-forwards alone would have said: neither works, so the application is broken."
	}
	return ""
}

// isolationText writes a result to be pasted into a ticket.
func isolationText(result isolation.Result) string {
	var out strings.Builder
	fmt.Fprintf(&out, "Isolation test of %s/%s:%s, Pod %s:%d, %s\n", clean(result.Request.Service.Namespace), clean(result.Request.Service.Name),
		clean(result.Request.Port), clean(result.Request.Pod), result.PodPort, clean(result.Protocol))
	for _, seen := range result.Rungs {
		fmt.Fprintf(&out, "  %-14s %-50s %s %s\n", clean(report.RungTitle(seen.Rung)), clean(seen.Crosses), rungResult(seen), rungTook(seen))
		if seen.Paste != "" {
			fmt.Fprintf(&out, "    by hand: %s\n", clean(seen.Paste))
			if seen.PasteNote != "" {
				fmt.Fprintf(&out, "    %s\n", clean(seen.PasteNote))
			}
		}
	}
	if c := result.Conclusion; c != nil {
		for _, line := range []string{c.Text, c.Why, c.ID, c.Next, c.Command} {
			if line != "" {
				out.WriteString(clean(line) + "\n")
			}
		}
	}
	return out.String()
}
