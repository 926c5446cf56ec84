package e2e

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/scenarios"
)

// judgeLimit is how long svctui may take to reach every verdict, once every situation stands: its guard
// times, and rest for two cores.
const judgeLimit = 90 * time.Second

// quietTime is longer than the guard time within which svctui calls nothing a fault that it reads from
// slices: a false alarm on a healthy Service has had its chance then.
const quietTime = 12 * time.Second

// situation is a scenario that stands on the cluster.
type situation struct {
	*scenarios.Scenario
	namespace string
}

// locate finds a Service of a scenario's expectations.
func (s situation) locate(service string) (namespace, name string) {
	if namespace, name, found := strings.Cut(service, "/"); found {
		return namespace, name
	}
	return s.namespace, service
}

// compare tells in what a diagnosis differs from what the scenario expects.
func (s situation) compare(diagnosis harness.Diagnosis) error {
	var problems []error
	for service, expected := range s.Services {
		if err := harness.Compare(expected, diagnosis.Find(s.locate(service))); err != nil {
			problems = append(problems, fmt.Errorf("service %s: %w", service, err))
		}
	}
	return errors.Join(problems...)
}

// setUpAll brings every scenario about, each in a namespace of its own, a few at a time.
func setUpAll(t *testing.T, c *harness.Cluster) []situation {
	t.Helper()
	all, err := scenarios.All()
	if err != nil {
		t.Fatal(err)
	}
	var situations []situation
	for _, scenario := range all {
		if !selected(scenario.Name) {
			continue
		}
		if c.Own != nil && scenario.Nodes > c.Own.Nodes {
			t.Logf("%s needs %d nodes and is left out", scenario.Name, scenario.Nodes)
			continue
		}
		if lacks := slices.IndexFunc(scenario.Kinds, func(kind string) bool { return !c.Serves(kind) }); lacks >= 0 {
			t.Logf("%s needs the kind %s and is left out", scenario.Name, scenario.Kinds[lacks])
			continue
		}
		s := situation{scenario, c.NamespaceNamed(t, "e2e-"+scenario.Name+"-")}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := s.Remove(ctx, c.Client, s.namespace); err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
		})
		situations = append(situations, s)
	}
	var lock sync.Mutex
	var problems []error
	forEach(situations, 8, func(s situation) {
		err := s.SetUp(t.Context(), c.Client, s.namespace)
		lock.Lock()
		defer lock.Unlock()
		problems = append(problems, err)
	})
	if err := errors.Join(problems...); err != nil {
		t.Fatal(err)
	}
	for _, s := range situations {
		if s.Name[0] == 'h' {
			c.Wait(t, s.namespace, time.Minute, objects.Condition{Settled: settledFor(quietTime)})
		}
	}
	return situations
}

// selected tells whether -run asks for the scenario: TestScenarios/f03 brings only those about.
func selected(scenario string) bool {
	_, pattern, found := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
	if !found {
		return true
	}
	pattern, _, _ = strings.Cut(pattern, "/")
	matched, err := regexp.MatchString(pattern, scenario)
	return err != nil || matched
}

// TestScenarios brings every scenario about at once and compares what one `svctui diagnose -A` says of them.
func TestScenarios(t *testing.T) {
	c := harness.Use(t)
	c.Binary(t)
	situations := setUpAll(t, c)

	diagnosis := judgeAll(t, c, situations)
	forEach(situations, 4, func(s situation) {
		t.Run(s.Name, func(t *testing.T) {
			if err := s.compare(diagnosis); err != nil {
				t.Errorf("%s\n%v", s.Why, err)
			}
			for service, expected := range s.Services {
				checkOneService(t, c, s, service, expected)
			}
		})
	})
	checkSummary(t, diagnosis)
	checkFewRights(t, c, situations)
	pasteFixes(t, c, situations, diagnosis)
}

// judgeAll asks svctui until what it says is what the scenarios expect, and returns its last word.
func judgeAll(t *testing.T, c *harness.Cluster, situations []situation) harness.Diagnosis {
	t.Helper()
	var diagnosis harness.Diagnosis
	ctx, cancel := context.WithTimeout(t.Context(), judgeLimit)
	defer cancel()
	// Whatever is still wrong at the end is told scenario by scenario.
	_ = objects.Eventually(ctx, func(context.Context) error {
		result := c.Svctui(t, "diagnose", "-A", "-o", "json")
		diagnosis = harness.Diagnosis{}
		result.Decode(t, &diagnosis)
		if want := exitCode(diagnosis); result.Code != want {
			t.Fatalf("diagnose: want exit code %d for %+v\n%s", want, diagnosis.Summary, result)
		}
		for _, s := range situations {
			if err := s.compare(diagnosis); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		return nil
	})
	return diagnosis
}

// forEach does it for each situation, so many at a time, and returns when all is done.
func forEach(situations []situation, atOnce int, do func(situation)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, s := range situations {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(s)
		})
	}
	group.Wait()
}

