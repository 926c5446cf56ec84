package check

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/svctui/svctui/kube/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// situation is what a namespace holds, the Service in question first, and what is to be said of it.
type situation struct {
	objects objects
	// want are the findings, each as "PORT-01 critical proven", in their order, with commas between; empty for none.
	want string
	// without are kinds that may not be read, and coming those that are on their way.
	without, coming []model.Kind
}

// testSituations holds what is found in each situation, and by a golden file every word that is said of it: what a change does to what
// people read is seen in review.
func testSituations(t *testing.T, golden string, situations map[string]situation) {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(situations)) {
		test := situations[name]
		builder := cluster(test.objects...)
		for _, kind := range test.without {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Forbidden})
		}
		for _, kind := range test.coming {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Syncing})
		}
		report := Judge(input(builder), keyOf(test.objects[0]))
		var found []string
		for i := range report.Findings {
			finding := &report.Findings[i]
			found = append(found, fmt.Sprintf("%s %s %s", finding.ID, finding.Severity, finding.Confidence))
		}
		if got := strings.Join(found, ", "); got != test.want {
			t.Errorf("%s: found %q, want %q: %s", name, got, test.want, told(report))
		}
		fmt.Fprintf(&text, "# %s\n%s\n", name, inFull(report))
	}
	compareGolden(t, golden, text.String())
}

// compareGolden compares a text with testdata/NAME.golden.
func compareGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; `go test ./probes/check -update` writes it", err)
	}
	if string(golden) == text {
		return
	}
	got, want := strings.Split(text, "\n"), strings.Split(string(golden), "\n")
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			about := ""
			for _, line := range got[:i+1] {
				if strings.HasPrefix(line, "# ") {
					about = line
				}
			}
			t.Fatalf("%s:%d: under %q is now said\n%s\n`go test ./probes/check -update` writes it anew, where that is meant", path, i+1, about, got[i])
		}
	}
	t.Fatalf("%s holds more than is said now", path)
}

// madeUp are the addresses that the fixtures count up for Pods, whatever test comes first.
var madeUp = regexp.MustCompile(`\b10\.4\.\d+\.\d+\b`)

// inFull is all that a report says.
func inFull(report *Report) string {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	line("%s, %d of %d usable%s%s", report.Verdict, report.Usable, report.Selected, since(report.Since), again(report.Again))
	line("  %s", routeText(report.Route))
	line("  %s", stepsText(report.Steps))
	for i := range report.Findings {
		writeFinding(line, &report.Findings[i])
	}
	for i := range report.Unchecked {
		unchecked := &report.Unchecked[i]
		line("unchecked: %s (%s), %s: not %v, less of %v", unchecked.Need, unchecked.Coverage.State, unchecked.What, unchecked.Check, unchecked.Less)
	}
	for i := range report.Suffers {
		line("suffers: %s %s/%s by %s", report.Suffers[i].Kind, report.Suffers[i].Namespace, report.Suffers[i].Name, report.Suffers[i].Field)
	}
	return madeUp.ReplaceAllString(text.String(), "10.4.x.x")
}

func writeFinding(line func(string, ...any), finding *Finding) {
	settling := ""
	if finding.Settling {
		settling = ", settling"
	}
	line("%s %s %s, %s%s%s%s: %s", finding.ID, finding.Severity, finding.Confidence, finding.Step, settling, since(finding.Since), again(finding.Again), finding.Short)
	line("  %s", finding.Title)
	if finding.Why != "" {
		line("  %s", finding.Why)
	}
	if finding.Cause != nil {
		line("  cause, %s: %s", finding.Cause.Confidence, finding.Cause.Text)
	}
	for _, evidence := range finding.Evidence {
		line("  %s %s/%s %s: %s", evidence.Kind, evidence.Namespace, evidence.Name, evidence.Field, evidence.Value)
	}
	if fix := finding.Fix; fix != nil {
		for _, part := range []string{fix.Command, fix.Note} {
			if part != "" {
				line("  fix: %s", part)
			}
		}
		if fix.Look {
			line("  fix: only looks")
		}
	}
	if len(finding.Follows) > 0 {
		line("  follows %v", finding.Follows)
	}
}

func since(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return fmt.Sprintf(", since %s", now.Sub(at))
}

func again(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return fmt.Sprintf(", again in %s", at.Sub(now))
}

// TestFaultsInFull holds every word that is said of the faults.
func TestFaultsInFull(t *testing.T) {
	t.Parallel()
	for golden, family := range map[string]map[string]fault{
		"faults_service": serviceFaults(), "faults_selector": selectorFaults(), "faults_workload": workloadFaults(),
		"faults_pods": podFaults(), "faults_ports": portFaults(), "faults_slices": sliceFaults(),
	} {
		var text strings.Builder
		for _, name := range slices.Sorted(maps.Keys(family)) {
			objects := family[name].objects
			fmt.Fprintf(&text, "# %s\n%s\n", name, inFull(judge(t, objects[0].GetName(), objects...)))
		}
		compareGolden(t, golden, text.String())
	}
}

// recorded gathers the reports of a table, by the name of its row.
type recorded struct {
	mutex sync.Mutex
	texts map[string]string
}

// recordings has an entry for each test that records.
var recordings sync.Map

// record holds every word of a report of a table by a golden file of the test: beside what the row itself asks for, a change that is
// not meant is seen.
func record(t *testing.T, name string, report *Report) {
	t.Helper()
	value, loaded := recordings.LoadOrStore(t.Name(), &recorded{texts: map[string]string{}})
	all := value.(*recorded)
	if !loaded {
		t.Cleanup(func() {
			recordings.Delete(t.Name())
			var text strings.Builder
			for _, name := range slices.Sorted(maps.Keys(all.texts)) {
				fmt.Fprintf(&text, "# %s\n%s\n", name, all.texts[name])
			}
			compareGolden(t, strings.ReplaceAll(t.Name(), "/", "_"), text.String())
		})
	}
	all.mutex.Lock()
	defer all.mutex.Unlock()
	for all.texts[name] != "" {
		name += " again"
	}
	all.texts[name] = inFull(report)
}
