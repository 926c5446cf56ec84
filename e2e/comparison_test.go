package e2e

import (
	"context"
	"debug/buildinfo"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/comparison"
	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// TestComparison writes docs/comparison.md; `cluster compare` calls it. The other tools are not part of this repository:
// the variables name their programs.
func TestComparison(t *testing.T) {
	file := os.Getenv(harness.CompareVariable)
	if file == "" {
		t.Skip("only `cluster compare` runs it")
	}
	c := harness.Use(t)
	namings, err := comparison.LoadNamings()
	if err != nil {
		t.Fatal(err)
	}
	// A load balancer that is pending and young does not stay young for as long as this takes.
	situations := slices.DeleteFunc(setUpAll(t, c), func(s situation) bool { return s.Name == "h23-lb-young" })
	diagnosis := judgeAll(t, c, situations)
	popeye := runPopeye(t, c)
	text := c.Svctui(t, "diagnose", "-A").Stdout
	var lock sync.Mutex
	var cases []comparison.Case
	forEach(situations, 3, func(s situation) {
		t.Run(s.Name, func(t *testing.T) {
			found := compareTools(t, c, s, diagnosis, text, popeye)
			lock.Lock()
			defer lock.Unlock()
			cases = append(cases, found...)
		})
	})
	slices.SortFunc(cases, func(a, b comparison.Case) int {
		return strings.Compare(a.Scenario+" "+a.Service, b.Scenario+" "+b.Service)
	})
	for _, found := range cases {
		t.Logf("%-28s %-32s %s", found.Scenario, found.Service, marksOf(found, namings))
	}
	if err := os.WriteFile(file, []byte(comparison.Write(cases, namings, toolVersions(t, c))), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compareTools is what the tools say of the Services of one scenario.
func compareTools(t *testing.T, c *harness.Cluster, s situation, diagnosis harness.Diagnosis, text string, popeye func(namespace, service string) comparison.Output) []comparison.Case {
	t.Helper()
	k9s := startK9s(t, c, s.namespace)
	defer k9s.close()
	var cases []comparison.Case
	for service, expected := range s.Services {
		namespace, name := s.locate(service)
		if namespace != s.namespace || s.Name[0] == 'f' && !expected.Told() {
			continue // a fault for a client that nobody has chosen here
		}
		found := comparison.Case{Scenario: s.Name, Service: name, Why: s.Why, Faulty: s.Name[0] == 'f'}
		kubectl := func(arguments ...string) string {
			result := c.RunProgram(t, harness.Run{Args: append(arguments, "-n", namespace)}, c.RequireOwn(t).Program("kubectl"))
			return result.Stdout + result.Stderr
		}
		listed, described := kubectl("get", "service", name), kubectl("describe", "service", name)
		slicesOf := kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name="+name)
		found.Outputs = map[string]comparison.Output{
			"svctui":  svctuiOutput(t, c, namespace, name, diagnosis, text, expected.Test != nil),
			"kubectl": {Text: listed + "\n" + comparison.Shortened(described) + "\n" + slicesOf, Alarm: comparison.AlarmInDescription(described) || strings.Contains(listed, "<pending>") || strings.Contains(listed, "NotFound")},
			"k9s":     k9s.output(name, described),
			"popeye":  popeye(namespace, name),
		}
		for tool, output := range found.Outputs {
			// The namespace is called after the scenario, which would name the fault by itself.
			output.Text = strings.ReplaceAll(output.Text, namespace, "NAMESPACE")
			output.Quote = strings.ReplaceAll(output.Quote, namespace, "NAMESPACE")
			for i := range output.More {
				output.More[i] = strings.ReplaceAll(output.More[i], namespace, "NAMESPACE")
			}
			found.Outputs[tool] = output
		}
		cases = append(cases, found)
	}
	return cases
}

func marksOf(c comparison.Case, namings comparison.Namings) string {
	var marks []string
	for _, tool := range comparison.Tools {
		marks = append(marks, tool+": "+string(namings.Judge(c, tool)))
	}
	return strings.Join(marks, ", ")
}

func toolVersions(t *testing.T, c *harness.Cluster) map[string]string {
	t.Helper()
	versions := map[string]string{"svctui": "this one", "kubectl": strings.TrimPrefix(strings.SplitN(c.Kubectl(t, "version", "--client"), "\n", 2)[0], "Client Version: ")}
	for tool, variable := range map[string]string{"k9s": harness.K9sVariable, "popeye": harness.PopeyeVariable} {
		versions[tool] = "not asked"
		if program := os.Getenv(variable); program != "" {
			versions[tool] = moduleVersion(program, "github.com/derailed/"+tool)
		}
	}
	return versions
}

// moduleVersion is the version of a module that a program was built from.
func moduleVersion(program, module string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "unknown"
	}
	for _, found := range append(info.Deps, &info.Main) {
		if found.Path == module && found.Version != "(devel)" {
			return found.Version
		}
	}
	return "unknown"
}

// svctuiOutput is what `diagnose -A` has of the Service, or, where that only counts it among the healthy ones, what it says of the
// Service alone.
func svctuiOutput(t *testing.T, c *harness.Cluster, namespace, name string, diagnosis harness.Diagnosis, text string, test bool) comparison.Output {
	t.Helper()
	output := comparison.Output{Text: comparison.PartOf(text, namespace, name)}
	if output.Text == "" {
		output.Text = c.Svctui(t, "diagnose", name, "-n", namespace).Stdout
	}
	if found := diagnosis.Find(namespace, name); found != nil {
		output.Alarm = found.Verdict == "fail" || found.Verdict == "warn"
	}
	if test {
		result := c.Svctui(t, "test", name, "-n", namespace)
		output.Text += result.Stdout
		output.Alarm = output.Alarm || result.Code == 1
	}
	return output
}

// runPopeye runs popeye, and returns what it said of a Service. It is asked for its section on Services alone, and once more
// for the others: in a whole report that section is another.
func runPopeye(t *testing.T, c *harness.Cluster) func(namespace, service string) comparison.Output {
	t.Helper()
	program := os.Getenv(harness.PopeyeVariable)
	if program == "" {
		return func(string, string) comparison.Output {
			return comparison.Output{Missing: harness.PopeyeVariable + " names no program"}
		}
	}
	ask := func(arguments ...string) comparison.PopeyeReport {
		run := harness.Run{Args: append(arguments, "-A", "-o", "json", "--force-exit-zero"), Limit: 5 * time.Minute}
		result := c.RunProgram(t, run, program)
		report, err := comparison.ParsePopeye([]byte(result.Stdout))
		if err != nil {
			t.Fatalf("%v\n%s", err, result)
		}
		return report
	}
	services, whole := ask("-s", "svc"), ask()
	return func(namespace, service string) comparison.Output {
		output := services.Of(namespace, service)
		output.More = whole.Of(namespace, service).More
		return output
	}
}

// k9sLooks is how often k9s is looked at: it draws what it knows by then, and goes on drawing.
const k9sLooks = 6

// k9sView is k9s with the Services of one namespace on the screen.
type k9sView struct {
	screen *terminal.Terminal
}

func startK9s(t *testing.T, c *harness.Cluster, namespace string) *k9sView {
	t.Helper()
	program := os.Getenv(harness.K9sVariable)
	if program == "" {
		return &k9sView{}
	}
	run := harness.Run{Args: []string{"--readonly", "--logoless", "--splashless", "--crumbsless", "-c", "svc", "-n", namespace}}
	screen := terminal.Start(t, c.Command(context.Background(), t, run, program), 200, 80)
	screen.WaitUntil("the list", 30*time.Second, func(shown string) bool {
		return strings.Contains(shown, "CLUSTER-IP") || strings.Contains(shown, "No resources found")
	})
	return &k9sView{screen: screen}
}

// output is the Service's row, and what `d` shows of it, which k9s has from kubectl's own code.
func (k *k9sView) output(name, described string) comparison.Output {
	if k.screen == nil {
		return comparison.Output{Missing: harness.K9sVariable + " names no program"}
	}
	look := func() string { return unframed(k.screen.WaitQuiet(time.Second, 30*time.Second)) }
	list := comparison.Steady(k9sLooks, look, func(list string) bool { return placeOf(name, list) >= 0 })
	place := placeOf(name, list)
	if place < 0 {
		return comparison.Output{Text: "(its list does not show the Service)"}
	}
	heading, rows, _ := strings.Cut(list, "\n")
	row := strings.Split(rows, "\n")[place]
	description := comparison.Steady(k9sLooks, func() string { return k.describe(name, place) }, nil)
	quote := ""
	if comparison.Alike(description, described) {
		description, quote = described, strings.Join([]string{heading, row, "(d shows the same as kubectl describe)"}, "\n")
	}
	alarm := comparison.AlarmInDescription(description) || strings.Contains(row, "<pending>")
	return comparison.Output{Text: strings.Join([]string{heading, row, comparison.Shortened(description)}, "\n"), Quote: quote, Alarm: alarm}
}

// placeOf is the place of the Service's row below the heading of k9s' list; -1 where there is none.
func placeOf(name, list string) int {
	_, rows, _ := strings.Cut(list, "\n")
	return slices.IndexFunc(strings.Split(rows, "\n"), func(row string) bool { return strings.HasPrefix(row, name+" ") })
}

// describe opens the description of the Service in that place of the list, and leaves it.
func (k *k9sView) describe(name string, place int) string {
	k.screen.Send("g" + strings.Repeat("j", place) + "d")
	k.screen.WaitUntil("the description of "+name, 20*time.Second, func(shown string) bool {
		return regexp.MustCompile(`Name: +`+regexp.QuoteMeta(name)+` `).MatchString(shown) && strings.Contains(shown, "Events:")
	})
	shown := k.screen.WaitQuiet(500*time.Millisecond, 20*time.Second)
	k.screen.Send(terminal.Esc)
	k.screen.WaitGone("Session Affinity", 10*time.Second)
	return unframed(shown)
}

// unframed takes the frame off, with the blank inside of it, and what stands above it.
func unframed(screen string) string {
	var lines []string
	for line := range strings.SplitSeq(screen, "\n") {
		if inner, found := strings.CutPrefix(strings.TrimSpace(line), "│"); found {
			lines = append(lines, strings.TrimPrefix(strings.TrimRight(strings.TrimSuffix(inner, "│"), " "), " "))
		}
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func (k *k9sView) close() {
	if k.screen != nil {
		k.screen.Close()
	}
}
