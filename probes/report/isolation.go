package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// TestFormats returns the formats that WriteTests knows, the default first.
func TestFormats() []Format { return []Format{Text, JSON} }

// WriteTests writes the isolation tests of one Service's ports, as text or as the contract of `svctui test -o json` has
// them. Style matters to Text only. The error is the writer's.
func WriteTests(w io.Writer, results []isolation.Result, format Format, style Style) error {
	p := printer{Style: style}
	switch format {
	case JSON:
		out, err := EncodeJSON(isolation.JSON(results, verbatim, func(report check.ClientReport) any {
			return toContractClient(check.Client{}, report, verbatim)
		}))
		if err != nil {
			return err
		}
		p.out.WriteString(out)
	case Text:
		for i, result := range results {
			if i > 0 {
				p.out.WriteByte('\n')
			}
			p.test(result)
		}
	default:
		return fmt.Errorf("unknown format %q: want one of %v", format, TestFormats())
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// TestProgress returns what to hand to isolation.Run, so that w is told of each rung of a port's test once, when it begins.
func TestProgress(w io.Writer, port string) func(isolation.Result) {
	told := map[isolation.Rung]bool{}
	return func(result isolation.Result) {
		for _, seen := range result.Rungs {
			if seen.Running && !told[seen.Rung] {
				told[seen.Rung] = true
				fmt.Fprintf(w, "svctui: %s: trying %s\n", Clean(port), RungTitle(seen.Rung))
			}
		}
	}
}

func (p *printer) test(result isolation.Result) {
	request := result.Request
	title := Clean(request.Service.Name)
	if request.Port != "" {
		title += ":" + Clean(request.Port)
	}
	title = p.bold(title)
	if request.Pod != "" {
		title += fmt.Sprintf("  %s  %s", p.arrow(), Clean(request.Pod))
		if result.PodPort != 0 {
			title += fmt.Sprintf(":%d", result.PodPort)
		}
	}
	if request.Client.Name != "" {
		title += "  from " + Clean(request.Client.String())
	}
	if request.Path != "" && strings.HasPrefix(result.Protocol, "http") {
		title += "      GET " + Clean(request.Path)
	}
	if request.Host != "" {
		title += "      Host " + Clean(request.Host)
	}
	if result.Protocol != "" {
		title += "      " + Clean(result.Protocol)
	}
	p.line(0, title)
	if len(worthShowing(result)) > 0 {
		p.out.WriteByte('\n')
	}
	names, crosses, details := 0, 0, 0
	for _, seen := range result.Rungs {
		names = max(names, cells(RungTitle(seen.Rung)))
		crosses = max(crosses, cells(Clean(seen.Crosses)))
		details = max(details, cells(shortDetail(seen)))
	}
	for _, seen := range worthShowing(result) {
		took := ""
		if seen.Outcome != isolation.NotRun && seen.Outcome != "" && seen.Took > 0 {
			took = fmt.Sprintf("%6d ms", seen.Took.Round(time.Millisecond).Milliseconds())
		}
		line := fmt.Sprintf("  %s %s  %s  %s  %s", p.mark(OutcomeMark(seen.Outcome)),
			pad(RungTitle(seen.Rung), names), pad(Clean(seen.Crosses), crosses), pad(shortDetail(seen), details), took)
		p.out.WriteString(strings.TrimRight(line, " ") + "\n")
		if detail := rungDetail(seen); detail != shortDetail(seen) {
			p.line(6, detail)
		}
		if seen.Paste != "" {
			// A command to paste is never wrapped.
			p.out.WriteString("      by hand: " + CleanLines(seen.Paste) + "\n")
			if seen.PasteNote != "" {
				p.out.WriteString("               " + Clean(seen.PasteNote) + "\n")
			}
		}
	}
	if conclusion := result.Conclusion; conclusion != nil {
		p.out.WriteByte('\n')
		p.conclusion(*conclusion)
	}
	if client := result.Request.Client; client.Name != "" && len(result.ForClient.Findings)+len(result.ForClient.Unchecked) > 0 {
		p.client(check.Client{Pod: client}, nil, result.ForClient)
	}
}

// worthShowing are the rungs; none where all were left out for one and the same reason, which the conclusion tells.
func worthShowing(result isolation.Result) []isolation.Observation {
	for _, seen := range result.Rungs {
		if seen.Outcome != isolation.NotRun || seen.Paste != "" || seen.Detail != result.Rungs[0].Detail || result.Conclusion == nil {
			return result.Rungs
		}
	}
	return nil
}

func (p *printer) conclusion(conclusion isolation.Conclusion) {
	text := p.bold(Clean(conclusion.Text))
	if grade := conclusion.Grade(); len(grade) > 0 {
		text += "  (" + strings.Join(grade, ", ") + ")"
	}
	p.line(0, p.mark(conclusion.Mark)+" "+text)
	if conclusion.Why != "" {
		p.line(2, Clean(isolation.ByFlags(conclusion.Why)))
	}
	if conclusion.Next != "" {
		p.line(2, "next: "+Clean(isolation.ByFlags(conclusion.Next)))
	}
	if conclusion.Command != "" {
		// A command to paste is never wrapped.
		p.out.WriteString("  " + CleanLines(conclusion.Command) + "\n")
	}
}

func (p *printer) arrow() string {
	if p.ASCII {
		return "-->"
	}
	return "──▶"
}

// RungTitle names a rung for a person.
func RungTitle(rung isolation.Rung) string {
	switch rung {
	case isolation.RungPod:
		return "Pod"
	case isolation.RungService:
		return "Service"
	case isolation.RungProxyService:
		return "Proxy→Service"
	case isolation.RungProxyPod:
		return "Proxy→Pod"
	case isolation.RungFromHere:
		return "From here"
	case isolation.RungInCluster:
		return "In-cluster"
	case isolation.RungSockets:
		return "Sockets"
	}
	return string(rung)
}

// OutcomeMark is the mark of an outcome. Only the rungs together tell what is at fault: a mark says what
// happened, not what it means.
func OutcomeMark(outcome isolation.Outcome) check.Mark {
	switch outcome {
	case isolation.OK:
		return check.MarkOK
	case isolation.Refused, isolation.Timeout, isolation.NoEndpoints:
		return check.MarkFail
	case isolation.Denied, isolation.Failed:
		return check.MarkUnknown
	}
	return check.MarkPending
}

// maxDetail is how wide what was seen on a rung may be beside it; more is told below.
const maxDetail = 64

// shortDetail is what was seen on a rung, or its outcome in a word where that is long.
func shortDetail(seen isolation.Observation) string {
	if detail := rungDetail(seen); cells(detail) <= maxDetail || seen.Outcome == "" {
		return detail
	}
	return outcomeWord(seen.Outcome)
}

func rungDetail(seen isolation.Observation) string {
	return Clean(cmp.Or(seen.Detail, outcomeWord(seen.Outcome)))
}

// outcomeWord is an outcome for a person.
func outcomeWord(outcome isolation.Outcome) string {
	switch outcome {
	case isolation.NotRun:
		return "not tried"
	case isolation.NoEndpoints:
		return "no endpoints"
	case isolation.Timeout:
		return "no answer in time"
	case isolation.Failed:
		return "it failed"
	}
	return string(outcome)
}
