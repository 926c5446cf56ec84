package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

func (p *isolationPage) view(sh *shell, width, height int) string {
	t := &sh.theme
	if width <= 0 || height <= 0 {
		return ""
	}
	if !p.began {
		return "\n   " + t.dim.on("Cannot test: "+firstReason(sh.notConnected(), "not started")+".")
	}
	return p.scrolled(t, p.arranged(sh, width, height), width, height)
}

// roomyHeight is from where on the rungs stand above what they amount to, as they come; below, that is what has to be seen.
const roomyHeight = 24

// arranged is the page, as high as it gets: the rungs and below them the conclusion, or, where that would not fit, the other way about.
func (p *isolationPage) arranged(sh *shell, width, height int) []string {
	t := &sh.theme
	route, rungs, told := p.route(sh, width), rungTable(t, p.result, width), conclude(t, p.result, p.running, width)
	if outdated := p.outdated(sh); outdated != "" {
		told.verdict = append(told.verdict, underVerdict(t.warn, "outdated: "+clean(outdated)+"; r tests again", width)...)
	}
	client := p.aboutClient(sh, width)
	if finding := p.barsClient(sh); finding != nil {
		told.forClient(t, clientName(sh.client), finding, width)
	}
	full, do := slices.Concat(told.verdict, told.reasons), slices.Concat(told.next, told.command)
	roomy := paragraphs(route, rungs, full, told.next, told.command, told.aside, client)
	if len(roomy) <= height && height >= roomyHeight {
		return roomy
	}
	for _, lines := range [][]string{
		paragraphs(route, full, do, rungs, told.aside, client),
		paragraphs(slices.Concat(route, full, do), slices.Concat(rungs, told.aside, client)),
	} {
		if len(lines) <= height {
			return lines
		}
	}
	return paragraphs(slices.Concat(route, told.verdict, do), rungs, told.reasons, told.aside, client)
}

// barsClient is the gravest of what keeps the chosen client from the Service, where the conclusion does not tell it; nil for nothing, and where the
// client was served all the same.
func (p *isolationPage) barsClient(sh *shell) *check.Finding {
	told := p.result.Conclusion
	if told == nil || told.ClientServed && p.result.Request.Client == sh.client.Pod {
		return nil
	}
	var gravest *check.Finding
	judged := p.client.gather(sh, p.request.Service)
	for i := range judged.Findings {
		finding := &judged.Findings[i]
		if (finding.Red() || finding.Amber()) && !tells(told, finding) && (gravest == nil || finding.Severity > gravest.Severity) {
			gravest = finding
		}
	}
	return gravest
}

// tells whether a conclusion says what a finding does, be it within a sentence.
func tells(told *isolation.Conclusion, finding *check.Finding) bool {
	return strings.Contains(told.Text+told.Why, strings.TrimSuffix(finding.Title, "."))
}

// aboutClient tells what keeps the chosen client from the Service, and not again what the conclusion says of that.
func (p *isolationPage) aboutClient(sh *shell, width int) []string {
	judged := p.client.gather(sh, p.request.Service)
	if told := p.result.Conclusion; told != nil {
		left := slices.DeleteFunc(slices.Clone(judged.Findings), func(finding check.Finding) bool { return tells(told, &finding) })
		if len(left)+len(judged.Unchecked) == 0 && len(judged.Findings) > 0 {
			return nil
		}
		judged.Findings = left
	}
	if above := p.barsClient(sh); above != nil {
		// What to do about it stands beside the conclusion.
		judged.Findings = slices.Clone(judged.Findings)
		for i := range judged.Findings {
			if finding := &judged.Findings[i]; finding.ID == above.ID && finding.Title == above.Title {
				finding.Fix = nil
			}
		}
	}
	lines := drawClient(sh, p.request.Service, judged, width-8)
	for i, line := range lines {
		lines[i] = conclusionIndent + line
	}
	return lines
}

