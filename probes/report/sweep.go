package report

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/isolation"
)

// WriteSweep writes a sweep over the Pods of one Service, as text or as the contract of `svctui test --all-pods -o json` has it. Style
// matters to Text only. The error is the writer's.
func WriteSweep(w io.Writer, result isolation.SweepResult, format Format, style Style) error {
	p := printer{Style: style}
	switch format {
	case JSON:
		out, err := EncodeJSON(isolation.SweepJSON(result, func(s string) string { return s }))
		if err != nil {
			return err
		}
		p.out.WriteString(out)
	case Text:
		p.sweep(result)
	default:
		return fmt.Errorf("unknown format %q: want one of %v", format, TestFormats())
	}
	_, err := io.WriteString(w, p.out.String())
	return err
}

// SweepProgress returns what to hand to isolation.Sweep, so that w is told how far it is, at most every tenth of the way.
func SweepProgress(w io.Writer) func(isolation.SweepResult) {
	told := 0
	return func(result isolation.SweepResult) {
		if result.Total == 0 || result.Conclusion != nil {
			return
		}
		if tenth := 10 * result.Done / result.Total; tenth > told {
			told = tenth
			fmt.Fprintf(w, "svctui: %d of %d tried\n", result.Done, result.Total)
		}
	}
}

func (p *printer) sweep(result isolation.SweepResult) {
	title := p.bold(Clean(result.Request.Service.Name)) + fmt.Sprintf("  %s  %s", p.arrow(), check.Counted(len(result.Pods), "Pod", "Pods"))
	if result.LeftOut > 0 {
		title += fmt.Sprintf(" (%d more left out; --max-pods 0 takes all)", result.LeftOut)
	}
	p.line(0, title)
	if len(result.Unprobed) > 0 {
		p.line(2, "not probed: "+Clean(strings.Join(result.Unprobed, ", ")))
	}
	p.out.WriteByte('\n')
	names, states, ports, wheres := 0, 0, 0, 0
	for _, pod := range result.Pods {
		names, states = max(names, cells(Clean(pod.Name))), max(states, cells(SweptState(pod)))
		for _, cell := range pod.Cells {
			wheres = max(wheres, cells(CellWhere(pod, cell)))
			if len(pod.Cells) > 1 { // two may lead to one address
				ports = max(ports, cells(Clean(cell.Port)))
			}
		}
	}
	for _, pod := range result.Pods {
		head := pad(Clean(pod.Name), names) + "  " + pad(SweptState(pod), states)
		if pod.Idle != "" {
			p.out.WriteString(fmt.Sprintf("  %s %s  not tried: %s\n", p.mark(check.MarkPending), head, Clean(pod.Idle)))
			continue
		}
		for i, cell := range pod.Cells {
			if i > 0 {
				head = strings.Repeat(" ", cells(head))
			}
			where := CellWhere(pod, cell)
			if port := Clean(cell.Port); ports > 0 {
				if where == port {
					where = ""
				}
				where = pad(port, ports) + "  " + pad(where, wheres)
			}
			line := fmt.Sprintf("  %s %s  %s  %s", p.mark(CellMark(cell)), head, pad(where, wheres), Clean(CellText(cell)))
			p.out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	if conclusion := result.Conclusion; conclusion != nil {
		if len(result.Pods) > 0 {
			p.out.WriteByte('\n')
		}
		p.conclusion(*conclusion)
	}
}

// CellWhere is the address that was dialled, or the port's name where that leads to none.
func CellWhere(pod isolation.SweptPod, cell isolation.Cell) string {
	if cell.PodPort == 0 || pod.IP == "" {
		return Clean(cell.Port)
	}
	return net.JoinHostPort(Clean(pod.IP), strconv.Itoa(int(cell.PodPort)))
}

// CellMark is the mark of a cell of a sweep; one that was not tried is pending.
func CellMark(cell isolation.Cell) check.Mark {
	if cell.Mark == check.MarkNone {
		return check.MarkPending
	}
	return cell.Mark
}

// CellText says what was seen at a port of a Pod, with the finding that it amounts to.
func CellText(cell isolation.Cell) string {
	text := cell.Text
	switch {
	case cell.Running:
		return "running …"
	case cell.Mark == check.MarkNone:
		return "not tried"
	case cell.ID != "":
		text = cell.ID + " " + strings.TrimSuffix(text, ".")
	}
	if cell.Mark == check.MarkOK && cell.NoTraffic {
		text += "; the Service sends it nothing"
	}
	return text
}

// SweptState says in a few words whether a Pod is Ready, and what the EndpointSlices say of it where that is another thing.
func SweptState(pod isolation.SweptPod) string {
	state := "not Ready"
	if pod.Ready {
		state = "Ready"
	}
	switch {
	case pod.Terminating && pod.Serving:
		state += ", terminating, serving"
	case pod.Terminating:
		state += ", terminating"
	case pod.Unlisted:
		state += ", in no slice"
	}
	return state
}
