// Command mutate tells how well the tests of packages hold their conditions: it changes one condition at a time, and sees
// whether a test notices. A change that none notices is a condition that could be wrong.
//
// All mutants of a package are written into one copy of it, each behind a switch, and that is built once, by an overlay: the files themselves
// are never touched. Of each test is noted which mutants it runs past, and a mutant is then tried by these tests alone.
// Survivors that cannot matter are told with the reason in docs/mutants.md, and pass.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

type options struct {
	folder, accepted string
	only             []string
	budget, limit    time.Duration
	memory           int64
	workers          int
	verbose          bool
}

func main() {
	var o options
	var folders, only string
	flag.StringVar(&folders, "dir", "probes/check,probes/isolation", "folders of the packages")
	flag.StringVar(&only, "files", "", "mutate these files only, e.g. ports.go,selector.go; patterns too")
	flag.StringVar(&o.accepted, "accepted", "docs/mutants.md", "survivors that cannot matter")
	flag.DurationVar(&o.budget, "budget", 30*time.Minute, "stop after this time, and say what is left")
	flag.DurationVar(&o.limit, "limit", 20*time.Second, "a mutant whose tests take longer is noticed")
	flag.Int64Var(&o.memory, "memory", 1<<30, "a mutant whose tests hold more bytes is noticed")
	flag.IntVar(&o.workers, "workers", 1, "mutants that are tried at a time")
	flag.BoolVar(&o.verbose, "v", false, "name each mutant with what became of it")
	flag.Parse()
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	survivors, err := runAll(o, strings.Split(folders, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

// runAll tries the packages one after the other. Those that have none of the files that are meant are passed over.
func runAll(o options, folders []string) (survivors int, err error) {
	tried := false
	for _, o.folder = range folders {
		left, err := run(o)
		if errors.Is(err, errNothingMeant) {
			continue
		}
		if err != nil {
			return survivors, fmt.Errorf("%s: %w", o.folder, err)
		}
		tried, survivors = true, survivors+left
	}
	if !tried {
		return 0, errNothingMeant
	}
	return survivors, nil
}

var errNothingMeant = errors.New("no file to mutate")

func run(o options) (survivors int, err error) {
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)
	mutants, overlay, err := overlayOf(o, scratch)
	if err != nil {
		return 0, err
	}
	binary := filepath.Join(scratch, "tests")
	build := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", binary, "./"+o.folder)
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building with mutants: %w\n%s", err, out)
	}
	tests, err := testsOf(o, binary, scratch)
	if err != nil {
		return 0, err
	}
	accepted, err := readAccepted(o.accepted, o.folder)
	if err != nil {
		return 0, err
	}
	results := try(o, binary, mutants, tests)
	return tell(o, mutants, results, accepted), nil
}

// overlayOf writes the mutated copies, and the file that says what lies over what.
func overlayOf(o options, scratch string) (mutants []mutant, overlay string, err error) {
	paths, err := filepath.Glob(filepath.Join(o.folder, "*.go"))
	if err != nil {
		return nil, "", err
	}
	replace := map[string]string{}
	packageName := ""
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "catalogue") || !meant(o.only, name) {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, "", err
		}
		mutated, found, err := mutate(name, source, len(mutants)+1)
		if err != nil {
			return nil, "", err
		}
		mutants = append(mutants, found...)
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, "", err
		}
		replace[absolute] = filepath.Join(scratch, name)
		if err := os.WriteFile(replace[absolute], mutated, 0o600); err != nil {
			return nil, "", err
		}
		packageName = packageOf(source)
	}
	if len(mutants) == 0 {
		return nil, "", errNothingMeant
	}
	switches, err := filepath.Abs(filepath.Join(o.folder, "mutant_switches.go"))
	if err != nil {
		return nil, "", err
	}
	replace[switches] = filepath.Join(scratch, "mutant_switches.go")
	if err := os.WriteFile(replace[switches], fmt.Appendf(nil, switchSource, packageName, len(mutants)+1), 0o600); err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, "", err
	}
	overlay = filepath.Join(scratch, "overlay.json")
	return mutants, overlay, os.WriteFile(overlay, text, 0o600)
}

func meant(only []string, name string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(pattern string) bool {
		matched, err := filepath.Match(pattern, name)
		return err == nil && matched
	})
}

func packageOf(source []byte) string {
	for line := range strings.Lines(string(source)) {
		if name, found := strings.CutPrefix(line, "package "); found {
			return strings.TrimSpace(name)
		}
	}
	return "main"
}

// switchSource is added to the package.
const switchSource = `package %s

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
)

var mutantOn, _ = strconv.Atoi(os.Getenv("MUTANT"))

var mutantSeen [%d]atomic.Bool

var mutantLog = func() *os.File {
	file, _ := os.Create(os.Getenv("MUTANT_LOG"))
	return file
}()

func mutantIsOn(id int) bool {
	if mutantLog != nil && !mutantSeen[id].Swap(true) {
		fmt.Fprintln(mutantLog, id)
	}
	return id == mutantOn
}
`

