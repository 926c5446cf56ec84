package comparison

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// popeyeSingleEndpoint says that a Service has one endpoint. It is an advice, though popeye calls it a warning: counted as
// an alarm it would be a false one on most Services, and on faulty ones one that has nothing to do with the fault.
const popeyeSingleEndpoint = "[POP-1109]"

// PopeyeWarning is the level from which popeye counts something as a problem: 2 is a warning, 3 an error.
const PopeyeWarning = 2

// PopeyeReport is popeye's output as JSON.
type PopeyeReport struct {
	Popeye struct {
		Sections []struct {
			Linter string `json:"linter"`
			Issues map[string][]struct {
				Level   int    `json:"level"`
				Message string `json:"message"`
			} `json:"issues"`
		} `json:"sections"`
	} `json:"popeye"`
}

// ParsePopeye reads popeye's output, which may begin with a banner.
func ParsePopeye(output []byte) (PopeyeReport, error) {
	var report PopeyeReport
	begin := bytes.IndexByte(output, '{')
	if begin < 0 {
		return report, fmt.Errorf("comparison: popeye printed no JSON: %q", output)
	}
	if err := json.Unmarshal(output[begin:], &report); err != nil {
		return report, fmt.Errorf("comparison: popeye's JSON: %w", err)
	}
	return report, nil
}

// Of is what popeye said of a Service: the text and the alarm are those about the Service itself, and more is what it
// warned of in the namespace, so that a Pod's fault counts as named where the Pods' section names it.
func (r PopeyeReport) Of(namespace, service string) Output {
	var output Output
	var lines []string
	for _, section := range r.Popeye.Sections {
		for object, issues := range section.Issues {
			its := section.Linter == "services" && object == namespace+"/"+service
			if !its && !strings.HasPrefix(object, namespace+"/") {
				continue
			}
			for _, issue := range issues {
				line := fmt.Sprintf("%s %s: level %d %s", section.Linter, object, issue.Level, issue.Message)
				alarm := issue.Level >= PopeyeWarning && !strings.Contains(issue.Message, popeyeSingleEndpoint)
				switch {
				case its:
					lines = append(lines, line)
					output.Alarm = output.Alarm || alarm
				case alarm:
					output.More = append(output.More, line)
				}
			}
		}
	}
	slices.Sort(lines)
	output.Text = strings.Join(slices.Compact(lines), "\n")
	slices.Sort(output.More)
	output.More = slices.Compact(output.More)
	return output
}
