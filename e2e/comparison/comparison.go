// Package comparison judges what several tools printed of the same Services, by rules that a reader can check, and
// writes the table. It runs no tool.
package comparison

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// Tools are the columns of the table, in their order.
var Tools = []string{"svctui", "kubectl", "k9s", "popeye"}

// Output is what a tool printed of one Service.
type Output struct {
	// Text is what it printed about that Service.
	Text string
	// Quote stands on the page instead, where the text is another tool's; empty for the text itself.
	Quote string
	// More is what it printed beside, about other objects of the namespace. It may name the fault as well; the page
	// counts its lines, and quotes those that do.
	More []string
	// Alarm tells whether it raised one about the Service: see AlarmInDescription for the tools that only describe.
	Alarm bool
	// Missing says why the tool was not asked; empty if it was.
	Missing string
}

// Case is one Service of a scenario, as every tool saw it.
type Case struct {
	Scenario, Service string
	// Why is the scenario's own sentence on what is, or is not, wrong.
	Why string
	// Faulty is false for those that only look like a fault.
	Faulty bool
	// Outputs are by the tools' names.
	Outputs map[string]Output
}

// Mark is the judgement on a tool in one case.
type Mark string

// The judgements. Those on a fault: Names, Symptom or Silent. Those on something healthy: Quiet or FalseAlarm.
const (
	Names      Mark = "names it"
	Symptom    Mark = "a symptom"
	Silent     Mark = "looks healthy"
	Quiet      Mark = "quiet"
	FalseAlarm Mark = "false alarm"
	NotAsked   Mark = "–"
)

//go:embed names.yaml
var namesFile []byte

// Namings say for each scenario by what words a text names its fault: the patterns must all match. A key is a scenario, or
// SCENARIO/SERVICE where its Services differ.
type Namings map[string][]*regexp.Regexp

// LoadNamings reads names.yaml.
func LoadNamings() (Namings, error) {
	var patterns map[string][]string
	if err := yaml.UnmarshalStrict(namesFile, &patterns); err != nil {
		return nil, fmt.Errorf("comparison: names.yaml: %w", err)
	}
	namings := Namings{}
	for key, list := range patterns {
		for _, pattern := range list {
			compiled, err := regexp.Compile("(?i)" + pattern)
			if err != nil {
				return nil, fmt.Errorf("comparison: names.yaml: %s: %w", key, err)
			}
			namings[key] = append(namings[key], compiled)
		}
	}
	return namings, nil
}

// Of are the patterns for a case; none where nobody has written them.
func (n Namings) Of(c Case) []*regexp.Regexp {
	if patterns, found := n[c.Scenario+"/"+c.Service]; found {
		return patterns
	}
	return n[c.Scenario]
}

// Judge is the mark of one tool in a case.
func (n Namings) Judge(c Case, tool string) Mark {
	output, asked := c.Outputs[tool]
	switch {
	case !asked || output.Missing != "":
		return NotAsked
	case !c.Faulty && output.Alarm:
		return FalseAlarm
	case !c.Faulty:
		return Quiet
	case matchesAll(n.Of(c), strings.Join(strings.Fields(output.Text+" "+strings.Join(output.More, " ")), " ")):
		return Names
	case output.Alarm:
		return Symptom
	default:
		return Silent
	}
}

func matchesAll(patterns []*regexp.Regexp, text string) bool {
	for _, pattern := range patterns {
		if !pattern.MatchString(text) {
			return false
		}
	}
	return len(patterns) > 0
}

// PartOf is what `svctui diagnose -A` prints of one Service that is not healthy; empty where it only counts it.
func PartOf(text, namespace, service string) string {
	head := regexp.MustCompile(`(?m)^[✗▲?✓] ` + regexp.QuoteMeta(namespace+"/"+service) + ` `).FindStringIndex(text)
	if head == nil {
		return ""
	}
	part := text[head[0]:]
	if next := regexp.MustCompile(`\n\n(?:[✗▲?✓] |\S)`).FindStringIndex(part); next != nil {
		part = part[:next[0]+1]
	}
	return part
}

// passing are the parts of an output that differ from one look to the next: ages, and how often an event came.
var passing = regexp.MustCompile(`\(x\d+ over [^)]*\)|\b(\d+[smhdy])+\b`)

// Alike tells whether two looks show the same, ages, line breaks and blanks aside.
func Alike(one, other string) bool { return lasting(one) == lasting(other) }

func lasting(text string) string {
	return strings.Join(strings.Fields(passing.ReplaceAllString(text, "")), "")
}

// Steady looks again until two looks that follow each other are alike and, where told is not nil, it holds for them: a screen may be caught
// while it is drawn. It is the last look after so many.
func Steady(looks int, look func() string, told func(string) bool) string {
	last := look()
	for range looks - 1 {
		next := look()
		if Alike(last, next) && (told == nil || told(next)) {
			return next
		}
		last = next
	}
	return last
}

// quoted are the lines of a description that tell one Service from another.
var quoted = regexp.MustCompile(`^(Name|Selector|Type|External Name|LoadBalancer Ingress|Port|TargetPort|NodePort|Endpoints|External Traffic Policy|Events):|^\s`)

// Shortened leaves out of a description what every Service has.
func Shortened(description string) string {
	var lines []string
	for line := range strings.Lines(description) {
		if quoted.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

var (
	endpointsLine = regexp.MustCompile(`(?m)^Endpoints:[ \t]*(.*?)[ \t]*$`)
	eventWarning  = regexp.MustCompile(`(?m)^\s*Warning\s`)
	externalName  = regexp.MustCompile(`(?m)^Type:\s+ExternalName`)
)

// AlarmInDescription tells whether `kubectl describe service` shows anything that makes a reader look further: a port
// without endpoints, where the type has any, or a warning among the events.
func AlarmInDescription(text string) bool {
	if eventWarning.MatchString(text) {
		return true
	}
	if externalName.MatchString(text) {
		return false
	}
	for _, match := range endpointsLine.FindAllStringSubmatch(text, -1) {
		if match[1] == "" || match[1] == "<none>" {
			return true
		}
	}
	return false
}