// testsOf returns, by mutant, the tests that run past it.
func testsOf(o options, binary, scratch string) (map[int][]string, error) {
	listed, err := exec.Command(binary, "-test.list", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests: %w", err)
	}
	tests := map[int][]string{}
	for name := range strings.FieldsSeq(string(listed)) {
		if strings.HasPrefix(name, "Benchmark") {
			continue
		}
		log := filepath.Join(scratch, "seen")
		command := testCommand(context.Background(), o, binary, []string{name})
		command.Env = append(os.Environ(), "MUTANT_LOG="+log)
		if out, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s fails without a mutant: %w\n%s", name, err, out)
		}
		seen, err := os.ReadFile(log)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(seen)) {
			var id int
			if _, err := fmt.Sscan(line, &id); err == nil {
				tests[id] = append(tests[id], name)
			}
		}
	}
	return tests, nil
}

func testCommand(ctx context.Context, o options, binary string, tests []string) *exec.Cmd {
	arguments := []string{"-test.short", "-test.failfast", "-test.count=1", "-test.run", "^(" + strings.Join(tests, "|") + ")$"}
	if usesRapid(o.folder) {
		arguments = append(arguments, "-rapid.nofailfile", "-rapid.checks=500")
	}
	command := exec.CommandContext(ctx, binary, arguments...)
	command.Dir = o.folder
	command.WaitDelay = time.Second
	return command
}

func usesRapid(folder string) bool {
	paths, _ := filepath.Glob(filepath.Join(folder, "*_test.go"))
	return slices.ContainsFunc(paths, func(path string) bool {
		source, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(source), `"pgregory.net/rapid"`)
	})
}

// result is what became of a mutant.
type result uint8

const (
	notTried result = iota
	noticed
	survived
	// notRun means that no test comes to where the mutant would decide anything.
	notRun
)

// try runs the tests of each mutant with it switched on.
func try(o options, binary string, mutants []mutant, tests map[int][]string) []result {
	results := make([]result, len(mutants))
	work := make(chan int)
	var group sync.WaitGroup
	for range max(o.workers, 1) {
		group.Go(func() {
			for i := range work {
				results[i] = tryOne(o, binary, &mutants[i], tests[mutants[i].id])
				if o.verbose {
					fmt.Println(mutants[i].String(), []string{"", "noticed", "SURVIVED", "NOT RUN"}[results[i]])
				}
			}
		})
	}
	begun := time.Now()
	for i := range mutants {
		if time.Since(begun) > o.budget {
			break
		}
		work <- i
	}
	close(work)
	group.Wait()
	return results
}

func tryOne(o options, binary string, m *mutant, tests []string) result {
	if len(tests) == 0 {
		return notRun
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.limit)
	defer cancel()
	command := testCommand(ctx, o, binary, tests)
	command.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", m.id))
	if err := command.Start(); err != nil {
		return noticed
	}
	go killAbove(ctx, command.Process, o.memory)
	if command.Wait() != nil {
		return noticed
	}
	return survived
}

// killAbove ends a process that holds more memory than limit bytes, until ctx is done. A mutant that never stops to collect would take
// all there is long before its time is up. Where the system does not tell, nothing is ended.
func killAbove(ctx context.Context, process *os.Process, limit int64) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if resident(process.Pid) > limit {
			_ = process.Kill()
			return
		}
	}
}

// resident returns the bytes of memory a process holds, by proc_pid_statm(5), and 0 where that is not told.
func resident(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// readAccepted reads the table of survivors that cannot matter, under the heading of the package's folder: file, function, mutant, reason.
func readAccepted(path, folder string) (map[string]bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	accepted := map[string]bool{}
	ofFolder := false
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if heading, found := strings.CutPrefix(lines.Text(), "## "); found {
			ofFolder = strings.TrimSpace(heading) == folder
		}
		cells := strings.Split(strings.Trim(lines.Text(), "| "), " | ")
		if ofFolder && len(cells) == 4 {
			accepted[rowKey(cells[0], cells[1], strings.Trim(cells[2], "`"))] = true
		}
	}
	return accepted, lines.Err()
}

// rowKey joins what names a mutant in the table. A bar there stands for a column, so it is left out.
func rowKey(file, function, what string) string {
	return strings.TrimSpace(file) + "\x00" + strings.TrimSpace(function) + "\x00" + strings.ReplaceAll(strings.TrimSpace(what), "|", "")
}

// tell prints the survivors that are not accepted, and counts them.
func tell(o options, mutants []mutant, results []result, accepted map[string]bool) int {
	counts := map[result]int{}
	unaccepted := 0
	used := map[string]bool{}
	for i := range mutants {
		m := &mutants[i]
		counts[results[i]]++
		if results[i] != survived && results[i] != notRun {
			continue
		}
		key := rowKey(m.file, m.function, m.what)
		if accepted[key] {
			used[key] = true
			continue
		}
		unaccepted++
		word := "survived"
		if results[i] == notRun {
			word = "to no test it makes a difference"
		}
		fmt.Printf("%s (%s)\n", filepath.Join(o.folder, m.String()), word)
	}
	if len(o.only) == 0 && counts[notTried] == 0 {
		for key := range accepted {
			if !used[key] && strings.Contains(key, ".go\x00") {
				fmt.Println("accepted, and no longer a survivor:", strings.ReplaceAll(key, "\x00", " | "))
			}
		}
	}
	fmt.Printf("%s: %d mutants: %d noticed, %d survive (%d of them accepted), %d that no test runs past, %d not tried\n",
		o.folder, len(mutants), counts[noticed], counts[survived], counts[survived]+counts[notRun]-unaccepted, counts[notRun], counts[notTried])
	return unaccepted
}