// exitCode is what diagnose ends with: 1 for anything red, else 2 for anything unknown, else 0.
func exitCode(diagnosis harness.Diagnosis) int {
	switch {
	case diagnosis.Summary.Fail > 0:
		return 1
	case diagnosis.Summary.Unknown > 0:
		return 2
	default:
		return 0
	}
}

// checkOneService asks for one Service alone, whose exit code follows its verdict, and runs its isolation test.
func checkOneService(t *testing.T, c *harness.Cluster, s situation, service string, expected scenarios.Expectation) {
	t.Helper()
	namespace, name := s.locate(service)
	codes := map[string]int{"fail": 1, "warn": 0, "ok": 0, "unknown": 2}
	if result := c.Svctui(t, "diagnose", name, "-n", namespace); result.Code != codes[expected.Verdict] {
		t.Errorf("diagnose %s: want exit code %d\n%s", name, codes[expected.Verdict], result)
	}
	checkRow(t, c, namespace, name, expected)
	if expected.Test == nil {
		return
	}
	result := c.Svctui(t, "test", name, "-n", namespace, "-o", "json")
	if result.Code != expected.Test.Exit {
		t.Errorf("test %s: want exit code %d\n%s", name, expected.Test.Exit, result)
	}
	var ports []harness.PortTest
	result.Decode(t, &ports)
	if len(ports) == 0 {
		t.Fatalf("test %s: no port was tested\n%s", name, result)
	}
	if err := harness.CompareTest(*expected.Test, ports[0]); err != nil {
		t.Errorf("test %s: %v", name, err)
	}
}

// checkRow looks at the Service's row in the list: its mark, and what HEALTH says.
func checkRow(t *testing.T, c *harness.Cluster, namespace, name string, expected scenarios.Expectation) {
	t.Helper()
	mark := map[string]string{"fail": "✗", "warn": "▲", "unknown": "?", "ok": "✓", "partial": "·"}[cmp.Or(expected.Row, expected.Verdict)]
	screen := c.Terminal(t, 120, 30, "-n", namespace)
	what := fmt.Sprintf("the row of %s with %s and %q", name, mark, expected.Health)
	shown := func(screen string) bool {
		return slices.ContainsFunc(strings.Split(screen, "\n"), func(line string) bool {
			fields := strings.Fields(strings.TrimLeft(line, "▌ "))
			return len(fields) > 1 && fields[0] == mark && isShortFor(fields[1], name) && strings.Contains(line, expected.Health)
		})
	}
	screen.WaitUntil(what, 20*time.Second, shown)
	if last := screen.WaitQuiet(500*time.Millisecond, 20*time.Second); !shown(last) {
		t.Errorf("%s was there for a moment only:\n%s", what, last)
	}
	screen.Send("q")
	if code := screen.WaitExit(10 * time.Second); code != 0 {
		t.Errorf("the screen ended with exit code %d", code)
	}
	if err := screen.Restored(); err != nil {
		t.Error(err)
	}
}

// isShortFor tells whether a text is the name, or the name with its middle cut out.
func isShortFor(text, name string) bool {
	begin, end, cut := strings.Cut(text, "…")
	return text == name || cut && strings.HasPrefix(name, begin) && strings.HasSuffix(name, end)
}

func checkSummary(t *testing.T, diagnosis harness.Diagnosis) {
	t.Helper()
	if diagnosis.APIVersion != "svctui/v1" {
		t.Errorf("apiVersion %q", diagnosis.APIVersion)
	}
	count := harness.Summary{Services: len(diagnosis.Services)}
	for _, service := range diagnosis.Services {
		switch service.Verdict {
		case "fail":
			count.Fail++
		case "warn":
			count.Warn++
		case "unknown":
			count.Unknown++
		case "ok":
			count.OK++
		}
	}
	if diagnosis.Summary != count {
		t.Errorf("summary %+v, the Services say %+v", diagnosis.Summary, count)
	}
}
