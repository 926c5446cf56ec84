// Command cluster brings up and ends the Kubernetes that the end-to-end tests run on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/svctui/svctui/e2e/cluster"
	"github.com/svctui/svctui/e2e/image"
)

const usage = `usage: cluster COMMAND

  up [-nodes N]       bring a cluster of two nodes up (or N), or keep the healthy one
  down                end it and remove everything it made
  status              its processes, and whether it is usable (exit 1 if not)
  kubeconfig          print the path of the administrator's kubeconfig
  test [ARG ...]      bring it up and run the end-to-end tests; arguments go to go test, such as -run NAME
  compare [-k9s PATH] [-popeye PATH] FILE
                      write what svctui, kubectl and those tools say of the scenarios
  scenarios [NAME ..] bring scenarios about (all of them, or those that begin so), to look at by hand
  exec -- CMD ...     run a command in the cluster's network namespace, with KUBECONFIG set and kubectl in PATH
  stop NAME           kill one process of it, such as node-1-kubelet, as a crash would
  start NAME          start that process again
  image FILE          write the workload image as an archive, for a cluster of your own

The state is kept in ` + "$" + cluster.DirVariable + `, by default svctui-e2e in the folder for temporary files.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// run returns the exit code: 0 done, 1 not healthy, 2 it could not be done here, or the code of an
// exec'd command.
func run(ctx context.Context, arguments []string, out io.Writer) (int, error) {
	if len(arguments) == 0 {
		return 2, errors.New(strings.TrimSpace(usage))
	}
	command, arguments := arguments[0], arguments[1:]
	switch command {
	case "up":
		flags := flag.NewFlagSet("up", flag.ContinueOnError)
		flags.SetOutput(io.Discard) // the error says it all
		nodes := flags.Int("nodes", cluster.DefaultNodes, "number of nodes")
		if err := flags.Parse(arguments); err != nil {
			return 2, fmt.Errorf("up: %w", err)
		}
		c, err := cluster.Up(ctx, cluster.Options{Nodes: *nodes, Progress: os.Stderr})
		if err != nil {
			return failed(err)
		}
		fmt.Fprintf(out, "A Kubernetes of %d node(s) is up. Its network is its own: enter it to use it.\n\n", c.Nodes)
		fmt.Fprintf(out, "  export KUBECONFIG=%s\n  %s $SHELL\n\n", c.Kubeconfig(), strings.Join(c.Enter(), " "))
		fmt.Fprintf(out, "kubectl of the same version: %s\n", c.Program("kubectl"))
		return 0, nil
	case "down":
		if err := cluster.Down(ctx, cluster.Options{}); err != nil {
			return failed(err)
		}
		fmt.Fprintln(out, "The test cluster is down, and nothing of it is left.")
		return 0, nil
	case "image":
		if len(arguments) != 1 {
			return 2, errors.New("image needs the file to write")
		}
		moduleDir, err := cluster.FindModuleDir()
		if err != nil {
			return 2, err
		}
		if _, err := image.Write(ctx, moduleDir, arguments[0], cluster.WorkloadImage, cluster.PauseImage); err != nil {
			return 2, err
		}
		_ = os.Remove(arguments[0] + ".digest")
		fmt.Fprintf(out, "%s holds %s. For kind: kind load image-archive %s\n", arguments[0], cluster.WorkloadImage, arguments[0])
		return 0, nil
	case "compare":
		return compareTools(ctx, arguments, out)
	case "test":
		return runTests(ctx, arguments, out)
	case "status", "scenarios", "kubeconfig", "exec", "stop", "start":
		c, err := cluster.Open("")
		if err != nil {
			return 2, err
		}
		return onCluster(ctx, c, command, arguments, out)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, usage)
		return 0, nil
	default:
		return 2, fmt.Errorf("no command %q\n\n%s", command, strings.TrimSpace(usage))
	}
}

func onCluster(ctx context.Context, c *cluster.Cluster, command string, arguments []string, out io.Writer) (int, error) {
	switch command {
	case "status":
		processes, unhealthy := c.Status(ctx)
		for _, p := range processes {
			state := "stopped"
			if p.Running {
				state = fmt.Sprintf("running, process %d", p.PID)
			}
			fmt.Fprintf(out, "%-26s %s\n", p.Name, state)
		}
		if unhealthy != nil {
			return 1, fmt.Errorf("not usable: %w", unhealthy)
		}
		fmt.Fprintln(out, "usable")
		return 0, nil
	case "scenarios":
		return codeOf(setUpScenarios(ctx, c, arguments, out))
	case "kubeconfig":
		fmt.Fprintln(out, c.Kubeconfig())
		return 0, nil
	case "exec":
		if len(arguments) > 0 && arguments[0] == "--" {
			arguments = arguments[1:]
		}
		if len(arguments) == 0 {
			return 2, errors.New("exec needs a command")
		}
		return execute(ctx, c, arguments)
	default: // stop, start
		if len(arguments) != 1 {
			return 2, fmt.Errorf("%s needs the name of one process; status lists them", command)
		}
		if command == "stop" {
			return codeOf(c.Stop(ctx, arguments[0]))
		}
		return codeOf(c.StartAgain(arguments[0]))
	}
}

func execute(ctx context.Context, c *cluster.Cluster, arguments []string) (int, error) {
	line := append(c.Enter(), "--")
	line = append(line, arguments...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(), "PATH="+c.BinDir+":"+os.Getenv("PATH"))
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return codeOf(err)
}

func codeOf(err error) (int, error) {
	if err != nil {
		return 2, err
	}
	return 0, nil
}

// failed is exit code 2 where this machine cannot run a cluster, else 1.
func failed(err error) (int, error) {
	if requirement := (*cluster.RequirementError)(nil); errors.As(err, &requirement) {
		return 2, err
	}
	return 1, err
}
