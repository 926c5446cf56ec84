package isolation

import "github.com/svctui/svctui/probes/check"

// The JSON contract of `svctui test --all-pods -o json`: one object.
type sweepJSON struct {
	Namespace string   `json:"namespace"`
	Service   string   `json:"service"`
	Ports     []string `json:"ports"`
	Unprobed  []string `json:"unprobed,omitempty"`
	Tested    int      `json:"tested"`
	Answering int      `json:"answering"`
	LeftOut   int      `json:"leftOut"`
	// SlicesKnown tells whether listed, serving and usable could be told.
	SlicesKnown bool            `json:"slicesKnown"`
	Pods        []sweptJSON     `json:"pods"`
	Conclusion  *conclusionJSON `json:"conclusion,omitempty"`
}

type sweptJSON struct {
	Pod         string     `json:"pod"`
	IP          string     `json:"ip,omitempty"`
	Node        string     `json:"node,omitempty"`
	Ready       bool       `json:"ready"`
	Listed      bool       `json:"listed"`
	Serving     bool       `json:"serving"`
	Terminating bool       `json:"terminating"`
	NotTried    string     `json:"notTried,omitempty"`
	Ports       []cellJSON `json:"ports"`
}

type cellJSON struct {
	Port    string     `json:"port"`
	PodPort int32      `json:"podPort,omitempty"`
	Usable  bool       `json:"usable"`
	Result  string     `json:"result"`
	ID      string     `json:"id,omitempty"`
	Text    string     `json:"text,omitempty"`
	Rungs   []rungJSON `json:"rungs"`
}

// SweepJSON returns what `svctui test --all-pods -o json` marshals; clean says how the cluster's strings are cleaned.
func SweepJSON(result SweepResult, clean func(string) string) any {
	t := result.tally()
	out := sweepJSON{
		Namespace: clean(result.Request.Service.Namespace), Service: clean(result.Request.Service.Name), Ports: []string{}, Tested: t.tried,
		Answering: t.answering, LeftOut: result.LeftOut, Pods: []sweptJSON{}, Conclusion: conclusionOf(result.Conclusion, clean),
	}
	out.SlicesKnown = result.SlicesKnown
	for _, port := range result.Ports {
		out.Ports = append(out.Ports, clean(port))
	}
	for _, port := range result.Unprobed {
		out.Unprobed = append(out.Unprobed, clean(port))
	}
	for _, pod := range result.Pods {
		swept := sweptJSON{
			Pod: clean(pod.Name), IP: clean(pod.IP), Node: clean(pod.Node), Ready: pod.Ready, Listed: pod.Listed, Serving: pod.Serving,
			Terminating: pod.Terminating, NotTried: clean(pod.Idle), Ports: []cellJSON{},
		}
		for _, cell := range pod.Cells {
			entry := cellJSON{Port: clean(cell.Port), PodPort: cell.PodPort, Usable: cell.Usable, Result: "not-run", ID: cell.ID, Text: clean(cell.Text), Rungs: rungsOf(cell.Rungs, clean)}
			if cell.Mark != check.MarkNone {
				entry.Result = markName(cell.Mark)
			}
			swept.Ports = append(swept.Ports, entry)
		}
		out.Pods = append(out.Pods, swept)
	}
	return out
}

// SweepExitCode is the exit code of `svctui test --all-pods`: as ExitCode.
func SweepExitCode(result SweepResult) int {
	return ExitCode([]Result{{Conclusion: result.Conclusion}})
}
