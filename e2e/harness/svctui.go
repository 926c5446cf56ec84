package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/terminal"
)

// Run is one start of svctui. The zero value is svctui without arguments, as the administrator.
type Run struct {
	Args []string
	// Kubeconfig is another than the administrator's; "-" is none at all.
	Kubeconfig string
	// Env are further variables, such as "NO_COLOR=1".
	Env []string
	// Stdin is what it can read; nothing if empty.
	Stdin string
	// Limit is how long it may take; a minute if zero.
	Limit time.Duration
	// Enter is the command line that leads to where it runs; node 1 if empty.
	Enter []string
}

// Result is what a run has left.
type Result struct {
	Stdout, Stderr string
	// Code is the exit code, -1 after a signal.
	Code int
}

// Command prepares a program to run where the cluster can be reached, with its standard streams left open.
// Its environment has a home of its own and nothing that would steer svctui but what the run says.
func (c *Cluster) Command(ctx context.Context, t testing.TB, run Run, program string) *exec.Cmd {
	t.Helper()
	line := append([]string{program}, run.Args...)
	if c.Own != nil {
		enter := run.Enter
		if len(enter) == 0 {
			enter = c.Own.Enter()
		}
		line = slices.Concat(enter, []string{"--"}, line)
	}
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	home := t.TempDir()
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	for _, name := range []string{"CONFIG", "STATE", "CACHE", "DATA"} {
		cmd.Env = append(cmd.Env, fmt.Sprintf("XDG_%s_HOME=%s", name, filepath.Join(home, strings.ToLower(name))))
	}
	if c.Own == nil {
		home = os.Getenv("HOME") // a login plugin may keep its credentials there
	} else {
		cmd.Env = append(cmd.Env, "PATH="+c.Own.BinDir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	cmd.Env = append(cmd.Env, "HOME="+home)
	switch run.Kubeconfig {
	case "":
		cmd.Env = append(cmd.Env, "KUBECONFIG="+c.Kubeconfig)
	case "-":
	default:
		cmd.Env = append(cmd.Env, "KUBECONFIG="+run.Kubeconfig)
	}
	cmd.Env = append(cmd.Env, run.Env...)
	return cmd
}

// Binary is the path of the svctui under test, built from the source by the first test that asks.
func (c *Cluster) Binary(t testing.TB) string {
	t.Helper()
	binary, err := current.binary()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// Svctui runs svctui with the arguments as the administrator and waits for its end.
func (c *Cluster) Svctui(t testing.TB, arguments ...string) Result {
	t.Helper()
	return c.Run(t, Run{Args: arguments})
}

// Run runs svctui and waits for its end. A run that takes too long fails the test.
func (c *Cluster) Run(t testing.TB, run Run) Result {
	t.Helper()
	return c.RunProgram(t, run, c.Binary(t))
}

// Kubectl runs the cluster's kubectl (on an existing cluster, the one in PATH) and fails the test if it fails.
func (c *Cluster) Kubectl(t testing.TB, arguments ...string) string {
	t.Helper()
	program := "kubectl"
	if c.Own != nil {
		program = c.Own.Program("kubectl")
	}
	result := c.RunProgram(t, Run{Args: arguments}, program)
	if result.Code != 0 {
		t.Fatalf("kubectl %s: exit code %d: %s", strings.Join(arguments, " "), result.Code, result.Stderr)
	}
	return result.Stdout
}

// Shell runs a line as a person would who pastes it, with the cluster's kubectl in PATH.
func (c *Cluster) Shell(t testing.TB, line string) Result {
	t.Helper()
	return c.RunProgram(t, Run{Args: []string{"-c", line}}, "sh")
}

// RunProgram runs another program where the cluster can be reached, and waits for its end.
func (c *Cluster) RunProgram(t testing.TB, run Run, program string) Result {
	t.Helper()
	if run.Limit == 0 {
		run.Limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), run.Limit)
	defer cancel()
	cmd := c.Command(ctx, t, run, program)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(run.Stdin), &stdout, &stderr
	err := cmd.Run()
	result := Result{Stdout: stdout.String(), Stderr: stderr.String()}
	if ctx.Err() != nil {
		t.Fatalf("%s %s did not end within %v\n%s", filepath.Base(program), strings.Join(run.Args, " "), run.Limit, result)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", program, err)
	}
	result.Code = cmd.ProcessState.ExitCode()
	return result
}

func (r Result) String() string {
	return fmt.Sprintf("exit code %d\n── stdout\n%s\n── stderr\n%s", r.Code, strings.TrimRight(r.Stdout, "\n"), strings.TrimRight(r.Stderr, "\n"))
}

// Decode reads the standard output as JSON.
func (r Result) Decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Stdout), into); err != nil {
		t.Fatalf("the output is no JSON of %T: %v\n%s", into, err, r)
	}
}

// Terminal starts svctui in a terminal of that size.
func (c *Cluster) Terminal(t testing.TB, columns, rows int, arguments ...string) *terminal.Terminal {
	t.Helper()
	return c.TerminalRun(t, columns, rows, Run{Args: arguments})
}

// TerminalRun is like Terminal, for another user or environment. Stdin and Limit of the run do not apply.
func (c *Cluster) TerminalRun(t testing.TB, columns, rows int, run Run) *terminal.Terminal {
	t.Helper()
	return terminal.Start(t, c.Command(context.Background(), t, run, c.Binary(t)), columns, rows)
}