// paragraphs joins lines with an empty one between what is not empty.
func paragraphs(all ...[]string) []string {
	var lines []string
	for _, some := range all {
		if len(some) > 0 && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, some...)
	}
	return lines
}

// outdated says what has changed since the test in a way that bears on its conclusion; empty for nothing.
func (p *isolationPage) outdated(sh *shell) string {
	for _, test := range sh.tests[p.result.Request.Service] {
		if test.port == p.result.Request.Port && test.client == p.result.Request.Client && !p.running && p.result.Conclusion != nil {
			return test.outdated
		}
	}
	return ""
}

// scrolled draws what fits, and says when there is more.
func (p *isolationPage) scrolled(t *theme, lines []string, width, height int) string {
	p.most = max(0, len(lines)-height)
	p.offset = max(0, min(p.offset, p.most))
	lines = lines[p.offset:]
	if len(lines) > height {
		lines = append(lines[:height-1:height-1], "   "+t.dim.on(fmt.Sprintf("↓ %d lines more, PgDn", len(lines)-height+1)))
	}
	return strings.Join(fitLines(lines, width, height), "\n")
}

// route is the line that says what is tested: port, Pod, request, protocol.
func (p *isolationPage) route(sh *shell, width int) []string {
	t := &sh.theme
	request := p.result.Request
	from := clean(request.Service.Name) + ":" + clean(cmp.Or(p.portNow(sh), "…"))
	var lines []string
	line := "   " + t.strong.on(shorten(from, width-4))
	if request.Pod != "" {
		to := clean(request.Pod)
		if p.result.PodPort > 0 {
			to += fmt.Sprintf(":%d", p.result.PodPort)
		}
		arrow := t.rule.on(glyphArrow) + "  "
		if cells(line)+2+cells(arrow)+cells(to) < width {
			line += "  " + arrow + t.strong.on(to)
		} else {
			lines = append(lines, line)
			line = "   " + arrow + t.strong.on(shorten(to, width-4-cells(arrow)))
		}
	}
	var how []string
	if request.Path != "" && strings.HasPrefix(p.result.Protocol, "http") {
		how = append(how, t.dim.on("GET ")+clean(request.Path))
	}
	if request.Host != "" {
		how = append(how, t.dim.on("Host ")+clean(request.Host))
	}
	if p.result.Protocol != "" {
		how = append(how, t.dim.on(clean(p.result.Protocol)))
	}
	lines = append(lines, line)
	last := &lines[len(lines)-1]
	if rest := strings.Join(how, "   "); rest != "" {
		switch spare := width - cells(line) - cells(rest); {
		case spare >= 6:
			*last += "      " + rest
		case spare >= 3:
			*last += "  " + rest
		default:
			lines = append(lines, "   "+cut(rest, width-4))
		}
	}
	if ports := p.ports(sh); len(ports) > 1 {
		for i, port := range ports {
			mark := p.portMark(sh, port)
			if port == p.portNow(sh) {
				ports[i] = t.strong.on("[") + mark + t.strong.on(port+"]")
			} else {
				ports[i] = mark + t.dim.on(port)
			}
		}
		lines = append(lines, "   "+cut(t.dim.on("ports ")+strings.Join(ports, " ")+t.dim.on("   Tab tests the next"), width-4))
	}
	return lines
}

// portMark is the sign of what the last test of a port came to; nothing where none was, or it says nothing any more.
func (p *isolationPage) portMark(sh *shell, number string) string {
	service := sh.state.Snapshot.Service(p.request.Service)
	for _, test := range sh.testsOf(p.request.Service) {
		if test.outdated != "" || !sh.counts(test) {
			continue
		}
		for _, port := range service.Spec.Ports {
			if fmt.Sprint(port.Port) == number && (test.port == port.Name || test.port == number) {
				glyph, paint := sh.theme.mark(test.conclusion.Mark)
				return paint.on(glyph)
			}
		}
	}
	return ""
}
