package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/svctui/svctui/e2e/cluster"
	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/objects"
	"github.com/svctui/svctui/e2e/scenarios"
)

// requiredVariable set to 1 makes it a failure if the tests cannot run on a cluster here.
const requiredVariable = "SVCTUI_E2E_REQUIRED"

// runTests runs the end-to-end tests on our own cluster, or on the one that the environment chooses. Where
// this machine cannot have one, it says so plainly and runs the tests that need none.
func runTests(ctx context.Context, arguments []string, out io.Writer) (int, error) {
	moduleDir, err := cluster.FindModuleDir()
	if err != nil {
		return 2, err
	}
	env := os.Environ()
	verdict := "END-TO-END TESTS RAN on the cluster that KUBECONFIG names"
	if os.Getenv(harness.SkipVariable) == "1" {
		verdict = "END-TO-END TESTS DID NOT RUN: " + harness.SkipVariable + "=1"
	} else if os.Getenv(harness.ModeVariable) == "" {
		c, err := cluster.Up(ctx, cluster.Options{Progress: os.Stderr})
		requirement := (*cluster.RequirementError)(nil)
		switch {
		case errors.As(err, &requirement):
			if os.Getenv(requiredVariable) == "1" {
				return 2, fmt.Errorf("%w The tests have not run, and %s=1 wants them to", err, requiredVariable)
			}
			env = append(env, harness.SkipVariable+"=1")
			verdict = "END-TO-END TESTS DID NOT RUN: " + err.Error()
		case err != nil:
			return 1, err
		default:
			verdict = fmt.Sprintf("END-TO-END TESTS RAN on a real Kubernetes of %d node(s) in %s", c.Nodes, c.Dir)
		}
	}
	if os.Getenv(requiredVariable) == "1" && strings.Contains(verdict, "DID NOT RUN") {
		return 2, errors.New(verdict)
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1", "-timeout=30m"}, withPackages(arguments)...)...)
	cmd.Dir, cmd.Env = moduleDir, env
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	err = cmd.Run()
	fmt.Fprintln(out, verdict)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return 1, nil
	}
	return codeOf(err)
}

// compareTools writes docs/comparison.md: the scenarios, and what each tool says of them.
func compareTools(ctx context.Context, arguments []string, out io.Writer) (int, error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it all
	programs := map[string]*string{
		harness.K9sVariable:    flags.String("k9s", "", "the program k9s"),
		harness.PopeyeVariable: flags.String("popeye", "", "the program popeye"),
	}
	only := flags.String("only", "", "a pattern of scenarios' names")
	if err := flags.Parse(arguments); err != nil {
		return 2, fmt.Errorf("compare: %w", err)
	}
	if flags.NArg() != 1 {
		return 2, errors.New("compare needs the file to write")
	}
	file, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return 2, err
	}
	if err := os.Setenv(harness.CompareVariable, file); err != nil {
		return 2, err
	}
	for variable, program := range programs {
		if *program == "" {
			continue
		}
		path, err := filepath.Abs(*program)
		if err == nil {
			err = os.Setenv(variable, path)
		}
		if err != nil {
			return 2, err
		}
	}
	return runTests(ctx, []string{"-v", "-run", "^TestComparison$/" + *only, "."}, out)
}

// withPackages adds all packages where the arguments name none.
func withPackages(arguments []string) []string {
	for _, argument := range arguments {
		if argument == "." || strings.HasPrefix(argument, "./") {
			return arguments
		}
	}
	return append(arguments, "./...")
}

// setUpScenarios makes a namespace of the scenario's name for each of them.
func setUpScenarios(ctx context.Context, c *cluster.Cluster, prefixes []string, out io.Writer) error {
	all, err := scenarios.All()
	if err != nil {
		return err
	}
	config, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := objects.NewClient(config)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	problems := make([]error, len(all))
	atOnce := make(chan struct{}, 8)
	for i, scenario := range all {
		if !chosen(scenario.Name, prefixes) {
			continue
		}
		group.Go(func() {
			atOnce <- struct{}{}
			defer func() { <-atOnce }()
			namespace, err := client.CreateNamespace(ctx, scenario.Name)
			if err == nil {
				err = scenario.SetUp(ctx, client, namespace)
			}
			problems[i] = err
			if err == nil {
				fmt.Fprintf(out, "%-28s %s\n", scenario.Name, scenario.Why)
			}
		})
	}
	group.Wait()
	fmt.Fprintf(out, "\nTo delete them: kubectl delete namespaces -l %s\n", objects.Label)
	return errors.Join(problems...)
}

func chosen(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return len(prefixes) == 0
}
